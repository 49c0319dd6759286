/* RFC 5438: who asks to hear of a failure, and how he hears of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bridge/cpim.h"
#include "bridge/imdn.h"

#define NS    "NS: imdn <urn:ietf:params:imdn>\r\n"
#define ID    "imdn.Message-ID: 34jk324j\r\n"
#define ASK   "imdn.Disposition-Notification: "
#define PLAIN "\r\nContent-Type: text/plain\r\n\r\nhi"

static bool wants(const char *type, const char *body, struct imdn_ask *ret)
{
	const struct sip_msg req = { .content_type = slice_str(type), .body = slice_str(body) };

	return imdn_wants_failure(&req, ret);
}

static void who_asks(void **state)
{
	static const struct {
		const char *name, *body;
		bool wants;
	} cases[] = {
		{ "for both", NS ID ASK "positive-delivery, negative-delivery\r\n" PLAIN, true },
		{ "for failures", NS ID ASK "negative-delivery\r\n" PLAIN, true },
		{ "with parameters", NS ID ASK "display;x=1 , negative-delivery ;y\r\n" PLAIN,
			true },
		{ "in a second header", NS ID ASK "display\r\n" ASK "negative-delivery\r\n" PLAIN,
			true },
		{ "under another prefix",
			"NS: x <urn:ietf:params:imdn>\r\nx.Message-ID: 34jk324j\r\n"
			"x.Disposition-Notification: negative-delivery\r\n" PLAIN,
			true },
		{ "for success alone", NS ID ASK "positive-delivery, display\r\n" PLAIN, false },
		{ "in other letters", NS ID ASK "Negative-Delivery\r\n" PLAIN, false },
		{ "for nothing", NS ID ASK "\r\n" PLAIN, false },
		{ "not at all", NS ID PLAIN, false },
		{ "without an id", NS ASK "negative-delivery\r\n" PLAIN, false },
		{ "without the namespace", ID ASK "negative-delivery\r\n" PLAIN, false },
		{ "for a report",
			NS ID ASK "negative-delivery\r\n\r\n"
				  "Content-Type: Message/IMDN+XML\r\n\r\n<imdn/>",
			false },
		{ "in what is no CPIM", "hi", false },
	};
	struct imdn_ask ask;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		assert_int_equal(wants("Message/CPIM", cases[i].body, &ask), cases[i].wants);
		if (cases[i].wants)
			assert_true(slice_eqs(ask.message_id, "34jk324j"));
		assert_false(wants("text/plain", cases[i].body, &ask));
		assert_false(wants("", cases[i].body, &ask));
	}
}

static void what_is_longer_than_its_place_is_as_none(void **state)
{
	char body[1024], id[IMDN_FIELD_MAX + 2];
	struct imdn_ask ask;

	(void)state;
	for (size_t n = IMDN_FIELD_MAX; n <= IMDN_FIELD_MAX + 1; n++) {
		memset(id, 'x', n);
		id[n] = '\0';
		snprintf(body, sizeof(body),
			NS "imdn.Message-ID: %s\r\n" ASK "negative-delivery\r\n" PLAIN, id);
		assert_int_equal(wants("message/cpim", body, &ask), n == IMDN_FIELD_MAX);
		snprintf(body, sizeof(body),
			NS ID "DateTime: %s\r\n" ASK "negative-delivery\r\n" PLAIN, id);
		assert_true(wants("message/cpim", body, &ask));
		assert_int_equal(ask.date_time.n, n == IMDN_FIELD_MAX ? n : 0);
	}
}

/* ---- the report ---- */

static struct buf request;
static size_t line_bytes;

static int put(const struct imdn_ask *ask, size_t via_bytes)
{
	struct rng rng;
	struct jid from, to;
	struct where where;

	rng_init_number(&rng, 1);
	assert_int_equal(jid_decode(SLICE("adelany@contoso.test"), &from, &where), 0);
	assert_int_equal(jid_decode(SLICE("pilar@litware.test/desk"), &to, &where), 0);
	const struct message_route route = { .via_bytes = via_bytes,
		.from_tag = SLICE("t"),
		.cseq = 7,
		.max_forwards = 70,
		.line_bytes = &line_bytes,
		.rng = &rng };
	buf_clear(&request);
	return imdn_put_failure(ask, &from, &to, &route, &request);
}

static void assert_holds(const char *part)
{
	if (!strstr(buf_cstr(&request), part))
		fail_msg("`%s` is not in: %s", part, buf_cstr(&request));
}

static int set_up(void **state)
{
	(void)state;
	buf_init(&request, 8192);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&request);
	return 0;
}

static void a_report_is_a_message_like_any_other(void **state)
{
	const struct imdn_ask ask = { .message_id = SLICE("34jk324j"),
		.date_time = SLICE("2006-04-04T12:16:49-05:00"),
		.recipient = SLICE("im:adelany@contoso.test"),
		.original = SLICE("im:list@contoso.test") };
	struct sip_msg m;
	struct sip_refusal refusal;
	struct where where;
	struct imdn_ask again;
	struct cpim c;

	(void)state;
	assert_int_equal(put(&ask, 0), 0);
	assert_true(slice_eqs(slice_cut(buf_slice(&request), 0, line_bytes),
		"MESSAGE sip:pilar@litware.test;gr=desk SIP/2.0\r\n"));
	char text[4096];
	snprintf(text, sizeof(text), "%.*sVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n%s",
		(int)line_bytes, buf_cstr(&request), buf_cstr(&request) + line_bytes);
	assert_int_equal(sip_msg_decode(slice_str(text), &m, &refusal), 0);
	assert_true(slice_eqs(m.from.uri_text, "sip:adelany@contoso.test"));
	assert_true(slice_eqs(m.content_type, "message/cpim"));
	assert_int_equal(cpim_decode(m.body, &c, &where), 0);
	assert_true(slice_eqs(cpim_field(&c, "Content-Type"), "message/imdn+xml"));
	assert_true(slice_eqs(cpim_field(&c, "Content-Disposition"), "notification"));
	assert_true(slice_eqs(cpim_value(&c, CPIM_NS, "From"), "<sip:adelany@contoso.test>"));
	assert_int_equal(cpim_value(&c, CPIM_NS_IMDN, "Message-ID").n, 26);
	assert_false(imdn_wants_failure(&m, &again)); /* no report for a report */
	assert_holds("<message-id>34jk324j</message-id><datetime>2006-04-04T12:16:49-05:00"
		     "</datetime><recipient-uri>im:adelany@contoso.test</recipient-uri>"
		     "<original-recipient-uri>im:list@contoso.test</original-recipient-uri>"
		     "<delivery-notification><status><failed/></status></delivery-notification>");
}

static void what_the_sender_wrote_cannot_leave_its_element(void **state)
{
	const struct imdn_ask ask = { .message_id = SLICE("</message-id>&\r\n\x01\xff") };

	(void)state;
	assert_int_equal(put(&ask, 0), 0);
	assert_holds("<message-id>&lt;/message-id&gt;&amp;");
	assert_holds("<datetime></datetime><delivery-notification>");
}

static void a_report_is_as_long_as_a_message_may_be(void **state)
{
	const struct imdn_ask ask = { .message_id = SLICE("x") };

	(void)state;
	assert_int_equal(put(&ask, 0), 0);
	const size_t room = MESSAGE_SIP_MAX - buf_len(&request);
	assert_int_equal(put(&ask, room), 0);
	assert_int_equal(put(&ask, room + 1), -EMSGSIZE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks),
		cmocka_unit_test(what_is_longer_than_its_place_is_as_none),
		TEST(a_report_is_a_message_like_any_other),
		TEST(what_the_sender_wrote_cannot_leave_its_element),
		TEST(a_report_is_as_long_as_a_message_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
