/* scene.h - a probe whose world is a test: the SIP side over UDP, TCP or TLS, nobody at the XMPP
 * side unless it is asked for. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/probe.h"

enum { SCENE_TEXT = 8192 };

struct scene {
	struct probe *p;
	struct engine e;
	struct rng rng;
	ts_t now;
	bool done;
	flow_t flow; /* the last that was wanted; a test with both sides on flows changes it */
	flow_t sip_flow, xmpp_flow;
	bool wants_tls, wants_listen;
	unsigned n_questions, n_answered;
	struct want questions[32];
	unsigned n_out;
	char out[SCENE_TEXT]; /* the last request to the pool */
	/* Takes what goes out on a connection, when the pool is spoken to over UDP; may be NULL. */
	void (*xmpp)(struct scene *s, struct slice bytes);
	void *server;
	void (*seen)(void *arg, const struct probe_event *ev); /* gets all events, or NULL */
	void *arg;
};

static const struct addr scene_local = { .family = 4, .port = 40000, .ip = { 127, 0, 0, 2 } };
static const struct addr scene_pool = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };

static inline void scene_drain(struct scene *s)
{
	struct output o;
	struct want w;
	struct probe_event ev;

	while (s->e.ops->take_output(s->p, &o)) {
		if (o.flow && o.flow != s->sip_flow && s->xmpp) {
			s->xmpp(s, o.bytes);
			continue;
		}
		if (slice_starts(o.bytes, SLICE("SIP/2.0 ")))
			continue; /* our own answer to a request */
		assert_true(slice_cstr(o.bytes, s->out, sizeof(s->out)));
		s->n_out++;
	}
	while (s->e.ops->take_want(s->p, &w)) {
		s->wants_listen |= w.type == WANT_LISTEN;
		s->wants_tls |= w.type == WANT_TLS;
		if (w.type == WANT_FLOW) {
			s->flow = w.flow;
			*(w.addr.port == scene_pool.port ? &s->sip_flow : &s->xmpp_flow) = w.flow;
		}
		if (w.type == WANT_DNS && s->n_questions < COUNT(s->questions))
			s->questions[s->n_questions++] = w;
	}
	while (probe_take_event(s->p, &ev)) {
		s->done |= ev.type == PROBE_EV_DONE;
		if (s->seen)
			s->seen(s->arg, &ev);
	}
}

static inline void scene_push(struct scene *s, struct fact in)
{
	in.local = in.local ? in.local : &scene_local;
	in.peer = in.peer ? in.peer : &scene_pool;
	s->e.ops->push(s->p, &in, s->now);
	scene_drain(s);
}

static inline void scene_wait(struct scene *s, ts_t t)
{
	s->now += t;
	s->e.ops->push_time(s->p, s->now);
	scene_drain(s);
}

static inline struct probe_cfg scene_cfg(const char *registrar)
{
	return (struct probe_cfg){ .target_fqdn = SLICE("pool.litware.test"),
		.user = SLICE("sip:pilar@litware.test"),
		.password = SLICE("sip secret"),
		.registrar = slice_str(registrar),
		.receiver = SLICE("adelany@contoso.test"),
		.timeout = TS_S(10),
		.count = 1 };
}

static inline void scene_begin_seen(struct scene *s, const struct probe_cfg *cfg,
	void (*seen)(void *arg, const struct probe_event *ev), void *arg)
{
	struct text why;

	memset(s, 0, sizeof(*s));
	s->seen = seen;
	s->arg = arg;
	rng_init_number(&s->rng, 1);
	s->now = TS_S(100);
	assert_int_equal(probe_new(&s->p, cfg, &s->rng, s->now, &why), 0);
	s->e = probe_engine(s->p);
	scene_drain(s);
}

static inline void scene_begin(struct scene *s, const struct probe_cfg *cfg)
{
	scene_begin_seen(s, cfg, NULL, NULL);
}

/* Answers what is asked, and what is asked because of it; by the type of the question. */
static inline void scene_dns(struct scene *s, const struct dns_answer *const by_type[DNS_NAPTR + 1])
{
	while (s->n_answered < s->n_questions) {
		const struct want w = s->questions[s->n_answered++];

		scene_push(s,
			(struct fact){
				.type = FACT_DNS, .dns_id = w.dns_id, .dns = by_type[w.dns_type] });
	}
}

static inline void scene_end(struct scene *s)
{
	s->p = probe_free(s->p);
}

static inline void scene_connect(struct scene *s)
{
	if (s->wants_listen)
		scene_push(s, (struct fact){ .type = FACT_LISTEN_UP, .listener = 1 });
	else
		scene_push(s, (struct fact){ .type = FACT_FLOW_UP, .flow = s->flow });
}

/* What stands behind "NAME: " in the last output. */
static inline void scene_header(const struct scene *s, const char *name, char ret[512])
{
	char find[64];

	snprintf(find, sizeof(find), "\r\n%s: ", name);
	const char *at = strstr(s->out, find);
	assert_non_null(at);
	at += strlen(find);
	snprintf(ret, 512, "%.*s", (int)strcspn(at, "\r"), at);
}

/* The pool's answer to the last request; `rows` are whole header lines. */
static inline void scene_answer(struct scene *s, const char *status, const char *rows)
{
	const bool udp = s->wants_listen;
	static const char *const same[] = { "Via", "From", "To", "Call-ID", "CSeq" };
	char text[SCENE_TEXT], value[512];
	int n = snprintf(text, sizeof(text), "SIP/2.0 %s\r\n", status);

	for (size_t i = 0; i < COUNT(same); i++) {
		scene_header(s, same[i], value);
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s: %s%s\r\n", same[i], value,
			i == 2 ? ";tag=pool" : "");
	}
	n += snprintf(text + n, sizeof(text) - (size_t)n, "%sContent-Length: 0\r\n\r\n", rows);
	scene_push(s, (struct fact){ .type = udp ? FACT_DATAGRAM : FACT_FLOW_BYTES,
			      .flow = udp ? 0 : s->flow,
			      .listener = 1,
			      .bytes = slice_of(text, (size_t)n) });
}

static inline void scene_register(struct scene *s)
{
	char contact[512], row[600];

	scene_connect(s);
	assert_non_null(strstr(s->out, "REGISTER sip:litware.test SIP/2.0\r\n"));
	scene_header(s, "Contact", contact);
	snprintf(row, sizeof(row), "Contact: %s\r\n", contact);
	scene_answer(s, "200 OK", row);
}

/* Signed in: the MESSAGE is out. */
static inline void scene_sign_in(struct scene *s)
{
	scene_register(s);
	assert_non_null(strstr(s->out, "MESSAGE sip:adelany@contoso.test SIP/2.0\r\n"));
}

static inline const char *scene_message(const struct scene *s, char text[SCENE_TEXT])
{
	struct buf b;

	buf_init(&b, SCENE_TEXT - 1);
	text_put(&b, &probe_result(s->p)->message, NULL);
	slice_cstr(buf_slice(&b), text, SCENE_TEXT);
	buf_done(&b);
	return text;
}

#define scene_failed(s, phase_, reason_)                                                           \
	do {                                                                                       \
		const struct probe_result *r_ = probe_result((s)->p);                              \
		assert_false(r_->success);                                                         \
		assert_string_equal(reason_id(r_->reason), reason_);                               \
		assert_string_equal(phase_name(r_->phase), phase_);                                \
	} while (0)
