/* What stox explain says of numbers, conditions and pairs of addresses. */
#include "app/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bridge/error.h"

enum { SAYS_MAX = 5 };

static const struct word_row {
	const char *word;
	const char *says[SAYS_MAX]; /* NULL alone: nothing is known of it */
} words[] = {
	{ "404", { "SIP status 404: Not Found\n",
			 "Said by Kamailio, OpenSIPS, with \"no destination\"",
			 "table 2): item-not-found, remote-server-not-found.\n",
			 "the XMPP error item-not-found of type cancel",
			 "`stox explain sip_not_found`" } },
	{ "477", { "SIP status 477: not one of the standards\n", "Said by Kamailio:\n",
			 "`stox explain sip_gateway_down`", "(477 ...)" } },
	{ "403", { "  403 Not An Allowed Partner\n    ms-diagnostics: 1005;",
			 "  403 Peer Is Not Trusted\n" } },
	{ "415", { "  415 Charset Not Supported\n    Accept: text/plain;charset=UTF-8\n" } },
	{ "200", { "SIP status 200: OK\n" } },
	{ "699", { "SIP status 699: not one",
			 "the XMPP error recipient-unavailable of type wait" } },
	{ "1005", { "ms-diagnostics 1005: the destination domain cannot be routed to\n",
			  "  403 Not An Allowed Partner\n",
			  "`stox explain sip_partner_not_allowed`" } },
	{ "1007",
		{ "ms-diagnostics 1007: it cannot be routed for the time being\n", "the SIP stack.",
			"  504 XMPP Server Not Connected\n", "  503 Gateway Is Stopping\n" } },
	{ "4005", { "not enabled for SIP or does not exist", "[MS-OCER]", "sip_not_found" } },
	{ "4999", { "not a code that stox knows", "user services" } },
	{ "70000", { NULL } },
	{ "99999999999", { NULL } },
	{ "item-not-found", { "of type cancel (RFC 6120 section 8.3.3)",
				    "404 Not Found or 604 Does Not Exist Anywhere" } },
	{ "conflict", { "To SIP it becomes 400 Bad Request (RFC 7247" } },
	{ "no-such-condition", { NULL } },
	{ "", { NULL } },
};

static bool explain_word(struct buf *b, const char *word)
{
	const struct sheet_style plain = { 0 };

	return explain_number(b, slice_str(word), NULL, &plain) ||
	       explain_condition(b, slice_str(word), NULL, &plain);
}

static void words_are_explained(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		const struct word_row *row = &words[i];
		struct buf b;

		buf_init(&b, 1 << 16);
		if (explain_word(&b, row->word) != (row->says[0] != NULL))
			fail_msg("`%s`", row->word);
		for (size_t k = 0; k < SAYS_MAX && row->says[k]; k++)
			if (!strstr(buf_cstr(&b), row->says[k]))
				fail_msg("`%s` lacks: %s\n%s", row->word, row->says[k],
					buf_cstr(&b));
		buf_done(&b);
	}
}

/* No second table: what each status becomes is what the gateway makes of it. */
static void every_status_has_the_gateways_own_mapping(void **state)
{
	(void)state;
	for (int status = 300; status <= 699; status++) {
		char word[16], wanted[128];
		struct buf b;

		buf_init(&b, 1 << 16);
		snprintf(word, sizeof(word), "%d", status);
		assert_true(explain_word(&b, word));
		snprintf(wanted, sizeof(wanted), "it becomes the XMPP error %s of type",
			stanza_condition_name(error_to_xmpp(status).condition));
		if (!strstr(buf_cstr(&b), wanted))
			fail_msg("%d: %s\n%s", status, wanted, buf_cstr(&b));
		buf_done(&b);
	}
}

/* ---- pairs ---- */

static const char file[] = "pools:\n"
			   "  - { fqdn: pool.litware.test, domains: [litware.test] }\n"
			   "  - { fqdn: b.test, domains: [b.test, bücher.test] }\n"
			   "partners:\n"
			   "  - { domain: contoso.test, additional_domains: [im.contoso.test] }\n"
			   "  - { domain: shy.test, type: public-unverified }\n";
static const char gateway[] =
	"gateway:\n"
	"  sip: { listen: ['udp:127.0.0.1:0'], next_hop: sip:127.0.0.1, trusted_peers: [127.0.0.1] "
	"}\n"
	"  xmpp: { component: { name: litware.test, server: 'a:1', secret_file: none } }\n";

static const struct pair_row {
	const char *name, *from, *to;
	int status;
	const char *text; /* F for the file */
} pairs[] = {
	{ "it passes to XMPP", "sip:Pilar@litware.test", "adelany@contoso.test", 0,
		"pilar@litware.test -> adelany@contoso.test: passes, from SIP to XMPP.\n"
		"  F:2:42: `litware.test` is a domain of the pool pool.litware.test\n"
		"  F:5:15: `contoso.test` is a domain of the partner contoso.test, of type "
		"federated\n"
		"  F:9:30: the gateway's component speaks for `litware.test`\n" },
	{ "it passes to SIP", "xmpp:adelany@im.contoso.test/pc", "pilar@litware.test", 0,
		"adelany@im.contoso.test -> pilar@litware.test: passes, from XMPP to SIP.\n"
		"  F:2:42: `litware.test` is a domain of the pool pool.litware.test\n"
		"  F:5:50: `im.contoso.test` is a domain of the partner contoso.test, of type "
		"federated\n" },
	{ "only as an answer", "a@shy.test", "pilar@litware.test", 0,
		"a@shy.test -> pilar@litware.test: passes, from XMPP to SIP.\n"
		"  F:2:42: `litware.test` is a domain of the pool pool.litware.test\n"
		"  F:6:15: `shy.test` is a domain of the partner shy.test, of type "
		"public-unverified\n"
		"  F:6:31: its users may only answer: it is refused unless the receiver wrote to "
		"the sender within 30 days\n" },
	{ "no partner", "pilar@litware.test", "a@fabrikam.test", 1,
		"pilar@litware.test -> a@fabrikam.test: is refused, from SIP to XMPP.\n"
		"  F:2:42: `litware.test` is a domain of the pool pool.litware.test\n"
		"  F: `fabrikam.test` is the domain of no partner, so that it is refused: allow it "
		"in `partners`\n"
		"  F:9:30: the gateway's component speaks for `litware.test`\n"
		"  The sender gets: 403 Not An Allowed Partner\n"
		"    ms-diagnostics: 1005;source=\"litware.test\";reason=\"The receiver's domain "
		"is not an allowed partner\"\n" },
	{ "a subdomain of a partner's", "a@x.contoso.test", "pilar@litware.test", 1,
		"a@x.contoso.test -> pilar@litware.test: is refused, from XMPP to SIP.\n"
		"  F:2:42: `litware.test` is a domain of the pool pool.litware.test\n"
		"  F: `x.contoso.test` is the domain of no partner, so that it is refused: allow "
		"it in `partners`\n"
		"  F:5:15: `contoso.test` is a partner's; a subdomain has to be in its "
		"`additional_domains`\n"
		"  The sender gets: policy-violation, of type cancel: \"The sender's domain is not "
		"an allowed partner\"\n" },
	{ "no component", "a@xn--bcher-kva.test", "adelany@contoso.test", 1,
		"a@bücher.test -> adelany@contoso.test: is refused, from SIP to XMPP.\n"
		"  F:3:39: `bücher.test` is a domain of the pool b.test\n"
		"  F:5:15: `contoso.test` is a domain of the partner contoso.test, of type "
		"federated\n"
		"  F:9:30: the gateway's component speaks for `litware.test` alone\n"
		"  The sender gets: 403 From Domain Has No Component Here\n"
		"    ms-diagnostics: 1017;source=\"litware.test\";reason=\"Cannot route From and "
		"To domains in this combination\"\n" },
	{ "both are the pools'", "pilar@litware.test", "a@b.test", 1,
		"pilar@litware.test -> a@b.test: is refused, from SIP to XMPP.\n"
		"  F:2:42: `litware.test` is a domain of the pool pool.litware.test\n"
		"  F:3:31: `b.test` is a domain of the pool b.test\n"
		"  The sender gets: 403 Both Domains Are Ours\n"
		"    ms-diagnostics: 1017;source=\"litware.test\";reason=\"Cannot route From and "
		"To domains in this combination\"\n" },
	{ "neither is", "a@contoso.test", "b@shy.test", 1,
		"a@contoso.test -> b@shy.test: is refused, from XMPP to SIP.\n"
		"  F: `shy.test` is in the `domains` of no pool\n"
		"  F:5:15: `contoso.test` is a domain of the partner contoso.test, of type "
		"federated\n"
		"  The sender gets: item-not-found, of type cancel: \"The receiver's domain is "
		"not one of the pool's\"\n" },
	{ "neither is, and the scheme says the way", "sip:a@contoso.test", "b@shy.test", 1,
		"a@contoso.test -> b@shy.test: is refused, from SIP to XMPP.\n"
		"  F: `contoso.test` is in the `domains` of no pool\n"
		"  F:6:15: `shy.test` is a domain of the partner shy.test, of type "
		"public-unverified\n"
		"  The sender gets: 403 From Domain Is Not Ours\n"
		"    ms-diagnostics: 1017;source=\"litware.test\";reason=\"Cannot route From and "
		"To domains in this combination\"\n" },
	{ "no address", "pilar", "a@b.test", 2,
		"`pilar` is not an address such as sip:pilar@litware.test or "
		"adelany@contoso.test\n" },
};

static int explain_in(const char *path, const struct pair_row *row, struct buf *b)
{
	return explain_pair(b, row->from, row->to, path, NULL);
}

/* The text with the path in the place of F. */
static void put_wanted(struct buf *b, const char *text, const char *path)
{
	for (const char *p = text; *p; p++)
		if (*p == 'F' && p[1] == ':')
			buf_puts(b, path);
		else
			buf_putc(b, (uint8_t)*p);
}

static void write_file(char *path, const char *first, const char *second)
{
	const int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	assert_non_null(f);
	fprintf(f, "%s%s", first, second);
	assert_int_equal(fclose(f), 0);
}

static void pairs_are_judged(void **state)
{
	char path[] = "/tmp/stox-explain-XXXXXX";

	(void)state;
	write_file(path, file, gateway);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct buf got, wanted;

		buf_init(&got, 1 << 16);
		buf_init(&wanted, 1 << 16);
		put_wanted(&wanted, pairs[i].text, path);
		const int status = explain_in(path, &pairs[i], &got);
		if (status != pairs[i].status || strcmp(buf_cstr(&got), buf_cstr(&wanted)) != 0)
			fail_msg("%s: %d\n%swanted\n%s", pairs[i].name, status, buf_cstr(&got),
				buf_cstr(&wanted));
		buf_done(&got);
		buf_done(&wanted);
	}
	unlink(path);
}

static void a_file_without_a_gateway_has_no_component(void **state)
{
	char path[] = "/tmp/stox-explain-XXXXXX";
	struct buf got;

	(void)state;
	write_file(path, file, "");
	buf_init(&got, 1 << 16);
	assert_int_equal(explain_in(path, &pairs[0], &got), 0);
	assert_non_null(strstr(buf_cstr(&got), "no `gateway` is in it"));
	buf_clear(&got);
	assert_int_equal(explain_pair(&got, "a@b.test", "c@d.test", "/nonexistent", NULL), 2);
	assert_non_null(strstr(buf_cstr(&got), "/nonexistent"));
	buf_done(&got);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_explained),
		cmocka_unit_test(every_status_has_the_gateways_own_mapping),
		cmocka_unit_test(pairs_are_judged),
		cmocka_unit_test(a_file_without_a_gateway_has_no_component),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
