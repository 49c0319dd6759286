/* Client transactions, RFC 3261 section 17.1.2.  A place holds one request, and is found again by
 * the branch of the response.
 *
 * With its final response a transaction is over at once: timer K lets one linger only to absorb
 * repeated responses, and those find no transaction here. */
#include <string.h>

#include "sip/tl_private.h"

static const struct nict_cfg timers[] = {
	{ .t1 = TL_T1, .t2 = TL_T2, .t4 = TL_T4 },
	{ .t1 = TL_T1, .t2 = TL_T2, .t4 = TL_T4, .reliable = true },
};

int tl_clients_init(struct tl *tl)
{
	timers_init(&tl->timers);
	list_init(&tl->failed);
	return slots_init(&tl->clients, tl->cfg.clients_max, sizeof(struct tl_client));
}

void tl_clients_done(struct tl *tl)
{
	struct tl_client *c;

	timers_done(&tl->timers); /* while its timers still exist */
	for (uint32_t i = 0; (c = slots_at(&tl->clients, i)); i++)
		buf_done(&c->request);
	slots_done(&tl->clients);
}

/* ---- places ---- */

static struct tl_client *client_new(struct tl *tl)
{
	struct tl_client *c = slots_get(&tl->clients);

	if (c && slot_is_new(&c->slot)) {
		c->timer.at = TS_NEVER;
		list_init(&c->list);
		buf_init(&c->request, tl->cfg.request_max);
	}
	return c;
}

/* After a flood the memory of its requests is given back. */
static void client_give(struct tl *tl, struct tl_client *c)
{
	if (slots_idle(&tl->clients) >= TL_IDLE_MAX || c->request.cap > TL_IDLE_CLIENT_BYTES)
		buf_done(&c->request);
	slots_give(&tl->clients, &c->slot);
}

/* It leaves its way and has no timer from here on. */
static void leave(struct tl *tl, struct tl_client *c)
{
	(void)timers_set(&tl->timers, &c->timer, TS_NEVER);
	list_remove(&c->list);
	if (c->way)
		tl_way_left(tl, &c->to, c->way);
	c->way = NULL;
}

static void end(struct tl *tl, struct tl_client *c)
{
	leave(tl, c);
	client_give(tl, c);
}

static void fail(struct tl *tl, struct tl_client *c, enum tl_event_type fate, int err)
{
	leave(tl, c);
	c->state = TL_CLIENT_OVER;
	c->fate = fate;
	c->err = err;
	list_append(&tl->failed, &c->list);
}

void tl_clients_fail(struct tl *tl, struct tl_way *way, int err)
{
	for (struct tl_client *c; (c = LIST_FIRST(&way->clients, struct tl_client, list));)
		fail(tl, c, TL_EV_FAILED, err);
}

bool tl_client_take(struct tl *tl, struct tl_event *ret)
{
	struct tl_client *c = LIST_FIRST(&tl->failed, struct tl_client, list);

	if (!c)
		return false;
	ret->type = c->fate;
	ret->ref = c->ref;
	ret->err = c->err;
	ret->sends = c->sends;
	end(tl, c);
	return true;
}

void tl_withdraw(struct tl *tl, uint64_t place)
{
	struct tl_client *c = slots_find(&tl->clients, place);

	if (c && c != tl->draft)
		end(tl, c);
}

/* ---- a request ---- */

static struct slice write_branch(struct tl *tl, const struct tl_client *c)
{
	memcpy(tl->branch, "z9hG4bK", TL_COOKIE);
	slot_text(slot_id(&c->slot), tl->branch + TL_COOKIE);
	if (c->mix)
		slot_text(c->mix, tl->branch + TL_COOKIE + SLOT_TEXT);
	return slice_str(tl->branch);
}

struct buf *tl_request(
	struct tl *tl, uint64_t ref, const struct origin *to, uint64_t mix, struct slice *branch)
{
	if (to->flow && !tl_flow_find(tl, to->flow))
		return NULL;
	struct tl_client *c = tl->draft ? tl->draft : client_new(tl);
	if (!c)
		return NULL;
	tl->draft = c;
	c->before = c->slot.chance;
	slots_take(&c->slot, tl->rng);
	c->state = TL_CLIENT_DRAFT;
	c->ref = ref;
	c->mix = mix;
	c->to = *to;
	c->sends = 0;
	buf_clear(&c->request);
	*branch = write_branch(tl, c);
	return &c->request;
}

/* False when what was to be sent is lost. */
static bool transmit(struct tl *tl, struct tl_client *c)
{
	struct slice out;

	if (!nict_take_output(&c->tx, &out))
		return true;
	c->sends++;
	buf_put(outbox_bytes(tl->cfg.out), out);
	return tl_send(tl, &c->to);
}

static int start(struct tl *tl, struct tl_client *c, ts_t now)
{
	const bool reliable = c->to.transport != TRANSPORT_UDP;
	int err = buf_err(&c->request);

	if (!err)
		err = nict_init(&c->tx, &timers[reliable], buf_slice(&c->request), now);
	if (err)
		return err;
	c->way = tl_way_get(tl, &c->to);
	/* Without a timer it would never end. */
	if (!c->way || timers_set(&tl->timers, &c->timer, nict_deadline(&c->tx)))
		return -ENOMEM;
	list_append(&c->way->clients, &c->list);
	c->state = TL_CLIENT_RUNNING;
	/* What is lost on a stream is never sent again. */
	return transmit(tl, c) || !reliable ? 0 : ERR_LIMIT;
}

int tl_request_end(struct tl *tl, enum sip_method method, uint64_t *ret, ts_t now)
{
	struct tl_client *c = tl->draft;

	tl->draft = NULL;
	c->method = method;
	int err = start(tl, c, now);
	if (err) {
		end(tl, c);
		return err;
	}
	*ret = slot_id(&c->slot);
	return 0;
}

/* ---- a response: section 17.1.3 ---- */

/* NULL when it is of none that runs; *was_ours: of the last one that ran at its place. */
static struct tl_client *find(struct tl *tl, struct slice branch, bool *was_ours)
{
	const struct slice name = slice_cut(branch, TL_COOKIE, TL_COOKIE + SLOT_TEXT);
	const struct slice tail = slice_skip(branch, TL_COOKIE + SLOT_TEXT);
	uint64_t id, mix = 0;

	*was_ours = false;
	if (!slice_starts(branch, SLICE("z9hG4bK")) || !slot_read(name, &id) ||
		(tail.n && !slot_read(tail, &mix)))
		return NULL;
	struct tl_client *c = slots_at(&tl->clients, (uint32_t)(id >> 32));
	if (!c)
		return NULL;
	const uint32_t chance = (uint32_t)id;
	if (c->slot.in_use && c->state == TL_CLIENT_RUNNING && c->slot.chance == chance)
		return c->mix == mix ? c : NULL;
	*was_ours = chance == c->slot.chance || chance == c->before;
	return NULL;
}

/* Whoever knows the branch saw the request; but it may have gone through many hands. */
static bool may_answer(const struct tl *tl, const struct tl_client *c)
{
	if (!tl->cfg.answerers || addr_ip_eq(&tl->origin.peer, &c->to.peer))
		return true;
	for (unsigned i = 0; i < tl->cfg.n_answerers; i++)
		if (addr_net_has(&tl->cfg.answerers[i], &tl->origin.peer))
			return true;
	return false;
}

static void push_status(struct tl *tl, struct tl_client *c, struct tl_event *ret, ts_t now)
{
	struct nict_event ev;

	ret->ref = c->ref;
	ret->sends = c->sends;
	nict_push_response(&c->tx, tl->msg.status, now);
	ret->type = nict_take_event(&c->tx, &ev) && ev.type == NICT_EV_FINAL ? TL_EV_FINAL
									     : TL_EV_PROVISIONAL;
	if (ret->type == TL_EV_FINAL)
		end(tl, c);
}

void tl_client_response(struct tl *tl, struct tl_event *ret, ts_t now)
{
	bool was_ours;
	struct tl_client *c = find(tl, tl->msg.via.branch, &was_ours);

	if (!c)
		ret->type = was_ours ? TL_EV_LATE : TL_EV_STRAY;
	else if (c->method != tl->msg.method)
		ret->type = TL_EV_STRAY;
	else if (!may_answer(tl, c))
		ret->type = TL_EV_UNASKED;
	else
		push_status(tl, c, ret, now);
}

/* ---- time ---- */

static void push_time(struct tl *tl, struct tl_client *c, ts_t now)
{
	struct nict_event ev;

	nict_push_time(&c->tx, now);
	(void)transmit(tl, c);
	if (nict_take_event(&c->tx, &ev))
		fail(tl, c, TL_EV_TIMEOUT, ETIMEDOUT);
	else
		/* It has just left its place in the heap. */
		(void)timers_set(&tl->timers, &c->timer, nict_deadline(&c->tx));
}

/* What finds no room stays due. */
void tl_clients_time(struct tl *tl, ts_t now)
{
	struct timer *t;

	while (outbox_has_room(tl->cfg.out) && (t = timers_due(&tl->timers, now)))
		push_time(tl, LIST_OWNER(t, struct tl_client, timer), now);
}
