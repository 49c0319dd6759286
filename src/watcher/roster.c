#include "watcher/roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "deliver/notice.h"

enum {
	KEYS_MAX = 2 * PLAN_TESTS_MAX, /* of two plans, while one follows the other */
	ACCOUNTS_MAX = KEYS_MAX * SCHEDULE_ACCOUNTS_MAX,
};

struct account {
	struct schedule_account schedule;
	unsigned n_users;
	struct map_node node;
	char key[];
};

/* ---- accounts ---- */

static struct account *hold(struct roster *r, const char *key)
{
	struct account *a = MAP_FIND(&r->accounts, slice_str(key), struct account, node);
	const size_t n = strlen(key) + 1;

	if (!a) {
		a = mem_alloc0(sizeof(*a) + n);
		if (!a)
			return NULL;
		memcpy(a->key, key, n);
		if (map_insert(&r->accounts, &a->node, slice_str(a->key)))
			return mem_free(a);
	}
	a->n_users++;
	return a;
}

static void let_go(struct roster *r, struct account *a)
{
	if (!a || --a->n_users)
		return;
	map_remove(&r->accounts, &a->node);
	mem_free(a);
}

static void let_go_all(struct roster *r, struct account *accounts[SCHEDULE_ACCOUNTS_MAX])
{
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX; i++)
		let_go(r, accounts[i]);
	memset(accounts, 0, SCHEDULE_ACCOUNTS_MAX * sizeof(struct account *));
}

static int hold_all(
	struct roster *r, const struct plan_test *plan, struct account *ret[SCHEDULE_ACCOUNTS_MAX])
{
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX && plan->accounts[i]; i++) {
		ret[i] = hold(r, plan->accounts[i]);
		if (!ret[i]) {
			let_go_all(r, ret);
			return -ENOMEM;
		}
	}
	return 0;
}

/* ---- one test ---- */

static void free_test(struct roster *r, struct watched *t)
{
	let_go_all(r, t->accounts);
	mem_free(t->why);
	mem_free(t->step);
	mem_free(t);
}

static bool is_running(const struct watched *t)
{
	return t->is_scheduled && t->place.state >= SCHEDULE_STARTING;
}

static bool wants_schedule(const struct watched *t)
{
	return t->plan->is_enabled && t->is_owned;
}

/* Into the schedule, by the plan as it is. */
static void schedule_it(struct roster *r, struct watched *t, int64_t last_at, ts_t now)
{
	if (!wants_schedule(t))
		return;
	const struct schedule_test old = t->place;
	t->place = (struct schedule_test){ .id = (uint64_t)t->id,
		.interval_us = (int64_t)t->plan->interval,
		.n_started = old.n_started };
	memcpy(t->place.n_missed, old.n_missed, sizeof(t->place.n_missed));
	t->place.offset_us = schedule_offset(t->place.id, t->place.interval_us);
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX; i++)
		t->place.accounts[i] = t->accounts[i] ? &t->accounts[i]->schedule : NULL;
	int err = r->is_shared ? schedule_inherit(&r->schedule, &t->place, last_at, now)
			       : schedule_add(&r->schedule, &t->place, last_at, now);
	t->is_scheduled = err == 0;
}

/* Out of the schedule first: while it waits for room it holds its old accounts. */
static void settle(struct roster *r, struct watched *t, ts_t now)
{
	if (t->is_scheduled)
		schedule_remove(&r->schedule, &t->place, now);
	t->is_changed = t->is_scheduled = false;
	let_go_all(r, t->accounts);
	memcpy(t->accounts, t->next_accounts, sizeof(t->accounts));
	memset(t->next_accounts, 0, sizeof(t->next_accounts));
	schedule_it(r, t, t->place.last_at, now);
}

/* It keeps its accounts: who has none of them in the schedule holds up nobody. */
static void stop(struct roster *r, struct watched *t, ts_t now)
{
	if (t->is_scheduled)
		schedule_remove(&r->schedule, &t->place, now);
	t->is_scheduled = false;
}

static void leave(struct roster *r, struct watched *t, ts_t now)
{
	stop(r, t, now);
	t->is_owned = false;
	r->has_left = true;
}

void roster_push_done(struct roster *r, struct watched *t, ts_t now)
{
	schedule_push_done(&r->schedule, &t->place, now);
	if (roster_is_leaving(t)) {
		list_remove(&t->leaving);
		schedule_remove(&r->schedule, &t->place, now);
		let_go_all(r, t->next_accounts);
		free_test(r, t);
		return;
	}
	if (t->is_to_leave)
		leave(r, t, now);
	else if (!t->is_owned)
		stop(r, t, now);
	if (t->is_changed)
		settle(r, t, now);
}

bool roster_is_leaving(const struct watched *t)
{
	return !list_empty(&t->leaving);
}

static void retire(struct roster *r, struct watched *t, ts_t now)
{
	const bool runs = is_running(t);

	map_remove(&r->keys, &t->by_key);
	if (!runs && t->is_scheduled)
		schedule_remove(&r->schedule, &t->place, now);
	list_append(runs ? &r->leaving : &r->retired, &t->leaving);
}

static void free_all(struct roster *r, struct list *tests)
{
	struct list *n, *next;

	LIST_EACH(n, next, tests)
	{
		struct watched *t = LIST_OWNER(n, struct watched, leaving);

		list_remove(&t->leaving);
		let_go_all(r, t->next_accounts);
		free_test(r, t);
	}
}

void roster_free_retired(struct roster *r)
{
	struct list *n, *next;

	free_all(r, &r->retired);
	LIST_EACH(n, next, &r->leaving)
	LIST_OWNER(n, struct watched, leaving)->plan = NULL;
}

/* ---- from one plan to the next ---- */

/* A test of the next plan, and what needs memory for it. */
struct prepared {
	struct watched *test; /* without a plan: it is new */
	struct account *accounts[SCHEDULE_ACCOUNTS_MAX];
};

static struct watched *new_test(struct roster *r, const struct plan_test *plan)
{
	struct watched *t = mem_alloc0(sizeof(*t));

	if (!t || map_insert(&r->keys, &t->by_key, slice_str(plan->key)))
		return mem_free(t);
	list_init(&t->leaving);
	t->is_owned = !r->is_shared;
	t->latency_us = STORE_NONE;
	return t;
}

static int prepare(struct roster *r, const struct plan_test *plan, struct prepared *ret)
{
	int err = hold_all(r, plan, ret->accounts);

	if (err)
		return err;
	ret->test = roster_find(r, slice_str(plan->key));
	if (!ret->test)
		ret->test = new_test(r, plan);
	if (ret->test)
		return 0;
	let_go_all(r, ret->accounts);
	return -ENOMEM;
}

static void begin(struct watched *t, const struct store_known *known)
{
	(void)state_init(&t->state, &t->rules); /* the plan has checked them */
	if (!known)
		return;
	state_resume(&t->state, &known->kept);
	t->place.last_at = known->newest_at;
}

/* The key's bytes are the new plan's from now on.  Where one node has just been taken out there is
 * room for it. */
static void take_key(struct roster *r, struct watched *t)
{
	map_remove(&r->keys, &t->by_key);
	(void)map_insert(&r->keys, &t->by_key, slice_str(t->plan->key));
}

static void take(struct roster *r, struct prepared *p, const struct plan_test *plan,
	const struct store_known *known, ts_t now)
{
	struct watched *t = p->test;
	const bool is_new = !t->plan;
	const bool is_moved = is_new || t->is_scheduled != (plan->is_enabled && t->is_owned) ||
			      memcmp(t->accounts, p->accounts, sizeof(t->accounts)) != 0;

	/* It is in no lease: enabled again, it is anybody's. */
	if (r->is_shared && !plan->is_enabled)
		t->is_owned = t->is_to_leave = false;
	t->plan = plan;
	t->rules = plan->state;
	if (is_new)
		begin(t, known);
	else
		(void)state_configure(&t->state, &t->rules);
	take_key(r, t);
	let_go_all(r, t->next_accounts);
	memcpy(t->next_accounts, p->accounts, sizeof(t->next_accounts));
	t->is_changed = is_moved && is_running(t);
	if (t->is_changed)
		return;
	if (is_moved)
		settle(r, t, now);
	else
		let_go_all(r, t->next_accounts);
	if (!is_moved && t->is_scheduled)
		(void)schedule_set_interval(&r->schedule, &t->place, (int64_t)plan->interval, now);
}

/* The tests of the old plan that the new one does not have. */
static void retire_others(struct roster *r, const struct plan *plan, ts_t now)
{
	for (unsigned i = 0; i < r->n; i++)
		if (!plan_find(plan, r->tests[i]->plan->key))
			retire(r, r->tests[i], now);
}

/* What prepare() made and nobody has seen. */
static void undo(struct roster *r, struct prepared *all, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		let_go_all(r, all[i].accounts);
		if (all[i].test->plan)
			continue;
		map_remove(&r->keys, &all[i].test->by_key);
		mem_free(all[i].test);
	}
}

static int prepare_all(struct roster *r, const struct plan *plan, struct prepared *ret)
{
	for (unsigned i = 0; i < plan->n_tests; i++) {
		const int err = prepare(r, &plan->tests[i], &ret[i]);

		if (!err)
			continue;
		undo(r, ret, i);
		return err;
	}
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t x = (*(struct watched *const *)a)->id, y = (*(struct watched *const *)b)->id;

	return (x > y) - (x < y);
}

int roster_take(
	struct roster *r, const struct plan *plan, const struct store_known *known, ts_t now)
{
	struct watched **tests = mem_alloc0((plan->n_tests + 1) * sizeof(struct watched *));
	struct watched **by_id = mem_alloc0((plan->n_tests + 1) * sizeof(struct watched *));
	struct prepared *all = mem_alloc0((plan->n_tests + 1) * sizeof(*all));
	int err = tests && by_id && all ? prepare_all(r, plan, all) : -ENOMEM;

	if (err) {
		mem_free(all);
		mem_free(by_id);
		mem_free(tests);
		return err;
	}
	retire_others(r, plan, now);
	for (unsigned i = 0; i < plan->n_tests; i++) {
		tests[i] = all[i].test;
		if (!tests[i]->plan)
			tests[i]->id = known ? known[i].id : (int64_t)i + 1;
		take(r, &all[i], &plan->tests[i], known ? &known[i] : NULL, now);
	}
	mem_free(all);
	mem_free(r->tests);
	mem_free(r->by_id);
	r->tests = tests;
	r->by_id = by_id;
	r->n = plan->n_tests;
	if (r->n)
		memcpy(by_id, tests, r->n * sizeof(struct watched *));
	qsort(by_id, r->n, sizeof(struct watched *), compare_ids);
	return 0;
}

/* ---- of several watchers ---- */

void roster_own(struct roster *r, struct watched *t, const struct store_known *known, int64_t fence,
	ts_t now)
{
	t->is_owned = true;
	t->is_to_leave = false;
	t->fence = fence;
	begin(t, known);
	if (!t->is_scheduled)
		schedule_it(r, t, t->place.last_at, now);
}

bool roster_lose(struct roster *r, struct watched *t, ts_t now)
{
	const bool runs = is_running(t);

	t->is_owned = t->is_to_leave = false;
	if (!runs)
		stop(r, t, now);
	return runs;
}

void roster_leave(struct roster *r, struct watched *t, ts_t now)
{
	t->is_to_leave = true;
	if (!is_running(t))
		leave(r, t, now);
}

/* ---- finding ---- */

struct watched *roster_find(const struct roster *r, struct slice key)
{
	return MAP_FIND(&r->keys, key, struct watched, by_key);
}

struct watched *roster_find_id(const struct roster *r, int64_t id)
{
	const struct watched key = { .id = id }, *wanted = &key;
	struct watched **found =
		r->n ? bsearch(&wanted, r->by_id, r->n, sizeof(struct watched *), compare_ids)
		     : NULL;

	return found ? *found : NULL;
}

uint64_t roster_oldest_run(const struct roster *r, uint64_t none)
{
	uint64_t oldest = none;
	struct list *n, *next;

	for (unsigned i = 0; i < r->n; i++)
		if (is_running(r->tests[i]) && r->tests[i]->run && r->tests[i]->run < oldest)
			oldest = r->tests[i]->run;
	LIST_EACH(n, next, &r->leaving)
	{
		const struct watched *t = LIST_OWNER(n, struct watched, leaving);

		oldest = t->run < oldest ? t->run : oldest;
	}
	return oldest;
}

struct watched *roster_of_place(struct schedule_test *place)
{
	return LIST_OWNER(place, struct watched, place);
}

enum sentence_direction watched_direction(const struct watched *t)
{
	return notice_direction_of(slice_str(t->plan->direction));
}

/* ---- life ---- */

int roster_init(struct roster *r, const struct schedule_cfg *cfg, int64_t ahead_us, struct rng *rng)
{
	*r = (struct roster){ 0 };
	list_init(&r->leaving);
	list_init(&r->retired);
	map_init(&r->keys, KEYS_MAX, rng);
	map_init(&r->accounts, ACCOUNTS_MAX, rng);
	return schedule_init(&r->schedule, cfg, ahead_us);
}

void roster_done(struct roster *r)
{
	schedule_done(&r->schedule);
	free_all(r, &r->retired);
	free_all(r, &r->leaving);
	for (unsigned i = 0; i < r->n; i++) {
		let_go_all(r, r->tests[i]->next_accounts);
		free_test(r, r->tests[i]);
	}
	mem_free(r->tests);
	mem_free(r->by_id);
	map_done(&r->keys);
	map_done(&r->accounts);
}
