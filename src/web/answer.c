#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/str.h"
#include "web/answer_head.h"

enum { FIELDS_MAX = 4096 };

void web_answer_init(struct web_answer *a, size_t body_max, bool takes_post)
{
	*a = (struct web_answer){ .status = 500,
		.type = "text/plain; charset=utf-8",
		.cache = "no-store",
		.later_s = WEB_CALL_S,
		.allow = takes_post ? "GET, HEAD, POST" : "GET, HEAD" };
	buf_init(&a->fields, FIELDS_MAX);
	buf_init(&a->body, body_max);
}

void web_answer_done(struct web_answer *a)
{
	if (a->done)
		a->done(a->parts);
	buf_done(&a->fields);
	buf_done(&a->body);
	*a = (struct web_answer){ .status = 0 };
}

void web_answer_refuse(struct web_answer *a, unsigned status)
{
	const struct web_answer before = *a;

	web_answer_done(a);
	web_answer_init(a, before.body.max, false);
	a->allow = before.allow;
	a->status = status;
	buf_printf(&a->body, "%s\n", web_phrase(status));
}

/* ---- what handlers say ---- */

void web_answer_field(struct web_answer *a, const char *name, struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] == 0x7f)
			a->fields.err = -EINVAL;
	buf_printf(&a->fields, "%s: ", name);
	buf_put(&a->fields, value);
	buf_puts(&a->fields, "\r\n");
}

void web_answer_redirect(struct web_answer *a, unsigned status, struct slice location)
{
	a->status = status;
	buf_printf(&a->body, "%s\n", web_phrase(status));
	web_answer_field(a, "Location", location);
}

void web_answer_stream(struct web_answer *a, struct web_stream *st)
{
	a->status = 200;
	a->type = "text/event-stream";
	a->stream = st;
}

static void put_line(struct buf *b, const char *name, struct slice text)
{
	buf_printf(b, "%s: ", name);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n' && text.p[i])
			buf_putc(b, text.p[i]);
	buf_putc(b, '\n');
}

void web_event_put(struct buf *b, const char *name, const char *id, struct slice data)
{
	if (name)
		put_line(b, "event", slice_str(name));
	if (id)
		put_line(b, "id", slice_str(id));
	do
		put_line(b, "data", slice_split(&data, '\n'));
	while (data.n);
	buf_putc(b, '\n');
}

/* ---- the head ---- */

/* RFC 9110 section 5.6.7. */
void web_put_date(struct buf *b, int64_t seconds)
{
	static const char days[] = "SunMonTueWedThuFriSat",
			  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return;
	buf_printf(b, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * tm.tm_wday,
		tm.tm_mday, months + 3 * tm.tm_mon, tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		tm.tm_sec);
}

static bool has_content(unsigned status)
{
	return status != 204 && status != 304;
}

/* RFC 9112 section 6.3: what ends with the connection needs neither. */
static void put_framing(struct buf *b, const struct web_answer *a, const struct web_framing *f)
{
	if (f->is_chunked)
		buf_puts(b, "Transfer-Encoding: chunked\r\n");
	else if (!a->more && !a->stream && has_content(a->status))
		buf_printf(b, "Content-Length: %zu\r\n", web_answer_content(a).n);
}

void web_answer_put_head(
	const struct web_answer *a, const struct web_framing *f, int64_t now_s, struct buf *b)
{
	buf_printf(b, "HTTP/1.1 %u %s\r\n", a->status, web_phrase(a->status));
	web_put_date(b, now_s);
	if (has_content(a->status))
		buf_printf(b, "Content-Type: %s\r\n", a->type);
	if (f->is_last)
		buf_puts(b, "Connection: close\r\n");
	buf_printf(b, "Cache-Control: %s\r\nX-Content-Type-Options: nosniff\r\n", a->cache);
	if (a->etag[0])
		buf_printf(b, "ETag: \"%s\"\r\n", a->etag);
	if (a->status == 405)
		buf_printf(b, "Allow: %s\r\n", a->allow);
	if (a->stream)
		buf_puts(b, "X-Accel-Buffering: no\r\n"); /* a proxy that gathers them: nginx */
	buf_put(b, buf_slice(&a->fields));
	put_framing(b, a, f);
	buf_puts(b, "\r\n");
}

struct slice web_answer_content(const struct web_answer *a)
{
	if (!has_content(a->status))
		return SLICE_NONE;
	return a->constant.n ? a->constant : buf_slice(&a->body);
}
