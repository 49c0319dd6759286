/* What stands around each page: head, navigation, foot. */
#include "base/mem.h"
#include "page/asset.h"
#include "page/html.h"

enum { SILENT_INTERVALS = 2 };

/* The five forms, and the grounds of what was not measured, was maintenance, was waited for: named
 * by all that is drawn on a page. */
static const char symbols[] =
	"<svg class=\"sr\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>"
	"<symbol id=\"ok\" viewBox=\"0 0 20 20\"><circle class=\"l\" cx=\"10\" cy=\"10\" r=\"8\"/>"
	"<path class=\"l t\" d=\"M6 10.4l2.8 2.8 5.4-5.8\"/></symbol>"
	"<symbol id=\"warn\" viewBox=\"0 0 20 20\"><path class=\"s\" d=\"M10 1.6l9.4 16.8H.6z\"/>"
	"<path class=\"h\" d=\"M5.6 13.6q2.2-2.4 4.4-.6t4.4-.6\"/></symbol>"
	"<symbol id=\"bad\" viewBox=\"0 0 20 20\"><path class=\"s\" fill-rule=\"evenodd\" d=\"M6 "
	".6h8L19.4 6v8L14 19.4H6L.6 14V6zM6.2 4.6L4.6 6.2 8.4 10l-3.8 3.8 1.6 1.6L10 11.6l3.8 3.8 "
	"1.6-1.6L11.6 10l3.8-3.8-1.6-1.6L10 8.4z\"/></symbol>"
	"<symbol id=\"unk\" viewBox=\"0 0 20 20\"><circle class=\"l d\" cx=\"10\" cy=\"10\" "
	"r=\"8.2\"/><path class=\"l\" d=\"M7.6 8a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2.9-1.2 1.9\"/>"
	"<circle class=\"s\" cx=\"10\" cy=\"14.4\" r=\"1.15\"/></symbol>"
	"<symbol id=\"mnt\" viewBox=\"0 0 20 20\"><rect class=\"l\" x=\"1.6\" y=\"1.6\" "
	"width=\"16.8\" height=\"16.8\" rx=\"2\"/><path class=\"l t\" d=\"M7.4 5.6v8.8M12.6 "
	"5.6v8.8\"/></symbol>"
	"<pattern id=\"hq\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><rect class=\"q0\" width=\"4\" height=\"4\"/><rect "
	"class=\"q1\" width=\"2\" height=\"4\"/></pattern>"
	"<pattern id=\"hm\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\"><rect "
	"class=\"m0\" width=\"4\" height=\"4\"/><rect class=\"m1\" width=\"4\" height=\"1.6\"/>"
	"</pattern>"
	"<pattern id=\"hw\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><rect class=\"w0\" width=\"6\" height=\"6\"/><rect "
	"class=\"w1\" width=\"2\" height=\"6\"/></pattern></defs></svg>\n";

void html_symbols(const struct html *h)
{
	html_puts(h, symbols);
}

/* A file has no server beside it: all that it needs is in it. */
static void put_assets(const struct html *h, const struct html_head *head)
{
	if (h->v->is_alone) {
		html_puts(h, "<style>");
		buf_put(h->b, page_asset_find(SLICE("/assets/page.css"))->bytes);
		html_puts(h, "</style>");
		return;
	}
	html_puts(h, "<link rel=\"stylesheet\" href=\"");
	html_puts(h, page_asset_href("/assets/page.css"));
	html_puts(h, "\"><link rel=\"icon\" id=\"icon\" type=\"image/svg+xml\" href=\"");
	html_puts(h, page_asset_href(page_icon_path(head->state)));
	html_puts(h, "\"><link rel=\"alternate\" type=\"application/atom+xml\" "
		     "href=\"/feed.atom\">");
	if (h->v->is_live)
		buf_printf(h->b, "<script defer=\"\" src=\"%s\"></script>",
			page_asset_href("/assets/page.js"));
}

static void put_head(const struct html *h, const struct html_head *head)
{
	html_puts(h, "<!DOCTYPE html>\n<html lang=\"");
	/* The name of the language the page is in: a translation gives its own. */
	html_look(h, N_("en"));
	html_puts(h, "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		     "content=\"width=device-width, initial-scale=1\"><title>");
	html_text(h, head->title);
	html_puts(h, " \xc2\xb7 ");
	html_text(h, h->v->site.n ? h->v->site : SLICE("stox"));
	html_puts(h, "</title>");
	put_assets(h, head);
	html_puts(h, "</head>\n<body>");
	html_symbols(h);
}

static void put_nav(const struct html *h, enum html_nav nav)
{
	static const struct {
		const char *path, *name;
	} items[] = {
		[NAV_OVERVIEW] = { "/", N_("Overview") },
		[NAV_INCIDENTS] = { "/incidents", N_("Incidents") },
		[NAV_TESTS] = { "/tests", N_("Tests") },
		[NAV_MAINTENANCE] = { "/maintenance", N_("Maintenance") },
		[NAV_REPORTS] = { "/reports", N_("Reports") },
	};

	html_puts(h, "<nav class=\"main\" aria-label=\"");
	html_look(h, N_("Main"));
	html_puts(h, "\"><ul>");
	for (unsigned i = 0; i < COUNT(items); i++) {
		buf_printf(h->b, "<li><a href=\"%s\"%s>", items[i].path,
			i == nav ? " aria-current=\"page\"" : "");
		html_look(h, items[i].name);
		html_puts(h, "</a></li>");
	}
	html_puts(h, "</ul></nav>");
}

/* "Last result 07:58:14"; the script shows what stands beside it when the stream is lost. */
void html_live(const struct html *h)
{
	uint8_t room[64];
	struct buf at;

	buf_init_in(&at, room, sizeof(room));
	format_seconds(&at, h->v, h->v->last_at);
	const struct text last = TEXT(N_("Last result {1}"), text_slice(buf_slice(&at)));
	html_puts(h, "<span id=\"live\">");
	if (h->v->last_at)
		html_say(h, &last);
	else
		html_look(h, N_("No result yet"));
	html_puts(h, "</span>");
}

static void put_stale(const struct html *h)
{
	uint8_t room[64];
	struct buf at;

	buf_init_in(&at, room, sizeof(room));
	format_clock(&at, h->v, h->v->now_at);
	const struct text stale = TEXT(N_("This page is from {1}"), text_slice(buf_slice(&at)));
	const uint64_t ms = (uint64_t)h->v->interval_us * SILENT_INTERVALS / 1000;

	buf_printf(h->b, "<span class=\"stale\" id=\"stale\" hidden=\"\" data-ms=\"%llu\">",
		(unsigned long long)ms);
	html_say(h, &stale);
	html_puts(h, "</span>");
}

static void put_top(const struct html *h, const struct html_head *head)
{
	html_puts(h, "<a class=\"skip\" href=\"#main\">");
	html_look(h, N_("Skip to the content"));
	html_puts(h, "</a><header class=\"top\"><div class=\"w\"><a class=\"brand\" "
		     "href=\"/\">stox");
	if (h->v->site.n) {
		html_puts(h, " <small>");
		html_text(h, h->v->site);
		html_puts(h, "</small>");
	}
	html_puts(h, "</a>");
	put_nav(h, head->nav);
	html_puts(h, "<div class=\"live\">");
	if (h->v->is_live && head->is_live)
		put_stale(h);
	html_live(h);
	html_puts(h, "<br>");
	html_time(h, format_whole_date, h->v->now_at);
	html_puts(h, ", ");
	html_put(h, format_offset, h->v->now_at);
	html_puts(
		h, "</div></div></header>\n<main id=\"main\" tabindex=\"-1\"><div class=\"w\">\n");
	if (h->v->is_live && head->is_live)
		html_puts(h, "<p class=\"sr\" role=\"status\" id=\"said\"></p>");
}

void html_open(const struct html *h, const struct html_head *head)
{
	put_head(h, head);
	if (h->v->is_alone)
		html_puts(h, "<main id=\"main\"><div class=\"w\">\n");
	else
		put_top(h, head);
}

/* ---- the foot ---- */

static void put_watchers(const struct html *h)
{
	if (h->v->n_watchers == 0)
		return;
	html_puts(h, "<span>");
	html_look(h, N_("Watchers: "));
	for (unsigned i = 0; i < h->v->n_watchers; i++) {
		const struct page_watcher *w = &h->v->watchers[i];
		uint8_t room[64];
		struct buf span;

		buf_init_in(&span, room, sizeof(room));
		format_span(&span, h->v, h->v->now_at - w->seen_at);
		const struct text with = TEXT(N_("{1} ({2}), {3} ago"), text_slice(w->name),
					  text_slice(w->location), text_slice(buf_slice(&span))),
				  without = TEXT(N_("{1}, {2} ago"), text_slice(w->name),
					  text_slice(buf_slice(&span)));
		html_look(h, i ? N_("; ") : "");
		html_say(h, w->location.n ? &with : &without);
	}
	html_puts(h, "</span>");
}

static void put_pace(const struct html *h)
{
	uint8_t room[64];
	struct buf delay;

	buf_init_in(&delay, room, sizeof(room));
	format_latency(&delay, h->v, h->v->delay_p99_us);
	const struct text t = TEXT(N_("{1} tests a minute, {2} skipped, start delay p99 {3}"),
		text_u64(h->v->tests_a_minute), text_u64(h->v->n_skipped),
		text_slice(buf_slice(&delay)));
	html_puts(h, "<span>");
	html_say(h, &t);
	html_puts(h, "</span>");
}

static void put_zone(const struct html *h)
{
	uint8_t room[64];
	struct buf offset;

	buf_init_in(&offset, room, sizeof(room));
	format_offset(&offset, h->v, h->v->now_at);
	const char *id = slice_eq(h->v->zone_name, buf_slice(&offset)) ? N_("Times: {1}")
								       : N_("Times: {1}, {2}");
	const struct text t = TEXT(id, text_slice(h->v->zone_name), text_slice(buf_slice(&offset)));
	html_puts(h, "<span>");
	html_say(h, &t);
	html_puts(h, "</span>");
}

int html_close(const struct html *h)
{
	if (h->v->is_alone) {
		html_puts(h, "</div></main></body></html>\n");
		return buf_err(h->b);
	}
	html_puts(h, "</div></main>\n<footer><div class=\"w\">");
	put_watchers(h);
	put_pace(h);
	put_zone(h);
	html_puts(h, "<span><a href=\"/feed.atom\">Atom</a> \xc2\xb7 <a href=\"/metrics\">");
	html_look(h, N_("Metrics"));
	html_puts(h, "</a>");
	if (h->v->may & 1u << PAGE_MAY_AUDIT) {
		html_puts(h, " \xc2\xb7 <a href=\"/audit\">");
		html_look(h, N_("Audit log"));
		html_puts(h, "</a> \xc2\xb7 <a href=\"/roles\">");
		html_look(h, N_("Roles"));
		html_puts(h, "</a>");
	}
	html_puts(h, "</span><span><a href=\"?lang=en\" hreflang=\"en\" lang=\"en\">English</a> "
		     "\xc2\xb7 <a href=\"?lang=fr\" hreflang=\"fr\" lang=\"fr\">Fran\xc3\xa7"
		     "ais</a></span></div></footer></body></html>\n");
	return buf_err(h->b);
}
