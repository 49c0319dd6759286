/* The whole gateway between two peers that say anything: what comes out of it is SIP on one side
 * and stanzas of its own domain on the other, and it ends when it is told to.
 *
 * Records: a letter that says what happens, what it happens with, a byte 1.  Small letters choose
 * what a fuzzer does not find by itself: the answer to what went out last. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gateway/gateway.h"
#include "sip/msg.h"
#include "sip/write.h"
#include "xmpp/stanza.h"
#include "xmpp/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONNS = 4, END = 1, TEXT = 65536, WAKES_MAX = 20000 };

static const struct addr pool = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };
static const struct addr here = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 1 } };
static const struct addr stranger = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 9 } };

struct bench {
	struct gateway *g;
	struct engine e;
	ts_t now;
	long fail_after; /* the n-th allocation of the next push; -1: none */
	flow_t stream;   /* 0: there is none */
	bool stream_up;
	struct xml_reader *server; /* reads what the gateway writes */
	flow_t conns[CONNS];       /* 0: free */
	uint64_t accepted;
	flow_t hop; /* that connects, or is connected */
	struct want question;
	bool asked, stopped;
	char request[TEXT]; /* the last that went out */
	char ping[64], ping_to[256], message[64], message_to[256], message_from[256];
};

/* ---- what comes out ---- */

static void sip_out(struct bench *b, struct slice bytes)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;

	if (slice_eqs(bytes, "\r\n"))
		return;
	/* An answer to what was refused repeats its rows as they came. */
	if (sip_msg_decode(bytes, &msg, &refusal))
		assert(!msg.is_request && msg.status >= 400 && msg.status < 600 &&
			!msg.has_controls);
	if (msg.is_request)
		assert(slice_cstr(bytes, b->request, sizeof(b->request)) || bytes.n >= TEXT ||
			slice_chr(bytes, '\0') < bytes.n);
}

static void stanza_out(struct bench *b, const struct xml_node *node)
{
	struct stanza s;
	struct jid from, to;
	struct where where;

	stanza_read(&s, node);
	/* From any other domain the server would end the stream: XEP-0114 section 3. */
	if (s.kind == STANZA_OTHER) {
		assert(slice_eqs(node->name, "handshake") || slice_eqs(node->name, "error"));
		return;
	}
	assert(jid_decode(s.from, &from, &where) == 0 &&
		slice_eqs(jid_domain(&from), "litware.test"));
	if (s.kind == STANZA_IQ && xml_child(node, NS_PING, "ping")) {
		assert(jid_decode(s.to, &to, &where) == 0);
		slice_cstr(s.id, b->ping, sizeof(b->ping));
		slice_cstr(s.to, b->ping_to, sizeof(b->ping_to));
	} else if (s.kind == STANZA_MESSAGE && !slice_eqs(s.type, "error")) {
		assert(jid_decode(s.to, &to, &where) == 0);
		slice_cstr(s.id, b->message, sizeof(b->message));
		slice_cstr(s.to, b->message_to, sizeof(b->message_to));
		slice_cstr(s.from, b->message_from, sizeof(b->message_from));
	}
}

static void stream_out(struct bench *b, struct slice bytes)
{
	struct xml_event ev;

	while (bytes.n) {
		bytes = slice_skip(bytes, xml_reader_push(b->server, bytes));
		while (xml_reader_take(b->server, &ev)) {
			assert(ev.type != XML_EV_ERROR);
			if (ev.type == XML_EV_STANZA)
				stanza_out(b, ev.node);
		}
	}
}

static void begin_stream(struct bench *b, flow_t flow)
{
	const struct xml_limits limits = { .stanza_bytes = 1 << 20,
		.depth = 64,
		.attrs = 32,
		.nodes = 8192,
		.name_bytes = 1 << 20,
		.tag_bytes = 1 << 20 };

	xml_reader_free(b->server);
	if (xml_reader_new(&b->server, &limits, 1))
		abort();
	b->stream = flow;
	b->stream_up = false;
}

static void forget(struct bench *b, flow_t flow)
{
	if (b->stream == flow)
		b->stream = 0;
	if (b->hop == flow)
		b->hop = 0;
	for (unsigned i = 0; i < CONNS; i++)
		if (b->conns[i] == flow)
			b->conns[i] = 0;
}

static void want(struct bench *b, const struct want *w)
{
	switch (w->type) {
	case WANT_FLOW:
		if (w->addr.port == 5347)
			begin_stream(b, w->flow);
		else
			b->hop = w->flow;
		break;
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW: forget(b, w->flow); break;
	case WANT_DNS:
		b->question = *w;
		b->asked = true;
		break;
	case WANT_TLS:
	case WANT_LISTEN:
	case WANT_UNLISTEN:
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_DROP_DNS: break;
	}
}

static void drain(struct bench *b)
{
	struct gateway_event ev;
	struct output out;
	struct want w;

	while (b->e.ops->take_output(b->e.self, &out)) {
		if (out.flow && out.flow == b->stream)
			stream_out(b, out.bytes);
		else
			sip_out(b, out.bytes);
	}
	while (b->e.ops->take_want(b->e.self, &w))
		want(b, &w);
	while (gateway_take_event(b->g, &ev)) {
		assert(!strpbrk(ev.log, "\r\n\033"));
		b->stopped |= ev.type == GATEWAY_EV_STOPPED;
	}
}

/* ---- what goes in ---- */

static void push(struct bench *b, struct fact in)
{
	in.local = in.local ? in.local : &here;
	in.peer = in.peer ? in.peer : &pool;
	mem_fail_after(b->fail_after);
	b->e.ops->push(b->e.self, &in, b->now);
	mem_fail_after(-1);
	b->fail_after = -1;
	drain(b);
}

/* Nothing vanishes: a datagram is counted, whatever it is (a response that is awaited was counted
 * as its request). */
static void datagram(struct bench *b, const struct addr *peer, struct slice bytes)
{
	const struct gateway_stats before = *gateway_stats(b->g);

	push(b, (struct fact){
			.type = FACT_DATAGRAM, .listener = 1, .peer = peer, .bytes = bytes });
	assert(slice_trim(bytes).n == 0 || slice_starts(slice_trim(bytes), SLICE("SIP/")) ||
		memcmp(&before, gateway_stats(b->g), sizeof(before)) != 0);
}

static void stream_bytes(struct bench *b, struct slice bytes)
{
	if (b->stream && b->stream_up && bytes.n)
		push(b, (struct fact){
				.type = FACT_FLOW_BYTES, .flow = b->stream, .bytes = bytes });
}

static void end_flow(struct bench *b, flow_t flow, bool eof)
{
	if (!flow)
		return;
	if (!eof)
		forget(b, flow);
	push(b, (struct fact){ .type = eof ? FACT_FLOW_EOF : FACT_FLOW_FAILED,
			.flow = flow,
			.err = eof ? 0 : 104 });
	forget(b, flow);
}

static void flow_up(struct bench *b, flow_t flow)
{
	b->stream_up |= flow && flow == b->stream;
	if (flow)
		push(b, (struct fact){ .type = FACT_FLOW_UP, .flow = flow });
}

static void on_connection(struct bench *b, struct slice in)
{
	const unsigned i = in.n ? in.p[0] % CONNS : 0;

	in = slice_skip(in, 1);
	if (in.n == 0) {
		end_flow(b, b->conns[i], true);
	} else if (b->conns[i]) {
		push(b, (struct fact){ .type = FACT_FLOW_BYTES, .flow = b->conns[i], .bytes = in });
	} else {
		b->conns[i] = FLOW_ACCEPTED_BIT | ++b->accepted;
		push(b, (struct fact){ .type = FACT_FLOW_ACCEPTED,
				.flow = b->conns[i],
				.listener = 2,
				.peer = in.p[0] == '!' ? &stranger : &pool });
	}
}

static void dns(struct bench *b, struct slice in)
{
	static const char *const names[] = { "a.pool.test", "b.pool.test", "", "." };
	struct dns_record records[4] = { { .type = b->question.dns_type } };
	struct dns_answer a = { .status = DNS_OK, .records = records };

	if (!b->asked)
		return;
	b->asked = false;
	for (; a.n_records < COUNT(records) && a.n_records < in.n; a.n_records++) {
		struct dns_record *r = &records[a.n_records];

		*r = (struct dns_record){ .type = b->question.dns_type };
		if (r->type == DNS_SRV) {
			r->srv.port = 5060;
			snprintf(r->srv.target, sizeof(r->srv.target), "%s",
				names[in.p[a.n_records] % COUNT(names)]);
		} else if (r->type != DNS_NAPTR) {
			r->addr = pool;
			r->addr.ip[3] = in.p[a.n_records];
		}
	}
	if (a.n_records == 0)
		a.status = DNS_NXDOMAIN;
	push(b, (struct fact){ .type = FACT_DNS, .dns_id = b->question.dns_id, .dns = &a });
}

/* The pool answers the last request with what stands in the record behind "SIP/2.0 ". */
static void respond(struct bench *b, struct slice status)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;
	struct buf out;

	if (sip_msg_decode(slice_str(b->request), &msg, &refusal))
		return;
	buf_init(&out, 2 * TEXT);
	buf_puts(&out, "SIP/2.0 ");
	buf_put(&out, slice_split(&status, '\n'));
	buf_puts(&out, "\r\n");
	sip_put_response_fields(&out, &msg, SLICE("t"), &pool);
	buf_put(&out, status);
	buf_puts(&out, "Content-Length: 0\r\n\r\n");
	if (b->hop)
		push(b, (struct fact){ .type = FACT_FLOW_BYTES,
				.flow = b->hop,
				.bytes = buf_slice(&out) });
	else
		datagram(b, &pool, buf_slice(&out));
	buf_done(&out);
}

static void pong(struct bench *b)
{
	char text[512];

	snprintf(text, sizeof(text), "<iq from='%s' to='litware.test' id='%s' type='result'/>",
		b->ping_to, b->ping);
	stream_bytes(b, slice_str(text));
}

static void bounce(struct bench *b, struct slice error)
{
	struct buf out;

	buf_init(&out, TEXT);
	buf_puts(&out, "<message type='error'");
	xml_put_attr(&out, "id", slice_str(b->message));
	xml_put_attr(&out, "from", slice_str(b->message_to));
	xml_put_attr(&out, "to", slice_str(b->message_from));
	buf_puts(&out, "><error type='cancel'>");
	buf_put(&out, error);
	buf_puts(&out, "</error></message>");
	stream_bytes(b, buf_slice(&out));
	buf_done(&out);
}

static void sign_in(struct bench *b)
{
	if (b->stream && !b->stream_up)
		flow_up(b, b->stream);
	stream_bytes(
		b, SLICE("<stream:stream xmlns='jabber:component:accept' xmlns:stream='" NS_STREAM
			 "' id='x' from='litware.test'>"));
	stream_bytes(b, SLICE("<handshake/>"));
}

static void pass(struct bench *b, ts_t span)
{
	ts_t at = b->e.ops->deadline(b->e.self);

	b->now = span ? ts_add(b->now, span) : at == TS_NEVER || at < b->now ? b->now : at;
	b->e.ops->push_time(b->e.self, b->now);
	drain(b);
}

static void step(struct bench *b, uint8_t what, struct slice in)
{
	switch (what) {
	case 'D': datagram(b, &pool, in); break;
	case 'S': datagram(b, &stranger, in); break;
	case 'C': on_connection(b, in); break;
	case 'U': flow_up(b, b->hop); break;
	case 'F': end_flow(b, in.n ? b->hop : b->stream, in.n & 1); break;
	case 'I':
		push(b, (struct fact){ .type = FACT_DATAGRAM_FAILED, .listener = 1, .err = 111 });
		break;
	case 'X': stream_bytes(b, in); break;
	case 'N': dns(b, in); break;
	case 'T': pass(b, in.n ? TS_MS(in.p[0] * 10u) : 0); break;
	case 'M': b->fail_after = in.n ? in.p[0] : 0; break; /* of the next push */
	case 'Q': push(b, (struct fact){ .type = FACT_STOP }); break;
	case 's': sign_in(b); break;
	case 'p': pong(b); break;
	case 'b': bounce(b, in); break;
	case 'r': respond(b, in); break;
	default: break;
	}
}

/* ---- the end ---- */

static void finish(struct bench *b)
{
	push(b, (struct fact){ .type = FACT_STOP });
	for (unsigned i = 0; !b->stopped; i++) {
		assert(i < WAKES_MAX);
		pass(b, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const hops[] = { "sip:127.0.0.1:5060;transport=udp",
		"sip:127.0.0.1:5060;transport=tcp", "sip:pool.test",
		"sip:pool.test;transport=tcp" };
	struct slice in = slice_of(data, size);
	struct bench b = { .now = TS_S(1000), .fail_after = -1 };
	struct gateway_cfg cfg = { .n_listens = 2,
		.listens = { { TRANSPORT_UDP, here }, { TRANSPORT_TCP, here } },
		.n_trusted = 1,
		.trusted = { { pool, 32 } },
		.component_secret = SLICE("s3cret"),
		.component_name = "litware.test",
		.server_host = "127.0.0.1",
		.server_port = 5347,
		.transactions_max = 32 };
	struct partners *partners = NULL;
	struct rng rng;

	if (size < 1)
		return 0;
	snprintf(cfg.next_hop, sizeof(cfg.next_hop), "%s", hops[data[0] % COUNT(hops)]);
	cfg.privacy = data[0] & 4;
	rng_init_number(&rng, 1);
	if (partners_new(&partners) || partners_add_own(partners, SLICE("litware.test")) ||
		partners_add(partners, SLICE("contoso.test"), PARTNER_FEDERATED))
		abort();
	cfg.partners = partners;
	if (gateway_new(&b.g, &cfg, &rng, b.now))
		abort();
	b.e = gateway_engine(b.g);
	drain(&b);
	for (unsigned i = 1; i <= 2; i++)
		push(&b, (struct fact){ .type = FACT_LISTEN_UP, .listener = i, .local = &here });
	for (in = slice_skip(in, 1); in.n;) {
		struct slice record = slice_split(&in, END);

		if (record.n)
			step(&b, record.p[0], slice_skip(record, 1));
	}
	finish(&b);
	gateway_free(b.g);
	partners_free(partners);
	xml_reader_free(b.server);
	return 0;
}
