/* stream_rig.h - one stream engine under test: what is pushed, and what came of it, as text. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "xmpp/stream.h"

#define HEADER_IN(ns, attrs)                                                                       \
	"<?xml version='1.0'?><stream:stream xmlns='" ns "' xmlns:stream='" NS_STREAM "'" attrs ">"

struct rig {
	struct xstream *x;
	struct rng rng;
	ts_t now;
	char out[16384];    /* all that was sent; what can(not) be read back is put in clear */
	size_t n_out, read; /* read: by the other side */
	char log[8192];     /* one line an event */
	size_t n_log;
	bool want_tls, want_account, want_secret, want_bind, over, plus_missing;
	bool serves; /* an accepting side that does what a server does with stanzas to itself */
	bool drops_presence;
	char wanted[JID_PART_MAX + 1], jid[JID_MAX + 1];
	struct where where;
};

static inline void rig_log(struct rig *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline void rig_log(struct rig *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	r->n_log += (size_t)vsnprintf(r->log + r->n_log, sizeof(r->log) - r->n_log, fmt, ap);
	va_end(ap);
	assert_true(r->n_log < sizeof(r->log));
}

static inline void rig_output(struct rig *r)
{
	struct slice out;

	while (xstream_take_output(r->x, &out)) {
		assert_true(out.n > 0);
		assert_true(r->n_out + out.n < sizeof(r->out));
		memcpy(r->out + r->n_out, out.p, out.n);
		r->n_out += out.n;
		r->out[r->n_out] = '\0';
	}
}

static inline void rig_want(
	struct rig *r, const struct xstream_event *ev, bool *which, const char *name)
{
	*which = true;
	assert_true(strlen(ev->text) < sizeof(r->wanted));
	memcpy(r->wanted, ev->text, strlen(ev->text) + 1);
	rig_log(r, "%s %s\n", name, ev->text);
}

/* RFC 6121 section 4.2.2: presence comes back; what is asked is answered. */
static inline void rig_serve(struct rig *r, const struct xml_node *node)
{
	struct stanza s;
	struct buf *b = xstream_begin(r->x);

	assert_non_null(b);
	stanza_read(&s, node);
	s.from = slice_str(r->jid);
	bool answered = stanza_put_iq_answer(b, &s);
	if (s.kind == STANZA_PRESENCE && s.type.n == 0 && !r->drops_presence) {
		stanza_put_start(b, "presence", s.from, SLICE_NONE, SLICE_NONE, SLICE_NONE);
		stanza_put_end(b, "presence");
		answered = true;
	}
	if (answered)
		assert_int_equal(xstream_commit(r->x, r->now), 0);
}

static inline void rig_event(struct rig *r, const struct xstream_event *ev)
{
	switch (ev->type) {
	case XSTREAM_EV_OPENED:
		rig_log(r, "OPENED %.*s\n", SLICE_FMT(xml_attr(ev->node, "from")));
		break;
	case XSTREAM_EV_FEATURES:
		rig_log(r, "FEATURES %.*s\n",
			SLICE_FMT(ev->node->child ? ev->node->child->name : SLICE("")));
		break;
	case XSTREAM_EV_WANT_TLS:
		r->want_tls = true;
		rig_log(r, "WANT_TLS\n");
		break;
	case XSTREAM_EV_AUTHENTICATED:
		r->plus_missing = ev->plus_missing;
		rig_log(r, "AUTHENTICATED %s\n", ev->text);
		break;
	case XSTREAM_EV_READY:
		rig_log(r, "READY %s%s\n", ev->jid, ev->presence_unseen ? " unseen" : "");
		snprintf(r->jid, sizeof(r->jid), "%s", ev->jid);
		break;
	case XSTREAM_EV_WANT_ACCOUNT: rig_want(r, ev, &r->want_account, "WANT_ACCOUNT"); break;
	case XSTREAM_EV_WANT_SECRET: rig_want(r, ev, &r->want_secret, "WANT_SECRET"); break;
	case XSTREAM_EV_WANT_BIND: rig_want(r, ev, &r->want_bind, "WANT_BIND"); break;
	case XSTREAM_EV_STANZA:
		rig_log(r, "STANZA %.*s %.*s\n", SLICE_FMT(ev->node->name),
			SLICE_FMT(xml_attr(ev->node, "id")));
		if (r->serves)
			rig_serve(r, ev->node);
		break;
	case XSTREAM_EV_CLOSED: rig_log(r, "CLOSED\n"); break;
	case XSTREAM_EV_FAILED:
		r->plus_missing = ev->plus_missing;
		r->where = ev->where;
		rig_log(r, "FAILED %s [%s] %s\n", xstream_failure_name(ev->failure), ev->condition,
			ev->text);
		break;
	}
	r->over = ev->type == XSTREAM_EV_FAILED || ev->type == XSTREAM_EV_CLOSED;
}

/* The driver's rule: output, events, output that the events made. */
static inline void rig_drain(struct rig *r)
{
	struct xstream_event ev;

	rig_output(r);
	while (xstream_take_event(r->x, &ev)) {
		assert_false(r->over); /* nothing follows the last one */
		rig_event(r, &ev);
	}
	rig_output(r);
}

static inline int rig_new(struct rig *r, const struct xstream_cfg *cfg)
{
	memset(r, 0, sizeof(*r));
	r->now = TS_S(100);
	rng_init_number(&r->rng, 7);
	int err = xstream_new(&r->x, cfg, &r->rng, r->now);
	if (!err)
		rig_drain(r);
	return err;
}

static inline void rig_free(struct rig *r)
{
	r->x = xstream_free(r->x);
}

/* How much was taken: all, unless the driver owes an answer. */
static inline size_t rig_push(struct rig *r, struct slice in)
{
	size_t all = 0;

	while (in.n) {
		size_t n = xstream_push_bytes(r->x, in, r->now);

		all += n;
		in = slice_skip(in, n);
		rig_drain(r);
		if (n == 0)
			break;
	}
	return all;
}

static inline void rig_push_str(struct rig *r, const char *s)
{
	rig_push(r, slice_str(s));
}

static inline void rig_push_in_bytes(struct rig *r, const char *s)
{
	for (size_t i = 0; s[i]; i++)
		assert_int_equal(rig_push(r, slice_of(s + i, 1)), 1);
}

static inline void rig_push_whole_or_in_bytes(struct rig *r, const char *s, bool in_bytes)
{
	if (in_bytes)
		rig_push_in_bytes(r, s);
	else
		rig_push_str(r, s);
}

static inline void rig_tls_up(struct rig *r, const struct tls_facts *facts)
{
	r->want_tls = false;
	xstream_push_tls_up(r->x, facts, r->now);
	rig_drain(r);
}

static inline void rig_forget(struct rig *r)
{
	r->n_out = r->read = r->n_log = 0;
	r->out[0] = r->log[0] = '\0';
}

/* What it waits for; else its events are told. */
static inline void rig_expect_state(const struct rig *r, const char *want)
{
	if (strcmp(xstream_state_name(r->x), want) != 0)
		fail_msg("awaits %s, not %s:\n%s", xstream_state_name(r->x), want, r->log);
}

/* A failing case is named. */
static inline void rig_expect(const char *name, const char *what, const char *got, const char *want)
{
	if (!strstr(got, want))
		fail_msg("%s: no `%s` in the %s:\n%s", name, want, what, got);
}

static inline void rig_expect_not(
	const char *name, const char *what, const char *got, const char *bad)
{
	if (strstr(got, bad))
		fail_msg("%s: `%s` in the %s:\n%s", name, bad, what, got);
}
