/* Streams of events: what their readers hear, and who is cut. */
#include "web_rig.h"

static void handle(void *arg, const struct web_request *request, struct web_answer *ret)
{
	struct rig *rig = arg;

	rig->n_asked++;
	if (slice_eqs(request->path, "/events")) {
		web_event_put(&ret->body, NULL, NULL, SLICE("now"));
		web_answer_stream(ret, rig->stream);
	} else {
		ret->status = 200;
		buf_puts(&ret->body, "short");
	}
}

static int setup(void **state)
{
	*state = rig_new(
		handle, (struct web_server_cfg){
				.places = 2, .streams = 3, .stream_share = 3, .idle_s = 60 });
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

static int subscribe(struct rig *rig)
{
	const int fd = dial(rig);

	say(fd, GET("/events"));
	hear_until(rig, fd, "data: now\n\n");
	return fd;
}

static void all_hear(void **state)
{
	struct rig *rig = *state;
	int fds[3];

	for (unsigned i = 0; i < COUNT(fds); i++)
		fds[i] = subscribe(rig);
	assert_non_null(strstr(rig->heard, "\r\nContent-Type: text/event-stream\r\n"));
	assert_null(strstr(rig->heard, "\r\nContent-Length"));
	assert_int_equal(web_stream_readers(rig->stream), 3);
	assert_int_equal(web_server_counts(rig->server).n_places, 0);
	assert_int_equal(web_server_counts(rig->server).n_unread, 0);
	assert_int_equal(web_stream_push(rig->stream, SLICE("data: 1\n\n")), 0);
	for (unsigned i = 0; i < COUNT(fds); i++)
		assert_string_equal(hear_until(rig, fds[i], "\n\n"), "data: 1\n\n");
	web_streams_beat(rig->server);
	for (unsigned i = 0; i < COUNT(fds); i++)
		assert_string_equal(hear_until(rig, fds[i], "\n\n"), ":\n\n");
	close(fds[1]);
	turn(rig, 5);
	assert_int_equal(web_stream_readers(rig->stream), 2);
	rig->stream = web_stream_free(rig->stream);
	assert_string_equal(hear(rig, fds[0]), "");
	assert_string_equal(hear(rig, fds[2]), "");
}

static void no_more_readers(void **state)
{
	struct rig *rig = *state;
	int fds[3];

	for (unsigned i = 0; i < COUNT(fds); i++)
		fds[i] = subscribe(rig);
	const int fd = dial(rig);
	say(fd, GET("/events"));
	assert_non_null(strstr(hear_until(rig, fd, "Unavailable\n"), "\r\nRetry-After: 30\r\n"));
	assert_int_equal(rig->n_refused[WEB_REFUSED_STREAMS], 1);
	say(fd, GET("/x"));
	hear_until(rig, fd, "short");
	close(fds[0]);
	turn(rig, 5);
	say(fd, GET("/events"));
	hear_until(rig, fd, "data: now\n\n");
	close(fds[1]);
	close(fds[2]);
	close(fd);
}

static void head_only(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, "HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");

	assert_non_null(strstr(heard, "text/event-stream"));
	assert_null(strstr(heard, "data"));
	assert_int_equal(web_stream_readers(rig->stream), 0);
}

/* One that reads hears all in its order, however much it is; one that does not is cut. */
static void slow_reader(void **state)
{
	static char event[4096 + 1];
	struct rig *rig = *state;
	const int little = 4096, slow = subscribe(rig), fast = subscribe(rig);
	unsigned heard = 0;

	setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	memset(event, 'e', sizeof(event) - 1);
	event[sizeof(event) - 3] = event[sizeof(event) - 2] = '\n';
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(event, 12, "data: %04u ", i);
		event[11] = 'e';
		assert_int_equal(
			web_stream_push(rig->stream, slice_of(event, sizeof(event) - 1)), 0);
		char number[8];
		snprintf(number, sizeof(number), " %04u ", i);
		assert_non_null(strstr(hear_until(rig, fast, "\n\n"), number));
		heard++;
	}
	assert_int_equal(heard, 2000);
	assert_int_equal(rig->n_refused[WEB_REFUSED_SLOW], 1);
	assert_int_equal(web_stream_readers(rig->stream), 1);
	close(slow);
	close(fast);
}

/* Where little is said, by the time that it takes nothing. */
static void stuck_reader(void **state)
{
	static char event[WEB_EVENT_MAX];
	struct rig *rig = *state;
	const int little = 4096, fd = dial(rig);

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	say(fd, GET("/events"));
	turn(rig, 10);
	memset(event, ':', sizeof(event));
	assert_int_equal(web_stream_push(rig->stream, slice_of(event, sizeof(event))), 0);
	turn(rig, 10);
	web_streams_beat(rig->server);
	assert_int_equal(web_stream_readers(rig->stream), 1);
	web_streams_beat(rig->server);
	assert_int_equal(web_stream_readers(rig->stream), 0);
	assert_int_equal(rig->n_refused[WEB_REFUSED_SLOW], 1);
	close(fd);
}

/* A reader that talks, and one that leaves between two events. */
static void odd_readers(void **state)
{
	struct rig *rig = *state;
	const int fd = subscribe(rig), gone = subscribe(rig);

	close(gone);
	for (unsigned i = 0; i < 100; i++) {
		say(fd, GET("/x"));
		turn(rig, 2);
	}
	assert_int_equal(rig->n_asked, 2);
	web_stream_push(rig->stream, SLICE("data: 1\n\n"));
	assert_string_equal(hear_until(rig, fd, "\n\n"), "data: 1\n\n");
	assert_int_equal(web_stream_readers(rig->stream), 1);
	close(fd);
}

static void limits(void **state)
{
	static char event[WEB_EVENT_MAX + 1];
	struct rig *rig = *state;
	const int fd = subscribe(rig);

	assert_int_equal(web_stream_push(rig->stream, slice_of(event, sizeof(event))), -EMSGSIZE);
	mem_fail_after(0);
	assert_int_equal(web_stream_push(rig->stream, SLICE("data: 1\n\n")), -ENOMEM);
	mem_fail_after(-1);
	assert_int_equal(web_stream_readers(rig->stream), 0);
	assert_string_equal(hear(rig, fd), "");
	const int again = subscribe(rig);
	web_stream_push(rig->stream, SLICE("data: 2\n\n"));
	assert_string_equal(hear_until(rig, again, "\n\n"), "data: 2\n\n");
	close(again);
}

static void events(void **state)
{
	static const struct {
		const char *name, *id, *data, *event;
	} rows[] = {
		{ NULL, NULL, "", "data: \n\n" },
		{ "state", "7", "a", "event: state\nid: 7\ndata: a\n\n" },
		{ NULL, NULL, "a\nb\r\n\nc", "data: a\ndata: b\ndata: \ndata: c\n\n" },
		{ "a\nid: 9", "1\r\n\n", "\r\n\r\ndata: b", NULL },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&b);
		web_event_put(&b, rows[i].name, rows[i].id, slice_str(rows[i].data));
		if (rows[i].event)
			assert_string_equal(buf_cstr(&b), rows[i].event);
	}
	/* One event, whatever is in it. */
	assert_string_equal(
		buf_cstr(&b), "event: aid: 9\nid: 1\ndata: \ndata: \ndata: data: b\n\n");
	buf_done(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_hear),
		TEST(no_more_readers),
		TEST(head_only),
		TEST(slow_reader),
		TEST(stuck_reader),
		TEST(odd_readers),
		TEST(limits),
		cmocka_unit_test(events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
