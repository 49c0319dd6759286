#include "watch/varint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void what_is_written_is_read(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, UINT32_MAX,
		(UINT64_C(1) << 63) - 1, UINT64_C(1) << 63, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		struct buf b;
		uint64_t got = 42;

		buf_init(&b, VARINT_MAX + 1);
		varint_put(&b, values[i]);
		buf_putc(&b, '!');
		struct slice in = buf_slice(&b);
		assert_int_equal(varint_take(&in, &got), 0);
		assert_true(got == values[i]);
		assert_true(slice_eqs(in, "!"));
		buf_done(&b);
	}
}

static void one_number_has_one_form(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
	} rows[] = {
		{ "nothing", { (const uint8_t *)"", 0 } },
		{ "cut", { (const uint8_t *)"\x80", 1 } },
		{ "longer than needed", { (const uint8_t *)"\x81\x00", 2 } },
		{ "zero in two bytes", { (const uint8_t *)"\x80\x00", 2 } },
		{ "65 bits", { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 } },
		{ "eleven bytes",
			{ (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01", 11 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice in = rows[i].in;
		uint64_t got = 42;

		if (varint_take(&in, &got) != ERR_SYNTAX)
			fail_msg("%s: was taken", rows[i].name);
		assert_int_equal(got, 42);
		assert_true(slice_eq(in, rows[i].in));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(one_number_has_one_form),
	};

	return cmocka_run_group_tests_name("varint", tests, NULL, NULL);
}
