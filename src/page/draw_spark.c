/* 24 hours of latency in a cell: calm is flat, because twice the usual median is the whole height.
 */
#include "page/draw.h"

enum { WIDTH = 73, TOP = 1, BOTTOM = 19 };

static unsigned y_of(const struct page_spark *s, uint32_t us)
{
	const int64_t whole = s->median_us > 0 ? 2 * s->median_us : 2 * (int64_t)us;
	const int64_t up = whole > 0 ? (int64_t)us * (BOTTOM - TOP) / whole : 0;

	return up > BOTTOM - TOP ? TOP : (unsigned)(BOTTOM - up);
}

/* x in tenths: 73 over 29 steps is no whole number. */
static void put_x(const struct html *h, unsigned bin)
{
	const unsigned x = bin * WIDTH * 10 / (PAGE_SPARK_BINS - 1);

	buf_printf(h->b, x % 10 ? "%u.%u" : "%u", x / 10, x % 10);
}

void draw_spark(const struct html *h, const struct page_spark *s)
{
	bool is_on = false;

	html_puts(h, "<svg class=\"sp\" viewBox=\"0 0 73 20\" preserveAspectRatio=\"none\" "
		     "aria-hidden=\"true\"><path vector-effect=\"non-scaling-stroke\" d=\"");
	for (unsigned i = 0; i < PAGE_SPARK_BINS; i++) {
		const bool is_there = s->us[i] != 0;

		if (is_there) {
			html_puts(h, is_on ? "L" : "M");
			put_x(h, i);
			buf_printf(h->b, " %u", y_of(s, s->us[i]));
			/* One bin alone is a point, which has no length to be seen. */
			if (!is_on && (i + 1 == PAGE_SPARK_BINS || s->us[i + 1] == 0))
				html_puts(h, "h1");
		}
		is_on = is_there;
	}
	html_puts(h, "\"/>");
	for (unsigned i = 0; i < PAGE_SPARK_BINS; i++) {
		unsigned n = 0;

		while (i + n < PAGE_SPARK_BINS && s->failed >> (i + n) & 1)
			n++;
		if (n == 0)
			continue;
		html_puts(h, "<rect x=\"");
		put_x(h, i);
		buf_printf(h->b, "\" y=\"14\" width=\"%u\" height=\"6\"/>",
			n * WIDTH / (PAGE_SPARK_BINS - 1) + 1);
		i += n;
	}
	html_puts(h, "</svg>");
}
