/* The XMPP user writes first: how its message fails on the way to the SIP user.
 *
 * Nobody accepts an XMPP message: there is an error stanza (RFC 6120 section 8.3), or silence.  A
 * gateway's condition stands for the pool's status (RFC 7247 section 7.2), and several
 * statuses share one: what is told is the condition, and who refused as far as that says it.
 */
#include <stdio.h>

#include "base/mem.h"
#include "probe/private.h"

/* {1} the SIP user, {2} the condition and its text, {3} the SIP user's domain */
static const struct row {
	enum stanza_condition condition;
	enum reason reason;
	const char *sentence;
} rows[] = {
	{ COND_REMOTE_SERVER_NOT_FOUND, REASON_XMPP_GATEWAY_NOT_FOUND,
		N_("The message to {1} came back: the XMPP side finds no way to {3} ({2}).") },
	{ COND_REMOTE_SERVER_TIMEOUT, REASON_XMPP_GATEWAY_TIMEOUT,
		N_("The message to {1} came back: the gateway of {3}, or the pool behind it, did "
		   "not answer in time ({2}).") },
	{ COND_ITEM_NOT_FOUND, REASON_XMPP_USER_NOT_FOUND,
		N_("The message to {1} came back: no such user is known there ({2}).") },
	{ COND_GONE, REASON_XMPP_USER_NOT_FOUND,
		N_("The message to {1} came back: the user is gone ({2}).") },
	{ COND_RECIPIENT_UNAVAILABLE, REASON_XMPP_USER_UNAVAILABLE,
		N_("The message to {1} came back: the user takes none, though signed in here "
		   "({2}).") },
	{ COND_FORBIDDEN, REASON_XMPP_FORBIDDEN,
		N_("The message to {1} came back: the pool or the gateway forbids it ({2}).") },
	{ COND_NOT_ALLOWED, REASON_XMPP_FORBIDDEN,
		N_("The message to {1} came back: it is not allowed ({2}).") },
	{ COND_NOT_AUTHORIZED, REASON_XMPP_FORBIDDEN,
		N_("The message to {1} came back: the pool asks the gateway for credentials "
		   "({2}).") },
	{ COND_REGISTRATION_REQUIRED, REASON_XMPP_FORBIDDEN,
		N_("The message to {1} came back: the pool asks the gateway for credentials "
		   "({2}).") },
	{ COND_POLICY_VIOLATION, REASON_XMPP_PARTNER_NOT_ALLOWED,
		N_("The message to {1} came back: a policy forbids it ({2}).") },
};

void probe_fail_bounced(struct probe *p, const struct stanza_error *error)
{
	static const struct row other = { COND_COUNT, REASON_XMPP_MESSAGE_BOUNCED,
		N_("The message to {1} came back as an error: {2}.") };
	const struct row *row = &other;
	char words[256 + 64];

	if (probe_is_decided(p))
		return;
	evidence_keep_error(&p->result.evidence, error, words, sizeof(words));
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].condition == error->condition)
			row = &rows[i];
	probe_fail(p, PHASE_DELIVER, row->reason,
		TEXT(row->sentence, text_str(p->result.user), text_str(words),
			text_slice(jid_domain(&p->user))));
}

/* ---- silence ---- */

void probe_fail_unreceived(struct probe *p)
{
	const unsigned others = reg_other_bindings(p->sip.reg);
	const char *sentence =
		others ? N_("The message of {1} did not reach {2} within {3} s, and no error came "
			    "back. Other devices of {2} are signed in, and one of them may have "
			    "it: {4} ({5}).")
		       : N_("The message of {1} did not reach {2} within {3} s, and no error came "
			    "back: something between them drops it.");

	probe_fail(p, PHASE_DELIVER, REASON_IM_NOT_RECEIVED,
		TEXT(sentence, text_str(p->result.receiver), text_str(p->result.user),
			probe_limit(p), text_u64(others), text_str(reg_others(p->sip.reg))));
}
