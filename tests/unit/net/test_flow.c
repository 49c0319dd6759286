#include "net/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/authority.h"
#include "net/sock.h"

enum { LOG_MAX = 4096, BYTES_MAX = 8 << 20, TRUST = 1, IDENTITY = 1 };

/* What was told about one flow: its facts in words, its bytes apart. */
struct told {
	struct flow *f;
	char log[LOG_MAX];
	struct buf bytes;
	int err;
	enum flow_step step;
	struct tls_facts tls;
	struct addr local, peer;
	bool gone;
};

static struct loop *loop;
static struct trust *trust;
static struct flows fs;
static struct told near, far;
static int listener;
static struct addr listener_addr;

static void tell(void *arg, struct flow *f, const struct fact *in)
{
	struct told *t = flow_owner(f);
	size_t n = strlen(t->log);

	(void)arg;
	t->local = *in->local;
	t->peer = *in->peer;
	if (in->tls)
		t->tls = *in->tls;
	if (in->type == FACT_FLOW_FAILED) {
		t->err = in->err;
		t->step = in->step;
		t->gone = true;
	}
	if (in->type == FACT_FLOW_BYTES) {
		buf_put(&t->bytes, in->bytes);
		return;
	}
	snprintf(t->log + n, LOG_MAX - n, "%s%s", n ? " " : "", fact_type_name(in->type));
}

static void listen_here(void)
{
	assert_true(addr_decode(SLICE("127.0.0.1:0"), &listener_addr));
	listener = sock_open(&listener_addr, SOCK_STREAM);
	assert_true(listener >= 0);
	assert_int_equal(sock_bind(listener, &listener_addr), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(sock_local(listener, &listener_addr), 0);
}

static int set_up(void **state)
{
	(void)state;
	near = far = (struct told){ 0 };
	buf_init(&near.bytes, BYTES_MAX);
	buf_init(&far.bytes, BYTES_MAX);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(trust_new(&trust), 0);
	assert_int_equal(flows_init(&fs, loop, trust, tell, NULL), 0);
	listen_here();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (near.f && !near.gone)
		flow_drop(near.f);
	if (far.f && !far.gone)
		flow_drop(far.f);
	flows_done(&fs);
	trust_free(trust);
	loop_free(loop);
	buf_done(&near.bytes);
	buf_done(&far.bytes);
	close(listener);
	return 0;
}

static void turn(ts_t until)
{
	loop_wait(loop, flows_ready(&fs) ? 0 : ts_min(until, flows_deadline(&fs)));
	flows_process(&fs);
	flows_flush(&fs);
	flows_reap(&fs);
}

/* Until the log of `t` is `log`; five seconds are enough. */
static void wait_for(struct told *t, const char *log)
{
	ts_t end = loop_now(loop) + TS_S(5);

	flows_flush(&fs);
	while (strcmp(t->log, log) != 0 && loop_now(loop) < end)
		turn(end);
	assert_string_equal(t->log, log);
}

static void wait_for_bytes(struct told *t, size_t n)
{
	ts_t end = loop_now(loop) + TS_S(5);

	flows_flush(&fs);
	while (buf_len(&t->bytes) < n && loop_now(loop) < end)
		turn(end);
	assert_int_equal(buf_len(&t->bytes), n);
}

static void connect_near(void)
{
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), 0);
	wait_for(&near, "flow-up");
	near.log[0] = '\0';
}

static int accept_raw(void)
{
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* near connects to far, both are flows.  Returns the socket of far. */
static int connect_both(void)
{
	connect_near();
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flow_adopt(&far.f, &fs, 2, fd, &far), 0);
	return fd;
}

/* ---- connecting ---- */

static void a_connection_comes_up_with_its_addresses(void **state)
{
	(void)state;
	connect_both();
	assert_true(addr_eq(&near.peer, &listener_addr));
	assert_true(addr_eq(flow_local(far.f), &listener_addr));
	assert_true(addr_eq(flow_peer(far.f), flow_local(near.f)));
}

/* The socket of whoever has this address. */
static int socket_at(const struct addr *local)
{
	struct addr a;

	for (int fd = 3; fd < 256; fd++)
		if (sock_local(fd, &a) == 0 && addr_eq(&a, local))
			return fd;
	fail_msg("no socket is there");
	return -1;
}

static bool is_quick(const struct flow *f)
{
	int on = 0;
	socklen_t n = sizeof(on);

	assert_int_equal(
		getsockopt(socket_at(flow_local(f)), IPPROTO_TCP, TCP_QUICKACK, &on, &n), 0);
	return on;
}

/* An exchange like this makes Linux wait with acknowledgements for bytes to go with them. */
static void while_signing_in_the_peers_bytes_are_acknowledged_at_once(void **state)
{
	(void)state;
	connect_both();
	for (size_t i = 1; i <= 16; i++) {
		flow_write(near.f, SLICE("to"));
		wait_for_bytes(&far, 2 * i);
		assert_true(is_quick(near.f));
		flow_write(far.f, SLICE("fro"));
		wait_for_bytes(&near, 3 * i);
	}
	flow_write(near.f, SLICE("to"));
	wait_for_bytes(&far, 34);
	assert_false(is_quick(near.f)); /* it costs a packet each */
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

static void a_paused_flow_is_not_read(void **state)
{
	(void)state;
	connect_both();
	flow_pause(near.f, true);
	flow_write(far.f, SLICE("later"));
	flows_flush(&fs);
	turn(0);
	turn(0);
	assert_int_equal(buf_len(&near.bytes), 0);
	flow_pause(near.f, false);
	wait_for_bytes(&near, 5);
}

/* ---- a peer that does not read ---- */

static void fill(struct flow *f, size_t n)
{
	static uint8_t piece[16384];

	for (; n; n -= n < sizeof(piece) ? n : sizeof(piece))
		flow_write(f, slice_of(piece, n < sizeof(piece) ? n : sizeof(piece)));
}

static size_t read_all(int fd)
{
	static uint8_t bytes[65536];
	size_t n = 0;

	for (ssize_t got; (got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;)
		n += (size_t)got;
	return n;
}

static void a_peer_that_does_not_read_blocks_and_then_frees(void **state)
{
	size_t written = 0, got = 0;
	ts_t end = loop_now(loop) + TS_S(5);

	(void)state;
	connect_near();
	int fd = accept_raw();
	/* The kernel holds the first megabytes; then it stays here. */
	for (; near.log[0] == '\0'; written += 60000) {
		fill(near.f, 60000);
		flows_flush(&fs);
		assert_true(written < 64 << 20);
	}
	assert_string_equal(near.log, "flow-blocked");
	while (strcmp(near.log, "flow-blocked flow-ready") != 0 && loop_now(loop) < end) {
		got += read_all(fd);
		turn(0);
	}
	assert_string_equal(near.log, "flow-blocked flow-ready");
	while (got < written && loop_now(loop) < end) {
		got += read_all(fd);
		turn(0);
	}
	assert_int_equal(got, written);
	close(fd);
}

static void a_megabyte_that_nobody_takes_ends_the_flow(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	for (size_t n = 0; !near.gone && n < 64 << 20; n += 60000) {
		fill(near.f, 60000);
		flows_flush(&fs);
	}
	assert_string_equal(near.log, "flow-blocked flow-failed");
	assert_int_equal(near.err, ENOBUFS);
	close(fd);
}

static void much_at_once_is_fine_when_the_peer_reads(void **state)
{
	(void)state;
	connect_both();
	/* More than the limit, in one wake-up, but never more than the socket leaves. */
	for (unsigned i = 0; i < 40; i++) {
		fill(near.f, 100000);
		turn(0);
	}
	wait_for_bytes(&far, 4000000);
	assert_false(near.gone);
}

/* ---- the end ---- */

static void a_closed_flow_writes_what_it_was_given(void **state)
{
	size_t got = 0;
	ts_t end = loop_now(loop) + TS_S(5);
	bool over = false;

	(void)state;
	connect_near();
	int fd = accept_raw();
	fill(near.f, 900000);
	flow_close(near.f);
	near.gone = true;
	/* The peer has finished long ago; that cuts nothing off. */
	shutdown(fd, SHUT_WR);
	while (!over && loop_now(loop) < end) {
		uint8_t bytes[65536];

		turn(0);
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		over = n == 0;
		got += n > 0 ? (size_t)n : 0;
	}
	assert_true(over);
	assert_int_equal(got, 900000);
	assert_int_equal(flows_count(&fs), 0); /* both ends have spoken */
	assert_string_equal(near.log, "");
	close(fd);
}

static void a_closed_flow_waits_for_the_peer_not_for_ever(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	flow_close(near.f);
	near.gone = true;
	turn(0);
	turn(0);
	assert_int_equal(flows_count(&fs), 1);
	assert_true(flows_deadline(&fs) <= loop_now(loop) + TS_S(2));
	for (ts_t end = loop_now(loop) + TS_S(5); flows_count(&fs) && loop_now(loop) < end;)
		turn(end);
	assert_int_equal(flows_count(&fs), 0);
	close(fd);
}

static void a_dropped_flow_is_gone_at_once(void **state)
{
	(void)state;
	connect_both();
	flow_write(near.f, SLICE("lost"));
	flow_drop(near.f);
	near.gone = true;
	wait_for(&far, "flow-eof");
	assert_int_equal(buf_len(&far.bytes), 0);
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

/* When bytes have come the handshake is long over. */
static void a_record_that_is_damaged_ends_the_flow(void **state)
{
	static const uint8_t record[] = { 23, 3, 3, 0, 20, 'n', 'o', 't', ' ', 'e', 'n', 'c', 'r',
		'y', 'p', 't', 'e', 'd', ' ', 'b', 'y', ' ', 'u', 's', '.' };

	(void)state;
	load_tls();
	const int fd = connect_both();
	flow_start_tls(far.f, &server);
	flow_start_tls(near.f, &client);
	wait_for(&near, "tls-up");
	wait_for(&far, "tls-up");
	flow_write(far.f, SLICE("200 OK"));
	wait_for_bytes(&near, 6);
	assert_int_equal(send(fd, record, sizeof(record), 0), sizeof(record));
	wait_for(&near, "tls-up flow-failed");
	assert_int_equal(near.err, EPROTO);
	assert_int_equal(near.step, FLOW_STEP_OPEN);
	assert_int_equal(buf_len(&near.bytes), 6);
}

static void tls_with_nothing_loaded_fails_and_says_so(void **state)
{
	(void)state;
	connect_both();
	flow_start_tls(near.f, &client);
	assert_string_equal(near.log, ""); /* never from inside the call */
	wait_for(&near, "flow-failed");
	assert_int_equal(near.tls.failure, TLS_FAILURE_OTHER);
	assert_int_equal(near.step, FLOW_STEP_TLS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_comes_up_with_its_addresses),
		TEST(while_signing_in_the_peers_bytes_are_acknowledged_at_once),
		TEST(a_refused_connection_has_its_errno),
		TEST(a_flow_dropped_while_connecting_says_nothing),
		TEST(bytes_cross_in_both_directions),
		TEST(the_peers_end_leaves_our_side_open),
		TEST(a_reset_is_told_with_its_errno),
		TEST(a_flow_can_end_with_a_reset),
		TEST(a_paused_flow_is_not_read),
		TEST(a_peer_that_does_not_read_blocks_and_then_frees),
		TEST(a_megabyte_that_nobody_takes_ends_the_flow),
		TEST(much_at_once_is_fine_when_the_peer_reads),
		TEST(a_closed_flow_writes_what_it_was_given),
		TEST(a_closed_flow_waits_for_the_peer_not_for_ever),
		TEST(a_dropped_flow_is_gone_at_once),
		TEST(tls_protects_both_directions),
		TEST(tls_begins_behind_the_bytes_in_clear),
		TEST(a_chain_with_a_fault_fails_in_the_tls_step),
		TEST(a_peer_that_speaks_no_tls_is_told),
		TEST(a_peer_that_closes_in_the_handshake_is_told),
		TEST(a_client_without_a_certificate_is_up_and_then_refused),
		TEST(a_record_that_is_damaged_ends_the_flow),
		TEST(tls_with_nothing_loaded_fails_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
