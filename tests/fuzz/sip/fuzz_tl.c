/* The transaction layer between an owner and peers that do anything: every request of ours ends
 * once, every datagram is one event and every answer that is due goes out, nothing is sent on a
 * flow that is gone, and nothing is left at the end.
 *
 * Records: a letter that says what happens, what it happens with, a byte 1.  Small letters choose
 * what a fuzzer does not find by itself: the answer to what went out last. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sip/tl.h"
#include "sip/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { END = 1, FLOWS = 4, REFS = 4096, KEPT = 64, TEXT = 65536, PUSHES_MAX = 20000 };

static const struct addr peers[] = {
	{ .family = 4, .port = 5060, .ip = { 192, 0, 2, 1 } },
	{ .family = 4, .port = 5061, .ip = { 192, 0, 2, 1 } },
	{ .family = 6, .port = 5060, .ip = { 0x20, 1, 0xd, 0xb8 } },
};
static const struct addr here = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 1 } };

enum ref_state { REF_FREE, REF_RUNS, REF_OVER };

struct bench {
	struct outbox out;
	struct rng rng;
	struct tl *tl;
	ts_t now;
	long fail_after; /* the n-th allocation of the next push; -1: none */
	bool room;
	uint8_t policy;            /* what becomes of a request */
	flow_t flows[FLOWS], last; /* 0: there is none */
	enum ref_state refs[REFS]; /* of our requests */
	uint64_t places[REFS];
	unsigned n_refs;
	uint64_t kept[KEPT]; /* places of theirs; 0: free */
	char branch[64];
	unsigned n_messages, n_datagrams; /* events of messages, and what must become one */
	unsigned n_outputs;
};

/* ---- what comes out ---- */

static bool is_flow(const struct bench *b, flow_t flow)
{
	for (unsigned i = 0; i < FLOWS; i++)
		if (b->flows[i] == flow)
			return true;
	return false;
}

static void take_outputs(struct bench *b)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;
	struct output out;

	while (outbox_take_output(&b->out, &out)) {
		b->n_outputs++;
		assert(!out.flow || is_flow(b, out.flow));
		if (slice_eqs(out.bytes, "\r\n") || slice_eqs(out.bytes, "whole"))
			continue;
		/* A request whose fields are repeated may be malformed itself. */
		if (sip_msg_decode(out.bytes, &msg, &refusal))
			assert(slice_starts(out.bytes, SLICE("SIP/2.0 400 ")) && !msg.has_controls);
	}
	outbox_begin(&b->out);
}

static void over(struct bench *b, uint64_t ref)
{
	assert(ref < REFS && b->refs[ref] == REF_RUNS);
	b->refs[ref] = REF_OVER;
}

static void answer(struct bench *b, uint64_t place, int status, uint8_t how)
{
	const enum tl_memory memory = how & 1 ? TL_REMEMBER : TL_FORGET;

	if (how & 2)
		buf_puts(tl_answer_whole(b->tl, place, status), "whole");
	else
		buf_puts(tl_answer(b->tl, place, status, how & 4 ? "x" : NULL), "Server: x\r\n");
	tl_answer_end(b->tl, memory, how, b->now);
}

static void keep(struct bench *b)
{
	unsigned i = 0;

	while (i < KEPT && b->kept[i])
		i++;
	const struct nist_key key = *tl_key(b->tl, TL_IN_HAND);
	const uint64_t place =
		i < KEPT && tl_can_remember(b->tl, b->now) ? tl_keep(b->tl, i, b->now) : 0;
	if (place) {
		assert(memcmp(tl_key(b->tl, place), &key, sizeof(key)) == 0);
		b->kept[i] = place;
	} else {
		answer(b, TL_IN_HAND, 503, 0);
	}
}

static void gone(struct bench *b, unsigned flow)
{
	const flow_t id = b->flows[flow];

	b->flows[flow] = 0;
	if (id)
		tl_flow_gone(b->tl, id, 104);
}

static void drop_flow_of(struct bench *b, const struct origin *o)
{
	for (unsigned i = 0; i < FLOWS; i++)
		if (o->flow && b->flows[i] == o->flow) {
			take_outputs(b); /* they went out before */
			gone(b, i);
		}
}

static void request(struct bench *b)
{
	switch (b->policy % 4) {
	case 0: keep(b); break;
	case 1: answer(b, TL_IN_HAND, 200, b->policy >> 2); break;
	case 2: break;
	case 3: drop_flow_of(b, tl_origin(b->tl, TL_IN_HAND)); keep(b);
	}
}

static void refuse(struct bench *b)
{
	const bool may_fail = b->fail_after >= 0;
	const unsigned before = b->n_outputs;

	answer(b, TL_IN_HAND, 400, 0);
	take_outputs(b);
	assert(may_fail || b->n_outputs > before);
}

static void event(struct bench *b, const struct tl_event *ev)
{
	b->n_messages += ev->msg != NULL;
	switch (ev->type) {
	case TL_EV_REQUEST: request(b); break;
	case TL_EV_REPEATED: answer(b, TL_IN_HAND, ev->status, (uint8_t)ev->extra); break;
	case TL_EV_MALFORMED:
		assert(ev->refusal->where.what);
		if (ev->refusal->answerable == SIP_ANSWERABLE)
			refuse(b);
		break;
	case TL_EV_FINAL:
		assert(ev->sends >= 1 && ev->msg && ev->msg->status >= 200);
		over(b, ev->ref);
		break;
	case TL_EV_TIMEOUT:
	case TL_EV_FAILED: over(b, ev->ref); break;
	case TL_EV_PROVISIONAL:
		assert(b->refs[ev->ref] == REF_RUNS && ev->msg && ev->msg->status < 200);
		break;
	case TL_EV_BROKEN:
		assert(ev->where.what);
		if (b->policy & 4)
			drop_flow_of(b, ev->origin);
		break;
	case TL_EV_GONE:
		assert(ev->ref < KEPT && b->kept[ev->ref]);
		b->kept[ev->ref] = 0;
		break;
	case TL_EV_ABSORBED:
	case TL_EV_ACK:
	case TL_EV_LATE:
	case TL_EV_STRAY:
	case TL_EV_UNASKED:
	case TL_EV_PING: break;
	}
}

static void drain(struct bench *b)
{
	struct tl_event ev;

	while (tl_take_event(b->tl, b->room, &ev, b->now))
		event(b, &ev);
	/* Nothing vanishes. */
	assert(b->n_messages >= b->n_datagrams);
	b->n_datagrams = 0;
	mem_fail_after(-1);
	b->fail_after = -1;
	take_outputs(b);
}

/* ---- what goes in ---- */

static struct origin origin_of(const struct bench *b, uint8_t way)
{
	struct origin o = { .peer = peers[way % COUNT(peers)], .local = here };

	if (way & 4) {
		o.flow = b->flows[way % FLOWS];
		o.transport = way & 8 ? TRANSPORT_TLS : TRANSPORT_TCP;
	} else {
		o.listener = 1;
	}
	return o;
}

static void datagram(struct bench *b, uint8_t peer, struct slice bytes)
{
	const struct origin o = origin_of(b, peer & 3);

	b->n_messages = 0;
	b->n_datagrams = slice_trim(bytes).n > 0;
	tl_push_datagram(b->tl, bytes, &o);
}

static void add_flow(struct bench *b, uint8_t i)
{
	struct origin o = origin_of(b, 4);

	if (b->flows[i])
		return;
	o.flow = ++b->last;
	if (tl_flow_add(b->tl, &o))
		return;
	b->flows[i] = o.flow;
	if (i & 1)
		tl_flow_up(b->tl, o.flow, &here, &peers[i % COUNT(peers)]);
}

static void on_flow(struct bench *b, uint8_t i, struct slice bytes)
{
	if (!b->flows[i])
		return;
	tl_push_bytes(b->tl, b->flows[i], bytes);
	drain(b);
	(void)tl_flow_bytes(b->tl, b->flows[i]);
}

static void begin_request(struct bench *b, uint8_t way, struct slice body)
{
	const struct origin to = origin_of(b, way);
	const unsigned ref = b->n_refs;
	struct slice branch;

	if (ref == REFS || ((way & 4) && !to.flow))
		return;
	struct buf *out = tl_request(b->tl, ref, &to, way & 16 ? 77 : 0, &branch);
	if (!out)
		return;
	slice_cstr(branch, b->branch, sizeof(b->branch));
	sip_put_request_line(out, "OPTIONS", SLICE("sip:b@d"));
	sip_put_via(out, to.transport, &here, branch);
	buf_puts(out, "From: <sip:a@d>;tag=1\r\nTo: <sip:b@d>\r\nCall-ID: c\r\n"
		      "CSeq: 1 OPTIONS\r\n");
	sip_put_body(out, body);
	if (way & 32 || tl_request_end(b->tl, SIP_METHOD_OPTIONS, &b->places[ref], b->now))
		return;
	b->refs[ref] = REF_RUNS;
	b->n_refs++;
}

/* The last request is answered with what stands in the record, and may be a flow's or a datagram's
 * matter. */
static void respond(struct bench *b, uint8_t way, struct slice status)
{
	struct buf text;

	buf_init(&text, TEXT);
	buf_puts(&text, "SIP/2.0 ");
	buf_put(&text, slice_split(&status, '\n'));
	buf_printf(&text, "\r\nVia: SIP/2.0/UDP h;branch=%s\r\n", b->branch);
	buf_puts(&text, "From: <sip:a@d>;tag=1\r\nTo: <sip:b@d>;tag=2\r\nCall-ID: c\r\n"
			"CSeq: 1 OPTIONS\r\n");
	buf_put(&text, status);
	buf_puts(&text, "Content-Length: 0\r\n\r\n");
	if (way & 4)
		on_flow(b, way % FLOWS, buf_slice(&text));
	else
		datagram(b, way, buf_slice(&text));
	drain(b);
	buf_done(&text);
}

static void withdraw(struct bench *b, uint8_t back)
{
	const unsigned ref = b->n_refs - 1 - back;

	if (ref >= b->n_refs)
		return;
	tl_withdraw(b->tl, b->places[ref]);
	b->refs[ref] = REF_OVER;
}

static void settle(struct bench *b, uint8_t which, bool answers)
{
	const uint64_t place = b->kept[which % KEPT];

	if (!place)
		return;
	b->kept[which % KEPT] = 0;
	if (answers)
		answer(b, place, 200, which);
	else
		tl_forget(b->tl, place);
}

static void pass(struct bench *b, ts_t span)
{
	ts_t at = tl_deadline(b->tl);

	b->now = span ? ts_add(b->now, span) : at == TS_NEVER || at < b->now ? b->now : at;
	tl_push_time(b->tl, b->now);
}

static void step(struct bench *b, uint8_t what, struct slice in)
{
	const uint8_t first = in.n ? in.p[0] : 0;
	const struct slice rest = slice_skip(in, 1);

	mem_fail_after(b->fail_after);
	switch (what) {
	case 'D': datagram(b, first, rest); break;
	case 'C': on_flow(b, first % FLOWS, rest); break;
	case 'U': add_flow(b, first % FLOWS); break;
	case 'F': gone(b, first % FLOWS); break;
	case 'I': tl_push_peer_failed(b->tl, &peers[first % COUNT(peers)], 111); break;
	case 'R': begin_request(b, first, rest); break;
	case 'W': withdraw(b, first); break;
	case 'A': settle(b, first, true); break;
	case 'L': settle(b, first, false); break;
	case 'T': pass(b, TS_MS(first * 10u)); break;
	case 'P': b->policy = first; break;
	case 'H': b->room = first & 1; break;
	case 'M': b->fail_after = first; return; /* of the next push */
	case 'r': respond(b, first, rest); break;
	default: break;
	}
	drain(b);
}

/* ---- the end ---- */

static void finish(struct bench *b)
{
	b->room = true;
	for (unsigned i = 0; i < FLOWS; i++)
		gone(b, i);
	drain(b);
	for (unsigned i = 0; i < KEPT; i++)
		settle(b, (uint8_t)i, i & 1);
	for (unsigned i = 0; tl_deadline(b->tl) != TS_NEVER; i++) {
		assert(i < PUSHES_MAX);
		pass(b, 0);
		drain(b);
	}
	for (unsigned i = 0; i < b->n_refs; i++)
		assert(b->refs[i] == REF_OVER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bench b;
	struct slice in = slice_of(data, size);
	const struct addr_net first = { peers[0], 32 };
	const struct tl_cfg cfg = { .out = &b.out,
		.clients_max = 32,
		.servers_max = 16,
		.owed_bytes_max = 8192,
		.request_max = 4096,
		.done_max = 32,
		.flows_max = FLOWS,
		.keeps_whole_answers = size && data[0] & 1,
		.answerers = size && data[0] & 2 ? &first : NULL,
		.n_answerers = 1 };

	memset(&b, 0, sizeof(b));
	b.now = TS_S(1000);
	b.fail_after = -1;
	b.room = true;
	rng_init_number(&b.rng, 1);
	if (outbox_init(&b.out, 1 << 20, 64, 4) || tl_new(&b.tl, &cfg, &b.rng))
		abort();
	for (in = slice_skip(in, 1); in.n;) {
		struct slice record = slice_split(&in, END);

		if (record.n)
			step(&b, record.p[0], slice_skip(record, 1));
	}
	finish(&b);
	tl_free(b.tl);
	outbox_done(&b.out);
	return 0;
}
