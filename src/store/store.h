/* store.h - the watcher's history, in a file of SQLite or a server of PostgreSQL, behind threads of
 * its own.
 *
 * One thread writes: what is pushed is copied, waits in a bounded queue, and is written in groups,
 * each in one transaction that is on the disk before it counts (WAL, synchronous=FULL).  The other
 * reads (store/query.h), so that a page never waits for a disk that syncs.  Nothing here blocks
 * the caller but store_open() and store_close(), and nothing calls him back: store_fd() becomes
 * readable and he takes events.
 *
 * What is acknowledged is safe: STORE_EV_WRITTEN names the number up to which everything pushed is
 * on the disk or was counted as lost.  While the disk is full or the file is locked, the queue
 * holds what comes and it is tried again with pauses; a full queue gives up the evidence of
 * passed runs, then the oldest passed runs, and counts both.  Everything else stays.  While a
 * server is away, what comes goes into a file of this machine (the spool, of at most
 * STORE_SPOOL_BYTES_MAX) that is as safe, outlives a restart, and is sent when the server is back;
 * full it gives up the same, in the same order.
 *
 * The time is the caller's: store_push_time() makes roll-ups and retention go on.  All times are
 * UTC in microseconds since 1970.  The functions are for one thread, the one that opened.
 */
#pragma once

#include "base/text.h"
#include "store/query.h"
#include "watch/lease.h"

enum {
	STORE_QUEUE_MAX = 100000,         /* runs and other entries that wait */
	STORE_QUEUE_BYTES_MAX = 64 << 20, /* of them */
	STORE_SPOOL_BYTES_MAX = 64 << 20,
	STORE_EVIDENCE_MAX = 4 << 20,          /* bytes of one JSON; what is longer is not kept */
	STORE_TESTS_MAX = 20000,               /* that are configured at once */
	STORE_AUDIT_TEXT_MAX = 1000,           /* bytes of a member; what is longer is cut */
	STORE_RAW_DAYS = 35,                   /* each run */
	STORE_HOUR_DAYS = 400,                 /* the hours; days are kept for ever */
	STORE_ASKED_MAX = 256,                 /* questions that wait */
	STORE_INCIDENTS_MAX = STATE_EVENTS_MAX /* that one run changes */
};

struct store_cfg {
	const char *path; /* of the file, or of the spool */
	/* A server of PostgreSQL: what libpq takes for it, without a password; NULL: none, a file.
	 * The password is the file's first line.  With a CA the server's name is verified. */
	const char *connection;
	const char *password_file, *ca_file; /* NULL: none */
	uint64_t spool_bytes_max;            /* 0: STORE_SPOOL_BYTES_MAX */
	const char *zone_name;               /* of the days: "Europe/Paris"; NULL or "": UTC */
	struct slice zone_file;              /* its TZif file's bytes, copied; empty: UTC */
	unsigned raw_days;                   /* 0: STORE_RAW_DAYS */
	unsigned hour_days;                  /* 0: STORE_HOUR_DAYS */
	uint64_t size_max_bytes;             /* of the file: the oldest goes first.  0: any size */
	/* Who writes, of several watchers: new at each start, its name, where it stands ("": no
	 * matter).  Of SQLite they are not looked at. */
	int64_t watcher_id;
	const char *watcher_name, *location;
	unsigned pause_ms; /* behind the first try that failed; it doubles, to 64 times.  0: 250 */
};

/* What a test is: kind, pool, partner, direction and location together are its name, and whoever
 * has that name keeps his id.  Absent is "". */
struct store_test {
	struct slice kind, pool, partner, direction, location;
	int64_t interval_us, offset_us;
	struct slice spec; /* what else the configuration says of it: kept, and not looked at */
};

/* A test that was synchronised, in the order in which they were given. */
struct store_known {
	int64_t id;
	struct state
		kept; /* its first members, for state_resume(); UNKNOWN since 0 when it never ran */
	int64_t newest_at;      /* of its runs, those by hand too; 0: none */
	struct incident newest; /* of its incidents, one that is over too; begin_at 0: none */
};

/* A run that is over.  Borrowed for the call.  (test_id, scheduled_at) is its id: the second of
 * two changes nothing and is counted. */
struct store_run {
	struct store_row row;
	/* The state behind the run: its first members, as state_push_run() left them, and what it
	 * told of incidents.  NULL: the run changes none (it was late, or by hand). */
	const struct state *state;
	const struct incident *incidents;
	unsigned n_incidents; /* at most STORE_INCIDENTS_MAX */
	int64_t fence;        /* of the lease: with an older one than the history knows state and
			       * incidents are refused (FENCED), and the run alone is kept.  0: none */
	/* JSON for the run's page; empty: none.  Which ones are kept is decided here: of runs that
	 * are not OK, of the first OK one behind them, of the last OK one, and one each hour. */
	struct slice result_json, trace_json;
};

struct store_audit {
	int64_t at;
	struct slice who, what, source, result;
};

enum store_event_type {
	STORE_EV_ANSWER,   /* to store_ask(); the taker frees it with store_answer_free() */
	STORE_EV_SYNCED,   /* to store_sync_tests(): `known`, and in `answer` of type STORE_SYNCED
			      whom their incidents were told */
	STORE_EV_WRITTEN,  /* `number`: all up to it is safe */
	STORE_EV_HELD,     /* nothing can be written: `text` says why and what to do.  Told once */
	STORE_EV_RESUMED,  /* it can again; `count` entries had waited */
	STORE_EV_DROPPED,  /* the queue is full: `count` passed runs, `evidence` pieces since the
			      last */
	STORE_EV_CHECKED,  /* the file of an unclean end is whole */
	STORE_EV_DAMAGED,  /* `text`: the file was set aside, under which name */
	STORE_EV_SALVAGED, /* `count` runs were taken over from it; `text` says so */
	STORE_EV_SHRUNK,   /* the file is at its size: `text` says what was given up */
	STORE_EV_LEASE,    /* the answer to store_push_lease(): `lease`, and behind a claim whom the
			      incidents of these tests were told in `answer` of type STORE_SYNCED */
	STORE_EV_FENCED,   /* the state of test `test_id` came with `fence`, which is an old one:
			      another watcher has it.  Taken before the WRITTEN of that entry;
			      of one that came from the spool `number` is 0 */
	STORE_EVENTS
};

/* What became of a want of watch/lease.h.  One object. */
struct store_lease {
	struct lease_answer answer;
	struct store_known *known; /* CLAIM: of each of answer.held, as it stands behind the claim;
				    * else NULL */
};

struct store_event {
	enum store_event_type type;
	uint64_t number; /* WRITTEN; SYNCED: what store_sync_tests() returned */
	uint64_t count, evidence;
	int64_t test_id, fence;      /* FENCED */
	struct store_answer *answer; /* ANSWER, SYNCED, LEASE */
	struct store_known *known;   /* SYNCED: `count` of them */
	struct store_lease *lease;   /* LEASE; the taker frees it with mem_free() */
	struct text text;
};

struct store_stats {
	uint64_t written, duplicates; /* runs */
	uint64_t dropped_runs, dropped_evidence;
	uint64_t groups;                        /* transactions */
	uint64_t commit_last_us, commit_max_us; /* of a group, begin to end */
	uint64_t queued, queued_bytes;          /* now */
	uint64_t spooled, spooled_bytes;        /* now: what waits for the server on this disk */
	uint64_t file_bytes;                    /* with its log; 0: a server's */
	uint64_t asked, answer_last_us, answer_max_us;
	bool is_held;
};

struct store;

/* Opens or makes the file, and the threads.  0; -EBUSY: another process has it; ERR_UNSUPPORTED:
 * of a later version; ERR_SYNTAX: another program's file, or no database; -ENOSPC, -EACCES and
 * other errnos.  *why says what to do.  A file that was not closed properly is checked in the
 * background; one that cannot even be opened is set aside here, and an event tells it. */
int store_open(struct store **ret, const struct store_cfg *cfg, struct text *why);
/* Writes what is queued, for at most a few seconds.  Returns how many entries could not be
 * written: they are lost. */
uint64_t store_close(struct store *s);

int store_fd(const struct store *s); /* readable when there is an event */
bool store_take_event(struct store *s, struct store_event *ret);
void store_event_done(struct store_event *e); /* frees what it carries */
struct store_stats store_stats(struct store *s);

/* From now on these are the configured tests: others are disabled, and kept with their history.
 * The number of the event SYNCED; 0: no memory, or more than STORE_TESTS_MAX. */
uint64_t store_sync_tests(struct store *s, const struct store_test *tests, size_t n);
/* Their numbers, ascending; 0: no memory, and it is counted as dropped. */
uint64_t store_push_run(struct store *s, const struct store_run *run);
/* The state changed without a run (nobody tests it any more, its rules changed). */
uint64_t store_push_state(struct store *s, int64_t test_id, int64_t fence,
	const struct state *state, const struct incident *incidents, unsigned n_incidents);
/* What a receiver knows of an incident from now on.  Pushed before the run that makes it so, it is
 * never later on the disk than that. */
uint64_t store_push_mark(struct store *s, const struct store_mark *mark);
uint64_t store_push_audit(struct store *s, const struct store_audit *audit);
void store_push_time(struct store *s, int64_t now_at); /* about every second */

/* Its answer comes as an event.  0: too many wait, or no memory; ask again later. */
uint64_t store_ask(struct store *s, const struct store_query *query);

/* ---- several watchers with one history ---- */

/* False: the history is a file, this watcher is the only one, and there are no leases. */
bool store_is_shared(const struct store *s);
/* Its answer comes as an event, in any case: RENEW and CLAIM go before what is queued, RELEASE
 * behind it, so that who takes over finds the last run.  0: no memory. */
uint64_t store_push_lease(struct store *s, const struct lease_want *want);
