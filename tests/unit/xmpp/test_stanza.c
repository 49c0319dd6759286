#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "xmpp/stanza.h"

/* The stanza that `text` is, in a stream of namespace `ns`; the reader is to be freed. */
static struct xml_reader *parse(const char *ns, const char *text, struct stanza *ret)
{
	struct xml_reader *r = NULL;
	struct xml_event ev;
	char head[128];

	assert_int_equal(xml_reader_new(&r, NULL, 1), 0);
	snprintf(head, sizeof(head), "<s:stream xmlns='%s' xmlns:s='" NS_STREAM "'>", ns);
	xml_reader_push(r, slice_str(head));
	assert_true(xml_reader_take(r, &ev));
	xml_reader_push(r, slice_str(text));
	assert_true(xml_reader_take(r, &ev));
	if (ev.type != XML_EV_STANZA)
		fail_msg("%s: %s", text, ev.where.what);
	stanza_read(ret, ev.node);
	return r;
}

static void kinds_are_told_by_name_and_namespace(void **state)
{
	static const struct {
		const char *ns, *text;
		enum stanza_kind kind;
	} cases[] = {
		{ NS_CLIENT, "<message/>", STANZA_MESSAGE },
		{ NS_CLIENT, "<presence/>", STANZA_PRESENCE },
		{ NS_CLIENT, "<iq/>", STANZA_IQ },
		{ NS_COMPONENT, "<message/>", STANZA_MESSAGE },
		{ NS_CLIENT, "<messages/>", STANZA_OTHER },
		{ NS_CLIENT, "<message xmlns='urn:x'/>", STANZA_OTHER },
		{ "jabber:server", "<message/>", STANZA_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stanza s;
		struct xml_reader *r = parse(cases[i].ns, cases[i].text, &s);

		assert_int_equal(s.kind, cases[i].kind);
		xml_reader_free(r);
	}
}

static void the_usual_attributes_are_at_hand(void **state)
{
	struct stanza s;
	struct xml_reader *r =
		parse(NS_CLIENT, "<message from='a@b/c' to='d@e' id='7' type='chat'/>", &s);

	(void)state;
	assert_true(slice_eqs(s.from, "a@b/c"));
	assert_true(slice_eqs(s.to, "d@e"));
	assert_true(slice_eqs(s.id, "7"));
	assert_true(slice_eqs(s.type, "chat"));
	xml_reader_free(r);
}

static void every_condition_has_a_name_of_its_own(void **state)
{
	enum stanza_condition found;

	(void)state;
	assert_int_equal(COND_COUNT, 22);
	for (unsigned i = 0; i < COND_COUNT; i++) {
		const char *name = stanza_condition_name((enum stanza_condition)i);

		assert_true(stanza_condition_find(slice_str(name), &found));
		assert_int_equal(found, i);
	}
	assert_string_equal(stanza_condition_name(COND_ITEM_NOT_FOUND), "item-not-found");
	assert_false(stanza_condition_find(SLICE("payment-required"), &found));
	assert_string_equal(stanza_error_type_name(ERROR_TYPE_WAIT), "wait");
}

static void an_error_is_read(void **state)
{
	static const struct {
		const char *name, *text;
		enum stanza_condition condition;
		enum stanza_error_type type;
		const char *words, *address, *by;
	} cases[] = {
		{ "all there is",
			"<message type='error'><body>b</body><error type='wait' by='x.test'>"
			"<service-unavailable xmlns='" NS_STANZAS "'/>"
			"<text xmlns='" NS_STANZAS "'>later</text><own xmlns='urn:own'/></error>"
			"</message>",
			COND_SERVICE_UNAVAILABLE, ERROR_TYPE_WAIT, "later", "", "x.test" },
		{ "a new address",
			"<message type='error'><error type='cancel'><gone xmlns='" NS_STANZAS
			"'>xmpp:new@x</gone></error></message>",
			COND_GONE, ERROR_TYPE_CANCEL, "", "xmpp:new@x", "" },
		{ "text in a condition that has no address",
			"<message type='error'><error type='cancel'><conflict xmlns='" NS_STANZAS
			"'>?</conflict></error></message>",
			COND_CONFLICT, ERROR_TYPE_CANCEL, "", "", "" },
		{ "no type: the one of the RFC",
			"<iq type='error'><error><forbidden xmlns='" NS_STANZAS "'/></error></iq>",
			COND_FORBIDDEN, ERROR_TYPE_AUTH, "", "", "" },
		{ "a condition that nobody knows",
			"<iq type='error'><error type='modify'><odd xmlns='" NS_STANZAS
			"'/></error></iq>",
			COND_UNDEFINED_CONDITION, ERROR_TYPE_MODIFY, "", "", "" },
		{ "a condition of another namespace",
			"<iq type='error'><error type='auth'><forbidden/></error></iq>",
			COND_UNDEFINED_CONDITION, ERROR_TYPE_AUTH, "", "", "" },
		{ "nothing but the type", "<presence type='error'/>", COND_UNDEFINED_CONDITION,
			ERROR_TYPE_CANCEL, "", "", "" },
	};
	struct stanza_error e;
	struct stanza s;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct xml_reader *r = parse(NS_CLIENT, cases[i].text, &s);

		if (!stanza_error_read(&e, s.node) || e.condition != cases[i].condition ||
			e.type != cases[i].type || !slice_eqs(e.text, cases[i].words) ||
			!slice_eqs(e.address, cases[i].address) || !slice_eqs(e.by, cases[i].by))
			fail_msg("%s", cases[i].name);
		xml_reader_free(r);
	}
	struct xml_reader *r = parse(NS_CLIENT, "<message><error/></message>", &s);
	assert_false(stanza_error_read(&e, s.node));
	xml_reader_free(r);
}

static void an_error_answers_all_but_errors_and_results(void **state)
{
#define NOT_FOUND                                                                                  \
	"<error type='cancel'><item-not-found xmlns='" NS_STANZAS "'/><text xmlns='" NS_STANZAS    \
	"'>no &lt;such&gt; user</text></error>"
	static const struct {
		const char *in, *want; /* want NULL: no answer */
	} cases[] = {
		{ "<message from='a@b' to='c@d' id='1'><body/></message>",
			"<message from='c@d' to='a@b' id='1' type='error'>" NOT_FOUND
			"</message>" },
		{ "<presence from='a@b' type='subscribe'/>",
			"<presence to='a@b' type='error'>" NOT_FOUND "</presence>" },
		{ "<iq from='a@b' id='x&apos;y' type='set'><q/></iq>",
			"<iq to='a@b' id='x&apos;y' type='error'>" NOT_FOUND "</iq>" },
		{ "<message from='a@b' type='error'/>", NULL },
		{ "<presence from='a@b' type='error'/>", NULL },
		{ "<iq from='a@b' type='error'/>", NULL },
		{ "<iq from='a@b' type='result'/>", NULL },
		{ "<r xmlns='urn:xmpp:sm:3'/>", NULL },
	};
	const struct stanza_error e = {
		.condition = COND_ITEM_NOT_FOUND,
		.type = ERROR_TYPE_CANCEL,
		.text = SLICE("no <such> user"),
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stanza s;
		struct xml_reader *r = parse(NS_CLIENT, cases[i].in, &s);

		buf_clear(&b);
		assert_int_equal(stanza_put_error_reply(&b, &s, &e), cases[i].want != NULL);
		assert_string_equal(buf_cstr(&b), cases[i].want ? cases[i].want : "");
		xml_reader_free(r);
	}
	buf_clear(&b);
	stanza_put_error(&b, &(struct stanza_error){ .condition = COND_GONE,
				     .type = ERROR_TYPE_CANCEL,
				     .address = SLICE("xmpp:x@y"),
				     .by = SLICE("z") });
	assert_string_equal(buf_cstr(&b),
		"<error by='z' type='cancel'><gone xmlns='" NS_STANZAS "'>xmpp:x@y</gone></error>");
	buf_done(&b);
}

static void every_request_gets_an_answer(void **state)
{
#define REFUSED(type, condition)                                                                   \
	"<iq from='me' to='you' id='1' type='error'><error type='" type "'><" condition            \
	" xmlns='" NS_STANZAS "'/></error></iq>"
#define IQ(type, content) "<iq from='you' to='me' id='1' type='" type "'>" content "</iq>"
	static const struct {
		const char *name, *in, *want; /* the start of it; NULL: none */
	} cases[] = {
		{ "ping", IQ("get", "<ping xmlns='" NS_PING "'/>"),
			"<iq from='me' to='you' id='1' type='result'></iq>" },
		{ "a ping to set", IQ("set", "<ping xmlns='" NS_PING "'/>"),
			REFUSED("cancel", "service-unavailable") },
		{ "disco", IQ("get", "<query xmlns='" NS_DISCO_INFO "'/>"),
			"<iq from='me' to='you' id='1' type='result'><query xmlns='" NS_DISCO_INFO
			"'><identity category='client' type='bot' name='stox'/>" },
		{ "disco of a node", IQ("get", "<query node='n' xmlns='" NS_DISCO_INFO "'/>"),
			REFUSED("cancel", "item-not-found") },
		{ "anything", IQ("get", "<query xmlns='jabber:iq:version'/>"),
			REFUSED("cancel", "service-unavailable") },
		{ "no content", IQ("get", ""), REFUSED("modify", "bad-request") },
		{ "two contents", IQ("set", "<a/><b/>"), REFUSED("modify", "bad-request") },
		{ "a type of its own", IQ("subscribe", "<a/>"), REFUSED("modify", "bad-request") },
		{ "no type", "<iq from='you' to='me' id='1'><a/></iq>",
			REFUSED("modify", "bad-request") },
		{ "a result", IQ("result", "<a/>"), NULL },
		{ "an error", IQ("error", ""), NULL },
		{ "a message", "<message type='get'><a/></message>", NULL },
	};
	struct buf b;
	struct stanza s;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct xml_reader *r = parse(NS_CLIENT, cases[i].in, &s);

		buf_clear(&b);
		if (stanza_put_iq_answer(&b, &s) != (cases[i].want != NULL) ||
			!slice_starts(buf_slice(&b), slice_str(cases[i].want)))
			fail_msg("%s: %s", cases[i].name, buf_cstr(&b));
		xml_reader_free(r);
	}
	struct xml_reader *r =
		parse(NS_COMPONENT, IQ("get", "<query xmlns='" NS_DISCO_INFO "'/>"), &s);
	buf_clear(&b);
	assert_true(stanza_put_iq_answer(&b, &s));
	assert_true(
		slice_find(buf_slice(&b), SLICE("category='gateway' type='simple'")) != SIZE_MAX);
	/* What nobody does is not promised: a sender would wait for receipts. */
	assert_true(slice_find(buf_slice(&b), SLICE(NS_RECEIPTS)) == SIZE_MAX);
	xml_reader_free(r);
	buf_done(&b);
}

static void a_ping_is_put(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	stanza_put_ping(&b, SLICE(""), SLICE("x.test"), SLICE("p1"));
	assert_string_equal(buf_cstr(&b),
		"<iq to='x.test' id='p1' type='get'><ping xmlns='" NS_PING "'/></iq>");
	buf_done(&b);
}

static void receipts_are_asked_for_and_given(void **state)
{
#define REQUEST  "<request xmlns='" NS_RECEIPTS "'/>"
#define RECEIVED "<received xmlns='" NS_RECEIPTS "' id='m1'/>"
	static const struct {
		const char *in;
		bool wants;
		const char *id;
	} cases[] = {
		{ "<message id='1'><body>b</body>" REQUEST "</message>", true, "" },
		{ "<message><body>b</body>" REQUEST "</message>", false, "" },
		{ "<message id='1' type='error'>" REQUEST "</message>", false, "" },
		{ "<message id='1'><request/></message>", false, "" },
		{ "<iq id='1'>" REQUEST "</iq>", false, "" },
		{ "<message id='2'>" RECEIVED "</message>", false, "m1" },
		{ "<message type='error'>" RECEIVED "</message>", false, "" },
		{ "<message><body>b</body></message>", false, "" },
	};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct stanza s;
		struct xml_reader *r = parse(NS_CLIENT, cases[i].in, &s);

		if (stanza_wants_receipt(&s) != cases[i].wants ||
			!slice_eqs(stanza_receipt_id(&s), cases[i].id))
			fail_msg("%s", cases[i].in);
		xml_reader_free(r);
	}
	buf_init(&b, 4096);
	stanza_put_receipt(&b, SLICE("a"), SLICE("b"), SLICE("2"), SLICE("m<1"));
	assert_string_equal(buf_cstr(&b),
		"<message from='a' to='b' id='2'><received xmlns='" NS_RECEIPTS
		"' id='m&lt;1'/></message>");
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_by_name_and_namespace),
		cmocka_unit_test(the_usual_attributes_are_at_hand),
		cmocka_unit_test(every_condition_has_a_name_of_its_own),
		cmocka_unit_test(an_error_is_read),
		cmocka_unit_test(an_error_answers_all_but_errors_and_results),
		cmocka_unit_test(every_request_gets_an_answer),
		cmocka_unit_test(a_ping_is_put),
		cmocka_unit_test(receipts_are_asked_for_and_given),
	};

	return cmocka_run_group_tests_name("stanza", tests, NULL, NULL);
}
