/* What `stox lab` prints: what there is, how it is tested, which faults there are. */
#include <stdio.h>

#include "app/lab_private.h"
#include "app/language.h"
#include "app/page.h"
#include "base/mem.h"

static struct text outcome_of(const struct lab_fault *f)
{
	const struct text_arg reason = text_str(f->reason), phase = text_str(f->phase),
			      status = text_u64((unsigned)f->exit_status);

	if (!f->exit_status)
		return TEXT(N_("warning {1}, exit status 0"), reason);
	if (f->cause)
		return TEXT(N_("{1} in {2}, caused by {3}, exit status {4}"), reason, phase,
			text_str(f->cause), status);
	return TEXT(N_("{1} in {2}, exit status {3}"), reason, phase, status);
}

void lab_list_faults(void)
{
	enum { WHAT_COLUMN = 27, OUTCOME_COLUMN = WHAT_COLUMN + 2 };
	const struct lab_fault *f;
	struct page p;

	page_begin(&p, stdout, 0);
	for (size_t i = 0; (f = lab_fault_at(i)); i++) {
		const struct text outcome = outcome_of(f);

		page_row(&p, f->name, WHAT_COLUMN, language_look_up(f->does));
		sheet_tab(&p.sheet, OUTCOME_COLUMN);
		buf_puts(&p.sheet.line, "-> ");
		page_say(&p, &outcome, OUTCOME_COLUMN);
	}
	page_end(&p);
}

/* `name` is a sentence: {1} the pool, {2} the partner. */
static void put_row(struct page *p, const struct addr *at, const char *name)
{
	enum { NAME_COLUMN = 23 };
	const struct text t = TEXT(name, text_str(LAB_POOL_FQDN), text_str(LAB_PARTNER_DOMAIN),
		text_str(LAB_POOL_DOMAIN));
	char text[ADDR_TEXT_MAX];

	buf_puts(&p->sheet.line, addr_text(at, text));
	sheet_tab(&p->sheet, NAME_COLUMN);
	page_say(p, &t, NAME_COLUMN);
}

static void print_command(const struct bench *b)
{
	char dns[ADDR_TEXT_MAX];

	printf("\n  stox test --config %s/stox.yaml", b->files.dir);
	if (lab_needs_dns(b))
		printf(" --dns %s", addr_text(&b->at[LAB_LISTEN_DNS], dns));
	if (b->v.watch)
		printf("\n  http://%s/", addr_text(&b->watch.at, dns));
	printf("\n\n%s\n", language_look_up(N_("Ctrl-C ends the lab.")));
}

void lab_print_table(const struct bench *b)
{
	static const struct {
		enum lab_listener what;
		const char *name; /* as of put_row() */
	} rows[] = {
		{ LAB_LISTEN_SIP_UDP, N_("pool {1}, SIP over UDP") },
		{ LAB_LISTEN_SIP_TCP, N_("pool, SIP over TCP") },
		{ LAB_LISTEN_SIP_TLS, N_("pool, SIP over TLS") },
		{ LAB_LISTEN_XMPP_CLIENT, N_("partner {2}, XMPP clients") },
		{ LAB_LISTEN_XMPP_COMPONENT, N_("partner, XMPP components") },
		{ LAB_LISTEN_DNS, N_("DNS of {3} and {2}") },
	};

	const struct text users = TEXT(N_("SIP users: {1}; XMPP user: {2}"),
				  text_str("pilar, kenmyer @" LAB_POOL_DOMAIN),
				  text_str("adelany@" LAB_PARTNER_DOMAIN)),
			  fault = TEXT(N_("Fault: {1} ({2})"), text_str(b->fault->name),
				  text_id(b->fault->does));
	struct page p;

	page_begin(&p, stdout, 0);
	for (size_t i = 0; i < COUNT(rows); i++)
		put_row(&p, &b->at[rows[i].what], rows[i].name);
	put_row(&p, &b->gateway_at, N_("gateway, SIP over UDP"));
	sheet_end(&p.sheet, 0);
	page_say(&p, &users, 0);
	if (b->fault != &lab_fault_none)
		page_say(&p, &fault, 0);
	page_end(&p);
	print_command(b);
	fflush(stdout);
}
