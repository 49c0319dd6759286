#include "bridge/body.h"

#include "base/mem.h"
#include "base/str.h"
#include "bridge/charset.h"
#include "bridge/cpim.h"
#include "bridge/html.h"
#include "sip/hdr.h"

/* What is decoded is no longer than it was, and each byte becomes three of UTF-8 at most. */
enum { TEXT_MAX = 3 * SIP_MSG_MAX };

/* From the worst to the best that an alternative can be. */
enum kind {
	KIND_OTHER,
	KIND_HTML,
	KIND_CPIM,
	KIND_MULTIPART,
	KIND_PLAIN,
	KIND_COUNT,
};

struct part {
	struct sip_media media;
	enum kind kind;
	struct slice encoding; /* Content-Transfer-Encoding */
	bool is_required;
	struct slice content;
};

struct reader {
	struct buf *text;
	unsigned parts, left_out;
	enum refused refused;
};

static int refuse(struct reader *r, enum refused refused)
{
	r->refused = refused;
	return ERR_LEGAL;
}

/* ---- what a part is ---- */

static enum kind kind_of(const struct sip_media *m)
{
	static const struct {
		const char *type, *subtype; /* NULL: any */
		enum kind kind;
	} kinds[] = {
		{ "text", "plain", KIND_PLAIN },
		{ "text", "html", KIND_HTML },
		{ "application", "xhtml+xml", KIND_HTML },
		{ "message", "cpim", KIND_CPIM },
		{ "multipart", NULL, KIND_MULTIPART },
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (slice_ieqs(m->type, kinds[i].type) &&
			(!kinds[i].subtype || slice_ieqs(m->subtype, kinds[i].subtype)))
			return kinds[i].kind;
	return KIND_OTHER;
}

/* Without a Content-Type it is text/plain: RFC 2045 section 5.2. */
static int read_type(struct reader *r, struct slice type, struct part *ret)
{
	struct where where;

	ret->kind = KIND_PLAIN;
	if (type.n == 0)
		return 0;
	if (sip_media_decode(type, &ret->media, &where))
		return refuse(r, REFUSED_BAD_TYPE);
	ret->kind = kind_of(&ret->media);
	return 0;
}

static bool is_required(struct slice disposition)
{
	struct slice handling;

	(void)slice_split(&disposition, ';');
	return sip_param_find(disposition, "handling", &handling) &&
	       slice_ieqs(handling, "required");
}

static int read_fields(struct reader *r, const struct cpim *object, struct part *ret)
{
	*ret = (struct part){
		.encoding = cpim_field(object, "Content-Transfer-Encoding"),
		.is_required = is_required(cpim_field(object, "Content-Disposition")),
		.content = object->content,
	};
	return read_type(r, cpim_field(object, "Content-Type"), ret);
}

/* ---- text ---- */

static void put_without_white(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n' && s.p[i] != ' ' && s.p[i] != '\t')
			buf_putc(b, s.p[i]);
}

static int put_base64(struct buf *b, struct slice s)
{
	struct buf plain;

	buf_init(&plain, s.n);
	put_without_white(&plain, s);
	int err = buf_err(&plain);
	if (!err)
		err = base64_decode(b, buf_slice(&plain));
	buf_done(&plain);
	return err;
}

/* RFC 2045 section 6.7 */
static int put_quoted_printable(struct buf *b, struct slice s)
{
	while (s.n) {
		const size_t plain = slice_chr(s, '=');

		buf_put(b, slice_cut(s, 0, plain));
		s = slice_skip(s, plain + 1);
		if (s.n == 0)
			break;
		const int high = hex_digit(s.p[0]), low = s.n > 1 ? hex_digit(s.p[1]) : -1;
		const size_t end = slice_chr(s, '\n');
		if (high >= 0 && low >= 0) {
			buf_putc(b, (uint8_t)(high << 4 | low));
			s = slice_skip(s, 2);
		} else if (slice_trim(slice_cut(s, 0, end)).n == 0) {
			s = slice_skip(s, end + 1); /* a soft line break */
		} else {
			return ERR_SYNTAX;
		}
	}
	return buf_err(b);
}

static bool is_as_it_is(struct slice encoding)
{
	static const char *const names[] = { "7bit", "8bit", "binary" };
	bool found = encoding.n == 0;

	for (size_t i = 0; i < COUNT(names) && !found; i++)
		found = slice_ieqs(encoding, names[i]);
	return found;
}

/* Its bytes, in `room` if they were encoded. */
static int decode(struct reader *r, const struct part *p, struct buf *room, struct slice *ret)
{
	int err = ERR_SYNTAX;

	*ret = p->content;
	if (is_as_it_is(p->encoding))
		return 0;
	if (slice_ieqs(p->encoding, "base64"))
		err = put_base64(room, p->content);
	else if (slice_ieqs(p->encoding, "quoted-printable"))
		err = put_quoted_printable(room, p->content);
	*ret = buf_slice(room);
	return err == ERR_SYNTAX ? refuse(r, REFUSED_TRANSFER_ENCODING) : err;
}

/* As UTF-8 that XML can carry; a slice of `in` where it is that. */
static int to_utf8(struct reader *r, struct slice charset_name, struct slice in, struct buf *room,
	struct slice *ret)
{
	enum charset charset = CHARSET_UTF_8;

	if (charset_name.n && !charset_find(charset_name, &charset))
		return refuse(r, REFUSED_CHARSET);
	*ret = in;
	if (charset != CHARSET_UTF_8) {
		int err = charset_put_utf8(room, charset, in);
		if (err)
			return err == ERR_SYNTAX ? refuse(r, REFUSED_NOT_CHARSET) : err;
		*ret = buf_slice(room);
	} else if (!utf8_valid(in, NULL)) {
		return refuse(r, REFUSED_NOT_UTF8);
	}
	if (slice_starts(*ret, SLICE("\xef\xbb\xbf"))) /* a byte order mark */
		*ret = slice_skip(*ret, 3);
	return utf8_is_xml_text(*ret, NULL) ? 0 : refuse(r, REFUSED_CONTROL);
}

static int read_text(struct reader *r, const struct part *p)
{
	struct buf decoded, converted;
	struct slice s;

	buf_init(&decoded, TEXT_MAX);
	buf_init(&converted, TEXT_MAX);
	int err = decode(r, p, &decoded, &s);
	if (!err)
		err = to_utf8(r, p->media.charset, s, &converted, &s);
	if (!err && p->kind == KIND_HTML)
		html_put_text(r->text, s);
	else if (!err)
		buf_put(r->text, s);
	buf_done(&converted);
	buf_done(&decoded);
	return err ? err : buf_err(r->text);
}

/* ---- multipart, RFC 2046 section 5.1 ---- */

/* `line` without its end: 1 for a delimiter, 2 for the last one, else 0. */
static int is_delimiter(struct slice line, struct slice boundary)
{
	if (!slice_starts(line, SLICE("--")) || !slice_starts(slice_skip(line, 2), boundary))
		return 0;
	line = slice_trim(slice_skip(line, 2 + boundary.n));
	return line.n == 0 ? 1 : slice_eqs(line, "--") ? 2 : 0;
}

/* What stands in front of the next delimiter, without the line end that belongs to that; the last
 * delimiter may be missing.  *rest becomes what is behind it.  False at the end. */
static bool take_delimited(struct slice *rest, struct slice boundary, struct slice *ret)
{
	const struct slice all = *rest;

	while (rest->n) {
		const struct slice line = slice_split(rest, '\n');
		const int found = is_delimiter(line, boundary);

		if (!found)
			continue;
		size_t n = (size_t)(line.p - all.p);
		n -= n > 0;
		n -= n > 0 && all.p[n - 1] == '\r';
		*ret = slice_cut(all, 0, n);
		if (found == 2)
			*rest = SLICE_NONE;
		return true;
	}
	*ret = all;
	return all.n > 0;
}

/* Fields and content of a part; one that begins with an empty line has no fields. */
static void split(struct slice in, struct cpim *ret)
{
	struct slice rest = in;

	*ret = (struct cpim){ .fields = in };
	while (rest.n) {
		const struct slice line = slice_split(&rest, '\n');

		if (slice_trim(line).n > 0)
			continue;
		ret->fields = slice_cut(in, 0, (size_t)(line.p - in.p));
		ret->content = rest;
		return;
	}
}

struct parts { /* what is left to take */
	struct slice rest, boundary;
};

static int begin_parts(struct reader *r, const struct part *p, struct parts *ret)
{
	struct slice preamble;

	*ret = (struct parts){ .rest = p->content, .boundary = p->media.boundary };
	if (ret->boundary.n == 0 || !take_delimited(&ret->rest, ret->boundary, &preamble) ||
		ret->rest.n == 0)
		return refuse(r, REFUSED_MULTIPART);
	return 0;
}

/* 1 with a part, 0 at the end, or a refusal. */
static int take_part(struct reader *r, struct parts *parts, struct part *ret)
{
	struct cpim object;
	struct slice bytes;

	if (!take_delimited(&parts->rest, parts->boundary, &bytes))
		return 0;
	split(bytes, &object);
	int err = read_fields(r, &object, ret);
	return err ? err : 1;
}

static bool is_blank(struct slice s)
{
	return slice_trim(s).n == 0;
}

static int read_part(struct reader *r, const struct part *p, unsigned level);

/* The first of this kind that can be read and says something: *found.  What is refused meanwhile is
 * known in the end, if there was nothing else. */
static int read_one_of(struct reader *r, const struct part *p, enum kind kind, unsigned level)
{
	const size_t before = buf_len(r->text);
	const unsigned left_out = r->left_out;
	struct parts parts;
	struct part part;
	int refused = 0;

	int err = begin_parts(r, p, &parts);
	if (err)
		return err;
	for (int more; (more = take_part(r, &parts, &part));) {
		if (more < 0 || part.kind != kind)
			continue;
		err = read_part(r, &part, level + 1);
		if (err && err != ERR_LEGAL)
			return err;
		if (!err && !is_blank(slice_skip(buf_slice(r->text), before)))
			return 0;
		refused = err ? err : refused;
		buf_truncate(r->text, before);
		r->left_out = left_out;
	}
	return refused;
}

static int read_alternative(struct reader *r, const struct part *p, unsigned level)
{
	const size_t before = buf_len(r->text);
	int refused = 0;

	for (enum kind kind = KIND_COUNT; --kind > KIND_OTHER;) {
		int err = read_one_of(r, p, kind, level);
		if (err && err != ERR_LEGAL)
			return err;
		if (buf_len(r->text) > before)
			return 0;
		refused = err ? err : refused;
	}
	r->left_out += !refused;
	return refused;
}

static int read_all(struct reader *r, const struct part *p, unsigned level)
{
	struct parts parts;
	struct part part;
	int more;

	int err = begin_parts(r, p, &parts);
	while (!err && (more = take_part(r, &parts, &part))) {
		const size_t before = buf_len(r->text);

		if (before)
			buf_putc(r->text, '\n');
		const size_t from = buf_len(r->text);
		err = more < 0 ? more : read_part(r, &part, level + 1);
		if (!err && is_blank(slice_skip(buf_slice(r->text), from)))
			buf_truncate(r->text, before);
	}
	return err;
}

/* ---- any part ---- */

static int read_cpim(struct reader *r, const struct part *p, unsigned level)
{
	struct cpim cpim;
	struct where where;
	struct part inner;

	if (cpim_decode(p->content, &cpim, &where))
		return refuse(r, REFUSED_CPIM);
	int err = read_fields(r, &cpim, &inner);
	return err ? err : read_part(r, &inner, level + 1);
}

static int read_part(struct reader *r, const struct part *p, unsigned level)
{
	if (level > BODY_LEVELS_MAX || ++r->parts > BODY_PARTS_MAX)
		return refuse(r, REFUSED_MANY);
	switch (p->kind) {
	case KIND_PLAIN:
	case KIND_HTML: return read_text(r, p);
	case KIND_CPIM: return read_cpim(r, p, level);
	case KIND_MULTIPART:
		return slice_ieqs(p->media.subtype, "alternative") ? read_alternative(r, p, level)
								   : read_all(r, p, level);
	case KIND_OTHER:
	case KIND_COUNT: break;
	}
	if (p->is_required)
		return refuse(r, REFUSED_PART);
	r->left_out++;
	return 0;
}

/* As nearly every message is: nothing is copied. */
static int read_whole(struct reader *r, const struct part *p, struct body *ret)
{
	if (p->kind == KIND_PLAIN)
		return to_utf8(r, p->media.charset, p->content, &ret->room, &ret->text);
	int err = read_part(r, p, 0);
	ret->text = buf_slice(&ret->room);
	return err;
}

int body_read(const struct sip_msg *req, struct body *ret, enum refused *refused)
{
	const struct slice encoding = sip_msg_value(req, SIP_HDR_CONTENT_ENCODING);
	struct reader r = { .text = &ret->room };
	struct part part = { .content = req->body };

	*ret = (struct body){ .n_left_out = 0 };
	buf_init(&ret->room, TEXT_MAX);
	int err =
		encoding.n && !slice_ieqs(encoding, "identity") ? refuse(&r, REFUSED_ENCODING) : 0;
	if (!err)
		err = read_type(&r, req->content_type, &part);
	if (!err)
		err = read_whole(&r, &part, ret);
	if (!err && is_blank(ret->text))
		err = refuse(&r, r.left_out ? REFUSED_TYPE : REFUSED_EMPTY);
	ret->n_left_out = r.left_out;
	*refused = r.refused;
	if (err)
		body_done(ret);
	return err;
}

void body_done(struct body *b)
{
	buf_done(&b->room);
}
