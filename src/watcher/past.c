#include "watcher/past.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/cmd_history.h"
#include "app/file_out.h"
#include "app/language.h"
#include "app/peer_text.h"
#include "base/mem.h"
#include "net/loop.h"
#include "page/page.h"
#include "watcher/history.h"
#include "watcher/past_private.h"
#include "watcher/reported.h"
#include "watcher/span.h"
#include "web/uri.h"

enum { BAD = 2, NOT_HERE = 3, BODY_MAX = 64 << 20, PATH_MAX_HERE = 2048 };

static int complain(const struct past *p, struct text why, int status)
{
	opt_complain(p->command, why);
	return status;
}

/* 0 or an exit status, and it was told. */
static int begin(struct past *p, const struct opt_command *command, const char *config)
{
	struct text said;
	struct buf why;

	*p = (struct past){ .command = command };
	buf_init(&why, 1 << 16);
	const int status = watch_config_open(&p->config, config, language_look_up, &why);
	opt_complain_lines(command, buf_cstr(&why));
	buf_done(&why);
	if (status)
		return status;
	const struct plan *plan = p->config.plan;
	p->view = (struct page_view){ .look_up = language_look_up,
		.zone = plan_zone(plan),
		.zone_name = slice_str(plan->zones[0].name),
		.now_at = loop_wall(),
		.is_alone = true };
	const int err = past_file_open(p, &said);
	return err && err != -EBUSY ? complain(p, said, NOT_HERE) : 0;
}

static void end(struct past *p)
{
	(void)store_close(p->store); /* nothing was pushed */
	watch_config_done(&p->config);
}

static int print(const struct past *p, struct buf *b)
{
	struct buf clean;

	buf_init(&clean, BODY_MAX);
	peer_text_put(&clean, buf_slice(b));
	int err = buf_err(b) ? buf_err(b) : buf_err(&clean);
	if (!err)
		err = file_out_bytes(STDOUT_FILENO, buf_slice(&clean));
	buf_done(&clean);
	return err ? complain(p, TEXT(N_("it cannot be written: {1}"), text_errno(-err)), NOT_HERE)
		   : 0;
}

static int unreadable(const struct past *p)
{
	return complain(p, TEXT_PLAIN(N_("the history cannot be read")), NOT_HERE);
}

/* ---- history ---- */

static const char *const form_names[HISTORY_FORMS] = {
	[HISTORY_TEXT] = "text",
	[HISTORY_JSON] = "json",
	[HISTORY_CSV] = "csv",
};

static enum history_form form_of(const char *name)
{
	unsigned i = 0;

	while (name && i + 1 < HISTORY_FORMS && strcmp(name, form_names[i]) != 0)
		i++;
	return (enum history_form)i;
}

static void put_parameter(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, "&%s=", name);
	web_uri_put(b, slice_str(value));
}

static int history_of_watcher(
	struct past *p, const struct history_values *v, enum history_form form, struct buf *body)
{
	uint8_t room[PATH_MAX_HERE];
	struct text why;
	struct buf path;

	buf_init_in(&path, room, sizeof(room));
	buf_printf(&path, "/history.%s?limit=%u", form == HISTORY_TEXT ? "txt" : form_names[form],
		v->limit);
	put_parameter(&path, "test", v->test);
	put_parameter(&path, "from", v->from);
	put_parameter(&path, "to", v->to);
	put_parameter(&path, "state", v->state);
	const int err = past_web_get(p, buf_cstr(&path), body, &why);
	return err ? complain(p, why, err == -EINVAL ? BAD : NOT_HERE) : 0;
}

static int history_of_file(struct past *p, const struct history_values *v,
	struct store_query *query, enum history_form form, struct buf *body)
{
	struct store_answer *names = past_file_ask(p, &(struct store_query){ .type = STORE_TESTS });

	if (!names)
		return unreadable(p);
	query->test_id = v->test ? history_test(names->names, slice_str(v->test)) : 0;
	if (v->test && !query->test_id) {
		store_answer_free(names);
		return complain(p, TEXT(N_("there is no test `{1}`"), text_str(v->test)), BAD);
	}
	struct store_answer *runs = past_file_ask(p, query);
	const int err = runs ? history_put(body, form, &p->view, runs->runs, names->names) : -EIO;
	store_answer_free(runs);
	store_answer_free(names);
	return err ? unreadable(p) : 0;
}

static int run_history(const struct history_values *v)
{
	const struct history_ask a = {
		.from = slice_str(v->from), .to = slice_str(v->to), .states = slice_str(v->state)
	};
	const enum history_form form = form_of(v->format);
	struct store_query query;
	struct past p;
	struct buf body;

	buf_init(&body, BODY_MAX);
	int status = begin(&p, &history_command, v->config);
	if (!status && !history_read(&a, &p.view, &query))
		status = complain(&p,
			TEXT_PLAIN(N_("--from and --to are a day (2026-11-03), a time of it "
				      "(2026-11-03T07:30) or so long ago (6h, 7d), --state is of "
				      "ok, unstable, failed, unknown, maintenance")),
			BAD);
	query.limit = v->limit;
	if (!status)
		status = p.store ? history_of_file(&p, v, &query, form, &body)
				 : history_of_watcher(&p, v, form, &body);
	if (!status)
		status = print(&p, &body);
	buf_done(&body);
	end(&p);
	return status;
}

/* ---- report ---- */

enum report_form { REPORT_HTML, REPORT_JSON, REPORT_CSV };
enum { REPORT_FORMS = 3 };
static const char *const report_endings[REPORT_FORMS] = { "html", "json", "csv" };

struct report {
	struct past past;
	struct zone_span span;
	char text[64]; /* the span in addresses */
	struct store_answer *answers[3];
};

static bool read_span(struct report *r, const struct report_values *v)
{
	const struct zone *z = r->past.view.zone;
	const struct civil now = zone_to_local(z, r->past.view.now_at).civil;
	const int year = now.month > 1 ? now.year : now.year - 1,
		  month = now.month > 1 ? now.month - 1 : 12;

	if (v->from && v->to)
		snprintf(r->text, sizeof(r->text), "%s..%s", v->from, v->to);
	else if (v->from)
		snprintf(r->text, sizeof(r->text), "%s", v->from);
	else
		snprintf(r->text, sizeof(r->text), "%04d-%02d", year, month);
	return span_read(slice_str(r->text), z, &r->span);
}

static int ask_file(struct report *r)
{
	const struct zone_span before = span_before(r->past.view.zone, r->span);
	const struct store_query asks[] = {
		{ .type = STORE_REPORT,
			.from = r->span.begin,
			.to = r->span.end,
			.limit = REPORTED_INCIDENTS },
		{ .type = STORE_REPORT, .from = before.begin, .to = before.end, .limit = 1 },
		{ .type = STORE_TESTS },
	};

	for (size_t i = 0; i < COUNT(asks); i++) {
		r->answers[i] = past_file_ask(&r->past, &asks[i]);
		if (!r->answers[i])
			return unreadable(&r->past);
	}
	return 0;
}

static int make_of_file(struct report *r, enum report_form form, struct buf *body)
{
	const struct reported_cfg cfg = { .report = r->answers[0]->report,
		.before = r->answers[1]->report,
		.names = r->answers[2]->names,
		.view = &r->past.view,
		.span = r->span };
	struct reported made;
	int err;

	switch (form) {
	case REPORT_JSON: return reported_put_json(body, &cfg);
	case REPORT_CSV: reported_put_csv(body, &cfg); return buf_err(body);
	case REPORT_HTML:
		err = reported_init(&made, &cfg);
		if (!err)
			err = page_month(body, &r->past.view, &made.month);
		reported_done(&made);
		return err;
	}
	return -EINVAL;
}

static int make(struct report *r, enum report_form form, struct buf *body)
{
	char path[128];
	struct text why;

	if (r->past.store)
		return make_of_file(r, form, body) ? unreadable(&r->past) : 0;
	snprintf(path, sizeof(path), "/reports/%s.%s", r->text, report_endings[form]);
	const int err = past_web_get(&r->past, path, body, &why);
	return err ? complain(&r->past, why, err == -EINVAL ? BAD : NOT_HERE) : 0;
}

/* "november.html", and "november.csv" beside it. */
static void name_one(const char *output, enum report_form form, char ret[PATH_MAX_HERE])
{
	struct slice stem = slice_str(output);

	if (slice_ends(stem, SLICE(".html")))
		stem.n -= sizeof(".html") - 1;
	if (form == REPORT_HTML)
		snprintf(ret, PATH_MAX_HERE, "%s", output);
	else
		snprintf(ret, PATH_MAX_HERE, "%.*s.%s", SLICE_FMT(stem), report_endings[form]);
}

static int check_one(const struct report *r, const char *output, enum report_form form)
{
	char path[PATH_MAX_HERE];
	struct text why;

	name_one(output, form, path);
	const int err = file_out_check(path, &why);
	return err ? complain(&r->past, why, err == -EINVAL ? BAD : NOT_HERE) : 0;
}

static int write_one(struct report *r, const char *output, enum report_form form)
{
	char path[PATH_MAX_HERE];
	struct text why;
	struct buf body;

	name_one(output, form, path);
	buf_init(&body, BODY_MAX);
	int status = make(r, form, &body);
	if (!status && file_out_write(path, buf_slice(&body), FILE_OUT_PUBLIC, &why))
		status = complain(&r->past, why, NOT_HERE);
	buf_done(&body);
	return status;
}

static int write_all(struct report *r, const char *output)
{
	int status = 0;

	if (strlen(output) + sizeof(".html") > PATH_MAX_HERE)
		return complain(&r->past,
			TEXT(N_("it cannot be written: {1}"), text_errno(ENAMETOOLONG)), BAD);
	for (unsigned i = 0; i < REPORT_FORMS && !status; i++)
		status = check_one(r, output, (enum report_form)i);
	for (unsigned i = 0; i < REPORT_FORMS && !status; i++)
		status = write_one(r, output, (enum report_form)i);
	return status;
}

static int print_one(struct report *r, const char *format)
{
	unsigned form = 0;
	struct buf body;

	while (format && form + 1 < REPORT_FORMS && strcmp(format, report_endings[form]) != 0)
		form++;
	buf_init(&body, BODY_MAX);
	int status = make(r, (enum report_form)form, &body);
	if (!status)
		status = print(&r->past, &body);
	buf_done(&body);
	return status;
}

static int run_report(const struct report_values *v)
{
	struct report r = { 0 };

	int status = begin(&r.past, &report_command, v->config);
	if (!status && !read_span(&r, v))
		status = complain(&r.past,
			TEXT_PLAIN(N_("--from is a day (2026-11-03) or a month (2026-11), --to a "
				      "day that is not before it")),
			BAD);
	if (!status && r.past.store)
		status = ask_file(&r);
	if (!status)
		status = v->output ? write_all(&r, v->output) : print_one(&r, v->format);
	for (size_t i = 0; i < COUNT(r.answers); i++)
		store_answer_free(r.answers[i]);
	end(&r.past);
	return status;
}

/* ---- both ---- */

int past_run(int argc, char **argv)
{
	struct history_values history = { 0 };
	struct report_values report = { 0 };
	enum opt_result r;

	if (argc < 1)
		return -1;
	if (strcmp(argv[0], history_command.name) == 0) {
		r = history_values_read(&history, argc, argv);
		return r == OPT_OK ? run_history(&history) : r == OPT_HELP ? 0 : BAD;
	}
	if (strcmp(argv[0], report_command.name) == 0) {
		r = report_values_read(&report, argc, argv);
		return r == OPT_OK ? run_report(&report) : r == OPT_HELP ? 0 : BAD;
	}
	return -1;
}
