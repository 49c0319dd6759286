/* The barrier: an XEP-0199 ping to the receiver's domain behind the messages, on the same stream.
 * XMPP delivers in order between two entities (RFC 6120 section 10.1), so its reply, result or
 * error, says that everything before it was processed. */
#include <string.h>

#include "base/mem.h"
#include "gateway/private.h"

enum {
	GATHER_MS = 2,  /* while a ping is out, the next one waits for its reply, or this long */
	MISSES_MAX = 3, /* in a row without a reply: this server answers none */
	SILENCE_S = 60, /* then it is asked again only every so often */
};

struct domain *gateway_domain_get(struct gateway *g, struct slice name)
{
	struct map_node *n = map_find(&g->domains, name);

	if (n)
		return LIST_OWNER(n, struct domain, node);
	struct domain *d = mem_alloc0(sizeof(*d));
	if (!d)
		return NULL;
	list_init(&d->due);
	list_init(&d->uncovered);
	list_init(&d->covered);
	d->timer.at = TS_NEVER;
	if (!slice_cstr(name, d->name, sizeof(d->name)) ||
		map_insert(&g->domains, &d->node, slice_str(d->name)))
		return mem_free(d);
	return d;
}

void gateway_barrier_done(struct gateway *g)
{
	for (struct map_node *n; (n = map_next(&g->domains, NULL));) {
		map_remove(&g->domains, n);
		mem_free(LIST_OWNER(n, struct domain, node));
	}
	map_done(&g->domains);
}

/* A failed arming costs no more than the ping's gain: the window still answers the messages. */
static void arm(struct gateway *g, struct domain *d)
{
	ts_t at = d->ping_out ? ts_add(d->asked, gateway_window(g)) : TS_NEVER;

	if (d->ping_out && !list_empty(&d->uncovered))
		at = ts_min(at, ts_add(d->ping_sent, TS_MS(GATHER_MS)));
	(void)timers_set(&g->domain_timers, &d->timer, at);
}

static void make_due(struct gateway *g, struct domain *d)
{
	list_remove(&d->due);
	list_append(&g->due_domains, &d->due);
}

void gateway_barrier_add(struct gateway *g, struct domain *d, struct uas *u)
{
	bool first = list_empty(&d->uncovered);

	u->domain = d;
	list_append(&d->uncovered, &u->wait);
	if (!first)
		return; /* the ping for the one before it will be behind this one too */
	if (d->ping_out)
		arm(g, d);
	else
		make_due(g, d);
}

void gateway_barrier_remove(struct uas *u)
{
	list_remove(&u->wait);
	u->domain = NULL;
}

static bool send_ping(struct gateway *g, struct domain *d, ts_t now)
{
	struct buf *b = xstream_begin(g->stream), *id = &g->scratch;

	if (!b || now < d->silent_until)
		return false;
	buf_clear(id);
	buf_putc(id, 'p');
	buf_putu(id, g->ping_count + 1);
	stanza_put_ping(b, slice_str(g->cfg.component_name), slice_str(d->name), buf_slice(id));
	return !buf_err(id) && xstream_commit(g->stream, now) == 0;
}

/* What went when no ping could be sent is in front of this one too. */
static void cover_the_unasked(struct domain *d)
{
	for (struct list *n = d->covered.prev; n != &d->covered; n = n->prev) {
		struct uas *u = LIST_OWNER(n, struct uas, wait);

		if (u->ping != UINT64_MAX)
			return;
		u->ping = d->ping_id;
	}
}

/* Covers everything that was sent to this domain so far.  If no ping can be sent, the window
 * answers. */
static void ping(struct gateway *g, struct domain *d, ts_t now)
{
	struct list *n, *t;

	if (list_empty(&d->uncovered))
		return;
	bool sent = send_ping(g, d, now);
	if (sent) {
		d->ping_id = ++g->ping_count;
		d->ping_sent = now;
		d->asked = d->ping_out ? d->asked : now;
		d->ping_out = true;
		cover_the_unasked(d);
		g->stats.pings++;
	}
	LIST_EACH(n, t, &d->uncovered)
	{
		LIST_OWNER(n, struct uas, wait)->ping = sent ? d->ping_id : UINT64_MAX;
		list_remove(n);
		list_append(&d->covered, n);
	}
	arm(g, d);
}

/* At the end of a batch: one ping for each domain that was written to and has none out. */
void gateway_barrier_flush(struct gateway *g, ts_t now)
{
	for (struct list *n; (n = list_first(&g->due_domains));) {
		struct domain *d = LIST_OWNER(n, struct domain, due);

		list_remove(n);
		if (gateway_is_up(g))
			ping(g, d, now);
	}
}

static struct domain *find_ping(struct gateway *g, const struct stanza *s, uint64_t *id)
{
	struct jid from;
	struct where where;

	if (s->id.n < 2 || s->id.p[0] != 'p' || !slice_u64(slice_skip(s->id, 1), UINT64_MAX, id) ||
		jid_decode(s->from, &from, &where))
		return NULL;
	/* Ids can be guessed, so that any user of the domain could vouch for it: it has to be the
	 * domain itself that was asked. */
	struct map_node *n = map_find(&g->domains, jid_full(&from));
	if (!n)
		return NULL;
	struct domain *d = LIST_OWNER(n, struct domain, node);
	return *id <= d->ping_id ? d : NULL;
}

static struct uas *first_covered(const struct domain *d)
{
	struct list *n = list_first(&d->covered);

	return n ? LIST_OWNER(n, struct uas, wait) : NULL;
}

/* An iq result or error: everything in front of that ping was processed without an error. */
void gateway_barrier_reply(struct gateway *g, const struct stanza *s, ts_t now)
{
	uint64_t id;
	struct domain *d = find_ping(g, s, &id);

	if (!d)
		return; /* nobody's */
	d->misses = 0;
	d->silent_until = 0;
	for (struct uas *u; (u = first_covered(d)) && u->ping <= id;)
		gateway_uas_accept(g, u, now);
	if (id == d->ping_id) {
		d->ping_out = false;
		if (!list_empty(&d->uncovered))
			make_due(g, d);
	}
	d->asked = now; /* the server is answering: the next reply is owed from here on */
	arm(g, d);
}

static void missed(struct gateway *g, struct domain *d, ts_t now)
{
	g->stats.ping_timeouts++;
	d->ping_out = false;
	if (++d->misses < MISSES_MAX)
		return;
	d->silent_until = ts_add(now, TS_S(SILENCE_S));
	log_str(gateway_log(g, "xmpp", "pings-unanswered"), "domain", slice_str(d->name));
	gateway_emit(g, GATEWAY_EV_LOG, LOG_LEVEL_WARNING);
}

void gateway_barrier_timer(struct gateway *g, struct domain *d, ts_t now)
{
	if (d->ping_out && now >= ts_add(d->asked, gateway_window(g)))
		missed(g, d, now);
	if (gateway_is_up(g))
		ping(g, d, now);
	arm(g, d);
}

void gateway_barrier_reset(struct gateway *g)
{
	for (struct map_node *n = map_next(&g->domains, NULL); n; n = map_next(&g->domains, n)) {
		struct domain *d = LIST_OWNER(n, struct domain, node);

		d->ping_out = false;
		d->misses = 0;
		d->silent_until = 0;
		arm(g, d);
	}
}
