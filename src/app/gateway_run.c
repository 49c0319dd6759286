#include "app/gateway_run.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/engine_file.h"
#include "app/language.h"
#include "app/log_out.h"
#include "app/notify.h"
#include "app/pump.h"
#include "app/runner.h"
#include "base/log.h"
#include "base/mem.h"

struct service {
	const struct gateway_run *run;
	struct gateway_config config; /* that is in force */
	struct rng rng;
	struct log_out *log;
	struct gateway *gateway;
	struct pump *pump;
	struct engine_file *trace; /* NULL: none is wanted */
	struct notify notify;
	struct event *watchdog; /* NULL: nobody waits for it */
	char server[300];       /* HOST:PORT of the XMPP server, as at the start */
	unsigned n_listens;     /* that are wanted since then, and are there */
	unsigned n_listening;
	bool is_ready, is_stopping;
	unsigned reloads, dumps; /* that were asked for, and done */
	int status;
};

/* ---- the log ---- */

/* systemd reads the level from a prefix: sd-daemon(3). */
static const char *level_prefix(enum log_level level)
{
	static const struct {
		const char *journal, *people;
	} prefixes[] = {
		[LOG_LEVEL_ERROR] = { "<3>", "error: " },
		[LOG_LEVEL_WARNING] = { "<4>", "warning: " },
		[LOG_LEVEL_INFO] = { "<6>", "info: " },
		[LOG_LEVEL_DEBUG] = { "<7>", "debug: " },
	};

	return getenv("JOURNAL_STREAM") ? prefixes[level].journal : prefixes[level].people;
}

static void log_line(const struct service *s, enum log_level level, struct slice line)
{
	if (level != LOG_LEVEL_DEBUG || s->run->verbose)
		log_out_line(s->log, slice_str(level_prefix(level)), line);
}

static void log_text(const struct service *s, enum log_level level, const struct text *t)
{
	struct buf line;

	buf_init(&line, 8192);
	text_put(&line, t, NULL); /* logs are English */
	log_line(s, level, buf_slice(&line));
	buf_done(&line);
}

static void log_lines(const struct service *s, enum log_level level, struct slice lines)
{
	while (lines.n)
		log_line(s, level, slice_split(&lines, '\n'));
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

/* What differs from what runs, and waits for a restart. */
static void log_kept(const struct service *s, unsigned kept)
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

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;

		if (!(kept & rows[i].bit))
			continue;
		buf_init(&b, 256);
		log_begin(&b, "config", "needs-restart");
		log_str(&b, "setting", slice_str(rows[i].setting));
		log_line(s, LOG_LEVEL_WARNING, buf_slice(&b));
		buf_done(&b);
	}
}

static void log_reloaded(const struct service *s)
{
	struct buf b;

	buf_init(&b, 8192);
	log_begin(&b, "config", "reloaded");
	log_str(&b, "file", slice_str(s->config.path));
	log_u64(&b, "pools", s->config.conf->n_pools);
	log_u64(&b, "partners", s->config.conf->n_partners);
	log_u64(&b, "trusted_peers", s->config.cfg.n_trusted);
	log_line(s, LOG_LEVEL_INFO, buf_slice(&b));
	buf_done(&b);
}

static void take_over(struct service *s, struct gateway_config *next)
{
	unsigned kept;

	if (gateway_reload(s->gateway, &next->cfg, &kept)) {
		log_line(s, LOG_LEVEL_ERROR, SLICE("config not-reloaded cause=\"out of memory\""));
		return;
	}
	const struct gateway_config old = s->config;
	s->config = *next;
	s->config.cfg.partners = s->config.partners;
	s->config.cfg.component_secret = slice_str(s->config.secret);
	*next = old;
	log_reloaded(s);
	log_kept(s, kept);
}

/* Between two pushes.  A file with a fault changes nothing. */
static void reload(struct service *s)
{
	struct buf why;

	notify_say(&s->notify, "RELOADING=1");
	buf_init(&why, 1 << 16);
	struct gateway_config next = { .why = &why };
	const int status = gateway_config_read(&next, s->run->config);
	if (status) {
		log_lines(s, LOG_LEVEL_ERROR, buf_slice(&why));
		log_line(s, LOG_LEVEL_ERROR,
			SLICE("config not-reloaded advice=\"the one before stays in force\""));
	} else
		take_over(s, &next);
	gateway_config_done(&next);
	buf_done(&why);
	note_state(s);
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
	log_text(s, LOG_LEVEL_WARNING, &why);
}

static void act(struct service *s, enum gateway_event_type type)
{
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

static void drained(void *arg)
{
	struct service *s = arg;
	struct gateway_event ev;
	struct text why;

	if (s->trace && engine_file_take_error(s->trace, &why))
		log_text(s, LOG_LEVEL_WARNING, &why);
	while (s->gateway && gateway_take_event(s->gateway, &ev)) {
		log_line(s, ev.level, slice_str(ev.log));
		act(s, ev.type);
	}
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
		err = log_out_new(&s->log, STDERR_FILENO, level_prefix(LOG_LEVEL_WARNING));
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
	if (err)
		opt_cannot_start(s->run->command, err);
	return err ? 3 : 0;
}

static int serve(struct service *s)
{
	struct engine e = gateway_engine(s->gateway);
	const struct gateway_cfg *cfg = &s->config.cfg;

	snprintf(s->server, sizeof(s->server), "%s:%u", cfg->server_host, cfg->server_port);
	s->n_listens = cfg->n_listens;

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
	if (status == 3)
		opt_complain(s->run->command, TEXT_PLAIN(err_text(-ENOMEM)));
	s->config.why = NULL;
	buf_done(&why);
	return status;
}

int gateway_run(const struct gateway_run *run)
{
	struct service s = { .run = run };

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
	s.pump = pump_free(s.pump);
	s.log = log_out_free(s.log);
	engine_file_free(s.trace);
	gateway_free(s.gateway);
	gateway_config_done(&s.config);
	notify_done(&s.notify);
	return status;
}
