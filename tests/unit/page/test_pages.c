/* Every page in every mood: it is well formed, its links lead to its own machine, and nothing in it
 * is script, style or markup of anybody else. */
#include "page/page.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <expat.h>

#include "fixture_pages.h"

enum { IDS_MAX = 4000, THOUSAND_BYTES = 300000 };

/* ---- the pages as XML ---- */

struct checked {
	const char *name;
	char ids[IDS_MAX][64];
	unsigned n_ids;
	char wanted[IDS_MAX][64]; /* that a link, a use or a label refers to */
	unsigned n_wanted;
	unsigned n_scripts, n_h1, n_main, level;
};

static void remember(char list[][64], unsigned *n, const char *id)
{
	assert_true(*n < IDS_MAX);
	snprintf(list[(*n)++], 64, "%s", id);
}

static bool is_in(char list[][64], unsigned n, const char *id)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(list[i], id) == 0)
			return true;
	return false;
}

static void check_address(struct checked *c, const char *element, const char *value)
{
	if (value[0] == '#' && value[1])
		remember(c->wanted, &c->n_wanted, value + 1);
	else if (value[0] != '#' && value[0] != '?' && (value[0] != '/' || value[1] == '/'))
		fail_msg("%s: <%s> leads away: %s", c->name, element, value);
	if (strpbrk(value, "\"'<> \\"))
		fail_msg("%s: <%s> has an address that is none: %s", c->name, element, value);
}

static void check_attribute(
	struct checked *c, const char *element, const char *name, const char *value)
{
	if (strcmp(name, "style") == 0 || strncmp(name, "on", 2) == 0 ||
		strcmp(name, "srcdoc") == 0)
		fail_msg("%s: <%s %s=...>", c->name, element, name);
	if (strcmp(name, "href") == 0 || strcmp(name, "src") == 0 || strcmp(name, "action") == 0)
		check_address(c, element, value);
	if (strcmp(name, "id") == 0) {
		if (is_in(c->ids, c->n_ids, value))
			fail_msg("%s: two have the id %s", c->name, value);
		remember(c->ids, &c->n_ids, value);
	}
	if (strcmp(name, "aria-labelledby") == 0) {
		char ids[128], *save = NULL;

		snprintf(ids, sizeof(ids), "%s", value);
		for (char *id = strtok_r(ids, " ", &save); id; id = strtok_r(NULL, " ", &save))
			remember(c->wanted, &c->n_wanted, id);
	}
}

static const char *attribute(const char **attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	return NULL;
}

static void XMLCALL begin(void *arg, const char *element, const char **attributes)
{
	static const char *const refused[] = { "img", "iframe", "object", "embed", "style", "base",
		"foreignObject", "audio", "video" };
	struct checked *c = arg;

	for (size_t i = 0; i < COUNT(refused); i++)
		if (strcmp(element, refused[i]) == 0)
			fail_msg("%s: <%s>", c->name, element);
	if (strcmp(element, "script") == 0) {
		c->n_scripts++;
		assert_non_null(attribute(attributes, "src"));
	}
	if (strcmp(element, "th") == 0 && !attribute(attributes, "scope"))
		fail_msg("%s: <th> without scope", c->name);
	c->n_h1 += strcmp(element, "h1") == 0;
	c->n_main += strcmp(element, "main") == 0;
	if (element[0] == 'h' && element[1] >= '1' && element[1] <= '6' && !element[2]) {
		const unsigned level = (unsigned)(element[1] - '0');

		if (level > c->level + 1)
			fail_msg("%s: <%s> behind <h%u>", c->name, element, c->level);
		c->level = level;
	}
	for (; attributes[0]; attributes += 2)
		check_attribute(c, element, attributes[0], attributes[1]);
}

/* HTML has elements without an end; XML wants one. */
static void close_voids(struct buf *to, struct slice from)
{
	static const char *const voids[] = { "<meta", "<link", "<br", "<input" };

	while (from.n) {
		size_t i = 0, end;

		while (i < COUNT(voids) && !slice_starts(from, slice_str(voids[i])))
			i++;
		if (i == COUNT(voids)) {
			buf_put(to, slice_cut(from, 0, 1));
			from = slice_skip(from, 1);
			continue;
		}
		end = slice_chr(from, '>');
		buf_put(to, slice_cut(from, 0, end));
		buf_puts(to, "/>");
		from = slice_skip(from, end + 1);
	}
}

static void check_page(const char *name, struct slice page)
{
	struct checked *c = calloc(1, sizeof(*c));
	XML_Parser parser = XML_ParserCreate("UTF-8");
	struct buf xml;

	assert_non_null(c);
	c->name = name;
	buf_init(&xml, 2 * PAGE_BYTES_MAX);
	close_voids(&xml, page);
	XML_SetUserData(parser, c);
	XML_SetStartElementHandler(parser, begin);
	if (XML_Parse(parser, (const char *)buf_slice(&xml).p, (int)buf_len(&xml), 1) !=
		XML_STATUS_OK)
		fail_msg("%s: line %lu: %s", name, XML_GetCurrentLineNumber(parser),
			XML_ErrorString(XML_GetErrorCode(parser)));
	for (unsigned i = 0; i < c->n_wanted; i++)
		if (!is_in(c->ids, c->n_ids, c->wanted[i]))
			fail_msg("%s: there is no id %s", name, c->wanted[i]);
	if (c->n_scripts > 1 || c->n_h1 != 1 || c->n_main != 1)
		fail_msg("%s: %u <script>, %u <h1>, %u <main>", name, c->n_scripts, c->n_h1,
			c->n_main);
	buf_done(&xml);
	XML_ParserFree(parser);
	free(c);
}

static const struct {
	const char *name;
	enum mood mood;
	unsigned n_pools, n_partners;
} companies[] = {
	{ "no test", MOOD_MIXED, 0, 0 },
	{ "one pair", MOOD_MIXED, 1, 1 },
	{ "a company", MOOD_MIXED, 4, 7 },
	{ "all is well", MOOD_CALM, 4, 7 },
	{ "120 tests", MOOD_CALM, 6, 10 },
	{ "1,000 tests", MOOD_MIXED, 10, 50 },
	{ "all failed", MOOD_FAILED, 4, 7 },
	{ "all of 1,000 failed", MOOD_FAILED, 10, 50 },
	{ "all unknown", MOOD_UNKNOWN, 4, 7 },
	{ "longest names", MOOD_LONG, 4, 7 },
	{ "hostile names", MOOD_HOSTILE, 2, 3 },
};

static void each_page_is_well_formed(void **state)
{
	text_look_up *languages[] = { NULL, fixture_open_french(TEST_CATALOGUE) };

	(void)state;
	assert_non_null(languages[1]);
	for (size_t i = 0; i < COUNT(companies); i++)
		for (size_t l = 0; l < COUNT(languages); l++)
			for (size_t p = 0; p < COUNT(fixture_pages); p++) {
				struct fixture *f =
					fixture_new(companies[i].mood, companies[i].n_pools,
						companies[i].n_partners, languages[l]);
				char name[128];
				struct buf b;

				snprintf(name, sizeof(name), "%s, %s", companies[i].name,
					fixture_pages[p].name);
				buf_init(&b, PAGE_BYTES_MAX);
				if (fixture_pages[p].put(&b, f) != 0)
					fail_msg("%s: error %d", name, buf_err(&b));
				check_page(name, buf_slice(&b));
				buf_done(&b);
				free(f);
			}
}

static void a_thousand_tests_are_small(void **state)
{
	(void)state;
	for (unsigned mood = MOOD_MIXED; mood <= MOOD_UNKNOWN; mood++) {
		struct fixture *f = fixture_new((enum mood)mood, 10, 50, NULL);

		for (size_t p = 0; p < COUNT(fixture_pages); p++) {
			struct buf b;

			buf_init(&b, PAGE_BYTES_MAX);
			assert_int_equal(fixture_pages[p].put(&b, f), 0);
			if (buf_len(&b) > THOUSAND_BYTES)
				fail_msg("%s, mood %u: %zu bytes", fixture_pages[p].name, mood,
					buf_len(&b));
			buf_done(&b);
		}
		free(f);
	}
}

/* A page that is not whole is none. */
static void a_page_says_when_it_is_not_whole(void **state)
{
	struct fixture *f = fixture_new(MOOD_MIXED, 4, 7, NULL);

	(void)state;
	for (size_t p = 0; p < COUNT(fixture_pages); p++) {
		struct buf b;

		buf_init(&b, 2000);
		assert_int_equal(fixture_pages[p].put(&b, f), -EMSGSIZE);
		buf_done(&b);
		for (long n = 1, err = -ENOMEM; err; n++) {
			buf_init(&b, PAGE_BYTES_MAX);
			mem_fail_after(n);
			err = fixture_pages[p].put(&b, f);
			mem_fail_after(-1);
			assert_true(err == 0 || err == -ENOMEM);
			buf_done(&b);
			assert_true(n < 1000);
		}
	}
	free(f);
}

/* A test's events are an element each, in one line, and have the id that is on the page. */
static void events_are_parts_of_the_page(void **state)
{
	struct fixture *f = fixture_new(MOOD_HOSTILE, 2, 3, NULL);
	struct buf b;

	(void)state;
	f->tests[0].trouble = &(const struct page_trouble){ .reason = REASON_IM_LATE,
		.message = SLICE("a\n\ndata: <b>\r\nevent: x") };
	buf_init(&b, PAGE_BYTES_MAX);
	assert_int_equal(page_event_test(&b, &f->view, &f->overview.set, 0), 0);
	assert_int_equal(page_event_overview(&b, &f->view, &f->overview), 0);
	assert_int_equal(page_event_live(&b, &f->view), 0);
	struct slice rest = buf_slice(&b);
	unsigned n = 0;
	while (rest.n) {
		const size_t end = slice_find(rest, SLICE("\n\n"));

		assert_true(end != SIZE_MAX);
		struct slice event = slice_cut(rest, 0, end);
		rest = slice_skip(rest, end + 2);
		assert_true(slice_starts(slice_split(&event, '\n'), SLICE("event: ")));
		assert_true(slice_starts(event, SLICE("data: ")));
		assert_true(slice_chr(event, '\n') == event.n && slice_chr(event, '\r') == event.n);
		n++;
	}
	assert_int_equal(n, 7);
	assert_non_null(strstr(buf_cstr(&b), "id=\"c1\""));
	assert_non_null(strstr(buf_cstr(&b), "id=\"r1\""));
	assert_non_null(strstr(buf_cstr(&b), "id=\"verdict\""));
	buf_done(&b);
	free(f);
}

/* The worst of two places is shown, with how many see it; the cell keeps its id. */
/* Nobody is to look after a test that has not run yet, or is not to run. */
static void what_does_not_run_needs_no_attention(void **state)
{
	static const struct {
		int64_t interval_us, since_at;
		const char *text;
	} rows[] = {
		{ MINUTE, 0, "not tested yet" },
		{ 0, NOW - DAY, "not enabled" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture *f = fixture_new(MOOD_CALM, 1, 2, NULL);
		struct buf b;

		f->tests[0].state = WATCH_UNKNOWN;
		f->tests[0].interval_us = rows[i].interval_us;
		f->tests[0].since_at = rows[i].since_at;
		buf_init(&b, 1 << 20);
		assert_int_equal(page_overview(&b, &f->view, &f->overview), 0);
		assert_non_null(strstr(buf_cstr(&b), rows[i].text));
		assert_null(strstr(buf_cstr(&b), "Needs attention"));
		assert_null(strstr(buf_cstr(&b), "unknown</span>"));
		buf_clear(&b);
		assert_int_equal(put_tests(&b, f), 0);
		assert_non_null(strstr(buf_cstr(&b), rows[i].text));
		assert_null(strstr(buf_cstr(&b), "Unknown</span>"));
		buf_done(&b);
		free(f);
	}
}

static void places_that_disagree_are_marked(void **state)
{
	static const struct {
		enum watch_state inside, outside;
		const char *cell;
	} cells[] = {
		{ WATCH_OK, WATCH_OK, "class=\"c to ok\" id=\"c1\"" },
		{ WATCH_FAILED, WATCH_OK, "Failed 1\xc2\xa0h, 1 of 2</span>" },
		{ WATCH_OK, WATCH_FAILED, "Failed 1\xc2\xa0h, 1 of 2</span>" },
		{ WATCH_FAILED, WATCH_FAILED, "Failed 1\xc2\xa0h</span>" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cells); i++) {
		struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);
		struct buf page, event;

		f->tests[1].kind = PAGE_TO;
		f->tests[0].state = cells[i].inside;
		f->tests[1].state = cells[i].outside;
		f->tests[0].since_at = f->tests[1].since_at = NOW - HOUR;
		buf_init(&page, PAGE_BYTES_MAX);
		buf_init(&event, PAGE_BYTES_MAX);
		assert_int_equal(put_overview(&page, f), 0);
		assert_int_equal(page_event_test(&event, &f->view, &f->overview.set, 1), 0);
		if (!strstr(buf_cstr(&page), cells[i].cell) ||
			!strstr(buf_cstr(&event), cells[i].cell) ||
			!strstr(buf_cstr(&page), "id=\"c1\"") ||
			!strstr(buf_cstr(&event), "id=\"c1\""))
			fail_msg("row %zu: %s", i, buf_cstr(&event));
		buf_done(&page);
		buf_done(&event);
		free(f);
	}
}

/* What is absent for a role is not grey, and not there. */
static void buttons_need_a_right(void **state)
{
	static const struct {
		fixture_put *put;
		const char *button;
	} buttons[] = { { put_test, "/run\">" }, { put_incidents, "/ack\">" } };

	(void)state;
	for (size_t i = 0; i < COUNT(buttons); i++)
		for (unsigned may = 0; may < 2; may++) {
			struct fixture *f = fixture_new(MOOD_MIXED, 4, 7, NULL);
			struct buf b;

			f->view.may = may ? ~0u : 0;
			buf_init(&b, PAGE_BYTES_MAX);
			assert_int_equal(buttons[i].put(&b, f), 0);
			assert_int_equal(strstr(buf_cstr(&b), buttons[i].button) != NULL, may);
			assert_int_equal(strstr(buf_cstr(&b), "name=\"token\"") != NULL, may);
			buf_done(&b);
			free(f);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_page_is_well_formed),
		cmocka_unit_test(a_thousand_tests_are_small),
		cmocka_unit_test(a_page_says_when_it_is_not_whole),
		cmocka_unit_test(events_are_parts_of_the_page),
		cmocka_unit_test(what_does_not_run_needs_no_attention),
		cmocka_unit_test(places_that_disagree_are_marked),
		cmocka_unit_test(buttons_need_a_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
