/* The environment of a program that is told of a notice. */
#include "notices.h"

/* One a line. */
static char *form(const struct deliver_notice *n)
{
	struct buf b;
	char *ret;

	buf_init(&b, FORM_BYTES_MAX);
	form_put_environment(&b, n, NULL);
	assert_int_equal(buf_err(&b), 0);
	for (size_t i = 0; i < buf_len(&b); i++)
		if (b.p[i] == '\0')
			b.p[i] = '\n';
	ret = mem_strdup(buf_cstr(&b));
	buf_done(&b);
	return ret;
}

static void all_that_a_script_needs_is_in_it(void **state)
{
	const struct deliver_notice n = sample_resolved();
	char *got = form(&n), want[1000];

	(void)state;
	snprintf(want, sizeof(want),
		"STOX_ALERT_KIND=resolved\n"
		"STOX_ALERT_STATE=RESOLVED\n"
		"STOX_ALERT_SEVERITY=critical\n"
		"STOX_ALERT_SUMMARY=contoso.test can be reached from pool.litware.test again.\n"
		"STOX_ALERT_TEST=litware/contoso.test/to\n"
		"STOX_ALERT_POOL=pool.litware.test\n"
		"STOX_ALERT_PARTNER=contoso.test\n"
		"STOX_ALERT_DIRECTION=to\n"
		"STOX_ALERT_REASON=tcp_refused\n"
		"STOX_ALERT_MESSAGE=192.0.2.1 port 5269: connection refused\n"
		"STOX_ALERT_SINCE=2026-11-30T00:01:07.000000Z\n"
		"STOX_ALERT_UNTIL=2026-11-30T05:17:07.000000Z\n"
		"STOX_ALERT_RUN=https://watch.litware.test/runs/42\n"
		"STOX_ALERT_LOCATION=paris-dc1\n"
		"STOX_ALERT_FINGERPRINT=%016llx\n",
		(unsigned long long)form_fingerprint(&n));
	assert_string_equal(got, want);
	mem_free(got);
}

static void what_is_not_there_is_empty(void **state)
{
	struct deliver_notice n = sample_notice();
	char *got;

	(void)state;
	n.is_trial = true;
	n.incident = (struct incident){ .begin_at = 0 };
	n.direction = SENTENCE_ALONE;
	n.run_url = SLICE_NONE;
	got = form(&n);
	assert_non_null(strstr(got, "STOX_ALERT_KIND=trial\n"));
	assert_non_null(strstr(got, "STOX_ALERT_DIRECTION=\n"));
	assert_non_null(strstr(got, "STOX_ALERT_REASON=\n"));
	assert_non_null(strstr(got, "STOX_ALERT_SINCE=\nSTOX_ALERT_UNTIL=\nSTOX_ALERT_RUN=\n"));
	mem_free(got);
}

static void a_value_stays_one(void **state)
{
	const struct deliver_notice n = sample_hostile();
	char *got = form(&n);
	unsigned lines = 0;

	(void)state;
	for (char *line = got, *next; *line; line = next) {
		next = strchr(line, '\n') + 1;
		assert_memory_equal(line, "STOX_ALERT_", strlen("STOX_ALERT_"));
		lines++;
	}
	assert_int_equal(lines, 15);
	mem_free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_script_needs_is_in_it),
		cmocka_unit_test(what_is_not_there_is_empty),
		cmocka_unit_test(a_value_stays_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
