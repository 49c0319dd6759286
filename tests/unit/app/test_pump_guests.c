/* Engines by the thousand: each is served, nothing is done for one that has nothing to do, and one
 * can go at any time. */
#include "app/pump_private.h"

#include <signal.h>
#include <sys/resource.h>

#include "pump_rig.h"

#include "../clock.h"

enum { MANY = 3000, SOCKETS = 400 };

/* Small, where a toy has room for everything. */
struct guest {
	struct pump_guest *place;
	ts_t deadline;
	unsigned n_asked; /* for its deadline */
	unsigned n_pushed, n_wakes, n_clocks, n_stops, n_drained;
	bool wants_listener, wants_dns, is_up, knows, is_gone, leaves, repeats, stops;
	unsigned number;
	struct addr local;
	struct guest *takes_along; /* when it is drained */
};

static struct guest guests[MANY];

static void guest_push(void *self, const struct fact *in, ts_t now)
{
	struct guest *g = self;

	(void)now;
	assert_false(g->is_gone);
	g->n_pushed++;
	g->n_clocks += in->type == FACT_CLOCK;
	g->n_stops += in->type == FACT_STOP;
	if (in->type == FACT_LISTEN_UP) {
		g->is_up = true;
		g->local = *in->local;
	}
	if (in->type == FACT_DNS) {
		assert_int_equal(in->dns->status, DNS_OK);
		assert_int_equal(in->dns->records[0].addr.ip[2], g->number >> 8);
		assert_int_equal(in->dns->records[0].addr.ip[3], g->number & 0xff);
		g->knows = true;
	}
}

static void guest_time(void *self, ts_t now)
{
	struct guest *g = self;

	assert_false(g->is_gone);
	assert_true(now >= g->deadline);
	g->n_wakes++;
	if (!g->repeats)
		g->deadline = TS_NEVER;
}

static bool guest_output(void *self, struct output *ret)
{
	(void)ret;
	assert_false(((struct guest *)self)->is_gone);
	return false;
}

static bool guest_want(void *self, struct want *ret)
{
	struct guest *g = self;

	assert_false(g->is_gone);
	if (g->wants_listener) {
		*ret = (struct want){ .type = WANT_LISTEN, .transport = TRANSPORT_UDP };
		assert_true(addr_decode(SLICE("127.0.0.1:0"), &ret->addr));
		g->wants_listener = false;
		return true;
	}
	if (!g->wants_dns)
		return false;
	*ret = (struct want){ .type = WANT_DNS, .dns_id = 7, .dns_type = DNS_A };
	snprintf(ret->name, sizeof(ret->name), "127.0.%u.%u", g->number >> 8, g->number & 0xff);
	g->wants_dns = false;
	return true;
}

static ts_t guest_deadline(const void *self)
{
	struct guest *g = (struct guest *)(uintptr_t)self;

	assert_false(g->is_gone);
	g->n_asked++;
	return g->deadline;
}

static const struct engine_ops guest_ops = { "guest", guest_push, guest_time, guest_output,
	guest_want, guest_deadline };

static void leave(struct guest *g)
{
	if (g->is_gone)
		return;
	g->is_gone = true;
	pump_dismiss(pump, g->place);
}

static void guest_drained(void *arg)
{
	struct guest *g = arg;

	g->n_drained++;
	if (g->takes_along)
		leave(g->takes_along);
	if (g->leaves)
		leave(g);
	if (g->stops && g->n_wakes)
		pump_stop(pump);
}

static void host(struct guest *g, unsigned number)
{
	const struct pump_guest_cfg cfg = {
		.e = { &guest_ops, g }, .drained = guest_drained, .arg = g
	};

	g->number = number;
	assert_int_equal(pump_host(pump, &cfg, &g->place), 0);
	assert_int_equal(g->n_drained, 0); /* nothing of it is called from there */
}

static void host_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		host(&guests[i], i);
}

static int begin_test(void **state)
{
	clock_reset();
	memset(guests, 0, sizeof(guests));
	for (unsigned i = 0; i < MANY; i++)
		guests[i].deadline = TS_NEVER;
	return set_up(state);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin_test, tear_down)

/* Ends the run in `ms`. */
static void stop_at_time(struct toy *t, const struct fact *in)
{
	t->done = !in;
}

static void run_for(unsigned ms)
{
	if (!a.react)
		assert_int_equal(pump_add(pump, engine_of(&a)), 0);
	a.react = stop_at_time;
	a.deadline = ts_add(pump_now(pump), TS_MS(ms));
	run();
}

/* ---- many ---- */

static void each_has_its_answer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		guests[i].wants_dns = true;
	host_all(MANY);
	assert_int_equal(pump_n_guests(pump), MANY);
	run_for(1);
	for (unsigned i = 0; i < MANY; i++) {
		assert_true(guests[i].knows);
		assert_int_equal(guests[i].n_clocks, 1);
	}
}

static void each_has_its_socket(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SOCKETS; i++)
		guests[i].wants_listener = true;
	host_all(SOCKETS);
	run_for(1);
	for (unsigned i = 0; i < SOCKETS; i++)
		assert_true(guests[i].is_up && guests[i].local.port);
	assert_int_equal(pump->listeners.n, SOCKETS);
	for (unsigned i = 0; i < SOCKETS; i++)
		leave(&guests[i]);
	run_for(0);
	assert_int_equal(pump->listeners.n, 0);
	assert_int_equal(pump_n_guests(pump), 0);
	assert_true(list_empty(&pump->guests.all)); /* nothing of them is left */
}

static void there_is_room_for_so_many(void **state)
{
	struct guest one = { .deadline = TS_NEVER };
	const struct pump_guest_cfg cfg = { .e = { &guest_ops, &one } };
	struct pump_guest *place, *last = NULL;

	(void)state;
	for (unsigned i = 0; i < PUMP_GUESTS_MAX; i++)
		assert_int_equal(pump_host(pump, &cfg, &last), 0);
	assert_int_equal(pump_host(pump, &cfg, &place), -ENOBUFS);
	pump_dismiss(pump, last);
	assert_int_equal(pump_host(pump, &cfg, &place), 0);
}

static void without_memory_there_is_no_place(void **state)
{
	const struct pump_guest_cfg cfg = { .e = { &guest_ops, &guests[0] } };
	struct pump_guest *place;
	int err = -ENOMEM;

	(void)state;
	for (long n = 0; err == -ENOMEM && n < 20; n++) {
		mem_fail_after(n);
		err = pump_host(pump, &cfg, &place);
		mem_fail_after(-1);
		assert_int_equal(pump_n_guests(pump), err == 0);
	}
	assert_int_equal(err, 0);
	run_for(0); /* and the pump goes on */
	assert_int_equal(guests[0].n_clocks, 1);
}

/* ---- deadlines ---- */

static void each_is_woken_at_its_time(void **state)
{
	const ts_t now = pump_now(pump);

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		guests[i].deadline = i % 3 == 2 ? TS_NEVER : ts_add(now, TS_MS(i % 3 * 5000 + 1));
	host_all(MANY);
	run_for(3);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(guests[i].n_wakes, i % 3 == 0);
}

/* Nobody else is there to wake the pump for it. */
static void one_alone_is_woken_at_its_time(void **state)
{
	(void)state;
	guests[0].stops = true;
	guests[0].deadline = ts_add(pump_now(pump), TS_MS(1));
	host(&guests[0], 0);
	run();
	assert_int_equal(guests[0].n_wakes, 1);
}

static void one_that_has_nothing_to_do_is_not_asked(void **state)
{
	(void)state;
	host_all(MANY);
	run_for(0);
	unsigned asked = guests[MANY - 1].n_asked;
	guests[MANY - 1].repeats = false;
	for (unsigned i = 0; i < 20; i++)
		run_for(0);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(guests[i].n_asked, asked);
}

/* One whose deadline stays in the past has its turn, and the others theirs. */
static void none_holds_up_the_others(void **state)
{
	(void)state;
	guests[0].repeats = guests[1].repeats = true;
	guests[0].deadline = guests[1].deadline = 0;
	guests[2].deadline = ts_add(pump_now(pump), TS_MS(1));
	host_all(3);
	run_for(3);
	assert_int_equal(guests[2].n_wakes, 1);
	assert_true(guests[0].n_wakes > 1);
	assert_in_range(guests[0].n_wakes, guests[1].n_wakes - 1, guests[1].n_wakes + 1);
}

/* ---- those that go ---- */

static void one_may_go_while_it_is_drained(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		guests[i].leaves = i % 2;
	host_all(MANY);
	run_for(1);
	assert_int_equal(pump_n_guests(pump), MANY / 2);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(guests[i].n_drained, 1);
}

/* Also one that is due in the same wake-up, or has a fact waiting, or hears of the same signal. */
static void one_may_take_another_along(void **state)
{
	enum when { AT_FACT, AT_TIME, AT_SIGNAL, WHENS };

	for (unsigned when = 0; when < WHENS; when++)
		for (unsigned first = 0; first < 2; first++) {
			tear_down(state);
			begin_test(state);
			guests[0].wants_dns = guests[1].wants_dns = true;
			if (when != AT_FACT) {
				host_all(2);
				run_for(0);
			}
			guests[first].takes_along = &guests[!first];
			if (when == AT_FACT)
				host_all(2);
			if (when == AT_SIGNAL)
				raise(SIGTERM);
			for (unsigned i = 0; i < 2 && when == AT_TIME; i++) {
				const struct fact in = { .type = FACT_CLOCK };

				guests[i].deadline = 0;
				pump_tell(pump, guests[i].place, &in);
			}
			run_for(2);
			assert_true(guests[!first].is_gone); /* and nothing of it was called */
			assert_false(guests[first].is_gone);
		}
}

static void what_waits_for_one_that_is_gone_is_told_to_nobody(void **state)
{
	const struct fact stop = { .type = FACT_STOP };

	(void)state;
	host_all(2);
	pump_tell(pump, guests[0].place, &stop);
	pump_tell(pump, guests[1].place, &stop);
	leave(&guests[0]);
	host(&guests[2], 2); /* perhaps in its memory */
	run_for(1);
	assert_int_equal(guests[0].n_pushed, 0);
	assert_int_equal(guests[1].n_stops, 1);
	assert_int_equal(guests[2].n_stops, 0);
}

static void a_pump_can_be_freed_with_guests_in_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		guests[i].wants_listener = guests[i].wants_dns = true;
	host_all(10);
	leave(&guests[3]);
	run_for(0);
	leave(&guests[4]);
	host(&guests[10], 10);
}

/* ---- what is for all ---- */

static void each_hears_of_a_signal(void **state)
{
	(void)state;
	host_all(MANY);
	run_for(0);
	raise(SIGTERM);
	run_for(1);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(guests[i].n_stops, 1);
}

/* Guests that come all the time put that look off for nobody. */
static void a_clock_that_is_set_is_told_to_those_who_were_there(void **state)
{
	(void)state;
	host_all(2);
	run_for(0);
	clock_wall_ahead += (int64_t)TS_S(60);
	host(&guests[2], 2); /* it knows the new one */
	clock_ahead += TS_S(11);
	host(&guests[3], 3);
	watchdog.deadline = TS_NEVER;
	run_for(0);
	run_for(0);
	assert_int_equal(guests[0].n_clocks, 2);
	assert_int_equal(guests[1].n_clocks, 2);
	assert_int_equal(guests[2].n_clocks, 1);
	assert_int_equal(guests[3].n_clocks, 1);
}

int main(void)
{
	const struct rlimit files = { 4096, 4096 };
	const struct CMUnitTest tests[] = {
		TEST(each_has_its_answer),
		TEST(each_has_its_socket),
		TEST(there_is_room_for_so_many),
		TEST(without_memory_there_is_no_place),
		TEST(each_is_woken_at_its_time),
		TEST(one_alone_is_woken_at_its_time),
		TEST(one_that_has_nothing_to_do_is_not_asked),
		TEST(none_holds_up_the_others),
		TEST(one_may_go_while_it_is_drained),
		TEST(one_may_take_another_along),
		TEST(what_waits_for_one_that_is_gone_is_told_to_nobody),
		TEST(a_pump_can_be_freed_with_guests_in_it),
		TEST(each_hears_of_a_signal),
		TEST(a_clock_that_is_set_is_told_to_those_who_were_there),
	};

	setrlimit(RLIMIT_NOFILE, &files); /* where it may */
	return cmocka_run_group_tests_name("pump_guests", tests, NULL, NULL);
}
