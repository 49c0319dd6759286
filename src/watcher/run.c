/* One run: its attempts, one after the other, and what is said of them. */
#include <string.h>

#include "app/runner.h"
#include "base/mem.h"
#include "watcher/runs_private.h"

enum { STRINGS_MAX = 24 };

/* ---- its strings ---- */

static unsigned find_strings(struct run_cfg *c, struct slice *ret[STRINGS_MAX])
{
	struct probe_cfg *p = &c->probe;
	unsigned n = 0;

	if (c->kind != RUN_SERVERS) {
		struct slice *const all[] = { &p->target_fqdn, &p->user, &p->auth_user,
			&p->password, &p->registrar, &p->receiver, &p->receiver_password,
			&p->receiver_server, &c->reader_auth_user };

		memcpy(ret, all, sizeof(all));
		return COUNT(all);
	}
	for (unsigned i = 0; i < c->n_sweeps; i++) {
		struct sweep_cfg *s = &c->sweeps[i];

		ret[n++] = &s->name;
		ret[n++] = &s->server;
		ret[n++] = &s->peer_server;
		ret[n++] = &s->from;
		for (unsigned k = 0; k < s->n_domains; k++)
			ret[n++] = &s->domains[k];
	}
	return n;
}

/* The attempts behind the first need them when their owner's are gone. */
static void keep_strings(struct run *run)
{
	struct slice *all[STRINGS_MAX];
	const unsigned n = find_strings(&run->cfg, all);
	char *at = run->store;

	for (unsigned i = 0; i < n; i++) {
		if (all[i]->n)
			memcpy(at, all[i]->p, all[i]->n);
		*all[i] = slice_of(at, all[i]->n);
		at += all[i]->n;
	}
}

/* ---- life ---- */

static bool is_sound(const struct run_cfg *c)
{
	if (c->retries > RUNS_RETRIES_MAX)
		return false;
	if (c->kind != RUN_SERVERS)
		return true;
	for (unsigned i = 0; i < c->n_sweeps && i < RUNS_SWEEPS; i++)
		if (c->sweeps[i].n_domains > SWEEP_DOMAINS_MAX)
			return false;
	return c->n_sweeps > 0 && c->n_sweeps <= RUNS_SWEEPS;
}

int run_new(struct run **ret, struct runs *r, const struct run_cfg *cfg)
{
	struct run_cfg mine = *cfg;
	struct slice *strings[STRINGS_MAX];
	size_t n_store = 0;

	if (!is_sound(cfg))
		return -EINVAL;
	const unsigned n = find_strings(&mine, strings);
	for (unsigned i = 0; i < n; i++)
		n_store += strings[i]->n;
	struct run *run = mem_alloc0(sizeof(*run) + n_store);
	if (!run)
		return -ENOMEM;
	run->runs = r;
	run->cfg = mine;
	run->cfg.probe.sign_in_only = cfg->kind == RUN_REGISTER;
	run->cfg.probe.trace = cfg->trace;
	run->n_store = n_store;
	run->timer.at = TS_NEVER;
	list_init(&run->over);
	keep_strings(run);
	*ret = run;
	return 0;
}

static void dismiss(struct run *run)
{
	for (unsigned i = 0; i < RUNS_SWEEPS; i++) {
		if (run->guests[i])
			pump_dismiss(run->runs->pump, run->guests[i]);
		run->guests[i] = NULL;
	}
}

void run_forget(struct run *run)
{
	dismiss(run);
	run->probe = probe_free(run->probe);
	run->inside = inside_free(run->inside);
	run->trace = trace_free(run->trace);
	for (unsigned i = 0; i < RUNS_SWEEPS; i++)
		run->sweeps[i] = sweep_free(run->sweeps[i]);
}

struct run *run_free(struct run *run)
{
	if (!run)
		return NULL;
	run_forget(run);
	mem_wipe(run->store, run->n_store);
	return mem_free(run);
}

/* ---- an attempt ---- */

static int host(struct run *run, unsigned i, struct engine e)
{
	const struct pump_guest_cfg cfg = { .e = e, .drained = run->runs->run_drained, .arg = run };

	return pump_host(run->runs->pump, &cfg, &run->guests[i]);
}

static int begin_inside(struct run *run, struct text *why)
{
	const struct inside_cfg cfg = { .probe = run->cfg.probe,
		.reader_auth_user = run->cfg.reader_auth_user,
		.reader_password = run->cfg.probe.receiver_password,
		.reader_device = run->cfg.reader_device };
	struct runs *r = run->runs;
	const int err = inside_new(&run->inside, &cfg, &r->rng, pump_now(r->pump), why);

	return err ? err : host(run, 0, inside_engine(run->inside));
}

static int begin_probe(struct run *run, struct text *why)
{
	struct runs *r = run->runs;
	const struct trace_cfg trace = { .strip_bodies = false };
	int err = run->cfg.trace ? trace_new(&run->trace, &trace) : 0;

	if (!err && run->cfg.kind == RUN_INTERNAL)
		return begin_inside(run, why);
	if (!err)
		err = probe_new(&run->probe, &run->cfg.probe, &r->rng, pump_now(r->pump), why);
	return err ? err : host(run, 0, probe_engine(run->probe));
}

static int begin_sweeps(struct run *run, struct text *why)
{
	struct runs *r = run->runs;
	int err = 0;

	for (unsigned i = 0; i < run->cfg.n_sweeps && !err; i++) {
		err = sweep_new(
			&run->sweeps[i], &run->cfg.sweeps[i], &r->rng, pump_now(r->pump), why);
		if (!err)
			err = host(run, i, sweep_engine(run->sweeps[i]));
	}
	return err;
}

int run_begin(struct run *run, struct text *why)
{
	run->attempts++;
	run->attempt_at_us = loop_wall();
	run->stalls_before = run->runs->n_stalls;
	*why = TEXT_PLAIN(err_text(-ENOMEM));
	int err = run->cfg.kind == RUN_SERVERS ? begin_sweeps(run, why) : begin_probe(run, why);
	if (err)
		run_forget(run);
	return err;
}

static bool sweeps_are_done(const struct run *run)
{
	for (unsigned i = 0; i < run->cfg.n_sweeps; i++)
		if (!sweep_is_done(run->sweeps[i]))
			return false;
	return true;
}

static bool take_event(const struct run *run, struct probe_event *ret)
{
	return run->inside ? inside_take_event(run->inside, ret)
			   : probe_take_event(run->probe, ret);
}

bool run_drained(struct run *run)
{
	struct probe_event ev;

	if (run->cfg.kind == RUN_SERVERS)
		return sweeps_are_done(run);
	while (take_event(run, &ev))
		if (run->trace)
			trace_push(run->trace, &ev);
	return run->inside ? inside_is_done(run->inside) : probe_is_done(run->probe);
}

/* ---- what came of it ---- */

const struct probe_result *run_result(const struct run *run)
{
	if (run->inside)
		return inside_result(run->inside);
	return run->probe ? probe_result(run->probe) : NULL;
}

static struct run_attempt probe_attempt(const struct run *run)
{
	const struct probe_result *r = run_result(run);

	return (struct run_attempt){ .has_passed = r->success,
		.reason = r->reason,
		.phase = r->phase,
		.message = r->message,
		.started_at_us = run->attempt_at_us,
		.latency = r->latency };
}

/* What the other side must mend comes before what we must, as in the exit status. */
static const struct sweep_finding *first_failure(const struct sweep_result *r)
{
	const struct sweep_finding *own = NULL;

	for (unsigned i = 0; i < r->n_findings; i++) {
		const struct sweep_finding *f = &r->findings[i];

		if (f->severity != SWEEP_FAILURE)
			continue;
		if (!f->fault || reason_info(f->fault->reason)->exit_status == 1)
			return f;
		own = own ? own : f;
	}
	return own;
}

static void judge_sweep(const struct sweep_result *r, struct run_attempt *a)
{
	const struct sweep_finding *f = first_failure(r);

	a->latency = r->duration > a->latency ? r->duration : a->latency;
	if (!a->has_passed || sweep_exit_status(r, false) == 0)
		return;
	a->has_passed = false;
	if (r->interrupted || !f) {
		a->reason = REASON_LOCAL_INTERRUPTED;
		a->message = TEXT_PLAIN(reason_info(a->reason)->meaning);
	} else {
		a->reason = f->fault ? f->fault->reason : REASON_NONE;
		a->message = f->fault ? f->fault->message : f->message;
	}
}

static struct run_attempt sweeps_attempt(const struct run *run)
{
	struct run_attempt a = { .has_passed = true, .started_at_us = run->attempt_at_us };

	for (unsigned i = 0; i < run->cfg.n_sweeps; i++)
		judge_sweep(sweep_result(run->sweeps[i]), &a);
	return a;
}

static void note(struct run *run, const struct run_attempt *a)
{
	run->is_stalled |= run->runs->n_stalls != run->stalls_before;
	run->last = *a;
	if (run->attempts == 1)
		run->first = *a;
}

void run_judge(struct run *run)
{
	const struct run_attempt a =
		run->cfg.kind == RUN_SERVERS ? sweeps_attempt(run) : probe_attempt(run);

	dismiss(run);
	note(run, &a);
}

void run_fail(struct run *run, const struct text *why)
{
	const struct run_attempt a = { .reason = REASON_LOCAL_INTERNAL,
		.message = *why,
		.started_at_us = run->attempt_at_us };

	note(run, &a);
}

bool run_tries_again(const struct run *run)
{
	return !run->last.has_passed && !run->is_dropped &&
	       run->last.reason != REASON_LOCAL_INTERRUPTED && run->attempts <= run->cfg.retries;
}

/* ---- evidence ---- */

static struct report_run report_of(const struct runs *r, const struct run *run)
{
	return (struct report_run){ .result = run_result(run),
		.started_at_us = run->attempt_at_us,
		.look_up = r->cfg.look_up };
}

static int put_checks(const struct runs *r, const struct run *run, struct buf *b)
{
	int err = 0;

	for (unsigned i = 0; i < run->cfg.n_sweeps && !err; i++) {
		const struct report_check check = { .result = sweep_result(run->sweeps[i]),
			.started_at_us = run->attempt_at_us,
			.look_up = r->cfg.look_up };

		buf_puts(b, i ? "," : "[");
		err = report_check_json(b, &check);
	}
	buf_puts(b, "]\n");
	return err ? err : buf_err(b);
}

int runs_put_result(const struct runs *r, const struct runs_done *done, struct buf *b)
{
	const struct run *run = done->evidence;

	if (run->sweeps[0])
		return put_checks(r, run, b);
	if (!run_result(run))
		return -ENOENT;
	const struct report_run report = report_of(r, run);
	return report_json(b, &report);
}

int runs_put_trace(const struct runs *r, const struct runs_done *done, struct buf *b)
{
	const struct run *run = done->evidence;

	if (!run_result(run) || !run->trace)
		return -ENOENT;
	const struct report_run report = report_of(r, run);
	return trace_json(b, run->trace, &report);
}
