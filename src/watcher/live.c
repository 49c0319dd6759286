/* What all readers of the pages hear at once, as it happens: one copy of the events for each
 * language.
 */
#include "watcher/board.h"
#include "watcher/site_private.h"

enum { EVENT_EACH_MS = 1000 }; /* at most so often */

/* ---- the reader ---- */

static int64_t last_run(const struct watcher *w, int64_t *ret_interval)
{
	int64_t last = 0;

	*ret_interval = 0;
	for (unsigned i = 0; i < w->roster.n; i++) {
		const struct watched *t = w->roster.tests[i];

		if (t->state.last_at > last)
			last = t->state.last_at;
		const int64_t interval = (int64_t)t->plan->interval;

		if (watched_is_on(t) && (!*ret_interval || interval < *ret_interval))
			*ret_interval = interval;
	}
	return last;
}

/* What it has to do, and what it could not in time, since its start. */
static void count(struct page_view *ret, const struct watcher *w)
{
	double a_minute = 0;

	for (unsigned i = 0; i < w->roster.n; i++) {
		const struct watched *t = w->roster.tests[i];

		if (t->is_scheduled)
			a_minute += 60e6 / (double)t->place.interval_us;
		for (unsigned k = 0; k < SCHEDULE_MISSES; k++)
			ret->n_skipped += t->place.n_missed[k];
	}
	ret->tests_a_minute = (unsigned)(a_minute + 0.5);
}

void site_look(struct page_view *ret, const struct watcher *w, enum tongue tongue)
{
	*ret = (struct page_view){ .look_up = tongue_look_up(tongue),
		.zone = plan_zone(w->file.plan),
		.zone_name = slice_str(w->file.plan->zones[0].name),
		.now_at = watcher_wall(w, pump_now(w->pump)),
		.may = 1U << PAGE_MAY_RUN, /* who comes from this machine itself */
		.is_live = true };
	ret->last_at = last_run(w, &ret->interval_us);
	ret->delay_p99_us = (int64_t)histogram_quantile(&w->late, 990);
	count(ret, w);
}

/* ---- events ---- */

static void push_to(struct site *s, enum tongue tongue, struct slice events)
{
	for (unsigned i = 0; i < s->n_servers; i++)
		(void)web_stream_push(
			s->streams[i][tongue], events); /* who cannot take it reads anew */
}

static bool has_readers(const struct site *s, enum tongue tongue)
{
	size_t n = 0;

	for (unsigned i = 0; i < s->n_servers; i++)
		n += web_stream_readers(s->streams[i][tongue]);
	return n > 0;
}

void site_push_test(struct site *s, struct watched *t)
{
	if (!s)
		return;
	t->is_news = true;
	s->is_changed = true;
}

void site_push_plan(struct site *s)
{
	if (s)
		s->is_changed = true;
}

static void push_event(struct site *s, enum tongue tongue, struct buf *b, int err)
{
	if (!err && buf_len(b) <= WEB_EVENT_MAX)
		push_to(s, tongue, buf_slice(b));
	buf_clear(b);
}

/* How things stand first, then the tests themselves. */
static void push_board(
	struct site *s, enum tongue tongue, const struct page_view *view, const struct board *board)
{
	const struct page_overview model = { .sentence = board->sentence, .set = board->set };
	struct buf b;

	buf_init(&b, PAGE_BYTES_MAX);
	push_event(s, tongue, &b, page_event_overview(&b, view, &model));
	for (unsigned i = 0; i < s->w->roster.n; i++)
		if (s->w->roster.tests[i]->is_news)
			push_event(s, tongue, &b, page_event_test(&b, view, &board->set, i));
	push_event(s, tongue, &b, page_event_live(&b, view));
	buf_done(&b);
}

static void push_live(struct site *s, enum tongue tongue)
{
	struct page_view view;
	struct board board;

	if (!has_readers(s, tongue))
		return;
	site_look(&view, s->w, tongue);
	if (board_new(&board, s->w, &view, SLICE_NONE, SLICE_NONE))
		return;
	push_board(s, tongue, &view, &board);
	board_done(&board);
}

void site_push_time(struct site *s, ts_t now)
{
	if (!s || !s->is_changed || now < s->event_at)
		return;
	s->is_changed = false;
	s->event_at = ts_add(now, TS_MS(EVENT_EACH_MS));
	for (unsigned i = 0; i < TONGUES; i++)
		push_live(s, (enum tongue)i);
	for (unsigned i = 0; i < s->w->roster.n; i++)
		s->w->roster.tests[i]->is_news = false;
}

ts_t site_deadline(const struct site *s)
{
	return s && s->is_changed ? s->event_at : TS_NEVER;
}

struct web_counts site_counts(const struct site *s)
{
	struct web_counts all = { 0 };

	for (unsigned i = 0; i < s->n_servers; i++) {
		const struct web_counts c = web_server_counts(s->servers[i]);

		all.connections += c.connections;
		all.requests += c.requests;
		for (unsigned k = 0; k < WEB_REFUSALS; k++)
			all.refusals[k] += c.refusals[k];
	}
	return all;
}
