#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/private.h"
#include "sip/hdr.h"

enum {
	EXPIRES_S = 300, /* a contact that a killed test leaves behind is gone in minutes */
	CHALLENGES_MAX = 3,
	DEFAULT_TLS_PORT = 5061, /* Lync's registrar */
};

static const struct nict_cfg unreliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000)
};
static const struct nict_cfg reliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000), .reliable = true
};

/* ---- where to ---- */

static int write_registrar(struct probe *p, struct buf *b)
{
	const struct probe_cfg *cfg = &p->cfg;

	if (cfg->registrar.n) {
		if (!slice_starts(cfg->registrar, SLICE("sip:")) &&
			!slice_starts(cfg->registrar, SLICE("sips:")))
			buf_puts(b, "sip:");
		buf_put(b, cfg->registrar);
	} else {
		buf_puts(b, "sip:");
		buf_put(b, cfg->target_fqdn);
		if (cfg->registrar_port)
			buf_printf(b, ":%u;transport=tls", cfg->registrar_port);
	}
	return slice_cstr(buf_slice(b), p->sip.uri, sizeof(p->sip.uri)) ? buf_err(b) : ERR_CONFIG;
}

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

static void ask(struct probe *p)
{
	struct locate_question q;

	while (locate_take_question(p->sip.locate, &q)) {
		struct want *w = probe_want(p, WANT_DNS);

		w->dns_id = q.id;
		w->dns_type = q.type;
		memcpy(w->name, q.name, sizeof(w->name));
	}
}

static void next_target(struct probe *p);

int probe_sip_init(struct probe *p, struct buf *why)
{
	struct sip_side *s = &p->sip;
	const struct digest_client_cfg digest = { .username = slice_str(p->auth_user),
		.password = slice_str(p->password) };
	struct buf uri;

	buf_init(&uri, sizeof(s->uri));
	int err = write_registrar(p, &uri);
	buf_done(&uri);
	const struct locate_cfg cfg = {
		.uri = slice_str(s->uri),
		.can = { true, true, true },
		.fallback = p->cfg.registrar.n ? TRANSPORT_UDP : TRANSPORT_TLS,
	};
	if (!err)
		err = locate_new(&s->locate, &cfg, p->rng);
	if (err && err != -ENOMEM) {
		buf_printf(why, "`%s` is no SIP URI of a registrar", s->uri);
		return ERR_CONFIG;
	}
	if (!err)
		err = digest_client_new(&s->digest, &digest, p->rng);
	if (!err && (write_uri(&p->user, s->aor, sizeof(s->aor)) ||
			    write_uri(&p->receiver, s->to, sizeof(s->to)))) {
		buf_puts(why, "an address has no form in SIP");
		err = ERR_CONFIG;
	}
	if (err)
		return err;
	rng_bytes(p->rng, s->salt, sizeof(s->salt));
	rng_token(p->rng, s->tag, sizeof(s->tag) - 1);
	probe_begin(p, PHASE_SIP_RESOLVE);
	ask(p);
	next_target(p);
	return 0;
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

/* ---- connecting ---- */

static void want_flow(struct probe *p)
{
	struct sip_side *s = &p->sip;
	const bool udp = s->target.transport == TRANSPORT_UDP;
	struct want *w = probe_want(p, udp ? WANT_LISTEN : WANT_FLOW);

	s->state = SIP_CONNECTING;
	s->flow = udp ? 0 : ++p->next_flow;
	w->flow = s->flow;
	w->listener = SIP_LISTENER;
	w->transport = udp ? TRANSPORT_UDP : TRANSPORT_TCP;
	w->toward = udp;
	w->addr = s->target.addr;
	probe_begin(p, PHASE_SIP_CONNECT);
	probe_address(p, PHASE_SIP_CONNECT, &s->target.addr, s->target.transport);
}

static void tell_source(struct probe *p)
{
	static const char *const sources[] = {
		[LOCATE_NUMERIC] = "numeric",
		[LOCATE_HOST] = "A/AAAA",
		[LOCATE_SRV] = "SRV",
		[LOCATE_NAPTR] = "NAPTR, SRV",
	};
	const struct locate_target *t = &p->sip.target;

	probe_detail(p, PHASE_SIP_RESOLVE, "%s -> %s:%u;transport=%s", sources[t->source], t->host,
		t->addr.port, transport_name(t->transport));
	if (locate_used_fallback(p->sip.locate))
		probe_warn(p, "%.*s has no NAPTR or SRV records: using port %u over %s",
			SLICE_FMT(p->cfg.target_fqdn), t->addr.port, transport_name(t->transport));
}

/* The next one in RFC 3263's order, or the reason why there is none. */
static void next_target(struct probe *p)
{
	struct sip_side *s = &p->sip;
	bool first = s->state == SIP_RESOLVING;

	switch (locate_state(s->locate)) {
	case LOCATE_AWAIT_ANSWERS: s->state = SIP_RESOLVING; break;
	case LOCATE_READY:
		locate_take_target(s->locate, &s->target);
		if (first) {
			probe_end(p, PHASE_SIP_RESOLVE,
				s->target.source == LOCATE_NUMERIC ? PHASE_SKIPPED : PHASE_OK);
			tell_source(p);
		}
		want_flow(p);
		break;
	case LOCATE_FAILED: {
		struct locate_failure f;

		locate_failure(s->locate, &f);
		probe_fail_dns(p, PHASE_SIP_RESOLVE, f.name, f.type,
			f.srv_says_no ? DNS_NODATA : f.status, &f.server);
		break;
	}
	case LOCATE_EXHAUSTED: break; /* the caller tells what became of the last one */
	}
}

/* ---- transactions ---- */

static void send_request(struct probe *p);

static void transmit(struct probe *p)
{
	struct sip_side *s = &p->sip;
	struct slice out;

	while (s->tx && nict_take_output(s->tx, &out)) {
		buf_put(probe_out(p), out);
		probe_send(p, s->flow, &s->target.addr);
	}
}

static void start_transaction(struct probe *p, bool message)
{
	struct sip_side *s = &p->sip;
	const bool udp = s->target.transport == TRANSPORT_UDP;

	s->tx_is_message = message;
	s->tx = nict_free(s->tx);
	if (buf_err(&s->request) ||
		nict_new(&s->tx, udp ? &unreliable : &reliable, buf_slice(&s->request), p->now)) {
		s->tx = NULL;
		probe_fail(p, probe_sip_phase(p), REASON_LOCAL_INTERNAL, "Out of memory.");
		return;
	}
	transmit(p);
}

static struct slice new_branch(struct probe *p)
{
	char token[24];

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

static void begin_register(struct probe *p)
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
		probe_fail(p, PHASE_SIP_REGISTER, REASON_LOCAL_INTERNAL, "Out of memory.");
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
	probe_detail(p, PHASE_SIP_REGISTER, "%s, %u s granted, %u other contacts left alone",
		digest_client_algorithm(s->digest)[0] ? digest_client_algorithm(s->digest)
						      : "no authentication",
		reg_expires_s(s->reg), reg_other_bindings(s->reg));
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

	if (err == ERR_UNSUPPORTED)
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_NO_MECHANISM,
			"The pool asks for an authentication scheme that is not supported.");
	else if (err || ++s->challenges > CHALLENGES_MAX)
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_BAD_CREDENTIALS,
			"The pool refused the credentials of %s for the message (%d).",
			p->result.user, p->msg.status);
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

static void transaction_ended(struct probe *p, const struct nict_event *ev)
{
	struct sip_side *s = &p->sip;
	const bool message = s->tx_is_message;
	char peer[ADDR_TEXT_MAX];

	switch (ev->type) {
	case NICT_EV_PROVISIONAL:
	case NICT_EV_DONE: return;
	case NICT_EV_FINAL:
		if (message)
			message_answer(p);
		else
			register_answer(p);
		return;
	case NICT_EV_TIMEOUT:
		if (s->state == SIP_REMOVING)
			over(p);
		else
			probe_round_timeout(p);
		return;
	case NICT_EV_SEND_FAILED:
		if (s->state == SIP_REMOVING) {
			over(p);
			return;
		}
		probe_fail(p, probe_sip_phase(p), REASON_UDP_REFUSED,
			"Nothing takes UDP datagrams at %s (%s).", addr_text(&s->target.addr, peer),
			err_text(ev->err));
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

static void response(struct probe *p)
{
	struct sip_side *s = &p->sip;

	if (!s->tx || !slice_eqs(p->msg.via.branch, s->branch) ||
		(p->msg.method == SIP_METHOD_MESSAGE) != s->tx_is_message)
		return; /* of a transaction that is over, or of nobody: RFC 3261 section 18.1.2 */
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
	probe_send(p, p->sip.flow, peer);
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

static void message(struct probe *p, struct slice bytes, const struct addr *peer)
{
	struct sip_refusal refusal;
	char text[ADDR_TEXT_MAX];

	if (slice_trim(bytes).n == 0)
		return;
	probe_trace(p, false, false, bytes, peer);
	if (sip_msg_decode(bytes, &p->msg, &refusal)) {
		/* Only who is asked can be blamed: datagrams may come from anybody. */
		if (addr_eq(peer, &p->sip.target.addr))
			probe_fail(p, probe_sip_phase(p), REASON_SIP_UNPARSABLE,
				"%s sent something that is not SIP: %s, at byte %zu.",
				addr_text(peer, text), refusal.where.what, refusal.where.offset);
		return;
	}
	if (p->msg.is_request)
		request(p, peer);
	else
		response(p);
}

static void stream(struct probe *p, struct slice bytes)
{
	struct sip_side *s = &p->sip;
	struct slice one;

	int err = sip_frame_push(&s->frame, bytes);
	while (!err && s->flow && sip_frame_take(&s->frame, &one))
		message(p, one, &s->target.addr);
	while (s->flow && sip_frame_take_ping(&s->frame)) {
		buf_puts(probe_out(p), "\r\n");
		probe_send(p, s->flow, &s->target.addr);
	}
	if (err || s->frame.err)
		probe_fail(p, probe_sip_phase(p), REASON_SIP_UNPARSABLE,
			"The pool sent something that is not SIP: %s, at byte %zu.",
			s->frame.where.what, s->frame.where.offset);
}

/* ---- facts ---- */

static void flow_up(struct probe *p, const struct fact *in)
{
	struct sip_side *s = &p->sip;

	s->local = *in->local;
	s->up = true;
	probe_end(p, PHASE_SIP_CONNECT, s->flow ? PHASE_OK : PHASE_SKIPPED);
	if (s->target.transport != TRANSPORT_TLS) {
		probe_end(p, PHASE_SIP_TLS, PHASE_SKIPPED);
		begin_register(p);
		return;
	}
	s->state = SIP_HANDSHAKING;
	probe_begin(p, PHASE_SIP_TLS);
	probe_address(p, PHASE_SIP_TLS, &s->target.addr, TRANSPORT_TLS);
	struct want *w = probe_want(p, WANT_TLS);
	w->flow = s->flow;
	w->tls.verify = p->cfg.allow_insecure_tls ? TLS_VERIFY_NOTE : TLS_VERIFY_PEER;
	w->tls.trust = p->cfg.sip_trust;
	slice_cstr(p->cfg.target_fqdn, w->tls.name, sizeof(w->tls.name));
}

static void flow_failed(struct probe *p, const struct fact *in)
{
	struct sip_side *s = &p->sip;

	s->flow = 0;
	if (s->state == SIP_REMOVING || s->state == SIP_OVER) {
		s->state = SIP_OVER;
		return;
	}
	/* RFC 3263 section 4.3: what cannot be connected to is passed over while there is another.
	 */
	if (in->type == FACT_FLOW_FAILED && in->step == FLOW_STEP_CONNECT &&
		locate_state(s->locate) != LOCATE_EXHAUSTED) {
		char text[ADDR_TEXT_MAX];

		probe_warn(p, "%s could not be reached (%s): the next server was tried",
			addr_text(&s->target.addr, text), err_text(in->err));
		next_target(p);
		return;
	}
	probe_fail_flow(p, PHASE_SIP_CONNECT, PHASE_SIP_TLS, in, &s->target.addr);
}

static void dns(struct probe *p, const struct fact *in)
{
	locate_push_answer(p->sip.locate, in->dns_id, in->dns);
	ask(p);
	if (p->sip.state == SIP_RESOLVING && p->state == PROBE_SIGNING_IN)
		next_target(p);
}

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
	case FACT_LISTEN_UP:
	case FACT_FLOW_UP: flow_up(p, in); break;
	case FACT_TLS_UP:
		probe_detail(p, PHASE_SIP_TLS, "%s %s", in->tls->version, in->tls->cipher);
		probe_end(p, PHASE_SIP_TLS, PHASE_OK);
		begin_register(p);
		break;
	case FACT_FLOW_BYTES: stream(p, in->bytes); break;
	case FACT_DATAGRAM: message(p, in->bytes, in->peer); break;
	case FACT_DATAGRAM_FAILED: datagram_failed(p, in); break;
	case FACT_FLOW_EOF:
	case FACT_FLOW_FAILED: flow_failed(p, in); break;
	case FACT_LISTEN_FAILED:
		probe_fail(p, PHASE_SIP_CONNECT, REASON_LOCAL_NETWORK,
			"No UDP socket could be opened here: %s.", err_text(in->err));
		break;
	case FACT_DNS: dns(p, in); break;
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
