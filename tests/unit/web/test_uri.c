/* Paths, queries and forms: what is decoded, and the tricks that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "web/uri.h"

static void test_routes(void **state)
{
	static const struct {
		const char *pattern, *path;
		const char *values; /* "|" behind each; NULL: another route */
	} rows[] = {
		{ "/", "/", "" },
		{ "/", "/a", NULL },
		{ "/metrics", "/metrics", "" },
		{ "/metrics", "/%6detrics", "" },
		{ "/metrics", "/metrics2", NULL },
		{ "/metrics", "/", NULL },
		{ "/metrics", "/metrics/a", NULL },
		{ "/-/ready", "/-/ready", "" },
		{ "/t/{pool}/{partner}/{dir}", "/t/a.test/b%20c/in", "a.test|b c|in|" },
		{ "/t/{pool}/{partner}/{dir}", "/t/a.test/b", NULL },
		{ "/t/{pool}/{partner}/{dir}", "/t/a/b/c/d", NULL },
		{ "/t/{pool}", "/x/a", NULL },
		{ "/t/{pool}/runs", "/t/%C3%A9t%C3%A9/runs", "\xc3\xa9t\xc3\xa9|" },
		{ "/t/{pool}/runs", "/t/a/run", NULL },
		{ "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}", "/1/2/3/4/5/6/7/8", "1|2|3|4|5|6|7|8|" },
		{ "/{a}", "/a+b%2B", "a+b+|" },
		{ "/{a}", "/...", "...|" },
	};
	static struct web_path path;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice values[WEB_SEGMENTS_MAX] = { 0 };
		char got[256] = "";

		if (!web_path_decode(&path, slice_str(rows[i].path)))
			fail_msg("%s is no path", rows[i].path);
		const bool is_there = web_route_match(rows[i].pattern, &path, values);
		if (is_there != !!rows[i].values)
			fail_msg("%s %s", rows[i].pattern, rows[i].path);
		for (size_t k = 0; is_there && k < WEB_SEGMENTS_MAX && values[k].n; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s|",
				SLICE_FMT(values[k]));
		if (is_there)
			assert_string_equal(got, rows[i].values);
	}
}

static void test_no_paths(void **state)
{
	static const char *const paths[] = { "", "a", "//", "/a/", "//a", "/a//b", "/.", "/..",
		"/../a", "/a/..", "/a/../b", "/%2e", "/%2E%2e", "/%2e./a", "/a%2fb", "/a%2Fb",
		"/a%5Cb", "/a\\b", "/%00", "/a%00", "/%0a", "/%7f", "/%", "/%4", "/%4g", "/%g4",
		"/a%", "/%ff", "/%c0%af", "/%c3", "/%ed%a0%80", "/1/2/3/4/5/6/7/8/9",
		"/%25%32%65%00" };
	static char text[2 * WEB_PATH_MAX];
	static struct web_path path;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		if (web_path_decode(&path, slice_str(paths[i])))
			fail_msg("%s", paths[i]);
	/* Decoded once: these are names of odd people, and no way up. */
	assert_true(web_path_decode(&path, SLICE("/%252e%252e")));
	assert_true(slice_eqs(path.segments[0], "%2e%2e"));
	memset(text, 'a', sizeof(text));
	text[0] = '/';
	assert_true(web_path_decode(&path, slice_of(text, WEB_PATH_MAX)));
	assert_false(web_path_decode(&path, slice_of(text, WEB_PATH_MAX + 1)));
}

static void test_query(void **state)
{
	static const struct {
		const char *query;
		int err;
		const char *value;
	} rows[] = {
		{ "a=b", 0, "b" },
		{ "x=y&a=b&z", 0, "b" },
		{ "a", 0, "" },
		{ "a=", 0, "" },
		{ "%61=b%26c%3Dd+e%2B", 0, "b&c=d e+" },
		{ "a=b=c", 0, "b=c" },
		{ "a=l1%0D%0Al2%09", 0, "l1\r\nl2\t" },
		{ "a=%C3%A9", 0, "\xc3\xa9" },
		{ "", -ENOENT, "" },
		{ "&&=&b=a", -ENOENT, "" },
		{ "A=b", -ENOENT, "" },
		{ "aa=b", -ENOENT, "" },
		{ "%zz=b", -ENOENT, "" },
		{ "a=b&a=c", ERR_SYNTAX, "" },
		{ "a=b&%61=b", ERR_SYNTAX, "" },
		{ "a=%00", ERR_SYNTAX, NULL },
		{ "a=%1b", ERR_SYNTAX, NULL },
		{ "a=%ff", ERR_SYNTAX, NULL },
		{ "a=%", ERR_SYNTAX, NULL },
		{ "a=0123456789abcdefg", -EMSGSIZE, NULL },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int err = web_query_find(slice_str(rows[i].query), "a", &b);
		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].query, err);
		if (rows[i].value && !slice_eqs(buf_slice(&b), rows[i].value) && !err)
			fail_msg("%s: %.*s", rows[i].query, SLICE_FMT(buf_slice(&b)));
	}
	buf_done(&b);
}

static void test_many_parameters(void **state)
{
	char text[2 * WEB_PARAMETERS_MAX + 1];
	struct buf b;

	(void)state;
	buf_init(&b, 16);
	for (size_t i = 0; i < WEB_PARAMETERS_MAX; i++) {
		text[2 * i] = 'x';
		text[2 * i + 1] = '&';
	}
	text[2 * WEB_PARAMETERS_MAX - 2] = 'a';
	text[2 * WEB_PARAMETERS_MAX] = 'a';
	assert_int_equal(web_query_find(slice_of(text, 2 * WEB_PARAMETERS_MAX - 1), "a", &b), 0);
	assert_int_equal(
		web_query_find(slice_of(text, 2 * WEB_PARAMETERS_MAX + 1), "a", &b), ERR_LIMIT);
	buf_done(&b);
}

static void test_form(void **state)
{
	static const struct {
		const char *type;
		int err;
	} rows[] = {
		{ "Content-Type: application/x-www-form-urlencoded\r\n", 0 },
		{ "Content-Type: Application/X-WWW-Form-Urlencoded ; charset=utf-8\r\n", 0 },
		{ "Content-Type: text/plain\r\n", -ENOENT },
		{ "", -ENOENT },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];
		struct web_request r;

		snprintf(text, sizeof(text),
			"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n%s\r\n", rows[i].type);
		assert_int_equal(web_request_decode(&r, slice_str(text)), WEB_DONE);
		r.body = SLICE("x=1&a=b");
		assert_int_equal(web_form_find(&r, "a", &b), rows[i].err);
		assert_true(slice_eqs(buf_slice(&b), rows[i].err ? "" : "b"));
	}
	buf_done(&b);
}

static void test_put(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	web_uri_put(&b, SLICE("aZ0-._~ /%&\xc3\xa9\n"));
	assert_true(slice_eqs(buf_slice(&b), "aZ0-._~%20%2F%25%26%C3%A9%0A"));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_no_paths),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_many_parameters),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
