/* `stox completion SHELL`. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/completion.h"
#include "app/language.h"
#include "base/mem.h"

enum { SCRIPT_MAX = 1 << 20 };

struct values {
	const char *shell; /* the argument */
};

static const struct {
	const char *name;
	completion_fn *put;
} shells[] = {
	{ "bash", completion_bash },
	{ "zsh", completion_zsh },
	{ "fish", completion_fish },
};

static bool shell_words(size_t i, const char **word, const char **what)
{
	if (i >= COUNT(shells))
		return false;
	*word = shells[i].name;
	*what = NULL;
	return true;
}

static const struct opt_command command = { .name = "completion",
	.summary = N_("print a script that completes its command line"),
	.argument = N_("SHELL"),
	.argument_offset = offsetof(struct values, shell),
	.argument_words = shell_words,
	.section = 1 };

static completion_fn *find(const char *shell)
{
	for (size_t i = 0; shell && i < COUNT(shells); i++)
		if (strcmp(shell, shells[i].name) == 0)
			return shells[i].put;
	return NULL;
}

static int cmd_completion(int argc, char **argv)
{
	struct values v = { .shell = NULL };
	enum opt_result r = opt_parse(&command, argc, argv, &v);
	struct buf b;

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	completion_fn *put = find(v.shell);
	if (!put) {
		opt_complain(&command, TEXT_PLAIN(N_("name the shell: bash, zsh or fish")));
		return 2;
	}
	buf_init(&b, SCRIPT_MAX);
	put(&b, language_look_up);
	fputs(buf_cstr(&b), stdout);
	int status = buf_err(&b) || fflush(stdout) ? 3 : 0;
	buf_done(&b);
	return status;
}

const struct command command_completion = { .opt = &command, .run = cmd_completion };
