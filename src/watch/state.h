/* state.h - the state of one test, from its runs: since when, how often, and its incidents.
 *
 * A test is FAILED when n of its last m judged runs failed, and stays so until k in a row have
 * passed.  Fewer failed runs make it UNSTABLE: never green behind a failure.  UNKNOWN and
 * MAINTENANCE lie over the judgement and do not change it: when they end it is as it was, with its
 * own "since", and an incident goes on.
 *
 * An incident lasts from the first failed run to the first of those that passed.  What fails again
 * within `calm_us` is the same incident, once more; from `flap_times` times on it is flapping: then
 * its ups are not told, the test is UNSTABLE where it would be OK, and it ends when it has been
 * calm for that long.
 *
 * Times are the runs' own (UTC, microseconds since 1970).  A run that is not newer than the newest
 * one changes nothing: it was late, and is a measurement and no news.  Events are pulled behind
 * each push.
 */
#pragma once

#include "watch/judge.h"

enum {
	STATE_RUNS_MAX = 16,  /* m */
	STATE_EVENTS_MAX = 2, /* the most that one push can yield */
};

struct state_cfg {
	unsigned fail_n, fail_m; /* 1 <= n <= m <= STATE_RUNS_MAX */
	unsigned recover_k;      /* at least 1 */
	int64_t calm_us;         /* 0: each failure is an incident of its own */
	unsigned flap_times;     /* 0: nothing flaps */
};

struct incident {
	int64_t begin_at;   /* beside its test its id; 0: there is none */
	int64_t end_at;     /* passing again since then; 0: failing */
	int64_t last_at;    /* the last run that failed: the run to show */
	enum reason reason; /* of that run; NONE: a policy test was let through */
	unsigned runs;      /* that failed */
	unsigned times;     /* it began to fail */
	bool is_flapping;
};

enum state_event_type {
	STATE_EV_BEGIN,
	STATE_EV_CONTINUE, /* another run failed */
	STATE_EV_RECOVER,  /* passing again; not told while it is flapping */
	STATE_EV_AGAIN,    /* the same incident, once more */
	STATE_EV_END,      /* it was calm for long enough: what fails next is another one */
};

struct state_event {
	enum state_event_type type;
	struct incident incident;
};

/* To be embedded.  What stands first may be read, and is what the history keeps. */
struct state {
	enum watch_state state;
	int64_t since_at; /* 0: no run yet */
	int64_t last_at, last_ok_at, last_failed_at;
	unsigned streak;          /* runs in a row that passed, failed, or were not judged */
	struct incident incident; /* that is not over; begin_at 0: none */
	uint64_t n_late;          /* runs that came too late to count */

	const struct state_cfg *cfg;
	enum watch_state last, judged; /* of the last run; without what lies over it */
	int64_t judged_since, passing_since;
	unsigned n_passed, n_runs, next_run;
	struct state_run {
		int64_t at;
		bool has_failed;
	} runs[STATE_RUNS_MAX]; /* a ring of the last judged ones */
	struct state_event events[STATE_EVENTS_MAX];
	unsigned n_events;
};

/* UNKNOWN since 0: nothing was measured.  `cfg` is borrowed as long as it is used.  0 or -EINVAL.
 */
int state_init(struct state *s, const struct state_cfg *cfg);
/* As the history knew it: the members that stand first.  An incident goes on; where the state
 * contradicts it, the incident is right. */
void state_resume(struct state *s, const struct state *kept);
/* Other rules from the next run on: 0 or -EINVAL. */
int state_configure(struct state *s, const struct state_cfg *cfg);

/* False: it came too late, and nothing has changed. */
bool state_push_run(struct state *s, const struct watch_run *run);
/* Nobody tests it any more: what is open ends now. */
void state_push_stop(struct state *s, int64_t at);
/* The clock was set back to `at`: runs from then on are news again. */
void state_push_clock(struct state *s, int64_t at);
bool state_take_event(struct state *s, struct state_event *ret);
