/* The text of a message, whatever it is wrapped in. */
#include "bridge/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define PART(type, body)   "Content-Type: " type "\r\n\r\n" body
#define TWO(first, second) "preamble\r\n--b\r\n" first "\r\n--b\r\n" second "\r\n--b--\r\nepilogue"
#define CPIM(type, body)                                                                           \
	"From: <im:x@y.test>\r\nDateTime: 2026-11-30T12:00:00Z\r\n\r\n" PART(type, body)

static struct body got;
static enum refused refused;

static int read_body(const char *type, struct slice body)
{
	static struct sip_msg msg;

	msg = (struct sip_msg){ .content_type = slice_str(type), .body = body };
	return body_read(&msg, &got, &refused);
}

static void says(const char *type, const char *body, const char *want, unsigned n_left_out)
{
	const int err = read_body(type, slice_str(body));

	if (err)
		fail_msg("%s\n%s\n%d: %s", type, body, err, refused_row(refused)->reason);
	if (!slice_eqs(got.text, want) || got.n_left_out != n_left_out)
		fail_msg("%s\n%s\nwant %s, %u\ngot  %.*s, %u", type, body, want, n_left_out,
			SLICE_FMT(got.text), got.n_left_out);
	body_done(&got);
}

static void is_refused(const char *type, const char *body, enum refused why)
{
	const int err = read_body(type, slice_str(body));

	if (err != ERR_LEGAL || refused != why)
		fail_msg("%s\n%s\n%d: %s", type, body, err,
			err == ERR_LEGAL ? refused_row(refused)->reason : "");
}

static void a_text_is_carried_in_any_charset_we_have(void **state)
{
	(void)state;
	says("", "x", "x", 0);
	says("text/plain;charset=utf8", "\u00e9", "\u00e9", 0);
	says("text/plain", "\xef\xbb\xbfx", "x", 0);
	says("text/plain;charset=ISO-8859-1", "caf\xe9", "caf\u00e9", 0);
	says("text/plain;charset=\"iso-8859-15\"", "\xa4", "\u20ac", 0);
	says("text/html;charset=windows-1252", "<p>caf\xe9</p>", "caf\u00e9", 0);
	assert_int_equal(read_body("text/plain;charset=utf-16", slice_of("\xff\xfe"
									 "h\0i\0",
									6)),
		0);
	assert_true(slice_eqs(got.text, "hi"));
	body_done(&got);
	is_refused("text/plain;charset=iso-8859-2", "x", REFUSED_CHARSET);
	is_refused("text/plain;charset=windows-1252", "\x81", REFUSED_NOT_CHARSET);
	is_refused("text/plain;charset=us-ascii", "\xe9", REFUSED_NOT_UTF8);
	is_refused("text/plain;charset=iso-8859-1", "a\x01", REFUSED_CONTROL);
}

/* Nothing that a person would see. */
static void what_says_nothing_is_refused(void **state)
{
	(void)state;
	is_refused("", "", REFUSED_EMPTY);
	is_refused("text/plain", " \r\n\t", REFUSED_EMPTY);
	is_refused("text/html", "<img src='x'>", REFUSED_EMPTY);
	is_refused("multipart/mixed;boundary=b", TWO("\r\n", "\r\n "), REFUSED_EMPTY);
	is_refused("multipart/mixed;boundary=b", TWO(PART("image/png", "P"), "\r\n"), REFUSED_TYPE);
	is_refused("multipart/alternative;boundary=b",
		TWO(PART("image/png", "P"), PART("image/gif", "G")), REFUSED_TYPE);
	is_refused("message/cpim", CPIM("message/imdn+xml", "<imdn/>"), REFUSED_TYPE);
}

static void of_alternatives_the_nearest_to_text_is_carried(void **state)
{
	static const char type[] = "multipart/alternative; boundary=\"b\"";

	(void)state;
	says(type, TWO(PART("text/plain", "plain"), PART("text/html", "<b>html</b>")), "plain", 0);
	says(type, TWO(PART("text/html", "<b>html</b>"), PART("text/plain", "plain")), "plain", 0);
	says(type, TWO(PART("image/png", "P"), PART("TEXT/HTML", "<b>html</b>")), "html", 0);
	says(type, TWO(PART("text/plain", " "), PART("text/html", "<b>html</b>")), "html", 0);
	says(type,
		TWO(PART("text/plain;charset=iso-8859-2", "x"), PART("text/html", "<b>html</b>")),
		"html", 0);
	is_refused(type, TWO(PART("text/plain;charset=iso-8859-2", "x"), PART("image/png", "P")),
		REFUSED_CHARSET);
	says(type,
		TWO(PART("multipart/related;boundary=c",
			    "--c\r\n" PART("text/html", "<i>a</i>") "\r\n--c\r\n" PART(
				    "image/png", "P") "\r\n--c--"),
			PART("text/html", "no")),
		"a", 1);
}

static void of_any_other_multipart_all_texts_are_carried(void **state)
{
	static const char type[] = "multipart/mixed;boundary=b";

	(void)state;
	says(type, TWO(PART("text/plain", "one"), PART("image/png", "P")), "one", 1);
	says(type, TWO(PART("image/png", "P"), PART("text/plain", "one")), "one", 1);
	says(type, TWO("\r\none", PART("text/plain", "two")), "one\ntwo", 0);
	says(type, TWO(PART("text/plain", "one\r\n"), "\r\n"), "one\r\n", 0);
	says("multipart/x-unheard-of;boundary=b", TWO("\r\none", PART("text/html", "<p>two")),
		"one\ntwo", 0);
	says(type, "--b\n\none\n--b--", "one", 0);       /* bare LF */
	says(type, "--b  \r\n\r\none\r\n--b", "one", 0); /* no last delimiter */
	says(type, "--b\r\n\r\n--bb\r\n --b\r\none", "--bb\r\n --b\r\none", 0);
	says(type,
		TWO("\r\none", "Content-Type: image/png\r\nContent-Disposition: attachment; "
			       "handling=optional\r\n\r\nP"),
		"one", 1);
	is_refused(type,
		TWO("\r\none", "Content-Type: image/png\r\nContent-Disposition: render;"
			       "handling=required\r\n\r\nP"),
		REFUSED_PART);
	is_refused(type, TWO("\r\none", PART("text/plain;charset=x", "two")), REFUSED_CHARSET);
	is_refused(type, TWO("\r\none", PART("text", "two")), REFUSED_BAD_TYPE);
	is_refused(type, "no part", REFUSED_MULTIPART);
	is_refused(type, "--b--\r\n", REFUSED_MULTIPART);
	is_refused(type, "", REFUSED_MULTIPART);
	is_refused("multipart/mixed", TWO("\r\none", "\r\ntwo"), REFUSED_MULTIPART);
	is_refused("multipart/mixed;boundary=\"\"", "--\r\n\r\nx", REFUSED_MULTIPART);
}

static void a_part_may_be_encoded(void **state)
{
	static const struct {
		const char *encoding, *body, *want; /* NULL: refused */
	} cases[] = {
		{ "8bit", "\u00e9", "\u00e9" },
		{ "Binary", "x", "x" },
		{ "base64", "Y2Fm\r\nw6k=", "caf\u00e9" },
		{ "BASE64", "Y2Fm", "caf" },
		{ "base64", "Y2F", NULL },
		{ "quoted-printable", "caf=C3=A9 a=3Db=\r\nc=\n", "caf\u00e9 a=bc" },
		{ "quoted-printable", "a=", "a" },
		{ "quoted-printable", "a=g0", NULL },
		{ "x-uuencode", "x", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[512];

		snprintf(body, sizeof(body),
			"--b\r\nContent-Transfer-Encoding: %s\r\n\r\n%s\r\n--b--",
			cases[i].encoding, cases[i].body);
		if (cases[i].want)
			says("multipart/mixed;boundary=b", body, cases[i].want, 0);
		else
			is_refused("multipart/mixed;boundary=b", body, REFUSED_TRANSFER_ENCODING);
	}
}

static void a_cpim_is_what_it_is_about(void **state)
{
	(void)state;
	says("message/cpim", CPIM("text/plain; charset=utf-8", "hi"), "hi", 0);
	says("Message/CPIM",
		CPIM("multipart/alternative;boundary=b",
			TWO(PART("text/html", "no"), PART("text/plain", "yes"))),
		"yes", 0);
	is_refused("message/cpim", "no headers at all", REFUSED_CPIM);
	is_refused("message/cpim", CPIM("text/plain;charset=x", "hi"), REFUSED_CHARSET);
}

/* A body of `levels` multiparts, each in the one before it. */
static void nest(char *body, size_t size, unsigned levels)
{
	size_t n = 0;

	for (unsigned i = 1; i < levels; i++)
		n += (size_t)snprintf(body + n, size - n,
			"--b%u\r\nContent-Type: multipart/mixed;boundary=b%u\r\n\r\n", i - 1, i);
	snprintf(body + n, size - n, "--b%u\r\n\r\nx", levels - 1);
}

static void levels_and_parts_are_bounded(void **state)
{
	char body[4096];

	(void)state;
	nest(body, sizeof(body), BODY_LEVELS_MAX);
	says("multipart/mixed;boundary=b0", body, "x", 0);
	nest(body, sizeof(body), BODY_LEVELS_MAX + 1);
	is_refused("multipart/mixed;boundary=b0", body, REFUSED_MANY);
	for (unsigned parts = BODY_PARTS_MAX - 1; parts <= BODY_PARTS_MAX; parts++) {
		size_t n = 0;

		for (unsigned i = 0; i < parts; i++)
			n += (size_t)snprintf(
				body + n, sizeof(body) - n, "--b\n\n%s\n", i ? "" : "x");
		if (parts < BODY_PARTS_MAX)
			says("multipart/mixed;boundary=b", body, "x", 0);
		else
			is_refused("multipart/mixed;boundary=b", body, REFUSED_MANY);
	}
}

static void memory_may_run_out_anywhere(void **state)
{
	static const char body[] = TWO(PART("text/html;charset=latin1", "<p>caf\xe9"),
		"Content-Transfer-Encoding: base64\r\n\r\nY2Fm");
	long n = 1;

	(void)state;
	for (;; n++) {
		mem_fail_after(n);
		const int err = read_body("multipart/mixed;boundary=b", slice_str(body));
		mem_fail_after(-1);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
	}
	assert_true(slice_eqs(got.text, "caf\u00e9\ncaf"));
	assert_in_range(n, 4, 20);
	body_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_carried_in_any_charset_we_have),
		cmocka_unit_test(what_says_nothing_is_refused),
		cmocka_unit_test(of_alternatives_the_nearest_to_text_is_carried),
		cmocka_unit_test(of_any_other_multipart_all_texts_are_carried),
		cmocka_unit_test(a_part_may_be_encoded),
		cmocka_unit_test(a_cpim_is_what_it_is_about),
		cmocka_unit_test(levels_and_parts_are_bounded),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};

	return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
