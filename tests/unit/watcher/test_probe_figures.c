/* What /probe answers, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "watcher/probe_figures.h"

#define HEAD(name, help) "# HELP " name " " help "\n# TYPE " name " gauge\n"
#define LIMIT                                                                                      \
	HEAD("probe_timeout_seconds", "How long the probe was allowed to take.")                   \
	"probe_timeout_seconds 9.500000\n"
#define SUCCESS(n) HEAD("probe_success", "Whether the probe succeeded.") "probe_success " n "\n"
#define TOOK                                                                                       \
	HEAD("probe_duration_seconds", "How long the probe took.")                                 \
	"probe_duration_seconds 0.250000\n"
#define FAILURE(labels)                                                                            \
	HEAD("probe_failure_info", "Where and why the probe failed.")                              \
	"probe_failure_info{" labels "} 1\n"
#define LOOKUP                                                                                     \
	HEAD("probe_dns_lookup_time_seconds", "Time taken to find the server.")                    \
	"probe_dns_lookup_time_seconds 0.001000\n"
#define FAMILY                                                                                     \
	HEAD("probe_ip_protocol", "IP version of the connection: 4 or 6.") "probe_ip_protocol 4\n"
#define PHASE(side, phase, time) "probe_" side "_duration_seconds{phase=\"" phase "\"} " time "\n"

static void answers(const struct probe_figures *f, const char *want)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	assert_int_equal(probe_figures_put(&b, f), 0);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static struct sweep_row row_of(enum sweep_kind kind)
{
	return (struct sweep_row){ .kind = kind,
		.addr = { .family = 4 },
		.outcome = SWEEP_OK,
		.reached = SWEEP_ANSWER,
		.took = { 1000, 2000, 0, 4000 } };
}

static void a_server_that_answers(void **state)
{
	struct sweep_row rows[2] = { row_of(SWEEP_SIP_TCP), row_of(SWEEP_SIPS_TCP) };
	const struct sweep_result r = { .n_rows = 2, .rows = rows };
	const struct probe_figures f = {
		.has_passed = true, .took = TS_MS(250), .timeout = TS_MS(9500), .sweep = &r
	};

	(void)state;
	rows[1].used = true;
	rows[1].took[SWEEP_TLS] = 3000;
	rows[1].sip_status = 200;
	rows[1].tls = (struct tls_facts){ .version = "TLSv1.3",
		.n_certs = 2,
		.certs = { { .not_after = 9 }, { .not_after = 7 } } };
	answers(&f,
		LIMIT SUCCESS("1") TOOK LOOKUP FAMILY HEAD("probe_sip_duration_seconds",
			"Duration of each step.") PHASE("sip", "resolve", "0.001000") PHASE("sip",
			"connect", "0.002000") PHASE("sip", "tls", "0.003000") PHASE("sip",
			"answer", "0.004000") HEAD("probe_sip_status_code",
			"Status of the answer to the OPTIONS.") "probe_sip_status_code 200\n" HEAD("probe_ssl_earliest_cert_expiry",
			"Earliest end of a certificate of the chain, in seconds since "
			"1970.") "probe_ssl_earliest_cert_expiry 7\n" HEAD("probe_tls_"
									   "version_"
									   "info",
			"TLS version of the connection.") "probe_tls_version_info{"
							  "version=\"TLS 1.3\"} 1\n");
}

static void one_that_refuses(void **state)
{
	struct sweep_row row = row_of(SWEEP_XMPP_CLIENT);
	const struct sweep_result r = { .n_rows = 1, .rows = &row };
	const struct probe_figures f = { .reason = REASON_TCP_REFUSED,
		.took = TS_MS(250),
		.timeout = TS_MS(9500),
		.sweep = &r };

	(void)state;
	row.outcome = SWEEP_FAILED;
	row.reached = SWEEP_CONNECT;
	answers(&f, LIMIT SUCCESS("0") TOOK FAILURE("phase=\"connect\",reason=\"tcp_refused\"")
			    LOOKUP FAMILY HEAD("probe_xmpp_duration_seconds",
				    "Duration of each step.") PHASE("xmpp", "resolve", "0.001000")
				    PHASE("xmpp", "connect", "0.002000"));
}

static void one_that_did_not_begin(void **state)
{
	const struct probe_figures f = {
		.reason = REASON_LOCAL_BUSY, .took = TS_MS(250), .timeout = TS_MS(9500)
	};

	(void)state;
	answers(&f, LIMIT SUCCESS("0") TOOK FAILURE("phase=\"\",reason=\"local_busy\""));
}

static void a_test_has_no_labels_of_its_own(void **state)
{
	static struct probe_result r = { .success = true, .latency = 250000 };
	const struct probe_figures f = { .has_passed = true, .timeout = TS_MS(9500), .test = &r };
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	assert_int_equal(probe_figures_put(&b, &f), 0);
	assert_true(slice_find(buf_slice(&b), SLICE("\nprobe_success 1\n")) != SIZE_MAX);
	assert_true(slice_find(buf_slice(&b), SLICE("\nprobe_duration_seconds 0.250000\n")) !=
		    SIZE_MAX);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_answers),
		cmocka_unit_test(one_that_refuses),
		cmocka_unit_test(one_that_did_not_begin),
		cmocka_unit_test(a_test_has_no_labels_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
