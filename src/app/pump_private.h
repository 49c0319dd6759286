/* pump_private.h - what pump.c and pump_listen.c share. */
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

void pump_push(struct pump *p, struct member *m, const struct fact *in);
/* `in`'s addresses are copied; it may point at nothing else that does not stay. */
void pump_push_later(struct pump *p, struct member *m, const struct fact *in);

/* pump.c */
struct link *pump_add_link(struct pump *p, struct member *m, flow_t id);
void pump_remove_link(struct pump *p, struct link *l);

/* pump_listen.c */
void pump_listen_init(struct pump *p);
void pump_listen(struct pump *p, struct member *m, const struct want *w);
struct listener *pump_find_listener(struct pump *p, const struct member *m, uint32_t id);
void pump_accept(struct pump *p);
ts_t pump_accept_deadline(const struct pump *p);
/* Closes the dead ones; with `all`, every one. */
void pump_close_listeners(struct pump *p, bool all);
