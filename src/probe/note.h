/* note.h - what a test noticed on its way: warnings, and causes of what failed later.
 *
 * One a kind and a side: two certificates that end soon are two.
 * A closed list, one identifier each, as the reasons are.  A note that
 * explains a failure of one of its phases is named in front of that failure.
 */
#pragma once

#include "base/text.h"
#include "probe/phase.h"

#define NOTES(X)                                                                                   \
	X(DNS_FALLBACK, dns_fallback)                                                              \
	X(SERVER_UNREACHABLE, server_unreachable)                                                  \
	X(SIP_RETRANSMITTED, sip_retransmitted)                                                    \
	X(ARRIVAL_UNPROVED, arrival_unproved)                                                      \
	X(PRESENCE_UNSEEN, presence_unseen)                                                        \
	X(NO_CHANNEL_BINDING, no_channel_binding)                                                  \
	X(CERTIFICATE_ENDS_SOON, certificate_ends_soon)                                            \
	X(EARLIER_MESSAGE, earlier_message)                                                        \
	X(MESSAGE_CUT, message_cut)                                                                \
	X(CLOCK_JUMPED, clock_jumped)                                                              \
	X(CLEANUP_UNFINISHED, cleanup_unfinished)

enum note {
#define NOTE_ENUM(upper, lower) NOTE_##upper,
	NOTES(NOTE_ENUM)
#undef NOTE_ENUM
		NOTE_COUNT,
};

enum probe_side {
	SIDE_SIP,
	SIDE_XMPP,
	SIDES, /* of a note: neither's */
};

struct probe_note {
	enum note note;
	enum probe_side side;
	bool is_cause; /* it explains the failure */
	struct text text;
};

const char *note_id(enum note n); /* "dns_fallback": stable, never translated */
bool note_find(struct slice id, enum note *ret);
/* What it says wherever it comes, as a clause without a full stop. */
const char *note_meaning(enum note n);
/* The i-th of them as a word, and what it means; false behind the last. */
bool note_words(size_t i, const char **word, const char **what);
bool note_explains(enum note n, enum probe_phase failed);
