/* xhost.h - one XMPP stream on one flow, from the server's name to its last words: find, connect,
 * TLS, log in (RFC 6120 sections 3 to 7, XEP-0114), for all roles of xmpp/stream.h.
 *
 * The owner hands it the facts that are its own (xhost_is_for()), then takes
 * events until there is none, and outputs as the driver asks for them.  Its
 * wants go into the owner's outbox.  Stanzas are read as events are taken, and
 * so are the bytes of a push: what the owner does between two events is done
 * before anything behind the first is looked at.  What it needs of the stream
 * itself (accounts, secrets, stanzas to send) it does on xhost_stream(); what
 * the stream asks for is answered before the next event is taken, or what the
 * peer has sent behind it is lost.
 *
 * One host serves one connection after the other.  Where something of the
 * configuration changes between them (a secret, say), it is replaced.
 */
#pragma once

#include "base/outbox.h"
#include "xmpp/stream.h"
#include "xmpp/xlocate.h"

struct xhost;

struct xhost_cfg {
	struct outbox *out; /* borrowed until xhost_free(), as the two counters */
	flow_t *last_flow;  /* of the owner's ids: counted up for each connection */
	uint32_t *last_dns; /* of the owner's DNS questions: a block is taken at each connecting.
			       Accepting sides need neither */
	struct xlocate_cfg find;   /* connecting sides; copied, with its strings */
	struct xstream_cfg stream; /* copied, with its strings; `limits` and `cache` are borrowed.
				      `tls` is DIRECT where the target is */
	struct tls_policy tls;     /* of the handshake; the connecting side's `alpn` is added
				      where that is direct */
};

enum xhost_event_type {
	XHOST_EV_TARGET,    /* target: it is connected to now */
	XHOST_EV_PASSED,    /* target, err: it could not be connected to, the next one is tried */
	XHOST_EV_CONNECTED, /* the flow is up; local.  Not of one that was attached */
	XHOST_EV_TLS_UP,    /* tls */
	XHOST_EV_STREAM,    /* stream: an event of the stream that does not end it; the handshake
			       of its WANT_TLS has been asked for */
	XHOST_EV_DOWN,      /* it is over, `why` says what ended it; its last words are in the
			       outbox, in front of the end of its flow.  Free it, or connect
			       again */
};

enum xhost_end {
	XHOST_END_NOT_FOUND, /* dns */
	XHOST_END_FLOW,   /* fact: connecting (the last target), TLS or the open flow failed; stream
			     as below, NULL before it is up and inside a handshake */
	XHOST_END_EOF,    /* fact: the peer closed the flow without a word; stream: its FAILED, with
			     what was awaited; NULL inside a handshake */
	XHOST_END_STREAM, /* stream: its FAILED */
	XHOST_END_CLOSED, /* stream: its CLOSED.  NULL: xhost_close() before it was up */
	XHOST_END_INTERNAL, /* ours: out of memory */
};

/* All pointers: valid until the next take or push, and NULL where they do not belong. */
struct xhost_event {
	enum xhost_event_type type;
	const struct targets_target *target;
	int err;
	const struct addr *local;
	const struct tls_facts *tls;
	const struct xstream_event *stream;
	enum xhost_end why;
	const struct fact *fact; /* its own pointers but `tls` are NULL */
	const struct targets_failure *dns;
	struct slice last; /* DOWN: the last words, for a trace; perhaps empty */
};

/* 0; as xlocate_new() where `find` has a domain or a host; -ENOMEM.  It does nothing yet.  `rng`
 * is borrowed. */
int xhost_new(struct xhost **ret, const struct xhost_cfg *cfg, struct rng *rng);
/* Without a word and a want: the flow of one that is not over is left to the driver. */
struct xhost *xhost_free(struct xhost *h);

/* Finds the server anew and tries its addresses in their order until one can be connected to, RFC
 * 6120 section 3.2.  Neither is called while it is not over. */
void xhost_connect(struct xhost *h);
/* A flow that is up: an accepted one, or one that the owner has connected. */
void xhost_attach(struct xhost *h, flow_t flow, ts_t now);

/* Of its flow, or an answer to one of its questions. */
bool xhost_is_for(const struct xhost *h, const struct fact *in);
/* False: it is not for it, and nothing happens. */
bool xhost_push(struct xhost *h, const struct fact *in, ts_t now);
void xhost_push_time(struct xhost *h, ts_t now);
bool xhost_take_event(struct xhost *h, struct xhost_event *ret, ts_t now);
/* Of the stream, as xstream_take_output(); the flow's. */
bool xhost_take_output(struct xhost *h, struct output *ret);
ts_t xhost_deadline(const struct xhost *h);

/* </stream:stream>; DOWN follows, at once before READY. */
void xhost_close(struct xhost *h, ts_t now);
/* No DOWN follows these two.  What was written goes out, then the flow is closed without our
 * </stream:stream>; or the flow is gone now. */
void xhost_hang_up(struct xhost *h);
void xhost_drop(struct xhost *h);

struct xstream *xhost_stream(struct xhost *h); /* NULL before the flow is up, and once it is over */
flow_t xhost_flow(const struct xhost *h);      /* 0: none */
bool xhost_is_over(const struct xhost *h);     /* or has not begun */
bool xhost_is_ready(const struct xhost *h);    /* stanzas flow */
bool xhost_is_in_tls(const struct xhost *h);   /* a handshake is under way */
bool xhost_is_blocked(const struct xhost *h);  /* from FLOW_BLOCKED until FLOW_READY: hold back */
const char *xhost_state_name(const struct xhost *h); /* what is awaited */
/* The latest question, while the DNS has not answered it. */
bool xhost_asked(const struct xhost *h, struct targets_question *ret);
