/* mask.h - bytes of a connection in, whole messages out, and nothing in them that proves an
 * identity.
 *
 * One struct mask for each side and direction of a connection: what is secret
 * does not depend on where a read ended.  A SIP stream is cut into messages
 * (sip/frame.h), an XMPP stream into its header, its stanzas and its end, so
 * that each piece can be shown, or dissected, by itself.
 *
 * Hidden are, as "***": in SIP all credentials (RFC 7616, RFC 7617, [MS-SIPAE])
 * but the parameters that are known to prove nothing, and passwords in URIs; in
 * XMPP what SASL (RFC 6120 section 6, XEP-0388), a component's handshake
 * (XEP-0114), XEP-0077, XEP-0078, XEP-0484 and private fields of forms carry.
 * Bodies are "[38 bytes]" unless they are wanted: what follows a SIP head, and
 * <body/> and <subject/> of any namespace in XMPP.
 */
#pragma once

#include "sip/frame.h"

enum mask_form {
	MASK_SIP,
	MASK_XMPP,
};

enum {
	MASK_PIECE_MAX = 65536, /* bytes of one piece; more are counted, and the piece says so */
	MASK_NAME_MAX = 64,
};

enum mask_xml_state {
	MASK_XML_TEXT,
	MASK_XML_OPEN,    /* behind a '<' */
	MASK_XML_NAME,    /* in the name of a start tag */
	MASK_XML_TAG,     /* between attributes */
	MASK_XML_ATTR,    /* in an attribute's name */
	MASK_XML_EQUALS,  /* behind it */
	MASK_XML_VALUE,   /* in a quoted value */
	MASK_XML_END_TAG, /* behind "</" */
	MASK_XML_MARKUP,  /* behind "<!", what it is is not known yet */
	MASK_XML_COMMENT,
	MASK_XML_CDATA,
	MASK_XML_DECLARATION, /* "<!DOCTYPE" and the like */
	MASK_XML_PI,
};

enum mask_skip {
	MASK_SKIP_NOTHING,
	MASK_SKIP_SECRET,
	MASK_SKIP_BODY,
};

/* A name as it is read; what is longer than there is room for is none that is looked for. */
struct mask_name {
	char text[MASK_NAME_MAX];
	size_t n, local; /* local: behind the prefix; n over the room: too long */
};

struct mask_xml {
	enum mask_xml_state state;
	unsigned depth; /* 1: in the stream's element */
	struct mask_name name, attr, value;
	uint8_t quote;
	unsigned matched; /* of what ends a comment, a CDATA section, a PI */
	bool slash;       /* the last byte of a tag was one: it ends itself */
	bool value_hidden;
	/* of what is pushed now */
	const uint8_t *at, *open; /* the byte that is looked at, the last '<' */
	struct slice shown;       /* to be shown, and not yet written */
	enum mask_skip tag_is;    /* what the content of the tag that is read is */
	/* what is being left out */
	enum mask_skip skip;
	unsigned skip_depth;
	struct mask_name skip_name;
	size_t skipped, tag_bytes; /* tag_bytes: of an end tag that may be the one */
};

struct mask {
	enum mask_form form;
	bool bodies, broken;
	struct sip_frame frame; /* SIP: what has no end yet, as it came */
	struct mask_xml xml;
	struct buf piece;
	size_t over; /* bytes of the piece that found no room */
	bool taken;  /* the piece was handed out */
};

void mask_init(struct mask *m, enum mask_form form, bool bodies);
void mask_done(struct mask *m); /* wipes; fine on a zeroed one */
/* The next whole piece that ends in *in, which is then what stands behind it; valid until the next
 * call.  False when *in is used up. */
bool mask_next(struct mask *m, struct slice *in, struct slice *ret);
/* What came last and has no end, when nothing follows; false when there is nothing. */
bool mask_rest(struct mask *m, struct slice *ret);
/* One whole SIP message, whatever its Content-Length says: of a datagram. */
struct slice mask_message(struct mask *m, struct slice text);
/* The same text without its bodies: of a piece that was made with them. */
void mask_bodies(enum mask_form form, struct slice text, struct buf *out);

/* An address as somebody wrote it, such as sip:user:secret@host, with *** for what stands where a
 * password does. */
void mask_address(struct buf *b, struct slice address);

/* mask_xmpp.c, which mask.c hands its bytes to */
bool mask_xml_next(struct mask *m, struct slice *in);
void mask_xml_rest(struct mask *m);

/* Both write through it: what is over MASK_PIECE_MAX is counted. */
static inline void mask_put(struct mask *m, struct slice s)
{
	const size_t len = buf_len(&m->piece),
		     room = len < MASK_PIECE_MAX ? MASK_PIECE_MAX - len : 0;

	buf_put(&m->piece, slice_cut(s, 0, room));
	if (s.n > room)
		m->over += s.n - room;
}

static inline bool mask_is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
