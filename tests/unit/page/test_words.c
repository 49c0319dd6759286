/* How things stand, in words: the same in title, page, alert and feed, in both languages. */
#include "page/words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fixture.h"

#define NB   "\xc2\xa0"
#define TO   " \xe2\x86\x92 "
#define FROM " \xe2\x86\x90 "
#define BOTH " \xe2\x86\x94 "

/* Pools are words, partners cells of two letters: to it and from it. */
struct row {
	const char *name, *matrix;
	int64_t silent_us;
	const char *headline, *explain, *title, *french;
};

static const struct row rows[] = {
	{ "no test", "", 0, "There is nothing to test",
		"Pools and partners in the configuration make the tests.",
		"Unknown: There is nothing to test", "Il n\xe2\x80\x99y a rien \xc3\xa0 tester" },
	{ "silent", "....", 5 * MINUTE, "Nothing has been tested since 07:53",
		"The watcher has stopped, or cannot write what it finds. What is below is as it "
		"was "
		"then.",
		"Unknown: Nothing has been tested since 07:53",
		"Rien n\xe2\x80\x99"
		"est test\xc3\xa9 depuis 07:53" },
	{ "all well", "....", 0, "All 4 tests pass", "", "4 OK: All 4 tests pass",
		"Les 4 tests r\xc3\xa9ussissent" },
	{ "one unstable", "~...", 0, "Paris" TO "Contoso is unstable",
		"They pass, but not always, or not at the first attempt. Since 06:58.",
		"1 unstable: Paris" TO "Contoso is unstable", "Paris" TO "Contoso est instable" },
	{ "two unknown", "UU..", 0, "2 tests could not be judged",
		"The fault is the watcher's own, and nobody else is to blame. Since 06:58.",
		"2 unknown: 2 tests could not be judged",
		"2 tests n\xe2\x80\x99ont pas pu \xc3\xaatre jug\xc3\xa9s" },
	{ "maintenance", "MM..", 0, "2 tests are in maintenance", "The others pass.",
		"2 in maintenance: 2 tests are in maintenance", "2 tests sont en maintenance" },
	{ "one way", "F...", 0, "Paris" TO "Contoso fails",
		"Messages from Paris do not get through to Contoso since 06:58 (1" NB "h).",
		"1 failed: Paris" TO "Contoso fails",
		"Paris" TO "Contoso \xc3\xa9"
		"choue" },
	{ "the other way", ".F..", 0, "Paris" FROM "Contoso fails",
		"Messages from Contoso do not get through to Paris since 06:58 (1" NB "h).",
		"1 failed: Paris" FROM "Contoso fails",
		"Paris" FROM "Contoso \xc3\xa9"
		"choue" },
	{ "a pair", "FF..", 0, "Paris" BOTH "Contoso fails",
		"Nobody in Paris can exchange messages with Contoso since 06:58 (1" NB "h).",
		"2 failed: Paris" BOTH "Contoso fails",
		"Paris" BOTH "Contoso \xc3\xa9"
		"choue" },
	{ "a partner", "F... F...", 0, "Contoso cannot be reached",
		"No pool gets messages through to Contoso since 06:58 (1" NB "h).",
		"2 failed: Contoso cannot be reached", "Contoso est injoignable" },
	{ "a pool", "F.F. ....", 0, "Paris reaches no partner",
		"Nobody in Paris gets messages through to any partner since 06:58 (1" NB "h).",
		"2 failed: Paris reaches no partner", "Paris ne joint aucun partenaire" },
	{ "nothing works", "FFFF FFFF", 0, "Nothing works",
		"Every test that can be judged fails since 06:58 (1" NB
		"h). Look first at what they "
		"share: the watcher's own network, the DNS.",
		"8 failed: Nothing works", "Rien ne marche" },
	{ "several", "FF.. ..F.", 0, "3 failures: Paris" BOTH "Contoso, Lyon" TO "Contoso Care",
		"The first of them fails since 06:58 (1" NB "h).",
		"3 failed: Paris" BOTH "Contoso, Lyon" TO "Contoso Care",
		"3 \xc3\xa9"
		"checs" NB ": Paris" BOTH "Contoso, Lyon" TO "Contoso Care" },
};

static const char letters[] = ".~FUM"; /* as enum watch_state */

static void fill(struct fixture *f, const char *matrix)
{
	uint32_t pool = 0, partner = 0;

	f->overview.set.n_tests = 0;
	for (const char *p = matrix; *p; p++) {
		if (*p == ' ') {
			pool++;
			partner = 0;
			continue;
		}
		const size_t n = f->overview.set.n_tests;
		fixture_test(f, pool, partner / 2, partner % 2 ? PAGE_FROM : PAGE_TO);
		partner++;
		f->tests[n].trouble = NULL;
		f->tests[n].state = (enum watch_state)(strchr(letters, *p) - letters);
		f->tests[n].since_at = NOW - HOUR;
		f->sentence_tests[n].state = f->tests[n].state;
		f->sentence_tests[n].since_at = f->tests[n].since_at;
	}
}

typedef void words_fn(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v);

static void check(const struct row *r, struct fixture *f, words_fn *words, const char *want)
{
	const struct sentence s = sentence_of(
		f->sentence_tests, f->overview.set.n_tests, NOW - r->silent_us, MINUTE, NOW);
	struct buf b;

	buf_init(&b, 4096);
	words(&b, &s, &f->overview.set, &f->view);
	if (strcmp(buf_cstr(&b), want) != 0)
		fail_msg("%s: got \"%s\", want \"%s\"", r->name, buf_cstr(&b), want);
	buf_done(&b);
}

static void each_kind_of_sentence(void **state)
{
	struct fixture *f = fixture_new(MOOD_MIXED, 2, 2, NULL);
	text_look_up *french = fixture_open_french(TEST_CATALOGUE);

	(void)state;
	assert_non_null(french);
	for (size_t i = 0; i < COUNT(rows); i++) {
		fill(f, rows[i].matrix);
		f->view.look_up = NULL;
		check(&rows[i], f, words_headline, rows[i].headline);
		check(&rows[i], f, words_explain, rows[i].explain);
		check(&rows[i], f, words_title, rows[i].title);
		f->view.look_up = french;
		check(&rows[i], f, words_headline, rows[i].french);
	}
	free(f);
}

/* The page's headline and its title are those words. */
static void the_page_says_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fixture *f = fixture_new(MOOD_MIXED, 2, 2, NULL);
		char title[256], headline[256];
		struct buf b;

		fill(f, rows[i].matrix);
		f->overview.sentence = sentence_of(f->sentence_tests, f->overview.set.n_tests,
			NOW - rows[i].silent_us, MINUTE, NOW);
		snprintf(title, sizeof(title), "<title>%s \xc2\xb7 Litware</title>", rows[i].title);
		snprintf(headline, sizeof(headline), "<span>%s</span></h1>", rows[i].headline);
		buf_init(&b, PAGE_BYTES_MAX);
		assert_int_equal(page_overview(&b, &f->view, &f->overview), 0);
		if (!strstr(buf_cstr(&b), title) || !strstr(buf_cstr(&b), headline))
			fail_msg("%s: not on the page", rows[i].name);
		buf_done(&b);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_sentence),
		cmocka_unit_test(the_page_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
