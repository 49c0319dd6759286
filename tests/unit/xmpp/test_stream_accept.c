#include "stream_rig.h"

#define DOMAIN_TO         " to='im.example.com' version='1.0'"
#define HEADER            HEADER_IN(NS_CLIENT, DOMAIN_TO)
#define SASL(e, attrs, x) "<" e " xmlns='" NS_SASL "'" attrs ">" x "</" e ">"
#define AUTH(m, x)        SASL("auth", " mechanism='" m "'", x)
#define JULIET            "AGp1bGlldAByMG0zMG15cjBtMzA=" /* \0juliet\0r0m30myr0m30, RFC 6120 section 6.4.2 */
#define BIND(id)                                                                                   \
	"<iq id='" id "' type='set'><bind xmlns='" NS_BIND                                         \
	"'><resource>balcony</resource></bind></iq>"
#define END        "</stream:stream>"
#define ERROR(c)   "<stream:error><" c " xmlns='" NS_STREAMS "'/></stream:error>" END
#define FAILURE(c) "<failure xmlns='" NS_SASL "'><" c "/>"

enum stage {
	STAGE_HEADER,
	STAGE_AUTH, /* or starttls */
	STAGE_ACCOUNT,
	STAGE_RESPONSE,
	STAGE_RESTARTED,
	STAGE_BIND,
	STAGE_RESOURCE,
	STAGE_READY,
	STAGE_TLS,
	STAGES,
};

static const struct {
	const char *state, *input;
	enum stage before;
} stages[] = {
	[STAGE_HEADER] = { "the stream header", NULL, STAGE_HEADER },
	[STAGE_AUTH] = { "starttls or auth", HEADER, STAGE_HEADER },
	[STAGE_ACCOUNT] = { "the account", AUTH("PLAIN", JULIET), STAGE_AUTH },
	[STAGE_RESPONSE] = { "the SASL response", AUTH("PLAIN", ""), STAGE_AUTH },
	[STAGE_RESTARTED] = { "the stream header", NULL, STAGE_ACCOUNT },
	[STAGE_BIND] = { "bind", HEADER, STAGE_RESTARTED },
	[STAGE_RESOURCE] = { "the resource", BIND("b1"), STAGE_BIND },
	[STAGE_READY] = { "stanzas", NULL, STAGE_RESOURCE },
	[STAGE_TLS] = { "the TLS handshake", "<starttls xmlns='" NS_TLS "'/>", STAGE_AUTH },
};

static struct sasl_secret secret;

static struct xstream_cfg config(enum xstream_tls tls)
{
	return (struct xstream_cfg){
		.role = XSTREAM_ACCEPT_CLIENT,
		.tls = tls,
		.domain = SLICE("im.example.com"),
		.allow_plain_without_tls = true,
		.offer = { [SASL_PLAIN] = true,
			[SASL_SCRAM_SHA1] = true,
			[SASL_SCRAM_SHA256] = true,
			[SASL_SCRAM_SHA1_PLUS] = true,
			[SASL_SCRAM_SHA256_PLUS] = true },
		.timeout = TS_S(10),
	};
}

static void push_account(struct rig *r)
{
	assert_true(r->want_account);
	r->want_account = false;
	xstream_push_account(r->x, strcmp(r->wanted, "juliet") == 0 ? &secret : NULL, r->now);
	rig_drain(r);
}

static void push_bind(struct rig *r, const char *resource)
{
	assert_true(r->want_bind);
	r->want_bind = false;
	xstream_push_bind(r->x, slice_str(resource), r->now);
	rig_drain(r);
}

static void advance(struct rig *r, enum stage to)
{
	if (stages[to].before != to)
		advance(r, stages[to].before);
	if (stages[to].input)
		rig_push_str(r, stages[to].input);
	if (to == STAGE_RESTARTED)
		push_account(r);
	if (to == STAGE_READY)
		push_bind(r, r->wanted);
}

static void at_with(struct rig *r, enum stage stage, enum xstream_tls tls)
{
	const struct xstream_cfg cfg = config(tls);

	assert_int_equal(rig_new(r, &cfg), 0);
	advance(r, stage);
	rig_expect_state(r, stages[stage].state);
	rig_forget(r);
}

static void at(struct rig *r, enum stage stage)
{
	at_with(r, stage, XSTREAM_TLS_OPTIONAL);
}

struct failing {
	const char *name;
	enum stage stage;
	const char *input, *log, *out;
};

static void run_failing(const struct failing *c)
{
	for (unsigned pieces = 0; pieces < 2; pieces++) {
		struct rig r;

		at(&r, c->stage);
		rig_push_whole_or_in_bytes(&r, c->input, pieces);
		rig_expect(c->name, "events", r.log, c->log);
		rig_expect(c->name, "output", r.out, c->out);
		if (!r.over)
			fail_msg("%s: goes on", c->name);
		rig_free(&r);
	}
}

/* RFC 6120 section 4.9.1.2: an error in answer to a header comes behind ours. */
#define ANSWERED(c) "xmlns:stream='" NS_STREAM "'>" ERROR(c)

static void headers_that_are_refused(void **state)
{
	static const struct failing cases[] = {
		{ "another host", STAGE_HEADER,
			HEADER_IN(NS_CLIENT, " to='unknown.host.example.com' version='1.0'"),
			"FAILED host-unknown [host-unknown] `unknown.host.example.com` is not "
			"served",
			ANSWERED("host-unknown") },
		{ "no host", STAGE_HEADER, HEADER_IN(NS_CLIENT, " to='@' version='1.0'"),
			"FAILED host-unknown [host-unknown]", ANSWERED("host-unknown") },
		{ "a user of the host", STAGE_HEADER,
			HEADER_IN(NS_CLIENT, " to='a@im.example.com' version='1.0'"),
			"FAILED host-unknown [host-unknown]", ANSWERED("host-unknown") },
		{ "the stream namespace is another", STAGE_HEADER,
			"<stream:stream xmlns='jabber:client' xmlns:stream='urn:x' version='1.0'>",
			"FAILED protocol [invalid-namespace]", ANSWERED("invalid-namespace") },
		{ "the content namespace is a server's", STAGE_HEADER,
			HEADER_IN("jabber:server", DOMAIN_TO),
			"FAILED protocol [invalid-namespace]", ANSWERED("invalid-namespace") },
		{ "no stream", STAGE_HEADER,
			"<stream:flow xmlns='jabber:client' xmlns:stream='" NS_STREAM "'>",
			"FAILED protocol [bad-format]", ANSWERED("bad-format") },
		{ "version 11.0", STAGE_HEADER,
			HEADER_IN(NS_CLIENT, " to='im.example.com' version='11.0'"),
			"FAILED protocol [unsupported-version] a stream of version `11.0`",
			ANSWERED("unsupported-version") },
		{ "no version", STAGE_HEADER, HEADER_IN(NS_CLIENT, " to='im.example.com'"),
			"FAILED protocol [unsupported-version]", ANSWERED("unsupported-version") },
		{ "no xml", STAGE_HEADER, "GET / HTTP/1.1\r\n",
			"FAILED unparsable [not-well-formed]", ANSWERED("not-well-formed") },
		{ "a doctype", STAGE_HEADER, "<!DOCTYPE a><a/>",
			"FAILED unparsable [restricted-xml]", ANSWERED("restricted-xml") },
		{ "the restart is for another host", STAGE_RESTARTED,
			HEADER_IN(NS_CLIENT, " to='b.example.com' version='1.0'"),
			"FAILED host-unknown [host-unknown]", ANSWERED("host-unknown") },
		{ "the restart is from another user", STAGE_RESTARTED,
			HEADER_IN(NS_CLIENT, " from='romeo@im.example.com'" DOMAIN_TO),
			"FAILED protocol [invalid-from]", ANSWERED("invalid-from") },
		{ "no restart, but a stanza", STAGE_RESTARTED, "<message/>",
			"FAILED protocol [invalid-namespace]", ANSWERED("invalid-namespace") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

static void stanzas_before_their_time(void **state)
{
	static const struct failing cases[] = {
		{ "before authentication", STAGE_AUTH, "<message to='romeo@example.net'/>",
			"FAILED protocol [not-authorized] unexpected <message/> while awaiting "
			"starttls or auth",
			ERROR("not-authorized") },
		{ "in the middle of it", STAGE_RESPONSE, "<message/>",
			"FAILED protocol [not-authorized]", ERROR("not-authorized") },
		{ "an unknown SASL element", STAGE_AUTH, SASL("authenticate", "", ""),
			"FAILED protocol [not-authorized]", ERROR("not-authorized") },
		{ "before binding", STAGE_BIND, "<message to='romeo@example.net'/>",
			"FAILED protocol [not-authorized] unexpected <message/> while awaiting "
			"bind",
			ERROR("not-authorized") },
		{ "an iq that binds nothing", STAGE_BIND,
			"<iq type='get' id='1'><ping xmlns='" NS_PING "'/></iq>",
			"FAILED protocol [not-authorized]", ERROR("not-authorized") },
		{ "once more authentication", STAGE_BIND, AUTH("PLAIN", JULIET),
			"FAILED protocol [not-authorized]", ERROR("not-authorized") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

static void stanzas_of_a_bound_client(void **state)
{
	static const struct failing cases[] = {
		{ "from somebody else", STAGE_READY, "<message from='romeo@example.net'/>",
			"FAILED protocol [invalid-from]", ERROR("invalid-from") },
		{ "from another resource", STAGE_READY,
			"<message from='juliet@im.example.com/chamber'/>",
			"FAILED protocol [invalid-from]", ERROR("invalid-from") },
		{ "from what is no jid", STAGE_READY, "<message from='@'/>",
			"FAILED protocol [invalid-from]", ERROR("invalid-from") },
		{ "not a stanza", STAGE_READY, "<pubsub xmlns='" NS_CLIENT "'/>",
			"FAILED protocol [unsupported-stanza-type]",
			ERROR("unsupported-stanza-type") },
		{ "of another namespace", STAGE_READY, "<message xmlns='jabber:server'/>",
			"FAILED protocol [unsupported-stanza-type]",
			ERROR("unsupported-stanza-type") },
		{ "text in between", STAGE_READY, "text", "FAILED unparsable [bad-format]",
			ERROR("bad-format") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);

	struct rig r;
	at(&r, STAGE_READY);
	rig_push_str(&r, "<message id='1'/><message id='2' from='juliet@im.example.com'/>"
			 "<iq id='3' type='get' from='juliet@im.example.com/balcony'/>"
			 "<presence id='4' from='JULIET@im.example.com/balcony'/>");
	assert_string_equal(
		r.log, "STANZA message 1\nSTANZA message 2\nSTANZA iq 3\nSTANZA presence 4\n");
	rig_free(&r);
}

/* ---- features and the header that answers ---- */

static void the_header_names_both_and_every_id_is_new(void **state)
{
	struct rig r;
	char first[64];

	(void)state;
	at(&r, STAGE_HEADER);
	rig_push_str(
		&r, HEADER_IN(NS_CLIENT, " from='Juliet@im.example.com/x' id='mine'" DOMAIN_TO));
	rig_expect("header", "output", r.out,
		"<?xml version='1.0'?><stream:stream from='im.example.com' id='");
	rig_expect("header", "output", r.out,
		"' to='juliet@im.example.com' version='1.0' xml:lang='en' xmlns='jabber:client'");
	rig_expect_not("header", "output", r.out, "mine");
	snprintf(first, sizeof(first), "%.35s", strstr(r.out, " id='"));
	assert_int_equal(strlen(first), 35);
	rig_push_str(&r, AUTH("PLAIN", JULIET));
	push_account(&r);
	rig_forget(&r);
	rig_push_str(&r, HEADER);
	rig_expect_not("restart", "output", r.out, first);
	rig_expect_not("restart", "output", r.out, " to=");
	rig_free(&r);
}

static void a_header_without_to_is_let_in(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_HEADER);
	rig_push_str(&r, HEADER_IN(NS_CLIENT, " version='1.0'"));
	assert_string_equal(xstream_state_name(r.x), stages[STAGE_AUTH].state);
	rig_free(&r);
}

#define MECHANISM(m) "<mechanism>" m "</mechanism>"
#define BOTH         MECHANISM("SCRAM-SHA-256") MECHANISM("SCRAM-SHA-1")

static void what_is_offered_follows_tls(void **state)
{
	static const struct tls_facts bindable = {
		.exporter = { 1 }, .n_exporter = 32, .end_point = { 2 }, .n_end_point = 32
	};
	static const struct tls_facts plain_tls = { .version = "TLSv1.3" };
	static const struct {
		const char *name;
		enum xstream_tls tls;
		const struct tls_facts *facts;
		const char *features;
	} cases[] = {
		{ "required: nothing but STARTTLS", XSTREAM_TLS_REQUIRED, NULL,
			"<stream:features><starttls xmlns='" NS_TLS "'><required/></starttls>"
			"</stream:features>" },
		{ "optional: both", XSTREAM_TLS_OPTIONAL, NULL,
			"<stream:features><starttls xmlns='" NS_TLS "'/><mechanisms xmlns='" NS_SASL
			"'>" BOTH MECHANISM("PLAIN") "</mechanisms></stream:features>" },
		{ "none: no STARTTLS", XSTREAM_TLS_NONE, NULL,
			"<stream:features><mechanisms xmlns='" NS_SASL
			"'>" BOTH MECHANISM("PLAIN") "</mechanisms></stream:features>" },
		{ "TLS that cannot be bound", XSTREAM_TLS_DIRECT, &plain_tls,
			"<stream:features><mechanisms xmlns='" NS_SASL
			"'>" BOTH MECHANISM("PLAIN") "</mechanisms></stream:features>" },
		{ "TLS that can", XSTREAM_TLS_DIRECT, &bindable,
			"<mechanism>SCRAM-SHA-256-PLUS</mechanism>" },
		{ "and how, XEP-0440", XSTREAM_TLS_DIRECT, &bindable,
			"</mechanisms><sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'>"
			"<channel-binding type='tls-exporter'/>"
			"<channel-binding type='tls-server-end-point'/>"
			"</sasl-channel-binding></stream:features>" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct xstream_cfg cfg = config(cases[i].tls);
		struct rig r;

		assert_int_equal(rig_new(&r, &cfg), 0);
		if (cases[i].facts)
			rig_tls_up(&r, cases[i].facts);
		rig_push_str(&r, HEADER);
		rig_expect(cases[i].name, "output", r.out, cases[i].features);
		rig_free(&r);
	}
}

static void plain_in_clear_is_for_the_lab_only(void **state)
{
	struct xstream_cfg cfg = config(XSTREAM_TLS_NONE);
	struct rig r;

	(void)state;
	cfg.allow_plain_without_tls = false;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_push_str(&r, HEADER);
	rig_expect(
		"plain", "output", r.out, "<mechanisms xmlns='" NS_SASL "'>" BOTH "</mechanisms>");
	rig_push_str(&r, AUTH("PLAIN", JULIET));
	rig_expect("plain", "output", r.out, FAILURE("invalid-mechanism"));
	rig_free(&r);
}

/* ---- STARTTLS ---- */

static void starttls_is_answered_and_restarts(void **state)
{
	static const struct tls_facts facts = { .version = "TLSv1.3" };
	struct rig r;

	(void)state;
	at_with(&r, STAGE_TLS, XSTREAM_TLS_REQUIRED);
	rig_tls_up(&r, &facts);
	assert_int_equal(r.n_out, 0);
	rig_push_str(&r, HEADER);
	rig_expect("after TLS", "output", r.out, "<mechanisms");
	rig_expect_not("after TLS", "output", r.out, "<starttls");
	rig_push_str(&r, "<starttls xmlns='" NS_TLS "'/>");
	rig_expect("twice", "output", r.out, "<failure xmlns='" NS_TLS "'/>" END);
	rig_expect("twice", "events", r.log, "FAILED protocol [] STARTTLS was not offered");
	rig_free(&r);
}

static void starttls_is_refused_where_there_is_none(void **state)
{
	struct rig r;

	(void)state;
	at_with(&r, STAGE_AUTH, XSTREAM_TLS_NONE);
	rig_push_str(&r, "<starttls xmlns='" NS_TLS "'/>");
	assert_string_equal(r.out, "<failure xmlns='" NS_TLS "'/>" END);
	assert_false(r.want_tls);
	rig_free(&r);
}

static void clear_bytes_behind_starttls_end_the_stream(void **state)
{
	struct rig r;
	const struct slice in = SLICE("<starttls xmlns='" NS_TLS "'/><auth/>");

	(void)state;
	at(&r, STAGE_AUTH);
	assert_int_equal(xstream_push_bytes(r.x, in, r.now), in.n);
	rig_drain(&r);
	assert_string_equal(
		r.log, "FAILED injection [] clear bytes where the TLS handshake begins\n");
	assert_int_equal(r.n_out, 0); /* above all no <proceed/> */
	assert_false(r.want_tls);
	rig_free(&r);
}

/* ---- SASL ---- */

static void refusals_allow_another_try(void **state)
{
	static const struct {
		const char *name;
		enum stage stage;
		const char *input, *out;
	} cases[] = {
		{ "a mechanism that is not offered", STAGE_AUTH, AUTH("GSSAPI", ""),
			FAILURE("invalid-mechanism") },
		{ "a binding that there is not", STAGE_AUTH, AUTH("SCRAM-SHA-1-PLUS", "eA=="),
			FAILURE("invalid-mechanism") },
		{ "no mechanism", STAGE_AUTH, SASL("auth", "", ""), FAILURE("invalid-mechanism") },
		{ "no base64", STAGE_AUTH, AUTH("PLAIN", "***"), FAILURE("incorrect-encoding") },
		{ "no PLAIN", STAGE_AUTH, AUTH("PLAIN", "eA=="), FAILURE("malformed-request") },
		{ "no SCRAM", STAGE_AUTH, AUTH("SCRAM-SHA-256", "eA=="),
			FAILURE("malformed-request") },
		{ "abort before", STAGE_AUTH, SASL("abort", "", ""), FAILURE("aborted") },
		{ "abort in the middle", STAGE_RESPONSE, SASL("abort", "", ""),
			FAILURE("aborted") },
		{ "a response to nothing", STAGE_AUTH, SASL("response", "", "eA=="),
			FAILURE("malformed-request") },
		{ "a response without base64", STAGE_RESPONSE, SASL("response", "", "*"),
			FAILURE("incorrect-encoding") },
		{ "an exchange begun anew", STAGE_RESPONSE, AUTH("GSSAPI", ""),
			FAILURE("invalid-mechanism") },
		/* romeo@example.net \0 juliet \0 r0m30myr0m30 */
		{ "somebody else's name", STAGE_AUTH,
			AUTH("PLAIN", "cm9tZW9AZXhhbXBsZS5uZXQAanVsaWV0AHIwbTMwbXlyMG0zMA=="),
			FAILURE("invalid-authzid") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rig r;

		at(&r, cases[i].stage);
		rig_push_str(&r, cases[i].input);
		rig_expect(cases[i].name, "output", r.out, cases[i].out);
		rig_forget(&r);
		rig_push_str(&r, AUTH("PLAIN", JULIET));
		push_account(&r);
		rig_expect(cases[i].name, "events", r.log, "AUTHENTICATED PLAIN");
		rig_expect(cases[i].name, "output", r.out, "<success xmlns='" NS_SASL "'>");
		rig_free(&r);
	}
}

static void tls_comes_before_sasl_where_it_is_required(void **state)
{
	struct rig r;

	(void)state;
	at_with(&r, STAGE_AUTH, XSTREAM_TLS_REQUIRED);
	rig_push_str(&r, AUTH("PLAIN", JULIET));
	rig_expect("required", "output", r.out, FAILURE("encryption-required"));
	assert_false(r.want_account);
	rig_free(&r);
}

static void passwords_are_not_guessed_all_day(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_AUTH);
	for (unsigned i = 0; i < 4; i++) {
		assert_false(r.over);
		rig_forget(&r);
		/* \0juliet\0guess */
		rig_push_str(&r, AUTH("PLAIN", "AGp1bGlldABndWVzcw=="));
		push_account(&r);
		rig_expect("guess", "output", r.out, FAILURE("not-authorized"));
	}
	rig_expect("fourth guess", "output", r.out, ERROR("policy-violation"));
	rig_expect("fourth guess", "events", r.log,
		"FAILED bad-credentials [policy-violation] too many attempts to sign in; the last: "
		"not-authorized");
	rig_free(&r);
}

static void unknown_users_look_like_wrong_passwords(void **state)
{
	static const char *const users[] = {
		"AG51cnNlAHg=",     /* \0nurse\0x */
		"AGEvYi9jQEBAAHg=", /* \0a/b/c@@@\0x: no localpart at all */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		struct rig r;
		char in[256];

		at(&r, STAGE_AUTH);
		snprintf(in, sizeof(in), AUTH("PLAIN", "%s"), users[i]);
		rig_push_str(&r, in);
		assert_int_equal(r.want_account, i == 0);
		if (r.want_account)
			push_account(&r);
		assert_string_equal(
			r.out, "<failure xmlns='" NS_SASL "'><not-authorized/></failure>");
		rig_free(&r);
	}
}

static void an_address_that_was_told_under_tls_must_be_that_of_the_account(void **state)
{
	static const struct tls_facts facts = { .version = "TLSv1.3" };
	static const struct {
		const char *from, *log;
	} cases[] = {
		{ "juliet@im.example.com", "AUTHENTICATED PLAIN\n" },
		{ "juliet@im.example.com/any", "AUTHENTICATED PLAIN\n" },
		{ "romeo@im.example.com", "FAILED protocol [invalid-from]" },
		{ "juliet@example.net", "FAILED protocol [invalid-from]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct xstream_cfg cfg = config(XSTREAM_TLS_DIRECT);
		char in[512];
		struct rig r;

		assert_int_equal(rig_new(&r, &cfg), 0);
		rig_tls_up(&r, &facts);
		snprintf(in, sizeof(in), HEADER_IN(NS_CLIENT, " from='%s'" DOMAIN_TO),
			cases[i].from);
		rig_push_str(&r, in);
		rig_push_str(&r, AUTH("PLAIN", JULIET));
		push_account(&r);
		rig_expect(cases[i].from, "events", r.log, cases[i].log);
		rig_free(&r);
	}
}

/* ---- binding ---- */

static void binding_gives_the_full_jid(void **state)
{
	static const struct {
		const char *resource, *wanted, *given, *jid;
	} cases[] = {
		{ "<resource>balcony</resource>", "balcony", "balcony",
			"juliet@im.example.com/balcony" },
		{ "<resource>a&lt;b&apos;</resource>", "a<b'", "a<b'",
			"juliet@im.example.com/a&lt;b" },
		{ "", "", "4db06f06", "juliet@im.example.com/4db06f06" },
		{ "<resource/>", "", "x", "juliet@im.example.com/x" },
		{ "<resource>taken</resource>", "taken", "other", "juliet@im.example.com/other" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char in[256];
		struct rig r;

		at(&r, STAGE_BIND);
		snprintf(in, sizeof(in),
			"<iq id='b&apos;1' type='set'><bind xmlns='" NS_BIND "'>%s</bind></iq>",
			cases[i].resource);
		rig_push_str(&r, in);
		assert_string_equal(r.wanted, cases[i].wanted);
		push_bind(&r, cases[i].given);
		rig_expect("bind", "events", r.log, "READY juliet@im.example.com/");
		rig_expect("bind", "output", r.out, "<jid>");
		rig_expect("bind", "output", r.out, cases[i].jid);
		rig_expect("bind", "output", r.out, " type='result'");
		assert_null(strstr(r.out, "id='b'1'"));
		rig_free(&r);
	}
}

static void binding_can_be_tried_again_and_not_for_ever(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_BIND);
	for (unsigned i = 0; i < 6; i++) {
		assert_false(r.over);
		rig_forget(&r);
		rig_push_str(&r, BIND("b"));
		push_bind(&r, "");
		rig_expect("conflict", "output", r.out,
			"<iq id='b' type='error'><error type='cancel'><conflict xmlns='" NS_STANZAS
			"'/></error></iq>");
	}
	rig_expect("sixth", "output", r.out, ERROR("policy-violation"));
	rig_expect("sixth", "events", r.log, "FAILED bind [policy-violation]");
	rig_free(&r);
}

static void bad_binds_are_answered(void **state)
{
	static const char *const bad[] = {
		"<iq id='b' type='get'><bind xmlns='" NS_BIND "'/></iq>",
		"<iq id='b' type='set'><bind xmlns='" NS_BIND
		"'><resource>\xef\xbf\xb9</resource></bind></iq>", /* U+FFF9, RFC 3920 B.5 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct rig r;

		at(&r, STAGE_BIND);
		rig_push_str(&r, bad[i]);
		rig_expect("bad", "output", r.out,
			"<iq id='b' type='error'><error type='modify'><bad-request ");
		assert_false(r.want_bind);
		rig_push_str(&r, BIND("b"));
		push_bind(&r, "balcony");
		rig_expect("then good", "events", r.log, "READY");
		rig_free(&r);
	}
}

static void what_a_bound_client_may_still_ask_of_the_stream(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_READY);
	rig_push_str(&r, "<iq id='s' type='set'><session "
			 "xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>" BIND(
				 "b2") "<message id='m'/>");
	assert_string_equal(r.log, "STANZA message m\n");
	rig_expect("session", "output", r.out, "<iq id='s' type='result'></iq>");
	rig_expect("second bind", "output", r.out,
		"<iq id='b2' type='error'><error type='cancel'><not-allowed ");
	rig_free(&r);
}

/* ---- pauses: nothing is read, nothing is lost ---- */

static void everything_at_once_is_read_in_its_turn(void **state)
{
	static const char all[] = HEADER AUTH("PLAIN", JULIET)
		HEADER BIND("b1") "<iq id='s' type='set'><session "
				  "xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>"
				  "<presence id='p'/><message id='m'/>" END;
	struct rig r;

	(void)state;
	for (size_t piece = 1; piece < sizeof(all); piece += piece < 8 ? 1 : 97) {
		struct slice rest = slice_of(all, sizeof(all) - 1);

		at(&r, STAGE_HEADER);
		while (rest.n) {
			size_t n = rig_push(&r, slice_cut(rest, 0, piece));

			rest = slice_skip(rest, n);
			if (r.want_account)
				push_account(&r);
			else if (r.want_bind)
				push_bind(&r, r.wanted);
			else
				assert_true(n > 0);
		}
		assert_string_equal(r.log,
			"OPENED \nWANT_ACCOUNT juliet\nAUTHENTICATED PLAIN\nOPENED \n"
			"WANT_BIND balcony\nREADY juliet@im.example.com/balcony\n"
			"STANZA presence p\nSTANZA message m\nCLOSED\n");
		rig_expect("all", "output", r.out, "<iq id='s' type='result'></iq>" END);
		rig_free(&r);
	}
}

static void a_pause_takes_no_byte(void **state)
{
	static const enum stage pauses[] = { STAGE_ACCOUNT, STAGE_RESOURCE };

	(void)state;
	for (size_t i = 0; i < COUNT(pauses); i++) {
		struct rig r;

		at(&r, pauses[i]);
		assert_int_equal(xstream_push_bytes(r.x, SLICE("<message/>"), r.now), 0);
		rig_drain(&r);
		assert_int_equal(r.n_log, 0);
		rig_free(&r);
	}
}

static void answers_that_nobody_asked_for_are_ignored(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_BIND);
	xstream_push_account(r.x, &secret, r.now);
	xstream_push_secret(r.x, SLICE("x"), r.now);
	xstream_push_bind(r.x, SLICE("x"), r.now);
	xstream_push_tls_up(r.x, &(struct tls_facts){ 0 }, r.now);
	rig_drain(&r);
	assert_int_equal(r.n_log + r.n_out, 0);
	assert_string_equal(xstream_state_name(r.x), stages[STAGE_BIND].state);
	rig_free(&r);
}

/* ---- every state ---- */

static void time_runs_out_and_flows_end_in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STAGES; i++) {
		char want[128];
		struct rig r;

		if (i == STAGE_READY)
			continue;
		at(&r, (enum stage)i);
		assert_int_equal(xstream_deadline(r.x), r.now + TS_S(10));
		xstream_push_time(r.x, r.now + TS_S(10));
		rig_drain(&r);
		snprintf(want, sizeof(want), "FAILED timeout [connection-timeout] %s\n",
			stages[i].state);
		assert_string_equal(r.log, want);
		if (i == STAGE_TLS)
			assert_int_equal(r.n_out, 0);
		else
			rig_expect(stages[i].state, "output", r.out, ERROR("connection-timeout"));
		rig_free(&r);

		at(&r, (enum stage)i);
		xstream_push_closed(r.x, r.now);
		rig_drain(&r);
		snprintf(want, sizeof(want),
			"FAILED closed [] the connection ended while awaiting %s\n",
			stages[i].state);
		assert_string_equal(r.log, want);
		assert_int_equal(r.n_out, 0);
		rig_free(&r);
	}
}

static void a_client_may_leave_in_every_state(void **state)
{
	static const enum stage open[] = { STAGE_AUTH, STAGE_RESPONSE, STAGE_BIND, STAGE_READY };

	(void)state;
	for (size_t i = 0; i < COUNT(open); i++) {
		struct rig r;

		at(&r, open[i]);
		rig_push_str(&r, END);
		assert_string_equal(r.log, "CLOSED\n");
		assert_string_equal(r.out, END);
		rig_free(&r);
	}
}

static void every_stream_error_can_be_sent(void **state)
{
	static const char *const conditions[] = { "bad-format", "bad-namespace-prefix", "conflict",
		"connection-timeout", "host-gone", "host-unknown", "improper-addressing",
		"internal-server-error", "invalid-from", "invalid-namespace", "invalid-xml",
		"not-authorized", "not-well-formed", "policy-violation", "remote-connection-failed",
		"reset", "resource-constraint", "restricted-xml", "see-other-host",
		"system-shutdown", "undefined-condition", "unsupported-encoding",
		"unsupported-feature", "unsupported-stanza-type", "unsupported-version" };

	(void)state;
	for (size_t i = 0; i < COUNT(conditions); i++) {
		char out[160], log[96];
		struct rig r;

		at(&r, STAGE_READY);
		xstream_abort(r.x, conditions[i], r.now);
		rig_drain(&r);
		snprintf(out, sizeof(out),
			"<stream:error><%s xmlns='" NS_STREAMS "'/></stream:error>" END,
			conditions[i]);
		snprintf(log, sizeof(log), "FAILED stream-error [%s] ended by this side\n",
			conditions[i]);
		assert_string_equal(r.out, out);
		assert_string_equal(r.log, log);
		xstream_abort(r.x, "reset", r.now);
		rig_drain(&r);
		rig_free(&r);
	}

	struct rig r;
	at(&r, STAGE_READY);
	xstream_abort(r.x, "x'/><evil", r.now);
	rig_drain(&r);
	assert_string_equal(r.out, ERROR("undefined-condition"));
	rig_free(&r);
}

static int make_secret(void **state)
{
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	return sasl_secret_make(&secret, SLICE("r0m30myr0m30"), SASL_ITERATIONS_MIN, &rng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_that_are_refused),
		cmocka_unit_test(stanzas_before_their_time),
		cmocka_unit_test(stanzas_of_a_bound_client),
		cmocka_unit_test(the_header_names_both_and_every_id_is_new),
		cmocka_unit_test(a_header_without_to_is_let_in),
		cmocka_unit_test(what_is_offered_follows_tls),
		cmocka_unit_test(plain_in_clear_is_for_the_lab_only),
		cmocka_unit_test(starttls_is_answered_and_restarts),
		cmocka_unit_test(starttls_is_refused_where_there_is_none),
		cmocka_unit_test(clear_bytes_behind_starttls_end_the_stream),
		cmocka_unit_test(refusals_allow_another_try),
		cmocka_unit_test(tls_comes_before_sasl_where_it_is_required),
		cmocka_unit_test(passwords_are_not_guessed_all_day),
		cmocka_unit_test(unknown_users_look_like_wrong_passwords),
		cmocka_unit_test(an_address_that_was_told_under_tls_must_be_that_of_the_account),
		cmocka_unit_test(binding_gives_the_full_jid),
		cmocka_unit_test(binding_can_be_tried_again_and_not_for_ever),
		cmocka_unit_test(bad_binds_are_answered),
		cmocka_unit_test(what_a_bound_client_may_still_ask_of_the_stream),
		cmocka_unit_test(everything_at_once_is_read_in_its_turn),
		cmocka_unit_test(a_pause_takes_no_byte),
		cmocka_unit_test(answers_that_nobody_asked_for_are_ignored),
		cmocka_unit_test(time_runs_out_and_flows_end_in_every_state),
		cmocka_unit_test(a_client_may_leave_in_every_state),
		cmocka_unit_test(every_stream_error_can_be_sent),
	};

	return cmocka_run_group_tests(tests, make_secret, NULL);
}
