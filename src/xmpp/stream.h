/* stream.h - one XMPP stream as an engine, RFC 6120 and XEP-0114, both sides.
 *
 * Roles: a client, a component, the accepting side of each, and who only looks
 * at what a server offers to clients or to servers: header, STARTTLS, features,
 * and the end.  The driver pushes bytes, TLS facts, the end and the time; then
 * drains output, then events.  Stanzas are sent by writing XML into the buffer
 * of xstream_begin()/xstream_commit().
 *
 * TLS is the driver's: at XSTREAM_EV_WANT_TLS it starts a handshake and calls
 * xstream_push_tls_up() when that is done; no output comes between.
 */
#pragma once

#include "base/rng.h"
#include "base/tls.h"
#include "base/ts.h"
#include "xmpp/sasl.h"
#include "xmpp/stanza.h"

struct xstream;

enum xstream_role {
	XSTREAM_CLIENT,
	XSTREAM_COMPONENT,
	XSTREAM_ACCEPT_CLIENT,
	XSTREAM_ACCEPT_COMPONENT,
	XSTREAM_LOOK_CLIENT,
	XSTREAM_LOOK_SERVER,
};

enum xstream_tls {
	XSTREAM_TLS_REQUIRED, /* STARTTLS or nothing */
	XSTREAM_TLS_OPTIONAL, /* if the other side can */
	XSTREAM_TLS_NONE,
	XSTREAM_TLS_DIRECT, /* TLS was there before the first byte (XEP-0368): push_tls_up() first
			     */
};

struct xstream_cfg {
	enum xstream_role role;
	enum xstream_tls tls;
	struct slice domain;   /* client, looking: the server's domain; component: its own name;
				  accepting client: the domain served; accepting component: ""
				  (any; see XSTREAM_EV_WANT_SECRET).  Copied, as all below. */
	struct slice from;     /* looking as a server: the domain in whose name, "" for none */
	struct slice username; /* client: localpart for SASL */
	struct slice password; /* client: password; component: the shared secret */
	struct slice resource; /* client: wanted, "" lets the server choose */
	int priority;          /* of the presence, RFC 6121 section 4.7.2.3; 0: none is said */
	bool presence; /* client: make the resource available; READY when the server has shown that
			  it is: its own presence came back (RFC 6121 section 4.2.2) */
	bool sasl2;    /* accepting client: offer SASL2 with Bind2 (XEP-0388, XEP-0386), under TLS
			  only.  A client takes the offer where there is one. */
	bool allow_plain_without_tls; /* both sides; lab only */
	bool offer[SASL_MECHANISMS];  /* accepting client: what to offer (-PLUS only when bindable)
				       */
	const struct xml_limits *limits; /* NULL takes the default */
	struct sasl_cache *cache;        /* borrowed; may be NULL */
	const uint8_t *fake_key;  /* accepting client: 32 bytes for struct sasl_server_cfg, the same
				     on  every stream; NULL takes them from the rng */
	unsigned fake_iterations; /* accepting client: as in struct sasl_server_cfg */
	ts_t timeout;             /* for the whole establishment; 0: none */
	ts_t idle_ping; /* component, client: whitespace keep-alive when silent; 0: none */
};

enum xstream_failure {
	XSTREAM_FAIL_NONE,
	XSTREAM_FAIL_HOST_UNKNOWN,    /* stream error host-unknown or host-gone */
	XSTREAM_FAIL_TLS_NOT_OFFERED, /* required, and the features have no starttls */
	XSTREAM_FAIL_TLS_REFUSED,     /* <failure/> in answer to <starttls/> */
	XSTREAM_FAIL_INJECTION,       /* clear bytes behind <proceed/> */
	XSTREAM_FAIL_NO_MECHANISM,    /* nothing in common; `text` lists the offers */
	XSTREAM_FAIL_BAD_CREDENTIALS, /* not-authorized; component: handshake refused */
	XSTREAM_FAIL_SASL,            /* any other SASL failure; `condition` says */
	XSTREAM_FAIL_SERVER_PROOF,    /* the server does not know the password */
	XSTREAM_FAIL_DOWNGRADE,       /* channel binding or -PLUS was tampered with */
	XSTREAM_FAIL_BIND,            /* no resource; `condition` says */
	XSTREAM_FAIL_NO_PRESENCE,     /* bound, but the server refused the presence; `condition` */
	XSTREAM_FAIL_CONFLICT,        /* stream error conflict */
	XSTREAM_FAIL_STREAM_ERROR,    /* any other; `condition` and `text` */
	XSTREAM_FAIL_UNPARSABLE,      /* ill-formed or over a limit; `where` */
	XSTREAM_FAIL_PROTOCOL,        /* well-formed, but not what may come now; `text` */
	XSTREAM_FAIL_TIMEOUT,         /* `text` says what was awaited */
	XSTREAM_FAIL_CLOSED,          /* the connection ended without </stream> */
	XSTREAM_FAIL_INTERNAL,        /* ours: out of memory */
};
const char *xstream_failure_name(enum xstream_failure f);

enum xstream_event_type {
	XSTREAM_EV_OPENED,        /* the peer's stream header is here; `node` has its attributes */
	XSTREAM_EV_FEATURES,      /* client, looking: `node` is <features/>: offers, for the report
				   */
	XSTREAM_EV_WANT_TLS,      /* start the handshake; only after all output has been sent */
	XSTREAM_EV_AUTHENTICATED, /* `text` is the mechanism and binding, "SCRAM-SHA-256-PLUS
				     tls-exporter"; plus_missing is set when it applies */
	XSTREAM_EV_READY, /* bound (and available, see `presence`), or handshake done: stanzas flow;
			     `jid` is the full JID or the component's name */
	XSTREAM_EV_WANT_ACCOUNT, /* accepting client: push_account() for the user in `text` */
	XSTREAM_EV_WANT_SECRET,  /* accepting component: push_secret() for the name in `text` */
	XSTREAM_EV_WANT_BIND,    /* accepting client: the wanted resource is in `text` ("" none);
				    push_bind() decides; with Bind2 it is the client's tag */
	XSTREAM_EV_STANZA,       /* `node`; accepting client: `from` was checked and is not yet set.
				    Client: what waited for the resource can come before READY */
	XSTREAM_EV_CLOSED,       /* both stream ends were seen: close the flow after the output.
				    Looking: or ours, behind the features that count */
	XSTREAM_EV_FAILED,       /* the last: drain output, close the flow */
};

struct xstream_event {
	enum xstream_event_type type;
	const struct xml_node *node; /* valid until the next take_event or push */
	bool cut;                    /* STANZA: xml_event.cut, by the limits of the configuration */
	const char *jid;             /* also AUTHENTICATED on the accepting side: the bare JID */
	const char *text;            /* all strings: valid until the next push */
	const char *condition;
	enum xstream_failure failure;
	struct where where;
	bool plus_missing; /* FAILED too: a stripped -PLUS may be the cause */
	/* READY: the server answered what came behind the presence and never sent that back:
	 * perhaps no message will reach this resource. */
	bool presence_unseen;
};

/* 0; ERR_SYNTAX or ERR_LIMIT when the domain is none; -EINVAL for STARTTLS on a component's stream
 * (XEP-0114 has none); -ENOMEM. */
int xstream_new(struct xstream **ret, const struct xstream_cfg *cfg, struct rng *rng, ts_t now);
struct xstream *xstream_free(struct xstream *x);

/* How much it took.  The rest comes again after output and events were drained; 0 while an answer
 * of the driver (account, secret, bind) is awaited.  All of it, unread, once the stream is over. */
size_t xstream_push_bytes(struct xstream *x, struct slice in, ts_t now);
uint64_t xstream_twice(const struct xstream *x); /* see xml_reader_twice() */
void xstream_push_tls_up(struct xstream *x, const struct tls_facts *facts, ts_t now);
void xstream_push_closed(struct xstream *x, ts_t now); /* end of file or failure of the flow */
void xstream_push_time(struct xstream *x, ts_t now);
void xstream_push_account(
	struct xstream *x, const struct sasl_secret *secret /* NULL: none */, ts_t now);
void xstream_push_secret(struct xstream *x, struct slice secret /* "" : unknown name */, ts_t now);
void xstream_push_bind(struct xstream *x, struct slice resource /* "": conflict */, ts_t now);

/* A buffer to write one or more whole stanzas into; NULL when the stream is not bound or its
 * output is full.  Commit makes them output; without a commit nothing is sent. */
struct buf *xstream_begin(struct xstream *x);
int xstream_commit(struct xstream *x, ts_t now); /* 0, or the buffer's error (nothing was sent) */
/* Sends </stream:stream>.  CLOSED follows when the peer answers or in 2 s; before READY: at once.
 */
void xstream_close(struct xstream *x, ts_t now);
/* Ends the stream with this stream error, RFC 6120 section 4.9.3; FAILED follows. */
void xstream_abort(struct xstream *x, const char *condition, ts_t now);

/* All that is there, as one slice: valid until the next push, or until another one was taken and
 * more was written. */
bool xstream_take_output(struct xstream *x, struct slice *ret);
/* Stanzas are read as they are taken, so taking events can make output (an answer to the peer's
 * </stream:stream>, a stream error): drain output once more when the events are through. */
bool xstream_take_event(struct xstream *x, struct xstream_event *ret);
ts_t xstream_deadline(const struct xstream *x);
const char *xstream_state_name(const struct xstream *x);
bool xstream_is_ready(const struct xstream *x);
