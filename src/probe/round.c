/* The round trips: what is sent, what must arrive, what comes back, and how long each took. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/private.h"

enum sample {
	SAMPLE_SEND,
	SAMPLE_DELIVER,
	SAMPLE_ANSWER,
	SAMPLE_ROUND,
	SAMPLES,
};

enum { SHOWN_MAX = 128 }; /* bytes of a peer's text in a sentence */

int probe_round_init(struct probe *p)
{
	p->round = 1;
	rng_token(p->rng, p->token.run, TOKEN_RUN);
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

/* Seconds since 1970; 0: the clock is not known. */
static uint64_t wall_s(const struct probe *p)
{
	const int64_t us = p->knows_wall ? (int64_t)p->now + p->wall : 0;

	return us > 0 ? (uint64_t)us / 1000000 : 0;
}

static void send_by_sip(struct probe *p)
{
	p->sent = p->now;
	p->is_sent = true;
	probe_begin(p, PHASE_SIP_SEND);
	probe_sip_message(p);
}

static void write_first(struct probe *p)
{
	p->written = p->now;
	if (p->cfg.direction == PROBE_TO) {
		send_by_sip(p);
		if (probe_loop_is_closed(p))
			probe_begin(p, PHASE_DELIVER);
		return;
	}
	probe_begin(p, PHASE_DELIVER);
	/* As anybody writes who does not know the user's devices (RFC 6121 section 5.1). */
	probe_xmpp_message(p, jid_bare(&p->user), SLICE_NONE);
}

void probe_round_begin(struct probe *p)
{
	p->state = PROBE_ROUND;
	p->round_start = p->now;
	p->is_sent = p->sent_ok = p->delivered = p->answered = false;
	p->token.round = p->round;
	p->token.sent_s = wall_s(p);
	p->token.limit_s = p->cfg.timeout / TS_S(1) + 1;
	p->answer_token = p->token;
	rng_token(p->rng, p->token.nonce, NONCE);
	rng_token(p->rng, p->answer_token.nonce, NONCE);
	write_first(p);
}

static void ready(struct probe *p)
{
	bool xmpp = p->xmpp.state == XMPP_READY || p->xmpp.state == XMPP_OFF;

	if (p->state == PROBE_SIGNING_IN && p->sip.state == SIP_READY && p->cfg.sign_in_only)
		probe_succeed(p);
	else if (p->state == PROBE_SIGNING_IN && p->sip.state == SIP_READY && xmpp &&
		 !p->cfg.inside)
		probe_round_begin(p);
	else if (p->state == PROBE_HALF)
		probe_half_over(p);
}

/* Both users are signed in for it before it begins: a pool or a server may have closed the
 * connection that was idle, and the registration may be about to end. */
static void prepare(struct probe *p)
{
	p->state = PROBE_SIGNING_IN;
	probe_xmpp_renew(p);
	probe_sip_renew(p);
	ready(p);
}

/* What went into the connection that is lost may arrive all the same: it is another run's then. */
static void again(struct probe *p)
{
	rng_token(p->rng, p->token.run, TOKEN_RUN);
	p->token.nonce[0] = p->answer_token.nonce[0] = '\0';
	prepare(p);
}

static void next_round(struct probe *p)
{
	p->round++;
	p->deadline = ts_add(p->now, p->cfg.timeout);
	prepare(p);
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
	bool closed = !probe_loop_is_closed(p) || (p->delivered && p->answered);

	if (p->state != PROBE_ROUND || !p->sent_ok || !closed)
		return;
	sample(p, SAMPLE_ROUND, p->now - p->round_start);
	p->result.rounds_done = p->round;
	if (p->round == p->cfg.count) {
		probe_succeed(p);
		return;
	}
	if (p->cfg.interval == 0) {
		next_round(p);
		return;
	}
	p->state = PROBE_PAUSE;
	p->pause_until = ts_add(p->round_start, p->cfg.interval);
}

static void accepted(struct probe *p, const struct sip_msg *m)
{
	p->sent_ok = true;
	raise_proof(p, PROOF_ACCEPTED);
	sample(p, SAMPLE_SEND, p->now - p->sent);
	probe_detail(p, PHASE_SIP_SEND,
		TEXT("{1} {2}", text_u64((unsigned)m->status), text_slice(m->reason)));
	probe_end(p, PHASE_SIP_SEND, PHASE_OK);
	check_round(p);
}

static struct slice body_of(const struct stanza *s)
{
	for (const struct xml_node *n = s->node->child; n; n = n->next)
		if (slice_eqs(n->name, "body") && slice_eq(n->ns, s->node->ns))
			return n->text;
	return SLICE_NONE;
}

/* The message as it was sent, and nothing else. */
static bool is_whole(struct probe *p, struct slice body, const char *word, const struct token *t)
{
	buf_clear(&p->scratch);
	token_put(&p->scratch, word, t);
	return slice_eq(body, buf_slice(&p->scratch));
}

static bool holds(struct slice body, const struct token *t)
{
	return t->nonce[0] && slice_find(body, slice_str(t->nonce)) != SIZE_MAX;
}

/* ---- what comes twice ---- */

static const char *place_of(const struct probe *p, enum probe_side at)
{
	return at == SIDE_XMPP ? p->result.receiver : p->result.user;
}

static void duplicated(struct probe *p, enum probe_side at)
{
	const enum probe_phase phase = probe_leg(p, at).phase;
	const struct text text =
		TEXT(phase == PHASE_DELIVER ? N_("The message arrived at {1} twice.")
					    : N_("The answer arrived at {1} twice."),
			text_str(place_of(p, at)));

	if (probe_is_decided(p))
		probe_take_back(p, phase, REASON_IM_DUPLICATED, text);
	else
		probe_fail(p, phase, REASON_IM_DUPLICATED, text);
}

/* A test's message that is not awaited.  Those of runs beside this one are their own affair. */
static void unawaited(struct probe *p, enum probe_side at, struct slice body)
{
	const uint64_t now = wall_s(p);
	struct token t;
	const bool is_answer = token_find(body, TOKEN_ANSWER, &t);

	if (!is_answer && !token_find(body, TOKEN_TEST, &t))
		return;
	if (strcmp(t.run, p->token.run) == 0) {
		if (t.round < p->round)
			duplicated(p, at);
		return;
	}
	if (t.sent_s == 0 || now < t.sent_s || now - t.sent_s <= t.limit_s)
		return;
	probe_note(p, at, NOTE_EARLIER_MESSAGE,
		is_answer ? TEXT(N_("an answer of a test {1} s ago arrived now"),
				    text_u64(now - t.sent_s))
			  : TEXT(N_("a message of a test {1} s ago arrived now"),
				    text_u64(now - t.sent_s)));
}

/* The verdict is given; one thing can still become known of a failure: that it was late. */
static void arrived_late(struct probe *p, enum probe_side at)
{
	struct probe_result *r = &p->result;

	if (probe_leg(p, at).phase != PHASE_DELIVER ||
		(r->reason != REASON_IM_NOT_DELIVERED && r->reason != REASON_IM_NOT_RECEIVED))
		return;
	r->reason = REASON_IM_LATE;
	r->message = TEXT(N_("The message arrived at {1} after {2} s, when the test had given up."),
		text_str(place_of(p, at)), text_seconds(p->now - p->written));
}

/* ---- what arrives ---- */

static void answered(struct probe *p)
{
	p->answered = true;
	raise_proof(p, PROOF_ANSWERED);
	sample(p, SAMPLE_ANSWER, p->now - p->answered_from);
	probe_end(p, PHASE_ANSWER, PHASE_OK);
	check_round(p);
}

/* `from` is that of the other side, as it is shown there. */
void probe_round_delivered(struct probe *p, struct slice from)
{
	p->delivered = true;
	raise_proof(p, PROOF_DELIVERED);
	sample(p, SAMPLE_DELIVER, p->now - p->written);
	probe_detail(
		p, PHASE_DELIVER, TEXT(N_("from {1}"), text_slice(slice_cut(from, 0, SHOWN_MAX))));
	probe_end(p, PHASE_DELIVER, PHASE_OK);
	p->answered_from = p->now;
	probe_begin(p, PHASE_ANSWER);
}

/* It holds the token of the message to that side.  True: it is the one that was awaited. */
static bool is_as_sent(struct probe *p, enum probe_side at, bool right_sender, struct slice from,
	struct slice body)
{
	const struct leg leg = probe_leg(p, at);
	const bool message = leg.phase == PHASE_DELIVER;
	const struct text_arg place = text_str(place_of(p, at));

	if (*leg.is_over)
		duplicated(p, at);
	else if (!right_sender)
		probe_fail(p, leg.phase, REASON_IM_WRONG_SENDER,
			TEXT(message ? N_("The message arrived at {1}, but from {2} instead of "
					  "{3}.")
				     : N_("The answer arrived at {1}, but from {2} instead of "
					  "{3}."),
				place, text_slice(slice_cut(from, 0, SHOWN_MAX)),
				text_str(place_of(p, at == SIDE_XMPP ? SIDE_SIP : SIDE_XMPP))));
	else if (!is_whole(p, body, leg.word, leg.token))
		probe_fail(p, leg.phase, REASON_IM_ALTERED,
			TEXT(message ? N_("The message arrived at {1}, but its text was altered: "
					  "`{2}`.")
				     : N_("The answer arrived at {1}, but its text was altered: "
					  "`{2}`."),
				place, text_slice(slice_cut(body, 0, SHOWN_MAX))));
	else
		return true;
	return false;
}

/* ---- at the receiver ---- */

static bool is_from_user(const struct probe *p, const struct stanza *s)
{
	struct jid from;
	struct where where;

	return jid_decode(s->from, &from, &where) == 0 && jid_bare_eq(&from, &p->user);
}

static void judge_arrival(struct probe *p, const struct stanza *s, struct slice body)
{
	const struct xml_node *thread = xml_child(s->node, NULL, "thread");

	if (!is_as_sent(p, SIDE_XMPP, is_from_user(p, s), s->from, body))
		return;
	if (p->cfg.direction == PROBE_FROM) {
		answered(p);
		return;
	}
	probe_round_delivered(p, s->from);
	probe_xmpp_message(p, s->from, thread ? thread->text : SLICE_NONE);
}

/* What the receiver wrote could not be carried: an error stanza for it.  What has arrived all the
 * same was carried. */
static void bounced(struct probe *p, const struct stanza *s)
{
	const struct leg leg = probe_leg(p, SIDE_SIP);
	struct stanza_error error;

	if (*leg.is_over || !slice_eqs(s->id, leg.token->nonce) ||
		!stanza_error_read(&error, s->node))
		return;
	if (leg.phase == PHASE_DELIVER)
		probe_fail_bounced(p, &error);
	else
		probe_fail_answer(p, s, &error);
}

/* Most likely somebody else's; if it was the test's own, this is why it is missing. */
static void note_cut(struct probe *p, const struct stanza *s)
{
	probe_note(p, SIDE_XMPP, NOTE_MESSAGE_CUT,
		TEXT(N_("a message from {1} was too large or too deep to be read"),
			text_slice(slice_cut(s->from, 0, SHOWN_MAX))));
}

static void arrived(struct probe *p, const struct stanza *s, bool cut)
{
	const struct leg leg = probe_leg(p, SIDE_XMPP);
	struct slice body = body_of(s);

	if (slice_eqs(s->type, "error")) {
		bounced(p, s);
		return;
	}
	if (holds(body, leg.token) && (*leg.is_over || !probe_is_decided(p)))
		judge_arrival(p, s, body);
	else if (holds(body, leg.token))
		arrived_late(p, SIDE_XMPP);
	else if (cut)
		note_cut(p, s);
	else if (is_from_user(p, s))
		unawaited(p, SIDE_XMPP, body);
}

/* ---- at the SIP user ---- */

static bool is_from_receiver(const struct probe *p, const struct sip_msg *m)
{
	struct jid from;
	struct where where;

	return address_to_jid(&m->from.uri, &from, &where) == 0 && jid_bare_eq(&from, &p->receiver);
}

/* A report that the message failed (RFC 5438 section 7.2.1.2, as it is or wrapped in CPIM; Lync's
 * own type holds the same word): a gateway that said "accepted" too early corrects itself. */
static bool is_failure_report(const struct sip_msg *m)
{
	return slice_find(m->content_type, SLICE("imdn+xml")) != SIZE_MAX ||
			       (slice_find(m->content_type, SLICE("cpim")) != SIZE_MAX &&
				       slice_find(m->body, SLICE("imdn+xml")) != SIZE_MAX)
		       ? slice_find(m->body, SLICE("failed")) != SIZE_MAX
		       : false;
}

static void report_came(struct probe *p, const struct sip_msg *m)
{
	const struct leg leg = probe_leg(p, SIDE_XMPP);

	/* It does not say which message it means: before ours it is that of an earlier run. */
	if (!p->is_sent || *leg.is_over || !is_from_receiver(p, m))
		return;
	probe_fail(p, leg.phase, REASON_IM_BOUNCED,
		TEXT(N_("The message to {1} was accepted, and {2} s later reported as failed."),
			text_str(p->result.receiver), text_seconds(p->now - p->sent)));
}

static void judge_received(struct probe *p, const struct sip_msg *m)
{
	if (!is_as_sent(p, SIDE_SIP, is_from_receiver(p, m), m->from.uri_text, m->body))
		return;
	if (p->cfg.direction == PROBE_TO) {
		answered(p);
		return;
	}
	probe_round_delivered(p, m->from.uri_text);
	send_by_sip(p);
}

static void received(struct probe *p, const struct sip_msg *m)
{
	const struct leg leg = probe_leg(p, SIDE_SIP);

	if (is_failure_report(m))
		report_came(p, m);
	else if (holds(m->body, leg.token) && (*leg.is_over || !probe_is_decided(p)))
		judge_received(p, m);
	else if (holds(m->body, leg.token))
		arrived_late(p, SIDE_SIP);
	else if (is_from_receiver(p, m))
		unawaited(p, SIDE_SIP, m->body);
}

/* ---- time ---- */

void probe_round_time(struct probe *p)
{
	if (p->state == PROBE_PAUSE && p->now >= p->pause_until)
		next_round(p);
}

/* ---- what the sides tell ---- */

void probe_round_push(struct probe *p, const struct side_event *ev)
{
	switch (ev->type) {
	case SIDE_READY: ready(p); break;
	case SIDE_ACCEPTED: accepted(p, ev->msg); break;
	case SIDE_RECEIVED: received(p, ev->msg); break;
	case SIDE_ARRIVED: arrived(p, &ev->stanza, ev->cut); break;
	case SIDE_SILENT: probe_fail_silent(p); break;
	case SIDE_LOST: again(p); break;
	case SIDE_NOTHING: break;
	}
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
