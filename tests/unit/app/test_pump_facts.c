/* Who is told what, and when: clocks that are set, places that are taken again, errors of our own.
 */
#include "app/pump_private.h"

#include <signal.h>
#include <sys/socket.h>

#include "net/sock.h"

#include "pump_rig.h"

#include "../clock.h"

/* ---- the socket takes what a test lets it ---- */

static bool is_full;

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	if (is_full) {
		errno = EAGAIN;
		return -1;
	}
	return sendto(fd, bytes, n, flags, NULL, 0);
}

static int connect_error; /* of the next; 0: the kernel's own */

int connect(int fd, const struct sockaddr *to, socklen_t n)
{
	errno = connect_error;
	return connect_error ? -1 : (int)syscall(SYS_connect, fd, to, n);
}

static int begin_test(void **state)
{
	clock_reset();
	is_full = false;
	connect_error = 0;
	return set_up(state);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_test, tear_down)

/* ---- reactions ---- */

static void stop_at(struct toy *t, const struct fact *in, enum fact_type type)
{
	t->done = in && in->type == type;
}

static void stop_at_dns(struct toy *t, const struct fact *in)
{
	stop_at(t, in, FACT_DNS);
}

static void stop_at_datagram(struct toy *t, const struct fact *in)
{
	stop_at(t, in, FACT_DATAGRAM);
}

static void stop_at_time(struct toy *t, const struct fact *in)
{
	t->done = !in;
}

static bool here;

static void note_here(struct toy *t, const struct fact *in)
{
	if (!in || in->type != FACT_FLOW_FAILED)
		return;
	here = in->here;
	t->done = true;
}

static void add(struct toy *t)
{
	assert_int_equal(pump_add(pump, engine_of(t)), 0);
}

/* Anew, with the place that it had free. */
static void forget(struct toy *t)
{
	pump_remove(pump, engine_of(t));
	buf_done(&t->bytes);
	reset(t);
}

static void run_once(struct toy *t)
{
	t->react = stop_at_time;
	t->deadline = pump_now(pump);
	run();
}

/* ---- a clock that is set ---- */

enum { TURNS = 25 };

/* Each turn takes a second of a clock that nothing else moves. */
static unsigned turns, told_at;
static int64_t wall;

static void a_second_passes(struct toy *t, const struct fact *in)
{
	if (in && in->type == FACT_CLOCK && turns) {
		told_at = turns;
		wall = in->wall;
		clock_wall_ahead -= (int64_t)TS_S(60); /* and it is set again */
	}
	if (in)
		return;
	turns++;
	clock_ahead += TS_S(1);
	t->deadline = ts_add(t->woken_at, TS_S(1));
	t->done = turns == TURNS;
}

static void count_turns(int64_t set_by)
{
	turns = told_at = 0;
	clock_stop();
	/* What the loop has read already stands until it wakes. */
	run_once(&a);
	forget(&a);
	a.react = a_second_passes;
	a.deadline = pump_now(pump);
	add(&a);
	clock_wall_ahead += set_by;
	pump_remove(pump, engine_of(&watchdog)); /* all seconds are long */
	run();
}

static void a_clock_that_is_set_is_told_at_the_next_look(void **state)
{
	const int64_t before = loop_wall_offset();

	(void)state;
	add(&a);
	count_turns(-(int64_t)TS_S(3600));
	/* Looked at every ten seconds, each time it had been set. */
	assert_int_equal(told_at, 20);
	assert_string_equal(a.log, "clock clock clock");
	assert_in_range(before - wall, TS_S(3659), TS_S(3661));
}

static void a_clock_that_is_slewed_is_not_told(void **state)
{
	const int64_t limit = (int64_t)TS_MS(50);
	const struct {
		int64_t by;
		bool told;
	} rows[] = { { limit, true }, { limit - 1, false }, { -limit, true },
		{ 1 - limit, false } };

	(void)state;
	clock_stop();
	add(&b);
	run_once(&b);
	for (size_t i = 0; i < COUNT(rows); i++) {
		forget(&a);
		add(&a);
		clock_wall_ahead += rows[i].by;
		pump_jump_clock(pump, 0);
		run_once(&b);
		assert_string_equal(a.log, rows[i].told ? "clock clock" : "clock");
		/* What was told is known. */
		pump_jump_clock(pump, 0);
		run_once(&b);
		assert_string_equal(a.log, rows[i].told ? "clock clock" : "clock");
	}
}

static void a_clock_can_be_made_to_jump_backwards(void **state)
{
	(void)state;
	add(&a);
	add(&b);
	pump_jump_clock(pump, (ts_t)0 - TS_S(3600));
	run_once(&b);
	assert_string_equal(a.log, "clock clock");
}

/* ---- places ---- */

static struct toy all[PUMP_ENGINES_MAX];
static bool got_dns[PUMP_ENGINES_MAX];

static void stop_when_all_know(void *arg)
{
	unsigned n = 0;

	(void)arg;
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++)
		n += got_dns[i] && (all[i].wakes || all[i].deadline == TS_NEVER);
	if (n == PUMP_ENGINES_MAX)
		pump_stop(pump);
}

static void note_answer(struct toy *t, const struct fact *in)
{
	got_dns[t - all] |= in && in->type == FACT_DNS;
}

static void every_place_is_served(void **state)
{
	const struct pump_cfg cfg = { .drained = stop_when_all_know };

	(void)state;
	pump_free(pump);
	assert_int_equal(pump_new(&pump, &cfg), 0);
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		reset(&all[i]);
		all[i].react = note_answer;
		struct want *w = toy_want(&all[i], WANT_DNS);
		w->dns_id = UINT32_MAX; /* the same for all */
		w->dns_type = i % 2 ? DNS_A : DNS_AAAA;
		snprintf(w->name, sizeof(w->name), "127.0.0.%u", i);
		add(&all[i]);
	}
	pump_jump_clock(pump, TS_S(60));
	raise(SIGTERM);
	all[0].deadline = ts_add(pump_now(pump), TS_MS(2));
	all[7].deadline = ts_add(pump_now(pump), TS_MS(1));
	assert_int_equal(pump_run(pump), 0);
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		assert_string_equal(all[i].log, "clock stop clock dns");
		assert_int_equal(all[i].dns, i % 2 ? DNS_OK : DNS_NODATA);
		assert_int_equal(all[i].wakes, i == 0 || i == 7);
		pump_remove(pump, engine_of(&all[i]));
		assert_false(pump->members[i].in_use);
		buf_done(&all[i].bytes);
	}
}

/* What is queued is for who was there; another in its place knows nothing of it. */
static void a_fact_for_one_that_is_gone_is_told_to_nobody(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	add(&a);
	const struct member *place = &pump->members[1];
	pump_remove(pump, engine_of(&a));
	add(&b);
	assert_ptr_equal(place->e.self, &b);
	run_once(&b);
	assert_string_equal(b.log, "clock");
	assert_string_equal(a.log, "clock");
}

static void an_answer_for_one_that_is_gone_is_told_to_nobody(void **state)
{
	(void)state;
	struct want *w = toy_want(&a, WANT_DNS);
	w->dns_type = DNS_A;
	snprintf(w->name, sizeof(w->name), "127.0.0.1");
	add(&a);
	pump_remove(pump, engine_of(&a));
	add(&b);
	run_once(&b);
	assert_string_equal(b.log, "clock");
	assert_string_equal(a.log, "clock");
}

static void connect_at_time(struct toy *t, const struct fact *in)
{
	if (!in)
		want_flow(t, 1, &b.local[2]);
	t->done = in && in->type == FACT_FLOW_UP;
}

static void one_that_leaves_takes_nothing_of_the_others(void **state)
{
	(void)state;
	b.react = NULL;
	want_listen(&b, 1, TRANSPORT_UDP, "127.0.0.1:0");
	want_listen(&b, 2, TRANSPORT_TCP, "127.0.0.1:0");
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	want_listen(&a, 2, TRANSPORT_TCP, "127.0.0.1:0");
	add(&b);
	add(&a);
	run_once(&a);
	a.react = connect_at_time;
	a.deadline = pump_now(pump);
	run();
	run_once(&a);
	assert_non_null(strstr(b.log, "flow-accepted"));
	pump_remove(pump, engine_of(&a));
	run_once(&b);
	run_once(&b);
	assert_non_null(strstr(b.log, "flow-eof"));
	assert_non_null(pump_find_listener(&pump->members[1], 1));
	assert_non_null(pump_find_listener(&pump->members[1], 2));
	assert_int_equal(pump->listeners.n, 2);
}

/* ---- errors of our own ---- */

static void whose_refusal_it_was_is_told(void **state)
{
	const struct addr none = { 0 };
	struct addr closed;

	(void)state;
	a.react = note_here;
	want_flow(&a, 1, &none);
	add(&a);
	run();
	assert_int_equal(a.err, EAFNOSUPPORT);
	assert_true(here); /* nothing left this machine */
	forget(&a);
	want_listen(&b, 1, TRANSPORT_TCP, "127.0.0.1:0");
	add(&b);
	run_once(&b);
	closed = b.local[1];
	forget(&b);
	add(&b);
	run_once(&b);
	a.react = note_here;
	want_flow(&a, 1, &closed);
	add(&a);
	run();
	assert_int_equal(a.err, ECONNREFUSED);
	assert_false(here);
	assert_true(addr_eq(&a.peer, &closed));
}

/* Each fails in the order in which it is needed; the last is the fact itself. */
static void without_memory_a_flow_fails_or_the_pump_ends(void **state)
{
	const struct addr none = { 0 };
	bool ended = false;

	(void)state;
	for (long n = 0; !ended && n < 10; n++) {
		forget(&a);
		a.react = note_here;
		here = false;
		want_flow(&a, 1, &none);
		mem_fail_after(n);
		add(&a);
		mem_fail_after(-1);
		int err = pump_run(pump);
		ended = err == -ENOMEM;
		assert_true(ended || (here && a.err));
		assert_null(map_next(&pump->links, NULL));
		if (n == 0)
			assert_int_equal(a.err, ENOMEM);
	}
	assert_true(ended);
	assert_string_equal(a.log, "clock");
}

static void without_memory_a_question_is_cancelled(void **state)
{
	(void)state;
	a.react = stop_at_dns;
	struct want *w = toy_want(&a, WANT_DNS);
	w->dns_id = 5;
	snprintf(w->name, sizeof(w->name), "127.0.0.1");
	mem_fail_after(0);
	add(&a);
	mem_fail_after(-1);
	run();
	assert_string_equal(a.log, "clock dns");
	assert_int_equal(a.dns, DNS_CANCELLED);
}

static struct addr asked;

static void note_server(struct toy *t, const struct fact *in)
{
	stop_at(t, in, FACT_DNS);
	if (t->done)
		asked = in->dns->server;
}

static void the_dns_server_can_be_named(void **state)
{
	struct addr closed;

	(void)state;
	want_listen(&b, 1, TRANSPORT_UDP, "127.0.0.1:0");
	add(&b);
	run_once(&b);
	closed = b.local[1];
	forget(&b);
	add(&b);
	run_once(&b);
	pump_use_dns(pump, &closed);
	a.react = note_server;
	struct want *w = toy_want(&a, WANT_DNS);
	snprintf(w->name, sizeof(w->name), "name.test");
	add(&a);
	run();
	assert_int_equal(a.dns, DNS_UNREACHABLE);
	assert_true(addr_eq(&asked, &closed));
}

/* With a server that was named, names are asked for as they stand (pump.h). */
static void with_a_server_of_its_own_no_name_is_completed(void **state)
{
	static const char asked_for[] = "\004here";
	char question[512];
	struct pump_cfg cfg = { .drained = drained };

	assert_true(addr_decode(SLICE("127.0.0.1:0"), &cfg.dns));
	const int fd = sock_open(&cfg.dns, SOCK_DGRAM);
	assert_int_equal(sock_bind(fd, &cfg.dns), 0);
	assert_int_equal(sock_local(fd, &cfg.dns), 0);
	tear_down(state);
	reset(&a);
	setenv("LOCALDOMAIN", "a.test", 1);
	assert_int_equal(pump_new(&pump, &cfg), 0);
	struct want *w = toy_want(&a, WANT_DNS);
	w->is_host = true;
	snprintf(w->name, sizeof(w->name), "here");
	add(&a);
	run_once(&a);
	unsetenv("LOCALDOMAIN");
	assert_in_range(recv(fd, question, sizeof(question), MSG_DONTWAIT), 12 + sizeof(asked_for),
		sizeof(question));
	assert_memory_equal(question + 12, asked_for, sizeof(asked_for));
	close(fd);
}

/* ---- wake-ups ---- */

static unsigned n_woken;

static void count_woken(void *arg)
{
	(void)arg;
	n_woken++;
}

/* The first place's deadline, with nothing else that wakes. */
static void the_owner_hears_of_each_wake_up(void **state)
{
	const struct pump_cfg cfg = { .drained = drained, .woken = count_woken };

	tear_down(state);
	reset(&a);
	n_woken = 0;
	assert_int_equal(pump_new(&pump, &cfg), 0);
	a.react = stop_at_time;
	a.deadline = ts_add(pump_now(pump), TS_MS(1));
	add(&a);
	run();
	assert_int_equal(a.wakes, 1);
	assert_true(n_woken > 0);
}

/* ---- what is not there ---- */

static void say_on_no_listener(struct toy *t, const struct fact *in)
{
	if (in) {
		t->deadline = 0;
		return;
	}
	struct output *o = toy_say(t, "anyone?");
	o->listener = 9;
	assert_true(addr_decode(SLICE("127.0.0.1:9"), &o->peer));
	t->done = true;
}

static void a_listener_that_is_none_says_nothing(void **state)
{
	(void)state;
	a.react = say_on_no_listener;
	add(&a);
	run();
	assert_string_equal(a.log, "clock");
}

/* On loopback a refusal may be there before connect(2) returns; what else comes at once is this
 * machine's own. */
static void a_connection_that_fails_at_once_failed_there_or_here(void **state)
{
	static const struct {
		int err;
		bool here;
	} rows[] = { { ECONNREFUSED, false }, { ECONNRESET, false }, { ENETUNREACH, true } };
	const struct addr to = { .family = 4, .ip = { 127, 0, 0, 1 }, .port = 9 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		connect_error = rows[i].err;
		here = !rows[i].here;
		a.react = note_here;
		want_flow(&a, 5, &to);
		add(&a);
		connect_error = 0;
		run();
		assert_string_equal(a.log, "clock flow-failed");
		assert_int_equal(a.err, rows[i].err);
		assert_int_equal(here, rows[i].here);
		forget(&a);
	}
}

/* What it wants of the flow behind that is wanted of none. */
static void end_what_failed(struct toy *t, const struct fact *in)
{
	if (in && in->type == FACT_FLOW_FAILED)
		t->deadline = ts_add(pump_now(pump), TS_MS(2));
	if (in)
		return;
	assert_int_equal(pump->links.n, 0);
	want_on(t, WANT_CLOSE_FLOW, 5);
	t->done = true;
}

static void of_a_flow_that_failed_nothing_is_left(void **state)
{
	struct addr closed;

	(void)state;
	assert_true(addr_decode(SLICE("127.0.0.1:0"), &closed));
	const int fd = sock_open(&closed, SOCK_STREAM); /* bound, and nobody listens */
	assert_int_equal(sock_bind(fd, &closed), 0);
	assert_int_equal(sock_local(fd, &closed), 0);
	a.react = end_what_failed;
	want_flow(&a, 5, &closed);
	add(&a);
	run();
	assert_string_equal(a.log, "clock flow-failed");
	assert_int_equal(a.err, ECONNREFUSED);
	close(fd);
}

/* ---- signals ---- */

static void go_on_for_a_while(struct toy *t, const struct fact *in)
{
	if (in && in->type == FACT_STOP)
		t->deadline = ts_add(pump_now(pump), TS_MS(3));
	t->done = !in;
}

static void one_signal_is_told_once(void **state)
{
	(void)state;
	a.react = go_on_for_a_while;
	add(&a);
	assert_false(pump_was_interrupted(pump));
	raise(SIGTERM);
	run();
	assert_string_equal(a.log, "clock stop");
	assert_int_equal(a.wakes, 1);
}

/* ---- datagrams ---- */

static void unlisten_at_the_first(struct toy *t, const struct fact *in)
{
	if (!in || in->type != FACT_DATAGRAM)
		return;
	toy_want(t, WANT_UNLISTEN)->listener = 1;
	t->deadline = ts_add(pump_now(pump), TS_MS(1));
	t->react = stop_at_time;
}

static void say_three(struct toy *t, const struct fact *in)
{
	if (in)
		return;
	for (unsigned i = 0; i < 3; i++) {
		struct output *o = toy_say(t, "x");

		o->listener = 1;
		o->peer = b.local[1];
	}
}

static void to_a_closed_listener_no_datagram_is_told(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	want_listen(&b, 1, TRANSPORT_UDP, "127.0.0.1:0");
	add(&a);
	add(&b);
	run_once(&a);
	b.react = unlisten_at_the_first;
	a.react = say_three;
	a.deadline = pump_now(pump);
	run();
	assert_string_equal(b.log, "clock listen-up datagram");
}

static void say_too_much(struct toy *t, const struct fact *in)
{
	static char big[65509];

	if (in) {
		stop_at(t, in, FACT_DATAGRAM_FAILED);
		return;
	}
	memset(big, 'x', sizeof(big) - 1);
	struct output *o = toy_say(t, big);
	o->listener = 1;
	o->peer = t->local[1];
}

/* It is found while sending, when nothing else would wake us. */
static void a_datagram_that_cannot_be_sent_is_told_at_once(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	add(&a);
	run_once(&a);
	a.react = say_too_much;
	a.deadline = pump_now(pump);
	run();
	assert_int_equal(a.err, EMSGSIZE);
}

/* ---- flows ---- */

static void listen_by_tcp(void)
{
	want_listen(&b, 1, TRANSPORT_TCP, "127.0.0.1:0");
	add(&b);
	run_once(&b);
	b.log[0] = '\0';
}

static void stop_at_bytes(struct toy *t, const struct fact *in)
{
	stop_at(t, in, FACT_FLOW_BYTES);
}

static void pause_when_up(struct toy *t, const struct fact *in)
{
	if (in && in->type == FACT_FLOW_UP) {
		want_on(t, WANT_PAUSE, in->flow);
		t->deadline = ts_add(pump_now(pump), TS_MS(5));
	}
	if (in)
		return;
	assert_int_equal(buf_len(&t->bytes), 0);
	want_on(t, WANT_RESUME, 1);
	t->react = stop_at_bytes;
}

static void greet(struct toy *t, const struct fact *in)
{
	if (in && in->type == FACT_FLOW_ACCEPTED)
		toy_say(t, "hello")->flow = in->flow;
}

static void a_flow_can_be_paused(void **state)
{
	(void)state;
	listen_by_tcp();
	b.react = greet;
	a.react = pause_when_up;
	want_flow(&a, 1, &b.local[1]);
	add(&a);
	run();
	assert_string_equal(a.log, "clock flow-up flow-bytes");
}

static enum want_type how;
static bool with_reset;

static void end_when_up(struct toy *t, const struct fact *in)
{
	if (!in || in->type != FACT_FLOW_UP)
		return;
	want_on(t, how, in->flow);
	t->wants[t->n_wants - 1].reset = with_reset;
	want_on(t, WANT_PAUSE, in->flow); /* it is nobody's any more */
}

static void stop_at_end(struct toy *t, const struct fact *in)
{
	t->done = in && (in->type == FACT_FLOW_EOF || in->type == FACT_FLOW_FAILED);
	if (t->done)
		want_on(t, WANT_DROP_FLOW, in->flow);
}

static void a_flow_ends_as_it_is_wanted_and_leaves_nothing(void **state)
{
	static const struct {
		enum want_type how;
		bool reset;
		const char *log;
	} rows[] = {
		{ WANT_CLOSE_FLOW, false, "flow-accepted flow-eof" },
		{ WANT_DROP_FLOW, false, "flow-accepted flow-eof" },
		{ WANT_DROP_FLOW, true, "flow-accepted flow-failed" },
	};

	(void)state;
	listen_by_tcp();
	for (size_t i = 0; i < COUNT(rows); i++) {
		how = rows[i].how;
		with_reset = rows[i].reset;
		b.log[0] = '\0';
		b.react = stop_at_end;
		a.react = end_when_up;
		want_flow(&a, 1, &b.local[1]);
		add(&a);
		run();
		assert_string_equal(b.log, rows[i].log);
		run_once(&b);
		run_once(&b);
		assert_null(map_next(&pump->links, NULL));
		assert_int_equal(flows_count(&pump->flows), 0);
		forget(&a);
	}
}

static void refuse_to_fail_twice(struct toy *t, const struct fact *in)
{
	stop_at(t, in, FACT_FLOW_FAILED);
	if (t->done)
		want_on(t, WANT_DROP_FLOW, in->flow);
}

static void a_flow_that_failed_leaves_nothing(void **state)
{
	struct addr closed;

	(void)state;
	listen_by_tcp();
	closed = b.local[1];
	forget(&b);
	add(&b);
	run_once(&b);
	a.react = refuse_to_fail_twice;
	want_flow(&a, 1, &closed);
	add(&a);
	run();
	assert_string_equal(a.log, "clock flow-failed");
	assert_null(map_next(&pump->links, NULL));
}

enum { MUCH = 60000 };

/* The flow is full in the second turn; that is found while flows are written, and what is said then
 * still goes out in the same turn. */
static void say_until_blocked(struct toy *t, const struct fact *in)
{
	static char much[MUCH + 1];

	if (in && in->type == FACT_FLOW_BLOCKED) {
		struct output *o = toy_say(t, "blocked");

		o->listener = 2;
		o->peer = b.local[2];
		return;
	}
	if (in && in->type != FACT_FLOW_UP)
		return;
	is_full = true;
	memset(much, 'x', MUCH);
	toy_say(t, much)->flow = 1;
	t->deadline = in ? pump_now(pump) : TS_NEVER;
}

static void what_is_said_while_flows_are_written_goes_out(void **state)
{
	(void)state;
	want_listen(&b, 2, TRANSPORT_UDP, "127.0.0.1:0");
	listen_by_tcp();
	b.react = stop_at_datagram;
	a.react = say_until_blocked;
	want_listen(&a, 2, TRANSPORT_UDP, "127.0.0.1:0");
	want_flow(&a, 1, &b.local[1]);
	add(&a);
	run();
	assert_string_equal(buf_cstr(&b.bytes), "blocked");
}

/* ---- what the owner makes an engine say ---- */

static bool said;

static void say_in_drained(void *arg)
{
	(void)arg;
	if (a.done && !said) {
		said = true;
		a.done = false;
		/* Its outputs are taken, and it was not pushed: what a command of the owner does.
		 */
		struct output *o = toy_say(&a, "late");
		o->listener = 1;
		o->peer = b.local[1];
		want_listen(&a, 2, TRANSPORT_UDP, "127.0.0.1:0");
	}
	if (b.done && a.local[2].port)
		pump_stop(pump);
}

static void stop_at_second_datagram(struct toy *t, const struct fact *in)
{
	t->done |= in && in->type == FACT_DATAGRAM;
}

static void what_the_owner_makes_an_engine_say_goes_out_too(void **state)
{
	const struct pump_cfg cfg = { .drained = say_in_drained };

	(void)state;
	pump_free(pump);
	said = false;
	assert_int_equal(pump_new(&pump, &cfg), 0);
	add(&watchdog);
	b.react = stop_at_second_datagram;
	want_listen(&b, 1, TRANSPORT_UDP, "127.0.0.1:0");
	a.react = stop_at_time;
	a.deadline = ts_add(pump_now(pump), TS_MS(1));
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	add(&b);
	add(&a);
	run();
	assert_string_equal(buf_cstr(&b.bytes), "late");
	assert_true(a.local[2].port > 0);
}

/* ---- the end ---- */

static struct toy ticker;

static void fill_and_close(struct toy *t, const struct fact *in)
{
	if (!in || in->type != FACT_FLOW_UP)
		return;
	is_full = true;
	toy_say(t, "last words")->flow = in->flow;
	want_on(t, WANT_CLOSE_FLOW, in->flow);
	t->done = true;
	ticker.deadline = pump_now(pump);
}

static void a_quarter_passes(struct toy *t, const struct fact *in)
{
	if (in)
		return;
	clock_ahead += TS_MS(250);
	t->deadline = ts_add(t->woken_at, TS_MS(250));
}

static void a_peer_that_takes_nothing_holds_the_end_up_for_a_second(void **state)
{
	(void)state;
	listen_by_tcp();
	reset(&ticker);
	ticker.react = a_quarter_passes;
	add(&ticker);
	b.react = NULL;
	a.react = fill_and_close;
	want_flow(&a, 1, &b.local[1]);
	add(&a);
	clock_stop();
	run();
	assert_int_equal(ticker.wakes, 5); /* at once, and at each quarter of that second */
	pump_remove(pump, engine_of(&ticker));
	buf_done(&ticker.bytes);
}

static void a_pump_can_be_freed_with_everything_in_hand(void **state)
{
	(void)state;
	listen_by_tcp();
	want_flow(&a, 1, &b.local[1]);
	want_listen(&a, 2, TRANSPORT_UDP, "127.0.0.1:0");
	struct want *w = toy_want(&a, WANT_DNS);
	snprintf(w->name, sizeof(w->name), "127.0.0.1");
	add(&a);
	assert_false(list_empty(&pump->later));
	pump = pump_free(pump);
	assert_string_equal(a.log, "clock");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_clock_that_is_set_is_told_at_the_next_look),
		TEST(a_clock_that_is_slewed_is_not_told),
		TEST(a_clock_can_be_made_to_jump_backwards),
		TEST(every_place_is_served),
		TEST(a_fact_for_one_that_is_gone_is_told_to_nobody),
		TEST(an_answer_for_one_that_is_gone_is_told_to_nobody),
		TEST(one_that_leaves_takes_nothing_of_the_others),
		TEST(whose_refusal_it_was_is_told),
		TEST(without_memory_a_flow_fails_or_the_pump_ends),
		TEST(without_memory_a_question_is_cancelled),
		TEST(the_dns_server_can_be_named),
		TEST(with_a_server_of_its_own_no_name_is_completed),
		TEST(the_owner_hears_of_each_wake_up),
		TEST(a_listener_that_is_none_says_nothing),
		TEST(a_connection_that_fails_at_once_failed_there_or_here),
		TEST(of_a_flow_that_failed_nothing_is_left),
		TEST(one_signal_is_told_once),
		TEST(to_a_closed_listener_no_datagram_is_told),
		TEST(a_datagram_that_cannot_be_sent_is_told_at_once),
		TEST(a_flow_can_be_paused),
		TEST(a_flow_ends_as_it_is_wanted_and_leaves_nothing),
		TEST(a_flow_that_failed_leaves_nothing),
		TEST(what_is_said_while_flows_are_written_goes_out),
		TEST(what_the_owner_makes_an_engine_say_goes_out_too),
		TEST(a_peer_that_takes_nothing_holds_the_end_up_for_a_second),
		TEST(a_pump_can_be_freed_with_everything_in_hand),
	};

	return cmocka_run_group_tests_name("pump_facts", tests, NULL, NULL);
}
