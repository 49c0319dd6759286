#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "probe/private.h"
#include "probe/server.h"

enum { CLIENT_PORT = 5222 };

static void ask(struct probe *p)
{
	struct targets_question q;

	while (xlocate_take_question(p->xmpp.locate, &q)) {
		struct want *w = probe_want(p, WANT_DNS);

		w->dns_id = XMPP_DNS_FIRST + q.id;
		w->dns_type = q.type;
		memcpy(w->name, q.name, sizeof(w->name));
		probe_asks(&p->xmpp.asked, w);
	}
}

static void next_target(struct probe *p);

int probe_xmpp_init(struct probe *p, struct text *why)
{
	struct xmpp_side *x = &p->xmpp;
	char domain[256];

	if (!p->cfg.has_receiver_password) {
		x->state = XMPP_OFF;
		for (enum probe_phase k = PHASE_XMPP_RESOLVE; k <= PHASE_XMPP_BIND; k++)
			p->result.phases[k].outcome = PHASE_NOT_RUN;
		probe_note(p, NOTE_ARRIVAL_UNPROVED,
			TEXT(N_("without the password of {1} its arrival cannot be proved"),
				text_str(p->result.receiver)));
		return 0;
	}
	x->port = CLIENT_PORT;
	if (p->cfg.receiver_server.n && !server_read(p->cfg.receiver_server, x->host, &x->port)) {
		*why = TEXT(N_("the receiver's server `{1}` is not HOST or HOST:PORT"),
			text_slice(p->cfg.receiver_server));
		return ERR_CONFIG;
	}
	if (jid_domain_ascii(jid_domain(&p->receiver), domain, sizeof(domain))) {
		*why = TEXT_PLAIN(N_("the receiver's domain has no form in ASCII"));
		return ERR_CONFIG;
	}
	const struct xlocate_cfg cfg = { .domain = slice_str(domain),
		.host = slice_str(x->host),
		.port = x->port,
		.family = p->cfg.family };
	int err = xlocate_new(&x->locate, &cfg, p->rng);
	if (err == -EAFNOSUPPORT) {
		*why = TEXT(N_("the receiver's server `{1}` has no IPv{2} address"),
			text_str(x->host[0] ? x->host : domain), text_u64(p->cfg.family));
		return ERR_CONFIG;
	}
	if (!err)
		err = sasl_cache_new(&x->cache, 4);
	if (err)
		return err;
	x->state = XMPP_RESOLVING;
	x->phase = PHASE_XMPP_RESOLVE;
	probe_begin(p, PHASE_XMPP_RESOLVE);
	ask(p);
	next_target(p);
	return 0;
}

void probe_xmpp_done(struct probe *p)
{
	xlocate_free(p->xmpp.locate);
	xstream_free(p->xmpp.stream);
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

static void connect_target(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;
	struct want *w = probe_want(p, WANT_FLOW);

	x->state = XMPP_CONNECTING;
	x->flow = ++p->next_flow;
	w->flow = x->flow;
	w->transport = TRANSPORT_TCP;
	w->addr = x->target.addr;
	enter(p, PHASE_XMPP_CONNECT);
}

static void next_target(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;
	bool first = x->phase == PHASE_XMPP_RESOLVE;
	struct addr ignored;

	switch (xlocate_state(x->locate)) {
	case TARGETS_AWAIT_ANSWERS: x->state = XMPP_RESOLVING; break;
	case TARGETS_READY:
		xlocate_take_target(x->locate, &x->target);
		if (first) {
			bool numeric = addr_decode_ip(slice_str(x->host), &ignored);

			probe_end(p, PHASE_XMPP_RESOLVE, numeric ? PHASE_SKIPPED : PHASE_OK);
			probe_detail(p, PHASE_XMPP_RESOLVE,
				TEXT("{1} -> {2}:{3}{4}",
					text_str(numeric                           ? "numeric"
						 : x->target.source == TARGETS_SRV ? "SRV"
										   : "A/AAAA"),
					text_str(x->target.host), text_u64(x->target.addr.port),
					text_str(x->target.transport == TRANSPORT_TLS ? ";tls"
										      : "")));
		}
		connect_target(p);
		break;
	case TARGETS_FAILED: {
		struct targets_failure f;

		xlocate_failure(x->locate, &f);
		probe_fail_dns(p, PHASE_XMPP_RESOLVE, &f);
		break;
	}
	case TARGETS_EXHAUSTED: break;
	}
}

static void want_tls(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;
	struct want *w = probe_want(p, WANT_TLS);

	x->in_tls = true;
	w->flow = x->flow;
	w->tls.verify = p->cfg.allow_insecure_tls ? TLS_VERIFY_NOTE : TLS_VERIFY_PEER;
	w->tls.trust = p->cfg.xmpp_trust;
	if (x->target.transport == TRANSPORT_TLS)
		slice_cstr(SLICE("xmpp-client"), w->tls.alpn, sizeof(w->tls.alpn));
	jid_domain_ascii(jid_domain(&p->receiver), w->tls.name, sizeof(w->tls.name));
}

static void drain(struct probe *p);

static void flow_up(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;
	const struct xstream_cfg cfg = {
		.role = XSTREAM_CLIENT,
		.tls = p->cfg.xmpp_plain                      ? XSTREAM_TLS_NONE
		       : x->target.transport == TRANSPORT_TLS ? XSTREAM_TLS_DIRECT
							      : XSTREAM_TLS_REQUIRED,
		.domain = jid_domain(&p->receiver),
		.username = jid_local(&p->receiver),
		.password = slice_str(p->receiver_password),
		.presence = true,
		.cache = x->cache,
	};

	probe_end(p, PHASE_XMPP_CONNECT, PHASE_OK);
	enter(p, p->cfg.xmpp_plain ? PHASE_XMPP_AUTH : PHASE_XMPP_TLS);
	x->up = true;
	x->state = XMPP_STREAM;
	if (xstream_new(&x->stream, &cfg, p->rng, p->now)) {
		probe_fail_memory(p, x->phase);
		return;
	}
	if (x->target.transport == TRANSPORT_TLS)
		want_tls(p);
	drain(p);
}

/* ---- the stream ---- */

static void trace(struct probe *p, bool outbound, struct slice text)
{
	const struct xmpp_side *x = &p->xmpp;

	probe_trace(p, &(struct probe_event){ .side = SIDE_XMPP,
			       .outbound = outbound,
			       .transport = x->is_secure ? TRANSPORT_TLS : TRANSPORT_TCP,
			       .local = x->local,
			       .peer = x->target.addr,
			       .text = text });
}

bool probe_xmpp_take_output(struct probe *p, struct output *ret)
{
	*ret = (struct output){ .flow = p->xmpp.flow };
	if (!p->xmpp.stream || !p->xmpp.up || !xstream_take_output(p->xmpp.stream, &ret->bytes))
		return false;
	trace(p, true, ret->bytes);
	return true;
}

static void over(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;
	struct slice out;

	/* What the stream still has to say goes out in front of the end of its flow. */
	while (x->stream && x->flow && xstream_take_output(x->stream, &out)) {
		buf_put(probe_out(p), out);
		trace(p, true, out);
		probe_send(p, x->flow, &x->target.addr);
	}
	if (x->flow)
		probe_want(p, WANT_CLOSE_FLOW)->flow = x->flow;
	x->flow = 0;
	x->state = XMPP_OVER;
}

static void ready(struct probe *p, const struct xstream_event *ev)
{
	p->xmpp.state = XMPP_READY;
	p->xmpp.presence_unseen = ev->presence_unseen;
	if (ev->presence_unseen)
		probe_note(p, NOTE_PRESENCE_UNSEEN,
			TEXT(N_("the XMPP server {1} never showed that {2} is available"),
				text_addr(&p->xmpp.target.addr), text_str(p->result.receiver)));
	probe_detail(p, PHASE_XMPP_BIND, TEXT("{1}", text_str(ev->jid)));
	probe_end(p, PHASE_XMPP_BIND, PHASE_OK);
	probe_round_ready(p);
}

static void authenticated(struct probe *p, const struct xstream_event *ev)
{
	probe_detail(p, PHASE_XMPP_AUTH, TEXT("{1}", text_str(ev->text)));
	probe_end(p, PHASE_XMPP_AUTH, PHASE_OK);
	if (ev->plus_missing)
		probe_note(p, NOTE_NO_CHANNEL_BINDING,
			TEXT_PLAIN(
				N_("the XMPP server offers no channel binding (no SCRAM -PLUS): a "
				   "proxy in the middle would not be noticed")));
	enter(p, PHASE_XMPP_BIND);
}

static void stanza(struct probe *p, const struct xml_node *node)
{
	struct stanza s;

	stanza_read(&s, node);
	if (s.kind == STANZA_MESSAGE) {
		probe_round_arrived(p, &s);
		return;
	}
	struct buf *b = s.kind == STANZA_IQ ? xstream_begin(p->xmpp.stream) : NULL;
	if (b && stanza_put_iq_answer(b, &s))
		xstream_commit(p->xmpp.stream, p->now);
}

/* False when the stream is over. */
static bool event(struct probe *p, const struct xstream_event *ev)
{
	switch (ev->type) {
	case XSTREAM_EV_WANT_TLS: want_tls(p); return true;
	case XSTREAM_EV_AUTHENTICATED: authenticated(p, ev); return true;
	case XSTREAM_EV_READY: ready(p, ev); return true;
	case XSTREAM_EV_STANZA: stanza(p, ev->node); return true;
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED:
		if (p->state != PROBE_CLEANUP)
			probe_fail_stream(
				p, p->xmpp.state == XMPP_READY ? PHASE_DELIVER : p->xmpp.phase, ev);
		over(p);
		return false;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_WANT_ACCOUNT:
	case XSTREAM_EV_WANT_SECRET:
	case XSTREAM_EV_WANT_BIND: return true;
	}
	return true;
}

static void drain(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;
	struct xstream_event ev;

	while (x->state != XMPP_OVER && xstream_take_event(x->stream, &ev))
		if (!event(p, &ev))
			return;
}

static void bytes(struct probe *p, struct slice in)
{
	struct xmpp_side *x = &p->xmpp;

	trace(p, false, in);
	while (in.n && x->state != XMPP_OVER) {
		size_t n = xstream_push_bytes(x->stream, in, p->now);

		in = slice_skip(in, n);
		drain(p);
		if (n == 0)
			return;
	}
}

static void tls_up(struct probe *p, const struct tls_facts *facts)
{
	p->xmpp.is_secure = true;
	probe_keep_tls(p, SIDE_XMPP, facts);
	probe_detail(p, PHASE_XMPP_TLS,
		TEXT("{1} {2}", text_str(facts->version), text_str(facts->cipher)));
	probe_end(p, PHASE_XMPP_TLS, PHASE_OK);
	enter(p, PHASE_XMPP_AUTH);
	xstream_push_tls_up(p->xmpp.stream, facts, p->now);
	drain(p);
}

/* ---- facts ---- */

static void flow_failed(struct probe *p, const struct fact *in)
{
	struct xmpp_side *x = &p->xmpp;

	if (in->type == FACT_FLOW_FAILED && in->step == FLOW_STEP_CONNECT &&
		xlocate_state(x->locate) == TARGETS_READY) {
		probe_note(p, NOTE_SERVER_UNREACHABLE,
			TEXT(N_("{1} could not be reached ({2}): the next server was tried"),
				text_addr(&x->target.addr), text_errno(in->err)));
		next_target(p);
		return;
	}
	if (in->type == FACT_FLOW_FAILED)
		x->flow = 0;
	if (x->stream && in->step == FLOW_STEP_OPEN && !in->tls) {
		xstream_push_closed(x->stream, p->now);
		drain(p);
	}
	if (x->state == XMPP_OVER)
		return;
	if (p->state == PROBE_CLEANUP)
		over(p);
	else
		probe_fail_flow(p, SIDE_XMPP, in);
}

static void dns(struct probe *p, const struct fact *in)
{
	if (p->xmpp.asked.id == in->dns_id)
		p->xmpp.asked.id = 0;
	xlocate_push_answer(p->xmpp.locate, in->dns_id - XMPP_DNS_FIRST, in->dns);
	ask(p);
	if (p->xmpp.state == XMPP_RESOLVING && p->state == PROBE_SIGNING_IN)
		next_target(p);
}

void probe_xmpp_fact(struct probe *p, const struct fact *in)
{
	if (p->xmpp.state == XMPP_OVER || p->xmpp.state == XMPP_OFF)
		return;
	switch (in->type) {
	case FACT_FLOW_UP:
		p->xmpp.local = *in->local;
		flow_up(p);
		break;
	case FACT_FLOW_BYTES: bytes(p, in->bytes); break;
	case FACT_TLS_UP: tls_up(p, in->tls); break;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: flow_failed(p, in); break;
	case FACT_DNS: dns(p, in); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
}

void probe_xmpp_time(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;

	if (!x->stream || x->state == XMPP_OVER || p->now < xstream_deadline(x->stream))
		return;
	xstream_push_time(x->stream, p->now);
	drain(p);
}

ts_t probe_xmpp_deadline(const struct probe *p)
{
	const struct xmpp_side *x = &p->xmpp;

	return x->stream && x->state != XMPP_OVER ? xstream_deadline(x->stream) : TS_NEVER;
}

/* ---- what the round wants ---- */

void probe_xmpp_answer(struct probe *p, struct slice to, struct slice thread)
{
	struct buf *b = xstream_begin(p->xmpp.stream);

	if (!b) {
		probe_fail_memory(p, PHASE_ANSWER);
		return;
	}
	stanza_put_start(b, "message", SLICE_NONE, to, slice_str(p->answer_nonce), SLICE("chat"));
	buf_clear(&p->scratch);
	buf_printf(&p->scratch, "stox answer %s", p->answer_nonce);
	xml_put_element(b, "body", buf_slice(&p->scratch));
	if (thread.n)
		xml_put_element(b, "thread", thread);
	stanza_put_end(b, "message");
	if (xstream_commit(p->xmpp.stream, p->now))
		probe_fail_memory(p, PHASE_ANSWER);
}

void probe_xmpp_cleanup(struct probe *p)
{
	struct xmpp_side *x = &p->xmpp;

	if (x->state == XMPP_OFF || x->state == XMPP_OVER)
		return;
	if (x->state != XMPP_READY) {
		over(p);
		return;
	}
	struct buf *b = xstream_begin(x->stream);
	if (b) {
		stanza_put_start(
			b, "presence", SLICE_NONE, SLICE_NONE, SLICE_NONE, SLICE("unavailable"));
		stanza_put_end(b, "presence");
		xstream_commit(x->stream, p->now);
	}
	x->state = XMPP_CLOSING;
	xstream_close(x->stream, p->now);
	drain(p);
}
