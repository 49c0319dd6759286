/* --write-out: curl's manner, and a table of names. */
#include "report/write_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"

static void writes_both(
	const char *sample, const char *format, const char *want_out, const char *want_err)
{
	struct probe_result r;
	const struct report_run run = sample_run(sample_named(sample), &r);
	struct buf out, err;
	struct text why;

	buf_init(&out, SAMPLE_TEXT);
	buf_init(&err, SAMPLE_TEXT);
	assert_int_equal(write_out_check(slice_str(format), &why), 0);
	write_out_put(slice_str(format), &run, &out, &err);
	assert_string_equal(buf_cstr(&out), want_out);
	assert_string_equal(buf_cstr(&err), want_err);
	buf_done(&out);
	buf_done(&err);
}

static void writes(const char *sample, const char *format, const char *want)
{
	writes_both(sample, format, want, "");
}

static void names_are_replaced_and_the_rest_stays(void **state)
{
	(void)state;
	writes("success", "", "");
	writes("success", "plain { } text", "plain { } text");
	writes("success", "%{result}\\n", "Success\n");
	writes("success", "[%{proof}%{proof}]", "[answeredanswered]");
	writes("success", "100%% a\\tb\\rc\\\\n\\q\\", "100% a\tb\rc\\\n\\q\\");
	writes("success", "%{target} %{user} %{receiver}",
		"pool.litware.test pilar@litware.test adelany@contoso.test");
	writes("success", "%{sip_address} %{sip_transport} %{xmpp_address}",
		"192.0.2.1:5061 tls [2001:db8::2]:5222");
	writes("success", "%{sip_tls_version} %{xmpp_tls_version} %{sip_tls_cipher}",
		"TLSv1.3 TLSv1.2 TLS_AES_256_GCM_SHA384");
	writes("success", "%{started_at}", "2026-11-25T22:29:00.123456Z");
}

static void a_success_has_no_reason(void **state)
{
	(void)state;
	writes("success", "%{exit_status}<%{reason}%{phase}%{message}%{diagnosis}%{warnings}>",
		"0<>");
	writes("over-the-limit", "%{exit_status} %{result}", "4 Success");
	writes("unproved", "%{proof} %{sip_status} %{xmpp_address}", "accepted 0 ");
}

static void a_failure_has_one(void **state)
{
	(void)state;
	writes("refused", "%{exit_status} %{reason} %{phase} %{sip_status}",
		"1 sip_partner_not_allowed sip.send 403");
	writes("refused", "%{message}",
		"contoso.test is not an allowed partner of the gateway (403 Not An Allowed "
		"Partner, ms-diagnostics 1005).");
	writes("bounced", "%{xmpp_condition}", "remote-server-timeout");
	writes("no-connection", "%{warnings}", "dns_fallback");
}

/* As curl's time_*: each from the start of all. */
static void times_add_up(void **state)
{
	(void)state;
	writes("success", "%{time_sip_resolve} %{time_sip_connect} %{time_sip_tls}",
		"0.001500 0.001750 0.004000");
	writes("success", "%{time_answer} %{latency} %{time_cleanup}",
		"0.012536 0.012536 0.012936");
	writes("refused", "%{time_answer}", "0.000000");
}

static void onerror_ends_it_when_all_is_well(void **state)
{
	(void)state;
	writes("success", "a%{onerror}b", "a");
	writes("refused", "a%{onerror}b", "ab");
	writes("over-the-limit", "a%{onerror}b", "ab");
}

static void what_follows_can_go_to_standard_error(void **state)
{
	(void)state;
	writes_both("success", "a%{stderr}b%{proof}%{stdout}c", "ac", "banswered");
}

static void json_is_one_line(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(sample_put("refused", report_json_line, &b), 0);
	writes("refused", "%{json}", buf_cstr(&b));
	buf_done(&b);
}

static void peers_write_no_lines(void **state)
{
	(void)state;
	writes("hostile", "%{target}",
		"\"'\\<&>]]>{}|,=#;:%?...?not ok 1?# TYPE x???[31m??\x3f(???\xef\xbf\xbf\xc3\xa9");
}

static void what_cannot_be_written_is_refused(void **state)
{
	static const struct {
		const char *format, *why;
	} rows[] = {
		{ "%{resalt}", "unknown name `%{resalt}`; did you mean `%{result}`?" },
		{ "ok %{time_sip_tsl}", "unknown name `%{time_sip_tsl}`; did you mean "
					"`%{time_sip_tls}`?" },
		{ "%{xyzzy}", "unknown name `%{xyzzy}`" },
		{ "%{}", "unknown name `%{}`" },
		{ "%{Result}", "unknown name `%{Result}`; did you mean `%{result}`?" },
		{ "%{result", "a `%{` has no `}`" },
		{ "100%", "a single `%` is written as `%%`" },
		{ "%x", "a single `%` is written as `%%`" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text why;
		struct buf b;

		assert_int_equal(write_out_check(slice_str(rows[i].format), &why), ERR_SYNTAX);
		buf_init(&b, 1024);
		text_put(&b, &why, NULL);
		assert_string_equal(buf_cstr(&b), rows[i].why);
		buf_done(&b);
	}
}

static void every_name_is_one_and_every_phase_has_its_time(void **state)
{
	unsigned times = 0;

	(void)state;
	for (size_t i = 0; i < write_out_count(); i++) {
		const struct write_out_name n = write_out_at(i);

		times += strncmp(n.name, "time_", 5) == 0;
		assert_int_equal(n.what[strlen(n.what) - 1], '.');
		for (size_t k = i + 1; k < write_out_count(); k++)
			assert_string_not_equal(n.name, write_out_at(k).name);
	}
	assert_int_equal(times, PHASE_COUNT);
	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		char format[64];
		struct text why;

		snprintf(format, sizeof(format), "%%{time_%s}", phase_name((enum probe_phase)i));
		if (strchr(format, '.'))
			*strchr(format, '.') = '_';
		assert_int_equal(write_out_check(slice_str(format), &why), 0);
	}
}

static const char *manual_page(void)
{
	static char page[64 << 10];
	FILE *from = fopen(TEST_DATA "/../../doc/stox-test.1", "r");

	assert_non_null(from);
	page[fread(page, 1, sizeof(page) - 1, from)] = '\0';
	fclose(from);
	return page;
}

/* The manual page lists the table, in its order and its words. */
static void the_manual_page_has_every_name(void **state)
{
	(void)state;
	const char *at = strstr(manual_page(), "\n.It Li %{");
	for (size_t i = 0; i < write_out_count(); i++) {
		const struct write_out_name n = write_out_at(i);
		char want[200];

		snprintf(want, sizeof(want), "\n.It Li %%{%s}\n%s", n.name, n.what);
		assert_non_null(at);
		if (strncmp(at, want, strlen(want)) != 0)
			fail_msg("%s\nis not at\n%.100s", want, at);
		at = strstr(at + 1, "\n.It Li %{");
	}
	assert_null(at);
}

static void the_manual_page_has_every_form(void **state)
{
	(void)state;
	const char *at = strstr(manual_page(), "\n.Sh FORMS\n");
	for (size_t i = 0; i < n_report_formats; i++) {
		char want[64];

		at = at ? strstr(at + 1, "\n.It Cm ") : NULL;
		snprintf(want, sizeof(want), "\n.It Cm %s\n", report_formats[i].name);
		if (!at || strncmp(at, want, strlen(want)) != 0)
			fail_msg("%s is not in its place", report_formats[i].name);
	}
	assert_true(at && !strstr(at + 1, "\n.It Cm "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_replaced_and_the_rest_stays),
		cmocka_unit_test(a_success_has_no_reason),
		cmocka_unit_test(a_failure_has_one),
		cmocka_unit_test(times_add_up),
		cmocka_unit_test(onerror_ends_it_when_all_is_well),
		cmocka_unit_test(what_follows_can_go_to_standard_error),
		cmocka_unit_test(json_is_one_line),
		cmocka_unit_test(peers_write_no_lines),
		cmocka_unit_test(what_cannot_be_written_is_refused),
		cmocka_unit_test(every_name_is_one_and_every_phase_has_its_time),
		cmocka_unit_test(the_manual_page_has_every_name),
		cmocka_unit_test(the_manual_page_has_every_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
