#include <stdio.h>
#include <string.h>

#include "probe/sweep_private.h"
#include "sip/write.h"

static const struct nict_cfg unreliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000)
};
static const struct nict_cfg reliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000), .reliable = true
};

/* ---- the request ---- */

/* RFC 3261 section 11.1, to the pool itself; nobody is named as its sender (section 8.1.1.3). */
static void write_options(struct sweep *s, struct sweep_try *t)
{
	char token[SWEEP_TOKEN + 1];
	struct buf *b = &t->request;

	rng_token(s->rng, token, SWEEP_TOKEN);
	snprintf(t->branch, sizeof(t->branch), "z9hG4bK%s", token);
	buf_clear(b);
	buf_printf(b, "OPTIONS sip:%s SIP/2.0\r\n", s->ascii);
	sip_put_via(b, t->row->transport, &t->row->local, slice_str(t->branch));
	buf_puts(b, "Max-Forwards: 70\r\n");
	rng_token(s->rng, token, 10);
	buf_printf(b, "From: <sip:anonymous@anonymous.invalid>;tag=%s\r\n", token);
	buf_printf(b, "To: <sip:%s>\r\n", s->ascii);
	rng_token(s->rng, token, SWEEP_TOKEN);
	buf_printf(b, "Call-ID: %s\r\nCSeq: 1 OPTIONS\r\nUser-Agent: stox\r\n", token);
	sip_put_body(b, SLICE_NONE);
}

static void drain(struct sweep *s, struct sweep_try *t);

void sweep_sip_start(struct sweep *s, struct sweep_try *t)
{
	const bool udp = t->row->transport == TRANSPORT_UDP;

	write_options(s, t);
	if (buf_err(&t->request) ||
		nict_new(&t->tx, udp ? &unreliable : &reliable, buf_slice(&t->request), s->now)) {
		t->tx = NULL;
		sweep_row_end(s, t,
			&(struct blame){
				REASON_LOCAL_INTERNAL, TEXT_PLAIN(N_("Memory ran out.")) });
		return;
	}
	drain(s, t);
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
static void judge(struct sweep *s, struct sweep_try *t)
{
	const struct sip_msg *m = &s->msg;
	struct sweep_row *row = t->row;
	struct evidence *e = sweep_row_evidence(row);
	struct slice server = sip_msg_value(m, SIP_HDR_SERVER);

	if (server.n == 0)
		server = sip_msg_value(m, SIP_HDR_USER_AGENT);
	row->sip_status = m->status;
	keep(row->sip_reason, sizeof(row->sip_reason), m->reason);
	keep(row->sip_server, sizeof(row->sip_server), server);
	if (m->status < 500 || m->status == 501 || m->status >= 600) {
		sweep_row_end(s, t, NULL);
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
	sweep_row_end(s, t, &blame);
}

static void end_silent(struct sweep *s, struct sweep_try *t)
{
	const struct blame blame = { REASON_SIP_NO_ANSWER,
		TEXT(N_("{1} does not answer an OPTIONS within {2} s."), text_addr(&t->row->addr),
			text_seconds(s->now - t->began)) };

	sweep_row_end(s, t, &blame);
}

static void drain(struct sweep *s, struct sweep_try *t)
{
	struct nict_event ev;
	struct slice out;

	while (nict_take_output(t->tx, &out)) {
		buf_put(outbox_bytes(&s->out), out);
		sweep_row_send(s, t);
	}
	while (t->tx && nict_take_event(t->tx, &ev)) {
		switch (ev.type) {
		case NICT_EV_FINAL: judge(s, t); break;
		case NICT_EV_TIMEOUT: end_silent(s, t); break;
		case NICT_EV_PROVISIONAL:
		case NICT_EV_SEND_FAILED:
		case NICT_EV_DONE: break;
		}
	}
}

/* ---- what comes in ---- */

static void end_unparsable(struct sweep *s, struct sweep_try *t, const struct where *where)
{
	const struct blame blame = blame_unparsable(&t->row->addr, where);
	struct evidence *e = sweep_row_evidence(t->row);

	e->what = where->what;
	e->offset = where->offset;
	sweep_row_end(s, t, &blame);
}

/* Requests, and responses to what is not ours, are of no interest here. */
static void message(struct sweep *s, struct sweep_try *t, struct slice one, const struct addr *peer)
{
	struct sip_refusal refusal;

	if (sip_msg_decode(one, &s->msg, &refusal)) {
		if (addr_eq(peer, &t->row->addr))
			end_unparsable(s, t, &refusal.where);
		return;
	}
	if (s->msg.is_request || !slice_eqs(s->msg.via.branch, t->branch) ||
		s->msg.method != SIP_METHOD_OPTIONS)
		return;
	nict_push_response(t->tx, s->msg.status, s->now);
	drain(s, t);
}

void sweep_sip_datagram(
	struct sweep *s, struct sweep_try *t, struct slice bytes, const struct addr *peer)
{
	if (t->tx)
		message(s, t, bytes, peer);
}

void sweep_sip_bytes(struct sweep *s, struct sweep_try *t, struct slice bytes)
{
	const struct addr peer = t->row->addr;
	struct slice one;

	if (!t->tx)
		return;
	if (!t->heard && t->row->transport == TRANSPORT_TCP && blame_is_tls_alert(bytes)) {
		const struct blame blame = blame_tls_expected(&peer);

		sweep_row_end(s, t, &blame);
		return;
	}
	t->heard = true;
	int err = sip_frame_push(&t->frame, bytes);
	while (!err && t->row && sip_frame_take(&t->frame, &one))
		message(s, t, one, &peer);
	if (t->row && (err || t->frame.err))
		end_unparsable(s, t, &t->frame.where);
}

void sweep_sip_time(struct sweep *s, struct sweep_try *t)
{
	if (!t->tx)
		return;
	nict_push_time(t->tx, s->now);
	drain(s, t);
}
