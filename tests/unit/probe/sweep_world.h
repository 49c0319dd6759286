/* sweep_world.h - a sweep whose world is a test: a zone as records, peers as what they do. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/sweep.h"

enum world_peer {
	PEER_ANSWERS, /* SIP: 200; XMPP: STARTTLS, features */
	PEER_REFUSES,
	PEER_DROPS,     /* no connection, no answer */
	PEER_HERE,      /* this machine has no way to it */
	PEER_SILENT,    /* it connects, and says nothing */
	PEER_NO_HELLO,  /* and answers no handshake */
	PEER_GARBAGE,   /* what is neither SIP nor XML */
	PEER_TLS_ALERT, /* it wants TLS */
	PEER_PLAIN,     /* it wants no TLS */
	PEER_CLOSES,    /* at the first byte */
};

struct world_row {
	const char *at; /* "192.0.2.1:5061", or a prefix of it; "" for all others */
	enum world_peer peer;
	unsigned faults;      /* of its certificate */
	int days;             /* until that ends; 0 takes 90 */
	const char *says;     /* SIP: the status line behind the version; XMPP: the features, or
				 instead of them */
	const char *in_clear; /* XMPP: the features before TLS; NULL takes STARTTLS */
};

struct world_record {
	const char *name;
	enum dns_type type;
	enum dns_status status;    /* with DNS_OK: one record */
	unsigned order, weight;    /* NAPTR: order; SRV: priority, weight */
	unsigned port;             /* SRV */
	const char *value;         /* A, AAAA: the address; SRV: the target; NAPTR: replacement */
	const char *naptr_service; /* "SIPS+D2T" */
	const char *alias;         /* A: of which it is another name */
};

#define POOL    "pool.litware.test"
#define PARTNER "contoso.test"

#define A(name_, value_)                                                                           \
	{                                                                                          \
		.name = (name_), .type = DNS_A, .value = (value_)                                  \
	}
#define AAAA(name_, value_)                                                                        \
	{                                                                                          \
		.name = (name_), .type = DNS_AAAA, .value = (value_)                               \
	}
#define SRV(name_, priority_, weight_, port_, target_)                                             \
	{                                                                                          \
		.name = (name_), .type = DNS_SRV, .order = (priority_), .weight = (weight_),       \
		.port = (port_), .value = (target_)                                                \
	}
#define NAPTR(name_, order_, service_, value_)                                                     \
	{                                                                                          \
		.name = (name_), .type = DNS_NAPTR, .order = (order_),                             \
		.naptr_service = (service_), .value = (value_)                                     \
	}

enum {
	WORLD_FLOWS = 512,
	WORLD_QUEUE = 1024,
	WORLD_WALL_S = 1780000000,
};

struct world_flow {
	struct addr to;
	bool udp, secure, over;
	unsigned heard;
};

/* One fact that waits, with what it points at. */
struct world_fact {
	struct fact in;
	struct addr local, peer;
	struct tls_facts tls;
	char bytes[2048];
};

struct world {
	const struct world_record *zone;
	size_t n_zone;
	const struct world_row *peers;
	size_t n_peers;
	struct sweep *s;
	struct engine e;
	struct rng rng;
	ts_t now;
	struct world_flow flows[WORLD_FLOWS], sockets[WORLD_FLOWS];
	struct world_fact *queue;
	unsigned head, tail;
	unsigned n_open, most_open, n_dropped_questions;
	char last[2048]; /* the last that was sent */
};

static const struct addr world_local = { .family = 4, .port = 40000, .ip = { 192, 0, 2, 99 } };
static const struct addr world_dns = { .family = 4, .port = 53, .ip = { 192, 0, 2, 53 } };

static inline struct world_fact *world_add(struct world *w, struct fact in, const struct addr *peer)
{
	assert_true(w->tail < WORLD_QUEUE);
	struct world_fact *f = &w->queue[w->tail++];

	f->in = in;
	f->local = world_local;
	f->peer = *peer;
	f->in.local = &f->local;
	f->in.peer = &f->peer;
	return f;
}

static inline void world_say(struct world *w, flow_t flow, uint32_t listener, const char *text)
{
	const struct world_flow *to = flow ? &w->flows[flow] : &w->sockets[listener];
	struct world_fact *f = world_add(w,
		(struct fact){ .type = flow ? FACT_FLOW_BYTES : FACT_DATAGRAM,
			.flow = flow,
			.listener = listener },
		&to->to);

	snprintf(f->bytes, sizeof(f->bytes), "%s", text);
	f->in.bytes = slice_str(f->bytes);
}

static inline const struct world_row *world_peer(const struct world *w, const struct addr *a)
{
	static const struct world_row fine = { .at = "" };
	char text[ADDR_TEXT_MAX];

	addr_text(a, text);
	for (size_t i = 0; i < w->n_peers; i++)
		if (strncmp(text, w->peers[i].at, strlen(w->peers[i].at)) == 0)
			return &w->peers[i];
	return &fine;
}

/* ---- the DNS ---- */

static inline void world_fill(struct dns_record *r, const struct world_record *from)
{
	*r = (struct dns_record){ .type = from->type, .ttl_s = 60 };
	switch (from->type) {
	case DNS_A:
	case DNS_AAAA: assert_true(addr_decode_ip(slice_str(from->value), &r->addr)); break;
	case DNS_SRV:
		r->srv.priority = (uint16_t)from->order;
		r->srv.weight = (uint16_t)from->weight;
		r->srv.port = (uint16_t)from->port;
		slice_cstr(slice_str(from->value), r->srv.target, sizeof(r->srv.target));
		break;
	case DNS_NAPTR:
		r->naptr.order = (uint16_t)from->order;
		r->naptr.preference = 10;
		slice_cstr(SLICE("s"), r->naptr.flags, sizeof(r->naptr.flags));
		slice_cstr(
			slice_str(from->naptr_service), r->naptr.service, sizeof(r->naptr.service));
		slice_cstr(
			slice_str(from->value), r->naptr.replacement, sizeof(r->naptr.replacement));
		break;
	}
}

static inline void world_answer(struct world *w, const struct want *want)
{
	static struct dns_record records[DNS_RECORDS_MAX];
	struct dns_answer a = { .status = DNS_NXDOMAIN, .server = world_dns, .records = records };

	bool is_known = false;

	for (size_t i = 0; i < w->n_zone; i++) {
		const struct world_record *r = &w->zone[i];

		if (strcmp(r->name, want->name) != 0)
			continue;
		if (!is_known)
			a.status = DNS_NODATA;
		is_known = true;
		if (r->type != want->dns_type)
			continue;
		a.status = r->status;
		a.alias = r->alias;
		if (r->status == DNS_OK && a.n_records < DNS_RECORDS_MAX)
			world_fill(&records[a.n_records++], r);
	}
	if (a.status == DNS_TIMEOUT)
		return; /* nobody answers, ever */
	const struct fact in = { .type = FACT_DNS, .dns_id = want->dns_id, .dns = &a };
	w->e.ops->push(w->s, &in, w->now);
}

/* ---- TLS ---- */

static inline void world_handshake(struct world *w, const struct want *want)
{
	struct world_flow *to = &w->flows[want->flow];
	const struct world_row *peer = world_peer(w, &to->to);
	struct world_fact *f;

	assert_int_equal(want->tls.verify, TLS_VERIFY_NOTE);
	if (peer->peer == PEER_NO_HELLO)
		return;
	if (peer->peer == PEER_PLAIN || peer->peer == PEER_GARBAGE) {
		f = world_add(w,
			(struct fact){ .type = FACT_FLOW_FAILED,
				.flow = want->flow,
				.step = FLOW_STEP_TLS },
			&to->to);
		f->tls = (struct tls_facts){ .failure = TLS_FAILURE_PLAIN_PEER };
		f->in.tls = &f->tls;
		to->over = true;
		w->n_open--;
		return;
	}
	to->secure = true;
	to->heard = 0;
	f = world_add(w, (struct fact){ .type = FACT_TLS_UP, .flow = want->flow }, &to->to);
	f->tls = (struct tls_facts){
		.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .faults = peer->faults
	};
	f->tls.n_certs = 1;
	f->tls.certs[0].faults = peer->faults;
	snprintf(f->tls.certs[0].subject, sizeof(f->tls.certs[0].subject), "CN=%.64s",
		want->tls.name);
	snprintf(f->tls.certs[0].issuer, sizeof(f->tls.certs[0].issuer), "CN=Test CA");
	tls_add_name(&f->tls, &f->tls.certs[0], TLS_NAME_DNS, slice_str(want->tls.name));
	f->tls.certs[0].not_after =
		WORLD_WALL_S + (int64_t)(peer->days ? peer->days : 90) * 86400 + 3600;
	f->in.tls = &f->tls;
}

/* ---- peers ---- */

static inline const char *world_header(
	const struct slice text, const char *name, char *ret, size_t size)
{
	char find[64];

	snprintf(find, sizeof(find), "\r\n%s: ", name);
	size_t at = slice_find(text, slice_str(find));
	assert_true(at != SIZE_MAX);
	struct slice rest = slice_skip(text, at + strlen(find));
	assert_true(slice_cstr(slice_cut(rest, 0, slice_chr(rest, '\r')), ret, size));
	return ret;
}

static inline void world_sip(struct world *w, const struct output *o, const char *status)
{
	char text[2048], v[5][256];

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=x\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Server: scripted/1\r\nContent-Length: 0\r\n\r\n",
		status ? status : "200 OK", world_header(o->bytes, "Via", v[0], sizeof(v[0])),
		world_header(o->bytes, "From", v[1], sizeof(v[1])),
		world_header(o->bytes, "To", v[2], sizeof(v[2])),
		world_header(o->bytes, "Call-ID", v[3], sizeof(v[3])),
		world_header(o->bytes, "CSeq", v[4], sizeof(v[4])));
	world_say(w, o->flow, o->listener, text);
}

#define WORLD_STARTTLS                                                                             \
	"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"           \
	"</starttls></stream:features>"
#define WORLD_MECHANISMS                                                                           \
	"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"                   \
	"<mechanism>SCRAM-SHA-1</mechanism><mechanism>PLAIN</mechanism></mechanisms>"              \
	"</stream:features>"

static inline void world_xmpp(
	struct world *w, const struct output *o, const struct world_row *peer, bool secure)
{
	static const char header[] =
		"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' "
		"xmlns:stream='http://etherx.jabber.org/streams' from='contoso.test'>";
	char text[2048];

	if (slice_find(o->bytes, SLICE("<starttls")) != SIZE_MAX) {
		world_say(w, o->flow, 0, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
		return;
	}
	if (slice_find(o->bytes, SLICE("<stream:stream")) == SIZE_MAX)
		return;
	snprintf(text, sizeof(text), "%s%s", header,
		secure           ? (peer->says ? peer->says : WORLD_MECHANISMS)
		: peer->in_clear ? peer->in_clear
				 : WORLD_STARTTLS);
	world_say(w, o->flow, 0, text);
}

static inline void world_hear(struct world *w, const struct output *o)
{
	struct world_flow *to = o->flow ? &w->flows[o->flow] : &w->sockets[o->listener];
	const struct world_row *peer = world_peer(w, &to->to);
	const bool sip = slice_starts(o->bytes, SLICE("OPTIONS "));

	slice_cstr(o->bytes, w->last, sizeof(w->last));
	to->heard++;
	switch (peer->peer) {
	case PEER_DROPS:
	case PEER_SILENT: return;
	case PEER_REFUSES:
		if (to->udp)
			world_add(w,
				(struct fact){ .type = FACT_DATAGRAM_FAILED,
					.listener = o->listener,
					.err = ECONNREFUSED },
				&to->to);
		return;
	case PEER_GARBAGE: world_say(w, o->flow, o->listener, "\x01 what?\r\n\r\n"); return;
	case PEER_TLS_ALERT: world_say(w, o->flow, 0, "\x15\x03\x01"); return;
	case PEER_CLOSES:
		if (to->heard == 1)
			world_add(w, (struct fact){ .type = FACT_FLOW_EOF, .flow = o->flow },
				&to->to);
		return;
	case PEER_ANSWERS:
	case PEER_HERE:
	case PEER_NO_HELLO:
	case PEER_PLAIN: break;
	}
	if (sip)
		world_sip(w, o, peer->says);
	else
		world_xmpp(w, o, peer, to->secure);
}

/* ---- wants ---- */

static inline void world_connect(struct world *w, const struct want *want)
{
	struct world_flow *to = &w->flows[want->flow];
	const struct world_row *peer = world_peer(w, &want->addr);
	struct fact in = { .type = FACT_FLOW_UP, .flow = want->flow };

	assert_true(want->flow < WORLD_FLOWS);
	*to = (struct world_flow){ .to = want->addr };
	w->n_open++;
	if (w->n_open > w->most_open)
		w->most_open = w->n_open;
	if (peer->peer == PEER_DROPS)
		return;
	if (peer->peer == PEER_REFUSES || peer->peer == PEER_HERE) {
		in = (struct fact){ .type = FACT_FLOW_FAILED,
			.flow = want->flow,
			.err = peer->peer == PEER_HERE ? ENETUNREACH : ECONNREFUSED,
			.here = peer->peer == PEER_HERE };
		w->n_open--;
	}
	world_add(w, in, &want->addr);
}

static inline void world_do(struct world *w, const struct want *want)
{
	switch (want->type) {
	case WANT_FLOW: world_connect(w, want); break;
	case WANT_LISTEN:
		assert_true(want->toward && want->listener < WORLD_FLOWS);
		w->sockets[want->listener] = (struct world_flow){ .to = want->addr, .udp = true };
		world_add(w, (struct fact){ .type = FACT_LISTEN_UP, .listener = want->listener },
			&want->addr);
		break;
	case WANT_TLS: world_handshake(w, want); break;
	case WANT_DNS: world_answer(w, want); break;
	case WANT_DROP_DNS: w->n_dropped_questions++; break;
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW:
		if (!w->flows[want->flow].over)
			w->n_open--;
		w->flows[want->flow].over = true;
		break;
	case WANT_UNLISTEN: w->sockets[want->listener].over = true; break;
	case WANT_PAUSE:
	case WANT_RESUME: break;
	}
}

/* Facts about a flow that is closed are not told any more. */
static inline bool world_is_over(const struct world *w, const struct fact *in)
{
	return (in->flow && w->flows[in->flow].over && in->type != FACT_FLOW_FAILED) ||
	       (in->listener && w->sockets[in->listener].over);
}

/* Answers of the DNS are pushed from here, and make wants in their turn. */
static inline void world_drain(struct world *w)
{
	struct want wants[256];
	struct output o;
	unsigned n;

	do {
		n = 0;
		while (w->e.ops->take_output(w->s, &o))
			world_hear(w, &o);
		while (n < COUNT(wants) && w->e.ops->take_want(w->s, &wants[n]))
			n++;
		for (unsigned i = 0; i < n; i++)
			world_do(w, &wants[i]);
	} while (n);
}

/* ---- life ---- */

static inline void world_end(struct world *w)
{
	w->s = sweep_free(w->s);
	w->queue = mem_free(w->queue);
}

/* Another one in the place of the one before; w is zeroed at first. */
static inline void world_begin(struct world *w, const struct sweep_cfg *cfg,
	const struct world_record *zone, size_t n_zone, const struct world_row *peers,
	size_t n_peers)
{
	struct text why;

	world_end(w);
	memset(w, 0, sizeof(*w));
	w->zone = zone;
	w->n_zone = n_zone;
	w->peers = peers;
	w->n_peers = n_peers;
	w->now = TS_S(100);
	rng_init_number(&w->rng, 1);
	w->queue = mem_alloc0(WORLD_QUEUE * sizeof(*w->queue));
	assert_non_null(w->queue);
	assert_int_equal(sweep_new(&w->s, cfg, &w->rng, w->now, &why), 0);
	w->e = sweep_engine(w->s);
	const struct fact clock = { .type = FACT_CLOCK,
		.wall = (int64_t)WORLD_WALL_S * 1000000 - (int64_t)w->now };
	w->e.ops->push(w->s, &clock, w->now);
}

/* One thing happens: a fact that waits, or the time that is awaited.  False at the end. */
static inline bool world_step(struct world *w)
{
	world_drain(w);
	if (w->head < w->tail) {
		struct world_fact *f = &w->queue[w->head++];

		if (!world_is_over(w, &f->in)) {
			if (f->in.type == FACT_FLOW_FAILED)
				w->flows[f->in.flow].over = true;
			w->now += TS_MS(1);
			w->e.ops->push(w->s, &f->in, w->now);
		}
		if (w->head == w->tail)
			w->head = w->tail = 0;
		return true;
	}
	if (sweep_is_done(w->s) || w->e.ops->deadline(w->s) == TS_NEVER)
		return false;
	if (w->e.ops->deadline(w->s) > w->now)
		w->now = w->e.ops->deadline(w->s);
	w->e.ops->push_time(w->s, w->now);
	return true;
}

static inline const struct sweep_result *world_run(struct world *w)
{
	while (world_step(w))
		;
	assert_true(sweep_is_done(w->s));
	assert_int_equal(w->n_open, 0);
	return sweep_result(w->s);
}

/* ---- looking ---- */

static inline const struct sweep_row *world_row(const struct sweep_result *r, const char *addr)
{
	char text[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < r->n_rows; i++)
		if (strcmp(addr_text(&r->rows[i].addr, text), addr) == 0)
			return &r->rows[i];
	fail_msg("no row %s", addr);
	return NULL;
}

static inline const char *world_reason(const struct sweep_row *row)
{
	return row->n_faults ? reason_id(row->faults[0].reason) : "";
}

/* The id of a finding: that of its reason, or of its remark. */
static inline const char *world_id(const struct sweep_finding *f)
{
	return f->fault ? reason_id(f->fault->reason) : sweep_remark_id(f->remark);
}

static inline const struct sweep_finding *world_finding(
	const struct sweep_result *r, const char *id)
{
	for (unsigned i = 0; i < r->n_findings; i++)
		if (strcmp(world_id(&r->findings[i]), id) == 0)
			return &r->findings[i];
	return NULL;
}

static inline const char *world_text(const struct text *t, char ret[2048])
{
	struct buf b;

	buf_init(&b, 2047);
	text_put(&b, t, NULL);
	slice_cstr(buf_slice(&b), ret, 2048);
	buf_done(&b);
	return ret;
}

/* ---- of the test in hand ---- */

static const struct sweep_cfg pool_cfg = {
	.side = SWEEP_POOL, .name = SLICE(POOL), .timeout = TS_S(30), .row_timeout = TS_S(5)
};

static struct world w;

static inline int world_tear_down(void **state)
{
	(void)state;
	world_end(&w);
	return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, world_tear_down)

#define SWEEP(cfg, zone, peers)                                                                    \
	(world_begin(&w, (cfg), (zone), COUNT(zone), (peers), COUNT(peers)), world_run(&w))
