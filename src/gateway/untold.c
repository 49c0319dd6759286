/* Failures of messages to SIP whose senders could not be told: the stream was down, or took no
 * more. They are told when it takes something again.  Their messages were taken from the server
 * long ago, so that nobody else can say that they did not arrive. */
#include "gateway/private.h"

enum { UNTOLD_BYTES_MAX = 256 << 10 }; /* about a thousand of them */

void gateway_untold_init(struct gateway *g)
{
	buf_init(&g->untold, UNTOLD_BYTES_MAX);
}

static bool send(struct gateway *g, struct slice stanzas, ts_t now)
{
	struct buf *b = gateway_is_up(g) ? xstream_begin(g->stream) : NULL;

	if (!b)
		return false;
	buf_put(b, stanzas);
	return xstream_commit(g->stream, now) == 0;
}

void gateway_untold_tell(struct gateway *g, ts_t now)
{
	if (buf_len(&g->untold) && send(g, buf_slice(&g->untold), now))
		buf_clear(&g->untold);
}

void gateway_tell(struct gateway *g, struct slice stanza, ts_t now)
{
	gateway_untold_tell(g, now);
	if (buf_len(&g->untold) == 0 && send(g, stanza, now))
		return;
	const size_t before = buf_len(&g->untold);
	buf_put(&g->untold, stanza);
	if (buf_err(&g->untold) == 0)
		return;
	buf_truncate(&g->untold, before);
	g->untold.err = 0; /* what is in it is whole */
	g->stats.failures_lost++;
}
