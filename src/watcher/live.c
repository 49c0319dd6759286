/* What all readers of the pages hear at once, as it happens: one copy of the events for each
 * language.
 */
#include "base/mem.h"
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

static unsigned rights_of(const struct access *a)
{
	static const struct {
		enum page_right right;
		enum role_command needs;
	} rows[] = {
		{ PAGE_MAY_RUN, ROLE_TEST },
		{ PAGE_MAY_ACK, ROLE_ACKNOWLEDGE },
		{ PAGE_MAY_AUDIT, ROLE_AUDIT },
	};
	unsigned may = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (access_may_some(a, rows[i].needs))
			may |= 1U << rows[i].right;
	return may;
}

void site_look(struct page_view *ret, const struct watcher *w, enum tongue tongue,
	const struct access *access)
{
	*ret = (struct page_view){ .look_up = tongue_look_up(tongue),
		.zone = plan_zone(w->file.plan),
		.zone_name = slice_str(w->file.plan->zones[0].name),
		.now_at = watcher_wall(w, pump_now(w->pump)),
		.site = slice_str(w->file.plan->conf->site.s),
		.may = rights_of(access),
		.access = access,
		.is_live = true };
	ret->last_at = last_run(w, &ret->interval_us);
	ret->delay_p99_us = (int64_t)histogram_quantile(&w->late, 990);
	count(ret, w);
}

/* ---- events ---- */

static struct look *free_look(struct site *s)
{
	for (unsigned i = 0; i < SITE_LOOKS_MAX; i++)
		if (!s->looks[i].stream)
			return &s->looks[i];
	return NULL;
}

static struct look *find_look(
	struct site *s, unsigned server, enum tongue tongue, const struct access *a)
{
	for (unsigned i = 0; i < SITE_LOOKS_MAX; i++) {
		struct look *l = &s->looks[i];

		if (l->stream && l->server == server && l->tongue == tongue &&
			l->access.mine == a->mine)
			return l;
	}
	return NULL;
}

static void end(struct look *l)
{
	if (l->stream)
		web_stream_free(l->stream);
	*l = (struct look){ 0 };
}

static void end_those_without_readers(struct site *s)
{
	for (unsigned i = 0; i < SITE_LOOKS_MAX; i++)
		if (s->looks[i].stream && web_stream_readers(s->looks[i].stream) == 0)
			end(&s->looks[i]);
}

static struct look *new_look(
	struct site *s, unsigned server, enum tongue tongue, const struct access *a)
{
	struct look *l = free_look(s);

	if (!l) {
		end_those_without_readers(s);
		l = free_look(s);
	}
	if (!l || web_stream_new(&l->stream, s->servers[server]))
		return NULL;
	l->access = *a;
	l->access.sees = ROLE_VIEW;
	l->tongue = tongue;
	l->server = server;
	return l;
}

/* One copy of the events for all who see the same. */
void live_put(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	bool is_chosen;
	const enum tongue tongue = tongue_of(r, &is_chosen);
	struct look *l = find_look(p->site, p->number, tongue, a);

	if (!l)
		l = new_look(p->site, p->number, tongue, a);
	if (l) {
		web_answer_stream(ret, l->stream);
		return;
	}
	web_answer_refuse(ret, 503);
	web_answer_field(ret, "Retry-After", SLICE("60"));
}

void live_end(struct site *s)
{
	for (unsigned i = 0; i < SITE_LOOKS_MAX; i++)
		end(&s->looks[i]);
}

void site_push_test(struct site *s, struct watched *t)
{
	if (!s)
		return;
	t->is_news = true;
	s->is_changed = true;
}

static void push_event(struct look *l, struct buf *b, int err)
{
	if (!err && buf_len(b) <= WEB_EVENT_MAX)
		(void)web_stream_push(l->stream, buf_slice(b)); /* who cannot take it reads anew */
	buf_clear(b);
}

/* How things stand first, then the tests themselves. */
static void push_board(struct look *l, const struct page_view *view, const struct board *board)
{
	const struct page_overview model = { .sentence = board->sentence, .set = board->set };
	struct buf b;

	buf_init(&b, PAGE_BYTES_MAX);
	push_event(l, &b, page_event_overview(&b, view, &model));
	for (size_t i = 0; i < board->set.n_tests; i++)
		if (board->watched[i]->is_news)
			push_event(l, &b, page_event_test(&b, view, &board->set, i));
	push_event(l, &b, page_event_live(&b, view));
	buf_done(&b);
}

static void push_live(struct site *s, struct look *l)
{
	struct page_view view;
	struct board board;

	if (!l->stream || web_stream_readers(l->stream) == 0)
		return;
	site_look(&view, s->w, l->tongue, &l->access);
	if (board_new(&board, s->w, &view, SLICE_NONE, SLICE_NONE))
		return;
	push_board(l, &view, &board);
	board_done(&board);
}

void site_push_time(struct site *s, ts_t now)
{
	if (!s || !s->is_changed || now < s->event_at)
		return;
	s->is_changed = false;
	s->event_at = ts_add(now, TS_MS(EVENT_EACH_MS));
	for (unsigned i = 0; i < SITE_LOOKS_MAX; i++)
		push_live(s, &s->looks[i]);
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
