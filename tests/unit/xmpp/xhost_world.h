/* xhost_world.h - two hosts of a stream and the world between them: a zone, addresses that refuse,
 * one connection with its handshake.  What each side is told stands in its log, a line an event. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "xmpp/xhost.h"

enum { WORLD_WANTS = 80, WORLD_QUESTIONS = 32 };

struct world_record {
	const char *name;
	enum dns_type type;
	const char *value; /* an address or a host; NULL: `status` is the answer */
	uint16_t priority, port;
	enum dns_status status;
	bool late; /* answered by world_answer() only */
};

struct world;

struct side {
	struct world *w;
	struct xhost *h;
	struct outbox out;
	struct rng rng;
	flow_t last_flow, flow; /* flow: of the last connection, until its end was seen */
	uint32_t last_dns;
	char sent[32768]; /* what went out, in clear; read: by the other side */
	size_t n_sent, read;
	char log[8192];
	size_t n_log;
	char last[1024]; /* last words, as an event told them */
	struct want wants[WORLD_WANTS];
	unsigned n_wants;
	bool wants_tls, closes, drops;
	bool is_silent;               /* never answers what its stream asks for */
	const char *acts_at;          /* at the event of this line ... */
	void (*acts)(struct side *s); /* ... does that */
};

struct world {
	struct side a, b; /* a connects, b accepts */
	ts_t now;
	size_t piece; /* bytes handed over at once; 0: all that there is */
	const struct world_record *zone;
	size_t n_zone;
	const char *refusing[4];                /* "192.0.2.1:5222" */
	struct want questions[WORLD_QUESTIONS]; /* that are not answered yet */
	unsigned n_questions;
	const struct sasl_secret *account;
	const char *secret; /* of the component */
	struct tls_facts tls;
};

static const struct addr world_here = { .family = 4, .port = 40000, .ip = { 192, 0, 2, 99 } };

static inline void side_log(struct side *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline void side_log(struct side *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	s->n_log += (size_t)vsnprintf(s->log + s->n_log, sizeof(s->log) - s->n_log, fmt, ap);
	va_end(ap);
	assert_true(s->n_log < sizeof(s->log));
}

/* ---- an owner ---- */

static inline void side_stream(struct side *s, const struct xstream_event *ev)
{
	struct xstream *x = xhost_stream(s->h);

	assert_non_null(x);
	switch (ev->type) {
	case XSTREAM_EV_OPENED: side_log(s, "OPENED\n"); break;
	case XSTREAM_EV_FEATURES: side_log(s, "FEATURES\n"); break;
	case XSTREAM_EV_WANT_TLS: side_log(s, "WANT_TLS\n"); break;
	case XSTREAM_EV_AUTHENTICATED: side_log(s, "AUTHENTICATED\n"); break;
	case XSTREAM_EV_READY: side_log(s, "READY %s\n", ev->jid); break;
	case XSTREAM_EV_WANT_ACCOUNT: xstream_push_account(x, s->w->account, s->w->now); break;
	case XSTREAM_EV_WANT_SECRET:
		if (s->is_silent)
			break;
		xstream_push_secret(x, slice_str(s->w->secret), s->w->now);
		break;
	case XSTREAM_EV_WANT_BIND: xstream_push_bind(x, SLICE("r"), s->w->now); break;
	case XSTREAM_EV_STANZA:
		side_log(s, "STANZA %.*s\n", SLICE_FMT(xml_attr(ev->node, "id")));
		break;
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: fail_msg("an end that is no DOWN"); break;
	}
}

static inline void side_down(struct side *s, const struct xhost_event *ev)
{
	static const char *const names[] = {
		[XHOST_END_NOT_FOUND] = "not-found",
		[XHOST_END_FLOW] = "flow",
		[XHOST_END_EOF] = "eof",
		[XHOST_END_STREAM] = "stream",
		[XHOST_END_CLOSED] = "closed",
		[XHOST_END_INTERNAL] = "internal",
	};

	side_log(s, "DOWN %s", names[ev->why]);
	if (ev->dns)
		side_log(s, " dns=%s %s", dns_status_name(ev->dns->status), ev->dns->name);
	if (ev->fact)
		side_log(s, " %s err=%d%s", fact_type_name(ev->fact->type), ev->fact->err,
			ev->fact->tls ? " tls" : "");
	if (ev->stream)
		side_log(s, " %s %s", xstream_failure_name(ev->stream->failure),
			ev->stream->type == XSTREAM_EV_FAILED ? ev->stream->text : "");
	side_log(s, "\n");
	assert_true(slice_cstr(ev->last, s->last, sizeof(s->last)));
	assert_true(xhost_is_over(s->h));
	assert_null(xhost_stream(s->h));
	assert_int_equal(xhost_flow(s->h), 0);
}

static inline void side_event(struct side *s, const struct xhost_event *ev)
{
	char text[ADDR_TEXT_MAX];

	switch (ev->type) {
	case XHOST_EV_TARGET: side_log(s, "TARGET %s\n", addr_text(&ev->target->addr, text)); break;
	case XHOST_EV_PASSED:
		side_log(s, "PASSED %s err=%d\n", addr_text(&ev->target->addr, text), ev->err);
		break;
	case XHOST_EV_CONNECTED: side_log(s, "CONNECTED %s\n", addr_text(ev->local, text)); break;
	case XHOST_EV_TLS_UP: side_log(s, "TLS %s\n", ev->tls->version); break;
	case XHOST_EV_STREAM: side_stream(s, ev->stream); break;
	case XHOST_EV_DOWN: side_down(s, ev); break;
	}
}

static inline void side_drain(struct side *s)
{
	struct xhost_event ev;
	size_t before = s->n_log;

	while (s->h && xhost_take_event(s->h, &ev, s->w->now)) {
		side_event(s, &ev);
		if (s->acts && strcmp(s->log + before, s->acts_at) == 0)
			s->acts(s);
		before = s->n_log;
	}
}

static inline void side_push(struct side *s, struct fact in)
{
	outbox_begin(&s->out);
	in.local = in.local ? in.local : &world_here;
	in.peer = in.peer ? in.peer : &world_here;
	xhost_push(s->h, &in, s->w->now);
	side_drain(s);
}

static inline void side_push_time(struct side *s, ts_t now)
{
	outbox_begin(&s->out);
	s->w->now = now;
	xhost_push_time(s->h, now);
	side_drain(s);
}

/* ---- the world ---- */

static inline struct side *world_other(struct side *s)
{
	return s == &s->w->a ? &s->w->b : &s->w->a;
}

static inline bool world_is_refusing(const struct world *w, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	addr_text(a, text);
	for (size_t i = 0; i < COUNT(w->refusing); i++)
		if (w->refusing[i] && strcmp(w->refusing[i], text) == 0)
			return true;
	return false;
}

/* Their bytes are one connection's: what the last one left is gone. */
static inline void world_connect(struct side *a, const struct want *want)
{
	struct side *b = &a->w->b;

	a->flow = want->flow;
	a->n_sent = a->read = b->n_sent = b->read = 0;
	a->closes = a->drops = b->closes = b->drops = false;
	a->wants_tls = b->wants_tls = false;
	if (world_is_refusing(a->w, &want->addr)) {
		a->flow = 0;
		side_push(a,
			(struct fact){ .type = FACT_FLOW_FAILED, .flow = want->flow, .err = 111 });
		return;
	}
	if (b->h && xhost_is_over(b->h)) {
		b->flow = want->flow | FLOW_ACCEPTED_BIT;
		outbox_begin(&b->out);
		xhost_attach(b->h, b->flow, a->w->now);
		side_drain(b);
	}
	side_push(a, (struct fact){ .type = FACT_FLOW_UP, .flow = a->flow });
}

static inline void world_fill(struct dns_record *r, const struct world_record *from)
{
	*r = (struct dns_record){ .type = from->type };
	if (from->type != DNS_SRV) {
		assert_true(addr_decode_ip(slice_str(from->value), &r->addr));
		return;
	}
	r->srv.priority = from->priority;
	r->srv.port = from->port;
	slice_cstr(slice_str(from->value), r->srv.target, sizeof(r->srv.target));
}

/* False when there is nothing yet that is said to it. */
static inline bool world_answer(struct side *s, const struct want *q, bool late)
{
	struct dns_record records[8];
	struct dns_answer a = { .status = DNS_NXDOMAIN, .records = records };

	for (size_t i = 0; i < s->w->n_zone; i++) {
		const struct world_record *r = &s->w->zone[i];

		if (strcmp(r->name, q->name) != 0 || r->type != q->dns_type)
			continue;
		if (r->late && !late)
			return false;
		a.status = r->status;
		if (r->value)
			world_fill(&records[a.n_records++], r);
	}
	side_push(s, (struct fact){ .type = FACT_DNS, .dns_id = q->dns_id, .dns = &a });
	return true;
}

static inline void world_answer_late(struct world *w)
{
	for (unsigned i = 0; i < w->n_questions; i++)
		assert_true(world_answer(&w->a, &w->questions[i], true));
	w->n_questions = 0;
}

static inline void world_want(struct side *s, const struct want *want)
{
	struct world *w = s->w;

	assert_true(s->n_wants < WORLD_WANTS);
	s->wants[s->n_wants++] = *want;
	switch (want->type) {
	case WANT_DNS:
		if (!world_answer(s, want, false))
			w->questions[w->n_questions++] = *want;
		break;
	case WANT_FLOW: world_connect(s, want); break;
	case WANT_TLS: s->wants_tls = true; break;
	case WANT_CLOSE_FLOW: s->closes |= want->flow == s->flow; break;
	case WANT_DROP_FLOW: s->drops |= want->flow == s->flow; break;
	case WANT_LISTEN:
	case WANT_UNLISTEN:
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_DROP_DNS: fail_msg("a want that no host has"); break;
	}
}

/* Outputs before wants, as every driver. */
static inline bool side_take(struct side *s)
{
	struct output o;
	struct want want;
	bool any = false;

	while (outbox_take_output(&s->out, &o) || (s->h && xhost_take_output(s->h, &o))) {
		assert_false(s->wants_tls);
		assert_int_equal(o.flow, s->flow);
		assert_true(o.bytes.n > 0 && s->n_sent + o.bytes.n < sizeof(s->sent));
		memcpy(s->sent + s->n_sent, o.bytes.p, o.bytes.n);
		s->n_sent += o.bytes.n;
		s->sent[s->n_sent] = '\0';
		any = true;
	}
	if (!outbox_take_want(&s->out, &want))
		return any;
	world_want(s, &want);
	return true;
}

static inline bool world_carry(struct side *from)
{
	struct side *to = world_other(from);
	struct slice rest = slice_of(from->sent + from->read, from->n_sent - from->read);

	if (!to->flow || to->wants_tls)
		return false;
	if (from->drops) {
		from->drops = false;
		from->flow = 0;
		side_push(to, (struct fact){ .type = FACT_FLOW_FAILED,
				      .flow = to->flow,
				      .step = FLOW_STEP_OPEN,
				      .err = 104 });
		return true;
	}
	if (rest.n) {
		rest = from->w->piece ? slice_cut(rest, 0, from->w->piece) : rest;
		from->read += rest.n;
		side_push(to,
			(struct fact){ .type = FACT_FLOW_BYTES, .flow = to->flow, .bytes = rest });
		return true;
	}
	if (!from->closes)
		return false;
	from->closes = false;
	from->flow = 0;
	side_push(to,
		(struct fact){ .type = FACT_FLOW_EOF, .flow = to->flow, .step = FLOW_STEP_OPEN });
	return true;
}

static inline void side_tls_up(struct side *s)
{
	s->wants_tls = false;
	side_push(s, (struct fact){ .type = FACT_TLS_UP, .flow = s->flow, .tls = &s->w->tls });
}

static inline bool world_handshake(struct world *w)
{
	if (!w->a.wants_tls || !w->b.wants_tls || w->a.read < w->a.n_sent ||
		w->b.read < w->b.n_sent)
		return false;
	side_tls_up(&w->a);
	side_tls_up(&w->b);
	return true;
}

static inline void world_run(struct world *w)
{
	bool moved = true;

	while (moved) {
		moved = side_take(&w->a);
		moved |= side_take(&w->b);
		moved |= world_carry(&w->a);
		moved |= world_carry(&w->b);
		moved |= world_handshake(w);
	}
}

/* ---- life ---- */

static inline int side_init(struct side *s, struct world *w, const struct xhost_cfg *cfg)
{
	struct xhost_cfg own = *cfg;

	s->w = w;
	rng_init_number(&s->rng, cfg->stream.role + 1);
	own.out = &s->out;
	own.last_flow = &s->last_flow;
	own.last_dns = &s->last_dns;
	int err = outbox_init(&s->out, 1 << 20, 64, WORLD_WANTS);
	return err ? err : xhost_new(&s->h, &own, &s->rng);
}

static inline void side_done(struct side *s)
{
	s->h = xhost_free(s->h);
	outbox_done(&s->out);
}

/* `b` may be NULL: connections stand, and nobody speaks. */
static inline int world_init(struct world *w, const struct xhost_cfg *a, const struct xhost_cfg *b,
	const struct world_record *zone, size_t n_zone)
{
	memset(w, 0, sizeof(*w));
	w->now = TS_S(1);
	w->zone = zone;
	w->n_zone = n_zone;
	w->tls = (struct tls_facts){ .version = "TLSv1.3", .exporter = { 1 }, .n_exporter = 32 };
	w->b.w = w;
	int err = side_init(&w->a, w, a);
	return err || !b ? err : side_init(&w->b, w, b);
}

static inline void world_done(struct world *w)
{
	side_done(&w->a);
	side_done(&w->b);
}

static inline void world_connects(struct world *w)
{
	outbox_begin(&w->a.out);
	xhost_connect(w->a.h);
	side_drain(&w->a);
	world_run(w);
}
