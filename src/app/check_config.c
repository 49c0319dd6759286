#include "app/check_config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/config_check.h"
#include "app/language.h"
#include "base/mem.h"

enum { REPORT_MAX = 16 << 20, BAD = 2, NOT_HERE = 3 };

struct values {
	const char *config, *format;
	bool strict;
};

#define AT(member) offsetof(struct values, member)

static const struct format {
	const char *name, *what;
	bool is_json;
} formats[] = {
	{ "text", N_("for people"), false },
	{ "json", N_("one JSON object, schema stox.check-config/1"), true },
};

static bool format_words(size_t i, const char **word, const char **what)
{
	if (i >= COUNT(formats))
		return false;
	*word = formats[i].name;
	*what = formats[i].what;
	return true;
}

const struct opt check_config_opts[CHECK_CONFIG_OPTS] = {
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration.") },
	{ "strict", 0, NULL, OPT_FLAG, AT(strict), 0, 0, N_("a warning alone is exit status 1"),
		.manual = N_("A warning alone is exit status 1.") },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0,
		N_("the form of the result (text)"),
		.manual = N_("The form of the result (text).\nThe schema of the object is\n.Pa "
			     "stox.check-config.schema.json ,\ninstalled below\n.Pa share/stox ."),
		.words = format_words },
};

static const struct format *find_format(const struct opt_command *command, const char *name)
{
	for (size_t i = 0; i < COUNT(formats); i++)
		if (!name || strcmp(name, formats[i].name) == 0)
			return &formats[i];
	opt_complain(command, TEXT(N_("unknown format `{1}`; there are {2}"), text_str(name),
				      text_str("text, json")));
	return NULL;
}

static int report(struct config_check *c, const struct format *format, bool strict)
{
	const int status =
		c->findings[CONFIG_FAILURE].n || (strict && c->findings[CONFIG_WARNING].n);
	int err = 0;
	struct buf b;

	buf_init(&b, REPORT_MAX);
	if (format->is_json)
		err = config_check_put_json(c, status, strict, &b);
	else
		config_check_put_text(c, true, &b);
	fwrite(buf_slice(&b).p, 1, buf_len(&b), stdout);
	if (!err)
		err = buf_err(&b);
	buf_done(&b);
	return err ? NOT_HERE : status;
}

int check_config(const struct opt_command *command, int argc, char **argv)
{
	struct values v = { 0 };
	enum opt_result r = opt_parse(command, argc, argv, &v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : BAD;
	const struct format *format = find_format(command, v.format);
	if (!format)
		return BAD;
	struct config_check c = { .look_up = format->is_json ? NULL : language_look_up };
	int status = config_check_run(&c, v.config, time(NULL));
	if (!status && !c.found) {
		opt_complain_lines(command, buf_cstr(&c.lines[CONFIG_FAILURE]));
		status = BAD;
	}
	if (!status)
		status = report(&c, format, v.strict);
	if (status == NOT_HERE)
		opt_complain(command, TEXT_PLAIN(err_text(-ENOMEM)));
	config_check_done(&c);
	return status;
}

int check_config_for_gateway(const char *file)
{
	struct config_check c = { .look_up = language_look_up, .for_gateway = true };
	struct buf b;
	int status = config_check_run(&c, file, time(NULL));

	buf_init(&b, REPORT_MAX);
	fputs(buf_cstr(&c.lines[CONFIG_FAILURE]), stderr);
	if (!status && c.findings[CONFIG_FAILURE].n)
		status = BAD;
	if (!status) {
		config_check_put_text(&c, false, &b);
		fputs(buf_cstr(&b), stdout);
	}
	buf_done(&b);
	config_check_done(&c);
	return status;
}
