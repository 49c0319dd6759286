#include "app/engine_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "folder.h"
#include "toy_engine.h"

enum { PATH_TEXT = 64, CONTENT_MAX = 1 << 20 };

static char dir[] = "/tmp/stox-engine-file-XXXXXX";
static char path[PATH_TEXT];
static char content[CONTENT_MAX];
static struct engine_file *file;
static struct toy toys[2];

static const char *read_file(void)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	content[fread(content, 1, sizeof(content) - 1, f)] = '\0';
	fclose(f);
	return content;
}

static struct engine traced(unsigned i, toy_reaction *react, ts_t now)
{
	memset(&toys[i], 0, sizeof(toys[i]));
	toys[i].react = react;
	toys[i].deadline = TS_NEVER;
	buf_init(&toys[i].bytes, BYTES_MAX);
	return engine_file_trace(file, (struct engine){ &toy_ops, &toys[i] }, now);
}

static void push(struct engine e, enum fact_type type, ts_t now)
{
	const struct fact in = { .type = type, .flow = 1 };
	struct output out;
	struct want want;

	e.ops->push(e.self, &in, now);
	while (e.ops->take_output(e.self, &out))
		;
	while (e.ops->take_want(e.self, &want))
		;
}

static int set_up(void **state)
{
	struct text why;

	(void)state;
	return engine_file_new(&file, path, &why);
}

static int tear_down(void **state)
{
	(void)state;
	file = engine_file_free(file);
	for (size_t i = 0; i < 2; i++)
		buf_done(&toys[i].bytes);
	return remove(path);
}

static void answers(struct toy *t, const struct fact *in)
{
	if (in && in->type == FACT_FLOW_UP)
		toy_say(t, "<message>")->flow = in->flow;
	if (in && in->type == FACT_FLOW_UP)
		toy_want(t, WANT_PAUSE)->flow = in->flow;
	t->deadline = in ? TS_S(12) : TS_NEVER;
}

static void a_push_is_told_with_what_came_of_it(void **state)
{
	struct engine e = traced(0, answers, TS_S(10));
	struct want want;

	(void)state;
	push(e, FACT_FLOW_UP, TS_S(11));
	push(e, FACT_FLOW_EOF, TS_S(11));
	assert_int_equal(e.ops->deadline(e.self), TS_S(12));
	e.ops->push_time(e.self, TS_S(12));
	assert_false(e.ops->take_want(e.self, &want));
	assert_string_equal(read_file(), "1.000000 toy -> flow-up flow=1\n"
					 "1.000000 toy <- output flow=1 bytes=9 element=message\n"
					 "1.000000 toy <- pause flow=1\n"
					 "1.000000 toy <- deadline at=2.000000\n"
					 "1.000000 toy -> flow-eof flow=1\n"
					 "2.000000 toy -> time\n"
					 "2.000000 toy <- deadline at=never\n");
}

static void has_its_line(struct toy *t, const struct fact *in)
{
	(void)t;
	(void)in;
	assert_string_equal(read_file(), "1.000000 toy -> stop\n");
}

/* Where the program ends in a push, this is the line that says in which. */
static void a_fact_is_in_the_file_before_the_engine_has_it(void **state)
{
	(void)state;
	push(traced(0, has_its_line, 0), FACT_STOP, TS_S(1));
}

static void engines_share_a_file_and_its_time(void **state)
{
	struct engine first = traced(0, NULL, TS_S(5)), second = traced(1, NULL, TS_S(7));

	(void)state;
	push(second, FACT_STOP, TS_S(8));
	push(first, FACT_STOP, TS_S(9));
	assert_string_equal(read_file(), "3.000000 toy -> stop\n4.000000 toy -> stop\n");
}

static void says_much(struct toy *t, const struct fact *in)
{
	(void)in;
	for (unsigned i = 0; i < WANTS_MAX; i++) {
		struct want *w = toy_want(t, WANT_DNS);

		memset(w->name, '\x01', DNS_NAME_MAX - 1);
	}
}

/* 64 lines of 1,000 bytes a push. */
static void nothing_is_lost_of_a_large_push(void **state)
{
	struct engine e = traced(0, says_much, 0);
	size_t lines = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		push(e, FACT_STOP, i);
	for (const char *p = read_file(); (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 3 * (1 + WANTS_MAX));
}

static void the_file_is_new_and_of_its_owner_only(void **state)
{
	struct engine_file *f;
	struct text why;
	struct stat st;

	(void)state;
	push(traced(0, NULL, 0), FACT_STOP, 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(engine_file_new(&f, path, &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 0);
	engine_file_free(f);
}

static void what_is_no_regular_file_is_refused(void **state)
{
	char link[PATH_TEXT];
	struct engine_file *f;
	struct text why;

	(void)state;
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(symlink(path, link), 0);
	assert_true(engine_file_new(&f, link, &why) < 0);
	assert_true(engine_file_new(&f, dir, &why) < 0);
	assert_true(engine_file_new(&f, "/dev/null", &why) < 0);
	assert_int_equal(remove(link), 0);
	/* Nobody reads it: opening it would wait for a reader, and so would each line. */
	assert_int_equal(mkfifo(link, 0600), 0);
	assert_true(engine_file_new(&f, link, &why) < 0);
	assert_int_equal(remove(link), 0);
}

static void an_error_is_told_once_and_ends_the_trace(void **state)
{
	struct rlimit all, few;
	struct engine e = traced(0, NULL, 0);
	struct text why;

	(void)state;
	push(e, FACT_STOP, 0);
	assert_false(engine_file_take_error(file, &why));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	few = (struct rlimit){ .rlim_cur = 30, .rlim_max = all.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	push(e, FACT_STOP, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	push(e, FACT_STOP, 0); /* there would be room again: a trace with a hole is none */
	assert_true(engine_file_take_error(file, &why));
	assert_string_equal(why.store, path);
	assert_false(engine_file_take_error(file, &why));
	assert_true(strlen(read_file()) <= 30);
	assert_string_equal(toys[0].log, "stop stop stop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_push_is_told_with_what_came_of_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_fact_is_in_the_file_before_the_engine_has_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			engines_share_a_file_and_its_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_lost_of_a_large_push, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_file_is_new_and_of_its_owner_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_no_regular_file_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_error_is_told_once_and_ends_the_trace, set_up, tear_down),
	};

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/trace", dir);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	folder_remove(dir);
	return failed;
}
