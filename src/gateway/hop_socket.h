/* hop_socket.h - the UDP socket that a next hop is written to, and the address that its datagrams
 * leave from: a listener of its family, or one of its own.
 *
 * Via names the address that a request leaves from (RFC 3261 section 18.1.1),
 * and a wildcard is none: a socket that is bound toward the hop knows it, and
 * is not kept.
 */
#pragma once

#include "gateway/listeners.h"

struct hop_socket {
	const struct lent *lent;
	struct listeners *listeners;
	struct addr peer;   /* whom it is needed for; family 0: nobody */
	struct addr toward; /* what the socket of its own was asked for; family 0: there is none */
	struct addr from;   /* where a wildcard listener's datagrams to the peer leave from */
	struct addr asked;  /* the peer whose side of the routing table is being asked for */
	struct origin origin;
};

void hop_socket_init(struct hop_socket *s, const struct lent *lent, struct listeners *listeners);
void hop_socket_need(struct hop_socket *s, const struct addr *peer);
/* NULL when there is no socket for the peer (yet). */
const struct origin *hop_socket_origin(struct hop_socket *s);

enum hop_socket_fact {
	HOP_SOCKET_NOT_OURS, /* a listener of the configuration */
	HOP_SOCKET_NOTHING,  /* it is dealt with */
	HOP_SOCKET_UP,       /* there may be a way now */
	HOP_SOCKET_FAILED,   /* `toward`: there is none */
};
enum hop_socket_fact hop_socket_push(
	struct hop_socket *s, const struct fact *in, struct addr *toward);
