#include "app/pump_private.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/sock.h"

#include "pump_rig.h"

enum { CLIENTS_MAX = 150 };

/* Connections that somebody made: begun, and by the kernel's queue also complete. */
static int clients[CLIENTS_MAX];
static unsigned n_clients;

static void connect_to(const struct addr *to)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &sa.sa, n), 0);
	clients[n_clients++] = fd;
}

static bool can_connect(const struct addr *to)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = connect(fd, &sa.sa, n) == 0;

	close(fd);
	return ok;
}

static int clients_done(void **state)
{
	while (n_clients)
		close(clients[--n_clients]);
	return tear_down(state);
}

/* ---- reactions ---- */

static unsigned wanted; /* facts of the kind that a test waits for */
static flow_t flows[CLIENTS_MAX];
static unsigned n_flows;
static uint32_t listener_of_last;

static void count_listen(struct toy *t, const struct fact *in)
{
	if (in && (in->type == FACT_LISTEN_UP || in->type == FACT_LISTEN_FAILED))
		t->done = --wanted == 0;
}

static void listen_now(struct toy *t, unsigned n)
{
	wanted = n;
	t->react = count_listen;
	assert_int_equal(pump_add(pump, engine_of(t)), 0);
	run();
}

static void note_accepted(struct toy *t, const struct fact *in)
{
	if (!in || in->type != FACT_FLOW_ACCEPTED)
		return;
	flows[n_flows++] = in->flow;
	listener_of_last = in->listener;
	t->done = n_flows == wanted;
}

static void accept_now(struct toy *t, unsigned n)
{
	n_flows = 0;
	wanted = n;
	t->react = note_accepted;
	run();
}

static void stop_at_time(struct toy *t, const struct fact *in)
{
	note_accepted(t, in);
	t->done = !in;
}

/* What comes in the next `ms`. */
static void run_for(struct toy *t, unsigned ms)
{
	n_flows = 0;
	t->react = stop_at_time;
	t->deadline = ts_add(pump_now(pump), TS_MS(ms));
	run();
}

/* ---- binding ---- */

static void the_real_port_is_told(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	want_listen(&a, 2, TRANSPORT_UDP, "127.0.0.1:0");
	listen_now(&a, 2);
	assert_string_equal(a.log, "clock listen-up listen-up");
	for (unsigned i = 1; i <= 2; i++) {
		assert_true(a.local[i].port > 0);
		assert_int_equal(a.local[i].ip[0], 127);
	}
	assert_true(can_connect(&a.local[1]));
}

static void what_cannot_be_bound_is_told(void **state)
{
	static const enum transport transports[] = { TRANSPORT_TCP, TRANSPORT_UDP };
	char text[ADDR_TEXT_MAX];

	(void)state;
	want_listen(&a, 0, TRANSPORT_TCP, "127.0.0.1:0");
	want_listen(&a, 1, TRANSPORT_UDP, "127.0.0.1:0");
	listen_now(&a, 2);
	for (unsigned i = 0; i < COUNT(transports); i++) {
		reset(&b);
		want_listen(&b, 7, transports[i], addr_text(&a.local[i], text));
		listen_now(&b, 1);
		assert_string_equal(b.log, "clock listen-failed");
		assert_int_equal(b.err, EADDRINUSE);
		assert_true(addr_eq(&b.here, &a.local[i]));
		pump_remove(pump, engine_of(&b));
		buf_done(&b.bytes);

		reset(&b);
		want_listen(&b, 7, transports[i], "192.0.2.1:5060");
		listen_now(&b, 1);
		assert_int_equal(b.err, EADDRNOTAVAIL);
		pump_remove(pump, engine_of(&b));
		buf_done(&b.bytes);
	}
	reset(&b);
}

static void toward_binds_to_the_address_that_reaches_it(void **state)
{
	static const enum transport transports[] = { TRANSPORT_TCP, TRANSPORT_UDP };

	(void)state;
	for (unsigned i = 0; i < COUNT(transports); i++) {
		want_listen(&a, i + 1, transports[i], "127.0.0.9:5060");
		a.wants[i].toward = true;
	}
	listen_now(&a, 2);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(a.local[i].ip[0], 127);
		assert_true(a.local[i].port > 0); /* any: the one that is given is the peer's */
		assert_int_not_equal(a.local[i].port, 5060);
	}
}

static void a_port_can_be_taken_again_at_once(void **state)
{
	char text[ADDR_TEXT_MAX];

	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	connect_to(&a.local[1]);
	accept_now(&a, 1);
	pump_remove(pump, engine_of(&a)); /* our side closes first: TIME_WAIT is ours */
	want_listen(&b, 1, TRANSPORT_TCP, addr_text(&a.local[1], text));
	b.deadline = pump_now(pump); /* the socket closes at the end of a wake-up */
	b.react = stop_at_time;
	b.n_wants = 0;
	assert_int_equal(pump_add(pump, engine_of(&b)), 0);
	run();
	pump_remove(pump, engine_of(&b));
	buf_done(&b.bytes);
	reset(&b);
	want_listen(&b, 1, TRANSPORT_TCP, text);
	listen_now(&b, 1);
	assert_string_equal(b.log, "clock listen-up");
}

static void there_is_room_for_so_many_listeners(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PUMP_LISTENERS_MAX + 1; i++)
		want_listen(&a, i, i & 1 ? TRANSPORT_TCP : TRANSPORT_UDP, "127.0.0.1:0");
	listen_now(&a, PUMP_LISTENERS_MAX + 1);
	assert_string_equal(strrchr(a.log, ' '), " listen-failed");
	assert_int_equal(a.err, EMFILE);
	for (unsigned i = 0; i < PUMP_LISTENERS_MAX; i++)
		assert_true(a.local[i].port > 0);
	/* An engine that leaves makes room. */
	pump_remove(pump, engine_of(&a));
	b.react = stop_at_time;
	b.deadline = pump_now(pump);
	assert_int_equal(pump_add(pump, engine_of(&b)), 0);
	run();
	pump_remove(pump, engine_of(&b));
	buf_done(&b.bytes);
	reset(&b);
	want_listen(&b, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&b, 1);
	assert_string_equal(b.log, "clock listen-up");
}

/* ---- accepting ---- */

static void a_connection_is_a_flow_of_its_listener(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	want_listen(&a, 2, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 2);
	for (uint32_t i = 1; i <= 2; i++) {
		struct addr client;

		connect_to(&a.local[i]);
		accept_now(&a, 1);
		assert_true(flows[0] & FLOW_ACCEPTED_BIT);
		assert_int_equal(listener_of_last, i);
		assert_int_equal(sock_local(clients[n_clients - 1], &client), 0);
		assert_true(addr_eq(&a.peer, &client));
		assert_true(addr_eq(&a.here, &a.local[i]));
	}
}

/* By then its socket does not know who it was. */
static void a_connection_that_was_reset_has_its_peer(void **state)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };
	struct addr client;

	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	connect_to(&a.local[1]);
	const int fd = clients[--n_clients];
	assert_int_equal(sock_local(fd, &client), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
	close(fd);
	accept_now(&a, 1);
	assert_true(addr_eq(&a.peer, &client));
}

static void unlisten_at_time(struct toy *t, const struct fact *in)
{
	if (in)
		return;
	toy_want(t, WANT_UNLISTEN)->listener = 1;
	t->done = true;
}

static void two_engines_may_use_the_same_numbers(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	want_listen(&b, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	listen_now(&b, 1);
	connect_to(&b.local[1]);
	accept_now(&b, 1);
	assert_string_equal(a.log, "clock listen-up");
	assert_string_equal(b.log, "clock listen-up flow-accepted");
	a.react = NULL;
	b.deadline = pump_now(pump);
	b.react = unlisten_at_time;
	run();
	run_for(&b, 1);
	assert_true(can_connect(&a.local[1]));
	assert_false(can_connect(&b.local[1]));
}

/* More than one wake-up takes. */
static void every_connection_of_a_burst_is_accepted_once(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		connect_to(&a.local[1]);
	accept_now(&a, CLIENTS_MAX);
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		for (unsigned k = 0; k < i; k++)
			assert_true(flows[i] != flows[k]);
	run_for(&a, 1);
	assert_int_equal(n_flows, 0);
}

static void unlisten_at_the_first(struct toy *t, const struct fact *in)
{
	note_accepted(t, in);
	if (in && in->type == FACT_FLOW_ACCEPTED)
		toy_want(t, WANT_UNLISTEN)->listener = 1;
	t->done = !in;
}

/* Also those that were ready in the same wake-up. */
static void after_unlisten_nothing_is_accepted(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	for (unsigned i = 0; i < 5; i++)
		connect_to(&a.local[1]);
	n_flows = wanted = 0;
	a.react = unlisten_at_the_first;
	a.deadline = ts_add(pump_now(pump), TS_MS(5));
	run();
	assert_int_equal(n_flows, 1);
	assert_false(can_connect(&a.local[1]));
}

static void listen_anew(struct toy *t, const struct fact *in)
{
	if (!in) {
		toy_want(t, WANT_UNLISTEN)->listener = 1;
		toy_want(t, WANT_UNLISTEN)->listener = 9; /* nobody's */
		want_listen(t, 1, TRANSPORT_TCP, "127.0.0.1:0");
	}
	count_listen(t, in);
}

static void a_number_can_be_used_again(void **state)
{
	struct addr old;

	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	old = a.local[1];
	wanted = 1;
	a.react = listen_anew;
	a.deadline = pump_now(pump);
	run();
	assert_false(addr_eq(&a.local[1], &old));
	run_for(&a, 1);
	assert_false(can_connect(&old));
	connect_to(&a.local[1]);
	accept_now(&a, 1);
	assert_int_equal(listener_of_last, 1);
}

static void listen_and_unlisten(struct toy *t, const struct fact *in)
{
	if (!in) {
		toy_want(t, WANT_UNLISTEN)->listener = 1;
		want_listen(t, 1, TRANSPORT_TCP, "127.0.0.1:0");
		toy_want(t, WANT_UNLISTEN)->listener = 1;
	}
	count_listen(t, in);
}

/* What is to be closed at the end of the wake-up has lost its number already. */
static void a_number_is_the_last_ones(void **state)
{
	struct addr old;

	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	old = a.local[1];
	wanted = 1;
	a.react = listen_and_unlisten;
	a.deadline = pump_now(pump);
	run();
	run_for(&a, 1);
	assert_false(can_connect(&old));
	assert_false(can_connect(&a.local[1]));
}

static void a_removed_engines_listeners_are_closed(void **state)
{
	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	assert_true(can_connect(&a.local[1]));
	pump_remove(pump, engine_of(&a));
	assert_int_equal(pump_add(pump, engine_of(&b)), 0);
	run_for(&b, 1);
	assert_false(can_connect(&a.local[1]));
}

/* ---- out of descriptors ---- */

/* The next descriptor that would be free is the first that may not be. */
static void allow_no_more_files(struct rlimit *old)
{
	struct rlimit now;
	int next = dup(0);

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, old), 0);
	now = *old;
	now.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
}

/* It waits in the kernel's queue, and asking for it at once again would be a busy loop. */
static void without_descriptors_a_connection_waits(void **state)
{
	struct rlimit old;

	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	connect_to(&a.local[1]);
	connect_to(&a.local[1]);
	allow_no_more_files(&old);
	run_for(&a, 10);
	assert_int_equal(n_flows, 0);
	assert_string_equal(a.log, "clock listen-up accept-failed");
	assert_int_equal(a.err, EMFILE);
	ts_t at = pump_accept_deadline(pump);
	assert_in_range(at, pump_now(pump), ts_add(pump_now(pump), TS_MS(100)));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	accept_now(&a, 2);
	assert_true(pump_now(pump) >= at); /* not before its pause was over */
	assert_true(pump_accept_deadline(pump) == TS_NEVER);
}

/* ---- out of memory ---- */

static void without_memory_one_connection_is_closed_and_the_next_accepted(void **state)
{
	char byte;

	(void)state;
	want_listen(&a, 1, TRANSPORT_TCP, "127.0.0.1:0");
	listen_now(&a, 1);
	connect_to(&a.local[1]);
	mem_fail_after(0);
	run_for(&a, 5);
	mem_fail_after(-1);
	assert_int_equal(n_flows, 0);
	assert_int_equal(recv(clients[0], &byte, 1, MSG_DONTWAIT), 0); /* it was told so */
	connect_to(&a.local[1]);
	accept_now(&a, 1);
	assert_true(flows[0] & FLOW_ACCEPTED_BIT);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, clients_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_real_port_is_told),
		TEST(what_cannot_be_bound_is_told),
		TEST(toward_binds_to_the_address_that_reaches_it),
		TEST(a_port_can_be_taken_again_at_once),
		TEST(there_is_room_for_so_many_listeners),
		TEST(a_connection_is_a_flow_of_its_listener),
		TEST(a_connection_that_was_reset_has_its_peer),
		TEST(two_engines_may_use_the_same_numbers),
		TEST(every_connection_of_a_burst_is_accepted_once),
		TEST(after_unlisten_nothing_is_accepted),
		TEST(a_number_can_be_used_again),
		TEST(a_number_is_the_last_ones),
		TEST(a_removed_engines_listeners_are_closed),
		TEST(without_descriptors_a_connection_waits),
		TEST(without_memory_one_connection_is_closed_and_the_next_accepted),
	};

	return cmocka_run_group_tests_name("pump_listen", tests, NULL, NULL);
}
