/* server.h - HTTP over libevent, for few readers: one request a connection, bounded in number, time
 * and memory.
 *
 * Nobody is waited for.  An answer is made in parts, one when the reader has
 * taken the one before, so that who does not read costs one part, and between
 * two parts the loop goes on.  When all places are taken the one to whom
 * nothing is owed for longest goes.  An answer that does not become whole ends in a reset, since to
 * HTTP/1.0 the mere end is the end of an answer.
 *
 * It is not libevent's own server (evhttp): doc/decisions.md says why.
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"
#include "web/request.h"

struct event_base;
struct web_server;

enum {
	WEB_CLIENTS_MAX = 16, /* further ones wait in the kernel */
	WEB_HEAD_S = 5,       /* for the whole head */
	WEB_ANSWER_S = 10,    /* for the whole answer, as long as a scrape may take */
	WEB_PART_S = 2,       /* for one part of it to be taken */
	WEB_PART_MAX = 64 << 10,
};

struct web_answer {
	unsigned status;  /* as it is given: 500 */
	const char *type; /* as it is given: plain text */
	struct buf body;  /* of the first or only part, for the handler to fill in */
	/* Not NULL: further parts.  Puts the next one into `b`, at least a byte; false: it was the
	 * last.  `done` frees `parts` at the end, whichever way that comes; both may be NULL. */
	bool (*more)(void *parts, struct buf *b);
	void (*done)(void *parts);
	void *parts;
};

/* `request` lives as long as the call. */
typedef void web_handler(void *arg, const struct web_request *request, struct web_answer *ret);

struct web_server_cfg {
	struct addr addr; /* port 0: any that is free */
	web_handler *handle;
	void *arg;
};

/* 0, or a negative errno: the address is in use, or not of this machine, ... */
int web_server_new(
	struct web_server **ret, struct event_base *base, const struct web_server_cfg *cfg);
struct web_server *web_server_free(struct web_server *s);
uint16_t web_server_port(const struct web_server *s);
