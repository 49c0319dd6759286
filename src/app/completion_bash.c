/* The script for bash. */
#include "app/commands.h"
#include "app/completion.h"

/* `--format=json` is three words where = breaks them, as it does by default. */
static const char head[] = "# bash completion of stox, made by `stox completion bash`\n"
			   "\n"
			   "_stox_words()\n"
			   "{\n"
			   "	mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\")\n"
			   "}\n"
			   "\n"
			   "_stox_paths()\n"
			   "{\n"
			   "	compopt -o filenames 2>/dev/null\n"
			   "	mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
			   "}\n";

/* Of a function: the word that is completed and the one before it. */
static const char function[] =
	"{\n"
	"	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"\n"
	"	COMPREPLY=()\n"
	"	if [[ $cur == = ]]; then\n"
	"		cur=\n"
	"	elif [[ $prev == = ]]; then\n"
	"		prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"	fi\n";

static void put_names(struct buf *b, const struct opt *o)
{
	buf_printf(b, "--%s", o->name);
	if (o->letter)
		buf_printf(b, " | -%c", o->letter);
}

static void put_list(struct buf *b, opt_words *words)
{
	const char *word, *what;

	for (size_t i = 0; words(i, &word, &what); i++)
		buf_printf(b, "%s%s", i ? " " : "", word);
}

/* What comes behind an option that takes a value. */
static void put_value(struct buf *b, const struct opt *o)
{
	if (!o->help || !o->arg)
		return;
	buf_puts(b, "		");
	put_names(b, o);
	buf_puts(b, ") ");
	switch (completion_kind(o)) {
	case COMPLETION_NONE: break;
	case COMPLETION_FILE: buf_puts(b, "_stox_paths -f; "); break;
	case COMPLETION_FOLDER: buf_puts(b, "_stox_paths -d; "); break;
	case COMPLETION_WORDS:
		buf_puts(b, "_stox_words '");
		put_list(b, o->words);
		buf_puts(b, "'; ");
		break;
	}
	buf_puts(b, "return ;;\n");
}

static void put_choice(struct buf *b, const struct opt_command *cmd)
{
	buf_puts(b, "		case $prev in\n");
	for (size_t i = 0; i < cmd->n_opts; i++)
		put_value(b, &cmd->opts[i]);
	buf_puts(b, "		esac\n		_stox_words '");
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (cmd->opts[i].help)
			buf_printf(b, "--%s ", cmd->opts[i].name);
	buf_puts(b, "--help");
	if (cmd->argument_words) {
		buf_putc(b, ' ');
		put_list(b, cmd->argument_words);
	}
	buf_puts(b, "'");
}

static void put_options(struct buf *b, const struct opt_command *cmd)
{
	put_choice(b, cmd);
	buf_puts(b, " ;;\n");
}

/* Two words name a part of a command; before the second one there is only the choice of it. */
static void put_command(struct buf *b, const struct command *c)
{
	for (size_t i = 0; i < c->n_parts; i++) {
		buf_printf(b, "	'%s '*)\n", c->parts[i].name);
		put_options(b, &c->parts[i]);
	}
	buf_printf(b, "	'%s '*)\n", c->opt->name);
	put_options(b, c->opt);
}

void completion_bash(struct buf *b, text_look_up *look_up)
{
	(void)look_up; /* bash shows no descriptions */
	buf_puts(b, head);
	buf_printf(b, "\n_stox()\n%s", function);
	buf_puts(b, "	if ((COMP_CWORD == 1)); then\n		_stox_words '");
	put_list(b, command_words);
	buf_puts(b, " --help --version'\n		return\n	fi\n"
		    "	case \"${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n");
	for (size_t i = 0; i < n_commands; i++)
		put_command(b, commands[i]);
	buf_printf(b, "	esac\n}\n\n_check_stox()\n%s", function);
	put_choice(b, command_check_stox.opt);
	buf_puts(b, "\n}\n\ncomplete -F _stox stox\ncomplete -F _check_stox check_stox\n");
}
