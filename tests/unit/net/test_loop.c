#include "net/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <event2/event_struct.h>

static struct loop *l;

static int set_up(void **state)
{
	(void)state;
	return loop_new(&l);
}

static int tear_down(void **state)
{
	(void)state;
	l = loop_free(l);
	return 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	++*(int *)arg;
}

static void a_deadline_ends_the_sleep_and_not_before(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		ts_t until = loop_now(l) + 500;

		do {
			assert_int_equal(loop_wait(l, until), 0);
		} while (loop_now(l) < until);
		assert_true(loop_now(l) < until + TS_S(5));
	}
}

static void a_nearer_deadline_replaces_the_timer(void **state)
{
	(void)state;
	ts_t start = loop_now(l);

	/* Armed for far off, and left at once: something else was ready. */
	uint64_t one = 1;
	assert_int_equal(write(loop_wake_fd(l), &one, sizeof(one)), sizeof(one));
	assert_int_equal(loop_wait(l, start + TS_S(30)), 0);
	assert_true(loop_now(l) < start + TS_S(20));
	assert_int_equal(loop_wait(l, start + TS_MS(2)), 0);
	assert_true(loop_now(l) < start + TS_S(20));
}

static void a_deadline_that_has_passed_does_not_sleep(void **state)
{
	(void)state;
	assert_int_equal(loop_wait(l, 0), 0);
	assert_int_equal(loop_wait(l, loop_now(l)), 0);
}

/* Handlers only mark: what they leave unread is still there, and the work comes after the return.
 */
static void what_is_ready_and_not_read_does_not_keep_it(void **state)
{
	struct event ev;
	uint64_t one = 1;
	int calls = 0;
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
	event_assign(&ev, loop_base(l), fd, EV_READ | EV_PERSIST, on_readable, &calls);
	event_add(&ev, NULL);
	assert_int_equal(loop_wait(l, 0), 0);
	assert_int_equal(loop_wait(l, loop_now(l)), 0);
	assert_int_equal(loop_wait(l, TS_NEVER), 0);
	assert_int_equal(calls, 3);
	event_del(&ev);
	close(fd);
}

static void the_clock_stands_still_within_a_wake_up(void **state)
{
	(void)state;
	ts_t now = loop_now(l);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(loop_now(l), now);
	loop_wait(l, now);
	assert_true(loop_now(l) > now);
}

static void signals_are_counted(void **state)
{
	(void)state;
	assert_int_equal(loop_catch(l, LOOP_STOP), 0);
	assert_int_equal(loop_catch(l, LOOP_STOP), 0); /* twice is fine */
	assert_int_equal(loop_signals(l, LOOP_STOP), 0);
	raise(SIGTERM);
	loop_wait(l, TS_NEVER);
	assert_int_equal(loop_signals(l, LOOP_STOP), 1);
	raise(SIGINT);
	loop_wait(l, TS_NEVER);
	assert_int_equal(loop_signals(l, LOOP_STOP), 2);
}

static void each_kind_of_signal_is_counted_alone(void **state)
{
	(void)state;
	assert_int_equal(loop_catch(l, LOOP_RELOAD), 0);
	assert_int_equal(loop_catch(l, LOOP_STATE), 0);
	raise(SIGHUP);
	loop_wait(l, TS_NEVER);
	raise(SIGUSR1);
	loop_wait(l, TS_NEVER);
	raise(SIGUSR1);
	loop_wait(l, TS_NEVER);
	assert_int_equal(loop_signals(l, LOOP_RELOAD), 1);
	assert_int_equal(loop_signals(l, LOOP_STATE), 2);
	assert_int_equal(loop_signals(l, LOOP_STOP), 0);
}

static void wall_time_is_of_this_century(void **state)
{
	(void)state;
	int64_t wall_s = (loop_wall_offset() + (int64_t)loop_now(l)) / 1000000;

	assert_true(wall_s > 1600000000 && wall_s < 4102444800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_deadline_ends_the_sleep_and_not_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_nearer_deadline_replaces_the_timer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_deadline_that_has_passed_does_not_sleep, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_clock_stands_still_within_a_wake_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_ready_and_not_read_does_not_keep_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signals_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_kind_of_signal_is_counted_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wall_time_is_of_this_century, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
