/* zone.h - what the lab's name server knows of both sides, good or bad. */
#pragma once

#include "lab/fault.h"

/* `at` is where the listeners are, by enum lab_listener; without one (family 0) there is no such
 * service. */
void zone_fill(struct nameserver *names, const struct lab_fault *fault,
	const struct addr at[LAB_LISTEN_COUNT]);
