#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "gateway/private.h"

enum {
	LINGER_MS = 32000, /* timer J: 64*T1, RFC 3261 section 17.2.2 */
	/* Slots that are not used keep their memory for the next request, so many and so much. */
	IDLE_SLOTS_MAX = 1024,
	IDLE_BYTES_MAX = 2048,
	WINDOW_MS = 300, /* below T1: the sender has not repeated its request yet */
};

/* ---- slots: an id on the wire finds its transaction without a search ---- */

int gateway_uas_init(struct gateway *g)
{
	if (!g->cfg.transactions_max)
		g->cfg.transactions_max = NIST_DONE_MAX;
	map_init(&g->uas_map, GATEWAY_PENDING_MAX, g->rng);
	map_init(&g->domains, DOMAINS_MAX, g->rng);
	gateway_moved_init(g);
	g->uas = mem_alloc0(GATEWAY_PENDING_MAX * sizeof(struct uas *));
	g->free_uas = mem_alloc0(GATEWAY_PENDING_MAX * sizeof(*g->free_uas));
	if (!g->uas || !g->free_uas)
		return -ENOMEM;
	return nist_done_new(&g->done, g->cfg.transactions_max, TS_MS(LINGER_MS));
}

void gateway_uas_done(struct gateway *g)
{
	for (uint32_t i = 0; i < g->n_uas; i++) {
		buf_done(&g->uas[i]->head);
		mem_free(g->uas[i]);
	}
	mem_free(g->uas);
	mem_free(g->free_uas);
	map_done(&g->uas_map);
	gateway_moved_done(g);
	nist_done_free(g->done);
}

/* A slot is used again with its memory: the steady state allocates nothing. */
static struct uas *slot_take(struct gateway *g)
{
	if (g->n_free_uas)
		return g->uas[g->free_uas[--g->n_free_uas]];
	if (g->n_uas == GATEWAY_PENDING_MAX)
		return NULL;
	struct uas *u = mem_alloc0(sizeof(*u));
	if (!u)
		return NULL;
	u->slot = g->n_uas;
	buf_init(&u->head, HEAD_MAX);
	g->uas[g->n_uas++] = u;
	return u;
}

static void slot_give(struct gateway *g, struct uas *u)
{
	u->in_use = false;
	if (g->n_free_uas >= IDLE_SLOTS_MAX || u->head.cap > IDLE_BYTES_MAX)
		buf_done(&u->head); /* after a flood its memory is given back */
	g->free_uas[g->n_free_uas++] = u->slot;
}

const char *gateway_slot_text(uint32_t slot, uint32_t chance, char text[SLOT_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < SLOT_TEXT / 2; i++) {
		text[i] = digits[slot >> (28 - 4 * i) & 15];
		text[SLOT_TEXT / 2 + i] = digits[chance >> (28 - 4 * i) & 15];
	}
	text[SLOT_TEXT] = '\0';
	return text;
}

static bool hex32(struct slice s, uint32_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		int d = hex_digit(s.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (uint32_t)d;
	}
	*ret = v;
	return true;
}

bool gateway_slot_read(struct slice text, uint32_t *slot, uint32_t *chance)
{
	return text.n == SLOT_TEXT && hex32(slice_cut(text, 0, SLOT_TEXT / 2), slot) &&
	       hex32(slice_skip(text, SLOT_TEXT / 2), chance);
}

static struct uas *find_by_id(struct gateway *g, struct slice id)
{
	uint32_t slot, chance;

	if (!gateway_slot_read(id, &slot, &chance) || slot >= g->n_uas)
		return NULL;
	struct uas *u = g->uas[slot];
	return u->in_use && u->chance == chance ? u : NULL;
}

/* ---- the answer ---- */

static void put_answer(struct gateway *g, struct uas *u, const struct verdict *v)
{
	struct buf *b = gateway_out(g);

	gateway_put_answer_line(b, v);
	buf_put(b, buf_slice(&u->head));
	gateway_put_answer_end(g, b, v);
	gateway_send(g, &u->origin);
}

/* A stream does not lose answers, so nothing repeats requests on it: timer J is 0. */
static bool is_kept(const struct origin *o)
{
	return o->transport == TRANSPORT_UDP;
}

static void forget(struct gateway *g, struct uas *u)
{
	g->n_to_keep -= is_kept(&u->origin);
	g->owed_bytes -= u->bytes;
	gateway_barrier_remove(u);
	list_remove(&u->fifo);
	map_remove(&g->uas_map, &u->node);
	slot_give(g, u);
}

/* A verdict in the 16 bits that a finished transaction keeps beside its status. */
static uint16_t verdict_pack(const struct verdict *v)
{
	return (uint16_t)(v->answer << 8 | (v->has_condition ? v->condition + 1u : 0));
}

static struct verdict verdict_unpack(int status, uint16_t packed)
{
	assert(packed >> 8 < ANSWER_COUNT && (packed & 255) <= COND_COUNT);
	return (struct verdict){
		.answer = (enum answer)(packed >> 8),
		.status = status,
		.has_condition = packed & 255,
		.condition = packed & 255 ? (enum stanza_condition)((packed & 255) - 1) : 0,
	};
}

void gateway_uas_answer(struct gateway *g, struct uas *u, const struct verdict *v, ts_t now)
{
	put_answer(g, u, v);
	if (is_kept(&u->origin))
		nist_done_add(g->done, &u->key, gateway_answer_status(v), verdict_pack(v), now);
	forget(g, u);
}

void gateway_uas_accept(struct gateway *g, struct uas *u, ts_t now)
{
	/* RFC 3428 section 7: a relay into another network says 202. */
	gateway_uas_answer(g, u, &(struct verdict){ .status = 202 }, now);
}

/* ---- a request ---- */

/* Who writes to whom, in XMPP's addresses, and whether that may be. */
static enum answer route(struct gateway *g, struct jid *from, struct jid *to)
{
	static const enum answer verdicts[] = {
		[PARTNER_OK] = ANSWER_MAPPED,
		[PARTNER_NOT_ALLOWED] = ANSWER_NOT_PARTNER,
		[PARTNER_NOT_OWN] = ANSWER_NOT_OWN,
		[PARTNER_BOTH_OWN] = ANSWER_BOTH_OWN,
	};
	struct where where;
	const struct sip_msg *req = &g->msg;

	if (address_to_jid(&req->from.uri, from, &where) || !from->n_local)
		return ANSWER_BAD_FROM;
	switch (address_to_jid(&req->ruri, to, &where)) {
	case 0: break;
	case ERR_LIMIT: return ANSWER_TOO_LONG;
	case ERR_UNSUPPORTED: return ANSWER_SCHEME;
	default: return ANSWER_BAD_TO;
	}
	enum answer answer =
		verdicts[partners_judge(g->cfg.partners, jid_domain(from), jid_domain(to))];
	if (answer == ANSWER_MAPPED && !gateway_is_component(g, from))
		return ANSWER_NO_COMPONENT;
	return answer;
}

/* Every answer that may be repeated needs a place, those that are still owed too. */
static bool has_room(struct gateway *g, ts_t now)
{
	nist_done_push_time(g->done, now);
	return nist_done_count(g->done) + g->n_to_keep < g->cfg.transactions_max;
}

/* What keeps a message from going out now, before it is looked at. */
static enum answer check_room(struct gateway *g, ts_t now)
{
	if (g->stopping)
		return ANSWER_STOPPING;
	if (!g->stream || !xstream_is_ready(g->stream))
		return ANSWER_STREAM_DOWN;
	if (g->blocked || !has_room(g, now))
		return ANSWER_OVERLOAD;
	return ANSWER_MAPPED;
}

/* An answer given at once is remembered too: a repeated request must get the same. */
static void refuse(struct gateway *g, const struct origin *o, const struct nist_key *key,
	enum answer answer, ts_t now)
{
	const struct verdict v = { .answer = answer };

	if (answer == ANSWER_OVERLOAD)
		g->stats.overload_503++;
	g->stats.sip_refused++;
	gateway_answer_stateless(g, o, key, &v);
	if (is_kept(o) && answer != ANSWER_OVERLOAD)
		nist_done_add(g->done, key, gateway_answer_status(&v), verdict_pack(&v), now);
}

static bool is_retransmission(
	struct gateway *g, const struct origin *o, const struct nist_key *key, ts_t now)
{
	int status;
	uint16_t packed;

	if (map_find(&g->uas_map, slice_of(key, sizeof(*key)))) {
		g->stats.sip_retransmissions++;
		return true; /* its answer is still owed */
	}
	if (!nist_done_find(g->done, key, &status, &packed, now))
		return false;
	g->stats.sip_retransmissions++;
	struct verdict v = verdict_unpack(status, packed);
	v.contact = gateway_moved_find(g, key);
	gateway_answer_stateless(g, o, key, &v);
	return true;
}

/* The response but for its status line, so that the request need not be kept. */
static int keep_head(struct gateway *g, struct uas *u)
{
	char tag[NIST_TAG_MAX];

	buf_clear(&u->head);
	sip_put_response_fields(
		&u->head, &g->msg, slice_str(nist_to_tag(&u->key, g->salt, tag)), &u->origin.peer);
	return buf_err(&u->head);
}

static struct uas *uas_new(struct gateway *g, const struct origin *o, const struct nist_key *key)
{
	struct uas *u = slot_take(g);

	if (!u)
		return NULL;
	u->key = *key;
	u->chance = (uint32_t)rng_u64(g->rng);
	u->origin = *o;
	u->domain = NULL;
	u->ping = 0;
	u->mark = g->own_sent;
	list_init(&u->wait);
	list_init(&u->fifo);
	if (keep_head(g, u) || g->owed_bytes + sizeof(*u) + u->head.cap > OWED_BYTES_MAX ||
		map_insert(&g->uas_map, &u->node, slice_of(&u->key, sizeof(u->key)))) {
		slot_give(g, u);
		return NULL;
	}
	u->in_use = true;
	u->bytes = sizeof(*u) + u->head.cap;
	g->owed_bytes += u->bytes;
	g->n_to_keep += is_kept(o);
	return u;
}

static enum answer answer_of(const struct message_refusal *refusal)
{
	struct slice reason = slice_str(refusal->reason);

	if (refusal->status != 415)
		return ANSWER_CONTENT;
	return slice_starts(reason, SLICE("Content-Encoding")) ? ANSWER_ENCODING : ANSWER_TYPE;
}

/* Writes the stanza.  Nothing was sent unless ANSWER_MAPPED. */
static enum answer hand_over(struct gateway *g, const struct uas *u, const struct jid *from,
	const struct jid *to, ts_t now)
{
	char id[SLOT_TEXT + 1];
	struct message_refusal refusal;
	struct buf *b = xstream_begin(g->stream);

	if (!b)
		return ANSWER_OVERLOAD; /* the server does not read fast enough */
	size_t before = buf_len(b);
	int err = message_to_xmpp(&g->msg, from, to,
		slice_str(gateway_slot_text(u->slot, u->chance, id)), b, &refusal);
	if (err == ERR_LEGAL)
		return answer_of(&refusal);
	if (!err &&
		buf_len(b) - before > STANZA_MAX) /* escaping makes it up to five times as long */
		return ANSWER_TOO_LARGE;
	if (err || xstream_commit(g->stream, now))
		return ANSWER_OVERLOAD;
	return ANSWER_MAPPED;
}

static void begin(
	struct gateway *g, struct uas *u, const struct jid *from, const struct jid *to, ts_t now)
{
	struct domain *d = gateway_domain_get(g, jid_domain(to));
	enum answer answer = d ? hand_over(g, u, from, to, now) : ANSWER_OVERLOAD;

	u->sent = now;
	u->full_jid = to->n_resource > 0;
	list_append(&g->uas_fifo, &u->fifo);
	if (answer == ANSWER_MAPPED) {
		g->stats.sip_to_xmpp++;
		gateway_contacts_add(g, from, to, now);
		gateway_barrier_add(g, d, u);
		return;
	}
	g->stats.sip_refused++;
	g->stats.overload_503 += answer == ANSWER_OVERLOAD;
	gateway_uas_answer(g, u, &(struct verdict){ .answer = answer }, now);
}

void gateway_uas_request(struct gateway *g, const struct origin *o, ts_t now)
{
	struct nist_key key;
	struct jid from, to;

	nist_key_make(&key, g->salt, &g->msg);
	if (is_retransmission(g, o, &key, now))
		return;
	enum answer answer = check_room(g, now);
	if (answer == ANSWER_MAPPED)
		answer = route(g, &from, &to);
	if (answer != ANSWER_MAPPED) {
		refuse(g, o, &key, answer, now);
		return;
	}
	struct uas *u = uas_new(g, o, &key);
	if (u)
		begin(g, u, &from, &to, now);
	else
		refuse(g, o, &key, ANSWER_OVERLOAD, now);
}

/* ---- what the far side says ---- */

/* The new address, for as long as the answer may be asked for again.  One that has no form in SIP,
 * or for which there is no room, is none: the answer to a repeated request must be the same. */
static struct slice new_address(
	struct gateway *g, const struct uas *u, struct slice address, struct buf *b, ts_t now)
{
	struct where where;

	if (address.n == 0 || address_iri_to_contact(address, b, &where))
		return SLICE_NONE;
	gateway_moved_time(g, now);
	if (is_kept(&u->origin) &&
		!gateway_moved_keep(g, &u->key, buf_slice(b), ts_add(now, TS_MS(LINGER_MS))))
		return SLICE_NONE;
	return buf_slice(b);
}

/* RFC 7247 section 7.1: the error stanza becomes the answer, if that was not given yet. */
void gateway_uas_error(struct gateway *g, const struct stanza *s, ts_t now)
{
	struct stanza_error error;
	struct uas *u = find_by_id(g, s->id);
	struct jid from;
	struct where where;

	if (!stanza_error_read(&error, s->node))
		error = (struct stanza_error){ .condition = COND_UNDEFINED_CONDITION };
	/* Only the domain that was written to can refuse the message. */
	if (!u || jid_decode(s->from, &from, &where) || !u->domain ||
		!slice_eqs(jid_domain(&from), u->domain->name)) {
		g->stats.late_errors++;
		return;
	}
	struct buf address;
	buf_init(&address, CONTACT_MAX);
	const struct slice contact = new_address(g, u, error.address, &address, now);
	const struct error_context ctx = { .full_jid = u->full_jid,
		.has_address = contact.n > 0,
		.unresolved = error.condition == COND_REMOTE_SERVER_NOT_FOUND &&
			      error.type == ERROR_TYPE_WAIT };
	g->stats.far_errors++;
	const struct verdict v = { .status = error_to_sip(error.condition, &ctx),
		.has_condition = true,
		.condition = error.condition,
		.contact = contact };
	gateway_uas_answer(g, u, &v, now);
	buf_done(&address);
}

/* ---- time ---- */

ts_t gateway_window(const struct gateway *g)
{
	return g->cfg.window ? g->cfg.window : TS_MS(WINDOW_MS);
}

static struct uas *oldest(const struct gateway *g)
{
	struct list *n = list_first(&g->uas_fifo);

	return n ? LIST_OWNER(n, struct uas, fifo) : NULL;
}

static bool window_is_over(const struct gateway *g, const struct uas *u, ts_t now)
{
	return u && ts_add(u->sent, gateway_window(g)) <= now;
}

void gateway_uas_window(struct gateway *g, ts_t now)
{
	for (struct uas *u; window_is_over(g, u = oldest(g), now) && gateway_was_read(g, u, now);)
		gateway_uas_accept(g, u, now);
}

void gateway_uas_time(struct gateway *g, ts_t now)
{
	gateway_uas_window(g, now);
	const struct uas *u = oldest(g);
	if (u && gateway_read_by(g, u) <= now)
		gateway_component_drop(g, "the server does not read", now);
	nist_done_push_time(g->done, now);
	gateway_moved_time(g, now);
}

ts_t gateway_uas_deadline(const struct gateway *g)
{
	const struct uas *u = oldest(g);
	ts_t at = u ? gateway_read_by(g, u) : TS_NEVER;

	/* Once a second is often enough to forget; each entry's own moment would cost a wake-up. */
	return ts_min(at, ts_add(nist_done_deadline(g->done), TS_S(1)));
}

/* Whether the server had read these is not known: a sender that repeats may double a message, one
 * that does not would lose it. */
void gateway_uas_stream_lost(struct gateway *g, ts_t now)
{
	for (struct uas *u; (u = oldest(g));)
		gateway_uas_answer(g, u, &(struct verdict){ .answer = ANSWER_STREAM_LOST }, now);
}

/* The connection that the answer is for is gone: RFC 3261 section 18.2.2 would open another one to
 * the peer, which behind a proxy reaches nobody. */
void gateway_uas_conn_lost(struct gateway *g, flow_t flow)
{
	struct list *n, *t;

	LIST_EACH(n, t, &g->uas_fifo)
	{
		struct uas *u = LIST_OWNER(n, struct uas, fifo);

		if (u->origin.flow == flow)
			forget(g, u);
	}
}
