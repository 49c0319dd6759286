#include "sip/frame.h"

#include "sip/names.h"

enum { HEAD_MAX = 32768 }; /* a head that does not end before is an attack */

void sip_frame_init(struct sip_frame *f)
{
	*f = (struct sip_frame){ 0 };
	buf_init(&f->in, 2 * (SIP_MSG_MAX + 1));
}

void sip_frame_done(struct sip_frame *f)
{
	buf_done(&f->in);
}

static void refuse(struct sip_frame *f, int err, size_t offset, const char *what)
{
	f->err = err;
	f->where = (struct where){ offset, what };
}

/* What was handed out is gone with the next push or take. */
static void drop_taken(struct sip_frame *f)
{
	buf_consume(&f->in, f->taken);
	f->taken = 0;
}

int sip_frame_push(struct sip_frame *f, struct slice in)
{
	if (f->err)
		return f->err;
	drop_taken(f);
	buf_put(&f->in, in);
	if (buf_err(&f->in))
		refuse(f, buf_err(&f->in) == -EMSGSIZE ? ERR_LIMIT : buf_err(&f->in), 0,
			"more bytes wait than one message may have");
	return f->err;
}

/* RFC 5626 section 3.5.1 and RFC 3261 section 7.5: CRLFs in front of a start line are none of it.
 */
static void skip_keepalives(struct sip_frame *f)
{
	struct slice s = buf_slice(&f->in);
	size_t n = 0;

	while (s.n - n >= 2 && s.p[n] == '\r' && s.p[n + 1] == '\n')
		n += 2;
	f->pings += (unsigned)(n / 4);
	/* A single CRLF may be the first half of a ping: it waits for the next two bytes. */
	bool half = n == s.n || (s.n - n == 1 && s.p[n] == '\r');
	if (n % 4 && half)
		n -= 2;
	buf_consume(&f->in, n);
	f->scanned = n ? 0 : f->scanned;
}

/* The next row with the lines folded into it; false at the empty line. */
static bool next_row(struct slice *rest, struct slice *row)
{
	size_t end = 0;

	do {
		end += slice_chr(slice_skip(*rest, end), '\n') + 1;
	} while (end < rest->n && (rest->p[end] == ' ' || rest->p[end] == '\t'));
	*row = slice_trim(slice_cut(*rest, 0, end));
	*rest = slice_skip(*rest, end);
	return row->n > 0;
}

/* Content-Length of the head, long or compact form; false with the frame in error. */
static bool read_length(struct sip_frame *f, struct slice head, size_t *ret)
{
	uint64_t n, found = UINT64_MAX;
	struct slice rest = head, row;

	for (next_row(&rest, &row); next_row(&rest, &row);) {
		struct slice value = row, name = slice_trim(slice_split(&value, ':'));

		if (sip_hdr_find(name) != SIP_HDR_CONTENT_LENGTH)
			continue;
		if (!slice_u64(slice_trim(value), UINT32_MAX, &n) ||
			(found != UINT64_MAX && found != n)) {
			refuse(f, ERR_SYNTAX, (size_t)(row.p - head.p),
				"a Content-Length that is no length");
			return false;
		}
		found = n;
	}
	if (found == UINT64_MAX) {
		refuse(f, ERR_SYNTAX, head.n, "a message without Content-Length on a stream");
		return false;
	}
	*ret = (size_t)found;
	return true;
}

/* The length of the head with its empty line, or 0 when it has not all come.  Lines that end with
 * LF alone end it too: what they are in is refused, but can be answered. */
static size_t find_head(struct sip_frame *f)
{
	struct slice s = buf_slice(&f->in);
	size_t i = f->scanned > 3 ? f->scanned - 3 : 0;

	f->scanned = s.n;
	for (; i < s.n; i++) {
		i += slice_chr(slice_skip(s, i), '\n');
		const size_t next = i + 1 < s.n && s.p[i + 1] == '\r' ? i + 2 : i + 1;

		if (next < s.n && s.p[next] == '\n')
			return next + 1;
	}
	if (s.n > HEAD_MAX)
		refuse(f, ERR_LIMIT, HEAD_MAX, "headers without an end");
	return 0;
}

/* How long the message is that begins the buffer: once a message, however small the pieces. */
static void measure(struct sip_frame *f)
{
	size_t body;

	skip_keepalives(f);
	size_t head = find_head(f);
	if (head == 0 || !read_length(f, slice_cut(buf_slice(&f->in), 0, head), &body))
		return;
	if (head + body > SIP_MSG_MAX)
		refuse(f, ERR_LIMIT, head, "the message is too long");
	else
		f->need = head + body;
}

bool sip_frame_take(struct sip_frame *f, struct slice *ret)
{
	if (f->err)
		return false;
	drop_taken(f);
	if (f->need == 0)
		measure(f);
	if (f->need == 0 || f->need > buf_len(&f->in))
		return false;
	*ret = slice_cut(buf_slice(&f->in), 0, f->need);
	f->taken = f->need;
	f->need = 0;
	f->scanned = 0;
	return true;
}

struct slice sip_frame_rest(const struct sip_frame *f)
{
	return slice_skip(buf_slice(&f->in), f->taken);
}

void sip_frame_trim(struct sip_frame *f)
{
	if (f->in.cap > SIP_FRAME_KEPT && buf_len(&f->in) == 0)
		buf_done(&f->in);
}

bool sip_frame_take_ping(struct sip_frame *f)
{
	if (f->pings == 0)
		return false;
	f->pings--;
	return true;
}
