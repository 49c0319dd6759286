/* The words of a notice. */
#include "notices.h"

static struct deliver_notice of(enum alert_kind kind, enum sentence_direction d, enum reason r)
{
	struct deliver_notice n = sample_notice();

	n.kind = kind;
	n.direction = d;
	n.incident.reason = r;
	return n;
}

static const struct {
	const char *name;
	enum alert_kind kind;
	enum sentence_direction direction;
	enum reason reason;
	const char *state, *sentence;
} rows[] = {
	{ "to the partner", ALERT_FAILING, SENTENCE_TO, REASON_TCP_REFUSED, "FAILED",
		"contoso.test cannot be reached from pool.litware.test." },
	{ "still", ALERT_STILL_FAILING, SENTENCE_TO, REASON_TCP_REFUSED, "STILL FAILED",
		"contoso.test still cannot be reached from pool.litware.test." },
	{ "over", ALERT_RESOLVED, SENTENCE_TO, REASON_TCP_REFUSED, "RESOLVED",
		"contoso.test can be reached from pool.litware.test again." },
	{ "from the partner", ALERT_FAILING, SENTENCE_FROM, REASON_DNS_TIMEOUT, "FAILED",
		"pool.litware.test cannot be reached from contoso.test." },
	{ "it arrives, but late", ALERT_FAILING, SENTENCE_TO, REASON_IM_LATE, "FAILED",
		"Messages between pool.litware.test and contoso.test do not arrive as they "
		"should." },
	{ "a test of one side", ALERT_FAILING, SENTENCE_ALONE, REASON_SIP_NO_ANSWER, "FAILED",
		"The test litware/contoso.test/to fails." },
	{ "a late one of one side", ALERT_FAILING, SENTENCE_ALONE, REASON_IM_LATE, "FAILED",
		"The test litware/contoso.test/to fails." },
	{ "a policy", ALERT_FAILING, SENTENCE_TO, REASON_NONE, "FAILED",
		"What the test litware/contoso.test/to expects to be refused gets through." },
	{ "a policy, over", ALERT_RESOLVED, SENTENCE_TO, REASON_NONE, "RESOLVED",
		"What the test litware/contoso.test/to expects to be refused is refused again." },
};

static void the_sentence_says_who_cannot_reach_whom(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct deliver_notice n = of(rows[i].kind, rows[i].direction, rows[i].reason);
		const struct text word = notice_state(&n), sentence = notice_sentence(&n);
		struct buf b;

		buf_init(&b, 1000);
		text_put(&b, &word, NULL);
		buf_puts(&b, "|");
		text_put(&b, &sentence, NULL);
		if (!slice_starts(buf_slice(&b), slice_str(rows[i].state)) ||
			!slice_ends(buf_slice(&b), slice_str(rows[i].sentence)))
			fail_msg("%s: %s", rows[i].name, buf_cstr(&b));
		buf_done(&b);
	}
}

static void assert_text(const struct deliver_notice *n, const char *want)
{
	struct buf b;

	buf_init(&b, NOTICE_BYTES_MAX);
	notice_put_text(&b, n, NULL);
	assert_int_equal(buf_err(&b), 0);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void the_text_says_what_since_when_why_and_what_next(void **state)
{
	struct deliver_notice n = sample_notice();

	(void)state;
	assert_text(&n,
		"contoso.test cannot be reached from pool.litware.test.\n"
		"\n"
		"Since: 2026-11-30 00:01:07 UTC (5\u00a0h 17\u00a0min)\n"
		"Reason: tcp_refused: Nothing listens on that port, or a firewall rejects the "
		"connection.\n"
		"Message: 192.0.2.1 port 5269: connection refused\n"
		"Likely cause: The service is not running, or listens on another port or address.\n"
		"What to do:\n"
		"  1. look whether the server runs\n"
		"  2. ask contoso.test\n"
		"Runs that failed: 3\n"
		"Severity: critical\n"
		"Test: litware/contoso.test/to\n"
		"Seen from: paris-dc1\n"
		"Run: https://watch.litware.test/runs/42\n");
}

static void one_that_is_over_says_from_when_to_when(void **state)
{
	struct deliver_notice n = sample_resolved();

	(void)state;
	n.incident.times = 3;
	n.run_url = n.location = n.message = SLICE_NONE;
	assert_text(&n,
		"contoso.test can be reached from pool.litware.test again.\n"
		"\n"
		"From - to: 2026-11-30 00:01:07 UTC - 2026-11-30 05:17:07 UTC "
		"(5\u00a0h 16\u00a0min)\n"
		"Reason: tcp_refused: Nothing listens on that port, or a firewall rejects the "
		"connection.\n"
		"Likely cause: The service is not running, or listens on another port or address.\n"
		"Runs that failed: 3; it began to fail 3 times\n"
		"Severity: critical\n"
		"Test: litware/contoso.test/to\n");
}

static void a_trial_blames_nobody(void **state)
{
	struct deliver_notice n = sample_notice();

	(void)state;
	n.is_trial = true;
	n.incident = (struct incident){ .begin_at = 0 };
	n.run_url = SLICE_NONE;
	assert_text(&n, "This is a trial of the alerts: nothing has failed.\n"
			"\n"
			"Test: litware/contoso.test/to\n"
			"Seen from: paris-dc1\n");
}

static bool has(const struct deliver_notice *n, const char *what)
{
	struct buf b;

	buf_init(&b, NOTICE_BYTES_MAX);
	notice_put_text(&b, n, NULL);
	const bool ret = slice_find(buf_slice(&b), slice_str(what)) != SIZE_MAX;
	buf_done(&b);
	return ret;
}

static void flapping_and_policies_have_words_of_their_own(void **state)
{
	struct deliver_notice n = sample_notice();

	(void)state;
	n.incident.is_flapping = true;
	n.incident.times = 9;
	assert_true(has(&n, "Runs that failed: 3; it comes and goes, 9 times so far\n"));
	n = of(ALERT_FAILING, SENTENCE_TO, REASON_NONE);
	n.n_steps = 0;
	assert_true(has(&n, "Reason: The message was carried.\n"));
	assert_true(has(&n, "  1. See what allows it now, on both sides.\n"));
}

/* Without steps of the test's own: each reason has some, or says nothing wrong. */
static void every_reason_makes_a_text(void **state)
{
	(void)state;
	for (int r = 1; r < REASON_COUNT; r++) {
		struct deliver_notice n = of(ALERT_FAILING, SENTENCE_TO, (enum reason)r);
		char want[100];

		n.n_steps = 0;
		snprintf(want, sizeof(want), "Reason: %s: ", reason_id((enum reason)r));
		assert_true(has(&n, want));
		assert_int_equal(has(&n, "What to do:\n  1. "), notice_steps(&n) > 0);
	}
}

static const struct {
	int64_t s;
	const char *want;
} durations[] = {
	{ -5, "(0\u00a0s)" },
	{ 59, "(59\u00a0s)" },
	{ 60, "(1\u00a0min 0\u00a0s)" },
	{ 3599, "(59\u00a0min 59\u00a0s)" },
	{ 3600, "(1\u00a0h 0\u00a0min)" },
	{ 86399, "(23\u00a0h 59\u00a0min)" },
	{ 86400, "(1\u00a0d 0\u00a0h)" },
	{ 31 * 86400 + 3 * 3600, "(31\u00a0d 3\u00a0h)" },
};

static void a_duration_has_two_units_at_most(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(durations); i++) {
		struct deliver_notice n = sample_notice();

		n.now_at = n.incident.begin_at + durations[i].s * SECOND;
		if (!has(&n, durations[i].want))
			fail_msg("%s", durations[i].want);
	}
}

static void what_others_wrote_stays_in_its_line(void **state)
{
	const struct deliver_notice n = sample_hostile();
	struct buf b;
	unsigned lines = 0;

	(void)state;
	buf_init(&b, NOTICE_BYTES_MAX);
	notice_put_text(&b, &n, NULL);
	for (const char *p = buf_cstr(&b); *p; p++) {
		lines += *p == '\n';
		assert_true(*p == '\n' || (unsigned char)*p >= ' ');
	}
	assert_int_equal(lines, 14);
	buf_done(&b);
}

static const char *french(const char *id)
{
	static const struct {
		const char *id, *is;
	} words[] = {
		{ ": ", " : " },
		{ "{2} cannot be reached from {1}.", "{2} est injoignable depuis {1}." },
		{ "Since", "Depuis" },
		{ "critical", "critique" },
		{ "{1}\u00a0h {2}\u00a0min", "{1}\u00a0h {2}\u00a0min" },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i].id, id) == 0)
			return words[i].is;
	return "*";
}

static void every_word_of_ours_is_looked_up(void **state)
{
	struct deliver_notice n = sample_notice();
	struct buf b;

	(void)state;
	buf_init(&b, NOTICE_BYTES_MAX);
	notice_put_text(&b, &n, french);
	assert_string_equal(buf_cstr(&b),
		"contoso.test est injoignable depuis pool.litware.test.\n"
		"\n"
		"Depuis : 2026-11-30 00:01:07 UTC (5\u00a0h 17\u00a0min)\n"
		"* : tcp_refused : *\n"
		"* : 192.0.2.1 port 5269: connection refused\n"
		"* : *\n"
		"*\n"
		"  1. look whether the server runs\n"
		"  2. ask contoso.test\n"
		"* : 3\n"
		"* : critique\n"
		"* : litware/contoso.test/to\n"
		"* : paris-dc1\n"
		"* : https://watch.litware.test/runs/42\n");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sentence_says_who_cannot_reach_whom),
		cmocka_unit_test(the_text_says_what_since_when_why_and_what_next),
		cmocka_unit_test(one_that_is_over_says_from_when_to_when),
		cmocka_unit_test(a_trial_blames_nobody),
		cmocka_unit_test(flapping_and_policies_have_words_of_their_own),
		cmocka_unit_test(every_reason_makes_a_text),
		cmocka_unit_test(a_duration_has_two_units_at_most),
		cmocka_unit_test(what_others_wrote_stays_in_its_line),
		cmocka_unit_test(every_word_of_ours_is_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
