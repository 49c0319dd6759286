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

socklen_t sock_put_addr_on(union sock_addr *ret, const struct addr *a, uint8_t family)
{
	struct addr mapped = *a;

	if (family == 6 && a->family == 4) {
		mapped = (struct addr){ .family = 6, .port = a->port };
		mapped.ip[10] = mapped.ip[11] = 0xff;
		memcpy(mapped.ip + 12, a->ip, 4);
	}
	return sock_put_addr(ret, &mapped);
}

/* Nobody above sees a mapped address. */
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
		addr_unmap(ret);
	}
}

static void set_v6_only(int fd, int on)
{
	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
}

int sock_open(const struct addr *a, int type)
{
	int family = a->family == 6 ? AF_INET6 : AF_INET;
	int fd;

	if (a->family == 0)
		return -EAFNOSUPPORT;
	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Whatever the system's default is. */
	if (family == AF_INET6)
		set_v6_only(fd, !addr_is_wildcard(a));
	return fd;
}

int sock_bind(int fd, const struct addr *a)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, a);

	if (bind(fd, &sa.sa, n) == 0)
		return 0;
	if (errno != EADDRINUSE || a->family != 6 || !addr_is_wildcard(a))
		return -errno;
	set_v6_only(fd, 1);
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
