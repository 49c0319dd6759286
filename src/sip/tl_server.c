/* Server transactions, RFC 3261 section 17.2.2 with RFC 4320: the requests that wait for their
 * answer, and the answers that are remembered until timer J. */
#include "sip/tl_private.h"
#include "sip/write.h"

enum { TRYING_MS = 3500 }; /* RFC 4320 section 4.1: timer E is reset to T2 then, at T1 of 500 ms */

int tl_servers_init(struct tl *tl)
{
	const bool whole = tl->cfg.keeps_whole_answers;
	const size_t places = tl->cfg.servers_max + (whole ? tl->cfg.done_max : 0);

	if (tl->cfg.done_max == 0 || tl->cfg.done_max > NIST_DONE_MAX)
		return -EINVAL;
	list_init(&tl->finished);
	list_init(&tl->gone);
	list_init(&tl->waiting);
	map_init(&tl->by_key, places, tl->rng);
	int err = slots_init(&tl->servers, (uint32_t)places, sizeof(struct tl_server));
	if (!err && !whole)
		err = nist_done_new(&tl->done, tl->cfg.done_max, TL_J);
	return err;
}

void tl_servers_done(struct tl *tl)
{
	struct tl_server *s;

	for (uint32_t i = 0; (s = slots_at(&tl->servers, i)); i++)
		buf_done(&s->bytes);
	slots_done(&tl->servers);
	map_done(&tl->by_key);
	tl->done = nist_done_free(tl->done);
}

/* ---- places ---- */

/* One that waits for an answer, or whose owner waits to be told that nobody does. */
static struct tl_server *find(const struct tl *tl, uint64_t place)
{
	struct tl_server *s = slots_find(&tl->servers, place);

	return s && s->state != TL_SERVER_DONE ? s : NULL;
}

/* A stream does not lose answers, so nothing repeats requests on it: timer J is 0. */
static bool is_kept(const struct origin *o)
{
	return o->transport == TRANSPORT_UDP;
}

static struct tl_server *take_place(struct tl *tl)
{
	struct tl_server *s = slots_get(&tl->servers);

	if (s && slot_is_new(&s->slot)) {
		buf_init(&s->bytes, tl->cfg.request_max);
		list_init(&s->list);
		list_init(&s->waiting);
	}
	return s;
}

static void give_place(struct tl *tl, struct tl_server *s)
{
	if (slots_idle(&tl->servers) >= TL_IDLE_MAX || s->bytes.cap > TL_IDLE_SERVER_BYTES)
		buf_done(&s->bytes);
	slots_give(&tl->servers, &s->slot);
}

/* Nobody waits for it any more, and no repeated request finds it. */
static void leave(struct tl *tl, struct tl_server *s)
{
	map_remove(&tl->by_key, &s->node);
	list_remove(&s->list);
	list_remove(&s->waiting);
	tl->owed_bytes -= s->owed;
	s->owed = 0;
	if (s->state == TL_SERVER_DONE)
		tl->n_finished--;
	else
		tl->n_to_keep -= is_kept(&s->origin);
}

static void end(struct tl *tl, struct tl_server *s)
{
	if (s->state == TL_SERVER_GONE)
		list_remove(&s->list);
	else
		leave(tl, s);
	give_place(tl, s);
}

/* For the request in hand; `bytes` are still to be written.  NULL when there is no room. */
static struct tl_server *server_new(struct tl *tl, uint64_t ref)
{
	struct tl_flow *f = tl->origin.flow ? tl_flow_find(tl, tl->origin.flow) : NULL;
	struct tl_server *s = take_place(tl);

	if (!s)
		return NULL;
	s->key = tl->key;
	if (map_insert(&tl->by_key, &s->node, slice_of(&s->key, sizeof(s->key)))) {
		give_place(tl, s);
		return NULL;
	}
	slots_take(&s->slot, NULL); /* an answer names no place */
	s->state = TL_SERVER_WAITING;
	s->ref = ref;
	s->origin = tl->origin;
	s->back_port = sip_response_addr(&tl->msg.via, &tl->origin.peer).port;
	s->owed = 0;
	s->is_tried = false;
	buf_clear(&s->bytes);
	if (f)
		list_append(&f->servers, &s->list);
	tl->n_to_keep += is_kept(&s->origin);
	return s;
}

void tl_servers_gone(struct tl *tl, struct list *servers)
{
	for (struct tl_server *s; (s = LIST_FIRST(servers, struct tl_server, list));) {
		leave(tl, s);
		s->state = TL_SERVER_GONE;
		list_append(&tl->gone, &s->list);
	}
}

bool tl_server_take(struct tl *tl, struct tl_event *ret)
{
	struct tl_server *s = LIST_FIRST(&tl->gone, struct tl_server, list);

	if (!s)
		return false;
	ret->type = TL_EV_GONE;
	ret->ref = s->ref;
	tl->gone_origin = s->origin; /* its own: a datagram may wait to be read */
	ret->origin = &tl->gone_origin;
	end(tl, s);
	return true;
}

void tl_forget(struct tl *tl, uint64_t place)
{
	struct tl_server *s = find(tl, place);

	if (s)
		end(tl, s);
}

const struct nist_key *tl_key(const struct tl *tl, uint64_t place)
{
	const struct tl_server *s = place == TL_IN_HAND ? NULL : find(tl, place);

	return s ? &s->key : &tl->key;
}

const struct origin *tl_origin(const struct tl *tl, uint64_t place)
{
	const struct tl_server *s = place == TL_IN_HAND ? NULL : find(tl, place);

	return s ? &s->origin : &tl->origin;
}

/* ---- memory ---- */

static struct tl_server *oldest(const struct tl *tl)
{
	return LIST_FIRST(&tl->finished, struct tl_server, list);
}

void tl_servers_time(struct tl *tl, ts_t now)
{
	if (tl->done)
		nist_done_push_time(tl->done, now);
	for (struct tl_server *s; (s = oldest(tl)) && s->until <= now;)
		end(tl, s);
}

static struct tl_server *next_to_try(const struct tl *tl)
{
	return LIST_FIRST(&tl->waiting, struct tl_server, waiting);
}

ts_t tl_servers_deadline(const struct tl *tl)
{
	const struct tl_server *s = oldest(tl), *w = next_to_try(tl);
	ts_t at = s ? s->until : tl->done ? nist_done_deadline(tl->done) : TS_NEVER;

	/* Once a second is often enough to forget; each one's own moment would cost a wake-up. */
	return ts_min(ts_add(at, TS_S(1)), w ? w->trying : TS_NEVER);
}

/* Every answer that is to be remembered needs a place, those that are still owed too. */
bool tl_can_remember(struct tl *tl, ts_t now)
{
	tl_servers_time(tl, now);
	return tl->n_finished + (tl->done ? nist_done_count(tl->done) : 0) + tl->n_to_keep <
	       tl->cfg.done_max;
}

/* Its answer is in the outbox.  False: it is not kept. */
static bool keep_answer(struct tl *tl, struct tl_server *s, ts_t now)
{
	if (buf_err(outbox_bytes(tl->cfg.out)))
		return false; /* it is not all there */
	buf_clear(&s->bytes);
	buf_put(&s->bytes, outbox_unsent(tl->cfg.out));
	if (buf_err(&s->bytes))
		return false;
	tl->owed_bytes -= s->owed;
	s->owed = 0;
	list_remove(&s->waiting);
	tl->n_to_keep--;
	tl->n_finished++;
	s->state = TL_SERVER_DONE;
	s->until = ts_add(now, TL_J);
	list_append(&tl->finished, &s->list);
	return true;
}

/* ---- a request ---- */

static void send_back(struct tl *tl, const struct origin *o, uint16_t port)
{
	struct origin back = *o;

	if (o->transport == TRANSPORT_UDP)
		back.peer.port = port;
	(void)tl_send(tl, &back);
}

static void repeat(struct tl *tl, const struct tl_server *s)
{
	buf_put(outbox_bytes(tl->cfg.out), buf_slice(&s->bytes));
	send_back(tl, &s->origin, s->back_port);
}

static void say_trying(struct tl *tl, const struct tl_server *s)
{
	sip_put_status_line(outbox_bytes(tl->cfg.out), 100, SLICE_NONE);
	buf_put(outbox_bytes(tl->cfg.out), buf_slice(&s->bytes));
	sip_put_body(outbox_bytes(tl->cfg.out), SLICE_NONE);
	send_back(tl, &s->origin, s->back_port);
}

/* What has no room now is due again at once. */
void tl_servers_try(struct tl *tl, ts_t now)
{
	struct tl_server *s;

	while ((s = next_to_try(tl)) && s->trying <= now && outbox_has_room(tl->cfg.out)) {
		list_remove(&s->waiting);
		s->is_tried = true;
		say_trying(tl, s);
	}
}

void tl_server_request(struct tl *tl, struct tl_event *ret, ts_t now)
{
	nist_key_make(&tl->key, tl->salt, &tl->msg, tl->msg.method_text);
	if (!tl->done)
		tl_servers_time(tl, now);
	const struct tl_server *s =
		MAP_FIND(&tl->by_key, slice_of(&tl->key, sizeof(tl->key)), struct tl_server, node);
	if (s) {
		ret->type = TL_EV_ABSORBED;
		if (s->state == TL_SERVER_DONE)
			repeat(tl, s);
		else if (s->is_tried)
			say_trying(tl, s); /* RFC 3261 section 17.2.2 */
		return;
	}
	bool known = tl->done && nist_done_find(tl->done, &tl->key, &ret->status, &ret->extra, now);
	ret->type = known ? TL_EV_REPEATED : TL_EV_REQUEST;
	tl->hand = known ? TL_HAND_REPEATED : TL_HAND_NEW;
}

bool tl_cancels(struct tl *tl, enum sip_method method, ts_t now)
{
	struct nist_key key;
	uint16_t extra;
	int status;

	nist_key_make(&key, tl->salt, &tl->msg, slice_str(sip_method_name(method)));
	if (!MAP_FIND(&tl->by_key, slice_of(&key, sizeof(key)), struct tl_server, node) &&
		!(tl->done && nist_done_find(tl->done, &key, &status, &extra, now)))
		return false;
	tl->key = key;
	return true;
}

void tl_server_refused(struct tl *tl)
{
	nist_key_make(&tl->key, tl->salt, &tl->msg, tl->msg.method_text);
	tl->hand = TL_HAND_REFUSED;
}

/* The answer but for its status line, so that the request need not be kept. */
static void put_head(struct tl *tl, struct buf *b)
{
	char tag[NIST_TAG_MAX];

	sip_put_response_fields(
		b, &tl->msg, slice_str(nist_to_tag(&tl->key, tl->salt, tag)), &tl->origin.peer);
}

bool tl_is_answer_too_long(struct tl *tl)
{
	struct buf b;

	buf_init(&b, tl->cfg.request_max);
	put_head(tl, &b);
	const bool too_long = buf_err(&b) == -EMSGSIZE;
	buf_done(&b);
	return too_long;
}

uint64_t tl_keep(struct tl *tl, uint64_t ref, ts_t now)
{
	if (tl->hand != TL_HAND_NEW ||
		slots_count(&tl->servers) - tl->n_finished >= tl->cfg.servers_max ||
		(is_kept(&tl->origin) && !tl_can_remember(tl, now)))
		return 0;
	struct tl_server *s = server_new(tl, ref);
	if (!s)
		return 0;
	put_head(tl, &s->bytes);
	const size_t owed = sizeof(*s) + s->bytes.cap;
	if (buf_err(&s->bytes) || tl->owed_bytes + owed > tl->cfg.owed_bytes_max) {
		end(tl, s);
		return 0;
	}
	s->owed = owed;
	tl->owed_bytes += owed;
	s->trying = ts_add(now, TS_MS(TRYING_MS));
	if (tl->cfg.says_trying)
		list_append(&tl->waiting, &s->waiting);
	tl->hand = TL_HAND_EMPTY;
	return slot_id(&s->slot);
}

/* ---- an answer ---- */

struct buf *tl_answer_whole(struct tl *tl, uint64_t place, int status)
{
	struct tl_answering *a = &tl->answering;

	*a = (struct tl_answering){ .status = status, .is_whole = true };
	if (place != TL_IN_HAND)
		a->server = find(tl, place);
	a->is_void = place == TL_IN_HAND ? tl->hand == TL_HAND_EMPTY
					 : !a->server || a->server->state == TL_SERVER_GONE;
	return outbox_bytes(tl->cfg.out);
}

struct buf *tl_answer(struct tl *tl, uint64_t place, int status, const char *reason)
{
	struct buf *b = tl_answer_whole(tl, place, status);
	const struct tl_answering *a = &tl->answering;

	tl->answering.is_whole = false;
	sip_put_status_line(b, status, slice_str(reason));
	if (a->server)
		buf_put(b, buf_slice(&a->server->bytes));
	else if (!a->is_void)
		put_head(tl, b);
	return b;
}

static void drop_answer(struct tl *tl)
{
	struct buf *b = outbox_bytes(tl->cfg.out);

	buf_truncate(b, buf_len(b) - outbox_unsent(tl->cfg.out).n);
	if (tl->answering.server)
		end(tl, tl->answering.server);
}

static void answer_place(
	struct tl *tl, struct tl_server *s, bool remember, uint16_t extra, ts_t now)
{
	bool stays = false;

	if (remember && tl->done)
		(void)nist_done_add(tl->done, &s->key, tl->answering.status, extra, now);
	else if (remember)
		stays = keep_answer(tl, s, now);
	send_back(tl, &s->origin, s->back_port);
	if (!stays)
		end(tl, s);
}

static void answer_hand(struct tl *tl, bool remember, uint16_t extra, ts_t now)
{
	const struct addr back = sip_response_addr(&tl->msg.via, &tl->origin.peer);

	if (remember && tl->done) {
		(void)nist_done_add(tl->done, &tl->key, tl->answering.status, extra, now);
	} else if (remember && tl_can_remember(tl, now)) {
		struct tl_server *s = server_new(tl, 0);

		if (s && !keep_answer(tl, s, now))
			end(tl, s);
	}
	tl->hand = TL_HAND_EMPTY;
	send_back(tl, &tl->origin, back.port);
}

void tl_answer_end(struct tl *tl, enum tl_memory memory, uint16_t extra, ts_t now)
{
	const struct tl_answering *a = &tl->answering;

	if (!a->is_whole)
		sip_put_body(outbox_bytes(tl->cfg.out), SLICE_NONE);
	const bool remember =
		memory == TL_REMEMBER && is_kept(a->server ? &a->server->origin : &tl->origin);
	if (a->is_void)
		drop_answer(tl);
	else if (a->server)
		answer_place(tl, a->server, remember, extra, now);
	else
		/* What was answered before is remembered already, and what is malformed is so
		 * again. */
		answer_hand(tl, remember && tl->hand == TL_HAND_NEW, extra, now);
}
