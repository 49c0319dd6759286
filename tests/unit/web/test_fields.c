/* What the fields of a request say: wanted forms, known versions, names of the server, other sites.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "web/fields.h"

static struct web_request request_of(const char *fields)
{
	static char text[WEB_HEAD_MAX];
	struct web_request r;

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a.test:8080\r\n%s\r\n", fields);
	if (web_request_decode(&r, slice_str(text)) != WEB_DONE)
		fail_msg("%s is no request", fields);
	return r;
}

static void test_accept(void **state)
{
	static const struct {
		const char *field;
		unsigned weight;
	} accepts[] = {
		{ "", 0 },
		{ "a/b", 1000 },
		{ "A/B;q=0.5", 500 },
		{ "a/b; q=0.123", 123 },
		{ "a/b;q=1.000", 1000 },
		{ "a/b;q=2", 0 },
		{ "a/b;q=x", 0 },
		{ "a/b;q=", 0 },
		{ "*/*;q=0.1", 100 },
		{ "a/*;q=0.2, */*", 200 },
		{ "*/*, a/b;q=0", 0 },
		{ "a/b;version=1.0.0;q=0.7", 700 },
		{ "a/b;version=0.0.1", 0 },
		{ "a/b;version=0.0.1;q=0.9,a/b;version=1.0.0;q=0.4", 400 },
		{ "c/d, a/c", 0 },
		{ ",,;q=1,/,a/b;q=0.3", 300 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(accepts); i++) {
		const unsigned weight = web_accepts(slice_str(accepts[i].field), "a", "b", "1.0.0");

		if (weight != accepts[i].weight)
			fail_msg("%s: %u", accepts[i].field, weight);
	}
}

static void test_etag(void **state)
{
	static const struct {
		const char *field;
		bool has;
	} rows[] = {
		{ "", false },
		{ "If-None-Match: \"v1\"\r\n", true },
		{ "If-None-Match: W/\"v1\"\r\n", true },
		{ "If-None-Match: \"v0\",W/\"v2\" , \"v1\"\r\n", true },
		{ "If-None-Match: *\r\n", true },
		{ "If-None-Match: v1\r\n", false },
		{ "If-None-Match: \"v11\"\r\n", false },
		{ "If-None-Match: \"v1\r\n", false },
		{ "If-None-Match: \"\r\n", false },
		{ "If-None-Match: w/\"v1\"\r\n", false },
		{ "If-Match: \"v1\"\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct web_request r = request_of(rows[i].field);
		if (web_has_etag(&r, SLICE("v1")) != rows[i].has)
			fail_msg("%s", rows[i].field);
	}
}

static void test_host(void **state)
{
	static const char *const names[] = { "watch.contoso.test", "w", NULL };
	static const struct {
		const char *host;
		bool is_own;
	} rows[] = {
		{ "watch.contoso.test", true },
		{ "Watch.Contoso.Test:443", true },
		{ "watch.contoso.test.:443", true },
		{ "w", true },
		{ "localhost:80", true },
		{ "127.0.0.1", true },
		{ "127.0.0.1:9", true },
		{ "[::1]:9", true },
		{ "[::1]", true },
		{ "contoso.test", false },
		{ "watch.contoso.test.evil.test", false },
		{ "evil.test:443", false },
		{ "evil.test:watch.contoso.test", false },
		{ "127.0.0.1.evil.test", false },
		{ "localhost.evil.test", false },
		{ "", false },
		{ ".", false },
		{ ":80", false },
		{ "[", false },
		{ "[]", false },
		{ "[w]", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (web_host_is_own(slice_str(rows[i].host), names) != rows[i].is_own)
			fail_msg("%s", rows[i].host);
}

static void test_foreign(void **state)
{
	static const struct {
		const char *fields;
		bool is_foreign;
	} rows[] = {
		{ "", false },
		{ "Sec-Fetch-Site: same-origin\r\nOrigin: http://a.test:8080\r\n", false },
		{ "Sec-Fetch-Site: none\r\n", false },
		{ "Sec-Fetch-Site: same-site\r\n", true },
		{ "Sec-Fetch-Site: cross-site\r\nOrigin: http://a.test:8080\r\n", true },
		{ "Sec-Fetch-Site: x\r\n", true },
		{ "Origin: http://a.test:8080\r\n", false },
		{ "Origin: https://A.test:8080\r\n", false },
		{ "Origin: http://a.test\r\n", true },
		{ "Origin: http://a.test:8080.evil.test\r\n", true },
		{ "Origin: null\r\n", true },
		{ "Origin: a.test:8080\r\n", true },
		{ "Origin: http://\r\n", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct web_request r = request_of(rows[i].fields);
		if (web_is_foreign(&r) != rows[i].is_foreign)
			fail_msg("%s", rows[i].fields);
	}
}

static void test_cookie(void **state)
{
	struct web_request r = request_of("Cookie: lang=fr; theme=dark;x; =y; lang=en\r\n");

	(void)state;
	assert_true(slice_eqs(web_cookie_find(&r, "lang"), "fr"));
	assert_true(slice_eqs(web_cookie_find(&r, "theme"), "dark"));
	assert_true(slice_eqs(web_cookie_find(&r, "x"), ""));
	assert_null(web_cookie_find(&r, "ang").p);
	r = request_of("");
	assert_null(web_cookie_find(&r, "lang").p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_etag),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
