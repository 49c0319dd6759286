/* The pages of all tests: the overview, a pool's, a partner's, the list. */
#include "base/mem.h"
#include "watcher/as_json.h"
#include "watcher/days.h"
#include "watcher/shown.h"
#include "watcher/visit.h"

enum { OVERVIEW, RECENT, RECENT_SHOWN = 8, RECENT_DAYS = 7 };

/* What the history adds to the board. */
struct rest {
	struct page_spark *sparks;
	struct page_days *days; /* of each partner */
	struct page_incident_row *over;
	char (*ids)[BOARD_ID_MAX];
	size_t n_over;
};

static void free_rest(struct rest *r)
{
	mem_free(r->sparks);
	mem_free(r->days);
	mem_free(r->over);
	mem_free(r->ids);
}

/* ---- 24 hours ---- */

/* The page has more bins than the history has hours: an hour may be drawn twice. */
static void put_spark(struct page_spark *ret, const struct store_overview_test *t)
{
	ret->median_us = shown_span(t->median30_us);
	for (unsigned i = 0; i < PAGE_SPARK_BINS; i++) {
		const struct store_spark *s = &t->spark[i * STORE_SPARK_BINS / PAGE_SPARK_BINS];

		if (s->failed)
			ret->failed |= 1U << i;
		else if (s->runs && s->latency_us > 0)
			ret->us[i] =
				(uint32_t)(s->latency_us < UINT32_MAX ? s->latency_us : UINT32_MAX);
	}
}

/* ---- recently over ---- */

static void put_incidents(struct rest *r, struct board *b, const struct store_incidents *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct store_incident *one = &from->rows[i];
		const size_t at = board_find(b, one->test_id);

		if (at == SIZE_MAX)
			continue;
		if (i < from->n_open) {
			board_incident_id(b->texts[at].incident, one->id);
			b->troubles[at].incident = slice_str(b->texts[at].incident);
		} else if (r->n_over < RECENT_SHOWN) {
			r->over[r->n_over] = shown_incident(one, b, at, r->ids[r->n_over]);
			r->n_over++;
		}
	}
}

static int fill(struct rest *r, struct visit *v, struct board *b)
{
	const struct store_overview *o = v->answers[OVERVIEW]->overview;

	*r = (struct rest){ .sparks = mem_alloc0((b->set.n_tests + 1) * sizeof(*r->sparks)),
		.days = mem_alloc0((b->set.n_partners + 1) * sizeof(*r->days)),
		.over = mem_alloc0(RECENT_SHOWN * sizeof(*r->over)),
		.ids = mem_alloc0(RECENT_SHOWN * sizeof(*r->ids)) };
	if (!r->sparks || !r->days || !r->over || !r->ids)
		return -ENOMEM;
	for (uint32_t i = 0; i < b->set.n_partners; i++) {
		r->days[i].name = b->partners[i].name;
		r->days[i].href_id = b->partners[i].id;
	}
	for (size_t i = 0; i < o->n; i++) {
		const size_t at = board_find(b, o->tests[i].test_id);

		if (at == SIZE_MAX)
			continue;
		put_spark(&r->sparks[at], &o->tests[i]);
		b->tests[at].spark = &r->sparks[at];
		b->tests[at].share = shown_share(&o->tests[i].day);
		if (b->tests[at].partner != PAGE_NONE)
			days_add(&r->days[b->tests[at].partner], o, i, b->watched[at],
				v->reader.now_at);
	}
	put_incidents(r, b, v->answers[RECENT]->incidents);
	return 0;
}

/* ---- the views ---- */

static bool ask_board(struct visit *v)
{
	v->asks[OVERVIEW] =
		(struct store_query){ .type = STORE_OVERVIEW, .now_at = v->reader.now_at };
	v->asks[RECENT] = (struct store_query){ .type = STORE_INCIDENTS,
		.from = v->reader.now_at - RECENT_DAYS * SHOWN_DAY_US,
		.limit = 200 };
	v->n_asks = 2;
	return true;
}

static int64_t last_failure(const struct board *b)
{
	int64_t at = 0;

	for (size_t i = 0; i < b->set.n_tests; i++)
		if (b->watched[i]->state.last_failed_at > at)
			at = b->watched[i]->state.last_failed_at;
	return at;
}

static size_t put_planned(const struct visit *v, struct page_planned *ret, size_t max);

/* When the history does not answer, what is in memory is shown. */
static int show_board(
	struct visit *v, struct web_answer *ret, struct slice pool, struct slice partner)
{
	enum { PLANNED_MAX = 8 };
	static const struct page_error gone = { .status = 404 };
	struct page_planned planned[PLANNED_MAX];
	struct rest rest = { 0 };
	struct board b;

	int err = board_new(&b, v->w, &v->reader, pool, partner);
	if (!err && (pool.n || partner.n) && !b.set.n_tests) {
		board_done(&b);
		return visit_error(v, ret, &gone); /* another configuration has it no more */
	}
	const bool is_away = v->answers[OVERVIEW]->err || v->answers[RECENT]->err;
	if (!err && !is_away)
		err = fill(&rest, v, &b);
	const struct page_overview model = { .sentence = b.sentence,
		.set = b.set,
		.days = rest.days,
		.n_days = rest.days ? b.set.n_partners : 0,
		.over = rest.over,
		.n_over = rest.n_over,
		.planned = planned,
		.n_planned = put_planned(v, planned, PLANNED_MAX),
		.failed_last_at = last_failure(&b),
		.only = pool.n      ? b.pools
			: partner.n ? b.partners
				    : NULL,
		.history_is_away = is_away,
		.away_since_at = v->w->held_since };
	if (!err)
		err = v->is_json ? as_json_overview(&ret->body, &v->reader, &model)
				 : page_overview(&ret->body, &v->reader, &model);
	free_rest(&rest);
	board_done(&b);
	return visit_page(v, ret, err);
}

static int show_overview(struct visit *v, struct web_answer *ret)
{
	return show_board(v, ret, SLICE_NONE, SLICE_NONE);
}

static int show_pool(struct visit *v, struct web_answer *ret)
{
	return show_board(v, ret, v->values[0], SLICE_NONE);
}

static int show_partner(struct visit *v, struct web_answer *ret)
{
	return show_board(v, ret, SLICE_NONE, v->values[0]);
}

static bool ask_pool(struct visit *v)
{
	for (unsigned i = 0; i < v->w->roster.n; i++) {
		const char *pool = v->w->roster.tests[i]->plan->pool;

		if (pool && slice_ieqs(v->values[0], pool))
			return ask_board(v);
	}
	return false;
}

static bool ask_partner(struct visit *v)
{
	for (unsigned i = 0; i < v->w->roster.n; i++) {
		const char *domain = v->w->roster.tests[i]->plan->domain;

		if (domain && slice_ieqs(v->values[0], domain))
			return ask_board(v);
	}
	return false;
}

static bool ask_nothing(struct visit *v)
{
	(void)v;
	return true;
}

/* ---- maintenance ---- */

static bool is_seen(const struct visit *v, unsigned i)
{
	return access_may(&v->access, v->access.sees, v->w->roster.tests[i]);
}

/* Windows that several tests share are one. */
static bool is_known(const struct visit *v, unsigned i)
{
	const struct roster *r = &v->w->roster;

	for (unsigned k = 0; k < i; k++)
		if (r->tests[k]->plan->windows == r->tests[i]->plan->windows && is_seen(v, k))
			return true;
	return false;
}

static size_t put_planned(const struct visit *v, struct page_planned *ret, size_t max)
{
	const struct watcher *w = v->w;
	const int64_t now_at = v->reader.now_at;
	size_t n = 0;

	for (unsigned i = 0; i < w->roster.n && n < max; i++) {
		const struct plan_test *p = w->roster.tests[i]->plan;

		if (!p->n_windows || !is_seen(v, i) || is_known(v, i))
			continue;
		for (unsigned k = 0; k < p->n_windows && n < max; k++) {
			struct zone_span span;

			if (!window_next(&p->windows[k].window, p->windows[k].zone, now_at, &span))
				continue;
			ret[n++] = (struct page_planned){ .begin_at = span.begin,
				.end_at = span.end,
				.what = slice_str(p->key),
				.why = slice_str(p->windows[k].text),
				.is_running = span.begin <= now_at };
		}
	}
	return n;
}

static int show_maintenance(struct visit *v, struct web_answer *ret)
{
	enum { LISTED_MAX = 200 };
	struct page_planned *planned = mem_alloc0(LISTED_MAX * sizeof(*planned));

	if (!planned)
		return -ENOMEM;
	const struct page_maintenance_model model = { .planned = planned,
		.n_planned = put_planned(v, planned, LISTED_MAX) };
	int err = v->is_json ? as_json_maintenance(&ret->body, &v->reader, &model)
			     : page_maintenance(&ret->body, &v->reader, &model);
	mem_free(planned);
	return visit_page(v, ret, err);
}

const struct view view_overview = { "/", "/api/v1/overview", ask_board, show_overview, ROLE_VIEW };
const struct view view_pool = { "/pools/{}", "/api/v1/pools/{}", ask_pool, show_pool, ROLE_VIEW };
const struct view view_partner = { "/partners/{}", "/api/v1/partners/{}", ask_partner, show_partner,
	ROLE_VIEW };
const struct view view_maintenance = { "/maintenance", "/api/v1/maintenance", ask_nothing,
	show_maintenance, ROLE_VIEW };
