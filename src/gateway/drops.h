/* drops.h - what a SIP peer sent and is neither carried nor answered: counted, and told with its
 * peer and its cause (base/tally.h), so that nothing vanishes and no peer fills the log.
 */
#pragma once

#include "base/tally.h"
#include "gateway/lent.h"

enum drop {
	DROP_UNTRUSTED, /* a datagram or connection of a peer that is not in trusted_peers */
	DROP_MALFORMED, /* also what is answered: its sender may never look */
	DROP_RESPONSE,  /* to nothing that we asked */
	DROP_LATE,      /* a response to what is over */
	DROP_CONN,      /* a connection that a limit ended */
	DROP_CUT,       /* a connection that ended within a message */
	DROP_GONE,      /* a MESSAGE whose connection ended before its answer */
	DROP_COUNT,
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
/* The numbers that are due; with TS_NEVER all. */
void drops_push_time(const struct lent *lent, ts_t now);
