/* Several watchers with one history under simulated time: killed, stopped for longer than a lease
 * and continued, their history away, one of them an hour off.  At most one slot in 5,000 is missed,
 * none is recorded twice, and what a dead watcher had is taken over within two intervals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "watch/lease.h"
#include "watch/schedule.h"

enum {
	TESTS = 1000,
	WATCHERS_MAX = 10,
	ROWS_MAX = 2 * WATCHERS_MAX, /* some start again */
	SLOTS_MAX = 64,
	MINUTES = 30,
	WARM_UP = 3, /* minutes that are not counted, at both ends */
	SPOOL_MAX = TESTS * 4,
};
#define EPOCH    (INT64_C(1700000000) * 1000000) /* the server's time when the clocks were 0 */
#define INTERVAL TS_S(60)
#define LENGTH   TS_S(45)
#define HOUR_US  (INT64_C(3600) * 1000000)

/* ---- the history ---- */

static struct server {
	bool is_away;
	struct {
		int64_t holder, fence, until;
	} leases[TESTS];
	struct {
		int64_t id, seen_until;
	} watchers[ROWS_MAX];
	unsigned n_watchers;
	int64_t newest[TESTS];
	uint8_t slots[TESTS][SLOTS_MAX]; /* how often each was recorded */
	unsigned n_doubles, n_fenced;    /* refused */
	int64_t state_fence[TESTS];
} server;

/* ---- a watcher ---- */

struct result {
	unsigned test;
	int64_t slot, fence;
};

static struct watcher {
	int64_t me;
	bool is_alive, is_stopped;
	struct lease *lease;
	struct schedule schedule;
	struct schedule_test tests[TESTS];
	int64_t fences[TESTS], slots[TESTS];
	bool is_owned[TESTS], is_leaving[TESTS];
	ts_t ends[TESTS]; /* of the run; 0: none */
	struct lease_want want;
	struct lease_answer answer;
	struct lease_held held[TESTS];
	int64_t newest[TESTS]; /* of each of `held` */
	ts_t server_does_at, answered_at;
	bool is_asking, is_done;
	struct result spool[SPOOL_MAX];
	unsigned n_spool;
} watchers[WATCHERS_MAX];

static unsigned n_watchers;
static struct rng rng;
static ts_t now;
static unsigned n_started;
static int64_t next_me;

static int64_t server_time(void)
{
	return EPOCH + (int64_t)now;
}

/* ---- what the server does ---- */

static unsigned there(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < server.n_watchers; i++)
		n += server.watchers[i].seen_until > server_time();
	return n;
}

static void see(int64_t me, int64_t until)
{
	unsigned i = 0;

	while (i < server.n_watchers && server.watchers[i].id != me)
		i++;
	assert_true(i < ROWS_MAX);
	if (i == server.n_watchers)
		server.watchers[server.n_watchers++].id = me;
	server.watchers[i].seen_until = until;
}

static void hand_out(struct watcher *w, unsigned test)
{
	w->newest[w->answer.n_held] = server.newest[test];
	w->held[w->answer.n_held++] =
		(struct lease_held){ (int64_t)test + 1, server.leases[test].fence };
}

static void renew(struct watcher *w)
{
	see(w->me, server_time() + w->want.length_us);
	for (unsigned i = 0; i < TESTS; i++) {
		if (server.leases[i].holder != w->me)
			continue;
		server.leases[i].until = server_time() + w->want.length_us;
		hand_out(w, i);
	}
}

static void claim(struct watcher *w)
{
	for (size_t i = 0; i < w->want.n_ids && w->answer.n_held < w->want.max; i++) {
		const unsigned test = (unsigned)w->want.ids[i] - 1;

		if (server.leases[test].until >= server_time() - w->want.grace_us)
			continue;
		server.leases[test].holder = w->me;
		server.leases[test].fence++;
		server.leases[test].until = server_time() + w->want.length_us;
		hand_out(w, test);
	}
}

static void release(struct watcher *w)
{
	for (unsigned i = 0; i < TESTS; i++) {
		bool is_named = w->want.n_ids == 0;

		for (size_t k = 0; k < w->want.n_ids; k++)
			is_named |= w->want.ids[k] == (int64_t)i + 1;
		if (!is_named || server.leases[i].holder != w->me)
			continue;
		server.leases[i].holder = 0;
		server.leases[i].until = server_time() - 1;
	}
	if (w->want.n_ids == 0)
		see(w->me, 0);
}

static void record(const struct result *r)
{
	const int64_t k = (r->slot - EPOCH) / (int64_t)INTERVAL;

	assert_true(k >= 0 && k < SLOTS_MAX);
	if (server.slots[r->test][k]++) {
		server.n_doubles++;
		return;
	}
	if (r->slot > server.newest[r->test])
		server.newest[r->test] = r->slot;
	if (r->fence < server.state_fence[r->test]) {
		server.n_fenced++;
		return;
	}
	server.state_fence[r->test] = r->fence;
}

static void flush(struct watcher *w)
{
	for (unsigned i = 0; i < w->n_spool && !server.is_away; i++)
		record(&w->spool[i]);
	if (!server.is_away)
		w->n_spool = 0;
}

static void do_want(struct watcher *w)
{
	w->is_done = true;
	w->answer.result = server.is_away ? LEASE_UNREACHABLE : LEASE_DONE;
	w->answered_at = now + TS_MS(1) + rng_below(&rng, 4000);
	w->answer.done_at = w->answered_at;
	if (server.is_away)
		return;
	flush(w);
	switch (w->want.type) {
	case LEASE_RENEW: renew(w); break;
	case LEASE_CLAIM: claim(w); break;
	case LEASE_RELEASE: release(w); break;
	}
	w->answer.server_at = server_time();
	w->answer.n_watchers = w->answer.n_here = there();
	w->answer.n_tests = TESTS;
	w->answer.held = w->held;
}

/* ---- what a watcher does ---- */

static void start_watcher(struct watcher *w)
{
	const struct schedule_cfg schedule = { .room = TESTS, .late_max = TS_S(30) };
	struct lease_test all[TESTS];
	const struct lease_cfg cfg = { .me = ++next_me, .length = LENGTH };

	memset(w, 0, sizeof(*w));
	w->me = cfg.me;
	w->is_alive = true;
	assert_int_equal(lease_new(&w->lease, &cfg, now), 0);
	for (unsigned i = 0; i < TESTS; i++)
		all[i] = (struct lease_test){ .id = (int64_t)i + 1 };
	assert_int_equal(lease_push_tests(w->lease, all, TESTS, now), 0);
	/* Its own clock is an hour off, whoever it is: it is not looked at. */
	assert_int_equal(schedule_init(&w->schedule, &schedule, EPOCH + HOUR_US), 0);
}

static void kill_watcher(struct watcher *w)
{
	if (!w->is_alive)
		return;
	w->is_alive = false;
	w->lease = lease_free(w->lease);
	schedule_done(&w->schedule);
}

static void take_out(struct watcher *w, unsigned test)
{
	if (w->is_owned[test])
		schedule_remove(&w->schedule, &w->tests[test], now);
	w->is_owned[test] = w->is_leaving[test] = false;
	w->ends[test] = 0;
}

static int64_t newest_of(const struct watcher *w, int64_t id)
{
	for (size_t i = 0; i < w->answer.n_held; i++)
		if (w->held[i].test_id == id)
			return w->newest[i];
	fail_msg("test %ld was owned and not claimed", (long)id);
	return 0;
}

static void own(struct watcher *w, const struct lease_event *e)
{
	const unsigned test = (unsigned)e->test_id - 1;

	w->tests[test] = (struct schedule_test){ .id = (uint64_t)e->test_id,
		.interval_us = (int64_t)INTERVAL };
	w->is_owned[test] = true;
	w->fences[test] = e->fence;
	assert_int_equal(
		schedule_inherit(&w->schedule, &w->tests[test], newest_of(w, e->test_id), now), 0);
}

static void take_lease(struct watcher *w)
{
	struct lease_event e;
	int64_t ahead;

	if (lease_ahead(w->lease, &ahead)) {
		assert_true(llabs(ahead - EPOCH) < 50000);
		schedule_push_clock(&w->schedule, ahead, now);
	}
	while (lease_take_event(w->lease, &e)) {
		const unsigned test = (unsigned)e.test_id - 1;

		switch (e.type) {
		case LEASE_EV_OWNED: own(w, &e); break;
		case LEASE_EV_LEAVE:
			if (w->ends[test]) {
				w->is_leaving[test] = true;
				break;
			}
			take_out(w, test);
			lease_push_idle(w->lease, e.test_id, now);
			break;
		case LEASE_EV_LOST: take_out(w, test); break;
		}
	}
}

static void finish_run(struct watcher *w, unsigned test)
{
	assert_true(w->n_spool < SPOOL_MAX);
	w->ends[test] = 0;
	w->spool[w->n_spool++] = (struct result){ test, w->slots[test], w->fences[test] };
	schedule_push_done(&w->schedule, &w->tests[test], now);
	if (!w->is_leaving[test])
		return;
	take_out(w, test);
	lease_push_idle(w->lease, (int64_t)test + 1, now);
}

static void take_starts(struct watcher *w)
{
	struct schedule_event e;

	while (schedule_take_event(&w->schedule, &e, now)) {
		if (e.type != SCHEDULE_EV_START)
			continue;
		const unsigned test = (unsigned)(e.test - w->tests);
		w->slots[test] = e.scheduled_at;
		w->ends[test] = now + TS_MS(200) + TS_MS(rng_below(&rng, 800));
		n_started++;
	}
}

static void ask(struct watcher *w)
{
	if (w->is_asking || !lease_take_want(w->lease, &w->want, now))
		return;
	w->is_asking = true;
	w->is_done = false;
	w->server_does_at = now + TS_MS(1) + rng_below(&rng, 4000);
	w->answer = (struct lease_answer){
		.type = w->want.type, .number = w->want.number, .sent_at = now
	};
}

static void turn(struct watcher *w)
{
	if (w->is_asking && !w->is_done && now >= w->server_does_at)
		do_want(w);
	if (w->is_stopped)
		return; /* what it has sent is done, and it does not hear of it */
	if (w->is_asking && w->is_done && now >= w->answered_at) {
		w->is_asking = false;
		w->answer.done_at = now;
		lease_push_answer(w->lease, &w->answer, now);
	}
	lease_push_time(w->lease, now);
	take_lease(w);
	for (unsigned i = 0; i < TESTS && now % TS_MS(100) == 0; i++)
		if (w->ends[i] && now >= w->ends[i])
			finish_run(w, i);
	if (now % TS_S(1) == 0)
		flush(w);
	schedule_push_time(&w->schedule, now);
	take_starts(w);
	ask(w);
}

/* ---- what happens to them ---- */

enum fault { KILL, START, STOP, CONTINUE, AWAY, BACK, END };
struct act {
	unsigned at_s; /* since the start */
	enum fault what;
	unsigned who;
};

static void act(const struct act *a)
{
	struct watcher *w = &watchers[a->who];

	switch (a->what) {
	case KILL: kill_watcher(w); break;
	case START: start_watcher(w); break;
	case STOP: w->is_stopped = true; break;
	case CONTINUE: w->is_stopped = false; break;
	case AWAY: server.is_away = true; break;
	case BACK: server.is_away = false; break;
	case END:
		lease_push_stop(w->lease, now);
		w->is_asking = false;
		ask(w);
		do_want(w);
		kill_watcher(w);
		break;
	}
}

/* By steps as fine as a turn of a loop needs to be here. */
static void live(const struct act *acts, size_t n)
{
	memset(&server, 0, sizeof(server));
	n_started = 0;
	now = TS_S(60);
	rng_init_number(&rng, 11);
	for (unsigned i = 0; i < n_watchers; i++)
		start_watcher(&watchers[i]);
	for (const struct act *a = acts; now < TS_S(60) * (MINUTES + 1); now += TS_MS(20)) {
		for (; a < acts + n && now >= TS_S(60) + TS_S(a->at_s); a++)
			act(a);
		for (unsigned i = 0; i < n_watchers; i++)
			if (watchers[i].is_alive)
				turn(&watchers[i]);
	}
}

static void stop_all(void)
{
	for (unsigned i = 0; i < n_watchers; i++)
		kill_watcher(&watchers[i]);
}

static unsigned missed(unsigned *ret_slots)
{
	const int64_t from = EPOCH + (int64_t)INTERVAL * (1 + WARM_UP);
	const int64_t until = EPOCH + (int64_t)INTERVAL * (1 + MINUTES - WARM_UP);
	unsigned n = 0;

	*ret_slots = 0;
	for (unsigned i = 0; i < TESTS; i++)
		for (unsigned k = 0; k < SLOTS_MAX; k++) {
			const int64_t slot = EPOCH + (int64_t)(k * INTERVAL) +
					     schedule_offset(i + 1, (int64_t)INTERVAL);

			if (slot < from || slot >= until)
				continue;
			++*ret_slots;
			n += server.slots[i][k] == 0;
		}
	return n;
}

/* Whoever is there has his share, and of nothing more than one thinks that it is his. */
static void check_shares(void)
{
	unsigned n_alive = 0;

	for (unsigned i = 0; i < n_watchers; i++)
		n_alive += watchers[i].is_alive;
	for (unsigned i = 0; i < n_watchers; i++)
		if (watchers[i].is_alive)
			assert_true(lease_counts(watchers[i].lease).held <=
				    (TESTS + n_alive - 1) / n_alive);
	for (unsigned t = 0; t < TESTS; t++) {
		unsigned n = 0;

		for (unsigned i = 0; i < n_watchers; i++)
			n += watchers[i].is_alive && watchers[i].is_owned[t];
		assert_int_equal(n, 1);
	}
}

static void check(const char *name, unsigned doubles_max)
{
	unsigned n_slots;
	const unsigned n = missed(&n_slots);

	print_message("%s: %u slots, %u missed, %u run twice, %u states refused\n", name, n_slots,
		n, server.n_doubles, server.n_fenced);
	assert_true(n * 5000 <= n_slots);
	assert_true(server.n_doubles <= doubles_max);
}

static void run(const char *name, const struct act *acts, size_t n, unsigned doubles_max)
{
	static const unsigned sizes[] = { 3, 10 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		n_watchers = sizes[i];
		live(acts, n);
		check(name, doubles_max);
		check_shares();
		stop_all();
	}
}

static void nothing_happens(void **state)
{
	(void)state;
	run("nothing", NULL, 0, 0);
}

static void one_is_killed(void **state)
{
	static const struct act acts[] = { { 400, KILL, 1 } };

	(void)state;
	run("killed", acts, COUNT(acts), 0);
}

static void one_is_killed_and_starts_at_once(void **state)
{
	static const struct act acts[] = { { 400, KILL, 1 }, { 401, START, 1 }, { 700, KILL, 2 },
		{ 702, START, 2 } };

	(void)state;
	run("killed and started", acts, COUNT(acts), 0);
}

static void one_is_stopped_for_longer_than_its_lease(void **state)
{
	static const struct act acts[] = { { 400, STOP, 0 }, { 500, CONTINUE, 0 } };

	(void)state;
	run("stopped", acts, COUNT(acts), 30);
}

static void the_history_is_away(void **state)
{
	static const struct act acts[] = { { 400, AWAY, 0 }, { 425, BACK, 0 }, { 600, AWAY, 0 },
		{ 780, BACK, 0 } };

	(void)state;
	run("history away", acts, COUNT(acts), 30);
}

static void one_ends_in_order(void **state)
{
	static const struct act acts[] = { { 400, END, 0 }, { 460, START, 0 } };

	(void)state;
	run("ended", acts, COUNT(acts), 0);
}

static void all_of_it(void **state)
{
	static const struct act acts[] = { { 300, KILL, 0 }, { 310, START, 0 }, { 420, STOP, 1 },
		{ 500, CONTINUE, 1 }, { 620, AWAY, 0 }, { 645, BACK, 0 }, { 700, END, 2 },
		{ 720, START, 2 }, { 900, KILL, 1 }, { 1100, START, 1 } };

	(void)state;
	run("all of it", acts, COUNT(acts), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_happens),
		cmocka_unit_test(one_is_killed),
		cmocka_unit_test(one_is_killed_and_starts_at_once),
		cmocka_unit_test(one_is_stopped_for_longer_than_its_lease),
		cmocka_unit_test(the_history_is_away),
		cmocka_unit_test(one_ends_in_order),
		cmocka_unit_test(all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
