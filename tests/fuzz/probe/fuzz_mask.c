/* No byte of a secret comes out, however a stream is written and cut.
 *
 * The input writes a stream: legal SIP or XMPP of every spelling, or bytes as
 * they are.  Secrets, and bodies that are not wanted, are made of a byte that
 * stands nowhere else, so that one search finds a leak. */
#include <assert.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LEAK = '~', TEXT_MAX = 1 << 18, PARTS_MAX = 64 };

struct writer {
	struct slice in;
	struct buf out;
	bool bodies; /* they are wanted: they hold no secret */
};

static unsigned pick(struct writer *w, unsigned n)
{
	if (w->in.n == 0)
		return 0;
	unsigned v = w->in.p[0] % n;
	w->in = slice_skip(w->in, 1);
	return v;
}

static void put(struct writer *w, const char *s)
{
	buf_puts(&w->out, s);
}

static void put_one(struct writer *w, const char *const *texts, unsigned n)
{
	put(w, texts[pick(w, n)]);
}

/* What a peer may write where nothing is secret: bytes of the input, but for those in `not`. */
static void put_filler(struct writer *w, const char * not )
{
	for (unsigned n = pick(w, 24); n && w->in.n; n--) {
		uint8_t c = w->in.p[0];

		w->in = slice_skip(w->in, 1);
		buf_putc(&w->out,
			c == LEAK || slice_chr(slice_str(not ), c) < slice_str(not ).n ? 'x' : c);
	}
}

static void put_secret(struct writer *w)
{
	for (unsigned n = 1 + pick(w, 40); n; n--)
		buf_putc(&w->out, LEAK);
}

/* ---- SIP ---- */

static void put_space(struct writer *w)
{
	static const char *const spaces[] = { " ", "", "\t", "\r\n ", "  ", "\n\t" };

	put_one(w, spaces, COUNT(spaces));
}

static void put_secret_value(struct writer *w)
{
	if (pick(w, 2)) {
		put_secret(w);
		return;
	}
	put(w, "\"");
	put_secret(w);
	if (pick(w, 3) == 0)
		put(w, "\\\"");
	put_secret(w);
	put(w, "\"");
}

static void put_param(struct writer *w)
{
	static const char *const secrets[] = { "response", "RESPONSE", "nonce", "cnonce", "rspauth",
		"gssapi-data", "nextnonce", "something", "crand" };
	static const char *const shown[] = { "realm", "username", "Realm", "opaque" };

	if (pick(w, 3)) {
		put_one(w, secrets, COUNT(secrets));
		put_space(w);
		put(w, "=");
		put_space(w);
		put_secret_value(w);
	} else {
		put_one(w, shown, COUNT(shown));
		put(w, "=\"");
		put_filler(w, "\"\\\r\n");
		put(w, "\"");
	}
	put_space(w);
}

static void put_credentials(struct writer *w)
{
	static const char *const names[] = { "Authorization", "proxy-authorization",
		"WWW-Authenticate", "Proxy-Authenticate", "Authentication-Info", "AUTHORIZATION",
		"Proxy-Authentication-Info" };
	static const char *const schemes[] = { "Digest", "digest", "NTLM", "Kerberos", "Own" };
	static const char *const tokens[] = { "Basic", "Bearer", "Negotiate", "Other" };

	put_one(w, names, COUNT(names));
	put(w, pick(w, 2) ? ":" : " : ");
	if (pick(w, 4) == 0) {
		put_one(w, tokens, COUNT(tokens));
		put(w, " ");
		put_secret(w);
		put(w, pick(w, 2) ? "==\r\n" : "\r\n");
		return;
	}
	put_one(w, schemes, COUNT(schemes));
	put(w, " ");
	for (unsigned n = 1 + pick(w, 5); n; n--) {
		put_param(w);
		if (n > 1)
			put(w, ",");
		put_space(w);
	}
	put(w, "\r\n");
}

static void put_uri_row(struct writer *w)
{
	static const char *const heads[] = {
		"Contact: <sip:pilar:", "To: \"a\" <SIPS:a.b:", "Route: sip:;=:", "m: sip:x&y:"
	};

	put_one(w, heads, COUNT(heads));
	put_secret(w);
	put(w, "@litware.test:5061>\r\n");
}

static void put_other_row(struct writer *w)
{
	put(w, "Subject: ");
	put_filler(w, "\r\n");
	put(w, "\r\n");
}

static void put_sip(struct writer *w)
{
	static const char *const starts[] = { "MESSAGE sip:a@b SIP/2.0\r\n", "SIP/2.0 401 No\r\n" };
	const unsigned body = pick(w, 60);

	put_one(w, starts, COUNT(starts));
	for (unsigned n = pick(w, 6); n; n--) {
		switch (pick(w, 3)) {
		case 0: put_credentials(w); break;
		case 1: put_uri_row(w); break;
		default: put_other_row(w); break;
		}
	}
	buf_printf(&w->out, "Content-Length: %u\r\n\r\n", body);
	for (unsigned i = 0; i < body; i++)
		buf_putc(&w->out, w->bodies ? 'b' : LEAK);
	if (pick(w, 4) == 0)
		put(w, "\r\n\r\n");
}

/* ---- XMPP ---- */

static void put_secret_content(struct writer *w)
{
	switch (pick(w, 5)) {
	case 0:
		put(w, "<![CDATA[");
		put_secret(w);
		put(w, "</auth>]]>");
		break;
	case 1:
		put(w, "<a b='/>'>");
		put_secret(w);
		put(w, "<c/></a >");
		break;
	case 2: put(w, "<!-- </response> -->"); break;
	case 3: put(w, "&lt;"); break;
	default: break;
	}
	put_secret(w);
}

static void put_prefix(struct writer *w)
{
	static const char *const prefixes[] = {
		"", "", "s:", "a.very-long.prefix_that-is.of-no.use_at:",
		"prefixes-of-forty-characters.and-some-more.are-legal.and-are-longer.than-the.room:"
	};

	put_one(w, prefixes, COUNT(prefixes));
}

/* The same prefix is in the start and in the end tag. */
static void put_element(struct writer *w, const char *name, bool secret)
{
	const size_t from = buf_len(&w->out) + 1;

	put(w, "<");
	put_prefix(w);
	put(w, name);
	struct buf tag;
	buf_init(&tag, 256);
	buf_put(&tag, slice_skip(buf_slice(&w->out), from));
	if (pick(w, 2)) {
		put(w, " xmlns = \"urn:");
		put_filler(w, "<\"&");
		put(w, "\"");
	}
	put(w, pick(w, 2) ? ">" : "\n>");
	if (secret)
		put_secret_content(w);
	else
		put_filler(w, "<&");
	put(w, "</");
	buf_put(&w->out, buf_slice(&tag));
	put(w, pick(w, 2) ? ">" : " >");
	buf_done(&tag);
}

static void put_sasl(struct writer *w)
{
	static const char *const names[] = { "auth", "challenge", "response", "success", "abort",
		"handshake" };

	put_element(w, names[pick(w, COUNT(names))], true);
}

static void put_inner(struct writer *w)
{
	static const char *const secrets[] = { "initial-response", "additional-data", "password",
		"digest", "task-data" };
	static const char *const bodies[] = { "body", "subject" };

	switch (pick(w, 5)) {
	case 0: put_element(w, secrets[pick(w, COUNT(secrets))], true); break;
	case 1: put_element(w, bodies[pick(w, COUNT(bodies))], !w->bodies); break;
	case 2:
		put(w, pick(w, 2) ? "<token token='" : "<x password  =  '");
		put_secret(w);
		put(w, "'/>");
		break;
	case 3:
		put(w, "<field var='k' type='text-private'>");
		put_element(w, "value", true);
		put(w, "</field>");
		break;
	default: put_element(w, "thread", false); break;
	}
}

static void put_xmpp(struct writer *w)
{
	static const char *const starts[] = { "<message to='a>b'>", "<iq\ttype=\"set\" >",
		"<authenticate xmlns='urn:xmpp:sasl:2' mechanism='x'>",
		"<success xmlns='urn:xmpp:sasl:2'>" };
	static const char *const ends[] = { "</message>", "</iq>", "</authenticate>",
		"</success>" };

	switch (pick(w, 4)) {
	case 0: put(w, "<?xml version='1.0'?><stream:stream to='a' xmlns='b'>"); break;
	case 1: put_sasl(w); break;
	case 2: put(w, "  <presence/>\n"); break;
	default: {
		const unsigned kind = pick(w, COUNT(starts));
		put(w, starts[kind]);
		for (unsigned n = pick(w, 4); n; n--)
			put_inner(w);
		put(w, ends[kind]);
		break;
	}
	}
}

/* ---- what comes out ---- */

struct outcome {
	struct buf text;
	unsigned pieces;
	bool broken; /* no more messages could be made out */
};

static void note(struct outcome *o, struct slice piece)
{
	assert(piece.n > 0 && piece.n <= MASK_PIECE_MAX + 256);
	buf_put(&o->text, piece);
	buf_putc(&o->text, '\n');
	o->pieces++;
}

static void run(enum mask_form form, bool bodies, struct slice text, size_t step, struct outcome *o)
{
	struct mask m;
	struct slice piece;

	buf_init(&o->text, 4 * TEXT_MAX);
	o->pieces = 0;
	mask_init(&m, form, bodies);
	for (size_t i = 0; i < text.n; i += step) {
		struct slice in = slice_cut(text, i, i + step);

		while (mask_next(&m, &in, &piece))
			note(o, piece);
		assert(in.n == 0);
	}
	o->broken = m.broken;
	if (mask_rest(&m, &piece))
		note(o, piece);
	mask_done(&m);
}

static void check(enum mask_form form, bool bodies, struct slice text, size_t step, bool legal)
{
	struct outcome whole, parts;
	struct buf later;

	run(form, bodies, text, text.n + 1, &whole);
	run(form, bodies, text, step, &parts);
	assert(whole.pieces == parts.pieces && whole.broken == parts.broken);
	/* Of a stream that breaks so much is shown as came with what broke it. */
	assert(whole.broken || slice_eq(buf_slice(&whole.text), buf_slice(&parts.text)));
	assert(!legal || slice_chr(buf_slice(&whole.text), LEAK) == buf_len(&whole.text));
	/* Taking bodies out of what was masked shows nothing either. */
	buf_init(&later, 4 * TEXT_MAX);
	mask_bodies(form, buf_slice(&whole.text), &later);
	assert(!legal || slice_chr(buf_slice(&later), LEAK) == buf_len(&later));
	buf_done(&later);
	buf_done(&whole.text);
	buf_done(&parts.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2 || size > 8192)
		return 0;
	const enum mask_form form = data[0] & 1 ? MASK_XMPP : MASK_SIP;
	const bool bodies = data[0] & 2, legal = data[0] & 4;
	const size_t step = 1 + data[1] % 61u;
	struct writer w = { .in = slice_of(data + 2, size - 2), .bodies = bodies };

	buf_init(&w.out, TEXT_MAX);
	if (!legal)
		buf_put(&w.out, w.in);
	for (unsigned i = 0; legal && i < PARTS_MAX && w.in.n; i++) {
		if (form == MASK_XMPP)
			put_xmpp(&w);
		else
			put_sip(&w);
	}
	if (!buf_err(&w.out))
		check(form, bodies, buf_slice(&w.out), step, legal);
	buf_done(&w.out);
	return 0;
}
