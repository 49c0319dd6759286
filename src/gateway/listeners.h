/* listeners.h - the sockets that SIP peers write to: those of the configuration, and one more
 * toward a next hop that none of them can write to.
 */
#pragma once

#include "gateway/lent.h"

struct listener {
	enum transport transport;
	struct addr local; /* family 0: not bound yet */
};

struct listeners {
	const struct lent *lent;
	ts_t silent_until; /* the log has said that connections cannot be taken */
	struct listener list[GATEWAY_LISTENERS_MAX + 1]; /* by number - 1; the last is `toward` */
};

void listeners_init(struct listeners *ls, const struct lent *lent); /* wants them all */
/* Who is trusted has changed: those that were not before deserve their word. */
void listeners_set_trusted(struct listeners *ls, const struct addr_net *before, unsigned n_before);
/* LISTEN_UP: a line and an event; LISTEN_FAILED of one of the configuration's too. */
void listeners_push_up(struct listeners *ls, const struct fact *in);
void listeners_push_failed(struct listeners *ls, const struct fact *in);
void listeners_push_accept_failed(struct listeners *ls, const struct fact *in, ts_t now);
/* The configuration's first one over UDP of that family; 0: there is none. */
unsigned listeners_find_udp(const struct listeners *ls, uint8_t family);
/* The first that is bound; 0: there is none yet. */
unsigned listeners_find_bound_udp(const struct listeners *ls, uint8_t family);
const struct addr *listeners_local(const struct listeners *ls, unsigned number);
/* Is that a listener of the configuration, so that we would write to ourselves?  `local`: where the
 * peer is written to from, which tells of a wildcard; NULL while that is not known. */
bool listeners_are_at(const struct listeners *ls, enum transport transport, const struct addr *peer,
	const struct addr *local);
/* The number of the one that is not of the configuration. */
unsigned listeners_toward(const struct listeners *ls);
/* It is closed, if there was one, and opened anew, from where `peer` is reached. */
void listeners_turn_toward(struct listeners *ls, const struct addr *peer, bool is_open);
