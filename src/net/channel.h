/* channel.h - one TLS connection over memory: bytes of the wire in and out, bytes of the
 * application in and out, and everything that the handshake showed.
 *
 * No socket here: the connection's owner moves the bytes.  Faults of the
 * chain are all collected; whether they end it is the policy's to say.
 */
#pragma once

#include "base/buf.h"
#include "base/tls.h"
#include "net/trust.h"

struct channel;

enum channel_state {
	CHANNEL_HANDSHAKE,
	CHANNEL_UP,
	CHANNEL_EOF,    /* the peer's close_notify */
	CHANNEL_FAILED, /* facts->failure says why */
};

/* 0, -EINVAL (no such trust or identity) or -ENOMEM.  A client's first flight is ready to be taken.
 * `trust` is borrowed until the free. */
int channel_new(struct channel **ret, struct trust *trust, const struct tls_policy *policy);
struct channel *channel_free(struct channel *c);

/* Bytes from the wire.  After it: the state, the application's bytes (appended to `plain`) and the
 * wire's (appended to `wire`) are up to date.  -ENOMEM only. */
int channel_push(struct channel *c, struct slice in, struct buf *plain, struct buf *wire);
/* The application's bytes; only when up. */
int channel_write(struct channel *c, struct slice in, struct buf *wire);
/* close_notify. */
void channel_close(struct channel *c, struct buf *wire);
/* The wire ended during the handshake. */
void channel_push_eof(struct channel *c);
enum channel_state channel_state(const struct channel *c);
const struct tls_facts *channel_facts(const struct channel *c);
