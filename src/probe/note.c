#include "probe/note.h"

#include "base/mem.h"

#define BIT(phase) (1u << (phase))

static const char *const ids[] = {
#define NOTE_ID(upper, lower) [NOTE_##upper] = #lower,
	NOTES(NOTE_ID)
#undef NOTE_ID
};

/* In which phases a failure follows from it. */
static const unsigned explains[NOTE_COUNT] = {
	/* The guessed port and transport are the first suspects until the pool has answered. */
	[NOTE_DNS_FALLBACK] = BIT(PHASE_SIP_CONNECT) | BIT(PHASE_SIP_TLS) | BIT(PHASE_SIP_REGISTER),
	[NOTE_SERVER_UNREACHABLE] = BIT(PHASE_SIP_CONNECT) | BIT(PHASE_XMPP_CONNECT),
	[NOTE_SIP_RETRANSMITTED] = BIT(PHASE_SIP_REGISTER) | BIT(PHASE_SIP_SEND),
	[NOTE_PRESENCE_UNSEEN] = BIT(PHASE_XMPP_BIND) | BIT(PHASE_DELIVER),
	[NOTE_MESSAGE_CUT] = BIT(PHASE_DELIVER),
	[NOTE_CLOCK_JUMPED] = BIT(PHASE_SIP_TLS) | BIT(PHASE_XMPP_TLS),
};

const char *note_id(enum note n)
{
	return ids[n];
}

bool note_find(struct slice id, enum note *ret)
{
	for (unsigned i = 0; i < NOTE_COUNT; i++) {
		if (!slice_eqs(id, ids[i]))
			continue;
		*ret = (enum note)i;
		return true;
	}
	return false;
}

bool note_words(size_t i, const char **word, const char **what)
{
	if (i >= NOTE_COUNT)
		return false;
	*word = ids[i];
	*what = NULL;
	return true;
}

bool note_explains(enum note n, enum probe_phase failed)
{
	return explains[n] & BIT(failed);
}
