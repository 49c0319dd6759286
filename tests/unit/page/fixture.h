/* fixture.h - models of a company and its partners, for the tests of the pages and for looking at
 * them: as many pools and partners as wanted, in a mood. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/catalog.h"
#include "base/mem.h"
#include "page/page.h"

#define MINUTE INT64_C(60000000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
/* Mon 30 Nov 2026 07:58:14 in Paris, where it is 06:58:14 UTC. */
#define NOW INT64_C(1796021894000000)

enum mood { MOOD_MIXED, MOOD_CALM, MOOD_FAILED, MOOD_UNKNOWN, MOOD_LONG, MOOD_HOSTILE };
enum { PLACES_MAX = 600, FIXTURE_TESTS_MAX = 1200, NAME_SIZE = 300, CHART_BINS = 144 };

struct fixture {
	enum mood mood;
	struct zone zone;
	struct page_view view;
	struct page_watcher watchers[2];
	struct page_place pools[PLACES_MAX], partners[PLACES_MAX];
	char names[2 * PLACES_MAX][NAME_SIZE];
	struct page_test tests[FIXTURE_TESTS_MAX];
	struct sentence_test sentence_tests[FIXTURE_TESTS_MAX];
	struct page_spark sparks[PAGE_SPARK_TESTS];
	struct page_trouble troubles[4];
	struct page_days days[PLACES_MAX];
	struct page_incident_row rows[6];
	struct page_planned planned[1];
	struct page_overview overview;
	struct page_bin bins[CHART_BINS];
	unsigned seed;
};

static struct catalog fixture_catalog;

static inline const char *fixture_french(const char *id)
{
	const char *text = catalog_find(&fixture_catalog, id);

	return text ? text : id;
}

/* Borrowed for ever: NULL when it cannot be read. */
static inline text_look_up *fixture_open_french(const char *path)
{
	static char file[CATALOG_MAX];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return NULL;
	n = fread(file, 1, sizeof(file), f);
	fclose(f);
	return catalog_open(&fixture_catalog, slice_of(file, n)) == 0 ? fixture_french : NULL;
}

static inline unsigned fixture_next(struct fixture *f, unsigned below)
{
	f->seed = f->seed * 1103515245u + 12345u;
	return (f->seed >> 16) % below;
}

/* ---- names ---- */

static const char *const pool_names[] = { "Paris", "Lyon", "Lille", "Nice" };
static const char *const pool_hosts[] = { "pool-paris.litware.test", "pool-lyon.litware.test",
	"pool-lille.litware.test", "pool-nice.litware.test" };
static const char *const partner_names[] = { "Contoso", "Contoso Care", "Contoso Labs", "Fabrikam",
	"Fabrikam Energy", "Fabrikam Rail", "Litware Partners" };
static const char *const partner_domains[] = { "contoso.test", "care.contoso.test",
	"labs.contoso.test", "fabrikam.test", "energy.fabrikam.test", "rail.fabrikam.test",
	"partners.litware.test" };

#define HOSTILE                                                                                    \
	"\"'><script>alert(1)</script><img src=x onerror=alert(2)>{1}\x1b[31m\xff\xe2\x80\xae"
#define LONG63 "a-label-of-sixty-three-letters-is-the-longest-that-the-dns-has-x"

static inline struct slice fixture_name(
	struct fixture *f, unsigned i, const char *plain, const char *stem)
{
	char *room = f->names[i];

	if (f->mood == MOOD_HOSTILE)
		snprintf(room, NAME_SIZE, "%u" HOSTILE, i);
	else if (f->mood == MOOD_LONG)
		snprintf(room, NAME_SIZE, "%u-" LONG63 ".test", i);
	else if (plain)
		snprintf(room, NAME_SIZE, "%s", plain);
	else
		snprintf(room, NAME_SIZE, "%s %u", stem, i);
	return slice_str(room);
}

static inline void fixture_places(struct fixture *f, unsigned n_pools, unsigned n_partners)
{
	for (unsigned i = 0; i < n_pools; i++) {
		const struct slice name =
			fixture_name(f, i, i < COUNT(pool_names) ? pool_names[i] : NULL, "Pool");

		f->pools[i] = (struct page_place){ name, name,
			slice_str(pool_hosts[i % COUNT(pool_hosts)]) };
	}
	for (unsigned i = 0; i < n_partners; i++) {
		const bool has = i < COUNT(partner_names);
		const struct slice name =
			fixture_name(f, PLACES_MAX + i, has ? partner_names[i] : NULL, "Partner");

		f->partners[i] = (struct page_place){
			has && f->mood < MOOD_LONG ? slice_str(partner_domains[i]) : name, name,
			has && f->mood < MOOD_LONG ? slice_str(partner_domains[i]) : SLICE_NONE
		};
	}
	f->overview.set =
		(struct page_set){ f->pools, f->partners, n_pools, n_partners, f->tests, 0 };
}

/* ---- tests ---- */

static inline void fixture_troubles(struct fixture *f)
{
	const bool is_hostile = f->mood == MOOD_HOSTILE;

	f->troubles[0] = (struct page_trouble){ .reason = REASON_IM_NOT_DELIVERED,
		.message = is_hostile ? SLICE(HOSTILE) : SLICE_NONE,
		.step = is_hostile ? SLICE(HOSTILE) : SLICE_NONE,
		.command = is_hostile ? SLICE(HOSTILE) : SLICE_NONE,
		.incident = is_hostile ? SLICE(HOSTILE) : SLICE("118"),
		.run = SLICE("17-mf3v9c7k"),
		.good_run = SLICE("17-mf3a0000"),
		.run_at = NOW - 14000000,
		.good_at = NOW - 5 * HOUR - 18 * MINUTE,
		.n_failed = 318,
		.n_runs = 318,
		.alert = is_hostile ? SLICE(HOSTILE) : SLICE("ops-oncall"),
		.alert_at = NOW - 5 * HOUR - 14 * MINUTE };
	f->troubles[1] = (struct page_trouble){ .reason = REASON_IM_LATE,
		.run = SLICE("31-mf3v9c7k"),
		.run_at = NOW - 17 * MINUTE,
		.n_failed = 3,
		.n_runs = 20,
		.times = 9,
		.is_flapping = true,
		.incident = SLICE("115") };
	f->troubles[2] = (struct page_trouble){ .reason = REASON_LOCAL_SECRET,
		.message = SLICE("This watcher cannot read its own secret /etc/stox/secrets/rail: "
				 "mode 0644, and 0600 is wanted."),
		.run = SLICE("47-mf3v9c7k"),
		.run_at = NOW - MINUTE };
}

static inline void fixture_spark(struct fixture *f, struct page_test *t, size_t i)
{
	struct page_spark *s = &f->sparks[i];

	s->median_us = t->median_us;
	for (unsigned k = 0; k < PAGE_SPARK_BINS; k++)
		s->us[k] = (uint32_t)(t->median_us * (85 + fixture_next(f, 30)) / 100);
	if (t->state == WATCH_FAILED)
		for (unsigned k = 24; k < PAGE_SPARK_BINS; k++) {
			s->us[k] = 0;
			s->failed |= 1u << k;
		}
	if (t->state == WATCH_UNKNOWN)
		for (unsigned k = 18; k < PAGE_SPARK_BINS; k++)
			s->us[k] = 0;
	t->spark = s;
}

static inline void fixture_state(struct fixture *f, struct page_test *t)
{
	switch (f->mood) {
	case MOOD_CALM: break;
	case MOOD_FAILED:
	case MOOD_HOSTILE: t->state = WATCH_FAILED; break;
	case MOOD_UNKNOWN: t->state = WATCH_UNKNOWN; break;
	case MOOD_MIXED:
	case MOOD_LONG:
		if (t->pool == 0 && t->partner == 0)
			t->state = WATCH_FAILED;
		else if (t->pool == 1 && t->partner == 3 && t->kind == PAGE_TO)
			t->state = WATCH_UNSTABLE;
		else if (t->pool == 3 && t->partner == 5)
			t->state = WATCH_UNKNOWN;
		else if (t->pool == 2 && t->partner == 1)
			t->state = WATCH_MAINTENANCE;
		else if (t->pool == 3 && t->partner == 2)
			t->is_refused = true;
		break;
	}
	t->since_at = NOW - 20 * DAY;
	if (t->state == WATCH_FAILED) {
		t->since_at = NOW - 5 * HOUR - 17 * MINUTE;
		t->trouble = &f->troubles[0];
	} else if (t->state == WATCH_UNSTABLE) {
		t->since_at = NOW - 2 * HOUR - 46 * MINUTE;
		t->trouble = &f->troubles[1];
	} else if (t->state == WATCH_UNKNOWN) {
		t->since_at = NOW - 9 * HOUR - 40 * MINUTE;
		t->trouble = &f->troubles[2];
	} else if (t->state == WATCH_MAINTENANCE) {
		t->until_at = NOW + HOUR + 2 * MINUTE;
	}
}

static inline void fixture_test(
	struct fixture *f, uint32_t pool, uint32_t partner, enum page_kind kind)
{
	struct page_set *set = &f->overview.set;
	struct page_test *t = &f->tests[set->n_tests];

	*t = (struct page_test){ .id = (uint32_t)set->n_tests + 1,
		.pool = pool,
		.partner = partner,
		.kind = kind,
		.last_at = NOW - 14000000,
		.median_us = 200000 + fixture_next(f, 280) * 1000,
		.interval_us = MINUTE,
		.share = { 1437, 1440 } };
	fixture_state(f, t);
	if (set->n_tests < PAGE_SPARK_TESTS)
		fixture_spark(f, t, set->n_tests);
	f->sentence_tests[set->n_tests++] = (struct sentence_test){ .pool = pool,
		.partner = partner,
		.direction = kind == PAGE_TO     ? SENTENCE_TO
			     : kind == PAGE_FROM ? SENTENCE_FROM
						 : SENTENCE_ALONE,
		.state = t->state,
		.since_at = t->since_at };
}

/* ---- 90 days, incidents ---- */

static inline void fixture_days(struct fixture *f, unsigned i)
{
	static const struct {
		unsigned partner, before;
		enum watch_state worst;
		int64_t us;
	} bad[] = { { 0, 0, WATCH_FAILED, 5 * HOUR + 17 * MINUTE },
		{ 0, 1, WATCH_FAILED, 4 * MINUTE }, { 0, 27, WATCH_UNSTABLE, 34 * MINUTE },
		{ 0, 48, WATCH_FAILED, 41 * MINUTE }, { 1, 0, WATCH_MAINTENANCE, HOUR / 2 },
		{ 1, 28, WATCH_MAINTENANCE, 2 * HOUR }, { 1, 59, WATCH_MAINTENANCE, 2 * HOUR },
		{ 3, 77, WATCH_FAILED, 18 * MINUTE }, { 3, 0, WATCH_UNSTABLE, 2 * HOUR },
		{ 3, 1, WATCH_UNSTABLE, 2 * HOUR }, { 5, 0, WATCH_UNKNOWN, 8 * HOUR },
		{ 5, 1, WATCH_UNKNOWN, 2 * HOUR }, { 6, 68, WATCH_FAILED, 19 * MINUTE },
		{ 6, 69, WATCH_FAILED, 44 * MINUTE } };
	struct page_days *d = &f->days[i];

	*d = (struct page_days){ .name = f->partners[i].name,
		.address = f->partners[i].address,
		.href_id = f->partners[i].id,
		.share = { 518000, 518000 } };
	for (unsigned k = 0; k < PAGE_DAYS; k++)
		d->days[k].kind = i == 2 && k < 34 ? PAGE_DAY_GONE : PAGE_DAY_MEASURED;
	for (size_t k = 0; k < COUNT(bad) && f->mood != MOOD_CALM; k++)
		if (bad[k].partner == i) {
			d->days[PAGE_DAYS - 1 - bad[k].before].worst = bad[k].worst;
			d->days[PAGE_DAYS - 1 - bad[k].before].bad_us = bad[k].us;
			d->share.passed -= bad[k].worst == WATCH_FAILED ? 60 : 0;
		}
}

static inline void fixture_incidents(struct fixture *f)
{
	static const struct {
		const char *id;
		int64_t before, lasted;
		enum watch_state state;
		uint32_t pool, partner;
		bool is_both;
		enum reason reason;
		unsigned runs;
	} rows[] = {
		{ "117", 17 * HOUR + 55 * MINUTE, 4 * MINUTE, WATCH_FAILED, 0, 0, false,
			REASON_XMPP_NO_ANSWER, 4 },
		{ "114", 8 * DAY + 4 * HOUR, 21 * MINUTE, WATCH_UNKNOWN, 0, PAGE_NONE, true,
			REASON_LOCAL_NETWORK, 252 },
		{ "113", 27 * DAY, 34 * MINUTE, WATCH_UNSTABLE, 0, 0, false, REASON_IM_LATE, 7 },
		{ "112", 34 * DAY, 3 * MINUTE, WATCH_FAILED, 0, 0, true, REASON_TLS_CERT_EXPIRED,
			12 },
		{ "111", 48 * DAY, 41 * MINUTE, WATCH_FAILED, PAGE_NONE, 0, true,
			REASON_DNS_NXDOMAIN, 1328 },
		{ "109", 77 * DAY, 63 * MINUTE, WATCH_FAILED, 0, 0, true, REASON_SIP_NO_ROUTE, 36 },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		f->rows[i] = (struct page_incident_row){ .id = slice_str(rows[i].id),
			.begin_at = NOW - rows[i].before,
			.end_at = NOW - rows[i].before + rows[i].lasted,
			.state = rows[i].state,
			.pool = rows[i].pool,
			.partner = rows[i].partner,
			.is_both = rows[i].is_both,
			.reason = rows[i].reason,
			.n_runs = rows[i].runs,
			.locations = f->mood == MOOD_HOSTILE ? SLICE(HOSTILE)
							     : SLICE("inside, outside") };
	f->planned[0] = (struct page_planned){ .begin_at = NOW + 14 * HOUR,
		.end_at = NOW + 18 * HOUR,
		.what = f->mood == MOOD_HOSTILE ? SLICE(HOSTILE) : SLICE("pool Lille"),
		.why = SLICE("new certificate") };
}

/* ---- all of it ---- */

/* Central European time: winter only, which is all that is looked at. */
static inline void fixture_zone(struct fixture *f)
{
	zone_open_utc(&f->zone);
	f->zone.rule.std_name = SLICE("CET");
	f->zone.rule.std_s = 3600;
	f->zone.has_rule = true;
}

static inline void fixture_view(struct fixture *f, text_look_up *look_up)
{
	const bool is_hostile = f->mood == MOOD_HOSTILE;

	fixture_zone(f);
	f->watchers[0] = (struct page_watcher){ is_hostile ? SLICE(HOSTILE) : SLICE("paris-1"),
		SLICE("inside"), NOW - 4000000 };
	f->watchers[1] = (struct page_watcher){ SLICE("dmz-1"), SLICE("outside"), NOW - 3000000 };
	f->view = (struct page_view){ .look_up = look_up,
		.zone = &f->zone,
		.zone_name = SLICE("Europe/Paris"),
		.now_at = NOW,
		.site = is_hostile ? SLICE(HOSTILE) : SLICE("Litware"),
		.may = 1u << PAGE_MAY_RUN | 1u << PAGE_MAY_ACK,
		.form_token = is_hostile ? SLICE(HOSTILE) : SLICE("3f7a"),
		.is_live = true,
		.last_at = NOW,
		.interval_us = MINUTE,
		.watchers = f->watchers,
		.n_watchers = 2,
		.tests_a_minute = 54,
		.delay_p99_us = 3000 };
}

/* The last partner has no test from the last pool. */
static inline struct fixture *fixture_new(
	enum mood mood, unsigned n_pools, unsigned n_partners, text_look_up *look_up)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	f->mood = mood;
	f->seed = 7;
	fixture_view(f, look_up);
	fixture_places(f, n_pools, n_partners);
	fixture_troubles(f);
	fixture_incidents(f);
	for (uint32_t partner = 0; partner < n_partners; partner++) {
		for (uint32_t pool = 0; pool < n_pools; pool++) {
			if (n_partners == 7 && partner == 6 && pool == 3)
				continue;
			fixture_test(f, pool, partner, PAGE_TO);
			fixture_test(f, pool, partner, PAGE_FROM);
		}
		fixture_days(f, partner);
	}
	f->overview.sentence =
		sentence_of(f->sentence_tests, f->overview.set.n_tests, NOW, MINUTE, NOW);
	f->overview.days = f->days;
	f->overview.n_days = n_partners;
	f->overview.over = f->rows;
	f->overview.n_over = n_partners ? 2 : 0;
	f->overview.planned = f->planned;
	f->overview.n_planned = 1;
	f->overview.failed_last_at = NOW - 30 * DAY - 20 * HOUR;
	return f;
}

/* ---- a test ---- */

static inline struct page_chart fixture_chart(struct fixture *f)
{
	for (unsigned i = 0; i < CHART_BINS; i++) {
		struct page_bin *b = &f->bins[i];
		const bool is_slow = i > 80 && i < 92;

		*b = (struct page_bin){ .is_measured = true, .n_runs = 10 };
		b->signin_us = 160000 + fixture_next(f, 30) * 1000;
		b->there_us = (is_slow ? 240000 : 110000) + fixture_next(f, 40) * 1000;
		b->back_us = 90000 + fixture_next(f, 20) * 1000;
		b->p95_us = b->signin_us + b->there_us + b->back_us + (is_slow ? 300000 : 80000);
		b->worst = i % 29 == 5 ? WATCH_UNSTABLE : WATCH_OK;
		if (i >= 38 && i < 52)
			*b = (struct page_bin){ PAGE_NO_SPAN, PAGE_NO_SPAN, PAGE_NO_SPAN,
				PAGE_NO_SPAN, 0, 0, false, WATCH_OK };
		if (i >= 112)
			*b = (struct page_bin){ b->signin_us, PAGE_NO_SPAN, PAGE_NO_SPAN,
				PAGE_NO_SPAN, 10, 10, true, WATCH_FAILED };
	}
	return (struct page_chart){ .begin_at = NOW - DAY,
		.bin_us = 10 * MINUTE,
		.bins = f->bins,
		.n_bins = CHART_BINS,
		.p99_us = 560000,
		.failed_since_at = NOW - 5 * HOUR - 17 * MINUTE };
}
