/* Nothing that comes over SIP vanishes: it is carried, answered, or counted with a line that names
 * peer and cause. */
#include "base/tally.h"

#include <stdlib.h>

#include "gateway/peers.h"
#include "scene.h"

/* ---- what is nearly right ---- */

struct near {
	const char *name, *from, *to, *call_id, *cseq, *more;
	int status; /* 0: it is carried */
	const char *phrase;
};

static const char *near_text(const struct near *n, const char *transport)
{
	static char text[4096];

	snprintf(text, sizeof(text),
		"MESSAGE sip:adelany@contoso.test SIP/2.0\r\n"
		"Via: SIP/2.0/%s 127.0.0.1:5060;branch=z9hG4bKn;x=\"a , b\"\r\n"
		"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s MESSAGE\r\n%s"
		"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi",
		transport, n->from ? n->from : "<sip:pilar@litware.test>;tag=1",
		n->to ? n->to : "<sip:adelany@contoso.test>", n->call_id ? n->call_id : "c1",
		n->cseq ? n->cseq : "1", n->more ? n->more : "");
	return text;
}

#define PILAR "<sip:pilar@litware.test>;tag=1"

static const struct near nears[] = {
	{ .name = "a comma in a display name", .from = "Ackerman, Pilar " PILAR },
	{ .name = "brackets in one", .from = "Pilar (Sales) [x] " PILAR },
	{ .name = "@ in one", .from = "pilar@litware.test " PILAR },
	{ .name = "one of bytes", .from = "Andr\xe9 \xff " PILAR },
	{ .name = "a comma in To's", .to = "Delany, Adele <sip:adelany@contoso.test>" },
	{ .name = "blanks inside <>", .from = "< sip:pilar@litware.test >;tag=1" },
	{ .name = "a URI that ends with ;", .from = "<sip:pilar@litware.test;a=b;>;tag=1" },
	{ .name = "parameters that are empty", .from = "<sip:pilar@litware.test;;a=>;;tag=1;" },
	{ .name = "# in a user", .from = "<sip:PBX#90@litware.test>;tag=1" },
	{ .name = "UTF-8 in a user", .from = "<sip:j\xc3\xbcrg@litware.test>;tag=1" },
	{ .name = "a Call-ID with two @", .call_id = "1-20@192.0.2.5@192.0.2.5:5060" },
	{ .name = "a Call-ID with =", .call_id = "aGVsbG8=@host" },
	{ .name = "a Call-ID with #", .call_id = "a#b$1" },
	{ .name = "a Call-ID with ;", .call_id = "a;b" },
	{ .name = "a Call-ID of bytes", .call_id = "\xff\xfe" },
	{ .name = "an empty tag in To", .to = "<sip:adelany@contoso.test>;tag=" },
	{ .name = "an empty tag in From", .from = "<sip:pilar@litware.test>;tag=" },
	{ .name = "the greatest CSeq", .cseq = "4294967295" },
	{ .name = "what is not needed is broken",
		.more = "Contact: \"x <sip:;;>\r\nDate: now\r\nExpires: -1\r\nRoute: ,,<\r\n"
			"User-Agent: \"\r\nReply-To: <\r\nAccept: ;;\r\nP-Asserted-Identity: "
			",\r\n" },
	{ .name = "an unknown scheme",
		.from = "<news:pilar@litware.test>;tag=1",
		.status = 400,
		.phrase = "Bad From Address" },
	{ .name = "a number",
		.from = "<tel:+12015550123>;tag=1",
		.status = 400,
		.phrase = "Bad From Address" },
	{ .name = "no scheme",
		.from = "pilar@litware.test;tag=1",
		.status = 400,
		.phrase = "Bad From: a URI without a scheme" },
	{ .name = "quotes without an end",
		.from = "\"Pilar " PILAR,
		.status = 400,
		.phrase = "Bad From: a quoted string without its end" },
	{ .name = "two addresses",
		.from = "<sip:pilar@litware.test>, <sip:x@litware.test>",
		.status = 400,
		.phrase = "Bad From: something that is no parameter behind the value" },
	{ .name = "two tags",
		.from = PILAR ";tag=2",
		.status = 400,
		.phrase = "Bad From: a tag that stands twice" },
	{ .name = "an IPv6 address without brackets",
		.from = "<sip:pilar@2001:db8::1>;tag=1",
		.status = 400,
		.phrase = "Bad From: a malformed host name" },
	{ .name = "To is none",
		.to = "adele",
		.status = 400,
		.phrase = "Bad To: a URI without a scheme" },
	{ .name = "an empty Call-ID", .call_id = "", .status = 400, .phrase = "Call-ID is empty" },
	{ .name = "a CSeq of 33 bits",
		.cseq = "4294967296",
		.status = 400,
		.phrase = "CSeq is not 0 to 4294967295" },
	{ .name = "a negative CSeq",
		.cseq = "-1",
		.status = 400,
		.phrase = "CSeq is not 0 to 4294967295" },
	{ .name = "a line that ends with LF",
		.more = "X-If: ens3\n",
		.status = 400,
		.phrase = "Bad X-If: a line that ends without CR" },
	{ .name = "a control character",
		.more = "X-If: \x1b[31m\r\n",
		.status = 400,
		.phrase = "Bad X-If: a control character in a header" },
	{ .name = "From twice",
		.more = "f: " PILAR "\r\n",
		.status = 400,
		.phrase = "From stands twice" },
	{ .name = "a line without a colon",
		.more = "X-If\r\n",
		.status = 400,
		.phrase = "a header line without a name and a colon" },
	{ .name = "Max-Forwards of words",
		.more = "Max-Forwards: many\r\n",
		.status = 400,
		.phrase = "Max-Forwards is not 0 to 255" },
};

static void near_is_carried_or_answered(const struct near *n)
{
	const unsigned got = s.n_got, sent = s.n_sent;
	char line[256];

	print_message("case: %s\n", n->name);
	s.events[0] = '\0';
	sip(near_text(n, "UDP"));
	if (n->status == 0) {
		assert_int_equal(s.n_got, got + 1);
		wake();
		pong(s.n_got - 1);
		snprintf(line, sizeof(line), "SIP/2.0 202 ");
	} else {
		assert_int_equal(s.n_got, got);
		snprintf(line, sizeof(line), "SIP/2.0 %d %s\r\n", n->status, n->phrase);
	}
	assert_int_equal(s.n_sent, sent + 1);
	assert_holds(s.sent[sent].text, line);
	/* A strict proxy finds its request by these: they are the same bytes. */
	assert_holds(s.sent[sent].text,
		"\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKn;x=\"a , b\"\r\n");
	snprintf(line, sizeof(line), "\r\nCSeq: %s MESSAGE\r\n", n->cseq ? n->cseq : "1");
	assert_holds(s.sent[sent].text, line);
	if (n->from) {
		snprintf(line, sizeof(line), "\r\nFrom: %s\r\n", n->from);
		assert_holds(s.sent[sent].text, line);
	}
	if (n->call_id && *n->call_id) {
		snprintf(line, sizeof(line), "\r\nCall-ID: %s\r\n", n->call_id);
		assert_holds(s.sent[sent].text, line);
	}
}

static void what_is_nearly_right_is_carried_or_400_that_says_why(void **state)
{
	for (size_t i = 0; i < COUNT(nears); i++) {
		scene_tear_down(state);
		scene_reset();
		start_connected();
		near_is_carried_or_answered(&nears[i]);
	}
}

static void an_empty_tag_gives_place_to_ours(void **state)
{
	(void)state;
	start_connected();
	sip(near_text(&(struct near){ .to = "<sip:a@stranger.test>;x=y;tag=;z", .more = "X\r\n" },
		"UDP"));
	assert_holds(s.sent[0].text, "\r\nTo: <sip:a@stranger.test>;x=y;z;tag=");
}

/* ---- CANCEL: RFC 3261 section 9.2 ---- */

static const char *cancel(const char *branch)
{
	static char text[1024];

	snprintf(text, sizeof(text),
		"CANCEL sip:adelany@contoso.test SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:5060;branch=%s\r\nFrom: "
		"<sip:pilar@litware.test>;tag=1\r\n"
		"To: <sip:adelany@contoso.test>\r\nCall-ID: c1\r\nCSeq: 1 CANCEL\r\n"
		"Content-Length: 0\r\n\r\n",
		branch);
	return text;
}

static void a_cancel_is_200_and_changes_nothing(void **state)
{
	static const char *const branches[] = { "z9hG4bK1", "of-rfc-2543" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		char text[2048], tag[32];

		scene_tear_down(state);
		scene_reset();
		start_connected();
		assert_true(slice_cstr(slice_str(request("1", A_CONTOSO, P_LITWARE, "", "hi")),
			text, sizeof(text)));
		if (i)
			snprintf(strstr(text, "z9hG4bK1"), 1024, "%s",
				strstr(near_text(&(struct near){ 0 }, "UDP"), "z9hG4bKn"));
		if (i)
			exchange(text, "z9hG4bKn", "of-2543x");
		sip(text);
		sip(cancel(i ? "of-2543x;x=\"a , b\"" : branches[i]));
		assert_int_equal(s.n_sent, 1);
		assert_holds(s.sent[0].text, "SIP/2.0 200 OK\r\n");
		assert_holds(s.sent[0].text, "\r\nCSeq: 1 CANCEL\r\n");
		assert_true(slice_cstr(decode_sent(0)->to.tag, tag, sizeof(tag)));
		wake();
		pong(1);
		assert_int_equal(s.n_sent, 2);
		assert_int_equal(decode_sent(1)->status, 202);
		assert_true(slice_eqs(decode_sent(1)->to.tag, tag));
		/* It is finished, and still there. */
		sip(cancel(i ? "of-2543x;x=\"a , b\"" : branches[i]));
		assert_int_equal(decode_sent(2)->status, 200);
		sip(cancel("z9hG4bKother"));
		assert_int_equal(decode_sent(3)->status, 481);
		pass(TS_S(40)); /* timer J */
		sip(cancel(i ? "of-2543x;x=\"a , b\"" : branches[i]));
		assert_int_equal(decode_sent(4)->status, 481);
	}
}

/* ---- lines ---- */

static unsigned n_lines(const char *part)
{
	unsigned n = 0;

	for (const char *at = s.events; (at = strstr(at, part)); at++)
		n++;
	return n;
}

static void assert_line(const char *line)
{
	if (n_lines(line) != 1)
		fail_msg("`%s` is %u times in: %s", line, n_lines(line), s.events);
}

static void a_stranger_is_told_once_and_then_counted(void **state)
{
	(void)state;
	start_connected();
	for (unsigned i = 0; i < 100; i++)
		datagram_from(&stranger, request("1", A_CONTOSO, P_LITWARE, "", "hi"));
	assert_int_equal(n_lines("sip untrusted"), 1);
	assert_line("log warning sip untrusted peer=192.0.2.9 cause=\"a datagram, and not in "
		    "trusted_peers\" advice=\"if it is one of your proxies, name its address in "
		    "gateway.sip.trusted_peers\"\n");
	pass(TS_S(61));
	assert_int_equal(n_lines("sip untrusted"), 2);
	assert_line("cause=\"a datagram, and not in trusted_peers\" more=99\n");
	assert_int_equal(s.n_sent, 0);
}

/* What was counted and not told is told at the end. */
static void the_last_number_comes_with_the_stop(void **state)
{
	(void)state;
	start_connected();
	for (unsigned i = 0; i < 3; i++)
		datagram_from(&stranger, "x");
	push((struct fact){ .type = FACT_STOP });
	pass(TS_S(10));
	assert_line(" more=2\n");
}

static void each_cause_has_its_line(void **state)
{
	static const struct {
		bool is_stranger;
		const char *text, *line;
	} rows[] = {
		{ false, "garbage\r\n\r\n",
			"log warning sip malformed peer=127.0.0.1 cause=\"a start line that is not "
			"SIP's\" method=\"\" offset=7\n" },
		{ false, "MESSAGE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nX-If: a\nTo: b\r\n\r\n",
			"log warning sip malformed peer=127.0.0.1 cause=\"a line that ends without "
			"CR\" "
			"field=X-If method=MESSAGE offset=52 answer=400\n" },
		{ false, "SIP/2.0 200 OK\r\n\r\n",
			"log warning sip malformed peer=127.0.0.1 cause=\"Via is missing\" "
			"offset=18\n" },
		{ true,
			"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: "
			"<sip:a@b>;tag=1\r\n"
			"To: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n\r\n",
			"log info sip stray-response peer=192.0.2.9 cause=\"its branch is none of "
			"ours\"\n" },
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(rows); i++) {
		datagram_from(rows[i].is_stranger ? &stranger : &pool, rows[i].text);
		assert_line(rows[i].line);
	}
	assert_int_equal(gateway_stats(s.g)->sip_malformed, 3);
	assert_int_equal(gateway_stats(s.g)->sip_stray, 1);
}

static void a_late_response_is_counted(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(A_CONTOSO "/x", P_LITWARE, "m1", "hi");
	respond(0, "200 OK");
	respond(0, "200 OK");
	assert_int_equal(gateway_stats(s.g)->sip_late, 1);
	assert_line("log debug sip late-response peer=127.0.0.1 cause=\"its request is over\"\n");
}

static void an_ack_is_counted(void **state)
{
	(void)state;
	start_connected();
	sip("ACK sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@b>\r\nTo: <sip:a@b>\r\n"
	    "Call-ID: c\r\nCSeq: 1 ACK\r\n\r\n");
	assert_int_equal(s.n_sent, 0);
	assert_int_equal(gateway_stats(s.g)->sip_acks, 1);
}

/* ---- connections ---- */

static void start_tcp(void)
{
	s.cfg.listens[0].transport = TRANSPORT_TCP;
	start_connected();
}

static void a_stream_that_has_no_lengths_is_answered_then_closed(void **state)
{
	static const struct {
		const char *length;
		int status;
		const char *cause;
	} rows[] = {
		{ "", 400, "a message without Content-Length on a stream" },
		{ "Content-Length: many\r\n", 400, "a Content-Length that is no length" },
		{ "Content-Length: -1\r\n", 400, "a Content-Length that is no length" },
		{ "Content-Length: 1\r\nl: 2\r\n", 400, "a Content-Length that is no length" },
		{ "Content-Length: 99999999\r\n", 513, "the message is too long" },
	};

	(void)state;
	start_tcp();
	for (unsigned i = 0; i < COUNT(rows); i++) {
		char text[1024];
		const flow_t flow = accepted(i + 1);

		snprintf(text, sizeof(text),
			"MESSAGE sip:adelany@contoso.test SIP/2.0\r\nVia: SIP/2.0/TCP "
			"h;branch=z9hG4bKt\r\n"
			"From: " PILAR "\r\nTo: <sip:adelany@contoso.test>\r\nCall-ID: n\r\n"
			"CSeq: 1 MESSAGE\r\n%s\r\n",
			rows[i].length);
		bytes_on(flow, text);
		assert_int_equal(s.n_sent, i + 1);
		assert_int_equal(s.sent[i].flow, flow);
		assert_int_equal(decode_sent(i)->status, rows[i].status);
		assert_int_equal(n_wants(WANT_CLOSE_FLOW), i + 1); /* behind the answer */
		assert_true(n_lines(rows[i].cause) >= 1);
	}
	assert_holds(s.sent[0].text, "400 a message without Content-Length on a stream\r\n");
	assert_int_equal(gateway_stats(s.g)->sip_malformed, COUNT(rows));
	assert_int_equal(gateway_stats(s.g)->sip_cut, 0);
}

static void lines_that_end_with_lf_are_answered_on_a_stream(void **state)
{
	(void)state;
	start_tcp();
	bytes_on(accepted(1),
		"OPTIONS sip:x SIP/2.0\nVia: SIP/2.0/TCP h;branch=z9hG4bKt\nFrom: <sip:a@b>\n"
		"To: <sip:x>\nCall-ID: c\nCSeq: 1 OPTIONS\nContent-Length: 0\n\n");
	assert_int_equal(decode_sent(0)->status, 400);
}

static void a_connection_that_ends_too_early_is_told(void **state)
{
	(void)state;
	start_tcp();
	flow_t flow = accepted(1);
	bytes_on(flow, "MESSAGE sip:a@b SIP/2.0\r\nVia:");
	push((struct fact){ .type = FACT_FLOW_EOF, .flow = flow });
	assert_int_equal(gateway_stats(s.g)->sip_cut, 1);
	assert_line("log info sip connection-cut peer=127.0.0.1 cause=\"it ended within a "
		    "message\"\n");
	flow = accepted(2);
	bytes_on(flow, "\r\n"); /* half a ping is none of it */
	push((struct fact){ .type = FACT_FLOW_EOF, .flow = flow });
	assert_int_equal(gateway_stats(s.g)->sip_cut, 1);
	flow = accepted(3);
	bytes_on(flow, request("1", A_CONTOSO, P_LITWARE, "", "hi"));
	push((struct fact){ .type = FACT_FLOW_FAILED, .flow = flow, .err = ECONNRESET });
	assert_int_equal(gateway_stats(s.g)->sip_gone, 1);
	assert_line("log info sip answer-not-sent peer=127.0.0.1 cause=\"its connection ended "
		    "while a MESSAGE was in hand\"\n");
}

static void a_strangers_connection_is_told(void **state)
{
	(void)state;
	start_tcp();
	for (unsigned i = 1; i < 4; i++)
		push((struct fact){ .type = FACT_FLOW_ACCEPTED,
			.flow = FLOW_ACCEPTED_BIT | i,
			.listener = 1,
			.peer = &stranger });
	assert_int_equal(
		n_lines("sip untrusted peer=192.0.2.9 cause=\"a connection, and not in"), 1);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 3);
}

/* How many were told or counted, by all lines of the log with that cause. */
static unsigned counted(const char *cause)
{
	unsigned n = 0;

	for (const char *at = s.events; (at = strstr(at, cause)); at += strlen(cause))
		n += (unsigned)strtoul(at + strlen(cause), NULL, 10);
	return n;
}

/* Nobody is forgotten when many write, and what nobody misses takes no place of what matters. */
static void a_flood_of_users_is_bounded_and_counted(void **state)
{
	static const char *const kinds[] = { "presence", "message" };
	static const char *const firsts[] = { "xmpp needs-no-answer from=u0@contoso.test",
		"xmpp dropped from=u0@contoso.test" };
	static const char *const causes[] = {
		"cause=\"presence that needs no answer\" n=",
		"cause=\"an error that answers nothing of ours\" n=",
	};
	char text[200];

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(kinds); i++) {
		s.events[0] = '\0';
		for (unsigned u = 0; u < 1000; u++) {
			snprintf(text, sizeof(text),
				"<%s from='u%u@contoso.test/x' to='" P_LITWARE "'%s/>", kinds[i], u,
				i == 1 ? " id='x' type='error'" : "");
			from_xmpp(text);
		}
		assert_line(firsts[i]);
		assert_int_equal(n_lines(causes[i]), TALLY_ROWS + 1);
	}
	s.events[0] = '\0';
	pass(TS_S(61));
	assert_int_equal(
		n_lines("xmpp dropped from=many") + n_lines("xmpp needs-no-answer from=many"),
		COUNT(causes));
	for (size_t i = 0; i < COUNT(causes); i++)
		assert_int_equal(counted(causes[i]), 1000 - TALLY_ROWS - 1);
}

/* The first at once, the others as a number when the minute is over, by cause and peer. */
static void refusals_are_told_by_cause_and_peer(void **state)
{
	char branch[16], id[16];

	(void)state;
	start_connected();
	s.events[0] = '\0';
	for (unsigned i = 0; i < 3; i++) {
		snprintf(branch, sizeof(branch), "r%u", i);
		send_message(branch, "adelany@elsewhere.test");
	}
	assert_string_equal(s.events, "log info sip refused peer=127.0.0.1 cause=\"Not An Allowed "
				      "Partner\" status=403 n=1\n");
	s.events[0] = '\0';
	for (unsigned i = 0; i < 4; i++) {
		snprintf(id, sizeof(id), "m%u", i);
		xmpp_message("eve@elsewhere.test", P_LITWARE, id, "hi");
	}
	assert_string_equal(s.events, "log info xmpp refused peer=elsewhere.test cause=\"The "
				      "sender's domain is not an allowed partner\" n=1\n");
	s.events[0] = '\0';
	pass(TS_S(61));
	assert_line("log info sip refused peer=127.0.0.1 cause=\"Not An Allowed Partner\" "
		    "status=403 n=2\n");
	assert_line(
		"log info xmpp refused peer=elsewhere.test cause=\"The sender's domain is not an "
		"allowed partner\" n=3\n");
	assert_int_equal(n_lines("\n"), 2);
}

/* However long the name of the user is, and whether it is logged. */
static void a_refusal_by_the_pool_names_the_domain(void **state)
{
	char from[240];

	(void)state;
	memset(from, 'a', 200);
	snprintf(from + 200, sizeof(from) - 200, "@contoso.test");
	s.cfg.logs_users = true;
	start_connected();
	s.events[0] = '\0';
	xmpp_message(from, P_LITWARE, "m1", "hi");
	respond(0, "480 Temporarily Unavailable");
	assert_line("log info xmpp refused peer=contoso.test cause=\"Temporarily Unavailable\" "
		    "status=480 n=1\n");
}

/* Whoever has as many domains as he likes takes no place of a proxy. */
static void domains_that_are_refused_hide_no_peer(void **state)
{
	char from[40];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 200; i++) {
		snprintf(from, sizeof(from), "eve@d%u.test", i);
		xmpp_message(from, P_LITWARE, "m", "hi");
	}
	send_message("r0", "adelany@elsewhere.test");
	send_message("r1", "adelany@elsewhere.test");
	s.events[0] = '\0';
	pass(TS_S(61));
	assert_line("log info sip refused peer=127.0.0.1 cause=\"Not An Allowed Partner\" "
		    "status=403 n=1\n");
	assert_line("log info xmpp refused peer=many cause=\"The sender's domain is not an allowed "
		    "partner\" n=135\n");
}

static void who_was_refused_most_is_known(void **state)
{
	struct gateway_peer peer;
	char from[40];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 200; i++) { /* more than are kept */
		snprintf(from, sizeof(from), "eve@d%u.test", i);
		xmpp_message(from, P_LITWARE, "m", "hi");
		xmpp_message("eve@elsewhere.test", P_LITWARE, "m", "hi");
	}
	send_message("r", "adelany@elsewhere.test");
	assert_true(gateway_peer(s.g, 0, &peer));
	assert_true(slice_eqs(peer.name, "elsewhere.test"));
	assert_int_equal(peer.refused, 200);
	assert_true(gateway_peer(s.g, PEERS_MAX - 1, &peer));
	assert_false(gateway_peer(s.g, PEERS_MAX, &peer));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(refusals_are_told_by_cause_and_peer),
		SCENE(a_refusal_by_the_pool_names_the_domain),
		SCENE(domains_that_are_refused_hide_no_peer),
		SCENE(who_was_refused_most_is_known),
		SCENE(what_is_nearly_right_is_carried_or_400_that_says_why),
		SCENE(an_empty_tag_gives_place_to_ours),
		SCENE(a_cancel_is_200_and_changes_nothing),
		SCENE(a_stranger_is_told_once_and_then_counted),
		SCENE(the_last_number_comes_with_the_stop),
		SCENE(each_cause_has_its_line),
		SCENE(a_late_response_is_counted),
		SCENE(an_ack_is_counted),
		SCENE(a_stream_that_has_no_lengths_is_answered_then_closed),
		SCENE(lines_that_end_with_lf_are_answered_on_a_stream),
		SCENE(a_connection_that_ends_too_early_is_told),
		SCENE(a_strangers_connection_is_told),
		SCENE(a_flood_of_users_is_bounded_and_counted),
	};

	return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
