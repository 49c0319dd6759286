/* dropped.h - what comes and is neither carried nor answered: a line of log that names who sent it
 * and why, once in a while for each pair of these.
 *
 * Whoever can send decides how often, so that what is kept is bounded: of two
 * pairs that fall into one place the later one takes it.
 */
#pragma once

#include "gateway/lent.h"

struct dropped;

/* 0 or -ENOMEM. */
int dropped_new(struct dropped **ret, struct rng *rng);
struct dropped *dropped_free(struct dropped *d);

struct dropped_what {
	struct slice from, to; /* `to` may be "": whoever it was for */
	const char *cause;     /* a literal */
	ts_t quiet;            /* how long one is enough */
};
/* Is this the first in a while?  Then *n is how many there were since the one before, with it. */
bool dropped_is_due(struct dropped *d, const struct dropped_what *what, uint64_t *n, ts_t now);
/* `subsystem dropped from=WHO cause=CAUSE n=N`, when it is due.  `cause` is a literal. */
void dropped_log(const struct lent *lent, const char *subsystem, enum log_level level,
	struct slice who, const char *cause, ts_t now);
