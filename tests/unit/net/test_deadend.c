#include "net/deadend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <poll.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "net/sock.h"

enum { SOON_MS = 300 };

static const struct addr loopback = { .family = 4, .ip = { 127, 0, 0, 1 } };

static int connect_to(const struct addr *to, int type)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, to);
	int fd = sock_open(to, type);

	assert_true(fd >= 0);
	if (connect(fd, &sa.sa, n) < 0)
		assert_int_equal(errno, EINPROGRESS);
	return fd;
}

/* The error that a socket has got within the time; 0 when it has none. */
static int error_of(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	socklen_t n = sizeof(int);
	int err = 0;

	poll(&p, 1, SOON_MS);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n), 0);
	return err;
}

static void connections_are_refused(void **state)
{
	struct dead_end d;

	(void)state;
	assert_int_equal(dead_end_open(&d, DEAD_END_TCP, &loopback), 0);
	assert_true(d.addr.port != 0);
	int fd = connect_to(&d.addr, SOCK_STREAM);
	assert_int_equal(error_of(fd, POLLOUT), ECONNREFUSED);
	close(fd);
	dead_end_close(&d);
}

static void datagrams_are_refused(void **state)
{
	struct dead_end d;

	(void)state;
	assert_int_equal(dead_end_open(&d, DEAD_END_UDP, &loopback), 0);
	int fd = connect_to(&d.addr, SOCK_DGRAM);
	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(error_of(fd, POLLIN), ECONNREFUSED);
	close(fd);
	dead_end_close(&d);
}

/* Nothing at all comes back: neither a connection nor a refusal. */
static void connections_are_dropped(void **state)
{
	struct dead_end d;

	(void)state;
	assert_int_equal(dead_end_open(&d, DEAD_END_FILTERED, &loopback), 0);
	for (int i = 0; i < 3; i++) {
		int fd = connect_to(&d.addr, SOCK_STREAM);
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		assert_int_equal(poll(&p, 1, SOON_MS), 0);
		close(fd);
	}
	dead_end_close(&d);
}

/* Nobody else can begin to answer there. */
static void the_place_is_held(void **state)
{
	static const enum dead_end_kind kinds[] = { DEAD_END_TCP, DEAD_END_UDP, DEAD_END_FILTERED };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct dead_end first, second;

		assert_int_equal(dead_end_open(&first, kinds[i], &loopback), 0);
		assert_int_equal(dead_end_open(&second, kinds[i], &first.addr), -EADDRINUSE);
		dead_end_close(&second);
		dead_end_close(&first);
		dead_end_close(&first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_refused),
		cmocka_unit_test(datagrams_are_refused),
		cmocka_unit_test(connections_are_dropped),
		cmocka_unit_test(the_place_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
