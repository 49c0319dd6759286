/* 90 days as a strip: one dashed line is the good days, only others are drawn. */
#include "base/mem.h"
#include "page/draw.h"

enum {
	STEP = 5, /* of a day, in the strip's own units */
	MARK = 4,
	HEIGHT = 28,
	NAMED = 4, /* days that are told one by one */
	WORDS_MAX = 2048,
};

static bool is_fine(const struct page_day *d)
{
	return d->kind == PAGE_DAY_GONE || d->worst == WATCH_OK;
}

bool draw_days_are_fine(const struct page_days *d)
{
	for (unsigned i = 0; i < PAGE_DAYS; i++)
		if (!is_fine(&d->days[i]))
			return false;
	return true;
}

/* ---- in words ---- */

struct tally {
	unsigned days;
	int64_t us;
};

static struct tally tally_of(const struct page_days *d, enum watch_state s)
{
	struct tally t = { 0, 0 };

	for (unsigned i = 0; i < PAGE_DAYS; i++)
		if (d->days[i].kind == PAGE_DAY_MEASURED && d->days[i].worst == s) {
			t.days++;
			t.us += d->days[i].bad_us;
		}
	return t;
}

static void put_text(struct buf *b, const struct html *h, struct text t)
{
	text_put(b, &t, h->v->look_up);
}

/* The latest first, as they are remembered. */
static void put_failed(struct buf *b, const struct html *h, const struct page_days *d)
{
	const unsigned days = tally_of(d, WATCH_FAILED).days;
	unsigned n = 0;

	if (days == 0) {
		put_text(b, h, TEXT_PLAIN(N_("Never failed")));
		return;
	}
	put_text(b, h, TEXT_PLAIN(N_("Failed ")));
	for (unsigned before = 0; before < PAGE_DAYS && n < NAMED; before++) {
		const struct page_day *day = &d->days[PAGE_DAYS - 1 - before];

		if (day->kind == PAGE_DAY_GONE || day->worst != WATCH_FAILED)
			continue;
		buf_puts(b, n++ ? ", " : "");
		format_day(b, h->v, (int)before, false);
		buf_putc(b, ' ');
		format_span(b, h->v, day->bad_us);
	}
	if (days > n)
		put_text(b, h, TEXT(N_(" and {1} more"), text_u64(days - n)));
}

static void put_others(struct buf *b, const struct html *h, const struct page_days *d)
{
	static const struct {
		enum watch_state state;
		const char *one, *many;
	} others[] = {
		{ WATCH_UNSTABLE, N_("unstable on {1} day"), N_("unstable on {1} days") },
		{ WATCH_UNKNOWN, N_("not measured on {1} day"), N_("not measured on {1} days") },
		{ WATCH_MAINTENANCE, N_("maintenance on {1} day"), N_("maintenance on {1} days") },
	};

	for (size_t i = 0; i < COUNT(others); i++) {
		const struct tally t = tally_of(d, others[i].state);

		if (t.days == 0)
			continue;
		put_text(b, h, TEXT_PLAIN(N_("; ")));
		put_text(
			b, h, TEXT(t.days == 1 ? others[i].one : others[i].many, text_u64(t.days)));
	}
}

static void put_first(struct buf *b, const struct html *h, const struct page_days *d)
{
	uint8_t room[128];
	struct buf day;
	unsigned i = 0;

	while (i < PAGE_DAYS && d->days[i].kind == PAGE_DAY_GONE)
		i++;
	if (i == 0)
		return;
	if (i == PAGE_DAYS) {
		put_text(b, h, TEXT_PLAIN(N_("; not tested yet")));
		return;
	}
	buf_init_in(&day, room, sizeof(room));
	format_day(&day, h->v, (int)(PAGE_DAYS - 1 - i), false);
	put_text(b, h, TEXT(N_("; tested since {1}"), text_slice(buf_slice(&day))));
}

void draw_days_words(const struct html *h, const struct page_days *d)
{
	uint8_t room[WORDS_MAX];
	struct buf b;

	buf_init_in(&b, room, sizeof(room));
	put_failed(&b, h, d);
	put_others(&b, h, d);
	put_first(&b, h, d);
	html_text(h, buf_slice(&b));
}

/* ---- drawn ---- */

static unsigned height_of(int64_t us)
{
	static const struct {
		int64_t under_s;
		unsigned height;
	} steps[] = { { 5 * 60, 10 }, { 3600, 16 }, { 4 * 3600, 22 } };

	for (size_t i = 0; i < COUNT(steps); i++)
		if (us < steps[i].under_s * 1000000)
			return steps[i].height;
	return HEIGHT;
}

static void draw_day(const struct html *h, const struct page_day *d, unsigned x)
{
	static const char *const classes[WATCH_STATES] = {
		[WATCH_FAILED] = "f", [WATCH_UNKNOWN] = "q", [WATCH_MAINTENANCE] = "t"
	};
	const unsigned height = height_of(d->bad_us);

	buf_printf(
		h->b, "<rect class=\"clr\" x=\"%u\" y=\"20\" width=\"%u\" height=\"8\"/>", x, MARK);
	if (d->worst == WATCH_UNSTABLE)
		buf_printf(h->b, "<path class=\"u\" d=\"M%u 28l2-%u 2 %uz\"/>", x, height, height);
	else
		buf_printf(h->b,
			"<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\"/>",
			classes[d->worst], x, HEIGHT - height, MARK, height);
}

static void draw_strip(const struct html *h, const struct page_day *days, unsigned n)
{
	unsigned gone = 0;

	while (gone < n && days[gone].kind == PAGE_DAY_GONE)
		gone++;
	if (gone)
		buf_printf(h->b, "<path class=\"gone\" d=\"M0 25H%u\"/>", gone * STEP);
	if (gone < n)
		buf_printf(h->b, "<path class=\"base\" d=\"M%u 25H%u\"/>", gone * STEP, n * STEP);
	for (unsigned i = gone; i < n; i++)
		if (!is_fine(&days[i]))
			draw_day(h, &days[i], i * STEP);
	html_puts(h, "</svg>");
}

void draw_days(const struct html *h, const struct page_days *d)
{
	html_puts(h, "<svg class=\"strip\" viewBox=\"0 0 450 28\" preserveAspectRatio=\"none\" "
		     "role=\"img\" aria-label=\"");
	html_text(h, d->name);
	html_puts(h, ", ");
	html_look(h, N_("90 days"));
	html_look(h, N_(": "));
	draw_days_words(h, d);
	html_puts(h, "\">");
	draw_strip(h, d->days, PAGE_DAYS);
}

void draw_month(const struct html *h, const struct page_day *days, unsigned n)
{
	buf_printf(h->b,
		"<svg class=\"strip\" viewBox=\"0 0 %u 28\" preserveAspectRatio=\"none\" "
		"aria-hidden=\"true\">",
		n * STEP);
	draw_strip(h, days, n);
}
