#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "gateway/private.h"

/* ---- what one push leaves behind ---- */

static void begin_push(struct gateway *g, ts_t now)
{
	g->now = now;
	outbox_begin(&g->out);
	eventlog_begin(&g->eventlog);
}

struct buf *gateway_out(struct gateway *g)
{
	return outbox_bytes(&g->out);
}

/* One that is over the bound is as a lost datagram: the peer repeats its request. */
void gateway_send(struct gateway *g, const struct origin *to)
{
	(void)outbox_send(&g->out, to->flow, to->listener, &to->peer, &to->local);
}

struct want *gateway_want(struct gateway *g, enum want_type type)
{
	return outbox_want(&g->out, type);
}

struct buf *gateway_log(struct gateway *g, const char *subsystem, const char *event)
{
	return eventlog_line(&g->eventlog, subsystem, event);
}

struct gateway_event *gateway_emit(
	struct gateway *g, enum gateway_event_type type, enum log_level level)
{
	unsigned i;

	if (!eventlog_add(&g->eventlog, type == GATEWAY_EV_LOG, &i))
		return NULL; /* a flood of log lines: these are lost, their counters are not */
	g->events[i] = (struct gateway_event){ .type = type, .level = level };
	return &g->events[i];
}

static bool take_output(void *self, struct output *ret)
{
	struct gateway *g = self;

	if (outbox_take_output(&g->out, ret))
		return true;
	*ret = (struct output){ .flow = g->stream_flow };
	return g->stream && g->stream_up && xstream_take_output(g->stream, &ret->bytes);
}

static bool take_want(void *self, struct want *ret)
{
	return outbox_take_want(&((struct gateway *)self)->out, ret);
}

bool gateway_take_event(struct gateway *g, struct gateway_event *ret)
{
	const char *line;
	unsigned i;

	if (!eventlog_take(&g->eventlog, &i, &line))
		return false;
	*ret = g->events[i];
	ret->log = line;
	return true;
}

/* ---- listeners ---- */

static void want_listeners(struct gateway *g)
{
	for (unsigned i = 0; i < g->cfg.n_listens; i++) {
		struct want *w = gateway_want(g, WANT_LISTEN);

		w->listener = i + 1;
		w->transport = g->cfg.listens[i].transport;
		w->addr = g->cfg.listens[i].addr;
		g->listeners[i + 1].transport = w->transport;
	}
}

static void listen_up(struct gateway *g, const struct fact *in, ts_t now)
{
	assert(in->listener > 0 && in->listener < COUNT(g->listeners));
	struct listener *l = &g->listeners[in->listener];

	if (gateway_hop_listen_up(g, in, now))
		return;
	l->local = *in->local;
	gateway_uac_path_up(g, now);
	struct buf *b = gateway_log(g, "sip", "listening");
	char text[ADDR_TEXT_MAX];
	log_str(b, "transport", slice_str(transport_name(l->transport)));
	log_str(b, "address", slice_str(addr_text(&l->local, text)));
	struct gateway_event *ev = gateway_emit(g, GATEWAY_EV_LISTENING, LOG_LEVEL_INFO);
	if (ev) {
		ev->transport = l->transport;
		ev->addr = l->local;
	}
}

static void listen_failed(struct gateway *g, const struct fact *in, ts_t now)
{
	if (gateway_hop_listen_failed(g, in, now))
		return;
	struct buf *b = gateway_log(g, "sip", "cannot-listen");
	char text[ADDR_TEXT_MAX];

	log_str(b, "address", slice_str(addr_text(&g->cfg.listens[in->listener - 1].addr, text)));
	log_str(b, "error", slice_str(err_text(in->err)));
	g->failed = true;
	gateway_emit(g, GATEWAY_EV_FAILED, LOG_LEVEL_ERROR);
}

/* Source addresses of UDP can be forged: trusting one that is not on this machine deserves a word.
 */
static void warn_of_udp_trust(struct gateway *g)
{
	bool udp = false;

	for (unsigned i = 0; i < g->cfg.n_listens; i++)
		udp |= g->cfg.listens[i].transport == TRANSPORT_UDP &&
		       !addr_is_loopback(&g->cfg.listens[i].addr);
	for (unsigned i = 0; udp && i < g->cfg.n_trusted; i++) {
		if (addr_is_loopback(&g->cfg.trusted[i]))
			continue;
		struct buf *b = gateway_log(g, "sip", "udp-peer-trusted-by-address");
		buf_puts(b, " peer=");
		addr_put_ip(b, &g->cfg.trusted[i]);
		log_str(b, "advice", SLICE("source addresses of UDP can be forged; use tcp"));
		gateway_emit(g, GATEWAY_EV_LOG, LOG_LEVEL_WARNING);
	}
}

/* ---- facts ---- */

bool gateway_is_trusted(const struct gateway *g, const struct addr *peer)
{
	for (unsigned i = 0; i < g->cfg.n_trusted; i++)
		if (addr_ip_eq(&g->cfg.trusted[i], peer))
			return true;
	return false;
}

static void datagram(struct gateway *g, const struct fact *in, ts_t now)
{
	const struct origin o = { .listener = in->listener,
		.transport = TRANSPORT_UDP,
		.peer = *in->peer,
		.local = *in->local };

	/* Whoever is written to may answer: the transaction knows who that is. */
	if (gateway_is_trusted(g, in->peer) || slice_starts(in->bytes, SLICE("SIP/")))
		gateway_sip_message(g, in->bytes, &o, now);
	else
		g->stats.sip_untrusted++; /* RFC 3261 section 26.3.2.4: no amplifier for a forger */
}

static void conn_fact(struct gateway *g, struct conn *c, const struct fact *in, ts_t now)
{
	switch (in->type) {
	case FACT_FLOW_UP:
		c->up = true;
		c->origin.local = *in->local;
		c->origin.peer = *in->peer;
		if (c == g->hop_conn)
			gateway_uac_path_up(g, now);
		break;
	case FACT_FLOW_BYTES: gateway_sip_stream(g, c, in->bytes, now); break;
	case FACT_FLOW_EOF: gateway_conn_close(g, c, WANT_CLOSE_FLOW, now); break;
	case FACT_FLOW_FAILED: gateway_conn_lost(g, c, now); break;
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY: gateway_conn_blocked(g, c, in->type == FACT_FLOW_BLOCKED, now); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_TLS_UP:
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_DATAGRAM:
	case FACT_DATAGRAM_FAILED:
	case FACT_DNS:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
}

static void flow_fact(struct gateway *g, const struct fact *in, ts_t now)
{
	struct conn *c = gateway_conn_find(g, in->flow);

	if (in->flow == g->stream_flow)
		gateway_component_fact(g, in, now);
	else if (c)
		conn_fact(g, c, in, now);
}

static void stop(struct gateway *g, ts_t now)
{
	if (g->stopping)
		return;
	g->stopping = true;
	g->stop_by =
		ts_add(now, TS_S(5)); /* below systemd's 90 s, above every answer that is owed */
}

/* SIGTERM: what is in hand is answered first, then the stream is closed, then it is over. */
static void check_stop(struct gateway *g, ts_t now)
{
	if (!g->stopping || g->stopped)
		return;
	bool busy = !list_empty(&g->uas_fifo) || gateway_uac_busy(g);
	if (!g->closing && (!busy || now >= g->stop_by)) {
		g->closing = true;
		g->stop_by = ts_add(now, TS_S(2));
		gateway_uac_stop(g, now);
		gateway_component_stop(g, now);
	}
	if (!g->closing || (g->stream && now < g->stop_by))
		return;
	g->stopped = true;
	gateway_log(g, "gateway", "stopped");
	gateway_emit(g, GATEWAY_EV_STOPPED, LOG_LEVEL_INFO);
}

static void dispatch(struct gateway *g, const struct fact *in, ts_t now)
{
	switch (in->type) {
	case FACT_DATAGRAM: datagram(g, in, now); break;
	case FACT_DATAGRAM_FAILED: gateway_uac_peer_failed(g, in->peer, in->err, now); break;
	case FACT_FLOW_ACCEPTED: gateway_conn_accepted(g, in, now); break;
	case FACT_FLOW_UP:
	case FACT_FLOW_BYTES:
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_TLS_UP: flow_fact(g, in, now); break;
	case FACT_LISTEN_UP: listen_up(g, in, now); break;
	case FACT_LISTEN_FAILED: listen_failed(g, in, now); break;
	case FACT_DNS:
		if (in->dns_id == g->stream_dns)
			gateway_component_fact(g, in, now);
		else
			gateway_hop_dns(g, in, now);
		break;
	case FACT_CLOCK: break;
	case FACT_STOP: stop(g, now); break;
	}
}

static void push(void *self, const struct fact *in, ts_t now)
{
	struct gateway *g = self;

	begin_push(g, now);
	dispatch(g, in, now);
	check_stop(g, now);
}

static void uac_timers(struct gateway *g, ts_t now)
{
	for (struct timer *t; (t = timers_due(&g->uac_timers, now));)
		gateway_uac_timer(g, LIST_OWNER(t, struct uac, timer), now);
}

static void domain_timers(struct gateway *g, ts_t now)
{
	for (struct timer *t; (t = timers_due(&g->domain_timers, now));)
		gateway_barrier_timer(g, LIST_OWNER(t, struct domain, timer), now);
}

static void push_time(void *self, ts_t now)
{
	struct gateway *g = self;

	begin_push(g, now);
	gateway_barrier_flush(g, now);
	domain_timers(g, now);
	gateway_uas_time(g, now);
	uac_timers(g, now);
	gateway_component_time(g, now);
	check_stop(g, now);
}

static ts_t deadline(const void *self)
{
	const struct gateway *g = self;
	ts_t at = list_empty(&g->due_domains) ? TS_NEVER : 0; /* 0: at the end of this wake-up */

	at = ts_min(at, timers_deadline(&g->domain_timers));
	at = ts_min(at, timers_deadline(&g->uac_timers));
	at = ts_min(at, gateway_uas_deadline(g));
	at = ts_min(at, gateway_component_deadline(g));
	if (g->stopping && !g->stopped)
		at = ts_min(at, g->stop_by);
	return at;
}

/* ---- life ---- */

static void free_secret(struct gateway *g)
{
	if (g->secret)
		mem_wipe(g->secret, strlen(g->secret));
	g->secret = mem_free(g->secret);
}

int gateway_set_secret(struct gateway *g, struct slice secret)
{
	char *copy = mem_strndup(secret.p, secret.n);

	if (!copy)
		return -ENOMEM;
	free_secret(g);
	g->secret = copy;
	g->cfg.component_secret = slice_str(copy);
	return 0;
}

static int init(struct gateway *g, const struct gateway_cfg *cfg, ts_t now)
{
	eventlog_init(&g->eventlog, LOG_BYTES_MAX);
	gateway_untold_init(g);
	buf_init(&g->scratch, STANZA_MAX);
	rng_bytes(g->rng, g->salt, sizeof(g->salt));
	gateway_conns_init(g);
	timers_init(&g->domain_timers);
	timers_init(&g->uac_timers);
	list_init(&g->uas_fifo);
	list_init(&g->due_domains);
	int err = outbox_init(&g->out, OUT_BYTES_MAX, OUTPUTS_MAX, WANTS_MAX);
	if (!err)
		err = gateway_set_secret(g, cfg->component_secret);
	if (!err)
		err = jid_domain_unicode(
			slice_str(cfg->component_name), g->domain, sizeof(g->domain));
	if (!err)
		err = gateway_contacts_init(g);
	if (!err)
		err = gateway_uas_init(g);
	return err ? err : gateway_uac_init(g, now);
}

int gateway_new(struct gateway **ret, const struct gateway_cfg *cfg, struct rng *rng, ts_t now)
{
	struct gateway *g = mem_alloc0(sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->cfg = *cfg;
	g->rng = rng;
	int err = init(g, cfg, now);
	if (err) {
		gateway_free(g);
		return err;
	}
	want_listeners(g);
	warn_of_udp_trust(g);
	gateway_component_start(g, now);
	*ret = g;
	return 0;
}

struct gateway *gateway_free(struct gateway *g)
{
	if (!g)
		return NULL;
	timers_done(&g->domain_timers); /* while their timers still exist */
	timers_done(&g->uac_timers);
	gateway_uas_done(g);
	gateway_contacts_done(g);
	gateway_barrier_done(g);
	gateway_uac_done(g);
	gateway_component_done(g);
	gateway_conns_done(g);
	outbox_done(&g->out);
	eventlog_done(&g->eventlog);
	buf_done(&g->untold);
	buf_done(&g->scratch);
	free_secret(g);
	return mem_free(g);
}

struct engine gateway_engine(struct gateway *g)
{
	static const struct engine_ops ops = {
		.name = "gateway",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, g };
}

const struct gateway_stats *gateway_stats(const struct gateway *g)
{
	return &g->stats;
}

bool gateway_is_up(const struct gateway *g)
{
	return g->stream && xstream_is_ready(g->stream);
}
