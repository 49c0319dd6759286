/* The list of incidents, and the page of one. */
#include <stdio.h>

#include "base/mem.h"
#include "page/feed.h"
#include "watcher/as_json.h"
#include "watcher/shown.h"
#include "watcher/visit.h"

enum { LISTED = 100, RUNS_MAX_SHOWN = 50, INCIDENT_DAYS = 90 };

/* ---- one ---- */

struct one {
	char id[BOARD_ID_MAX], first[RUN_ID_MAX], last[RUN_ID_MAX], good[RUN_ID_MAX];
	struct buf path;
	struct page_moment moments[3];
};

static void put_moments(struct page_incident *ret, struct one *o, const struct incident *i)
{
	o->moments[ret->n_moments++] =
		(struct page_moment){ i->begin_at, N_("first failure"), SLICE_NONE };
	if (i->last_at != i->begin_at)
		o->moments[ret->n_moments++] =
			(struct page_moment){ i->last_at, N_("last failure"), SLICE_NONE };
	if (i->end_at)
		o->moments[ret->n_moments++] =
			(struct page_moment){ i->end_at, N_("passes again"), SLICE_NONE };
	ret->moments = o->moments;
}

static void put_incident(struct page_incident *ret, struct one *o,
	const struct store_incident *from, const struct board *b, size_t at)
{
	const struct watched *t = b->watched[at];
	const struct incident *i = &from->incident;

	*ret = (struct page_incident){ .n_tests = 1,
		.times = i->times,
		.is_flapping = i->is_flapping,
		.first_run = slice_str(run_id_put(o->first, from->test_id, i->begin_at)),
		.last_run = slice_str(run_id_put(o->last, from->test_id, i->last_at)),
		.first_at = i->begin_at,
		.last_at = i->last_at };
	ret->row = shown_incident(from, b, at, o->id);
	put_moments(ret, o, i);
	if (t->state.last_ok_at && !i->end_at) {
		ret->good_run = slice_str(run_id_put(o->good, from->test_id, t->state.last_ok_at));
		ret->good_at = t->state.last_ok_at;
	}
	page_put_test_path(&o->path, &b->set, &b->tests[at]);
	ret->test_path = buf_slice(&o->path);
}

/* ---- the list ---- */

struct list_of {
	struct page_incident *open;
	struct one *ones;
	struct page_incident_row *over;
	char (*ids)[BOARD_ID_MAX];
	size_t n_open, n_over;
	int64_t down_us;
};

static int fill(struct list_of *l, const struct visit *v, const struct board *b)
{
	const struct store_incidents *from = v->answers[0]->incidents;

	*l = (struct list_of){ .open = mem_alloc0((from->n + 1) * sizeof(*l->open)),
		.ones = mem_alloc0((from->n + 1) * sizeof(*l->ones)),
		.over = mem_alloc0((from->n + 1) * sizeof(*l->over)),
		.ids = mem_alloc0((from->n + 1) * sizeof(*l->ids)) };
	if (!l->open || !l->ones || !l->over || !l->ids)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++) {
		const struct store_incident *one = &from->rows[i];
		const size_t at = board_find(b, one->test_id);
		const struct incident *in = &one->incident;

		if (at == SIZE_MAX)
			continue;
		l->down_us += (in->end_at ? in->end_at : v->reader.now_at) - in->begin_at;
		if (i < from->n_open) {
			buf_init(&l->ones[l->n_open].path, WEB_PATH_MAX);
			put_incident(&l->open[l->n_open], &l->ones[l->n_open], one, b, at);
			l->n_open++;
		} else {
			l->over[l->n_over] = shown_incident(one, b, at, l->ids[l->n_over]);
			l->n_over++;
		}
	}
	return 0;
}

static void free_list(struct list_of *l)
{
	for (size_t i = 0; i < l->n_open; i++)
		buf_done(&l->ones[i].path);
	mem_free(l->open);
	mem_free(l->ones);
	mem_free(l->over);
	mem_free(l->ids);
}

/* Who does not see all tests is not told by the limit how many others have: his own are counted out
 * of as many as an answer has. */
static bool is_partial(const struct visit *v)
{
	return !access_may(&v->access, v->access.sees, NULL);
}

static bool ask_incidents(struct visit *v)
{
	v->asks[0] = (struct store_query){ .type = STORE_INCIDENTS,
		.now_at = v->reader.now_at,
		.from = v->reader.now_at - INCIDENT_DAYS * SHOWN_DAY_US,
		.before = v->before,
		.limit = is_partial(v) ? STORE_LIMIT_MAX : LISTED };
	v->n_asks = 1;
	return true;
}

/* Before anything is made of them: those of the tests that he sees, as many as are listed. */
static void leave_out(const struct visit *v, struct store_incidents *from)
{
	size_t n = 0, n_open = 0;
	bool has_more = false;

	if (!is_partial(v))
		return;
	for (size_t i = 0; i < from->n; i++) {
		if (!access_sees(&v->access, v->w, from->rows[i].test_id))
			continue;
		has_more = i >= from->n_open && n - n_open == LISTED;
		if (has_more)
			break;
		n_open += i < from->n_open;
		from->rows[n++] = from->rows[i];
	}
	from->n = n;
	from->n_open = n_open;
	from->has_more = has_more;
}

static int by_span(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The median of those that are over. */
static int64_t recovery(const struct list_of *l)
{
	int64_t *spans = l->n_over ? mem_alloc0(l->n_over * sizeof(*spans)) : NULL;

	if (!spans)
		return PAGE_NO_SPAN;
	for (size_t i = 0; i < l->n_over; i++)
		spans[i] = l->over[i].end_at - l->over[i].begin_at;
	qsort(spans, l->n_over, sizeof(*spans), by_span);
	const int64_t ret = spans[l->n_over / 2];
	mem_free(spans);
	return ret;
}

static int show_list(struct visit *v, struct web_answer *ret, const struct board *b)
{
	const struct store_incidents *from = v->answers[0]->incidents;
	char older[RUN_ID_MAX] = "";
	struct list_of l = { 0 };

	int err = fill(&l, v, b);
	if (from->has_more && from->n)
		run_id_put(older, from->rows[from->n - 1].test_id,
			from->rows[from->n - 1].incident.begin_at);
	const struct page_incidents_model model = { .set = &b->set,
		.open = l.open,
		.n_open = l.n_open,
		.over = l.over,
		.n_over = l.n_over,
		.n_over_all = l.n_over,
		.down_us = l.down_us,
		.recover_us = err ? PAGE_NO_SPAN : recovery(&l),
		.older = slice_str(older) };
	if (!err)
		err = v->is_json ? as_json_incidents(&ret->body, &v->reader, &model)
				 : page_incidents(&ret->body, &v->reader, &model);
	free_list(&l);
	return visit_page(v, ret, err);
}

static int show_incidents(struct visit *v, struct web_answer *ret)
{
	struct board b;

	if (visit_has_failed(v, ret))
		return 0;
	leave_out(v, v->answers[0]->incidents);
	int err = board_new(&b, v->w, &v->reader, SLICE_NONE, SLICE_NONE);
	if (!err)
		err = show_list(v, ret, &b);
	board_done(&b);
	return err;
}

/* ---- the page of one ---- */

static bool ask_incident(struct visit *v)
{
	v->asks[0] = (struct store_query){
		.type = STORE_INCIDENT, .now_at = v->reader.now_at, .limit = RUNS_MAX_SHOWN
	};
	v->n_asks = 1;
	return board_read_incident_id(v->values[0], &v->asks[0].incident_id);
}

static int show_one(struct visit *v, struct web_answer *ret, const struct board *b, size_t at)
{
	const struct store_incident_one *from = v->answers[0]->incident;
	struct page_run_row *runs = mem_alloc0((from->n + 1) * sizeof(*runs));
	char(*ids)[RUN_ID_MAX] = mem_alloc0((from->n + 1) * sizeof(*ids));
	struct page_incident_model model = { .set = &b->set };
	struct one one = { 0 };

	buf_init(&one.path, WEB_PATH_MAX);
	int err = runs && ids ? 0 : -ENOMEM;
	if (!err) {
		put_incident(&model.incident, &one, &from->incident, b, at);
		for (size_t i = 0; i < from->n; i++)
			runs[i] = shown_run(&from->rows[i], ids[i]);
		model.incident.runs = runs;
		model.incident.n_runs = from->n;
		err = v->is_json ? as_json_incident(&ret->body, &v->reader, &model)
				 : page_incident(&ret->body, &v->reader, &model);
	}
	buf_done(&one.path);
	mem_free(runs);
	mem_free(ids);
	return visit_page(v, ret, err);
}

static int show_incident(struct visit *v, struct web_answer *ret)
{
	static const struct page_error gone = { .status = 404 };
	struct board b;

	if (visit_has_failed(v, ret))
		return 0;
	int err = board_new(&b, v->w, &v->reader, SLICE_NONE, SLICE_NONE);
	const size_t at =
		err ? SIZE_MAX : board_find(&b, v->answers[0]->incident->incident.test_id);
	if (!err)
		err = at == SIZE_MAX ? visit_error(v, ret, &gone) : show_one(v, ret, &b, at);
	board_done(&b);
	return err;
}

/* ---- as a feed ---- */

static int put_feed(struct visit *v, struct web_answer *ret, const struct board *b)
{
	const struct store_incidents *from = v->answers[0]->incidents;
	struct page_incident_row *rows = mem_alloc0((from->n + 1) * sizeof(*rows));
	char(*ids)[BOARD_ID_MAX] = mem_alloc0((from->n + 1) * sizeof(*ids));
	char base[sizeof(v->host) + sizeof("http://")];
	struct page_feed model = { .set = &b->set, .rows = rows };

	snprintf(base, sizeof(base), "http://%s", v->host);
	model.base = slice_str(v->w->file.plan->url ? v->w->file.plan->url : base);
	for (size_t i = 0; rows && ids && i < from->n; i++) {
		const size_t at = board_find(b, from->rows[i].test_id);

		if (at == SIZE_MAX)
			continue;
		rows[model.n_rows] = shown_incident(&from->rows[i], b, at, ids[model.n_rows]);
		model.n_rows++;
	}
	int err = rows && ids ? page_feed(&ret->body, &v->reader, &model) : -ENOMEM;
	mem_free(rows);
	mem_free(ids);
	return err;
}

static int show_feed(struct visit *v, struct web_answer *ret)
{
	struct board b;

	if (visit_has_failed(v, ret))
		return 0;
	leave_out(v, v->answers[0]->incidents);
	int err = board_new(&b, v->w, &v->reader, SLICE_NONE, SLICE_NONE);
	if (!err)
		err = put_feed(v, ret, &b);
	board_done(&b);
	ret->status = 200;
	ret->type = "application/atom+xml; charset=utf-8";
	ret->cache = "no-cache";
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
	return err;
}

const struct view view_feed = { "/feed.atom", NULL, ask_incidents, show_feed, ROLE_HISTORY };
const struct view view_incidents = { "/incidents", "/api/v1/incidents", ask_incidents,
	show_incidents, ROLE_HISTORY };
const struct view view_incident = { "/incidents/{}", "/api/v1/incidents/{}", ask_incident,
	show_incident, ROLE_HISTORY };
