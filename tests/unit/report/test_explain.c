#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static void each_warning_is_explained(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	for (unsigned i = 0; i < NOTE_COUNT; i++) {
		char head[64], command[96];

		snprintf(head, sizeof(head), "%s: ", note_id((enum note)i));
		snprintf(command, sizeof(command), "  $ stox test --accept %s\n",
			note_id((enum note)i));
		buf_clear(&b);
		report_warning(&b, (enum note)i, NULL, NULL);
		assert_true(slice_starts(buf_slice(&b), slice_str(head)));
		assert_non_null(strstr(buf_cstr(&b), command));
		assert_non_null(strstr(buf_cstr(&b), note_meaning((enum note)i)));
	}
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reason_is_explained_with_its_commands),
		cmocka_unit_test(each_warning_is_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
