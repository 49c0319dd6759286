#include "base/mem.h"
#include "probe/report.h"

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up ? look_up(id) : id;
}

static void put_phases(struct buf *b, unsigned phases)
{
	const char *between = "";

	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		if (!(phases & 1u << i))
			continue;
		buf_puts(b, between);
		buf_puts(b, phase_name((enum probe_phase)i));
		between = ", ";
	}
}

void report_reason(struct buf *b, enum reason r, text_look_up *look_up)
{
	const struct reason_info *info = reason_info(r);

	buf_printf(b, "%s: %s\n", reason_id(r), look(look_up, info->meaning));
	buf_printf(b, "\n%s ", look(look_up, N_("In phase:")));
	put_phases(b, info->phases);
	buf_printf(b, "; %s %d\n", look(look_up, N_("exit status")), info->exit_status);
	buf_printf(b, "\n%s\n", look(look_up, N_("Likely causes, likeliest first:")));
	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++)
		buf_printf(b, "  - %s\n", look(look_up, info->causes[i]));
	buf_printf(b, "\n%s\n", look(look_up, N_("What to do:")));
	for (unsigned i = 0; i < REASON_STEPS_MAX && info->next[i].what; i++) {
		buf_printf(b, "  %u. %s\n", i + 1, look(look_up, info->next[i].what));
		if (info->next[i].command)
			buf_printf(b, "     $ %s\n", info->next[i].command);
	}
}

void report_reason_markdown(struct buf *b, enum reason r)
{
	const struct reason_info *info = reason_info(r);

	buf_printf(b, "## `%s`\n\n%s\n\nIn phase ", reason_id(r), info->meaning);
	put_phases(b, info->phases);
	buf_printf(b, "; exit status %d.\n\nLikely causes:\n\n", info->exit_status);
	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++)
		buf_printf(b, "- %s\n", info->causes[i]);
	buf_puts(b, "\nWhat to do:\n\n");
	for (unsigned i = 0; i < REASON_STEPS_MAX && info->next[i].what; i++) {
		buf_printf(b, "%u. %s", i + 1, info->next[i].what);
		if (info->next[i].command)
			buf_printf(b, ": `%s`", info->next[i].command);
		buf_putc(b, '\n');
	}
}
