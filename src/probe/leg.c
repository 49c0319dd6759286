/* Which of a round's two messages goes to which side, by who writes first. */
#include "probe/private.h"

struct leg probe_leg(struct probe *p, enum probe_side to)
{
	if ((to == SIDE_XMPP) == (p->cfg.direction == PROBE_TO))
		return (struct leg){ PHASE_DELIVER, TOKEN_TEST, &p->token, &p->delivered };
	return (struct leg){ PHASE_ANSWER, TOKEN_ANSWER, &p->answer_token, &p->answered };
}

enum probe_phase probe_from_awaits(const struct probe *p)
{
	if (!p->delivered || p->state == PROBE_PAUSE)
		return PHASE_DELIVER;
	return p->sent_ok ? PHASE_ANSWER : PHASE_SIP_SEND;
}

bool probe_loop_is_closed(const struct probe *p)
{
	return p->cfg.inside || p->xmpp.state != XMPP_OFF;
}
