/* schedule.h - when each test starts: slots, accounts that one test uses at a time, and room for so
 * many at once.
 *
 * A slot is offset + k * interval in UTC, so that several watchers, a restart and another interval
 * agree about it; the offset comes from the test's id and spreads the tests evenly.  What is due
 * waits, in order, for its accounts, then for room; how long is told with its start.  What did not
 * start within `late_max`, or before its next slot, is missed: counted and told, never silent.
 *
 * The wall clock is an input (its distance from the monotonic one).  When it jumps, no slot is
 * made up for and none is waited for: each test goes on with the next one of the new time.  Where
 * the clock was set back, slots come a second time; their runs have an id of their own.
 *
 * An engine: tests and accounts are embedded by their owner and stay where they are from
 * schedule_add() to schedule_remove().  Nothing is allocated but in schedule_add().
 */
#pragma once

#include "base/list.h"
#include "base/timers.h"

enum { SCHEDULE_ACCOUNTS_MAX = 2 }; /* of one test: a SIP user, an XMPP receiver */

/* Why a slot was missed. */
enum schedule_miss {
	SCHEDULE_ITSELF,  /* its last run was not over */
	SCHEDULE_ACCOUNT, /* another test used its account for too long */
	SCHEDULE_ROOM,    /* too many others ran */
	SCHEDULE_STALL,   /* the watcher itself came too late */
	SCHEDULE_MISSES,
};
const char *schedule_miss_name(enum schedule_miss m); /* "account-busy": stable, never translated */

enum schedule_state {
	SCHEDULE_AWAIT_SLOT,
	SCHEDULE_AWAIT_ACCOUNT,
	SCHEDULE_AWAIT_ROOM,
	SCHEDULE_STARTING, /* its start is to be taken */
	SCHEDULE_RUNNING,
};

/* Zeroed by its owner before its first use; what stands first may be read. */
struct schedule_account {
	const struct schedule_test *user; /* NULL: it is free */
	ts_t used;                        /* how long, all uses that are over together */

	ts_t since;
	struct list waiting; /* who came first is in front */
	bool is_set_up;
};

struct schedule_test {
	enum schedule_state state;
	uint64_t id;
	int64_t interval_us, offset_us;
	int64_t slot;           /* the next one to come */
	int64_t inherited_slot; /* another watcher's that was not run: it may be as late as can be
				 */
	uint64_t n_started, n_missed[SCHEDULE_MISSES];

	struct schedule_account *accounts[SCHEDULE_ACCOUNTS_MAX];
	int64_t due_slot; /* of the run that waits or runs */
	int64_t last_at;  /* the newest id that a run had */
	int64_t late_us;  /* when it was due */
	bool is_by_hand;
	bool is_due_again; /* while its inherited slot runs */
	ts_t waiting_since;
	struct timer timer;
	struct list all, place, news;
	struct {
		int64_t slot;
		uint64_t n;
	} missed[SCHEDULE_MISSES]; /* to be told */
};

struct schedule_cfg {
	unsigned room; /* runs at once, at least 1 */
	ts_t late_max; /* at most; a slot also ends with the next one */
};

enum schedule_event_type {
	SCHEDULE_EV_START,
	SCHEDULE_EV_MISSED,
	SCHEDULE_EV_CLOCK, /* it jumped: tell the states (state_push_clock()) if it went back */
};

struct schedule_event {
	enum schedule_event_type type;
	struct schedule_test *test; /* NULL: CLOCK */
	int64_t slot;               /* MISSED: the first of them */
	int64_t scheduled_at; /* START: the run's id: the slot, unless that had a run before */
	int64_t late_us;      /* START: behind the slot */
	ts_t waited;     /* START: for accounts and room; it may have begun in an earlier slot */
	bool is_by_hand; /* START */
	enum schedule_miss why; /* MISSED */
	uint64_t n;             /* MISSED */
	int64_t jump_us;        /* CLOCK: forward, or back */
};

struct schedule {
	struct schedule_cfg cfg;
	int64_t ahead_us;       /* UTC minus the monotonic clock */
	int64_t armed_ahead_us; /* when the timers were set */
	int64_t jump_us;        /* to be told */
	unsigned turn;          /* how often the clock was set back */
	unsigned n_running;     /* with those that start */
	struct timers timers;
	struct list all, room, starts, news;
};

/* 0 or -EINVAL. */
int schedule_init(struct schedule *s, const struct schedule_cfg *cfg, int64_t ahead_us);
void schedule_done(struct schedule *s); /* the tests are their owner's; none may run */
/* 0 <= offset < interval: the same for a test everywhere and always. An interval that is a multiple
 * of the other has the same rhythm. */
int64_t schedule_offset(uint64_t id, int64_t interval_us);

/* `t` has its id, interval (over 0) and accounts (may be NULL, none twice), and is zeroed
 * otherwise.  `last_at` is its newest run in the history (0: none); when the present slot is
 * missing there and not too old it starts at once.  0, -EINVAL, -ENOMEM. */
int schedule_add(struct schedule *s, struct schedule_test *t, int64_t last_at, ts_t now);
/* The same of a test that another watcher had: it was missed because that one is gone, so the
 * present slot starts at once whatever its age. */
int schedule_inherit(struct schedule *s, struct schedule_test *t, int64_t last_at, ts_t now);
/* A run of it, if there is one, is over or was dropped. */
void schedule_remove(struct schedule *s, struct schedule_test *t, ts_t now);
/* Another interval: it keeps its rhythm as far as that can be, and its distance in any case. */
int schedule_set_interval(
	struct schedule *s, struct schedule_test *t, int64_t interval_us, ts_t now);
/* Somebody wants a run now.  0; -EBUSY when one waits or runs. */
int schedule_push_asked(struct schedule *s, struct schedule_test *t, ts_t now);
void schedule_push_done(
	struct schedule *s, struct schedule_test *t, ts_t now); /* its run is over */
void schedule_push_clock(struct schedule *s, int64_t ahead_us, ts_t now);
void schedule_push_time(struct schedule *s, ts_t now);
bool schedule_take_event(struct schedule *s, struct schedule_event *ret, ts_t now);
ts_t schedule_deadline(const struct schedule *s);
