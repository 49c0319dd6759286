/* A whole test between a pool and a partner that say anything: it ends in its time, and no form of
 * its result or trace carries on what could disturb a terminal, a page or a reader, nor a secret.
 *
 * The first byte: whether the XMPP server signs the receiver in, whether it has TLS, how the pool
 * is found.  Then records: a letter that says what happens, what it happens with, a byte 1.  A byte
 * 2 is what the test wrote last: the body of its MESSAGE, or of its answer. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/probe.h"
#include "report/report.h"
#include "report/trace.h"
#include "report/write_out.h"
#include "sip/msg.h"
#include "sip/write.h"
#include "xmpp/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { END = 1, WRITTEN = 2, FLOWS = 64, QUESTIONS = 32, TEXT = 65536, WAKES_MAX = 2000 };

#define SIP_SECRET  "sip secret"
#define XMPP_SECRET "xmpp secret"

static const struct addr pool = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };
static const struct addr here = { .family = 4, .port = 40000, .ip = { 127, 0, 0, 2 } };

struct bench {
	struct probe *p;
	struct engine e;
	struct trace *trace;
	struct rng rng;
	ts_t now;
	long fail_after; /* the n-th allocation of the next push; -1: none */
	flow_t sip, xmpp;
	bool up[FLOWS], wants_tls[FLOWS], gone[FLOWS], ended[FLOWS];
	bool wants_listen, listens;
	struct want questions[QUESTIONS];
	unsigned n_questions, n_asked;
	struct xstream *server; /* NULL: only what the input says is said */
	struct buf heard;       /* by the server, and not yet read */
	char request[TEXT];     /* the last one to the pool */
	char written[512];
	struct buf text; /* a record with what was written put in */
};

/* ---- the XMPP server that does its work ---- */

static const struct sasl_secret *secret(void)
{
	static struct sasl_secret made;
	struct rng rng;

	rng_init_number(&rng, 1);
	if (!made.iterations && sasl_secret_make(&made, SLICE(XMPP_SECRET), 4096, &rng))
		abort();
	return &made;
}

static void stanza(struct bench *b, const struct xml_node *node)
{
	const struct xml_node *body = xml_child(node, NULL, "body");
	struct buf *out = xstream_begin(b->server);
	struct stanza s;

	stanza_read(&s, node);
	if (s.kind == STANZA_MESSAGE && body)
		slice_cstr(body->text, b->written, sizeof(b->written));
	if (!out)
		return;
	if (s.kind == STANZA_PRESENCE && s.type.n == 0)
		buf_puts(out, "<presence from='adelany@contoso.test/r'/>");
	else if (s.kind != STANZA_IQ || !stanza_put_iq_answer(out, &s))
		return;
	(void)xstream_commit(b->server, b->now);
}

static void serve(struct bench *b)
{
	struct xstream_event ev;

	while (b->server && buf_len(&b->heard)) {
		size_t n = xstream_push_bytes(b->server, buf_slice(&b->heard), b->now);

		buf_consume(&b->heard, n);
		while (xstream_take_event(b->server, &ev)) {
			if (ev.type == XSTREAM_EV_WANT_ACCOUNT)
				xstream_push_account(b->server, secret(), b->now);
			else if (ev.type == XSTREAM_EV_WANT_BIND)
				xstream_push_bind(b->server, SLICE("r"), b->now);
			else if (ev.type == XSTREAM_EV_STANZA)
				stanza(b, ev.node);
		}
		if (n == 0)
			return;
	}
}

static void push(struct bench *b, struct fact in);

static void push_served(struct bench *b)
{
	struct slice out;

	while (b->server && b->xmpp && xstream_take_output(b->server, &out)) {
		struct buf copy;

		buf_init(&copy, 1 << 20);
		buf_put(&copy, out);
		push(b, (struct fact){ .type = FACT_FLOW_BYTES,
				.flow = b->xmpp,
				.bytes = buf_slice(&copy) });
		buf_done(&copy);
	}
}

static void begin_server(struct bench *b)
{
	const struct xstream_cfg cfg = { .role = XSTREAM_ACCEPT_CLIENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("contoso.test"),
		.offer = { [SASL_SCRAM_SHA256] = true } };

	if (xstream_new(&b->server, &cfg, &b->rng, b->now))
		abort();
}

/* ---- what comes out ---- */

static void output(struct bench *b, const struct output *out)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;

	if (out->flow && out->flow == b->xmpp) {
		buf_put(&b->heard, out->bytes);
		return;
	}
	if (slice_eqs(out->bytes, "\r\n"))
		return;
	if (sip_msg_decode(out->bytes, &msg, &refusal))
		abort();
	if (!msg.is_request)
		return;
	slice_cstr(out->bytes, b->request, sizeof(b->request));
	if (msg.method == SIP_METHOD_MESSAGE)
		slice_cstr(msg.body, b->written, sizeof(b->written));
}

static void want(struct bench *b, const struct want *w)
{
	assert(w->flow < FLOWS);
	switch (w->type) {
	case WANT_FLOW:
		if (w->addr.port == 5222)
			b->xmpp = w->flow;
		else
			b->sip = w->flow;
		break;
	case WANT_TLS: b->wants_tls[w->flow] = true; break;
	case WANT_LISTEN: b->wants_listen = true; break;
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW: b->gone[w->flow] = true; break;
	case WANT_DNS:
		if (b->n_asked < QUESTIONS)
			b->questions[b->n_asked++] = *w;
		break;
	case WANT_UNLISTEN:
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_DROP_DNS: break;
	}
}

static void drain(struct bench *b)
{
	struct probe_event ev;
	struct output out;
	struct want w;

	while (b->e.ops->take_output(b->e.self, &out))
		output(b, &out);
	while (b->e.ops->take_want(b->e.self, &w))
		want(b, &w);
	while (probe_take_event(b->p, &ev))
		trace_push(b->trace, &ev);
	serve(b);
}

/* ---- what goes in ---- */

/* What no driver would tell is not told. */
static bool is_possible(const struct bench *b, const struct fact *in)
{
	const flow_t f = in->flow;

	switch (in->type) {
	case FACT_FLOW_UP: return f && !b->gone[f] && !b->up[f];
	case FACT_TLS_UP: return f && !b->gone[f] && b->wants_tls[f];
	case FACT_FLOW_FAILED: return f && !b->gone[f];
	case FACT_FLOW_BYTES:
	case FACT_FLOW_EOF: return f && !b->gone[f] && b->up[f] && !b->wants_tls[f] && !b->ended[f];
	case FACT_LISTEN_UP: return b->wants_listen && !b->listens;
	case FACT_LISTEN_FAILED: return b->wants_listen && !b->listens;
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED: return b->listens;
	case FACT_FLOW_ACCEPTED:
	case FACT_ACCEPT_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_DNS:
	case FACT_CLOCK:
	case FACT_STOP: return true;
	}
	return false;
}

static void push(struct bench *b, struct fact in)
{
	in.local = in.local ? in.local : &here;
	in.peer = in.peer ? in.peer : &pool;
	if (!is_possible(b, &in))
		return;
	b->up[in.flow] |= in.type == FACT_FLOW_UP;
	b->wants_tls[in.flow] &= in.type != FACT_TLS_UP;
	b->gone[in.flow] |= in.type == FACT_FLOW_FAILED;
	b->ended[in.flow] |= in.type == FACT_FLOW_EOF;
	b->listens |= in.type == FACT_LISTEN_UP;
	mem_fail_after(b->fail_after);
	b->e.ops->push(b->e.self, &in, b->now);
	mem_fail_after(-1);
	b->fail_after = -1;
	drain(b);
}

static void sip_bytes(struct bench *b, struct slice bytes)
{
	if (b->listens && bytes.n)
		push(b, (struct fact){ .type = FACT_DATAGRAM, .listener = 1, .bytes = bytes });
	else if (b->sip && bytes.n)
		push(b, (struct fact){ .type = FACT_FLOW_BYTES, .flow = b->sip, .bytes = bytes });
}

/* The pool answers with what stands behind "SIP/2.0 ": a status, rows, an empty row and a body. */
static void respond(struct bench *b, struct slice in)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;
	struct buf out;

	if (sip_msg_decode(slice_str(b->request), &msg, &refusal))
		return;
	buf_init(&out, 4 * TEXT);
	buf_puts(&out, "SIP/2.0 ");
	buf_put(&out, slice_split(&in, '\n'));
	buf_puts(&out, "\r\n");
	sip_put_response_fields(&out, &msg, SLICE("t"), &here);
	for (struct slice row; (row = slice_split(&in, '\n')).n;) {
		if (slice_eqs(row, "*")) /* our contact */
			sip_put_header(&out, "Contact", sip_msg_value(&msg, SIP_HDR_CONTACT));
		else
			buf_put(&out, row);
		buf_puts(&out, slice_eqs(row, "*") ? "" : "\r\n");
	}
	sip_put_body(&out, in);
	sip_bytes(b, buf_slice(&out));
	buf_done(&out);
}

/* The receiver's answer, as it comes back to the SIP user: with what was written last. */
static void comes_back(struct bench *b, struct slice rows)
{
	struct buf out;

	buf_init(&out, TEXT);
	buf_puts(&out, "MESSAGE sip:pilar@127.0.0.2:40000 SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n"
		       "From: <sip:adelany@contoso.test>;tag=9\r\nTo: <sip:pilar@litware.test>\r\n"
		       "Call-ID: 1\r\nCSeq: 1 MESSAGE\r\n");
	buf_put(&out, rows);
	sip_put_body(&out, slice_str(b->written));
	sip_bytes(b, buf_slice(&out));
	buf_done(&out);
}

static void flow(struct bench *b, flow_t id, struct slice in)
{
	static struct tls_facts facts;
	struct fact f = { .flow = id, .tls = &facts };

	if (!id)
		return;
	facts = (struct tls_facts){ .version = "TLSv1.3", .n_exporter = 32, .alert = -1 };
	if (in.n && b->wants_tls[id]) {
		facts.faults = in.p[0];
		facts.failure = (enum tls_failure)(1 + in.p[0] % TLS_FAILURE_OTHER);
		facts.n_certs = 1;
		slice_cstr(slice_cut(slice_skip(in, 1), 0, 60), facts.detail, sizeof(facts.detail));
		snprintf(
			facts.certs[0].subject, sizeof(facts.certs[0].subject), "%s", facts.detail);
	}
	f.type = in.n ? FACT_FLOW_FAILED : b->wants_tls[id] ? FACT_TLS_UP : FACT_FLOW_UP;
	f.step = b->wants_tls[id] ? FLOW_STEP_TLS : b->up[id] ? FLOW_STEP_OPEN : FLOW_STEP_CONNECT;
	f.err = in.n && !b->wants_tls[id] ? in.p[0] : 0;
	if (!b->wants_tls[id])
		f.tls = NULL;
	push(b, f);
}

static void dns(struct bench *b, struct slice in)
{
	static const char *const names[] = { "a.pool.test", "b.pool.test", "", "." };
	struct dns_record records[4];
	struct dns_answer a = { .status = DNS_OK, .records = records };

	if (b->n_questions == b->n_asked)
		return;
	const struct want w = b->questions[b->n_questions++];
	for (; a.n_records < COUNT(records) && a.n_records < in.n; a.n_records++) {
		struct dns_record *r = &records[a.n_records];
		const char *name = names[in.p[a.n_records] % COUNT(names)];

		*r = (struct dns_record){ .type = w.dns_type };
		if (r->type == DNS_SRV) {
			r->srv.port = 5060;
			snprintf(r->srv.target, sizeof(r->srv.target), "%s", name);
		} else if (r->type == DNS_NAPTR) {
			snprintf(r->naptr.flags, sizeof(r->naptr.flags), "s");
			snprintf(r->naptr.service, sizeof(r->naptr.service), "SIP+D2U");
			snprintf(r->naptr.replacement, sizeof(r->naptr.replacement), "%s", name);
		} else {
			r->addr = pool;
			r->addr.family = r->type == DNS_A ? 4 : 6;
		}
	}
	if (a.n_records == 0)
		a.status = DNS_NXDOMAIN;
	push(b, (struct fact){ .type = FACT_DNS, .dns_id = w.dns_id, .dns = &a });
}

static void pass(struct bench *b, ts_t span)
{
	ts_t at = b->e.ops->deadline(b->e.self);

	if (span)
		b->now += span;
	else if (at != TS_NEVER && at > b->now)
		b->now = at;
	b->e.ops->push_time(b->e.self, b->now);
	drain(b);
}

static void step(struct bench *b, uint8_t what, struct slice in)
{
	switch (what) {
	case 'L': push(b, (struct fact){ .type = FACT_LISTEN_UP, .listener = 1 }); break;
	case 'D': sip_bytes(b, in); break;
	case 'r': respond(b, in); break;
	case 'm': comes_back(b, in); break;
	case 'U': flow(b, b->sip, in); break;
	case 'u': flow(b, b->xmpp, in); break;
	case 'E':
		push(b, (struct fact){ .type = FACT_FLOW_EOF, .flow = in.n ? b->xmpp : b->sip });
		break;
	case 'I':
		push(b, (struct fact){ .type = FACT_DATAGRAM_FAILED, .listener = 1, .err = 111 });
		break;
	case 'N': dns(b, in); break;
	case 'X':
		if (b->xmpp && in.n)
			push(b, (struct fact){
					.type = FACT_FLOW_BYTES, .flow = b->xmpp, .bytes = in });
		break;
	case 'T': pass(b, in.n ? TS_MS(in.p[0] * 10u) : 0); break;
	case 'M': b->fail_after = in.n ? in.p[0] : 0; break; /* of the next push */
	case 'Q': push(b, (struct fact){ .type = FACT_STOP }); break;
	default: break;
	}
	push_served(b);
}

static struct slice with_written(struct bench *b, struct slice in)
{
	buf_clear(&b->text);
	while (in.n) {
		size_t n = slice_chr(in, WRITTEN);

		buf_put(&b->text, slice_cut(in, 0, n));
		in = slice_skip(in, n);
		if (in.n)
			buf_puts(&b->text, b->written);
		in = slice_skip(in, 1);
	}
	return buf_slice(&b->text);
}

/* ---- what is told of it ---- */

static bool is_bad_character(struct slice s, size_t i)
{
	static const char *const marks[] = { "\u202a", "\u202e", "\u2066", "\u2069", "\u2028" };
	const uint8_t c = s.p[i];

	if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
		return true;
	if (c == 0xc2 && i + 1 < s.n && s.p[i + 1] < 0xa0)
		return true; /* C1 */
	for (size_t k = 0; c == 0xe2 && k < COUNT(marks); k++)
		if (slice_starts(slice_skip(s, i), slice_str(marks[k])))
			return true;
	return false;
}

static void check(const struct buf *b, bool is_text)
{
	const struct slice s = buf_slice(b);

	assert(buf_err(b) == 0);
	assert(slice_find(s, SLICE(SIP_SECRET)) == SIZE_MAX);
	assert(slice_find(s, SLICE(XMPP_SECRET)) == SIZE_MAX);
	if (!is_text)
		return;
	assert(utf8_valid(s, NULL));
	for (size_t i = 0; i < s.n; i++)
		assert(!is_bad_character(s, i));
}

static void tell(struct bench *b)
{
	const struct report_run run = { .result = probe_result(b->p),
		.started_at_us = INT64_C(1795653633528125),
		.verbosity = 1 };
	const struct slice form = SLICE("%{json} %{message} %{reason} %{sip_status} %{diagnosis}");
	struct buf out, err;

	buf_init(&out, 32 << 20);
	for (size_t i = 0; i < n_report_formats; i++) {
		buf_clear(&out);
		assert(report_formats[i].put(&out, &run) == 0);
		check(&out, true);
		if (report_formats[i].put == report_junit)
			assert(slice_find(buf_slice(&out), SLICE("<x7q")) == SIZE_MAX);
	}
	for (size_t i = 0; i < n_trace_forms; i++) {
		buf_clear(&out);
		assert(trace_forms[i].put(&out, b->trace, &run) == 0);
		check(&out, trace_forms[i].put == trace_txt || trace_forms[i].put == trace_json);
		if (trace_forms[i].put == trace_html)
			assert(slice_find(buf_slice(&out), SLICE("<x7q")) == SIZE_MAX);
	}
	buf_init(&err, 1 << 20);
	buf_clear(&out);
	write_out_put(form, &run, &out, &err);
	check(&out, true);
	buf_done(&err);
	buf_done(&out);
}

static void finish(struct bench *b)
{
	const ts_t start = b->now;

	for (unsigned i = 0; !probe_is_done(b->p); i++) {
		assert(i < WAKES_MAX);
		pass(b, 0);
		push_served(b);
	}
	assert(b->now - start < TS_S(20));
	tell(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const registrars[] = { "sip:127.0.0.1:5060;transport=udp",
		"sip:127.0.0.1:5060;transport=tcp", "sip:pool.test:5061;transport=tls", "" };
	static const struct trace_cfg whole = { .strip_bodies = false };
	struct slice in = slice_of(data, size);
	const unsigned how = in.n ? in.p[0] : 0;
	struct bench b = { .now = TS_S(100), .fail_after = -1 };
	struct text why;
	const struct probe_cfg cfg = { .target_fqdn = SLICE("pool.litware.test"),
		.user = SLICE("sip:pilar@litware.test"),
		.password = SLICE(SIP_SECRET),
		.registrar = slice_str(registrars[how >> 2 & 3]),
		.receiver = SLICE("adelany@contoso.test"),
		.has_receiver_password = !(how & 32),
		.receiver_password = SLICE(XMPP_SECRET),
		.receiver_server = SLICE("127.0.0.1:5222"),
		.xmpp_plain = !(how & 2),
		.timeout = TS_S(10),
		.count = how & 16 ? 2 : 1,
		.trace = true,
		.trace_bodies = true };

	rng_init_number(&b.rng, 1);
	buf_init(&b.heard, 1 << 20);
	buf_init(&b.text, 1 << 20);
	if (trace_new(&b.trace, &whole) || probe_new(&b.p, &cfg, &b.rng, b.now, &why))
		abort();
	b.e = probe_engine(b.p);
	if (!(how & 1))
		begin_server(&b);
	drain(&b);
	for (in = slice_skip(in, 1); in.n && !probe_is_done(b.p);) {
		struct slice record = slice_split(&in, END);

		if (record.n)
			step(&b, record.p[0], with_written(&b, slice_skip(record, 1)));
	}
	finish(&b);
	xstream_free(b.server);
	probe_free(b.p);
	trace_free(b.trace);
	buf_done(&b.heard);
	buf_done(&b.text);
	return 0;
}
