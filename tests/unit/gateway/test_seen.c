/* Circles: gateways whose next hops lead to each other, RFC 7332. */
#include "scene.h"

/* From the XMPP side, with what a gateway on the way has left of its passes; < 0: none was there.
 */
static void comes(const char *id, const char *thread, const char *body, int passes)
{
	char text[1024], count[160] = "";

	if (passes >= 0)
		snprintf(count, sizeof(count),
			"<headers xmlns='http://jabber.org/protocol/shim'><header "
			"name='max-forwards'> "
			"%d </header></headers>",
			passes);
	snprintf(text, sizeof(text),
		"<message from='adelany@contoso.test/r' to='pilar@litware.test' id='%s'>"
		"<thread>%s</thread><body>%s</body>%s</message>",
		id, thread, body, count);
	from_xmpp(text);
}

/* It is carried, with so many passes left, and the pool takes it. */
static void carried(const char *thread, const char *body, int passes, int left)
{
	const unsigned sent = s.n_sent;

	comes("m", thread, body, passes);
	assert_int_equal(s.n_got, 0);
	assert_int_equal(s.n_sent, sent + 1);
	assert_int_equal(decode_sent(sent)->max_forwards, left);
	respond(sent, "200 OK");
}

static void refused(const char *thread, const char *body, int passes, const char *text)
{
	const unsigned sent = s.n_sent;

	comes("back", thread, body, passes);
	assert_int_equal(s.n_sent, sent);
	assert_int_equal(s.n_got, 1);
	assert_string_equal(s.got[0].id, "back");
	assert_holds(s.got[0].text, "<not-acceptable ");
	assert_holds(s.got[0].text, text);
	s.n_got = 0;
}

static void the_passes_that_are_left_go_on(void **state)
{
	(void)state;
	start_connected();
	carried("t1", "x", -1, 70);
	carried("t2", "x", 70, 69);
	carried("t3", "x", 1, 0); /* its receiver may still take it */
	refused("t4", "x", 0, "passed too many gateways");
	carried("t5", "x", 71, 70); /* none of ours */
	assert_holds(s.events, "log warning sip message-in-a-circle from=adelany@contoso.test/r "
			       "to=pilar@litware.test ");
}

static void they_go_on_from_sip(void **state)
{
	static const struct {
		const char *header, *want;
	} cases[] = {
		{ "Max-Forwards: 70\r\n", "'Max-Forwards'>69</header></headers>" },
		{ "Max-Forwards: 1\r\n", "'Max-Forwards'>0</header></headers>" },
		{ "Max-Forwards: 255\r\n", "'Max-Forwards'>69</header></headers>" },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "b%u", i);
		s.n_got = 0;
		sip(request(branch, A_CONTOSO, P_LITWARE, cases[i].header, "hi"));
		assert_holds(s.got[0].text, cases[i].want);
	}
	s.n_got = 0;
	sip(request("none", A_CONTOSO, P_LITWARE, "", "hi"));
	assert_lacks(s.got[0].text, "Max-Forwards");
}

static void a_message_that_comes_back_is_refused(void **state)
{
	(void)state;
	start_connected();
	carried("c1", "round", -1, 70);
	refused("c1", "round", 69, "came back to a gateway");
	refused("c1", "round", 67, "came back to a gateway");
	carried("c2", "round", 69, 68); /* of another one */
	carried("c1", "other", 69, 68);
	pass(TS_S(10));
	carried("c1", "round", 67, 66); /* that is not it any more */
}

/* Whoever writes a line again has as many passes as before. */
static void a_line_that_is_written_again_is_no_circle(void **state)
{
	(void)state;
	start_connected();
	for (unsigned i = 0; i < 32; i++)
		carried("t", "ok", 69, 68);
	refused("t", "ok", 69, "came back"); /* nobody means that */
	for (unsigned i = 0; i < 40; i++)
		carried("", "ok", -1, 70); /* a gateway would have given it a thread */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_passes_that_are_left_go_on),
		SCENE(they_go_on_from_sip),
		SCENE(a_message_that_comes_back_is_refused),
		SCENE(a_line_that_is_written_again_is_no_circle),
	};

	return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
