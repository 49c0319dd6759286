/* toy_engine.h - an engine that does what a test tells it to, and holds its driver to the rules of
 * base/world.h. */
#pragma once

#include <string.h>

#include "base/buf.h"
#include "base/world.h"

enum { WANTS_MAX = 64, OUTPUTS_MAX = 8, LISTENERS_MAX = 64, LOG_MAX = 4096, BYTES_MAX = 8 << 20 };

struct toy;
typedef void toy_reaction(struct toy *t, const struct fact *in);

struct toy {
	toy_reaction *react; /* may be NULL */
	struct want wants[WANTS_MAX];
	unsigned n_wants, next_want;
	struct output outputs[OUTPUTS_MAX];
	unsigned n_outputs, next_output;
	uint8_t scratch[65536]; /* overwritten at each push: outputs point into it */
	size_t n_scratch;
	ts_t deadline, woken_at;
	unsigned wakes;
	char log[LOG_MAX];
	struct buf bytes;
	struct addr local[LISTENERS_MAX];
	struct addr peer, here;
	flow_t accepted;
	int err;
	enum dns_status dns;
	bool done; /* its owner stops the pump, or removes it */
};

static void begin(struct toy *t)
{
	/* world.h: one fact, then all outputs, then all wants. */
	assert_int_equal(t->next_output, t->n_outputs);
	assert_int_equal(t->next_want, t->n_wants);
	t->n_outputs = t->next_output = t->n_wants = t->next_want = 0;
	memset(t->scratch, '#', sizeof(t->scratch));
	t->n_scratch = 0;
}

static inline struct want *toy_want(struct toy *t, enum want_type type)
{
	struct want *w = &t->wants[t->n_wants++];

	assert_true(t->n_wants <= WANTS_MAX);
	*w = (struct want){ .type = type };
	return w;
}

static inline struct output *toy_say(struct toy *t, const char *text)
{
	struct output *o = &t->outputs[t->n_outputs++];
	size_t n = strlen(text);

	assert_true(t->n_outputs <= OUTPUTS_MAX);
	memcpy(t->scratch + t->n_scratch, text, n);
	*o = (struct output){ .bytes = slice_of(t->scratch + t->n_scratch, n) };
	t->n_scratch += n;
	return o;
}

static void toy_push(void *self, const struct fact *in, ts_t now)
{
	struct toy *t = self;
	size_t n = strlen(t->log);

	(void)now;
	begin(t);
	snprintf(t->log + n, LOG_MAX - n, "%s%s", n ? " " : "", fact_type_name(in->type));
	if (in->type == FACT_LISTEN_UP)
		t->local[in->listener] = *in->local;
	if (in->type == FACT_FLOW_ACCEPTED)
		t->accepted = in->flow;
	if (in->peer)
		t->peer = *in->peer;
	if (in->local)
		t->here = *in->local;
	if (in->dns)
		t->dns = in->dns->status;
	t->err = in->err;
	buf_put(&t->bytes, in->bytes);
	if (t->react)
		t->react(t, in);
}

static void toy_time(void *self, ts_t now)
{
	struct toy *t = self;

	begin(t);
	assert_true(now >= t->deadline);
	t->deadline = TS_NEVER;
	t->woken_at = now;
	t->wakes++;
	if (t->react)
		t->react(t, NULL);
}

static bool toy_output(void *self, struct output *ret)
{
	struct toy *t = self;

	if (t->next_output == t->n_outputs)
		return false;
	assert_int_equal(t->next_want, 0); /* outputs go first */
	*ret = t->outputs[t->next_output++];
	return true;
}

static bool toy_take_want(void *self, struct want *ret)
{
	struct toy *t = self;

	if (t->next_want == t->n_wants)
		return false;
	*ret = t->wants[t->next_want++];
	return true;
}

static ts_t toy_deadline(const void *self)
{
	return ((const struct toy *)self)->deadline;
}

static const struct engine_ops toy_ops = { "toy", toy_push, toy_time, toy_output, toy_take_want,
	toy_deadline };
