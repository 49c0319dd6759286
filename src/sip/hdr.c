#include "sip/hdr.h"

#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "base/str.h"
#include "sip/chars.h"

static int refuse(struct where *where, size_t offset, const char *what)
{
	*where = (struct where){ offset, what };
	return ERR_SYNTAX;
}

/* Most names differ in length already. */
#define IS(name, lit) ((name).n == sizeof(lit) - 1 && slice_ieq(name, SLICE(lit)))

static size_t skip_lws(struct slice s, size_t i)
{
	return sip_skip(s, i, SIP_CHAR_LWS);
}

static size_t skip_token(struct slice s, size_t i)
{
	return sip_skip(s, i, SIP_CHAR_TOKEN);
}

/* Behind the closing quote of the quoted string that starts at i; s.n + 1 when it has no end. */
static size_t skip_quoted(struct slice s, size_t i)
{
	for (i++; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return s.n + 1;
}

/* The first comma outside quotes and <>, or s.n. */
static size_t find_comma(struct slice s)
{
	bool angle = false;

	if (s.n == 0 || !memchr(s.p, ',', s.n))
		return s.n; /* as nearly always */
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!sip_char_is(c, SIP_CHAR_LIST))
			continue;
		if (c == ',' && !angle)
			return i;
		if (c == '"' && !angle)
			i = skip_quoted(s, i) - 1;
		else if (c != '"' && c != ',')
			angle = c == '<';
	}
	return s.n;
}

bool sip_hdr_next(struct slice *rest, struct slice *value)
{
	for (;;) {
		*rest = slice_trim(*rest);
		if (rest->n == 0)
			return false;
		size_t comma = find_comma(*rest);
		*value = slice_trim(slice_cut(*rest, 0, comma));
		*rest = slice_skip(*rest, comma + 1);
		if (value->n)
			return true; /* an empty element of a list is no value */
	}
}

/* ---- parameters ---- */

/* One "name [= value]" at *at, which moves behind it. */
static bool param_at(struct slice s, size_t *at, struct sip_param *ret)
{
	size_t name = skip_lws(s, *at), i = skip_token(s, name);

	if (i == name)
		return false;
	*ret = (struct sip_param){ .name = { s.p + name, i - name } };
	size_t eq = skip_lws(s, i);
	if (eq < s.n && s.p[eq] == '=') {
		size_t value = skip_lws(s, eq + 1);

		if (value < s.n && s.p[value] == '"')
			i = skip_quoted(s, value);
		else
			i = sip_skip(s, value, SIP_CHAR_VALUE);
		if (i > s.n)
			return false;
		ret->value = (struct slice){ s.p + value, i - value };
		ret->has_value = true;
	}
	*at = i;
	return true;
}

bool sip_param_next(struct slice *rest, struct sip_param *ret)
{
	size_t at = skip_lws(*rest, 0);

	while (at < rest->n && rest->p[at] == ';') /* an empty one is none */
		at = skip_lws(*rest, at + 1);
	if (!param_at(*rest, &at, ret))
		return false;
	at = skip_lws(*rest, at);
	if (at < rest->n && rest->p[at] != ';')
		at = rest->n; /* not of the grammar: this one was the last */
	*rest = slice_skip(*rest, at + 1);
	return true;
}

bool sip_param_find(struct slice params, const char *name, struct slice *value)
{
	struct sip_param p;

	while (sip_param_next(&params, &p)) {
		if (!slice_ieqs(p.name, name))
			continue;
		*value = p.value;
		return true;
	}
	return false;
}

/* Behind a value only parameters may stand.  The next one at *at: 1, 0 at the end, or a refusal. */
static int read_param(struct slice in, size_t *at, struct sip_param *ret, struct where *where)
{
	size_t i = skip_lws(in, *at);

	if (i == in.n)
		return 0;
	if (in.p[i] != ';')
		return refuse(where, i, "something that is no parameter behind the value");
	*at = i + 1;
	if (!param_at(in, at, ret))
		return refuse(where, i + 1, "a malformed header parameter");
	return 1;
}

/* What is behind the first ";" of the parameters that start at `at`. */
static struct slice params_from(struct slice in, size_t at)
{
	return slice_skip(in, skip_lws(in, at) + 1);
}

/* What is empty is no parameter: `;;`, and a `;` at the end, which many write. */
static size_t skip_empty_params(struct slice in, size_t i)
{
	for (;;) {
		const size_t next = skip_lws(in, i + 1);

		if (i >= in.n || in.p[i] != ';' || (next < in.n && in.p[next] != ';'))
			return i;
		i = next;
	}
}

/* ---- Via: section 20.42 ---- */

/* The first thing that is wrong is told. */
static int also(int err, struct where *where, size_t offset, const char *what)
{
	return err ? err : refuse(where, offset, what);
}

/* Where it goes on, in *at; in.n when that cannot be told. */
static int via_protocol(struct slice in, size_t *at, struct sip_via *v, struct where *where)
{
	static const char *const parts[] = { "SIP", "2.0" };
	size_t i = *at;
	int err = 0;

	*at = in.n;
	for (size_t k = 0; k < COUNT(parts); k++) {
		size_t end = skip_token(in, i);

		if (!slice_ieqs(slice_cut(in, i, end), parts[k]))
			err = also(err, where, i, "a Via that is not of SIP/2.0");
		i = skip_lws(in, end);
		if (i == in.n || in.p[i] != '/')
			return also(err, where, i, "a Via without its transport");
		i = skip_lws(in, i + 1);
	}
	size_t end = skip_token(in, i);
	if (end == i)
		return also(err, where, i, "a Via without its transport");
	v->transport = slice_cut(in, i, end);
	*at = skip_lws(in, end);
	return err;
}

/* The host of sent-by.  Names may have what only tokens have: "_" is common in them. */
static size_t skip_host(struct slice in, size_t i)
{
	struct addr ignored;

	if (i == in.n || in.p[i] != '[')
		return skip_token(in, i);
	size_t end = i + slice_chr(slice_skip(in, i), ']') + 1;
	return end <= in.n && addr_decode_ip(slice_cut(in, i, end), &ignored) ? end : i;
}

static int via_sent_by(struct slice in, size_t *at, struct sip_via *v, struct where *where)
{
	size_t i = *at, end = skip_host(in, i);
	uint64_t port;
	int err = 0;

	if (end == i)
		return refuse(where, i, "a Via without a sent-by host");
	v->host = slice_cut(in, i, end);
	i = skip_lws(in, end);
	if (i < in.n && in.p[i] == ':') {
		i = skip_lws(in, i + 1);
		for (end = i; end < in.n && ascii_is_digit(in.p[end]);)
			end++;
		if (!slice_u64(slice_cut(in, i, end), UINT16_MAX, &port) || port == 0)
			err = refuse(where, i, "a Via port that is no number from 1 to 65535");
		else
			v->port = (uint16_t)port;
		i = end;
	}
	*at = i;
	return err;
}

static bool via_param(const struct sip_param *p, struct sip_via *v)
{
	uint64_t port;

	if (IS(p->name, "branch")) {
		if (v->branch.n || p->value.n == 0)
			return false;
		v->branch = p->value;
	} else if (IS(p->name, "received")) {
		v->received = p->value;
	} else if (IS(p->name, "rport")) {
		v->has_rport = true;
		v->rport = slice_u64(p->value, UINT16_MAX, &port) ? (uint16_t)port : 0;
	}
	return true;
}

static int via_params(struct slice in, size_t at, struct sip_via *v, struct where *where)
{
	struct sip_param p;
	int more;

	while ((more = read_param(in, &at, &p, where)) > 0)
		if (!via_param(&p, v))
			return refuse(where, (size_t)(p.name.p - in.p),
				"a branch that is empty or stands twice");
	return more;
}

int sip_via_decode(struct slice in, struct sip_via *ret, struct where *where)
{
	struct where later;
	size_t at = skip_lws(in, 0);

	*ret = (struct sip_via){ .text = in };
	int err = via_protocol(in, &at, ret, where);
	if (!err || at < in.n) {
		const int more = via_sent_by(in, &at, ret, err ? &later : where);

		err = err ? err : more;
	}
	if (ret->host.n) {
		const int more = via_params(in, at, ret, err ? &later : where);

		err = err ? err : more;
	}
	ret->is_broken = err != 0;
	return err;
}

/* ---- name-addr / addr-spec: section 20.10 ---- */

static int decode_uri(
	struct slice in, size_t from, size_t to, struct sip_nameaddr *a, struct where *where)
{
	a->uri_text = slice_cut(in, from, to);
	int err = sip_uri_decode(a->uri_text, &a->uri, where);
	if (err)
		where->offset += from;
	return err;
}

/* Nobody here needs the display name (section 16.3), so that what should stand in quotes may stand
 * without: "Ackerman, Pilar <sip:...>".  But where another reader could see another address in
 * it, nobody knows whose message this is. */
static int check_display(struct slice in, struct slice display, struct where *where)
{
	static const struct slice other = { (const uint8_t *)"\":>", 3 };

	for (size_t i = 0; display.n && display.p[0] != '"' && i < display.n; i++)
		if (slice_chr(other, display.p[i]) < other.n)
			return refuse(where, (size_t)(display.p - in.p) + i,
				"a display name that needs quotes");
	return 0;
}

static int name_addr(
	struct slice in, size_t angle, size_t *at, struct sip_nameaddr *a, struct where *where)
{
	size_t end = angle + slice_chr(slice_skip(in, angle), '>');
	const size_t from = skip_lws(in, angle + 1);
	size_t to = end;

	if (end == in.n)
		return refuse(where, angle, "a < without its >");
	while (to > from && sip_char_is(in.p[to - 1], SIP_CHAR_LWS))
		to--;
	a->display = slice_trim(slice_cut(in, 0, angle));
	int err = decode_uri(in, from, to, a, where);
	if (!err)
		err = check_display(in, a->display, where);
	*at = end + 1;
	return err;
}

/* Section 20: without <> what follows a ";" is the header's, and neither "?" nor "," may be in the
 * URI. */
static int addr_spec(struct slice in, size_t *at, struct sip_nameaddr *a, struct where *where)
{
	size_t start = skip_lws(in, 0), end = start;

	while (end < in.n && in.p[end] != ';' && !sip_char_is(in.p[end], SIP_CHAR_LWS))
		end++;
	int err = decode_uri(in, start, end, a, where);
	if (err)
		return err;
	if (a->uri.headers.n)
		return refuse(where, start + slice_chr(a->uri_text, '?'),
			"a URI with headers needs < and >");
	size_t comma = slice_chr(a->uri_text, ',');
	if (comma < a->uri_text.n)
		return refuse(where, start + comma, "a URI with a comma needs < and >");
	*at = end;
	return 0;
}

/* Where the "<" of a name-addr is; in.n when this is an addr-spec: a colon comes first in one. */
static int find_angle(struct slice in, size_t *angle, struct where *where)
{
	size_t i = skip_lws(in, 0);

	if (i < in.n && in.p[i] == '"') {
		size_t end = skip_quoted(in, i);

		if (end > in.n)
			return refuse(where, i, "a quoted string without its end");
		i = skip_lws(in, end);
		if (i == in.n || in.p[i] != '<')
			return refuse(where, i, "a display name without <");
	}
	while (i < in.n && in.p[i] != '<' && in.p[i] != ':')
		i++;
	*angle = i < in.n && in.p[i] == '<' ? i : in.n;
	return 0;
}

int sip_nameaddr_decode(struct slice in, struct sip_nameaddr *ret, struct where *where)
{
	struct sip_nameaddr a = { .text = in };
	struct sip_param p;
	size_t angle, at;

	int more = find_angle(in, &angle, where);
	if (!more)
		more = angle < in.n ? name_addr(in, angle, &at, &a, where)
				    : addr_spec(in, &at, &a, where);
	if (more)
		return more;
	a.params = params_from(in, at);
	for (;;) {
		const size_t start = at = skip_empty_params(in, skip_lws(in, at));

		more = read_param(in, &at, &p, where);
		if (more <= 0)
			break;
		if (!IS(p.name, "tag"))
			continue;
		if (p.value.n == 0)
			a.no_tag = slice_cut(in, start, at);
		else if (a.tag.n)
			return refuse(where, (size_t)(p.name.p - in.p), "a tag that stands twice");
		else
			a.tag = p.value;
	}
	if (more == 0)
		*ret = a;
	return more;
}

bool sip_contact_is_star(struct slice value)
{
	return slice_eqs(slice_trim(value), "*");
}

/* ---- text ---- */

void sip_put_unquoted(struct buf *b, struct slice value)
{
	if (value.n < 2 || value.p[0] != '"') {
		buf_put(b, value);
		return;
	}
	for (size_t i = 1; i + 1 < value.n; i++) {
		if (value.p[i] == '\\' && i + 2 < value.n)
			i++;
		buf_putc(b, value.p[i]);
	}
}

static uint8_t harmless(uint8_t c)
{
	return c < 0x20 || c == 0x7f ? ' ' : c;
}

void sip_put_quoted(struct buf *b, struct slice raw)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] == '"' || raw.p[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, harmless(raw.p[i]));
	}
	buf_putc(b, '"');
}

void sip_put_header_text(struct buf *b, struct slice raw)
{
	size_t from = 0;

	for (size_t i = 0; i < raw.n; i++) {
		if (harmless(raw.p[i]) == raw.p[i])
			continue;
		buf_put(b, slice_cut(raw, from, i));
		/* A folded line is one line: CRLF and what follows it is one space. */
		bool folded = raw.p[i] == '\r' && i + 1 < raw.n && raw.p[i + 1] == '\n';
		buf_putc(b, folded ? ' ' : harmless(raw.p[i]));
		if (folded)
			i = skip_lws(raw, i) - 1;
		from = i + 1;
	}
	buf_put(b, slice_skip(raw, from));
}

static struct slice media_param(struct slice params, const char *name)
{
	struct slice value = SLICE_NONE;

	if (sip_param_find(params, name, &value) && value.n > 1 && value.p[0] == '"')
		value = slice_cut(value, 1, value.n - 1);
	return value;
}

int sip_media_decode(struct slice in, struct sip_media *ret, struct where *where)
{
	struct sip_media m = { 0 };
	size_t type = skip_lws(in, 0), end = skip_token(in, type);

	m.type = slice_cut(in, type, end);
	size_t slash = skip_lws(in, end);
	if (m.type.n == 0 || slash == in.n || in.p[slash] != '/')
		return refuse(where, slash, "a Content-Type without type/subtype");
	size_t sub = skip_lws(in, slash + 1);
	end = skip_token(in, sub);
	m.subtype = slice_cut(in, sub, end);
	if (m.subtype.n == 0)
		return refuse(where, sub, "a Content-Type without type/subtype");
	struct slice params = params_from(in, end);
	struct sip_param p;
	int more = 1;
	while (more > 0) {
		end = skip_empty_params(in, skip_lws(in, end));
		more = read_param(in, &end, &p, where);
	}
	if (more < 0)
		return more;
	m.charset = media_param(params, "charset");
	m.boundary = media_param(params, "boundary");
	*ret = m;
	return 0;
}
