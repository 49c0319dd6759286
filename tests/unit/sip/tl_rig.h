/* tl_rig.h - the transaction layer alone: outputs are taken as text, events are told as text, time
 * is a number.  Included by one test program each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sip/tl_private.h"
#include "sip/write.h"

enum { RIG_TEXT_MAX = 16384, RIG_OUTPUTS = 1024, RIG_LISTENER = 3 };

static const struct addr rig_here = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 1 } };
static const struct addr rig_peer = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 1 } };
static const struct addr rig_other = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 2 } };

static struct {
	struct outbox out;
	struct rng rng;
	struct tl *tl;
	ts_t now;
	struct tl_event ev; /* the last one taken */
	struct output sent; /* the last one taken */
	char branch[64];    /* of the last request of ours */
} r;

static const struct tl_cfg rig_cfg = {
	.clients_max = 64,
	.servers_max = 64,
	.owed_bytes_max = 1 << 20,
	.request_max = 8192,
	.done_max = 64,
	.flows_max = 8,
};

static inline int rig_try_open(struct tl_cfg cfg)
{
	memset(&r, 0, sizeof(r));
	rng_init_number(&r.rng, 1);
	r.now = TS_S(1000);
	cfg.out = &r.out;
	int err = outbox_init(&r.out, 8 << 20, RIG_OUTPUTS, 4);
	return err ? err : tl_new(&r.tl, &cfg, &r.rng);
}

static inline void rig_open(struct tl_cfg cfg)
{
	assert_int_equal(rig_try_open(cfg), 0);
}

static inline int rig_set_up(void **state)
{
	(void)state;
	rig_open(rig_cfg);
	return 0;
}

static inline int rig_close(void **state)
{
	(void)state;
	mem_fail_after(-1);
	r.tl = tl_free(r.tl);
	outbox_done(&r.out);
	return 0;
}

static inline void rig_open_again(struct tl_cfg cfg)
{
	rig_close(NULL);
	rig_open(cfg);
}

static inline void open_whole(void)
{
	struct tl_cfg cfg = rig_cfg;

	cfg.keeps_whole_answers = true;
	rig_open_again(cfg);
}

/* ---- what comes out ---- */

/* The next output, NULL when there is none. */
static inline const char *sent(void)
{
	static char text[RIG_TEXT_MAX];

	if (!outbox_take_output(&r.out, &r.sent))
		return NULL;
	assert_true(slice_cstr(r.sent.bytes, text, sizeof(text)));
	return text;
}

static inline unsigned count_sent(void)
{
	unsigned n = 0;

	while (sent())
		n++;
	return n;
}

/* The next event as text, "" when there is none. */
static inline const char *take_with(bool room)
{
	static char text[256];
	const struct tl_event *ev = &r.ev;

	if (!tl_take_event(r.tl, room, &r.ev, r.now))
		return "";
	static const struct sip_msg none;
	const struct sip_msg *msg = ev->msg ? ev->msg : &none;
	const int status = msg->status;
	const unsigned long ref = (unsigned long)ev->ref;

#define SAY(...)                                                                                   \
	do {                                                                                       \
		snprintf(text, sizeof(text), __VA_ARGS__);                                         \
		return text;                                                                       \
	} while (0)
	switch (ev->type) {
	case TL_EV_REQUEST: SAY("request %.*s", SLICE_FMT(msg->method_text));
	case TL_EV_REPEATED: SAY("repeated %d %u", ev->status, ev->extra);
	case TL_EV_ABSORBED: SAY("absorbed %.*s", SLICE_FMT(msg->method_text));
	case TL_EV_MALFORMED: SAY("malformed %d", ev->refusal->status);
	case TL_EV_ACK: SAY("ack");
	case TL_EV_PROVISIONAL: SAY("provisional %lu %d", ref, status);
	case TL_EV_FINAL: SAY("final %lu %d sends %u", ref, status, ev->sends);
	case TL_EV_TIMEOUT: SAY("timeout %lu", ref);
	case TL_EV_FAILED: SAY("failed %lu %d", ref, ev->err);
	case TL_EV_LATE: SAY("late %d", status);
	case TL_EV_STRAY: SAY("stray %d", status);
	case TL_EV_UNASKED: SAY("unasked %d", status);
	case TL_EV_PING: SAY("ping");
	case TL_EV_BROKEN: SAY("broken: %s", ev->where.what);
	case TL_EV_GONE: SAY("gone %lu", ref);
	}
#undef SAY
	fail();
	return "";
}

static inline const char *take(void)
{
	return take_with(true);
}

/* ---- what goes in ---- */

static inline struct origin rig_datagrams(const struct addr *peer)
{
	return (struct origin){ .listener = RIG_LISTENER,
		.transport = TRANSPORT_UDP,
		.peer = *peer,
		.local = rig_here };
}

static inline struct origin rig_stream(flow_t flow)
{
	return (struct origin){
		.flow = flow, .transport = TRANSPORT_TCP, .peer = rig_peer, .local = rig_here
	};
}

static inline struct origin rig_flow(flow_t flow)
{
	const struct origin o = rig_stream(flow);

	assert_int_equal(tl_flow_add(r.tl, &o), 0);
	return o;
}

/* The bytes live for as long as the push: the caller's. */
static inline void datagram_from(const struct addr *peer, const char *text)
{
	const struct origin o = rig_datagrams(peer);

	outbox_begin(&r.out);
	tl_push_datagram(r.tl, slice_str(text), &o);
}

static inline void datagram(const char *text)
{
	datagram_from(&rig_peer, text);
}

static inline void bytes(flow_t flow, const char *text)
{
	outbox_begin(&r.out);
	tl_push_bytes(r.tl, flow, slice_str(text));
}

static inline void wait_until(ts_t at)
{
	r.now = at;
	outbox_begin(&r.out);
	tl_push_time(r.tl, r.now);
}

/* ---- messages ---- */

static inline const char *request_text(const char *method, const char *via, const char *to_tag)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		"%s sip:b@d SIP/2.0\r\nVia: %s\r\nFrom: <sip:a@d>;tag=1\r\nTo: <sip:b@d>%s\r\n"
		"Call-ID: c\r\nCSeq: 7 %s\r\nContent-Length: 0\r\n\r\n",
		method, via, to_tag, method);
	return text;
}

/* A MESSAGE that is told from others by its number. */
static inline const char *message(unsigned n)
{
	char via[128];

	snprintf(via, sizeof(via), "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx%u;rport", n);
	return request_text("MESSAGE", via, "");
}

static inline const char *response_text(int status, const char *branch, const char *method)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"SIP/2.0 %d x\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=%s\r\n"
		"From: <sip:a@d>;tag=1\r\nTo: <sip:b@d>;tag=2\r\nCall-ID: c\r\nCSeq: 1 %s\r\n"
		"Content-Length: 0\r\n\r\n",
		status, branch, method);
	return text;
}

static inline struct buf *begin_request(uint64_t ref, const struct origin *to, uint64_t mix)
{
	struct slice branch;

	outbox_begin(&r.out);
	struct buf *b = tl_request(r.tl, ref, to, mix, &branch);
	if (!b)
		return NULL;
	assert_true(slice_cstr(branch, r.branch, sizeof(r.branch)));
	buf_puts(b, "MESSAGE sip:b@d SIP/2.0\r\n");
	sip_put_via(b, to->transport, &to->local, branch);
	sip_put_body(b, SLICE_NONE);
	return b;
}

/* A MESSAGE of ours; its place. */
static inline uint64_t request_to(uint64_t ref, const struct origin *to)
{
	uint64_t place = 0;

	assert_non_null(begin_request(ref, to, 0));
	assert_int_equal(tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now), 0);
	assert_true(place != 0);
	return place;
}

static inline uint64_t request(uint64_t ref)
{
	const struct origin to = rig_datagrams(&rig_peer);

	return request_to(ref, &to);
}

/* What came of the last request. */
static inline void respond(int status)
{
	datagram(response_text(status, r.branch, "MESSAGE"));
}

/* The answer to the request in hand, or at its place, with a header of the owner's. */
static inline void answer(uint64_t place, int status, enum tl_memory memory, uint16_t extra)
{
	buf_puts(tl_answer(r.tl, place, status, NULL), "Server: x\r\n");
	tl_answer_end(r.tl, memory, extra, r.now);
}

static inline const char *answered(void)
{
	const char *s = sent();

	assert_non_null(s);
	return s;
}

static inline uint64_t keep(uint64_t ref)
{
	return tl_keep(r.tl, ref, r.now);
}
