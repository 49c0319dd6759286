/* runs.h - the runs of a watcher: hundreds of probes at once in one pump, each with its attempts.
 *
 * A run is what a schedule starts: one attempt, and where that fails another one behind a pause, up
 * to `retries` times.  Each attempt is a probe (or a pair of sweeps) of its own.  The last one
 * decides; the first one that failed is told beside it, so that what passed later is shown as
 * unstable and never hidden.
 *
 * Every run that was started ends with one struct runs_done, also one that was dropped: behind it
 * its contact is removed and its streams are closed, and its accounts are free for others.
 *
 * Where the loop itself stood still for over RUNS_STALL while a run was on, its times say more of
 * the watcher than of what it tests: it is marked.
 *
 * It lives in the pump as its engines do; SIGINT and SIGTERM end all runs as runs_drop_all()
 * does.  The owner takes what is done in its pump's `drained`, which costs nothing when nothing is.
 * Nothing here knows the history, a file or a secret's place.
 */
#pragma once

#include "app/pump.h"
#include "base/buf.h"
#include "probe/probe.h"
#include "probe/sweep.h"

enum {
	RUNS_MAX = 16384, /* at once */
	RUNS_RETRIES_MAX = 10,
	RUNS_SWEEPS = 2,             /* of one run: both sides */
	RUNS_RESULT_BYTES = 1 << 20, /* of its evidence, each text */
	RUNS_TRACE_BYTES = 16 << 20,
};
#define RUNS_STALL TS_S(1)

enum run_kind {
	RUN_IM,       /* a message across and back */
	RUN_INTERNAL, /* the same between two users of the pool */
	RUN_REGISTER, /* the SIP user signs in and off: nothing of the receiver is looked at */
	RUN_SERVERS,  /* every server of the pool, of the partner, or of both; no secret needed */
};

/* All strings are borrowed until runs_start() returns; secrets are copied, and wiped at the end. */
struct run_cfg {
	enum run_kind kind;
	struct probe_cfg probe; /* all but SERVERS; its trace is asked for below */
	/* INTERNAL: more of the receiver, whose password is the probe's */
	struct slice reader_auth_user;
	uint64_t reader_device;
	unsigned n_sweeps; /* SERVERS */
	struct sweep_cfg sweeps[RUNS_SWEEPS];
	unsigned retries; /* attempts behind the first */
	ts_t pause;       /* between attempts, counted from the end of one */
	bool trace;       /* not of SERVERS: the messages of the attempt that decides are kept */
};

/* One attempt that is over. */
struct run_attempt {
	bool has_passed;
	enum reason reason;     /* NONE when it has passed (or: a remark of SERVERS) */
	enum probe_phase phase; /* where it failed; not of SERVERS */
	struct text message;    /* what happened, in one sentence; id NULL: it has passed */
	int64_t started_at_us;  /* since 1970, UTC */
	ts_t latency;           /* to the verdict, without cleanup; SERVERS: of the longer sweep */
};

struct runs_done {
	uint64_t id;
	void *owner; /* as they were given */
	enum run_kind kind;
	unsigned attempts;        /* that were begun; at least 1 */
	struct run_attempt last;  /* what decides */
	struct run_attempt first; /* with attempts > 1: the first failure; else as `last` */
	bool is_stalled;          /* in one of its attempts: its times are not true */
	bool is_dropped;          /* runs_drop(), or a signal: no verdict, whatever `last` says */
	ts_t took;                /* all of it: with pauses and clean-ups */
	/* Of the last attempt, valid until the next runs_take_done() or runs_free(). */
	const struct probe_result *result; /* NULL: SERVERS */
	unsigned n_sweeps;
	const struct sweep_result *sweeps[RUNS_SWEEPS];
	const void *evidence; /* for the functions below */
};

struct runs_cfg {
	unsigned max;          /* at once; 0: RUNS_MAX */
	text_look_up *look_up; /* of the sentences in evidence; NULL: English */
};

struct runs;

/* 0, -EINVAL, -ENOMEM, or what pump_add() says. */
int runs_new(struct runs **ret, struct pump *pump, const struct runs_cfg *cfg);
/* At once: connections are dropped, contacts stay until they expire.  Before pump_free(). */
struct runs *runs_free(struct runs *r);

/* Begins a run; `id` is its own while it lasts, `owner` is handed back and not looked at.  0;
 * ERR_CONFIG with a sentence in *why: it can never be run as it is; -EINVAL: over the limits above;
 * -EEXIST: this id runs; ERR_LIMIT: so many run, or pump's limits; -ENOMEM. */
int runs_start(
	struct runs *r, const struct run_cfg *cfg, uint64_t id, void *owner, struct text *why);
/* It ends in order, and its end is told: at the latest a second after it heard of it, whatever its
 * peers do.  Nothing when it does not run. */
void runs_drop(struct runs *r, uint64_t id);
void runs_drop_all(struct runs *r);

/* The next one that is over; false: none. */
bool runs_take_done(struct runs *r, struct runs_done *ret);
unsigned runs_n(const struct runs *r); /* those whose end has not been taken */
bool runs_has(const struct runs *r, uint64_t id);
uint64_t runs_n_stalls(
	const struct runs *r);           /* how often the loop stood still while runs were on */
ts_t runs_stalled(const struct runs *r); /* and for how long, all together */

/* What was found, as `stox test --format json` prints it; of SERVERS as `stox check --format json`,
 * an array of one or two.  Made when it is asked for: most runs are not worth keeping.  0; -ENOENT:
 * its last attempt could not even begin; -ENOMEM; or the buffer's error: give it RUNS_RESULT_BYTES.
 */
int runs_put_result(const struct runs *r, const struct runs_done *done, struct buf *b);
/* The messages and phases as `stox test --trace FILE.json` leaves them.  -ENOENT: there is none.
 * Give the buffer RUNS_TRACE_BYTES. */
int runs_put_trace(const struct runs *r, const struct runs_done *done, struct buf *b);
