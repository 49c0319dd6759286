/* resolver_rig.h - a resolver and two servers of one small zone.  Included by one test program
 * each. */
#pragma once

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
#include "net/resolver.h"
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
	bool truncated;  /* over UDP */
	unsigned repeat; /* the first of them, so often */
};

/* With a domain behind it, it is none: RFC 1035 section 2.3.4 allows 253 characters. */
#define LABEL     "0123456789012345678901234567890123456789012345678901234567890"
#define LONG_NAME LABEL "." LABEL "." LABEL "." LABEL

#define TARGET "\004sip1\004test\000"

static const struct row zone[] = {
	{ "one.test", 0, 1, { { TYPE_A, SLICE("\300\000\002\001") } }, false, 0 },
	{ "two.test", 0, 2,
		{ { TYPE_A, SLICE("\300\000\002\001") }, { TYPE_A, SLICE("\300\000\002\002") } },
		false, 0 },
	{ "six.test", 0, 1, { { TYPE_AAAA, SLICE("\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\001") } },
		false, 0 },
	{ "alias.test", 0, 1, { { TYPE_CNAME, SLICE(TARGET) } }, false, 0 },
	{ "_sip._tcp.test", 0, 2,
		{ { TYPE_SRV, SLICE("\000\012\000\024\023\304" TARGET) },
			{ TYPE_SRV, SLICE("\000\036\000\000\023\305" TARGET) } },
		false, 0 },
	{ "_none._tcp.test", 0, 1, { { TYPE_SRV, SLICE("\000\000\000\000\000\000\000") } }, false,
		0 },
	{ "naptr.test", 0, 1,
		{ { TYPE_NAPTR, SLICE("\000\001\000\002\001s\007SIP+D2T\000" TARGET) } }, false,
		0 },
	{ "short.test", 0, 1, { { TYPE_SRV, SLICE("\000\012\000") } }, false, 0 },
	{ "long.test", 0, 1, { { TYPE_A, SLICE("\300\000\002\003") } }, true, 0 },
	{ "empty.test", 0, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "formerr.test", 1, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "servfail.test", 2, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "nxdomain.test", 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "notimp.test", 4, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "refused.test", 5, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "yxdomain.test", 6, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "denied.test", 3, 1, { { TYPE_A, SLICE("\300\000\002\007") } }, false, 0 },
	{ LONG_NAME, 0, 1, { { TYPE_A, SLICE("\300\000\002\010") } }, false, 0 },
	{ "x" LONG_NAME, 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "mute.a.test", 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "mute.b.test", SILENT, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "b", 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "b.a.test", 0, 1, { { TYPE_A, SLICE("\300\000\002\011") } }, false, 0 },
	{ "dangling.test", 3, 1, { { TYPE_CNAME, SLICE(TARGET) } }, false, 0 },
	{ "here.a.test", 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "here.b.test", 0, 1, { { TYPE_A, SLICE("\300\000\002\005") } }, false, 0 },
	{ "here", 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "nodata.a.test", 0, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "nodata.b.test", 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "nodata", 3, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "with.two.dots", 0, 1, { { TYPE_A, SLICE("\300\000\002\006") } }, false, 0 },
	{ "refused.a.test", 5, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "silent.test", SILENT, 0, { { 0, { NULL, 0 } } }, false, 0 },
	{ "a", 0, 1, { { TYPE_A, SLICE("\300\000\002\004") } }, false, 0 },
	{ "many.a.test", 0, 1, { { TYPE_A, SLICE("\300\000\002\001") } }, true, 70 },
	{ "many.aaaa.test", 0, 1,
		{ { TYPE_AAAA, SLICE("\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\001") } }, true, 70 },
	{ "many.srv.test", 0, 1, { { TYPE_SRV, SLICE("\000\012\000\024\023\304" TARGET) } }, true,
		70 },
	{ "many.naptr.test", 0, 1,
		{ { TYPE_NAPTR, SLICE("\000\001\000\002\001s\007SIP+D2T\000" TARGET) } }, true,
		70 },
	{ "regexp.test", 0, 1,
		{ { TYPE_NAPTR, SLICE("\000\001\000\002\001u\007E2U+sip\005!x!y!\000") } }, false,
		0 },
	{ "short.naptr.test", 0, 1, { { TYPE_NAPTR, SLICE("\000\001") } }, false, 0 },
};

struct server {
	int udp, tcp, conn;
	struct addr addr;
	struct event on_udp, on_tcp, on_conn;
	int rcode;      /* of all answers, when not 0 */
	unsigned fails; /* so many of the next */
	bool silent;
	unsigned asked;
};

static struct loop *loop;
static struct server servers[2];
static struct resolver *resolver;

static inline void put16(struct buf *b, unsigned v)
{
	buf_putc(b, (uint8_t)(v >> 8));
	buf_putc(b, (uint8_t)v);
}

/* The question's name as text; how long it is on the wire. */
static inline size_t read_name(const uint8_t *p, char *name, size_t size)
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
static inline bool reply(struct server *s, struct slice q, bool tcp, struct buf *b)
{
	char name[256];
	size_t n = read_name(q.p + QUERY_HEAD, name, sizeof(name)) + 4;
	const struct row *row = NULL;

	const int rcode = s->fails ? 2 : s->rcode;
	s->fails -= s->fails > 0;
	s->asked++;
	for (size_t i = 0; i < COUNT(zone) && !row; i++)
		if (strcasecmp(zone[i].name, name) == 0)
			row = &zone[i];
	assert_non_null(row);
	bool cut = row->truncated && !tcp;
	unsigned count = cut || rcode ? 0 : row->repeat ? row->repeat : row->n;
	buf_put(b, slice_cut(q, 0, 2));
	buf_putc(b, (uint8_t)(0x81 | (cut ? TRUNCATED : 0)));
	buf_putc(b, (uint8_t)(0x80 | (rcode ? rcode : row->rcode)));
	put16(b, 1);
	put16(b, count);
	put16(b, 0);
	put16(b, 0);
	buf_put(b, slice_cut(q, QUERY_HEAD, QUERY_HEAD + n));
	for (unsigned i = 0; i < count; i++) {
		unsigned k = row->repeat ? 0 : i;

		put16(b, 0xc000 | QUERY_HEAD);
		put16(b, row->answers[k].type);
		put16(b, 1);
		put16(b, 0);
		put16(b, 300);
		put16(b, (unsigned)row->answers[k].data.n);
		buf_put(b, row->answers[k].data);
	}
	return row->rcode != SILENT && !s->silent;
}

static inline void on_udp(evutil_socket_t fd, short what, void *arg)
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

static inline void close_conn(struct server *s)
{
	if (s->conn < 0)
		return;
	event_del(&s->on_conn);
	close(s->conn);
	s->conn = -1;
}

/* Of a question over TCP all is there at once: it is small, and this is loopback. */
static inline void on_conn(evutil_socket_t fd, short what, void *arg)
{
	uint8_t q[MESSAGE_MAX];
	struct buf b, framed;
	ssize_t n = recv(fd, q, sizeof(q), 0);

	(void)what;
	if (n <= 2 + QUERY_HEAD) {
		close_conn(arg);
		return;
	}
	buf_init(&b, MESSAGE_MAX);
	buf_init(&framed, MESSAGE_MAX);
	reply(arg, slice_of(q + 2, (size_t)n - 2), true, &b);
	put16(&framed, (unsigned)buf_len(&b));
	buf_put(&framed, buf_slice(&b));
	send(fd, buf_slice(&framed).p, buf_len(&framed), MSG_NOSIGNAL);
	buf_done(&b);
	buf_done(&framed);
}

static inline void on_tcp(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	close_conn(s);
	s->conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	event_assign(&s->on_conn, loop_base(loop), s->conn, EV_READ | EV_PERSIST, on_conn, s);
	event_add(&s->on_conn, NULL);
}

/* A port that is free for both; another process may have taken it for one of them. */
static inline bool bind_both(struct server *s)
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

static inline void open_server(struct server *s)
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

static inline void close_server(struct server *s)
{
	event_del(&s->on_udp);
	event_del(&s->on_tcp);
	close_conn(s);
	close(s->udp);
	close(s->tcp);
}

/* ---- what was answered ---- */

static struct {
	unsigned n;
	uint64_t id;
	enum dns_status status;
	bool hosts, searched;
	char alias[DNS_NAME_MAX];
	struct addr server;
	size_t n_records;
	struct dns_record records[DNS_RECORDS_MAX];
} got;

static void (*meanwhile)(void); /* done while an answer is told; may be NULL */

static inline void answered(void *arg, uint64_t id, const struct dns_answer *a)
{
	assert_ptr_equal(arg, &got);
	got.n++;
	got.id = id;
	got.status = a->status;
	got.hosts = a->from_hosts_file;
	got.searched = a->searched;
	got.server = a->server;
	snprintf(got.alias, sizeof(got.alias), "%s", a->alias ? a->alias : "");
	got.n_records = a->n_records;
	if (a->n_records)
		memcpy(got.records, a->records, a->n_records * sizeof(*a->records));
	if (meanwhile)
		meanwhile();
}

static bool searching; /* resolv.conf(5) completes names */

static inline void open_resolver(const struct addr *first, const struct addr *second)
{
	struct resolver_cfg cfg = { .servers = { *first }, .answer = answered, .arg = &got };

	if (second)
		cfg.servers[1] = *second;
	cfg.search = searching;
	assert_int_equal(resolver_new(&resolver, loop, &cfg), 0);
}

static inline int set_up(void **state)
{
	(void)state;
	memset(&got, 0, sizeof(got));
	meanwhile = NULL;
	assert_int_equal(loop_new(&loop), 0);
	open_server(&servers[0]);
	open_server(&servers[1]);
	open_resolver(&servers[0].addr, NULL);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	resolver = resolver_free(resolver);
	close_server(&servers[0]);
	close_server(&servers[1]);
	loop_free(loop);
	return 0;
}

static inline void turn(void)
{
	ts_t end = loop_now(loop) + TS_S(10);

	loop_wait(loop, ts_min(end, resolver_deadline(resolver)));
	resolver_process(resolver);
}

static inline void ask(enum dns_type type, const char *name)
{
	ts_t end = loop_now(loop) + TS_S(10);

	got.n = 0;
	assert_int_equal(resolver_ask(resolver, 7, type, name, false), 0);
	assert_int_equal(got.n, 0); /* never from inside the call */
	while (got.n == 0 && loop_now(loop) < end)
		turn();
	assert_int_equal(got.n, 1);
	assert_int_equal(got.id, 7);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
