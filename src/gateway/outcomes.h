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

struct outcomes;

enum outcome {
	OUTCOME_UNKNOWN, /* too long ago */
	OUTCOME_ACKNOWLEDGED,
	OUTCOME_REFUSED,
	OUTCOME_UNANSWERED, /* its sender was gone before the answer */
};

int outcomes_new(struct outcomes **ret); /* 0 or -ENOMEM */
struct outcomes *outcomes_free(struct outcomes *o);
/* `receiver` and `domain` are hashes of the two addresses that may refuse it. */
void outcomes_keep(
	struct outcomes *o, uint64_t ref, enum outcome outcome, uint64_t receiver, uint64_t domain);
enum outcome outcomes_find(const struct outcomes *o, uint64_t ref);
/* Is it one of these two?  False for one that is not known. */
bool outcomes_is_of(const struct outcomes *o, uint64_t ref, uint64_t who);
