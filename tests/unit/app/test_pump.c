#include "app/pump.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/authority.h"

#include "pump_rig.h"

enum { UDP_SOCKET = 1 };

/* ---- one engine alone ---- */

static void done_at_stop_facts(struct toy *t, const struct fact *in)
{
	t->done = in && (in->type == FACT_LISTEN_UP || in->type == FACT_LISTEN_FAILED ||
				in->type == FACT_FLOW_FAILED || in->type == FACT_DNS);
}

static void the_clock_comes_first_and_the_real_port_is_told(void **state)
{
	(void)state;
	a.react = done_at_stop_facts;
	want_listen(&a, 2, TRANSPORT_TCP, "127.0.0.1:0");
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	assert_string_equal(a.log, "clock"); /* nothing is told inside pump_add() but this */
	run();
	assert_string_equal(a.log, "clock listen-up");
	assert_true(a.local[2].port != 0);
}

static void a_port_that_is_taken_is_told(void **state)
{
	char text[ADDR_TEXT_MAX];

	(void)state;
	a.react = b.react = done_at_stop_facts;
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	want_listen(&b, 1, TRANSPORT_UDP, addr_text(&a.local[1], text));
	assert_int_equal(pump_add(pump, engine_of(&b)), 0);
	run();
	assert_string_equal(b.log, "clock listen-failed");
	assert_int_equal(b.err, EADDRINUSE);
}

static void a_flow_that_cannot_even_begin_fails_as_a_fact(void **state)
{
	const struct addr none = { 0 };

	(void)state;
	a.react = done_at_stop_facts;
	want_flow(&a, 1, &none);
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(a.log, "clock flow-failed");
	assert_int_equal(a.err, EAFNOSUPPORT);
}

static void names_are_answered_as_facts(void **state)
{
	struct want *w = toy_want(&a, WANT_DNS);

	(void)state;
	w->dns_id = 5;
	w->dns_type = DNS_A;
	snprintf(w->name, sizeof(w->name), "127.0.0.1");
	w = toy_want(&a, WANT_DNS);
	w->dns_id = 6;
	snprintf(w->name, sizeof(w->name), "192.0.2.1");
	toy_want(&a, WANT_DROP_DNS)->dns_id = 6;
	a.react = done_at_stop_facts;
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(a.log, "clock dns");
	assert_int_equal(a.dns, DNS_OK);
}

static void stop_at_time(struct toy *t, const struct fact *in)
{
	t->done = !in;
}

static void a_deadline_wakes_once_and_not_before(void **state)
{
	(void)state;
	a.react = stop_at_time;
	ts_t at = a.deadline = ts_add(pump_now(pump), TS_MS(3));
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_int_equal(a.wakes, 1);
	assert_true(a.woken_at >= at);
}

static int64_t walls[2];

static void keep_walls(struct toy *t, const struct fact *in)
{
	if (!in || in->type != FACT_CLOCK)
		return;
	walls[0] = walls[1];
	walls[1] = in->wall;
	t->done = walls[0] != 0;
}

static void a_clock_that_jumps_is_told_at_once(void **state)
{
	(void)state;
	walls[0] = walls[1] = 0;
	a.react = keep_walls;
	a.deadline = pump_now(pump);
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	pump_jump_clock(pump, TS_S(3600));
	run();
	assert_string_equal(a.log, "clock clock");
	assert_in_range(walls[1] - walls[0], TS_S(3599), TS_S(3601));
}

static void stop_at_the_signal(struct toy *t, const struct fact *in)
{
	if (in && in->type == FACT_STOP)
		t->done = true;
	else if (in && in->type == FACT_LISTEN_UP)
		raise(SIGTERM);
}

static void never_finish(struct toy *t, const struct fact *in)
{
	(void)t;
	if (!in || in->type == FACT_STOP)
		raise(SIGINT);
}

static void a_signal_is_a_fact(void **state)
{
	(void)state;
	a.react = stop_at_the_signal;
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(a.log, "clock listen-up stop");
	assert_true(pump_was_interrupted(pump));
}

/* What an engine wants is on its way before the run, and has to be ended in order. */
static void a_signal_before_the_run_is_not_lost(void **state)
{
	(void)state;
	a.react = stop_at_the_signal;
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	raise(SIGINT);
	run();
	assert_string_equal(a.log, "clock stop");
	assert_true(pump_was_interrupted(pump));
}

static void a_second_signal_does_not_wait(void **state)
{
	(void)state;
	a.react = never_finish;
	a.deadline = pump_now(pump);
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(a.log, "clock stop stop");
}

/* ---- datagrams ---- */

/* b answers what it gets; a says "one" and "two" when its socket is up. */
static void echo_datagram(struct toy *t, const struct fact *in)
{
	if (in->type != FACT_DATAGRAM)
		return;
	struct output *o = toy_say(t, "re:");
	o->listener = in->listener;
	o->peer = *in->peer;
}

static void talk_to_b(struct toy *t, const struct fact *in)
{
	if (in->type == FACT_LISTEN_UP) {
		for (unsigned i = 0; i < 2; i++) {
			struct output *o = toy_say(t, i ? "two" : "one");

			o->listener = UDP_SOCKET;
			o->peer = b.local[UDP_SOCKET];
		}
	}
	t->done = buf_len(&t->bytes) == 6;
}

static void start_b(toy_reaction *react, enum transport transport)
{
	b.react = done_at_stop_facts;
	want_listen(&b, UDP_SOCKET, transport, "127.0.0.1:0");
	assert_int_equal(pump_add(pump, engine_of(&b)), 0);
	run();
	b.react = react;
	b.log[0] = '\0';
}

static void datagrams_go_between_engines(void **state)
{
	(void)state;
	start_b(echo_datagram, TRANSPORT_UDP);
	a.react = talk_to_b;
	want_listen(&a, UDP_SOCKET, TRANSPORT_UDP, "127.0.0.1:0");
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(buf_cstr(&b.bytes), "onetwo");
	assert_string_equal(buf_cstr(&a.bytes), "re:re:");
	assert_true(addr_eq(&b.peer, &a.local[UDP_SOCKET]));
	assert_true(addr_eq(&b.here, &b.local[UDP_SOCKET]));
}

static void close_then_say(struct toy *t, const struct fact *in)
{
	if (in->type == FACT_LISTEN_UP && in->listener == 2) {
		toy_want(t, WANT_UNLISTEN)->listener = UDP_SOCKET;
		t->deadline = 0;
	}
	t->done = in->type == FACT_DATAGRAM_FAILED;
}

static void say_to_the_closed(struct toy *t, const struct fact *in)
{
	if (in) {
		close_then_say(t, in);
		return;
	}
	struct output *o = toy_say(t, "anyone?");
	o->listener = 2;
	o->peer = t->local[UDP_SOCKET];
	/* The first may still have been taken: a socket closes at the end of its wake-up. */
	t->deadline = ts_add(t->woken_at, TS_MS(1));
}

static void a_closed_listener_refuses_with_the_peer_named(void **state)
{
	(void)state;
	a.react = say_to_the_closed;
	want_listen(&a, UDP_SOCKET, TRANSPORT_UDP, "127.0.0.1:0");
	want_listen(&a, 2, TRANSPORT_UDP, "127.0.0.1:0");
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_int_equal(a.err, ECONNREFUSED);
	assert_true(addr_eq(&a.peer, &a.local[UDP_SOCKET]));
}

/* ---- flows ---- */

static void greet(struct toy *t, const struct fact *in)
{
	if (in->type == FACT_FLOW_ACCEPTED)
		toy_say(t, "hello")->flow = in->flow;
	if (in->type == FACT_FLOW_EOF)
		want_on(t, WANT_CLOSE_FLOW, in->flow);
}

static void hear_and_close(struct toy *t, const struct fact *in)
{
	if (in->type == FACT_FLOW_BYTES)
		want_on(t, WANT_CLOSE_FLOW, in->flow);
	t->done = in->type == FACT_FLOW_BYTES;
}

static void a_flow_connects_two_engines(void **state)
{
	(void)state;
	start_b(greet, TRANSPORT_TCP);
	a.react = hear_and_close;
	want_flow(&a, 1, &b.local[UDP_SOCKET]);
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(a.log, "clock flow-up flow-bytes");
	assert_string_equal(buf_cstr(&a.bytes), "hello");
	assert_true(b.accepted & FLOW_ACCEPTED_BIT);
	assert_true(addr_eq(&b.here, &b.local[UDP_SOCKET]));
}

static void a_refused_flow_is_told(void **state)
{
	(void)state;
	start_b(NULL, TRANSPORT_TCP);
	struct addr at = b.local[UDP_SOCKET];
	pump_remove(pump, engine_of(&b));
	a.react = stop_at_time; /* one turn, for the socket to close */
	a.deadline = 0;
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	pump_remove(pump, engine_of(&a));
	reset(&b);
	b.react = done_at_stop_facts;
	want_flow(&b, 1, &at);
	assert_int_equal(pump_add(pump, engine_of(&b)), 0);
	run();
	assert_string_equal(b.log, "clock flow-failed");
	assert_int_equal(b.err, ECONNREFUSED);
}

static void say_much_and_close(struct toy *t, const struct fact *in)
{
	if (in->type == FACT_FLOW_UP) {
		toy_say(t, "last words")->flow = in->flow;
		want_on(t, WANT_CLOSE_FLOW, in->flow);
		t->done = true;
	}
}

static void what_was_said_before_the_stop_is_sent(void **state)
{
	(void)state;
	start_b(NULL, TRANSPORT_TCP);
	a.react = say_much_and_close;
	want_flow(&a, 1, &b.local[UDP_SOCKET]);
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	b.react = stop_at_time;
	b.deadline = ts_add(pump_now(pump), TS_MS(1));
	while (buf_len(&b.bytes) < 10 && !watchdog.wakes) {
		b.deadline = ts_add(pump_now(pump), TS_MS(1));
		assert_int_equal(pump_run(pump), 0);
	}
	assert_string_equal(buf_cstr(&b.bytes), "last words");
}

static void remove_me(struct toy *t, const struct fact *in)
{
	t->done = in->type == FACT_FLOW_UP;
}

static void stop_at_eof(struct toy *t, const struct fact *in)
{
	if (in->type == FACT_FLOW_EOF || in->type == FACT_FLOW_FAILED) {
		remove_when_done = false;
		t->done = true;
	}
}

static void a_removed_engine_leaves_nothing_open(void **state)
{
	(void)state;
	start_b(stop_at_eof, TRANSPORT_TCP);
	remove_when_done = true;
	a.react = remove_me;
	want_flow(&a, 1, &b.local[UDP_SOCKET]);
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(a.log, "clock flow-up");
	assert_string_equal(b.log, "flow-accepted flow-eof");
}

static void tls_with(struct toy *t, const struct fact *in, bool accept)
{
	if (in->type != FACT_FLOW_UP && in->type != FACT_FLOW_ACCEPTED)
		return;
	struct want *w = toy_want(t, WANT_TLS);
	w->flow = in->flow;
	w->tls = (struct tls_policy){ .accept = accept, .identity = accept, .trust = !accept };
	snprintf(w->tls.name, sizeof(w->tls.name), "%s", accept ? "" : "pool.test");
}

static void serve_tls(struct toy *t, const struct fact *in)
{
	tls_with(t, in, true);
	if (in->type == FACT_TLS_UP)
		toy_say(t, "secret")->flow = in->flow;
}

static void use_tls(struct toy *t, const struct fact *in)
{
	tls_with(t, in, false);
	t->done = in->type == FACT_FLOW_BYTES || in->type == FACT_FLOW_FAILED;
}

static void tls_is_a_want_and_a_fact(void **state)
{
	struct authority *authority;
	struct buf pem;

	(void)state;
	buf_init(&pem, BYTES_MAX);
	assert_int_equal(authority_new(&authority), 0);
	assert_int_equal(authority_put_ca(authority, &pem), 0);
	assert_int_equal(trust_add_ca(pump_trust(pump), 1, buf_slice(&pem)), 0);
	buf_clear(&pem);
	assert_int_equal(authority_put_identity(authority, "pool.test", -9, 99, &pem), 0);
	assert_int_equal(trust_add_identity(pump_trust(pump), 1, buf_slice(&pem)), 0);
	start_b(serve_tls, TRANSPORT_TCP);
	a.react = use_tls;
	want_flow(&a, 1, &b.local[UDP_SOCKET]);
	assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	run();
	assert_string_equal(a.log, "clock flow-up tls-up flow-bytes");
	assert_string_equal(buf_cstr(&a.bytes), "secret");
	authority_free(authority);
	buf_done(&pem);
}

static void there_is_room_for_so_many_engines(void **state)
{
	static struct toy more[PUMP_ENGINES_MAX];
	unsigned n = 1; /* the watchdog */

	(void)state;
	for (; n < PUMP_ENGINES_MAX; n++) {
		reset(&more[n]);
		assert_int_equal(pump_add(pump, engine_of(&more[n])), 0);
	}
	assert_int_equal(pump_add(pump, engine_of(&a)), -ENOBUFS);
	assert_string_equal(a.log, "");
}

static void without_memory_there_is_no_pump(void **state)
{
	const struct pump_cfg cfg = { .drained = NULL };
	int err = -ENOMEM;

	(void)state;
	for (long n = 0; err == -ENOMEM && n < 100; n++) {
		struct pump *p = NULL;

		mem_fail_after(n);
		err = pump_new(&p, &cfg);
		mem_fail_after(-1);
		pump_free(p);
	}
	assert_int_equal(err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_clock_comes_first_and_the_real_port_is_told),
		TEST(a_port_that_is_taken_is_told),
		TEST(a_flow_that_cannot_even_begin_fails_as_a_fact),
		TEST(names_are_answered_as_facts),
		TEST(a_deadline_wakes_once_and_not_before),
		TEST(a_clock_that_jumps_is_told_at_once),
		TEST(a_signal_before_the_run_is_not_lost),
		TEST(a_signal_is_a_fact),
		TEST(a_second_signal_does_not_wait),
		TEST(datagrams_go_between_engines),
		TEST(a_closed_listener_refuses_with_the_peer_named),
		TEST(a_flow_connects_two_engines),
		TEST(a_refused_flow_is_told),
		TEST(what_was_said_before_the_stop_is_sent),
		TEST(a_removed_engine_leaves_nothing_open),
		TEST(tls_is_a_want_and_a_fact),
		TEST(there_is_room_for_so_many_engines),
		TEST(without_memory_there_is_no_pump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
