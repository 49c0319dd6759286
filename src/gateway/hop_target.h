/* hop_target.h - where the next hop is: one target at a time of its look-up (RFC 3263), the next
 * one when that fails, and when none is left the look-up again.
 *
 * Then the hop is *away*.  A pool that restarts is back in less than a second,
 * so the first try follows at once, and the pauses between the others grow to
 * one second; but only while somebody waits.  Who comes when it has been away for
 * long is refused, unless a try is due.
 */
#pragma once

#include "gateway/lent.h"
#include "sip/locate.h"

struct hop_target {
	const struct lent *lent;
	struct locate *locate;
	uint32_t dns_base; /* questions of this look-up are numbered behind it */
	bool known;
	struct targets_target at; /* while it is known */
	unsigned turn;     /* counts the targets: each fails once, however many messages it loses */
	ts_t away;         /* since then no target was left; TS_NEVER: it is not away */
	ts_t again;        /* the next try, not before */
	ts_t pause;        /* behind that one */
	ts_t silent_until; /* the log has said it */
	bool said;
};

/* It begins to look.  0, or as locate_new(). */
int hop_target_init(struct hop_target *t, const struct lent *lent, ts_t now);
void hop_target_done(struct hop_target *t);

/* True when there is another target than before. */
bool hop_target_push_dns(struct hop_target *t, const struct fact *in, ts_t now);
/* The target of that turn cannot be reached, does not answer, or is a listener of ours (ELOOP): the
 * next one serves what follows.  One that has had its turn fails no more. */
void hop_target_push_failed(struct hop_target *t, unsigned turn, int err, ts_t now);
void hop_target_push_reached(struct hop_target *t, ts_t now); /* the present one */
/* Somebody waits.  True when there is another target than before. */
bool hop_target_push_time(struct hop_target *t, ts_t now);
ts_t hop_target_deadline(const struct hop_target *t); /* while somebody waits */
/* May one more message wait for it? */
bool hop_target_takes(const struct hop_target *t, ts_t now);
