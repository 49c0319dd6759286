/* The page: everything is in it, nothing of a peer is more than text, nothing is fetched. */
#include <openssl/evp.h>

#include "base/str.h"
#include "traced.h"

static void every_message_has_its_arrow_and_its_text(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	const char *page = traced_write(&f, trace_html);
	assert_int_equal(traced_count(page, "<g class=\"arrow\">"), 4);
	assert_int_equal(traced_count(page, "<details>"), 4);
	assert_int_equal(traced_count(page, "</details>"), 4);
	assert_int_equal(traced_count(page, "<pre>REGISTER sip:litware.test SIP/2.0\nCSeq: 1 "
					    "REGISTER</pre>"),
		1);
	assert_non_null(strstr(page, "403 Forbidden (REGISTER)</span>"));
	assert_non_null(strstr(page, "&lt;challenge&gt;</span>"));
	assert_non_null(strstr(page, "tls 192.0.2.1:40001 &rarr; 192.0.2.2:5061"));
	assert_non_null(strstr(page, "tls [::2]:5222 &rarr; [::1]:40002"));
	/* Times, and those between messages; none where nothing passed. */
	assert_non_null(strstr(page, "<b>2.000</b><i>+1.300</i>"));
	traced_end(&f);
}

static void the_verdict_stands_on_top_and_in_its_place(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	const char *page = traced_write(&f, trace_html);
	assert_non_null(strstr(page, "<title>Failure: sip_forbidden in sip.register - "
				     "pool.litware.test</title>"));
	assert_non_null(strstr(page, "<html lang=\"en\">"));
	const char *verdict = strstr(page, "</svg>Failure</h1>"),
		   *said = strstr(page, "the pool says no"),
		   *next = strstr(page, "What to do next"),
		   *ladder = strstr(page, "class=\"lanes\""),
		   *stop = strstr(
			   page, "Failure: sip_forbidden in sip.register, 2.000&nbsp;ms</li>"),
		   *cleanup = strstr(page, "<b>cleanup</b>"),
		   *evidence = strstr(page, "SIP/2.0 403 Forbidden\n</pre>");
	assert_true(verdict && said > verdict && next > said && ladder > next && stop > ladder &&
		    cleanup > stop && evidence > cleanup);
	assert_non_null(strstr(page, "2026-11-26T00:40:33.528125Z"));
	traced_end(&f);
}

static void a_success_has_no_diagnosis(void **state)
{
	struct traced f;

	(void)state;
	traced_begin(&f);
	f.result.success = true;
	f.result.proof = PROOF_ANSWERED;
	f.result.latency = 8501;
	const char *page = traced_write(&f, trace_html);
	assert_non_null(strstr(page, "<title>Success - pool.litware.test</title>"));
	assert_non_null(strstr(page, "<dd>00:00:00.0085010</dd>"));
	assert_non_null(strstr(page, "<dd>answered</dd>"));
	assert_null(strstr(page, "Diagnosis"));
	assert_null(strstr(page, "Evidence"));
	assert_null(strstr(page, "limit"));
	f.run.max_latency = 8500;
	page = traced_write(&f, trace_html);
	assert_non_null(strstr(page, "is over the limit of"));
	traced_end(&f);
}

static void phases_are_bands_with_names(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	const char *page = traced_write(&f, trace_html);
	assert_non_null(strstr(page, "<span class=\"cap sip\"><b>sip.register</b> 1.500&nbsp;ms "
				     "<span class=\"no\">failed</span> <span>tls "
				     "192.0.2.2:5061</span></span>"));
	assert_non_null(strstr(page, "<b>xmpp.auth</b> 2.000&nbsp;ms <span class=\"\">stopped"));
	/* What was not needed is told in the table of phases only. */
	assert_null(strstr(page, "<b>xmpp.resolve</b>"));
	assert_true(traced_count(page, "<rect class=\"b4\"") +
			    traced_count(page, "<rect class=\"b5\"") >=
		    3);
	traced_end(&f);
}

/* Whatever stands in a message, an address, a sentence of a server. */
static void nothing_of_a_peer_is_more_than_text(void **state)
{
	static const char evil[] = "</pre></script><script>alert(1)</script><img src=x "
				   "onerror='a()'>\" style=\"x\" &amp; \x1b[31m\xe2\x80\xae";
	struct traced f;
	char text[1024];

	(void)state;
	traced_refused(&f);
	snprintf(text, sizeof(text), "SIP/2.0 200 %s\r\nCSeq: 1 %s\r\n\r\n%s", evil, evil, evil);
	traced_message(&f, 2100, SIDE_SIP, false, text);
	snprintf(text, sizeof(text), "<message to='%s'>%s</message>", evil, evil);
	traced_message(&f, 2100, SIDE_XMPP, false, text);
	snprintf(f.result.receiver, sizeof(f.result.receiver), "%.200s", evil);
	snprintf(f.result.target_fqdn, sizeof(f.result.target_fqdn), "%.200s", evil);
	snprintf(
		f.result.evidence.sip_reason, sizeof(f.result.evidence.sip_reason), "%.100s", evil);
	f.result.message = TEXT("{1}", text_str(evil));
	f.result.n_notes = 1;
	f.result.notes[0].text = TEXT("{1}", text_str(evil));
	f.result.phases[PHASE_SIP_REGISTER].detail = TEXT("{1}", text_str(evil));
	const char *page = traced_write(&f, trace_html);
	assert_true(traced_count(page, "alert(1)") >= 8);
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "\" style=\"x\""));
	assert_null(strchr(page, '\x1b'));
	assert_null(strstr(page, "\xe2\x80\xae"));
	assert_non_null(strstr(page, "\\x1b[31m\\u202e"));
	assert_int_equal(traced_count(page, "<g class=\"arrow\">"), 6);
	assert_int_equal(traced_count(page, "</pre>"), 6 + 1 /* the evidence */);
	traced_end(&f);
}

/* The policy names the style by its hash: a style that is not ours does nothing. */
static void the_policy_allows_the_page_s_own_style_only(void **state)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n;
	struct traced f;
	struct buf want;

	(void)state;
	traced_refused(&f);
	const char *page = traced_write(&f, trace_html), *style = strstr(page, "<style>") + 7;
	const size_t length = (size_t)(strstr(style, "</style>") - style);
	assert_int_equal(EVP_Digest(style, length, hash, &n, EVP_sha256(), NULL), 1);
	buf_init(&want, 256);
	buf_puts(&want, "content=\"default-src 'none'; style-src 'sha256-");
	base64_put(&want, slice_of(hash, n));
	buf_puts(&want, "'; base-uri 'none'; form-action 'none'\">");
	assert_non_null(strstr(page, buf_cstr(&want)));
	assert_null(strstr(page, " style="));
	assert_null(strstr(page, "http://"));
	assert_null(strstr(page, "https://"));
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, "@import"));
	assert_null(strstr(page, " src="));
	buf_done(&want);
	traced_end(&f);
}

static void what_is_missing_is_said_where_it_was(void **state)
{
	struct probe_event ev = traced_event(1900, SIDE_SIP, true, SLICE("A sip:a SIP/2.0"));
	struct traced f;

	(void)state;
	traced_refused(&f);
	ev.left_out = 17;
	ev.unfinished = true;
	trace_push(f.t, &ev);
	trace_push(f.t, &(struct probe_event){ .type = PROBE_EV_DONE, .left_out = 4 });
	const char *page = traced_write(&f, trace_html);
	const char *gap = strstr(page, "17 messages left out"), *a = strstr(page, "A sip:a</span>"),
		   *end = strstr(page, "4 messages left out");
	assert_true(gap && a > gap && end > a);
	assert_non_null(strstr(page, "21 messages found no room."));
	assert_non_null(strstr(page, "it came to no end"));
	traced_end(&f);
}

static void a_silence_is_seen(void **state)
{
	struct traced f;

	(void)state;
	traced_begin(&f);
	traced_phase(&f, 0, PHASE_DELIVER, PHASE_RUNNING);
	traced_message(&f, 100, SIDE_SIP, true, "A sip:a SIP/2.0");
	traced_phase(&f, TS_S(3), PHASE_DELIVER, PHASE_FAILED);
	f.result.reason = REASON_IM_NOT_DELIVERED;
	f.result.phase = PHASE_DELIVER;
	f.result.latency = TS_S(3);
	const char *page = traced_write(&f, trace_html);
	assert_int_equal(traced_count(page, "3.0 s of silence"), 1);
	/* It belongs to the phase that was awaited. */
	const char *row = strstr(page, "<li class=\"row wait\">");
	assert_true(row && strstr(row, "<rect class=\"b2\"") < strstr(row, "</li>"));
	traced_end(&f);
}

/* A reader's language: the words are looked up, identifiers are not. */
static const char *shout(const char *id)
{
	return strcmp(id, "en") == 0 ? "de" : strcmp(id, "pool") == 0 ? "PFUHL" : id;
}

static void words_are_looked_up(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	f.run.look_up = shout;
	const char *page = traced_write(&f, trace_html);
	assert_non_null(strstr(page, "<html lang=\"de\">"));
	assert_non_null(strstr(page, "<b>PFUHL</b>"));
	traced_end(&f);
}

static void memory_may_run_out(void **state)
{
	(void)state;
	traced_without_memory(trace_html);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_has_its_arrow_and_its_text),
		cmocka_unit_test(the_verdict_stands_on_top_and_in_its_place),
		cmocka_unit_test(a_success_has_no_diagnosis),
		cmocka_unit_test(phases_are_bands_with_names),
		cmocka_unit_test(nothing_of_a_peer_is_more_than_text),
		cmocka_unit_test(the_policy_allows_the_page_s_own_style_only),
		cmocka_unit_test(what_is_missing_is_said_where_it_was),
		cmocka_unit_test(a_silence_is_seen),
		cmocka_unit_test(words_are_looked_up),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
