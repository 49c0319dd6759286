#include <event2/event.h>

#include "base/mem.h"
#include "web/conn.h"

/* All readers are at some place of what is kept, and are given the next piece when they have taken
 * the one before: so many readers cost one copy, and a slow one nothing to the others. */

int web_stream_new(struct web_stream **ret, struct web_server *s)
{
	struct web_stream *st = mem_alloc0(sizeof(*st));

	if (!st)
		return -ENOMEM;
	st->server = s;
	list_init(&st->readers);
	list_append(&s->streams, &st->all);
	buf_init(&st->kept, WEB_STREAM_UNREAD_MAX + WEB_EVENT_MAX);
	*ret = st;
	return 0;
}

static void end_all(struct web_stream *st)
{
	struct list *n, *t;

	LIST_EACH(n, t, &st->readers)
	web_conn_end(LIST_OWNER(n, struct web_conn, reader));
}

struct web_stream *web_stream_free(struct web_stream *st)
{
	if (!st)
		return NULL;
	end_all(st);
	list_remove(&st->all);
	buf_done(&st->kept);
	return mem_free(st);
}

/* What the kernel keeps for it goes, too. */
static void cut(struct web_conn *k)
{
	web_conn_refuse(k, WEB_REFUSED_SLOW);
	web_wire_reset(&k->wire);
	web_conn_end(k);
}

static int keep(struct web_stream *st, struct slice events)
{
	size_t n;

	buf_put(&st->kept, events);
	n = buf_len(&st->kept);
	if (buf_err(&st->kept)) {
		buf_done(&st->kept);
		return -ENOMEM;
	}
	n = n > WEB_STREAM_UNREAD_MAX ? n - WEB_STREAM_UNREAD_MAX : 0;
	buf_consume(&st->kept, n);
	st->begin += n;
	return 0;
}

int web_stream_push(struct web_stream *st, struct slice events)
{
	struct list *n, *t;

	if (events.n > WEB_EVENT_MAX)
		return -EMSGSIZE;
	if (!st->n_readers)
		return 0;
	if (keep(st, events)) {
		end_all(st); /* they come again, and hear the state of then */
		return -ENOMEM;
	}
	LIST_EACH(n, t, &st->readers)
	{
		struct web_conn *k = LIST_OWNER(n, struct web_conn, reader);
		if (k->heard < st->begin)
			cut(k);
		else if (web_reply_feed(k))
			web_conn_end(k);
	}
	return 0;
}

size_t web_stream_readers(const struct web_stream *st)
{
	return st->n_readers;
}

/* ---- the heartbeat ---- */

/* Also who keeps its place by reading nothing, where there is little to be read. */
static void cut_stuck(struct web_stream *st)
{
	struct list *n, *t;

	LIST_EACH(n, t, &st->readers)
	{
		struct web_conn *k = LIST_OWNER(n, struct web_conn, reader);
		const uint64_t heard = k->heard - k->rest.n;
		if (web_wire_has_unsent(&k->wire) && heard == k->heard_at_beat)
			cut(k);
		else
			k->heard_at_beat = heard;
	}
}

void web_streams_beat(struct web_server *s)
{
	struct list *n, *t;

	LIST_EACH(n, t, &s->streams)
	{
		struct web_stream *st = LIST_OWNER(n, struct web_stream, all);
		cut_stuck(st);
		(void)web_stream_push(st, SLICE(":\n\n")); /* without memory all are ended */
	}
}
