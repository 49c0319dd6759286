#include "base/addr.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

static void text_of_ip(const struct addr *a, char text[ADDR_TEXT_MAX])
{
	struct buf b;

	buf_init(&b, ADDR_TEXT_MAX);
	addr_put_ip(&b, a);
	assert_true(slice_cstr(buf_slice(&b), text, ADDR_TEXT_MAX));
	buf_done(&b);
}

/* What is written is what RFC 5952 section 4 recommends. */
static void literals_are_decoded_and_written_in_one_way(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "[2001:db8::1]", "2001:db8::1" },
		{ "2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1" },
		{ "2001:DB8::ABCD", "2001:db8::abcd" },             /* 4.3 */
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* 4.2.2 */
		{ "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },  /* 4.2.2 */
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" },          /* 4.2.3 */
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },    /* 4.2.3 */
		{ "0:0:1::", "0:0:1::" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
		{ "fe80::0001", "fe80::1" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" }, /* 5 */
		{ "::ffff:c000:201", "::ffff:192.0.2.1" },
		{ "0:0:0:0:0:ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ "1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201" },
		{ "::192.0.2.1", "::c000:201" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a;

		if (!addr_decode_ip(slice_str(table[i].text), &a))
			fail_msg("%s: refused", table[i].text);
		assert_int_equal(a.family, strchr(table[i].text, ':') ? 6 : 4);
		assert_int_equal(a.port, 0);
		assert_int_equal(a.scope, 0);
		text_of_ip(&a, text);
		if (strcmp(text, table[i].want) != 0)
			fail_msg("%s: want %s got %s", table[i].text, table[i].want, text);
	}
}

static const char *const not_ips[] = { "", "a", "example.test", "1", "1.2.3", "1.2.3.4.5", "1.2.3.",
	".1.2.3", "1..2.3", "256.1.1.1", "1.1.1.256", "01.2.3.4", "1.2.3.04", "00.0.0.0",
	"0001.2.3.4", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "-1.2.3.4", "0x1.2.3.4", "1.2.3.4a",
	"[1.2.3.4]", "[]", "[", "]", "[::1", "::1]", "[[::1]]", "[::1]x", ":",
	":::", "::1::", "1::2::3", ":1", "1:", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "1::2:3:4:5:6:7:8", "::1:2:3:4:5:6:7:8",
	"12345::", "g::", "::1%eth0", "fe80::1%1", "::1.2.3", "::1.2.3.4.5", "::256.1.1.1",
	"1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:5:1.2.3.4", "::01.2.3.4",
	": :1", ":: " };

static void what_is_no_literal_is_refused(void **state)
{
	const struct addr before = { .family = 4, .port = 7 };

	(void)state;
	for (size_t i = 0; i < COUNT(not_ips); i++) {
		struct addr a = before;

		if (addr_decode_ip(slice_str(not_ips[i]), &a))
			fail_msg("\"%s\" was taken", not_ips[i]);
		assert_memory_equal(&a, &before, sizeof(a));
	}
	assert_false(addr_decode_ip(SLICE_NONE, &(struct addr){ 0 }));
	assert_false(addr_decode_ip(SLICE("1.2.3.4\0"), &(struct addr){ 0 }));
	assert_false(addr_decode_ip(SLICE("::1\0"), &(struct addr){ 0 }));
}

static void the_c_library_decodes_the_same(void **state)
{
	static const char letters[] = "0012:::..fF";
	struct rng rng;
	unsigned taken = 0;

	(void)state;
	rng_init_number(&rng, 1);
	for (int round = 0; round < 300000; round++) {
		char text[24];
		uint8_t want[16] = { 0 };
		size_t n = 2 + rng_below(&rng, sizeof(text) - 2);
		struct addr a;

		for (size_t i = 0; i < n; i++)
			text[i] = letters[rng_below(&rng, sizeof(letters) - 1)];
		text[n - 1] = '\0';
		bool v4 = inet_pton(AF_INET, text, want) == 1;
		bool good = v4 || inet_pton(AF_INET6, text, want) == 1;

		if (addr_decode_ip(slice_str(text), &a) != good)
			fail_msg("%s: the C library says %d", text, good);
		if (!good)
			continue;
		taken++;
		assert_int_equal(a.family, v4 ? 4 : 6);
		assert_memory_equal(a.ip, want, 16);
	}
	assert_true(taken > 1000);
}

/* Zeros in runs, where the shortening could go wrong. */
static void any_address_comes_back(void **state)
{
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 2);
	for (int round = 0; round < 50000; round++) {
		struct addr a = { .family = rng_below(&rng, 4) ? 6 : 4 }, back;
		char text[ADDR_TEXT_MAX], want[INET6_ADDRSTRLEN];
		uint32_t zeros = rng_below(&rng, 256);
		size_t n = a.family == 4 ? 4 : 16;

		rng_bytes(&rng, a.ip, n);
		for (size_t i = 0; i < n; i++)
			if (zeros >> i / 2 & 1)
				a.ip[i] = 0;
		text_of_ip(&a, text);
		assert_true(addr_decode_ip(slice_str(text), &back));
		assert_true(addr_eq(&a, &back));
		inet_ntop(a.family == 4 ? AF_INET : AF_INET6, a.ip, want, sizeof(want));
		/* The C library writes ::/96 with dots; RFC 5952 section 5 asks for that only
		 * where the prefix says that an IPv4 address follows. */
		bool compatible = strncmp(want, "::", 2) == 0 && strchr(want, '.');
		if (!compatible && strcmp(text, want) != 0)
			fail_msg("want %s got %s", want, text);
	}
}

static void a_port_is_required(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} table[] = {
		{ "192.0.2.1:5060", "192.0.2.1:5060" },
		{ "192.0.2.1:0", "192.0.2.1:0" },
		{ "192.0.2.1:65535", "192.0.2.1:65535" },
		{ "[::1]:5060", "[::1]:5060" },
		{ "[2001:DB8::1]:1", "[2001:db8::1]:1" },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
			"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
		{ "192.0.2.1", NULL },
		{ "192.0.2.1:", NULL },
		{ "192.0.2.1:65536", NULL },
		{ "192.0.2.1:x", NULL },
		{ "192.0.2.1:-1", NULL },
		{ "192.0.2.1: 1", NULL },
		{ "192.0.2.1:1 ", NULL },
		{ "[192.0.2.1]:1", NULL },
		{ "::1:5060", NULL },
		{ "::1", NULL },
		{ "[::1]", NULL },
		{ "[::1]:", NULL },
		{ "[::1]5060", NULL },
		{ "[::1]x:5060", NULL },
		{ ":5060", NULL },
		{ "", NULL },
		{ ":", NULL },
		{ "localhost:5060", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		char text[ADDR_TEXT_MAX];
		struct addr a;

		if (addr_decode(slice_str(table[i].text), &a) != (table[i].want != NULL))
			fail_msg("\"%s\"", table[i].text);
		if (table[i].want)
			assert_string_equal(addr_text(&a, text), table[i].want);
	}
	assert_false(addr_decode(SLICE_NONE, &(struct addr){ 0 }));
}

static void an_address_of_no_family_has_a_text(void **state)
{
	char text[ADDR_TEXT_MAX];

	(void)state;
	assert_string_equal(addr_text(&(struct addr){ .port = 5 }, text), "-");
}

static void a_text_that_finds_no_memory_is_empty(void **state)
{
	char text[ADDR_TEXT_MAX] = "x";

	(void)state;
	mem_fail_after(0);
	addr_text(&(struct addr){ .family = 4 }, text);
	mem_fail_after(-1);
	assert_string_equal(text, "");
}

static struct addr addr_of(const char *text)
{
	struct addr a;

	assert_true(addr_decode(slice_str(text), &a));
	return a;
}

static void equality_is_of_family_address_and_port(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, ip_eq;
	} table[] = {
		{ "192.0.2.1:5", "192.0.2.1:5", true, true },
		{ "192.0.2.1:5", "192.0.2.1:6", false, true },
		{ "192.0.2.1:5", "192.0.2.2:5", false, false },
		{ "[::1]:5", "[0:0::1]:5", true, true },
		{ "[::1]:5", "[::2]:5", false, false },
		{ "0.0.0.0:5", "[::]:5", false, false },
		{ "192.0.2.1:5", "[::ffff:192.0.2.1]:5", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i].a), b = addr_of(table[i].b);

		if (addr_eq(&a, &b) != table[i].eq || addr_ip_eq(&a, &b) != table[i].ip_eq)
			fail_msg("%s and %s", table[i].a, table[i].b);
	}
}

static void a_mapped_address_is_the_one_that_it_maps(void **state)
{
	static const struct {
		const char *text, *want;
	} table[] = {
		{ "[::ffff:192.0.2.1]:5", "192.0.2.1:5" },
		{ "[::ffff:0:0]:5", "0.0.0.0:5" },
		{ "[::fffe:192.0.2.1]:5", "[::fffe:c000:201]:5" },
		{ "[::192.0.2.1]:5", "[::c000:201]:5" },
		{ "[::1]:5", "[::1]:5" },
		{ "192.0.2.1:5", "192.0.2.1:5" },
	};
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i].text), want = addr_of(table[i].want);

		addr_unmap(&a);
		assert_string_equal(addr_text(&a, text), table[i].want);
		assert_true(addr_eq(&a, &want));
	}
}

static void loopback_is_127_and_1(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} table[] = {
		{ "127.0.0.1:1", true },
		{ "127.255.255.255:1", true },
		{ "126.0.0.1:1", false },
		{ "128.0.0.1:1", false },
		{ "0.0.0.0:1", false },
		{ "[::1]:1", true },
		{ "[::]:1", false },
		{ "[::2]:1", false },
		{ "[7f00::1]:1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i].text);

		if (addr_is_loopback(&a) != table[i].want)
			fail_msg("%s", table[i].text);
	}
	assert_false(addr_is_loopback(&(struct addr){ .ip = { 127, 0, 0, 1 } }));
}

static void a_wildcard_is_known(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} table[] = {
		{ "0.0.0.0:5060", true },
		{ "[::]:5060", true },
		{ "0.0.0.1:5060", false },
		{ "[::1]:5060", false },
		{ "[100::]:5060", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr a = addr_of(table[i].text);

		if (addr_is_wildcard(&a) != table[i].want)
			fail_msg("%s", table[i].text);
	}
	assert_false(addr_is_wildcard(&(struct addr){ .family = 0 }));
}

static void transports_have_names(void **state)
{
	static const struct {
		enum transport t;
		const char *name;
	} table[] = {
		{ TRANSPORT_UDP, "udp" },
		{ TRANSPORT_TCP, "tcp" },
		{ TRANSPORT_TLS, "tls" },
	};
	enum transport t;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_string_equal(transport_name(table[i].t), table[i].name);
		assert_true(transport_find(slice_str(table[i].name), &t));
		assert_int_equal(t, table[i].t);
	}
	assert_true(transport_find(SLICE("TcP"), &t));
	assert_int_equal(t, TRANSPORT_TCP);
	assert_false(transport_find(SLICE("sctp"), &t));
	assert_false(transport_find(SLICE("tcp "), &t));
	assert_false(transport_find(SLICE_NONE, &t));
	assert_int_equal(t, TRANSPORT_TCP);
}

static void a_network_has_what_its_prefix_has(void **state)
{
	static const struct {
		const char *net, *in, *out; /* NULL: there is none */
	} table[] = {
		{ "192.0.2.1", "192.0.2.1", "192.0.2.2" },
		{ "10.0.0.0/8", "10.255.255.255", "11.0.0.0" },
		{ "192.0.2.128/25", "192.0.2.255", "192.0.2.127" },
		{ "192.0.2.0/31", "192.0.2.1", "192.0.2.2" },
		{ "192.0.2.1/32", "192.0.2.1", "192.0.2.0" },
		{ "0.0.0.0/0", "203.0.113.9", "2001:db8::1" },
		{ "::/0", "2001:db8::1", "203.0.113.9" },
		{ "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1" },
		{ "2001:db8::1", "2001:db8::1", "2001:db8::2" },
		{ "[2001:db8::1]/128", "2001:db8::1", "2001:db8::2" },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0" },
		{ "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr_net net;
		struct addr in, out;

		assert_true(addr_decode_ip(slice_str(table[i].in), &in));
		assert_true(addr_decode_ip(slice_str(table[i].out), &out));
		if (!addr_net_decode(slice_str(table[i].net), &net) || !addr_net_has(&net, &in) ||
			addr_net_has(&net, &out))
			fail_msg("%s", table[i].net);
	}
}

static void what_is_no_network_is_refused(void **state)
{
	static const char *const table[] = { "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129",
		"10.0.0.0/8/8", "10.1.0.0/8", "192.0.2.1/31", "2001:db8::1/64", "10/8",
		"10.0.0.0/x", "::ffff:0.0.0.0/95", "::ffff:10.1.0.0/104", "10.0.0.0/-1",
		"10.0.0.0/08 " };

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct addr_net net;

		if (addr_net_decode(slice_str(table[i]), &net))
			fail_msg("`%s`", table[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_decoded_and_written_in_one_way),
		cmocka_unit_test(what_is_no_literal_is_refused),
		cmocka_unit_test(the_c_library_decodes_the_same),
		cmocka_unit_test(any_address_comes_back),
		cmocka_unit_test(a_port_is_required),
		cmocka_unit_test(an_address_of_no_family_has_a_text),
		cmocka_unit_test(a_text_that_finds_no_memory_is_empty),
		cmocka_unit_test(equality_is_of_family_address_and_port),
		cmocka_unit_test(a_mapped_address_is_the_one_that_it_maps),
		cmocka_unit_test(loopback_is_127_and_1),
		cmocka_unit_test(a_wildcard_is_known),
		cmocka_unit_test(transports_have_names),
		cmocka_unit_test(a_network_has_what_its_prefix_has),
		cmocka_unit_test(what_is_no_network_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
