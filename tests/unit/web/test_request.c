/* Heads of HTTP requests: what is understood, and what must not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "web/request.h"

#define HOST "Host: a\r\n"

static const struct {
	const char *name, *text;
	const char *path, *query, *accept;
	bool is_head, is_http_1_0;
} taken[] = {
	{ "the least", "GET / HTTP/1.1\r\n" HOST "\r\n", "/", "", "", false, false },
	{ "HEAD", "HEAD /metrics HTTP/1.1\r\n" HOST "\r\n", "/metrics", "", "", true, false },
	{ "1.0 needs no host", "GET / HTTP/1.0\r\n\r\n", "/", "", "", false, true },
	{ "1.7 is 1.1 to us", "GET / HTTP/1.7\r\n" HOST "\r\n", "/", "", "", false, false },
	{ "a query", "GET /a?b=c?d HTTP/1.1\r\n" HOST "\r\n", "/a", "b=c?d", "", false, false },
	{ "Accept", "GET / HTTP/1.1\r\n" HOST "aCCept: \t text/plain \r\n\r\n", "/", "",
		"text/plain", false, false },
	{ "the first of two", "GET / HTTP/1.1\r\n" HOST "Accept: a/b\r\nAccept: c/d\r\n\r\n", "/",
		"", "a/b", false, false },
	{ "absolute", "GET http://a.test:80/m?q HTTP/1.1\r\n" HOST "\r\n", "/m", "q", "", false,
		false },
	{ "absolute, without the port", "GET hTTps://a/ HTTP/1.1\r\n" HOST "\r\n", "/", "", "",
		false, false },
	{ "a host with all there may be", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", "/",
		"", "", false, false },
	{ "length 0", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "/", "", "", false,
		false },
	{ "what is behind it", "GET / HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n", "/", "", "",
		false, false },
	{ "an empty value", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "/", "", "", false, false },
};

static const struct {
	const char *name, *text;
	unsigned status;
} refused[] = {
	{ "nothing", "", 0 },
	{ "half a line", "GET / HT", 0 },
	{ "no empty line", "GET / HTTP/1.1\r\n" HOST, 0 },

	{ "PUT", "PUT / HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "lower case is another method", "get / HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "CONNECT has no path", "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "OPTIONS of all", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "a body", "GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 413 },
	{ "PUT with a body", "PUT / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 413 },
	{ "HEAD with a body", "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 413 },
	{ "a large body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", 413 },
	{ "a huge body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n\r\n",
		400 },
	{ "POST with both",
		"POST / HTTP/1.1\r\n" HOST
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		501 },
	{ "another expectation", "POST / HTTP/1.1\r\n" HOST "Expect: a\r\n\r\n", 417 },
	{ "two expectations",
		"POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n",
		400 },
	{ "two passwords",
		"GET / HTTP/1.1\r\n" HOST
		"Authorization: Basic YTpi\r\nauthorization: Basic YTpj\r\n\r\n",
		400 },
	{ "two origins", "GET / HTTP/1.1\r\n" HOST "Origin: null\r\nOrigin: http://a\r\n\r\n",
		400 },
	{ "a user in the target", "GET http://a@b/ HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "a path in the host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
	{ "bytes above in the host", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", 400 },
	{ "chunked", "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501 },
	{ "both", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\ntransfer-encoding: x\r\n\r\n",
		501 },
	{ "identity, too", "GET / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n", 501 },
	{ "two lengths", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
		400 },
	{ "a list of lengths", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0, 0\r\n\r\n", 400 },
	{ "a signed length", "GET / HTTP/1.1\r\n" HOST "Content-Length: +0\r\n\r\n", 400 },
	{ "no length", "GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400 },
	{ "no host", "GET / HTTP/1.1\r\n\r\n", 400 },
	{ "two hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
	{ "two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400 },
	{ "two hosts where there may be none", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
		400 },
	{ "a host of two words", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
	{ "a lone LF", "GET / HTTP/1.1\nHost: a\n\n", 400 },
	{ "a lone LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400 },
	{ "a lone LF within", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400 },
	{ "a lone CR", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400 },
	{ "an empty line first", "\r\n\r\n", 400 },
	{ "a folded line", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400 },
	{ "a space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
	{ "no colon", "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400 },
	{ "no name", "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400 },
	{ "a control in a value", "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400 },
	{ "two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "a space in the path", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "bytes above in the path", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "no path", "GET a HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "absolute without a host", "GET http:///a HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "absolute without a path", "GET http://a HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "no version", "GET /\r\n\r\n", 400 },
	{ "2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
	{ "3 digits", "GET / HTTP/1.10\r\n" HOST "\r\n", 400 },
	{ "another protocol", "GET / ICY/1.1\r\n" HOST "\r\n", 400 },
};

static void test_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(taken); i++) {
		struct web_request r = { .is_head = true };

		assert_int_equal(web_request_decode(&r, slice_str(taken[i].text)), WEB_DONE);
		if (!slice_eqs(r.path, taken[i].path) || !slice_eqs(r.query, taken[i].query) ||
			!slice_eqs(web_field_find(&r, "accept"), taken[i].accept) ||
			r.is_head != taken[i].is_head || r.is_http_1_0 != taken[i].is_http_1_0)
			fail_msg("%s: %.*s %.*s %.*s %d %d", taken[i].name, SLICE_FMT(r.path),
				SLICE_FMT(r.query), SLICE_FMT(web_field_find(&r, "accept")),
				r.is_head, r.is_http_1_0);
	}
}

/* Byte by byte, and at once. */
static unsigned decode(const char *text, bool in_pieces)
{
	const struct slice all = slice_str(text);
	unsigned status = WEB_MORE;
	struct web_request r;

	for (size_t n = in_pieces ? 0 : all.n; n <= all.n && status == WEB_MORE; n++)
		status = web_request_decode(&r, slice_cut(all, 0, n));
	return status;
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(refused); i++) {
		const unsigned status = decode(refused[i / 2].text, i % 2);

		if (status != refused[i / 2].status)
			fail_msg("%s: %u and not %u", refused[i / 2].name, status,
				refused[i / 2].status);
	}
	for (size_t i = 0; i < COUNT(taken); i++)
		assert_int_equal(decode(taken[i].text, true), WEB_DONE);
}

static size_t put(char *text, size_t at, const char *s)
{
	const size_t n = strlen(s);

	memcpy(text + at, s, n + 1);
	return at + n;
}

static struct slice fill(
	char *text, size_t size, const char *begin, const char *again, const char *end)
{
	size_t n = put(text, 0, begin);

	while (n + strlen(again) < size)
		n = put(text, n, again);
	return slice_of(text, put(text, n, end));
}

static void test_limits(void **state)
{
	const char *const begin = "GET / HTTP/1.1\r\n" HOST;
	static char text[2 * WEB_HEAD_MAX];
	struct web_request r;
	struct slice all;

	(void)state;
	assert_int_equal(
		web_request_decode(&r, fill(text, WEB_HEAD_MAX, begin, "a", "")), WEB_MORE);
	assert_int_equal(web_request_decode(&r, fill(text, WEB_HEAD_MAX + 1, begin, "a", "")), 431);
	all = fill(text, 2 * WEB_HEAD_MAX - 8, begin, "a:\r\n", "\r\n");
	assert_int_equal(web_request_decode(&r, all), 431);
	all = fill(text, strlen(begin) + 4 * (WEB_FIELDS_MAX - 1) + 1, begin, "a:\r\n", "\r\n");
	assert_int_equal(web_request_decode(&r, all), WEB_DONE);
	all = fill(text, strlen(begin) + 4 * WEB_FIELDS_MAX + 1, begin, "a:\r\n", "\r\n");
	assert_int_equal(web_request_decode(&r, all), 431);
}

static void test_post(void **state)
{
	static const char text[] = "POST /a HTTP/1.1\r\n" HOST
				   "Content-Length: 65536\r\nExpect: 100-Continue\r\n\r\nbody";
	struct web_request r;

	(void)state;
	assert_int_equal(web_request_decode(&r, slice_str(text)), WEB_DONE);
	assert_true(r.is_post && r.is_awaiting && !r.is_head && !r.is_close);
	assert_int_equal(r.n_body, WEB_BODY_MAX);
	assert_int_equal(r.n_head, strlen(text) - 4);
	/* RFC 9110 section 10.1.1 */
	assert_int_equal(web_request_decode(&r, SLICE("POST / HTTP/1.0\r\nContent-Length: 1\r\n"
						      "Expect: 100-continue\r\n\r\n")),
		WEB_DONE);
	assert_false(r.is_awaiting);
}

static void test_host_and_close(void **state)
{
	static const struct {
		const char *text, *host;
		bool is_close;
	} rows[] = {
		{ "GET / HTTP/1.1\r\nHost: a.test:80\r\n\r\n", "a.test:80", false },
		{ "GET http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", "b.test", false },
		{ "GET / HTTP/1.0\r\n\r\n", "", true },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "", true },
		{ "GET / HTTP/1.1\r\n" HOST "Connection: Close\r\n\r\n", "a", true },
		{ "GET / HTTP/1.1\r\n" HOST "Connection: a\r\nConnection: b, close ,c\r\n\r\n", "a",
			true },
		{ "GET / HTTP/1.1\r\n" HOST "Connection: keep-alive, closed\r\n\r\n", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct web_request r;

		assert_int_equal(web_request_decode(&r, slice_str(rows[i].text)), WEB_DONE);
		if (!slice_eqs(r.host, rows[i].host) || r.is_close != rows[i].is_close)
			fail_msg("%s: %.*s %d", rows[i].text, SLICE_FMT(r.host), r.is_close);
	}
}

static void test_field_find(void **state)
{
	const struct slice text =
		SLICE("GET / HTTP/1.1\r\n" HOST
		      "ETag: no\r\nX: \t one \r\nx: two\r\nEmpty:\r\n\r\nY: body");
	struct web_request r;

	(void)state;
	assert_int_equal(web_request_decode(&r, text), WEB_DONE);
	assert_true(slice_eqs(web_field_find(&r, "X"), "one"));
	assert_true(slice_eqs(web_field_find(&r, "empty"), ""));
	assert_null(web_field_find(&r, "Y").p);
	assert_null(web_field_find(&r, "Tag").p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_post),
		cmocka_unit_test(test_host_and_close),
		cmocka_unit_test(test_field_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
