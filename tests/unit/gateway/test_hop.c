/* The pool's proxy: where it is, and the socket or connection to it. */
#include "scene.h"

#include "base/dns.h"

#define TO_PILAR A_CONTOSO, P_LITWARE

static void next_hop(const char *uri)
{
	snprintf(s.cfg.next_hop, sizeof(s.cfg.next_hop), "%s", uri);
}

static unsigned answered; /* wants up to here have had their answer */

static bool with_v6; /* and [::n] of each */

static void put_records(
	struct dns_answer *answer, struct dns_record *records, enum dns_type type, unsigned n)
{
	if (type != DNS_A && !(with_v6 && type == DNS_AAAA))
		return;
	for (unsigned i = 0; i < n; i++) {
		records[i] = (struct dns_record){ .type = type };
		if (type == DNS_A)
			records[i].addr =
				(struct addr){ .family = 4, .ip = { 192, 0, 2, (uint8_t)(i + 1) } };
		else
			records[i].addr =
				(struct addr){ .family = 6, .ip = { [15] = (uint8_t)(i + 1) } };
	}
	answer->n_records = n;
}

/* Every question that is open: the addresses 192.0.2.1 ... n, or no such name. */
static void answer_dns(unsigned n)
{
	for (; answered < s.n_wants; answered++) {
		const struct want *w = &s.wants[answered];
		struct dns_record records[8];
		struct dns_answer answer = { .status = DNS_NXDOMAIN, .records = records };

		if (w->type != WANT_DNS)
			continue;
		put_records(&answer, records, w->dns_type, n);
		answer.status = answer.n_records ? DNS_OK : n ? DNS_NODATA : DNS_NXDOMAIN;
		push((struct fact){ .type = FACT_DNS, .dns_id = w->dns_id, .dns = &answer });
	}
}

static unsigned refused; /* datagrams up to here were */

static int set_up(void **state)
{
	answered = refused = 0;
	with_v6 = false;
	return scene_set_up(state);
}

static void assert_refused(unsigned i, const char *id, const char *why)
{
	assert_true(i < s.n_got);
	assert_string_equal(s.got[i].id, id);
	assert_holds(s.got[i].text, "<remote-server-timeout ");
	assert_holds(s.got[i].text, why);
}

static void datagram_failed(unsigned i)
{
	push((struct fact){ .type = FACT_DATAGRAM_FAILED,
		.listener = s.sent[i].listener,
		.peer = &s.sent[i].peer,
		.err = ECONNREFUSED });
}

/* The port is closed until so long behind the beginning. */
static void refuse_until(ts_t span)
{
	for (; s.now < TS_S(1000) + span; pass(TS_MS(10)))
		for (; refused < s.n_sent; refused++)
			datagram_failed(refused);
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

/* ---- UDP ---- */

static void an_address_needs_no_question(void **state)
{
	(void)state;
	start_connected();
	assert_int_equal(n_wants(WANT_DNS), 0);
	assert_int_equal(n_wants(WANT_LISTEN), 1); /* it serves for this too */
	xmpp_message(TO_PILAR, "m", "x");
	assert_true(addr_eq(&s.sent[0].peer, &pool));
}

static void a_name_is_asked_for_when_the_gateway_starts(void **state)
{
	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	assert_int_equal(n_wants(WANT_DNS), 2);
	assert_string_equal(last_want(WANT_DNS)->name, "proxy.litware.test");
	xmpp_message(A_CONTOSO, "early@litware.test", "early", "x");
	assert_int_equal(s.n_got, 0);
	answer_dns(1);
	assert_int_equal(s.n_sent, 1);
	assert_holds(s.sent[0].text, "MESSAGE sip:early@");
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.n_sent, 2);
	assert_int_equal(s.sent[0].peer.ip[3], 1);
	assert_int_equal(s.sent[0].peer.port, 5080);
}

/* The questions of the next try, which are not found either, and when they came. */
static ts_t next_try(unsigned asked)
{
	const ts_t begin = s.now;

	while (n_wants(WANT_DNS) == asked && s.now < begin + TS_S(5))
		pass(TS_MS(1));
	answer_dns(0);
	return s.now - begin;
}

static void a_name_that_is_not_found_is_asked_again_while_somebody_waits(void **state)
{
	static const unsigned pauses_ms[] = { 50, 100, 200, 400, 800, 1000, 1000 };

	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(0);
	const unsigned asked = n_wants(WANT_DNS);
	assert_holds(s.events, "log warning sip next-hop-not-found name=proxy.litware.test "
			       "status=nxdomain\n");
	pass(TS_S(1));
	assert_int_equal(n_wants(WANT_DNS), asked); /* nobody needs it */
	xmpp_message(TO_PILAR, "1", "x");
	assert_int_equal(n_wants(WANT_DNS), 2 * asked); /* at once */
	answer_dns(0);
	for (unsigned i = 0; i < COUNT(pauses_ms); i++)
		assert_int_equal(next_try((i + 2) * asked), TS_MS(pauses_ms[i]));
	assert_int_equal(count(s.events, "next-hop-not-found"), 1);
	assert_int_equal(s.n_got, 0);
	pass(TS_S(1));
	answer_dns(1);
	assert_int_equal(s.n_sent, 1);
}

/* What cannot be reached in time is refused at once; but each try is made with a message. */
static void a_hop_that_is_away_for_long_is_tried_and_refuses(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(A_CONTOSO, "ken@litware.test", "held", "x");
	refuse_until(TS_S(37));
	assert_int_equal(s.n_got, 0);
	assert_in_range(s.n_sent, 30, 45);
	xmpp_message(TO_PILAR, "refused", "x");
	assert_refused(0, "refused", "The SIP pool cannot be reached");
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, 1);
	refuse_until(TS_S(38));
	assert_refused(1, "held", "The SIP pool cannot be reached");
	const unsigned n = s.n_sent;
	pass(TS_S(5));
	assert_int_equal(s.n_sent, n); /* nobody waits */
	xmpp_message(TO_PILAR, "next", "x");
	assert_int_equal(s.n_sent, n + 1);
	respond(n, "200 OK");
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
	assert_int_equal(count(s.events, "next-hop-not-reached address=127.0.0.1:5060 "
					 "error=\"connection refused\""),
		1);
	assert_int_equal(
		count(s.events, "log info sip next-hop-reached address=127.0.0.1:5060\n"), 1);
}

/* One port that is closed for as long as a restart takes: all are held, one tries, none is lost. */
static void one_message_tries_for_all(void **state)
{
	char to[64];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 5; i++) {
		snprintf(to, sizeof(to), "p%u@litware.test", i);
		xmpp_message(A_CONTOSO, to, "m", "x");
	}
	datagram_failed(0);
	assert_int_equal(s.n_sent, 6);
	datagram_failed(5);
	assert_int_equal(s.n_sent, 6);
	pass(TS_MS(50));
	assert_int_equal(s.n_sent, 7);
	pass(TS_MS(99)); /* nothing is said: it may be there */
	assert_int_equal(s.n_sent, 7);
	pass(TS_MS(1));
	assert_int_equal(s.n_sent, 11);
	for (unsigned i = 6; i < 11; i++)
		respond(i, "200 OK");
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 5);
	assert_int_equal(s.n_got, 0);
}

/* An answer says at once that it is back. */
static void an_answer_ends_the_trial(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(TO_PILAR, "1", "x");
	xmpp_message(A_CONTOSO, "ken@litware.test", "2", "x");
	datagram_failed(0);
	assert_int_equal(s.n_sent, 3);
	respond(2, "100 Trying");
	assert_int_equal(s.n_sent, 4);
	datagram_failed(3); /* both */
	assert_int_equal(s.n_sent, 5);
	assert_int_equal(s.n_got, 0);
}

/* The first copy may have arrived before the port was closed: to send it anew would double it. */
static void what_was_repeated_is_not_sent_anew(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(TO_PILAR, "1", "x");
	pass(TS_MS(500));
	assert_int_equal(s.n_sent, 2);
	datagram_failed(1);
	assert_refused(0, "1", "it may have arrived");
	assert_int_equal(s.n_sent, 2);
}

/* RFC 3263 section 4.3: the next address serves what comes next. */
static void a_target_that_refuses_is_followed_by_the_next(void **state)
{
	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(2);
	xmpp_message(TO_PILAR, "1", "x");
	datagram_failed(0);
	assert_int_equal(s.n_got, 0);
	assert_int_equal(s.n_sent, 2);
	assert_int_equal(s.sent[1].peer.ip[3], 2);
	assert_holds(s.sent[1].text, "MESSAGE sip:pilar@litware.test ");
	assert_string_not_equal(
		strstr(s.sent[0].text, "branch="), strstr(s.sent[1].text, "branch="));
}

static void a_target_that_does_not_answer_is_followed_by_the_next(void **state)
{
	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(2);
	xmpp_message(TO_PILAR, "1", "x");
	pass(TS_S(32));
	assert_int_equal(s.n_got, 1);
	xmpp_message(TO_PILAR, "2", "x");
	assert_int_equal(s.sent[s.n_sent - 1].peer.ip[3], 2);
}

static void an_error_of_another_peer_is_not_the_hops(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(TO_PILAR, "1", "x");
	push((struct fact){ .type = FACT_DATAGRAM_FAILED,
		.listener = 1,
		.peer = &stranger,
		.err = ECONNREFUSED });
	assert_int_equal(s.n_got, 0);
	respond(0, "200 OK");
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
}

/* However many messages were under way: the one target failed once. */
static void one_loss_counts_once(void **state)
{
	char to[64];

	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(3);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(to, sizeof(to), "p%u@litware.test", i);
		xmpp_message(A_CONTOSO, to, "m", "x");
	}
	datagram_failed(0);
	assert_int_equal(s.n_got, 0);
	assert_int_equal(s.n_sent, 8);
	for (unsigned i = 4; i < 8; i++)
		assert_int_equal(s.sent[i].peer.ip[3], 2); /* not the third, not none */
}

/* The proxy is there; two users' phones are not, and it stays silent about both. */
static void the_only_address_is_not_given_up_by_two_timeouts(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(A_CONTOSO, "a@litware.test", "1", "x");
	pass(TS_S(1));
	xmpp_message(A_CONTOSO, "b@litware.test", "2", "x");
	pass(TS_S(32));
	assert_int_equal(s.n_got, 2);
	xmpp_message(TO_PILAR, "3", "x");
	assert_int_equal(s.n_got, 2);
	assert_holds(s.sent[s.n_sent - 1].text, "MESSAGE sip:pilar@litware.test ");
}

/* Neither is it given up for the next one while it answers others, or says that it is trying. */
static void a_target_that_is_heard_is_not_given_up(void **state)
{
	static const char *const answers[] = { "200 OK", "100 Trying" };

	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(2);
	for (unsigned i = 0; i < COUNT(answers); i++) {
		const unsigned first = s.n_sent, got = s.n_got;

		xmpp_message(TO_PILAR, "silent", "x");
		if (i == 0)
			xmpp_message(A_CONTOSO, "ken@litware.test", "other", "x");
		pass(TS_MS(100));
		respond(s.n_sent - 1, answers[i]);
		pass(TS_S(32));
		assert_int_equal(s.n_got, got + 1);
		xmpp_message(TO_PILAR, "after", "x");
		assert_int_equal(s.sent[s.n_sent - 1].peer.ip[3], s.sent[first].peer.ip[3]);
		respond(s.n_sent - 1, "200 OK");
	}
}

static void what_waits_behind_a_timeout_has_its_turn(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(TO_PILAR, "1", "one");
	xmpp_message(TO_PILAR, "2", "two");
	pass(TS_S(32));
	assert_int_equal(s.n_got, 1);
	assert_holds(s.sent[s.n_sent - 1].text, "\r\n\r\ntwo");
}

/* ---- ourselves ---- */

static void a_target_that_is_ourselves_is_left_out(void **state)
{
	(void)state;
	s.cfg.listens[0].addr = (struct addr){ .family = 4, .port = 5080, .ip = { 192, 0, 2, 1 } };
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(2);
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(s.sent[0].peer.ip[3], 2);
	assert_holds(s.events, "log warning sip next-hop-is-this-gateway address=192.0.2.1:5080\n");
}

static void what_only_leads_to_ourselves_is_told(void **state)
{
	(void)state;
	next_hop("sip:127.0.0.1:5070;transport=udp");
	start_connected();
	xmpp_message(TO_PILAR, "m", "x");
	pass(TS_S(38));
	assert_int_equal(s.n_sent, 0);
	assert_refused(0, "m", "The SIP pool cannot be reached");
	assert_int_equal(count(s.events, "next-hop-is-this-gateway"), 1);
}

/* ---- a socket of its own ---- */

/* The last socket that is bound toward the hop. */
static const struct want *toward(void)
{
	for (unsigned i = s.n_wants; i > 0; i--)
		if (s.wants[i - 1].type == WANT_LISTEN && s.wants[i - 1].toward)
			return &s.wants[i - 1];
	return NULL;
}

static void socket_is_up(void)
{
	const struct addr bound = {
		.family = toward()->addr.family, .port = 40000, .ip = { 127, 0, 0, 9 }
	};

	push((struct fact){
		.type = FACT_LISTEN_UP, .listener = toward()->listener, .local = &bound });
}

static void over_tcp_only(void)
{
	s.cfg.listens[0].transport = TRANSPORT_TCP;
}

static void without_a_listener_over_udp_there_is_a_socket_of_its_own(void **state)
{
	(void)state;
	over_tcp_only();
	start_connected();
	const struct want *w = toward();
	assert_non_null(w);
	assert_int_equal(w->transport, TRANSPORT_UDP);
	assert_true(addr_eq(&w->addr, &pool));
	socket_is_up();
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.sent[0].listener, w->listener);
	assert_holds(s.sent[0].text, "Via: SIP/2.0/UDP 127.0.0.9:40000;");
	datagram_from(&pool, response_to(0, "200 OK", ""));
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
}

static void a_message_waits_for_the_socket(void **state)
{
	(void)state;
	over_tcp_only();
	start_connected();
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.n_sent, 0);
	socket_is_up();
	assert_int_equal(s.n_sent, 1);
	assert_holds(s.sent[0].text, "Via: SIP/2.0/UDP 127.0.0.9:40000;");
}

static void a_hop_that_is_found_later_has_its_socket_too(void **state)
{
	(void)state;
	over_tcp_only();
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	assert_null(toward());
	answer_dns(1);
	assert_non_null(toward());
	assert_int_equal(toward()->addr.ip[3], 1);
	socket_is_up();
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(s.sent[0].peer.ip[3], 1);
}

static void a_hop_of_the_other_family_has_its_socket_too(void **state)
{
	(void)state;
	next_hop("sip:[2001:db8::1];transport=udp");
	start_connected();
	assert_non_null(toward());
	assert_int_equal(toward()->addr.family, 6);
	socket_is_up();
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(s.sent[0].listener, toward()->listener);
	assert_int_equal(s.sent[0].peer.family, 6);
	assert_holds(s.sent[0].text, "Via: SIP/2.0/UDP [");
}

static void the_next_target_takes_the_socket_of_the_last(void **state)
{
	(void)state;
	over_tcp_only();
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(2);
	socket_is_up();
	xmpp_message(TO_PILAR, "1", "x");
	datagram_failed(0);
	unsigned n = n_wants(WANT_LISTEN);
	assert_int_equal(s.n_sent, 2);
	assert_int_equal(n_wants(WANT_LISTEN), n);
	assert_int_equal(s.sent[1].listener, toward()->listener);
	assert_int_equal(s.sent[1].peer.ip[3], 2);
}

static void a_target_of_the_other_family_takes_another_socket(void **state)
{
	(void)state;
	over_tcp_only();
	with_v6 = true;
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(1);
	assert_int_equal(toward()->addr.family, 4);
	socket_is_up();
	xmpp_message(TO_PILAR, "1", "x");
	datagram_failed(0);
	assert_int_equal(n_wants(WANT_UNLISTEN), 1);
	assert_int_equal(last_want(WANT_UNLISTEN)->listener, toward()->listener);
	assert_int_equal(toward()->addr.family, 6);
	assert_int_equal(s.n_sent, 1);
	socket_is_up();
	assert_int_equal(s.n_sent, 2);
	assert_int_equal(s.sent[1].peer.family, 6);
}

/* Also with as many listeners as there may be.  The other direction goes on. */
static void a_socket_that_cannot_be_had_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GATEWAY_LISTENERS_MAX; i++) {
		s.cfg.listens[i] = s.cfg.listens[0];
		s.cfg.listens[i].transport = TRANSPORT_TCP;
	}
	s.cfg.n_listens = GATEWAY_LISTENERS_MAX;
	start_connected();
	xmpp_message(TO_PILAR, "waits", "x");
	unsigned n = n_wants(WANT_LISTEN);
	push((struct fact){
		.type = FACT_LISTEN_FAILED, .listener = toward()->listener, .err = ENETUNREACH });
	assert_holds(s.events, "log warning sip next-hop-not-reached address=127.0.0.1:5060 "
			       "error=\"network is unreachable\"\n");
	assert_lacks(s.events, "failed error");
	assert_int_equal(s.n_got, 0);
	assert_int_equal(n_wants(WANT_LISTEN), n + 1); /* the network may be there by now */
	socket_is_up();
	assert_int_equal(s.n_sent, 1);
}

/* ---- a wildcard is no address that anything leaves from ---- */

enum { PROBE = 3 }; /* behind one listener and a socket of its own */

static void on_a_wildcard(void)
{
	s.cfg.listens[0].addr = (struct addr){ .family = 4, .port = 5070 };
}

static void probe_is_up(uint8_t last)
{
	const struct addr bound = { .family = 4, .port = 40000, .ip = { 127, 0, 0, last } };

	push((struct fact){ .type = FACT_LISTEN_UP, .listener = PROBE, .local = &bound });
}

/* RFC 3261 section 18.1.1: Via has the address and port that the request leaves from. */
static void a_wildcard_listener_sends_from_the_address_that_reaches_the_hop(void **state)
{
	const struct addr from = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 9 } };

	(void)state;
	on_a_wildcard();
	start_connected();
	assert_int_equal(toward()->listener, PROBE);
	assert_true(addr_eq(&toward()->addr, &pool));
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.n_sent, 0); /* it waits */
	probe_is_up(9);
	assert_int_equal(last_want(WANT_UNLISTEN)->listener, PROBE);
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(s.sent[0].listener, 1);
	assert_true(addr_eq(&s.sent[0].local, &from));
	assert_holds(s.sent[0].text, "Via: SIP/2.0/UDP 127.0.0.9:5070;branch=");
	pass(TS_MS(500)); /* a retransmission, too */
	assert_true(addr_eq(&s.sent[1].local, &from));
	respond(0, "200 OK");
	xmpp_message(TO_PILAR, "n", "x");
	assert_holds(s.sent[2].text, "Via: SIP/2.0/UDP 127.0.0.9:5070;branch=");
	assert_int_equal(n_wants(WANT_LISTEN), 2); /* it is known now */
	assert_lacks(s.events, "40000");
}

static void an_answer_leaves_from_the_address_that_was_asked(void **state)
{
	const struct addr asked = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 2 } };
	const char *text = "OPTIONS sip:127.0.0.2:5070 SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKo\r\n"
			   "From: <sip:" P_LITWARE ">;tag=1\r\nTo: <sip:127.0.0.2>\r\n"
			   "Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

	(void)state;
	on_a_wildcard();
	start_connected();
	probe_is_up(9);
	push((struct fact){
		.type = FACT_DATAGRAM, .listener = 1, .local = &asked, .bytes = slice_str(text) });
	assert_int_equal(s.n_sent, 1);
	assert_true(addr_eq(&s.sent[0].local, &asked));
}

static void each_target_is_asked_for_again(void **state)
{
	(void)state;
	on_a_wildcard();
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	assert_null(toward());
	answer_dns(2);
	probe_is_up(8);
	xmpp_message(TO_PILAR, "1", "x");
	assert_holds(s.sent[0].text, "Via: SIP/2.0/UDP 127.0.0.8:5070;");
	datagram_failed(0);
	assert_int_equal(toward()->addr.ip[3], 2);
	assert_int_equal(s.n_sent, 1);
	probe_is_up(9);
	assert_holds(s.sent[1].text, "Via: SIP/2.0/UDP 127.0.0.9:5070;");
	assert_int_equal(s.sent[1].peer.ip[3], 2);
}

/* The answer about the first target is none about the second. */
static void an_answer_that_is_late_is_not_about_the_next_target(void **state)
{
	(void)state;
	on_a_wildcard();
	next_hop("sip:proxy.litware.test:5080;transport=udp");
	start_connected();
	answer_dns(2);
	xmpp_message(TO_PILAR, "1", "x");
	pass(TS_S(5)); /* no socket: the target is given up */
	assert_int_equal(s.n_got, 0);
	assert_int_equal(n_wants(WANT_LISTEN), 2);
	probe_is_up(8);
	assert_int_equal(s.n_sent, 0);
	assert_int_equal(n_wants(WANT_LISTEN), 3);
	assert_int_equal(toward()->addr.ip[3], 2);
	probe_is_up(9);
	assert_holds(s.sent[0].text, "Via: SIP/2.0/UDP 127.0.0.9:5070;");
}

static void a_wildcard_is_ourselves_at_each_of_its_addresses(void **state)
{
	(void)state;
	on_a_wildcard();
	next_hop("sip:192.0.2.7:5070;transport=udp");
	start_connected();
	const struct addr own = { .family = 4, .port = 40000, .ip = { 192, 0, 2, 7 } };
	push((struct fact){ .type = FACT_LISTEN_UP, .listener = PROBE, .local = &own });
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.n_sent, 0);
	assert_holds(s.events, "next-hop-is-this-gateway address=192.0.2.7:5070\n");
}

static void a_hop_that_no_address_reaches_is_told(void **state)
{
	(void)state;
	on_a_wildcard();
	start_connected();
	xmpp_message(TO_PILAR, "waits", "x");
	push((struct fact){ .type = FACT_LISTEN_FAILED, .listener = PROBE, .err = ENETUNREACH });
	assert_holds(s.events, "log warning sip next-hop-not-reached address=127.0.0.1:5060 "
			       "error=\"network is unreachable\"\n");
	assert_lacks(s.events, "failed error");
	assert_int_equal(s.n_got, 0);
	probe_is_up(9);
	assert_int_equal(s.n_sent, 1);
}

/* Also where the wildcard is of the other family: then the socket of its own is the one. */
static void a_wildcard_of_the_other_family_is_not_asked_for(void **state)
{
	(void)state;
	s.cfg.listens[0].addr = (struct addr){ .family = 6, .port = 5070 };
	start_connected();
	assert_int_equal(n_wants(WANT_LISTEN), 2);
	assert_int_equal(toward()->listener, 2);
	socket_is_up();
	xmpp_message(TO_PILAR, "m", "x");
	assert_int_equal(s.sent[0].listener, 2);
	assert_holds(s.sent[0].text, "Via: SIP/2.0/UDP 127.0.0.9:40000;");
}

/* ---- TCP ---- */

static const struct addr local = { .family = 4, .port = 41234, .ip = { 127, 0, 0, 1 } };

static void hop_is_up(void)
{
	push((struct fact){
		.type = FACT_FLOW_UP, .flow = last_want(WANT_FLOW)->flow, .local = &local });
}

static void hop_is_gone(int err, enum flow_step step)
{
	push((struct fact){ .type = FACT_FLOW_FAILED,
		.flow = last_want(WANT_FLOW)->flow,
		.err = err,
		.step = step });
}

static void start_tcp(void)
{
	next_hop("sip:127.0.0.1:5060;transport=tcp");
	start_connected();
}

static void a_message_waits_for_the_connection(void **state)
{
	(void)state;
	start_tcp();
	assert_int_equal(n_wants(WANT_FLOW), 1); /* the XMPP server's: none before it is needed */
	xmpp_message(TO_PILAR, "1", "x");
	xmpp_message(A_CONTOSO, "kenmyer@litware.test", "2", "y");
	assert_int_equal(n_wants(WANT_FLOW), 2);
	assert_true(addr_eq(&last_want(WANT_FLOW)->addr, &pool));
	assert_int_equal(s.n_sent, 0);
	hop_is_up();
	assert_int_equal(s.n_sent, 2);
	flow_t flow = last_want(WANT_FLOW)->flow;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(s.sent[i].flow, flow);
		/* Which address it leaves from is known only now. */
		assert_holds(s.sent[i].text, "Via: SIP/2.0/TCP 127.0.0.1:41234;branch=z9hG4bK");
	}
	bytes_on(flow, response_to(0, "200 OK", ""));
	bytes_on(flow, response_to(1, "200 OK", ""));
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 2);
	xmpp_message(TO_PILAR, "3", "z");
	assert_int_equal(s.n_sent, 3);
	assert_int_equal(n_wants(WANT_FLOW), 2); /* one connection for all */
	pass(TS_S(31));
	assert_int_equal(s.n_sent, 3); /* a stream does not lose requests */
}

static void a_connection_that_is_refused_is_tried_again(void **state)
{
	(void)state;
	start_tcp();
	xmpp_message(TO_PILAR, "1", "x");
	hop_is_gone(ECONNREFUSED, FLOW_STEP_CONNECT);
	assert_int_equal(n_wants(WANT_FLOW), 3); /* at once */
	hop_is_gone(ECONNREFUSED, FLOW_STEP_CONNECT);
	assert_int_equal(n_wants(WANT_FLOW), 3);
	pass(TS_MS(50));
	assert_int_equal(n_wants(WANT_FLOW), 4);
	assert_int_equal(s.n_got, 0);
	hop_is_up();
	assert_int_equal(s.n_sent, 1);
}

/* The end of the connection before is not that of what waits for the next target. */
static void an_old_connection_ends_nothing_that_waits_for_the_next(void **state)
{
	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=tcp");
	start_connected();
	answer_dns(2);
	xmpp_message(A_CONTOSO, "ken@litware.test", "silent", "x");
	const flow_t old = last_want(WANT_FLOW)->flow;
	push((struct fact){ .type = FACT_FLOW_UP,
		.flow = old,
		.peer = &last_want(WANT_FLOW)->addr,
		.local = &local });
	pass(TS_S(32));
	xmpp_message(TO_PILAR, "1", "x");
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 2);
	push((struct fact){ .type = FACT_FLOW_FAILED, .flow = old, .err = ECONNRESET });
	assert_int_equal(s.n_got, 1); /* of the silent one */
	push((struct fact){ .type = FACT_FLOW_UP,
		.flow = last_want(WANT_FLOW)->flow,
		.peer = &last_want(WANT_FLOW)->addr,
		.local = &local });
	assert_int_equal(s.n_sent, 2);
}

static void a_target_that_refuses_the_connection_is_followed_by_the_next(void **state)
{
	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=tcp");
	start_connected();
	answer_dns(2);
	xmpp_message(TO_PILAR, "1", "x");
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 1);
	hop_is_gone(ECONNREFUSED, FLOW_STEP_CONNECT);
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 2);
	assert_int_equal(s.n_got, 0);
}

/* A firewall that drops: the kernel would try for minutes.  Then the next, and another connection
 * to the same one. */
static void a_connection_that_does_not_come_is_waited_for_5_s(void **state)
{
	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=tcp");
	start_connected();
	answer_dns(2);
	xmpp_message(TO_PILAR, "1", "x");
	const flow_t first = last_want(WANT_FLOW)->flow;
	pass(TS_S(5) - 1);
	assert_int_equal(last_want(WANT_FLOW)->flow, first);
	pass(1);
	assert_int_equal(last_want(WANT_DROP_FLOW)->flow, first);
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 2);
	assert_int_equal(s.n_got, 0);
	push((struct fact){ .type = FACT_FLOW_UP,
		.flow = last_want(WANT_FLOW)->flow,
		.peer = &last_want(WANT_FLOW)->addr,
		.local = &local });
	assert_int_equal(s.n_sent, 1);
	pass(TS_S(32) - 1); /* its own timer F, from when it was sent */
	assert_int_equal(s.n_got, 0);
	pass(1);
	assert_int_equal(s.n_got, 1);
}

/* A proxy may close a connection whenever it likes: RFC 3261 section 18. */
static void a_connection_that_is_lost_is_made_again(void **state)
{
	(void)state;
	start_tcp();
	xmpp_message(TO_PILAR, "1", "x");
	hop_is_up();
	hop_is_gone(ECONNRESET, FLOW_STEP_OPEN);
	assert_int_equal(s.n_got, 1); /* whether it had arrived is not known */
	xmpp_message(TO_PILAR, "2", "x");
	assert_int_equal(s.n_got, 1);
	assert_int_equal(n_wants(WANT_FLOW), 3);
	hop_is_up();
	assert_holds(s.sent[1].text, "MESSAGE sip:pilar@litware.test ");
}

static void what_waited_for_its_turn_goes_on_a_new_connection(void **state)
{
	(void)state;
	start_tcp();
	xmpp_message(A_CONTOSO, "kenmyer@litware.test", "0", "done");
	hop_is_up();
	xmpp_message(TO_PILAR, "1", "one");
	bytes_on(last_want(WANT_FLOW)->flow, response_to(0, "200 OK", ""));
	xmpp_message(TO_PILAR, "2", "two"); /* in a slot in front of the pending one's */
	xmpp_message(TO_PILAR, "3", "three");
	push((struct fact){ .type = FACT_FLOW_EOF, .flow = last_want(WANT_FLOW)->flow });
	assert_int_equal(s.n_got, 1);
	assert_string_equal(s.got[0].id, "1");
	assert_int_equal(n_wants(WANT_FLOW), 3);
	hop_is_up();
	assert_int_equal(s.n_got, 1);
	assert_holds(s.sent[s.n_sent - 1].text, "\r\n\r\ntwo");
	bytes_on(last_want(WANT_FLOW)->flow, response_to(s.n_sent - 1, "200 OK", ""));
	assert_holds(s.sent[s.n_sent - 1].text, "\r\n\r\nthree");
}

/* A connection that is there and says nothing is no reason to stay with its target. */
static void a_silent_connection_is_left_for_the_next_target(void **state)
{
	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=tcp");
	start_connected();
	answer_dns(2);
	xmpp_message(TO_PILAR, "1", "x");
	push((struct fact){ .type = FACT_FLOW_UP,
		.flow = last_want(WANT_FLOW)->flow,
		.peer = &last_want(WANT_FLOW)->addr,
		.local = &local });
	pass(TS_S(32));
	assert_int_equal(s.n_got, 1);
	xmpp_message(TO_PILAR, "2", "x");
	assert_int_equal(n_wants(WANT_FLOW), 3);
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 2);
}

/* A proxy that hangs closes nothing. */
static void connections_that_were_left_do_not_pile_up(void **state)
{
	flow_t flows[6];

	(void)state;
	next_hop("sip:proxy.litware.test:5080;transport=tcp");
	start_connected();
	for (unsigned i = 0; i < COUNT(flows); i++) {
		xmpp_message(TO_PILAR, "m", "x");
		answer_dns(2); /* asked for when it waits and no target is left */
		assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 1 + i % 2);
		flows[i] = last_want(WANT_FLOW)->flow;
		assert_int_equal(n_wants(WANT_DROP_FLOW), i < 2 ? 0 : i - 1);
		if (i >= 2)
			assert_int_equal(last_want(WANT_DROP_FLOW)->flow, flows[i - 2]);
		push((struct fact){ .type = FACT_FLOW_UP,
			.flow = flows[i],
			.peer = &last_want(WANT_FLOW)->addr,
			.local = &local });
		assert_int_equal(s.n_sent, i + 1);
		pass(TS_S(32));
		assert_int_equal(s.n_got, i + 1);
	}
}

/* Each has an outcome: none may wait for ever for a proxy that is not there. */
static void what_waited_for_its_turn_fails_with_the_proxy(void **state)
{
	char id[16];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 16; i++) {
		snprintf(id, sizeof(id), "m%u", i);
		xmpp_message(TO_PILAR, id, "x");
	}
	refuse_until(TS_S(38));
	assert_int_equal(s.n_got, 16);
	assert_true(s.n_sent < 45); /* and not one by one */
	pass(TS_S(5));
	xmpp_message(TO_PILAR, "after", "x");
	assert_int_equal(s.n_got, 16);
	respond(s.n_sent - 1, "200 OK");
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
}

/* im3428_8_size_1300: also when the real Via is longer than the one it was measured with. */
static void the_size_is_kept_whatever_address_it_leaves_from(void **state)
{
	const struct addr longest = { .family = 4, .port = 65535, .ip = { 255, 255, 255, 255 } };
	char body[1301];

	(void)state;
	next_hop("sip:127.0.0.1:1;transport=tcp");
	start_connected();
	memset(body, 'x', 1300);
	for (size_t n = 800; n < 1200; n++) {
		char id[16];

		snprintf(id, sizeof(id), "m%zu", n);
		body[n] = '\0';
		xmpp_message(TO_PILAR, id, body);
		body[n] = 'x';
		if (s.n_got) /* refused: over 1,300 bytes */
			break;
		push((struct fact){ .type = FACT_FLOW_UP,
			.flow = last_want(WANT_FLOW)->flow,
			.peer = &last_want(WANT_FLOW)->addr,
			.local = &longest });
		assert_true(strlen(s.sent[s.n_sent - 1].text) <= 1300);
		hop_is_gone(EPIPE, FLOW_STEP_OPEN);
		s.n_got = s.n_sent = 0;
		pass(TS_S(5));
		s.n_wants = 0;
	}
	assert_int_equal(s.n_got, 1);
	assert_holds(s.got[0].text, "<policy-violation ");
}

static void a_hop_that_we_cannot_speak_to_is_refused(void **state)
{
	static const struct {
		const char *uri;
		int want;
	} cases[] = {
		{ "sip:127.0.0.1;transport=tls", ERR_UNSUPPORTED },
		{ "sips:127.0.0.1", ERR_UNSUPPORTED },
		{ "tel:+1555", ERR_UNSUPPORTED },
		{ "nonsense", ERR_SYNTAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		next_hop(cases[i].uri);
		assert_int_equal(gateway_new(&s.g, &s.cfg, &s.rng, s.now), cases[i].want);
		assert_null(s.g);
	}
}

#undef SCENE
#define SCENE(f) cmocka_unit_test_setup_teardown(f, set_up, scene_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(an_address_needs_no_question),
		SCENE(a_name_is_asked_for_when_the_gateway_starts),
		SCENE(a_name_that_is_not_found_is_asked_again_while_somebody_waits),
		SCENE(a_hop_that_is_away_for_long_is_tried_and_refuses),
		SCENE(one_message_tries_for_all),
		SCENE(an_answer_ends_the_trial),
		SCENE(what_was_repeated_is_not_sent_anew),
		SCENE(a_target_that_refuses_is_followed_by_the_next),
		SCENE(a_target_that_does_not_answer_is_followed_by_the_next),
		SCENE(an_error_of_another_peer_is_not_the_hops),
		SCENE(one_loss_counts_once),
		SCENE(the_only_address_is_not_given_up_by_two_timeouts),
		SCENE(a_target_that_is_heard_is_not_given_up),
		SCENE(what_waits_behind_a_timeout_has_its_turn),
		SCENE(a_target_that_is_ourselves_is_left_out),
		SCENE(what_only_leads_to_ourselves_is_told),
		SCENE(without_a_listener_over_udp_there_is_a_socket_of_its_own),
		SCENE(a_message_waits_for_the_socket),
		SCENE(a_hop_that_is_found_later_has_its_socket_too),
		SCENE(a_hop_of_the_other_family_has_its_socket_too),
		SCENE(the_next_target_takes_the_socket_of_the_last),
		SCENE(a_target_of_the_other_family_takes_another_socket),
		SCENE(a_socket_that_cannot_be_had_is_told),
		SCENE(a_wildcard_listener_sends_from_the_address_that_reaches_the_hop),
		SCENE(an_answer_leaves_from_the_address_that_was_asked),
		SCENE(each_target_is_asked_for_again),
		SCENE(an_answer_that_is_late_is_not_about_the_next_target),
		SCENE(a_wildcard_is_ourselves_at_each_of_its_addresses),
		SCENE(a_hop_that_no_address_reaches_is_told),
		SCENE(a_wildcard_of_the_other_family_is_not_asked_for),
		SCENE(a_message_waits_for_the_connection),
		SCENE(a_connection_that_is_refused_is_tried_again),
		SCENE(an_old_connection_ends_nothing_that_waits_for_the_next),
		SCENE(a_target_that_refuses_the_connection_is_followed_by_the_next),
		SCENE(a_connection_that_does_not_come_is_waited_for_5_s),
		SCENE(a_connection_that_is_lost_is_made_again),
		SCENE(what_waited_for_its_turn_goes_on_a_new_connection),
		SCENE(a_silent_connection_is_left_for_the_next_target),
		SCENE(connections_that_were_left_do_not_pile_up),
		SCENE(what_waited_for_its_turn_fails_with_the_proxy),
		SCENE(the_size_is_kept_whatever_address_it_leaves_from),
		SCENE(a_hop_that_we_cannot_speak_to_is_refused),
	};

	return cmocka_run_group_tests_name("hop", tests, NULL, NULL);
}
