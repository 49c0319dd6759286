/* The two sides sign in at once, so that the phases do not add up: small multiples, never a stack.
 */
#include "page/phases.h"

#include "page/draw.h"

static void put_row(const struct html *h, const struct page_phase_row *r)
{
	html_puts(h, "<tr><th scope=\"row\"><code>");
	html_str(h, phase_name(r->phase));
	html_puts(h, "</code></th><td>");
	draw_spark(h, &r->spark);
	html_puts(h, "</td>");
	html_td_latency(h, r->p50_us);
	html_td_latency(h, r->p95_us);
	html_puts(h, "</tr>\n");
}

void phases_put(const struct html *h, const struct page_phase_row *rows, size_t n)
{
	html_puts(h, "<p class=\"sm dim\">");
	html_look(h,
		N_("Each phase in its own measure: twice its median is the whole height. The two "
		   "sides sign in at the same time, so that the phases do not add up."));
	html_puts(h, "</p>\n<table class=\"ph\"><thead><tr>");
	html_th(h, N_("Phase"), false);
	html_th(h, N_("Over the range"), false);
	html_th(h, N_("p50"), true);
	html_th(h, N_("p95"), true);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < n; i++)
		put_row(h, &rows[i]);
	html_puts(h, "</tbody></table>\n");
}
