/* The ladder of the page.  A row is an SVG of its own, as wide as the page lets it be (all x are
 * per cent): so it fits a telephone, breaks between pages of paper and opens between its
 * neighbours. */
#include "base/mem.h"
#include "report/trace_html_private.h"

enum {
	MESSAGE_HEIGHT = 44,
	ARROW_Y = 32,
	CAPTION_HEIGHT = 26,
	WAIT_MS = 250, /* a silence that is worth a row */
	NONE = -1,
};

static const unsigned lane_x[LANES] = { 1, 45, 55, 99 }; /* per cent of a row's width */

struct ladder {
	const struct page *page;
	struct buf *b;           /* the page's */
	int running[COLUMNS];    /* the phase of each column, or NONE */
	size_t caption[COLUMNS]; /* steps whose names wait to be written in one row, or SIZE_MAX */
	unsigned number;
	ts_t before;      /* the message before */
	ts_t quiet_since; /* and what else was told */
	struct buf label;
};

/* ---- rows of the ladder ---- */

/* The phases that run now, as grounds, and the lanes over them. */
static void begin_strip(const struct ladder *l, unsigned height)
{
	static const struct {
		unsigned x, width, ground;
	} columns[COLUMNS] = {
		[COLUMN_SIP] = { 1, 44, 0 },
		[COLUMN_BETWEEN] = { 45, 10, 2 },
		[COLUMN_XMPP] = { 55, 44, 4 },
	};

	buf_printf(l->b,
		"<span class=\"strip\"><svg height=\"%u\" aria-hidden=\"true\" "
		"focusable=\"false\">",
		height);
	for (unsigned i = 0; i < COLUMNS; i++)
		if (l->running[i] != NONE)
			buf_printf(l->b,
				"<rect class=\"b%u\" x=\"%u%%\" width=\"%u%%\" height=\"100%%\"/>",
				columns[i].ground +
					(i == COLUMN_BETWEEN ? 0 : (unsigned)l->running[i] % 2),
				columns[i].x, columns[i].width);
	for (unsigned i = 0; i < LANES; i++)
		buf_printf(l->b,
			"<line class=\"life\" x1=\"%u%%\" x2=\"%u%%\" y1=\"0\" y2=\"100%%\"/>",
			lane_x[i], lane_x[i]);
}

static void put_arrow(struct buf *b, unsigned from, unsigned to, bool way)
{
	buf_printf(b,
		"<line class=\"%s\" x1=\"%u%%\" x2=\"%u%%\" y1=\"%u\" y2=\"%u\"/><svg x=\"%u%%\" "
		"y=\"%u\" overflow=\"visible\" width=\"1\" height=\"1\"><path class=\"%s\" "
		"d=\"M0 0L%d -5V5z\"/></svg>",
		way ? "way" : "shaft", from, to, ARROW_Y, ARROW_Y, to, ARROW_Y,
		way ? "waytip" : "tip", to > from ? -10 : 10);
}

static void put_panel(const struct ladder *l, const struct probe_event *ev)
{
	char text[ADDR_TEXT_MAX];
	struct buf *b = l->b;

	buf_printf(b, "<div class=\"panel\"><p>%u &middot; ", l->number);
	page_look(l->page, trace_lane_name(trace_from(ev)));
	buf_puts(b, " &rarr; ");
	page_look(l->page, trace_lane_name(trace_to(ev)));
	buf_printf(b, " &middot; %s ", transport_name(ev->transport));
	if (ev->local.family)
		buf_printf(b, "%s &rarr; ", addr_text(ev->outbound ? &ev->local : &ev->peer, text));
	buf_printf(b, "%s &middot; %s",
		addr_text(ev->outbound || !ev->local.family ? &ev->peer : &ev->local, text),
		phase_name(ev->phase));
	if (ev->unfinished) {
		buf_puts(b, " &middot; ");
		page_look(l->page, N_("it came to no end"));
	}
	buf_puts(b, "</p><pre>");
	page_text(b, slice_trim(ev->text));
	buf_puts(b, "</pre></div>");
}

/* For who hears the page: who speaks to whom. */
static void put_spoken(const struct ladder *l, const struct probe_event *ev)
{
	buf_printf(l->b, "<span class=\"sr\">%u, ", l->number);
	page_look(l->page, trace_lane_name(trace_from(ev)));
	buf_puts(l->b, " &rarr; ");
	page_look(l->page, trace_lane_name(trace_to(ev)));
	buf_puts(l->b, ": </span>");
}

static void put_message(struct ladder *l, const struct probe_event *ev)
{
	struct buf *b = l->b;

	buf_printf(b,
		"<li class=\"row msg %s\" id=\"m%u\"><details><summary><span class=\"line\">"
		"<span class=\"when\"><b>%.3f</b>",
		ev->side == SIDE_XMPP ? "xmpp" : "sip", ++l->number, page_ms(ev->at));
	if (ev->at > l->before)
		buf_printf(b, "<i>+%.3f</i>", page_ms(ev->at - l->before));
	buf_puts(b, "</span>");
	l->before = ev->at;
	begin_strip(l, MESSAGE_HEIGHT);
	if (trace_is_crossing(ev))
		put_arrow(b, lane_x[ev->side == SIDE_XMPP ? LANE_POOL : LANE_SERVER],
			lane_x[trace_from(ev)], true);
	buf_puts(b, "<g class=\"arrow\">");
	put_arrow(b, lane_x[trace_from(ev)], lane_x[trace_to(ev)], false);
	buf_puts(b, "</g></svg><span class=\"label\">");
	put_spoken(l, ev);
	trace_part_clear(&l->label, l->b);
	trace_put_label(&l->label, ev);
	page_text(b, buf_slice(&l->label));
	buf_puts(b, "</span></span></span></summary>");
	put_panel(l, ev);
	buf_puts(b, "</details></li>\n");
}

static void put_silence(const struct ladder *l, ts_t t)
{
	const struct text said = TEXT(N_("{1} s of silence"), text_seconds(t));

	buf_puts(l->b, "<li class=\"row wait\"><span class=\"line\"><span class=\"when\"></span>");
	begin_strip(l, CAPTION_HEIGHT);
	buf_puts(l->b, "</svg><span class=\"cap mid\"><span>");
	page_sentence(l->page, &said);
	buf_puts(l->b, "</span></span></span></span></li>\n");
}

/* ---- phases ---- */

static void put_caption(const struct ladder *l, enum trace_column column, size_t step)
{
	static const char *const classes[COLUMNS] = { "sip", "mid", "xmpp" };
	const struct probe_event *ev = &trace_get(l->page->t, step)->ev,
				 *end = trace_phase_end(l->page->t, step);
	const struct probe_phase_result *r = &l->page->run->result->phases[ev->phase];
	char text[ADDR_TEXT_MAX];

	buf_printf(
		l->b, "<span class=\"cap %s\"><b>%s</b>", classes[column], phase_name(ev->phase));
	if (end)
		buf_printf(l->b, " %.3f&nbsp;ms", page_ms(end->at - ev->at));
	if (end && end->outcome != PHASE_OK)
		buf_printf(l->b, " <span class=\"%s\">%s</span>",
			end->outcome == PHASE_FAILED ? "no" : "", phase_outcome_name(end->outcome));
	if (r->address.family)
		buf_printf(l->b, " <span>%s %s</span>", transport_name(r->transport),
			addr_text(&r->address, text));
	buf_puts(l->b, "</span>");
}

/* The names of phases that began with no message between: in one row, where they have room. */
static void flush_captions(struct ladder *l)
{
	bool any = false;

	for (unsigned i = 0; i < COLUMNS; i++)
		any |= l->caption[i] != SIZE_MAX;
	if (!any)
		return;
	buf_puts(l->b, "<li class=\"row\"><span class=\"line\"><span class=\"when\"></span>");
	begin_strip(l, CAPTION_HEIGHT);
	buf_puts(l->b, "</svg>");
	for (unsigned i = 0; i < COLUMNS; i++)
		if (l->caption[i] != SIZE_MAX)
			put_caption(l, (enum trace_column)i, l->caption[i]);
	buf_puts(l->b, "</span></span></li>\n");
	for (unsigned i = 0; i < COLUMNS; i++)
		l->caption[i] = SIZE_MAX;
}

static void put_phase(struct ladder *l, size_t i)
{
	const struct probe_event *ev = &trace_get(l->page->t, i)->ev;
	const enum trace_column column = trace_column(ev->phase);

	if (ev->outcome != PHASE_RUNNING) {
		/* A phase whose name waits has its row before it is over. */
		if (l->running[column] == (int)ev->phase) {
			if (l->caption[column] != SIZE_MAX)
				flush_captions(l);
			l->running[column] = NONE;
		}
		return;
	}
	if (!trace_is_shown(l->page->t, i))
		return;
	/* What spans the page has a row to itself. */
	if (l->caption[column] != SIZE_MAX || l->caption[COLUMN_BETWEEN] != SIZE_MAX ||
		column == COLUMN_BETWEEN)
		flush_captions(l);
	l->running[column] = (int)ev->phase;
	l->caption[column] = i;
}

/* ---- the ladder ---- */

static void put_lane(const struct ladder *l, enum trace_lane lane, const char *who)
{
	buf_puts(l->b, "<span><b>");
	page_look(l->page, trace_lane_name(lane));
	buf_puts(l->b, "</b><small>");
	page_str(l->b, who);
	buf_puts(l->b, "</small></span>");
}

static void put_lanes(const struct ladder *l)
{
	const struct probe_result *r = l->page->run->result;
	struct slice receiver = slice_str(r->receiver);
	size_t at = slice_chr(receiver, '@');

	buf_puts(l->b, "<div class=\"lanes\"><i></i><div><div class=\"s\">");
	put_lane(l, LANE_USER, r->user);
	put_lane(l, LANE_POOL, r->target_fqdn);
	buf_puts(l->b, "</div><div class=\"x\">");
	put_lane(l, LANE_SERVER, at < receiver.n ? r->receiver + at + 1 : "");
	put_lane(l, LANE_RECEIVER, r->receiver);
	buf_puts(l->b, "</div></div></div>\n");
}

static void put_stop(const struct ladder *l)
{
	const struct probe_result *r = l->page->run->result;

	buf_printf(l->b, "<li class=\"stop %s\">%s ", r->success ? "good" : "bad",
		r->success ? "&check;" : "&cross;");
	page_look(l->page, r->success ? N_("Success") : N_("Failure"));
	if (!r->success) {
		buf_puts(l->b, ": ");
		page_where(l->page);
	}
	buf_printf(l->b, ", %.3f&nbsp;ms</li>\n", page_ms(r->latency));
}

static void put_gap(const struct ladder *l, unsigned messages)
{
	const struct text said = TEXT(N_("{1} messages left out"), text_u64(messages));

	if (messages == 0)
		return;
	buf_puts(l->b, "<li class=\"note\">");
	page_sentence(l->page, &said);
	buf_puts(l->b, "</li>\n");
}

/* A silence is drawn where it was, within the phases that it was in. */
static void pass_time(struct ladder *l, ts_t now)
{
	const ts_t since = l->quiet_since;

	if (now < since + TS_MS(WAIT_MS)) {
		l->quiet_since = now > since ? now : since;
		return;
	}
	flush_captions(l);
	put_silence(l, now - since);
	l->quiet_since = now;
}

static void put_step(struct ladder *l, size_t i)
{
	const struct trace_step *s = trace_get(l->page->t, i);

	pass_time(l, s->ev.at);
	if (s->left_out || s->ev.type == PROBE_EV_TRACE)
		flush_captions(l);
	put_gap(l, s->left_out);
	if (s->ev.type != PROBE_EV_TRACE) {
		put_phase(l, i);
		return;
	}
	put_message(l, &s->ev);
}

static void put_hint(const struct ladder *l)
{
	buf_puts(l->b, "<p class=\"hint\">");
	page_look(l->page,
		N_("Times are in milliseconds since the start, and since the message before. A "
		   "click on a message, or Enter, shows its text. Dashed: the way through the "
		   "gateway, which the test does not see."));
	buf_puts(l->b, "</p>\n");
}

static void put_verdict(struct ladder *l)
{
	const ts_t at = l->page->run->result->latency;

	pass_time(l, at);
	flush_captions(l);
	l->before = at > l->before ? at : l->before;
	put_stop(l);
}

void page_put_ladder(const struct page *p)
{
	const size_t verdict = trace_verdict_at(p->t), n = trace_count(p->t);
	struct ladder l = { .page = p,
		.b = p->b,
		.running = { NONE, NONE, NONE },
		.caption = { SIZE_MAX, SIZE_MAX, SIZE_MAX } };

	buf_init(&l.label, TRACE_BYTES);
	page_begin_section(p, N_("What was said"));
	put_hint(&l);
	put_lanes(&l);
	buf_puts(l.b, "<ol class=\"ladder\">\n");
	for (size_t i = 0; i <= n; i++) {
		if (i == verdict)
			put_verdict(&l);
		if (i < n)
			put_step(&l, i);
	}
	flush_captions(&l);
	put_gap(&l, trace_left_out_at_end(p->t));
	buf_puts(l.b, "</ol>\n</section>\n");
	trace_part_done(&l.label, l.b);
}
