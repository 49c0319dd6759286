/* drops.h - what is not carried: counted, and told with who sent it and its cause
 * (base/tally.h), so that nothing vanishes and nobody fills the log.
 *
 * SIP peers are named by their address, users by their bare one.  Each of the
 * five kinds has a tally of its own: a flood of one takes no place of another.
 */
#pragma once

#include "base/tally.h"
#include "gateway/lent.h"

enum drop {
	/* of SIP peers */
	DROP_UNTRUSTED,        /* a datagram or connection of a peer that is not in trusted_peers */
	DROP_MALFORMED,        /* also what is answered: its sender may never look */
	DROP_RESPONSE,         /* to nothing that we asked */
	DROP_LATE,             /* a response to what is over */
	DROP_CONN,             /* a connection that a limit ended */
	DROP_CUT,              /* a connection that ended within a message */
	DROP_GONE,             /* a MESSAGE whose connection ended before its answer */
	DROP_SEVERAL_OF_PEERS, /* for which there was no place */
	/* of users */
	DROP_STANZA,
	DROP_MISTAKE,    /* a stanza that is wrong: the server's mistake, or a forger's attempt */
	DROP_LOST,       /* what one of them should have heard */
	DROP_ATTRIBUTE,  /* of a stanza */
	DROP_PARTS,      /* of a SIP message */
	DROP_LATE_ERROR, /* to what had its 202 */
	DROP_UNANSWERED_ERROR, /* to what got no answer, since its sender was gone */
	/* of users, and nobody misses it */
	DROP_REFUSED_AGAIN, /* an error of a message that was refused before */
	DROP_SILENT,
	DROP_SIP_REFUSED,  /* of SIP peers: answered with an error */
	DROP_XMPP_REFUSED, /* of domains; apart, since a stranger can have many of them */
	DROP_COUNT,
};

enum drop_kind {
	DROP_OF_PEERS,
	DROP_OF_USERS,
	DROP_OF_SILENT,
	DROP_OF_REFUSED_PEERS,
	DROP_OF_REFUSED_DOMAINS,
	DROP_KINDS,
};

/* Zeroed it is empty. */
struct drops {
	struct tally tallies[DROP_KINDS];
};

/* `cause` is static text.  Not NULL when it is the first of its peer and cause: its line of log has
 * begun, more may be put there, and drops_tell() ends it. */
struct buf *drops_first(const struct lent *lent, enum drop what, const struct addr *peer,
	const char *cause, ts_t now);
void drops_tell(const struct lent *lent, enum drop what);
/* Both. */
void drops_note(const struct lent *lent, enum drop what, const struct addr *peer, const char *cause,
	ts_t now);
/* With what to do about it. */
void drops_untrusted(const struct lent *lent, const struct addr *peer, const char *cause, ts_t now);
/* Of a user: as drops_first() and drops_note().  A resource is left out; `to` may be "". */
struct buf *drops_first_user(const struct lent *lent, enum drop what, struct slice from,
	struct slice to, const char *cause, ts_t now);
void drops_note_user(
	const struct lent *lent, enum drop what, struct slice from, const char *cause, ts_t now);
/* A request or message was answered with an error, `status` in SIP or 0: as drops_note(), and its
 * peer, an address or a domain, is counted (gateway/peers.h). */
void drops_refused(const struct lent *lent, enum drop what, struct slice peer, const char *cause,
	int status, ts_t now);
void drops_refused_peer(
	const struct lent *lent, const struct addr *peer, const char *cause, int status, ts_t now);
/* The numbers that are due; with TS_NEVER all. */
void drops_push_time(const struct lent *lent, ts_t now);
ts_t drops_deadline(const struct drops *d);
