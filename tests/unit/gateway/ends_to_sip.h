/* ends_to_sip.h - XMPP to SIP, as ends_to_xmpp.h.  Included by test_ends.c only. */
#pragma once

#include "ends.h"

/* ---- what happens ---- */

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

/* ---- where it is ---- */

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
	next_hop_by_tcp();
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

/* ---- what is not taken ---- */

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
	struct fact in = of_stream(text);

	in.peer = &server_addr;
	in.local = &here;
	s.e.ops->push(s.e.self, &in, s.now);
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
