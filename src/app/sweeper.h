/* sweeper.h - sweeps in a pump, and their results: what `stox check` and `stox test --sweep`
 * share. */
#pragma once

#include "app/pump.h"
#include "report/check.h"

#define SWEEPER_MAX 2

struct sweeper {
	struct rng rng;
	const char *config; /* the --config of the command line, or NULL */
	int64_t started_at_us;
	unsigned n;
	struct sweep *sweeps[SWEEPER_MAX];
	struct report_check checks[SWEEPER_MAX]; /* by sweeper_report() */
};

/* What a test is about, as its options and the configuration say it. */
struct sweeper_test {
	const char *target, *registrar, *user, *receiver, *receiver_server; /* may be NULL */
	unsigned registrar_port, sip_trust, xmpp_trust;
};

#define SWEEPER_TIMEOUT     TS_S(30)
#define SWEEPER_ROW_TIMEOUT TS_S(5)

/* One side, from now on.  0; 2 with a sentence in `why`; 3. */
int sweeper_add(
	struct sweeper *s, struct pump *pump, const struct sweep_cfg *cfg, struct text *why);
/* Both sides of a test. */
int sweeper_add_test(
	struct sweeper *s, struct pump *pump, const struct sweeper_test *test, struct text *why);
bool sweeper_is_done(const struct sweeper *s); /* also when there is nothing to do */
/* Fills `checks`; the worst exit status of all. */
int sweeper_report(struct sweeper *s, unsigned verbosity, bool strict);
void sweeper_done(struct sweeper *s); /* after the pump was freed */
