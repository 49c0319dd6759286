/* sock.h - addresses as the kernel wants them, and what every socket here has in common. */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/addr.h"

union sock_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* How many bytes of *ret count; 0 when `a` has no family. */
socklen_t sock_put_addr(union sock_addr *ret, const struct addr *a);
/* The same for a socket of that family: one of IPv6 knows IPv4 as ::ffff:192.0.2.1. */
socklen_t sock_put_addr_on(union sock_addr *ret, const struct addr *a, uint8_t family);
void sock_get_addr(struct addr *ret, const union sock_addr *from); /* family 0 if neither IP */

/* A non-blocking socket of type SOCK_STREAM or SOCK_DGRAM: its number, or -errno. */
int sock_open(const struct addr *a, int type);
/* One bound to [::] takes IPv4 too, unless another socket has that at its port. */
int sock_bind(int fd, const struct addr *a);
int sock_local(int fd, struct addr *ret);

/* The address of this machine from which `peer` is reached; port 0.  No packet is sent. */
int sock_toward(const struct addr *peer, struct addr *ret);
