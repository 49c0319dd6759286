/* The log, whether its reader reads, waits or is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "app/log_out.h"

enum { LINES = 20000, SILENCE_MS = 10000 /* behind it nothing comes any more */ };

static int ends[2];
static char got[4 << 20];
static size_t n_got;

static int set_up(void **state)
{
	(void)state;
	n_got = 0;
	return pipe(ends);
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* At least so many bytes, or all until the other end is closed. */
static void read_some(size_t n)
{
	struct pollfd in = { .fd = ends[0], .events = POLLIN };
	ssize_t some;

	for (n += n_got; n_got < n; n_got += (size_t)some) {
		if (poll(&in, 1, SILENCE_MS) <= 0)
			fail_msg("nothing comes behind: %s", n_got > 80 ? got + n_got - 80 : got);
		some = read(ends[0], got + n_got, sizeof(got) - n_got - 1);
		if (some <= 0)
			break;
	}
	got[n_got] = '\0';
}

static void note(void *arg, uint64_t n, struct buf *ret)
{
	(void)arg;
	buf_printf(ret, "<4>log lines-dropped n=%llu", (unsigned long long)n);
}

static void lines_come_in_their_order(void **state)
{
	struct log_out *l;

	(void)state;
	assert_int_equal(log_out_new(&l, ends[1], note, NULL), 0);
	log_out_line(l, SLICE("info: "), SLICE("one"));
	log_out_line(l, SLICE("<3>"), SLICE("two"));
	l = log_out_free(l);
	close(ends[1]);
	ends[1] = -1;
	read_some(sizeof(got));
	assert_string_equal(got, "info: one\n<3>two\n");
}

static void what_was_lost_before_is_told_too(void **state)
{
	struct log_out *l;

	(void)state;
	assert_int_equal(log_out_new(&l, ends[1], note, NULL), 0);
	log_out_lost(l, 7);
	log_out_line(l, SLICE("info: "), SLICE("one"));
	log_out_lost(l, 2);
	assert_int_equal(log_out_dropped(l), 9);
	l = log_out_free(l);
	close(ends[1]);
	ends[1] = -1;
	read_some(sizeof(got));
	assert_string_equal(got, "<4>log lines-dropped n=7\ninfo: one\n<4>log lines-dropped n=2\n");
}

/* All that was dropped; each time that there is room again a line says so. */
static unsigned long long noted(void)
{
	static const char said[] = "<4>log lines-dropped n=";
	unsigned long long all = 0;

	for (char *at = got; (at = strstr(at, said)); at++)
		all += strtoull(at + strlen(said), NULL, 10);
	assert_true(all > 0);
	return all;
}

/* More than ring and pipe hold, and nobody reads yet. */
static void nobody_waits_for_a_reader(void **state)
{
	struct log_out *l;
	char line[64];
	unsigned n = 0;

	(void)state;
	assert_int_equal(log_out_new(&l, ends[1], note, NULL), 0);
	for (unsigned i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "line %u of those that are written", i);
		log_out_line(l, SLICE("info: "), slice_str(line));
	}
	/* It reads again: what waited comes, and how many more there were, before the next. */
	read_some(128 << 10);
	log_out_line(l, SLICE("info: "), SLICE("the last"));
	while (!strstr(got, "\ninfo: the last\n"))
		read_some(1);
	assert_null(log_out_free(l));
	for (char *at = got; (at = strstr(at, "info: line ")); at++)
		n++;
	assert_int_equal(n + noted(), LINES);
}

static void a_reader_that_left_is_no_end(void **state)
{
	struct log_out *l;

	(void)state;
	close(ends[0]);
	ends[0] = -1;
	assert_int_equal(log_out_new(&l, ends[1], note, NULL), 0);
	for (unsigned i = 0; i < 100; i++)
		log_out_line(l, SLICE("info: "), SLICE("nobody reads this"));
	assert_null(log_out_free(l));
}

/* A terminal's descriptor may be shared with who does not want to wait: nothing is lost for that.
 */
static void a_descriptor_that_does_not_wait_loses_nothing(void **state)
{
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	nobody_waits_for_a_reader(state);
}

/* The last try has its bound. */
static void the_end_does_not_wait_for_a_reader(void **state)
{
	struct log_out *l;

	(void)state;
	assert_int_equal(log_out_new(&l, ends[1], note, NULL), 0);
	for (unsigned i = 0; i < LINES; i++)
		log_out_line(l, SLICE("info: "), SLICE("more than the pipe takes"));
	const time_t before = time(NULL);
	assert_null(log_out_free(l));
	assert_true(time(NULL) - before < 5);
}

#define PIPE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PIPE(lines_come_in_their_order),
		PIPE(what_was_lost_before_is_told_too),
		PIPE(nobody_waits_for_a_reader),
		PIPE(a_descriptor_that_does_not_wait_loses_nothing),
		PIPE(a_reader_that_left_is_no_end),
		PIPE(the_end_does_not_wait_for_a_reader),
	};

	return cmocka_run_group_tests_name("log_out", tests, NULL, NULL);
}
