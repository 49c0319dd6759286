/* The form for people: in a file, on a terminal, in another language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "samples.h"

static void put(const char *sample, unsigned verbosity, const struct sheet_style *style,
	text_look_up *look_up, struct buf *b)
{
	struct probe_result r;
	struct report_run run = sample_run(sample_named(sample), &r);

	run.verbosity = verbosity;
	run.look_up = look_up;
	if (style)
		run.style = *style;
	buf_init(b, SAMPLE_TEXT);
	assert_int_equal(report_text(b, &run), 0);
}

static void shows(const char *sample, const struct sheet_style *style, text_look_up *look_up,
	const char *want)
{
	struct buf b;

	put(sample, 0, style, look_up, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

/* Tools of the ancestor read these lines: not one byte more in them. */
static void a_file_gets_the_ancestors_five_lines(void **state)
{
	(void)state;
	shows("success", NULL, NULL,
		"Target Fqdn   : pool.litware.test\n"
		"Result        : Success\n"
		"Latency       : 00:00:00.0125360\n"
		"Error Message :\n"
		"Diagnosis     :\n"
		"Tested        : pilar@litware.test -> adelany@contoso.test\n");
	shows("no-connection", NULL, NULL,
		"Target Fqdn   : pool.litware.test\n"
		"Result        : Failure\n"
		"Latency       : 00:00:00.0125360\n"
		"Error Message : pool.litware.test has no NAPTR or SRV records: port 5061 over tls "
		"was "
		"taken. No connection to 192.0.2.1:5061: connection refused.\n"
		"Diagnosis     : Nothing listens on that port, or a firewall rejects the "
		"connection. "
		"[tcp_refused in sip.connect]\n"
		"                1. is it running there, and on this port? ss -ltn 'sport = "
		":5061'\n"
		"                2. try the port from here: nc -vz 192.0.2.1 5061\n"
		"Tested        : pilar@litware.test -> adelany@contoso.test\n");
}

static void a_terminal_gets_signs_and_colours(void **state)
{
	static const struct sheet_style full = { .width = 80, .colour = true, .unicode = true },
					plain = { .width = 80 }, piped = { .colour = true };

	(void)state;
	shows("success", &full, NULL,
		"Target Fqdn   : pool.litware.test\n"
		"Result        : \033[32m\xe2\x9c\x93 Success\033[0m\n"
		"Latency       : 00:00:00.0125360\n"
		"Error Message :\n"
		"Diagnosis     :\n"
		"Tested        : pilar@litware.test -> adelany@contoso.test\n");
	shows("success", &plain, NULL,
		"Target Fqdn   : pool.litware.test\n"
		"Result        : OK Success\n"
		"Latency       : 00:00:00.0125360\n"
		"Error Message :\n"
		"Diagnosis     :\n"
		"Tested        : pilar@litware.test -> adelany@contoso.test\n");
	shows("success", &piped, NULL,
		"Target Fqdn   : pool.litware.test\n"
		"Result        : \033[32mOK Success\033[0m\n"
		"Latency       : 00:00:00.0125360\n"
		"Error Message :\n"
		"Diagnosis     :\n"
		"Tested        : pilar@litware.test -> adelany@contoso.test\n");
}

static void long_lines_are_wrapped_and_commands_are_not(void **state)
{
	static const struct sheet_style style = { .width = 60 };

	(void)state;
	shows("no-connection", &style, NULL,
		"Target Fqdn   : pool.litware.test\n"
		"Result        : FAIL Failure\n"
		"Latency       : 00:00:00.0125360\n"
		"Error Message : pool.litware.test has no NAPTR or SRV\n"
		"                records: port 5061 over tls was taken. No\n"
		"                connection to 192.0.2.1:5061: connection\n"
		"                refused.\n"
		"Diagnosis     : Nothing listens on that port, or a firewall\n"
		"                rejects the connection. [tcp_refused in\n"
		"                sip.connect]\n"
		"                1. is it running there, and on this port?\n"
		"                   ss -ltn 'sport = :5061'\n"
		"                2. try the port from here:\n"
		"                   nc -vz 192.0.2.1 5061\n"
		"Tested        : pilar@litware.test -> adelany@contoso.test\n");
}

static const char *french(const char *id)
{
	static const char *const rows[][2] = {
		{ "Target Fqdn", "Nom de domaine complet cible" },
		{ "Result", "R\xc3\xa9sultat" },
		{ "Latency", "Latence" },
		{ "Error Message", "Message d\xe2\x80\x99"
				   "erreur" },
		{ "Diagnosis", "Diagnostic" },
		{ "Success", "R\xc3\xa9ussite" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(id, rows[i][0]) == 0)
			return rows[i][1];
	return id;
}

static void the_colons_stand_below_each_other_in_every_language(void **state)
{
	(void)state;
	shows("success", NULL, french,
		"Nom de domaine complet cible : pool.litware.test\n"
		"R\xc3\xa9sultat                     : R\xc3\xa9ussite\n"
		"Latence                      : 00:00:00.0125360\n"
		"Message d\xe2\x80\x99"
		"erreur             :\n"
		"Diagnostic                   :\n"
		"Tested                       : pilar@litware.test -> adelany@contoso.test\n");
}

/* The lines from the time axis on, without addresses and details. */
static void drawn(const struct sheet_style *style, const char *want)
{
	struct buf b, bars;

	put("success", 1, style, NULL, &b);
	struct slice rest = buf_slice(&b);
	rest = slice_skip(rest, slice_find(rest, SLICE("proof: answered\n")) + 16);
	buf_init(&bars, SAMPLE_TEXT);
	while (rest.n) {
		const struct slice line = slice_split(&rest, '\n');

		if (slice_starts(line, SLICE("                ")) &&
			!slice_starts(line, SLICE("                    ")))
			continue;
		buf_put(&bars, line);
		buf_putc(&bars, '\n');
	}
	assert_string_equal(buf_cstr(&bars), want);
	buf_done(&bars);
	buf_done(&b);
}

/* 12.936 ms in 20 columns: a column is 0.647 ms. */
static void phases_are_bars_on_one_axis(void **state)
{
	static const struct sheet_style ascii = { .width = 60 };
	static const struct sheet_style unicode = { .width = 60, .unicode = true };

	(void)state;
	drawn(&ascii, "                                        0          12.936 ms\n"
		      "  sip.resolve   ok            1.500 ms  ###\n"
		      "  sip.connect   ok            0.250 ms    #\n"
		      "  sip.tls       ok            2.250 ms    #####\n"
		      "  sip.register  ok            2.600 ms        #####\n"
		      "  sip.send      ok            1.000 ms               ###\n"
		      "  xmpp.resolve  skipped       0.000 ms  #\n"
		      "  xmpp.connect  ok            0.300 ms  #\n"
		      "  xmpp.tls      ok            4.700 ms  ########\n"
		      "  xmpp.auth     ok            3.500 ms         #######\n"
		      "  xmpp.bind     ok            0.200 ms               #\n"
		      "  deliver       ok            2.000 ms               ####\n"
		      "  answer        ok            1.536 ms                   ###\n"
		      "  settle        ok            0.000 ms                     #\n"
		      "  cleanup       ok            0.400 ms                     #\n");
	struct buf b;
	put("success", 1, &unicode, NULL, &b);
	assert_non_null(strstr(buf_cstr(&b), "  sip.tls       ok            2.250 ms    "
					     "\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88"
					     "\xe2\x96\x8f\n"));
	buf_done(&b);
}

static void without_room_for_bars_there_are_figures(void **state)
{
	static const struct sheet_style style = { .width = 45 };
	struct buf b;

	(void)state;
	put("success", 1, &style, NULL, &b);
	assert_null(strstr(buf_cstr(&b), "##"));
	assert_non_null(strstr(buf_cstr(&b), "  sip.tls       ok            2.250 ms  at"));
	buf_done(&b);
	put("success", 1, NULL, NULL, &b);
	assert_non_null(strstr(buf_cstr(&b),
		"  sip.tls       ok            2.250 ms  at    1.750 ms  tls 192.0.2.1:5061\n"));
	buf_done(&b);
}

/* Times may lie anywhere; a bar stays between the ends of its axis. */
static void a_bar_never_leaves_its_axis(void **state)
{
	static const struct sheet_style style = { .width = 60 };
	struct probe_result r = { .success = true };
	const struct report_run run = { .result = &r, .style = style, .verbosity = 1 };

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct buf b;

		sample_phase(&r, PHASE_SIP_TLS, PHASE_OK, i * 37, i % 7);
		sample_phase(&r, PHASE_XMPP_TLS, PHASE_OK, 5000 - i, i * i);
		sample_phase(&r, PHASE_CLEANUP, PHASE_FAILED, i * 50, 0);
		buf_init(&b, SAMPLE_TEXT);
		assert_int_equal(report_text(&b, &run), 0);
		for (struct slice rest = buf_slice(&b); rest.n;)
			assert_true(sheet_width(slice_split(&rest, '\n')) <= 60);
		buf_done(&b);
	}
}

static void evidence_is_named_only_where_there_is_some(void **state)
{
	struct buf b;

	(void)state;
	put("lost", 1, NULL, NULL, &b);
	assert_null(strstr(buf_cstr(&b), "Evidence"));
	buf_done(&b);
	put("expired", 1, NULL, NULL, &b);
	assert_non_null(strstr(buf_cstr(&b), "\nEvidence:\n  certificate 0: CN=pool.litware.test\n"
					     "    issuer: CN=Litware CA\n"
					     "    names: pool.litware.test, litware.test\n"));
	buf_done(&b);
}

/* As gettext would, were every sentence translated: what is not in brackets escaped the look-up. */
static const char *bracketed(const char *id)
{
	static char store[64 << 10];
	static size_t n;

	if (n + strlen(id) + 8 > sizeof(store))
		n = 0;
	char *ret = store + n;
	n += (size_t)snprintf(ret, sizeof(store) - n, "<%s>", id) + 1;
	return ret;
}

static void everything_for_people_is_looked_up(void **state)
{
	struct buf b;

	(void)state;
	put("refused", 1, NULL, bracketed, &b);
	assert_non_null(strstr(buf_cstr(&b), "<Result>"));
	assert_non_null(strstr(buf_cstr(&b), ": <Failure>\n"));
	assert_non_null(strstr(buf_cstr(&b), " [<sip_partner_not_allowed in sip.send>]\n"));
	assert_non_null(strstr(buf_cstr(&b), "<Likely causes, likeliest first:>\n  - <"));
	assert_non_null(
		strstr(buf_cstr(&b), "<ms-diagnostics 1005: <the destination domain cannot"));
	assert_non_null(strstr(buf_cstr(&b), "<pilar@litware.test -> "));
	buf_done(&b);
	put("rounds", 0, NULL, bracketed, &b);
	assert_non_null(
		strstr(buf_cstr(&b), "  send         50  <min>     0.400  <median>     0.500"));
	buf_done(&b);
}

static void progress(struct probe_result *r, unsigned count, bool unicode, const char *want)
{
	const struct sheet_style style = { .unicode = unicode };
	struct buf b;

	buf_init(&b, 1024);
	report_progress(&b, r, count, TS_MS(1250), &style, NULL);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void progress_names_what_runs(void **state)
{
	struct probe_result r = { 0 };

	(void)state;
	progress(&r, 1, false, "1.2 s");
	r.phases[PHASE_SIP_REGISTER].outcome = PHASE_RUNNING;
	r.phases[PHASE_XMPP_CONNECT].outcome = PHASE_OK;
	r.phases[PHASE_XMPP_TLS].outcome = PHASE_RUNNING;
	progress(&r, 1, false, "sip.register | xmpp.tls | 1.2 s");
	progress(&r, 1, true, "sip.register \xc2\xb7 xmpp.tls \xc2\xb7 1.2 s");
	r.rounds_done = 6;
	progress(&r, 50, false, "sip.register | xmpp.tls | round trip 7 of 50 | 1.2 s");
	r.rounds_done = 50;
	progress(&r, 50, false, "sip.register | xmpp.tls | 1.2 s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_gets_the_ancestors_five_lines),
		cmocka_unit_test(a_terminal_gets_signs_and_colours),
		cmocka_unit_test(long_lines_are_wrapped_and_commands_are_not),
		cmocka_unit_test(the_colons_stand_below_each_other_in_every_language),
		cmocka_unit_test(phases_are_bars_on_one_axis),
		cmocka_unit_test(without_room_for_bars_there_are_figures),
		cmocka_unit_test(a_bar_never_leaves_its_axis),
		cmocka_unit_test(evidence_is_named_only_where_there_is_some),
		cmocka_unit_test(everything_for_people_is_looked_up),
		cmocka_unit_test(progress_names_what_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
