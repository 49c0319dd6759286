/* A server in this thread, and peers of it on loopback sockets that speak bytes. */
#pragma once

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "base/mem.h"
#include "net/sock.h"
#include "web/auth.h"
#include "web/conn.h"

enum {
	TURNS_MAX = 10000, /* rather than to wait for what does not come */
	TURNS_FAST = 5000, /* on a busy machine the kernel may need longer than these for what must
			      come */
	HEARD_MAX = 4 << 20
};

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

struct rig {
	struct event_base *base;
	struct web_server *server;
	struct web_stream *stream;
	struct web_auth *auth;
	unsigned n_asked, n_freed, n_begun, n_refused[WEB_REFUSALS];
	uint64_t calls[8]; /* the last ones that asked for /later */
	unsigned n_calls;
	char heard[HEARD_MAX];
	bool is_reset;
};

static inline void rig_refused(void *arg, enum web_refusal why, const struct addr *peer)
{
	struct rig *rig = arg;

	assert_int_equal(peer->family, 4);
	rig->n_refused[why]++;
}

/* With what is 0 in it as it is for a scrape, but for the patience. */
static inline struct rig *rig_new_in(
	struct event_base *base, web_handler *handle, struct web_server_cfg cfg)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	rig->base = base;
	cfg.part_s = cfg.answer_s = 600; /* on a busy machine, too, only let_time_pass() cuts */
	cfg.addr = (struct addr){ .family = 4, .ip = { 127, 0, 0, 1 } };
	cfg.handle = handle;
	cfg.refused = rig_refused;
	cfg.arg = rig;
	assert_int_equal(web_server_new(&rig->server, rig->base, &cfg), 0);
	if (cfg.streams)
		assert_int_equal(web_stream_new(&rig->stream, rig->server), 0);
	return rig;
}

static inline struct rig *rig_new(web_handler *handle, struct web_server_cfg cfg)
{
	return rig_new_in(event_base_new(), handle, cfg);
}

static inline void rig_free(struct rig *rig)
{
	rig->stream = web_stream_free(rig->stream);
	web_server_free(rig->server);
	web_auth_free(rig->auth);
	assert_int_equal(rig->n_begun, rig->n_freed);
	event_base_free(rig->base);
	free(rig);
}

static inline int dial(struct rig *rig)
{
	const struct addr at = {
		.family = 4, .ip = { 127, 0, 0, 1 }, .port = web_server_port(rig->server)
	};
	union sock_addr sa;
	const socklen_t n = sock_put_addr(&sa, &at);
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, &sa.sa, n), 0);
	return fd;
}

static inline void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static inline void turn(struct rig *rig, unsigned n)
{
	while (n--)
		event_base_loop(rig->base, EVLOOP_NONBLOCK);
}

/* After TURNS_FAST the peer's socket gets a millisecond for each of the turns that are left. */
static inline void rest(int fd, unsigned turns)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (turns >= TURNS_FAST)
		(void)poll(&pfd, 1, 1);
}

static inline bool is_reset(ssize_t n)
{
	return n < 0 && errno == ECONNRESET;
}

/* Until the connection ends; closes it. */
static inline const char *hear(struct rig *rig, int fd)
{
	size_t at = 0;
	ssize_t n = 1;

	for (unsigned turns = 0; n != 0 && turns < TURNS_MAX && !is_reset(n); turns++) {
		turn(rig, 1);
		rest(fd, turns);
		n = recv(fd, rig->heard + at, HEARD_MAX - 1 - at, MSG_DONTWAIT);
		if (n > 0)
			at += (size_t)n;
	}
	rig->heard[at] = 0;
	close(fd);
	rig->is_reset = is_reset(n);
	return n == 0 || rig->is_reset ? rig->heard : "it does not end";
}

/* Until this was said; what has come then. */
static inline const char *hear_until(struct rig *rig, int fd, const char *what)
{
	size_t at = 0;

	for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
		turn(rig, 1);
		rest(fd, turns);
		const ssize_t n = recv(fd, rig->heard + at, HEARD_MAX - 1 - at, MSG_DONTWAIT);
		at += n > 0 ? (size_t)n : 0;
		rig->heard[at] = 0;
		if (strstr(rig->heard, what))
			return rig->heard;
		if (n == 0 || is_reset(n))
			return "it ends";
	}
	return "it does not come";
}

static inline unsigned count_of(const char *text, const char *what)
{
	unsigned n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

/* All that wait for something have waited for long enough. */
static inline void let_time_pass(struct rig *rig)
{
	struct list *n, *t;

	LIST_EACH(n, t, &rig->server->conns)
	event_active(LIST_OWNER(n, struct web_conn, all)->timer, EV_TIMEOUT, 0);
	turn(rig, 3);
}

static inline const char *ask(struct rig *rig, const char *request)
{
	const int fd = dial(rig);

	say(fd, request);
	return hear(rig, fd);
}

static inline bool is_open(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT | MSG_PEEK) != 0;
}
