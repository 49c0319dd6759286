#include "watcher/row_split.h"

static ts_t end_of(const struct probe_phase_result *p)
{
	return p->started + p->duration;
}

void row_split(
	const struct probe_phase_result phases[PHASE_COUNT], ts_t latency, struct store_row *ret)
{
	const struct probe_phase_result *send = &phases[PHASE_SIP_SEND],
					*deliver = &phases[PHASE_DELIVER];
	const ts_t begun = ts_min(send->started, latency);
	const ts_t arrived = ts_min(end_of(deliver->outcome == PHASE_OK ? deliver : send), latency);

	ret->latency_us = (int64_t)latency;
	ret->signin_us = (int64_t)begun;
	ret->there_us = (int64_t)(arrived > begun ? arrived - begun : 0);
	ret->back_us = ret->latency_us - ret->signin_us - ret->there_us;
}
