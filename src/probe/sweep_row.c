#include "base/mem.h"
#include "probe/sweep_private.h"

enum { DAY_S = 86400 };

/* ---- connecting ---- */

void sweep_row_start(struct sweep *s, struct sweep_try *t, struct sweep_row *row)
{
	const bool udp = row->transport == TRANSPORT_UDP;
	struct want *w = outbox_want(&s->out, udp ? WANT_LISTEN : WANT_FLOW);

	t->row = row;
	t->began = t->step_began = s->now;
	t->until = ts_min(ts_add(s->now, s->cfg.row_timeout), s->deadline);
	t->heard = false;
	t->flow = udp ? 0 : ++s->next_flow;
	t->listener = udp ? (uint32_t)(row - s->rows) + 1 : 0;
	s->n_trying++;
	row->outcome = SWEEP_TRYING;
	row->reached = SWEEP_CONNECT;
	w->flow = t->flow;
	w->listener = t->listener;
	w->transport = udp ? TRANSPORT_UDP : TRANSPORT_TCP;
	w->toward = udp;
	w->addr = row->addr;
}

/* ---- TLS ---- */

static const enum tls_naming namings[] = {
	[SWEEP_SIPS_TCP] = TLS_NAMING_SIP,
	[SWEEP_SIP_TCP] = TLS_NAMING_SIP,
	[SWEEP_SIP_UDP] = TLS_NAMING_SIP,
	[SWEEP_SIP_FEDERATION] = TLS_NAMING_SIP,
	[SWEEP_XMPP_CLIENT] = TLS_NAMING_XMPP_CLIENT,
	[SWEEP_XMPPS_CLIENT] = TLS_NAMING_XMPP_CLIENT,
	[SWEEP_XMPP_SERVER] = TLS_NAMING_XMPP_SERVER,
	[SWEEP_XMPPS_SERVER] = TLS_NAMING_XMPP_SERVER,
};

static struct tls_policy tls_policy(const struct sweep *s, enum sweep_kind kind)
{
	const struct slice name = slice_str(s->ascii);
	/* NOTE: all faults, and what comes behind them. */
	struct tls_policy policy = {
		.verify = TLS_VERIFY_NOTE, .trust = s->cfg.trust, .naming = namings[kind]
	};

	/* An IPv6 address is without its brackets in a certificate. */
	slice_cstr(name.p[0] == '[' ? slice_cut(name, 1, name.n - 1) : name, policy.name,
		sizeof(policy.name));
	return policy;
}

static void want_tls(struct sweep *s, struct sweep_try *t)
{
	struct want *w = outbox_want(&s->out, WANT_TLS);

	w->flow = t->flow;
	w->tls = tls_policy(s, t->row->kind);
}

static void keep_tls(struct sweep *s, struct sweep_row *row, const struct tls_facts *tls)
{
	row->tls = *tls;
	const struct tls_cert *c = blame_first_to_end(tls);
	if (!c || !s->knows_wall)
		return;
	const int64_t left = c->not_after - (s->wall + (int64_t)s->now) / 1000000;
	const int64_t days = (left < 0 ? left - (DAY_S - 1) : left) / DAY_S;

	row->has_days = true;
	row->days_left = days > 99999 ? 99999 : days < -99999 ? -99999 : (int)days;
}

/* ---- XMPP ---- */

/* A client needs a mechanism that we speak, in either list; a server's are a matter of
 * certificates that nobody has shown. */
static bool has_mechanism(const struct feature_list *l)
{
	const struct feature_names *const lists[] = { &l->mechanisms, &l->sasl2 };
	enum sasl_mechanism m;

	for (size_t i = 0; i < COUNT(lists); i++)
		for (unsigned k = 0; k < lists[i]->n; k++)
			if (sasl_mechanism_find(slice_str(lists[i]->v[k]), &m) &&
				m != SASL_EXTERNAL)
				return true;
	return false;
}

static void put_names(struct buf *b, const struct feature_names *names)
{
	for (unsigned i = 0; i < names->n; i++)
		buf_printf(b, "%s%s", i ? ", " : "", names->v[i]);
}

static void end_features(struct sweep *s, struct sweep_try *t)
{
	const struct feature_list *l = &t->row->features;
	const bool client = t->row->kind == SWEEP_XMPP_CLIENT || t->row->kind == SWEEP_XMPPS_CLIENT;
	struct buf b;

	if (!client || has_mechanism(l)) {
		sweep_end(s, t, NULL);
		return;
	}
	buf_init(&b, 1024);
	put_names(&b, &l->mechanisms);
	const struct blame blame = blame_stream(
		&t->row->addr, XSTREAM_FAIL_NO_MECHANISM, l->mechanisms.n ? buf_cstr(&b) : "-");
	buf_done(&b);
	sweep_end(s, t, &blame);
}

/* What ended the row's connection, or its handshake. */
static void end_flow(struct sweep *s, struct sweep_try *t, const struct fact *in)
{
	struct sweep_row *row = t->row;
	struct blame blame;

	sweep_leave_sip(s, t);
	if (in->type == FACT_FLOW_FAILED)
		t->flow = 0;
	if (in->type == FACT_FLOW_FAILED && in->step == FLOW_STEP_TLS && in->tls) {
		row->reached = SWEEP_TLS; /* also when it is told behind the handshake's end */
		keep_tls(s, row, in->tls);
		blame = blame_tls(&row->addr, in->tls);
		sweep_end(s, t, &blame);
		return;
	}
	sweep_evidence(row)->err = in->err;
	blame = in->type == FACT_FLOW_EOF ? blame_closed(&row->addr)
		: in->here || in->step == FLOW_STEP_CONNECT
			? blame_connect(&row->addr, in->err, in->here)
			: blame_broken(&row->addr, in->err);
	sweep_end(s, t, &blame);
}

/* The stream is ours to end, behind the features that count. */
static void down(struct sweep *s, struct sweep_try *t, const struct xhost_event *ev)
{
	const struct addr *peer = &t->row->addr;

	if (ev->why == XHOST_END_CLOSED && t->row->features.complete) {
		end_features(s, t);
	} else if (ev->stream) {
		const struct blame blame =
			blame_stream_end(peer, ev->stream, sweep_evidence(t->row));

		sweep_end(s, t, &blame);
	} else if (ev->fact) {
		end_flow(s, t, ev->fact);
	} else {
		sweep_end_without_memory(s, t);
	}
}

static void tls_up(struct sweep *s, struct sweep_try *t, const struct tls_facts *tls)
{
	keep_tls(s, t->row, tls);
	sweep_enter(s, t, SWEEP_ANSWER);
}

static void event(struct sweep *s, struct sweep_try *t, const struct xhost_event *ev)
{
	switch (ev->type) {
	case XHOST_EV_TLS_UP: tls_up(s, t, ev->tls); break;
	case XHOST_EV_STREAM:
		features_read(&t->row->features, ev->stream, t->row->reached == SWEEP_ANSWER);
		break;
	case XHOST_EV_DOWN: down(s, t, ev); break;
	case XHOST_EV_TARGET:
	case XHOST_EV_PASSED:
	case XHOST_EV_CONNECTED: break;
	}
}

static void look(struct sweep *s, struct sweep_try *t)
{
	struct xhost_event ev;
	struct output out;

	while (t->host && xhost_take_event(t->host, &ev, s->now))
		event(s, t, &ev);
	while (t->host && xhost_take_output(t->host, &out)) {
		buf_put(outbox_bytes(&s->out), out.bytes);
		/* One that is over the bound is lost as on the way. */
		(void)outbox_send(&s->out, t->flow, 0, &t->row->addr, NULL);
	}
}

static void start_stream(struct sweep *s, struct sweep_try *t)
{
	const struct sweep_row *row = t->row;
	const bool server = row->kind == SWEEP_XMPP_SERVER || row->kind == SWEEP_XMPPS_SERVER;
	const struct xhost_cfg cfg = { .out = &s->out,
		.stream = { .role = server ? XSTREAM_LOOK_SERVER : XSTREAM_LOOK_CLIENT,
			.tls = row->transport == TRANSPORT_TLS ? XSTREAM_TLS_DIRECT
							       : XSTREAM_TLS_REQUIRED,
			.domain = slice_str(s->ascii),
			.from = s->cfg.from,
			.limits = &features_limits,
			.timeout = t->until > s->now ? t->until - s->now : 1 /* 0 is none */ },
		.tls = tls_policy(s, row->kind) };

	/* STARTTLS is part of the step, as in a test. */
	sweep_enter(s, t, SWEEP_TLS);
	if (xhost_new(&t->host, &cfg, s->rng)) {
		sweep_end_without_memory(s, t);
		return;
	}
	xhost_attach(t->host, t->flow, s->now);
	look(s, t);
}

/* ---- facts ---- */

static void up(struct sweep *s, struct sweep_try *t, const struct fact *in)
{
	t->row->connected = true;
	t->row->local = *in->local;
	if (sweep_kind_is_xmpp(t->row->kind)) {
		start_stream(s, t);
	} else if (t->row->transport == TRANSPORT_TLS) {
		sweep_enter(s, t, SWEEP_TLS);
		want_tls(s, t);
	} else {
		sweep_enter(s, t, SWEEP_ANSWER);
		sweep_sip_start(s, t);
	}
}

/* A handshake of SIP. */
static void secured(struct sweep *s, struct sweep_try *t, const struct tls_facts *tls)
{
	tls_up(s, t, tls);
	if (t->row->kind == SWEEP_SIP_FEDERATION)
		/* Servers speak there to servers that show a certificate: no more is to be had. */
		sweep_end(s, t, NULL);
	else
		sweep_sip_start(s, t);
}

static void listen_failed(struct sweep *s, struct sweep_try *t, int err)
{
	const struct blame blame = blame_connect(&t->row->addr, err, true);

	t->listener = 0;
	sweep_evidence(t->row)->err = err;
	sweep_end(s, t, &blame);
}

void sweep_row_fact(struct sweep *s, struct sweep_try *t, const struct fact *in)
{
	if (t->host) {
		xhost_push(t->host, in, s->now);
		look(s, t);
		return;
	}
	switch (in->type) {
	case FACT_FLOW_UP:
	case FACT_LISTEN_UP: up(s, t, in); break;
	case FACT_FLOW_BYTES: sweep_sip_bytes(s, t, in->bytes); break;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: end_flow(s, t, in); break;
	case FACT_TLS_UP: secured(s, t, in->tls); break;
	case FACT_LISTEN_FAILED: listen_failed(s, t, in->err); break;
	case FACT_DATAGRAM: sweep_sip_datagram(s, t, in->bytes, in->peer); break;
	case FACT_DATAGRAM_FAILED: sweep_sip_datagram_failed(s, t, in->peer, in->err); break;
	case FACT_DNS:
	case FACT_CLOCK:
	case FACT_STOP:
	case FACT_FLOW_ACCEPTED:
	case FACT_ACCEPT_FAILED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY: break;
	}
}

/* ---- time ---- */

static bool is_looking(const struct sweep_try *t)
{
	return t->host && !xhost_is_in_tls(t->host);
}

ts_t sweep_row_deadline(const struct sweep_try *t)
{
	return is_looking(t) ? xhost_deadline(t->host) : t->until;
}

void sweep_row_time(struct sweep *s, struct sweep_try *t)
{
	if (is_looking(t)) {
		xhost_push_time(t->host, s->now);
		look(s, t);
	} else {
		sweep_end_silent(s, t);
	}
}

void sweep_row_done(struct sweep_try *t)
{
	xhost_free(t->host);
}
