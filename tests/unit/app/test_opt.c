#include "app/opt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

struct values {
	const char *argument;
	const char *target, *password_file;
	unsigned port, verbose;
	ts_t timeout;
	bool fast, hidden;
	struct opt_list outputs;
};

#define AT(member) offsetof(struct values, member)

static const struct opt opts[] = {
	{ "target", 't', "FQDN", OPT_TEXT, AT(target), 0, 0, "the pool", .manual = "" },
	{ "password-file", 0, "FILE", OPT_TEXT, AT(password_file), 0, 0, "the password",
		.manual = "" },
	{ "port", 'p', "N", OPT_NUMBER, AT(port), 1, 65535, "the port", .manual = "" },
	{ "timeout", 0, "SECONDS", OPT_SECONDS, AT(timeout), 1, 60, "in all", .manual = "" },
	{ "fast", 'f', NULL, OPT_FLAG, AT(fast), 0, 0, "be quick", .manual = "" },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0, "say more", .manual = "" },
	{ "output", 'o', "FILE", OPT_LIST, AT(outputs), 0, 0, "where to", .manual = "" },
	{ "hidden", 0, NULL, OPT_FLAG, AT(hidden), 0, 0, .help = NULL },
};

static const struct opt_command command = {
	.name = "try", .summary = "Tries it.", .opts = opts, .n_opts = COUNT(opts)
};

static void more(struct sheet *p)
{
	sheet_end(p, 0);
	buf_puts(&p->line, "more that there is");
	sheet_end(p, 0);
}

static const struct opt_command plugin = { .name = "check_try",
	.summary = "Tries it.",
	.opts = opts,
	.n_opts = COUNT(opts),
	.more = more,
	.service = "TRY" };

enum { WORDS_MAX = 40, TEXT_MAX = 2048 };

struct run {
	enum opt_result result;
	struct values v;
	char out[TEXT_MAX], err[TEXT_MAX];
};

/* Sends a stream into a file, and back. */
struct capture {
	FILE *stream, *file;
	int old;
};

static void capture_begin(struct capture *c, FILE *stream)
{
	fflush(stream);
	c->stream = stream;
	c->file = tmpfile();
	assert_non_null(c->file);
	c->old = dup(fileno(stream));
	dup2(fileno(c->file), fileno(stream));
}

static void capture_end(struct capture *c, char text[TEXT_MAX])
{
	fflush(c->stream);
	dup2(c->old, fileno(c->stream));
	close(c->old);
	rewind(c->file);
	text[fread(text, 1, TEXT_MAX - 1, c->file)] = 0;
	fclose(c->file);
}

/* `line` is split at its spaces. */
static struct run run_as(const struct opt_command *cmd, const char *line)
{
	struct run r = { .v = { .timeout = TS_S(10) } };
	struct capture out, err;
	static char copy[256]; /* the values point into it */
	char *argv[WORDS_MAX + 1] = { NULL };
	int argc = 0;

	snprintf(copy, sizeof(copy), "try %s", line);
	for (char *w = strtok(copy, " "); w && argc < WORDS_MAX; w = strtok(NULL, " "))
		argv[argc++] = w;
	capture_begin(&out, stdout);
	capture_begin(&err, stderr);
	r.result = opt_parse(cmd, argc, argv, &r.v);
	capture_end(&err, r.err);
	capture_end(&out, r.out);
	return r;
}

static struct run run(const char *line)
{
	return run_as(&command, line);
}

static void values_land_in_the_struct(void **state)
{
	struct run r = run("--target a.test -p 5061 --timeout=2.5 -fvv --password-file=x=y");

	(void)state;
	assert_int_equal(r.result, OPT_OK);
	assert_string_equal(r.err, "");
	assert_string_equal(r.v.target, "a.test");
	assert_string_equal(r.v.password_file, "x=y");
	assert_int_equal(r.v.port, 5061);
	assert_int_equal(r.v.timeout, 2500000);
	assert_true(r.v.fast);
	assert_int_equal(r.v.verbose, 2);
}

static void a_list_has_one_more_each_time(void **state)
{
	struct run r = run("--output a -ob --fast --output=c=d");

	(void)state;
	assert_int_equal(r.result, OPT_OK);
	assert_int_equal(r.v.outputs.n, 3);
	assert_string_equal(r.v.outputs.items[0], "a");
	assert_string_equal(r.v.outputs.items[1], "b");
	assert_string_equal(r.v.outputs.items[2], "c=d");
	r = run("-o1 -o2 -o3 -o4 -o5 -o6 -o7 -o8 -o9 -o10 -o11 -o12 -o13 -o14 -o15 -o16");
	assert_int_equal(r.result, OPT_OK);
	assert_int_equal(r.v.outputs.n, OPT_LIST_MAX);
	r = run("-o1 -o2 -o3 -o4 -o5 -o6 -o7 -o8 -o9 -o10 -o11 -o12 -o13 -o14 -o15 -o16 -o17");
	assert_int_equal(r.result, OPT_BAD);
	assert_string_equal(r.err, "stox try: `--output 17`: at most 16 can be given\n");
}

/* What a plugin prints on standard error nobody sees. */
static void a_plugin_complains_as_unknown_on_standard_output(void **state)
{
	static const char *const lines[][2] = {
		{ "--port x", "TRY UNKNOWN: `--port x`: give a number from 1 to 65535\n" },
		{ "word", "TRY UNKNOWN: `word` is not an option; `check_try --help` lists them\n" },
		{ "-o", "TRY UNKNOWN: option `-o` needs its FILE\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct run r = run_as(&plugin, lines[i][0]);

		assert_int_equal(r.result, OPT_BAD);
		assert_string_equal(r.out, lines[i][1]);
		assert_string_equal(r.err, "");
	}
	struct run r = run_as(&plugin, "-h");
	assert_int_equal(r.result, OPT_HELP);
	assert_int_equal(strncmp(r.out, "usage: check_try [options]\nTries it.\n", 36), 0);
	assert_non_null(strstr(r.out, "\n\nmore that there is\n"));
}

static void what_is_not_given_stays_as_it_was(void **state)
{
	struct run r = run("-tb.test -p1");

	(void)state;
	assert_int_equal(r.result, OPT_OK);
	assert_string_equal(r.v.target, "b.test");
	assert_int_equal(r.v.port, 1);
	assert_int_equal(r.v.timeout, TS_S(10));
	assert_false(r.v.fast);
}

#define ALLOWED                                                                                    \
	"Allowed: --target --password-file --port --timeout --fast --verbose --output --help\n"
#define PORT    "give a number from 1 to 65535\n"
#define SECONDS "give a number of seconds from 1 to 60, such as 2.5\n"

static void one_line_says_what_is_wrong(void **state)
{
	static const struct {
		const char *line, *err;
	} table[] = {
		{ "--traget a", "unknown option `--traget`; did you mean `--target`? " ALLOWED },
		{ "--xyzzy", "unknown option `--xyzzy`. " ALLOWED },
		{ "--password=hunter2",
			"unknown option `--password`; did you mean `--password-file`? " ALLOWED },
		{ "-fx", "unknown option `-x`. " ALLOWED },
		{ "a.test", "`a.test` is not an option; `stox try --help` lists them\n" },
		{ "--target", "option `--target` needs its FQDN\n" },
		{ "-t", "option `-t` needs its FQDN\n" },
		{ "--target=", "option `--target` needs its FQDN\n" },
		{ "--fast=yes", "option `--fast` takes no value\n" },
		{ "--port 0", "`--port 0`: " PORT },
		{ "--port 65536", "`--port 65536`: " PORT },
		{ "--port 0x10", "`--port 0x10`: " PORT },
		{ "-p-1", "`--port -1`: " PORT },
		{ "--port=", "`--port `: " PORT },
		{ "--timeout 0.9", "`--timeout 0.9`: " SECONDS },
		{ "--timeout 60.000001", "`--timeout 60.000001`: " SECONDS },
		{ "--timeout 1e1", "`--timeout 1e1`: " SECONDS },
		{ "--timeout .5", "`--timeout .5`: " SECONDS },
		{ "--timeout 1.0000001", "`--timeout 1.0000001`: " SECONDS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct run r = run(table[i].line);
		char want[TEXT_MAX];

		snprintf(want, sizeof(want), "stox try: %s", table[i].err);
		assert_int_equal(r.result, OPT_BAD);
		assert_string_equal(r.err, want);
		assert_string_equal(r.out, "");
	}
}

static void help_names_every_option(void **state)
{
	static const char *const lines[] = { "--help", "-v -h", "--port 7 --help --bad" };

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct run r = run(lines[i]);

		assert_int_equal(r.result, OPT_HELP);
		assert_string_equal(r.err, "");
		assert_non_null(strstr(r.out, "usage: stox try [options]\nTries it.\n"));
		assert_non_null(strstr(r.out, "-t, --target FQDN "));
		for (size_t k = 0; k < COUNT(opts); k++)
			if (opts[k].help)
				assert_non_null(strstr(r.out, opts[k].help));
	}
}

static void one_word_may_stand_without_a_dash_where_the_command_has_a_name_for_it(void **state)
{
	static const struct opt_command with = { .name = "try",
		.summary = "Tries it.",
		.opts = opts,
		.n_opts = COUNT(opts),
		.argument = "REASON",
		.argument_offset = AT(argument) };

	(void)state;
	struct run r = run_as(&with, "-f dns_timeout -v");
	assert_int_equal(r.result, OPT_OK);
	assert_string_equal(r.v.argument, "dns_timeout");
	assert_true(r.v.fast);
	assert_int_equal(r.v.verbose, 1);
	r = run_as(&with, "-f");
	assert_int_equal(r.result, OPT_OK);
	assert_null(r.v.argument);
	r = run_as(&with, "dns_timeout tls");
	assert_int_equal(r.result, OPT_BAD);
	assert_string_equal(r.err, "stox try: `tls`: only one REASON can be given\n");
	r = run_as(&with, "--help");
	assert_int_equal(r.result, OPT_HELP);
	assert_non_null(strstr(r.out, "usage: stox try [options] [REASON]\n"));
}

static void an_option_of_the_build_is_taken_and_shown_to_nobody(void **state)
{
	struct run r = run("--hidden"), help = run("--help"), near = run("--hiddn");

	(void)state;
	assert_int_equal(r.result, OPT_OK);
	assert_true(r.v.hidden);
	assert_null(strstr(help.out, "hidden"));
	assert_string_equal(near.err, "stox try: unknown option `--hiddn`. " ALLOWED);
}

static void help_keeps_to_eighty_columns_in_a_file(void **state)
{
	static const struct opt wide[] = { { "receiver-password-file", 'r', "FILE", OPT_TEXT, 0, 0,
		0, "what is said of an option can be long, and in another language longer still",
		.manual = "" } };
	const struct opt_command wordy = {
		.name = "try", .summary = "tries it", .opts = wide, .n_opts = 1
	};
	struct capture out;
	char text[TEXT_MAX];

	(void)state;
	capture_begin(&out, stdout);
	opt_help(&wordy, false);
	capture_end(&out, text);
	assert_string_equal(text,
		"usage: stox try [options]\n"
		"tries it\n"
		"\n"
		"  -r, --receiver-password-file FILE  what is said of an option can be long, and\n"
		"                                     in another language longer still\n"
		"  -h, --help                         show this\n");
}

/* Thirty options are more than a screen has lines. */
static void help_of_many_options_keeps_to_a_screen(void **state)
{
	enum { MANY = 30 };
	static char names[MANY][8];
	struct opt many[MANY];
	const struct opt_command large = {
		.name = "try", .summary = "tries it", .opts = many, .n_opts = MANY
	};

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "n%02zu", i);
		many[i] = (struct opt){ .name = names[i],
			.help = "does it",
			.group = i < 2 ? OPT_GROUP_FIRST : OPT_GROUP_TIMES };
	}
	struct run r = run_as(&large, "--help");
	assert_string_equal(r.out,
		"usage: stox try [options]\n"
		"tries it\n"
		"\n"
		"      --n00         does it\n"
		"      --n01         does it\n"
		"  -h, --help [all]  show this; all: what each option does\n"
		"\n"
		"times and counts: --n02 --n03 --n04 --n05 --n06 --n07 --n08 --n09 --n10 --n11\n"
		"  --n12 --n13 --n14 --n15 --n16 --n17 --n18 --n19 --n20 --n21 --n22 --n23 --n24\n"
		"  --n25 --n26 --n27 --n28 --n29\n");
	r = run_as(&large, "--help all");
	assert_int_equal(r.result, OPT_HELP);
	assert_non_null(
		strstr(r.out, "  -h, --help        show this\n\ntimes and counts:\n      --n02  "));
	assert_non_null(strstr(r.out, "      --n29         does it\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_land_in_the_struct),
		cmocka_unit_test(a_list_has_one_more_each_time),
		cmocka_unit_test(a_plugin_complains_as_unknown_on_standard_output),
		cmocka_unit_test(what_is_not_given_stays_as_it_was),
		cmocka_unit_test(one_line_says_what_is_wrong),
		cmocka_unit_test(help_names_every_option),
		cmocka_unit_test(
			one_word_may_stand_without_a_dash_where_the_command_has_a_name_for_it),
		cmocka_unit_test(an_option_of_the_build_is_taken_and_shown_to_nobody),
		cmocka_unit_test(help_keeps_to_eighty_columns_in_a_file),
		cmocka_unit_test(help_of_many_options_keeps_to_a_screen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
