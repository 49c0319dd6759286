#include "base/engine_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct engine_trace toy = { "toy", TS_S(1000) };
#define HERE                                                                                       \
	{                                                                                          \
		.family = 4, .port = 5070, .ip = { 127, 0, 0, 1 }                                  \
	}
#define THERE                                                                                      \
	{                                                                                          \
		.family = 4, .port = 5060, .ip = { 192, 0, 2, 7 }                                  \
	}
#define SIX                                                                                        \
	{                                                                                          \
		.family = 6, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 }                                \
	}
static const struct addr here = HERE, there = THERE;

enum { NOW = 1000000000 + 1000042 };

static void expect(const char *name, struct buf *b, const char *want)
{
	if (strcmp(buf_cstr(b), want) != 0)
		fail_msg("%s\nwant %s\ngot  %s", name, want, buf_cstr(b));
	buf_done(b);
}

static const struct dns_record records[] = {
	{ .type = DNS_SRV, .srv = { 10, 20, 5269, "xmpp.contoso.test" } },
	{ .type = DNS_SRV },
	{ .type = DNS_A, .addr = { .family = 4, .ip = { 192, 0, 2, 1 } } },
	{ .type = DNS_AAAA, .addr = SIX },
	{ .type = DNS_NAPTR, .naptr = { 1, 2, "S", "SIPS+D2T", false, "_sips._tcp.a.test" } },
};
static const struct dns_answer answer = {
	.records = records, .n_records = COUNT(records), .server = THERE
};
static const struct dns_answer hosts = {
	.records = &records[2], .n_records = 1, .from_hosts_file = true
};
static const struct tls_facts tls = { .version = "TLSv1.3",
	.cipher = "TLS_AES_256_GCM_SHA384",
	.alpn = "xmpp-client",
	.n_certs = 2,
	.faults = TLS_FAULT_EXPIRED | TLS_FAULT_NAME,
	.exporter = "a key",
	.n_exporter = 32 };
static const struct tls_facts alert = {
	.failure = TLS_FAILURE_ALERT, .alert = 116, .detail = "certificate required"
};
static const struct {
	struct fact in;
	const char *want;
} facts[] = {
	{ { FACT_FLOW_UP, .flow = 1, .peer = &there, .local = &here },
		"flow-up flow=1 peer=192.0.2.7:5060 local=127.0.0.1:5070" },
	{ { FACT_FLOW_ACCEPTED, .flow = FLOW_ACCEPTED_BIT | 3, .listener = 0 },
		"flow-accepted flow=a3 listener=0" },
	{ { FACT_FLOW_BYTES, .flow = 1, .bytes = SLICE("abc") }, "flow-bytes flow=1 bytes=3" },
	{ { FACT_FLOW_EOF, .flow = 1 }, "flow-eof flow=1" },
	{ { FACT_FLOW_FAILED, .flow = 1, .err = ECONNREFUSED, .here = true },
		"flow-failed flow=1 step=connect err=\"connection refused\" here" },
	{ { FACT_FLOW_FAILED, .flow = 1, .step = FLOW_STEP_TLS, .tls = &alert },
		"flow-failed flow=1 step=tls failure=alert alert=116 "
		"detail=\"certificate required\"" },
	{ { FACT_TLS_UP, .flow = 1, .tls = &tls },
		"tls-up flow=1 version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 "
		"alpn=xmpp-client certificates=2 fault=expired fault=name_mismatch" },
	{ { FACT_LISTEN_UP, .listener = 2, .local = &here },
		"listen-up listener=2 local=127.0.0.1:5070" },
	{ { FACT_DATAGRAM, .peer = &there, .bytes = SLICE("SIP/2.0 200 OK\r\n") },
		"datagram listener=0 peer=192.0.2.7:5060 bytes=16 sip=\"SIP/2.0 200 OK\"" },
	{ { FACT_DNS, .dns_id = 7, .dns = &answer },
		"dns dns=7 status=ok server=192.0.2.7:5060 "
		"SRV=\"10 20 5269 xmpp.contoso.test.\" SRV=\"0 0 0 .\" A=192.0.2.1 "
		"AAAA=2001:db8::1 NAPTR=\"1 2 S SIPS+D2T _sips._tcp.a.test.\"" },
	{ { FACT_DNS, .dns = &hosts }, "dns dns=0 status=ok hosts-file A=192.0.2.1" },
	{ { FACT_CLOCK, .wall = 1794783599000000 }, "clock wall=2026-11-15T23:16:40.000042Z" },
	{ { .type = FACT_STOP }, "stop" },
};

static void a_fact_is_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(facts); i++) {
		char want[512];
		struct buf b;

		snprintf(want, sizeof(want), "1.000042 toy -> %s\n", facts[i].want);
		buf_init(&b, ENGINE_TRACE_LINE_MAX);
		engine_trace_fact(&b, &toy, &facts[i].in, NOW);
		expect(facts[i].want, &b, want);
	}
}

static void a_want_is_one_line(void **state)
{
	static const struct {
		struct want w;
		const char *want;
	} table[] = {
		{ { WANT_FLOW, .flow = 1, .addr = THERE }, "flow flow=1 addr=192.0.2.7:5060" },
		{ { WANT_TLS, .flow = 1,
			  .tls = { .name = "a.test", .alpn = "sip", .identity = 4 } },
			"tls flow=1 trust=0 identity=4 name=a.test alpn=sip" },
		{ { WANT_TLS, .flow = 1,
			  .tls = { .accept = true, .verify = TLS_VERIFY_NOTE, .trust = 2 } },
			"tls flow=1 accept note trust=2" },
		{ { WANT_LISTEN, .listener = 0, .transport = TRANSPORT_UDP, .addr = HERE },
			"listen listener=0 addr=127.0.0.1:5070 transport=udp" },
		{ { WANT_LISTEN, .listener = 1, .toward = true, .addr = THERE },
			"listen listener=1 toward=192.0.2.7:5060 transport=udp" },
		{ { WANT_PAUSE, .flow = FLOW_ACCEPTED_BIT | 1 }, "pause flow=a1" },
		{ { WANT_DROP_FLOW, .flow = 1, .reset = true }, "drop-flow flow=1 reset" },
		{ { WANT_DNS, .dns_id = 3, .dns_type = DNS_SRV, .name = "_sip._udp.a.test" },
			"dns dns=3 type=SRV name=_sip._udp.a.test" },
		{ { WANT_DROP_DNS, .dns_id = 3 }, "drop-dns dns=3" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char want[512];
		struct buf b;

		snprintf(want, sizeof(want), "1.000042 toy <- %s\n", table[i].want);
		buf_init(&b, ENGINE_TRACE_LINE_MAX);
		engine_trace_want(&b, &toy, &table[i].w, NOW);
		expect(table[i].want, &b, want);
	}
}

static void outputs_and_times_are_lines_too(void **state)
{
	const struct output datagram = {
		.listener = 1, .peer = there, .local = here, .bytes = SLICE("x")
	};
	const struct output on_flow = { .flow = 5, .bytes = SLICE("xy") };
	struct buf b;

	(void)state;
	buf_init(&b, ENGINE_TRACE_LINE_MAX);
	engine_trace_output(&b, &toy, &datagram, NOW);
	engine_trace_output(&b, &toy, &on_flow, NOW);
	engine_trace_time(&b, &toy, NOW);
	engine_trace_deadline(&b, &toy, NOW + TS_MS(500), NOW);
	engine_trace_deadline(&b, &toy, 0, NOW);
	engine_trace_deadline(&b, &toy, TS_NEVER, NOW);
	expect("all", &b,
		"1.000042 toy <- output listener=1 peer=192.0.2.7:5060 local=127.0.0.1:5070 "
		"bytes=1\n"
		"1.000042 toy <- output flow=5 bytes=2\n"
		"1.000042 toy -> time\n"
		"1.000042 toy <- deadline at=1.500042\n"
		"1.000042 toy <- deadline at=now\n"
		"1.000042 toy <- deadline at=never\n");
}

/* What is secret is in the bytes: of these only what cannot be is shown. */
static const struct {
	const char *bytes, *want;
} beginnings[] = {
	{ "MESSAGE sip:a@b.test SIP/2.0\r\nAuthorization: Digest x",
		"sip=\"MESSAGE sip:a@b.test SIP/2.0\"" },
	{ "OPTIONS sips:b.test:5061;transport=tls SIP/2.0\n",
		"sip=\"OPTIONS sips:b.test:5061 SIP/2.0\"" },
	{ "MESSAGE sip:a:secret@b.test SIP/2.0\r\n", "sip=\"MESSAGE sip:a:***@b.test SIP/2.0\"" },
	{ "MESSAGE sip:a:se;cr@et@b.test SIP/2.0\r\n", "sip=\"MESSAGE sip:a:***@b.test SIP/2.0\"" },
	{ "MESSAGE sip:a;p=secret@b.test SIP/2.0\r\n", "sip=\"MESSAGE sip:a:***@b.test SIP/2.0\"" },
	{ "MESSAGE sip:b.test?Authorization=secret SIP/2.0\r\n",
		"sip=\"MESSAGE sip:b.test SIP/2.0\"" },
	{ "MESSAGE sip:b.test;k=secret SIP/2.0\r\n", "sip=\"MESSAGE sip:b.test SIP/2.0\"" },
	{ "MESSAGE tel:+1;ext=2 SIP/2.0\r\n", "sip=\"MESSAGE tel:+1 SIP/2.0\"" },
	{ "MESSAGE a:secret@b.test SIP/2.0\r\n", "sip=\"MESSAGE *** SIP/2.0\"" },
	{ "MESSAGE secret SIP/2.0\r\n", "sip=\"MESSAGE *** SIP/2.0\"" },
	{ "MESSAGE sip:@ SIP/2.0\r\n", "sip=\"MESSAGE sip:@ SIP/2.0\"" },
	{ "MESSAGE sip:a\x1b[2J@b\xc2\x9b.test SIP/2.0\r\n",
		"sip=\"MESSAGE sip:a?[2J@b?.test SIP/2.0\"" },
	{ "MESSAGE sip:a:secret", "" },             /* cut: a password is not yet seen to be one */
	{ "MESSAGE sip:a:secret\r\n", "" },         /* no request line */
	{ "MESSAGE sip:a secret SIP/2.0\r\n", "" }, /* three words, not four */
	{ "the secret: sip:a@b.test SIP/2.0\r\n", "" },     /* a body */
	{ "ABCDEFGHIJKLMNOPQ sip:b.test SIP/2.0\r\n", "" }, /* no method is so long */
	{ " sip:b.test SIP/2.0\r\n", "" },
	{ "SIP/2.0 403 Not allowed here\r\nWWW-Authenticate: x",
		"sip=\"SIP/2.0 403 Not allowed here\"" },
	{ "SIP/2.0 200 a=\"b\"\x01\r\n", "sip=\"SIP/2.0 200 a=\\\"b\\\"?\"" },
	{ "SIP/2.0 2000 OK\r\n", "" },
	{ "SIP/2.0 abc\r\n", "" },
	{ "\r\n\r\n", "" },
	{ "<message to='secret'><body>secret</body></message>", "element=message" },
	{ "<handshake>secret</handshake>", "element=handshake" },
	{ "<?xml version='1.0'?>\n<stream:stream id='secret'>", "element=stream:stream" },
	{ "</stream:stream>", "element=/stream:stream" },
	{ "<r/>", "element=r" },
	{ "<auth", "" }, /* cut: the name may go on */
	{ "<secret", "" },
	{ "<1secret>", "" },
	{ "<sec\"ret>", "" },
	{ "<!-- secret -->", "" },
	{ "<?xml secret", "" },
	{ "<", "" },
	{ "</>", "" },
	{ "secret</handshake>", "" }, /* the second read of it */
	{ "password=secret", "" },
};

static void only_the_first_line_or_tag_is_shown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(beginnings); i++) {
		char want[256];
		const struct slice bytes = slice_str(beginnings[i].bytes);
		const struct output out = { .flow = 1, .bytes = bytes };
		struct buf b;

		snprintf(want, sizeof(want), "1.000042 toy <- output flow=1 bytes=%zu%s%s\n",
			bytes.n, beginnings[i].want[0] ? " " : "", beginnings[i].want);
		buf_init(&b, ENGINE_TRACE_LINE_MAX);
		engine_trace_output(&b, &toy, &out, NOW);
		expect(beginnings[i].bytes, &b, want);
	}
}

static void names_of_any_length_have_a_bound(void **state)
{
	struct dns_record many[DNS_RECORDS_MAX];
	const struct dns_answer long_answer = { .records = many, .n_records = COUNT(many) };
	struct fact in = { FACT_DNS, .dns = &long_answer };
	char bytes[2000];
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++) {
		many[i] = (struct dns_record){ .type = DNS_NAPTR };
		memset(many[i].naptr.replacement, '\x01', DNS_NAME_MAX - 1);
	}
	memset(bytes, 'a', sizeof(bytes));
	bytes[0] = '<';
	bytes[sizeof(bytes) - 1] = '>';
	in.bytes = slice_of(bytes, sizeof(bytes));
	buf_init(&b, ENGINE_TRACE_LINE_MAX);
	engine_trace_fact(&b, &toy, &in, NOW);
	assert_int_equal(buf_err(&b), 0);
	assert_true(slice_ends(buf_slice(&b), SLICE(" more=56 bytes=2000\n")));
	buf_clear(&b);
	static const char start[] = { "MESSAGE sip:" }, end[] = { " SIP/2.0\r\n" };
	for (size_t i = 0; i < sizeof(start) - 1; i++)
		bytes[i] = start[i];
	for (size_t i = 0; i < sizeof(end) - 1; i++)
		bytes[sizeof(bytes) - (sizeof(end) - 1) + i] = end[i];
	engine_trace_fact(&b, &toy, &in, NOW);
	assert_true(slice_ends(buf_slice(&b), SLICE(" more=56 bytes=2000\n")));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fact_is_one_line),
		cmocka_unit_test(a_want_is_one_line),
		cmocka_unit_test(outputs_and_times_are_lines_too),
		cmocka_unit_test(only_the_first_line_or_tag_is_shown),
		cmocka_unit_test(names_of_any_length_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
