/* pump.h - engines joined to real sockets: the one driver of a program.
 *
 * Push one fact, drain outputs, drain wants; when everything that was ready
 * has been pushed, wake engines whose deadline has come, send what was
 * written, arm one timer, sleep.  (tests/sim/net is the other driver; engines
 * cannot tell them apart.)
 */
#pragma once

#include "base/world.h"
#include "net/loop.h"
#include "net/trust.h"

#define PUMP_ENGINES_MAX 8
#define PUMP_GUESTS_MAX  65536

struct pump;
struct pump_guest;

struct pump_cfg {
	struct addr dns; /* family 0: the system's servers */
	/* Called after each drain: the owner takes its engines' own events here.  May be NULL. */
	void (*drained)(void *arg);
	/* Called in each wake-up when everything that was ready has been pushed: for what the owner
	 * does beside its engines (signals of its own).  May be NULL. */
	void (*woken)(void *arg);
	void *arg;
};

int pump_new(struct pump **ret, const struct pump_cfg *cfg);
struct pump *pump_free(struct pump *p);   /* before the engines are freed */
struct trust *pump_trust(struct pump *p); /* to add CAs and identities to */
struct loop *pump_loop(struct pump *p);
ts_t pump_now(struct pump *p);
/* Only this DNS server is asked.  Before the first question, for whom its address is not known
 * earlier. */
void pump_use_dns(struct pump *p, const struct addr *server);
/* From now on engines are told a wall clock that is so much ahead: what a machine whose clock was
 * set looks like. */
void pump_jump_clock(struct pump *p, ts_t ahead);

/* An engine is drained at once: what it wanted when it was made is done, and told when the pump
 * runs.  `e.self` must live until pump_remove() or pump_free(). */
int pump_add(struct pump *p, struct engine e);
/* Also from drained(): its sockets close, nothing of it is called any more. */
void pump_remove(struct pump *p, struct engine e);

/* ---- engines by the thousand ---- */

/* One whose deadline changes by what the pump pushes alone: its owner speaks to it in its `drained`
 * only, and it costs nothing while it has nothing to do.  (Those of pump_add() may be spoken to at
 * any time: all of them are asked for their deadline in each wake-up.) */
struct pump_guest_cfg {
	struct engine e; /* `self` must live until pump_dismiss() or pump_free() */
	/* After each drain of it, before that of the pump.  May be NULL. */
	void (*drained)(void *arg);
	void *arg;
};

/* It is drained for the first time in the next wake-up.  0; -ENOBUFS; -ENOMEM. */
int pump_host(struct pump *p, const struct pump_guest_cfg *cfg, struct pump_guest **ret);
/* At any time, also from a drained(): its sockets close, nothing of it is called any more. */
void pump_dismiss(struct pump *p, struct pump_guest *g);
/* The fact is pushed in the next wake-up; it may point at nothing but addresses. */
void pump_tell(struct pump *p, struct pump_guest *g, const struct fact *in);
unsigned pump_n_guests(const struct pump *p);

/* ---- */

/* Runs until pump_stop().  SIGINT and SIGTERM become FACT_STOP for all engines; a second one stops.
 */
int pump_run(struct pump *p);
void pump_stop(struct pump *p); /* what was written is sent first */
bool pump_was_interrupted(const struct pump *p);
