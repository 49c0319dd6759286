/* outcomes.h - how the last messages to XMPP ended, and whose they were: what an error means that
 * comes behind the end.
 *
 * A message that is over holds no place any more.  One that was refused may be refused again, by
 * each client of its receiver, and nobody was told a wrong thing; one that was acknowledged was.
 * One place a hash: of two messages that fall into it the later one takes it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/ts.h"

struct outcomes;

enum outcome {
	OUTCOME_UNKNOWN, /* too long ago */
	OUTCOME_ACKNOWLEDGED,
	OUTCOME_REFUSED,
	OUTCOME_UNANSWERED, /* its sender was gone before the answer */
};

/* Of what a report of a failure needs (gateway/reports.h). */
enum outcome_report {
	OUTCOME_REPORT_NOT_ASKED,
	OUTCOME_REPORT_NO_MEMORY,
	OUTCOME_REPORT_KEPT, /* then: later ones may have taken its room */
	OUTCOME_REPORT_MADE,
};

struct ended {
	enum outcome outcome;
	enum outcome_report report;
	ts_t sent;
	uint64_t receiver, domain; /* hashes of the two addresses that may refuse it */
};

int outcomes_new(struct outcomes **ret); /* 0 or -ENOMEM */
struct outcomes *outcomes_free(struct outcomes *o);
void outcomes_keep(struct outcomes *o, uint64_t ref, const struct ended *e);
/* NULL: it is not known.  Valid until the next outcomes_keep(). */
struct ended *outcomes_find(struct outcomes *o, uint64_t ref);
bool ended_is_of(const struct ended *e, uint64_t who); /* one of the two */
