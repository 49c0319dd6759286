/* The script for zsh. */
#include "app/commands.h"
#include "app/completion.h"

/* Everything stands between single quotes, where ' alone is special to the shell; brackets and
 * colons are to _arguments and _describe. */
static void put_quoted(struct buf *b, const char *text, const char *special)
{
	for (; *text; text++) {
		const char c[2] = { *text, '\0' };

		if (*text == '\'')
			buf_puts(b, "'\\''");
		else
			completion_put_escaped(b, c, special);
	}
}

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up ? look_up(id) : id;
}

/* ((text\:"for people" json\:"one JSON object")) */
static void put_words(struct buf *b, opt_words *words, text_look_up *look_up)
{
	const char *word, *what;

	buf_puts(b, "((");
	for (size_t i = 0; words(i, &word, &what); i++) {
		buf_printf(b, "%s%s", i ? " " : "", word);
		if (!what)
			continue;
		buf_puts(b, "\\:\"");
		put_quoted(b, look(look_up, what), "\\\"$`:()");
		buf_puts(b, "\"");
	}
	buf_puts(b, "))");
}

static void put_value(struct buf *b, const struct opt *o, text_look_up *look_up)
{
	if (!o->arg)
		return;
	buf_putc(b, ':');
	put_quoted(b, look(look_up, o->arg), "\\:");
	buf_putc(b, ':');
	switch (completion_kind(o)) {
	case COMPLETION_NONE: buf_putc(b, ' '); break;
	case COMPLETION_FILE: buf_puts(b, "_files"); break;
	case COMPLETION_FOLDER: buf_puts(b, "_files -/"); break;
	case COMPLETION_WORDS: put_words(b, o->words, look_up); break;
	}
}

/* '(-f --format)'{-f+,--format=}'[form of the result]:FORMAT:((...))' */
static void put_option(struct buf *b, const struct opt *o, text_look_up *look_up)
{
	const bool again = o->type == OPT_COUNT;
	const char *behind = o->arg ? "=" : "", *behind_letter = o->arg ? "+" : "";

	if (!o->help)
		return;
	buf_puts(b, " \\\n				");
	if (again)
		buf_puts(b, "'*'");
	else if (o->letter)
		buf_printf(b, "'(-%c --%s)'", o->letter, o->name);
	if (o->letter)
		buf_printf(b, "{-%c%s,--%s%s}'", o->letter, behind_letter, o->name, behind);
	else
		buf_printf(b, "'--%s%s", o->name, behind);
	buf_putc(b, '[');
	put_quoted(b, look(look_up, o->help), "\\[]");
	buf_putc(b, ']');
	put_value(b, o, look_up);
	buf_putc(b, '\'');
}

static const struct opt help = { .name = "help", .letter = 'h', .help = N_("show this") };

static void put_argument(struct buf *b, const char *name, opt_words *words, text_look_up *look_up)
{
	buf_puts(b, " \\\n				'1:");
	put_quoted(b, look(look_up, name), "\\:");
	buf_putc(b, ':');
	put_words(b, words, look_up);
	buf_putc(b, '\'');
}

static void put_arguments(struct buf *b, const struct opt_command *cmd, text_look_up *look_up)
{
	buf_puts(b, "			_arguments -s");
	for (size_t i = 0; i < cmd->n_opts; i++)
		put_option(b, &cmd->opts[i], look_up);
	put_option(b, &help, look_up);
	if (cmd->argument_words)
		put_argument(b, cmd->argument, cmd->argument_words, look_up);
	buf_putc(b, '\n');
}

static void put_options(struct buf *b, const struct opt_command *cmd, text_look_up *look_up)
{
	put_arguments(b, cmd, look_up);
	buf_puts(b, "			;;\n");
}

/* The second word, and behind it the options of that part. */
static void put_parts(struct buf *b, const struct command *c, text_look_up *look_up)
{
	buf_puts(b, "			_arguments -C");
	put_option(b, &help, look_up);
	put_argument(b, c->opt->name, c->opt->argument_words, look_up);
	buf_puts(b, " '*:: :->part'\n			[[ $state == part ]] || return\n"
		    "			case $line[1] in\n");
	for (size_t i = 0; i < c->n_parts; i++) {
		buf_printf(b, "			%s)\n", command_part_name(&c->parts[i]));
		put_options(b, &c->parts[i], look_up);
	}
	buf_puts(b, "			esac\n			;;\n");
}

static void put_command(struct buf *b, const struct command *c, text_look_up *look_up)
{
	buf_printf(b, "		%s)\n", c->opt->name);
	if (c->n_parts)
		put_parts(b, c, look_up);
	else
		put_options(b, c->opt, look_up);
}

static void put_commands(struct buf *b, text_look_up *look_up)
{
	buf_puts(b, "		commands=(\n");
	for (size_t i = 0; i < n_commands; i++) {
		buf_printf(b, "			'%s:", commands[i]->opt->name);
		put_quoted(b, look(look_up, commands[i]->opt->summary), "\\:");
		buf_puts(b, "'\n");
	}
	buf_puts(b, "		)\n		_describe -t commands command commands\n");
}

/* In a folder of $fpath the file is the function's body; it can be sourced as well. */
void completion_zsh(struct buf *b, text_look_up *look_up)
{
	buf_puts(b, "#compdef stox check_stox\n"
		    "# zsh completion of stox, made by `stox completion zsh`\n"
		    "\n"
		    "_stox()\n"
		    "{\n"
		    "	local curcontext=$curcontext state line\n"
		    "	local -a commands\n"
		    "	typeset -A opt_args\n"
		    "\n"
		    "	if [[ $service == check_stox ]]; then\n");
	put_arguments(b, command_check_stox.opt, look_up);
	buf_puts(b, "			return\n"
		    "	fi\n"
		    "	_arguments -C '(- *)'{-h,--help}'[");
	put_quoted(b, look(look_up, N_("show this")), "\\[]");
	buf_puts(b, "]' '(- *)--version[");
	put_quoted(b, look(look_up, N_("show the version")), "\\[]");
	buf_puts(b, "]' '1: :->command' '*:: :->words'\n"
		    "	case $state in\n"
		    "	command)\n");
	put_commands(b, look_up);
	buf_puts(b, "		;;\n	words)\n		case $line[1] in\n");
	for (size_t i = 0; i < n_commands; i++)
		put_command(b, commands[i], look_up);
	buf_puts(b, "		esac\n		;;\n	esac\n}\n\n"
		    "if [[ $funcstack[1] == _stox ]]; then\n"
		    "	_stox \"$@\"\n"
		    "else\n"
		    "	compdef _stox stox check_stox\n"
		    "fi\n");
}
