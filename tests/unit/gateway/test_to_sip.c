/* XMPP to SIP MESSAGE: one client transaction a stanza, one pending a URI, and what comes back. */
#include "scene.h"

#define TO_PILAR "adelany@contoso.test/desk", P_LITWARE

static void assert_slice(struct slice got, const char *want)
{
	char text[1024];

	assert_true(slice_cstr(got, text, sizeof(text)));
	assert_string_equal(text, want);
}

/* The error that the server got as number i. */
static void assert_error(unsigned i, const char *id, const char *condition)
{
	assert_true(i < s.n_got);
	assert_string_equal(s.got[i].id, id);
	assert_holds(s.got[i].text, "type='error'");
	assert_holds(s.got[i].text, condition);
}

/* What a server takes of a stranger in half a MiB, it writes to us with each quote as six bytes. */
static void a_tag_that_was_escaped_on_the_way_does_not_end_the_stream(void **state)
{
	struct buf b;

	(void)state;
	start_connected();
	buf_init(&b, 4 << 20);
	buf_puts(&b, "<message from='adelany@contoso.test' to='pilar@litware.test' id='q'><a b='");
	for (unsigned i = 0; i < 500000; i++)
		buf_puts(&b, "&quot;");
	buf_puts(&b, "'/></message>");
	assert_int_equal(buf_err(&b), 0);
	for (struct slice rest = buf_slice(&b); rest.n; rest = slice_skip(rest, 65536))
		push((struct fact){ .type = FACT_FLOW_BYTES,
			.flow = s.stream_flow,
			.bytes = slice_cut(rest, 0, 65536) });
	buf_done(&b);
	assert_true(gateway_is_up(s.g));
	assert_error(s.n_got - 1, "q", "<policy-violation");
}

/* ---- the request ---- */

static void a_stanza_becomes_a_message_to_the_next_hop(void **state)
{
	(void)state;
	start_connected();
	from_xmpp("<message from='adelany@contoso.test/desk' to='pilar@litware.test/gruu' id='m1' "
		  "type='chat' xml:lang='en'><subject>S</subject><thread>T1</thread>"
		  "<body>hello</body></message>");
	const struct sip_msg *m = decode_sent(0);
	assert_int_equal(m->method, SIP_METHOD_MESSAGE);
	assert_slice(m->ruri_text, "sip:pilar@litware.test;gr=gruu");
	assert_slice(m->to.text, "<sip:pilar@litware.test;gr=gruu>");
	assert_slice(m->from.uri_text, "sip:adelany@contoso.test;gr=desk");
	assert_int_equal(m->from.tag.n, 10);
	assert_slice(m->call_id, "T1");
	assert_int_equal(m->max_forwards, 70);
	assert_slice(m->via.host, "127.0.0.1"); /* the socket that it leaves from */
	assert_int_equal(m->via.port, 5070);
	assert_true(m->via.has_rport);
	assert_slice(m->body, "hello");
	assert_slice(sip_msg_value(m, SIP_HDR_SUBJECT), "S");
	assert_slice(sip_msg_value(m, SIP_HDR_CONTENT_LANGUAGE), "en");
	assert_null(sip_msg_value(m, SIP_HDR_CONTACT).p);
	assert_true(addr_eq(&s.sent[0].peer, &pool));
	assert_int_equal(s.sent[0].listener, 1);
	assert_int_equal(s.sent[0].flow, 0);
}

/* The end of the branch is made from the id, its start names the transaction. */
static void stox_im_4_id_transaction(void **state)
{
	static const char *const ids[] = { "a", "b", "a" };
	char branch[3][64];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 3; i++) {
		char to[64];

		snprintf(to, sizeof(to), "p%u@litware.test", i);
		xmpp_message("adelany@contoso.test", to, ids[i], "x");
		assert_true(slice_cstr(decode_sent(i)->via.branch, branch[i], sizeof(branch[i])));
		assert_int_equal(strlen(branch[i]), 7 + 16 + 16);
		assert_memory_equal(branch[i], "z9hG4bK", 7);
	}
	assert_string_equal(branch[0] + 23, branch[2] + 23);
	assert_string_not_equal(branch[0] + 23, branch[1] + 23);
	assert_string_not_equal(branch[0], branch[2]);
}

/* Several messages of one thread have one Call-ID, so CSeq counts up: RFC 3261 section 8.1.1.5. */
static void messages_of_a_thread_count_up(void **state)
{
	uint32_t last = 0;

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 3; i++) {
		from_xmpp("<message from='adelany@contoso.test' to='pilar@litware.test'>"
			  "<thread>T</thread><body>x</body></message>");
		const struct sip_msg *m = decode_sent(i);
		assert_slice(m->call_id, "T");
		assert_true(m->cseq > last);
		last = m->cseq;
		respond(i, "200 OK");
	}
}

/* ---- its outcome ---- */

static void a_final_2xx_is_the_end(void **state)
{
	static const char *const finals[] = { "200 OK", "202 Accepted" };

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(finals); i++) {
		xmpp_message(TO_PILAR, "m", "x");
		respond(i, "100 Trying");
		respond(i, finals[i]);
		assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, i + 1);
	}
	pass(TS_S(64));
	assert_int_equal(s.n_sent, 2);
	assert_int_equal(s.n_got, 0); /* nobody asked for a receipt */
}

static void stox_im_4_fork_single_200(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(TO_PILAR, "m", "x");
	respond(0, "200 OK");
	respond(0, "200 OK");
	respond(0, "404 Not Found");
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
	assert_int_equal(s.n_got, 0);
}

static void a_failure_goes_back_to_the_sender(void **state)
{
	(void)state;
	start_connected();
	xmpp_message("adelany@contoso.test/desk", "Pilar@litware.test/x", "m&amp;1", "x");
	respond(0, "404 Not Found");
	assert_int_equal(s.n_got, 1);
	/* The addresses are as the sender wrote them. */
	assert_string_equal(s.got[0].from, "Pilar@litware.test/x");
	assert_string_equal(s.got[0].to, "adelany@contoso.test/desk");
	assert_error(0, "m&1", "<item-not-found ");
	assert_holds(s.got[0].text, ">Not Found</text>");
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, 1);
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 0);
}

static void gw_privacy_service_unavailable(void **state)
{
	(void)state;
	s.cfg.privacy = true;
	start_connected();
	xmpp_message(TO_PILAR, "m", "x");
	respond(0, "404 Not Found");
	assert_error(0, "m", "<service-unavailable ");
	assert_lacks(s.got[0].text, "Not Found");
}

/* RFC 3261 section 17.1.2.2: timer E at 0.5, 1.5, 3.5, 7.5 ... 31.5 s, timer F at 32 s. */
static void without_an_answer_it_is_repeated_and_then_times_out(void **state)
{
	static const unsigned at_ms[] = { 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
		31500 };
	ts_t begin;

	(void)state;
	start_connected();
	begin = s.now;
	xmpp_message(TO_PILAR, "m", "x");
	for (unsigned i = 0; i < COUNT(at_ms); i++) {
		pass(begin + TS_MS(at_ms[i]) - s.now - 1);
		assert_int_equal(s.n_sent, i + 1);
		pass(1);
		assert_int_equal(s.n_sent, i + 2);
		assert_string_equal(s.sent[i + 1].text, s.sent[0].text);
	}
	pass(begin + TS_S(32) - s.now - 1);
	assert_int_equal(s.n_got, 0);
	pass(1);
	assert_error(0, "m", "<remote-server-timeout ");
	assert_int_equal(s.n_sent, 11);
	respond(0, "200 OK"); /* too late */
	assert_int_equal(s.n_got, 1);
}

static void a_response_of_no_transaction_is_nothing(void **state)
{
	static const char *const others[] = {
		"branch=z9hG4bK00000000deadbeefdeadbeefdeadbeef;",
		"branch=z9hG4bK0000000100000000deadbeefdeadbeef;",
		"branch=z9hG4bKffffffff000000000000000000000000;",
		"branch=z9hG4bKxyz;",
		"branch=1;",
	};
	char text[SCENE_TEXT_MAX];

	(void)state;
	start_connected();
	xmpp_message(TO_PILAR, "m", "x");
	for (size_t i = 0; i < COUNT(others); i++) {
		snprintf(text, sizeof(text),
			"SIP/2.0 404 Not Found\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;%srport\r\n"
			"From: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=2\r\nCall-ID: c\r\n"
			"CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
			others[i]);
		sip(text);
		assert_int_equal(s.n_got, 0);
	}
	/* The method is part of the match: RFC 3261 section 17.1.3. */
	assert_true(slice_cstr(slice_str(response_to(0, "404 Not Found", "")), text, sizeof(text)));
	exchange(text, "MESSAGE\r\n", "OPTIONS\r\n");
	sip(text);
	assert_int_equal(s.n_got, 0);
	datagram_from(&stranger, response_to(0, "404 Not Found", ""));
	assert_int_equal(s.n_got, 0);
	respond(0, "404 Not Found");
	assert_int_equal(s.n_got, 1);
}

/* ---- the order ---- */

static void im3428_8_one_pending_per_uri(void **state)
{
	(void)state;
	start_connected();
	xmpp_message("adelany@contoso.test", P_LITWARE, "1", "one");
	xmpp_message("amy@fabrikam.test", P_LITWARE, "2", "two"); /* whoever it is from */
	xmpp_message("adelany@contoso.test", P_LITWARE, "3", "three");
	assert_int_equal(s.n_sent, 1);
	xmpp_message("adelany@contoso.test", "kenmyer@litware.test", "4", "four");
	xmpp_message("adelany@contoso.test", P_LITWARE "/gruu", "5", "five");
	assert_int_equal(s.n_sent, 3); /* other URIs */
	respond(0, "100 Trying");
	assert_int_equal(s.n_sent, 3);
	respond(0, "200 OK");
	assert_int_equal(s.n_sent, 4);
	assert_slice(decode_sent(3)->body, "two");
	respond(3, "486 Busy Here"); /* a failure is an end too */
	assert_int_equal(s.n_sent, 5);
	assert_slice(decode_sent(4)->body, "three");
	respond(4, "200 OK");
	assert_int_equal(s.n_sent, 5);
}

/* Message number i of a queue; true when it waits or goes out. */
static bool waits(const char *from, unsigned i)
{
	const unsigned got = s.n_got;
	char id[16];

	snprintf(id, sizeof(id), "m%u", i);
	xmpp_message(from, P_LITWARE, id, "x");
	if (s.n_got == got)
		return true;
	assert_error(got, id, "<resource-constraint ");
	assert_holds(s.got[got].text, "<error type='wait'>");
	return false;
}

static void a_sender_and_a_domain_have_a_share_of_a_receivers_places(void **state)
{
	static const struct {
		const char *from;
		unsigned places;
		const char *text;
	} cases[] = {
		{ "eve@contoso.test/x", 16, "Too many of your messages wait for this receiver" },
		{ "EVE@contoso.test/other", 0, "Too many of your messages wait for this receiver" },
		{ "ann@contoso.test", 16, "Too many of your messages wait for this receiver" },
		{ A_CONTOSO, 0, "Too many messages of your domain wait for this receiver" },
		{ A_FABRIKAM, 16, "Too many of your messages wait for this receiver" },
		{ "bob@fabrikam.test", 16, "Too many messages wait for this receiver" },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		unsigned n = 0;

		while (waits(cases[i].from, n))
			n++;
		print_message("case: %s\n", cases[i].from);
		assert_int_equal(n, cases[i].places);
		assert_holds(s.got[s.n_got - 1].text, cases[i].text);
	}
	xmpp_message("eve@contoso.test/x", "kenmyer@litware.test", "other", "x");
	assert_int_equal(s.n_sent, 2); /* another receiver's places are others */
	respond(0, "200 OK");
	assert_true(waits("eve@contoso.test/x", 99));
}

/* However many wait before it, and though each of them may take as long as timer F. */
static void a_sender_hears_in_time_whatever_waits_before(void **state)
{
	const ts_t begin = TS_S(1000);

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 3; i++)
		assert_true(waits(A_CONTOSO, i));
	pass(TS_S(20));
	assert_true(waits(A_FABRIKAM, 3));
	pass(begin + TS_S(32) - s.now);
	assert_error(0, "m0", "<remote-server-timeout ");
	assert_holds(s.got[0].text, "did not answer in time");
	assert_int_equal(s.n_got, 1);
	pass(begin + TS_S(38) - s.now);
	assert_int_equal(s.n_got, 3);
	assert_error(1, "m1", "<remote-server-timeout ");
	assert_holds(s.got[1].text, "did not answer in time"); /* it was sent, 6 s before */
	assert_error(2, "m2", "<remote-server-timeout ");
	assert_holds(s.got[2].text, "It was not sent");
	respond(s.n_sent - 1, "200 OK"); /* the receiver is back: who came later has his turn */
	pass(TS_S(60));
	assert_int_equal(s.n_got, 3);
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
}

/* ---- what is not sent ---- */

static void refusals_name_their_cause(void **state)
{
	static const struct {
		const char *name, *stanza, *condition;
	} cases[] = {
		{ "gw_partner_default_deny",
			"<message from='x@stranger.test' to='pilar@litware.test' id='e'>"
			"<body>x</body></message>",
			"<policy-violation " },
		{ "both ours",
			"<message from='kenmyer@second.test' to='pilar@litware.test' id='e'>"
			"<body>x</body></message>",
			"<policy-violation " },
		{ "the gateway itself",
			"<message from='adelany@contoso.test' to='litware.test' id='e'>"
			"<body>x</body></message>",
			"<service-unavailable " },
		{ "an address that has no form in SIP",
			"<message from='adelany@contoso.test' to='a\\5cb@litware.test' id='e'>"
			"<body>x</body></message>",
			"<jid-malformed " },
		{ "gw_groupchat_refused",
			"<message from='r@contoso.test/n' to='pilar@litware.test' id='e' "
			"type='groupchat'><body>x</body></message>",
			"<feature-not-implemented " },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		from_xmpp(cases[i].stanza);
		assert_int_equal(s.n_got, i + 1);
		assert_error(i, "e", cases[i].condition);
		assert_int_equal(gateway_stats(s.g)->xmpp_refused, i + 1);
	}
	assert_int_equal(s.n_sent, 0);
}

/* One server's address is none for another: who wrote to it hears that, from the domain. */
static void a_receiver_that_is_no_address_is_told(void **state)
{
	static const char *const receivers[] = { "a b@litware.test", "a\u0627@litware.test",
		"@litware.test", "pilar@litware.test/", "pilar@litware.test/a&#9;b",
		"litware.test/&#9;" };
	char text[512];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(receivers); i++) {
		xmpp_message("adelany@contoso.test/r", receivers[i], "e", "x");
		print_message("to: %s\n", receivers[i]);
		assert_int_equal(s.n_got, i + 1);
		assert_string_equal(s.got[i].from, "litware.test");
		assert_holds(s.got[i].text, "<jid-malformed ");
		snprintf(text, sizeof(text),
			"<message from='adelany@contoso.test/r' to='%s'><active "
			"xmlns='http://jabber.org/protocol/chatstates'/></message>",
			receivers[i]);
		from_xmpp(text);
		assert_int_equal(s.n_got, i + 1);
	}
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, COUNT(receivers));
	assert_int_equal(gateway_stats(s.g)->xmpp_silent, COUNT(receivers));
	assert_int_equal(gateway_stats(s.g)->xmpp_dropped, 0);
}

/* stox_im_6_over_1300_policy_violation, im3428_8_size_1300 */
static void assert_may_not_write(const char *from, const char *to, const char *id)
{
	const unsigned n = s.n_got, sent = s.n_sent;

	xmpp_message(from, to, id, "x");
	assert_int_equal(s.n_sent, sent);
	assert_int_equal(s.n_got, n + 1);
	assert_error(n, id, "policy-violation");
	assert_holds(s.got[n].text, "may not write first");
}

/* Lync: a stranger of a public network may answer, and that is all. */
static void gw_partner_type_public_unverified_contact_first(void **state)
{
	static const char mail[] = "x@mail.test", other[] = "y@mail.test";

	(void)state;
	assert_int_equal(
		partners_add(s.partners, SLICE("mail.test"), PARTNER_PUBLIC_UNVERIFIED), 0);
	start_connected();
	assert_may_not_write(mail, P_LITWARE, "1");
	send_message("a", "x@mail.test;gr=phone");
	xmpp_message("X@mail.test/desk", "Pilar@litware.test", "2", "x"); /* whatever device */
	assert_int_equal(s.n_sent, 1);
	assert_may_not_write(other, P_LITWARE, "3");
	assert_may_not_write(mail, "kenmyer@litware.test", "4");
	respond(0, "200 OK");
	s.now += TS_S(30 * 86400);
	wake();
	assert_may_not_write(mail, P_LITWARE, "5");
}

static void what_was_refused_makes_no_contact(void **state)
{
	(void)state;
	assert_int_equal(
		partners_add(s.partners, SLICE("mail.test"), PARTNER_PUBLIC_UNVERIFIED), 0);
	start_connected();
	sip(request("1", "x@mail.test", P_LITWARE, "Content-Type: image/png\r\n", "x"));
	assert_int_equal(status_of("1"), 415);
	assert_may_not_write("x@mail.test", P_LITWARE, "1");
}

static void a_long_message_is_refused(void **state)
{
	char body[1301];

	(void)state;
	start_connected();
	memset(body, 'x', 1300);
	body[1300] = '\0';
	xmpp_message(TO_PILAR, "long", body);
	assert_error(0, "long", "<policy-violation ");
	assert_int_equal(s.n_sent, 0);
	body[700] = '\0';
	xmpp_message(TO_PILAR, "short", body);
	assert_int_equal(s.n_sent, 1);
}

static void some_stanzas_have_no_answer(void **state)
{
	static const struct {
		const char *name, *stanza;
	} cases[] = {
		{ "gw_no_error_for_error",
			"<message from='adelany@contoso.test' to='pilar@litware.test' type='error'>"
			"<body>x</body></message>" },
		{ "an error of a stranger",
			"<message from='x@stranger.test' to='pilar@litware.test' type='error'/>" },
		{ "a chat state",
			"<message from='adelany@contoso.test' to='pilar@litware.test' id='c'>"
			"<active xmlns='http://jabber.org/protocol/chatstates'/></message>" },
		{ "presence", "<presence from='adelany@contoso.test' to='pilar@litware.test'/>" },
		{ "the end of a subscription",
			"<presence from='adelany@contoso.test' to='pilar@litware.test' "
			"type='unsubscribe'/>" },
		{ "an error of presence",
			"<presence from='adelany@contoso.test' to='pilar@litware.test' "
			"type='error'/>" },
		{ "a result that nobody asked for",
			"<iq from='adelany@contoso.test' to='pilar@litware.test' type='result' "
			"id='x'/>" },
		{ "a message to a domain that is not ours",
			"<message from='adelany@contoso.test' to='x@stranger.test'><body>x</body>"
			"</message>" },
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		from_xmpp(cases[i].stanza);
		assert_int_equal(s.n_got, 0);
		assert_int_equal(s.n_sent, 0);
	}
	/* Each is counted, and those that are no error have a line. */
	assert_int_equal(gateway_stats(s.g)->stray_errors, 2);
	assert_int_equal(gateway_stats(s.g)->xmpp_silent, 5);
	assert_int_equal(gateway_stats(s.g)->xmpp_dropped, 1);
	assert_holds(s.events,
		"log debug xmpp needs-no-answer from=adelany@contoso.test cause=\"a message "
		"without text that needs no answer\" n=1");
	assert_holds(s.events, "cause=\"presence that needs no answer\" n=1");
	assert_holds(s.events, "cause=\"a reply that nobody asked for\" n=1");
	assert_holds(s.events,
		"log warning xmpp wrong-stanza from=adelany@contoso.test cause=\"a message "
		"to a domain that is not ours\" n=1");
}

#define HOLDS(id, inner)                                                                           \
	"<message from='adelany@contoso.test/pc' to='pilar@litware.test' id='" id "'>" inner       \
	"</message>"

/* RFC 6120 section 8.3.1: each time where a person misses it, once where it comes in floods. */
static void what_has_no_text_is_answered(void **state)
{
	static const char call[] =
		HOLDS("c", "<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>");
	static const char reaction[] =
		HOLDS("r", "<reactions xmlns='urn:xmpp:reactions:0' id='1'/>");
	unsigned n = 0;

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 3; i++) {
		from_xmpp(call);
		assert_error(n++, "c", "<feature-not-implemented ");
		from_xmpp(reaction);
		n += i == 0;
		assert_int_equal(s.n_got, n);
	}
	assert_error(1, "r", "Reactions are not carried to SIP");
	assert_int_equal(gateway_stats(s.g)->xmpp_dropped, 2);
	assert_holds(s.events, "log info xmpp dropped from=adelany@contoso.test "
			       "cause=\"Reactions are not carried to SIP\" n=1");
	pass(TS_S(3601)); /* another conversation */
	from_xmpp(reaction);
	assert_error(n, "r", "Reactions are not carried to SIP");
	assert_int_equal(s.n_sent, 0);
}

/* RFC 6121 sections 3.1.3 and 4.3.2: an ask that nobody answers hangs in both rosters. */
static void presence_is_declined(void **state)
{
	static const char *const types[] = { "subscribe", "probe" };

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(types); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"<presence from='adelany@contoso.test/pc' to='pilar@litware.test/x' "
			"type='%s' id='p'/>",
			types[i]);
		from_xmpp(text);
		assert_int_equal(s.n_got, i + 1);
		assert_holds(s.got[i].text, "type='unsubscribed'");
		assert_string_equal(s.got[i].from, "pilar@litware.test");
		assert_string_equal(s.got[i].to, "adelany@contoso.test");
		assert_string_equal(s.got[i].id, "p");
	}
	from_xmpp("<presence from='adelany@contoso.test' to='x@stranger.test' type='subscribe'/>");
	assert_int_equal(s.n_got, 2); /* not ours to say */
}

/* ---- the stream breaks ---- */

static void a_message_goes_on_though_its_stream_broke(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(TO_PILAR, "1", "x");
	xmpp_message(TO_PILAR, "2", "y");
	break_stream();
	respond(0, "404 Not Found"); /* nobody is there to be told yet */
	assert_int_equal(s.n_sent, 2);
	assert_slice(decode_sent(1)->body, "y");
	pass(TS_S(2));
	connect_server();
	respond(1, "404 Not Found"); /* on the new one */
	assert_int_equal(s.n_got, 2);
	assert_error(0, "1", "<item-not-found ");
	assert_error(1, "2", "<item-not-found ");
}

/* ---- out of memory ---- */

static void without_memory_the_sender_is_told_or_it_goes_out(void **state)
{
	char id[32], to[64], text[512];
	unsigned refused = 0;

	(void)state;
	start_connected();
	for (long n = 0; n < 30; n++) {
		unsigned sent = s.n_sent, got = s.n_got;

		snprintf(id, sizeof(id), "oom%ld", n);
		snprintf(to, sizeof(to), "p%ld@litware.test", n);
		snprintf(text, sizeof(text),
			"<message from='adelany@contoso.test' to='%s' id='%s'><body>x</body>"
			"</message>",
			to, id);
		push_short_of_memory(of_stream(text), n);
		if (!gateway_is_up(s.g)) { /* the stream itself was out of memory */
			pass(TS_S(60));
			connect_server();
			refused++;
			continue;
		}
		if (s.n_sent == sent && s.n_got == got)
			pass(TS_MS(500)); /* lost as a datagram may be: timer E repeats it */
		assert_int_equal(s.n_sent - sent + (s.n_got - got), 1);
		refused += s.n_got > got;
		if (s.n_sent > sent)
			respond(sent, "200 OK");
	}
	assert_in_range(refused, 1, 29);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_stanza_becomes_a_message_to_the_next_hop),
		SCENE(stox_im_4_id_transaction),
		SCENE(messages_of_a_thread_count_up),
		SCENE(a_final_2xx_is_the_end),
		SCENE(stox_im_4_fork_single_200),
		SCENE(a_failure_goes_back_to_the_sender),
		SCENE(gw_privacy_service_unavailable),
		SCENE(without_an_answer_it_is_repeated_and_then_times_out),
		SCENE(a_response_of_no_transaction_is_nothing),
		SCENE(im3428_8_one_pending_per_uri),
		SCENE(a_sender_and_a_domain_have_a_share_of_a_receivers_places),
		SCENE(a_sender_hears_in_time_whatever_waits_before),
		SCENE(refusals_name_their_cause),
		SCENE(a_receiver_that_is_no_address_is_told),
		SCENE(gw_partner_type_public_unverified_contact_first),
		SCENE(what_was_refused_makes_no_contact),
		SCENE(a_long_message_is_refused),
		SCENE(some_stanzas_have_no_answer),
		SCENE(what_has_no_text_is_answered),
		SCENE(presence_is_declined),
		SCENE(a_tag_that_was_escaped_on_the_way_does_not_end_the_stream),
		SCENE(a_message_goes_on_though_its_stream_broke),
		SCENE(without_memory_the_sender_is_told_or_it_goes_out),
	};

	return cmocka_run_group_tests_name("to_sip", tests, NULL, NULL);
}
