#include "net/datagram.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/sock.h"

enum {
	BATCH = 64,
	PIECE = 65536,    /* no datagram is cut; pages that are not written to cost nothing */
	ROUNDS_MAX = 4,   /* batches of one socket in one wake-up */
	QUEUE_MAX = 4096, /* datagrams that wait for the kernel */
	QUEUE_BYTES = 8 << 20,
	SOCKET_BYTES = 4 << 20,
};

struct datagram_batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iovs[BATCH];
	union sock_addr peers[BATCH];
	uint8_t *bytes;
};

struct waiting {
	union sock_addr to;
	socklen_t n_to;
	size_t offset, n;
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
	unsigned n_queue;
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
		free(ds->batch->bytes);
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
	b->bytes = malloc((size_t)BATCH * PIECE);
	if (!b->bytes) {
		mem_free(b);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < BATCH; i++) {
		b->iovs[i] = (struct iovec){ b->bytes + (size_t)i * PIECE, PIECE };
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
	const int level = at.family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	const int option = at.family == 4 ? IP_RECVERR : IPV6_RECVERR;
	setsockopt(d->fd, level, option, &(int){ 1 }, sizeof(int));
	setsockopt(d->fd, SOL_SOCKET, SO_RCVBUF, &(int){ SOCKET_BYTES }, sizeof(int));
	setsockopt(d->fd, SOL_SOCKET, SO_SNDBUF, &(int){ SOCKET_BYTES }, sizeof(int));
	err = sock_bind(d->fd, &at);
	return err ? err : sock_local(d->fd, &d->local);
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
	d->queue = mem_alloc0(QUEUE_MAX * sizeof(*d->queue));
	int err = d->queue ? need_batch(ds) : -ENOMEM;
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

/* ---- out ---- */

void datagram_send(struct datagram *d, const struct addr *to, struct slice bytes)
{
	if (d->n_queue == QUEUE_MAX)
		return;
	struct waiting *w = &d->queue[d->n_queue];
	w->n_to = sock_put_addr(&w->to, to);
	w->offset = buf_len(&d->bytes);
	w->n = bytes.n;
	buf_put(&d->bytes, bytes);
	if (buf_err(&d->bytes)) {
		d->bytes.err = 0; /* this one is lost, the others are not */
		return;
	}
	d->n_queue++;
	list_remove(&d->dirty);
	list_append(&d->ds->dirty, &d->dirty);
}

/* One sendmmsg; how many are done with (sent, or refused by their own fault), 0: try later. */
static unsigned send_some(struct datagram *d, unsigned from)
{
	struct mmsghdr msgs[BATCH];
	struct iovec iovs[BATCH];
	struct slice all = buf_slice(&d->bytes);
	unsigned n = d->n_queue - from < BATCH ? d->n_queue - from : BATCH;

	for (unsigned i = 0; i < n; i++) {
		struct waiting *w = &d->queue[from + i];

		iovs[i] = (struct iovec){ (void *)(uintptr_t)(all.p + w->offset), w->n };
		msgs[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &w->to,
						    .msg_namelen = w->n_to,
						    .msg_iov = &iovs[i],
						    .msg_iovlen = 1 } };
	}
	/* An error that waits in the socket is told by the next call, whatever that one sends. */
	for (unsigned tries = 0; tries < 8; tries++) {
		int sent = sendmmsg(d->fd, msgs, n, 0);

		if (sent > 0)
			return (unsigned)sent;
		if (errno == EAGAIN || errno == ENOBUFS)
			return 0;
		if (errno == EMSGSIZE || errno == EINVAL || errno == EACCES)
			break;
	}
	return 1; /* this destination takes nothing: pass over it */
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
	for (struct list *n; (n = list_first(&ds->dirty));) {
		list_remove(n);
		flush(LIST_OWNER(n, struct datagram, dirty));
	}
}

/* ---- in ---- */

static void tell_error(struct datagram *d, const union sock_addr *peer, int err)
{
	struct addr a;
	const struct fact in = { .type = FACT_DATAGRAM_FAILED,
		.listener = d->id,
		.peer = &a,
		.local = &d->local,
		.err = err };

	sock_get_addr(&a, peer);
	if (a.family)
		d->ds->tell(d->ds->arg, d, &in);
}

static bool is_recverr(const struct cmsghdr *c)
{
	return (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
	       (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

/* ip(7): the queue holds the destination of the packet that caused the error. */
static bool read_error(struct datagram *d)
{
	union sock_addr peer = { 0 };
	char control[512], byte[1];
	struct iovec iov = { byte, sizeof(byte) };
	struct msghdr msg = { .msg_name = &peer,
		.msg_namelen = sizeof(peer),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };

	if (recvmsg(d->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct sock_extended_err e;

		if (!is_recverr(c))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		if (e.ee_origin != SO_EE_ORIGIN_LOCAL || e.ee_errno != 0)
			tell_error(d, &peer, (int)e.ee_errno);
	}
	return true;
}

static int read_batch(struct datagram *d)
{
	struct datagram_batch *b = d->ds->batch;

	for (unsigned i = 0; i < BATCH; i++)
		b->msgs[i].msg_hdr.msg_namelen = sizeof(b->peers[i]);
	int n = recvmmsg(d->fd, b->msgs, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct addr peer;
		const struct fact in = { .type = FACT_DATAGRAM,
			.listener = d->id,
			.peer = &peer,
			.local = &d->local,
			.bytes = slice_of(b->iovs[i].iov_base, b->msgs[i].msg_len) };

		sock_get_addr(&peer, &b->peers[i]);
		d->ds->tell(d->ds->arg, d, &in);
	}
	return n;
}

/* An error that waits makes the next call fail, or wakes us with nothing to read: only then is the
 * queue of errors looked at. */
static void process(struct datagram *d)
{
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		int n = read_batch(d);

		while (n < 0 && read_error(d))
			;
		if (n < BATCH)
			return;
	}
}

void datagrams_process(struct datagrams *ds)
{
	for (struct list *n; (n = list_first(&ds->ready));) {
		list_remove(n);
		process(LIST_OWNER(n, struct datagram, ready));
	}
}
