#include "watch/alert.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

enum { MAIL, CHAT };

static const struct alert_label prod[] = { { { (const uint8_t *)"env", 3 },
	{ (const uint8_t *)"prod", 4 } } };
static const struct alert_label both[] = { { { (const uint8_t *)"team", 4 },
						   { (const uint8_t *)"im", 2 } },
	{ { (const uint8_t *)"env", 3 }, { (const uint8_t *)"prod", 4 } } };

#define PAUSES   .timeout = TS_S(10), .pause_min = TS_S(5), .pause_max = TS_S(60)
#define RECEIVER PAUSES, .give_up = TS_S(600), .parallel = 2, .wants_end = true

static const struct alert_receiver one[] = { { RECEIVER, .remind = TS_S(3600) } };
static const struct alert_receiver two[] = { { RECEIVER },
	{ PAUSES, .give_up = TS_S(600), .parallel = 2 } };
static const struct alert_test test7 = { .id = 7, .severity = ALERT_WARNING };

static struct alerts *a;
static struct rng rng;

static void begin_with(const struct alert_receiver *receivers, unsigned n)
{
	rng_init_number(&rng, 1);
	assert_int_equal(alerts_new(&a, receivers, n, &rng), 0);
}

static int tear_down(void **state)
{
	(void)state;
	a = alerts_free(a);
	return 0;
}

static struct state_event event(enum state_event_type type, int64_t begin_at, unsigned times)
{
	const bool is_end = type == STATE_EV_RECOVER || type == STATE_EV_END;

	return (struct state_event){ type, { .begin_at = begin_at,
						   .end_at = is_end ? begin_at + 50 : 0,
						   .last_at = begin_at + 5,
						   .reason = REASON_SIP_NO_ANSWER,
						   .runs = 3,
						   .times = times,
						   .is_flapping = times >= 3 } };
}

static void push(enum state_event_type type, int64_t begin_at, unsigned times, ts_t now)
{
	const struct state_event e = event(type, begin_at, times);

	alerts_push_event(a, &test7, &e, now);
}

static struct alert_notice take(unsigned receiver, enum alert_kind kind, unsigned attempt, ts_t now)
{
	struct alert_notice n = { 0 };

	assert_true(alerts_take_notice(a, &n, now));
	assert_int_equal(n.receiver, receiver);
	assert_int_equal(n.kind, kind);
	assert_int_equal(n.attempt, attempt);
	return n;
}

static struct alert_mark marks[2]; /* as they were taken last */

static void take_marks(void)
{
	struct alert_mark m;

	while (alerts_take_mark(a, &m))
		marks[m.receiver] = m;
}

static size_t n_open(void)
{
	take_marks();
	return alerts_open(a);
}

static void assert_quiet(ts_t now)
{
	struct alert_notice n;
	struct alert_event e;

	alerts_push_time(a, now);
	assert_false(alerts_take_notice(a, &n, now));
	assert_false(alerts_take_event(a, &e));
	take_marks();
}

static void assert_event(enum alert_event_type type, unsigned attempts, enum alert_kind kind)
{
	struct alert_event e;

	assert_true(alerts_take_event(a, &e));
	assert_int_equal(e.type, type);
	assert_int_equal(e.attempts, attempts);
	assert_int_equal(e.kind, kind);
	assert_int_equal(e.test, 7);
}

static void deliver(unsigned receiver, enum alert_kind kind, ts_t now)
{
	const struct alert_notice n = take(receiver, kind, 1, now);

	alerts_push_delivered(a, n.delivery, now);
}

/* ---- what is told ---- */

static void an_incident_is_told_once_and_its_end_once(void **state)
{
	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	const struct alert_notice n = take(MAIL, ALERT_FAILING, 1, TS_S(1));
	assert_int_equal(n.test, 7);
	assert_int_equal(n.severity, ALERT_WARNING);
	assert_int_equal(n.incident.begin_at, 1000);
	assert_int_equal(n.incident.last_at, 1005);
	assert_ptr_equal(n.why, reason_info(REASON_SIP_NO_ANSWER));
	alerts_push_delivered(a, n.delivery, TS_S(2));
	for (unsigned i = 0; i < 5; i++) {
		push(STATE_EV_CONTINUE, 1000, 1, TS_S(60 + i));
		assert_quiet(TS_S(60 + i));
	}
	push(STATE_EV_RECOVER, 1000, 1, TS_S(100));
	deliver(MAIL, ALERT_RESOLVED, TS_S(100));
	assert_int_equal(n_open(), 1);
	push(STATE_EV_END, 1000, 1, TS_S(500));
	assert_quiet(TS_S(100000));
	assert_int_equal(n_open(), 0);
	assert_int_equal(alerts_deadline(a), TS_NEVER);
	assert_int_equal(alerts_counts(a, MAIL).delivered, 2);
}

static void what_goes_on_is_reminded_of(void **state)
{
	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	deliver(MAIL, ALERT_FAILING, TS_S(1));
	assert_int_equal(alerts_deadline(a), TS_S(3601));
	assert_quiet(TS_S(3601) - 1);
	alerts_push_time(a, TS_S(3601));
	deliver(MAIL, ALERT_STILL_FAILING, TS_S(3602));
	assert_int_equal(alerts_deadline(a), TS_S(7202));
	push(STATE_EV_RECOVER, 1000, 1, TS_S(7000));
	deliver(MAIL, ALERT_RESOLVED, TS_S(7000));
	assert_int_equal(alerts_deadline(a), TS_NEVER);
}

static void a_policy_that_lets_through_has_no_reason(void **state)
{
	struct state_event e = event(STATE_EV_BEGIN, 1000, 1);

	(void)state;
	begin_with(one, 1);
	e.incident.reason = REASON_NONE;
	alerts_push_event(a, &test7, &e, 1);
	assert_null(take(MAIL, ALERT_FAILING, 1, 1).why);
}

static void flapping_is_told_until_it_is_known_to_flap(void **state)
{
	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	deliver(MAIL, ALERT_FAILING, TS_S(1));
	push(STATE_EV_RECOVER, 1000, 1, TS_S(2));
	deliver(MAIL, ALERT_RESOLVED, TS_S(2));
	push(STATE_EV_AGAIN, 1000, 2, TS_S(3));
	deliver(MAIL, ALERT_FAILING, TS_S(3));
	push(STATE_EV_RECOVER, 1000, 2, TS_S(4));
	deliver(MAIL, ALERT_RESOLVED, TS_S(4));
	push(STATE_EV_AGAIN, 1000, 3, TS_S(5));
	assert_true(take(MAIL, ALERT_FAILING, 1, TS_S(5)).incident.is_flapping);
	alerts_push_delivered(a, 5, TS_S(5));
	for (unsigned times = 4; times < 9; times++) {
		push(STATE_EV_AGAIN, 1000, times, TS_S(2 + times));
		assert_quiet(TS_S(2 + times));
	}
	push(STATE_EV_END, 1000, 8, TS_S(100));
	deliver(MAIL, ALERT_RESOLVED, TS_S(100));
	assert_int_equal(n_open(), 0);
}

static void receivers_choose(void **state)
{
	static const struct alert_receiver receivers[] = { { RECEIVER, .minimum = ALERT_CRITICAL },
		{ RECEIVER, .labels = prod, .n_labels = 1 },
		{ RECEIVER, .labels = both, .n_labels = 2 }, { RECEIVER } };
	static const struct {
		struct alert_test test;
		const char *want;
	} rows[] = {
		{ { 1, ALERT_INFO, NULL, 0 }, "3" },
		{ { 2, ALERT_CRITICAL, NULL, 0 }, "03" },
		{ { 3, ALERT_WARNING, prod, 1 }, "13" },
		{ { 4, ALERT_WARNING, both, 2 }, "123" },
		{ { 5, ALERT_WARNING, both, 1 }, "3" },
	};

	(void)state;
	begin_with(receivers, 4);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct state_event e = event(STATE_EV_BEGIN, 1000, 1);
		bool is_told[4] = { false };
		struct alert_notice n;
		char got[8] = "";

		alerts_push_event(a, &rows[i].test, &e, 1);
		while (alerts_take_notice(a, &n, 1)) {
			assert_int_equal(n.test, rows[i].test.id);
			is_told[n.receiver] = true;
			alerts_push_delivered(a, n.delivery, 1);
		}
		for (unsigned r = 0; r < 4; r++)
			if (is_told[r])
				snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u", r);
		assert_string_equal(got, rows[i].want);
	}
}

static void maintenance_is_silent(void **state)
{
	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	deliver(MAIL, ALERT_FAILING, TS_S(1));
	alerts_push_muted(a, 7, true, TS_S(2));
	assert_quiet(TS_S(5000));
	alerts_push_muted(a, 7, false, TS_S(6000));
	assert_quiet(TS_S(6000));
	alerts_push_time(a, TS_S(8600)); /* an hour behind the last that was due */
	deliver(MAIL, ALERT_STILL_FAILING, TS_S(8600));
	alerts_push_muted(a, 7, true, TS_S(8700));
	push(STATE_EV_RECOVER, 1000, 1, TS_S(8800));
	deliver(MAIL, ALERT_RESOLVED, TS_S(8800));
}

static void what_was_not_sent_before_maintenance_waits(void **state)
{
	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	alerts_push_muted(a, 7, true, TS_S(1));
	assert_quiet(TS_S(2));
	alerts_push_muted(a, 7, false, TS_S(3));
	deliver(MAIL, ALERT_FAILING, TS_S(3));
}

/* ---- delivery ---- */

static void pauses_grow_and_end(void **state)
{
	ts_t now = TS_S(100), before = now;
	unsigned attempt = 1;
	struct alert_notice n;

	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, now);
	n = take(MAIL, ALERT_FAILING, 1, now);
	static const unsigned pauses[] = { 5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60, 60 };
	for (size_t i = 0; i < COUNT(pauses); i++) {
		alerts_push_failed(a, n.delivery, now);
		assert_int_equal(alerts_deadline(a), now + TS_S(pauses[i]));
		now += TS_S(pauses[i]);
		assert_quiet(now - 1);
		alerts_push_time(a, now);
		n = take(MAIL, ALERT_FAILING, ++attempt, now);
	}
	assert_true(now - before <= TS_S(600));
	alerts_push_failed(a, n.delivery, now);
	assert_event(ALERT_EV_GAVE_UP, attempt, ALERT_FAILING);
	assert_int_equal(alerts_counts(a, MAIL).given_up, 1);
	assert_int_equal(alerts_counts(a, MAIL).failed, attempt);
	/* Then at the next reminder, which begins anew. */
	assert_quiet(now + TS_S(3599));
	alerts_push_time(a, now + TS_S(3600));
	deliver(MAIL, ALERT_STILL_FAILING, now + TS_S(3600));
}

static void one_that_hangs_is_dropped_and_holds_up_nobody(void **state)
{
	static const struct alert_receiver receivers[] = {
		{ PAUSES, .parallel = 1, .wants_end = true }, { RECEIVER }
	};
	struct alert_notice n;
	struct alert_event e;

	(void)state;
	begin_with(receivers, 2);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	n = take(MAIL, ALERT_FAILING, 1, TS_S(1));
	deliver(CHAT, ALERT_FAILING, TS_S(1));
	push(STATE_EV_RECOVER, 1000, 1, TS_S(5));
	deliver(CHAT, ALERT_RESOLVED, TS_S(5));
	assert_quiet(TS_S(11) - 1);
	alerts_push_time(a, TS_S(11));
	assert_true(alerts_take_event(a, &e));
	assert_int_equal(e.type, ALERT_EV_DROP);
	assert_int_equal(e.delivery, n.delivery);
	assert_event(ALERT_EV_GAVE_UP, 1, ALERT_FAILING);
	alerts_push_delivered(a, n.delivery, TS_S(11)); /* too late: nobody waits for it */
	deliver(MAIL, ALERT_RESOLVED, TS_S(11));
}

static void who_could_not_be_reached_hears_how_things_stand(void **state)
{
	struct alert_notice n;

	(void)state;
	begin_with(two, 2);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	n = take(MAIL, ALERT_FAILING, 1, TS_S(1));
	alerts_push_failed(a, n.delivery, TS_S(1));
	n = take(CHAT, ALERT_FAILING, 1, TS_S(1));
	alerts_push_failed(a, n.delivery, TS_S(1));
	push(STATE_EV_RECOVER, 1000, 1, TS_S(2));
	/* CHAT does not want ends: that it was never told is an event. */
	assert_event(ALERT_EV_GAVE_UP, 1, ALERT_FAILING);
	alerts_push_time(a, TS_S(6));
	n = take(MAIL, ALERT_RESOLVED, 2, TS_S(6));
	assert_int_equal(n.incident.begin_at, 1000);
	alerts_push_delivered(a, n.delivery, TS_S(6));
	push(STATE_EV_END, 1000, 1, TS_S(7));
	assert_int_equal(n_open(), 0);
}

static void the_end_waits_for_what_is_on_its_way(void **state)
{
	struct alert_notice n;

	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	n = take(MAIL, ALERT_FAILING, 1, TS_S(1));
	push(STATE_EV_RECOVER, 1000, 1, TS_S(2));
	push(STATE_EV_END, 1000, 1, TS_S(3));
	assert_quiet(TS_S(3));
	alerts_push_delivered(a, n.delivery, TS_S(4));
	deliver(MAIL, ALERT_RESOLVED, TS_S(4));
	assert_int_equal(n_open(), 0);
}

static void the_next_incident_overtakes_the_end_of_the_last(void **state)
{
	struct alert_notice n;

	(void)state;
	begin_with(one, 1);
	push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
	deliver(MAIL, ALERT_FAILING, TS_S(1));
	push(STATE_EV_END, 1000, 1, TS_S(2));
	n = take(MAIL, ALERT_RESOLVED, 1, TS_S(2));
	alerts_push_failed(a, n.delivery, TS_S(2));
	push(STATE_EV_BEGIN, 9000, 1, TS_S(3));
	assert_event(ALERT_EV_GAVE_UP, 1, ALERT_RESOLVED);
	alerts_push_time(a, TS_S(7));
	n = take(MAIL, ALERT_FAILING, 2, TS_S(7));
	assert_int_equal(n.incident.begin_at, 9000);
	/* And with a notice of the old one on its way. */
	push(STATE_EV_END, 9000, 1, TS_S(8));
	push(STATE_EV_BEGIN, 20000, 1, TS_S(9));
	alerts_push_delivered(a, n.delivery, TS_S(9));
	n = take(MAIL, ALERT_FAILING, 1, TS_S(9));
	assert_int_equal(n.incident.begin_at, 20000);
}

static void a_thousand_at_once_go_out_a_few_at_a_time(void **state)
{
	struct alert_notice n[3];
	unsigned told = 0;

	(void)state;
	begin_with(one, 1);
	for (unsigned i = 0; i < 1000; i++) {
		const struct alert_test test = { .id = i, .severity = ALERT_INFO };
		const struct state_event e = event(STATE_EV_BEGIN, 1000, 1);

		alerts_push_event(a, &test, &e, 1);
	}
	for (; alerts_take_notice(a, &n[0], 1); told += 2) {
		assert_true(alerts_take_notice(a, &n[1], 1));
		assert_false(alerts_take_notice(a, &n[2], 1));
		assert_int_equal(n[0].test, told); /* in the order in which they came */
		alerts_push_delivered(a, n[1].delivery, 1);
		alerts_push_delivered(a, n[0].delivery, 1);
	}
	assert_int_equal(told, 1000);
	assert_int_equal(n_open(), 1000);
}

/* ---- another engine follows ---- */

static struct alert_known known_of(struct incident incident, const struct alert_mark *mark)
{
	return (struct alert_known){ .incident = incident, .marks = mark, .n_marks = mark != NULL };
}

static void what_was_told_before_is_not_told_again(void **state)
{
	const struct alert_mark told = { .begin_at = 1000, .told = ALERT_TOLD_FAILING };
	const struct alert_mark over = { .begin_at = 1000, .told = ALERT_TOLD_END };
	const struct alert_known open = known_of(event(STATE_EV_CONTINUE, 1000, 1).incident, &told);
	const struct alert_known calm = known_of(event(STATE_EV_RECOVER, 1000, 1).incident, &over);
	const struct alert_test test8 = { .id = 8, .severity = ALERT_WARNING };
	struct state_event e = event(STATE_EV_AGAIN, 1000, 2);

	(void)state;
	begin_with(one, 1);
	alerts_push_known(a, &test7, &open, TS_S(1));
	alerts_push_known(a, &test8, &calm, TS_S(1));
	push(STATE_EV_CONTINUE, 1000, 1, TS_S(2));
	assert_quiet(TS_S(2));
	alerts_push_event(a, &test8, &e, TS_S(3));
	deliver(MAIL, ALERT_FAILING, TS_S(3));
	push(STATE_EV_END, 1000, 1, TS_S(4));
	deliver(MAIL, ALERT_RESOLVED, TS_S(4));
	e = event(STATE_EV_END, 1000, 2);
	alerts_push_event(a, &test8, &e, TS_S(5));
	deliver(MAIL, ALERT_RESOLVED, TS_S(5));
	take_marks();
	assert_int_equal(n_open(), 0);
}

/* The marks as they were when the first engine died are all that the second one has. */
static void what_was_not_told_is_told_by_the_next_engine(void **state)
{
	static const struct {
		const char *name;
		bool is_told, is_again, is_over, is_end_told, is_known;
		enum alert_kind kind;
	} rows[] = {
		{ "not told", .kind = ALERT_FAILING },
		{ "told", true, .is_known = true },
		{ "its end not told", true, .is_over = true, .kind = ALERT_RESOLVED },
		{ "nothing told, and over", .is_over = true, .kind = ALERT_RESOLVED },
		{ "its end told", true, .is_over = true, .is_end_told = true, .is_known = true },
		{ "its end told, and again", true, .is_again = true, .is_end_told = true,
			.kind = ALERT_FAILING },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct alert_mark kept[ALERT_RECEIVERS_MAX];
		struct alert_known by_reload;
		struct incident last = event(STATE_EV_CONTINUE, 1000, 1).incident;

		begin_with(one, 1);
		push(STATE_EV_BEGIN, 1000, 1, TS_S(1));
		take_marks();
		if (rows[i].is_told)
			deliver(MAIL, ALERT_FAILING, TS_S(1));
		if (rows[i].is_over || rows[i].is_again)
			push(STATE_EV_RECOVER, 1000, 1, TS_S(2));
		if (rows[i].is_end_told)
			deliver(MAIL, ALERT_RESOLVED, TS_S(2));
		if (rows[i].is_over)
			last = event(STATE_EV_END, 1000, 1).incident;
		if (rows[i].is_again)
			push(STATE_EV_AGAIN, 1000, 2, TS_S(3));
		take_marks();
		assert_true(alerts_get_known(a, 7, &by_reload, kept, TS_S(3)));
		assert_int_equal(kept[0].told, marks[0].told);
		assert_int_equal(kept[0].begin_at, marks[0].begin_at);
		alerts_free(a);
		begin_with(one, 1);
		struct alert_known known = known_of(last, marks);
		known.is_over = rows[i].is_over;
		alerts_push_known(a, &test7, &known, TS_S(4));
		struct alert_notice n;
		if (alerts_take_notice(a, &n, TS_S(4)) == rows[i].is_known)
			fail_msg("%s", rows[i].name);
		if (!rows[i].is_known && n.kind != rows[i].kind)
			fail_msg("%s: %d", rows[i].name, n.kind);
		if (!rows[i].is_known)
			alerts_push_delivered(a, n.delivery, TS_S(4));
		assert_quiet(TS_S(4));
		assert_int_equal(n_open(), !rows[i].is_over);
		assert_int_equal(
			marks[0].told, rows[i].is_over ? ALERT_TOLD_END : ALERT_TOLD_FAILING);
		a = alerts_free(a);
	}
}

static void a_new_receiver_hears_of_what_is_open(void **state)
{
	const struct alert_mark told = { .begin_at = 1000, .told = ALERT_TOLD_FAILING };
	const struct alert_mark older = { .begin_at = 500, .told = ALERT_TOLD_FAILING };
	const struct alert_test test8 = { .id = 8, .severity = ALERT_WARNING };
	const struct alert_test test9 = { .id = 9, .severity = ALERT_WARNING };
	struct alert_known open = known_of(event(STATE_EV_CONTINUE, 1000, 1).incident, &told);
	struct alert_known calm = known_of(event(STATE_EV_RECOVER, 1000, 1).incident, NULL);

	(void)state;
	begin_with(two, 2);
	alerts_push_known(a, &test7, &open, TS_S(1));
	deliver(CHAT, ALERT_FAILING, TS_S(1));
	alerts_push_known(a, &test8, &calm, TS_S(1));
	assert_quiet(TS_S(1));
	open.marks = &older; /* of another incident: it does not know this one */
	alerts_push_known(a, &test9, &open, TS_S(1));
	deliver(MAIL, ALERT_FAILING, TS_S(1));
	deliver(CHAT, ALERT_FAILING, TS_S(1));
	assert_quiet(TS_S(1));
}

static void a_reminder_comes_when_it_would_have_come(void **state)
{
	const struct alert_mark told = {
		.begin_at = 1000, .told = ALERT_TOLD_FAILING, .age = TS_S(3000)
	};
	const struct alert_known open = known_of(event(STATE_EV_CONTINUE, 1000, 1).incident, &told);

	(void)state;
	begin_with(one, 1);
	alerts_push_known(a, &test7, &open, TS_S(10));
	assert_int_equal(alerts_deadline(a), TS_S(610));
	alerts_push_time(a, TS_S(610));
	deliver(MAIL, ALERT_STILL_FAILING, TS_S(610));
	take_marks(); /* it knows anew */
	assert_int_equal(marks[MAIL].told, ALERT_TOLD_FAILING);
	assert_int_equal(alerts_deadline(a), TS_S(4210));
}

static void without_memory_it_is_counted(void **state)
{
	struct alert_event e;

	(void)state;
	begin_with(one, 1);
	for (long n = 0; n < 3; n++) { /* the alert, its timers, its place in the map */
		mem_fail_after(n);
		push(STATE_EV_BEGIN, 1000, 1, 1);
		mem_fail_after(-1);
		assert_int_equal(n_open(), 0);
	}
	assert_true(alerts_take_event(a, &e));
	assert_int_equal(e.type, ALERT_EV_LOST);
	assert_int_equal(e.count, 3);
	push(STATE_EV_CONTINUE, 1000, 1, 2); /* it still fails: now there is room */
	deliver(MAIL, ALERT_FAILING, 2);
}

static void bad_receivers_are_refused(void **state)
{
	static const struct alert_receiver bad[] = { { PAUSES, .parallel = 0 },
		{ PAUSES, .parallel = ALERT_PARALLEL_MAX + 1 },
		{ .parallel = 1, .pause_min = 1, .pause_max = 1 },
		{ .parallel = 1, .timeout = 1, .pause_max = 1 },
		{ .parallel = 1, .timeout = 1, .pause_min = 2, .pause_max = 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(alerts_new(&a, &bad[i], 1, &rng), -EINVAL);
	struct alert_receiver many[ALERT_RECEIVERS_MAX + 1];
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = one[0];
	assert_int_equal(alerts_new(&a, many, COUNT(many), &rng), -EINVAL);
	assert_int_equal(alerts_new(&a, many, COUNT(many) - 1, &rng), 0);
}

/* ---- any order of events and fates ---- */

enum { TESTS = 5, RECEIVERS = 2, STEPS = 20000 };

static struct {
	int64_t begin_at;
	enum { WELL, FAILING, CALM } state;
	unsigned times;
} model[TESTS];
static struct { /* what a receiver believes */
	int64_t begin_at;
	bool is_failing;
} belief[TESTS][RECEIVERS];
static struct alert_notice on_way[RECEIVERS * 2];
static unsigned n_on_way;

static void change(unsigned t, ts_t now)
{
	const struct alert_test test = { .id = t, .severity = ALERT_INFO };
	struct state_event e;

	switch (model[t].state) {
	case WELL:
		model[t].begin_at = (int64_t)now;
		model[t].times = 1;
		e = event(STATE_EV_BEGIN, model[t].begin_at, 1);
		model[t].state = FAILING;
		break;
	case FAILING:
		e = event(rng_below(&rng, 2) ? STATE_EV_CONTINUE : STATE_EV_RECOVER,
			model[t].begin_at, model[t].times);
		if (e.type == STATE_EV_RECOVER)
			model[t].state = CALM;
		break;
	case CALM:
		e = event(rng_below(&rng, 2) ? STATE_EV_AGAIN : STATE_EV_END, model[t].begin_at,
			++model[t].times);
		model[t].state = e.type == STATE_EV_END ? WELL : FAILING;
		break;
	}
	e.incident.is_flapping = false;
	alerts_push_event(a, &test, &e, now);
}

static void end_one(unsigned i, bool is_good, ts_t now)
{
	const struct alert_notice n = on_way[i];

	on_way[i] = on_way[--n_on_way];
	if (!is_good) {
		alerts_push_failed(a, n.delivery, now);
		return;
	}
	belief[n.test][n.receiver].begin_at = n.incident.begin_at;
	belief[n.test][n.receiver].is_failing = n.kind != ALERT_RESOLVED;
	alerts_push_delivered(a, n.delivery, now);
}

static void drain(ts_t now)
{
	struct alert_notice n;
	struct alert_event e;

	while (alerts_take_event(a, &e)) {
		for (unsigned i = 0; e.type == ALERT_EV_DROP && i < n_on_way; i++)
			if (on_way[i].delivery == e.delivery)
				on_way[i] = on_way[--n_on_way];
	}
	while (alerts_take_notice(a, &n, now)) {
		/* Never twice: who knows that it fails is not told so again. */
		if (n.kind == ALERT_FAILING)
			assert_false(belief[n.test][n.receiver].is_failing &&
				     belief[n.test][n.receiver].begin_at == n.incident.begin_at);
		for (unsigned i = 0; i < n_on_way; i++)
			assert_false(on_way[i].test == n.test && on_way[i].receiver == n.receiver);
		assert_true(n_on_way < COUNT(on_way));
		on_way[n_on_way++] = n;
	}
}

static void whatever_happens_each_hears_the_truth_once(void **state)
{
	static const struct alert_receiver receivers[RECEIVERS] = { { RECEIVER,
									    .remind = TS_S(300) },
		{ PAUSES, .parallel = 2, .wants_end = true, .give_up = TS_NEVER } };
	ts_t now = TS_S(1);

	(void)state;
	begin_with(receivers, RECEIVERS);
	for (unsigned step = 0; step < STEPS; step++) {
		now += TS_MS(1 + rng_below(&rng, 4000));
		if (rng_below(&rng, 3) == 0)
			change(rng_below(&rng, TESTS), now);
		if (n_on_way && rng_below(&rng, 2))
			end_one(rng_below(&rng, n_on_way), rng_below(&rng, 3), now);
		if (rng_below(&rng, 20) == 0)
			alerts_push_muted(a, rng_below(&rng, TESTS), rng_below(&rng, 2), now);
		alerts_push_time(a, now);
		drain(now);
	}
	/* When everybody can be reached, all know how things stand. */
	for (unsigned t = 0; t < TESTS; t++)
		alerts_push_muted(a, t, false, now);
	for (unsigned i = 0; i < 200; i++) {
		now += TS_S(10);
		alerts_push_time(a, now);
		drain(now);
		while (n_on_way)
			end_one(0, true, now);
	}
	for (unsigned t = 0; t < TESTS; t++) {
		for (unsigned r = 0; r < RECEIVERS; r++) {
			assert_int_equal(belief[t][r].is_failing, model[t].state == FAILING);
			if (model[t].state == FAILING)
				assert_int_equal(belief[t][r].begin_at, model[t].begin_at);
		}
	}
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_incident_is_told_once_and_its_end_once),
		TEST(what_goes_on_is_reminded_of),
		TEST(a_policy_that_lets_through_has_no_reason),
		TEST(flapping_is_told_until_it_is_known_to_flap),
		TEST(receivers_choose),
		TEST(maintenance_is_silent),
		TEST(what_was_not_sent_before_maintenance_waits),
		TEST(pauses_grow_and_end),
		TEST(one_that_hangs_is_dropped_and_holds_up_nobody),
		TEST(who_could_not_be_reached_hears_how_things_stand),
		TEST(the_end_waits_for_what_is_on_its_way),
		TEST(the_next_incident_overtakes_the_end_of_the_last),
		TEST(a_thousand_at_once_go_out_a_few_at_a_time),
		TEST(what_was_told_before_is_not_told_again),
		TEST(what_was_not_told_is_told_by_the_next_engine),
		TEST(a_new_receiver_hears_of_what_is_open),
		TEST(a_reminder_comes_when_it_would_have_come),
		TEST(without_memory_it_is_counted),
		TEST(bad_receivers_are_refused),
		TEST(whatever_happens_each_hears_the_truth_once),
	};

	return cmocka_run_group_tests_name("alert", tests, NULL, NULL);
}
