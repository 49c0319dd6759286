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

/* ---- what a stream asks for ---- */

static struct slice component_secret(const struct xserver *x, const char *name)
{
	bool known = slice_ieqs(slice_str(name), x->cfg.lab->component_name);

	return known ? slice_str(x->cfg.lab->component_secret) : SLICE_NONE;
}

/* A second connection for the same component is refused, as Prosody does. */
static void ready(struct xserver *x, struct session *s, const char *jid, ts_t now)
{
	slice_cstr(slice_str(jid), s->jid, sizeof(s->jid));
	if (!s->is_component)
		return;
	if (x->sessions.component)
		xstream_abort(xhost_stream(s->host), "conflict", now);
	else
		x->sessions.component = s;
}

/* RFC 6120 section 7.6: a missing or taken resource is made up by the server. */
static void bind_resource(struct xserver *x, struct session *s, const char *wanted, ts_t now)
{
	char token[RESOURCE_TOKEN + 1];
	struct slice resource = slice_str(wanted);

	rng_token(x->cfg.rng, token, RESOURCE_TOKEN);
	if (resource.n == 0 || session_is_bound(&x->sessions, s->user, resource))
		resource = slice_str(token);
	xstream_push_bind(xhost_stream(s->host), resource, now);
}

static void account(struct xserver *x, struct session *s, const char *user, ts_t now)
{
	const struct xmpp_account *a = xmpp_account_find(x->cfg.accounts, slice_str(user));

	slice_cstr(slice_str(user), s->user, sizeof(s->user));
	xstream_push_account(xhost_stream(s->host), a ? &a->secret : NULL, now);
}

/* ---- events ---- */

/* False when the connection is to be closed without a word. */
static bool strike(struct xserver *x, struct session *s, const struct fault_stream *f, ts_t now)
{
	struct xstream *stream = xhost_stream(s->host);
	const struct origin to = { .flow = s->flow };

	switch (f->does) {
	case FAULT_STREAM_SAY:
		/* Past the stream, which waits for its driver and says nothing more. */
		buf_puts(shell_out(x->cfg.shell), f->text);
		shell_send(x->cfg.shell, &to);
		break;
	case FAULT_STREAM_ERROR: xstream_abort(stream, f->text, now); break;
	case FAULT_STREAM_CLOSE: return false;
	case FAULT_STREAM_REFUSE: xstream_push_bind(stream, SLICE_NONE, now); break;
	case FAULT_STREAM_NO_TLS:
	case FAULT_STREAM_DOMAIN:
	case FAULT_STREAM_IGNORE: break;
	}
	return true;
}

static bool stream_event(
	struct xserver *x, struct session *s, const struct xstream_event *ev, ts_t now)
{
	const struct fault_stream *f =
		s->is_component ? NULL : fault_of_event(x->cfg.lab->fault, ev);

	if (f)
		return strike(x, s, f, now);
	switch (ev->type) {
	case XSTREAM_EV_READY: ready(x, s, ev->jid, now); break;
	case XSTREAM_EV_WANT_ACCOUNT: account(x, s, ev->text, now); break;
	case XSTREAM_EV_WANT_SECRET:
		xstream_push_secret(xhost_stream(s->host), component_secret(x, ev->text), now);
		break;
	case XSTREAM_EV_WANT_BIND: bind_resource(x, s, ev->text, now); break;
	case XSTREAM_EV_STANZA: xroute_push(&x->route, s, ev->node, now); break;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_WANT_TLS:
	case XSTREAM_EV_AUTHENTICATED:
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: break;
	}
	return true;
}

static void down(struct xserver *x, const struct session *s, const struct xhost_event *ev)
{
	/* Without an event of the stream its flow ended inside the handshake. */
	const char *text =
		ev->stream ? ev->stream->text : "the connection ended while awaiting TLS";
	enum xstream_failure cause = ev->stream ? ev->stream->failure : XSTREAM_FAIL_CLOSED;
	char peer[ADDR_TEXT_MAX];

	if (ev->why == XHOST_END_CLOSED)
		return;
	if (ev->why == XHOST_END_INTERNAL) {
		text = NULL;
		cause = XSTREAM_FAIL_INTERNAL;
	}
	struct buf *b = shell_log(x->cfg.shell, "xmpp", "stream-failed");
	log_str(b, "peer", slice_str(addr_text(&s->peer, peer)));
	log_str(b, "cause", slice_str(xstream_failure_name(cause)));
	if (text)
		log_str(b, "text", slice_str(text));
	shell_emit(x->cfg.shell, LAB_EV_LOG, true, LOG_LEVEL_WARNING);
}

static void drain(struct xserver *x, struct session *s, ts_t now)
{
	struct xhost_event ev;
	bool over = false;

	while (!over && xhost_take_event(s->host, &ev, now)) {
		if (ev.type == XHOST_EV_DOWN) {
			down(x, s, &ev);
			over = true;
		} else if (ev.type == XHOST_EV_STREAM && !stream_event(x, s, ev.stream, now)) {
			xhost_hang_up(s->host);
			over = true;
		}
	}
	if (over)
		session_free(&x->sessions, s);
}

/* ---- pushes ---- */

static int host_new(struct xserver *x, struct session *s)
{
	const bool clear = s->is_component || x->cfg.lab->clear_xmpp;
	struct xhost_cfg cfg = {
		.out = &x->cfg.shell->out,
		.stream = {
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
		},
		.tls = { .accept = true,
			.verify = TLS_VERIFY_NOTE,
			.identity = LAB_IDENTITY_PARTNER },
	};

	if (!s->is_component)
		fault_edit_stream(x->cfg.lab->fault, &cfg.stream);
	return xhost_new(&s->host, &cfg, x->cfg.rng);
}

void xserver_accept(struct xserver *x, const struct fact *in, ts_t now)
{
	struct session *s = session_new(
		&x->sessions, in->flow, in->peer, in->listener == LAB_LISTEN_XMPP_COMPONENT);

	if (s && host_new(x, s) == 0) {
		xhost_attach(s->host, in->flow, now);
		drain(x, s, now);
		return;
	}
	if (s)
		session_free(&x->sessions, s);
	shell_want(x->cfg.shell, WANT_DROP_FLOW)->flow = in->flow;
}

bool xserver_push(struct xserver *x, const struct fact *in, ts_t now)
{
	struct session *s = session_find(&x->sessions, in->flow);

	if (!s)
		return false;
	xhost_push(s->host, in, now);
	drain(x, s, now);
	return true;
}

void xserver_push_time(struct xserver *x, ts_t now)
{
	struct list *n, *t;

	LIST_EACH(n, t, &x->sessions.all)
	{
		struct session *s = LIST_OWNER(n, struct session, all);

		/* Each can end and want its flow closed: those beyond stay due. */
		if (!shell_has_room(x->cfg.shell))
			return;
		xhost_push_time(s->host, now);
		drain(x, s, now);
	}
}

ts_t xserver_deadline(const struct xserver *x)
{
	ts_t at = TS_NEVER;
	struct list *n, *t;

	LIST_EACH(n, t, &x->sessions.all)
	at = ts_min(at, xhost_deadline(LIST_OWNER(n, struct session, all)->host));
	return at;
}

/* ---- outputs ---- */

void xserver_edit(struct xserver *x)
{
	struct list *n, *t;
	struct output out;

	if (!x->cfg.lab->fault->edit.find)
		return;
	LIST_EACH(n, t, &x->sessions.all)
	{
		struct session *s = LIST_OWNER(n, struct session, all);
		const struct origin to = { .flow = s->flow };

		while (!s->is_component && xhost_take_output(s->host, &out)) {
			fault_put_edited(x->cfg.lab->fault, shell_out(x->cfg.shell), out.bytes);
			shell_send(x->cfg.shell, &to);
		}
	}
}

bool xserver_take_output(struct xserver *x, struct output *ret)
{
	struct list *n, *t;

	LIST_EACH(n, t, &x->sessions.all)
	if (xhost_take_output(LIST_OWNER(n, struct session, all)->host, ret))
		return true;
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
