/* The XMPP side: the receiver and its stream. */
#include <string.h>

#include "base/mem.h"
#include "probe/private.h"
#include "probe/server.h"

enum { CLIENT_PORT = 5222 };

/* ---- life ---- */

static int new_host(struct probe *p, const char *domain)
{
	struct xmpp_side *x = &p->xmpp;
	struct xhost_cfg cfg = {
		.out = &p->out,
		.last_flow = &p->next_flow,
		.last_dns = &x->last_dns,
		.find = { .domain = slice_str(domain),
			.host = slice_str(x->host_name),
			.port = x->port,
			.family = p->cfg.family },
		.stream = { .role = XSTREAM_CLIENT,
			.tls = p->cfg.xmpp_plain ? XSTREAM_TLS_NONE : XSTREAM_TLS_REQUIRED,
			.domain = jid_domain(&p->receiver),
			.username = jid_local(&p->receiver),
			.password = slice_str(p->receiver_password),
			.presence = true,
			.priority = RECEIVER_PRIORITY,
			.limits = &xml_relay_limits,
			.cache = x->cache },
		.tls = { .verify = p->cfg.allow_insecure_tls ? TLS_VERIFY_NOTE : TLS_VERIFY_PEER,
			.naming = TLS_NAMING_XMPP_CLIENT,
			.trust = p->cfg.xmpp_trust },
	};

	slice_cstr(slice_str(domain), cfg.tls.name, sizeof(cfg.tls.name));
	x->last_dns = XMPP_DNS_FIRST;
	return xhost_new(&x->host, &cfg, p->rng);
}

static void sign_in(struct probe *p)
{
	p->xmpp.state = XMPP_SIGNING_IN;
	p->xmpp.phase = PHASE_XMPP_RESOLVE;
	probe_begin(p, PHASE_XMPP_RESOLVE);
	xhost_connect(p->xmpp.host);
}

int probe_xmpp_init(struct probe *p, struct text *why)
{
	struct xmpp_side *x = &p->xmpp;
	char domain[256];

	if (!p->cfg.has_receiver_password) {
		x->state = XMPP_OFF;
		for (enum probe_phase k = PHASE_XMPP_RESOLVE; k <= PHASE_XMPP_BIND; k++)
			p->result.phases[k].outcome = PHASE_NOT_RUN;
		if (p->cfg.sign_in_only || p->cfg.inside)
			return 0;
		probe_note(p, SIDE_XMPP, NOTE_ARRIVAL_UNPROVED,
			TEXT(N_("without the password of {1} its arrival cannot be proved"),
				text_str(p->result.receiver)));
		return 0;
	}
	x->port = CLIENT_PORT;
	if (p->cfg.receiver_server.n &&
		!server_read(p->cfg.receiver_server, x->host_name, &x->port)) {
		*why = TEXT(N_("the receiver's server `{1}` is not HOST or HOST:PORT"),
			text_slice(p->cfg.receiver_server));
		return ERR_CONFIG;
	}
	if (jid_domain_ascii(jid_domain(&p->receiver), domain, sizeof(domain))) {
		*why = TEXT_PLAIN(N_("the receiver's domain has no form in ASCII"));
		return ERR_CONFIG;
	}
	int err = sasl_cache_new(&x->cache, 4);
	if (!err)
		err = new_host(p, domain);
	if (err == -EAFNOSUPPORT) {
		*why = TEXT(N_("the receiver's server `{1}` has no IPv{2} address"),
			text_str(x->host_name[0] ? x->host_name : domain), text_u64(p->cfg.family));
		return ERR_CONFIG;
	}
	if (err)
		return err;
	sign_in(p);
	return 0;
}

void probe_xmpp_done(struct probe *p)
{
	xhost_free(p->xmpp.host);
	sasl_cache_free(p->xmpp.cache);
}

/* ---- connecting ---- */

static void enter(struct probe *p, enum probe_phase phase)
{
	struct xmpp_side *x = &p->xmpp;

	x->phase = phase;
	probe_begin(p, phase);
	probe_address(p, phase, &x->target.addr,
		phase == PHASE_XMPP_CONNECT ? x->target.transport : TRANSPORT_TLS);
}

static void target(struct probe *p, const struct targets_target *t)
{
	p->xmpp.target = *t;
	if (p->xmpp.phase == PHASE_XMPP_RESOLVE)
		probe_found(p, SIDE_XMPP, t);
	enter(p, PHASE_XMPP_CONNECT);
}

static void connected(struct probe *p, const struct addr *local)
{
	p->xmpp.local = *local;
	if (p->xmpp.connections)
		probe_detail(p, PHASE_XMPP_CONNECT,
			TEXT(N_("connections to the XMPP server that ended between two round "
				"trips: {1}"),
				text_u64(p->xmpp.connections)));
	probe_end(p, PHASE_XMPP_CONNECT, PHASE_OK);
	enter(p, p->cfg.xmpp_plain ? PHASE_XMPP_AUTH : PHASE_XMPP_TLS);
}

static void tls_up(struct probe *p, const struct tls_facts *facts)
{
	p->xmpp.is_secure = true;
	probe_tls_up(p, SIDE_XMPP, facts);
	enter(p, PHASE_XMPP_AUTH);
}

/* ---- the stream ---- */

bool probe_xmpp_take_output(struct probe *p, struct output *ret)
{
	if (!p->xmpp.host || !xhost_take_output(p->xmpp.host, ret))
		return false;
	probe_trace(p, SIDE_XMPP, true, &p->xmpp.target.addr, ret->bytes);
	return true;
}

static void ready(struct probe *p, const struct xstream_event *ev)
{
	p->xmpp.state = XMPP_READY;
	p->xmpp.presence_unseen = ev->presence_unseen;
	if (ev->presence_unseen)
		probe_note(p, SIDE_XMPP, NOTE_PRESENCE_UNSEEN,
			TEXT(N_("the XMPP server {1} never showed that {2} is available"),
				text_addr(&p->xmpp.target.addr), text_str(p->result.receiver)));
	probe_detail(p, PHASE_XMPP_BIND, TEXT("{1}", text_str(ev->jid)));
	probe_end(p, PHASE_XMPP_BIND, PHASE_OK);
}

/* Who is in the middle of a TLS that was verified has a certificate of that name: then its lack is
 * no more than worth knowing. */
static void authenticated(struct probe *p, const struct xstream_event *ev)
{
	const bool verified = p->xmpp.is_secure && !p->cfg.allow_insecure_tls;

	probe_detail(p, PHASE_XMPP_AUTH,
		ev->plus_missing && verified
			? TEXT(N_("{1}, the server offers no channel binding"), text_str(ev->text))
			: TEXT("{1}", text_str(ev->text)));
	probe_end(p, PHASE_XMPP_AUTH, PHASE_OK);
	if (ev->plus_missing && !verified)
		probe_note(p, SIDE_XMPP, NOTE_NO_CHANNEL_BINDING,
			TEXT_PLAIN(
				N_("the XMPP server offers no channel binding (no SCRAM -PLUS): a "
				   "proxy in the middle would not be noticed")));
	enter(p, PHASE_XMPP_BIND);
}

static void answer_iq(struct probe *p, const struct stanza *s)
{
	struct buf *b = s->kind == STANZA_IQ ? xstream_begin(xhost_stream(p->xmpp.host)) : NULL;

	if (b && stanza_put_iq_answer(b, s))
		xstream_commit(xhost_stream(p->xmpp.host), p->now);
}

/* Anybody may write to the receiver: nothing that comes in ends a test. */
static enum side_event_type stanza(
	struct probe *p, const struct xstream_event *ev, struct side_event *ret)
{
	struct stanza *s = &ret->stanza;

	stanza_read(s, ev->node);
	ret->cut = ev->cut;
	if (s->kind == STANZA_MESSAGE)
		return SIDE_ARRIVED;
	if (s->kind == STANZA_PRESENCE)
		others_push(&p->xmpp.others, s, &p->receiver);
	answer_iq(p, s);
	return SIDE_NOTHING;
}

static enum side_event_type stream_event(
	struct probe *p, const struct xstream_event *ev, struct side_event *ret)
{
	switch (ev->type) {
	case XSTREAM_EV_AUTHENTICATED: authenticated(p, ev); break;
	case XSTREAM_EV_READY: ready(p, ev); return SIDE_READY;
	case XSTREAM_EV_STANZA: return stanza(p, ev, ret);
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_WANT_TLS:
	case XSTREAM_EV_WANT_ACCOUNT:
	case XSTREAM_EV_WANT_SECRET:
	case XSTREAM_EV_WANT_BIND:
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: break;
	}
	return SIDE_NOTHING;
}

/* ---- a stream that ends while nothing is said over it ---- */

/* RFC 6120 section 4.9.3: what the server says to everybody, or of its own time, and of no fault of
 * ours.  Any other error would come again. */
static bool may_come_again(const struct xhost_event *ev)
{
	static const char *const conditions[] = { "connection-timeout", "reset",
		"system-shutdown" };

	switch (ev->why) {
	case XHOST_END_CLOSED:
	case XHOST_END_EOF: return true;
	case XHOST_END_FLOW: return ev->fact->step == FLOW_STEP_OPEN;
	case XHOST_END_NOT_FOUND:
	case XHOST_END_INTERNAL: return false;
	case XHOST_END_STREAM: break;
	}
	for (size_t i = 0; i < COUNT(conditions); i++)
		if (ev->stream->condition && strcmp(ev->stream->condition, conditions[i]) == 0)
			return true;
	return false;
}

/* Between two round trips, or while the SIP user is signed in for the next one (once a round: what
 * ends it again has another reason). */
static bool was_idle(const struct probe *p, const struct xhost_event *ev)
{
	const struct xmpp_side *x = &p->xmpp;

	if (x->state != XMPP_READY || !may_come_again(ev))
		return false;
	return p->state == PROBE_PAUSE ||
	       (p->state == PROBE_SIGNING_IN && p->round > 1 && x->lost_in != p->round);
}

void probe_xmpp_renew(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;

	if (x->state != XMPP_LOST)
		return;
	x->connections++;
	x->lost_in = p->round;
	x->is_secure = false;
	x->others.n = 0;
	probe_trace_anew(p, SIDE_XMPP);
	sign_in(p);
}

static void lose(struct probe *p)
{
	p->xmpp.state = XMPP_LOST;
	if (p->state == PROBE_SIGNING_IN)
		probe_xmpp_renew(p);
}

/* ---- the end ---- */

static void fail(struct probe *p, const struct xhost_event *ev)
{
	const struct xmpp_side *x = &p->xmpp;

	if (ev->stream)
		probe_fail_stream(p, probe_xmpp_phase(p), ev->stream);
	else if (ev->fact)
		probe_fail_flow(p, SIDE_XMPP, ev->fact);
	else if (ev->dns)
		probe_fail_dns(p, PHASE_XMPP_RESOLVE, ev->dns);
	else
		probe_fail_memory(p, x->phase);
}

static void down(struct probe *p, const struct xhost_event *ev)
{
	probe_trace(p, SIDE_XMPP, true, &p->xmpp.target.addr, ev->last);
	if (was_idle(p, ev)) {
		lose(p);
		return;
	}
	fail(p, ev);
	p->xmpp.state = XMPP_OVER;
}

bool probe_xmpp_take_event(struct probe *p, struct side_event *ret)
{
	struct xhost_event ev;

	if (!p->xmpp.host || !xhost_take_event(p->xmpp.host, &ev, p->now))
		return false;
	ret->type = SIDE_NOTHING;
	switch (ev.type) {
	case XHOST_EV_TARGET: target(p, ev.target); break;
	case XHOST_EV_PASSED: probe_passed(p, SIDE_XMPP, &ev.target->addr, ev.err); break;
	case XHOST_EV_CONNECTED: connected(p, ev.local); break;
	case XHOST_EV_TLS_UP: tls_up(p, ev.tls); break;
	case XHOST_EV_STREAM: ret->type = stream_event(p, ev.stream, ret); break;
	case XHOST_EV_DOWN: down(p, &ev); break;
	}
	return true;
}

/* ---- facts ---- */

bool probe_xmpp_is_for(const struct probe *p, const struct fact *in)
{
	return p->xmpp.host && xhost_is_for(p->xmpp.host, in);
}

void probe_xmpp_fact(struct probe *p, const struct fact *in)
{
	if (in->type == FACT_FLOW_BYTES)
		probe_trace(p, SIDE_XMPP, false, &p->xmpp.target.addr, in->bytes);
	xhost_push(p->xmpp.host, in, p->now);
}

void probe_xmpp_time(struct probe *p)
{
	if (p->xmpp.host)
		xhost_push_time(p->xmpp.host, p->now);
}

ts_t probe_xmpp_deadline(const struct probe *p)
{
	return p->xmpp.host ? xhost_deadline(p->xmpp.host) : TS_NEVER;
}

/* ---- what the round wants ---- */

void probe_xmpp_message(struct probe *p, struct slice to, struct slice thread)
{
	const struct leg leg = probe_leg(p, SIDE_SIP);
	struct xstream *x = xhost_stream(p->xmpp.host);
	struct buf *b = x ? xstream_begin(x) : NULL;

	if (!b) {
		probe_fail_memory(p, leg.phase);
		return;
	}
	stanza_put_start(b, "message", SLICE_NONE, to, slice_str(leg.token->nonce), SLICE("chat"));
	buf_clear(&p->scratch);
	token_put(&p->scratch, leg.word, leg.token);
	xml_put_element(b, "body", buf_slice(&p->scratch));
	if (thread.n)
		xml_put_element(b, "thread", thread);
	stanza_put_end(b, "message");
	if (xstream_commit(x, p->now))
		probe_fail_memory(p, leg.phase);
}

void probe_xmpp_cleanup(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;

	if (x->state == XMPP_LOST)
		x->state = XMPP_OVER;
	if (x->state == XMPP_OFF || x->state == XMPP_OVER)
		return;
	struct xstream *stream = xhost_stream(x->host);
	struct buf *b = stream && x->state == XMPP_READY ? xstream_begin(stream) : NULL;
	if (b) {
		stanza_put_start(
			b, "presence", SLICE_NONE, SLICE_NONE, SLICE_NONE, SLICE("unavailable"));
		stanza_put_end(b, "presence");
		xstream_commit(stream, p->now);
	}
	x->state = XMPP_CLOSING;
	xhost_close(x->host, p->now);
}
