/* Pages and metrics over HTTP: who asks for what, and the way of an answer that the history has to
 * give first.
 */
#include "watcher/site_private.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "page/asset.h"
#include "watcher/board.h"
#include "watcher/metrics.h"
#include "watcher/run_id.h"
#include "watcher/visit.h"

enum {
	PLACES = 256,
	CALLS = 128,
	STREAMS = 1000,
	IDLE_S = 30,
	VISITS_MAX = 256,
	UNREAD_MAX = 64 << 20,
};

/* ---- a visit ---- */

static void free_visit(struct visit *v)
{
	for (unsigned i = 0; i < v->n_asks; i++)
		store_answer_free(v->answers[i]);
	mem_free(v);
}

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

	(void)visit_error(v, ret, &error);
	web_answer_field(ret, "Retry-After", SLICE("5"));
	free_visit(v);
}

static void wait_for_answers(struct site *s, struct visit *v, struct web_answer *ret)
{
	if (s->n_visits == VISITS_MAX || !ask(v)) {
		too_busy(v, ret);
		return;
	}
	struct web_call *call = web_answer_later(ret);
	if (!call) {
		free_visit(v);
		return;
	}
	v->call = web_call_id(call);
	list_append(&s->visits, &v->node);
	s->n_visits++;
}

static void over(struct site *s, struct visit *v)
{
	struct web_call *call = web_call_find(v->server, v->call);

	list_remove(&v->node);
	s->n_visits--;
	if (call) {
		/* The plan may be another one since it was asked. */
		const int64_t asked_at = v->reader.now_at;
		site_look(&v->reader, s->w, v->tongue);
		v->reader.now_at = asked_at;
		show(v, web_call_answer(call));
		web_call_send(call);
	}
	free_visit(v);
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

void site_push_answer(struct site *s, struct store_answer *answer)
{
	unsigned i;
	struct visit *v = s ? find(s, answer->id, &i) : NULL;

	if (answer->err && s) {
		log_str(watch_log_begin(&s->w->log, WATCH_HISTORY_UNREADABLE), "error",
			slice_str(err_text(answer->err)));
		watch_log_end(&s->w->log, WATCH_HISTORY_UNREADABLE);
	}
	if (!v) {
		store_answer_free(answer);
		return;
	}
	v->answers[i] = answer;
	if (--v->n_open == 0)
		over(s, v);
}

/* ---- what the query says ---- */

static bool read_range(const struct web_request *r, enum page_range *ret)
{
	uint8_t room[16];
	struct buf value;

	buf_init_in(&value, room, sizeof(room));
	*ret = PAGE_24H;
	int err = web_query_find(r->query, "range", &value);
	if (err)
		return err == -ENOENT;
	for (unsigned i = 0; i < PAGE_RANGES; i++)
		if (slice_eqs(buf_slice(&value), page_range_names[i])) {
			*ret = (enum page_range)i;
			return true;
		}
	return false;
}

static bool read_before(const struct web_request *r, struct store_key *ret)
{
	uint8_t room[RUN_ID_MAX];
	struct buf value;

	buf_init_in(&value, room, sizeof(room));
	*ret = (struct store_key){ 0 };
	int err = web_query_find(r->query, "before", &value);
	if (err)
		return err == -ENOENT;
	return run_id_read(buf_slice(&value), &ret->test_id, &ret->at);
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
	&view_run,
	&view_incidents,
	&view_incident,
	&view_maintenance,
	&view_feed,
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
	const struct page_error error = { .status = status };

	(void)visit_error(v, ret, &error);
	free_visit(v);
}

static void visit_it(struct site *s, struct visit *v, struct web_answer *ret)
{
	for (size_t i = 0; i < COUNT(views); i++) {
		v->n_asks = 0;
		if (!visit_match(v, views[i]->pattern) || !views[i]->ask(v))
			continue;
		v->view = views[i];
		if (v->n_asks) {
			wait_for_answers(s, v, ret);
			return;
		}
		show(v, ret);
		free_visit(v);
		return;
	}
	v->n_asks = 0;
	refuse(v, ret, 404);
}

static struct visit *new_visit(
	struct site *s, struct web_server *server, const struct web_request *r)
{
	struct visit *v = mem_alloc0(sizeof(*v));

	if (!v)
		return NULL;
	list_init(&v->node);
	v->w = s->w;
	v->server = server;
	v->tongue = tongue_of(r, &v->is_chosen);
	site_look(&v->reader, s->w, v->tongue);
	(void)slice_cstr(slice_cut(r->host, 0, sizeof(v->host) - 1), v->host, sizeof(v->host));
	v->is_bad = !slice_cstr(r->query, v->query, sizeof(v->query)) ||
		    !read_range(r, &v->range) || !read_before(r, &v->before);
	return v;
}

static void visit(struct site *s, struct web_server *server, const struct web_request *r,
	struct web_answer *ret)
{
	struct visit *v = new_visit(s, server, r);

	if (!v)
		return;
	if (!web_path_decode(&v->path, r->path))
		refuse(v, ret, 404);
	else if (v->is_bad)
		refuse(v, ret, 400);
	else
		visit_it(s, v, ret);
}

/* ---- a test is to run now ---- */

static void audit(struct site *s, const struct web_request *r, const char *what, const char *test,
	const char *result)
{
	char source[ADDR_TEXT_MAX], text[512];

	snprintf(text, sizeof(text), "%s %s", what, test);
	const struct store_audit row = { .at = watcher_wall(s->w, pump_now(s->w->pump)),
		.who = r->user ? slice_str(r->user) : SLICE("anonymous"),
		.what = slice_str(text),
		.source = slice_str(addr_text(&r->peer, source)),
		.result = slice_str(result) };

	(void)store_push_audit(s->w->store, &row);
}

static void run_now(struct site *s, struct web_server *server, const struct web_request *r,
	struct web_answer *ret)
{
	struct visit *v = new_visit(s, server, r);
	struct slice location = r->path;

	if (!v)
		return;
	/* As it is written, for that is cut off where it leads back to. */
	const bool is_route = slice_ends(r->path, SLICE("/run")) &&
			      web_path_decode(&v->path, r->path) &&
			      (visit_match(v, "/t/{}/{}/{}/run") || visit_match(v, "/t/{}/{}/run"));
	struct watched *t = is_route ? visit_test(v) : NULL;
	if (!t || !t->is_scheduled) {
		refuse(v, ret, t || !is_route ? 405 : 404);
		ret->allow = "GET, HEAD";
		return;
	}
	const int err =
		schedule_push_asked(&s->w->roster.schedule, &t->place, pump_now(s->w->pump));
	audit(s, r, "run", t->plan->key, err ? "it runs already" : "accepted");
	location.n -= sizeof("/run") - 1;
	web_answer_redirect(ret, 303, location);
	free_visit(v);
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

static void put_plain(struct web_answer *ret, unsigned status, const char *text)
{
	ret->status = status;
	ret->type = "text/plain; charset=utf-8";
	buf_printf(&ret->body, "%s\n", text);
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

/* One copy of the events for all who read in a language. */
static void put_events(const struct place *p, const struct web_request *r, struct web_answer *ret)
{
	bool is_chosen;

	web_answer_stream(ret, p->site->streams[p->number][tongue_of(r, &is_chosen)]);
}

static bool put_other(const struct place *p, const struct web_request *r, struct web_answer *ret)
{
	const struct page_asset *asset = page_asset_find(r->path);

	if (asset)
		put_asset(r, asset, ret);
	else if (slice_eqs(r->path, "/metrics"))
		metrics_put(p->site->w, r, ret);
	else if (slice_eqs(r->path, "/-/healthy"))
		put_plain(ret, 200, "healthy");
	else if (slice_eqs(r->path, "/-/ready"))
		put_ready(p->site, ret);
	else if (slice_eqs(r->path, "/events"))
		put_events(p, r, ret);
	else
		return false;
	return true;
}

static void handle(void *arg, const struct web_request *r, struct web_answer *ret)
{
	struct place *p = arg;
	struct site *s = p->site;

	if (!r->is_post && put_other(p, r, ret))
		return;
	if (!s->w->is_ready || (r->is_post && s->w->is_stopping))
		put_plain(ret, 503, why_not_ready(s->w));
	else if (r->is_post)
		run_now(s, s->servers[p->number], r, ret);
	else
		visit(s, s->servers[p->number], r, ret);
}

/* ---- life ---- */

static void refused(void *arg, enum web_refusal why, const struct addr *peer)
{
	const struct place *p = arg;
	struct service_log *log = &p->site->w->log;
	char text[ADDR_TEXT_MAX];

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

/* Loopback only, and by no other name: what a stranger's page makes a browser ask for is refused.
 */
static int listen_at(struct site *s, const struct addr *addr)
{
	static const char *const no_names[] = { NULL };
	const unsigned i = s->n_servers;
	const struct web_server_cfg cfg = { .addr = *addr,
		.handle = handle,
		.arg = &s->places[i],
		.refused = refused,
		.places = PLACES,
		.share = PLACES, /* loopback is one address */
		.calls = CALLS,
		.streams = STREAMS,
		.stream_share = STREAMS,
		.idle_s = IDLE_S,
		.body_max = PAGE_BYTES_MAX,
		.unread_max = UNREAD_MAX,
		.takes_post = true,
		.hosts = no_names };

	s->places[i] = (struct place){ s, i };
	int err = web_server_new(&s->servers[i], loop_base(pump_loop(s->w->pump)), &cfg);
	if (err)
		return err;
	s->n_servers++;
	for (unsigned k = 0; k < TONGUES && !err; k++)
		err = web_stream_new(&s->streams[i][k], s->servers[i]);
	if (!err)
		log_listening(s, addr, web_server_port(s->servers[i]));
	return err;
}

static int listen_at_all(struct site *s, const struct plan *plan, struct text *why)
{
	const char *only = s->w->options->listen;
	struct addr one;
	const bool is_one = only && addr_decode(slice_str(only), &one);
	const struct addr *all = is_one ? &one : plan->listen;
	const unsigned n = is_one ? 1 : plan->n_listen;
	int err = 0;

	for (unsigned i = 0; !err && i < n && i < SITE_LISTEN_MAX; i++) {
		err = listen_at(s, &all[i]);
		if (err)
			*why = TEXT(
				N_("the pages at {1}: {2}"), text_addr(&all[i]), text_errno(-err));
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
	err = listen_at_all(s, plan, why);
	if (err) {
		site_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

static void end_visits(struct site *s)
{
	struct list *n, *next;

	LIST_EACH(n, next, &s->visits)
	{
		struct visit *v = LIST_OWNER(n, struct visit, node);

		list_remove(&v->node);
		free_visit(v);
	}
}

struct site *site_free(struct site *s)
{
	if (!s)
		return NULL;
	end_visits(s);
	for (unsigned i = 0; i < s->n_servers; i++) {
		for (unsigned k = 0; k < TONGUES; k++)
			if (s->streams[i][k])
				web_stream_free(s->streams[i][k]);
		web_server_free(s->servers[i]);
	}
	tongues_close();
	return mem_free(s);
}
