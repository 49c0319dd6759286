/* `stox watch`: its options; the watcher itself is a program of its own, with libraries that
 * nothing else here needs. */
#include "app/cmd_watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/program.h"
#include "app/service_log.h"
#include "base/mem.h"

#define WATCHER "stox-watch"
enum { NOT_HERE = 3 };

#define AT(member) offsetof(struct watch_values, member)

static const char *const formats[] = { "text", "json" };

static bool format_words(size_t i, const char **word, const char **what)
{
	if (i >= COUNT(formats))
		return false;
	*word = formats[i];
	*what = NULL;
	return true;
}

static const struct opt opts[] = {
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration, see\n.Ic watch\nin\n.Xr stox.yaml 5 .") },
	{ "check", 0, NULL, OPT_FLAG, AT(check), 0, 0,
		N_("say what would be tested, and start nothing"),
		.manual = N_(
			"Say which tests there are, each with its rules and accounts, and who is "
			"told of failures; read the secrets, and start nothing.\nWith status 2 "
			"something is wrong, and lines on standard error say what.") },
	{ "once", 0, NULL, OPT_FLAG, AT(once), 0, 0, N_("run each test once, now"),
		.manual =
			N_("Run each test once and now, and say how each ended.\nNothing is kept, "
			   "nobody is told, and nothing listens.\nThe exit status is that of\n.Xr "
			   "stox-test 1 :\n1 when a test failed.") },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0,
		N_("the form of what --once says (text)"),
		.manual = N_("The form of what\n.Fl -once\nsays\n.Pq Cm text ."),
		.words = format_words },
	{ "test-alert", 0, N_("NAME"), OPT_TEXT, AT(test_alert), 0, 0,
		N_("send a trial to this receiver of alerts"),
		.manual = N_("Send a trial to the receiver of alerts of this name, say what became "
			     "of it, and end.\nIt says itself that nothing has failed.") },
	{ "listen", 0, N_("IP:PORT"), OPT_TEXT, AT(listen), 0, 0,
		N_("where its pages are, not where the configuration says"),
		.manual = N_("Where its pages are, and not where\n.Ic watch.listen\nof the "
			     "configuration says; an address of this machine alone.") },
	{ "log-format", 0, N_("FORMAT"), OPT_TEXT, AT(log_format), 0, 0,
		N_("form of the log lines (text; journal where systemd reads them)"),
		.manual = N_(
			"The form of the log lines: text, or journal where standard error is the "
			"stream that systemd names in\n.Ev JOURNAL_STREAM ."),
		.words = log_format_words },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0, N_("more log lines"),
		.manual = N_("More log lines: one for each run.") },
};

const struct opt_command watch_command = { .name = "watch",
	.summary = N_("test on a schedule, keep what came of it, and tell who should know"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 1 };

/* ---- what can be given together ---- */

static enum opt_result refuse(struct text why)
{
	opt_complain(&watch_command, why);
	return OPT_BAD;
}

static bool is_format(const char *name)
{
	for (size_t i = 0; i < COUNT(formats); i++)
		if (strcmp(name, formats[i]) == 0)
			return true;
	return false;
}

static enum opt_result check_values(const struct watch_values *v)
{
	struct addr a;

	if (v->check + v->once + (v->test_alert != NULL) > 1)
		return refuse(
			TEXT_PLAIN(N_("--check, --once and --test-alert exclude each other")));
	if (v->format && !is_format(v->format))
		return refuse(TEXT(N_("unknown format `{1}`; there are {2}"), text_str(v->format),
			text_str("text, json")));
	if (v->format && !v->once)
		return refuse(TEXT_PLAIN(N_("--format is for --once")));
	if (!v->listen)
		return OPT_OK;
	if (!addr_decode(slice_str(v->listen), &a))
		return refuse(TEXT(N_("`--listen {1}`: give an IP address and a port, such as "
				      "127.0.0.1:8080"),
			text_str(v->listen)));
	addr_unmap(&a);
	return addr_is_loopback(&a)
		       ? OPT_OK
		       : refuse(TEXT(N_("`--listen {1}` is not an address of this machine alone: "
					"nobody signs in to the watcher's pages yet"),
				 text_str(v->listen)));
}

enum opt_result watch_values_read(struct watch_values *ret, int argc, char **argv)
{
	const enum opt_result r = opt_parse(&watch_command, argc, argv, ret);

	return r == OPT_OK ? check_values(ret) : r;
}

/* ---- the program ---- */

bool watch_find_program(char *ret, size_t size)
{
	static const char *const places[] = { "../libexec/stox/" WATCHER, WATCHER };
	char folder[2048];

	program_folder(folder, sizeof(folder));
	for (size_t i = 0; i < COUNT(places); i++) {
		snprintf(ret, size, "%s/%s", folder, places[i]);
		if (access(ret, F_OK) == 0)
			return true;
	}
	opt_complain(&watch_command,
		TEXT(N_("the watcher is not installed: it is the program {1} in {2}, of the "
			"package "
			"{3}"),
			text_str(WATCHER), text_str("libexec/stox"), text_str(WATCHER)));
	return false;
}

static int run_watcher(char **argv)
{
	char path[2048 + sizeof("/../libexec/stox/" WATCHER)];

	if (!watch_find_program(path, sizeof(path)))
		return NOT_HERE;
	argv[0] = path;
	execv(path, argv);
	opt_complain(&watch_command,
		TEXT(N_("{1} cannot be run: {2}"), text_str(path), text_errno(errno)));
	return NOT_HERE;
}

int watch_program_run(int argc, char **argv)
{
	char **args = mem_alloc0(((size_t)argc + 2) * sizeof(*args));

	if (!args) {
		opt_cannot_start(&watch_command, -ENOMEM);
		return NOT_HERE;
	}
	memcpy(args + 1, argv, (size_t)argc * sizeof(*args));
	const int status = run_watcher(args);
	mem_free(args);
	return status;
}

static int cmd_watch(int argc, char **argv)
{
	struct watch_values v = { 0 };
	const enum opt_result r = watch_values_read(&v, argc, argv);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	return run_watcher(argv);
}

const struct command command_watch = { .opt = &watch_command, .run = cmd_watch };
