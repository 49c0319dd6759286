/* The control socket: who asks is answered, and what cannot be taken costs no turns of the loop. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "app/control.h"
#include "base/mem.h"
#include "folder.h"

enum { TURNS_MAX = 10000 }; /* rather than to wait for what does not come */

static char folder[64];

static void echo(void *arg, struct slice request, struct buf *answer)
{
	(void)arg;
	buf_put(answer, request);
}

static void note(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

static int ask(const char *path, const char *request)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(at.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(send(fd, request, strlen(request), 0), strlen(request));
	return fd;
}

/* Below the first one that is free there is no place for another. */
static rlim_t take_descriptors_away(void)
{
	struct rlimit limit;
	const int next = dup(0);

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	const rlim_t before = limit.rlim_cur;
	limit.rlim_cur = (rlim_t)next;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}

static void give_descriptors_back(rlim_t n)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void without_descriptors_the_loop_sleeps(void **state)
{
	static const struct timeval soon = { .tv_usec = 20000 };
	struct event_base *base = event_base_new();
	bool woke = false;
	struct event *timer = evtimer_new(base, note, &woke);
	struct control *c = NULL;
	struct text why;
	char path[100], heard[16];

	(void)state;
	snprintf(path, sizeof(path), "%s/control", folder);
	const struct control_cfg cfg = { .path = path, .setting = "s", .handle = echo };
	assert_int_equal(control_new(&c, base, &cfg, &why), 0);
	const int fd = ask(path, "hello\n");
	const rlim_t before = take_descriptors_away();
	event_base_loop(base, EVLOOP_ONCE); /* it cannot be taken */
	event_add(timer, &soon);
	event_base_loop(base, EVLOOP_ONCE);
	assert_true(woke); /* by the timer, and by nothing else before it */
	give_descriptors_back(before);
	ssize_t n;
	while ((n = recv(fd, heard, sizeof(heard), MSG_DONTWAIT)) < 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(n, 5);
	assert_memory_equal(heard, "hello", 5);
	close(fd);
	control_free(c);
	event_free(timer);
	event_base_free(base);
}

static void overflow(void *arg, struct slice request, struct buf *answer)
{
	(void)arg;
	(void)request;
	for (int i = 0; i <= CONTROL_ANSWER_MAX / 1024; i++)
		buf_printf(answer, "%1024d", i);
}

static void say_nothing(void *arg, struct slice request, struct buf *answer)
{
	(void)arg;
	(void)request;
	(void)answer;
}

/* Else it would look as if the gateway had ended, or would not speak to who asks. */
static void an_answer_without_room_is_told(void **state)
{
	static const char want[] = "{\"error\": \"" CONTROL_NO_ROOM "\"}\n";
	control_handler *const handlers[] = { overflow, say_nothing };

	(void)state;
	for (size_t i = 0; i < COUNT(handlers); i++) {
		struct event_base *base = event_base_new();
		struct control *c = NULL;
		struct text why;
		char path[100], heard[200];
		ssize_t n;

		snprintf(path, sizeof(path), "%s/full", folder);
		const struct control_cfg cfg = {
			.path = path, .setting = "s", .handle = handlers[i]
		};
		assert_int_equal(control_new(&c, base, &cfg, &why), 0);
		const int fd = ask(path, "partners\n");
		for (unsigned turns = 0;
			(n = recv(fd, heard, sizeof(heard), MSG_DONTWAIT)) < 0 && turns < TURNS_MAX;
			turns++) {
			event_base_loop(base, EVLOOP_NONBLOCK);
			poll(NULL, 0, 1);
		}
		assert_int_equal(n, sizeof(want) - 1);
		assert_memory_equal(heard, want, sizeof(want) - 1);
		close(fd);
		control_free(c);
		event_base_free(base);
	}
}

struct slow {
	int fd;
	unsigned sent;
};

static void send_byte(evutil_socket_t fd, short what, void *arg)
{
	struct slow *s = arg;

	(void)fd;
	(void)what;
	s->sent += send(s->fd, "x", 1, MSG_NOSIGNAL) == 1;
}

/* Each byte is well within its time: it is the whole that takes too long. */
static void a_request_byte_by_byte_ends(void **state)
{
	static const struct timeval often = { .tv_usec = 20000 };
	struct event_base *base = event_base_new();
	struct slow slow = { 0 };
	struct event *timer = event_new(base, -1, EV_PERSIST, send_byte, &slow);
	struct control *c = NULL;
	struct text why;
	char path[100], heard;
	ssize_t n;

	(void)state;
	snprintf(path, sizeof(path), "%s/slow", folder);
	const struct control_cfg cfg = {
		.path = path, .setting = "s", .handle = echo, .patience = TS_MS(200)
	};
	assert_int_equal(control_new(&c, base, &cfg, &why), 0);
	slow.fd = ask(path, "a");
	event_add(timer, &often);
	while ((n = recv(slow.fd, &heard, 1, MSG_DONTWAIT)) < 0 && slow.sent < 500)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(n, 0); /* it was ended, without an answer */
	close(slow.fd);
	event_free(timer);
	control_free(c);
	event_base_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_descriptors_the_loop_sleeps),
		cmocka_unit_test(an_answer_without_room_is_told),
		cmocka_unit_test(a_request_byte_by_byte_ends),
	};

	snprintf(folder, sizeof(folder), "/tmp/stox-control-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	folder_remove(folder);
	return failed;
}
