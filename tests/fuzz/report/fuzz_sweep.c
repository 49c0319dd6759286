#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/check.h"
#include "sip/msg.h"
#include "sip/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ASKED = 256, FLOWS = 512 };

/* What the sweep waits for. */
struct bench {
	struct sweep *s;
	struct engine e;
	ts_t now;
	struct want questions[ASKED];
	unsigned n_questions, next_question;
	flow_t flows[FLOWS];
	struct addr peers[FLOWS];
	bool up[FLOWS], tls[FLOWS], over[FLOWS];
	unsigned n_flows;
	uint32_t listeners[FLOWS];
	struct addr listener_peers[FLOWS];
	bool bound[FLOWS], closed[FLOWS];
	unsigned n_listeners;
	struct output last; /* a request; its bytes are in `request` */
	char request[8192];
};

static uint8_t take_byte(struct slice *in)
{
	uint8_t c = in->n ? in->p[0] : 0;

	*in = slice_skip(*in, 1);
	return c;
}

static void note(struct bench *b, const struct want *w)
{
	switch (w->type) {
	case WANT_DNS:
		if (b->n_questions == ASKED)
			abort();
		b->questions[b->n_questions++] = *w;
		break;
	case WANT_FLOW:
		if (b->n_flows == FLOWS)
			abort();
		b->peers[b->n_flows] = w->addr;
		b->flows[b->n_flows++] = w->flow;
		break;
	case WANT_LISTEN:
		if (b->n_listeners == FLOWS)
			abort();
		b->listener_peers[b->n_listeners] = w->addr;
		b->listeners[b->n_listeners++] = w->listener;
		break;
	case WANT_TLS:
		for (unsigned i = 0; i < b->n_flows; i++)
			b->tls[i] |= b->flows[i] == w->flow;
		break;
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW:
		for (unsigned i = 0; i < b->n_flows; i++)
			b->over[i] |= b->flows[i] == w->flow;
		break;
	case WANT_UNLISTEN:
		for (unsigned i = 0; i < b->n_listeners; i++)
			b->closed[i] |= b->listeners[i] == w->listener;
		break;
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_DROP_DNS: break;
	}
}

static void drain(struct bench *b)
{
	struct output o;
	struct want w;

	while (b->e.ops->take_output(b->s, &o)) {
		if (o.bytes.n == 0)
			abort();
		b->last = o;
		slice_cstr(o.bytes, b->request, sizeof(b->request));
	}
	while (b->e.ops->take_want(b->s, &w))
		note(b, &w);
}

static void push(struct bench *b, struct fact in, const struct addr *peer)
{
	static const struct addr local = { .family = 4, .port = 4, .ip = { 192, 0, 2, 9 } };

	in.local = &local;
	in.peer = peer;
	b->now += TS_MS(1);
	b->e.ops->push(b->s, &in, b->now);
	drain(b);
}

/* ---- facts out of bytes ---- */

static void fill(struct dns_record *r, enum dns_type type, struct slice *in)
{
	static const char *const names[] = { "a.test", "b.test", "pool.litware.test", "192.0.2.7",
		"contoso.test", "", "_sips._tcp.pool.litware.test", "_sip._udp.b.test" };
	static const char *const services[] = { "SIPS+D2T", "SIP+D2T", "SIP+D2U", "other" };
	const uint8_t a = take_byte(in), c = take_byte(in);
	const char *name = names[c % COUNT(names)];

	*r = (struct dns_record){ .type = type };
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		r->addr.family = type == DNS_A ? 4 : 6;
		r->addr.ip[0] = a;
		r->addr.ip[3] = c;
		break;
	case DNS_SRV:
		r->srv.priority = a % 4;
		r->srv.weight = a / 4;
		r->srv.port = c % 7;
		snprintf(r->srv.target, sizeof(r->srv.target), "%s", name);
		break;
	case DNS_NAPTR:
		r->naptr.order = a % 4;
		r->naptr.preference = a / 64;
		r->naptr.has_regexp = c > 250;
		snprintf(r->naptr.flags, sizeof(r->naptr.flags), "%s", c > 240 ? "u" : "s");
		snprintf(r->naptr.service, sizeof(r->naptr.service), "%s",
			services[a / 8 % COUNT(services)]);
		snprintf(r->naptr.replacement, sizeof(r->naptr.replacement), "%s", name);
		break;
	}
}

static void answer(struct bench *b, struct slice *in)
{
	static struct dns_record records[DNS_RECORDS_MAX];
	const uint8_t n = take_byte(in) % (DNS_RECORDS_MAX + 16);
	struct dns_answer a = { .status = DNS_OK, .records = records };

	if (b->next_question == b->n_questions)
		return;
	const struct want *w = &b->questions[b->next_question++];
	if (n > DNS_RECORDS_MAX || n == 0)
		a.status = (enum dns_status)(1 + n % DNS_CANCELLED);
	for (; a.status == DNS_OK && a.n_records < n; a.n_records++)
		fill(&records[a.n_records], w->dns_type, in);
	push(b, (struct fact){ .type = FACT_DNS, .dns_id = w->dns_id, .dns = &a }, &w->addr);
}

static void flow_fact(struct bench *b, struct slice *in, uint8_t what)
{
	static struct tls_facts tls;
	const unsigned i = b->n_flows ? take_byte(in) % b->n_flows : 0;
	const size_t n = take_byte(in);
	struct fact f = { .flow = b->flows[i], .bytes = slice_cut(*in, 0, n), .tls = &tls };

	if (b->n_flows == 0 || b->over[i])
		return;
	f.type = !b->up[i]   ? what & 1 ? FACT_FLOW_UP : FACT_FLOW_FAILED
		 : what == 7 ? FACT_FLOW_FAILED
		 : b->tls[i] ? FACT_TLS_UP
		 : what == 6 ? FACT_FLOW_EOF
			     : FACT_FLOW_BYTES;
	f.err = f.type == FACT_FLOW_FAILED ? ECONNRESET : 0;
	f.step = !b->up[i] ? FLOW_STEP_CONNECT : b->tls[i] ? FLOW_STEP_TLS : FLOW_STEP_OPEN;
	tls = (struct tls_facts){ .faults = (unsigned)n, .n_certs = (unsigned)n % 3 };
	if (f.type == FACT_TLS_UP)
		snprintf(tls.version, sizeof(tls.version), "TLSv1.3");
	else if (f.step != FLOW_STEP_TLS)
		f.tls = NULL;
	else
		tls.failure = (enum tls_failure)(1 + n % TLS_FAILURE_OTHER);
	if (f.type == FACT_FLOW_BYTES) {
		*in = slice_skip(*in, n);
		if (f.bytes.n == 0)
			return;
	}
	b->up[i] |= f.type == FACT_FLOW_UP;
	b->over[i] |= f.type == FACT_FLOW_FAILED;
	b->tls[i] &= f.type != FACT_TLS_UP;
	push(b, f, &b->peers[i]);
}

static void socket_fact(struct bench *b, struct slice *in)
{
	const unsigned i = b->n_listeners ? take_byte(in) % b->n_listeners : 0;
	const uint8_t what = take_byte(in);
	const size_t n = take_byte(in);
	struct fact f = {
		.listener = b->listeners[i], .err = ECONNREFUSED, .bytes = slice_cut(*in, 0, n)
	};

	if (b->n_listeners == 0 || b->closed[i])
		return;
	if (!b->bound[i])
		f.type = what & 1 ? FACT_LISTEN_FAILED : FACT_LISTEN_UP;
	else
		f.type = what & 1 ? FACT_DATAGRAM_FAILED : FACT_DATAGRAM;
	b->closed[i] |= f.type == FACT_LISTEN_FAILED;
	b->bound[i] = true;
	push(b, f, &b->listener_peers[i]);
	*in = slice_skip(*in, n);
}

static bool is_over(const struct bench *b)
{
	for (unsigned i = 0; i < b->n_flows; i++)
		if (b->last.flow && b->flows[i] == b->last.flow)
			return b->over[i];
	for (unsigned i = 0; i < b->n_listeners; i++)
		if (!b->last.flow && b->listeners[i] == b->last.listener)
			return b->closed[i];
	return true;
}

/* To the last request, with what stands behind "SIP/2.0 ": that has a branch that cannot be
 * guessed.
 */
static void respond(struct bench *b, struct slice *in)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;
	const size_t n = take_byte(in);
	struct slice text = slice_cut(*in, 0, n);
	struct buf out;

	*in = slice_skip(*in, n);
	if (is_over(b) || sip_msg_decode(slice_str(b->request), &msg, &refusal))
		return;
	buf_init(&out, 65536);
	buf_puts(&out, "SIP/2.0 ");
	buf_put(&out, slice_split(&text, '\n'));
	buf_puts(&out, "\r\n");
	sip_put_response_fields(&out, &msg, SLICE("t"), &b->last.peer);
	buf_put(&out, text);
	buf_puts(&out, "Content-Length: 0\r\n\r\n");
	const struct addr peer = b->last.peer;
	push(b,
		(struct fact){ .type = b->last.flow ? FACT_FLOW_BYTES : FACT_DATAGRAM,
			.flow = b->last.flow,
			.listener = b->last.listener,
			.bytes = buf_slice(&out) },
		&peer);
	buf_done(&out);
}

static void step(struct bench *b, struct slice *in)
{
	static const struct addr none;
	const uint8_t c = take_byte(in), what = c % 10;

	if (c >= 250)
		respond(b, in);
	else if (what < 2)
		answer(b, in);
	else if (what < 8)
		flow_fact(b, in, what);
	else if (what == 8)
		socket_fact(b, in);
	else
		push(b, (struct fact){ .type = FACT_CLOCK, .wall = take_byte(in) }, &none);
}

/* ---- the end ---- */

static void report(const struct sweep *s)
{
	report_check_fn *const forms[] = { report_check_text, report_check_json };
	const struct report_check check = { .result = sweep_result(s), .verbosity = 1 };
	struct buf b;

	for (size_t i = 0; i < COUNT(forms); i++) {
		buf_init(&b, 16 << 20);
		if (forms[i](&b, &check) || !utf8_valid(buf_slice(&b), NULL))
			abort();
		buf_done(&b);
	}
}

static void fuzz(enum sweep_side side, struct slice in)
{
	static const char *const servers[] = { "", "sip:192.0.2.1:5060;transport=tcp",
		"sip:b.test;transport=udp", "contoso.test:5223" };
	const struct sweep_cfg cfg = { .side = side,
		.name = side == SWEEP_POOL ? SLICE("pool.litware.test") : SLICE("contoso.test"),
		.server = slice_str(servers[take_byte(&in) % COUNT(servers)]),
		.domains = { SLICE("litware.test") },
		.n_domains = 1,
		.from = SLICE("litware.test"),
		.timeout = TS_S(30),
		.row_timeout = TS_S(5) };
	struct bench *b = mem_alloc0(sizeof(*b));
	struct rng rng;
	struct text why;

	if (!b)
		abort();
	rng_init_number(&rng, 1);
	if (sweep_new(&b->s, &cfg, &rng, 0, &why) == 0) {
		b->e = sweep_engine(b->s);
		drain(b);
		while (in.n && !sweep_is_done(b->s))
			step(b, &in);
		/* Whatever happened before, time ends it. */
		for (unsigned i = 0; i < 10000 && !sweep_is_done(b->s); i++) {
			b->now = b->e.ops->deadline(b->s) > b->now ? b->e.ops->deadline(b->s)
								   : b->now;
			b->e.ops->push_time(b->s, b->now);
			drain(b);
		}
		if (!sweep_is_done(b->s) || b->now > TS_S(31))
			abort();
		report(b->s);
	}
	sweep_free(b->s);
	mem_free(b);
}

/* Any zone and any peers: the sweep ends in time, within its bounds, with a report. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	const enum sweep_side side = take_byte(&in) & 1 ? SWEEP_PARTNER : SWEEP_POOL;

	fuzz(side, in);
	return 0;
}
