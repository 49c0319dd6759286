/* The messages to SIP that are in hand: their turn, how they end, and who hears of it. */
#include "base/mem.h"
#include "bridge/message.h"
#include "gateway/drops.h"
#include "gateway/peers.h"
#include "gateway/to_sip_private.h"

enum {
	/* Whatever it waits for, its sender hears by then: above timer F, so that only what had to
	 * wait before it was sent is cut short. */
	IN_HAND_MS = 38000,
	OVERDUE_MAX = 256,           /* of these in one push: others have their turn between */
	FAILURE_MAX = 8 * REPLY_MAX, /* what is escaped grows */
	/* Slots that are not used keep their memory for the next message, so many and so much. */
	IDLE_SLOTS_MAX = 1024,
	IDLE_BYTES_MAX = 4096,
};

static struct gateway_stats *stats(const struct to_sip *t)
{
	return t->cfg.lent->stats;
}

static ts_t began(const struct message *m)
{
	return m->by - TS_MS(IN_HAND_MS);
}

/* ---- places ---- */

struct message *to_sip_place(struct to_sip *t, unsigned link)
{
	struct message *m = slots_get(&t->slots);

	if (!m)
		return NULL;
	if (slot_is_new(&m->slot)) {
		buf_init(&m->request, 2 * MESSAGE_SIP_MAX + URI_MAX);
		buf_init(&m->reply, FAILURE_MAX);
		list_init(&m->wait);
		list_init(&m->age);
		hop_item_init(&m->item);
		record_init(&m->record);
	}
	slots_take(&m->slot, NULL); /* on the wire is that of the transaction */
	m->link = link;
	m->is_report = false;
	m->why = ANSWER_MAPPED;
	return m;
}

/* After a flood the memory of its messages is given back. */
void to_sip_give_back(struct to_sip *t, struct message *m)
{
	list_remove(&m->wait);
	list_remove(&m->age);
	budget_give(t->budget, &m->share);
	buf_clear(&m->request);
	buf_clear(&m->reply);
	if (slots_idle(&t->slots) >= IDLE_SLOTS_MAX ||
		m->request.cap + m->reply.cap > IDLE_BYTES_MAX) {
		buf_done(&m->request);
		buf_done(&m->reply);
	}
	slots_give(&t->slots, &m->slot);
}

/* ---- back to the XMPP sender ---- */

static bool tell(struct to_sip *t, const struct message *m, ts_t now)
{
	struct link *link = links_at(t->cfg.links, m->link);
	struct buf *b = link_begin(link);

	if (!b)
		return false;
	buf_put(b, buf_slice(&m->reply));
	return link_commit(link, now) == 0;
}

/* The error stanza takes the place of what was kept for it: when the stream is down or full it
 * waits there.  It comes from the address that was written to.  `response`: the far side's words,
 * else `why`, ours. */
static void write_failure(struct to_sip *t, struct message *m, const struct sip_msg *response,
	enum answer why, ts_t now)
{
	const struct slice all = buf_slice(&m->reply);
	const struct slice to = slice_cut(all, 0, m->n_from),
			   from = slice_cut(all, m->n_from, m->n_from + m->n_to),
			   id = slice_skip(all, m->n_from + m->n_to);
	struct buf b;

	m->status = response ? response->status : 0;
	m->cause = response ? sip_reason_phrase(response->status)
			    : (const char *)answer_error(why).text.p;
	if (m->is_report)
		return;
	/* Here the sender's address is whole: in the record it may have been cut. */
	drops_refused(t->cfg.lent, DROP_XMPP_REFUSED, jid_domain_in(to), m->cause, m->status, now);
	buf_init(&b, FAILURE_MAX);
	if (response) {
		message_put_sip_failure(&b, from, to, id, response, t->cfg.lent->cfg->privacy);
	} else {
		const struct stanza_error error = answer_error(why);

		stanza_put_start(&b, "message", from, to, id, SLICE("error"));
		stanza_put_error(&b, &error);
		stanza_put_end(&b, "message");
	}
	buf_done(&m->reply);
	m->reply = b;
}

void to_sip_lose(struct to_sip *t, struct slice from, const char *cause, ts_t now)
{
	stats(t)->failures_lost++;
	drops_note_user(t->cfg.lent, DROP_LOST, from, cause, now);
}

/* ---- what the message's life wants ---- */

/* Its turn is over: the next one for this URI goes out when what is in hand has been dealt with. */
static void leave_queue(struct to_sip *t, struct message *m)
{
	struct queue_item *next = queue_leave(&t->queues, &m->queue);

	if (next)
		list_append(&t->turn, &LIST_OWNER(next, struct message, queue)->wait);
}

static void count(struct to_sip *t, const struct message *m, const struct verdict *v, ts_t now)
{
	struct verdict said = *v;

	if (m->is_report)
		return;
	said.answer = m->why;
	figures_count(t->cfg.lent->figures, m->figures, GATEWAY_TO_SIP, &said);
	figures_time(t->cfg.lent->figures, GATEWAY_TO_SIP, now - began(m));
}

static void answer(struct to_sip *t, struct message *m, const struct verdict *v, ts_t now)
{
	leave_queue(t, m);
	list_remove(&m->age);
	count(t, m, v, now);
	if (answer_is_good(v)) {
		*(m->is_report ? &stats(t)->reports : &stats(t)->xmpp_to_sip) += 1;
		return;
	}
	if (m->is_report) {
		to_sip_lose(t, buf_slice(&m->reply), "a report that the pool did not take", now);
		return;
	}
	stats(t)->xmpp_refused++;
	record_end(&m->record, t->cfg.lent,
		&(struct record_end){ GATEWAY_REFUSED, m->status, m->cause }, now);
	if (buf_err(&m->reply)) {
		to_sip_lose(t, SLICE_NONE, "a failure for which there was no memory", now);
		return;
	}
	if (list_empty(&t->untold) && tell(t, m, now))
		return;
	list_remove(&m->wait);
	list_append(&t->untold, &m->wait);
	t->n_untold++;
}

static void act(struct to_sip *t, struct message *m, ts_t now)
{
	struct msg_event ev;

	while (msg_take_event(&m->life, &ev)) {
		switch (ev.type) {
		case MSG_EV_SEND:
			if (queue_is_first(&m->queue))
				list_append(&t->turn, &m->wait);
			break;
		case MSG_EV_ANSWER: answer(t, m, ev.verdict, now); break;
		case MSG_EV_DONE:
			if (list_empty(&m->wait)) /* else it stays until its sender was told */
				to_sip_give_back(t, m);
			return;
		case MSG_EV_STORE: msg_push_stored(&m->life, -ENOTSUP, now); break; /* no journal */
		case MSG_EV_REPORT:
		case MSG_EV_ERASE: break;
		}
	}
}

void to_sip_begin(struct to_sip *t, struct message *m, ts_t now)
{
	static const struct msg_cfg cfg = { .is_stored = false };

	m->by = ts_add(now, TS_MS(IN_HAND_MS));
	list_append(&t->by_age, &m->age);
	msg_init(&m->life, &cfg);
	act(t, m, now);
}

/* ---- what SIP says ---- */

static void end(struct to_sip *t, struct message *m, int status, ts_t now)
{
	const struct verdict v = { .status = status };

	msg_push_refused(&m->life, &v, now);
	act(t, m, now);
}

static void fail(struct to_sip *t, struct message *m, enum answer why, ts_t now)
{
	if (why == ANSWER_HOP_SILENT)
		peers_timed_out(t->cfg.lent->peers, slice_str(t->cfg.lent->cfg->next_hop));
	write_failure(t, m, NULL, why, now);
	m->why = why;
	end(t, m, 408, now);
}

void to_sip_push_final(struct to_sip *t, uint64_t ref, const struct sip_msg *response, ts_t now)
{
	struct message *m = slots_find(&t->slots, ref);

	if (!m)
		return;
	if (response->status >= 300) {
		write_failure(t, m, response, ANSWER_MAPPED, now);
		end(t, m, response->status, now);
		return;
	}
	record_end(&m->record, t->cfg.lent,
		&(struct record_end){ GATEWAY_CARRIED, response->status, NULL }, now);
	msg_push_proven(&m->life, now);
	act(t, m, now);
}

void to_sip_push_failed(struct to_sip *t, uint64_t ref, enum answer why, ts_t now)
{
	struct message *m = slots_find(&t->slots, ref);

	if (m)
		fail(t, m, why, now);
}

/* ---- time ---- */

/* Nothing of it goes out any more. */
static void give_up(struct to_sip *t, struct message *m, enum answer why, ts_t now)
{
	hop_withdraw(hops_next(t->cfg.hops), &m->item);
	list_remove(&m->wait);
	fail(t, m, why, now);
}

static enum answer why_overdue(const struct message *m)
{
	if (m->life.state == MSG_AWAIT_WAY)
		return ANSWER_NO_TURN;
	return m->item.place ? ANSWER_HOP_SILENT : ANSWER_NO_HOP;
}

static struct message *oldest(const struct to_sip *t)
{
	return LIST_FIRST(&t->by_age, struct message, age);
}

void to_sip_push_time(struct to_sip *t, ts_t now)
{
	struct message *m;

	for (unsigned n = 0; n < OVERDUE_MAX && (m = oldest(t)) && m->by <= now; n++)
		give_up(t, m, why_overdue(m), now);
}

/* ---- what was held back ---- */

static struct message *first_of(const struct list *waiting)
{
	return LIST_FIRST(waiting, struct message, wait);
}

static bool tell_next(struct to_sip *t, ts_t now)
{
	struct message *m = first_of(&t->untold);

	if (!m || !tell(t, m, now))
		return false;
	t->n_untold--;
	to_sip_give_back(t, m);
	return true;
}

static bool send_next(struct to_sip *t, ts_t now)
{
	struct message *m = shell_has_room(t->cfg.lent->shell) ? first_of(&t->turn) : NULL;

	if (!m)
		return false;
	const struct slice all = buf_slice(&m->request);
	const struct sip_draft draft = { .line = slice_cut(all, 0, m->line_bytes),
		.rest = slice_skip(all, m->line_bytes),
		.mix = m->mix };

	list_remove(&m->wait);
	msg_push_sent(&m->life, now);
	if (t->gave_up)
		fail(t, m, ANSWER_STOPPING, now);
	else
		hop_request(hops_next(t->cfg.hops), &m->item, slot_id(&m->slot), &draft, now);
	return true;
}

bool to_sip_go_on(struct to_sip *t, ts_t now)
{
	bool any = false;

	while (tell_next(t, now) || send_next(t, now))
		any = true;
	return any;
}

ts_t to_sip_deadline(const struct to_sip *t)
{
	const struct message *m = first_of(&t->untold), *old = oldest(t);
	const bool can_tell = m && link_takes(links_at(t->cfg.links, m->link)) == LINK_TAKES;

	if (can_tell || !list_empty(&t->turn))
		return 0;
	return old ? old->by : TS_NEVER;
}

/* ---- the end ---- */

void to_sip_give_up(struct to_sip *t, ts_t now)
{
	struct message *m;

	t->gave_up = true;
	while ((m = oldest(t)))
		give_up(t, m, m->item.place ? ANSWER_HOP_SILENT : ANSWER_STOPPING, now);
}

ts_t to_sip_oldest(const struct to_sip *t)
{
	const struct message *m = oldest(t);

	return m ? began(m) : TS_NEVER;
}

uint32_t to_sip_count(const struct to_sip *t)
{
	return slots_count(&t->slots);
}

uint32_t to_sip_untold(const struct to_sip *t)
{
	return t->n_untold;
}
