#include "sip/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define HEAD "MESSAGE sip:b@c SIP/2.0\r\nSubject: x\r\n"
#define ONE  HEAD "Content-Length: 4\r\n\r\nbody"
#define TWO  HEAD "l:0\r\n\r\n"

/* Pushes in pieces of `step` bytes and writes each message that comes out between [ and ]. */
static void run(struct sip_frame *f, struct slice in, size_t step, struct buf *out)
{
	struct slice one;

	for (size_t i = 0; i < in.n && !f->err; i += step) {
		sip_frame_push(f, slice_cut(in, i, i + step));
		while (sip_frame_take(f, &one)) {
			buf_putc(out, '[');
			buf_put(out, one);
			buf_putc(out, ']');
		}
	}
}

static const struct {
	const char *name, *in, *want;
	unsigned pings;
} streams[] = {
	{ "one message", ONE, "[" ONE "]", 0 },
	{ "three in a row", ONE TWO ONE, "[" ONE "][" TWO "][" ONE "]", 0 },
	{ "a ping between two", ONE "\r\n\r\n" TWO, "[" ONE "][" TWO "]", 1 },
	{ "two pings in front", "\r\n\r\n\r\n\r\n" ONE, "[" ONE "]", 2 },
	{ "one CRLF is no ping", "\r\n" ONE "\r\n" TWO, "[" ONE "][" TWO "]", 0 },
	{ "three CRLFs are one", "\r\n\r\n\r\n" ONE, "[" ONE "]", 1 },
	{ "a ping alone", "\r\n\r\n", "", 1 },
	{ "half a ping", "\r\n", "", 0 },
	{ "the compact form, a tab, another case",
		HEAD "L\t:\t2\r\n\r\nab" HEAD "CONTENT-length: 002\r\n\r\ncd",
		"[" HEAD "L\t:\t2\r\n\r\nab][" HEAD "CONTENT-length: 002\r\n\r\ncd]", 0 },
	{ "a folded Content-Length", HEAD "Content-Length:\r\n 2\r\n\r\nab" TWO,
		"[" HEAD "Content-Length:\r\n 2\r\n\r\nab][" TWO "]", 0 },
	{ "a folded line that looks like one is none",
		HEAD "X: y\r\n\tContent-Length: 9\r\n l: 8\r\nl: 1\r\n\r\na" TWO,
		"[" HEAD "X: y\r\n\tContent-Length: 9\r\n l: 8\r\nl: 1\r\n\r\na][" TWO "]", 0 },
	{ "the same length twice is left to the decoder",
		HEAD "l: 1\r\nContent-Length: 1\r\n\r\na" TWO,
		"[" HEAD "l: 1\r\nContent-Length: 1\r\n\r\na][" TWO "]", 0 },
	{ "a body that looks like a message", HEAD "l: 8\r\n\r\n\r\n\r\nl: 9" TWO,
		"[" HEAD "l: 8\r\n\r\n\r\n\r\nl: 9][" TWO "]", 0 },
	{ "a message that has not all come", ONE HEAD, "[" ONE "]", 0 },
	{ "a body that has not all come", HEAD "l: 5\r\n\r\nbody", "", 0 },
};

static void messages_come_out_whole_however_they_are_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++)
		for (size_t step = 1; step <= strlen(streams[i].in); step++) {
			struct sip_frame f;
			struct buf out;
			unsigned pings = 0;

			sip_frame_init(&f);
			buf_init(&out, 4096);
			run(&f, slice_str(streams[i].in), step, &out);
			while (sip_frame_take_ping(&f))
				pings++;
			if (f.err)
				fail_msg("%s in steps of %zu: %s at %zu", streams[i].name, step,
					f.where.what, f.where.offset);
			if (strcmp(buf_cstr(&out), streams[i].want) != 0 ||
				pings != streams[i].pings)
				fail_msg("%s in steps of %zu: %u pings, and\n%s", streams[i].name,
					step, pings, buf_cstr(&out));
			buf_done(&out);
			sip_frame_done(&f);
		}
}

static const struct {
	const char *name, *in;
	int err;
	size_t offset;
	const char *what;
} bad[] = {
	{ "none", HEAD "\r\n", ERR_SYNTAX, 39, "a message without Content-Length on a stream" },
	{ "not a number", HEAD "l: x\r\n\r\n", ERR_SYNTAX, 37,
		"a Content-Length that is no length" },
	{ "empty", HEAD "l:\r\n\r\n", ERR_SYNTAX, 37, "a Content-Length that is no length" },
	{ "negative", HEAD "l: -1\r\n\r\n", ERR_SYNTAX, 37, "a Content-Length that is no length" },
	{ "a list", HEAD "l: 1, 1\r\n\r\n", ERR_SYNTAX, 37, "a Content-Length that is no length" },
	{ "over 32 bits", HEAD "l: 4294967296\r\n\r\n", ERR_SYNTAX, 37,
		"a Content-Length that is no length" },
	{ "two that differ", HEAD "l: 1\r\nContent-Length: 2\r\n\r\n", ERR_SYNTAX, 43,
		"a Content-Length that is no length" },
	{ "over the limit", HEAD "l: 65535\r\n\r\n", ERR_LIMIT, 49, "the message is too long" },
};

static void a_length_that_is_none_ends_the_stream(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		for (size_t step = 1; step <= strlen(bad[i].in); step++) {
			struct sip_frame f;
			struct slice one;
			struct buf out;

			sip_frame_init(&f);
			buf_init(&out, 4096);
			run(&f, slice_str(bad[i].in), step, &out);
			if (f.err != bad[i].err || f.where.offset != bad[i].offset ||
				strcmp(f.where.what, bad[i].what) != 0)
				fail_msg("%s: %d, %s at %zu", bad[i].name, f.err, f.where.what,
					f.where.offset);
			/* It stays so. */
			assert_int_equal(sip_frame_push(&f, SLICE(ONE)), bad[i].err);
			assert_false(sip_frame_take(&f, &one));
			assert_int_equal(buf_len(&out), 0);
			buf_done(&out);
			sip_frame_done(&f);
		}
}

static void the_messages_before_a_bad_one_come_out(void **state)
{
	struct sip_frame f;
	struct slice one;

	(void)state;
	sip_frame_init(&f);
	assert_int_equal(sip_frame_push(&f, SLICE(ONE HEAD "\r\n")), 0);
	assert_true(sip_frame_take(&f, &one));
	assert_true(slice_eqs(one, ONE));
	assert_false(sip_frame_take(&f, &one));
	assert_int_equal(f.err, ERR_SYNTAX);
	sip_frame_done(&f);
}

static void headers_without_an_end_are_refused(void **state)
{
	struct sip_frame f;
	struct slice one;
	size_t n = 0;

	(void)state;
	sip_frame_init(&f);
	while (!sip_frame_push(&f, SLICE("X: 0123456789\r\n")) && !sip_frame_take(&f, &one) &&
		!f.err)
		n += 15;
	assert_int_equal(f.err, ERR_LIMIT);
	assert_string_equal(f.where.what, "headers without an end");
	assert_in_range(n, 32000, 33000);
	sip_frame_done(&f);
}

static void a_message_of_the_longest_length_passes(void **state)
{
	static char text[SIP_MSG_MAX + 1] = HEAD "l: 65486\r\n\r\n";
	struct sip_frame f;
	struct slice one;
	size_t head = strlen(text);

	(void)state;
	assert_int_equal(head + 65486, SIP_MSG_MAX);
	memset(text + head, 'x', SIP_MSG_MAX - head);
	sip_frame_init(&f);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sip_frame_push(&f, slice_of(text, SIP_MSG_MAX)), 0);
		assert_true(sip_frame_take(&f, &one));
		assert_int_equal(one.n, SIP_MSG_MAX);
	}
	sip_frame_done(&f);
}

static void bytes_that_nobody_takes_have_a_limit(void **state)
{
	static const char zeros[SIP_MSG_MAX];
	struct sip_frame f;

	(void)state;
	sip_frame_init(&f);
	assert_int_equal(sip_frame_push(&f, slice_of(zeros, sizeof(zeros))), 0);
	assert_int_equal(sip_frame_push(&f, slice_of(zeros, sizeof(zeros))), 0);
	assert_int_equal(sip_frame_push(&f, slice_of(zeros, 3)), ERR_LIMIT);
	sip_frame_done(&f);
}

static void no_memory_is_reported_and_sticks(void **state)
{
	struct sip_frame f;

	(void)state;
	sip_frame_init(&f);
	mem_fail_after(0);
	int err = sip_frame_push(&f, SLICE(ONE));
	mem_fail_after(-1);
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(sip_frame_push(&f, SLICE(ONE)), -ENOMEM);
	sip_frame_done(&f);
}

static void an_empty_frame_gives_back_what_it_held(void **state)
{
	static char large[40000];
	struct sip_frame f;
	struct slice one;

	(void)state;
	const int head = snprintf(large, sizeof(large), HEAD "l:%u\r\n\r\n", 30000u);
	const struct slice whole = slice_of(large, (size_t)head + 30000);
	sip_frame_init(&f);
	assert_int_equal(sip_frame_push(&f, slice_cut(whole, 0, whole.n - 1)), 0);
	sip_frame_trim(&f); /* it is not empty */
	assert_int_equal(sip_frame_push(&f, slice_skip(whole, whole.n - 1)), 0);
	assert_true(sip_frame_take(&f, &one));
	assert_true(slice_eq(one, whole));
	assert_false(sip_frame_take(&f, &one));
	assert_true(f.in.cap > 30000);
	sip_frame_trim(&f);
	assert_int_equal(f.in.cap, 0);
	assert_int_equal(sip_frame_push(&f, slice_str(ONE)), 0); /* it goes on */
	assert_true(sip_frame_take(&f, &one));
	assert_false(sip_frame_take(&f, &one));
	sip_frame_trim(&f);
	assert_true(f.in.cap > 0); /* so little is kept for the next one */
	sip_frame_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_out_whole_however_they_are_cut),
		cmocka_unit_test(a_length_that_is_none_ends_the_stream),
		cmocka_unit_test(the_messages_before_a_bad_one_come_out),
		cmocka_unit_test(headers_without_an_end_are_refused),
		cmocka_unit_test(a_message_of_the_longest_length_passes),
		cmocka_unit_test(bytes_that_nobody_takes_have_a_limit),
		cmocka_unit_test(no_memory_is_reported_and_sticks),
		cmocka_unit_test(an_empty_frame_gives_back_what_it_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
