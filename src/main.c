/* stox - can people on a SIP system exchange instant messages with people on an XMPP network? */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/language.h"

static int unknown(const char *name)
{
	fputs("stox: ", stderr);
	say(stderr, TEXT(N_("unknown command `{1}`; `stox help` lists them"), text_str(name)));
	return 2;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int run(int argc, char **argv)
{
	const struct command *command;

	if (argc > 0 && strcmp(base_name(argv[0]), command_check_stox.opt->name) == 0)
		return command_check_stox.run(argc, argv);
	if (argc < 2) {
		commands_usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		commands_usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("stox " STOX_VERSION);
		return 0;
	}
	command = command_find(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	language_init();
	int status = run(argc, argv);
	language_done();
	return status;
}
