/* A test that somebody wants to run now, over HTTP. */
#include "base/mem.h"
#include "watcher/as_json.h"
#include "watcher/audit.h"
#include "watcher/site_private.h"
#include "watcher/via.h"

static bool is_route(struct visit *v, const struct web_request *r)
{
	static const char *const patterns[] = { "/t/{}/{}/{}/run", "/t/{}/{}/run",
		"/api/v1/tests/{}/{}/{}/run", "/api/v1/tests/{}/{}/run" };
	size_t i = 0;

	if (!slice_ends(r->path, SLICE("/run")) || !web_path_decode(&v->path, r->path))
		return false;
	while (i < COUNT(patterns) && !visit_match(v, patterns[i]))
		i++;
	return i < COUNT(patterns);
}

/* False: it runs already. */
static bool start(const struct place *p, const struct web_request *r, const struct access *a,
	struct watched *t)
{
	struct watcher *w = p->site->w;
	char source[ADDR_TEXT_MAX];
	const struct audit_act act = { .who = a->who,
		.source = slice_str(addr_text(&r->peer, source)),
		.command = ROLE_TEST,
		.object = slice_str(t->plan->key) };

	if (schedule_push_asked(&w->roster.schedule, &t->place, pump_now(w->pump))) {
		audit_push_refusal(w, &act, "it runs already");
		return false;
	}
	audit_push(w, &act, SLICE("accepted"));
	return true;
}

static void put_accepted(struct visit *v, struct slice location, struct web_answer *ret)
{
	if (as_json_accepted(&ret->body, location))
		return;
	ret->status = 202;
	(void)visit_page(v, ret, 0);
	web_answer_field(ret, "Location", location);
}

/* A page leads back to its test; a program is told what came of it. */
static void put_started(
	struct visit *v, const struct web_request *r, bool is_started, struct web_answer *ret)
{
	/* As it is written, for the ending is cut off. */
	struct slice location = r->path;

	location.n -= sizeof("/run") - 1;
	if (!v->is_json)
		web_answer_redirect(ret, 303, location);
	else if (is_started)
		put_accepted(v, location, ret);
	else
		(void)visit_error(v, ret, &(struct page_error){ .status = 409 });
	site_visit_free(v);
}

void ask_run_now(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	struct visit *v = site_visit(p, r, a);

	if (!v)
		return;
	const bool is_ours = is_route(v, r);
	struct watched *t = is_ours ? visit_test(v) : NULL;
	if (!access_may_some(a, ROLE_TEST) || (t && !access_may(a, ROLE_TEST, t))) {
		site_visit_free(v);
		door_deny(p, r, a, ROLE_TEST, t, ret);
		return;
	}
	if (!t || !t->is_scheduled) {
		site_refuse(v, ret, &(struct page_error){ .status = t || !is_ours ? 405 : 404 });
		ret->allow = "GET, HEAD";
		return;
	}
	put_started(v, r, start(p, r, a, t), ret);
}

void ask_with_result(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	if (!a->is_known && !access_may_some(a, ROLE_TEST))
		door_deny(p, r, a, ROLE_TEST, NULL, ret);
	else
		via_ask(p->site->w, p->site->servers[p->number], r, a, ret);
}
