/* listeners.h - the sockets that SIP peers write to, as the configuration names them. */
#pragma once

#include "gateway/lent.h"

struct listener {
	enum transport transport;
	struct addr local; /* family 0: not bound yet */
};

struct listeners {
	struct listener list[GATEWAY_LISTENERS_MAX]; /* by number - 1 */
	unsigned n;
	const struct lent *lent;
};

enum { LISTENERS_OWN = GATEWAY_LISTENERS_MAX + 1 }; /* the first number that is not theirs */

void listeners_init(struct listeners *ls, const struct lent *lent); /* wants them all */
/* LISTEN_UP or LISTEN_FAILED of one of theirs: log and event.  False when it cannot be had. */
bool listeners_push(struct listeners *ls, const struct fact *in);
/* The first one over UDP of that family, 0 for none; it may not be bound yet. */
unsigned listeners_find_udp(const struct listeners *ls, uint8_t family);
