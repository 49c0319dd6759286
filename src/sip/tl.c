#include "sip/tl.h"

#include "base/mem.h"
#include "sip/tl_private.h"

void tl_set_answerers(struct tl *tl, const struct addr_net *answerers, unsigned n)
{
	tl->cfg.answerers = answerers;
	tl->cfg.n_answerers = n;
}

int tl_new(struct tl **ret, const struct tl_cfg *cfg, struct rng *rng)
{
	struct tl *tl = mem_alloc0(sizeof(*tl));

	if (!tl)
		return -ENOMEM;
	tl->cfg = *cfg;
	tl->rng = rng;
	rng_bytes(rng, tl->salt, sizeof(tl->salt));
	tl_flows_init(tl);
	int err = tl_clients_init(tl);
	if (!err)
		err = tl_servers_init(tl);
	if (err) {
		tl_free(tl);
		return err;
	}
	*ret = tl;
	return 0;
}

struct tl *tl_free(struct tl *tl)
{
	if (!tl)
		return NULL;
	tl_clients_done(tl);
	tl_servers_done(tl);
	tl_flows_done(tl);
	sip_frame_done(&tl->left);
	return mem_free(tl);
}

/* ---- inputs ---- */

/* The message in hand is no more. */
static void put_down(struct tl *tl)
{
	tl->hand = TL_HAND_EMPTY;
	sip_frame_done(&tl->left);
}

static void begin_push(struct tl *tl)
{
	put_down(tl);
	tl->has_datagram = false;
	tl->reading = NULL;
}

/* RFC 5626 section 3.5, and what else keeps a NAT's binding: Kamailio and OpenSIPS send the
 * contacts of their users four zero bytes, others one, or "jaK".  No message is that short. */
static bool is_keep_alive(struct slice bytes)
{
	enum { KEEP_ALIVE_MAX = 4 };

	return bytes.n <= KEEP_ALIVE_MAX || slice_trim(bytes).n == 0;
}

void tl_push_datagram(struct tl *tl, struct slice bytes, const struct origin *o)
{
	begin_push(tl);
	tl->has_datagram = !is_keep_alive(bytes);
	tl->datagram = bytes;
	tl->origin = *o;
}

void tl_push_bytes(struct tl *tl, flow_t flow, struct slice bytes)
{
	begin_push(tl);
	tl->reading = tl_flow_find(tl, flow);
	if (tl->reading)
		(void)sip_frame_push(&tl->reading->frame, bytes); /* an error stays in it */
}

void tl_push_peer_failed(struct tl *tl, const struct addr *peer, int err)
{
	struct tl_way *way = tl_peer_find(tl, peer);

	begin_push(tl);
	if (way)
		tl_clients_fail(tl, way, err);
}

bool tl_flow_gone(struct tl *tl, flow_t flow, int err)
{
	struct tl_flow *f = tl_flow_find(tl, flow);

	if (!f)
		return false;
	if (tl->reading == f) {
		/* The message in hand may still be read; nobody waits for its answer. */
		tl->left = f->frame;
		tl->reading = NULL;
		tl->hand = TL_HAND_EMPTY;
	} else {
		sip_frame_done(&f->frame);
	}
	tl_clients_fail(tl, &f->way, err);
	tl_servers_gone(tl, &f->servers);
	tl_flow_free(tl, f);
	return true;
}

void tl_push_time(struct tl *tl, ts_t now)
{
	begin_push(tl);
	tl_clients_time(tl, now);
	tl_servers_time(tl, now);
	tl_servers_try(tl, now);
}

ts_t tl_deadline(const struct tl *tl)
{
	if (!list_empty(&tl->failed) || !list_empty(&tl->gone))
		return 0;
	return ts_min(timers_deadline(&tl->timers), tl_servers_deadline(tl));
}

/* ---- events ---- */

static void malformed(struct tl *tl, struct tl_event *ret)
{
	ret->type = TL_EV_MALFORMED;
	ret->refusal = &tl->refusal;
	if (tl->refusal.answerable == SIP_ANSWERABLE)
		tl_server_refused(tl);
}

static void read_message(struct tl *tl, struct slice bytes, struct tl_event *ret, ts_t now)
{
	ret->msg = &tl->msg;
	if (sip_msg_decode(bytes, &tl->msg, &tl->refusal))
		malformed(tl, ret);
	else if (!tl->msg.is_request)
		tl_client_response(tl, ret, now);
	else if (tl->msg.method == SIP_METHOD_ACK)
		ret->type = TL_EV_ACK;
	else
		tl_server_request(tl, ret, now);
}

/* RFC 3261 section 18.3: what has no length on a stream is 400 before the stream ends; what its
 * head says may be enough for that. */
static void refuse_unframed(struct tl *tl, const struct tl_flow *f, struct tl_event *ret)
{
	const struct slice all = sip_frame_rest(&f->frame);
	int err = sip_msg_decode(slice_cut(all, 0, SIP_MSG_MAX), &tl->msg, &tl->refusal);

	ret->msg = &tl->msg;
	if (!err)
		tl->refusal.answerable = tl->msg.is_request && tl->msg.method != SIP_METHOD_ACK
						 ? SIP_ANSWERABLE
						 : SIP_NOT_ANSWERABLE;
	tl->refusal.field = SLICE_NONE;
	tl->refusal.where = f->frame.where;
	tl->refusal.status = f->frame.err == ERR_LIMIT ? 513 : 400;
	malformed(tl, ret);
}

static bool next_message(struct tl *tl, struct slice *ret)
{
	if (tl->has_datagram) {
		tl->has_datagram = false;
		*ret = tl->datagram;
		return true;
	}
	return tl->reading && sip_frame_take(&tl->reading->frame, ret);
}

/* All whole messages have been taken. */
static bool end_of_bytes(struct tl *tl, struct tl_event *ret)
{
	struct tl_flow *f = tl->reading;

	if (f && sip_frame_take_ping(&f->frame)) {
		buf_puts(outbox_bytes(tl->cfg.out), "\r\n");
		(void)tl_send(tl, &f->origin);
		ret->type = TL_EV_PING;
		return true;
	}
	/* Without memory it is not the message that is wrong. */
	if (f && f->frame.err && f->frame.err != -ENOMEM && !f->is_refused) {
		f->is_refused = true;
		refuse_unframed(tl, f, ret);
		return true;
	}
	if (f && f->frame.err && !f->is_broken) {
		f->is_broken = true;
		ret->type = TL_EV_BROKEN;
		ret->where = f->frame.where;
		return true;
	}
	tl->reading = NULL;
	return false;
}

bool tl_take_event(struct tl *tl, bool room, struct tl_event *ret, ts_t now)
{
	struct slice bytes;

	put_down(tl);
	*ret = (struct tl_event){ 0 };
	if (room && (tl_client_take(tl, ret) || tl_server_take(tl, ret)))
		return true;
	if (tl->reading)
		tl->origin = tl->reading->origin;
	ret->origin = &tl->origin;
	if (!next_message(tl, &bytes))
		return end_of_bytes(tl, ret);
	read_message(tl, bytes, ret, now);
	return true;
}
