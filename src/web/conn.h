/* conn.h - one connection: its requests, one at a time in their order, and their answers.
 *
 * What the files of a server share, each above the one before: place.c (counts and shares), reply.c
 * (an answer on its way), conn.c (what is awaited), stream.c, and server.c.
 */
#pragma once

#include "base/list.h"
#include "base/ts.h"
#include "net/acceptor.h"
#include "web/answer_head.h"
#include "web/server.h"
#include "web/wire.h"

struct web_server {
	struct web_server_cfg cfg;
	struct event_base *base;
	struct acceptor acceptor;
	uint16_t port;
	struct list conns;
	struct list idle; /* to whom nothing is owed, the longest first */
	struct list streams;
	struct event *heartbeat;
	uint64_t last_id;
	struct web_counts counts;
};

enum web_conn_state {
	WEB_CONN_AWAIT_HEAD,
	WEB_CONN_AWAIT_BODY,
	WEB_CONN_AWAIT_USER,   /* its password is compared */
	WEB_CONN_HANDLING,     /* the handler is called */
	WEB_CONN_AWAIT_ANSWER, /* it has said: later */
	WEB_CONN_ANSWERING,
	WEB_CONN_STREAMING,
	WEB_CONN_AWAIT_END, /* all is sent: what it still says is thrown away */
};

struct web_call {
	struct web_request request;
	struct web_answer answer;
	uint64_t id; /* 0: it is not answered later */
};

struct web_conn {
	struct web_server *server;
	enum web_conn_state state;
	struct list all;    /* of server.conns */
	struct list place;  /* of server.idle, but while it is answered */
	struct list reader; /* of its stream */
	struct addr peer;
	struct web_wire wire;
	struct event *timer;
	ts_t stays; /* until then it makes no room */
	ts_t answer_by;
	struct web_call call;
	struct web_framing framing;
	uint64_t asked; /* who it is; 0: not */
	char user[WEB_WHO_MAX + 1];
	struct slice rest; /* of the body, not sent yet */
	size_t held;       /* what the body is counted as */
	uint64_t heard;    /* of its stream */
	uint64_t heard_at_beat;
	size_t looked;  /* how much of the head */
	bool is_silent; /* nothing of its next request has come */
	bool is_done;   /* it says no more */
	bool is_over;   /* all of the answer is on its way */
};

struct web_stream {
	struct web_server *server;
	struct list all; /* of server.streams */
	struct list readers;
	size_t n_readers;
	struct buf kept; /* the last of what was pushed */
	uint64_t begin;  /* of `kept`, counted from the stream's begin */
};

/* ---- place.c ---- */

void web_conn_refuse(const struct web_conn *k, enum web_refusal why); /* counts, and tells */
void web_refuse(struct web_server *s, enum web_refusal why, const struct addr *peer);
/* Has this address less than its share, of the places or of the streams? */
bool web_has_share(const struct web_server *s, const struct addr *peer, bool is_stream);
/* The one of this address to whom nothing is owed for longest, and who makes room now. */
struct web_conn *web_idle_find(const struct web_server *s, const struct addr *peer, ts_t now);

/* ---- reply.c; what it returns is 0, or an error after which the connection has to end ---- */

int web_reply_begin(struct web_conn *k); /* the head of k->call.answer */
int web_reply_next(struct web_conn *k);  /* the next piece behind it; not when it is over */
int web_reply_feed(struct web_conn *k);  /* the stream's next, when the one before was taken */
void web_reply_forget(struct web_conn *k);

/* ---- conn.c ---- */

/* Takes over the socket, also when it fails; it is counted nowhere then. */
void web_conn_new(struct web_server *s, int fd, const struct addr *peer);
void web_conn_end(struct web_conn *k);
/* As a web_asker is told; `server` is one. */
void web_conn_tell_user(void *server, uint64_t id, const char *user);

/* ---- stream.c ---- */

/* A comment to all readers, so that what stands between keeps the connection, and one that is gone
 * is found; who has taken nothing since the last one is cut. */
void web_streams_beat(struct web_server *s);
