#include "lab/fault_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct lab_fault *row(const char *name)
{
	const struct lab_fault *f = name ? lab_fault_find(slice_str(name)) : &lab_fault_none;

	assert_non_null(f);
	return f;
}

static void a_connection_is_struck_at_its_port(void **state)
{
	static const struct {
		const char *fault;
		enum lab_listener at;
		enum fault_conn_does does;
	} rows[] = {
		{ NULL, LAB_LISTEN_SIP_TLS, FAULT_CONN_NONE },
		{ "tcp-reset", LAB_LISTEN_SIP_TLS, FAULT_CONN_RESET },
		{ "tcp-reset", LAB_LISTEN_SIP_TCP, FAULT_CONN_NONE },
		{ "xmpp-silence", LAB_LISTEN_XMPP_CLIENT, FAULT_CONN_MUTE },
		{ "xmpp-silence", LAB_LISTEN_XMPP_COMPONENT, FAULT_CONN_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fault_conn *f = fault_of_conn(row(rows[i].fault), rows[i].at);

		assert_int_equal(f ? f->does : FAULT_CONN_NONE, rows[i].does);
	}
}

static const struct sip_msg *request(const char *method, const char *credentials)
{
	static struct sip_msg msg;
	static char text[512];
	struct sip_refusal refusal;

	snprintf(text, sizeof(text),
		"%s sip:b.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@b.test>;tag=1\r\nTo: <sip:a@b.test>\r\nCall-ID: 1\r\n"
		"CSeq: 1 %s\r\n%sContent-Length: 0\r\n\r\n",
		method, method, credentials);
	assert_int_equal(sip_msg_decode(slice_str(text), &msg, &refusal), 0);
	return &msg;
}

#define SIGNED "Authorization: Digest username=\"a\"\r\n"

static void a_request_is_struck_where_it_is_told(void **state)
{
	static const struct {
		const char *fault, *method, *credentials;
		bool leaves, struck;
	} rows[] = {
		{ NULL, "REGISTER", SIGNED, false, false },
		{ "sip-silence", "REGISTER", "", false, true },
		{ "sip-silence", "OPTIONS", "", false, false },
		{ "sip-silence", "MESSAGE", "", true, false },
		{ "sip-no-binding", "REGISTER", "", false, false }, /* a 200 is too early */
		{ "sip-no-binding", "REGISTER", SIGNED, false, true },
		{ "sip-not-found", "MESSAGE", "", false, false }, /* nobody was recognised yet */
		{ "sip-not-found", "MESSAGE", "", true, true },
		{ "sip-not-found", "REGISTER", SIGNED, false, false },
		{ "sip-loses-datagrams", "REGISTER", "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct lab_fault *f = row(rows[i].fault);
		const struct sip_msg *req = request(rows[i].method, rows[i].credentials);
		const struct fault_answer *a = fault_of_request(f, req, rows[i].leaves);

		print_message("case: %s, %s\n", f->name, rows[i].method);
		assert_ptr_equal(a, rows[i].struck ? &f->answer : NULL);
	}
}

static void a_lost_datagram_is_known_when_it_comes_again(void **state)
{
	const struct lab_fault *f = row("sip-loses-datagrams");
	static struct fault_seen seen;
	struct nist_key key = { { 1, 0 } };

	(void)state;
	assert_false(fault_loses(row("sip-silence"), &seen, &key));
	for (key.hash[0] = 1; key.hash[0] <= FAULT_SEEN_MAX; key.hash[0]++) {
		assert_true(fault_loses(f, &seen, &key));
		assert_false(fault_loses(f, &seen, &key));
	}
	key.hash[0] = 1;
	assert_false(fault_loses(f, &seen, &key));
	key.hash[0] = FAULT_SEEN_MAX + 1;
	assert_true(fault_loses(f, &seen, &key)); /* in the place of the oldest */
	key.hash[0] = 2;
	assert_false(fault_loses(f, &seen, &key));
	key.hash[0] = 1;
	assert_true(fault_loses(f, &seen, &key));
}

static void a_text_is_edited_wherever_it_must_be(void **state)
{
	static const struct {
		const char *fault, *text, *want;
	} rows[] = {
		{ NULL, "-PLUS</mechanism>", "-PLUS</mechanism>" },
		{ "xmpp-downgrade", "", "" },
		{ "xmpp-downgrade", "<a/>", "<a/>" },
		{ "xmpp-downgrade", "1-PLUS</mechanism>2-PLUS</mechanism>3",
			"1</mechanism>2</mechanism>3" },
		{ "gateway-alters", "</body></body>", " [scanned]</body> [scanned]</body>" },
	};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_init(&b, 256);
		fault_put_edited(row(rows[i].fault), &b, slice_str(rows[i].text));
		assert_string_equal(buf_cstr(&b), rows[i].want);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_struck_at_its_port),
		cmocka_unit_test(a_request_is_struck_where_it_is_told),
		cmocka_unit_test(a_lost_datagram_is_known_when_it_comes_again),
		cmocka_unit_test(a_text_is_edited_wherever_it_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
