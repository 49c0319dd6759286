#include "web/request.h"

#include "base/mem.h"
#include "base/str.h"

static const struct {
	unsigned status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" },
	{ 400, "Bad Request" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 413, "Content Too Large" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

const char *web_phrase(unsigned status)
{
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "";
}

/* ---- the grammar ---- */

/* RFC 9110 section 5.6.2. */
static bool is_tchar(uint8_t c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) ||
	       (c && slice_chr(SLICE("!#$%&'*+-.^_`|~"), c) < 15);
}

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_tchar(s.p[i]))
			return false;
	return s.n > 0;
}

/* Graphic ASCII: a space would end it, and bytes above have no meaning there. */
static bool is_target(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] >= 0x7f)
			return false;
	return s.n > 0;
}

/* RFC 9110 section 5.5. */
static bool is_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* The line without its CRLF; false for one that ends otherwise: a lone LF, which RFC 9112 section
 * 2.2 lets others take for an end, and a lone CR are read differently by different readers. */
static bool take_line(struct slice *head, struct slice *ret)
{
	const struct slice line = slice_split(head, '\n');

	if (line.n == 0 || line.p[line.n - 1] != '\r')
		return false;
	*ret = slice_cut(line, 0, line.n - 1);
	return slice_chr(*ret, '\r') == ret->n;
}

/* ---- the request line ---- */

static unsigned read_version(struct web_request *r, struct slice version)
{
	const struct slice http = SLICE("HTTP/");

	if (version.n != 8 || !slice_starts(version, http) || !ascii_is_digit(version.p[5]) ||
		version.p[6] != '.' || !ascii_is_digit(version.p[7]))
		return 400;
	if (version.p[5] != '1')
		return 505;
	r->is_http_1_0 = version.p[7] == '0';
	return WEB_DONE;
}

/* RFC 9112 section 3.2.2: the absolute form is taken by every server. */
static bool read_target(struct web_request *r, struct slice target)
{
	const struct slice scheme = SLICE("http://");

	if (slice_ieq(slice_cut(target, 0, scheme.n), scheme)) {
		target = slice_skip(target, scheme.n);
		const size_t slash = slice_chr(target, '/');
		if (slash == 0)
			return false; /* no host */
		target = slice_skip(target, slash);
	}
	if (!is_target(target) || target.p[0] != '/')
		return false;
	r->query = target;
	r->path = slice_split(&r->query, '?');
	return true;
}

static unsigned read_line(struct web_request *r, struct slice line)
{
	const struct slice method = slice_split(&line, ' '), target = slice_split(&line, ' ');
	unsigned status = read_version(r, line);

	if (status != WEB_DONE)
		return status;
	if (!is_token(method) || !read_target(r, target))
		return 400;
	r->is_head = slice_eqs(method, "HEAD");
	return r->is_head || slice_eqs(method, "GET") ? WEB_DONE : 405;
}

/* ---- the fields ---- */

struct fields {
	unsigned n, hosts, lengths;
};

/* RFC 9112 section 6: there is none, whatever its form. */
static unsigned judge_length(struct fields *f, struct slice value)
{
	uint64_t n;

	if (!slice_u64(value, UINT64_MAX, &n) || ++f->lengths > 1)
		return 400;
	return n ? 413 : WEB_DONE;
}

/* Section 3.2: exactly one; with 1.0 there may be none. */
static unsigned judge_host(struct fields *f, struct slice value)
{
	return ++f->hosts > 1 || slice_chr(value, ' ') < value.n ? 400 : WEB_DONE;
}

static unsigned read_field(struct web_request *r, struct fields *f, struct slice line)
{
	struct slice value = line;
	const struct slice name = slice_split(&value, ':');

	if (++f->n > WEB_FIELDS_MAX)
		return 431;
	/* A space before the colon, or before the name, was read in several ways: section 5. */
	if (name.n == line.n || !is_token(name) || !is_value(value))
		return 400;
	value = slice_trim(value);
	if (slice_ieqs(name, "Transfer-Encoding"))
		return 501;
	if (slice_ieqs(name, "Content-Length"))
		return judge_length(f, value);
	if (slice_ieqs(name, "Host"))
		return judge_host(f, value);
	if (slice_ieqs(name, "Accept"))
		r->accept = r->accept.n ? r->accept : value;
	return WEB_DONE;
}

static unsigned read_fields(struct web_request *r, struct slice head)
{
	struct fields f = { 0 };
	struct slice line;

	for (;;) {
		if (!take_line(&head, &line))
			return 400;
		if (line.n == 0)
			break;
		const unsigned status = read_field(r, &f, line);
		if (status != WEB_DONE)
			return status;
	}
	return f.hosts == 1 || r->is_http_1_0 ? WEB_DONE : 400;
}

/* ---- the head ---- */

/* Also where its lines end in a lone LF, so that these are refused at once. */
static size_t head_size(struct slice bytes)
{
	const size_t crlf = slice_find(bytes, SLICE("\n\r\n")),
		     lf = slice_find(bytes, SLICE("\n\n"));

	if (crlf == SIZE_MAX && lf == SIZE_MAX)
		return 0;
	return crlf < lf ? crlf + 3 : lf + 2;
}

unsigned web_request_decode(struct web_request *ret, struct slice bytes)
{
	const size_t n = head_size(bytes);
	struct web_request r = { 0 };
	struct slice line, head = slice_cut(bytes, 0, n);

	if (n > WEB_HEAD_MAX || (n == 0 && bytes.n >= WEB_HEAD_MAX))
		return 431;
	if (n == 0)
		return WEB_MORE;
	if (!take_line(&head, &line))
		return 400;
	/* What is ambiguous is worse than what is not allowed: the fields are read in any case. */
	const unsigned first = read_line(&r, line);
	if (first == 400 || first == 505)
		return first;
	const unsigned fields = read_fields(&r, head);
	if (fields != WEB_DONE)
		return fields;
	if (first == WEB_DONE)
		*ret = r;
	return first;
}

/* ---- Accept ---- */

/* "0.5" as 500; what is none is 0. */
static unsigned read_weight(struct slice s)
{
	unsigned weight = 0, unit = 1000;

	if (s.n == 0 || (s.p[0] != '0' && s.p[0] != '1'))
		return 0;
	for (size_t i = 0; i < s.n && unit > 0; i++) {
		if (i == 1 && s.p[i] == '.')
			continue;
		if (i == 1 || !ascii_is_digit(s.p[i]))
			return 0;
		weight += (unsigned)(s.p[i] - '0') * unit;
		unit /= 10;
	}
	return weight < 1000 ? weight : 1000;
}

struct range {
	struct slice type, subtype, version;
	unsigned weight;
};

static struct range read_range(struct slice text)
{
	struct slice rest = text;
	struct slice subtype = slice_trim(slice_split(&rest, ';'));
	struct range r = { .type = slice_split(&subtype, '/'), .weight = 1000 };

	r.subtype = subtype;
	while (rest.n) {
		struct slice value = slice_trim(slice_split(&rest, ';'));
		const struct slice name = slice_split(&value, '=');

		if (slice_ieqs(name, "q"))
			r.weight = read_weight(value);
		else if (slice_ieqs(name, "version"))
			r.version = value;
	}
	return r;
}

/* How closely it names the type; 0: not at all. */
static unsigned closeness(
	const struct range *r, const char *type, const char *subtype, const char *version)
{
	if (slice_eqs(r->type, "*"))
		return slice_eqs(r->subtype, "*") ? 1 : 0;
	if (!slice_ieqs(r->type, type))
		return 0;
	if (slice_eqs(r->subtype, "*"))
		return 2;
	if (!slice_ieqs(r->subtype, subtype))
		return 0;
	if (!r->version.n)
		return 3;
	return slice_eqs(r->version, version) ? 4 : 0;
}

unsigned web_accepts(
	struct slice accept, const char *type, const char *subtype, const char *version)
{
	unsigned closest = 0, weight = 0;

	while (accept.n) {
		const struct range r = read_range(slice_split(&accept, ','));
		const unsigned close = closeness(&r, type, subtype, version);

		if (close > closest) {
			closest = close;
			weight = r.weight;
		}
	}
	return weight;
}
