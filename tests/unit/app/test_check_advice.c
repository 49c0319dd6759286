/* What `stox check` advises can be typed: it names no option that it lacks, whatever the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/commands.h"
#include "base/mem.h"
#include "report/check.h"

enum { TEXT_MAX = 1 << 16 };

static const enum sweep_kind kinds[][2] = {
	[SWEEP_POOL] = { SWEEP_SIP_UDP, SWEEP_SIPS_TCP },
	[SWEEP_PARTNER] = { SWEEP_XMPP_CLIENT, SWEEP_XMPP_SERVER },
};

/* Lines of another program's have options of their own; openssl's have one dash. */
static void check_line(enum reason r, struct slice line, const char *options)
{
	static const struct slice gateway = { (const uint8_t *)"stox gateway", 12 };

	if (slice_find(line, SLICE("stox test")) != SIZE_MAX)
		fail_msg("%s: %.*s", reason_id(r), SLICE_FMT(line));
	if (slice_find(line, gateway) != SIZE_MAX)
		return;
	for (size_t at; (at = slice_find(line, SLICE(" --"))) != SIZE_MAX;) {
		char word[64] = " ";
		size_t n = 1;

		line = slice_skip(line, at + 1);
		while (n < line.n && n < sizeof(word) - 3 && line.p[n] != ' ' && line.p[n] != '"')
			n++;
		memcpy(word + 1, line.p, n);
		word[n + 1] = ' ';
		if (!strstr(options, word))
			fail_msg("%s: there is no `%s`", reason_id(r), word);
	}
}

static void check_text(enum reason r, struct slice text, const char *options)
{
	while (text.n) {
		struct slice line = slice_split(&text, '\n');

		check_line(r, line, options);
	}
}

static void check_reason(
	const struct opt_command *part, enum sweep_side side, enum sweep_kind kind, enum reason r)
{
	struct buf b, options;
	const struct sweep_fault fault = {
		.reason = r, .step = SWEEP_ANSWER, .message = TEXT_PLAIN(N_("the DNS"))
	};
	const struct sweep_finding finding = { .severity = SWEEP_FAILURE, .fault = &fault };
	struct sweep_row row = { .kind = kind,
		.host = "a.test",
		.addr = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 1 } } };
	const struct sweep_result result = { .side = side,
		.name = "a.test",
		.n_rows = 1,
		.rows = &row,
		.n_findings = 1,
		.findings = &finding };

	buf_init(&b, TEXT_MAX);
	buf_init(&options, TEXT_MAX);
	opt_names(part, &options);
	const struct report_caller caller = { "stox check it", buf_cstr(&options) };
	const struct report_check check = { .result = &result, .verbosity = 1, .caller = &caller };
	assert_int_equal(report_check_text(&b, &check), 0);
	check_text(r, buf_slice(&b), buf_cstr(&options));
	buf_clear(&b);
	assert_int_equal(report_check_json(&b, &check), 0);
	check_text(r, buf_slice(&b), buf_cstr(&options));
	buf_done(&options);
	buf_done(&b);
}

static void no_reason_advises_an_option_that_is_not_there(void **state)
{
	(void)state;
	for (unsigned side = 0; side < COUNT(kinds); side++)
		for (unsigned k = 0; k < 2; k++)
			for (unsigned r = REASON_NONE + 1; r < REASON_COUNT; r++)
				check_reason(&command_check.parts[side], (enum sweep_side)side,
					kinds[side][k], (enum reason)r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_reason_advises_an_option_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
