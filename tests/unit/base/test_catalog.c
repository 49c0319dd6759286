#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/catalog.h"
#include "base/err.h"
#include "base/mem.h"

#define HEADER "Content-Type: text/plain; charset=UTF-8\n"

struct row {
	const char *id, *text;
};

static const struct row rows[] = {
	{ "", HEADER },
	{ "Failure", "Échec" },
	{ "Latency", "Latence" },
	{ "Latency of {1}", "Latence de {1}" },
	{ "Result", "Résultat" },
};

static void put_word(struct buf *b, uint32_t v, bool big)
{
	for (unsigned i = 0; i < 4; i++)
		buf_putc(b, (uint8_t)(v >> (big ? 24 - 8 * i : 8 * i)));
}

static void put_table(struct buf *b, size_t n, size_t texts, bool big, bool ids)
{
	size_t at = texts;

	for (size_t i = 0; i < n; i++) {
		const size_t n_id = strlen(rows[i].id), n_text = strlen(rows[i].text);

		put_word(b, (uint32_t)(ids ? n_id : n_text), big);
		put_word(b, (uint32_t)(ids ? at : at + n_id + 1), big);
		at += n_id + 1 + n_text + 1;
	}
}

/* As msgfmt lays it out, without the hash table, which nobody must have. */
static void put_file(struct buf *b, bool big)
{
	const size_t n = COUNT(rows), strings = 28 + 16 * n;

	put_word(b, 0x950412de, big);
	put_word(b, 0, big);
	put_word(b, (uint32_t)n, big);
	put_word(b, 28, big);
	put_word(b, (uint32_t)(28 + 8 * n), big);
	put_word(b, 0, big);
	put_word(b, 0, big);
	put_table(b, n, strings, big, true);
	put_table(b, n, strings, big, false);
	for (size_t i = 0; i < n; i++) {
		buf_put(b, slice_of(rows[i].id, strlen(rows[i].id) + 1));
		buf_put(b, slice_of(rows[i].text, strlen(rows[i].text) + 1));
	}
	assert_int_equal(buf_err(b), 0);
}

static void every_sentence_is_found_in_both_byte_orders(void **state)
{
	(void)state;
	for (unsigned big = 0; big < 2; big++) {
		struct catalog c;
		struct buf b;

		buf_init(&b, 4096);
		put_file(&b, big);
		assert_int_equal(catalog_open(&c, buf_slice(&b)), 0);
		for (size_t i = 0; i < COUNT(rows); i++)
			assert_string_equal(catalog_find(&c, rows[i].id), rows[i].text);
		buf_done(&b);
	}
}

static void what_is_not_in_it_has_no_translation(void **state)
{
	static const char *const ids[] = { "A", "Latency of", "Latency ", "Result ", "Zero", "f" };
	struct catalog c;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	put_file(&b, false);
	assert_int_equal(catalog_open(&c, buf_slice(&b)), 0);
	for (size_t i = 0; i < COUNT(ids); i++)
		assert_null(catalog_find(&c, ids[i]));
	buf_done(&b);
}

/* Every prefix, in memory of its own, so that a step outside is seen by the sanitizer. */
static void a_file_that_was_cut_is_refused_or_stays_inside(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	put_file(&b, false);
	for (size_t n = 1; n < buf_len(&b); n++) {
		char *copy = mem_strndup(buf_slice(&b).p, n);
		struct catalog c;

		assert_non_null(copy);
		if (catalog_open(&c, slice_of(copy, n)) == 0)
			for (size_t i = 0; i < COUNT(rows); i++)
				catalog_find(&c, rows[i].id);
		mem_free(copy);
	}
	buf_done(&b);
}

struct damage {
	const char *name;
	size_t at;
	uint8_t byte;
	int err;
};

static void a_damaged_file_is_refused(void **state)
{
	static const struct damage table[] = {
		{ "magic", 0, 0xdf, ERR_SYNTAX },
		{ "revision 2", 6, 2, ERR_SYNTAX },
		{ "more ids than there is room", 9, 0x7f, ERR_SYNTAX },
		{ "ids outside", 15, 0x7f, ERR_SYNTAX },
		{ "texts outside", 19, 0x7f, ERR_SYNTAX },
		{ "a header that begins outside", 28 + 8 * COUNT(rows) + 7, 1, ERR_UNSUPPORTED },
		{ "a header that ends outside", 28 + 8 * COUNT(rows) + 3, 1, ERR_UNSUPPORTED },
		{ "a header without its NUL", 28 + 8 * COUNT(rows), 1, ERR_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct catalog c;
		struct buf b;

		buf_init(&b, 4096);
		put_file(&b, false);
		b.p[table[i].at] = table[i].byte;
		if (catalog_open(&c, buf_slice(&b)) != table[i].err)
			fail_msg("%s: it was not refused", table[i].name);
		buf_done(&b);
	}
}

static void other_characters_than_utf8_are_refused(void **state)
{
	struct catalog c;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	put_file(&b, false);
	b.p[slice_find(buf_slice(&b), SLICE("UTF-8")) + 4] = '7';
	assert_int_equal(catalog_open(&c, buf_slice(&b)), ERR_UNSUPPORTED);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sentence_is_found_in_both_byte_orders),
		cmocka_unit_test(what_is_not_in_it_has_no_translation),
		cmocka_unit_test(a_file_that_was_cut_is_refused_or_stays_inside),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(other_characters_than_utf8_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
