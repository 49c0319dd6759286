/* The round trips: what is sent, what must arrive, what comes back, and how long each took. */
#include <stdlib.h>

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
	p->round_start = p->now;
	rng_token(p->rng, p->nonce, NONCE);
	rng_token(p->rng, p->answer_nonce, NONCE);
	p->sent = p->now;
	probe_begin(p, PHASE_SIP_SEND);
	if (p->xmpp.state == XMPP_READY)
		probe_begin(p, PHASE_DELIVER);
	probe_sip_message(p);
}

static void ready(struct probe *p)
{
	bool xmpp = p->xmpp.state == XMPP_READY || p->xmpp.state == XMPP_OFF;

	if (p->state == PROBE_SIGNING_IN && p->sip.state == SIP_READY && xmpp)
		begin(p);
}

/* The SIP user is signed in for it before it begins: a pool may have closed the connection that was
 * idle, and the registration may be about to end. */
static void prepare(struct probe *p)
{
	p->state = PROBE_SIGNING_IN;
	probe_sip_renew(p);
	ready(p);
}

static void next_round(struct probe *p)
{
	p->round++;
	p->sent_ok = p->delivered = p->answered = false;
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
static void note_late(struct probe *p, struct slice body)
{
	if (slice_starts(body, SLICE("stox test ")))
		probe_note(p, NOTE_EARLIER_MESSAGE,
			TEXT_PLAIN(N_("a message of an earlier test arrived now: the way is slower "
				      "than that test's time-out")));
	else if (slice_starts(body, SLICE("stox answer ")))
		probe_note(p, NOTE_EARLIER_MESSAGE,
			TEXT_PLAIN(N_("an answer of an earlier test arrived now: the way is slower "
				      "than that test's time-out")));
}

/* During the clean-up the verdict is given; one thing can still become known: that it was late. */
static void arrived_late(struct probe *p)
{
	struct probe_result *r = &p->result;

	if (r->success || r->reason != REASON_IM_NOT_DELIVERED)
		return;
	r->reason = REASON_IM_LATE;
	r->message = TEXT(N_("The message arrived at {1} after {2} s, when the test had given up."),
		text_str(r->receiver), text_seconds(p->now - p->sent));
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
	probe_detail(p, PHASE_DELIVER,
		TEXT(N_("from {1}"), text_slice(slice_cut(s->from, 0, SHOWN_MAX))));
	probe_end(p, PHASE_DELIVER, PHASE_OK);
	p->answered_from = p->now;
	probe_begin(p, PHASE_ANSWER);
	probe_xmpp_answer(p, s->from, thread ? thread->text : SLICE_NONE);
}

static void judge_arrival(struct probe *p, const struct stanza *s, struct slice body)
{
	const struct text_arg receiver = text_str(p->result.receiver);

	if (p->delivered)
		probe_fail(p, PHASE_DELIVER, REASON_IM_DUPLICATED,
			TEXT(N_("The message arrived at {1} twice."), receiver));
	else if (!is_from_user(p, s))
		probe_fail(p, PHASE_DELIVER, REASON_IM_WRONG_SENDER,
			TEXT(N_("The message arrived at {1}, but from {2} instead of {3}."),
				receiver, text_slice(slice_cut(s->from, 0, SHOWN_MAX)),
				text_str(p->result.user)));
	else if (!is_body(body, "stox test ", p->nonce))
		probe_fail(p, PHASE_DELIVER, REASON_IM_ALTERED,
			TEXT(N_("The message arrived at {1}, but its text was altered: `{2}`."),
				receiver, text_slice(slice_cut(body, 0, SHOWN_MAX))));
	else
		delivered(p, s);
}

/* The answer could not be carried: an error stanza for it. */
static void bounced(struct probe *p, const struct stanza *s)
{
	struct stanza_error error;

	if (slice_eqs(s->id, p->answer_nonce) && stanza_error_read(&error, s->node))
		probe_fail_answer(p, s, &error);
}

/* Most likely somebody else's; if it was the test's own, this is why it is missing. */
static void note_cut(struct probe *p, const struct stanza *s)
{
	probe_note(p, NOTE_MESSAGE_CUT,
		TEXT(N_("a message from {1} was too large or too deep to be read"),
			text_slice(slice_cut(s->from, 0, SHOWN_MAX))));
}

static void arrived(struct probe *p, const struct stanza *s, bool cut)
{
	struct slice body = body_of(s);

	if (slice_eqs(s->type, "error")) {
		bounced(p, s);
		return;
	}
	if (!holds(body, p->nonce)) {
		if (cut)
			note_cut(p, s);
		else
			note_late(p, body);
		return;
	}
	if (p->state == PROBE_CLEANUP)
		arrived_late(p);
	else
		judge_arrival(p, s, body);
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
	if (p->delivered || !is_from_receiver(p, m))
		return;
	probe_fail(p, PHASE_DELIVER, REASON_IM_BOUNCED,
		TEXT(N_("The message to {1} was accepted, and {2} s later reported as failed."),
			text_str(p->result.receiver), text_seconds(p->now - p->sent)));
}

static void answered(struct probe *p)
{
	p->answered = true;
	raise_proof(p, PROOF_ANSWERED);
	sample(p, SAMPLE_ANSWER, p->now - p->answered_from);
	probe_end(p, PHASE_ANSWER, PHASE_OK);
	check_round(p);
}

static void judge_answer(struct probe *p, const struct sip_msg *m)
{
	const struct text_arg user = text_str(p->result.user);

	if (p->answered)
		probe_fail(p, PHASE_ANSWER, REASON_IM_DUPLICATED,
			TEXT(N_("The answer arrived at {1} twice."), user));
	else if (!is_from_receiver(p, m))
		probe_fail(p, PHASE_ANSWER, REASON_IM_WRONG_SENDER,
			TEXT(N_("The answer arrived at {1}, but from {2} instead of {3}."), user,
				text_slice(slice_cut(m->from.uri_text, 0, SHOWN_MAX)),
				text_str(p->result.receiver)));
	else if (!is_body(m->body, "stox answer ", p->answer_nonce))
		probe_fail(p, PHASE_ANSWER, REASON_IM_ALTERED,
			TEXT(N_("The answer arrived at {1}, but its text was altered: `{2}`."),
				user, text_slice(slice_cut(m->body, 0, SHOWN_MAX))));
	else
		answered(p);
}

static void came_back(struct probe *p, const struct sip_msg *m)
{
	if (p->state != PROBE_ROUND)
		note_late(p, m->body);
	else if (is_failure_report(m))
		report_came(p, m);
	else if (holds(m->body, p->answer_nonce))
		judge_answer(p, m);
	else
		note_late(p, m->body);
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
	case SIDE_CAME_BACK: came_back(p, ev->msg); break;
	case SIDE_ARRIVED: arrived(p, &ev->stanza, ev->cut); break;
	case SIDE_SILENT: probe_fail_silent(p); break;
	case SIDE_LOST: prepare(p); break;
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
