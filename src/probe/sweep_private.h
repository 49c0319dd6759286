/* sweep_private.h - what the sweep's own files share.
 *
 *   sweep.c        the engine: facts in, outputs and wants out, the one deadline
 *   sweep_names.c  the DNS: which services are asked for, and in whose plan they are
 *   sweep_plan.c   from targets to rows
 *   sweep_row.c    one row: connect, TLS, time-outs
 *   sweep_sip.c    one row: an OPTIONS and what comes back
 *   sweep_end.c    one row: its steps and its end
 *   sweep_judge.c  which rows would have been used, and what is to be said
 *   sweep_tables.c kinds of services, and all names
 */
#pragma once

#include "base/outbox.h"
#include "probe/blame.h"
#include "probe/sweep.h"
#include "sip/tl.h"
#include "xmpp/xhost.h"

enum {
	SWEEP_TOKEN = 26, /* 130 bits: nobody guesses a Call-ID */
	SWEEP_OWN_FAULTS_MAX = 16,
};

/* A row that is being tried. */
struct sweep_try {
	struct sweep_row *row; /* NULL: free */
	flow_t flow;
	uint32_t listener; /* UDP */
	ts_t began, step_began, until;
	/* SIP */
	uint64_t place; /* of the OPTIONS; 0: there is none */
	bool heard;
	/* XMPP */
	struct xhost *host;
};

struct sweep {
	struct sweep_cfg cfg; /* its strings are the copies below */
	char name[256], ascii[256], server[512], from[256];
	char domains[SWEEP_DOMAINS_MAX][DNS_NAME_MAX];
	struct rng *rng;
	ts_t start, now, deadline, resolve_by;
	bool knows_wall;
	int64_t wall;
	bool resolving, done;
	struct outbox out;

	struct locate_way way; /* the pool's, as its URI says it */
	bool by_hand;          /* an address or a port: the DNS has no say */
	struct targets targets;

	struct sweep_row *rows;
	unsigned n_rows, next_row;
	struct sweep_try tries[SWEEP_PARALLEL];
	unsigned n_trying;
	flow_t next_flow;
	struct tl *tl;

	struct sweep_finding *findings;
	struct sweep_fault *own_faults; /* of findings that are about no row */
	unsigned n_own_faults;
	struct sweep_result result;
};

/* sweep_tables.c */
struct sweep_kind_info {
	const char *name;
	enum sweep_plan plan;
	enum transport transport;
	uint16_t port;
	bool is_xmpp;
};
const struct sweep_kind_info *sweep_kind_info(enum sweep_kind kind);
enum sweep_kind sweep_kind_of(enum transport t);                  /* of SIP */
bool sweep_has_plan(const struct sweep *s, enum sweep_plan plan); /* is it looked at? */

/* sweep_names.c */
int sweep_names_init(struct sweep *s, struct text *why);
void sweep_names_ask(struct sweep *s); /* what may be asked now becomes wants */
void sweep_names_answer(struct sweep *s, uint32_t id, const struct dns_answer *answer);
bool sweep_names_are_complete(const struct sweep *s);
void sweep_names_give_up(struct sweep *s); /* on what is not answered yet */

/* sweep_plan.c */
void sweep_plan_rows(struct sweep *s);
void sweep_blame_dns(struct sweep_fault *f, const struct question *q);

/* sweep_row.c */
void sweep_row_start(struct sweep *s, struct sweep_try *t, struct sweep_row *row);
void sweep_row_fact(struct sweep *s, struct sweep_try *t, const struct fact *in);
void sweep_row_time(struct sweep *s, struct sweep_try *t);
ts_t sweep_row_deadline(const struct sweep_try *t);
void sweep_row_done(struct sweep_try *t); /* gives its memory back */

/* sweep_sip.c */
int sweep_sip_init(struct sweep *s);
void sweep_sip_start(struct sweep *s, struct sweep_try *t);
void sweep_sip_bytes(struct sweep *s, struct sweep_try *t, struct slice bytes);
void sweep_sip_datagram(
	struct sweep *s, struct sweep_try *t, struct slice bytes, const struct addr *peer);
void sweep_sip_datagram_failed(
	struct sweep *s, struct sweep_try *t, const struct addr *peer, int err);
void sweep_sip_time(struct sweep *s); /* of all tries */

/* sweep_end.c */
void sweep_enter(struct sweep *s, struct sweep_try *t, enum sweep_step step);
/* Ends the try: `blame` NULL means that all is well. */
void sweep_end(struct sweep *s, struct sweep_try *t, const struct blame *blame);
void sweep_end_silent(struct sweep *s, struct sweep_try *t);
void sweep_end_without_memory(struct sweep *s, struct sweep_try *t);
void sweep_abandon(struct sweep *s, struct sweep_try *t);   /* interrupted */
void sweep_leave_sip(struct sweep *s, struct sweep_try *t); /* no more is heard of its request */
struct evidence *sweep_evidence(struct sweep_row *row);     /* of the fault that ends it */

/* sweep_judge.c */
void sweep_judge(struct sweep *s);
