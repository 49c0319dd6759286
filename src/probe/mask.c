#include "probe/mask.h"

#include "base/mem.h"
#include "base/str.h"

/* ---- pieces ---- */

static void puts_(struct mask *m, const char *s)
{
	mask_put(m, slice_str(s));
}

static void begin_piece(struct mask *m)
{
	if (!m->taken)
		return;
	buf_clear(&m->piece);
	m->over = 0;
	m->taken = false;
}

static struct slice take_piece(struct mask *m)
{
	if (m->over)
		buf_printf(&m->piece, "\n[%zu bytes more]", m->over);
	m->taken = true;
	return buf_slice(&m->piece);
}

/* ---- URIs ---- */

/* A scheme of SIP ends in front of offset n.  Most colons are told by the byte before them. */
static bool is_sip_scheme(struct slice s, size_t n)
{
	const uint8_t last = n >= 3 ? ascii_lower(s.p[n - 1]) : 0;

	return (last == 'p' && slice_ieqs(slice_cut(s, n - 3, n), "sip")) ||
	       (last == 's' && n >= 4 && slice_ieqs(slice_cut(s, n - 4, n), "sips"));
}

/* Where "sip:" or "sips:" ends next; s.n when there is none. */
static size_t find_scheme(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		i += slice_chr(slice_skip(s, i), ':');
		if (i < s.n && is_sip_scheme(s, i))
			return i + 1;
	}
	return s.n;
}

static bool ends_userinfo(uint8_t c)
{
	return c == '@' || c == '<' || c == '>' || c == '"' || c <= ' ';
}

/* The text, without the password of a URI's userinfo (RFC 3261 section 19.1.1). */
static void put_uris(struct mask *m, struct slice s)
{
	while (s.n) {
		size_t at = find_scheme(s), end = 0;

		mask_put(m, slice_cut(s, 0, at));
		s = slice_skip(s, at);
		while (end < s.n && !ends_userinfo(s.p[end]))
			end++;
		struct slice info = slice_cut(s, 0, end);
		size_t colon = slice_chr(info, ':');
		/* Where the text ends in it nobody knows whether it is a port. */
		if (colon < info.n && (end == s.n || s.p[end] == '@')) {
			mask_put(m, slice_cut(info, 0, colon + 1));
			puts_(m, "***");
		} else {
			mask_put(m, info);
		}
		s = slice_skip(s, end);
	}
}

/* ---- credentials ---- */

#define NAME(lit)                                                                                  \
	{                                                                                          \
		(const uint8_t *)(lit), sizeof(lit) - 1                                            \
	}

static bool is_one_of(struct slice name, const struct slice *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (name.n == names[i].n && slice_ieq(name, names[i]))
			return true;
	return false;
}

static bool is_scheme(struct slice s)
{
	static const struct slice schemes[] = { NAME("Digest"), NAME("Basic"), NAME("Bearer"),
		NAME("NTLM"), NAME("Kerberos"), NAME("TLS-DSK"), NAME("Negotiate") };

	return is_one_of(s, schemes, COUNT(schemes));
}

/* What proves nothing.  A parameter that is not here is hidden: the next scheme may bring it. */
static bool is_shown(struct slice name)
{
	static const struct slice shown[] = { NAME("realm"), NAME("username"), NAME("uri"),
		NAME("algorithm"), NAME("qop"), NAME("nc"), NAME("opaque"), NAME("stale"),
		NAME("domain"), NAME("charset"), NAME("userhash"), NAME("targetname"),
		NAME("version"), NAME("sts-uri") };

	return is_one_of(name, shown, COUNT(shown));
}

/* Whose names at least tell that they were there. */
static bool is_named(struct slice name)
{
	static const struct slice named[] = { NAME("response"), NAME("nonce"), NAME("cnonce"),
		NAME("nextnonce"), NAME("rspauth"), NAME("gssapi-data"), NAME("crand"),
		NAME("srand"), NAME("cnum"), NAME("snum") };

	return is_one_of(name, named, COUNT(named));
}

static size_t count_space(struct slice s)
{
	size_t n = 0;

	while (n < s.n && mask_is_space(s.p[n]))
		n++;
	return n;
}

static size_t find_space(struct slice s)
{
	size_t n = 0;

	while (n < s.n && !mask_is_space(s.p[n]))
		n++;
	return n;
}

/* Offset of the first such byte outside quotes, or s.n. */
static size_t find_unquoted(struct slice s, uint8_t c)
{
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.p[i] == c)
			return i;
	}
	return s.n;
}

/* One token or one quoted string: nothing can hide behind it. */
static bool is_single(struct slice v)
{
	const bool quoted = v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"';
	struct slice inner = quoted ? slice_cut(v, 1, v.n - 1) : v;

	for (size_t i = 0; i < inner.n; i++) {
		if (inner.p[i] == '"' || (!quoted && mask_is_space(inner.p[i])))
			return false;
		if (quoted && inner.p[i] == '\\' && ++i == inner.n)
			return false;
	}
	return true;
}

static void put_value(struct mask *m, bool shown, struct slice value)
{
	struct slice v = slice_trim(value);

	mask_put(m, slice_cut(value, 0, count_space(value)));
	if (shown && is_single(v))
		put_uris(m, v);
	else if (v.n)
		puts_(m, v.p[0] == '"' ? "\"***\"" : "***");
	size_t end = v.n ? (size_t)(v.p - value.p) + v.n : value.n;
	mask_put(m, slice_skip(value, end));
}

/* The name of a parameter; with `bare` there is no '=', so that it may be all there is to hide. */
static void put_name(struct mask *m, struct slice name, bool bare)
{
	if (bare ? is_scheme(name) : is_shown(name) || is_named(name))
		mask_put(m, name);
	else if (name.n)
		puts_(m, "***");
}

/* `[scheme] name=value`, or a scheme with a token behind it (RFC 7235 section 2.1). */
static void put_param(struct mask *m, struct slice param)
{
	size_t equals = find_unquoted(param, '=');
	const bool bare = equals == param.n;
	struct slice left = slice_cut(param, 0, equals);
	size_t space = count_space(left);

	mask_put(m, slice_cut(left, 0, space));
	struct slice name = slice_trim(left);
	const size_t scheme = find_space(name);
	if (scheme < name.n) {
		put_name(m, slice_cut(name, 0, scheme), true);
		puts_(m, " ");
		name = slice_trim(slice_skip(name, scheme));
	}
	put_name(m, name, bare);
	if (bare || (!is_shown(name) && !is_named(name)))
		return;
	puts_(m, "=");
	put_value(m, is_shown(name), slice_skip(param, equals + 1));
}

/* The line end goes out as it came: a row that is not ended stays so. */
static void put_params(struct mask *m, struct slice s)
{
	struct slice params = s;

	while (params.n && mask_is_space(params.p[params.n - 1]))
		params.n--;
	struct slice end = slice_skip(s, params.n);
	while (params.n) {
		size_t comma = find_unquoted(params, ',');

		put_param(m, slice_cut(params, 0, comma));
		mask_put(m, slice_cut(params, comma, comma + 1));
		params = slice_skip(params, comma + 1);
	}
	mask_put(m, end);
}

/* ---- SIP ---- */

static bool is_credentials(struct slice name)
{
	static const struct slice names[] = { NAME("Authorization"), NAME("Proxy-Authorization"),
		NAME("WWW-Authenticate"), NAME("Proxy-Authenticate"), NAME("Authentication-Info"),
		NAME("Proxy-Authentication-Info") };
	enum { SHORTEST = sizeof("Authorization") - 1 };

	return name.n >= SHORTEST && is_one_of(slice_trim(name), names, COUNT(names));
}

/* A header field with the lines folded into it, line ends included. */
static struct slice next_row(struct slice *rest)
{
	size_t end = 0;

	do {
		end += slice_chr(slice_skip(*rest, end), '\n') + 1;
	} while (end < rest->n && (rest->p[end] == ' ' || rest->p[end] == '\t'));
	struct slice row = slice_cut(*rest, 0, end);
	*rest = slice_skip(*rest, end);
	return row;
}

enum row_kind {
	ROW_PLAIN,
	ROW_CREDENTIALS,
	ROW_URIS, /* one of which may have a password */
};

/* More than one colon in the word in front of an '@'. */
static bool may_have_password(struct slice row)
{
	for (size_t at = slice_chr(row, '@'); at < row.n;) {
		unsigned colons = 0;

		for (size_t i = at; i > 0 && !ends_userinfo(row.p[i - 1]); i--)
			colons += row.p[i - 1] == ':';
		if (colons > 1)
			return true;
		at += 1 + slice_chr(slice_skip(row, at + 1), '@');
	}
	return row.n > 0 && row.p[row.n - 1] != '\n'; /* cut: the '@' may have been to come */
}

static enum row_kind kind_of(struct slice row)
{
	if (is_credentials(slice_cut(row, 0, slice_chr(row, ':'))))
		return ROW_CREDENTIALS;
	return may_have_password(row) ? ROW_URIS : ROW_PLAIN;
}

static void put_row(struct mask *m, enum row_kind kind, struct slice row)
{
	const size_t colon = kind == ROW_CREDENTIALS ? slice_chr(row, ':') + 1 : 0;

	mask_put(m, slice_cut(row, 0, colon));
	if (kind == ROW_CREDENTIALS)
		put_params(m, slice_skip(row, colon));
	else
		put_uris(m, row);
}

static bool ends_head(struct slice row)
{
	return row.p[0] == '\r' || row.p[0] == '\n';
}

/* All rows, or those of a head with the empty one behind it; the rest.  What can be shown as it is
 * goes out in one piece. */
static struct slice put_rows(struct mask *m, struct slice text, bool head)
{
	const uint8_t *plain = text.p;
	bool more = true;

	while (more && text.n) {
		struct slice row = next_row(&text);
		const enum row_kind kind = kind_of(row);

		more = !head || !ends_head(row);
		if (kind == ROW_PLAIN)
			continue;
		mask_put(m, slice_of(plain, (size_t)(row.p - plain)));
		put_row(m, kind, row);
		plain = row.p + row.n;
	}
	mask_put(m, slice_of(plain, (size_t)(text.p - plain)));
	return text;
}

/* A body that is wanted may hold a head (message/sipfrag, RFC 3420): its rows are looked at too. */
static void put_body(struct mask *m, struct slice body)
{
	char text[32];
	struct buf b;

	if (m->bodies) {
		put_rows(m, body, false);
	} else if (body.n) {
		buf_init(&b, sizeof(text));
		buf_printf(&b, "[%zu bytes]", body.n);
		mask_put(m, buf_slice(&b));
		buf_done(&b);
	}
}

static void put_sip(struct mask *m, struct slice text)
{
	put_body(m, put_rows(m, text, true));
}

/* What can no longer be cut into messages goes out as it stands, once. */
static bool take_broken(struct mask *m)
{
	struct slice all = buf_slice(&m->frame.in);

	if (m->frame.err == 0 || m->broken)
		return false;
	m->broken = true;
	put_sip(m, all);
	return all.n > 0;
}

static bool next_message(struct mask *m, struct slice *in)
{
	struct slice one;

	if (in->n)
		sip_frame_push(&m->frame, *in);
	*in = SLICE_NONE;
	while (sip_frame_take_ping(&m->frame))
		;
	if (!sip_frame_take(&m->frame, &one))
		return take_broken(m);
	put_sip(m, one);
	return true;
}

struct slice mask_message(struct mask *m, struct slice text)
{
	m->taken = true;
	begin_piece(m);
	put_sip(m, text);
	return take_piece(m);
}

/* ---- both ---- */

void mask_init(struct mask *m, enum mask_form form, bool bodies)
{
	*m = (struct mask){ .form = form, .bodies = bodies };
	buf_init(&m->piece, MASK_PIECE_MAX + 256);
	sip_frame_init(&m->frame);
}

void mask_done(struct mask *m)
{
	if (m->frame.in.p)
		mem_wipe(m->frame.in.p, m->frame.in.cap);
	sip_frame_done(&m->frame);
	buf_done(&m->piece);
}

bool mask_next(struct mask *m, struct slice *in, struct slice *ret)
{
	begin_piece(m);
	if (m->form == MASK_XMPP ? !mask_xml_next(m, in) : !next_message(m, in))
		return false;
	*ret = take_piece(m);
	return true;
}

bool mask_rest(struct mask *m, struct slice *ret)
{
	begin_piece(m);
	if (m->form == MASK_XMPP) {
		mask_xml_rest(m);
	} else if (!m->broken) {
		struct slice rest = sip_frame_rest(&m->frame);

		if (slice_trim(rest).n)
			put_sip(m, rest);
		m->broken = true;
	}
	if (buf_len(&m->piece) == 0)
		return false;
	*ret = take_piece(m);
	return true;
}

void mask_bodies(enum mask_form form, struct slice text, struct buf *out)
{
	struct mask m;
	struct slice one;

	mask_init(&m, form, false);
	if (form == MASK_SIP)
		buf_put(out, mask_message(&m, text));
	while (form == MASK_XMPP && mask_next(&m, &text, &one))
		buf_put(out, one);
	if (form == MASK_XMPP && mask_rest(&m, &one))
		buf_put(out, one);
	mask_done(&m);
}

/* ---- an address alone ---- */

/* Also of "--user=sip:...". */
static bool ends_in_scheme(struct slice s)
{
	static const char *const schemes[] = { "sip", "sips", "xmpp", "im", "pres" };
	size_t at = s.n;

	while (at > 0 && ascii_is_alpha(s.p[at - 1]))
		at--;
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (slice_ieqs(slice_skip(s, at), schemes[i]))
			return true;
	return false;
}

/* A password may hold an '@' where it must not: the last one is before the host. */
static size_t find_host(struct slice s)
{
	size_t at = s.n;

	while (at > 0 && s.p[at - 1] != '@')
		at--;
	return at ? at - 1 : s.n;
}

void mask_address(struct buf *b, struct slice address)
{
	const size_t host = find_host(address);
	const struct slice before = slice_cut(address, 0, host);
	size_t at = slice_chr(before, ':');

	if (ends_in_scheme(slice_cut(before, 0, at)))
		at += 1 + slice_chr(slice_skip(before, at + 1), ':');
	if (host == address.n || at >= host) {
		buf_put(b, address);
		return;
	}
	buf_put(b, slice_cut(address, 0, at));
	buf_puts(b, ":***");
	buf_put(b, slice_skip(address, host));
}
