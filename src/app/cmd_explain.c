/* `stox explain`: one reason or warning, the list of all, or doc/reasons.md; a number, an XMPP
 * condition, or a pair of addresses. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/explain.h"
#include "app/language.h"
#include "app/terminal.h"
#include "base/mem.h"
#include "base/str.h"
#include "report/report.h"

enum { TEXT_MAX = 1 << 20 };

struct values {
	bool markdown;
	const char *config;
	const char *reason, *to; /* the arguments; of a pair, from and to */
};

static const struct opt opts[] = {
	{ "config", 'c', N_("FILE"), OPT_TEXT, offsetof(struct values, config), 0, 0,
		N_("the configuration, for two addresses"),
		.manual = N_("The configuration, for two addresses; see\n.Xr stox.yaml 5 .") },
	{ "markdown", 0, NULL, OPT_FLAG, offsetof(struct values, markdown), 0, 0,
		N_("all reasons, as a document"),
		.manual = N_(
			"All reasons as the document that is\n.Pa doc/reasons.md ,\nin English.") },
};

static bool reason_words(size_t i, const char **word, const char **what)
{
	const size_t r = REASON_NONE + 1 + i;

	if (r >= REASON_COUNT)
		return note_words(r - REASON_COUNT, word, what);
	*word = reason_id((enum reason)r);
	*what = reason_info((enum reason)r)->meaning;
	return true;
}

static const struct opt_command command = { .name = "explain",
	.summary = N_("say what a reason or number means, or whether a message would pass"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 1,
	.argument = N_("REASON | NUMBER | CONDITION | FROM TO"),
	.argument_offset = offsetof(struct values, reason),
	.second_offset = offsetof(struct values, to),
	.argument_words = reason_words };

static void put_document(struct buf *b)
{
	buf_puts(b, "# Reasons\n\nWhy a test failed is one of these. The list is made from the "
		    "program's own table\nby `stox explain --markdown`; `stox explain REASON` "
		    "shows one.\n\n");
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		report_reason_markdown(b, (enum reason)i);
		if (i + 1 < REASON_COUNT)
			buf_putc(b, '\n');
	}
}

static void put_list(struct buf *b, const struct sheet_style *style)
{
	enum { MEANING_COLUMN = 31 };
	struct sheet p;

	sheet_init(&p, b, style);
	const char *word, *meaning;

	for (size_t i = 0; reason_words(i, &word, &meaning); i++) {
		buf_puts(&p.line, word);
		sheet_tab(&p, MEANING_COLUMN);
		buf_puts(&p.line, language_look_up(meaning));
		sheet_end(&p, MEANING_COLUMN);
	}
	sheet_done(&p);
}

static const char *nearest(const char *got)
{
	const char *names[REASON_COUNT + NOTE_COUNT], *what;
	size_t n = 0;

	while (reason_words(n, &names[n], &what))
		n++;
	return str_nearest(got, names, n);
}

static int unknown(const char *reason)
{
	const char *near = nearest(reason);

	opt_complain(&command,
		near ? TEXT(N_("unknown reason `{1}`; did you mean `{2}`? `stox explain` lists "
			       "them"),
			       text_str(reason), text_str(near))
		     : TEXT(N_("unknown reason `{1}`; `stox explain` lists them"),
			       text_str(reason)));
	return 2;
}

static int explain_addresses(const struct values *v, struct buf *b)
{
	const int status = explain_pair(b, v->reason, v->to, v->config, language_look_up);

	if (status < 2)
		return status;
	opt_complain_lines(&command, buf_cstr(b));
	buf_clear(b);
	return status;
}

static int explain(const struct values *v, struct buf *b)
{
	const struct sheet_style style = terminal_style(stdout, TERMINAL_COLOUR_AUTO);
	enum reason r;
	enum note n;

	if (v->markdown)
		put_document(b);
	else if (!v->reason)
		put_list(b, &style);
	else if (v->to)
		return explain_addresses(v, b);
	else if (reason_find(slice_str(v->reason), &r))
		report_reason(b, r, language_look_up, &style);
	else if (note_find(slice_str(v->reason), &n))
		report_warning(b, n, language_look_up, &style);
	else if (!explain_number(b, slice_str(v->reason), language_look_up, &style) &&
		 !explain_condition(b, slice_str(v->reason), language_look_up, &style))
		return unknown(v->reason);
	return 0;
}

static int cmd_explain(int argc, char **argv)
{
	struct values v = { .markdown = false };
	enum opt_result r = opt_parse(&command, argc, argv, &v);
	struct buf b;

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	buf_init(&b, TEXT_MAX);
	int status = explain(&v, &b);
	fputs(buf_cstr(&b), stdout);
	if (buf_err(&b) || fflush(stdout))
		status = 3;
	buf_done(&b);
	return status;
}

const struct command command_explain = { .opt = &command, .run = cmd_explain };
