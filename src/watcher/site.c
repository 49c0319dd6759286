/* Pages and metrics over HTTP: who asks for what, and the way of an answer that the history has to
 * give first.
 */
#include "watcher/site_private.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "page/asset.h"
#include "watcher/board.h"
#include "watcher/metrics.h"
#include "watcher/prober.h"
#include "watcher/run_id.h"

enum {
	PLACES = 2048, /* a Prometheus may ask for a thousand probes at once */
	CALLS = 1024,
	STREAMS = 1000,
	IDLE_S = 30,
	VISITS_MAX = 256,
	OUTSIDE_MAX = 16, /* of them, by who has not signed in */
	UNREAD_MAX = 64 << 20,
	UNREADABLE_EACH_S = 60,
};

static void put_plain(struct web_answer *ret, unsigned status, const char *text)
{
	ret->status = status;
	ret->type = "text/plain; charset=utf-8";
	buf_printf(&ret->body, "%s\n", text);
}

/* ---- a visit ---- */

static void show(struct visit *v, struct web_answer *ret)
{
	if (v->view->show(v, ret) == 0)
		return;
	buf_clear(&ret->body);
	buf_puts(&ret->body, "out of memory\n");
	ret->status = 503;
	ret->type = "text/plain; charset=utf-8";
}

static bool ask(struct visit *v)
{
	for (; v->n_open < v->n_asks; v->n_open++) {
		v->numbers[v->n_open] = store_ask(v->w->store, &v->asks[v->n_open]);
		if (!v->numbers[v->n_open])
			return false;
	}
	return true;
}

/* Its questions that were asked are answered to nobody. */
static void too_busy(struct visit *v, struct web_answer *ret)
{
	const struct page_error error = { .status = 503, .since_at = v->w->held_since };

	if (v->is_outside)
		put_plain(ret, 503, "too many ask at once");
	else
		(void)visit_error(v, ret, &error);
	web_answer_field(ret, "Retry-After", SLICE("5"));
	site_visit_free(v);
}

static void wait_for_answers(struct site *s, struct visit *v, struct web_answer *ret)
{
	const bool is_full =
		s->n_visits == VISITS_MAX || (v->is_outside && s->n_outside == OUTSIDE_MAX);

	if (is_full || !ask(v)) {
		too_busy(v, ret);
		return;
	}
	struct web_call *call = web_answer_later(ret);
	if (!call) {
		site_visit_free(v);
		return;
	}
	v->call = web_call_id(call);
	list_append(&s->visits, &v->node);
	s->n_visits++;
	s->n_outside += v->is_outside;
}

static void over(struct site *s, struct visit *v)
{
	struct web_call *call = web_call_find(v->server, v->call);

	list_remove(&v->node);
	s->n_visits--;
	s->n_outside -= v->is_outside;
	if (call) {
		/* The plan may be another one since it was asked, and he may have another role. */
		const int64_t asked_at = v->reader.now_at;
		if (!v->is_outside)
			access_renew(&v->access, s->w);
		site_look(&v->reader, s->w, v->tongue, &v->access);
		v->reader.now_at = asked_at;
		if (access_may_some(&v->access, v->view->needs))
			show(v, web_call_answer(call));
		else
			(void)visit_error(
				v, web_call_answer(call), &(struct page_error){ .status = 403 });
		web_call_send(call);
	}
	site_visit_free(v);
}

/* Whose it is. */
static struct visit *find(struct site *s, uint64_t number, unsigned *ret)
{
	struct list *n, *next;

	LIST_EACH(n, next, &s->visits)
	{
		struct visit *v = LIST_OWNER(n, struct visit, node);

		for (*ret = 0; *ret < v->n_asks; ++*ret)
			if (v->numbers[*ret] == number)
				return v;
	}
	return NULL;
}

/* A page that is open asks again and again. */
static void tell_unreadable(struct site *s, int err)
{
	const ts_t now = pump_now(s->w->pump);

	s->n_unreadable++;
	if (now < s->unreadable_at)
		return;
	struct buf *b = watch_log_begin(&s->w->log, WATCH_HISTORY_UNREADABLE);
	log_str(b, "error", slice_str(err_text(err)));
	log_u64(b, "n", s->n_unreadable);
	watch_log_end(&s->w->log, WATCH_HISTORY_UNREADABLE);
	s->n_unreadable = 0;
	s->unreadable_at = ts_add(now, TS_S(UNREADABLE_EACH_S));
}

void site_push_answer(struct site *s, struct store_answer *answer)
{
	unsigned i;
	struct visit *v = s ? find(s, answer->id, &i) : NULL;

	if (answer->err && s)
		tell_unreadable(s, answer->err);
	if (!v) {
		store_answer_free(answer);
		return;
	}
	v->answers[i] = answer;
	if (--v->n_open == 0)
		over(s, v);
}

/* ---- routes ---- */

static const struct view *const views[] = {
	&view_overview,
	&view_pool,
	&view_partner,
	&view_tests,
	&view_runs_alone,
	&view_test,
	&view_test_alone,
	&view_runs,
	&view_run_json,
	&view_run_trace,
	&view_run_pcapng,
	&view_run,
	&view_incidents,
	&view_incident,
	&view_maintenance,
	&view_watchers,
	&view_feed,
	&view_audit,
	&view_roles,
	&view_reports,
	&view_report_alone,
	&view_report_csv,
	&view_report_json,
	&view_report,
	&view_badge,
	&view_badge_place,
	&view_badge_alone,
	&view_badge_test,
	&view_history,
};

static void refuse(struct visit *v, struct web_answer *ret, int status)
{
	site_refuse(v, ret, &(struct page_error){ .status = status });
}

/* One that he may not see is not there either: whether it is would be an answer. */
static bool asks(struct visit *v, const struct view *view)
{
	v->n_asks = 0;
	v->access.sees = view->needs;
	return visit_is_of(v, view) && access_may_some(&v->access, view->needs) && view->ask(v);
}

static void visit_it(struct site *s, struct visit *v, struct web_answer *ret)
{
	for (size_t i = 0; i < COUNT(views); i++) {
		if (!asks(v, views[i]))
			continue;
		v->view = views[i];
		if (v->n_asks) {
			wait_for_answers(s, v, ret);
			return;
		}
		show(v, ret);
		site_visit_free(v);
		return;
	}
	refuse(v, ret, 404);
}

/* What the address of the view wants, of those that may be meant. */
static enum role_command wanted_by(struct visit *v)
{
	for (size_t i = 0; i < COUNT(views); i++)
		if (visit_is_of(v, views[i]) && !access_may_some(&v->access, views[i]->needs))
			return views[i]->needs;
	return ROLE_VIEW;
}

static void visit(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	struct visit *v = site_visit(p, r, a);

	if (!v)
		return;
	if (!web_path_decode(&v->path, r->path)) {
		refuse(v, ret, 404);
		return;
	}
	const enum role_command wanted = wanted_by(v);
	if (!access_may_some(a, wanted)) {
		site_visit_free(v);
		door_deny(p, r, a, wanted, NULL, ret);
	} else if (v->is_bad) {
		refuse(v, ret, 400);
	} else {
		visit_it(p->site, v, ret);
	}
}

/* Nobody hears whether it is the address that is wrong, or what. */
static void visit_outside(
	const struct place *p, const struct web_request *r, struct web_answer *ret)
{
	struct access a;

	access_init_outside(&a);
	struct visit *v = site_visit(p, r, &a);
	if (!v)
		return;
	v->view = &view_public;
	v->is_outside = true;
	if (web_path_decode(&v->path, r->path) && !v->is_bad &&
		visit_match(v, view_public.pattern) && view_public.ask(v)) {
		wait_for_answers(p->site, v, ret);
		return;
	}
	site_visit_free(v);
	put_plain(ret, 404, "not found");
}

/* ---- what has no page ---- */

static void put_asset(
	const struct web_request *r, const struct page_asset *a, struct web_answer *ret)
{
	const size_t n = strlen(a->etag);

	ret->status = 200;
	ret->type = a->type;
	ret->cache = r->query.n ? "public, max-age=31536000, immutable" : "no-cache";
	ret->constant = a->bytes;
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
	if (n > 2)
		(void)slice_cstr(slice_of(a->etag + 1, n - 2), ret->etag, sizeof(ret->etag));
}

static const char *why_not_ready(const struct watcher *w)
{
	if (w->is_stopping)
		return "stopping";
	if (!w->is_ready)
		return "the history has not answered yet";
	return w->held_since ? "the history cannot be written" : NULL;
}

static void put_ready(const struct site *s, struct web_answer *ret)
{
	const char *why = why_not_ready(s->w);

	put_plain(ret, why ? 503 : 200, why ? why : "ready");
}

static void put_metrics(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	metrics_put(p->site->w, r, a, ret);
}

static void put_probe(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	struct site *s = p->site;

	/* It is a GET, and starts what costs. */
	if (web_is_foreign(r))
		web_answer_refuse_foreign(ret);
	else if (s->w->is_ready && !s->w->is_stopping)
		prober_put(s->w->prober, s->servers[p->number], r, a, ret);
	else
		put_plain(ret, 503, why_not_ready(s->w));
}

/* What is no page, and whom it is for. */
static const struct route {
	const char *path;
	enum role_command needs;
	void (*put)(const struct place *p, const struct web_request *r, const struct access *a,
		struct web_answer *ret);
} routes[] = {
	{ "/metrics", ROLE_METRICS, put_metrics },
	{ "/events", ROLE_VIEW, live_put },
	{ "/probe", ROLE_PROBE, put_probe },
};

static bool put_other(const struct place *p, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	for (size_t i = 0; i < COUNT(routes); i++) {
		if (!slice_eqs(r->path, routes[i].path))
			continue;
		if (access_may_some(a, routes[i].needs))
			routes[i].put(p, r, a, ret);
		else
			door_deny(p, r, a, routes[i].needs, NULL, ret);
		return true;
	}
	return false;
}

/* Nothing of a test is in these. */
static bool put_for_all(const struct place *p, const struct web_request *r, struct web_answer *ret)
{
	const struct page_asset *asset = page_asset_find(r->path);

	if (asset)
		put_asset(r, asset, ret);
	else if (slice_eqs(r->path, "/-/healthy"))
		put_plain(ret, 200, "healthy");
	else if (slice_eqs(r->path, "/-/ready"))
		put_ready(p->site, ret);
	else
		return false;
	return true;
}

static void handle(void *arg, const struct web_request *r, struct web_answer *ret)
{
	const struct place *p = arg;
	const struct watcher *w = p->site->w;
	struct access a;

	if (!r->is_post && put_for_all(p, r, ret))
		return;
	if (!r->is_post && w->is_ready && slice_starts(r->path, SLICE("/p/"))) {
		visit_outside(p, r, ret);
		return;
	}
	access_of_request(&a, w, r, p->is_loopback);
	if (!r->is_post && put_other(p, r, &a, ret))
		return;
	if (!w->is_ready || (r->is_post && w->is_stopping))
		put_plain(ret, 503, why_not_ready(w));
	else if (r->is_post && slice_eqs(r->path, "/-/test"))
		ask_with_result(p, r, &a, ret);
	else if (r->is_post)
		ask_run_now(p, r, &a, ret);
	else
		visit(p, r, &a, ret);
}

/* ---- life ---- */

static void refused(void *arg, enum web_refusal why, const struct addr *peer)
{
	const struct place *p = arg;
	struct service_log *log = &p->site->w->log;
	char text[ADDR_TEXT_MAX];

	door_push_refused(p, why, peer);
	if (log->level < LOG_LEVEL_DEBUG)
		return;
	struct buf *b = watch_log_begin(log, WATCH_HTTP_REFUSED);
	log_str(b, "peer", slice_str(addr_text(peer, text)));
	log_str(b, "cause", slice_str(web_refusal_name(why)));
	watch_log_end(log, WATCH_HTTP_REFUSED);
}

static void log_listening(struct site *s, const struct addr *wanted, uint16_t port)
{
	struct addr at = *wanted;
	char text[ADDR_TEXT_MAX];

	at.port = port;
	log_str(watch_log_begin(&s->w->log, WATCH_HTTP_LISTENING), "address",
		slice_str(addr_text(&at, text)));
	watch_log_end(&s->w->log, WATCH_HTTP_LISTENING);
}

/* On loopback by no other name than that of `watch.url`: what a stranger's page makes a browser ask
 * for is refused.  Elsewhere everybody signs in. */
static int listen_at(struct site *s, const struct plan_listen *listen)
{
	const struct addr *addr = &listen->addr;
	struct addr plain = *addr;
	const unsigned i = s->n_servers;
	addr_unmap(&plain);
	const bool is_loopback = addr_is_loopback(&plain);
	const struct web_server_cfg cfg = { .addr = *addr,
		.handle = handle,
		.arg = &s->places[i],
		.refused = refused,
		.places = PLACES,
		.share = is_loopback ? PLACES : PLACES / 4, /* loopback is one address */
		.calls = CALLS,
		.streams = STREAMS,
		.stream_share = is_loopback ? STREAMS : STREAMS / 4,
		.idle_s = IDLE_S,
		.body_max = PAGE_BYTES_MAX,
		.unread_max = UNREAD_MAX,
		.takes_post = true,
		.hosts = is_loopback ? s->hosts : NULL,
		.trust = pump_trust(s->w->pump),
		.tls = listen->is_tls ? &s->tls : NULL,
		.who = &s->who };

	s->places[i] = (struct place){ s, i, is_loopback };
	int err = web_server_new(&s->servers[i], loop_base(pump_loop(s->w->pump)), &cfg);
	if (err)
		return err;
	s->n_servers++;
	log_listening(s, addr, web_server_port(s->servers[i]));
	return 0;
}

static int listen_at_all(struct site *s, const struct plan *plan, struct text *why)
{
	const char *only = s->w->options->listen;
	struct plan_listen one = { .is_tls = false };
	const bool is_one = only && addr_decode(slice_str(only), &one.addr);
	const struct plan_listen *all = is_one ? &one : plan->listen;
	const unsigned n = is_one ? 1 : plan->n_listen;
	int err = 0;

	for (unsigned i = 0; !err && i < n && i < SITE_LISTEN_MAX; i++) {
		err = listen_at(s, &all[i]);
		if (err)
			*why = TEXT(N_("the pages at {1}: {2}"), text_addr(&all[i].addr),
				text_errno(-err));
	}
	return err;
}

int site_new(struct site **ret, struct watcher *w, const struct plan *plan, struct text *why)
{
	struct site *s = mem_alloc0(sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	*why = TEXT_PLAIN(err_text(-ENOMEM));
	if (err)
		return err;
	s->w = w;
	list_init(&s->visits);
	tongues_open();
	door_init(s);
	err = entrance_open(&s->next, w, &w->next, why);
	if (!err)
		err = door_take(s, plan);
	if (!err)
		err = listen_at_all(s, plan, why);
	if (err) {
		site_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

int site_prepare(struct site *s, const struct watch_config *next, struct text *why)
{
	if (!s)
		return 0;
	struct entrance e;
	const int err = entrance_open(&e, s->w, next, why);
	if (err)
		return err;
	entrance_close(&s->next);
	s->next = e;
	return 0;
}

void site_drop_plan(struct site *s)
{
	if (s)
		entrance_close(&s->next);
}

void site_push_tests(struct site *s)
{
	if (s)
		s->is_changed = true;
}

void site_push_plan(struct site *s)
{
	if (!s)
		return;
	/* At the first plan there is nothing to take: that was done at the start. */
	if (s->next.list)
		(void)door_take(s, s->w->file.plan);
	s->is_changed = true;
}

static void end_visits(struct site *s)
{
	struct list *n, *next;

	LIST_EACH(n, next, &s->visits)
	{
		struct visit *v = LIST_OWNER(n, struct visit, node);

		list_remove(&v->node);
		site_visit_free(v);
	}
}

struct site *site_free(struct site *s)
{
	if (!s)
		return NULL;
	end_visits(s);
	live_end(s);
	for (unsigned i = 0; i < s->n_servers; i++)
		web_server_free(s->servers[i]);
	door_done(s);
	tongues_close();
	return mem_free(s);
}
