#include "watch/phases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void only_what_ran_is_kept(void **state)
{
	struct probe_phase_result *results = mem_alloc0(PHASE_COUNT * sizeof(*results));
	struct phases p;

	(void)state;
	assert_non_null(results);
	results[PHASE_SIP_RESOLVE] =
		(struct probe_phase_result){ .outcome = PHASE_SKIPPED, .duration = 3 };
	results[PHASE_SIP_CONNECT] =
		(struct probe_phase_result){ .outcome = PHASE_OK, .duration = 800 };
	results[PHASE_SIP_TLS] = (struct probe_phase_result){
		.outcome = PHASE_FAILED, .started = 800, .duration = 70
	};
	results[PHASE_XMPP_AUTH] = (struct probe_phase_result){
		.outcome = PHASE_STOPPED, .started = 400, .duration = 470
	};
	results[PHASE_XMPP_BIND].outcome = PHASE_RUNNING;
	phases_of(results, &p);
	assert_int_equal(
		p.ran, 1u << PHASE_SIP_CONNECT | 1u << PHASE_SIP_TLS | 1u << PHASE_XMPP_AUTH);
	assert_int_equal(p.started[PHASE_SIP_TLS], 800);
	assert_int_equal(p.duration[PHASE_XMPP_AUTH], 470);
	assert_int_equal(p.duration[PHASE_SIP_RESOLVE], 0);
	mem_free(results);
}

/* The bytes themselves: a history that was written last year is read next year. */
static void the_form_stays(void **state)
{
	static const uint8_t wanted[] = { PHASES_VERSION, 0x84, 0x70, /* bits 2, 11, 12 and 13 */
		0x05, 0x06, 0x07, 0x80, 0x01, 0x08, 0x09, 0x0a, 0x0b };
	struct phases p = { .ran = 1u << PHASE_SIP_TLS | 1u << PHASE_ANSWER | 1u << PHASE_SETTLE |
				   1u << PHASE_CLEANUP };
	struct phases got;
	struct buf b;

	(void)state;
	p.started[PHASE_SIP_TLS] = 5;
	p.duration[PHASE_SIP_TLS] = 6;
	p.started[PHASE_ANSWER] = 7;
	p.duration[PHASE_ANSWER] = 128;
	p.started[PHASE_CLEANUP] = 8;
	p.duration[PHASE_CLEANUP] = 9;
	p.started[PHASE_SETTLE] = 10;
	p.duration[PHASE_SETTLE] = 11;
	buf_init(&b, PHASES_BLOB_MAX);
	phases_encode(&p, &b);
	assert_int_equal(buf_len(&b), sizeof(wanted));
	assert_memory_equal(buf_slice(&b).p, wanted, sizeof(wanted));
	assert_int_equal(phases_decode(buf_slice(&b), &got), 0);
	assert_memory_equal(&got, &p, sizeof(p));
	buf_done(&b);
}

static void the_longest_has_its_bound(void **state)
{
	struct phases p = { .ran = (1u << PHASE_COUNT) - 1 }, got;
	struct buf b;

	(void)state;
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		p.started[i] = p.duration[i] = TS_NEVER;
	buf_init(&b, PHASES_BLOB_MAX);
	phases_encode(&p, &b);
	assert_int_equal(buf_err(&b), 0);
	assert_int_equal(phases_decode(buf_slice(&b), &got), 0);
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		assert_true(
			got.started[i] == PHASES_TIME_MAX && got.duration[i] == PHASES_TIME_MAX);
	buf_done(&b);
}

static void a_hostile_blob_is_refused(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		int err;
	} rows[] = {
		{ "nothing", { (const uint8_t *)"", 0 }, ERR_SYNTAX },
		{ "no mask", { (const uint8_t *)"\x01", 1 }, ERR_SYNTAX },
		{ "version 0", { (const uint8_t *)"\x00\x00", 2 }, ERR_UNSUPPORTED },
		{ "a later version", { (const uint8_t *)"\x02\x00", 2 }, ERR_UNSUPPORTED },
		{ "a phase that is not known", { (const uint8_t *)"\x01\x80\x80\x01\x00\x00", 6 },
			ERR_LIMIT },
		{ "no duration", { (const uint8_t *)"\x01\x01\x05", 3 }, ERR_SYNTAX },
		{ "something behind it", { (const uint8_t *)"\x01\x01\x05\x06\x07", 5 },
			ERR_SYNTAX },
		{ "longer than a day",
			{ (const uint8_t *)"\x01\x01\x05\x81\xc0\xdd\xee\xc1\x02", 9 }, ERR_LIMIT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct phases got = { .ran = 42 };
		const int err = phases_decode(rows[i].in, &got);

		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].name, err);
		assert_int_equal(got.ran, 42);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_ran_is_kept),
		cmocka_unit_test(the_form_stays),
		cmocka_unit_test(the_longest_has_its_bound),
		cmocka_unit_test(a_hostile_blob_is_refused),
	};

	return cmocka_run_group_tests_name("phases", tests, NULL, NULL);
}
