/* pump_private.h - what the files of the pump share; pump.c is above the other two. */
#pragma once

#include "app/pump.h"
#include "base/map.h"
#include "net/datagram.h"
#include "net/flow.h"
#include "net/resolver.h"

enum {
	PUMP_LISTENERS_MAX = 32,
	PUMP_FLOWS_MAX = 65536,
};

struct member {
	struct engine e;
	uint32_t serial; /* never used twice, where the place in the table is */
	bool in_use;
};

struct listener {
	struct pump *p;
	bool in_use, dead; /* dead: closed at the end of the wake-up */
	uint32_t id;
	struct member *m;
	struct datagram *udp; /* or */
	int fd;               /* TCP */
	struct event *ev;
	bool ready;
	ts_t again; /* when accepting goes on after it ran out of something; else TS_NEVER */
	struct addr local;
};

/* From (engine, flow) to the socket. */
struct link {
	struct map_node node;
	struct {
		uintptr_t engine;
		flow_t flow;
	} key;
	struct flow *flow;
	struct member *m;
};

/* A fact that was found while an engine was being drained: it may not be pushed before that is
 * done with. */
struct later {
	struct list node;
	struct member *m;
	uint32_t serial;
	struct fact in;
	struct addr local, peer;
};

struct pump {
	struct pump_cfg cfg;
	struct loop *loop;
	struct trust *trust;
	struct resolver *resolver;
	struct flows flows;
	struct datagrams datagrams;
	struct map links;
	struct rng rng;
	struct member members[PUMP_ENGINES_MAX];
	uint32_t last_serial;
	struct listener listeners[PUMP_LISTENERS_MAX];
	flow_t next_accepted;
	struct list later;
	int err; /* of our own; ends pump_run() */
	bool stopping;
	unsigned signals_seen;
	bool interrupted;
	int64_t wall;       /* as it was told last */
	int64_t wall_ahead; /* of the true one */
	ts_t wall_check_at;
};

/* pump_links.c */
struct link *pump_find_link(struct pump *p, const struct member *m, flow_t id);
struct link *pump_add_link(struct pump *p, struct member *m, flow_t id);
void pump_remove_link(struct pump *p, struct link *l);
void pump_drop_links(struct pump *p, const struct member *m); /* its flows with them */
/* `in`'s addresses are copied; it may point at nothing else that does not stay. */
void pump_push_later(struct pump *p, struct member *m, const struct fact *in);

/* pump_listen.c */
void pump_listen_init(struct pump *p);
void pump_listen(struct pump *p, struct member *m, const struct want *w);
struct listener *pump_find_listener(struct pump *p, const struct member *m, uint32_t id);
/* Connections may wait there; true once for each time that the kernel says so. */
bool pump_is_ready(struct pump *p, struct listener *l);
/* The next connection, as a fact.  -EAGAIN: no more now; any other error is that one connection's:
 * accept(2). */
int pump_accept(struct pump *p, struct listener *l, struct fact *ret);
ts_t pump_accept_deadline(const struct pump *p);
/* Closes the dead ones; with `all`, every one. */
void pump_close_listeners(struct pump *p, bool all);
