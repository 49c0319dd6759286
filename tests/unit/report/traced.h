/* traced.h - a trace and its result, made by hand: what a pool and a partner might have said. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "report/trace_private.h"

enum { TRACED_TEXT = 1 << 22 };

struct traced {
	struct trace *t;
	struct probe_result result;
	struct report_run run;
	struct buf b; /* what a form wrote */
};

static const struct addr traced_user = { .family = 4, .port = 40001, .ip = { 192, 0, 2, 1 } };
static const struct addr traced_pool = { .family = 4, .port = 5061, .ip = { 192, 0, 2, 2 } };
static const struct addr traced_receiver = { .family = 6, .port = 40002, .ip = { [15] = 1 } };
static const struct addr traced_server = { .family = 6, .port = 5222, .ip = { [15] = 2 } };

static inline void traced_phase(
	struct traced *f, ts_t at, enum probe_phase phase, enum phase_outcome outcome)
{
	trace_push(f->t,
		&(struct probe_event){
			.type = PROBE_EV_PHASE, .at = at, .phase = phase, .outcome = outcome });
}

static inline struct probe_event traced_event(
	ts_t at, enum probe_side side, bool outbound, struct slice text)
{
	return (struct probe_event){ .type = PROBE_EV_TRACE,
		.at = at,
		.side = side,
		.outbound = outbound,
		.transport = TRANSPORT_TLS,
		.phase = side == SIDE_XMPP ? PHASE_XMPP_AUTH : PHASE_SIP_REGISTER,
		.local = side == SIDE_XMPP ? traced_receiver : traced_user,
		.peer = side == SIDE_XMPP ? traced_server : traced_pool,
		.text = text };
}

static inline void traced_message(
	struct traced *f, ts_t at, enum probe_side side, bool outbound, const char *text)
{
	const struct probe_event ev = traced_event(at, side, outbound, slice_str(text));

	trace_push(f->t, &ev);
}

static inline void traced_begin(struct traced *f)
{
	static const struct trace_cfg cfg = { .strip_bodies = false };
	struct probe_result *r = &f->result;

	memset(f, 0, sizeof(*f));
	assert_int_equal(trace_new(&f->t, &cfg), 0);
	buf_init(&f->b, TRACED_TEXT);
	snprintf(r->target_fqdn, sizeof(r->target_fqdn), "pool.litware.test");
	snprintf(r->user, sizeof(r->user), "pilar@litware.test");
	snprintf(r->receiver, sizeof(r->receiver), "adelany@contoso.test");
	f->run = (struct report_run){ .result = r, .started_at_us = INT64_C(1795653633528125) };
}

/* The pool refuses: two SIP messages each way, one stanza, phases, the verdict after 2 ms. */
static inline void traced_refused(struct traced *f)
{
	struct probe_result *r = &f->result;

	traced_begin(f);
	traced_phase(f, 0, PHASE_SIP_CONNECT, PHASE_RUNNING);
	traced_phase(f, 0, PHASE_XMPP_RESOLVE, PHASE_RUNNING);
	traced_phase(f, 0, PHASE_XMPP_RESOLVE, PHASE_SKIPPED);
	traced_phase(f, 0, PHASE_XMPP_AUTH, PHASE_RUNNING);
	traced_phase(f, 500, PHASE_SIP_CONNECT, PHASE_OK);
	traced_phase(f, 500, PHASE_SIP_REGISTER, PHASE_RUNNING);
	traced_message(f, 500, SIDE_SIP, true,
		"REGISTER sip:litware.test SIP/2.0\r\nCSeq: 1 REGISTER\r\n\r\n");
	traced_message(f, 700, SIDE_XMPP, false, "<challenge xmlns='x'>***</challenge>");
	traced_message(
		f, 2000, SIDE_SIP, false, "SIP/2.0 403 Forbidden\r\nCSeq: 1 REGISTER\r\n\r\n");
	traced_phase(f, 2000, PHASE_SIP_REGISTER, PHASE_FAILED);
	traced_phase(f, 2000, PHASE_XMPP_AUTH, PHASE_STOPPED);
	traced_phase(f, 2000, PHASE_CLEANUP, PHASE_RUNNING);
	traced_message(f, 2100, SIDE_XMPP, true, "</stream:stream>");
	traced_phase(f, 2200, PHASE_CLEANUP, PHASE_OK);
	r->reason = REASON_SIP_FORBIDDEN;
	r->phase = PHASE_SIP_REGISTER;
	r->latency = 2000;
	r->message = TEXT("{1} says no", text_str("the pool"));
	r->evidence.sip_status = 403;
	snprintf(r->evidence.sip_reason, sizeof(r->evidence.sip_reason), "Forbidden");
	r->phases[PHASE_SIP_REGISTER] = (struct probe_phase_result){ .outcome = PHASE_FAILED,
		.started = 500,
		.duration = 1500,
		.address = traced_pool,
		.transport = TRANSPORT_TLS };
}

static inline const char *traced_write(struct traced *f, trace_fn *put)
{
	buf_clear(&f->b);
	assert_int_equal(put(&f->b, f->t, &f->run), 0);
	return buf_cstr(&f->b);
}

static inline void traced_end(struct traced *f)
{
	f->t = trace_free(f->t);
	buf_done(&f->b);
}

static inline unsigned traced_count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* Whichever allocation fails, the form says so, or nothing is missing but one short text of the
 * result: an address (addr_text() gives "" then), a sentence of report_json(). */
static inline void traced_without_memory(trace_fn *put)
{
	enum { ALLOCATIONS = 300 /* more than any form makes */, SHORT = 256 };
	struct traced f;
	struct buf b;
	unsigned failed = 0;

	traced_refused(&f);
	traced_write(&f, put);
	for (long n = 0; n < ALLOCATIONS; n++) {
		buf_init(&b, TRACED_TEXT);
		mem_fail_after(n);
		int err = put(&b, f.t, &f.run);
		mem_fail_after(-1);
		assert_true(err == 0 || err == -ENOMEM);
		failed += err != 0;
		if (err == 0)
			assert_true(buf_len(&b) + SHORT > buf_len(&f.b));
		buf_done(&b);
	}
	assert_in_range(failed, 5, ALLOCATIONS - 1);
	traced_end(&f);
}
