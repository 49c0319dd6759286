/* datagram.h - one unconnected UDP socket: batches in, batches out, and ICMP errors with the
 * destination that they are about (a SIP pool may answer from any of its addresses, so that none
 * is ever connected).  Bound to a wildcard, it tells to which address a datagram really came, and
 * answers a peer from that one unless it is told another. */
#pragma once

#include "base/list.h"
#include "base/world.h"
#include "net/loop.h"

struct datagram;

typedef void datagram_tell(void *arg, struct datagram *d, const struct fact *in);

/* What all sockets of a driver share. */
struct datagrams {
	struct loop *loop;
	datagram_tell *tell;
	void *arg;
	struct list ready, dirty;
	struct datagram_batch *batch; /* the buffers of recvmmsg */
};

int datagrams_init(struct datagrams *ds, struct loop *loop, datagram_tell *tell, void *arg);
void datagrams_done(struct datagrams *ds);

/* Bound to `local`; with `toward`, to the address of this machine that reaches it.  0 or -errno. */
int datagram_new(struct datagram **ret, struct datagrams *ds, uint32_t id, const struct addr *local,
	bool toward, void *owner);
struct datagram *datagram_free(struct datagram *d);
const struct addr *datagram_local(const struct datagram *d);
uint32_t datagram_id(const struct datagram *d);
void *datagram_owner(const struct datagram *d);

/* Copied into the batch; when that is full it is sent at once.  What the kernel does not take
 * waits, up to a limit; beyond it is lost, as UDP may. */
void datagram_send(struct datagram *d,
	const struct addr *from /* on a wildcard; family 0: see above */, const struct addr *to,
	struct slice bytes);

void datagrams_process(struct datagrams *ds);
void datagrams_flush(struct datagrams *ds);
bool datagrams_ready(const struct datagrams *ds); /* is there something to tell already? */
