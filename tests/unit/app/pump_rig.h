/* pump_rig.h - a pump, two engines that do what a test tells them, and one that ends a test which
 * does not.  Included by one test program each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/pump.h"
#include "base/buf.h"
#include "base/mem.h"

#include "toy_engine.h"

enum { GIVE_UP_S = 10 };

static struct pump *pump;
static struct toy a, b, watchdog;
static bool remove_when_done;

static inline struct engine engine_of(struct toy *t)
{
	return (struct engine){ &toy_ops, t };
}

static inline void drained(void *arg)
{
	struct toy *const all[] = { &a, &b };

	(void)arg;
	if (watchdog.wakes)
		pump_stop(pump); /* the assertions that follow say what is missing */
	for (size_t i = 0; i < COUNT(all); i++) {
		if (!all[i]->done)
			continue;
		all[i]->done = false;
		if (remove_when_done)
			pump_remove(pump, engine_of(all[i]));
		else
			pump_stop(pump);
	}
}

static inline void reset(struct toy *t)
{
	memset(t, 0, sizeof(*t));
	t->deadline = TS_NEVER;
	buf_init(&t->bytes, BYTES_MAX);
}

static inline int set_up(void **state)
{
	const struct pump_cfg cfg = { .drained = drained };

	(void)state;
	remove_when_done = false;
	reset(&a);
	reset(&b);
	reset(&watchdog);
	assert_int_equal(pump_new(&pump, &cfg), 0);
	watchdog.deadline = ts_add(pump_now(pump), TS_S(GIVE_UP_S));
	assert_int_equal(pump_add(pump, engine_of(&watchdog)), 0);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	pump = pump_free(pump);
	buf_done(&a.bytes);
	buf_done(&b.bytes);
	buf_done(&watchdog.bytes);
	return 0;
}

static inline void run(void)
{
	assert_int_equal(pump_run(pump), 0);
	assert_int_equal(watchdog.wakes, 0);
}

static inline void want_listen(struct toy *t, uint32_t id, enum transport transport, const char *at)
{
	struct want *w = toy_want(t, WANT_LISTEN);

	w->listener = id;
	w->transport = transport;
	assert_true(addr_decode(slice_str(at), &w->addr));
}

static inline void want_flow(struct toy *t, flow_t id, const struct addr *to)
{
	struct want *w = toy_want(t, WANT_FLOW);

	w->flow = id;
	w->addr = *to;
}

static inline void want_on(struct toy *t, enum want_type type, flow_t id)
{
	toy_want(t, type)->flow = id;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
