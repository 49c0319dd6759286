#include "watcher/via.h"

#include <stdio.h>
#include <string.h>

#include "app/control.h"
#include "app/gateway_ctl.h"
#include "base/mem.h"
#include "conf/pairs.h"
#include "net/loop.h"
#include "report/report.h"
#include "watcher/audit.h"
#include "watcher/tongues.h"
#include "web/server.h"
#include "web/uri.h"

enum { FORMS_MAX = 8, WORD_MAX = 300, REPORT_MAX = 4 << 20, COLUMNS_MAX = 500 };

struct via_want {
	char pool[WORD_MAX], partner[WORD_MAX], kind[32], direction[32], lang[8];
	const struct report_format *forms[FORMS_MAX];
	unsigned n_forms, verbosity;
	struct sheet_style style;
};

struct via {
	struct list node; /* of w->vias */
	int64_t test_id;
	ts_t until;
	struct via_want want;
	uint64_t id;               /* of the desk's request, or of the call */
	struct web_server *server; /* NULL: it is the desk's */
};

/* ---- what is wanted ---- */

static bool read_word(struct slice query, const char *key, char *ret, size_t size)
{
	uint8_t room[WORD_MAX];
	struct buf value;

	buf_init_in(&value, room, sizeof(room));
	const int err = web_query_find(query, key, &value);
	ret[0] = 0;
	return err == -ENOENT || (!err && slice_cstr(buf_slice(&value), ret, size));
}

static bool read_number(struct slice query, const char *key, unsigned max, unsigned *ret)
{
	char text[16];
	uint64_t n = 0;

	if (!read_word(query, key, text, sizeof(text)) ||
		(text[0] && !slice_u64(slice_str(text), max, &n)))
		return false;
	*ret = (unsigned)n;
	return true;
}

static bool read_forms(struct slice query, struct via_want *ret)
{
	char text[WORD_MAX];
	struct slice rest;

	if (!read_word(query, "formats", text, sizeof(text)))
		return false;
	for (rest = slice_str(text[0] ? text : "text"); rest.n;) {
		const struct report_format *f = report_format_find(slice_split(&rest, ','));

		if (!f || ret->n_forms == FORMS_MAX)
			return false;
		ret->forms[ret->n_forms++] = f;
	}
	return true;
}

static bool read_want(struct slice query, struct via_want *ret)
{
	unsigned colour = 0;

	*ret = (struct via_want){ .n_forms = 0 };
	const bool is_read =
		read_word(query, "pool", ret->pool, sizeof(ret->pool)) &&
		read_word(query, "partner", ret->partner, sizeof(ret->partner)) &&
		read_word(query, "kind", ret->kind, sizeof(ret->kind)) &&
		read_word(query, "direction", ret->direction, sizeof(ret->direction)) &&
		read_word(query, "lang", ret->lang, sizeof(ret->lang)) &&
		read_number(query, "verbose", 2, &ret->verbosity) &&
		read_number(query, "columns", COLUMNS_MAX, &ret->style.width) &&
		read_number(query, "colour", 1, &colour) && read_forms(query, ret);
	ret->style.colour = colour;
	ret->style.unicode = true;
	return is_read;
}

/* ---- which test ---- */

static bool is_same(const char *wanted, const char *own)
{
	return !wanted[0] || (own && slice_ieqs(slice_str(wanted), own));
}

static bool fits(const struct via_want *v, const struct watched *t)
{
	const struct plan_test *p = t->plan;

	/* Those of servers have a result of another shape: `stox check` shows it. */
	return t->is_scheduled && !conf_test_is_sweep(p->kind) && is_same(v->pool, p->pool) &&
	       is_same(v->partner, p->domain) && is_same(v->direction, p->direction) &&
	       is_same(v->kind[0] ? v->kind : "im", conf_test_kind_name(p->kind));
}

/* The first one he may run; else `ret_seen` is one that he only sees. */
static struct watched *find_test(const struct watcher *w, const struct via_want *v,
	const struct access *a, struct watched **ret_seen)
{
	*ret_seen = NULL;
	for (unsigned i = 0; i < w->roster.n; i++) {
		struct watched *t = w->roster.tests[i];

		if (!fits(v, t))
			continue;
		if (access_may(a, ROLE_TEST, t))
			return t;
		if (!*ret_seen && access_may(a, ROLE_VIEW, t))
			*ret_seen = t;
	}
	return NULL;
}

/* ---- its result ---- */

static json_t *output(const struct via *v, const struct report_format *f, struct report_run *run)
{
	json_t *o = json_object();
	struct buf b;

	run->style = f->put == report_text ? v->want.style : (struct sheet_style){ .width = 0 };
	buf_init(&b, REPORT_MAX);
	if (f->put(&b, run) == 0) {
		report_json_set(o, "format", json_string(f->name));
		report_json_set(o, "status", json_integer(f->status(run)));
		report_json_set(
			o, "text", json_stringn((const char *)buf_slice(&b).p, buf_len(&b)));
	}
	buf_done(&b);
	return o;
}

static void put_result(
	const struct via *v, const struct watched *t, struct report_run *run, struct buf *ret)
{
	json_t *o = json_object(), *outputs = json_array();

	for (unsigned i = 0; i < v->want.n_forms; i++)
		json_array_append_new(outputs, output(v, v->want.forms[i], run));
	report_json_set(o, "schema", json_string("stox.via/1"));
	report_json_set(o, "test", report_json_string(t->plan->key));
	report_json_set(o, "status", json_integer(report_exit_status(run)));
	report_json_set(o, "outputs", outputs);
	desk_put(ret, o);
}

/* Of a run that never began there is a reason only. */
static struct probe_result *result_of_none(const struct watched *t, const struct watcher_end *end)
{
	struct probe_result *r = mem_alloc0(sizeof(*r));

	if (!r)
		return NULL;
	r->reason = end->reason;
	r->phase = end->phase < PHASE_COUNT ? end->phase : PHASE_SIP_REGISTER;
	r->phases[r->phase].outcome = PHASE_FAILED;
	if (end->why)
		r->message = *end->why;
	slice_cstr(slice_str(t->plan->pool), r->target_fqdn, sizeof(r->target_fqdn));
	slice_cstr(slice_str(t->plan->user), r->user, sizeof(r->user));
	slice_cstr(slice_str(t->plan->receiver), r->receiver, sizeof(r->receiver));
	return r;
}

/* ---- who waits ---- */

static void tell(struct watcher *w, struct via *v, struct slice answer)
{
	struct web_call *call = v->server ? web_call_find(v->server, v->id) : NULL;

	list_remove(&v->node);
	w->n_vias--;
	if (!v->server) {
		control_answer(w->control, v->id, answer);
	} else if (call) {
		struct web_answer *a = web_call_answer(call);

		a->status = 200;
		a->type = "application/json";
		buf_put(&a->body, answer);
		web_call_send(call);
	}
	mem_free(v);
}

static void tell_error(struct watcher *w, struct via *v, const char *why)
{
	struct buf b;

	buf_init(&b, 4096);
	gateway_ctl_refuse(why, &b);
	tell(w, v, buf_slice(&b));
	buf_done(&b);
}

static void tell_end(struct watcher *w, struct via *v, const struct watched *t,
	const struct watcher_end *end, const struct probe_result *result)
{
	struct report_run run = { .result = result,
		.started_at_us = end->done ? end->done->last.started_at_us
					   : watcher_wall(w, pump_now(w->pump)),
		.look_up = tongue_look_up(strcmp(v->want.lang, tongue_name(TONGUE_FRENCH)) == 0
						  ? TONGUE_FRENCH
						  : TONGUE_ENGLISH),
		.verbosity = v->want.verbosity,
		.version = STOX_VERSION };
	struct buf b;

	buf_init(&b, 2 * REPORT_MAX);
	put_result(v, t, &run, &b);
	if (buf_len(&b) && !buf_err(&b))
		tell(w, v, buf_slice(&b));
	else
		tell_error(w, v, err_text(-ENOMEM));
	buf_done(&b);
}

void via_push_end(struct watcher *w, const struct watched *t, const struct watcher_end *end)
{
	struct list *n, *next;

	if (!w->n_vias)
		return;
	struct probe_result *none = end->result ? NULL : result_of_none(t, end);
	LIST_EACH(n, next, &w->vias)
	{
		struct via *v = LIST_OWNER(n, struct via, node);

		if (v->test_id != t->id)
			continue;
		if (end->result || none)
			tell_end(w, v, t, end, end->result ? end->result : none);
		else
			tell_error(w, v, err_text(-ENOMEM));
	}
	mem_free(none);
}

void via_push_dropped(struct watcher *w, const struct watched *t)
{
	struct list *n, *next;

	if (!w->n_vias)
		return;
	LIST_EACH(n, next, &w->vias)
	{
		struct via *v = LIST_OWNER(n, struct via, node);

		if (v->test_id == t->id)
			tell_error(w, v, "the run was broken off");
	}
}

void via_push_plan(struct watcher *w)
{
	struct list *n, *next;

	if (!w->n_vias)
		return;
	LIST_EACH(n, next, &w->vias)
	{
		struct via *v = LIST_OWNER(n, struct via, node);
		const struct watched *t = roster_find_id(&w->roster, v->test_id);

		if (!t || !t->is_scheduled)
			tell_error(w, v, "the configuration does not have this test any more");
	}
}

void via_push_time(struct watcher *w, ts_t now)
{
	struct list *n, *next;

	if (!w->n_vias)
		return;
	LIST_EACH(n, next, &w->vias)
	{
		struct via *v = LIST_OWNER(n, struct via, node);

		if (now >= v->until)
			tell_error(w, v, "the run did not end in time: its accounts are busy");
	}
}

ts_t via_deadline(const struct watcher *w)
{
	ts_t at = TS_NEVER;

	if (!w->n_vias)
		return at;
	for (const struct list *n = w->vias.next; n != &w->vias; n = n->next)
		at = ts_min(at, LIST_OWNER((struct list *)(uintptr_t)n, struct via, node)->until);
	return at;
}

void via_end(struct watcher *w)
{
	struct list *n, *next;

	if (!w->n_vias)
		return;
	LIST_EACH(n, next, &w->vias)
	tell_error(w, LIST_OWNER(n, struct via, node), "the watcher stops");
}

/* ---- somebody asks ---- */

static struct via *new_via(struct watcher *w, struct slice query, const char **ret_why)
{
	struct via *v = w->n_vias < VIA_MAX ? mem_alloc0(sizeof(*v)) : NULL;

	*ret_why = "so many wait already that there is no room for one more";
	if (!v)
		return NULL;
	v->until = ts_add(pump_now(w->pump), TS_S(VIA_S));
	if (read_want(query, &v->want))
		return v;
	*ret_why = "what is asked for cannot be read, or has a form that is not known";
	return mem_free(v);
}

static struct slice object_of(
	const struct watched *t, const struct via_want *want, char *room, size_t size)
{
	if (t)
		return slice_str(t->plan->key);
	snprintf(room, size, "%s %s", want->pool, want->partner);
	return slice_str(room);
}

/* Begins a run, or finds the one that is on.  NULL, or why not. */
static const char *begin(struct watcher *w, struct via *v, const struct access *a,
	struct slice source, struct watched **ret_seen)
{
	struct watched *t = find_test(w, &v->want, a, ret_seen);
	char room[2 * WORD_MAX];
	const struct audit_act act = { .who = a->who,
		.source = source,
		.command = ROLE_TEST,
		.object = object_of(t ? t : *ret_seen, &v->want, room, sizeof(room)) };

	if (!t && (*ret_seen || !access_may_some(a, ROLE_TEST))) {
		audit_push_refusal(w, &act, AUDIT_NO_ROLE);
		return AUDIT_NO_ROLE;
	}
	if (!t)
		return "no test that runs is like that: `stox watch --check` lists them";
	v->test_id = t->id;
	if (schedule_push_asked(&w->roster.schedule, &t->place, pump_now(w->pump)))
		audit_push_refusal(w, &act, "it runs already");
	else
		audit_push(w, &act, SLICE("accepted"));
	return NULL;
}

static void keep(struct watcher *w, struct via *v)
{
	if (!w->vias.next)
		list_init(&w->vias);
	list_append(&w->vias, &v->node);
	w->n_vias++;
}

bool via_push(struct desk_request *r, struct buf *b)
{
	struct watcher *w = r->w;
	struct watched *seen = NULL;
	const char *why = "the watcher is just starting, or stopping";
	struct via *v = w->is_ready && !w->is_stopping ? new_via(w, r->rest, &why) : NULL;

	if (v)
		why = begin(w, v, &r->access, slice_str(r->source), &seen);
	if (v && !why) {
		v->id = r->id;
		keep(w, v);
		return false;
	}
	mem_free(v);
	if (strcmp(why, AUDIT_NO_ROLE) == 0)
		desk_put_refusal(&r->access, ROLE_TEST, seen, b);
	else
		gateway_ctl_refuse(why, b);
	return true;
}

static void put_error(
	const struct access *a, const char *why, const struct watched *seen, struct web_answer *ret)
{
	const bool is_denied = strcmp(why, AUDIT_NO_ROLE) == 0;

	ret->status = is_denied ? 403 : 409;
	ret->type = "application/json";
	if (is_denied)
		desk_put_refusal(a, ROLE_TEST, seen, &ret->body);
	else
		gateway_ctl_refuse(why, &ret->body);
}

void via_ask(struct watcher *w, struct web_server *server, const struct web_request *r,
	const struct access *a, struct web_answer *ret)
{
	char source[ADDR_TEXT_MAX];
	struct watched *seen = NULL;
	const char *why;
	struct via *v = new_via(w, r->query, &why);

	if (v)
		why = begin(w, v, a, slice_str(addr_text(&r->peer, source)), &seen);
	if (!v || why) {
		mem_free(v);
		put_error(a, why, seen, ret);
		return;
	}
	ret->later_s = VIA_S + 1;
	struct web_call *call = web_answer_later(ret);
	if (!call) { /* it runs, and its result is in the history */
		mem_free(v);
		return;
	}
	v->server = server;
	v->id = web_call_id(call);
	keep(w, v);
}
