#include "probe/result.h"

#include "base/mem.h"

static const char *const phases[] = {
	[PHASE_SIP_RESOLVE] = "sip.resolve",
	[PHASE_SIP_CONNECT] = "sip.connect",
	[PHASE_SIP_TLS] = "sip.tls",
	[PHASE_SIP_REGISTER] = "sip.register",
	[PHASE_SIP_SEND] = "sip.send",
	[PHASE_XMPP_RESOLVE] = "xmpp.resolve",
	[PHASE_XMPP_CONNECT] = "xmpp.connect",
	[PHASE_XMPP_TLS] = "xmpp.tls",
	[PHASE_XMPP_AUTH] = "xmpp.auth",
	[PHASE_XMPP_BIND] = "xmpp.bind",
	[PHASE_DELIVER] = "deliver",
	[PHASE_ANSWER] = "answer",
	[PHASE_SETTLE] = "settle",
	[PHASE_CLEANUP] = "cleanup",
};
_Static_assert(COUNT(phases) == PHASE_COUNT, "one name a phase");

static const char *const directions[] = {
	[PROBE_TO] = "to",
	[PROBE_FROM] = "from",
};

static const char *const proofs[] = {
	[PROOF_NONE] = "none",
	[PROOF_ACCEPTED] = "accepted",
	[PROOF_DELIVERED] = "delivered",
	[PROOF_ANSWERED] = "answered",
};

static const char *const outcomes[] = {
	[PHASE_NOT_RUN] = "not_run",
	[PHASE_RUNNING] = "running",
	[PHASE_OK] = "ok",
	[PHASE_FAILED] = "failed",
	[PHASE_SKIPPED] = "skipped",
	[PHASE_STOPPED] = "stopped",
};

const char *phase_name(enum probe_phase p)
{
	return phases[p];
}

const char *probe_direction_name(enum probe_direction d)
{
	return directions[d];
}

bool probe_direction_find(struct slice name, enum probe_direction *ret)
{
	for (unsigned i = 0; i < COUNT(directions); i++) {
		if (!slice_eqs(name, directions[i]))
			continue;
		*ret = (enum probe_direction)i;
		return true;
	}
	return false;
}

bool probe_direction_words(size_t i, const char **word, const char **what)
{
	static const char *const meanings[] = {
		[PROBE_TO] = N_("the SIP user writes first, to the partner"),
		[PROBE_FROM] = N_("the XMPP user writes first, from the partner"),
	};

	if (i >= COUNT(directions))
		return false;
	*word = directions[i];
	*what = meanings[i];
	return true;
}

const char *probe_writer(const struct probe_result *r)
{
	return r->direction == PROBE_TO ? r->user : r->receiver;
}

const char *probe_reader(const struct probe_result *r)
{
	return r->direction == PROBE_TO ? r->receiver : r->user;
}

const char *proof_name(enum probe_proof p)
{
	return proofs[p];
}

const char *phase_outcome_name(enum phase_outcome o)
{
	return outcomes[o];
}
