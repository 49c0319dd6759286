/* The script for fish. */
#include "app/commands.h"
#include "app/completion.h"

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up ? look_up(id) : id;
}

static void put_quoted(struct buf *b, const char *text)
{
	buf_putc(b, '\'');
	completion_put_escaped(b, text, "\\'");
	buf_putc(b, '\'');
}

static void put_description(struct buf *b, const char *text)
{
	buf_puts(b, " -d ");
	put_quoted(b, text);
	buf_putc(b, '\n');
}

/* "check pool" as a part of a function's name. */
static void put_identifier(struct buf *b, const char *name)
{
	for (; *name; name++)
		buf_putc(b, (uint8_t)(*name == ' ' ? '_' : *name));
}

/* A function that prints the words, each with a tab and what it means. */
static void put_function(struct buf *b, const struct opt_command *cmd, const char *name,
	opt_words *words, text_look_up *look_up)
{
	const char *word, *what;

	buf_puts(b, "function __stox_");
	put_identifier(b, cmd->name);
	buf_printf(b, "_%s\n	printf '%%s\\t%%s\\n'", name);
	for (size_t i = 0; words(i, &word, &what); i++) {
		buf_puts(b, " \\\n		");
		put_quoted(b, word);
		buf_putc(b, ' ');
		put_quoted(b, what ? look(look_up, what) : "");
	}
	buf_puts(b, "\nend\n");
}

static void put_function_call(struct buf *b, const struct opt_command *cmd, const char *name)
{
	buf_puts(b, " -a '(__stox_");
	put_identifier(b, cmd->name);
	buf_printf(b, "_%s)'", name);
}

static void put_value(struct buf *b, const struct opt_command *cmd, const struct opt *o)
{
	switch (completion_kind(o)) {
	case COMPLETION_NONE: buf_puts(b, " -x"); break;
	case COMPLETION_FILE: buf_puts(b, " -r -F"); break;
	case COMPLETION_FOLDER: buf_puts(b, " -x -a '(__fish_complete_directories)'"); break;
	case COMPLETION_WORDS:
		buf_puts(b, " -x");
		put_function_call(b, cmd, o->name);
		break;
	}
}

/* `complete` for an option of that command. */
static void put_complete(struct buf *b, const struct opt_command *cmd)
{
	if (cmd->service)
		buf_printf(b, "complete -c %s", cmd->name);
	else
		buf_printf(b, "complete -c stox -n '__stox_is %s'", cmd->name);
}

static void put_option(
	struct buf *b, const struct opt_command *cmd, const struct opt *o, text_look_up *look_up)
{
	if (!o->help)
		return;
	if (o->words)
		put_function(b, cmd, o->name, o->words, look_up);
	put_complete(b, cmd);
	buf_printf(b, " -l %s", o->name);
	if (o->letter)
		buf_printf(b, " -s %c", o->letter);
	if (o->arg)
		put_value(b, cmd, o);
	put_description(b, look(look_up, o->help));
}

static void put_options(struct buf *b, const struct opt_command *cmd, text_look_up *look_up)
{
	static const struct opt help = { .name = "help", .letter = 'h', .help = N_("show this") };

	for (size_t i = 0; i < cmd->n_opts; i++)
		put_option(b, cmd, &cmd->opts[i], look_up);
	put_option(b, cmd, &help, look_up);
}

static void put_command(struct buf *b, const struct command *c, text_look_up *look_up)
{
	const struct opt_command *cmd = c->opt;

	buf_printf(b, "\ncomplete -c stox -n __stox_is -a %s", cmd->name);
	put_description(b, look(look_up, cmd->summary));
	put_options(b, cmd, look_up);
	for (size_t i = 0; i < c->n_parts; i++)
		put_options(b, &c->parts[i], look_up);
	if (!cmd->argument_words)
		return;
	put_function(b, cmd, "argument", cmd->argument_words, look_up);
	buf_printf(b, "complete -c stox -n '__stox_is %s%s'", cmd->name,
		c->n_parts ? "; and test (count (commandline -opc)) -eq 2" : "");
	put_function_call(b, cmd, "argument");
	buf_putc(b, '\n');
}

/* __stox_is check pool: are these the words so far, options left out? */
static const char head[] = "# fish completion of stox, made by `stox completion fish`\n"
			   "\n"
			   "function __stox_is\n"
			   "	set -l words (string match -v -- '-*' (commandline -opc))\n"
			   "	test \"$words[2..3]\" = \"$argv\"\n"
			   "	or test \"$words[2]\" = \"$argv\"\n"
			   "end\n"
			   "\n"
			   "complete -c stox -f\n"
			   "complete -c stox -n __stox_is -s h -l help";

void completion_fish(struct buf *b, text_look_up *look_up)
{
	buf_puts(b, head);
	put_description(b, look(look_up, N_("show this")));
	buf_puts(b, "complete -c stox -n __stox_is -l version");
	put_description(b, look(look_up, N_("show the version")));
	for (size_t i = 0; i < n_commands; i++)
		put_command(b, commands[i], look_up);
	buf_puts(b, "\ncomplete -c check_stox -f\n");
	put_options(b, command_check_stox.opt, look_up);
}
