/* udp.h - datagrams: one unconnected socket for each local address, read and written in batches.
 *
 * A SIP pool may answer from any of its addresses, so sockets are never
 * connected; an ICMP error then comes from the error queue, with the
 * destination that it is about (IP_RECVERR).  `ready` only says that something
 * is there; the owner then calls udp_receive() and udp_take_error().
 */
#pragma once

#include "base/addr.h"
#include "net/loop.h"

struct udp;
struct udp_pool; /* buffers that all sockets of a loop share */

enum {
	UDP_BATCH = 64,                     /* datagrams a system call */
	UDP_QUEUE_MAX = 1024,               /* datagrams that wait for a full socket */
	UDP_QUEUE_BYTES_MAX = 4 * 1024 * 1024,
	UDP_ERRORS_MAX = 64,                /* errors that wait to be taken */
};

struct udp_dgram {
	struct addr peer, local; /* local: to which address it was really sent */
	struct slice bytes;      /* valid until the next udp_receive() of the pool */
};

typedef void udp_ready_fn(void *arg);

int udp_pool_new(struct udp_pool **ret, struct loop *l);
struct udp_pool *udp_pool_free(struct udp_pool *pool);

/* Binds to `at`, port 0 takes any: 0, -ENOMEM or the -errno of the system. */
int udp_new(struct udp **ret, struct udp_pool *pool, const struct addr *at, udp_ready_fn *ready,
	void *arg);
struct udp *udp_free(struct udp *u); /* what is still queued is tried once more */
const struct addr *udp_local(const struct udp *u);

/* One recvmmsg(): how many came, 0 when none did.  If more wait, `ready` is called again. */
unsigned udp_receive(struct udp *u);
void udp_get(const struct udp *u, unsigned i, struct udp_dgram *ret); /* i < what came */

/* Copies the datagram; it leaves with the next udp_flush().  On a wildcard socket it leaves from
 * the address to which that peer last wrote.  false: the queue is full and it is lost, as
 * datagrams may be. */
bool udp_send(struct udp *u, const struct addr *peer, struct slice bytes);
void udp_flush(struct udp *u); /* one sendmmsg() per 64; the rest goes when the socket takes it */
bool udp_has_queue(const struct udp *u);

/* An ICMP error about `peer`, or a datagram to it that the system refused. */
bool udp_take_error(struct udp *u, struct addr *peer, int *ret_errno);
