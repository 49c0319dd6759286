/* struck.h - connections that a fault has to itself: reset, mute, or answered with the same bytes
 * whatever is said. */
#pragma once

#include "base/shell.h"
#include "lab/fault.h"

enum { STRUCK_MAX = 64 }; /* open at once; one more is dropped */

struct struck {
	const struct lab_fault *fault; /* borrowed, as the shell */
	struct shell *shell;
	flow_t flows[STRUCK_MAX];
	unsigned n;
};

/* Both: false when it is none of those. */
bool struck_accept(struct struck *s, const struct fact *in);
bool struck_push(struct struck *s, const struct fact *in);
