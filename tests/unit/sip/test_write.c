#include "sip/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct sip_msg msg;

static struct addr address(const char *text)
{
	struct addr a;

	assert_true(addr_decode(slice_str(text), &a));
	return a;
}

static void decode(struct slice in)
{
	struct sip_refusal refusal;

	if (sip_msg_decode(in, &msg, &refusal))
		fail_msg("%s at %zu of:\n%.*s", refusal.where.what, refusal.where.offset,
			SLICE_FMT(in));
}

static int setup(void **state)
{
	static struct buf b;

	buf_init(&b, SIP_MSG_MAX);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	buf_done(*state);
	return 0;
}

static void check(struct buf *b, const char *want)
{
	assert_int_equal(buf_err(b), 0);
	assert_string_equal(buf_cstr(b), want);
	buf_clear(b);
}

static void each_line_is_written_as_the_rfc_has_it(void **state)
{
	struct buf *b = *state;
	struct addr v4 = address("192.0.2.1:5062"), v6 = address("[2001:db8::1]:5061");

	sip_put_request_line(b, "MESSAGE", SLICE("sip:a@b"));
	check(b, "MESSAGE sip:a@b SIP/2.0\r\n");
	sip_put_status_line(b, 404, SLICE_NONE);
	check(b, "SIP/2.0 404 Not Found\r\n");
	sip_put_status_line(b, 404, SLICE("Nobody\r\nhere"));
	check(b, "SIP/2.0 404 Nobody here\r\n");
	sip_put_status_line(b, 299, SLICE_NONE); /* the blank stays: section 7.2 */
	check(b, "SIP/2.0 299 \r\n");
	sip_put_header(b, "Subject", SLICE("a\r\nVia: x\n\0y"));
	check(b, "Subject: a Via: x  y\r\n");
	sip_put_via(b, TRANSPORT_UDP, &v4, SLICE("z9hG4bK1"));
	check(b, "Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK1;rport\r\n");
	sip_put_via(b, TRANSPORT_TLS, &v6, SLICE("z9hG4bK2"));
	check(b, "Via: SIP/2.0/TLS [2001:db8::1]:5061;branch=z9hG4bK2;rport\r\n");
	sip_put_body(b, SLICE("hi"));
	check(b, "Content-Length: 2\r\n\r\nhi");
	sip_put_body(b, SLICE_NONE);
	check(b, "Content-Length: 0\r\n\r\n");
}

#define REST "f: \"A\" <sip:a@b>;tag=f1\r\nTo: <sip:c@d>\r\nCall-ID: 1@h\r\nCSeq: 7 MESSAGE\r\n\r\n"
#define WANT                                                                                       \
	"From: \"A\" <sip:a@b>;tag=f1\r\nTo: <sip:c@d>%s\r\nCall-ID: 1@h\r\nCSeq: 7 MESSAGE\r\n"

static const struct {
	const char *name, *vias, *source, *want;
} responses[] = {
	{ "nothing to add when the address is that of the Via",
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=x\r\n", "192.0.2.1:5060",
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=x\r\n" },
	{ "received when the address is another (RFC 3261 section 18.2.1)",
		"Via: SIP/2.0/UDP 192.0.2.1;branch=x\r\n", "192.0.2.9:5060",
		"Via: SIP/2.0/UDP 192.0.2.1;branch=x;received=192.0.2.9\r\n" },
	{ "received when the Via has a name", "Via: SIP/2.0/TCP h.test;branch=x\r\n",
		"[2001:db8::2]:1", "Via: SIP/2.0/TCP h.test;branch=x;received=2001:db8::2\r\n" },
	{ "rport is filled in, with received (RFC 3581 section 4)",
		"v: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=x\r\n", "192.0.2.1:40000",
		"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=x;rport=40000;received=192.0.2.1\r\n" },
	{ "what the sender says of itself is not believed",
		"Via: SIP/2.0/UDP h;received=203.0.113.1;rport=1;branch=x;p=\"a;b\"\r\n",
		"192.0.2.9:5070",
		"Via: SIP/2.0/UDP h;branch=x;p=\"a;b\";rport=5070;received=192.0.2.9\r\n" },
	{ "an IPv6 sent-by is compared without its brackets",
		"Via: SIP/2.0/UDP [2001:DB8:0::1]:5060;branch=x\r\n", "[2001:db8::1]:5060",
		"Via: SIP/2.0/UDP [2001:DB8:0::1]:5060;branch=x\r\n" },
	{ "only the topmost is touched, and all stay in their order",
		"Via: SIP/2.0/UDP a;rport;branch=1, SIP/2.0/UDP b;rport\r\nVia: SIP/2.0/UDP "
		"c;rport\r\n",
		"192.0.2.9:5",
		"Via: SIP/2.0/UDP a;branch=1;rport=5;received=192.0.2.9, SIP/2.0/UDP b;rport\r\n"
		"Via: SIP/2.0/UDP c;rport\r\n" },
	{ "a flag and an empty value stay what they are",
		"Via: SIP/2.0/UDP 192.0.2.9;branch=1;alias;x=\r\n", "192.0.2.9:5",
		"Via: SIP/2.0/UDP 192.0.2.9;branch=1;alias;x=\r\n" },
	{ "without a source the Via stays as it is",
		"Via: SIP/2.0/UDP a;rport;branch=1 , SIP/2.0/UDP b\r\n", NULL,
		"Via: SIP/2.0/UDP a;rport;branch=1 , SIP/2.0/UDP b\r\n" },
};

static void a_response_goes_the_way_the_request_came(void **state)
{
	struct buf *b = *state;

	for (size_t i = 0; i < COUNT(responses); i++) {
		char request[1024], want[1024];
		struct addr source = { 0 };

		snprintf(request, sizeof(request), "MESSAGE sip:c@d SIP/2.0\r\n%s" REST,
			responses[i].vias);
		snprintf(want, sizeof(want), "SIP/2.0 202 Accepted\r\n%s" WANT, responses[i].want,
			";tag=t1");
		decode(slice_str(request));
		if (responses[i].source)
			source = address(responses[i].source);
		buf_clear(b);
		sip_put_response_head(
			b, &msg, 202, SLICE("t1"), responses[i].source ? &source : NULL);
		if (strcmp(buf_cstr(b), want) != 0)
			fail_msg("%s:\n%swanted\n%s", responses[i].name, buf_cstr(b), want);
	}
}

static void the_to_tag_is_added_where_there_is_none(void **state)
{
	struct buf *b = *state;

	decode(SLICE("MESSAGE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n" REST));
	sip_put_response_head(b, &msg, 100, SLICE("t1"), NULL);
	check(b, "SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP a\r\n"
		 "From: \"A\" <sip:a@b>;tag=f1\r\nTo: <sip:c@d>\r\nCall-ID: 1@h\r\n"
		 "CSeq: 7 MESSAGE\r\n");
	decode(SLICE("MESSAGE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: sip:a@b;tag=1\r\n"
		     "To: sip:c@d;tag=mine\r\nCall-ID: 1\r\nCSeq: 7 MESSAGE\r\n\r\n"));
	sip_put_response_head(b, &msg, 200, SLICE("t1"), NULL);
	check(b, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\nFrom: sip:a@b;tag=1\r\n"
		 "To: sip:c@d;tag=mine\r\nCall-ID: 1\r\nCSeq: 7 MESSAGE\r\n");
}

/* All of write.h in one message; then read again. */
static void put_all(struct buf *b, const struct sip_msg *req, const struct addr *source)
{
	sip_put_response_head(b, req, 480, SLICE("t1"), source);
	sip_put_header(b, "Warning", SLICE("399 h \"x\""));
	sip_put_body(b, SLICE("body"));
}

static void what_is_written_can_be_read(void **state)
{
	static struct sip_msg back;
	struct buf *b = *state;
	struct addr source = address("192.0.2.9:5070");
	struct sip_refusal refusal;

	decode(SLICE("MESSAGE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP a;\r\n rport ; branch = 1 ,\r\n"
		     "\tSIP/2.0/UDP b\r\n" REST));
	put_all(b, &msg, &source);
	assert_int_equal(sip_msg_decode(buf_slice(b), &back, &refusal), 0);
	assert_int_equal(back.status, 480);
	assert_true(slice_eqs(back.via.branch, "1"));
	assert_true(slice_eqs(back.via.received, "192.0.2.9"));
	assert_int_equal(back.via.rport, 5070);
	assert_true(slice_eqs(back.to.tag, "t1"));
	assert_true(slice_eqs(back.body, "body"));
}

static void no_memory_sticks(void **state)
{
	struct addr source = address("192.0.2.9:5070");
	long n = 0;

	(void)state;
	decode(SLICE("MESSAGE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP a;rport\r\n" REST));
	for (;; n++) {
		struct buf b;

		buf_init(&b, SIP_MSG_MAX);
		mem_fail_after(n);
		put_all(&b, &msg, &source);
		mem_fail_after(-1);
		int err = buf_err(&b);
		buf_done(&b);
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
	}
	assert_true(n > 0);
}

static void a_full_buffer_sticks(void **state)
{
	struct buf b;

	(void)state;
	decode(SLICE("MESSAGE sip:c@d SIP/2.0\r\nVia: SIP/2.0/UDP a;rport\r\n" REST));
	buf_init(&b, 100);
	put_all(&b, &msg, NULL);
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			each_line_is_written_as_the_rfc_has_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_response_goes_the_way_the_request_came, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_to_tag_is_added_where_there_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_written_can_be_read, setup, teardown),
		cmocka_unit_test(no_memory_sticks),
		cmocka_unit_test(a_full_buffer_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
