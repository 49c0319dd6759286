#include "net/sock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"

static struct addr at(const char *text)
{
	struct addr a;

	assert_true(addr_decode(slice_str(text), &a));
	return a;
}

/* Is there IPv6 on this machine's loopback? */
static bool has_v6(void)
{
	const struct addr a = at("[::1]:0");
	int fd = sock_open(&a, SOCK_DGRAM);
	int err = fd < 0 ? fd : sock_bind(fd, &a);

	if (fd >= 0)
		close(fd);
	return err == 0;
}

static void an_address_goes_to_the_kernel_and_back(void **state)
{
	static const struct {
		const char *text;
		int family;
		socklen_t n;
	} cases[] = {
		{ "192.0.2.1:5060", AF_INET, sizeof(struct sockaddr_in) },
		{ "0.0.0.0:0", AF_INET, sizeof(struct sockaddr_in) },
		{ "255.255.255.255:65535", AF_INET, sizeof(struct sockaddr_in) },
		{ "[2001:db8::1]:5060", AF_INET6, sizeof(struct sockaddr_in6) },
		{ "[::ffff:192.0.2.1]:1", AF_INET6, sizeof(struct sockaddr_in6) },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct addr a = at(cases[i].text), back;
		union sock_addr sa;

		memset(&sa, 0xff, sizeof(sa));
		assert_int_equal(sock_put_addr(&sa, &a), cases[i].n);
		assert_int_equal(sa.sa.sa_family, cases[i].family);
		memset(&back, 0xff, sizeof(back));
		sock_get_addr(&back, &sa);
		addr_unmap(&a); /* nobody above sees a mapped one */
		assert_true(addr_eq(&a, &back));
		assert_int_equal(back.scope, 0);
	}
}

static void port_and_address_are_in_network_order(void **state)
{
	struct addr a = at("192.0.2.1:5060");
	union sock_addr sa;

	(void)state;
	sock_put_addr(&sa, &a);
	assert_int_equal(ntohs(sa.in.sin_port), 5060);
	assert_int_equal(ntohl(sa.in.sin_addr.s_addr), 0xc0000201);
}

/* fe80::1 on one interface is not the one on another. */
static void the_zone_of_ipv6_goes_along(void **state)
{
	struct addr a = at("[fe80::1]:7"), back;
	union sock_addr sa;

	(void)state;
	a.scope = 3;
	sock_put_addr(&sa, &a);
	assert_int_equal(sa.in6.sin6_scope_id, 3);
	sock_get_addr(&back, &sa);
	assert_int_equal(back.scope, 3);
}

static void no_family_is_no_address(void **state)
{
	const struct addr none = { 0 };
	union sock_addr sa = { .sa = { .sa_family = AF_UNIX } };
	struct addr a;

	(void)state;
	assert_int_equal(sock_put_addr(&sa, &none), 0);
	sa.sa.sa_family = AF_UNIX;
	sock_get_addr(&a, &sa);
	assert_int_equal(a.family, 0);
	assert_int_equal(a.port, 0);
	assert_int_equal(sock_open(&none, SOCK_DGRAM), -EAFNOSUPPORT);
	assert_int_equal(sock_toward(&none, &a), -EAFNOSUPPORT);
}

/* A read never waits, and a child that is started does not inherit it. */
static void a_socket_does_not_block_and_is_not_inherited(void **state)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	const struct addr a = at("127.0.0.1:0");

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		int fd = sock_open(&a, types[i]), type;
		socklen_t n = sizeof(type);

		assert_true(fd >= 0);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n), 0);
		assert_int_equal(type, types[i]);
		close(fd);
	}
}

static void bind_takes_a_port_and_local_tells_it(void **state)
{
	const struct addr any = at("127.0.0.1:0");
	int fd = sock_open(&any, SOCK_DGRAM), other = sock_open(&any, SOCK_DGRAM);
	struct addr local, again;

	(void)state;
	assert_int_equal(sock_bind(fd, &any), 0);
	assert_int_equal(sock_local(fd, &local), 0);
	assert_true(addr_ip_eq(&local, &any));
	assert_true(local.port > 0);
	assert_int_equal(sock_bind(other, &local), -EADDRINUSE);
	close(fd);
	assert_int_equal(sock_bind(other, &local), 0);
	assert_int_equal(sock_local(other, &again), 0);
	assert_true(addr_eq(&again, &local));
	close(other);
	assert_int_equal(sock_local(other, &local), -EBADF);
	assert_int_equal(sock_bind(other, &any), -EBADF);
}

static void an_address_that_is_not_here_cannot_be_bound(void **state)
{
	const struct addr elsewhere = at("192.0.2.1:0");
	int fd = sock_open(&elsewhere, SOCK_DGRAM);

	(void)state;
	assert_int_equal(sock_bind(fd, &elsewhere), -EADDRNOTAVAIL);
	close(fd);
}

/* [::] takes IPv4 too, under its own name; where that is taken it leaves it alone. */
static void ipv6_takes_ipv4_that_nobody_has(void **state)
{
	struct addr v6 = at("[::]:0"), v4 = at("127.0.0.1:0"), from;
	union sock_addr sa = { .sa = { 0 } };
	socklen_t n = sizeof(sa);
	char byte;
	int a, b;

	(void)state;
	if (!has_v6())
		skip();
	a = sock_open(&v6, SOCK_DGRAM);
	b = sock_open(&v4, SOCK_DGRAM);
	assert_int_equal(sock_bind(a, &v6), 0);
	assert_int_equal(sock_local(a, &v6), 0);
	assert_int_equal(sock_bind(b, &v4), 0);
	assert_int_equal(sock_local(b, &v4), 0);
	struct addr to = at("127.0.0.1:0");
	to.port = v6.port;
	union sock_addr where;
	assert_int_equal(sendto(b, "x", 1, 0, &where.sa, sock_put_addr(&where, &to)), 1);
	assert_int_equal(recvfrom(a, &byte, 1, 0, &sa.sa, &n), 1);
	sock_get_addr(&from, &sa);
	assert_true(addr_eq(&from, &v4));
	assert_int_equal(from.family, 4);
	/* And back. */
	assert_int_equal(sendto(a, "y", 1, 0, &where.sa, sock_put_addr_on(&where, &v4, 6)), 1);
	assert_int_equal(recv(b, &byte, 1, 0), 1);
	close(a);
	close(b);
}

static void ipv6_leaves_ipv4_to_who_has_it(void **state)
{
	struct addr v6 = at("[::]:0"), v4 = at("0.0.0.0:0");
	int a, b;

	(void)state;
	if (!has_v6())
		skip();
	a = sock_open(&v6, SOCK_DGRAM);
	b = sock_open(&v4, SOCK_DGRAM);
	assert_int_equal(sock_bind(b, &v4), 0);
	assert_int_equal(sock_local(b, &v4), 0);
	v6.port = v4.port;
	assert_int_equal(sock_bind(a, &v6), 0);
	close(a);
	close(b);
}

static void the_address_toward_a_peer_is_ours(void **state)
{
	struct addr peer = at("127.0.0.9:5060"), local;

	(void)state;
	assert_int_equal(sock_toward(&peer, &local), 0);
	assert_int_equal(local.family, 4);
	assert_int_equal(local.ip[0], 127);
	assert_int_equal(local.port, 0);
	peer.port = 0; /* any will do */
	assert_int_equal(sock_toward(&peer, &local), 0);
	if (has_v6()) {
		peer = at("[::1]:5060");
		assert_int_equal(sock_toward(&peer, &local), 0);
		assert_true(addr_ip_eq(&local, &peer));
		assert_int_equal(local.port, 0);
	}
}

static void a_peer_that_cannot_be_reached_is_an_error(void **state)
{
	struct addr peer = at("255.255.255.255:9"), local = at("192.0.2.1:1"), before = local;

	(void)state;
	int err = sock_toward(&peer, &local);
	/* A broadcast is not allowed, if there is a network at all. */
	assert_true(err == -EACCES || err == -ENETUNREACH);
	assert_true(addr_eq(&local, &before)); /* not written on failure */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_goes_to_the_kernel_and_back),
		cmocka_unit_test(port_and_address_are_in_network_order),
		cmocka_unit_test(the_zone_of_ipv6_goes_along),
		cmocka_unit_test(no_family_is_no_address),
		cmocka_unit_test(a_socket_does_not_block_and_is_not_inherited),
		cmocka_unit_test(bind_takes_a_port_and_local_tells_it),
		cmocka_unit_test(an_address_that_is_not_here_cannot_be_bound),
		cmocka_unit_test(ipv6_takes_ipv4_that_nobody_has),
		cmocka_unit_test(ipv6_leaves_ipv4_to_who_has_it),
		cmocka_unit_test(the_address_toward_a_peer_is_ours),
		cmocka_unit_test(a_peer_that_cannot_be_reached_is_an_error),
	};

	return cmocka_run_group_tests_name("sock", tests, NULL, NULL);
}
