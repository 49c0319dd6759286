/* Turns: who has one, how it ends, and folders and files that are not to be trusted. */
#include "app/turn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "folder.h"

#define ACCOUNT "pilar@litware.test"

static char dir[64];

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/stox-turn-XXXXXX");
	assert_non_null(mkdtemp(dir));
	setenv("XDG_RUNTIME_DIR", dir, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(folder_remove(dir), 0);
	return 0;
}

static int try_now(enum turn_side side, const char *account)
{
	struct turn t = { 0 };
	pid_t process;

	int err = turn_try(&t, side, account, &process);
	turn_done(&t);
	return err;
}

/* A process that has it until it is killed. */
static pid_t begin_other(void)
{
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		struct turn t = { 0 };
		pid_t process;

		c = turn_try(&t, TURN_SIP, ACCOUNT, &process) == 0 ? '+' : '-';
		if (write(ready[1], &c, 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, '+');
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void another_process_waits_until_it_is_over(void **state)
{
	struct turn t = { 0 };
	pid_t process, other = begin_other();

	(void)state;
	assert_int_equal(turn_try(&t, TURN_SIP, ACCOUNT, &process), -EBUSY);
	assert_int_equal(process, other);
	assert_int_equal(try_now(TURN_XMPP, ACCOUNT), 0);
	assert_int_equal(try_now(TURN_SIP, "kenmyer@litware.test"), 0);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	assert_int_equal(turn_try(&t, TURN_SIP, ACCOUNT, &process), 0);
	assert_int_equal(turn_try(&t, TURN_SIP, ACCOUNT, &process), 0);
	turn_done(&t);
}

static void a_name_is_no_path(void **state)
{
	static const char *const accounts[] = { "../../x@y", "a/b@c", ".", "%2F@c", "\n@c",
		"\xc3\xbc@c", "" };
	char name[256];
	struct stat st;

	(void)state;
	for (size_t i = 0; i < COUNT(accounts); i++)
		assert_int_equal(try_now(TURN_SIP, accounts[i]), 0);
	snprintf(name, sizeof(name), "%s/stox/sip-..%%2F..%%2Fx@y", dir);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	char many[5000];
	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	assert_int_equal(try_now(TURN_SIP, many), 0);
}

static void a_link_is_not_followed(void **state)
{
	char name[256], target[256];

	(void)state;
	assert_int_equal(try_now(TURN_SIP, "x"), 0);
	snprintf(target, sizeof(target), "%s/target", dir);
	snprintf(name, sizeof(name), "%s/stox/sip-%s", dir, ACCOUNT);
	assert_int_equal(symlink(target, name), 0);
	assert_int_equal(try_now(TURN_SIP, ACCOUNT), -ELOOP);
	assert_int_not_equal(access(target, F_OK), 0);
}

/* What others can write to, or a link, is as if it was not there: the next folder is taken. */
static void only_a_folder_of_our_own_is_used(void **state)
{
	char inside[128], link_name[128], account[64];
	struct stat st;

	(void)state;
	/* The next folder is this machine's own, where others may test at the same time. */
	snprintf(account, sizeof(account), "%d-%s", (int)getpid(), ACCOUNT);
	snprintf(inside, sizeof(inside), "%s/stox", dir);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(try_now(TURN_SIP, account), 0);
	assert_int_not_equal(stat(inside, &st), 0);
	assert_int_equal(chmod(dir, 0700), 0);

	snprintf(link_name, sizeof(link_name), "%s/link", dir);
	assert_int_equal(symlink(dir, link_name), 0);
	setenv("XDG_RUNTIME_DIR", link_name, 1);
	assert_int_equal(try_now(TURN_SIP, account), 0);
	assert_int_not_equal(stat(inside, &st), 0);
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_int_equal(try_now(TURN_SIP, account), 0);
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(try_now(TURN_SIP, account), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			another_process_waits_until_it_is_over, setup, teardown),
		cmocka_unit_test_setup_teardown(a_name_is_no_path, setup, teardown),
		cmocka_unit_test_setup_teardown(a_link_is_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(only_a_folder_of_our_own_is_used, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
