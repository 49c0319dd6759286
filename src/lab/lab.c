#include <string.h>

#include "base/mem.h"
#include "lab/private.h"

static void begin_push(struct lab *l, ts_t now)
{
	l->now = now;
	shell_begin(&l->shell);
}

/* ---- outputs, wants, events ---- */

static bool take_output(void *self, struct output *ret)
{
	struct lab *l = self;
	struct list *n, *t;

	lab_fault_edit_streams(l);
	if (outbox_take_output(&l->shell.out, ret))
		return true;
	LIST_EACH(n, t, &l->all_conns)
	{
		struct conn *c = LIST_OWNER(n, struct conn, all);

		*ret = (struct output){ .flow = c->flow };
		if (c->stream && xstream_take_output(c->stream, &ret->bytes))
			return true;
	}
	return false;
}

/* A handshake begins when what goes before it in clear has been taken: outputs are drained first.
 */
static bool take_want(void *self, struct want *ret)
{
	return outbox_take_want(&((struct lab *)self)->shell.out, ret);
}

bool lab_take_event(struct lab *l, struct lab_event *ret)
{
	struct shell_event ev;

	if (!shell_take_event(&l->shell, &ev))
		return false;
	*ret = (struct lab_event){ .type = (enum lab_event_type)ev.type,
		.what = (enum lab_listener)ev.what,
		.addr = ev.addr,
		.level = ev.level,
		.log = ev.log };
	return true;
}

/* ---- connections ---- */

struct conn *lab_conn_new(struct lab *l, flow_t flow, enum conn_kind kind)
{
	struct conn *c = mem_alloc0(sizeof(*c));

	if (!c)
		return NULL;
	c->flow = flow;
	c->kind = kind;
	sip_frame_init(&c->frame);
	if (map_insert(&l->conns, &c->node, slice_of(&c->flow, sizeof(c->flow)))) {
		sip_frame_done(&c->frame);
		return mem_free(c);
	}
	list_append(&l->all_conns, &c->all);
	return c;
}

static struct conn *conn_find(struct lab *l, flow_t flow)
{
	struct map_node *n = map_find(&l->conns, slice_of(&flow, sizeof(flow)));

	return n ? LIST_OWNER(n, struct conn, node) : NULL;
}

static void forget_bindings(struct lab *l, flow_t flow)
{
	for (unsigned i = 0; i < l->cfg.n_sip_users; i++)
		for (unsigned k = 0; k < BINDINGS_MAX; k++)
			if (l->sip_accounts[i].bindings[k].path.flow == flow)
				l->sip_accounts[i].bindings[k].in_use = false;
}

void lab_conn_free(struct lab *l, struct conn *c)
{
	if (c->kind == CONN_SIP) {
		forget_bindings(l, c->flow);
		lab_proxy_conn_lost(l, c);
	}
	if (l->component == c)
		l->component = NULL;
	map_remove(&l->conns, &c->node);
	list_remove(&c->all);
	sip_frame_done(&c->frame);
	xstream_free(c->stream);
	mem_free(c);
}

static enum conn_kind kind_of(enum lab_listener what)
{
	switch (what) {
	case LAB_LISTEN_XMPP_CLIENT: return CONN_XMPP_CLIENT;
	case LAB_LISTEN_XMPP_COMPONENT: return CONN_XMPP_COMPONENT;
	case LAB_LISTEN_SIP_UDP:
	case LAB_LISTEN_SIP_TCP:
	case LAB_LISTEN_SIP_TLS:
	case LAB_LISTEN_DNS:
	case LAB_LISTEN_COUNT: return CONN_SIP;
	}
	return CONN_SIP;
}

static void accepted(struct lab *l, const struct fact *in)
{
	struct conn *c = lab_conn_new(l, in->flow, kind_of((enum lab_listener)in->listener));

	if (!c) {
		shell_want(&l->shell, WANT_DROP_FLOW)->flow = in->flow;
		return;
	}
	bool tls = in->listener == LAB_LISTEN_SIP_TLS;
	c->origin = (struct origin){ .flow = in->flow,
		.listener = in->listener,
		.transport = tls ? TRANSPORT_TLS : TRANSPORT_TCP,
		.peer = *in->peer,
		.local = *in->local };
	c->up = !tls;
	if (lab_fault_accepted(l, c))
		return;
	if (tls) {
		struct want *w = shell_want(&l->shell, WANT_TLS);

		w->flow = in->flow;
		w->tls = (struct tls_policy){
			.accept = true, .verify = TLS_VERIFY_NOTE, .identity = LAB_IDENTITY_POOL
		};
		lab_fault_tls(l, &w->tls);
	}
	if (c->kind != CONN_SIP)
		lab_xserver_up(l, c);
}

/* ---- listeners ---- */

static void want_listeners(struct lab *l)
{
	const struct {
		enum lab_listener what;
		enum transport transport;
		const struct addr *addr;
	} rows[] = {
		{ LAB_LISTEN_SIP_UDP, TRANSPORT_UDP, &l->cfg.sip_udp },
		{ LAB_LISTEN_SIP_TCP, TRANSPORT_TCP, &l->cfg.sip_tcp },
		{ LAB_LISTEN_SIP_TLS, TRANSPORT_TCP, &l->cfg.sip_tls },
		{ LAB_LISTEN_XMPP_CLIENT, TRANSPORT_TCP, &l->cfg.xmpp_client },
		{ LAB_LISTEN_XMPP_COMPONENT, TRANSPORT_TCP, &l->cfg.xmpp_component },
		{ LAB_LISTEN_DNS, TRANSPORT_UDP, &l->cfg.dns },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!rows[i].addr->family)
			continue;
		struct want *w = shell_want(&l->shell, WANT_LISTEN);
		w->listener = rows[i].what;
		w->transport = rows[i].transport;
		w->addr = *rows[i].addr;
		l->n_listeners++;
	}
}

static void listen_up(struct lab *l, const struct fact *in)
{
	l->listeners[in->listener] = *in->local;
	shell_log(&l->shell, "lab", "listening");
	struct shell_event *ev = shell_emit(&l->shell, LAB_EV_LISTENING, false, LOG_LEVEL_INFO);
	if (ev) {
		ev->what = (int)in->listener;
		ev->addr = *in->local;
	}
	if (++l->n_bound < l->n_listeners)
		return;
	lab_zone_fill(l);
	shell_log(&l->shell, "lab", "ready");
	shell_emit(&l->shell, LAB_EV_READY, false, LOG_LEVEL_INFO);
}

static void listen_failed(struct lab *l, const struct fact *in)
{
	struct buf *b = shell_log(&l->shell, "lab", "cannot-listen");

	log_str(b, "what", slice_str(lab_listener_name((enum lab_listener)in->listener)));
	log_str(b, "error", slice_str(err_text(in->err)));
	shell_emit(&l->shell, LAB_EV_FAILED, false, LOG_LEVEL_ERROR);
}

const char *lab_listener_name(enum lab_listener what)
{
	static const char *const names[] = {
		[0] = "",
		[LAB_LISTEN_SIP_UDP] = "sip-udp",
		[LAB_LISTEN_SIP_TCP] = "sip-tcp",
		[LAB_LISTEN_SIP_TLS] = "sip-tls",
		[LAB_LISTEN_XMPP_CLIENT] = "xmpp-client",
		[LAB_LISTEN_XMPP_COMPONENT] = "xmpp-component",
		[LAB_LISTEN_DNS] = "dns",
	};

	return names[what];
}

/* ---- facts ---- */

static void flow_gone(struct lab *l, struct conn *c, const struct fact *in)
{
	if (c->kind != CONN_SIP) {
		lab_xserver_closed(l, c);
		return;
	}
	if (in->type == FACT_FLOW_EOF)
		shell_want(&l->shell, WANT_CLOSE_FLOW)->flow = c->flow;
	lab_conn_free(l, c);
}

static void flow_up(struct lab *l, struct conn *c, const struct fact *in)
{
	c->up = true;
	c->origin.local = *in->local;
	c->origin.peer = *in->peer;
	lab_proxy_conn_up(l, c);
}

static void flow_fact(struct lab *l, const struct fact *in)
{
	struct conn *c = conn_find(l, in->flow);

	if (!c)
		return; /* we gave it up before this fact */
	if (c->kind == CONN_FAULTY) {
		lab_fault_conn(l, c, in);
		return;
	}
	switch (in->type) {
	case FACT_FLOW_UP: flow_up(l, c, in); break;
	case FACT_FLOW_BYTES:
		if (c->kind == CONN_SIP)
			lab_pool_stream(l, c, in->bytes);
		else
			lab_xserver_bytes(l, c, in->bytes);
		break;
	case FACT_TLS_UP:
		if (c->kind == CONN_SIP)
			c->up = true;
		else
			lab_xserver_tls_up(l, c, in->tls);
		break;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: flow_gone(l, c, in); break;
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_FLOW_ACCEPTED:
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED:
	case FACT_DNS:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
}

static void datagram(struct lab *l, const struct fact *in)
{
	const struct origin o = { .listener = in->listener,
		.transport = TRANSPORT_UDP,
		.peer = *in->peer,
		.local = *in->local };

	if (in->listener == LAB_LISTEN_DNS)
		lab_zone_datagram(l, in->bytes, &o);
	else
		lab_pool_message(l, in->bytes, &o);
}

static void push(void *self, const struct fact *in, ts_t now)
{
	struct lab *l = self;

	begin_push(l, now);
	switch (in->type) {
	case FACT_DATAGRAM: datagram(l, in); break;
	case FACT_DATAGRAM_FAILED:
		if (in->listener == LAB_LISTEN_SIP_UDP)
			lab_proxy_peer_failed(l, in->peer, in->err);
		break;
	case FACT_FLOW_ACCEPTED: accepted(l, in); break;
	case FACT_FLOW_UP:
	case FACT_FLOW_BYTES:
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_TLS_UP: flow_fact(l, in); break;
	case FACT_LISTEN_UP: listen_up(l, in); break;
	case FACT_LISTEN_FAILED: listen_failed(l, in); break;
	case FACT_DNS:
	case FACT_CLOCK:
	case FACT_STOP: break; /* a lab has nothing that must be finished */
	}
}

static void push_time(void *self, ts_t now)
{
	struct lab *l = self;

	begin_push(l, now);
	for (struct timer *t; (t = timers_due(&l->timers, now));)
		lab_proxy_timer(l, LIST_OWNER(t, struct forward, timer));
	lab_xserver_time(l);
	lab_fault_time(l);
}

static ts_t deadline(const void *self)
{
	const struct lab *l = self;

	ts_t at = ts_min(timers_deadline(&l->timers), lab_xserver_deadline(l));

	return ts_min(at, lab_fault_deadline(l));
}

/* ---- life ---- */

static int init(struct lab *l)
{
	static const struct shell_limits limits = {
		.out_bytes = OUT_BYTES_MAX,
		.outputs = OUTPUTS_MAX,
		.wants = WANTS_MAX,
		.log_bytes = LOG_BYTES_MAX,
	};

	buf_init(&l->scratch, 4 * MESSAGE_MAX);
	lab_fault_init(l);
	list_init(&l->all_conns);
	timers_init(&l->timers);
	rng_bytes(l->rng, l->salt, sizeof(l->salt));
	map_init(&l->conns, CONNS_MAX, l->rng);
	int err = shell_init(&l->shell, &limits);
	if (!err)
		err = lab_accounts_init(l);
	if (!err)
		err = lab_zone_init(l);
	return err ? err : lab_proxy_init(l);
}

int lab_new(struct lab **ret, const struct lab_cfg *cfg, struct rng *rng, ts_t now)
{
	struct lab *l = mem_alloc0(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->cfg = *cfg;
	l->fault = cfg->fault ? cfg->fault : &lab_fault_none;
	l->rng = rng;
	l->now = now;
	if (!l->cfg.scram_iterations)
		l->cfg.scram_iterations = SASL_ITERATIONS_MIN;
	int err = init(l);
	if (err) {
		lab_free(l);
		return err;
	}
	want_listeners(l);
	*ret = l;
	return 0;
}

struct lab *lab_free(struct lab *l)
{
	if (!l)
		return NULL;
	for (struct list *n; (n = list_first(&l->all_conns));)
		lab_conn_free(l, LIST_OWNER(n, struct conn, all));
	timers_done(&l->timers); /* while its timers still exist */
	lab_proxy_done(l);
	map_done(&l->conns);
	lab_accounts_done(l);
	lab_zone_done(l);
	lab_fault_done(l);
	shell_done(&l->shell);
	buf_done(&l->scratch);
	return mem_free(l);
}

struct engine lab_engine(struct lab *l)
{
	static const struct engine_ops ops = {
		.name = "lab",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, l };
}

void lab_set_gateway(struct lab *l, const struct addr *gateway)
{
	l->cfg.gateway = *gateway;
}
