#include "base/outbox.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

int outbox_init(struct outbox *o, size_t max_bytes, size_t max_outputs, size_t max_wants)
{
	*o = (struct outbox){ .max_pieces = max_outputs, .max_wants = max_wants };
	buf_init(&o->bytes, max_bytes);
	o->pieces = mem_alloc0(max_outputs * sizeof(*o->pieces));
	o->wants = mem_alloc0(max_wants * sizeof(*o->wants));
	return o->pieces && o->wants ? 0 : -ENOMEM;
}

void outbox_done(struct outbox *o)
{
	buf_done(&o->bytes);
	o->pieces = mem_free(o->pieces);
	o->wants = mem_free(o->wants);
}

void outbox_begin(struct outbox *o)
{
	if (o->next_piece == o->n_pieces) {
		o->n_pieces = o->next_piece = 0;
		buf_clear(&o->bytes);
	}
	if (o->next_want == o->n_wants)
		o->n_wants = o->next_want = 0;
}

struct slice outbox_unsent(const struct outbox *o)
{
	const struct outbox_piece *last = o->n_pieces ? &o->pieces[o->n_pieces - 1] : NULL;

	return slice_skip(buf_slice(&o->bytes), last ? last->offset + last->n : 0);
}

bool outbox_send(struct outbox *o, flow_t flow, uint32_t listener, const struct addr *peer,
	const struct addr *local)
{
	size_t n = outbox_unsent(o).n;

	if (buf_err(&o->bytes) || o->n_pieces == o->max_pieces) {
		buf_truncate(&o->bytes, buf_len(&o->bytes) - n);
		return false;
	}
	o->pieces[o->n_pieces++] = (struct outbox_piece){
		.flow = flow,
		.listener = listener,
		.peer = *peer,
		.offset = buf_len(&o->bytes) - n,
		.n = n,
	};
	if (local)
		o->pieces[o->n_pieces - 1].local = *local;
	return true;
}

bool outbox_has_room(const struct outbox *o)
{
	return o->n_pieces < OUTBOX_TURN && 2 * o->n_pieces < o->max_pieces &&
	       2 * buf_len(&o->bytes) < o->bytes.max && 2 * o->n_wants < o->max_wants;
}

struct want *outbox_want(struct outbox *o, enum want_type type)
{
	assert(o->n_wants < o->max_wants && "the driver drains the wants of each push");
	struct want *w = &o->wants[o->n_wants++];

	memset(w, 0, sizeof(*w));
	w->type = type;
	return w;
}

bool outbox_take_output(struct outbox *o, struct output *ret)
{
	if (o->next_piece == o->n_pieces)
		return false;
	const struct outbox_piece *p = &o->pieces[o->next_piece++];
	*ret = (struct output){
		.flow = p->flow,
		.listener = p->listener,
		.peer = p->peer,
		.local = p->local,
		.bytes = slice_cut(buf_slice(&o->bytes), p->offset, p->offset + p->n),
	};
	return true;
}

bool outbox_take_want(struct outbox *o, struct want *ret)
{
	if (o->next_want == o->n_wants)
		return false;
	*ret = o->wants[o->next_want++];
	return true;
}
