#include "app/files.h"
#include "app/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/file_in.h"
#include "base/mem.h"

enum { PATH_MAX_TEXT = 128, WHY_MAX = 1024 };

static char dir[] = "/tmp/stox-files-XXXXXX";

struct got {
	int err;
	char secret[SECRET_MAX + 1];
	char why[WHY_MAX];
};

static const char *path_of(const char *name)
{
	static char path[PATH_MAX_TEXT];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_file(const char *name, const void *p, size_t n, mode_t mode)
{
	const char *path = path_of(name);

	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static const char *secrets_group;

static struct got get(const char *name)
{
	struct got g = { 0 };
	struct text why = { .id = NULL };
	struct buf b;

	buf_init(&b, WHY_MAX);
	g.err = secret_read(path_of(name), secrets_group, g.secret, &why);
	text_put(&b, &why, NULL);
	assert_true(slice_cstr(buf_slice(&b), g.why, sizeof(g.why)));
	buf_done(&b);
	return g;
}

static void assert_why(const struct got *g, const char *name, const char *rest)
{
	char want[WHY_MAX];

	snprintf(want, sizeof(want), "%s: %s", path_of(name), rest);
	assert_int_equal(g->err, ERR_SECRET);
	assert_string_equal(g->why, want);
}

static void a_secret_is_a_file_without_its_line_end(void **state)
{
	static const struct {
		const char *content, *want;
	} table[] = {
		{ "swordfish", "swordfish" },
		{ "swordfish\n", "swordfish" },
		{ "swordfish\r\n", "swordfish" },
		{ " sword fish \n", " sword fish " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		write_file("s", table[i].content, strlen(table[i].content), 0600);
		struct got g = get("s");
		assert_int_equal(g.err, 0);
		assert_string_equal(g.secret, table[i].want);
	}
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
	static const mode_t modes[] = { 0604, 0620, 0660, 0601, 0644, 0650 };

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		const bool others = modes[i] & 07;
		char rest[WHY_MAX];

		write_file("s", "x", 1, modes[i]);
		struct got g = get("s");
		snprintf(rest, sizeof(rest), "secret (mode %03o)%s chmod 600 %s",
			(unsigned)modes[i], others ? ";" : ":", path_of("s"));
		if (!strstr(g.why, rest))
			fail_msg("%s is not in %s", rest, g.why);
		assert_int_equal(g.err, ERR_SECRET);
		assert_string_equal(g.secret, "");
	}
	write_file("s", "x", 1, 0400);
	assert_int_equal(get("s").err, 0);
}

static void the_folder_of_credentials_has_its_own_protection(void **state)
{
	char near[PATH_MAX_TEXT];

	(void)state;
	write_file("s", "x", 1, 0444);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_int_equal(get("s").err, 0);
	assert_int_equal(get("../s").err, ERR_SECRET);

	/* A neighbour whose name only begins like it is not in it. */
	snprintf(near, sizeof(near), "%.*s", (int)strlen(dir) - 1, dir);
	setenv("CREDENTIALS_DIRECTORY", near, 1);
	assert_int_equal(get("s").err, ERR_SECRET);
	setenv("CREDENTIALS_DIRECTORY", "", 1);
	assert_int_equal(get("s").err, ERR_SECRET);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void what_is_no_secret_is_refused(void **state)
{
	static const char *const lines[] = { "a\n\n", "a\nb", "# of prosody\na\n", "a\r\nb\r\n" };
	char big[SECRET_MAX + 3];
	struct got g;

	(void)state;
	memset(big, 'x', sizeof(big));
	g = get("nothing-here");
	assert_why(&g, "nothing-here", "no such file or directory");
	g = get(".");
	assert_why(&g, ".", "a secret is a regular file");
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	g = get("fifo");
	assert_why(&g, "fifo", "a secret is a regular file");
	unlink(path_of("fifo"));
	write_file("s", "", 0, 0600);
	g = get("s");
	assert_why(&g, "s", "the secret is empty");
	write_file("s", "\n", 1, 0600);
	g = get("s");
	assert_why(&g, "s", "the secret is empty");
	for (unsigned i = 0; i < COUNT(lines); i++) {
		write_file("s", lines[i], strlen(lines[i]), 0600);
		g = get("s");
		assert_why(&g, "s", "a secret is one line of at most 1024 bytes");
	}
	write_file("s", "a\0b", 3, 0600);
	g = get("s");
	assert_why(&g, "s", "a secret is one line of at most 1024 bytes");
	write_file("s", big, SECRET_MAX + 1, 0600);
	g = get("s");
	assert_why(&g, "s", "a secret is one line of at most 1024 bytes");
	write_file("s", big, sizeof(big), 0600);
	g = get("s");
	assert_why(&g, "s", "a secret is one line of at most 1024 bytes");
	write_file("s", big, SECRET_MAX, 0600);
	assert_int_equal(get("s").err, 0);
}

/* Its own group is the reader's alone; any other is what an administrator says of it. */
static void a_group_may_read_a_secret_if_it_is_named(void **state)
{
	static const struct {
		gid_t gid;
		const char *named;
		bool good;
	} rows[] = {
		{ 0, NULL, true },
		{ 4242, NULL, false },
		{ 4242, "4242", true },
		{ 4242, "4243", false },
		{ 4242, "root", false },
		{ 4242, "no-such-group", false },
		{ 4242, "", false },
	};

	(void)state;
	if (geteuid() != 0)
		return; /* only root can give a file away */
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file("s", "x", 1, 0440);
		assert_int_equal(chown(path_of("s"), 0, rows[i].gid), 0);
		secrets_group = rows[i].named;
		struct got g = get("s");
		secrets_group = NULL;
		if ((g.err == 0) != rows[i].good)
			fail_msg("row %zu: %s", i, g.why);
		if (g.err)
			assert_non_null(strstr(g.why, "the group 4242 can read this secret "
						      "(mode 440): chmod 600 "));
	}
}

static void a_secret_of_another_user_is_refused(void **state)
{
	(void)state;
	write_file("s", "x", 1, 0600);
	if (geteuid() != 0)
		return; /* only root can give a file away */
	assert_int_equal(chown(path_of("s"), 4242, 0), 0);
	struct got g = get("s");
	assert_int_equal(g.err, ERR_SECRET);
	assert_non_null(strstr(g.why, "belongs to another user (4242): chown root "));
}

/* ---- the terminal ---- */

struct terminal {
	int master, slave;
	pid_t child;
};

/* A child whose terminal is a new one asks for a secret; its status is 0 when it got "pass word".
 */
static void terminal_open(struct terminal *t)
{
	t->master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(t->master >= 0 && grantpt(t->master) == 0 && unlockpt(t->master) == 0);
	t->slave = open(ptsname(t->master), O_RDWR | O_NOCTTY);
	assert_true(t->slave >= 0);
	t->child = fork();
	if (t->child != 0)
		return;
	setsid();
	ioctl(t->slave, TIOCSCTTY, 0);
	char secret[SECRET_MAX + 1];
	struct text why;
	int err = secret_read("-", NULL, secret, &why);
	_exit(err == 0 && strcmp(secret, "pass word") == 0 ? 0 : 1);
}

static void terminal_expect(struct terminal *t, const char *want)
{
	char text[256] = "";
	size_t n = 0;

	while (n < strlen(want)) {
		ssize_t got = read(t->master, text + n, strlen(want) - n);

		assert_true(got > 0);
		n += (size_t)got;
	}
	assert_string_equal(text, want);
}

static int terminal_type(struct terminal *t, const char *keys)
{
	int status = -1;

	assert_int_equal(write(t->master, keys, strlen(keys)), strlen(keys));
	assert_int_equal(waitpid(t->child, &status, 0), t->child);
	return status;
}

static void assert_echo_is_on_and_close(struct terminal *t)
{
	struct termios now;

	assert_int_equal(tcgetattr(t->slave, &now), 0);
	assert_true(now.c_lflag & ECHO);
	close(t->slave);
	close(t->master);
}

static void a_terminal_is_asked_without_an_echo(void **state)
{
	struct terminal t;

	(void)state;
	terminal_open(&t);
	terminal_expect(&t, "Password: ");
	int status = terminal_type(&t, "pass word\n");
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	terminal_expect(&t, "\r\n");
	assert_echo_is_on_and_close(&t);
}

static void an_interrupted_question_leaves_the_terminal_as_it_was(void **state)
{
	struct terminal t;

	(void)state;
	terminal_open(&t);
	terminal_expect(&t, "Password: ");
	int status = terminal_type(&t, "pass\003");
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_echo_is_on_and_close(&t);
}

/* ---- the configuration ---- */

/* Files that name themselves by their partner's domain. */
static const char *const names[] = { "option.yaml", "environment.yaml", "xdg/stox/stox.yaml",
	"home/.config/stox/stox.yaml" };
static const char *const folders[] = { "xdg", "xdg/stox", "home", "home/.config",
	"home/.config/stox" };

/* Reads; `domain` NULL wants no configuration. */
static void check(const char *option, const char *domain)
{
	struct conf *c = NULL;
	char *found = NULL;
	struct buf why;

	buf_init(&why, WHY_MAX);
	int err = config_read(option ? path_of(option) : NULL, &c, &found, NULL, &why);
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
	setenv(variable, path_of(name), 1);
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
	char want[WHY_MAX];
	struct conf *c = NULL;
	char *found = NULL;
	struct buf why;

	(void)state;
	set("STOX_CONFIG", "nothing.yaml");
	buf_init(&why, WHY_MAX);
	assert_int_not_equal(config_read(NULL, &c, &found, NULL, &why), 0);
	assert_null(c);
	snprintf(want, sizeof(want), "%s: no such file or directory\n", path_of("nothing.yaml"));
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

/* As in a unit with LoadCredential=secrets:/etc/stox/secrets, whose user cannot read that. */
static void a_relative_path_is_a_credential_first(void **state)
{
	static const struct {
		const char *path, *want;
	} table[] = {
		{ "secrets/a", "secrets_a" },
		{ "secrets_a", "secrets_a" },
		{ "secrets/b", NULL },
		{ "../secrets/a", NULL },
		{ "/etc/stox/secrets/a", NULL },
	};

	(void)state;
	write_file("secrets_a", "x", 1, 0400);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	for (size_t i = 0; i < COUNT(table); i++) {
		char *got = config_path("/etc/stox/stox.yaml", table[i].path);

		if (table[i].want)
			assert_string_equal(got, path_of(table[i].want));
		else
			assert_int_equal(strncmp(got, "/etc/stox/", 10), 0);
		free(got);
	}
	unlink(path_of("secrets_a"));
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void what_is_wrong_with_a_configuration_is_said_with_its_place(void **state)
{
	static const char text[] = "partners:\n  - domain: a b\npools: 1\n";
	char want[WHY_MAX];
	struct conf *c = NULL;
	char *found = NULL;
	struct buf why;

	(void)state;
	write_file("s", text, sizeof(text) - 1, 0600);
	buf_init(&why, WHY_MAX);
	assert_int_equal(config_read(path_of("s"), &c, &found, NULL, &why), ERR_CONFIG);
	assert_null(c);
	assert_string_equal(found, path_of("s"));
	snprintf(want, sizeof(want),
		"%s:2:13: `domain` must be a domain name, like example.org\n"
		"%s:3:8: `pools` must be a list, not a value\n",
		path_of("s"), path_of("s"));
	assert_string_equal(buf_cstr(&why), want);
	buf_done(&why);
	free(found);
}

/* ---- any file ---- */

static void assert_file(const char *name, size_t max, int want_err, const char *want)
{
	char sentence[WHY_MAX];
	struct text t = { .id = NULL };
	struct buf text, why;

	buf_init(&text, 1 << 16);
	buf_init(&why, WHY_MAX);
	assert_int_equal(file_in_read(path_of(name), max, &text, &t), want_err);
	text_put(&why, &t, NULL);
	if (want_err) {
		snprintf(sentence, sizeof(sentence), "%s: %s", path_of(name), want);
		assert_string_equal(buf_cstr(&why), sentence);
	} else {
		assert_string_equal(buf_cstr(&text), want);
		assert_string_equal(buf_cstr(&why), "");
	}
	buf_done(&text);
	buf_done(&why);
}

static void a_file_is_read_whole_or_not_at_all(void **state)
{
	char big[10001];

	(void)state;
	memset(big, 'x', 10000);
	big[10000] = '\0';
	write_file("s", big, 10000, 0644);
	assert_file("s", 10000, 0, big);
	assert_file("s", 9999, -EFBIG, "file too large");
	write_file("s", "", 0, 0644);
	assert_file("s", 0, 0, "");
	assert_file("nothing", 100, -ENOENT, "no such file or directory");
	assert_file(".", 100, -EISDIR, "is a directory");
}

/* ---- */

static int make_files(void **state)
{
	static const char *const domains[] = { "option", "environment", "xdg", "home" };

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	if (!mkdtemp(dir))
		return -1;
	for (size_t i = 0; i < COUNT(folders); i++)
		mkdir(path_of(folders[i]), 0700);
	for (size_t i = 0; i < COUNT(names); i++) {
		FILE *f = fopen(path_of(names[i]), "w");

		if (!f)
			return -1;
		fprintf(f, "partners:\n  - domain: %s.test\n", domains[i]);
		fclose(f);
	}
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(path_of("s"));
	for (size_t i = 0; i < COUNT(names); i++)
		unlink(path_of(names[i]));
	for (size_t i = COUNT(folders); i > 0; i--)
		rmdir(path_of(folders[i - 1]));
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_a_file_without_its_line_end),
		cmocka_unit_test(a_secret_that_others_can_read_is_refused),
		cmocka_unit_test(the_folder_of_credentials_has_its_own_protection),
		cmocka_unit_test(what_is_no_secret_is_refused),
		cmocka_unit_test(a_secret_of_another_user_is_refused),
		cmocka_unit_test(a_group_may_read_a_secret_if_it_is_named),
		cmocka_unit_test(a_terminal_is_asked_without_an_echo),
		cmocka_unit_test(an_interrupted_question_leaves_the_terminal_as_it_was),
		cmocka_unit_test(the_nearest_place_wins),
		cmocka_unit_test(a_named_file_that_is_not_there_is_an_error),
		cmocka_unit_test(what_is_wrong_with_a_configuration_is_said_with_its_place),
		cmocka_unit_test(relative_paths_start_at_the_configuration),
		cmocka_unit_test(a_relative_path_is_a_credential_first),
		cmocka_unit_test(a_file_is_read_whole_or_not_at_all),
	};

	return cmocka_run_group_tests_name("files", tests, make_files, remove_files);
}
