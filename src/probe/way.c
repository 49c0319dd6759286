/* The way to the registrar: find, connect, TLS; and the requests that go over it. */
#include <string.h>

#include "probe/private.h"
#include "probe/server.h"

/* ---- where to ---- */

static int write_registrar(struct probe *p, struct buf *b)
{
	server_put_registrar(b, p->cfg.registrar, p->cfg.target_fqdn, p->cfg.registrar_port);
	return slice_cstr(buf_slice(b), p->sip.uri, sizeof(p->sip.uri)) ? buf_err(b) : ERR_CONFIG;
}

static void ask(struct probe *p)
{
	struct targets_question q;

	while (locate_take_question(p->sip.locate, &q)) {
		struct want *w = outbox_want(&p->out, WANT_DNS);

		w->dns_id = q.id;
		w->dns_type = q.type;
		w->is_host = q.is_host;
		memcpy(w->name, q.name, sizeof(w->name));
		p->sip.asked = q;
	}
}

/* ---- connecting ---- */

struct origin probe_way_origin(const struct probe *p)
{
	const struct sip_side *s = &p->sip;

	return (struct origin){ .flow = s->flow,
		.listener = s->flow ? 0 : SIP_LISTENER,
		.transport = s->target.transport,
		.peer = s->target.addr,
		.local = s->local };
}

void probe_way_left(struct probe *p)
{
	struct sip_side *s = &p->sip;

	for (unsigned i = 0; i < REQUESTS; i++) {
		tl_withdraw(s->tl, s->places[i]);
		s->places[i] = 0;
	}
	tl_flow_gone(s->tl, s->flow, 0);
	s->flow = 0;
}

static void want_flow(struct probe *p)
{
	struct sip_side *s = &p->sip;
	const bool udp = s->target.transport == TRANSPORT_UDP;
	struct want *w = outbox_want(&p->out, udp ? WANT_LISTEN : WANT_FLOW);

	s->state = SIP_CONNECTING;
	s->heard = false;
	s->flow = udp ? 0 : ++p->next_flow;
	w->flow = s->flow;
	w->listener = SIP_LISTENER;
	w->transport = udp ? TRANSPORT_UDP : TRANSPORT_TCP;
	w->toward = udp;
	w->addr = s->target.addr;
	probe_begin(p, PHASE_SIP_CONNECT);
	probe_address(p, PHASE_SIP_CONNECT, &s->target.addr, s->target.transport);
}

static void found(struct probe *p)
{
	struct sip_side *s = &p->sip;
	const struct targets_target *t = &s->target;
	const bool first = !s->unreached;

	if (s->unreached)
		probe_passed(p, SIDE_SIP, &s->target.addr, s->gone.err);
	s->unreached = false;
	locate_take_target(s->locate, &s->target);
	if (first)
		probe_found(p, SIDE_SIP, t);
	if (first && t->source == TARGETS_FALLBACK)
		probe_note(p, SIDE_SIP, NOTE_DNS_FALLBACK,
			TEXT(N_("{1} has no NAPTR or SRV records: port {2} over {3} was taken"),
				text_slice(p->cfg.target_fqdn), text_u64(t->addr.port),
				text_str(transport_name(t->transport))));
	want_flow(p);
}

static void not_found(struct probe *p)
{
	struct targets_failure f;

	locate_failure(p->sip.locate, &f);
	probe_fail_dns(p, PHASE_SIP_RESOLVE, &f);
}

/* The next one in RFC 3263's order, or the reason why there is none: also when what was still asked
 * has brought no other than the one that could not be reached. */
static void next_target(struct probe *p)
{
	struct sip_side *s = &p->sip;

	switch (locate_state(s->locate)) {
	case TARGETS_AWAIT_ANSWERS: s->state = SIP_RESOLVING; break;
	case TARGETS_READY: found(p); break;
	case TARGETS_FAILED: not_found(p); break;
	case TARGETS_EXHAUSTED: probe_fail_flow(p, SIDE_SIP, &s->gone); break;
	}
}

int probe_way_init(struct probe *p, struct text *why)
{
	struct sip_side *s = &p->sip;
	struct buf uri;

	buf_init(&uri, sizeof(s->uri));
	int err = write_registrar(p, &uri);
	buf_done(&uri);
	const struct locate_cfg cfg = {
		.uri = slice_str(s->uri),
		.can = { true, true, true },
		.fallback = p->cfg.registrar.n ? TRANSPORT_UDP : TRANSPORT_TLS,
		.family = p->cfg.family,
	};
	if (!err)
		err = locate_new(&s->locate, &cfg, p->rng);
	if (err == -EAFNOSUPPORT) {
		*why = TEXT(N_("the registrar `{1}` has no IPv{2} address"), text_str(s->uri),
			text_u64(p->cfg.family));
		return ERR_CONFIG;
	}
	if (err && err != -ENOMEM) {
		*why = TEXT(N_("`{1}` is no SIP URI of a registrar"), text_str(s->uri));
		return ERR_CONFIG;
	}
	if (err)
		return err;
	probe_begin(p, PHASE_SIP_RESOLVE);
	ask(p);
	next_target(p);
	return 0;
}

/* ---- a connection that the pool closes while nothing is said over it ---- */

/* Between two round trips, or just as the next one began and before a word came back (once a round:
 * what closes it again has another reason). */
static bool was_idle(const struct probe *p, const struct fact *in)
{
	const struct sip_side *s = &p->sip;
	const bool begins = p->state == PROBE_SIGNING_IN ||
			    (p->state == PROBE_ROUND && !p->sent_ok && !p->delivered);

	if (in->type == FACT_FLOW_FAILED && in->step != FLOW_STEP_OPEN)
		return false;
	if (s->state != SIP_READY && s->state != SIP_REGISTERING)
		return false;
	return p->state == PROBE_PAUSE ||
	       (begins && p->round > 1 && s->lost_in != p->round && s->unheard);
}

static void lose(struct probe *p, const struct fact *in, flow_t flow)
{
	struct sip_side *s = &p->sip;

	if (in->type == FACT_FLOW_EOF)
		outbox_want(&p->out, WANT_CLOSE_FLOW)->flow = flow;
	s->state = SIP_LOST;
	if (p->state != PROBE_PAUSE)
		s->lost_in = p->round;
}

void probe_way_again(struct probe *p)
{
	p->sip.connections++;
	probe_trace_anew(p, SIDE_SIP);
	want_flow(p);
}

/* ---- requests ---- */

void probe_way_flush(struct probe *p)
{
	struct sip_side *s = &p->sip;
	struct output out;

	while (outbox_take_output(&s->out, &out)) {
		buf_put(outbox_bytes(&p->out), out.bytes);
		probe_send(p, out.flow, &out.peer);
	}
	outbox_begin(&s->out);
}

struct buf *probe_way_request(struct probe *p, enum sip_request which, struct slice *branch)
{
	const struct origin way = probe_way_origin(p);
	struct buf *b = tl_request(p->sip.tl, which, &way, 0, branch);

	if (!b)
		probe_fail_memory(p, probe_sip_phase(p));
	return b;
}

void probe_way_request_end(struct probe *p, enum sip_request which)
{
	static const enum sip_method methods[] = {
		[REQUEST_REGISTER] = SIP_METHOD_REGISTER,
		[REQUEST_MESSAGE] = SIP_METHOD_MESSAGE,
	};
	struct sip_side *s = &p->sip;

	tl_withdraw(s->tl, s->places[which]);
	s->places[which] = 0;
	s->unheard = true;
	if (tl_request_end(s->tl, methods[which], &s->places[which], p->now))
		probe_fail_memory(p, probe_sip_phase(p));
	probe_way_flush(p);
}

/* ---- facts ---- */

/* True when it is open. */
static bool flow_up(struct probe *p, const struct fact *in)
{
	struct sip_side *s = &p->sip;

	s->local = *in->local;
	if (s->connections)
		probe_detail(p, PHASE_SIP_CONNECT,
			TEXT(N_("connections that the pool closed between two round trips: {1}"),
				text_u64(s->connections)));
	probe_end(p, PHASE_SIP_CONNECT, s->flow ? PHASE_OK : PHASE_SKIPPED);
	const struct origin way = probe_way_origin(p);
	if (s->flow && tl_flow_add(s->tl, &way)) {
		probe_fail_memory(p, PHASE_SIP_CONNECT);
		return false;
	}
	if (s->target.transport != TRANSPORT_TLS) {
		probe_end(p, PHASE_SIP_TLS, PHASE_SKIPPED);
		return true;
	}
	s->state = SIP_HANDSHAKING;
	probe_begin(p, PHASE_SIP_TLS);
	probe_address(p, PHASE_SIP_TLS, &s->target.addr, TRANSPORT_TLS);
	struct want *w = outbox_want(&p->out, WANT_TLS);
	w->flow = s->flow;
	w->tls.verify = p->cfg.allow_insecure_tls ? TLS_VERIFY_NOTE : TLS_VERIFY_PEER;
	w->tls.trust = p->cfg.sip_trust;
	slice_cstr(p->cfg.target_fqdn, w->tls.name, sizeof(w->tls.name));
	w->tls.naming = TLS_NAMING_SIP;
	return false;
}

static void flow_failed(struct probe *p, const struct fact *in)
{
	struct sip_side *s = &p->sip;
	const flow_t flow = s->flow;

	probe_way_left(p);
	if (was_idle(p, in)) {
		lose(p, in, flow);
		return;
	}
	if (s->state == SIP_REMOVING || s->state == SIP_OVER) {
		s->state = SIP_OVER;
		return;
	}
	/* RFC 3263 section 4.3: what cannot be connected to is passed over while there is another.
	 */
	if (in->type == FACT_FLOW_FAILED && in->step == FLOW_STEP_CONNECT) {
		s->unreached = true;
		s->gone = *in;
		next_target(p);
		return;
	}
	probe_fail_flow(p, SIDE_SIP, in);
}

static void listen_failed(struct probe *p, int err)
{
	if (probe_is_decided(p))
		return;
	p->result.evidence.err = err;
	probe_fail(p, PHASE_SIP_CONNECT, REASON_LOCAL_NETWORK,
		TEXT(N_("No UDP socket could be opened here: {1}."), text_errno(err)));
}

static void dns(struct probe *p, const struct fact *in)
{
	if (p->sip.asked.id == in->dns_id)
		p->sip.asked.id = 0;
	locate_push_answer(p->sip.locate, in->dns_id, in->dns);
	ask(p);
	if (p->sip.state == SIP_RESOLVING && probe_awaits(p, SIDE_SIP))
		next_target(p);
}

bool probe_way_fact(struct probe *p, const struct fact *in)
{
	switch (in->type) {
	case FACT_LISTEN_UP:
	case FACT_FLOW_UP: return flow_up(p, in);
	case FACT_TLS_UP: probe_tls_up(p, SIDE_SIP, in->tls); return true;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: flow_failed(p, in); break;
	case FACT_LISTEN_FAILED: listen_failed(p, in->err); break;
	case FACT_DNS: dns(p, in); break;
	case FACT_FLOW_BYTES:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED:
	case FACT_FLOW_ACCEPTED:
	case FACT_ACCEPT_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
	return false;
}
