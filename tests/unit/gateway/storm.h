/* storm.h - the gateway alone, its pool and its server behind a driver that keeps account: of each
 * request and its answers, of each stanza and its end.  Included by test_storm.c. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/gateway.h"
#include "sip/msg.h"
#include "xmpp/stanza.h"

enum {
	REQUESTS = 2048,
	STANZAS = 2048,
	CONNS = 6,
	ASKED = 2048, /* our requests, pings and messages that a peer may speak of */
	LISTENERS = 4,
	DNS = 256,
	LINE = 1024,
	SPINS_MAX = 64, /* wake-ups in one moment */
};

struct conn {
	flow_t flow; /* 0: free */
	struct addr peer;
	bool is_up;
	char todo[65536]; /* what its peer has not sent yet */
	size_t n_todo;
};

static struct {
	unsigned seed;
	struct rng rng, own_rng;
	struct gateway_cfg cfg;
	struct partners *partners;
	struct gateway *g;
	struct engine e;
	ts_t now;
	bool is_out_of_memory, is_calm, is_over;
	long fail_after;
	uint64_t accepted;
	struct {
		flow_t flow; /* that it came on, as it was then */
		bool is_gone;
		unsigned sent, answers;
		int status; /* of the first answer since `at` */
		ts_t at;
	} requests[REQUESTS];
	unsigned n_requests;
	struct {
		size_t end;   /* in what the server says on this stream */
		bool is_read; /* else it was lost with the stream, or came before it was ready */
		unsigned sent, errors;
		bool is_accepted;
	} stanzas[STANZAS];
	unsigned n_stanzas, n_stanzas_read;
	size_t n_spoken; /* by the server, on this stream */
	struct conn pool[CONNS], hop, server;
	struct xml_reader *reader; /* of what goes to the server */
	bool is_ready;
	char asked[ASKED][LINE]; /* our requests to SIP */
	flow_t asked_on[ASKED];
	unsigned n_asked, n_asked_done;
	char pings[ASKED][LINE], owns[ASKED][LINE]; /* what answers them */
	unsigned n_pings, n_owns, n_pongs, n_owns_back;
	char bounces[ASKED][LINE];
	unsigned n_bounces;
	struct want listens[LISTENERS];
	unsigned n_listens;
	struct want dns[DNS];
	unsigned n_dns;
} s;

static const struct addr pool = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };
static const struct addr here = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 1 } };
static const struct addr stranger = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 9 } };

#define wrong(...)                                                                                 \
	do {                                                                                       \
		print_error("seed %u: ", s.seed);                                                  \
		fail_msg(__VA_ARGS__);                                                             \
	} while (0)

static unsigned below(unsigned n)
{
	return rng_below(&s.rng, n);
}

/* ---- what comes out ---- */

static void answered(struct slice bytes, flow_t flow)
{
	static struct sip_msg m;
	struct sip_refusal refusal;
	uint64_t n;

	if (sip_msg_decode(bytes, &m, &refusal))
		wrong("%.*s", SLICE_FMT(bytes));
	if (!slice_starts(m.via.branch, SLICE("z9hG4bKr")) ||
		!slice_u64(slice_skip(m.via.branch, 8), REQUESTS, &n))
		return;
	assert_true(n < s.n_requests);
	assert_true(s.requests[n].flow == flow);
	if (m.status == 100)
		return; /* RFC 4320 section 4.1 */
	s.requests[n].answers++;
	if (s.requests[n].answers > s.requests[n].sent)
		wrong("request %u: %u answers to %u", (unsigned)n, s.requests[n].answers,
			s.requests[n].sent);
	/* One that was refused for want of room, or that is forgotten, is new when it comes again;
	 * and an OPTIONS (200) asks how it is now. */
	const int before = s.requests[n].status;
	if (before == 0 || before == 503 || before == 200 || s.now >= s.requests[n].at + TS_S(32))
		s.requests[n].at = s.now;
	else if (before != m.status && !s.is_out_of_memory)
		wrong("request %u: %d, then %d", (unsigned)n, before, m.status);
	s.requests[n].status = m.status;
}

static void sip_out(const struct output *out)
{
	if (slice_eqs(out->bytes, "\r\n"))
		return;
	if (slice_starts(out->bytes, SLICE("SIP/2.0 "))) {
		answered(out->bytes, out->flow);
		return;
	}
	assert_true(slice_starts(out->bytes, SLICE("MESSAGE ")));
	if (s.n_asked == ASKED || out->bytes.n >= LINE)
		return;
	slice_cstr(out->bytes, s.asked[s.n_asked], LINE);
	s.asked_on[s.n_asked++] = out->flow;
}

static void message_out(const struct stanza *st)
{
	uint64_t n;

	if (slice_eqs(st->type, "error")) {
		if (st->id.n < 2 || st->id.p[0] != 's' ||
			!slice_u64(slice_skip(st->id, 1), STANZAS, &n))
			return;
		assert_true(n < s.n_stanzas);
		s.stanzas[n].errors++;
		if (s.stanzas[n].errors > 1)
			wrong("stanza %u: two errors", (unsigned)n);
		return;
	}
	if (s.n_bounces < ASKED)
		snprintf(s.bounces[s.n_bounces++], LINE,
			"<message from='%.*s' to='%.*s' id='%.*s' type='error'><error "
			"type='cancel'>"
			"<item-not-found xmlns='" NS_STANZAS "'/></error></message>",
			SLICE_FMT(st->to), SLICE_FMT(st->from), SLICE_FMT(st->id));
}

static void iq_out(const struct stanza *st)
{
	if (slice_eqs(st->from, "litware.test") && slice_eqs(st->to, "litware.test")) {
		if (s.n_owns < ASKED)
			snprintf(s.owns[s.n_owns++], LINE,
				"<iq from='litware.test' to='litware.test' id='%.*s' "
				"type='get'><ping xmlns='" NS_PING "'/></iq>",
				SLICE_FMT(st->id));
	} else if (slice_eqs(st->type, "get") && s.n_pings < ASKED) {
		snprintf(s.pings[s.n_pings++], LINE,
			"<iq from='%.*s' to='litware.test' id='%.*s' type='result'/>",
			SLICE_FMT(st->to), SLICE_FMT(st->id));
	}
}

static void stream_out(struct slice bytes)
{
	struct xml_event ev;
	struct stanza st;

	while (bytes.n) {
		bytes = slice_skip(bytes, xml_reader_push(s.reader, bytes));
		while (xml_reader_take(s.reader, &ev)) {
			assert_true(ev.type != XML_EV_ERROR);
			if (ev.type != XML_EV_STANZA)
				continue;
			stanza_read(&st, ev.node);
			if (st.kind == STANZA_MESSAGE)
				message_out(&st);
			else if (st.kind == STANZA_IQ)
				iq_out(&st);
		}
	}
}

static void begin(struct conn *c, flow_t flow)
{
	c->flow = flow;
	c->is_up = false;
	c->n_todo = 0;
}

static void begin_server(flow_t flow)
{
	const struct xml_limits limits = { .stanza_bytes = 1 << 20,
		.depth = 64,
		.attrs = 32,
		.nodes = 8192,
		.name_bytes = 1 << 20,
		.tag_bytes = 1 << 20 };

	xml_reader_free(s.reader);
	assert_int_equal(xml_reader_new(&s.reader, &limits, 1), 0);
	begin(&s.server, flow);
	s.is_ready = false;
	s.n_spoken = 0;
	s.n_stanzas_read = s.n_stanzas;
	s.n_pings = s.n_pongs = s.n_owns = s.n_owns_back = 0;
}

/* Nobody can be answered on it any more. */
static void end(flow_t flow)
{
	struct conn *const all[] = { &s.hop, &s.server };

	for (unsigned i = 0; i < COUNT(all); i++)
		if (all[i]->flow == flow)
			all[i]->flow = 0;
	for (unsigned i = 0; i < CONNS; i++)
		if (s.pool[i].flow == flow)
			s.pool[i].flow = 0;
	for (unsigned i = 0; i < s.n_requests; i++)
		s.requests[i].is_gone |= s.requests[i].flow == flow;
	s.is_ready &= s.server.flow != 0;
}

static void want(const struct want *w)
{
	switch (w->type) {
	case WANT_FLOW:
		if (w->addr.port == 5347) {
			begin_server(w->flow);
		} else {
			begin(&s.hop, w->flow);
			s.hop.peer = w->addr;
		}
		break;
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW: end(w->flow); break;
	case WANT_DNS:
		assert_true(s.n_dns < DNS);
		s.dns[s.n_dns++] = *w;
		break;
	case WANT_LISTEN:
		assert_true(s.n_listens < LISTENERS);
		s.listens[s.n_listens++] = *w;
		break;
	case WANT_UNLISTEN:
	case WANT_TLS:
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_DROP_DNS: break;
	}
}

static void drain(void)
{
	struct gateway_event ev;
	struct output out;
	struct want w;

	while (s.e.ops->take_output(s.e.self, &out)) {
		if (out.flow && out.flow == s.server.flow)
			stream_out(out.bytes);
		else
			sip_out(&out);
	}
	while (s.e.ops->take_want(s.e.self, &w))
		want(&w);
	while (gateway_take_event(s.g, &ev)) {
		s.is_ready |= ev.type == GATEWAY_EV_UP;
		s.is_ready &= ev.type != GATEWAY_EV_DOWN;
		s.is_over |= ev.type == GATEWAY_EV_STOPPED;
	}
}

/* ---- what goes in ---- */

static void push(struct fact in)
{
	in.local = in.local ? in.local : &here;
	in.peer = in.peer ? in.peer : &pool;
	mem_fail_after(s.fail_after);
	s.e.ops->push(s.e.self, &in, s.now);
	mem_fail_after(-1);
	s.fail_after = -1;
	drain();
}

static void wake(void)
{
	mem_fail_after(s.fail_after);
	s.e.ops->push_time(s.e.self, s.now);
	mem_fail_after(-1);
	s.fail_after = -1;
	drain();
}

/* All that is due now, as a driver does. */
static void settle(void)
{
	for (unsigned n = 0; s.e.ops->deadline(s.e.self) <= s.now; n++) {
		if (n == SPINS_MAX)
			wrong("it spins");
		wake();
	}
}

static void say(struct conn *c, const char *text)
{
	const size_t n = strlen(text);

	if (!c->flow || !c->is_up || c->n_todo + n > sizeof(c->todo))
		return;
	memcpy(c->todo + c->n_todo, text, n);
	c->n_todo += n;
}

static void note_read(size_t n, bool is_ready)
{
	s.n_spoken += n;
	for (; s.n_stanzas_read < s.n_stanzas && s.stanzas[s.n_stanzas_read].end <= s.n_spoken;
		s.n_stanzas_read++)
		s.stanzas[s.n_stanzas_read].is_read = is_ready;
}

/* Some of what it has to say, or all. */
static void speak(struct conn *c)
{
	const size_t n = below(2) && !s.is_calm ? below((unsigned)c->n_todo + 1) : c->n_todo;
	const bool was_ready = s.is_ready;
	char bytes[sizeof(c->todo)];

	if (!c->flow || !c->is_up || n == 0)
		return;
	memcpy(bytes, c->todo, n);
	c->n_todo -= n;
	memmove(c->todo, c->todo + n, c->n_todo);
	push((struct fact){
		.type = FACT_FLOW_BYTES, .flow = c->flow, .bytes = slice_of(bytes, n) });
	if (c == &s.server)
		note_read(n, was_ready && s.is_ready);
}

static void fail_flow(struct conn *c, enum fact_type type)
{
	const flow_t flow = c->flow;

	if (!flow)
		return;
	if (type == FACT_FLOW_FAILED || c == &s.server)
		end(flow);
	push((struct fact){ .type = type,
		.flow = flow,
		.err = ECONNRESET,
		.step = c->is_up ? FLOW_STEP_OPEN : FLOW_STEP_CONNECT });
	end(flow);
}

/* ---- the pool ---- */

static const char *const users[] = { "adelany@contoso.test", "amy@fabrikam.test",
	"bob@contoso.test", "nobody@elsewhere.test", "pilar@litware.test" };

static const char *request(unsigned n, const char *via)
{
	static char text[LINE];
	static const char *const methods[] = { "MESSAGE", "MESSAGE", "MESSAGE", "MESSAGE",
		"MESSAGE", "MESSAGE", "OPTIONS", "INFO" };
	const char *method = methods[n % COUNT(methods)];
	const char *to = users[n % 7 < 4 ? n % 7 % 3 : n % COUNT(users)];

	snprintf(text, sizeof(text),
		"%s sip:%s SIP/2.0\r\nVia: SIP/2.0/%s 127.0.0.1:5060;branch=z9hG4bKr%u\r\n"
		"From: <sip:pilar@litware.test>;tag=1\r\nTo: <sip:%s>\r\nCall-ID: c%u\r\n"
		"CSeq: 1 %s\r\n%sContent-Length: 2\r\n\r\nhi",
		method, to, via, n, to, n, method, n % 31 ? "" : "Content-Type: image/png\r\n");
	return text;
}

static void new_request(struct conn *c)
{
	if (s.n_requests == REQUESTS || (c && (!c->flow || c->n_todo > sizeof(c->todo) - LINE)))
		return;
	const unsigned n = s.n_requests++;
	s.requests[n].flow = c ? c->flow : 0;
	s.requests[n].sent++;
	if (c)
		say(c, request(n, "TCP"));
	else
		push((struct fact){ .type = FACT_DATAGRAM,
			.listener = 1,
			.bytes = slice_str(request(n, "UDP")) });
}

static void repeat_request(unsigned n)
{
	if (n >= s.n_requests || s.requests[n].flow)
		return;
	s.requests[n].sent++;
	push((struct fact){
		.type = FACT_DATAGRAM, .listener = 1, .bytes = slice_str(request(n, "UDP")) });
}

static void accept_conn(struct conn *c)
{
	if (c->flow)
		return;
	begin(c, FLOW_ACCEPTED_BIT | ++s.accepted);
	c->is_up = true;
	push((struct fact){ .type = FACT_FLOW_ACCEPTED, .flow = c->flow, .listener = 2 });
}

static void respond(unsigned i, const char *status)
{
	static struct sip_msg m;
	struct sip_refusal refusal;
	char text[2 * LINE];
	uint64_t n;
	const struct addr *from = !s.is_calm && below(20) == 0 ? &stranger : &pool;

	if (i >= s.n_asked || sip_msg_decode(slice_str(s.asked[i]), &m, &refusal))
		return;
	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s;tag=2\r\nCall-ID: %.*s\r\n"
		"CSeq: %u MESSAGE\r\nContent-Length: 0\r\n\r\n",
		status, SLICE_FMT(m.via.text), SLICE_FMT(m.from.text), SLICE_FMT(m.to.text),
		SLICE_FMT(m.call_id), m.cseq);
	if (status[0] == '2' && slice_u64(m.body, STANZAS, &n))
		s.stanzas[n].is_accepted = true;
	if (!s.asked_on[i])
		push((struct fact){ .type = FACT_DATAGRAM,
			.listener = 1,
			.peer = from,
			.bytes = slice_str(text) });
	else if (s.asked_on[i] == s.hop.flow)
		say(&s.hop, text);
}

static void respond_any(void)
{
	static const char *const all[] = { "200 OK", "202 Accepted", "200 OK", "404 Not Found",
		"503 Service Unavailable", "100 Trying", "486 Busy Here", "301 Moved" };

	if (s.n_asked)
		respond(below(3) ? s.n_asked - 1 - below(s.n_asked < 8 ? s.n_asked : 8)
				 : below(s.n_asked),
			all[below(COUNT(all))]);
}

/* ---- the server ---- */

static void new_stanza(void)
{
	char text[LINE];

	if (s.n_stanzas == STANZAS || !s.server.flow || !s.is_ready)
		return;
	const unsigned n = s.n_stanzas++;
	snprintf(text, sizeof(text),
		"<message from='%s' to='%s%u@litware.test' id='s%u'><body>%u</body></message>",
		users[below(3)], below(2) ? "pilar" : "carol", below(3), n, n);
	say(&s.server, text);
	s.stanzas[n].end = s.n_spoken + s.server.n_todo;
}

static void pong_any(void)
{
	char text[LINE];

	if (s.n_pings == 0)
		return;
	const unsigned i = below(2) ? s.n_pings - 1 : below(s.n_pings);
	snprintf(text, sizeof(text), "%s", s.pings[i]);
	if (below(8) == 0) /* somebody of that domain, who is not it */
		snprintf(text, sizeof(text),
			"<iq from='eve@contoso.test' to='litware.test' "
			"id='p%u' type='result'/>",
			below(100));
	say(&s.server, text);
}

static void all_pongs(void)
{
	for (; s.n_pongs < s.n_pings; s.n_pongs++)
		say(&s.server, s.pings[s.n_pongs]);
	for (; s.n_owns_back < s.n_owns; s.n_owns_back++)
		say(&s.server, s.owns[s.n_owns_back]);
}

static void server_up(void)
{
	if (!s.server.flow || s.server.is_up)
		return;
	s.server.is_up = true;
	push((struct fact){ .type = FACT_FLOW_UP, .flow = s.server.flow });
	say(&s.server, "<stream:stream xmlns='jabber:component:accept' xmlns:stream='" NS_STREAM
		       "' id='x' from='litware.test'><handshake/>");
}

static void hop_up(void)
{
	if (!s.hop.flow || s.hop.is_up)
		return;
	s.hop.is_up = true;
	push((struct fact){ .type = FACT_FLOW_UP, .flow = s.hop.flow, .peer = &s.hop.peer });
}

/* ---- the system ---- */

static void listen_any(void)
{
	struct addr local = here;

	if (s.n_listens == 0)
		return;
	const struct want w = s.listens[--s.n_listens];
	const bool fails = w.toward && !s.is_calm && below(3) == 0;
	local.port = (uint16_t)(5070 + w.listener);
	push((struct fact){ .type = fails ? FACT_LISTEN_FAILED : FACT_LISTEN_UP,
		.listener = w.listener,
		.err = fails ? ENETUNREACH : 0,
		.local = &local });
}

static void dns_any(void)
{
	struct dns_record records[2] = { { .type = DNS_A } };

	if (s.n_dns == 0)
		return;
	const struct want w = s.dns[--s.n_dns];
	const bool fails =
		w.dns_type == DNS_NAPTR || w.dns_type == DNS_AAAA || (!s.is_calm && below(4) == 0);
	struct dns_answer a = { .status = fails ? DNS_NXDOMAIN : DNS_OK,
		.records = records,
		.n_records = fails ? 0 : COUNT(records) };
	for (unsigned i = 0; i < COUNT(records); i++) {
		records[i].type = w.dns_type;
		if (w.dns_type == DNS_A) {
			records[i].addr = pool;
			records[i].addr.ip[3] = (uint8_t)(1 + i);
		} else if (w.dns_type == DNS_SRV) {
			records[i].srv.port = (uint16_t)(5060 + i);
			snprintf(records[i].srv.target, DNS_NAME_MAX, "%u.pool.test", i);
		}
	}
	push((struct fact){ .type = FACT_DNS, .dns_id = w.dns_id, .dns = &a });
}

static void sleep_until(ts_t at)
{
	ts_t next;

	while ((next = s.e.ops->deadline(s.e.self)) <= at) {
		s.now = next > s.now ? next : s.now;
		settle();
	}
	s.now = at > s.now ? at : s.now;
}

static void blocked(struct conn *c)
{
	if (c->flow && c->is_up)
		push((struct fact){
			.type = below(2) ? FACT_FLOW_BLOCKED : FACT_FLOW_READY, .flow = c->flow });
}
