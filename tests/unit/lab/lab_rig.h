/* lab_rig.h - the lab's engine driven by hand: facts in, outputs and wants out, no socket, no
 * clock. SIP comes and goes as text; XMPP peers are streams of our own. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "lab/fault.h"
#include "sip/digest.h"
#include "xmpp/jid.h"
#include "xmpp/stream.h"

enum {
	RIG_OUT_MAX = 64,
	RIG_TEXT_MAX = 8192,
	RIG_WANTS_MAX = 128,
	RIG_PEERS_MAX = 4,
	RIG_LOG_MAX = 4096,
};

struct rig_out {
	flow_t flow;
	uint32_t listener;
	struct addr peer;
	char text[RIG_TEXT_MAX];
};

/* An XMPP peer: a client or the component. */
struct rig_peer {
	flow_t flow;
	struct xstream *x;
	struct buf inbox;        /* from the lab */
	char log[RIG_LOG_MAX];   /* its events in words */
	char last[RIG_TEXT_MAX]; /* the last stanza */
	char jid[JID_MAX + 1];   /* when it is ready */
	unsigned n_stanzas;
};

struct rig {
	struct rng rng;
	struct lab_user sip_users[2], xmpp_users[1];
	struct lab_cfg cfg;
	struct lab *lab;
	struct engine e;
	ts_t now;
	struct rig_out out[RIG_OUT_MAX];
	unsigned n_out;
	struct want wants[RIG_WANTS_MAX];
	unsigned n_wants;
	char log[RIG_LOG_MAX]; /* the lab's events in words */
	flow_t next_flow;
	struct rig_peer peers[RIG_PEERS_MAX];
	unsigned n_peers;
};

static const struct addr rig_user = { .family = 4, .port = 40000, .ip = { 127, 0, 0, 1 } };
static const struct addr rig_stranger = { .family = 4, .port = 40001, .ip = { 192, 0, 2, 1 } };
static const struct addr rig_gateway = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 1 } };

/* ---- the engine ---- */

static inline void rig_keep(struct rig *r, const struct output *o)
{
	assert_true(r->n_out < RIG_OUT_MAX && o->bytes.n < RIG_TEXT_MAX);
	struct rig_out *k = &r->out[r->n_out++];

	*k = (struct rig_out){ .flow = o->flow, .listener = o->listener, .peer = o->peer };
	memcpy(k->text, o->bytes.p, o->bytes.n);
	for (unsigned i = 0; i < r->n_peers; i++)
		if (o->flow && r->peers[i].flow == o->flow)
			buf_put(&r->peers[i].inbox, o->bytes);
}

static inline void rig_drain(struct rig *r)
{
	struct output o;
	struct lab_event ev;

	while (r->e.ops->take_output(r->e.self, &o))
		rig_keep(r, &o);
	while (r->n_wants < RIG_WANTS_MAX && r->e.ops->take_want(r->e.self, &r->wants[r->n_wants]))
		r->n_wants++;
	while (lab_take_event(r->lab, &ev)) {
		size_t n = strlen(r->log);

		snprintf(r->log + n, RIG_LOG_MAX - n, "%s\n", ev.log);
	}
}

static inline void rig_push(struct rig *r, struct fact in)
{
	in.peer = in.peer ? in.peer : &rig_user;
	in.local = in.local ? in.local : &rig_user;
	r->e.ops->push(r->e.self, &in, r->now);
	rig_drain(r);
}

/* So much later, and not one deadline is missed on the way. */
static inline void rig_wait(struct rig *r, ts_t span)
{
	const ts_t end = ts_add(r->now, span);

	for (ts_t at; (at = r->e.ops->deadline(r->e.self)) <= end;) {
		r->now = at > r->now ? at : r->now;
		r->e.ops->push_time(r->e.self, r->now);
		rig_drain(r);
	}
	r->now = end;
}

static inline void rig_forget(struct rig *r)
{
	r->n_out = r->n_wants = 0;
}

/* The last want of that kind; NULL when there was none. */
static inline const struct want *rig_want(const struct rig *r, enum want_type type)
{
	for (unsigned i = r->n_wants; i-- > 0;)
		if (r->wants[i].type == type)
			return &r->wants[i];
	return NULL;
}

static inline const char *rig_said(const struct rig *r)
{
	return r->n_out ? r->out[r->n_out - 1].text : "";
}

static inline void rig_said_status(const struct rig *r, int status)
{
	char line[32];

	snprintf(line, sizeof(line), "SIP/2.0 %d ", status);
	if (strncmp(rig_said(r), line, strlen(line)) != 0)
		fail_msg("want %s, got: %s", line, rig_said(r));
}

/* ---- a lab with pilar, kenmyer, adelany and the component litware.test ---- */

static inline void rig_prepare(struct rig *r, const char *fault)
{
	const struct addr any = { .family = 4, .ip = { 127, 0, 0, 1 } };
	struct lab_cfg *c = &r->cfg;

	memset(r, 0, sizeof(*r));
	rng_init_number(&r->rng, 1);
	r->now = TS_S(1000);
	snprintf(r->sip_users[0].address, sizeof(r->sip_users[0].address), "pilar@litware.test");
	snprintf(r->sip_users[0].password, sizeof(r->sip_users[0].password), "sip secret");
	snprintf(r->sip_users[1].address, sizeof(r->sip_users[1].address), "kenmyer@litware.test");
	snprintf(r->sip_users[1].password, sizeof(r->sip_users[1].password), "other secret");
	snprintf(
		r->xmpp_users[0].address, sizeof(r->xmpp_users[0].address), "adelany@contoso.test");
	snprintf(r->xmpp_users[0].password, sizeof(r->xmpp_users[0].password), "xmpp secret");
	c->sip_users = r->sip_users;
	c->n_sip_users = 2;
	c->xmpp_users = r->xmpp_users;
	c->n_xmpp_users = 1;
	c->sip_udp = c->sip_tcp = c->sip_tls = c->xmpp_client = c->xmpp_component = any;
	c->dns = any;
	snprintf(c->component_name, sizeof(c->component_name), "litware.test");
	snprintf(c->component_secret, sizeof(c->component_secret), "component secret");
	c->clear_xmpp = true;
	c->gateway = rig_gateway;
	c->gateway_transport = TRANSPORT_UDP;
	c->fault = fault ? lab_fault_find(slice_str(fault)) : NULL;
	assert_true(!fault || c->fault);
}

/* Each listener comes up at port 6000 plus its number. */
static inline void rig_listen(struct rig *r)
{
	for (unsigned i = 0; i < r->n_wants; i++) {
		struct addr at = r->wants[i].addr;

		assert_int_equal(r->wants[i].type, WANT_LISTEN);
		at.port = (uint16_t)(6000 + r->wants[i].listener);
		rig_push(r, (struct fact){ .type = FACT_LISTEN_UP,
				    .listener = r->wants[i].listener,
				    .local = &at });
	}
	rig_forget(r);
}

static inline void rig_start(struct rig *r)
{
	assert_int_equal(lab_new(&r->lab, &r->cfg, &r->rng, r->now), 0);
	r->e = lab_engine(r->lab);
	rig_drain(r);
	rig_listen(r);
}

static inline void rig_begin(struct rig *r, const char *fault)
{
	rig_prepare(r, fault);
	rig_start(r);
}

static inline void rig_end(struct rig *r)
{
	for (unsigned i = 0; i < r->n_peers; i++) {
		xstream_free(r->peers[i].x);
		buf_done(&r->peers[i].inbox);
	}
	lab_free(r->lab);
}

/* ---- flows and datagrams ---- */

static inline flow_t rig_accept(struct rig *r, enum lab_listener what)
{
	flow_t f = FLOW_ACCEPTED_BIT | ++r->next_flow;

	rig_push(r, (struct fact){ .type = FACT_FLOW_ACCEPTED, .flow = f, .listener = what });
	return f;
}

static inline void rig_bytes(struct rig *r, flow_t f, const char *text)
{
	rig_push(r, (struct fact){ .type = FACT_FLOW_BYTES, .flow = f, .bytes = slice_str(text) });
}

/* The lab does not know it any more: whatever is said on it, nothing happens. */
static inline void rig_is_gone(struct rig *r, flow_t f)
{
	const unsigned out = r->n_out, wants = r->n_wants;

	rig_bytes(r, f, "\r\n\r\n<");
	rig_push(r, (struct fact){ .type = FACT_FLOW_EOF, .flow = f });
	assert_int_equal(r->n_out, out);
	assert_int_equal(r->n_wants, wants);
}

static inline void rig_datagram(struct rig *r, const char *text, const struct addr *peer)
{
	rig_push(r, (struct fact){ .type = FACT_DATAGRAM,
			    .listener = LAB_LISTEN_SIP_UDP,
			    .peer = peer,
			    .bytes = slice_str(text) });
}

/* ---- SIP ---- */

struct rig_request {
	const char *method, *uri, *from, *to; /* without sip: */
	const char *branch, *more, *body;
	unsigned cseq;
	const char *hops; /* "70" */
	const char *transport;
};

static inline const char *rig_text(const struct rig_request *q)
{
	static char text[RIG_TEXT_MAX];
	const char *body = q->body ? q->body : "";

	snprintf(text, sizeof(text),
		"%s sip:%s SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:40000;branch=z9hG4bK%s\r\n"
		"Max-Forwards: %s\r\nFrom: <sip:%s>;tag=f1\r\nTo: <sip:%s>\r\nCall-ID: call-1\r\n"
		"CSeq: %u %s\r\n%sContent-Length: %zu\r\n\r\n%s",
		q->method, q->uri, q->transport ? q->transport : "UDP", q->branch,
		q->hops ? q->hops : "70", q->from, q->to, q->cseq ? q->cseq : 1, q->method,
		q->more ? q->more : "", strlen(body), body);
	return text;
}

/* A user agent that can answer challenges. */
struct rig_ua {
	struct digest_client *digest;
	unsigned cseq;
	const char *user;
	flow_t flow; /* 0: by datagrams */
};

static inline void rig_ua_begin(
	struct rig *r, struct rig_ua *ua, const char *user, const char *login, const char *password)
{
	const struct digest_client_cfg cfg = { slice_str(login), slice_str(password) };

	*ua = (struct rig_ua){ .user = user };
	assert_int_equal(digest_client_new(&ua->digest, &cfg, &r->rng), 0);
}

static inline void rig_ua_end(struct rig_ua *ua)
{
	digest_client_free(ua->digest);
}

/* The request with its credentials. */
static inline void rig_ua_send(struct rig *r, struct rig_ua *ua, struct rig_request q)
{
	char more[2048], branch[32];
	struct buf b;

	buf_init(&b, sizeof(more));
	buf_puts(&b, q.more ? q.more : "");
	char uri[256];
	snprintf(uri, sizeof(uri), "sip:%s", q.uri);
	digest_client_put(ua->digest, &b, q.method, slice_str(uri));
	assert_true(slice_cstr(buf_slice(&b), more, sizeof(more)));
	buf_done(&b);
	q.more = more;
	q.cseq = ++ua->cseq;
	snprintf(branch, sizeof(branch), "%s%u", ua->user, ua->cseq);
	q.branch = branch;
	q.from = q.from ? q.from : ua->user;
	q.transport = ua->flow ? "TCP" : "UDP";
	if (ua->flow)
		rig_bytes(r, ua->flow, rig_text(&q));
	else
		rig_datagram(r, rig_text(&q), &rig_user);
}

/* Sends it, answers the challenge, and sends it again. */
static inline void rig_ua_request(struct rig *r, struct rig_ua *ua, const struct rig_request *q)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;

	rig_ua_send(r, ua, *q);
	int err = sip_msg_decode(slice_str(rig_said(r)), &msg, &refusal);
	if (err || (msg.status != 401 && msg.status != 407))
		return;
	assert_int_equal(digest_client_push_challenge(ua->digest, &msg), 0);
	rig_ua_send(r, ua, *q);
}

static inline void rig_register(struct rig *r, struct rig_ua *ua, const char *headers)
{
	const struct rig_request q = {
		.method = "REGISTER", .uri = "litware.test", .to = ua->user, .more = headers
	};

	rig_ua_request(r, ua, &q);
}

#define RIG_CONTACT "Contact: <sip:pilar@127.0.0.1:40000>;expires=300\r\n"

/* pilar, who is registered. */
static inline void rig_sign_in(struct rig *r, struct rig_ua *ua)
{
	rig_ua_begin(r, ua, "pilar@litware.test", "pilar", "sip secret");
	rig_register(r, ua, RIG_CONTACT);
	rig_said_status(r, 200);
	rig_forget(r);
}

/* Her message to the partner. */
static inline void rig_message(struct rig *r, struct rig_ua *ua)
{
	const struct rig_request q = { .method = "MESSAGE",
		.uri = "adelany@contoso.test",
		.to = "adelany@contoso.test",
		.more = "Content-Type: text/plain\r\n",
		.body = "hello" };

	rig_ua_request(r, ua, &q);
}

/* ---- XMPP ---- */

static inline void rig_note(struct rig_peer *p, const struct xstream_event *ev)
{
	static const char *const names[] = {
		[XSTREAM_EV_OPENED] = "opened",
		[XSTREAM_EV_FEATURES] = "features",
		[XSTREAM_EV_WANT_TLS] = "want-tls",
		[XSTREAM_EV_AUTHENTICATED] = "authenticated",
		[XSTREAM_EV_READY] = "ready",
		[XSTREAM_EV_WANT_ACCOUNT] = "want-account",
		[XSTREAM_EV_WANT_SECRET] = "want-secret",
		[XSTREAM_EV_WANT_BIND] = "want-bind",
		[XSTREAM_EV_STANZA] = "stanza",
		[XSTREAM_EV_CLOSED] = "closed",
		[XSTREAM_EV_FAILED] = "failed",
	};
	size_t n = strlen(p->log);

	snprintf(p->log + n, RIG_LOG_MAX - n, "%s%s%s%s%s", n ? " " : "", names[ev->type],
		ev->type == XSTREAM_EV_FAILED ? ":" : "",
		ev->type == XSTREAM_EV_FAILED ? xstream_failure_name(ev->failure) : "",
		ev->type == XSTREAM_EV_FAILED && ev->text ? ev->text : "");
	if (ev->type == XSTREAM_EV_READY)
		snprintf(p->jid, sizeof(p->jid), "%s", ev->jid);
	if (ev->type != XSTREAM_EV_STANZA)
		return;
	struct buf b;
	buf_init(&b, RIG_TEXT_MAX);
	xml_put_node(&b, ev->node, "");
	assert_true(slice_cstr(buf_slice(&b), p->last, sizeof(p->last)));
	buf_done(&b);
	p->n_stanzas++;
}

static inline bool rig_peer_step(struct rig *r, struct rig_peer *p)
{
	struct xstream_event ev;
	struct slice out;
	bool any = false;

	if (buf_len(&p->inbox)) {
		size_t n = xstream_push_bytes(p->x, buf_slice(&p->inbox), r->now);

		buf_consume(&p->inbox, n);
		any = n > 0;
	}
	while (xstream_take_event(p->x, &ev)) {
		rig_note(p, &ev);
		any = true;
	}
	if (xstream_take_output(p->x, &out)) {
		rig_push(
			r, (struct fact){ .type = FACT_FLOW_BYTES, .flow = p->flow, .bytes = out });
		any = true;
	}
	return any;
}

/* Until nobody has anything to say. */
static inline void rig_run(struct rig *r)
{
	for (bool any = true; any;) {
		any = false;
		for (unsigned i = 0; i < r->n_peers; i++)
			any |= rig_peer_step(r, &r->peers[i]);
	}
}

static inline struct rig_peer *rig_peer_new(
	struct rig *r, const struct xstream_cfg *cfg, enum lab_listener what)
{
	assert_true(r->n_peers < RIG_PEERS_MAX);
	struct rig_peer *p = &r->peers[r->n_peers++];

	buf_init(&p->inbox, 1 << 20);
	assert_int_equal(xstream_new(&p->x, cfg, &r->rng, r->now), 0);
	p->flow = FLOW_ACCEPTED_BIT | ++r->next_flow;
	rig_push(r, (struct fact){ .type = FACT_FLOW_ACCEPTED, .flow = p->flow, .listener = what });
	rig_run(r);
	return p;
}

/* adelany; `presence` makes her available. */
static inline struct rig_peer *rig_client(struct rig *r, const char *resource, bool presence)
{
	const struct xstream_cfg cfg = { .role = XSTREAM_CLIENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("contoso.test"),
		.username = SLICE("adelany"),
		.password = SLICE("xmpp secret"),
		.resource = slice_str(resource),
		.presence = presence };

	return rig_peer_new(r, &cfg, LAB_LISTEN_XMPP_CLIENT);
}

static inline struct rig_peer *rig_component(struct rig *r, const char *secret)
{
	const struct xstream_cfg cfg = { .role = XSTREAM_COMPONENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("litware.test"),
		.password = slice_str(secret) };

	return rig_peer_new(r, &cfg, LAB_LISTEN_XMPP_COMPONENT);
}

static inline void rig_say(struct rig *r, struct rig_peer *p, const char *stanza)
{
	struct buf *b = xstream_begin(p->x);

	assert_non_null(b);
	buf_puts(b, stanza);
	assert_int_equal(xstream_commit(p->x, r->now), 0);
	rig_run(r);
}

#define RIG_TO_ADELANY                                                                             \
	"<message from='pilar@litware.test' to='adelany@contoso.test' id='m1'><body>hello</body>"  \
	"</message>"
#define RIG_TO_PILAR "<message to='pilar@litware.test' id='m2'><body>answer</body></message>"
