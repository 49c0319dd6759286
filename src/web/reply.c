#include "net/loop.h"
#include "web/conn.h"
#include "web/fields.h"

enum {
	STREAM_PIECE = 8 << 10,
	CHUNK_FRAME = 32,
};

static void forget_body(struct web_conn *k)
{
	k->server->counts.n_unread -= k->held;
	k->held = 0;
	k->rest = SLICE_NONE;
	buf_done(&k->call.answer.body);
}

void web_reply_forget(struct web_conn *k)
{
	if (k->call.id)
		k->server->counts.n_calls--;
	k->call.id = 0;
	forget_body(k);
	web_answer_done(&k->call.answer);
}

/* ---- pieces ---- */

static int put_chunk(struct web_conn *k, struct slice bytes)
{
	struct buf b;

	buf_init(&b, WEB_PART_MAX + CHUNK_FRAME);
	buf_printf(&b, "%zx\r\n", bytes.n);
	buf_put(&b, bytes);
	buf_puts(&b, k->is_over ? "\r\n0\r\n\r\n" : "\r\n");
	const int err = buf_err(&b) ? buf_err(&b) : web_wire_put(&k->wire, buf_slice(&b));
	buf_done(&b);
	return err;
}

/* No bytes are a part that could not be made: it ends as what a reader cannot take for whole. */
static int put_piece(struct web_conn *k, struct slice bytes)
{
	int err = bytes.n == 0 ? -EINVAL : 0;

	if (!err)
		err = k->framing.is_chunked ? put_chunk(k, bytes) : web_wire_put(&k->wire, bytes);
	if (!err && k->is_over && k->framing.is_last)
		web_wire_put_end(&k->wire);
	return err;
}

static struct slice take_rest(struct web_conn *k)
{
	const struct slice piece = slice_cut(k->rest, 0, WEB_PART_MAX);

	k->rest = slice_skip(k->rest, piece.n);
	return piece;
}

int web_reply_next(struct web_conn *k)
{
	struct web_answer *a = &k->call.answer;
	struct buf part;

	if (k->rest.n) {
		const struct slice piece = take_rest(k);
		k->is_over = !k->rest.n && !a->more;
		return put_piece(k, piece);
	}
	buf_init(&part, WEB_PART_MAX);
	k->is_over = !a->more(a->parts, &part);
	const int err = put_piece(k, buf_err(&part) ? SLICE_NONE : buf_slice(&part));
	buf_done(&part);
	return err;
}

int web_reply_feed(struct web_conn *k)
{
	const struct web_stream *st = k->call.answer.stream;

	if (web_wire_has_unsent(&k->wire))
		return 0;
	if (k->rest.n)
		return web_wire_put(&k->wire, take_rest(k));
	if (k->held)
		forget_body(k);
	const size_t from = (size_t)(k->heard - st->begin);
	const struct slice piece = slice_cut(buf_slice(&st->kept), from, from + STREAM_PIECE);
	k->heard += piece.n;
	return piece.n ? web_wire_put(&k->wire, piece) : 0;
}

/* ---- the head ---- */

static void refuse(struct web_conn *k, enum web_refusal why, const char *again_s)
{
	web_conn_refuse(k, why);
	web_answer_refuse(&k->call.answer, 503);
	web_answer_field(&k->call.answer, "Retry-After", slice_str(again_s));
}

static bool is_too_much(const struct web_conn *k)
{
	const struct web_server *s = k->server;

	return s->cfg.unread_max &&
	       buf_len(&k->call.answer.body) + s->counts.n_unread > s->cfg.unread_max;
}

/* What the handler has made may not be sent as it is. */
static void correct(struct web_conn *k)
{
	const struct web_request *r = &k->call.request;
	struct web_answer *a = &k->call.answer;
	const struct web_server *s = k->server;

	if (buf_err(&a->body) || buf_err(&a->fields)) {
		web_answer_refuse(a, 500);
	} else if (is_too_much(k)) {
		refuse(k, WEB_REFUSED_MEMORY, "5");
	} else if (a->stream && s->counts.n_streams >= s->cfg.streams) {
		refuse(k, WEB_REFUSED_STREAMS, "30");
	} else if (a->stream && !web_has_share(s, &k->peer, true)) {
		refuse(k, WEB_REFUSED_SHARE, "30");
	} else if (a->status == 200 && a->etag[0] && !r->is_post &&
		   web_has_etag(r, slice_str(a->etag))) {
		a->status = 304;
		a->more = NULL;
	}
}

static int put_head(struct web_conn *k)
{
	struct buf b;

	buf_init(&b, WEB_ANSWER_HEAD_MAX);
	web_answer_put_head(&k->call.answer, &k->framing, loop_wall() / (int64_t)TS_S(1), &b);
	const int err = buf_err(&b) ? buf_err(&b) : web_wire_put(&k->wire, buf_slice(&b));
	buf_done(&b);
	return err;
}

int web_reply_begin(struct web_conn *k)
{
	const struct web_request *r = &k->call.request;
	const struct web_answer *a = &k->call.answer;

	correct(k);
	k->framing.is_chunked = a->more && !r->is_http_1_0;
	k->framing.is_last = k->framing.is_last || a->stream || r->is_close ||
			     !k->server->cfg.idle_s || k->is_done || (a->more && r->is_http_1_0);
	if (!r->is_head)
		k->rest = web_answer_content(a);
	k->is_over = r->is_head || (!a->more && !a->stream && !k->rest.n);
	k->held = buf_len(&a->body);
	k->server->counts.n_unread += k->held;
	const int err = put_head(k);
	if (!err && k->is_over && k->framing.is_last)
		web_wire_put_end(&k->wire);
	return err;
}
