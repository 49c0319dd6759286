/* RFC 3862: what peers send, tidy and not, and what we write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bridge/cpim.h"

#define IMDN "NS: imdn <urn:ietf:params:imdn>\r\n"

static const struct {
	const char *name, *in;
	int err;
	const char *type, *content, *message_id;
} decoded[] = {
	{ "as Linphone sends it",
		"From: <sip:a@d.test>\r\nTo: <sip:b@e.test>\r\n" IMDN
		"imdn.Message-ID: 34jk324j\r\n"
		"\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello",
		0, "text/plain; charset=utf-8", "hello", "34jk324j" },
	{ "as the examples of RFC 5438 have it",
		IMDN "imdn.Message-ID: x\r\n"
		     "Content-type: text/plain\r\n\r\nhello\r\n\r\nworld",
		0, "text/plain", "hello\r\n\r\nworld", "x" },
	{ "bare LF",
		"NS: i <urn:ietf:params:imdn>\ni.Message-ID: y\n\nContent-Type: text/plain\n\nhi",
		0, "text/plain", "hi", "y" },
	{ "no headers", "\r\nContent-Type: text/plain\r\n\r\nhi", 0, "text/plain", "hi", "" },
	{ "no fields", "From: <im:a@d.test>\r\n\r\n\r\nhi", 0, "", "hi", "" },
	{ "empty content", "\r\nContent-Type: text/plain\r\n\r\n", 0, "text/plain", "", "" },
	{ "folded", "A: b\r\n\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\nA: b\r\n\r\nhi",
		0, "multipart/mixed;\r\n boundary=x", "hi", "" },
	{ "another prefix",
		"NS: a <urn:a>\r\nNS: imdn <urn:b>\r\nimdn.Message-ID: n\r\n"
		"NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: y\r\n\r\n\r\n",
		0, "", "", "y" },
	{ "default namespace", "NS: <urn:ietf:params:imdn>\r\nMessage-ID: y\r\n\r\n\r\n", 0, "", "",
		"y" },
	{ "declared too late", "imdn.Message-ID: y\r\n" IMDN "\r\n\r\n", 0, "", "", "" },
	{ "never declared", "imdn.Message-ID: y\r\n\r\n\r\n", 0, "", "", "" },
	{ "case counts", IMDN "imdn.Message-Id: y\r\n\r\n\r\n", 0, "", "", "" },
	{ "lines that are none", "x\r\n: y\r\n " IMDN "\r\n\r\n", 0, "", "", "" },
	{ "nothing", "", ERR_SYNTAX, NULL, NULL, NULL },
	{ "headers only", "From: <im:a@d.test>\r\n", ERR_SYNTAX, NULL, NULL, NULL },
	{ "no content", "From: <im:a@d.test>\r\n\r\nContent-Type: text/plain\r\n", ERR_SYNTAX, NULL,
		NULL, NULL },
};

static void assert_slice(struct slice got, const char *want)
{
	assert_int_equal(got.n, slice_str(want).n);
	assert_true(slice_eqs(got, want));
}

static void what_peers_send(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(decoded); i++) {
		struct cpim c;
		struct where where = { 0, NULL };

		print_message("case: %s\n", decoded[i].name);
		int err = cpim_decode(slice_str(decoded[i].in), &c, &where);
		assert_int_equal(err, decoded[i].err);
		assert_true(err ? where.what != NULL : where.what == NULL);
		if (err)
			continue;
		assert_slice(cpim_field(&c, "content-type"), decoded[i].type);
		assert_slice(c.content, decoded[i].content);
		assert_slice(cpim_value(&c, CPIM_NS_IMDN, "Message-ID"), decoded[i].message_id);
	}
}

static void headers_of_one_name_come_in_turn(void **state)
{
	static const char in[] =
		IMDN "imdn.IMDN-Record-Route: <sip:a@d.test>\r\nTo: <im:b@d.test>\r\n"
		     "imdn.IMDN-Record-Route: <sip:c@d.test>\r\n\r\n\r\n";
	struct slice value;
	struct where where;
	struct cpim c;
	size_t at = 0;

	(void)state;
	assert_int_equal(cpim_decode(slice_str(in), &c, &where), 0);
	assert_true(cpim_find(&c, CPIM_NS_IMDN, "IMDN-Record-Route", &at, &value));
	assert_slice(value, "<sip:a@d.test>");
	assert_true(cpim_find(&c, CPIM_NS_IMDN, "IMDN-Record-Route", &at, &value));
	assert_slice(value, "<sip:c@d.test>");
	assert_false(cpim_find(&c, CPIM_NS_IMDN, "IMDN-Record-Route", &at, &value));
	assert_slice(cpim_value(&c, CPIM_NS, "To"), "<im:b@d.test>");
}

static void many_headers_are_refused(void **state)
{
	(void)state;
	for (unsigned n = CPIM_HEADERS_MAX; n <= CPIM_HEADERS_MAX + 1; n++) {
		struct where where;
		struct cpim c;
		struct buf b;

		buf_init(&b, 4096);
		for (unsigned i = 0; i < n; i++)
			buf_puts(&b, "a: b\r\n");
		buf_puts(&b, "\r\n\r\n");
		assert_int_equal(cpim_decode(buf_slice(&b), &c, &where),
			n > CPIM_HEADERS_MAX ? ERR_LIMIT : 0);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_peers_send),
		cmocka_unit_test(headers_of_one_name_come_in_turn),
		cmocka_unit_test(many_headers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
