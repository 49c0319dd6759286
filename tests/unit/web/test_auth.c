/* Who asks: what is right, what is wrong, and what it costs to guess. */
#include "web/limit.h"
#include "web/passwords.h"
#include "web_rig.h"

/* Of "secret" and of "pass:word \xc3\xa9", by another program's crypt(3). */
#define USERS                                                                                      \
	"alice:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"                     \
	"bob:$2y$04$zyxwvutsrqponmlkjihgfejL7rYXb0IIbHRjP1k2gl2eKpt4wBobS\n"
/* Of "token-of-prometheus". */
#define TOKENS "prometheus:1bf6e0dc6ae6dda41f377935b1c58a26bf1abcf4e07beac5fb0b32869da481e9\n"

#define ASK(credentials) "GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" credentials "\r\n"
#define BASIC(text)      ASK("Authorization: Basic " text "\r\n")
#define ALICE            BASIC("YWxpY2U6c2VjcmV0")
#define ALICE_WRONG      BASIC("YWxpY2U6U2VjcmV0") /* Secret */
#define BOB              BASIC("Ym9iOnBhc3M6d29yZCDDqQ==")
#define CAROL            BASIC("Y2Fyb2w6c2VjcmV0") /* who is not there */

static void handle(void *arg, const struct web_request *request, struct web_answer *ret)
{
	struct rig *rig = arg;

	rig->n_asked++;
	if (slice_eqs(request->path, "/need") && !request->user) {
		web_auth_ask_for(rig->auth, ret);
		return;
	}
	ret->status = 200;
	buf_printf(&ret->body, "you are %s", request->user ? request->user : "nobody");
}

static struct web_auth_list *list_of(const char *users, const char *tokens)
{
	struct web_auth_list *list;
	unsigned line;

	assert_int_equal(web_auth_list_new(&list), 0);
	assert_int_equal(web_auth_list_add_users(list, slice_str(users), &line), 0);
	assert_int_equal(web_auth_list_add_tokens(list, slice_str(tokens), &line), 0);
	return list;
}

static int setup(void **state)
{
	struct event_base *base = event_base_new();
	struct web_auth *auth;

	assert_int_equal(web_auth_new(&auth, base), 0);
	web_auth_use(auth, list_of(USERS, TOKENS));
	struct rig *rig = rig_new_in(
		base, handle, (struct web_server_cfg){ .places = 64, .who = web_auth_who(auth) });
	rig->auth = auth;
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	rig_free(*state);
	return 0;
}

/* As ask(), for what a thread has to do beside the loop: it is waited for, and not for long. */
static const char *inquire(struct rig *rig, const char *request)
{
	const unsigned known = rig->n_asked + rig->n_refused[WEB_REFUSED_CREDENTIAL] +
			       rig->n_refused[WEB_REFUSED_GUESSING] +
			       rig->n_refused[WEB_REFUSED_PASSWORDS];
	const int fd = dial(rig);

	say(fd, request);
	while (rig->n_asked + rig->n_refused[WEB_REFUSED_CREDENTIAL] +
			rig->n_refused[WEB_REFUSED_GUESSING] +
			rig->n_refused[WEB_REFUSED_PASSWORDS] ==
		known)
		event_base_loop(rig->base, EVLOOP_ONCE);
	return hear(rig, fd);
}

static void who(void **state)
{
	static const struct {
		const char *request, *answer;
	} rows[] = {
		{ ASK(""), "you are nobody" },
		{ ALICE, "you are user:alice" },
		{ ALICE, "you are user:alice" }, /* known */
		{ BOB, "you are user:bob" },
		{ ASK("Authorization: Bearer token-of-prometheus\r\n"),
			"you are token:prometheus" },
		{ ALICE_WRONG, "HTTP/1.1 401 Unauthorized\r\n" },
		{ CAROL, "HTTP/1.1 401 " },
		{ BASIC("YWxpY2U6"), "HTTP/1.1 401 " }, /* no password */
		{ BASIC("!"), "HTTP/1.1 401 " },
		{ ASK("Authorization: Bearer token-of-prometheuS\r\n"), "HTTP/1.1 401 " },
		{ ASK("Authorization: Negotiate YWJj\r\n"), "HTTP/1.1 401 " },
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		if (!strstr(inquire(rig, rows[i].request), rows[i].answer))
			fail_msg("%s: %s", rows[i].request, rig->heard);
	assert_int_equal(rig->n_asked, 5);
	assert_int_equal(rig->n_refused[WEB_REFUSED_CREDENTIAL], 6);
}

static void asked_for(void **state)
{
	struct rig *rig = *state;
	const char *heard = ask(rig, GET("/need"));

	assert_non_null(strstr(heard, "HTTP/1.1 401 Unauthorized\r\n"));
	assert_non_null(
		strstr(heard, "\r\nWWW-Authenticate: Basic realm=\"stox\", charset=\"UTF-8\"\r\n"));
	assert_non_null(strstr(heard, "\r\nWWW-Authenticate: Bearer realm=\"stox\"\r\n"));
	assert_int_equal(rig->n_refused[WEB_REFUSED_CREDENTIAL], 0);
	web_auth_use(rig->auth, list_of("", TOKENS));
	assert_null(strstr(ask(rig, GET("/need")), "Basic"));
	web_auth_use(rig->auth, list_of(USERS, ""));
	assert_null(strstr(ask(rig, GET("/need")), "Bearer"));
}

/* No thread is waited for: somebody else is answered while it is compared. */
static void meanwhile(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig), gone = dial(rig);

	say(fd, ALICE);
	say(gone, BOB);
	turn(rig, 5);
	close(gone);
	assert_non_null(strstr(ask(rig, ASK("")), "you are nobody"));
	while (rig->n_asked < 2)
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_non_null(strstr(hear(rig, fd), "you are user:alice"));
}

static void guessing(void **state)
{
	struct rig *rig = *state;

	inquire(rig, ALICE);
	for (unsigned i = 0; i < WEB_LIMIT_BURST; i++)
		assert_non_null(strstr(inquire(rig, ALICE_WRONG), "HTTP/1.1 401 "));
	const char *heard = inquire(rig, ALICE_WRONG);
	assert_non_null(strstr(heard, "HTTP/1.1 429 Too Many Requests\r\n"));
	assert_non_null(strstr(heard, "\r\nRetry-After: 60\r\n"));
	assert_non_null(strstr(inquire(rig, BOB), "HTTP/1.1 429 "));
	assert_non_null(strstr(inquire(rig, ASK("Authorization: Bearer x\r\n")), "HTTP/1.1 429 "));
	/* What is known to be right costs a guesser nothing that he would not have. */
	assert_non_null(strstr(inquire(rig, ALICE), "you are user:alice"));
	assert_non_null(strstr(inquire(rig, ASK("Authorization: Bearer token-of-prometheus\r\n")),
		"you are token:prometheus"));
}

/* As many at once as at one time after another. */
static void guessing_at_once(void **state)
{
	enum { AT_ONCE = 40 };
	struct rig *rig = *state;
	int fds[AT_ONCE];

	for (unsigned i = 0; i < AT_ONCE; i++) {
		fds[i] = dial(rig);
		say(fds[i], ALICE_WRONG);
		turn(rig, 3);
	}
	while (rig->n_refused[WEB_REFUSED_CREDENTIAL] + rig->n_refused[WEB_REFUSED_GUESSING] <
		AT_ONCE)
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_int_equal(rig->n_refused[WEB_REFUSED_CREDENTIAL], WEB_LIMIT_BURST);
	for (unsigned i = 0; i < AT_ONCE; i++)
		close(fds[i]);
}

/* A password that was changed is wrong at once, and a user who is gone, too. */
static void changed(void **state)
{
	static const char bob_as_alice[] =
		"alice:$2y$04$zyxwvutsrqponmlkjihgfejL7rYXb0IIbHRjP1k2gl2eKpt4wBobS\n";
	struct rig *rig = *state;

	inquire(rig, ALICE);
	web_auth_use(rig->auth, list_of(bob_as_alice, ""));
	assert_non_null(strstr(inquire(rig, ALICE), "HTTP/1.1 401 "));
	assert_non_null(strstr(inquire(rig, ASK("Authorization: Bearer token-of-prometheus\r\n")),
		"HTTP/1.1 401 "));
	web_auth_use(rig->auth, list_of(USERS, ""));
	const unsigned n_asked = rig->n_asked;
	const int fd = dial(rig);
	say(fd, ALICE);
	turn(rig, 3);
	/* It is being compared, or was, and nobody has looked yet: but on a busy machine. */
	const bool was_answered = rig->n_asked > n_asked;
	web_auth_use(rig->auth, list_of("", ""));
	while (!was_answered && rig->n_refused[WEB_REFUSED_CREDENTIAL] < 3)
		event_base_loop(rig->base, EVLOOP_ONCE);
	assert_non_null(strstr(hear(rig, fd), was_answered ? "HTTP/1.1 200 " : "HTTP/1.1 401 "));
}

/* Its server is gone before the answer is there. */
static void server_ends(void **state)
{
	struct rig *rig = *state;
	const int fd = dial(rig);

	say(fd, ALICE);
	turn(rig, 5);
	rig->server = web_server_free(rig->server);
	turn(rig, 100);
	close(fd);
}

/* ---- the thread ---- */

static bool await(struct web_passwords *p)
{
	bool is_right;

	while (!web_passwords_take(p, &is_right))
		;
	return is_right;
}

static void passwords(void **state)
{
	static const char hash[] = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
	struct web_passwords *p;
	unsigned n = 0;

	(void)state;
	assert_int_equal(web_passwords_new(&p), 0);
	while (web_passwords_push(p, hash, n % 2 ? SLICE("secret") : SLICE("wrong")))
		n++;
	assert_int_equal(n, WEB_PASSWORDS_MAX);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(await(p), i % 2);
	assert_false(web_passwords_push(p, hash, SLICE("a\0b")));
	assert_true(web_passwords_push(p, "$2y$04$", SLICE("secret")));
	assert_false(await(p));
	assert_true(web_passwords_push(p, hash, SLICE("secret")));
	assert_null(web_passwords_free(p)); /* with one that waits */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who),
		TEST(asked_for),
		TEST(meanwhile),
		TEST(guessing),
		TEST(guessing_at_once),
		TEST(changed),
		TEST(server_ends),
		cmocka_unit_test(passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
