/* How often an address may be wrong, by a table of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "web/limit.h"

static struct web_limit limit;

static int set_up(void **state)
{
	(void)state;
	limit = (struct web_limit){ .rows = { { .until = 0 } } };
	return 0;
}

static struct addr of(const char *text)
{
	struct addr a;

	assert_true(addr_decode_ip(slice_str(text), &a));
	return a;
}

static void burst_and_pause(void **state)
{
	const struct addr who = of("192.0.2.1"), other = of("192.0.2.2");
	ts_t now = TS_S(1000);

	(void)state;
	for (unsigned i = 0; i < WEB_LIMIT_BURST; i++) {
		assert_false(web_limit_is_reached(&limit, &who, now));
		web_limit_count(&limit, &who, now);
	}
	assert_true(web_limit_is_reached(&limit, &who, now));
	assert_false(web_limit_is_reached(&limit, &other, now));
	now += TS_S(WEB_LIMIT_EACH_S);
	assert_false(web_limit_is_reached(&limit, &who, now)); /* one more */
	web_limit_count(&limit, &who, now);
	assert_true(web_limit_is_reached(&limit, &who, now));
	now += TS_S(WEB_LIMIT_BURST * WEB_LIMIT_EACH_S);
	for (unsigned i = 0; i < WEB_LIMIT_BURST; i++) {
		assert_false(web_limit_is_reached(&limit, &who, now));
		web_limit_count(&limit, &who, now);
	}
	assert_true(web_limit_is_reached(&limit, &who, now));
}

static void right_after_all(void **state)
{
	const struct addr who = of("192.0.2.1"), other = of("192.0.2.2");
	const ts_t now = TS_S(1000);

	(void)state;
	for (unsigned i = 0; i < 10 * WEB_LIMIT_BURST; i++) {
		assert_false(web_limit_is_reached(&limit, &who, now));
		web_limit_count(&limit, &who, now);
		web_limit_forgive(&limit, &who);
	}
	web_limit_forgive(&limit, &other); /* never counted */
	assert_false(web_limit_is_reached(&limit, &other, now));
}

static void networks(void **state)
{
	const struct addr a = of("2001:db8::1"), b = of("2001:db8:0:0:ffff::2"),
			  c = of("2001:db8:0:1::1"), d = of("192.0.2.1"), e = of("192.0.2.1");

	(void)state;
	assert_true(web_peer_eq(&a, &b));
	assert_false(web_peer_eq(&a, &c));
	assert_false(web_peer_eq(&a, &d));
	assert_true(web_peer_eq(&d, &e));
}

/* Of a flood of addresses the last ones are known. */
static void many(void **state)
{
	const struct addr first = of("10.0.0.0");
	struct addr who = first;
	const ts_t now = TS_S(1000);

	(void)state;
	for (unsigned i = 0; i < WEB_LIMIT_BURST; i++)
		web_limit_count(&limit, &first, now);
	for (unsigned i = 1; i < WEB_LIMIT_ROWS; i++) {
		who.ip[2] = (uint8_t)(i >> 8);
		who.ip[3] = (uint8_t)i;
		web_limit_count(&limit, &who, now);
	}
	assert_true(web_limit_is_reached(&limit, &first, now));
	who.ip[1] = 1;
	for (unsigned i = 0; i < WEB_LIMIT_BURST; i++)
		web_limit_count(&limit, &who, now);
	assert_true(web_limit_is_reached(&limit, &who, now));
	assert_true(web_limit_is_reached(&limit, &first, now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(burst_and_pause, set_up),
		cmocka_unit_test_setup(right_after_all, set_up),
		cmocka_unit_test_setup(networks, set_up),
		cmocka_unit_test_setup(many, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
