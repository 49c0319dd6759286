#include "watch/sentence.h"

#include "watch/rollup.h"

enum { SILENT_INTERVALS = 2 };

/* What the failed tests have in common with the one that failed first. */
struct common {
	const struct sentence_test *first;
	bool is_pool, is_partner; /* all failed ones are of it */
	unsigned n_passing;       /* of all tests that can be judged */
	unsigned n_way_back;      /* that pass, of the same pair */
	unsigned n_to_partner_passing, n_from_pool_passing;
	bool has_other_pool, has_other_partner; /* among those that failed */
};

static bool is_pair(const struct sentence_test *t)
{
	return t->direction != SENTENCE_ALONE;
}

static void look_at_failed(struct common *c, const struct sentence_test *t)
{
	c->is_pool = c->is_pool && t->pool == c->first->pool;
	c->is_partner = c->is_partner && t->partner == c->first->partner;
	if (t->direction != SENTENCE_TO)
		return;
	c->has_other_pool = c->has_other_pool || t->pool != c->first->pool;
	c->has_other_partner = c->has_other_partner || t->partner != c->first->partner;
}

static void look_at_passing(struct common *c, const struct sentence_test *t)
{
	c->n_passing++;
	if (!is_pair(t))
		return;
	if (t->pool == c->first->pool && t->partner == c->first->partner)
		c->n_way_back++;
	if (t->direction != SENTENCE_TO)
		return;
	c->n_to_partner_passing += t->partner == c->first->partner;
	c->n_from_pool_passing += t->pool == c->first->pool;
}

static struct common common_of(const struct sentence_test *tests, size_t n, uint32_t first)
{
	struct common c = { .first = &tests[first], .is_pool = true, .is_partner = true };

	for (size_t i = 0; i < n; i++) {
		if (tests[i].state == WATCH_FAILED)
			look_at_failed(&c, &tests[i]);
		else if (watch_state_is_judged(tests[i].state))
			look_at_passing(&c, &tests[i]);
	}
	return c;
}

static enum sentence_kind kind_of_failures(const struct common *c, unsigned n)
{
	if (n == 1 && (!is_pair(c->first) || c->n_way_back > 0))
		return SENTENCE_TEST;
	if (c->is_pool && c->is_partner && is_pair(c->first))
		return c->n_way_back > 0 ? SENTENCE_TEST : SENTENCE_PAIR;
	if (c->is_partner && c->has_other_pool && c->n_to_partner_passing == 0)
		return SENTENCE_PARTNER;
	if (c->is_pool && c->has_other_partner && c->n_from_pool_passing == 0)
		return SENTENCE_POOL;
	return c->n_passing == 0 ? SENTENCE_NOTHING : SENTENCE_SEVERAL;
}

/* The one that has been so for longest. */
static uint32_t first_of(const struct sentence_test *tests, size_t n, enum watch_state state)
{
	uint32_t first = SENTENCE_NONE;

	for (size_t i = 0; i < n; i++) {
		if (tests[i].state != state || tests[i].since_at == 0)
			continue;
		if (first == SENTENCE_NONE || tests[i].since_at < tests[first].since_at)
			first = (uint32_t)i;
	}
	return first;
}

static void say_failures(struct sentence *s, const struct sentence_test *tests, size_t n)
{
	const struct common c = common_of(tests, n, s->test);

	s->kind = kind_of_failures(&c, s->n);
	if (c.is_pool)
		s->pool = c.first->pool;
	if (c.is_partner)
		s->partner = c.first->partner;
	s->direction = c.first->direction;
}

static enum sentence_kind kind_of_others(enum watch_state s)
{
	switch (s) {
	case WATCH_OK: return SENTENCE_OK;
	case WATCH_UNSTABLE: return SENTENCE_UNSTABLE;
	case WATCH_UNKNOWN: return SENTENCE_UNKNOWN;
	case WATCH_MAINTENANCE: return SENTENCE_MAINTENANCE;
	case WATCH_FAILED: return SENTENCE_SEVERAL;
	}
	return SENTENCE_UNKNOWN;
}

struct sentence sentence_of(const struct sentence_test *tests, size_t n, int64_t last_at,
	int64_t interval_us, int64_t now_at)
{
	struct sentence s = { .kind = SENTENCE_NO_TEST,
		.state = WATCH_UNKNOWN,
		.test = SENTENCE_NONE,
		.pool = SENTENCE_NONE,
		.partner = SENTENCE_NONE };
	struct rollup all = { 0 };

	if (n == 0)
		return s;
	if (last_at == 0) {
		s.kind = SENTENCE_NOT_YET;
		return s;
	}
	if (now_at - last_at > SILENT_INTERVALS * interval_us) {
		s.kind = SENTENCE_SILENT;
		s.since = last_at;
		return s;
	}
	for (size_t i = 0; i < n; i++)
		if (tests[i].since_at)
			rollup_add(&all, tests[i].state);
	if (rollup_count(&all) == 0) {
		s.kind = SENTENCE_NOT_YET;
		return s;
	}
	s.state = rollup_worst(&all);
	s.n = all.counts[s.state];
	s.test = first_of(tests, n, s.state);
	s.since = s.state == WATCH_OK ? 0 : tests[s.test].since_at;
	s.kind = kind_of_others(s.state);
	if (s.state == WATCH_FAILED)
		say_failures(&s, tests, n);
	return s;
}
