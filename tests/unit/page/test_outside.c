/* What leaves the house: the partner's page, badges, the feed. */
#include "page/public.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <expat.h>

#include "page/badge.h"
#include "page/feed.h"
#include "page/words.h"

#include "fixture_pages.h"

/* ---- the partner's page ---- */

/* Its fields, one by one: who adds one reads here what must not be shown. */
static void the_struct_has_no_field_for_the_inside(void **state)
{
	static const size_t ends[] = {
		offsetof(struct page_public, look_up) + sizeof(text_look_up *),
		offsetof(struct page_public, zone) + sizeof(const struct zone *),
		offsetof(struct page_public, zone_name) + sizeof(struct slice),
		offsetof(struct page_public, now_at) + sizeof(int64_t),
		offsetof(struct page_public, site) + sizeof(struct slice),
		offsetof(struct page_public, partner) + sizeof(struct slice),
		offsetof(struct page_public, state) + sizeof(enum watch_state),
		offsetof(struct page_public, since_at) + sizeof(int64_t),
		offsetof(struct page_public, is_part) + sizeof(bool),
		offsetof(struct page_public, ways) + sizeof(enum public_ways),
		offsetof(struct page_public, side) + sizeof(enum public_side),
		offsetof(struct page_public, checked_at) + sizeof(int64_t),
		offsetof(struct page_public, interval_us) + sizeof(int64_t),
		offsetof(struct page_public, to_them) + sizeof(struct public_way),
		offsetof(struct page_public, from_them) + sizeof(struct public_way),
		offsetof(struct page_public, updates) + sizeof(const struct public_update *),
		offsetof(struct page_public, n_updates) + sizeof(size_t),
		offsetof(struct page_public, before) + sizeof(const struct public_incident *),
		offsetof(struct page_public, n_before) + sizeof(size_t),
		offsetof(struct page_public, planned) + sizeof(const struct public_planned *),
		offsetof(struct page_public, n_planned) + sizeof(size_t),
		offsetof(struct page_public, feed) + sizeof(struct slice),
	};
	size_t end = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		/* Between two there is room for padding, and for no field. */
		assert_true(ends[i] > end && ends[i] - end < 8 + sizeof(struct public_way));
		end = ends[i];
	}
	assert_int_equal(end, sizeof(struct page_public));
}

static void nothing_of_the_inside_is_in_its_bytes(void **state)
{
	static const char *const inside[] = { "pool.litware", "paris-1", "dmz-1",
		"im_not_delivered", "ops-oncall", "/runs/", "/incidents/", "/t/", "10.20.",
		"outside", "<script", "/api/", "/metrics", "Fabrikam" };
	struct fixture *f = fixture_new(MOOD_MIXED, 4, 7, NULL);
	struct buf b;

	(void)state;
	buf_init(&b, PAGE_BYTES_MAX);
	assert_int_equal(put_public(&b, f), 0);
	for (size_t i = 0; i < COUNT(inside); i++)
		if (strstr(buf_cstr(&b), inside[i]))
			fail_msg("%s is in it", inside[i]);
	assert_non_null(strstr(buf_cstr(&b), "content=\"noindex, nofollow\""));
	assert_non_null(strstr(buf_cstr(&b), "content=\"no-referrer\""));
	buf_done(&b);
	free(f);
}

/* ---- badges ---- */

static void check_xml(const char *name, struct slice s)
{
	XML_Parser parser = XML_ParserCreate("UTF-8");

	if (XML_Parse(parser, (const char *)s.p, (int)s.n, 1) != XML_STATUS_OK)
		fail_msg("%s: %s", name, XML_ErrorString(XML_GetErrorCode(parser)));
	XML_ParserFree(parser);
}

static const struct {
	const char *label;
	enum watch_state state;
	bool has_share;
	const char *json;
} badges[] = {
	{ "Contoso", WATCH_OK, true,
		"{\"schemaVersion\":1,\"label\":\"Contoso\",\"message\":\"OK, "
		"99.79%\",\"color\":\"brightgreen\"}\n" },
	{ "Contoso", WATCH_FAILED, false,
		"{\"schemaVersion\":1,\"label\":\"Contoso\",\"message\":\"Failed\",\"color\":"
		"\"red\","
		"\"isError\":true}\n" },
	{ "a\"b\\c\n<&", WATCH_UNKNOWN, false,
		"{\"schemaVersion\":1,\"label\":\"a\\\"b\\\\c?<&\",\"message\":\"Unknown\","
		"\"color\":\"lightgrey\"}\n" },
	{ "", WATCH_MAINTENANCE, false,
		"{\"schemaVersion\":1,\"label\":\"\",\"message\":\"Maintenance\","
		"\"color\":\"blue\"}\n" },
	{ "0123456789012345678901234567890123456789cut", WATCH_UNSTABLE, false,
		"{\"schemaVersion\":1,\"label\":\"0123456789012345678901234567890123456789\","
		"\"message\":\"Unstable\",\"color\":\"orange\"}\n" },
};

static void badges_say_the_state(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(badges); i++) {
		const struct page_badge m = { .label = slice_str(badges[i].label),
			.state = badges[i].state,
			.has_share = badges[i].has_share,
			.share = { 1437, 1440 } };
		struct buf b;

		buf_init(&b, 4096);
		assert_int_equal(page_badge_json(&b, &m), 0);
		assert_string_equal(buf_cstr(&b), badges[i].json);
		buf_clear(&b);
		assert_int_equal(page_badge_svg(&b, &m), 0);
		check_xml(badges[i].label, buf_slice(&b));
		assert_non_null(strstr(buf_cstr(&b), words_state(badges[i].state)));
		buf_done(&b);
	}
}

/* ---- the feed ---- */

static void the_feed_has_an_entry_each(void **state)
{
	(void)state;
	for (unsigned mood = MOOD_MIXED; mood <= MOOD_HOSTILE; mood++) {
		struct fixture *f = fixture_new((enum mood)mood, 2, 3, NULL);
		const struct page_feed m = { .base = SLICE("https://stox.litware.test"),
			.set = &f->overview.set,
			.rows = f->rows,
			.n_rows = COUNT(f->rows) };
		struct buf b;
		unsigned n = 0;

		f->rows[0].end_at = 0;
		buf_init(&b, 1 << 20);
		assert_int_equal(page_feed(&b, &f->view, &m), 0);
		check_xml("feed", buf_slice(&b));
		for (const char *p = buf_cstr(&b); (p = strstr(p, "<entry>")); p++)
			n++;
		assert_int_equal(n, COUNT(f->rows));
		assert_non_null(
			strstr(buf_cstr(&b), "<id>https://stox.litware.test/incidents/117</id>"));
		/* The newest thing of all: the one that is open began last. */
		assert_non_null(strstr(buf_cstr(&b), "<updated>2026-11-29T13:03:14Z</updated>"));
		buf_done(&b);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_struct_has_no_field_for_the_inside),
		cmocka_unit_test(nothing_of_the_inside_is_in_its_bytes),
		cmocka_unit_test(badges_say_the_state),
		cmocka_unit_test(the_feed_has_an_entry_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
