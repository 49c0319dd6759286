/* Alerts from one plan to the next: what each receiver knew, by its name, and tests that left. */
#include "base/log.h"
#include "watcher/alarms_private.h"

/* ---- what the receivers know ---- */

/* The receiver of that name in another plan; false: there is none. */
static bool find_receiver(const struct plan *plan, struct slice name, unsigned *ret)
{
	for (unsigned i = 0; i < plan->n_receivers; i++)
		if (slice_eq(slice_str(plan->receivers[i].name), name)) {
			*ret = i;
			return true;
		}
	return false;
}

/* From one plan's numbers of receivers to the next one's. */
static unsigned renumber(
	const struct plan *from, const struct plan *to, struct alert_mark *marks, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct slice name = slice_str(from->receivers[marks[i].receiver].name);

		marks[kept] = marks[i];
		kept += find_receiver(to, name, &marks[kept].receiver);
	}
	return kept;
}

/* False: the engine before did not have it. */
static bool push_from_before(struct alarms *a, const struct alerts *before,
	const struct plan *old_plan, const struct alert_test *test, ts_t now)
{
	struct alert_mark marks[ALERT_RECEIVERS_MAX];
	struct alert_known known;

	if (!alerts_get_known(before, test->id, &known, marks, now))
		return false;
	known.n_marks = renumber(old_plan, a->plan, marks, known.n_marks);
	alerts_push_known(a->alerts, test, &known, now);
	return true;
}

/* The history's marks of one test, from *at on, which moves behind them. */
static unsigned read_marks(const struct alarms *a, const struct store_synced *synced, size_t *at,
	int64_t id, struct alert_mark ret[ALERT_RECEIVERS_MAX])
{
	const int64_t wall = watcher_wall(a->w, pump_now(a->w->pump));
	unsigned n = 0;

	for (; *at < synced->n_marks && synced->marks[*at].test_id == id; ++*at) {
		const struct store_mark *m = &synced->marks[*at];
		unsigned receiver;

		if (n == ALERT_RECEIVERS_MAX || !find_receiver(a->plan, m->receiver, &receiver))
			continue;
		ret[n++] = (struct alert_mark){ .begin_at = m->begin_at,
			.receiver = receiver,
			.told = (enum alert_told)m->told,
			.age = wall > m->at ? (ts_t)(wall - m->at) : 0 };
	}
	return n;
}
_Static_assert((int)STORE_TOLD_NOTHING == (int)ALERT_TOLD_NOTHING &&
		       (int)STORE_TOLD_FAILING == (int)ALERT_TOLD_FAILING &&
		       (int)STORE_TOLD_END == (int)ALERT_TOLD_END,
	"what is known is known by one number");

/* ---- from one watcher to another ---- */

void alarms_push_owned(struct alarms *a, struct watched *t, const struct store_known *known,
	const struct store_synced *synced, ts_t now)
{
	const struct subject s = subject_of(t);
	struct alert_mark marks[ALERT_RECEIVERS_MAX];
	struct alert_known k = {
		.incident = known->newest, .is_over = !t->state.incident.begin_at, .marks = marks
	};
	size_t at = 0;

	t->is_muted = false;
	if (!a || !k.incident.begin_at)
		return;
	while (synced && at < synced->n_marks && synced->marks[at].test_id != t->id)
		at++;
	k.n_marks = synced ? read_marks(a, synced, &at, t->id, marks) : 0;
	alerts_push_known(a->alerts, &s.test, &k, now);
	alarms_push_muted(a, t, plan_test_in_maintenance(t->plan, watcher_wall(a->w, now)), now);
}

/* ---- from one plan to the next ---- */

struct handover {
	const struct alerts *before;
	const struct plan *plan; /* of `before` */
	const struct store_known *known;
	const struct store_synced *synced;
};

static void push_tests(struct alarms *a, const struct handover *h, ts_t now)
{
	const struct roster *r = &a->w->roster;
	size_t at = 0;

	for (unsigned i = 0; i < r->n; i++) {
		const struct watched *t = r->tests[i];
		const struct subject s = subject_of(t);
		struct alert_mark marks[ALERT_RECEIVERS_MAX];
		const struct alert_known known = { .incident = h->known[i].newest,
			.is_over = !t->state.incident.begin_at,
			.marks = marks,
			.n_marks = read_marks(a, h->synced, &at, t->id, marks) };

		/* Whoever owns it next goes on from the history's marks. */
		if (!t->is_owned && !t->is_to_leave)
			continue;
		if (!push_from_before(a, h->before, h->plan, &s.test, now) && t->is_owned &&
			known.incident.begin_at)
			alerts_push_known(a->alerts, &s.test, &known, now);
		if (t->is_muted)
			alerts_push_muted(a->alerts, s.test.id, true, now);
	}
}

static void part(struct alarms *a, struct parted *p)
{
	if (p && map_insert(&a->parted, &p->node, slice_of(&p->id, sizeof(p->id))) == 0)
		return;
	parted_free(p);
	log_u64(watch_log_begin(&a->w->log, WATCH_ALERT_LOST), "n", 1);
	watch_log_end(&a->w->log, WATCH_ALERT_LOST);
}

/* Before the engine: whose alerts go over without their tests. */
static void part_those_that_leave(struct alarms *a, const struct list *tests)
{
	struct list *n, *next;

	LIST_EACH(n, next, tests)
	{
		const struct watched *t = LIST_OWNER(n, struct watched, leaving);
		const struct subject s = subject_of(t);

		if (t->plan && alerts_has(a->alerts, s.test.id))
			part(a, parted_new(&s));
	}
}

static void push_parted(struct alarms *a, const struct handover *h, ts_t now)
{
	for (struct map_node *n = map_next(&a->parted, NULL); n; n = map_next(&a->parted, n)) {
		const struct parted *p = LIST_OWNER(n, struct parted, node);

		(void)push_from_before(a, h->before, h->plan, &p->subject.test, now);
	}
}

/* Those that come back speak for themselves. */
static void forget_those_back(struct alarms *a)
{
	for (unsigned i = 0; i < a->w->roster.n; i++) {
		struct parted *p = alarms_find_parted(a, (uint64_t)a->w->roster.tests[i]->id);

		if (p)
			alarms_forget_parted(a, p);
	}
}

/* A receiver that is gone hears of no end: nobody waits for it at the next start. */
static void forget_marks(struct alarms *a, const struct store_synced *synced, size_t at, int64_t id)
{
	for (; at < synced->n_marks && synced->marks[at].test_id == id; at++) {
		struct store_mark m = synced->marks[at];
		unsigned receiver;

		if (find_receiver(a->plan, m.receiver, &receiver) || m.told == STORE_TOLD_END)
			continue;
		m.told = STORE_TOLD_END;
		(void)store_push_mark(a->w->store, &m);
	}
}

void alarms_push_left(struct alarms *a, const struct store_left *left,
	const struct store_synced *synced, ts_t now)
{
	struct alert_mark marks[ALERT_RECEIVERS_MAX];
	struct alert_known known = { .incident = left->newest, .is_over = true, .marks = marks };
	size_t at = 0;

	if (!a || alarms_find_parted(a, (uint64_t)left->id))
		return;
	struct parted *p = parted_of_left(left);
	part(a, p);
	if (!alarms_find_parted(a, (uint64_t)left->id))
		return;
	while (at < synced->n_marks && synced->marks[at].test_id != left->id)
		at++;
	forget_marks(a, synced, at, left->id);
	known.n_marks = read_marks(a, synced, &at, left->id, marks);
	alerts_push_known(a->alerts, &p->subject.test, &known, now);
}

void alarms_push_stop(struct alarms *a, int64_t id, const struct state_event *ev, ts_t now)
{
	const struct parted *p = a ? alarms_find_parted(a, (uint64_t)id) : NULL;

	if (p)
		alerts_push_event(a->alerts, &p->subject.test, ev, now);
}

int alarms_prepare(struct alarms *a, const struct plan *plan)
{
	struct alerts *next;

	if (!a)
		return 0;
	const int err = alerts_new(&next, plan->alerts, plan->n_receivers, &a->w->rng);
	if (err)
		return err;
	alerts_free(a->next);
	a->next = next;
	return 0;
}

void alarms_take_plan(
	struct alarms *a, const struct plan *plan, const struct store_event *synced, ts_t now)
{
	if (!a)
		return;
	struct alerts *before = a->alerts;
	const struct handover h = { .before = before,
		.plan = a->plan,
		.known = synced->known,
		.synced = synced->answer->synced };

	alarms_forget_all(a);
	alarms_take_marks(a);
	part_those_that_leave(a, &a->w->roster.retired);
	part_those_that_leave(a, &a->w->roster.leaving);
	forget_those_back(a);
	a->alerts = a->next;
	a->next = NULL;
	a->plan = plan;
	a->ping_at = now;
	push_tests(a, &h, now);
	push_parted(a, &h, now);
	alerts_free(before);
}
