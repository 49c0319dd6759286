/* Sign-in, there and back: they add up, whatever the phases say. */
#include "watcher/row_split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct {
	const char *name;
	struct part {
		enum phase_outcome outcome;
		ts_t started, duration;
	} send, deliver;
	ts_t latency;
	int64_t signin, there, back;
} rows[] = {
	{ "there and back", { PHASE_OK, 300, 50 }, { PHASE_OK, 310, 90 }, 700, 300, 100, 300 },
	{ "arrival is not proved", { PHASE_OK, 300, 50 }, { PHASE_SKIPPED, 0, 0 }, 700, 300, 50,
		350 },
	{ "it arrived before it was sent", { PHASE_OK, 300, 50 }, { PHASE_OK, 100, 50 }, 700, 300,
		0, 400 },
	{ "sent behind the end", { PHASE_OK, 900, 50 }, { PHASE_OK, 950, 50 }, 700, 700, 0, 0 },
	{ "arrived behind the end", { PHASE_OK, 300, 50 }, { PHASE_OK, 310, 900 }, 700, 300, 400,
		0 },
	{ "nothing is sent: a sign-in", { PHASE_SKIPPED, 0, 0 }, { PHASE_SKIPPED, 0, 0 }, 700, 0, 0,
		700 },
};

static struct probe_phase_result phase(const struct part *p)
{
	return (struct probe_phase_result){
		.outcome = p->outcome, .started = p->started, .duration = p->duration
	};
}

static void they_add_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_phase_result phases[PHASE_COUNT] = { 0 };
		struct store_row row = { 0 };

		phases[PHASE_SIP_SEND] = phase(&rows[i].send);
		phases[PHASE_DELIVER] = phase(&rows[i].deliver);
		row_split(phases, rows[i].latency, &row);
		if (row.signin_us != rows[i].signin || row.there_us != rows[i].there ||
			row.back_us != rows[i].back || row.latency_us != (int64_t)rows[i].latency)
			fail_msg("%s: %d + %d + %d", rows[i].name, (int)row.signin_us,
				(int)row.there_us, (int)row.back_us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(they_add_up) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
