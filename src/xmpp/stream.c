/* The engine: pushes, takes, and the pump between reader and state. */
#include "xmpp/stream_private.h"

/* What a state does with what the reader has. */
enum flow {
	FLOW_PUMP,  /* read at once, in the push */
	FLOW_PAUSE, /* the driver owes an answer */
	FLOW_TAKE,  /* stanza by stanza, as they are taken */
	FLOW_NONE,
};

static const struct {
	enum flow flow;
	void (*element)(struct xstream *x, const struct xml_node *node);
} states[] = {
	[XSTREAM_AWAIT_TLS] = { FLOW_NONE, NULL },
	[XSTREAM_AWAIT_HEADER] = { FLOW_PUMP, NULL },
	[XSTREAM_AWAIT_FEATURES] = { FLOW_PUMP, xstream_client_features },
	[XSTREAM_AWAIT_PROCEED] = { FLOW_PUMP, xstream_client_proceed },
	[XSTREAM_AWAIT_SASL] = { FLOW_PUMP, xstream_sasl_element },
	[XSTREAM_AWAIT_BOUND] = { FLOW_PUMP, xstream_bound },
	[XSTREAM_AWAIT_SESSION] = { FLOW_PUMP, xstream_session },
	[XSTREAM_AWAIT_PRESENCE] = { FLOW_TAKE, NULL },
	[XSTREAM_AWAIT_ACCEPTED] = { FLOW_PUMP, xstream_component_accepted },
	[XSTREAM_AWAIT_AUTH] = { FLOW_PUMP, xstream_accept_auth },
	[XSTREAM_AWAIT_ACCOUNT] = { FLOW_PAUSE, NULL },
	[XSTREAM_AWAIT_RESPONSE] = { FLOW_PUMP, xstream_accept_sasl_response },
	[XSTREAM_AWAIT_BIND] = { FLOW_PUMP, xstream_accept_bind },
	[XSTREAM_AWAIT_RESOURCE] = { FLOW_PAUSE, NULL },
	[XSTREAM_AWAIT_SECRET] = { FLOW_PAUSE, NULL },
	[XSTREAM_AWAIT_HANDSHAKE] = { FLOW_PUMP, xstream_component_accept_handshake },
	[XSTREAM_READY] = { FLOW_TAKE, NULL },
	[XSTREAM_CLOSING] = { FLOW_TAKE, NULL },
	[XSTREAM_OVER] = { FLOW_NONE, NULL },
};
_Static_assert(COUNT(states) == XSTREAM_STATES, "every state has its line");

static const struct {
	void (*open)(struct xstream *x, const struct xml_event *ev);
	const char *stop_at[4]; /* behind these the other side's bytes may be of another stream */
} roles[] = {
	[XSTREAM_CLIENT] = { xstream_client_open, { "features", "proceed", "success", NULL } },
	[XSTREAM_COMPONENT] = { xstream_component_open, { NULL } },
	[XSTREAM_ACCEPT_CLIENT] = { xstream_accept_open,
		{ "starttls", "auth", "response", "abort" } },
	[XSTREAM_ACCEPT_COMPONENT] = { xstream_component_accept_open, { NULL } },
	[XSTREAM_LOOK_CLIENT] = { xstream_client_open, { "features", "proceed", NULL } },
	[XSTREAM_LOOK_SERVER] = { xstream_client_open, { "features", "proceed", NULL } },
};

static enum flow flow(const struct xstream *x)
{
	return states[x->state].flow;
}

/* ---- input ---- */

void xstream_arm_reader(struct xstream *x)
{
	for (size_t i = 0; i < COUNT(roles[0].stop_at) && roles[x->cfg.role].stop_at[i]; i++)
		xml_reader_stop_at(x->reader, roles[x->cfg.role].stop_at[i]);
}

static void begin_push(struct xstream *x, ts_t now)
{
	x->now = now;
	x->node_held = false;
}

/* RFC 6120 sections 4.8.1 and 4.8.2.  A stream in the prefix-free style declares the stream
 * namespace as the default one, or none.  Whoever only looks is to see what there is. */
static bool check_header(struct xstream *x, const struct xml_event *ev)
{
	const struct xml_node *n = ev->node;
	bool content_ok = xstream_looks(x) || ev->content_ns.n == 0 ||
			  slice_eqs(ev->content_ns, NS_STREAM) ||
			  slice_eqs(ev->content_ns, xstream_content_ns(x));

	if (!slice_eqs(n->ns, NS_STREAM)) {
		xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "invalid-namespace",
			"not a stream: the namespace of <%.*s> is `%.*s`",
			SLICE_FMT(slice_cut(n->name, 0, 64)), SLICE_FMT(slice_cut(n->ns, 0, 128)));
		return false;
	}
	if (!slice_eqs(n->name, "stream")) {
		xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "bad-format",
			"<%.*s> where <stream> was awaited", SLICE_FMT(slice_cut(n->name, 0, 64)));
		return false;
	}
	if (!content_ok)
		xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "invalid-namespace",
			"the content namespace is `%.*s`, not %s",
			SLICE_FMT(slice_cut(ev->content_ns, 0, 128)), xstream_content_ns(x));
	return content_ok;
}

static void open_stream(struct xstream *x, const struct xml_event *ev)
{
	if (!check_header(x, ev))
		return;
	xstream_emit(x, (struct xstream_event){ .type = XSTREAM_EV_OPENED, .node = ev->node });
	roles[x->cfg.role].open(x, ev);
}

static void pump_event(struct xstream *x, const struct xml_event *ev)
{
	switch (ev->type) {
	case XML_EV_OPEN: open_stream(x, ev); break;
	case XML_EV_STANZA:
		if (!xstream_peer_error(x, ev->node))
			states[x->state].element(x, ev->node);
		break;
	case XML_EV_CLOSE: xstream_peer_closed(x); break;
	case XML_EV_ERROR: xstream_unparsable(x, ev); break;
	}
}

/* While the stream is established everything is read at once: the answers are output of this push.
 */
static void pump(struct xstream *x)
{
	struct xml_event ev;

	while (flow(x) == FLOW_PUMP && !x->node_held && !x->restart_due &&
		xml_reader_take(x->reader, &ev))
		pump_event(x, &ev);
}

/* RFC 6120 section 5.4.2.3: behind the end of <proceed/> there is TLS and nothing else.  Clear
 * bytes there would be read as if they were protected. */
static void begin_tls(struct xstream *x, bool rest)
{
	if (rest) {
		xstream_give_up(x, XSTREAM_FAIL_INJECTION, NULL,
			"clear bytes where the TLS handshake begins");
		return;
	}
	if (xstream_accepts(x)) {
		buf_puts(xstream_write(x), "<proceed xmlns='" NS_TLS "'/>");
		xstream_send(x);
	}
	xstream_emit(x, (struct xstream_event){ .type = XSTREAM_EV_WANT_TLS });
}

static void restart_reader(struct xstream *x)
{
	if (!x->restart_due)
		return;
	x->restart_due = false;
	xml_reader_reset(x->reader);
	xstream_arm_reader(x);
}

uint64_t xstream_twice(const struct xstream *x)
{
	return xml_reader_twice(x->reader);
}

size_t xstream_push_bytes(struct xstream *x, struct slice in, ts_t now)
{
	if (x->state == XSTREAM_OVER || x->eof || in.n == 0)
		return in.n;
	if (x->state == XSTREAM_AWAIT_TLS) {
		begin_push(x, now);
		begin_tls(x, true);
		return in.n;
	}
	if (flow(x) == FLOW_PAUSE || x->ring_n > RING_MAX - RING_PUSH)
		return 0;

	begin_push(x, now);
	restart_reader(x);
	size_t n = xml_reader_push(x->reader, in);
	pump(x);
	if (x->state == XSTREAM_AWAIT_TLS)
		begin_tls(x, n < in.n);
	return x->state == XSTREAM_OVER ? in.n : n;
}

void xstream_push_tls_up(struct xstream *x, const struct tls_facts *facts, ts_t now)
{
	if (x->state != XSTREAM_AWAIT_TLS)
		return; /* the time ran out meanwhile */
	begin_push(x, now);
	x->facts = mem_alloc0(sizeof(*x->facts));
	if (!x->facts) {
		xstream_fail_internal(x);
		return;
	}
	*x->facts = *facts;
	x->secure = true;
	xstream_restart(x);
}

/* All that was read before the end has been handed out. */
static void ended(struct xstream *x)
{
	if (x->state == XSTREAM_CLOSING)
		xstream_closed(x);
	else if (x->state == XSTREAM_READY)
		xstream_give_up(x, XSTREAM_FAIL_CLOSED, NULL, "the connection ended");
	else
		xstream_give_up(x, XSTREAM_FAIL_CLOSED, NULL,
			"the connection ended while awaiting %s", xstream_state_name(x));
}

void xstream_push_closed(struct xstream *x, ts_t now)
{
	if (x->state == XSTREAM_OVER || x->eof)
		return;
	begin_push(x, now);
	x->eof = true;
	if (flow(x) != FLOW_TAKE)
		ended(x);
}

static ts_t keep_alive(const struct xstream *x)
{
	return x->cfg.idle_ping ? ts_add(x->last_sent, x->cfg.idle_ping) : TS_NEVER;
}

ts_t xstream_deadline(const struct xstream *x)
{
	if (x->state == XSTREAM_OVER || x->eof)
		return TS_NEVER;
	if (x->state == XSTREAM_READY)
		return keep_alive(x);
	if (x->state == XSTREAM_AWAIT_PRESENCE)
		return ts_min(x->give_up, x->presence_by);
	return x->state == XSTREAM_CLOSING ? x->close_by : x->give_up;
}

static void timed_out(struct xstream *x)
{
	if (x->state == XSTREAM_AWAIT_PRESENCE && x->presence_by != TS_NEVER)
		xstream_presence_late(x);
	else if (xstream_accepts(x))
		xstream_refuse(
			x, XSTREAM_FAIL_TIMEOUT, "connection-timeout", "%s", xstream_state_name(x));
	else
		xstream_give_up(x, XSTREAM_FAIL_TIMEOUT, NULL, "%s", xstream_state_name(x));
}

void xstream_push_time(struct xstream *x, ts_t now)
{
	begin_push(x, now);
	if (now < xstream_deadline(x))
		return;
	if (x->state == XSTREAM_CLOSING) {
		xstream_closed(x);
		return;
	}
	if (x->state == XSTREAM_READY) {
		buf_puts(xstream_write(x), " "); /* RFC 6120 section 4.6.1 */
		xstream_send(x);
		return;
	}
	timed_out(x);
}

void xstream_push_account(struct xstream *x, const struct sasl_secret *secret, ts_t now)
{
	if (x->state != XSTREAM_AWAIT_ACCOUNT)
		return;
	begin_push(x, now);
	xstream_accept_sasl_account(x, secret);
	pump(x);
}

void xstream_push_secret(struct xstream *x, struct slice secret, ts_t now)
{
	if (x->state != XSTREAM_AWAIT_SECRET)
		return;
	begin_push(x, now);
	xstream_component_accept_secret(x, secret);
	pump(x);
}

void xstream_push_bind(struct xstream *x, struct slice resource, ts_t now)
{
	if (x->state != XSTREAM_AWAIT_RESOURCE)
		return;
	begin_push(x, now);
	xstream_accept_resource(x, resource);
	pump(x);
}

void xstream_close(struct xstream *x, ts_t now)
{
	bool ready = xstream_is_ready(x);

	if (x->state >= XSTREAM_CLOSING || x->eof)
		return;
	begin_push(x, now);
	if (x->state != XSTREAM_AWAIT_TLS && x->header_sent) {
		buf_puts(xstream_write(x), "</stream:stream>");
		xstream_send(x);
	}
	if (ready)
		xstream_enter(x, XSTREAM_CLOSING);
	else
		xstream_closed(x);
}

/* ---- events ---- */

/* True when the stanza is for the driver. */
static bool is_for_driver(struct xstream *x, const struct xml_node *node)
{
	if (xstream_peer_error(x, node))
		return false;
	switch (x->cfg.role) {
	case XSTREAM_ACCEPT_CLIENT: return xstream_accept_stanza(x, node);
	case XSTREAM_ACCEPT_COMPONENT: return xstream_component_accept_stanza(x, node);
	case XSTREAM_CLIENT:
	case XSTREAM_COMPONENT:
	case XSTREAM_LOOK_CLIENT:
	case XSTREAM_LOOK_SERVER: break;
	}
	/* RFC 6120 section 4.3.5: features without content may still come. */
	if (xml_is(node, NS_STREAM, "features"))
		return false;
	return !x->asked || xstream_presence_stanza(x, node);
}

static bool take_stanza(struct xstream *x, struct xstream_event *ret)
{
	struct xml_event ev;

	while (x->ring_n == 0 && flow(x) == FLOW_TAKE && xml_reader_take(x->reader, &ev)) {
		if (ev.type != XML_EV_STANZA) {
			pump_event(x, &ev);
		} else if (is_for_driver(x, ev.node)) {
			*ret = (struct xstream_event){
				.type = XSTREAM_EV_STANZA, .node = ev.node, .cut = ev.cut
			};
			return true;
		}
	}
	if (x->ring_n == 0 && flow(x) == FLOW_TAKE && x->eof)
		ended(x);
	return false;
}

static bool take_ring(struct xstream *x, struct xstream_event *ret)
{
	if (x->ring_n == 0)
		return false;
	*ret = x->ring[x->ring_head];
	x->ring_head = (x->ring_head + 1) % RING_MAX;
	x->ring_n--;
	return true;
}

/* A stanza can be what the stream itself waits for: then the event is in the ring. */
bool xstream_take_event(struct xstream *x, struct xstream_event *ret)
{
	if (take_ring(x, ret) || take_stanza(x, ret) || take_ring(x, ret))
		return true;
	if (!x->has_last || x->last_taken)
		return false;
	x->last_taken = true;
	*ret = x->last;
	return true;
}
