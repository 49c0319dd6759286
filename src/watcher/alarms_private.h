/* alarms_private.h - what the files of the alarms share.
 *
 *   alarms.c       out to the receivers and back, and what of it outlives the process
 *   alarms_plan.c  from one plan to the next
 */
#pragma once

#include "deliver/deliver.h"
#include "watcher/alarms.h"
#include "watcher/parted.h"

struct alarms {
	struct watcher *w;
	const struct plan *plan;
	struct alerts *alerts;
	struct alerts *next; /* of the plan that is to be taken; NULL: none is */
	struct deliver *deliver;
	struct map sent;   /* by their numbers */
	struct map parted; /* tests that are no longer configured, and whose end is to be told */
	uint64_t written, to_write; /* of the history: what is told stands there first */
	ts_t write_until;
	ts_t ping_at; /* of the watcher itself */
	uint64_t last_ping;
};

/* What is on its way: nobody waits for it any more. */
void alarms_forget_all(struct alarms *a);
void alarms_take_marks(struct alarms *a);                               /* to the history */
struct parted *alarms_find_parted(const struct alarms *a, uint64_t id); /* NULL: none */
void alarms_forget_parted(struct alarms *a, struct parted *p);
