#include "watcher/days.h"

#include "watcher/shown.h"

static void add_day(struct page_day *ret, const struct store_day *d)
{
	if (!d->runs)
		return;
	const int64_t bad_us = (int64_t)d->bad_s * 1000000;
	const bool is_first = ret->kind == PAGE_DAY_GONE;
	ret->kind = PAGE_DAY_MEASURED;
	if (is_first || watch_state_is_worse(d->worst, ret->worst))
		ret->worst = d->worst;
	if (bad_us > ret->bad_us)
		ret->bad_us = bad_us;
}

/* The days come from hours that are over: of today's first one the states in memory know. */
static struct store_day today_of(
	const struct watched *t, const struct zone_span *day, int64_t now_at)
{
	const int64_t since = t->state.since_at > day->begin ? t->state.since_at : day->begin;
	/* It may lie in the future of a clock that was set back. */
	const bool is_failed = t->state.state == WATCH_FAILED && since < now_at;

	return (struct store_day){ .runs = t->state.last_at >= day->begin,
		.worst = t->state.state,
		.bad_s = is_failed ? (uint32_t)((now_at - since) / 1000000) : 0 };
}

static void add_days(struct page_days *ret, const struct store_overview_test *t,
	const struct store_day *today, struct page_share share)
{
	ret->share.passed += share.passed;
	ret->share.judged += share.judged;
	for (unsigned i = 0; i + 1 < PAGE_DAYS; i++)
		add_day(&ret->days[i], &t->strip[i]);
	add_day(&ret->days[PAGE_DAYS - 1], &t->strip[PAGE_DAYS - 1]);
	add_day(&ret->days[PAGE_DAYS - 1], today);
}

void days_add(struct page_days *ret, const struct store_overview *o, size_t i,
	const struct watched *w, int64_t now_at)
{
	const struct store_overview_test *t = &o->tests[i];
	const struct page_share kept = shown_share(&t->days);
	const struct store_day today = today_of(w, &o->days[STORE_DAYS - 1], now_at);

	add_days(ret, t, &today, kept.judged ? kept : shown_seen(w));
}
