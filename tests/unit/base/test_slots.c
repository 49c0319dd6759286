#include "base/slots.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

enum { MAX = 3 };

static struct slots s;
static struct rng rng;
static struct slot *places[MAX];

static int set_up(void **state)
{
	(void)state;
	rng_init_number(&rng, 1);
	return slots_init(&s, MAX, sizeof(struct slot));
}

static int tear_down(void **state)
{
	(void)state;
	slots_done(&s);
	return 0;
}

static uint64_t add(unsigned i)
{
	places[i] = slots_get(&s);
	assert_true(places[i] && slot_is_new(places[i]));
	slots_take(places[i], &rng);
	return slot_id(places[i]);
}

static void a_place_is_found_by_its_id_while_it_is_in_use(void **state)
{
	(void)state;
	const uint64_t a = add(0), b = add(1);
	assert_true(a != 0 && b != 0 && a != b);
	assert_ptr_equal(slots_find(&s, a), places[0]);
	assert_ptr_equal(slots_find(&s, b), places[1]);
	assert_null(slots_find(&s, a ^ 2)); /* a guess */
	assert_null(slots_find(&s, (uint64_t)2 << 32 | 1));
	assert_null(slots_find(&s, UINT64_MAX));
	assert_null(slots_find(&s, 0));
	slots_give(&s, places[0]);
	assert_null(slots_find(&s, a));
}

static void a_place_that_was_given_back_is_used_again_under_another_word(void **state)
{
	(void)state;
	const uint64_t a = add(0);
	add(1);
	slots_give(&s, places[0]);
	assert_true(slots_count(&s) == 1 && slots_idle(&s) == 1);
	assert_ptr_equal(slots_get(&s), places[0]);
	assert_false(slot_is_new(places[0]));
	slots_take(places[0], &rng);
	assert_true(slots_count(&s) == 2 && slots_idle(&s) == 0);
	assert_int_equal(slot_id(places[0]) >> 32, a >> 32);
	assert_true(slot_id(places[0]) != a);
	assert_null(slots_find(&s, a));
}

static void a_place_that_is_never_on_the_wire_counts(void **state)
{
	struct slot *place = slots_get(&s);
	uint64_t before = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		slots_take(place, NULL);
		const uint64_t id = slot_id(place);
		assert_true(id != 0 && id != before);
		assert_null(slots_find(&s, before));
		assert_ptr_equal(slots_find(&s, id), place);
		before = id;
		slots_give(&s, place);
		assert_ptr_equal(slots_get(&s), place);
	}
	place->chance = UINT32_MAX; /* it comes round, and is never none */
	slots_take(place, NULL);
	assert_true(slot_id(place) != 0);
	assert_false(slot_is_new(place));
}

static void there_are_no_more_than_the_limit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MAX; i++)
		add(i);
	assert_null(slots_get(&s));
	for (unsigned i = 0; i < MAX; i++)
		assert_ptr_equal(slots_at(&s, i), places[i]);
	assert_null(slots_at(&s, MAX));
}

static void an_id_is_sixteen_digits(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t id;
	} rows[] = {
		{ "0000000000000000", true, 0 },
		{ "0123456789abcdef", true, 0x0123456789abcdef },
		{ "ffffffffffffffff", true, UINT64_MAX },
		{ "123456789abcdef", false, 0 },
		{ "0123456789abcdef0", false, 0 },
		{ "0123456789abcdeg", false, 0 },
		{ "", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SLOT_TEXT + 1];
		uint64_t id = 0;

		if (slot_read(slice_str(rows[i].text), &id) != rows[i].good || id != rows[i].id)
			fail_msg("%s", rows[i].text);
		if (rows[i].good)
			assert_string_equal(slot_text(id, text), rows[i].text);
	}
}

static void out_of_memory_is_told_and_leaves_nothing(void **state)
{
	struct slots other;

	(void)state;
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_int_equal(slots_init(&other, 1, sizeof(struct slot)), -ENOMEM);
		mem_fail_after(-1);
		slots_done(&other);
	}
	mem_fail_after(0);
	assert_null(slots_get(&s));
	mem_fail_after(-1);
	assert_int_equal(slots_count(&s), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_place_is_found_by_its_id_while_it_is_in_use),
		TEST(a_place_that_was_given_back_is_used_again_under_another_word),
		TEST(a_place_that_is_never_on_the_wire_counts),
		TEST(there_are_no_more_than_the_limit),
		TEST(an_id_is_sixteen_digits),
		TEST(out_of_memory_is_told_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
