#include "gateway/to_sip.h"

#include "base/mem.h"
#include "base/slots.h"
#include "bridge/address.h"
#include "bridge/content.h"
#include "bridge/message.h"
#include "bridge/passes.h"
#include "gateway/drops.h"
#include "gateway/msg.h"
#include "gateway/once.h"
#include "gateway/queue.h"
#include "gateway/seen.h"

enum {
	/* Whatever it waits for, its sender hears by then: above timer F, so that only what had to
	 * wait before it was sent is cut short. */
	IN_HAND_MS = 38000,
	OVERDUE_MAX = 256, /* of these in one push: others have their turn between */
	TAG_MAX = 10,
	URI_MAX = 6144,
	REPLY_MAX = 16384,
	FAILURE_MAX = 8 * REPLY_MAX, /* what is escaped grows */
	/* What a message takes beside its texts: transaction, queue, places in tables. */
	SLOT_BYTES = 1024,
	/* Slots that are not used keep their memory for the next message, so many and so much. */
	IDLE_SLOTS_MAX = 1024,
	IDLE_BYTES_MAX = 4096,
};

struct message {
	struct slot slot;
	struct msg life;
	unsigned link;      /* that it came over */
	bool is_report;     /* of ours: nobody hears when it fails */
	struct buf request; /* the draft */
	size_t line_bytes;  /* of it: the request line */
	uint64_t mix;
	/* `from`, `to` and `id` of the stanza, one behind the other; when the message has failed,
	 * the whole error stanza.  Of a report: who was written to. */
	struct buf reply;
	size_t n_from, n_to;
	struct hop_item item;
	struct queue_item queue;
	struct list wait; /* of to_sip.turn, or of to_sip.untold */
	struct list age;  /* of to_sip.by_age */
	ts_t by;          /* its sender hears */
	struct budget_share share;
};

struct to_sip {
	struct to_sip_cfg cfg;
	struct slots slots;
	struct queues queues;
	struct budget *budget;
	struct list turn;   /* whose turn it is to go out */
	struct list untold; /* have failed, and their senders do not know yet */
	struct list by_age; /* those that have no outcome yet, the oldest first */
	uint32_t n_untold;
	uint32_t cseq;
	uint8_t salt[16];
	struct buf scratch;
	struct seen *seen;
	struct once refused_once; /* what comes in floods */
	bool stopping, gave_up;
};

static struct gateway_stats *stats(const struct to_sip *t)
{
	return t->cfg.lent->stats;
}

/* ---- places ---- */

static struct message *message_new(struct to_sip *t, unsigned link)
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
	}
	slots_take(&m->slot, NULL); /* on the wire is that of the transaction */
	m->link = link;
	m->is_report = false;
	return m;
}

/* After a flood the memory of its messages is given back. */
static void message_done(struct to_sip *t, struct message *m)
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
static void write_failure(
	struct to_sip *t, struct message *m, const struct sip_msg *response, enum answer why)
{
	const struct slice all = buf_slice(&m->reply);
	const struct slice to = slice_cut(all, 0, m->n_from),
			   from = slice_cut(all, m->n_from, m->n_from + m->n_to),
			   id = slice_skip(all, m->n_from + m->n_to);
	struct buf b;

	if (m->is_report)
		return;
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

/* It failed, and its sender does not hear that. */
static void lose_failure(struct to_sip *t, struct slice from, const char *cause, ts_t now)
{
	stats(t)->failures_lost++;
	drops_note_user(t->cfg.lent, DROP_LOST, from, cause, now);
}

/* A refusal at once, of a stanza that is at hand. */
static void refuse(struct to_sip *t, unsigned link, const struct stanza *s,
	const struct stanza_error *error, ts_t now)
{
	struct link *l = links_at(t->cfg.links, link);
	struct buf *b = link_begin(l);

	stats(t)->xmpp_refused++;
	if (!b || !stanza_put_error_reply(b, s, error) || link_commit(l, now))
		lose_failure(t, slice_cut(s->from, 0, slice_chr(s->from, '/')),
			"a refusal for which the stream had no room", now);
}

static void refuse_by(
	struct to_sip *t, unsigned link, const struct stanza *s, enum answer answer, ts_t now)
{
	const struct stanza_error error = answer_error(answer);

	stats(t)->overload_wait += answer_is_wait(answer);
	refuse(t, link, s, &error, now);
}

/* ---- what the message's life wants ---- */

/* Its turn is over: the next one for this URI goes out when what is in hand has been dealt with. */
static void leave_queue(struct to_sip *t, struct message *m)
{
	struct queue_item *next = queue_leave(&t->queues, &m->queue);

	if (next)
		list_append(&t->turn, &LIST_OWNER(next, struct message, queue)->wait);
}

static void answer(struct to_sip *t, struct message *m, const struct verdict *v, ts_t now)
{
	leave_queue(t, m);
	list_remove(&m->age);
	if (answer_is_good(v)) {
		*(m->is_report ? &stats(t)->reports : &stats(t)->xmpp_to_sip) += 1;
		return;
	}
	stats(t)->xmpp_refused += !m->is_report;
	if (m->is_report) {
		lose_failure(t, buf_slice(&m->reply), "a report that the pool did not take", now);
		return;
	}
	if (buf_err(&m->reply)) {
		lose_failure(t, SLICE_NONE, "a failure for which there was no memory", now);
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
				message_done(t, m);
			return;
		case MSG_EV_STORE: msg_push_stored(&m->life, -ENOTSUP, now); break; /* no journal */
		case MSG_EV_REPORT:
		case MSG_EV_ERASE: break;
		}
	}
}

/* ---- a stanza ---- */

static struct message_route route_of(struct to_sip *t, struct message *m, char tag[TAG_MAX + 1])
{
	rng_token(t->cfg.lent->rng, tag, TAG_MAX);
	return (struct message_route){
		.via_bytes = hop_via_max(hops_next(t->cfg.hops)),
		.from_tag = slice_str(tag),
		.cseq = ++t->cseq & 0x7fffffff, /* RFC 3261 section 8.1.1.5: below 2**31 */
		.max_forwards = PASSES_MAX,
		.line_bytes = &m->line_bytes,
		.rng = t->cfg.lent->rng,
	};
}

static int write_request(struct to_sip *t, struct message *m, const struct stanza *s,
	const struct party *p, struct message_refusal *refusal)
{
	char tag[TAG_MAX + 1];
	struct message_route route = route_of(t, m, tag);

	(void)passes_of_stanza(s, &route.max_forwards); /* it has some */
	/* RFC 7572 section 4: the stanza's id has its part in the transaction's. */
	m->mix = siphash(t->salt, s->id) | 1;
	return message_to_sip(s, &p->from, &p->to, &route, &m->request, refusal);
}

/* What an error stanza needs of this one. */
static enum answer keep_reply(struct message *m, const struct stanza *s)
{
	if (s->from.n + s->to.n + s->id.n > REPLY_MAX)
		return ANSWER_ID_TOO_LONG;
	buf_clear(&m->reply);
	buf_put(&m->reply, s->from);
	buf_put(&m->reply, s->to);
	buf_put(&m->reply, s->id);
	m->n_from = s->from.n;
	m->n_to = s->to.n;
	return buf_err(&m->reply) ? ANSWER_NO_MEMORY : ANSWER_MAPPED;
}

static enum answer join(struct to_sip *t, struct message *m, const struct party *p, ts_t now)
{
	struct where where;

	buf_clear(&t->scratch);
	if (address_to_sip(&p->to, true, &t->scratch, &where))
		return ANSWER_NO_MEMORY; /* its parts are within limits, and it was written before
					  */
	const struct slice uri = buf_slice(&t->scratch);
	const size_t bytes = sizeof(*m) + SLOT_BYTES + m->request.cap + m->reply.cap + uri.n;
	const enum answer refusal = budget_take(t->budget, &m->share, &p->from, bytes, now);
	if (refusal != ANSWER_MAPPED)
		return refusal;
	return queue_join(&t->queues, &m->queue, uri, &p->from);
}

static void begin(struct to_sip *t, struct message *m, ts_t now)
{
	static const struct msg_cfg cfg = { .is_stored = false };

	m->by = ts_add(now, TS_MS(IN_HAND_MS));
	list_append(&t->by_age, &m->age);
	msg_init(&m->life, &cfg);
	act(t, m, now);
}

/* What does not cross, whatever becomes of others. */
static void refuse_content(struct to_sip *t, unsigned link, const struct stanza *s,
	const struct party *p, const struct message_refusal *refusal, ts_t now)
{
	const struct stanza_error error = { .condition = refusal->condition,
		.type = refusal->type,
		.text = slice_str(refusal->text) };

	if (!refusal->once || once_is_first(&t->refused_once, jid_bare(&p->from), jid_bare(&p->to),
				      error.text, now)) {
		refuse(t, link, s, &error, now);
		return;
	}
	stats(t)->xmpp_dropped++;
	drops_note_user(t->cfg.lent, DROP_STANZA, s->from, refusal->text, now);
}

static void take(
	struct to_sip *t, unsigned link, const struct stanza *s, const struct party *p, ts_t now)
{
	struct message *m = message_new(t, link);
	struct message_refusal refusal;

	if (!m) {
		refuse_by(t, link, s, ANSWER_MANY_IN_HAND, now);
		return;
	}
	int err = write_request(t, m, s, p, &refusal);
	enum answer answer = err ? ANSWER_NO_MEMORY : keep_reply(m, s);
	if (answer == ANSWER_MAPPED)
		answer = join(t, m, p, now);
	if (answer == ANSWER_MAPPED) {
		begin(t, m, now);
		return;
	}
	message_done(t, m);
	if (err == ERR_LEGAL)
		refuse_content(t, link, s, p, &refusal, now);
	else
		refuse_by(t, link, s, answer, now);
}

static enum answer judge(struct to_sip *t, const struct party *p, ts_t now)
{
	const enum answer answer = route_to_sip(t->cfg.routes, p);

	if (answer != ANSWER_MAPPED)
		return answer;
	if (!contacts_may(t->cfg.contacts, &p->to, &p->from, now))
		return ANSWER_MAY_NOT_BEGIN;
	if (t->stopping)
		return ANSWER_STOPPING;
	return hop_takes(hops_next(t->cfg.hops), now) ? ANSWER_MAPPED : ANSWER_NO_HOP;
}

void to_sip_push_stanza(struct to_sip *t, unsigned link, const struct stanza *s, ts_t now)
{
	struct party p;
	struct where where;

	if (jid_decode(s->to, &p.to, &where) || !route_is_of(t->cfg.routes, link, &p.to)) {
		stats(t)->xmpp_dropped++; /* the server's mistake */
		drops_note_user(t->cfg.lent, DROP_MISTAKE, s->from,
			"a message to a domain that is not ours", now);
		return;
	}
	if (content_is_silent(content_of(s))) {
		stats(t)->xmpp_silent++;
		drops_note_user(t->cfg.lent, DROP_SILENT, s->from,
			"a message without text that needs no answer", now);
		return;
	}
	const int err = jid_decode(s->from, &p.from, &where);
	if (err && err != -ENOMEM) {
		refuse(t, link, s,
			&(struct stanza_error){ .condition = COND_JID_MALFORMED,
				.type = ERROR_TYPE_MODIFY,
				.text = slice_str(where.what) },
			now);
		return;
	}
	enum answer answer = err ? ANSWER_NO_MEMORY : judge(t, &p, now);
	if (answer == ANSWER_MAPPED)
		answer = seen_judge(t->seen, s, &p, now);
	if (answer == ANSWER_MAPPED)
		take(t, link, s, &p, now);
	else
		refuse_by(t, link, s, answer, now);
}

/* ---- a report ---- */

static int write_report(
	struct to_sip *t, struct message *m, const struct party *p, const struct imdn_ask *ask)
{
	char tag[TAG_MAX + 1];
	const struct message_route route = route_of(t, m, tag);

	m->mix = rng_u64(t->cfg.lent->rng) | 1;
	return imdn_put_failure(ask, &p->from, &p->to, &route, &m->request);
}

void to_sip_push_report(struct to_sip *t, const struct report *r, ts_t now)
{
	const struct party p = { .from = r->party.to, .to = r->party.from };
	struct message *m = message_new(t, 0);

	if (m) {
		m->is_report = true;
		buf_clear(&m->reply);
		buf_put(&m->reply, jid_bare(&p.from));
		if (write_report(t, m, &p, &r->ask) == 0 && join(t, m, &p, now) == ANSWER_MAPPED) {
			begin(t, m, now);
			return;
		}
		message_done(t, m);
	}
	lose_failure(t, jid_bare(&p.from), "a report for which there was no room", now);
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
	write_failure(t, m, NULL, why);
	end(t, m, 408, now);
}

void to_sip_push_final(struct to_sip *t, uint64_t ref, const struct sip_msg *response, ts_t now)
{
	struct message *m = slots_find(&t->slots, ref);

	if (!m)
		return;
	if (response->status >= 300) {
		write_failure(t, m, response, ANSWER_MAPPED);
		end(t, m, response->status, now);
		return;
	}
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
	message_done(t, m);
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

/* ---- life ---- */

void to_sip_stop(struct to_sip *t)
{
	t->stopping = true;
}

void to_sip_give_up(struct to_sip *t, ts_t now)
{
	struct message *m;

	t->gave_up = true;
	while ((m = oldest(t)))
		give_up(t, m, m->item.place ? ANSWER_HOP_SILENT : ANSWER_STOPPING, now);
}

uint32_t to_sip_count(const struct to_sip *t)
{
	return slots_count(&t->slots);
}

uint32_t to_sip_untold(const struct to_sip *t)
{
	return t->n_untold;
}

int to_sip_new(struct to_sip **ret, const struct to_sip_cfg *cfg)
{
	struct to_sip *t = mem_alloc0(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->cfg = *cfg;
	list_init(&t->turn);
	list_init(&t->untold);
	list_init(&t->by_age);
	buf_init(&t->scratch, URI_MAX);
	rng_bytes(cfg->lent->rng, t->salt, sizeof(t->salt));
	once_init(&t->refused_once, cfg->lent->rng);
	queues_init(&t->queues, GATEWAY_PENDING_MAX, cfg->lent->rng);
	int err = slots_init(&t->slots, GATEWAY_PENDING_MAX, sizeof(struct message));
	if (!err)
		err = seen_new(&t->seen, cfg->lent);
	if (!err)
		err = budget_new(&t->budget, cfg->lent);
	if (err)
		to_sip_free(t);
	else
		*ret = t;
	return err;
}

void to_sip_forget_idle(struct to_sip *t)
{
	budget_forget_idle(t->budget);
}

struct to_sip *to_sip_free(struct to_sip *t)
{
	struct message *m;

	if (!t)
		return NULL;
	for (uint32_t i = 0; (m = slots_at(&t->slots, i)); i++) {
		buf_done(&m->request);
		buf_done(&m->reply);
	}
	queues_done(&t->queues);
	budget_free(t->budget);
	slots_done(&t->slots);
	seen_free(t->seen);
	buf_done(&t->scratch);
	return mem_free(t);
}
