/* What the DNS, a connection and TLS do to a phase. */
#include "probe/private.h"

static const struct addr *peer_of(const struct probe *p, enum probe_side side)
{
	return side == SIDE_SIP ? &p->sip.target.addr : &p->xmpp.target.addr;
}

/* ---- DNS ---- */

void probe_found(struct probe *p, enum probe_side side, const struct targets_target *t)
{
	static const enum probe_phase phases[] = { PHASE_SIP_RESOLVE, PHASE_XMPP_RESOLVE };
	static const char *const sources[] = {
		[TARGETS_GIVEN] = "A/AAAA",
		[TARGETS_NAPTR] = "NAPTR, SRV",
		[TARGETS_SRV] = "SRV",
		[TARGETS_FALLBACK] = "A/AAAA",
	};
	const char *over = t->transport == TRANSPORT_TLS ? ";tls" : "";

	probe_end(p, phases[side], t->numeric ? PHASE_SKIPPED : PHASE_OK);
	probe_detail(p, phases[side],
		TEXT("{1} -> {2}:{3}{4}{5}", text_str(t->numeric ? "numeric" : sources[t->source]),
			text_str(t->host), text_u64(t->addr.port),
			text_str(side == SIDE_SIP ? ";transport=" : over),
			text_str(side == SIDE_SIP ? transport_name(t->transport) : "")));
}

void probe_fail_dns(struct probe *p, enum probe_phase phase, const struct targets_failure *f)
{
	if (probe_is_decided(p))
		return;
	evidence_keep_dns(&p->result.evidence, f);
	probe_fail_by(p, phase, blame_dns(f));
}

/* ---- TLS ---- */

static const enum probe_phase tls_phases[] = { PHASE_SIP_TLS, PHASE_XMPP_TLS };

static void keep_tls(struct probe *p, enum probe_side side, const struct tls_facts *tls)
{
	const struct tls_cert *c = blame_first_to_end(tls);

	p->result.tls[side] = *tls;
	if (!c || !p->knows_wall)
		return;
	int64_t now_s = (p->wall + (int64_t)p->now) / 1000000, left = c->not_after - now_s;
	if (left >= 0 && left < CERTIFICATE_ENDS_SOON_S)
		probe_note(p, side, NOTE_CERTIFICATE_ENDS_SOON,
			TEXT(N_("the certificate {1} of {2} ends on {3}"), text_str(c->subject),
				text_addr(peer_of(p, side)), text_date(c->not_after)));
}

void probe_tls_up(struct probe *p, enum probe_side side, const struct tls_facts *tls)
{
	const enum probe_phase phase = tls_phases[side];

	keep_tls(p, side, tls);
	probe_detail(p, phase, TEXT("{1} {2}", text_str(tls->version), text_str(tls->cipher)));
	probe_end(p, phase, PHASE_OK);
}

static void fail_tls(
	struct probe *p, enum probe_phase phase, enum probe_side side, const struct tls_facts *tls)
{
	keep_tls(p, side, tls);
	p->result.evidence.has_tls = true;
	p->result.evidence.tls_side = side;
	probe_fail_by(p, phase, blame_tls(peer_of(p, side), tls));
}

/* ---- a connection ---- */

void probe_passed(struct probe *p, enum probe_side side, const struct addr *peer, int err)
{
	probe_note(p, side, NOTE_SERVER_UNREACHABLE,
		TEXT(N_("{1} could not be reached ({2}): the next server was tried"),
			text_addr(peer), text_errno(err)));
}

static enum probe_phase phase_of(const struct probe *p, enum probe_side side, enum flow_step step)
{
	static const enum probe_phase connect[] = { PHASE_SIP_CONNECT, PHASE_XMPP_CONNECT };

	switch (step) {
	case FLOW_STEP_CONNECT: return connect[side];
	case FLOW_STEP_TLS: return tls_phases[side];
	case FLOW_STEP_OPEN: break;
	}
	if (side == SIDE_SIP)
		return probe_sip_phase(p);
	return probe_xmpp_phase(p);
}

void probe_fail_flow(struct probe *p, enum probe_side side, const struct fact *in)
{
	const struct addr *peer = peer_of(p, side);
	const enum probe_phase phase = phase_of(p, side, in->step);

	if (probe_is_decided(p))
		return;
	p->result.evidence.address = *peer;
	if (in->type == FACT_FLOW_EOF) {
		probe_fail_by(p, phase_of(p, side, FLOW_STEP_OPEN), blame_closed(peer));
		return;
	}
	if (in->step == FLOW_STEP_TLS && in->tls) {
		fail_tls(p, phase, side, in->tls);
		return;
	}
	p->result.evidence.err = in->err;
	probe_fail_by(p, phase,
		in->here || in->step == FLOW_STEP_CONNECT ? blame_connect(peer, in->err, in->here)
							  : blame_broken(peer, in->err));
}
