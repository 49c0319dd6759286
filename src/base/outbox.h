/* outbox.h - what one push of a composite engine leaves behind: outputs and wants, in order.
 *
 * The engine writes bytes into outbox_bytes() and ends each output with
 * outbox_send(); the driver takes them before the next push, which begins
 * with outbox_begin().  Everything is bounded; what is over the bound is lost
 * as on a network, wants excepted: those are the engine's own and few.
 */
#pragma once

#include "base/buf.h"
#include "base/world.h"

enum { OUTBOX_TURN = 256 };

struct outbox_piece {
	flow_t flow;
	uint32_t listener;
	struct addr peer, local;
	size_t offset, n; /* in bytes */
};

struct outbox {
	struct buf bytes;
	struct outbox_piece *pieces;
	size_t n_pieces, next_piece, max_pieces;
	struct want *wants;
	size_t n_wants, next_want, max_wants;
};

/* 0 or -ENOMEM; outbox_done() is fine after either, and on a zeroed one. */
int outbox_init(struct outbox *o, size_t max_bytes, size_t max_outputs, size_t max_wants);
void outbox_done(struct outbox *o);
void outbox_begin(struct outbox *o); /* of a push: what was taken is forgotten */

static inline struct buf *outbox_bytes(struct outbox *o)
{
	return &o->bytes;
}
/* What was written since the last outbox_send(). */
struct slice outbox_unsent(const struct outbox *o);
/* That becomes one output: on `flow`, or (0) a datagram from `listener` to `peer`, leaving from
 * `local` (NULL: see struct output).  False when it was over a bound, or memory was out: it is
 * lost.
 */
bool outbox_send(struct outbox *o, flow_t flow, uint32_t listener, const struct addr *peer,
	const struct addr *local);
/* Is there room for one more of what may wait?  Half of the outputs, of their bytes and of the
 * wants is left to what may not, and there are fewer than OUTBOX_TURN: whoever comes next has a
 * turn, too.
 */
bool outbox_has_room(const struct outbox *o);
/* Zeroed but for the type.  A push makes no more than max_wants: asserted. */
struct want *outbox_want(struct outbox *o, enum want_type type);

bool outbox_take_output(struct outbox *o, struct output *ret);
bool outbox_take_want(struct outbox *o, struct want *ret);
