/* `stox ctl`: a running gateway is asked and told over its control socket. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/commands.h"
#include "app/control.h"
#include "app/ctl_ask.h"
#include "app/ctl_show.h"
#include "app/language.h"
#include "app/page.h"
#include "app/terminal.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	REFUSED = 1, /* the gateway said no */
	BAD = 2,
};

struct values {
	const char *socket, *config, *format;
	const char *level; /* the argument of `log` */
	bool watch;
};

#define AT(member) offsetof(struct values, member)

static bool level_words(size_t i, const char **word, const char **what)
{
	if (i > LOG_LEVEL_DEBUG)
		return false;
	*word = log_level_name((enum log_level)i);
	*what = NULL;
	return true;
}

static const struct opt opts[] = {
	{ "socket", 's', N_("FILE"), OPT_TEXT, AT(socket), 0, 0, N_("the control socket"),
		.manual =
			N_("The control socket, if it is neither the one of the configuration\n"
			   ".Pq Ic gateway.control.socket\nnor\n.Pa /run/stox-gateway/control .") },
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration that names the socket, see\n.Xr stox.yaml 5 .") },
	{ "watch", 'w', NULL, OPT_FLAG, AT(watch), 0, 0, N_("ask a running watcher, not a gateway"),
		.manual =
			N_("Ask a running watcher, at the socket of\n.Ic watch.control.socket\nor "
			   "at\n.Pa /run/stox-watch/control ;\nfor\n.Ic status\nand\n.Ic reload ."
			   "\nWho may is said by\n.Ic watch.roles .") },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0, N_("form of the answer (text)"),
		.manual = N_("The form of the answer: text, or the JSON object as the gateway "
			     "gives it."),
		.words = opt_text_or_json },
};

enum part {
	PART_STATUS,
	PART_MESSAGES,
	PART_PARTNERS,
	PART_RELOAD,
	PART_LOG,
};

static const struct opt_command parts[] = {
	[PART_STATUS] = { .name = "ctl status",
		.summary = N_("what a running gateway does, and what it has done"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_MESSAGES] = { .name = "ctl messages",
		.summary = N_("the last messages that ended, and how"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_PARTNERS] = { .name = "ctl partners",
		.summary = N_("the pools and partners that are in force"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_RELOAD] = { .name = "ctl reload",
		.summary = N_("read the configuration again"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_LOG] = { .name = "ctl log",
		.summary = N_("change the level of the log: error, warning, info or debug"),
		.opts = opts,
		.n_opts = COUNT(opts),
		.argument = N_("LEVEL"),
		.argument_offset = AT(level),
		.argument_words = level_words },
};

static const char *name_of(enum part part)
{
	return parts[part].name + sizeof("ctl ") - 1;
}

static bool part_words(size_t i, const char **word, const char **what)
{
	if (i >= COUNT(parts))
		return false;
	*word = name_of((enum part)i);
	*what = parts[i].summary;
	return true;
}

static const struct opt_command all = { .name = "ctl",
	.summary = N_("ask a running gateway, or tell it something"),
	.argument = N_("REQUEST"),
	.argument_words = part_words,
	.section = 1 };

/* ---- what is shown ---- */

static void (*const shows[])(struct sheet *p, const json_t *o) = {
	[PART_STATUS] = ctl_show_status,
	[PART_MESSAGES] = ctl_show_messages,
	[PART_PARTNERS] = ctl_show_partners,
	[PART_RELOAD] = ctl_show_reload,
	[PART_LOG] = ctl_show_level,
};

/* NULL: what came is no answer. */
/* The gateway cleans what its peers chose; a terminal is not to depend on it. */
static void say_clean(struct slice lines)
{
	struct buf b;

	buf_init(&b, CONTROL_ANSWER_MAX);
	while (lines.n) {
		text_put_clean(&b, slice_split(&lines, '\n'));
		buf_putc(&b, '\n');
	}
	if (buf_len(&b))
		fwrite(buf_slice(&b).p, 1, buf_len(&b), stdout);
	buf_done(&b);
}

static int show(enum part part, const struct values *v, struct slice answer)
{
	json_t *o = json_loadb((const char *)answer.p, answer.n, 0, NULL);
	const char *error = json_string_value(json_object_get(o, "error"));
	const struct sheet_style style = terminal_style(stdout, TERMINAL_COLOUR_NEVER);
	struct buf text;
	struct sheet p;

	if (!o || error) {
		const int status = ctl_refused(&parts[part], v->watch, error);

		json_decref(o);
		return status;
	}
	if (v->format && strcmp(v->format, "json") == 0) {
		fwrite(answer.p, 1, answer.n, stdout);
	} else {
		buf_init(&text, CONTROL_ANSWER_MAX);
		sheet_init(&p, &text, &style);
		(v->watch && part == PART_STATUS ? ctl_show_watch : shows[part])(&p, o);
		sheet_done(&p);
		say_clean(buf_slice(&text));
		buf_done(&text);
	}
	const bool no = json_is_false(json_object_get(o, "reloaded"));
	json_decref(o);
	return no ? REFUSED : 0;
}

/* ---- the command ---- */

static int usage(FILE *to, int status)
{
	enum { WHAT_COLUMN = 13 };
	const struct text line = TEXT_PLAIN(N_("usage: stox ctl REQUEST [options]")),
			  summary = TEXT_PLAIN(all.summary),
			  more = TEXT_PLAIN(N_("`stox ctl REQUEST --help` lists the options of a "
					       "request."));
	struct page p;

	page_begin(&p, to, PAGE_COLUMNS_IN_A_FILE);
	page_say(&p, &line, 2);
	page_say(&p, &summary, 0);
	sheet_end(&p.sheet, 0);
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_puts(&p.sheet.line, "  ");
		page_row(
			&p, name_of((enum part)i), WHAT_COLUMN, language_look_up(parts[i].summary));
	}
	sheet_end(&p.sheet, 0);
	page_say(&p, &more, 0);
	page_end(&p);
	return status;
}

static bool find_part(const char *word, enum part *ret)
{
	for (size_t i = 0; i < COUNT(parts); i++)
		if (strcmp(word, name_of((enum part)i)) == 0) {
			*ret = (enum part)i;
			return true;
		}
	return false;
}

static int request(enum part part, const struct values *v)
{
	const struct ctl_place place = { v->socket, v->config, v->watch };
	char line[CONTROL_REQUEST_MAX];
	struct buf answer;

	buf_init(&answer, CONTROL_ANSWER_MAX);
	snprintf(line, sizeof(line), "%s%s%s", name_of(part), v->level ? " " : "",
		v->level ? v->level : "");
	int status = ctl_ask(&parts[part], &place, line, CTL_PATIENCE_S, &answer);
	if (!status)
		status = show(part, v, buf_slice(&answer));
	buf_done(&answer);
	return status;
}

int ctl_reload(const char *config)
{
	const struct values v = { .config = config };

	return request(PART_RELOAD, &v);
}

static bool is_word(opt_words *words, const char *name)
{
	const char *word, *what;

	for (size_t i = 0; name && words(i, &word, &what); i++)
		if (strcmp(name, word) == 0)
			return true;
	return false;
}

static int check_values(enum part part, const struct values *v)
{
	if (v->format && !is_word(opt_text_or_json, v->format)) {
		opt_complain(&parts[part], TEXT(N_("unknown format `{1}`; there are {2}"),
						   text_str(v->format), text_str("text, json")));
		return BAD;
	}
	if (v->watch && part != PART_STATUS && part != PART_RELOAD) {
		opt_complain(&parts[part], TEXT_PLAIN(N_("--watch is for `status` and `reload`")));
		return BAD;
	}
	if (part == PART_LOG && !is_word(level_words, v->level)) {
		opt_complain(
			&parts[part], TEXT_PLAIN(N_("LEVEL is error, warning, info or debug")));
		return BAD;
	}
	return 0;
}

static int cmd_ctl(int argc, char **argv)
{
	struct values v = { 0 };
	enum part part;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout, 0);
	if (argc < 2)
		return usage(stderr, BAD);
	if (!find_part(argv[1], &part)) {
		opt_complain(&all, TEXT(N_("there is no request `{1}`"), text_str(argv[1])));
		return usage(stderr, BAD);
	}
	enum opt_result r = opt_parse(&parts[part], argc - 1, argv + 1, &v);
	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : BAD;
	const int status = check_values(part, &v);
	return status ? status : request(part, &v);
}

const struct command command_ctl = {
	.opt = &all, .run = cmd_ctl, .parts = parts, .n_parts = COUNT(parts)
};
