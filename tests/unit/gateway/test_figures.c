/* What became of messages: each end under its words, a partner's numbers across a reload, and
 * nobody's under another's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/figures.h"

static struct rng rng;

static struct partners *make_partners(size_t from, size_t n)
{
	struct partners *p;
	char name[32];

	assert_int_equal(partners_new(&p), 0);
	for (size_t i = from; i < from + n; i++) {
		snprintf(name, sizeof(name), "p%zu.test", i);
		assert_int_equal(partners_add(p, slice_str(name), PARTNER_FEDERATED), 0);
	}
	return p;
}

/* The row's place, or SIZE_MAX. */
static size_t find(const struct figures *f, const char *partner)
{
	size_t at = 0, row;

	while (figures_take_row(f, &at, &row))
		if (strcmp(figures_partner(f, row), partner) == 0)
			return row;
	return SIZE_MAX;
}

static uint64_t count(const struct figures *f, const char *partner, enum gateway_way way,
	const char *outcome, const char *reason)
{
	const size_t row = find(f, partner);
	struct figures_cell cell;

	for (size_t i = 0; row != SIZE_MAX && figures_cell_at(f, row, i, &cell); i++)
		if (cell.way == way && strcmp(cell.outcome, outcome) == 0 &&
			strcmp(cell.reason, reason) == 0)
			return cell.n;
	return 0;
}

static void test_words(void **state)
{
	static const struct {
		struct verdict v;
		const char *outcome, *reason;
	} rows[] = {
		{ { .status = 202 }, "delivered", "" },
		{ { .status = 200 }, "delivered", "" },
		{ { .status = 486 }, "rejected", "486" },
		{ { .status = 497 }, "rejected", "400" },
		{ { .status = 699 }, "rejected", "600" },
		{ { .status = 301 }, "rejected", "301" },
		{ { .status = 403, .has_condition = true, .condition = COND_FORBIDDEN }, "rejected",
			"forbidden" },
		{ { .status = 302, .has_condition = true, .condition = COND_REDIRECT }, "rejected",
			"redirect" },
		{ { .answer = ANSWER_STREAM_LOST }, "failed", "stream-lost" },
		{ { .answer = ANSWER_HOP_SILENT, .status = 408 }, "failed", "hop-silent" },
		{ { .answer = ANSWER_CONTENT }, "refused", "content" },
		{ { .answer = ANSWER_MANY_OF_ALL }, "refused", "many-of-all" },
	};
	struct partners *p = make_partners(0, 2);
	struct figures *f;

	(void)state;
	assert_int_equal(figures_new(&f, p, &rng), 0);
	const figures_row row = figures_find(f, SLICE("p1.test"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint64_t before =
			count(f, "p1.test", GATEWAY_TO_SIP, rows[i].outcome, rows[i].reason);

		figures_count(f, row, GATEWAY_TO_SIP, &rows[i].v);
		if (count(f, "p1.test", GATEWAY_TO_SIP, rows[i].outcome, rows[i].reason) !=
			before + 1)
			fail_msg("%s %s", rows[i].outcome, rows[i].reason);
		figures_count(f, FIGURES_OTHER, GATEWAY_TO_XMPP, &rows[i].v);
		assert_true(count(f, "(other)", GATEWAY_TO_XMPP, rows[i].outcome, rows[i].reason));
	}
	figures_count(f, row, GATEWAY_TO_XMPP, NULL);
	assert_int_equal(count(f, "p1.test", GATEWAY_TO_XMPP, "unanswered", ""), 1);
	figures_count_unproven(f, row, GATEWAY_TO_XMPP);
	assert_int_equal(count(f, "p1.test", GATEWAY_TO_XMPP, "delivered", "unproven"), 1);
	assert_int_equal(count(f, "p1.test", GATEWAY_TO_XMPP, "delivered", ""), 0);
	assert_int_equal(count(f, "p0.test", GATEWAY_TO_SIP, "delivered", ""), 0);
	assert_int_equal(figures_find(f, SLICE("stranger.test")), FIGURES_OTHER);
	figures_free(f);
	partners_free(p);
}

static void test_additional_domain(void **state)
{
	const struct verdict taken = { .status = 202 };
	struct partners *p = make_partners(0, 1);
	struct figures *f;

	(void)state;
	assert_int_equal(partners_add_domain(p, SLICE("p0.test"), SLICE("sub.p0.test")), 0);
	assert_int_equal(figures_new(&f, p, &rng), 0);
	figures_count(f, figures_find(f, SLICE("sub.p0.test")), GATEWAY_TO_XMPP, &taken);
	assert_int_equal(count(f, "p0.test", GATEWAY_TO_XMPP, "delivered", ""), 1);
	figures_free(f);
	partners_free(p);
}

static void test_reload(void **state)
{
	const struct verdict taken = { .status = 202 }, busy = { .status = 486 };
	struct partners *one = make_partners(0, 3), *two = make_partners(1, 3);
	struct figures *f;

	(void)state;
	assert_int_equal(figures_new(&f, one, &rng), 0);
	const figures_row gone = figures_find(f, SLICE("p0.test")),
			  stays = figures_find(f, SLICE("p2.test"));
	figures_count(f, gone, GATEWAY_TO_SIP, &busy);
	figures_count(f, stays, GATEWAY_TO_XMPP, &taken);
	assert_int_equal(figures_set_partners(f, two), 0);
	partners_free(one);
	assert_int_equal(figures_find(f, SLICE("p2.test")), stays);
	assert_int_equal(figures_find(f, SLICE("p0.test")), FIGURES_OTHER);
	/* What was on its way ends under its own name. */
	figures_count(f, gone, GATEWAY_TO_SIP, &busy);
	figures_count(f, stays, GATEWAY_TO_XMPP, &taken);
	assert_int_equal(count(f, "p0.test", GATEWAY_TO_SIP, "rejected", "486"), 2);
	assert_int_equal(count(f, "p2.test", GATEWAY_TO_XMPP, "delivered", ""), 2);
	assert_true(find(f, "p3.test") != SIZE_MAX);
	figures_free(f);
	partners_free(two);
}

/* Rows of who is a partner no more are taken for others when there is no other place. */
static void test_full(void **state)
{
	const struct verdict taken = { .status = 202 };
	struct partners *sets[3];
	struct figures *f;

	(void)state;
	for (size_t i = 0; i < COUNT(sets); i++)
		sets[i] = make_partners(i * PARTNERS_MAX, PARTNERS_MAX);
	assert_int_equal(figures_new(&f, sets[0], &rng), 0);
	const figures_row first = figures_find(f, SLICE("p0.test"));
	figures_count(f, first, GATEWAY_TO_XMPP, &taken);
	assert_int_equal(figures_set_partners(f, sets[1]), 0);
	const figures_row second = figures_find(f, SLICE("p4096.test"));
	figures_count(f, second, GATEWAY_TO_XMPP, &taken);
	assert_int_equal(figures_set_partners(f, sets[2]), 0);
	assert_true(find(f, "p0.test") == SIZE_MAX);
	assert_true(find(f, "p12287.test") != SIZE_MAX);
	figures_count(f, first, GATEWAY_TO_XMPP, &taken);
	assert_int_equal(count(f, "(other)", GATEWAY_TO_XMPP, "delivered", ""), 1);
	assert_int_equal(count(f, "p4096.test", GATEWAY_TO_XMPP, "delivered", ""), 1);
	/* The one that comes back has a new row, or its own. */
	assert_int_equal(figures_set_partners(f, sets[1]), 0);
	assert_int_equal(figures_find(f, SLICE("p4096.test")), second);
	figures_free(f);
	for (size_t i = 0; i < COUNT(sets); i++)
		partners_free(sets[i]);
}

static void test_no_memory(void **state)
{
	const struct verdict busy = { .status = 486 };
	struct partners *one = make_partners(0, 2), *two = make_partners(1, 2);
	struct figures *f = NULL;
	long n = 0;
	int err;

	(void)state;
	do {
		mem_fail_after(n++);
		err = figures_new(&f, one, &rng);
		mem_fail_after(-1);
	} while (err == -ENOMEM);
	assert_int_equal(err, 0);
	assert_true(n > 5);
	for (n = 0, err = -ENOMEM; err == -ENOMEM; n++) {
		mem_fail_after(n);
		err = figures_set_partners(f, two);
		mem_fail_after(-1);
		if (err) {
			assert_int_not_equal(figures_find(f, SLICE("p0.test")), FIGURES_OTHER);
			assert_int_equal(figures_set_partners(f, one), 0);
		}
	}
	assert_int_equal(err, 0);
	const figures_row row = figures_find(f, SLICE("p1.test"));
	mem_fail_after(0);
	figures_count(f, row, GATEWAY_TO_SIP, &busy);
	mem_fail_after(-1);
	assert_int_equal(count(f, "(other)", GATEWAY_TO_SIP, "rejected", "486"), 1);
	figures_free(f);
	partners_free(one);
	partners_free(two);
}

static void test_times(void **state)
{
	struct partners *p = make_partners(0, 1);
	struct figures *f;

	(void)state;
	assert_int_equal(figures_new(&f, p, &rng), 0);
	figures_time(f, GATEWAY_TO_XMPP, 0);
	figures_time(f, GATEWAY_TO_XMPP, TS_MS(5));
	figures_time(f, GATEWAY_TO_XMPP, TS_MS(5) + 1);
	figures_time(f, GATEWAY_TO_XMPP, TS_S(32));
	figures_time(f, GATEWAY_TO_XMPP, TS_S(33));
	const struct figures_times *t = figures_times(f, GATEWAY_TO_XMPP);
	assert_int_equal(t->n[0], 2);
	assert_int_equal(t->n[1], 1);
	assert_int_equal(t->n[FIGURES_BUCKETS - 1], 1);
	assert_int_equal(t->n[FIGURES_BUCKETS], 1);
	assert_int_equal(t->sum, TS_S(65) + TS_MS(10) + 1);
	assert_int_equal(figures_times(f, GATEWAY_TO_SIP)->sum, 0);
	figures_free(f);
	partners_free(p);
}

int main(void)
{
	const uint8_t seed[32] = { 1 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_additional_domain),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_times),
	};

	rng_init(&rng, seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
