/* Beside the chart of latency: its axis of time, in local hours and days, and the table behind it.
 */
#include "base/mem.h"
#include "page/draw_private.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)

enum {
	TICKS_WANTED = 12,
	NARROW_EACH = 3, /* on a telephone each third is shown */
	LABEL_Y = 260,
	EDGE = 25, /* thousandths: nearer to an end a label would be cut */
	TABLE_ROWS = 24,
};

/* ---- ticks ---- */

static int64_t step_of(int64_t span)
{
	static const int64_t steps[] = { HOUR / 2, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
		DAY, 2 * DAY, 7 * DAY };

	for (size_t i = 0; i < COUNT(steps); i++)
		if (span / steps[i] <= TICKS_WANTED)
			return steps[i];
	return 31 * DAY;
}

/* The first moment behind `at` when it is a whole step of local time; days begin when they do. */
static int64_t next_tick(const struct page_view *v, int64_t at, int64_t step)
{
	const struct zone_local l = zone_to_local(v->zone, at);
	struct zone_span day = zone_day(v->zone, at, NULL);

	if (step < DAY) {
		const int64_t into = civil_seconds(&l.civil) * SECOND % step;

		return at - at % SECOND + step - into;
	}
	for (int64_t n = step / DAY; n > 1 && step < 31 * DAY; n--)
		day = zone_day(v->zone, day.end, NULL);
	while (step == 31 * DAY && zone_to_local(v->zone, day.end).civil.day != 1)
		day = zone_day(v->zone, day.end, NULL);
	return day.end;
}

static void put_label(const struct html *h, int64_t at, unsigned x, bool is_narrow, bool is_day)
{
	buf_printf(h->b, "<text%s y=\"%u\" x=\"%u.%u%%\" text-anchor=\"middle\">",
		is_narrow ? "" : " class=\"wide\"", LABEL_Y, x / 10, x % 10);
	html_put(h, is_day ? format_short_date : format_clock, at);
	html_puts(h, "</text>");
}

void draw_time_axis(const struct html *h, const struct page_chart *c)
{
	const int64_t span = c->bin_us * (int64_t)c->n_bins, end = c->begin_at + span;
	const int64_t step = step_of(span);
	unsigned n = 0;

	if (span <= 0)
		return;
	for (int64_t at = next_tick(h->v, c->begin_at, step); at < end && n < 4 * TICKS_WANTED;
		at = next_tick(h->v, at, step), n++) {
		const unsigned x = (unsigned)((at - c->begin_at) / 1000 * 1000 / (span / 1000));

		if (x >= EDGE && x <= 1000 - EDGE)
			put_label(h, at, x, n % NARROW_EACH == 1, step >= DAY);
	}
}

/* ---- the table ---- */

static int64_t latency_of(const struct page_bin *b)
{
	if (b->signin_us < 0 || b->there_us < 0 || b->back_us < 0)
		return PAGE_NO_SPAN;
	return b->signin_us + b->there_us + b->back_us;
}

/* Medians do not add up: of several bins the one in the middle stands for them. */
static const struct page_bin *middle_of(const struct page_bin *bins, size_t n)
{
	const struct page_bin *best = &bins[0];
	size_t best_off = SIZE_MAX;

	for (size_t i = 0; i < n; i++) {
		const int64_t us = latency_of(&bins[i]);
		size_t below = 0, above = 0, off;

		if (us == PAGE_NO_SPAN)
			continue;
		for (size_t k = 0; k < n; k++) {
			const int64_t other = latency_of(&bins[k]);

			below += other != PAGE_NO_SPAN && other < us;
			above += other != PAGE_NO_SPAN && other > us;
		}
		off = below > above ? below - above : above - below;
		if (off < best_off) {
			best_off = off;
			best = &bins[i];
		}
	}
	return best;
}

static void put_row(const struct html *h, const struct page_chart *c, size_t from, size_t n)
{
	const struct page_bin *middle = middle_of(&c->bins[from], n);
	enum watch_state worst = WATCH_OK;
	uint64_t runs = 0, failed = 0;
	int64_t p95 = PAGE_NO_SPAN;
	bool is_measured = false;

	for (size_t i = from; i < from + n; i++) {
		const struct page_bin *b = &c->bins[i];

		runs += b->n_runs;
		failed += b->n_failed;
		is_measured = is_measured || b->is_measured;
		p95 = b->p95_us > p95 ? b->p95_us : p95;
		if (b->is_measured && watch_state_is_worse(b->worst, worst))
			worst = b->worst;
	}
	html_puts(h, "<tr><th scope=\"row\" class=\"nw\">");
	html_time(h, format_time, c->begin_at + (int64_t)from * c->bin_us);
	html_puts(h, "</th><td>");
	html_look(h, is_measured ? words_state(worst) : N_("not measured"));
	html_puts(h, "</td><td class=\"n\">");
	html_count(h, runs);
	html_puts(h, "</td><td class=\"n\">");
	html_count(h, failed);
	html_puts(h, "</td>");
	html_td_latency(h, middle->signin_us);
	html_td_latency(h, middle->there_us);
	html_td_latency(h, middle->back_us);
	html_td_latency(h, latency_of(middle));
	html_td_latency(h, p95);
	html_puts(h, "</tr>\n");
}

void draw_latency_table(const struct html *h, const struct page_chart *c)
{
	static const char *const heads[] = { N_("From"), N_("State"), N_("Runs"), N_("Failed"),
		N_("Sign-in"), N_("There"), N_("Back"), N_("Median"), N_("p95") };
	const size_t each = (c->n_bins + TABLE_ROWS - 1) / TABLE_ROWS;

	html_puts(h, "<details><summary>");
	html_look(h, N_("The same as a table"));
	html_puts(
		h, "</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_look(h, N_("Latency over time"));
	html_puts(h, "\"><table><thead><tr>");
	for (size_t i = 0; i < COUNT(heads); i++)
		html_th(h, heads[i], i > 1);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < c->n_bins; i += each)
		put_row(h, c, i, i + each < c->n_bins ? each : c->n_bins - i);
	html_puts(h, "</tbody></table></div></details>\n");
}
