/* A test that somebody wants to run now, over HTTP. */
#include "watcher/audit.h"
#include "watcher/site_private.h"
#include "watcher/via.h"

static bool is_route(struct visit *v, const struct web_request *r)
{
	return slice_ends(r->path, SLICE("/run")) && web_path_decode(&v->path, r->path) &&
	       (visit_match(v, "/t/{}/{}/{}/run") || visit_match(v, "/t/{}/{}/run"));
}

static void start(const struct place *p, const struct web_request *r, const struct access *a,
	struct watched *t)
{
	struct watcher *w = p->site->w;
	char source[ADDR_TEXT_MAX];
	const struct audit_act act = { .who = a->who,
		.source = slice_str(addr_text(&r->peer, source)),
		.command = ROLE_TEST,
		.object = slice_str(t->plan->key) };

	if (schedule_push_asked(&w->roster.schedule, &t->place, pump_now(w->pump)))
		audit_push_refusal(w, &act, "it runs already");
	else
		audit_push(w, &act, SLICE("accepted"));
}

void ask_run_now(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	struct visit *v = site_visit(p, r, a);
	/* As it is written, for that is cut off where it leads back to. */
	struct slice location = r->path;

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
	start(p, r, a, t);
	location.n -= sizeof("/run") - 1;
	web_answer_redirect(ret, 303, location);
	site_visit_free(v);
}

void ask_with_result(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	if (!a->is_known && !access_may_some(a, ROLE_TEST))
		door_deny(p, r, a, ROLE_TEST, NULL, ret);
	else
		via_ask(p->site->w, p->site->servers[p->number], r, a, ret);
}
