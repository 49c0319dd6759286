#include "gateway/dropped.h"

#include "base/map.h"
#include "base/mem.h"

enum {
	PLACES = 1024, /* 24 bytes each */
	QUIET_S = 60,
};

struct place {
	uint64_t pair; /* hash; 0: free */
	uint64_t n;    /* since its last line */
	ts_t quiet_until;
};

struct dropped {
	uint8_t salt[16];
	struct place places[PLACES];
};

bool dropped_is_due(struct dropped *d, struct slice who, const char *cause, uint64_t *n, ts_t now)
{
	const uint64_t both[] = { siphash(d->salt, who), siphash(d->salt, slice_str(cause)) };
	const uint64_t pair = siphash(d->salt, slice_of(both, sizeof(both))) | 1;
	struct place *p = &d->places[(pair >> 1) % PLACES];

	if (p->pair != pair)
		*p = (struct place){ .pair = pair };
	p->n++;
	if (now < p->quiet_until)
		return false;
	*n = p->n;
	p->n = 0;
	p->quiet_until = ts_add(now, TS_S(QUIET_S));
	return true;
}

void dropped_log(const struct lent *lent, const char *subsystem, enum log_level level,
	struct slice who, const char *cause, ts_t now)
{
	uint64_t n;

	if (!dropped_is_due(lent->dropped, who, cause, &n, now))
		return;
	struct buf *b = shell_log(lent->shell, subsystem, "dropped");
	log_str(b, "from", who);
	log_str(b, "cause", slice_str(cause));
	log_u64(b, "n", n);
	shell_emit(lent->shell, GATEWAY_EV_LOG, true, level);
}

int dropped_new(struct dropped **ret, struct rng *rng)
{
	struct dropped *d = mem_alloc0(sizeof(*d));

	if (!d)
		return -ENOMEM;
	rng_bytes(rng, d->salt, sizeof(d->salt));
	*ret = d;
	return 0;
}

struct dropped *dropped_free(struct dropped *d)
{
	return mem_free(d);
}
