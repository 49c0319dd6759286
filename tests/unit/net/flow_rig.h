/* flow_rig.h - two flows that tell what they are told: near connects to far, or to a bare socket.
 * Included by one test program each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/flow.h"
#include "net/sock.h"

enum { LOG_MAX = 4096, BYTES_MAX = 8 << 20 };

/* What was told about one flow: its facts in words, its bytes apart. */
struct told {
	struct flow *f;
	char log[LOG_MAX];
	struct buf bytes;
	int err;
	enum flow_step step;
	struct tls_facts tls;
	struct addr local, peer;
	bool gone;
};

static struct loop *loop;
static struct trust *trust;
static struct flows fs;
static struct told near, far;
static int listener;
static struct addr listener_addr;
static void (*react)(struct flow *f, const struct fact *in); /* to what was told; may be NULL */

static inline void tell(void *arg, struct flow *f, const struct fact *in)
{
	struct told *t = flow_owner(f);
	size_t n = strlen(t->log);

	(void)arg;
	t->local = *in->local;
	t->peer = *in->peer;
	if (in->tls)
		t->tls = *in->tls;
	if (in->type == FACT_FLOW_FAILED) {
		t->err = in->err;
		t->step = in->step;
		t->gone = true;
	}
	if (in->type == FACT_FLOW_BYTES) {
		buf_put(&t->bytes, in->bytes);
	} else {
		snprintf(t->log + n, LOG_MAX - n, "%s%s", n ? " " : "", fact_type_name(in->type));
	}
	if (react)
		react(f, in);
}

/* A reaction of near's owner. */
static inline void close_at_bytes(struct flow *f, const struct fact *in)
{
	if (in->type != FACT_FLOW_BYTES)
		return;
	flow_close(f);
	near.gone = true;
}

static inline void listen_here(void)
{
	assert_true(addr_decode(SLICE("127.0.0.1:0"), &listener_addr));
	listener = sock_open(&listener_addr, SOCK_STREAM);
	assert_true(listener >= 0);
	assert_int_equal(sock_bind(listener, &listener_addr), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(sock_local(listener, &listener_addr), 0);
}

static inline int set_up(void **state)
{
	(void)state;
	near = far = (struct told){ 0 };
	react = NULL;
	buf_init(&near.bytes, BYTES_MAX);
	buf_init(&far.bytes, BYTES_MAX);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(trust_new(&trust), 0);
	assert_int_equal(flows_init(&fs, loop, trust, tell, NULL), 0);
	listen_here();
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	if (near.f && !near.gone)
		flow_drop(near.f);
	if (far.f && !far.gone)
		flow_drop(far.f);
	flows_done(&fs);
	trust_free(trust);
	loop_free(loop);
	buf_done(&near.bytes);
	buf_done(&far.bytes);
	close(listener);
	return 0;
}

static inline void turn(ts_t until)
{
	loop_wait(loop, flows_ready(&fs) ? 0 : ts_min(until, flows_deadline(&fs)));
	flows_process(&fs);
	flows_flush(&fs);
	flows_reap(&fs);
}

/* Until the log of `t` is `log`; five seconds are enough. */
static inline void wait_for(struct told *t, const char *log)
{
	ts_t end = loop_now(loop) + TS_S(5);

	flows_flush(&fs);
	while (strcmp(t->log, log) != 0 && loop_now(loop) < end)
		turn(end);
	assert_string_equal(t->log, log);
}

static inline void wait_for_bytes(struct told *t, size_t n)
{
	ts_t end = loop_now(loop) + TS_S(5);

	flows_flush(&fs);
	while (buf_len(&t->bytes) < n && loop_now(loop) < end)
		turn(end);
	assert_int_equal(buf_len(&t->bytes), n);
}

static inline void connect_near(void)
{
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), 0);
	wait_for(&near, "flow-up");
	near.log[0] = '\0';
}

static inline int accept_raw(void)
{
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* near connects to far, both are flows.  Returns the socket of far. */
static inline int connect_both(void)
{
	connect_near();
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flow_adopt(&far.f, &fs, 2, fd, flow_local(near.f), &far), 0);
	return fd;
}

/* The socket of whoever has this address. */
static inline int socket_at(const struct addr *local)
{
	struct addr a;

	for (int fd = 3; fd < 256; fd++)
		if (sock_local(fd, &a) == 0 && addr_eq(&a, local))
			return fd;
	fail_msg("no socket is there");
	return -1;
}

static inline void fill(struct flow *f, size_t n)
{
	static uint8_t piece[16384];

	for (; n; n -= n < sizeof(piece) ? n : sizeof(piece))
		flow_write(f, slice_of(piece, n < sizeof(piece) ? n : sizeof(piece)));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
