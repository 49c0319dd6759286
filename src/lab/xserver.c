#include <string.h>

#include "base/mem.h"
#include "lab/private.h"

enum {
	LOGIN_TIMEOUT_MS = 30000,
	RESOURCE_TOKEN = 12,
};

static int stream_new(struct lab *l, struct conn *c)
{
	const bool component = c->kind == CONN_XMPP_COMPONENT;
	struct xstream_cfg cfg = {
		.role = component ? XSTREAM_ACCEPT_COMPONENT : XSTREAM_ACCEPT_CLIENT,
		.tls = component || l->cfg.clear_xmpp ? XSTREAM_TLS_NONE : XSTREAM_TLS_REQUIRED,
		.domain = component ? SLICE_NONE : SLICE(LAB_PARTNER_DOMAIN),
		.sasl2 = true,
		.offer = {
			[SASL_SCRAM_SHA1] = true,
			[SASL_SCRAM_SHA1_PLUS] = true,
			[SASL_SCRAM_SHA256] = true,
			[SASL_SCRAM_SHA256_PLUS] = true,
		},
		.cache = l->cache,
		.timeout = TS_MS(LOGIN_TIMEOUT_MS),
	};

	if (!component)
		lab_fault_stream_cfg(l, &cfg);
	return xstream_new(&c->stream, &cfg, l->rng, l->now);
}

/* What the stream still has to say goes out in front of the end of its flow. */
static void end(struct lab *l, struct conn *c)
{
	struct slice out;
	const struct origin to = { .flow = c->flow };

	while (c->stream && xstream_take_output(c->stream, &out)) {
		buf_put(shell_out(&l->shell), out);
		shell_send(&l->shell, &to);
	}
	lab_xroute_unavailable(l, c);
	shell_want(&l->shell, WANT_CLOSE_FLOW)->flow = c->flow;
	lab_conn_free(l, c);
}

static struct slice component_secret(const struct lab *l, const char *name)
{
	bool known = slice_ieqs(slice_str(name), l->cfg.component_name);

	return known ? slice_str(l->cfg.component_secret) : SLICE_NONE;
}

/* A second connection for the same component is refused, as Prosody does. */
static void component_ready(struct lab *l, struct conn *c)
{
	if (l->component) {
		xstream_abort(c->stream, "conflict", l->now);
		return;
	}
	l->component = c;
}

static void ready(struct lab *l, struct conn *c, const char *jid)
{
	c->ready = true;
	slice_cstr(slice_str(jid), c->jid, sizeof(c->jid));
	if (c->kind == CONN_XMPP_COMPONENT)
		component_ready(l, c);
}

static bool is_bound(const struct lab *l, const char *user, struct slice resource)
{
	struct list *n, *t;

	LIST_EACH(n, t, &l->all_conns)
	{
		const struct conn *c = LIST_OWNER(n, struct conn, all);
		struct slice jid = slice_str(c->jid);

		if (c->ready && c->kind == CONN_XMPP_CLIENT && strcmp(c->user, user) == 0 &&
			slice_eq(slice_skip(jid, slice_chr(jid, '/') + 1), resource))
			return true;
	}
	return false;
}

/* RFC 6120 section 7.6: a missing or taken resource is made up by the server. */
static void bind_resource(struct lab *l, struct conn *c, const char *wanted)
{
	char token[RESOURCE_TOKEN + 1];
	struct slice resource = slice_str(wanted);

	rng_token(l->rng, token, RESOURCE_TOKEN);
	if (resource.n == 0 || is_bound(l, c->user, resource))
		resource = slice_str(token);
	xstream_push_bind(c->stream, resource, l->now);
}

static void account(struct lab *l, struct conn *c, const char *user)
{
	const struct xmpp_account *a = lab_xmpp_account(l, slice_str(user));

	slice_cstr(slice_str(user), c->user, sizeof(c->user));
	xstream_push_account(c->stream, a ? &a->secret : NULL, l->now);
}

static void want_tls(struct lab *l, struct conn *c)
{
	struct want *w = shell_want(&l->shell, WANT_TLS);

	w->flow = c->flow;
	w->tls = (struct tls_policy){
		.accept = true, .verify = TLS_VERIFY_NOTE, .identity = LAB_IDENTITY_PARTNER
	};
}

static void failed(struct lab *l, const struct conn *c, const struct xstream_event *ev)
{
	struct buf *b = shell_log(&l->shell, "xmpp", "stream-failed");
	char text[ADDR_TEXT_MAX];

	log_str(b, "peer", slice_str(addr_text(&c->origin.peer, text)));
	log_str(b, "cause", slice_str(xstream_failure_name(ev->failure)));
	if (ev->text)
		log_str(b, "text", slice_str(ev->text));
	shell_emit(&l->shell, LAB_EV_LOG, true, LOG_LEVEL_WARNING);
}

/* True when the stream is over. */
static bool event(struct lab *l, struct conn *c, const struct xstream_event *ev)
{
	switch (lab_fault_event(l, c, ev)) {
	case FAULT_EVENT_NONE: break;
	case FAULT_EVENT_TAKEN: return false;
	case FAULT_EVENT_ENDS: return true;
	}
	switch (ev->type) {
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_AUTHENTICATED: return false;
	case XSTREAM_EV_WANT_TLS: want_tls(l, c); return false;
	case XSTREAM_EV_READY: ready(l, c, ev->jid); return false;
	case XSTREAM_EV_WANT_ACCOUNT: account(l, c, ev->text); return false;
	case XSTREAM_EV_WANT_SECRET:
		xstream_push_secret(c->stream, component_secret(l, ev->text), l->now);
		return false;
	case XSTREAM_EV_WANT_BIND: bind_resource(l, c, ev->text); return false;
	case XSTREAM_EV_STANZA: lab_xroute(l, c, ev->node); return false;
	case XSTREAM_EV_CLOSED: return true;
	case XSTREAM_EV_FAILED: failed(l, c, ev); return true;
	}
	return false;
}

/* False when the stream is over and the connection freed. */
static bool drain(struct lab *l, struct conn *c)
{
	struct xstream_event ev;

	while (xstream_take_event(c->stream, &ev))
		if (event(l, c, &ev)) {
			end(l, c);
			return false;
		}
	return true;
}

void lab_xserver_up(struct lab *l, struct conn *c)
{
	if (stream_new(l, c)) {
		shell_want(&l->shell, WANT_DROP_FLOW)->flow = c->flow;
		lab_conn_free(l, c);
		return;
	}
	drain(l, c);
}

void lab_xserver_bytes(struct lab *l, struct conn *c, struct slice bytes)
{
	while (bytes.n) {
		size_t n = xstream_push_bytes(c->stream, bytes, l->now);

		bytes = slice_skip(bytes, n);
		if (!drain(l, c) || n == 0)
			return;
	}
}

void lab_xserver_tls_up(struct lab *l, struct conn *c, const struct tls_facts *facts)
{
	xstream_push_tls_up(c->stream, facts, l->now);
	drain(l, c);
}

void lab_xserver_closed(struct lab *l, struct conn *c)
{
	xstream_push_closed(c->stream, l->now);
	if (drain(l, c))
		end(l, c);
}

void lab_xserver_time(struct lab *l)
{
	struct list *n, *t;

	LIST_EACH(n, t, &l->all_conns)
	{
		struct conn *c = LIST_OWNER(n, struct conn, all);

		if (!c->stream || l->now < xstream_deadline(c->stream))
			continue;
		xstream_push_time(c->stream, l->now);
		drain(l, c);
	}
}

ts_t lab_xserver_deadline(const struct lab *l)
{
	ts_t at = TS_NEVER;
	struct list *n, *t;

	LIST_EACH(n, t, &l->all_conns)
	{
		const struct conn *c = LIST_OWNER(n, struct conn, all);

		if (c->stream)
			at = ts_min(at, xstream_deadline(c->stream));
	}
	return at;
}

void lab_xserver_commit(struct lab *l, struct conn *c)
{
	if (xstream_commit(c->stream, l->now) == 0)
		return;
	shell_log(&l->shell, "xmpp", "stanza-not-sent");
	shell_emit(&l->shell, LAB_EV_LOG, true, LOG_LEVEL_ERROR);
}
