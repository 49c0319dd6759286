/* In which language a page is read: what was chosen, else the cookie, else what the browser asks
 * for.
 */
#include "watcher/tongues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct {
	const char *query, *cookie, *accept, *want;
	bool is_chosen;
} rows[] = {
	{ "", NULL, NULL, "en", false },
	{ "lang=fr", NULL, NULL, "fr", true },
	{ "lang=fr", "lang=en", "en", "fr", true },
	{ "range=6h&lang=FR", NULL, NULL, "fr", true },
	{ "lang=de", "lang=fr", "en", "fr", false },
	{ "lang=", NULL, "fr", "fr", false },
	{ "lang=fr-and-far-too-long-for-it", NULL, NULL, "en", false },
	{ "", "a=b; lang=fr", "en", "fr", false },
	{ "", "lang=xx", "fr", "fr", false },
	{ "", NULL, "fr-CA, fr;q=0.8, en;q=0.5", "fr", false },
	{ "", NULL, "FR-fr", "fr", false },
	{ "", NULL, "de, es;q=0.9, fr;q=0.8, en;q=0.7", "fr", false },
	{ "", NULL, "en-US,en;q=0.5,fr", "en", false },
	{ "", NULL, "de, *", "en", false },
	{ "", NULL, ", ;, -", "en", false },
};

static void who_reads_what(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct web_request r;
		struct buf b;
		bool is_chosen;

		buf_init(&b, 4096);
		buf_printf(&b, "GET /?%s HTTP/1.1\r\nHost: a\r\n", rows[i].query);
		if (rows[i].cookie)
			buf_printf(&b, "Cookie: %s\r\n", rows[i].cookie);
		if (rows[i].accept)
			buf_printf(&b, "Accept-Language: %s\r\n", rows[i].accept);
		buf_puts(&b, "\r\n");
		assert_int_equal(web_request_decode(&r, buf_slice(&b)), WEB_DONE);
		const enum tongue t = tongue_of(&r, &is_chosen);
		if (!slice_eqs(slice_str(rows[i].want), tongue_name(t)) ||
			is_chosen != rows[i].is_chosen)
			fail_msg("row %zu: %s, %d", i, tongue_name(t), is_chosen);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(who_reads_what) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
