#include "watcher/board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "watcher/access.h"
#include "watcher/share.h"
#include "watcher/shown.h"

_Static_assert(RUN_ID_MAX <= sizeof(((struct board_texts *)0)->run), "room for a run's id");

/* ---- places ---- */

enum side { POOLS, PARTNERS };

static uint32_t add_place(struct board *b, enum side side, const char *name)
{
	struct page_place *places = side == POOLS ? b->pools : b->partners;
	uint32_t *n = side == POOLS ? &b->set.n_pools : &b->set.n_partners;
	struct board_name *node = &b->name_nodes[b->n_names++];

	places[*n] = (struct page_place){ .id = slice_str(name), .name = slice_str(name) };
	node->at = *n;
	/* Without memory it stands there twice, and nothing is wrong. */
	(void)map_insert(&b->names[side], &node->node, slice_str(name));
	return (*n)++;
}

static uint32_t find_place(struct board *b, enum side side, const char *name)
{
	if (!name)
		return PAGE_NONE;
	const struct board_name *known =
		MAP_FIND(&b->names[side], slice_str(name), struct board_name, node);
	return known ? known->at : add_place(b, side, name);
}

/* The names are the administrator's own: they need no salt that nobody knows. */
static void begin_names(struct board *b, size_t n)
{
	struct rng rng;

	rng_init_number(&rng, 0);
	for (size_t i = 0; i < COUNT(b->names); i++)
		map_init(&b->names[i], n, &rng);
}

static void end_names(struct board *b)
{
	for (size_t i = 0; i < COUNT(b->names); i++)
		map_done(&b->names[i]);
	b->name_nodes = mem_free(b->name_nodes);
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

/* What another watcher found: its history says it, and not in words. */
static void put_others_trouble(struct board *b, size_t i, const struct store_state *s)
{
	const struct incident *incident = &s->kept.incident;
	const int64_t at = incident->begin_at ? incident->last_at : s->kept.last_at;

	b->troubles[i] = (struct page_trouble){ .reason = s->reason,
		.run_at = at,
		.run = slice_str(run_id_put(b->texts[i].run, s->test_id, at)),
		.n_failed = incident->runs,
		.n_runs = incident->runs,
		.times = incident->times,
		.is_flapping = incident->is_flapping };
	b->tests[i].trouble = &b->troubles[i];
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
		[CONF_TEST_INTERNAL] = PAGE_INTERNAL,
		[CONF_TEST_SERVERS] = PAGE_SERVERS,
		[CONF_TEST_PARTNER] = PAGE_FEDERATION,
	};
	const size_t i = b->set.n_tests++;
	struct page_test *p = &b->tests[i];

	b->watched[i] = t;

	*p = (struct page_test){ .id = (uint32_t)t->id,
		.pool = find_place(b, POOLS, t->plan->pool),
		.partner = find_place(b, PARTNERS, t->plan->domain),
		.kind = kinds[t->plan->kind],
		.state = t->state.state,
		.since_at = t->state.since_at,
		.last_at = t->state.last_at,
		.location = slice_str(t->plan->location),
		.median_us = shown_span(t->latency_us),
		.is_refused = t->plan->expected != REASON_NONE && t->state.state == WATCH_OK,
		.interval_us = watched_is_on(t) ? (int64_t)t->plan->interval : 0 };
	if (!t->plan->pool && p->kind == PAGE_SERVERS)
		p->kind = PAGE_PARTNER;
	else if (watched_direction(t) == SENTENCE_FROM)
		p->kind = PAGE_FROM;
	if (p->state == WATCH_MAINTENANCE)
		p->until_at = maintenance_ends(t->plan, v->now_at);
	if (has_trouble(p->state) && p->since_at)
		put_trouble(b, i, t, v);
}

/* ---- how all of them stand ---- */

static int judge(struct board *b, const struct page_view *v)
{
	static const enum sentence_direction directions[PAGE_KINDS] = { [PAGE_TO] = SENTENCE_TO,
		[PAGE_FROM] = SENTENCE_FROM,
		[PAGE_REGISTER] = SENTENCE_ALONE,
		[PAGE_INTERNAL] = SENTENCE_ALONE,
		[PAGE_SERVERS] = SENTENCE_ALONE,
		[PAGE_PARTNER] = SENTENCE_ALONE,
		[PAGE_FEDERATION] = SENTENCE_ALONE };
	struct sentence_test *tests = mem_alloc0((b->set.n_tests + 1) * sizeof(*tests));
	size_t n_enabled = 0;

	if (!tests)
		return -ENOMEM;
	for (size_t i = 0; i < b->set.n_tests; i++) {
		n_enabled += b->tests[i].interval_us != 0;
		tests[i] = (struct sentence_test){ .pool = b->tests[i].pool,
			.partner = b->tests[i].partner,
			.direction = directions[b->tests[i].kind],
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

/* The same test as another location sees it: a row of its own, beside the one of here. */
static bool put_other(struct board *b, const struct share_other *o, size_t at)
{
	const struct store_state *s = o->state;
	const size_t own = board_find(b, o->own_id);

	if (own == SIZE_MAX)
		return false;
	b->watched[at] = b->watched[own];
	b->tests[at] = (struct page_test){ .id = (uint32_t)s->test_id,
		.pool = b->tests[own].pool,
		.partner = b->tests[own].partner,
		.kind = b->tests[own].kind,
		.location = slice_str(s->location),
		.state = s->kept.state,
		.since_at = s->kept.since_at,
		.last_at = s->kept.last_at,
		.median_us = shown_span(s->latency_us),
		.interval_us = b->tests[own].interval_us };
	if (has_trouble(s->kept.state) && s->kept.since_at)
		put_others_trouble(b, at, s);
	return true;
}

static void put_others(struct board *b, const struct share_other *others, size_t n)
{
	size_t end = b->set.n_tests;

	sort(b); /* ours are looked for by it */
	for (size_t i = 0; i < n; i++)
		end += put_other(b, &others[i], end);
	b->set.n_tests = end;
	sort(b);
}

static bool is_wanted(const struct plan_test *p, struct slice pool, struct slice partner)
{
	return (!pool.n || slice_ieqs(pool, p->pool ? p->pool : "")) &&
	       (!partner.n || slice_ieqs(partner, p->domain ? p->domain : ""));
}

int board_new(struct board *ret, const struct watcher *w, const struct page_view *v,
	struct slice pool, struct slice partner)
{
	size_t n_others;
	const struct share_other *others = share_others(w->share, &n_others);
	const size_t n = w->roster.n + n_others + 1;
	struct board b = { .pools = mem_alloc0(n * sizeof(*b.pools)),
		.partners = mem_alloc0(n * sizeof(*b.partners)),
		.tests = mem_alloc0(n * sizeof(*b.tests)),
		.watched = mem_alloc0(n * sizeof(const struct watched *)),
		.troubles = mem_alloc0(n * sizeof(*b.troubles)),
		.texts = mem_alloc0(n * sizeof(*b.texts)),
		.by_id = mem_alloc0(n * sizeof(*b.by_id)),
		.name_nodes = mem_alloc0(2 * n * sizeof(*b.name_nodes)),
		.n_texts = n };
	const bool is_whole = b.pools && b.partners && b.tests && b.watched && b.troubles &&
			      b.texts && b.by_id && b.name_nodes;
	int err = is_whole ? 0 : -ENOMEM;

	begin_names(&b, n);
	for (unsigned i = 0; !err && v->access && i < w->roster.n; i++)
		if (is_wanted(w->roster.tests[i]->plan, pool, partner) &&
			access_may(v->access, v->access->sees, w->roster.tests[i]))
			put_test(&b, w->roster.tests[i], v);
	end_names(&b);
	if (!err)
		put_others(&b, others, n_others);
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
