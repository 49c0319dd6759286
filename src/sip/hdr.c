#include "sip/hdr.h"

#include "base/mem.h"
#include "base/str.h"

static int refuse(struct where *where, size_t offset, const char *what)
{
	*where = (struct where){ offset, what };
	return ERR_SYNTAX;
}

static bool is_lws(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* token: alphanum and -.!%*_+`'~ */
static bool is_token(uint8_t c)
{
	static const char marks[] = "-.!%*_+`'~";

	return ascii_is_alpha(c) || ascii_is_digit(c) ||
	       slice_chr(slice_of(marks, sizeof(marks) - 1), c) < sizeof(marks) - 1;
}

static size_t skip_lws(struct slice s, size_t i)
{
	while (i < s.n && is_lws(s.p[i]))
		i++;
	return i;
}

static size_t skip_token(struct slice s, size_t i)
{
	while (i < s.n && is_token(s.p[i]))
		i++;
	return i;
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

bool sip_hdr_next(struct slice *rest, struct slice *value)
{
	bool angle = false;
	size_t i = 0;

	for (;;) {
		*rest = slice_trim(*rest);
		if (rest->n == 0)
			return false;
		for (i = 0; i < rest->n; i++) {
			uint8_t c = rest->p[i];

			if (c == '"' && !angle)
				i = skip_quoted(*rest, i) - 1;
			else if (c == '<')
				angle = true;
			else if (c == '>')
				angle = false;
			else if (c == ',' && !angle)
				break;
		}
		*value = slice_trim(slice_cut(*rest, 0, i));
		*rest = slice_skip(*rest, i + 1);
		if (value->n)
			return true; /* an empty element of a list is no value */
	}
}

/* ---- parameters ---- */

static bool param_at(struct slice s, size_t *at, struct sip_param *ret)
{
	size_t name = skip_lws(s, *at), i = skip_token(s, name);

	if (i == name)
		return false;
	*ret = (struct sip_param){ .name = slice_cut(s, name, i) };
	size_t eq = skip_lws(s, i);
	if (eq < s.n && s.p[eq] == '=') {
		size_t value = skip_lws(s, eq + 1);

		if (value < s.n && s.p[value] == '"')
			i = skip_quoted(s, value);
		else
			for (i = value;
				i < s.n && s.p[i] != ';' && s.p[i] != ',' && !is_lws(s.p[i]);)
				i++;
		if (i > s.n)
			return false;
		ret->value = slice_cut(s, value, i);
		ret->has_value = true;
	}
	*at = i;
	return true;
}

bool sip_param_next(struct slice *rest, struct sip_param *ret)
{
	size_t at = 0;

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

/* Everything behind a value must be parameters. */
static int check_params(struct slice in, size_t at, struct where *where)
{
	struct sip_param p;

	for (;;) {
		at = skip_lws(in, at);
		if (at == in.n)
			return 0;
		if (in.p[at] != ';')
			return refuse(where, at, "something that is no parameter behind the value");
		at++;
		if (!param_at(in, &at, &p))
			return refuse(where, at, "a malformed header parameter");
	}
}

/* ---- Via: section 20.42 ---- */

static int via_protocol(struct slice in, size_t *at, struct sip_via *v, struct where *where)
{
	static const char *const parts[] = { "SIP", "2.0" };
	size_t i = *at;

	for (size_t k = 0; k < COUNT(parts); k++) {
		size_t end = skip_token(in, i);

		if (!slice_ieqs(slice_cut(in, i, end), parts[k]))
			return refuse(where, i, "a Via that is not of SIP/2.0");
		i = skip_lws(in, end);
		if (i == in.n || in.p[i] != '/')
			return refuse(where, i, "a Via without its transport");
		i = skip_lws(in, i + 1);
	}
	size_t end = skip_token(in, i);
	if (end == i)
		return refuse(where, i, "a Via without its transport");
	v->transport = slice_cut(in, i, end);
	*at = skip_lws(in, end);
	return 0;
}

static int via_sent_by(struct slice in, size_t *at, struct sip_via *v, struct where *where)
{
	size_t i = *at, end;
	uint64_t port;

	if (i < in.n && in.p[i] == '[')
		end = i + slice_chr(slice_skip(in, i), ']') + 1;
	else
		end = skip_token(in, i);
	if (end == i || end > in.n)
		return refuse(where, i, "a Via without a sent-by host");
	v->host = slice_cut(in, i, end);
	i = skip_lws(in, end);
	if (i < in.n && in.p[i] == ':') {
		i = skip_lws(in, i + 1);
		for (end = i; end < in.n && ascii_is_digit(in.p[end]);)
			end++;
		if (!slice_u64(slice_cut(in, i, end), UINT16_MAX, &port) || port == 0)
			return refuse(where, i, "a Via port that is no number from 1 to 65535");
		v->port = (uint16_t)port;
		i = end;
	}
	*at = i;
	return 0;
}

static void via_params(struct slice params, struct sip_via *v)
{
	struct sip_param p;
	uint64_t port;

	while (sip_param_next(&params, &p)) {
		if (slice_ieqs(p.name, "branch")) {
			v->branch = p.value;
		} else if (slice_ieqs(p.name, "received")) {
			v->received = p.value;
		} else if (slice_ieqs(p.name, "rport")) {
			v->has_rport = true;
			v->rport = slice_u64(p.value, UINT16_MAX, &port) ? (uint16_t)port : 0;
		}
	}
}

int sip_via_decode(struct slice in, struct sip_via *ret, struct where *where)
{
	struct sip_via v = { .text = in };
	size_t at = skip_lws(in, 0);

	int err = via_protocol(in, &at, &v, where);
	if (!err)
		err = via_sent_by(in, &at, &v, where);
	if (!err)
		err = check_params(in, at, where);
	if (err)
		return err;
	at = skip_lws(in, at);
	via_params(slice_skip(in, at + 1), &v);
	*ret = v;
	return 0;
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

static int name_addr(
	struct slice in, size_t angle, size_t *at, struct sip_nameaddr *a, struct where *where)
{
	size_t end = angle + slice_chr(slice_skip(in, angle), '>');

	if (end == in.n)
		return refuse(where, angle, "a < without its >");
	a->display = slice_trim(slice_cut(in, 0, angle));
	int err = decode_uri(in, angle + 1, end, a, where);
	if (err)
		return err;
	/* Without quotes a display name is tokens: section 25.1. */
	for (size_t i = 0; a->display.n && a->display.p[0] != '"' && i < a->display.n; i++)
		if (!is_token(a->display.p[i]) && !is_lws(a->display.p[i]) &&
			a->display.p[i] < 0x80)
			return refuse(where, i, "a display name that needs quotes");
	*at = end + 1;
	return 0;
}

/* Section 20: without <> whatever follows a ";" or "?" is the header's, so a "?" is refused. */
static int addr_spec(struct slice in, size_t *at, struct sip_nameaddr *a, struct where *where)
{
	size_t end = 0;

	while (end < in.n && in.p[end] != ';' && !is_lws(in.p[end]))
		end++;
	int err = decode_uri(in, 0, end, a, where);
	if (err)
		return err;
	if (a->uri.headers.n)
		return refuse(where, end, "a URI with headers needs < and >");
	*at = end;
	return 0;
}

static int find_angle(struct slice in, size_t *angle, struct where *where)
{
	size_t i = 0;

	*angle = in.n;
	if (in.n && in.p[0] == '"') {
		i = skip_quoted(in, 0);
		if (i > in.n)
			return refuse(where, 0, "a quoted string without its end");
		i = skip_lws(in, i);
		if (i == in.n || in.p[i] != '<')
			return refuse(where, i, "a display name without <");
	}
	*angle = i + slice_chr(slice_skip(in, i), '<');
	return 0;
}

int sip_nameaddr_decode(struct slice in, struct sip_nameaddr *ret, struct where *where)
{
	struct sip_nameaddr a = { .text = in };
	size_t angle, at = 0;

	int err = find_angle(in, &angle, where);
	if (!err)
		err = angle < in.n ? name_addr(in, angle, &at, &a, where)
				   : addr_spec(in, &at, &a, where);
	if (!err)
		err = check_params(in, at, where);
	if (err)
		return err;
	a.params = slice_skip(in, skip_lws(in, at) + 1);
	if (!sip_param_find(a.params, "tag", &a.tag))
		a.tag = SLICE_NONE;
	*ret = a;
	return 0;
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
	for (size_t i = 0; i < raw.n; i++) {
		/* A folded line is one line: CRLF and what follows it is one space. */
		if (raw.p[i] == '\r' && i + 1 < raw.n && raw.p[i + 1] == '\n') {
			i = skip_lws(raw, i) - 1;
			buf_putc(b, ' ');
			continue;
		}
		buf_putc(b, harmless(raw.p[i]));
	}
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
	int err = check_params(in, end, where);
	if (err)
		return err;
	struct slice params = slice_skip(in, skip_lws(in, end) + 1);
	if (sip_param_find(params, "charset", &m.charset) && m.charset.n > 1 &&
		m.charset.p[0] == '"')
		m.charset = slice_cut(m.charset, 1, m.charset.n - 1);
	*ret = m;
	return 0;
}
