/* wire.h - the bytes of one connection, through TLS when there is a policy for it.
 *
 * What the peer has said is read as far as its owner wants it, and the rest
 * stays in the kernel.
 */
#pragma once

#include "base/buf.h"
#include "base/tls.h"

struct bufferevent;
struct channel;
struct event_base;
struct trust;

struct web_wire {
	struct bufferevent *io; /* its handlers are the owner's */
	struct channel *tls;    /* NULL: plain */
	struct buf in;          /* for the owner to read and to consume */
};

/* Takes over the socket, also when it fails: 0, -ENOMEM, or as channel_new(). */
int web_wire_init(struct web_wire *w, struct event_base *base, int fd, struct trust *trust,
	const struct tls_policy *policy);
void web_wire_done(struct web_wire *w); /* zeroed or not whole is fine */

/* Until `in` has that many bytes or more, up to a TLS record's, or there are none: 0; -EPROTO:
 * there is no TLS, and an alert may be on its way; -EPIPE: the peer has said that it is done;
 * -ENOMEM. */
int web_wire_pull(struct web_wire *w, size_t until);
void web_wire_throw_away(struct web_wire *w);             /* what has come */
int web_wire_put(struct web_wire *w, struct slice bytes); /* 0 or -ENOMEM */
void web_wire_put_end(struct web_wire *w);                /* nothing is put behind it */
bool web_wire_has_unsent(const struct web_wire *w);
void web_wire_listen(struct web_wire *w, bool is_listening);
void web_wire_shut(struct web_wire *w);  /* all is sent: the peer reads the end */
void web_wire_reset(struct web_wire *w); /* with web_wire_done(): what is unsent is thrown away */
/* What the kernel keeps for who does not read; without it that is megabytes each. */
void web_wire_keep_unsent(struct web_wire *w, int bytes);
const struct tls_facts *web_wire_tls(const struct web_wire *w); /* NULL: plain */
