/* What a trace keeps: order, bounds, and what it says of what it lost. */
#include "../probe/scene.h"
#include "traced.h"

/* ---- order ---- */

static void steps_are_in_the_order_of_time(void **state)
{
	struct traced f;

	(void)state;
	traced_begin(&f);
	traced_phase(&f, 100, PHASE_SIP_CONNECT, PHASE_RUNNING);
	traced_message(&f, 200, SIDE_SIP, true, "A sip:a SIP/2.0\r\n\r\n");
	traced_message(&f, 400, SIDE_SIP, false, "C sip:a SIP/2.0\r\n\r\n");
	traced_message(&f, 400, SIDE_SIP, false, "D sip:a SIP/2.0\r\n\r\n");
	traced_message(&f, 300, SIDE_XMPP, false, "B"); /* told late */
	assert_int_equal(trace_count(f.t), 5);
	for (size_t i = 1; i < 5; i++)
		assert_int_equal(trace_get(f.t, i)->ev.text.p[0], 'A' + (int)i - 1);
	traced_end(&f);
}

/* ---- bounds ---- */

/* How many messages stand in it, and how many it says are missing. */
static void count(const struct traced *f, unsigned *kept, unsigned *missing)
{
	*kept = 0;
	*missing = trace_left_out_at_end(f->t);
	for (size_t i = 0; i < trace_count(f->t); i++) {
		*kept += trace_get(f->t, i)->ev.type == PROBE_EV_TRACE;
		*missing += trace_get(f->t, i)->left_out;
	}
}

static void the_sign_in_and_the_end_of_a_long_test_stay(void **state)
{
	enum { MANY = 3000 };
	unsigned kept, missing;
	struct traced f;
	char text[32];

	(void)state;
	traced_begin(&f);
	traced_phase(&f, 0, PHASE_SIP_SEND, PHASE_RUNNING);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "MESSAGE %u", i);
		traced_message(&f, i, SIDE_SIP, true, text);
	}
	traced_phase(&f, MANY, PHASE_SIP_SEND, PHASE_FAILED);
	count(&f, &kept, &missing);
	assert_int_equal(trace_count(f.t), TRACE_STEPS);
	assert_int_equal(kept, TRACE_STEPS - 2);
	assert_int_equal(kept + missing, MANY);
	assert_int_equal(missing, trace_left_out(f.t));
	assert_true(slice_eqs(trace_get(f.t, 1)->ev.text, "MESSAGE 0"));
	assert_true(slice_eqs(trace_get(f.t, TRACE_HEAD - 1)->ev.text, "MESSAGE 98"));
	/* The gap is where they were. */
	assert_int_equal(trace_get(f.t, TRACE_HEAD)->left_out, missing);
	assert_true(slice_eqs(trace_get(f.t, TRACE_STEPS - 2)->ev.text, "MESSAGE 2999"));
	traced_end(&f);
}

static void long_messages_are_bounded_by_their_bytes(void **state)
{
	enum { MANY = 60, LONG = 60000 };
	static uint8_t text[LONG];
	unsigned kept, missing;
	size_t bytes = 0;
	struct traced f;

	(void)state;
	memset(text, 'x', sizeof(text));
	traced_begin(&f);
	for (unsigned i = 0; i < MANY; i++) {
		const struct probe_event ev =
			traced_event(i, SIDE_XMPP, false, slice_of(text, sizeof(text)));

		trace_push(f.t, &ev);
	}
	for (size_t i = 0; i < trace_count(f.t); i++)
		bytes += trace_get(f.t, i)->ev.text.n;
	count(&f, &kept, &missing);
	assert_true(bytes <= TRACE_BYTES && bytes > TRACE_BYTES - LONG);
	assert_int_equal(kept + missing, MANY);
	assert_int_equal(trace_get(f.t, 0)->ev.at, 0);
	assert_int_equal(trace_get(f.t, trace_count(f.t) - 1)->ev.at, MANY - 1);
	traced_end(&f);
}

static void what_the_engine_left_out_is_counted_too(void **state)
{
	struct probe_event ev = traced_event(5, SIDE_SIP, true, SLICE("A"));
	struct traced f;

	(void)state;
	traced_begin(&f);
	ev.left_out = 3;
	trace_push(f.t, &ev);
	trace_push(f.t, &(struct probe_event){ .type = PROBE_EV_DONE, .left_out = 2 });
	assert_int_equal(trace_count(f.t), 1);
	assert_int_equal(trace_get(f.t, 0)->left_out, 3);
	assert_int_equal(trace_left_out_at_end(f.t), 2);
	assert_int_equal(trace_left_out(f.t), 5);
	traced_end(&f);
}

static void without_memory_messages_are_counted(void **state)
{
	struct traced f;

	(void)state;
	traced_begin(&f);
	traced_message(&f, 1, SIDE_SIP, true, "A");
	mem_fail_after(0);
	traced_message(&f, 2, SIDE_SIP, true, "B");
	traced_phase(&f, 3, PHASE_SIP_SEND, PHASE_RUNNING);
	mem_fail_after(-1);
	traced_message(&f, 4, SIDE_SIP, true, "C");
	assert_int_equal(trace_count(f.t), 3);
	assert_int_equal(trace_get(f.t, 1)->left_out, 1);
	assert_int_equal(trace_left_out(f.t), 1);
	traced_end(&f);
	mem_fail_after(0);
	assert_int_equal(trace_new(&f.t, &(struct trace_cfg){ .strip_bodies = false }), -ENOMEM);
	mem_fail_after(-1);
}

/* ---- bodies ---- */

static void bodies_that_others_want_stay_out(void **state)
{
	struct probe_event sip =
		traced_event(1, SIDE_SIP, true, SLICE("M sip:a SIP/2.0\r\n\r\nhi"));
	struct probe_event xmpp =
		traced_event(2, SIDE_XMPP, false, SLICE("<message><body>hi</body></message>"));
	struct trace *t;

	(void)state;
	for (unsigned strip = 0; strip < 2; strip++) {
		assert_int_equal(
			trace_new(&t, &(struct trace_cfg){ .strip_bodies = strip != 0 }), 0);
		trace_push(t, &sip);
		trace_push(t, &xmpp);
		assert_true(slice_eqs(trace_get(t, 0)->ev.text,
			strip ? "M sip:a SIP/2.0\r\n\r\n[2 bytes]" : "M sip:a SIP/2.0\r\n\r\nhi"));
		assert_true(slice_eqs(trace_get(t, 1)->ev.text,
			strip ? "<message><body>[2 bytes]</body></message>"
			      : "<message><body>hi</body></message>"));
		trace_free(t);
	}
}

/* ---- forms ---- */

static void an_ending_says_the_form(void **state)
{
	(void)state;
	assert_ptr_equal(trace_form_find(SLICE("a/b.html"))->put, trace_html);
	assert_ptr_equal(trace_form_find(SLICE("b.txt"))->put, trace_txt);
	assert_ptr_equal(trace_form_find(SLICE("x.json"))->put, trace_json);
	assert_ptr_equal(trace_form_find(SLICE("x.html.pcapng"))->put, trace_pcapng);
	assert_null(trace_form_find(SLICE("x.pcap")));
	assert_null(trace_form_find(SLICE("html")));
	assert_null(trace_form_find(SLICE("")));
}

/* ---- what an engine tells ---- */

static void push(void *arg, const struct probe_event *ev)
{
	trace_push(arg, ev);
}

static struct trace *begin(struct scene *s, const char *registrar, bool bodies)
{
	struct probe_cfg cfg = scene_cfg(registrar);
	struct trace *t;

	assert_int_equal(trace_new(&t, &(struct trace_cfg){ .strip_bodies = false }), 0);
	cfg.trace = true;
	cfg.trace_bodies = bodies;
	scene_begin_seen(s, &cfg, push, t);
	return t;
}

static const struct trace_step *find(const struct trace *t, const char *start)
{
	for (size_t i = 0; i < trace_count(t); i++)
		if (slice_starts(trace_get(t, i)->ev.text, slice_str(start)))
			return trace_get(t, i);
	return NULL;
}

static bool has_phase(const struct trace *t, enum probe_phase phase, enum phase_outcome outcome)
{
	for (size_t i = 0; i < trace_count(t); i++) {
		const struct probe_event *ev = &trace_get(t, i)->ev;

		if (ev->type == PROBE_EV_PHASE && ev->phase == phase && ev->outcome == outcome)
			return true;
	}
	return false;
}

static void a_run_is_told_with_its_phases(void **state)
{
	struct scene s;
	struct trace *t = begin(&s, "sip:127.0.0.1:5060;transport=udp", false);

	(void)state;
	scene_sign_in(&s);
	scene_answer(&s, "403 Forbidden", "");
	scene_wait(&s, TS_S(2));
	assert_true(s.done);
	assert_true(has_phase(t, PHASE_SIP_REGISTER, PHASE_RUNNING));
	assert_true(has_phase(t, PHASE_SIP_REGISTER, PHASE_OK));
	assert_true(has_phase(t, PHASE_SIP_SEND, PHASE_FAILED));
	const struct trace_step *message = find(t, "MESSAGE "), *answer = find(t, "SIP/2.0 403");
	assert_non_null(message);
	assert_non_null(answer);
	assert_true(message->ev.outbound && !answer->ev.outbound);
	assert_int_equal(message->ev.phase, PHASE_SIP_SEND);
	assert_int_equal(answer->ev.phase, PHASE_SIP_SEND);
	assert_true(addr_eq(&message->ev.local, &scene_local));
	assert_true(addr_eq(&message->ev.peer, &scene_pool));
	assert_true(slice_ends(message->ev.text, SLICE("\r\n\r\n[54 bytes]")));
	assert_int_equal(trace_get(t, trace_verdict_at(t))->ev.phase, PHASE_CLEANUP);
	assert_int_equal(trace_left_out(t), 0);
	scene_end(&s);
	trace_free(t);
}

static void bodies_come_when_they_are_wanted(void **state)
{
	struct scene s;
	struct trace *t = begin(&s, "sip:127.0.0.1:5060;transport=udp", true);

	(void)state;
	scene_sign_in(&s);
	assert_true(
		slice_find(find(t, "MESSAGE ")->ev.text, SLICE("\r\n\r\nstox test ")) != SIZE_MAX);
	scene_end(&s);
	trace_free(t);
}

/* What stood half-read when the time was up is the best there is to say why. */
static void what_came_to_no_end_is_told_with_its_time(void **state)
{
	struct scene s;
	struct trace *t = begin(&s, "sip:127.0.0.1:5060;transport=tcp", false);

	(void)state;
	scene_connect(&s);
	scene_wait(&s, TS_S(1));
	scene_push(&s, (struct fact){ .type = FACT_FLOW_BYTES,
			       .flow = s.flow,
			       .bytes = SLICE("SSH-2.0-OpenSSH\r\n") });
	scene_wait(&s, TS_S(9));
	scene_wait(&s, TS_S(2));
	assert_true(s.done);
	const struct trace_step *half = find(t, "SSH-2.0");
	assert_non_null(half);
	assert_true(half->ev.unfinished);
	assert_int_equal(half->ev.at, TS_S(1));
	assert_int_equal(half->ev.phase, PHASE_SIP_REGISTER);
	/* In front of the verdict, though it was told behind it. */
	assert_ptr_not_equal(find(t, "SSH-2.0"), trace_get(t, trace_count(t) - 1));
	scene_end(&s);
	trace_free(t);
}

/* A flood of one push is more than an engine tells; its own phases and its verdict have places. */
static void a_flood_is_counted_and_the_verdict_is_told(void **state)
{
	enum { FLOOD = 1000 };
	struct scene s;
	struct trace *t = begin(&s, "sip:127.0.0.1:5060;transport=tcp", false);
	unsigned kept = 0;
	struct buf b;

	(void)state;
	scene_connect(&s);
	buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < FLOOD; i++)
		buf_puts(&b, "X sip:a SIP/2.0\r\nl: 0\r\n\r\n");
	buf_puts(&b, "nonsense\r\n\r\n");
	scene_push(&s,
		(struct fact){ .type = FACT_FLOW_BYTES, .flow = s.flow, .bytes = buf_slice(&b) });
	buf_done(&b);
	scene_wait(&s, TS_S(2));
	assert_true(s.done);
	for (size_t i = 0; i < trace_count(t); i++)
		kept += slice_starts(trace_get(t, i)->ev.text, SLICE("X ")) ||
			slice_starts(trace_get(t, i)->ev.text, SLICE("nonsense"));
	assert_true(has_phase(t, PHASE_SIP_REGISTER, PHASE_FAILED));
	assert_true(has_phase(t, PHASE_CLEANUP, PHASE_OK));
	assert_in_range(kept, 200, 256);
	assert_int_equal(kept + trace_left_out(t), FLOOD + 1);
	scene_end(&s);
	trace_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_in_the_order_of_time),
		cmocka_unit_test(the_sign_in_and_the_end_of_a_long_test_stay),
		cmocka_unit_test(long_messages_are_bounded_by_their_bytes),
		cmocka_unit_test(what_the_engine_left_out_is_counted_too),
		cmocka_unit_test(without_memory_messages_are_counted),
		cmocka_unit_test(bodies_that_others_want_stay_out),
		cmocka_unit_test(an_ending_says_the_form),
		cmocka_unit_test(a_run_is_told_with_its_phases),
		cmocka_unit_test(bodies_come_when_they_are_wanted),
		cmocka_unit_test(what_came_to_no_end_is_told_with_its_time),
		cmocka_unit_test(a_flood_is_counted_and_the_verdict_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
