/* share.h - this watcher's share of the tests, where several have one history: the engine of leases
 * (watch/lease.h) between the history and the roster, the time by the history's server, and how the
 * tests stand that others run.
 */
#pragma once

#include "watcher/private.h"

struct share;

/* 0 or -ENOMEM. */
int share_new(struct share **ret, struct watcher *w);
struct share *share_free(struct share *s);

/* All of these do nothing without a share: then the history is this watcher's alone. */

/* The roster has the tests of another plan. */
void share_push_plan(struct share *s);
void share_push_answer(struct share *s, const struct store_event *ev);
/* A state was refused: another watcher has the test. */
void share_push_fenced(struct share *s, int64_t test_id, int64_t fence);
/* True: it was an answer of what is asked here, and is taken. */
bool share_push_states(struct share *s, struct store_answer *a);
void share_push_time(struct share *s, ts_t now);
ts_t share_deadline(const struct share *s);
/* The last of all: what this watcher holds is anybody's, behind what is queued. */
void share_release(struct share *s);

bool share_take_news(struct share *s);      /* of tests, which are marked as news */
bool share_has_time(const struct share *s); /* of the server; the own clock is not asked */
struct lease_counts share_counts(const struct share *s);

/* A test of this watcher as another location sees it (spread: every). */
struct share_other {
	int64_t own_id;
	const struct store_state *state;
};
/* They stay until the next turn. */
const struct share_other *share_others(const struct share *s, size_t *ret_n);
