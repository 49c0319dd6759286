/* Which runs there are, when the next attempt of one is due, and whether the loop stood still. */
#include "app/runner.h"
#include "base/err.h"
#include "base/mem.h"
#include "watcher/runs_private.h"

/* How often the loop looks in while a run is on: what it is late by, it stood still. */
#define BEAT TS_MS(250)

/* ---- the loop itself ---- */

static void check_stall(struct runs *r)
{
	const ts_t now = pump_now(r->pump);

	if (r->n_trying == 0)
		return;
	if (now > ts_add(r->beat_at, RUNS_STALL)) {
		r->n_stalls++;
		r->stalled += now - r->beat_at;
	}
	if (now >= r->beat_at)
		r->beat_at = ts_add(now, BEAT);
}

/* ---- from one state to the next ---- */

static void try(struct runs *r, struct run *run)
{
	if (r->n_trying++ == 0)
		r->beat_at = ts_add(pump_now(r->pump), BEAT);
	run->state = RUN_TRYING;
}

static void end(struct runs *r, struct run *run)
{
	run->state = RUN_OVER;
	run->took = pump_now(r->pump) - run->started;
	(void)timers_set(&r->timers, &run->timer, TS_NEVER);
	list_append(&r->over, &run->over);
}

static void attempt_over(struct runs *r, struct run *run)
{
	r->n_trying--;
	if (!run_tries_again(run)) {
		end(r, run);
		return;
	}
	run_forget(run);
	run->state = RUN_PAUSING;
	/* Room for all was made as they came. */
	(void)timers_set(&r->timers, &run->timer, ts_add(pump_now(r->pump), run->cfg.pause));
}

static void on_drained(void *arg)
{
	struct run *run = arg;
	struct runs *r = run->runs;

	check_stall(r);
	/* An engine of two may be drained once more behind the end. */
	if (run->state != RUN_TRYING || !run_drained(run))
		return;
	run_judge(run);
	attempt_over(r, run);
}

static void begin_again(struct runs *r, struct run *run)
{
	struct text why;

	try(r, run);
	if (run_begin(run, &why) == 0)
		return;
	run_fail(run, &why);
	attempt_over(r, run);
}

static void drop(struct runs *r, struct run *run, bool tell)
{
	if (run->state == RUN_OVER || run->is_dropped)
		return;
	run->is_dropped = true;
	if (run->state == RUN_PAUSING) {
		end(r, run);
		r->is_untold = true;
		return;
	}
	for (unsigned i = 0; i < RUNS_SWEEPS && tell; i++)
		if (run->guests[i])
			pump_tell(r->pump, run->guests[i], &(struct fact){ .type = FACT_STOP });
}

static void drop_all(struct runs *r, bool tell)
{
	for (struct map_node *n = map_next(&r->by_id, NULL); n; n = map_next(&r->by_id, n))
		drop(r, LIST_OWNER(n, struct run, node), tell);
}

/* ---- as an engine of the pump ---- */

static void push(void *self, const struct fact *in, ts_t now)
{
	(void)now;
	/* The probes hear of it themselves. */
	if (in->type == FACT_STOP)
		drop_all(self, false);
}

static void push_time(void *self, ts_t now)
{
	struct runs *r = self;

	r->is_untold = false;
	check_stall(r);
	for (struct timer *t; (t = timers_due(&r->timers, now));)
		begin_again(r, LIST_OWNER(t, struct run, timer));
}

static bool take_output(void *self, struct output *ret)
{
	(void)self;
	(void)ret;
	return false;
}

static bool take_want(void *self, struct want *ret)
{
	(void)self;
	(void)ret;
	return false;
}

static ts_t deadline(const void *self)
{
	const struct runs *r = self;

	if (r->is_untold)
		return 0;
	return ts_min(timers_deadline(&r->timers), r->n_trying ? r->beat_at : TS_NEVER);
}

static struct engine engine_of(struct runs *r)
{
	static const struct engine_ops ops = {
		.name = "runs",
		.push = push,
		.push_time = push_time,
		.take_output = take_output,
		.take_want = take_want,
		.deadline = deadline,
	};

	return (struct engine){ &ops, r };
}

/* ---- life ---- */

int runs_new(struct runs **ret, struct pump *pump, const struct runs_cfg *cfg)
{
	if (cfg->max > RUNS_MAX)
		return -EINVAL;
	struct runs *r = mem_alloc0(sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->pump = pump;
	r->cfg = *cfg;
	r->run_drained = on_drained;
	runner_seed(&r->rng);
	map_init(&r->by_id, cfg->max ? cfg->max : RUNS_MAX, &r->rng);
	timers_init(&r->timers);
	list_init(&r->over);
	int err = pump_add(pump, engine_of(r));
	if (err) {
		mem_free(r);
		return err;
	}
	*ret = r;
	return 0;
}

struct runs *runs_free(struct runs *r)
{
	if (!r)
		return NULL;
	pump_remove(r->pump, engine_of(r));
	timers_done(&r->timers);
	for (struct map_node *n; (n = map_next(&r->by_id, NULL));) {
		map_remove(&r->by_id, n);
		run_free(LIST_OWNER(n, struct run, node));
	}
	map_done(&r->by_id);
	run_free(r->taken);
	mem_wipe(r, sizeof(*r));
	return mem_free(r);
}

static struct slice key_of(const uint64_t *id)
{
	return slice_of(id, sizeof(*id));
}

static struct run *find(const struct runs *r, uint64_t id)
{
	return MAP_FIND(&r->by_id, key_of(&id), struct run, node);
}

int runs_start(
	struct runs *r, const struct run_cfg *cfg, uint64_t id, void *owner, struct text *why)
{
	struct run *run;

	*why = TEXT_PLAIN(err_text(-ENOMEM));
	int err = run_new(&run, r, cfg);
	if (err)
		return err;
	run->id = id;
	run->owner = owner;
	run->started = pump_now(r->pump);
	err = timers_reserve(&r->timers, r->by_id.n + 1);
	if (!err)
		err = map_insert(&r->by_id, &run->node, key_of(&run->id));
	if (err) {
		run_free(run);
		return err;
	}
	try(r, run);
	err = run_begin(run, why);
	if (!err)
		return 0;
	r->n_trying--;
	map_remove(&r->by_id, &run->node);
	run_free(run);
	return err == -ENOBUFS ? ERR_LIMIT : err;
}

void runs_drop(struct runs *r, uint64_t id)
{
	struct run *run = find(r, id);

	if (run)
		drop(r, run, true);
}

void runs_drop_all(struct runs *r)
{
	drop_all(r, true);
}

/* ---- what is over ---- */

static void fill(const struct run *run, struct runs_done *ret)
{
	*ret = (struct runs_done){ .id = run->id,
		.owner = run->owner,
		.kind = run->cfg.kind,
		.attempts = run->attempts,
		.last = run->last,
		.first = run->first,
		.is_stalled = run->is_stalled,
		.is_dropped = run->is_dropped || run->last.reason == REASON_LOCAL_INTERRUPTED,
		.took = run->took,
		.result = run_result(run),
		.n_sweeps = run->sweeps[0] ? run->cfg.n_sweeps : 0,
		.evidence = run };
	for (unsigned i = 0; i < ret->n_sweeps; i++)
		ret->sweeps[i] = sweep_result(run->sweeps[i]);
}

bool runs_take_done(struct runs *r, struct runs_done *ret)
{
	struct run *run = LIST_FIRST(&r->over, struct run, over);

	if (!run)
		return false;
	run_free(r->taken);
	r->taken = run;
	list_remove(&run->over);
	map_remove(&r->by_id, &run->node);
	fill(run, ret);
	return true;
}

unsigned runs_n(const struct runs *r)
{
	return (unsigned)r->by_id.n;
}

bool runs_has(const struct runs *r, uint64_t id)
{
	return find(r, id) != NULL;
}

uint64_t runs_n_stalls(const struct runs *r)
{
	return r->n_stalls;
}

ts_t runs_stalled(const struct runs *r)
{
	return r->stalled;
}
