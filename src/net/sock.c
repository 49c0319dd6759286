#include "net/sock.h"

#include <string.h>
#include <unistd.h>

socklen_t sock_put_addr(union sock_addr *ret, const struct addr *a)
{
	if (a->family == 4) {
		ret->in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(a->port) };
		memcpy(&ret->in.sin_addr, a->ip, 4);
		return sizeof(ret->in);
	}
	if (a->family == 6) {
		ret->in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
			.sin6_port = htons(a->port),
			.sin6_scope_id = a->scope };
		memcpy(&ret->in6.sin6_addr, a->ip, 16);
		return sizeof(ret->in6);
	}
	return 0;
}

void sock_get_addr(struct addr *ret, const union sock_addr *from)
{
	*ret = (struct addr){ 0 };
	if (from->sa.sa_family == AF_INET) {
		ret->family = 4;
		ret->port = ntohs(from->in.sin_port);
		memcpy(ret->ip, &from->in.sin_addr, 4);
	} else if (from->sa.sa_family == AF_INET6) {
		ret->family = 6;
		ret->port = ntohs(from->in6.sin6_port);
		ret->scope = from->in6.sin6_scope_id;
		memcpy(ret->ip, &from->in6.sin6_addr, 16);
	}
}

int sock_open(const struct addr *a, int type)
{
	const int one = 1;
	int family = a->family == 6 ? AF_INET6 : AF_INET;
	int fd;

	if (a->family == 0)
		return -EAFNOSUPPORT;
	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* An IPv6 socket that also took IPv4 would show mapped addresses to everyone above. */
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	return fd;
}

int sock_bind(int fd, const struct addr *a)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, a);

	return bind(fd, &sa.sa, n) < 0 ? -errno : 0;
}

int sock_local(int fd, struct addr *ret)
{
	union sock_addr sa = { .sa = { 0 } };
	socklen_t n = sizeof(sa);

	if (getsockname(fd, &sa.sa, &n) < 0)
		return -errno;
	sock_get_addr(ret, &sa);
	return 0;
}

int sock_toward(const struct addr *peer, struct addr *ret)
{
	struct addr to = *peer;
	union sock_addr sa;
	struct addr local;
	int err = 0;
	int fd = sock_open(peer, SOCK_DGRAM);

	if (fd < 0)
		return fd;
	if (to.port == 0)
		to.port = 9; /* any will do: connecting a UDP socket only asks the routing table */
	if (connect(fd, &sa.sa, sock_put_addr(&sa, &to)) < 0)
		err = -errno;
	if (!err)
		err = sock_local(fd, &local);
	close(fd);
	if (err)
		return err;
	local.port = 0;
	*ret = local;
	return 0;
}
