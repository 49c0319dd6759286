/* The short pages: the list of tests, maintenance, what went wrong with a request. */
#include "base/mem.h"
#include "page/page.h"
#include "page/rows.h"

static struct slice title_of(const struct page_view *v, const char *id)
{
	return slice_str(v->look_up ? v->look_up(id) : id);
}

static void put_h1(const struct html *h, struct slice title)
{
	html_puts(h, "<h1>");
	html_text(h, title);
	html_puts(h, "</h1>\n");
}

/* ---- tests ---- */

int page_tests(struct buf *b, const struct page_view *v, const struct page_tests_model *m)
{
	const struct html h = { b, v };
	const struct slice title = title_of(v, N_("Tests"));
	const struct text shown = TEXT(N_("{1} of {2}, worst first"),
		text_u64(m->set.n_tests < PAGE_LIST_MAX ? m->set.n_tests : PAGE_LIST_MAX),
		text_u64(m->n_all));

	html_open(
		&h, &(const struct html_head){
			    .title = title, .state = WATCH_OK, .nav = NAV_TESTS, .is_live = true });
	put_h1(&h, title);
	rows_put_filters(&h, "/tests", m->filters, m->n_filters);
	html_puts(&h, "<p class=\"sm dim\">");
	html_say(&h, &shown);
	html_puts(&h, "</p>\n");
	if (m->set.n_tests) {
		rows_put_tests(&h, &m->set);
	} else {
		html_puts(&h, "<p>");
		html_look(&h,
			m->n_all ? N_("No test is like that.")
				 : N_("Pools and partners in the configuration make the tests."));
		html_puts(&h, "</p>\n");
	}
	return html_close(&h);
}

/* ---- maintenance ---- */

int page_maintenance(
	struct buf *b, const struct page_view *v, const struct page_maintenance_model *m)
{
	const struct html h = { b, v };
	const struct slice title = title_of(v, N_("Maintenance"));

	html_open(&h, &(const struct html_head){
			      .title = title, .state = WATCH_MAINTENANCE, .nav = NAV_MAINTENANCE });
	put_h1(&h, title);
	html_puts(&h, "<p class=\"dim\">");
	html_look(&h, N_("Tests go on, alerts are held, and what fails is not counted."));
	html_puts(&h, "</p>\n");
	if (m->n_planned == 0) {
		html_puts(&h, "<p>");
		html_look(&h, N_("Nothing is planned."));
		html_puts(&h, "</p>\n");
	}
	rows_put_planned(&h, m->planned, m->n_planned, N_("Planned"));
	rows_put_planned(&h, m->past, m->n_past, N_("Over"));
	return html_close(&h);
}

/* ---- errors ---- */

static const struct {
	int status;
	const char *title, *what;
} errors[] = {
	{ 400, N_("That address cannot be read"), N_("A part of it is not what it should be.") },
	{ 403, N_("Not with your role"), N_("Somebody who has another one may do this.") },
	{ 404, N_("There is no such page"),
		N_("The name may have changed in the configuration, or the address is not "
		   "whole.") },
	{ 405, N_("Not in this way"), N_("This address takes another method.") },
	{ 410, N_("This run is not kept any more"),
		N_("Runs are kept for 35 days; what is known of it is in its test's history.") },
	{ 503, N_("The history cannot be read"),
		N_("Tests go on, and what they measure waits on the disk. The overview shows the "
		   "states from memory.") },
};

static void put_400(const struct html *h, const struct page_error *e)
{
	if (e->status != 400 || !e->why)
		return;
	html_puts(h, "<p>");
	html_look(h, e->why);
	html_puts(h, "</p>\n");
}

static void put_403(const struct html *h, const struct page_error *e)
{
	const struct text role = TEXT(N_("This needs the role {1}."), text_slice(e->role));

	if (e->status == 403 && e->role.n) {
		html_puts(h, "<p>");
		html_say(h, &role);
		html_puts(h, " <code>stox roles --user</code></p>\n");
	}
}

static void put_410(const struct html *h, const struct page_error *e)
{
	const struct text of = TEXT(N_("It was of incident {1}."), text_slice(e->incident));

	if (e->status != 410 || e->incident.n == 0)
		return;
	html_puts(h, "<p>");
	html_begin_link(h, "/incidents/", e->incident, "");
	html_say(h, &of);
	html_puts(h, "</a></p>\n");
}

static void put_503(const struct html *h, const struct page_error *e)
{
	uint8_t room[256];
	struct buf since;

	if (e->status != 503 || e->since_at == 0)
		return;
	buf_init_in(&since, room, sizeof(room));
	words_since(&since, h->v, e->since_at);
	html_puts(h, "<p>");
	html_text(h, buf_slice(&since));
	html_puts(h, "</p>\n");
}

int page_error(struct buf *b, const struct page_view *v, const struct page_error *e)
{
	const struct html h = { b, v };
	size_t i = 0;

	while (i + 1 < COUNT(errors) && errors[i].status != e->status)
		i++;
	const struct slice title = title_of(v, errors[i].title);
	html_open(&h, &(const struct html_head){
			      .title = title, .state = WATCH_UNKNOWN, .nav = NAV_NONE });
	buf_printf(b, "<p class=\"crumb\">%d</p>\n", e->status);
	put_h1(&h, title);
	html_puts(&h, "<p>");
	html_look(&h, errors[i].what);
	html_puts(&h, "</p>\n");
	put_400(&h, e);
	put_403(&h, e);
	put_410(&h, e);
	put_503(&h, e);
	html_puts(&h, "<p><a href=\"/\">");
	html_look(&h, N_("To the overview"));
	html_puts(&h, "</a></p>\n");
	return html_close(&h);
}
