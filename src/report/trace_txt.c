/* The ladder in characters: two columns, SIP on the left and XMPP on the right, one axis of time.
 * The messages stand below it, under the numbers that they have in it. */
#include "base/mem.h"
#include "base/str.h"
#include "report/trace_private.h"

enum {
	WIDTH = 40,  /* between the lanes of a side */
	GUTTER = 32, /* time, time since the message before, number */
	BETWEEN = 4, /* between pool and XMPP server */
};

struct ladder {
	struct buf *b;
	const struct trace *t;
	const struct report_run *run;
	unsigned number;
	ts_t before;
	struct buf label;
};

static double ms(ts_t t)
{
	return (double)t / 1e3;
}

static void put_times(struct buf *b, char c, unsigned n)
{
	while (n--)
		buf_putc(b, (uint8_t)c);
}

/* At most `max` characters of it; how many they are.  A cut one ends in "..". */
static unsigned put_cut(struct buf *b, struct slice text, unsigned max)
{
	struct buf plain;
	unsigned n = 0, code;

	buf_init(&plain, 4 * text.n * 2 + 64);
	trace_put_plain(&plain, text);
	struct slice s = buf_slice(&plain);
	const bool cut = utf8_count(s) > max;
	while (s.n && n < (cut ? max - 2 : max)) {
		struct slice c = trace_next_char(&s, &code);
		buf_put(b, c.n == 1 && c.p[0] < ' ' ? SLICE(" ") : c);
		n++;
	}
	if (cut)
		buf_puts(b, "..");
	trace_part_done(&plain, b);
	return cut ? max : n;
}

/* ---- rows ---- */

static void put_empty(struct buf *b)
{
	buf_printf(b, "|%*s|", WIDTH, "");
}

/* One side's lanes with `text` between them, `left` and `right` at its ends: "|-- text -->|". */
static void put_filled(
	struct buf *b, struct slice text, const char *left, const char *right, char fill)
{
	const unsigned ends = (unsigned)(slice_str(left).n + slice_str(right).n);

	buf_printf(b, "|%s ", left);
	unsigned n = put_cut(b, text, WIDTH - ends - 2);
	buf_puts(b, " ");
	put_times(b, fill, WIDTH - ends - 2 - n);
	buf_printf(b, "%s|", right);
}

static void put_message_row(struct ladder *l, const struct probe_event *ev)
{
	static const char *const ends[2][2] = { { "--", "->" }, { "<-", "--" } };
	struct buf *b = l->b;
	const bool to_right = trace_to(ev) > trace_from(ev);

	buf_printf(b, "%11.3f %+11.3f %5u   ", ms(ev->at), ms(ev->at - l->before), ++l->number);
	l->before = ev->at;
	if (ev->side == SIDE_XMPP) {
		put_empty(b);
		buf_printf(b, "%*s", BETWEEN, trace_is_crossing(ev) ? ". > " : "");
	}
	put_filled(b, buf_slice(&l->label), ends[!to_right][0], ends[!to_right][1], '-');
	if (ev->side == SIDE_SIP) {
		buf_printf(b, "%*s", BETWEEN, trace_is_crossing(ev) ? " < ." : "");
		put_empty(b);
	}
	buf_puts(b, "\n");
}

/* Over the whole width. */
static void put_line(struct ladder *l, char fill)
{
	buf_printf(l->b, "%*s%c%c ", GUTTER, "", fill, fill);
	unsigned n = put_cut(l->b, buf_slice(&l->label), 2 * WIDTH);
	buf_puts(l->b, " ");
	put_times(l->b, fill, 2 * WIDTH + BETWEEN - n);
	buf_puts(l->b, "\n");
}

static void put_phase_label(struct ladder *l, size_t i)
{
	const struct probe_event *ev = &trace_get(l->t, i)->ev, *end = trace_phase_end(l->t, i);

	buf_puts(&l->label, phase_name(ev->phase));
	if (!end)
		return;
	buf_printf(&l->label, ", %.3f ms", ms(end->at - ev->at));
	if (end->outcome != PHASE_OK)
		buf_printf(&l->label, ", %s", phase_outcome_name(end->outcome));
}

static void put_phase_row(struct ladder *l, size_t i)
{
	const struct probe_event *ev = &trace_get(l->t, i)->ev;

	if (!trace_is_shown(l->t, i))
		return;
	put_phase_label(l, i);
	if (trace_column(ev->phase) == COLUMN_BETWEEN) {
		put_line(l, '.');
		return;
	}
	buf_printf(l->b, "%*s", GUTTER, "");
	if (trace_column(ev->phase) == COLUMN_XMPP) {
		put_empty(l->b);
		buf_printf(l->b, "%*s", BETWEEN, "");
	}
	put_filled(l->b, buf_slice(&l->label), "  :", "", ' ');
	if (trace_column(ev->phase) == COLUMN_SIP) {
		buf_printf(l->b, "%*s", BETWEEN, "");
		put_empty(l->b);
	}
	buf_puts(l->b, "\n");
}

static void put_gap(struct ladder *l, unsigned messages)
{
	if (!messages)
		return;
	const struct text said = TEXT(N_("{1} messages left out"), text_u64(messages));
	trace_part_clear(&l->label, l->b);
	text_put(&l->label, &said, l->run->look_up);
	put_line(l, ' ');
}

static void put_verdict(struct ladder *l)
{
	const struct probe_result *r = l->run->result;

	trace_part_clear(&l->label, l->b);
	buf_puts(&l->label, report_look(l->run, r->success ? N_("Success") : N_("Failure")));
	if (!r->success) {
		buf_puts(&l->label, ": ");
		report_put_where(&l->label, l->run);
	}
	buf_printf(&l->label, ", %.3f ms", ms(r->latency));
	put_line(l, '=');
}

static void put_head(struct ladder *l)
{
	buf_printf(l->b, "\n%11s %11s %5s   ", "ms", "+ms", "");
	for (unsigned lane = 0; lane < LANES; lane += 2) {
		const char *left = report_look(l->run, trace_lane_name((enum trace_lane)lane)),
			   *right = report_look(
				   l->run, trace_lane_name((enum trace_lane)(lane + 1)));
		const size_t n = utf8_count(slice_str(left)) + utf8_count(slice_str(right));

		buf_printf(l->b, "%s%*s%s%*s", left, n < WIDTH + 2 ? (int)(WIDTH + 2 - n) : 1, "",
			right, lane ? 0 : BETWEEN, "");
	}
	buf_puts(l->b, "\n");
}

static void put_ladder(struct ladder *l)
{
	const size_t verdict = trace_verdict_at(l->t), n = trace_count(l->t);

	put_head(l);
	for (size_t i = 0; i < n; i++) {
		const struct trace_step *s = trace_get(l->t, i);

		if (i == verdict)
			put_verdict(l);
		put_gap(l, s->left_out);
		trace_part_clear(&l->label, l->b);
		if (s->ev.type == PROBE_EV_TRACE) {
			trace_put_label(&l->label, &s->ev);
			put_message_row(l, &s->ev);
		} else {
			put_phase_row(l, i);
		}
	}
	if (verdict == n)
		put_verdict(l);
	put_gap(l, trace_left_out_at_end(l->t));
}

/* ---- messages ---- */

static void put_indented(struct buf *b, struct slice text)
{
	while (text.n) {
		buf_puts(b, "    ");
		trace_put_plain(b, slice_trim(slice_split(&text, '\n')));
		buf_putc(b, '\n');
	}
}

static void put_message(struct ladder *l, unsigned number, const struct probe_event *ev)
{
	char text[ADDR_TEXT_MAX];

	buf_printf(l->b, "\n%u  %.3f ms  %s -> %s  %s", number, ms(ev->at),
		report_look(l->run, trace_lane_name(trace_from(ev))),
		report_look(l->run, trace_lane_name(trace_to(ev))), transport_name(ev->transport));
	if (ev->local.family)
		buf_printf(l->b, " %s", addr_text(ev->outbound ? &ev->local : &ev->peer, text));
	buf_printf(l->b, " -> %s  %s%s\n",
		addr_text(ev->outbound || !ev->local.family ? &ev->peer : &ev->local, text),
		phase_name(ev->phase), ev->unfinished ? ", unfinished" : "");
	put_indented(l->b, ev->text);
}

int trace_txt(struct buf *b, const struct trace *t, const struct report_run *run)
{
	struct report_run plain = *run;
	struct ladder l = { .b = b, .t = t, .run = run };
	unsigned number = 0;

	plain.trace = NULL; /* it does not say where it is itself */
	plain.verbosity = 1;
	report_text(b, &plain);
	buf_init(&l.label, TRACE_BYTES);
	put_ladder(&l);
	for (size_t i = 0; i < trace_count(t); i++) {
		const struct trace_step *s = trace_get(t, i);

		if (s->ev.type == PROBE_EV_TRACE)
			put_message(&l, ++number, &s->ev);
	}
	trace_part_done(&l.label, b);
	return buf_err(b);
}
