#include "app/outputs.h"

#include <stdio.h>
#include <string.h>

#include "app/file_in.h"
#include "app/file_out.h"
#include "app/language.h"
#include "report/write_out.h"

enum { REPORT_MAX = 8 << 20, WRITE_OUT_MAX = 64 << 10, BAD = 2, NOT_HERE = 3 };

/* ---- forms and files ---- */

static int refuse(const struct outputs *o, struct text why)
{
	opt_complain(o->cmd, why);
	return BAD;
}

static const struct report_format *find(const struct outputs *o, struct slice name)
{
	const struct report_format *f = report_format_find(name);
	struct buf names;

	if (f)
		return f;
	buf_init(&names, 1024);
	for (size_t i = 0; i < n_report_formats; i++)
		buf_printf(&names, "%s%s", i ? ", " : "", report_formats[i].name);
	opt_complain(o->cmd, TEXT(N_("unknown format `{1}`; there are {2}"), text_slice(name),
				     text_slice(buf_slice(&names))));
	buf_done(&names);
	return NULL;
}

static int take_standard(struct outputs *o, const struct report_format *format)
{
	if (o->standard)
		return refuse(o,
			TEXT(N_("standard output can have one form, not {1} and {2}; send one to a "
				"file: --output {2}=FILE"),
				text_str(o->standard->name), text_str(format->name)));
	o->standard = format;
	return 0;
}

static int check_file(const struct outputs *o, const char *path)
{
	struct text why;

	for (unsigned i = 0; i < o->n_files; i++)
		if (file_out_same(o->files[i].path, path))
			return refuse(o,
				TEXT(N_("{1}: two forms cannot go to one file"), text_str(path)));
	return file_out_check(path, &why) ? refuse(o, why) : 0;
}

static int plan_file(struct outputs *o, const char *item)
{
	struct slice rest = slice_str(item), name = slice_split(&rest, '=');

	if (rest.n == 0)
		return refuse(
			o, TEXT(N_("`--output {1}`: give FORMAT=FILE, such as json=result.json"),
				   text_str(item)));
	const struct report_format *format = find(o, name);
	const char *path = (const char *)rest.p;
	if (!format)
		return BAD;
	if (strcmp(path, "-") == 0)
		return take_standard(o, format);
	int err = check_file(o, path);
	if (err)
		return err;
	o->files[o->n_files].format = format;
	o->files[o->n_files++].path = path;
	return 0;
}

static int plan_forms(struct outputs *o, const struct output_options *options)
{
	if (options->format) {
		o->standard = find(o, slice_str(options->format));
		if (!o->standard)
			return BAD;
	}
	for (unsigned i = 0; options->list && i < options->list->n; i++) {
		int err = plan_file(o, options->list->items[i]);

		if (err)
			return err;
	}
	if (!o->standard && !options->write_out)
		o->standard = report_format_find(SLICE("text"));
	return 0;
}

/* ---- --write-out ---- */

/* As curl reads it: line ends of the file are its own, those of the output are written \n. */
static int read_format(const char *path, struct buf *ret, struct text *why)
{
	struct buf text;

	buf_init(&text, WRITE_OUT_MAX + 8192);
	int err = file_in_read(
		strcmp(path, "-") == 0 ? "/dev/stdin" : path, WRITE_OUT_MAX, &text, why);
	const struct slice s = buf_slice(&text);
	for (size_t i = 0; !err && i < s.n; i++)
		if (s.p[i] != '\r' && s.p[i] != '\n')
			buf_putc(ret, s.p[i]);
	buf_done(&text);
	return err;
}

static int plan_write_out(struct outputs *o, const char *format)
{
	struct text why;
	int err = 0;

	if (!format)
		return 0;
	if (format[0] == '@')
		err = read_format(format + 1, &o->write_out, &why);
	else
		buf_puts(&o->write_out, format);
	if (!err && buf_err(&o->write_out)) {
		why = TEXT(N_("it is longer than {1} bytes"), text_u64(WRITE_OUT_MAX));
		err = ERR_LIMIT;
	}
	if (!err)
		err = write_out_check(buf_slice(&o->write_out), &why);
	if (!err)
		return 0;
	opt_complain(o->cmd, language_around("--write-out: {1}", why));
	return BAD;
}

/* ---- limits ---- */

static int read_range(
	const struct outputs *o, const char *option, const char *text, struct range *ret)
{
	struct where where;

	if (!text || range_read(slice_str(text), ret, &where) == 0)
		return 0;
	return refuse(o, TEXT(N_("`--{1} {2}`: {3}; give a range [@]start:end, such as 2 or 0.5:2"),
				 text_str(option), text_str(text), text_id(where.what)));
}

/* "2.5", as somebody types it. */
static struct text_arg typed(ts_t t, char ret[32])
{
	snprintf(ret, 32, "%.6g", (double)t / 1e6);
	return text_str(ret);
}

static int refuse_never(const struct outputs *o, const char *option, const char *text, ts_t end)
{
	static const char *const warning =
		N_("`--{1} {2}`: no latency below the time-out of {3} s would ever cause it "
		   "without being critical");
	static const char *const critical =
		N_("`--{1} {2}`: no latency below the time-out of {3} s would ever cause it");
	char seconds[32];

	return refuse(o, TEXT(strcmp(option, "warning") == 0 ? warning : critical, text_str(option),
				 text_str(text), typed(end, seconds)));
}

static bool prints_plugin(const struct outputs *o)
{
	bool any = o->standard && o->standard->put == report_nagios;

	for (unsigned i = 0; i < o->n_files; i++)
		any |= o->files[i].format->put == report_nagios;
	return any;
}

static int plan_ranges(struct outputs *o, const struct output_options *options)
{
	static const struct range none;
	const char *given = options->warning ? "warning" : "critical";

	if ((options->warning || options->critical) && !prints_plugin(o))
		return refuse(o, TEXT(N_("`--{1}` is for the form nagios"), text_str(given)));
	int err = read_range(o, "warning", options->warning, &o->warning);
	if (!err)
		err = read_range(o, "critical", options->critical, &o->critical);
	if (err)
		return err;
	if (o->critical.is_set && !range_can_alert(&o->critical, &none, options->timeout))
		return refuse_never(o, "critical", options->critical, options->timeout);
	if (o->warning.is_set && !range_can_alert(&o->warning, &o->critical, options->timeout))
		return refuse_never(o, "warning", options->warning, options->timeout);
	return 0;
}

static int plan_limit(struct outputs *o, const struct output_options *options)
{
	char limit[32], timeout[32];

	if (options->max_latency == TS_NEVER)
		return 0;
	if (options->max_latency == 0)
		return refuse(o, TEXT_PLAIN(N_("`--max-latency` must be greater than 0")));
	if (options->max_latency >= options->timeout)
		return refuse(o, TEXT(N_("`--max-latency {1}`: the time-out of {2} s comes before "
					 "it is exceeded"),
					 typed(options->max_latency, limit),
					 typed(options->timeout, timeout)));
	o->max_latency = options->max_latency;
	return 0;
}

/* Standard output and exit status of a plugin belong to the guidelines. */
static int check_plugin(const struct outputs *o, const struct output_options *options)
{
	if (!o->standard || o->standard->put != report_nagios)
		return 0;
	if (options->write_out)
		return refuse(
			o, TEXT_PLAIN(N_("`--write-out` cannot be used with the form nagios")));
	if (options->max_latency != TS_NEVER)
		return refuse(o, TEXT_PLAIN(N_("`--max-latency` cannot be used with the form "
					       "nagios; it has --warning and --critical")));
	return 0;
}

/* Files have no style: whoever reads them later has another terminal, or none. */
static int plan_style(struct outputs *o, const char *colour)
{
	enum terminal_colour when;

	if (!terminal_colour_find(colour, &when))
		return refuse(
			o, TEXT(N_("`--color {1}`: give auto, always or never"), text_str(colour)));
	o->style = terminal_style(stdout, when);
	return 0;
}

int outputs_plan(
	struct outputs *o, const struct opt_command *cmd, const struct output_options *options)
{
	*o = (struct outputs){ .cmd = cmd };
	buf_init(&o->write_out, WRITE_OUT_MAX);
	int err = plan_forms(o, options);
	if (!err)
		err = plan_style(o, options->colour);
	if (!err)
		err = plan_write_out(o, options->write_out);
	if (!err)
		err = check_plugin(o, options);
	if (!err)
		err = plan_ranges(o, options);
	return err ? err : plan_limit(o, options);
}

bool outputs_are_for_programs(const struct outputs *o)
{
	return o->n_files || !o->standard || o->standard->put != report_text;
}

void outputs_done(struct outputs *o)
{
	buf_done(&o->write_out);
}

/* ---- the result ---- */

static bool print(FILE *to, const struct buf *b)
{
	const struct slice s = buf_slice(b);

	return (s.n == 0 || fwrite(s.p, 1, s.n, to) == s.n) && fflush(to) == 0;
}

static bool write_file(const struct report_run *run, const struct report_format *format,
	const char *path, struct buf *b)
{
	struct text why;

	buf_clear(b);
	int err = format->put(b, run);
	if (err)
		why = TEXT(N_("{1}: {2}"), text_str(path), text_errno(err));
	else
		err = file_out_write(path, buf_slice(b), FILE_OUT_PUBLIC, &why);
	if (!err)
		return true;
	fputs("stox: ", stderr); /* not a plugin's UNKNOWN: that has its line */
	say(stderr, why);
	return false;
}

static bool write_standard(const struct outputs *o, const struct report_run *run, struct buf *b)
{
	bool ok = true;
	struct buf err;

	buf_clear(b);
	if (o->standard)
		ok = o->standard->put(b, run) == 0 && print(stdout, b);
	if (!buf_len(&o->write_out))
		return ok;
	buf_clear(b);
	buf_init(&err, REPORT_MAX);
	write_out_put(buf_slice(&o->write_out), run, b, &err);
	ok = ok && !buf_err(b) && !buf_err(&err) && print(stdout, b);
	print(stderr, &err);
	buf_done(&err);
	return ok;
}

int outputs_write(const struct outputs *o, const struct report_run *run)
{
	struct report_run full = *run;
	struct buf b;
	bool ok = true;

	full.max_latency = o->max_latency;
	full.warning = o->warning;
	full.critical = o->critical;
	buf_init(&b, REPORT_MAX);
	for (unsigned i = 0; i < o->n_files; i++)
		ok &= write_file(&full, o->files[i].format, o->files[i].path, &b);
	full.style = o->style;
	ok &= write_standard(o, &full, &b);
	buf_done(&b);
	const int status = o->standard ? o->standard->status(&full) : report_exit_status(&full);
	return ok || status ? status : NOT_HERE;
}

/* ---- help ---- */

static void put_heading(struct sheet *p, const char *id)
{
	sheet_end(p, 0);
	buf_puts(&p->line, language_look_up(id));
	sheet_end(p, 0);
}

void outputs_help(struct sheet *p)
{
	enum { WHAT_COLUMN = 15 };

	put_heading(p, N_("forms of a result:"));
	for (size_t i = 0; i < n_report_formats; i++) {
		buf_printf(&p->line, "  %s", report_formats[i].name);
		sheet_tab(p, WHAT_COLUMN);
		buf_puts(&p->line, language_look_up(report_formats[i].what));
		sheet_end(p, WHAT_COLUMN);
	}
	put_heading(p, N_("names of --write-out, as %{name}:"));
	buf_putc(&p->line, ' ');
	for (size_t i = 0; i < write_out_count(); i++)
		buf_printf(&p->line, " %s", write_out_at(i).name);
	sheet_end(p, 2);
}
