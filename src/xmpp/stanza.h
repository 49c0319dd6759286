/* stanza.h - message, presence and iq, RFC 6120 section 8 and RFC 6121. */
#pragma once

#include "base/rng.h"
#include "xmpp/jid.h"
#include "xmpp/xml.h"

#define NS_CLIENT     "jabber:client"
#define NS_COMPONENT  "jabber:component:accept"
#define NS_SERVER     "jabber:server"
#define NS_STREAM     "http://etherx.jabber.org/streams"
#define NS_STREAMS    "urn:ietf:params:xml:ns:xmpp-streams"
#define NS_STANZAS    "urn:ietf:params:xml:ns:xmpp-stanzas"
#define NS_TLS        "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL       "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_BIND       "urn:ietf:params:xml:ns:xmpp-bind"
#define NS_PING       "urn:xmpp:ping"
#define NS_RECEIPTS   "urn:xmpp:receipts"
#define NS_DELAY      "urn:xmpp:delay"
#define NS_DISCO_INFO "http://jabber.org/protocol/disco#info"

/* The 22 defined conditions of RFC 6120 section 8.3.3, in its order. */
enum stanza_condition {
	COND_BAD_REQUEST,
	COND_CONFLICT,
	COND_FEATURE_NOT_IMPLEMENTED,
	COND_FORBIDDEN,
	COND_GONE,
	COND_INTERNAL_SERVER_ERROR,
	COND_ITEM_NOT_FOUND,
	COND_JID_MALFORMED,
	COND_NOT_ACCEPTABLE,
	COND_NOT_ALLOWED,
	COND_NOT_AUTHORIZED,
	COND_POLICY_VIOLATION,
	COND_RECIPIENT_UNAVAILABLE,
	COND_REDIRECT,
	COND_REGISTRATION_REQUIRED,
	COND_REMOTE_SERVER_NOT_FOUND,
	COND_REMOTE_SERVER_TIMEOUT,
	COND_RESOURCE_CONSTRAINT,
	COND_SERVICE_UNAVAILABLE,
	COND_SUBSCRIPTION_REQUIRED,
	COND_UNDEFINED_CONDITION,
	COND_UNEXPECTED_REQUEST,
	COND_COUNT,
};

enum stanza_error_type {
	ERROR_TYPE_AUTH,
	ERROR_TYPE_CANCEL,
	ERROR_TYPE_CONTINUE,
	ERROR_TYPE_MODIFY,
	ERROR_TYPE_WAIT,
};

const char *stanza_condition_name(enum stanza_condition c); /* "item-not-found" */
bool stanza_condition_find(struct slice name, enum stanza_condition *ret);
const char *stanza_error_type_name(enum stanza_error_type t);

enum stanza_kind {
	STANZA_MESSAGE,
	STANZA_PRESENCE,
	STANZA_IQ,
	STANZA_OTHER,
};

/* A look at a stanza: slices into the node. */
struct stanza {
	enum stanza_kind kind;
	const struct xml_node *node;
	struct slice from, to, id, type;
};
/* `node` in NS_CLIENT or NS_COMPONENT (others are STANZA_OTHER). */
void stanza_read(struct stanza *ret, const struct xml_node *node);

/* The error of a stanza of type 'error'. */
struct stanza_error {
	enum stanza_condition condition; /* COND_UNDEFINED_CONDITION when unknown */
	enum stanza_error_type type;
	struct slice text;
	struct slice address; /* the content of <gone/> or <redirect/> */
	struct slice by;
};
bool stanza_error_read(struct stanza_error *ret, const struct xml_node *node);

/* `<message from= to= id= type=...>` left open, empty values left out; end with
 * stanza_put_end(b, "message"). */
void stanza_put_start(struct buf *b, const char *name, struct slice from, struct slice to,
	struct slice id, struct slice type);
void stanza_put_end(struct buf *b, const char *name);
/* `<error type=..><condition xmlns=..>address</condition><text ..>..</text></error>` */
void stanza_put_error(struct buf *b, const struct stanza_error *e);
/* The whole error stanza in answer to `s` (from and to exchanged); nothing for an error or an iq
 * result: an error never answers an error. */
bool stanza_put_error_reply(struct buf *b, const struct stanza *s, const struct stanza_error *e);

/* An iq get or set, and the presence below that asks for something.  Of a message who sent it
 * decides. */
bool stanza_wants_answer(const struct stanza *s);
/* Every iq get or set gets an answer: a pong (XEP-0199), our disco#info, else service-unavailable.
 * False when `s` needs none.  `from` "" leaves it out (client streams). */
bool stanza_put_iq_answer(struct buf *b, const struct stanza *s);
/* What a user's server says to a subscription request and to a probe, for one whose presence is
 * told to nobody: `unsubscribed`, RFC 6121 sections 3.1.3 and 4.3.2.  False when `s` needs no
 * answer. */
bool stanza_put_presence_answer(struct buf *b, const struct stanza *s);
void stanza_put_ping(struct buf *b, struct slice from, struct slice to, struct slice id);

/* XEP-0184 */
bool stanza_wants_receipt(const struct stanza *s);
struct slice stanza_receipt_id(const struct stanza *s); /* of <received id=/>; "" when none */
void stanza_put_receipt(struct buf *b, struct slice from, struct slice to, struct slice id,
	struct slice received_id);
