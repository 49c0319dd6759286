/* Failures that wait for a stream to be told on. */
#include "scene.h"

#define FROM "adelany@contoso.test/desk"

/* Message number i goes to a phone of its own, which is not asked twice at a time. */
static void message(unsigned i)
{
	char to[64], id[32];

	snprintf(to, sizeof(to), "u%u@litware.test", i);
	snprintf(id, sizeof(id), "m%u", i);
	xmpp_message(FROM, to, id, "x");
}

static void come_back(void)
{
	s.n_got = 0;
	while (!s.wants_connect)
		pass(TS_MS(100));
	connect_server();
	assert_true(gateway_is_up(s.g));
}

static void assert_told(unsigned got, const char *id)
{
	assert_true(got < s.n_got);
	assert_holds(id, s.got[got].id);
	assert_string_equal(s.got[got].to, FROM);
	assert_holds(s.got[got].text, "type='error'");
}

static void a_failure_without_a_stream_is_told_on_the_next_one(void **state)
{
	(void)state;
	start_connected();
	message(1);
	message(2);
	break_stream();
	respond(0, "404 Not Found");
	respond(1, "200 OK");
	come_back();
	assert_int_equal(s.n_got, 1);
	assert_told(0, "m1");
	assert_holds(s.got[0].text, "<item-not-found ");
	break_stream();
	come_back(); /* and once only */
	assert_int_equal(s.n_got, 0);
}

static void those_that_waited_come_before_the_next(void **state)
{
	(void)state;
	start_connected();
	message(1);
	message(2);
	message(3);
	break_stream();
	respond(0, "404 Not Found");
	respond(1, "480 Temporarily Unavailable");
	come_back();
	respond(2, "404 Not Found");
	assert_int_equal(s.n_got, 3);
	assert_told(0, "m1");
	assert_told(1, "m2");
	assert_told(2, "m3");
	assert_int_equal(gateway_stats(s.g)->failures_lost, 0);
}

/* However long their ids are: each waits in its message's own place. */
static void what_waits_is_told_whole(void **state)
{
	enum { MESSAGES = 300 };
	char text[2048], id[1001];

	(void)state;
	memset(id, 'i', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	start_connected();
	for (unsigned i = 0; i < MESSAGES; i++) {
		snprintf(text, sizeof(text),
			"<message from='" FROM
			"' to='u%u@litware.test' id='%s'><body>x</body></message>",
			i, id);
		from_xmpp(text);
	}
	break_stream();
	for (unsigned i = 0; i < MESSAGES; i++)
		respond(i, "404 Not Found");
	come_back();
	pass(0);
	assert_int_equal(gateway_stats(s.g)->failures_lost, 0);
	assert_int_equal(s.n_got, MESSAGES);
	for (unsigned i = 0; i < s.n_got; i++)
		assert_told(i, id);
}

/* A phone may say at length why; that its sender hears of the failure at all matters more. */
static void a_failure_with_many_words_is_told_with_few(void **state)
{
	enum { WORDS = 30000 };
	static char text[WORDS + SCENE_TEXT_MAX];
	const char *start = "SIP/2.0 404 ";

	(void)state;
	start_connected();
	message(1);
	memset(text, '&', sizeof(text) - 1); /* each is five bytes in XML */
	for (size_t i = 0; start[i]; i++)
		text[i] = start[i];
	snprintf(text + WORDS, SCENE_TEXT_MAX, "%s", response_to(0, "404 ", "") + strlen(start));
	s.n_got = 0;
	sip(text);
	assert_int_equal(gateway_stats(s.g)->failures_lost, 0);
	assert_int_equal(s.n_got, 1);
	assert_told(0, "m1");
	assert_holds(s.got[0].text, "<text xmlns='" NS_STANZAS "'>Not Found</text>");
}

/* The server sends faster than it reads: a refusal that has no room is counted at least. */
static void a_refusal_without_room_is_counted(void **state)
{
	enum { MESSAGES = 40, ID = 8000 };
	static char text[MESSAGES * (ID + 200)], id[ID + 1];
	size_t n = 0;

	(void)state;
	memset(id, 'i', ID);
	start_connected();
	s.only_counts = true;
	for (unsigned i = 0; i < MESSAGES; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"<message from='a@elsewhere.test' to='u@litware.test' id='%s'>"
			"<body>x</body></message>",
			id);
	from_xmpp(text);
	assert_in_range(s.n_errors, 1, MESSAGES - 1);
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, MESSAGES);
	assert_int_equal(gateway_stats(s.g)->failures_lost, MESSAGES - s.n_errors);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_failure_without_a_stream_is_told_on_the_next_one),
		SCENE(those_that_waited_come_before_the_next),
		SCENE(what_waits_is_told_whole),
		SCENE(a_failure_with_many_words_is_told_with_few),
		SCENE(a_refusal_without_room_is_counted),
	};

	return cmocka_run_group_tests_name("untold", tests, NULL, NULL);
}
