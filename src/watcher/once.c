#include "watcher/once.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "app/language.h"
#include "app/page.h"
#include "base/mem.h"
#include "base/str.h"

struct result {
	const struct watched *test;
	enum watch_state state;
	enum reason reason;
	struct text message; /* id NULL: there is none */
	ts_t latency;
	unsigned attempts;
	bool is_over, has_passed;
};

struct once {
	struct watcher *w;
	struct result *results; /* as the roster has the tests; those that are not enabled are not
				   run, and stay out of it */
	unsigned n, n_over;
};

/* ---- as lines ---- */

static unsigned widest(const struct once *o)
{
	size_t n = 0;

	for (unsigned i = 0; i < o->n; i++) {
		const size_t k = utf8_count(slice_str(o->results[i].test->plan->key));

		n = k > n ? k : n;
	}
	return (unsigned)n;
}

static void put_end(struct buf *b, const struct result *r)
{
	static const char *const words[WATCH_STATES] = {
		[WATCH_OK] = N_("OK"),
		[WATCH_UNSTABLE] = N_("UNSTABLE"),
		[WATCH_FAILED] = N_("FAILED"),
		[WATCH_UNKNOWN] = N_("UNKNOWN"),
		[WATCH_MAINTENANCE] = N_("MAINTENANCE"),
	};

	if (!r->is_over) {
		buf_puts(b, language_look_up(N_("not run")));
		return;
	}
	buf_puts(b, language_look_up(words[r->state]));
	if (r->has_passed)
		buf_printf(b, " %.3f s", (double)r->latency / 1e6);
	if (r->reason)
		buf_printf(b, " %s", reason_id(r->reason));
	if (!r->message.id)
		return;
	buf_puts(b, ": ");
	text_put(b, &r->message, language_look_up);
}

static void put_lines(const struct once *o)
{
	enum { GAP = 2 };
	const unsigned second = widest(o) + GAP;
	struct page p;

	page_begin(&p, stdout, 0);
	for (unsigned i = 0; i < o->n; i++) {
		buf_puts(&p.sheet.line, o->results[i].test->plan->key);
		sheet_tab(&p.sheet, second);
		put_end(&p.sheet.line, &o->results[i]);
		sheet_end(&p.sheet, second);
	}
	page_end(&p);
}

/* ---- as one object ---- */

static json_t *message_of(const struct result *r)
{
	struct buf b;

	if (!r->message.id)
		return json_null();
	buf_init(&b, 4096);
	text_put(&b, &r->message, language_look_up);
	json_t *ret = json_string(buf_cstr(&b));
	buf_done(&b);
	return ret;
}

static json_t *object_of(const struct result *r)
{
	const struct plan_test *p = r->test->plan;
	json_t *o = json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:s}", "test", p->key, "kind",
		conf_test_kind_name(p->kind), "pool", p->pool, "partner", p->domain, "direction",
		p->direction, "state", r->is_over ? watch_state_name(r->state) : "not-run");

	if (!o)
		return NULL;
	(void)json_object_set_new(
		o, "reason", r->reason ? json_string(reason_id(r->reason)) : json_null());
	(void)json_object_set_new(o, "message", message_of(r));
	(void)json_object_set_new(o, "latency_seconds",
		r->has_passed ? json_real((double)r->latency / 1e6) : json_null());
	(void)json_object_set_new(o, "attempts", json_integer(r->attempts));
	return o;
}

static int put_object(const struct once *o, int status)
{
	json_t *tests = json_array();
	json_t *all = json_pack("{s:s, s:i, s:o}", "schema", "stox.watch-once/1", "exit_status",
		status, "tests", tests);

	for (unsigned i = 0; all && i < o->n; i++)
		(void)json_array_append_new(tests, object_of(&o->results[i]));
	const int err = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;
	json_decref(all);
	putchar('\n');
	return err ? 3 : 0;
}

/* ---- the status ---- */

/* As of stox test: a failure of a target is worse than what could not be judged. */
static int status_of(const struct once *o)
{
	bool has_failed = false, is_unknown = false;

	for (unsigned i = 0; i < o->n; i++) {
		const struct result *r = &o->results[i];

		has_failed |= r->is_over && r->state == WATCH_FAILED;
		is_unknown |= !r->is_over || r->state == WATCH_UNKNOWN;
	}
	if (has_failed)
		return 1;
	return is_unknown ? 3 : 0;
}

int once_end(struct once *o)
{
	const int status = status_of(o);

	if (o->w->options->is_json)
		return put_object(o, status) ? 3 : status;
	put_lines(o);
	return fflush(stdout) && !status ? 3 : status;
}

/* ---- runs ---- */

static struct result *find(struct once *o, const struct watched *t)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->results[i].test == t)
			return &o->results[i];
	return NULL;
}

void once_push(
	struct once *o, struct watched *t, const struct watcher_end *end, enum watch_state state)
{
	struct result *r = o ? find(o, t) : NULL;

	if (!r || r->is_over)
		return;
	r->is_over = true;
	r->state = state;
	r->reason = end->reason;
	r->has_passed = end->has_passed;
	r->latency = end->latency;
	r->attempts = end->attempts;
	if (end->why)
		r->message = *end->why;
	o->n_over++;
}

bool once_is_done(const struct once *o)
{
	return o && o->n_over == o->n;
}

int once_new(struct once **ret, struct watcher *w)
{
	struct roster *r = &w->roster;
	struct once *o = mem_alloc0(sizeof(*o));
	struct result *results = mem_alloc0((r->n + 1) * sizeof(*results));

	if (!o || !results) {
		mem_free(results);
		mem_free(o);
		return -ENOMEM;
	}
	o->w = w;
	o->results = results;
	for (unsigned i = 0; i < r->n; i++) {
		struct watched *t = r->tests[i];

		if (!t->is_scheduled)
			continue;
		o->results[o->n++].test = t;
		/* -EBUSY: its own time has just come. */
		(void)schedule_push_asked(&w->roster.schedule, &t->place, pump_now(w->pump));
	}
	*ret = o;
	return 0;
}

struct once *once_free(struct once *o)
{
	if (!o)
		return NULL;
	mem_free(o->results);
	return mem_free(o);
}
