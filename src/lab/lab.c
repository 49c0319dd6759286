#include "lab/lab.h"

#include "base/mem.h"
#include "lab/fault.h"
#include "lab/pool.h"
#include "lab/struck.h"
#include "lab/xserver.h"
#include "lab/zone.h"

struct lab {
	struct lab_cfg cfg; /* its fault is never NULL */
	struct shell shell;
	struct addr listeners[LAB_LISTEN_COUNT]; /* family 0: not bound */
	unsigned n_listeners, n_bound;
	struct nameserver names;
	struct accounts accounts;
	struct report report;
	struct struck struck;
	struct pool *pool;
	struct xserver *xserver;
};

/* ---- outputs, wants, events ---- */

static bool take_output(void *self, struct output *ret)
{
	struct lab *l = self;

	return outbox_take_output(&l->shell.out, ret) || xserver_take_output(l->xserver, ret);
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
	zone_fill(&l->names, l->cfg.fault, l->listeners);
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

/* ---- facts: whose are they? ---- */

static void accepted(struct lab *l, const struct fact *in, ts_t now)
{
	if (struck_accept(&l->struck, in))
		return;
	if (in->listener == LAB_LISTEN_XMPP_CLIENT || in->listener == LAB_LISTEN_XMPP_COMPONENT)
		xserver_accept(l->xserver, in, now);
	else
		pool_accept(l->pool, in);
}

static void question(struct lab *l, const struct fact *in)
{
	const struct origin o = {
		.listener = in->listener, .peer = *in->peer, .local = *in->local
	};

	if (nameserver_answer(&l->names, in->bytes, shell_out(&l->shell)))
		shell_send(&l->shell, &o);
}

static void push(void *self, const struct fact *in, ts_t now)
{
	struct lab *l = self;

	shell_begin(&l->shell);
	switch (in->type) {
	case FACT_LISTEN_UP: listen_up(l, in); break;
	case FACT_LISTEN_FAILED: listen_failed(l, in); break;
	case FACT_DATAGRAM:
		if (in->listener == LAB_LISTEN_DNS)
			question(l, in);
		else
			pool_push(l->pool, in, now);
		break;
	case FACT_DATAGRAM_FAILED:
		if (in->listener == LAB_LISTEN_SIP_UDP)
			pool_push(l->pool, in, now);
		break;
	case FACT_FLOW_ACCEPTED: accepted(l, in, now); break;
	case FACT_FLOW_UP:
	case FACT_FLOW_BYTES:
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_TLS_UP:
		if (!struck_push(&l->struck, in) && !xserver_push(l->xserver, in, now))
			pool_push(l->pool, in, now);
		break;
	case FACT_ACCEPT_FAILED:
	case FACT_DNS:
	case FACT_CLOCK:
	case FACT_STOP: break; /* a lab has nothing that must be finished */
	}
	xserver_edit(l->xserver);
}

static void push_time(void *self, ts_t now)
{
	struct lab *l = self;
	struct slice report;

	shell_begin(&l->shell);
	pool_push_time(l->pool, now);
	xserver_push_time(l->xserver, now);
	if (report_take(&l->report, &report, now))
		pool_push_from_gateway(l->pool, report, now);
	xserver_edit(l->xserver);
}

static ts_t deadline(const void *self)
{
	const struct lab *l = self;
	ts_t at = ts_min(pool_deadline(l->pool), xserver_deadline(l->xserver));

	return ts_min(at, l->report.at);
}

/* ---- life ---- */

static int init(struct lab *l, struct rng *rng)
{
	static const struct shell_limits limits = {
		.out_bytes = 16 << 20,
		.outputs = 4096,
		.wants = 64,
		.log_bytes = 64 << 10,
	};
	const struct pool_cfg pool = { .lab = &l->cfg,
		.listeners = l->listeners,
		.accounts = &l->accounts,
		.shell = &l->shell,
		.rng = rng };
	const struct xserver_cfg xserver = { .lab = &l->cfg,
		.accounts = &l->accounts,
		.shell = &l->shell,
		.report = &l->report,
		.rng = rng };

	l->struck = (struct struck){ .fault = l->cfg.fault, .shell = &l->shell };
	report_init(&l->report, &l->cfg, rng);
	int err = shell_init(&l->shell, &limits);
	if (!err)
		err = accounts_init(&l->accounts, &l->cfg, rng);
	if (!err)
		err = pool_new(&l->pool, &pool);
	return err ? err : xserver_new(&l->xserver, &xserver);
}

int lab_new(struct lab **ret, const struct lab_cfg *cfg, struct rng *rng, ts_t now)
{
	struct lab *l = mem_alloc0(sizeof(*l));

	(void)now;
	if (!l)
		return -ENOMEM;
	l->cfg = *cfg;
	if (!l->cfg.fault)
		l->cfg.fault = &lab_fault_none;
	if (!l->cfg.scram_iterations)
		l->cfg.scram_iterations = SASL_ITERATIONS_MIN;
	int err = init(l, rng);
	if (err) {
		lab_free(l);
		return err;
	}
	l->cfg.sip_users = l->cfg.xmpp_users = NULL;
	want_listeners(l);
	*ret = l;
	return 0;
}

struct lab *lab_free(struct lab *l)
{
	if (!l)
		return NULL;
	xserver_free(l->xserver);
	pool_free(l->pool);
	report_done(&l->report);
	accounts_done(&l->accounts);
	shell_done(&l->shell);
	mem_wipe(&l->cfg, sizeof(l->cfg));
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
