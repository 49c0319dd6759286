#include "watcher/share.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/loop.h"
#include "watcher/alarms.h"

enum {
	STATES_EACH_S = 5, /* how the tests of the others stand */
	KEY_MAX = 1024,
	CLOCK_DIFFERS_S = 2, /* from here on it is told, once */
};

struct share {
	struct watcher *w;
	struct lease *lease;
	uint64_t asked; /* for the states; 0: nothing */
	ts_t ask_at;    /* again */
	struct store_answer *states;
	struct share_other *others; /* of `states` */
	size_t n_others;
	bool has_told_clock;
	bool has_news;                    /* for the pages */
	size_t next_held;                 /* of a claim's answer: where the last one was */
	bool has_plan;                    /* the engine has its tests */
	unsigned n_taken, n_left, n_lost; /* to be logged */
};

/* ---- time ---- */

static ts_t boot_of(ts_t now)
{
	return ts_add(now, loop_boot_offset());
}

/* From CLOCK_BOOTTIME, in which leases are counted. */
static ts_t loop_of(ts_t boot)
{
	const ts_t ahead = loop_boot_offset();

	if (boot == TS_NEVER)
		return TS_NEVER;
	return boot > ahead ? boot - ahead : 0;
}

static void tell_clock(struct share *s, int64_t off_us)
{
	const uint64_t off = off_us < 0 ? 0 - (uint64_t)off_us : (uint64_t)off_us;
	struct watcher *w = s->w;

	if (s->has_told_clock || off < (uint64_t)CLOCK_DIFFERS_S * 1000000)
		return;
	s->has_told_clock = true;
	struct buf *b = watch_log_begin(&w->log, WATCH_CLOCK_DIFFERS);
	log_u64(b, "seconds", off / 1000000);
	log_str(b, "direction", slice_str(off_us < 0 ? "behind" : "ahead"));
	watch_log_end(&w->log, WATCH_CLOCK_DIFFERS);
}

static void take_time(struct share *s, ts_t now)
{
	int64_t ahead;

	if (!lease_ahead(s->lease, &ahead))
		return;
	s->w->ahead_us = ahead + (int64_t)loop_boot_offset();
	tell_clock(s, loop_wall_offset() - s->w->ahead_us);
	schedule_push_clock(&s->w->roster.schedule, s->w->ahead_us, now);
}

/* ---- tests that come and go ---- */

static void push_news(struct share *s, struct watched *t)
{
	t->is_news = true;
	s->has_news = true;
}

static void own(struct share *s, struct watched *t, const struct lease_event *ev,
	const struct store_event *claim, ts_t now)
{
	const struct store_lease *l = claim->lease;

	const size_t n = l->known ? l->answer.n_held : 0;

	/* They come in nearly the same order. */
	for (size_t i = 0; i < n; i++, s->next_held++) {
		const size_t at = s->next_held % n;

		if (l->answer.held[at].test_id != t->id)
			continue;
		t->why = mem_free(t->why);
		t->step = mem_free(t->step);
		roster_own(&s->w->roster, t, &l->known[at], ev->fence, now);
		alarms_push_owned(s->w->alarms, t, &l->known[at],
			claim->answer ? claim->answer->synced : NULL, now);
		s->n_taken++;
		return;
	}
}

static void lose(struct share *s, struct watched *t, ts_t now)
{
	if (roster_lose(&s->w->roster, t, now))
		runs_drop(s->w->runs, t->run);
	alarms_push_lost(s->w->alarms, t);
	s->n_lost++;
}

/* `claim` is what they come from; NULL: it was no claim, and none is owned. */
static void take_events(struct share *s, const struct store_event *claim, ts_t now)
{
	struct lease_event ev;

	while (lease_take_event(s->lease, &ev)) {
		struct watched *t = roster_find_id(&s->w->roster, ev.test_id);

		if (!t)
			continue;
		switch (ev.type) {
		case LEASE_EV_OWNED:
			if (claim)
				own(s, t, &ev, claim, now);
			break;
		case LEASE_EV_LEAVE: roster_leave(&s->w->roster, t, now); break;
		case LEASE_EV_LOST: lose(s, t, now); break;
		}
		push_news(s, t);
	}
}

/* An alert that is on its way is waited for: whoever has the test next must know whether it got
 * there. */
static void take_left(struct share *s, ts_t now)
{
	struct roster *r = &s->w->roster;
	bool waits = false;

	for (unsigned i = 0; r->has_left && i < r->n; i++) {
		struct watched *t = r->tests[i];

		if (!t->is_to_leave || t->is_owned)
			continue;
		if (alarms_is_sending(s->w->alarms, t)) {
			waits = true;
			continue;
		}
		t->is_to_leave = false;
		alarms_push_lost(s->w->alarms, t);
		lease_push_idle(s->lease, t->id, boot_of(now));
		s->n_left++;
	}
	r->has_left = waits;
}

static void log_changes(struct share *s)
{
	struct watcher *w = s->w;

	if (s->n_taken || s->n_left) {
		struct buf *b = watch_log_begin(&w->log, WATCH_SHARE);
		log_u64(b, "taken", s->n_taken);
		log_u64(b, "left", s->n_left);
		log_u64(b, "held", lease_counts(s->lease).held);
		watch_log_end(&w->log, WATCH_SHARE);
	}
	if (s->n_lost) {
		log_u64(watch_log_begin(&w->log, WATCH_SHARE_LOST), "n", s->n_lost);
		watch_log_end(&w->log, WATCH_SHARE_LOST);
	}
	s->n_taken = s->n_left = s->n_lost = 0;
}

/* ---- what the history is asked ---- */

static bool push_tests(struct share *s, ts_t now)
{
	const struct roster *r = &s->w->roster;
	size_t n = 0;

	struct lease_test *tests = mem_alloc0((r->n + 1) * sizeof(*tests));
	for (unsigned i = 0; tests && i < r->n; i++)
		if (r->tests[i]->plan->is_enabled)
			tests[n++] = (struct lease_test){ .id = r->tests[i]->id,
				.is_local = r->tests[i]->plan->location[0] };
	const bool is_done = tests && lease_push_tests(s->lease, tests, n, boot_of(now)) == 0;
	mem_free(tests);
	return is_done;
}

static void ask(struct share *s, ts_t now)
{
	struct lease_want want;

	while (lease_take_want(s->lease, &want, boot_of(now))) {
		if (store_push_lease(s->w->store, &want))
			continue;
		const struct lease_answer none = {
			.type = want.type, .number = want.number, .result = LEASE_REFUSED
		};
		lease_push_answer(s->lease, &none, boot_of(now));
		return; /* no memory: it says itself when it tries again */
	}
}

static void ask_states(struct share *s, ts_t now)
{
	const struct store_query query = { .type = STORE_STATES };

	if (s->asked || now < s->ask_at || !s->w->is_ready)
		return;
	s->ask_at = ts_add(now, TS_S(STATES_EACH_S));
	s->asked = store_ask(s->w->store, &query);
}

void share_push_answer(struct share *s, const struct store_event *ev)
{
	const ts_t now = pump_now(s->w->pump);

	lease_push_answer(s->lease, &ev->lease->answer, boot_of(now));
	take_time(s, now);
	take_events(s, ev, now);
	log_changes(s);
}

void share_push_fenced(struct share *s, int64_t test_id, int64_t fence)
{
	struct watched *t = s ? roster_find_id(&s->w->roster, test_id) : NULL;

	/* It may have come back since, with another one; and the next renewal says the rest. */
	if (!t || !t->is_owned || t->fence != fence)
		return;
	lose(s, t, pump_now(s->w->pump));
	log_changes(s);
}

void share_push_time(struct share *s, ts_t now)
{
	if (!s || s->w->is_stopping)
		return;
	if (s->w->is_ready && !s->has_plan) /* there was no memory for it */
		s->has_plan = push_tests(s, now);
	lease_push_time(s->lease, boot_of(now));
	take_time(s, now);
	take_events(s, NULL, now);
	take_left(s, now);
	ask(s, now);
	ask_states(s, now);
	log_changes(s);
}

ts_t share_deadline(const struct share *s)
{
	if (!s || s->w->is_stopping)
		return TS_NEVER;
	return ts_min(loop_of(lease_deadline(s->lease)), s->asked ? TS_NEVER : s->ask_at);
}

/* ---- how the others' tests stand ---- */

static void resume(struct watched *t, const struct store_state *row)
{
	(void)state_init(&t->state, &t->rules);
	state_resume(&t->state, &row->kept);
	t->reason = row->reason;
	t->latency_us = row->latency_us != STORE_NONE ? row->latency_us : t->latency_us;
	t->why = mem_free(t->why);
	t->step = mem_free(t->step);
}

/* Ours of the same key; NULL: it is not configured here. */
static const struct watched *find_own(const struct share *s, const struct store_state *row)
{
	const char *last = row->direction[0] ? row->direction : row->kind;
	const char *parts[] = { row->pool[0] ? row->pool : "-", row->partner, last };
	uint8_t room[KEY_MAX];
	struct buf key;

	buf_init_in(&key, room, sizeof(room));
	for (size_t i = 0; i < COUNT(parts); i++) {
		if (!parts[i][0])
			continue;
		if (i)
			buf_putc(&key, '/');
		for (const char *p = parts[i]; *p; p++)
			buf_putc(&key, ascii_lower((uint8_t)*p));
	}
	return buf_err(&key) ? NULL : roster_find(&s->w->roster, buf_slice(&key));
}

static void take_state(struct share *s, const struct store_state *row)
{
	struct watched *t = roster_find_id(&s->w->roster, row->test_id);

	if (t && !t->is_owned && row->kept.last_at > t->state.last_at) {
		resume(t, row);
		push_news(s, t);
	}
	if (t || !row->location[0])
		return;
	const struct watched *own = find_own(s, row);
	if (own && own->plan->location[0])
		s->others[s->n_others++] = (struct share_other){ own->id, row };
}

static void take_states(struct share *s)
{
	const struct store_states *all = s->states->states;

	s->n_others = 0;
	mem_free(s->others);
	s->others = mem_alloc0((all->n + 1) * sizeof(*s->others));
	for (size_t i = 0; s->others && i < all->n; i++)
		take_state(s, &all->rows[i]);
}

bool share_push_states(struct share *s, struct store_answer *a)
{
	if (!s || a->id != s->asked || !a->id)
		return false;
	s->asked = 0;
	if (a->err) {
		store_answer_free(a);
		return true;
	}
	store_answer_free(s->states);
	s->states = a;
	take_states(s);
	return true;
}

const struct share_other *share_others(const struct share *s, size_t *ret_n)
{
	*ret_n = s ? s->n_others : 0;
	return s ? s->others : NULL;
}

/* ---- life ---- */

void share_push_plan(struct share *s)
{
	if (!s)
		return;
	s->has_plan = push_tests(s, pump_now(s->w->pump));
	s->n_others = 0; /* they may be in the roster now */
	s->ask_at = 0;
}

bool share_take_news(struct share *s)
{
	const bool has = s && s->has_news;

	if (has)
		s->has_news = false;
	return has;
}

bool share_has_time(const struct share *s)
{
	int64_t ahead;

	return s && lease_ahead(s->lease, &ahead);
}

struct lease_counts share_counts(const struct share *s)
{
	return lease_counts(s->lease);
}

void share_release(struct share *s)
{
	const ts_t now = s ? boot_of(loop_clock()) : 0;
	struct lease_want want;

	if (!s)
		return;
	lease_push_stop(s->lease, now);
	while (lease_take_want(s->lease, &want, now))
		(void)store_push_lease(s->w->store, &want); /* else they end by themselves */
}

int share_new(struct share **ret, struct watcher *w)
{
	const struct lease_cfg cfg = { .me = w->me, .length = w->next.plan->lease };
	struct share *s = mem_alloc0(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->w = w;
	const int err = lease_new(&s->lease, &cfg, boot_of(loop_clock()));
	if (err) {
		mem_free(s);
		return err;
	}
	w->roster.is_shared = true;
	*ret = s;
	return 0;
}

struct share *share_free(struct share *s)
{
	if (!s)
		return NULL;
	store_answer_free(s->states);
	mem_free(s->others);
	lease_free(s->lease);
	return mem_free(s);
}
