/* `stox history` and `stox report`: their options. */
#include "app/cmd_history.h"

#include <string.h>

#include "app/cmd_watch.h"
#include "app/commands.h"
#include "base/mem.h"

enum { LIMIT = 100, LIMIT_MAX = 10000 };

static const char *const history_formats[] = { "text", "json", "csv" };
static const char *const report_formats_here[] = { "html", "json", "csv" };

static bool history_words(size_t i, const char **word, const char **what)
{
	*word = i < COUNT(history_formats) ? history_formats[i] : NULL;
	*what = NULL;
	return *word;
}

static bool report_words(size_t i, const char **word, const char **what)
{
	*word = i < COUNT(report_formats_here) ? report_formats_here[i] : NULL;
	*what = NULL;
	return *word;
}

#define CONFIG_MANUAL                                                                              \
	N_("The configuration, see\n.Ic watch\nin\n.Xr stox.yaml 5 .\nIt says where the history "  \
	   "is.")
#define AT(member) offsetof(struct history_values, member)

static const struct opt history_opts[] = {
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = CONFIG_MANUAL },
	{ "test", 't', N_("NAME"), OPT_TEXT, AT(test), 0, 0, N_("of this test alone"),
		.manual = N_("The runs of this test alone, by its name:\n.Ar POOL Ns / Ns Ar "
			     "PARTNER Ns /to .") },
	{ "from", 0, N_("TIME"), OPT_TEXT, AT(from), 0, 0,
		N_("not before: 2026-11-03, 2026-11-03T07:30, or 6h, 7d ago"),
		.manual = N_("Nothing before this time: a day\n.Pq Li 2026-11-03 ,\na time of "
			     "it\n.Pq Li 2026-11-03T07:30 ,\nor so many hours or days ago\n.Pq Li "
			     "6h , 7d .") },
	{ "to", 0, N_("TIME"), OPT_TEXT, AT(to), 0, 0, N_("and before this time"),
		.manual = N_("And nothing from this time on.") },
	{ "state", 's', N_("STATES"), OPT_TEXT, AT(state), 0, 0,
		N_("only these results: failed,unstable"),
		.manual = N_("Only runs with these results, commas between: ok, unstable, failed, "
			     "unknown, maintenance.") },
	{ "limit", 'n', N_("N"), OPT_NUMBER, AT(limit), 1, LIMIT_MAX,
		N_("at most so many, the newest (100)"),
		.manual = N_("At most so many runs, the newest\n.Pq 100 .") },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0, N_("the form (text)"),
		.manual = N_("The form\n.Pq Cm text ."), .words = history_words },
};
#undef AT
#define AT(member) offsetof(struct report_values, member)

static const struct opt report_opts[] = {
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = CONFIG_MANUAL },
	{ "from", 0, N_("DAY"), OPT_TEXT, AT(from), 0, 0,
		N_("the first day, or a month: 2026-11-03, 2026-11"),
		.manual = N_("The first day\n.Pq Li 2026-11-03 ,\nor a whole month\n.Pq Li 2026-11 "
			     ";\nwithout it the month before this one.") },
	{ "to", 0, N_("DAY"), OPT_TEXT, AT(to), 0, 0, N_("the last day (the first one)"),
		.manual = N_("The last day, which is in it; without it the day, or the month, "
			     "of\n.Fl -from .") },
	{ "output", 'o', N_("FILE"), OPT_TEXT, AT(output), 0, 0,
		N_("write FILE, and as CSV and JSON beside it"),
		.manual = N_("Write the page into\n.Ar FILE\n.Pq Pa november.html ,\nand the "
			     "figures beside it\n.Pq Pa november.csv , november.json .") },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0,
		N_("the form on standard output (html)"),
		.manual = N_("The form on standard output\n.Pq Cm html ."), .words = report_words },
};

const struct opt_command history_command = { .name = "history",
	.summary = N_("list what the watcher's tests have found"),
	.opts = history_opts,
	.n_opts = COUNT(history_opts) };

const struct opt_command report_command = { .name = "report",
	.summary = N_("say how available messages with partners were"),
	.opts = report_opts,
	.n_opts = COUNT(report_opts) };

/* ---- what can be given together ---- */

static enum opt_result check_format(
	const struct opt_command *c, const char *format, const char *const *formats, size_t n)
{
	for (size_t i = 0; format && i < n; i++)
		if (strcmp(format, formats[i]) == 0)
			return OPT_OK;
	if (!format)
		return OPT_OK;
	opt_complain(
		c, TEXT(N_("unknown format `{1}`; there are {2}"), text_str(format),
			   text_str(n && strcmp(formats[0], "html") == 0 ? "html, json, csv"
									 : "text, json, csv")));
	return OPT_BAD;
}

enum opt_result history_values_read(struct history_values *ret, int argc, char **argv)
{
	ret->limit = LIMIT;
	const enum opt_result r = opt_parse(&history_command, argc, argv, ret);

	return r == OPT_OK ? check_format(&history_command, ret->format, history_formats,
				     COUNT(history_formats))
			   : r;
}

enum opt_result report_values_read(struct report_values *ret, int argc, char **argv)
{
	const enum opt_result r = opt_parse(&report_command, argc, argv, ret);

	if (r != OPT_OK)
		return r;
	if (ret->to && !ret->from) {
		opt_complain(&report_command, TEXT_PLAIN(N_("--to is for --from")));
		return OPT_BAD;
	}
	if (ret->format && ret->output) {
		opt_complain(&report_command,
			TEXT_PLAIN(N_("--format and --output exclude each other: with a file "
				      "there are all three")));
		return OPT_BAD;
	}
	return check_format(
		&report_command, ret->format, report_formats_here, COUNT(report_formats_here));
}

/* ---- the program ---- */

static int cmd_history(int argc, char **argv)
{
	struct history_values v = { 0 };
	const enum opt_result r = history_values_read(&v, argc, argv);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	return watch_program_run(argc, argv);
}

static int cmd_report(int argc, char **argv)
{
	struct report_values v = { 0 };
	const enum opt_result r = report_values_read(&v, argc, argv);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	return watch_program_run(argc, argv);
}

const struct command command_history = { .opt = &history_command, .run = cmd_history };
const struct command command_report = { .opt = &report_command, .run = cmd_report };
