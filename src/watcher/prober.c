#include "watcher/prober.h"

#include "app/language.h"
#include "base/mem.h"
#include "base/str.h"
#include "watcher/probe_figures.h"
#include "watcher/probe_target.h"
#include "web/uri.h"

/* So much of what Prometheus waits is the way back. */
#define TIMEOUT_OFFSET TS_MS(500)

enum {
	TARGET_MAX = 1024,
	SECONDS_MAX = 1000000,
	DEBUG_BYTES_MAX = RUNS_RESULT_BYTES,
};

struct probing {
	struct list node;
	struct prober *prober;
	struct web_server *server;
	uint64_t call;
	int64_t test_id; /* 0: a sweep */
	ts_t began, until, timeout;
	const struct module *module;
	unsigned trust; /* held; 0: the system's */
	bool is_debug;
};

struct prober {
	struct watcher *w;
	struct runs *runs; /* the sweeps */
	struct list open;
	uint64_t last;
	struct prober_counts counts;
	bool was_not_run; /* the last sweep that was asked for */
};

/* ---- modules ---- */

typedef void ask_fn(
	struct probing *one, const struct access *a, struct slice target, struct web_answer *ret);
static ask_fn ask_sip, ask_xmpp, ask_test;

static const struct module {
	const char *name;
	ask_fn *ask;
	enum conf_test_kind kind; /* of a test */
} modules[] = {
	{ "im", ask_test, CONF_TEST_IM },
	{ "im-internal", ask_test, CONF_TEST_INTERNAL },
	{ "register", ask_test, CONF_TEST_REGISTER },
	{ "sip_options", ask_sip, 0 },
	{ "xmpp", ask_xmpp, 0 },
};

static const struct module *find_module(struct slice name)
{
	for (size_t i = 0; i < COUNT(modules); i++)
		if (slice_eqs(name, modules[i].name))
			return &modules[i];
	return NULL;
}

/* ---- the answer ---- */

static void refuse(struct web_answer *ret, unsigned status, const char *why)
{
	ret->status = status;
	ret->type = "text/plain; charset=utf-8";
	buf_printf(&ret->body, "%s\n", why);
}

static int put_figures(struct web_answer *ret, const struct probe_figures *f)
{
	ret->status = 200;
	ret->type = "text/plain; version=0.0.4; charset=utf-8";
	ret->cache = "no-store";
	return probe_figures_put(&ret->body, f);
}

/* As blackbox_exporter words it; what it has as a log is here what was found. */
static int put_debug(struct web_answer *ret, const struct probing *one,
	const struct probe_figures *f, const struct runs *runs, const struct runs_done *done)
{
	struct buf found;

	buf_init(&found, DEBUG_BYTES_MAX);
	buf_puts(&ret->body, "Logs for the probe:\n");
	if (done && runs_put_result(runs, done, &found) == 0)
		buf_put(&ret->body, buf_slice(&found));
	buf_done(&found);
	buf_puts(&ret->body, "\n\n\nMetrics that would have been returned:\n");
	int err = put_figures(ret, f);
	buf_printf(&ret->body, "\n\n\nModule configuration:\nmodule: %s\ntimeout: %u.%03us\n",
		one->module->name, (unsigned)(f->timeout / 1000000),
		(unsigned)(f->timeout / 1000 % 1000));
	ret->type = "text/plain; charset=utf-8";
	return err ? err : buf_err(&ret->body);
}

/* Also of one whose reader has left: then nobody hears it. */
static void answer(struct probing *one, struct probe_figures *f, const struct runs *runs,
	const struct runs_done *done)
{
	struct prober *p = one->prober;
	struct web_call *call = web_call_find(one->server, one->call);

	f->took = pump_now(p->w->pump) - one->began;
	f->timeout = one->timeout;
	if (call) {
		struct web_answer *ret = web_call_answer(call);
		if (one->is_debug ? put_debug(ret, one, f, runs, done) : put_figures(ret, f)) {
			buf_clear(&ret->body);
			refuse(ret, 500, "the answer is too long, or there is no memory");
		}
		web_call_send(call);
	}
	trusts_let_go(&p->w->trusts, one->trust);
	list_remove(&one->node);
	p->counts.open--;
	mem_free(one);
}

static void fail(struct probing *one, enum reason reason)
{
	struct probe_figures f = { .reason = reason };

	answer(one, &f, NULL, NULL);
}

static void open_it(struct probing *one)
{
	list_append(&one->prober->open, &one->node);
	one->prober->counts.open++;
}

/* False: it is answered already, since too many wait. */
static bool await(struct probing *one, struct web_answer *ret)
{
	ret->later_s = (unsigned)(one->timeout / 1000000) + 2;
	struct web_call *call = web_answer_later(ret);
	if (!call)
		return false;
	one->call = web_call_id(call);
	return true;
}

static void not_here(struct probing *one, struct web_answer *ret, int err)
{
	const bool is_refused = err == -EACCES;

	one->prober->counts.refused += is_refused;
	refuse(ret, is_refused ? 403 : 400,
		is_refused ? "no test of yours has this target, and watch.probe.allow does not "
			     "name it"
			   : "the target is none of this module");
	mem_free(one);
}

/* ---- a sweep ---- */

/* It could not even begin: the figures say so each time, the log when it begins to be so. */
static void not_run(
	struct probing *one, enum reason reason, const struct text *why, struct web_answer *ret)
{
	const struct probe_figures f = { .timeout = one->timeout, .reason = reason };
	struct prober *p = one->prober;

	if (!p->was_not_run) {
		struct buf *b = watch_log_begin(&p->w->log, WATCH_NOT_RUN);
		log_str(b, "test", slice_str(one->module->name));
		log_str(b, "reason", slice_str(reason_id(reason)));
		watch_log_put(b, why);
		watch_log_end(&p->w->log, WATCH_NOT_RUN);
	}
	p->was_not_run = true;
	trusts_let_go(&p->w->trusts, one->trust);
	(void)put_figures(ret, &f); /* without memory it is cut, and Prometheus sees that */
	mem_free(one);
}

static void sweep(struct probing *one, struct probe_target *target, struct web_answer *ret)
{
	struct prober *p = one->prober;
	struct run_cfg cfg = { .kind = RUN_SERVERS, .n_sweeps = 1 };
	struct text why;

	target->cfg.timeout = target->cfg.row_timeout = one->timeout;
	/* Its certificates stay until it is over: no run of a test has its number. */
	int err = trusts_find(&p->w->trusts, target->ca_file, p->w->n_runs + 1, &one->trust, &why);
	if (err)
		one->trust = 0;
	trusts_hold(&p->w->trusts, one->trust);
	target->cfg.trust = one->trust;
	cfg.sweeps[0] = target->cfg;
	if (!err)
		err = runs_start(p->runs, &cfg, ++p->last, one, &why);
	if (err) {
		not_run(one, err == ERR_LIMIT ? REASON_LOCAL_BUSY : REASON_LOCAL_CONFIG, &why, ret);
		return;
	}
	p->was_not_run = false;
	open_it(one);
	if (!await(one, ret))
		runs_drop(p->runs, p->last);
}

typedef int read_fn(struct probe_target *ret, const struct plan *p, struct slice text);

static void ask_target(struct probing *one, const struct access *a, read_fn *read,
	struct slice text, struct web_answer *ret)
{
	struct probe_target target;
	int err = read(&target, one->prober->w->file.plan, text);

	/* Whose scope is some tests looks at those. */
	if (!err && !access_may(a, ROLE_PROBE, NULL))
		err = -EACCES;
	if (err)
		not_here(one, ret, err);
	else
		sweep(one, &target, ret);
}

static void ask_sip(
	struct probing *one, const struct access *a, struct slice text, struct web_answer *ret)
{
	ask_target(one, a, probe_target_read_sip, text, ret);
}

static void ask_xmpp(
	struct probing *one, const struct access *a, struct slice text, struct web_answer *ret)
{
	ask_target(one, a, probe_target_read_xmpp, text, ret);
}

void prober_take_done(struct prober *p)
{
	struct runs_done done;

	while (p && runs_take_done(p->runs, &done)) {
		struct probe_figures f = { .has_passed = done.last.has_passed,
			.reason = done.last.reason,
			.sweep = done.n_sweeps ? done.sweeps[0] : NULL };

		answer(done.owner, &f, p->runs, &done);
	}
}

/* ---- a test ---- */

/* "POOL/PARTNER" is a message from the pool to the partner ("POOL/PARTNER/from" is one back), and
 * "POOL" a sign-in there, or a message within it. */
static struct watched *find_test(
	const struct prober *p, const struct module *m, struct slice target)
{
	static const char *const endings[] = { "", "/to", "/register", "/im-internal" };
	char key[TARGET_MAX + 16];

	for (size_t i = 0; i < COUNT(endings); i++) {
		struct buf b;

		buf_init_in(&b, (uint8_t *)key, sizeof(key));
		for (size_t k = 0; k < target.n; k++)
			buf_putc(&b, ascii_lower(target.p[k]));
		buf_puts(&b, endings[i]);
		struct watched *t = buf_err(&b) ? NULL : roster_find(&p->w->roster, buf_slice(&b));
		if (t && t->plan->kind == m->kind)
			return t;
	}
	return NULL;
}

static void ask_test(
	struct probing *one, const struct access *a, struct slice target, struct web_answer *ret)
{
	struct prober *p = one->prober;
	struct watched *t = find_test(p, one->module, target);

	if (!t || !t->is_scheduled || !access_may(a, ROLE_PROBE, t)) {
		not_here(one, ret, -EACCES);
		return;
	}
	one->test_id = t->id;
	if (!await(one, ret)) {
		mem_free(one);
		return;
	}
	open_it(one);
	/* -EBUSY: it runs, and its end is that of this one, too. */
	(void)schedule_push_asked(&p->w->roster.schedule, &t->place, pump_now(p->w->pump));
}

void prober_push_end(struct prober *p, const struct watched *t, const struct watcher_end *end)
{
	struct list *n, *next;

	if (!p)
		return;
	LIST_EACH(n, next, &p->open)
	{
		struct probing *one = LIST_OWNER(n, struct probing, node);
		struct probe_figures f = {
			.has_passed = end->has_passed, .reason = end->reason, .test = end->result
		};

		if (one->test_id == t->id)
			answer(one, &f, p->w->runs, end->done);
	}
}

void prober_push_time(struct prober *p, ts_t now)
{
	struct list *n, *next;

	if (!p)
		return;
	LIST_EACH(n, next, &p->open)
	{
		struct probing *one = LIST_OWNER(n, struct probing, node);

		if (one->test_id && now >= one->until)
			fail(one, REASON_LOCAL_BUSY);
	}
}

ts_t prober_deadline(struct prober *p)
{
	struct list *n, *next;
	ts_t at = TS_NEVER;

	if (!p)
		return at;
	LIST_EACH(n, next, &p->open)
	{
		const struct probing *one = LIST_OWNER(n, struct probing, node);

		if (one->test_id)
			at = ts_min(at, one->until);
	}
	return at;
}

/* ---- the question ---- */

/* False: it is no number of seconds. */
static bool read_timeout(const struct web_request *r, ts_t most, ts_t *ret)
{
	struct slice field = web_field_find(r, "X-Prometheus-Scrape-Timeout-Seconds");
	const bool is_given = field.n > 0;
	const struct slice whole = slice_split(&field, '.');
	uint64_t seconds = 0, part = 0;

	*ret = most;
	if (!is_given)
		return true;
	if (!slice_u64(whole, SECONDS_MAX, &seconds))
		return false;
	/* Microseconds, whatever it says behind them. */
	field = slice_cut(field, 0, 6);
	if (field.n && !slice_u64(field, 999999, &part))
		return false;
	for (size_t i = field.n; i < 6; i++)
		part *= 10;
	const ts_t waits = TS_S(seconds) + part;
	*ret = ts_min(most, waits > TIMEOUT_OFFSET ? waits - TIMEOUT_OFFSET : waits);
	return waits > 0;
}

static struct slice parameter(
	const struct web_request *r, const char *name, uint8_t *room, size_t size)
{
	struct buf b;

	buf_init_in(&b, room, size);
	return web_query_find(r->query, name, &b) ? SLICE_NONE : buf_slice(&b);
}

static struct probing *new_probing(
	struct prober *p, struct web_server *server, const struct module *module, ts_t timeout)
{
	struct probing *one = mem_alloc0(sizeof(*one));

	if (!one)
		return NULL;
	list_init(&one->node);
	one->prober = p;
	one->server = server;
	one->module = module;
	one->timeout = timeout;
	one->began = pump_now(p->w->pump);
	one->until = ts_add(one->began, timeout);
	return one;
}

void prober_put(struct prober *p, struct web_server *server, const struct web_request *r,
	const struct access *a, struct web_answer *ret)
{
	uint8_t rooms[3][TARGET_MAX];
	const struct slice name = parameter(r, "module", rooms[0], TARGET_MAX),
			   target = parameter(r, "target", rooms[1], TARGET_MAX),
			   debug = parameter(r, "debug", rooms[2], TARGET_MAX);
	const struct module *module = find_module(name);
	ts_t timeout;

	p->counts.asked++;
	if (!module) {
		p->counts.unknown_modules++;
		refuse(ret, 400, "Unknown module: there are im, register, sip_options and xmpp");
		return;
	}
	if (!target.n) {
		refuse(ret, 400, "Target parameter is missing");
		return;
	}
	if (!read_timeout(r, TS_S(p->w->file.conf->watch.probe.timeout.n), &timeout)) {
		refuse(ret, 500,
			"Failed to parse timeout from Prometheus header: it is no number of "
			"seconds");
		return;
	}
	struct probing *one = new_probing(p, server, module, timeout);
	if (!one)
		return;
	one->is_debug = slice_eqs(debug, "true");
	module->ask(one, a, target, ret);
}

struct prober_counts prober_counts(const struct prober *p)
{
	return p->counts;
}

/* ---- life ---- */

int prober_new(struct prober **ret, struct watcher *w)
{
	const struct runs_cfg runs = { .max = PROBER_MAX, .look_up = language_look_up };
	struct prober *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->w = w;
	list_init(&p->open);
	int err = runs_new(&p->runs, w->pump, &runs);
	if (err) {
		mem_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

struct prober *prober_free(struct prober *p)
{
	struct list *n, *next;

	if (!p)
		return NULL;
	runs_free(p->runs);
	LIST_EACH(n, next, &p->open)
	{
		struct probing *one = LIST_OWNER(n, struct probing, node);

		list_remove(&one->node);
		mem_free(one);
	}
	return mem_free(p);
}
