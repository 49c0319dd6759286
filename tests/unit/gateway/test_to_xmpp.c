/* SIP MESSAGE to XMPP: what is handed over, and the one answer to each request. */
#include "scene.h"

#include "sip/nist.h"

static const struct sip_msg *decode_answer(const char *branch)
{
	static struct sip_msg msg;
	struct sip_refusal refusal;

	if (sip_msg_decode(slice_str(answer_to(branch)), &msg, &refusal))
		fail_msg("%s: %s", answer_to(branch), refusal.where.what);
	return &msg;
}

/* One message and its pong. */
static void deliver(const char *branch)
{
	send_message(branch, A_CONTOSO);
	wake();
	pong(s.n_got - 1);
}

/* ---- the good case ---- */

/* im3428_7_no_body_in_2xx, im3428_7_no_contact_in_2xx */
static void stox_im_5_answers_2xx(void **state)
{
	(void)state;
	start_connected();
	deliver("1");
	const struct sip_msg *m = decode_answer("1");
	assert_int_equal(m->status, 202); /* RFC 3428 section 7: a relay into another network */
	assert_int_equal(m->body.n, 0);
	assert_null(sip_msg_value(m, SIP_HDR_CONTACT).p);
	assert_true(slice_eqs(m->call_id, "c1"));
	assert_int_equal(m->cseq, 1);
	assert_true(slice_eqs(m->from.text, "<sip:" P_LITWARE ">;tag=1"));
	assert_int_equal(m->to.tag.n, 16);
	assert_true(addr_eq(&s.sent[0].peer, &pool));
	assert_int_equal(s.sent[0].listener, 1);
	assert_int_equal(gateway_stats(s.g)->sip_to_xmpp, 1);
}

/* nit4320_no_early_100_over_udp, nit4320_no_provisional_but_100 */
static void im3428_7_immediate_final(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	pass(TS_MS(300)); /* below T1: the sender has not repeated it yet */
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(status_of("1"), 202);
	pass(TS_S(60));
	assert_int_equal(s.n_sent, 1);
}

static void gw_component_every_stanza_has_from(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	assert_string_equal(s.got[0].from, P_LITWARE);
	assert_string_equal(s.got[0].to, A_CONTOSO);
	assert_holds(s.got[0].text, "<body>hi</body><thread>c1</thread>");
	assert_string_equal(s.got[1].from, "litware.test");
}

static void the_stanzas_id_cannot_be_guessed(void **state)
{
	(void)state;
	start_connected();
	for (unsigned i = 0; i < 20; i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "m%u", i);
		send_message(branch, A_CONTOSO);
		assert_int_equal(strlen(s.got[i].id), 33);
		for (unsigned k = 0; k < i; k++) { /* what is chance differs */
			assert_string_not_equal(s.got[i].id + 9, s.got[k].id + 9);
			assert_string_not_equal(s.got[i].id + 17, s.got[k].id + 17);
		}
	}
}

/* ---- errors of the far side ---- */

#define MOVED(condition, address)                                                                  \
	"<error type='cancel'><" condition " xmlns='" NS_STANZAS "'>" address "</" condition       \
	"></error>"

/* stox_core_7_1 through the gateway: the receiver was a bare JID, or one with a resource. */
static void an_error_before_the_pong_is_the_answer(void **state)
{
	static const struct {
		const char *to, *error;
		int want;
		const char *holds;
	} cases[] = {
		{ A_CONTOSO, ERROR("cancel", "item-not-found"), 604, "text=\"item-not-found\"" },
		{ A_CONTOSO ";gr=x", ERROR("cancel", "item-not-found"), 404,
			"text=\"item-not-found\"" },
		{ A_CONTOSO, ERROR("cancel", "service-unavailable"), 403,
			"text=\"service-unavailable\"" },
		{ A_CONTOSO, ERROR("wait", "recipient-unavailable"), 600,
			"text=\"recipient-unavailable\"" },
		{ A_CONTOSO, ERROR("auth", "not-authorized"), 403, "text=\"not-authorized\"" },
		{ A_CONTOSO, ERROR("wait", "remote-server-timeout"), 504,
			"text=\"remote-server-timeout\"" },
		{ A_CONTOSO, ERROR("cancel", "remote-server-not-found"), 404,
			"text=\"remote-server-not-found\"" },
		{ A_CONTOSO, ERROR("wait", "remote-server-not-found"), 504,
			"text=\"remote-server-not-found\"" },
		{ A_CONTOSO, ERROR("cancel", "gone"), 410, "text=\"gone\"" },
		{ A_CONTOSO, MOVED("gone", "\n  xmpp:new@contoso.test\n"), 301,
			"Contact: <sip:new@contoso.test>\r\nReason: XMPP;text=\"gone\"" },
		{ A_CONTOSO, MOVED("redirect", "mailto:new@contoso.test"), 302,
			"Contact: <mailto:new@contoso.test>\r\nReason: XMPP;text=\"redirect\"" },
		/* No address, or none that SIP can say: RFC 3261 sections 21.4.9 and 21.4.18. */
		{ A_CONTOSO, MOVED("gone", "fishing"), 410, "text=\"gone\"" },
		{ A_CONTOSO, MOVED("redirect", ""), 480, "text=\"redirect\"" },
		{ A_CONTOSO, MOVED("redirect", "xmpp:a\\5cx@contoso.test"), 480,
			"text=\"redirect\"" },
		{ A_CONTOSO, ERROR("modify", "never-heard-of"), 400,
			"text=\"undefined-condition\"" },
		{ A_CONTOSO, "", 400, "text=\"undefined-condition\"" },
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(cases); i++) {
		char branch[8];
		unsigned n = s.n_got;

		print_message("case: %s to %s\n", cases[i].error, cases[i].to);
		snprintf(branch, sizeof(branch), "m%zu", i);
		send_message(branch, cases[i].to);
		wake();
		bounce(n, cases[i].error);
		assert_int_equal(status_of(branch), cases[i].want);
		assert_holds(answer_to(branch), "Reason: XMPP;");
		assert_holds(answer_to(branch), cases[i].holds);
		if (cases[i].want / 100 != 3)
			assert_lacks(answer_to(branch), "Contact:");
		pong(n + 1);
		assert_int_equal(n_answers(branch), 1);
	}
	assert_int_equal(gateway_stats(s.g)->far_errors, COUNT(cases));
}

static void an_error_is_one_messages_and_not_its_neighbours(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	send_message("2", A_CONTOSO);
	send_message("3", A_CONTOSO);
	wake();
	bounce(1, ERROR("cancel", "item-not-found"));
	assert_int_equal(s.n_sent, 1);
	pong(3);
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(status_of("2"), 604);
	assert_int_equal(status_of("3"), 202);
}

static void an_error_after_the_answer_is_counted_and_that_is_all(void **state)
{
	(void)state;
	start_connected();
	deliver("1");
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(s.n_got, 2);
	assert_int_equal(gateway_stats(s.g)->late_errors, 1);
	/* The slot may be somebody else's by now. */
	send_message("2", A_CONTOSO);
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(status_of("2"), 0);
	assert_int_equal(gateway_stats(s.g)->late_errors, 2);
}

/* RFC 6120 section 8.3.2: the intended recipient, by any of his clients, or his server's domain. */
static void only_who_was_written_to_can_refuse(void **state)
{
	static const struct {
		const char *to, *from;
		bool may;
	} cases[] = {
		{ A_CONTOSO, A_CONTOSO, true },
		{ A_CONTOSO, A_CONTOSO "/desk", true },
		{ A_CONTOSO, "Adelany@CONTOSO.test", true },
		{ A_CONTOSO, "contoso.test", true },
		{ A_CONTOSO ";gr=desk", A_CONTOSO "/desk", true },
		{ A_CONTOSO ";gr=desk", A_CONTOSO, true },
		{ A_CONTOSO, "eve@contoso.test", false },
		{ A_CONTOSO, "eve@contoso.test/" A_CONTOSO, false },
		{ A_CONTOSO, "contoso.test/x", false },
		{ A_CONTOSO, "adelany@fabrikam.test", false },
		{ A_CONTOSO, "stranger.test", false },
		{ A_CONTOSO, "litware.test", false },
		{ A_CONTOSO, P_LITWARE, false },
		{ A_CONTOSO, "", false },
		{ A_CONTOSO, "@", false },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		char branch[8], text[512];

		print_message("case: to %s from %s\n", cases[i].to, cases[i].from);
		snprintf(branch, sizeof(branch), "b%u", i);
		send_message(branch, cases[i].to);
		snprintf(text, sizeof(text),
			"<message from='%s' to='" P_LITWARE "' id='%s' type='error'>%s</message>",
			cases[i].from, s.got[s.n_got - 1].id, ERROR("cancel", "item-not-found"));
		from_xmpp(text);
		assert_int_equal(status_of(branch) != 0, cases[i].may);
	}
}

static void an_error_to_what_was_never_sent_refuses_nothing(void **state)
{
	static const char *const ids[] = { "0000000000000000", "m00000000000000010000000000000000",
		"ffffffff00000000", "m", "" };

	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	for (size_t i = 0; i < COUNT(ids); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			"<message from='" A_CONTOSO "' to='" P_LITWARE "' id='%s' type='error'/>",
			ids[i]);
		from_xmpp(text);
	}
	from_xmpp("<message from='" A_CONTOSO "' to='" P_LITWARE "' type='error'/>");
	assert_int_equal(s.n_sent, 0);
}

/* ---- retransmissions ---- */

static void gw_retransmission_one_stanza(void **state)
{
	char first[SCENE_TEXT_MAX];

	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	send_message("1", A_CONTOSO); /* its answer is still owed */
	wake();
	assert_int_equal(s.n_sent, 0);
	bounce(0, ERROR("cancel", "item-not-found"));
	snprintf(first, sizeof(first), "%s", answer_to("1"));
	for (unsigned i = 0; i < 3; i++) {
		pass(TS_S(10));
		send_message("1", A_CONTOSO);
		assert_int_equal(n_answers("1"), i + 2);
		assert_string_equal(answer_to("1"), first); /* the To tag too */
	}
	assert_int_equal(s.n_got, 2);
	assert_int_equal(gateway_stats(s.g)->sip_retransmissions, 4);
	pass(TS_S(2) - 1);
	send_message("1", A_CONTOSO);
	assert_int_equal(n_answers("1"), 5);
	pass(1); /* after timer J it is a new request */
	send_message("1", A_CONTOSO);
	wake();
	assert_int_equal(gateway_stats(s.g)->sip_to_xmpp, 2);
}

static void a_refusal_is_repeated_as_it_was(void **state)
{
	char first[SCENE_TEXT_MAX];

	(void)state;
	start_connected();
	send_message("1", "a@stranger.test");
	snprintf(first, sizeof(first), "%s", answer_to("1"));
	assert_int_equal(status_of("1"), 403);
	send_message("1", "a@stranger.test");
	assert_int_equal(n_answers("1"), 2);
	assert_string_equal(answer_to("1"), first);
	assert_int_equal(gateway_stats(s.g)->sip_refused, 1);
}

/* The Contact is not in the request from which the rest of the answer is made again. */
static void a_new_address_is_repeated_until_timer_j(void **state)
{
	char first[SCENE_TEXT_MAX];

	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	bounce(0, MOVED("gone", "xmpp:new@contoso.test"));
	snprintf(first, sizeof(first), "%s", answer_to("1"));
	assert_holds(first, "Contact: <sip:new@contoso.test>\r\n");
	pass(TS_S(32) - 1);
	send_message("1", A_CONTOSO);
	assert_int_equal(n_answers("1"), 2);
	assert_string_equal(answer_to("1"), first);
	pass(1);
	send_message("1", A_CONTOSO); /* a new request, and a new answer */
	wake();
	bounce(2, MOVED("gone", "xmpp:newer@contoso.test"));
	send_message("1", A_CONTOSO);
	assert_int_equal(n_answers("1"), 4);
	assert_holds(answer_to("1"), "Contact: <sip:newer@contoso.test>\r\n");
}

static int moved_status(unsigned i, const char *error)
{
	char branch[16];

	s.n_sent = s.n_got = 0;
	snprintf(branch, sizeof(branch), "m%u", i);
	send_message(branch, A_CONTOSO);
	wake();
	bounce(0, error);
	pong(1);
	send_message(branch, A_CONTOSO);
	assert_int_equal(n_answers(branch), 2);
	assert_string_equal(s.sent[0].text, s.sent[1].text);
	return status_of(branch);
}

/* Never a 301 that the next time would say nothing. */
static void without_room_for_a_new_address_there_is_none(void **state)
{
	static const char error[] = MOVED("gone", "xmpp:new@contoso.test");
	char longer[1024];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 1024; i++) /* MOVED_MAX */
		assert_int_equal(moved_status(i, error), 301);
	assert_int_equal(moved_status(1024, error), 410);
	pass(TS_S(32));
	assert_int_equal(moved_status(1025, error), 301);
	snprintf(longer, sizeof(longer), MOVED("gone", "mailto:%0505u"), 1);
	assert_int_equal(moved_status(1026, longer), 301); /* CONTACT_MAX */
	snprintf(longer, sizeof(longer), MOVED("gone", "mailto:%0506u"), 1);
	assert_int_equal(moved_status(1027, longer), 410);
}

/* RFC 3261 section 17.2.2: timer J is 0 where nothing repeats requests. */
static void nothing_is_kept_of_a_request_on_a_stream(void **state)
{
	(void)state;
	s.cfg.listens[0].transport = TRANSPORT_TCP;
	s.cfg.transactions_max = 1;
	start_connected();
	flow_t flow = accepted(1);
	for (unsigned i = 0; i < 3; i++) {
		bytes_on(flow, request("1", A_CONTOSO, P_LITWARE, "", "hi"));
		wake();
		pong(s.n_got - 1);
		assert_int_equal(n_answers("1"), i + 1);
		assert_int_equal(status_of("1"), 202);
		assert_int_equal(s.sent[i].flow, flow);
	}
	assert_int_equal(gateway_stats(s.g)->sip_to_xmpp, 3);
}

static void two_requests_differ_by_branch_sent_by_or_method(void **state)
{
	(void)state;
	start_connected();
	deliver("1");
	deliver("2");
	char other[2048];
	assert_true(slice_cstr(
		slice_str(request("1", A_CONTOSO, P_LITWARE, "", "hi")), other, sizeof(other)));
	exchange(other, "127.0.0.1:5060", "127.0.0.1:5062");
	sip(other);
	assert_int_equal(gateway_stats(s.g)->sip_to_xmpp, 3);
}

/* ---- the room for finished transactions ---- */

static void when_full_a_new_request_gets_503_with_retry_after(void **state)
{
	(void)state;
	s.cfg.transactions_max = 3;
	start_connected();
	deliver("1");
	deliver("2");
	pass(TS_S(10));
	deliver("3");
	send_message("4", A_CONTOSO);
	assert_int_equal(status_of("4"), 503);
	assert_holds(answer_to("4"), "SIP/2.0 503 Too Many Messages In Hand\r\n");
	assert_holds(answer_to("4"), "Retry-After: 5\r\n");
	assert_lacks(answer_to("4"), "ms-diagnostics"); /* busy, not down */
	assert_int_equal(gateway_stats(s.g)->overload_503, 1);
	assert_int_equal(s.n_got, 6); /* nothing went */
	send_message("1", A_CONTOSO); /* not new: the answer that it had */
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(n_answers("1"), 2);
	pass(TS_S(22)); /* timer J of the first two */
	deliver("4");
	assert_int_equal(status_of("4"), 202);
	assert_int_equal(s.n_got, 8);
}

/* The answer of every message that is taken can be kept, so those in hand have their place. */
static void a_request_in_hand_has_its_place_in_the_room(void **state)
{
	char branch[8];

	(void)state;
	s.cfg.transactions_max = 4;
	start_connected();
	for (unsigned i = 0; i < 8; i++) {
		snprintf(branch, sizeof(branch), "m%u", i);
		send_message(branch, A_CONTOSO);
	}
	wake();
	pong(s.n_got - 1);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(branch, sizeof(branch), "m%u", i);
		assert_int_equal(status_of(branch), i < 4 ? 202 : 503);
		send_message(branch, A_CONTOSO);
		assert_int_equal(status_of(branch), i < 4 ? 202 : 503);
	}
	assert_int_equal(gateway_stats(s.g)->sip_to_xmpp, 4);
}

static void the_room_has_4194304_places_unless_set(void **state)
{
	(void)state;
	assert_int_equal(NIST_DONE_MAX, 4194304);
	s.cfg.transactions_max = NIST_DONE_MAX + 1;
	assert_int_equal(gateway_new(&s.g, &s.cfg, &s.rng, s.now), -EINVAL);
	s.cfg.transactions_max = 0;
	start_connected();
	deliver("1");
}

/* gw_outage_queue_bounded_503: a server that does not read. */
static void what_the_server_does_not_read_is_bounded(void **state)
{
	char branch[16], body[3001];
	unsigned n = 0;

	(void)state;
	start_connected();
	memset(body, 'x', 3000);
	body[3000] = '\0';
	for (; gateway_stats(s.g)->overload_503 == 0; n++) {
		assert_in_range(n, 0, 2000); /* 6 MB */
		snprintf(branch, sizeof(branch), "m%u", n);
		s.e.ops->push(s.e.self,
			&(struct fact){ .type = FACT_DATAGRAM,
				.listener = 1,
				.peer = &pool,
				.local = &here,
				.bytes = slice_str(
					request(branch, A_CONTOSO, P_LITWARE, "", body)) },
			s.now);
	}
	assert_in_range(n, 10, 2000);
	xstream_free(s.server); /* its reading of 1 MB is not what this is about */
	s.server = NULL;
	drain();
	assert_int_equal(status_of(branch), 503);
	assert_holds(answer_to(branch), "Retry-After: 5\r\n");
}

static void so_many_messages_may_be_in_hand(void **state)
{
	char branch[16];

	(void)state;
	start_connected();
	s.server = xstream_free(s.server); /* what is sent goes nowhere */
	for (unsigned i = 0; i < GATEWAY_PENDING_MAX; i++) {
		snprintf(branch, sizeof(branch), "m%u", i);
		send_message(branch, A_CONTOSO);
	}
	assert_int_equal(s.n_sent, 0);
	send_message("more", A_CONTOSO);
	assert_int_equal(status_of("more"), 503);
	assert_holds(answer_to("more"), "Retry-After: 5\r\n");
}

/* A head of 4 kB has to be kept for the answer as well as one of 400 bytes. */
static void so_many_bytes_may_be_in_hand(void **state)
{
	enum { VIA = 4000 };
	char more[VIA + 64], branch[16];
	unsigned n = 0;

	(void)state;
	start_connected();
	snprintf(more, sizeof(more), "Via: SIP/2.0/UDP h;branch=z9hG4bKfirst;x=%0*u\r\n", VIA, 1u);
	for (; gateway_stats(s.g)->overload_503 == 0; n++) {
		assert_in_range(n, 0, 32768);
		snprintf(branch, sizeof(branch), "m%u", n);
		sip(request(branch, A_CONTOSO, P_LITWARE, more, "x"));
		s.n_got = s.n_got ? 1 : 0; /* the first one is kept */
	}
	assert_in_range((size_t)n * VIA, 8 << 20, 32 << 20);
	assert_int_equal(status_of(branch), 503);
	assert_holds(answer_to(branch), "Retry-After: 5\r\n");
	bounce(0, ERROR("cancel", "item-not-found"));
	sip(request("again", A_CONTOSO, P_LITWARE, more, "x"));
	assert_int_equal(status_of("again"), 0);
	sip(request("over", A_CONTOSO, P_LITWARE, more, "x"));
	assert_int_equal(status_of("over"), 503);
}

/* ---- what is not handed over ---- */

static void refusals_name_their_cause(void **state)
{
	static const struct {
		const char *name, *to, *from, *more, *want, *holds;
	} cases[] = {
		{ "gw_partner_default_deny", "a@stranger.test", P_LITWARE, "",
			"403 Not An Allowed Partner",
			"ms-diagnostics: 1005;source=\"litware.test\";reason=\"The receiver's "
			"domain is not an allowed partner\"" },
		{ "a subdomain is not implied", "a@chat.contoso.test", P_LITWARE, "",
			"403 Not An Allowed Partner", "ms-diagnostics: 1005;" },
		{ "gw_from_domain_owned", A_CONTOSO, "x@evil.test", "",
			"403 From Domain Is Not Ours", "ms-diagnostics: 1017;" },
		{ "a partner's From is not ours", A_FABRIKAM, A_CONTOSO, "",
			"403 From Domain Is Not Ours", "ms-diagnostics: 1017;" },
		{ "both ours", "kenmyer@second.test", P_LITWARE, "", "403 Both Domains Are Ours",
			"ms-diagnostics: 1017;" },
		{ "From without a user", A_CONTOSO, "litware.test", "", "400 Bad From Address",
			"" },
		{ "From with a password", A_CONTOSO, "a:b@litware.test", "", "400 Bad From Address",
			"" },
		{ "a control character in From", A_CONTOSO, "a%01b@litware.test", "",
			"400 Bad From Address", "" },
		{ "a password", "a:secret@contoso.test", P_LITWARE, "", "400 Bad Request-URI", "" },
		{ "an address literal", "a@192.0.2.1", P_LITWARE, "", "400 Bad Request-URI", "" },
		{ "bad UTF-8 in the address", "%FF@contoso.test", P_LITWARE, "",
			"400 Bad Request-URI", "" },
		{ "stox_core_8_max_forwards_zero_483", A_CONTOSO, P_LITWARE, "Max-Forwards: 0\r\n",
			"483 Too Many Hops", "" },
		{ "a required extension", A_CONTOSO, P_LITWARE, "Require: foo, bar\r\n",
			"420 Bad Extension", "Unsupported: foo, bar\r\n" },
		{ "stox_im_7_other_types", A_CONTOSO, P_LITWARE, "Content-Type: image/png\r\n",
			"415 Only Text Is Carried", "Accept: text/plain;charset=UTF-8\r\n" },
		{ "another charset", A_CONTOSO, P_LITWARE,
			"Content-Type: text/plain;charset=iso-8859-2\r\n",
			"415 Charset Not Supported", "Accept: text/plain;charset=UTF-8\r\n" },
		{ "a compressed body", A_CONTOSO, P_LITWARE, "Content-Encoding: gzip\r\n",
			"415 Content-Encoding Not Supported", "Accept-Encoding: identity\r\n" },
		{ "a bad type", A_CONTOSO, P_LITWARE, "Content-Type: text\r\n",
			"400 Bad Content-Type", "" },
		{ "a bad subject", A_CONTOSO, P_LITWARE, "Subject: \xff\r\n", "400 Bad Subject",
			"" },
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(cases); i++) {
		char branch[8], line[64];

		print_message("case: %s\n", cases[i].name);
		snprintf(branch, sizeof(branch), "r%zu", i);
		snprintf(line, sizeof(line), "SIP/2.0 %s", cases[i].want);
		sip(request(branch, cases[i].to, cases[i].from, cases[i].more, "hi"));
		assert_int_equal(n_answers(branch), 1);
		assert_ptr_equal(strstr(answer_to(branch), line), answer_to(branch));
		assert_holds(answer_to(branch), cases[i].holds);
	}
	wake();
	assert_int_equal(s.n_got, 0);
}

static void a_body_that_cannot_cross_says_why_and_again(void **state)
{
	static const struct {
		const char *branch, *body, *want;
	} cases[] = {
		{ "gw_control_chars_in_body", "a\x01", "400 Body Has A Control Character" },
		{ "gw_bad_utf8_body_400", "a\xff", "400 Body Is Not UTF-8" },
		{ "no_body", "", "400 Message Has No Text" },
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(cases); i++) {
		char line[64];

		snprintf(line, sizeof(line), "SIP/2.0 %s\r\n", cases[i].want);
		for (unsigned n = 1; n <= 2; n++) {
			sip(request(cases[i].branch, A_CONTOSO, P_LITWARE, "", cases[i].body));
			assert_int_equal(n_answers(cases[i].branch), n);
			assert_ptr_equal(strstr(answer_to(cases[i].branch), line),
				answer_to(cases[i].branch));
		}
	}
	assert_int_equal(s.n_got, 0);
}

/* The picture beside the text is not carried: that is counted, and said once a minute. */
static void what_is_beside_the_text_is_counted(void **state)
{
	static const char body[] = "--b\r\n\r\nhi\r\n--b\r\nContent-Type: image/png\r\n\r\nP";
	static const char type[] = "Content-Type: multipart/mixed;boundary=b\r\n";

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 3; i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "m%u", i);
		s.events[0] = '\0';
		sip(request(branch, A_CONTOSO, P_LITWARE, type, body));
		assert_holds(s.got[s.n_got - 1].text, "<body>hi</body>");
		assert_int_equal(gateway_stats(s.g)->parts_left_out, i + 1);
		if (i == 0)
			assert_holds(s.events,
				"sip parts-left-out from=" P_LITWARE
				" cause=\"parts of a message that are not text\" n=1");
		else
			assert_lacks(s.events, "dropped");
	}
	pass(TS_S(61));
	assert_holds(s.events, "not text\" n=2");
}

static void an_address_over_the_limit_is_414(void **state)
{
	char to[1100];

	(void)state;
	start_connected();
	memset(to, 'a', 1024);
	snprintf(to + 1024, sizeof(to) - 1024, "@contoso.test");
	sip(request("1", to, P_LITWARE, "", "hi"));
	assert_int_equal(status_of("1"), 414);
	sip(request("2", to + 1, P_LITWARE, "", "hi"));
	assert_int_equal(status_of("2"), 0);
	assert_int_equal(s.n_got, 1);
}

/* An answer repeats what the request has of Via: one that will never have room is not told to come
 * again, and the gateway has not too much in hand. */
static void a_request_whose_answer_would_be_too_long_is_513(void **state)
{
	static char vias[17000] = "Via: SIP/2.0/UDP h;branch=z9hG4bK";

	(void)state;
	start_connected();
	s.only_counts = true;
	memset(vias + strlen(vias), 'v', sizeof(vias) - strlen(vias) - 3);
	memcpy(vias + sizeof(vias) - 3, "\r\n", 3);
	sip(request("long", A_CONTOSO, P_LITWARE, vias, "hi"));
	assert_int_equal(s.n_status[513], 1);
	assert_int_equal(s.n_messages, 0);
	assert_int_equal(gateway_stats(s.g)->overload_503, 0);
}

/* A stanza over the server's limit ends the stream for everybody. */
static void a_message_that_would_break_the_stream_is_413(void **state)
{
	static char body[60001];

	(void)state;
	s.cfg.listens[0].transport = TRANSPORT_TCP;
	start_connected();
	flow_t flow = accepted(1);
	memset(body, '"', 60000);
	bytes_on(flow, request("quotes", A_CONTOSO, P_LITWARE, "", body));
	assert_int_equal(status_of("quotes"), 0); /* as long as it came */
	memset(body, '&', 60000);
	bytes_on(flow, request("amps", A_CONTOSO, P_LITWARE, "", body)); /* five times that */
	assert_true(gateway_is_up(s.g));
	assert_int_equal(status_of("amps"), 413);
	wake();
	pong(s.n_got - 1);
	assert_int_equal(status_of("quotes"), 202);
	assert_int_equal(s.n_got, 2);
}

/* ---- connections ---- */

static void an_answer_goes_back_on_its_connection_or_nowhere(void **state)
{
	(void)state;
	s.cfg.listens[0].transport = TRANSPORT_TCP;
	start_connected();
	flow_t a = accepted(1), b = accepted(2);
	bytes_on(a, request("a", A_CONTOSO, P_LITWARE, "", "hi"));
	bytes_on(b, request("b", A_CONTOSO, P_LITWARE, "", "hi"));
	wake();
	push((struct fact){
		.type = FACT_FLOW_FAILED, .flow = a, .err = ECONNRESET, .step = FLOW_STEP_OPEN });
	pong(s.n_got - 1);
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(status_of("b"), 202);
	assert_int_equal(s.sent[0].flow, b);
}

/* ---- out of memory ---- */

/* What was said to have failed was not handed over; what was handed over is answered in time. */
static void without_memory_the_answer_is_still_true(void **state)
{
	unsigned refused = 0;

	(void)state;
	start_connected();
	for (long n = 0; n < 40; n++) {
		char branch[32], to[64];
		unsigned before = s.n_got;

		/* A domain, a slot and a buffer that were not there before. */
		snprintf(branch, sizeof(branch), "oom%ld", n);
		snprintf(to, sizeof(to), n & 1 ? A_CONTOSO : A_FABRIKAM);
		sip_short_of_memory(request(branch, to, P_LITWARE, "", "hi"), n / 2);
		if (status_of(branch) == 503) {
			assert_int_equal(s.n_got, before);
			refused++;
		} else if (status_of(branch) == 0 && s.n_got > before) {
			pass(TS_MS(300));
			assert_int_equal(status_of(branch), 202);
		}
	}
	assert_in_range(refused, 1, 20);
	assert_true(gateway_is_up(s.g));
}

/* In the steady state, from the request to its answer. */
static void a_message_allocates_nothing(void **state)
{
	(void)state;
	start_connected();
	for (unsigned i = 0; i < 4; i++) { /* what is used again has to be there */
		send_message(i % 2 ? "a" : "b", A_CONTOSO);
		wake();
		pong(s.n_got - 1);
		s.now += TS_S(40);
		wake();
	}
	sip_short_of_memory(request("last", A_CONTOSO, P_LITWARE, "", "hi"), 0);
	mem_fail_after(0);
	s.e.ops->push_time(s.e.self, s.now);
	mem_fail_after(-1);
	drain();
	assert_true(s.got[s.n_got - 1].is_ping);
	char reply[256];
	snprintf(reply, sizeof(reply),
		"<iq from='contoso.test' to='litware.test' id='%s' type='result'/>",
		s.got[s.n_got - 1].id);
	push_short_of_memory(of_stream(reply), 0);
	assert_int_equal(status_of("last"), 202);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_message_allocates_nothing),
		SCENE(stox_im_5_answers_2xx),
		SCENE(im3428_7_immediate_final),
		SCENE(gw_component_every_stanza_has_from),
		SCENE(the_stanzas_id_cannot_be_guessed),
		SCENE(an_error_before_the_pong_is_the_answer),
		SCENE(an_error_is_one_messages_and_not_its_neighbours),
		SCENE(an_error_after_the_answer_is_counted_and_that_is_all),
		SCENE(only_who_was_written_to_can_refuse),
		SCENE(an_error_to_what_was_never_sent_refuses_nothing),
		SCENE(gw_retransmission_one_stanza),
		SCENE(a_new_address_is_repeated_until_timer_j),
		SCENE(without_room_for_a_new_address_there_is_none),
		SCENE(a_refusal_is_repeated_as_it_was),
		SCENE(nothing_is_kept_of_a_request_on_a_stream),
		SCENE(two_requests_differ_by_branch_sent_by_or_method),
		SCENE(when_full_a_new_request_gets_503_with_retry_after),
		SCENE(a_request_in_hand_has_its_place_in_the_room),
		SCENE(the_room_has_4194304_places_unless_set),
		SCENE(what_the_server_does_not_read_is_bounded),
		SCENE(so_many_messages_may_be_in_hand),
		SCENE(so_many_bytes_may_be_in_hand),
		SCENE(refusals_name_their_cause),
		SCENE(a_body_that_cannot_cross_says_why_and_again),
		SCENE(what_is_beside_the_text_is_counted),
		SCENE(an_address_over_the_limit_is_414),
		SCENE(a_request_whose_answer_would_be_too_long_is_513),
		SCENE(a_message_that_would_break_the_stream_is_413),
		SCENE(an_answer_goes_back_on_its_connection_or_nowhere),
		SCENE(without_memory_the_answer_is_still_true),
	};

	return cmocka_run_group_tests_name("to_xmpp", tests, NULL, NULL);
}
