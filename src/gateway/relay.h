/* relay.h - several gateways under one component name: what the server dealt to the wrong one goes
 * on.
 *
 * ejabberd takes several connections of a component and deals out what comes
 * for it: at random, or by an address.  A reply to what this process sent may
 * then come to another one, which knows it by its id (ids.h) and wraps it
 * into a message to an address of our domain that it makes up: the server deals
 * that out anew, until it has come to whom it is for.
 *
 *	<message from='X@own' to='X@own'><relay xmlns=... hops='1' by='WORD'>
 *	  <iq xmlns=... from= id= type=/>  </relay></message>
 */
#pragma once

#include "gateway/lent.h"
#include "xmpp/stanza.h"

enum { RELAY_HOPS_MAX = 16 }; /* of two, one of 65,536 is lost */

struct relayed {
	struct stanza stanza;
	unsigned hops;
	bool is_by_us; /* this process sent it on, last */
};

/* Whether that is one: from our own domain, since the server lets nobody else speak for it. */
bool relay_read(
	const struct lent *lent, const char *own, const struct stanza *s, struct relayed *ret);
/* `s` wrapped, with its error, if it has one, and nothing else of it. */
void relay_put(const struct lent *lent, const char *own, const struct stanza *s, unsigned hops,
	struct buf *b);
