#include "base/tally.h"

#include <string.h>

#include "base/mem.h"

#define PERIOD TS_S(60)

/* Nothing came since it was told, and that is long ago. */
static bool is_free(const struct tally_row *r, ts_t now)
{
	return !r->cause || (r->count == 0 && ts_add(r->since, PERIOD) <= now);
}

static bool is_of(const struct tally_row *r, unsigned what, const char *cause, struct slice who)
{
	return r->cause == cause && r->what == what && slice_eq(slice_of(r->who, r->n_who), who);
}

/* Its own row, or one that was free; NULL when there is none. */
static struct tally_row *find(struct tally_row *rows, size_t n, unsigned what, const char *cause,
	struct slice who, ts_t now)
{
	struct tally_row *free = NULL;

	for (size_t i = 0; i < n; i++) {
		if (is_of(&rows[i], what, cause, who) && !is_free(&rows[i], now))
			return &rows[i];
		if (!free && is_free(&rows[i], now))
			free = &rows[i];
	}
	if (!free)
		return NULL;
	*free = (struct tally_row){
		.cause = cause, .what = what, .n_who = (uint8_t)who.n, .since = TS_NEVER
	};
	if (who.n)
		memcpy(free->who, who.p, who.n);
	return free;
}

static ts_t due(const struct tally_row *r)
{
	return r->count ? ts_add(r->since, PERIOD) : TS_NEVER;
}

bool tally_add(struct tally *t, unsigned what, const char *cause, struct slice who, ts_t now)
{
	who = slice_cut(who, 0, TALLY_WHO_MAX);
	struct tally_row *r = find(t->rows, TALLY_ROWS, what, cause, who, now);
	if (!r)
		r = find(t->causes, TALLY_CAUSES, what, cause, SLICE_NONE, now);
	if (!r) {
		r = &t->all;
		if (r->count == 0)
			r->since = now;
	}
	if (r->since == TS_NEVER) {
		r->since = now;
		return true;
	}
	r->count++;
	t->next = t->next ? ts_min(t->next, due(r)) : due(r);
	return false;
}

static bool take(struct tally_row *r, struct tally_sum *ret, ts_t now)
{
	if (due(r) > now || r->count == 0)
		return false;
	*ret = (struct tally_sum){ .what = r->what,
		.cause = r->cause,
		.who = slice_of(r->who, r->n_who),
		.count = r->count };
	r->count = 0;
	r->since = now;
	return true;
}

static bool take_any(struct tally *t, struct tally_sum *ret, ts_t now)
{
	for (size_t i = 0; i < TALLY_ROWS; i++)
		if (take(&t->rows[i], ret, now))
			return true;
	for (size_t i = 0; i < TALLY_CAUSES; i++)
		if (take(&t->causes[i], ret, now))
			return true;
	return take(&t->all, ret, now);
}

static ts_t next(const struct tally *t)
{
	ts_t at = due(&t->all);

	for (size_t i = 0; i < TALLY_ROWS; i++)
		at = ts_min(at, due(&t->rows[i]));
	for (size_t i = 0; i < TALLY_CAUSES; i++)
		at = ts_min(at, due(&t->causes[i]));
	return at == TS_NEVER ? 0 : at;
}

bool tally_take(struct tally *t, struct tally_sum *ret, ts_t now)
{
	if (!t->next || t->next > now)
		return false;
	if (take_any(t, ret, now))
		return true;
	t->next = next(t);
	return false;
}

ts_t tally_deadline(const struct tally *t)
{
	return t->next ? t->next : TS_NEVER;
}
