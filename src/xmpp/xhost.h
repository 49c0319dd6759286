/* xhost.h - one XMPP stream on one flow, from the server's name to its last words: find, connect,
 * TLS, log in (RFC 6120 sections 3 to 7, XEP-0114), for all roles of xmpp/stream.h.
 *
 * The owner hands it the facts that are its own (xhost_is_for()), then takes
 * events until there is none, outputs as the driver asks for them.  Its wants
 * go into the owner's outbox.  Stanzas are read as events are taken; what the
 * owner needs of the stream itself (accounts, stanzas to send) it does on
 * xhost_stream().
 */
#pragma once

#include "base/outbox.h"
#include "xmpp/stream.h"
#include "xmpp/xlocate.h"

struct xhost;

struct xhost_cfg {
	struct outbox *out;        /* borrowed until xhost_free(), as the two counters */
	flow_t *last_flow;         /* of the owner's ids: counted up for each connection */
	uint32_t *last_dns;        /* of the owner's DNS questions */
	struct xlocate_cfg find;   /* connecting sides; copied, with its strings */
	struct xstream_cfg stream; /* copied, with its strings; `tls` is told by the target where
				      that is direct */
	struct tls_policy tls;     /* of the handshake; ALPN is added where the target is direct */
};

enum xhost_event_type {
	XHOST_EV_TARGET,    /* target: it is connected to now */
	XHOST_EV_PASSED,    /* target, err: it could not be connected to, the next one is tried */
	XHOST_EV_CONNECTED, /* the flow is up; local */
	XHOST_EV_TLS_UP,    /* tls */
	XHOST_EV_STREAM,    /* stream: an event of the stream that does not end it */
	XHOST_EV_DOWN,      /* it is over, why says what ended it; its flow is told to close.  Free
			       it, or connect again */
};

enum xhost_end {
	XHOST_END_NOT_FOUND, /* dns */
	XHOST_END_FLOW,      /* fact: connecting (the last target), TLS, or the open flow failed */
	XHOST_END_EOF,       /* the peer closed the flow without a word */
	XHOST_END_STREAM,    /* stream: its FAILED */
	XHOST_END_CLOSED,    /* stream: its CLOSED */
	XHOST_END_INTERNAL,  /* ours: out of memory */
};

struct xhost_event {
	enum xhost_event_type type;
	const struct xlocate_target *target;
	int err;
	const struct addr *local;
	const struct tls_facts *tls;
	const struct xstream_event *stream;
	enum xhost_end why;
	const struct fact *fact; /* all pointers: valid until the next take or push */
	const struct xlocate_failure *dns;
};

int xhost_new(struct xhost **ret, const struct xhost_cfg *cfg, struct rng *rng, ts_t now);
struct xhost *xhost_free(struct xhost *h);
