#include "page/html.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "page/asset.h"

#include "fixture.h"

typedef void put_fn(const struct html *h, struct slice s);

static const struct {
	const char *name;
	put_fn *put;
	const char *in, *want;
} rows[] = {
	{ "plain", html_text, "Paris", "Paris" },
	{ "markup", html_text, "<a href=\"x\" b='y'>&amp;",
		"&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;" },
	{ "letters", html_text, "Tr\xc3\xa8s\xc2\xa0haut", "Tr\xc3\xa8s\xc2\xa0haut" },
	{ "lines", html_text, "a\nb\tc", "a b c" },
	{ "controls", html_text, "a\x1b[31mb\x7f\r", "a?[31mb??" },
	{ "turns round", html_text,
		"a\xe2\x80\xae"
		"b",
		"a?b" },
	{ "no UTF-8", html_text, "a\xff\xc3(",
		"a?"
		"?(" },
	{ "not of XML", html_text, "a\xef\xbf\xbe", "a?" },
	{ "a segment", html_segment, "contoso.test", "contoso.test" },
	{ "a path in a segment", html_segment, "../a/b?c#d", "..%2Fa%2Fb%3Fc%23d" },
	{ "up", html_segment, "..", "%2E%2E" },
	{ "here", html_segment, ".", "%2E" },
	{ "quotes in a segment", html_segment, "\"><b>'", "%22%3E%3Cb%3E%27" },
	{ "bytes in a segment", html_segment, "\xc3\xa9%", "%C3%A9%25" },
	{ "our path", html_path, "/runs/17-a?x=1&y=2", "href=\"/runs/17-a?x=1&amp;y=2\"" },
	{ "script", html_path, "javascript:alert(1)", "href=\"#\"" },
	{ "another machine", html_path, "//evil.test/", "href=\"#\"" },
	{ "another machine, for browsers", html_path, "/\\evil.test/", "href=\"#\"" },
	{ "a scheme", html_path, "https://evil.test/", "href=\"#\"" },
	{ "no path", html_path, "", "href=\"#\"" },
	{ "out of the attribute", html_path, "/\" onclick=\"x",
		"href=\"/&quot; onclick=&quot;x\"" },
};

static void what_came_from_outside_stays_text(void **state)
{
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;
		const struct html h = { &b, &f->view };

		buf_init(&b, 4096);
		rows[i].put(&h, slice_str(rows[i].in));
		if (strcmp(buf_cstr(&b), rows[i].want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].name, buf_cstr(&b), rows[i].want);
		buf_done(&b);
	}
	free(f);
}

static void every_asset_is_found_by_its_path(void **state)
{
	static const struct {
		const char *path, *type, *has;
	} assets[] = {
		{ "/assets/page.css", "text/css; charset=utf-8", "prefers-color-scheme" },
		{ "/assets/page.js", "text/javascript; charset=utf-8", "EventSource" },
		{ "/assets/failed.svg", "image/svg+xml", "<svg" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(assets); i++) {
		const struct page_asset *a = page_asset_find(slice_str(assets[i].path));

		assert_non_null(a);
		assert_string_equal(a->type, assets[i].type);
		assert_true(slice_find(a->bytes, slice_str(assets[i].has)) != SIZE_MAX);
		assert_int_equal(strlen(a->etag), 34);
		assert_true(slice_starts(slice_str(a->href), slice_str(assets[i].path)));
		assert_ptr_equal(page_asset_href(assets[i].path), a->href);
	}
	for (unsigned s = 0; s < WATCH_STATES; s++)
		assert_non_null(page_asset_find(slice_str(page_icon_path((enum watch_state)s))));
	assert_null(page_asset_find(SLICE("/assets/../page.css")));
	assert_null(page_asset_find(SLICE("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_came_from_outside_stays_text),
		cmocka_unit_test(every_asset_is_found_by_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
