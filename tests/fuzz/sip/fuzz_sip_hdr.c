/* Header values: the first byte chooses the decoder, the rest is the value. */
#include <assert.h>

#include "sip/hdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct slice part, struct slice in)
{
	assert(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

static void refused(int err, const struct where *where, struct slice in)
{
	assert(err == ERR_SYNTAX || err == ERR_LIMIT);
	assert(where->what && where->offset <= in.n);
}

static void via(struct slice in)
{
	struct where where = { SIZE_MAX, NULL };
	struct sip_via v;

	int err = sip_via_decode(in, &v, &where);
	if (err) {
		refused(err, &where, in);
		return;
	}
	assert(v.transport.n && v.host.n);
	inside(v.transport, in);
	inside(v.host, in);
	inside(v.branch, in);
	inside(v.received, in);
}

static void nameaddr(struct slice in)
{
	struct where where = { SIZE_MAX, NULL };
	struct sip_nameaddr a, again;
	struct slice tag;

	int err = sip_nameaddr_decode(in, &a, &where);
	if (err) {
		refused(err, &where, in);
		return;
	}
	inside(a.display, in);
	inside(a.uri_text, in);
	inside(a.params, in);
	assert(a.uri_text.n);
	/* One without a value is none. */
	const bool found = sip_param_find(a.params, "tag", &tag);
	assert(found || a.tag.n == 0);
	assert(!found || tag.n == 0 || slice_eq(tag, a.tag));
	assert(sip_nameaddr_decode(in, &again, &where) == 0);
}

static void list(struct slice in)
{
	struct slice rest = in, value;
	size_t n = 0;

	while (sip_hdr_next(&rest, &value)) {
		assert(value.n > 0 && ++n <= in.n);
		inside(value, in);
	}
}

static void params(struct slice in)
{
	struct slice rest = in;
	struct sip_param p;
	size_t n = 0;

	while (sip_param_next(&rest, &p)) {
		assert(p.name.n > 0 && ++n <= in.n);
		assert(p.has_value || p.value.n == 0);
		inside(p.name, in);
		inside(p.value, in);
	}
}

/* What is quoted comes back when it is unquoted, and has no line end. */
static void quoting(struct slice in)
{
	struct buf quoted, text, back;

	buf_init(&quoted, 2 * in.n + 2);
	buf_init(&text, in.n + 1);
	buf_init(&back, in.n + 1);
	sip_put_quoted(&quoted, in);
	sip_put_header_text(&text, in);
	sip_put_unquoted(&back, buf_slice(&quoted));
	assert(!buf_err(&quoted) && !buf_err(&text) && !buf_err(&back));
	assert(buf_len(&back) == in.n && buf_len(&text) <= in.n);
	assert(slice_chr(buf_slice(&quoted), '\r') == buf_len(&quoted));
	assert(slice_chr(buf_slice(&text), '\n') == buf_len(&text));
	buf_done(&quoted);
	buf_done(&text);
	buf_done(&back);
}

static void media(struct slice in)
{
	struct where where = { SIZE_MAX, NULL };
	struct sip_media m;

	int err = sip_media_decode(in, &m, &where);
	if (err) {
		refused(err, &where, in);
		return;
	}
	assert(m.type.n && m.subtype.n);
	inside(m.charset, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const decoders[])(
		struct slice) = { via, nameaddr, list, params, quoting, media };

	if (size == 0)
		return 0;
	decoders[(data[0] & 0x1f) % (sizeof(decoders) / sizeof(decoders[0]))](
		slice_of(data + 1, size - 1));
	return 0;
}
