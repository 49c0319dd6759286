/* model.h - what the pages show, as plain structs: filled by who has the history and the states,
 * and read by src/page alone.
 *
 * Slices and arrays are borrowed for the call.  Times are UTC, microseconds since 1970, 0: never,
 * not known.  Spans are microseconds, and PAGE_NO_SPAN where nothing was measured.  What peers said
 * may stand in any slice: every one of them becomes text and nothing else.
 */
#pragma once

#include "watch/phases.h"
#include "watch/sentence.h"
#include "watch/zone.h"

enum {
	PAGE_SPARK_BINS = 30,
	PAGE_DAYS = 90,
	PAGE_BINS_MAX = 300,     /* of a chart */
	PAGE_SPARK_TESTS = 120,  /* with more tests there is no sparkline */
	PAGE_ROWS_WHOLE = 30,    /* with more partners the rows that are OK are folded */
	PAGE_LIST_MAX = 500,     /* rows of the list of tests: for the others there are filters */
	PAGE_TROUBLES_SHOWN = 8, /* then "and 12 more" */
	PAGE_SAID_MAX = 300,     /* messages of a run */
	PAGE_SAID_TEXT = 8192,   /* of each, bytes */
};
#define PAGE_NONE    SENTENCE_NONE /* no pool, no partner: a number of neither */
#define PAGE_NO_SPAN INT64_MIN

/* ---- what all pages have ---- */

enum page_right {       /* a button that a role may not use is not there */
	PAGE_MAY_RUN,   /* a test now */
	PAGE_MAY_ACK,   /* an incident */
	PAGE_MAY_AUDIT, /* see the audit log and the roles */
};

struct page_watcher {
	struct slice name, location; /* "paris-1", "inside"; the second may be "" */
	int64_t seen_at;
};

/* A request: who reads, where and when. */
struct access;
struct page_view {
	text_look_up *look_up;   /* NULL: English */
	const struct zone *zone; /* in which times are told */
	struct slice zone_name;  /* "Europe/Paris" */
	int64_t now_at;
	struct slice site;       /* "Litware", or "" */
	unsigned may;            /* 1 << enum page_right */
	struct slice form_token; /* hidden in each form, against requests forged; "": none */
	bool is_live;            /* script and stream are offered */
	bool is_alone;           /* a file that somebody keeps: its style in it, no navigation */
	const struct access *access; /* of who fills the models: whose tests are in them */
	/* the foot: how the watchers are */
	int64_t last_at;     /* the newest result of all */
	int64_t interval_us; /* the shortest of all tests */
	const struct page_watcher *watchers;
	unsigned n_watchers;
	unsigned tests_a_minute;
	uint64_t n_skipped;   /* could not start in time, in 24 h */
	int64_t delay_p99_us; /* of a start */
};

struct page_share { /* availability: passed of those judged */
	uint64_t passed, judged;
};

/* ---- tests ---- */

/* A pool or a partner. */
struct page_place {
	struct slice id;      /* in addresses: the pool's name, the partner's domain */
	struct slice name;    /* as it is shown */
	struct slice address; /* shown beside it: the FQDN; "" */
};

enum page_kind { /* the two ways of a message first */
	PAGE_TO,
	PAGE_FROM,
	PAGE_REGISTER,
	PAGE_INTERNAL, /* two users of a pool */
	PAGE_SERVERS,
	PAGE_PARTNER,    /* its servers */
	PAGE_FEDERATION, /* those for servers of other domains */
};
enum { PAGE_KINDS = 7 };

/* 24 hours. */
struct page_spark {
	uint32_t us[PAGE_SPARK_BINS]; /* median; 0: nothing passed */
	uint32_t failed;              /* 1 << bin */
	int64_t median_us;            /* of 30 days: half the height */
};

/* Why a test is not OK. */
struct page_trouble {
	enum reason reason;    /* NONE: a policy test was let through */
	struct slice message;  /* of the last run, in the reader's language; "": the reason's */
	struct slice step;     /* what to do next, the same; "": the reason's */
	struct slice command;  /* to be typed; "" */
	struct slice incident; /* its id in addresses; "": none */
	struct slice run, good_run; /* ids; "" */
	int64_t run_at, good_at;
	uint32_t n_failed, n_runs; /* since it began */
	uint32_t times;            /* that it began to fail */
	bool is_flapping;
	struct slice alert; /* the receiver that was told; "" */
	int64_t alert_at;
};

struct page_test {
	uint32_t id;            /* the history's; unique on a page */
	uint32_t pool, partner; /* index in the set, or PAGE_NONE */
	enum page_kind kind;
	struct slice location; /* that runs it; "": any */
	enum watch_state state;
	int64_t since_at, last_at;
	int64_t median_us;                  /* of the last hour, or the last one that passed */
	int64_t until_at;                   /* MAINTENANCE: its end */
	bool is_refused;                    /* a policy test, refused as it has to be */
	int64_t interval_us;                /* 0: it is not enabled */
	const struct page_spark *spark;     /* NULL: none */
	const struct page_trouble *trouble; /* NULL where it is OK or in maintenance */
	struct page_share share;            /* of 24 h */
};

/* Of one that is not enabled, or has not run yet, nothing is known, and that is nobody's fault. */
static inline bool page_test_is_judged(const struct page_test *t)
{
	return t->interval_us != 0 && t->since_at != 0;
}

/* All tests, in the order in which sentence_of() was given them; places in the order in which they
 * are shown. */
struct page_set {
	const struct page_place *pools, *partners;
	uint32_t n_pools, n_partners;
	const struct page_test *tests;
	size_t n_tests;
};

/* ---- the overview ---- */

enum page_day_kind {
	PAGE_DAY_GONE, /* before the first test */
	PAGE_DAY_MEASURED,
};

struct page_day {
	enum page_day_kind kind;
	enum watch_state worst;
	int64_t bad_us; /* in that state */
};

/* A row of 90 days: the last is today. */
struct page_days {
	struct slice name, address; /* whose */
	struct slice href_id;       /* the partner's id; "": no link */
	struct page_day days[PAGE_DAYS];
	struct page_share share;
};

struct page_planned { /* maintenance */
	int64_t begin_at, end_at;
	struct slice what; /* "pool Lille" */
	struct slice why;  /* "new certificate"; "" */
	bool is_running;
};

struct page_incident_row { /* that is over, or not */
	struct slice id;
	int64_t begin_at, end_at; /* end 0: it is open */
	enum watch_state state;
	uint32_t pool, partner; /* PAGE_NONE: all of them */
	enum page_kind kind;
	bool is_both; /* ways */
	enum reason reason;
	uint64_t n_runs;
	struct slice locations; /* "inside, outside"; "" */
};

struct page_overview {
	struct sentence sentence;
	struct page_set set;
	const struct page_days *days;
	size_t n_days;
	const struct page_incident_row *over; /* recently */
	size_t n_over;
	const struct page_planned *planned;
	size_t n_planned;
	int64_t failed_last_at; /* when all is well: when something last failed; 0: not in 90 d */
	/* A row or a column alone (/partners/, /pools/): then the set has nothing else. */
	const struct page_place *only;
	bool history_is_away; /* states are from memory, since: */
	int64_t away_since_at;
};

/* ---- a test ---- */

struct page_bin { /* those of the run with the median latency; their sum is it */
	int64_t signin_us, there_us, back_us;
	int64_t p95_us;
	uint32_t n_runs, n_failed;
	bool is_measured; /* a run was in it, of whatever state */
	enum watch_state worst;
};

struct page_chart {
	int64_t begin_at, bin_us;
	const struct page_bin *bins;
	size_t n_bins; /* at most PAGE_BINS_MAX */
	int64_t p99_us;
	int64_t failed_since_at; /* and not over; 0 */
};

enum page_range { PAGE_6H, PAGE_24H, PAGE_7D, PAGE_35D, PAGE_1Y };
enum { PAGE_RANGES = 5 };
extern const char *const page_range_names[PAGE_RANGES]; /* in addresses: "6h" */

struct page_quantiles {
	const char *range; /* an id: N_("24 h") */
	struct page_share share;
	uint64_t n_runs;
	int64_t p50_us, p95_us, p99_us, max_us;
};

struct page_cause {
	enum reason reason;
	enum probe_phase phase; /* PHASE_COUNT: not known */
	uint64_t n_runs;
	bool has_passed; /* at the second attempt */
};

struct page_run_row {
	struct slice id;
	int64_t at;
	enum watch_state state;
	int64_t latency_us;
	enum reason reason;
	struct slice location;
	unsigned attempts;
	uint32_t n_same; /* that many behind it are left out: all the same; 0 */
};

struct page_where { /* a location that runs this test, too */
	struct slice location, watcher;
	enum watch_state state;
	int64_t median_us, p95_us;
};

struct page_phase_row { /* one phase in the range, each for itself: they overlap */
	enum probe_phase phase;
	struct page_spark spark;
	int64_t p50_us, p95_us;
};

struct page_test_model {
	const struct page_set *set; /* only the places are read */
	struct page_test test;
	enum page_range range;
	struct page_chart chart;
	bool by_phase; /* ?by=phase: these, and not the chart */
	const struct page_phase_row *phases;
	size_t n_phases;
	int64_t last_ok_at, next_at;
	struct page_share share_24h, share_30d;
	int64_t p50_us, p95_us; /* of the range; before it failed */
	const struct page_where *where;
	size_t n_where;
	const struct page_quantiles *quantiles;
	size_t n_quantiles;
	const struct page_cause *causes; /* 30 days */
	size_t n_causes;
	const struct page_run_row *runs; /* newest first */
	size_t n_runs;
	struct slice older; /* id for ?before=; "": there are none */
	const struct page_days *days;
};

struct page_runs_model { /* /t/.../runs?before=ID */
	const struct page_set *set;
	struct page_test test;
	const struct page_run_row *runs; /* newest first */
	size_t n_runs;
	struct slice older;
};

/* ---- a run ---- */

struct page_fact {
	const char *label;  /* an id */
	struct slice value; /* in the reader's language */
	struct slice href;  /* "": no link; a path of ours, checked */
	bool is_code;
};

struct page_step {
	struct slice what, command; /* the second may be "" */
};

struct page_said {     /* a message of a run, in order of time */
	int64_t at_us; /* since its start */
	bool is_xmpp, is_out;
	bool is_behind_sign_in;
	struct slice label, text; /* "202 Accepted (MESSAGE)", and all of it */
	uint32_t n_left_out;      /* in front of it, for which no room was */
};

struct page_run_model {
	const struct page_set *set;
	struct page_test test; /* whose it is */
	struct slice id;
	int64_t at;
	enum watch_state state;
	enum reason reason;
	enum probe_phase fail_phase; /* PHASE_COUNT: none */
	struct slice message;        /* in the reader's language; "": the reason's */
	struct slice watcher, location;
	int64_t latency_us;
	unsigned attempts;
	struct phases phases;
	bool has_phases;
	const struct slice *details; /* PHASE_COUNT of them, or NULL */
	struct slice sip_name, xmpp_name;
	const struct page_step *steps; /* none: the reason's own */
	size_t n_steps;
	const struct page_fact *facts; /* evidence */
	size_t n_facts;
	struct slice good_id; /* the last good run before; "" */
	int64_t good_at;
	const struct phases *good;  /* its phases; NULL */
	struct slice before, after; /* ids of its neighbours; "" */
	struct slice incident;
	bool has_trace; /* trace.json is there */
	const struct page_said *said;
	size_t n_said; /* at most PAGE_SAID_MAX */
};

/* ---- incidents ---- */

struct page_moment {
	int64_t at;
	const char *what;   /* an id: N_("first failure"), N_("alert to {1}") */
	struct slice value; /* for {1} */
};

struct page_incident {
	struct page_incident_row row;
	uint32_t n_tests;
	uint32_t times;
	bool is_flapping;
	const struct page_moment *moments;
	size_t n_moments;
	struct slice first_run, last_run, good_run; /* ids; "" */
	int64_t first_at, last_at, good_at;
	struct slice test_path; /* "/t/paris/contoso.test/to"; "" */
	struct slice acked_by;  /* "" */
	int64_t acked_at;
	/* for the page of one incident */
	const struct page_run_row *runs;
	size_t n_runs;
};

struct page_choice { /* of a filter */
	struct slice value, name;
	bool is_chosen;
};

struct page_filter {
	const char *name;                  /* in the address: "pool" */
	const char *label;                 /* an id */
	const struct page_choice *choices; /* without "all" */
	size_t n_choices;
};

struct page_incidents_model {
	const struct page_set *set; /* the places */
	const struct page_incident *open;
	size_t n_open;
	const struct page_incident_row *over; /* newest first */
	size_t n_over;
	uint64_t n_over_all;
	int64_t down_us, recover_us; /* in all; the median; not the watcher's own faults */
	const struct page_filter *filters;
	size_t n_filters;
	struct slice older; /* "": there are none */
};

struct page_incident_model {
	const struct page_set *set;
	struct page_incident incident;
};

/* ---- others ---- */

struct page_tests_model {
	struct page_set set;
	const struct page_filter *filters;
	size_t n_filters;
	uint64_t n_all; /* without the filters */
};

struct page_maintenance_model {
	const struct page_planned *planned; /* running ones first */
	size_t n_planned;
	const struct page_planned *past;
	size_t n_past;
};

struct page_watcher_row {
	struct slice name, location; /* the second may be "" */
	bool is_there;
	int64_t started_at;
	int64_t seen_at; /* it is gone since then; or when its newest result was due */
	unsigned n_tests;
};

struct page_watchers_model {
	const struct page_watcher_row *rows; /* those that are there first */
	size_t n;                            /* 0: there is one, with a history of its own */
	unsigned n_unheld;                   /* tests that nobody runs */
	bool is_partial; /* he does not see all tests: how many there are is not told */
};

struct page_act { /* of the audit log */
	int64_t at;
	struct slice who, what, source, result;
};

struct page_audit_model {
	const struct page_act *acts; /* newest first */
	size_t n_acts;
	struct slice older; /* "": there are none */
};

struct page_error {
	int status;            /* 400, 403, 404, 405, 410, 503 */
	struct slice role;     /* 403: one that may; "" */
	struct slice incident; /* 410: that the run was of; "" */
	int64_t since_at;      /* 503: the history is away since */
	const char *why;       /* 400: a sentence of its own, marked with N_(); NULL */
};
