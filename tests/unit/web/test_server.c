/* The HTTP listener: answers whole and in parts, whose memory goes whichever way a connection ends;
 * who gets a place, and who loses it. */
#include "web_rig.h"

struct parts {
	struct rig *rig;
	unsigned left;
};

static bool put_part(void *arg, struct buf *b)
{
	struct parts *p = arg;

	p->left--;
	for (int i = 0; i < 1000; i++)
		buf_printf(b, "%9u\n", p->left);
	return p->left > 0;
}

static bool put_nothing(void *arg, struct buf *b)
{
	(void)arg;
	(void)b;
	return true;
}

static void free_parts(void *arg)
{
	struct parts *p = arg;

	p->rig->n_freed++;
	free(p);
}

static void begin(struct rig *rig, unsigned n, struct web_answer *ret)
{
	struct parts *p = calloc(1, sizeof(*p));

	*p = (struct parts){ rig, n };
	rig->n_begun++;
	ret->status = 200;
	ret->parts = p;
	ret->done = free_parts;
	ret->more = put_part;
	put_part(p, &ret->body);
}

static void handle(void *arg, const struct web_request *request, struct web_answer *ret)
{
	struct rig *rig = arg;

	rig->n_asked++;
	if (slice_eqs(request->path, "/short")) {
		ret->status = 200;
		buf_puts(&ret->body, "short");
	} else if (slice_eqs(request->path, "/parts")) {
		begin(rig, 5, ret);
	} else if (slice_eqs(request->path, "/endless")) {
		begin(rig, UINT32_MAX, ret);
	} else if (slice_eqs(request->path, "/none")) {
		begin(rig, 5, ret);
		ret->more = put_nothing;
	} else if (slice_eqs(request->path, "/500")) {
		buf_puts(&ret->body, "no memory");
	}
}

static int setup(void **state)
{
	*state = rig_new(handle, (struct web_server_cfg){ .places = 0 });
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static void answers(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, GET("/short"));

	assert_non_null(strstr(heard, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(heard, "\r\nContent-Length: 5\r\n"));
	assert_non_null(strstr(heard, "\r\n\r\nshort"));
	heard = ask(rig, "HEAD /short HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_non_null(strstr(heard, "\r\nContent-Length: 5\r\n\r\n"));
	assert_null(strstr(heard, "short"));
	assert_non_null(strstr(ask(rig, GET("/500")), "HTTP/1.1 500 Internal Server Error\r\n"));
	assert_int_equal(rig->n_asked, 3);
	heard = ask(rig, "POST / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_non_null(strstr(heard, "HTTP/1.1 405 Method Not Allowed\r\n"));
	assert_non_null(strstr(heard, "\r\nAllow: GET, HEAD\r\n"));
	assert_int_equal(rig->n_asked, 3);
}

static void answers_in_parts(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, GET("/parts"));

	assert_non_null(strstr(heard, "\r\nTransfer-Encoding: chunked\r\n\r\n2710\r\n        4\n"));
	assert_non_null(strstr(heard, "        1\n\r\n2710\r\n        0\n"));
	assert_string_equal(heard + strlen(heard) - 9, "0\n\r\n0\r\n\r\n");
	heard = ask(rig, "GET /parts HTTP/1.0\r\n\r\n");
	assert_null(strstr(heard, "chunked"));
	assert_string_equal(heard + strlen(heard) - 10, "        0\n");
	heard = ask(rig, "HEAD /parts HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_string_equal(heard + strlen(heard) - 11, "chunked\r\n\r\n");
	assert_int_equal(rig->n_begun, 3);
	turn(rig, 3);
	assert_int_equal(rig->n_freed, 3);
}

/* A part that cannot be made ends the connection, and what was sent is not whole. */
static void part_without_memory(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, GET("/none"));

	assert_non_null(strstr(heard, "chunked"));
	assert_null(strstr(heard, "\r\n0\r\n"));
	assert_int_equal(rig->n_freed, 1);
	heard = ask(rig, "GET /none HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(heard, "HTTP/1.1 200 OK"));
	assert_true(rig->is_reset);
	ask(rig, GET("/short"));
	assert_false(rig->is_reset);
}

static void reader_leaves(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, GET("/endless"));
	turn(rig, 100);
	assert_int_equal(rig->n_freed, 0);
	close(fd);
	for (unsigned i = 0; i < TURNS_MAX && !rig->n_freed; i++)
		turn(rig, 1);
	assert_int_equal(rig->n_freed, 1);
}

/* The one who has been silent for longest goes; who is being answered stays. */
static void full(void **state)
{
	struct rig *rig = *state;
	int fds[WEB_PLACES + 1];
	const int asking = dial(rig);

	say(asking, GET("/endless"));
	turn(rig, 10);
	for (unsigned i = 0; i < WEB_PLACES - 1; i++) {
		fds[i] = dial(rig);
		say(fds[i], "GET ");
		turn(rig, 3);
	}
	assert_true(is_open(fds[0]));
	const int next = dial(rig);
	say(next, GET("/short"));
	turn(rig, 100);
	assert_true(is_open(fds[0])); /* it has just come */
	while (rig->n_asked < 2)
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_non_null(strstr(hear(rig, next), "short"));
	assert_false(is_open(fds[0]));
	for (unsigned i = 1; i < WEB_PLACES - 1; i++)
		assert_true(is_open(fds[i]));
	assert_true(is_open(asking));
	assert_int_equal(rig->n_freed, 0);
	for (unsigned i = 0; i < WEB_PLACES - 1; i++)
		close(fds[i]);
	close(asking);
}

/* Though he has just come: nothing is owed to him. */
static void who_is_answered_makes_room_at_once(void **state)
{
	struct rig *rig = *state;
	int fds[WEB_PLACES];

	for (unsigned i = 0; i < WEB_PLACES; i++) {
		fds[i] = dial(rig);
		if (i == 0)
			say(fds[i], GET("/short"));
		turn(rig, 10);
	}
	const int next = dial(rig);
	say(next, GET("/short"));
	turn(rig, 100);
	assert_int_equal(rig->n_asked, 2);
	close(next);
	for (unsigned i = 0; i < WEB_PLACES; i++)
		close(fds[i]);
}

/* When all are being answered nobody is taken, and the loop has nothing to do. */
static void all_are_answered(void **state)
{
	struct rig *rig = *state;
	int fds[WEB_PLACES];

	for (unsigned i = 0; i < WEB_PLACES; i++) {
		fds[i] = dial(rig);
		say(fds[i], GET("/endless"));
		turn(rig, 3);
	}
	const int waiting = dial(rig);
	say(waiting, GET("/short"));
	turn(rig, 2000);
	assert_int_equal(rig->n_asked, WEB_PLACES);
	close(fds[3]);
	assert_non_null(strstr(hear(rig, waiting), "short"));
	for (unsigned i = 0; i < WEB_PLACES; i++)
		if (i != 3)
			close(fds[i]);
}

static void note(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

static void without_descriptors_the_loop_sleeps(void **state)
{
	static const struct timeval soon = { .tv_usec = 20000 };
	struct rig *rig = *state;
	struct rlimit limit;
	bool woke = false;
	struct event *timer = evtimer_new(rig->base, note, &woke);
	const int fd = dial(rig), next = dup(0);

	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	const struct rlimit none = { (rlim_t)next, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	event_base_loop(rig->base, EVLOOP_ONCE); /* it cannot be taken */
	event_add(timer, &soon);
	event_base_loop(rig->base, EVLOOP_ONCE);
	assert_true(woke); /* by the timer, and by nothing else before it */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	say(fd, GET("/short"));
	while (rig->n_asked == 0)
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_non_null(strstr(hear(rig, fd), "short"));
	event_free(timer);
}

static void address_in_use(void **state)
{
	struct rig *rig = *state;
	struct web_server_cfg cfg = { .addr = { .family = 4, .ip = { 127, 0, 0, 1 } } };
	struct web_server *other = NULL;

	cfg.addr.port = web_server_port(rig->server);
	assert_int_equal(web_server_new(&other, rig->base, &cfg), -EADDRINUSE);
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		cfg.addr.port = 0;
		const int err = web_server_new(&other, rig->base, &cfg);
		mem_fail_after(-1);
		assert_int_equal(err, n == 0 ? -ENOMEM : 0);
	}
	web_server_free(other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers),
		TEST(answers_in_parts),
		TEST(part_without_memory),
		TEST(reader_leaves),
		TEST(full),
		TEST(who_is_answered_makes_room_at_once),
		TEST(all_are_answered),
		TEST(without_descriptors_the_loop_sleeps),
		TEST(address_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
