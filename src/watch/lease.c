#include "watch/lease.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	RENEW_PARTS = 3,    /* of a length: two renewals may fail before it ends */
	POLL_PARTS = 12,    /* a test that is nobody's is found so soon */
	AGAIN_PARTS = 6,    /* behind an outage: the others come back first */
	DRIFT_PARTS = 5000, /* 200 ppm: two clocks go apart by no more */
	GROUPS = 2,         /* tests of all watchers, and of those at this location */
};

enum place {
	ELSEWHERE, /* another watcher's, or nobody's */
	HELD,
	LEAVING, /* held until its run is over */
	IDLE,    /* to be released */
	RELEASING,
	PLACES,
};

struct entry {
	int64_t id, fence;
	ts_t until;
	enum place place;
	bool is_local;
	bool is_nobodys; /* nobody else took it */
	bool is_seen;    /* in the answer that is looked at */
	bool has_event, is_taken_over;
	enum lease_event_type event;
};

struct lease {
	struct lease_cfg cfg;
	struct entry *entries; /* by id */
	size_t n;
	int64_t *strays; /* held there and not here: to be released */
	size_t n_strays;

	struct lease_want want, release; /* that are with the history; number 0: none */
	bool want_is_grace;
	uint64_t last_number;
	int64_t *ids, *release_ids; /* of these */
	ts_t renew_at, claim_at, release_at;
	unsigned group;            /* whose turn it is to be claimed */
	bool is_grace_due[GROUPS]; /* nobody's tests are looked for, once in a renewal */
	bool is_unreachable, is_stopping, is_over;
	unsigned n_watchers[GROUPS]; /* 0: not known yet */

	bool has_ahead;
	int64_t ahead_min, ahead_max; /* the truth is between them */
	ts_t ahead_at;

	size_t n_places[PLACES]; /* these two as of the last push */
	ts_t until;              /* the first lease to end */
	size_t next_event;       /* none stands before it */
	struct lease_counts counts;
};

/* ---- entries ---- */

static int by_id(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct entry *find(const struct lease *l, int64_t id)
{
	const struct entry key = { .id = id };

	return l->n ? bsearch(&key, l->entries, l->n, sizeof(key), by_id) : NULL;
}

static void tell(struct lease *l, struct entry *e, enum lease_event_type type)
{
	const size_t at = (size_t)(e - l->entries);

	e->has_event = true;
	e->event = type;
	if (at < l->next_event)
		l->next_event = at;
}

static bool is_mine(const struct entry *e)
{
	return e->place == HELD || e->place == LEAVING;
}

static void look(struct lease *l)
{
	memset(l->n_places, 0, sizeof(l->n_places));
	l->until = TS_NEVER;
	for (size_t i = 0; i < l->n; i++) {
		l->n_places[l->entries[i].place]++;
		if (is_mine(&l->entries[i]))
			l->until = ts_min(l->until, l->entries[i].until);
	}
}

static void lose(struct lease *l, struct entry *e)
{
	e->place = ELSEWHERE;
	l->counts.lost++;
	tell(l, e, LEASE_EV_LOST);
}

static size_t count(const struct lease *l, unsigned group, bool held_only)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += l->entries[i].is_local == (group == 1) &&
		     (!held_only || l->entries[i].place == HELD);
	return n;
}

static size_t share(const struct lease *l, unsigned group)
{
	const size_t watchers = l->n_watchers[group];

	return watchers ? (count(l, group, false) + watchers - 1) / watchers : 0;
}

/* ---- the server's clock ---- */

/* Each answer says between which two values the difference is; they become narrower with each, as
 * far as clocks do not drift, and a contradiction means that one of them was set. */
static void learn_clock(struct lease *l, const struct lease_answer *a)
{
	const int64_t min = a->server_at - (int64_t)a->done_at;
	const int64_t max = a->server_at - (int64_t)a->sent_at;
	const int64_t drift = l->has_ahead && a->done_at > l->ahead_at
				      ? (int64_t)((a->done_at - l->ahead_at) / DRIFT_PARTS)
				      : 0;

	if (max < min)
		return;
	l->ahead_min -= drift;
	l->ahead_max += drift;
	if (!l->has_ahead || min > l->ahead_max || max < l->ahead_min) {
		l->ahead_min = min;
		l->ahead_max = max;
	}
	l->ahead_min = min > l->ahead_min ? min : l->ahead_min;
	l->ahead_max = max < l->ahead_max ? max : l->ahead_max;
	l->ahead_at = a->done_at;
	l->has_ahead = true;
}

bool lease_ahead(const struct lease *l, int64_t *ret_us)
{
	if (l->has_ahead)
		*ret_us = l->ahead_min + (l->ahead_max - l->ahead_min) / 2;
	return l->has_ahead;
}

/* ---- more than its share ---- */

static void give_back(struct lease *l, unsigned group)
{
	const size_t held = count(l, group, true), fair = share(l, group);
	size_t over = fair && held > fair ? held - fair : 0;

	for (size_t i = l->n; i-- > 0 && over;) {
		struct entry *e = &l->entries[i];

		if (e->is_local != (group == 1) || e->place != HELD || e->is_nobodys)
			continue;
		e->place = LEAVING;
		tell(l, e, LEASE_EV_LEAVE);
		over--;
	}
}

/* Whoever came may have what nobody had. */
static void forget_nobodys(struct lease *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->entries[i].is_nobodys = false;
}

static void take_watchers(struct lease *l, const struct lease_answer *a)
{
	const unsigned now[GROUPS] = { a->n_watchers, a->n_here };

	for (unsigned g = 0; g < GROUPS; g++) {
		if (now[g] > l->n_watchers[g])
			forget_nobodys(l);
		l->n_watchers[g] = now[g];
	}
}

/* ---- answers ---- */

static int keep_strays(struct lease *l, const struct lease_answer *a)
{
	size_t n = 0;

	l->strays = mem_free(l->strays);
	l->n_strays = 0;
	for (size_t i = 0; i < a->n_held; i++)
		n += !find(l, a->held[i].test_id);
	if (n == 0)
		return 0;
	l->strays = mem_alloc0(n * sizeof(*l->strays));
	if (!l->strays)
		return -ENOMEM; /* the next renewal finds them again */
	for (size_t i = 0; i < a->n_held; i++)
		if (!find(l, a->held[i].test_id))
			l->strays[l->n_strays++] = a->held[i].test_id;
	return 0;
}

/* What is held there and not here (an answer was lost, or it was believed to be over) is released:
 * a claim says how it stands, a renewal does not. */
static void take_renewed(struct lease *l, const struct lease_answer *a, struct entry *e,
	const struct lease_held *held)
{
	if (!is_mine(e)) {
		if (e->place == ELSEWHERE)
			e->place = IDLE;
		return;
	}
	if (e->fence != held->fence)
		return;
	e->is_seen = true;
	e->until = ts_add(a->sent_at, l->cfg.length);
}

static void push_renewed(struct lease *l, const struct lease_answer *a, ts_t now)
{
	for (size_t i = 0; i < l->n; i++)
		l->entries[i].is_seen = false;
	for (size_t i = 0; i < a->n_held; i++) {
		struct entry *e = find(l, a->held[i].test_id);

		if (e)
			take_renewed(l, a, e, &a->held[i]);
	}
	for (size_t i = 0; i < l->n; i++)
		if (is_mine(&l->entries[i]) && !l->entries[i].is_seen)
			lose(l, &l->entries[i]);
	(void)keep_strays(l, a);
	l->counts.renewals++;
	l->counts.foreign = a->n_tests > l->n ? a->n_tests - (unsigned)l->n : 0;
	l->renew_at = ts_add(a->sent_at, l->cfg.length / RENEW_PARTS);
	l->release_at = now;
	for (unsigned g = 0; g < GROUPS; g++) {
		l->is_grace_due[g] = true;
		give_back(l, g);
	}
}

static void push_claimed(struct lease *l, const struct lease_answer *a, ts_t now)
{
	for (size_t i = 0; i < a->n_held; i++) {
		struct entry *e = find(l, a->held[i].test_id);

		if (!e || e->place != ELSEWHERE)
			continue; /* the next renewal finds it, and releases it */
		e->place = HELD;
		e->fence = a->held[i].fence;
		e->until = ts_add(a->sent_at, l->cfg.length);
		e->is_nobodys = l->want_is_grace;
		e->is_taken_over = e->fence > 1;
		l->counts.taken_over += e->is_taken_over;
		tell(l, e, LEASE_EV_OWNED);
	}
	l->group = (l->group + 1) % GROUPS;
	l->claim_at = ts_add(now, l->cfg.length / POLL_PARTS);
}

static void push_released(struct lease *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].place == RELEASING)
			l->entries[i].place = ELSEWHERE;
	l->strays = mem_free(l->strays);
	l->n_strays = 0;
}

/* Behind an outage the leases of all others are over too, though they go on: they are to be back
 * before anybody counts them, or takes what is theirs. */
static void push_done(struct lease *l, const struct lease_answer *a, ts_t now)
{
	const bool was_unreachable = l->is_unreachable;

	l->is_unreachable = false;
	if (a->type != LEASE_RELEASE) {
		learn_clock(l, a);
		if (!was_unreachable)
			take_watchers(l, a);
	}
	switch (a->type) {
	case LEASE_RENEW: push_renewed(l, a, now); break;
	case LEASE_CLAIM: push_claimed(l, a, now); break;
	case LEASE_RELEASE: push_released(l); break;
	}
	if (was_unreachable)
		l->renew_at = l->claim_at = ts_add(now, l->cfg.length / AGAIN_PARTS);
}

static void push_failed(struct lease *l, const struct lease_answer *a, ts_t now)
{
	const ts_t again = ts_add(now, l->cfg.length / POLL_PARTS);

	l->is_unreachable = a->result == LEASE_UNREACHABLE;
	l->counts.failed += a->type == LEASE_RENEW;
	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].place == RELEASING)
			l->entries[i].place = IDLE;
	switch (a->type) {
	case LEASE_RENEW: l->renew_at = again; break;
	case LEASE_CLAIM:
		/* Whether it is the connection is told by a renewal soonest. */
		l->claim_at = again;
		l->renew_at = ts_min(l->renew_at, now);
		break;
	case LEASE_RELEASE: l->release_at = again; break;
	}
}

static void expire(struct lease *l, ts_t now)
{
	if (l->is_unreachable || now < l->until)
		return;
	for (size_t i = 0; i < l->n; i++)
		if (is_mine(&l->entries[i]) && now >= l->entries[i].until)
			lose(l, &l->entries[i]);
	look(l);
}

void lease_push_answer(struct lease *l, const struct lease_answer *a, ts_t now)
{
	struct lease_want *of = a->type == LEASE_RELEASE ? &l->release : &l->want;

	if (a->number != of->number || of->number == 0 || l->is_stopping)
		return;
	of->number = 0;
	if (a->result == LEASE_DONE)
		push_done(l, a, now);
	else
		push_failed(l, a, now);
	if (of == &l->release)
		l->release_ids = mem_free(l->release_ids);
	else
		l->ids = mem_free(l->ids);
	look(l);
	expire(l, now);
}

/* ---- wants ---- */

static size_t collect(const struct lease *l, enum place place, unsigned group, int64_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].place == place &&
			(group == GROUPS || l->entries[i].is_local == (group == 1)))
			ret[n++] = l->entries[i].id;
	return n;
}

static bool want_release(struct lease *l, ts_t now)
{
	if (now < l->release_at || (!l->n_strays && !l->n_places[IDLE]))
		return false;
	l->release_ids = mem_alloc0((l->n + l->n_strays) * sizeof(*l->release_ids));
	if (!l->release_ids) {
		l->release_at = ts_add(now, l->cfg.length / POLL_PARTS);
		return false;
	}
	size_t n = collect(l, IDLE, GROUPS, l->release_ids);
	for (size_t i = 0; i < l->n_strays; i++)
		l->release_ids[n++] = l->strays[i];
	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].place == IDLE)
			l->entries[i].place = RELEASING;
	look(l);
	l->release =
		(struct lease_want){ .type = LEASE_RELEASE, .ids = l->release_ids, .n_ids = n };
	return true;
}

static bool want_renew(struct lease *l, ts_t now)
{
	if (now < l->renew_at)
		return false;
	l->want = (struct lease_want){ .type = LEASE_RENEW };
	return true;
}

/* Its share first; what is nobody's for long is claimed whatever it holds; else it only asks who is
 * there. */
static bool want_claim(struct lease *l, ts_t now)
{
	if (now < l->claim_at || !l->n_watchers[0])
		return false;
	l->ids = l->n_places[ELSEWHERE] ? mem_alloc0(l->n * sizeof(*l->ids)) : NULL;
	if (!l->ids) {
		l->claim_at = ts_add(now, l->cfg.length / POLL_PARTS);
		return false;
	}
	const unsigned group = count(l, l->group, false) ? l->group : !l->group;
	const size_t held = count(l, group, true), fair = share(l, group);
	const size_t n = collect(l, ELSEWHERE, group, l->ids);

	l->group = group;
	l->want = (struct lease_want){ .type = LEASE_CLAIM, .ids = l->ids, .n_ids = n };
	if (held < fair) {
		l->want.max = fair - held < n ? fair - held : n;
	} else if (l->is_grace_due[group]) {
		l->is_grace_due[group] = false;
		l->want_is_grace = true;
		l->want.max = n;
		l->want.grace_us = (int64_t)l->cfg.length;
	}
	if (!l->want.max)
		l->want.n_ids = 0;
	return true;
}

static struct lease_want *next_want(struct lease *l, ts_t now)
{
	if (l->is_stopping) {
		l->release = (struct lease_want){ .type = LEASE_RELEASE };
		return &l->release;
	}
	l->want_is_grace &= l->want.number != 0;
	if (!l->want.number && want_renew(l, now))
		return &l->want;
	if (!l->release.number && want_release(l, now))
		return &l->release;
	return !l->want.number && want_claim(l, now) ? &l->want : NULL;
}

bool lease_take_want(struct lease *l, struct lease_want *ret, ts_t now)
{
	struct lease_want *w = l->is_over ? NULL : next_want(l, now);

	if (!w)
		return false;
	l->is_over = l->is_stopping;
	w->number = ++l->last_number;
	w->me = l->cfg.me;
	w->length_us = (int64_t)l->cfg.length;
	*ret = *w;
	return true;
}

/* ---- the other pushes ---- */

void lease_push_idle(struct lease *l, int64_t test_id, ts_t now)
{
	struct entry *e = find(l, test_id);

	if (!e || e->place != LEAVING)
		return;
	e->place = IDLE;
	l->n_places[LEAVING]--;
	l->n_places[IDLE]++;
	l->release_at = ts_min(l->release_at, now);
}

void lease_push_stop(struct lease *l, ts_t now)
{
	(void)now;
	l->is_stopping = true;
}

void lease_push_time(struct lease *l, ts_t now)
{
	expire(l, now);
}

static bool is_known(const struct entry *entries, size_t n, int64_t id)
{
	const struct entry key = { .id = id };

	return n && bsearch(&key, entries, n, sizeof(key), by_id);
}

/* What this watcher holds and does not have any more: to be released, beside what was strange
 * already. */
static int keep_gone(struct lease *l, const struct entry *next, size_t n)
{
	int64_t *strays = mem_alloc0((l->n_strays + l->n + 1) * sizeof(*strays));

	if (!strays)
		return -ENOMEM;
	if (l->n_strays)
		memcpy(strays, l->strays, l->n_strays * sizeof(*strays));
	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].place != ELSEWHERE && !is_known(next, n, l->entries[i].id))
			strays[l->n_strays++] = l->entries[i].id;
	mem_free(l->strays);
	l->strays = strays;
	return 0;
}

static bool has_double(const struct entry *entries, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (entries[i].id == entries[i - 1].id)
			return true;
	return false;
}

int lease_push_tests(struct lease *l, const struct lease_test *tests, size_t n, ts_t now)
{
	struct entry *next = n <= LEASE_TESTS_MAX ? mem_alloc0((n + 1) * sizeof(*next)) : NULL;

	if (!next)
		return n <= LEASE_TESTS_MAX ? -ENOMEM : -EINVAL;
	for (size_t i = 0; i < n; i++) {
		const struct entry *old = find(l, tests[i].id);

		next[i] = old ? *old : (struct entry){ .id = tests[i].id };
		next[i].is_local = tests[i].is_local;
		next[i].is_nobodys = false;
	}
	qsort(next, n, sizeof(*next), by_id);
	int err = has_double(next, n) ? -EINVAL : keep_gone(l, next, n);
	if (err) {
		mem_free(next);
		return err;
	}
	mem_free(l->entries);
	l->entries = next;
	l->n = n;
	l->next_event = 0;
	look(l);
	l->release_at = now;
	l->claim_at = ts_min(l->claim_at, now);
	return 0;
}

/* ---- what comes out ---- */

bool lease_take_event(struct lease *l, struct lease_event *ret)
{
	for (; l->next_event < l->n; l->next_event++) {
		struct entry *e = &l->entries[l->next_event];

		if (!e->has_event)
			continue;
		e->has_event = false;
		*ret = (struct lease_event){ .type = e->event,
			.test_id = e->id,
			.fence = e->fence,
			.is_taken_over = e->is_taken_over };
		return true;
	}
	return false;
}

ts_t lease_deadline(const struct lease *l)
{
	ts_t at = l->is_unreachable ? TS_NEVER : l->until;

	if (l->is_stopping)
		return TS_NEVER;
	if (!l->want.number)
		at = ts_min(at, ts_min(l->renew_at, l->n_watchers[0] ? l->claim_at : TS_NEVER));
	if (!l->release.number && (l->n_strays || l->n_places[IDLE]))
		at = ts_min(at, l->release_at);
	return at;
}

bool lease_holds(const struct lease *l, int64_t test_id)
{
	const struct entry *e = find(l, test_id);

	return e && is_mine(e);
}

struct lease_counts lease_counts(const struct lease *l)
{
	struct lease_counts c = l->counts;

	c.held = (unsigned)(l->n_places[HELD] + l->n_places[LEAVING]);
	return c;
}

/* ---- life ---- */

int lease_new(struct lease **ret, const struct lease_cfg *cfg, ts_t now)
{
	if (cfg->me <= 0 || cfg->length < POLL_PARTS)
		return -EINVAL;
	struct lease *l = mem_alloc0(sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->cfg = *cfg;
	l->renew_at = l->claim_at = l->release_at = now;
	l->until = TS_NEVER;
	*ret = l;
	return 0;
}

struct lease *lease_free(struct lease *l)
{
	if (!l)
		return NULL;
	mem_free(l->entries);
	mem_free(l->strays);
	mem_free(l->ids);
	mem_free(l->release_ids);
	return mem_free(l);
}
