/* datagram_rig.h - sockets whose facts are written down.  Included by one test program each. */
#pragma once

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/datagram.h"

enum { FACTS_MAX = 512, TEXT_MAX = 64 };

struct told {
	enum fact_type type;
	uint32_t id;
	int err;
	struct addr local, peer;
	size_t n;
	char text[TEXT_MAX];
};

static const struct addr anywhere; /* the kernel chooses, or the way that the peer took */

static struct loop *loop;
static struct datagrams ds;
static struct told told[FACTS_MAX];
static unsigned n_told;

static void (*meanwhile)(const struct addr *to); /* done while the first one is told */

static inline void tell(void *arg, struct datagram *d, const struct fact *in)
{
	struct told *t = &told[n_told++];

	if (meanwhile && n_told == 1)
		meanwhile(in->local);

	(void)arg;
	assert_true(n_told < FACTS_MAX);
	assert_int_equal(in->listener, datagram_id(d));
	*t = (struct told){ .type = in->type,
		.id = in->listener,
		.err = in->err,
		.local = *in->local,
		.peer = *in->peer,
		.n = in->bytes.n };
	slice_cstr(slice_cut(in->bytes, 0, TEXT_MAX - 1), t->text, TEXT_MAX);
}

static inline int set_up(void **state)
{
	(void)state;
	n_told = 0;
	meanwhile = NULL;
	assert_int_equal(loop_new(&loop), 0);
	return datagrams_init(&ds, loop, tell, NULL);
}

static inline int tear_down(void **state)
{
	(void)state;
	datagrams_done(&ds);
	loop_free(loop);
	return 0;
}

static inline struct datagram *open_at(uint32_t id, const char *at)
{
	struct datagram *d = NULL;
	struct addr a;

	assert_true(addr_decode(slice_str(at), &a));
	assert_int_equal(datagram_new(&d, &ds, id, &a, false, NULL), 0);
	return d;
}

/* Until n facts are there; fails after five seconds. */
static inline void wait_for(unsigned n)
{
	ts_t end = loop_now(loop) + TS_S(5);

	while (n_told < n && loop_now(loop) < end) {
		datagrams_flush(&ds);
		loop_wait(loop, datagrams_ready(&ds) ? 0 : end);
		datagrams_process(&ds);
	}
	assert_int_equal(n_told, n);
}

static inline struct addr at_port(const char *ip, const struct datagram *d)
{
	struct addr a;

	assert_true(addr_decode_ip(slice_str(ip), &a));
	a.port = datagram_local(d)->port;
	return a;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
