#include "watcher/runs.h"

#include <signal.h>
#include <sys/resource.h>

#include <jansson.h>

#include "base/err.h"
#include "runs_rig.h"

#include "../clock.h"

enum { AT_ONCE = 200, GIVE_UP_S = 200 };

static int set_up(void **state)
{
	(void)state;
	clock_reset();
	alarm(GIVE_UP_S);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_done();
	return 0;
}

static void start_lab(unsigned n_users)
{
	rig_init(n_users);
	rig_start_lab();
}

/* ---- many at once ---- */

enum row_kind { GOOD, UDP, TCP, SIGN_IN, BAD_PASSWORD, BAD_SIGN_IN, NOBODY, ROWS };

static const struct {
	enum run_kind kind;
	enum transport transport;
	const char *reason; /* NULL: it passes */
	enum probe_proof proof;
} rows[ROWS] = {
	[GOOD] = { RUN_IM, TRANSPORT_TLS, NULL, PROOF_ANSWERED },
	[UDP] = { RUN_IM, TRANSPORT_UDP, NULL, PROOF_ANSWERED },
	[TCP] = { RUN_IM, TRANSPORT_TCP, NULL, PROOF_ANSWERED },
	[SIGN_IN] = { RUN_REGISTER, TRANSPORT_UDP, NULL, PROOF_NONE },
	[BAD_PASSWORD] = { RUN_IM, TRANSPORT_TLS, "xmpp_bad_credentials", PROOF_NONE },
	[BAD_SIGN_IN] = { RUN_REGISTER, TRANSPORT_TCP, "sip_bad_credentials", PROOF_NONE },
	[NOBODY] = { RUN_IM, TRANSPORT_TCP, "xmpp_bounced", PROOF_NONE },
};

static unsigned n_of[ROWS];

static void check_row(struct rig *r)
{
	const struct runs_done *d = &r->done;
	const unsigned row = (unsigned)d->id % ROWS;

	n_of[row]++;
	assert_ptr_equal(d->owner, &rows[row]);
	assert_int_equal(d->kind, rows[row].kind);
	assert_int_equal(d->attempts, 1);
	assert_false(d->is_dropped);
	if (rows[row].reason)
		assert_string_equal(reason_id(d->last.reason), rows[row].reason);
	else if (!d->last.has_passed)
		fail_msg("%s", reason_id(d->last.reason));
	assert_int_equal(d->last.has_passed, !rows[row].reason);
	assert_int_equal(d->result->proof, rows[row].proof);
	assert_true(d->took >= d->last.latency && d->last.latency > 0);
}

static void each_of_hundreds_at_once_has_its_own_result(void **state)
{
	struct rig_names names;
	struct text why;

	(void)state;
	rig_init(AT_ONCE);
	/* A burst of handshakes on both sides of one loop would take longer than some time-outs. */
	rig.bench.lab_cfg.clear_xmpp = true;
	rig_start_lab();
	memset(n_of, 0, sizeof(n_of));
	rig.each = check_row;
	for (unsigned i = 0; i < AT_ONCE; i++) {
		const unsigned row = i % ROWS;
		struct run_cfg cfg = rig_cfg(&names, rows[row].kind, rows[row].transport, i);

		cfg.probe.xmpp_plain = true;
		if (row == BAD_PASSWORD)
			cfg.probe.receiver_password = SLICE("another one");
		if (row == BAD_SIGN_IN)
			cfg.probe.password = SLICE("another one");
		if (row == NOBODY) {
			cfg.probe.receiver = SLICE("nobody@" LAB_PARTNER_DOMAIN);
			cfg.probe.has_receiver_password = false;
		}
		assert_int_equal(
			runs_start(rig.runs, &cfg, i, (void *)(uintptr_t)&rows[row], &why), 0);
	}
	assert_int_equal(runs_n(rig.runs), AT_ONCE);
	rig_run_until(AT_ONCE);
	for (unsigned i = 0; i < ROWS; i++)
		assert_in_range(n_of[i], AT_ONCE / ROWS, AT_ONCE / ROWS + 1);
	assert_int_equal(runs_n(rig.runs), 0);
	assert_int_equal(pump_n_guests(rig.bench.pump), 0);
}

/* ---- attempts ---- */

static struct addr free_port(void)
{
	struct dead_end hold;
	struct addr at = { .family = 4, .ip = { 127, 0, 0, 1 } };

	assert_int_equal(dead_end_open(&hold, DEAD_END_TCP, &at), 0);
	at = hold.addr;
	dead_end_close(&hold);
	return at;
}

static void start_lab_at_once(struct rig *r)
{
	if (!r->bench.lab)
		assert_int_equal(lab_start(&r->bench), 0);
}

/* The pool comes up behind the first attempt; the owner's strings are gone by then. */
static void what_passes_later_keeps_its_first_failure(void **state)
{
	const struct addr at = free_port();
	struct rig_names names;

	(void)state;
	rig_init(1);
	rig.bench.v.sip_port = at.port;
	rig.bench.at[LAB_LISTEN_SIP_TCP] = at;
	rig.woken = start_lab_at_once;
	struct run_cfg cfg = rig_cfg(&names, RUN_REGISTER, TRANSPORT_TCP, 0);
	cfg.retries = RUNS_RETRIES_MAX;
	cfg.pause = TS_MS(20);
	rig_start(&cfg, 1);
	memset(&names, 'x', sizeof(names));
	rig_run_until(1);
	const struct runs_done *d = &rig.done;
	assert_true(d->last.has_passed);
	assert_true(d->attempts > 1);
	assert_false(d->first.has_passed);
	assert_string_equal(reason_id(d->first.reason), "tcp_refused");
	assert_int_equal(d->first.phase, PHASE_SIP_CONNECT);
	assert_true(d->first.started_at_us < d->last.started_at_us);
	assert_string_equal(d->result->user, "sip0@" LAB_POOL_DOMAIN);
}

static void what_fails_is_tried_so_many_times(void **state)
{
	enum { RETRIES = 3, PAUSE_MS = 5 };
	struct rig_names names;

	(void)state;
	rig_init(1);
	rig.bench.at[LAB_LISTEN_SIP_TCP] = free_port();
	struct run_cfg cfg = rig_cfg(&names, RUN_IM, TRANSPORT_TCP, 0);
	cfg.probe.has_receiver_password = false;
	cfg.retries = RETRIES;
	cfg.pause = TS_MS(PAUSE_MS);
	rig_start(&cfg, 1);
	rig_run_until(1);
	assert_int_equal(rig.done.attempts, 1 + RETRIES);
	assert_string_equal(reason_id(rig.done.last.reason), "tcp_refused");
	assert_true(rig.done.took >= TS_MS(RETRIES * PAUSE_MS));
	assert_true(rig.done.last.latency < rig.done.took);
}

/* ---- what is dropped ---- */

enum { DROPPED = 40, FIRST_DONE = 5 };

static unsigned n_dropped;

static void drop_the_rest(struct rig *r)
{
	n_dropped += r->done.is_dropped;
	assert_true(r->done.is_dropped || r->done.last.has_passed);
	if (r->n_done == FIRST_DONE)
		runs_drop_all(r->runs);
}

static void nothing_is_left_of(struct rig *r)
{
	struct buf b;

	assert_true(r->done.last.has_passed);
	buf_init(&b, 1024);
	text_put(&b, &r->done.result->phases[PHASE_SIP_REGISTER].detail, NULL);
	assert_non_null(strstr(buf_cstr(&b), "left alone: 0"));
	buf_done(&b);
}

/* Contacts are removed, whatever an attempt was at. */
static void what_is_dropped_ends_in_order(void **state)
{
	struct rig_names names;

	(void)state;
	start_lab(DROPPED);
	rig.each = drop_the_rest;
	n_dropped = 0;
	for (unsigned i = 0; i < DROPPED; i++) {
		struct run_cfg cfg =
			rig_cfg(&names, RUN_IM, i % 2 ? TRANSPORT_UDP : TRANSPORT_TCP, i);

		cfg.retries = 2;
		rig_start(&cfg, i);
	}
	const ts_t began = pump_now(rig.bench.pump);
	rig_run_until(DROPPED);
	assert_true(n_dropped > 0);
	assert_true(pump_now(rig.bench.pump) - began < TS_S(30));
	rig.each = nothing_is_left_of;
	for (unsigned i = 0; i < DROPPED; i++) {
		const struct run_cfg cfg = rig_cfg(&names, RUN_REGISTER, TRANSPORT_UDP, i);

		rig_start(&cfg, i);
	}
	rig_run_until(DROPPED);
}

static void start_filtered(uint64_t id, ts_t pause)
{
	struct rig_names names;
	struct bench *b = &rig.bench;
	const struct addr at = { .family = 4, .ip = { 127, 0, 0, 1 } };

	assert_int_equal(dead_end_open(&b->dead, pause ? DEAD_END_TCP : DEAD_END_FILTERED, &at), 0);
	b->at[LAB_LISTEN_SIP_TCP] = b->dead.addr;
	struct run_cfg cfg = rig_cfg(&names, RUN_REGISTER, TRANSPORT_TCP, 0);
	cfg.retries = 1;
	cfg.pause = pause;
	rig_start(&cfg, id);
}

static void drop_it(struct rig *r)
{
	if (pump_n_guests(r->bench.pump) == 0) /* it pauses */
		runs_drop(r->runs, 7);
}

/* While it connects to nowhere, and in its pause. */
static void one_that_waits_is_dropped_at_once(void **state)
{
	static const ts_t pauses[] = { 0, TS_S(3600) };

	for (size_t i = 0; i < COUNT(pauses); i++) {
		if (i)
			tear_down(state);
		rig_init(1);
		start_filtered(7, pauses[i]);
		runs_drop(rig.runs, 8); /* nobody */
		if (pauses[i])
			rig.woken = drop_it;
		else
			runs_drop(rig.runs, 7);
		rig_run_until(1);
		assert_int_equal(rig.done.id, 7);
		assert_true(rig.done.is_dropped);
		assert_int_equal(rig.done.attempts, 1);
		assert_true(rig.done.took < TS_S(5));
		assert_false(runs_has(rig.runs, 7));
		runs_drop(rig.runs, 7);
	}
}

static void a_signal_drops_all(void **state)
{
	(void)state;
	rig_init(1);
	start_filtered(7, 0);
	raise(SIGTERM);
	rig_run_until(1);
	assert_true(rig.done.is_dropped);
	assert_string_equal(reason_id(rig.done.last.reason), "local_interrupted");
	assert_int_equal(rig.done.attempts, 1);
}

/* ---- the loop stands still ---- */

static void stand_still(struct rig *r)
{
	static unsigned turns;

	(void)r;
	if (++turns == 3)
		clock_ahead += TS_S(2);
}

static void a_loop_that_stood_still_marks_its_runs(void **state)
{
	struct rig_names names;

	(void)state;
	start_lab(1);
	clock_stop(); /* a machine that is busy is none that stands still */
	const struct run_cfg cfg = rig_cfg(&names, RUN_REGISTER, TRANSPORT_TCP, 0);
	rig_start(&cfg, 1);
	rig_run_until(1);
	assert_false(rig.done.is_stalled);
	rig.woken = stand_still;
	rig_start(&cfg, 2);
	rig_run_until(1);
	assert_true(rig.done.is_stalled);
	assert_true(rig.done.last.has_passed);
	assert_int_equal(runs_n_stalls(rig.runs), 1);
	assert_in_range(runs_stalled(rig.runs), TS_S(1), TS_S(2));
	rig.woken = NULL;
	rig_start(&cfg, 3);
	rig_run_until(1);
	assert_false(rig.done.is_stalled);
}

/* ---- evidence ---- */

static json_t *load(struct buf *b, size_t flags)
{
	const struct slice s = buf_slice(b);
	json_t *o = json_loadb((const char *)s.p, s.n, flags, NULL);

	assert_non_null(o);
	buf_clear(b);
	return o;
}

static const char *word(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static void evidence_is_made_when_it_is_asked_for(void **state)
{
	struct rig_names names;
	struct buf b;

	(void)state;
	start_lab(1);
	struct run_cfg cfg = rig_cfg(&names, RUN_IM, TRANSPORT_UDP, 0);
	cfg.trace = true;
	buf_init(&b, RUNS_TRACE_BYTES);
	for (unsigned traced = 1; traced < 2; traced--) {
		cfg.trace = traced;
		rig_start(&cfg, 1);
		rig_run_until(1);
		assert_int_equal(runs_put_result(rig.runs, &rig.done, &b), 0);
		json_t *o = load(&b, 0);
		assert_string_equal(word(o, "schema"), "stox.test/1");
		assert_string_equal(word(o, "result"), "Success");
		json_decref(o);
		assert_int_equal(runs_put_trace(rig.runs, &rig.done, &b), traced ? 0 : -ENOENT);
		if (!traced)
			continue;
		o = load(&b, 0);
		assert_string_equal(word(o, "schema"), "stox.trace/1");
		assert_true(json_array_size(json_object_get(o, "steps")) > 20);
		json_decref(o);
	}
	buf_done(&b);
}

static struct run_cfg servers(const struct rig_names *names, struct slice pool)
{
	return (struct run_cfg){ .kind = RUN_SERVERS,
		.n_sweeps = 2,
		.sweeps = { { .side = SWEEP_POOL,
				    .name = SLICE(LAB_POOL_FQDN),
				    .server = pool,
				    .trust = LAB_TRUST,
				    .timeout = TS_S(30),
				    .row_timeout = TS_S(5) },
			{ .side = SWEEP_PARTNER,
				.name = SLICE(LAB_PARTNER_DOMAIN),
				.server = slice_str(names->server),
				.trust = LAB_TRUST,
				.timeout = TS_S(30),
				.row_timeout = TS_S(5) } } };
}

static void both_sides_servers_are_one_run(void **state)
{
	struct rig_names names;
	struct buf b;

	(void)state;
	start_lab(1);
	rig_cfg(&names, RUN_IM, TRANSPORT_TLS, 0);
	const struct run_cfg good = servers(&names, slice_str(names.registrar));
	const struct run_cfg bad = servers(&names, SLICE("sip:127.0.0.1:1;transport=tls"));
	buf_init(&b, RUNS_RESULT_BYTES);
	for (unsigned i = 0; i < 2; i++) {
		rig_start(i ? &bad : &good, i);
		rig_run_until(1);
		assert_int_equal(runs_put_result(rig.runs, &rig.done, &b), 0);
		json_t *o = load(&b, 0);
		if (rig.done.last.has_passed != !i)
			json_dumpf(o, stderr, JSON_INDENT(1));
		assert_int_equal(rig.done.last.has_passed, !i);
		assert_string_equal(reason_id(rig.done.last.reason), i ? "tcp_refused" : "");
		assert_null(rig.done.result);
		assert_int_equal(rig.done.n_sweeps, 2);
		assert_int_equal(json_array_size(o), 2);
		assert_string_equal(word(json_array_get(o, 1), "schema"), "stox.check/1");
		json_decref(o);
		assert_int_equal(runs_put_trace(rig.runs, &rig.done, &b), -ENOENT);
	}
	buf_done(&b);
}

/* ---- within a pool ---- */

static void two_users_of_a_pool_are_one_run(void **state)
{
	struct rig_names names, others;
	struct buf b;

	(void)state;
	start_lab(2);
	rig_cfg(&others, RUN_INTERNAL, TRANSPORT_TLS, 1);
	buf_init(&b, RUNS_TRACE_BYTES);
	for (unsigned i = 0; i < 2; i++) {
		struct run_cfg cfg = rig_cfg(&names, RUN_INTERNAL, TRANSPORT_TLS, 0);

		cfg.trace = true;
		cfg.probe.receiver = slice_str(others.user);
		if (i)
			cfg.reader_auth_user = SLICE("nobody");
		rig_start(&cfg, i);
		rig_run_until(1);
		const struct runs_done *d = &rig.done;
		assert_string_equal(reason_id(d->last.reason), i ? "sip_bad_credentials" : "");
		assert_int_equal(d->result->proof, i ? PROOF_NONE : PROOF_ANSWERED);
		assert_string_equal(d->result->receiver, others.user);
		assert_int_equal(runs_put_trace(rig.runs, d, &b), 0);
		json_t *o = load(&b, 0);
		assert_true(json_is_object(o));
		json_decref(o);
		buf_clear(&b);
	}
	assert_int_equal(pump_n_guests(rig.bench.pump), 0);
	buf_done(&b);
}

/* ---- what cannot be started ---- */

static void what_cannot_be_run_is_refused(void **state)
{
	const struct runs_cfg none = { .max = RUNS_MAX + 1 }, one = { .max = 1 };
	struct rig_names names;
	struct runs *other;
	struct text why;

	(void)state;
	start_lab(1);
	const struct run_cfg good = rig_cfg(&names, RUN_IM, TRANSPORT_UDP, 0);
	struct run_cfg bad = good;
	bad.retries = RUNS_RETRIES_MAX + 1;
	assert_int_equal(runs_start(rig.runs, &bad, 1, NULL, &why), -EINVAL);
	for (unsigned n = 0; n <= RUNS_SWEEPS + 1; n += RUNS_SWEEPS + 1) {
		bad = (struct run_cfg){ .kind = RUN_SERVERS, .n_sweeps = n };
		assert_int_equal(runs_start(rig.runs, &bad, 1, NULL, &why), -EINVAL);
	}
	bad = good;
	bad.probe.receiver = SLICE("no address at all");
	assert_int_equal(runs_start(rig.runs, &bad, 1, NULL, &why), ERR_CONFIG);
	assert_non_null(strstr(why.id, "is not an address"));
	bad.kind = RUN_REGISTER; /* it is not looked at */
	rig_start(&bad, 1);
	assert_int_equal(runs_start(rig.runs, &good, 1, NULL, &why), -EEXIST);
	assert_int_equal(runs_n(rig.runs), 1);
	assert_int_equal(runs_new(&other, rig.bench.pump, &none), -EINVAL);
	assert_int_equal(runs_new(&other, rig.bench.pump, &one), 0);
	assert_int_equal(runs_start(other, &good, 1, NULL, &why), 0);
	assert_int_equal(runs_start(other, &good, 2, NULL, &why), ERR_LIMIT);
	runs_free(other);
	assert_int_equal(pump_n_guests(rig.bench.pump), 1);
}

static void without_memory_nothing_is_started(void **state)
{
	struct rig_names names;
	struct text why;
	int err = -ENOMEM;

	(void)state;
	start_lab(1);
	struct run_cfg cfg = rig_cfg(&names, RUN_IM, TRANSPORT_UDP, 0);
	cfg.trace = true;
	for (long n = 0; err == -ENOMEM && n < 300; n++) {
		mem_fail_after(n);
		err = runs_start(rig.runs, &cfg, 1, NULL, &why);
		mem_fail_after(-1);
		assert_int_equal(runs_n(rig.runs), err == 0);
		assert_int_equal(pump_n_guests(rig.bench.pump), err == 0);
	}
	assert_int_equal(err, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct rlimit files = { 4096, 4096 };
	const struct CMUnitTest tests[] = {
		TEST(each_of_hundreds_at_once_has_its_own_result),
		TEST(what_passes_later_keeps_its_first_failure),
		TEST(what_fails_is_tried_so_many_times),
		TEST(what_is_dropped_ends_in_order),
		TEST(one_that_waits_is_dropped_at_once),
		TEST(a_signal_drops_all),
		TEST(a_loop_that_stood_still_marks_its_runs),
		TEST(evidence_is_made_when_it_is_asked_for),
		TEST(both_sides_servers_are_one_run),
		TEST(two_users_of_a_pool_are_one_run),
		TEST(what_cannot_be_run_is_refused),
		TEST(without_memory_nothing_is_started),
	};

	setrlimit(RLIMIT_NOFILE, &files); /* where it may */
	return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
