/* The list of tests, all or those that the query names: ?state= &pool= &partner=. */
#include <string.h>

#include "base/mem.h"
#include "page/words.h"
#include "watcher/as_json.h"
#include "watcher/shown.h"
#include "watcher/visit.h"

enum { STATE, POOL, PARTNER, FILTERS };

struct tests_list {
	struct page_test *tests;
	size_t n;
	struct page_choice *choices[FILTERS];
	struct page_filter filters[FILTERS];
};

/* ---- what the query says ---- */

static bool read_value(struct slice query, const char *name, char *ret, size_t size)
{
	struct buf value;

	buf_init(&value, size);
	const int err = web_query_find(query, name, &value);
	const bool is_read = err ? err == -ENOENT : slice_cstr(buf_slice(&value), ret, size);
	buf_done(&value);
	return is_read;
}

bool visit_read_filters(struct visit *v, struct slice query)
{
	struct visit_filters *f = &v->filters;

	return read_value(query, "state", f->state, sizeof(f->state)) &&
	       read_value(query, "pool", f->pool, sizeof(f->pool)) &&
	       read_value(query, "partner", f->partner, sizeof(f->partner));
}

/* ---- which tests ---- */

static bool is_of(const struct page_place *places, uint32_t n, uint32_t at, const char *id)
{
	return !id[0] || (at < n && slice_ieqs(places[at].id, id));
}

static bool is_wanted(const struct visit_filters *f, const struct page_set *set, size_t i)
{
	const struct page_test *t = &set->tests[i];

	return (!f->state[0] || strcmp(f->state, watch_state_name(t->state)) == 0) &&
	       is_of(set->pools, set->n_pools, t->pool, f->pool) &&
	       is_of(set->partners, set->n_partners, t->partner, f->partner);
}

/* Of 24 hours; before the first one is over, or without the history, what this process has seen. */
static void put_shares(struct board *b, const struct store_answer *answer)
{
	for (size_t i = 0; i < b->set.n_tests; i++)
		b->tests[i].share = shown_seen(b->watched[i]);
	for (size_t i = 0; !answer->err && i < answer->overview->n; i++) {
		const struct store_overview_test *t = &answer->overview->tests[i];
		const size_t at = board_find(b, t->test_id);
		const struct page_share share = shown_share(&t->day);

		if (at != SIZE_MAX && share.judged)
			b->tests[at].share = share;
	}
}

/* ---- what can be chosen ---- */

static void put_states(struct tests_list *l, const struct visit *v)
{
	struct page_filter *f = &l->filters[STATE];

	*f = (struct page_filter){ "state", N_("State"), l->choices[STATE], WATCH_STATES };
	for (unsigned i = 0; i < WATCH_STATES; i++) {
		const char *id = watch_state_name((enum watch_state)i),
			   *name = words_state((enum watch_state)i);

		l->choices[STATE][i] = (struct page_choice){ slice_str(id),
			slice_str(v->reader.look_up ? v->reader.look_up(name) : name),
			strcmp(v->filters.state, id) == 0 };
	}
}

static void put_places(struct tests_list *l, unsigned which, const struct page_place *places,
	uint32_t n, const char *chosen)
{
	for (uint32_t i = 0; i < n; i++)
		l->choices[which][i] = (struct page_choice){ places[i].id, places[i].name,
			slice_ieqs(places[i].id, chosen) };
	l->filters[which].choices = l->choices[which];
	l->filters[which].n_choices = n;
}

static int fill(struct tests_list *l, const struct visit *v, const struct board *b)
{
	const struct page_set *set = &b->set;
	const size_t n[FILTERS] = { WATCH_STATES, set->n_pools, set->n_partners };

	*l = (struct tests_list){ .tests = mem_alloc0((set->n_tests + 1) * sizeof(*l->tests)) };
	if (!l->tests)
		return -ENOMEM;
	for (unsigned i = 0; i < FILTERS; i++) {
		l->choices[i] = mem_alloc0((n[i] + 1) * sizeof(*l->choices[i]));
		if (!l->choices[i])
			return -ENOMEM;
	}
	for (size_t i = 0; i < set->n_tests; i++)
		if (is_wanted(&v->filters, set, i))
			l->tests[l->n++] = set->tests[i];
	put_states(l, v);
	l->filters[POOL] = (struct page_filter){ .name = "pool", .label = N_("Pool") };
	l->filters[PARTNER] = (struct page_filter){ .name = "partner", .label = N_("Partner") };
	put_places(l, POOL, set->pools, set->n_pools, v->filters.pool);
	put_places(l, PARTNER, set->partners, set->n_partners, v->filters.partner);
	return 0;
}

static void free_list(struct tests_list *l)
{
	for (unsigned i = 0; i < FILTERS; i++)
		mem_free(l->choices[i]);
	mem_free(l->tests);
}

/* ---- the view ---- */

static bool ask_tests(struct visit *v)
{
	v->asks[0] = (struct store_query){ .type = STORE_OVERVIEW, .now_at = v->reader.now_at };
	v->n_asks = 1;
	return true;
}

static int show_tests(struct visit *v, struct web_answer *ret)
{
	struct tests_list list = { 0 };
	struct board b;

	int err = board_new(&b, v->w, &v->reader, SLICE_NONE, SLICE_NONE);
	if (!err) {
		put_shares(&b, v->answers[0]);
		err = fill(&list, v, &b);
	}
	struct page_tests_model model = {
		.set = b.set, .filters = list.filters, .n_filters = FILTERS, .n_all = b.set.n_tests
	};
	model.set.tests = list.tests;
	model.set.n_tests = list.n;
	if (!err)
		err = v->is_json ? as_json_tests(&ret->body, &v->reader, &model)
				 : page_tests(&ret->body, &v->reader, &model);
	free_list(&list);
	board_done(&b);
	return visit_page(v, ret, err);
}

const struct view view_tests = { "/tests", "/api/v1/tests", ask_tests, show_tests, ROLE_VIEW };
