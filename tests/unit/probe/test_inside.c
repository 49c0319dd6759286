/* Two users of one pool, and a pool of a few lines between them: what proves the message, who is
 * blamed, and that the numbers of the two are kept apart. */
#include "probe/inside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

enum { USERS = 2, TEXT_MAX_BYTES = 4096, QUEUE = 16 };

#define WRITER "pilar@litware.test"
#define READER "kenmyer@litware.test"

/* What the pool does with the n-th MESSAGE (1: there, 2: back). */
enum relay { CARRY, DROP, TWICE, REFUSE };

struct datagram {
	uint32_t listener;
	char text[TEXT_MAX_BYTES];
};

static struct world {
	struct inside *in;
	struct engine e;
	struct rng rng;
	ts_t now;
	enum relay relay[2];
	unsigned n_messages, n_listeners, n_requests;
	const char *unknown;          /* who may not sign in */
	uint32_t listeners[USERS];    /* by whose REGISTER came from it: the writer's first */
	struct datagram queue[QUEUE]; /* to the users */
	unsigned head, tail;
} w;

static const struct addr pool = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };
static const struct addr here = { .family = 4, .port = 40000, .ip = { 127, 0, 0, 2 } };

static struct slice header(struct slice text, const char *name)
{
	char find[64];

	snprintf(find, sizeof(find), "\r\n%s: ", name);
	const size_t at = slice_find(text, slice_str(find));
	assert_int_not_equal(at, SIZE_MAX);
	const struct slice rest = slice_skip(text, at + strlen(find));
	return slice_cut(rest, 0, slice_chr(rest, '\r'));
}

static struct datagram *send_to(uint32_t listener)
{
	assert_true(w.tail < QUEUE);
	w.queue[w.tail].listener = listener;
	return &w.queue[w.tail++];
}

static void respond(uint32_t listener, struct slice req, const char *status, struct slice contact)
{
	static const char *const copied[] = { "Via", "From", "To", "Call-ID", "CSeq" };
	struct datagram *d = send_to(listener);
	size_t n = (size_t)snprintf(d->text, sizeof(d->text), "SIP/2.0 %s", status);

	for (size_t i = 0; i < COUNT(copied); i++)
		n += (size_t)snprintf(d->text + n, sizeof(d->text) - n, "\r\n%s: %.*s%s", copied[i],
			SLICE_FMT(header(req, copied[i])), i == 2 ? ";tag=pool" : "");
	if (contact.n)
		n += (size_t)snprintf(
			d->text + n, sizeof(d->text) - n, "\r\nContact: %.*s", SLICE_FMT(contact));
	snprintf(d->text + n, sizeof(d->text) - n, "\r\nContent-Length: 0\r\n\r\n");
}

static void relay_to(uint32_t listener, struct slice req, unsigned copy)
{
	struct datagram *d = send_to(listener);
	const size_t body = slice_find(req, SLICE("\r\n\r\n"));

	snprintf(d->text, sizeof(d->text),
		"MESSAGE sip:x@127.0.0.2:40000 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKpool%u%u\r\nMax-Forwards: 69\r\n"
		"From: %.*s\r\nTo: %.*s\r\nCall-ID: relayed%u%u\r\nCSeq: 1 MESSAGE\r\n"
		"Content-Type: text/plain\r\nContent-Length: %zu%.*s",
		w.n_messages, copy, SLICE_FMT(header(req, "From")), SLICE_FMT(header(req, "To")),
		w.n_messages, copy, req.n - body - 4, SLICE_FMT(slice_skip(req, body)));
}

static void message(uint32_t listener, struct slice req)
{
	const enum relay how = w.relay[w.n_messages++ % COUNT(w.relay)];
	const uint32_t other = w.listeners[listener == w.listeners[0]];

	respond(listener, req, how == REFUSE ? "403 Forbidden" : "202 Accepted", SLICE_NONE);
	if (how == CARRY || how == TWICE)
		relay_to(other, req, 1);
	if (how == TWICE)
		relay_to(other, req, 2);
}

static void registration(uint32_t listener, struct slice req)
{
	char contact[512];
	const bool is_writer = slice_find(header(req, "To"), SLICE(WRITER)) != SIZE_MAX;

	w.listeners[!is_writer] = listener;
	if (w.unknown && slice_find(header(req, "To"), slice_str(w.unknown)) != SIZE_MAX) {
		respond(listener, req, "404 Not Found", SLICE_NONE);
		return;
	}
	snprintf(contact, sizeof(contact), "%.*s;expires=300", SLICE_FMT(header(req, "Contact")));
	respond(listener, req, "200 OK", slice_str(contact));
}

static void take(void)
{
	struct probe_event ev;
	struct output o;
	struct want want;

	while (w.e.ops->take_output(w.in, &o)) {
		w.n_requests++;
		if (slice_starts(o.bytes, SLICE("REGISTER ")))
			registration(o.listener, o.bytes);
		else if (slice_starts(o.bytes, SLICE("MESSAGE ")))
			message(o.listener, o.bytes);
	}
	while (w.e.ops->take_want(w.in, &want))
		if (want.type == WANT_LISTEN)
			w.listeners[w.n_listeners++] = want.listener;
	while (inside_take_event(w.in, &ev))
		;
}

static void push(struct fact in)
{
	in.local = &here;
	in.peer = &pool;
	w.e.ops->push(w.in, &in, w.now);
	take();
}

/* Until nobody has anything to say. */
static void talk(void)
{
	while (w.head < w.tail) {
		const struct datagram *d = &w.queue[w.head++];

		push((struct fact){ .type = FACT_DATAGRAM,
			.listener = d->listener,
			.bytes = slice_str(d->text) });
	}
}

static void wait(ts_t t)
{
	w.now += t;
	w.e.ops->push_time(w.in, w.now);
	take();
	talk();
}

/* Whose socket never opens is `deaf`; USERS: nobody's. */
static void begin_but(unsigned deaf, enum relay there, enum relay back, const char *unknown)
{
	const struct inside_cfg cfg = { .probe = { .target_fqdn = SLICE("pool.litware.test"),
						.user = SLICE("sip:" WRITER),
						.password = SLICE("secret"),
						.receiver = SLICE("sip:" READER),
						.registrar = SLICE("sip:127.0.0.1:5060"),
						.timeout = TS_S(10),
						.settle = PROBE_SETTLE },
		.reader_password = SLICE("other") };
	struct text why;

	memset(&w, 0, sizeof(w));
	w.relay[0] = there;
	w.relay[1] = back;
	w.unknown = unknown;
	w.now = TS_S(100);
	rng_init_number(&w.rng, 1);
	assert_int_equal(inside_new(&w.in, &cfg, &w.rng, w.now, &why), 0);
	w.e = inside_engine(w.in);
	take();
	assert_int_equal(w.n_listeners, USERS);
	assert_int_not_equal(w.listeners[0], w.listeners[1]);
	for (unsigned i = 0; i < USERS; i++)
		if (i != deaf)
			push((struct fact){ .type = FACT_LISTEN_UP, .listener = w.listeners[i] });
	talk();
}

static void begin(enum relay there, enum relay back, const char *unknown)
{
	begin_but(USERS, there, back, unknown);
}

static void end(void)
{
	w.in = inside_free(w.in);
}

static const struct probe_result *result(void)
{
	return inside_result(w.in);
}

static void a_message_there_and_its_answer_back_are_the_proof(void **state)
{
	(void)state;
	begin(CARRY, CARRY, NULL);
	assert_int_equal(w.n_messages, 2);
	assert_false(inside_is_done(w.in)); /* a second copy may come */
	wait(PROBE_SETTLE);
	assert_true(result()->success);
	assert_int_equal(result()->proof, PROOF_ANSWERED);
	assert_string_equal(result()->user, WRITER);
	assert_string_equal(result()->receiver, READER);
	assert_int_equal(result()->phases[PHASE_DELIVER].outcome, PHASE_OK);
	assert_int_equal(result()->phases[PHASE_ANSWER].outcome, PHASE_OK);
	assert_int_equal(result()->phases[PHASE_XMPP_AUTH].outcome, PHASE_NOT_RUN);
	assert_int_equal(result()->n_notes, 0);
	assert_true(inside_is_done(w.in)); /* both have signed off */
	assert_int_equal(w.e.ops->deadline(w.in), TS_NEVER);
	end();
}

static void what_the_pool_accepts_and_loses_is_its_fault(void **state)
{
	static const struct {
		enum relay there, back;
		enum probe_phase phase;
		enum probe_proof proof;
	} rows[] = {
		{ DROP, CARRY, PHASE_DELIVER, PROOF_ACCEPTED },
		{ CARRY, DROP, PHASE_ANSWER, PROOF_DELIVERED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(rows[i].there, rows[i].back, NULL);
		wait(TS_S(10));
		assert_false(result()->success);
		assert_string_equal(reason_id(result()->reason), "im_not_relayed");
		assert_int_equal(result()->phase, rows[i].phase);
		assert_int_equal(result()->proof, rows[i].proof);
		wait(TS_S(1));
		assert_true(inside_is_done(w.in));
		end();
	}
}

static void who_cannot_sign_in_is_named_on_either_side(void **state)
{
	static const char *const users[] = { WRITER, READER };

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		begin(CARRY, CARRY, users[i]);
		assert_string_equal(reason_id(result()->reason), "sip_user_unknown");
		assert_int_equal(result()->phase, PHASE_SIP_REGISTER);
		assert_int_equal(result()->phases[PHASE_SIP_REGISTER].outcome, PHASE_FAILED);
		assert_int_equal(result()->evidence.sip_status, 404);
		assert_string_equal(
			result()->message.store + result()->message.arg_at[0], users[i]);
		assert_int_equal(w.n_messages, 0);
		end();
	}
}

static void who_is_not_signed_in_in_time_is_told_by_his_own_side(void **state)
{
	(void)state;
	for (unsigned silent = 0; silent < USERS; silent++) {
		begin_but(silent, CARRY, CARRY, NULL);
		wait(TS_S(10));
		assert_int_equal(result()->phase, PHASE_SIP_CONNECT);
		assert_int_equal(w.n_messages, 0);
		assert_true(w.e.ops->deadline(w.in) > w.now); /* it does not spin */
		end();
	}
}

static void a_second_copy_takes_the_success_back(void **state)
{
	static const struct {
		enum relay there, back;
	} rows[] = { { TWICE, CARRY }, { CARRY, TWICE } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(rows[i].there, rows[i].back, NULL);
		wait(PROBE_SETTLE);
		assert_false(result()->success);
		assert_string_equal(reason_id(result()->reason), "im_duplicated");
		end();
	}
}

static void a_refusal_of_either_message_is_told(void **state)
{
	(void)state;
	begin(REFUSE, CARRY, NULL);
	assert_string_equal(reason_id(result()->reason), "sip_forbidden");
	assert_string_equal(result()->message.store + result()->message.arg_at[0], READER);
	end();
	begin(CARRY, REFUSE, NULL);
	assert_string_equal(reason_id(result()->reason), "sip_forbidden");
	assert_string_equal(result()->message.store + result()->message.arg_at[0], WRITER);
	end();
}

static void an_interruption_signs_both_off(void **state)
{
	(void)state;
	begin(DROP, CARRY, NULL);
	const unsigned before = w.n_requests;
	push((struct fact){ .type = FACT_STOP });
	assert_string_equal(reason_id(result()->reason), "local_interrupted");
	assert_int_equal(w.n_requests, before + USERS);
	talk();
	assert_true(inside_is_done(w.in));
	end();
}

static void what_cannot_be_tested_is_refused(void **state)
{
	const struct inside_cfg cfg = { .probe = { .user = SLICE("sip:" WRITER),
						.receiver = SLICE("sip:"),
						.registrar = SLICE("sip:127.0.0.1"),
						.timeout = TS_S(1) } };
	struct inside *in = NULL;
	struct text why;

	(void)state;
	rng_init_number(&w.rng, 1);
	assert_int_equal(inside_new(&in, &cfg, &w.rng, 0, &why), ERR_CONFIG);
	assert_null(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_there_and_its_answer_back_are_the_proof),
		cmocka_unit_test(what_the_pool_accepts_and_loses_is_its_fault),
		cmocka_unit_test(who_cannot_sign_in_is_named_on_either_side),
		cmocka_unit_test(who_is_not_signed_in_in_time_is_told_by_his_own_side),
		cmocka_unit_test(a_second_copy_takes_the_success_back),
		cmocka_unit_test(a_refusal_of_either_message_is_told),
		cmocka_unit_test(an_interruption_signs_both_off),
		cmocka_unit_test(what_cannot_be_tested_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
