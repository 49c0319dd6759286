#include "app/commands.h"

#include <string.h>

#include "app/language.h"
#include "app/page.h"
#include "base/mem.h"

const struct command *const commands[] = {
	&command_test,
	&command_check,
	&command_explain,
	&command_gateway,
	&command_ctl,
	&command_watch,
	&command_roles,
	&command_lab,
	&command_completion,
	&command_help,
};
const size_t n_commands = COUNT(commands);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (strcmp(name, commands[i]->opt->name) == 0)
			return commands[i];
	return NULL;
}

bool command_words(size_t i, const char **word, const char **what)
{
	if (i >= n_commands)
		return false;
	*word = commands[i]->opt->name;
	*what = commands[i]->opt->summary;
	return true;
}

const char *command_part_name(const struct opt_command *part)
{
	const char *space = strchr(part->name, ' ');

	return space ? space + 1 : part->name;
}

void commands_usage(FILE *to)
{
	enum { WHAT_COLUMN = 13 };
	const struct text usage = TEXT_PLAIN(N_("usage: stox COMMAND [options]")),
			  more = TEXT_PLAIN(N_("`stox COMMAND --help` lists the options of a "
					       "command."));
	struct page p;

	page_begin(&p, to, PAGE_COLUMNS_IN_A_FILE);
	page_say(&p, &usage, 2);
	sheet_end(&p.sheet, 0);
	for (size_t i = 0; i < n_commands; i++) {
		buf_puts(&p.sheet.line, "  ");
		page_row(&p, commands[i]->opt->name, WHAT_COLUMN,
			language_look_up(commands[i]->opt->summary));
	}
	sheet_end(&p.sheet, 0);
	page_say(&p, &more, 0);
	page_end(&p);
}
