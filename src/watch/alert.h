/* alert.h - who is told of which incident, and whether it got there.
 *
 * An engine: events of states (watch/state.h) go in, notices to send come out, and the driver says
 * what became of each.  There is one alert for each incident and receiver: what is failing is told
 * once, then again every `remind`, and its end once.  A notice is made when it is sent, from what
 * is known then: of a receiver that could not be reached, the first notice that gets through says
 * how things stand, not how they stood.
 *
 * A receiver that fails is tried again with pauses that double, and given up in time; one that
 * hangs is dropped; neither holds up the others.  What was given up is counted and is an event.  A
 * muted test (maintenance) tells only that what was told is over.
 *
 * What each receiver knows is a mark, to be kept where it outlives this engine: the next one (a
 * restart, another configuration) is given the incidents and their marks, and goes on.
 *
 * `now` is monotonic; the times of incidents are UTC microseconds and only handed on.
 */
#pragma once

#include "base/rng.h"
#include "base/slice.h"
#include "base/ts.h"
#include "watch/state.h"

enum {
	ALERT_RECEIVERS_MAX = 64,
	ALERTS_MAX = 100000,     /* incidents at once */
	ALERT_PARALLEL_MAX = 64, /* notices on their way to one receiver */
};

enum alert_severity { ALERT_INFO, ALERT_WARNING, ALERT_CRITICAL };

struct alert_label {
	struct slice name, value;
};

struct alert_receiver {
	enum alert_severity minimum;
	const struct alert_label *labels; /* a test must have all of them */
	unsigned n_labels;
	bool wants_end;
	ts_t remind;               /* 0: never */
	ts_t timeout;              /* of one attempt */
	ts_t pause_min, pause_max; /* behind the first that failed, and at most */
	ts_t give_up;              /* behind the first attempt, all pauses included */
	unsigned parallel;         /* 1..ALERT_PARALLEL_MAX */
};

/* Whose incident it is.  Borrowed for the call. */
struct alert_test {
	uint64_t id;
	enum alert_severity severity;
	const struct alert_label *labels;
	unsigned n_labels;
};

enum alert_kind {
	ALERT_FAILING,
	ALERT_STILL_FAILING,
	ALERT_RESOLVED,
};

struct alert_notice {
	uint64_t delivery; /* to say what became of it; 0 never is one */
	unsigned receiver; /* its index */
	unsigned attempt;  /* 1: the first */
	enum alert_kind kind;
	uint64_t test;
	enum alert_severity severity;
	struct incident incident;      /* what, since when; the run to show is (test, last_at) */
	const struct reason_info *why; /* meaning, causes, next steps; NULL: it was let through */
};

enum alert_event_type {
	ALERT_EV_DROP,    /* it takes too long: end this delivery, it has failed */
	ALERT_EV_GAVE_UP, /* the receiver does not hear of it, or only at the next reminder */
	ALERT_EV_LOST,    /* no memory, or too many at once: `count` incidents are told to nobody */
};

struct alert_event {
	enum alert_event_type type;
	uint64_t delivery; /* DROP */
	unsigned receiver; /* DROP, GAVE_UP */
	uint64_t test;     /* DROP, GAVE_UP */
	enum alert_kind kind;
	unsigned attempts; /* GAVE_UP: how often it was tried; 0: it was over before */
	uint64_t count;    /* LOST */
};

enum alert_told {
	ALERT_TOLD_NOTHING, /* it is to hear of it, and has not yet */
	ALERT_TOLD_FAILING,
	ALERT_TOLD_END, /* or there is nothing more that it would hear */
};

struct alert_mark {
	uint64_t test;
	int64_t begin_at; /* of the incident that it knows */
	unsigned receiver;
	enum alert_told told;
	ts_t age; /* given: for how long it has known that */
};

/* An incident from before this engine, with what its receivers knew. */
struct alert_known {
	struct incident incident;
	bool is_over; /* its test does not have it any more */
	const struct alert_mark *marks;
	unsigned n_marks;
};

struct alert_counts {                         /* of one receiver */
	uint64_t delivered, failed, given_up; /* failed: attempts */
};

struct alerts;

/* `receivers` and what they point to are borrowed until alerts_free().  0, -EINVAL, -ENOMEM. */
int alerts_new(
	struct alerts **ret, const struct alert_receiver *receivers, unsigned n, struct rng *rng);
struct alerts *alerts_free(struct alerts *a);

void alerts_push_event(
	struct alerts *a, const struct alert_test *test, const struct state_event *e, ts_t now);
/* What was told is reminded of, and its end is told; what was not is told.  A receiver without a
 * mark hears of what is failing, and nothing of what is over. */
void alerts_push_known(
	struct alerts *a, const struct alert_test *test, const struct alert_known *known, ts_t now);
/* For the engine behind this one.  False: it has no alert of this test. */
bool alerts_get_known(const struct alerts *a, uint64_t test, struct alert_known *ret,
	struct alert_mark marks[ALERT_RECEIVERS_MAX], ts_t now);
/* Of a test without an alert there is nothing to mute: in maintenance none begins. */
void alerts_push_muted(struct alerts *a, uint64_t test, bool is_muted, ts_t now);
/* An id that is not on its way any more is ignored. */
void alerts_push_delivered(struct alerts *a, uint64_t delivery, ts_t now);
void alerts_push_failed(struct alerts *a, uint64_t delivery, ts_t now);
void alerts_push_time(struct alerts *a, ts_t now);

bool alerts_take_notice(struct alerts *a, struct alert_notice *ret, ts_t now);
bool alerts_take_event(struct alerts *a, struct alert_event *ret);
bool alerts_take_mark(struct alerts *a, struct alert_mark *ret); /* that has changed */
ts_t alerts_deadline(const struct alerts *a);

size_t alerts_open(const struct alerts *a); /* alerts that are not done with */
bool alerts_has(const struct alerts *a, uint64_t test);
struct alert_counts alerts_counts(const struct alerts *a, unsigned receiver);
