/* Deliveries by programs. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../app/folder.h"
#include "rig.h"

static char folder[] = "/tmp/stox-deliver-XXXXXX";

/* `script` is run by a shell, in a folder of the test's own: it is $1. */
static void send_script(const char *script, ts_t timeout, uint64_t delivery)
{
	const char *const argv[] = { "/bin/sh", "-c", script, "sh", folder, NULL };
	const struct deliver_receiver r = {
		.form = DELIVER_EXEC, .name = "pager", .timeout = timeout, .argv = argv
	};
	const struct deliver_notice n = sample_notice();

	assert_int_equal(deliver_send(rig, &r, &n, delivery), 0);
}

static char *read_file(const char *name)
{
	char path[200], *ret = mem_alloc0(65536);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	assert_non_null(f);
	ret[fread(ret, 1, 65535, f)] = '\0';
	fclose(f);
	return ret;
}

static const struct {
	const char *name, *script;
	ts_t timeout;
	bool is_delivered;
	int status;
	const char *text;
} rows[] = {
	{ "well", "cat >/dev/null", 0, true, 0, "/bin/sh ended with status 0" },
	{ "well, without reading", ":", 0, true, 0, "/bin/sh ended with status 0" },
	{ "well, with a word", "echo >&2 done; cat", 0, true, 0,
		"/bin/sh ended with status 0: done" },
	{ "a failure", "printf >&2 '\\n\\nno \\033[2Jbeep\\nsecond line\\n'; exit 3", 0, false, 3,
		"/bin/sh ended with status 3: no ?[2Jbeep" },
	{ "a failure without a word", "exit 1", 0, false, 1, "/bin/sh ended with status 1" },
	{ "a program that is not there", "exec /no/such/program", 0, false, 127,
		"/bin/sh ended with status 127: sh: 1: exec: /no/such/program: not found" },
	{ "a signal", "kill -TERM $$", 0, false, 0, "/bin/sh was ended by signal 15" },
	{ "it hangs", "echo >&2 dialling; exec sleep 1000", TS_MS(500), false, 0,
		"/bin/sh did not end within 0.5 s and was killed; it said: dialling" },
	{ "it hangs, and cannot be asked to end",
		"trap '' TERM INT HUP; sleep 1000 & wait; sleep 9", TS_MS(500), false, 0,
		"/bin/sh did not end within 0.5 s and was killed" },
	{ "megabytes, nobody reads", "exec 2>&1; dd if=/dev/zero bs=1000 count=9999 2>/dev/null", 0,
		true, 0, "/bin/sh ended with status 0" },
	{ "megabytes of errors",
		"head -c 9000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo >&2 more; exit 7", 0,
		false, 7,
		"/bin/sh ended with status 7: "
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" },
	{ "what it started lives on, and holds its pipes", "sleep 3 & exit 0", 0, true, 0,
		"/bin/sh ended with status 0" },
};

static void every_end_is_said_in_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct deliver_done done;

		send_script(rows[i].script, rows[i].timeout ? rows[i].timeout : TS_S(20), i + 1);
		rig_await(&done);
		rig_assert(rows[i].name, &done, rows[i].text, 0);
		assert_int_equal(done.status, rows[i].status);
		assert_int_equal(done.is_delivered, rows[i].is_delivered);
	}
}

static void a_program_that_is_not_there_cannot_be_run(void **state)
{
	const char *const argv[] = { "/no/such/program", "secret", NULL };
	const struct deliver_receiver r = {
		.form = DELIVER_EXEC, .name = "pager", .timeout = TS_S(20), .argv = argv
	};
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;

	(void)state;
	assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
	rig_await(&done);
	rig_assert(
		"not there", &done, "/no/such/program cannot be run: no such file or directory", 0);
	assert_false(done.is_delivered);
}

static void it_gets_the_text_and_the_environment(void **state)
{
	struct deliver_done done;
	struct deliver_notice n = sample_notice();
	struct buf b;
	char *got;

	(void)state;
	setenv("STOX_TEST_SECRET", "hush", 1);
	setenv("TZ", "Europe/Paris", 1);
	send_script("cat >$1/text; env >$1/env; test \"$(ps -o pgid= $$)\" -eq $$", TS_S(20), 1);
	rig_await(&done);
	rig_assert("its own process group", &done, "/bin/sh ended with status 0", 0);
	buf_init(&b, NOTICE_BYTES_MAX);
	notice_put_text(&b, &n, NULL);
	got = read_file("text");
	assert_string_equal(got, buf_cstr(&b));
	buf_done(&b);
	mem_free(got);
	got = read_file("env");
	assert_non_null(strstr(got, "STOX_ALERT_KIND=failing\n"));
	assert_non_null(strstr(got, "STOX_ALERT_RUN=https://watch.litware.test/runs/42\n"));
	assert_non_null(strstr(got, "PATH=/"));
	assert_non_null(strstr(got, "TZ=Europe/Paris\n"));
	assert_null(strstr(got, "STOX_TEST_SECRET"));
	mem_free(got);
	unsetenv("STOX_TEST_SECRET");
	unsetenv("TZ");
}

/* stdin, stdout, stderr, and the folder that ls reads; no signal blocked or ignored. */
static void nothing_else_goes_over(void **state)
{
	struct deliver_done done;
	const int leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */
	unsigned long long ignored;
	char *got;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	send_script("ls -l /proc/self/fd >$1/fds; grep -E '^Sig(Blk|Ign)' /proc/self/status "
		    ">$1/signals",
		TS_S(20), 1);
	rig_await(&done);
	signal(SIGPIPE, SIG_DFL);
	close(leak);
	assert_true(done.is_delivered);
	got = read_file("fds");
	assert_null(strstr(got, " 4 -> "));
	assert_non_null(strstr(got, " 0 -> pipe:"));
	assert_non_null(strstr(got, " 2 -> pipe:"));
	mem_free(got);
	got = read_file("signals");
	assert_non_null(strstr(got, "SigBlk:\t0000000000000000\n"));
	ignored = strtoull(strstr(got, "SigIgn:\t") + 8, NULL, 16);
	assert_int_equal(ignored & (1u << (SIGPIPE - 1)), 0);
	mem_free(got);
}

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* A process of that id which is not a zombie. */
static bool lives(pid_t pid)
{
	char path[100], state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	if (f)
		fclose(f);
	return state != 'Z';
}

static pid_t await_pid(void)
{
	char path[200], text[100] = "";

	snprintf(path, sizeof(path), "%s/pid", folder);
	for (FILE *f; !strchr(text, '\n'); poll(NULL, 0, 1)) {
		f = fopen(path, "r");
		if (f && !fgets(text, sizeof(text), f))
			text[0] = '\0';
		if (f)
			fclose(f);
	}
	remove(path);
	return (pid_t)strtol(text, NULL, 10);
}

static const char grandchild[] = "sleep 1000 & echo $! >$1/pid; wait";

static void what_it_started_dies_with_it(void **state)
{
	struct deliver_done done;
	pid_t pid;

	(void)state;
	send_script(grandchild, TS_S(1), 1);
	pid = await_pid();
	rig_await(&done);
	assert_false(done.is_delivered);
	for (unsigned i = 0; lives(pid); i++) {
		poll(NULL, 0, 1);
		assert_true(i < PATIENCE);
	}
}

static void one_that_is_dropped_dies(void **state)
{
	struct deliver_done done;
	pid_t pid;

	(void)state;
	send_script(grandchild, TS_S(1000), 1);
	pid = await_pid();
	deliver_drop(rig, 1);
	for (unsigned i = 0; lives(pid); i++) {
		poll(NULL, 0, 1);
		assert_true(i < PATIENCE);
	}
	assert_false(deliver_take(rig, &done));
}

static void they_die_at_the_end(void **state)
{
	pid_t pid;

	(void)state;
	send_script(grandchild, TS_S(1000), 1);
	pid = await_pid();
	rig = deliver_free(rig);
	for (unsigned i = 0; lives(pid); i++) {
		poll(NULL, 0, 1);
		assert_true(i < PATIENCE);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
	assert_int_equal(errno, ECHILD);
	assert_int_equal(rig_start(NULL), 0);
}

static void many_at_once_leak_nothing(void **state)
{
	enum { MANY = 100 };
	struct deliver_done done;
	const unsigned before = open_fds();

	(void)state;
	for (uint64_t i = 1; i <= MANY; i++)
		send_script("cat >/dev/null", TS_S(100), i);
	for (unsigned i = 0; i < MANY; i++) {
		rig_await(&done);
		assert_true(done.is_delivered);
	}
	assert_int_equal(open_fds(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_end_is_said_in_a_sentence),
		cmocka_unit_test(a_program_that_is_not_there_cannot_be_run),
		cmocka_unit_test(it_gets_the_text_and_the_environment),
		cmocka_unit_test(nothing_else_goes_over),
		cmocka_unit_test(what_it_started_dies_with_it),
		cmocka_unit_test(one_that_is_dropped_dies),
		cmocka_unit_test(they_die_at_the_end),
		cmocka_unit_test(many_at_once_leak_nothing),
	};
	int failed;

	assert_non_null(mkdtemp(folder));
	failed = cmocka_run_group_tests(tests, rig_start, rig_stop);
	return folder_remove(folder) == 0 ? failed : 1;
}
