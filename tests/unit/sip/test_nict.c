#include "sip/nict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

static const struct nict_cfg udp = { .t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000) };
static const struct nict_cfg tcp = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000), .reliable = true
};
static const struct slice req = { (const uint8_t *)"MESSAGE", 7 };

static struct nict *start(const struct nict_cfg *cfg, ts_t now)
{
	static struct nict tx; /* one at a time */

	assert_int_equal(nict_init(&tx, cfg, req, now), 0);
	return &tx;
}

static unsigned drain_output(struct nict *tx)
{
	struct slice out;
	unsigned n = 0;

	for (; nict_take_output(tx, &out); n++)
		assert_ptr_equal(out.p, req.p);
	return n;
}

static void want_event(struct nict *tx, enum nict_event_type type)
{
	struct nict_event ev;

	assert_true(nict_take_event(tx, &ev));
	assert_int_equal(ev.type, type);
}

static void want_no_event(struct nict *tx)
{
	struct nict_event ev;

	assert_false(nict_take_event(tx, &ev));
}

/* Runs `tx` with a peer that never answers; returns when it is done. */
static ts_t run_silent(struct nict *tx, ts_t now, ts_t sent[], unsigned max, unsigned *n_sent)
{
	struct nict_event ev;

	for (*n_sent = 0;;) {
		for (unsigned n = drain_output(tx); n > 0; n--) {
			assert_true(*n_sent < max);
			sent[(*n_sent)++] = now;
		}
		while (nict_take_event(tx, &ev))
			if (ev.type == NICT_EV_DONE)
				return now;
		now = nict_deadline(tx);
		nict_push_time(tx, now);
	}
}

static void udp_retransmits_on_the_schedule_of_the_rfc(void **state)
{
	static const unsigned want_ms[] = { 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500,
		27500, 31500 };
	const ts_t t0 = TS_MS(1000);
	ts_t sent[32];
	unsigned n;
	struct nict *tx = start(&udp, t0);

	(void)state;
	assert_int_equal(run_silent(tx, t0, sent, COUNT(sent), &n), t0 + TS_MS(32000));
	assert_int_equal(n, COUNT(want_ms));
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sent[i], t0 + TS_MS(want_ms[i]));
}

static void a_reliable_transport_sends_once(void **state)
{
	ts_t sent[8];
	unsigned n;
	struct nict *tx = start(&tcp, 0);

	(void)state;
	assert_int_equal(run_silent(tx, 0, sent, COUNT(sent), &n), TS_MS(32000));
	assert_int_equal(n, 1);
}

static void a_late_wake_up_retransmits_once(void **state)
{
	struct nict *tx = start(&udp, 0);
	unsigned n = 0;

	(void)state;
	assert_int_equal(drain_output(tx), 1);
	for (ts_t now = TS_MS(20000); nict_deadline(tx) <= now;) {
		nict_push_time(tx, now);
		n += drain_output(tx);
	}
	assert_int_equal(n, 1);
}

/* Figure 6: in "proceeding" timer E always fires after T2. */
static void a_provisional_reply_slows_the_retransmissions(void **state)
{
	struct nict *tx = start(&udp, 0);

	(void)state;
	drain_output(tx);
	nict_push_response(tx, 100, TS_MS(100));
	want_event(tx, NICT_EV_PROVISIONAL);
	assert_string_equal(nict_state_name(tx), "proceeding");
	assert_int_equal(nict_deadline(tx), TS_MS(500)); /* a running timer E is left alone */
	for (ts_t at = TS_MS(500); at < TS_MS(32000); at += TS_MS(4000)) {
		assert_int_equal(nict_deadline(tx), at);
		nict_push_time(tx, at);
		assert_int_equal(drain_output(tx), 1);
	}
	nict_push_time(tx, TS_MS(32000));
	want_event(tx, NICT_EV_TIMEOUT);
	want_event(tx, NICT_EV_DONE);
}

static void the_linger_absorbs_replies_until_timer_k(void **state)
{
	struct nict *tx = start(&udp, 0);

	(void)state;
	drain_output(tx);
	nict_push_response(tx, 486, TS_MS(20));
	want_event(tx, NICT_EV_FINAL);
	assert_int_equal(nict_deadline(tx), TS_MS(5020));
	nict_push_response(tx, 200, TS_MS(30));
	want_no_event(tx);
	nict_push_time(tx, TS_MS(5019));
	want_no_event(tx);
	nict_push_time(tx, TS_MS(5020));
	want_event(tx, NICT_EV_DONE);
	assert_int_equal(nict_deadline(tx), TS_NEVER);
}

static void a_final_reply_takes_back_what_was_not_sent(void **state)
{
	struct nict *tx = start(&udp, 0);

	(void)state;
	nict_push_response(tx, 200, 0);
	assert_int_equal(drain_output(tx), 0);
}

static void nonsense_is_refused(void **state)
{
	const struct nict_cfg no_t1 = { .t2 = 1, .t4 = 1 };
	struct nict tx;

	(void)state;
	assert_int_equal(nict_init(&tx, &udp, SLICE_NONE, 0), -EINVAL);
	assert_int_equal(nict_init(&tx, &no_t1, req, 0), -EINVAL);
}

static void replies_end_the_transaction(void **state)
{
	static const struct {
		const char *name;
		const struct nict_cfg *cfg;
		int codes[4];
		enum nict_event_type want[4];
		unsigned n_want;
		const char *state;
	} cases[] = {
		{ "200 lingers on udp", &udp, { 200 }, { NICT_EV_FINAL }, 1, "completed" },
		{ "200 ends tcp", &tcp, { 200 }, { NICT_EV_FINAL, NICT_EV_DONE }, 2, "terminated" },
		{ "100 then 404", &udp, { 100, 404 }, { NICT_EV_PROVISIONAL, NICT_EV_FINAL }, 2,
			"completed" },
		{ "200 twice: absorbed", &udp, { 200, 200 }, { NICT_EV_FINAL }, 1, "completed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nict_event ev;
		struct nict *tx = start(cases[i].cfg, 0);
		unsigned n = 0;

		print_message("case: %s\n", cases[i].name);
		for (unsigned k = 0; k < COUNT(cases[i].codes) && cases[i].codes[k]; k++) {
			nict_push_response(tx, cases[i].codes[k], TS_MS(10));
			for (; nict_take_event(tx, &ev); n++) {
				assert_true(n < cases[i].n_want);
				assert_int_equal(ev.type, cases[i].want[n]);
			}
		}
		assert_int_equal(n, cases[i].n_want);
		assert_string_equal(nict_state_name(tx), cases[i].state);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_retransmits_on_the_schedule_of_the_rfc),
		cmocka_unit_test(a_reliable_transport_sends_once),
		cmocka_unit_test(a_late_wake_up_retransmits_once),
		cmocka_unit_test(a_provisional_reply_slows_the_retransmissions),
		cmocka_unit_test(replies_end_the_transaction),
		cmocka_unit_test(the_linger_absorbs_replies_until_timer_k),
		cmocka_unit_test(a_final_reply_takes_back_what_was_not_sent),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
