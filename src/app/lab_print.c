#include <stdio.h>

#include "app/lab_private.h"
#include "base/mem.h"

void lab_list_faults(void)
{
	const struct lab_fault *f;

	for (size_t i = 0; (f = lab_fault_at(i)); i++) {
		printf("%-26s %s\n%-26s   -> ", f->name, f->does, "");
		if (f->exit_status)
			printf("%s in %s%s%s, exit status %d\n", f->reason, f->phase,
				f->cause ? ", caused by " : "", f->cause ? f->cause : "",
				f->exit_status);
		else
			printf("warning %s, exit status 0\n", f->reason);
	}
}

static void print_command(const struct bench *b)
{
	char dns[ADDR_TEXT_MAX];

	printf("\n  stox test --config %s/stox.yaml", b->files.dir);
	if (lab_needs_dns(b))
		printf(" --dns %s", addr_text(&b->at[LAB_LISTEN_DNS], dns));
	printf("\n\nCtrl-C ends the lab.\n");
}

void lab_print_table(const struct bench *b)
{
	static const struct {
		enum lab_listener what;
		const char *name;
	} rows[] = {
		{ LAB_LISTEN_SIP_UDP, "pool " LAB_POOL_FQDN ", SIP over UDP" },
		{ LAB_LISTEN_SIP_TCP, "pool, SIP over TCP" },
		{ LAB_LISTEN_SIP_TLS, "pool, SIP over TLS" },
		{ LAB_LISTEN_XMPP_CLIENT, "partner " LAB_PARTNER_DOMAIN ", XMPP clients" },
		{ LAB_LISTEN_XMPP_COMPONENT, "partner, XMPP components" },
		{ LAB_LISTEN_DNS, "DNS of " LAB_POOL_DOMAIN " and " LAB_PARTNER_DOMAIN },
	};
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < COUNT(rows); i++)
		printf("%-22s %s\n", addr_text(&b->at[rows[i].what], text), rows[i].name);
	printf("%-22s %s\n", addr_text(&b->gateway_at, text), "gateway, SIP over UDP");
	printf("\nSIP users: pilar, kenmyer @" LAB_POOL_DOMAIN
	       "; XMPP user: adelany@" LAB_PARTNER_DOMAIN "\n");
	if (b->fault != &lab_fault_none)
		printf("Fault: %s (%s)\n", b->fault->name, b->fault->does);
	print_command(b);
	fflush(stdout);
}
