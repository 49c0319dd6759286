/* /history.txt, .json, .csv and /api/v1/runs: what `stox history` shows.
 * ?test= &from= &to= &state= &limit= &before= */
#include <errno.h>

#include "base/mem.h"
#include "watcher/history.h"
#include "watcher/visit.h"

enum { RUNS, NAMES };

static bool take(struct visit *v, const char *name, struct buf *room, struct slice *ret)
{
	const int err = web_query_find(slice_str(v->query), name, room);

	*ret = err ? SLICE_NONE : buf_slice(room);
	return !err || err == -ENOENT;
}

/* Else the limit, and whether there is more, would tell of runs that he does not see. */
static bool has_to_name_one(const struct visit *v)
{
	return !access_may(&v->access, v->access.sees, NULL);
}

static bool read_ask(struct visit *v, struct store_query *ret)
{
	static const char *const names[] = { "test", "from", "to", "state", "limit" };
	uint8_t rooms[COUNT(names)][sizeof(v->query)];
	struct slice values[COUNT(names)];
	struct buf b[COUNT(names)];

	for (size_t i = 0; i < COUNT(names); i++) {
		buf_init_in(&b[i], rooms[i], sizeof(rooms[i]));
		if (!take(v, names[i], &b[i], &values[i]))
			return false;
	}
	const struct history_ask a = { values[0], values[1], values[2], values[3], values[4] };
	if (!history_read(&a, &v->reader, ret))
		return false;
	ret->before = v->before;
	if (!a.test.n)
		return !has_to_name_one(v);
	const struct watched *t = roster_find(&v->w->roster, a.test);
	ret->test_id = t ? t->id : 0;
	return t && access_may(&v->access, v->access.sees, t);
}

static bool ask_as(struct visit *v, enum history_form form)
{
	v->form = form;
	v->n_asks = read_ask(v, &v->asks[RUNS]) ? 2 : 0;
	v->asks[NAMES] = (struct store_query){ .type = STORE_TESTS };
	return true;
}

/* What cannot be asked is told when it is shown. */
static bool ask(struct visit *v)
{
	static const struct {
		struct slice name;
		enum history_form form;
	} forms[] = { { SLICE("history.txt"), HISTORY_TEXT },
		{ SLICE("history.json"), HISTORY_JSON }, { SLICE("history.csv"), HISTORY_CSV } };

	if (v->is_json)
		return ask_as(v, HISTORY_JSON);
	for (size_t i = 0; i < COUNT(forms); i++)
		if (slice_eq(v->values[0], forms[i].name))
			return ask_as(v, forms[i].form);
	return false;
}

static int show_bad(struct visit *v, struct web_answer *ret)
{
	uint8_t room[sizeof(v->query)];
	struct page_error bad = { .status = 400 };
	struct slice test;
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	if (has_to_name_one(v) && take(v, "test", &b, &test) && !test.n)
		bad.why = N_("You do not see all tests: name one of yours with ?test=.");
	return visit_error(v, ret, &bad);
}

/* Of those tests alone that he sees. */
static void leave_out(const struct visit *v, struct store_runs *runs)
{
	size_t n = 0;

	for (size_t i = 0; i < runs->n; i++)
		if (access_sees(&v->access, v->w, runs->rows[i].test_id))
			runs->rows[n++] = runs->rows[i];
	runs->n = n;
}

static int show(struct visit *v, struct web_answer *ret)
{
	if (!v->n_asks)
		return show_bad(v, ret);
	if (visit_has_failed(v, ret))
		return 0;
	leave_out(v, v->answers[RUNS]->runs);
	ret->status = 200;
	ret->type = history_form_types[v->form];
	ret->cache = "no-store";
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
	return history_put(&ret->body, (enum history_form)v->form, &v->reader,
		v->answers[RUNS]->runs, v->answers[NAMES]->names);
}

const struct view view_history = {
	.pattern = "/{}", .api = "/api/v1/runs", .ask = ask, .show = show, .needs = ROLE_HISTORY
};
