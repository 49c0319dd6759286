/* xml_priv.h - the reader, shared by xml_read.c (its life, what is fed and taken) and, below it,
 * xml_build.c (what expat tells becomes events). */
#pragma once

#include <expat.h>

#include "xmpp/xml.h"
#include "xmpp/xml_arena.h"
#include "xmpp/xml_names.h"
#include "xmpp/xml_scope.h"
#include "xmpp/xml_twice.h"

enum {
	XML_STOP_NAMES = 4,
	XML_STOP_NAME_MAX = 31,
	XML_ERROR_ROOM = 1, /* the error always finds a place in the queue */
};

struct xml_queued {
	struct xml_event ev;
	struct xml_arena arena;
};

struct xml_open { /* an element whose end is not here yet */
	struct xml_node *node;
	struct xml_node *last_child;
	struct xml_attr *attrs;
	struct xml_scope scope;
	uint8_t *text;
	size_t text_cap;
};

struct xml_reader {
	XML_Parser expat;
	struct xml_limits limits;
	uint64_t salt;

	struct xml_pool pool;
	struct xml_arena stream;   /* the stream element; until the reset */
	struct xml_arena building; /* the stanza that is coming in */
	struct xml_arena held;     /* the one that was taken last */
	struct xml_names names;

	struct xml_queued queue[XML_EVENTS_MAX + XML_ERROR_ROOM];
	unsigned first, n_events;

	struct xml_open *open; /* [0] is the stream element */
	unsigned depth;        /* elements open */
	unsigned nodes;
	size_t fed;             /* bytes since the reset */
	size_t seen;            /* of these, up to the end of the last token */
	size_t skew;            /* of these, what the present parser was not given */
	struct buf header;      /* limits.cut: up to the end of the stream's start tag, as parsed */
	size_t unit_start;      /* where the stanza (or the stream header) began */
	struct xml_twice twice; /* limits.cut */
	struct slice content_ns;
	bool failed, stopped;
	unsigned dropped;     /* the depth of an element that is passed over; 0: none */
	bool cutting;         /* what is left of the stanza in hand is passed over */
	bool starts_with_tag; /* the first byte of all */

	char stop[XML_STOP_NAMES][XML_STOP_NAME_MAX + 1];
	unsigned n_stop;
};

/* xml_build.c */
struct xml_queued *xml_reader_emit(struct xml_reader *r, enum xml_event_type type);
/* Ends the stream; only the first call counts. */
void xml_reader_fail_at(
	struct xml_reader *r, const char *condition, size_t offset, const char *what);
void xml_reader_fail(struct xml_reader *r, const char *condition, const char *what);
void xml_reader_fail_memory(struct xml_reader *r);
size_t xml_reader_offset(const struct xml_reader *r); /* of the token in hand */
/* Tells expat how to be, and what to call; a reset forgets it all. */
void xml_build_set_up(struct xml_reader *r);
void xml_build_listen(struct xml_reader *r);
