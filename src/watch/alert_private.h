/* alert_private.h - what the files of the alerts share.
 *
 *   alert.c        who hears what, and when
 *   alert_known.c  what each knows, over the end of an engine
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/timers.h"
#include "watch/alert.h"

enum delivery_state {
	DELIVERY_IDLE,    /* nothing to tell, or not before its timer */
	DELIVERY_READY,   /* in the receiver's queue */
	DELIVERY_SENDING, /* the driver has it; its timer is the time-out */
	DELIVERY_PAUSING, /* failed; its timer is the next attempt */
};

/* One alert and one receiver. */
struct delivery {
	struct timer timer;
	struct list queue; /* of the receiver: ready, or on its way */
	struct list news;  /* of the engine: it has an event */
	struct list marks; /* of the engine: its mark has changed */
	struct alert *alert;
	unsigned receiver;
	enum delivery_state state;
	enum alert_told told;
	ts_t told_at;
	struct alert_mark mark; /* that was taken; begin_at 0: none */
	bool was_wanted;        /* there was something to tell: its end is news, too */
	bool is_reminder;
	enum alert_kind sending;
	int64_t sending_of; /* when that incident began */
	uint64_t id;        /* of the attempt on its way, while it is */
	unsigned attempts;
	ts_t first_at, pause;
	uint64_t dropped; /* event to take: the id; 0: none */
	bool gave_up;     /* event to take */
	unsigned gave_up_attempts;
	enum alert_kind gave_up_kind;
};

struct alert {
	struct map_node node;
	uint64_t test;
	enum alert_severity severity;
	struct incident incident;
	bool is_resolved, is_over, is_muted;
	unsigned n;
	struct delivery deliveries[]; /* n */
};

struct receiver {
	const struct alert_receiver *cfg;
	struct list ready, sending;
	unsigned n_sending;
	struct alert_counts counts;
};

struct alerts {
	struct map by_test;
	struct timers timers;
	struct list news, marks;
	uint64_t last_id, n_lost;
	size_t n_deliveries;
	unsigned n, turn; /* whose turn it is, so that none is behind all others */
	struct receiver receivers[ALERT_RECEIVERS_MAX];
};

static inline struct receiver *alert_receiver_of(struct alerts *a, const struct delivery *d)
{
	return &a->receivers[d->receiver];
}

struct alert *alert_find(const struct alerts *a, uint64_t test);
/* NULL: there is no room for it, which is counted. */
struct alert *alert_get(struct alerts *a, const struct alert_test *test);
void alert_forget_if_done(struct alerts *a, struct alert *alert);
bool alert_is_wanted(const struct alerts *a, const struct delivery *d);
void alert_arm(struct alerts *a, struct delivery *d, ts_t at);
void alert_rest(struct alerts *a, struct delivery *d, ts_t now);
void alert_look_at_all(struct alerts *a, struct alert *alert, ts_t now);
struct alert_mark alert_mark_of(const struct alerts *a, const struct delivery *d);
