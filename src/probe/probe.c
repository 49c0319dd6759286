#include "probe/probe.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "probe/private.h"

enum {
	CLEANUP_MS = 1000, /* what is left undone after it is left to time-outs */
	TRACE_MAX = 4 << 20,
	/* A push begins and ends few phases, and its verdict has a place whatever a peer sends. */
	KEPT_FOR_PHASES = 32,
};

/* ---- what one push leaves behind ---- */

static void begin_push(struct probe *p, ts_t now)
{
	p->now = now;
	outbox_begin(&p->out);
	if (p->next_event == p->n_events) {
		p->n_events = p->next_event = 0;
		buf_clear(&p->trace);
	}
}

struct buf *probe_out(struct probe *p)
{
	return outbox_bytes(&p->out);
}

void probe_send(struct probe *p, flow_t flow, const struct addr *peer)
{
	probe_trace(p, &(struct probe_event){ .side = SIDE_SIP,
			       .outbound = true,
			       .transport = p->sip.target.transport,
			       .local = p->sip.local,
			       .peer = *peer,
			       .text = outbox_unsent(&p->out) });
	/* One that is over the bound, which a peer's flood may cause, is lost as on the way. */
	(void)outbox_send(&p->out, flow, flow ? 0 : SIP_LISTENER, peer, NULL);
}

struct want *probe_want(struct probe *p, enum want_type type)
{
	return outbox_want(&p->out, type);
}

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

/* ---- the trace ---- */

static enum probe_phase phase_of(const struct probe *p, enum probe_side side)
{
	if (probe_is_decided(p))
		return PHASE_CLEANUP;
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

void probe_trace(struct probe *p, const struct probe_event *what)
{
	struct mask *m = &p->masks[what->side][what->outbound];
	struct slice text = what->text, one;
	struct probe_event ev = *what;

	if (what->outbound && what->side == SIDE_SIP)
		hide_add_proofs(&p->hide, text);
	if (!p->cfg.trace || text.n == 0)
		return;
	ev.at = p->now - p->start;
	ev.phase = phase_of(p, what->side);
	if (!ev.outbound)
		p->heard[ev.side] = ev;
	if (ev.transport == TRANSPORT_UDP) {
		add_trace(p, &ev, mask_message(m, text));
		return;
	}
	while (mask_next(m, &text, &one))
		add_trace(p, &ev, one);
}

/* What came in and has no end is told with the time at which it came. */
static void trace_rest(struct probe *p)
{
	struct slice rest;

	for (unsigned side = 0; side < SIDES; side++) {
		p->heard[side].unfinished = true;
		if (p->cfg.trace && mask_rest(&p->masks[side][false], &rest))
			add_trace(p, &p->heard[side], rest);
	}
}

static void init_masks(struct probe *p)
{
	for (unsigned out = 0; out < 2; out++) {
		mask_init(&p->masks[SIDE_SIP][out], MASK_SIP, p->cfg.trace_bodies);
		mask_init(&p->masks[SIDE_XMPP][out], MASK_XMPP, p->cfg.trace_bodies);
	}
}

static void done_masks(struct probe *p)
{
	for (unsigned i = 0; i < SIDES; i++)
		for (unsigned out = 0; out < 2; out++)
			mask_done(&p->masks[i][out]);
}

/* ---- what the driver takes ---- */

static bool take_output(void *self, struct output *ret)
{
	struct probe *p = self;

	if (outbox_take_output(&p->out, ret))
		return true;
	return probe_xmpp_take_output(p, ret);
}

static bool take_want(void *self, struct want *ret)
{
	return outbox_take_want(&((struct probe *)self)->out, ret);
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
static bool is_noted(const struct probe_result *r, enum note note, const struct text *text)
{
	for (unsigned i = 0; i < r->n_notes; i++)
		if (r->notes[i].note == note &&
			(note != NOTE_SERVER_UNREACHABLE ||
				memcmp(r->notes[i].text.store, text->store, text->n_store) == 0))
			return true;
	return false;
}

void probe_note(struct probe *p, enum note note, struct text text)
{
	struct probe_result *r = &p->result;

	hide_in(&p->hide, text.store, text.n_store);
	if (r->n_notes < PROBE_NOTES_MAX && !is_noted(r, note, &text))
		r->notes[r->n_notes++] = (struct probe_note){ .note = note, .text = text };
}

/* ---- the verdict ---- */

static void check_cleanup(struct probe *p)
{
	bool over = p->sip.state == SIP_OVER &&
		    (p->xmpp.state == XMPP_OVER || p->xmpp.state == XMPP_OFF);

	if (p->state != PROBE_CLEANUP || (!over && p->now < p->cleanup_by))
		return;
	p->state = PROBE_DONE;
	probe_end(p, PHASE_CLEANUP, over ? PHASE_OK : PHASE_FAILED);
	if (!over)
		probe_note(p, NOTE_CLEANUP_UNFINISHED,
			TEXT_PLAIN(N_("the clean-up did not end in time: a contact or a stream may "
				      "be left until it expires")));
	probe_round_stats(p);
	trace_rest(p);
	struct probe_event *ev = add_event(p, PROBE_EV_DONE);
	if (ev)
		ev->left_out = p->left_out;
}

static void cleanup(struct probe *p)
{
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		if (p->result.phases[i].outcome == PHASE_RUNNING)
			probe_end(p, (enum probe_phase)i, PHASE_STOPPED);
	p->state = PROBE_CLEANUP;
	p->result.latency = p->now - p->start;
	p->cleanup_by = ts_add(p->now, TS_MS(CLEANUP_MS));
	probe_begin(p, PHASE_CLEANUP);
	probe_sip_cleanup(p);
	probe_xmpp_cleanup(p);
}

bool probe_is_decided(const struct probe *p)
{
	return p->state == PROBE_CLEANUP || p->state == PROBE_DONE;
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

void probe_fail(struct probe *p, enum probe_phase phase, enum reason reason, struct text message)
{
	struct probe_result *r = &p->result;

	if (probe_is_decided(p))
		return;
	if (is_for_want_of_presence(p, reason)) {
		reason = REASON_XMPP_NO_PRESENCE;
		phase = PHASE_XMPP_BIND;
	}
	r->success = false;
	r->reason = reason;
	r->phase = phase;
	r->message = message;
	hide_in(&p->hide, r->message.store, r->message.n_store);
	hide_in_evidence(&p->hide, &r->evidence);
	for (unsigned i = 0; i < r->n_notes; i++)
		r->notes[i].is_cause = note_explains(r->notes[i].note, phase);
	probe_end(p, phase, PHASE_FAILED);
	cleanup(p);
}

void probe_fail_memory(struct probe *p, enum probe_phase phase)
{
	probe_fail(p, phase, REASON_LOCAL_INTERNAL, TEXT_PLAIN(N_("Memory ran out.")));
}

void probe_succeed(struct probe *p)
{
	if (probe_is_decided(p))
		return;
	p->result.success = true;
	cleanup(p);
}

/* ---- facts ---- */

/* What is awaited; between two round trips the next one. */
static enum probe_phase awaited(const struct probe *p)
{
	if (p->state == PROBE_SIGNING_IN)
		return p->sip.state == SIP_READY ? p->xmpp.phase : probe_sip_phase(p);
	if (p->state == PROBE_PAUSE)
		return PHASE_SIP_SEND;
	if (p->delivered && !p->answered)
		return PHASE_ANSWER;
	return p->sent_ok && !p->delivered ? PHASE_DELIVER : PHASE_SIP_SEND;
}

static void stop(struct probe *p)
{
	const enum probe_phase at = awaited(p);

	probe_fail(p, at, REASON_LOCAL_INTERRUPTED,
		p->state == PROBE_PAUSE
			? TEXT_PLAIN(N_("The test was interrupted between two round trips."))
			: TEXT(N_("The test was interrupted in phase {1}."),
				  text_str(phase_name(at))));
}

/* The first word on the clock is what it shows; another one says that it was set meanwhile. */
static void clock(struct probe *p, int64_t wall)
{
	int64_t jump = wall - p->wall;

	if (p->knows_wall && !probe_is_decided(p))
		probe_note(p, NOTE_CLOCK_JUMPED,
			jump > 0 ? TEXT(N_("this machine's clock was set forward by {1} s during "
					   "the test"),
					   text_seconds((ts_t)jump))
				 : TEXT(N_("this machine's clock was set back by {1} s during the "
					   "test"),
					   text_seconds((ts_t)-jump)));
	p->wall = wall;
	p->knows_wall = true;
}

static void push(void *self, const struct fact *in, ts_t now)
{
	struct probe *p = self;

	begin_push(p, now);
	switch (in->type) {
	case FACT_FLOW_UP:
	case FACT_FLOW_BYTES:
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED:
	case FACT_TLS_UP:
		if (probe_xmpp_is_for(p, in))
			probe_xmpp_fact(p, in);
		else if (in->flow == p->sip.flow)
			probe_sip_fact(p, in);
		break;
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED: probe_sip_fact(p, in); break;
	case FACT_DNS:
		if (probe_xmpp_is_for(p, in))
			probe_xmpp_fact(p, in);
		else if (in->dns_id < XMPP_DNS_FIRST)
			probe_sip_fact(p, in);
		break;
	case FACT_CLOCK: clock(p, in->wall); break;
	case FACT_STOP: stop(p); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY: break;
	}
	probe_xmpp_drain(p);
	check_cleanup(p);
}

static bool has_deadline(const struct probe *p)
{
	return p->state == PROBE_SIGNING_IN || p->state == PROBE_ROUND;
}

static void push_time(void *self, ts_t now)
{
	struct probe *p = self;

	begin_push(p, now);
	if (has_deadline(p) && now >= p->deadline)
		probe_round_timeout(p);
	probe_sip_time(p);
	probe_xmpp_time(p);
	probe_round_time(p);
	probe_xmpp_drain(p);
	check_cleanup(p);
}

static ts_t deadline(const void *self)
{
	const struct probe *p = self;
	ts_t at = ts_min(probe_sip_deadline(p), probe_xmpp_deadline(p));

	if (p->state == PROBE_DONE)
		return TS_NEVER;
	if (has_deadline(p))
		at = ts_min(at, p->deadline);
	if (p->state == PROBE_PAUSE)
		at = ts_min(at, p->pause_until);
	if (p->state == PROBE_CLEANUP)
		at = ts_min(at, p->cleanup_by);
	return at;
}

/* ---- life ---- */

/* `sentence`: {1} the address, {2} what is wrong with it. */
static int read_address(struct slice text, const char *sentence, struct jid *ret, struct text *why)
{
	enum address_kind kind;
	struct where where;

	int err = address_read(text, &kind, ret, &where);
	if (!err || err == -ENOMEM)
		return err;
	*why = TEXT(sentence, text_slice(text), text_id(where.what));
	return ERR_CONFIG;
}

static int check_cfg(struct probe *p, const struct probe_cfg *cfg, struct text *why)
{
	struct slice user = cfg->auth_user;

	if (cfg->user.n == 0) {
		/* The ancestor's own reason (Test-CsXmppIM), with what to add. */
		*why = TEXT_PLAIN(
			N_("no test user: it is not known which user to log on as; give --user and "
			   "--password-file, or add test_users to the pool in stox.yaml"));
		return ERR_CONFIG;
	}
	int err = read_address(cfg->user, N_("the user `{1}` is no address: {2}"), &p->user, why);
	if (!err)
		err = read_address(cfg->receiver, N_("the receiver `{1}` is no address: {2}"),
			&p->receiver, why);
	if (err)
		return err;
	if (slice_eq(jid_domain(&p->user), jid_domain(&p->receiver))) {
		*why = TEXT(N_("the receiver `{1}` is in the pool's own domain: a message to it "
			       "never crosses the gateway; name a user of the XMPP partner"),
			text_slice(jid_bare(&p->receiver)));
		return ERR_CONFIG;
	}
	if (user.n == 0)
		user = jid_local(&p->user);
	if (!slice_cstr(user, p->auth_user, sizeof(p->auth_user)) ||
		!slice_cstr(cfg->password, p->password, sizeof(p->password)) ||
		!slice_cstr(cfg->receiver_password, p->receiver_password,
			sizeof(p->receiver_password))) {
		*why = TEXT_PLAIN(N_("a user name or password is longer than 255 bytes"));
		return ERR_CONFIG;
	}
	hide_add_password(&p->hide, cfg->password);
	hide_add_password(&p->hide, cfg->receiver_password);
	return 0;
}

static void start_result(struct probe *p, const struct probe_cfg *cfg)
{
	struct probe_result *r = &p->result;

	slice_cstr(cfg->target_fqdn, r->target_fqdn, sizeof(r->target_fqdn));
	slice_cstr(jid_bare(&p->user), r->user, sizeof(r->user));
	slice_cstr(jid_bare(&p->receiver), r->receiver, sizeof(r->receiver));
}

static int init(struct probe *p, const struct probe_cfg *cfg, struct text *why)
{
	buf_init(&p->trace, TRACE_MAX);
	init_masks(p);
	buf_init(&p->scratch, SIP_MSG_MAX);
	int err = outbox_init(&p->out, OUT_BYTES_MAX, OUTPUTS_MAX, WANTS_MAX);
	if (!err)
		err = check_cfg(p, cfg, why);
	if (err)
		return err;
	start_result(p, cfg);
	err = probe_round_init(p);
	if (!err)
		err = probe_sip_init(p, why);
	return err ? err : probe_xmpp_init(p, why);
}

int probe_new(struct probe **ret, const struct probe_cfg *cfg, struct rng *rng, ts_t now,
	struct text *why)
{
	struct probe *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->cfg = *cfg;
	p->cfg.count = cfg->count ? cfg->count : 1;
	p->rng = rng;
	p->now = p->start = now;
	p->deadline = ts_add(now, cfg->timeout);
	int err = init(p, cfg, why);
	/* What was borrowed is not looked at again. */
	p->cfg.user = p->cfg.auth_user = p->cfg.password = p->cfg.registrar = SLICE_NONE;
	p->cfg.receiver = p->cfg.receiver_password = p->cfg.receiver_server = SLICE_NONE;
	p->cfg.target_fqdn = slice_str(p->result.target_fqdn);
	if (err) {
		probe_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

struct probe *probe_free(struct probe *p)
{
	if (!p)
		return NULL;
	probe_sip_done(p);
	probe_xmpp_done(p);
	probe_round_done(p);
	outbox_done(&p->out);
	done_masks(p);
	buf_done(&p->trace);
	buf_done(&p->scratch);
	mem_wipe(p, sizeof(*p));
	return mem_free(p);
}

struct engine probe_engine(struct probe *p)
{
	static const struct engine_ops ops = {
		.name = "probe",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, p };
}

const struct probe_result *probe_result(const struct probe *p)
{
	return &p->result;
}

bool probe_is_done(const struct probe *p)
{
	return p->state == PROBE_DONE;
}
