#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed(void **state)
{
	static const uint8_t zero[4096];

	(void)state;
	for (int round = 0; round < 4; round++) {
		uint8_t *p = mem_alloc0(sizeof(zero));

		assert_non_null(p);
		assert_memory_equal(p, zero, sizeof(zero));
		memset(p, 0xa5, sizeof(zero));
		assert_null(mem_free(p));
	}
	assert_null(mem_free(NULL));
}

static void realloc_keeps_the_content(void **state)
{
	char *p = mem_realloc(NULL, 4);

	(void)state;
	assert_non_null(p);
	memcpy(p, "abc", 4);
	p = mem_realloc(p, 4096);
	assert_non_null(p);
	assert_string_equal(p, "abc");
	mem_free(p);
}

static void copies_of_text_end_with_a_nul(void **state)
{
	char *s = mem_strdup("abc");
	char *n = mem_strndup("abcdef", 2);
	char *none = mem_strndup(NULL, 0);

	(void)state;
	assert_string_equal(s, "abc");
	assert_string_equal(n, "ab");
	assert_string_equal(none, "");
	assert_null(mem_strdup(NULL));
	mem_free(s);
	mem_free(n);
	mem_free(none);

	/* Bytes, not a string: a NUL is copied like any other. */
	char *bytes = mem_strndup("a\0b", 3);
	assert_memory_equal(bytes, "a\0b", 4);
	mem_free(bytes);
}

static void a_wipe_leaves_nothing(void **state)
{
	char secret[16] = "correct horse";
	static const char zero[16];

	(void)state;
	mem_wipe(secret, sizeof(secret));
	assert_memory_equal(secret, zero, sizeof(zero));
	mem_wipe(NULL, 0);
}

/* The n-th of the four ways to allocate. */
static void *allocate(int n)
{
	switch (n) {
	case 0: return mem_alloc0(1);
	case 1: return mem_realloc(NULL, 1);
	case 2: return mem_strdup("a");
	default: return mem_strndup("a", 1);
	}
}

static void the_nth_allocation_fails_and_only_that(void **state)
{
	(void)state;
	for (int n = 0; n < 4; n++) {
		mem_fail_after(n);
		for (int i = 0; i < 4; i++) {
			void *p = allocate(i);

			if ((p == NULL) != (i == n))
				fail_msg("allocation %d, the failing one is %d", i, n);
			mem_free(p);
		}
	}
	mem_fail_after(1);
	mem_fail_after(-1);
	for (int i = 0; i < 4; i++) {
		void *p = allocate(i);

		assert_non_null(p);
		mem_free(p);
	}
}

static void a_realloc_that_fails_leaves_the_old_block(void **state)
{
	char *p = mem_strdup("abc");

	(void)state;
	mem_fail_after(0);
	assert_null(mem_realloc(p, 100));
	assert_string_equal(p, "abc");
	mem_free(p);
}

static void what_is_not_there_takes_no_allocation(void **state)
{
	(void)state;
	mem_fail_after(0);
	assert_null(mem_strdup(NULL));
	assert_null(mem_alloc0(1));
	mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed),
		cmocka_unit_test(realloc_keeps_the_content),
		cmocka_unit_test(copies_of_text_end_with_a_nul),
		cmocka_unit_test(a_wipe_leaves_nothing),
		cmocka_unit_test(the_nth_allocation_fails_and_only_that),
		cmocka_unit_test(a_realloc_that_fails_leaves_the_old_block),
		cmocka_unit_test(what_is_not_there_takes_no_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
