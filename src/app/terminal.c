#include "app/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	COLUMNS_MIN = 20,
	COLUMNS_USUAL = 80,
	COLUMNS_MAX = 1000,
};

static const struct {
	const char *name, *what;
} whens[] = {
	[TERMINAL_COLOUR_AUTO] = { "auto", N_("on a terminal") },
	[TERMINAL_COLOUR_ALWAYS] = { "always", N_("in a pipe and a file, too") },
	[TERMINAL_COLOUR_NEVER] = { "never", N_("nowhere") },
};

/* Set, and not to the empty string. */
static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

static bool is_dumb(void)
{
	const char *term = env("TERM");

	return !term || strcmp(term, "dumb") == 0;
}

bool terminal_can_erase(FILE *f)
{
	return isatty(fileno(f)) && !is_dumb();
}

static bool is_columns(uint64_t n)
{
	return n >= COLUMNS_MIN && n <= COLUMNS_MAX;
}

unsigned terminal_width(FILE *f)
{
	const char *columns = env("COLUMNS");
	struct winsize size;
	uint64_t n;

	if (!isatty(fileno(f)))
		return 0;
	if (columns && slice_u64(slice_str(columns), COLUMNS_MAX, &n) && is_columns(n))
		return (unsigned)n;
	if (ioctl(fileno(f), TIOCGWINSZ, &size) == 0 && is_columns(size.ws_col))
		return size.ws_col;
	return COLUMNS_USUAL;
}

static bool has_colour(FILE *f, enum terminal_colour when)
{
	const char *force = env("CLICOLOR_FORCE");

	switch (when) {
	case TERMINAL_COLOUR_ALWAYS: return true;
	case TERMINAL_COLOUR_NEVER: return false;
	case TERMINAL_COLOUR_AUTO: break;
	}
	if (env("NO_COLOR"))
		return false;
	return (force && strcmp(force, "0") != 0) || terminal_can_erase(f);
}

/* The characters are those of the locale, whether or not it was generated here. */
static bool has_unicode(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = env(names[i]);

		if (value)
			return strstr(value, "UTF-8") || strstr(value, "utf-8") ||
			       strstr(value, "utf8") || strstr(value, "UTF8");
	}
	return false;
}

struct sheet_style terminal_style(FILE *f, enum terminal_colour when)
{
	return (struct sheet_style){
		.width = terminal_width(f), .colour = has_colour(f, when), .unicode = has_unicode()
	};
}

bool terminal_colour_find(const char *name, enum terminal_colour *ret)
{
	for (size_t i = 0; i < COUNT(whens); i++)
		if (strcmp(name ? name : "auto", whens[i].name) == 0) {
			*ret = (enum terminal_colour)i;
			return true;
		}
	return false;
}

bool terminal_colour_words(size_t i, const char **word, const char **what)
{
	if (i >= COUNT(whens))
		return false;
	*word = whens[i].name;
	*what = whens[i].what;
	return true;
}
