/* All tests as pages show them: places, states, troubles, and whose each row is. */
#include "watcher/board.h"

#include <string.h>

#include "base/mem.h"
#include "plan_rig.h"
#include "watcher/access.h"

static const ts_t start = TS_S(1000);
static const int64_t ahead = INT64_C(1700000000) * 1000000;
static const struct store_known known[] = {
	{ .id = 40 },
	{ .id = 7,
		.kept = { .state = WATCH_FAILED,
			.since_at = 50,
			.last_at = 90,
			.last_ok_at = 40,
			.last_failed_at = 90,
			.incident = { .begin_at = 50, .last_at = 90, .runs = 3, .times = 1 } } },
	{ .id = 9 },
	{ .id = 8 },
};

static struct made made;
static struct watcher w;
static struct page_view view;
static struct access all;

/* a.test to x.test, b.test to x.test, then both registers. */
static int set_up(void **state)
{
	const struct schedule_cfg cfg = { .room = 10, .late_max = TS_S(30) };

	(void)state;
	memset(&w, 0, sizeof(w));
	rng_init_number(&w.rng, 1);
	made = make("  tests: [{}, { kind: register }]\n");
	w.file.plan = made.plan;
	access_init(&all, &w, &(struct role_who){ .by = ROLE_BY_LOCAL, .is_owner = true });
	view = (struct page_view){ .now_at = ahead, .interval_us = 60000000, .access = &all };
	return roster_init(&w.roster, &cfg, ahead, &w.rng) ||
	       roster_take(&w.roster, made.plan, known, start);
}

static int tear_down(void **state)
{
	(void)state;
	roster_done(&w.roster);
	done(&made);
	return 0;
}

static void all_have_their_places(void **state)
{
	struct board b;

	(void)state;
	assert_int_equal(board_new(&b, &w, &view, SLICE_NONE, SLICE_NONE), 0);
	assert_int_equal(b.set.n_tests, 4);
	assert_int_equal(b.set.n_pools, 2);
	assert_int_equal(b.set.n_partners, 1);
	assert_int_equal(b.tests[1].pool, 1);
	assert_int_equal(b.tests[1].partner, 0);
	assert_int_equal(b.tests[1].kind, PAGE_TO);
	assert_int_equal(b.tests[2].kind, PAGE_REGISTER);
	assert_int_equal(b.tests[2].partner, PAGE_NONE);
	for (unsigned i = 0; i < COUNT(known); i++) {
		const size_t at = board_find(&b, known[i].id);

		assert_int_equal(at, i);
		assert_ptr_equal(b.watched[at], w.roster.tests[i]);
	}
	assert_int_equal(board_find(&b, 41), SIZE_MAX);
	board_done(&b);
}

static void both_ways_are_told_apart(void **state)
{
	struct made both = make_with(BOTH_SIGN_IN, "  tests: [{ pool: a.test }]\n");
	struct store_known its[] = { { .id = 7 }, known[1] }; /* failed */
	const struct schedule_cfg cfg = { .room = 10, .late_max = TS_S(30) };
	struct page_view now = view;
	struct board b;

	(void)state;
	its[0].kept = (struct state){ .state = WATCH_OK, .since_at = 50, .last_at = 90 };
	its[1].id = 8;
	now.last_at = ahead;
	roster_done(&w.roster);
	assert_int_equal(roster_init(&w.roster, &cfg, ahead, &w.rng), 0);
	assert_int_equal(roster_take(&w.roster, both.plan, its, start), 0);
	w.file.plan = both.plan;
	assert_int_equal(board_new(&b, &w, &now, SLICE_NONE, SLICE_NONE), 0);
	assert_int_equal(b.set.n_tests, 2);
	assert_int_equal(b.tests[0].kind, PAGE_TO);
	assert_int_equal(b.tests[1].kind, PAGE_FROM);
	assert_int_equal(b.sentence.kind, SENTENCE_TEST);
	assert_int_equal(b.sentence.direction, SENTENCE_FROM);
	board_done(&b);
	roster_done(&w.roster);
	done(&both);
	w.file.plan = made.plan;
	assert_int_equal(roster_init(&w.roster, &cfg, ahead, &w.rng), 0);
}

/* Its rows are others than the roster's. */
static void a_pool_alone(void **state)
{
	struct board b;

	(void)state;
	assert_int_equal(board_new(&b, &w, &view, SLICE("B.test"), SLICE_NONE), 0);
	assert_int_equal(b.set.n_tests, 2);
	assert_int_equal(b.set.n_pools, 1);
	assert_int_equal(board_find(&b, 7), 0);
	assert_string_equal(b.watched[0]->plan->key, "b.test/x.test/to");
	assert_int_equal(board_find(&b, 40), SIZE_MAX);
	board_done(&b);
	assert_int_equal(board_new(&b, &w, &view, SLICE_NONE, SLICE("y.test")), 0);
	assert_int_equal(b.set.n_tests, 0);
	board_done(&b);
}

/* Whoever has a scope sees what is in it, and how that stands; whoever has no role sees nothing. */
static void those_in_scope(void **state)
{
	static const char *const pools[] = { "b.test" };
	const struct role v = {
		.name = "b", .commands = 1u << ROLE_VIEW, .pools = pools, .n_pools = 1
	};
	const struct roles roles = { &v, 1 };
	struct access a = { .roles = &roles, .mine = 1 };
	struct page_view his = view;
	struct board b;

	(void)state;
	his.access = &a;
	assert_int_equal(board_new(&b, &w, &his, SLICE_NONE, SLICE_NONE), 0);
	assert_int_equal(b.set.n_tests, 2);
	assert_int_equal(b.set.n_pools, 1);
	assert_int_equal(board_find(&b, 40), SIZE_MAX);
	assert_true(access_sees(&a, &w, 7));
	assert_false(access_sees(&a, &w, 40));
	assert_false(access_sees(&a, &w, 4711)); /* whose plan is gone: for who sees all */
	assert_true(access_sees(&all, &w, 4711));
	board_done(&b);
	a.sees = ROLE_HISTORY;
	assert_int_equal(board_new(&b, &w, &his, SLICE_NONE, SLICE_NONE), 0);
	assert_int_equal(b.set.n_tests, 0);
	board_done(&b);
	his.access = NULL;
	assert_int_equal(board_new(&b, &w, &his, SLICE_NONE, SLICE_NONE), 0);
	assert_int_equal(b.set.n_tests, 0);
	board_done(&b);
}

static void what_has_failed_says_why(void **state)
{
	struct watched *t = roster_find_id(&w.roster, 7);
	struct board b;

	(void)state;
	t->reason = REASON_TCP_REFUSED;
	t->why = mem_alloc0(sizeof(*t->why));
	assert_non_null(t->why);
	*t->why = TEXT("{1} refused", text_str("x.test"));
	assert_int_equal(board_new(&b, &w, &view, SLICE_NONE, SLICE_NONE), 0);
	assert_null(b.tests[0].trouble); /* never tested is no trouble */
	const struct page_trouble *trouble = b.tests[1].trouble;
	assert_non_null(trouble);
	assert_int_equal(trouble->reason, REASON_TCP_REFUSED);
	assert_true(slice_eqs(trouble->message, "x.test refused"));
	assert_true(slice_eqs(trouble->run, "7-2i"));
	assert_true(slice_eqs(trouble->good_run, "7-14"));
	assert_int_equal(trouble->n_failed, 3);
	board_done(&b);
}

static void without_memory_there_is_none(void **state)
{
	struct board b;

	(void)state;
	for (long n = 0;; n++) {
		mem_fail_after(n);
		const int err = board_new(&b, &w, &view, SLICE_NONE, SLICE_NONE);
		mem_fail_after(-1);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_true(n < 50);
	}
	board_done(&b);
}

static void ids_of_incidents(void **state)
{
	static const char *const bad[] = { "", "0", "-1", "x", "1x", " 1", "9223372036854775808" };
	char text[BOARD_ID_MAX];
	int64_t id;

	(void)state;
	board_incident_id(text, INT64_MAX);
	assert_true(board_read_incident_id(slice_str(text), &id));
	assert_int_equal(id, INT64_MAX);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (board_read_incident_id(slice_str(bad[i]), &id))
			fail_msg("`%s`", bad[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_have_their_places),
		TEST(both_ways_are_told_apart),
		TEST(a_pool_alone),
		TEST(those_in_scope),
		TEST(what_has_failed_says_why),
		TEST(without_memory_there_is_none),
		TEST(ids_of_incidents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
