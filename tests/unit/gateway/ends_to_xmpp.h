/* ends_to_xmpp.h - SIP to XMPP: the states of a message, what can happen in each, and what is not
 * taken.  Included by test_ends.c only. */
#pragma once

#include "ends.h"

/* ---- what happens ---- */

static flow_t conn;           /* that the message comes on; 0: it is a datagram */
static bool asks_for_reports; /* RFC 5438 */

static void by_tcp(void)
{
	s.cfg.listens[s.cfg.n_listens++] =
		(struct gateway_listen){ .transport = TRANSPORT_TCP, .addr = here };
	conn = FLOW_ACCEPTED_BIT | 1;
}

static void with_reports(void)
{
	asks_for_reports = true;
}

static void refusing(void)
{
	s.cfg.refuses_unproven = true;
}

static void stuck(void)
{
	s.server_is_stuck = true;
}

static void send_it(void)
{
	const char *text = request("m", A_CONTOSO, P_LITWARE,
		asks_for_reports ? "Content-Type: message/cpim\r\n" : "",
		asks_for_reports ? REPORTS_ASKED : "hi");

	if (conn)
		bytes_on(conn, text);
	else
		sip(text);
}

static unsigned stanza_of_it(void)
{
	for (unsigned i = s.n_got; i > 0; i--)
		if (!s.got[i - 1].is_ping)
			return i - 1;
	fail_msg("it was not sent");
	return 0;
}

static unsigned ping_of_it(void)
{
	for (unsigned i = s.n_got; i > 0; i--)
		if (s.got[i - 1].is_ping)
			return i - 1;
	fail_msg("it was not asked for");
	return 0;
}

static void error_from(const char *who)
{
	char text[1024];

	snprintf(text, sizeof(text),
		"<message from='%s' to='" P_LITWARE
		"' id='%s' type='error'>" ERROR("cancel", "item-not-found") "</message>",
		who, s.got[stanza_of_it()].id);
	from_xmpp(text);
}

static void is_ponged(void)
{
	pong(ping_of_it());
}

static void ping_is_refused(void)
{
	pong_from("contoso.test", ping_of_it(), "error");
}

static void receiver_refuses(void)
{
	error_from(A_CONTOSO);
}

static void client_refuses(void)
{
	error_from(A_CLIENT);
}

static void domain_refuses(void)
{
	error_from("contoso.test");
}

static void another_refuses(void)
{
	error_from("eve@contoso.test");
}

static void connection_ends(void)
{
	push((struct fact){ .type = FACT_FLOW_FAILED, .flow = conn, .err = ECONNRESET });
}

static void is_cancelled(void)
{
	sip("CANCEL sip:" A_CONTOSO " SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKm\r\n"
	    "From: <sip:" P_LITWARE ">;tag=1\r\nTo: <sip:" A_CONTOSO ">\r\nCall-ID: c1\r\n"
	    "CSeq: 1 CANCEL\r\nContent-Length: 0\r\n\r\n");
}

/* The connection goes first, and only then the server answers. */
static void connection_ends_and_refused(void)
{
	connection_ends();
	receiver_refuses();
}

static const struct event to_xmpp_events[] = {
	{ "nothing, and the server reads", nothing, NULL },
	{ "nothing, `unproven: refuse`", nothing, refusing },
	{ "nothing, and the server does not read", nothing, stuck },
	{ "pong of the domain", is_ponged, NULL },
	{ "its ping is refused", ping_is_refused, NULL },
	{ "error of the receiver", receiver_refuses, NULL },
	{ "the same, reports were asked for", receiver_refuses, with_reports },
	{ "error of a client of the receiver", client_refuses, NULL },
	{ "error of the domain", domain_refuses, NULL },
	{ "error of somebody else", another_refuses, NULL },
	{ "the stream ends", break_stream, NULL },
	{ "the sender's connection ends", connection_ends, by_tcp },
	{ "the same, then error of the receiver", connection_ends_and_refused, by_tcp },
	{ "CANCEL", is_cancelled, NULL },
	{ "the request is repeated", send_it, NULL },
	{ "stop", stop, NULL },
};

/* ---- where it is ---- */

static void enter_written(void)
{
	start_connected();
	if (conn)
		push((struct fact){
			.type = FACT_FLOW_ACCEPTED, .flow = conn, .listener = s.cfg.n_listens });
	watch_begin();
	send_it();
	hear();
}

static void enter_asked(void)
{
	enter_written();
	wake();
	hear();
}

static void enter_settling(void)
{
	enter_asked();
	is_ponged();
	hear();
}

static void enter_acknowledged(void)
{
	enter_settling();
	pass(TS_MS(SETTLE_MS));
	hear();
}

static void enter_refused(void)
{
	enter_asked();
	receiver_refuses();
	hear();
}

enum { WRITTEN, ASKED, SETTLING, ACKNOWLEDGED, REFUSED, TO_XMPP_STATES };

static const struct state to_xmpp_states[] = {
	[WRITTEN] = { "written", "The stanza is on the stream, its ping is not yet.",
		enter_written },
	[ASKED] = { "asked", "The ping to the receiver's domain is behind it.", enter_asked },
	[SETTLING] = { "settling", "The pong is there; a refusal may be close behind it.",
		enter_settling },
	[ACKNOWLEDGED] = { "acknowledged", "The sender has 202.", enter_acknowledged },
	[REFUSED] = { "refused", "The receiver has refused it, and the sender knows.",
		enter_refused },
};

static const char *to_xmpp_cannot(unsigned state, const struct event *e)
{
	const bool is_pong = e->happens == is_ponged || e->happens == ping_is_refused;

	if (is_pong && state == WRITTEN)
		return "unasked";
	if (is_pong && (state == SETTLING || state == ACKNOWLEDGED))
		return "answered";
	return NULL;
}

static void ends_to_xmpp(void **state)
{
	(void)state;
	put("\n## SIP to XMPP\n");
	for (unsigned i = 0; i < TO_XMPP_STATES; i++) {
		const struct state *st = &to_xmpp_states[i];

		put_head(st->name, st->what);
		for (size_t j = 0; j < COUNT(to_xmpp_events); j++) {
			const struct event *e = &to_xmpp_events[j];
			const char *why = to_xmpp_cannot(i, e);

			conn = 0;
			asks_for_reports = false;
			if (why) {
				put_cannot(e->name, why);
				continue;
			}
			begin_cell(st->name, e);
			st->enter();
			e->happens();
			watch_end();
			put_end(e->name);
			assert_heard_of(end.n_answers);
			end_cell();
		}
	}
}

/* ---- what is not taken ---- */

static void stream_is_down(void)
{
	break_stream();
}

static void stream_is_blocked(void)
{
	push((struct fact){ .type = FACT_FLOW_BLOCKED, .flow = s.stream_flow });
}

static void domain_is_silent(void)
{
	for (unsigned i = 0; i < 3; i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "s%u", i);
		send_message(branch, A_CONTOSO);
		pass(TS_MS(300));
	}
}

static void few_places(void)
{
	s.cfg.transactions_max = 1;
}

static void place_is_taken(void)
{
	send_message("s", A_CONTOSO);
	wake();
	pong(ping_of_it());
	pass(TS_MS(SETTLE_MS));
}

static const struct refusal_row {
	struct event e;
	const char *to, *from, *more, *body;
} to_xmpp_refusals[] = {
	{ { "the stream is down", stream_is_down, NULL }, A_CONTOSO, P_LITWARE, "", "hi" },
	{ { "the server does not read", stream_is_blocked, NULL }, A_CONTOSO, P_LITWARE, "", "hi" },
	{ { "its domain answers no pings, `unproven: refuse`", domain_is_silent, refusing },
		A_CONTOSO, P_LITWARE, "", "hi" },
	{ { "the gateway is stopping", is_stopping, NULL }, A_CONTOSO, P_LITWARE, "", "hi" },
	{ { "no place to remember its answer", place_is_taken, few_places }, A_CONTOSO, P_LITWARE,
		"", "hi" },
	{ { "not an allowed partner", nothing, NULL }, "a@stranger.test", P_LITWARE, "", "hi" },
	{ { "From is not ours", nothing, NULL }, A_CONTOSO, "x@evil.test", "", "hi" },
	{ { "From has no component here", nothing, NULL }, A_CONTOSO, "x@second.test", "", "hi" },
	{ { "both domains are ours", nothing, NULL }, "kenmyer@second.test", P_LITWARE, "", "hi" },
	{ { "a From that is no address", nothing, NULL }, A_CONTOSO, "litware.test", "", "hi" },
	{ { "a Request-URI that is no address", nothing, NULL }, "a@192.0.2.1", P_LITWARE, "",
		"hi" },
	{ { "it has passed too many proxies", nothing, NULL }, A_CONTOSO, P_LITWARE,
		"Max-Forwards: 0\r\n", "hi" },
	{ { "an extension is required", nothing, NULL }, A_CONTOSO, P_LITWARE, "Require: foo\r\n",
		"hi" },
	{ { "content that is no text", nothing, NULL }, A_CONTOSO, P_LITWARE,
		"Content-Type: image/png\r\n", "hi" },
	{ { "a body that is not UTF-8", nothing, NULL }, A_CONTOSO, P_LITWARE, "", "a\xff" },
	{ { "no body", nothing, NULL }, A_CONTOSO, P_LITWARE, "", "" },
	{ { "malformed, and can be answered", nothing, NULL }, A_CONTOSO, P_LITWARE,
		"Max-Forwards: x\r\n", "hi" },
};

static void request_comes(const void *what)
{
	const struct refusal_row *row = what;

	sip(request("m", row->to, row->from, row->more, row->body));
}

static void comes_from_a_stranger(const void *what)
{
	(void)what;
	datagram_from(&stranger, request("m", A_CONTOSO, P_LITWARE, "", "hi"));
}

static void comes_without_via(const void *what)
{
	(void)what;
	sip("MESSAGE sip:" A_CONTOSO " SIP/2.0\r\nFrom: <sip:" P_LITWARE ">;tag=1\r\n"
	    "To: <sip:" A_CONTOSO ">\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n"
	    "Content-Length: 2\r\n\r\nhi");
}

static void comes_without_memory(const void *what)
{
	(void)what;
	sip_short_of_memory(request("m", A_CONTOSO, P_LITWARE, "", "hi"), 0);
}

static void not_taken_to_xmpp(void **state)
{
	static const struct event untrusted = { "its peer is not trusted", nothing, NULL },
				  no_via = { "malformed, and cannot be answered", nothing, NULL },
				  no_memory = { "no memory", nothing, NULL };

	(void)state;
	conn = 0;
	asks_for_reports = false;
	put_head("comes", "It is not taken.");
	for (size_t i = 0; i < COUNT(to_xmpp_refusals); i++) {
		put_refused(&to_xmpp_refusals[i].e, request_comes, &to_xmpp_refusals[i]);
		assert_int_equal(end.n_answers, 1);
		end_cell();
	}
	put_refused(&no_memory, comes_without_memory, NULL);
	assert_int_equal(end.n_answers, 1);
	end_cell();
	put_refused(&untrusted, comes_from_a_stranger, NULL);
	assert_heard_of(end.n_answers);
	end_cell();
	put_refused(&no_via, comes_without_via, NULL);
	assert_heard_of(end.n_answers);
	end_cell();
}
