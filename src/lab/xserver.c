#include "lab/xserver.h"

#include "base/mem.h"
#include "lab/fault_case.h"

enum {
	LOGIN_TIMEOUT_MS = 30000,
	RESOURCE_TOKEN = 12,
};

struct xserver {
	struct xserver_cfg cfg;
	struct sessions sessions;
	struct xroute route;
};

/* ---- the end of a session ---- */

/* What clients are told goes through the fault's edit. */
static void send(struct xserver *x, const struct session *s, struct slice text)
{
	const struct origin to = { .flow = s->flow };

	buf_put(shell_out(x->cfg.shell), text);
	shell_send(x->cfg.shell, &to);
}

static void forget(struct xserver *x, struct session *s)
{
	shell_want(x->cfg.shell, WANT_CLOSE_FLOW)->flow = s->flow;
	session_free(&x->sessions, s);
}

/* What the stream still has to say goes out in front of the end of its flow. */
static void end(struct xserver *x, struct session *s, ts_t now)
{
	struct slice out;

	while (xstream_take_output(s->stream, &out))
		send(x, s, out);
	xroute_leave(&x->route, s, now);
	forget(x, s);
}

/* ---- what a stream asks for ---- */

static struct slice component_secret(const struct xserver *x, const char *name)
{
	bool known = slice_ieqs(slice_str(name), x->cfg.lab->component_name);

	return known ? slice_str(x->cfg.lab->component_secret) : SLICE_NONE;
}

/* A second connection for the same component is refused, as Prosody does. */
static void component_ready(struct xserver *x, struct session *s, ts_t now)
{
	if (x->sessions.component)
		xstream_abort(s->stream, "conflict", now);
	else
		x->sessions.component = s;
}

static void ready(struct xserver *x, struct session *s, const char *jid, ts_t now)
{
	s->ready = true;
	slice_cstr(slice_str(jid), s->jid, sizeof(s->jid));
	if (s->is_component)
		component_ready(x, s, now);
}

/* RFC 6120 section 7.6: a missing or taken resource is made up by the server. */
static void bind_resource(struct xserver *x, struct session *s, const char *wanted, ts_t now)
{
	char token[RESOURCE_TOKEN + 1];
	struct slice resource = slice_str(wanted);

	rng_token(x->cfg.rng, token, RESOURCE_TOKEN);
	if (resource.n == 0 || session_is_bound(&x->sessions, s->user, resource))
		resource = slice_str(token);
	xstream_push_bind(s->stream, resource, now);
}

static void account(struct xserver *x, struct session *s, const char *user, ts_t now)
{
	const struct xmpp_account *a = xmpp_account_find(x->cfg.accounts, slice_str(user));

	slice_cstr(slice_str(user), s->user, sizeof(s->user));
	xstream_push_account(s->stream, a ? &a->secret : NULL, now);
}

static void want_tls(struct xserver *x, const struct session *s)
{
	struct want *w = shell_want(x->cfg.shell, WANT_TLS);

	w->flow = s->flow;
	w->tls = (struct tls_policy){
		.accept = true, .verify = TLS_VERIFY_NOTE, .identity = LAB_IDENTITY_PARTNER
	};
}

static void failed(struct xserver *x, const struct session *s, const struct xstream_event *ev)
{
	struct buf *b = shell_log(x->cfg.shell, "xmpp", "stream-failed");
	char text[ADDR_TEXT_MAX];

	log_str(b, "peer", slice_str(addr_text(&s->peer, text)));
	log_str(b, "cause", slice_str(xstream_failure_name(ev->failure)));
	if (ev->text)
		log_str(b, "text", slice_str(ev->text));
	shell_emit(x->cfg.shell, LAB_EV_LOG, true, LOG_LEVEL_WARNING);
}

/* ---- events ---- */

/* False when the connection is to be closed without a word. */
static bool strike(struct xserver *x, struct session *s, const struct fault_stream *f, ts_t now)
{
	switch (f->does) {
	case FAULT_STREAM_SAY:
		/* Past the stream, which waits for its driver and says nothing more. */
		send(x, s, slice_str(f->text));
		break;
	case FAULT_STREAM_ERROR: xstream_abort(s->stream, f->text, now); break;
	case FAULT_STREAM_CLOSE: return false;
	case FAULT_STREAM_REFUSE: xstream_push_bind(s->stream, SLICE_NONE, now); break;
	case FAULT_STREAM_NO_TLS:
	case FAULT_STREAM_DOMAIN:
	case FAULT_STREAM_IGNORE: break;
	}
	return true;
}

/* False when the stream is over. */
static bool event(struct xserver *x, struct session *s, const struct xstream_event *ev, ts_t now)
{
	const struct fault_stream *f =
		s->is_component ? NULL : fault_of_event(x->cfg.lab->fault, ev);

	if (f)
		return strike(x, s, f, now);
	switch (ev->type) {
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_AUTHENTICATED: break;
	case XSTREAM_EV_WANT_TLS: want_tls(x, s); break;
	case XSTREAM_EV_READY: ready(x, s, ev->jid, now); break;
	case XSTREAM_EV_WANT_ACCOUNT: account(x, s, ev->text, now); break;
	case XSTREAM_EV_WANT_SECRET:
		xstream_push_secret(s->stream, component_secret(x, ev->text), now);
		break;
	case XSTREAM_EV_WANT_BIND: bind_resource(x, s, ev->text, now); break;
	case XSTREAM_EV_STANZA: xroute_push(&x->route, s, ev->node, now); break;
	case XSTREAM_EV_CLOSED: return false;
	case XSTREAM_EV_FAILED: failed(x, s, ev); return false;
	}
	return true;
}

/* False when the stream is over and the session freed. */
static bool drain(struct xserver *x, struct session *s, ts_t now)
{
	struct xstream_event ev;

	while (xstream_take_event(s->stream, &ev))
		if (!event(x, s, &ev, now)) {
			end(x, s, now);
			return false;
		}
	return true;
}

/* ---- pushes ---- */

static int stream_new(struct xserver *x, struct session *s, ts_t now)
{
	const bool clear = s->is_component || x->cfg.lab->clear_xmpp;
	struct xstream_cfg cfg = {
		.role = s->is_component ? XSTREAM_ACCEPT_COMPONENT : XSTREAM_ACCEPT_CLIENT,
		.tls = clear ? XSTREAM_TLS_NONE : XSTREAM_TLS_REQUIRED,
		.domain = s->is_component ? SLICE_NONE : SLICE(LAB_PARTNER_DOMAIN),
		.sasl2 = true,
		.offer = {
			[SASL_SCRAM_SHA1] = true,
			[SASL_SCRAM_SHA1_PLUS] = true,
			[SASL_SCRAM_SHA256] = true,
			[SASL_SCRAM_SHA256_PLUS] = true,
		},
		.timeout = TS_MS(LOGIN_TIMEOUT_MS),
	};

	if (!s->is_component)
		fault_edit_stream(x->cfg.lab->fault, &cfg);
	return xstream_new(&s->stream, &cfg, x->cfg.rng, now);
}

void xserver_accept(struct xserver *x, const struct fact *in, ts_t now)
{
	struct session *s = session_new(
		&x->sessions, in->flow, in->peer, in->listener == LAB_LISTEN_XMPP_COMPONENT);

	if (s && stream_new(x, s, now) == 0) {
		drain(x, s, now);
		return;
	}
	if (s)
		session_free(&x->sessions, s);
	shell_want(x->cfg.shell, WANT_DROP_FLOW)->flow = in->flow;
}

static void push_bytes(struct xserver *x, struct session *s, struct slice bytes, ts_t now)
{
	while (bytes.n) {
		size_t n = xstream_push_bytes(s->stream, bytes, now);

		bytes = slice_skip(bytes, n);
		if (!drain(x, s, now) || n == 0)
			return;
	}
}

bool xserver_push(struct xserver *x, const struct fact *in, ts_t now)
{
	struct session *s = session_find(&x->sessions, in->flow);

	if (!s)
		return false;
	if (in->type == FACT_FLOW_BYTES) {
		push_bytes(x, s, in->bytes, now);
	} else if (in->type == FACT_TLS_UP) {
		xstream_push_tls_up(s->stream, in->tls, now);
		drain(x, s, now);
	} else if (in->type == FACT_FLOW_EOF || in->type == FACT_FLOW_FAILED) {
		xstream_push_closed(s->stream, now);
		if (drain(x, s, now))
			end(x, s, now);
	}
	return true;
}

void xserver_push_time(struct xserver *x, ts_t now)
{
	struct list *n, *t;

	LIST_EACH(n, t, &x->sessions.all)
	{
		struct session *s = LIST_OWNER(n, struct session, all);

		if (now < xstream_deadline(s->stream))
			continue;
		xstream_push_time(s->stream, now);
		drain(x, s, now);
	}
}

ts_t xserver_deadline(const struct xserver *x)
{
	ts_t at = TS_NEVER;
	struct list *n, *t;

	LIST_EACH(n, t, &x->sessions.all)
	at = ts_min(at, xstream_deadline(LIST_OWNER(n, struct session, all)->stream));
	return at;
}

/* ---- outputs ---- */

void xserver_edit(struct xserver *x)
{
	struct list *n, *t;
	struct slice out;

	if (!x->cfg.lab->fault->edit.find)
		return;
	LIST_EACH(n, t, &x->sessions.all)
	{
		struct session *s = LIST_OWNER(n, struct session, all);
		const struct origin to = { .flow = s->flow };

		while (!s->is_component && xstream_take_output(s->stream, &out)) {
			fault_put_edited(x->cfg.lab->fault, shell_out(x->cfg.shell), out);
			shell_send(x->cfg.shell, &to);
		}
	}
}

bool xserver_take_output(struct xserver *x, struct output *ret)
{
	struct list *n, *t;

	LIST_EACH(n, t, &x->sessions.all)
	{
		struct session *s = LIST_OWNER(n, struct session, all);

		*ret = (struct output){ .flow = s->flow };
		if (xstream_take_output(s->stream, &ret->bytes))
			return true;
	}
	return false;
}

/* ---- life ---- */

int xserver_new(struct xserver **ret, const struct xserver_cfg *cfg)
{
	struct xserver *x = mem_alloc0(sizeof(*x));

	if (!x)
		return -ENOMEM;
	x->cfg = *cfg;
	sessions_init(&x->sessions, cfg->shell, cfg->rng);
	xroute_init(&x->route, cfg->lab, &x->sessions, cfg->report);
	*ret = x;
	return 0;
}

struct xserver *xserver_free(struct xserver *x)
{
	if (!x)
		return NULL;
	sessions_done(&x->sessions);
	xroute_done(&x->route);
	return mem_free(x);
}
