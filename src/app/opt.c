#include "app/opt.h"

#include <stdio.h>
#include <string.h>

#include "app/language.h"
#include "base/mem.h"
#include "base/str.h"

enum { NAMES_MAX = 64 };

bool opt_text_or_json(size_t i, const char **word, const char **what)
{
	static const char *const words[] = { "text", "json" };

	if (i >= COUNT(words))
		return false;
	*word = words[i];
	*what = NULL;
	return true;
}

static void complain_line(const struct opt_command *cmd, const char *line)
{
	if (cmd->service)
		printf("%s UNKNOWN: %s\n", cmd->service, line);
	else
		fprintf(stderr, "%s%s: %s\n", cmd->is_program ? "" : "stox ", cmd->name, line);
}

void opt_complain(const struct opt_command *cmd, struct text t)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	text_put(&b, &t, language_look_up);
	complain_line(cmd, buf_cstr(&b));
	buf_done(&b);
}

void opt_cannot_start(const struct opt_command *cmd, int err)
{
	const bool is_full = err == -EMFILE;

	opt_complain(cmd, TEXT(is_full ? N_("cannot start: {1}; `ulimit -n` says how many may be")
				       : N_("cannot start: {1}"),
				  text_errno(err)));
}

void opt_complain_lines(const struct opt_command *cmd, const char *lines)
{
	if (cmd->service)
		printf("%s UNKNOWN: %s", cmd->service, lines);
	else
		fputs(lines, stderr);
}

static enum opt_result refuse(const struct opt_command *cmd, struct text t)
{
	opt_complain(cmd, t);
	return OPT_BAD;
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
	struct buf line;
	size_t n = 0;

	for (size_t i = 0; i < cmd->n_opts && n < NAMES_MAX; i++)
		if (cmd->opts[i].help)
			names[n++] = cmd->opts[i].name;
	const char *near = nearest(name, names, n);
	const struct text t = near ? TEXT(N_("unknown option `{1}`; did you mean `--{2}`?"),
					     text_slice(word), text_str(near))
				   : TEXT(N_("unknown option `{1}`."), text_slice(word));
	buf_init(&line, 8192);
	text_put(&line, &t, language_look_up);
	buf_printf(&line, " %s", language_look_up(N_("Allowed:")));
	for (size_t i = 0; i < n; i++)
		buf_printf(&line, " --%s", names[i]);
	buf_puts(&line, " --help");
	complain_line(cmd, buf_cstr(&line));
	buf_done(&line);
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
	if (to->n == OPT_LIST_MAX)
		return refuse(cmd, TEXT(N_("`--{1} {2}`: at most {3} can be given"),
					   text_str(o->name), text_str(value), text_u64(to->n)));
	to->items[to->n++] = value;
	return OPT_OK;
}

/* `--target "$UNSET"` is a mistake, and is told as one. */
static enum opt_result set_text(
	const struct opt_command *cmd, const struct opt *o, const char *value, const char **to)
{
	if (slice_str(value).n == 0 && !o->may_be_empty)
		return refuse(cmd, TEXT(N_("option `--{1}` needs its {2}"), text_str(o->name),
					   text_id(o->arg)));
	*to = value;
	return OPT_OK;
}

static enum opt_result set(
	const struct opt_command *cmd, const struct opt *o, const char *value, void *values)
{
	void *to = (char *)values + o->offset;
	uint64_t n;
	ts_t t;

	switch (o->type) {
	case OPT_TEXT: return set_text(cmd, o, value, to);
	case OPT_NUMBER:
		if (!slice_u64(slice_str(value), o->max, &n) || n < o->min)
			return refuse(cmd, TEXT(N_("`--{1} {2}`: give a number from {3} to {4}"),
						   text_str(o->name), text_str(value),
						   text_u64(o->min), text_u64(o->max)));
		*(unsigned *)to = (unsigned)n;
		return OPT_OK;
	case OPT_SECONDS:
		if (!read_seconds(value, &t) || t < TS_S(o->min) || t > TS_S(o->max))
			return refuse(cmd, TEXT(N_("`--{1} {2}`: give a number of seconds from {3} "
						   "to {4}, such as 2.5"),
						   text_str(o->name), text_str(value),
						   text_u64(o->min), text_u64(o->max)));
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
		if (inline_value)
			return refuse(
				cmd, TEXT(N_("option `--{1}` takes no value"), text_str(o->name)));
		return set(cmd, o, NULL, values);
	}
	if (inline_value)
		return set(cmd, o, word + name.n + 1, values);
	if (*i + 1 >= argc)
		return refuse(cmd, TEXT(N_("option `--{1}` needs its {2}"), text_str(o->name),
					   text_id(o->arg)));
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
			r = refuse(cmd, TEXT(N_("option `-{1}` needs its {2}"),
						text_slice(slice_of(c, 1)), text_id(o->arg)));
		}
		if (r != OPT_OK)
			return r;
	}
	return OPT_OK;
}

static enum opt_result set_argument(const struct opt_command *cmd, const char *word, void *values)
{
	char program[OPT_PROGRAM_MAX];
	const char **to = cmd->argument
				  ? (const char **)(void *)((char *)values + cmd->argument_offset)
				  : NULL;

	if (!to)
		return refuse(cmd, TEXT(N_("`{1}` is not an option; `{2} --help` lists them"),
					   text_str(word), text_str(opt_program(cmd, program))));
	if (*to && cmd->second_offset)
		to = (const char **)(void *)((char *)values + cmd->second_offset);
	if (*to)
		return refuse(cmd, TEXT(N_("`{1}`: only one {2} can be given"), text_str(word),
					   text_id(cmd->argument)));
	*to = word;
	return OPT_OK;
}

enum opt_result opt_parse(const struct opt_command *cmd, int argc, char **argv, void *values)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		enum opt_result r;

		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			opt_help(cmd, i + 1 < argc && strcmp(argv[i + 1], "all") == 0);
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

void opt_names(const struct opt_command *cmd, struct buf *b)
{
	buf_puts(b, " --help -h ");
	for (size_t i = 0; i < cmd->n_opts; i++) {
		buf_printf(b, "--%s ", cmd->opts[i].name);
		if (cmd->opts[i].letter)
			buf_printf(b, "-%c ", cmd->opts[i].letter);
	}
}
