#include "app/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

enum { PATH_MAX_TEXT = 128, WHY_MAX = 4096 };

static char dir[] = "/tmp/stox-config-XXXXXX";

/* Files that name themselves by their partner's domain. */
static const char *const names[] = { "option.yaml", "environment.yaml", "xdg/stox/stox.yaml",
	"home/.config/stox/stox.yaml" };
static const char *const folders[] = { "xdg", "xdg/stox", "home", "home/.config",
	"home/.config/stox" };

static const char *path_of(const char *name, char path[PATH_MAX_TEXT])
{
	snprintf(path, PATH_MAX_TEXT, "%s/%s", dir, name);
	return path;
}

/* Reads; `domain` NULL wants no configuration. */
static void check(const char *option, const char *domain)
{
	char path[PATH_MAX_TEXT];
	struct conf *c = NULL;
	char *found = NULL;
	struct buf why;

	buf_init(&why, WHY_MAX);
	int err = config_read(option ? path_of(option, path) : NULL, &c, &found, &why);
	assert_string_equal(buf_cstr(&why), "");
	assert_int_equal(err, 0);
	if (domain) {
		assert_non_null(c);
		assert_string_equal(c->partners[0].domain.s, domain);
	} else {
		assert_null(c);
	}
	conf_free(c);
	free(found);
	buf_done(&why);
}

static void set(const char *variable, const char *name)
{
	char path[PATH_MAX_TEXT];

	setenv(variable, path_of(name, path), 1);
}

static void the_nearest_place_wins(void **state)
{
	(void)state;
	set("HOME", "home");
	set("XDG_CONFIG_HOME", "xdg");
	set("STOX_CONFIG", "environment.yaml");
	check("option.yaml", "option.test");
	check(NULL, "environment.test");
	unsetenv("STOX_CONFIG");
	check(NULL, "xdg.test");
	unsetenv("XDG_CONFIG_HOME");
	check(NULL, "home.test");
}

static void a_named_file_that_is_not_there_is_an_error(void **state)
{
	char path[PATH_MAX_TEXT], want[WHY_MAX];
	struct conf *c = NULL;
	char *found = NULL;
	struct buf why;

	(void)state;
	set("STOX_CONFIG", "nothing.yaml");
	buf_init(&why, WHY_MAX);
	assert_int_not_equal(config_read(NULL, &c, &found, &why), 0);
	assert_null(c);
	snprintf(
		want, sizeof(want), "%s: No such file or directory", path_of("nothing.yaml", path));
	assert_string_equal(buf_cstr(&why), want);
	buf_done(&why);
	free(found);
	unsetenv("STOX_CONFIG");
}

static void relative_paths_start_at_the_configuration(void **state)
{
	static const struct {
		const char *config, *path, *want;
	} table[] = {
		{ "/etc/stox/stox.yaml", "secrets/a", "/etc/stox/secrets/a" },
		{ "/etc/stox/stox.yaml", "/run/a", "/run/a" },
		{ "stox.yaml", "a", "a" },
		{ "lab/stox.yaml", "a", "lab/a" },
		{ NULL, "a", "a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char *got = config_path(table[i].config, table[i].path);

		assert_string_equal(got, table[i].want);
		free(got);
	}
}

static int make_files(void **state)
{
	static const char *const domains[] = { "option", "environment", "xdg", "home" };
	char path[PATH_MAX_TEXT];

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < COUNT(folders); i++)
		mkdir(path_of(folders[i], path), 0700);
	for (size_t i = 0; i < COUNT(names); i++) {
		FILE *f = fopen(path_of(names[i], path), "w");

		if (!f)
			return -1;
		fprintf(f, "partners:\n  - domain: %s.test\n", domains[i]);
		fclose(f);
	}
	return 0;
}

static int remove_files(void **state)
{
	char path[PATH_MAX_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		unlink(path_of(names[i], path));
	for (size_t i = COUNT(folders); i > 0; i--)
		rmdir(path_of(folders[i - 1], path));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_place_wins),
		cmocka_unit_test(a_named_file_that_is_not_there_is_an_error),
		cmocka_unit_test(relative_paths_start_at_the_configuration),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
