/* stream_pair.h - two stream engines in lock-step: what one sends, the other gets. */
#pragma once

#include "stream_rig.h"

struct pair {
	struct rig a, b; /* a begins, b accepts */
	size_t piece;    /* bytes handed over at once; 0: all that there is */
	struct tls_facts tls_a, tls_b;
	const struct sasl_secret *secret; /* of the account; NULL: no such user */
	const char *component_secret;
	const char *cut_from,
		*cut_to; /* a text that somebody in between replaces, on its way to a */
	bool gives_no_resource;
};

/* Somebody in between; the text is longer than what takes its place. */
static inline void pair_tamper(struct pair *p)
{
	char *at = p->b.out + p->b.read;

	while (p->cut_from && (at = strstr(at, p->cut_from))) {
		size_t from = strlen(p->cut_from), to = strlen(p->cut_to);
		assert_true(to < from);
		memcpy(at, p->cut_to, to);
		memmove(at + to, at + from, strlen(at + from) + 1);
		p->b.n_out -= from - to;
	}
}

static inline bool pair_carry(struct pair *p, struct rig *from, struct rig *to)
{
	if (from == &p->b)
		pair_tamper(p);
	struct slice rest = slice_of(from->out + from->read, from->n_out - from->read);

	if (to->want_tls)
		return false; /* the handshake comes first */
	size_t n = rig_push(to, p->piece ? slice_cut(rest, 0, p->piece) : rest);
	from->read += n;
	return n > 0;
}

static inline bool pair_answer(struct pair *p)
{
	struct rig *b = &p->b;

	if (b->want_account) {
		b->want_account = false;
		xstream_push_account(b->x, p->secret, b->now);
	} else if (b->want_secret) {
		b->want_secret = false;
		xstream_push_secret(b->x, slice_str(p->component_secret), b->now);
	} else if (b->want_bind) {
		b->want_bind = false;
		xstream_push_bind(b->x,
			slice_str(p->gives_no_resource ? ""
				  : b->wanted[0]       ? b->wanted
						       : "of-the-server"),
			b->now);
	} else {
		return false;
	}
	rig_drain(b);
	return true;
}

static inline bool pair_step(struct pair *p)
{
	if (p->a.want_tls && p->b.want_tls && p->a.n_out == p->a.read && p->b.n_out == p->b.read) {
		rig_tls_up(&p->a, &p->tls_a);
		rig_tls_up(&p->b, &p->tls_b);
		return true;
	}
	bool moved = pair_carry(p, &p->a, &p->b);
	moved = pair_carry(p, &p->b, &p->a) || moved;
	return pair_answer(p) || moved;
}

static inline void pair_run(struct pair *p)
{
	while (pair_step(p))
		;
}

static inline void pair_free(struct pair *p)
{
	rig_free(&p->a);
	rig_free(&p->b);
}
