#include "watcher/outside.h"

#include "watch/rollup.h"
#include "watcher/days.h"

static bool is_message(const struct page_test *t)
{
	return t->kind == PAGE_TO || t->kind == PAGE_FROM;
}

static enum public_ways way_of(const struct page_test *t)
{
	return t->kind == PAGE_FROM ? PUBLIC_FROM_THEM : PUBLIC_TO_THEM;
}

static enum public_side side_of(enum reason r)
{
	return r != REASON_NONE && slice_starts(slice_str(reason_id(r)), SLICE("sip_"))
		       ? PUBLIC_OURS
		       : PUBLIC_NOT_KNOWN;
}

/* ---- now ---- */

struct failures {
	unsigned n[3], all[3]; /* by enum public_ways */
	bool has_side;
};

static void add_failure(struct page_public *m, struct failures *f, const struct page_test *t)
{
	const enum public_side side = side_of(t->trouble ? t->trouble->reason : REASON_NONE);

	f->n[way_of(t)]++;
	if (!m->since_at || t->since_at < m->since_at)
		m->since_at = t->since_at;
	m->side = !f->has_side || m->side == side ? side : PUBLIC_NOT_KNOWN;
	f->has_side = true;
}

static void say_failures(struct page_public *m, const struct failures *f)
{
	const bool to = f->n[PUBLIC_TO_THEM] > 0, from = f->n[PUBLIC_FROM_THEM] > 0;

	m->ways = to && from ? PUBLIC_BOTH : from ? PUBLIC_FROM_THEM : PUBLIC_TO_THEM;
	m->is_part = (to && f->n[PUBLIC_TO_THEM] < f->all[PUBLIC_TO_THEM]) ||
		     (from && f->n[PUBLIC_FROM_THEM] < f->all[PUBLIC_FROM_THEM]);
}

static void put_now(struct page_public *m, const struct board *b)
{
	struct rollup all = { 0 }, ways[3] = { 0 };
	struct failures f = { 0 };

	for (size_t i = 0; i < b->set.n_tests; i++) {
		const struct page_test *t = &b->tests[i];

		if (!is_message(t) || !t->interval_us)
			continue;
		rollup_add(&all, t->state);
		rollup_add(&ways[way_of(t)], t->state);
		f.all[way_of(t)]++;
		if (t->state == WATCH_FAILED)
			add_failure(m, &f, t);
		if (t->last_at > m->checked_at)
			m->checked_at = t->last_at;
		if (!m->interval_us || t->interval_us < m->interval_us)
			m->interval_us = t->interval_us;
	}
	m->state = rollup_worst(&all);
	m->to_them.state = rollup_worst(&ways[PUBLIC_TO_THEM]);
	m->from_them.state = rollup_worst(&ways[PUBLIC_FROM_THEM]);
	if (m->state == WATCH_FAILED)
		say_failures(m, &f);
}

/* ---- 90 days ---- */

static void put_way(struct public_way *ret, const struct page_days *days)
{
	for (unsigned i = 0; i < PAGE_DAYS; i++)
		ret->days[i] = days->days[i];
	ret->share = days->share;
}

static void put_days(struct page_public *m, const struct board *b, const struct store_overview *o,
	int64_t now_at)
{
	struct page_days to = { 0 }, from = { 0 };

	for (size_t i = 0; i < o->n; i++) {
		const size_t at = board_find(b, o->tests[i].test_id);

		if (at != SIZE_MAX && is_message(&b->tests[at]))
			days_add(b->tests[at].kind == PAGE_FROM ? &from : &to, o, i, b->watched[at],
				now_at);
	}
	put_way(&m->to_them, &to);
	put_way(&m->from_them, &from);
}

/* ---- before ---- */

/* What fails at once is one to who reads. */
static struct public_incident *find_beside(struct outside *o, const struct incident *i)
{
	for (size_t k = 0; k < o->page.n_before; k++)
		if (i->begin_at < o->before[k].end_at && o->before[k].begin_at < i->end_at)
			return &o->before[k];
	return NULL;
}

static void join(struct public_incident *to, const struct public_incident *one)
{
	if (one->begin_at < to->begin_at)
		to->begin_at = one->begin_at;
	if (one->end_at > to->end_at)
		to->end_at = one->end_at;
	if (one->ways != to->ways)
		to->ways = PUBLIC_BOTH;
	if (one->side != to->side)
		to->side = PUBLIC_NOT_KNOWN;
}

static void put_before(struct outside *o, const struct board *b, const struct store_incidents *from)
{
	for (size_t i = from->n_open; i < from->n; i++) {
		const struct incident *in = &from->rows[i].incident;
		const size_t at = board_find(b, from->rows[i].test_id);

		if (at == SIZE_MAX || !is_message(&b->tests[at]))
			continue;
		const struct public_incident one = { in->begin_at, in->end_at,
			way_of(&b->tests[at]), side_of(in->reason) };
		struct public_incident *beside = find_beside(o, in);
		if (beside)
			join(beside, &one);
		else if (o->page.n_before < OUTSIDE_BEFORE)
			o->before[o->page.n_before++] = one;
	}
}

/* ---- planned ---- */

static bool is_there(const struct outside *o, const struct zone_span *span)
{
	for (size_t i = 0; i < o->page.n_planned; i++)
		if (o->planned[i].begin_at == span->begin && o->planned[i].end_at == span->end)
			return true;
	return false;
}

static void put_windows(struct outside *o, const struct plan_test *p, int64_t now_at)
{
	for (unsigned k = 0; k < p->n_windows && o->page.n_planned < OUTSIDE_PLANNED; k++) {
		struct zone_span span;

		if (window_next(&p->windows[k].window, p->windows[k].zone, now_at, &span) &&
			!is_there(o, &span))
			o->planned[o->page.n_planned++] =
				(struct public_planned){ span.begin, span.end };
	}
}

void outside_fill(struct outside *ret, const struct board *b, const struct store_overview *days,
	const struct store_incidents *over, int64_t now_at)
{
	*ret = (struct outside){ 0 };
	ret->page.before = ret->before;
	ret->page.planned = ret->planned;
	ret->page.now_at = now_at;
	put_now(&ret->page, b);
	if (days)
		put_days(&ret->page, b, days, now_at);
	if (over)
		put_before(ret, b, over);
	for (size_t i = 0; i < b->set.n_tests; i++)
		if (is_message(&b->tests[i]))
			put_windows(ret, b->watched[i]->plan, now_at);
}
