/* struck.h - connections that a fault has to itself: reset, mute, or answered with the same bytes
 * whatever is said. */
#pragma once

#include "base/map.h"
#include "base/shell.h"
#include "lab/fault.h"

struct struck {
	const struct lab_fault *fault; /* borrowed, as the shell */
	struct shell *shell;
	struct map flows;
};

void struck_init(
	struct struck *s, const struct lab_fault *fault, struct shell *shell, struct rng *rng);
void struck_done(struct struck *s);
/* Both: false when it is none of those. */
bool struck_accept(struct struck *s, const struct fact *in);
bool struck_push(struct struck *s, const struct fact *in);
