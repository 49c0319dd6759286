/* What `stox COMMAND --help` prints: one line for each option where all lines fit on a screen, else
 * the first options with theirs and the names of the others by group. */
#include <stdio.h>

#include "app/language.h"
#include "app/opt.h"
#include "app/page.h"
#include "base/mem.h"

enum { SCREEN_LINES = 24 - 1 }; /* of a terminal; the prompt comes behind */

static const struct opt help = { .name = "help", .letter = 'h', .help = N_("show this") };
static const struct opt help_all = { .name = "help",
	.letter = 'h',
	.arg = "[all]",
	.help = N_("show this; all: what each option does") };

static const char *const groups[] = {
	[OPT_GROUP_FIRST] = "",
	[OPT_GROUP_SIGN_IN] = N_("accounts:"),
	[OPT_GROUP_SERVERS] = N_("servers:"),
	[OPT_GROUP_PORTS] = N_("ports:"),
	[OPT_GROUP_TIMES] = N_("times and counts:"),
	[OPT_GROUP_RESULT] = N_("the result:"),
	[OPT_GROUP_TRACE] = N_("the trace:"),
};
_Static_assert(COUNT(groups) == OPT_GROUPS, "one heading a group");

struct listing {
	const struct opt_command *cmd;
	struct sheet *sheet;
	unsigned column; /* where it is said what an option does */
};

/* "  -f, --format FORMAT" */
static void put_left(struct sheet *p, const struct opt *o)
{
	if (o->letter)
		buf_printf(&p->line, "  -%c, --%s", o->letter, o->name);
	else
		buf_printf(&p->line, "      --%s", o->name);
	if (o->arg)
		buf_printf(&p->line, " %s", language_look_up(o->arg));
}

/* Behind the longest of them: how long it is depends on the language. */
static unsigned help_column(struct sheet *p, const struct opt_command *cmd, enum opt_group last)
{
	put_left(p, &help_all);
	unsigned column = sheet_column(p);
	buf_clear(&p->line);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (!cmd->opts[i].help || cmd->opts[i].group > last)
			continue;
		put_left(p, &cmd->opts[i]);
		column = sheet_column(p) > column ? sheet_column(p) : column;
		buf_clear(&p->line);
	}
	return column + 2;
}

static void put_option(const struct listing *l, const struct opt *o)
{
	put_left(l->sheet, o);
	sheet_tab(l->sheet, l->column);
	buf_puts(&l->sheet->line, language_look_up(o->help));
	sheet_end(l->sheet, l->column);
}

const char *opt_program(const struct opt_command *cmd, char ret[OPT_PROGRAM_MAX])
{
	snprintf(ret, OPT_PROGRAM_MAX, "%s%s", cmd->service ? "" : "stox ", cmd->name);
	return ret;
}

static void put_usage(struct sheet *p, const struct opt_command *cmd)
{
	char program[OPT_PROGRAM_MAX];
	const struct text_arg name = text_str(opt_program(cmd, program));
	const struct text t =
		cmd->argument ? TEXT(N_("usage: {1} [options] [{2}]"), name, text_id(cmd->argument))
			      : TEXT(N_("usage: {1} [options]"), name);

	text_put(&p->line, &t, language_look_up);
	sheet_end(p, 2);
	buf_puts(&p->line, language_look_up(cmd->summary));
	sheet_end(p, 0);
	sheet_end(p, 0);
}

static bool is_in(const struct opt *o, enum opt_group group)
{
	return o->help && o->group == group;
}

static bool has_group(const struct opt_command *cmd, enum opt_group group)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (is_in(&cmd->opts[i], group))
			return true;
	return false;
}

static void put_group(const struct listing *l, enum opt_group group)
{
	for (size_t i = 0; i < l->cmd->n_opts; i++)
		if (is_in(&l->cmd->opts[i], group))
			put_option(l, &l->cmd->opts[i]);
}

static void put_names(const struct listing *l, enum opt_group group)
{
	enum { INDENT = 2 };

	buf_puts(&l->sheet->line, language_look_up(groups[group]));
	for (size_t i = 0; i < l->cmd->n_opts; i++)
		if (is_in(&l->cmd->opts[i], group))
			buf_printf(&l->sheet->line, " --%s", l->cmd->opts[i].name);
	sheet_end(l->sheet, INDENT);
}

static void put_all(struct sheet *p, const struct opt_command *cmd)
{
	const struct listing l = { cmd, p, help_column(p, cmd, OPT_GROUPS) };

	put_usage(p, cmd);
	put_group(&l, OPT_GROUP_FIRST);
	put_option(&l, &help);
	for (enum opt_group g = OPT_GROUP_FIRST + 1; g < OPT_GROUPS; g++) {
		if (!has_group(cmd, g))
			continue;
		sheet_end(p, 0);
		buf_puts(&p->line, language_look_up(groups[g]));
		sheet_end(p, 0);
		put_group(&l, g);
	}
	if (cmd->more)
		cmd->more(p);
}

static void put_screen(struct sheet *p, const struct opt_command *cmd)
{
	const struct listing l = { cmd, p, help_column(p, cmd, OPT_GROUP_FIRST) };

	put_usage(p, cmd);
	put_group(&l, OPT_GROUP_FIRST);
	put_option(&l, &help_all);
	sheet_end(p, 0);
	for (enum opt_group g = OPT_GROUP_FIRST + 1; g < OPT_GROUPS; g++)
		if (has_group(cmd, g))
			put_names(&l, g);
}

static unsigned count_lines(struct slice text)
{
	unsigned n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

void opt_help(const struct opt_command *cmd, bool all)
{
	struct page p;

	page_begin(&p, stdout, PAGE_COLUMNS_IN_A_FILE);
	put_all(&p.sheet, cmd);
	if (!all && count_lines(buf_slice(&p.text)) > SCREEN_LINES) {
		buf_clear(&p.text);
		put_screen(&p.sheet, cmd);
	}
	page_end(&p);
}
