#include <string.h>

#include "base/mem.h"
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
		struct want *w = probe_want(p, WANT_DNS);

		w->dns_id = q.id;
		w->dns_type = q.type;
		memcpy(w->name, q.name, sizeof(w->name));
		probe_asks(&p->sip.asked, w);
	}
}

static void next_target(struct probe *p);

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

/* ---- connecting ---- */

static void want_flow(struct probe *p)
{
	struct sip_side *s = &p->sip;
	const bool udp = s->target.transport == TRANSPORT_UDP;
	struct want *w = probe_want(p, udp ? WANT_LISTEN : WANT_FLOW);

	s->state = SIP_CONNECTING;
	s->flow = udp ? 0 : ++p->next_flow;
	w->flow = s->flow;
	w->listener = SIP_LISTENER;
	w->transport = udp ? TRANSPORT_UDP : TRANSPORT_TCP;
	w->toward = udp;
	w->addr = s->target.addr;
	probe_begin(p, PHASE_SIP_CONNECT);
	probe_address(p, PHASE_SIP_CONNECT, &s->target.addr, s->target.transport);
}

static void tell_source(struct probe *p)
{
	static const char *const sources[] = {
		[TARGETS_GIVEN] = "A/AAAA",
		[TARGETS_NAPTR] = "NAPTR, SRV",
		[TARGETS_SRV] = "SRV",
		[TARGETS_FALLBACK] = "A/AAAA",
	};
	const struct targets_target *t = &p->sip.target;
	const struct text_arg port = text_u64(t->addr.port),
			      transport = text_str(transport_name(t->transport));

	probe_detail(p, PHASE_SIP_RESOLVE,
		TEXT("{1} -> {2}:{3};transport={4}",
			text_str(t->numeric ? "numeric" : sources[t->source]), text_str(t->host),
			port, transport));
	if (t->source == TARGETS_FALLBACK)
		probe_note(p, NOTE_DNS_FALLBACK,
			TEXT(N_("{1} has no NAPTR or SRV records: port {2} over {3} was taken"),
				text_slice(p->cfg.target_fqdn), port, transport));
}

static void found(struct probe *p)
{
	struct sip_side *s = &p->sip;
	bool first = s->state == SIP_RESOLVING;

	locate_take_target(s->locate, &s->target);
	if (first) {
		probe_end(p, PHASE_SIP_RESOLVE, s->target.numeric ? PHASE_SKIPPED : PHASE_OK);
		tell_source(p);
	}
	want_flow(p);
}

static void not_found(struct probe *p)
{
	struct targets_failure f;

	locate_failure(p->sip.locate, &f);
	probe_fail_dns(p, PHASE_SIP_RESOLVE, &f);
}

/* The next one in RFC 3263's order, or the reason why there is none. */
static void next_target(struct probe *p)
{
	switch (locate_state(p->sip.locate)) {
	case TARGETS_AWAIT_ANSWERS: p->sip.state = SIP_RESOLVING; break;
	case TARGETS_READY: found(p); break;
	case TARGETS_FAILED: not_found(p); break;
	case TARGETS_EXHAUSTED: break; /* the caller tells what became of the last one */
	}
}

/* ---- facts ---- */

static void flow_up(struct probe *p, const struct fact *in)
{
	struct sip_side *s = &p->sip;

	s->local = *in->local;
	s->up = true;
	probe_end(p, PHASE_SIP_CONNECT, s->flow ? PHASE_OK : PHASE_SKIPPED);
	const struct origin way = probe_sip_way(p);
	if (s->flow && tl_flow_add(s->tl, &way)) {
		probe_fail_memory(p, PHASE_SIP_CONNECT);
		return;
	}
	if (s->target.transport != TRANSPORT_TLS) {
		probe_end(p, PHASE_SIP_TLS, PHASE_SKIPPED);
		probe_sip_register(p);
		return;
	}
	s->state = SIP_HANDSHAKING;
	probe_begin(p, PHASE_SIP_TLS);
	probe_address(p, PHASE_SIP_TLS, &s->target.addr, TRANSPORT_TLS);
	struct want *w = probe_want(p, WANT_TLS);
	w->flow = s->flow;
	w->tls.verify = p->cfg.allow_insecure_tls ? TLS_VERIFY_NOTE : TLS_VERIFY_PEER;
	w->tls.trust = p->cfg.sip_trust;
	slice_cstr(p->cfg.target_fqdn, w->tls.name, sizeof(w->tls.name));
}

static void tls_up(struct probe *p, const struct tls_facts *facts)
{
	probe_keep_tls(p, SIDE_SIP, facts);
	probe_detail(p, PHASE_SIP_TLS,
		TEXT("{1} {2}", text_str(facts->version), text_str(facts->cipher)));
	probe_end(p, PHASE_SIP_TLS, PHASE_OK);
	probe_sip_register(p);
}

static void flow_failed(struct probe *p, const struct fact *in)
{
	struct sip_side *s = &p->sip;

	probe_sip_left(p);
	if (s->state == SIP_REMOVING || s->state == SIP_OVER) {
		s->state = SIP_OVER;
		return;
	}
	/* RFC 3263 section 4.3: what cannot be connected to is passed over while there is another.
	 */
	if (in->type == FACT_FLOW_FAILED && in->step == FLOW_STEP_CONNECT &&
		locate_state(s->locate) != TARGETS_EXHAUSTED) {
		probe_note(p, NOTE_SERVER_UNREACHABLE,
			TEXT(N_("{1} could not be reached ({2}): the next server was tried"),
				text_addr(&s->target.addr), text_errno(in->err)));
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
	if (p->sip.state == SIP_RESOLVING && p->state == PROBE_SIGNING_IN)
		next_target(p);
}

void probe_way_fact(struct probe *p, const struct fact *in)
{
	switch (in->type) {
	case FACT_LISTEN_UP:
	case FACT_FLOW_UP: flow_up(p, in); break;
	case FACT_TLS_UP: tls_up(p, in->tls); break;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: flow_failed(p, in); break;
	case FACT_LISTEN_FAILED: listen_failed(p, in->err); break;
	case FACT_DNS: dns(p, in); break;
	case FACT_FLOW_BYTES:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED:
	case FACT_FLOW_ACCEPTED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
}
