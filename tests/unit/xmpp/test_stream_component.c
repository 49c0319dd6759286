#include "stream_pair.h"

#define END      "</stream:stream>"
#define ERROR(c) "<stream:error><" c " xmlns='" NS_STREAMS "'/></stream:error>" END
#define HEADER   HEADER_IN(NS_COMPONENT, " to='plays.shakespeare.lit'")
/* XEP-0114's example with the secret that it does not tell: SHA-1 of "3BF96D32" "swordfish". */
#define ANSWER HEADER_IN(NS_COMPONENT, " from='plays.shakespeare.lit' id='3BF96D32'")
#define DIGEST "2527f1aa7f919ddf260f0bed7d6e0a7e5ce0314d"

static struct xstream_cfg config(enum xstream_role role)
{
	return (struct xstream_cfg){
		.role = role,
		.tls = XSTREAM_TLS_NONE,
		.domain = role == XSTREAM_COMPONENT ? SLICE("plays.shakespeare.lit") : SLICE_NONE,
		.password = role == XSTREAM_COMPONENT ? SLICE("swordfish") : SLICE_NONE,
		.timeout = TS_S(10),
		.idle_ping = TS_S(60),
	};
}

static void pair_new(struct pair *p)
{
	const struct xstream_cfg a = config(XSTREAM_COMPONENT),
				 b = config(XSTREAM_ACCEPT_COMPONENT);

	memset(p, 0, sizeof(*p));
	p->component_secret = "swordfish";
	assert_int_equal(rig_new(&p->a, &a), 0);
	assert_int_equal(rig_new(&p->b, &b), 0);
}

/* ---- both ---- */

static void component_and_server_meet_whole_and_in_single_bytes(void **state)
{
	(void)state;
	for (size_t piece = 0; piece < 4; piece++) {
		struct pair p;

		pair_new(&p);
		p.piece = piece;
		pair_run(&p);
		assert_string_equal(
			p.a.log, "OPENED plays.shakespeare.lit\nREADY plays.shakespeare.lit\n");
		assert_string_equal(p.b.log, "OPENED \nWANT_SECRET plays.shakespeare.lit\n"
					     "READY plays.shakespeare.lit\n");
		rig_expect_not("secret", "output", p.a.out, "swordfish");
		pair_free(&p);
	}
}

static void a_wrong_secret_is_bad_credentials_on_both_sides(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.component_secret = "sesame";
	pair_run(&p);
	rig_expect("component", "events", p.a.log, "FAILED bad-credentials [not-authorized]");
	rig_expect("server", "events", p.b.log, "FAILED bad-credentials [not-authorized]");
	rig_expect("server", "output", p.b.out, ERROR("not-authorized"));
	pair_free(&p);
}

static void an_unknown_name_is_host_unknown(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.component_secret = "";
	pair_run(&p);
	rig_expect("component", "events", p.a.log, "FAILED host-unknown [host-unknown]");
	rig_expect("server", "events", p.b.log,
		"FAILED host-unknown [host-unknown] `plays.shakespeare.lit` is no component");
	rig_expect("server", "output", p.b.out, "<stream:stream from='' id='");
	rig_expect("server", "output", p.b.out, ERROR("host-unknown"));
	pair_free(&p);
}

static void every_allocation_may_fail(void **state)
{
	bool unspent = false;

	(void)state;
	for (long n = 0; !unspent; n++) {
		const struct xstream_cfg a = config(XSTREAM_COMPONENT),
					 b = config(XSTREAM_ACCEPT_COMPONENT);
		struct pair p = { .component_secret = "swordfish" };

		mem_fail_after(n);
		int err = rig_new(&p.a, &a);
		if (!err)
			err = rig_new(&p.b, &b);
		if (!err)
			pair_run(&p);
		bool whole = !err && xstream_is_ready(p.a.x) && xstream_is_ready(p.b.x);
		void *probe = mem_alloc0(1); /* fails when nothing before it did */
		mem_fail_after(-1);
		unspent = !probe;
		mem_free(probe);
		if (err)
			assert_int_equal(err, -ENOMEM);
		else if (!whole)
			assert_true(strstr(p.a.log, "FAILED internal") ||
				    strstr(p.b.log, "FAILED internal"));
		assert_true(whole || !unspent);
		pair_free(&p);
	}
}

/* ---- the component ---- */

enum stage { STAGE_HEADER, STAGE_ACCEPTED, STAGE_READY, STAGES };
static const char *const stage_names[] = { "the stream header", "the answer to the handshake",
	"stanzas" };

static void component_at(struct rig *r, enum stage stage)
{
	const struct xstream_cfg cfg = config(XSTREAM_COMPONENT);

	assert_int_equal(rig_new(r, &cfg), 0);
	if (stage > STAGE_HEADER)
		rig_push_str(r, ANSWER);
	if (stage > STAGE_ACCEPTED)
		rig_push_str(r, "<handshake/>");
	assert_string_equal(xstream_state_name(r->x), stage_names[stage]);
	rig_forget(r);
}

static void the_handshake_is_that_of_xep_0114(void **state)
{
	const struct xstream_cfg cfg = config(XSTREAM_COMPONENT);
	struct rig r;

	(void)state;
	assert_int_equal(rig_new(&r, &cfg), 0);
	assert_string_equal(r.out,
		"<?xml version='1.0'?><stream:stream to='plays.shakespeare.lit' "
		"xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>");
	rig_forget(&r);
	rig_push_str(&r, ANSWER);
	assert_string_equal(r.out, "<handshake>" DIGEST "</handshake>");
	assert_null(xstream_begin(r.x)); /* no stanza before the answer */
	rig_push_str(&r, "<handshake/>");
	assert_non_null(xstream_begin(r.x));
	rig_free(&r);
}

struct failing {
	const char *name;
	enum stage stage;
	const char *input, *log, *out;
};

#define STREAM_ERROR(c) "<stream:error><" c " xmlns='" NS_STREAMS "'/></stream:error>" END

static void what_a_component_is_refused_with(void **state)
{
	static const struct failing cases[] = {
		{ "conflict in answer to the handshake", STAGE_ACCEPTED, STREAM_ERROR("conflict"),
			"FAILED conflict [conflict]", END },
		{ "conflict later", STAGE_READY, STREAM_ERROR("conflict"),
			"FAILED conflict [conflict]", END },
		{ "the name is not known", STAGE_HEADER, ANSWER STREAM_ERROR("host-unknown"),
			"FAILED host-unknown [host-unknown]", END },
		{ "the handshake is refused", STAGE_ACCEPTED, STREAM_ERROR("not-authorized"),
			"FAILED bad-credentials [not-authorized]", END },
		{ "not-authorized later is another thing", STAGE_READY,
			STREAM_ERROR("not-authorized"), "FAILED stream-error [not-authorized]",
			END },
		{ "no id, and the reason behind it", STAGE_HEADER,
			HEADER_IN(NS_COMPONENT, " id=''") STREAM_ERROR("host-unknown"),
			"FAILED host-unknown [host-unknown]", END },
		{ "no id", STAGE_HEADER, HEADER_IN(NS_COMPONENT, "") "<handshake/>",
			"FAILED protocol [] the server's stream has no id", END },
		{ "a client's port", STAGE_HEADER, HEADER_IN(NS_CLIENT, " id='1' version='1.0'"),
			"FAILED protocol [invalid-namespace] the content namespace is "
			"`jabber:client`, not jabber:component:accept",
			ERROR("invalid-namespace") },
		{ "a stanza too early", STAGE_ACCEPTED, "<message/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <message/>",
			ERROR("unsupported-stanza-type") },
		{ "the end too early", STAGE_ACCEPTED, END,
			"FAILED closed [] the other side closed the stream while awaiting the "
			"answer",
			END },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rig r;

		component_at(&r, cases[i].stage);
		rig_push_str(&r, cases[i].input);
		rig_expect(cases[i].name, "events", r.log, cases[i].log);
		rig_expect(cases[i].name, "output", r.out, cases[i].out);
		assert_true(r.over);
		rig_free(&r);
	}
}

static void time_runs_out_and_flows_end_in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STAGE_READY; i++) {
		char want[96];
		struct rig r;

		component_at(&r, (enum stage)i);
		xstream_push_time(r.x, xstream_deadline(r.x));
		rig_drain(&r);
		snprintf(want, sizeof(want), "FAILED timeout [] %s\n", stage_names[i]);
		assert_string_equal(r.log, want);
		assert_string_equal(r.out, END);
		rig_free(&r);

		component_at(&r, (enum stage)i);
		xstream_push_closed(r.x, r.now);
		rig_drain(&r);
		rig_expect("end", "events", r.log, "FAILED closed [] the connection ended while");
		rig_free(&r);
	}
}

static void silence_is_broken_by_white_space(void **state)
{
	struct rig r;

	(void)state;
	component_at(&r, STAGE_READY);
	xstream_push_time(r.x, r.now + TS_S(60));
	rig_drain(&r);
	assert_string_equal(r.out, " ");
	rig_free(&r);
}

static void a_component_may_use_direct_tls(void **state)
{
	struct xstream_cfg cfg = config(XSTREAM_COMPONENT);
	struct rig r;

	(void)state;
	cfg.tls = XSTREAM_TLS_DIRECT;
	assert_int_equal(rig_new(&r, &cfg), 0);
	assert_int_equal(r.n_out, 0);
	rig_tls_up(&r, &(struct tls_facts){ .version = "TLSv1.3" });
	rig_expect("direct", "output", r.out, "<stream:stream to='plays.shakespeare.lit'");
	rig_free(&r);
}

/* ---- the server ---- */

static void accept_ready(struct pair *p)
{
	pair_new(p);
	pair_run(p);
	assert_true(xstream_is_ready(p->b.x));
	rig_forget(&p->b);
}

static void what_a_server_refuses_a_component(void **state)
{
	static const struct {
		const char *name, *input, *log, *out;
	} cases[] = {
		{ "no name", HEADER_IN(NS_COMPONENT, ""), "FAILED host-unknown [host-unknown]",
			ERROR("host-unknown") },
		{ "no domain for a name", HEADER_IN(NS_COMPONENT, " to='a@b.lit'"),
			"FAILED host-unknown [host-unknown] `a@b.lit`", ERROR("host-unknown") },
		{ "a client", HEADER_IN(NS_CLIENT, " to='plays.shakespeare.lit' version='1.0'"),
			"FAILED protocol [invalid-namespace]", ERROR("invalid-namespace") },
		{ "a stanza before the handshake", HEADER "<message/>",
			"FAILED protocol [not-authorized] unexpected <message/> while awaiting "
			"the handshake",
			ERROR("not-authorized") },
		{ "a handshake that is too short", HEADER "<handshake>abc</handshake>",
			"FAILED bad-credentials [not-authorized]", ERROR("not-authorized") },
		{ "one that is too long", HEADER "<handshake>" DIGEST DIGEST "</handshake>",
			"FAILED bad-credentials [not-authorized]", ERROR("not-authorized") },
		{ "one of another stream", HEADER "<handshake>" DIGEST "</handshake>",
			"FAILED bad-credentials [not-authorized]", ERROR("not-authorized") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct xstream_cfg cfg = config(XSTREAM_ACCEPT_COMPONENT);
		struct rig r;

		assert_int_equal(rig_new(&r, &cfg), 0);
		rig_push_str(&r, cases[i].input);
		if (r.want_secret) {
			xstream_push_secret(r.x, SLICE("swordfish"), r.now);
			rig_drain(&r);
		}
		rig_expect(cases[i].name, "events", r.log, cases[i].log);
		rig_expect(cases[i].name, "output", r.out, cases[i].out);
		rig_free(&r);
	}
}

static void a_server_of_one_component_knows_no_other(void **state)
{
	struct xstream_cfg cfg = config(XSTREAM_ACCEPT_COMPONENT);
	struct rig r;

	(void)state;
	cfg.domain = SLICE("films.shakespeare.lit");
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_push_str(&r, HEADER);
	rig_expect("another", "events", r.log, "FAILED host-unknown [host-unknown]");
	rig_expect("another", "output", r.out, "<stream:stream from='films.shakespeare.lit' id='");
	rig_free(&r);
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_push_str(&r, HEADER_IN(NS_COMPONENT, " to='FILMS.shakespeare.lit'"));
	assert_string_equal(r.wanted, "films.shakespeare.lit");
	rig_free(&r);
}

static void a_components_stanzas_are_from_its_domain(void **state)
{
	static const struct {
		const char *input, *log;
	} cases[] = {
		{ "<message id='1' from='plays.shakespeare.lit' to='a@b'/>", "STANZA message 1\n" },
		{ "<message id='1' from='romeo@plays.shakespeare.lit/x@y/z' to='a@b'/>",
			"STANZA message 1\n" },
		{ "<message id='1' from='romeo@Plays.Shakespeare.lit' to='a@b'/>",
			"STANZA message 1\n" },
		{ "<message id='1' from='romeo@shakespeare.lit' to='a@b'/>",
			"FAILED protocol [invalid-from]" },
		{ "<message id='1' from='x/y@plays.shakespeare.lit' to='a@b'/>",
			"FAILED protocol [invalid-from]" },
		{ "<message id='1' from='evil-plays.shakespeare.lit' to='a@b'/>",
			"FAILED protocol [invalid-from]" },
		{ "<message id='1' to='a@b'/>", "FAILED protocol [improper-addressing]" },
		{ "<message id='1' from='plays.shakespeare.lit'/>",
			"FAILED protocol [improper-addressing]" },
		{ "<handshake/>", "FAILED protocol [unsupported-stanza-type]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair p;

		accept_ready(&p);
		rig_push_str(&p.b, cases[i].input);
		rig_expect(cases[i].input, "events", p.b.log, cases[i].log);
		pair_free(&p);
	}
}

static void stanzas_right_behind_the_handshake_wait_for_it(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	while (!strstr(p.a.out, "</handshake>"))
		assert_true(pair_step(&p));
	snprintf(p.a.out + p.a.n_out, sizeof(p.a.out) - p.a.n_out,
		"<message id='1' from='plays.shakespeare.lit' to='a@b'/>");
	p.a.n_out += strlen(p.a.out + p.a.n_out);
	pair_run(&p);
	rig_expect(
		"pipelined", "events", p.b.log, "READY plays.shakespeare.lit\nSTANZA message 1\n");
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(component_and_server_meet_whole_and_in_single_bytes),
		cmocka_unit_test(a_wrong_secret_is_bad_credentials_on_both_sides),
		cmocka_unit_test(an_unknown_name_is_host_unknown),
		cmocka_unit_test(every_allocation_may_fail),
		cmocka_unit_test(the_handshake_is_that_of_xep_0114),
		cmocka_unit_test(what_a_component_is_refused_with),
		cmocka_unit_test(time_runs_out_and_flows_end_in_every_state),
		cmocka_unit_test(silence_is_broken_by_white_space),
		cmocka_unit_test(a_component_may_use_direct_tls),
		cmocka_unit_test(what_a_server_refuses_a_component),
		cmocka_unit_test(a_server_of_one_component_knows_no_other),
		cmocka_unit_test(a_components_stanzas_are_from_its_domain),
		cmocka_unit_test(stanzas_right_behind_the_handshake_wait_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
