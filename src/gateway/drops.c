#include "gateway/drops.h"

#include "base/mem.h"

/* A peer that is trusted and cannot be understood, or one that is not and writes all the same, is
 * something that the administrator has to put right. */
static const struct {
	const char *word;
	enum log_level level;
} drops[] = {
	[DROP_UNTRUSTED] = { "untrusted", LOG_LEVEL_WARNING },
	[DROP_MALFORMED] = { "malformed", LOG_LEVEL_WARNING },
	[DROP_RESPONSE] = { "stray-response", LOG_LEVEL_INFO },
	[DROP_LATE] = { "late-response", LOG_LEVEL_DEBUG },
	[DROP_CONN] = { "connection-dropped", LOG_LEVEL_WARNING },
	[DROP_CUT] = { "connection-cut", LOG_LEVEL_WARNING },
	[DROP_GONE] = { "answer-not-sent", LOG_LEVEL_WARNING },
};
_Static_assert(COUNT(drops) == DROP_COUNT, "one row a kind");

void drops_tell(const struct lent *lent, enum drop what)
{
	shell_emit(lent->shell, GATEWAY_EV_LOG, true, drops[what].level);
}

static struct buf *begin(
	const struct lent *lent, enum drop what, struct slice peer, const char *cause)
{
	struct buf *b = shell_log(lent->shell, "sip", cause ? drops[what].word : "dropped");

	log_str(b, "peer", peer.n ? peer : SLICE("many"));
	log_str(b, "cause", slice_str(cause ? cause : "several"));
	return b;
}

struct buf *drops_first(const struct lent *lent, enum drop what, const struct addr *peer,
	const char *cause, ts_t now)
{
	uint8_t room[ADDR_TEXT_MAX];
	struct buf text;

	buf_init_in(&text, room, sizeof(room));
	addr_put_ip(&text, peer);
	return tally_add(lent->tally, what, cause, buf_slice(&text), now)
		       ? begin(lent, what, buf_slice(&text), cause)
		       : NULL;
}

void drops_note(const struct lent *lent, enum drop what, const struct addr *peer, const char *cause,
	ts_t now)
{
	if (drops_first(lent, what, peer, cause, now))
		drops_tell(lent, what);
}

void drops_untrusted(const struct lent *lent, const struct addr *peer, const char *cause, ts_t now)
{
	struct buf *b = drops_first(lent, DROP_UNTRUSTED, peer, cause, now);

	if (!b)
		return;
	log_str(b, "advice",
		SLICE("if it is one of your proxies, name its address in "
		      "gateway.sip.trusted_peers"));
	drops_tell(lent, DROP_UNTRUSTED);
}

void drops_push_time(const struct lent *lent, ts_t now)
{
	struct tally_sum sum;

	while (tally_take(lent->tally, &sum, now)) {
		struct buf *b = begin(lent, (enum drop)sum.what, sum.who, sum.cause);

		log_u64(b, "more", sum.count);
		drops_tell(lent, (enum drop)sum.what);
	}
}
