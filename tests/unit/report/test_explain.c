#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"

static void a_reason_is_explained_with_its_commands(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	report_reason(&b, REASON_TLS_CERT_EXPIRED, NULL, NULL);
	assert_non_null(
		strstr(buf_cstr(&b), "tls_cert_expired: The server's certificate has expired."));
	assert_non_null(strstr(buf_cstr(&b), "In phase: sip.tls, xmpp.tls"));
	assert_non_null(strstr(buf_cstr(&b), "$ openssl s_client -connect ADDRESS"));
	buf_clear(&b);
	report_reason_markdown(&b, REASON_TLS_CERT_EXPIRED);
	assert_true(slice_starts(buf_slice(&b), SLICE("## `tls_cert_expired`\n\n")));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reason_is_explained_with_its_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
