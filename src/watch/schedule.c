#include "watch/schedule.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"

#define JUMP_US  INT64_C(1000000) /* less is the clock being put right */
#define DRIFT_US INT64_C(2000)    /* a start may be off by it before all timers are set anew */

enum { TURN_MAX = 1000 }; /* microseconds that are added to a slot which comes again */

const char *schedule_miss_name(enum schedule_miss m)
{
	static const char *const names[] = {
		[SCHEDULE_ITSELF] = "still-running",
		[SCHEDULE_ACCOUNT] = "account-busy",
		[SCHEDULE_ROOM] = "overload",
		[SCHEDULE_STALL] = "stall",
	};
	static_assert(COUNT(names) == SCHEDULE_MISSES, "each has a name");

	return names[m];
}

/* ---- slots ---- */

int64_t schedule_offset(uint64_t id, int64_t interval_us)
{
	/* SplitMix64: ids that follow one another are spread evenly. */
	uint64_t h = id + UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return (int64_t)((h ^ h >> 31) % (uint64_t)interval_us);
}

static int64_t wall(const struct schedule *s, ts_t now)
{
	return (int64_t)now + s->ahead_us;
}

/* The newest slot that is not behind `at`. */
static int64_t slot_until(const struct schedule_test *t, int64_t at)
{
	const int64_t since = at - t->offset_us;
	int64_t k = since / t->interval_us;

	if (since % t->interval_us < 0)
		k--;
	return t->offset_us + k * t->interval_us;
}

static int64_t slot_from(const struct schedule_test *t, int64_t at)
{
	const int64_t slot = slot_until(t, at);

	return slot == at ? slot : slot + t->interval_us;
}

static int64_t late_max(const struct schedule *s, const struct schedule_test *t, int64_t slot)
{
	const ts_t interval = (ts_t)t->interval_us;

	return (int64_t)(slot == t->inherited_slot ? interval : ts_min(s->cfg.late_max, interval));
}

static bool is_waiting(const struct schedule_test *t)
{
	return t->state == SCHEDULE_AWAIT_ACCOUNT || t->state == SCHEDULE_AWAIT_ROOM;
}

static ts_t wait_ends(const struct schedule *s, const struct schedule_test *t)
{
	return is_waiting(t)
		       ? ts_add(t->waiting_since, (ts_t)(late_max(s, t, t->due_slot) - t->late_us))
		       : TS_NEVER;
}

/* There is room in the heap since it was added. */
static void arm(struct schedule *s, struct schedule_test *t)
{
	const int64_t at = t->slot - s->ahead_us;

	timers_set(&s->timers, &t->timer, ts_min(at > 0 ? (ts_t)at : 0, wait_ends(s, t)));
}

static void miss(struct schedule *s, struct schedule_test *t, enum schedule_miss why, int64_t slot,
	uint64_t n)
{
	if (t->missed[why].n == 0)
		t->missed[why].slot = slot;
	t->missed[why].n += n;
	t->n_missed[why] += n;
	list_remove(&t->news);
	list_append(&s->news, &t->news);
}

/* ---- accounts and room ---- */

/* Whoever waits longer is in front, also where he went from the list of another account. */
static void wait_for_account(struct schedule_account *a, struct schedule_test *t)
{
	struct list *n = a->waiting.prev;

	while (n != &a->waiting &&
		LIST_OWNER(n, struct schedule_test, place)->waiting_since > t->waiting_since)
		n = n->prev;
	list_append(n->next, &t->place); /* behind n */
	t->state = SCHEDULE_AWAIT_ACCOUNT;
}

static void start(struct schedule *s, struct schedule_test *t)
{
	s->n_running++;
	t->state = SCHEDULE_STARTING;
	list_append(&s->starts, &t->place);
}

static void wait_for_room(struct schedule *s, struct schedule_test *t)
{
	if (s->n_running < s->cfg.room && list_empty(&s->room)) {
		start(s, t);
		return;
	}
	t->state = SCHEDULE_AWAIT_ROOM;
	list_append(&s->room, &t->place);
}

/* All of its accounts or none: who holds one and waits for another would block both. */
static void take_accounts(struct schedule *s, struct schedule_test *t, ts_t now)
{
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX; i++) {
		if (t->accounts[i] && t->accounts[i]->user) {
			wait_for_account(t->accounts[i], t);
			return;
		}
	}
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX; i++) {
		if (!t->accounts[i])
			continue;
		t->accounts[i]->user = t;
		t->accounts[i]->since = now;
	}
	wait_for_room(s, t);
}

static void give_account(struct schedule *s, struct schedule_account *a, ts_t now)
{
	a->user = NULL;
	a->used += now - a->since;
	while (!a->user && !list_empty(&a->waiting)) {
		struct schedule_test *t = LIST_FIRST(&a->waiting, struct schedule_test, place);

		list_remove(&t->place);
		take_accounts(s, t, now);
		arm(s, t);
	}
}

/* It waits, runs or starts no more. */
static void leave(struct schedule *s, struct schedule_test *t, ts_t now)
{
	const enum schedule_state was = t->state;

	list_remove(&t->place);
	t->state = SCHEDULE_AWAIT_SLOT;
	if (was == SCHEDULE_AWAIT_SLOT || was == SCHEDULE_AWAIT_ACCOUNT)
		return;
	if (was != SCHEDULE_AWAIT_ROOM)
		s->n_running--;
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX; i++)
		if (t->accounts[i])
			give_account(s, t->accounts[i], now);
	while (s->n_running < s->cfg.room && !list_empty(&s->room)) {
		struct schedule_test *next = LIST_FIRST(&s->room, struct schedule_test, place);

		list_remove(&next->place);
		start(s, next);
		arm(s, next);
	}
}

/* ---- what is due ---- */

static void request(struct schedule *s, struct schedule_test *t, int64_t slot, ts_t now)
{
	t->due_slot = slot;
	t->late_us = wall(s, now) - slot;
	t->is_by_hand = false;
	t->waiting_since = now;
	take_accounts(s, t, now);
}

static enum schedule_miss waits_for(const struct schedule_test *t)
{
	return t->state == SCHEDULE_AWAIT_ROOM ? SCHEDULE_ROOM : SCHEDULE_ACCOUNT;
}

static void slot_due(struct schedule *s, struct schedule_test *t, ts_t now)
{
	const int64_t present = slot_until(t, wall(s, now));
	const uint64_t n_behind = (uint64_t)((present - t->slot) / t->interval_us);

	if (n_behind)
		miss(s, t, SCHEDULE_STALL, t->slot, n_behind);
	t->slot = present + t->interval_us;
	if (wall(s, now) - present >= late_max(s, t, present)) {
		miss(s, t, SCHEDULE_STALL, present, 1);
		return;
	}
	switch (t->state) {
	case SCHEDULE_AWAIT_SLOT: request(s, t, present, now); return;
	case SCHEDULE_AWAIT_ACCOUNT:
	case SCHEDULE_AWAIT_ROOM:
		/* It keeps its place; only the slot is another one.  Who asked has his run. */
		if (!t->is_by_hand)
			miss(s, t, waits_for(t), t->due_slot, 1);
		t->is_by_hand = false;
		t->due_slot = present;
		t->late_us = (int64_t)t->waiting_since + s->ahead_us - present;
		return;
	case SCHEDULE_STARTING:
	case SCHEDULE_RUNNING:
		/* An inherited run is as late as can be: the slot behind it waits for its end. */
		if (t->due_slot == t->inherited_slot && !t->is_due_again)
			t->is_due_again = true;
		else
			miss(s, t, SCHEDULE_ITSELF, present, 1);
		return;
	}
}

static void wake(struct schedule *s, struct schedule_test *t, ts_t now)
{
	if (now >= wait_ends(s, t) && wall(s, now) < t->slot) {
		miss(s, t, waits_for(t), t->due_slot, 1);
		leave(s, t, now);
	}
	if (wall(s, now) >= t->slot)
		slot_due(s, t, now);
	arm(s, t);
}

/* ---- from outside ---- */

int schedule_init(struct schedule *s, const struct schedule_cfg *cfg, int64_t ahead_us)
{
	if (cfg->room == 0 || cfg->late_max == 0)
		return -EINVAL;
	*s = (struct schedule){ .cfg = *cfg, .ahead_us = ahead_us, .armed_ahead_us = ahead_us };
	timers_init(&s->timers);
	list_init(&s->all);
	list_init(&s->room);
	list_init(&s->starts);
	list_init(&s->news);
	return 0;
}

void schedule_done(struct schedule *s)
{
	timers_done(&s->timers);
}

static int set_up_accounts(struct schedule_test *t)
{
	if (t->accounts[0] && t->accounts[0] == t->accounts[1])
		return -EINVAL;
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX; i++) {
		if (!t->accounts[i] || t->accounts[i]->is_set_up)
			continue;
		list_init(&t->accounts[i]->waiting);
		t->accounts[i]->is_set_up = true;
	}
	return 0;
}

static int add(
	struct schedule *s, struct schedule_test *t, int64_t last_at, bool inherits, ts_t now)
{
	if (t->interval_us <= 0 || set_up_accounts(t) < 0)
		return -EINVAL;
	list_init(&t->all);
	list_init(&t->place);
	list_init(&t->news);
	t->timer = (struct timer){ .at = TS_NEVER };
	t->offset_us = schedule_offset(t->id, t->interval_us);
	t->last_at = last_at;
	t->slot = slot_from(t, wall(s, now));
	const int64_t present = slot_until(t, wall(s, now));
	t->inherited_slot = inherits ? present : INT64_MIN;
	if (last_at && last_at < present && wall(s, now) - present < late_max(s, t, present))
		t->slot = present;
	const int64_t at = t->slot - s->ahead_us;
	int err = timers_set(&s->timers, &t->timer, at > 0 ? (ts_t)at : 0);
	if (!err)
		list_append(&s->all, &t->all);
	return err;
}

int schedule_add(struct schedule *s, struct schedule_test *t, int64_t last_at, ts_t now)
{
	return add(s, t, last_at, false, now);
}

int schedule_inherit(struct schedule *s, struct schedule_test *t, int64_t last_at, ts_t now)
{
	return add(s, t, last_at, true, now);
}

void schedule_remove(struct schedule *s, struct schedule_test *t, ts_t now)
{
	leave(s, t, now);
	timers_set(&s->timers, &t->timer, TS_NEVER);
	list_remove(&t->all);
	list_remove(&t->news);
}

int schedule_set_interval(
	struct schedule *s, struct schedule_test *t, int64_t interval_us, ts_t now)
{
	if (interval_us <= 0)
		return -EINVAL;
	if (interval_us == t->interval_us)
		return 0;
	const int64_t last = t->slot - t->interval_us;
	t->interval_us = interval_us;
	t->offset_us = schedule_offset(t->id, interval_us);
	const int64_t earliest = last + interval_us / 2;
	t->slot = slot_from(t, earliest > wall(s, now) ? earliest : wall(s, now));
	arm(s, t);
	return 0;
}

int schedule_push_asked(struct schedule *s, struct schedule_test *t, ts_t now)
{
	if (t->state != SCHEDULE_AWAIT_SLOT)
		return -EBUSY;
	request(s, t, wall(s, now), now);
	t->is_by_hand = true;
	arm(s, t);
	return 0;
}

void schedule_push_done(struct schedule *s, struct schedule_test *t, ts_t now)
{
	const int64_t slot = t->slot - t->interval_us;
	const bool is_due = t->is_due_again && wall(s, now) - slot < late_max(s, t, slot);

	assert(t->state == SCHEDULE_RUNNING);
	leave(s, t, now);
	if (is_due) {
		request(s, t, slot, now);
		arm(s, t);
	} else if (t->is_due_again) {
		miss(s, t, SCHEDULE_ITSELF, slot, 1);
	}
	t->is_due_again = false;
}

void schedule_push_clock(struct schedule *s, int64_t ahead_us, ts_t now)
{
	const int64_t by = ahead_us - s->ahead_us, drift = ahead_us - s->armed_ahead_us;
	const bool is_jump = by >= JUMP_US || by <= -JUMP_US;
	struct list *n, *next;

	s->ahead_us = ahead_us;
	if (drift < DRIFT_US && drift > -DRIFT_US)
		return;
	s->armed_ahead_us = ahead_us;
	if (is_jump && !list_empty(&s->all)) {
		s->jump_us += by;
		s->turn = by < 0 ? s->turn % TURN_MAX + 1 : s->turn;
	}
	LIST_EACH(n, next, &s->all)
	{
		struct schedule_test *t = LIST_OWNER(n, struct schedule_test, all);

		if (is_jump)
			t->slot = slot_from(t, wall(s, now));
		arm(s, t);
	}
}

void schedule_push_time(struct schedule *s, ts_t now)
{
	for (struct timer *t = timers_due(&s->timers, now); t; t = timers_due(&s->timers, now))
		wake(s, LIST_OWNER(t, struct schedule_test, timer), now);
}

/* ---- events ---- */

/* A slot that comes again, because the clock was set back, has had its run. */
static int64_t id_of(const struct schedule *s, struct schedule_test *t)
{
	const int64_t again = s->turn ? s->turn : 1;

	if (t->due_slot <= t->last_at)
		return t->due_slot + again;
	t->last_at = t->due_slot;
	return t->due_slot;
}

static void take_start(struct schedule *s, struct schedule_event *ret, ts_t now)
{
	struct schedule_test *t = LIST_FIRST(&s->starts, struct schedule_test, place);

	list_remove(&t->place);
	t->state = SCHEDULE_RUNNING;
	t->n_started++;
	*ret = (struct schedule_event){ .type = SCHEDULE_EV_START,
		.test = t,
		.slot = t->due_slot,
		.scheduled_at = id_of(s, t),
		.late_us = t->late_us + (int64_t)(now - t->waiting_since),
		.waited = now - t->waiting_since,
		.is_by_hand = t->is_by_hand };
}

static void take_miss(struct schedule_test *t, struct schedule_event *ret)
{
	unsigned why = 0, n_kinds = 0;

	for (unsigned i = SCHEDULE_MISSES; i-- > 0;) {
		if (t->missed[i].n == 0)
			continue;
		why = i;
		n_kinds++;
	}
	*ret = (struct schedule_event){ .type = SCHEDULE_EV_MISSED,
		.test = t,
		.slot = t->missed[why].slot,
		.why = (enum schedule_miss)why,
		.n = t->missed[why].n };
	t->missed[why].n = 0;
	if (n_kinds == 1)
		list_remove(&t->news);
}

bool schedule_take_event(struct schedule *s, struct schedule_event *ret, ts_t now)
{
	if (s->jump_us) {
		*ret = (struct schedule_event){ .type = SCHEDULE_EV_CLOCK, .jump_us = s->jump_us };
		s->jump_us = 0;
		return true;
	}
	if (!list_empty(&s->starts)) {
		take_start(s, ret, now);
		return true;
	}
	if (list_empty(&s->news))
		return false;
	take_miss(LIST_FIRST(&s->news, struct schedule_test, news), ret);
	return true;
}

ts_t schedule_deadline(const struct schedule *s)
{
	return timers_deadline(&s->timers);
}
