#include "stream_account.h"

#define NS_SASL2    "urn:xmpp:sasl:2"
#define NS_BIND2    "urn:xmpp:bind:0"
#define HEADER      HEADER_IN(NS_CLIENT, " from='contoso.test' id='1' version='1.0'")
#define HEADER_OUT  HEADER_IN(NS_CLIENT, " to='contoso.test' version='1.0'")
#define FEATURES(x) "<stream:features>" x "</stream:features>"
#define M(name)     "<mechanism>" name "</mechanism>"
#define SASL1(x)    "<mechanisms xmlns='" NS_SASL "'>" x "</mechanisms>"
#define SASL2(x)    "<authentication xmlns='" NS_SASL2 "'>" x "</authentication>"
#define INLINE      "<inline><bind xmlns='" NS_BIND2 "'/></inline>"
#define PLUS        M("SCRAM-SHA-256-PLUS") M("SCRAM-SHA-1-PLUS")
#define SCRAM       M("SCRAM-SHA-256") M("SCRAM-SHA-1")
#define EXPORTER                                                                                   \
	"<sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding "                       \
	"type='tls-exporter'/></sasl-channel-binding>"
#define CHALLENGE(x) "<challenge xmlns='" NS_SASL2 "'>" x "</challenge>"
#define SUCCESS(x)   "<success xmlns='" NS_SASL2 "'>" x "</success>"
#define END          "</stream:stream>"
#define ABORT        "<abort xmlns='" NS_SASL2 "'/>" END
#define ERROR(c)     "<stream:error><" c " xmlns='" NS_STREAMS "'/></stream:error>" END

static struct xstream_cfg server_config(void)
{
	return (struct xstream_cfg){
		.role = XSTREAM_ACCEPT_CLIENT,
		.tls = XSTREAM_TLS_REQUIRED,
		.domain = SLICE("contoso.test"),
		.sasl2 = true,
		.offer = { [SASL_PLAIN] = true,
			[SASL_SCRAM_SHA1] = true,
			[SASL_SCRAM_SHA256] = true,
			[SASL_SCRAM_SHA1_PLUS] = true,
			[SASL_SCRAM_SHA256_PLUS] = true },
		.fake_iterations = SASL_ITERATIONS_MIN,
	};
}

static void pair_new(struct pair *p)
{
	const struct xstream_cfg a = account_client(), b = server_config();

	pair_with(p, &a, &b);
}

static void client_and_server_meet_whole_and_in_single_bytes(void **state)
{
	const struct xstream_cfg a = account_client(), b = server_config();

	(void)state;
	assert_they_meet(&a, &b,
		"OPENED contoso.test\nFEATURES starttls\nWANT_TLS\n"
		"OPENED contoso.test\nFEATURES mechanisms\n"
		"AUTHENTICATED SCRAM-SHA-256-PLUS tls-exporter\n"
		"READY adelany@contoso.test/probe\n",
		"OPENED \nWANT_TLS\nOPENED adelany@contoso.test\nWANT_ACCOUNT adelany\n"
		"AUTHENTICATED SCRAM-SHA-256-PLUS\nWANT_BIND probe\n"
		"READY adelany@contoso.test/probe\nSTANZA presence \n"
		"STANZA iq available\n");
}

static void the_elements_are_those_of_the_xep(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	pair_run(&p);
	rig_expect("offer", "output", p.b.out,
		"</mechanisms>" SASL2(PLUS SCRAM INLINE) "<sasl-channel-binding");
	rig_expect("request", "output", p.a.out,
		"<authenticate xmlns='" NS_SASL2
		"' mechanism='SCRAM-SHA-256-PLUS'><initial-response>");
	rig_expect("request", "output", p.a.out,
		"</initial-response><user-agent><software>stox</software></user-agent>"
		"<bind xmlns='" NS_BIND2 "'><tag>probe</tag></bind></authenticate>");
	rig_expect("exchange", "output", p.b.out, "<challenge xmlns='" NS_SASL2 "'>");
	rig_expect("exchange", "output", p.a.out, "<response xmlns='" NS_SASL2 "'>");
	rig_expect("success", "output", p.b.out, "<success xmlns='" NS_SASL2 "'><additional-data>");
	rig_expect("success", "output", p.b.out,
		"</additional-data><authorization-identifier>adelany@contoso.test/probe"
		"</authorization-identifier><bound xmlns='" NS_BIND2 "'/></success>"
		"<stream:features/>");
	pair_free(&p);
}

static void without_presence_the_success_is_the_end_of_it(void **state)
{
	struct xstream_cfg a = account_client(), b = server_config();
	struct pair p;

	(void)state;
	a.presence = false;
	a.resource = SLICE("");
	pair_with(&p, &a, &b);
	pair_run(&p);
	rig_expect("no tag", "output", p.a.out, "<bind xmlns='" NS_BIND2 "'></bind>");
	rig_expect("no tag", "events", p.b.log, "WANT_BIND \n");
	rig_expect("no tag", "events", p.a.log, "READY adelany@contoso.test/of-the-server\n");
	rig_expect_not("no presence", "output", p.a.out, "<presence");
	pair_free(&p);
}

static void it_is_for_protected_streams_only(void **state)
{
	struct xstream_cfg a = account_client(), b = server_config();
	struct pair p;
	struct rig r;

	(void)state;
	a.tls = b.tls = XSTREAM_TLS_NONE;
	pair_with(&p, &a, &b);
	pair_run(&p);
	rig_expect_not("in clear", "output", p.b.out, "<authentication");
	rig_expect("in clear", "events", p.a.log, "READY");
	pair_free(&p);

	assert_int_equal(rig_new(&r, &a), 0); /* nor taken, whoever offers it */
	rig_push_str(&r, HEADER FEATURES(SASL1(SCRAM) SASL2(SCRAM INLINE)));
	rig_expect("taken in clear", "output", r.out, "<auth xmlns='" NS_SASL "'");
	rig_free(&r);

	assert_int_equal(rig_new(&r, &b), 0); /* nor let in */
	rig_push_str(&r, HEADER_OUT "<authenticate xmlns='" NS_SASL2 "' mechanism='SCRAM-SHA-1'/>");
	rig_expect("let in", "output", r.out, ERROR("not-authorized"));
	rig_free(&r);
}

static void it_is_not_offered_where_that_was_not_wished(void **state)
{
	struct xstream_cfg a = account_client(), b = server_config();
	struct pair p;

	(void)state;
	b.sasl2 = false;
	pair_with(&p, &a, &b);
	pair_run(&p);
	rig_expect_not("not wished", "output", p.b.out, NS_SASL2);
	rig_expect("not wished", "events", p.a.log, "READY");
	pair_free(&p);

	b = server_config();
	memset(b.offer, 0, sizeof(b.offer));
	b.offer[SASL_PLAIN] = true; /* nor without a mechanism for it */
	pair_with(&p, &a, &b);
	pair_run(&p);
	rig_expect_not("PLAIN only", "output", p.b.out, NS_SASL2);
	rig_expect("PLAIN only", "events", p.a.log, "READY");
	pair_free(&p);
}

/* ---- which offer is taken ---- */

static void the_newer_offer_is_taken_only_if_it_is_as_good(void **state)
{
	static const struct {
		const char *name, *features, *out;
	} cases[] = {
		{ "as good", SASL1(PLUS SCRAM) SASL2(PLUS SCRAM),
			"<authenticate xmlns='" NS_SASL2 "' mechanism='SCRAM-SHA-256-PLUS'>" },
		{ "better", SASL1(SCRAM) SASL2(PLUS SCRAM), "mechanism='SCRAM-SHA-256-PLUS'>" },
		{ "alone", SASL2(SCRAM), "<authenticate xmlns='" NS_SASL2 "'" },
		{ "PLAIN is no loss", SASL1(PLUS SCRAM M("PLAIN")) SASL2(PLUS SCRAM),
			"<authenticate " },
		{ "no -PLUS", SASL1(PLUS SCRAM) SASL2(SCRAM),
			"<auth xmlns='" NS_SASL "' mechanism='SCRAM-SHA-256-PLUS'>" },
		{ "one hash less", SASL1(SCRAM) SASL2(M("SCRAM-SHA-1")),
			"<auth xmlns='" NS_SASL "' mechanism='SCRAM-SHA-256'>" },
		{ "PLAIN only", SASL1(SCRAM) SASL2(M("PLAIN")), "<auth xmlns='" NS_SASL "'" },
		{ "PLAIN only in both", SASL1(M("PLAIN")) SASL2(M("PLAIN")),
			"<auth xmlns='" NS_SASL "' mechanism='PLAIN'>" },
		{ "none in it", SASL1(SCRAM) SASL2(""), "<auth xmlns='" NS_SASL "'" },
		{ "in another namespace",
			SASL1(SCRAM) "<authentication xmlns='urn:xmpp:sasl:1'>" SCRAM
				     "</authentication>",
			"<auth xmlns='" NS_SASL "'" },
		{ "the inline bind is of another namespace",
			SASL2(SCRAM "<inline><bind xmlns='urn:xmpp:bind:1'/></inline>"),
			"</user-agent></authenticate>" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct xstream_cfg cfg = account_client();
		char in[2048];
		struct rig r;

		cfg.tls = XSTREAM_TLS_DIRECT;
		assert_int_equal(rig_new(&r, &cfg), 0);
		rig_tls_up(&r, &bindable);
		snprintf(in, sizeof(in), HEADER FEATURES("%s" EXPORTER), cases[i].features);
		rig_push_str(&r, in);
		rig_expect(cases[i].name, "output", r.out, cases[i].out);
		rig_free(&r);
	}
}

static void an_offer_that_cannot_be_used_leaves_the_older_one(void **state)
{
	struct xstream_cfg cfg = account_client();
	const struct tls_facts unbindable = { .version = "TLSv1.3" };
	struct rig r;

	(void)state;
	cfg.tls = XSTREAM_TLS_DIRECT;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_tls_up(&r, &unbindable);
	rig_push_str(&r, HEADER FEATURES(SASL1(M("PLAIN")) SASL2(PLUS)));
	rig_expect("older", "output", r.out, "<auth xmlns='" NS_SASL "' mechanism='PLAIN'>");
	rig_free(&r);

	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_tls_up(&r, &unbindable);
	rig_push_str(&r, HEADER FEATURES(SASL2(PLUS)));
	rig_expect("none", "events", r.log,
		"FAILED no-mechanism [] offered: SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS\n");
	rig_free(&r);
}

/* ---- who is in between, and who is not who they should be ---- */

static void a_plus_that_was_stripped_from_both_is_noticed(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.cut_from = PLUS;
	p.cut_to = "";
	pair_run(&p);
	rig_expect("stripped", "output", p.a.out, "<authenticate ");
	rig_expect("stripped", "events", p.a.log,
		"FAILED downgrade [not-authorized] channel-bindings-dont-match\n");
	assert_true(p.a.plus_missing);
	pair_free(&p);
}

static void a_plus_that_was_stripped_from_one_is_not_missed(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.cut_from = "<authentication xmlns='" NS_SASL2 "'>" PLUS;
	p.cut_to = "<authentication xmlns='" NS_SASL2 "'>";
	pair_run(&p);
	rig_expect("stripped", "events", p.a.log, "AUTHENTICATED SCRAM-SHA-256-PLUS");
	rig_expect("stripped", "events", p.a.log, "READY");
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
		rig_expect("refused", "output", p.b.out,
			"<failure xmlns='" NS_SASL2 "'><not-authorized xmlns='" NS_SASL
			"'/></failure>");
		rig_expect_not("refused", "events", p.b.log, "WANT_BIND");
		pair_free(&p);
	}
}

static void a_server_that_does_not_know_the_password_is_an_impostor(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	pair_run_impostor(&p);
	rig_expect_not("impostor", "output", p.a.out, "<presence");
	pair_free(&p);
}

/* ---- successes that are none ---- */

static void successes_without_what_belongs_in_them(void **state)
{
	static const struct {
		const char *name, *from, *to, *log;
	} cases[] = {
		{ "no proof", "additional-data>", "other>", "FAILED server-proof [] " },
		{ "not bound", "<bound xmlns='" NS_BIND2 "'/>", "",
			"FAILED bind [] the server let us in and bound no resource\n" },
		{ "bound in another namespace", "<bound xmlns='" NS_BIND2 "'/>", "<bound/>",
			"FAILED bind [] the server let us in and bound no resource\n" },
		{ "a bare address", "adelany@contoso.test/probe<", "adelany@contoso.test<",
			"FAILED bind [] the success has no full JID\n" },
		{ "no address",
			"<authorization-identifier>adelany@contoso.test/probe"
			"</authorization-identifier>",
			"", "FAILED bind [] the success has no full JID\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair p;

		pair_new(&p);
		p.cut_from = cases[i].from;
		p.cut_to = cases[i].to;
		pair_run(&p);
		rig_expect(cases[i].name, "events", p.a.log, cases[i].log);
		rig_expect_not(cases[i].name, "output", p.a.out, "<presence");
		pair_free(&p);
	}
}

/* XEP-0388 without XEP-0386: no restart, and a resource as in RFC 6120. */
static void without_an_inline_bind_the_resource_is_asked_for_behind_the_success(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.cut_from = INLINE;
	p.cut_to = "";
	pair_run(&p);
	rig_expect_not("no Bind2", "output", p.a.out, NS_BIND2);
	rig_expect("no Bind2", "output", p.b.out,
		"<authorization-identifier>adelany@contoso.test</authorization-identifier>"
		"</success><stream:features><bind xmlns='" NS_BIND "'/>");
	assert_string_equal(strstr(p.a.log, "AUTHENTICATED"),
		"AUTHENTICATED SCRAM-SHA-256-PLUS tls-exporter\nFEATURES bind\n"
		"READY adelany@contoso.test/probe\n");
	pair_free(&p);
}

/* ---- a client whose <authenticate/> is out ---- */

static void at_challenge(struct rig *r)
{
	struct xstream_cfg cfg = account_client();

	cfg.tls = XSTREAM_TLS_DIRECT;
	assert_int_equal(rig_new(r, &cfg), 0);
	rig_tls_up(r, &bindable);
	rig_push_str(r, HEADER FEATURES(SASL2(PLUS SCRAM INLINE)));
	assert_string_equal(xstream_state_name(r->x), "the answer to SASL");
	rig_forget(r);
}

#define FAILURE(x)    "<failure xmlns='" NS_SASL2 "'>" x "</failure>"
#define CONDITION(c)  "<" c " xmlns='" NS_SASL "'/>"
#define CONTINUE(x)   "<continue xmlns='" NS_SASL2 "'>" x "</continue>"
#define WANTS_MORE(t) "FAILED sasl [] the server wants more than the password:" t "\n"

static void exchanges_that_go_wrong(void **state)
{
	static const struct {
		const char *name, *in, *log, *out;
	} cases[] = {
		{ "disabled", FAILURE(CONDITION("account-disabled") "<text> Call 5551212. </text>"),
			"FAILED sasl [account-disabled] Call 5551212.\n", END },
		{ "not authorized", FAILURE(CONDITION("not-authorized") "<own xmlns='urn:x'/>"),
			"FAILED bad-credentials [not-authorized] \n", END },
		{ "the server could bind the channel",
			FAILURE(CONDITION("not-authorized") "<text>server-does-support-channel-"
							    "binding</text>"),
			"FAILED downgrade [not-authorized] server-does", END },
		{ "a condition of the newer namespace is none", FAILURE("<account-disabled/>"),
			"FAILED bad-credentials [not-authorized] \n", END },
		{ "a second factor",
			CONTINUE("<additional-data>eA==</additional-data>"
				 "<tasks><task>HOTP-EXAMPLE</task><task>TOTP-EXAMPLE</task></tasks>"
				 "<text>This account requires 2FA</text>"),
			WANTS_MORE(" HOTP-EXAMPLE TOTP-EXAMPLE"), ABORT },
		{ "tasks without a name", CONTINUE("<tasks/>"), WANTS_MORE(""), ABORT },
		{ "no tasks at all", CONTINUE(""), WANTS_MORE(""), ABORT },
		{ "success at once", SUCCESS(""), "FAILED server-proof [] ", END },
		{ "success with a proof of nothing",
			SUCCESS("<additional-data>eD15</additional-data>"),
			"FAILED server-proof [] ", END },
		{ "success that is not base64", SUCCESS("<additional-data>!</additional-data>"),
			"FAILED sasl [] the server's SASL message is not base64", END },
		{ "a challenge that is not base64", CHALLENGE("*"),
			"FAILED sasl [] the server's SASL message is not base64", ABORT },
		{ "a challenge that is not SCRAM", CHALLENGE("eD15"),
			"FAILED sasl [] the server's SASL message is malformed", ABORT },
		{ "a challenge of the older namespace",
			"<challenge xmlns='" NS_SASL "'>eD15</challenge>",
			"FAILED protocol [unsupported-stanza-type] unexpected <challenge/>",
			ERROR("unsupported-stanza-type") },
		{ "a success of the older namespace", "<success xmlns='" NS_SASL "'/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <success/>",
			ERROR("unsupported-stanza-type") },
		{ "data of a task", "<task-data xmlns='" NS_SASL2 "'/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <task-data/>",
			ERROR("unsupported-stanza-type") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rig r;

		at_challenge(&r);
		rig_push_str(&r, cases[i].in);
		rig_expect(cases[i].name, "events", r.log, cases[i].log);
		rig_expect(cases[i].name, "output", r.out, cases[i].out);
		assert_true(r.over);
		rig_free(&r);
	}
}

static void a_continue_of_the_older_protocol_is_unexpected(void **state)
{
	struct xstream_cfg cfg = account_client();
	struct rig r;

	(void)state;
	cfg.tls = XSTREAM_TLS_DIRECT;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_tls_up(&r, &bindable);
	rig_push_str(&r, HEADER FEATURES(SASL1(SCRAM)) CONTINUE(""));
	rig_expect("continue", "events", r.log,
		"FAILED protocol [unsupported-stanza-type] unexpected <continue/>");
	rig_free(&r);
}

static void many_tasks_are_cut(void **state)
{
	struct rig r;
	struct buf b;

	(void)state;
	at_challenge(&r);
	buf_init(&b, 1 << 16);
	buf_puts(&b, "<continue xmlns='" NS_SASL2 "'><tasks>");
	for (unsigned i = 0; i < 100; i++)
		buf_puts(&b, "<task>EXAMPLE-OF-A-TASK</task>");
	buf_puts(&b, "</tasks></continue>");
	rig_push(&r, buf_slice(&b));
	buf_done(&b);
	rig_expect("cut", "events", r.log,
		"FAILED sasl [] the server wants more than the password: EXAMPLE-OF-A-TASK "
		"EXAMPLE-OF-A-TASK ");
	assert_in_range(strlen(r.log), 200, 300);
	rig_free(&r);
}

/* ---- an accepting side ---- */

#define AUTHENTICATE(m, x)                                                                         \
	"<authenticate xmlns='" NS_SASL2 "' mechanism='" m "'>" x "</authenticate>"
#define INITIAL(x)  "<initial-response>" x "</initial-response>"
#define BIND_TAG(x) "<bind xmlns='" NS_BIND2 "'><tag>" x "</tag></bind>"
#define FIRST       INITIAL("biwsbj1hZGVsYW55LHI9YWJj") /* n,,n=adelany,r=abc */
#define PLAIN1      "<auth xmlns='" NS_SASL "' mechanism='PLAIN'>AGFkZWxhbnkAY29ycmVjdCBob3JzZQ==</auth>"

static void accepting(struct rig *r)
{
	const struct tls_facts unbindable = { .version = "TLSv1.3" };
	struct xstream_cfg cfg = server_config();

	cfg.tls = XSTREAM_TLS_DIRECT;
	assert_int_equal(rig_new(r, &cfg), 0);
	rig_tls_up(r, &unbindable);
	rig_push_str(r, HEADER_OUT);
	rig_forget(r);
}

static void push_account(struct rig *r)
{
	assert_true(r->want_account);
	r->want_account = false;
	xstream_push_account(r->x, &secret, r->now);
	rig_drain(r);
}

static void refusals_allow_another_try_of_either_kind(void **state)
{
	static const struct {
		const char *name, *in, *condition;
	} cases[] = {
		{ "a mechanism that is not offered", AUTHENTICATE("GSSAPI", ""),
			"invalid-mechanism" },
		{ "PLAIN", AUTHENTICATE("PLAIN", INITIAL("AGFkZWxhbnkAeA==")),
			"invalid-mechanism" },
		{ "no mechanism", "<authenticate xmlns='" NS_SASL2 "'/>", "invalid-mechanism" },
		{ "no base64", AUTHENTICATE("SCRAM-SHA-1", INITIAL("*")), "incorrect-encoding" },
		{ "no SCRAM, with a bind in it",
			AUTHENTICATE("SCRAM-SHA-1", INITIAL("eA==") BIND_TAG("x")),
			"malformed-request" },
		{ "abort before", "<abort xmlns='" NS_SASL2 "'/>", "aborted" },
		{ "a response to nothing", "<response xmlns='" NS_SASL2 "'>eA==</response>",
			"malformed-request" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char want[256];
		struct rig r;

		accepting(&r);
		rig_push_str(&r, cases[i].in);
		snprintf(want, sizeof(want),
			"<failure xmlns='" NS_SASL2 "'><%s xmlns='" NS_SASL "'/></failure>",
			cases[i].condition);
		if (strcmp(r.out, want) != 0)
			fail_msg("%s: %s", cases[i].name, r.out);
		rig_push_str(&r, PLAIN1);
		push_account(&r);
		rig_expect(cases[i].name, "output", r.out, "<success xmlns='" NS_SASL "'>");
		rig_push_str(
			&r, HEADER_OUT "<iq type='set' id='b'><bind xmlns='" NS_BIND "'/></iq>");
		assert_true(r.want_bind);
		xstream_push_bind(r.x, SLICE("r"), r.now);
		rig_drain(&r);
		rig_expect(cases[i].name, "output", r.out, "<iq id='b' type='result'>");
		rig_expect(cases[i].name, "events", r.log, "READY adelany@contoso.test/r\n");
		rig_free(&r);
	}
}

/* XEP-0388 section 2.4: nothing but a response, or the end of the exchange. */
static void what_may_not_come_in_the_middle(void **state)
{
	static const char *const in[] = {
		AUTHENTICATE("SCRAM-SHA-256", FIRST),
		PLAIN1,
		"<response xmlns='" NS_SASL "'>eA==</response>",
		"<message/>",
		"<next xmlns='" NS_SASL2 "' task='x'/>",
	};
	struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(in); i++) {
		accepting(&r);
		rig_push_str(&r, AUTHENTICATE("SCRAM-SHA-256", FIRST));
		push_account(&r);
		rig_expect("before", "output", r.out, "<challenge xmlns='" NS_SASL2 "'>");
		rig_push_str(&r, in[i]);
		rig_expect(in[i], "output", r.out, ERROR("not-authorized"));
		rig_free(&r);
	}
	accepting(&r);
	rig_push_str(&r, AUTHENTICATE("SCRAM-SHA-256", FIRST));
	push_account(&r);
	rig_push_str(&r, "<abort xmlns='" NS_SASL2 "'><text>no</text></abort>");
	rig_expect("abort", "output", r.out, "<aborted xmlns='" NS_SASL "'/></failure>");
	assert_false(r.over);
	rig_free(&r);
}

static void an_exchange_may_begin_without_a_message(void **state)
{
	struct rig r;

	(void)state;
	accepting(&r);
	rig_push_str(&r, AUTHENTICATE("SCRAM-SHA-256", ""));
	assert_string_equal(r.out, "<challenge xmlns='" NS_SASL2 "'></challenge>");
	rig_push_str(&r, "<response xmlns='" NS_SASL2 "'>biwsbj1hZGVsYW55LHI9YWJj</response>");
	assert_true(r.want_account);
	rig_free(&r);
}

static void a_second_authentication_is_a_stream_error(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	pair_run(&p);
	rig_forget(&p.b);
	rig_push_str(&p.b, AUTHENTICATE("SCRAM-SHA-256", FIRST));
	assert_string_equal(p.b.out, ERROR("unsupported-stanza-type"));
	pair_free(&p);
}

static void without_a_resource_the_client_is_let_in_and_may_ask_again(void **state)
{
	struct pair p;

	(void)state;
	pair_new(&p);
	p.gives_no_resource = true;
	pair_run(&p);
	rig_expect("none", "output", p.b.out,
		"<authorization-identifier>adelany@contoso.test</authorization-identifier>"
		"</success><stream:features><bind xmlns='" NS_BIND "'/>");
	rig_expect("none", "events", p.a.log,
		"FAILED bind [] the server let us in and bound no resource\n");
	pair_free(&p);
}

static void a_tag_that_cannot_be_in_a_resource_is_as_none(void **state)
{
	static char in[2048];
	struct xstream_cfg a = account_client(), b = server_config();
	struct pair p;
	struct buf tag;

	(void)state;
	buf_init(&tag, 4096);
	for (unsigned i = 0; i < 1024; i++)
		buf_putc(&tag, 'x');
	snprintf(in, sizeof(in), "%s", buf_cstr(&tag));
	buf_done(&tag);
	a.resource = slice_str(in);
	pair_with(&p, &a, &b);
	pair_run(&p);
	rig_expect("long", "events", p.b.log,
		"WANT_BIND \nREADY adelany@contoso.test/of-the-server\n");
	pair_free(&p);
}

static int set_up(void **state)
{
	(void)state;
	return account_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_and_server_meet_whole_and_in_single_bytes),
		cmocka_unit_test(the_elements_are_those_of_the_xep),
		cmocka_unit_test(without_presence_the_success_is_the_end_of_it),
		cmocka_unit_test(it_is_for_protected_streams_only),
		cmocka_unit_test(it_is_not_offered_where_that_was_not_wished),
		cmocka_unit_test(the_newer_offer_is_taken_only_if_it_is_as_good),
		cmocka_unit_test(an_offer_that_cannot_be_used_leaves_the_older_one),
		cmocka_unit_test(a_plus_that_was_stripped_from_both_is_noticed),
		cmocka_unit_test(a_plus_that_was_stripped_from_one_is_not_missed),
		cmocka_unit_test(another_channel_is_noticed),
		cmocka_unit_test(wrong_passwords_and_unknown_users_fail_alike),
		cmocka_unit_test(a_server_that_does_not_know_the_password_is_an_impostor),
		cmocka_unit_test(successes_without_what_belongs_in_them),
		cmocka_unit_test(
			without_an_inline_bind_the_resource_is_asked_for_behind_the_success),
		cmocka_unit_test(exchanges_that_go_wrong),
		cmocka_unit_test(a_continue_of_the_older_protocol_is_unexpected),
		cmocka_unit_test(many_tasks_are_cut),
		cmocka_unit_test(refusals_allow_another_try_of_either_kind),
		cmocka_unit_test(what_may_not_come_in_the_middle),
		cmocka_unit_test(an_exchange_may_begin_without_a_message),
		cmocka_unit_test(a_second_authentication_is_a_stream_error),
		cmocka_unit_test(without_a_resource_the_client_is_let_in_and_may_ask_again),
		cmocka_unit_test(a_tag_that_cannot_be_in_a_resource_is_as_none),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
