/* xml.h - the XML of a stream: expat fed with bytes, whole stanzas out, RFC 6120 section 11.
 *
 * Refused, with the stream error that RFC 6120 section 4.9.3 names: doctype,
 * comment, processing instruction, any entity but the five, ill-formed text,
 * and whatever is over a limit.  An element or attribute whose prefix stands for
 * nothing is not there at all: it ends no stream, since servers write such for
 * what their users send.  A node and all it holds live until the next
 * push, take or reset; the stream's own node (XML_EV_OPEN), which is the parent
 * of every stanza, lives until the reset.
 */
#pragma once

#include "base/buf.h"

#define NS_XML "http://www.w3.org/XML/1998/namespace"

struct xml_attr {
	struct slice ns, name, value; /* ns "" for most */
	const struct xml_attr *next;
};

struct xml_node {
	struct slice ns, name;
	struct slice text; /* all character data directly in it, in order, joined */
	const struct xml_attr *attrs;
	const struct xml_node *parent, *child, *next;
};

/* The value of an attribute without namespace; "" when absent. */
struct slice xml_attr(const struct xml_node *n, const char *name);
struct slice xml_lang(const struct xml_node *n); /* xml:lang here or above; "" when none */
/* The first child by name and namespace; NULL ns: any. */
const struct xml_node *xml_child(const struct xml_node *n, const char *ns, const char *name);
bool xml_is(const struct xml_node *n, const char *ns, const char *name);

/* ---- writing: straight into a buf; text and values are escaped, bytes that XML cannot carry are
 * replaced by U+FFFD so that a stream is never broken by a body ---- */
void xml_put_text(struct buf *b, struct slice text);
void xml_put_attr(struct buf *b, const char *name, struct slice value); /* ` name='value'` */
/* `<name>text</name>` */
void xml_put_element(struct buf *b, const char *name, struct slice text);
/* The node as it came, namespaces declared where they change from `outer_ns`. */
void xml_put_node(struct buf *b, const struct xml_node *n, const char *outer_ns);

/* ---- reading ---- */

struct xml_limits {
	size_t stanza_bytes; /* of one top-level element */
	unsigned depth;      /* below the stream element */
	unsigned attrs;      /* of one element */
	unsigned nodes;      /* of one stanza */
	size_t name_bytes;   /* distinct names of a stream's life, each with 64 bytes on top: expat
				keeps them */
	size_t tag_bytes;    /* of one tag (0: the default): expat reads an unfinished one from its
				start with every push */
	bool cut; /* a stanza that is over one of these is cut, and costs the stream nothing, but
		     for a tag whose end has not come; name_bytes is for one stanza, twice */
};
/* What is being cut away still has to end: each open element costs expat 200 bytes. */
enum {
	XML_CUT_DEPTH = 128 << 10, /* more than half a MiB of <a> and </a> has */
	XML_CUT_BYTES = 16 << 20,
};
extern const struct xml_limits xml_default_limits; /* 256 KiB, 32, 32, 4096, 1 MiB, 16 KiB */
/* For who reads what a server passes on: what one of its users sends must not end the stream, so
 * it is cut.  Servers pass on tags and names that are larger than those of a client's own. */
extern const struct xml_limits xml_relay_limits;

enum xml_event_type {
	XML_EV_OPEN,   /* the stream's start tag: node has its name and attributes */
	XML_EV_STANZA, /* a complete child of the stream */
	XML_EV_CLOSE,  /* the stream's end tag */
	XML_EV_ERROR,  /* the last one */
};

struct xml_event {
	enum xml_event_type type;
	const struct xml_node *node;
	/* Stanza: it was over a limit, and only its beginning is here, of its own tag from, to, id
	 * and type; or its name means nothing (ns "", name as it came).  Refuse it. */
	bool cut;
	const char *condition;   /* error: "not-well-formed", "restricted-xml", "policy-violation",
				    "unsupported-encoding", "internal-server-error", "bad-format"
				    (text between stanzas) */
	struct where where;      /* error: offset in the stream since the last reset */
	struct slice content_ns; /* open: the default namespace that the tag declares; "" none */
};

struct xml_reader;
#define XML_EVENTS_MAX 64 /* stanzas that may wait to be taken */

int xml_reader_new(struct xml_reader **ret, const struct xml_limits *limits, uint64_t hash_salt);
struct xml_reader *xml_reader_free(struct xml_reader *r);
/* How much it took: all, or less when XML_EVENTS_MAX events wait, or when a stanza for which
 * xml_reader_stop_at() was set has just ended (its end is the last byte taken).  After an error
 * everything is taken and ignored. */
size_t xml_reader_push(struct xml_reader *r, struct slice in);
bool xml_reader_take(struct xml_reader *r, struct xml_event *ret);
/* Stop behind the next top-level element of this name: what follows is not this stream's
 * (<proceed/>, <success/>).  Up to 4 names; kept until the reset. */
void xml_reader_stop_at(struct xml_reader *r, const char *name);
/* Attributes that stood twice in their tag and were left out (xmpp/xml_twice.h), since the start of
 * the stream. */
uint64_t xml_reader_twice(const struct xml_reader *r);
void xml_reader_reset(struct xml_reader *r); /* a new stream on the same connection */
