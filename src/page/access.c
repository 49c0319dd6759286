/* Who may what, and who did what. */
#include "base/mem.h"
#include "page/html.h"
#include "page/page.h"

static struct slice title_of(const struct page_view *v, const char *id)
{
	return slice_str(v->look_up ? v->look_up(id) : id);
}

static void open_page(const struct html *h, struct slice title)
{
	html_open(
		h, &(const struct html_head){ .title = title, .state = WATCH_OK, .nav = NAV_NONE });
	html_puts(h, "<h1>");
	html_text(h, title);
	html_puts(h, "</h1>\n");
}

static void put_cell(const struct html *h, struct slice s)
{
	html_puts(h, "<td class=\"full\">");
	html_text(h, s);
	html_puts(h, "</td>");
}

/* ---- the audit log ---- */

static void put_act(const struct html *h, const struct page_act *a)
{
	html_puts(h, "<tr><td>");
	html_time(h, format_time, a->at);
	html_puts(h, "</td>");
	put_cell(h, a->who);
	put_cell(h, a->what);
	put_cell(h, a->source);
	put_cell(h, a->result);
	html_puts(h, "</tr>\n");
}

int page_audit(struct buf *b, const struct page_view *v, const struct page_audit_model *m)
{
	const struct html h = { b, v };

	open_page(&h, title_of(v, N_("Audit log")));
	html_puts(&h, "<p class=\"dim\">");
	html_look(&h, N_("Nothing in it is ever changed. What is refused again and again is one "
			 "number a minute."));
	html_puts(&h, "</p>\n<table class=\"stack\"><thead><tr>");
	html_th(&h, N_("When"), false);
	html_th(&h, N_("Who"), false);
	html_th(&h, N_("What"), false);
	html_th(&h, N_("From where"), false);
	html_th(&h, N_("Result"), false);
	html_puts(&h, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < m->n_acts; i++)
		put_act(&h, &m->acts[i]);
	html_puts(&h, "</tbody></table>\n");
	if (m->older.n) {
		html_puts(&h, "<p><a href=\"/audit?before=");
		html_segment(&h, m->older);
		html_puts(&h, "\">");
		html_look(&h, N_("Older"));
		html_puts(&h, "</a></p>\n");
	}
	return html_close(&h);
}

/* ---- roles ---- */

static void put_commands(const struct html *h, const struct roles *roles)
{
	html_puts(h, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_look(h, N_("Roles"));
	html_puts(h, "\"><table><thead><tr>");
	html_th(h, N_("Command"), false);
	for (unsigned i = 0; i < roles->n; i++) {
		html_puts(h, "<th scope=\"col\">");
		html_str(h, roles->v[i].name);
		html_puts(h, "</th>");
	}
	html_puts(h, "</tr></thead><tbody>\n");
	for (unsigned c = 0; c < ROLE_COMMANDS; c++) {
		html_puts(h, "<tr><th scope=\"row\"><code>");
		html_str(h, role_command_name((enum role_command)c));
		html_puts(h, "</code></th>");
		for (unsigned i = 0; i < roles->n; i++) {
			html_puts(h, "<td>");
			html_look(h, roles->v[i].commands >> c & 1 ? N_("yes") : N_("no"));
			html_puts(h, "</td>");
		}
		html_puts(h, "</tr>\n");
	}
	html_puts(h, "</tbody></table></div>\n");
}

static void put_names(const struct html *h, const char *label, const char *const *v, size_t n)
{
	if (!n)
		return;
	html_puts(h, "<br>");
	html_look(h, label);
	for (size_t i = 0; i < n; i++) {
		html_puts(h, i ? ", " : " ");
		html_str(h, v[i]);
	}
}

static void put_members(const struct html *h, const struct role *r)
{
	html_puts(h, "<dt>");
	html_str(h, r->name);
	html_puts(h, "</dt><dd>");
	for (size_t i = 0; i < r->n_members; i++) {
		const struct role_member *m = &r->members[i];

		html_puts(h, i ? ", " : "");
		html_str(h, role_by_name(m->by));
		html_puts(h, m->name.n ? ":" : "");
		html_text(h, m->name);
	}
	if (!r->n_members)
		html_look(h, N_("nobody"));
	put_names(h, N_("Pools:"), r->pools, r->n_pools);
	put_names(h, N_("Partners:"), r->partners, r->n_partners);
	html_puts(h, "</dd>\n");
}

int page_roles(struct buf *b, const struct page_view *v, const struct roles *roles)
{
	const struct html h = { b, v };

	open_page(&h, title_of(v, N_("Roles")));
	put_commands(&h, roles);
	html_puts(&h, "<h2>");
	html_look(&h, N_("Members"));
	html_puts(&h, "</h2><dl>\n");
	for (unsigned i = 0; i < roles->n; i++)
		put_members(&h, &roles->v[i]);
	html_puts(&h, "</dl>\n<p class=\"dim\">");
	html_look(&h, N_("Over the control socket root and the user that the watcher runs as are "
			 "administrators in any case."));
	html_puts(&h, "</p>\n");
	return html_close(&h);
}
