/* All of a reason, as text or as Markdown. */
#include "base/mem.h"
#include "report/report.h"

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up ? look_up(id) : id;
}

/* For whom it may concern: both ways to name a server. */
static void put_what(struct buf *b, const char *what)
{
	const struct slice word = SLICE("SERVER_OPTION"), s = slice_str(what);
	const size_t at = slice_find(s, word);

	buf_put(b, slice_cut(s, 0, at < s.n ? at : s.n));
	if (at < s.n) {
		buf_puts(b, "--registrar / --receiver-server");
		buf_put(b, slice_skip(s, at + word.n));
	}
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

static void put_heading(struct sheet *p, text_look_up *look_up, const char *id)
{
	sheet_end(p, 0);
	buf_puts(&p->line, look(look_up, id));
	sheet_end(p, 0);
}

static void put_where(struct sheet *p, const struct reason_info *info, text_look_up *look_up)
{
	sheet_end(p, 0);
	buf_printf(&p->line, "%s ", look(look_up, N_("In phase:")));
	put_phases(&p->line, info->phases);
	buf_printf(&p->line, "; %s %d", look(look_up, N_("exit status")), info->exit_status);
	sheet_end(p, 2);
}

static void put_step(
	struct sheet *p, unsigned number, const struct reason_step *step, text_look_up *look_up)
{
	buf_printf(&p->line, "  %u. ", number);
	put_what(&p->line, look(look_up, step->what));
	sheet_end(p, 5);
	if (!step->command)
		return;
	buf_puts(&p->line, "     ");
	sheet_whole(p, SLICE("$ "));
	sheet_whole(p, slice_str(step->command));
	sheet_end(p, 5);
}

static void put_reason(struct sheet *p, enum reason r, text_look_up *look_up)
{
	const struct reason_info *info = reason_info(r);

	buf_printf(&p->line, "%s%s%s", reason_id(r), look(look_up, N_(": ")),
		look(look_up, info->meaning));
	sheet_end(p, 2);
	put_where(p, info, look_up);
	put_heading(p, look_up, N_("Likely causes, likeliest first:"));
	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++) {
		buf_printf(&p->line, "  - %s", look(look_up, info->causes[i]));
		sheet_end(p, 4);
	}
	put_heading(p, look_up, N_("What to do:"));
	for (unsigned i = 0; i < REASON_STEPS_MAX && info->next[i].what; i++)
		put_step(p, i + 1, &info->next[i], look_up);
}

void report_reason(
	struct buf *b, enum reason r, text_look_up *look_up, const struct sheet_style *style)
{
	struct sheet p;

	sheet_init(&p, b, style);
	put_reason(&p, r, look_up);
	sheet_done(&p);
}

void report_warning(
	struct buf *b, enum note n, text_look_up *look_up, const struct sheet_style *style)
{
	struct sheet p;

	sheet_init(&p, b, style);
	buf_printf(&p.line, "%s%s%s", note_id(n), look(look_up, N_(": ")),
		look(look_up, note_meaning(n)));
	sheet_end(&p, 2);
	sheet_end(&p, 0);
	buf_puts(&p.line,
		look(look_up,
			N_("It is a warning: the test may succeed in spite of it. Where it is "
			   "meant to be so, silence it: in stox.yaml by `accept` of the pool or "
			   "the partner, or")));
	sheet_end(&p, 0);
	sheet_whole(&p, SLICE("  $ stox test --accept "));
	sheet_whole(&p, slice_str(note_id(n)));
	sheet_end(&p, 4);
	sheet_done(&p);
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
		buf_printf(b, "%u. ", i + 1);
		put_what(b, info->next[i].what);
		if (info->next[i].command)
			buf_printf(b, "%s `%s`",
				slice_ends(slice_str(info->next[i].what), SLICE("?")) ? "" : ":",
				info->next[i].command);
		buf_putc(b, '\n');
	}
}
