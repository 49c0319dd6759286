#include "probe/sweep_private.h"
#include "sip/write.h"

int sweep_sip_init(struct sweep *s)
{
	const struct tl_cfg cfg = {
		.out = &s->out,
		.clients_max = SWEEP_PARALLEL,
		.request_max = SIP_MSG_MAX,
		.done_max = 1, /* nobody is answered */
		.flows_max = SWEEP_PARALLEL,
	};

	return tl_new(&s->tl, &cfg, s->rng);
}

/* ---- the request ---- */

/* RFC 3261 section 11.1, to the pool itself; nobody is named as its sender (section 8.1.1.3). */
static void write_options(
	struct sweep *s, const struct sweep_row *row, struct buf *b, struct slice branch)
{
	char token[SWEEP_TOKEN + 1];

	buf_printf(b, "OPTIONS sip:%s SIP/2.0\r\n", s->ascii);
	sip_put_via(b, row->transport, &row->local, branch);
	buf_puts(b, "Max-Forwards: 70\r\n");
	rng_token(s->rng, token, 10);
	buf_printf(b, "From: <sip:anonymous@anonymous.invalid>;tag=%s\r\n", token);
	buf_printf(b, "To: <sip:%s>\r\n", s->ascii);
	rng_token(s->rng, token, SWEEP_TOKEN);
	buf_printf(b, "Call-ID: %s\r\nCSeq: 1 OPTIONS\r\nUser-Agent: stox\r\n", token);
	sip_put_body(b, SLICE_NONE);
}

static struct origin way(const struct sweep_try *t)
{
	return (struct origin){ .flow = t->flow,
		.listener = t->listener,
		.transport = t->row->transport,
		.peer = t->row->addr };
}

static int send_options(struct sweep *s, struct sweep_try *t)
{
	const struct origin to = way(t);
	struct slice branch;
	int err = t->flow ? tl_flow_add(s->tl, &to) : 0;
	struct buf *b = err ? NULL : tl_request(s->tl, (uint64_t)(t - s->tries), &to, 0, &branch);

	if (!b)
		return -ENOMEM;
	write_options(s, t->row, b, branch);
	return tl_request_end(s->tl, SIP_METHOD_OPTIONS, &t->place, s->now);
}

void sweep_sip_start(struct sweep *s, struct sweep_try *t)
{
	if (send_options(s, t))
		sweep_end_without_memory(s, t);
}

/* ---- the response ---- */

/* A peer's words as they may be shown. */
static void keep(char *to, size_t size, struct slice words)
{
	const struct text t = TEXT("{1}", text_slice(slice_cut(words, 0, size - 1)));
	struct buf b;

	buf_init(&b, 4 * size);
	text_put(&b, &t, NULL);
	slice_cstr(buf_slice(&b), to, size);
	buf_done(&b);
}

/* Any answer shows a SIP server; of those that say that it cannot serve, RFC 3263 section 4.3. */
static void judge(struct sweep *s, struct sweep_try *t, const struct sip_msg *m)
{
	struct sweep_row *row = t->row;
	struct evidence *e = sweep_evidence(row);
	struct slice server = sip_msg_value(m, SIP_HDR_SERVER);

	if (server.n == 0)
		server = sip_msg_value(m, SIP_HDR_USER_AGENT);
	row->sip_status = m->status;
	keep(row->sip_reason, sizeof(row->sip_reason), m->reason);
	keep(row->sip_server, sizeof(row->sip_server), server);
	if (m->status < 500 || m->status == 501 || m->status >= 600) {
		sweep_end(s, t, NULL);
		return;
	}
	evidence_keep_response(e, m);
	const struct blame blame =
		evidence_is_overload(e)
			? blame_overloaded(&row->addr, e)
			: (struct blame){ REASON_SIP_SERVER_ERROR,
				  TEXT(N_("{1} cannot serve: it answers an "
					  "OPTIONS with {2} {3}."),
					  text_addr(&row->addr), text_u64((unsigned)m->status),
					  text_slice(m->reason)) };
	sweep_end(s, t, &blame);
}

static void end_failed(struct sweep *s, struct sweep_try *t, int err)
{
	const struct blame blame = blame_datagram(&t->row->addr, err);

	sweep_evidence(t->row)->err = err;
	sweep_end(s, t, &blame);
}

/* ---- what comes in ---- */

static void end_unparsable(struct sweep *s, struct sweep_try *t, const struct where *where)
{
	const struct blame blame = blame_unparsable(&t->row->addr, where);
	struct evidence *e = sweep_evidence(t->row);

	e->what = where->what;
	e->offset = where->offset;
	sweep_end(s, t, &blame);
}

/* Requests, and responses to what is not ours, are of no interest here.  `t` is the try that it
 * came in for. */
static void event(struct sweep *s, struct sweep_try *t, const struct tl_event *ev)
{
	switch (ev->type) {
	case TL_EV_FINAL: judge(s, &s->tries[ev->ref], ev->msg); break;
	case TL_EV_TIMEOUT: sweep_end_silent(s, &s->tries[ev->ref]); break;
	case TL_EV_FAILED: end_failed(s, &s->tries[ev->ref], ev->err); break;
	case TL_EV_MALFORMED:
		if (t && t->row && addr_eq(&ev->origin->peer, &t->row->addr))
			end_unparsable(s, t, &ev->refusal->where);
		break;
	case TL_EV_BROKEN:
		if (t && t->row)
			end_unparsable(s, t, &ev->where);
		break;
	case TL_EV_REQUEST:
	case TL_EV_REPEATED:
	case TL_EV_ABSORBED:
	case TL_EV_ACK:
	case TL_EV_PROVISIONAL:
	case TL_EV_LATE:
	case TL_EV_STRAY:
	case TL_EV_UNASKED:
	case TL_EV_PING:
	case TL_EV_GONE: break;
	}
}

static void pull(struct sweep *s, struct sweep_try *t)
{
	struct tl_event ev;

	while (tl_take_event(s->tl, true, &ev, s->now))
		event(s, t, &ev);
}

void sweep_sip_datagram(
	struct sweep *s, struct sweep_try *t, struct slice bytes, const struct addr *peer)
{
	struct origin from = way(t);

	from.peer = *peer;
	tl_push_datagram(s->tl, bytes, &from);
	pull(s, t);
}

void sweep_sip_datagram_failed(
	struct sweep *s, struct sweep_try *t, const struct addr *peer, int err)
{
	tl_push_peer_failed(s->tl, peer, err);
	pull(s, t);
}

void sweep_sip_bytes(struct sweep *s, struct sweep_try *t, struct slice bytes)
{
	if (!t->heard && t->row->transport == TRANSPORT_TCP && blame_is_tls_alert(bytes)) {
		const struct blame blame = blame_tls_expected(&t->row->addr);

		sweep_end(s, t, &blame);
		return;
	}
	t->heard = true;
	tl_push_bytes(s->tl, t->flow, bytes);
	pull(s, t);
}

void sweep_sip_time(struct sweep *s)
{
	tl_push_time(s->tl, s->now);
	pull(s, NULL);
}
