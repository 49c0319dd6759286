#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/private.h"

enum sample {
	SAMPLE_SEND,
	SAMPLE_DELIVER,
	SAMPLE_ANSWER,
	SAMPLE_ROUND,
	SAMPLES,
};

int probe_round_init(struct probe *p)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		p->samples[i] = mem_alloc0(p->cfg.count * sizeof(ts_t));
		if (!p->samples[i])
			return -ENOMEM;
	}
	return 0;
}

void probe_round_done(struct probe *p)
{
	for (unsigned i = 0; i < SAMPLES; i++)
		p->samples[i] = mem_free(p->samples[i]);
}

static void begin(struct probe *p)
{
	p->state = PROBE_ROUND;
	p->round++;
	p->round_start = p->now;
	if (p->round > 1)
		p->deadline = ts_add(p->now, p->cfg.timeout);
	p->sent_ok = p->delivered = p->answered = false;
	rng_token(p->rng, p->nonce, NONCE);
	rng_token(p->rng, p->answer_nonce, NONCE);
	p->sent = p->now;
	probe_begin(p, PHASE_SIP_SEND);
	if (p->xmpp.state == XMPP_READY)
		probe_begin(p, PHASE_DELIVER);
	probe_sip_message(p);
}

void probe_round_ready(struct probe *p)
{
	bool xmpp = p->xmpp.state == XMPP_READY || p->xmpp.state == XMPP_OFF;

	if (p->state == PROBE_SIGNING_IN && p->sip.state == SIP_READY && xmpp)
		begin(p);
}

static void sample(struct probe *p, enum sample what, ts_t value)
{
	p->samples[what][p->round - 1] = value;
}

static void raise_proof(struct probe *p, enum probe_proof proof)
{
	if (p->result.proof < proof)
		p->result.proof = proof;
}

/* Everything that can be proved here has been. */
static void check_round(struct probe *p)
{
	bool closed = p->xmpp.state == XMPP_OFF || (p->delivered && p->answered);

	if (p->state != PROBE_ROUND || !p->sent_ok || !closed)
		return;
	sample(p, SAMPLE_ROUND, p->now - p->round_start);
	p->result.rounds_done = p->round;
	if (p->round == p->cfg.count) {
		probe_succeed(p);
		return;
	}
	if (p->cfg.interval == 0) {
		begin(p);
		return;
	}
	p->state = PROBE_PAUSE;
	p->pause_until = ts_add(p->round_start, p->cfg.interval);
}

void probe_round_accepted(struct probe *p)
{
	p->sent_ok = true;
	raise_proof(p, PROOF_ACCEPTED);
	sample(p, SAMPLE_SEND, p->now - p->sent);
	probe_detail(p, PHASE_SIP_SEND, "%d %.*s", p->msg.status,
		(int)(p->msg.reason.n < 64 ? p->msg.reason.n : 64), (const char *)p->msg.reason.p);
	probe_end(p, PHASE_SIP_SEND, PHASE_OK);
	check_round(p);
}

/* ---- at the receiver ---- */

static struct slice body_of(const struct stanza *s)
{
	for (const struct xml_node *n = s->node->child; n; n = n->next)
		if (slice_eqs(n->name, "body") && slice_eq(n->ns, s->node->ns))
			return n->text;
	return SLICE_NONE;
}

static bool is_body(struct slice body, const char *prefix, const char *nonce)
{
	struct slice p = slice_str(prefix);

	return slice_starts(body, p) && slice_eqs(slice_skip(body, p.n), nonce);
}

static bool holds(struct slice body, const char *nonce)
{
	return nonce[0] && slice_find(body, slice_str(nonce)) != SIZE_MAX;
}

/* An earlier test's message: told, never counted. */
static void note_late(struct probe *p, struct slice body, const char *what)
{
	if (slice_starts(body, SLICE("stox test ")) || slice_starts(body, SLICE("stox answer ")))
		probe_warn(p,
			"%s of an earlier test arrived now: the way is slower than that test's "
			"time-out",
			what);
}

/* During the clean-up the verdict is given; one thing can still become known: that it was late. */
static void arrived_late(struct probe *p)
{
	struct probe_result *r = &p->result;

	if (r->success || r->reason != REASON_IM_NOT_DELIVERED)
		return;
	r->reason = REASON_IM_LATE;
	buf_clear(&p->scratch);
	buf_printf(&p->scratch,
		"The message arrived at %s after %.3f s, when the test had given up.", r->receiver,
		(double)(p->now - p->sent) / 1e6);
	slice_cstr(buf_slice(&p->scratch), r->message, sizeof(r->message));
}

static bool is_from_user(const struct probe *p, const struct stanza *s)
{
	struct jid from;
	struct where where;

	return jid_decode(s->from, &from, &where) == 0 && jid_bare_eq(&from, &p->user);
}

static void delivered(struct probe *p, const struct stanza *s)
{
	const struct xml_node *thread = xml_child(s->node, NULL, "thread");

	p->delivered = true;
	raise_proof(p, PROOF_DELIVERED);
	sample(p, SAMPLE_DELIVER, p->now - p->sent);
	probe_detail(p, PHASE_DELIVER, "from %.*s", (int)(s->from.n < 128 ? s->from.n : 128),
		(const char *)s->from.p);
	probe_end(p, PHASE_DELIVER, PHASE_OK);
	p->answered_from = p->now;
	probe_begin(p, PHASE_ANSWER);
	probe_xmpp_answer(p, s->from, thread ? thread->text : SLICE_NONE);
}

static void judge_arrival(struct probe *p, const struct stanza *s, struct slice body)
{
	if (p->delivered)
		probe_fail(p, PHASE_DELIVER, REASON_IM_DUPLICATED,
			"The message arrived at %s twice.", p->result.receiver);
	else if (!is_from_user(p, s))
		probe_fail(p, PHASE_DELIVER, REASON_IM_WRONG_SENDER,
			"The message arrived at %s, but from %.*s instead of %s.",
			p->result.receiver, (int)(s->from.n < 128 ? s->from.n : 128),
			(const char *)s->from.p, p->result.user);
	else if (!is_body(body, "stox test ", p->nonce))
		probe_fail(p, PHASE_DELIVER, REASON_IM_ALTERED,
			"The message arrived at %s, but its text was altered on the way.",
			p->result.receiver);
	else
		delivered(p, s);
}

/* The answer could not be carried: an error stanza for it. */
static void bounced(struct probe *p, const struct stanza *s)
{
	struct stanza_error error;

	if (!slice_eqs(s->id, p->answer_nonce) || !stanza_error_read(&error, s->node))
		return;
	probe_fail(p, PHASE_ANSWER, REASON_XMPP_BOUNCED,
		"The answer to %.*s came back as an error: %s%s%.*s.",
		(int)(s->from.n < 128 ? s->from.n : 128), (const char *)s->from.p,
		stanza_condition_name(error.condition), error.text.n ? ", " : "",
		(int)(error.text.n < 128 ? error.text.n : 128),
		(const char *)(error.text.n ? error.text.p : (const uint8_t *)""));
}

void probe_round_arrived(struct probe *p, const struct stanza *s)
{
	struct slice body = body_of(s);

	if (slice_eqs(s->type, "error")) {
		bounced(p, s);
		return;
	}
	if (!holds(body, p->nonce)) {
		note_late(p, body, "A message");
		return;
	}
	if (p->state == PROBE_CLEANUP)
		arrived_late(p);
	else
		judge_arrival(p, s, body);
}

/* ---- at the SIP user ---- */

void probe_round_came_back(struct probe *p)
{
	const struct sip_msg *m = &p->msg;
	struct jid from;
	struct where where;

	if (p->state != PROBE_ROUND || !holds(m->body, p->answer_nonce)) {
		note_late(p, m->body, "An answer");
		return;
	}
	bool right = address_to_jid(&m->from.uri, &from, &where) == 0 &&
		     jid_bare_eq(&from, &p->receiver);
	if (p->answered) {
		probe_fail(p, PHASE_ANSWER, REASON_IM_DUPLICATED, "The answer arrived at %s twice.",
			p->result.user);
	} else if (!right) {
		probe_fail(p, PHASE_ANSWER, REASON_IM_WRONG_SENDER,
			"The answer arrived at %s, but from %.*s instead of %s.", p->result.user,
			(int)(m->from.uri_text.n < 128 ? m->from.uri_text.n : 128),
			(const char *)m->from.uri_text.p, p->result.receiver);
	} else if (!is_body(m->body, "stox answer ", p->answer_nonce)) {
		probe_fail(p, PHASE_ANSWER, REASON_IM_ALTERED,
			"The answer arrived at %s, but its text was altered on the way.",
			p->result.user);
	} else {
		p->answered = true;
		raise_proof(p, PROOF_ANSWERED);
		sample(p, SAMPLE_ANSWER, p->now - p->answered_from);
		probe_end(p, PHASE_ANSWER, PHASE_OK);
		check_round(p);
	}
}

/* ---- time ---- */

void probe_round_time(struct probe *p)
{
	if (p->state == PROBE_PAUSE && p->now >= p->pause_until)
		begin(p);
}

static void timeout_sip(struct probe *p)
{
	static const enum reason reasons[] = {
		[PHASE_SIP_RESOLVE] = REASON_DNS_TIMEOUT,
		[PHASE_SIP_CONNECT] = REASON_TCP_TIMEOUT,
		[PHASE_SIP_TLS] = REASON_TLS_HANDSHAKE_FAILED,
		[PHASE_SIP_REGISTER] = REASON_SIP_NO_ANSWER,
	};
	enum probe_phase phase = probe_sip_phase(p);
	char text[ADDR_TEXT_MAX];

	probe_fail(p, phase, reasons[phase], "No answer in phase %s from %s within %.1f s.",
		phase_name(phase),
		phase == PHASE_SIP_RESOLVE ? "the DNS" : addr_text(&p->sip.target.addr, text),
		(double)p->cfg.timeout / 1e6);
}

static void timeout_xmpp(struct probe *p)
{
	enum probe_phase phase = p->xmpp.phase;
	enum reason reason = phase == PHASE_XMPP_RESOLVE   ? REASON_DNS_TIMEOUT
			     : phase == PHASE_XMPP_CONNECT ? REASON_TCP_TIMEOUT
							   : REASON_XMPP_NO_ANSWER;
	char text[ADDR_TEXT_MAX];

	probe_fail(p, phase, reason, "No answer in phase %s from %s within %.1f s.",
		phase_name(phase),
		phase == PHASE_XMPP_RESOLVE ? "the DNS" : addr_text(&p->xmpp.target.addr, text),
		(double)p->cfg.timeout / 1e6);
}

/* What was still awaited when the time was up. */
void probe_round_timeout(struct probe *p)
{
	const double seconds = (double)p->cfg.timeout / 1e6;

	if (p->state == PROBE_SIGNING_IN && p->sip.state != SIP_READY)
		timeout_sip(p);
	else if (p->state == PROBE_SIGNING_IN)
		timeout_xmpp(p);
	else if (!p->sent_ok && !p->delivered)
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_GATEWAY_TIMEOUT,
			"The pool gave no final answer to the message within %.1f s.", seconds);
	else if (p->xmpp.state != XMPP_OFF && !p->delivered)
		probe_fail(p, PHASE_DELIVER, REASON_IM_NOT_DELIVERED,
			"The message was accepted, but did not arrive at %s within %.1f s.",
			p->result.receiver, seconds);
	else if (p->xmpp.state != XMPP_OFF && !p->answered)
		probe_fail(p, PHASE_ANSWER, REASON_IM_NO_ANSWER,
			"The message arrived at %s, but its answer did not reach %s within %.1f s.",
			p->result.receiver, p->result.user, seconds);
	else
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_GATEWAY_TIMEOUT,
			"The message arrived, but the pool gave it no final answer within %.1f s.",
			seconds);
}

/* ---- figures of --count ---- */

static int by_value(const void *pa, const void *pb)
{
	const ts_t a = *(const ts_t *)pa, b = *(const ts_t *)pb;

	return a < b ? -1 : a > b;
}

static struct probe_stats summarise(ts_t *samples, unsigned n)
{
	if (n == 0)
		return (struct probe_stats){ 0 };
	qsort(samples, n, sizeof(*samples), by_value);
	return (struct probe_stats){ .n = n,
		.min = samples[0],
		.median = samples[n / 2],
		.p95 = samples[(n * 95ull + 99) / 100 - 1],
		.max = samples[n - 1] };
}

void probe_round_stats(struct probe *p)
{
	struct probe_result *r = &p->result;
	struct probe_stats *const to[SAMPLES] = { &r->send, &r->deliver, &r->answer, &r->round };

	if (p->cfg.count == 1)
		return;
	for (unsigned i = 0; i < SAMPLES; i++)
		*to[i] = summarise(p->samples[i], r->rounds_done);
}
