/* via.h - a test of the configuration that somebody wants now, with its result: `stox test --via`.
 * He needs no secret of it, and no secret is in what he gets.
 *
 * What is wanted is a query, over the control socket and over HTTP (POST /-/test): `pool`,
 *`partner`, `kind`, `direction` (the first test that they leave, of those he may run), `formats`
 *(names of forms of `stox test`, commas between), `lang`, `verbose`, `columns`, `colour`.  A run
 *that is on already is taken for it.
 *
 *	{"schema": "stox.via/1", "test": KEY, "status": N, "outputs": [{"format": "text", "status":
 *N, "text": "..."}]}
 */
#pragma once

#include "base/list.h"
#include "watcher/desk_private.h"
#include "web/answer.h"

enum { VIA_MAX = 256, VIA_S = 900 /* at most so long */ };

/* Over the socket.  True: `b` has the answer already, else it comes later. */
bool via_push(struct desk_request *r, struct buf *b);
/* Over HTTP. */
void via_ask(struct watcher *w, struct web_server *server, const struct web_request *r,
	const struct access *a, struct web_answer *ret);

/* A run of the test is over; before the test itself may go. */
void via_push_end(struct watcher *w, const struct watched *t, const struct watcher_end *end);
void via_push_dropped(struct watcher *w, const struct watched *t);
void via_push_plan(struct watcher *w); /* tests may be gone */
void via_push_time(struct watcher *w, ts_t now);
ts_t via_deadline(const struct watcher *w);
void via_end(struct watcher *w); /* all: the watcher stops */
