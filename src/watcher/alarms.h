/* alarms.h - alerts on their way: from the engine that says who is told (watch/alert.h) to what
 * carries it there (deliver/deliver.h), and back.
 */
#pragma once

#include "watcher/private.h"

/* The plan is borrowed until the next one is taken.  0, or a negative error of deliver_new() or
 * alerts_new(). */
int alarms_new(struct alarms **ret, struct watcher *w, const struct plan *plan);
struct alarms *alarms_free(struct alarms *a);

/* All of these do nothing without alarms. */

/* What needs memory for the receivers of another plan.  0 or an error, and nothing has changed. */
int alarms_prepare(struct alarms *a, const struct plan *plan);
/* Behind that, when the roster has the tests of this plan; the plan before is still there. What is
 * on its way is sent anew.  Each receiver of the same name knows what it knew, from the alarms
 * before or, at a start, from the history; a new one hears of what is failing. */
void alarms_take_plan(
	struct alarms *a, const struct plan *plan, const struct store_event *synced, ts_t now);
/* What became of a test that is no longer configured: of the roster's `retired` and `leaving`, and
 * of one that left while no watcher ran. */
void alarms_push_stop(struct alarms *a, int64_t id, const struct state_event *ev, ts_t now);
void alarms_push_left(struct alarms *a, const struct store_left *left,
	const struct store_synced *synced, ts_t now);
/* An entry of the history that says what is to be told: nothing of it leaves before. */
void alarms_push_pushed(struct alarms *a, uint64_t number, ts_t now);
void alarms_push_written(struct alarms *a, uint64_t number);
void alarms_push_event(struct alarms *a, struct watched *t, const struct state_event *ev, ts_t now);
void alarms_push_muted(struct alarms *a, struct watched *t, bool is_muted, ts_t now);
/* Sends what is due, and takes what came of the others. */
void alarms_push_time(struct alarms *a, ts_t now);
ts_t alarms_deadline(const struct alarms *a);
int alarms_fd(const struct alarms *a); /* readable: alarms_push_time() */
struct alert_counts alarms_counts(const struct alarms *a, unsigned receiver);
