/* Stream headers of both sides, RFC 6120 sections 4.7 and 4.8. */
#include "xmpp/stream_private.h"

#define NS_DIALBACK "jabber:server:dialback"

static const char *const content_ns[] = {
	[XSTREAM_CLIENT] = NS_CLIENT,
	[XSTREAM_COMPONENT] = NS_COMPONENT,
	[XSTREAM_ACCEPT_CLIENT] = NS_CLIENT,
	[XSTREAM_ACCEPT_COMPONENT] = NS_COMPONENT,
	[XSTREAM_LOOK_CLIENT] = NS_CLIENT,
	[XSTREAM_LOOK_SERVER] = NS_SERVER,
};

const char *xstream_content_ns(const struct xstream *x)
{
	return content_ns[x->cfg.role];
}

static void put_attr(struct buf *b, const char *name, struct slice value)
{
	if (value.n)
		xml_put_attr(b, name, value);
}

void xstream_put_header(struct buf *b, const struct xstream_header *h)
{
	buf_puts(b, "<?xml version='1.0'?><stream:stream");
	put_attr(b, "from", h->from);
	if (h->from_empty)
		buf_puts(b, " from=''");
	put_attr(b, "id", h->id);
	put_attr(b, "to", h->to);
	if (h->version)
		buf_puts(b, " version='1.0' xml:lang='en'");
	buf_printf(b, " xmlns='%s'%s xmlns:stream='" NS_STREAM "'>", h->ns,
		h->dialback ? " xmlns:db='" NS_DIALBACK "'" : "");
}

/* RFC 6120 section 4.7.1: a client tells its name on protected streams only. */
static struct slice our_name(const struct xstream *x)
{
	if (x->cfg.role == XSTREAM_CLIENT && x->secure)
		return jid_bare(&x->jid);
	return x->cfg.role == XSTREAM_LOOK_SERVER ? jid_domain(&x->jid) : SLICE_NONE;
}

void xstream_send_header(struct xstream *x)
{
	xstream_put_header(xstream_write(x),
		&(struct xstream_header){
			.ns = xstream_content_ns(x),
			.from = our_name(x),
			.to = jid_domain(&x->domain),
			/* XEP-0114 knows no version, and servers take one amiss. */
			.version = x->cfg.role != XSTREAM_COMPONENT,
			.dialback = x->cfg.role == XSTREAM_LOOK_SERVER,
		});
	xstream_send(x);
	x->header_sent = true;
}

void xstream_restart(struct xstream *x)
{
	x->restart_due = true;
	x->header_sent = false;
	xstream_enter(x, XSTREAM_AWAIT_HEADER);
	if (!xstream_accepts(x))
		xstream_send_header(x);
}

void xstream_answer_header(struct xstream *x, struct buf *b)
{
	bool client = x->cfg.role == XSTREAM_ACCEPT_CLIENT;
	struct slice from = jid_domain(client ? &x->domain : &x->jid);

	rng_token(x->rng, x->stream_id, ID_CHARS);
	xstream_put_header(b, &(struct xstream_header){
				      .ns = xstream_content_ns(x),
				      .from = from,
				      .from_empty = from.n == 0,
				      .id = slice_str(x->stream_id),
				      .to = client && x->has_peer ? jid_bare(&x->peer) : SLICE_NONE,
				      .version = client,
			      });
	x->header_sent = true;
}

/* RFC 6120 section 4.7.5: two numbers, leading zeros are ignored. */
bool xstream_major_version(struct slice text, unsigned *ret)
{
	struct slice rest = text;
	struct slice first = slice_split(&rest, '.');
	uint64_t major, minor;

	if (!slice_u64(first, 1000000, &major) || !slice_u64(rest, 1000000, &minor))
		return false;
	*ret = (unsigned)major;
	return true;
}
