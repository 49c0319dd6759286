/* What is left of a page. */
#include "bridge/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void a_page_becomes_its_text(void **state)
{
	static const struct {
		const char *html, *text;
	} cases[] = {
		{ "hello", "hello" },
		{ "<html><head><title>t</title></head><body>hello <b>world</b></body></html>",
			"hello world" },
		{ "<p>one</p><p>two</p>", "one\ntwo" },
		{ "<div><div>one</div></div>\r\n<div>two</div>", "one\ntwo" },
		{ "one<br>two<BR/>three<br />four", "one\ntwo\nthree\nfour" },
		{ "one<br><br><br><br>two", "one\n\ntwo" },
		{ "<ul><li>a<li>b</ul>c", "a\nb\nc" },
		{ "  a \t\r\n b  ", "a b" },
		{ "<b>a</b> <i>b</i>", "a b" },
		{ "<pre>a\n  b</pre>c", "a\n  b\nc" },
		{ "a &lt; b &amp;&amp; c &gt; d &quot;&apos;", "a < b && c > d \"'" },
		{ "caf&eacute; &Agrave; &#233;&#xE9;&#X20ac; &euro;&yuml;",
			"caf\u00e9 \u00c0 \u00e9\u00e9\u20ac \u20ac\u00ff" },
		{ "it&#146;s", "it\u2019s" },
		{ "a&nbsp;&nbsp;b", "a  b" },
		{ "R&D &unknown; &; &#; &#x; &#12a; &", "R&D &unknown; &; &#; &#x; &#12a; &" },
		{ "&#0;&#1;&#xfffe;&#xd800;&#99999999;", "\ufffd\ufffd\ufffd\ufffd\ufffd" },
		{ "a <!-- <b>no</b> --> b", "a b" },
		{ "<!DOCTYPE html><?xml version='1.0'?>a", "a" },
		{ "a<!-->b", "ab" },
		{ "<script>if (a < b) x('</p>');</script>a<style>p { }</style>b", "ab" },
		{ "<SCRIPT src='x'>no</script >a", "a" },
		{ "<script>never ends", "" },
		{ "<!-- never ends", "" },
		{ "a<b title=\"x > y\">b</b>", "ab" },
		{ "a<img alt='>' src=x>b", "ab" },
		{ "3 < 4 <5 <", "3 < 4 <5 <" },
		{ "a<b", "a" },
		{ "a<b c='", "a" },
		{ "<a href='https://x.test/?a=1&amp;b=2'>words</a>.",
			"words <https://x.test/?a=1&b=2>." },
		{ "<a href=https://x.test/>https://x.test/</a>", "https://x.test/" },
		{ "<A HREF=\"http://x.test\"><img src=y></A>", "<http://x.test>" },
		{ "<a href='javascript:x()'>words</a>", "words" },
		{ "<a name='x'>words</a></a>", "words" },
		{ "<o:p>\u4e2d\U0001f600</o:p>", "\u4e2d\U0001f600" },
		{ "", "" },
	};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_init(&b, 1000);
		html_put_text(&b, slice_str(cases[i].html));
		if (strcmp(buf_cstr(&b), cases[i].text) != 0)
			fail_msg(
				"%s\nwant %s\ngot  %s", cases[i].html, cases[i].text, buf_cstr(&b));
		buf_done(&b);
	}
}

static void it_is_put_behind_what_is_there(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_puts(&b, "a ");
	html_put_text(&b, SLICE("<p> b</p>"));
	assert_string_equal(buf_cstr(&b), "a b");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_becomes_its_text),
		cmocka_unit_test(it_is_put_behind_what_is_there),
	};

	return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
