#include "datagram_rig.h"

static void a_datagram_arrives_with_both_addresses(void **state)
{
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");

	(void)state;
	assert_true(datagram_local(a)->port != 0);
	datagram_send(a, &anywhere, datagram_local(b), SLICE("hello"));
	wait_for(1);
	assert_int_equal(told[0].type, FACT_DATAGRAM);
	assert_int_equal(told[0].id, 2);
	assert_string_equal(told[0].text, "hello");
	assert_true(addr_eq(&told[0].peer, datagram_local(a)));
	assert_true(addr_eq(&told[0].local, datagram_local(b)));
	datagram_free(a);
	datagram_free(b);
}

static void more_than_a_batch_arrives_in_order(void **state)
{
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");

	(void)state;
	for (unsigned i = 0; i < 150; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		datagram_send(a, &anywhere, datagram_local(b), slice_str(text));
	}
	wait_for(150);
	for (unsigned i = 0; i < 150; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		assert_string_equal(told[i].text, text);
	}
	datagram_free(a);
	datagram_free(b);
}

static void send_five(const struct addr *to)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(to->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(
			sendto(fd, "late", 4, 0, (const struct sockaddr *)&at, sizeof(at)), 4);
	close(fd);
}

/* So many are sent, five more come while they are worked on, and it is woken once. */
static unsigned told_in_one_wake_up(unsigned n)
{
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");

	meanwhile = send_five;
	n_told = 0;
	for (unsigned i = 0; i < n; i++)
		datagram_send(a, &anywhere, datagram_local(b), SLICE("early"));
	datagrams_flush(&ds);
	loop_wait(loop, loop_now(loop) + TS_S(5));
	datagrams_process(&ds);
	datagram_free(a);
	datagram_free(b);
	return n_told;
}

static void those_that_come_while_many_are_worked_on_are_taken_with_them(void **state)
{
	(void)state;
	assert_int_equal(told_in_one_wake_up(20), 25);
	assert_string_equal(told[20].text, "late");
	assert_int_equal(told_in_one_wake_up(62), 64); /* no more than a batch */
	assert_int_equal(told_in_one_wake_up(16), 21);
	assert_int_equal(told_in_one_wake_up(15), 15); /* one call too many for a few */
}

static void the_largest_datagram_is_not_cut(void **state)
{
	static uint8_t big[65507];
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");

	(void)state;
	memset(big, 'x', sizeof(big));
	datagram_send(a, &anywhere, datagram_local(b), slice_of(big, sizeof(big)));
	wait_for(1);
	assert_int_equal(told[0].n, sizeof(big));
	datagram_send(a, &anywhere, datagram_local(b), SLICE(""));
	wait_for(2);
	assert_int_equal(told[1].n, 0);
	datagram_free(a);
	datagram_free(b);
}

static void a_closed_port_is_told_with_the_peer_it_is_about(void **state)
{
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");
	struct datagram *gone = open_at(3, "127.0.0.1:0");
	struct addr closed = *datagram_local(gone);

	(void)state;
	datagram_free(gone);
	datagram_send(a, &anywhere, &closed, SLICE("lost"));
	wait_for(1);
	assert_int_equal(told[0].type, FACT_DATAGRAM_FAILED);
	assert_int_equal(told[0].err, ECONNREFUSED);
	assert_int_equal(told[0].id, 1);
	assert_true(addr_eq(&told[0].peer, &closed));
	datagram_free(a);
	datagram_free(b);
}

/* The error that an earlier datagram left in the socket fails the next call, whatever that sends.
 */
static void an_error_loses_no_other_datagram(void **state)
{
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");
	struct datagram *gone = open_at(3, "127.0.0.1:0");
	struct addr closed = *datagram_local(gone);
	unsigned arrived = 0, refused = 0;

	(void)state;
	datagram_free(gone);
	for (unsigned i = 0; i < 20; i++) {
		datagram_send(a, &anywhere, &closed, SLICE("lost"));
		datagrams_flush(&ds); /* its error is there now */
		datagram_send(a, &anywhere, datagram_local(b), SLICE("kept"));
		datagram_send(a, &anywhere, &closed, SLICE("lost"));
		datagram_send(a, &anywhere, datagram_local(b), SLICE("kept"));
		datagrams_flush(&ds);
	}
	/* Linux may limit the rate of its ICMP errors, not of datagrams. */
	ts_t end = loop_now(loop) + TS_S(5);
	while (arrived < 40 && loop_now(loop) < end) {
		loop_wait(loop, datagrams_ready(&ds) ? 0 : end);
		datagrams_process(&ds);
		for (arrived = refused = 0; arrived + refused < n_told;) {
			const struct told *t = &told[arrived + refused];

			if (t->type == FACT_DATAGRAM)
				arrived++;
			else
				refused++;
		}
	}
	assert_int_equal(arrived, 40);
	assert_true(refused >= 1);
	datagram_free(a);
	datagram_free(b);
}

static void what_the_system_refuses_is_told_alone(void **state)
{
	static uint8_t too_big[65508];
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");

	(void)state;
	datagram_send(a, &anywhere, datagram_local(b), SLICE("before"));
	datagram_send(a, &anywhere, datagram_local(b), slice_of(too_big, sizeof(too_big)));
	datagram_send(a, &anywhere, datagram_local(b), SLICE("after"));
	wait_for(3);
	unsigned failed = 0;
	for (unsigned i = 0; i < 3; i++) {
		if (told[i].type != FACT_DATAGRAM_FAILED)
			continue;
		assert_int_equal(told[i].err, EMSGSIZE);
		assert_true(addr_eq(&told[i].peer, datagram_local(b)));
		failed++;
	}
	assert_int_equal(failed, 1);
	datagram_free(a);
	datagram_free(b);
}

/* The whole of 127/8 is ours: two addresses without a second interface. */
static void a_wildcard_socket_answers_from_the_address_that_was_asked(void **state)
{
	struct datagram *all = open_at(1, "0.0.0.0:0"), *client = open_at(2, "127.0.0.1:0");
	struct addr second = at_port("127.0.0.2", all);

	(void)state;
	datagram_send(client, &anywhere, &second, SLICE("question"));
	wait_for(1);
	assert_int_equal(told[0].id, 1);
	assert_true(addr_eq(&told[0].local, &second));
	datagram_send(all, &anywhere, &told[0].peer, SLICE("answer"));
	wait_for(2);
	assert_int_equal(told[1].id, 2);
	assert_true(addr_eq(&told[1].peer, &second));
	datagram_free(all);
	datagram_free(client);
}

static void a_wildcard_socket_sends_from_the_address_that_it_is_told(void **state)
{
	struct datagram *all = open_at(1, "0.0.0.0:0"), *client = open_at(2, "127.0.0.1:0");
	const struct addr second = at_port("127.0.0.2", all), third = at_port("127.0.0.3", all);
	const struct addr none = at_port("192.0.2.1", all);

	(void)state;
	datagram_send(client, &anywhere, &second, SLICE("question"));
	wait_for(1);
	datagram_send(all, &third, &told[0].peer, SLICE("of our own"));
	wait_for(2);
	assert_true(addr_eq(&told[1].peer, &third));
	/* One that is not this machine's any more: told, as all that cannot be sent. */
	datagram_send(all, &none, &told[0].peer, SLICE("lost"));
	wait_for(3);
	assert_int_equal(told[2].type, FACT_DATAGRAM_FAILED);
	assert_true(addr_eq(&told[2].peer, datagram_local(client)));
	datagram_free(all);
	datagram_free(client);
}

/* As gateways listen: one socket for both kinds, and IPv4 looks as it does elsewhere. */
static void a_wildcard_socket_of_ipv6_takes_ipv4_too(void **state)
{
	struct datagram *all = open_at(1, "[::]:0"), *client = open_at(2, "127.0.0.1:0");
	const struct addr second = at_port("127.0.0.2", all), peer = *datagram_local(client);

	(void)state;
	datagram_send(client, &anywhere, &second, SLICE("question"));
	wait_for(1);
	assert_int_equal(told[0].id, 1);
	assert_true(addr_eq(&told[0].local, &second));
	assert_true(addr_eq(&told[0].peer, &peer));
	datagram_send(all, &anywhere, &peer, SLICE("answer"));
	wait_for(2);
	assert_true(addr_eq(&told[1].peer, &second));
	datagram_free(client);
	datagram_send(all, &anywhere, &peer, SLICE("lost"));
	wait_for(3);
	assert_int_equal(told[2].type, FACT_DATAGRAM_FAILED);
	assert_int_equal(told[2].err, ECONNREFUSED);
	assert_true(addr_eq(&told[2].peer, &peer));
	datagram_free(all);
}

static void a_socket_with_an_address_sends_from_that(void **state)
{
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = open_at(2, "127.0.0.1:0");
	const struct addr second = at_port("127.0.0.2", a);

	(void)state;
	datagram_send(a, &second, datagram_local(b), SLICE("hello"));
	wait_for(1);
	assert_true(addr_eq(&told[0].peer, datagram_local(a)));
	datagram_free(a);
	datagram_free(b);
}

static void toward_binds_the_address_that_reaches_the_peer(void **state)
{
	struct datagram *d = NULL;
	struct addr peer;

	(void)state;
	assert_true(addr_decode(SLICE("127.0.0.9:5060"), &peer));
	assert_int_equal(datagram_new(&d, &ds, 1, &peer, true, NULL), 0);
	assert_true(addr_is_loopback(datagram_local(d)));
	assert_true(datagram_local(d)->port != 0 && datagram_local(d)->port != 5060);
	datagram_free(d);
}

static void a_port_that_is_taken_is_refused(void **state)
{
	struct datagram *a = open_at(1, "127.0.0.1:0"), *b = NULL;
	struct addr none = { 0 };

	(void)state;
	assert_int_equal(datagram_new(&b, &ds, 2, datagram_local(a), false, NULL), -EADDRINUSE);
	assert_int_equal(datagram_new(&b, &ds, 2, &none, false, NULL), -EAFNOSUPPORT);
	assert_null(b);
	datagram_free(a);
}

static void without_memory_nothing_is_left_behind(void **state)
{
	struct addr any;
	int err = -ENOMEM;

	(void)state;
	assert_true(addr_decode(SLICE("0.0.0.0:0"), &any));
	for (long n = 0; err == -ENOMEM && n < 100; n++) {
		struct datagram *d = NULL;

		mem_fail_after(n);
		err = datagram_new(&d, &ds, 1, &any, false, NULL);
		mem_fail_after(-1);
		datagram_free(d);
	}
	assert_int_equal(err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_datagram_arrives_with_both_addresses),
		TEST(more_than_a_batch_arrives_in_order),
		TEST(those_that_come_while_many_are_worked_on_are_taken_with_them),
		TEST(the_largest_datagram_is_not_cut),
		TEST(a_closed_port_is_told_with_the_peer_it_is_about),
		TEST(an_error_loses_no_other_datagram),
		TEST(what_the_system_refuses_is_told_alone),
		TEST(a_wildcard_socket_answers_from_the_address_that_was_asked),
		TEST(a_wildcard_socket_sends_from_the_address_that_it_is_told),
		TEST(a_wildcard_socket_of_ipv6_takes_ipv4_too),
		TEST(a_socket_with_an_address_sends_from_that),
		TEST(toward_binds_the_address_that_reaches_the_peer),
		TEST(a_port_that_is_taken_is_refused),
		TEST(without_memory_nothing_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
