/* A run that outlives its registration, and its connection to the pool. */
#include <errno.h>

#include "round_rig.h"

/* The newest Contact of the REGISTER that is out; "" when that is none, or takes it back. */
static void contact_of(const struct scene *s, char ret[512])
{
	const char *at = s->out, *last = "";

	ret[0] = '\0';
	if (strncmp(s->out, "REGISTER ", 9) != 0)
		return;
	while ((at = strstr(at, "\r\nContact: ")))
		last = at += strlen("\r\nContact: ");
	assert_true(last[0] != '\0');
	snprintf(ret, 512, "%.*s", (int)strcspn(last, ">") + 1, last);
	if (strstr(last, ">;expires=0\r\n"))
		ret[0] = '\0';
}

/* "200 OK" with the Contact, granted for so long. */
static void grant(struct scene *s, unsigned seconds)
{
	char contact[512], row[600];

	contact_of(s, contact);
	assert_string_not_equal(contact, "");
	snprintf(row, sizeof(row), "Contact: %s;expires=%u\r\n", contact, seconds);
	scene_answer(s, "200 OK", row);
}

static bool is_out(const struct scene *s, const char *method)
{
	return strncmp(s->out, method, strlen(method)) == 0;
}

/* ---- an hour ---- */

/* What the pool does with each request, as it comes; it counts the bindings' time. */
struct registrar {
	unsigned granted, answered;
	ts_t bound_until;
	unsigned registers, messages;
};

static void serve(struct round *r, struct registrar *g)
{
	while (g->answered < r->s.n_out) {
		char contact[512];

		g->answered = r->s.n_out;
		contact_of(&r->s, contact);
		if (contact[0]) {
			g->registers++;
			g->bound_until = r->s.now + TS_S(g->granted);
			grant(&r->s, g->granted);
		} else if (is_out(&r->s, "MESSAGE ")) {
			g->messages++;
			note_message(r);
			scene_answer(&r->s, "202 Accepted", "");
			scene_wait(&r->s, TS_MS(100));
			arrives_well(r);
			if (r->s.now >= g->bound_until)
				fail_msg("nobody is registered at %.1f s", (double)r->s.now / 1e6);
			comes_back(r, FROM_RECEIVER, "text/plain", r->v.answer_body);
		}
	}
}

static void a_run_stays_signed_in(void **state)
{
	static const struct {
		unsigned granted, interval, count;
	} rows[] = {
		{ 300, 30, 120 },
		{ 10, 30, 120 },
		{ 10, 10, 360 },
		{ 1, 30, 120 },
		{ 60, 0, 10000 },
		{ 60, 1800, 3 },
		{ 7200, 60, 60 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct registrar g = { .granted = rows[i].granted };
		struct round r;

		print_message("granted %u s, a round each %u s\n", g.granted, rows[i].interval);
		begin_on_xmpp(&r, false, rows[i].count, TS_S(rows[i].interval));
		scene_connect(&r.s);
		const ts_t began = r.s.now;
		for (serve(&r, &g); !probe_result(r.s.p)->success; serve(&r, &g)) {
			assert_int_equal(probe_result(r.s.p)->reason, REASON_NONE);
			r.s.now = due(&r) > r.s.now ? due(&r) : r.s.now;
			scene_wait(&r.s, 0);
		}
		assert_int_equal(g.messages, rows[i].count);
		/* Three quarters of each binding are used. */
		assert_in_range(g.registers, 1, (r.s.now - began) / TS_MS(749 * g.granted) + 2);
		assert_int_equal(probe_result(r.s.p)->n_notes, 0);
		end(&r);
	}
}

/* ---- a refresh that fails ---- */

static void until_register(struct round *r)
{
	while (!is_out(&r->s, "REGISTER ")) {
		assert_true(due(r) < TS_NEVER);
		r->s.now = due(r);
		scene_wait(&r->s, 0);
	}
}

static void begin_paused(struct round *r, unsigned granted)
{
	begin_on_xmpp(r, false, 2, TS_S(3600));
	scene_connect(&r->s);
	grant(&r->s, granted);
	go_through(r, TS_MS(100));
	until_register(r);
}

static void a_refresh_that_fails_is_the_registrations_fault(void **state)
{
	char text[SCENE_TEXT];
	struct round r;

	(void)state;
	begin_paused(&r, 300);
	scene_answer(&r.s, "403 Forbidden", "");
	assert_string_equal(phase_name(probe_result(r.s.p)->phase), phase_name(PHASE_SIP_REGISTER));
	end(&r);

	begin_paused(&r, 300);
	scene_wait(&r.s, TS_S(40)); /* timer F */
	scene_failed(&r.s, "sip.register", "sip_no_answer");
	assert_non_null(strstr(scene_message(&r.s, text), "pilar@litware.test ran out"));
	end(&r);

	/* In the middle of a round: nothing can come back any more. */
	begin_on_xmpp(&r, false, 1, 0);
	scene_connect(&r.s);
	grant(&r.s, 4);
	note_message(&r);
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	until_register(&r);
	scene_wait(&r.s, TS_S(10));
	scene_failed(&r.s, "sip.register", "sip_no_answer");
	end(&r);
}

/* The second round is due, and the refresh before it is out. */
static void come_to_a_refresh(struct round *r)
{
	begin_on_xmpp(r, false, 2, TS_S(9));
	scene_connect(&r->s);
	grant(&r->s, 10);
	go_through(r, TS_MS(100));
	until_register(r);
	scene_wait(&r->s, TS_S(2));
}

/* The registrar's answer to a refresh comes behind the beginning of the round. */
static void a_round_waits_for_the_refresh_that_is_out(void **state)
{
	struct round r;

	(void)state;
	come_to_a_refresh(&r);
	assert_true(is_out(&r.s, "REGISTER "));
	grant(&r.s, 10);
	go_through(&r, TS_MS(100));
	assert_true(probe_result(r.s.p)->success);
	end(&r);
}

/* A pool that takes its time with the message: the refresh goes out beside it. */
static void a_message_without_an_answer_does_not_stop_the_refresh(void **state)
{
	struct round r;

	(void)state;
	begin_on_xmpp(&r, false, 1, 0);
	scene_connect(&r.s);
	grant(&r.s, 8);
	note_message(&r);
	char message[SCENE_TEXT];
	memcpy(message, r.s.out, sizeof(message));
	until_register(&r);
	assert_in_range(r.s.now, TS_S(107), TS_S(107));
	grant(&r.s, 8);
	memcpy(r.s.out, message, sizeof(message));
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	assert_true(probe_result(r.s.p)->success);
	end(&r);
}

/* ---- a connection that the pool closes ---- */

static void begin_tcp(struct scene *s, unsigned count)
{
	struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=tcp");

	cfg.count = count;
	cfg.interval = TS_S(30);
	scene_begin(s, &cfg);
	scene_sign_in(s);
}

static void closes(struct scene *s, bool reset)
{
	scene_push(s, (struct fact){ .type = reset ? FACT_FLOW_FAILED : FACT_FLOW_EOF,
			      .flow = s->flow,
			      .step = FLOW_STEP_OPEN,
			      .err = reset ? ECONNRESET : 0 });
}

static const struct addr second_local = { .family = 4, .port = 40001, .ip = { 127, 0, 0, 2 } };

/* It connects and registers once more, and takes the Contact that leads nowhere back. */
static void comes_again(struct scene *s, flow_t before)
{
	assert_int_not_equal(s->flow, before);
	scene_push(
		s, (struct fact){ .type = FACT_FLOW_UP, .flow = s->flow, .local = &second_local });
	assert_true(is_out(s, "REGISTER "));
	assert_non_null(strstr(s->out, "127.0.0.2:40000;transport=tcp>;expires=0\r\n"));
	grant(s, 300);
	assert_true(is_out(s, "MESSAGE "));
	assert_non_null(strstr(s->out, "127.0.0.2:40001"));
}

static void an_idle_connection_may_be_closed(void **state)
{
	(void)state;
	for (unsigned reset = 0; reset < 2; reset++) {
		struct scene s;

		begin_tcp(&s, 2);
		scene_answer(&s, "202 Accepted", "");
		flow_t before = s.flow;
		closes(&s, reset);
		assert_int_equal(s.e.ops->deadline(s.p), TS_S(130));
		assert_int_equal(s.flow, before);
		scene_wait(&s, TS_S(30));
		comes_again(&s, before);
		scene_answer(&s, "202 Accepted", "");
		assert_true(probe_result(s.p)->success);
		assert_int_equal(probe_result(s.p)->rounds_done, 2);
		scene_end(&s);
	}
}

/* Both at once: the message went into a connection that was on its way down. */
static void a_connection_closed_as_the_round_begins_is_made_once_more(void **state)
{
	struct scene s;

	(void)state;
	begin_tcp(&s, 2);
	scene_answer(&s, "202 Accepted", "");
	scene_wait(&s, TS_S(30));
	assert_true(is_out(&s, "MESSAGE "));
	flow_t before = s.flow;
	closes(&s, false);
	comes_again(&s, before);
	before = s.flow;
	closes(&s, false);
	assert_int_equal(s.flow, before);
	scene_failed(&s, "sip.send", "tcp_reset");
	scene_end(&s);
}

/* What it took with it may arrive all the same: then it is another run's, and nothing that holds a
 * letter of it is this one's. */
static void what_went_into_a_lost_connection_is_awaited_no_longer(void **state)
{
	static const char alphabet[] = "stox 0123456789abcdefghijklmnopqrstuvwxyz";
	struct round r;
	char lost[256];

	(void)state;
	rig_registrar = "sip:127.0.0.1:5060;transport=tcp";
	begin_on_xmpp(&r, false, 2, TS_S(30));
	rig_registrar = "sip:127.0.0.1:5060;transport=udp";
	r.s.flow = r.s.sip_flow;
	scene_connect(&r.s);
	grant(&r.s, 300);
	note_message(&r);
	scene_answer(&r.s, "202 Accepted", "");
	r.s.flow = r.s.xmpp_flow;
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	scene_wait(&r.s, TS_S(30));
	note_message(&r);
	snprintf(lost, sizeof(lost), "%s", strchr(r.nonce, '-'));
	r.v.answer_id[0] = '\0';
	const flow_t before = r.s.flow = r.s.sip_flow;
	closes(&r.s, false);
	assert_int_not_equal(r.s.sip_flow, before);
	r.s.flow = r.s.xmpp_flow;
	arrives_well(&r);
	arrives(&r, "pilar@litware.test/gr", alphabet);
	scene_push(&r.s, (struct fact){ .type = FACT_FLOW_UP, .flow = r.s.sip_flow });
	comes_back(&r, FROM_RECEIVER, "text/plain", alphabet);
	assert_string_equal(r.v.answer_id, "");
	assert_int_equal(probe_result(r.s.p)->reason, REASON_NONE);
	r.s.flow = r.s.sip_flow;
	grant(&r.s, 300);
	note_message(&r);
	assert_string_not_equal(strchr(r.nonce, '-'), lost); /* another run's */
	scene_answer(&r.s, "202 Accepted", "");
	r.s.flow = r.s.xmpp_flow;
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	assert_true(probe_result(r.s.p)->success);
	end(&r);
}

static void a_first_connection_that_is_closed_is_a_fault(void **state)
{
	struct scene s;

	(void)state;
	begin_tcp(&s, 2);
	closes(&s, false);
	scene_failed(&s, "sip.send", "tcp_reset");
	scene_end(&s);
}

static void a_pool_that_is_gone_by_the_next_round_is_told(void **state)
{
	struct scene s;

	(void)state;
	begin_tcp(&s, 2);
	scene_answer(&s, "202 Accepted", "");
	closes(&s, false);
	scene_wait(&s, TS_S(30));
	scene_push(&s, (struct fact){ .type = FACT_FLOW_FAILED,
			       .flow = s.flow,
			       .step = FLOW_STEP_CONNECT,
			       .err = ECONNREFUSED });
	scene_failed(&s, "sip.connect", "tcp_refused");
	scene_end(&s);
}

/* ---- a stream that the XMPP server ends ---- */

static void stream_closes(struct round *r)
{
	xstream_close(r->v.x, r->s.now);
	talk(&r->s);
}

static void stream_is_cut(struct round *r)
{
	closes(&r->s, false);
}

static void stream_is_reset(struct round *r)
{
	closes(&r->s, true);
}

static const char *condition;

static void stream_fails(struct round *r)
{
	xstream_abort(r->v.x, condition, r->s.now);
	talk(&r->s);
}

/* It connects when the next round is due, and the round begins behind that. */
static void an_idle_stream_may_end(void **state)
{
	static const struct {
		void (*ends)(struct round *r);
		const char *condition;
		const char *reason; /* NULL: the receiver signs in again */
	} rows[] = {
		{ stream_closes, NULL, NULL },
		{ stream_is_cut, NULL, NULL },
		{ stream_is_reset, NULL, NULL },
		{ stream_fails, "system-shutdown", NULL },
		{ stream_fails, "connection-timeout", NULL },
		{ stream_fails, "reset", NULL },
		{ stream_fails, "conflict", "xmpp_conflict" },
		{ stream_fails, "policy-violation", "xmpp_stream_error" },
		{ stream_fails, "not-authorized", "xmpp_stream_error" },
		{ stream_fails, "undefined-condition", "xmpp_stream_error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[256];
		struct round r;
		struct buf b;

		print_message("row %zu: %s\n", i, rows[i].condition ? rows[i].condition : "");
		condition = rows[i].condition;
		begin_every(&r, false, 2, TS_S(30));
		go_through(&r, TS_MS(100));
		const flow_t before = r.s.flow;
		const unsigned n_out = r.s.n_out;
		rows[i].ends(&r);
		if (rows[i].reason) {
			scene_failed(&r.s, "deliver", rows[i].reason);
			end(&r);
			continue;
		}
		assert_int_equal(r.s.flow, before);
		r.s.now = due(&r);
		scene_wait(&r.s, 0);
		assert_int_not_equal(r.s.flow, before);
		assert_int_equal(r.s.n_out, n_out); /* no message to somebody who is not there */
		serve_xmpp(&r);
		assert_int_equal(r.s.n_out, n_out + 1);
		go_through(&r, TS_MS(100));
		assert_true(probe_result(r.s.p)->success);
		buf_init_in(&b, (uint8_t *)text, sizeof(text));
		text_put(&b, &probe_result(r.s.p)->phases[PHASE_XMPP_CONNECT].detail, NULL);
		assert_true(slice_ends(buf_slice(&b), SLICE("between two round trips: 1")));
		end(&r);
	}
}

/* While the SIP user is signed in for the round, too, but not twice for one. */
static void a_stream_that_ends_as_the_round_begins_is_made_once_more(void **state)
{
	struct round r;

	(void)state;
	come_to_a_refresh(&r);
	flow_t before = r.s.flow;
	stream_is_cut(&r);
	assert_int_not_equal(r.s.flow, before);
	serve_xmpp(&r);
	before = r.s.flow;
	stream_is_cut(&r);
	assert_int_equal(r.s.flow, before);
	grant(&r.s, 10);
	scene_failed(&r.s, "deliver", "xmpp_stream_closed");
	end(&r);
}

static char heard[1 << 16]; /* from the XMPP server */

static void hear(void *arg, const struct probe_event *ev)
{
	const size_t n = strlen(heard);

	(void)arg;
	if (ev->type == PROBE_EV_TRACE && ev->side == SIDE_XMPP && !ev->outbound)
		snprintf(heard + n, sizeof(heard) - n, "%.*s\n", SLICE_FMT(ev->text));
}

/* What is secret is found in it, though the last one ended within a tag. */
static void the_trace_of_the_next_connection_begins_anew(void **state)
{
	struct round r;

	(void)state;
	heard[0] = '\0';
	rig_seen = hear;
	begin_every(&r, false, 2, TS_S(30));
	go_through(&r, TS_MS(100));
	rig_seen = NULL;
	scene_push(&r.s, (struct fact){ .type = FACT_FLOW_BYTES,
				 .flow = r.s.flow,
				 .bytes = SLICE("<message from='half") });
	stream_is_cut(&r);
	scene_wait(&r.s, TS_S(30));
	assert_non_null(strstr(heard, "<message from='half"));
	heard[0] = '\0';
	serve_xmpp(&r);
	assert_non_null(strstr(heard, "<?xml"));
	assert_non_null(strstr(heard, ">***</success>"));
	end(&r);
}

static void a_server_that_is_gone_by_the_next_round_is_told(void **state)
{
	struct round r;

	(void)state;
	begin_every(&r, false, 2, TS_S(30));
	go_through(&r, TS_MS(100));
	stream_is_cut(&r);
	scene_wait(&r.s, TS_S(30));
	scene_push(&r.s, (struct fact){ .type = FACT_FLOW_FAILED,
				 .flow = r.s.flow,
				 .step = FLOW_STEP_CONNECT,
				 .err = ECONNREFUSED });
	scene_failed(&r.s, "xmpp.connect", "tcp_refused");
	end(&r);
}

static void a_test_may_be_interrupted_without_its_stream(void **state)
{
	struct round r;

	(void)state;
	begin_every(&r, false, 2, TS_S(30));
	go_through(&r, TS_MS(100));
	stream_is_cut(&r);
	scene_push(&r.s, (struct fact){ .type = FACT_STOP });
	assert_true(is_out(&r.s, "REGISTER "));
	scene_answer(&r.s, "200 OK", "");
	assert_true(r.s.done);
	assert_int_equal(probe_result(r.s.p)->n_notes, 0);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_stays_signed_in),
		cmocka_unit_test(a_refresh_that_fails_is_the_registrations_fault),
		cmocka_unit_test(a_round_waits_for_the_refresh_that_is_out),
		cmocka_unit_test(a_message_without_an_answer_does_not_stop_the_refresh),
		cmocka_unit_test(an_idle_connection_may_be_closed),
		cmocka_unit_test(a_connection_closed_as_the_round_begins_is_made_once_more),
		cmocka_unit_test(what_went_into_a_lost_connection_is_awaited_no_longer),
		cmocka_unit_test(a_first_connection_that_is_closed_is_a_fault),
		cmocka_unit_test(a_pool_that_is_gone_by_the_next_round_is_told),
		cmocka_unit_test(an_idle_stream_may_end),
		cmocka_unit_test(a_stream_that_ends_as_the_round_begins_is_made_once_more),
		cmocka_unit_test(the_trace_of_the_next_connection_begins_anew),
		cmocka_unit_test(a_server_that_is_gone_by_the_next_round_is_told),
		cmocka_unit_test(a_test_may_be_interrupted_without_its_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
