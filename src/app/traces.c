#include "app/traces.h"

#include <stdio.h>
#include <unistd.h>

#include "app/file_out.h"
#include "app/kept.h"
#include "app/language.h"
#include "app/program.h"
#include "base/mem.h"
#include "base/str.h"

enum {
	FILE_MAX = 64 << 20, /* a page of TRACE_BYTES in which every byte had to be escaped */
	TARGET_SHOWN = 64,   /* of a name in a file's name */
	PATH_TEXT = 8192,
	BAD = 2, /* exit status */
};

/* ---- what was asked for ---- */

static unsigned n_named(const struct traces *t)
{
	return t->named ? t->named->n : 0;
}

static int refuse_ending(const struct traces *t, const char *path)
{
	struct buf b;

	buf_init(&b, 256);
	for (size_t i = 0; i < n_trace_forms; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", trace_forms[i].ending);
	opt_complain(t->command, TEXT(N_("--trace {1}: its ending says no form; there are {2}"),
					 text_str(path), text_slice(buf_slice(&b))));
	buf_done(&b);
	return BAD;
}

/* Two files cannot be one. */
static bool is_taken(const struct traces *t, unsigned i, const struct outputs *outputs)
{
	const char *path = t->named->items[i];

	for (unsigned k = 0; k < i; k++)
		if (file_out_same(path, t->named->items[k]))
			return true;
	for (unsigned k = 0; k < outputs->n_files; k++)
		if (file_out_same(path, outputs->files[k].path))
			return true;
	return false;
}

static int check_one(const struct traces *t, unsigned i, const struct outputs *outputs)
{
	const char *path = t->named->items[i];
	struct text why;

	if (!trace_form_find(slice_str(path)))
		return refuse_ending(t, path);
	if (is_taken(t, i, outputs)) {
		opt_complain(t->command,
			TEXT(N_("--trace {1}: something else goes to that file"), text_str(path)));
		return BAD;
	}
	if (file_out_check(path, &why) == 0)
		return 0;
	opt_complain(t->command, language_around("--trace {1}", why));
	return BAD;
}

int traces_check(const struct traces *t, const struct outputs *outputs)
{
	int status = 0;

	for (unsigned i = 0; i < n_named(t) && !status; i++)
		status = check_one(t, i, outputs);
	return status;
}

/* ---- recording ---- */

bool traces_are_wanted(const struct traces *t)
{
	return t->keep || n_named(t) > 0;
}

int traces_begin(struct traces *t, bool with_bodies)
{
	const struct trace_cfg cfg = { .strip_bodies = with_bodies && !t->bodies };

	traces_done(t);
	return traces_are_wanted(t) ? trace_new(&t->trace, &cfg) : 0;
}

void traces_push(struct traces *t, const struct probe_event *ev)
{
	if (t->trace)
		trace_push(t->trace, ev);
}

void traces_done(struct traces *t)
{
	t->trace = trace_free(t->trace);
	t->path = mem_free(t->path);
}

/* ---- writing ---- */

static int write_named(const struct traces *t, const char *path, const struct report_run *run,
	struct buf *b, struct text *why)
{
	buf_clear(b);
	int err = trace_form_find(slice_str(path))->put(b, t->trace, run);

	if (!err)
		return file_out_write(path, buf_slice(b), FILE_OUT_PRIVATE, why);
	*why = TEXT(N_("{1}: {2}"), text_str(path), text_errno(err));
	return err;
}

/* Standard error, also of a plugin: its line is the result's. */
static void tell(const char *sentence, struct text why)
{
	fputs("stox: ", stderr);
	say(stderr, language_around(sentence, why));
}

static bool write_all_named(struct traces *t, const struct report_run *run, struct buf *b)
{
	bool ok = true;
	struct text why;

	for (unsigned i = 0; i < n_named(t); i++) {
		const char *path = t->named->items[i];

		if (write_named(t, path, run, b, &why)) {
			tell("--trace {1}", why);
			ok = false;
		} else if (!t->path) {
			t->path = mem_strdup(path);
		}
	}
	return ok;
}

/* "20261125T222900.123456Z-pool.litware.test-5f3a9c.html": in order of time, never the same. */
static void put_name(struct buf *b, const struct report_run *run)
{
	struct slice target = slice_cut(slice_str(run->result->target_fqdn), 0, TARGET_SHOWN);
	uint8_t random[3];
	struct buf when;

	buf_init(&when, 64);
	rfc3339_put(&when, run->started_at_us);
	struct slice s = buf_slice(&when);
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '-' && s.p[i] != ':')
			buf_putc(b, s.p[i]);
	buf_done(&when);
	buf_putc(b, '-');
	for (size_t i = 0; i < target.n; i++) {
		uint8_t c = target.p[i];
		bool plain = ascii_is_alpha(c) || ascii_is_digit(c) || c == '.' || c == '-';

		buf_putc(b, plain ? c : '_');
	}
	if (getentropy(random, sizeof(random)) < 0)
		random[0] = random[1] = random[2] = (uint8_t)getpid();
	buf_putc(b, '-');
	hex_put(b, slice_of(random, sizeof(random)));
	buf_puts(b, ".html");
}

/* Once; and never of a plugin, whose standard error some servers take for its result. */
static void warn(struct traces *t, struct text why)
{
	if (!t->warned && !t->command->service)
		tell(N_("the trace is not kept (--no-trace asks for none): {1}"), why);
	t->warned = true;
}

static void keep(struct traces *t, const struct report_run *run, struct buf *b)
{
	struct buf name, path;
	struct text why;

	buf_clear(b);
	int err = trace_html(b, t->trace, run);
	buf_init(&name, 256);
	buf_init(&path, PATH_TEXT);
	put_name(&name, run);
	if (err)
		why = TEXT_PLAIN(err_text(err));
	else
		err = kept_write(buf_cstr(&name), buf_slice(b), &path, &why);
	if (!err)
		t->path = mem_strdup(buf_cstr(&path));
	else
		warn(t, why);
	buf_done(&name);
	buf_done(&path);
}

bool traces_write(struct traces *t, struct report_run *run)
{
	struct program program;
	struct buf b;
	bool ok;

	if (!t->trace)
		return true;
	program_read(&program);
	run->version = STOX_VERSION;
	run->host = program.host;
	run->command = program.command;
	buf_init(&b, FILE_MAX);
	ok = write_all_named(t, run, &b);
	/* Who named a file has a trace already. */
	if (t->keep && n_named(t) == 0 && !run->result->success)
		keep(t, run, &b);
	buf_done(&b);
	run->host = run->command = NULL;
	run->trace = t->path;
	return ok;
}
