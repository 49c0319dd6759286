/* What shows that a message has arrived, without a gateway: a stream that is ready, items, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bridge/partner.h"
#include "gateway/peers.h"
#include "gateway/proof.h"
#include "short_ids.h"

enum {
	MANY = 20000,
	PUSH_MAX = 2048, /* events that have room in one push */
	TEXT = 8192,
};

static struct {
	struct shell shell;
	struct rng rng;
	struct gateway_stats stats;
	struct gateway_cfg cfg;
	struct ids ids;
	struct peers peers;
	struct lent lent;
	struct xstream *x;
	struct proof *p;
	ts_t now;
	char out[TEXT]; /* what went to the server in the last sent() */
	struct proof_item items[MANY];
} t;

static void receive(const char *text)
{
	struct xstream_event ev;

	xstream_push_bytes(t.x, slice_str(text), t.now);
	while (xstream_take_event(t.x, &ev))
		;
}

/* What was written since the last call. */
static const char *sent(void)
{
	struct slice out;

	t.out[0] = '\0';
	if (xstream_take_output(t.x, &out))
		slice_cstr(slice_cut(out, 0, TEXT - 1), t.out, TEXT);
	shorten_ids(&t.ids, t.out);
	return t.out;
}

static int set_up(void **state)
{
	const struct shell_limits limits = { 1 << 20, 64, 64, 64 << 10 };
	const struct xstream_cfg stream = { .role = XSTREAM_COMPONENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("Litware.test"),
		.password = SLICE("s3cret") };
	const struct proof_cfg cfg = {
		.from = "Litware.test", .own = "litware.test", .window = TS_MS(300)
	};

	(void)state;
	memset(&t, 0, sizeof(t));
	t.now = TS_S(1000);
	rng_init_number(&t.rng, 1);
	assert_int_equal(shell_init(&t.shell, &limits), 0);
	ids_init(&t.ids, &t.rng);
	t.lent = (struct lent){ .peers = &t.peers,
		.shell = &t.shell,
		.rng = &t.rng,
		.stats = &t.stats,
		.ids = &t.ids,
		.cfg = &t.cfg };
	assert_int_equal(proof_new(&t.p, &cfg, &t.lent), 0);
	assert_int_equal(xstream_new(&t.x, &stream, &t.rng, t.now), 0);
	receive("<stream:stream xmlns='jabber:component:accept' xmlns:stream='" NS_STREAM
		"' id='x' from='litware.test'>");
	receive("<handshake/>");
	assert_true(xstream_is_ready(t.x));
	sent();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	t.p = proof_free(t.p);
	t.x = xstream_free(t.x);
	shell_done(&t.shell);
	return 0;
}

/* ---- what is done to it ---- */

static struct proof_domain *domain(const char *name)
{
	struct proof_domain *d = proof_domain_get(t.p, slice_str(name));

	assert_non_null(d);
	return d;
}

/* Item number i goes to that domain. */
static void send_item(unsigned i, const char *to)
{
	proof_sent(t.p, &t.items[i], i, domain(to), t.now);
}

static void wake(void)
{
	shell_begin(&t.shell);
	proof_push_time(t.p, t.x, t.now);
}

/* Sleeps from deadline to deadline.  What is to be told then comes at the end of it. */
static void pass(ts_t span)
{
	const ts_t end = t.now + span;
	ts_t at;

	while ((at = proof_deadline(t.p)) <= end) {
		t.now = at > t.now ? at : t.now;
		wake();
		if (proof_deadline(t.p) <= t.now)
			break;
	}
	assert_true(t.now == end || proof_deadline(t.p) > end);
	t.now = end;
}

static enum proof_reply reply_of(
	const struct ids *ids, const char *from, const char *id, const char *type)
{
	char text[IDS_TEXT + 1];
	const struct stanza s = { .kind = STANZA_IQ,
		.from = slice_str(from),
		.to = SLICE("litware.test"),
		.id = slice_str(long_id(ids, id, text)),
		.type = slice_str(type) };

	return proof_push_pong(t.p, t.x, &s, t.now);
}

static bool reply(const char *from, const char *id, const char *type)
{
	const enum proof_reply reply = reply_of(&t.ids, from, id, type);

	assert_int_not_equal(reply, PROOF_REPLY_ANOTHERS);
	return reply == PROOF_REPLY_OURS;
}

static void pong(const char *from, const char *id)
{
	assert_true(reply(from, id, "result"));
}

/* ---- what it tells ---- */

static void assert_next(enum proof_event_type type, uint64_t ref)
{
	struct proof_event ev;

	assert_true(proof_take_event(t.p, true, &ev));
	assert_int_equal(ev.type, type);
	assert_int_equal(ev.ref, ref);
}

static void assert_nothing(void)
{
	struct proof_event ev;

	assert_false(proof_take_event(t.p, true, &ev));
}

/* All of MANY are told in their order, so many in each push as have room. */
static void assert_all_told(enum proof_event_type type)
{
	struct proof_event ev;
	unsigned n = 0, pushes = 0;

	assert_false(proof_take_event(t.p, false, &ev));
	while (proof_deadline(t.p) == 0) {
		wake();
		assert_false(proof_take_event(t.p, false, &ev));
		for (unsigned i = 0; proof_take_event(t.p, i < PUSH_MAX, &ev); i++) {
			assert_int_equal(ev.type, type);
			assert_int_equal(ev.ref, n++);
		}
		pushes++;
	}
	assert_int_equal(n, MANY);
	assert_int_equal(pushes, (MANY + PUSH_MAX - 1) / PUSH_MAX);
	assert_true(proof_deadline(t.p) > t.now);
}

/* ---- pongs ---- */

static void a_ping_goes_out_at_the_end_of_the_wake_up(void **state)
{
	(void)state;
	assert_int_equal(proof_deadline(t.p), TS_NEVER);
	send_item(0, "contoso.test");
	send_item(1, "contoso.test");
	assert_string_equal(sent(), "");
	assert_int_equal(proof_deadline(t.p), 0);
	wake();
	assert_string_equal(sent(), "<iq from='Litware.test' to='contoso.test' id='p1' type='get'>"
				    "<ping xmlns='urn:xmpp:ping'/></iq>");
	assert_int_equal(t.stats.pings, 1);
	assert_nothing();
	pong("contoso.test", "p1");
	assert_next(PROOF_EV_PROVEN, 0);
	assert_next(PROOF_EV_PROVEN, 1);
	assert_nothing();
	assert_string_equal(sent(), "");
}

static void what_is_no_pong_is_not_taken(void **state)
{
	static const struct {
		const char *from, *id, *type;
	} cases[] = {
		{ "contoso.test", "p1", "get" }, /* a request of theirs under our id */
		{ "contoso.test", "p1", "" },
		{ "contoso.test", "p2", "result" },
		{ "contoso.test", "p", "result" },
		{ "contoso.test", "1", "result" },
		{ "contoso.test", "", "result" },
		{ "fabrikam.test", "p1", "result" },
		{ "amy@contoso.test", "p1", "result" },
		{ "contoso.test/x", "p1", "result" },
		{ "", "p1", "result" },
		{ "litware.test", "p1", "result" },
	};

	(void)state;
	send_item(0, "contoso.test");
	wake();
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s %s %s\n", cases[i].from, cases[i].id, cases[i].type);
		assert_false(reply(cases[i].from, cases[i].id, cases[i].type));
		assert_nothing();
	}
	assert_true(reply("contoso.test", "p1", "error"));
	assert_next(PROOF_EV_PROVEN, 0);
}

static void each_domain_proves_its_own(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	send_item(1, "fabrikam.test");
	send_item(2, "contoso.test");
	wake();
	pong("fabrikam.test", "p2");
	assert_next(PROOF_EV_PROVEN, 1);
	assert_nothing();
	pong("contoso.test", "p1");
	assert_next(PROOF_EV_PROVEN, 0);
	assert_next(PROOF_EV_PROVEN, 2);
}

static void one_pong_may_prove_more_than_has_room(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		send_item(i, "contoso.test");
	wake();
	assert_int_equal(t.stats.pings, 1);
	pong("contoso.test", "p1");
	assert_all_told(PROOF_EV_PROVEN);
}

static void one_lost_stream_may_lose_more_than_has_room(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		send_item(i, i % 2 ? "contoso.test" : "fabrikam.test");
	wake();
	proof_push_lost(t.p);
	assert_all_told(PROOF_EV_LOST);
}

static void one_window_may_end_for_more_than_has_room(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		send_item(i, "contoso.test");
	pass(TS_MS(300));
	pong("litware.test", "r1");
	assert_all_told(PROOF_EV_UNPROVEN);
}

/* The proof stands, though nobody was told yet: only what had none is lost. */
static void what_is_held_back_keeps_its_order(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	send_item(1, "fabrikam.test");
	wake();
	pong("contoso.test", "p1");
	proof_push_lost(t.p);
	send_item(2, "contoso.test"); /* on the next stream */
	wake();
	assert_false(reply("fabrikam.test", "p9", "result"));
	pong("contoso.test", "p1"); /* of the last stream: it says nothing of this one */
	pong("contoso.test", "p3");
	assert_next(PROOF_EV_PROVEN, 0);
	assert_next(PROOF_EV_LOST, 1);
	assert_next(PROOF_EV_PROVEN, 2);
	assert_nothing();
}

/* ---- items that are withdrawn ---- */

/* Each item is withdrawn at another moment; none of them is told, all others are. */
static void an_item_can_be_withdrawn_at_any_moment(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		send_item(i, "contoso.test");
	proof_forget(&t.items[0]); /* no ping is behind it yet */
	wake();
	proof_forget(&t.items[1]); /* one is */
	pong("contoso.test", "p1");
	proof_forget(&t.items[2]); /* it is proven */
	assert_next(PROOF_EV_PROVEN, 3);
	proof_forget(&t.items[3]); /* it is told */
	proof_forget(&t.items[4]);
	proof_forget(&t.items[4]);
	proof_forget(&t.items[10]); /* never sent */
	for (unsigned i = 5; i < 10; i++)
		assert_next(PROOF_EV_PROVEN, i);
	assert_nothing();
	send_item(11, "contoso.test");
	send_item(12, "contoso.test");
	proof_push_lost(t.p);
	proof_forget(&t.items[11]); /* it is lost */
	assert_next(PROOF_EV_LOST, 12);
	assert_nothing();
	/* What it says of its domain stays: a late error is judged by that. */
	assert_true(slice_eqs(proof_domain_name(t.items[1].domain), "contoso.test"));
}

static void an_item_can_go_again(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	wake();
	proof_push_lost(t.p);
	assert_next(PROOF_EV_LOST, 0);
	send_item(0, "fabrikam.test");
	wake();
	pong("fabrikam.test", "p2");
	assert_next(PROOF_EV_PROVEN, 0);
	assert_nothing();
}

/* A message that is over must not end the stream three seconds later. */
static void nobody_asks_for_what_was_withdrawn(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	pass(TS_MS(300));
	proof_forget(&t.items[0]);
	pass(TS_S(10));
	assert_nothing();
	assert_int_equal(proof_deadline(t.p), TS_NEVER);
}

/* ---- the window ---- */

static void the_window_ends_when_the_server_has_read(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	pass(TS_MS(200));
	send_item(1, "fabrikam.test");
	pass(TS_MS(100) - 1);
	assert_null(strstr(sent(), "id='r"));
	pass(1);
	assert_string_equal(sent(), "<iq from='litware.test' to='litware.test' id='r3' type='get'>"
				    "<ping xmlns='urn:xmpp:ping'/></iq>");
	assert_nothing();
	assert_false(reply("mallory@litware.test", "r3", "get"));
	assert_false(reply("litware.test", "r", "get"));
	assert_true(reply("litware.test", "r3", "get"));
	assert_next(PROOF_EV_UNPROVEN, 0);
	assert_nothing(); /* the other was read as well, but an error may still come */
	pass(TS_MS(200) - 1);
	assert_nothing();
	pass(1);
	assert_next(PROOF_EV_UNPROVEN, 1);
	assert_string_equal(sent(), "");
}

/* Its replies may stand behind what it has to send: it is given up once it is silent. */
static void a_server_that_goes_on_sending_is_waited_for(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	for (unsigned i = 0; i < 5; i++) {
		pass(TS_S(2));
		proof_push_heard(t.p, t.now);
		assert_nothing();
	}
	pass(TS_S(3) - 1);
	assert_nothing();
	pass(1);
	assert_next(PROOF_EV_DEAD, 0);
}

static void even_that_server_is_waited_for_only_so_long(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	for (unsigned i = 0; i < 19; i++) {
		pass(TS_S(1));
		proof_push_heard(t.p, t.now);
	}
	pass(TS_S(1) - 1);
	assert_nothing();
	pass(1);
	assert_next(PROOF_EV_DEAD, 0);
}

static void a_server_that_does_not_read_is_given_up(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	pass(TS_MS(3300) - 1);
	assert_nothing();
	pass(1);
	assert_next(PROOF_EV_DEAD, 0);
	assert_nothing();
	proof_push_lost(t.p);
	assert_next(PROOF_EV_LOST, 0);
	/* Nothing is owed on the next stream. */
	send_item(1, "contoso.test");
	sent();
	pass(TS_MS(300));
	assert_non_null(strstr(sent(), "id='r10'"));
	pong("litware.test", "r8"); /* one of the last stream */
	assert_nothing();
	pong("litware.test", "r10");
	assert_next(PROOF_EV_UNPROVEN, 1);
}

/* What was dealt to another connection of our name does not end this one. */
static void a_question_that_is_lost_is_asked_again(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	pass(TS_MS(300));
	assert_non_null(strstr(sent(), "id='r2'"));
	pass(TS_MS(499));
	assert_string_equal(sent(), "");
	pass(TS_MS(1));
	assert_non_null(strstr(sent(), "id='r3'"));
	assert_nothing();
	pong("litware.test", "r3");
	assert_next(PROOF_EV_UNPROVEN, 0);
}

/* Another domain's pong shows as well that the server has read. */
static void any_pong_shows_that_the_server_reads(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	pass(TS_MS(200));
	send_item(1, "fabrikam.test");
	wake();
	pong("fabrikam.test", "p2");
	assert_next(PROOF_EV_PROVEN, 1);
	assert_nothing();
	pass(TS_MS(100));
	assert_next(PROOF_EV_UNPROVEN, 0);
	assert_null(strstr(sent(), "id='r"));
}

/* Another process under our name asked: its replies are no proof here. */
static void what_another_one_asked_is_told_apart(void **state)
{
	static const struct {
		const char *from, *id, *type;
		enum proof_reply reply;
	} cases[] = {
		{ "contoso.test", "p1", "result", PROOF_REPLY_ANOTHERS },
		{ "contoso.test", "p1", "error", PROOF_REPLY_ANOTHERS },
		{ "elsewhere.test", "p9", "result", PROOF_REPLY_ANOTHERS },
		{ "litware.test", "r1", "get", PROOF_REPLY_ANOTHERS },
		{ "litware.test", "r1", "result", PROOF_REPLY_ANOTHERS },
		{ "contoso.test", "p1", "get", PROOF_REPLY_NONE },
		{ "amy@contoso.test", "p1", "result", PROOF_REPLY_NONE }, /* he made it up */
		{ "contoso.test", "r1", "result", PROOF_REPLY_NONE },
		{ "contoso.test", "1", "result", PROOF_REPLY_NONE },
	};
	struct ids anothers;

	(void)state;
	ids_init(&anothers, &t.rng);
	send_item(0, "contoso.test");
	wake();
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s %s %s\n", cases[i].from, cases[i].id, cases[i].type);
		assert_int_equal(reply_of(&anothers, cases[i].from, cases[i].id, cases[i].type),
			cases[i].reply);
		assert_nothing();
	}
}

/* ---- pings that are missed, or cannot be sent ---- */

static void after_three_misses_a_domain_is_left_alone(void **state)
{
	struct shell_event ev;
	char id[8];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		send_item(i, "contoso.test");
		pass(TS_MS(300));
		assert_int_equal(shell_take_event(&t.shell, &ev), i == 0); /* told once */
		if (i == 0) {
			assert_int_equal(ev.type, GATEWAY_EV_LOG);
			assert_int_equal(ev.level, LOG_LEVEL_WARNING);
			assert_string_equal(ev.log, "xmpp pings-unanswered domain=contoso.test "
						    "messages=accepted");
		}
		snprintf(id, sizeof(id), "r%u", 2 * i + 2);
		pong("litware.test", id);
		assert_next(PROOF_EV_UNPROVEN, i);
	}
	assert_int_equal(t.stats.ping_timeouts, 3);
	sent();
	send_item(3, "contoso.test");
	wake();
	assert_string_equal(sent(), "");
	t.now += TS_S(60);
	send_item(4, "contoso.test");
	wake(); /* its pong says as much of the one that went without */
	assert_non_null(strstr(sent(), "id='p7'"));
	pong("contoso.test", "p7");
	assert_next(PROOF_EV_PROVEN, 3);
	assert_next(PROOF_EV_PROVEN, 4);
}

static void without_a_stream_nothing_is_asked(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	proof_push_time(t.p, NULL, t.now);
	t.now += TS_MS(300);
	proof_push_time(t.p, NULL, t.now);
	assert_int_equal(t.stats.pings, 0);
	assert_string_equal(sent(), "");
	assert_next(PROOF_EV_DEAD, 0);
}

/* The output of the stream is full: the window, and the next ping, serve what went without. */
static void a_ping_may_find_no_room(void **state)
{
	struct buf *b;

	(void)state;
	send_item(0, "contoso.test");
	while ((b = xstream_begin(t.x))) {
		for (unsigned i = 0; i < 1000; i++)
			buf_puts(b, "<message/>");
		assert_int_equal(xstream_commit(t.x, t.now), 0);
	}
	wake();
	assert_int_equal(t.stats.pings, 0);
	assert_int_equal(proof_deadline(t.p), t.now + TS_MS(300));
	sent();
	send_item(1, "contoso.test");
	wake();
	pong("contoso.test", "p1");
	assert_next(PROOF_EV_PROVEN, 0);
	assert_next(PROOF_EV_PROVEN, 1);
}

/* ---- bounds ---- */

static void domains_are_bounded(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_null(proof_domain_get(t.p, slice_of(name, sizeof(name))));
	for (unsigned i = 0; i < PARTNER_DOMAINS_MAX; i++) {
		snprintf(name, sizeof(name), "d%u.test", i);
		domain(name);
	}
	assert_null(proof_domain_get(t.p, SLICE("one.more.test")));
	assert_non_null(proof_domain_get(t.p, SLICE("d0.test")));
}

static void memory_may_be_out(void **state)
{
	const struct proof_cfg cfg = { .from = "litware.test", .own = "litware.test" };
	struct proof *p;

	(void)state;
	mem_fail_after(0);
	assert_int_equal(proof_new(&p, &cfg, &t.lent), -ENOMEM);
	for (int i = 0; i < 2; i++) {
		mem_fail_after(i);
		assert_null(proof_domain_get(t.p, SLICE("contoso.test")));
	}
	mem_fail_after(-1);
	send_item(0, "contoso.test");
	mem_fail_after(0); /* of its timer: the window serves the message */
	wake();
	mem_fail_after(-1);
	pass(TS_MS(300));
	pong("litware.test", "r1");
	assert_next(PROOF_EV_UNPROVEN, 0);
}

/* The stream was closed by us, and its end is still to come: a ping that is due finds no way. */
static void a_stream_that_ends_is_asked_no_more(void **state)
{
	(void)state;
	send_item(0, "contoso.test");
	wake();
	send_item(1, "contoso.test");
	t.now += TS_MS(2);
	shell_begin(&t.shell);
	proof_push_time(t.p, NULL, t.now);
	assert_true(proof_deadline(t.p) > t.now);
	proof_push_lost(t.p);
	assert_next(PROOF_EV_LOST, 0);
	assert_next(PROOF_EV_LOST, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stream_that_ends_is_asked_no_more),
		TEST(a_ping_goes_out_at_the_end_of_the_wake_up),
		TEST(what_is_no_pong_is_not_taken),
		TEST(each_domain_proves_its_own),
		TEST(one_pong_may_prove_more_than_has_room),
		TEST(one_lost_stream_may_lose_more_than_has_room),
		TEST(one_window_may_end_for_more_than_has_room),
		TEST(what_is_held_back_keeps_its_order),
		TEST(an_item_can_be_withdrawn_at_any_moment),
		TEST(an_item_can_go_again),
		TEST(nobody_asks_for_what_was_withdrawn),
		TEST(the_window_ends_when_the_server_has_read),
		TEST(a_server_that_does_not_read_is_given_up),
		TEST(a_server_that_goes_on_sending_is_waited_for),
		TEST(even_that_server_is_waited_for_only_so_long),
		TEST(a_question_that_is_lost_is_asked_again),
		TEST(any_pong_shows_that_the_server_reads),
		TEST(what_another_one_asked_is_told_apart),
		TEST(after_three_misses_a_domain_is_left_alone),
		TEST(without_a_stream_nothing_is_asked),
		TEST(a_ping_may_find_no_room),
		TEST(domains_are_bounded),
		TEST(memory_may_be_out),
	};

	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
