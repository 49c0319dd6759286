/* What the forms of a trace draw: lanes, phases, labels, characters. */
#include "base/mem.h"
#include "base/str.h"
#include "report/trace_private.h"

static bool is_message(const struct trace_step *s)
{
	return s->ev.type == PROBE_EV_TRACE;
}

const char *trace_lane_name(enum trace_lane lane)
{
	static const char *const names[LANES] = {
		[LANE_USER] = N_("SIP test user"),
		[LANE_POOL] = N_("pool"),
		[LANE_SERVER] = N_("XMPP server"),
		[LANE_RECEIVER] = N_("receiver"),
	};

	return names[lane];
}

enum trace_lane trace_from(const struct probe_event *ev)
{
	if (ev->side == SIDE_XMPP)
		return ev->outbound ? LANE_RECEIVER : LANE_SERVER;
	return ev->outbound ? LANE_USER : LANE_POOL;
}

enum trace_lane trace_to(const struct probe_event *ev)
{
	struct probe_event back = *ev;

	back.outbound = !ev->outbound;
	return trace_from(&back);
}

enum trace_column trace_column(enum probe_phase phase)
{
	if (phase <= PHASE_SIP_SEND)
		return COLUMN_SIP;
	return phase <= PHASE_XMPP_BIND ? COLUMN_XMPP : COLUMN_BETWEEN;
}

size_t trace_verdict_at(const struct trace *t)
{
	size_t i = 0;

	while (i < trace_count(t) &&
		(is_message(trace_get(t, i)) || trace_get(t, i)->ev.phase != PHASE_CLEANUP))
		i++;
	return i;
}

const struct probe_event *trace_phase_end(const struct trace *t, size_t i)
{
	const struct probe_event *begun = &trace_get(t, i)->ev;

	while (++i < trace_count(t))
		if (!is_message(trace_get(t, i)) && trace_get(t, i)->ev.phase == begun->phase)
			return &trace_get(t, i)->ev;
	return NULL;
}

bool trace_is_shown(const struct trace *t, size_t i)
{
	const struct probe_event *end = trace_phase_end(t, i);

	return trace_get(t, i)->ev.outcome == PHASE_RUNNING &&
	       (!end || end->outcome != PHASE_SKIPPED);
}

bool trace_is_crossing(const struct probe_event *ev)
{
	if (ev->outbound)
		return false;
	return ev->side == SIDE_XMPP
		       ? ev->phase == PHASE_DELIVER && slice_starts(ev->text, SLICE("<message"))
		       : ev->phase == PHASE_ANSWER && slice_starts(ev->text, SLICE("MESSAGE "));
}

/* ---- labels ---- */

/* Several requests may wait: CSeq says which one is answered. */
static void put_status(struct buf *b, struct slice line, struct slice text)
{
	buf_put(b, slice_skip(line, sizeof("SIP/2.0 ") - 1));
	while (text.n) {
		struct slice value = slice_split(&text, '\n'), name = slice_split(&value, ':');

		if (!slice_ieqs(slice_trim(name), "CSeq"))
			continue;
		value = slice_trim(value);
		buf_puts(b, " (");
		buf_put(b, slice_trim(slice_skip(value, slice_chr(value, ' '))));
		buf_puts(b, ")");
		return;
	}
}

static void put_sip_label(struct buf *b, struct slice text)
{
	struct slice line = slice_trim(slice_cut(text, 0, slice_chr(text, '\n')));

	if (slice_starts(line, SLICE("SIP/2.0 ")))
		put_status(b, line, text);
	else if (slice_ends(line, SLICE(" SIP/2.0")))
		buf_put(b, slice_cut(line, 0, line.n - (sizeof(" SIP/2.0") - 1)));
	else
		buf_put(b, line);
}

/* The next start tag without its brackets; "" at the end. */
static struct slice next_tag(struct slice *text)
{
	while (text->n) {
		*text = slice_skip(*text, slice_chr(*text, '<') + 1);
		if (text->n && text->p[0] != '?' && text->p[0] != '!')
			break;
	}
	struct slice tag = slice_cut(*text, 0, slice_chr(*text, '>'));
	*text = slice_skip(*text, tag.n);
	return slice_ends(tag, SLICE("/")) ? slice_cut(tag, 0, tag.n - 1) : tag;
}

static struct slice tag_name(struct slice tag)
{
	return slice_cut(tag, 0, slice_chr(tag, ' '));
}

/* ` name=value`, if the tag has it. */
static void put_attr(struct buf *b, struct slice tag, const char *name)
{
	struct buf find;

	buf_init(&find, 32);
	buf_printf(&find, " %s=", name);
	size_t at = slice_find(tag, buf_slice(&find));
	if (at != SIZE_MAX && at + buf_len(&find) < tag.n) {
		struct slice value = slice_skip(tag, at + buf_len(&find));
		const uint8_t quote = value.p[0];

		value = slice_skip(value, 1);
		buf_put(b, buf_slice(&find));
		buf_put(b, slice_cut(value, 0, slice_chr(value, quote)));
	}
	trace_part_done(&find, b);
}

/* What the element is about is its first child's name. */
static bool tells_by_child(struct slice name)
{
	static const char *const names[] = { "iq", "failure", "stream:error", "error" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eqs(name, names[i]))
			return true;
	return false;
}

static void put_xmpp_label(struct buf *b, struct slice text)
{
	static const char *const attrs[] = { "type", "mechanism", "to", "from" };
	struct slice tag = next_tag(&text), name = tag_name(tag);

	buf_puts(b, "<");
	buf_put(b, name);
	for (size_t i = 0; i < COUNT(attrs); i++)
		put_attr(b, tag, attrs[i]);
	buf_puts(b, ">");
	if (!tells_by_child(name))
		return;
	struct slice child = tag_name(next_tag(&text));
	if (child.n && child.p[0] != '/') {
		buf_puts(b, " ");
		buf_put(b, child);
	}
}

void trace_put_label(struct buf *b, const struct probe_event *ev)
{
	if (ev->side == SIDE_SIP)
		put_sip_label(b, ev->text);
	else if (slice_chr(ev->text, '<') < ev->text.n)
		put_xmpp_label(b, ev->text);
	else
		buf_put(b, slice_cut(ev->text, 0, slice_chr(ev->text, '\n')));
}

/* ---- characters ---- */

static size_t char_length(struct slice s)
{
	size_t n = s.p[0] < 0x80 ? 1 : s.p[0] < 0xe0 ? 2 : s.p[0] < 0xf0 ? 3 : 4;

	return n <= s.n && utf8_valid(slice_cut(s, 0, n), NULL) ? n : 0;
}

static unsigned decode(struct slice c)
{
	static const uint8_t masks[] = { 0x7f, 0x7f, 0x1f, 0x0f, 0x07 };
	unsigned code = c.p[0] & masks[c.n];

	for (size_t i = 1; i < c.n; i++)
		code = code << 6 | (c.p[i] & 0x3fu);
	return code;
}

/* C0, DEL and C1, and what turns the direction of what follows (Unicode's Bidi_Control). */
static bool is_obeyed(unsigned code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
	       code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0x2028 || code == 0x2029;
}

struct slice trace_next_char(struct slice *s, unsigned *code)
{
	const size_t n = char_length(*s);
	struct slice c = slice_cut(*s, 0, n ? n : 1);

	*code = n ? decode(c) : c.p[0];
	*s = slice_skip(*s, c.n);
	return n == 0 || (is_obeyed(*code) && *code != '\n' && *code != '\t') ? SLICE_NONE : c;
}

void trace_put_plain(struct buf *b, struct slice s)
{
	unsigned code;

	while (s.n) {
		if (slice_starts(s, SLICE("\r\n")))
			s = slice_skip(s, 1);
		struct slice c = trace_next_char(&s, &code);
		if (c.n)
			buf_put(b, c);
		else
			buf_printf(b, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
	}
}
