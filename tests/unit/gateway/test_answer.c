/* Every decision in the words of both worlds: without a gateway. */
#include "gateway/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const char *fields(const struct verdict *v, const struct sip_msg *request)
{
	static char text[4096];
	struct buf b;

	buf_init(&b, sizeof(text) - 1);
	answer_put_fields(&b, v, request, "litware.test");
	assert_true(slice_cstr(buf_slice(&b), text, sizeof(text)));
	buf_done(&b);
	return text;
}

static void each_has_a_status_and_its_fields(void **state)
{
	static const struct {
		enum answer answer;
		int status;
		const char *reason, *fields;
	} cases[] = {
		{ ANSWER_STREAM_DOWN, 504, "XMPP Server Not Connected",
			"Reason: SIP;cause=503;text=\"XMPP Server Not Connected\"\r\n"
			"ms-diagnostics: 1007;source=\"litware.test\";"
			"reason=\"Temporarily cannot route\"\r\n" },
		{ ANSWER_STREAM_REFUSED, 504, "XMPP Server Refuses The Secret",
			"Reason: SIP;cause=503;text=\"XMPP Server Refuses The Secret\"\r\n"
			"ms-diagnostics: 1007;source=\"litware.test\";"
			"reason=\"Temporarily cannot route\"\r\n" },
		{ ANSWER_STOPPING, 503, "Gateway Is Stopping",
			"ms-diagnostics: 1007;source=\"litware.test\";"
			"reason=\"Temporarily cannot route\"\r\nRetry-After: 5\r\n" },
		{ ANSWER_OVERLOAD, 503, "Too Many Messages In Hand", "Retry-After: 5\r\n" },
		{ ANSWER_NOT_PARTNER, 403, "Not An Allowed Partner",
			"ms-diagnostics: 1005;source=\"litware.test\";"
			"reason=\"The receiver's domain is not an allowed partner\"\r\n" },
		{ ANSWER_NOT_OWN, 403, "From Domain Is Not Ours",
			"ms-diagnostics: 1017;source=\"litware.test\";reason=\"Cannot route From "
			"and To domains in this combination\"\r\n" },
		{ ANSWER_METHOD, 405, NULL, "Allow: MESSAGE, OPTIONS\r\n" },
		{ ANSWER_TOO_LONG, 414, NULL, "" },
		{ ANSWER_HEAD_TOO_LARGE, 513, NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct verdict v = { .answer = cases[i].answer };

		assert_int_equal(answer_status(&v), cases[i].status);
		if (cases[i].reason)
			assert_string_equal(answer_reason(&v), cases[i].reason);
		else
			assert_null(answer_reason(&v));
		assert_string_equal(fields(&v, NULL), cases[i].fields);
	}
}

static void every_one_of_sip_is_final(void **state)
{
	(void)state;
	for (unsigned a = ANSWER_MAPPED + 1; a < ANSWER_SIP_COUNT; a++) {
		const struct verdict v = { .answer = (enum answer)a };

		assert_in_range(answer_status(&v), 200, 699);
		assert_int_equal(answer_is_good(&v), a == ANSWER_OPTIONS || a == ANSWER_CANCEL);
	}
}

static void a_mapped_one_has_its_own(void **state)
{
	const struct verdict gone = { .status = 301,
		.has_condition = true,
		.condition = COND_GONE,
		.contact = SLICE("sip:new@contoso.test") };
	const struct verdict accepted = { .status = 202 };

	(void)state;
	assert_int_equal(answer_status(&gone), 301);
	assert_false(answer_is_good(&gone));
	assert_string_equal(fields(&gone, NULL),
		"Contact: <sip:new@contoso.test>\r\nReason: XMPP;text=\"gone\"\r\n");
	assert_true(answer_is_good(&accepted));
	assert_string_equal(fields(&accepted, NULL), "");
}

static void a_420_names_what_was_required(void **state)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;
	const struct verdict v = { .answer = ANSWER_REQUIRE };

	(void)state;
	assert_int_equal(
		sip_msg_decode(
			SLICE("MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP "
			      "h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: "
			      "<sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n"
			      "Require: 100rel\r\nRequire: path\r\nContent-Length: 0\r\n\r\n"),
			&msg, &refusal),
		0);
	assert_string_equal(fields(&v, &msg), "Unsupported: 100rel\r\nUnsupported: path\r\n");
	assert_string_equal(fields(&v, NULL), "");
}

/* What a finished transaction keeps is enough to make the same answer again. */
static void packed_is_unpacked(void **state)
{
	(void)state;
	for (unsigned a = 0; a < ANSWER_CONTENT; a++)
		for (unsigned c = 0; c <= COND_COUNT; c++) {
			const struct verdict v = { .answer = (enum answer)a,
				.status = 499,
				.has_condition = c > 0,
				.condition = c ? (enum stanza_condition)(c - 1) : 0 };
			const struct verdict again = answer_unpack(499, answer_pack(&v));

			assert_int_equal(again.answer, v.answer);
			assert_int_equal(again.status, 499);
			assert_int_equal(again.has_condition, v.has_condition);
			assert_int_equal(again.condition, v.condition);
		}
}

/* RFC 3261 section 21.4.13, and RFC 3428 section 4: what is in a message and does not cross. */
static void a_refused_content_says_why_and_what_helps(void **state)
{
	static const char *const help[] = {
		[REFUSED_HELP_NONE] = "",
		[REFUSED_HELP_ACCEPT] = "Accept: text/plain;charset=UTF-8\r\n",
		[REFUSED_HELP_ACCEPT_ENCODING] = "Accept-Encoding: identity\r\n",
	};

	(void)state;
	for (unsigned r = 0; r < REFUSED_COUNT; r++) {
		const struct refused_row *row = refused_row((enum refused)r);
		const struct verdict first = { .answer = ANSWER_CONTENT,
			.refused = (enum refused)r };
		const struct verdict v = answer_unpack(0, answer_pack(&first));

		assert_int_equal(answer_status(&v), row->status);
		assert_string_equal(answer_reason(&v), row->reason);
		assert_string_equal(fields(&v, NULL), help[row->help]);
		assert_int_equal(row->status == 415, row->help != REFUSED_HELP_NONE);
		assert_false(v.has_condition);
	}
}

static void each_of_xmpp_has_a_condition_and_says_why(void **state)
{
	static const enum answer both_ways[] = { ANSWER_NOT_PARTNER, ANSWER_NOT_OWN,
		ANSWER_BOTH_OWN };

	(void)state;
	for (unsigned a = ANSWER_SIP_COUNT; a < ANSWER_COUNT; a++) {
		const struct stanza_error e = answer_error((enum answer)a);

		assert_true(e.text.n > 0);
		assert_int_equal(
			answer_is_wait((enum answer)a), e.condition == COND_RESOURCE_CONSTRAINT);
		if (answer_is_wait((enum answer)a))
			assert_int_equal(e.type, ERROR_TYPE_WAIT);
	}
	for (size_t i = 0; i < COUNT(both_ways); i++)
		assert_int_equal(answer_error(both_ways[i]).type, ERROR_TYPE_CANCEL);
	assert_int_equal(answer_error(ANSWER_NOT_OWN).condition, COND_ITEM_NOT_FOUND);
	assert_int_equal(answer_error(ANSWER_NO_HOP).condition, COND_REMOTE_SERVER_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_a_status_and_its_fields),
		cmocka_unit_test(every_one_of_sip_is_final),
		cmocka_unit_test(a_mapped_one_has_its_own),
		cmocka_unit_test(a_420_names_what_was_required),
		cmocka_unit_test(packed_is_unpacked),
		cmocka_unit_test(a_refused_content_says_why_and_what_helps),
		cmocka_unit_test(each_of_xmpp_has_a_condition_and_says_why),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
