#include "probe/note.h"

#include <assert.h>

#include "base/mem.h"

#define BIT(phase) (1u << (phase))

static const char *const ids[] = {
#define NOTE_ID(upper, lower) [NOTE_##upper] = #lower,
	NOTES(NOTE_ID)
#undef NOTE_ID
};

static const char *const meanings[] = {
	[NOTE_DNS_FALLBACK] =
		N_("the DNS has no service records of the pool: the usual port was taken"),
	[NOTE_SERVER_UNREACHABLE] = N_("a server could not be reached, and the next one was tried"),
	[NOTE_SIP_RETRANSMITTED] =
		N_("a SIP request had to be sent again: datagrams are lost, or answers are late"),
	[NOTE_ARRIVAL_UNPROVED] =
		N_("without the receiver's password nothing proves that the message arrived"),
	[NOTE_PRESENCE_UNSEEN] = N_("the XMPP server never showed that the receiver is available"),
	[NOTE_NO_CHANNEL_BINDING] =
		N_("no channel binding is offered: a proxy in the middle would not be noticed"),
	[NOTE_CERTIFICATE_ENDS_SOON] = N_("a certificate on the way ends soon"),
	[NOTE_EARLIER_MESSAGE] =
		N_("a message or an answer of an earlier test arrived during this one"),
	[NOTE_MESSAGE_CUT] = N_("a message to the receiver was too large or too deep to be read"),
	[NOTE_CLOCK_JUMPED] = N_("the clock of this machine was set during the test"),
	[NOTE_CLEANUP_UNFINISHED] =
		N_("the clean-up did not end in time: a contact or stream may be left a while"),
};

static_assert(COUNT(meanings) == NOTE_COUNT, "each warning has a meaning");

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

const char *note_meaning(enum note n)
{
	return meanings[n];
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
	*what = meanings[i];
	return true;
}

bool note_explains(enum note n, enum probe_phase failed)
{
	return explains[n] & BIT(failed);
}
