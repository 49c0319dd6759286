/* stox - can people on a SIP system exchange instant messages with people on an XMPP network? */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/commands.h"
#include "app/language.h"
#include "app/process.h"
#include "base/err.h"
#include "base/mem.h"

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

static int run_command(const struct command *command, int argc, char **argv)
{
	if (process_can_encrypt())
		return command->run(argc, argv);
	fputs("stox: ", stderr);
	say(stderr, text_make(err_text(-ENOMEM), NULL, 0));
	return PROCESS_NOT_HERE;
}

/* The program by another name; NULL: it is called as itself. */
static const struct command *find_program(const char *path)
{
	static const struct command *const programs[] = { &command_check_stox, &command_csxmppim,
		&command_csxmpp_partner, &command_csxmpp_gateway };
	const char *name = base_name(path);

	for (size_t i = 0; i < COUNT(programs); i++)
		if (strcasecmp(name, programs[i]->opt->name) == 0)
			return programs[i];
	return NULL;
}

static int run(int argc, char **argv)
{
	const struct command *command = argc > 0 ? find_program(argv[0]) : NULL;

	if (command)
		return run_command(command, argc, argv);
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
	return command ? run_command(command, argc - 1, argv + 1) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	process_hold_descriptors();
	language_init();
	int status = process_finish(run(argc, argv));
	language_done();
	return status;
}
