/* opt_rows.h - options that several commands have, as rows for their tables (app/opt.h).
 *
 * Each takes the offset of the value in the command's own struct.
 */
#pragma once

#include "app/opt.h"
#include "probe/note.h"

#define OPT_ROW_CA_FILE(offset_)                                                                   \
	{                                                                                          \
		"ca-file", 0, N_("FILE"), OPT_TEXT, (offset_), 0, 0,                               \
			N_("trust these issuers, not the system's"),                               \
			.manual =                                                                  \
				N_("Trust the issuers of certificates in this file, PEM, and not " \
				   "the "                                                          \
				   "system's.\nLists of revoked certificates may stand beside "    \
				   "them."),                                                       \
			.group = OPT_GROUP_SERVERS                                                 \
	}
#define OPT_ROW_DNS(offset_)                                                                       \
	{                                                                                          \
		"dns", 0, N_("HOST[:PORT]"), OPT_TEXT, (offset_), 0, 0,                            \
			N_("ask this DNS server, not the system's"),                               \
			.manual = N_(                                                              \
				"Ask this DNS server, an IP address and a port (53), and not the " \
				"system's."),                                                      \
			.group = OPT_GROUP_SERVERS                                                 \
	}
#define OPT_ROW_REGISTRAR_PORT(letter_, offset_)                                                   \
	{                                                                                          \
		"registrar-port", (letter_), N_("N"), OPT_NUMBER, (offset_), 1, 65535,             \
			N_("TLS port of the target"),                                              \
			.manual = N_(                                                              \
				"The target's TLS port; with\n.Fl -registrar\nthe port of that "   \
				"one."),                                                           \
			.group = OPT_GROUP_SERVERS                                                 \
	}
#define OPT_ROW_ACCEPT(offset_)                                                                    \
	{                                                                                          \
		"accept", 0, N_("WARNING"), OPT_LIST, (offset_), 0, 0,                             \
			N_("a warning to ignore, by its name"),                                    \
			.manual =                                                                  \
				N_("A warning to ignore, by its name; can be given several "       \
				   "times.\nIt may still be the cause of a failure, and is named " \
				   "then."),                                                       \
			.words = note_words, .group = OPT_GROUP_RESULT                             \
	}
#define OPT_ROW_DIRECTION(offset_)                                                                 \
	{                                                                                          \
		"direction", 0, N_("WORD"), OPT_TEXT, (offset_), 0, 0,                             \
			N_("who writes first (to)"),                                               \
			.manual = N_("Who writes first, and is answered:\n.Cm to ,\nthe SIP user " \
				     "to the partner, or\n.Cm from ,\nthe XMPP user from there; "  \
				     "that needs the receiver's password.\nThe phases keep their " \
				     "names:\n.Li sip.send\nis the SIP user's message until the "  \
				     "pool has answered it,\n.Li deliver\nthe way of the first "   \
				     "message,\n.Li answer\nthat of the second."),                 \
			.group = OPT_GROUP_SIGN_IN, .words = probe_direction_words                 \
	}
#define OPT_ROW_NO_LOCK(offset_)                                                                   \
	{                                                                                          \
		"no-lock", 0, NULL, OPT_FLAG, (offset_), 0, 0,                                     \
			N_("do not wait for other tests of the same accounts"),                    \
			.manual = N_(                                                              \
				"Do not wait until other tests of this user on this machine that " \
				"sign in with the same accounts are over."),                       \
			.group = OPT_GROUP_SIGN_IN                                                 \
	}
#define OPT_ROW_RECEIVER_SERVER(offset_)                                                           \
	{                                                                                          \
		"receiver-server", 0, N_("HOST[:PORT]"), OPT_TEXT, (offset_), 0, 0,                \
			N_("the receiver's XMPP server; else SRV"),                                \
			.manual = N_("The receiver's XMPP server, instead of its SRV records."),   \
			.group = OPT_GROUP_SERVERS                                                 \
	}
