/* Every way in which a message ends: each state that it is in, and each thing that can happen then.
 * The whole gateway is driven there, what all sides saw is written down, and that has to be
 * doc/message-ends.md.  Where it is to be another one:
 *
 *	build/asan/gateway_test_ends doc/message-ends.md */
#include "ends.h"

enum { SETTLE_MS = 30 };

#define A_CLIENT A_CONTOSO "/pc"
#define PATH     TEST_DATA "/../../doc/message-ends.md"

struct event {
	const char *name;
	void (*happens)(void);
	void (*prepare)(void); /* before the gateway starts */
};

struct state {
	const char *name, *what;
	void (*enter)(void);
};

static void begin_cell(const char *state, const struct event *e)
{
	print_message("cell: %s, %s\n", state, e->name);
	scene_reset();
	s.cfg.settle = TS_MS(SETTLE_MS);
	if (e->prepare)
		e->prepare();
}

static void end_cell(void)
{
	s.server = xstream_free(s.server);
	s.g = gateway_free(s.g);
	s.partners = partners_free(s.partners);
}

static void nothing(void)
{
}

static void stop(void)
{
	push((struct fact){ .type = FACT_STOP });
}

/* Something is in hand: it does not end at once. */
static void is_stopping(void)
{
	xmpp_message(A_FABRIKAM, "front@litware.test", "front", "front");
	stop();
}

/* ---- SIP to XMPP: what happens ---- */

static flow_t conn;           /* that the message comes on; 0: it is a datagram */
static bool asks_for_reports; /* RFC 5438 */

#define ASKS                                                                                       \
	"NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j\r\n"                         \
	"imdn.Disposition-Notification: negative-delivery\r\n\r\n"                                 \
	"Content-Type: text/plain\r\n\r\nhi"

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
		asks_for_reports ? ASKS : "hi");

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

/* ---- SIP to XMPP: where it is ---- */

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

static void assert_heard_of(unsigned n)
{
	assert_in_range(n, 0, 1);
	if (n == 0 && (!end.log[0] || !end.counted[0]))
		fail_msg("it vanished: log `%s`, counters `%s`", end.log, end.counted);
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

/* ---- SIP to XMPP: what is not taken ---- */

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

static void put_refused(const struct event *e, void (*comes)(const void *), const void *what)
{
	begin_cell("comes", e);
	start_connected();
	e->happens();
	watch_begin();
	comes(what);
	watch_end();
	put_end(e->name);
}

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
	const char *text = request("m", A_CONTOSO, P_LITWARE, "", "hi");

	mem_fail_after(0);
	s.e.ops->push(s.e.self,
		&(struct fact){ .type = FACT_DATAGRAM,
			.listener = 1,
			.peer = &pool,
			.local = &here,
			.bytes = slice_str(text) },
		s.now);
	mem_fail_after(-1);
	drain();
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

/* ---- XMPP to SIP: what happens ---- */

static void hop_by_tcp(void)
{
	snprintf(s.cfg.next_hop, sizeof(s.cfg.next_hop), "sip:127.0.0.1:5060;transport=tcp");
}

static void hop_is_up(void)
{
	push((struct fact){
		.type = FACT_FLOW_UP, .flow = last_want(WANT_FLOW)->flow, .local = &here });
}

/* The first MESSAGE with these words; s.n_sent: none. */
static unsigned request_with(const char *words)
{
	unsigned i = 0;

	while (i < s.n_sent &&
		!(strncmp(s.sent[i].text, "MESSAGE ", 8) == 0 && strstr(s.sent[i].text, words)))
		i++;
	return i;
}

static void pool_says(const char *words, const char *status)
{
	const unsigned i = request_with(words);
	const char *text = response_to(i, status, "");

	if (s.sent[i].flow)
		bytes_on(s.sent[i].flow, text);
	else
		sip(text);
}

static void pool_takes(void)
{
	pool_says("the words", "200 OK");
}

static void pool_knows_nobody(void)
{
	pool_says("the words", "404 Not Found");
}

static void pool_is_busy(void)
{
	pool_says("the words", "503 Service Unavailable");
}

static void another_answers(void)
{
	datagram_from(&stranger, response_to(request_with("the words"), "200 OK", ""));
}

static void port_is_closed(void)
{
	push((struct fact){
		.type = FACT_DATAGRAM_FAILED, .listener = 1, .peer = &pool, .err = ECONNREFUSED });
}

static void hop_is_lost(void)
{
	push((struct fact){ .type = FACT_FLOW_FAILED,
		.flow = last_want(WANT_FLOW)->flow,
		.err = ECONNRESET,
		.step = FLOW_STEP_OPEN });
}

static void its_turn_comes(void)
{
	pool_says("front", "200 OK");
	pool_takes();
}

static void the_way_comes(void)
{
	hop_is_up();
	pool_takes();
}

static void refused_without_stream(void)
{
	break_stream();
	pool_knows_nobody();
}

static const struct event to_sip_events[] = {
	{ "nothing", nothing, NULL },
	{ "the one before it is taken, then it", its_turn_comes, NULL },
	{ "the way comes, then 200", the_way_comes, NULL },
	{ "200", pool_takes, NULL },
	{ "404", pool_knows_nobody, NULL },
	{ "503", pool_is_busy, NULL },
	{ "200 of another peer", another_answers, NULL },
	{ "ICMP: the port is closed", port_is_closed, NULL },
	{ "the next hop's connection ends", hop_is_lost, NULL },
	{ "the stream ends", break_stream, NULL },
	{ "the stream ends, then 404", refused_without_stream, NULL },
	{ "stop", stop, NULL },
};

/* ---- XMPP to SIP: where it is ---- */

static void comes_to_sip(void)
{
	watch_begin();
	xmpp_message(A_CLIENT, P_LITWARE, "m", "the words");
	hear();
}

static void enter_queued(void)
{
	start_connected();
	xmpp_message(A_FABRIKAM, P_LITWARE, "front", "front");
	comes_to_sip();
}

static void enter_waiting(void)
{
	hop_by_tcp();
	start_connected();
	comes_to_sip();
}

static void enter_sent(void)
{
	start_connected();
	comes_to_sip();
}

static void enter_sent_by_tcp(void)
{
	enter_waiting();
	hop_is_up();
	hear();
}

static void enter_proceeding(void)
{
	enter_sent();
	pool_says("the words", "100 Trying");
}

static void enter_untold(void)
{
	enter_sent();
	refused_without_stream();
	hear();
}

static void enter_told(void)
{
	enter_sent();
	pool_knows_nobody();
	hear();
}

static void enter_carried(void)
{
	enter_sent();
	pool_takes();
	hear();
}

enum { QUEUED, WAITING, SENT, SENT_BY_TCP, PROCEEDING, UNTOLD, TOLD, CARRIED, TO_SIP_STATES };

static const struct state to_sip_states[] = {
	[QUEUED] = { "queued", "Another message to the same receiver is out, without an answer.",
		enter_queued },
	[WAITING] = { "waiting", "The connection to the next hop is not up.", enter_waiting },
	[SENT] = { "sent", "As a datagram.", enter_sent },
	[SENT_BY_TCP] = { "sent on a connection", "The next hop is reached over TCP.",
		enter_sent_by_tcp },
	[PROCEEDING] = { "proceeding", "As a datagram, and 100 has come.", enter_proceeding },
	[UNTOLD] = { "untold", "404 has come while the stream was down.", enter_untold },
	[TOLD] = { "told", "404 has come, and its sender knows.", enter_told },
	[CARRIED] = { "carried", "200 has come.", enter_carried },
};

static const char *to_sip_cannot(unsigned state, const struct event *e)
{
	const bool by_tcp_state = state == WAITING || state == SENT_BY_TCP;
	const bool has_response = e->happens == pool_takes || e->happens == pool_knows_nobody ||
				  e->happens == pool_is_busy || e->happens == another_answers ||
				  e->happens == refused_without_stream;

	if (e->happens == its_turn_comes && state != QUEUED)
		return "first";
	if (e->happens == the_way_comes && state != WAITING)
		return state == QUEUED ? "queued" : "sent";
	if (has_response && (state == QUEUED || state == WAITING))
		return "unsent";
	if (e->happens == port_is_closed && by_tcp_state)
		return "TCP";
	if (e->happens == hop_is_lost && !by_tcp_state)
		return "UDP";
	if (e->happens == another_answers && state == SENT_BY_TCP)
		return "TCP";
	if ((e->happens == break_stream || e->happens == refused_without_stream) && state == UNTOLD)
		return "down";
	return NULL;
}

static void assert_told(void)
{
	if (strstr(end.counted, "xmpp_to_sip"))
		return;
	assert_heard_of(end.n_errors);
}

static void ends_to_sip(void **state)
{
	(void)state;
	put("\n## XMPP to SIP\n");
	for (unsigned i = 0; i < TO_SIP_STATES; i++) {
		const struct state *st = &to_sip_states[i];

		put_head(st->name, st->what);
		for (size_t j = 0; j < COUNT(to_sip_events); j++) {
			const struct event *e = &to_sip_events[j];
			const char *why = to_sip_cannot(i, e);

			if (why) {
				put_cannot(e->name, why);
				continue;
			}
			begin_cell(st->name, e);
			st->enter();
			e->happens();
			watch_end();
			put_end(e->name);
			assert_told();
			end_cell();
		}
	}
}

/* ---- XMPP to SIP: what is not taken ---- */

static void write_to_sip(const char *from, const char *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		xmpp_message(from, to, "other", "x");
}

static void sender_has_its_share(void)
{
	write_to_sip(A_CLIENT, P_LITWARE, 16);
}

static void domain_has_its_share(void)
{
	char from[64];

	for (unsigned i = 0; i < 32; i++) {
		snprintf(from, sizeof(from), "u%u@contoso.test", i);
		write_to_sip(from, P_LITWARE, 1);
	}
}

static void receiver_is_full(void)
{
	char from[64];

	domain_has_its_share();
	for (unsigned i = 0; i < 32; i++) {
		snprintf(from, sizeof(from), "u%u@fabrikam.test", i);
		write_to_sip(from, P_LITWARE, 1);
	}
}

static void hop_is_away(void)
{
	const ts_t until = s.now + TS_S(32);

	write_to_sip(A_FABRIKAM, "front@litware.test", 1);
	for (unsigned refused = 0; s.now < until; pass(TS_MS(10)))
		for (; refused < s.n_sent; refused++)
			port_is_closed();
}

static void public_partner(void)
{
	assert_int_equal(
		partners_add(s.partners, SLICE("mail.test"), PARTNER_PUBLIC_UNVERIFIED), 0);
}

static void second_partner(void)
{
	assert_int_equal(partners_add(s.partners, SLICE("third.test"), PARTNER_FEDERATED), 0);
}

#define FROM_TO(from, to, inner) "<message from='" from "' to='" to "' id='m'>" inner "</message>"
#define BODY                     "<body>the words</body>"
#define PASSES(n)                                                                                  \
	"<thread>t</thread><headers xmlns='http://jabber.org/protocol/shim'>"                      \
	"<header name='max-forwards'>" n "</header></headers>"
#define DEEP_8     "<a><a><a><a><a><a><a><a>"
#define DEEP_8_END "</a></a></a></a></a></a></a></a>"
#define DEEP       "<x xmlns='u'>" DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8 DEEP_8
#define DEEP_END                                                                                   \
	DEEP_8_END DEEP_8_END DEEP_8_END DEEP_8_END DEEP_8_END DEEP_8_END DEEP_8_END DEEP_8_END    \
		"</x>"
#define REACTION "<reactions xmlns='urn:xmpp:reactions:0' id='1'/>"

static void came_before(void)
{
	from_xmpp("<message from='" A_CLIENT "' to='" P_LITWARE
		  "' id='other'>" BODY PASSES("70") "</message>");
	pool_takes();
}

static void reacted_before(void)
{
	from_xmpp("<message from='" A_CLIENT "' to='" P_LITWARE "' id='other'>" REACTION
		  "</message>");
}

static const struct {
	struct event e;
	const char *stanza;
} to_sip_refusals[] = {
	{ { "not an allowed partner", nothing, NULL },
		FROM_TO("x@stranger.test", P_LITWARE, BODY) },
	{ { "both domains are ours", nothing, NULL },
		FROM_TO("kenmyer@second.test", P_LITWARE, BODY) },
	{ { "its domain may not write first", nothing, public_partner },
		FROM_TO("x@mail.test", P_LITWARE, BODY) },
	{ { "to the gateway itself", nothing, NULL }, FROM_TO(A_CLIENT, "litware.test", BODY) },
	{ { "to a domain that is not ours", nothing, second_partner },
		FROM_TO(A_CLIENT, "x@third.test", BODY) },
	{ { "an address that has no form in SIP", nothing, NULL },
		FROM_TO(A_CLIENT, "a\\5cb@litware.test", BODY) },
	{ { "the gateway is stopping", is_stopping, NULL }, FROM_TO(A_CLIENT, P_LITWARE, BODY) },
	{ { "the next hop is away for long", hop_is_away, NULL },
		FROM_TO(A_CLIENT, P_LITWARE, BODY) },
	{ { "its sender has his share of the receiver's places", sender_has_its_share, NULL },
		FROM_TO(A_CLIENT, P_LITWARE, BODY) },
	{ { "its domain has its share of them", domain_has_its_share, NULL },
		FROM_TO(A_CLIENT, P_LITWARE, BODY) },
	{ { "the receiver's places are taken", receiver_is_full, second_partner },
		FROM_TO("x@third.test", P_LITWARE, BODY) },
	{ { "it has passed too many gateways", nothing, NULL },
		FROM_TO(A_CLIENT, P_LITWARE, BODY PASSES("0")) },
	{ { "it was here before", came_before, NULL },
		FROM_TO(A_CLIENT, P_LITWARE, BODY PASSES("60")) },
	{ { "a reaction", nothing, NULL }, FROM_TO(A_CLIENT, P_LITWARE, REACTION) },
	{ { "a reaction, not the first", reacted_before, NULL },
		FROM_TO(A_CLIENT, P_LITWARE, REACTION) },
	{ { "a call", nothing, NULL },
		FROM_TO(A_CLIENT, P_LITWARE,
			"<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>") },
	{ { "a chat state", nothing, NULL },
		FROM_TO(A_CLIENT, P_LITWARE,
			"<active xmlns='http://jabber.org/protocol/chatstates'/>") },
	{ { "too deep", nothing, NULL }, FROM_TO(A_CLIENT, P_LITWARE, DEEP BODY DEEP_END) },
	{ { "its sender's address is none", nothing, NULL },
		FROM_TO("a&lt;b@contoso.test", P_LITWARE, BODY) },
	{ { "an error that answers nothing of ours", nothing, NULL },
		"<message from='" A_CLIENT "' to='" P_LITWARE "' id='x' type='error'/>" },
};

static void stanza_comes(const void *what)
{
	from_xmpp(what);
}

/* An id, or a body, of so many letters. */
static void long_stanza_comes(const void *what)
{
	static char text[40000];
	const size_t *n = what;
	char letters[33000];

	memset(letters, 'i', sizeof(letters));
	snprintf(text, sizeof(text),
		"<message from='" A_CLIENT "' to='" P_LITWARE
		"' id='m'><subject>%.*s</subject>" BODY "</message>",
		(int)*n, letters);
	from_xmpp(text);
}

static void push_stanza(const char *text)
{
	struct buf *b = xstream_begin(s.server);
	struct slice bytes;

	buf_puts(b, text);
	assert_int_equal(xstream_commit(s.server, s.now), 0);
	assert_true(xstream_take_output(s.server, &bytes));
	s.e.ops->push(s.e.self,
		&(struct fact){ .type = FACT_FLOW_BYTES,
			.flow = s.stream_flow,
			.peer = &server_addr,
			.local = &here,
			.bytes = bytes },
		s.now);
}

/* Refusals that nobody fetches fill the stream. */
static void comes_without_room(const void *stanza)
{
	static char id[8001], text[sizeof(id) + 256];

	memset(id, 'i', sizeof(id) - 1);
	snprintf(text, sizeof(text),
		"<message from='x@stranger.test' to='" P_LITWARE "' id='%s'>" BODY "</message>",
		id);
	for (unsigned i = 0; i < 60 && gateway_stats(s.g)->failures_lost == 0; i++)
		push_stanza(text);
	push_stanza(stanza);
	drain();
}

static void not_taken_to_sip(void **state)
{
	static const struct event too_long = { "too long for a datagram", nothing, NULL },
				  no_room = { "not an allowed partner, and the stream is full",
					  nothing, NULL };
	static const size_t letters = 2000;

	(void)state;
	put_head("comes", "It is not taken.");
	for (size_t i = 0; i < COUNT(to_sip_refusals); i++) {
		put_refused(&to_sip_refusals[i].e, stanza_comes, to_sip_refusals[i].stanza);
		assert_heard_of(end.n_errors);
		assert_null(strstr(end.sip, "MESSAGE"));
		end_cell();
	}
	put_refused(&too_long, long_stanza_comes, &letters);
	assert_int_equal(end.n_errors, 1);
	end_cell();
	put_refused(&no_room, comes_without_room, FROM_TO("x@stranger.test", P_LITWARE, BODY));
	assert_heard_of(end.n_errors);
	end_cell();
}

/* ---- the document ---- */

static const char head[] =
	"# How messages end\n"
	"\n"
	"Made by `build/asan/gateway_test_ends doc/message-ends.md`, which drives the gateway into "
	"each\n"
	"state that a message has, lets one thing happen, then nothing more for a minute, and "
	"writes\n"
	"down what was seen; the test `unit/gateway/ends` compares.\n"
	"\n"
	"Each line is a whole life, from the message's coming on: what its sender and its "
	"receiver\n"
	"heard, with the time where it was not at once; the words of the log; the counters that "
	"grew.\n"
	"What cannot be says why in a word. `settle` is 30 ms, the window 300 ms. Over UDP, "
	"unless\n"
	"it says TCP. An XMPP server that was lost comes back. `sip_to_xmpp` counts stanzas that\n"
	"were handed over, `xmpp_to_sip` messages that the pool has taken.\n";

static const char *written_to; /* NULL: it is compared */

static void same_as_the_document(void **state)
{
	static char kept[DOCUMENT_MAX];
	FILE *f = fopen(written_to ? written_to : PATH, written_to ? "w" : "r");

	(void)state;
	assert_non_null(f);
	if (written_to) {
		assert_true(fputs(document, f) >= 0);
	} else {
		const size_t n = fread(kept, 1, sizeof(kept) - 1, f);

		kept[n] = '\0';
	}
	assert_int_equal(fclose(f), 0);
	if (written_to)
		return;
	size_t at = 0, line = 1;
	for (; document[at] && document[at] == kept[at]; at++)
		line += document[at] == '\n';
	if (document[at] != kept[at])
		fail_msg("doc/message-ends.md, line %zu, is another one now; make it anew: "
			 "build/asan/gateway_test_ends doc/message-ends.md",
			line);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_to_xmpp),
		cmocka_unit_test(not_taken_to_xmpp),
		cmocka_unit_test(ends_to_sip),
		cmocka_unit_test(not_taken_to_sip),
		cmocka_unit_test(same_as_the_document),
	};

	written_to = argc > 1 ? argv[1] : NULL;
	put("%s", head);
	return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
