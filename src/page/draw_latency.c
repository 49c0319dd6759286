/* Latency over time: sign-in, there and back add up to the run's latency, so they are stacked; the
 * thirteen phases overlap and never are.  Where nothing was judged there is no path. */
#include "base/mem.h"
#include "page/draw.h"
#include "page/draw_private.h"

enum {
	PLOT_TOP = 20, /* px, as all y */
	PLOT_HEIGHT = 200,
	LANE_TOP = 232,
	LANE_HEIGHT = 12,
	LINES = 4,      /* of the grid, above 0 */
	GAP_NAMED = 80, /* thousandths of the width: a gap that its name fits in */
};

#define LATENCY_MAX (INT64_C(86400) * 1000000) /* what is longer is drawn as a day */

enum layer { SIGNIN = 1, THERE = 2, BACK = 3, LAYERS = 3, P95 = 4 };

struct plot {
	const struct page_chart *chart;
	int64_t top; /* of its scale */
};

static bool has_value(const struct page_bin *b)
{
	return b->signin_us >= 0 && b->there_us >= 0 && b->back_us >= 0;
}

static int64_t sum_to(const struct page_bin *b, unsigned layer)
{
	if (layer == P95)
		return b->p95_us;
	return (layer >= SIGNIN ? b->signin_us : 0) + (layer >= THERE ? b->there_us : 0) +
	       (layer >= BACK ? b->back_us : 0);
}

/* ---- the scale ---- */

/* What LINES lines of the grid reach: of steps like 100, 200, 250, 500 ms. */
int64_t draw_nice_top(int64_t us)
{
	static const int64_t steps[] = { 100, 200, 250, 500 };
	int64_t power = 1;

	if (us > LATENCY_MAX)
		us = LATENCY_MAX;
	for (;; power *= 10)
		for (size_t i = 0; i < COUNT(steps); i++)
			if (steps[i] * power * LINES >= us)
				return steps[i] * power * LINES;
}

static int64_t top_of(const struct page_chart *c)
{
	const int64_t cut = c->p99_us > 0 ? c->p99_us * 3 / 2 : INT64_MAX;
	int64_t max = 0;

	for (size_t i = 0; i < c->n_bins; i++) {
		const struct page_bin *b = &c->bins[i];
		const int64_t v = !has_value(b)                 ? 0
				  : b->p95_us > sum_to(b, BACK) ? b->p95_us
								: sum_to(b, BACK);

		max = v > max ? v : max;
	}
	return draw_nice_top(max < cut ? max : cut);
}

static unsigned y_of(int64_t us, int64_t top)
{
	return us >= top ? 0
	       : us <= 0 ? PLOT_HEIGHT
			 : (unsigned)(PLOT_HEIGHT - us * PLOT_HEIGHT / top);
}

void draw_x(const struct html *h, const char *name, size_t bin, size_t n_bins)
{
	const unsigned x = (unsigned)(bin * 10000 / (n_bins ? n_bins : 1));

	buf_printf(h->b, " %s=\"%u.%02u%%\"", name, x / 100, x % 100);
}

/* ---- the layers ---- */

struct stretch { /* of bins that have a value: [from, to) */
	size_t from, to;
};

/* The next one behind *s; the first when it is empty. */
static bool next_stretch(const struct page_chart *c, struct stretch *s)
{
	size_t i = s->to;

	while (i < c->n_bins && !has_value(&c->bins[i]))
		i++;
	s->from = i;
	while (i < c->n_bins && has_value(&c->bins[i]))
		i++;
	s->to = i;
	return s->from < s->to;
}

/* The point of a step: before the first bin, in the middle of each, behind the last. */
static void put_point(const struct html *h, const struct plot *p, const struct stretch *s,
	unsigned layer, size_t step)
{
	const size_t n = s->to - s->from;
	const size_t bin = step == 0 ? s->from : step > n ? s->to - 1 : s->from + step - 1;
	const size_t x = step == 0 ? 2 * s->from : step > n ? 2 * s->to : 2 * bin + 1;

	buf_printf(h->b, "%zu %u", x, y_of(sum_to(&p->chart->bins[bin], layer), p->top));
}

static void put_line(
	const struct html *h, const struct plot *p, const struct stretch *s, unsigned layer)
{
	for (size_t step = 0; step <= s->to - s->from + 1; step++) {
		html_puts(h, step ? "L" : "M");
		put_point(h, p, s, layer, step);
	}
}

/* Between the line of the layer and that of the one below it, which goes back. */
static void put_area(const struct html *h, const struct plot *p, unsigned layer)
{
	struct stretch s = { 0, 0 };

	buf_printf(h->b, "<path class=\"a%u\" d=\"", layer);
	while (next_stretch(p->chart, &s)) {
		put_line(h, p, &s, layer);
		for (size_t step = s.to - s.from + 2; step-- > 0;) {
			html_puts(h, "L");
			put_point(h, p, &s, layer - 1, step);
		}
		html_puts(h, "z");
	}
	html_puts(h, "\"/>");
}

static void put_path(const struct html *h, const struct plot *p, unsigned layer, const char *class)
{
	struct stretch s = { 0, 0 };

	buf_printf(h->b, "<path class=\"%s\" vector-effect=\"non-scaling-stroke\" d=\"", class);
	while (next_stretch(p->chart, &s))
		put_line(h, p, &s, layer);
	html_puts(h, "\"/>");
}

static void put_layers(const struct html *h, const struct page_chart *c, int64_t top)
{
	const struct plot p = { c, top };

	buf_printf(h->b,
		"<svg x=\"0\" y=\"%u\" width=\"100%%\" height=\"%u\" viewBox=\"0 0 %zu %u\" "
		"preserveAspectRatio=\"none\">",
		PLOT_TOP, PLOT_HEIGHT, 2 * c->n_bins, PLOT_HEIGHT);
	for (unsigned layer = SIGNIN; layer <= LAYERS; layer++)
		put_area(h, &p, layer);
	put_path(h, &p, SIGNIN, "sep");
	put_path(h, &p, THERE, "sep");
	put_path(h, &p, P95, "p95");
	html_puts(h, "</svg>");
}

/* ---- what is no value ---- */

/* A failed stretch has a pale ground and a wall where it begins. */
static void put_failed(const struct html *h, const struct page_chart *c)
{
	for (size_t i = 0; i < c->n_bins; i++) {
		size_t n = 0;

		while (i + n < c->n_bins && c->bins[i + n].worst == WATCH_FAILED &&
			c->bins[i + n].is_measured && !has_value(&c->bins[i + n]))
			n++;
		if (n == 0)
			continue;
		buf_printf(h->b, "<rect class=\"bandb\" y=\"%u\" height=\"%u\"", PLOT_TOP,
			PLOT_HEIGHT);
		draw_x(h, "x", i, c->n_bins);
		draw_x(h, "width", n, c->n_bins);
		buf_printf(
			h->b, "/><line class=\"edgeb\" y1=\"8\" y2=\"%u\"", PLOT_TOP + PLOT_HEIGHT);
		draw_x(h, "x1", i, c->n_bins);
		draw_x(h, "x2", i, c->n_bins);
		html_puts(h, "/>");
		i += n;
	}
}

static void put_failed_since(const struct html *h, const struct page_chart *c)
{
	uint8_t room[128];
	struct buf at;
	size_t bin;

	if (c->failed_since_at <= c->begin_at || c->bin_us <= 0)
		return;
	bin = (size_t)((c->failed_since_at - c->begin_at) / c->bin_us);
	if (bin >= c->n_bins)
		return;
	buf_init_in(&at, room, sizeof(room));
	format_time(&at, h->v, c->failed_since_at);
	const struct text t = TEXT(N_("Failed since {1}"), text_slice(buf_slice(&at)));
	buf_printf(h->b, "<text class=\"b\" y=\"12\" dx=\"%d\"%s", bin * 2 > c->n_bins ? -6 : 6,
		bin * 2 > c->n_bins ? " text-anchor=\"end\"" : "");
	draw_x(h, "x", bin, c->n_bins);
	html_puts(h, ">");
	html_say(h, &t);
	html_puts(h, "</text>");
}

static void put_gaps(const struct html *h, const struct page_chart *c)
{
	for (size_t i = 0; i < c->n_bins; i++) {
		size_t n = 0;

		while (i + n < c->n_bins && !c->bins[i + n].is_measured)
			n++;
		if (n * 1000 > GAP_NAMED * c->n_bins) {
			buf_printf(h->b, "<text class=\"wide\" y=\"%u\" text-anchor=\"middle\"",
				PLOT_TOP + PLOT_HEIGHT / 2);
			draw_x(h, "x", i + n / 2, c->n_bins);
			html_puts(h, ">");
			html_look(h, N_("not measured"));
			html_puts(h, "</text>");
		}
		i += n;
	}
}

/* Where the 95th percentile is over the top: how high it is. */
static void put_cut(const struct html *h, const struct page_chart *c, int64_t top)
{
	for (size_t i = 0; i < c->n_bins; i++) {
		size_t best = i, n = 0;

		while (i + n < c->n_bins && has_value(&c->bins[i + n]) &&
			c->bins[i + n].p95_us > top) {
			if (c->bins[i + n].p95_us > c->bins[best].p95_us)
				best = i + n;
			n++;
		}
		if (n == 0)
			continue;
		buf_printf(h->b, "<text y=\"16\" text-anchor=\"middle\"");
		draw_x(h, "x", best, c->n_bins);
		html_puts(h, ">\xe2\x96\xb2 ");
		html_put(h, format_latency, c->bins[best].p95_us);
		html_puts(h, "</text>");
		i += n;
	}
}

/* ---- the lane of states ---- */

static void put_lane(const struct html *h, const struct page_chart *c)
{
	static const char *const classes[WATCH_STATES] = { "o", "u", "f", "q", "t" };

	for (size_t i = 0; i < c->n_bins;) {
		const enum watch_state s =
			c->bins[i].is_measured ? c->bins[i].worst : WATCH_UNKNOWN;
		const unsigned height =
			s == WATCH_OK || s == WATCH_UNSTABLE ? LANE_HEIGHT / 2 : LANE_HEIGHT;
		size_t n = 1;

		while (i + n < c->n_bins &&
			(c->bins[i + n].is_measured ? c->bins[i + n].worst : WATCH_UNKNOWN) == s)
			n++;
		buf_printf(h->b, "<rect class=\"%s\" y=\"%u\" height=\"%u\"", classes[s],
			LANE_TOP + LANE_HEIGHT - height, height);
		draw_x(h, "x", i, c->n_bins);
		draw_x(h, "width", n, c->n_bins);
		html_puts(h, "/>");
		if (s == WATCH_UNSTABLE) {
			html_puts(h, "<svg overflow=\"visible\" width=\"1\" height=\"1\"");
			draw_x(h, "x", i + n / 2, c->n_bins);
			buf_printf(h->b,
				" y=\"%u\"><path class=\"u\" d=\"M-5 12l5-12 5 12z\"/></svg>",
				LANE_TOP);
		}
		i += n;
	}
}

/* ---- the whole ---- */

static void put_grid(const struct html *h)
{
	for (unsigned i = 0; i <= LINES; i++)
		buf_printf(h->b, "<line class=\"g\" x1=\"0\" x2=\"100%%\" y1=\"%u\" y2=\"%u\"/>",
			PLOT_TOP + PLOT_HEIGHT * i / LINES, PLOT_TOP + PLOT_HEIGHT * i / LINES);
}

static void put_y_axis(const struct html *h, int64_t top)
{
	html_puts(h, "<svg class=\"y\" aria-hidden=\"true\">");
	for (unsigned i = 0; i <= LINES; i++) {
		buf_printf(h->b, "<text x=\"100%%\" dx=\"-8\" y=\"%u\" text-anchor=\"end\">",
			PLOT_TOP + PLOT_HEIGHT * i / LINES + 4);
		if (i == LINES)
			html_puts(h, "0");
		else
			html_put(h, format_latency, top * (LINES - i) / LINES);
		html_puts(h, "</text>");
	}
	html_puts(h, "</svg>");
}

static void put_legend(const struct html *h)
{
	static const struct {
		const char *class, *name;
	} keys[] = { { "s0", N_("95th percentile") }, { "s3", N_("back") }, { "s2", N_("there") },
		{ "s1", N_("sign-in, both sides at once") } };

	html_puts(h, "<ul class=\"leg\">");
	for (size_t i = 0; i < COUNT(keys); i++) {
		buf_printf(h->b, "<li><span class=\"sw %s\"></span>", keys[i].class);
		html_look(h, keys[i].name);
		html_puts(h, "</li>");
	}
	html_puts(h, "</ul>");
}

static void put_description(const struct html *h, const struct page_chart *c)
{
	int64_t low = INT64_MAX, high = 0;
	uint8_t low_room[64], high_room[64];
	struct buf from, to;

	for (size_t i = 0; i < c->n_bins; i++) {
		const int64_t v = has_value(&c->bins[i]) ? sum_to(&c->bins[i], BACK) : -1;

		low = v >= 0 && v < low ? v : low;
		high = v > high ? v : high;
	}
	if (low == INT64_MAX) {
		html_look(h, N_("No message came back in this time."));
		return;
	}
	buf_init_in(&from, low_room, sizeof(low_room));
	buf_init_in(&to, high_room, sizeof(high_room));
	format_latency(&from, h->v, low);
	format_latency(&to, h->v, high);
	const struct text t = TEXT(N_("The median is between {1} and {2}."),
		text_slice(buf_slice(&from)), text_slice(buf_slice(&to)));
	html_say(h, &t);
}

static void put_plot(const struct html *h, const struct page_test_model *m, int64_t top)
{
	html_puts(
		h, "<svg class=\"plot\" role=\"img\" aria-labelledby=\"ct cd\"><title id=\"ct\">");
	html_test_name(h, m->set, &m->test);
	html_look(h, N_(": "));
	html_look(h, N_("latency over time"));
	html_puts(h, "</title><desc id=\"cd\">");
	put_description(h, &m->chart);
	html_puts(h, "</desc>");
	put_failed(h, &m->chart);
	put_grid(h);
	put_layers(h, &m->chart, top);
	put_failed_since(h, &m->chart);
	put_gaps(h, &m->chart);
	put_cut(h, &m->chart, top);
	html_puts(h, "<g class=\"lane\">");
	put_lane(h, &m->chart);
	html_puts(h, "</g>");
	draw_time_axis(h, &m->chart);
	html_puts(h, "</svg>");
}

void draw_latency(const struct html *h, const struct page_test_model *m)
{
	const int64_t top = top_of(&m->chart);

	if (m->chart.n_bins == 0 || m->chart.n_bins > PAGE_BINS_MAX)
		return;
	html_puts(h, "<figure class=\"chart\">");
	put_legend(h);
	html_puts(h, "<div class=\"plotw\">");
	put_y_axis(h, top);
	put_plot(h, m, top);
	html_puts(h, "</div><figcaption>");
	html_look(h,
		N_("The three layers add up to the latency. Lower lane: the states; hatched: not "
		   "measured."));
	html_puts(h, "</figcaption></figure>\n");
	draw_latency_table(h, &m->chart);
}
