#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/private.h"
#include "sip/hdr.h"

enum {
	EXPIRES_S = 300, /* a contact that a killed test leaves behind is gone in minutes */
	CHALLENGES_MAX = 3,
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

int probe_sip_init(struct probe *p, struct text *why)
{
	struct sip_side *s = &p->sip;
	const struct digest_client_cfg digest = { .username = slice_str(p->auth_user),
		.password = slice_str(p->password) };

	int err = digest_client_new(&s->digest, &digest, p->rng);
	if (!err && (write_uri(&p->user, s->aor, sizeof(s->aor)) ||
			    write_uri(&p->receiver, s->to, sizeof(s->to)))) {
		*why = TEXT_PLAIN(N_("an address has no form in SIP"));
		err = ERR_CONFIG;
	}
	if (err)
		return err;
	rng_bytes(p->rng, s->salt, sizeof(s->salt));
	rng_token(p->rng, s->tag, sizeof(s->tag) - 1);
	return probe_way_init(p, why);
}

void probe_sip_done(struct probe *p)
{
	struct sip_side *s = &p->sip;

	locate_free(s->locate);
	digest_client_free(s->digest);
	reg_free(s->reg);
	nict_free(s->tx);
	sip_frame_done(&s->frame);
	buf_done(&s->request);
}

enum probe_phase probe_sip_phase(const struct probe *p)
{
	switch (p->sip.state) {
	case SIP_RESOLVING: return PHASE_SIP_RESOLVE;
	case SIP_CONNECTING: return PHASE_SIP_CONNECT;
	case SIP_HANDSHAKING: return PHASE_SIP_TLS;
	case SIP_REGISTERING: return PHASE_SIP_REGISTER;
	case SIP_READY:
	case SIP_REMOVING:
	case SIP_OVER: break;
	}
	return PHASE_SIP_SEND;
}

/* ---- transactions ---- */

static void send_request(struct probe *p);

static void transmit(struct probe *p)
{
	struct sip_side *s = &p->sip;
	struct slice out;

	while (s->tx && nict_take_output(s->tx, &out)) {
		s->sends++;
		buf_put(probe_out(p), out);
		probe_send(p, s->flow, &s->target.addr);
	}
}

static void start_transaction(struct probe *p, bool message)
{
	struct sip_side *s = &p->sip;

	s->tx_is_message = message;
	s->sends = 0;
	s->tx = nict_free(s->tx);
	if (buf_err(&s->request) ||
		nict_new(&s->tx, probe_way_timers(p), buf_slice(&s->request), p->now)) {
		s->tx = NULL;
		probe_fail_memory(p, probe_sip_phase(p));
		return;
	}
	transmit(p);
}

static struct slice new_branch(struct probe *p)
{
	char token[24];

	memcpy(p->sip.branch_before, p->sip.branch, sizeof(p->sip.branch));
	rng_token(p->rng, token, sizeof(token) - 1);
	snprintf(p->sip.branch, sizeof(p->sip.branch), "z9hG4bK%s", token);
	return slice_str(p->sip.branch);
}

/* A REGISTER when one is due; its own engine knows. */
static void send_register(struct probe *p)
{
	struct sip_side *s = &p->sip;

	buf_clear(&s->request);
	if (reg_take_request(s->reg, &s->request, s->target.transport, &s->local, new_branch(p)))
		start_transaction(p, false);
}

static void write_contact(struct probe *p)
{
	static const char *const params[] = {
		[TRANSPORT_UDP] = "",
		[TRANSPORT_TCP] = ";transport=tcp",
		[TRANSPORT_TLS] = ";transport=tls",
	};
	char local[ADDR_TEXT_MAX];
	struct slice user =
		slice_cut(slice_str(p->sip.aor), 4, slice_chr(slice_str(p->sip.aor), '@'));

	snprintf(p->sip.contact, sizeof(p->sip.contact), "sip:%.*s@%s%s", SLICE_FMT(user),
		addr_text(&p->sip.local, local), params[p->sip.target.transport]);
}

void probe_sip_register(struct probe *p)
{
	struct sip_side *s = &p->sip;
	char registrar[300];

	write_contact(p);
	/* Section 10.2: the Request-URI is the domain of the address-of-record, without a user. */
	const char *domain = strchr(s->aor, '@');
	snprintf(registrar, sizeof(registrar), "sip:%s", domain ? domain + 1 : s->aor + 4);
	const struct reg_cfg cfg = {
		.registrar_uri = slice_str(registrar),
		.aor = slice_str(s->aor),
		.contact_uri = slice_str(s->contact),
		.user_agent = SLICE("stox"),
		.expires_s = EXPIRES_S,
		.digest = s->digest,
	};
	s->state = SIP_REGISTERING;
	probe_begin(p, PHASE_SIP_REGISTER);
	probe_address(p, PHASE_SIP_REGISTER, &s->target.addr, s->target.transport);
	if (reg_new(&s->reg, &cfg, p->rng)) {
		probe_fail_memory(p, PHASE_SIP_REGISTER);
		return;
	}
	reg_start(s->reg, p->now);
	send_register(p);
}

static void send_request(struct probe *p)
{
	struct sip_side *s = &p->sip;
	struct buf *b = &s->request;

	buf_clear(b);
	sip_put_request_line(b, "MESSAGE", slice_str(s->to));
	sip_put_via(b, s->target.transport, &s->local, new_branch(p));
	buf_puts(b, "Max-Forwards: 70\r\n");
	if (reg_service_route(s->reg).n)
		sip_put_header(b, "Route", reg_service_route(s->reg));
	buf_printf(b, "From: <%s>;tag=%s\r\nTo: <%s>\r\n", s->aor, s->tag, s->to);
	buf_printf(b, "Call-ID: %s\r\nCSeq: %u MESSAGE\r\n", s->call_id, ++s->cseq);
	buf_puts(b, "User-Agent: stox\r\n");
	digest_client_put(s->digest, b, "MESSAGE", slice_str(s->to));
	buf_puts(b, "Content-Type: text/plain;charset=UTF-8\r\n");
	buf_clear(&p->scratch);
	buf_printf(&p->scratch, "stox test %s", p->nonce);
	sip_put_body(b, buf_slice(&p->scratch));
	start_transaction(p, true);
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

static void registered(struct probe *p)
{
	struct sip_side *s = &p->sip;

	s->state = SIP_READY;
	const char *algorithm = digest_client_algorithm(s->digest);
	probe_detail(p, PHASE_SIP_REGISTER,
		TEXT(N_("{1}, granted for {2} s, other contacts left alone: {3}"),
			algorithm[0] ? text_str(algorithm) : text_id(N_("no authentication")),
			text_u64(reg_expires_s(s->reg)), text_u64(reg_other_bindings(s->reg))));
	probe_end(p, PHASE_SIP_REGISTER, PHASE_OK);
	probe_round_ready(p);
}

static void over(struct probe *p)
{
	struct sip_side *s = &p->sip;

	s->tx = nict_free(s->tx);
	s->state = SIP_OVER;
	if (s->flow)
		probe_want(p, WANT_CLOSE_FLOW)->flow = s->flow;
	s->flow = 0;
}

static void register_answer(struct probe *p)
{
	struct sip_side *s = &p->sip;
	int status;

	reg_push_response(s->reg, &p->msg, p->now);
	switch (reg_state(s->reg)) {
	case REG_AWAIT_ANSWER: /* challenged, or 423 */
	case REG_REMOVING: send_register(p); break;
	case REG_REGISTERED:
		if (s->state == SIP_REGISTERING)
			registered(p);
		break;
	case REG_REMOVED: over(p); break;
	case REG_FAILED:
		if (s->state == SIP_REMOVING) {
			over(p);
			break;
		}
		enum reg_outcome outcome = reg_outcome(s->reg, &status);
		probe_fail_register(p, outcome, status, &p->msg);
		break;
	case REG_IDLE: break;
	}
}

static void message_challenged(struct probe *p)
{
	struct sip_side *s = &p->sip;
	int err = digest_client_push_challenge(s->digest, &p->msg);

	if (!err && ++s->challenges > CHALLENGES_MAX)
		err = ERR_LIMIT;
	if (err)
		probe_fail_challenge(p, err, &p->msg);
	else
		send_request(p);
}

static void message_answer(struct probe *p)
{
	int status = p->msg.status;

	if (p->state != PROBE_ROUND || status < 200)
		return;
	if (status == 401 || status == 407)
		message_challenged(p);
	else if (status < 300)
		probe_round_accepted(p);
	else
		probe_fail_message(p, &p->msg);
}

/* A copy that was sent again says that the way loses datagrams, though it got through. */
static void note_loss(struct probe *p)
{
	struct sip_side *s = &p->sip;

	if (s->sends > 1)
		probe_note(p, NOTE_SIP_RETRANSMITTED,
			TEXT(N_("a {1} had to be sent {2} times before {3} answered: datagrams are "
				"lost"),
				text_str(s->tx_is_message ? "MESSAGE" : "REGISTER"),
				text_u64(s->sends), text_addr(&s->target.addr)));
}

static void send_failed(struct probe *p, int err)
{
	if (probe_is_decided(p))
		return;
	p->result.evidence.err = err;
	p->result.evidence.address = p->sip.target.addr;
	const struct blame blame = blame_datagram(&p->sip.target.addr, err);
	probe_fail(p, probe_sip_phase(p), blame.reason, blame.message);
}

static void transaction_ended(struct probe *p, const struct nict_event *ev)
{
	const bool removing = p->sip.state == SIP_REMOVING;

	switch (ev->type) {
	case NICT_EV_PROVISIONAL:
	case NICT_EV_DONE: return;
	case NICT_EV_FINAL:
		note_loss(p);
		if (p->sip.tx_is_message)
			message_answer(p);
		else
			register_answer(p);
		return;
	case NICT_EV_TIMEOUT:
		if (removing)
			over(p);
		else
			probe_round_timeout(p);
		return;
	case NICT_EV_SEND_FAILED:
		if (removing)
			over(p);
		else
			send_failed(p, ev->err);
		return;
	}
}

/* One event at a time: acting on it may replace the transaction. */
static void drain(struct probe *p)
{
	struct nict_event ev;

	while (p->sip.tx && nict_take_event(p->sip.tx, &ev)) {
		struct nict *tx = p->sip.tx;

		transaction_ended(p, &ev);
		if (p->sip.tx != tx)
			return;
	}
	transmit(p);
}

/* RFC 3261 section 18.1.2: of a transaction that is over, or of nobody.  What was never asked is
 * counted: something on the way mixes answers up. */
static bool is_stray(struct sip_side *s, const struct sip_msg *m)
{
	if (s->tx && slice_eqs(m->via.branch, s->branch))
		return (m->method == SIP_METHOD_MESSAGE) != s->tx_is_message;
	s->strays += !slice_eqs(m->via.branch, s->branch_before);
	return true;
}

static void response(struct probe *p)
{
	struct sip_side *s = &p->sip;

	if (is_stray(s, &p->msg))
		return;
	if (p->msg.status >= 200 && s->tx_is_message && s->state != SIP_READY)
		return;
	nict_push_response(s->tx, p->msg.status, p->now);
	drain(p);
}

/* ---- requests to the SIP user ---- */

static bool was_seen(struct sip_side *s, const struct nist_key *key)
{
	for (unsigned i = 0; i < SEEN_MAX; i++)
		if (memcmp(&s->seen[i], key, sizeof(*key)) == 0)
			return true;
	s->seen[s->n_seen++ % SEEN_MAX] = *key;
	return false;
}

static void answer(struct probe *p, const struct addr *peer, const struct nist_key *key, int status)
{
	char tag[NIST_TAG_MAX];
	struct buf *b = probe_out(p);

	sip_put_response_head(
		b, &p->msg, status, slice_str(nist_to_tag(key, p->sip.salt, tag)), peer);
	if (status == 405)
		buf_puts(b, "Allow: MESSAGE, OPTIONS\r\n");
	sip_put_body(b, SLICE_NONE);
	const struct addr back = p->sip.flow ? *peer : sip_response_addr(&p->msg.via, peer);
	probe_send(p, p->sip.flow, &back);
}

static void request(struct probe *p, const struct addr *peer)
{
	struct nist_key key;
	const enum sip_method m = p->msg.method;

	if (m == SIP_METHOD_ACK)
		return;
	nist_key_make(&key, p->sip.salt, &p->msg);
	bool known = m == SIP_METHOD_MESSAGE || m == SIP_METHOD_OPTIONS;
	answer(p, peer, &key, known ? 200 : 405);
	if (m == SIP_METHOD_MESSAGE && !was_seen(&p->sip, &key))
		probe_round_came_back(p);
}

static void trace(struct probe *p, struct slice bytes, const struct addr *peer)
{
	probe_trace(p, &(struct probe_event){ .side = SIDE_SIP,
			       .transport = p->sip.target.transport,
			       .local = p->sip.local,
			       .peer = *peer,
			       .text = bytes });
}

static void message(struct probe *p, struct slice bytes, const struct addr *peer)
{
	struct sip_refusal refusal;

	if (slice_trim(bytes).n == 0)
		return;
	if (sip_msg_decode(bytes, &p->msg, &refusal)) {
		/* Only who is asked can be blamed: datagrams may come from anybody. */
		if (addr_eq(peer, &p->sip.target.addr))
			probe_fail_unparsable(p, &refusal.where);
		return;
	}
	if (p->msg.is_request)
		request(p, peer);
	else
		response(p);
}

static bool is_tls_alert(const struct sip_side *s, struct slice bytes)
{
	return !s->heard && s->target.transport == TRANSPORT_TCP && blame_is_tls_alert(bytes);
}

static void stream(struct probe *p, struct slice bytes)
{
	struct sip_side *s = &p->sip;
	struct slice one;

	trace(p, bytes, &s->target.addr);
	if (is_tls_alert(s, bytes)) {
		const struct blame blame = blame_tls_expected(&s->target.addr);

		probe_fail(p, probe_sip_phase(p), blame.reason, blame.message);
		return;
	}
	s->heard = true;
	int err = sip_frame_push(&s->frame, bytes);
	while (!err && s->flow && sip_frame_take(&s->frame, &one))
		message(p, one, &s->target.addr);
	while (s->flow && sip_frame_take_ping(&s->frame)) {
		buf_puts(probe_out(p), "\r\n");
		probe_send(p, s->flow, &s->target.addr);
	}
	if (err || s->frame.err)
		probe_fail_unparsable(p, &s->frame.where);
}

/* ---- facts ---- */

static void datagram_failed(struct probe *p, const struct fact *in)
{
	struct sip_side *s = &p->sip;

	if (!s->tx || !addr_eq(in->peer, &s->target.addr))
		return;
	nict_push_send_error(s->tx, in->err, p->now);
	drain(p);
}

void probe_sip_fact(struct probe *p, const struct fact *in)
{
	if (p->sip.state == SIP_OVER)
		return;
	switch (in->type) {
	case FACT_FLOW_BYTES: stream(p, in->bytes); break;
	case FACT_DATAGRAM:
		if (slice_trim(in->bytes).n)
			trace(p, in->bytes, in->peer);
		message(p, in->bytes, in->peer);
		break;
	case FACT_DATAGRAM_FAILED: datagram_failed(p, in); break;
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED:
	case FACT_FLOW_UP:
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED:
	case FACT_TLS_UP:
	case FACT_DNS: probe_way_fact(p, in); break;
	case FACT_FLOW_ACCEPTED:
	case FACT_FLOW_BLOCKED:
	case FACT_FLOW_READY:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
}

void probe_sip_time(struct probe *p)
{
	struct sip_side *s = &p->sip;

	if (s->tx && p->now >= nict_deadline(s->tx)) {
		nict_push_time(s->tx, p->now);
		drain(p);
	}
	if (s->reg && s->state == SIP_READY && !s->tx_is_message &&
		p->now >= reg_deadline(s->reg)) {
		reg_push_time(s->reg, p->now);
		send_register(p);
	}
}

ts_t probe_sip_deadline(const struct probe *p)
{
	const struct sip_side *s = &p->sip;
	ts_t at = s->tx ? nict_deadline(s->tx) : TS_NEVER;

	if (s->reg && s->state == SIP_READY && !s->tx_is_message)
		at = ts_min(at, reg_deadline(s->reg));
	return at;
}

/* Only our own contact goes; a user's other devices stay signed in. */
void probe_sip_cleanup(struct probe *p)
{
	struct sip_side *s = &p->sip;

	if (!s->reg || (!s->flow && s->target.transport != TRANSPORT_UDP) || s->state < SIP_READY) {
		over(p);
		return;
	}
	s->state = SIP_REMOVING;
	reg_remove(s->reg, p->now);
	send_register(p);
}
