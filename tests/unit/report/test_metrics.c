/* Figures in Prometheus' text format and as lines for cloudprober. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"

#define WHO                                                                                        \
	"target=\"pool.litware.test\",user=\"pilar@litware.test\",receiver=\"adelany@contoso."     \
	"test\""

static void shows(const char *sample, report_fn *put, const char *want)
{
	struct buf b;

	assert_int_equal(sample_put(sample, put, &b), 0);
	if (!strstr(buf_cstr(&b), want))
		fail_msg("%s\nis not in\n%s", want, buf_cstr(&b));
	buf_done(&b);
}

static void shows_not(const char *sample, report_fn *put, const char *word)
{
	struct buf b;

	assert_int_equal(sample_put(sample, put, &b), 0);
	assert_null(strstr(buf_cstr(&b), word));
	buf_done(&b);
}

static void a_success_has_the_names_that_dashboards_know(void **state)
{
	static const char *const lines[] = {
		"probe_success{" WHO "} 1\n",
		"probe_duration_seconds{" WHO "} 0.012536\n",
		"probe_stox_proof_level{" WHO "} 3\n",
		"probe_stox_duration_seconds{" WHO ",phase=\"sip.register\"} 0.002600\n",
		"probe_dns_lookup_time_seconds{" WHO ",side=\"sip\"} 0.001500\n",
		"probe_ip_protocol{" WHO ",side=\"sip\"} 4\n",
		"probe_ip_protocol{" WHO ",side=\"xmpp\"} 6\n",
		"probe_ssl_earliest_cert_expiry{" WHO ",side=\"sip\"} 1800000000\n",
		"probe_tls_version_info{" WHO ",side=\"sip\",version=\"TLS 1.3\"} 1\n",
		"probe_tls_version_info{" WHO ",side=\"xmpp\",version=\"TLS 1.2\"} 1\n",
		"probe_tls_cipher_info{" WHO ",side=\"sip\",cipher=\"TLS_AES_256_GCM_SHA384\"} 1\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		shows("success", report_prometheus, lines[i]);
	/* What was not done is no figure of 0. */
	shows_not("success", report_prometheus, "phase=\"xmpp.resolve\"");
	shows_not("success", report_prometheus, "probe_failure_info");
	shows_not("success", report_prometheus, "probe_stox_latency_limit_seconds");
	shows_not("success", report_prometheus, "probe_stox_round");
	shows_not("success", report_prometheus, "probe_sip_status_code");
}

static void a_failure_has_its_reason_as_labels(void **state)
{
	(void)state;
	shows("refused", report_prometheus, "probe_success{" WHO "} 0\n");
	shows("refused", report_prometheus,
		"# TYPE probe_failure_info gauge\n"
		"probe_failure_info{" WHO
		",phase=\"sip.send\",reason=\"sip_partner_not_allowed\"} 1\n");
	shows("refused", report_prometheus, "probe_sip_status_code{" WHO "} 403\n");
	shows("no-connection", report_prometheus,
		"probe_stox_warning_info{" WHO ",warning=\"dns_fallback\"} 1\n");
	shows("expired", report_prometheus,
		"probe_ssl_earliest_cert_expiry{" WHO ",side=\"sip\"} 1800000000\n");
}

static void limits_and_rounds_are_figures(void **state)
{
	(void)state;
	shows("over-the-limit", report_prometheus,
		"probe_stox_latency_limit_seconds{" WHO "} 0.010000\n");
	shows("rounds", report_prometheus, "probe_stox_rounds{" WHO "} 50\n");
	shows("rounds", report_prometheus,
		"probe_stox_round_seconds{" WHO ",part=\"answer\",statistic=\"p95\"} 0.000800\n");
}

/* The name that a line is about, "# HELP " and "# TYPE " left out. */
static struct slice family_of(struct slice line)
{
	if (slice_starts(line, SLICE("# ")))
		line = slice_skip(line, 7);
	size_t n = 0;
	while (n < line.n && line.p[n] != ' ' && line.p[n] != '{')
		n++;
	return slice_cut(line, 0, n);
}

static void every_family_is_described_once_and_stays_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct slice seen[64], family = SLICE_NONE;
		size_t n_seen = 0;
		struct buf b;

		assert_int_equal(sample_put(samples[i].name, report_prometheus, &b), 0);
		for (struct slice rest = buf_slice(&b); rest.n;) {
			const struct slice line = slice_split(&rest, '\n');

			if (slice_starts(line, SLICE("# HELP "))) {
				family = family_of(line);
				for (size_t k = 0; k < n_seen; k++)
					assert_false(slice_eq(seen[k], family));
				assert_true(n_seen < COUNT(seen));
				seen[n_seen++] = family;
			}
			assert_true(slice_eq(family_of(line), family));
		}
		assert_true(n_seen > 3);
		buf_done(&b);
	}
}

static void label_values_are_escaped(void **state)
{
	(void)state;
	shows("hostile", report_prometheus,
		"target=\"\\\"'\\\\<&>]]>{}|,=#;:%?...?not ok 1?# TYPE x???[31m??");
}

static void cloudprober_gets_bare_lines(void **state)
{
	(void)state;
	shows("success", report_cloudprober,
		"probe_success 1.000000\nprobe_duration_seconds 0.012536\n");
	shows("success", report_cloudprober,
		"probe_stox_duration_seconds{phase=\"sip.register\"} 0.002600\n");
	shows("refused", report_cloudprober,
		"probe_failure_info{phase=\"sip.send\",reason=\"sip_partner_not_allowed\"} "
		"1.000000\n");
	shows_not("success", report_cloudprober, "#");
	shows_not("success", report_cloudprober, "target=");
	shows("hostile", report_cloudprober, "cipher=\"cut in the middle ?\"} 1.000000\n");
}

static void cloudprober_never_sees_a_brace_in_a_value(void **state)
{
	struct probe_result r;
	struct report_run run = sample_run(sample_named("success"), &r);
	struct buf b;

	(void)state;
	strcpy(r.tls[SIDE_SIP].cipher, "a}b{c\"d\\e");
	buf_init(&b, SAMPLE_TEXT);
	assert_int_equal(report_cloudprober(&b, &run), 0);
	assert_non_null(strstr(buf_cstr(&b), "cipher=\"a_b_c_d_e\"} 1.000000\n"));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_success_has_the_names_that_dashboards_know),
		cmocka_unit_test(a_failure_has_its_reason_as_labels),
		cmocka_unit_test(limits_and_rounds_are_figures),
		cmocka_unit_test(every_family_is_described_once_and_stays_together),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(cloudprober_gets_bare_lines),
		cmocka_unit_test(cloudprober_never_sees_a_brace_in_a_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
