/* How a phase fails by the DNS, by a connection, by TLS. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "probe/private.h"

/* What the world did ends the test, by the sentence that blame.h has for it. */
static void fail_by(struct probe *p, enum probe_phase phase, struct blame blame)
{
	probe_fail(p, phase, blame.reason, blame.message);
}

/* ---- DNS ---- */

void probe_fail_dns(struct probe *p, enum probe_phase phase, const struct targets_failure *f)
{
	if (probe_is_decided(p))
		return;
	evidence_keep_dns(&p->result.evidence, f);
	fail_by(p, phase, blame_dns(f));
}

void probe_asks(struct probe_asked *a, const struct want *question)
{
	a->id = question->dns_id;
	a->type = question->dns_type;
	memcpy(a->name, question->name, sizeof(a->name));
}

void probe_unanswered(struct probe *p, const struct probe_asked *a)
{
	struct evidence *e = &p->result.evidence;

	if (!a->id)
		return;
	e->has_dns = true;
	slice_cstr(slice_str(a->name), e->dns_name, sizeof(e->dns_name));
	e->dns_type = a->type;
	e->dns_status = DNS_TIMEOUT;
}

const struct addr *probe_peer(const struct probe *p, enum probe_side side)
{
	return side == SIDE_SIP ? &p->sip.target.addr : &p->xmpp.target.addr;
}

/* ---- TLS ---- */

static void fail_tls(
	struct probe *p, enum probe_phase phase, enum probe_side side, const struct tls_facts *tls)
{
	probe_keep_tls(p, side, tls);
	p->result.evidence.has_tls = true;
	p->result.evidence.tls_side = side;
	fail_by(p, phase, blame_tls(probe_peer(p, side), tls));
}

void probe_keep_tls(struct probe *p, enum probe_side side, const struct tls_facts *tls)
{
	const struct tls_cert *c = blame_first_to_end(tls);

	p->result.tls[side] = *tls;
	if (!c || !p->knows_wall)
		return;
	int64_t now_s = (p->wall + (int64_t)p->now) / 1000000, left = c->not_after - now_s;
	if (left >= 0 && left < CERTIFICATE_ENDS_SOON_S)
		probe_note(p, NOTE_CERTIFICATE_ENDS_SOON,
			TEXT(N_("the certificate {1} of {2} ends on {3}"), text_str(c->subject),
				text_addr(probe_peer(p, side)), text_date(c->not_after)));
}

/* ---- a connection ---- */

static enum probe_phase phase_of(const struct probe *p, enum probe_side side, enum flow_step step)
{
	static const enum probe_phase connect[] = { PHASE_SIP_CONNECT, PHASE_XMPP_CONNECT };
	static const enum probe_phase tls[] = { PHASE_SIP_TLS, PHASE_XMPP_TLS };

	switch (step) {
	case FLOW_STEP_CONNECT: return connect[side];
	case FLOW_STEP_TLS: return tls[side];
	case FLOW_STEP_OPEN: break;
	}
	if (side == SIDE_SIP)
		return probe_sip_phase(p);
	return p->xmpp.state == XMPP_READY ? PHASE_DELIVER : p->xmpp.phase;
}

void probe_fail_flow(struct probe *p, enum probe_side side, const struct fact *in)
{
	const struct addr *peer = probe_peer(p, side);
	const enum probe_phase phase = phase_of(p, side, in->step);

	if (probe_is_decided(p))
		return;
	p->result.evidence.address = *peer;
	if (in->type == FACT_FLOW_EOF) {
		fail_by(p, phase_of(p, side, FLOW_STEP_OPEN), blame_closed(peer));
		return;
	}
	if (in->step == FLOW_STEP_TLS && in->tls) {
		fail_tls(p, phase, side, in->tls);
		return;
	}
	p->result.evidence.err = in->err;
	fail_by(p, phase,
		in->here || in->step == FLOW_STEP_CONNECT ? blame_connect(peer, in->err, in->here)
							  : blame_broken(peer, in->err));
}
