/* What comes from XMPP and is for SIP: judged, written as a request, refused or begun. */
#include "base/mem.h"
#include "bridge/address.h"
#include "bridge/content.h"
#include "bridge/message.h"
#include "bridge/passes.h"
#include "gateway/drops.h"
#include "gateway/to_sip_private.h"

enum {
	TAG_MAX = 10,
	/* What a message takes beside its texts: transaction, queue, places in tables. */
	SLOT_BYTES = 1024,
};

static struct gateway_stats *stats(const struct to_sip *t)
{
	return t->cfg.lent->stats;
}

/* ---- refusals ---- */

/* What servers stamp is prepared: another form is counted with the others. */
static void count(struct to_sip *t, const struct stanza *s, const struct verdict *v)
{
	struct figures *f = t->cfg.lent->figures;

	figures_count(f, figures_find(f, jid_domain_in(s->from)), GATEWAY_TO_SIP, v);
}

/* As record_who(), of what may be no address. */
static struct slice who_of(const struct to_sip *t, struct slice address)
{
	return t->cfg.lent->cfg->logs_users ? slice_cut(address, 0, slice_chr(address, '/'))
					    : jid_domain_in(address);
}

/* Each text of ours is static, and ends with a NUL: it is the cause. */
static void note_refused(
	struct to_sip *t, const struct stanza *s, const struct stanza_error *error, ts_t now)
{
	const struct record_of of = { .way = GATEWAY_TO_SIP,
		.from = who_of(t, s->from),
		.to = who_of(t, s->to),
		.id = s->id };
	const struct record_end end = { GATEWAY_REFUSED, 0, (const char *)error->text.p };

	record_refused(t->cfg.lent, &of, &end, now);
	drops_refused(t->cfg.lent, DROP_XMPP_REFUSED, jid_domain_in(s->from), end.cause, 0, now);
}

/* A refusal at once, of a stanza that is at hand. */
static void refuse(struct to_sip *t, unsigned link, const struct stanza *s,
	const struct stanza_error *error, ts_t now)
{
	struct link *l = links_at(t->cfg.links, link);
	struct buf *b = link_begin(l);

	stats(t)->xmpp_refused++;
	note_refused(t, s, error, now);
	if (!b || !stanza_put_error_reply(b, s, error) || link_commit(l, now))
		to_sip_lose(t, slice_cut(s->from, 0, slice_chr(s->from, '/')),
			"a refusal for which the stream had no room", now);
}

static void refuse_by(
	struct to_sip *t, unsigned link, const struct stanza *s, enum answer answer, ts_t now)
{
	const struct stanza_error error = answer_error(answer);

	count(t, s, &(struct verdict){ .answer = answer });
	stats(t)->overload_wait += answer_is_wait(answer);
	refuse(t, link, s, &error, now);
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

/* What does not cross, whatever becomes of others. */
static void refuse_content(struct to_sip *t, unsigned link, const struct stanza *s,
	const struct party *p, const struct message_refusal *refusal, ts_t now)
{
	const struct stanza_error error = { .condition = refusal->condition,
		.type = refusal->type,
		.text = slice_str(refusal->text) };

	count(t, s, &(struct verdict){ .answer = ANSWER_CONTENT });
	if (!refusal->once || once_is_first(&t->refused_once, jid_bare(&p->from), jid_bare(&p->to),
				      error.text, now)) {
		refuse(t, link, s, &error, now);
		return;
	}
	stats(t)->xmpp_dropped++;
	drops_note_user(t->cfg.lent, DROP_STANZA, s->from, refusal->text, now);
}

/* As it was written. */
static struct slice call_id_of(const struct buf *request)
{
	const struct slice all = buf_slice(request), name = SLICE("\r\nCall-ID: ");
	const struct slice rest = slice_skip(all, slice_find(all, name) + name.n);

	return slice_cut(rest, 0, slice_chr(rest, '\r'));
}

static void take(
	struct to_sip *t, unsigned link, const struct stanza *s, const struct party *p, ts_t now)
{
	struct message *m = to_sip_place(t, link);
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
		m->figures = figures_find(t->cfg.lent->figures, jid_domain(&p->from));
		const struct record_of of = { .way = GATEWAY_TO_SIP,
			.from = record_who(t->cfg.lent, &p->from),
			.to = record_who(t->cfg.lent, &p->to),
			.id = s->id,
			.call_id = call_id_of(&m->request) };
		record_begin(&m->record, &of, now);
		to_sip_begin(t, m, now);
		return;
	}
	to_sip_give_back(t, m);
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

static bool is_silent(struct to_sip *t, const struct stanza *s, ts_t now)
{
	if (!content_is_silent(content_of(s)))
		return false;
	stats(t)->xmpp_silent++;
	drops_note_user(t->cfg.lent, DROP_SILENT, s->from,
		"a message without text that needs no answer", now);
	return true;
}

static void refuse_address(struct to_sip *t, unsigned link, const struct stanza *s,
	enum answer answer, const struct where *where, ts_t now)
{
	count(t, s, &(struct verdict){ .answer = answer });
	refuse(t, link, s,
		&(struct stanza_error){ .condition = COND_JID_MALFORMED,
			.type = ERROR_TYPE_MODIFY,
			.text = slice_str(where->what) },
		now);
}

/* What a server takes for an address may be none here.  The error comes from the domain then: no
 * server takes a stanza of such an address.  False: `to` is in no domain of ours. */
static bool refuse_receiver(struct to_sip *t, unsigned link, const struct stanza *s,
	const struct where *where, ts_t now)
{
	struct stanza from_domain = *s;
	struct where ignored;
	struct jid domain;

	from_domain.to = jid_domain_in(s->to);
	if (jid_decode(from_domain.to, &domain, &ignored) ||
		!route_is_of(t->cfg.routes, link, &domain))
		return false;
	if (!is_silent(t, s, now))
		refuse_address(t, link, &from_domain, ANSWER_BAD_TO, where, now);
	return true;
}

static bool read_receiver(
	struct to_sip *t, unsigned link, const struct stanza *s, struct jid *ret, ts_t now)
{
	struct where where;

	const int err = jid_decode(s->to, ret, &where);
	if (!err && route_is_of(t->cfg.routes, link, ret))
		return true;
	if (err == -ENOMEM) {
		refuse_by(t, link, s, ANSWER_NO_MEMORY, now);
		return false;
	}
	if (err && refuse_receiver(t, link, s, &where, now))
		return false;
	stats(t)->xmpp_dropped++; /* the server's mistake */
	drops_note_user(
		t->cfg.lent, DROP_MISTAKE, s->from, "a message to a domain that is not ours", now);
	return false;
}

void to_sip_push_stanza(struct to_sip *t, unsigned link, const struct stanza *s, ts_t now)
{
	struct party p;
	struct where where;

	if (!read_receiver(t, link, s, &p.to, now) || is_silent(t, s, now))
		return;
	const int err = jid_decode(s->from, &p.from, &where);
	if (err && err != -ENOMEM) {
		refuse_address(t, link, s, ANSWER_BAD_FROM, &where, now);
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

/* NULL: it may go out.  Else why not. */
static const char *prepare_report(struct to_sip *t, struct message *m, const struct report *r,
	const struct party *p, ts_t now)
{
	m->is_report = true;
	buf_clear(&m->reply);
	buf_put(&m->reply, jid_bare(&p->from));
	const int err = write_report(t, m, p, &r->ask);
	if (err && err != -ENOMEM)
		return "a report that could not be written";
	const enum answer answer = err ? ANSWER_NO_MEMORY : join(t, m, p, now);
	if (answer == ANSWER_MAPPED)
		return NULL;
	return answer == ANSWER_NO_MEMORY ? "a report for which there was no memory"
					  : "a report for which there was no room";
}

void to_sip_push_report(struct to_sip *t, const struct report *r, ts_t now)
{
	const struct party p = { .from = r->party.to, .to = r->party.from };
	struct message *m = to_sip_place(t, 0);
	const char *cause =
		m ? prepare_report(t, m, r, &p, now) : "a report for which there was no room";

	if (!cause) {
		to_sip_begin(t, m, now);
		return;
	}
	if (m)
		to_sip_give_back(t, m);
	to_sip_lose(t, jid_bare(&p.from), cause, now);
}

/* ---- life ---- */

void to_sip_stop(struct to_sip *t)
{
	t->stopping = true;
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
		record_done(&m->record);
	}
	queues_done(&t->queues);
	budget_free(t->budget);
	slots_done(&t->slots);
	seen_free(t->seen);
	buf_done(&t->scratch);
	return mem_free(t);
}
