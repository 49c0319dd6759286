/* What only a start takes over: as it was then, whatever was reloaded since, so that what comes
 * back to it needs no restart. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "watcher/private.h"

enum started_text {
	HISTORY_FILE,
	HISTORY_SERVER,
	HISTORY_PASSWORD_FILE,
	HISTORY_CA_FILE,
	TIME_ZONE,
	PAGES_URL,
	CONTROL_SOCKET,
	LOCATION,
	STARTED_TEXTS,
};

enum { LISTEN_KEPT = 16 };

struct started {
	char *texts[STARTED_TEXTS];
	bool has_group;
	unsigned group;
	unsigned raw_days, hour_days, at_once;
	uint64_t history_bytes_max;
	ts_t lease;
	struct plan_listen listen[LISTEN_KEPT];
	unsigned n_listen;
};

static const char *text_of(const struct plan *p, enum started_text which)
{
	const char *const texts[STARTED_TEXTS] = {
		[HISTORY_FILE] = p->history_file,
		[HISTORY_SERVER] = p->history_server,
		[HISTORY_PASSWORD_FILE] = p->history_password_file,
		[HISTORY_CA_FILE] = p->history_ca_file,
		[TIME_ZONE] = p->zones[0].name,
		[PAGES_URL] = p->url,
		[CONTROL_SOCKET] = p->access.socket,
		[LOCATION] = p->location,
	};

	return texts[which] ? texts[which] : "";
}

bool watcher_keep_started(struct watcher *w, const struct plan *plan)
{
	struct started *s = w->started = mem_alloc0(sizeof(*s));

	if (!s)
		return false;
	*s = (struct started){ .has_group = plan->access.has_group,
		.group = plan->access.group,
		.raw_days = plan->raw_days,
		.hour_days = plan->hour_days,
		.at_once = plan->at_once,
		.history_bytes_max = plan->history_bytes_max,
		.lease = plan->lease };
	s->n_listen = plan->n_listen < COUNT(s->listen) ? plan->n_listen : COUNT(s->listen);
	memcpy(s->listen, plan->listen, s->n_listen * sizeof(s->listen[0]));
	for (unsigned i = 0; i < STARTED_TEXTS; i++) {
		s->texts[i] = mem_strdup(text_of(plan, (enum started_text)i));
		if (!s->texts[i])
			return false;
	}
	return true;
}

void watcher_forget_started(struct watcher *w)
{
	for (unsigned i = 0; w->started && i < STARTED_TEXTS; i++)
		mem_free(w->started->texts[i]);
	w->started = mem_free(w->started);
}

static bool is_same_text(const struct started *s, const struct plan *p, enum started_text which)
{
	return strcmp(s->texts[which], text_of(p, which)) == 0;
}

static bool is_same_listen(const struct started *s, const struct plan *p)
{
	if (s->n_listen != p->n_listen)
		return false;
	for (unsigned i = 0; i < s->n_listen; i++)
		if (!addr_eq(&s->listen[i].addr, &p->listen[i].addr) ||
			s->listen[i].is_tls != p->listen[i].is_tls)
			return false;
	return true;
}

static bool is_same_control(const struct started *s, const struct plan *p)
{
	return is_same_text(s, p, CONTROL_SOCKET) && s->has_group == p->access.has_group &&
	       s->group == p->access.group;
}

void watcher_compare_started(struct watcher *w, const struct plan *p)
{
	const struct started *s = w->started;
	const struct {
		bool is_same;
		const char *setting;
	} rows[] = {
		{ is_same_text(s, p, HISTORY_FILE), "watch.history.file" },
		{ is_same_text(s, p, HISTORY_SERVER), "watch.history.postgresql" },
		{ is_same_text(s, p, HISTORY_PASSWORD_FILE), "watch.history.password_file" },
		{ is_same_text(s, p, HISTORY_CA_FILE), "watch.history.ca_file" },
		{ s->raw_days == p->raw_days, "watch.history.raw_days" },
		{ s->hour_days == p->hour_days, "watch.history.hour_days" },
		{ s->history_bytes_max == p->history_bytes_max, "watch.history.size_max" },
		{ is_same_text(s, p, TIME_ZONE), "watch.time_zone" },
		{ is_same_text(s, p, PAGES_URL), "watch.url" },
		{ is_same_listen(s, p), "watch.listen" },
		{ is_same_control(s, p), "watch.control" },
		{ s->at_once == p->at_once, "watch.at_once" },
		{ is_same_text(s, p, LOCATION), "watch.location" },
		{ s->lease == p->lease, "watch.lease" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].is_same)
			continue;
		log_str(watch_log_begin(&w->log, WATCH_NEEDS_RESTART), "setting",
			slice_str(rows[i].setting));
		watch_log_end(&w->log, WATCH_NEEDS_RESTART);
	}
}
