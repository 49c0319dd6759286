#include "web/request.h"

#include "base/mem.h"
#include "base/str.h"

static const struct {
	unsigned status;
	const char *phrase;
} phrases[] = {
	{ 200, "OK" },
	{ 204, "No Content" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 413, "Content Too Large" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
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

static bool is_alphanumeric_or(uint8_t c, struct slice others)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || slice_chr(others, c) < others.n;
}

/* RFC 9110 section 5.6.2. */
static bool is_tchar(uint8_t c)
{
	return is_alphanumeric_or(c, SLICE("!#$%&'*+-.^_`|~"));
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

/* RFC 3986 section 3.2 without user information, which no request has (RFC 9110 section 4.2.4). */
static bool is_authority(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alphanumeric_or(s.p[i], SLICE("-._~!$&'()*+,;=%[]:")))
			return false;
	return true;
}

/* RFC 9112 section 3.2.2: the absolute form is taken by every server, and its host is the one that
 * counts. */
static bool read_target(struct web_request *r, struct slice target)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < COUNT(schemes); i++) {
		const struct slice scheme = slice_str(schemes[i]);
		if (!slice_ieq(slice_cut(target, 0, scheme.n), scheme))
			continue;
		target = slice_skip(target, scheme.n);
		r->host = slice_cut(target, 0, slice_chr(target, '/'));
		if (r->host.n == 0 || !is_authority(r->host))
			return false;
		target = slice_skip(target, r->host.n);
		break;
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
	r->is_post = slice_eqs(method, "POST");
	return r->is_head || r->is_post || slice_eqs(method, "GET") ? WEB_DONE : 405;
}

/* ---- the fields ---- */

/* Those that two readers could take from different ones of two. */
static const char *const single[] = { "Host", "Content-Length", "Content-Type", "Expect", "Origin",
	"Sec-Fetch-Site", "Authorization", "Cookie" };

struct fields {
	unsigned n, seen; /* a bit each of `single` */
	bool is_host;
};

static bool is_second(struct fields *f, struct slice name)
{
	for (unsigned i = 0; i < COUNT(single); i++) {
		if (!slice_ieqs(name, single[i]))
			continue;
		const bool seen = f->seen & 1u << i;
		f->seen |= 1u << i;
		return seen;
	}
	return false;
}

static unsigned judge_length(struct web_request *r, struct slice value)
{
	uint64_t n;

	if (!slice_u64(value, UINT64_MAX, &n))
		return 400;
	if (n > (r->is_post ? WEB_BODY_MAX : 0))
		return 413;
	r->n_body = (size_t)n;
	return WEB_DONE;
}

static unsigned judge_expect(struct web_request *r, struct slice value)
{
	/* RFC 9110 section 10.1.1: from 1.0 it means nothing. */
	if (r->is_http_1_0)
		return WEB_DONE;
	r->is_awaiting = slice_ieqs(value, "100-continue");
	return r->is_awaiting ? WEB_DONE : 417;
}

static void read_connection(struct web_request *r, struct slice value)
{
	while (value.n)
		if (slice_ieqs(slice_trim(slice_split(&value, ',')), "close"))
			r->is_close = true;
}

static unsigned judge_field(
	struct web_request *r, struct fields *f, struct slice name, struct slice value)
{
	if (slice_ieqs(name, "Transfer-Encoding"))
		return 501;
	if (slice_ieqs(name, "Content-Length"))
		return judge_length(r, value);
	if (slice_ieqs(name, "Expect"))
		return judge_expect(r, value);
	if (slice_ieqs(name, "Connection"))
		read_connection(r, value);
	if (!slice_ieqs(name, "Host"))
		return WEB_DONE;
	f->is_host = true;
	r->host = r->host.n ? r->host : value;
	return is_authority(value) ? WEB_DONE : 400;
}

static unsigned read_field(struct web_request *r, struct fields *f, struct slice line)
{
	struct slice value = line;
	const struct slice name = slice_split(&value, ':');

	if (++f->n > WEB_FIELDS_MAX)
		return 431;
	/* A space before the colon, or before the name, was read in several ways: section 5. */
	if (name.n == line.n || !is_token(name) || !is_value(value) || is_second(f, name))
		return 400;
	return judge_field(r, f, name, slice_trim(value));
}

static unsigned read_fields(struct web_request *r, struct slice head)
{
	struct fields f = { 0 };
	struct slice line;

	r->fields = head;
	for (;;) {
		if (!take_line(&head, &line))
			return 400;
		if (line.n == 0)
			break;
		const unsigned status = read_field(r, &f, line);
		if (status != WEB_DONE)
			return status;
	}
	/* RFC 9112 section 3.2: exactly one; with 1.0 there may be none. */
	return f.is_host || r->is_http_1_0 ? WEB_DONE : 400;
}

struct slice web_field_find(const struct web_request *r, const char *name)
{
	struct slice line, head = r->fields;

	while (take_line(&head, &line) && line.n) {
		struct slice value = line;
		if (slice_ieqs(slice_split(&value, ':'), name))
			return slice_trim(value);
	}
	return SLICE_NONE;
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
	r.n_head = n;
	const unsigned first = read_line(&r, line);
	if (first == 400 || first == 505)
		return first;
	const unsigned fields = read_fields(&r, head);
	if (fields != WEB_DONE)
		return fields;
	r.is_close = r.is_close || r.is_http_1_0;
	if (first == WEB_DONE)
		*ret = r;
	return first;
}
