/* Which traces are written, and what is refused before a test begins. */
#include "app/traces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "folder.h"

enum { TEXT_MAX = 4096 };

static const struct opt_command command = { .name = "try", .summary = "Tries it." };
static const struct outputs no_outputs = { .n_files = 0 };
static char folder[64];

static char *in_folder(const char *rest)
{
	static char paths[32][TEXT_MAX];
	static unsigned n;
	char *path = paths[n++ % COUNT(paths)];

	snprintf(path, TEXT_MAX, "%s/%s", folder, rest);
	return path;
}

static int setup(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/stox-traces-XXXXXX");
	assert_non_null(mkdtemp(folder));
	setenv("XDG_STATE_HOME", in_folder("state"), 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove(folder);
}

/* What is said on standard error while f runs. */
static char said[TEXT_MAX];
static FILE *said_file;
static int said_old;

static void listen(void)
{
	fflush(stderr);
	said_file = tmpfile();
	assert_non_null(said_file);
	said_old = dup(STDERR_FILENO);
	dup2(fileno(said_file), STDERR_FILENO);
}

static void hear(void)
{
	fflush(stderr);
	dup2(said_old, STDERR_FILENO);
	close(said_old);
	rewind(said_file);
	said[fread(said, 1, sizeof(said) - 1, said_file)] = '\0';
	fclose(said_file);
}

static void put_file(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs("before", f);
	fclose(f);
}

/* ---- what is refused ---- */

static void what_cannot_be_written_is_named_before_a_test(void **state)
{
	struct {
		const char *path, *why;
	} rows[] = {
		{ in_folder("a.pdf"),
			"its ending says no form; there are .html, .txt, .json, .pcapng" },
		{ in_folder("a"),
			"its ending says no form; there are .html, .txt, .json, .pcapng" },
		{ in_folder("none/a.html"), "no such file or directory" },
		{ in_folder("file.txt/a.html"), "not a directory" },
		{ in_folder("link.html"), "this is a link; name the file itself" },
		{ in_folder("dangling.txt"), "this is a link; name the file itself" },
		{ in_folder("folder.json"), "is a directory" },
		{ in_folder("pipe.txt"), "this is not a regular file" },
	};

	(void)state;
	put_file(in_folder("file.txt"));
	assert_int_equal(symlink("file.txt", in_folder("link.html")), 0);
	assert_int_equal(symlink("nowhere", in_folder("dangling.txt")), 0);
	assert_int_equal(mkdir(in_folder("folder.json"), 0700), 0);
	assert_int_equal(mkfifo(in_folder("pipe.txt"), 0600), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct opt_list named = { .items = { rows[i].path }, .n = 1 };
		const struct traces t = { .command = &command, .named = &named };
		char want[TEXT_MAX];

		listen();
		int status = traces_check(&t, &no_outputs);
		hear();
		assert_int_equal(status, 2);
		snprintf(want, sizeof(want), "stox try: --trace %s: %s\n", rows[i].path,
			rows[i].why);
		assert_string_equal(said, want);
	}
}

/* Root may write everywhere: it is not root who looks. */
static void a_folder_without_the_right_to_write_is_named(void **state)
{
	enum { NOBODY = 65534 };
	const struct opt_list named = { .items = { in_folder("closed/a.html") }, .n = 1 };
	const struct traces t = { .command = &command, .named = &named };
	int status;

	(void)state;
	assert_int_equal(mkdir(in_folder("closed"), 0755), 0);
	assert_int_equal(chmod(in_folder("closed"), 0555), 0);
	assert_int_equal(chmod(folder, 0711), 0);
	listen();
	if (fork() == 0)
		_exit(geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0
				? 99
				: traces_check(&t, &no_outputs));
	assert_true(wait(&status) > 0);
	hear();
	assert_int_equal(WEXITSTATUS(status), 2);
	assert_non_null(strstr(said, "closed/a.html: permission denied\n"));
}

static void what_can_be_written_is_not_touched_yet(void **state)
{
	const struct opt_list named = { .items = { in_folder("a.html"), in_folder("b.txt") },
		.n = 2 };
	const struct traces t = { .command = &command, .named = &named };

	(void)state;
	put_file(in_folder("b.txt"));
	listen();
	assert_int_equal(traces_check(&t, &no_outputs), 0);
	hear();
	assert_string_equal(said, "");
	assert_int_equal(access(in_folder("a.html"), F_OK), -1);
	struct stat st;
	assert_int_equal(stat(in_folder("b.txt"), &st), 0);
	assert_int_equal(st.st_size, sizeof("before") - 1);
}

static void two_things_do_not_go_to_one_file(void **state)
{
	const struct opt_list twice = { .items = { in_folder("a.json"), in_folder("./a.json") },
		.n = 2 };
	const struct opt_list once = { .items = { in_folder("a.json") }, .n = 1 };
	const struct outputs outputs = { .files = { { .path = in_folder("a.json") } },
		.n_files = 1 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const struct traces t = { .command = &command, .named = i ? &once : &twice };

		listen();
		assert_int_equal(traces_check(&t, i ? &outputs : &no_outputs), 2);
		hear();
		assert_non_null(strstr(said, "a.json: something else goes to that file\n"));
	}
}

/* ---- what is written ---- */

static void record(struct traces *t, bool with_bodies)
{
	const struct probe_event ev = { .type = PROBE_EV_TRACE,
		.outbound = true,
		.text = SLICE("MESSAGE sip:a SIP/2.0\r\n\r\nsecret words") };

	assert_int_equal(traces_begin(t, with_bodies), 0);
	traces_push(t, &ev);
}

static struct probe_result result(bool success)
{
	struct probe_result r = { .success = success,
		.reason = success ? REASON_NONE : REASON_SIP_FORBIDDEN,
		.message = TEXT_PLAIN("No.") };

	snprintf(r.target_fqdn, sizeof(r.target_fqdn), "pool/../litware.test");
	return r;
}

static bool write_all(struct traces *t, const struct probe_result *r, const char **ret_path)
{
	struct report_run run = { .result = r, .started_at_us = INT64_C(1795653633528125) };

	listen();
	bool ok = traces_write(t, &run);
	hear();
	*ret_path = run.trace;
	return ok;
}

static void assert_has(const char *path, const char *what, bool want)
{
	static char text[1 << 16];
	struct stat st;
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_int_equal(strstr(text, what) != NULL, want);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void named_files_are_written_of_every_test(void **state)
{
	const struct opt_list named = { .items = { in_folder("a.html"), in_folder("b.txt"),
						in_folder("c.json"), in_folder("d.pcapng") },
		.n = 4 };
	struct traces t = { .command = &command, .named = &named, .keep = true };
	struct probe_result r = result(false);
	const char *path;

	(void)state;
	put_file(in_folder("b.txt"));
	record(&t, false);
	assert_true(write_all(&t, &r, &path));
	assert_has(in_folder("a.html"), "<title>Failure", true);
	r = result(true);
	record(&t, false);
	assert_true(write_all(&t, &r, &path));
	assert_has(in_folder("a.html"), "<title>Success", true);
	assert_string_equal(said, "");
	assert_string_equal(path, in_folder("a.html"));
	assert_has(in_folder("a.html"), "<!DOCTYPE html>", true);
	assert_has(in_folder("b.txt"), "MESSAGE sip:a", true);
	assert_has(in_folder("b.txt"), "before", false);
	assert_has(in_folder("c.json"), "\"stox.trace/1\"", true);
	assert_has(in_folder("d.pcapng"), "\n\r\r\n", true);
	/* Who named one has it; none is kept beside it. */
	assert_int_equal(access(in_folder("state"), F_OK), -1);
	traces_done(&t);
}

static void a_failed_test_is_kept_and_a_good_one_is_not(void **state)
{
	struct traces t = { .command = &command, .keep = true };
	struct probe_result r = result(true);
	const char *path;

	(void)state;
	record(&t, false);
	assert_true(write_all(&t, &r, &path));
	assert_null(path);
	assert_int_equal(access(in_folder("state"), F_OK), -1);
	r = result(false);
	record(&t, false);
	assert_true(write_all(&t, &r, &path));
	assert_string_equal(said, "");
	/* A name is no way out of the folder. */
	assert_int_equal(
		strncmp(path,
			in_folder("state/stox/traces/"
				  "20261126T004033.528125Z-pool_.._litware.test-"),
			strlen(in_folder("state/stox/traces/"
					 "20261126T004033.528125Z-pool_.._litware.test-"))),
		0);
	assert_has(path, "<title>Failure: sip_forbidden", true);
	traces_done(&t);
}

static void two_tests_of_one_moment_have_two_files(void **state)
{
	struct traces a = { .command = &command, .keep = true }, b = a;
	const struct probe_result r = result(false);
	const char *path_a, *path_b;

	(void)state;
	record(&a, false);
	record(&b, false);
	assert_true(write_all(&a, &r, &path_a));
	assert_true(write_all(&b, &r, &path_b));
	assert_string_not_equal(path_a, path_b);
	assert_int_equal(access(path_a, F_OK), 0);
	assert_int_equal(access(path_b, F_OK), 0);
	traces_done(&a);
	traces_done(&b);
}

static void without_a_folder_one_warning_is_all(void **state)
{
	struct traces t = { .command = &command, .keep = true };
	const struct probe_result r = result(false);
	const char *path;

	(void)state;
	setenv("XDG_STATE_HOME", in_folder("none/state"), 1);
	for (unsigned i = 0; i < 2; i++) {
		record(&t, false);
		assert_true(write_all(&t, &r, &path));
		assert_null(path);
		assert_int_equal(strstr(said, "stox: the trace is not kept ") != NULL, i == 0);
	}
	traces_done(&t);
}

/* Some servers take standard error for the result. */
static void a_plugin_does_not_even_warn(void **state)
{
	static const struct opt_command plugin = { .name = "check_stox", .service = "STOX" };
	struct traces t = { .command = &plugin, .keep = true };
	const struct probe_result r = result(false);
	const char *path;

	(void)state;
	setenv("XDG_STATE_HOME", in_folder("none/state"), 1);
	record(&t, false);
	assert_true(write_all(&t, &r, &path));
	assert_null(path);
	assert_string_equal(said, "");
	traces_done(&t);
}

static void a_named_file_that_fails_later_is_told(void **state)
{
	const struct opt_list named = { .items = { in_folder("gone/a.html"), in_folder("b.txt") },
		.n = 2 };
	struct traces t = { .command = &command, .named = &named };
	const struct probe_result r = result(true);
	const char *path;
	char want[TEXT_MAX];

	(void)state;
	assert_int_equal(mkdir(in_folder("gone"), 0700), 0);
	assert_int_equal(traces_check(&t, &no_outputs), 0);
	record(&t, false);
	assert_int_equal(rmdir(in_folder("gone")), 0);
	assert_false(write_all(&t, &r, &path));
	snprintf(want, sizeof(want), "stox: --trace %s: ", in_folder("gone/a.html"));
	assert_int_equal(strncmp(said, want, strlen(want)), 0);
	/* The others are there all the same. */
	assert_string_equal(path, in_folder("b.txt"));
	traces_done(&t);
}

static void bodies_are_there_only_where_they_were_asked_for(void **state)
{
	const struct opt_list named = { .items = { in_folder("a.txt") }, .n = 1 };
	struct traces t = { .command = &command, .named = &named };
	const struct probe_result r = result(true);
	const char *path;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		t.bodies = i == 1;
		record(&t, true); /* -vv shows them, too */
		assert_true(write_all(&t, &r, &path));
		assert_has(in_folder("a.txt"), "secret words", t.bodies);
		assert_has(in_folder("a.txt"), "[12 bytes]", !t.bodies);
	}
	traces_done(&t);
}

static void nothing_is_recorded_for_nobody(void **state)
{
	const struct opt_list none = { .n = 0 };
	struct traces t = { .command = &command, .named = &none };
	const struct probe_result r = result(false);
	const char *path;

	(void)state;
	assert_false(traces_are_wanted(&t));
	record(&t, false);
	assert_null(t.trace);
	assert_true(write_all(&t, &r, &path));
	assert_null(path);
	traces_done(&t);
	traces_done(&t); /* twice is fine */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_written_is_named_before_a_test),
		TEST(a_folder_without_the_right_to_write_is_named),
		TEST(what_can_be_written_is_not_touched_yet),
		TEST(two_things_do_not_go_to_one_file),
		TEST(named_files_are_written_of_every_test),
		TEST(a_failed_test_is_kept_and_a_good_one_is_not),
		TEST(two_tests_of_one_moment_have_two_files),
		TEST(without_a_folder_one_warning_is_all),
		TEST(a_plugin_does_not_even_warn),
		TEST(a_named_file_that_fails_later_is_told),
		TEST(bodies_are_there_only_where_they_were_asked_for),
		TEST(nothing_is_recorded_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
