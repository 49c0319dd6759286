/* The table of forms, and what all forms share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "report/private.h"
#include "samples.h"

static void every_form_is_found_by_its_name(void **state)
{
	static const char *const names[] = { "text", "json", "junit", "tap", "nagios", "prometheus",
		"cloudprober" };

	(void)state;
	assert_int_equal(n_report_formats, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_string_equal(report_formats[i].name, names[i]);
		assert_ptr_equal(report_format_find(slice_str(names[i])), &report_formats[i]);
	}
	assert_null(report_format_find(SLICE("xml")));
	assert_null(report_format_find(SLICE("JSON")));
	assert_null(report_format_find(SLICE("")));
}

static void every_sample_has_its_exit_statuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		struct probe_result r;
		const struct report_run run = sample_run(&samples[i], &r);

		if (report_exit_status(&run) != samples[i].exit_status ||
			report_plugin_status(&run) != samples[i].plugin_status)
			fail_msg("%s: %d and %d", samples[i].name, report_exit_status(&run),
				report_plugin_status(&run));
	}
}

static void the_limit_is_exceeded_from_one_microsecond_on(void **state)
{
	struct probe_result r = { .success = true, .latency = 5000 };
	struct report_run run = { .result = &r, .max_latency = 5000 };

	(void)state;
	assert_int_equal(report_exit_status(&run), 0);
	r.latency++;
	assert_int_equal(report_exit_status(&run), 4);
	run.max_latency = 0;
	assert_int_equal(report_exit_status(&run), 0);
	/* A failure is a failure, however long it took. */
	run.max_latency = 1;
	r.success = false;
	r.reason = REASON_IM_LATE;
	assert_int_equal(report_exit_status(&run), 1);
}

/* The sign-ins are done once: they would hide how long one message takes. */
static void of_several_round_trips_the_slowest_counts(void **state)
{
	struct probe_result r = {
		.success = true, .latency = TS_S(60), .round = { .n = 9, .min = 1, .max = 4000 }
	};
	struct report_run run = { .result = &r, .max_latency = 4000 };

	(void)state;
	assert_int_equal(report_exit_status(&run), 0);
	run.max_latency = 3999;
	assert_int_equal(report_exit_status(&run), 4);
}

/* Nothing of a peer may end a line or speak to a terminal, whatever the form. */
static void every_form_is_clean_utf8_whatever_peers_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_report_formats * COUNT(samples); i++) {
		const struct report_format *f = &report_formats[i / COUNT(samples)];
		struct probe_result r;
		struct report_run run = sample_run(&samples[i % COUNT(samples)], &r);
		struct buf b;

		run.verbosity = 2;
		buf_init(&b, SAMPLE_TEXT);
		assert_int_equal(f->put(&b, &run), 0);
		assert_true(utf8_valid(buf_slice(&b), NULL));
		for (size_t k = 0; k < buf_len(&b); k++)
			if (buf_slice(&b).p[k] < ' ' && buf_slice(&b).p[k] != '\n')
				fail_msg("%s of %s", f->name, samples[i % COUNT(samples)].name);
		assert_true(slice_ends(buf_slice(&b), SLICE("\n")));
		buf_done(&b);
	}
}

static void a_form_that_does_not_fit_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_report_formats; i++) {
		struct probe_result r;
		const struct report_run run = sample_run(sample_named("refused"), &r);
		struct buf b;

		buf_init(&b, 50);
		assert_int_equal(report_formats[i].put(&b, &run), -EMSGSIZE);
		buf_done(&b);
	}
}

static void text_names_the_limit_that_was_exceeded(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(sample_put("over-the-limit", report_text, &b), 0);
	assert_non_null(strstr(buf_cstr(&b),
		"Limit         : The latency of 0.012536 s is over the limit of 0.010000 s.\n"));
	buf_done(&b);
	assert_int_equal(sample_put("under-the-limit", report_text, &b), 0);
	assert_null(strstr(buf_cstr(&b), "Limit"));
	buf_done(&b);
}

static void a_cause_begins_as_a_sentence_and_a_name_as_it_is(void **state)
{
	static const struct {
		const char *clause, *want;
	} rows[] = {
		{ "the server {1} is silent", "The server pool.test is silent. It failed." },
		{ "{1} is silent", "pool.test is silent. It failed." },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 512);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_result r = { .message = TEXT_PLAIN("It failed."), .n_notes = 1 };
		const struct report_run run = { .result = &r };

		r.notes[0].is_cause = true;
		r.notes[0].text = TEXT(rows[i].clause, text_str("pool.test"));
		buf_clear(&b);
		report_put_message(&b, &run);
		assert_string_equal(buf_cstr(&b), rows[i].want);
	}
	buf_done(&b);
}

/* The first commands of a reason, filled in. */
static void shows_commands_of(struct report_run *run, struct probe_result *r, enum reason reason,
	const char *const want[])
{
	const struct reason_info *info = reason_info(reason);
	struct buf b;

	r->reason = reason;
	buf_init(&b, 4096);
	for (size_t i = 0; want[i]; i++) {
		buf_clear(&b);
		report_put_command(&b, run, info->next[i].command);
		assert_string_equal(buf_cstr(&b), want[i]);
	}
	buf_done(&b);
}

static void shows_commands(struct probe_result *r, enum reason reason, const char *const want[])
{
	struct report_run run = { .result = r };

	shows_commands_of(&run, r, reason, want);
}

/* openssl knows a client's stream and a server's; direct TLS has neither. */
static void commands_know_which_stream_begins_with_starttls(void **state)
{
	struct probe_result r = { .receiver = "adelany@contoso.test",
		.phase = PHASE_XMPP_TLS,
		.phases[PHASE_XMPP_CONNECT].transport = TRANSPORT_TCP,
		.evidence.address = { .family = 6, .port = 5269, .ip = { [15] = 1 } } };
	struct report_run run = { .result = &r };

	(void)state;
	shows_commands_of(&run, &r, REASON_TLS_NOT_OFFERED,
		(const char *[]){ "openssl s_client -connect [::1]:5269 -starttls xmpp "
				  "-xmpphost contoso.test",
			NULL });
	run.between_servers = true;
	shows_commands_of(&run, &r, REASON_TLS_NOT_OFFERED,
		(const char *[]){ "openssl s_client -connect [::1]:5269 -starttls xmpp-server "
				  "-xmpphost contoso.test",
			NULL });
	shows_commands_of(&run, &r, REASON_XMPP_DOWNGRADE,
		(const char *[]){ "openssl s_client -connect [::1]:5269 -servername contoso.test "
				  "-starttls xmpp-server -xmpphost contoso.test",
			NULL });
	r.phases[PHASE_XMPP_CONNECT].transport = TRANSPORT_TLS;
	shows_commands_of(&run, &r, REASON_XMPP_DOWNGRADE,
		(const char *[]){
			"openssl s_client -connect [::1]:5269 -servername contoso.test", NULL });
}

static void commands_know_the_side_that_failed(void **state)
{
	struct probe_result r = { .target_fqdn = "pool.litware.test",
		.receiver = "adelany@contoso.test",
		.phase = PHASE_SIP_TLS,
		.evidence.address = { .family = 6, .port = 5061, .ip = { [15] = 1 } } };

	(void)state;
	shows_commands(&r, REASON_TLS_HANDSHAKE_FAILED,
		(const char *[]){
			"openssl s_client -connect [::1]:5061 -servername pool.litware.test",
			NULL });
	shows_commands(&r, REASON_TLS_EXPECTED,
		(const char *[]){ "stox test --registrar 'sip:[::1]:5061;transport=tls'", NULL });
	r.phase = PHASE_XMPP_TLS;
	r.phases[PHASE_XMPP_CONNECT].transport = TRANSPORT_TCP;
	shows_commands(&r, REASON_TLS_HANDSHAKE_FAILED,
		(const char *[]){ "openssl s_client -connect [::1]:5061 -servername contoso.test "
				  "-starttls xmpp -xmpphost contoso.test",
			NULL });
	r.phases[PHASE_XMPP_CONNECT].transport = TRANSPORT_TLS;
	shows_commands(&r, REASON_TLS_HANDSHAKE_FAILED,
		(const char *[]){
			"openssl s_client -connect [::1]:5061 -servername contoso.test", NULL });
}

/* What is typed next is about the same configuration. */
static void commands_of_ours_name_the_configuration(void **state)
{
	struct probe_result r = { .target_fqdn = "pool.litware.test", .phase = PHASE_SIP_SEND };
	struct report_run run = { .result = &r, .config = "lab/stox.yaml" };
	const struct report_caller caller = { "stox check pool", " --config " };

	(void)state;
	shows_commands_of(&run, &r, REASON_SIP_PARTNER_NOT_ALLOWED,
		(const char *[]){ "stox gateway --config lab/stox.yaml --check",
			"systemctl reload stox-gateway", NULL });
	shows_commands_of(&run, &r, REASON_SIP_UNPARSABLE,
		(const char *[]){ "stox test --config lab/stox.yaml -vv", NULL });
	run.config = "it's my.yaml";
	shows_commands_of(&run, &r, REASON_SIP_UNPARSABLE,
		(const char *[]){ "stox test --config 'it'\\''s my.yaml' -vv", NULL });
	run.config = "lab/stox.yaml";
	run.caller = &caller;
	shows_commands_of(&run, &r, REASON_SIP_UNPARSABLE,
		(const char *[]){
			"stox check pool pool.litware.test --config lab/stox.yaml -vv", NULL });
}

/* The name is what a zone says. */
static void no_name_brings_a_command_of_its_own(void **state)
{
	static const char *const names[] = { "a;reboot.test", "$(reboot).test", "a b.test", "a`b",
		"'a", "a|b", "a\nb" };
	struct probe_result r = { .phase = PHASE_SIP_RESOLVE,
		.evidence = { .has_dns = true, .dns_type = DNS_A } };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		slice_cstr(slice_str(names[i]), r.evidence.dns_name, sizeof(r.evidence.dns_name));
		shows_commands(&r, REASON_DNS_NXDOMAIN,
			(const char *[]){ "dig @DNS_SERVER DNS_NAME A", NULL });
	}
	slice_cstr(SLICE("_sip._tcp.caf\xc3\xa9-1.test"), r.evidence.dns_name,
		sizeof(r.evidence.dns_name));
	shows_commands(&r, REASON_DNS_NXDOMAIN,
		(const char *[]){ "dig @DNS_SERVER _sip._tcp.caf\xc3\xa9-1.test A", NULL });
}

/* What a shell would take for its own stands in quotes in every command: a semicolon above all. */
static void every_command_is_one_word_after_the_other(void **state)
{
	(void)state;
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++)
		for (size_t k = 0; k < REASON_STEPS_MAX; k++) {
			const char *c = reason_info((enum reason)i)->next[k].command;
			bool quoted = false;

			for (; c && *c; c++) {
				quoted ^= *c == '\'';
				if (!quoted && strchr(";&$`*?(){}", *c) && c[1] != ' ')
					fail_msg("%s: %s", reason_id((enum reason)i), c);
			}
			assert_false(quoted);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_found_by_its_name),
		cmocka_unit_test(every_sample_has_its_exit_statuses),
		cmocka_unit_test(the_limit_is_exceeded_from_one_microsecond_on),
		cmocka_unit_test(of_several_round_trips_the_slowest_counts),
		cmocka_unit_test(every_form_is_clean_utf8_whatever_peers_say),
		cmocka_unit_test(a_form_that_does_not_fit_says_so),
		cmocka_unit_test(text_names_the_limit_that_was_exceeded),
		cmocka_unit_test(a_cause_begins_as_a_sentence_and_a_name_as_it_is),
		cmocka_unit_test(commands_know_the_side_that_failed),
		cmocka_unit_test(commands_of_ours_name_the_configuration),
		cmocka_unit_test(commands_know_which_stream_begins_with_starttls),
		cmocka_unit_test(no_name_brings_a_command_of_its_own),
		cmocka_unit_test(every_command_is_one_word_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
