/* others.h - the receiver's other sessions, by the presence that its server shows of them.
 *
 * RFC 6121 section 4.2.2: a resource that becomes available is told of the
 * account's others.  A message goes to who has the highest priority (section
 * 8.5.2.1.1): one with as much as the test's own can take it.
 */
#pragma once

#include "xmpp/jid.h"
#include "xmpp/stanza.h"

enum { OTHERS_MAX = 16 };

struct others {
	unsigned n;
	struct other {
		char resource[64]; /* its beginning */
		int priority;
	} list[OTHERS_MAX];
};

/* A presence; what is not of the account is nothing. */
void others_push(struct others *o, const struct stanza *presence, const struct jid *account);
/* One whose priority is at least that, the highest; NULL when there is none. */
const struct other *others_rival(const struct others *o, int priority);
