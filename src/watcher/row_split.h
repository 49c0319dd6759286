/* row_split.h - how long the parts of a run took that passed. */
#pragma once

#include "probe/probe.h"
#include "store/query.h"

/* Sign-in, there and back add up to the latency, whatever the phases say.  Where nobody is signed
 * in at the receiver, there ends with the pool's answer. */
void row_split(
	const struct probe_phase_result phases[PHASE_COUNT], ts_t latency, struct store_row *ret);
