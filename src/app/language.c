#include "app/language.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "app/file_in.h"
#include "app/program.h"
#include "base/catalog.h"
#include "base/mem.h"
#include "base/str.h"

static struct buf file; /* of `catalog`, which is empty as long as this is */
static struct catalog catalog;

/* ---- what the reader wants ---- */

/* The first of them that is set and not empty, as setlocale(3) has it. */
static const char *locale(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return value;
	}
	return "C";
}

static bool is_c(struct slice name)
{
	return slice_eqs(name, "C") || slice_eqs(name, "POSIX");
}

/* It becomes a part of a path. */
static bool is_name(struct slice s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-@";

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || !strchr(allowed, s.p[i]))
			return false;
	return s.n > 0;
}

static void add(struct language_names *to, struct slice language, struct slice modifier)
{
	char name[LANGUAGE_NAME_MAX];

	if (to->n == LANGUAGE_NAMES_MAX || language.n + modifier.n >= sizeof(name))
		return;
	snprintf(name, sizeof(name), "%.*s%.*s", SLICE_FMT(language), SLICE_FMT(modifier));
	if (is_name(slice_str(name)))
		memcpy(to->name[to->n++], name, sizeof(name));
}

/* ll_CC.codeset@modifier, from the most to the least exact; the codeset is always UTF-8. */
static void add_locale(struct language_names *to, struct slice locale_name)
{
	const struct slice modifier = slice_skip(locale_name, slice_chr(locale_name, '@'));
	struct slice whole = slice_cut(locale_name, 0, locale_name.n - modifier.n);
	const struct slice country = slice_split(&whole, '.');
	const struct slice language = slice_cut(country, 0, slice_chr(country, '_'));

	if (modifier.n) {
		add(to, country, modifier);
		if (language.n < country.n)
			add(to, language, modifier);
	}
	add(to, country, SLICE_NONE);
	if (language.n < country.n)
		add(to, language, SLICE_NONE);
}

/* The ids are English, so a list that prefers it ends there: no catalogue is needed. */
static bool is_english(struct slice name)
{
	return slice_eqs(name, "en") || slice_starts(name, SLICE("en_")) ||
	       slice_starts(name, SLICE("en.")) || slice_starts(name, SLICE("en@"));
}

void language_names(struct language_names *ret)
{
	const char *language = getenv("LANGUAGE");
	const struct slice from = slice_str(locale());
	struct slice list = language && language[0] ? slice_str(language) : from;

	*ret = (struct language_names){ .n = 0 };
	if (is_c(from))
		return;
	while (list.n) {
		const struct slice name = slice_split(&list, ':');

		if (is_c(name) || is_english(name))
			return;
		add_locale(ret, name);
	}
}

/* ---- its catalogue ---- */

static bool read_catalog(
	const char *folder, const char *name, struct buf *ret_file, struct catalog *ret)
{
	char path[4096];
	struct text why;
	const int n = snprintf(path, sizeof(path), "%s/%s/LC_MESSAGES/stox.mo", folder, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	buf_init(ret_file, 2 * CATALOG_MAX);
	if (file_in_read(path, CATALOG_MAX, ret_file, &why) == 0 &&
		catalog_open(ret, buf_slice(ret_file)) == 0)
		return true;
	*ret = (struct catalog){ .n = 0 };
	buf_done(ret_file);
	return false;
}

bool language_open(const char *folder, const struct language_names *names)
{
	language_done();
	for (size_t i = 0; i < names->n; i++)
		if (read_catalog(folder, names->name[i], &file, &catalog))
			return true;
	return false;
}

/* What a locale calls its characters: "fr_FR.ISO-8859-1".  Without a name they are UTF-8. */
static bool has_other_characters(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = getenv(names[i]);
		const char *codeset = value ? strchr(value, '.') : NULL;

		if (value && value[0])
			return codeset && strncasecmp(codeset, ".UTF-8", 6) != 0 &&
			       strncasecmp(codeset, ".utf8", 5) != 0;
	}
	return false;
}

/* The letters and signs that a catalogue may have, and what stands for them: never longer. */
static const struct {
	const char *from, *to;
} folds[] = {
	{ "\u00e0\u00e2\u00e4", "a" },
	{ "\u00c0\u00c2", "A" },
	{ "\u00e9\u00e8\u00ea\u00eb", "e" },
	{ "\u00c9\u00c8\u00ca", "E" },
	{ "\u00ee\u00ef", "i" },
	{ "\u00ce", "I" },
	{ "\u00f4\u00f6", "o" },
	{ "\u00d4", "O" },
	{ "\u00f9\u00fb\u00fc", "u" },
	{ "\u00e7", "c" },
	{ "\u00c7", "C" },
	{ "\u0153", "oe" },
	{ "\u00e6", "ae" },
	{ "\u00a0\u202f", " " },
	{ "\u2019\u2018", "'" },
	{ "\u00ab\u00bb\u201c\u201d", "\"" },
	{ "\u2026", "..." },
	{ "\u2192", "->" },
	{ "\u2013\u2014", "-" },
};

static const char *fold(struct slice character)
{
	char text[8];

	slice_cstr(character, text, sizeof(text));
	for (size_t i = 0; i < COUNT(folds); i++)
		if (strstr(folds[i].from, text))
			return folds[i].to;
	return "?";
}

/* In its place in `file`, which is this file's own. */
static void fold_text(char *text)
{
	struct slice rest = slice_str(text);
	char *to = text;

	while (rest.n) {
		uint32_t c;
		const size_t n = utf8_decode(rest, &c), bytes = n ? n : 1;
		const struct slice character = slice_cut(rest, 0, bytes);
		const bool is_ascii = rest.p[0] < 0x80;
		const char *with = is_ascii ? NULL : fold(character);
		const size_t size = is_ascii ? 1 : strlen(with);

		memmove(to, is_ascii ? (const char *)character.p : with, size);
		to += size;
		rest = slice_skip(rest, bytes);
	}
	*to = '\0';
}

void language_fold(void)
{
	for (uint32_t i = 0; i < catalog.n; i++) {
		const char *text = catalog_text(&catalog, i);

		if (text)
			fold_text((char *)(uintptr_t)text);
	}
}

static const char *const places[] = { "locale", "../share/locale", "../../share/locale" };

enum { PROGRAM_MAX = 2048, FOLDER_MAX = PROGRAM_MAX + sizeof("/../../share/locale") };

static const char *put_folder(char ret[FOLDER_MAX], const char *program, size_t i)
{
	snprintf(ret, FOLDER_MAX, "%s/%s", program, places[i]);
	return ret;
}

void language_init(void)
{
	struct language_names names;
	char program[PROGRAM_MAX], folder[FOLDER_MAX];

	language_names(&names);
	if (names.n == 0)
		return;
	program_folder(program, sizeof(program));
	for (size_t i = 0; i < COUNT(places); i++) {
		if (!language_open(put_folder(folder, program, i), &names))
			continue;
		if (has_other_characters())
			language_fold();
		return;
	}
}

bool language_load(const char *name, struct buf *ret_file, struct catalog *ret)
{
	char program[PROGRAM_MAX], folder[FOLDER_MAX];

	program_folder(program, sizeof(program));
	for (size_t i = 0; i < COUNT(places); i++)
		if (read_catalog(put_folder(folder, program, i), name, ret_file, ret))
			return true;
	return false;
}

void language_done(void)
{
	catalog = (struct catalog){ .n = 0 };
	buf_done(&file);
}

const char *language_look_up(const char *id)
{
	const char *text = id[0] ? catalog_find(&catalog, id) : NULL;

	return text && text[0] ? text : id;
}

struct text language_around(const char *sentence, struct text inner)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	text_put(&b, &inner, language_look_up);
	const struct text t = TEXT(sentence, text_slice(buf_slice(&b)));
	buf_done(&b);
	return t;
}

void say(FILE *to, struct text t)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	text_put(&b, &t, language_look_up);
	fprintf(to, "%s\n", buf_cstr(&b));
	buf_done(&b);
}
