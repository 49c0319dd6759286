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

struct pump;

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

/* Runs until pump_stop().  SIGINT and SIGTERM become FACT_STOP for all engines; a second one stops.
 */
int pump_run(struct pump *p);
void pump_stop(struct pump *p); /* what was written is sent first */
bool pump_was_interrupted(const struct pump *p);
