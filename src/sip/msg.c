#include "sip/msg.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sip/chars.h"
#include "sip/hdr.h"
#include "sip/names.h"

#define NO_ROW UINT32_MAX

/* The headers that every message must have once, and how they are read. */
enum part {
	PART_VIA,
	PART_FROM,
	PART_TO,
	PART_CALL_ID,
	PART_CSEQ,
	PART_MAX_FORWARDS,
	PART_CONTENT_LENGTH,
	PART_CONTENT_TYPE,
	PART_COUNT,
};

static const uint8_t part_of[SIP_HDR_COUNT] = {
	/* 0 stands for "none of them": one is added. */
	[SIP_HDR_VIA] = PART_VIA + 1,
	[SIP_HDR_FROM] = PART_FROM + 1,
	[SIP_HDR_TO] = PART_TO + 1,
	[SIP_HDR_CALL_ID] = PART_CALL_ID + 1,
	[SIP_HDR_CSEQ] = PART_CSEQ + 1,
	[SIP_HDR_MAX_FORWARDS] = PART_MAX_FORWARDS + 1,
	[SIP_HDR_CONTENT_LENGTH] = PART_CONTENT_LENGTH + 1,
	[SIP_HDR_CONTENT_TYPE] = PART_CONTENT_TYPE + 1,
};

static const char *const twice[PART_COUNT] = {
	[PART_FROM] = "From stands twice",
	[PART_TO] = "To stands twice",
	[PART_CALL_ID] = "Call-ID stands twice",
	[PART_CSEQ] = "CSeq stands twice",
	[PART_MAX_FORWARDS] = "Max-Forwards stands twice",
	[PART_CONTENT_LENGTH] = "Content-Length stands twice",
	[PART_CONTENT_TYPE] = "Content-Type stands twice",
};

static const char *const missing[PART_CSEQ + 1] = {
	[PART_VIA] = "Via is missing",
	[PART_FROM] = "From is missing",
	[PART_TO] = "To is missing",
	[PART_CALL_ID] = "Call-ID is missing",
	[PART_CSEQ] = "CSeq is missing",
};

struct decoder {
	struct slice in;
	struct sip_msg *msg;
	struct sip_refusal *refusal;
	int err;
	struct slice field; /* that is being read */
	size_t lines;       /* that ended with CRLF */
	uint32_t row[PART_COUNT];
	bool has_way; /* back: Via says over what */
	uint64_t content_length;
};

/* The first refusal is the one that is told; decoding goes on, to see whether it can be answered.
 */
static void refuse(struct decoder *d, int err, int status, size_t offset, const char *what)
{
	if (d->err)
		return;
	d->err = err;
	d->refusal->status = status;
	d->refusal->field = d->field;
	d->refusal->where = (struct where){ offset, what };
}

static size_t offset_of(const struct decoder *d, struct slice s)
{
	return (size_t)(s.p - d->in.p);
}

/* ---- lines ---- */

/* How many controls there are.  A fixed number of bytes and no branch: compilers make vectors of
 * this. */
enum { BLOCK = 64 };

static unsigned count_controls(const uint8_t *p)
{
	uint8_t n = 0;

	for (size_t i = 0; i < BLOCK; i++)
		n = (uint8_t)(n + ((p[i] < 0x20) | (p[i] == 0x7f)));
	return n;
}

/* All controls in the head are the CR and LF of a line that next_line() has read.  (With a tab, or
 * with one that may not be there, they are more.) */
static bool is_clean(const struct decoder *d, size_t end)
{
	uint8_t rest[BLOCK];
	size_t n = 0, i = 0;

	for (; i + BLOCK <= end; i += BLOCK)
		n += count_controls(d->in.p + i);
	memset(rest, ' ', sizeof(rest));
	if (i < end)
		memcpy(rest, d->in.p + i, end - i);
	return n + count_controls(rest) == 2 * d->lines;
}

/* Whose row it is; "" in the start line. */
static struct slice field_at(const struct decoder *d, size_t offset)
{
	unsigned i = d->msg->n_hdrs;

	while (i > 0 && offset_of(d, d->msg->hdrs[i - 1].name) > offset)
		i--;
	return i ? d->msg->hdrs[i - 1].name : SLICE_NONE;
}

static bool is_break(struct slice s, size_t i)
{
	return i + 1 < s.n && s.p[i] == '\r' && s.p[i + 1] == '\n';
}

/* The first control that may not be there: its place, or head.n.  Section 25.1: a quoted string
 * may have all of them but CR and LF behind a backslash. */
static size_t find_control(struct slice head)
{
	bool quoted = false;

	for (size_t i = 0; i < head.n; i++) {
		const uint8_t c = head.p[i];

		if (is_break(head, i)) {
			i++;
			quoted = quoted && i + 1 < head.n &&
				 sip_char_is(head.p[i + 1], SIP_CHAR_LWS);
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == '\\' && quoted && i + 1 < head.n && head.p[i + 1] != '\r' &&
			   head.p[i + 1] != '\n') {
			i++;
		} else if (c == 0x7f || (c < 0x20 && c != '\t')) {
			return i;
		}
	}
	return head.n;
}

/* A byte that cannot be in a header overrules what else is wrong: it may be the cause of it. */
static void check_controls(struct decoder *d, size_t end)
{
	const size_t i = is_clean(d, end) ? end : find_control(slice_cut(d->in, 0, end));

	if (i == end)
		return;
	d->err = 0;
	d->msg->has_controls = true;
	d->field = field_at(d, i);
	refuse(d, ERR_SYNTAX, 400, i,
		d->in.p[i] == '\r'   ? "a CR without LF"
		: d->in.p[i] == '\n' ? "a line that ends without CR"
				     : "a control character in a header");
}

/* The line at *at without its end; *at becomes the start of the next.  False: it has none.  An LF
 * alone ends one too, since whoever passed the message on took it for that; check_controls() then
 * refuses it. */
static bool next_line(struct decoder *d, size_t *at, struct slice *line)
{
	const uint8_t *start = d->in.p + *at;
	const size_t left = d->in.n - *at;
	const uint8_t *lf = left ? memchr(start, '\n', left) : NULL;

	if (!lf) {
		refuse(d, ERR_SYNTAX, 400, d->in.n, "the headers have no end");
		return false;
	}
	size_t n = (size_t)(lf - start);
	*at += n + 1;
	if (n && start[n - 1] == '\r') {
		n--;
		d->lines++;
	}
	*line = (struct slice){ start, n };
	return true;
}

/* ---- the start line: section 7.1 and 7.2 ---- */

/* "SIP/" 1*DIGIT "." 1*DIGIT */
static bool is_any_version(struct slice text)
{
	size_t dot = slice_chr(text, '.');
	uint64_t ignored;

	return text.n > 4 && slice_ieq(slice_cut(text, 0, 4), SLICE("SIP/")) &&
	       slice_u64(slice_cut(text, 4, dot), UINT64_MAX, &ignored) &&
	       slice_u64(slice_skip(text, dot + 1), UINT64_MAX, &ignored);
}

static void check_version(struct decoder *d, struct slice text)
{
	if (text.n == 7 && slice_ieq(text, SLICE("SIP/2.0")))
		return;
	if (is_any_version(text))
		refuse(d, ERR_UNSUPPORTED, 505, offset_of(d, text),
			"a version of SIP that is not 2.0");
	else
		refuse(d, ERR_SYNTAX, 400, offset_of(d, text), "a start line that is not SIP's");
}

static bool status_line(struct decoder *d, struct slice line)
{
	struct sip_msg *m = d->msg;
	uint64_t status;

	check_version(d, slice_split(&line, ' '));
	struct slice code = slice_split(&line, ' ');
	if (code.n != 3 || !slice_u64(code, 699, &status) || status < 100) {
		refuse(d, ERR_SYNTAX, 400, offset_of(d, code), "a status that is not 100 to 699");
		return false;
	}
	m->status = (int)status;
	m->reason = line;
	return true;
}

static bool is_token(struct slice s)
{
	return s.n > 0 && sip_skip(s, 0, SIP_CHAR_TOKEN) == s.n;
}

static void read_request_uri(struct decoder *d)
{
	struct sip_msg *m = d->msg;
	struct where where;
	size_t at = offset_of(d, m->ruri_text);

	int err = sip_uri_decode(m->ruri_text, &m->ruri, &where);
	if (!err)
		return;
	m->ruri = (struct sip_uri){ .scheme = SIP_SCHEME_OTHER, .text = m->ruri_text };
	d->field = SLICE("Request-URI");
	refuse(d, err, err == ERR_LIMIT ? 414 : 400, at + where.offset, where.what);
	d->field = SLICE_NONE;
}

/* True when there is a method: then the rest is read, to see whether it can be answered. */
static bool request_line(struct decoder *d, struct slice line)
{
	struct sip_msg *m = d->msg;
	size_t end = sip_skip(line, 0, SIP_CHAR_TOKEN);

	if (end == 0 || end == line.n || line.p[end] != ' ') {
		refuse(d, ERR_SYNTAX, 400, offset_of(d, line) + end,
			"a start line that is not SIP's");
		return false;
	}
	m->method_text = slice_split(&line, ' ');
	m->method = sip_method_find(m->method_text);
	m->ruri_text = slice_split(&line, ' ');
	read_request_uri(d);
	check_version(d, line);
	return true;
}

static bool start_line(struct decoder *d, size_t *at)
{
	struct slice line;

	/* Section 7.5: empty lines in front are none of it. */
	do {
		if (!next_line(d, at, &line))
			return false;
	} while (line.n == 0);
	d->msg->text = slice_skip(d->in, offset_of(d, line));
	d->msg->is_request = line.n < 4 || !slice_ieq(slice_cut(line, 0, 4), SLICE("SIP/"));
	return d->msg->is_request ? request_line(d, line) : status_line(d, line);
}

/* ---- header rows: section 7.3.1 ---- */

static void note_part(struct decoder *d, const struct sip_hdr *h, uint32_t row)
{
	unsigned part = part_of[h->id];

	if (part-- == 0)
		return;
	if (d->row[part] == NO_ROW)
		d->row[part] = row;
	else if (twice[part])
		refuse(d, ERR_SYNTAX, 400, offset_of(d, h->name), twice[part]);
}

static void add_row(struct decoder *d, struct slice line)
{
	struct sip_msg *m = d->msg;
	size_t end = sip_skip(line, 0, SIP_CHAR_TOKEN);
	size_t colon = sip_skip(line, end, SIP_CHAR_LWS);

	if (end == 0 || colon == line.n || line.p[colon] != ':') {
		refuse(d, ERR_SYNTAX, 400, offset_of(d, line) + (end ? colon : 0),
			"a header line without a name and a colon");
		return;
	}
	if (m->n_hdrs == SIP_HDRS_MAX) {
		refuse(d, ERR_LIMIT, 513, offset_of(d, line), "too many header lines");
		return;
	}
	size_t from = sip_skip(line, colon + 1, SIP_CHAR_LWS), to = line.n;
	while (to > from && sip_char_is(line.p[to - 1], SIP_CHAR_LWS))
		to--;
	struct sip_hdr *h = &m->hdrs[m->n_hdrs++];
	h->name = (struct slice){ line.p, end };
	h->value = (struct slice){ line.p + from, to - from };
	h->id = sip_hdr_find(h->name);
	note_part(d, h, m->n_hdrs - 1);
}

static bool is_fold(const struct decoder *d, size_t at)
{
	return at < d->in.n && (d->in.p[at] == ' ' || d->in.p[at] == '\t');
}

/* All rows; *at becomes the start of the body.  False: the empty line never came. */
static bool read_rows(struct decoder *d, size_t *at)
{
	struct slice line;

	for (;;) {
		size_t start = *at;

		if (!next_line(d, at, &line))
			return false;
		if (line.n == 0)
			return true;
		while (is_fold(d, *at)) {
			size_t before = *at;

			if (!next_line(d, at, &line))
				return false;
			/* Up to the end of the folded line, its CRLFs inside. */
			line = slice_cut(d->in, start, before + line.n);
		}
		add_row(d, line);
	}
}

/* ---- what every element needs ---- */

static struct slice value_of(const struct decoder *d, enum part part)
{
	return d->msg->hdrs[d->row[part]].value;
}

static void read_via(struct decoder *d)
{
	struct slice rest = value_of(d, PART_VIA), first;
	struct where where;

	if (!sip_hdr_next(&rest, &first)) {
		refuse(d, ERR_SYNTAX, 400, offset_of(d, rest), "an empty Via");
		return;
	}
	d->field = SLICE("Via");
	if (sip_via_decode(first, &d->msg->via, &where))
		refuse(d, ERR_SYNTAX, 400, offset_of(d, first) + where.offset, where.what);
	d->field = SLICE_NONE;
	/* Section 18.2.2: the answer goes to where the request came from, so that this is enough.
	 */
	d->has_way = d->msg->via.transport.n > 0;
}

static void read_nameaddr(struct decoder *d, enum part part, struct sip_nameaddr *ret)
{
	struct slice value = value_of(d, part);
	struct where where;

	*ret = (struct sip_nameaddr){ .text = value };
	if (!sip_nameaddr_decode(value, ret, &where))
		return;
	d->field = slice_str(part == PART_FROM ? "From" : "To");
	refuse(d, ERR_SYNTAX, 400, offset_of(d, value) + where.offset, where.what);
	d->field = SLICE_NONE;
}

/* Section 8.1.1.4 compares them byte by byte and gives them no other meaning. */
static void read_call_id(struct decoder *d)
{
	d->msg->call_id = value_of(d, PART_CALL_ID);
	if (d->msg->call_id.n == 0)
		refuse(d, ERR_SYNTAX, 400, offset_of(d, d->msg->call_id), "Call-ID is empty");
}

/* 1*DIGIT LWS Method; 32 bits: section 20.16.  Only who writes one has to stay below 2^31. */
static void read_cseq(struct decoder *d)
{
	struct slice value = value_of(d, PART_CSEQ);
	size_t end = sip_skip(value, 0, SIP_CHAR_TOKEN), at = sip_skip(value, end, SIP_CHAR_LWS);
	struct slice method = slice_skip(value, at);
	uint64_t n;

	if (!slice_u64(slice_cut(value, 0, end), UINT32_MAX, &n)) {
		refuse(d, ERR_SYNTAX, 400, offset_of(d, value), "CSeq is not 0 to 4294967295");
		return;
	}
	if (!is_token(method)) {
		refuse(d, ERR_SYNTAX, 400, offset_of(d, method), "CSeq without a method");
		return;
	}
	d->msg->cseq = (uint32_t)n;
	if (!d->msg->is_request) {
		d->msg->method_text = method;
		d->msg->method = sip_method_find(method);
	} else if (!slice_eq(method, d->msg->method_text)) {
		refuse(d, ERR_SYNTAX, 400, offset_of(d, method), "CSeq names another method");
	}
}

static void read_numbers(struct decoder *d)
{
	uint64_t n;

	d->msg->max_forwards = SIP_UNSET;
	if (d->row[PART_MAX_FORWARDS] != NO_ROW) {
		struct slice value = value_of(d, PART_MAX_FORWARDS);

		if (slice_u64(value, 255, &n))
			d->msg->max_forwards = (int)n;
		else
			refuse(d, ERR_SYNTAX, 400, offset_of(d, value),
				"Max-Forwards is not 0 to 255");
	}
	d->content_length = UINT64_MAX;
	if (d->row[PART_CONTENT_LENGTH] != NO_ROW) {
		struct slice value = value_of(d, PART_CONTENT_LENGTH);

		if (slice_u64(value, UINT32_MAX, &n))
			d->content_length = n;
		else
			refuse(d, ERR_SYNTAX, 400, offset_of(d, value),
				"a malformed Content-Length");
	}
	d->msg->content_type =
		d->row[PART_CONTENT_TYPE] == NO_ROW ? SLICE_NONE : value_of(d, PART_CONTENT_TYPE);
}

static void read_parts(struct decoder *d)
{
	for (enum part p = PART_VIA; p <= PART_CSEQ; p++)
		if (d->row[p] == NO_ROW)
			refuse(d, ERR_SYNTAX, 400, d->in.n, missing[p]);
	if (d->row[PART_VIA] != NO_ROW)
		read_via(d);
	if (d->row[PART_FROM] != NO_ROW)
		read_nameaddr(d, PART_FROM, &d->msg->from);
	if (d->row[PART_TO] != NO_ROW)
		read_nameaddr(d, PART_TO, &d->msg->to);
	if (d->row[PART_CALL_ID] != NO_ROW)
		read_call_id(d);
	if (d->row[PART_CSEQ] != NO_ROW)
		read_cseq(d);
	read_numbers(d);
}

/* Section 18.3: more bytes than Content-Length are no part of it; fewer are an error. */
static void read_body(struct decoder *d, size_t at)
{
	struct slice body = slice_skip(d->in, at);

	if (d->content_length != UINT64_MAX) {
		if (d->content_length > body.n)
			refuse(d, ERR_SYNTAX, 400, d->in.n,
				"the body is shorter than Content-Length");
		else
			body = slice_cut(body, 0, (size_t)d->content_length);
	}
	d->msg->body = body;
	d->msg->text.n = at + body.n - offset_of(d, d->msg->text);
}

static enum sip_answerable answerable(const struct decoder *d)
{
	/* Section 17.1.1.3: nothing answers an ACK. */
	return d->msg->is_request && d->msg->method_text.n && d->msg->method != SIP_METHOD_ACK &&
			       d->has_way
		       ? SIP_ANSWERABLE
		       : SIP_NOT_ANSWERABLE;
}

/* Without the rows: there are many, and those behind n_hdrs are never looked at. */
static void clear(struct sip_msg *m, struct slice in)
{
	memset(m, 0, offsetof(struct sip_msg, hdrs));
	m->text = in;
	m->max_forwards = SIP_UNSET;
}

int sip_msg_decode(struct slice in, struct sip_msg *ret, struct sip_refusal *refusal)
{
	struct decoder d = { .in = in, .msg = ret, .refusal = refusal };
	size_t at = 0;

	clear(ret, in);
	refusal->answerable = SIP_NOT_ANSWERABLE;
	refusal->field = SLICE_NONE;
	for (size_t i = 0; i < PART_COUNT; i++)
		d.row[i] = NO_ROW;
	if (in.n > SIP_MSG_MAX) {
		refuse(&d, ERR_LIMIT, 513, SIP_MSG_MAX, "the message is too long");
		return d.err;
	}
	const bool begun = start_line(&d, &at);
	const bool whole = begun && read_rows(&d, &at);
	if (begun)
		read_parts(&d);
	if (whole)
		read_body(&d, at);
	check_controls(&d, whole ? at : in.n);
	if (d.err)
		refusal->answerable = answerable(&d);
	return d.err;
}

const char *sip_refusal_phrase(const struct sip_refusal *refusal, char text[SIP_PHRASE_MAX])
{
	enum { NAME_MAX = 40 }; /* a name may be as long as a message */
	const struct slice field = slice_cut(refusal->field, 0, NAME_MAX);

	if (refusal->field.n == 0)
		return refusal->where.what;
	snprintf(text, SIP_PHRASE_MAX, "Bad %.*s: %s", SLICE_FMT(field), refusal->where.what);
	return text;
}

/* ---- looking up ---- */

const struct sip_hdr *sip_msg_find(const struct sip_msg *msg, enum sip_hdr_id id, unsigned *at)
{
	for (unsigned i = *at; i < msg->n_hdrs; i++) {
		if (msg->hdrs[i].id != id)
			continue;
		*at = i + 1;
		return &msg->hdrs[i];
	}
	return NULL;
}

struct slice sip_msg_value(const struct sip_msg *msg, enum sip_hdr_id id)
{
	unsigned at = 0;
	const struct sip_hdr *h = sip_msg_find(msg, id, &at);

	return h ? h->value : SLICE_NONE;
}

struct slice sip_msg_value_named(const struct sip_msg *msg, const char *name)
{
	for (unsigned i = 0; i < msg->n_hdrs; i++)
		if (slice_ieqs(msg->hdrs[i].name, name))
			return msg->hdrs[i].value;
	return SLICE_NONE;
}
