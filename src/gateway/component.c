#include <string.h>

#include "base/mem.h"
#include "gateway/private.h"

enum {
	PAUSE_FIRST_MS = 1000, /* a server that restarts is back in seconds ... */
	PAUSE_MAX_MS = 30000,  /* ... and one that is gone is not hammered */
	LOGIN_TIMEOUT_MS = 10000,
	IDLE_PING_MS = 60000, /* white space keeps half-open links from going unnoticed */
};

/* What one user sends must not end the stream of all: a stanza that is over a limit is refused
 * alone. Servers pass on tags and names that are larger than those of a client's own stream. */
static const struct xml_limits limits = {
	.stanza_bytes = 256 << 10,
	.depth = 32,
	.attrs = 32,
	.nodes = 4096,
	.name_bytes = 16 << 20, /* half a MiB of elements with three letters each needs 6 */
	.tag_bytes = 4 << 20,   /* half a MiB of quotes, each escaped by the server: &quot; */
	.cut = true,
};

static void want_connect(struct gateway *g)
{
	struct want *w = gateway_want(g, WANT_FLOW);

	g->stream_flow = ++g->next_flow;
	w->flow = g->stream_flow;
	w->transport = TRANSPORT_TCP;
	w->addr = g->server;
	w->addr.port = g->cfg.server_port;
}

static void ask_address(struct gateway *g, enum dns_type type)
{
	struct want *w = gateway_want(g, WANT_DNS);

	g->stream_dns = ++g->next_dns;
	g->stream_dns_type = type;
	w->dns_id = g->stream_dns;
	w->dns_type = type;
	slice_cstr(slice_str(g->cfg.server_host), w->name, sizeof(w->name));
}

static void connect_server(struct gateway *g)
{
	g->reconnect_at = TS_NEVER;
	if (addr_decode_ip(slice_str(g->cfg.server_host), &g->server)) {
		want_connect(g);
		return;
	}
	ask_address(g, DNS_A);
}

/* Grows from try to try, with jitter, so that many gateways do not come back as one. */
static void plan_reconnect(struct gateway *g, ts_t now)
{
	ts_t spread = g->pause / 2;

	if (g->stopping)
		return;
	g->reconnect_at = now + g->pause - spread / 2 + rng_below(g->rng, (uint32_t)spread + 1);
	g->pause = ts_min(2 * g->pause, TS_MS(PAUSE_MAX_MS));
}

void gateway_component_start(struct gateway *g, ts_t now)
{
	(void)now;
	g->pause = TS_MS(PAUSE_FIRST_MS);
	connect_server(g);
}

/* The flow is gone or is to go; whatever was owed on the stream is settled. */
static void lost(struct gateway *g, ts_t now)
{
	g->stream = xstream_free(g->stream);
	g->stream_up = g->blocked = false;
	g->stream_flow = 0;
	if (g->was_ready)
		g->stats.reconnects++;
	g->was_ready = false;
	g->own_back = g->own_sent; /* none is owed on the next stream */
	gateway_uas_stream_lost(g, now);
	gateway_barrier_reset(g);
	plan_reconnect(g, now);
}

static void down(struct gateway *g, struct slice cause, struct slice text)
{
	struct buf *b = gateway_log(g, "xmpp", "down");

	log_str(b, "server", slice_str(g->cfg.server_host));
	log_u64(b, "port", g->cfg.server_port);
	log_str(b, "cause", cause);
	if (text.n)
		log_str(b, "text", text);
	gateway_emit(g, GATEWAY_EV_DOWN, LOG_LEVEL_ERROR);
}

void gateway_component_drop(struct gateway *g, const char *cause, ts_t now)
{
	gateway_want(g, WANT_DROP_FLOW)->flow = g->stream_flow;
	down(g, slice_str(cause), SLICE_NONE);
	lost(g, now);
}

static void ready(struct gateway *g, const struct xstream_event *ev)
{
	g->was_ready = true;
	g->pause = TS_MS(PAUSE_FIRST_MS);
	log_str(gateway_log(g, "xmpp", "up"), "component", slice_str(ev->jid));
	gateway_emit(g, GATEWAY_EV_UP, LOG_LEVEL_INFO);
	gateway_untold_tell(g, g->now);
}

bool gateway_is_component(const struct gateway *g, const struct jid *jid)
{
	return slice_eqs(jid_domain(jid), g->domain);
}

static void iq(struct gateway *g, const struct stanza *s, ts_t now)
{
	struct where where;
	struct jid to;

	if (gateway_own_ping(g, s, now))
		return;
	if (slice_eqs(s->type, "result") || slice_eqs(s->type, "error")) {
		gateway_barrier_reply(g, s, now);
		return;
	}
	if (jid_decode(s->to, &to, &where) || !gateway_is_component(g, &to))
		return;
	struct buf *b = xstream_begin(g->stream);
	if (b && stanza_put_iq_answer(b, s))
		xstream_commit(g->stream, now);
}

/* Its beginning is here; an answer or an error says enough with that. */
static void cut_stanza(struct gateway *g, const struct stanza *s, ts_t now)
{
	static const struct stanza_error error = { .condition = COND_POLICY_VIOLATION,
		.type = ERROR_TYPE_MODIFY,
		.text = SLICE("The stanza is too large or too deep") };
	struct where where;
	struct jid to;

	g->stats.xmpp_refused++;
	if (s->kind == STANZA_PRESENCE || jid_decode(s->to, &to, &where) ||
		!gateway_is_component(g, &to))
		return;
	struct buf *b = xstream_begin(g->stream);
	if (b && stanza_put_error_reply(b, s, &error))
		xstream_commit(g->stream, now);
}

static void stanza(struct gateway *g, const struct xstream_event *ev, ts_t now)
{
	struct stanza s;

	stanza_read(&s, ev->node);
	if (ev->cut && !slice_eqs(s.type, "error") && !slice_eqs(s.type, "result")) {
		cut_stanza(g, &s, now);
		return;
	}
	switch (s.kind) {
	case STANZA_MESSAGE:
		if (slice_eqs(s.type, "error"))
			gateway_uas_error(g, &s, now);
		else
			gateway_uac_stanza(g, &s, now);
		break;
	case STANZA_IQ: iq(g, &s, now); break;
	case STANZA_PRESENCE: break; /* not carried: nobody here has a presence to tell */
	case STANZA_OTHER: break;
	}
}

static void failed(struct gateway *g, const struct xstream_event *ev)
{
	down(g, slice_str(xstream_failure_name(ev->failure)),
		slice_str(ev->text && ev->text[0] ? ev->text : ev->condition));
}

/* True when the stream is over. */
static bool event(struct gateway *g, const struct xstream_event *ev, ts_t now)
{
	switch (ev->type) {
	case XSTREAM_EV_READY: ready(g, ev); return false;
	case XSTREAM_EV_STANZA: stanza(g, ev, now); return false;
	case XSTREAM_EV_CLOSED: down(g, SLICE("closed by the server"), SLICE_NONE); return true;
	case XSTREAM_EV_FAILED: failed(g, ev); return true;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_WANT_TLS:
	case XSTREAM_EV_AUTHENTICATED:
	case XSTREAM_EV_WANT_ACCOUNT:
	case XSTREAM_EV_WANT_SECRET:
	case XSTREAM_EV_WANT_BIND: return false;
	}
	return false;
}

/* What the stream still has to say goes out in front of the end of its flow. */
static void last_words(struct gateway *g)
{
	struct slice out;
	const struct origin to = { .flow = g->stream_flow };

	while (xstream_take_output(g->stream, &out)) {
		buf_put(gateway_out(g), out);
		gateway_send(g, &to);
	}
	gateway_want(g, WANT_CLOSE_FLOW)->flow = g->stream_flow;
}

static bool drain(struct gateway *g, ts_t now)
{
	struct xstream_event ev;

	while (xstream_take_event(g->stream, &ev))
		if (event(g, &ev, now)) {
			last_words(g);
			lost(g, now);
			return false;
		}
	return true;
}

static void flow_up(struct gateway *g, ts_t now)
{
	const struct xstream_cfg cfg = {
		.role = XSTREAM_COMPONENT,
		.tls = XSTREAM_TLS_NONE, /* XEP-0114 has none: loopback or a private link only */
		.domain = slice_str(g->cfg.component_name),
		.password = g->cfg.component_secret,
		.limits = &limits,
		.timeout = TS_MS(LOGIN_TIMEOUT_MS),
		.idle_ping = TS_MS(IDLE_PING_MS),
	};

	if (xstream_new(&g->stream, &cfg, g->rng, now)) {
		gateway_component_drop(g, "out of memory", now);
		return;
	}
	g->stream_up = true;
	drain(g, now);
}

static void bytes(struct gateway *g, struct slice in, ts_t now)
{
	while (g->stream && in.n) {
		size_t n = xstream_push_bytes(g->stream, in, now);

		in = slice_skip(in, n);
		if (!drain(g, now) || n == 0)
			return; /* nothing pauses a component's stream: a stream that takes no byte
				   is over */
	}
}

static void flow_gone(struct gateway *g, const struct fact *in, ts_t now)
{
	if (g->stream) {
		xstream_push_closed(g->stream, now);
		if (!drain(g, now))
			return;
	}
	if (in->type == FACT_FLOW_EOF)
		gateway_want(g, WANT_CLOSE_FLOW)->flow = g->stream_flow;
	down(g, slice_str(in->err ? err_text(in->err) : "connection closed"), SLICE_NONE);
	lost(g, now);
}

static void resolved(struct gateway *g, const struct fact *in, ts_t now)
{
	g->stream_dns = 0;
	if (in->dns->status == DNS_OK && in->dns->n_records) {
		g->server = in->dns->records[0].addr;
		want_connect(g);
		return;
	}
	if (in->dns->status == DNS_NODATA && g->stream_dns_type == DNS_A) {
		ask_address(g, DNS_AAAA); /* a name that has no other */
		return;
	}
	down(g, slice_str(dns_status_name(in->dns->status)),
		SLICE("the server's name was not resolved"));
	plan_reconnect(g, now);
}

void gateway_component_fact(struct gateway *g, const struct fact *in, ts_t now)
{
	switch (in->type) {
	case FACT_FLOW_UP: flow_up(g, now); break;
	case FACT_FLOW_BYTES: bytes(g, in->bytes, now); break;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: flow_gone(g, in, now); break;
	case FACT_DNS: resolved(g, in, now); break;
	case FACT_FLOW_BLOCKED: g->blocked = true; break;
	case FACT_FLOW_READY:
		g->blocked = false;
		gateway_untold_tell(g, now);
		break;
	case FACT_FLOW_ACCEPTED:
	case FACT_TLS_UP:
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
}

void gateway_component_time(struct gateway *g, ts_t now)
{
	if (now >= g->reconnect_at)
		connect_server(g);
	if (g->stream && now >= xstream_deadline(g->stream)) {
		xstream_push_time(g->stream, now);
		drain(g, now);
	}
}

void gateway_component_stop(struct gateway *g, ts_t now)
{
	g->reconnect_at = TS_NEVER;
	if (!g->stream)
		return;
	if (gateway_is_up(g)) {
		xstream_close(g->stream, now);
		drain(g, now);
	}
}

void gateway_component_done(struct gateway *g)
{
	g->stream = xstream_free(g->stream);
}

ts_t gateway_component_deadline(const struct gateway *g)
{
	return ts_min(g->reconnect_at, g->stream ? xstream_deadline(g->stream) : TS_NEVER);
}
