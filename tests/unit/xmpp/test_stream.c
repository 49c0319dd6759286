#include "stream_account.h"

static struct sasl_cache *cache;

static struct xstream_cfg client_config(void)
{
	struct xstream_cfg cfg = account_client();

	cfg.cache = cache;
	cfg.timeout = TS_S(10);
	cfg.idle_ping = TS_S(60);
	return cfg;
}

static struct xstream_cfg server_config(void)
{
	return (struct xstream_cfg){
		.role = XSTREAM_ACCEPT_CLIENT,
		.tls = XSTREAM_TLS_REQUIRED,
		.domain = SLICE("contoso.test"),
		.offer = { [SASL_SCRAM_SHA1] = true,
			[SASL_SCRAM_SHA256] = true,
			[SASL_SCRAM_SHA1_PLUS] = true,
			[SASL_SCRAM_SHA256_PLUS] = true },
		.fake_key = (const uint8_t *)"0123456789abcdef0123456789abcdef",
		.fake_iterations = SASL_ITERATIONS_MIN,
		.timeout = TS_S(10),
	};
}

static void pair_new(struct pair *p)
{
	const struct xstream_cfg a = client_config(), b = server_config();

	pair_with(p, &a, &b);
}

static void ready(struct pair *p)
{
	pair_new(p);
	pair_run(p);
	assert_true(xstream_is_ready(p->a.x));
	assert_true(xstream_is_ready(p->b.x));
	p->b.serves = false;
	rig_forget(&p->a);
	rig_forget(&p->b);
}

static void client_and_server_meet_whole_and_in_single_bytes(void **state)
{
	const struct xstream_cfg a = client_config(), b = server_config();

	(void)state;
	assert_they_meet(&a, &b,
		"OPENED contoso.test\nFEATURES starttls\nWANT_TLS\n"
		"OPENED contoso.test\nFEATURES mechanisms\n"
		"AUTHENTICATED SCRAM-SHA-256-PLUS tls-exporter\n"
		"OPENED contoso.test\nFEATURES bind\nREADY adelany@contoso.test/probe\n",
		"OPENED \nWANT_TLS\nOPENED adelany@contoso.test\nWANT_ACCOUNT adelany\n"
		"AUTHENTICATED SCRAM-SHA-256-PLUS\nOPENED adelany@contoso.test\n"
		"WANT_BIND probe\nREADY adelany@contoso.test/probe\nSTANZA presence \n"
		"STANZA iq available\n");
}

/* ---- who is in between, and who is not who they should be ---- */

static void a_stripped_plus_is_noticed(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.cut_from = "<mechanism>SCRAM-SHA-256-PLUS</mechanism>"
		     "<mechanism>SCRAM-SHA-1-PLUS</mechanism>";
	p.cut_to = "";
	pair_run(&p);
	rig_expect("stripped", "events", p.a.log, "FAILED downgrade [not-authorized] ");
	assert_true(p.a.plus_missing);
	assert_false(xstream_is_ready(p.b.x));
	pair_free(&p);
}

static void another_channel_is_noticed(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.tls_b.exporter[0] ^= 1;
	pair_run(&p);
	rig_expect("two channels", "events", p.a.log,
		"FAILED downgrade [not-authorized] channel-bindings-dont-match");
	rig_expect_not("two channels", "events", p.b.log, "AUTHENTICATED");
	pair_free(&p);
}

static void a_server_without_plus_is_told_of(void **state)
{
	struct xstream_cfg a = client_config(), b = server_config();
	struct pair p;

	(void)state;
	pair_new(&p);
	pair_free(&p);
	b.offer[SASL_SCRAM_SHA1_PLUS] = b.offer[SASL_SCRAM_SHA256_PLUS] = false;
	assert_int_equal(rig_new(&p.a, &a), 0);
	assert_int_equal(rig_new(&p.b, &b), 0);
	pair_run(&p);
	rig_expect("no -PLUS", "events", p.a.log, "AUTHENTICATED SCRAM-SHA-256\n");
	assert_true(p.a.plus_missing);
	pair_free(&p);
}

static void wrong_passwords_and_unknown_users_fail_alike(void **state)
{
	const struct sasl_secret *secrets[] = { &other_secret, NULL };

	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		struct pair p;

		pair_new(&p);
		pair_run_refused(&p, secrets[i]);
		pair_free(&p);
	}
}

static void a_server_that_does_not_know_the_password_is_an_impostor(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	pair_run_impostor(&p);
	pair_free(&p);
}

static void no_secret_is_in_what_a_failure_says(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.secret = &other_secret;
	pair_run(&p);
	rig_expect_not("secrets", "events", p.a.log, "correct horse");
	rig_expect_not("secrets", "events", p.b.log, "correct horse");
	rig_expect_not("secrets", "output", p.a.out, "correct horse");
	pair_free(&p);
}

/* ---- stanzas ---- */

static void send_message(struct rig *r, const char *id, size_t body)
{
	struct buf *b = xstream_begin(r->x);

	assert_non_null(b);
	stanza_put_start(
		b, "message", SLICE_NONE, SLICE("adelany@contoso.test"), slice_str(id), SLICE_NONE);
	buf_puts(b, "<body>");
	for (size_t i = 0; i < body; i++)
		buf_putc(b, 'x');
	buf_puts(b, "</body>");
	stanza_put_end(b, "message");
	assert_int_equal(xstream_commit(r->x, r->now), 0);
}

static void stanzas_are_gathered_into_one_slice(void **state)
{
	struct pair p;
	struct slice out;

	(void)state;
	ready(&p);
	for (unsigned i = 0; i < 3; i++)
		send_message(&p.a, "m", 1);
	assert_true(xstream_take_output(p.a.x, &out));
	assert_int_equal(out.n % 3, 0);
	struct slice second;
	send_message(&p.a, "n", 1); /* what was taken stays while more is written */
	assert_true(slice_starts(out, SLICE("<message to='adelany@contoso.test' id='m'>")));
	assert_true(xstream_take_output(p.a.x, &second));
	assert_int_equal(second.n, out.n / 3);
	assert_false(xstream_take_output(p.a.x, &second));
	pair_free(&p);
}

static void what_is_not_committed_is_not_sent(void **state)
{
	struct pair p;
	struct slice out;

	(void)state;
	ready(&p);
	buf_puts(xstream_begin(p.a.x), "<message><bo");
	assert_false(xstream_take_output(p.a.x, &out));
	send_message(&p.a, "whole", 1);
	buf_puts(xstream_begin(p.a.x), "<message><bo");
	pair_run(&p);
	rig_output(&p.a);
	pair_run(&p);
	assert_string_equal(p.b.log, "STANZA message whole\n");
	pair_free(&p);
}

static void a_full_output_says_no_and_a_long_stanza_is_refused(void **state)
{
	struct pair p;
	struct slice out;
	unsigned sent = 0;

	(void)state;
	ready(&p);
	for (; xstream_begin(p.a.x); sent++)
		send_message(&p.a, "m", 10000);
	assert_in_range(sent, 26, 27);
	assert_true(xstream_take_output(p.a.x, &out));
	assert_true(out.n >= 256 << 10);
	assert_non_null(xstream_begin(p.a.x));

	struct buf *b = xstream_begin(p.a.x);
	for (unsigned i = 0; i < 64 << 10; i++)
		buf_puts(b, "0123456789");
	assert_int_equal(xstream_commit(p.a.x, p.a.now), -EMSGSIZE);
	assert_false(xstream_take_output(p.a.x, &out));
	send_message(&p.a, "m", 1); /* nothing is left of it, nor of the error */
	assert_true(xstream_take_output(p.a.x, &out));
	assert_in_range(out.n, 1, 200);
	assert_true(xstream_is_ready(p.a.x));
	pair_free(&p);
}

static void nothing_can_be_sent_before_or_after(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	assert_null(xstream_begin(p.a.x));
	assert_null(xstream_begin(p.b.x));
	assert_int_equal(xstream_commit(p.a.x, p.a.now), -EINVAL);
	pair_run(&p);
	xstream_close(p.a.x, p.a.now);
	assert_null(xstream_begin(p.a.x));
	rig_drain(&p.a);
	pair_free(&p);
}

static void stanzas_too_many_for_the_reader_wait_and_are_not_lost(void **state)
{
	struct pair p;
	struct buf in;
	unsigned n = 0;

	(void)state;
	ready(&p);
	buf_init(&in, 1 << 16);
	for (unsigned i = 0; i < 500; i++)
		buf_puts(&in, "<presence/>");
	struct slice rest = buf_slice(&in);
	while (rest.n) {
		struct xstream_event ev;
		size_t took = xstream_push_bytes(p.b.x, rest, p.b.now);

		assert_true(took > 0);
		rest = slice_skip(rest, took);
		/* A second push before anything was taken is no harm. */
		rest = slice_skip(rest, xstream_push_bytes(p.b.x, rest, p.b.now));
		while (xstream_take_event(p.b.x, &ev)) {
			assert_int_equal(ev.type, XSTREAM_EV_STANZA);
			n++;
		}
	}
	assert_int_equal(n, 500);
	buf_done(&in);
	pair_free(&p);
}

static void the_end_of_the_flow_comes_behind_what_was_read(void **state)
{
	struct pair p;

	(void)state;
	ready(&p);
	xstream_push_bytes(p.b.x, SLICE("<message id='1'/><message id='2'/><mess"), p.b.now);
	xstream_push_closed(p.b.x, p.b.now);
	rig_drain(&p.b);
	assert_string_equal(p.b.log,
		"STANZA message 1\nSTANZA message 2\nFAILED closed [] the connection ended\n");
	assert_int_equal(p.b.n_out, 0);
	pair_free(&p);
}

static void an_error_comes_behind_the_stanzas_before_it(void **state)
{
	struct pair p;

	(void)state;
	ready(&p);
	rig_push_str(&p.a, "<message id='1'/><message></oops>");
	rig_expect("order", "events", p.a.log, "STANZA message 1\nFAILED unparsable ");
	pair_free(&p);
}

static void steady_stanzas_allocate_nothing(void **state)
{
	static const char in[] = "<message from='a@b' id='1'><body>x</body></message>";
	struct pair p;

	(void)state;
	ready(&p);
	for (unsigned i = 0; i < 40; i++) {
		struct xstream_event ev;
		struct slice out;

		if (i == 20)
			mem_fail_after(0); /* from here on an allocation would be the end */
		for (unsigned k = 0; k < 20; k++) {
			assert_int_equal(
				xstream_push_bytes(p.a.x, slice_str(in), p.a.now), sizeof(in) - 1);
			while (xstream_take_event(p.a.x, &ev))
				assert_int_equal(ev.type, XSTREAM_EV_STANZA);
			send_message(&p.a, "m", 100);
		}
		while (xstream_take_output(p.a.x, &out))
			;
	}
	void *still = mem_alloc0(1); /* takes the failure, so nobody had */
	mem_fail_after(-1);
	assert_null(still);
	pair_free(&p);
}

/* ---- time and the end ---- */

static void silence_is_broken_by_white_space(void **state)
{
	struct pair p;

	(void)state;
	ready(&p);
	ts_t at = p.a.now;
	assert_int_equal(xstream_deadline(p.a.x), at + TS_S(60));
	xstream_push_time(p.a.x, at + TS_S(59));
	rig_drain(&p.a);
	assert_int_equal(p.a.n_out, 0);
	p.a.now = at + TS_S(100); /* late: once, and counted from then */
	xstream_push_time(p.a.x, p.a.now);
	rig_drain(&p.a);
	assert_string_equal(p.a.out, " ");
	assert_int_equal(xstream_deadline(p.a.x), at + TS_S(160));
	p.a.now = at + TS_S(130);
	send_message(&p.a, "m", 1);
	assert_int_equal(xstream_deadline(p.a.x), at + TS_S(190));
	rig_drain(&p.a);
	pair_run(&p);
	assert_string_equal(p.b.log, "STANZA message m\n");
	assert_int_equal(xstream_deadline(p.b.x), TS_NEVER);
	pair_free(&p);
}

static void a_close_is_answered(void **state)
{
	struct pair p;

	(void)state;
	ready(&p);
	xstream_close(p.a.x, p.a.now);
	assert_int_equal(xstream_deadline(p.a.x), p.a.now + TS_S(2));
	rig_drain(&p.a);
	pair_run(&p);
	assert_string_equal(p.a.log, "CLOSED\n");
	assert_string_equal(p.b.log, "CLOSED\n");
	assert_string_equal(p.b.out, "</stream:stream>");
	assert_int_equal(xstream_deadline(p.a.x), TS_NEVER);
	xstream_close(p.a.x, p.a.now); /* twice is once */
	xstream_push_time(p.a.x, p.a.now + TS_S(9));
	rig_drain(&p.a);
	assert_string_equal(p.a.out, "</stream:stream>");
	pair_free(&p);
}

static void both_may_close_at_once(void **state)
{
	struct pair p;

	(void)state;
	ready(&p);
	xstream_close(p.a.x, p.a.now);
	xstream_close(p.b.x, p.b.now);
	rig_drain(&p.a);
	rig_drain(&p.b);
	pair_run(&p);
	assert_string_equal(p.a.log, "CLOSED\n");
	assert_string_equal(p.b.log, "CLOSED\n");
	pair_free(&p);
}

static void a_close_before_ready_is_done_at_once(void **state)
{
	const struct xstream_cfg cfg = client_config();
	struct rig r;

	(void)state;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_forget(&r);
	xstream_close(r.x, r.now);
	rig_drain(&r);
	assert_string_equal(r.log, "CLOSED\n");
	assert_string_equal(r.out, "</stream:stream>");
	rig_free(&r);

	struct xstream_cfg direct = client_config();
	direct.tls = XSTREAM_TLS_DIRECT;
	assert_int_equal(rig_new(&r, &direct), 0);
	xstream_close(r.x, r.now);
	rig_drain(&r);
	assert_string_equal(r.log, "CLOSED\n");
	assert_int_equal(r.n_out, 0);
	rig_free(&r);
}

/* ---- what is none ---- */

static void configurations_that_make_no_stream(void **state)
{
	static const struct {
		struct xstream_cfg cfg;
		int err;
	} cases[] = {
		{ { .role = XSTREAM_CLIENT, .domain = { NULL, 0 } }, ERR_SYNTAX },
		{ { .role = XSTREAM_CLIENT, .domain = { (const uint8_t *)"a@b", 3 } }, ERR_SYNTAX },
		{ { .role = XSTREAM_ACCEPT_CLIENT, .domain = { NULL, 0 } }, ERR_SYNTAX },
		{ { .role = XSTREAM_COMPONENT,
			  .tls = XSTREAM_TLS_REQUIRED,
			  .domain = { (const uint8_t *)"a.b", 3 } },
			-EINVAL },
		{ { .role = XSTREAM_ACCEPT_COMPONENT, .tls = XSTREAM_TLS_OPTIONAL }, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rig r;

		assert_int_equal(rig_new(&r, &cases[i].cfg), cases[i].err);
	}
	assert_null(xstream_free(NULL));
}

static void failures_have_names(void **state)
{
	(void)state;
	for (int f = XSTREAM_FAIL_NONE; f <= XSTREAM_FAIL_INTERNAL; f++)
		assert_true(strlen(xstream_failure_name((enum xstream_failure)f)) > 0);
}

/* ---- out of memory, at every allocation of a whole life ---- */

static bool live(struct pair *p, bool sasl2)
{
	struct xstream_cfg a = client_config(), b = server_config();
	struct buf *out;

	memset(p, 0, sizeof(*p));
	b.sasl2 = sasl2;
	p->tls_a = p->tls_b = bindable;
	p->secret = &secret;
	int err = rig_new(&p->a, &a);
	if (!err)
		err = rig_new(&p->b, &b);
	if (err) {
		assert_int_equal(err, -ENOMEM);
		return false;
	}
	p->b.serves = true;
	pair_run(p);
	p->b.serves = false;
	out = xstream_begin(p->a.x);
	if (out) {
		buf_puts(out, "<message id='1'/>");
		if (xstream_commit(p->a.x, p->a.now))
			return false;
	}
	xstream_close(p->a.x, p->a.now);
	rig_drain(&p->a);
	pair_run(p);
	return strstr(p->a.log, "READY") && strstr(p->b.log, "STANZA message 1\nCLOSED") &&
	       strstr(p->a.log, "CLOSED\n");
}

static void fail_every_allocation(bool sasl2)
{
	bool unspent = false;
	unsigned internal = 0;

	for (long n = 0; !unspent; n++) {
		struct pair p;

		mem_fail_after(n);
		bool whole = live(&p, sasl2);
		void *probe = mem_alloc0(1); /* fails when nothing before it did */
		mem_fail_after(-1);
		unspent = !probe;
		mem_free(probe);
		bool failed =
			strstr(p.a.log, "FAILED internal") || strstr(p.b.log, "FAILED internal");
		internal += failed;
		if (!whole && !failed && p.a.x && p.b.x)
			fail_msg("allocation %ld:\n%s---\n%s", n, p.a.log, p.b.log);
		assert_true(whole || !unspent);
		pair_free(&p);
	}
	assert_true(internal > 20);
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	fail_every_allocation(false);
	fail_every_allocation(true);
}

static int set_up(void **state)
{
	(void)state;
	return sasl_cache_new(&cache, 8) ? -1 : account_init();
}

static int tear_down(void **state)
{
	(void)state;
	cache = sasl_cache_free(cache);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_and_server_meet_whole_and_in_single_bytes),
		cmocka_unit_test(a_stripped_plus_is_noticed),
		cmocka_unit_test(another_channel_is_noticed),
		cmocka_unit_test(a_server_without_plus_is_told_of),
		cmocka_unit_test(wrong_passwords_and_unknown_users_fail_alike),
		cmocka_unit_test(a_server_that_does_not_know_the_password_is_an_impostor),
		cmocka_unit_test(no_secret_is_in_what_a_failure_says),
		cmocka_unit_test(stanzas_are_gathered_into_one_slice),
		cmocka_unit_test(what_is_not_committed_is_not_sent),
		cmocka_unit_test(a_full_output_says_no_and_a_long_stanza_is_refused),
		cmocka_unit_test(nothing_can_be_sent_before_or_after),
		cmocka_unit_test(stanzas_too_many_for_the_reader_wait_and_are_not_lost),
		cmocka_unit_test(the_end_of_the_flow_comes_behind_what_was_read),
		cmocka_unit_test(an_error_comes_behind_the_stanzas_before_it),
		cmocka_unit_test(steady_stanzas_allocate_nothing),
		cmocka_unit_test(silence_is_broken_by_white_space),
		cmocka_unit_test(a_close_is_answered),
		cmocka_unit_test(both_may_close_at_once),
		cmocka_unit_test(a_close_before_ready_is_done_at_once),
		cmocka_unit_test(configurations_that_make_no_stream),
		cmocka_unit_test(failures_have_names),
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
