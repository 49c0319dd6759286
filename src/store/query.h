/* query.h - what can be asked of the history, and the typed rows of the answers.
 *
 * Each question is one read transaction of one short statement or a few, bounded in rows and in
 * time.  What pages show of many tests comes from the roll-ups; runs themselves are read of one
 * test, or of a span by its index.  An answer and all it points at is one object: the taker frees
 * it with store_answer_free(), and nothing in it is borrowed from elsewhere.
 */
#pragma once

#include "base/slice.h"
#include "watch/phases.h"
#include "watch/state.h"
#include "watch/zone.h"

enum {
	STORE_SPARK_BINS = 25,  /* an overview's hours: the present one is the last */
	STORE_DAYS = 90,        /* an overview's days: today is the last */
	STORE_BINS_MAX = 400,   /* of a series */
	STORE_LIMIT_MAX = 10000 /* rows of an answer */
};
#define STORE_ANSWER_TIME_MAX TS_S(10)
#define STORE_NONE            INT64_C(-1) /* a time that was not measured */

enum store_query_type {
	STORE_OVERVIEW,  /* all enabled tests: now_at */
	STORE_SERIES,    /* a test over time: test_id, from, to, source, bins, by_phase */
	STORE_RUNS,      /* newest first: from, to; test_id, states, before, limit */
	STORE_RUN,       /* one with its evidence and neighbours: test_id, at */
	STORE_INCIDENTS, /* open ones first: from, to, test_id, before, limit */
	STORE_INCIDENT,  /* one and its runs: incident_id, limit */
	STORE_REASONS,   /* how often: from, to, test_id */
	STORE_REPORT,    /* from, to: days' borders, or else the days that begin in it */
	STORE_AUDIT,     /* newest first: from, to, before.at (its number), limit */
	STORE_TESTS,     /* all, disabled ones too, and since when there is history */
	STORE_SYNCED,    /* not to be asked: what comes with STORE_EV_SYNCED */
};

enum store_source { STORE_RAW, STORE_HOURS, STORE_DAILY };

struct store_key { /* of a run */
	int64_t at, test_id;
};

/* What a type does not name is not looked at.  [from, to); a `to` of 0 is the end of time. */
struct store_query {
	enum store_query_type type;
	int64_t now_at;
	int64_t from, to;
	int64_t test_id; /* 0: all */
	int64_t at;      /* scheduled_at */
	int64_t incident_id;
	struct store_key before; /* only what is older than this row; at 0: from the newest */
	unsigned limit;          /* 0: 20; at most STORE_LIMIT_MAX */
	unsigned states;         /* 1 << enum watch_state; 0: all */
	enum store_source source;
	unsigned bins; /* 1..STORE_BINS_MAX: at most so many */
	bool by_phase; /* of RAW it costs three times as much: HOURS serve more than a day */
};

struct store_row { /* a run, as it is kept */
	int64_t test_id, scheduled_at;
	int64_t late_us;
	enum watch_state state;
	bool has_passed;             /* also in maintenance, where `state` does not say it */
	enum reason reason;          /* NONE: passed, or a policy test that was let through */
	enum probe_phase fail_phase; /* PHASE_COUNT: none */
	unsigned attempts;
	bool is_by_hand;                                  /* shown, and in no figure */
	int64_t latency_us, signin_us, there_us, back_us; /* STORE_NONE: not measured */
	struct phases phases;
};

struct store_split { /* of the run with the median latency: the three add up to it */
	int64_t latency_us, signin_us, there_us, back_us; /* STORE_NONE: no passed run */
};

struct store_counts { /* of runs; those by hand are in none */
	uint64_t n[WATCH_STATES];
	uint64_t maint_failed; /* of those in maintenance */
};

struct store_bin {
	int64_t begin_at, end_at;
	struct store_counts counts;
	struct store_split median;
	int64_t p95_us, max_us; /* STORE_NONE: no passed run */
	enum watch_state worst; /* OK where there is no run: see counts */
};

struct store_reason {
	enum reason reason; /* NONE: a policy test was let through */
	uint64_t runs;
	unsigned tests;
	int64_t last_at;
};

struct store_incident {
	int64_t id, test_id;
	struct incident incident;
};

struct store_name { /* whose test it is; "" where absent */
	int64_t id;
	const char *kind, *pool, *partner, *direction, *location;
	bool is_enabled;
	int64_t interval_us;
};

/* ---- OVERVIEW ---- */

struct store_day {
	uint32_t bad_s; /* the time of failing: each failed run to the next one */
	uint32_t runs;  /* 0: none, and nothing is known */
	enum watch_state worst;
};

struct store_overview_test {
	int64_t test_id;
	enum watch_state state;
	int64_t since_at, last_at, last_ok_at, last_failed_at; /* 0: never */
	unsigned streak;
	enum reason reason;            /* of the last run */
	int64_t latency_us;            /* of the last run */
	int64_t median30_us;           /* over 30 days; STORE_NONE: not yet known */
	struct store_incident open;    /* id 0: none; with end_at: it is calm, and not yet over */
	struct store_counts day, days; /* the last 24 hours' bins, the 90 days */
	struct store_spark {
		uint32_t runs, failed; /* judged ones; 0: a gap */
		int64_t latency_us;    /* the median */
	} spark[STORE_SPARK_BINS];
	struct store_day strip[STORE_DAYS];
};

struct store_overview {
	size_t n;
	struct store_overview_test *tests; /* by id */
	struct zone_span hours[STORE_SPARK_BINS], days[STORE_DAYS];
};

/* ---- SERIES ---- */

struct store_series {
	enum store_source source;
	unsigned n;
	struct store_bin *bins; /* without a gap, oldest first */
	struct store_counts counts;
	int64_t p50_us, p90_us, p95_us, p99_us, max_us; /* of the span; STORE_NONE */
	struct store_split median;                      /* of the span */
	/* [bin][phase]: medians, STORE_NONE where it did not run.  NULL without by_phase. */
	int64_t (*phases)[PHASE_COUNT];
	int64_t phase_p50[PHASE_COUNT], phase_p95[PHASE_COUNT]; /* by_phase: of the span;
								 * p95 of RAW alone */
	size_t n_reasons;
	struct store_reason *reasons; /* most frequent first; not of RAW: of the days it touches */
};

/* ---- RUNS, RUN ---- */

struct store_runs {
	size_t n;
	struct store_row *rows;
	bool has_more; /* before = the last row */
};

struct store_one {
	bool is_found;
	struct store_row row;
	struct slice result_json, trace_json; /* empty: not kept */
	bool has_good;
	struct store_row good;          /* the last OK run before it */
	int64_t previous_at, next_at;   /* of the same test; 0: none */
	struct store_incident incident; /* in whose span it is; id 0: none */
	int64_t oldest_at;              /* of the test's runs that are still kept */
};

/* ---- INCIDENTS, INCIDENT ---- */

struct store_incidents {
	size_t n;
	struct store_incident *rows;
	bool has_more;   /* before = the last row's begin_at and test_id */
	uint64_t n_open; /* in front */
};

struct store_incident_one {
	struct store_incident incident; /* id 0: not found */
	size_t n;
	struct store_row *rows; /* its runs that are not OK, oldest first */
	bool has_more;
};

/* ---- REPORT ---- */

struct store_report_test {
	int64_t test_id;
	struct store_counts counts;
	int64_t p50_us, p95_us, p99_us; /* STORE_NONE */
	int64_t bad_us;
	unsigned incidents;       /* that began in it */
	unsigned ended;           /* of these */
	int64_t repair_us;        /* these together: MTTR is repair_us / ended */
	struct slice hist;        /* of its latencies, histogram_decode(): medians do not add up */
	size_t first_day, n_days; /* of store_report.days */
};

struct store_report_day {
	int64_t begin_at;
	struct store_day day;
	uint64_t passed, judged;
};

struct store_report {
	struct zone_span span;            /* from the first day's begin to the last one's end */
	int64_t covered_from, covered_to; /* days with runs in it; 0: none */
	size_t n;
	struct store_report_test *tests; /* with runs or incidents in it, by id */
	size_t n_days;
	struct store_report_day *days; /* with runs: those of one test, then the next one's */
	size_t n_worst;
	struct store_incident *worst; /* the longest ones, at most `limit` */
	size_t n_reasons;
	struct store_reason *reasons;
};

/* ---- AUDIT, REASONS, TESTS ---- */

struct store_audit_row {
	int64_t number; /* ascending, without gap */
	int64_t at;
	const char *who, *what, *source, *result;
};

/* ---- SYNCED ---- */

/* What a receiver of alerts knows of an incident. */
enum store_told {
	STORE_TOLD_NOTHING, /* it is to hear of it, and has not yet */
	STORE_TOLD_FAILING,
	STORE_TOLD_END, /* or it does not want to hear of it */
};

struct store_mark {
	int64_t test_id, begin_at; /* the incident */
	struct slice receiver;     /* its name */
	enum store_told told;
	int64_t at; /* since when it knows */
};

/* A test that is no longer configured while an incident of it is open, or while somebody has not
 * heard of its end. */
struct store_left {
	int64_t id;
	const char *kind, *pool, *partner, *direction, *spec;
	struct state kept; /* its first members, for state_resume() */
	struct incident newest;
};

struct store_answer {
	uint64_t id;
	enum store_query_type type;
	int err; /* 0; -ETIMEDOUT, -ENOMEM, -EIO: the rest is empty */
	union {
		struct store_overview *overview;
		struct store_series *series;
		struct store_runs *runs;
		struct store_one *run;
		struct store_incidents *incidents;
		struct store_incident_one *incident;
		struct store_reasons {
			size_t n;
			struct store_reason *rows; /* most frequent first */
		} * reasons;
		struct store_report *report;
		struct store_audit_page {
			size_t n;
			struct store_audit_row *rows;
			bool has_more;
		} * audit;
		struct store_names {
			size_t n;
			struct store_name *rows; /* by id */
			int64_t oldest_at;       /* the first day that is known; 0: none */
		} * names;
		struct store_synced {
			size_t n_marks;
			/* Of the synchronised tests, in their order, and of those that left. */
			struct store_mark *marks;
			size_t n_left;
			struct store_left *left;
		} * synced;
	};
	struct store_answer_memory *memory;
};

struct store_answer *store_answer_free(struct store_answer *a);
