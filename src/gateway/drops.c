#include "gateway/drops.h"

#include "base/mem.h"
#include "gateway/events.h"
#include "gateway/peers.h"

static const struct {
	enum drop_kind kind;
	enum log_event event;
} drops[] = {
	[DROP_UNTRUSTED] = { DROP_OF_PEERS, EVENT_UNTRUSTED },
	[DROP_MALFORMED] = { DROP_OF_PEERS, EVENT_MALFORMED },
	[DROP_RESPONSE] = { DROP_OF_PEERS, EVENT_STRAY_RESPONSE },
	[DROP_LATE] = { DROP_OF_PEERS, EVENT_LATE_RESPONSE },
	[DROP_CONN] = { DROP_OF_PEERS, EVENT_CONN_DROPPED },
	[DROP_CUT] = { DROP_OF_PEERS, EVENT_CONN_CUT },
	[DROP_GONE] = { DROP_OF_PEERS, EVENT_ANSWER_NOT_SENT },
	[DROP_SEVERAL_OF_PEERS] = { DROP_OF_PEERS, EVENT_SIP_DROPPED },
	[DROP_STANZA] = { DROP_OF_USERS, EVENT_XMPP_DROPPED },
	[DROP_MISTAKE] = { DROP_OF_USERS, EVENT_WRONG_STANZA },
	[DROP_LOST] = { DROP_OF_USERS, EVENT_NOT_TOLD },
	[DROP_ATTRIBUTE] = { DROP_OF_USERS, EVENT_ATTRIBUTE_LEFT_OUT },
	[DROP_PARTS] = { DROP_OF_USERS, EVENT_PARTS_LEFT_OUT },
	[DROP_LATE_ERROR] = { DROP_OF_USERS, EVENT_LATE_ERROR },
	[DROP_UNANSWERED_ERROR] = { DROP_OF_USERS, EVENT_UNANSWERED_ERROR },
	[DROP_REFUSED_AGAIN] = { DROP_OF_SILENT, EVENT_REFUSED_AGAIN },
	[DROP_SILENT] = { DROP_OF_SILENT, EVENT_NEEDS_NO_ANSWER },
	[DROP_SIP_REFUSED] = { DROP_OF_REFUSED_PEERS, EVENT_SIP_REFUSED },
	[DROP_XMPP_REFUSED] = { DROP_OF_REFUSED_DOMAINS, EVENT_XMPP_REFUSED },
};
_Static_assert(COUNT(drops) == DROP_COUNT, "one row a kind");

enum { STATUS_SHIFT = 8 }; /* in what a tally keeps for us, beside the kind */

/* As which those are told that found no place even with their cause. */
static const enum drop several[] = {
	[DROP_OF_PEERS] = DROP_SEVERAL_OF_PEERS,
	[DROP_OF_USERS] = DROP_STANZA,
	[DROP_OF_SILENT] = DROP_SILENT,
	[DROP_OF_REFUSED_PEERS] = DROP_SIP_REFUSED,
	[DROP_OF_REFUSED_DOMAINS] = DROP_XMPP_REFUSED,
};
_Static_assert(COUNT(several) == DROP_KINDS, "one row a kind");

static struct tally *tally_of(const struct lent *lent, enum drop what)
{
	return &lent->drops->tallies[drops[what].kind];
}

void drops_tell(const struct lent *lent, enum drop what)
{
	event_tell(lent->shell, drops[what].event);
}

static bool is_of_user(enum drop_kind kind)
{
	return kind == DROP_OF_USERS || kind == DROP_OF_SILENT;
}

/* `who` is the row of the tally; of a user `FROM`, or `FROM TO`. */
static void put_who(struct buf *b, enum drop what, struct slice who)
{
	const size_t n = slice_chr(who, ' ');

	if (!is_of_user(drops[what].kind)) {
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
	struct buf *b = event_begin(lent->shell, drops[what].event);

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

/* ---- refusals ---- */

void drops_refused(const struct lent *lent, enum drop what, struct slice peer, const char *cause,
	int status, ts_t now)
{
	const unsigned kept = what | (unsigned)status << STATUS_SHIFT;

	peers_refused(lent->peers, peer);
	if (!tally_add(tally_of(lent, what), kept, cause, peer, now))
		return;
	struct buf *b = begin(lent, what, peer, cause);
	if (status)
		log_u64(b, "status", (uint64_t)status);
	log_u64(b, "n", 1);
	drops_tell(lent, what);
}

void drops_refused_peer(
	const struct lent *lent, const struct addr *peer, const char *cause, int status, ts_t now)
{
	uint8_t room[ADDR_TEXT_MAX];
	struct buf text;

	buf_init_in(&text, room, sizeof(room));
	addr_put_ip(&text, peer);
	drops_refused(lent, DROP_SIP_REFUSED, buf_slice(&text), cause, status, now);
}

/* ---- time ---- */

static void push_sum(const struct lent *lent, enum drop_kind kind, const struct tally_sum *sum)
{
	const unsigned kept = sum->cause ? sum->what : several[kind];
	const enum drop what = (enum drop)(kept & ((1u << STATUS_SHIFT) - 1));
	const unsigned status = kept >> STATUS_SHIFT;
	struct buf *b = begin(lent, what, sum->who, sum->cause);

	if (status)
		log_u64(b, "status", status);
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
