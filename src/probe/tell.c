/* What is told of a test as it goes: phases, notes, the trace, the verdict; and what one push
 * leaves behind.  All the probe's files stand above it. */
#include <string.h>

#include "base/mem.h"
#include "probe/private.h"

enum {
	CLEANUP_MS = 1000, /* what is left undone after it is left to time-outs */
	TRACE_MAX = 4 << 20,
	/* A push begins and ends few phases, and its verdict has a place whatever a peer sends. */
	KEPT_FOR_PHASES = 32,
};

static void init_masks(struct probe *p, enum probe_side side)
{
	for (unsigned out = 0; out < 2; out++)
		mask_init(&p->masks[side][out], side == SIDE_SIP ? MASK_SIP : MASK_XMPP,
			p->cfg.trace_bodies);
}

static void done_masks(struct probe *p, enum probe_side side)
{
	for (unsigned out = 0; out < 2; out++)
		mask_done(&p->masks[side][out]);
}

int probe_tell_init(struct probe *p)
{
	buf_init(&p->trace, TRACE_MAX);
	for (unsigned side = 0; side < SIDES; side++)
		init_masks(p, side);
	return outbox_init(&p->out, OUT_BYTES_MAX, OUTPUTS_MAX, WANTS_MAX);
}

void probe_tell_done(struct probe *p)
{
	for (unsigned side = 0; side < SIDES; side++)
		done_masks(p, side);
	outbox_done(&p->out);
	buf_done(&p->trace);
}

void probe_tell_begin(struct probe *p, ts_t now)
{
	p->now = now;
	outbox_begin(&p->out);
	if (p->next_event == p->n_events) {
		p->n_events = p->next_event = 0;
		buf_clear(&p->trace);
	}
}

/* ---- how far it is ---- */

bool probe_is_decided(const struct probe *p)
{
	return p->state >= PROBE_SETTLING;
}

enum probe_phase probe_sip_phase(const struct probe *p)
{
	switch (p->sip.state) {
	case SIP_RESOLVING: return PHASE_SIP_RESOLVE;
	case SIP_LOST:
	case SIP_CONNECTING: return PHASE_SIP_CONNECT;
	case SIP_HANDSHAKING: return PHASE_SIP_TLS;
	case SIP_REGISTERING: return PHASE_SIP_REGISTER;
	case SIP_READY:
	case SIP_REMOVING:
	case SIP_OVER: break;
	}
	return p->cfg.direction == PROBE_FROM ? probe_from_awaits(p) : PHASE_SIP_SEND;
}

enum probe_phase probe_xmpp_phase(const struct probe *p)
{
	if (p->xmpp.state != XMPP_READY)
		return p->xmpp.phase;
	return p->cfg.direction == PROBE_FROM && p->delivered ? PHASE_ANSWER : PHASE_DELIVER;
}

/* ---- events ---- */

static struct probe_event *add_event(struct probe *p, enum probe_event_type type)
{
	static const unsigned kept[] = {
		[PROBE_EV_TRACE] = KEPT_FOR_PHASES,
		[PROBE_EV_PHASE] = 1,
		[PROBE_EV_DONE] = 0,
	};

	if (p->n_events >= EVENTS_MAX - kept[type])
		return NULL;
	p->trace_at[p->n_events] = 0;
	struct probe_event *ev = &p->events[p->n_events++];
	*ev = (struct probe_event){ .type = type, .at = p->now - p->start };
	return ev;
}

bool probe_take_event(struct probe *p, struct probe_event *ret)
{
	if (p->next_event == p->n_events)
		return false;
	*ret = p->events[p->next_event];
	if (ret->type == PROBE_EV_TRACE) {
		size_t at = p->trace_at[p->next_event];

		ret->text = slice_cut(buf_slice(&p->trace), at, at + ret->text.n);
	}
	p->next_event++;
	return true;
}

/* ---- the trace ---- */

static enum probe_phase phase_of(const struct probe *p, enum probe_side side)
{
	if (probe_is_decided(p))
		return p->state == PROBE_SETTLING ? PHASE_SETTLE : PHASE_CLEANUP;
	if (side == SIDE_SIP)
		return p->sent_ok ? PHASE_ANSWER : probe_sip_phase(p);
	if (p->xmpp.state == XMPP_READY)
		return p->delivered ? PHASE_ANSWER : PHASE_DELIVER;
	return p->xmpp.phase;
}

/* One message of it: `what` with this text. */
static void add_trace(struct probe *p, const struct probe_event *what, struct slice text)
{
	size_t at = buf_len(&p->trace);

	buf_put(&p->trace, text);
	if (!buf_err(&p->trace) && !what->outbound)
		hide_in(&p->hide, p->trace.p + p->trace.head + at, text.n);
	struct probe_event *ev = buf_err(&p->trace) ? NULL : add_event(p, PROBE_EV_TRACE);
	if (!ev) {
		p->left_out++;
		return;
	}
	*ev = *what;
	ev->type = PROBE_EV_TRACE;
	ev->text = (struct slice){ NULL, text.n };
	ev->left_out = p->left_out;
	p->left_out = 0;
	p->trace_at[p->n_events - 1] = at;
}

static enum transport transport_of(const struct probe *p, enum probe_side side)
{
	if (side == SIDE_SIP)
		return p->sip.target.transport;
	return p->xmpp.is_secure ? TRANSPORT_TLS : TRANSPORT_TCP;
}

void probe_trace(struct probe *p, enum probe_side side, bool outbound, const struct addr *peer,
	struct slice text)
{
	struct mask *m = &p->masks[side][outbound];
	const struct probe_event ev = { .at = p->now - p->start,
		.phase = phase_of(p, side),
		.side = side,
		.outbound = outbound,
		.transport = transport_of(p, side),
		.local = side == SIDE_SIP ? p->sip.local : p->xmpp.local,
		.peer = *peer };
	struct slice one;

	if (outbound && side == SIDE_SIP)
		hide_add_proofs(&p->hide, text);
	if (!p->cfg.trace || text.n == 0)
		return;
	if (!outbound)
		p->heard[side] = ev;
	if (ev.transport == TRANSPORT_UDP) {
		add_trace(p, &ev, mask_message(m, text));
		return;
	}
	while (mask_next(m, &text, &one))
		add_trace(p, &ev, one);
}

/* What came in and has no end is told with the time at which it came. */
static void trace_rest(struct probe *p, enum probe_side side)
{
	struct slice rest;

	p->heard[side].unfinished = true;
	if (p->cfg.trace && mask_rest(&p->masks[side][false], &rest))
		add_trace(p, &p->heard[side], rest);
}

void probe_trace_anew(struct probe *p, enum probe_side side)
{
	trace_rest(p, side);
	done_masks(p, side);
	init_masks(p, side);
}

void probe_send(struct probe *p, flow_t flow, const struct addr *peer)
{
	probe_trace(p, SIDE_SIP, true, peer, outbox_unsent(&p->out));
	/* One that is over the bound, which a peer's flood may cause, is lost as on the way. */
	(void)outbox_send(&p->out, flow, flow ? 0 : SIP_LISTENER, peer, NULL);
}

/* ---- phases ---- */

/* Rounds behind the first are told by their messages, and by how the last of them ended. */
static void phase_event(struct probe *p, enum probe_phase phase)
{
	const enum phase_outcome outcome = p->result.phases[phase].outcome;
	const bool repeats = p->round > 1 && !probe_is_decided(p) && outcome != PHASE_FAILED &&
			     outcome != PHASE_STOPPED;
	struct probe_event *ev = repeats ? NULL : add_event(p, PROBE_EV_PHASE);

	if (!ev)
		return;
	ev->phase = phase;
	ev->outcome = outcome;
}

void probe_begin(struct probe *p, enum probe_phase phase)
{
	struct probe_phase_result *r = &p->result.phases[phase];

	if (r->outcome == PHASE_RUNNING)
		return;
	r->outcome = PHASE_RUNNING;
	r->started = p->now - p->start;
	phase_event(p, phase);
}

void probe_end(struct probe *p, enum probe_phase phase, enum phase_outcome outcome)
{
	struct probe_phase_result *r = &p->result.phases[phase];

	if (r->outcome != PHASE_RUNNING)
		r->started = p->now - p->start;
	r->outcome = outcome;
	r->duration = p->now - p->start - r->started;
	phase_event(p, phase);
}

void probe_address(struct probe *p, enum probe_phase phase, const struct addr *a, enum transport t)
{
	p->result.phases[phase].address = *a;
	p->result.phases[phase].transport = t;
}

void probe_detail(struct probe *p, enum probe_phase phase, struct text text)
{
	hide_in(&p->hide, text.store, text.n_store);
	p->result.phases[phase].detail = text;
}

/* The same again (a second dead server, a second lost datagram) is not told again, but for places.
 */
static bool is_noted(const struct probe_result *r, const struct probe_note *n)
{
	for (unsigned i = 0; i < r->n_notes; i++)
		if (r->notes[i].note == n->note && r->notes[i].side == n->side &&
			(n->note != NOTE_SERVER_UNREACHABLE ||
				memcmp(r->notes[i].text.store, n->text.store, n->text.n_store) ==
					0))
			return true;
	return false;
}

void probe_note(struct probe *p, enum probe_side side, enum note note, struct text text)
{
	struct probe_result *r = &p->result;
	struct probe_note n = { .note = note, .side = side, .text = text };

	hide_in(&p->hide, n.text.store, n.text.n_store);
	if (r->n_notes < PROBE_NOTES_MAX && !is_noted(r, &n))
		r->notes[r->n_notes++] = n;
}

static bool is_accepted(const struct probe *p, const struct probe_note *n)
{
	const unsigned bit = 1u << n->note, *accept = p->cfg.accept;

	return bit & (n->side == SIDES ? accept[SIDE_SIP] | accept[SIDE_XMPP] : accept[n->side]);
}

/* A warning that is accepted is none; as the cause of a failure it stays. */
static void drop_accepted(struct probe *p)
{
	struct probe_result *r = &p->result;
	unsigned n = 0;

	for (unsigned i = 0; i < r->n_notes; i++)
		if (r->notes[i].is_cause || !is_accepted(p, &r->notes[i]))
			r->notes[n++] = r->notes[i];
	r->n_notes = n;
}

void probe_tell_end(struct probe *p)
{
	for (unsigned side = 0; side < SIDES; side++)
		trace_rest(p, side);
	drop_accepted(p);
	struct probe_event *ev = add_event(p, PROBE_EV_DONE);
	if (ev)
		ev->left_out = p->left_out;
}

/* ---- the verdict ---- */

/* Both sides leave when the push that decided it is dealt with. */
static void decide(struct probe *p)
{
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		if (p->result.phases[i].outcome == PHASE_RUNNING)
			probe_end(p, (enum probe_phase)i, PHASE_STOPPED);
	p->state = PROBE_DECIDED;
	p->cleanup_by = ts_add(p->now, TS_MS(CLEANUP_MS));
	probe_begin(p, PHASE_CLEANUP);
}

/* A message that did not reach a receiver whose server never made it available failed there. */
static bool is_for_want_of_presence(const struct probe *p, enum reason reason)
{
	return p->xmpp.presence_unseen &&
	       (reason == REASON_XMPP_BOUNCED || reason == REASON_IM_NOT_DELIVERED ||
		       reason == REASON_SIP_RECEIVER_UNAVAILABLE);
}

/* What a peer said of it. */
static void hide_in_evidence(const struct hide *h, struct evidence *e)
{
	hide_in(h, e->sip_reason, sizeof(e->sip_reason));
	for (unsigned i = 0; i < e->n_headers; i++)
		hide_in(h, e->headers[i].value, sizeof(e->headers[i].value));
	hide_in(h, e->diagnostics_source, sizeof(e->diagnostics_source));
	hide_in(h, e->diagnostics_reason, sizeof(e->diagnostics_reason));
	hide_in(h, e->xmpp_condition, sizeof(e->xmpp_condition));
	hide_in(h, e->xmpp_text, sizeof(e->xmpp_text));
}

/* ---- two sides that fail ---- */

static enum probe_side side_of(enum probe_phase phase)
{
	if (phase <= PHASE_SIP_SEND)
		return SIDE_SIP;
	return phase <= PHASE_XMPP_BIND ? SIDE_XMPP : SIDES;
}

/* "2.0"; and one that tenths do not tell as it was given. */
struct text_arg probe_limit(const struct probe *p)
{
	const ts_t t = p->cfg.timeout;

	return t % TS_MS(100) ? text_fine_seconds(t) : text_seconds(t);
}

bool probe_awaits(const struct probe *p, enum probe_side side)
{
	const bool signing_in =
		side == SIDE_SIP ? p->sip.state < SIP_READY : p->xmpp.state == XMPP_SIGNING_IN;

	if (p->state == PROBE_HALF)
		return signing_in && side_of(p->result.phase) != side;
	return signing_in && p->state == PROBE_SIGNING_IN;
}

/* What ends a test as it is, or what is of no side, waits for nobody. */
static bool is_half(const struct probe *p, enum probe_phase phase, enum reason reason)
{
	const enum probe_side side = side_of(phase);

	return p->state == PROBE_SIGNING_IN && side != SIDES && reason != REASON_LOCAL_INTERNAL &&
	       reason != REASON_LOCAL_INTERRUPTED &&
	       probe_awaits(p, side == SIDE_SIP ? SIDE_XMPP : SIDE_SIP);
}

static void mark_causes(struct probe_result *r, enum probe_phase phase)
{
	for (unsigned i = 0; i < r->n_notes; i++)
		r->notes[i].is_cause |= note_explains(r->notes[i].note, phase);
}

static void conclude(struct probe *p)
{
	struct probe_result *r = &p->result;

	r->latency = p->now - p->start;
	hide_in_evidence(&p->hide, &r->evidence);
	mark_causes(r, r->phase);
	if (r->other.reason)
		mark_causes(r, r->other.phase);
	decide(p);
}

void probe_half_over(struct probe *p)
{
	p->result.evidence = p->half;
	conclude(p);
}

/* Whichever was first: a monitor shows the same one each time. */
static void fail_second(struct probe *p, const struct probe_failure *f)
{
	struct probe_result *r = &p->result;

	if (side_of(f->phase) == SIDE_SIP) {
		r->other = (struct probe_failure){ r->reason, r->phase, r->message };
		r->reason = f->reason;
		r->phase = f->phase;
		r->message = f->message;
	} else {
		r->other = *f;
		r->evidence = p->half;
	}
	conclude(p);
}

/* ---- failures ---- */

void probe_fail(struct probe *p, enum probe_phase phase, enum reason reason, struct text message)
{
	struct probe_result *r = &p->result;

	if (probe_is_decided(p))
		return;
	if (p->state == PROBE_HALF && side_of(phase) == side_of(r->phase))
		return;
	if (is_for_want_of_presence(p, reason)) {
		reason = REASON_XMPP_NO_PRESENCE;
		phase = PHASE_XMPP_BIND;
	}
	const bool half = is_half(p, phase, reason);
	hide_in(&p->hide, message.store, message.n_store);
	probe_end(p, phase, PHASE_FAILED);
	if (p->state == PROBE_HALF) {
		fail_second(p, &(struct probe_failure){ reason, phase, message });
		return;
	}
	r->reason = reason;
	r->phase = phase;
	r->message = message;
	if (!half) {
		conclude(p);
		return;
	}
	p->state = PROBE_HALF;
	p->half = r->evidence;
	r->evidence = (struct evidence){ 0 };
}

void probe_fail_by(struct probe *p, enum probe_phase phase, struct blame blame)
{
	probe_fail(p, phase, blame.reason, blame.message);
}

void probe_fail_memory(struct probe *p, enum probe_phase phase)
{
	probe_fail(p, phase, REASON_LOCAL_INTERNAL, TEXT_PLAIN(N_("Memory ran out.")));
}

/* Waiting for a second copy is no part of how long the message took. */
void probe_succeed(struct probe *p)
{
	if (probe_is_decided(p))
		return;
	p->result.success = true;
	p->result.latency = p->now - p->start;
	if (!probe_loop_is_closed(p) || p->cfg.settle == 0) {
		decide(p);
		return;
	}
	p->state = PROBE_SETTLING;
	p->settle_until = ts_add(p->now, p->cfg.settle);
	probe_begin(p, PHASE_SETTLE);
}

void probe_settled(struct probe *p)
{
	probe_end(p, PHASE_SETTLE, PHASE_OK);
	decide(p);
}

void probe_take_back(
	struct probe *p, enum probe_phase phase, enum reason reason, struct text message)
{
	struct probe_result *r = &p->result;

	if (!r->success)
		return;
	r->success = false;
	r->reason = reason;
	r->phase = phase;
	r->message = message;
	r->phases[phase].outcome = PHASE_FAILED;
	phase_event(p, phase);
	if (p->state == PROBE_SETTLING)
		decide(p);
}
