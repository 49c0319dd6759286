/* The SIP side: its MESSAGE, and what comes in. */
#include "probe/private.h"
#include "sip/hdr.h"

enum {
	CHALLENGES_MAX = 3,
	REMEMBERED_MAX = 4096, /* requests that were answered: repeated ones count once */
};

/* ---- who ---- */

static int write_uri(const struct jid *jid, char *ret, size_t size)
{
	struct buf b;
	struct where where;

	buf_init(&b, size);
	int err = address_to_sip(jid, false, &b, &where);
	if (!err && !slice_cstr(buf_slice(&b), ret, size))
		err = ERR_CONFIG;
	buf_done(&b);
	return err;
}

static int open_layer(struct probe *p)
{
	struct sip_side *s = &p->sip;
	const struct tl_cfg cfg = {
		.out = &s->out,
		.clients_max = REQUESTS + 1, /* one more while it is written */
		.request_max = SIP_MSG_MAX,
		.done_max = REMEMBERED_MAX,
		.flows_max = 1,
	};
	int err = outbox_init(&s->out, OUT_BYTES_MAX, OUTPUTS_MAX, 1);

	return err ? err : tl_new(&s->tl, &cfg, p->rng);
}

int probe_sip_init(struct probe *p, struct text *why)
{
	struct sip_side *s = &p->sip;
	const struct digest_client_cfg digest = { .username = slice_str(p->auth_user),
		.password = slice_str(p->password) };

	int err = digest_client_new(&s->digest, &digest, p->rng);
	if (!err &&
		(write_uri(&p->user, s->aor, sizeof(s->aor)) ||
			(!p->cfg.sign_in_only && write_uri(&p->receiver, s->to, sizeof(s->to))))) {
		*why = TEXT_PLAIN(N_("an address has no form in SIP"));
		err = ERR_CONFIG;
	}
	if (!err)
		err = open_layer(p);
	if (err)
		return err;
	rng_token(p->rng, s->tag, sizeof(s->tag) - 1);
	return probe_way_init(p, why);
}

void probe_sip_done(struct probe *p)
{
	struct sip_side *s = &p->sip;

	locate_free(s->locate);
	digest_client_free(s->digest);
	reg_free(s->reg);
	tl_free(s->tl);
	outbox_done(&s->out);
}

static void send_request(struct probe *p)
{
	const struct leg leg = probe_leg(p, SIDE_XMPP);
	struct sip_side *s = &p->sip;
	struct slice branch;
	struct buf *b = probe_way_request(p, REQUEST_MESSAGE, &branch);

	if (!b)
		return;
	sip_put_request_line(b, "MESSAGE", slice_str(s->to));
	sip_put_via(b, s->target.transport, &s->local, branch);
	buf_puts(b, "Max-Forwards: 70\r\n");
	if (reg_service_route(s->reg).n)
		sip_put_header(b, "Route", reg_service_route(s->reg));
	buf_printf(b, "From: <%s>;tag=%s\r\nTo: <%s>\r\n",
		s->gruu[0] && !s->gruu_refused ? s->gruu : s->aor, s->tag, s->to);
	buf_printf(b, "Call-ID: %s\r\nCSeq: %u MESSAGE\r\n", s->call_id, ++s->cseq);
	buf_puts(b, "User-Agent: stox\r\n");
	digest_client_put(s->digest, b, "MESSAGE", slice_str(s->to));
	buf_puts(b, "Content-Type: text/plain;charset=UTF-8\r\n");
	buf_clear(&p->scratch);
	token_put(&p->scratch, leg.word, leg.token);
	sip_put_body(b, buf_slice(&p->scratch));
	probe_way_request_end(p, REQUEST_MESSAGE);
}

void probe_sip_message(struct probe *p)
{
	struct sip_side *s = &p->sip;

	rng_token(p->rng, s->call_id, NONCE);
	s->challenges = 0;
	probe_address(p, PHASE_SIP_SEND, &s->target.addr, s->target.transport);
	send_request(p);
}

/* ---- responses ---- */

static void message_challenged(struct probe *p, const struct sip_msg *m)
{
	struct sip_side *s = &p->sip;
	int err = digest_client_push_challenge(s->digest, m);

	if (!err && ++s->challenges > CHALLENGES_MAX)
		err = ERR_LIMIT;
	if (err)
		probe_fail_challenge(p, err, m);
	else
		send_request(p);
}

/* A pool may compare the sender with who signed in, letter by letter: the address that everybody
 * writes from is what is tested, the other one only makes the test its own. */
static bool is_for_the_gruu(const struct probe *p, int status)
{
	return p->sip.gruu[0] && !p->sip.gruu_refused &&
	       (status == 400 || status == 403 || status == 416);
}

static enum side_event_type message_answer(struct probe *p, const struct sip_msg *m)
{
	if (p->state != PROBE_ROUND)
		return SIDE_NOTHING;
	if (m->status < 300)
		return SIDE_ACCEPTED;
	if (m->status == 401 || m->status == 407)
		message_challenged(p, m);
	else if (is_for_the_gruu(p, m->status)) {
		p->sip.gruu_refused = true;
		send_request(p);
	} else
		probe_fail_message(p, m);
	return SIDE_NOTHING;
}

/* A copy that was sent again says that the way loses datagrams, though it got through; or that the
 * answer took longer than timer E (RFC 3261 section 17.1.2.2). */
static void note_loss(struct probe *p, enum sip_request which, unsigned sends)
{
	static const char *const names[] = {
		[REQUEST_REGISTER] = "REGISTER",
		[REQUEST_MESSAGE] = "MESSAGE",
	};

	if (sends > 1)
		probe_note(p, SIDE_SIP, NOTE_SIP_RETRANSMITTED,
			TEXT(N_("a {1} had to be sent {2} times before {3} answered: datagrams are "
				"lost, or it answers late"),
				text_str(names[which]), text_u64(sends),
				text_addr(&p->sip.target.addr)));
}

static enum side_event_type final(struct probe *p, const struct tl_event *ev)
{
	const enum sip_request which = (enum sip_request)ev->ref;

	p->sip.places[which] = 0;
	note_loss(p, which, ev->sends);
	if (which == REQUEST_MESSAGE)
		return message_answer(p, ev->msg);
	return probe_sign_answer(p, ev->msg) ? SIDE_READY : SIDE_NOTHING;
}

static void send_failed(struct probe *p, enum sip_request which, int err)
{
	if (probe_is_decided(p))
		return;
	p->result.evidence.err = err;
	p->result.evidence.address = p->sip.target.addr;
	probe_fail_by(p, which == REQUEST_REGISTER ? PHASE_SIP_REGISTER : PHASE_SIP_SEND,
		blame_datagram(&p->sip.target.addr, err));
}

/* No response; `err` is 0 for mere silence. */
static enum side_event_type unanswered(struct probe *p, const struct tl_event *ev, int err)
{
	const enum sip_request which = (enum sip_request)ev->ref;

	p->sip.places[which] = 0;
	if (p->sip.state == SIP_REMOVING)
		probe_sign_over(p);
	else if (err)
		send_failed(p, which, err);
	else if (which == REQUEST_REGISTER && p->sip.state == SIP_READY)
		probe_fail_refresh(p);
	else
		return SIDE_SILENT;
	return SIDE_NOTHING;
}

/* ---- requests to the SIP user ---- */

static void answer(struct probe *p, int status)
{
	struct buf *b = tl_answer(p->sip.tl, TL_IN_HAND, status, NULL);

	if (status == 405)
		buf_puts(b, "Allow: MESSAGE, OPTIONS\r\n");
	tl_answer_end(p->sip.tl, TL_REMEMBER, 0, p->now);
	probe_way_flush(p);
}

static enum side_event_type request(struct probe *p, const struct sip_msg *m)
{
	bool known = m->method == SIP_METHOD_MESSAGE || m->method == SIP_METHOD_OPTIONS;

	answer(p, known ? 200 : 405);
	return m->method == SIP_METHOD_MESSAGE ? SIDE_RECEIVED : SIDE_NOTHING;
}

/* ---- what comes in ---- */

static enum side_event_type event(struct probe *p, const struct tl_event *ev)
{
	struct sip_side *s = &p->sip;

	switch (ev->type) {
	case TL_EV_REQUEST: return request(p, ev->msg);
	case TL_EV_REPEATED: answer(p, ev->status); break;
	case TL_EV_MALFORMED:
		/* Only who is asked can be blamed: datagrams may come from anybody. */
		if (addr_eq(&ev->origin->peer, &s->target.addr))
			probe_fail_unparsable(p, &ev->refusal->where);
		break;
	case TL_EV_FINAL: return final(p, ev);
	case TL_EV_TIMEOUT: return unanswered(p, ev, 0);
	case TL_EV_FAILED: return unanswered(p, ev, ev->err);
	case TL_EV_STRAY: s->strays++; break; /* something on the way mixes answers up */
	case TL_EV_BROKEN: probe_fail_unparsable(p, &ev->where); break;
	case TL_EV_ABSORBED:
	case TL_EV_ACK:
	case TL_EV_PROVISIONAL:
	case TL_EV_LATE:
	case TL_EV_UNASKED:
	case TL_EV_PING:
	case TL_EV_GONE: break;
	}
	return SIDE_NOTHING;
}

bool probe_sip_take_event(struct probe *p, struct side_event *ret)
{
	struct tl_event ev;
	const bool any = tl_take_event(p->sip.tl, true, &ev, p->now);

	probe_way_flush(p);
	if (any) {
		*ret = (struct side_event){ .type = event(p, &ev), .msg = ev.msg };
		return true;
	}
	/* In a pause the next round comes in time for that. */
	if (p->sip.state == SIP_LOST && p->state != PROBE_PAUSE) {
		*ret = (struct side_event){ .type = SIDE_LOST };
		return true;
	}
	probe_sign_time(p);
	return false;
}

static bool is_tls_alert(const struct sip_side *s, struct slice bytes)
{
	return !s->heard && s->target.transport == TRANSPORT_TCP && blame_is_tls_alert(bytes);
}

static void stream(struct probe *p, struct slice bytes)
{
	struct sip_side *s = &p->sip;

	probe_trace(p, SIDE_SIP, false, &s->target.addr, bytes);
	if (is_tls_alert(s, bytes)) {
		probe_fail_by(p, probe_sip_phase(p), blame_tls_expected(&s->target.addr));
		return;
	}
	s->heard = true;
	s->unheard = false;
	tl_push_bytes(s->tl, s->flow, bytes);
}

static void datagram(struct probe *p, const struct fact *in)
{
	struct origin o = probe_way_origin(p);

	if (slice_trim(in->bytes).n)
		probe_trace(p, SIDE_SIP, false, in->peer, in->bytes);
	o.peer = *in->peer;
	tl_push_datagram(p->sip.tl, in->bytes, &o);
}

/* ---- facts ---- */

void probe_sip_fact(struct probe *p, const struct fact *in)
{
	if (p->sip.state == SIP_OVER)
		return;
	if (in->type == FACT_FLOW_BYTES)
		stream(p, in->bytes);
	else if (in->type == FACT_DATAGRAM)
		datagram(p, in);
	else if (in->type == FACT_DATAGRAM_FAILED)
		tl_push_peer_failed(p->sip.tl, in->peer, in->err);
	else if (probe_way_fact(p, in))
		probe_sign_in(p);
}

void probe_sip_time(struct probe *p)
{
	tl_push_time(p->sip.tl, p->now);
}

ts_t probe_sip_deadline(const struct probe *p)
{
	return ts_min(tl_deadline(p->sip.tl), probe_sign_deadline(p));
}

void probe_sip_renew(struct probe *p)
{
	if (p->sip.state == SIP_LOST)
		probe_way_again(p);
	else
		probe_sign_renew(p);
}

void probe_sip_cleanup(struct probe *p)
{
	probe_sign_off(p);
}
