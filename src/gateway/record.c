#include "gateway/record.h"

enum { ABOUT_MAX = 1024 }; /* what is longer is cut off by leaving it out */

void record_init(struct record *r)
{
	buf_init(&r->about, ABOUT_MAX);
}

void record_done(struct record *r)
{
	buf_done(&r->about);
}

static void put_who(
	struct record *r, const struct lent *lent, const char *key, const struct jid *jid)
{
	log_str(&r->about, key, lent->cfg->logs_users ? jid_bare(jid) : jid_domain(jid));
}

void record_begin(struct record *r, const struct lent *lent, const char *toward,
	const struct party *party, ts_t now)
{
	r->is_on = lent->cfg->logs_messages;
	if (!r->is_on)
		return;
	r->began = now;
	buf_clear(&r->about);
	log_str(&r->about, "toward", slice_str(toward));
	put_who(r, lent, "from", &party->from);
	put_who(r, lent, "to", &party->to);
}

void record_ids(struct record *r, struct slice stanza_id, struct slice call_id)
{
	log_str(&r->about, "id", stanza_id);
	log_str(&r->about, "call_id", call_id);
}

void record_end(struct record *r, const struct lent *lent, const struct verdict *v, ts_t now)
{
	const char *reason = v ? answer_reason(v) : NULL;

	if (!r->is_on)
		return;
	r->is_on = false;
	struct buf *b = shell_log(lent->shell, "gateway", "message");
	buf_put(b, buf_slice(&r->about));
	if (v)
		log_u64(b, "status", (uint64_t)answer_status(v));
	else
		log_str(b, "status", SLICE("none"));
	if (reason)
		log_str(b, "reason", slice_str(reason));
	log_u64(b, "ms", (now - r->began) / 1000);
	shell_emit(lent->shell, GATEWAY_EV_LOG, true, LOG_LEVEL_DEBUG);
}
