#include "gateway/record.h"

#include <stdio.h>
#include <string.h>

#include "gateway/drops.h"
#include "gateway/events.h"

void record_init(struct record *r)
{
	buf_init(&r->texts, sizeof(((struct recent_message *)NULL)->texts));
}

void record_done(struct record *r)
{
	buf_done(&r->texts);
}

struct slice record_who(const struct lent *lent, const struct jid *jid)
{
	return lent->cfg->logs_users ? jid_bare(jid) : jid_domain(jid);
}

struct slice record_id(
	const struct recent_message *m, const struct ids *ids, char text[IDS_TEXT + 1])
{
	return m->ref ? ids_text(ids, IDS_MESSAGE, m->ref, text) : recent_text(m, RECENT_ID);
}

void record_begin(struct record *r, const struct record_of *of, ts_t now)
{
	const struct slice texts[RECENT_TEXTS] = {
		[RECENT_FROM] = of->from,
		[RECENT_TO] = of->to,
		[RECENT_ID] = of->id,
		[RECENT_CALL_ID] = of->call_id,
	};

	r->way = of->way;
	r->began = now;
	r->ref = of->ref;
	buf_clear(&r->texts);
	for (unsigned i = 0; i < RECENT_TEXTS; i++) {
		const struct slice cut = slice_cut(texts[i], 0, RECENT_TEXT_MAX);

		r->n[i] = (uint8_t)cut.n;
		buf_put(&r->texts, cut);
	}
	r->is_on = !buf_err(&r->texts);
}

static void log_message(const struct lent *lent, const struct recent_message *m)
{
	struct buf *b = event_begin(lent->shell, EVENT_MESSAGE);
	char id[IDS_TEXT + 1];

	log_str(b, "toward", slice_str(gateway_way_name(m->way)));
	log_str(b, "from", recent_text(m, RECENT_FROM));
	log_str(b, "to", recent_text(m, RECENT_TO));
	log_str(b, "id", record_id(m, lent->ids, id));
	log_str(b, "call_id", recent_text(m, RECENT_CALL_ID));
	log_str(b, "outcome", slice_str(gateway_outcome_name(m->outcome)));
	if (m->status)
		log_u64(b, "status", (uint64_t)m->status);
	if (m->cause)
		log_str(b, "cause", slice_str(m->cause));
	log_u64(b, "ms", (m->ended - m->began) / 1000);
	event_tell(lent->shell, EVENT_MESSAGE);
}

void record_end(struct record *r, const struct lent *lent, const struct record_end *end, ts_t now)
{
	if (!r->is_on)
		return;
	r->is_on = false;
	struct recent_message *m = recent_next(lent->recent);
	const struct slice texts = buf_slice(&r->texts);

	m->way = r->way;
	m->outcome = end->outcome;
	m->status = end->status;
	m->cause = end->cause;
	m->began = r->began;
	m->ended = now;
	m->ref = r->ref;
	lent->recent->ended[r->way][end->outcome]++;
	memcpy(m->n, r->n, sizeof(m->n));
	if (texts.n)
		memcpy(m->texts, texts.p, texts.n);
	if (lent->cfg->logs_messages)
		log_message(lent, m);
}

void record_refused(
	const struct lent *lent, const struct record_of *of, const struct record_end *end, ts_t now)
{
	uint8_t room[sizeof(((struct recent_message *)NULL)->texts) + 1];
	struct record r;

	buf_init_in(&r.texts, room, sizeof(room));
	record_begin(&r, of, now);
	record_end(&r, lent, end, now);
}

const char *record_cause(const struct verdict *v)
{
	const char *reason = answer_reason(v);

	if (answer_is_good(v))
		return NULL;
	if (!reason && v->has_condition)
		return stanza_condition_name(v->condition);
	return reason ? reason : sip_reason_phrase(answer_status(v));
}

static struct slice who_of(
	const struct lent *lent, const struct sip_uri *uri, char *room, size_t size)
{
	if (!lent->cfg->logs_users)
		return uri->host;
	const int n = snprintf(room, size, "%.*s@%.*s", (int)uri->user.n, (const char *)uri->user.p,
		(int)uri->host.n, (const char *)uri->host.p);

	return slice_of(room, (size_t)n < size ? (size_t)n : size - 1);
}

void record_refused_request(const struct lent *lent, const struct sip_msg *req,
	const struct verdict *v, const struct addr *peer, ts_t now)
{
	char from[RECENT_TEXT_MAX + 1], to[RECENT_TEXT_MAX + 1];
	const struct record_end end = { GATEWAY_REFUSED, answer_status(v), record_cause(v) };

	if (req->method == SIP_METHOD_MESSAGE) {
		const struct record_of of = { .way = GATEWAY_TO_XMPP,
			.from = who_of(lent, &req->from.uri, from, sizeof(from)),
			.to = who_of(lent, &req->ruri, to, sizeof(to)),
			.call_id = req->call_id };

		record_refused(lent, &of, &end, now);
	}
	drops_refused_peer(lent, peer, end.cause, end.status, now);
}
