/* A run's phases in time: linear to the last event, then broken, for ten seconds of waiting must
 * not crush what took 200 ms. */
#include "base/mem.h"
#include "page/draw.h"

enum {
	WHOLE = 1000, /* x are tenths of per cent */
	BREAK_FROM = 745,
	BREAK_TO = 795,
	BREAK_TIMES = 3, /* a wait that is longer than that many times all the rest is cut */
	TICKS_MAX = 5,
	BAR_MIN = 4,
};

struct scale {
	ts_t linear; /* what stands at WHOLE, or at BREAK_FROM */
	ts_t end;    /* at WHOLE where it is broken */
	bool is_broken;
};

static bool has_phase(const struct phases *p, unsigned phase)
{
	return p && p->ran >> phase & 1;
}

static ts_t end_of(const struct phases *p, unsigned phase)
{
	return has_phase(p, phase) ? p->started[phase] + p->duration[phase] : 0;
}

static struct scale scale_of(const struct page_run_model *m)
{
	const unsigned failed = m->fail_phase;
	struct scale s = { 0, 0, false };
	ts_t wait = 0;

	for (unsigned i = 0; i < PHASE_CLEANUP; i++) {
		if (i == failed && has_phase(&m->phases, i)) {
			wait = end_of(&m->phases, i);
			s.linear =
				s.linear > m->phases.started[i] ? s.linear : m->phases.started[i];
		} else if (end_of(&m->phases, i) > s.linear) {
			s.linear = end_of(&m->phases, i);
		}
		if (end_of(m->good, i) > s.linear)
			s.linear = end_of(m->good, i);
	}
	/* Where nothing else was, the wait is all there is to see. */
	s.is_broken = s.linear > 0 && wait > BREAK_TIMES * s.linear;
	s.linear += s.linear / 20 + 1;
	if (s.is_broken)
		s.linear += s.linear / 5;
	else if (wait > s.linear)
		s.linear = wait;
	s.end = wait;
	return s;
}

static unsigned x_of(const struct scale *s, ts_t t)
{
	if (t > s->linear)
		return s->is_broken ? WHOLE - BAR_MIN : WHOLE;
	return (unsigned)(t * (s->is_broken ? BREAK_FROM : WHOLE) / s->linear);
}

static void put_percent(const struct html *h, const char *name, unsigned tenths)
{
	buf_printf(h->b, " %s=\"%u.%u%%\"", name, tenths / 10, tenths % 10);
}

/* ---- the axis ---- */

static ts_t tick_of(ts_t whole)
{
	ts_t step = 1;

	while (whole / step > TICKS_MAX)
		step *= whole / (step * 2) <= TICKS_MAX   ? 2
			: whole / (step * 5) <= TICKS_MAX ? 5
							  : 10;
	return step;
}

static void put_axis(const struct html *h, const struct scale *s)
{
	const ts_t step = tick_of(s->linear);
	unsigned n = 0;

	html_puts(h, "<svg class=\"ax\" aria-hidden=\"true\">");
	for (ts_t t = 0; t <= s->linear; t += step, n++) {
		const unsigned x = x_of(s, t);

		if (x > WHOLE - 60)
			break;
		buf_printf(h->b, "<text y=\"14\"%s", n % 2 ? " class=\"wide\"" : "");
		put_percent(h, "x", x);
		html_puts(h, t ? " text-anchor=\"middle\">" : ">");
		if (t)
			html_put(h, format_latency, (int64_t)t);
		else
			html_puts(h, "0");
		html_puts(h, "</text>");
	}
	if (s->is_broken) {
		html_puts(h, "<text y=\"14\" x=\"100%\" text-anchor=\"end\">");
		html_put(h, format_latency, (int64_t)s->end);
		html_puts(h, "</text>");
	}
	html_puts(h, "</svg>");
}

/* ---- bars ---- */

static const char *bar_class(unsigned phase)
{
	if (phase <= PHASE_SIP_REGISTER)
		return "bs";
	return phase >= PHASE_XMPP_RESOLVE && phase <= PHASE_XMPP_BIND ? "bx" : "bm";
}

static void put_rect(const struct html *h, const char *class, unsigned from, unsigned to,
	unsigned y, unsigned height)
{
	const unsigned width = to > from + BAR_MIN ? to - from : BAR_MIN;

	buf_printf(h->b, "<rect class=\"%s\" y=\"%u\" height=\"%u\"", class, y, height);
	put_percent(h, "x", from + width > WHOLE ? WHOLE - width : from);
	put_percent(h, "width", width);
	html_puts(h, "/>");
}

/* What was waited for in vain is hatched, and ends with a wall. */
static void put_wait(const struct html *h, const struct scale *s, unsigned from, unsigned to)
{
	if (s->is_broken && to > BREAK_TO) {
		put_rect(h, "wt", from, BREAK_FROM, 6, 11);
		put_rect(h, "wt", BREAK_TO, to, 6, 11);
		html_puts(h, "<text class=\"z\" x=\"77%\" y=\"17\" text-anchor=\"middle\">"
			     "\xe2\x89\x88</text>");
	} else {
		put_rect(h, "wt", from, to, 6, 11);
	}
	buf_printf(h->b, "<line class=\"edgeb\" y1=\"2\" y2=\"22\"");
	put_percent(h, "x1", to);
	put_percent(h, "x2", to);
	html_puts(h, "/>");
}

static void put_bars(
	const struct html *h, const struct page_run_model *m, const struct scale *s, unsigned phase)
{
	html_puts(h, "<svg aria-hidden=\"true\">");
	if (has_phase(&m->phases, phase)) {
		const unsigned from = x_of(s, m->phases.started[phase]),
			       to = x_of(s, end_of(&m->phases, phase));

		if (phase == m->fail_phase)
			put_wait(h, s, from, to);
		else
			put_rect(h, bar_class(phase), from, to, 6, 11);
	}
	if (has_phase(m->good, phase))
		put_rect(h, "gh", x_of(s, m->good->started[phase]), x_of(s, end_of(m->good, phase)),
			19, 3);
	html_puts(h, "</svg>");
}

/* ---- rows ---- */

static void put_took(const struct html *h, const struct phases *p, unsigned phase, bool is_good)
{
	html_puts(h, is_good ? "<td class=\"n dim l\">" : "<td class=\"n\">");
	html_put(h, format_latency,
		has_phase(p, phase) ? (int64_t)p->duration[phase] : PAGE_NO_SPAN);
	html_puts(h, "</td>");
}

static void put_detail(const struct html *h, const struct page_run_model *m, unsigned phase)
{
	html_puts(h, "<td class=\"d\">");
	if (!has_phase(&m->phases, phase))
		html_look(h, N_("not reached"));
	else if (m->details)
		html_text(h, m->details[phase]);
	html_puts(h, "</td></tr>\n");
}

static void put_phase(
	const struct html *h, const struct page_run_model *m, const struct scale *s, unsigned phase)
{
	if (!has_phase(&m->phases, phase) && !has_phase(m->good, phase) && phase != m->fail_phase)
		return;
	buf_printf(h->b, "<tr%s><th scope=\"row\"><code>%s</code></th><td class=\"bar\">",
		phase == m->fail_phase ? " class=\"no\"" : "", phase_name((enum probe_phase)phase));
	put_bars(h, m, s, phase);
	html_puts(h, "</td>");
	put_took(h, &m->phases, phase, false);
	if (m->good)
		put_took(h, m->good, phase, true);
	put_detail(h, m, phase);
}

static void put_group_name(
	const struct html *h, const char *title, struct slice name, bool has_good)
{
	html_puts(h, "<tr class=\"gr\"><th scope=\"colgroup\" colspan=\"2\">");
	html_look(h, title);
	if (name.n) {
		html_puts(h, " ");
		html_text(h, name);
	}
	html_puts(h, has_good ? "</th><td></td><td class=\"l\"></td><td class=\"d\"></td></tr>\n"
			      : "</th><td></td><td class=\"d\"></td></tr>\n");
}

/* What a run of one side has no phase of is not there. */
static void put_side(
	const struct html *h, const struct page_run_model *m, const struct scale *s, bool is_xmpp)
{
	const unsigned from = is_xmpp ? PHASE_XMPP_RESOLVE : PHASE_SIP_RESOLVE,
		       to = is_xmpp ? PHASE_XMPP_BIND : PHASE_SIP_REGISTER;
	bool any = false;

	for (unsigned i = from; i <= to; i++)
		any = any || has_phase(&m->phases, i) || has_phase(m->good, i);
	if (!any)
		return;
	put_group_name(h, is_xmpp ? N_("XMPP side") : N_("SIP side"),
		is_xmpp ? m->xmpp_name : m->sip_name, m->good != NULL);
	for (unsigned i = from; i <= to; i++)
		put_phase(h, m, s, i);
}

static void put_message(const struct html *h, const struct page_run_model *m, const struct scale *s)
{
	put_group_name(h, N_("The message"), SLICE_NONE, m->good != NULL);
	put_phase(h, m, s, PHASE_SIP_SEND);
	for (unsigned i = PHASE_DELIVER; i <= PHASE_SETTLE; i++)
		put_phase(h, m, s, i);
}

static void put_caption(const struct html *h, const struct page_run_model *m)
{
	html_puts(h, "<caption>");
	html_look(h, N_("Blue, green, violet: this run."));
	if (m->good) {
		uint8_t room[64];
		struct buf at;

		buf_init_in(&at, room, sizeof(room));
		format_time(&at, h->v, m->good_at);
		const struct text good = TEXT(
			N_("Thin and grey: the last good run, {1}."), text_slice(buf_slice(&at)));
		html_puts(h, " ");
		html_say(h, &good);
	}
	if (m->fail_phase < PHASE_COUNT) {
		html_puts(h, " ");
		html_look(h, N_("Hatched: where it failed."));
	}
	html_puts(h, "</caption>");
}

void draw_waterfall(const struct html *h, const struct page_run_model *m)
{
	const struct scale s = scale_of(m);

	html_puts(h, "<table class=\"wf\">");
	put_caption(h, m);
	html_puts(h, "<thead><tr>");
	html_th(h, N_("Phase"), false);
	html_puts(h, "<td class=\"bar\">");
	put_axis(h, &s);
	html_puts(h, "</td>");
	html_th(h, N_("Took"), true);
	if (m->good) {
		html_puts(h, "<th scope=\"col\" class=\"n l\">");
		html_look(h, N_("Last good"));
		html_puts(h, "</th>");
	}
	html_puts(h, "<th scope=\"col\" class=\"d\">");
	html_look(h, N_("Detail"));
	html_puts(h, "</th></tr></thead>\n<tbody>");
	put_side(h, m, &s, false);
	put_side(h, m, &s, true);
	put_message(h, m, &s);
	html_puts(h, "</tbody></table>\n");
}
