#include "watcher/plan_private.h"

#include <stdlib.h>

#include "app/watch_config.h"
#include "base/mem.h"

static bool read_listen(struct slice text, struct plan_listen *ret)
{
	const struct slice https = SLICE(CONF_HTTPS);

	ret->is_tls = slice_starts(text, https);
	return addr_decode(ret->is_tls ? slice_skip(text, https.n) : text, &ret->addr);
}

static int add_listens(struct planner *p)
{
	static const struct conf_text preset = { .s = (char *)(uintptr_t)CONF_WATCH_LISTEN };
	const struct conf_texts *listen = &p->conf->watch.listen;
	const struct conf_text *v = listen->at.line ? listen->v : &preset;
	const size_t n = listen->at.line ? listen->n : 1;

	p->plan->listen = mem_alloc0((n + 1) * sizeof(*p->plan->listen));
	if (!p->plan->listen)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (read_listen(slice_str(v[i].s), &p->plan->listen[i]))
			p->plan->n_listen++;
	return 0;
}

static int add_history(struct planner *p)
{
	const struct conf_history *h = &p->conf->watch.history;

	p->plan->raw_days = (unsigned)h->raw_days.n;
	p->plan->hour_days = (unsigned)h->hour_days.n;
	p->plan->history_bytes_max = h->size_max.n << 20;
	p->plan->history_server = h->postgresql.s;
	int err = plan_path(p, &h->file, &p->plan->history_file);
	if (!err)
		err = plan_path(p, &h->password_file, &p->plan->history_password_file);
	return err ? err : plan_path(p, &h->ca_file, &p->plan->history_ca_file);
}

static int fill(struct planner *p)
{
	const struct conf_watch *w = &p->conf->watch;
	const char *zone = w->time_zone.s ? w->time_zone.s : "UTC";
	int err = plan_add_zone(p, slice_str(zone), w->time_zone.at);

	p->plan->at_once = (unsigned)w->at_once.n;
	p->plan->url = w->url.s;
	p->plan->location = w->location.s ? w->location.s : "";
	p->plan->lease = TS_S((ts_t)w->lease.n);
	if (!err)
		err = add_listens(p);
	if (!err)
		err = add_history(p);
	if (!err)
		err = plan_add_receivers(p);
	if (!err)
		err = plan_add_access(p);
	return err ? err : plan_add_tests(p);
}

/* With a fault here nothing of the rest needs to be asked whether it can be decoded. */
static void check(const struct planner *p)
{
	for (size_t i = 0; i < p->conf->n_pools; i++)
		watch_config_check_accept(&p->conf->pools[i].accept, p->problems);
	for (size_t i = 0; i < p->conf->n_partners; i++)
		watch_config_check_accept(&p->conf->partners[i].accept, p->problems);
	watch_config_check(p->conf, p->problems);
}

int plan_new(
	struct plan **ret, const struct conf *c, const char *conf_path, struct problems *problems)
{
	const unsigned before = problems->n + problems->left_out;
	struct plan *plan = mem_alloc0(sizeof(*plan));
	struct planner p = { plan, c, conf_path, problems };
	struct rng rng;

	if (!plan)
		return -ENOMEM;
	/* The keys are the administrator's own: they need no salt that nobody knows. */
	rng_init_number(&rng, 0);
	map_init(&plan->keys, PLAN_TESTS_MAX, &rng);
	plan->conf = &c->watch;
	check(&p);
	int err = problems->n + problems->left_out > before ? ERR_CONFIG : fill(&p);
	if (!err && problems->n + problems->left_out > before)
		err = ERR_CONFIG;
	if (err) {
		plan_free(plan);
		return err;
	}
	*ret = plan;
	return 0;
}

struct plan *plan_free(struct plan *p)
{
	if (!p)
		return NULL;
	for (unsigned i = 0; i < p->n_tests; i++)
		plan_free_test(&p->tests[i]);
	for (unsigned i = 0; i < p->n_receivers; i++)
		plan_free_receiver(&p->receivers[i]);
	plan_free_receiver(&p->ping);
	plan_free_access(&p->access);
	for (unsigned i = 0; i < p->n_zones; i++) {
		mem_free(p->zones[i].name);
		buf_done(&p->zones[i].file);
	}
	for (size_t i = 0; i < p->n_windows; i++)
		mem_free(p->windows[i].v);
	map_done(&p->keys);
	mem_free(p->tests);
	mem_free(p->receivers);
	mem_free(p->alerts);
	mem_free(p->zones);
	mem_free(p->windows);
	mem_free(p->listen);
	free(p->history_file);
	free(p->history_password_file);
	free(p->history_ca_file);
	return mem_free(p);
}

const struct plan_test *plan_find(const struct plan *p, const char *key)
{
	return MAP_FIND(&p->keys, slice_str(key), struct plan_test, node);
}

struct store_cfg plan_history(const struct plan *p)
{
	return (struct store_cfg){ .path = p->history_file,
		.connection = p->history_server,
		.password_file = p->history_password_file,
		.ca_file = p->history_ca_file,
		.zone_name = p->zones[0].name,
		.zone_file = buf_slice(&p->zones[0].file),
		.raw_days = p->raw_days,
		.hour_days = p->hour_days,
		.size_max_bytes = p->history_bytes_max,
		.location = p->location };
}

const struct zone *plan_zone(const struct plan *p)
{
	return &p->zones[0].zone;
}

bool plan_test_in_maintenance(const struct plan_test *t, int64_t at)
{
	for (unsigned i = 0; i < t->n_windows; i++)
		if (window_is_open(&t->windows[i].window, t->windows[i].zone, at))
			return true;
	return false;
}
