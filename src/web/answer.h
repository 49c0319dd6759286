/* answer.h - what a handler of requests writes against: an answer at once or later, in one piece or
 * in parts, or a stream of events that stays open.
 *
 * All of it in the thread of the server's loop.
 */
#pragma once

#include "base/buf.h"
#include "web/request.h"

struct web_server;
struct web_call;
struct web_stream;

enum {
	WEB_ETAG_MAX = 72, /* of SHA-256 in hexadecimal, and more */
	WEB_PART_MAX = 64 << 10,
	WEB_CALL_S = 10, /* for an answer that comes later, unless it says another time */
	WEB_EVENT_MAX = 64 << 10,
	/* What a reader of a stream may be behind; over it, he is cut. */
	WEB_STREAM_UNREAD_MAX = 128 << 10,
	WEB_HEARTBEAT_S = 15,
};

struct web_answer {
	unsigned status;         /* as it is given: 500 */
	const char *type;        /* as it is given: plain text; a constant */
	const char *cache;       /* Cache-Control, as it is given: no-store; a constant */
	const char *allow;       /* of a 405, as it is given: GET, HEAD (and POST); a constant */
	char etag[WEB_ETAG_MAX]; /* without quotes; "": none.  Of a 200 to a reader who has it the
				    server makes a 304. */
	struct buf fields;       /* web_answer_field() */
	struct buf body;         /* of the first or only part, for the handler to fill in */
	/* Instead of `body`: bytes that outlive the server and are not copied, as a style sheet's.
	 */
	struct slice constant;
	/* Not NULL: further parts.  Puts the next one into `b`, at least a byte; false: it was the
	 * last.  `done` frees `parts` at the end, whichever way that comes: also when nobody has
	 * answered later and the reader is gone.  Both may be NULL. */
	bool (*more)(void *parts, struct buf *b);
	void (*done)(void *parts);
	void *parts;
	unsigned later_s;          /* web_answer_later(); as it is given: WEB_CALL_S */
	struct web_stream *stream; /* web_answer_stream() */
};

/* `request` lives as long as the call.  A handler that does nothing has answered 500. */
typedef void web_handler(void *arg, const struct web_request *request, struct web_answer *ret);

/* By a status and its phrase, in the place of all that is in it. */
void web_answer_refuse(struct web_answer *a, unsigned status);
/* In the handler: a GET that starts something, and web_is_foreign(): 403, counted and told to
 * refused() as the server's own. */
void web_answer_refuse_foreign(struct web_answer *a);
/* A further field: Location, Retry-After, Set-Cookie, Content-Security-Policy, ...  A value that
 * cannot stand in a line makes the answer a 500: what a peer wrote cannot become a field. */
void web_answer_field(struct web_answer *a, const char *name, struct slice value);
/* To a path of this server; 303 is for after a POST. */
void web_answer_redirect(struct web_answer *a, unsigned status, struct slice location);

/* ---- later ---- */

/* In the handler: the answer comes later.  The request stays as it is until then.  NULL: as many
 * as there may be are awaited, a 503 is the answer already, and what was in it is freed.
 *
 * The call may be gone at each turn of the loop: the reader has left (half a close counts), or
 * a->later_s are over (504).  Who hears from a thread keeps its id, and looks whether there is
 * still somebody to hear it. */
struct web_call *web_answer_later(struct web_answer *a);
uint64_t web_call_id(const struct web_call *c);                    /* never 0, never used again */
struct web_call *web_call_find(struct web_server *s, uint64_t id); /* NULL: it is gone */
const struct web_request *web_call_request(const struct web_call *c);
struct web_answer *web_call_answer(struct web_call *c); /* as the handler has left it */
void web_call_send(struct web_call *c);                 /* and the call is no more */

/* ---- streams ---- */

/* Server-sent events (HTML, section 9.2) to all who read the stream: one copy, however many they
 * are.  One for each view (role, language), since all hear the same.  A push costs a system call
 * for each reader: what happens within a moment is better said in one. */
int web_stream_new(struct web_stream **ret, struct web_server *s); /* 0 or -ENOMEM */
/* Its readers' connections end.  Before the server. */
struct web_stream *web_stream_free(struct web_stream *st);
/* In the handler, or later: the answer is this stream; `body` is what the reader hears first, as
 * the state of now.  When no more can be taken it is a 503 with Retry-After. */
void web_answer_stream(struct web_answer *a, struct web_stream *st);
/* Whole events, as web_event_put() makes them, up to WEB_EVENT_MAX: 0, -EMSGSIZE or -ENOMEM.  Who
 * has is WEB_STREAM_UNREAD_MAX behind, or has taken nothing between two heartbeats, is cut, and
 * counted; his browser comes again. */
int web_stream_push(struct web_stream *st, struct slice events);
size_t web_stream_readers(const struct web_stream *st);
/* An event; its name and id may be NULL, and a line end begins a further line of data.  One in a
 * name or id is left out. */
void web_event_put(struct buf *b, const char *name, const char *id, struct slice data);
