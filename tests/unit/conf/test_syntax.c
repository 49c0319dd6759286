#include "conf/syntax.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

#define X10 "xxxxxxxxxx"
#define X63 X10 X10 X10 X10 X10 X10 "xxx"

struct row {
	const struct syntax *syntax;
	bool ok;
	const char *text;
};

static const struct row rows[] = {
	{ &syntax_line, true, "litware\\pilar" },
	{ &syntax_line, false, "" },
	{ &syntax_line, false, "a\nb" },
	{ &syntax_path, true, "/etc/stox/a b" },
	{ &syntax_path, false, "a\033[2J" },

	{ &syntax_domain, true, "contoso.test" },
	{ &syntax_domain, true, "a" },
	{ &syntax_domain, true, "b\303\274cher.test" },
	{ &syntax_domain, true, X63 ".test" },
	{ &syntax_domain, true, X63 "." X63 "." X63 ".y" X10 X10 X10 X10 X10 X10 },
	{ &syntax_domain, false, X63 "." X63 "." X63 ".yy" X10 X10 X10 X10 X10 X10 },
	{ &syntax_domain, false, X63 "x.test" },
	{ &syntax_domain, false, "" },
	{ &syntax_domain, false, "contoso.test." },
	{ &syntax_domain, false, ".test" },
	{ &syntax_domain, false, "a..b" },
	{ &syntax_domain, false, "-a.test" },
	{ &syntax_domain, false, "a-.test" },
	{ &syntax_domain, false, "*.test" },
	{ &syntax_domain, false, "a_b.test" },
	{ &syntax_domain, false, "127.0.0.1" },
	{ &syntax_domain, false, "user@contoso.test" },

	{ &syntax_host, true, "pool.litware.test" },
	{ &syntax_host, true, "127.0.0.1" },
	{ &syntax_host, true, "[::1]" },
	{ &syntax_host, false, "::1" },
	{ &syntax_host, false, "300.0.0.1" },
	{ &syntax_host, false, "pool.litware.test:5061" },

	{ &syntax_server, true, "xmpp.contoso.test" },
	{ &syntax_server, true, "xmpp.contoso.test:5222" },
	{ &syntax_server, true, "[2001:db8::1]" },
	{ &syntax_server, true, "[2001:db8::1]:5222" },
	{ &syntax_server, false, "xmpp.contoso.test:" },
	{ &syntax_server, false, "xmpp.contoso.test:0" },
	{ &syntax_server, false, "xmpp.contoso.test:65536" },
	{ &syntax_server, false, "xmpp.contoso.test:+1" },
	{ &syntax_server, false, "[::1" },
	{ &syntax_server, false, "[::1]5222" },
	{ &syntax_server, false, ":5222" },

	{ &syntax_endpoint, true, "127.0.0.1:5347" },
	{ &syntax_endpoint, false, "127.0.0.1" },
	{ &syntax_endpoint, false, "[::1]" },

	{ &syntax_sip_hop, true, "sip:127.0.0.1:5060;transport=udp" },
	{ &syntax_sip_hop, true, "SIP:pool.litware.test;transport=TLS;lr" },
	{ &syntax_sip_hop, true, "sip:[::1]:5060" },
	{ &syntax_sip_hop, false, "sip:" },
	{ &syntax_sip_hop, false, "pool.litware.test" },
	{ &syntax_sip_hop, false, "sips:pool.litware.test" },
	{ &syntax_sip_hop, false, "sip:pilar@litware.test" },
	{ &syntax_sip_hop, false, "sip:litware.test;transport=sctp" },
	{ &syntax_sip_hop, false, "sip:litware.test;transport" },
	{ &syntax_sip_hop, false, "sip:litware.test;lr=1" },
	{ &syntax_sip_hop, false, "sip:litware.test;maddr=1" },
	{ &syntax_sip_hop, false, "sip:litware.test;" },
	{ &syntax_sip_hop, false, "sip:litware.test:99999" },

	{ &syntax_sip_user, true, "sip:pilar@litware.test" },
	{ &syntax_sip_user, true, "pilar@litware.test" },
	{ &syntax_sip_user, true, "sip:p%40q@litware.test:5060;x=y" },
	{ &syntax_sip_user, false, "sip:pilar:secret@litware.test" },
	{ &syntax_sip_user, false, "sip:litware.test" },
	{ &syntax_sip_user, false, "@litware.test" },
	{ &syntax_sip_user, false, "sip:@litware.test" },
	{ &syntax_sip_user, false, "pilar@" },
	{ &syntax_sip_user, false, "pi lar@litware.test" },
	{ &syntax_sip_user, false, "pilar@a@litware.test" },

	{ &syntax_im_user, true, "adelany@contoso.test" },
	{ &syntax_im_user, true, "xmpp:adelany@contoso.test/desk top" },
	{ &syntax_im_user, true, "im:adelany@contoso.test" },
	{ &syntax_im_user, false, "contoso.test" },
	{ &syntax_im_user, false, "adelany@" },
	{ &syntax_im_user, false, "adelany@contoso.test/\n" },

	{ &syntax_listen, true, "udp:127.0.0.1:5070" },
	{ &syntax_listen, true, "tcp:[::1]:5070" },
	{ &syntax_listen, true, "udp:0.0.0.0:0" },
	{ &syntax_listen, false, "tls:127.0.0.1:5061" },
	{ &syntax_listen, false, "127.0.0.1:5070" },
	{ &syntax_listen, false, "udp:127.0.0.1" },
	{ &syntax_listen, false, "udp:localhost:5070" },

	{ &syntax_network, true, "192.0.2.1" },
	{ &syntax_network, true, "2001:db8::1" },
	{ &syntax_network, true, "192.0.2.0/24" },
	{ &syntax_network, false, "192.0.2.1/24" },
	{ &syntax_network, false, "localhost" },

	{ &syntax_word, true, "on-call_2.b" },
	{ &syntax_word, false, "" },
	{ &syntax_word, false, "on call" },
	{ &syntax_word, false, X63 "xx" },

	{ &syntax_zone, true, "Europe/Paris" },
	{ &syntax_zone, true, "America/Argentina/Buenos_Aires" },
	{ &syntax_zone, true, "Etc/GMT+5" },
	{ &syntax_zone, true, "UTC" },
	{ &syntax_zone, false, "" },
	{ &syntax_zone, false, "../passwd" },
	{ &syntax_zone, false, "/etc/passwd" },
	{ &syntax_zone, false, "Europe//Paris" },
	{ &syntax_zone, false, "Europe/" },
	{ &syntax_zone, false, "Europe/Paris.bak" },
	{ &syntax_zone, false, X63 "xx" },

	{ &syntax_n_of_m, true, "1 of 1" },
	{ &syntax_n_of_m, true, "16 of 16" },
	{ &syntax_n_of_m, false, "0 of 1" },
	{ &syntax_n_of_m, false, "2 of 1" },
	{ &syntax_n_of_m, false, "1 of 17" },
	{ &syntax_n_of_m, false, "2" },
	{ &syntax_n_of_m, false, "2 of" },
	{ &syntax_n_of_m, false, "2  of 3" },

	{ &syntax_label, true, "team=messaging and more" },
	{ &syntax_label, true, "_a1=b=c" },
	{ &syntax_label, false, "team" },
	{ &syntax_label, false, "team=" },
	{ &syntax_label, false, "=a" },
	{ &syntax_label, false, "1a=b" },
	{ &syntax_label, false, "a-b=c" },
	{ &syntax_label, false, "a=b\nc" },

	{ &syntax_url, true, "https://alerts.example.org" },
	{ &syntax_url, true, "http://[::1]:9093/a?b=c" },
	{ &syntax_url, false, "HTTP://a.test" },
	{ &syntax_url, false, "http://a.test/#b" },
	{ &syntax_url, false, "http:///a.test" },
	{ &syntax_url, false, "https://" },
	{ &syntax_url, false, "alerts.example.org" },
	{ &syntax_url, false, "file:///etc/passwd" },
	{ &syntax_url, false, "https://a:b@alerts.example.org/" },
	{ &syntax_url, false, "https://alerts.example.org/a b" },
	{ &syntax_url, false, "https://alerts.example.org/\n" },

	{ &syntax_mail_server, true, "smtp://127.0.0.1" },
	{ &syntax_mail_server, true, "smtps://mail.example.org:465" },
	{ &syntax_mail_server, false, "mail.example.org" },
	{ &syntax_mail_server, false, "smtp://mail.example.org/" },
	{ &syntax_mail_server, false, "smtp://a:b@mail.example.org" },

	{ &syntax_mail, true, "on-call+stox@example.org" },
	{ &syntax_mail, true, "a.b.c@example.org" },
	{ &syntax_mail, false, "example.org" },
	{ &syntax_mail, false, "a@b\303\274cher.test" },
	{ &syntax_mail, false, "@example.org" },
	{ &syntax_mail, false, ".a@example.org" },
	{ &syntax_mail, false, "a.@example.org" },
	{ &syntax_mail, false, "a..b@example.org" },
	{ &syntax_mail, false, "a b@example.org" },
	{ &syntax_mail, false, "Pilar <a@example.org>" },
	{ &syntax_mail, false, "a@example.org\r\nBcc: b@example.org" },
	{ &syntax_mail, false, "a@b@example.org" },
	{ &syntax_mail, false, X63 "xx@example.org" },
};

static void values_are_taken_or_refused(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].syntax->ok(slice_str(rows[i].text)) == rows[i].ok)
			continue;
		print_error("%s `%s` should be %s\n", rows[i].syntax->name, rows[i].text,
			rows[i].ok ? "taken" : "refused");
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void the_domain_of_an_address_ends_before_its_tail(void **state)
{
	static const char *const addresses[] = { "sip:pilar@litware.test", "pilar@litware.test",
		"pilar@litware.test/desk", "sip:a;b/c?d@litware.test:5060;x=@",
		"xmpp:a@litware.test?message" };

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++)
		assert_true(
			slice_eqs(syntax_address_domain(slice_str(addresses[i])), "litware.test"));
	assert_int_equal(syntax_address_domain(SLICE("nobody")).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_taken_or_refused),
		cmocka_unit_test(the_domain_of_an_address_ends_before_its_tail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
