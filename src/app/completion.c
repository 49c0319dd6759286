/* What the scripts for all shells need. */
#include "app/completion.h"

#include <string.h>

enum completion_kind completion_kind(const struct opt *o)
{
	if (o->words)
		return COMPLETION_WORDS;
	if (o->arg && strcmp(o->arg, "FILE") == 0)
		return COMPLETION_FILE;
	if (o->arg && strcmp(o->arg, "DIR") == 0)
		return COMPLETION_FOLDER;
	return COMPLETION_NONE;
}

void completion_put_escaped(struct buf *b, const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			buf_putc(b, '\\');
		buf_putc(b, (uint8_t)*text);
	}
}
