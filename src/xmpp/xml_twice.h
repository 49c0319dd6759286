/* xml_twice.h - an attribute that stands twice in one tag is taken out of a stream's bytes before
 * they are parsed.
 *
 * That is not well-formed (XML 1.0 section 3.1), and no parser goes on behind
 * it.  But jabberd2's router writes `xmlns` twice into some tags that a user of
 * its sent rightly, and what one user sends must not end the stream of all.
 * The first of the two stays.
 *
 * All other bytes pass as they came; names and quotes are followed only as far
 * as is needed to find the attributes.  All zero is the start of a stream.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum {
	XML_TWICE_NAMES = 4096, /* bytes of names of one tag; further ones are not looked at */
	XML_TWICE_ATTRS = 256,  /* names of one tag that are kept, and that are looked up */
	/* Taken out of one tag, of which jabberd2's have one: behind each the parser begins the tag
	 * again.  Further ones pass, and end the stream. */
	XML_TWICE_DROPS = 64,
};

enum xml_twice_state {
	XML_TWICE_TEXT,
	XML_TWICE_OPEN,  /* behind '<' */
	XML_TWICE_BANG,  /* behind "<!" */
	XML_TWICE_CDATA, /* up to "]]>" */
	XML_TWICE_SKIP,  /* up to '>': an end tag, a declaration */
	XML_TWICE_TAG,   /* the element's name, and between attributes */
	XML_TWICE_NAME,
	XML_TWICE_EQUALS, /* up to the quote */
	XML_TWICE_VALUE,
};

struct xml_twice {
	enum xml_twice_state state;
	uint8_t quote, brackets; /* of CDATA: how many ']' have come in a row */
	bool drops;              /* what is at hand is the second of its name */
	bool is_blind;           /* too many names: this one, and those behind it */
	bool in_element_name;
	uint16_t n_attrs, ends[XML_TWICE_ATTRS]; /* of the names in `names` */
	uint8_t n_drops;
	uint64_t dropped; /* since the start of the stream */
	uint16_t n_names; /* bytes */
	bool holds;       /* the bytes so far of the name at hand are held back */
	uint8_t names[XML_TWICE_NAMES];
};

/* Looks at the front of `in`, which is not empty.  Returns how many bytes are dealt with; `keep` is
 * what of them, or of what was held back, is to be parsed now (or nothing).  It is valid until the
 * next call. */
size_t xml_twice_step(struct xml_twice *t, struct slice in, struct slice *keep);
