#include "net/udp.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <linux/errqueue.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/sock.h"

enum {
	DGRAM_MAX = 65536, /* the largest possible is 65,507 */
	/* 33 cache lines more than a datagram, so that the beginnings of all the slots do not
	 * fall on the same cache sets. */
	SLOT = DGRAM_MAX + 33 * 64,
	BIG = 8192, /* a slot that was filled beyond this gives its pages back */
	CONTROL_MAX = 64,
	RCVBUF = 4 * 1024 * 1024,
	SNDBUF = 1024 * 1024,
	RETURNS = 1024,   /* peers whose way in is remembered, on a wildcard socket */
	SEND_RETRIES = 4, /* of one datagram, when the error was an earlier one's */
};

union control {
	struct cmsghdr align;
	uint8_t bytes[CONTROL_MAX];
};

struct udp_pool {
	struct loop *loop;
	uint8_t *slab; /* UDP_BATCH slots; pages that no datagram touched cost nothing */
	struct mmsghdr headers[UDP_BATCH];
	struct iovec iovs[UDP_BATCH];
	union sock_addr addrs[UDP_BATCH];
	union control controls[UDP_BATCH];
	struct mmsghdr out_headers[UDP_BATCH];
	struct iovec out_iovs[UDP_BATCH];
	union control out_controls[UDP_BATCH];
};

struct waiting {
	union sock_addr to;
	socklen_t to_len;
	size_t offset, n; /* in the arena */
	struct addr from; /* family 0: let the kernel choose */
};

struct udp_error {
	struct addr peer;
	int err;
};

/* Through which of our addresses a peer reached us. */
struct way {
	struct addr peer, local;
};

struct udp {
	struct udp_pool *pool;
	int fd;
	struct addr local;
	bool wildcard;
	udp_ready_fn *ready;
	void *arg;
	struct event readable, writable;
	struct waiting *queue;
	size_t head, n, cap; /* queue[head..n) is not sent yet */
	struct buf arena;
	struct udp_error errors[UDP_ERRORS_MAX];
	unsigned first_error, n_errors;
	struct way *ways; /* RETURNS of them, only when wildcard */
};

int udp_pool_new(struct udp_pool **ret, struct loop *l)
{
	struct udp_pool *pool = mem_alloc0(sizeof(*pool));
	void *slab;

	if (!pool)
		return -ENOMEM;
	slab = mmap(NULL, (size_t)SLOT * UDP_BATCH, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (slab == MAP_FAILED) {
		mem_free(pool);
		return -ENOMEM;
	}
	pool->loop = l;
	pool->slab = slab;
	for (size_t i = 0; i < UDP_BATCH; i++) {
		pool->iovs[i] = (struct iovec){ pool->slab + i * SLOT, DGRAM_MAX };
		pool->headers[i].msg_hdr.msg_iov = &pool->iovs[i];
		pool->headers[i].msg_hdr.msg_iovlen = 1;
		pool->headers[i].msg_hdr.msg_name = &pool->addrs[i];
		pool->out_headers[i].msg_hdr.msg_iov = &pool->out_iovs[i];
		pool->out_headers[i].msg_hdr.msg_iovlen = 1;
	}
	*ret = pool;
	return 0;
}

struct udp_pool *udp_pool_free(struct udp_pool *pool)
{
	if (!pool)
		return NULL;
	munmap(pool->slab, (size_t)SLOT * UDP_BATCH);
	mem_free(pool);
	return NULL;
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct udp *u = arg;

	(void)fd;
	if (what & EV_WRITE)
		event_del(&u->writable); /* udp_flush() waits again if it must */
	u->ready(u->arg);
}

static void set_options(const struct udp *u)
{
	const int one = 1, rcvbuf = RCVBUF, sndbuf = SNDBUF;
	bool v6 = u->local.family == 6;
	int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;

	/* All are improvements, none is a condition: the kernel caps sizes as it likes. */
	(void)setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	(void)setsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	(void)setsockopt(u->fd, level, v6 ? IPV6_RECVERR : IP_RECVERR, &one, sizeof(one));
	if (u->wildcard)
		(void)setsockopt(u->fd, level, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &one,
			sizeof(one));
}

static int bind_socket(struct udp *u, const struct addr *at)
{
	int err;

	u->fd = sock_open(at, SOCK_DGRAM);
	if (u->fd < 0)
		return u->fd;
	err = sock_bind(u->fd, at);
	if (!err)
		err = sock_local(u->fd, &u->local);
	if (err)
		return err;
	u->wildcard = sock_is_wildcard(&u->local);
	set_options(u);
	return 0;
}

int udp_new(struct udp **ret, struct udp_pool *pool, const struct addr *at, udp_ready_fn *ready,
	void *arg)
{
	struct event_base *base = loop_base(pool->loop);
	struct udp *u = mem_alloc0(sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	u->fd = -1;
	u->pool = pool;
	u->ready = ready;
	u->arg = arg;
	buf_init(&u->arena, UDP_QUEUE_BYTES_MAX);
	err = bind_socket(u, at);
	if (err)
		goto out;
	err = -ENOMEM;
	if (u->wildcard) {
		u->ways = mem_alloc0(RETURNS * sizeof(*u->ways));
		if (!u->ways)
			goto out;
	}
	event_assign(&u->readable, base, u->fd, EV_READ | EV_PERSIST, on_ready, u);
	event_assign(&u->writable, base, u->fd, EV_WRITE | EV_PERSIST, on_ready, u);
	if (event_add(&u->readable, NULL) < 0)
		goto out;
	*ret = u;
	return 0;
out:
	udp_free(u);
	return err;
}

struct udp *udp_free(struct udp *u)
{
	if (!u)
		return NULL;
	if (u->head < u->n)
		udp_flush(u);
	if (event_initialized(&u->readable))
		event_del(&u->readable);
	if (event_initialized(&u->writable))
		event_del(&u->writable);
	if (u->fd >= 0)
		close(u->fd);
	buf_done(&u->arena);
	mem_free(u->queue);
	mem_free(u->ways);
	mem_free(u);
	return NULL;
}

const struct addr *udp_local(const struct udp *u)
{
	return &u->local;
}

/* ---- errors ---- */

static void note_error(struct udp *u, const struct addr *peer, int err)
{
	struct udp_error *e;

	if (u->n_errors == UDP_ERRORS_MAX)
		return; /* a flood of ICMP: those that wait say enough */
	e = &u->errors[(u->first_error + u->n_errors++) % UDP_ERRORS_MAX];
	e->peer = *peer;
	e->err = err;
}

bool udp_take_error(struct udp *u, struct addr *peer, int *ret_errno)
{
	if (u->n_errors == 0)
		return false;
	*peer = u->errors[u->first_error].peer;
	*ret_errno = u->errors[u->first_error].err;
	u->first_error = (u->first_error + 1) % UDP_ERRORS_MAX;
	u->n_errors--;
	return true;
}

static const struct sock_extended_err *find_extended(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR)
			|| (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			return (const void *)CMSG_DATA(c);
	}
	return NULL;
}

/* How many errors were in the queue.  EMSGSIZE is the path's maximum being learnt: the
 * retransmission will fit, so that it is no failure. */
static unsigned drain_errors(struct udp *u)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[512];
	} control;
	uint8_t nothing[1];
	union sock_addr to;
	unsigned n;

	for (n = 0; n < 2 * UDP_ERRORS_MAX; n++) {
		struct iovec iov = { nothing, sizeof(nothing) };
		struct msghdr m = { .msg_name = &to,
			.msg_namelen = sizeof(to),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control) };
		const struct sock_extended_err *e;
		struct addr peer;

		to.sa.sa_family = AF_UNSPEC;
		if (recvmsg(u->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		e = find_extended(&m);
		sock_get_addr(&peer, &to);
		if (!e || peer.family == 0 || e->ee_errno == EMSGSIZE)
			continue;
		if (e->ee_origin == SO_EE_ORIGIN_ICMP || e->ee_origin == SO_EE_ORIGIN_ICMP6)
			note_error(u, &peer, (int)e->ee_errno);
	}
	return n;
}

/* ---- receiving ---- */

static struct way *way_of(const struct udp *u, const struct addr *peer)
{
	uint32_t h = peer->port;

	for (size_t i = 0; i < sizeof(peer->ip); i++)
		h = (h ^ peer->ip[i]) * 16777619u;
	return &u->ways[(h ^ h >> 16) % RETURNS];
}

static void read_local(struct msghdr *m, struct addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			const struct in_pktinfo *info = (const void *)CMSG_DATA(c);

			memcpy(local->ip, &info->ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			const struct in6_pktinfo *info = (const void *)CMSG_DATA(c);

			memcpy(local->ip, &info->ipi6_addr, 16);
			if (IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
				local->scope = info->ipi6_ifindex;
		}
	}
}

static void give_back_pages(struct udp_pool *pool, unsigned n)
{
	const uintptr_t page = 4096;

	for (unsigned i = 0; i < n; i++) {
		uintptr_t from, to;

		if (pool->headers[i].msg_len <= BIG)
			continue;
		from = ((uintptr_t)pool->iovs[i].iov_base + page - 1) / page * page;
		to = ((uintptr_t)pool->iovs[i].iov_base + DGRAM_MAX) / page * page;
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
		pool->headers[i].msg_len = 0;
	}
}

unsigned udp_receive(struct udp *u)
{
	struct udp_pool *pool = u->pool;
	int n;

	give_back_pages(pool, UDP_BATCH);
	for (unsigned i = 0; i < UDP_BATCH; i++) {
		struct msghdr *m = &pool->headers[i].msg_hdr;

		m->msg_namelen = sizeof(pool->addrs[i]);
		m->msg_control = u->wildcard ? &pool->controls[i] : NULL;
		m->msg_controllen = u->wildcard ? sizeof(pool->controls[i]) : 0;
	}
	n = recvmmsg(u->fd, pool->headers, UDP_BATCH, MSG_DONTWAIT, NULL);
	if (n > 0)
		return (unsigned)n;
	/* Ready and nothing to read, or an error: then it is in the error queue.  The error
	 * stood in front of the data, if there is any. */
	if (drain_errors(u) > 0)
		n = recvmmsg(u->fd, pool->headers, UDP_BATCH, MSG_DONTWAIT, NULL);
	return n > 0 ? (unsigned)n : 0;
}

void udp_get(const struct udp *u, unsigned i, struct udp_dgram *ret)
{
	struct udp_pool *pool = u->pool;
	struct mmsghdr *h = &pool->headers[i];

	sock_get_addr(&ret->peer, &pool->addrs[i]);
	ret->local = u->local;
	ret->bytes = slice_of(pool->iovs[i].iov_base, h->msg_len);
	if (!u->wildcard)
		return;
	read_local(&h->msg_hdr, &ret->local);
	*way_of(u, &ret->peer) = (struct way){ ret->peer, ret->local };
}

/* ---- sending ---- */

static bool grow_queue(struct udp *u)
{
	size_t cap = u->cap ? 2 * u->cap : 16;
	struct waiting *queue = mem_realloc(u->queue, cap * sizeof(*queue));

	if (!queue)
		return false;
	u->queue = queue;
	u->cap = cap;
	return true;
}

/* Nothing waits: the arena and the queue begin anew. */
static void rewind_queue(struct udp *u)
{
	u->head = u->n = 0;
	buf_clear(&u->arena);
}

bool udp_send(struct udp *u, const struct addr *peer, struct slice bytes)
{
	struct waiting *w;
	size_t offset = buf_len(&u->arena);

	if (u->n - u->head >= UDP_BATCH && !event_pending(&u->writable, EV_WRITE, NULL))
		udp_flush(u); /* while it is still in the cache */
	if (u->head == u->n)
		offset = 0;
	if (u->n == UDP_QUEUE_MAX || (u->n == u->cap && !grow_queue(u)))
		return false;
	buf_put(&u->arena, bytes);
	if (buf_err(&u->arena)) {
		u->arena.err = 0; /* a put that failed has put nothing */
		return false;
	}
	w = &u->queue[u->n];
	w->to_len = sock_put_addr(&w->to, peer);
	w->offset = offset;
	w->n = bytes.n;
	w->from.family = 0;
	if (u->wildcard && addr_eq(&way_of(u, peer)->peer, peer))
		w->from = way_of(u, peer)->local;
	u->n++;
	return true;
}

static void put_source(struct msghdr *m, union control *control, const struct addr *from)
{
	struct cmsghdr *c = &control->align;

	memset(control, 0, sizeof(*control));
	m->msg_control = control;
	if (from->family == 4) {
		struct in_pktinfo *info = (void *)CMSG_DATA(c);

		m->msg_controllen = CMSG_SPACE(sizeof(*info));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(*info));
		memcpy(&info->ipi_spec_dst, from->ip, 4);
	} else {
		struct in6_pktinfo *info = (void *)CMSG_DATA(c);

		m->msg_controllen = CMSG_SPACE(sizeof(*info));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(*info));
		memcpy(&info->ipi6_addr, from->ip, 16);
		info->ipi6_ifindex = from->scope;
	}
}

static unsigned fill_batch(struct udp *u)
{
	struct udp_pool *pool = u->pool;
	const uint8_t *arena = buf_slice(&u->arena).p;
	unsigned n;

	for (n = 0; n < UDP_BATCH && u->head + n < u->n; n++) {
		struct waiting *w = &u->queue[u->head + n];
		struct msghdr *m = &pool->out_headers[n].msg_hdr;

		m->msg_name = &w->to;
		m->msg_namelen = w->to_len;
		m->msg_control = NULL;
		m->msg_controllen = 0;
		if (w->from.family != 0)
			put_source(m, &pool->out_controls[n], &w->from);
		/* sendmmsg() does not write through it. */
		pool->out_iovs[n].iov_base = (void *)(uintptr_t)(arena + w->offset);
		pool->out_iovs[n].iov_len = w->n;
	}
	return n;
}

static bool would_block(int err)
{
	/* ENOBUFS: the device's queue is full; it too passes. */
	return err == EAGAIN || err == EWOULDBLOCK || err == ENOBUFS || err == ENOMEM;
}

/* The first datagram of the queue was refused.  That may be the answer to an earlier one (its ICMP
 * error is then in the error queue): try again; else it is about this one: it alone is lost. */
static void skip_refused(struct udp *u, int err, unsigned *retries)
{
	struct addr peer;

	if (drain_errors(u) > 0 && (*retries)++ < SEND_RETRIES)
		return;
	sock_get_addr(&peer, &u->queue[u->head].to);
	note_error(u, &peer, err);
	u->head++;
	*retries = 0;
}

void udp_flush(struct udp *u)
{
	unsigned retries = 0;

	while (u->head < u->n) {
		unsigned n = fill_batch(u);
		int sent = sendmmsg(u->fd, u->pool->out_headers, n, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent > 0) {
			u->head += (unsigned)sent;
			retries = 0;
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && would_block(errno)) {
			(void)event_add(&u->writable, NULL);
			return;
		}
		skip_refused(u, errno, &retries);
	}
	rewind_queue(u);
}

bool udp_has_queue(const struct udp *u)
{
	return u->head < u->n;
}
