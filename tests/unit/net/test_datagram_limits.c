/* A kernel that takes what a test lets it, and has errors and addresses that are hard to come by.
 */
#include "datagram_rig.h"

#include <event2/event.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "net/sock.h"

enum { CALLS_MAX = 256 };

/* ---- what is sent ---- */

static size_t room;    /* datagrams that are taken before it is full; SIZE_MAX: no end */
static bool swallow;   /* and go nowhere */
static int full_errno; /* how it says that it is full */
static int send_errno; /* of the next `n_send_errno` calls */
static unsigned n_send_errno;
static unsigned calls[CALLS_MAX], n_calls; /* how many each was given */
static unsigned n_sent;
static size_t bytes_sent;
static struct msghdr last; /* the one that was given last, */
static uint8_t last_control[64];

static void note(const struct msghdr *m)
{
	last = *m;
	memset(last_control, 0, sizeof(last_control));
	if (m->msg_control)
		memcpy(last_control, m->msg_control, m->msg_controllen);
}

int sendmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags)
{
	assert_true(n_calls < CALLS_MAX);
	calls[n_calls++] = n;
	note(&msgs[0].msg_hdr);
	if (n_send_errno) {
		n_send_errno--;
		errno = send_errno;
		return -1;
	}
	n = room < n ? (unsigned)room : n;
	if (n == 0) {
		errno = full_errno;
		return -1;
	}
	int sent = swallow ? (int)n : (int)syscall(SYS_sendmmsg, fd, msgs, n, flags);
	for (int i = 0; i < sent; i++)
		bytes_sent += msgs[i].msg_hdr.msg_iov->iov_len;
	n_sent += sent > 0 ? (unsigned)sent : 0;
	room -= room == SIZE_MAX || sent < 0 ? 0 : (size_t)sent;
	return sent;
}

/* ---- what comes in ---- */

static int recv_errno; /* of the next recvmmsg() */
static struct {
	bool is_there;
	union sock_addr peer;
	uint8_t control[64];
	size_t n_control;
} incoming;

int recvmmsg(int fd, struct mmsghdr *msgs, unsigned n, int flags, struct timespec *t)
{
	if (recv_errno) {
		errno = recv_errno;
		recv_errno = 0;
		return -1;
	}
	if (!incoming.is_there)
		return (int)syscall(SYS_recvmmsg, fd, msgs, n, flags, t);
	struct msghdr *m = &msgs[0].msg_hdr;
	incoming.is_there = false;
	memcpy(m->msg_name, &incoming.peer, sizeof(incoming.peer));
	memcpy(m->msg_control, incoming.control, incoming.n_control);
	m->msg_controllen = incoming.n_control;
	msgs[0].msg_len = 0;
	return 1;
}

/* ---- its queue of errors ---- */

static unsigned n_errors;
static int error_level, error_type;
static struct sock_extended_err error;
static union sock_addr error_peer;

ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
	if (!n_errors)
		return syscall(SYS_recvmsg, fd, m, flags);
	n_errors--;
	memcpy(m->msg_name, &error_peer, sizeof(error_peer));
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	*c = (struct cmsghdr){ .cmsg_level = error_level,
		.cmsg_type = error_type,
		.cmsg_len = CMSG_LEN(sizeof(error)) };
	memcpy(CMSG_DATA(c), &error, sizeof(error));
	m->msg_controllen = CMSG_SPACE(sizeof(error));
	return 0;
}

/* ---- what a socket is asked for ---- */

static int asked_rcvbuf, asked_sndbuf;

int setsockopt(int fd, int level, int name, const void *value, socklen_t n)
{
	if (level == SOL_SOCKET && name == SO_RCVBUF)
		asked_rcvbuf = *(const int *)value;
	if (level == SOL_SOCKET && name == SO_SNDBUF)
		asked_sndbuf = *(const int *)value;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, n);
}

/* ---- pages given back ---- */

static struct {
	unsigned n;
	uintptr_t from;
	size_t size;
} given_back;

int madvise(void *from, size_t size, int advice)
{
	if (advice == MADV_DONTNEED) {
		given_back.n++;
		given_back.from = (uintptr_t)from;
		given_back.size = size;
	}
	return 0;
}

/* ---- */

static struct datagram *a, *b;

static void open_both(const char *at)
{
	a = open_at(1, at);
	b = open_at(2, "127.0.0.1:0");
}

static int begin(void **state)
{
	room = SIZE_MAX;
	swallow = false;
	full_errno = EAGAIN;
	n_send_errno = n_calls = n_sent = n_errors = 0;
	bytes_sent = 0;
	recv_errno = 0;
	memset(&incoming, 0, sizeof(incoming));
	memset(&given_back, 0, sizeof(given_back));
	error_level = IPPROTO_IP;
	error_type = IP_RECVERR;
	error = (struct sock_extended_err){ .ee_errno = ECONNREFUSED,
		.ee_origin = SO_EE_ORIGIN_ICMP };
	error_peer.in = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(5060),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	a = b = NULL;
	return set_up(state);
}

static int end(void **state)
{
	datagram_free(a);
	datagram_free(b);
	return tear_down(state);
}

static void send_number(unsigned i)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", i);
	datagram_send(a, &anywhere, datagram_local(b), slice_str(text));
}

static void assert_numbers(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		assert_string_equal(told[i].text, text);
		assert_true(addr_eq(&told[i].peer, datagram_local(a)));
	}
}

static void turn(void)
{
	loop_wait(loop, 0);
	datagrams_process(&ds);
	datagrams_flush(&ds);
}

/* ---- a kernel that is full ---- */

static void what_a_full_kernel_does_not_take_waits_in_order(void **state)
{
	static const int errnos[] = { EAGAIN, ENOBUFS, ENOMEM };

	(void)state;
	open_both("127.0.0.1:0");
	for (size_t k = 0; k < COUNT(errnos); k++) {
		n_told = n_calls = 0;
		room = 0;
		full_errno = errnos[k];
		for (unsigned i = 0; i < 10; i++)
			send_number(i);
		datagrams_flush(&ds);
		datagrams_flush(&ds);
		assert_int_equal(n_calls, 1); /* the loop says when it has room */
		room = 3;
		turn();
		assert_int_equal(calls[1], 10);
		assert_int_equal(calls[2], 7);
		room = SIZE_MAX;
		wait_for(10);
		assert_int_equal(n_calls, 4);
		assert_numbers(10);
	}
}

static void they_go_in_full_batches(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	for (unsigned i = 0; i < 65; i++)
		send_number(i);
	assert_int_equal(n_calls, 1); /* while the first are in the cache */
	datagrams_flush(&ds);
	assert_int_equal(calls[0], 64);
	assert_int_equal(calls[1], 1);
	wait_for(65);
	/* Behind a full kernel more than a batch waits, and nothing is tried for each. */
	n_told = n_calls = 0;
	room = 0;
	for (unsigned i = 0; i < 150; i++)
		send_number(i);
	assert_int_equal(n_calls, 1);
	room = SIZE_MAX;
	wait_for(150);
	assert_numbers(150);
	assert_int_equal(n_calls, 4);
	assert_int_equal(calls[1], 64);
	assert_int_equal(calls[2], 64);
	assert_int_equal(calls[3], 22);
}

static void what_waits_has_its_limits(void **state)
{
	static uint8_t big[65000];

	(void)state;
	open_both("127.0.0.1:0");
	swallow = true;
	room = 0;
	for (unsigned i = 0; i < 5000; i++)
		send_number(i);
	room = 10; /* those behind move up */
	turn();
	room = SIZE_MAX;
	turn();
	turn();
	assert_int_equal(n_sent, 4096);
	n_sent = 0;
	bytes_sent = 0;
	room = 0;
	for (unsigned i = 0; i < 200; i++)
		datagram_send(a, &anywhere, datagram_local(b), slice_of(big, sizeof(big)));
	datagram_send(a, &anywhere, datagram_local(b), slice_of(big, 3000)); /* that one fits */
	room = SIZE_MAX;
	turn();
	turn();
	assert_int_equal(n_sent, (8 << 20) / 65000 + 1);
	assert_int_equal(bytes_sent, (8 << 20) / 65000 * 65000 + 3000);
	/* What is gone takes no room. */
	n_sent = 0;
	for (unsigned i = 0; i < 200; i++) {
		datagram_send(a, &anywhere, datagram_local(b), slice_of(big, sizeof(big)));
		datagrams_flush(&ds);
		n_calls = 0;
	}
	assert_int_equal(n_sent, 200);
}

static void without_memory_a_datagram_is_lost_and_the_next_is_not(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	mem_fail_after(0);
	send_number(7);
	mem_fail_after(-1);
	send_number(0);
	wait_for(1);
	assert_numbers(1);
}

/* ---- errors ---- */

static void an_error_that_waits_hides_no_datagram(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	send_number(0);
	datagrams_flush(&ds);
	n_errors = 1;
	recv_errno = ECONNREFUSED;
	loop_wait(loop, loop_now(loop) + TS_S(5));
	datagrams_process(&ds); /* one wake-up tells both */
	assert_int_equal(n_told, 2);
	assert_string_equal(told[0].text, "0");
	assert_int_equal(told[1].type, FACT_DATAGRAM_FAILED);
	assert_int_equal(told[1].err, ECONNREFUSED);
	assert_int_equal(told[1].peer.port, 5060);
	assert_true(addr_eq(&told[1].local, datagram_local(b)));
	assert_false(datagrams_ready(&ds));
}

static void only_what_a_network_says_of_a_peer_is_told(void **state)
{
	const union sock_addr v4 = { .in = { .sin_family = AF_INET, .sin_port = htons(5060) } };
	const union sock_addr v6 = { .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(5060) } };
	const union sock_addr none = { .sa = { 0 } };
	const struct {
		const char *what;
		int level, type;
		uint8_t origin;
		uint32_t err;
		union sock_addr peer;
		bool told;
	} rows[] = {
		{ "ICMP", IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, EHOSTUNREACH, v4, true },
		{ "ICMPv6", IPPROTO_IPV6, IPV6_RECVERR, SO_EE_ORIGIN_ICMP6, EHOSTUNREACH, v6,
			true },
		{ "our own", IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_LOCAL, EHOSTUNREACH, v4, false },
		{ "a path's maximum", IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, EMSGSIZE, v4,
			false },
		{ "of nobody", IPPROTO_IP, IP_RECVERR, SO_EE_ORIGIN_ICMP, EHOSTUNREACH, none,
			false },
		{ "something else", IPPROTO_IP, IP_TTL, SO_EE_ORIGIN_ICMP, EHOSTUNREACH, v4,
			false },
		{ "something of IPv6", IPPROTO_IPV6, IPV6_PKTINFO, SO_EE_ORIGIN_ICMP, EHOSTUNREACH,
			v6, false },
		{ "of another level", IPPROTO_UDP, IP_RECVERR, SO_EE_ORIGIN_ICMP, EHOSTUNREACH, v4,
			false },
		{ "of another level, IPv6", IPPROTO_UDP, IPV6_RECVERR, SO_EE_ORIGIN_ICMP,
			EHOSTUNREACH, v6, false },
	};

	(void)state;
	open_both("127.0.0.1:0");
	for (size_t i = 0; i < COUNT(rows); i++) {
		n_told = 0;
		n_errors = 1;
		error_level = rows[i].level;
		error_type = rows[i].type;
		error.ee_origin = rows[i].origin;
		error.ee_errno = rows[i].err;
		error_peer = rows[i].peer;
		n_send_errno = 1;
		send_errno = EHOSTUNREACH;
		send_number(0);
		datagrams_flush(&ds);
		wait_for(rows[i].told ? 2 : 1);
		for (unsigned k = 0; k < n_told; k++)
			if ((told[k].type == FACT_DATAGRAM_FAILED) != (rows[i].told && k == 0))
				fail_msg("%s: fact %u", rows[i].what, k);
	}
}

static void of_a_flood_of_errors_some_are_told(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	n_errors = 1000;
	recv_errno = ECONNREFUSED;
	send_number(0);
	datagrams_flush(&ds);
	loop_wait(loop, loop_now(loop) + TS_S(5));
	datagrams_process(&ds);
	assert_int_equal(n_told, 1 + 64);
	assert_int_equal(n_errors, 1000 - 128); /* the rest in its turn */
	n_errors = 0;
	assert_false(datagrams_ready(&ds));
}

static void without_memory_an_error_is_not_told(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	n_errors = 1;
	recv_errno = ECONNREFUSED;
	send_number(0);
	datagrams_flush(&ds);
	loop_wait(loop, loop_now(loop) + TS_S(5));
	mem_fail_after(0);
	datagrams_process(&ds);
	mem_fail_after(-1);
	assert_int_equal(n_told, 1);
}

static void a_call_that_was_interrupted_is_made_again(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	n_send_errno = 2;
	send_errno = EINTR;
	send_number(0);
	send_number(1);
	wait_for(2);
	assert_numbers(2);
	assert_int_equal(n_calls, 3);
}

static void an_error_that_none_explains_is_the_first_datagrams(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	n_send_errno = 1;
	send_errno = EPERM; /* a packet filter */
	for (unsigned i = 0; i < 3; i++)
		send_number(i);
	wait_for(3);
	assert_int_equal(n_calls, 2); /* it is not tried again, the others are */
	assert_int_equal(calls[1], 2);
	unsigned failed = told[0].type == FACT_DATAGRAM_FAILED ? 0 : 2;
	assert_int_equal(told[failed].type, FACT_DATAGRAM_FAILED);
	assert_int_equal(told[failed].err, EPERM);
	assert_true(addr_eq(&told[failed].peer, datagram_local(b)));
	assert_string_equal(told[failed ? 0 : 1].text, "1");
}

/* Each call tells an earlier one's error; somewhere that ends. */
static void a_datagram_is_tried_so_many_times(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	n_send_errno = 100;
	send_errno = ECONNREFUSED;
	n_errors = 100 * 128;
	send_number(0);
	datagrams_flush(&ds);
	assert_int_equal(n_calls, 8);
	n_errors = n_send_errno = 0;
	send_number(0);
	datagrams_flush(&ds);
	assert_int_equal(n_sent, 1);
}

/* ---- which address it leaves from, and came to ---- */

static void assert_source(int level, int type, const void *info, size_t n)
{
	struct cmsghdr c;

	assert_int_equal(last.msg_controllen, CMSG_SPACE(n));
	memcpy(&c, last_control, sizeof(c));
	assert_int_equal(c.cmsg_level, level);
	assert_int_equal(c.cmsg_type, type);
	assert_int_equal(c.cmsg_len, CMSG_LEN(n));
	assert_memory_equal(last_control + CMSG_LEN(0), info, n);
}

static struct addr ip(const char *text)
{
	struct addr ret;

	assert_true(addr_decode_ip(slice_str(text), &ret));
	return ret;
}

static void a_source_is_written_as_the_kernel_reads_it(void **state)
{
	const struct addr v4 = ip("127.0.0.3"), to = ip("192.0.2.1");
	const struct in_pktinfo info = { .ipi_spec_dst.s_addr = htonl(0x7f000003) };

	(void)state;
	swallow = true;
	a = open_at(1, "0.0.0.0:0");
	datagram_send(a, &v4, &to, SLICE("x"));
	datagrams_flush(&ds);
	assert_source(IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static void a_source_is_written_for_ipv6_with_its_interface(void **state)
{
	struct addr v6 = ip("fe80::3");
	const struct addr to = ip("fe80::1"), any6 = ip("::"), v4 = ip("127.0.0.3");
	struct in6_pktinfo info = { .ipi6_ifindex = 9 };

	(void)state;
	swallow = true;
	a = open_at(1, "[::]:0");
	v6.scope = 9;
	memcpy(&info.ipi6_addr, v6.ip, 16);
	datagram_send(a, &v6, &to, SLICE("x"));
	datagrams_flush(&ds);
	assert_source(IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	/* What is none for this socket: the kernel chooses. */
	const struct addr *const none[] = { &any6, &v4, &anywhere };
	for (size_t i = 0; i < COUNT(none); i++) {
		datagram_send(a, none[i], &to, SLICE("x"));
		datagrams_flush(&ds);
		assert_null(last.msg_control);
	}
}

/* A datagram to an address of ours, as IPV6_PKTINFO says it; or as something else that says
 * nothing. */
static void comes_to(const struct addr *here, unsigned interface, int level, int type)
{
	struct in6_pktinfo info = { .ipi6_ifindex = interface };
	struct cmsghdr c = {
		.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(sizeof(info))
	};

	memcpy(&info.ipi6_addr, here->ip, 16);
	memcpy(incoming.control, &c, sizeof(c));
	memcpy(incoming.control + CMSG_LEN(0), &info, sizeof(info));
	incoming.n_control = CMSG_SPACE(sizeof(info));
	incoming.peer.in6 =
		(struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(5060) };
	incoming.peer.in6.sin6_addr.s6_addr[15] = 7;
	incoming.is_there = true;
	n_told = 0;
	struct addr self = *datagram_local(a);
	self.ip[15] = 1; /* ::1, so that the loop wakes */
	datagram_send(a, &anywhere, &self, SLICE("x"));
	datagrams_flush(&ds);
	wait_for(1);
}

static void a_link_local_address_has_its_interface(void **state)
{
	const struct addr link_local = ip("fe80::3"), global = ip("2001:db8::3");

	(void)state;
	a = open_at(1, "[::]:0");
	comes_to(&link_local, 9, IPPROTO_IPV6, IPV6_PKTINFO);
	assert_memory_equal(told[0].local.ip, link_local.ip, 16);
	assert_int_equal(told[0].local.scope, 9);
	assert_int_equal(told[0].local.port, datagram_local(a)->port);
	comes_to(&global, 9, IPPROTO_IPV6, IPV6_PKTINFO);
	assert_memory_equal(told[0].local.ip, global.ip, 16);
	assert_int_equal(told[0].local.scope, 0);
}

static void what_else_comes_with_a_datagram_is_no_address(void **state)
{
	static const int others[][2] = { { IPPROTO_IPV6, IPV6_HOPLIMIT }, { IPPROTO_IP, IP_TTL },
		{ IPPROTO_UDP, IPV6_PKTINFO }, { IPPROTO_UDP, IP_PKTINFO } };
	const struct addr global = ip("2001:db8::3");

	(void)state;
	a = open_at(1, "[::]:0");
	for (size_t i = 0; i < COUNT(others); i++) {
		comes_to(&global, 9, others[i][0], others[i][1]);
		assert_true(addr_eq(&told[0].local, datagram_local(a)));
	}
}

static void a_peer_is_answered_from_where_it_came_only(void **state)
{
	struct addr other;

	(void)state;
	open_both("0.0.0.0:0");
	struct addr second = at_port("127.0.0.2", a);
	datagram_send(b, &anywhere, &second, SLICE("question"));
	wait_for(1);
	swallow = true;
	datagram_send(a, &anywhere, datagram_local(b), SLICE("x"));
	datagrams_flush(&ds);
	assert_non_null(last.msg_control);
	for (unsigned i = 1; i < 3000; i++) { /* also one that falls into its place */
		other = *datagram_local(b);
		other.ip[3] = (uint8_t)(2 + i % 200);
		other.port = (uint16_t)(1024 + i);
		datagram_send(a, &anywhere, &other, SLICE("x"));
		datagrams_flush(&ds);
		n_calls = 0;
		assert_null(last.msg_control);
	}
}

static void an_address_that_nothing_reaches_is_refused(void **state)
{
	struct addr all = ip("255.255.255.255");
	struct datagram *d = NULL;

	(void)state;
	assert_int_equal(datagram_new(&d, &ds, 1, &all, true, NULL), -EACCES);
	assert_null(d);
}

/* ---- pages ---- */

static void only_a_large_datagram_gives_its_pages_back(void **state)
{
	static uint8_t big[65507];

	(void)state;
	open_both("127.0.0.1:0");
	datagram_send(a, &anywhere, datagram_local(b), slice_of(big, 16384));
	wait_for(1);
	assert_int_equal(given_back.n, 0);
	/* The second piece begins in the middle of a page, which is the first one's too. */
	datagram_send(a, &anywhere, datagram_local(b), SLICE("first"));
	datagram_send(a, &anywhere, datagram_local(b), slice_of(big, 16385));
	wait_for(3);
	assert_int_equal(given_back.n, 1);
	assert_int_equal(given_back.from % 4096, 0);
	assert_int_equal(given_back.size, 15 * 4096);
	datagram_send(a, &anywhere, datagram_local(b), slice_of(big, sizeof(big)));
	wait_for(4);
	assert_int_equal(given_back.n, 2);
	assert_int_equal(given_back.size, 16 * 4096);
}

/* mincore(2): what is mapped nowhere is ENOMEM. */
static void the_pages_end_with_the_last_socket(void **state)
{
	static uint8_t big[65507];
	unsigned char in_core;

	(void)state;
	open_both("127.0.0.1:0");
	datagram_send(a, &anywhere, datagram_local(b), slice_of(big, sizeof(big)));
	wait_for(1);
	void *page = (void *)given_back.from;
	assert_int_equal(mincore(page, 4096, &in_core), 0);
	datagrams_done(&ds);
	assert_int_equal(mincore(page, 4096, &in_core), -1);
}

/* ---- sockets that go ---- */

static void without_a_socket_there_is_nothing_to_undo(void **state)
{
	(void)state;
	assert_null(ds.batch);
}

static void a_socket_asks_for_room_for_a_burst(void **state)
{
	(void)state;
	asked_rcvbuf = asked_sndbuf = 0;
	a = open_at(1, "127.0.0.1:0");
	assert_int_equal(asked_rcvbuf, 4 << 20);
	assert_int_equal(asked_sndbuf, 4 << 20);
}

static void one_that_was_not_opened_closes_nothing(void **state)
{
	struct addr all = ip("255.255.255.255");
	int null = open("/dev/null", O_RDONLY);
	int saved = dup(0);
	struct datagram *d = NULL;

	(void)state;
	assert_int_equal(dup2(null, 0), 0); /* the first descriptor is anybody's */
	assert_int_equal(datagram_new(&d, &ds, 1, &all, true, NULL), -EACCES);
	assert_int_not_equal(fcntl(0, F_GETFD), -1);
	dup2(saved < 0 ? null : saved, 0);
	close(null);
	close(saved);
}

static void one_that_is_freed_is_awaited_by_nobody(void **state)
{
	const int events = event_base_get_num_events(loop_base(loop), EVENT_BASE_COUNT_ADDED);

	(void)state;
	open_both("127.0.0.1:0");
	room = 0;
	send_number(0);
	datagrams_flush(&ds);
	a = datagram_free(a);
	b = datagram_free(b);
	assert_int_equal(
		event_base_get_num_events(loop_base(loop), EVENT_BASE_COUNT_ADDED), events);
	/* Something to send, and something to tell. */
	open_both("127.0.0.1:0");
	send_number(0);
	a = datagram_free(a);
	datagrams_flush(&ds);
	a = open_at(1, "127.0.0.1:0");
	room = SIZE_MAX;
	n_send_errno = 1;
	send_errno = EPERM;
	send_number(0);
	datagrams_flush(&ds);
	assert_true(datagrams_ready(&ds));
	a = datagram_free(a);
	datagrams_process(&ds);
	assert_int_equal(n_told, 0);
}

static void those_that_are_ready_twice_are_told_once(void **state)
{
	(void)state;
	open_both("127.0.0.1:0");
	send_number(0);
	datagram_send(b, &anywhere, datagram_local(a), SLICE("1"));
	datagrams_flush(&ds);
	for (unsigned i = 0; i < 3; i++)
		loop_wait(loop, 0);
	datagrams_process(&ds);
	assert_int_equal(n_told, 2);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_full_kernel_does_not_take_waits_in_order),
		TEST(they_go_in_full_batches),
		TEST(what_waits_has_its_limits),
		TEST(without_memory_a_datagram_is_lost_and_the_next_is_not),
		TEST(an_error_that_waits_hides_no_datagram),
		TEST(only_what_a_network_says_of_a_peer_is_told),
		TEST(of_a_flood_of_errors_some_are_told),
		TEST(without_memory_an_error_is_not_told),
		TEST(a_call_that_was_interrupted_is_made_again),
		TEST(an_error_that_none_explains_is_the_first_datagrams),
		TEST(a_datagram_is_tried_so_many_times),
		TEST(a_source_is_written_as_the_kernel_reads_it),
		TEST(a_source_is_written_for_ipv6_with_its_interface),
		TEST(a_link_local_address_has_its_interface),
		TEST(a_peer_is_answered_from_where_it_came_only),
		TEST(an_address_that_nothing_reaches_is_refused),
		TEST(what_else_comes_with_a_datagram_is_no_address),
		TEST(only_a_large_datagram_gives_its_pages_back),
		TEST(the_pages_end_with_the_last_socket),
		TEST(without_a_socket_there_is_nothing_to_undo),
		TEST(a_socket_asks_for_room_for_a_burst),
		TEST(one_that_was_not_opened_closes_nothing),
		TEST(one_that_is_freed_is_awaited_by_nobody),
		TEST(those_that_are_ready_twice_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
