#include "app/gateway_run.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/control.h"
#include "app/engine_file.h"
#include "app/gateway_ctl.h"
#include "app/gateway_metrics.h"
#include "app/language.h"
#include "app/notify.h"
#include "app/pump.h"
#include "app/runner.h"
#include "app/service_log.h"
#include "base/log.h"
#include "base/mem.h"

enum { CONTROL_TEXT_MAX = 512 };

struct service {
	const struct gateway_run *run;
	struct gateway_config config; /* that is in force */
	struct rng rng;
	struct service_log log;
	struct gateway *gateway;
	struct pump *pump;
	struct engine_file *trace; /* NULL: none is wanted */
	struct notify notify;
	struct event *watchdog; /* NULL: nobody waits for it */
	struct gateway_view view;
	struct control *control;             /* NULL: there is none */
	char control_text[CONTROL_TEXT_MAX]; /* its settings at the start */
	struct gateway_metrics *metrics;     /* NULL: there are none */
	struct addr metrics_addr;            /* as it was set at the start */
	char server[300];                    /* HOST:PORT of the XMPP server, as at the start */
	unsigned n_listens;                  /* that are wanted since then, and are there */
	unsigned n_listening;
	bool was_up, is_ready, is_stopping;
	unsigned reloads, dumps; /* that were asked for, and done */
	int status;
};

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
	s->watchdog =
		event_new(loop_base(pump_loop(s->pump)), -1, EV_PERSIST, on_watchdog, &s->notify);
	return s->watchdog && event_add(s->watchdog, &interval) == 0 ? 0 : -ENOMEM;
}

static void say_state(const struct service *s)
{
	char text[400];

	snprintf(text, sizeof(text), "%s%s%s", s->is_ready ? "READY=1\n" : "",
		gateway_is_up(s->gateway) ? "STATUS=connected to the XMPP server "
					  : "STATUS=without the XMPP server ",
		s->server);
	notify_say(&s->notify, text);
}

/* Ready is who can carry messages: all listeners are there, and once the stream was. */
static void note_state(struct service *s)
{
	s->is_ready |= gateway_is_up(s->gateway) && s->n_listening >= s->n_listens;
	say_state(s);
}

/* ---- reload ---- */

static void take_events(struct service *s); /* below: what the engine says of it, too */

static void log_needs_restart(struct service *s, const char *setting)
{
	log_str(service_log_begin(&s->log, EVENT_NEEDS_RESTART), "setting", slice_str(setting));
	service_log_end(&s->log, EVENT_NEEDS_RESTART);
	if (s->view.n_needs_restart < RESTART_MAX)
		s->view.needs_restart[s->view.n_needs_restart++] = setting;
}

/* What differs from what runs, and waits for a restart. */
static void log_kept(struct service *s, unsigned kept)
{
	static const struct {
		enum gateway_kept bit;
		const char *setting;
	} rows[] = {
		{ GATEWAY_KEPT_LISTEN, "gateway.sip.listen" },
		{ GATEWAY_KEPT_NEXT_HOP, "gateway.sip.next_hop" },
		{ GATEWAY_KEPT_COMPONENT, "gateway.xmpp.component" },
		{ GATEWAY_KEPT_TRANSACTIONS, "gateway.sip.transactions_max" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (kept & rows[i].bit)
			log_needs_restart(s, rows[i].setting);
}

static void put_control(const struct gateway_config *c, char ret[CONTROL_TEXT_MAX])
{
	const struct conf_control *conf = &c->conf->gateway.control;

	snprintf(ret, CONTROL_TEXT_MAX, "%s\n%s", conf->socket.s ? conf->socket.s : "",
		conf->group.s ? conf->group.s : "");
}

static bool is_control_kept(const struct service *s)
{
	char now[CONTROL_TEXT_MAX];

	put_control(&s->config, now);
	return strcmp(now, s->control_text) != 0;
}

static void log_reloaded(struct service *s)
{
	struct buf *b = service_log_begin(&s->log, EVENT_RELOADED);

	log_str(b, "file", slice_str(s->config.path));
	log_u64(b, "pools", s->config.conf->n_pools);
	log_u64(b, "partners", s->config.conf->n_partners);
	log_u64(b, "trusted_peers", s->config.cfg.n_trusted);
	service_log_end(&s->log, EVENT_RELOADED);
}

static void log_not_reloaded(struct service *s, const char *cause)
{
	struct buf *b = service_log_begin(&s->log, EVENT_NOT_RELOADED);

	log_str(b, "cause", slice_str(cause));
	log_str(b, "advice", SLICE("mend the file and reload; the one before stays in force"));
	service_log_end(&s->log, EVENT_NOT_RELOADED);
}

static bool take_over(struct service *s, struct gateway_config *next)
{
	unsigned kept;

	if (gateway_reload(s->gateway, &next->cfg, &kept)) {
		log_not_reloaded(s, "out of memory");
		return false;
	}
	struct gateway_config old = s->config;
	s->config = *next;
	s->config.why = NULL;
	s->config.cfg.partners = s->config.partners;
	s->config.cfg.component_secret = slice_str(s->config.secret);
	*next = old;
	mem_wipe(old.secret, sizeof(old.secret));
	s->view.loaded = loop_wall();
	s->view.n_needs_restart = 0;
	log_reloaded(s);
	log_kept(s, kept);
	if (is_control_kept(s))
		log_needs_restart(s, "gateway.control");
	if (!addr_eq(&s->config.metrics, &s->metrics_addr))
		log_needs_restart(s, "gateway.metrics");
	if (s->metrics)
		gateway_metrics_set_names(s->metrics, s->config.metrics_names);
	take_events(s);
	return true;
}

/* Nobody waits for what a pipe or a terminal has to say. */
static int read_again(const struct service *s, struct gateway_config *ret)
{
	struct stat st;

	if (stat(s->config.path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return gateway_config_read(ret, s->run->config);
	buf_printf(ret->why, "%s: only a regular file is read again\n", s->config.path);
	return 2;
}

/* Between two pushes.  A file with a fault changes nothing. */
static bool reload(struct service *s)
{
	struct buf why;

	notify_say(&s->notify, "RELOADING=1");
	buf_init(&why, 1 << 16);
	struct gateway_config next = { .why = &why };
	const int status = read_again(s, &next);
	bool done = false;
	if (status) {
		service_log_texts(&s->log, EVENT_FAULT, buf_slice(&why));
		log_not_reloaded(s, "it has a fault");
	} else
		done = take_over(s, &next);
	s->view.refused = !done;
	*(done ? &s->view.reloads : &s->view.reloads_refused) += 1;
	gateway_config_done(&next);
	buf_done(&why);
	note_state(s);
	return done;
}

/* ---- the control socket ---- */

static void answer_reload(struct service *s, struct buf *ret)
{
	struct buf lines;

	buf_init(&lines, 1 << 20);
	s->log.copy = &lines;
	const bool done = reload(s);
	s->log.copy = NULL;
	gateway_ctl_reloaded(done, buf_slice(&lines), ret);
	buf_done(&lines);
}

static void log_level_changed(struct service *s)
{
	log_str(service_log_begin(&s->log, EVENT_LEVEL_CHANGED), "to",
		slice_str(log_level_name(s->log.level)));
	service_log_end(&s->log, EVENT_LEVEL_CHANGED);
}

static void answer_log(struct service *s, struct slice name, struct buf *ret)
{
	for (unsigned i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
		if (slice_eqs(name, log_level_name((enum log_level)i))) {
			s->log.level = (enum log_level)i;
			gateway_log_messages(s->gateway, s->log.level == LOG_LEVEL_DEBUG);
			log_level_changed(s);
			gateway_ctl_level(s->log.level, ret);
			return;
		}
	gateway_ctl_refuse("error, warning, info or debug is a level", ret);
}

static void answer_status(struct service *s, struct buf *ret)
{
	gateway_ctl_status(&s->view, pump_now(s->pump), ret);
}

static void answer(void *arg, struct slice request, struct buf *ret)
{
	struct service *s = arg;
	const struct slice word = slice_split(&request, ' ');

	if (slice_eqs(word, "status"))
		answer_status(s, ret);
	else if (slice_eqs(word, "messages"))
		gateway_ctl_messages(&s->view, ret);
	else if (slice_eqs(word, "partners"))
		gateway_ctl_partners(&s->view, ret);
	else if (slice_eqs(word, "reload"))
		answer_reload(s, ret);
	else if (slice_eqs(word, "log"))
		answer_log(s, request, ret);
	else
		gateway_ctl_refuse(
			"status, messages, partners, reload or log LEVEL is a request", ret);
}

static int open_control(struct service *s)
{
	const struct conf_control *conf = &s->config.conf->gateway.control;
	put_control(&s->config, s->control_text);
	char *set = conf->socket.s ? config_path(s->config.path, conf->socket.s) : NULL;
	char path[256];
	const struct control_cfg cfg = { .path = path,
		.setting = "gateway.control.socket",
		.has_group = s->config.has_control_group,
		.group = s->config.control_group,
		.handle = answer,
		.arg = s };
	struct text why = { 0 };
	int err = 0;

	if (control_path(set, path, sizeof(path)))
		err = control_new(&s->control, loop_base(pump_loop(s->pump)), &cfg, &why);
	free(set);
	if (err)
		opt_complain(s->run->command, why);
	return err ? 3 : 0;
}

/* ---- the metrics ---- */

static const char *why_not_ready(const struct service *s)
{
	if (s->is_stopping)
		return "stopping";
	if (s->n_listening < s->n_listens)
		return "not all listeners are there";
	return gateway_is_up(s->gateway) ? NULL : "not connected to the XMPP server";
}

static const char *look(void *arg, struct exposition_facts *ret)
{
	struct service *s = arg;

	*ret = (struct exposition_facts){ .version = STOX_VERSION,
		.component = s->view.component,
		.started = s->view.started,
		.loaded = s->view.loaded,
		.reloads = s->view.reloads,
		.reloads_refused = s->view.reloads_refused,
		.is_refused = s->view.refused,
		.log_lines_dropped = log_out_dropped(s->log.out),
		.now = pump_now(s->pump) };
	return why_not_ready(s);
}

static void log_metrics(struct service *s)
{
	const struct addr at = gateway_metrics_addr(s->metrics);
	char text[ADDR_TEXT_MAX];

	log_str(service_log_begin(&s->log, EVENT_METRICS_LISTENING), "address",
		slice_str(addr_text(&at, text)));
	service_log_end(&s->log, EVENT_METRICS_LISTENING);
}

static int open_metrics(struct service *s)
{
	const struct gateway_metrics_cfg cfg = { .addr = s->config.metrics,
		.names = s->config.metrics_names,
		.gateway = s->gateway,
		.look = look,
		.arg = s };
	struct text why = { 0 };

	s->metrics_addr = cfg.addr;
	if (!cfg.addr.family)
		return 0;
	if (gateway_metrics_new(&s->metrics, loop_base(pump_loop(s->pump)), &cfg, &why)) {
		opt_complain(s->run->command, why);
		return 3;
	}
	log_metrics(s);
	return 0;
}

/* ---- the run ---- */

/* The stream is down: the next one takes the secret as its file has it then. */
static void read_secret_again(struct service *s)
{
	struct text why;

	if (gateway_config_read_secret(&s->config, &why) == 0) {
		/* else the old one */
		(void)gateway_set_secret(s->gateway, slice_str(s->config.secret));
		return;
	}
	service_log_text(&s->log, EVENT_SECRET_NOT_READ, &why);
}

static void act(struct service *s, enum gateway_event_type type)
{
	if (s->was_up != gateway_is_up(s->gateway))
		s->view.changed = loop_wall();
	s->was_up = gateway_is_up(s->gateway);
	switch (type) {
	case GATEWAY_EV_LISTENING: s->n_listening++; break;
	case GATEWAY_EV_UP: break;
	case GATEWAY_EV_DOWN: read_secret_again(s); break;
	case GATEWAY_EV_FAILED: s->status = 3; break;
	case GATEWAY_EV_STOPPED: break;
	case GATEWAY_EV_LOG: return;
	}
	if (type == GATEWAY_EV_FAILED || type == GATEWAY_EV_STOPPED)
		pump_stop(s->pump);
	else
		note_state(s);
}

static void take_events(struct service *s)
{
	struct gateway_event ev;
	const uint64_t lost = s->gateway ? gateway_take_lost_lines(s->gateway, s->log.level) : 0;

	if (lost)
		log_out_lost(s->log.out, lost);
	while (s->gateway && gateway_take_event(s->gateway, &ev)) {
		service_log_line(&s->log, ev.level, slice_str(ev.log));
		if (ev.type == GATEWAY_EV_DOWN) {
			snprintf(s->view.last_error, sizeof(s->view.last_error), "%s", ev.log);
			s->view.failed = loop_wall();
		}
		act(s, ev.type);
	}
}

static void drained(void *arg)
{
	struct service *s = arg;
	struct text why;

	if (s->trace && engine_file_take_error(s->trace, &why))
		service_log_text(&s->log, EVENT_TRACE_NOT_WRITTEN, &why);
	take_events(s);
}

static void dump(struct service *s)
{
	gateway_push_dump(s->gateway);
	drained(s);
}

static void woken(void *arg)
{
	struct service *s = arg;
	struct loop *const loop = pump_loop(s->pump);

	if (pump_was_interrupted(s->pump) && !s->is_stopping)
		notify_say(&s->notify, "STOPPING=1");
	s->is_stopping = pump_was_interrupted(s->pump);
	if (s->is_stopping)
		return;
	/* However many signals came: the file is as it is now. */
	if (loop_signals(loop, LOOP_RELOAD) != s->reloads) {
		s->reloads = loop_signals(loop, LOOP_RELOAD);
		reload(s);
	}
	if (loop_signals(loop, LOOP_STATE) != s->dumps) {
		s->dumps = loop_signals(loop, LOOP_STATE);
		dump(s);
	}
}

static int open_trace(struct service *s)
{
	const char *path = s->run->trace_engine;
	struct text why = { 0 };
	int err = path ? engine_file_new(&s->trace, path, &why) : 0;

	if (err)
		opt_complain(s->run->command, language_around("--trace-engine {1}", why));
	return err ? 2 : 0;
}

static int start(struct service *s)
{
	const struct pump_cfg cfg = { .drained = drained, .woken = woken, .arg = s };

	int err = pump_new(&s->pump, &cfg);
	if (!err)
		err = service_log_open(&s->log, STDERR_FILENO);
	if (!err)
		err = loop_catch(pump_loop(s->pump), LOOP_RELOAD);
	if (!err)
		err = loop_catch(pump_loop(s->pump), LOOP_STATE);
	if (!err)
		err = start_watchdog(s);
	if (!err) {
		runner_seed(&s->rng);
		err = gateway_new(&s->gateway, &s->config.cfg, &s->rng, pump_now(s->pump));
	}
	if (err) {
		opt_cannot_start(s->run->command, err);
		return 3;
	}
	const int status = open_control(s);
	return status ? status : open_metrics(s);
}

static int serve(struct service *s)
{
	struct engine e = gateway_engine(s->gateway);
	gateway_log_messages(s->gateway, s->log.level == LOG_LEVEL_DEBUG);
	const struct gateway_cfg *cfg = &s->config.cfg;

	snprintf(s->server, sizeof(s->server), "%s:%u", cfg->server_host, cfg->server_port);
	snprintf(s->view.component, sizeof(s->view.component), "%s", cfg->component_name);
	s->n_listens = cfg->n_listens;
	s->view.gateway = s->gateway;
	s->view.config = &s->config;
	s->view.log = &s->log;
	s->view.server = s->server;
	s->view.started = s->view.loaded = s->view.changed = loop_wall();

	if (s->trace)
		e = engine_file_trace(s->trace, e, pump_now(s->pump));
	say_state(s);
	if (pump_add(s->pump, e) || s->status || pump_run(s->pump))
		return 3;
	return s->status;
}

static int read_config(struct service *s)
{
	struct buf why;

	buf_init(&why, 1 << 16);
	s->config.look_up = language_look_up;
	s->config.why = &why;
	int status = gateway_config_read(&s->config, s->run->config);
	fputs(buf_cstr(&why), stderr);
	s->config.why = NULL;
	buf_done(&why);
	return status;
}

int gateway_run(const struct gateway_run *run)
{
	struct service s = { .run = run,
		.log.format = run->log_format,
		.log.level = run->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO };

	notify_init(&s.notify);
	int status = read_config(&s);
	if (!status)
		status = open_trace(&s);
	if (!status)
		status = start(&s);
	if (!status)
		status = serve(&s);
	if (s.watchdog)
		event_free(s.watchdog);
	gateway_metrics_free(s.metrics);
	control_free(s.control);
	s.pump = pump_free(s.pump);
	service_log_close(&s.log);
	engine_file_free(s.trace);
	gateway_free(s.gateway);
	gateway_config_done(&s.config);
	notify_done(&s.notify);
	return status;
}
