/* How a test fails when its time is up, or nobody answers: by what was still awaited. */
#include "probe/private.h"

static void keep_question(struct evidence *e, const struct targets_question *q)
{
	e->has_dns = true;
	slice_cstr(slice_str(q->name), e->dns_name, sizeof(e->dns_name));
	e->dns_type = q->type;
	e->dns_status = DNS_TIMEOUT;
}

/* {1} phase, {2} who, {3} seconds */
static void fail_silent(struct probe *p, enum probe_phase phase, enum reason reason,
	const char *sentence, const struct addr *peer)
{
	const bool resolves = phase == PHASE_SIP_RESOLVE || phase == PHASE_XMPP_RESOLVE;
	struct targets_question q;

	if (!resolves) /* else it would be the server's that was tried before */
		p->result.evidence.address = *peer;
	if (phase == PHASE_SIP_RESOLVE && p->sip.asked.id)
		keep_question(&p->result.evidence, &p->sip.asked);
	if (phase == PHASE_XMPP_RESOLVE && xhost_asked(p->xmpp.host, &q))
		keep_question(&p->result.evidence, &q);
	probe_fail(p, phase, reason,
		TEXT(sentence, text_str(phase_name(phase)),
			resolves ? text_id(N_("the DNS")) : text_addr(peer), probe_limit(p)));
}

static const char *const no_answer = N_("No answer in phase {1} from {2} within {3} s.");
static const char *const only_strays =
	N_("{2} sent answers to requests that are not ours, and none to ours within {3} s (phase "
	   "{1}).");

static void timeout_sip(struct probe *p)
{
	static const enum reason reasons[] = {
		[PHASE_SIP_RESOLVE] = REASON_DNS_TIMEOUT,
		[PHASE_SIP_CONNECT] = REASON_TCP_TIMEOUT,
		[PHASE_SIP_TLS] = REASON_TLS_NO_ANSWER,
		[PHASE_SIP_REGISTER] = REASON_SIP_NO_ANSWER,
	};
	enum probe_phase phase = probe_sip_phase(p);

	if (phase == PHASE_SIP_REGISTER && p->sip.strays)
		fail_silent(
			p, phase, REASON_SIP_WRONG_TRANSACTION, only_strays, &p->sip.target.addr);
	else
		fail_silent(p, phase, reasons[phase], no_answer, &p->sip.target.addr);
}

static void timeout_xmpp(struct probe *p)
{
	enum probe_phase phase = p->xmpp.phase;
	enum reason reason = phase == PHASE_XMPP_RESOLVE   ? REASON_DNS_TIMEOUT
			     : phase == PHASE_XMPP_CONNECT ? REASON_TCP_TIMEOUT
			     : phase == PHASE_XMPP_TLS && xhost_is_in_tls(p->xmpp.host)
				     ? REASON_TLS_NO_ANSWER
				     : REASON_XMPP_NO_ANSWER;

	fail_silent(p, phase, reason, no_answer, &p->xmpp.target.addr);
}

/* tm's MAX_BRANCHES of Kamailio: behind so many contacts ours may be one that gets nothing.  One
 * that is written to by its own address gets it all the same. */
static bool is_crowded(const struct probe *p)
{
	enum { BRANCHES = 12 };
	const struct sip_side *s = &p->sip;

	return (!s->gruu[0] || s->gruu_refused) && s->reg && reg_other_bindings(s->reg) >= BRANCHES;
}

static void fail_undelivered(struct probe *p)
{
	const enum probe_phase phase = probe_leg(p, SIDE_XMPP).phase;
	const bool first = phase == PHASE_DELIVER;
	const struct text_arg receiver = text_str(p->result.receiver), seconds = probe_limit(p);
	const struct other *rival = others_rival(&p->xmpp.others, RECEIVER_PRIORITY);

	if (rival)
		probe_fail(p, phase, REASON_IM_TAKEN_ELSEWHERE,
			TEXT(first ? N_("The message was accepted, but did not arrive here within "
					"{2} s: {1} is signed in elsewhere, too, as {3}, with a "
					"priority as high as a test's own ({4}).")
				   : N_("The answer was accepted, but did not arrive here within "
					"{2} s: {1} is signed in elsewhere, too, as {3}, with a "
					"priority as high as a test's own ({4})."),
				receiver, seconds, text_str(rival->resource),
				text_u64((unsigned)rival->priority)));
	else
		probe_fail(p, phase, REASON_IM_NOT_DELIVERED,
			TEXT(first ? N_("The message was accepted, but did not arrive at {1} "
					"within {2} s.")
				   : N_("The answer was accepted, but did not arrive at {1} within "
					"{2} s."),
				receiver, seconds));
}

/* A proxy forks to every device of the user, to some of them, or to the one that it likes best. */
static const char *unanswered_words(const struct probe *p, unsigned others)
{
	if (others == 0)
		return N_("The message arrived at {1}, but its answer did not reach {2} within {3} "
			  "s: the gateway cannot reach the pool, or the pool drops what the "
			  "gateway sends.");
	if (is_crowded(p))
		return N_("The message arrived at {1}, but its answer did not reach {2} within {3} "
			  "s: {4} other contacts of that user are registered, and a proxy that "
			  "forks to fewer (Kamailio: 12) leaves some out.");
	return N_("The message arrived at {1}, but its answer did not reach {2} within {3} s. "
		  "Other devices of {2} are signed in, and one of them may have it: {4} ({5}).");
}

static void fail_unanswered(struct probe *p)
{
	const unsigned others = reg_other_bindings(p->sip.reg);

	probe_fail(p, PHASE_ANSWER, REASON_IM_NO_ANSWER,
		TEXT(unanswered_words(p, others), text_str(p->result.receiver),
			text_str(p->result.user), probe_limit(p), text_u64(others),
			text_str(reg_others(p->sip.reg))));
}

/* Between two users of the pool, which is alone between them. */
static void fail_unrelayed(struct probe *p)
{
	const char *sentence =
		p->delivered ? N_("The message arrived at {1}, but its answer did not reach {2} "
				  "within {3} s: the pool lost it.")
			     : N_("The pool accepted the message of {2}, but it did not reach {1} "
				  "within {3} s.");

	probe_fail(p, p->delivered ? PHASE_ANSWER : PHASE_DELIVER, REASON_IM_NOT_RELAYED,
		TEXT(sentence, text_str(p->result.receiver), text_str(p->result.user),
			probe_limit(p)));
}

static void timeout_message(struct probe *p)
{
	const struct text_arg seconds = probe_limit(p);
	const bool has_arrived = *probe_leg(p, SIDE_XMPP).is_over;

	if (p->cfg.direction == PROBE_FROM && !p->delivered)
		probe_fail_unreceived(p);
	else if (!p->sent_ok && !has_arrived && p->sip.strays)
		fail_silent(p, PHASE_SIP_SEND, REASON_SIP_WRONG_TRANSACTION, only_strays,
			&p->sip.target.addr);
	else if (!p->sent_ok && !has_arrived)
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_GATEWAY_TIMEOUT,
			TEXT(N_("The pool gave no final answer to the message within {1} s."),
				seconds));
	else if (p->cfg.inside && !p->answered)
		fail_unrelayed(p);
	else if (p->xmpp.state != XMPP_OFF && !has_arrived)
		fail_undelivered(p);
	else if (p->xmpp.state != XMPP_OFF && !p->answered)
		fail_unanswered(p);
	else
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_GATEWAY_TIMEOUT,
			TEXT(N_("The message arrived, but the pool gave it no final answer within "
				"{1} s."),
				seconds));
}

void probe_fail_refresh(struct probe *p)
{
	const struct addr *peer = &p->sip.target.addr;

	if (probe_is_decided(p))
		return;
	p->result.evidence.address = *peer;
	probe_fail(p, PHASE_SIP_REGISTER, REASON_SIP_NO_ANSWER,
		TEXT(N_("The registration of {1} ran out: {2} did not answer when it was to be "
			"refreshed."),
			text_str(p->result.user), text_addr(peer)));
}

/* Whatever is missed may be so because of that. */
static bool is_unregistered(const struct probe *p)
{
	return p->sip.reg && p->now >= reg_bound_until(p->sip.reg);
}

/* What was still awaited when the time was up. */
void probe_fail_silent(struct probe *p)
{
	if (probe_is_decided(p))
		return;
	if (probe_awaits(p, SIDE_SIP))
		timeout_sip(p);
	else if (p->state <= PROBE_HALF && p->cfg.inside)
		return; /* the other user is signing in, and tells */
	else if (p->state <= PROBE_HALF)
		timeout_xmpp(p);
	else if (is_unregistered(p))
		probe_fail_refresh(p);
	else
		timeout_message(p);
}
