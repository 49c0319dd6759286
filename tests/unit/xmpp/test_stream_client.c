#include "stream_rig.h"

#define HEADER        HEADER_IN(NS_CLIENT, " from='im.example.com' id='1' version='1.0'")
#define FEATURES(x)   "<stream:features>" x "</stream:features>"
#define STARTTLS      "<starttls xmlns='" NS_TLS "'/>"
#define MECHANISMS(x) "<mechanisms xmlns='" NS_SASL "'>" x "</mechanisms>"
#define PLAIN         MECHANISMS("<mechanism>PLAIN</mechanism>")
#define SCRAM         MECHANISMS("<mechanism>SCRAM-SHA-1</mechanism>")
#define BIND          "<bind xmlns='" NS_BIND "'/>"
#define SESSION       "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"
#define SUCCESS       "<success xmlns='" NS_SASL "'/>"
#define BOUND                                                                                      \
	"<iq id='bind' type='result'><bind xmlns='" NS_BIND                                        \
	"'><jid> juliet@im.example.com/balcony </jid></bind></iq>"
#define PRESENCE "<presence from='juliet@im.example.com/balcony'/>"
#define PONG     "<iq id='available' type='result'/>"

/* How far a client is brought, and what brings it there. */
enum stage {
	STAGE_HEADER,
	STAGE_FEATURES,
	STAGE_PROCEED,
	STAGE_TLS,
	STAGE_SASL,  /* PLAIN */
	STAGE_SCRAM, /* before the challenge */
	STAGE_RESTARTED,
	STAGE_BOUND,
	STAGE_SESSION, /* without presence */
	STAGE_PRESENCE,
	STAGE_READY,
	STAGE_CLOSING,
	STAGES,
};

static const struct {
	const char *state, *input;
	enum stage before;
} stages[] = {
	[STAGE_HEADER] = { "the stream header", NULL, STAGE_HEADER },
	[STAGE_FEATURES] = { "stream features", HEADER, STAGE_HEADER },
	[STAGE_PROCEED] = { "the answer to STARTTLS", FEATURES(STARTTLS), STAGE_FEATURES },
	[STAGE_TLS] = { "the TLS handshake", "<proceed xmlns='" NS_TLS "'/>", STAGE_PROCEED },
	[STAGE_SASL] = { "the answer to SASL", FEATURES(PLAIN), STAGE_FEATURES },
	[STAGE_SCRAM] = { "the answer to SASL", FEATURES(SCRAM), STAGE_FEATURES },
	[STAGE_RESTARTED] = { "the stream header", SUCCESS, STAGE_SASL },
	[STAGE_BOUND] = { "the answer to bind", HEADER FEATURES(BIND), STAGE_RESTARTED },
	[STAGE_SESSION] = { "the answer to session", HEADER FEATURES(BIND SESSION) BOUND,
		STAGE_RESTARTED },
	[STAGE_PRESENCE] = { "the answer to presence", BOUND, STAGE_BOUND },
	[STAGE_READY] = { "stanzas", PRESENCE PONG, STAGE_PRESENCE },
	[STAGE_CLOSING] = { "the end of the stream", NULL, STAGE_READY },
};

static struct xstream_cfg config(void)
{
	return (struct xstream_cfg){
		.role = XSTREAM_CLIENT,
		.tls = XSTREAM_TLS_OPTIONAL,
		.domain = SLICE("im.example.com"),
		.username = SLICE("juliet"),
		.password = SLICE("r0m30myr0m30"),
		.resource = SLICE("balcony"),
		.presence = true,
		.allow_plain_without_tls = true,
		.timeout = TS_S(10),
	};
}

static void advance(struct rig *r, enum stage to)
{
	if (stages[to].before != to)
		advance(r, stages[to].before);
	if (stages[to].input)
		rig_push_str(r, stages[to].input);
	if (to == STAGE_CLOSING) {
		xstream_close(r->x, r->now);
		rig_drain(r);
	}
}

/* A client at the stage, with what led there forgotten. */
static void at(struct rig *r, enum stage stage)
{
	struct xstream_cfg cfg = config();

	cfg.presence = stage != STAGE_SESSION;
	assert_int_equal(rig_new(r, &cfg), 0);
	advance(r, stage);
	rig_expect_state(r, stages[stage].state);
	rig_forget(r);
}

struct failing {
	const char *name;
	enum stage stage;
	const char *input, *log, *out; /* parts that must be there; out NULL: nothing is sent */
};

static void run_failing(const struct failing *c)
{
	for (unsigned pieces = 0; pieces < 2; pieces++) {
		struct rig r;

		at(&r, c->stage);
		rig_push_whole_or_in_bytes(&r, c->input, pieces);
		rig_expect(c->name, "events", r.log, c->log);
		if (c->out)
			rig_expect(c->name, "output", r.out, c->out);
		else if (r.n_out)
			fail_msg("%s: sent %s", c->name, r.out);
		assert_true(r.over);
		assert_int_equal(xstream_deadline(r.x), TS_NEVER);
		assert_int_equal(xstream_push_bytes(r.x, SLICE("<more"), r.now), 5);
		rig_drain(&r);
		rig_free(&r);
	}
}

#define END      "</stream:stream>"
#define ERROR(c) "<stream:error><" c " xmlns='" NS_STREAMS "'/></stream:error>" END

static void headers_that_are_none(void **state)
{
	static const struct failing cases[] = {
		{ "the stream namespace is another", STAGE_HEADER,
			"<stream:stream xmlns='jabber:client' xmlns:stream='urn:x' version='1.0'>",
			"FAILED protocol [invalid-namespace] not a stream: the namespace of "
			"<stream> "
			"is `urn:x`",
			ERROR("invalid-namespace") },
		{ "the element is not stream", STAGE_HEADER,
			"<stream:streams xmlns='jabber:client' xmlns:stream='" NS_STREAM "'>",
			"FAILED protocol [bad-format] <streams> where <stream> was awaited",
			ERROR("bad-format") },
		{ "the content namespace is a server's", STAGE_HEADER,
			HEADER_IN("jabber:server", " version='1.0'"),
			"FAILED protocol [invalid-namespace] the content namespace is "
			"`jabber:server`",
			ERROR("invalid-namespace") },
		{ "no version, so no features will come", STAGE_HEADER, HEADER_IN(NS_CLIENT, ""),
			"FAILED protocol [unsupported-version] the server's stream is of version "
			"0.9",
			ERROR("unsupported-version") },
		{ "version 0.9", STAGE_HEADER, HEADER_IN(NS_CLIENT, " version='0.9'"),
			"FAILED protocol [unsupported-version]", ERROR("unsupported-version") },
		{ "version 2.0", STAGE_HEADER, HEADER_IN(NS_CLIENT, " version='2.0'"),
			"FAILED protocol [unsupported-version]", ERROR("unsupported-version") },
		{ "a version that is no number", STAGE_HEADER,
			HEADER_IN(NS_CLIENT, " version='one'"),
			"FAILED protocol [unsupported-version]", ERROR("unsupported-version") },
		{ "another protocol's banner", STAGE_HEADER, "220 mail.example.com ESMTP\r\n",
			"FAILED unparsable [not-well-formed]", ERROR("not-well-formed") },
		{ "the second header is none either", STAGE_RESTARTED, HEADER_IN(NS_CLIENT, ""),
			"FAILED protocol [unsupported-version]", ERROR("unsupported-version") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

static void starttls_that_fails(void **state)
{
	static const struct failing cases[] = {
		{ "refused", STAGE_PROCEED, "<failure xmlns='" NS_TLS "'/></stream:stream>",
			"FAILED tls-refused [] ", END },
		{ "something else", STAGE_PROCEED, "<message/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <message/> while "
			"awaiting the answer to STARTTLS",
			ERROR("unsupported-stanza-type") },
		{ "proceed of another namespace", STAGE_PROCEED, "<proceed/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <proceed/>",
			ERROR("unsupported-stanza-type") },
		{ "clear bytes in the handshake", STAGE_TLS, "<", "FAILED injection [] clear bytes",
			NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

static void clear_bytes_behind_proceed_end_the_stream(void **state)
{
	static const char *const rest[] = { " ", "<stream:features/>", "\x16\x03\x01" };

	(void)state;
	for (size_t i = 0; i < COUNT(rest); i++) {
		struct rig r;
		char in[128];

		at(&r, STAGE_PROCEED);
		snprintf(in, sizeof(in), "<proceed xmlns='" NS_TLS "'/>%s", rest[i]);
		assert_int_equal(xstream_push_bytes(r.x, slice_str(in), r.now), strlen(in));
		rig_drain(&r);
		assert_string_equal(
			r.log, "FAILED injection [] clear bytes where the TLS handshake begins\n");
		assert_int_equal(r.n_out, 0);
		assert_false(r.want_tls);
		rig_free(&r);
	}
}

static void tls_that_is_required_and_not_offered(void **state)
{
	struct xstream_cfg cfg = config();
	struct rig r;

	(void)state;
	cfg.tls = XSTREAM_TLS_REQUIRED;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_push_str(&r, HEADER FEATURES(PLAIN));
	rig_expect("not offered", "events", r.log, "FAILED tls-not-offered [] ");
	rig_expect_not("not offered", "output", r.out, "<auth");
	rig_free(&r);
}

/* What Prosody says instead of a stream's features when there are none. */
static void no_features_at_all(void **state)
{
	static const struct {
		enum xstream_tls tls;
		const char *said, *failure;
	} cases[] = {
		{ XSTREAM_TLS_REQUIRED, "No stream features to proceed with", "tls-not-offered" },
		{ XSTREAM_TLS_OPTIONAL, "No stream features to proceed with", "tls-not-offered" },
		{ XSTREAM_TLS_NONE, "No stream features to proceed with", "no-mechanism" },
		{ XSTREAM_TLS_REQUIRED, "Bad hair day", "stream-error" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct xstream_cfg cfg = config();
		char in[512], want[128];
		struct rig r;

		cfg.tls = cases[i].tls;
		assert_int_equal(rig_new(&r, &cfg), 0);
		snprintf(in, sizeof(in),
			HEADER "<stream:error><undefined-condition xmlns='" NS_STREAMS
			       "'/><text xmlns='" NS_STREAMS "'>%s</text></stream:error>" END,
			cases[i].said);
		snprintf(want, sizeof(want), "FAILED %s [undefined-condition] %s\n",
			cases[i].failure, cases[i].said);
		rig_push_str(&r, in);
		rig_expect(cases[i].failure, "events", r.log, want);
		rig_free(&r);
	}
}

static void features_that_lead_nowhere(void **state)
{
	static const struct failing cases[] = {
		{ "no mechanism at all", STAGE_FEATURES, FEATURES(""),
			"FAILED no-mechanism [] none is offered", END },
		{ "an empty list", STAGE_FEATURES, FEATURES(MECHANISMS("")),
			"FAILED no-mechanism [] none is offered", END },
		{ "nothing that we know", STAGE_FEATURES,
			FEATURES(MECHANISMS("<mechanism>GSSAPI</mechanism>"
					    "<mechanism>X-OAUTH2</mechanism>")),
			"FAILED no-mechanism [] offered: GSSAPI X-OAUTH2", END },
		{ "mechanisms of another namespace", STAGE_FEATURES,
			FEATURES("<mechanisms "
				 "xmlns='urn:x'><mechanism>PLAIN</mechanism></mechanisms>"),
			"FAILED no-mechanism [] none is offered", END },
		{ "a stanza instead", STAGE_FEATURES, "<message/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <message/> while "
			"awaiting stream features",
			ERROR("unsupported-stanza-type") },
		{ "no bind", STAGE_RESTARTED, HEADER FEATURES(""),
			"FAILED bind [] the server does not offer resource binding", END },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

#define FAILURE(x) "<failure xmlns='" NS_SASL "'>" x "</failure>"
#define SASL_FAILS(c, f)                                                                           \
	{                                                                                          \
		c, STAGE_SASL, FAILURE("<" c "/>"), "FAILED " f " [" c "] \n", END                 \
	}

/* RFC 6120 section 6.5 */
static void sasl_failures(void **state)
{
	static const struct failing cases[] = {
		SASL_FAILS("aborted", "sasl"),
		SASL_FAILS("account-disabled", "sasl"),
		SASL_FAILS("credentials-expired", "sasl"),
		SASL_FAILS("encryption-required", "sasl"),
		SASL_FAILS("incorrect-encoding", "sasl"),
		SASL_FAILS("invalid-authzid", "sasl"),
		SASL_FAILS("invalid-mechanism", "sasl"),
		SASL_FAILS("malformed-request", "sasl"),
		SASL_FAILS("mechanism-too-weak", "sasl"),
		SASL_FAILS("not-authorized", "bad-credentials"),
		SASL_FAILS("temporary-auth-failure", "sasl"),
		{ "one that is not defined is as not-authorized", STAGE_SASL,
			FAILURE("<bad-hair/>"), "FAILED bad-credentials [not-authorized] \n", END },
		{ "no condition at all", STAGE_SASL, FAILURE(""),
			"FAILED bad-credentials [not-authorized] \n", END },
		{ "with a text", STAGE_SASL,
			FAILURE("<account-disabled/><text xml:lang='en'> Call 5551212. </text>"),
			"FAILED sasl [account-disabled] Call 5551212.\n", END },
		{ "the server could bind the channel", STAGE_SCRAM,
			FAILURE("<not-authorized/>"
				"<text>server-does-support-channel-binding</text>"),
			"FAILED downgrade [not-authorized] server-does", END },
		{ "the channels differ", STAGE_SCRAM,
			FAILURE("<not-authorized/><text>channel-bindings-dont-match</text>"),
			"FAILED downgrade [not-authorized] channel-b", END },
		{ "something else", STAGE_SASL, "<message/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <message/> while "
			"awaiting the answer to SASL",
			ERROR("unsupported-stanza-type") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

#define CHALLENGE(x) "<challenge xmlns='" NS_SASL "'>" x "</challenge>"
#define ABORT        "<abort xmlns='" NS_SASL "'/>" END

static void sasl_exchanges_that_go_wrong(void **state)
{
	static const struct failing cases[] = {
		{ "success without a proof", STAGE_SCRAM, SUCCESS, "FAILED server-proof [] ", END },
		{ "success with something that is no proof", STAGE_SCRAM,
			"<success xmlns='" NS_SASL "'>eD15</success>", "FAILED server-proof [] ",
			END },
		{ "success that is not base64", STAGE_SCRAM,
			"<success xmlns='" NS_SASL "'>!</success>",
			"FAILED sasl [] the server's SASL message is not base64", END },
		{ "a challenge that is not base64", STAGE_SCRAM, CHALLENGE("*"),
			"FAILED sasl [] the server's SASL message is not base64", ABORT },
		{ "a challenge that is not SCRAM", STAGE_SCRAM, CHALLENGE("eD15"),
			"FAILED sasl [] the server's SASL message is malformed", ABORT },
		/* r=x,s=QUFB,i=4096 */
		{ "a nonce that is not ours", STAGE_SCRAM, CHALLENGE("cj14LHM9UVVGQixpPTQwOTY="),
			"FAILED sasl [] the server's nonce does not begin with ours", ABORT },
		{ "an empty challenge", STAGE_SCRAM, CHALLENGE("="), "FAILED sasl [] ", ABORT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

#define IQ_ERROR(id, c, text)                                                                      \
	"<iq id='" id "' type='error'><error type='cancel'><" c " xmlns='" NS_STANZAS "'/>" text   \
	"</error></iq>"

static void binding_that_fails(void **state)
{
	static const struct failing cases[] = {
		{ "conflict", STAGE_BOUND, IQ_ERROR("bind", "conflict", ""),
			"FAILED bind [conflict] bind: \n", END },
		{ "too many resources", STAGE_BOUND,
			IQ_ERROR("bind", "resource-constraint",
				"<text xmlns='" NS_STANZAS "'>ten are enough</text>"),
			"FAILED bind [resource-constraint] bind: ten are enough\n", END },
		{ "not allowed", STAGE_BOUND, IQ_ERROR("bind", "not-allowed", ""),
			"FAILED bind [not-allowed]", END },
		{ "bad request", STAGE_BOUND, IQ_ERROR("bind", "bad-request", ""),
			"FAILED bind [bad-request]", END },
		{ "a result without a jid", STAGE_BOUND, "<iq id='bind' type='result'/>",
			"FAILED bind [] the bind result has no full JID", END },
		{ "a bare jid", STAGE_BOUND,
			"<iq id='bind' type='result'><bind xmlns='" NS_BIND
			"'><jid>juliet@im.example.com</jid></bind></iq>",
			"FAILED bind [] the bind result has no full JID", END },
		{ "what is no jid", STAGE_BOUND,
			"<iq id='bind' type='result'><bind xmlns='" NS_BIND
			"'><jid>@/</jid></bind></iq>",
			"FAILED bind [] the bind result has no full JID", END },
		{ "a type that is none", STAGE_BOUND, "<iq id='bind' type='set'/>",
			"FAILED bind [] bind: the answer is neither result nor error", END },
		{ "another iq", STAGE_BOUND, "<iq id='other' type='result'/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <iq/>",
			ERROR("unsupported-stanza-type") },
		{ "a message", STAGE_BOUND, "<message/>",
			"FAILED protocol [unsupported-stanza-type] unexpected <message/>",
			ERROR("unsupported-stanza-type") },
		{ "the session is refused", STAGE_SESSION,
			IQ_ERROR("session", "internal-server-error", ""),
			"FAILED bind [internal-server-error] session: \n", END },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

/* ---- what can happen in every state ---- */

static void expect_failure(const struct rig *r, enum stage stage, const char *log, const char *out)
{
	char name[96], want[160];

	snprintf(name, sizeof(name), "stage %d, %s", (int)stage, stages[stage].state);
	const char *rest = strstr(log, "STATE"); /* stands for the state's name */
	snprintf(want, sizeof(want), "%.*s%s%s", rest ? (int)(rest - log) : (int)strlen(log), log,
		rest ? stages[stage].state : "", rest ? rest + strlen("STATE") : "");
	rig_expect(name, "events", r->log, want);
	if (out)
		rig_expect(name, "output", r->out, out);
	else
		rig_expect(name, "output", r->n_out ? r->out : "nothing", "nothing");
}

static void the_end_of_the_flow_in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STAGES; i++) {
		struct rig r;

		at(&r, (enum stage)i);
		xstream_push_closed(r.x, r.now);
		assert_false(xstream_is_ready(r.x));
		rig_drain(&r);
		if (i == STAGE_CLOSING)
			expect_failure(&r, STAGE_CLOSING, "CLOSED\n", NULL);
		else if (i == STAGE_READY)
			expect_failure(
				&r, STAGE_READY, "FAILED closed [] the connection ended\n", NULL);
		else
			expect_failure(&r, (enum stage)i,
				"FAILED closed [] the connection ended while awaiting STATE\n",
				NULL);
		xstream_push_closed(r.x, r.now);
		rig_drain(&r);
		rig_free(&r);
	}
}

static void time_runs_out_in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STAGES; i++) {
		struct rig r;

		at(&r, (enum stage)i);
		ts_t by = xstream_deadline(r.x);
		if (i == STAGE_READY) {
			assert_int_equal(by, TS_NEVER);
			rig_free(&r);
			continue;
		}
		assert_int_equal(by, r.now + (i == STAGE_CLOSING ? TS_S(2) : TS_S(10)));
		xstream_push_time(r.x, by - 1);
		rig_drain(&r);
		assert_false(r.over);
		xstream_push_time(r.x, by);
		rig_drain(&r);
		if (i == STAGE_CLOSING)
			expect_failure(&r, STAGE_CLOSING, "CLOSED\n", NULL);
		else
			expect_failure(&r, (enum stage)i, "FAILED timeout [] STATE\n",
				i == STAGE_TLS ? NULL : END);
		rig_free(&r);
	}
}

static void ill_formed_xml_in_every_state(void **state)
{
	static const struct {
		const char *in, *condition;
	} bad[] = {
		{ "<a></b>", "not-well-formed" },
		{ "<!-- -->", "restricted-xml" },
		{ "<?pi x?>", "restricted-xml" },
		{ "<a>&nbsp;</a>", "restricted-xml" },
		{ "<a>\xff</a>", "not-well-formed" },
	};

	(void)state;
	for (unsigned i = 0; i < STAGES; i++) {
		for (size_t k = 0; k < COUNT(bad); k++) {
			struct rig r;
			char want[96], out[160];

			if (i == STAGE_TLS || i == STAGE_HEADER || i == STAGE_RESTARTED)
				continue; /* not read, or another condition */
			at(&r, (enum stage)i);
			rig_push_str(&r, bad[k].in);
			snprintf(want, sizeof(want), "FAILED unparsable [%s] ", bad[k].condition);
			snprintf(
				out, sizeof(out), "<%s xmlns='" NS_STREAMS "'/>", bad[k].condition);
			expect_failure(&r, (enum stage)i, want, i == STAGE_CLOSING ? NULL : out);
			assert_non_null(r.where.what);
			rig_free(&r);
		}
	}
}

static void the_servers_end_in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STAGES; i++) {
		struct rig r;

		if (i == STAGE_TLS || i == STAGE_HEADER || i == STAGE_RESTARTED)
			continue;
		at(&r, (enum stage)i);
		rig_push_str(&r, END);
		if (i == STAGE_CLOSING)
			expect_failure(&r, STAGE_CLOSING, "CLOSED\n", NULL);
		else if (i == STAGE_READY)
			expect_failure(&r, STAGE_READY, "CLOSED\n", END);
		else
			expect_failure(&r, (enum stage)i,
				"FAILED closed [] the other side closed the stream while awaiting "
				"STATE\n",
				END);
		rig_free(&r);
	}
}

/* RFC 6120 section 4.9.3, in its order. */
static const struct {
	const char *condition, *failure;
} stream_errors[] = {
	{ "bad-format", "stream-error" },
	{ "bad-namespace-prefix", "stream-error" },
	{ "conflict", "conflict" },
	{ "connection-timeout", "stream-error" },
	{ "host-gone", "host-unknown" },
	{ "host-unknown", "host-unknown" },
	{ "improper-addressing", "stream-error" },
	{ "internal-server-error", "stream-error" },
	{ "invalid-from", "stream-error" },
	{ "invalid-namespace", "stream-error" },
	{ "invalid-xml", "stream-error" },
	{ "not-authorized", "stream-error" },
	{ "not-well-formed", "stream-error" },
	{ "policy-violation", "stream-error" },
	{ "remote-connection-failed", "stream-error" },
	{ "reset", "stream-error" },
	{ "resource-constraint", "stream-error" },
	{ "restricted-xml", "stream-error" },
	{ "see-other-host", "stream-error" },
	{ "system-shutdown", "stream-error" },
	{ "undefined-condition", "stream-error" },
	{ "unsupported-encoding", "stream-error" },
	{ "unsupported-feature", "stream-error" },
	{ "unsupported-stanza-type", "stream-error" },
	{ "unsupported-version", "stream-error" },
};

static void every_stream_error_is_read_in_every_state(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STAGES; i++) {
		for (size_t k = 0; k < COUNT(stream_errors); k++) {
			const char *c = stream_errors[k].condition;
			bool deciding = i == STAGE_SASL || i == STAGE_SCRAM;
			char in[512], want[128];
			struct rig r;

			if (i == STAGE_TLS || i == STAGE_HEADER || i == STAGE_RESTARTED)
				continue;
			at(&r, (enum stage)i);
			snprintf(in, sizeof(in),
				"<stream:error><%s xmlns='" NS_STREAMS "'/><text xmlns='" NS_STREAMS
				"'> Why. </text><own xmlns='urn:x'/></stream:error>" END,
				c);
			snprintf(want, sizeof(want), "FAILED %s [%s] Why.\n",
				deciding && strcmp(c, "not-authorized") == 0
					? "bad-credentials"
					: stream_errors[k].failure,
				c);
			rig_push_str(&r, in);
			expect_failure(&r, (enum stage)i, want, i == STAGE_CLOSING ? NULL : END);
			rig_free(&r);
		}
	}
}

static void stream_errors_of_other_shapes(void **state)
{
	static const struct failing cases[] = {
		{ "not defined", STAGE_READY,
			"<stream:error><bad-hair xmlns='" NS_STREAMS "'/></stream:error>",
			"FAILED stream-error [undefined-condition] \n", END },
		{ "of another namespace only", STAGE_READY,
			"<stream:error><conflict xmlns='urn:x'/></stream:error>",
			"FAILED stream-error [undefined-condition] \n", END },
		{ "nothing in it", STAGE_READY, "<stream:error/>",
			"FAILED stream-error [undefined-condition] \n", END },
		{ "text first", STAGE_READY,
			"<stream:error><text xmlns='" NS_STREAMS
			"'>T</text><reset xmlns='" NS_STREAMS "'/></stream:error>",
			"FAILED stream-error [reset] T\n", END },
		{ "see-other-host names the host", STAGE_READY,
			"<stream:error><see-other-host xmlns='" NS_STREAMS
			"'>[2001:db8::1]:9222</see-other-host></stream:error>",
			"FAILED stream-error [see-other-host] [2001:db8::1]:9222\n", END },
		{ "and may say why", STAGE_FEATURES,
			"<stream:error><see-other-host xmlns='" NS_STREAMS
			"'>b.example.com</see-other-host><text xmlns='" NS_STREAMS
			"'>full</text></stream:error>",
			"FAILED stream-error [see-other-host] b.example.com: full\n", END },
		{ "of RFC 3920", STAGE_READY,
			"<stream:error><xml-not-well-formed xmlns='" NS_STREAMS
			"'/></stream:error>",
			"FAILED stream-error [xml-not-well-formed] \n", END },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		run_failing(&cases[i]);
}

static void a_long_text_is_cut_between_characters(void **state)
{
	static char in[2000];
	struct rig r;
	struct buf b;

	(void)state;
	at(&r, STAGE_READY);
	buf_init(&b, sizeof(in));
	buf_puts(&b, "<stream:error><reset xmlns='" NS_STREAMS "'/><text xmlns='" NS_STREAMS "'>x");
	for (unsigned i = 0; i < 600; i++)
		buf_puts(&b, "\xc3\xa9");
	buf_puts(&b, "</text></stream:error>");
	snprintf(in, sizeof(in), "%s", buf_cstr(&b));
	buf_done(&b);
	rig_push_str(&r, in);
	rig_expect("cut", "events", r.log, "FAILED stream-error [reset] x\xc3\xa9");
	rig_expect("cut", "events", r.log, "\xc3\xa9\n");
	rig_free(&r);
}

/* ---- what goes well ---- */

static void what_needs_no_answer_goes_out_at_once(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_SASL);
	rig_push_str(&r, SUCCESS);
	assert_string_equal(r.out,
		"<?xml version='1.0'?><stream:stream to='im.example.com' version='1.0' "
		"xml:lang='en' "
		"xmlns='jabber:client' xmlns:stream='" NS_STREAM "'>"
		"<iq id='bind' type='set'><bind xmlns='" NS_BIND
		"'><resource>balcony</resource></bind></iq>");
	rig_forget(&r);
	rig_push_str(&r, HEADER FEATURES(BIND) BOUND);
	assert_string_equal(r.log, "OPENED im.example.com\nFEATURES bind\n");
	assert_string_equal(r.out,
		"<presence/><iq to='im.example.com' id='available' type='get'><ping "
		"xmlns='" NS_PING "'/></iq>");
	rig_push_str(&r, PRESENCE);
	rig_expect("available", "events", r.log, "READY juliet@im.example.com/balcony\n");
	rig_free(&r);
}

/* RFC 3921 section 3 */
static void a_session_is_asked_for_only_if_required(void **state)
{
	static const struct {
		const char *features;
		bool asked;
	} cases[] = {
		{ FEATURES(BIND), false },
		{ FEATURES(BIND SESSION), true },
		{ FEATURES(BIND "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'><optional/>"
				"</session>"),
			false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct xstream_cfg cfg = config();
		struct rig r;

		cfg.presence = false;
		assert_int_equal(rig_new(&r, &cfg), 0);
		advance(&r, STAGE_RESTARTED);
		rig_push_str(&r, HEADER);
		rig_push_str(&r, cases[i].features);
		rig_push_str(&r, BOUND);
		assert_int_equal(strstr(r.out, "id='session'") != NULL, cases[i].asked);
		assert_int_equal(xstream_is_ready(r.x), !cases[i].asked);
		if (cases[i].asked)
			rig_push_str(&r, "<iq id='session' type='result'/>");
		assert_true(xstream_is_ready(r.x));
		rig_free(&r);
	}
}

static void starttls_does_not_wait_for_the_offer_where_it_is_required(void **state)
{
	struct xstream_cfg cfg = config();
	struct rig r;

	(void)state;
	cfg.tls = XSTREAM_TLS_REQUIRED;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_expect("required", "output", r.out, "'><starttls xmlns='" NS_TLS "'/>");
	rig_forget(&r);
	rig_push_str(&r, HEADER FEATURES(STARTTLS PLAIN) "<proceed xmlns='" NS_TLS "'/>");
	assert_int_equal(r.n_out, 0);
	assert_true(r.want_tls);
	rig_free(&r);

	cfg.tls = XSTREAM_TLS_OPTIONAL;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_expect_not("optional", "output", r.out, "<starttls");
	rig_free(&r);
}

static void starttls_that_went_ahead_can_fail_in_all_the_same_ways(void **state)
{
	static const struct {
		const char *name, *input, *log;
	} cases[] = {
		{ "not offered, and refused",
			HEADER FEATURES(PLAIN) "<failure xmlns='" NS_TLS "'/>" END,
			"FAILED tls-not-offered [] " },
		{ "not offered, and not understood",
			HEADER FEATURES(PLAIN) ERROR("unsupported-stanza-type"),
			"FAILED tls-not-offered [] " },
		{ "offered and refused",
			HEADER FEATURES(STARTTLS) "<failure xmlns='" NS_TLS "'/>" END,
			"FAILED tls-refused [] " },
		{ "the host is not known", HEADER ERROR("host-unknown"),
			"FAILED host-unknown [host-unknown] " },
		{ "clear bytes behind it",
			HEADER FEATURES(STARTTLS) "<proceed xmlns='" NS_TLS "'/><stream:features/>",
			"FAILED injection [] " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct xstream_cfg cfg = config();
		struct rig r;

		cfg.tls = XSTREAM_TLS_REQUIRED;
		assert_int_equal(rig_new(&r, &cfg), 0);
		rig_push_str(&r, cases[i].input);
		rig_expect(cases[i].name, "events", r.log, cases[i].log);
		assert_false(r.want_tls);
		rig_free(&r);
	}
}

static void the_server_may_choose_the_resource(void **state)
{
	struct xstream_cfg cfg = config();
	struct rig r;

	(void)state;
	cfg.resource = SLICE("");
	cfg.presence = false;
	assert_int_equal(rig_new(&r, &cfg), 0);
	advance(&r, STAGE_RESTARTED);
	rig_expect("no resource", "output", r.out,
		"<iq id='bind' type='set'><bind xmlns='" NS_BIND "'></bind></iq>");
	rig_push_str(&r, HEADER FEATURES(BIND));
	rig_forget(&r);
	rig_push_str(&r, "<iq id='bind' type='result'><bind xmlns='" NS_BIND
			 "'><jid>Juliet@IM.example.com/4db06f06</jid></bind></iq>");
	assert_string_equal(r.log, "READY juliet@im.example.com/4db06f06\n");
	assert_int_equal(r.n_out, 0);
	rig_free(&r);
}

static void the_address_is_told_under_tls_only(void **state)
{
	static const struct tls_facts facts = { .version = "TLSv1.3" };
	struct rig r;

	(void)state;
	at(&r, STAGE_TLS);
	rig_tls_up(&r, &facts);
	rig_expect("protected", "output", r.out,
		"<stream:stream from='juliet@im.example.com' "
		"to='im.example.com' version='1.0'");
	rig_free(&r);

	struct xstream_cfg cfg = config();
	assert_int_equal(rig_new(&r, &cfg), 0);
	assert_string_equal(r.out, "<?xml version='1.0'?><stream:stream to='im.example.com' "
				   "version='1.0' xml:lang='en' xmlns='jabber:client' "
				   "xmlns:stream='http://etherx.jabber.org/streams'>");
	rig_free(&r);
}

static void direct_tls_waits_for_tls(void **state)
{
	static const struct tls_facts facts = { .version = "TLSv1.3" };
	struct xstream_cfg cfg = config();
	struct rig r;

	(void)state;
	cfg.tls = XSTREAM_TLS_DIRECT;
	cfg.allow_plain_without_tls = false;
	assert_int_equal(rig_new(&r, &cfg), 0);
	assert_int_equal(r.n_out, 0);
	assert_string_equal(xstream_state_name(r.x), "the TLS handshake");
	rig_tls_up(&r, &facts);
	/* STARTTLS inside TLS would be nonsense, whoever offers it; PLAIN is allowed now. */
	rig_push_str(&r, HEADER FEATURES(STARTTLS PLAIN));
	rig_expect("direct", "output", r.out, "mechanism='PLAIN'>");
	rig_free(&r);
}

static void plain_is_for_verified_tls_only(void **state)
{
	static const struct {
		unsigned faults;
		const char *log;
	} cases[] = { { 0, "FEATURES" },
		{ TLS_FAULT_NAME, "FAILED no-mechanism [] offered: PLAIN" } };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tls_facts facts = { .faults = cases[i].faults };
		struct xstream_cfg cfg = config();
		struct rig r;

		cfg.tls = XSTREAM_TLS_DIRECT;
		cfg.allow_plain_without_tls = false;
		assert_int_equal(rig_new(&r, &cfg), 0);
		rig_tls_up(&r, &facts);
		rig_push_str(&r, HEADER FEATURES(PLAIN));
		rig_expect("plain", "events", r.log, cases[i].log);
		rig_free(&r);
	}
}

static void a_stream_without_prefix_is_one_too(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_HEADER);
	rig_push_str(&r, "<stream xmlns='" NS_STREAM "' from='im.example.com' version='1.0'>"
			 "<features>" PLAIN "</features>");
	assert_string_equal(r.log, "OPENED im.example.com\nFEATURES mechanisms\n");
	rig_expect("prefix-free", "output", r.out, "<auth ");
	rig_free(&r);
}

static void versions_are_numbers(void **state)
{
	static const char *const good[] = { "1.0", "1.13", "01.00" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		char in[256];
		struct rig r;

		at(&r, STAGE_HEADER);
		snprintf(in, sizeof(in), HEADER_IN(NS_CLIENT, " version='%s'"), good[i]);
		rig_push_str(&r, in);
		assert_string_equal(xstream_state_name(r.x), "stream features");
		rig_free(&r);
	}
}

static void a_name_that_sasl_forbids_is_refused_here(void **state)
{
	struct xstream_cfg cfg = config();
	struct rig r;

	(void)state;
	cfg.password = SLICE("\xe2\x80\x8e"); /* U+200E: prohibited by RFC 4013 */
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_push_str(&r, HEADER FEATURES(SCRAM));
	rig_expect("saslprep", "events", r.log, "FAILED bad-credentials [] ");
	rig_free(&r);
}

/* RFC 6120 section 9.1, with the server's lines as they are there; PLAIN takes SCRAM's place, whose
 * nonce a test cannot choose. */
static void the_flow_of_section_9_1(void **state)
{
	static const struct tls_facts facts = { .version = "TLSv1.3" };
	struct xstream_cfg cfg = config();
	struct rig r;

	(void)state;
	cfg.tls = XSTREAM_TLS_REQUIRED;
	cfg.allow_plain_without_tls = false;
	cfg.presence = false;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_push_str(&r, "<stream:stream\n     from='im.example.com'\n"
			 "     id='t7AMCin9zjMNwQKDnplntZPIDEI='\n"
			 "     to='juliet@im.example.com'\n     version='1.0'\n"
			 "     xml:lang='en'\n     xmlns='jabber:client'\n"
			 "     xmlns:stream='http://etherx.jabber.org/streams'>\n");
	rig_push_str(&r, "<stream:features>\n     <starttls "
			 "xmlns='urn:ietf:params:xml:ns:xmpp-tls'>\n       <required/>\n"
			 "     </starttls>\n   </stream:features>\n");
	rig_push_str(&r, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
	assert_true(r.want_tls);
	rig_tls_up(&r, &facts);
	rig_push_str(&r,
		HEADER "<stream:features><mechanisms xmlns='" NS_SASL "'>\n"
		       "<mechanism>SCRAM-SHA-1-PLUS</mechanism>\n<mechanism>PLAIN</mechanism>\n"
		       "</mechanisms></stream:features>");
	rig_push_str(&r, SUCCESS);
	rig_push_str(&r, HEADER FEATURES(BIND));
	rig_push_str(&r, "<iq id='bind' type='result'>\n <bind "
			 "xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\n  <jid>\n"
			 "     juliet@im.example.com/balcony\n  </jid>\n </bind>\n</iq>\n");
	rig_push_str(&r,
		"<message from='romeo@example.net/orchard' id='ju2ba41c'\n"
		" to='juliet@im.example.com/balcony' type='chat' xml:lang='en'>\n"
		" <body>Neither, fair saint, if either thee dislike.</body>\n</message>\n");
	assert_string_equal(r.log,
		"OPENED im.example.com\nFEATURES starttls\nWANT_TLS\nOPENED im.example.com\n"
		"FEATURES mechanisms\nAUTHENTICATED PLAIN\nOPENED im.example.com\nFEATURES bind\n"
		"READY juliet@im.example.com/balcony\nSTANZA message ju2ba41c\n");
	xstream_close(r.x, r.now);
	rig_drain(&r);
	rig_push_str(&r, "<message id='late'/></stream:stream>");
	rig_expect("section 9.1", "events", r.log, "STANZA message late\nCLOSED\n");
	rig_expect("section 9.1", "output", r.out, "<starttls xmlns='" NS_TLS "'/>");
	rig_expect("section 9.1", "output", r.out, END);
	rig_free(&r);
}

static void ready_streams_pass_what_they_do_not_know(void **state)
{
	struct rig r;

	(void)state;
	at(&r, STAGE_READY);
	rig_push_str(&r, "<message id='1'/><r xmlns='urn:xmpp:sm:3'/><stream:features/> \n"
			 "<presence id='2'/><iq id='3' type='get'/>");
	assert_string_equal(r.log, "STANZA message 1\nSTANZA r \nSTANZA presence 2\nSTANZA iq 3\n");
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_that_are_none),
		cmocka_unit_test(starttls_that_fails),
		cmocka_unit_test(clear_bytes_behind_proceed_end_the_stream),
		cmocka_unit_test(tls_that_is_required_and_not_offered),
		cmocka_unit_test(no_features_at_all),
		cmocka_unit_test(features_that_lead_nowhere),
		cmocka_unit_test(sasl_failures),
		cmocka_unit_test(sasl_exchanges_that_go_wrong),
		cmocka_unit_test(binding_that_fails),
		cmocka_unit_test(the_end_of_the_flow_in_every_state),
		cmocka_unit_test(time_runs_out_in_every_state),
		cmocka_unit_test(ill_formed_xml_in_every_state),
		cmocka_unit_test(the_servers_end_in_every_state),
		cmocka_unit_test(every_stream_error_is_read_in_every_state),
		cmocka_unit_test(stream_errors_of_other_shapes),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(what_needs_no_answer_goes_out_at_once),
		cmocka_unit_test(starttls_does_not_wait_for_the_offer_where_it_is_required),
		cmocka_unit_test(starttls_that_went_ahead_can_fail_in_all_the_same_ways),
		cmocka_unit_test(a_session_is_asked_for_only_if_required),
		cmocka_unit_test(the_server_may_choose_the_resource),
		cmocka_unit_test(the_address_is_told_under_tls_only),
		cmocka_unit_test(direct_tls_waits_for_tls),
		cmocka_unit_test(plain_is_for_verified_tls_only),
		cmocka_unit_test(a_stream_without_prefix_is_one_too),
		cmocka_unit_test(versions_are_numbers),
		cmocka_unit_test(a_name_that_sasl_forbids_is_refused_here),
		cmocka_unit_test(the_flow_of_section_9_1),
		cmocka_unit_test(ready_streams_pass_what_they_do_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
