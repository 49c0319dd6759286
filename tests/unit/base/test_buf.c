#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

static void want_content(struct buf *b, const char *want)
{
	assert_int_equal(buf_err(b), 0);
	assert_int_equal(buf_len(b), strlen(want));
	assert_string_equal(buf_cstr(b), want);
	assert_true(slice_eqs(buf_slice(b), want));
}

static void puts_are_appended(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	want_content(&b, "");
	buf_put(&b, SLICE("ab"));
	buf_put(&b, SLICE_NONE);
	buf_puts(&b, "c");
	buf_puts(&b, NULL);
	buf_putc(&b, 'd');
	buf_putu(&b, 0);
	buf_putu(&b, UINT64_MAX);
	buf_printf(&b, "<%s-%d>", "x", -5);
	buf_printf(&b, "%s", "");
	want_content(&b, "abcd018446744073709551615<x--5>");
	buf_done(&b);
}

static void numbers_are_as_printf_has_them(void **state)
{
	static const uint64_t table[] = { 0, 9, 10, 99, 100, 12345, UINT32_MAX, 1ull << 63,
		UINT64_MAX };
	struct buf b;
	char want[32];

	(void)state;
	buf_init(&b, 32);
	for (size_t i = 0; i < COUNT(table); i++) {
		buf_clear(&b);
		buf_putu(&b, table[i]);
		snprintf(want, sizeof(want), "%llu", (unsigned long long)table[i]);
		want_content(&b, want);
	}
	buf_done(&b);
}

static void the_maximum_can_be_reached_and_not_passed(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	want_content(&b, "abcd");
	buf_putc(&b, 'e');
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);

	buf_init(&b, 0);
	want_content(&b, "");
	buf_putc(&b, 'a');
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
}

static void the_maximum_counts_what_is_not_consumed(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_puts(&b, "abcd");
	buf_consume(&b, 3);
	buf_puts(&b, "efg");
	want_content(&b, "defg");
	buf_putc(&b, 'h');
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
}

static void fail_with_printf(struct buf *b)
{
	buf_printf(b, "%300d", 1);
}

static void fail_with_reserve(struct buf *b)
{
	assert_null(buf_reserve(b, 300));
}

static void fail_with_put(struct buf *b)
{
	static const uint8_t big[300];

	buf_put(b, slice_of(big, sizeof(big)));
}

static void after_a_failure_every_put_is_ignored(void **state)
{
	static void (*const fails[])(
		struct buf *) = { fail_with_printf, fail_with_reserve, fail_with_put };

	(void)state;
	for (size_t i = 0; i < COUNT(fails); i++) {
		struct buf b;

		buf_init(&b, 299);
		buf_puts(&b, "ab");
		fails[i](&b);
		assert_int_equal(buf_err(&b), -EMSGSIZE);
		buf_puts(&b, "c");
		buf_putc(&b, 'c');
		buf_putu(&b, 1);
		buf_printf(&b, "c");
		assert_null(buf_reserve(&b, 1));
		buf_commit(&b, 1);
		assert_int_equal(buf_err(&b), -EMSGSIZE);
		/* What was put before is still there for whoever wants to see it. */
		assert_true(slice_eqs(buf_slice(&b), "ab"));

		buf_clear(&b);
		want_content(&b, "");
		buf_puts(&b, "new");
		want_content(&b, "new");
		buf_done(&b);
	}
}

static void a_printf_that_cannot_be_is_an_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_puts(&b, "ab");
	buf_printf(&b, "%ls", L"\u20ac"); /* not in the C locale */
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
}

static void a_reserve_is_written_and_committed(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5000);
	buf_puts(&b, "ab");
	uint8_t *p = buf_reserve(&b, 4000);
	assert_non_null(p);
	memset(p, 'x', 4000);
	want_content(&b, "ab");
	p = buf_reserve(&b, 3);
	memset(p, 'c', 3);
	buf_commit(&b, 2);
	want_content(&b, "abcc");
	buf_done(&b);
}

static void consuming_and_truncating_are_clamped(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_consume(&b, 5);
	buf_truncate(&b, 5);
	want_content(&b, "");
	buf_puts(&b, "abcdef");
	buf_consume(&b, 2);
	want_content(&b, "cdef");
	buf_truncate(&b, 9);
	want_content(&b, "cdef");
	buf_truncate(&b, 3);
	want_content(&b, "cde");
	buf_consume(&b, 99);
	want_content(&b, "");
	buf_puts(&b, "g");
	want_content(&b, "g");
	buf_truncate(&b, 0);
	want_content(&b, "");
	buf_done(&b);
}

static void a_buffer_can_be_used_after_done(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 3);
	buf_puts(&b, "abcd");
	buf_done(&b);
	want_content(&b, "");
	buf_puts(&b, "abc");
	want_content(&b, "abc");
	buf_putc(&b, 'd');
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
	buf_done(&b);
}

/* A full send queue that a slow socket drains: each byte may be moved a few times, not at each
 * put. */
static void small_bites_do_not_move_the_whole(void **state)
{
	enum { LIVE = 10000, BITES = 200000 };
	static uint8_t full[LIVE];
	struct buf b;
	unsigned moves = 0;

	(void)state;
	buf_init(&b, LIVE);
	buf_put(&b, slice_of(full, LIVE));
	for (unsigned i = 0; i < BITES; i++) {
		buf_consume(&b, 1);
		size_t head = b.head;
		buf_putc(&b, (uint8_t)i);
		moves += b.head < head;
		assert_int_equal(buf_slice(&b).p[LIVE - 1], (uint8_t)i);
	}
	assert_int_equal(buf_err(&b), 0);
	assert_int_equal(buf_len(&b), LIVE);
	assert_in_range(moves, 1, BITES / LIVE);
	assert_true(b.cap <= 4 * LIVE);
	buf_done(&b);
}

struct model {
	uint8_t bytes[600];
	size_t n;
};

enum { MODEL_MAX = 600 };

static void model_put(struct model *m, const void *p, size_t n)
{
	memcpy(m->bytes + m->n, p, n);
	m->n += n;
}

static void model_consume(struct model *m, size_t n)
{
	n = n < m->n ? n : m->n;
	memmove(m->bytes, m->bytes + n, m->n - n);
	m->n -= n;
}

static void step(struct buf *b, struct model *m, struct rng *rng)
{
	char text[64];
	size_t room = MODEL_MAX - m->n;
	size_t n = rng_below(rng, sizeof(text) - 1);

	n = n < room ? n : room;
	rng_token(rng, text, n);
	switch (rng_below(rng, 6)) {
	case 0: buf_put(b, slice_of(text, n)); break;
	case 1: buf_puts(b, text); break;
	case 2: buf_printf(b, "%s", text); break;
	case 3:
		memcpy(buf_reserve(b, room), text, n);
		buf_commit(b, n);
		break;
	case 4:
		n = rng_below(rng, 120);
		buf_consume(b, n);
		model_consume(m, n);
		return;
	default:
		buf_truncate(b, n);
		m->n = n < m->n ? n : m->n;
		return;
	}
	model_put(m, text, n);
}

static void random_steps_agree_with_a_plain_array(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		struct buf b;
		struct model m = { .n = 0 };
		struct rng rng;

		rng_init_number(&rng, seed);
		buf_init(&b, MODEL_MAX);
		for (int i = 0; i < 400; i++) {
			step(&b, &m, &rng);
			assert_int_equal(buf_err(&b), 0);
			if (!slice_eq(buf_slice(&b), slice_of(m.bytes, m.n)))
				fail_msg("seed %u, step %d", (unsigned)seed, i);
		}
		buf_done(&b);
	}
}

static void write_much(struct buf *b)
{
	for (int i = 0; i < 200; i++)
		buf_printf(b, "line %d of a text that makes the buffer grow\n", i);
	buf_puts(b, "end");
}

static void out_of_memory_is_sticky_and_leaves_what_was_there(void **state)
{
	struct buf whole;
	long n = 0;

	(void)state;
	buf_init(&whole, 100000);
	write_much(&whole);
	for (bool failed = true; failed; n++) {
		struct buf b;

		buf_init(&b, 100000);
		mem_fail_after(n);
		write_much(&b);
		mem_fail_after(-1);
		failed = buf_err(&b) != 0;
		if (failed) {
			assert_int_equal(buf_err(&b), -ENOMEM);
			assert_true(buf_len(&b) < buf_len(&whole));
			assert_true(slice_starts(buf_slice(&whole), buf_slice(&b)));
			assert_string_equal(buf_cstr(&b), "");
			buf_clear(&b);
			write_much(&b);
		}
		assert_true(slice_eq(buf_slice(&b), buf_slice(&whole)));
		buf_done(&b);
	}
	assert_true(n > 4);
	buf_done(&whole);
}

static void room_that_is_lent_is_never_left(void **state)
{
	uint8_t room[9];
	struct buf b;

	(void)state;
	memset(room, '#', sizeof(room));
	buf_init_in(&b, room, sizeof(room) - 1);
	mem_fail_after(0);
	buf_puts(&b, "1234567");
	assert_string_equal(buf_cstr(&b), "1234567");
	buf_consume(&b, 3);
	buf_puts(&b, "89a"); /* what was consumed gives its place */
	assert_string_equal(buf_cstr(&b), "456789a");
	assert_ptr_equal(b.p, room);
	buf_putc(&b, 'b');
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	mem_fail_after(-1);
	buf_done(&b); /* frees nothing */
	assert_int_equal(buf_len(&b), 0);
	assert_int_equal(room[8], '#');
}

static void a_c_string_that_finds_no_memory_is_empty(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	mem_fail_after(0);
	assert_string_equal(buf_cstr(&b), "");
	mem_fail_after(-1);
	assert_int_equal(buf_err(&b), -ENOMEM);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_are_appended),
		cmocka_unit_test(numbers_are_as_printf_has_them),
		cmocka_unit_test(the_maximum_can_be_reached_and_not_passed),
		cmocka_unit_test(the_maximum_counts_what_is_not_consumed),
		cmocka_unit_test(after_a_failure_every_put_is_ignored),
		cmocka_unit_test(a_printf_that_cannot_be_is_an_error),
		cmocka_unit_test(a_reserve_is_written_and_committed),
		cmocka_unit_test(consuming_and_truncating_are_clamped),
		cmocka_unit_test(a_buffer_can_be_used_after_done),
		cmocka_unit_test(small_bites_do_not_move_the_whole),
		cmocka_unit_test(random_steps_agree_with_a_plain_array),
		cmocka_unit_test(out_of_memory_is_sticky_and_leaves_what_was_there),
		cmocka_unit_test(room_that_is_lent_is_never_left),
		cmocka_unit_test(a_c_string_that_finds_no_memory_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
