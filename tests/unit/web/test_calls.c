/* The watcher's side of the HTTP server: connections that stay, answers that come later, posts,
 * what is known already, and names that are not ours. */
#include <sys/time.h>

#include "web/uri.h"
#include "web_rig.h"

static const char style[] = "body{}";

static void free_parts(void *arg)
{
	((struct rig *)arg)->n_freed++;
}

static void put_later(struct rig *rig, const struct web_request *request, struct web_answer *ret)
{
	const struct web_call *call = web_answer_later(ret);

	if (!call)
		return;
	ret->parts = rig;
	ret->done = free_parts;
	ret->later_s = slice_eqs(request->query, "long") ? 1000 : ret->later_s;
	rig->n_begun++;
	rig->calls[rig->n_calls++ % COUNT(rig->calls)] = web_call_id(call);
}

static void put_form(const struct web_request *request, struct web_answer *ret)
{
	struct buf value;

	buf_init(&value, 100 << 10);
	ret->status = web_form_find(request, "name", &value) == 0 ? 200 : 400;
	buf_put(&ret->body, buf_slice(&value));
	buf_done(&value);
}

static void handle(void *arg, const struct web_request *request, struct web_answer *ret)
{
	struct rig *rig = arg;

	rig->n_asked++;
	ret->status = 200;
	if (slice_eqs(request->path, "/later")) {
		put_later(rig, request, ret);
	} else if (slice_eqs(request->path, "/now")) {
		web_call_send(web_answer_later(ret));
		buf_puts(&ret->body, "now");
	} else if (slice_eqs(request->path, "/form")) {
		put_form(request, ret);
	} else if (slice_eqs(request->path, "/style")) {
		ret->constant = slice_str(style);
		ret->type = "text/css";
		ret->cache = "max-age=3600";
		snprintf(ret->etag, sizeof(ret->etag), "v1");
	} else if (slice_eqs(request->path, "/large")) {
		for (unsigned i = 0; i < 20000; i++)
			buf_printf(&ret->body, "%9u\n", i);
	} else if (slice_eqs(request->path, "/too-large")) {
		for (unsigned i = 0; i < 200000; i++)
			buf_printf(&ret->body, "%9u\n", i);
	} else if (slice_eqs(request->path, "/field")) {
		web_answer_field(ret, "X", request->query);
	} else if (slice_eqs(request->path, "/split")) {
		web_answer_field(ret, "X", SLICE("a\r\nSet-Cookie: b"));
	} else if (slice_eqs(request->path, "/there")) {
		web_answer_redirect(ret, 303, SLICE("/style"));
	} else if (slice_eqs(request->path, "/get")) {
		ret->status = 405;
		ret->allow = "GET";
	} else if (slice_eqs(request->path, "/nothing")) {
		ret->status = 204;
	} else {
		buf_printf(&ret->body, "short %.*s", SLICE_FMT(request->path));
	}
}

static int setup(void **state)
{
	static const char *const hosts[] = { "a", "watch.test", NULL };

	*state = rig_new(handle, (struct web_server_cfg){ .places = 8,
					 .calls = 4,
					 .idle_s = 60,
					 .body_max = 1 << 20,
					 .unread_max = 1 << 20,
					 .takes_post = true,
					 .hosts = hosts });
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	turn(rig, 10);
	const struct web_counts counts = web_server_counts(rig->server);
	assert_int_equal(counts.n_calls, 0);
	assert_int_equal(counts.n_unread, 0);
	rig_free(rig);
	return 0;
}

/* ---- connections that stay ---- */

static void stays(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);
	const char *heard;

	for (unsigned i = 0; i < 3; i++) {
		say(fd, GET("/x"));
		heard = hear_until(rig, fd, "short /x");
		assert_non_null(strstr(heard, "HTTP/1.1 200 OK\r\nDate: "));
		assert_null(strstr(heard, "Connection:"));
	}
	assert_int_equal(web_server_counts(rig->server).connections, 1);
	say(fd, "GET /y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	heard = hear(rig, fd);
	assert_non_null(strstr(heard, "\r\nConnection: close\r\n"));
	assert_non_null(strstr(heard, "short /y"));
	assert_non_null(strstr(ask(rig, "GET /z HTTP/1.0\r\n\r\n"), "short /z"));
}

static void pipelined(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	/* The end of the last one comes later, and each in its turn is answered. */
	say(fd, GET("/1")
			GET("/2") "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n"
				  "Content-Type: application/x-www-form-urlencoded\r\n\r\nname=3rd"
				  "HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\nGET /");
	const char *heard = hear_until(rig, fd, "Content-Length: 8\r\n\r\n");
	const char *one = strstr(heard, "short /1HTTP/1.1 200"),
		   *two = strstr(heard, "short /2HTTP/1.1 200"),
		   *three = strstr(heard, "3rdHTTP/1.1 200");
	assert_true(one && two > one && three > two);
	assert_null(strstr(heard, "short /4"));
	say(fd, "5 HTTP/1.1\r\nHost: a\r\n\r\n");
	hear_until(rig, fd, "short /5");
	assert_int_equal(rig->n_asked, 5);
	close(fd);
}

/* What is behind a refused one is not known to be a request. */
static void refused_ends(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n" GET("/x"));

	assert_non_null(strstr(heard, "\r\nAllow: GET, HEAD, POST\r\n"));
	assert_int_equal(count_of(heard, "HTTP/1.1"), 1);
	assert_int_equal(rig->n_refused[WEB_REFUSED_HEAD], 1);
	assert_int_equal(rig->n_asked, 0);
}

static void silence(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, GET("/x"));
	hear_until(rig, fd, "short");
	let_time_pass(rig);
	assert_false(is_open(fd));
	assert_int_equal(rig->n_refused[WEB_REFUSED_LATE], 0);
	close(fd);
	const int half = dial(rig);
	say(half, "GET /");
	turn(rig, 5);
	let_time_pass(rig);
	assert_false(is_open(half));
	assert_int_equal(rig->n_refused[WEB_REFUSED_LATE], 1);
	close(half);
}

/* Who has a connection for later makes room for who has something to say. */
static void idle_makes_room(void **state)
{
	struct rig *rig = *state;
	int fds[8];

	for (unsigned i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(rig);
		say(fds[i], GET("/x"));
		hear_until(rig, fds[i], "short");
	}
	const int next = dial(rig);
	say(next, GET("/y"));
	assert_non_null(strstr(hear_until(rig, next, "short /y"), "200 OK"));
	assert_false(is_open(fds[0]));
	assert_true(is_open(fds[1]));
	assert_int_equal(rig->n_refused[WEB_REFUSED_PLACES], 0);
	for (unsigned i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	close(next);
}

/* ---- answers that come later ---- */

static void answer_call(struct rig *rig, uint64_t id, const char *text)
{
	struct web_call *c = web_call_find(rig->server, id);

	assert_non_null(c);
	assert_true(slice_eqs(web_call_request(c)->path, "/later"));
	buf_puts(&web_call_answer(c)->body, text);
	web_call_send(c);
	assert_null(web_call_find(rig->server, id));
}

static void comes_later(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig), other = dial(rig);

	say(fd, GET("/later") GET("/behind"));
	turn(rig, 20);
	assert_int_equal(rig->n_asked, 1); /* one at a time */
	say(other, GET("/x"));
	hear_until(rig, other, "short /x");
	assert_int_equal(web_server_counts(rig->server).n_calls, 1);
	answer_call(rig, rig->calls[0], "at last");
	assert_non_null(strstr(hear_until(rig, fd, "short /behind"), "at lastHTTP/1.1 200 OK"));
	assert_int_equal(rig->n_freed, 1);
	say(fd, GET("/now"));
	hear_until(rig, fd, "\r\n\r\nnow");
	close(fd);
	close(other);
}

static void reader_is_gone(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, GET("/later"));
	turn(rig, 10);
	assert_non_null(web_call_find(rig->server, rig->calls[0]));
	close(fd);
	turn(rig, 10);
	assert_null(web_call_find(rig->server, rig->calls[0]));
	assert_null(web_call_find(rig->server, 0));
	assert_int_equal(rig->n_freed, 1);
}

static void nobody_answers(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, GET("/later"));
	turn(rig, 10);
	let_time_pass(rig);
	assert_null(web_call_find(rig->server, rig->calls[0]));
	hear_until(rig, fd, "HTTP/1.1 504 Gateway Timeout\r\n");
	assert_int_equal(rig->n_refused[WEB_REFUSED_CALL_LATE], 1);
	say(fd, GET("/x"));
	hear_until(rig, fd, "short");
	close(fd);
}

static long left_s(struct rig *rig)
{
	const struct web_conn *k = LIST_FIRST(&rig->server->conns, struct web_conn, all);
	struct timeval at, now;

	assert_true(evtimer_pending(k->timer, &at));
	gettimeofday(&now, NULL);
	return at.tv_sec - now.tv_sec;
}

static void its_own_time(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, GET("/later"));
	turn(rig, 10);
	assert_true(left_s(rig) <= WEB_CALL_S);
	answer_call(rig, rig->calls[0], "1st");
	hear_until(rig, fd, "1st");
	say(fd, GET("/later?long"));
	turn(rig, 10);
	assert_true(left_s(rig) > 10 * WEB_CALL_S);
	answer_call(rig, rig->calls[1], "2nd");
	hear_until(rig, fd, "2nd");
	close(fd);
}

static void many_calls(void **state)
{
	struct rig *rig = *state;
	int fds[5];

	for (unsigned i = 0; i < 4; i++) {
		fds[i] = dial(rig);
		say(fds[i], GET("/later"));
		turn(rig, 10);
	}
	fds[4] = dial(rig);
	say(fds[4], GET("/later"));
	const char *heard = hear_until(rig, fds[4], "Unavailable\n");
	assert_non_null(strstr(heard, "\r\nRetry-After: 5\r\n"));
	assert_int_equal(rig->n_refused[WEB_REFUSED_CALLS], 1);
	answer_call(rig, rig->calls[2], "third");
	hear_until(rig, fds[2], "third");
	say(fds[4], GET("/later"));
	turn(rig, 10);
	assert_int_equal(rig->n_calls, 5);
	for (unsigned i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	turn(rig, 10);
}

/* ---- posts ---- */

#define POST(length, more)                                                                         \
	"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"    \
	"Content-Length: " length "\r\n" more "\r\n"

static void body_in_pieces(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, POST("15", ""));
	for (const char *p = "name=a%20b&c=d+"; *p; p++) {
		assert_int_equal(send(fd, p, 1, MSG_NOSIGNAL), 1);
		turn(rig, 2);
	}
	assert_non_null(strstr(hear_until(rig, fd, "\r\n\r\na b"), "200 OK"));
	close(fd);
}

static void largest_body(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);
	static char body[WEB_BODY_MAX] = "name=";
	size_t sent = 0;

	memset(body + 5, 'a', sizeof(body) - 5);
	say(fd, POST("65536", ""));
	while (sent < sizeof(body)) {
		const ssize_t n =
			send(fd, body + sent, sizeof(body) - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		turn(rig, 1);
	}
	const char *heard = hear_until(rig, fd, "\r\n\r\n");
	assert_non_null(strstr(heard, "Content-Length: 65531\r\n"));
	close(fd);
	assert_non_null(strstr(ask(rig, POST("65537", "")), "HTTP/1.1 413 "));
}

static void slow_body(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, POST("15", "") "name=");
	turn(rig, 10);
	let_time_pass(rig);
	assert_false(is_open(fd));
	assert_int_equal(rig->n_refused[WEB_REFUSED_LATE], 1);
	assert_int_equal(rig->n_asked, 0);
	close(fd);
}

static void expects_100(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, POST("6", "Expect: 100-continue\r\n"));
	assert_string_equal(hear_until(rig, fd, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "name=b");
	hear_until(rig, fd, "\r\n\r\nb");
	/* It did not wait for that. */
	say(fd, POST("6", "Expect: 100-continue\r\n") "name=c");
	assert_null(strstr(hear_until(rig, fd, "\r\n\r\nc"), "100 Continue"));
	close(fd);
	assert_non_null(strstr(ask(rig, POST("65537", "Expect: 100-continue\r\n")), "413"));
	assert_non_null(strstr(ask(rig, POST("6", "Expect: a\r\n")), "HTTP/1.1 417 "));
}

/* Nothing of what another site's page asks for is done. */
static void other_sites(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, POST("6", "Origin: http://a\r\nSec-Fetch-Site: same-origin\r\n") "name=b");
	hear_until(rig, fd, "\r\n\r\nb");
	say(fd, "GET /x HTTP/1.1\r\nHost: a\r\nOrigin: http://evil.test\r\n"
		"Sec-Fetch-Site: cross-site\r\n\r\n");
	hear_until(rig, fd, "short");
	assert_int_equal(rig->n_asked, 2);
	say(fd, POST("6", "Origin: http://evil.test\r\n") "name=c");
	assert_non_null(strstr(hear(rig, fd), "HTTP/1.1 403 "));
	ask(rig, POST("6", "Sec-Fetch-Site: same-site\r\n") "name=c");
	assert_int_equal(rig->n_asked, 2);
	assert_int_equal(rig->n_refused[WEB_REFUSED_FOREIGN], 2);
}

static void names_of_strangers(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, "GET /x HTTP/1.1\r\nHost: evil.test\r\n\r\n");

	assert_non_null(strstr(heard, "HTTP/1.1 421 Misdirected Request\r\n"));
	ask(rig, "GET http://evil.test/x HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(rig->n_refused[WEB_REFUSED_HOST], 2);
	assert_int_equal(rig->n_asked, 0);
	ask(rig, "GET /x HTTP/1.1\r\nHost: Watch.test:8443\r\nConnection: close\r\n\r\n");
	ask(rig, "GET /x HTTP/1.0\r\n\r\n");
	assert_int_equal(rig->n_asked, 2);
}

/* ---- what an answer says ---- */

#define LAST(path, more) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" more "\r\n"

static void known_already(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, LAST("/style", ""));

	assert_non_null(strstr(heard, "\r\nETag: \"v1\"\r\n"));
	assert_non_null(strstr(heard, "\r\nCache-Control: max-age=3600\r\n"));
	assert_non_null(strstr(heard, "\r\nContent-Length: 6\r\n"));
	assert_non_null(strstr(heard, "\r\n\r\nbody{}"));
	heard = ask(rig, LAST("/style", "If-None-Match: \"v0\", W/\"v1\"\r\n"));
	assert_non_null(strstr(heard, "HTTP/1.1 304 Not Modified\r\n"));
	assert_non_null(strstr(heard, "\r\nETag: \"v1\"\r\n"));
	assert_null(strstr(heard, "\r\nContent-"));
	assert_string_equal(heard + strlen(heard) - 4, "\r\n\r\n");
	heard = ask(rig, LAST("/style", "If-None-Match: \"v0\"\r\n"));
	assert_non_null(strstr(heard, "body{}"));
}

static void fields(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, LAST("/field?a=b", ""));

	assert_non_null(strstr(heard, "\r\nX: a=b\r\n"));
	heard = ask(rig, LAST("/split", ""));
	assert_non_null(strstr(heard, "HTTP/1.1 500 "));
	assert_null(strstr(heard, "Cookie"));
	heard = ask(rig, LAST("/there", ""));
	assert_non_null(strstr(heard, "HTTP/1.1 303 See Other\r\n"));
	assert_non_null(strstr(heard, "\r\nLocation: /style\r\n"));
	assert_non_null(strstr(ask(rig, LAST("/get", "")), "\r\nAllow: GET\r\n"));
	heard = ask(rig, LAST("/nothing", ""));
	assert_non_null(strstr(heard, "HTTP/1.1 204 No Content\r\n"));
	assert_null(strstr(heard, "\r\nContent-"));
}

static void large(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, LAST("/large", ""));

	assert_non_null(strstr(heard, "\r\nContent-Length: 200000\r\n\r\n        0\n"));
	assert_string_equal(heard + strlen(heard) - 8, "  19999\n");
	assert_int_equal(web_server_counts(rig->server).n_unread, 0);
	heard = ask(rig, LAST("/too-large", ""));
	assert_non_null(strstr(heard, "HTTP/1.1 500 "));
}

/* Those who do not read keep others from large answers for a while, but not from small ones. */
static void unread(void **state)
{
	struct rig *rig = *state;
	const int little = 4096, reading = dial(rig);
	int fds[7];

	for (unsigned i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(rig);
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
		for (unsigned k = 0; k < 20; k++)
			say(fds[i], GET("/large"));
		turn(rig, 100);
		assert_true(web_server_counts(rig->server).n_unread <= 1 << 20);
	}
	assert_true(web_server_counts(rig->server).n_unread > 1 << 19);
	assert_true(rig->n_refused[WEB_REFUSED_MEMORY] > 0);
	say(reading, GET("/large"));
	assert_non_null(strstr(hear_until(rig, reading, "Unavailable\n"), "\r\nRetry-After: "));
	say(reading, GET("/x"));
	hear_until(rig, reading, "short");
	let_time_pass(rig);
	assert_true(rig->n_refused[WEB_REFUSED_UNREAD] > 0);
	assert_int_equal(web_server_counts(rig->server).n_unread, 0);
	for (unsigned i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	close(reading);
}

/* At each place where memory ends there is an answer or an end, and the next one is as ever. */
static void without_memory(void **state)
{
	struct rig *rig = *state;

	for (long n = 0; n < 40; n++) {
		const int fd = dial(rig);
		mem_fail_after(n);
		say(fd, POST("10", "") "name=value" GET("/style") GET("/large") GET("/there"));
		turn(rig, 10);
		mem_fail_after(-1);
		close(fd);
		turn(rig, 2);
		assert_non_null(strstr(ask(rig, LAST("/x", "")), "short /x"));
	}
	turn(rig, 5);
	assert_int_equal(web_server_counts(rig->server).n_places, 0);
}

static void date(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	web_put_date(&b, 784111777);
	assert_string_equal(buf_cstr(&b), "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
	buf_done(&b);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stays),
		TEST(pipelined),
		TEST(refused_ends),
		TEST(silence),
		TEST(idle_makes_room),
		TEST(comes_later),
		TEST(reader_is_gone),
		TEST(nobody_answers),
		TEST(its_own_time),
		TEST(many_calls),
		TEST(body_in_pieces),
		TEST(largest_body),
		TEST(slow_body),
		TEST(expects_100),
		TEST(other_sites),
		TEST(names_of_strangers),
		TEST(known_already),
		TEST(fields),
		TEST(large),
		TEST(unread),
		TEST(without_memory),
		cmocka_unit_test(date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
