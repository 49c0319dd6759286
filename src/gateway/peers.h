/* peers.h - who was refused most, and who left most unanswered: SIP peers by address, XMPP partners
 * by domain.
 *
 * So many are kept; a new one takes the place of whoever has the fewest, so
 * that the worst stay, and one that was away for a while begins anew.
 */
#pragma once

#include "base/slice.h"

enum { PEERS_MAX = 32, PEER_NAME_MAX = 128 };

struct peer {
	uint64_t refused, timeouts;
	uint8_t n_name; /* 0: free */
	uint8_t name[PEER_NAME_MAX];
};

/* Zeroed it is empty. */
struct peers {
	struct peer list[PEERS_MAX];
};

void peers_refused(struct peers *p, struct slice name);
void peers_timed_out(struct peers *p, struct slice name);
/* Number i of the worst; NULL behind the last. */
const struct peer *peers_at(const struct peers *p, size_t i);
