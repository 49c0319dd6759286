/* Answers of ours: RFC 3261 section 17.2.2, and what is remembered of them. */
#include "tl_rig.h"

/* ---- answered at once ---- */

static void a_repeated_request_gets_the_same_answer_until_timer_j(void **state)
{
	const ts_t t0 = r.now;
	char first[RIG_TEXT_MAX];

	(void)state;
	datagram(message(1));
	assert_string_equal(take(), "request MESSAGE");
	answer(TL_IN_HAND, 404, TL_REMEMBER, 77);
	snprintf(first, sizeof(first), "%s", answered());
	assert_true(strncmp(first, "SIP/2.0 404 Not Found\r\nVia: ", 28) == 0);
	assert_non_null(strstr(first, "\r\nServer: x\r\nContent-Length: 0\r\n\r\n"));
	assert_true(addr_eq(&r.sent.peer, &rig_peer) && r.sent.listener == RIG_LISTENER);
	assert_true(addr_eq(&r.sent.local, &rig_here));
	assert_string_equal(take(), "");

	wait_until(t0 + TS_S(32) - 1);
	datagram(message(1));
	assert_string_equal(take(), "repeated 404 77");
	answer(TL_IN_HAND, r.ev.status, TL_REMEMBER, 1); /* it is remembered as it was */
	assert_string_equal(answered(), first);
	wait_until(t0 + TS_S(32));
	datagram(message(1));
	assert_string_equal(take(), "request MESSAGE");
	wait_until(tl_deadline(r.tl));
	assert_int_equal(tl_deadline(r.tl), TS_NEVER);
}

static void what_is_not_remembered_is_new_again(void **state)
{
	(void)state;
	datagram(message(1));
	assert_string_equal(take(), "request MESSAGE");
	answer(TL_IN_HAND, 503, TL_FORGET, 0);
	datagram(message(1));
	assert_string_equal(take(), "request MESSAGE");
	assert_string_equal(take(), ""); /* and is not answered */
	datagram(message(1));
	assert_string_equal(take(), "request MESSAGE");
}

static void a_request_is_answered_once(void **state)
{
	(void)state;
	datagram(message(1));
	take();
	answer(TL_IN_HAND, 200, TL_FORGET, 0);
	answer(TL_IN_HAND, 404, TL_REMEMBER, 0);
	assert_int_equal(keep(1), 0);
	assert_int_equal(count_sent(), 1);
	datagram(message(1));
	assert_string_equal(take(), "request MESSAGE");
	take();
	answer(TL_IN_HAND, 200, TL_FORGET, 0); /* it is in hand no more */
	assert_int_equal(count_sent(), 0);
}

static void an_answer_has_the_reason_and_the_tag_that_it_should(void **state)
{
	static const struct {
		const char *name, *to_tag, *reason, *want_line, *want_to;
	} rows[] = {
		{ "no tag yet", "", NULL, "SIP/2.0 403 Forbidden\r\n", NULL },
		{ "a reason of our own", "", "Go Away", "SIP/2.0 403 Go Away\r\n", NULL },
		{ "a tag that is there", ";tag=abc", NULL, "SIP/2.0 403 Forbidden\r\n",
			"\r\nTo: <sip:b@d>;tag=abc\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char tag[NIST_TAG_MAX], to[64];

		datagram(request_text("OPTIONS", "SIP/2.0/UDP h;branch=z9hG4bKa", rows[i].to_tag));
		assert_string_equal(take(), "request OPTIONS");
		snprintf(to, sizeof(to), "\r\nTo: <sip:b@d>;tag=%s\r\n",
			nist_to_tag(tl_key(r.tl, TL_IN_HAND), r.tl->salt, tag));
		tl_answer(r.tl, TL_IN_HAND, 403, rows[i].reason);
		tl_answer_end(r.tl, TL_FORGET, 0, r.now);
		const char *got = answered();
		if (strncmp(got, rows[i].want_line, strlen(rows[i].want_line)) != 0 ||
			!strstr(got, rows[i].want_to ? rows[i].want_to : to))
			fail_msg("%s: %s", rows[i].name, got);
	}
}

static void the_owner_may_change_what_stands_there_or_write_it_all(void **state)
{
	(void)state;
	datagram(message(1));
	take();
	struct buf *b = tl_answer(r.tl, TL_IN_HAND, 200, NULL);
	buf_truncate(b, buf_len(b) - outbox_unsent(&r.out).n);
	buf_puts(b, "SIP/2.0 200 Edited\r\n");
	tl_answer_end(r.tl, TL_FORGET, 0, r.now);
	assert_string_equal(answered(), "SIP/2.0 200 Edited\r\nContent-Length: 0\r\n\r\n");

	datagram(message(2));
	take();
	buf_puts(tl_answer_whole(r.tl, TL_IN_HAND, 200), "no SIP at all");
	tl_answer_end(r.tl, TL_REMEMBER, 5, r.now);
	assert_string_equal(answered(), "no SIP at all");
	datagram(message(2));
	assert_string_equal(take(), "repeated 200 5");
}

/* ---- answered later ---- */

static void a_repeated_request_is_absorbed_while_its_answer_is_owed(void **state)
{
	char at_once[RIG_TEXT_MAX];

	(void)state;
	datagram(message(1));
	take();
	answer(TL_IN_HAND, 202, TL_FORGET, 0);
	snprintf(at_once, sizeof(at_once), "%s", answered());
	datagram(message(1));
	take();
	const struct nist_key key = *tl_key(r.tl, TL_IN_HAND);
	const uint64_t place = keep(5);
	assert_true(place != 0);
	assert_memory_equal(tl_key(r.tl, place), &key, sizeof(key));
	assert_true(addr_eq(&tl_origin(r.tl, place)->peer, &rig_peer));
	datagram(message(1));
	assert_string_equal(take(), "absorbed MESSAGE");
	assert_null(sent());
	datagram(message(2)); /* another request in hand changes nothing */
	take();
	answer(place, 202, TL_REMEMBER, 9);
	assert_string_equal(answered(), at_once);
	datagram(message(1));
	assert_string_equal(take(), "repeated 202 9");
	assert_int_equal(slots_count(&r.tl->servers), 0);
	assert_int_equal(r.tl->owed_bytes, 0);
	assert_int_equal(r.tl->n_to_keep, 0);
}

static void expect_trying(void)
{
	const char *text = sent();

	assert_non_null(text);
	assert_true(strncmp(text, "SIP/2.0 100 Trying\r\nVia: ", 25) == 0);
	assert_non_null(strstr(text, "\r\nCSeq: 7 MESSAGE\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Length: 0\r\n\r\n"));
	assert_null(sent());
}

/* RFC 4320 section 4.1: not before 3.5 s, and then once, or as often as the request. */
static void what_takes_long_is_being_tried(void **state)
{
	struct tl_cfg cfg = rig_cfg;

	(void)state;
	cfg.says_trying = true;
	rig_open_again(cfg);
	const ts_t due = r.now + TS_MS(3500);
	datagram(message(1));
	take();
	const uint64_t place = keep(1);
	datagram(message(2));
	take();
	answer(keep(2), 202, TL_REMEMBER, 0); /* in time */
	assert_int_equal(count_sent(), 1);
	assert_int_equal(tl_deadline(r.tl), due);
	wait_until(due - 1);
	assert_null(sent());
	wait_until(due);
	expect_trying();
	assert_true(tl_deadline(r.tl) > due);
	datagram(message(1));
	assert_string_equal(take(), "absorbed MESSAGE");
	expect_trying();
	answer(place, 202, TL_REMEMBER, 0);
	assert_true(strncmp(answered(), "SIP/2.0 202 Accepted\r\n", 22) == 0);
	datagram(message(1));
	assert_string_equal(take(), "repeated 202 0");
}

/* RFC 3261 section 8.2.6.1: its Timestamp comes back in a 100, with how long it has waited, and in
 * no other answer. */
static void a_100_repeats_the_timestamp(void **state)
{
	static const struct {
		const char *row, *want; /* NULL: it is none, or too much */
	} rows[] = {
		{ "Timestamp: 54.21\r\n", "\r\nTimestamp: 54.21 3.500\r\n" },
		{ "TIMESTAMP:  7 0.25 \r\n", "\r\nTimestamp: 7 3.500\r\n" },
		{ "Timestamp: now\r\n", NULL },
		{ "Timestamp:\r\n", NULL },
		{ "Timestamp: "
		  "11111111111111111111111111111111111111111111111111111111111111111\r\n",
			NULL },
	};
	struct tl_cfg cfg = rig_cfg;
	char text[4096];

	(void)state;
	cfg.says_trying = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_open_again(cfg);
		const char *all = message(1), *end = strstr(all, "Content-Length");
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(end - all), all, rows[i].row, end);
		datagram(text);
		take();
		const uint64_t place = keep(1);
		wait_until(r.now + TS_MS(3500));
		const char *got = sent();
		assert_non_null(got);
		assert_int_equal(strstr(got, "Timestamp") != NULL, rows[i].want != NULL);
		if (rows[i].want && !strstr(got, rows[i].want))
			fail_msg("%s: %s", rows[i].row, got);
		answer(place, 202, TL_REMEMBER, 0);
		assert_null(strstr(answered(), "Timestamp"));
	}
}

static void whoever_is_gone_is_told_nothing(void **state)
{
	struct tl_cfg cfg = rig_cfg;

	(void)state;
	cfg.says_trying = true;
	rig_open_again(cfg);
	rig_flow(1);
	bytes(1, request_text("MESSAGE", "SIP/2.0/TCP h;branch=z9hG4bKa", ""));
	take();
	assert_true(keep(1) != 0);
	datagram(message(2));
	take();
	tl_forget(r.tl, keep(2));
	tl_flow_gone(r.tl, 1, ECONNRESET);
	wait_until(r.now + TS_MS(3500));
	assert_null(sent());
	assert_string_equal(take(), "gone 1");
}

static void what_is_forgotten_is_answered_no_more(void **state)
{
	(void)state;
	datagram(message(1));
	take();
	const uint64_t place = keep(5);
	tl_forget(r.tl, place);
	tl_forget(r.tl, place);
	answer(place, 200, TL_REMEMBER, 0);
	assert_null(sent());
	assert_int_equal(outbox_unsent(&r.out).n, 0);
	datagram(message(1));
	assert_string_equal(take(), "request MESSAGE");
	assert_true(keep(6) != 0 && r.tl->owed_bytes > 0 && r.tl->n_to_keep == 1);
}

/* ---- which request is which ---- */

static void every_method_but_ack_is_a_request(void **state)
{
	static const struct {
		const char *method, *want;
	} rows[] = {
		{ "MESSAGE", "request MESSAGE" }, { "OPTIONS", "request OPTIONS" },
		{ "INVITE", "request INVITE" },
		{ "CANCEL", "request CANCEL" }, /* section 9.2: a transaction of its own */
		{ "ANYTHING", "request ANYTHING" },
		{ "ACK", "ack" }, /* section 17.1.1.3: nothing answers it */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		datagram(request_text(rows[i].method, "SIP/2.0/UDP h;branch=z9hG4bKa", ""));
		assert_string_equal(take(), rows[i].want);
		assert_int_equal(keep(i) != 0, strcmp(rows[i].method, "ACK") != 0);
		assert_string_equal(take(), "");
	}
}

/* Section 17.2.3: without the cookie the fields count that a repeated request keeps. */
static void requests_of_rfc_2543_are_told_apart_by_their_fields(void **state)
{
	char text[2][4096];

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		snprintf(text[i], sizeof(text[i]), "%s",
			request_text("MESSAGE", i ? "SIP/2.0/UDP h:7" : "SIP/2.0/UDP h", ""));
	datagram(text[0]);
	assert_string_equal(take(), "request MESSAGE");
	answer(TL_IN_HAND, 200, TL_REMEMBER, 1);
	datagram(text[1]);
	assert_string_equal(take(), "request MESSAGE");
	answer(TL_IN_HAND, 200, TL_REMEMBER, 2);
	datagram(text[0]);
	assert_string_equal(take(), "repeated 200 1");
	datagram(text[1]);
	assert_string_equal(take(), "repeated 200 2");
}

static void answer_to_via(const char *text, bool later, const char *want_via, uint16_t port)
{
	datagram(text);
	assert_string_equal(take(), "request MESSAGE");
	assert_true(addr_eq(&r.ev.origin->peer, &rig_peer));
	const uint64_t place = later ? keep(1) : TL_IN_HAND;
	answer(place, 200, later ? TL_REMEMBER : TL_FORGET, 0);
	const char *got = answered();
	if (!strstr(got, want_via) || r.sent.peer.port != port ||
		!addr_ip_eq(&r.sent.peer, &rig_peer))
		fail_msg("%s: %u %s", want_via, r.sent.peer.port, got);
}

/* Section 18.2.2 and RFC 3581; also for an answer that comes later, and one that comes again. */
static void an_answer_goes_where_the_request_wants_it(void **state)
{
	static const struct {
		const char *name, *via, *want_via;
		uint16_t port;
	} rows[] = {
		{ "rport", "SIP/2.0/UDP h:7000;rport;branch=z9hG4bKa",
			"h:7000;branch=z9hG4bKa;rport=5060;received=192.0.2.1", 5060 },
		{ "a port in Via", "SIP/2.0/UDP h:7000;branch=z9hG4bKb",
			"h:7000;branch=z9hG4bKb;received=192.0.2.1", 7000 },
		{ "no port at all", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKc",
			"192.0.2.1;branch=z9hG4bKc\r\n", 5060 },
		{ "a lie", "SIP/2.0/UDP h:7000;received=192.0.2.9;branch=z9hG4bKd",
			"h:7000;branch=z9hG4bKd;received=192.0.2.1", 7000 },
		{ "RFC 2543", "SIP/2.0/UDP h:7000", "h:7000;received=192.0.2.1", 7000 },
	};

	(void)state;
	for (unsigned whole = 0; whole < 2; whole++) {
		if (whole)
			open_whole();
		for (size_t i = 0; i < COUNT(rows); i++) {
			const char *text = request_text("MESSAGE", rows[i].via, "");

			for (unsigned n = 0; n < 2; n++) /* at once, and later */
				answer_to_via(text, n, rows[i].want_via, rows[i].port);
			datagram(text);
			take();
			if (!whole)
				answer(TL_IN_HAND, 200, TL_REMEMBER, 0);
			assert_non_null(sent());
			assert_int_equal(r.sent.peer.port, rows[i].port);
		}
	}
}

/* ---- limits ---- */

static void a_place_has_its_limits(void **state)
{
	enum { PLACES, BYTES, DONE };
	static const struct {
		const char *name;
		unsigned what;
		bool whole;
		unsigned want;
	} rows[] = {
		{ "places", PLACES, false, 3 },
		{ "places with whole answers", PLACES, true, 3 },
		{ "bytes", BYTES, false, 2 },
		{ "what can be remembered", DONE, false, 4 },
		{ "whole answers that can be remembered", DONE, true, 4 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tl_cfg cfg = rig_cfg;
		unsigned n = 0;

		cfg.keeps_whole_answers = rows[i].whole;
		if (rows[i].what == PLACES)
			cfg.servers_max = 3;
		else if (rows[i].what == DONE)
			cfg.done_max = 4;
		rig_open_again(cfg);
		for (;; n++) {
			datagram(message(n));
			assert_string_equal(take(), "request MESSAGE");
			assert_int_equal(tl_can_remember(r.tl, r.now),
				rows[i].what != DONE || n < rows[i].want);
			if (!keep(n))
				break;
			if (rows[i].what == BYTES)
				r.tl->cfg.owed_bytes_max = 2 * r.tl->owed_bytes / (n + 1);
		}
		if (n != rows[i].want)
			fail_msg("%s: %u, not %u", rows[i].name, n, rows[i].want);
		answer(TL_IN_HAND, 503, TL_FORGET, 0); /* who gets no place can be told so */
		assert_non_null(sent());
		assert_int_equal(slots_count(&r.tl->servers), n);
	}
}

/* Those that were answered count too, until timer J. */
static void what_is_remembered_takes_room_until_timer_j(void **state)
{
	const ts_t t0 = r.now;

	(void)state;
	for (unsigned whole = 0; whole < 2; whole++) {
		struct tl_cfg cfg = rig_cfg;

		cfg.keeps_whole_answers = whole;
		cfg.done_max = 2;
		cfg.servers_max = 1;
		rig_open_again(cfg);
		for (unsigned n = 0; n < 2; n++) {
			datagram(message(n));
			take();
			answer(n ? keep(1) : TL_IN_HAND, 200, TL_REMEMBER, 0);
			assert_int_equal(count_sent(), 1);
		}
		assert_false(tl_can_remember(r.tl, r.now));
		datagram(message(2));
		assert_string_equal(take(), "request MESSAGE");
		assert_int_equal(keep(1), 0);
		answer(TL_IN_HAND, 200, TL_REMEMBER, 0); /* it is sent all the same */
		assert_int_equal(count_sent(), 1);
		datagram(message(2));
		assert_string_equal(take(), "request MESSAGE");
		r.now = t0 + TS_S(32);
		assert_true(tl_can_remember(r.tl, r.now));
		assert_true(keep(1) != 0);
	}
}

static void a_hundred_thousand_answers_are_remembered_in_little(void **state)
{
	enum { MANY = 100000 };
	struct tl_cfg cfg = rig_cfg;

	(void)state;
	cfg.done_max = MANY;
	rig_open_again(cfg);
	for (unsigned i = 0; i < MANY; i++) {
		datagram(message(i));
		assert_string_equal(take(), "request MESSAGE");
		answer(i % 2 ? keep(i) : TL_IN_HAND, 200, TL_REMEMBER, (uint16_t)i);
		assert_int_equal(count_sent(), 1);
	}
	assert_int_equal(nist_done_count(r.tl->done), MANY);
	assert_true(nist_done_bytes(r.tl->done) < (size_t)MANY * 40);
	assert_true(r.tl->servers.n == 1); /* one place served them all */
	datagram(message(99));
	assert_string_equal(take(), "repeated 200 99");
	wait_until(r.now + TS_S(32));
	assert_int_equal(nist_done_count(r.tl->done), 0);
}

/* ---- whole answers ---- */

static void a_whole_answer_is_sent_again_from_its_place(void **state)
{
	const ts_t t0 = r.now;
	char first[RIG_TEXT_MAX];

	(void)state;
	open_whole();
	for (unsigned n = 0; n < 2; n++) {
		datagram(message(n));
		take();
		const uint64_t place = n ? keep(1) : TL_IN_HAND;
		buf_puts(tl_answer_whole(r.tl, place, 200), "SIP/2.0 200 from afar\r\n\r\n");
		tl_answer_end(r.tl, TL_REMEMBER, 0, r.now);
		snprintf(first, sizeof(first), "%s", answered());
		assert_string_equal(first, "SIP/2.0 200 from afar\r\n\r\n");
		datagram(message(n));
		assert_string_equal(take(), "absorbed MESSAGE");
		assert_string_equal(answered(), first);
		assert_true(addr_eq(&r.sent.peer, &rig_peer) && r.sent.listener == RIG_LISTENER);
		assert_int_equal(tl_deadline(r.tl), t0 + TS_S(33));
		answer(place, 404, TL_REMEMBER, 0); /* the place is the owner's no more */
		tl_forget(r.tl, place);
		assert_null(sent());
		r.now = t0 + TS_S(32) - 1;
		datagram(message(n));
		assert_string_equal(take(), "absorbed MESSAGE");
		assert_int_equal(count_sent(), 1);
		r.now = t0 + TS_S(32);
		datagram(message(n));
		assert_string_equal(take(), "request MESSAGE");
		assert_int_equal(slots_count(&r.tl->servers), 0);
		r.now = t0;
	}
}

static void an_answer_that_is_too_long_to_keep_is_sent(void **state)
{
	static char large[9000];

	(void)state;
	open_whole();
	memset(large, 'x', sizeof(large) - 1);
	for (unsigned n = 0; n < 2; n++) {
		datagram(message(1));
		assert_string_equal(take(), "request MESSAGE");
		buf_puts(tl_answer_whole(r.tl, n ? keep(1) : TL_IN_HAND, 200), large);
		tl_answer_end(r.tl, TL_REMEMBER, 0, r.now);
		assert_string_equal(sent(), large);
		assert_int_equal(slots_count(&r.tl->servers), 0);
		assert_int_equal(r.tl->n_to_keep, 0);
	}
}

/* ---- what cannot be read ---- */

static void a_malformed_request_is_answered_where_it_can_be(void **state)
{
	static const struct {
		const char *name, *text, *want;
		bool answerable;
	} rows[] = {
		{ "a bad Request-URI",
			"MESSAGE sip: SIP/2.0\r\nVia: SIP/2.0/UDP h:7;branch=z9hG4bKa\r\n"
			"From: <sip:a@d>;tag=1\r\nTo: <sip:b@d>\r\nCall-ID: c\r\nCSeq: 7 "
			"MESSAGE\r\n\r\n",
			"malformed 400", true },
		{ "an ACK",
			"ACK sip: SIP/2.0\r\nVia: SIP/2.0/UDP h:7;branch=z9hG4bKa\r\n"
			"From: <sip:a@d>;tag=1\r\nTo: <sip:b@d>\r\nCall-ID: c\r\nCSeq: 7 "
			"ACK\r\n\r\n",
			"malformed 400", false },
		{ "no Via", "MESSAGE sip:b@d SIP/2.0\r\nCall-ID: c\r\n\r\n", "malformed 400",
			false },
		{ "a response", "SIP/2.0 200 OK\r\n\r\n", "malformed 400", false },
		{ "no SIP", "hello\r\n\r\n", "malformed 400", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned n = 0; n < 2; n++) {
			datagram(rows[i].text);
			assert_string_equal(take(), rows[i].want);
			assert_int_equal(keep(1), 0);
			answer(TL_IN_HAND, r.ev.refusal->status, TL_REMEMBER, 0);
			if (!sent() == rows[i].answerable)
				fail_msg("%s", rows[i].name);
			if (rows[i].answerable)
				assert_int_equal(r.sent.peer.port, 7);
		}
	}
}

/* ---- memory ---- */

static void run_some(unsigned from)
{
	for (unsigned i = from; i < from + 300; i++) {
		if (i % 2)
			datagram(message(i));
		else
			bytes(1, message(i));
		take();
		assert_int_equal(r.ev.type, TL_EV_REQUEST);
		const uint64_t place = keep(i);
		assert_true(place != 0);
		answer(place, 200, TL_REMEMBER, 0);
		assert_int_equal(count_sent(), 1);
		assert_string_equal(take(), "");
	}
}

static void the_steady_state_allocates_nothing(void **state)
{
	struct tl_cfg cfg = rig_cfg;

	(void)state;
	cfg.done_max = 2000; /* of one chunk of its memory */
	rig_open_again(cfg);
	rig_flow(1);
	run_some(0);
	mem_fail_after(0);
	run_some(300);
}

static void after_a_flood_its_memory_is_given_back(void **state)
{
	enum { MANY = 2000 };
	static uint64_t places[MANY];
	struct tl_cfg cfg = rig_cfg;
	char long_via[TL_IDLE_SERVER_BYTES + 64];
	size_t held = 0;

	(void)state;
	cfg.servers_max = MANY;
	cfg.done_max = MANY;
	cfg.owed_bytes_max = 1 << 30;
	rig_open_again(cfg);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(long_via, sizeof(long_via), "SIP/2.0/UDP h;branch=z9hG4bK%u;x=%0*u", i,
			i % 4 ? 1 : TL_IDLE_SERVER_BYTES, 0);
		datagram(request_text("MESSAGE", long_via, ""));
		assert_string_equal(take(), "request MESSAGE");
		places[i] = keep(i);
		assert_true(places[i] != 0);
	}
	for (unsigned i = 0; i < MANY; i++)
		tl_forget(r.tl, places[i]);
	for (uint32_t i = 0; i < MANY; i++)
		held += LIST_OWNER(slots_at(&r.tl->servers, i), struct tl_server, slot)->bytes.cap;
	assert_true(held > 0 && held <= (size_t)TL_IDLE_MAX * 1024);
}

static void serve_and_fail(bool whole)
{
	struct tl_cfg cfg = rig_cfg;
	const struct origin tcp = rig_stream(1);

	cfg.keeps_whole_answers = whole;
	if (rig_try_open(cfg))
		return;
	(void)tl_flow_add(r.tl, &tcp);
	for (unsigned n = 0; n < 8; n++) {
		if (n % 2)
			bytes(1, message(n / 4));
		else
			datagram(message(n / 4));
		while (tl_take_event(r.tl, true, &r.ev, r.now)) {
			uint64_t place = TL_IN_HAND;

			if (r.ev.type == TL_EV_REQUEST && n / 4)
				place = keep(1); /* or 0: then it is answered at once */
			answer(place, 200, TL_REMEMBER, 0);
		}
		count_sent();
	}
	tl_flow_gone(r.tl, 1, ECONNRESET);
	assert_string_equal(take(), "");
	assert_int_equal(slots_count(&r.tl->servers), r.tl->n_finished);
	assert_true(r.tl->owed_bytes == 0 && r.tl->n_to_keep == 0);
}

/* Whatever is refused, no place and no count is lost. */
static void memory_that_runs_out_costs_an_answer_and_nothing_else(void **state)
{
	for (unsigned whole = 0; whole < 2; whole++)
		for (long n = 0; n < 40; n++) {
			rig_close(state);
			mem_fail_after(n);
			serve_and_fail(whole);
			mem_fail_after(-1);
		}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_repeated_request_gets_the_same_answer_until_timer_j),
		TEST(what_is_not_remembered_is_new_again),
		TEST(a_request_is_answered_once),
		TEST(an_answer_has_the_reason_and_the_tag_that_it_should),
		TEST(the_owner_may_change_what_stands_there_or_write_it_all),
		TEST(a_repeated_request_is_absorbed_while_its_answer_is_owed),
		TEST(what_takes_long_is_being_tried),
		TEST(a_100_repeats_the_timestamp),
		TEST(whoever_is_gone_is_told_nothing),
		TEST(what_is_forgotten_is_answered_no_more),
		TEST(every_method_but_ack_is_a_request),
		TEST(requests_of_rfc_2543_are_told_apart_by_their_fields),
		TEST(an_answer_goes_where_the_request_wants_it),
		TEST(a_place_has_its_limits),
		TEST(what_is_remembered_takes_room_until_timer_j),
		TEST(a_hundred_thousand_answers_are_remembered_in_little),
		TEST(a_whole_answer_is_sent_again_from_its_place),
		TEST(an_answer_that_is_too_long_to_keep_is_sent),
		TEST(a_malformed_request_is_answered_where_it_can_be),
		TEST(the_steady_state_allocates_nothing),
		TEST(after_a_flood_its_memory_is_given_back),
		TEST(memory_that_runs_out_costs_an_answer_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
