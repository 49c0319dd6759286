/* What `stox COMMAND --help` prints. */
#include <stdio.h>

#include "app/language.h"
#include "app/opt.h"
#include "app/terminal.h"
#include "base/sheet.h"

enum { COLUMNS_IN_A_FILE = 80 };

static const struct opt help = { .name = "help", .letter = 'h', .help = N_("show this") };

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
static unsigned help_column(struct sheet *p, const struct opt_command *cmd)
{
	put_left(p, &help);
	unsigned column = sheet_column(p);
	buf_clear(&p->line);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (!cmd->opts[i].help)
			continue;
		put_left(p, &cmd->opts[i]);
		column = sheet_column(p) > column ? sheet_column(p) : column;
		buf_clear(&p->line);
	}
	return column + 2;
}

static void put_option(struct sheet *p, const struct opt *o, unsigned column)
{
	put_left(p, o);
	sheet_tab(p, column);
	buf_puts(&p->line, language_look_up(o->help));
	sheet_end(p, column);
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
}

static void put_help(struct sheet *p, const struct opt_command *cmd)
{
	const unsigned column = help_column(p, cmd);

	put_usage(p, cmd);
	buf_puts(&p->line, language_look_up(cmd->summary));
	sheet_end(p, 0);
	sheet_end(p, 0);
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (cmd->opts[i].help)
			put_option(p, &cmd->opts[i], column);
	put_option(p, &help, column);
	if (cmd->more)
		cmd->more(p);
}

void opt_help(const struct opt_command *cmd)
{
	const unsigned width = terminal_width(stdout);
	const struct sheet_style style = { .width = width ? width : COLUMNS_IN_A_FILE };
	struct sheet p;
	struct buf b;

	buf_init(&b, 1 << 16);
	sheet_init(&p, &b, &style);
	put_help(&p, cmd);
	fputs(buf_cstr(&b), stdout);
	sheet_done(&p);
	buf_done(&b);
}
