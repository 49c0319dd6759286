/* round_rig.h - a probe that is signed in on both sides, and the server of its receiver.  Included
 * by one test program each. */
#pragma once

#include "bridge/address.h"
#include "scene.h"
#include "xmpp/stream.h"

#define RECEIVER "adelany@contoso.test"
#define JID      RECEIVER "/r"

/* The XMPP server that the receiver signs in to; its word on presence can be left out. */
struct server {
	struct xstream *x;
	struct sasl_secret secret;
	bool mute_presence;
	struct buf in; /* of the probe, not yet read */
	char answer_id[64], answer_to[256], answer_body[256], answer_thread[64];
};

static inline void say(struct server *v, const char *text)
{
	struct buf *b = xstream_begin(v->x);

	assert_non_null(b);
	buf_puts(b, text);
}

static inline void keep(char *ret, size_t size, struct slice s)
{
	assert_true(slice_cstr(s, ret, size));
}

static inline struct slice child(const struct stanza *s, const char *name)
{
	const struct xml_node *n = xml_child(s->node, NULL, name);

	return n ? n->text : SLICE_NONE;
}

static inline void stanza(struct scene *s, struct server *v, const struct xml_node *node)
{
	struct stanza st;

	stanza_read(&st, node);
	if (st.kind == STANZA_PRESENCE && st.type.n == 0 && !v->mute_presence)
		say(v, "<presence from='" JID "' to='" JID "'/>");
	if (st.kind == STANZA_IQ && !stanza_put_iq_answer(xstream_begin(v->x), &st))
		return;
	if (st.kind == STANZA_MESSAGE) {
		keep(v->answer_id, sizeof(v->answer_id), st.id);
		keep(v->answer_to, sizeof(v->answer_to), st.to);
		keep(v->answer_body, sizeof(v->answer_body), child(&st, "body"));
		keep(v->answer_thread, sizeof(v->answer_thread), child(&st, "thread"));
		return;
	}
	if ((st.kind == STANZA_PRESENCE && (st.type.n || v->mute_presence)))
		return;
	assert_int_equal(xstream_commit(v->x, s->now), 0);
}

static inline void event(struct scene *s, struct server *v, const struct xstream_event *ev)
{
	switch (ev->type) {
	case XSTREAM_EV_WANT_ACCOUNT: xstream_push_account(v->x, &v->secret, s->now); break;
	case XSTREAM_EV_WANT_BIND: xstream_push_bind(v->x, SLICE("r"), s->now); break;
	case XSTREAM_EV_STANZA: stanza(s, v, ev->node); break;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_WANT_TLS:
	case XSTREAM_EV_AUTHENTICATED:
	case XSTREAM_EV_READY:
	case XSTREAM_EV_WANT_SECRET:
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: break;
	}
}

static inline void take(struct scene *s, struct slice bytes)
{
	struct server *v = s->server;

	buf_put(&v->in, bytes);
}

/* Until neither has anything more to say. */
static inline void talk(struct scene *s)
{
	struct server *v = s->server;
	struct xstream_event ev;
	struct slice out;

	for (;;) {
		size_t n =
			buf_len(&v->in) ? xstream_push_bytes(v->x, buf_slice(&v->in), s->now) : 0;

		buf_consume(&v->in, n);
		while (xstream_take_event(v->x, &ev))
			event(s, v, &ev);
		bool said = false;
		while (xstream_take_output(v->x, &out)) {
			char copy[SCENE_TEXT];

			keep(copy, sizeof(copy), out);
			scene_push(s, (struct fact){ .type = FACT_FLOW_BYTES,
					      .flow = s->flow,
					      .bytes = slice_str(copy) });
			said = true;
		}
		if (n == 0 && !said)
			return;
	}
}

struct round {
	struct scene s;
	struct server v;
	char nonce[64]; /* of the MESSAGE that is out */
	char call_id[512];
};

/* Keeps what the MESSAGE that is out has of its own. */
static inline void note_message(struct round *r)
{
	const char *body = strstr(r->s.out, "stox test ");

	assert_non_null(body);
	keep(r->nonce, sizeof(r->nonce), slice_str(body + strlen("stox test ")));
	scene_header(&r->s, "Call-ID", r->call_id);
}

/* The server takes the connection that is wanted; the receiver has signed in behind it. */
static inline void serve_xmpp(struct round *r)
{
	const struct xstream_cfg server = { .role = XSTREAM_ACCEPT_CLIENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("contoso.test"),
		.offer = { [SASL_SCRAM_SHA256] = true } };

	xstream_free(r->v.x);
	buf_clear(&r->v.in);
	assert_int_equal(xstream_new(&r->v.x, &server, &r->s.rng, r->s.now), 0);
	scene_push(&r->s, (struct fact){ .type = FACT_FLOW_UP, .flow = r->s.flow });
	talk(&r->s);
}

/* Of the tests that begin now. */
static const char *rig_registrar = "sip:127.0.0.1:5060;transport=udp";
static ts_t rig_settle;
static enum probe_direction rig_direction;
static unsigned rig_accept[SIDES];
static void (*rig_seen)(void *arg, const struct probe_event *ev); /* not NULL: with a trace */

/* The receiver is signed in, the SIP user is not. */
static inline void begin_on_xmpp(struct round *r, bool mute_presence, unsigned count, ts_t interval)
{
	struct probe_cfg cfg = scene_cfg(rig_registrar);

	memset(r, 0, sizeof(*r));
	cfg.has_receiver_password = true;
	cfg.receiver_password = SLICE("xmpp secret");
	cfg.receiver_server = SLICE("127.0.0.1:5222");
	cfg.xmpp_plain = true;
	cfg.count = count;
	cfg.interval = interval;
	cfg.settle = rig_settle;
	cfg.direction = rig_direction;
	memcpy(cfg.accept, rig_accept, sizeof(cfg.accept));
	cfg.trace = rig_seen != NULL;
	scene_begin_seen(&r->s, &cfg, rig_seen, NULL);
	r->s.xmpp = take;
	r->s.server = &r->v;
	r->v.mute_presence = mute_presence;
	buf_init(&r->v.in, 1 << 16);
	assert_int_equal(sasl_secret_make(&r->v.secret, SLICE("xmpp secret"), 4096, &r->s.rng), 0);
	r->s.flow = r->s.xmpp_flow;
	serve_xmpp(r);
	if (mute_presence)
		scene_wait(&r->s, TS_S(1));
}

/* Both sides are signed in and the MESSAGE is out. */
static inline void begin_every(struct round *r, bool mute_presence, unsigned count, ts_t interval)
{
	begin_on_xmpp(r, mute_presence, count, interval);
	scene_sign_in(&r->s);
	note_message(r);
}

static inline void begin(struct round *r, bool mute_presence, unsigned count)
{
	begin_every(r, mute_presence, count, 0);
}

static inline void end(struct round *r)
{
	scene_end(&r->s);
	xstream_free(r->v.x);
	buf_done(&r->v.in);
}

/* A message at the receiver. */
static inline void arrives(struct round *r, const char *from, const char *body)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"<message from='%s' to='" JID
		"' id='g1'><body>%s</body><thread>%s</thread></message>",
		from, body, r->call_id);
	say(&r->v, text);
	assert_int_equal(xstream_commit(r->v.x, r->s.now), 0);
	talk(&r->s);
}

static inline void arrives_well(struct round *r)
{
	char body[128];

	snprintf(body, sizeof(body), "stox test %s", r->nonce);
	arrives(r, "pilar@litware.test/gr", body);
}

/* A MESSAGE at the SIP user. */
static inline void comes_back(struct round *r, const char *from, const char *type, const char *body)
{
	static unsigned branch;
	char text[SCENE_TEXT];

	int n = snprintf(text, sizeof(text),
		"MESSAGE sip:pilar@127.0.0.2:40000 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKback%u\r\nMax-Forwards: 69\r\n"
		"From: <%s>;tag=b\r\nTo: <sip:pilar@litware.test>\r\nCall-ID: back\r\n"
		"CSeq: 1 MESSAGE\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
		branch++, from, type, strlen(body), body);
	scene_push(
		&r->s, (struct fact){ .type = r->s.wants_listen ? FACT_DATAGRAM : FACT_FLOW_BYTES,
			       .flow = r->s.wants_listen ? 0 : r->s.sip_flow,
			       .listener = 1,
			       .bytes = slice_of(text, (size_t)n) });
	talk(&r->s);
}

#define FROM_RECEIVER "sip:" RECEIVER ";gr=r"

static inline ts_t due(const struct round *r)
{
	return r->s.e.ops->deadline(r->s.p);
}

/* The whole round, and how long it took. */
static inline void go_through(struct round *r, ts_t took)
{
	note_message(r);
	scene_answer(&r->s, "202 Accepted", "");
	r->s.now += took;
	arrives_well(r);
	comes_back(r, FROM_RECEIVER, "text/plain", r->v.answer_body);
}
