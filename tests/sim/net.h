/* net.h - a network that exists only in numbers: the second driver of the engines (the first is
 * app/pump).  Time jumps from event to event; loss, delay, duplication and reordering of datagrams
 * and cuts of connections come from a seed, so a run can be repeated. */
#pragma once

#include "base/rng.h"
#include "base/world.h"

struct net;

struct net_cfg {
	uint64_t seed;
	unsigned loss_percent, duplicate_percent; /* of datagrams */
	ts_t delay_min, delay_max;                /* one way; datagrams overtake each other */
	ts_t cut_after; /* the first connection that is made breaks so long after; 0: none does */
};

struct net *net_new(const struct net_cfg *cfg);
struct net *net_free(struct net *n);
struct rng *net_rng(struct net *n);
ts_t net_now(const struct net *n);
/* `drained` is called after each drain of this engine. */
void net_add(struct net *n, struct engine e, void (*drained)(void *arg), void *arg);
/* From here on only what this engine sends and is sent takes time: it is far from all others. */
void net_set_far(struct net *n, const void *self);
/* Runs until `*stop`, until nothing can happen any more, or until `limit`.  False at the limit. */
bool net_run(struct net *n, const bool *stop, ts_t limit);
/* How many steps were taken, for the report of a failing seed. */
unsigned long net_steps(const struct net *n);
