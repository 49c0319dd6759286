/* roster.h - the tests at work: each test of the plan with its place in the schedule, its state,
 * and the run that is in hand.
 *
 * A test is found again by its key: another plan takes over what is known of it, and a run that is
 * on goes on.  One that the new plan does not have leaves when its run is over.
 */
#pragma once

#include "base/map.h"
#include "store/store.h"
#include "watch/sentence.h"
#include "watcher/plan.h"

struct account; /* of the schedule, for all tests that use it */

struct watched {
	const struct plan_test *plan; /* NULL: no plan has it any more */
	int64_t id; /* the history's; without one its number in the plan, from 1 */
	struct state_cfg rules;
	struct state state;
	struct schedule_test place;
	struct account *accounts[SCHEDULE_ACCOUNTS_MAX];
	struct account *next_accounts[SCHEDULE_ACCOUNTS_MAX]; /* once its run is over */
	bool is_scheduled; /* else it is not enabled, not owned, or there was no memory */
	bool is_owned;     /* nobody else runs it */
	bool is_to_leave;  /* it goes to another watcher once its run is over */
	int64_t fence;     /* of its lease; 0: there are none */
	bool is_changed;   /* other accounts, or not enabled any more: once its run is over */
	bool is_muted;     /* as the alerts know it */
	bool is_news;      /* the pages have not heard of its last run */
	bool was_not_run;  /* it could not begin, and that was told */
	/* the run in hand */
	uint64_t run; /* its number: what leaves and comes back has two at once, for one id */
	int64_t scheduled_at, late_us;
	ts_t waited;
	bool is_by_hand, in_maintenance;
	/* the last run that was judged */
	int64_t latency_us; /* of the last one that passed; STORE_NONE */
	enum reason reason;
	struct text *why; /* what it said, when it was not OK; NULL: it was */
	char *step;       /* what to do next, with its own names in it; NULL: not known */
	uint64_t runs[WATCH_STATES];      /* since the start */
	int64_t counted_at[WATCH_STATES]; /* the last one of each; 0: none */
	struct map_node by_key;
	struct list leaving;
};

struct roster {
	struct schedule schedule;
	struct map keys, accounts;
	struct watched **tests; /* as the plan has them */
	struct watched **by_id; /* the same, by the history's number */
	unsigned n;
	struct list leaving; /* of an older plan; their runs are being ended */
	bool is_shared;      /* several watchers have one history: a test waits for roster_own() */
	bool has_left;       /* one of those that were to leave */
	struct list retired; /* of the plan before, and without a run, until they are freed */
};

/* 0 or -ENOMEM. */
int roster_init(
	struct roster *r, const struct schedule_cfg *cfg, int64_t ahead_us, struct rng *rng);
void roster_done(struct roster *r);

/* The tests of this plan from now on; the plan before may be freed then.  `known` is what the
 * history knows of each, in their order; NULL: there is none.  Tests that are gone stand in
 * `retired`, or where they run in `leaving` (their owner ends their runs), with the plan that they
 * had until roster_free_retired().  0; -ENOMEM, and nothing has changed. */
int roster_take(
	struct roster *r, const struct plan *plan, const struct store_known *known, ts_t now);
void roster_free_retired(struct roster *r);
/* The run of a test is over.  One that was leaving is gone. */
void roster_push_done(struct roster *r, struct watched *t, ts_t now);
bool roster_is_leaving(const struct watched *t);

/* ---- of several watchers ---- */

/* From now on it runs here, and goes on from what the history knows of it. */
void roster_own(struct roster *r, struct watched *t, const struct store_known *known, int64_t fence,
	ts_t now);
/* It starts no more.  True: a run is on, whose end its owner brings about. */
bool roster_lose(struct roster *r, struct watched *t, ts_t now);
/* The same in order: what runs comes to its end.  Behind it, or at once, it has left. */
void roster_leave(struct roster *r, struct watched *t, ts_t now);

struct watched *roster_find(const struct roster *r, struct slice key); /* NULL: none */
struct watched *roster_find_id(const struct roster *r, int64_t id);    /* the same */
/* The lowest number of a run in hand; `none` when there is no other. */
uint64_t roster_oldest_run(const struct roster *r, uint64_t none);
enum sentence_direction watched_direction(const struct watched *t);
/* It runs: here, or at the watcher that has it. */
static inline bool watched_is_on(const struct watched *t)
{
	return t->is_scheduled || (!t->is_owned && t->plan->is_enabled);
}
struct watched *roster_of_place(struct schedule_test *place);
