#include "gateway/to_xmpp.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/slots.h"
#include "bridge/address.h"
#include "bridge/message.h"
#include "gateway/drops.h"
#include "gateway/figures.h"
#include "gateway/moved.h"
#include "gateway/msg.h"
#include "gateway/outcomes.h"
#include "gateway/record.h"

/* Below every server's stanza limit with room for its own wrapping. */
enum {
	STANZA_MAX = 200 << 10,
};

struct message {
	struct slot slot; /* its id is in the stanza's */
	struct msg life;
	struct link *link;
	uint64_t place; /* of the request */
	struct proof_item item;
	struct list settling;
	struct list age; /* of to_xmpp.by_age */
	figures_row figures;
	struct ended end; /* so far */
	struct record record;
	bool full_jid;    /* the receiver's address has a resource */
	bool is_unproven; /* its domain answered no ping */
};

struct to_xmpp {
	struct to_xmpp_cfg cfg;
	struct slots slots;
	struct reports *reports;
	struct outcomes *outcomes;
	struct list settling; /* they settle equally long: the first one is due first */
	struct list by_age;   /* the oldest first */
	uint8_t salt[16];     /* of the hashes of receivers */
	bool stopping;
};

static struct gateway_stats *stats(const struct to_xmpp *t)
{
	return t->cfg.lent->stats;
}

/* ---- places ---- */

static struct message *message_new(struct to_xmpp *t)
{
	struct message *m = slots_get(&t->slots);

	if (!m)
		return NULL;
	if (slot_is_new(&m->slot)) {
		list_init(&m->settling);
		list_init(&m->age);
		list_init(&m->item.fifo);
		list_init(&m->item.wait);
		record_init(&m->record);
	}
	slots_take(&m->slot, t->cfg.lent->rng);
	m->place = 0;
	m->record.is_on = false;
	m->is_unproven = false;
	m->item.domain = NULL;
	m->end = (struct ended){ .outcome = OUTCOME_UNANSWERED };
	return m;
}

static void message_done(struct to_xmpp *t, struct message *m, ts_t now)
{
	record_end(&m->record, t->cfg.lent,
		&(struct record_end){ GATEWAY_UNANSWERED, 0, "the sender was gone" }, now);
	if (m->item.domain && m->end.outcome == OUTCOME_UNANSWERED)
		figures_count(t->cfg.lent->figures, m->figures, GATEWAY_TO_XMPP, NULL);
	if (m->item.domain) {
		m->end.domain = siphash(t->salt, proof_domain_name(m->item.domain));
		outcomes_keep(t->outcomes, slot_id(&m->slot), &m->end);
	}
	proof_forget(&m->item);
	list_remove(&m->settling);
	list_remove(&m->age);
	slots_give(&t->slots, &m->slot);
}

/* ---- what the message's life wants ---- */

static void count_refusal(struct to_xmpp *t, enum answer answer)
{
	stats(t)->sip_refused++;
	stats(t)->overload_503 += answer == ANSWER_OVERLOAD;
}

static void note_end(struct to_xmpp *t, struct message *m, const struct verdict *v, ts_t now)
{
	const struct record_end end = { answer_is_good(v) ? GATEWAY_CARRIED : GATEWAY_REFUSED,
		answer_status(v), record_cause(v) };

	record_end(&m->record, t->cfg.lent, &end, now);
	if (!answer_is_good(v))
		drops_refused_peer(
			t->cfg.lent, hops_peer(t->cfg.hops, m->place), end.cause, end.status, now);
}

static void count(struct to_xmpp *t, const struct message *m, const struct verdict *v, ts_t now)
{
	struct figures *f = t->cfg.lent->figures;

	if (m->is_unproven && answer_is_good(v))
		figures_count_unproven(f, m->figures, GATEWAY_TO_XMPP);
	else
		figures_count(f, m->figures, GATEWAY_TO_XMPP, v);
	figures_time(f, GATEWAY_TO_XMPP, now - m->end.sent);
}

/* What is refused now is reported by that. */
static void answer(struct to_xmpp *t, struct message *m, const struct verdict *v, ts_t now)
{
	m->end.outcome = answer_is_good(v) ? OUTCOME_ACKNOWLEDGED : OUTCOME_REFUSED;
	if (!answer_is_good(v))
		reports_forget(t->reports, slot_id(&m->slot));
	if (v->answer != ANSWER_MAPPED)
		count_refusal(t, v->answer);
	note_end(t, m, v, now);
	count(t, m, v, now);
	hops_answer(t->cfg.hops, m->place, v, now);
}

static void act(struct to_xmpp *t, struct message *m, ts_t now)
{
	struct msg_event ev;

	while (msg_take_event(&m->life, &ev)) {
		switch (ev.type) {
		case MSG_EV_ANSWER: answer(t, m, ev.verdict, now); break;
		case MSG_EV_REPORT: stats(t)->late_errors++; break;
		case MSG_EV_DONE: message_done(t, m, now); return;
		case MSG_EV_STORE: msg_push_stored(&m->life, -ENOTSUP, now); break; /* no journal */
		case MSG_EV_SEND: /* begin() sends it while its request is at hand */
		case MSG_EV_ERASE: break;
		}
	}
	list_remove(&m->settling);
	if (m->life.state == MSG_SETTLING)
		list_append(&t->settling, &m->settling);
}

/* ---- a request ---- */

/* Writes the stanza.  Nothing was sent unless ANSWER_MAPPED; *loss is ANSWER_CONTENT's. */
static enum answer hand_over(struct to_xmpp *t, struct message *m, const struct sip_msg *req,
	const struct party *p, struct message_loss *loss, ts_t now)
{
	struct proof_domain *d = link_domain(m->link, jid_domain(&p->to));
	struct buf *b = d ? link_begin(m->link) : NULL;
	const uint64_t id = slot_id(&m->slot);
	char text[IDS_TEXT + 1];

	if (!b)
		return ANSWER_OVERLOAD; /* the server does not read fast enough */
	const size_t before = buf_len(b);
	int err = message_to_xmpp(
		req, &p->from, &p->to, ids_text(t->cfg.lent->ids, IDS_MESSAGE, id, text), b, loss);
	if (err == ERR_LEGAL)
		return ANSWER_CONTENT;
	if (!err &&
		buf_len(b) - before > STANZA_MAX) /* escaping makes it up to five times longer */
		return ANSWER_TOO_LARGE;
	if (err || link_commit_message(m->link, &m->item, id, d, now))
		return ANSWER_OVERLOAD;
	return ANSWER_MAPPED;
}

/* The text is carried, what was beside it is not. */
static void note_left_out(struct to_xmpp *t, const struct party *p, unsigned n, ts_t now)
{
	if (n == 0)
		return;
	stats(t)->parts_left_out += n;
	drops_note_user(t->cfg.lent, DROP_PARTS, jid_bare(&p->from),
		"parts of a message that are not text", now);
}

static enum outcome_report keep_report(struct to_xmpp *t, const struct message *m,
	const struct sip_msg *req, const struct party *p, ts_t now)
{
	struct imdn_ask ask;

	if (!imdn_wants_failure(req, &ask))
		return OUTCOME_REPORT_NOT_ASKED;
	return reports_keep(t->reports, slot_id(&m->slot), p, &ask, now) == 0
		       ? OUTCOME_REPORT_KEPT
		       : OUTCOME_REPORT_NO_MEMORY;
}

static void note_begin(struct to_xmpp *t, struct message *m, const struct sip_msg *req,
	const struct party *p, ts_t now)
{
	const struct record_of of = { .way = GATEWAY_TO_XMPP,
		.from = record_who(t->cfg.lent, &p->from),
		.to = record_who(t->cfg.lent, &p->to),
		.ref = slot_id(&m->slot),
		.call_id = req->call_id };

	record_begin(&m->record, &of, now);
}

static void begin(struct to_xmpp *t, struct message *m, const struct sip_msg *req,
	const struct party *p, ts_t now)
{
	const struct msg_cfg cfg = { .settle = t->cfg.lent->cfg->settle };

	msg_init(&m->life, &cfg);
	m->full_jid = p->to.n_resource > 0;
	m->end.receiver = siphash(t->salt, jid_bare(&p->to));
	m->end.sent = now;
	list_append(&t->by_age, &m->age);
	note_begin(t, m, req, p, now);
	struct message_loss loss = { .n_left_out = 0 };
	const enum answer answer = hand_over(t, m, req, p, &loss, now);
	const struct verdict v = { .answer = answer, .refused = loss.refused };
	if (v.answer == ANSWER_MAPPED) {
		stats(t)->sip_to_xmpp++;
		note_left_out(t, p, loss.n_left_out, now);
		contacts_add(t->cfg.contacts, &p->from, &p->to, now);
		m->end.report = keep_report(t, m, req, p, now);
		msg_push_sent(&m->life, now);
	} else {
		msg_push_refused(&m->life, &v, now);
	}
	act(t, m, now);
}

/* What keeps a message from going out now. */
static enum answer check_room(
	struct to_xmpp *t, const struct link *link, struct slice domain, ts_t now)
{
	if (t->stopping)
		return ANSWER_STOPPING;
	if (t->cfg.lent->cfg->refuses_unproven && link_is_silent(link, domain, now))
		return ANSWER_UNPROVEN;
	switch (link_takes(link)) {
	case LINK_TAKES:
		return hops_can_remember(t->cfg.hops, now) ? ANSWER_MAPPED : ANSWER_OVERLOAD;
	case LINK_FULL: return ANSWER_OVERLOAD;
	case LINK_DOWN: return ANSWER_STREAM_DOWN;
	case LINK_REFUSED: return ANSWER_STREAM_REFUSED;
	}
	return ANSWER_OVERLOAD;
}

/* An answer given at once is remembered too: a repeated request must get the same. */
static void refuse(struct to_xmpp *t, const struct sip_msg *req, figures_row figures,
	enum answer answer, ts_t now)
{
	const struct verdict v = { .answer = answer };

	count_refusal(t, answer);
	record_refused_request(t->cfg.lent, req, &v, hops_peer(t->cfg.hops, TL_IN_HAND), now);
	figures_count(t->cfg.lent->figures, figures, GATEWAY_TO_XMPP, &v);
	hops_answer(t->cfg.hops, TL_IN_HAND, &v, now);
}

void to_xmpp_push_request(struct to_xmpp *t, const struct sip_msg *req, ts_t now)
{
	struct party p;
	struct link *link = NULL;
	figures_row figures = FIGURES_OTHER;
	unsigned number;

	enum answer answer = route_read(req, &p);
	if (answer == ANSWER_MAPPED) {
		figures = figures_find(t->cfg.lent->figures, jid_domain(&p.to));
		answer = route_to_xmpp(t->cfg.routes, &p, &number);
	}
	if (answer == ANSWER_MAPPED) {
		link = links_at(t->cfg.links, number);
		answer = check_room(t, link, jid_domain(&p.to), now);
	}
	if (answer != ANSWER_MAPPED) {
		refuse(t, req, figures, answer, now);
		return;
	}
	struct message *m = message_new(t);
	if (m)
		m->place = hops_keep(t->cfg.hops, slot_id(&m->slot), now);
	if (m && m->place) {
		m->link = link;
		m->figures = figures;
		begin(t, m, req, &p, now);
		return;
	}
	const bool too_long = m && hops_is_answer_too_long(t->cfg.hops);
	if (m)
		message_done(t, m, now);
	refuse(t, req, figures, too_long ? ANSWER_HEAD_TOO_LARGE : ANSWER_OVERLOAD, now);
}

/* ---- what the far side says ---- */

void to_xmpp_push_proven(struct to_xmpp *t, uint64_t ref, ts_t now)
{
	struct message *m = slots_find(&t->slots, ref);

	if (!m)
		return;
	msg_push_proven(&m->life, now);
	act(t, m, now);
}

/* The server has read it and no error came.  Whether that is enough is a setting: behind a router
 * whose session manager is away it is lost. */
void to_xmpp_push_unproven(struct to_xmpp *t, uint64_t ref, ts_t now)
{
	static const struct verdict unproven = { .answer = ANSWER_UNPROVEN };
	struct message *m = slots_find(&t->slots, ref);

	if (!m)
		return;
	m->is_unproven = true;
	if (t->cfg.lent->cfg->refuses_unproven)
		msg_push_refused(&m->life, &unproven, now);
	else
		msg_push_proven(&m->life, now);
	act(t, m, now);
}

/* Whether the server had read it is not known: a sender that repeats may double a message, one that
 * does not would lose it. */
void to_xmpp_push_lost(struct to_xmpp *t, uint64_t ref, ts_t now)
{
	static const struct verdict lost = { .answer = ANSWER_STREAM_LOST };
	struct message *m = slots_find(&t->slots, ref);

	if (!m)
		return;
	msg_push_lost(&m->life, &lost, now);
	act(t, m, now);
}

/* The new address, for as long as the answer may be asked for again.  One that has no form in SIP,
 * or for which there is no room, is none: the answer to a repeated request must be the same. */
static struct slice new_address(
	struct to_xmpp *t, const struct message *m, struct slice address, struct buf *b, ts_t now)
{
	struct where where;

	if (address.n == 0 || address_iri_to_contact(address, b, &where) ||
		!hops_keep_contact(t->cfg.hops, m->place, buf_slice(b), now))
		return SLICE_NONE;
	return buf_slice(b);
}

static struct stanza_error error_of(const struct stanza *s)
{
	struct stanza_error error;

	return stanza_error_read(&error, s->node)
		       ? error
		       : (struct stanza_error){ .condition = COND_UNDEFINED_CONDITION };
}

static void refused(
	struct to_xmpp *t, struct message *m, const struct stanza_error *error, ts_t now)
{
	struct buf address;

	buf_init(&address, MOVED_CONTACT_MAX);
	const struct slice contact = new_address(t, m, error->address, &address, now);
	const struct error_context ctx = { .full_jid = m->full_jid,
		.has_address = contact.n > 0,
		.unresolved = error->condition == COND_REMOTE_SERVER_NOT_FOUND &&
			      error->type == ERROR_TYPE_WAIT };
	const struct verdict v = { .status = error_to_sip(error->condition, &ctx),
		.has_condition = true,
		.condition = error->condition,
		.contact = contact };
	msg_push_refused(&m->life, &v, now);
	act(t, m, now);
	buf_done(&address);
}

/* RFC 6120 section 8.3.2: from the intended recipient.  That may be one of his clients, though he
 * was written to under his bare address, and some servers speak in their own name. */
static bool may_refuse(const struct to_xmpp *t, const struct message *m, const struct jid *from)
{
	return siphash(t->salt, jid_bare(from)) == m->end.receiver ||
	       slice_eq(jid_full(from), proof_domain_name(m->item.domain));
}

static bool may_refuse_late(const struct jid *from, const struct jid *receiver)
{
	return jid_bare_eq(from, receiver) || slice_eq(jid_bare(from), jid_domain(receiver));
}

static void refused_by_another(struct to_xmpp *t, const struct jid *from, ts_t now)
{
	stats(t)->stray_errors++;
	drops_note_user(
		t->cfg.lent, DROP_MISTAKE, jid_bare(from), "a refusal of what is for another", now);
}

/* Why its sender does not hear of it. */
static const char *why_unreported(const struct ended *e, ts_t now)
{
	if (!e)
		return "forgotten";
	if (e->outcome == OUTCOME_REFUSED)
		return "answered";
	switch (e->report) {
	case OUTCOME_REPORT_NOT_ASKED: return "not-asked";
	case OUTCOME_REPORT_NO_MEMORY: return "no-memory";
	case OUTCOME_REPORT_MADE: return "reported-before";
	case OUTCOME_REPORT_KEPT: break;
	}
	return now >= ts_add(e->sent, TS_S(REPORTS_KEPT_S)) ? "too-late" : "no-room";
}

/* An error of a message that was refused before says nothing new: each client of the receiver may
 * send one.  `reason`: why it is not reported; NULL: it is. */
static void tell_late(struct to_xmpp *t, enum outcome outcome, const struct stanza *s,
	const struct jid *from, const char *reason, ts_t now)
{
	static const enum drop drops[] = {
		[OUTCOME_UNKNOWN] = DROP_LATE_ERROR,
		[OUTCOME_ACKNOWLEDGED] = DROP_LATE_ERROR,
		[OUTCOME_UNANSWERED] = DROP_UNANSWERED_ERROR,
		[OUTCOME_REFUSED] = DROP_REFUSED_AGAIN,
	};
	const struct lent *lent = t->cfg.lent;
	struct buf *b = drops_first_user(lent, drops[outcome], jid_bare(from), s->to,
		stanza_condition_name(error_of(s).condition), now);

	if (!b)
		return;
	log_str(b, "reported", reason ? SLICE("no") : SLICE("yes"));
	if (reason)
		log_str(b, "reason", slice_str(reason));
	log_u64(b, "n", 1);
	drops_tell(lent, drops[outcome]);
}

/* The message is over and holds no place: a report is made of what was kept for it, if its sender
 * asked for one, and the line of log of the error itself. */
static bool refused_late(struct to_xmpp *t, uint64_t ref, const struct stanza *s,
	const struct jid *from, struct report *ret, ts_t now)
{
	struct ended *e = outcomes_find(t->outcomes, ref);
	const bool is_kept = reports_find(t->reports, ref, ret, now);

	if ((e && !ended_is_of(e, siphash(t->salt, jid_bare(from)))) ||
		(is_kept && !may_refuse_late(from, &ret->party.to))) {
		refused_by_another(t, from, now);
		return false;
	}
	stats(t)->late_errors++;
	tell_late(t, e ? e->outcome : OUTCOME_UNKNOWN, s, from,
		is_kept ? NULL : why_unreported(e, now), now);
	if (is_kept)
		reports_forget(t->reports, ref);
	if (is_kept && e)
		e->report = OUTCOME_REPORT_MADE;
	return is_kept;
}

/* It answers nothing that this process sent. */
static void stray(
	struct to_xmpp *t, unsigned link, enum ids_whose whose, const struct stanza *s, ts_t now)
{
	stats(t)->stray_errors++;
	if (whose == IDS_ANOTHERS)
		link_pass_on(links_at(t->cfg.links, link), s, now);
	else
		drops_note_user(t->cfg.lent, DROP_STANZA, s->from,
			"an error that answers nothing of ours", now);
}

/* RFC 7247 section 7.1: the error stanza becomes the answer, if that was not given yet. */
bool to_xmpp_push_error(
	struct to_xmpp *t, unsigned link, const struct stanza *s, struct report *ret, ts_t now)
{
	struct where where;
	struct jid from;
	uint64_t ref;

	const enum ids_whose whose = ids_read(t->cfg.lent->ids, IDS_MESSAGE, s->id, &ref);
	if (whose != IDS_OURS || jid_decode(s->from, &from, &where)) {
		stray(t, link, whose, s, now);
		return false;
	}
	struct message *m = slots_find(&t->slots, ref);
	if (!m)
		return refused_late(t, ref, s, &from, ret, now);
	if (!may_refuse(t, m, &from)) {
		refused_by_another(t, &from, now);
		return false;
	}
	const struct stanza_error error = error_of(s);
	stats(t)->far_errors++;
	refused(t, m, &error, now);
	return false;
}

void to_xmpp_push_gone(struct to_xmpp *t, uint64_t ref, ts_t now)
{
	struct message *m = slots_find(&t->slots, ref);

	if (!m)
		return;
	msg_push_gone(&m->life, now);
	act(t, m, now);
}

/* ---- time ---- */

static struct message *first_settling(const struct to_xmpp *t)
{
	return LIST_FIRST(&t->settling, struct message, settling);
}

void to_xmpp_push_time(struct to_xmpp *t, ts_t now)
{
	for (struct message *m; shell_has_room(t->cfg.lent->shell) && (m = first_settling(t)) &&
				msg_deadline(&m->life) <= now;) {
		msg_push_time(&m->life, now);
		act(t, m, now);
	}
}

ts_t to_xmpp_deadline(const struct to_xmpp *t)
{
	const struct message *m = first_settling(t);

	return m ? msg_deadline(&m->life) : TS_NEVER;
}

/* ---- life ---- */

void to_xmpp_stop(struct to_xmpp *t)
{
	t->stopping = true;
}

uint32_t to_xmpp_count(const struct to_xmpp *t)
{
	return slots_count(&t->slots);
}

ts_t to_xmpp_oldest(const struct to_xmpp *t)
{
	const struct message *m = LIST_FIRST(&t->by_age, struct message, age);

	return m ? m->end.sent : TS_NEVER;
}

int to_xmpp_new(struct to_xmpp **ret, const struct to_xmpp_cfg *cfg)
{
	struct to_xmpp *t = mem_alloc0(sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->cfg = *cfg;
	list_init(&t->settling);
	list_init(&t->by_age);
	rng_bytes(cfg->lent->rng, t->salt, sizeof(t->salt));
	int err = slots_init(&t->slots, GATEWAY_PENDING_MAX, sizeof(struct message));
	if (!err)
		err = reports_new(&t->reports, cfg->lent->rng);
	if (!err)
		err = outcomes_new(&t->outcomes);
	if (err)
		to_xmpp_free(t);
	else
		*ret = t;
	return err;
}

struct to_xmpp *to_xmpp_free(struct to_xmpp *t)
{
	struct message *m;

	if (!t)
		return NULL;
	for (uint32_t i = 0; (m = slots_at(&t->slots, i)); i++)
		record_done(&m->record);
	reports_free(t->reports);
	outcomes_free(t->outcomes);
	slots_done(&t->slots);
	return mem_free(t);
}
