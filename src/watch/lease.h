/* lease.h - which tests this watcher runs, of several that share one history.
 *
 * A watcher owns tests ahead: a lease of a test is its holder's for `length`, by the time of the
 * history's server, and the holder starts its runs by timers of his own, so that no start waits for
 * a database.  All leases are renewed together, well before they end; those that ended are
 * anybody's. Each watcher takes as many as make it even (tests / watchers, rounded up) and gives
 * back what it has above that.  What nobody takes for a whole `length` (the others do not have that
 * test) is taken by whoever has it.
 *
 * A lease comes with a fence, a number that grows each time the test goes to another holder: what
 * is written about its state and its incidents with an older one is refused.  Results are never
 * refused: late ones are measurements too, and their key makes a second one harmless.
 *
 * A lease is believed in until `length` behind the moment before its renewal was sent.  Behind that
 * its tests stop, with one exception: where the last try failed because the history cannot be
 * reached.  Then nobody else can take them, and they go on.
 *
 * An engine: no I/O and no clock.  What it wants of the history is pulled, the answers are pushed.
 * `now` is CLOCK_BOOTTIME, which counts what a suspended machine slept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "base/ts.h"

enum { LEASE_TESTS_MAX = 20000 };

struct lease_cfg {
	int64_t me;  /* a number that is new at each start, over 0 */
	ts_t length; /* over 0; renewed at a third, looked for others' at a twelfth of it */
};

/* A test that is configured here. */
struct lease_test {
	int64_t id;
	bool is_local; /* only watchers of this location have it (spread: every) */
};

enum lease_want_type {
	LEASE_RENEW,  /* says that this watcher is there, and renews all that it holds */
	LEASE_CLAIM,  /* at most `max` of `ids` that are nobody's; 0: only who is there */
	LEASE_RELEASE /* `ids`, or with n_ids 0 all, and that this watcher is gone */
};

/* One RELEASE is with the history at a time, which may wait behind what it is the end of, and one
 * of the others; its answer, good or bad, comes before the next of that kind. */
struct lease_want {
	enum lease_want_type type;
	uint64_t number; /* its answer has it too */
	int64_t me;
	int64_t length_us;
	size_t max;         /* CLAIM */
	int64_t grace_us;   /* CLAIM: they have been nobody's for at least so long */
	const int64_t *ids; /* CLAIM, RELEASE: borrowed until the answer is pushed */
	size_t n_ids;
};

struct lease_held {
	int64_t test_id, fence;
};

enum lease_result {
	LEASE_DONE,
	LEASE_UNREACHABLE, /* there was no connection, or it broke: nothing is known */
	LEASE_REFUSED,     /* the server answered with a fault, or had no memory */
};

struct lease_answer {
	enum lease_want_type type;
	uint64_t number;
	enum lease_result result;      /* but for DONE the rest is not looked at */
	ts_t sent_at, done_at;         /* CLOCK_BOOTTIME, just before and behind its statement */
	int64_t server_at;             /* the server's time in that statement, UTC */
	unsigned n_watchers;           /* that are there, this one too */
	unsigned n_here;               /* of these, at this location */
	unsigned n_tests;              /* RENEW: enabled ones in the history, those of others too */
	const struct lease_held *held; /* RENEW: all that are this watcher's; CLAIM: those it got */
	size_t n_held;
};

enum lease_event_type {
	LEASE_EV_OWNED, /* it is this watcher's: run it */
	LEASE_EV_LEAVE, /* no new run of it; lease_push_idle() when none is on */
	LEASE_EV_LOST,  /* somebody else may run it: stop at once, tell nobody */
};

struct lease_event {
	enum lease_event_type type;
	int64_t test_id;
	int64_t fence;      /* OWNED */
	bool is_taken_over; /* OWNED: somebody had it before */
};

struct lease_counts {
	unsigned held, foreign; /* now: enabled tests of the history that are not configured here */
	uint64_t taken_over, lost, renewals, failed; /* since the start; failed: of the renewals */
};

struct lease;

int lease_new(struct lease **ret, const struct lease_cfg *cfg, ts_t now); /* 0, -EINVAL, -ENOMEM */
struct lease *lease_free(struct lease *l);

/* The tests of this watcher from now on; what it holds of others it leaves.  0, -EINVAL (an id
 * twice, too many), -ENOMEM. */
int lease_push_tests(struct lease *l, const struct lease_test *tests, size_t n, ts_t now);
void lease_push_idle(struct lease *l, int64_t test_id, ts_t now); /* behind LEAVE */
void lease_push_answer(struct lease *l, const struct lease_answer *a, ts_t now);
/* Leaves all: the last want is a RELEASE of all. */
void lease_push_stop(struct lease *l, ts_t now);
void lease_push_time(struct lease *l, ts_t now);

bool lease_take_want(struct lease *l, struct lease_want *ret, ts_t now);
bool lease_take_event(struct lease *l, struct lease_event *ret);
ts_t lease_deadline(const struct lease *l);

bool lease_holds(const struct lease *l, int64_t test_id);
/* The server's UTC minus CLOCK_BOOTTIME.  False: no answer yet. */
bool lease_ahead(const struct lease *l, int64_t *ret_us);
struct lease_counts lease_counts(const struct lease *l);
