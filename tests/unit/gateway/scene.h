/* scene.h - the gateway alone: the XMPP server is an accepting stream, the pool is text, time is a
 * number.  Included by one test program each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/events.h"
#include "gateway/gateway.h"
#include "gateway/ids.h"
#include "sip/hdr.h"
#include "xmpp/stream.h"

enum { SENT_MAX = 512, GOT_MAX = 512, SCENE_WANTS_MAX = 512, SCENE_TEXT_MAX = 8192 };

struct sent { /* to SIP: a datagram, or bytes on a connection */
	flow_t flow;
	uint32_t listener;
	struct addr peer, local;
	char text[SCENE_TEXT_MAX];
};

struct got { /* by the XMPP server */
	char id[64], from[256], to[256];
	bool is_ping;
	char text[SCENE_TEXT_MAX];
};

struct scene {
	struct gateway_cfg cfg; /* for start(); filled in by scene_reset() */
	struct partners *partners;
	struct rng rng;
	ts_t now;
	struct gateway *g;
	struct engine e;
	struct xstream *server; /* NULL: nobody reads what goes to the server */
	flow_t stream_flow;     /* the last WANT_FLOW to the server */
	bool wants_connect;     /* since the last connect_server() */
	bool server_secret_is_wrong;
	bool server_is_stuck; /* it does not send our pings to ourselves back */
	unsigned n_own_pings;
	struct sent sent[SENT_MAX];
	unsigned n_sent;
	struct got got[GOT_MAX];
	unsigned n_got;
	struct want wants[SCENE_WANTS_MAX];
	unsigned n_wants;
	char events[SCENE_TEXT_MAX]; /* one line each: type, level, log */
	bool only_counts;            /* what is sent and got: there is too much to be kept */
	unsigned n_requests, n_status[700], n_messages, n_errors;
	char last_ping[64], last_message[64], last_own_ping[64]; /* their ids */
};

static struct scene s;

static const struct addr pool = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };
static const struct addr here = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 1 } };
static const struct addr server_addr = { .family = 4, .port = 5347, .ip = { 127, 0, 0, 1 } };
static const struct addr stranger = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 9 } };

/* ---- what comes out ---- */

/* What a component writes to itself comes back. */
static inline bool send_back(const struct stanza *st, const struct xml_node *node)
{
	if (st->kind != STANZA_IQ || !slice_eq(st->from, st->to))
		return false;
	s.n_own_pings++;
	slice_cstr(st->id, s.last_own_ping, sizeof(s.last_own_ping));
	if (s.server_is_stuck)
		return true;
	struct buf *b = xstream_begin(s.server);
	assert_non_null(b);
	xml_put_node(b, node, NS_COMPONENT);
	assert_int_equal(xstream_commit(s.server, s.now), 0);
	return true;
}

static inline void server_got(const struct xml_node *node)
{
	struct stanza st;
	struct buf b;

	stanza_read(&st, node);
	if (send_back(&st, node))
		return;
	if (s.only_counts) {
		const bool is_message = st.kind == STANZA_MESSAGE;

		s.n_errors += is_message && slice_eqs(st.type, "error");
		s.n_messages += is_message && st.type.n == 0;
		if (is_message)
			slice_cstr(st.id, s.last_message, sizeof(s.last_message));
		if (st.kind == STANZA_IQ)
			slice_cstr(st.id, s.last_ping, sizeof(s.last_ping));
		return;
	}
	assert_true(s.n_got < GOT_MAX);
	struct got *got = &s.got[s.n_got++];
	slice_cstr(st.id, got->id, sizeof(got->id));
	slice_cstr(st.from, got->from, sizeof(got->from));
	slice_cstr(st.to, got->to, sizeof(got->to));
	got->is_ping = st.kind == STANZA_IQ && xml_child(node, NS_PING, "ping");
	buf_init(&b, 1 << 20);
	xml_put_node(&b, node, NS_COMPONENT);
	slice_cstr(slice_cut(buf_slice(&b), 0, SCENE_TEXT_MAX - 1), got->text, SCENE_TEXT_MAX);
	buf_done(&b);
}

static inline void server_events(void)
{
	struct xstream_event ev;

	while (s.server && xstream_take_event(s.server, &ev)) {
		if (ev.type == XSTREAM_EV_WANT_SECRET)
			xstream_push_secret(s.server,
				s.server_secret_is_wrong ? SLICE("other") : SLICE("s3cret"), s.now);
		if (ev.type == XSTREAM_EV_STANZA)
			server_got(ev.node);
		if (ev.type == XSTREAM_EV_CLOSED || ev.type == XSTREAM_EV_FAILED)
			break;
	}
}

/* A stream stops taking bytes when it has no room for more events. */
static inline void server_bytes(struct slice bytes)
{
	size_t n = 1;

	while (s.server && n && bytes.n) {
		n = xstream_push_bytes(s.server, bytes, s.now);
		bytes = slice_skip(bytes, n);
		server_events();
	}
}

static inline void count_output(const struct output *out)
{
	uint64_t status = 0;

	if (slice_starts(out->bytes, SLICE("SIP/2.0 ")) &&
		slice_u64(slice_cut(out->bytes, 8, 11), 699, &status))
		s.n_status[status]++;
	else
		s.n_requests++;
}

static inline void note_output(const struct output *out)
{
	if (s.only_counts) {
		count_output(out);
		return;
	}
	struct sent *sent = &s.sent[s.n_sent++];

	assert_true(s.n_sent < SENT_MAX);
	sent->flow = out->flow;
	sent->listener = out->listener;
	sent->peer = out->peer;
	sent->local = out->local;
	assert_true(slice_cstr(out->bytes, sent->text, SCENE_TEXT_MAX));
}

static inline bool is_word_of(const char *list, const char *word, size_t n)
{
	for (const char *at = list; (at = strstr(at, word)); at++) {
		const bool begins = at == list || strchr(" [", at[-1]);

		if (begins && (at[n] == '\0' || strchr(" ]", at[n])))
			return true;
	}
	return false;
}

/* Each key of a line is a field of its event, gateway/events.h. */
static inline void check_fields(const struct event_row *row, const char *p)
{
	while (*p == ' ') {
		char key[32];
		const size_t n = strcspn(p + 1, "=");

		snprintf(key, sizeof(key), "%.*s", (int)n, p + 1);
		if (strcmp(row->fields, "COUNTERS") != 0 && !is_word_of(row->fields, key, n))
			fail_msg("%s %s has no field %s", row->subsystem, row->name, key);
		p += 1 + n + 1;
		for (bool quoted = false; *p && (quoted || *p != ' '); p++) {
			if (*p == '\\')
				p++;
			else
				quoted ^= *p == '"';
		}
	}
}

static inline void check_event(const char *line)
{
	for (enum log_event e = 0; *line && e < EVENT_COUNT; e++) {
		const struct event_row *row = event_row(e);
		const size_t n = strlen(row->subsystem), k = strlen(row->name);

		if (strncmp(line, row->subsystem, n) == 0 && line[n] == ' ' &&
			strncmp(line + n + 1, row->name, k) == 0 &&
			(line[n + 1 + k] == ' ' || line[n + 1 + k] == '\0')) {
			check_fields(row, line + n + 1 + k);
			return;
		}
	}
	assert_int_equal(*line, '\0'); /* an event that the table does not have */
}

static inline void note_events(void)
{
	static const char *const names[] = {
		[GATEWAY_EV_UP] = "up",
		[GATEWAY_EV_DOWN] = "down",
		[GATEWAY_EV_LISTENING] = "listening",
		[GATEWAY_EV_LOG] = "log",
		[GATEWAY_EV_FAILED] = "failed",
		[GATEWAY_EV_STOPPED] = "stopped",
	};
	struct gateway_event ev;

	while (gateway_take_event(s.g, &ev)) {
		size_t n = strlen(s.events);

		check_event(ev.log);
		snprintf(s.events + n, sizeof(s.events) - n, "%s %s %s\n", names[ev.type],
			log_level_name(ev.level), ev.log);
	}
}

static inline void push(struct fact in);

/* What a driver does after each push; then the server's turn, until both are quiet. */
static inline void drain(void)
{
	struct output out;
	struct slice bytes;

	while (s.e.ops->take_output(s.e.self, &out)) {
		if (out.flow && out.flow == s.stream_flow) {
			server_bytes(out.bytes);
		} else {
			note_output(&out);
		}
	}
	while (s.e.ops->take_want(s.e.self, &s.wants[s.n_wants])) {
		const struct want *w = &s.wants[s.n_wants++];

		assert_true(s.n_wants < SCENE_WANTS_MAX);
		if (w->type == WANT_FLOW && w->addr.port == server_addr.port) {
			s.stream_flow = w->flow;
			s.wants_connect = true;
		}
	}
	note_events();
	if (s.server && xstream_take_output(s.server, &bytes))
		push((struct fact){
			.type = FACT_FLOW_BYTES, .flow = s.stream_flow, .bytes = bytes });
}

static inline void push(struct fact in)
{
	in.peer = in.peer ? in.peer : &pool;
	in.local = in.local ? in.local : &here;
	s.e.ops->push(s.e.self, &in, s.now);
	drain();
}

/* ---- time ---- */

/* The end of a batch: everything that was ready has been pushed. */
static inline void wake(void)
{
	s.e.ops->push_time(s.e.self, s.now);
	drain();
}

/* Sleeps as a driver does, from deadline to deadline. */
static inline void pass(ts_t span)
{
	const ts_t end = s.now + span;
	ts_t at;

	for (unsigned n = 0; (at = s.e.ops->deadline(s.e.self)) <= end; n++) {
		assert_true(n < 10000); /* a deadline that does not move would be a busy loop */
		s.now = at > s.now ? at : s.now;
		wake();
	}
	s.now = end;
}

/* ---- life ---- */

static inline void scene_reset(void)
{
	memset(&s, 0, sizeof(s));
	rng_init_number(&s.rng, 1);
	s.now = TS_S(1000);
	s.cfg = (struct gateway_cfg){ .n_listens = 1,
		.listens = { { TRANSPORT_UDP, here } },
		.n_trusted = 1,
		.trusted = { { pool, 32 } },
		.component_secret = SLICE("s3cret"),
		.server_port = 5347,
		.next_hop = "sip:127.0.0.1:5060;transport=udp",
		.component_name = "litware.test",
		.server_host = "127.0.0.1" };
	assert_int_equal(partners_new(&s.partners), 0);
	assert_int_equal(partners_add_own(s.partners, SLICE("litware.test")), 0);
	assert_int_equal(partners_add_own(s.partners, SLICE("second.test")), 0);
	assert_int_equal(partners_add(s.partners, SLICE("contoso.test"), PARTNER_FEDERATED), 0);
	assert_int_equal(partners_add(s.partners, SLICE("fabrikam.test"), PARTNER_FEDERATED), 0);
	s.cfg.partners = s.partners;
}

static inline int scene_set_up(void **state)
{
	(void)state;
	scene_reset();
	return 0;
}

static inline int scene_tear_down(void **state)
{
	(void)state;
	s.server = xstream_free(s.server);
	s.g = gateway_free(s.g);
	s.partners = partners_free(s.partners);
	return 0;
}

#define SCENE(f) cmocka_unit_test_setup_teardown(f, scene_set_up, scene_tear_down)

/* By s.cfg; its listeners are bound. */
static inline void start(void)
{
	assert_int_equal(gateway_new(&s.g, &s.cfg, &s.rng, s.now), 0);
	s.e = gateway_engine(s.g);
	drain();
	for (unsigned i = 0; i < s.cfg.n_listens; i++)
		push((struct fact){ .type = FACT_LISTEN_UP,
			.listener = i + 1,
			.local = &s.cfg.listens[i].addr });
}

/* The connection that the gateway wants is there. */
static inline void connect_server(void)
{
	const struct xstream_cfg cfg = { .role = XSTREAM_ACCEPT_COMPONENT,
		.tls = XSTREAM_TLS_NONE };

	assert_true(s.wants_connect);
	s.wants_connect = false;
	s.server = xstream_free(s.server);
	assert_int_equal(xstream_new(&s.server, &cfg, &s.rng, s.now), 0);
	push((struct fact){ .type = FACT_FLOW_UP, .flow = s.stream_flow, .peer = &server_addr });
	server_events();
}

static inline void next_hop_by_tcp(void)
{
	snprintf(s.cfg.next_hop, sizeof(s.cfg.next_hop), "sip:127.0.0.1:5060;transport=tcp");
}

static inline void start_connected(void)
{
	start();
	connect_server();
	assert_true(gateway_is_up(s.g));
}

static inline void break_stream(void)
{
	s.server = xstream_free(s.server);
	push((struct fact){ .type = FACT_FLOW_FAILED,
		.flow = s.stream_flow,
		.err = ECONNRESET,
		.step = FLOW_STEP_OPEN });
}

/* ---- the pool's side ---- */

static inline void datagram_from(const struct addr *peer, const char *text)
{
	push((struct fact){
		.type = FACT_DATAGRAM, .listener = 1, .peer = peer, .bytes = slice_str(text) });
}

static inline void sip(const char *text)
{
	datagram_from(&pool, text);
}

/* Memory is out behind so many allocations of this push. */
static inline void push_short_of_memory(struct fact in, long n)
{
	in.peer = &pool;
	in.local = &here;
	mem_fail_after(n);
	s.e.ops->push(s.e.self, &in, s.now);
	mem_fail_after(-1);
	drain();
}

static inline void sip_short_of_memory(const char *text, long n)
{
	push_short_of_memory(
		(struct fact){ .type = FACT_DATAGRAM, .listener = 1, .bytes = slice_str(text) }, n);
}

/* A connection from the pool, and bytes on it. */
static inline flow_t accepted(uint64_t number)
{
	const flow_t flow = FLOW_ACCEPTED_BIT | number;

	push((struct fact){ .type = FACT_FLOW_ACCEPTED, .flow = flow, .listener = 1 });
	return flow;
}

static inline void bytes_on(flow_t flow, const char *text)
{
	push((struct fact){ .type = FACT_FLOW_BYTES, .flow = flow, .bytes = slice_str(text) });
}

/* RFC 5438: a message whose sender asks for a report of its failure. */
#define REPORTS_ASKED                                                                              \
	"NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j\r\n"                         \
	"imdn.Disposition-Notification: negative-delivery\r\n\r\n"                                 \
	"Content-Type: text/plain\r\n\r\nhi"

#define A_CONTOSO  "adelany@contoso.test"
#define P_LITWARE  "pilar@litware.test"
#define A_FABRIKAM "amy@fabrikam.test"

static inline const char *request(
	const char *branch, const char *to, const char *from, const char *more, const char *body)
{
	static char text[65536];

	snprintf(text, sizeof(text),
		"MESSAGE sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%s\r\n"
		"From: <sip:%s>;tag=1\r\nTo: <sip:%s>\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n%s"
		"Content-Length: %zu\r\n\r\n%s",
		to, branch, from, to, more, strlen(body), body);
	return text;
}

static inline void send_message(const char *branch, const char *to)
{
	sip(request(branch, to, P_LITWARE, "", "hi"));
}

/* The first `old` in the text gives place to `new`, which is as long. */
static inline void exchange(char *text, const char *old, const char *new)
{
	char *at = strstr(text, old);

	assert_non_null(at);
	assert_int_equal(strlen(old), strlen(new));
	while (*new)
		*at++ = *new ++;
}

/* Answers to the request of this branch so far. */
static inline unsigned n_answers(const char *branch)
{
	char via[64];
	unsigned n = 0;

	snprintf(via, sizeof(via), "branch=z9hG4bK%s", branch);
	for (unsigned i = 0; i < s.n_sent; i++) {
		const char *at = strstr(s.sent[i].text, via);

		n += at && strchr("\r;", at[strlen(via)]) &&
		     strncmp(s.sent[i].text, "SIP/2.0 ", 8) == 0;
	}
	return n;
}

/* The last of them, as text; "" for none. */
static inline const char *answer_to(const char *branch)
{
	char via[64];

	snprintf(via, sizeof(via), "branch=z9hG4bK%s", branch);
	for (unsigned i = s.n_sent; i > 0; i--) {
		const char *text = s.sent[i - 1].text, *at = strstr(text, via);

		if (at && strchr("\r;", at[strlen(via)]) && strncmp(text, "SIP/2.0 ", 8) == 0)
			return text;
	}
	return "";
}

static inline int status_of(const char *branch)
{
	const char *text = answer_to(branch);
	uint64_t status;

	return strlen(text) > 11 && slice_u64(slice_of(text + 8, 3), 699, &status) ? (int)status
										   : 0;
}

/* One of our requests as its receiver reads it; valid until the next. */
static inline const struct sip_msg *decode_sent(unsigned i)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;

	assert_true(i < s.n_sent);
	if (sip_msg_decode(slice_str(s.sent[i].text), &msg, &refusal))
		fail_msg("%s: %s", s.sent[i].text, refusal.where.what);
	return &msg;
}

/* The pool's response to request number i. */
static inline const char *response_to(unsigned i, const char *status, const char *more)
{
	static char text[SCENE_TEXT_MAX];
	const struct sip_msg *m = decode_sent(i);

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s;tag=2\r\nCall-ID: %.*s\r\n"
		"CSeq: %u MESSAGE\r\n%sContent-Length: 0\r\n\r\n",
		status, SLICE_FMT(m->via.text), SLICE_FMT(m->from.text), SLICE_FMT(m->to.text),
		SLICE_FMT(m->call_id), m->cseq, more);
	return text;
}

static inline void respond(unsigned i, const char *status)
{
	sip(response_to(i, status, ""));
}

/* ---- the partner's side ---- */

static inline void server_writes(const char *stanza)
{
	struct buf *b = xstream_begin(s.server);

	assert_non_null(b);
	buf_puts(b, stanza);
	assert_int_equal(xstream_commit(s.server, s.now), 0);
}

static inline void from_xmpp(const char *stanza)
{
	server_writes(stanza);
	drain();
}

/* On its way to us: valid until the server writes again. */
static inline struct fact of_stream(const char *stanza)
{
	struct fact in = { .type = FACT_FLOW_BYTES, .flow = s.stream_flow };

	server_writes(stanza);
	assert_true(xstream_take_output(s.server, &in.bytes));
	return in;
}

/* `who` answers the ping that the server got as number i. */
static inline void pong_from(const char *who, unsigned i, const char *type)
{
	char text[512];

	assert_true(i < s.n_got);
	snprintf(text, sizeof(text), "<iq from='%s' to='litware.test' id='%s' type='%s'/>", who,
		s.got[i].id, type);
	from_xmpp(text);
}

static inline void pong(unsigned i)
{
	assert_true(s.got[i].is_ping);
	pong_from(s.got[i].to, i, "result");
}

/* The message that the server got as number i bounces; `error` is its <error/>. */
static inline void bounce(unsigned i, const char *error)
{
	char text[2048];

	assert_true(i < s.n_got && !s.got[i].is_ping);
	snprintf(text, sizeof(text), "<message from='%s' to='%s' id='%s' type='error'>%s</message>",
		s.got[i].to, s.got[i].from, s.got[i].id, error);
	from_xmpp(text);
}

#define ERROR(type, condition)                                                                     \
	"<error type='" type "'><" condition " xmlns='" NS_STANZAS "'/></error>"

static inline void xmpp_message(const char *from, const char *to, const char *id, const char *body)
{
	char text[SCENE_TEXT_MAX];

	snprintf(text, sizeof(text), "<message from='%s' to='%s' id='%s'><body>%s</body></message>",
		from, to, id, body);
	from_xmpp(text);
}

/* ---- wants ---- */

static inline const struct want *last_want(enum want_type type)
{
	for (unsigned i = s.n_wants; i > 0; i--)
		if (s.wants[i - 1].type == type)
			return &s.wants[i - 1];
	return NULL;
}

static inline unsigned n_wants(enum want_type type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s.n_wants; i++)
		n += s.wants[i].type == type;
	return n;
}

static inline void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("`%s` is not in: %s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("`%s` is in: %s", part, text);
}
