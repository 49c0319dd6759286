#include "watch/sentence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define MINUTE INT64_C(60000000)
#define NOW    (1000 * MINUTE)

enum { NONE = -1, TESTS_MAX = 32 };

/* Pools are words, partners are cells of two letters: to it, and from it.  Behind a ! stands a test
 * of the pool itself, behind the + those of the partners themselves, a cell each.
 * . passes, ~ unstable, F fails, U unknown, M in maintenance. */
static size_t read_matrix(const char *text, struct sentence_test *tests)
{
	static const char letters[] = ".~FUM";
	struct sentence_test next = { .direction = SENTENCE_TO };
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		const char *state = strchr(letters, *p);

		if (state) {
			tests[n] = next;
			tests[n].state = (enum watch_state)(state - letters);
			tests[n].since_at = NOW - (int64_t)n * MINUTE;
			if (next.direction == SENTENCE_ALONE && next.pool != SENTENCE_NONE)
				next = (struct sentence_test){ .pool = next.pool };
			else if (next.direction == SENTENCE_TO)
				next.direction = SENTENCE_FROM;
			n++;
		} else if (*p == '!') {
			next.direction = SENTENCE_ALONE;
			next.partner = SENTENCE_NONE;
		} else if (*p == '+') {
			next = (struct sentence_test){ .pool = SENTENCE_NONE,
				.direction = SENTENCE_ALONE };
		} else if (*p == '/') {
			next.partner++;
			next.direction = next.pool == SENTENCE_NONE ? SENTENCE_ALONE : SENTENCE_TO;
		} else {
			next = (struct sentence_test){ .pool = next.pool + 1 };
		}
	}
	return n;
}

static const struct {
	const char *name, *matrix;
	enum sentence_kind kind;
	enum watch_state state;
	unsigned n;
	int pool, partner;
} rows[] = {
	{ "no test", "", SENTENCE_NO_TEST, WATCH_UNKNOWN, 0, NONE, NONE },
	{ "all is well", "../.. ../..", SENTENCE_OK, WATCH_OK, 8, NONE, NONE },
	{ "one was tried again", "../.. .~/..", SENTENCE_UNSTABLE, WATCH_UNSTABLE, 1, NONE, NONE },
	{ "our own fault", "UU/UU UU/U.", SENTENCE_UNKNOWN, WATCH_UNKNOWN, 7, NONE, NONE },
	{ "in maintenance", "../MM ../MM", SENTENCE_MAINTENANCE, WATCH_MAINTENANCE, 4, NONE, NONE },
	{ "unstable goes before unknown", "U./.~", SENTENCE_UNSTABLE, WATCH_UNSTABLE, 1, NONE,
		NONE },
	{ "one way fails", "../F. ../..", SENTENCE_TEST, WATCH_FAILED, 1, 0, 1 },
	{ "one way back fails", "../.. .F/..", SENTENCE_TEST, WATCH_FAILED, 1, 1, 0 },
	{ "a pair fails", "../FF ../..", SENTENCE_PAIR, WATCH_FAILED, 2, 0, 1 },
	{ "a pair that is tested one way", "./F ./.", SENTENCE_PAIR, WATCH_FAILED, 1, 0, 1 },
	{ "a pair whose way back is unknown", "../FU ../..", SENTENCE_PAIR, WATCH_FAILED, 1, 0, 1 },
	{ "a partner cannot be reached", "../FF ../FF", SENTENCE_PARTNER, WATCH_FAILED, 4, NONE,
		1 },
	{ "it cannot, but reaches us", "../F. ../F.", SENTENCE_PARTNER, WATCH_FAILED, 2, NONE, 1 },
	{ "it cannot, one pool is in maintenance", "../FF ../FF MM/MM", SENTENCE_PARTNER,
		WATCH_FAILED, 4, NONE, 1 },
	{ "one pool reaches it", "../FF ../FF ../..", SENTENCE_SEVERAL, WATCH_FAILED, 4, NONE, 1 },
	{ "a partner does not reach us", "../.F ../.F", SENTENCE_SEVERAL, WATCH_FAILED, 2, NONE,
		1 },
	{ "a pool reaches no partner", "FF/FF/FF ../../..", SENTENCE_POOL, WATCH_FAILED, 6, 0,
		NONE },
	{ "one of three is reached", "FF/../FF ../../..", SENTENCE_SEVERAL, WATCH_FAILED, 4, 0,
		NONE },
	{ "its registrations fail, too", "!FFF/FF !.../..", SENTENCE_POOL, WATCH_FAILED, 5, 0,
		NONE },
	{ "only the registration fails", "!F../.. !.../..", SENTENCE_TEST, WATCH_FAILED, 1, 0,
		NONE },
	{ "the partner's own test fails, too", "../FF ../FF+./F", SENTENCE_PARTNER, WATCH_FAILED, 5,
		NONE, 1 },
	{ "only the partner's own test fails", "../.. ../..+./F", SENTENCE_TEST, WATCH_FAILED, 1,
		NONE, 1 },
	{ "nothing passes", "FF/FF FF/FF", SENTENCE_NOTHING, WATCH_FAILED, 8, NONE, NONE },
	{ "nothing that can be judged passes", "FF/UU UU/FF", SENTENCE_NOTHING, WATCH_FAILED, 4,
		NONE, NONE },
	{ "a failure each", "F./.. ../F.", SENTENCE_SEVERAL, WATCH_FAILED, 2, NONE, NONE },
	{ "the only pair of all", "FF", SENTENCE_PAIR, WATCH_FAILED, 2, 0, 0 },
	{ "the only pool", "FF/FF", SENTENCE_POOL, WATCH_FAILED, 4, 0, NONE },
	{ "the only partner", "FF FF", SENTENCE_PARTNER, WATCH_FAILED, 4, NONE, 0 },
};

static void each_state_has_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sentence_test tests[TESTS_MAX];
		const size_t n = read_matrix(rows[i].matrix, tests);
		const struct sentence s = sentence_of(tests, n, NOW - MINUTE, MINUTE, NOW);

		if (s.kind != rows[i].kind || s.state != rows[i].state || s.n != rows[i].n)
			fail_msg("%s: kind %d, %s, %u", rows[i].name, s.kind,
				watch_state_name(s.state), s.n);
		if (s.pool != (uint32_t)rows[i].pool || s.partner != (uint32_t)rows[i].partner)
			fail_msg("%s: pool %d, partner %d", rows[i].name, (int)s.pool,
				(int)s.partner);
	}
}

static void the_oldest_failure_is_the_one_to_look_at(void **state)
{
	struct sentence_test tests[TESTS_MAX];
	const size_t n = read_matrix("../F. ../.F", tests); /* the last one is the oldest */
	const struct sentence s = sentence_of(tests, n, NOW - MINUTE, MINUTE, NOW);

	(void)state;
	assert_int_equal(s.test, 7);
	assert_int_equal(s.direction, SENTENCE_FROM);
	assert_int_equal(s.since, NOW - 7 * MINUTE);
}

/* A page must not stay green, or red, while nothing is tested. */
static void silence_goes_before_all(void **state)
{
	struct sentence_test tests[TESTS_MAX];
	const size_t n = read_matrix("../FF", tests);

	(void)state;
	assert_int_equal(sentence_of(tests, n, NOW - 2 * MINUTE, MINUTE, NOW).kind, SENTENCE_PAIR);
	const struct sentence s = sentence_of(tests, n, NOW - 2 * MINUTE - 1, MINUTE, NOW);
	assert_int_equal(s.kind, SENTENCE_SILENT);
	assert_int_equal(s.state, WATCH_UNKNOWN);
	assert_int_equal(s.since, NOW - 2 * MINUTE - 1);
	assert_int_equal(sentence_of(tests, n, 0, MINUTE, NOW).kind, SENTENCE_NOT_YET);
}

/* In the first minute some have run and others not: of those nobody is to be told a fault. */
static void what_has_not_run_is_not_judged(void **state)
{
	struct sentence_test tests[TESTS_MAX];
	const size_t n = read_matrix(".U/UU", tests);

	(void)state;
	tests[1].since_at = tests[2].since_at = tests[3].since_at = 0;
	struct sentence s = sentence_of(tests, n, NOW - MINUTE, MINUTE, NOW);
	assert_int_equal(s.kind, SENTENCE_OK);
	assert_int_equal(s.n, 1);
	tests[2].since_at = NOW - MINUTE;
	s = sentence_of(tests, n, NOW - MINUTE, MINUTE, NOW);
	assert_int_equal(s.kind, SENTENCE_UNKNOWN);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.test, 2);
	assert_int_equal(s.since, NOW - MINUTE);
	tests[0].since_at = tests[2].since_at = 0;
	assert_int_equal(sentence_of(tests, n, NOW - MINUTE, MINUTE, NOW).kind, SENTENCE_NOT_YET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_has_its_sentence),
		cmocka_unit_test(the_oldest_failure_is_the_one_to_look_at),
		cmocka_unit_test(silence_goes_before_all),
		cmocka_unit_test(what_has_not_run_is_not_judged),
	};

	return cmocka_run_group_tests_name("sentence", tests, NULL, NULL);
}
