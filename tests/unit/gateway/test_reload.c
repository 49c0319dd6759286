/* A configuration that changes while messages are on their way. */
#include "scene.h"

#define A_TAILSPIN "tom@tailspin.test"

/* s.cfg with other partners: `second` instead of fabrikam.test. */
static void with_partners(const char *second)
{
	assert_int_equal(partners_new(&s.partners), 0);
	assert_int_equal(partners_add_own(s.partners, SLICE("litware.test")), 0);
	assert_int_equal(partners_add(s.partners, SLICE("contoso.test"), PARTNER_FEDERATED), 0);
	assert_int_equal(partners_add(s.partners, slice_str(second), PARTNER_FEDERATED), 0);
	s.cfg.partners = s.partners;
}

/* The old partners are gone behind it: nothing may look at them any more. */
static unsigned reload(struct partners *old)
{
	unsigned kept = 0;

	assert_int_equal(gateway_reload(s.g, &s.cfg, &kept), 0);
	partners_free(old);
	return kept;
}

static void deliver(const char *branch, const char *to)
{
	send_message(branch, to);
	wake();
}

static void partners_come_and_go(void **state)
{
	struct partners *const old = s.partners;

	(void)state;
	start_connected();
	deliver("1", A_FABRIKAM);
	assert_int_equal(s.n_got, 2); /* it and its ping */
	with_partners("tailspin.test");
	assert_int_equal(reload(old), 0);
	pong(1);
	assert_int_equal(status_of("1"), 202); /* what is on its way is not stopped */
	deliver("2", A_FABRIKAM);
	assert_int_equal(status_of("2"), 403);
	deliver("3", A_TAILSPIN);
	pong(s.n_got - 1);
	assert_int_equal(status_of("3"), 202);
}

static void what_waits_for_sip_is_carried_to_its_end(void **state)
{
	struct partners *const old = s.partners;

	(void)state;
	start_connected();
	xmpp_message(A_FABRIKAM, P_LITWARE, "m1", "hi");
	assert_int_equal(s.n_sent, 1);
	with_partners("tailspin.test");
	reload(old);
	respond(0, "480 Temporarily Unavailable");
	assert_non_null(strstr(s.got[s.n_got - 1].text, "to='" A_FABRIKAM));
	assert_non_null(strstr(s.got[s.n_got - 1].text, "recipient-unavailable"));
}

static void who_is_trusted_changes(void **state)
{
	(void)state;
	start_connected();
	s.cfg.trusted[0] = (struct addr_net){ stranger, 32 };
	reload(NULL);
	deliver("1", A_CONTOSO);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 1);
	datagram_from(&stranger, request("2", A_CONTOSO, P_LITWARE, "", "hi"));
	wake();
	assert_int_equal(gateway_stats(s.g)->sip_requests, 1);
}

/* RFC 3261 section 18.1.2: whoever is trusted may answer for another. */
static void who_may_answer_changes_with_it(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(A_CONTOSO, P_LITWARE, "m1", "hi");
	datagram_from(&stranger, response_to(s.n_sent - 1, "200 OK", ""));
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 0);
	s.cfg.trusted[1] = (struct addr_net){ stranger, 32 };
	s.cfg.n_trusted = 2;
	reload(NULL);
	datagram_from(&stranger, response_to(s.n_sent - 1, "200 OK", ""));
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
	s.cfg.n_trusted = 1;
	reload(NULL);
	xmpp_message(A_CONTOSO, P_LITWARE, "m2", "hi");
	datagram_from(&stranger, response_to(s.n_sent - 1, "200 OK", ""));
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
}

static void settling_and_what_is_unproven_change(void **state)
{
	(void)state;
	start_connected();
	s.cfg.settle = TS_MS(30);
	reload(NULL);
	deliver("1", A_CONTOSO);
	pong(s.n_got - 1);
	assert_int_equal(status_of("1"), 0);
	pass(TS_MS(30));
	assert_int_equal(status_of("1"), 202);
	s.cfg.refuses_unproven = true;
	reload(NULL);
	deliver("2", A_CONTOSO);
	pass(TS_S(1));
	assert_int_equal(status_of("2") / 100, 5);
}

/* Who has mended a secret or a server does not wait for the next try. */
static void a_server_that_is_away_is_tried_at_once(void **state)
{
	(void)state;
	s.server_secret_is_wrong = true;
	start();
	connect_server();
	s.server_secret_is_wrong = false;
	wake();
	assert_false(s.wants_connect);
	reload(NULL);
	assert_true(s.e.ops->deadline(s.e.self) <= s.now);
	wake();
	connect_server();
	assert_true(gateway_is_up(s.g));
	reload(NULL);
	wake();
	assert_false(s.wants_connect); /* one that is there stays */
}

static void what_needs_a_restart_is_named_and_stays(void **state)
{
	(void)state;
	start_connected();
	const struct gateway_cfg as_started = s.cfg;
	s.cfg.listens[0].addr.port++;
	assert_int_equal(reload(NULL), GATEWAY_KEPT_LISTEN);
	s.cfg = as_started;
	s.cfg.n_listens = 2;
	assert_int_equal(reload(NULL), GATEWAY_KEPT_LISTEN);
	s.cfg = as_started;
	strcpy(s.cfg.next_hop, "sip:127.0.0.1:5062");
	assert_int_equal(reload(NULL), GATEWAY_KEPT_NEXT_HOP);
	s.cfg = as_started;
	s.cfg.server_port++;
	assert_int_equal(reload(NULL), GATEWAY_KEPT_COMPONENT);
	strcpy(s.cfg.component_name, "other.test");
	s.cfg.transactions_max = 99;
	assert_int_equal(reload(NULL), GATEWAY_KEPT_COMPONENT | GATEWAY_KEPT_TRANSACTIONS);
	deliver("1", A_CONTOSO);
	pong(s.n_got - 1);
	assert_int_equal(status_of("1"), 202);
	s.cfg = as_started;
	assert_int_equal(reload(NULL), 0);
}

static void without_memory_nothing_changes(void **state)
{
	unsigned kept = 0;

	(void)state;
	start_connected();
	s.cfg.trusted[0] = (struct addr_net){ stranger, 32 };
	mem_fail_after(0);
	assert_int_equal(gateway_reload(s.g, &s.cfg, &kept), -ENOMEM);
	mem_fail_after(-1);
	deliver("1", A_CONTOSO);
	pong(s.n_got - 1);
	assert_int_equal(status_of("1"), 202);
}

/* Each peer that may now write over UDP and could not before. */
static void a_new_peer_of_udp_deserves_its_word(void **state)
{
	(void)state;
	s.cfg.listens[0].addr.ip[0] = 192; /* not this machine alone */
	s.cfg.trusted[0] = (struct addr_net){ stranger, 32 };
	start_connected();
	assert_holds(s.events, "log warning sip udp-peer-trusted-by-address peer=192.0.2.9 ");
	s.events[0] = '\0';
	s.cfg.trusted[1] = (struct addr_net){ stranger, 24 };
	s.cfg.n_trusted = 2;
	assert_int_equal(reload(NULL), 0);
	note_events();
	assert_holds(s.events, "udp-peer-trusted-by-address peer=192.0.2.9/24 ");
	assert_lacks(s.events, "peer=192.0.2.9 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(partners_come_and_go),
		SCENE(what_waits_for_sip_is_carried_to_its_end),
		SCENE(who_is_trusted_changes),
		SCENE(who_may_answer_changes_with_it),
		SCENE(a_new_peer_of_udp_deserves_its_word),
		SCENE(settling_and_what_is_unproven_change),
		SCENE(a_server_that_is_away_is_tried_at_once),
		SCENE(what_needs_a_restart_is_named_and_stays),
		SCENE(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
