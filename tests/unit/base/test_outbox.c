#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/outbox.h"

static const struct addr peer = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };

static const struct addr local = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 2 } };

static void put(struct outbox *o, const char *text, flow_t flow)
{
	buf_puts(outbox_bytes(o), text);
	assert_true(outbox_send(o, flow, 7, &peer, &local));
}

static void outputs_come_in_order_with_their_own_bytes(void **state)
{
	struct outbox o;
	struct output out;

	(void)state;
	assert_int_equal(outbox_init(&o, 1000, 4, 4), 0);
	put(&o, "first", 0);
	put(&o, "", 3); /* an output without bytes is one too */
	put(&o, "third", 5);
	buf_puts(outbox_bytes(&o), "not sent");
	assert_true(slice_eqs(outbox_unsent(&o), "not sent"));

	assert_true(outbox_take_output(&o, &out));
	assert_true(slice_eqs(out.bytes, "first"));
	assert_true(out.flow == 0 && out.listener == 7 && addr_eq(&out.peer, &peer));
	assert_true(addr_eq(&out.local, &local));
	assert_true(outbox_take_output(&o, &out));
	assert_true(out.flow == 3 && out.bytes.n == 0);
	assert_true(outbox_take_output(&o, &out));
	assert_true(slice_eqs(out.bytes, "third"));
	assert_false(outbox_take_output(&o, &out));
	outbox_done(&o);
}

static void what_was_not_taken_stays_for_the_next_push(void **state)
{
	struct outbox o;
	struct output out;
	struct want want;

	(void)state;
	assert_int_equal(outbox_init(&o, 1000, 4, 4), 0);
	put(&o, "one", 1);
	outbox_want(&o, WANT_DNS)->dns_id = 9;
	outbox_begin(&o);
	put(&o, "two", 2);
	assert_true(outbox_take_output(&o, &out) && slice_eqs(out.bytes, "one"));
	assert_true(outbox_take_output(&o, &out) && slice_eqs(out.bytes, "two"));
	assert_true(outbox_take_want(&o, &want) && want.dns_id == 9);
	assert_false(outbox_take_want(&o, &want));

	outbox_begin(&o);
	assert_int_equal(buf_len(outbox_bytes(&o)), 0);
	put(&o, "three", 3);
	assert_true(outbox_take_output(&o, &out) && slice_eqs(out.bytes, "three"));
	outbox_done(&o);
}

static void what_is_over_a_bound_is_lost_and_the_next_push_is_sound(void **state)
{
	struct outbox o;
	struct output out;

	(void)state;
	assert_int_equal(outbox_init(&o, 8, 2, 2), 0);
	put(&o, "12345678", 1);
	buf_puts(outbox_bytes(&o), "9");
	assert_false(outbox_send(&o, 1, 0, &peer, NULL));
	assert_true(outbox_take_output(&o, &out) && slice_eqs(out.bytes, "12345678"));
	assert_false(outbox_take_output(&o, &out));

	outbox_begin(&o);
	put(&o, "a", 1);
	put(&o, "b", 1);
	buf_puts(outbox_bytes(&o), "c");
	assert_false(outbox_send(&o, 1, 0, &peer, NULL)); /* two outputs at most */
	assert_int_equal(outbox_unsent(&o).n, 0);         /* and nothing of it is left over */
	outbox_done(&o);
}

static void there_is_room_until_half_of_anything_is_used(void **state)
{
	struct outbox o;

	(void)state;
	assert_int_equal(outbox_init(&o, 8, 3, 1), 0);
	assert_true(outbox_has_room(&o));
	put(&o, "123", 1);
	assert_true(outbox_has_room(&o));
	put(&o, "", 1);
	assert_false(outbox_has_room(&o));
	outbox_done(&o);
	assert_int_equal(outbox_init(&o, 8, 3, 1), 0);
	outbox_want(&o, WANT_DNS);
	assert_false(outbox_has_room(&o));
	outbox_done(&o);
	assert_int_equal(outbox_init(&o, 8, 3, 1), 0);
	put(&o, "1234", 1);
	assert_false(outbox_has_room(&o));
	outbox_done(&o);
}

/* However much there is left: whoever comes next has a turn. */
static void there_is_room_for_a_turn(void **state)
{
	struct outbox o;

	(void)state;
	assert_int_equal(outbox_init(&o, 1 << 20, 8 * OUTBOX_TURN, 1), 0);
	for (unsigned i = 0; i < OUTBOX_TURN; i++) {
		assert_true(outbox_has_room(&o));
		put(&o, "a", 1);
	}
	assert_false(outbox_has_room(&o));
	put(&o, "what may not wait", 1);
	outbox_done(&o);
}

static void wants_are_zeroed_and_come_in_order(void **state)
{
	struct outbox o;
	struct want want;

	(void)state;
	assert_int_equal(outbox_init(&o, 8, 1, 2), 0);
	outbox_want(&o, WANT_FLOW)->flow = 5;
	outbox_want(&o, WANT_DROP_FLOW);
	assert_true(outbox_take_want(&o, &want) && want.type == WANT_FLOW && want.flow == 5);
	outbox_begin(&o); /* not all were taken: nothing is forgotten */
	assert_true(outbox_take_want(&o, &want) && want.type == WANT_DROP_FLOW);
	assert_int_equal(want.flow, 0);
	outbox_begin(&o);
	assert_int_equal(outbox_want(&o, WANT_TLS)->flow, 0); /* the first place again, zeroed */
	outbox_done(&o);
}

static void out_of_memory_is_told_and_leaves_nothing(void **state)
{
	struct outbox o;

	(void)state;
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_int_equal(outbox_init(&o, 8, 1, 1), -ENOMEM);
		mem_fail_after(-1);
		outbox_done(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_come_in_order_with_their_own_bytes),
		cmocka_unit_test(what_was_not_taken_stays_for_the_next_push),
		cmocka_unit_test(what_is_over_a_bound_is_lost_and_the_next_push_is_sound),
		cmocka_unit_test(there_is_room_until_half_of_anything_is_used),
		cmocka_unit_test(there_is_room_for_a_turn),
		cmocka_unit_test(wants_are_zeroed_and_come_in_order),
		cmocka_unit_test(out_of_memory_is_told_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
