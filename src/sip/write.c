#include "sip/write.h"

#include "base/str.h"
#include "sip/hdr.h"

enum { SIP_PORT = 5060 };

void sip_put_request_line(struct buf *b, const char *method, struct slice uri)
{
	buf_puts(b, method);
	buf_putc(b, ' ');
	buf_put(b, uri);
	buf_puts(b, " SIP/2.0\r\n");
}

void sip_put_status_line(struct buf *b, int status, struct slice reason)
{
	buf_puts(b, "SIP/2.0 ");
	buf_putu(b, (uint64_t)status);
	buf_putc(b, ' ');
	sip_put_header_text(b, reason.n ? reason : slice_str(sip_reason_phrase(status)));
	buf_puts(b, "\r\n");
}

void sip_put_header(struct buf *b, const char *name, struct slice value)
{
	buf_puts(b, name);
	buf_puts(b, ": ");
	sip_put_header_text(b, value);
	buf_puts(b, "\r\n");
}

void sip_put_via(
	struct buf *b, enum transport transport, const struct addr *sent_by, struct slice branch)
{
	static const char *const names[] = {
		[TRANSPORT_UDP] = "UDP", [TRANSPORT_TCP] = "TCP", [TRANSPORT_TLS] = "TLS"
	};

	buf_puts(b, "Via: SIP/2.0/");
	buf_puts(b, names[transport]);
	buf_putc(b, ' ');
	addr_put(b, sent_by);
	buf_puts(b, ";branch=");
	buf_put(b, branch);
	buf_puts(b, ";rport\r\n");
}

void sip_put_body(struct buf *b, struct slice body)
{
	buf_puts(b, "Content-Length: ");
	buf_putu(b, body.n);
	buf_puts(b, "\r\n\r\n");
	buf_put(b, body);
}

/* Is the sent-by host the address that the packet came from? */
static bool is_source(struct slice host, const struct addr *source)
{
	struct addr a;

	if (!addr_decode_ip(host, &a))
		return false;
	addr_unmap(&a);
	return addr_ip_eq(&a, source);
}

struct addr sip_response_addr(const struct sip_via *via, const struct addr *source)
{
	struct addr a = *source;

	if (!via->has_rport && !via->is_broken)
		a.port = via->port ? via->port : SIP_PORT;
	return a;
}

/* RFC 3261 section 18.2.1 and RFC 3581 section 4: the top Via learns where it really came from. Its
 * own `rport` and `received` are replaced: a sender has no say in them. */
static void put_top_via(struct buf *b, const struct sip_via *via, const struct addr *source)
{
	struct slice text = via->text, rest;
	size_t params = slice_chr(text, ';');
	struct sip_param p;

	buf_put(b, slice_trim(slice_cut(text, 0, params)));
	rest = slice_skip(text, params + 1);
	while (sip_param_next(&rest, &p)) {
		if (slice_ieqs(p.name, "rport") || slice_ieqs(p.name, "received"))
			continue;
		buf_putc(b, ';');
		buf_put(b, p.name);
		if (p.has_value)
			buf_putc(b, '=');
		buf_put(b, p.value);
	}
	if (via->has_rport) {
		buf_puts(b, ";rport=");
		buf_putu(b, source->port);
	}
	if (via->has_rport || !is_source(via->host, source)) {
		buf_puts(b, ";received=");
		addr_put_ip(b, source);
	}
}

/* What could not be read whole is repeated as it came. */
static void put_broken_via(struct buf *b, const struct sip_via *via, const struct addr *source)
{
	buf_put(b, via->text);
	buf_puts(b, ";received=");
	addr_put_ip(b, source);
}

/* The values behind the first one of a field, which is a part of it. */
static struct slice behind_top(struct slice values, struct slice top)
{
	const struct slice rest =
		slice_trim(slice_skip(values, (size_t)(top.p + top.n - values.p)));

	return rest.n ? slice_trim(slice_skip(rest, 1)) : rest; /* the comma */
}

static void put_vias(struct buf *b, const struct sip_msg *req, const struct addr *source)
{
	bool top = true;
	unsigned at = 0;

	for (const struct sip_hdr *h; (h = sip_msg_find(req, SIP_HDR_VIA, &at));) {
		struct slice rest = h->value;

		buf_puts(b, "Via: ");
		if (top && source) {
			if (req->via.is_broken)
				put_broken_via(b, &req->via, source);
			else
				put_top_via(b, &req->via, source);
			rest = behind_top(rest, req->via.text);
			buf_puts(b, rest.n ? ", " : "");
		}
		buf_put(b, rest);
		buf_puts(b, "\r\n");
		top = false;
	}
}

static void put_row(struct buf *b, const char *name, struct slice value)
{
	if (value.n == 0)
		return; /* of a request that is refused for want of it */
	buf_puts(b, name);
	buf_put(b, value);
	buf_puts(b, "\r\n");
}

/* Section 8.2.6.2.  An empty tag gives place to ours; what is no address may have one all the same.
 */
static void put_to(struct buf *b, const struct sip_nameaddr *to, struct slice tag)
{
	const size_t cut = to->no_tag.n ? (size_t)(to->no_tag.p - to->text.p) : to->text.n;

	if (to->text.n == 0)
		return;
	buf_puts(b, "To: ");
	if (to->tag.n || !tag.n ||
		(!to->uri_text.n && slice_find(to->text, SLICE(";tag=")) != SIZE_MAX)) {
		buf_put(b, to->text);
	} else {
		buf_put(b, slice_cut(to->text, 0, cut));
		buf_put(b, slice_skip(to->text, cut + to->no_tag.n));
		buf_puts(b, ";tag=");
		buf_put(b, tag);
	}
	buf_puts(b, "\r\n");
}

/* What may not be in a header is not carried on in an answer: a space stands for it. */
static void clean(struct buf *b, size_t from)
{
	const struct slice all = buf_slice(b);

	for (size_t i = from; i < all.n; i++) {
		const bool is_break = i + 1 < all.n && all.p[i] == '\r' && all.p[i + 1] == '\n';

		if (is_break)
			i++;
		else if ((all.p[i] < 0x20 && all.p[i] != '\t') || all.p[i] == 0x7f)
			b->p[b->head + i] = ' ';
	}
}

void sip_put_response_fields(
	struct buf *b, const struct sip_msg *req, struct slice to_tag, const struct addr *source)
{
	const size_t from = buf_len(b);

	put_vias(b, req, source);
	put_row(b, "From: ", req->from.text);
	put_to(b, &req->to, to_tag);
	put_row(b, "Call-ID: ", req->call_id);
	put_row(b, "CSeq: ", sip_msg_value(req, SIP_HDR_CSEQ));
	if (req->has_controls)
		clean(b, from);
}

void sip_put_response_head(struct buf *b, const struct sip_msg *req, int status,
	struct slice to_tag, const struct addr *source)
{
	sip_put_status_line(b, status, SLICE_NONE);
	sip_put_response_fields(b, req, status > 100 ? to_tag : SLICE_NONE, source);
}
