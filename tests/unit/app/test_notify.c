/* What a service manager hears: by path, by an abstract name, and nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/notify.h"
#include "base/mem.h"
#include "folder.h"

static char folder[64];

static int listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const size_t n = strlen(name);

	memcpy(at.sun_path, name, n);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
		0);
	return fd;
}

static void it_is_heard_at_a_path_and_at_a_name(void **state)
{
	char path[100], name[100], heard[64];
	const char *const rows[] = { path, name };

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", folder);
	snprintf(name, sizeof(name), "@stox-test-%d", (int)getpid());
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct notify n;
		int fd = listen_at(rows[i]);

		setenv("NOTIFY_SOCKET", rows[i], 1);
		notify_init(&n);
		notify_say(&n, "READY=1\nSTATUS=well");
		assert_int_equal(recv(fd, heard, sizeof(heard), MSG_DONTWAIT), 19);
		assert_memory_equal(heard, "READY=1\nSTATUS=well", 19);
		notify_done(&n);
		close(fd);
	}
}

/* Nothing of it may hold up the loop. */
static void a_manager_that_does_not_read_is_not_waited_for(void **state)
{
	char path[100];
	struct notify n;

	(void)state;
	snprintf(path, sizeof(path), "%s/deaf", folder);
	int fd = listen_at(path);
	setenv("NOTIFY_SOCKET", path, 1);
	notify_init(&n);
	for (int i = 0; i < 10000; i++)
		notify_say(&n, "WATCHDOG=1");
	close(fd);
	notify_say(&n, "WATCHDOG=1");
	notify_done(&n);
}

static void what_names_no_socket_is_nobody(void **state)
{
	char too_long[200];
	const char *const rows[] = { "", "/", "relative", "@", too_long };

	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[0] = '/';
	too_long[sizeof(too_long) - 1] = '\0';

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct notify n;

		setenv("NOTIFY_SOCKET", rows[i], 1);
		notify_init(&n);
		assert_int_equal(n.fd, -1);
		notify_say(&n, "READY=1");
	}
	unsetenv("NOTIFY_SOCKET");
}

static void the_watchdog_is_fed_twice_as_often(void **state)
{
	char me[32];

	(void)state;
	snprintf(me, sizeof(me), "%d", (int)getpid());
	const struct {
		const char *usec, *pid;
		ts_t want;
	} rows[] = {
		{ "30000000", NULL, TS_S(15) },
		{ "30000000", me, TS_S(15) },
		{ "30000000", "1", TS_NEVER }, /* it is another process's */
		{ NULL, NULL, TS_NEVER },
		{ "0", NULL, TS_NEVER },
		{ "soon", NULL, TS_NEVER },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		if (rows[i].usec)
			setenv("WATCHDOG_USEC", rows[i].usec, 1);
		if (rows[i].pid)
			setenv("WATCHDOG_PID", rows[i].pid, 1);
		assert_true(notify_watchdog() == rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_heard_at_a_path_and_at_a_name),
		cmocka_unit_test(a_manager_that_does_not_read_is_not_waited_for),
		cmocka_unit_test(what_names_no_socket_is_nobody),
		cmocka_unit_test(the_watchdog_is_fed_twice_as_often),
	};

	snprintf(folder, sizeof(folder), "/tmp/stox-notify-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	folder_remove(folder);
	return failed;
}
