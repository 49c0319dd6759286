#include "sip/uri.h"

#include "base/addr.h"
#include "base/mem.h"
#include "base/str.h"

/* RFC 3261 section 25.1.  One bit a character class: one load a byte. */
enum {
	C_UNRESERVED = 1, /* alphanum / mark */
	C_USER = 2,       /* unreserved / user-unreserved */
	C_PASSWORD = 4,   /* unreserved / "&" "=" "+" "$" "," */
	C_PARAM = 8,      /* unreserved / param-unreserved */
	C_HOST = 16,      /* alphanum / "-" / "." */
	C_HEADER = 32,    /* unreserved / hnv-unreserved */
};

/* clang-format off */
static const uint8_t classes[256] = {
	[0x20] = 0x00, 0x2f, 0x00, 0x00, 0x2e, 0x00, 0x0e, 0x2f, 0x2f, 0x2f, 0x2f, 0x2e, 0x06, 0x3f, 0x3f, 0x2a,
	[0x30] = 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x28, 0x02, 0x00, 0x06, 0x00, 0x22,
	[0x40] = 0x00, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
	[0x50] = 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x28, 0x00, 0x28, 0x00, 0x2f,
	[0x60] = 0x00, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f,
	[0x70] = 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x3f, 0x00, 0x00, 0x00, 0x2f, 0x00,
};
/* clang-format on */

static const struct {
	char name[7];
	uint8_t n;
	enum sip_scheme scheme;
} schemes[] = {
	{ "sip:", 4, SIP_SCHEME_SIP },
	{ "sips:", 5, SIP_SCHEME_SIPS },
	{ "tel:", 4, SIP_SCHEME_TEL },
	{ "im:", 3, SIP_SCHEME_IM },
	{ "pres:", 5, SIP_SCHEME_PRES },
};

static int refuse(struct where *where, int err, size_t offset, const char *what)
{
	*where = (struct where){ offset, what };
	return err;
}

/* Where the run of this class (escapes included) ends; *bad_escape when a % is not of one. */
static size_t span(struct slice s, size_t from, uint8_t class, bool *bad_escape)
{
	size_t i = from;

	for (; i < s.n; i++) {
		if (classes[s.p[i]] & class)
			continue;
		if (s.p[i] != '%' || class == C_HOST)
			break;
		if (i + 2 >= s.n || hex_digit(s.p[i + 1]) < 0 || hex_digit(s.p[i + 2]) < 0) {
			*bad_escape = true;
			break;
		}
		i += 2;
	}
	return i;
}

static bool is_scheme(struct slice s)
{
	if (s.n == 0 || !ascii_is_alpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && s.p[i] != '+' &&
			s.p[i] != '-' && s.p[i] != '.')
			return false;
	return true;
}

/* What a user part may not have and peers write all the same, as "PBX#90": there it has no other
 * meaning. */
static bool is_tolerated(uint8_t c)
{
	static const struct slice marks = { (const uint8_t *)"#[]{}|\\^`", 9 };

	return c >= 0x80 || slice_chr(marks, c) < marks.n;
}

static int read_userinfo(
	struct slice in, size_t from, size_t at, struct sip_uri *u, struct where *w)
{
	bool bad = false;
	size_t end = span(in, from, C_USER, &bad);

	while (!bad && end < at && is_tolerated(in.p[end]))
		end = span(in, end + 1, C_USER, &bad);

	u->user = slice_cut(in, from, end);
	if (end < at && in.p[end] == ':' && !bad) {
		size_t start = end + 1;

		end = span(in, start, C_PASSWORD, &bad);
		u->has_password = true;
		u->password = slice_cut(in, start, end);
	}
	if (bad)
		return refuse(w, ERR_SYNTAX, end, "a % in the user part without two hex digits");
	if (end != at)
		return refuse(w, ERR_SYNTAX, end, "a character that the user part does not allow");
	if (u->user.n == 0)
		return refuse(w, ERR_SYNTAX, from, "an @ without a user part");
	return 0;
}

/* If the last label is a number the whole is an IPv4 address or nothing, for a toplabel begins with
 * a letter. */
static bool is_number(struct slice host, size_t last)
{
	size_t i = last;

	while (i < host.n && ascii_is_digit(host.p[i]))
		i++;
	return i > last && (i == host.n || host.p[i] == '.');
}

/* Labels of letters, digits and inner hyphens; one final dot is allowed. */
static bool is_hostname(struct slice host)
{
	size_t start = 0, last = 0;
	struct addr ignored;

	for (size_t i = 0; i <= host.n; i++) {
		if (i < host.n && host.p[i] != '.')
			continue;
		if (i == host.n && i == start && i > 0)
			break; /* behind the final dot */
		if (i == start || i - start > 63 || host.p[start] == '-' || host.p[i - 1] == '-')
			return false;
		last = start;
		start = i + 1;
	}
	return !is_number(host, last) || addr_decode_ip(host, &ignored);
}

static int read_host(struct slice in, size_t *at, struct sip_uri *u, struct where *w)
{
	bool bad = false;
	size_t from = *at, end;

	if (from < in.n && in.p[from] == '[') {
		struct addr ignored;

		end = from + slice_chr(slice_skip(in, from), ']') + 1;
		if (end > in.n || !addr_decode_ip(slice_cut(in, from, end), &ignored))
			return refuse(w, ERR_SYNTAX, from, "a malformed IPv6 reference");
	} else {
		end = span(in, from, C_HOST, &bad);
		struct slice host = slice_cut(in, from, end);

		if (host.n == 0)
			return refuse(w, ERR_SYNTAX, from, "the host is missing");
		if (host.n > 255 || !is_hostname(host))
			return refuse(w, ERR_SYNTAX, from, "a malformed host name");
	}
	u->host = slice_cut(in, from, end);
	*at = end;
	return 0;
}

static int read_port(struct slice in, size_t *at, struct sip_uri *u, struct where *w)
{
	uint64_t port;
	size_t from = *at + 1, end = from;

	while (end < in.n && ascii_is_digit(in.p[end]))
		end++;
	if (!slice_u64(slice_cut(in, from, end), UINT16_MAX, &port) || port == 0)
		return refuse(w, ERR_SYNTAX, from, "the port is not a number from 1 to 65535");
	u->port = (uint16_t)port;
	*at = end;
	return 0;
}

/* Looking for a pair twice, or in two URIs, is quadratic: that bounds it. */
enum { PAIRS_MAX = 64 };

static bool is_repeated(struct slice before, struct slice name)
{
	while (before.n) {
		struct slice one = slice_split(&before, ';');

		if (slice_ieq(slice_cut(one, 0, slice_chr(one, '=')), name))
			return true;
	}
	return false;
}

/* pname [ "=" pvalue ], each behind its ";", none of them twice.  What is empty is passed over, as
 * in "sip:a@b;x=y;": nobody needs it. */
static int read_params(struct slice in, size_t *at, struct sip_uri *u, struct where *w)
{
	bool bad = false;
	size_t from = *at + 1, i = *at;

	for (unsigned n = 1; i < in.n && in.p[i] == ';'; n++) {
		size_t name = i + 1;

		i = span(in, name, C_PARAM, &bad);
		const bool ends = i == in.n || in.p[i] == ';' || in.p[i] == '?';
		if (bad || (i == name && !ends))
			return refuse(w, ERR_SYNTAX, i, "a malformed URI parameter");
		if (n > PAIRS_MAX)
			return refuse(w, ERR_LIMIT, name, "too many URI parameters");
		if (i == name)
			continue;
		if (name > from &&
			is_repeated(slice_cut(in, from, name - 1), slice_cut(in, name, i)))
			return refuse(w, ERR_SYNTAX, name, "a URI parameter that stands twice");
		if (i == in.n || in.p[i] != '=')
			continue;
		i = span(in, i + 1, C_PARAM, &bad);
		if (bad)
			return refuse(w, ERR_SYNTAX, i, "a malformed URI parameter");
	}
	u->params = slice_cut(in, from, i);
	*at = i;
	return 0;
}

/* hname "=" hvalue, "&" between. */
static int read_headers(struct slice in, size_t *at, struct sip_uri *u, struct where *w)
{
	bool bad = false;
	size_t from = *at + 1, i = *at;

	for (unsigned n = 1; i < in.n && in.p[i] == (n == 1 ? '?' : '&'); n++) {
		size_t name = i + 1;

		i = span(in, name, C_HEADER, &bad);
		if (i == name || bad)
			return refuse(w, ERR_SYNTAX, i, "a malformed header in a URI");
		if (n > PAIRS_MAX)
			return refuse(w, ERR_LIMIT, name, "too many headers in a URI");
		if (i == in.n || in.p[i] != '=')
			return refuse(w, ERR_SYNTAX, i, "a header in a URI without its =");
		i = span(in, i + 1, C_HEADER, &bad);
		if (bad)
			return refuse(w, ERR_SYNTAX, i, "a malformed header in a URI");
	}
	u->headers = slice_cut(in, from, i);
	*at = i;
	return 0;
}

static int read_hostpart(struct slice in, size_t at, struct sip_uri *u, struct where *w)
{
	int err = read_host(in, &at, u, w);

	if (!err && at < in.n && in.p[at] == ':')
		err = read_port(in, &at, u, w);
	if (!err && at < in.n && in.p[at] == ';')
		err = read_params(in, &at, u, w);
	if (!err && at < in.n && in.p[at] == '?')
		err = read_headers(in, &at, u, w);
	if (!err && at != in.n)
		err = refuse(w, ERR_SYNTAX, at, "a character that a SIP URI does not allow");
	return err;
}

/* RFC 3966 section 3: digits with visual separators, or a local number that may have letters. */
static int read_tel(struct slice in, size_t from, struct sip_uri *u, struct where *w)
{
	static const struct slice allowed = { (const uint8_t *)"*#-.()", 6 };
	bool global = from < in.n && in.p[from] == '+';
	size_t at = from + global, end = from + slice_chr(slice_skip(in, from), ';');
	unsigned digits = 0;

	for (size_t i = at; i < end; i++) {
		bool digit = ascii_is_digit(in.p[i]) || (!global && hex_digit(in.p[i]) >= 0);

		if (!digit && slice_chr(allowed, in.p[i]) == allowed.n)
			return refuse(w, ERR_SYNTAX, i, "a character that a number does not allow");
		digits += digit || in.p[i] == '*' || in.p[i] == '#';
	}
	if (digits == 0)
		return refuse(w, ERR_SYNTAX, from, "a tel URI without a number");
	u->user = slice_cut(in, from, end);
	if (end < in.n) {
		int err = read_params(in, &end, u, w);
		if (err)
			return err;
	}
	return end == in.n
		       ? 0
		       : refuse(w, ERR_SYNTAX, end, "a character that a tel URI does not allow");
}

/* Of a scheme that is not ours: no more than that it is a URI (absoluteURI, made of uric). */
static int read_other(struct slice in, size_t from, struct where *w)
{
	bool bad = false;
	size_t i = from;

	while (!bad && i < in.n) {
		i = span(in, i, C_USER, &bad);
		if (bad || i == in.n)
			break;
		if (in.p[i] != ':' && in.p[i] != '@')
			break;
		i++;
	}
	if (i < in.n)
		return refuse(w, ERR_SYNTAX, i, "a character that a URI does not allow");
	if (from == in.n)
		return refuse(w, ERR_SYNTAX, from, "a URI without anything behind its scheme");
	return 0;
}

static bool is_known(struct slice in, size_t i)
{
	for (size_t k = 0; k < schemes[i].n; k++)
		if (k == in.n || ascii_lower(in.p[k]) != (uint8_t)schemes[i].name[k])
			return false;
	return true;
}

static int read_scheme(struct slice in, struct sip_uri *u, struct where *w)
{
	u->text = in;
	for (size_t i = 0; i < COUNT(schemes); i++) {
		if (!is_known(in, i))
			continue;
		u->scheme = schemes[i].scheme;
		u->scheme_text = slice_cut(in, 0, schemes[i].n - 1u);
		return 0;
	}
	size_t colon = slice_chr(in, ':');
	if (colon == in.n || !is_scheme(slice_cut(in, 0, colon)))
		return refuse(w, ERR_SYNTAX, 0, "a URI without a scheme");
	u->scheme = SIP_SCHEME_OTHER;
	u->scheme_text = slice_cut(in, 0, colon);
	return 0;
}

int sip_uri_decode(struct slice in, struct sip_uri *ret, struct where *where)
{
	struct sip_uri u = { 0 };

	if (in.n > SIP_URI_MAX)
		return refuse(where, ERR_LIMIT, SIP_URI_MAX, "the URI is too long");
	int err = read_scheme(in, &u, where);
	if (err)
		return err;
	size_t from = u.scheme_text.n + 1;
	if (u.scheme == SIP_SCHEME_OTHER) {
		err = read_other(in, from, where);
	} else if (u.scheme == SIP_SCHEME_TEL) {
		err = read_tel(in, from, &u, where);
	} else {
		/* Neither host nor parameters can hold an "@": the first one ends the user part. */
		size_t at = from + slice_chr(slice_skip(in, from), '@');

		if (at < in.n)
			err = read_userinfo(in, from, at, &u, where);
		if (!err)
			err = read_hostpart(in, at < in.n ? at + 1 : from, &u, where);
	}
	if (!err)
		*ret = u;
	return err;
}

/* The next pair of "a=b;c" or, with another separator, of "a=b&c=d"; false at the end. */
static bool next_pair(
	struct slice *rest, uint8_t separator, struct slice *name, struct slice *value)
{
	if (rest->n == 0)
		return false;
	struct slice one = slice_split(rest, separator);
	size_t eq = slice_chr(one, '=');

	*name = slice_cut(one, 0, eq);
	*value = slice_skip(one, eq + 1);
	return true;
}

static bool find_param(const struct sip_uri *uri, struct slice name, struct slice *value)
{
	struct slice rest = uri->params, n, v;

	while (next_pair(&rest, ';', &n, &v)) {
		if (!slice_ieq(n, name))
			continue;
		*value = v.n ? v : SLICE_NONE;
		return true;
	}
	return false;
}

bool sip_uri_param(const struct sip_uri *uri, const char *name, struct slice *value)
{
	return find_param(uri, slice_str(name), value);
}

/* RFC 3261 section 19.1.4: an escaped unreserved character equals the character. */
static uint8_t next_byte(struct slice s, size_t *i, bool *escaped)
{
	uint8_t c = s.p[*i];

	*escaped = c == '%' && *i + 2 < s.n && hex_digit(s.p[*i + 1]) >= 0 &&
		   hex_digit(s.p[*i + 2]) >= 0;
	if (!*escaped) {
		*i += 1;
		return c;
	}
	c = (uint8_t)(hex_digit(s.p[*i + 1]) << 4 | hex_digit(s.p[*i + 2]));
	*i += 3;
	*escaped = !(classes[c] & C_UNRESERVED);
	return c;
}

static bool equal_escaped(struct slice a, struct slice b, bool ignore_case)
{
	size_t i = 0, k = 0;

	while (i < a.n && k < b.n) {
		bool ea, eb;
		uint8_t ca = next_byte(a, &i, &ea), cb = next_byte(b, &k, &eb);

		if (ignore_case) {
			ca = ascii_lower(ca);
			cb = ascii_lower(cb);
		}
		if (ca != cb || ea != eb)
			return false;
	}
	return i == a.n && k == b.n;
}

/* These count even when only one URI has them: RFC 3261 section 19.1.4; gr: RFC 5627. */
static bool must_be_in_both(struct slice name)
{
	static const char *const names[] = { "user", "ttl", "method", "maddr", "transport", "gr" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_ieqs(name, names[i]))
			return true;
	return false;
}

static bool params_agree(const struct sip_uri *a, const struct sip_uri *b)
{
	struct slice rest = a->params, name, value;

	while (next_pair(&rest, ';', &name, &value)) {
		struct slice other;

		if (find_param(b, name, &other)) {
			if (!equal_escaped(value, other, true))
				return false;
		} else if (must_be_in_both(name)) {
			return false;
		}
	}
	return true;
}

/* Every header of `a` is in `b`, and as often: they are in any order. */
static bool headers_agree(const struct sip_uri *a, const struct sip_uri *b)
{
	struct slice ra = a->headers, na, va, nb, vb;

	while (next_pair(&ra, '&', &na, &va)) {
		struct slice all = a->headers, rb = b->headers;
		int left = 0;

		while (next_pair(&all, '&', &nb, &vb))
			left += equal_escaped(na, nb, true) && equal_escaped(va, vb, false);
		while (next_pair(&rb, '&', &nb, &vb))
			left -= equal_escaped(na, nb, true) && equal_escaped(va, vb, false);
		if (left)
			return false;
	}
	return true;
}

/* RFC 3966 section 4: visual separators do not count. */
static bool equal_numbers(struct slice a, struct slice b)
{
	static const struct slice visual = { (const uint8_t *)"-.()", 4 };
	size_t i = 0, k = 0;

	for (;;) {
		while (i < a.n && slice_chr(visual, a.p[i]) < visual.n)
			i++;
		while (k < b.n && slice_chr(visual, b.p[k]) < visual.n)
			k++;
		if (i == a.n || k == b.n)
			return i == a.n && k == b.n;
		if (ascii_lower(a.p[i++]) != ascii_lower(b.p[k++]))
			return false;
	}
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	if (a->scheme == SIP_SCHEME_OTHER) /* nothing is known of it but its text */
		return slice_ieq(a->scheme_text, b->scheme_text) &&
		       slice_eq(slice_skip(a->text, a->scheme_text.n),
			       slice_skip(b->text, b->scheme_text.n));
	if (a->scheme == SIP_SCHEME_TEL)
		return equal_numbers(a->user, b->user) && params_agree(a, b) && params_agree(b, a);
	return a->port == b->port && a->has_password == b->has_password &&
	       slice_ieq(a->host, b->host) && equal_escaped(a->user, b->user, false) &&
	       equal_escaped(a->password, b->password, false) && params_agree(a, b) &&
	       params_agree(b, a) && headers_agree(a, b) && headers_agree(b, a);
}

int sip_unescape(struct slice in, struct buf *out, struct where *where)
{
	if (slice_chr(in, '%') == in.n) {
		buf_put(out, in);
		return buf_err(out);
	}
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] != '%') {
			buf_putc(out, in.p[i]);
			continue;
		}
		int high = i + 2 < in.n ? hex_digit(in.p[i + 1]) : -1;
		int low = i + 2 < in.n ? hex_digit(in.p[i + 2]) : -1;
		if (high < 0 || low < 0)
			return refuse(where, ERR_SYNTAX, i, "a % without two hex digits");
		buf_putc(out, (uint8_t)(high << 4 | low));
		i += 2;
	}
	return buf_err(out);
}

static void put_escaped(struct buf *b, struct slice raw, uint8_t class)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < raw.n; i++) {
		uint8_t c = raw.p[i];

		if (classes[c] & class) {
			buf_putc(b, c);
			continue;
		}
		buf_putc(b, '%');
		buf_putc(b, (uint8_t)digits[c >> 4]);
		buf_putc(b, (uint8_t)digits[c & 15]);
	}
}

void sip_put_escaped_user(struct buf *b, struct slice raw)
{
	put_escaped(b, raw, C_USER);
}

void sip_put_escaped_param(struct buf *b, struct slice raw)
{
	put_escaped(b, raw, C_PARAM);
}
