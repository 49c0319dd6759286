/* Strangers who do what they can against the server: places and memory stay bounded, nothing is
 * smuggled, and somebody who behaves is answered meanwhile. */
#include <fcntl.h>
#include <malloc.h>

#include "base/rng.h"
#include "web/uri.h"
#include "web_rig.h"

enum {
	PLACES = 64,
	SHARE = 24,
	STREAMS = 1000,
	STRANGERS = 200, /* connections of one address */
	/* What they all may cost: of a connection the head, the body and what the library needs. */
	PLACE_BYTES = 192 << 10,
};

/* Under a sanitizer malloc's own figures are nobody's. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap(void)
{
	return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
						       : mallinfo2().uordblks;
}

static bool smuggled;

static void handle(void *arg, const struct web_request *request, struct web_answer *ret)
{
	struct rig *rig = arg;
	struct slice values[WEB_SEGMENTS_MAX];
	struct web_path path;

	rig->n_asked++;
	ret->status = 404;
	smuggled = smuggled || slice_eqs(request->path, "/smuggled");
	if (!web_path_decode(&path, request->path))
		return;
	if (web_route_match("/well", &path, values)) {
		ret->status = 200;
		buf_puts(&ret->body, "well");
	} else if (web_route_match("/file/{name}", &path, values)) {
		ret->status = 200;
		buf_printf(&ret->body, "file %.*s", SLICE_FMT(values[0]));
	} else if (web_route_match("/large", &path, values)) {
		ret->status = 200;
		while (buf_len(&ret->body) < 500000)
			buf_printf(&ret->body, "%1000s", "large");
	} else if (web_route_match("/events", &path, values)) {
		web_answer_stream(ret, rig->stream);
	}
}

static int setup(void **state)
{
	*state = rig_new(handle, (struct web_server_cfg){ .places = PLACES,
					 .share = SHARE,
					 .calls = 4,
					 .streams = STREAMS,
					 .idle_s = 60,
					 .body_max = 1 << 20,
					 .unread_max = 4 << 20,
					 .takes_post = true });
	smuggled = false;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	assert_false(smuggled);
	rig_free(rig);
	return 0;
}

/* From 127.0.x.y; without waiting for a place. */
static int dial_from(struct rig *rig, unsigned who)
{
	const struct addr at = {
		.family = 4, .ip = { 127, 0, 0, 1 }, .port = web_server_port(rig->server)
	};
	const struct addr from = { .family = 4,
		.ip = { 127, 0, (uint8_t)(who >> 8), (uint8_t)who } };
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	union sock_addr sa;

	assert_int_equal(sock_bind(fd, &from), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)connect(fd, &sa.sa, sock_put_addr(&sa, &at));
	return fd;
}

static void tell(int fd, const void *p, size_t n)
{
	(void)!send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT); /* it may be cut off */
}

/* One with a connection that stays, and one who has just come. */
struct well {
	int fd;
	size_t heap;
};

static struct well begin_well(struct rig *rig)
{
	struct well w = { .fd = dial(rig) };

	say(w.fd, GET("/well"));
	hear_until(rig, w.fd, "\r\n\r\nwell");
	w.heap = heap();
	return w;
}

static void check_well(struct rig *rig, struct well *w)
{
	const struct web_counts counts = web_server_counts(rig->server);
	const int fresh = dial(rig);

	assert_true(counts.n_places <= PLACES);
	assert_true(heap() < w->heap + (size_t)PLACES * PLACE_BYTES);
	say(fresh, GET("/well"));
	assert_non_null(strstr(hear_until(rig, fresh, "\r\n\r\nwell"), "200 OK"));
	say(w->fd, GET("/well"));
	assert_non_null(strstr(hear_until(rig, w->fd, "\r\n\r\nwell"), "200 OK"));
	close(fresh);
}

/* The strangers' connections, each told a piece a round. */
static void besiege(struct rig *rig, const char *first, const char *piece, unsigned rounds)
{
	struct well w = begin_well(rig);
	int fds[STRANGERS];

	for (unsigned i = 0; i < STRANGERS; i++) {
		fds[i] = dial_from(rig, 2);
		tell(fds[i], first, strlen(first));
		turn(rig, 2);
	}
	for (unsigned round = 0; round < rounds; round++) {
		for (unsigned i = 0; i < STRANGERS; i++)
			tell(fds[i], piece, strlen(piece));
		turn(rig, 3);
		check_well(rig, &w);
	}
	assert_true(web_server_counts(rig->server).n_places <= SHARE + 2);
	for (unsigned i = 0; i < STRANGERS; i++)
		close(fds[i]);
	turn(rig, STRANGERS);
	check_well(rig, &w);
	close(w.fd);
}

static void slow_head(void **state)
{
	besiege(*state, "GET /wel", "l", 5);
}

static void silent(void **state)
{
	besiege(*state, "", "", 3);
}

#define POST(n) "POST /well HTTP/1.1\r\nHost: a\r\nContent-Length: " n "\r\n\r\n"

static void slow_body(void **state)
{
	besiege(*state, POST("65536"), "b", 5);
}

static void large_body_without_its_end(void **state)
{
	static char piece[16 << 10];

	memset(piece, 'b', sizeof(piece) - 1);
	besiege(*state, POST("65536"), piece, 4);
}

static void endless_head(void **state)
{
	static char piece[16 << 10];

	memset(piece, 'x', sizeof(piece) - 1);
	besiege(*state, "GET /well HTTP/1.1\r\nHost: a\r\nX: ", piece, 3);
}

static void never_reading(void **state)
{
	besiege(*state, GET("/large"), GET("/large"), 5);
}

/* From many addresses there is no share that helps: who has just asked nothing makes room. */
static void flood_of_addresses(void **state)
{
	enum { FLOOD = PLACES + 40 }; /* more would not be in the kernel's queue yet */
	struct rig *rig = *state;
	const size_t before = heap();
	int fds[FLOOD];

	for (unsigned i = 0; i < FLOOD; i++) {
		fds[i] = dial_from(rig, 256 + i);
		tell(fds[i], "GET /", 5);
		turn(rig, 1);
	}
	const int fd = dial(rig);
	say(fd, GET("/well"));
	while (rig->n_asked == 0) /* the grace of those who have just come */
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_non_null(strstr(hear_until(rig, fd, "\r\n\r\nwell"), "200 OK"));
	assert_true(web_server_counts(rig->server).n_places <= PLACES);
	assert_true(rig->n_refused[WEB_REFUSED_PLACES] > 0);
	assert_true(heap() < before + (size_t)PLACES * PLACE_BYTES);
	for (unsigned i = 0; i < FLOOD; i++)
		close(fds[i]);
	close(fd);
}

/* ---- many requests ---- */

static void pipelined(void **state)
{
	enum { REQUESTS = 1000, ANSWER_MAX = 300 };
	static const char one[] = GET("/well");
	static char all[REQUESTS * sizeof(one)], got[REQUESTS * ANSWER_MAX];
	struct rig *rig = *state;
	struct well w = begin_well(rig);
	const int fd = dial_from(rig, 2);
	const size_t n = sizeof(one) - 1;
	size_t sent = 0, heard = 0;

	for (unsigned i = 0; i < REQUESTS; i++)
		memcpy(all + i * n, one, n);
	rig->n_asked = 0;
	for (unsigned turns = 0; turns < TURNS_MAX && rig->n_asked < REQUESTS; turns++) {
		const ssize_t out = send(fd, all + sent, REQUESTS * n - sent, MSG_NOSIGNAL);
		sent += out > 0 ? (size_t)out : 0;
		turn(rig, 1);
		const ssize_t in = recv(fd, got + heard, sizeof(got) - 1 - heard, 0);
		heard += in > 0 ? (size_t)in : 0;
		if (turns % 100 == 0) {
			const unsigned before = rig->n_asked;
			check_well(rig, &w);
			rig->n_asked -= 2;
			assert_true(rig->n_asked < before + 50); /* one at a time */
		}
	}
	turn(rig, 5);
	const ssize_t in = recv(fd, got + heard, sizeof(got) - 1 - heard, 0);
	assert_true(in != 0);
	assert_int_equal(count_of(got, "\r\n\r\nwell"), REQUESTS);
	close(fd);
	close(w.fd);
}

/* ---- two requests in one ---- */

#define HEAD    "POST /well HTTP/1.1\r\nHost: a\r\n"
#define HIDDEN  "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static void smuggling(void **state)
{
	static const struct {
		const char *text;
		unsigned status;
	} rows[] = {
		{ HEAD "Content-Length: 5\r\n" CHUNKED "\r\n0\r\n\r\n" HIDDEN, 501 },
		{ HEAD CHUNKED "Content-Length: 5\r\n\r\n0\r\n\r\n" HIDDEN, 501 },
		{ HEAD CHUNKED "\r\n0\r\n\r\n" HIDDEN, 501 },
		{ HEAD "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n" HIDDEN, 501 },
		{ HEAD "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" HIDDEN, 400 },
		{ HEAD " Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" HIDDEN, 400 },
		{ HEAD "Transfer-Encoding:\x0b"
		       "chunked\r\nContent-Length: 0\r\n\r\n" HIDDEN,
			400 },
		{ HEAD "X: y\rTransfer-Encoding: chunked\r\n\r\n" HIDDEN, 400 },
		{ HEAD "X: y\nTransfer-Encoding: chunked\r\n\r\n" HIDDEN, 400 },
		{ HEAD "Content-Length: 0\r\nContent-Length: 35\r\n\r\n" HIDDEN, 400 },
		{ HEAD "Content-Length: 0, 35\r\n\r\n" HIDDEN, 400 },
		{ HEAD "Content-Length: 0x23\r\n\r\n" HIDDEN, 400 },
		{ HEAD "Content-Length: -1\r\n\r\n" HIDDEN, 400 },
		{ HEAD "Content-Length: 0\r\n\n" HIDDEN, 400 },
		{ HEAD "Content-Length:\r\n 0\r\n\r\n" HIDDEN, 400 },
		{ "GET /well HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n" HIDDEN, 413 },
		{ "GET /well HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" HIDDEN, 400 },
		{ "GET /well HTTP/1.1\r\n\r\n" HIDDEN, 400 },
		{ "GET /well\r\n\r\n" HIDDEN, 400 },
		{ "GET /well HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN, 400 },
		{ "\r\nGET /well HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN, 400 },
		{ "PUT /well HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN, 405 },
		{ "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n" HIDDEN, 400 },
		{ "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" HIDDEN, 505 },
		/* The body is all of it, and nothing is behind. */
		{ HEAD "Connection: close\r\nContent-Length: 35\r\n\r\n" HIDDEN, 200 },
		{ "GET http://b.test/well HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" HIDDEN,
			200 },
	};
	struct rig *rig = *state;

	assert_int_equal(strlen(HIDDEN), 35);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *heard = ask(rig, rows[i].text);
		char status[32];

		snprintf(status, sizeof(status), "HTTP/1.1 %u ", rows[i].status);
		if (strncmp(heard, status, strlen(status)) != 0 ||
			count_of(heard, "HTTP/1.1") != 1 || smuggled)
			fail_msg("%s: %s", rows[i].text, heard);
	}
}

static void path_tricks(void **state)
{
	static const char *const tricks[] = { "/file/..%2f..%2fetc%2fpasswd", "/file/%2e%2e",
		"/../file/a", "/./file/a", "/file//a", "//file/a", "/file/a/", "/file/a%00",
		"/file/%", "/file/a%5c..", "/file/%c0%ae%c0%ae", "/file/%ff", "/FILE/a", "/file",
		"/file/a/b", "/%66ile/%2E%2E/", "/file/a%0d%0aX:%20b", "http://a/file/../a",
		"/file;x/a" };
	struct rig *rig = *state;
	char text[256];

	for (size_t i = 0; i < COUNT(tricks); i++) {
		snprintf(text, sizeof(text),
			"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", tricks[i]);
		const char *heard = ask(rig, text);
		if (strncmp(heard, "HTTP/1.1 404 ", 13) != 0)
			fail_msg("%s: %s", tricks[i], heard);
	}
	assert_non_null(strstr(
		ask(rig, "GET /%66ile/%C3%A9%2B HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
		"\r\n\r\nfile \xc3\xa9+"));
}

/* Half of it begins as a request does. */
static void noise(void **state)
{
	struct rig *rig = *state;
	struct well w = begin_well(rig);
	struct rng rng;
	char text[600];

	rng_init_number(&rng, 7);
	for (unsigned i = 0; i < 500; i++) {
		const int fd = dial_from(rig, 2);
		const size_t n = rng_below(&rng, sizeof(text));
		rng_bytes(&rng, text, n);
		if (i % 2)
			tell(fd, "GET /well HTTP/1.1\r\nHost: a\r\n", 29);
		tell(fd, text, n);
		turn(rig, 3);
		close(fd);
		if (i % 50 == 0)
			check_well(rig, &w);
	}
	check_well(rig, &w);
	close(w.fd);
}

/* ---- a thousand readers ---- */

/* How much of the events it is; a heartbeat is not counted. */
static size_t hear_all(int fd)
{
	char text[8192];
	size_t all = 0;

	for (ssize_t n = 1; n > 0;) {
		n = recv(fd, text, sizeof(text), 0);
		for (ssize_t i = 0; i < n; i++)
			all += text[i] == 'E';
	}
	return all;
}

/* Every second one never reads. */
static void thousand_readers(void **state)
{
	enum { EVENT = 2000, EVENTS = 150 };
	static int fds[STREAMS];
	static size_t heard[STREAMS];
	static char event[EVENT];
	struct rig *rig = *state;
	struct well w = begin_well(rig);
	const int little = 4096;

	memset(heard, 0, sizeof(heard));
	for (unsigned i = 0; i < STREAMS; i++) {
		fds[i] = dial_from(rig, 2 + i / 8);
		if (i % 2)
			setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
		tell(fds[i], GET("/events"), strlen(GET("/events")));
		turn(rig, 3);
	}
	assert_int_equal(web_server_counts(rig->server).n_streams, STREAMS);
	for (unsigned i = 0; i < STREAMS; i++)
		hear_all(fds[i]);
	const size_t before = heap();
	memset(event, 'E', EVENT);
	for (unsigned k = 0; k < EVENTS; k++) {
		assert_int_equal(web_stream_push(rig->stream, slice_of(event, EVENT)), 0);
		turn(rig, 1);
		for (unsigned i = 0; i < STREAMS; i += 2)
			heard[i] += hear_all(fds[i]);
		if (k % 30 == 0) {
			check_well(rig, &w);
			/* One copy, and a piece and a little for each. */
			assert_true(heap() < before + WEB_STREAM_UNREAD_MAX + WEB_EVENT_MAX +
						     STREAMS * (16 << 10));
		}
	}
	turn(rig, 20);
	for (unsigned i = 0; i < STREAMS; i += 2)
		assert_int_equal(heard[i] + hear_all(fds[i]), EVENT * EVENTS);
	assert_int_equal(web_stream_readers(rig->stream), STREAMS / 2);
	assert_int_equal(rig->n_refused[WEB_REFUSED_SLOW], STREAMS / 2);
	check_well(rig, &w);
	for (unsigned i = 0; i < STREAMS; i++)
		close(fds[i]);
	close(w.fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slow_head),
		TEST(silent),
		TEST(slow_body),
		TEST(large_body_without_its_end),
		TEST(endless_head),
		TEST(never_reading),
		TEST(flood_of_addresses),
		TEST(pipelined),
		TEST(smuggling),
		TEST(path_tricks),
		TEST(noise),
		TEST(thousand_readers),
	};
	struct rlimit limit;

	/* A descriptor at each end of a connection. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
