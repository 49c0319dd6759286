#include "app/opt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/slice.h"
#include "base/str.h"

enum { NAMES_MAX = 64 };

/* What is typed before the command's name. */
static const char *program(const struct opt_command *cmd)
{
	return cmd->service ? "" : "stox ";
}

void opt_complain(const struct opt_command *cmd, const char *fmt, ...)
{
	FILE *to = cmd->service ? stdout : stderr;
	va_list ap;

	if (cmd->service)
		fprintf(to, "%s UNKNOWN: ", cmd->service);
	else
		fprintf(to, "stox %s: ", cmd->name);
	va_start(ap, fmt);
	vfprintf(to, fmt, ap);
	va_end(ap);
	fputc('\n', to);
}

void opt_complain_lines(const struct opt_command *cmd, const char *lines)
{
	if (cmd->service)
		printf("%s UNKNOWN: %s", cmd->service, lines);
	else
		fputs(lines, stderr);
}

void opt_help(const struct opt_command *cmd)
{
	printf("usage: %s%s [options]%s%s%s\n%s\n\n", program(cmd), cmd->name,
		cmd->argument ? " [" : "", cmd->argument ? cmd->argument : "",
		cmd->argument ? "]" : "", cmd->summary);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct opt *o = &cmd->opts[i];
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
			o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
			o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-34s %s\n", left, o->help);
	}
	printf("  %-34s %s\n", "-h, --help", "show this");
	if (cmd->more)
		cmd->more();
}

static const struct opt *find(const struct opt_command *cmd, struct slice name)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (slice_eqs(name, cmd->opts[i].name))
			return &cmd->opts[i];
	return NULL;
}

static const struct opt *find_letter(const struct opt_command *cmd, char letter)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (cmd->opts[i].letter == letter)
			return &cmd->opts[i];
	return NULL;
}

/* `password` is far from `password-file` by letters, and yet what was meant. */
static const char *nearest(struct slice name, const char *const *names, size_t n)
{
	enum { PREFIX_MIN = 4 };
	char text[128];
	const char *near =
		slice_cstr(name, text, sizeof(text)) ? str_nearest(text, names, n) : NULL;

	for (size_t i = 0; !near && name.n >= PREFIX_MIN && i < n; i++)
		if (slice_starts(slice_str(names[i]), name))
			near = names[i];
	return near;
}

/* `word` is the option alone: what stands behind its '=' may be a secret. */
static enum opt_result unknown(const struct opt_command *cmd, struct slice word, struct slice name)
{
	const char *names[NAMES_MAX];
	struct buf allowed;
	size_t n = 0;

	buf_init(&allowed, 4096);
	while (n < cmd->n_opts && n < NAMES_MAX) {
		names[n] = cmd->opts[n].name;
		buf_printf(&allowed, " --%s", names[n]);
		n++;
	}
	const char *near = nearest(name, names, n);

	if (near)
		opt_complain(cmd, "unknown option `%.*s`; did you mean `--%s`? Allowed:%s --help",
			SLICE_FMT(word), near, buf_cstr(&allowed));
	else
		opt_complain(cmd, "unknown option `%.*s`; allowed:%s --help", SLICE_FMT(word),
			buf_cstr(&allowed));
	buf_done(&allowed);
	return OPT_BAD;
}

/* Digits, perhaps a point and up to six more. */
static bool read_seconds(const char *text, ts_t *ret)
{
	struct slice rest = slice_str(text), whole = slice_split(&rest, '.');
	uint64_t s, us = 0;

	if (!slice_u64(whole, 1000000000, &s) || rest.n > 6)
		return false;
	if (rest.n && !slice_u64(rest, 999999, &us))
		return false;
	for (size_t i = rest.n; i < 6; i++)
		us *= 10;
	*ret = TS_S(s) + us;
	return true;
}

static enum opt_result add(
	const struct opt_command *cmd, const struct opt *o, const char *value, struct opt_list *to)
{
	if (to->n == OPT_LIST_MAX) {
		opt_complain(cmd, "`--%s %s`: %u of them are enough", o->name, value, to->n);
		return OPT_BAD;
	}
	to->items[to->n++] = value;
	return OPT_OK;
}

static enum opt_result set(
	const struct opt_command *cmd, const struct opt *o, const char *value, void *values)
{
	void *to = (char *)values + o->offset;
	uint64_t n;
	ts_t t;

	switch (o->type) {
	case OPT_TEXT: memcpy(to, &value, sizeof(value)); return OPT_OK;
	case OPT_NUMBER:
		if (!slice_u64(slice_str(value), o->max, &n) || n < o->min) {
			opt_complain(cmd, "`--%s %s`: a number from %u to %u is wanted", o->name,
				value, o->min, o->max);
			return OPT_BAD;
		}
		*(unsigned *)to = (unsigned)n;
		return OPT_OK;
	case OPT_SECONDS:
		if (!read_seconds(value, &t) || t < TS_S(o->min) || t > TS_S(o->max)) {
			opt_complain(cmd,
				"`--%s %s`: seconds from %u to %u are wanted, such as 2.5", o->name,
				value, o->min, o->max);
			return OPT_BAD;
		}
		*(ts_t *)to = t;
		return OPT_OK;
	case OPT_FLAG: *(bool *)to = true; return OPT_OK;
	case OPT_COUNT: ++*(unsigned *)to; return OPT_OK;
	case OPT_LIST: return add(cmd, o, value, to);
	}
	return OPT_OK;
}

static enum opt_result parse_long(
	const struct opt_command *cmd, int *i, int argc, char **argv, void *values)
{
	const char *word = argv[*i] + 2;
	struct slice value = slice_str(word), name = slice_split(&value, '=');
	const struct opt *o = find(cmd, name);
	bool inline_value = name.n < strlen(word);

	if (!o)
		return unknown(cmd, slice_of(argv[*i], name.n + 2), name);
	if (!o->arg) {
		if (inline_value) {
			opt_complain(cmd, "option `--%s` takes no value", o->name);
			return OPT_BAD;
		}
		return set(cmd, o, NULL, values);
	}
	if (inline_value)
		return set(cmd, o, word + name.n + 1, values);
	if (*i + 1 >= argc) {
		opt_complain(cmd, "option `--%s` needs its %s", o->name, o->arg);
		return OPT_BAD;
	}
	return set(cmd, o, argv[++*i], values);
}

static enum opt_result parse_short(
	const struct opt_command *cmd, int *i, int argc, char **argv, void *values)
{
	const char *word = argv[*i];

	for (const char *c = word + 1; *c; c++) {
		const struct opt *o = find_letter(cmd, *c);
		enum opt_result r;

		if (!o)
			return unknown(cmd, slice_of((char[2]){ '-', *c }, 2), slice_of(c, 1));
		if (!o->arg) {
			r = set(cmd, o, NULL, values);
		} else if (c[1]) {
			return set(cmd, o, c + 1, values);
		} else if (*i + 1 < argc) {
			return set(cmd, o, argv[++*i], values);
		} else {
			opt_complain(cmd, "option `-%c` needs its %s", *c, o->arg);
			r = OPT_BAD;
		}
		if (r != OPT_OK)
			return r;
	}
	return OPT_OK;
}

static enum opt_result set_argument(const struct opt_command *cmd, const char *word, void *values)
{
	const char **to = cmd->argument
				  ? (const char **)(void *)((char *)values + cmd->argument_offset)
				  : NULL;

	if (!to)
		opt_complain(cmd, "`%s` is no option; `%s%s --help` lists them", word, program(cmd),
			cmd->name);
	else if (*to)
		opt_complain(cmd, "`%s`: one %s is enough", word, cmd->argument);
	else
		*to = word;
	return to && *to == word ? OPT_OK : OPT_BAD;
}

enum opt_result opt_parse(const struct opt_command *cmd, int argc, char **argv, void *values)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		enum opt_result r;

		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			opt_help(cmd);
			return OPT_HELP;
		}
		if (word[0] == '-' && word[1] == '-' && word[2]) {
			r = parse_long(cmd, &i, argc, argv, values);
		} else if (word[0] == '-' && word[1]) {
			r = parse_short(cmd, &i, argc, argv, values);
		} else {
			r = set_argument(cmd, word, values);
		}
		if (r != OPT_OK)
			return r;
	}
	return OPT_OK;
}
