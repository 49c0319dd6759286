#include "lab/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const char *const phases[] = { "sip.resolve", "sip.connect", "sip.tls", "sip.register",
	"sip.send", "xmpp.resolve", "xmpp.connect", "xmpp.tls", "xmpp.auth", "xmpp.bind", "deliver",
	"answer" };

static bool is_phase(const char *name)
{
	for (size_t i = 0; i < COUNT(phases); i++)
		if (strcmp(name, phases[i]) == 0)
			return true;
	return false;
}

static bool is_word(const char *s, char joiner)
{
	for (size_t i = 0; s[i]; i++)
		if ((s[i] < 'a' || s[i] > 'z') && s[i] != joiner)
			return false;
	return s[0] != '\0';
}

static void every_row_says_what_a_test_must_report(void **state)
{
	const struct lab_fault *f;
	size_t n = 0;

	(void)state;
	for (; (f = lab_fault_at(n)); n++) {
		print_message("case: %s\n", f->name);
		assert_true(is_word(f->name, '-'));
		assert_true(is_word(f->reason, '_'));
		assert_true(strlen(f->does) > 10 && f->does[strlen(f->does) - 1] != '.');
		assert_in_range(f->exit_status, 0, 3);
		/* A warning has no phase. */
		assert_int_equal(is_phase(f->phase), f->exit_status != 0);
		assert_int_equal(f->phase[0] == '\0', f->exit_status == 0);
	}
	assert_true(n >= 60);
	assert_null(lab_fault_at(n + 1));
}

static const char *cause(const struct lab_fault *f)
{
	return f->cause ? f->cause : "";
}

/* A user mends each in another place. */
static void no_two_rows_are_told_alike(void **state)
{
	const struct lab_fault *a, *b;

	(void)state;
	for (size_t i = 0; (a = lab_fault_at(i)); i++)
		for (size_t k = i + 1; (b = lab_fault_at(k)); k++) {
			assert_string_not_equal(a->name, b->name);
			if (strcmp(a->reason, b->reason) == 0 && strcmp(a->phase, b->phase) == 0)
				assert_string_not_equal(cause(a), cause(b));
		}
}

/* Without how it is made, a row would be a healthy lab. */
static void every_row_makes_something_wrong(void **state)
{
	const struct lab_fault *f;

	(void)state;
	for (size_t i = 0; (f = lab_fault_at(i)); i++) {
		struct lab_fault how = *f;

		how.name = how.does = how.reason = how.phase = how.cause = NULL;
		how.exit_status = 0;
		bool made = how.setup || how.certificate || how.way == FAULT_WAY_NOWHERE ||
			    how.names || how.zone || how.account || how.conn.does ||
			    how.tls.max_version || how.tls.wants_certificate || how.answer.does ||
			    how.edit.find || how.stream.at || how.stanza.does;
		if (!made)
			print_error("%s makes nothing wrong\n", f->name);
		assert_true(made);
		/* What is edited must be changed. */
		if (how.edit.find)
			assert_string_not_equal(how.edit.find, how.edit.with);
	}
}

/* Nobody could resolve a name that only this lab knows, unless the test is told where. */
static void a_fault_of_names_is_met_by_name(void **state)
{
	const struct lab_fault *f;

	(void)state;
	for (size_t i = 0; (f = lab_fault_at(i)); i++) {
		bool names = f->names || f->zone || f->setup == FAULT_DNS_DOWN;
		bool by_name =
			f->way == FAULT_WAY_POOL_BY_NAME || f->way == FAULT_WAY_PARTNER_BY_NAME;

		if (names != by_name)
			print_error("%s\n", f->name);
		assert_int_equal(names, by_name);
	}
}

static void rows_are_found_by_name(void **state)
{
	static const char *const nobody[] = { "", "dns", "tcp-refuse", "TCP-REFUSED" };
	const struct lab_fault *f;

	(void)state;
	for (size_t i = 0; (f = lab_fault_at(i)); i++)
		assert_ptr_equal(lab_fault_find(slice_str(f->name)), f);
	for (size_t i = 0; i < COUNT(nobody); i++)
		assert_null(lab_fault_find(slice_str(nobody[i])));
	assert_string_equal(lab_fault_none.name, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_says_what_a_test_must_report),
		cmocka_unit_test(no_two_rows_are_told_alike),
		cmocka_unit_test(every_row_makes_something_wrong),
		cmocka_unit_test(a_fault_of_names_is_met_by_name),
		cmocka_unit_test(rows_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
