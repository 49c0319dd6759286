#include "gateway/proof.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/timers.h"
#include "bridge/partner.h"
#include "gateway/events.h"
#include "gateway/ids.h"
#include "gateway/peers.h"

enum {
	DOMAINS_MAX = PARTNER_DOMAINS_MAX, /* that were written to: only partners are */
	GATHER_MS = 2,   /* while a ping is out, the next one waits for its reply, or this long */
	MISSES_MAX = 3,  /* in a row without a reply: this domain answers none */
	SILENCE_S = 60,  /* then it is asked again only every so often */
	READ_MS = 3000,  /* with the window below 3.5 s: then RFC 4320 section 4.1 wants a 100 */
	BUSY_MS = 20000, /* of a server that goes on sending; well below timer F, 32 s */
	AGAIN_MS = 500,  /* a question that was dealt to somebody else must not end the stream */
};

/* Kinds of ids. */
#define TO_DOMAIN    'p'
#define TO_OURSELVES 'r'

struct proof_domain {
	struct map_node node;
	char name[256];
	struct timer timer;    /* the next thing to do for it */
	struct list due;       /* of the proof: wants a ping at the end of this wake-up */
	struct list uncovered; /* items sent since the last ping */
	struct list covered;   /* by a ping that is out, oldest first */
	bool ping_out;
	uint64_t ping_id; /* the last one */
	ts_t ping_sent;   /* when the last one went out */
	ts_t asked;       /* since when a reply is owed */
	unsigned misses;  /* in a row */
	bool is_noted;    /* in the log, since its last pong ... */
	ts_t noted_until; /* ... and not again so soon */
	ts_t silent_until;
};

struct proof {
	struct proof_cfg cfg;
	const struct lent *lent;
	struct map domains;
	struct timers timers;
	struct list due;
	struct list fifo;    /* items by time sent: the window ends in this order */
	struct list told;    /* items that are proven or lost, until that is taken */
	uint64_t sent, read; /* pings of both kinds, in one count; the last of which we know */
	uint64_t own;        /* the last to ourselves */
	ts_t own_sent;       /* when that was */
	ts_t own_asked;      /* since when one is owed */
	ts_t heard;          /* when the server last sent a stanza */
	bool is_dead;
};

static struct proof_item *first_in_fifo(const struct list *head)
{
	return LIST_FIRST(head, struct proof_item, fifo);
}

static void tell(struct proof *p, struct proof_item *item, enum proof_event_type what)
{
	item->told = what;
	list_remove(&item->wait);
	list_remove(&item->fifo);
	list_append(&p->told, &item->fifo);
}

static bool write_ping(
	struct proof *p, struct xstream *x, const char *from, const char *to, char kind, ts_t now)
{
	char id[IDS_TEXT + 1];
	struct buf *b = x ? xstream_begin(x) : NULL;

	if (!b)
		return false;
	stanza_put_ping(
		b, slice_str(from), slice_str(to), ids_text(p->lent->ids, kind, p->sent + 1, id));
	return xstream_commit(x, now) == 0;
}

/* ---- life ---- */

int proof_new(struct proof **ret, const struct proof_cfg *cfg, const struct lent *lent)
{
	struct proof *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->cfg = *cfg;
	p->lent = lent;
	map_init(&p->domains, DOMAINS_MAX, lent->rng);
	timers_init(&p->timers);
	list_init(&p->due);
	list_init(&p->fifo);
	list_init(&p->told);
	*ret = p;
	return 0;
}

struct proof *proof_free(struct proof *p)
{
	struct map_node *n, *next;

	if (!p)
		return NULL;
	timers_done(&p->timers); /* while they still exist */
	for (n = map_next(&p->domains, NULL); n; n = next) {
		next = map_next(&p->domains, n);
		mem_free(LIST_OWNER(n, struct proof_domain, node));
	}
	map_done(&p->domains);
	return mem_free(p);
}

struct proof_domain *proof_domain_get(struct proof *p, struct slice name)
{
	struct proof_domain *d = MAP_FIND(&p->domains, name, struct proof_domain, node);

	if (d)
		return d;
	d = mem_alloc0(sizeof(*d));
	if (!d)
		return NULL;
	list_init(&d->due);
	list_init(&d->uncovered);
	list_init(&d->covered);
	d->timer.at = TS_NEVER;
	if (!slice_cstr(name, d->name, sizeof(d->name)) ||
		map_insert(&p->domains, &d->node, slice_str(d->name)))
		return mem_free(d);
	return d;
}

struct slice proof_domain_name(const struct proof_domain *d)
{
	return slice_str(d->name);
}

bool proof_domain_is_silent(const struct proof *p, struct slice name, ts_t now)
{
	const struct proof_domain *d = MAP_FIND(&p->domains, name, struct proof_domain, node);

	return d && now < d->silent_until;
}

/* ---- pings to the domains ---- */

/* A failed arming costs no more than the ping's gain: the window still answers the messages. */
static void arm(struct proof *p, struct proof_domain *d)
{
	ts_t at = d->ping_out ? ts_add(d->asked, p->cfg.window) : TS_NEVER;

	if (d->ping_out && !list_empty(&d->uncovered))
		at = ts_min(at, ts_add(d->ping_sent, TS_MS(GATHER_MS)));
	(void)timers_set(&p->timers, &d->timer, at);
}

static void make_due(struct proof *p, struct proof_domain *d)
{
	list_remove(&d->due);
	list_append(&p->due, &d->due);
}

void proof_sent(
	struct proof *p, struct proof_item *item, uint64_t ref, struct proof_domain *d, ts_t now)
{
	const bool is_first = list_empty(&d->uncovered);

	*item = (struct proof_item){ .ref = ref, .mark = p->sent, .domain = d, .sent = now };
	list_append(&p->fifo, &item->fifo);
	list_append(&d->uncovered, &item->wait);
	if (!is_first)
		return; /* the ping for the one before it will be behind this one too */
	if (d->ping_out)
		arm(p, d);
	else
		make_due(p, d);
}

void proof_forget(struct proof_item *item)
{
	if (!item->fifo.next)
		return; /* never sent */
	list_remove(&item->wait);
	list_remove(&item->fifo);
}

/* What went when no ping could be sent is in front of this one too. */
static void cover_the_unasked(struct proof_domain *d)
{
	for (struct list *n = d->covered.prev; n != &d->covered; n = n->prev) {
		struct proof_item *item = LIST_OWNER(n, struct proof_item, wait);

		if (item->ping != UINT64_MAX)
			return;
		item->ping = d->ping_id;
	}
}

static bool send_ping(struct proof *p, struct proof_domain *d, struct xstream *x, ts_t now)
{
	if (now < d->silent_until || !write_ping(p, x, p->cfg.from, d->name, TO_DOMAIN, now))
		return false;
	d->ping_id = ++p->sent;
	d->ping_sent = now;
	d->asked = d->ping_out ? d->asked : now;
	d->ping_out = true;
	cover_the_unasked(d);
	p->lent->stats->pings++;
	return true;
}

/* Covers everything that was sent to this domain so far.  If no ping can be sent, the window
 * answers. */
static void ping(struct proof *p, struct proof_domain *d, struct xstream *x, ts_t now)
{
	struct list *n, *t;

	if (list_empty(&d->uncovered))
		return;
	const bool is_asked = send_ping(p, d, x, now);
	LIST_EACH(n, t, &d->uncovered)
	{
		LIST_OWNER(n, struct proof_item, wait)->ping = is_asked ? d->ping_id : UINT64_MAX;
		list_remove(n);
		list_append(&d->covered, n);
	}
	arm(p, d);
}

/* At the first message: whether it arrives cannot be told. */
static void note_silence(struct proof *p, struct proof_domain *d, ts_t now)
{
	struct shell *shell = p->lent->shell;

	if (d->is_noted || now < d->noted_until)
		return;
	d->is_noted = true;
	d->noted_until = ts_add(now, TS_S(SILENCE_S));
	struct buf *b = event_begin(shell, EVENT_PINGS_UNANSWERED);
	log_str(b, "domain", slice_str(d->name));
	log_str(b, "messages",
		p->lent->cfg->refuses_unproven ? SLICE("refused") : SLICE("accepted"));
	event_tell(shell, EVENT_PINGS_UNANSWERED);
}

static void missed(struct proof *p, struct proof_domain *d, ts_t now)
{
	p->lent->stats->ping_timeouts++;
	peers_timed_out(p->lent->peers, slice_str(d->name));
	d->ping_out = false;
	note_silence(p, d, now);
	if (++d->misses >= MISSES_MAX)
		d->silent_until = ts_add(now, TS_S(SILENCE_S));
}

static void domain_time(struct proof *p, struct proof_domain *d, struct xstream *x, ts_t now)
{
	if (d->ping_out && now >= ts_add(d->asked, p->cfg.window))
		missed(p, d, now);
	ping(p, d, x, now);
	arm(p, d);
}

/* ---- the window, and pings to ourselves ---- */

/* A domain that answers no pings (its server may not be there yet) leaves a message to the window,
 * and no error within it says nothing while the bytes are still in a buffer of ours or of the
 * system: a server that hangs, or a connection that is half open, sends no errors either.  So a
 * ping to ourselves goes out behind the message.  Only the server itself sends that back, and it
 * has read all in front of it then.  RFC 6120 section 10.3: what is for a component is delivered to
 * it, or answered. */
static void ask_ourselves(struct proof *p, struct xstream *x, ts_t now)
{
	/* One that cannot be written does not come back, as one that is not read. */
	(void)write_ping(p, x, p->cfg.own, p->cfg.own, TO_OURSELVES, now);
	if (p->own <= p->read)
		p->own_asked = now;
	p->own = ++p->sent;
	p->own_sent = now;
}

static ts_t window_end(const struct proof *p, const struct proof_item *item)
{
	return ts_add(item->sent, p->cfg.window);
}

static bool was_read(const struct proof *p, const struct proof_item *item)
{
	return p->read > item->mark;
}

static bool is_asked(const struct proof *p, const struct proof_item *item)
{
	return p->own > item->mark;
}

/* When it is clear that the server does not read.  From the question on, not from the window's end:
 * this process may have been stopped.  One that goes on sending stanzas reads late: behind a flood
 * of its users a reply stands in a queue, and a new stream would wait as long and lose what is in
 * it. */
static ts_t dead_at(const struct proof *p, const struct proof_item *item)
{
	if (was_read(p, item))
		return TS_NEVER;
	if (!is_asked(p, item))
		return window_end(p, item);
	const ts_t asked = ts_add(item->asked ? item->asked : p->own_asked, TS_MS(READ_MS));
	const ts_t quiet =
		ts_add(p->heard > p->own_asked ? p->heard : p->own_asked, TS_MS(READ_MS));
	const ts_t late = ts_add(item->sent, TS_MS(BUSY_MS));
	return ts_min(quiet, late > asked ? late : asked);
}

/* Its window ends, or the server is to be asked once more. */
static ts_t ask_at(const struct proof *p, const struct proof_item *item)
{
	const ts_t end = window_end(p, item), again = ts_add(p->own_sent, TS_MS(AGAIN_MS));

	return was_read(p, item) || !is_asked(p, item) || again < end ? end : again;
}

/* The server has read it, and no error came. */
static void end_windows(struct proof *p, struct xstream *x, ts_t now)
{
	struct proof_item *i;

	while ((i = first_in_fifo(&p->fifo)) && window_end(p, i) <= now && was_read(p, i))
		tell(p, i, PROOF_EV_UNPROVEN);
	if (!i || ask_at(p, i) > now || !(x || is_asked(p, i)))
		return;
	ask_ourselves(p, x, now);
	if (i->asked == 0)
		i->asked = now;
}

/* The server has read all in front of that ping. */
static void note_read(struct proof *p, struct xstream *x, uint64_t n, ts_t now)
{
	if (n > p->read) {
		p->read = n;
		p->own_asked = now; /* the next one is owed from here on */
	}
	end_windows(p, x, now);
}

/* ---- pongs ---- */

/* The server lets nobody else speak in our name, and a user is not the domain. */
static enum proof_reply own_pong(struct proof *p, struct xstream *x, const struct stanza *s,
	const struct jid *from, ts_t now)
{
	uint64_t n;

	if (!slice_eqs(jid_full(from), p->cfg.own))
		return PROOF_REPLY_NONE;
	switch (ids_read(p->lent->ids, TO_OURSELVES, s->id, &n)) {
	case IDS_NONE: break;
	case IDS_OURS: note_read(p, x, n, now); return PROOF_REPLY_OURS;
	case IDS_ANOTHERS: return PROOF_REPLY_ANOTHERS;
	}
	return PROOF_REPLY_NONE;
}

/* Everything in front of that ping was processed without an error. */
static void pong(struct proof *p, struct proof_domain *d, uint64_t id, ts_t now)
{
	d->misses = 0;
	d->is_noted = false;
	d->silent_until = 0;
	for (struct proof_item *i;
		(i = LIST_FIRST(&d->covered, struct proof_item, wait)) && i->ping <= id;)
		tell(p, i, PROOF_EV_PROVEN);
	if (id == d->ping_id) {
		d->ping_out = false;
		if (!list_empty(&d->uncovered))
			make_due(p, d);
	}
	d->asked = now; /* it is answering: the next reply is owed from here on */
	arm(p, d);
}

/* It has to be the domain itself that was asked. */
static enum proof_reply domain_pong(struct proof *p, struct xstream *x, const struct stanza *s,
	const struct jid *from, ts_t now)
{
	struct proof_domain *d = MAP_FIND(&p->domains, jid_full(from), struct proof_domain, node);
	uint64_t n;

	switch (ids_read(p->lent->ids, TO_DOMAIN, s->id, &n)) {
	case IDS_NONE: return PROOF_REPLY_NONE;
	case IDS_ANOTHERS:
		return jid_domain(from).n == jid_full(from).n ? PROOF_REPLY_ANOTHERS
							      : PROOF_REPLY_NONE;
	case IDS_OURS: break;
	}
	if (!d || n > d->ping_id)
		return PROOF_REPLY_NONE;
	pong(p, d, n, now);
	note_read(p, x, n, now);
	return PROOF_REPLY_OURS;
}

/* ---- pushes ---- */

enum proof_reply proof_push_pong(
	struct proof *p, struct xstream *x, const struct stanza *s, ts_t now)
{
	struct jid from;
	struct where where;

	if (jid_decode(s->from, &from, &where))
		return PROOF_REPLY_NONE;
	const enum proof_reply reply = own_pong(p, x, s, &from, now);
	if (reply != PROOF_REPLY_NONE ||
		(!slice_eqs(s->type, "result") && !slice_eqs(s->type, "error")))
		return reply;
	return domain_pong(p, x, s, &from, now);
}

void proof_push_heard(struct proof *p, ts_t now)
{
	p->heard = now;
}

void proof_push_time(struct proof *p, struct xstream *x, ts_t now)
{
	for (struct proof_domain *d; (d = LIST_FIRST(&p->due, struct proof_domain, due));) {
		list_remove(&d->due);
		ping(p, d, x, now);
	}
	for (struct timer *t; (t = timers_due(&p->timers, now));)
		domain_time(p, LIST_OWNER(t, struct proof_domain, timer), x, now);
	end_windows(p, x, now);
	const struct proof_item *i = first_in_fifo(&p->fifo);
	p->is_dead = i && dead_at(p, i) <= now;
}

void proof_push_lost(struct proof *p)
{
	for (struct proof_item *i; (i = first_in_fifo(&p->fifo));)
		tell(p, i, PROOF_EV_LOST);
	for (struct map_node *n = map_next(&p->domains, NULL); n; n = map_next(&p->domains, n)) {
		struct proof_domain *d = LIST_OWNER(n, struct proof_domain, node);

		d->ping_out = false;
		d->misses = 0;
		d->silent_until = 0;
		arm(p, d);
	}
	p->read = p->sent; /* none is owed on the next stream */
	p->is_dead = false;
}

/* ---- takes ---- */

bool proof_take_event(struct proof *p, bool room, struct proof_event *ret)
{
	if (p->is_dead) {
		p->is_dead = false;
		*ret = (struct proof_event){ .type = PROOF_EV_DEAD };
		return true;
	}
	struct proof_item *i = room ? first_in_fifo(&p->told) : NULL;
	if (!i)
		return false;
	list_remove(&i->fifo);
	*ret = (struct proof_event){ i->told, i->ref };
	return true;
}

ts_t proof_deadline(const struct proof *p)
{
	if (!list_empty(&p->due) || !list_empty(&p->told))
		return 0; /* at the end of this wake-up; or in the next push, which has room */
	const struct proof_item *i = first_in_fifo(&p->fifo);
	const ts_t item_at = i ? ts_min(ask_at(p, i), dead_at(p, i)) : TS_NEVER;
	return ts_min(timers_deadline(&p->timers), item_at);
}
