/* What is kept of messages whose senders asked for reports. */
#include "gateway/reports.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static struct reports *r;
static const struct imdn_ask ask = { .message_id = SLICE("id-1"), .recipient = SLICE("im:b") };

static struct party party(void)
{
	struct party p;
	struct where where;

	assert_int_equal(jid_decode(SLICE("pilar@litware.test/desk"), &p.from, &where), 0);
	assert_int_equal(jid_decode(SLICE("adelany@contoso.test"), &p.to, &where), 0);
	return p;
}

static int keep(uint64_t ref, ts_t now)
{
	const struct party p = party();

	return reports_keep(r, ref, &p, &ask, now);
}

static bool has(uint64_t ref, ts_t now)
{
	struct report report;

	return reports_find(r, ref, &report, now);
}

static int set_up(void **state)
{
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	return reports_new(&r, &rng);
}

static int tear_down(void **state)
{
	(void)state;
	r = reports_free(r);
	return 0;
}

static void what_is_kept_is_found_until_it_is_forgotten(void **state)
{
	struct report report;

	(void)state;
	keep(5, 0);
	assert_false(has(6, 0));
	assert_true(reports_find(r, 5, &report, 0));
	reports_forget(r, 5);
	reports_forget(r, 5);
	assert_false(has(5, 0));
	/* What was found is still there. */
	assert_true(slice_eqs(jid_full(&report.party.from), "pilar@litware.test/desk"));
	assert_true(slice_eqs(jid_full(&report.party.to), "adelany@contoso.test"));
	assert_true(slice_eqs(report.ask.message_id, "id-1"));
	assert_int_equal(report.ask.date_time.n, 0);
	assert_true(slice_eqs(report.ask.recipient, "im:b"));
	assert_int_equal(report.ask.original.n, 0);
}

static void after_a_while_nothing_is_left(void **state)
{
	(void)state;
	keep(1, 0);
	assert_true(has(1, TS_S(REPORTS_KEPT_S) - 1));
	assert_false(has(1, TS_S(REPORTS_KEPT_S)));
}

static void the_oldest_go_when_there_is_no_room(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= REPORTS_MAX + 10; i++)
		keep(i, 0);
	assert_false(has(10, 0));
	assert_true(has(11, 0));
	assert_true(has(REPORTS_MAX + 10, 0));
}

static void memory_may_be_out(void **state)
{
	(void)state;
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_int_equal(keep(1, 0), -ENOMEM);
		mem_fail_after(-1);
		assert_false(has(1, 0));
	}
	assert_int_equal(keep(1, 0), 0);
	assert_true(has(1, 0));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_kept_is_found_until_it_is_forgotten),
		TEST(after_a_while_nothing_is_left),
		TEST(the_oldest_go_when_there_is_no_room),
		TEST(memory_may_be_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
