#include "net/resolver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/sock.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28, TYPE_SRV = 33, TYPE_NAPTR = 35 };
enum { MESSAGE_MAX = 4096, QUERY_HEAD = 12, TRUNCATED = 0x02, SILENT = -1 };

/* ---- a server of one small zone ---- */

struct row {
	const char *name;
	int rcode; /* or SILENT */
	unsigned n;
	struct {
		uint16_t type;
		struct slice data;
	} answers[2];
	bool truncated; /* over UDP */
};

#define TARGET "\004sip1\004test\000"

static const struct row zone[] = {
	{ "one.test", 0, 1, { { TYPE_A, SLICE("\300\000\002\001") } }, false },
	{ "two.test", 0, 2,
		{ { TYPE_A, SLICE("\300\000\002\001") }, { TYPE_A, SLICE("\300\000\002\002") } },
		false },
	{ "six.test", 0, 1, { { TYPE_AAAA, SLICE("\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\001") } },
		false },
	{ "alias.test", 0, 1, { { TYPE_CNAME, SLICE(TARGET) } }, false },
	{ "_sip._tcp.test", 0, 2,
		{ { TYPE_SRV, SLICE("\000\012\000\024\023\304" TARGET) },
			{ TYPE_SRV, SLICE("\000\036\000\000\023\305" TARGET) } },
		false },
	{ "_none._tcp.test", 0, 1, { { TYPE_SRV, SLICE("\000\000\000\000\000\000\000") } }, false },
	{ "naptr.test", 0, 1,
		{ { TYPE_NAPTR, SLICE("\000\001\000\002\001s\007SIP+D2T\000" TARGET) } }, false },
	{ "short.test", 0, 1, { { TYPE_SRV, SLICE("\000\012\000") } }, false },
	{ "long.test", 0, 1, { { TYPE_A, SLICE("\300\000\002\003") } }, true },
	{ "empty.test", 0, 0, { { 0, { NULL, 0 } } }, false },
	{ "formerr.test", 1, 0, { { 0, { NULL, 0 } } }, false },
	{ "servfail.test", 2, 0, { { 0, { NULL, 0 } } }, false },
	{ "nxdomain.test", 3, 0, { { 0, { NULL, 0 } } }, false },
	{ "notimp.test", 4, 0, { { 0, { NULL, 0 } } }, false },
	{ "refused.test", 5, 0, { { 0, { NULL, 0 } } }, false },
	{ "silent.test", SILENT, 0, { { 0, { NULL, 0 } } }, false },
};

struct server {
	int udp, tcp, conn;
	struct addr addr;
	struct event on_udp, on_tcp, on_conn;
	int rcode; /* of all answers, when not 0 */
	unsigned asked;
};

static struct loop *loop;
static struct server servers[2];
static struct resolver *resolver;

static void put16(struct buf *b, unsigned v)
{
	buf_putc(b, (uint8_t)(v >> 8));
	buf_putc(b, (uint8_t)v);
}

/* The question's name as text; how long it is on the wire. */
static size_t read_name(const uint8_t *p, char *name, size_t size)
{
	size_t at = 0, n = 0;

	while (p[at]) {
		n += (size_t)snprintf(name + n, size - n, "%s%.*s", n ? "." : "", (int)p[at],
			(const char *)p + at + 1);
		at += 1u + p[at];
	}
	return at + 1;
}

/* Writes the reply to a question; false: silence. */
static bool reply(struct server *s, struct slice q, bool tcp, struct buf *b)
{
	char name[256];
	size_t n = read_name(q.p + QUERY_HEAD, name, sizeof(name)) + 4;
	const struct row *row = NULL;

	s->asked++;
	for (size_t i = 0; i < COUNT(zone) && !row; i++)
		if (strcasecmp(zone[i].name, name) == 0)
			row = &zone[i];
	assert_non_null(row);
	bool cut = row->truncated && !tcp;
	unsigned count = cut || s->rcode ? 0 : row->n;
	buf_put(b, slice_cut(q, 0, 2));
	buf_putc(b, (uint8_t)(0x81 | (cut ? TRUNCATED : 0)));
	buf_putc(b, (uint8_t)(0x80 | (s->rcode ? s->rcode : row->rcode)));
	put16(b, 1);
	put16(b, count);
	put16(b, 0);
	put16(b, 0);
	buf_put(b, slice_cut(q, QUERY_HEAD, QUERY_HEAD + n));
	for (unsigned i = 0; i < count; i++) {
		put16(b, 0xc000 | QUERY_HEAD);
		put16(b, row->answers[i].type);
		put16(b, 1);
		put16(b, 0);
		put16(b, 300);
		put16(b, (unsigned)row->answers[i].data.n);
		buf_put(b, row->answers[i].data);
	}
	return row->rcode != SILENT;
}

static void on_udp(evutil_socket_t fd, short what, void *arg)
{
	uint8_t q[MESSAGE_MAX];
	union sock_addr from;
	socklen_t n_from = sizeof(from);
	struct buf b;
	ssize_t n = recvfrom(fd, q, sizeof(q), 0, &from.sa, &n_from);

	(void)what;
	if (n < QUERY_HEAD)
		return;
	buf_init(&b, MESSAGE_MAX);
	if (reply(arg, slice_of(q, (size_t)n), false, &b))
		sendto(fd, buf_slice(&b).p, buf_len(&b), 0, &from.sa, n_from);
	buf_done(&b);
}

/* Of a question over TCP all is there at once: it is small, and this is loopback. */
static void on_conn(evutil_socket_t fd, short what, void *arg)
{
	uint8_t q[MESSAGE_MAX];
	struct buf b, framed;
	ssize_t n = recv(fd, q, sizeof(q), 0);

	(void)what;
	if (n <= 2 + QUERY_HEAD)
		return;
	buf_init(&b, MESSAGE_MAX);
	buf_init(&framed, MESSAGE_MAX);
	reply(arg, slice_of(q + 2, (size_t)n - 2), true, &b);
	put16(&framed, (unsigned)buf_len(&b));
	buf_put(&framed, buf_slice(&b));
	send(fd, buf_slice(&framed).p, buf_len(&framed), MSG_NOSIGNAL);
	buf_done(&b);
	buf_done(&framed);
}

static void on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	s->conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	event_assign(&s->on_conn, loop_base(loop), s->conn, EV_READ | EV_PERSIST, on_conn, s);
	event_add(&s->on_conn, NULL);
}

/* A port that is free for both; another process may have taken it for one of them. */
static bool bind_both(struct server *s)
{
	assert_true(addr_decode(SLICE("127.0.0.1:0"), &s->addr));
	s->tcp = sock_open(&s->addr, SOCK_STREAM);
	s->udp = sock_open(&s->addr, SOCK_DGRAM);
	if (sock_bind(s->tcp, &s->addr) == 0 && sock_local(s->tcp, &s->addr) == 0 &&
		sock_bind(s->udp, &s->addr) == 0)
		return true;
	close(s->tcp);
	close(s->udp);
	return false;
}

static void open_server(struct server *s)
{
	bool bound = false;

	*s = (struct server){ .conn = -1 };
	for (unsigned i = 0; i < 50 && !bound; i++)
		bound = bind_both(s);
	assert_true(bound);
	assert_int_equal(listen(s->tcp, 4), 0);
	event_assign(&s->on_udp, loop_base(loop), s->udp, EV_READ | EV_PERSIST, on_udp, s);
	event_assign(&s->on_tcp, loop_base(loop), s->tcp, EV_READ | EV_PERSIST, on_tcp, s);
	event_add(&s->on_udp, NULL);
	event_add(&s->on_tcp, NULL);
}

static void close_server(struct server *s)
{
	event_del(&s->on_udp);
	event_del(&s->on_tcp);
	if (s->conn >= 0) {
		event_del(&s->on_conn);
		close(s->conn);
	}
	close(s->udp);
	close(s->tcp);
}

/* ---- what was answered ---- */

static struct {
	unsigned n;
	uint64_t id;
	enum dns_status status;
	bool hosts;
	struct addr server;
	size_t n_records;
	struct dns_record records[DNS_RECORDS_MAX];
} got;

static void answered(void *arg, uint64_t id, const struct dns_answer *a)
{
	(void)arg;
	got.n++;
	got.id = id;
	got.status = a->status;
	got.hosts = a->from_hosts_file;
	got.server = a->server;
	got.n_records = a->n_records;
	if (a->n_records)
		memcpy(got.records, a->records, a->n_records * sizeof(*a->records));
}

static void open_resolver(const struct addr *first, const struct addr *second)
{
	struct resolver_cfg cfg = { .servers = { *first }, .answer = answered };

	if (second)
		cfg.servers[1] = *second;
	assert_int_equal(resolver_new(&resolver, loop, &cfg), 0);
}

static int set_up(void **state)
{
	(void)state;
	memset(&got, 0, sizeof(got));
	assert_int_equal(loop_new(&loop), 0);
	open_server(&servers[0]);
	open_server(&servers[1]);
	open_resolver(&servers[0].addr, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	resolver = resolver_free(resolver);
	close_server(&servers[0]);
	close_server(&servers[1]);
	loop_free(loop);
	return 0;
}

static void turn(void)
{
	ts_t end = loop_now(loop) + TS_S(10);

	loop_wait(loop, ts_min(end, resolver_deadline(resolver)));
	resolver_process(resolver);
}

static void ask(enum dns_type type, const char *name)
{
	ts_t end = loop_now(loop) + TS_S(10);

	got.n = 0;
	assert_int_equal(resolver_ask(resolver, 7, type, name), 0);
	assert_int_equal(got.n, 0); /* never from inside the call */
	while (got.n == 0 && loop_now(loop) < end)
		turn();
	assert_int_equal(got.n, 1);
	assert_int_equal(got.id, 7);
}

/* ---- tests ---- */

static void addresses_come_with_their_time_to_live(void **state)
{
	(void)state;
	ask(DNS_A, "two.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.n_records, 2);
	assert_int_equal(got.records[0].addr.family, 4);
	assert_int_equal(got.records[1].addr.ip[3], 2);
	assert_int_equal(got.records[0].ttl_s, 300);
	assert_true(addr_eq(&got.server, &servers[0].addr));
	assert_false(got.hosts);
	ask(DNS_AAAA, "six.test");
	assert_int_equal(got.n_records, 1);
	assert_int_equal(got.records[0].addr.family, 6);
	assert_int_equal(got.records[0].addr.ip[15], 1);
}

static void services_come_with_all_their_fields(void **state)
{
	(void)state;
	ask(DNS_SRV, "_sip._tcp.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.n_records, 2);
	assert_int_equal(got.records[0].srv.priority, 10);
	assert_int_equal(got.records[0].srv.weight, 20);
	assert_int_equal(got.records[0].srv.port, 5060);
	assert_string_equal(got.records[0].srv.target, "sip1.test");
	assert_int_equal(got.records[1].srv.port, 5061);
	ask(DNS_SRV, "_none._tcp.test");
	assert_int_equal(got.n_records, 1);
	assert_string_equal(got.records[0].srv.target, ""); /* "." : RFC 2782, not here */
}

static void naptr_comes_with_all_its_fields(void **state)
{
	(void)state;
	ask(DNS_NAPTR, "naptr.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.n_records, 1);
	assert_int_equal(got.records[0].naptr.order, 1);
	assert_int_equal(got.records[0].naptr.preference, 2);
	assert_string_equal(got.records[0].naptr.flags, "s");
	assert_string_equal(got.records[0].naptr.service, "SIP+D2T");
	assert_false(got.records[0].naptr.has_regexp);
	assert_string_equal(got.records[0].naptr.replacement, "sip1.test");
}

static void each_failure_keeps_its_own_status(void **state)
{
	static const struct {
		enum dns_type type;
		const char *name;
		enum dns_status status;
	} rows[] = {
		{ DNS_A, "nxdomain.test", DNS_NXDOMAIN },
		{ DNS_SRV, "nxdomain.test", DNS_NXDOMAIN },
		{ DNS_A, "empty.test", DNS_NODATA },
		{ DNS_NAPTR, "empty.test", DNS_NODATA },
		{ DNS_AAAA, "one.test", DNS_NODATA },
		{ DNS_A, "alias.test", DNS_NODATA }, /* an alias of what has none */
		{ DNS_A, "servfail.test", DNS_SERVFAIL },
		{ DNS_A, "notimp.test", DNS_SERVFAIL },
		{ DNS_A, "refused.test", DNS_REFUSED },
		{ DNS_A, "formerr.test", DNS_MALFORMED },
		{ DNS_SRV, "short.test", DNS_MALFORMED },
		{ DNS_A, "silent.test", DNS_TIMEOUT },
		{ DNS_A, "", DNS_MALFORMED },
		{ DNS_A, "a..b", DNS_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(rows[i].type, rows[i].name);
		if (got.status != rows[i].status)
			fail_msg("%s %s: %s", dns_type_name(rows[i].type), rows[i].name,
				dns_status_name(got.status));
		assert_int_equal(got.n_records, 0);
	}
}

static void a_closed_port_is_not_a_timeout(void **state)
{
	struct server gone;

	(void)state;
	open_server(&gone);
	close_server(&gone);
	resolver_free(resolver);
	open_resolver(&gone.addr, NULL);
	ts_t start = loop_now(loop);
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_UNREACHABLE);
	assert_true(addr_eq(&got.server, &gone.addr));
	assert_true(loop_now(loop) - start < TS_MS(900));
}

static void a_truncated_answer_is_asked_for_by_tcp(void **state)
{
	(void)state;
	ask(DNS_A, "long.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.records[0].addr.ip[3], 3);
	assert_int_equal(servers[0].asked, 2);
}

static void a_server_that_fails_gives_way_to_the_next(void **state)
{
	static const int rcodes[] = { 2, 5 };

	(void)state;
	resolver_free(resolver);
	open_resolver(&servers[0].addr, &servers[1].addr);
	for (size_t i = 0; i < COUNT(rcodes); i++) {
		servers[0].rcode = rcodes[i];
		servers[0].asked = servers[1].asked = 0;
		ask(DNS_A, "one.test");
		assert_int_equal(got.status, DNS_OK);
		assert_true(addr_eq(&got.server, &servers[1].addr));
		assert_int_equal(servers[0].asked, 1);
		assert_int_equal(servers[1].asked, 1);
	}
	/* Nobody can: what the first one said is told, and none is asked in vain. */
	servers[1].rcode = 2;
	servers[0].asked = servers[1].asked = 0;
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_SERVFAIL);
	assert_int_equal(servers[0].asked, 1);
	assert_int_equal(servers[1].asked, 1);
}

static void the_server_can_be_named_later(void **state)
{
	(void)state;
	resolver_use(resolver, &servers[1].addr);
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_OK);
	assert_true(addr_eq(&got.server, &servers[1].addr));
	assert_int_equal(servers[0].asked, 0);
}

static void a_name_that_does_not_exist_is_not_asked_twice(void **state)
{
	(void)state;
	resolver_free(resolver);
	open_resolver(&servers[0].addr, &servers[1].addr);
	ask(DNS_A, "nxdomain.test");
	assert_int_equal(got.status, DNS_NXDOMAIN);
	assert_int_equal(servers[1].asked, 0);
}

static void numbers_and_localhost_need_no_server(void **state)
{
	static const struct {
		enum dns_type type;
		const char *name;
		enum dns_status status;
		uint8_t family;
	} rows[] = {
		{ DNS_A, "192.0.2.1", DNS_OK, 4 },
		{ DNS_AAAA, "2001:db8::1", DNS_OK, 6 },
		{ DNS_AAAA, "192.0.2.1", DNS_NODATA, 0 },
		{ DNS_A, "2001:db8::1", DNS_NODATA, 0 },
		{ DNS_A, "localhost", DNS_OK, 4 },
		{ DNS_AAAA, "localhost", DNS_OK, 6 },
		{ DNS_A, "pool.LOCALHOST", DNS_OK, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(rows[i].type, rows[i].name);
		assert_int_equal(got.status, rows[i].status);
		assert_int_equal(got.n_records, rows[i].status == DNS_OK);
		if (got.n_records)
			assert_int_equal(got.records[0].addr.family, rows[i].family);
	}
	assert_int_equal(servers[0].asked, 0);
}

static void many_questions_run_at_once(void **state)
{
	ts_t end = loop_now(loop) + TS_S(5);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(resolver_ask(resolver, i, DNS_A, "one.test"), 0);
	while (got.n < 100 && loop_now(loop) < end)
		turn();
	assert_int_equal(got.n, 100);
}

static void a_dropped_question_has_no_answer(void **state)
{
	(void)state;
	assert_int_equal(resolver_ask(resolver, 1, DNS_A, "one.test"), 0);
	assert_int_equal(resolver_ask(resolver, 2, DNS_A, "192.0.2.1"), 0);
	resolver_drop(resolver, 1);
	resolver_drop(resolver, 2);
	resolver_drop(resolver, 3); /* never asked */
	while (resolver_deadline(resolver) != TS_NEVER)
		turn();
	assert_int_equal(got.n, 0);
}

static void questions_in_hand_end_with_the_resolver(void **state)
{
	(void)state;
	assert_int_equal(resolver_ask(resolver, 1, DNS_A, "silent.test"), 0);
	assert_int_equal(resolver_ask(resolver, 2, DNS_A, "192.0.2.1"), 0);
	resolver = resolver_free(resolver);
	assert_int_equal(got.n, 0);
}

static void without_memory_the_caller_is_told(void **state)
{
	int err = -ENOMEM;

	(void)state;
	for (long n = 0; err == -ENOMEM && n < 100; n++) {
		mem_fail_after(n);
		err = resolver_ask(resolver, 1, DNS_A, "192.0.2.1");
		mem_fail_after(-1);
		resolver_process(resolver);
	}
	assert_int_equal(err, 0);
	assert_true(got.n >= 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_come_with_their_time_to_live),
		TEST(services_come_with_all_their_fields),
		TEST(naptr_comes_with_all_its_fields),
		TEST(each_failure_keeps_its_own_status),
		TEST(a_closed_port_is_not_a_timeout),
		TEST(a_truncated_answer_is_asked_for_by_tcp),
		TEST(a_server_that_fails_gives_way_to_the_next),
		TEST(the_server_can_be_named_later),
		TEST(a_name_that_does_not_exist_is_not_asked_twice),
		TEST(numbers_and_localhost_need_no_server),
		TEST(many_questions_run_at_once),
		TEST(a_dropped_question_has_no_answer),
		TEST(questions_in_hand_end_with_the_resolver),
		TEST(without_memory_the_caller_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
