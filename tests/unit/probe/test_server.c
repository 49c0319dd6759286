/* Servers that are named by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/server.h"

static void a_server_has_a_host_and_perhaps_a_port(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} rows[] = {
		{ "xmpp.contoso.test", "xmpp.contoso.test", 5222 },
		{ "xmpp.contoso.test:6222", "xmpp.contoso.test", 6222 },
		{ "192.0.2.1:1", "192.0.2.1", 1 },
		{ "[2001:db8::1]", "2001:db8::1", 5222 },
		{ "[2001:db8::1]:65535", "2001:db8::1", 65535 },
	};
	static const char *const none[] = { "host:port", "host:", "host:65536", "host:-1",
		"two words", "a;b", "$(id)", "a/b" };
	char host[256];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint16_t port = 5222;

		assert_true(server_read(slice_str(rows[i].text), host, &port));
		assert_string_equal(host, rows[i].host);
		assert_int_equal(port, rows[i].port);
	}
	for (size_t i = 0; i < COUNT(none); i++) {
		uint16_t port = 5222;

		assert_false(server_read(slice_str(none[i]), host, &port));
	}
}

static void a_host_that_is_too_long_is_none(void **state)
{
	char text[300], host[256];
	uint16_t port = 5222;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(server_read(slice_of(text, 255), host, &port));
	assert_false(server_read(slice_of(text, 256), host, &port));
}

static void a_registrar_is_a_uri_or_the_pool_itself(void **state)
{
	static const struct {
		const char *registrar;
		uint16_t port;
		const char *uri;
	} rows[] = {
		{ "", 0, "sip:pool.litware.test" },
		{ "", 5062, "sip:pool.litware.test:5062;transport=tls" },
		{ "192.0.2.1;transport=tcp", 5062, "sip:192.0.2.1:5062;transport=tcp" },
		{ "sip:192.0.2.1:5070", 5062, "sip:192.0.2.1:5070" },
		{ "sips:pool2.litware.test", 5062, "sips:pool2.litware.test:5062" },
		{ "sip:[2001:db8::1]", 5062, "sip:[2001:db8::1]:5062" },
		{ "[2001:db8::1]:5070;transport=tls", 5062,
			"sip:[2001:db8::1]:5070;transport=tls" },
		{ "sip:192.0.2.1", 0, "sip:192.0.2.1" },
		{ "sips:pool2.litware.test", 0, "sips:pool2.litware.test" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 512);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&b);
		server_put_registrar(
			&b, slice_str(rows[i].registrar), SLICE("pool.litware.test"), rows[i].port);
		assert_string_equal(buf_cstr(&b), rows[i].uri);
	}
	buf_done(&b);
}

static void a_port_can_be_taken_off(void **state)
{
	static const char *const rows[][2] = {
		{ "sip:192.0.2.1:5070", "sip:192.0.2.1" },
		{ "sip:192.0.2.1:5070;transport=tcp", "sip:192.0.2.1;transport=tcp" },
		{ "pool2.litware.test:1;transport=udp", "pool2.litware.test;transport=udp" },
		{ "sip:[2001:db8::1]:5070;transport=tls", "sip:[2001:db8::1];transport=tls" },
		{ "sips:[2001:db8::1]", "sips:[2001:db8::1]" },
		{ "sip:192.0.2.1", "sip:192.0.2.1" },
		{ "sip:1", "sip:1" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *uri = server_without_port(rows[i][0]);

		assert_non_null(uri);
		assert_string_equal(uri, rows[i][1]);
		mem_free(uri);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_has_a_host_and_perhaps_a_port),
		cmocka_unit_test(a_host_that_is_too_long_is_none),
		cmocka_unit_test(a_port_can_be_taken_off),
		cmocka_unit_test(a_registrar_is_a_uri_or_the_pool_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
