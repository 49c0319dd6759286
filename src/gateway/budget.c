/* What waits towards SIP, in bytes.  A next hop that is slow or silent makes every message wait,
 * up to timer F; whoever may write to our users decides how many there are and how large.  So all
 * of them together have a bound, one domain half of it, and one sender an eighth: nobody takes it
 * all away from the others.  (Which address is whose is the domain's affair: one that gives
 * accounts to anybody is kept in its half.) */
#include "gateway/private.h"

enum {
	PENDING_BYTES_MAX = 64 << 20, /* some 30,000 messages of a few words */
	DOMAIN_BYTES_MAX = PENDING_BYTES_MAX / 2,
	SENDER_BYTES_MAX = PENDING_BYTES_MAX / 8,
	SAY_AGAIN_S = 60, /* a flood is one line in the log every so often */
};

/* Two senders may have one place, and then share what one of them may take.  The hash has a salt:
 * nobody can choose whose place he takes. */
static uint32_t *place_of(struct gateway *g, const struct jid *from)
{
	return &g->sender_bytes[siphash(g->salt, jid_bare(from)) % SENDER_PLACES];
}

/* The first refusal at once, then no more than the number of the others. */
static void say(struct gateway *g, const char *whose, const struct jid *from, ts_t now)
{
	g->budget_refused++;
	if (now < g->budget_silent_until)
		return;
	g->budget_silent_until = ts_add(now, TS_S(SAY_AGAIN_S));
	struct buf *b = gateway_log(g, "sip", "too-much-waits");
	log_str(b, "of", slice_str(whose));
	log_str(b, "sender", jid_bare(from));
	log_u64(b, "bytes", g->pending_bytes);
	log_u64(b, "refused", g->budget_refused);
	g->budget_refused = 0;
	gateway_emit(g, GATEWAY_EV_LOG, LOG_LEVEL_WARNING);
}

const char *gateway_budget_take(
	struct gateway *g, struct uac *u, const struct jid *from, size_t bytes, ts_t now)
{
	uint32_t *sender = place_of(g, from);
	struct domain *d = gateway_domain_get(g, jid_domain(from));
	const char *whose, *text;

	if (*sender + bytes > SENDER_BYTES_MAX) {
		whose = "sender";
		text = "Too many of your messages wait";
	} else if (d && d->pending_bytes + bytes > DOMAIN_BYTES_MAX) {
		whose = "domain";
		text = "Too many messages of your domain wait";
	} else if (!d || g->pending_bytes + bytes > PENDING_BYTES_MAX) {
		whose = "all";
		text = "Too many messages wait";
	} else {
		*sender += (uint32_t)bytes;
		d->pending_bytes += bytes;
		g->pending_bytes += bytes;
		u->sender = sender;
		u->sender_domain = d;
		u->bytes = bytes;
		return NULL;
	}
	say(g, whose, from, now);
	return text;
}

void gateway_budget_give(struct gateway *g, struct uac *u)
{
	if (u->bytes == 0)
		return;
	*u->sender -= (uint32_t)u->bytes;
	u->sender_domain->pending_bytes -= u->bytes;
	g->pending_bytes -= u->bytes;
	u->bytes = 0;
}
