#include "gateway/drops.h"

#include "base/mem.h"

/* A peer that is trusted and cannot be understood, or one that is not and writes all the same, is
 * something that the administrator has to put right. */
static const struct {
	enum drop_kind kind;
	const char *subsystem, *word;
	enum log_level level;
} drops[] = {
	[DROP_UNTRUSTED] = { DROP_OF_PEERS, "sip", "untrusted", LOG_LEVEL_WARNING },
	[DROP_MALFORMED] = { DROP_OF_PEERS, "sip", "malformed", LOG_LEVEL_WARNING },
	[DROP_RESPONSE] = { DROP_OF_PEERS, "sip", "stray-response", LOG_LEVEL_INFO },
	[DROP_LATE] = { DROP_OF_PEERS, "sip", "late-response", LOG_LEVEL_DEBUG },
	[DROP_CONN] = { DROP_OF_PEERS, "sip", "connection-dropped", LOG_LEVEL_WARNING },
	[DROP_CUT] = { DROP_OF_PEERS, "sip", "connection-cut", LOG_LEVEL_WARNING },
	[DROP_GONE] = { DROP_OF_PEERS, "sip", "answer-not-sent", LOG_LEVEL_WARNING },
	[DROP_STANZA] = { DROP_OF_USERS, "xmpp", "dropped", LOG_LEVEL_INFO },
	[DROP_MISTAKE] = { DROP_OF_USERS, "xmpp", "dropped", LOG_LEVEL_WARNING },
	[DROP_LOST] = { DROP_OF_USERS, "xmpp", "dropped", LOG_LEVEL_WARNING },
	[DROP_PARTS] = { DROP_OF_USERS, "sip", "dropped", LOG_LEVEL_INFO },
	[DROP_LATE_ERROR] = { DROP_OF_USERS, "xmpp", "acknowledged-then-refused",
		LOG_LEVEL_WARNING },
	[DROP_UNANSWERED_ERROR] = { DROP_OF_USERS, "xmpp", "unanswered-then-refused",
		LOG_LEVEL_WARNING },
	[DROP_REFUSED_AGAIN] = { DROP_OF_SILENT, "xmpp", "refused-again", LOG_LEVEL_DEBUG },
	[DROP_SILENT] = { DROP_OF_SILENT, "xmpp", "dropped", LOG_LEVEL_DEBUG },
};
_Static_assert(COUNT(drops) == DROP_COUNT, "one row a kind");

/* As which those are told that found no place even with their cause. */
static const enum drop several[] = {
	[DROP_OF_PEERS] = DROP_UNTRUSTED,
	[DROP_OF_USERS] = DROP_STANZA,
	[DROP_OF_SILENT] = DROP_SILENT,
};
_Static_assert(COUNT(several) == DROP_KINDS, "one row a kind");

static struct tally *tally_of(const struct lent *lent, enum drop what)
{
	return &lent->drops->tallies[drops[what].kind];
}

void drops_tell(const struct lent *lent, enum drop what)
{
	shell_emit(lent->shell, GATEWAY_EV_LOG, true, drops[what].level);
}

/* `who` is the row of the tally; of a user `FROM`, or `FROM TO`. */
static void put_who(struct buf *b, enum drop what, struct slice who)
{
	const size_t n = slice_chr(who, ' ');

	if (drops[what].kind == DROP_OF_PEERS) {
		log_str(b, "peer", who);
		return;
	}
	log_str(b, "from", slice_cut(who, 0, n));
	if (n < who.n)
		log_str(b, "to", slice_cut(who, n + 1, who.n));
}

static struct buf *begin(
	const struct lent *lent, enum drop what, struct slice who, const char *cause)
{
	struct buf *b =
		shell_log(lent->shell, drops[what].subsystem, cause ? drops[what].word : "dropped");

	put_who(b, what, who.n ? who : SLICE("many"));
	log_str(b, "cause", slice_str(cause ? cause : "several"));
	return b;
}

static struct buf *first(
	const struct lent *lent, enum drop what, struct slice who, const char *cause, ts_t now)
{
	return tally_add(tally_of(lent, what), what, cause, who, now)
		       ? begin(lent, what, who, cause)
		       : NULL;
}

/* ---- SIP peers ---- */

struct buf *drops_first(const struct lent *lent, enum drop what, const struct addr *peer,
	const char *cause, ts_t now)
{
	uint8_t room[ADDR_TEXT_MAX];
	struct buf text;

	buf_init_in(&text, room, sizeof(room));
	addr_put_ip(&text, peer);
	return first(lent, what, buf_slice(&text), cause, now);
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

/* ---- users ---- */

static struct slice bare(struct slice jid)
{
	return slice_cut(jid, 0, slice_chr(jid, '/'));
}

struct buf *drops_first_user(const struct lent *lent, enum drop what, struct slice from,
	struct slice to, const char *cause, ts_t now)
{
	const size_t each = (TALLY_WHO_MAX - 1) / 2;
	uint8_t room[TALLY_WHO_MAX + 1];
	struct buf who;

	buf_init_in(&who, room, sizeof(room));
	buf_put(&who, slice_cut(bare(from), 0, each));
	if (to.n) {
		buf_putc(&who, ' ');
		buf_put(&who, slice_cut(bare(to), 0, each));
	}
	return first(lent, what, buf_slice(&who), cause, now);
}

void drops_note_user(
	const struct lent *lent, enum drop what, struct slice from, const char *cause, ts_t now)
{
	struct buf *b = drops_first_user(lent, what, from, SLICE_NONE, cause, now);

	if (!b)
		return;
	log_u64(b, "n", 1);
	drops_tell(lent, what);
}

/* ---- time ---- */

static void push_sum(const struct lent *lent, enum drop_kind kind, const struct tally_sum *sum)
{
	const enum drop what = sum->cause ? (enum drop)sum->what : several[kind];
	struct buf *b = begin(lent, what, sum->who, sum->cause);

	log_u64(b, kind == DROP_OF_PEERS ? "more" : "n", sum->count);
	drops_tell(lent, what);
}

void drops_push_time(const struct lent *lent, ts_t now)
{
	struct tally_sum sum;

	for (enum drop_kind kind = 0; kind < DROP_KINDS; kind++)
		while (tally_take(&lent->drops->tallies[kind], &sum, now))
			push_sum(lent, kind, &sum);
}

ts_t drops_deadline(const struct drops *d)
{
	ts_t at = TS_NEVER;

	for (size_t i = 0; i < COUNT(d->tallies); i++)
		at = ts_min(at, tally_deadline(&d->tallies[i]));
	return at;
}
