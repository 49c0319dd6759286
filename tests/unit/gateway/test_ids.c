/* Ids of our stanzas: nobody else can make one. */
#include "gateway/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct ids ours, anothers;

static int setup(void **state)
{
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	ids_init(&ours, &rng);
	ids_init(&anothers, &rng);
	return 0;
}

static void ours_are_known(void **state)
{
	static const uint64_t numbers[] = { 0, 1, UINT64_MAX };
	char text[IDS_TEXT + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const struct slice id = ids_text(&ours, 'p', numbers[i], text);
		uint64_t n = 7;

		assert_int_equal(id.n, IDS_TEXT);
		assert_int_equal(ids_read(&ours, 'p', id, &n), IDS_OURS);
		assert_true(n == numbers[i]);
		n = 7;
		assert_int_equal(ids_read(&anothers, 'p', id, &n), IDS_ANOTHERS);
		assert_int_equal(ids_read(&ours, 'r', id, &n), IDS_NONE);
		assert_true(n == 7);
	}
}

static void each_place_of_an_id_counts(void **state)
{
	char text[IDS_TEXT + 1];
	const struct slice id = ids_text(&ours, 'm', 5, text);
	uint64_t n;

	(void)state;
	for (size_t i = 1; i < IDS_TEXT; i++) {
		const char before = text[i];

		text[i] = before == '3' ? '4' : '3';
		assert_int_equal(ids_read(&ours, 'm', id, &n), IDS_ANOTHERS);
		text[i] = 'x';
		assert_int_equal(ids_read(&ours, 'm', id, &n), IDS_NONE);
		text[i] = before;
	}
	assert_int_equal(ids_read(&ours, 'm', slice_cut(id, 0, IDS_TEXT - 1), &n), IDS_NONE);
	assert_int_equal(ids_read(&ours, 'm', SLICE_NONE, &n), IDS_NONE);
}

/* `m` of one number says nothing about `p` of it. */
static void a_word_is_of_one_kind(void **state)
{
	char message[IDS_TEXT + 1], ping[IDS_TEXT + 1];

	(void)state;
	ids_text(&ours, 'm', 5, message);
	ids_text(&ours, 'p', 5, ping);
	assert_string_not_equal(message + 17, ping + 17);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_are_known),
		cmocka_unit_test(each_place_of_an_id_counts),
		cmocka_unit_test(a_word_is_of_one_kind),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
