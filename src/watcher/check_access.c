#include "watcher/check_access.h"

#include "app/language.h"

enum { GAP = 2 };

static void put_sign_in(struct page *p, const struct plan_access *a)
{
	const struct {
		const char *path, *what;
	} rows[] = {
		{ a->certificate_file, N_("It shows the certificate {1}.") },
		{ a->users_file, N_("Users and their passwords are in {1}.") },
		{ a->tokens_file, N_("Tokens are in {1}.") },
		{ a->ca_file, N_("Certificates of clients are signed by {1}.") },
		{ a->socket, N_("Its control socket is {1}.") },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct text t =
			TEXT(rows[i].what, text_str(rows[i].path ? rows[i].path : ""));

		if (rows[i].path)
			page_say(p, &t, 0);
	}
}

static void put_names(struct buf *b, const char *label, const char *const *v, size_t n)
{
	if (!n)
		return;
	buf_printf(b, " %s", language_look_up(label));
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s %s", i ? "," : "", v[i]);
	buf_putc(b, '.');
}

static void put_members(struct buf *b, const struct role *r)
{
	buf_printf(b, " %s", language_look_up(N_("Members:")));
	for (size_t i = 0; i < r->n_members; i++) {
		const struct role_member *m = &r->members[i];

		buf_printf(b, "%s %s%s", i ? "," : "", role_by_name(m->by), m->name.n ? ":" : "");
		text_put_clean(b, m->name);
	}
	buf_putc(b, '.');
}

static void put_role(struct page *p, const struct role *r)
{
	struct buf *b = &p->sheet.line;

	buf_printf(b, "%s:", r->name);
	for (unsigned i = 0; i < ROLE_COMMANDS; i++)
		if (r->commands >> i & 1)
			buf_printf(b, " %s", role_command_name((enum role_command)i));
	buf_putc(b, '.');
	put_members(b, r);
	put_names(b, N_("Pools:"), r->pools, r->n_pools);
	put_names(b, N_("Partners:"), r->partners, r->n_partners);
	sheet_end(&p->sheet, GAP);
}

/* Those that nobody has are not worth a line. */
void check_put_access(struct page *p, const struct plan *plan)
{
	const struct plan_access *a = &plan->access;

	sheet_end(&p->sheet, 0);
	put_sign_in(p, a);
	for (unsigned i = 0; i < a->roles.n; i++)
		if (a->roles.v[i].n_members)
			put_role(p, &a->roles.v[i]);
}
