/* A day and a half of a watcher under simulated time: what its pure parts make of faults, of
 * maintenance on the night when the clocks are set back, of a clock that jumps, of a receiver that
 * hangs and of a restart.  Each fault shows as the right alert, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "watch/alert.h"
#include "watch/schedule.h"
#include "watch/sentence.h"
#include "watch/state.h"
#include "watch/window.h"

enum {
	POOLS = 3,
	PARTNERS = 4,
	TESTS = POOLS * PARTNERS * 2,
	MAIL = 0,
	CHAT = 1,
	RECEIVERS = 2,
	SENT_MAX = 16,
	ALL = 99,
	MINUTES = 36 * 60,
};
#define MINUTE TS_S(60)

static const struct alert_receiver receivers[RECEIVERS] = {
	[MAIL] = { .wants_end = true,
		.remind = 120 * MINUTE,
		.timeout = TS_S(10),
		.pause_min = TS_S(5),
		.pause_max = 5 * MINUTE,
		.give_up = 120 * MINUTE,
		.parallel = 2 },
	[CHAT] = { .wants_end = true,
		.timeout = TS_S(10),
		.pause_min = TS_S(5),
		.pause_max = 5 * MINUTE,
		.give_up = 120 * MINUTE,
		.parallel = 2 },
};
static const struct state_cfg rules = {
	.fail_n = 2, .fail_m = 3, .recover_k = 1, .calm_us = 15 * (int64_t)MINUTE, .flap_times = 3
};

/* What is wrong, in minutes since the start; ALL: whatever it is. */
static const struct fault {
	unsigned from, until, pool, partner;
	enum sentence_direction direction; /* ALONE: both */
	unsigned period;                   /* it comes and goes; 0: it stays */
	enum reason reason;
} faults[] = {
	{ 60, 90, 0, 1, SENTENCE_ALONE, 0, REASON_SIP_GATEWAY_TIMEOUT },
	{ 120, 121, 2, 2, SENTENCE_TO, 0, REASON_SIP_NO_ANSWER }, /* one run */
	{ 180, 240, ALL, ALL, SENTENCE_ALONE, 0, REASON_LOCAL_NETWORK },
	{ 300, 480, 1, 2, SENTENCE_TO, 3, REASON_IM_NOT_DELIVERED },
	{ 600, 630, ALL, 0, SENTENCE_ALONE, 0, REASON_TLS_CERT_EXPIRED }, /* while mail hangs */
	{ 750, 870, ALL, 3, SENTENCE_ALONE, 0, REASON_TCP_REFUSED },      /* in maintenance */
	{ 990, 1050, 2, 2, SENTENCE_TO, 0, REASON_XMPP_BOUNCED },         /* over the restart */
};
enum {
	MAIL_HANGS = 595,
	MAIL_IS_BACK = 640,
	CLOCK_FORWARD = 900,
	CLOCK_BACK = 960,
	RESTART = 1000
};

/* What each receiver is told of a test: f(ailing), s(till failing), r(esolved).  Of all others it
 * is nothing.  What flaps is told a third time, and then no more; mail, which hung, hears how
 * things stand when it is back. */
static const struct {
	unsigned pool, partner;
	enum sentence_direction direction;
	const char *mail, *chat;
} wanted[] = {
	{ 0, 1, SENTENCE_ALONE, "fr", "fr" },
	{ 1, 2, SENTENCE_TO, "frfrfsr", "frfrfr" },
	{ ALL, 0, SENTENCE_ALONE, "r", "fr" },
	{ 2, 2, SENTENCE_TO, "fr", "fr" },
};

static struct watched {
	struct schedule_test schedule;
	struct state state;
	struct alert_mark marks[RECEIVERS];
	unsigned pool, partner;
	enum sentence_direction direction;
	bool is_muted;
	ts_t ends; /* of its run; 0: none */
	int64_t run_at;
	unsigned n_runs;
	char told[RECEIVERS][SENT_MAX];
} all[TESTS];
static struct schedule_account users[POOLS], addresses[PARTNERS];
static struct schedule schedule;
static struct alerts *alerts;
static struct rng rng;
static struct zone paris;
static struct window night;
static int64_t ahead, last_at;
static ts_t now;
static uint64_t n_missed, n_gave_up, n_dropped;

static bool is_of(
	const struct watched *w, unsigned pool, unsigned partner, enum sentence_direction direction)
{
	return (pool == ALL || pool == w->pool) && (partner == ALL || partner == w->partner) &&
	       (direction == SENTENCE_ALONE || direction == w->direction);
}

static enum reason reason_of(const struct watched *w)
{
	const unsigned minute = (unsigned)(now / MINUTE);

	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct fault *f = &faults[i];

		if (minute < f->from || minute >= f->until ||
			!is_of(w, f->pool, f->partner, f->direction))
			continue;
		if (!f->period || (minute - f->from) / f->period % 2 == 0)
			return f->reason;
	}
	return REASON_NONE;
}

static void set_up_test(struct watched *w, unsigned i)
{
	w->pool = i / 2 / PARTNERS;
	w->partner = i / 2 % PARTNERS;
	w->direction = i % 2 ? SENTENCE_FROM : SENTENCE_TO;
	w->schedule = (struct schedule_test){ .id = i,
		.interval_us = (int64_t)MINUTE,
		.accounts = { &users[w->pool], &addresses[w->partner] } };
	assert_int_equal(state_init(&w->state, &rules), 0);
	assert_int_equal(schedule_add(&schedule, &w->schedule, w->state.last_at, now), 0);
}

static struct alert_test alert_test_of(const struct watched *w)
{
	return (struct alert_test){ .id = w->schedule.id, .severity = ALERT_CRITICAL };
}

static void push_run(struct watched *w)
{
	const enum reason reason = reason_of(w);
	const bool in_maintenance = w->partner == 3 && window_is_open(&night, &paris, w->run_at);
	const struct watch_run run = { .scheduled_at = w->run_at,
		.has_passed = reason == REASON_NONE,
		.reason = reason,
		.attempts = 1,
		.in_maintenance = in_maintenance };
	const struct alert_test test = alert_test_of(w);
	struct state_event e;

	if (in_maintenance != w->is_muted)
		alerts_push_muted(alerts, test.id, in_maintenance, now);
	w->is_muted = in_maintenance;
	assert_true(state_push_run(&w->state, &run));
	while (state_take_event(&w->state, &e))
		alerts_push_event(alerts, &test, &e, now);
	last_at = w->run_at;
	w->n_runs++;
}

static void take_from_schedule(void)
{
	struct schedule_event e;

	while (schedule_take_event(&schedule, &e, now)) {
		struct watched *w = LIST_OWNER(e.test, struct watched, schedule);

		switch (e.type) {
		case SCHEDULE_EV_START:
			w->run_at = e.scheduled_at;
			w->ends = now + TS_MS(200 + rng_below(&rng, 800));
			break;
		case SCHEDULE_EV_MISSED: n_missed += e.n; break;
		case SCHEDULE_EV_CLOCK:
			for (unsigned i = 0; e.jump_us < 0 && i < TESTS; i++)
				state_push_clock(&all[i].state, (int64_t)now + ahead);
			break;
		}
	}
}

static void send(const struct alert_notice *n)
{
	const unsigned minute = (unsigned)(now / MINUTE);
	char *told = all[n->test].told[n->receiver];

	if (n->receiver == MAIL && minute >= MAIL_HANGS && minute < MAIL_IS_BACK)
		return; /* nothing is heard of it */
	assert_true(strlen(told) < SENT_MAX - 1);
	told[strlen(told)] = "fsr"[n->kind];
	alerts_push_delivered(alerts, n->delivery, now);
}

static void take_from_alerts(void)
{
	struct alert_notice n;
	struct alert_event e;
	struct alert_mark m;

	while (alerts_take_notice(alerts, &n, now))
		send(&n);
	while (alerts_take_mark(alerts, &m))
		all[m.test].marks[m.receiver] = m;
	while (alerts_take_event(alerts, &e)) {
		n_dropped += e.type == ALERT_EV_DROP;
		n_gave_up += e.type != ALERT_EV_DROP;
	}
}

static void restart(void)
{
	const struct schedule_cfg cfg = { .room = 10, .late_max = TS_S(20) };

	alerts = alerts_free(alerts);
	assert_int_equal(alerts_new(&alerts, receivers, RECEIVERS, &rng), 0);
	schedule_done(&schedule);
	assert_int_equal(schedule_init(&schedule, &cfg, ahead), 0);
	memset(users, 0, sizeof(users));
	memset(addresses, 0, sizeof(addresses));
	for (unsigned i = 0; i < TESTS; i++) {
		const struct state kept = all[i].state;
		const struct alert_test test = { .id = i, .severity = ALERT_CRITICAL };

		set_up_test(&all[i], i);
		all[i].ends = 0;
		state_resume(&all[i].state, &kept);
		const struct alert_known known = {
			.incident = kept.incident, .marks = all[i].marks, .n_marks = RECEIVERS
		};
		if (kept.incident.begin_at)
			alerts_push_known(alerts, &test, &known, now);
	}
}

static void go_on_until(ts_t until)
{
	while (now < until) {
		ts_t next = ts_min(
			until, ts_min(schedule_deadline(&schedule), alerts_deadline(alerts)));

		for (unsigned i = 0; i < TESTS; i++)
			next = all[i].ends ? ts_min(next, all[i].ends) : next;
		now = next > now ? next : now;
		for (unsigned i = 0; i < TESTS; i++) {
			if (!all[i].ends || all[i].ends > now)
				continue;
			all[i].ends = 0;
			schedule_push_done(&schedule, &all[i].schedule, now);
			push_run(&all[i]);
		}
		schedule_push_time(&schedule, now);
		take_from_schedule();
		alerts_push_time(alerts, now);
		take_from_alerts();
	}
}

static struct sentence sentence(void)
{
	struct sentence_test tests[TESTS];

	for (unsigned i = 0; i < TESTS; i++)
		tests[i] = (struct sentence_test){ all[i].pool, all[i].partner, all[i].direction,
			all[i].state.state, all[i].state.since_at };
	return sentence_of(tests, TESTS, last_at, (int64_t)MINUTE, (int64_t)now + ahead);
}

static void assert_sentence(unsigned minute, enum sentence_kind kind, unsigned n)
{
	go_on_until(minute * MINUTE);
	const struct sentence s = sentence();
	if (s.kind != kind || s.n != n)
		fail_msg("minute %u: sentence %d of %u", minute, s.kind, s.n);
}

static void jump(int64_t by)
{
	ahead += by;
	schedule_push_clock(&schedule, ahead, now);
	take_from_schedule();
}

static void set_up_world(void)
{
	const struct civil start = { 2026, 10, 24, 12, 0, 0 };
	struct where where;

	rng_init_number(&rng, 5);
	ahead = civil_seconds(&start) * 1000000;
	zone_open_utc(&paris);
	assert_int_equal(
		zone_rule_decode(&paris.rule, SLICE("CET-1CEST,M3.5.0,M10.5.0/3"), &where), 0);
	assert_int_equal(window_decode(&night, SLICE("Sun 02:00-04:00 Europe/Paris"), &where), 0);
	restart();
}

static void each_fault_shows_as_the_right_alert_once(void **state)
{
	(void)state;
	set_up_world();
	assert_sentence(50, SENTENCE_OK, TESTS);
	assert_sentence(80, SENTENCE_PAIR, 2);
	assert_sentence(110, SENTENCE_OK, TESTS);
	assert_sentence(200, SENTENCE_UNKNOWN, TESTS);
	assert_sentence(280, SENTENCE_OK, TESTS);
	assert_sentence(479, SENTENCE_UNSTABLE, 1); /* between two of its failures */
	assert_sentence(590, SENTENCE_OK, TESTS);
	assert_sentence(620, SENTENCE_PARTNER, 6);
	assert_sentence(800, SENTENCE_MAINTENANCE, 6); /* for three hours, by the clock for two */
	assert_sentence(890, SENTENCE_MAINTENANCE, 6);
	go_on_until(CLOCK_FORWARD * MINUTE);
	jump(3600 * INT64_C(1000000));
	assert_sentence(CLOCK_FORWARD + 5, SENTENCE_OK, TESTS);
	go_on_until(CLOCK_BACK * MINUTE);
	jump(-3600 * INT64_C(1000000));
	assert_sentence(CLOCK_BACK + 5, SENTENCE_OK, TESTS);
	go_on_until(RESTART * MINUTE);
	restart();
	assert_sentence(1040, SENTENCE_TEST, 1);
	assert_sentence(MINUTES, SENTENCE_OK, TESTS);
	for (unsigned i = 0; i < TESTS; i++) {
		const char *mail = "", *chat = "";

		for (size_t k = 0; k < COUNT(wanted); k++) {
			if (!is_of(&all[i], wanted[k].pool, wanted[k].partner, wanted[k].direction))
				continue;
			mail = wanted[k].mail;
			chat = wanted[k].chat;
		}
		if (strcmp(all[i].told[MAIL], mail) != 0 || strcmp(all[i].told[CHAT], chat) != 0)
			fail_msg("pool %u, partner %u, %s: mail %s, chat %s", all[i].pool,
				all[i].partner, i % 2 ? "from" : "to", all[i].told[MAIL],
				all[i].told[CHAT]);
		assert_in_range(all[i].n_runs, MINUTES - 3, MINUTES + 1);
	}
	assert_int_equal(n_missed, 0);
	assert_int_equal(n_gave_up, 0);
	assert_true(n_dropped > 0);
	assert_int_equal(alerts_open(alerts), 0);
	alerts = alerts_free(alerts);
	schedule_done(&schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		each_fault_shows_as_the_right_alert_once) };

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
