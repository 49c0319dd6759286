#include "app/file_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

enum { PATH_TEXT = 128, WHY_TEXT = 512 };

static char dir[] = "/tmp/stox-file-out-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(const char *name, char path[PATH_TEXT])
{
	snprintf(path, PATH_TEXT, "%s/%s", dir, name);
	return path;
}

/* Entries of the folder but . and ..; removes them when asked to. */
static unsigned entries(bool remove_them)
{
	DIR *d = opendir(dir);
	unsigned n = 0;
	char path[PATH_TEXT * 3];

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (remove_them)
			assert_int_equal(remove(path), 0);
	}
	closedir(d);
	return n;
}

static int empty_dir(void **state)
{
	(void)state;
	entries(true);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int check(const char *path, char why[WHY_TEXT])
{
	struct text t = { .id = NULL };
	struct buf b;

	buf_init(&b, WHY_TEXT - 1);
	int err = file_out_check(path, &t);
	text_put(&b, &t, NULL);
	slice_cstr(buf_slice(&b), why, WHY_TEXT);
	buf_done(&b);
	return err;
}

static int put(const char *path, const char *content)
{
	struct text why = { .id = NULL };
	int err = file_out_write(path, slice_str(content), FILE_OUT_PUBLIC, &why);

	assert_int_equal(err == 0, why.id == NULL);
	return err;
}

static void holds(const char *path, const char *want)
{
	char got[200] = "";
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(got, want);
}

static void a_file_is_made_with_what_the_umask_leaves(void **state)
{
	static const struct {
		mode_t mask, mode;
	} cases[] = { { 022, 0644 }, { 027, 0640 }, { 077, 0600 } };
	char path[PATH_TEXT], why[WHY_TEXT];
	struct stat st;

	(void)state;
	in_dir("new", path);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const mode_t old = umask(cases[i].mask);

		assert_int_equal(check(path, why), 0);
		assert_int_equal(entries(false), i > 0); /* the check leaves nothing */
		assert_int_equal(put(path, "content"), 0);
		assert_int_equal(umask(old), cases[i].mask); /* it stays what it was */
		holds(path, "content");
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, cases[i].mode);
		assert_int_equal(entries(false), 1);
	}
}

static void a_private_file_is_nobody_else_s(void **state)
{
	char path[PATH_TEXT];
	struct stat st;
	struct text why;

	(void)state;
	in_dir("new", path);
	assert_int_equal(put(path, "public before"), 0);
	assert_int_equal(file_out_write(path, SLICE("content"), FILE_OUT_PRIVATE, &why), 0);
	holds(path, "content");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* Who has it open goes on reading what was there. */
static void a_file_is_replaced_and_not_written_over(void **state)
{
	char path[PATH_TEXT], why[WHY_TEXT], got[8] = "";

	(void)state;
	in_dir("there", path);
	assert_int_equal(put(path, "before"), 0);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(check(path, why), 0);
	assert_int_equal(put(path, "behind"), 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), 6);
	close(fd);
	assert_string_equal(got, "before");
	holds(path, "behind");
	assert_int_equal(entries(false), 1);
}

static void what_cannot_be_replaced_is_refused(void **state)
{
	static const struct {
		const char *name, *why;
		int err;
	} rows[] = {
		{ "link", "this is a link; name the file itself", -EINVAL },
		{ "dangling", "this is a link; name the file itself", -EINVAL },
		{ "fifo", "this is not a regular file", -EINVAL },
		{ "folder", "is a directory", -EISDIR },
		{ "folder/", "give the name of a file", -EINVAL },
		{ "none/file", "no such file or directory", -ENOENT },
		{ "file/file", "not a directory", -ENOTDIR },
	};
	char path[PATH_TEXT], to[PATH_TEXT], why[WHY_TEXT], want[WHY_TEXT];

	(void)state;
	assert_int_equal(put(in_dir("file", path), "kept"), 0);
	assert_int_equal(symlink(path, in_dir("link", to)), 0);
	assert_int_equal(symlink("/nonexistent", in_dir("dangling", to)), 0);
	assert_int_equal(mkfifo(in_dir("fifo", to), 0600), 0);
	assert_int_equal(mkdir(in_dir("folder", to), 0700), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		in_dir(rows[i].name, to);
		assert_int_equal(check(to, why), rows[i].err);
		snprintf(want, sizeof(want), "%s: %s", to, rows[i].why);
		assert_string_equal(why, want);
	}
	assert_int_equal(check("", why), -EINVAL);
	holds(path, "kept");
	assert_int_equal(entries(false), 5);
}

/* Between the check and the write a link may have come: it is replaced, and not followed. */
static void a_link_is_never_followed(void **state)
{
	char path[PATH_TEXT], link[PATH_TEXT];
	struct stat st;

	(void)state;
	assert_int_equal(put(in_dir("victim", path), "kept"), 0);
	assert_int_equal(symlink(path, in_dir("link", link)), 0);
	assert_int_equal(put(link, "content"), 0);
	holds(path, "kept");
	holds(link, "content");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void a_failed_write_leaves_nothing(void **state)
{
	char path[PATH_TEXT];

	(void)state;
	assert_int_equal(put("/proc/none", "x"), -ENOENT);
	assert_int_equal(mkdir(in_dir("folder", path), 0700), 0);
	assert_int_equal(put(path, "x"), -EISDIR);
	assert_int_equal(entries(false), 1);
}

static void two_names_of_one_place_are_known(void **state)
{
	char a[PATH_TEXT], b[PATH_TEXT];

	(void)state;
	assert_true(file_out_same(in_dir("x", a), in_dir("./x", b)));
	assert_true(file_out_same("x", "./x"));
	assert_false(file_out_same(in_dir("x", a), in_dir("y", b)));
	assert_false(file_out_same(in_dir("x", a), "x"));
	assert_false(file_out_same(in_dir("none/x", a), in_dir("none/x", b)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_file_is_made_with_what_the_umask_leaves, empty_dir),
		cmocka_unit_test_teardown(a_private_file_is_nobody_else_s, empty_dir),
		cmocka_unit_test_teardown(a_file_is_replaced_and_not_written_over, empty_dir),
		cmocka_unit_test_teardown(what_cannot_be_replaced_is_refused, empty_dir),
		cmocka_unit_test_teardown(a_link_is_never_followed, empty_dir),
		cmocka_unit_test_teardown(a_failed_write_leaves_nothing, empty_dir),
		cmocka_unit_test_teardown(two_names_of_one_place_are_known, empty_dir),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
