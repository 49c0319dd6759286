/* The watcher's life: what is opened, the loop, signals, the stop. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/control.h"
#include "app/language.h"
#include "app/runner.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "watcher/alarms.h"
#include "watcher/audit.h"
#include "watcher/desk.h"
#include "watcher/once.h"
#include "watcher/private.h"
#include "watcher/prober.h"
#include "watcher/share.h"
#include "watcher/site.h"
#include "watcher/trial.h"
#include "watcher/via.h"
#include "watcher/watcher.h"

enum {
	SOURCES = 2,          /* descriptors of threads: the history's and the alerts' */
	LATE_MAX_S = 30,      /* of a start; then it is missed */
	STORE_TIME_MS = 1000, /* between two looks of the history at the clock */
};

struct service {
	struct watcher w;
	struct event *sources[SOURCES], *watchdog;
	unsigned reloads; /* that were asked for, and done */
	ts_t store_at;    /* the history hears of the time */
};

/* ---- the watcher as an engine: its clock and its deadlines ---- */

static void push(void *self, const struct fact *in, ts_t now)
{
	struct service *s = self;
	struct watcher *w = &s->w;

	if (in->type == FACT_CLOCK && !share_has_time(w->share)) {
		w->ahead_us = in->wall;
		schedule_push_clock(&w->roster.schedule, in->wall, now);
	}
	if (in->type == FACT_STOP && !w->is_stopping) {
		w->is_stopping = true;
		notify_say(&w->notify, "STOPPING=1");
	}
}

static void push_time(void *self, ts_t now)
{
	struct service *s = self;

	share_push_time(s->w.share, now); /* what another watcher has by now does not start */
	schedule_push_time(&s->w.roster.schedule, now);
	prober_push_time(s->w.prober, now);
	audit_push_time(&s->w, now);
	via_push_time(&s->w, now);
	if (now < s->store_at)
		return;
	s->store_at = ts_add(now, TS_MS(STORE_TIME_MS));
	/* What all share hears of the server's time alone: this machine's clock may be wrong. */
	if (s->w.store && (!s->w.share || share_has_time(s->w.share)))
		store_push_time(s->w.store, watcher_wall(&s->w, now));
}

static bool take_output(void *self, struct output *ret)
{
	(void)self;
	(void)ret;
	return false;
}

static bool take_want(void *self, struct want *ret)
{
	(void)self;
	(void)ret;
	return false;
}

static ts_t deadline(const void *self)
{
	const struct service *s = self;
	ts_t at = s->w.is_stopping ? TS_NEVER : schedule_deadline(&s->w.roster.schedule);

	if (s->w.synced.known)
		at = ts_min(at, s->w.synced_until);
	at = ts_min(at, ts_min(audit_deadline(&s->w), via_deadline(&s->w)));
	at = ts_min(at, ts_min(alarms_deadline(s->w.alarms), site_deadline(s->w.site)));
	at = ts_min(at, prober_deadline(s->w.prober));
	at = ts_min(at, share_deadline(s->w.share));
	return s->w.store ? ts_min(at, s->store_at) : at;
}

static struct engine engine(struct service *s)
{
	static const struct engine_ops ops = { .name = "watcher",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline };

	return (struct engine){ .ops = &ops, .self = s };
}

/* ---- each turn of the loop ---- */

static void woken(void *arg)
{
	struct service *s = arg;
	struct watcher *w = &s->w;
	const unsigned asked = loop_signals(pump_loop(w->pump), LOOP_RELOAD);

	if (asked != s->reloads && w->is_ready && !w->is_stopping) {
		s->reloads = asked;
		(void)watcher_reload(w, NULL);
	}
	watcher_take_news(w);
	if (once_is_done(w->once) || (w->is_stopping && runs_n(w->runs) == 0))
		pump_stop(w->pump);
}

/* It has woken the loop; what there is to take is taken in woken(). */
static void on_source(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static int listen_to(struct service *s, unsigned i, int fd)
{
	s->sources[i] = event_new(
		loop_base(pump_loop(s->w.pump)), fd, EV_READ | EV_PERSIST, on_source, NULL);
	return s->sources[i] && event_add(s->sources[i], NULL) == 0 ? 0 : -ENOMEM;
}

/* ---- the service manager ---- */

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	notify_say(arg, "WATCHDOG=1");
}

/* From the loop itself: one that hangs does not say that it lives. */
static int start_watchdog(struct service *s)
{
	const ts_t each = notify_watchdog();
	const struct timeval interval = { (time_t)(each / 1000000), (suseconds_t)(each % 1000000) };

	if (each == TS_NEVER)
		return 0;
	s->watchdog = event_new(
		loop_base(pump_loop(s->w.pump)), -1, EV_PERSIST, on_watchdog, &s->w.notify);
	return s->watchdog && event_add(s->watchdog, &interval) == 0 ? 0 : -ENOMEM;
}

/* ---- opening ---- */

static int complain(struct text why)
{
	say(stderr, language_around("stox watch: {1}", why));
	return 3;
}

static void name_it(struct watcher *w)
{
	w->me = (int64_t)(rng_u64(&w->rng) >> 1) | 1;
	if (gethostname(w->name, sizeof(w->name) - 1))
		slice_cstr(SLICE("localhost"), w->name, sizeof(w->name));
}

static int open_history(struct service *s, const struct plan *plan)
{
	struct store_cfg cfg = plan_history(plan);
	struct text why;

	name_it(&s->w);
	cfg.watcher_id = s->w.me;
	cfg.watcher_name = s->w.name;
	if (plan_make_folder(plan, &why) || store_open(&s->w.store, &cfg, &why))
		return complain(why);
	log_str(watch_log_begin(&s->w.log, WATCH_HISTORY_OPENED), "file",
		slice_str(plan->history_server ? plan->history_server : plan->history_file));
	watch_log_end(&s->w.log, WATCH_HISTORY_OPENED);
	return 0;
}

/* A run has up to four, and hundreds run at once: as many as this process may have. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* else as many as there are */
}

static int open_engines(struct service *s, const struct plan *plan)
{
	struct watcher *w = &s->w;
	const struct pump_cfg pump = { .woken = woken, .arg = s };
	const struct schedule_cfg schedule = { .room = plan->at_once,
		.late_max = TS_S(LATE_MAX_S) };
	const struct runs_cfg runs = { .look_up = language_look_up };

	raise_descriptors();
	signal(SIGXFSZ, SIG_IGN); /* a history that may not grow is held, as on a full disk */
	int err = pump_new(&w->pump, &pump);
	if (err)
		return err;
	w->ahead_us = loop_wall_offset();
	w->started_at = loop_wall();
	trusts_init(&w->trusts, pump_trust(w->pump));
	err = roster_init(&w->roster, &schedule, w->ahead_us, &w->rng);
	if (!err)
		err = service_log_open(&w->log, STDERR_FILENO);
	if (!err)
		err = runs_new(&w->runs, w->pump, &runs);
	if (!err)
		err = loop_catch(pump_loop(w->pump), LOOP_RELOAD);
	if (!err)
		err = start_watchdog(s);
	return err ? err : pump_add(w->pump, engine(s));
}

static int open_alarms(struct service *s, const struct plan *plan)
{
	int err = alarms_new(&s->w.alarms, &s->w, plan);

	if (!err)
		err = listen_to(s, 0, store_fd(s->w.store));
	return err ? err : listen_to(s, 1, alarms_fd(s->w.alarms));
}

static int cannot_start(int err)
{
	return complain(TEXT(N_("it cannot be started: {1}"), text_errno(-err)));
}

static int open_service(struct service *s, const struct plan *plan)
{
	struct text why;

	int status = open_history(s, plan);
	if (status)
		return status;
	if (!watcher_keep_started(&s->w, plan))
		return cannot_start(-ENOMEM);
	s->w.audit = audit_new();
	int err = s->w.audit ? open_alarms(s, plan) : -ENOMEM;
	if (!err)
		err = prober_new(&s->w.prober, &s->w);
	if (err)
		return cannot_start(err);
	if (site_new(&s->w.site, &s->w, plan, &why) || desk_open(&s->w, &plan->access, &why))
		return complain(why);
	if (store_is_shared(s->w.store) && share_new(&s->w.share, &s->w))
		return cannot_start(-ENOMEM);
	return watcher_sync(&s->w) ? cannot_start(-ENOMEM) : 0;
}

static int open_once(struct service *s)
{
	watcher_take_plan(&s->w, NULL);
	if (once_new(&s->w.once, &s->w))
		return cannot_start(-ENOMEM);
	watcher_take_news(&s->w); /* what is asked for before the loop runs wakes nobody */
	return 0;
}

static int start(struct service *s)
{
	const struct plan *plan = s->w.next.plan;

	int err = open_engines(s, plan);
	if (err)
		return cannot_start(err);
	return s->w.options->once ? open_once(s) : open_service(s, plan);
}

/* ---- the run ---- */

static int read_config(struct service *s)
{
	struct buf why;

	buf_init(&why, 1 << 16);
	const int status =
		watch_config_open(&s->w.next, s->w.options->config, language_look_up, &why);
	fputs(buf_cstr(&why), stderr);
	buf_done(&why);
	return status;
}

static void log_stopped(struct watcher *w)
{
	log_u64(watch_log_begin(&w->log, WATCH_STOPPED), "runs", w->n_runs);
	watch_log_end(&w->log, WATCH_STOPPED);
}

static void close_history(struct watcher *w)
{
	share_release(w->share);
	const uint64_t lost = w->store ? store_close(w->store) : 0;

	if (!lost)
		return;
	log_u64(watch_log_begin(&w->log, WATCH_HISTORY_LOST), "n", lost);
	watch_log_end(&w->log, WATCH_HISTORY_LOST);
}

static void close_all(struct service *s)
{
	struct watcher *w = &s->w;

	once_free(w->once);
	prober_free(w->prober);
	via_end(w);
	control_free(w->control);
	site_free(w->site);
	for (unsigned i = 0; i < SOURCES; i++)
		if (s->sources[i])
			event_free(s->sources[i]);
	if (s->watchdog)
		event_free(s->watchdog);
	alarms_free(w->alarms);
	store_event_done(&w->synced);
	runs_free(w->runs);
	if (w->pump)
		audit_push_time(w, TS_NEVER);
	w->audit = audit_free(w->audit);
	close_history(w);
	share_free(w->share);
	if (w->is_ready && !w->options->once)
		log_stopped(w);
	if (w->pump)
		roster_done(&w->roster);
	watcher_forget_started(w);
	trusts_done(&w->trusts);
	pump_free(w->pump);
	service_log_close(&w->log);
	watch_config_done(&w->next);
	watch_config_done(&w->file);
	notify_done(&w->notify);
}

/* Who runs all tests once waits for their ends, and not for what a service tells. */
static enum log_level log_level_of(const struct watch_options *options)
{
	if (options->verbose)
		return LOG_LEVEL_DEBUG;
	return options->once ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
}

static int serve(struct service *s)
{
	const int status = start(s);

	if (status)
		return status;
	if (pump_run(s->w.pump))
		return 3;
	return s->w.once ? once_end(s->w.once) : s->w.status;
}

int watcher_run(const struct watch_options *options)
{
	struct service s = {
		.w = { .options = options,
			.log = { .format = options->log_format, .level = log_level_of(options) } }
	};

	runner_seed(&s.w.rng);
	if (gethostname(s.w.device, sizeof(s.w.device) - 1))
		s.w.device[0] = '\0';
	notify_init(&s.w.notify);
	int status = read_config(&s);
	if (!status && options->test_alert)
		status = trial_run(&s.w.next, options->test_alert);
	else if (!status)
		status = serve(&s);
	close_all(&s);
	return status;
}
