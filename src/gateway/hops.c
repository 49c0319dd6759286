#include "gateway/hops.h"

#include "base/mem.h"
#include "gateway/drops.h"
#include "gateway/figures.h"
#include "gateway/moved.h"
#include "gateway/record.h"

enum {
	OWED_BYTES_MAX = 32 << 20, /* of requests whose answer is still owed */
	REQUEST_MAX = 16 << 10,    /* of ours: 1,300 bytes, but for a long Request-URI */
	NAME_MAX = 32,             /* of what a peer made up, in a line of log */
};

struct hops {
	const struct lent *lent;
	struct tl *tl;
	struct conns *conns;
	struct listeners listeners;
	struct hop *hop;
	struct moved moved;
	enum answer options;
	flow_t reading; /* whose bytes were pushed: its connection is weighed when they are read */
};

/* ---- answers ---- */

static void answer(struct hops *hs, uint64_t place, const struct sip_msg *request,
	const struct verdict *v, enum tl_memory memory, ts_t now)
{
	const flow_t flow = tl_origin(hs->tl, place)->flow;
	struct buf *b = tl_answer(hs->tl, place, answer_status(v), answer_reason(v));

	answer_put_fields(b, v, request, hs->lent->cfg->component_name);
	tl_answer_end(hs->tl, memory, answer_pack(v), now);
	conns_answered(hs->conns, flow);
}

/* A request for which there was no place is a new one when it comes again. */
void hops_answer(struct hops *hs, uint64_t place, const struct verdict *v, ts_t now)
{
	const bool is_new_again = place == TL_IN_HAND && v->answer == ANSWER_OVERLOAD;

	answer(hs, place, NULL, v, is_new_again ? TL_FORGET : TL_REMEMBER, now);
}

const struct addr *hops_peer(struct hops *hs, uint64_t place)
{
	return &tl_origin(hs->tl, place)->peer;
}

uint64_t hops_keep(struct hops *hs, uint64_t ref, ts_t now)
{
	return tl_keep(hs->tl, ref, now);
}

bool hops_is_answer_too_long(struct hops *hs)
{
	return tl_is_answer_too_long(hs->tl);
}

bool hops_can_remember(struct hops *hs, ts_t now)
{
	return tl_can_remember(hs->tl, now);
}

bool hops_keep_contact(struct hops *hs, uint64_t place, struct slice contact, ts_t now)
{
	if (tl_origin(hs->tl, place)->transport != TRANSPORT_UDP)
		return true; /* nothing repeats requests there */
	return moved_keep(&hs->moved, tl_key(hs->tl, place), contact, now);
}

static void answer_again(struct hops *hs, const struct tl_event *ev, ts_t now)
{
	struct verdict v = answer_unpack(ev->status, ev->extra);

	hs->lent->stats->sip_retransmissions++;
	v.contact = moved_find(&hs->moved, tl_key(hs->tl, TL_IN_HAND));
	answer(hs, TL_IN_HAND, ev->msg, &v, TL_FORGET, now);
}

/* ---- who may speak ---- */

static bool is_trusted(const struct hops *hs, const struct addr *peer)
{
	const struct gateway_cfg *cfg = hs->lent->cfg;

	for (unsigned i = 0; i < cfg->n_trusted; i++)
		if (addr_net_has(&cfg->trusted[i], peer))
			return true;
	return false;
}

static bool to_is_sips(const struct sip_msg *req)
{
	return req->ruri.scheme == SIP_SCHEME_SIPS || req->to.uri.scheme == SIP_SCHEME_SIPS;
}

/* Also while the stream is down. */
static enum answer judge_options(const struct hops *hs, const struct sip_msg *req)
{
	unsigned at = 0;

	if (req->ruri.scheme == SIP_SCHEME_OTHER)
		return ANSWER_SCHEME;
	if (sip_msg_find(req, SIP_HDR_REQUIRE, &at))
		return ANSWER_REQUIRE;
	return hs->lent->cfg->options == GATEWAY_OPTIONS_ALIVE ? ANSWER_OPTIONS : hs->options;
}

/* Everything that is judged before the method's own rules; ANSWER_MAPPED: nothing to object. */
static enum answer judge(struct hops *hs, const struct sip_msg *req, ts_t now)
{
	unsigned at = 0;

	if (req->method == SIP_METHOD_OPTIONS)
		return judge_options(hs, req);
	if (req->method == SIP_METHOD_CANCEL && tl_cancels(hs->tl, SIP_METHOD_MESSAGE, now))
		return ANSWER_CANCEL;
	if (req->method == SIP_METHOD_CANCEL || req->to.tag.n)
		return ANSWER_NO_DIALOG;
	if (req->method == SIP_METHOD_OTHER)
		return ANSWER_NO_METHOD;
	if (req->method != SIP_METHOD_MESSAGE)
		return ANSWER_METHOD;
	if (to_is_sips(req))
		return ANSWER_SIPS;
	if (req->max_forwards == 0)
		return ANSWER_HOPS;
	return sip_msg_find(req, SIP_HDR_REQUIRE, &at) ? ANSWER_REQUIRE : ANSWER_MAPPED;
}

/* True when it is a message. */
static bool request(struct hops *hs, const struct tl_event *ev, ts_t now)
{
	struct verdict v = { .answer = judge(hs, ev->msg, now) };

	/* The next hop may be asked for nothing but answers: then its connection is not a way in.
	 */
	if (v.answer == ANSWER_MAPPED && ev->origin->flow && !is_trusted(hs, &ev->origin->peer)) {
		hs->lent->stats->sip_untrusted++;
		v.answer = ANSWER_UNTRUSTED;
	}
	if (v.answer == ANSWER_MAPPED)
		return true;
	if (ev->msg->method == SIP_METHOD_MESSAGE)
		figures_count(hs->lent->figures, FIGURES_OTHER, GATEWAY_TO_XMPP, &v);
	if (ev->msg->method != SIP_METHOD_OPTIONS && !answer_is_good(&v)) {
		hs->lent->stats->sip_refused++;
		record_refused_request(hs->lent, ev->msg, &v, &ev->origin->peer, now);
	}
	answer(hs, TL_IN_HAND, ev->msg, &v, TL_FORGET, now);
	return false;
}

static void tell_malformed(struct hops *hs, const struct tl_event *ev, bool answers, ts_t now)
{
	const struct sip_refusal *r = ev->refusal;
	struct buf *b =
		drops_first(hs->lent, DROP_MALFORMED, &ev->origin->peer, r->where.what, now);

	if (!b)
		return;
	if (r->field.n)
		log_str(b, "field", slice_cut(r->field, 0, NAME_MAX));
	if (ev->msg->is_request)
		log_str(b, "method", slice_cut(ev->msg->method_text, 0, NAME_MAX));
	log_u64(b, "offset", r->where.offset);
	if (answers)
		log_u64(b, "answer", (uint64_t)r->status);
	drops_tell(hs->lent, DROP_MALFORMED);
}

/* RFC 3261 section 16.3: a malformed request is answered where it can be, else dropped. */
static void malformed(struct hops *hs, const struct tl_event *ev, ts_t now)
{
	const bool answers = ev->refusal->answerable == SIP_ANSWERABLE;
	const struct verdict v = { .status = ev->refusal->status };
	char phrase[SIP_PHRASE_MAX];

	hs->lent->stats->sip_malformed++;
	tell_malformed(hs, ev, answers, now);
	if (!answers)
		return;
	(void)tl_answer(hs->tl, TL_IN_HAND, v.status,
		v.status == 400 ? sip_refusal_phrase(ev->refusal, phrase) : NULL);
	tl_answer_end(hs->tl, TL_FORGET, answer_pack(&v), now);
}

/* ---- connections ---- */

static void lost(struct hops *hs, struct conn *c, int err, ts_t now)
{
	const struct origin *o = conn_origin(c);

	if (tl_flow_is_within(hs->tl, o->flow)) {
		hs->lent->stats->sip_cut++;
		drops_note(hs->lent, DROP_CUT, &o->peer, "it ended within a message", now);
	}
	hop_push_conn_lost(hs->hop, c, err, now);
	conn_lost(hs->conns, c);
}

static void close_conn(struct hops *hs, struct conn *c, ts_t now)
{
	shell_want(hs->lent->shell, WANT_CLOSE_FLOW)->flow = conn_origin(c)->flow;
	lost(hs, c, ECONNRESET, now);
}

/* ---- facts ---- */

static void datagram(struct hops *hs, const struct fact *in, ts_t now)
{
	const struct origin o = { .listener = in->listener,
		.transport = TRANSPORT_UDP,
		.peer = *in->peer,
		.local = *in->local };

	/* Whoever is written to may answer: the transaction knows who that is. */
	if (is_trusted(hs, in->peer) || slice_starts(in->bytes, SLICE("SIP/"))) {
		tl_push_datagram(hs->tl, in->bytes, &o);
	} else {
		hs->lent->stats->sip_untrusted++; /* RFC 3261 section 26.3.2.4: no amplifier */
		drops_untrusted(hs->lent, in->peer, "a datagram, and not in trusted_peers", now);
	}
}

static void listener(struct hops *hs, const struct fact *in, ts_t now)
{
	if (hop_push_listen(hs->hop, in, now))
		return;
	if (in->type == FACT_LISTEN_FAILED) {
		listeners_push_failed(&hs->listeners, in);
		return;
	}
	listeners_push_up(&hs->listeners, in);
	hop_push_way(hs->hop);
}

static void flow_up(struct hops *hs, struct conn *c, const struct fact *in, ts_t now)
{
	conn_push_up(hs->conns, c, in);
	hop_push_conn_up(hs->hop, c, now);
}

/* The peer has said all; what it asked is still answered: RFC 3261 section 18. */
static void eof(struct hops *hs, struct conn *c, ts_t now)
{
	if (!conns_half_close(hs->conns, c))
		close_conn(hs, c, now);
}

static void flow_bytes(struct hops *hs, const struct fact *in)
{
	hs->reading = in->flow;
	tl_push_bytes(hs->tl, in->flow, in->bytes);
}

void hops_push(struct hops *hs, const struct fact *in, ts_t now)
{
	const bool is_of_flow = fact_is_of_flow(in->type);
	struct conn *c = is_of_flow ? conns_find(hs->conns, in->flow) : NULL;

	if (is_of_flow && !c)
		return; /* it was given up before this fact */
	switch (in->type) {
	case FACT_DATAGRAM: datagram(hs, in, now); break;
	case FACT_DATAGRAM_FAILED: tl_push_peer_failed(hs->tl, in->peer, in->err); break;
	case FACT_FLOW_ACCEPTED:
		conns_push_accepted(hs->conns, in, is_trusted(hs, in->peer), now);
		break;
	case FACT_FLOW_UP: flow_up(hs, c, in, now); break;
	case FACT_FLOW_BYTES: flow_bytes(hs, in); break;
	case FACT_FLOW_EOF: eof(hs, c, now); break;
	case FACT_FLOW_FAILED: lost(hs, c, in->err, now); break;
	case FACT_FLOW_BLOCKED: conn_push_blocked(hs->conns, c, true, now); break;
	case FACT_FLOW_READY: conn_push_blocked(hs->conns, c, false, now); break;
	case FACT_LISTEN_UP:
	case FACT_LISTEN_FAILED: listener(hs, in, now); break;
	case FACT_ACCEPT_FAILED: listeners_push_accept_failed(&hs->listeners, in, now); break;
	case FACT_DNS: hop_push_dns(hs->hop, in, now); break;
	case FACT_TLS_UP:
	case FACT_CLOCK:
	case FACT_STOP: break;
	}
}

void hops_push_time(struct hops *hs, ts_t now)
{
	tl_push_time(hs->tl, now);
	hop_push_time(hs->hop, now);
}

/* ---- events ---- */

static void heard(struct hops *hs, const struct tl_event *ev, ts_t now)
{
	struct conn *c =
		ev->origin && ev->origin->flow ? conns_find(hs->conns, ev->origin->flow) : NULL;

	if (c)
		conn_heard(hs->conns, c, now);
}

/* Where one message ends is not known any more: nothing on this connection can be trusted. */
static void broken(struct hops *hs, const struct tl_event *ev, ts_t now)
{
	struct conn *c = conns_find(hs->conns, ev->origin->flow);

	if (c)
		close_conn(hs, c, now);
}

static void gone(struct hops *hs, const struct tl_event *ev, ts_t now)
{
	hs->lent->stats->sip_gone++;
	drops_note(hs->lent, DROP_GONE, &ev->origin->peer,
		"its connection ended while a MESSAGE was in hand", now);
}

/* True when it concerns a message: *ret. */
static bool event(struct hops *hs, const struct tl_event *ev, struct hop_event *ret, ts_t now)
{
	struct gateway_stats *stats = hs->lent->stats;

	heard(hs, ev, now);
	switch (ev->type) {
	case TL_EV_REQUEST:
		stats->sip_requests++;
		*ret = (struct hop_event){ .type = HOP_EV_REQUEST, .msg = ev->msg };
		return request(hs, ev, now);
	case TL_EV_REPEATED:
		stats->sip_requests++;
		answer_again(hs, ev, now);
		return false;
	case TL_EV_ABSORBED:
		stats->sip_requests++;
		stats->sip_retransmissions++;
		return false;
	case TL_EV_ACK: stats->sip_acks++; return false;
	case TL_EV_MALFORMED: malformed(hs, ev, now); return false;
	case TL_EV_PROVISIONAL:
	case TL_EV_FINAL:
	case TL_EV_TIMEOUT:
	case TL_EV_FAILED: return hop_push_event(hs->hop, ev, ret, now);
	case TL_EV_UNASKED:
		stats->sip_untrusted++;
		drops_note(
			hs->lent, DROP_RESPONSE, &ev->origin->peer, "another peer was asked", now);
		return false;
	case TL_EV_LATE:
		stats->sip_late++;
		drops_note(hs->lent, DROP_LATE, &ev->origin->peer, "its request is over", now);
		return false;
	case TL_EV_STRAY:
		stats->sip_stray++;
		drops_note(hs->lent, DROP_RESPONSE, &ev->origin->peer, "its branch is none of ours",
			now);
		return false;
	case TL_EV_PING: return false;
	case TL_EV_BROKEN: broken(hs, ev, now); return false;
	case TL_EV_GONE:
		gone(hs, ev, now);
		*ret = (struct hop_event){ .type = HOP_EV_GONE, .ref = ev->ref };
		return true;
	}
	return false;
}

/* It may be gone, or go by this. */
static void weigh(struct hops *hs, ts_t now)
{
	struct conn *c = hs->reading ? conns_find(hs->conns, hs->reading) : NULL;

	hs->reading = 0;
	if (c)
		conns_weigh(hs->conns, c, now);
}

bool hops_take_event(struct hops *hs, bool room, struct hop_event *ret, ts_t now)
{
	struct tl_event ev;

	while (tl_take_event(hs->tl, room, &ev, now))
		if (event(hs, &ev, ret, now))
			return true;
	weigh(hs, now);
	return hop_take_event(hs->hop, room, ret, now);
}

ts_t hops_deadline(const struct hops *hs)
{
	return ts_min(tl_deadline(hs->tl), hop_deadline(hs->hop));
}

void hops_set_options(struct hops *hs, enum answer answer)
{
	hs->options = answer;
}

struct hop *hops_next(struct hops *hs)
{
	return hs->hop;
}

/* ---- life ---- */

void hops_set_trusted(struct hops *hs, const struct addr_net *before, unsigned n_before)
{
	listeners_set_trusted(&hs->listeners, before, n_before);
	tl_set_answerers(hs->tl, hs->lent->cfg->trusted, hs->lent->cfg->n_trusted);
}

static int init(struct hops *hs, ts_t now)
{
	const struct gateway_cfg *cfg = hs->lent->cfg;
	const struct tl_cfg tl = {
		.out = &hs->lent->shell->out,
		.clients_max = GATEWAY_PENDING_MAX,
		.servers_max = GATEWAY_PENDING_MAX,
		.owed_bytes_max = OWED_BYTES_MAX,
		.request_max = REQUEST_MAX,
		.done_max = cfg->transactions_max,
		.says_trying = true,
		.flows_max = CONNS_MAX,
		.answerers = cfg->trusted,
		.n_answerers = cfg->n_trusted,
	};

	moved_init(&hs->moved, hs->lent->rng);
	int err = tl_new(&hs->tl, &tl, hs->lent->rng);
	if (!err)
		err = conns_new(&hs->conns, hs->lent, hs->tl);
	if (err)
		return err;
	listeners_init(&hs->listeners, hs->lent);
	return hop_new(&hs->hop, hs->lent, &hs->listeners, hs->conns, hs->tl, now);
}

int hops_new(struct hops **ret, const struct lent *lent, ts_t now)
{
	struct hops *hs = mem_alloc0(sizeof(*hs));

	if (!hs)
		return -ENOMEM;
	hs->lent = lent;
	int err = init(hs, now);
	if (err)
		hops_free(hs);
	else
		*ret = hs;
	return err;
}

struct hops *hops_free(struct hops *hs)
{
	if (!hs)
		return NULL;
	hop_free(hs->hop);
	conns_free(hs->conns);
	tl_free(hs->tl);
	moved_done(&hs->moved);
	return mem_free(hs);
}
