/* The folder of what is kept: private, bounded, without links. */
#include "app/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "folder.h"

enum { TEXT_MAX = 1024 };

static char home[64];

struct got {
	int err;
	char path[TEXT_MAX], why[TEXT_MAX];
};

static struct got keep(const char *name, struct slice text)
{
	struct got g;
	struct text t = { .id = NULL };
	struct buf path, why;

	buf_init(&path, TEXT_MAX - 1);
	buf_init(&why, TEXT_MAX - 1);
	g.err = kept_write(name, text, &path, &t);
	text_put(&why, &t, NULL);
	slice_cstr(buf_slice(&path), g.path, sizeof(g.path));
	slice_cstr(buf_slice(&why), g.why, sizeof(g.why));
	buf_done(&path);
	buf_done(&why);
	return g;
}

static void remove_tree(const char *path)
{
	assert_int_equal(folder_remove(path), 0);
}

static int setup(void **state)
{
	(void)state;
	snprintf(home, sizeof(home), "/tmp/stox-kept-XXXXXX");
	assert_non_null(mkdtemp(home));
	setenv("HOME", home, 1);
	unsetenv("XDG_STATE_HOME");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	remove_tree(home);
	return 0;
}

static char *in_home(const char *rest)
{
	static char path[TEXT_MAX];

	snprintf(path, sizeof(path), "%s/%s", home, rest);
	return path;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void assert_holds(const char *path, const char *text)
{
	char got[TEXT_MAX];
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, text);
}

static unsigned count_files(const char *path, const char *start)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += strncmp(e->d_name, start, strlen(start)) == 0;
	closedir(d);
	return n;
}

/* ---- where ---- */

static void a_file_is_whole_and_private(void **state)
{
	struct got g = keep("1.html", SLICE("page"));

	(void)state;
	assert_int_equal(g.err, 0);
	assert_string_equal(g.path, in_home(".local/state/stox/traces/1.html"));
	assert_holds(g.path, "page");
	assert_int_equal(mode_of(g.path), 0600);
	assert_int_equal(mode_of(in_home(".local/state/stox/traces")), 0700);
	assert_int_equal(mode_of(in_home(".local/state/stox")), 0700);
	assert_int_equal(count_files(in_home(".local/state/stox/traces"), ".stox-"), 0);
}

static void a_folder_that_others_could_enter_is_closed(void **state)
{
	(void)state;
	keep("1.html", SLICE("page"));
	assert_int_equal(chmod(in_home(".local/state/stox/traces"), 0777), 0);
	assert_int_equal(keep("2.html", SLICE("page")).err, 0);
	assert_int_equal(mode_of(in_home(".local/state/stox/traces")), 0700);
}

static void xdg_state_home_is_taken_where_it_is_absolute(void **state)
{
	char want[TEXT_MAX];

	(void)state;
	setenv("XDG_STATE_HOME", in_home("state"), 1);
	struct got g = keep("1.html", SLICE("page"));
	assert_int_equal(g.err, 0);
	snprintf(want, sizeof(want), "%s/state/stox/traces/1.html", home);
	assert_string_equal(g.path, want);
	assert_int_equal(mode_of(in_home("state")), 0700);
	setenv("XDG_STATE_HOME", "relative", 1);
	assert_string_equal(
		keep("1.html", SLICE("page")).path, in_home(".local/state/stox/traces/1.html"));
}

static void a_home_that_is_none_is_named(void **state)
{
	static const char *const homes[] = { "/nonexistent/home", "relative", "" };
	struct got g;

	(void)state;
	for (size_t i = 0; i < COUNT(homes); i++) {
		setenv("HOME", homes[i], 1);
		g = keep("1.html", SLICE("page"));
		assert_int_equal(g.err, -ENOENT);
		assert_string_equal(g.why, i == 0 ? "/nonexistent/home: no such file or directory"
						  : "$HOME: no such file or directory");
	}
	unsetenv("HOME");
	assert_int_equal(keep("1.html", SLICE("page")).err, -ENOENT);
	/* None was made. */
	assert_int_equal(access("/nonexistent", F_OK), -1);
}

static void links_and_files_are_no_folders(void **state)
{
	struct got g;

	(void)state;
	assert_int_equal(mkdir(in_home("elsewhere"), 0700), 0);
	keep("1.html", SLICE("page"));
	remove_tree(in_home(".local/state/stox/traces"));
	assert_int_equal(symlink("../../../elsewhere", in_home(".local/state/stox/traces")), 0);
	g = keep("2.html", SLICE("page"));
	assert_true(g.err == -ELOOP || g.err == -ENOTDIR);
	assert_non_null(strstr(g.why, "/.local/state/stox/traces: "));
	remove_tree(in_home(".local/state/stox"));
	assert_int_equal(symlink("../../elsewhere", in_home(".local/state/stox")), 0);
	assert_true(keep("2.html", SLICE("page")).err < 0);
	assert_int_equal(count_files(in_home("elsewhere"), ""), 2); /* . and .. */
	unlink(in_home(".local/state/stox"));
	put_file(in_home(".local/state/stox"), "");
	assert_int_equal(keep("2.html", SLICE("page")).err, -ENOTDIR);
}

static void a_folder_of_somebody_else_is_left_alone(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	keep("1.html", SLICE("page"));
	assert_int_equal(chown(in_home(".local/state/stox"), 65534, 65534), 0);
	assert_int_equal(keep("2.html", SLICE("page")).err, -EPERM);
}

static void a_link_in_the_folder_is_replaced_and_not_followed(void **state)
{
	(void)state;
	keep("1.html", SLICE("page"));
	put_file(in_home("target"), "untouched");
	assert_int_equal(
		symlink("../../../../target", in_home(".local/state/stox/traces/2.html")), 0);
	struct got g = keep("2.html", SLICE("new"));
	assert_int_equal(g.err, 0);
	assert_holds(in_home("target"), "untouched");
	assert_holds(g.path, "new");
	/* And nothing half is left where the name is taken. */
	assert_int_equal(mkdir(in_home(".local/state/stox/traces/3.html"), 0700), 0);
	assert_true(keep("3.html", SLICE("new")).err < 0);
	assert_int_equal(count_files(in_home(".local/state/stox/traces"), ".stox-"), 0);
}

/* ---- bounds ---- */

static void the_newest_stay(void **state)
{
	char name[64];

	(void)state;
	keep("00.html", SLICE("page"));
	put_file(in_home(".local/state/stox/traces/notes.txt"), "mine");
	for (unsigned i = 1; i <= 30; i++) {
		snprintf(name, sizeof(name), "%02u.html", i);
		assert_int_equal(keep(name, SLICE("page")).err, 0);
	}
	assert_int_equal(count_files(in_home(".local/state/stox/traces"), "") - 2, KEPT_FILES + 1);
	assert_int_equal(access(in_home(".local/state/stox/traces/10.html"), F_OK), -1);
	assert_int_equal(access(in_home(".local/state/stox/traces/11.html"), F_OK), 0);
	assert_int_equal(access(in_home(".local/state/stox/traces/notes.txt"), F_OK), 0);
	/* The one that was just written stays, also where the clock went back. */
	struct got g = keep("00.html", SLICE("page"));
	assert_int_equal(access(g.path, F_OK), 0);
	assert_int_equal(access(in_home(".local/state/stox/traces/11.html"), F_OK), -1);
}

static void they_are_bounded_by_their_bytes_too(void **state)
{
	enum { BIG = 3 << 20 };
	uint8_t *big = mem_alloc0(BIG);
	char name[64];

	(void)state;
	assert_non_null(big);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "%u.html", i);
		assert_int_equal(keep(name, slice_of(big, BIG)).err, 0);
	}
	assert_int_equal(count_files(in_home(".local/state/stox/traces"), "") - 2, 3);
	assert_int_equal(access(in_home(".local/state/stox/traces/2.html"), F_OK), 0);
	mem_free(big);
}

static void half_files_of_killed_programs_go(void **state)
{
	const struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	(void)state;
	keep("1.html", SLICE("page"));
	put_file(in_home(".local/state/stox/traces/.stox-aa"), "old");
	assert_int_equal(
		utimensat(AT_FDCWD, in_home(".local/state/stox/traces/.stox-aa"), old, 0), 0);
	put_file(in_home(".local/state/stox/traces/.stox-bb"), "of another that runs");
	keep("2.html", SLICE("page"));
	assert_int_equal(access(in_home(".local/state/stox/traces/.stox-aa"), F_OK), -1);
	assert_int_equal(access(in_home(".local/state/stox/traces/.stox-bb"), F_OK), 0);
}

static void several_at_once_do_not_clash(void **state)
{
	enum { AT_ONCE = 4, EACH = 15 };
	char name[64];
	int status;

	(void)state;
	for (unsigned p = 0; p < AT_ONCE; p++) {
		if (fork() != 0)
			continue;
		int failed = 0;
		for (unsigned i = 0; i < EACH; i++) {
			snprintf(name, sizeof(name), "%02u-%u.html", i, p);
			failed |= keep(name, SLICE("page")).err != 0;
		}
		_exit(failed);
	}
	for (unsigned p = 0; p < AT_ONCE; p++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	const unsigned n = count_files(in_home(".local/state/stox/traces"), "") - 2;
	assert_in_range(n, KEPT_FILES - AT_ONCE, KEPT_FILES);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_whole_and_private),
		TEST(a_folder_that_others_could_enter_is_closed),
		TEST(xdg_state_home_is_taken_where_it_is_absolute),
		TEST(a_home_that_is_none_is_named),
		TEST(links_and_files_are_no_folders),
		TEST(a_folder_of_somebody_else_is_left_alone),
		TEST(the_newest_stay),
		TEST(they_are_bounded_by_their_bytes_too),
		TEST(half_files_of_killed_programs_go),
		TEST(several_at_once_do_not_clash),
		TEST(a_link_in_the_folder_is_replaced_and_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
