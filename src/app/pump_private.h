/* pump_private.h - what the files of the pump share; pump.c is above the others. */
#pragma once

#include "app/pump.h"
#include "base/map.h"
#include "base/timers.h"
#include "net/datagram.h"
#include "net/flow.h"
#include "net/resolver.h"

enum {
	PUMP_LISTENERS_MAX = 32, /* of one engine */
	PUMP_LISTENERS_ALL_MAX = PUMP_GUESTS_MAX + PUMP_ENGINES_MAX * PUMP_LISTENERS_MAX,
	PUMP_FLOWS_MAX = 65536,
};

struct member {
	struct engine e;
	uint32_t serial; /* never used twice, where the place in the table is */
	bool in_use;
	int64_t wall;                 /* as it was told last */
	struct pump_guest *guest;     /* whose member it is, or NULL */
	struct list links, listeners; /* its sockets */
	unsigned n_listeners;
};

/* Found by its serial, woken by its timer: nothing is done for one that has nothing to do. */
struct pump_guest {
	struct member m;
	struct pump_guest_cfg cfg;
	struct map_node node; /* by its serial */
	struct timer timer;
	struct list all;   /* of pump.guests, until it is freed */
	struct list state; /* due, or gone */
};

struct listener {
	struct pump *p;
	struct list all;   /* of its engine */
	struct list state; /* what waits there, or its end: `ready`, `paused` or `closing` */
	bool dead;         /* closed at the end of the wake-up */
	uint32_t id;
	struct member *m;     /* NULL: it was removed */
	struct datagram *udp; /* or */
	int fd;               /* TCP */
	struct event *ev;
	ts_t again; /* when accepting goes on after it ran out of something; else TS_NEVER */
	struct addr local;
};

/* From (engine, flow) to the socket. */
struct link {
	struct map_node node;
	struct list all; /* of its engine */
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
	struct {
		struct map by_serial;
		struct timers timers;
		struct list all, gone;
	} guests;
	struct {
		struct list ready, paused, closing;
		unsigned n;
	} listeners;
	flow_t next_accepted;
	struct list later;
	int err; /* of our own; ends pump_run() */
	bool stopping;
	unsigned signals_seen;
	bool interrupted;
	int64_t wall_ahead; /* of the true clock */
	ts_t wall_check_at;
};

/* pump_links.c */
struct link *pump_find_link(struct pump *p, const struct member *m, flow_t id);
struct link *pump_add_link(struct pump *p, struct member *m, flow_t id);
void pump_remove_link(struct pump *p, struct link *l);
void pump_drop_links(struct pump *p, struct member *m); /* its flows with them */
/* `in`'s addresses are copied; it may point at nothing else that does not stay. */
void pump_push_later(struct pump *p, struct member *m, const struct fact *in);
int pump_try_later(struct pump *p, struct member *m, const struct fact *in); /* 0 or -ENOMEM */

/* pump_listen.c */
void pump_listen_init(struct pump *p);
void pump_listen(struct pump *p, struct member *m, const struct want *w);
struct listener *pump_find_listener(const struct member *m, uint32_t id);
/* Nothing of it is told any more; it closes at the end of the wake-up. */
void pump_unlisten(struct listener *l);
void pump_drop_listeners(struct member *m);
/* The next one where connections may wait; each once for each time that the kernel says so. */
struct listener *pump_take_ready(struct pump *p);
/* Those that ran out of something go on when their pause is over. */
void pump_resume_accepting(struct pump *p);
/* The next connection, as a fact.  -EAGAIN: no more now; any other error is that one connection's:
 * accept(2). */
int pump_accept(struct pump *p, struct listener *l, struct fact *ret);
ts_t pump_accept_deadline(const struct pump *p);
void pump_close_listeners(struct pump *p); /* the dead ones */

/* pump_members.c */
void pump_members_init(struct pump *p);
void pump_members_done(struct pump *p);
void pump_begin_member(struct pump *p, struct member *m, struct engine e);
void pump_end_member(struct pump *p, struct member *m);
struct member *pump_find_member(struct pump *p, uint32_t serial); /* NULL: it is gone */
int64_t pump_wall_offset(const struct pump *p);
/* Moves those whose time has come to `due`. */
void pump_take_due(struct pump *p, ts_t now, struct list *due);
void pump_arm_guest(struct pump *p, struct pump_guest *g); /* by its engine's deadline */
/* Frees those that are gone: no fact of before may wait for them. */
void pump_reap_guests(struct pump *p);
