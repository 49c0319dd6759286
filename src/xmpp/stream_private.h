/* stream_private.h - what the stream's own files share.
 *
 *   stream_new.c         its beginning and its end in memory
 *   stream.c             the engine: pushes, takes, the pump between reader and state
 *   stream_component.c   XEP-0114, both sides
 *   stream_accept.c      the accepting side of stream_client.c and stream_bind.c
 *   stream_accept_sasl.c the accepting side of stream_sasl.c and stream_sasl2.c
 *   stream_accept_features.c  what is offered to a client
 *   stream_client.c      features and STARTTLS: RFC 6120 section 5; and who only looks at them
 *   stream_sasl.c        the client's side of RFC 6120 section 6
 *   stream_sasl2.c       what is different in XEP-0388 and XEP-0386
 *   stream_bind.c        binding and session: RFC 6120 section 7
 *   stream_presence.c    making a client's resource available: RFC 6121 section 4.2
 *   stream_end.c         stream errors, and every way in which a stream ends
 *   stream_header.c      stream headers of both sides
 *   stream_out.c         state, events, bytes and the last word
 *
 * None needs one that stands above it.
 */
#pragma once

#include "base/mem.h"
#include "xmpp/stream.h"

#define NS_SESSION "urn:ietf:params:xml:ns:xmpp-session" /* RFC 3921 section 3 */
#define NS_SASL_CB "urn:xmpp:sasl-cb:0"                  /* XEP-0440 */
#define NS_SASL2   "urn:xmpp:sasl:2"                     /* XEP-0388 */
#define NS_BIND2   "urn:xmpp:bind:0"                     /* XEP-0386 */

enum {
	RING_MAX = 8, /* events that wait; one push makes four at most */
	RING_PUSH = 4,
	TEXT_MAX = 384,       /* of a failure */
	ID_CHARS = 26,        /* of a stream id: 130 bits, RFC 6120 section 4.7.3 */
	HANDSHAKE_CHARS = 40, /* SHA-1 in hex */
	AUTH_TRIES_MAX = 4,   /* the first and three more: RFC 6120 section 6.4.5 wants 2 to 5 */
	BIND_TRIES_MAX = 6,   /* the first and five more: RFC 6120 section 7.7.3 wants 5 to 10 */
	SASL_BYTES_MAX = 16 << 10, /* sasl.h refuses much shorter ones */
	OUT_FULL = 256 << 10,      /* xstream_begin() says no from here on */
	OUT_MAX = 512 << 10,       /* the most that is ever committed */
	OUT_RESERVE = 8 << 10,     /* behind it: a stream error and the end always fit */
	OUT_KEPT = 128 << 10,      /* a drained buffer that grew larger is given back */
};

/* By what is awaited. */
enum xstream_state {
	XSTREAM_AWAIT_TLS, /* the handshake of the driver */
	XSTREAM_AWAIT_HEADER,
	/* client, looking */
	XSTREAM_AWAIT_FEATURES,
	XSTREAM_AWAIT_PROCEED,
	/* client */
	XSTREAM_AWAIT_SASL, /* challenge, success or failure */
	XSTREAM_AWAIT_BOUND,
	XSTREAM_AWAIT_SESSION,
	XSTREAM_AWAIT_PRESENCE, /* our own, back from the server */
	/* component */
	XSTREAM_AWAIT_ACCEPTED,
	/* accepting client */
	XSTREAM_AWAIT_AUTH,    /* or starttls */
	XSTREAM_AWAIT_ACCOUNT, /* of the driver */
	XSTREAM_AWAIT_RESPONSE,
	XSTREAM_AWAIT_BIND,
	XSTREAM_AWAIT_RESOURCE, /* of the driver */
	/* accepting component */
	XSTREAM_AWAIT_SECRET, /* of the driver */
	XSTREAM_AWAIT_HANDSHAKE,
	/* every role */
	XSTREAM_READY,
	XSTREAM_CLOSING, /* our end was sent, theirs is awaited */
	XSTREAM_OVER,
	XSTREAM_STATES,
};

struct xstream {
	struct xstream_cfg cfg; /* its slices point at the copies below */
	char *username, *password, *resource;
	uint8_t fake_key[32];
	struct rng *rng;
	struct xml_reader *reader;
	enum xstream_state state;
	ts_t now;     /* of the last push */
	ts_t give_up; /* on the establishment */
	ts_t close_by;
	ts_t last_sent;

	bool secure; /* TLS is up */
	bool authenticated;
	bool header_sent;   /* ours, in the present stream */
	bool restart_due;   /* the reader begins anew with the next bytes */
	bool node_held;     /* an event in the ring points into the reader: take nothing more */
	bool starttls_sent; /* client: with the header */
	bool session;       /* client: the server requires one, RFC 3921 section 3 */
	bool eof;           /* the flow has ended; what was read before is still handed out */

	struct xstream_event ring[RING_MAX];
	unsigned ring_head, ring_n;
	struct xstream_event last; /* FAILED or CLOSED: the room that is always there */
	bool has_last, last_taken;

	struct buf out[2]; /* one is written, the other was taken */
	unsigned cur;
	size_t committed; /* bytes of out[cur] */

	struct tls_facts *facts; /* until authenticated */
	struct buf message;      /* a SASL message, decoded or to be encoded */
	struct sasl_client *client;
	struct sasl_server *server;
	bool sasl2;     /* the exchange is one of XEP-0388 ... */
	bool bind2;     /* ... with a request to bind in it */
	bool sasl_done; /* client: the server has proved itself */
	enum sasl_mechanism mechanism;
	unsigned tries; /* that failed, of SASL or of binding */
	char stream_id[ID_CHARS + 1];
	char handshake[HANDSHAKE_CHARS + 1]; /* accepting component: what must come */
	const struct xml_node *bind;         /* the request that waits for push_bind() */
	char tag[JID_PART_MAX + 1]; /* accepting client: what Bind2 wants in the resource */

	/* client */
	bool has_no_id;       /* a component's server: nothing to make a handshake of */
	bool presence_unseen; /* the ping was answered, and the presence did not come back */
	bool asked;           /* the presence and the ping behind it were sent */
	ts_t presence_by;     /* from when on a presence is not late but lost */

	struct jid domain; /* cfg.domain, prepared */
	struct jid jid;    /* who is at our end of the stream; accepting: at the other */
	struct jid peer;   /* accepting client: `from` of the last header, bare */
	bool has_peer;
	char want[JID_PART_MAX + 1]; /* text of WANT_ACCOUNT, WANT_SECRET, WANT_BIND */
	char auth[80];               /* text of AUTHENTICATED */
	char text[TEXT_MAX];         /* of the failure */
};

/* Of the exchange that is under way. */
static inline const char *xstream_sasl_ns(const struct xstream *x)
{
	return x->sasl2 ? NS_SASL2 : NS_SASL;
}

static inline bool xstream_accepts(const struct xstream *x)
{
	return x->cfg.role == XSTREAM_ACCEPT_CLIENT || x->cfg.role == XSTREAM_ACCEPT_COMPONENT;
}

static inline bool xstream_looks(const struct xstream *x)
{
	return x->cfg.role == XSTREAM_LOOK_CLIENT || x->cfg.role == XSTREAM_LOOK_SERVER;
}

/* ---- stream.c ---- */
void xstream_arm_reader(struct xstream *x); /* with the names that the role stops at */

/* ---- stream_out.c ---- */
void xstream_enter(struct xstream *x, enum xstream_state state);
void xstream_emit(struct xstream *x, struct xstream_event ev);
void xstream_ready(struct xstream *x); /* READY, with x->jid */
/* The output, to write into; ends with xstream_send(), which fails the stream when the buffer did.
 */
struct buf *xstream_write(struct xstream *x);
void xstream_send(struct xstream *x);
/* Everything that ends a stream comes through here, once. */
void xstream_over(struct xstream *x, struct xstream_event ev);
void xstream_fail(struct xstream *x, enum xstream_failure f, const char *condition); /* x->text */
void xstream_fail_internal(struct xstream *x);

/* ---- stream_end.c ---- */
/* Sends the stream error `condition`, then ends. */
void xstream_refuse(struct xstream *x, enum xstream_failure f, const char *condition,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Ends without a stream error of ours; `condition` (may be NULL) is what the peer said. */
void xstream_give_up(struct xstream *x, enum xstream_failure f, const char *condition,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void xstream_unexpected(struct xstream *x, const struct xml_node *node, const char *condition);
/* The answer to a request of the stream's own: true for a result, else the stream has ended. */
bool xstream_result(struct xstream *x, const struct xml_node *node, const char *id);
/* RFC 6120 section 6.4.4: who does not go on says so. */
void xstream_sasl_abort(struct xstream *x, enum xstream_failure f, const char *text);
void xstream_closed(struct xstream *x); /* emits CLOSED */
void xstream_leave(struct xstream *x);  /* the same behind our end, without awaiting theirs */
void xstream_peer_closed(struct xstream *x);
void xstream_unparsable(struct xstream *x, const struct xml_event *ev);
/* True when `node` is a stream error; the stream has ended then. */
bool xstream_peer_error(struct xstream *x, const struct xml_node *node);

/* ---- stream_header.c ---- */
struct xstream_header {
	const char *ns;            /* content namespace */
	struct slice from, to, id; /* "" leaves them out ... */
	bool from_empty;           /* ... but RFC 6120 section 4.9.1.3 wants from='' */
	bool version;
	bool dialback; /* XEP-0220 section 2.1.1: who can dial back declares the prefix */
};
void xstream_put_header(struct buf *b, const struct xstream_header *h);
/* The header that begins our stream (client, component). */
void xstream_send_header(struct xstream *x);
/* The header that answers, with a new id (accepting sides); `to` is the peer's name or "". */
void xstream_answer_header(struct xstream *x, struct buf *b);
const char *xstream_content_ns(const struct xstream *x);
/* The present stream is replaced on the same connection, RFC 6120 section 4.3.3. */
void xstream_restart(struct xstream *x);
/* False when there is none of that shape. */
bool xstream_major_version(struct slice text, unsigned *ret);

/* ---- one file a role ---- */
void xstream_client_open(struct xstream *x, const struct xml_event *ev);
void xstream_send_starttls(struct xstream *x);
void xstream_client_features(struct xstream *x, const struct xml_node *node);
void xstream_client_proceed(struct xstream *x, const struct xml_node *node);

/* Asks for the resource; the offer is looked at when it comes. */
void xstream_bind(struct xstream *x);
void xstream_bind_offered(struct xstream *x, const struct xml_node *features);
void xstream_bound(struct xstream *x, const struct xml_node *node);
void xstream_session(struct xstream *x, const struct xml_node *node);
/* Takes the full JID; false when it is none. */
bool xstream_take_jid(struct xstream *x, struct slice text);
void xstream_has_resource(struct xstream *x);

void xstream_presence_await(struct xstream *x);
/* True when the stanza is the driver's. */
bool xstream_presence_stanza(struct xstream *x, const struct xml_node *node);
void xstream_presence_late(struct xstream *x);

void xstream_sasl_start(struct xstream *x, const struct xml_node *features);
void xstream_sasl_element(struct xstream *x, const struct xml_node *node);

/* Whether to take the offer of XEP-0388 (`sasl2`), when the older one is `sasl`. */
bool xstream_sasl2_is_as_good(const bool sasl[SASL_MECHANISMS], const bool sasl2[SASL_MECHANISMS]);
bool xstream_sasl2_may_use(enum sasl_mechanism m);
/* `list` is <authentication/>. */
bool xstream_sasl2_binds(const struct xml_node *list);
void xstream_sasl2_put_authenticate(struct xstream *x, struct buf *b, const char *mechanism);
void xstream_sasl2_success(struct xstream *x, const struct xml_node *node);
void xstream_sasl2_continue(struct xstream *x, const struct xml_node *node);

void xstream_accept_put_features(struct xstream *x, struct buf *b);
bool xstream_accept_offers_sasl2(const struct xstream *x);
/* One exchange, one engine: made for the offer, and again for the next try.  False: no memory, the
 * stream has ended. */
bool xstream_accept_new_server(struct xstream *x);

void xstream_accept_open(struct xstream *x, const struct xml_event *ev);
void xstream_accept_auth(struct xstream *x, const struct xml_node *node);
void xstream_accept_bind(struct xstream *x, const struct xml_node *node);
void xstream_accept_resource(struct xstream *x, struct slice resource);
/* True when the stanza is the driver's; else it was answered, or the stream has ended. */
bool xstream_accept_stanza(struct xstream *x, const struct xml_node *node);

bool xstream_accept_sasl_is(const struct xstream *x, const struct xml_node *node);
void xstream_accept_sasl_auth(struct xstream *x, const struct xml_node *node);
void xstream_accept_sasl_response(struct xstream *x, const struct xml_node *node);
void xstream_accept_sasl_account(struct xstream *x, const struct sasl_secret *secret);
/* The driver's answer to the request to bind of XEP-0386. */
void xstream_accept_sasl_resource(struct xstream *x, struct slice resource);

void xstream_component_open(struct xstream *x, const struct xml_event *ev);
void xstream_component_accepted(struct xstream *x, const struct xml_node *node);
void xstream_component_accept_open(struct xstream *x, const struct xml_event *ev);
void xstream_component_accept_secret(struct xstream *x, struct slice secret);
void xstream_component_accept_handshake(struct xstream *x, const struct xml_node *node);
bool xstream_component_accept_stanza(struct xstream *x, const struct xml_node *node);
