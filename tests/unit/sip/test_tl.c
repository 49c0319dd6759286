/* Requests of ours: RFC 3261 section 17.1.2, and the ways that they go. */
#include "tl_rig.h"

/* ---- one transaction ---- */

static void a_request_goes_out_and_its_final_response_ends_it(void **state)
{
	(void)state;
	request(7);
	assert_true(strstr(sent(), r.branch) != NULL);
	assert_true(addr_eq(&r.sent.peer, &rig_peer) && r.sent.listener == RIG_LISTENER);
	assert_true(addr_eq(&r.sent.local, &rig_here) && r.sent.flow == 0);
	assert_null(sent());
	respond(100);
	assert_string_equal(take(), "provisional 7 100");
	assert_string_equal(take(), "");
	respond(202);
	assert_string_equal(take(), "final 7 202 sends 1");
	assert_true(r.ev.msg->status == 202 && addr_eq(&r.ev.origin->peer, &rig_peer));
	assert_string_equal(take(), "");
	assert_int_equal(tl_deadline(r.tl), TS_NEVER);
}

/* Runs one request with a peer that never answers; the moments of its copies, in milliseconds. */
static unsigned run_silent(const struct origin *to, unsigned at[], unsigned max)
{
	const ts_t t0 = r.now;
	unsigned n = 0;

	request_to(7, to);
	for (;;) {
		for (; sent(); n++) {
			assert_true(n < max);
			at[n] = (unsigned)((r.now - t0) / TS_MS(1));
		}
		if (tl_deadline(r.tl) == 0)
			return n;
		wait_until(tl_deadline(r.tl));
	}
}

/* Timers E and F, RFC 3261 section 17.1.2.2. */
static void silence_is_met_on_the_schedule_of_the_rfc(void **state)
{
	static const unsigned want[] = { 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500,
		27500, 31500 };
	const struct origin udp = rig_datagrams(&rig_peer), tcp = rig_flow(1);
	const ts_t t0 = r.now;
	unsigned at[16];

	(void)state;
	assert_int_equal(run_silent(&udp, at, COUNT(at)), COUNT(want));
	assert_memory_equal(at, want, sizeof(want));
	assert_int_equal(r.now, t0 + TS_S(32));
	assert_string_equal(take(), "timeout 7");
	assert_string_equal(take(), "");
	assert_int_equal(tl_deadline(r.tl), TS_NEVER);

	assert_int_equal(run_silent(&tcp, at, COUNT(at)), 1);
	assert_int_equal(r.now, t0 + TS_S(64));
	assert_string_equal(take(), "timeout 7");
}

/* Figure 6: in "proceeding" timer E fires after T2. */
static void a_provisional_response_slows_the_copies(void **state)
{
	const ts_t t0 = r.now;

	(void)state;
	request(7);
	respond(100);
	take();
	for (ts_t at = TS_MS(500); at < TS_S(32); at += TS_S(4)) {
		count_sent();
		assert_int_equal(tl_deadline(r.tl), t0 + at);
		wait_until(t0 + at);
		assert_int_equal(count_sent(), 1);
	}
	wait_until(t0 + TS_S(32));
	assert_string_equal(take(), "timeout 7");
}

static void a_final_response_tells_how_often_the_request_went_out(void **state)
{
	(void)state;
	request(7);
	wait_until(r.now + TS_MS(500));
	wait_until(r.now + TS_MS(1000));
	respond(200);
	assert_string_equal(take(), "final 7 200 sends 3");
}

static void what_is_withdrawn_says_nothing_more(void **state)
{
	(void)state;
	const uint64_t place = request(7);
	tl_withdraw(r.tl, place);
	assert_int_equal(tl_deadline(r.tl), TS_NEVER);
	tl_withdraw(r.tl, place); /* there is none */
	tl_push_peer_failed(r.tl, &rig_peer, ECONNREFUSED);
	assert_string_equal(take(), "");
	respond(200);
	assert_string_equal(take(), "late 200");
}

/* ---- which response is of which: RFC 3261 section 17.1.3 ---- */

static void a_branch_is_its_place_and_what_was_mixed_in(void **state)
{
	const struct origin to = rig_datagrams(&rig_peer);
	char before[64];
	uint64_t place;

	(void)state;
	place = request(7);
	assert_int_equal(strlen(r.branch), 23);
	snprintf(before, sizeof(before), "z9hG4bK%016lx", (unsigned long)place);
	assert_string_equal(r.branch, before);
	respond(200);
	take();
	begin_request(8, &to, 0xabc);
	assert_int_equal(strlen(r.branch), 39);
	assert_string_equal(r.branch + 23, "0000000000000abc");
	/* The same place, under another word. */
	assert_memory_equal(r.branch, before, 15);
	assert_true(memcmp(r.branch + 15, before + 15, 8) != 0);
}

static void a_response_is_told_from_all_others(void **state)
{
	static const struct {
		const char *name, *want;
		int cut; /* of the branch; 0: nothing */
		const char *tail, *method;
		const struct addr *peer;
	} rows[] = {
		{ "its own", "final 7 200 sends 1", 0, "", "MESSAGE", &rig_peer },
		{ "from one who may answer", "final 7 200 sends 1", 0, "", "MESSAGE", &rig_other },
		{ "from a stranger", "unasked 200", 0, "", "MESSAGE", &rig_here },
		{ "of another method", "stray 200", 0, "", "OPTIONS", &rig_peer },
		{ "without what was mixed in", "stray 200", 16, "", "MESSAGE", &rig_peer },
		{ "with another mix", "stray 200", 1, "0", "MESSAGE", &rig_peer },
		{ "with a mix that is no number", "stray 200", 1, "x", "MESSAGE", &rig_peer },
		{ "with more than a mix", "stray 200", 0, "0", "MESSAGE", &rig_peer },
		{ "without the chance", "stray 200", 24, "", "MESSAGE", &rig_peer },
		{ "with another chance", "stray 200", 24, "000000020000000000000abc", "MESSAGE",
			&rig_peer },
		{ "of a place that never was", "stray 200", 25, "9000000010000000000000abc",
			"MESSAGE", &rig_peer },
		{ "without the cookie", "stray 200", 38, "", "MESSAGE", &rig_peer },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tl_cfg cfg = rig_cfg;
		const struct origin to = rig_datagrams(&rig_peer);
		char branch[128];
		uint64_t place;

		const struct addr_net other = { rig_other, 32 };

		cfg.answerers = &other;
		cfg.n_answerers = 1;
		rig_open_again(cfg);
		begin_request(7, &to, 0xabc);
		tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now);
		snprintf(branch, sizeof(branch), "%.*s%s", (int)strlen(r.branch) - rows[i].cut,
			r.branch, rows[i].tail);
		datagram_from(rows[i].peer, response_text(200, branch, rows[i].method));
		const char *got = take();
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, got, rows[i].want);
		assert_string_equal(take(), "");
	}
}

static void anybody_who_knows_the_branch_may_answer_where_nobody_is_named(void **state)
{
	(void)state;
	request(7);
	datagram_from(&rig_other, response_text(200, r.branch, "MESSAGE"));
	assert_string_equal(take(), "final 7 200 sends 1");
}

/* Timer K lets a transaction linger for these. */
static void a_repeated_final_response_is_late_also_when_its_place_is_used_again(void **state)
{
	char first[64];

	(void)state;
	request(7);
	memcpy(first, r.branch, sizeof(first));
	respond(200);
	assert_string_equal(take(), "final 7 200 sends 1");
	respond(200);
	assert_string_equal(take(), "late 200");
	request(8);
	datagram(response_text(200, first, "MESSAGE"));
	assert_string_equal(take(), "late 200");
	respond(200);
	assert_string_equal(take(), "final 8 200 sends 1");
	request(9);
	datagram(response_text(200, first, "MESSAGE"));
	assert_string_equal(take(), "stray 200"); /* nothing remembers it */
}

/* ---- limits ---- */

static void there_are_no_more_requests_than_places(void **state)
{
	struct tl_cfg cfg = rig_cfg;
	const struct origin to = rig_datagrams(&rig_peer);

	(void)state;
	cfg.clients_max = 2;
	rig_open_again(cfg);
	request(1);
	request(2);
	assert_null(begin_request(3, &to, 0));
	respond(200);
	assert_string_equal(take(), "final 2 200 sends 1");
	request(3);
	assert_null(begin_request(4, &to, 0));
}

static void a_request_that_cannot_be_written_is_none(void **state)
{
	static char large[8192];
	const struct origin to = rig_datagrams(&rig_peer);
	uint64_t place = 0;

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	buf_puts(begin_request(7, &to, 0), large);
	assert_int_equal(tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now), -EMSGSIZE);
	assert_null(sent());
	assert_true(place == 0 && tl_deadline(r.tl) == TS_NEVER);
	begin_request(8, &to, 0); /* and is never ended */
	request(9);
	respond(200);
	assert_string_equal(take(), "final 9 200 sends 1");
	assert_int_equal(slots_count(&r.tl->clients), 0);
}

/* Over a stream nothing is sent again. */
static void what_finds_no_room_on_a_stream_was_not_sent(void **state)
{
	const struct origin tcp = rig_flow(1), udp = rig_datagrams(&rig_peer);
	uint64_t place;

	(void)state;
	begin_request(7, &tcp, 0);
	while (outbox_send(&r.out, 9, 0, &rig_peer, NULL))
		;
	assert_int_equal(tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now), ERR_LIMIT);
	assert_int_equal(slots_count(&r.tl->clients), 0);
	count_sent();
	begin_request(8, &udp, 0);
	while (outbox_send(&r.out, 9, 0, &rig_peer, NULL))
		;
	assert_int_equal(tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now), 0);
	count_sent();
	wait_until(r.now + TS_MS(500));
	assert_int_equal(count_sent(), 1);
}

/* ---- many ---- */

enum { MANY = 20000 };

static void open_many(void)
{
	struct tl_cfg cfg = rig_cfg;

	cfg.clients_max = MANY;
	rig_open_again(cfg);
}

static void all_of_a_way_are_told_however_slowly_they_are_taken(void **state)
{
	static bool told[MANY];

	(void)state;
	open_many();
	memset(told, 0, sizeof(told));
	for (unsigned i = 0; i < MANY; i++) {
		request(i);
		count_sent();
	}
	tl_push_peer_failed(r.tl, &rig_peer, ECONNREFUSED);
	assert_int_equal(timers_deadline(&r.tl->timers), TS_NEVER); /* the state changes at once */
	assert_string_equal(take_with(false), "");
	respond(200);
	assert_string_equal(take_with(false), "late 200");
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(tl_deadline(r.tl), 0);
		assert_true(tl_take_event(r.tl, true, &r.ev, r.now));
		assert_true(r.ev.type == TL_EV_FAILED && r.ev.err == ECONNREFUSED);
		assert_true(r.ev.ref < MANY && !told[r.ev.ref]);
		told[r.ev.ref] = true;
		if (i % 1000 == 0) /* pushes between the takes change nothing */
			wait_until(r.now + TS_S(1));
	}
	assert_int_equal(tl_deadline(r.tl), TS_NEVER);
	assert_string_equal(take(), "");
}

static void what_waits_to_be_told_may_be_withdrawn(void **state)
{
	(void)state;
	request(1);
	const uint64_t place = request(2);
	request(3);
	tl_push_peer_failed(r.tl, &rig_peer, ECONNREFUSED);
	tl_withdraw(r.tl, place);
	assert_string_equal(take(), "failed 1 111");
	assert_string_equal(take(), "failed 3 111");
	assert_string_equal(take(), "");
}

static void copies_wait_for_room_and_stay_due(void **state)
{
	unsigned n = 0, pushes = 0;

	(void)state;
	open_many();
	for (unsigned i = 0; i < MANY; i++) {
		request(i);
		count_sent();
	}
	for (r.now += TS_MS(500); tl_deadline(r.tl) <= r.now; pushes++) {
		wait_until(r.now);
		const unsigned now = count_sent();
		assert_true(now > 0 && now <= OUTBOX_TURN);
		n += now;
	}
	assert_int_equal(n, MANY);
	assert_int_equal(pushes, (MANY + OUTBOX_TURN - 1) / OUTBOX_TURN);
	assert_int_equal(tl_deadline(r.tl), r.now + TS_S(1));
}

static void an_outbox_that_is_half_full_gets_no_copies(void **state)
{
	(void)state;
	request(7);
	outbox_begin(&r.out);
	for (unsigned i = 0; i < RIG_OUTPUTS / 2; i++)
		outbox_send(&r.out, 9, 0, &rig_peer, NULL);
	r.now += TS_MS(500);
	tl_push_time(r.tl, r.now);
	assert_true(tl_deadline(r.tl) <= r.now);
	count_sent();
	wait_until(r.now);
	assert_int_equal(count_sent(), 1);
}

static void all_that_time_out_at_once_are_told(void **state)
{
	unsigned n = 0;

	(void)state;
	open_many();
	for (unsigned i = 0; i < MANY; i++) {
		request(i);
		count_sent();
	}
	wait_until(r.now + TS_S(32));
	for (; tl_take_event(r.tl, true, &r.ev, r.now); n++)
		assert_int_equal(r.ev.type, TL_EV_TIMEOUT);
	assert_int_equal(n, MANY);
	assert_int_equal(slots_count(&r.tl->clients), 0);
}

/* ---- memory ---- */

static void run_some(void)
{
	const struct origin udp = rig_datagrams(&rig_peer), udp2 = rig_datagrams(&rig_other),
			    tcp = rig_stream(1);
	const struct origin *const ways[] = { &udp, &udp2, &tcp };

	for (unsigned i = 0; i < 300; i++) {
		request_to(i, ways[i % COUNT(ways)]);
		count_sent();
		respond(100);
		take();
		respond(200);
		take();
		assert_int_equal(r.ev.type, TL_EV_FINAL);
	}
}

static void the_steady_state_allocates_nothing(void **state)
{
	(void)state;
	rig_flow(1);
	run_some();
	mem_fail_after(0);
	run_some();
}

static void after_a_flood_its_memory_is_given_back(void **state)
{
	static char large[TL_IDLE_CLIENT_BYTES];
	const struct origin to = rig_datagrams(&rig_peer);
	size_t held = 0;
	uint64_t place;

	(void)state;
	open_many();
	memset(large, 'x', sizeof(large) - 1);
	for (unsigned i = 0; i < 2000; i++) {
		struct buf *b = begin_request(i, &to, 0);

		if (i % 4 == 0)
			buf_puts(b, large);
		assert_int_equal(tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now), 0);
		count_sent();
	}
	tl_push_peer_failed(r.tl, &rig_peer, ECONNREFUSED);
	while (tl_take_event(r.tl, true, &r.ev, r.now))
		;
	for (uint32_t i = 0; i < r.tl->clients.n; i++)
		held += LIST_OWNER(slots_at(&r.tl->clients, i), struct tl_client, slot)
				->request.cap;
	assert_true(held > 0 && held <= (size_t)TL_IDLE_MAX * 1024);
}

static void a_bad_configuration_is_refused(void **state)
{
	struct tl_cfg cfg = rig_cfg;

	(void)state;
	cfg.out = &r.out;
	struct tl *tl = NULL;
	cfg.done_max = 0;
	assert_int_equal(tl_new(&tl, &cfg, &r.rng), -EINVAL);
	cfg.done_max = NIST_DONE_MAX + 1u;
	assert_int_equal(tl_new(&tl, &cfg, &r.rng), -EINVAL);
	assert_null(tl);
	assert_null(tl_free(NULL));
}

/* True when nothing was refused. */
static bool request_and_fail(void)
{
	const struct origin udp = rig_datagrams(&rig_peer), tcp = rig_stream(1);
	const struct origin *const ways[] = { &udp, &tcp };
	bool all = rig_try_open(rig_cfg) == 0 && tl_flow_add(r.tl, &tcp) == 0;
	unsigned n = 0;
	uint64_t place;

	for (size_t i = 0; r.tl && i < COUNT(ways); i++) {
		int err = begin_request(i, ways[i], 0)
				  ? tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now)
				  : -ENOMEM;
		all = all && err == 0;
		n += err == 0;
	}
	if (!r.tl)
		return false;
	tl_push_peer_failed(r.tl, &rig_peer, ECONNREFUSED);
	tl_flow_gone(r.tl, 1, ECONNRESET);
	for (; n; n--)
		assert_int_equal(strncmp(take(), "failed", 6), 0);
	assert_string_equal(take(), "");
	return all;
}

static void memory_that_runs_out_refuses_a_request_and_nothing_else(void **state)
{
	bool all = false;

	for (long n = 0; !all; n++) {
		assert_true(n < 100);
		rig_close(state);
		mem_fail_after(n);
		all = request_and_fail();
		mem_fail_after(-1);
	}
}

/* What keeps a NAT's binding is no message; what is only junk is. */
static void a_datagram_that_keeps_alive_is_silent(void **state)
{
	static const struct {
		const char *name;
		struct slice bytes;
		const char *want;
	} rows[] = {
		{ "RFC 5626", { (const uint8_t *)"\r\n\r\n", 4 }, "" },
		{ "many of them", { (const uint8_t *)"\r\n\r\n\r\n", 6 }, "" },
		{ "Kamailio's and OpenSIPS's", { (const uint8_t *)"\0\0\0\0", 4 }, "" },
		{ "one zero byte", { (const uint8_t *)"\0", 1 }, "" },
		{ "a phone's", { (const uint8_t *)"jaK", 3 }, "" },
		{ "none at all", { (const uint8_t *)"", 0 }, "" },
		{ "junk", { (const uint8_t *)"\0\0\0\0\0", 5 }, "malformed 400" },
	};
	const struct origin o = rig_datagrams(&rig_peer);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		tl_push_datagram(r.tl, rows[i].bytes, &o);
		const char *got = take();
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: %s", rows[i].name, got);
		assert_null(sent());
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_goes_out_and_its_final_response_ends_it),
		TEST(silence_is_met_on_the_schedule_of_the_rfc),
		TEST(a_provisional_response_slows_the_copies),
		TEST(a_final_response_tells_how_often_the_request_went_out),
		TEST(what_is_withdrawn_says_nothing_more),
		TEST(a_branch_is_its_place_and_what_was_mixed_in),
		TEST(a_response_is_told_from_all_others),
		TEST(a_datagram_that_keeps_alive_is_silent),
		TEST(anybody_who_knows_the_branch_may_answer_where_nobody_is_named),
		TEST(a_repeated_final_response_is_late_also_when_its_place_is_used_again),
		TEST(there_are_no_more_requests_than_places),
		TEST(a_request_that_cannot_be_written_is_none),
		TEST(what_finds_no_room_on_a_stream_was_not_sent),
		TEST(all_of_a_way_are_told_however_slowly_they_are_taken),
		TEST(what_waits_to_be_told_may_be_withdrawn),
		TEST(copies_wait_for_room_and_stay_due),
		TEST(an_outbox_that_is_half_full_gets_no_copies),
		TEST(all_that_time_out_at_once_are_told),
		TEST(the_steady_state_allocates_nothing),
		TEST(after_a_flood_its_memory_is_given_back),
		TEST(a_bad_configuration_is_refused),
		TEST(memory_that_runs_out_refuses_a_request_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
