#include "watch/phases.h"

#include <assert.h>

#include "base/mem.h"
#include "watch/varint.h"

/* By bit of the mask.  New ones are appended: what is written stays readable. */
static const enum probe_phase by_bit[] = {
	PHASE_SIP_RESOLVE,
	PHASE_SIP_CONNECT,
	PHASE_SIP_TLS,
	PHASE_SIP_REGISTER,
	PHASE_SIP_SEND,
	PHASE_XMPP_RESOLVE,
	PHASE_XMPP_CONNECT,
	PHASE_XMPP_TLS,
	PHASE_XMPP_AUTH,
	PHASE_XMPP_BIND,
	PHASE_DELIVER,
	PHASE_ANSWER,
	PHASE_CLEANUP,
	PHASE_SETTLE,
};
static_assert(COUNT(by_bit) == PHASE_COUNT, "each phase has a bit");

static bool has_run(enum phase_outcome o)
{
	switch (o) {
	case PHASE_OK:
	case PHASE_FAILED:
	case PHASE_STOPPED: return true;
	case PHASE_NOT_RUN:
	case PHASE_RUNNING:
	case PHASE_SKIPPED: return false;
	}
	return false;
}

void phases_of(const struct probe_phase_result results[PHASE_COUNT], struct phases *ret)
{
	*ret = (struct phases){ 0 };
	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		if (!has_run(results[i].outcome))
			continue;
		ret->ran |= UINT32_C(1) << i;
		ret->started[i] = results[i].started;
		ret->duration[i] = results[i].duration;
	}
}

static uint32_t mask_of(const struct phases *p)
{
	uint32_t mask = 0;

	for (unsigned bit = 0; bit < COUNT(by_bit); bit++)
		mask |= (p->ran >> by_bit[bit] & 1) << bit;
	return mask;
}

void phases_encode(const struct phases *p, struct buf *b)
{
	const uint32_t mask = mask_of(p);

	buf_putc(b, PHASES_VERSION);
	varint_put(b, mask);
	for (unsigned bit = 0; bit < COUNT(by_bit); bit++) {
		if (!(mask >> bit & 1))
			continue;
		varint_put(b, ts_min(p->started[by_bit[bit]], PHASES_TIME_MAX));
		varint_put(b, ts_min(p->duration[by_bit[bit]], PHASES_TIME_MAX));
	}
}

static int decode_time(struct slice *blob, ts_t *ret)
{
	const int err = varint_take(blob, ret);

	if (err)
		return err;
	return *ret > PHASES_TIME_MAX ? ERR_LIMIT : 0;
}

int phases_decode(struct slice blob, struct phases *ret)
{
	struct phases p = { 0 };
	uint64_t mask;

	if (blob.n == 0)
		return ERR_SYNTAX;
	if (blob.p[0] != PHASES_VERSION)
		return ERR_UNSUPPORTED;
	blob = slice_skip(blob, 1);
	int err = varint_take(&blob, &mask);
	if (err)
		return err;
	if (mask >> COUNT(by_bit))
		return ERR_LIMIT;
	for (unsigned bit = 0; bit < COUNT(by_bit); bit++) {
		const enum probe_phase phase = by_bit[bit];

		if (!(mask >> bit & 1))
			continue;
		p.ran |= UINT32_C(1) << phase;
		err = decode_time(&blob, &p.started[phase]);
		if (!err)
			err = decode_time(&blob, &p.duration[phase]);
		if (err)
			return err;
	}
	if (blob.n > 0)
		return ERR_SYNTAX;
	*ret = p;
	return 0;
}
