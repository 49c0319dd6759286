/* The server behind TLS: whole answers, streams, certificates of clients, and who speaks none. */
#include "net/authority.h"
#include "net/channel.h"
#include "web_rig.h"

enum { DAY = 86400, PEM_MAX = 1 << 16, TRUST_OURS = 1, OLD = 2, DESK = 1, SERVER = 3 };

static struct trust *trust;
static struct tls_policy serving;

static void handle(void *arg, const struct web_request *request, struct web_answer *ret)
{
	struct rig *rig = arg;

	rig->n_asked++;
	assert_non_null(request->tls);
	ret->status = 200;
	if (slice_eqs(request->path, "/large"))
		for (unsigned i = 0; i < 200; i++)
			buf_printf(&ret->body, "%1000u", i);
	else if (slice_eqs(request->path, "/events"))
		web_answer_stream(ret, rig->stream);
	else
		buf_printf(&ret->body, "you are %s", request->user ? request->user : "nobody");
}

static void add_identity(struct authority *a, unsigned number, const char *name, long until)
{
	struct buf pem;

	buf_init(&pem, PEM_MAX);
	assert_int_equal(authority_put_identity(a, name, -DAY, until, &pem), 0);
	assert_int_equal(trust_add_identity(trust, number, buf_slice(&pem)), 0);
	buf_done(&pem);
}

static int make_trust(void **state)
{
	struct authority *a;
	struct buf pem;

	(void)state;
	buf_init(&pem, PEM_MAX);
	assert_int_equal(trust_new(&trust), 0);
	assert_int_equal(authority_new(&a), 0);
	assert_int_equal(authority_put_ca(a, &pem), 0);
	assert_int_equal(trust_add_ca(trust, TRUST_OURS, buf_slice(&pem)), 0);
	buf_done(&pem);
	add_identity(a, DESK, "desk.contoso.test", DAY);
	add_identity(a, OLD, "desk.contoso.test", -1000);
	add_identity(a, SERVER, "watch.contoso.test", DAY);
	authority_free(a);
	serving = (struct tls_policy){ .accept = true,
		.request_certificate = true,
		.verify = TLS_VERIFY_NOTE,
		.trust = TRUST_OURS,
		.identity = SERVER,
		.alpn = "http/1.1" };
	return 0;
}

static int free_trust(void **state)
{
	(void)state;
	trust = trust_free(trust);
	return 0;
}

static int setup(void **state)
{
	struct event_base *base = event_base_new();
	struct web_auth_list *list;
	struct web_auth *auth;

	assert_int_equal(web_auth_new(&auth, base), 0);
	assert_int_equal(web_auth_list_new(&list), 0);
	assert_int_equal(web_auth_list_add_certificate(list, "desk.contoso.test", "desk"), 0);
	web_auth_use(auth, list);
	struct rig *rig = rig_new_in(base, handle,
		(struct web_server_cfg){ .streams = 4,
			.idle_s = 60,
			.body_max = 1 << 20,
			.trust = trust,
			.tls = &serving,
			.who = web_auth_who(auth) });
	rig->auth = auth;
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

/* ---- a client ---- */

struct client {
	int fd;
	struct channel *channel;
	struct buf heard, wire;
};

static void client_init(struct client *c, struct rig *rig, unsigned identity)
{
	const struct tls_policy policy = { .trust = TRUST_OURS,
		.identity = identity,
		.verify = TLS_VERIFY_PEER,
		.name = "watch.contoso.test",
		.alpn = "http/1.1" };

	c->fd = dial(rig);
	buf_init(&c->heard, HEARD_MAX);
	buf_init(&c->wire, HEARD_MAX);
	assert_int_equal(channel_new(&c->channel, trust, &policy), 0);
	assert_int_equal(channel_push(c->channel, SLICE_NONE, &c->heard, &c->wire), 0);
}

static void client_done(struct client *c)
{
	close(c->fd);
	channel_free(c->channel);
	buf_done(&c->heard);
	buf_done(&c->wire);
}

static void client_turn(struct client *c, struct rig *rig)
{
	static uint8_t bytes[16384];

	const ssize_t out =
		send(c->fd, buf_slice(&c->wire).p, buf_len(&c->wire), MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_consume(&c->wire, out > 0 ? (size_t)out : 0);
	turn(rig, 1);
	const ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n > 0)
		assert_int_equal(
			channel_push(c->channel, slice_of(bytes, (size_t)n), &c->heard, &c->wire),
			0);
}

static void client_say(struct client *c, struct rig *rig, const char *text)
{
	for (unsigned i = 0; i < TURNS_MAX && channel_state(c->channel) == CHANNEL_HANDSHAKE; i++) {
		rest(c->fd, i);
		client_turn(c, rig);
	}
	assert_int_equal(channel_state(c->channel), CHANNEL_UP);
	assert_int_equal(channel_write(c->channel, slice_str(text), &c->wire), 0);
}

static const char *client_hear(struct client *c, struct rig *rig, const char *what)
{
	for (unsigned i = 0; i < TURNS_MAX; i++) {
		rest(c->fd, i);
		client_turn(c, rig);
		if (strstr(buf_cstr(&c->heard), what))
			return buf_cstr(&c->heard);
	}
	return "it does not come";
}

/* ---- what is tried ---- */

static void answers(void **state)
{
	struct rig *rig = *state;
	struct client c;

	client_init(&c, rig, TLS_IDENTITY_NONE);
	client_say(&c, rig, GET("/x"));
	assert_non_null(strstr(client_hear(&c, rig, "you are"), "you are nobody"));
	assert_string_equal(channel_facts(c.channel)->alpn, "http/1.1");
	buf_clear(&c.heard);
	client_say(&c, rig, GET("/large") GET("/x"));
	const char *heard = client_hear(&c, rig, "you are");
	assert_non_null(strstr(heard, "\r\nContent-Length: 200000\r\n"));
	assert_non_null(strstr(heard, " 199HTTP/1.1 200 OK\r\n"));
	client_say(&c, rig, "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	for (unsigned i = 0; i < TURNS_MAX && channel_state(c.channel) == CHANNEL_UP; i++) {
		rest(c.fd, i);
		client_turn(&c, rig);
	}
	assert_int_equal(channel_state(c.channel), CHANNEL_EOF); /* its end is said, too */
	client_done(&c);
	turn(rig, 5);
	assert_int_equal(web_server_counts(rig->server).n_places, 0);
}

static void certificates(void **state)
{
	static const struct {
		unsigned identity;
		const char *answer;
	} rows[] = { { DESK, "you are certificate:desk" }, { OLD, "you are nobody" },
		{ SERVER, "you are nobody" } };
	struct rig *rig = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct client c;
		client_init(&c, rig, rows[i].identity);
		client_say(&c, rig, GET("/x"));
		if (!strstr(client_hear(&c, rig, "you are"), rows[i].answer))
			fail_msg("%zu: %s", i, buf_cstr(&c.heard));
		client_done(&c);
	}
}

static void stream(void **state)
{
	struct rig *rig = *state;
	struct client c;

	client_init(&c, rig, TLS_IDENTITY_NONE);
	client_say(&c, rig, GET("/events"));
	assert_non_null(strstr(client_hear(&c, rig, "\r\n\r\n"), "HTTP/1.1 200 OK\r\n"));
	assert_int_equal(web_stream_push(rig->stream, SLICE("data: 1\n\n")), 0);
	assert_int_equal(web_stream_push(rig->stream, SLICE("data: 2\n\n")), 0);
	assert_non_null(strstr(client_hear(&c, rig, "data: 2\n\n"), "data: 1\n\n"));
	client_done(&c);
	turn(rig, 5);
	assert_int_equal(web_stream_readers(rig->stream), 0);
}

static void no_tls(void **state)
{
	struct rig *rig = *state;

	assert_null(strstr(ask(rig, GET("/x")), "you are"));
	assert_int_equal(rig->n_refused[WEB_REFUSED_TLS], 1);
	int fd = dial(rig); /* a hello that says to be longer than its record, and goes before it is
			       whole */
	say(fd, "\x16\x03\x01\x02\x05\x01\xff\xff\xff\xff");
	turn(rig, 5);
	close(fd);
	turn(rig, 5);
	fd = dial(rig); /* half a record */
	say(fd, "\x16\x03\x01\x02");
	turn(rig, 5);
	let_time_pass(rig);
	assert_false(is_open(fd));
	close(fd);
	assert_int_equal(rig->n_refused[WEB_REFUSED_LATE], 1);
	assert_int_equal(rig->n_asked, 0);
	assert_int_equal(web_server_counts(rig->server).n_places, 0);
}

/* It closes right behind its request, as with "Connection: close" by another order. */
static void request_and_end(void **state)
{
	struct rig *rig = *state;
	struct client c;

	client_init(&c, rig, TLS_IDENTITY_NONE);
	client_say(&c, rig, GET("/x"));
	channel_close(c.channel, &c.wire);
	assert_non_null(strstr(client_hear(&c, rig, "you are"), "\r\nConnection: close\r\n"));
	client_done(&c);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers),
		TEST(certificates),
		TEST(stream),
		TEST(no_tls),
		TEST(request_and_end),
	};

	return cmocka_run_group_tests(tests, make_trust, free_trust);
}
