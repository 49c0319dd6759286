/* stox - can people on a SIP system exchange instant messages with people on an XMPP network? */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
} commands[] = {
	{ "test", cmd_test, "carry a message across and back, and say where it broke" },
	{ "check", cmd_check, "try every server and address of a pool or a partner, each alone" },
	{ "explain", cmd_explain, "say what a reason means and what to do" },
	{ "gateway", cmd_gateway, "carry messages between SIP and XMPP" },
	{ "lab", cmd_lab, "a pool, a gateway and an XMPP partner on loopback" },
};

static void usage(FILE *to)
{
	fprintf(to, "usage: stox COMMAND [options]\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].what);
	fprintf(to, "\n`stox COMMAND --help` lists the options of a command.\n");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int main(int argc, char **argv)
{
	if (argc > 0 && strcmp(base_name(argv[0]), "check_stox") == 0)
		return cmd_check_stox(argc, argv);
	if (argc < 2) {
		usage(stderr);
		return 2;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("stox " STOX_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "stox: unknown command `%s`; there are ", argv[1]);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "%s%s", i ? ", " : "", commands[i].name);
	fputc('\n', stderr);
	return 2;
}
