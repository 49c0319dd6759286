#include "net/datagram.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/sock.h"

enum {
	BATCH = 64,
	MANY = 16,     /* of a batch: their work takes longer than another call */
	PIECE = 65536, /* no datagram is cut; pages that are not written to cost nothing */
	/* 33 cache lines between the pieces: else the beginnings of all of them, which is what is
	 * used, would share the same few sets of the cache. */
	STRIDE = PIECE + 33 * 64,
	BIG = 16384, /* a piece that was filled further gives its pages back */
	PAGE = 4096,
	QUEUE_MAX = 4096, /* datagrams that wait for the kernel */
	QUEUE_BYTES = 8 << 20,
	SOCKET_BYTES = 4 << 20,
	ERRORS_MAX = 64,    /* of one socket that wait to be told */
	WAYS = 1024,        /* peers whose way in is remembered, on a wildcard socket */
	SEND_TRIES_MAX = 8, /* of one datagram, as long as the error was an earlier one's */
};

union control {
	struct cmsghdr align;
	uint8_t bytes[64];
};

struct datagram_batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iovs[BATCH];
	union sock_addr peers[BATCH];
	union control controls[BATCH];
	uint8_t *bytes;
};

struct waiting {
	union sock_addr to;
	socklen_t n_to;
	size_t offset, n;
	struct addr from; /* family 0: the kernel chooses */
};

struct late_error {
	struct addr peer;
	int err;
};

/* By which of our addresses a peer reached us. */
struct way {
	struct addr peer, local;
};

struct datagram {
	struct datagrams *ds;
	uint32_t id;
	void *owner;
	int fd;
	struct addr local;
	struct event read, write;
	struct list ready, dirty;
	bool write_armed;
	struct buf bytes;
	struct waiting *queue;
	unsigned n_queue, cap_queue;
	struct late_error *errors;
	unsigned n_errors;
	struct way *ways; /* WAYS of them when bound to a wildcard, else NULL */
};

int datagrams_init(struct datagrams *ds, struct loop *loop, datagram_tell *tell, void *arg)
{
	*ds = (struct datagrams){ .loop = loop, .tell = tell, .arg = arg };
	list_init(&ds->ready);
	list_init(&ds->dirty);
	return 0;
}

void datagrams_done(struct datagrams *ds)
{
	if (ds->batch)
		munmap(ds->batch->bytes, (size_t)BATCH * STRIDE);
	ds->batch = mem_free(ds->batch);
}

/* Made with the first socket: a test over TLS needs none of it. */
static int need_batch(struct datagrams *ds)
{
	if (ds->batch)
		return 0;
	struct datagram_batch *b = mem_alloc0(sizeof(*b));
	if (!b)
		return -ENOMEM;
	void *bytes = mmap(NULL, (size_t)BATCH * STRIDE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED) {
		mem_free(b);
		return -ENOMEM;
	}
	b->bytes = bytes;
	for (unsigned i = 0; i < BATCH; i++) {
		b->iovs[i] = (struct iovec){ b->bytes + (size_t)i * STRIDE, PIECE };
		b->msgs[i].msg_hdr = (struct msghdr){
			.msg_iov = &b->iovs[i], .msg_iovlen = 1, .msg_name = &b->peers[i]
		};
	}
	ds->batch = b;
	return 0;
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct datagram *d = arg;

	(void)fd;
	(void)what;
	list_remove(&d->ready);
	list_append(&d->ds->ready, &d->ready);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct datagram *d = arg;

	(void)fd;
	(void)what;
	d->write_armed = false;
	list_remove(&d->dirty);
	list_append(&d->ds->dirty, &d->dirty);
}

static int open_socket(struct datagram *d, const struct addr *local, bool toward)
{
	struct addr at = *local;
	int err = toward ? sock_toward(local, &at) : 0;

	if (err)
		return err;
	d->fd = sock_open(&at, SOCK_DGRAM);
	if (d->fd < 0)
		return d->fd;
	err = sock_bind(d->fd, &at);
	if (!err)
		err = sock_local(d->fd, &d->local);
	if (err)
		return err;
	const int level = at.family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	const int recverr = at.family == 4 ? IP_RECVERR : IPV6_RECVERR;
	const int pktinfo = at.family == 4 ? IP_PKTINFO : IPV6_RECVPKTINFO;
	setsockopt(d->fd, level, recverr, &(int){ 1 }, sizeof(int));
	setsockopt(d->fd, SOL_SOCKET, SO_RCVBUF, &(int){ SOCKET_BYTES }, sizeof(int));
	setsockopt(d->fd, SOL_SOCKET, SO_SNDBUF, &(int){ SOCKET_BYTES }, sizeof(int));
	if (!addr_is_wildcard(&d->local))
		return 0;
	if (at.family == 6) /* it takes IPv4 too */
		setsockopt(d->fd, IPPROTO_IP, IP_RECVERR, &(int){ 1 }, sizeof(int));
	setsockopt(d->fd, level, pktinfo, &(int){ 1 }, sizeof(int));
	d->ways = mem_alloc0(WAYS * sizeof(*d->ways));
	return d->ways ? 0 : -ENOMEM;
}

int datagram_new(struct datagram **ret, struct datagrams *ds, uint32_t id, const struct addr *local,
	bool toward, void *owner)
{
	struct datagram *d = mem_alloc0(sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->ds = ds;
	d->id = id;
	d->owner = owner;
	d->fd = -1;
	list_init(&d->ready);
	list_init(&d->dirty);
	buf_init(&d->bytes, QUEUE_BYTES);
	int err = need_batch(ds);
	if (!err)
		err = open_socket(d, local, toward);
	if (err) {
		datagram_free(d);
		return err;
	}
	event_assign(&d->read, loop_base(ds->loop), d->fd, EV_READ | EV_PERSIST, on_read, d);
	event_assign(&d->write, loop_base(ds->loop), d->fd, EV_WRITE, on_write, d);
	event_add(&d->read, NULL);
	*ret = d;
	return 0;
}

struct datagram *datagram_free(struct datagram *d)
{
	if (!d)
		return NULL;
	if (event_initialized(&d->read)) {
		event_del(&d->read);
		event_del(&d->write);
	}
	if (d->fd >= 0)
		close(d->fd);
	list_remove(&d->ready);
	list_remove(&d->dirty);
	buf_done(&d->bytes);
	mem_free(d->queue);
	mem_free(d->errors);
	mem_free(d->ways);
	return mem_free(d);
}

const struct addr *datagram_local(const struct datagram *d)
{
	return &d->local;
}

uint32_t datagram_id(const struct datagram *d)
{
	return d->id;
}

void *datagram_owner(const struct datagram *d)
{
	return d->owner;
}

/* ---- errors ---- */

/* Kept until datagrams_process(): sending must not tell, its caller may be told something now. */
static void note_error(struct datagram *d, const struct addr *peer, int err)
{
	if (!d->errors)
		d->errors = mem_alloc0(ERRORS_MAX * sizeof(*d->errors));
	if (!d->errors || d->n_errors == ERRORS_MAX)
		return; /* a flood: those that wait say enough */
	d->errors[d->n_errors++] = (struct late_error){ *peer, err };
	list_remove(&d->ready);
	list_append(&d->ds->ready, &d->ready);
}

static bool is_recverr(const struct cmsghdr *c)
{
	return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	       (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

/* ip(7): the queue holds the destination of the packet that caused the error.  EMSGSIZE is the
 * path's maximum being learnt: the next copy is sent in fragments, so that nothing has failed. */
static bool read_error(struct datagram *d)
{
	union sock_addr to = { 0 };
	char control[512], byte[1];
	struct iovec iov = { byte, sizeof(byte) };
	struct msghdr msg = { .msg_name = &to,
		.msg_namelen = sizeof(to),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	struct addr peer;

	if (recvmsg(d->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	sock_get_addr(&peer, &to);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c && peer.family; c = CMSG_NXTHDR(&msg, c)) {
		struct sock_extended_err e;

		if (!is_recverr(c))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		if (e.ee_origin != SO_EE_ORIGIN_LOCAL && e.ee_errno != EMSGSIZE)
			note_error(d, &peer, (int)e.ee_errno);
	}
	return true;
}

static bool read_errors(struct datagram *d)
{
	unsigned n;

	for (n = 0; n < 2 * ERRORS_MAX && read_error(d); n++)
		;
	return n > 0;
}

static void tell_errors(struct datagram *d)
{
	for (unsigned i = 0; i < d->n_errors; i++) {
		const struct late_error e = d->errors[i];
		const struct fact in = { .type = FACT_DATAGRAM_FAILED,
			.listener = d->id,
			.peer = &e.peer,
			.local = &d->local,
			.err = e.err };

		d->ds->tell(d->ds->arg, d, &in);
	}
	d->n_errors = 0;
	list_remove(&d->ready);
}

/* ---- out ---- */

static struct way *way_of(const struct datagram *d, const struct addr *peer)
{
	uint32_t h = peer->port;

	for (size_t i = 0; i < sizeof(peer->ip); i++)
		h = (h ^ peer->ip[i]) * 16777619u;
	return &d->ways[(h ^ h >> 16) % WAYS];
}

static bool has_room(struct datagram *d)
{
	if (d->n_queue < d->cap_queue)
		return true;
	unsigned cap = d->cap_queue ? 2 * d->cap_queue : BATCH;
	struct waiting *queue =
		cap <= QUEUE_MAX ? mem_realloc(d->queue, cap * sizeof(*queue)) : NULL;
	if (!queue)
		return false;
	d->queue = queue;
	d->cap_queue = cap;
	return true;
}

static void flush(struct datagram *d);

/* A socket that is bound to an address sends from that one, whatever is wished. */
static struct addr source_of(
	const struct datagram *d, const struct addr *from, const struct addr *to)
{
	static const struct addr any;

	if (!d->ways)
		return any;
	if (from->family == to->family && !addr_is_wildcard(from))
		return *from;
	return addr_eq(&way_of(d, to)->peer, to) ? way_of(d, to)->local : any;
}

void datagram_send(
	struct datagram *d, const struct addr *from, const struct addr *to, struct slice bytes)
{
	if (d->n_queue >= BATCH && !d->write_armed)
		flush(d); /* a full batch, while it is in the cache */
	if (!has_room(d))
		return;
	struct waiting *w = &d->queue[d->n_queue];
	w->n_to = sock_put_addr_on(&w->to, to, d->local.family);
	w->offset = buf_len(&d->bytes);
	w->n = bytes.n;
	w->from = source_of(d, from, to);
	buf_put(&d->bytes, bytes);
	if (buf_err(&d->bytes)) {
		d->bytes.err = 0; /* this one is lost, the others are not */
		return;
	}
	d->n_queue++;
	list_remove(&d->dirty);
	list_append(&d->ds->dirty, &d->dirty);
}

static void put_source(struct msghdr *m, union control *control, const struct addr *from)
{
	struct cmsghdr *c = &control->align;

	memset(control, 0, sizeof(*control));
	m->msg_control = control;
	if (from->family == 4) {
		const struct in_pktinfo info = { .ipi_ifindex = 0 };

		m->msg_controllen = CMSG_SPACE(sizeof(info));
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
		memcpy(CMSG_DATA(c) + offsetof(struct in_pktinfo, ipi_spec_dst), from->ip, 4);
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = from->scope };

		memcpy(&info.ipi6_addr, from->ip, 16);
		m->msg_controllen = CMSG_SPACE(sizeof(info));
		c->cmsg_level = IPPROTO_IPV6;
		c->cmsg_type = IPV6_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

static int send_batch(struct datagram *d, unsigned from, unsigned n)
{
	struct mmsghdr msgs[BATCH];
	struct iovec iovs[BATCH];
	union control controls[BATCH];
	struct slice all = buf_slice(&d->bytes);

	for (unsigned i = 0; i < n; i++) {
		struct waiting *w = &d->queue[from + i];

		iovs[i] = (struct iovec){ (void *)(uintptr_t)(all.p + w->offset), w->n };
		msgs[i].msg_hdr = (struct msghdr){ .msg_name = &w->to,
			.msg_namelen = w->n_to,
			.msg_iov = &iovs[i],
			.msg_iovlen = 1 };
		if (w->from.family)
			put_source(&msgs[i].msg_hdr, &controls[i], &w->from);
	}
	return sendmmsg(d->fd, msgs, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* How many are done with (sent, or refused by their own fault), 0: try later.  An error that waits
 * in the socket is told by the next call, whatever that one sends: only when no ICMP error
 * explains it is it about the first datagram, and then that one alone is lost. */
static unsigned send_some(struct datagram *d, unsigned from)
{
	unsigned n = d->n_queue - from < BATCH ? d->n_queue - from : BATCH;
	int err = 0;

	for (unsigned tries = 0; tries < SEND_TRIES_MAX; tries++) {
		int sent = send_batch(d, from, n);

		if (sent > 0)
			return (unsigned)sent;
		err = errno;
		if (err == EAGAIN || err == ENOBUFS || err == ENOMEM)
			return 0;
		if (err != EINTR && !read_errors(d))
			break;
	}
	struct addr peer;
	sock_get_addr(&peer, &d->queue[from].to);
	note_error(d, &peer, err);
	return 1;
}

static void flush(struct datagram *d)
{
	unsigned done = 0;

	while (done < d->n_queue) {
		unsigned n = send_some(d, done);

		if (n == 0)
			break;
		done += n;
	}
	if (done == d->n_queue) {
		d->n_queue = 0;
		buf_clear(&d->bytes);
		return;
	}
	/* The rest waits; its bytes stay where they are. */
	memmove(d->queue, d->queue + done, (d->n_queue - done) * sizeof(*d->queue));
	d->n_queue -= done;
	if (!d->write_armed)
		event_add(&d->write, NULL);
	d->write_armed = true;
}

void datagrams_flush(struct datagrams *ds)
{
	for (struct datagram *d; (d = LIST_FIRST(&ds->dirty, struct datagram, dirty));) {
		list_remove(&d->dirty);
		flush(d);
	}
}

bool datagrams_ready(const struct datagrams *ds)
{
	return !list_empty(&ds->ready);
}

/* ---- in ---- */

static void read_local(struct msghdr *m, struct addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(local->ip, &info.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(local->ip, &info.ipi6_addr, 16);
			addr_unmap(local);
			if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
				local->scope = info.ipi6_ifindex;
		}
	}
}

static int receive(struct datagram *d, unsigned most)
{
	struct datagram_batch *b = d->ds->batch;

	for (unsigned i = 0; i < most; i++) {
		struct msghdr *m = &b->msgs[i].msg_hdr;

		m->msg_namelen = sizeof(b->peers[i]);
		m->msg_control = d->ways ? &b->controls[i] : NULL;
		m->msg_controllen = d->ways ? sizeof(b->controls[i]) : 0;
	}
	return recvmmsg(d->fd, b->msgs, most, MSG_DONTWAIT, NULL);
}

static void tell_datagram(struct datagram *d, unsigned i)
{
	struct datagram_batch *b = d->ds->batch;
	struct addr peer, local = d->local;
	const struct fact in = { .type = FACT_DATAGRAM,
		.listener = d->id,
		.peer = &peer,
		.local = &local,
		.bytes = slice_of(b->iovs[i].iov_base, b->msgs[i].msg_len) };

	sock_get_addr(&peer, &b->peers[i]);
	if (d->ways) {
		read_local(&b->msgs[i].msg_hdr, &local);
		*way_of(d, &peer) = (struct way){ peer, local };
	}
	d->ds->tell(d->ds->arg, d, &in);
}

static void give_back(struct datagram_batch *b, unsigned i)
{
	uintptr_t from = (uintptr_t)b->iovs[i].iov_base, to = from + PIECE;

	if (b->msgs[i].msg_len <= BIG)
		return;
	from = (from + PAGE - 1) / PAGE * PAGE;
	(void)madvise((void *)from, to / PAGE * PAGE - from, MADV_DONTNEED);
}

static int take(struct datagram *d, unsigned most)
{
	int n = receive(d, most);

	if (n < 0 && read_errors(d))
		n = receive(d, most);
	for (int i = 0; i < n; i++)
		tell_datagram(d, (unsigned)i);
	for (int i = 0; i < n; i++)
		give_back(d->ds->batch, (unsigned)i);
	return n;
}

/* One batch in one wake-up: what it makes is sent before more is read, and a socket that still has
 * some wakes us again.  While a good part of one was worked on more have come, and are taken with
 * it: whoever they are sent on to is woken once for all.  An error that waits makes the call fail,
 * or wakes us with nothing to read: only then is the queue of errors looked at. */
static void process(struct datagram *d)
{
	int all = 0, n;

	do {
		n = take(d, BATCH - (unsigned)all);
		all += n > 0 ? n : 0;
	} while (n >= MANY && all < BATCH);
	tell_errors(d);
}

void datagrams_process(struct datagrams *ds)
{
	struct list now;
	struct list *n, *t;

	/* Those that become ready meanwhile are for the next time. */
	list_init(&now);
	LIST_EACH(n, t, &ds->ready)
	{
		list_remove(n);
		list_append(&now, n);
	}
	for (struct datagram *d; (d = LIST_FIRST(&now, struct datagram, ready));) {
		list_remove(&d->ready);
		process(d);
	}
}
