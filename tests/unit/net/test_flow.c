#include "flow_rig.h"

#include "net/authority.h"

enum { TRUST = 1, IDENTITY = 1 };

/* ---- connecting ---- */

static void a_connection_comes_up_with_its_addresses(void **state)
{
	(void)state;
	connect_both();
	assert_true(addr_eq(&near.peer, &listener_addr));
	assert_true(addr_eq(flow_local(far.f), &listener_addr));
	assert_true(addr_eq(flow_peer(far.f), flow_local(near.f)));
}

static void what_is_written_while_it_connects_goes_out_when_it_is_up(void **state)
{
	char text[16] = "";

	(void)state;
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), 0);
	flow_write(near.f, SLICE("early"));
	wait_for(&near, "flow-up");
	const int fd = accept_raw();
	assert_int_equal(recv(fd, text, sizeof(text), MSG_DONTWAIT), 5);
	assert_string_equal(text, "early");
	close(fd);
}

/* Bytes that its peer has not acknowledged. */
static unsigned unacknowledged(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	return info.tcpi_unacked;
}

/* An exchange like this makes Linux wait with acknowledgements for bytes to go with them. */
static void what_nothing_is_sent_behind_is_acknowledged_at_once(void **state)
{
	(void)state;
	const int fd = connect_both();
	for (size_t i = 1; i <= 20; i++) {
		flow_write(near.f, SLICE("to"));
		wait_for_bytes(&far, 2 * i);
		flow_write(far.f, SLICE("fro"));
		wait_for_bytes(&near, 3 * i);
	}
	for (size_t i = 1; i <= 3; i++) {
		flow_write(far.f, SLICE("x"));
		wait_for_bytes(&near, 60 + i);
		flows_flush(&fs);
		assert_int_equal(unacknowledged(fd), 0);
	}
}

static void a_refused_connection_has_its_errno(void **state)
{
	(void)state;
	close(listener);
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), 0);
	wait_for(&near, "flow-failed");
	assert_int_equal(near.err, ECONNREFUSED);
	assert_int_equal(near.step, FLOW_STEP_CONNECT);
	assert_true(addr_eq(&near.peer, &listener_addr));
	listener = -1;
}

static void a_flow_dropped_while_connecting_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), 0);
	flow_drop(near.f);
	near.f = NULL;
	turn(0);
	assert_string_equal(near.log, "");
	assert_int_equal(flows_count(&fs), 0);
}

/* ---- bytes ---- */

static void bytes_cross_in_both_directions(void **state)
{
	(void)state;
	connect_both();
	flow_write(near.f, SLICE("one "));
	flow_write(near.f, SLICE("two"));
	flow_write(far.f, SLICE("three"));
	wait_for_bytes(&far, 7);
	wait_for_bytes(&near, 5);
	assert_string_equal(buf_cstr(&far.bytes), "one two");
	assert_string_equal(buf_cstr(&near.bytes), "three");
	assert_false(flows_ready(&fs)); /* there is no more */
}

static void the_peers_end_leaves_our_side_open(void **state)
{
	char text[16] = "";

	(void)state;
	connect_near();
	int fd = accept_raw();
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	wait_for(&near, "flow-eof");
	flow_write(near.f, SLICE("still"));
	flows_flush(&fs);
	assert_int_equal(recv(fd, text, sizeof(text), 0), 5);
	assert_string_equal(text, "still");
	close(fd);
}

static void a_reset_is_told_with_its_errno(void **state)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	(void)state;
	connect_near();
	int fd = accept_raw();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
	wait_for(&near, "flow-failed");
	assert_int_equal(near.err, ECONNRESET);
	assert_int_equal(near.step, FLOW_STEP_OPEN);
}

static void a_flow_can_end_with_a_reset(void **state)
{
	(void)state;
	connect_both();
	flow_reset(far.f);
	far.gone = true;
	flow_reset(far.f); /* it is dead already */
	wait_for(&near, "flow-failed");
	assert_int_equal(near.err, ECONNRESET);
}

/* ---- TLS ---- */

static void load_tls(void)
{
	struct authority *a;
	struct buf pem;

	buf_init(&pem, BYTES_MAX);
	assert_int_equal(authority_new(&a), 0);
	assert_int_equal(authority_put_ca(a, &pem), 0);
	assert_int_equal(trust_add_ca(trust, TRUST, buf_slice(&pem)), 0);
	buf_clear(&pem);
	assert_int_equal(authority_put_identity(a, "pool.test", -100, 100, &pem), 0);
	assert_int_equal(trust_add_identity(trust, IDENTITY, buf_slice(&pem)), 0);
	authority_free(a);
	buf_done(&pem);
}

static const struct tls_policy client = { .trust = TRUST, .name = "pool.test" };
static const struct tls_policy stranger = { .trust = TRUST, .name = "other.test" };
static const struct tls_policy server = { .accept = true, .identity = IDENTITY };

static void tls_protects_both_directions(void **state)
{
	(void)state;
	load_tls();
	connect_both();
	flow_start_tls(far.f, &server);
	flow_start_tls(near.f, &client);
	wait_for(&near, "tls-up");
	wait_for(&far, "tls-up");
	assert_string_equal(near.tls.version, "TLSv1.3");
	fill(near.f, 500000);
	flow_write(far.f, SLICE("answer"));
	wait_for_bytes(&far, 500000);
	wait_for_bytes(&near, 6);
	flow_close(near.f);
	near.gone = true;
	wait_for(&far, "tls-up flow-eof");
}

static void tls_begins_behind_the_bytes_in_clear(void **state)
{
	(void)state;
	load_tls();
	connect_both();
	flow_write(far.f, SLICE("<proceed/>"));
	wait_for_bytes(&near, 10);
	flow_start_tls(far.f, &server);
	flow_start_tls(near.f, &client);
	wait_for(&far, "tls-up");
	wait_for(&near, "tls-up");
}

static void tls_begins_once_and_only_where_bytes_can_go(void **state)
{
	(void)state;
	load_tls();
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), 0);
	flow_start_tls(near.f, &client); /* before it is up */
	wait_for(&near, "flow-up");
	const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_int_equal(flow_adopt(&far.f, &fs, 2, fd, flow_local(near.f), &far), 0);
	flow_write(far.f, SLICE("clear"));
	wait_for_bytes(&near, 5);
	flow_start_tls(far.f, &server);
	flow_start_tls(near.f, &client);
	flow_start_tls(near.f, &stranger);
	wait_for(&near, "flow-up tls-up");
	wait_for(&far, "tls-up");
}

static void without_memory_for_tls_the_flow_ends(void **state)
{
	(void)state;
	load_tls();
	connect_both();
	mem_fail_after(0);
	flow_start_tls(near.f, &client);
	mem_fail_after(-1);
	wait_for(&near, "flow-failed");
	assert_int_equal(near.err, ENOMEM);
	assert_int_equal(near.step, FLOW_STEP_TLS);
}

static bool are_up(void)
{
	return strcmp(near.log, "tls-up") == 0 && strcmp(far.log, "tls-up") == 0;
}

/* Whatever it was for, on the wire or from it. */
static void without_memory_in_a_handshake_a_flow_ends(void **state)
{
	unsigned n = 0;

	do {
		tear_down(state);
		set_up(state);
		load_tls();
		connect_both();
		flow_start_tls(far.f, &server);
		flow_start_tls(near.f, &client);
		flows_flush(&fs);
		const ts_t end = loop_now(loop) + TS_S(5);
		mem_fail_after(n++);
		while (!are_up() && !near.gone && !far.gone && loop_now(loop) < end)
			turn(end);
		mem_fail_after(-1);
		if (near.gone || far.gone)
			assert_int_equal(near.gone ? near.err : far.err, ENOMEM);
		else
			assert_true(are_up());
	} while (!are_up());
	assert_true(n > 2);
}

static void a_chain_with_a_fault_fails_in_the_tls_step(void **state)
{
	(void)state;
	load_tls();
	connect_both();
	flow_start_tls(far.f, &server);
	flow_start_tls(near.f, &stranger);
	wait_for(&near, "flow-failed");
	assert_int_equal(near.err, 0);
	assert_int_equal(near.step, FLOW_STEP_TLS);
	assert_int_equal(near.tls.failure, TLS_FAILURE_CERTIFICATE);
	assert_int_equal(near.tls.faults, TLS_FAULT_NAME);
	wait_for(&far, "flow-failed");
	assert_int_equal(far.tls.failure, TLS_FAILURE_ALERT);
	assert_int_equal(far.step, FLOW_STEP_TLS);
}

static void a_peer_that_speaks_no_tls_is_told(void **state)
{
	(void)state;
	load_tls();
	connect_near();
	int fd = accept_raw();
	flow_start_tls(near.f, &client);
	assert_int_equal(send(fd, "SIP/2.0 400 ?\r\n", 15, 0), 15);
	close(fd);
	wait_for(&near, "flow-failed");
	assert_int_equal(near.tls.failure, TLS_FAILURE_PLAIN_PEER);
	assert_int_equal(near.err, 0);
}

static void a_peer_that_closes_in_the_handshake_is_told(void **state)
{
	(void)state;
	load_tls();
	connect_near();
	int fd = accept_raw();
	flow_start_tls(near.f, &client);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	wait_for(&near, "flow-failed");
	assert_int_equal(near.tls.failure, TLS_FAILURE_CLOSED);
	assert_int_equal(near.err, 0);
	assert_int_equal(near.step, FLOW_STEP_TLS);
	close(fd);
}

/* TLS 1.3: the server looks at our certificate when we are up already.  It is the handshake's
 * failure all the same. */
static void a_client_without_a_certificate_is_up_and_then_refused(void **state)
{
	struct tls_policy asking = server;

	(void)state;
	asking.request_certificate = true;
	asking.trust = TRUST;
	load_tls();
	connect_both();
	flow_start_tls(far.f, &asking);
	flow_start_tls(near.f, &client);
	wait_for(&near, "tls-up flow-failed");
	assert_int_equal(near.err, 0);
	assert_int_equal(near.step, FLOW_STEP_TLS);
	assert_int_equal(near.tls.failure, TLS_FAILURE_CLIENT_CERTIFICATE);
	assert_string_equal(near.tls.version, "TLSv1.3");
	wait_for(&far, "flow-failed");
	assert_int_equal(far.err, 0);
	assert_int_equal(far.step, FLOW_STEP_TLS);
	assert_int_equal(far.tls.failure, TLS_FAILURE_CERTIFICATE);
}

static const uint8_t damaged[] = { 23, 3, 3, 0, 20, 'n', 'o', 't', ' ', 'e', 'n', 'c', 'r', 'y',
	'p', 't', 'e', 'd', ' ', 'b', 'y', ' ', 'u', 's', '.' };

/* When bytes have come the handshake is long over. */
static void a_record_that_is_damaged_ends_the_flow(void **state)
{
	(void)state;
	load_tls();
	const int fd = connect_both();
	flow_start_tls(far.f, &server);
	flow_start_tls(near.f, &client);
	wait_for(&near, "tls-up");
	wait_for(&far, "tls-up");
	flow_write(far.f, SLICE("200 OK"));
	wait_for_bytes(&near, 6);
	assert_int_equal(send(fd, damaged, sizeof(damaged), 0), sizeof(damaged));
	wait_for(&near, "tls-up flow-failed");
	assert_int_equal(near.err, EPROTO);
	assert_int_equal(near.step, FLOW_STEP_OPEN);
	assert_int_equal(buf_len(&near.bytes), 6);
}

/* ---- a peer whose TLS ends apart from its connection ---- */

struct peer {
	int fd;
	struct channel *tls;
	struct buf plain, wire;
};

static void peer_write(struct peer *p)
{
	const struct slice out = buf_slice(&p->wire);

	assert_int_equal(send(p->fd, out.p, out.n, 0), out.n);
	buf_clear(&p->wire);
}

/* Until its TLS is in this state. */
static void peer_wait_for(struct peer *p, enum channel_state state)
{
	const ts_t end = loop_now(loop) + TS_S(5);
	uint8_t bytes[4096];

	while (channel_state(p->tls) != state && loop_now(loop) < end) {
		turn(0);
		ssize_t n = recv(p->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0)
			channel_push(p->tls, slice_of(bytes, (size_t)n), &p->plain, &p->wire);
		peer_write(p);
	}
	assert_int_equal(channel_state(p->tls), state);
}

static void open_peer(struct peer *p)
{
	load_tls();
	connect_near();
	p->fd = accept_raw();
	buf_init(&p->plain, BYTES_MAX);
	buf_init(&p->wire, BYTES_MAX);
	assert_int_equal(channel_new(&p->tls, trust, &server), 0);
	flow_start_tls(near.f, &client);
	peer_wait_for(p, CHANNEL_UP);
	wait_for(&near, "tls-up");
}

static void close_peer(struct peer *p)
{
	channel_free(p->tls);
	buf_done(&p->plain);
	buf_done(&p->wire);
	close(p->fd);
}

/* A client of TLS 1.3 may speak as soon as it has finished. */
static void what_comes_with_the_end_of_the_handshake_is_told(void **state)
{
	const ts_t end = loop_now(loop) + TS_S(5);
	uint8_t bytes[4096];
	union sock_addr sa;
	struct peer p;

	(void)state;
	load_tls();
	const socklen_t n_sa = sock_put_addr(&sa, &listener_addr);
	p.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p.fd, &sa.sa, n_sa), 0);
	const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_int_equal(flow_adopt(&far.f, &fs, 2, fd, &listener_addr, &far), 0);
	flow_start_tls(far.f, &server);
	buf_init(&p.plain, BYTES_MAX);
	buf_init(&p.wire, BYTES_MAX);
	assert_int_equal(channel_new(&p.tls, trust, &client), 0);
	channel_push(p.tls, SLICE_NONE, &p.plain, &p.wire);
	peer_write(&p);
	while (channel_state(p.tls) != CHANNEL_UP && loop_now(loop) < end) {
		turn(0);
		ssize_t n = recv(p.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0)
			channel_push(p.tls, slice_of(bytes, (size_t)n), &p.plain, &p.wire);
	}
	channel_write(p.tls, SLICE("REGISTER"), &p.wire);
	peer_write(&p);
	wait_for(&far, "tls-up");
	wait_for_bytes(&far, 8);
	close_peer(&p);
}

static void the_end_of_tls_is_the_end(void **state)
{
	struct peer p;

	(void)state;
	open_peer(&p);
	channel_close(p.tls, &p.wire);
	peer_write(&p);
	wait_for(&near, "tls-up flow-eof");
	close_peer(&p);
}

/* RFC 8446 section 6.1: else the peer cannot know that nothing was cut off. */
static void a_closed_flow_ends_its_tls(void **state)
{
	struct peer p;

	(void)state;
	open_peer(&p);
	flow_close(near.f);
	near.gone = true;
	peer_wait_for(&p, CHANNEL_EOF);
	close_peer(&p);
}

/* What it still says, and how, is nothing to what we have to write. */
static void a_closed_flow_is_written_though_its_peer_fails(void **state)
{
	size_t written = 0;
	struct peer p;

	(void)state;
	open_peer(&p);
	for (; strcmp(near.log, "tls-up") == 0; written += 60000) {
		fill(near.f, 60000);
		flows_flush(&fs);
	}
	flow_close(near.f);
	near.gone = true;
	assert_int_equal(send(p.fd, damaged, sizeof(damaged), 0), sizeof(damaged));
	for (unsigned i = 0; i < 3; i++)
		turn(0);
	peer_wait_for(&p, CHANNEL_EOF);
	assert_int_equal(buf_len(&p.plain), written);
	close_peer(&p);
}

static void of_a_closed_flow_not_even_the_end_is_told(void **state)
{
	struct peer p;

	(void)state;
	open_peer(&p);
	react = close_at_bytes;
	channel_write(p.tls, SLICE("bye"), &p.wire);
	channel_close(p.tls, &p.wire);
	peer_write(&p);
	wait_for_bytes(&near, 3);
	assert_string_equal(near.log, "tls-up");
	close_peer(&p);
}

static int others[2];

static void drop_and_give_away(struct flow *f, const struct fact *in)
{
	if (in->type != FACT_FLOW_BYTES)
		return;
	flow_drop(f);
	near.gone = true;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, others), 0);
}

/* The alert would go to whoever has its descriptor now. */
static void a_flow_dropped_before_its_tls_failed_writes_nothing(void **state)
{
	struct peer p;
	char byte;

	(void)state;
	open_peer(&p);
	const int fd = socket_at(flow_local(near.f));
	react = drop_and_give_away;
	channel_write(p.tls, SLICE("bye"), &p.wire);
	buf_put(&p.wire, slice_of(damaged, sizeof(damaged)));
	peer_write(&p);
	wait_for_bytes(&near, 3);
	assert_int_equal(others[0], fd);
	assert_int_equal(read(others[1], &byte, 1), -1);
	close(others[0]);
	close(others[1]);
	close_peer(&p);
}

static void give_away(struct flow *f, const struct fact *in)
{
	(void)f;
	if (in->type != FACT_FLOW_FAILED)
		return;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, others), 0);
	assert_int_equal(write(others[1], "y", 1), 1);
}

/* Its owner may have connected anew, with the same descriptor. */
static void a_flow_that_failed_reads_nothing(void **state)
{
	char byte = 0;

	(void)state;
	connect_both();
	const int fd = socket_at(flow_local(near.f));
	flow_write(far.f, SLICE("x"));
	flows_flush(&fs);
	loop_wait(loop, 0);
	react = give_away;
	flow_start_tls(near.f, &client);
	wait_for(&near, "flow-failed");
	assert_false(flows_ready(&fs));
	assert_int_equal(others[0], fd);
	assert_int_equal(read(others[0], &byte, 1), 1);
	close(others[0]);
	close(others[1]);
}

static void tls_with_nothing_loaded_fails_and_says_so(void **state)
{
	(void)state;
	connect_both();
	flow_start_tls(near.f, &client);
	assert_string_equal(near.log, ""); /* never from inside the call */
	wait_for(&near, "flow-failed");
	assert_int_equal(near.tls.failure, TLS_FAILURE_OTHER);
	assert_int_equal(near.tls.alert, -1);
	assert_int_equal(near.step, FLOW_STEP_TLS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_comes_up_with_its_addresses),
		TEST(what_is_written_while_it_connects_goes_out_when_it_is_up),
		TEST(what_nothing_is_sent_behind_is_acknowledged_at_once),
		TEST(a_refused_connection_has_its_errno),
		TEST(a_flow_dropped_while_connecting_says_nothing),
		TEST(bytes_cross_in_both_directions),
		TEST(the_peers_end_leaves_our_side_open),
		TEST(a_reset_is_told_with_its_errno),
		TEST(a_flow_can_end_with_a_reset),
		TEST(tls_protects_both_directions),
		TEST(tls_begins_behind_the_bytes_in_clear),
		TEST(tls_begins_once_and_only_where_bytes_can_go),
		TEST(without_memory_for_tls_the_flow_ends),
		TEST(without_memory_in_a_handshake_a_flow_ends),
		TEST(a_chain_with_a_fault_fails_in_the_tls_step),
		TEST(a_peer_that_speaks_no_tls_is_told),
		TEST(a_peer_that_closes_in_the_handshake_is_told),
		TEST(a_client_without_a_certificate_is_up_and_then_refused),
		TEST(a_record_that_is_damaged_ends_the_flow),
		TEST(what_comes_with_the_end_of_the_handshake_is_told),
		TEST(the_end_of_tls_is_the_end),
		TEST(a_closed_flow_ends_its_tls),
		TEST(a_closed_flow_is_written_though_its_peer_fails),
		TEST(of_a_closed_flow_not_even_the_end_is_told),
		TEST(a_flow_dropped_before_its_tls_failed_writes_nothing),
		TEST(a_flow_that_failed_reads_nothing),
		TEST(tls_with_nothing_loaded_fails_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
