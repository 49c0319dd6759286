#include "watcher/board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "watcher/access.h"
#include "watcher/shown.h"

_Static_assert(RUN_ID_MAX <= sizeof(((struct board_texts *)0)->run), "room for a run's id");

/* ---- places ---- */

/* Where `hint` was the last one: tests come pool by pool, and partners in their order within. */
static uint32_t find_place(struct page_place *places, uint32_t *n, const char *name, uint32_t hint)
{
	if (!name)
		return PAGE_NONE;
	for (uint32_t i = hint; i < *n && i - hint < 2; i++)
		if (slice_eqs(places[i].id, name))
			return i;
	for (uint32_t i = 0; i < *n; i++)
		if (slice_eqs(places[i].id, name))
			return i;
	places[*n] = (struct page_place){ .id = slice_str(name), .name = slice_str(name) };
	return (*n)++;
}

/* ---- a test ---- */

void board_incident_id(char ret[BOARD_ID_MAX], int64_t id)
{
	snprintf(ret, BOARD_ID_MAX, "%" PRId64, id);
}

bool board_read_incident_id(struct slice text, int64_t *ret)
{
	uint64_t id;

	if (!slice_u64(text, INT64_MAX, &id) || id == 0)
		return false;
	*ret = (int64_t)id;
	return true;
}

static char *say(const struct text *t, text_look_up *look_up)
{
	struct buf b;

	buf_init(&b, 8192);
	text_put(&b, t, look_up);
	char *ret = mem_strdup(buf_cstr(&b));
	buf_done(&b);
	return ret;
}

/* Why it is not OK, from what is in memory; the history adds what it knows. */
static void put_trouble(
	struct board *b, size_t i, const struct watched *t, const struct page_view *v)
{
	struct page_trouble *trouble = &b->troubles[i];
	struct board_texts *texts = &b->texts[i];
	const struct incident *incident = &t->state.incident;
	const int64_t at = incident->begin_at ? incident->last_at : t->state.last_at;

	*trouble = (struct page_trouble){ .reason = t->reason };
	if (t->why)
		texts->message = say(t->why, v->look_up);
	trouble->message = slice_str(texts->message);
	trouble->step = slice_str(t->step);
	if (at)
		trouble->run = slice_str(run_id_put(texts->run, t->id, at));
	trouble->run_at = at;
	if (t->state.last_ok_at)
		trouble->good_run = slice_str(run_id_put(texts->good, t->id, t->state.last_ok_at));
	trouble->good_at = t->state.last_ok_at;
	trouble->n_failed = trouble->n_runs = incident->runs;
	trouble->times = incident->times;
	trouble->is_flapping = incident->is_flapping;
	b->tests[i].trouble = trouble;
}

static int64_t maintenance_ends(const struct plan_test *p, int64_t now_at)
{
	int64_t end = 0;

	for (unsigned i = 0; i < p->n_windows; i++) {
		struct zone_span span;

		if (window_next(&p->windows[i].window, p->windows[i].zone, now_at, &span) &&
			span.begin <= now_at && span.end > end)
			end = span.end;
	}
	return end;
}

static bool has_trouble(enum watch_state s)
{
	return s != WATCH_OK && s != WATCH_MAINTENANCE;
}

static void put_test(struct board *b, const struct watched *t, const struct page_view *v)
{
	static const enum page_kind kinds[] = {
		[CONF_TEST_IM] = PAGE_TO,
		[CONF_TEST_REGISTER] = PAGE_REGISTER,
		[CONF_TEST_SERVERS] = PAGE_SERVERS,
	};
	const size_t i = b->set.n_tests++;
	struct page_test *p = &b->tests[i];
	const struct page_test *last = i ? p - 1 : p;

	b->watched[i] = t;

	*p = (struct page_test){ .id = (uint32_t)t->id,
		.pool = find_place(b->pools, &b->set.n_pools, t->plan->pool, last->pool),
		.partner =
			find_place(b->partners, &b->set.n_partners, t->plan->domain, last->partner),
		.kind = kinds[t->plan->kind],
		.state = t->state.state,
		.since_at = t->state.since_at,
		.last_at = t->state.last_at,
		.median_us = shown_span(t->latency_us),
		.is_refused = t->plan->expected != REASON_NONE && t->state.state == WATCH_OK,
		.interval_us = t->is_scheduled ? (int64_t)t->plan->interval : 0 };
	if (!t->plan->pool)
		p->kind = PAGE_PARTNER;
	if (p->state == WATCH_MAINTENANCE)
		p->until_at = maintenance_ends(t->plan, v->now_at);
	if (has_trouble(p->state) && p->since_at)
		put_trouble(b, i, t, v);
}

/* ---- how all of them stand ---- */

static int judge(struct board *b, const struct page_view *v)
{
	struct sentence_test *tests = mem_alloc0((b->set.n_tests + 1) * sizeof(*tests));
	size_t n_enabled = 0;

	if (!tests)
		return -ENOMEM;
	for (size_t i = 0; i < b->set.n_tests; i++) {
		n_enabled += b->tests[i].interval_us != 0;
		tests[i] = (struct sentence_test){ .pool = b->tests[i].pool,
			.partner = b->tests[i].partner,
			.direction = b->tests[i].kind == PAGE_TO ? SENTENCE_TO : SENTENCE_ALONE,
			.state = b->tests[i].state,
			.since_at = page_test_is_judged(&b->tests[i]) ? b->tests[i].since_at : 0 };
	}
	b->sentence = sentence_of(
		tests, n_enabled ? b->set.n_tests : 0, v->last_at, v->interval_us, v->now_at);
	mem_free(tests);
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct board_place *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static void sort(struct board *b)
{
	for (size_t i = 0; i < b->set.n_tests; i++)
		b->by_id[i] = (struct board_place){ b->tests[i].id, i };
	qsort(b->by_id, b->set.n_tests, sizeof(*b->by_id), by_id);
}

static bool is_wanted(const struct plan_test *p, struct slice pool, struct slice partner)
{
	return (!pool.n || slice_ieqs(pool, p->pool ? p->pool : "")) &&
	       (!partner.n || slice_ieqs(partner, p->domain ? p->domain : ""));
}

int board_new(struct board *ret, const struct watcher *w, const struct page_view *v,
	struct slice pool, struct slice partner)
{
	const size_t n = w->roster.n + 1;
	struct board b = { .pools = mem_alloc0(n * sizeof(*b.pools)),
		.partners = mem_alloc0(n * sizeof(*b.partners)),
		.tests = mem_alloc0(n * sizeof(*b.tests)),
		.watched = mem_alloc0(n * sizeof(const struct watched *)),
		.troubles = mem_alloc0(n * sizeof(*b.troubles)),
		.texts = mem_alloc0(n * sizeof(*b.texts)),
		.by_id = mem_alloc0(n * sizeof(*b.by_id)),
		.n_texts = n };
	const bool is_whole =
		b.pools && b.partners && b.tests && b.watched && b.troubles && b.texts && b.by_id;
	int err = is_whole ? 0 : -ENOMEM;

	for (unsigned i = 0; !err && v->access && i < w->roster.n; i++)
		if (is_wanted(w->roster.tests[i]->plan, pool, partner) &&
			access_may(v->access, v->access->sees, w->roster.tests[i]))
			put_test(&b, w->roster.tests[i], v);
	if (!err)
		sort(&b);
	b.set.pools = b.pools;
	b.set.partners = b.partners;
	b.set.tests = b.tests;
	if (!err)
		err = judge(&b, v);
	*ret = b;
	if (err)
		board_done(ret);
	return err;
}

void board_done(struct board *b)
{
	for (size_t i = 0; b->texts && i < b->n_texts; i++)
		mem_free(b->texts[i].message);
	mem_free(b->pools);
	mem_free(b->partners);
	mem_free(b->tests);
	mem_free(b->watched);
	mem_free(b->troubles);
	mem_free(b->texts);
	mem_free(b->by_id);
	*b = (struct board){ 0 };
}

size_t board_find(const struct board *b, int64_t test_id)
{
	const struct board_place key = { .id = test_id };
	const struct board_place *found =
		bsearch(&key, b->by_id, b->set.n_tests, sizeof(key), by_id);

	return found ? found->at : SIZE_MAX;
}
