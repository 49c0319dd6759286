#include <string.h>

#include "base/mem.h"
#include "gateway/private.h"

enum {
	COOKIE_MAX = 7,
	BRANCH_MAX = COOKIE_MAX + 2 * SLOT_TEXT + 1,
	TAG_MAX = 10,
	URI_MAX = 6144,
	REPLY_MAX = 16384,
	FAILURE_MAX = 8 * REPLY_MAX, /* what is escaped grows */
	/* What a message takes beside its texts: transaction, target, places in tables. */
	SLOT_BYTES = sizeof(struct uac) + 512,
	/* Slots that are not used keep their memory for the next message, so many and so much. */
	IDLE_SLOTS_MAX = 1024,
	IDLE_BYTES_MAX = 4096,
	PATH_MS = 32000, /* as timer F: what is not sent by then is as good as not answered */
};

static const struct nict_cfg unreliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000)
};
static const struct nict_cfg reliable = {
	.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000), .reliable = true
};

int gateway_uac_init(struct gateway *g, ts_t now)
{
	map_init(&g->targets, GATEWAY_PENDING_MAX, g->rng);
	g->uac = mem_alloc0(GATEWAY_PENDING_MAX * sizeof(struct uac *));
	g->free_uac = mem_alloc0(GATEWAY_PENDING_MAX * sizeof(*g->free_uac));
	if (!g->uac || !g->free_uac)
		return -ENOMEM;
	return gateway_hop_init(g, now);
}

/* ---- slots and targets ---- */

static struct uac *slot_take(struct gateway *g)
{
	struct uac *u;

	if (g->n_free_uac)
		return g->uac[g->free_uac[--g->n_free_uac]];
	if (g->n_uac == GATEWAY_PENDING_MAX)
		return NULL;
	u = mem_alloc0(sizeof(*u));
	if (!u)
		return NULL;
	u->slot = g->n_uac;
	u->timer.at = TS_NEVER;
	buf_init(&u->request, 2 * MESSAGE_SIP_MAX + URI_MAX);
	buf_init(&u->reply, REPLY_MAX);
	g->uac[g->n_uac++] = u;
	return u;
}

/* After a flood the memory of its messages is given back. */
static void slot_clear(const struct gateway *g, struct uac *u)
{
	buf_clear(&u->request);
	buf_clear(&u->reply);
	if (g->n_free_uac < IDLE_SLOTS_MAX && u->request.cap + u->reply.cap <= IDLE_BYTES_MAX)
		return;
	buf_done(&u->request);
	buf_done(&u->reply);
}

static void slot_give(struct gateway *g, struct uac *u)
{
	u->tx = nict_free(u->tx);
	u->in_use = false;
	(void)timers_set(&g->uac_timers, &u->timer, TS_NEVER);
	gateway_budget_give(g, u);
	slot_clear(g, u);
	g->free_uac[g->n_free_uac++] = u->slot;
}

static void target_free(struct gateway *g, struct target *t)
{
	map_remove(&g->targets, &t->node);
	mem_free(t->uri);
	mem_free(t);
}

static struct target *target_get(struct gateway *g, struct slice uri)
{
	struct map_node *n = map_find(&g->targets, uri);

	if (n)
		return LIST_OWNER(n, struct target, node);
	struct target *t = mem_alloc0(sizeof(*t));
	if (!t)
		return NULL;
	list_init(&t->queue);
	t->uri = mem_strndup(uri.p, uri.n);
	if (!t->uri || map_insert(&g->targets, &t->node, slice_str(t->uri))) {
		mem_free(t->uri);
		return mem_free(t);
	}
	return t;
}

void gateway_uac_done(struct gateway *g)
{
	for (uint32_t i = 0; i < g->n_uac; i++) {
		nict_free(g->uac[i]->tx);
		buf_done(&g->uac[i]->request);
		buf_done(&g->uac[i]->reply);
		mem_free(g->uac[i]);
	}
	for (struct map_node *n; (n = map_next(&g->targets, NULL));)
		target_free(g, LIST_OWNER(n, struct target, node));
	map_done(&g->targets);
	mem_free(g->uac);
	mem_free(g->free_uac);
	g->hop_locate = locate_free(g->hop_locate);
}

bool gateway_uac_busy(const struct gateway *g)
{
	return g->n_uac != g->n_free_uac;
}

/* ---- back to the XMPP sender ---- */

static void reply_error(struct gateway *g, const struct stanza *s, enum stanza_condition condition,
	enum stanza_error_type type, const char *text)
{
	const struct stanza_error error = {
		.condition = condition, .type = type, .text = slice_str(text)
	};
	struct buf *b = xstream_begin(g->stream);

	g->stats.xmpp_refused++;
	if (b && stanza_put_error_reply(b, s, &error))
		xstream_commit(g->stream, g->now);
}

/* What cannot be taken now, and may be later. */
static void reply_wait(struct gateway *g, const struct stanza *s, const char *text)
{
	g->stats.overload_wait++;
	reply_error(g, s, COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT, text);
}

static void report_failure(
	struct gateway *g, const struct uac *u, const struct sip_msg *response, ts_t now)
{
	struct slice all = buf_slice(&u->reply);
	struct buf b;

	/* The error comes from the address that was written to. */
	buf_init(&b, FAILURE_MAX);
	message_put_sip_failure(&b, slice_cut(all, u->n_from, u->n_from + u->n_to),
		slice_cut(all, 0, u->n_from), slice_skip(all, u->n_from + u->n_to), response,
		g->cfg.privacy);
	if (buf_err(&b) == 0)
		gateway_tell(g, buf_slice(&b), now);
	buf_done(&b);
}

/* ---- a transaction ---- */

static const char *branch(
	const struct uac *u, struct slice id, const uint8_t salt[16], char text[BRANCH_MAX])
{
	/* RFC 7572 section 4: the stanza's id has its part in the transaction's. */
	const uint64_t hash = siphash(salt, id);

	memcpy(text, "z9hG4bK", COOKIE_MAX);
	gateway_slot_text(u->slot, u->chance, text + COOKIE_MAX);
	gateway_slot_text((uint32_t)(hash >> 32), (uint32_t)hash, text + COOKIE_MAX + SLOT_TEXT);
	return text;
}

static struct uac *find_by_branch(struct gateway *g, struct slice text)
{
	uint32_t slot, chance;

	if (!slice_starts(text, SLICE("z9hG4bK")) ||
		!gateway_slot_read(
			slice_cut(text, COOKIE_MAX, COOKIE_MAX + SLOT_TEXT), &slot, &chance) ||
		slot >= g->n_uac)
		return NULL;
	struct uac *u = g->uac[slot];
	return u->in_use && u->chance == chance ? u : NULL;
}

static void drain(struct gateway *g, struct uac *u, ts_t now);

/* The Via of a connection that was not there yet when the request was written. */
static int put_real_via(struct gateway *g, struct uac *u)
{
	struct slice all = buf_slice(&u->request);
	size_t line = slice_chr(all, '\n') + 1;
	size_t via = line + slice_chr(slice_skip(all, line), '\n') + 1;
	struct slice text = slice_cut(all, line, via);
	size_t at = slice_find(text, SLICE(";branch="));

	if (at == SIZE_MAX)
		return ERR_SYNTAX;
	buf_clear(&g->scratch);
	buf_put(&g->scratch, slice_cut(all, 0, line));
	struct slice b = slice_skip(text, at + 8);
	b = slice_cut(b, 0, slice_chr(slice_cut(b, 0, slice_chr(b, '\r')), ';'));
	sip_put_via(&g->scratch, u->path.transport, &u->path.local, b);
	buf_put(&g->scratch, slice_skip(all, via));
	buf_clear(&u->request);
	buf_put(&u->request, buf_slice(&g->scratch));
	return buf_err(&g->scratch) ? buf_err(&g->scratch) : buf_err(&u->request);
}

static void target_next(struct gateway *g, struct target *t, ts_t now);

static void finish(struct gateway *g, struct uac *u, ts_t now)
{
	struct target *t = u->target;

	list_remove(&u->queue);
	t->n--;
	slot_give(g, u);
	target_next(g, t, now);
}

static void fail(struct gateway *g, struct uac *u, const struct sip_msg *response, ts_t now)
{
	g->stats.xmpp_refused++;
	report_failure(g, u, response, now);
	finish(g, u, now);
}

static void begin(struct gateway *g, struct uac *u, ts_t now)
{
	if (!g->hop_known || g->closing) {
		fail(g, u, NULL, now);
		return;
	}
	if (!gateway_hop_path(g, &u->path)) {
		u->hop_turn = g->hop_turn;
		/* No connection: no memory, or too many of them. */
		if ((g->hop.transport == TRANSPORT_TCP && !g->hop_conn) ||
			timers_set(&g->uac_timers, &u->timer, ts_add(now, TS_MS(PATH_MS))))
			fail(g, u, NULL, now);
		return;
	}
	u->hop_turn = u->path.flow ? g->hop_conn->hop_turn : g->hop_turn;
	u->begun = now;
	const struct nict_cfg *cfg = u->path.transport == TRANSPORT_UDP ? &unreliable : &reliable;
	if (put_real_via(g, u) || nict_new(&u->tx, cfg, buf_slice(&u->request), now)) {
		u->tx = NULL;
		fail(g, u, NULL, now);
		return;
	}
	drain(g, u, now);
}

static void target_next(struct gateway *g, struct target *t, ts_t now)
{
	struct list *n = list_first(&t->queue);

	if (n)
		begin(g, LIST_OWNER(n, struct uac, queue), now);
	else
		target_free(g, t);
}

static bool is_targets_fault(
	const struct gateway *g, const struct uac *u, const struct nict_event *ev)
{
	/* Silence about one message is not silence: RFC 3263 section 4.3, and RFC 4320 forbids a
	 * proxy to say 408 for a phone that is not there. */
	if (ev->type == NICT_EV_TIMEOUT)
		return g->hop_heard < u->begun;
	/* A peer may close a connection whenever it likes: that is no failure of the target, being
	 * unable to connect is. */
	return !u->path.flow;
}

/* Outputs, then the one event that ends it; lingering for repeated responses is not needed: a
 * branch that finds no transaction is dropped. */
static void drain(struct gateway *g, struct uac *u, ts_t now)
{
	struct nict_event ev;
	struct slice out;

	while (nict_take_output(u->tx, &out)) {
		buf_put(gateway_out(g), out);
		gateway_send(g, &u->path);
	}
	while (nict_take_event(u->tx, &ev)) {
		switch (ev.type) {
		case NICT_EV_PROVISIONAL: continue;
		case NICT_EV_FINAL:
			if (ev.code >= 300) {
				fail(g, u, &g->msg, now);
				return;
			}
			g->stats.xmpp_to_sip++;
			finish(g, u, now);
			return;
		case NICT_EV_TIMEOUT:
		case NICT_EV_SEND_FAILED:
			if (is_targets_fault(g, u, &ev))
				gateway_hop_failed(g, u->hop_turn, now);
			fail(g, u, NULL, now);
			return;
		case NICT_EV_DONE: return;
		}
	}
	if (timers_set(&g->uac_timers, &u->timer, nict_deadline(u->tx)))
		fail(g, u, NULL, now); /* without a timer it would never end */
}

void gateway_uac_timer(struct gateway *g, struct uac *u, ts_t now)
{
	if (!u->tx) {
		gateway_hop_failed(g, u->hop_turn, now);
		fail(g, u, NULL, now);
		return;
	}
	nict_push_time(u->tx, now);
	drain(g, u, now);
}

void gateway_uac_response(struct gateway *g, const struct origin *o, ts_t now)
{
	struct uac *u = find_by_branch(g, g->msg.via.branch);

	if (!u || !u->tx || g->msg.method != SIP_METHOD_MESSAGE)
		return; /* RFC 3261 section 18.1.2: of no transaction of ours */
	if (!addr_ip_eq(&o->peer, &u->path.peer) && !gateway_is_trusted(g, &o->peer)) {
		g->stats.sip_untrusted++;
		return;
	}
	if (u->hop_turn == g->hop_turn)
		g->hop_heard = now;
	nict_push_response(u->tx, g->msg.status, now);
	drain(g, u, now);
}

/* ---- what happens to the path ---- */

static void push_error(struct gateway *g, struct uac *u, int err, ts_t now)
{
	if (u->tx) {
		nict_push_send_error(u->tx, err, now);
		drain(g, u, now);
	} else {
		fail(g, u, NULL, now);
	}
}

void gateway_uac_peer_failed(struct gateway *g, const struct addr *peer, int err, ts_t now)
{
	for (uint32_t i = 0; i < g->n_uac; i++) {
		struct uac *u = g->uac[i];

		if (u->in_use && u->tx && !u->path.flow && addr_eq(&u->path.peer, peer))
			push_error(g, u, err, now);
	}
}

/* It waits for the path, not for another message. */
static bool waits(const struct uac *u)
{
	return u->in_use && !u->tx && list_first(&u->target->queue) == &u->queue;
}

void gateway_uac_path_up(struct gateway *g, ts_t now)
{
	for (uint32_t i = 0; i < g->n_uac; i++)
		if (waits(g->uac[i]))
			begin(g, g->uac[i], now);
}

void gateway_uac_path_failed(struct gateway *g, ts_t now)
{
	for (uint32_t i = 0; i < g->n_uac; i++)
		if (waits(g->uac[i]))
			fail(g, g->uac[i], NULL, now);
}

void gateway_uac_conn_lost(struct gateway *g, struct conn *c, ts_t now)
{
	if (c == g->hop_conn) {
		g->hop_conn = NULL;
		if (!c->up)
			gateway_hop_failed(g, c->hop_turn, now);
	}
	for (uint32_t i = 0; i < g->n_uac; i++) {
		struct uac *u = g->uac[i];

		/* What begins meanwhile is on another connection. */
		if (u->in_use && u->path.flow == c->flow)
			push_error(g, u, ECONNRESET, now);
	}
}

void gateway_uac_stop(struct gateway *g, ts_t now)
{
	for (uint32_t i = 0; i < g->n_uac; i++)
		if (g->uac[i]->in_use)
			fail(g, g->uac[i], NULL, now);
}

/* ---- a stanza ---- */

struct refusal_row {
	enum stanza_condition condition;
	enum stanza_error_type type;
};

static bool judge(
	struct gateway *g, const struct stanza *s, const struct jid *from, const struct jid *to)
{
	static const struct refusal_row rows[] = {
		[PARTNER_NOT_ALLOWED] = { COND_POLICY_VIOLATION, ERROR_TYPE_CANCEL },
		[PARTNER_NOT_OWN] = { COND_ITEM_NOT_FOUND, ERROR_TYPE_CANCEL },
		[PARTNER_BOTH_OWN] = { COND_POLICY_VIOLATION, ERROR_TYPE_CANCEL },
	};
	enum partner_verdict v = partners_judge(g->cfg.partners, jid_domain(to), jid_domain(from));

	if (v != PARTNER_OK) {
		reply_error(g, s, rows[v].condition, rows[v].type, partner_verdict_text(v));
		return false;
	}
	if (gateway_contacts_may(g, to, from, g->now))
		return true;
	reply_error(g, s, COND_POLICY_VIOLATION, ERROR_TYPE_CANCEL,
		"Users of this domain may not write first");
	return false;
}

/* For Via.  Where it is not known yet, the longest that it can be: 1,300 bytes must stay 1,300. */
static struct addr sent_by(const struct gateway *g)
{
	struct addr longest = { .family = g->hop.addr.family, .port = UINT16_MAX };
	struct addr local;

	if (g->hop.transport == TRANSPORT_UDP && gateway_hop_listener(g, &local))
		return local;
	if (g->hop.transport == TRANSPORT_TCP && g->hop_conn && g->hop_conn->up)
		return g->hop_conn->origin.local;
	memset(longest.ip, 0xff, longest.family == 4 ? 4 : sizeof(longest.ip));
	return longest;
}

static int write_request(struct gateway *g, struct uac *u, const struct stanza *s,
	const struct jid *from, const struct jid *to)
{
	char branch_text[BRANCH_MAX], tag[TAG_MAX + 1];
	struct message_refusal refusal;

	rng_token(g->rng, tag, TAG_MAX);
	const struct message_route route = {
		.transport = g->hop.transport,
		.local = sent_by(g),
		.branch = slice_str(branch(u, s->id, g->salt, branch_text)),
		.from_tag = slice_str(tag),
		.cseq = ++g->cseq & 0x7fffffff, /* RFC 3261 section 8.1.1.5: below 2**31 */
		.max_forwards = 70,
		.rng = g->rng,
	};
	int err = message_to_sip(s, from, to, &route, &u->request, &refusal);
	if (err == ERR_LEGAL)
		reply_error(g, s, refusal.condition, refusal.type, refusal.text);
	else if (err && err != ERR_UNSUPPORTED)
		reply_wait(g, s, err_text(err));
	return err;
}

/* What an error stanza needs of this one. */
static bool keep_reply(struct gateway *g, struct uac *u, const struct stanza *s)
{
	buf_clear(&u->reply);
	buf_put(&u->reply, s->from);
	buf_put(&u->reply, s->to);
	buf_put(&u->reply, s->id);
	u->n_from = s->from.n;
	u->n_to = s->to.n;
	if (buf_err(&u->reply) == -EMSGSIZE)
		reply_error(g, s, COND_POLICY_VIOLATION, ERROR_TYPE_MODIFY, "The id is too long");
	else if (buf_err(&u->reply))
		reply_wait(g, s, err_text(buf_err(&u->reply)));
	return !buf_err(&u->reply);
}

static void enqueue(struct gateway *g, struct uac *u, struct target *t, ts_t now)
{
	u->target = t;
	list_init(&u->queue);
	list_append(&t->queue, &u->queue);
	if (t->n++ == 0)
		begin(g, u, now);
}

/* NULL, or what there is too much of. */
static const char *join(
	struct gateway *g, struct uac *u, const struct jid *from, const struct jid *to, ts_t now)
{
	struct where where;

	buf_clear(&g->scratch);
	if (address_to_sip(to, true, &g->scratch, &where))
		return err_text(
			-ENOMEM); /* its parts are within limits, and it was written before */
	const struct slice uri = buf_slice(&g->scratch);
	const size_t bytes = SLOT_BYTES + u->request.cap + u->reply.cap + uri.n;
	const char *refusal = gateway_budget_take(g, u, from, bytes, now);
	if (refusal)
		return refusal;
	struct target *t = target_get(g, uri);
	if (!t || t->n == TARGET_QUEUE_MAX)
		return "Too many messages wait for this receiver";
	enqueue(g, u, t, now);
	return NULL;
}

static void send(struct gateway *g, const struct stanza *s, const struct jid *from,
	const struct jid *to, ts_t now)
{
	struct uac *u = slot_take(g);

	if (!u) {
		reply_wait(g, s, "Too many messages are in hand");
		return;
	}
	u->in_use = true;
	u->path = (struct origin){ .flow = 0 };
	u->chance = (uint32_t)rng_u64(g->rng);
	if (write_request(g, u, s, from, to) || !keep_reply(g, u, s)) {
		slot_give(g, u);
		return;
	}
	const char *refusal = join(g, u, from, to, now);
	if (!refusal)
		return;
	slot_give(g, u);
	reply_wait(g, s, refusal);
}

void gateway_uac_stanza(struct gateway *g, const struct stanza *s, ts_t now)
{
	struct jid from, to;
	struct where where;

	if (jid_decode(s->to, &to, &where) || !gateway_is_component(g, &to))
		return; /* the server's mistake */
	if (jid_decode(s->from, &from, &where)) {
		reply_error(g, s, COND_JID_MALFORMED, ERROR_TYPE_MODIFY, where.what);
		return;
	}
	if (!judge(g, s, &from, &to))
		return;
	if (!to.n_local) {
		reply_error(g, s, COND_SERVICE_UNAVAILABLE, ERROR_TYPE_CANCEL,
			"The gateway itself reads no messages");
		return;
	}
	if (!g->hop_known && now >= g->hop_again)
		gateway_hop_find(g, now);
	if (!g->hop_known || g->stopping) {
		reply_error(g, s, COND_REMOTE_SERVER_TIMEOUT, ERROR_TYPE_WAIT,
			"The SIP pool cannot be reached");
		return;
	}
	send(g, s, &from, &to, now);
}
