/* Names of certificates: as the peer has them, with their kinds, and what people are shown. */
#include "base/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct tls_facts f;
static char text[TLS_NAMES_TEXT_MAX];

static int set_up(void **state)
{
	(void)state;
	f = (struct tls_facts){ .n_certs = 3 };
	return 0;
}

static void add(unsigned cert, enum tls_name_kind kind, struct slice name)
{
	tls_add_name(&f, &f.certs[cert], kind, name);
}

static void is(unsigned cert, unsigned i, enum tls_name_kind kind, struct slice name)
{
	const struct tls_name got = tls_get_name(&f, &f.certs[cert], i);

	assert_int_equal(got.kind, kind);
	assert_int_equal(got.text.n, name.n);
	assert_memory_equal(got.text.p, name.p, name.n);
}

static void shown(unsigned cert, const char *want)
{
	assert_ptr_equal(tls_names_text(&f, &f.certs[cert], text), text);
	assert_string_equal(text, want);
}

static void each_certificate_has_its_own_names(void **state)
{
	(void)state;
	add(2, TLS_NAME_DNS, SLICE("ca.test"));
	add(0, TLS_NAME_SRV, SLICE("_xmpp-server.a.test"));
	add(0, TLS_NAME_DNS, SLICE("a.test"));
	add(0, TLS_NAME_XMPP_ADDR, SLICE("b\xc3\xa9.test"));
	assert_int_equal(f.certs[0].n_names, 3);
	assert_int_equal(f.certs[1].n_names, 0);
	assert_int_equal(f.certs[2].n_names, 1);
	is(0, 0, TLS_NAME_SRV, SLICE("_xmpp-server.a.test"));
	is(0, 1, TLS_NAME_DNS, SLICE("a.test"));
	is(0, 2, TLS_NAME_XMPP_ADDR, SLICE("b\xc3\xa9.test"));
	is(2, 0, TLS_NAME_DNS, SLICE("ca.test"));
}

/* Facts are copied from one to another. */
static void a_copy_has_them_too(void **state)
{
	struct tls_facts copy;

	(void)state;
	add(0, TLS_NAME_DNS, SLICE("a.test"));
	add(0, TLS_NAME_IP, SLICE("192.0.2.1"));
	copy = f;
	memset(&f, 'x', sizeof(f));
	const struct tls_name got = tls_get_name(&copy, &copy.certs[0], 1);
	assert_true(slice_eqs(got.text, "192.0.2.1"));
}

/* Cut at the NUL it would be somebody else's name. */
static void no_byte_of_a_name_is_lost(void **state)
{
	(void)state;
	add(0, TLS_NAME_DNS, SLICE("a.test\0.evil.test"));
	add(0, TLS_NAME_DNS, SLICE(""));
	add(0, TLS_NAME_DNS, SLICE("\x1b[2J\x7f\xff"));
	is(0, 0, TLS_NAME_DNS, SLICE("a.test\0.evil.test"));
	is(0, 1, TLS_NAME_DNS, SLICE(""));
	is(0, 2, TLS_NAME_DNS, SLICE("\x1b[2J\x7f\xff"));
	shown(0, "a.test?.evil.test, , ?[2J??");
}

static void people_are_shown_dns_names_and_addresses(void **state)
{
	(void)state;
	add(0, TLS_NAME_URI, SLICE("sip:a.test"));
	add(0, TLS_NAME_DNS, SLICE("a.test"));
	add(0, TLS_NAME_SRV, SLICE("_sips.a.test"));
	add(0, TLS_NAME_IP, SLICE("2001:db8::1"));
	add(0, TLS_NAME_XMPP_ADDR, SLICE("a.test"));
	add(0, TLS_NAME_DNS, SLICE("*.a b.test"));
	shown(0, "a.test, 2001:db8::1, *.a?b.test");
	shown(1, "");
}

static struct slice letters(size_t n)
{
	static uint8_t all[TLS_NAMES_BYTES + 1];

	memset(all, 'a', sizeof(all));
	return slice_of(all, n);
}

static void what_does_not_fit_becomes_dots(void **state)
{
	static const struct {
		size_t n[3];
		const char *end; /* behind the letters of the first */
	} rows[] = {
		{ { 251 }, "" },
		{ { 252 }, NULL },
		{ { 247, 1, 1 }, ", a, ..." },
		{ { 240, 10, 1 }, ", ..., a" },
		{ { 240, 9, 1 }, ", aaaaaaaa, ..." },
		{ { 250, 1, 1 }, ", ..." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("case: %zu\n", i);
		set_up(NULL);
		for (size_t k = 0; k < 3 && rows[i].n[k]; k++)
			add(0, TLS_NAME_DNS, letters(rows[i].n[k]));
		tls_names_text(&f, &f.certs[0], text);
		const size_t n = strspn(text, "a");
		assert_int_equal(n, rows[i].end ? rows[i].n[0] : 0);
		assert_string_equal(text + n, rows[i].end ? rows[i].end : "...");
	}
}

static void the_number_of_names_has_a_limit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TLS_NAMES_MAX - 1; i++)
		add(1, TLS_NAME_URI, SLICE("u"));
	add(0, TLS_NAME_DNS, SLICE("last.test"));
	add(0, TLS_NAME_DNS, SLICE("none.test"));
	add(0, TLS_NAME_DNS, SLICE("none.test"));
	assert_int_equal(f.certs[1].n_left_out, 0);
	assert_int_equal(f.certs[0].n_names, 1);
	assert_int_equal(f.certs[0].n_left_out, 2);
	is(0, 0, TLS_NAME_DNS, SLICE("last.test"));
	shown(0, "last.test, ...");
	add(2, TLS_NAME_DNS, SLICE("none.test"));
	assert_int_equal(f.certs[2].n_names, 0);
	shown(2, "...");
}

static void their_bytes_have_a_limit(void **state)
{
	(void)state;
	add(0, TLS_NAME_URI, letters(TLS_NAMES_BYTES + 1));
	assert_int_equal(f.certs[0].n_left_out, 1);
	add(0, TLS_NAME_URI, letters(TLS_NAMES_BYTES - 3));
	add(0, TLS_NAME_URI, letters(4));
	assert_int_equal(f.certs[0].n_left_out, 2);
	add(0, TLS_NAME_URI, SLICE("end"));
	add(0, TLS_NAME_URI, SLICE("x"));
	assert_int_equal(f.certs[0].n_names, 2);
	assert_int_equal(f.certs[0].n_left_out, 3);
	is(0, 1, TLS_NAME_URI, SLICE("end"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_certificate_has_its_own_names, set_up),
		cmocka_unit_test_setup(a_copy_has_them_too, set_up),
		cmocka_unit_test_setup(no_byte_of_a_name_is_lost, set_up),
		cmocka_unit_test_setup(people_are_shown_dns_names_and_addresses, set_up),
		cmocka_unit_test_setup(what_does_not_fit_becomes_dots, set_up),
		cmocka_unit_test_setup(the_number_of_names_has_a_limit, set_up),
		cmocka_unit_test_setup(their_bytes_have_a_limit, set_up),
	};

	return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
