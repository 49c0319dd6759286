#include "bridge/address.h"

#include "base/addr.h"
#include "base/str.h"

#define RAW_MAX  (3 * JID_PART_MAX) /* bytes of a user part before preparation */
#define TEXT_MAX (3 * RAW_MAX)

/* XEP-0106 table 1, without the backslash, which has a rule of its own. */
static const struct {
	uint8_t raw;
	char hex[3];
} escapes[] = {
	{ ' ', "20" },
	{ '"', "22" },
	{ '&', "26" },
	{ '\'', "27" },
	{ '/', "2f" },
	{ ':', "3a" },
	{ '<', "3c" },
	{ '>', "3e" },
	{ '@', "40" },
	{ '\\', "5c" },
};
#define N_ESCAPES (sizeof(escapes) / sizeof(escapes[0]))

static int refuse(struct where *where, int err, size_t offset, const char *what)
{
	*where = (struct where){ offset, what };
	return err;
}

/* The byte that `\hh` at the start of s stands for, or 0.  Case is ignored: nodeprep folds it. */
static uint8_t escape_at(struct slice s)
{
	if (s.n < 3 || s.p[0] != '\\')
		return 0;
	for (size_t i = 0; i < N_ESCAPES; i++)
		if (s.p[1] == (uint8_t)escapes[i].hex[0] &&
			ascii_lower(s.p[2]) == (uint8_t)escapes[i].hex[1])
			return escapes[i].raw;
	return 0;
}

static const char *hex_of(uint8_t c)
{
	for (size_t i = 0; i < N_ESCAPES; i++)
		if (escapes[i].raw == c)
			return escapes[i].hex;
	return NULL;
}

/* Bytes that never begin or need an escape, which is nearly all: they are copied as they are. */
static size_t plain(struct slice s)
{
	size_t n = 0;

	while (n < s.n && (ascii_is_alpha(s.p[n]) || ascii_is_digit(s.p[n])))
		n++;
	return n;
}

/* XEP-0106 section 4.2: a backslash is escaped only where it would begin an escape. */
static void put_escaped_local(struct buf *b, struct slice raw)
{
	while (raw.n) {
		size_t n = plain(raw);

		buf_put(b, slice_cut(raw, 0, n));
		raw = slice_skip(raw, n);
		if (raw.n == 0)
			return;
		uint8_t c = raw.p[0];
		const char *hex = c == '\\' && !escape_at(raw) ? NULL : hex_of(c);
		buf_putc(b, hex ? '\\' : c);
		if (hex)
			buf_puts(b, hex);
		raw = slice_skip(raw, 1);
	}
}

static void put_unescaped_local(struct buf *b, struct slice local)
{
	for (size_t i = 0; i < local.n; i++) {
		uint8_t c = escape_at(slice_skip(local, i));

		buf_putc(b, c ? c : local.p[i]);
		if (c)
			i += 2;
	}
}

static size_t count_byte(struct slice s, uint8_t c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

/* RFC 7247 section 6.4 step 4, and what never may go into XML or a header. */
static int check_raw(struct slice raw, struct where *where)
{
	size_t bad;

	if (!utf8_valid(raw, &bad))
		return refuse(where, ERR_SYNTAX, bad, "the user part is not UTF-8");
	for (size_t i = 0; i < raw.n; i++)
		if (raw.p[i] < 0x20 || raw.p[i] == 0x7f)
			return refuse(where, ERR_SYNTAX, i, "a control character in the user part");
	/* XEP-0106 section 4.1: no space at either end. */
	if (raw.n && (raw.p[0] == ' ' || raw.p[raw.n - 1] == ' '))
		return refuse(where, ERR_SYNTAX, 0, "the user part begins or ends with a space");
	return 0;
}

/* The `gr` of a public GRUU (RFC 5627); a temporary one has no value and is not mapped. */
static int read_gruu(const struct sip_uri *uri, struct buf *resource, struct where *where)
{
	struct slice gr;
	int err = 0;

	if (sip_uri_param(uri, "gr", &gr))
		err = sip_unescape(gr, resource, where);
	if (!err && !utf8_is_xml_text(buf_slice(resource), NULL))
		return refuse(where, ERR_SYNTAX, 0, "the gr parameter is no XMPP resource");
	return err ? err : buf_err(resource);
}

static int make_jid(const struct sip_uri *uri, struct slice raw, struct slice resource,
	struct jid *ret, struct where *where)
{
	uint8_t room[RAW_MAX + 1];
	struct buf local;

	buf_init_in(&local, room, sizeof(room));
	put_escaped_local(&local, raw);
	if (buf_err(&local))
		return refuse(where, ERR_LIMIT, 0, "the user part is too long");
	int err = jid_make(ret, buf_slice(&local), uri->host, resource, where);
	/* U+FF3C and U+FE68 become a backslash in nodeprep and would forge an escape. */
	if (!err && count_byte(jid_local(ret), '\\') != count_byte(buf_slice(&local), '\\'))
		err = refuse(
			where, ERR_SYNTAX, 0, "a look-alike of the backslash in the user part");
	return err;
}

int address_to_jid(const struct sip_uri *uri, struct jid *ret, struct where *where)
{
	uint8_t rooms[2][RAW_MAX + 1];
	struct buf raw, resource;

	if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_IM &&
		uri->scheme != SIP_SCHEME_PRES)
		return refuse(where, ERR_UNSUPPORTED, 0, "only sip: addresses can be mapped");
	if (uri->has_password)
		return refuse(where, ERR_SYNTAX, 0, "a password is never mapped");
	struct addr literal;
	if (addr_decode_ip(uri->host, &literal))
		return refuse(where, ERR_SYNTAX, 0, "an IP literal is no XMPP domain");

	buf_init_in(&raw, rooms[0], sizeof(rooms[0]));
	buf_init_in(&resource, rooms[1], sizeof(rooms[1]));
	int err = sip_unescape(uri->user, &raw, where);
	if (!err)
		err = buf_err(&raw);
	if (!err)
		err = check_raw(buf_slice(&raw), where);
	if (!err)
		err = read_gruu(uri, &resource, where);
	if (err == -EMSGSIZE)
		err = refuse(where, ERR_LIMIT, 0, "the address is too long");
	if (!err)
		err = make_jid(uri, buf_slice(&raw), buf_slice(&resource), ret, where);
	return err;
}

/* The raw user part of a local part.  Refused when it would not map back to the same JID: then
 * the answer to a message could reach somebody else. */
static int unescape_local(struct slice local, struct buf *raw, struct where *where)
{
	uint8_t room[RAW_MAX + 1];
	struct buf again;

	put_unescaped_local(raw, local);
	int err = buf_err(raw);
	if (!err)
		err = check_raw(buf_slice(raw), where);
	if (err)
		return err;

	buf_init_in(&again, room, sizeof(room));
	put_escaped_local(&again, buf_slice(raw));
	err = buf_err(&again);
	if (!err && !slice_eq(buf_slice(&again), local))
		err = refuse(
			where, ERR_SYNTAX, 0, "\\5c stands where no backslash must be escaped");
	return err;
}

int address_to_sip(const struct jid *jid, bool with_resource, struct buf *b, struct where *where)
{
	char host[256];
	uint8_t room[RAW_MAX + 1];
	struct buf raw;

	int err = jid_domain_ascii(jid_domain(jid), host, sizeof(host));
	if (err)
		return refuse(where, err, 0, "the domain has no form in ASCII");

	buf_init_in(&raw, room, sizeof(room));
	err = unescape_local(jid_local(jid), &raw, where);
	if (err)
		return err;
	buf_puts(b, "sip:");
	sip_put_escaped_user(b, buf_slice(&raw));
	if (jid->n_local)
		buf_putc(b, '@');
	buf_puts(b, host);
	if (with_resource && jid->n_resource) {
		buf_puts(b, ";gr=");
		sip_put_escaped_param(b, jid_resource(jid));
	}
	return buf_err(b);
}

/* RFC 5122 section 2.2: unreserved, and what a node and a resource both allow raw. */
static void put_iri_part(struct buf *b, struct slice part)
{
	static const char raw[] = "-._~!$()*+,;=";

	for (size_t i = 0; i < part.n; i++) {
		uint8_t c = part.p[i];

		if (ascii_is_alpha(c) || ascii_is_digit(c) ||
			slice_chr(slice_str(raw), c) < sizeof(raw) - 1)
			buf_putc(b, c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

void address_put_iri(const struct jid *jid, struct buf *b)
{
	buf_puts(b, "xmpp:");
	put_iri_part(b, jid_local(jid));
	if (jid->n_local)
		buf_putc(b, '@');
	buf_put(b, jid_domain(jid));
	if (jid->n_resource)
		buf_putc(b, '/');
	put_iri_part(b, jid_resource(jid));
}

static int bare(struct jid *ret, const struct jid *full, struct where *where)
{
	if (!full->n_local)
		return refuse(where, ERR_SYNTAX, 0, "the user part is missing");
	return jid_decode(jid_bare(full), ret, where);
}

static int read_sip(struct slice text, struct jid *ret, struct where *where)
{
	struct sip_uri uri;
	struct jid full;

	int err = sip_uri_decode(text, &uri, where);
	if (!err)
		err = address_to_jid(&uri, &full, where);
	return err ? err : bare(ret, &full, where);
}

/* RFC 5122: what is behind "xmpp:", percent-escaped, perhaps with a query or a fragment. */
static int read_iri(struct slice text, struct jid *ret, struct where *where)
{
	struct buf plain;

	struct slice path = slice_cut(text, 0, slice_chr(text, '?'));
	path = slice_cut(path, 0, slice_chr(path, '#'));
	buf_init(&plain, TEXT_MAX);
	int err = sip_unescape(path, &plain, where);
	if (!err)
		err = buf_err(&plain);
	if (!err)
		err = jid_decode(buf_slice(&plain), ret, where);
	buf_done(&plain);
	return err;
}

static int read_xmpp(struct slice text, struct jid *ret, struct where *where)
{
	struct jid full;

	int err = read_iri(text, &full, where);
	return err ? err : bare(ret, &full, where);
}

static int put_other(struct slice text, struct buf *b, struct where *where)
{
	struct sip_uri uri;

	int err = sip_uri_decode(text, &uri, where);
	if (err)
		return err;
	if (uri.has_password || uri.headers.n)
		return refuse(where, ERR_SYNTAX, 0, "a password or headers in the URI");
	buf_put(b, text);
	return buf_err(b);
}

int address_iri_to_contact(struct slice iri, struct buf *b, struct where *where)
{
	struct slice text = slice_trim(iri), path = text;
	struct jid jid;

	if (!slice_ieqs(slice_split(&path, ':'), "xmpp"))
		return put_other(text, b, where);
	/* RFC 5122 section 2.2: "//" and the account to write from, which is not the new address.
	 */
	if (slice_starts(path, SLICE("//"))) {
		path = slice_skip(path, 2);
		path = slice_skip(path, slice_chr(path, '/') + 1);
	}
	int err = read_iri(path, &jid, where);
	return err ? err : address_to_sip(&jid, true, b, where);
}

/* A bare address is a JID; where it cannot be one (o'malley@...), it is the rest of a SIP URI. */
static int read_bare(struct slice text, struct jid *ret, struct where *where)
{
	struct buf uri;
	struct jid full;
	struct where ignored;

	int err = jid_decode(text, &full, where);
	if (!err)
		return bare(ret, &full, where);
	buf_init(&uri, TEXT_MAX);
	buf_puts(&uri, "sip:");
	buf_put(&uri, text);
	if (!buf_err(&uri) && read_sip(buf_slice(&uri), ret, &ignored) == 0)
		err = 0;
	buf_done(&uri);
	return err;
}

int address_read(struct slice text, enum address_kind *kind, struct jid *ret, struct where *where)
{
	struct slice scheme = slice_cut(text, 0, slice_chr(text, ':'));

	if (slice_ieqs(scheme, "xmpp") && scheme.n < text.n) {
		*kind = ADDRESS_XMPP;
		return read_xmpp(slice_skip(text, scheme.n + 1), ret, where);
	}
	if ((slice_ieqs(scheme, "sip") || slice_ieqs(scheme, "sips") || slice_ieqs(scheme, "im") ||
		    slice_ieqs(scheme, "tel")) &&
		scheme.n < text.n) {
		*kind = ADDRESS_SIP;
		return read_sip(text, ret, where);
	}
	*kind = ADDRESS_BARE;
	return read_bare(text, ret, where);
}
