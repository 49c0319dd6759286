#include "page/public.h"

#include "base/mem.h"
#include "page/asset.h"
#include "page/draw.h"

enum { ROOM = 1024 };

/* ---- words ---- */

static const char *headline_of(const struct page_public *m)
{
	switch (m->state) {
	case WATCH_OK: return N_("Messages arrive");
	case WATCH_UNSTABLE: return N_("Messages arrive, some of them late");
	case WATCH_FAILED:
		return m->is_part ? N_("Some messages do not arrive")
				  : N_("Messages do not arrive");
	case WATCH_UNKNOWN: return N_("It is not known whether messages arrive");
	case WATCH_MAINTENANCE: return N_("Maintenance: messages may be late");
	}
	return "?";
}

static const char *failure_of(const struct page_public *m)
{
	switch (m->ways) {
	case PUBLIC_BOTH:
		return m->is_part ? N_("A part of {1} cannot exchange messages with {2} since {3}.")
				  : N_("{1} cannot exchange messages with {2} since {3}.");
	case PUBLIC_TO_THEM:
		return m->is_part
			       ? N_("Messages from a part of {1} do not arrive at {2} since {3}.")
			       : N_("Messages from {1} do not arrive at {2} since {3}.");
	case PUBLIC_FROM_THEM:
		return m->is_part
			       ? N_("Messages from {2} do not arrive at a part of {1} since {3}.")
			       : N_("Messages from {2} do not arrive at {1} since {3}.");
	}
	return "?";
}

static const char *side_of(enum public_side side)
{
	switch (side) {
	case PUBLIC_OURS:
		return N_("The cause is on the side of {1}. Nothing needs to be done at {2}.");
	case PUBLIC_THEIRS: return N_("The cause is on the side of {2}: {1} cannot mend it.");
	case PUBLIC_BETWEEN:
		return N_("The cause is between {1} and {2}: the network, or the DNS.");
	case PUBLIC_NOT_KNOWN: return N_("The cause is not known yet.");
	}
	return "?";
}

static void say_of_both(
	const struct html *h, const struct page_public *m, const char *id, struct slice third)
{
	const struct text t =
		TEXT(id, text_slice(m->site), text_slice(m->partner), text_slice(third));

	html_say(h, &t);
}

/* With the zone: who reads may be elsewhere. */
static void put_moment(struct buf *b, const struct page_view *v, int64_t at)
{
	format_time(b, v, at);
	buf_puts(b, " (");
	format_offset(b, v, at);
	buf_puts(b, ")");
}

/* ---- the frame: no navigation, and nothing of the inside ---- */

static void put_head(const struct html *h, const struct page_public *m)
{
	html_puts(h, "<!DOCTYPE html>\n<html lang=\"");
	html_look(h, N_("en"));
	html_puts(h, "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		     "content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" "
		     "content=\"noindex, nofollow\"><meta name=\"referrer\" "
		     "content=\"no-referrer\"><title>");
	html_look(h, headline_of(m));
	html_puts(h, " \xc2\xb7 ");
	html_text(h, m->site);
	html_puts(h, "</title><link rel=\"stylesheet\" href=\"");
	html_puts(h, page_asset_href("/assets/page.css"));
	html_puts(h, "\"><link rel=\"icon\" type=\"image/svg+xml\" href=\"");
	html_puts(h, page_asset_href(page_icon_path(m->state)));
	html_puts(h, "\"></head>\n<body class=\"pub\">");
	html_symbols(h);
	html_puts(h, "<a class=\"skip\" href=\"#main\">");
	html_look(h, N_("Skip to the content"));
	html_puts(h, "</a><header class=\"top\"><div class=\"w\"><span class=\"brand\">");
	html_text(h, m->site);
	html_puts(h, " <small>");
	say_of_both(h, m, N_("messages with {2}"), SLICE_NONE);
	html_puts(h, "</small></span>");
}

static void put_checked(const struct html *h, const struct page_public *m)
{
	uint8_t at_room[ROOM], every_room[ROOM];
	struct buf at, every;

	buf_init_in(&at, at_room, sizeof(at_room));
	buf_init_in(&every, every_room, sizeof(every_room));
	put_moment(&at, h->v, m->checked_at);
	format_span(&every, h->v, m->interval_us);
	const struct text t = TEXT(N_("Checked {1}, every {2}"), text_slice(buf_slice(&at)),
		text_slice(buf_slice(&every)));
	html_puts(h, "<div class=\"live\">");
	if (m->checked_at)
		html_say(h, &t);
	html_puts(h, "<br><a href=\"?lang=en\" hreflang=\"en\" lang=\"en\">English</a> \xc2\xb7 <a "
		     "href=\"?lang=fr\" hreflang=\"fr\" lang=\"fr\">Fran\xc3\xa7"
		     "ais</a></div></div></header>\n<main id=\"main\" tabindex=\"-1\"><div "
		     "class=\"w\">\n");
}

static void put_foot(const struct html *h, const struct page_public *m)
{
	const struct text zone = TEXT(N_("Times: {1}"), text_slice(m->zone_name)),
			  keep = TEXT(N_("This link is for {1}; please do not pass it on."),
				  text_slice(m->partner));

	html_puts(h, "</div></main>\n<footer><div class=\"w\"><span>");
	html_look(h, N_("Measured by test messages."));
	html_puts(h, "</span><span>");
	html_say(h, &zone);
	html_puts(h, "</span><span>");
	html_say(h, &keep);
	html_puts(h, "</span>");
	if (m->feed.n) {
		html_puts(h, "<span><a ");
		html_path(h, m->feed);
		html_puts(h, ">");
		html_look(h, N_("Atom feed"));
		html_puts(h, "</a></span>");
	}
	html_puts(h, "</div></footer></body></html>\n");
}

/* ---- the parts ---- */

static void put_verdict(const struct html *h, const struct page_public *m)
{
	uint8_t room[ROOM];
	struct buf since;

	buf_init_in(&since, room, sizeof(room));
	put_moment(&since, h->v, m->since_at);
	buf_printf(h->b, "<section class=\"verdict %s\" aria-labelledby=\"v\"><h1 id=\"v\">",
		html_state_class(m->state));
	html_icon(h, m->state);
	html_puts(h, "<span>");
	html_look(h, headline_of(m));
	html_puts(h, "</span></h1>");
	if (m->state == WATCH_FAILED) {
		html_puts(h, "<p>");
		say_of_both(h, m, failure_of(m), buf_slice(&since));
		html_puts(h, "</p><p class=\"sm\">");
		say_of_both(h, m, side_of(m->side), SLICE_NONE);
		html_puts(h, "</p>");
	}
	html_puts(h, "</section>\n");
}

static void put_updates(const struct html *h, const struct page_public *m)
{
	if (m->n_updates == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("Updates"));
	html_puts(h, "</h2>\n<div class=\"up\">");
	for (size_t i = 0; i < m->n_updates; i++) {
		const struct public_update *u = &m->updates[i];

		html_puts(h, "<article><h3>");
		html_text(h, u->title);
		html_puts(h, "</h3><p>");
		html_text(h, u->text);
		html_puts(h, "</p><p class=\"sm dim\">");
		html_time(h, put_moment, u->at);
		if (u->next_at) {
			html_puts(h, " \xc2\xb7 ");
			html_look(h, N_("next update by"));
			html_puts(h, " ");
			html_time(h, put_moment, u->next_at);
		}
		html_puts(h, "</p></article>\n");
	}
	html_puts(h, "</div>\n");
}

static void put_way(
	const struct html *h, struct slice from, struct slice to, const struct public_way *way)
{
	uint8_t room[ROOM];
	struct buf name;
	struct page_days days = { .share = way->share };

	buf_init_in(&name, room, sizeof(room));
	text_put_clean(&name, from);
	buf_puts(&name, " \xe2\x86\x92 ");
	text_put_clean(&name, to);
	days.name = buf_slice(&name);
	for (unsigned i = 0; i < PAGE_DAYS; i++)
		days.days[i] = way->days[i];
	html_puts(h, "<li class=\"days\"><div class=\"nm\">");
	html_text(h, days.name);
	html_puts(h, "<br>");
	html_state(h, way->state, false);
	html_puts(h, "</div>");
	draw_days(h, &days);
	html_puts(h, "<div class=\"pc\">");
	html_share(h, way->share);
	html_puts(h, "</div><p aria-hidden=\"true\">");
	draw_days_words(h, &days);
	html_puts(h, "</p></li>\n");
}

static void put_days(const struct html *h, const struct page_public *m)
{
	html_puts(h, "<h2>");
	html_look(h, N_("90 days"));
	html_puts(h, "</h2><p class=\"sub sm dim\">");
	html_look(h, N_("A low green mark is a good day; what rises above it was not."));
	html_puts(h, "</p>\n<ul class=\"rows\">");
	put_way(h, m->site, m->partner, &m->to_them);
	put_way(h, m->partner, m->site, &m->from_them);
	html_puts(h, "</ul>\n");
}

static void put_side(const struct html *h, const struct page_public *m, enum public_side side)
{
	switch (side) {
	case PUBLIC_OURS: html_text(h, m->site); return;
	case PUBLIC_THEIRS: html_text(h, m->partner); return;
	case PUBLIC_BETWEEN: html_look(h, N_("between them")); return;
	case PUBLIC_NOT_KNOWN: html_look(h, N_("not known")); return;
	}
}

static void put_before(const struct html *h, const struct page_public *m)
{
	static const char *const what[] = { [PUBLIC_BOTH] = N_("no messages in both directions"),
		[PUBLIC_TO_THEM] = N_("no messages to {2}"),
		[PUBLIC_FROM_THEM] = N_("no messages from {2}") };

	if (m->n_before == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("Before"));
	html_puts(h, "</h2><table class=\"stack\"><thead><tr>");
	html_th(h, N_("Began"), false);
	html_th(h, N_("Lasted"), true);
	html_th(h, N_("What"), false);
	html_th(h, N_("Where"), false);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n_before; i++) {
		const struct public_incident *p = &m->before[i];

		html_puts(h, "<tr><td class=\"nw\">");
		html_time(h, put_moment, p->begin_at);
		html_puts(h, "</td><td class=\"n\">");
		html_put(h, format_span, p->end_at - p->begin_at);
		html_puts(h, "</td><td>");
		say_of_both(h, m, what[p->ways], SLICE_NONE);
		html_puts(h, "</td><td class=\"full\">");
		put_side(h, m, p->side);
		html_puts(h, "</td></tr>\n");
	}
	html_puts(h, "</tbody></table>\n");
}

static void put_planned(const struct html *h, const struct page_public *m)
{
	if (m->n_planned == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("Planned"));
	html_puts(h, "</h2><ul class=\"plan\">");
	for (size_t i = 0; i < m->n_planned; i++) {
		html_puts(h, "<li>");
		html_time(h, put_moment, m->planned[i].begin_at);
		html_puts(h, " \xe2\x80\x93 ");
		html_time(h, put_moment, m->planned[i].end_at);
		html_look(h, N_(": "));
		html_look(h, N_("messages may be late."));
		html_puts(h, "</li>\n");
	}
	html_puts(h, "</ul>\n");
}

int page_public(struct buf *b, const struct page_public *m)
{
	const struct page_view v = { .look_up = m->look_up,
		.zone = m->zone,
		.zone_name = m->zone_name,
		.now_at = m->now_at };
	const struct html h = { b, &v };

	put_head(&h, m);
	put_checked(&h, m);
	put_verdict(&h, m);
	put_updates(&h, m);
	put_days(&h, m);
	put_before(&h, m);
	put_planned(&h, m);
	put_foot(&h, m);
	return buf_err(b);
}
