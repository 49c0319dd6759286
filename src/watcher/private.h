/* private.h - what the files of the watcher share.
 *
 *   service.c   its life: what is opened, the loop, signals, the stop
 *   reload.c    another configuration while it runs
 *   begin.c     a run begins: secrets, certificates, maintenance
 *   finish.c    a run is over: what it says, to the history, the alerts and the pages
 *   news.c      what the schedule and the history tell
 *   alarms.c    alerts on their way to receivers
 *   access.c    who asks, and what he may; audit.c: what he did
 *   entrance.c  the files of those who sign in
 *   desk.c      the control socket; via.c: runs whose result somebody waits for
 *   site.c      pages and metrics over HTTP; view_*.c fill in what they show
 *   once.c      each test once, and no service
 */
#pragma once

#include "app/notify.h"
#include "app/pump.h"
#include "watch/histogram.h"
#include "watcher/config.h"
#include "watcher/log.h"
#include "watcher/options.h"
#include "watcher/roster.h"
#include "watcher/runs.h"
#include "watcher/trusts.h"

struct alarms;
struct audit;
struct control;
struct site;

struct watcher {
	const struct watch_options *options;
	struct watch_config file; /* that is in force; empty at first */
	struct watch_config next; /* to be taken over when the history has answered */
	uint64_t sync;            /* the number of that answer; 0: none is awaited */

	struct service_log log;
	struct notify notify;
	struct rng rng;
	struct pump *pump;
	struct trusts trusts;
	struct runs *runs;
	struct roster roster;
	struct store *store;     /* NULL: each test runs once */
	struct alarms *alarms;   /* NULL: the same */
	struct site *site;       /* NULL: nobody listens */
	struct audit *audit;     /* NULL: as the history */
	struct control *control; /* NULL: there is no such socket */
	struct list vias;        /* those who wait for the result of a run */
	unsigned n_vias;
	struct once *once; /* NULL: it is a service */

	unsigned n_identities;     /* certificates of ours that were read since the start */
	uint64_t identity_seen[2]; /* the hash of the last one's file */

	int64_t ahead_us; /* UTC minus the monotonic clock */
	int64_t started_at, loaded_at;
	struct histogram late; /* how much later than its time each run began */
	uint64_t n_runs, n_reloads;
	bool is_refused; /* the last reload was */
	bool is_ready, is_stopping;
	int64_t held_since; /* the history takes nothing; 0: it does */
	int status;
};

static inline int64_t watcher_wall(const struct watcher *w, ts_t now)
{
	return (int64_t)now + w->ahead_us;
}

/* begin.c: the start that the schedule gave. */
void watcher_begin(struct watcher *w, const struct schedule_event *ev);

/* A run that is over, or never began: then `result` is NULL. */
struct watcher_end {
	bool has_passed, is_own_fault;
	enum reason reason;
	enum probe_phase phase; /* PHASE_COUNT: none */
	unsigned attempts;
	ts_t latency;
	const struct probe_result *result;
	const struct runs_done *done; /* for its evidence; NULL: there is none */
	const struct text *why;       /* in one sentence; NULL where it has passed */
};

/* finish.c */
void watcher_finish(struct watcher *w, struct watched *t, const struct watcher_end *end);
void watcher_take_done(struct watcher *w); /* all that are over */

/* news.c */
void watcher_take_news(struct watcher *w);

/* reload.c */
/* False: the file has a fault, whose lines are put into `lines`, too (NULL: nowhere).  True: it is
 * taken over when the history has answered. */
bool watcher_reload(struct watcher *w, struct buf *lines);
/* Asks the history for the tests of the next plan.  0 or -ENOMEM. */
int watcher_sync(struct watcher *w);
/* The history has answered; NULL: there is none. */
void watcher_take_plan(struct watcher *w, const struct store_event *synced);
