#include "report/trace_private.h"

#include <string.h>

#include "base/mem.h"
#include "probe/mask.h"

struct trace {
	struct trace_cfg cfg;
	struct trace_step *steps[TRACE_STEPS];
	size_t n, n_head, bytes;
	bool head_full;
	unsigned left_out, pending; /* pending: in front of what comes next */
	struct buf scratch;
};

int trace_new(struct trace **ret, const struct trace_cfg *cfg)
{
	struct trace *t = mem_alloc0(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->cfg = *cfg;
	buf_init(&t->scratch, 2 * MASK_PIECE_MAX);
	*ret = t;
	return 0;
}

struct trace *trace_free(struct trace *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->n; i++)
		mem_free(t->steps[i]);
	buf_done(&t->scratch);
	return mem_free(t);
}

/* ---- what is kept ---- */

static bool is_message(const struct trace_step *s)
{
	return s->ev.type == PROBE_EV_TRACE;
}

/* The oldest message behind the head; false when there is none. */
static bool drop_one(struct trace *t)
{
	size_t i = t->n_head;

	while (i < t->n && !is_message(t->steps[i]))
		i++;
	if (i == t->n)
		return false;
	const unsigned missing = t->steps[i]->left_out + 1;
	t->bytes -= t->steps[i]->ev.text.n;
	mem_free(t->steps[i]);
	t->n--;
	for (size_t k = i; k < t->n; k++)
		t->steps[k] = t->steps[k + 1];
	t->left_out++;
	if (i < t->n)
		t->steps[i]->left_out += missing;
	else
		t->pending += missing;
	return true;
}

static bool make_room(struct trace *t, size_t n)
{
	while (t->n == TRACE_STEPS || t->bytes + n > TRACE_BYTES)
		if (!drop_one(t))
			return false;
	return true;
}

/* What came earlier and is told later goes to its place. */
static void insert(struct trace *t, struct trace_step *s)
{
	size_t i = t->n++;

	while (i > 0 && t->steps[i - 1]->ev.at > s->ev.at) {
		t->steps[i] = t->steps[i - 1];
		i--;
	}
	t->steps[i] = s;
	t->bytes += s->ev.text.n;
	t->head_full |= t->n > TRACE_HEAD || t->bytes > TRACE_BYTES / 2;
	if (!t->head_full)
		t->n_head = t->n;
}

static void keep(struct trace *t, const struct probe_event *ev, struct slice text)
{
	struct trace_step *s = make_room(t, text.n) ? mem_alloc0(sizeof(*s) + text.n + 1) : NULL;

	if (!s) {
		t->pending += ev->type == PROBE_EV_TRACE;
		t->left_out += ev->type == PROBE_EV_TRACE;
		return;
	}
	s->ev = *ev;
	if (text.n)
		memcpy(s + 1, text.p, text.n);
	s->ev.text = slice_of(s + 1, text.n);
	s->left_out = t->pending;
	t->pending = 0;
	insert(t, s);
}

void trace_push(struct trace *t, const struct probe_event *ev)
{
	struct slice text = ev->text;

	t->pending += ev->left_out;
	t->left_out += ev->left_out;
	if (ev->type == PROBE_EV_DONE)
		return;
	if (ev->type == PROBE_EV_PHASE) {
		keep(t, ev, SLICE_NONE);
		return;
	}
	if (t->cfg.strip_bodies) {
		buf_clear(&t->scratch);
		mask_bodies(ev->side == SIDE_XMPP ? MASK_XMPP : MASK_SIP, text, &t->scratch);
		text = buf_slice(&t->scratch);
	}
	keep(t, ev, text);
}

size_t trace_count(const struct trace *t)
{
	return t->n;
}

const struct trace_step *trace_get(const struct trace *t, size_t i)
{
	return t->steps[i];
}

unsigned trace_left_out(const struct trace *t)
{
	return t->left_out;
}

unsigned trace_left_out_at_end(const struct trace *t)
{
	return t->pending;
}
