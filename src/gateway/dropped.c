#include "gateway/dropped.h"

#include "base/map.h"
#include "base/mem.h"

enum {
	PLACES = 1024, /* 24 bytes each */
	QUIET_S = 60,
};

struct place {
	uint64_t hash; /* 0: free */
	uint64_t n;    /* since its last line */
	ts_t quiet_until;
};

struct dropped {
	uint8_t salt[16];
	struct place places[PLACES];
};

bool dropped_is_due(struct dropped *d, const struct dropped_what *what, uint64_t *n, ts_t now)
{
	const uint64_t all[] = { siphash(d->salt, what->from), siphash(d->salt, what->to),
		siphash(d->salt, slice_str(what->cause)) };
	const uint64_t hash = siphash(d->salt, slice_of(all, sizeof(all))) | 1;
	struct place *p = &d->places[(hash >> 1) % PLACES];

	if (p->hash != hash)
		*p = (struct place){ .hash = hash };
	p->n++;
	if (now < p->quiet_until)
		return false;
	*n = p->n;
	p->n = 0;
	p->quiet_until = ts_add(now, what->quiet);
	return true;
}

void dropped_log(const struct lent *lent, const char *subsystem, enum log_level level,
	struct slice who, const char *cause, ts_t now)
{
	const struct dropped_what what = { .from = who, .cause = cause, .quiet = TS_S(QUIET_S) };
	uint64_t n;

	if (!dropped_is_due(lent->dropped, &what, &n, now))
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
