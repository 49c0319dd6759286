#include "app/language.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

static const char *const variables[] = { "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG" };

/* Each value is that of a variable above; NULL: not set. */
static void set(const char *const values[4])
{
	for (size_t i = 0; i < COUNT(variables); i++)
		if (values[i])
			setenv(variables[i], values[i], 1);
		else
			unsetenv(variables[i]);
}

static void the_environment_is_read_as_gettext_reads_it(void **state)
{
	static const struct {
		const char *values[4];
		const char *want; /* the names, with blanks between */
	} table[] = {
		{ { NULL, NULL, NULL, NULL }, "" },
		{ { NULL, NULL, NULL, "fr_FR.UTF-8" }, "fr_FR fr" },
		{ { NULL, NULL, NULL, "fr" }, "fr" },
		{ { NULL, NULL, "fr_FR.UTF-8", "de_DE.UTF-8" }, "fr_FR fr" },
		{ { NULL, "fr_CA.ISO-8859-1", "de_DE", "it_IT" }, "fr_CA fr" },
		{ { NULL, "", "", "fr_BE" }, "fr_BE fr" },
		{ { NULL, NULL, NULL, "fr_FR.UTF-8@euro" }, "fr_FR@euro fr@euro fr_FR fr" },
		{ { NULL, NULL, NULL, "C" }, "" },
		{ { NULL, NULL, NULL, "POSIX" }, "" },
		{ { "fr", NULL, NULL, "C" }, "" },
		{ { "fr", "POSIX", NULL, "fr_FR" }, "" },
		{ { "fr", NULL, NULL, NULL }, "" },
		{ { "fr", NULL, NULL, "C.UTF-8" }, "fr" },
		{ { "de:fr_FR", NULL, NULL, "en_US.UTF-8" }, "de fr_FR fr" },
		{ { "", NULL, NULL, "fr_FR" }, "fr_FR fr" },
		/* What is preferred to English is tried; what is behind it is not. */
		{ { "de:en:fr", NULL, NULL, "fr_FR" }, "de" },
		{ { "en_GB:en:fr", NULL, NULL, "fr_FR" }, "" },
		{ { "C:fr", NULL, NULL, "fr_FR" }, "" },
		{ { NULL, NULL, NULL, "en_US.UTF-8" }, "" },
		/* They become parts of a path. */
		{ { "../../etc:/tmp/x:fr", NULL, NULL, "fr_FR" }, "fr" },
		{ { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:fr", NULL, NULL, "fr" }, "fr" },
		{ { ":::fr:", NULL, NULL, "fr" }, "fr" },
		{ { "a:b:c:d:e:f:g:h:i:j:k:l:m:n:o:p:q:r", NULL, NULL, "fr" },
			"a b c d e f g h i j k l m n o p" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct language_names names;
		struct buf got;

		set(table[i].values);
		language_names(&names);
		buf_init(&got, 1024);
		for (size_t k = 0; k < names.n; k++)
			buf_printf(&got, "%s%s", k ? " " : "", names.name[k]);
		assert_string_equal(buf_cstr(&got), table[i].want);
		buf_done(&got);
	}
}

/* ---- catalogues ---- */

static char dir[] = "/tmp/stox-language-XXXXXX";

/* "Result" in a language, in a catalogue as msgfmt writes it; or with `bytes`, something else. */
static void write_catalogue(const char *language, const char *result, const char *bytes)
{
	static const char header[] = "Content-Type: text/plain; charset=UTF-8\n";
	const uint32_t n_header = sizeof(header) - 1, n_result = (uint32_t)strlen(result);
	const uint32_t words[] = { 0x950412de, 0, 2, 28, 44, 0, 0, /* two ids, two texts */
		0, 60, 6, 61, n_header, 68, n_result, 68 + n_header + 1 };
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, language);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES", dir, language);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES/stox.mo", dir, language);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	if (bytes) {
		fputs(bytes, f);
	} else {
		fwrite(words, sizeof(words), 1, f);
		fwrite("\0Result", 8, 1, f);
		fwrite(header, sizeof(header), 1, f);
		fwrite(result, n_result + 1, 1, f);
	}
	fclose(f);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command); /* NOLINT(cert-env33-c) */
}

static bool open_language(const char *language)
{
	const char *const values[] = { language, NULL, NULL, "C.UTF-8" };
	struct language_names names;

	set(values);
	language_names(&names);
	return language_open(dir, &names);
}

static void without_a_catalogue_everything_is_english(void **state)
{
	(void)state;
	assert_string_equal(language_look_up("Result"), "Result");
	assert_false(open_language("tlh"));
	assert_string_equal(language_look_up("Result"), "Result");
	assert_string_equal(language_look_up(""), "");
}

static void the_best_language_that_there_is_is_taken(void **state)
{
	(void)state;
	write_catalogue("fr", "R\xc3\xa9sultat", NULL);
	write_catalogue("de", "Ergebnis", NULL);
	assert_true(open_language("tlh:fr_FR:de"));
	assert_string_equal(language_look_up("Result"), "R\xc3\xa9sultat");
	assert_string_equal(language_look_up("Latency"), "Latency");
	assert_string_equal(language_look_up(""), "");
	assert_true(open_language("de:fr"));
	assert_string_equal(language_look_up("Result"), "Ergebnis");
	language_done();
	assert_string_equal(language_look_up("Result"), "Result");
}

static void what_is_no_catalogue_is_passed_over(void **state)
{
	(void)state;
	write_catalogue("xx", "", "this is no catalogue");
	write_catalogue("de", "Ergebnis", NULL);
	assert_false(open_language("xx"));
	assert_string_equal(language_look_up("Result"), "Result");
	assert_true(open_language("xx:de"));
	assert_string_equal(language_look_up("Result"), "Ergebnis");
	language_done();
}

/* An empty translation would leave nothing to read. */
static void an_empty_translation_is_none(void **state)
{
	(void)state;
	write_catalogue("yy", "", NULL);
	assert_true(open_language("yy"));
	assert_string_equal(language_look_up("Result"), "Result");
	language_done();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_is_read_as_gettext_reads_it),
		cmocka_unit_test(without_a_catalogue_everything_is_english),
		cmocka_unit_test(the_best_language_that_there_is_is_taken),
		cmocka_unit_test(what_is_no_catalogue_is_passed_over),
		cmocka_unit_test(an_empty_translation_is_none),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
