/* `stox help`, and with --mdoc what the manual pages take from the program. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/language.h"
#include "app/manual.h"
#include "base/mem.h"
#include "conf/conf.h"

enum { MANUAL_MAX = 1 << 20 };

struct values {
	bool mdoc;
	const char *command; /* the argument */
};

static const struct opt opts[] = {
	{ "mdoc", 0, NULL, OPT_FLAG, offsetof(struct values, mdoc), 0, 0, .help = NULL },
};

static const struct opt_command command = { .name = "help",
	.summary = N_("list the commands, or the options of one"),
	.opts = opts,
	.n_opts = sizeof(opts) / sizeof(opts[0]),
	.argument = N_("COMMAND"),
	.argument_offset = offsetof(struct values, command),
	.argument_words = command_words };

/* A command, a part of one ("check pool"), or the plugin, which is none. */
static const struct opt_command *find_page(const char *topic)
{
	if (strcmp(topic, command_check_stox.opt->name) == 0)
		return command_check_stox.opt;
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(topic, commands[i]->opt->name) == 0)
			return commands[i]->opt;
		for (size_t k = 0; k < commands[i]->n_parts; k++)
			if (strcmp(topic, commands[i]->parts[k].name) == 0)
				return &commands[i]->parts[k];
	}
	return NULL;
}

/* What scripts/make-manuals puts into doc/: of a command, of what a row says, or the list of
 * commands. */
static bool put_manual(struct buf *b, const char *topic)
{
	static const struct {
		const char *topic;
		void (*put)(struct buf *b, text_look_up *look_up);
	} rows[] = {
		{ "write-out", manual_put_write_out },
		{ "events", manual_put_events },
		{ "watch-events", manual_put_watch_events },
		{ "metrics", manual_put_metrics },
		{ "stox.yaml", conf_doc_put },
	};

	if (!topic) {
		manual_put_commands(b, language_look_up);
		return true;
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(topic, rows[i].topic) == 0) {
			rows[i].put(b, language_look_up);
			return true;
		}
	const struct opt_command *about = find_page(topic);
	if (about)
		manual_put_options(b, about, language_look_up);
	return about != NULL;
}

static int unknown(const char *name)
{
	opt_complain(&command,
		TEXT(N_("unknown command `{1}`; `stox help` lists them"), text_str(name)));
	return 2;
}

static int print_manual(const char *topic)
{
	struct buf b;

	buf_init(&b, MANUAL_MAX);
	int status = put_manual(&b, topic) ? 0 : unknown(topic);
	fputs(buf_cstr(&b), stdout);
	if (buf_err(&b) || fflush(stdout))
		status = 3;
	buf_done(&b);
	return status;
}

static int cmd_help(int argc, char **argv)
{
	static char help_option[] = "--help";
	struct values v = { .mdoc = false };
	enum opt_result r = opt_parse(&command, argc, argv, &v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	if (v.mdoc)
		return print_manual(v.command);
	const struct command *about = v.command ? command_find(v.command) : NULL;
	if (v.command && !about)
		return unknown(v.command);
	if (about)
		return about->run(2, (char *[]){ argv[0], help_option, NULL });
	commands_usage(stdout);
	return 0;
}

const struct command command_help = { .opt = &command, .run = cmd_help };
