/* What a sweep finds in a world of scripts: zones, dead hosts, weights, TLS, silence, limits. */
#include "sweep_world.h"

#define FAILS(name_, type_, status_)                                                               \
	{                                                                                          \
		.name = (name_), .type = (type_), .status = (status_)                              \
	}

static const struct sweep_cfg partner_cfg = { .side = SWEEP_PARTNER,
	.name = SLICE(PARTNER),
	.from = SLICE("litware.test"),
	.timeout = TS_S(30),
	.row_timeout = TS_S(5) };

static const struct world_row all_fine[] = { { .at = "" } };

/* ---- a healthy pool, a healthy partner ---- */

static const struct world_record full_pool[] = {
	NAPTR(POOL, 10, "SIPS+D2T", "_sips._tcp." POOL),
	NAPTR(POOL, 20, "SIP+D2T", "_sip._tcp." POOL),
	NAPTR(POOL, 30, "SIP+D2U", "_sip._udp." POOL),
	SRV("_sips._tcp." POOL, 10, 0, 5061, "one.litware.test"),
	SRV("_sip._tcp." POOL, 10, 0, 5060, "one.litware.test"),
	SRV("_sip._udp." POOL, 10, 0, 5060, "one.litware.test"),
	SRV("_sipfederationtls._tcp.litware.test", 0, 0, 5061, "edge.litware.test"),
	A("one.litware.test", "192.0.2.1"),
	AAAA("one.litware.test", "2001:db8::1"),
	A("edge.litware.test", "192.0.2.9"),
};

static void every_address_of_every_transport_is_a_row(void **state)
{
	static const struct {
		const char *addr;
		enum transport transport;
		enum sweep_kind kind;
		enum sweep_plan plan;
	} want[] = {
		{ "192.0.2.1:5061", TRANSPORT_TLS, SWEEP_SIPS_TCP, SWEEP_PLAN_SIP },
		{ "[2001:db8::1]:5061", TRANSPORT_TLS, SWEEP_SIPS_TCP, SWEEP_PLAN_SIP },
		{ "192.0.2.1:5060", TRANSPORT_TCP, SWEEP_SIP_TCP, SWEEP_PLAN_SIP },
		{ "[2001:db8::1]:5060", TRANSPORT_TCP, SWEEP_SIP_TCP, SWEEP_PLAN_SIP },
		{ "192.0.2.1:5060", TRANSPORT_UDP, SWEEP_SIP_UDP, SWEEP_PLAN_SIP },
		{ "[2001:db8::1]:5060", TRANSPORT_UDP, SWEEP_SIP_UDP, SWEEP_PLAN_SIP },
		{ "192.0.2.9:5061", TRANSPORT_TLS, SWEEP_SIP_FEDERATION, SWEEP_PLAN_NONE },
	};
	struct sweep_cfg cfg = pool_cfg;

	(void)state;
	cfg.domains[0] = SLICE("litware.test");
	cfg.n_domains = 1;
	const struct sweep_result *r = SWEEP(&cfg, full_pool, all_fine);
	assert_int_equal(r->n_rows, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct sweep_row *row = &r->rows[i];
		char text[ADDR_TEXT_MAX];

		assert_string_equal(addr_text(&row->addr, text), want[i].addr);
		assert_int_equal(row->transport, want[i].transport);
		assert_int_equal(row->kind, want[i].kind);
		assert_int_equal(row->plan, want[i].plan);
		assert_int_equal(row->outcome, SWEEP_OK);
		assert_int_equal(row->used, i == 0);
		if (row->kind != SWEEP_SIP_FEDERATION) {
			assert_int_equal(row->sip_status, 200);
			assert_string_equal(row->sip_server, "scripted/1");
		}
	}
	assert_int_equal(r->rows[0].source, TARGETS_NAPTR);
	assert_int_equal(r->rows[0].order, 10);
	assert_int_equal(r->rows[0].share_permille, 1000);
	assert_string_equal(r->rows[0].tls.version, "TLSv1.3");
	assert_true(r->rows[0].has_days && r->rows[0].days_left == 90);
	assert_int_equal(r->n_findings, 0);
	assert_int_equal(sweep_exit_status(r, true), 0);
}

static const struct world_record full_partner[] = {
	SRV("_xmpps-client._tcp." PARTNER, 5, 0, 5223, "xmpp.contoso.test"),
	SRV("_xmpp-client._tcp." PARTNER, 10, 0, 5222, "xmpp.contoso.test"),
	SRV("_xmpps-server._tcp." PARTNER, 10, 0, 5270, "xmpp.contoso.test"),
	SRV("_xmpp-server._tcp." PARTNER, 5, 0, 5269, "xmpp.contoso.test"),
	A("xmpp.contoso.test", "192.0.2.2"),
};

static void client_and_server_ports_are_each_one_set(void **state)
{
	static const struct world_row peers[] = {
		{ .at = "192.0.2.2:5269",
			.says = "<stream:features><mechanisms "
				"xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL"
				"</mechanism></mechanisms><dialback "
				"xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
				"</stream:features>" },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, full_partner, peers);
	assert_int_equal(r->n_rows, 4);
	/* XEP-0368: by priority, whatever the service. */
	assert_int_equal(r->rows[0].addr.port, 5223);
	assert_true(r->rows[0].used && !r->rows[1].used);
	assert_int_equal(r->rows[1].addr.port, 5222);
	assert_int_equal(r->rows[2].addr.port, 5269);
	assert_true(r->rows[2].used && !r->rows[3].used);
	const struct feature_list *client = &r->rows[1].features;
	assert_true(client->complete && client->starttls && client->starttls_required);
	assert_int_equal(client->mechanisms.n, 2);
	assert_string_equal(client->mechanisms.v[0], "SCRAM-SHA-1");
	assert_string_equal(client->version, "1.0");
	assert_false(r->rows[0].features.starttls);
	const struct feature_list *server = &r->rows[2].features;
	assert_true(server->dialback && server->dialback_errors);
	assert_string_equal(server->mechanisms.v[0], "EXTERNAL");
	assert_int_equal(r->n_findings, 0);
}

/* ---- two hosts, one of them dead ---- */

static const struct world_record two_hosts[] = {
	SRV("_sips._tcp." POOL, 10, 0, 5061, "one.litware.test"),
	SRV("_sips._tcp." POOL, 20, 0, 5061, "two.litware.test"),
	A("one.litware.test", "192.0.2.1"),
	A("two.litware.test", "192.0.2.2"),
};

static void a_dead_second_server_is_a_warning(void **state)
{
	static const struct world_row peers[] = {
		{ .at = "192.0.2.2", .peer = PEER_REFUSES },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, two_hosts, peers);
	assert_int_equal(r->n_rows, 2);
	assert_true(r->rows[0].used && !r->rows[0].passed_over);
	assert_int_equal(r->rows[1].outcome, SWEEP_FAILED);
	assert_int_equal(r->n_findings, 1);
	assert_int_equal(r->findings[0].severity, SWEEP_WARNING);
	assert_string_equal(world_id(&r->findings[0]), "tcp_refused");
	assert_int_equal(r->findings[0].row, 1);
	assert_int_equal(r->findings[0].fault->evidence.err, ECONNREFUSED);
	assert_int_equal(sweep_exit_status(r, false), 0);
	assert_int_equal(sweep_exit_status(r, true), 1);
}

static void a_dead_first_server_is_passed_over(void **state)
{
	static const struct world_row peers[] = {
		{ .at = "192.0.2.1", .peer = PEER_DROPS },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, two_hosts, peers);
	assert_false(r->rows[0].used);
	assert_true(r->rows[1].used && r->rows[1].passed_over);
	assert_string_equal(world_reason(&r->rows[0]), "tcp_timeout");
	assert_int_equal(r->rows[0].took[SWEEP_CONNECT], TS_S(5));
	assert_int_equal(r->n_of[SWEEP_WARNING], 1);
	assert_int_equal(sweep_exit_status(r, false), 0);
}

static void when_all_are_dead_a_test_would_fail_by_each(void **state)
{
	static const struct world_row peers[] = { { .at = "", .peer = PEER_REFUSES } };

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, full_partner, peers);
	assert_int_equal(r->n_of[SWEEP_FAILURE], 4);
	for (unsigned i = 0; i < r->n_rows; i++)
		assert_false(r->rows[i].used);
	assert_int_equal(sweep_exit_status(r, false), 1);
}

static void a_dead_federation_port_is_for_information(void **state)
{
	static const struct world_row peers[] = {
		{ .at = "192.0.2.9", .peer = PEER_REFUSES },
		{ .at = "" },
	};
	struct sweep_cfg cfg = pool_cfg;

	(void)state;
	cfg.domains[0] = SLICE("litware.test");
	cfg.n_domains = 1;
	const struct sweep_result *r = SWEEP(&cfg, full_pool, peers);
	assert_int_equal(world_row(r, "192.0.2.9:5061")->outcome, SWEEP_FAILED);
	assert_int_equal(r->n_findings, 1);
	assert_int_equal(r->findings[0].severity, SWEEP_NOTE);
	assert_int_equal(sweep_exit_status(r, true), 0);
}

/* ---- chance ---- */

static void weights_are_shares_of_those_that_can_be_connected_to(void **state)
{
	static const struct world_record zone[] = {
		SRV("_xmpp-client._tcp." PARTNER, 10, 60, 5222, "a.contoso.test"),
		SRV("_xmpp-client._tcp." PARTNER, 10, 30, 5222, "b.contoso.test"),
		SRV("_xmpp-client._tcp." PARTNER, 10, 30, 5222, "c.contoso.test"),
		SRV("_xmpp-client._tcp." PARTNER, 10, 0, 5222, "d.contoso.test"),
		SRV("_xmpp-client._tcp." PARTNER, 20, 9, 5222, "e.contoso.test"),
		SRV("_xmpp-server._tcp." PARTNER, 0, 0, 5269, "a.contoso.test"),
		A("a.contoso.test", "192.0.2.1"),
		A("b.contoso.test", "192.0.2.2"),
		A("b.contoso.test", "192.0.2.22"),
		A("c.contoso.test", "192.0.2.3"),
		A("d.contoso.test", "192.0.2.4"),
		A("e.contoso.test", "192.0.2.5"),
	};
	static const struct world_row peers[] = {
		{ .at = "192.0.2.3", .peer = PEER_REFUSES },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, zone, peers);
	/* 60 of 60 + 30; the two addresses of b share its 30; c is dead; d has next to no chance.
	 */
	assert_int_equal(world_row(r, "192.0.2.1:5222")->share_permille, 666);
	assert_int_equal(world_row(r, "192.0.2.2:5222")->share_permille, 166);
	assert_int_equal(world_row(r, "192.0.2.22:5222")->share_permille, 166);
	assert_true(world_row(r, "192.0.2.22:5222")->used);
	assert_int_equal(world_row(r, "192.0.2.1:5222")->weight_sum, 90);
	assert_true(world_row(r, "192.0.2.1:5222")->passed_over);
	assert_false(world_row(r, "192.0.2.3:5222")->used);
	assert_false(world_row(r, "192.0.2.4:5222")->used);
	assert_false(world_row(r, "192.0.2.5:5222")->used);
}

static void hosts_without_weights_are_as_likely_as_each_other(void **state)
{
	static const struct world_record zone[] = {
		SRV("_sip._tcp." POOL, 0, 0, 5060, "a.litware.test"),
		SRV("_sip._tcp." POOL, 0, 0, 5060, "b.litware.test"),
		A("a.litware.test", "192.0.2.1"),
		A("b.litware.test", "192.0.2.2"),
	};
	static const struct world_row peers[] = {
		{ .at = "192.0.2.2", .says = "503 Service Unavailable" },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, peers);
	assert_int_equal(r->rows[0].share_permille, 500);
	assert_int_equal(r->rows[1].share_permille, 500);
	assert_int_equal(r->rows[1].n_equals, 2);
	/* A test would fail by it, half of the time. */
	assert_int_equal(r->n_findings, 1);
	assert_int_equal(r->findings[0].severity, SWEEP_FAILURE);
	assert_string_equal(world_id(&r->findings[0]), "sip_server_error");
	assert_int_equal(r->findings[0].fault->evidence.sip_status, 503);
}

/* ---- plans ---- */

static void records_that_naptr_does_not_name_are_nobodys_way(void **state)
{
	static const struct world_record zone[] = {
		NAPTR(POOL, 10, "SIP+D2T", "_sip._tcp.other.test"),
		NAPTR(POOL, 5, "E2U+sip", "_sip._udp.other.test"),
		SRV("_sip._tcp.other.test", 0, 0, 5060, "one.litware.test"),
		SRV("_sips._tcp." POOL, 0, 0, 5061, "one.litware.test"),
		A("one.litware.test", "192.0.2.1"),
	};
	static const struct world_row peers[] = {
		{ .at = "192.0.2.1:5061", .peer = PEER_REFUSES },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, peers);
	assert_int_equal(r->n_rows, 2);
	assert_true(r->rows[0].used && r->rows[0].source == TARGETS_NAPTR);
	assert_string_equal(r->rows[0].service, "_sip._tcp.other.test");
	assert_int_equal(r->rows[1].plan, SWEEP_PLAN_NONE);
	assert_int_equal(r->n_of[SWEEP_WARNING], 1);
	assert_int_equal(sweep_exit_status(r, false), 0);
	const struct question *q = &r->questions[0];
	assert_true(q->type == DNS_NAPTR && q->n_records == 2 && q->n_usable == 1);
}

static void the_order_of_naptr_comes_before_our_own_preference(void **state)
{
	static const struct world_record zone[] = {
		NAPTR(POOL, 30, "SIPS+D2T", "_sips._tcp." POOL),
		NAPTR(POOL, 20, "SIP+D2U", "_sip._udp." POOL),
		SRV("_sips._tcp." POOL, 0, 0, 5061, "one.litware.test"),
		SRV("_sip._udp." POOL, 0, 0, 5060, "one.litware.test"),
		A("one.litware.test", "192.0.2.1"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_int_equal(r->rows[0].transport, TRANSPORT_UDP);
	assert_true(r->rows[0].used && !r->rows[1].used);
}

static void without_naptr_tls_comes_first(void **state)
{
	static const struct world_record zone[] = {
		SRV("_sip._udp." POOL, 0, 0, 5060, "one.litware.test"),
		SRV("_sips._tcp." POOL, 50, 0, 5061, "one.litware.test"),
		A("one.litware.test", "192.0.2.1"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_int_equal(r->rows[0].transport, TRANSPORT_TLS);
	assert_true(r->rows[0].used);
	assert_int_equal(r->rows[0].source, TARGETS_SRV);
}

static void without_records_the_name_itself_is_tried(void **state)
{
	static const struct world_record zone[] = { A(POOL, "192.0.2.1") };
	static const struct world_record partner[] = { A(PARTNER, "192.0.2.2") };

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, 1);
	assert_int_equal(r->rows[0].source, TARGETS_FALLBACK);
	assert_int_equal(r->rows[0].addr.port, 5061);
	assert_true(r->rows[0].used);
	assert_non_null(world_finding(r, "dns_fallback"));
	assert_int_equal(r->n_of[SWEEP_WARNING], 1);

	r = SWEEP(&partner_cfg, partner, all_fine);
	assert_int_equal(r->n_rows, 2);
	assert_int_equal(r->rows[0].addr.port, 5222);
	assert_int_equal(r->rows[1].addr.port, 5269);
	assert_int_equal(r->n_findings, 0);
}

static void a_server_port_that_nobody_announces_is_a_warning(void **state)
{
	static const struct world_record zone[] = {
		SRV("_xmpp-client._tcp." PARTNER, 0, 0, 5222, "xmpp.contoso.test"),
		A("xmpp.contoso.test", "192.0.2.2"),
		A(PARTNER, "192.0.2.3"),
	};
	static const struct world_row peers[] = {
		{ .at = "192.0.2.3", .peer = PEER_REFUSES },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, zone, peers);
	assert_int_equal(r->n_of[SWEEP_FAILURE], 0);
	assert_int_equal(r->n_of[SWEEP_WARNING], 1);
	assert_int_equal(world_row(r, "192.0.2.3:5269")->outcome, SWEEP_FAILED);
}

static void a_server_that_is_named_by_hand_is_the_way(void **state)
{
	struct sweep_cfg cfg = pool_cfg;

	(void)state;
	cfg.server = SLICE("sip:192.0.2.7:5070;transport=tcp");
	const struct sweep_result *r = SWEEP(&cfg, full_pool, all_fine);
	assert_int_equal(r->rows[0].source, TARGETS_GIVEN);
	assert_true(r->rows[0].used);
	assert_int_equal(r->n_rows, 7);
	for (unsigned i = 1; i < r->n_rows; i++)
		assert_true(r->rows[i].plan == SWEEP_PLAN_NONE && !r->rows[i].used);

	cfg = partner_cfg;
	cfg.server = SLICE("192.0.2.8:6222");
	r = SWEEP(&cfg, full_partner, all_fine);
	assert_true(r->rows[0].source == TARGETS_GIVEN && r->rows[0].used);
	assert_int_equal(r->rows[0].addr.port, 6222);
	assert_int_equal(world_row(r, "192.0.2.2:5223")->plan, SWEEP_PLAN_NONE);
	assert_int_equal(world_row(r, "192.0.2.2:5269")->plan, SWEEP_PLAN_SERVER);
}

static void a_server_for_servers_that_is_named_by_hand_is_their_way(void **state)
{
	static const struct world_row peers[] = {
		{ .at = "192.0.2.8", .peer = PEER_REFUSES },
		{ .at = "" },
	};
	struct sweep_cfg cfg = partner_cfg;

	(void)state;
	cfg.peer_server = SLICE("192.0.2.8");
	const struct sweep_result *r = SWEEP(&cfg, full_partner, all_fine);
	const struct sweep_row *row = world_row(r, "192.0.2.8:5269");
	assert_true(row->source == TARGETS_GIVEN && row->used && row->kind == SWEEP_XMPP_SERVER);
	assert_int_equal(world_row(r, "192.0.2.2:5269")->plan, SWEEP_PLAN_NONE);
	assert_int_equal(world_row(r, "192.0.2.2:5223")->plan, SWEEP_PLAN_CLIENT);
	assert_int_equal(sweep_exit_status(r, false), 0);

	r = SWEEP(&cfg, full_partner, peers);
	assert_int_equal(sweep_exit_status(r, false), 1);
	assert_string_equal(world_id(&r->findings[0]), "tcp_refused");
}

/* RFC 2782: "the name MUST NOT be an alias". */
static void a_service_that_names_an_alias_is_a_warning(void **state)
{
	static const struct world_record zone[] = {
		SRV("_xmpp-client._tcp." PARTNER, 0, 0, 5222, "xmpp.contoso.test"),
		SRV("_xmpp-server._tcp." PARTNER, 0, 0, 5269, "s2s.contoso.test"),
		{ .name = "xmpp.contoso.test",
			.type = DNS_A,
			.value = "192.0.2.2",
			.alias = "host.fabrikam.test" },
		A("s2s.contoso.test", "192.0.2.3"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, zone, all_fine);
	assert_int_equal(r->n_of[SWEEP_WARNING], 1);
	const struct sweep_finding *f = world_finding(r, "srv_alias");
	assert_non_null(f);
	assert_int_equal(f->row, 0);
	assert_string_equal(f->message.store + f->message.arg_at[2], "host.fabrikam.test");
	assert_int_equal(sweep_exit_status(r, false), 0);
}

static void what_is_named_by_hand_needs_no_dns(void **state)
{
	static const struct world_record zone[] = {
		FAILS(POOL, DNS_NAPTR, DNS_REFUSED),
		FAILS("_sips._tcp." POOL, DNS_SRV, DNS_REFUSED),
	};
	struct sweep_cfg cfg = pool_cfg;

	(void)state;
	cfg.server = SLICE("sip:192.0.2.7:5061;transport=tls");
	const struct sweep_result *r = SWEEP(&cfg, zone, all_fine);
	assert_int_equal(r->n_of[SWEEP_NOTE], 1);
	assert_string_equal(world_id(&r->findings[0]), "dns_refused");
	assert_int_equal(r->findings[0].more, 1);
	assert_int_equal(sweep_exit_status(r, true), 0);
}

static void a_transport_of_the_uri_is_the_only_way(void **state)
{
	struct sweep_cfg cfg = pool_cfg;

	(void)state;
	cfg.server = SLICE("sip:" POOL ";transport=udp");
	const struct sweep_result *r = SWEEP(&cfg, full_pool, all_fine);
	assert_int_equal(r->rows[0].transport, TRANSPORT_UDP);
	assert_true(r->rows[0].used && r->rows[0].source == TARGETS_SRV);
	for (unsigned i = 0; i < r->n_rows; i++)
		assert_int_equal(
			r->rows[i].plan == SWEEP_PLAN_SIP, r->rows[i].transport == TRANSPORT_UDP);
}

/* ---- what the DNS says ---- */

static void every_status_of_the_dns_has_its_reason(void **state)
{
	static const struct {
		enum dns_status status;
		const char *reason;
	} rows[] = {
		{ DNS_NXDOMAIN, "dns_nxdomain" },
		{ DNS_NODATA, "dns_no_records" },
		{ DNS_TIMEOUT, "dns_timeout" },
		{ DNS_REFUSED, "dns_refused" },
		{ DNS_SERVFAIL, "dns_server_failure" },
		{ DNS_UNREACHABLE, "dns_unreachable" },
		{ DNS_MALFORMED, "dns_malformed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct world_record zone[] = {
			FAILS(POOL, DNS_NAPTR, rows[i].status),
			FAILS(POOL, DNS_A, rows[i].status),
			FAILS(POOL, DNS_AAAA, rows[i].status),
		};

		const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
		assert_int_equal(r->n_rows, 1);
		assert_int_equal(r->rows[0].outcome, SWEEP_FAILED);
		assert_int_equal(r->rows[0].reached, SWEEP_RESOLVE);
		assert_string_equal(world_reason(&r->rows[0]), rows[i].reason);
		assert_int_equal(r->findings[0].severity, SWEEP_FAILURE);
		assert_string_equal(world_id(&r->findings[0]), rows[i].reason);
		assert_int_equal(sweep_exit_status(r, false), 1);
	}
}

static void a_question_that_nobody_answers_does_not_hold_up_the_rows(void **state)
{
	static const struct world_record zone[] = {
		FAILS(POOL, DNS_NAPTR, DNS_TIMEOUT),
		SRV("_sips._tcp." POOL, 0, 0, 5061, "one.litware.test"),
		A("one.litware.test", "192.0.2.1"),
		FAILS("one.litware.test", DNS_AAAA, DNS_TIMEOUT),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_true(r->rows[0].used);
	assert_int_equal(w.n_dropped_questions, 2);
	assert_true(r->duration >= TS_S(15) && r->duration < TS_S(16));
	assert_int_equal(r->n_of[SWEEP_WARNING], 1);
	assert_string_equal(world_id(&r->findings[0]), "dns_timeout");
	assert_int_equal(r->findings[0].more, 1);
	assert_int_equal(sweep_exit_status(r, false), 0);
}

static void a_dot_says_no_and_there_is_no_fallback(void **state)
{
	static const struct world_record zone[] = {
		SRV("_xmpp-client._tcp." PARTNER, 0, 0, 0, ""),
		SRV("_xmpp-server._tcp." PARTNER, 0, 0, 0, ""),
		A(PARTNER, "192.0.2.1"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, 0);
	assert_int_equal(r->n_findings, 2);
	assert_string_equal(world_id(&r->findings[0]), "dns_srv_not_offered");
	assert_int_equal(r->findings[0].severity, SWEEP_FAILURE);
	assert_string_equal(r->findings[0].fault->evidence.dns_name, "_xmpp-client._tcp." PARTNER);
	assert_int_equal(r->findings[1].severity, SWEEP_WARNING);
	assert_int_equal(sweep_exit_status(r, false), 1);
}

/* XEP-0368 section 5: a target "." of either service forbids A and AAAA, and leaves the other. */
static void a_dot_of_one_xmpp_service_forbids_the_fallback_only(void **state)
{
	static const struct {
		const char *name;
		struct world_record zone[2];
		unsigned rows; /* of the client ports */
		enum sweep_kind kind;
		const char *finding, *about;
	} rows[] = {
		{ "direct TLS alone is not offered",
			{ SRV("_xmpps-client._tcp." PARTNER, 0, 0, 0, ""),
				FAILS("_xmpp-client._tcp." PARTNER, DNS_SRV, DNS_NXDOMAIN) },
			0, 0, "dns_srv_not_offered", "_xmpps-client._tcp." PARTNER },
		{ "neither is offered",
			{ SRV("_xmpps-client._tcp." PARTNER, 0, 0, 0, ""),
				SRV("_xmpp-client._tcp." PARTNER, 0, 0, 0, "") },
			0, 0, "dns_srv_not_offered", "_xmpp-client._tcp." PARTNER },
		{ "direct TLS is not offered, the other cannot be looked up",
			{ SRV("_xmpps-client._tcp." PARTNER, 0, 0, 0, ""),
				FAILS("_xmpp-client._tcp." PARTNER, DNS_SRV, DNS_REFUSED) },
			0, 0, "dns_refused", "_xmpp-client._tcp." PARTNER },
		{ "STARTTLS is not offered, direct TLS is",
			{ SRV("_xmpps-client._tcp." PARTNER, 0, 0, 5223, "xmpp.contoso.test"),
				SRV("_xmpp-client._tcp." PARTNER, 0, 0, 0, "") },
			1, SWEEP_XMPPS_CLIENT, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct world_record zone[] = {
			SRV("_xmpp-server._tcp." PARTNER, 0, 0, 5269, "xmpp.contoso.test"),
			A("xmpp.contoso.test", "192.0.2.1"),
			A(PARTNER, "192.0.2.9"), /* where a fallback would go */
			rows[i].zone[0],
			rows[i].zone[1],
		};
		unsigned n = 0;

		print_message("case: %s\n", rows[i].name);
		const struct sweep_result *r = SWEEP(&partner_cfg, zone, all_fine);
		for (unsigned k = 0; k < r->n_rows; k++) {
			n += r->rows[k].plan == SWEEP_PLAN_CLIENT;
			assert_int_not_equal(r->rows[k].source, TARGETS_FALLBACK);
		}
		assert_int_equal(n, rows[i].rows);
		assert_int_equal(r->n_findings, rows[i].finding ? 1 : 0);
		if (rows[i].finding) {
			assert_int_equal(r->findings[0].severity, SWEEP_FAILURE);
			assert_string_equal(world_id(&r->findings[0]), rows[i].finding);
			assert_string_equal(r->findings[0].fault->evidence.dns_name, rows[i].about);
		} else {
			assert_int_equal(r->rows[0].kind, rows[i].kind);
			assert_true(r->rows[0].used);
		}
	}
}

static void direct_tls_that_is_not_offered_is_no_finding(void **state)
{
	static const struct world_record zone[] = {
		SRV("_xmpps-client._tcp." PARTNER, 0, 0, 0, ""),
		SRV("_xmpp-client._tcp." PARTNER, 0, 0, 5222, "xmpp.contoso.test"),
		SRV("_xmpp-server._tcp." PARTNER, 0, 0, 5269, "xmpp.contoso.test"),
		A("xmpp.contoso.test", "192.0.2.1"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, 2);
	assert_int_equal(r->n_findings, 0);
}

static void a_host_without_an_address_is_a_row_that_failed(void **state)
{
	static const struct world_record zone[] = {
		SRV("_sips._tcp." POOL, 10, 0, 5061, "gone.litware.test"),
		SRV("_sips._tcp." POOL, 20, 0, 5061, "one.litware.test"),
		A("one.litware.test", "192.0.2.1"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, 2);
	assert_int_equal(r->rows[0].addr.family, 0);
	assert_string_equal(r->rows[0].host, "gone.litware.test");
	assert_string_equal(world_reason(&r->rows[0]), "dns_nxdomain");
	assert_true(r->rows[1].used && r->rows[1].passed_over);
	assert_int_equal(r->n_of[SWEEP_WARNING], 1);
}

/* A failure to look for records explains their lack, but only to who would have gone by them. */
static void a_row_without_records_is_explained_by_its_own_plan(void **state)
{
	static const struct world_record zone[] = {
		FAILS("_xmpp-server._tcp." PARTNER, DNS_SRV, DNS_REFUSED),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, 2);
	assert_int_equal(r->rows[0].plan, SWEEP_PLAN_CLIENT);
	assert_string_equal(world_reason(&r->rows[0]), "dns_nxdomain");
	assert_string_equal(r->rows[0].faults[0].evidence.dns_name, PARTNER);
	assert_int_equal(r->rows[1].plan, SWEEP_PLAN_SERVER);
	assert_string_equal(world_reason(&r->rows[1]), "dns_refused");
	assert_string_equal(r->rows[1].faults[0].evidence.dns_name, "_xmpp-server._tcp." PARTNER);
}

/* ---- address families ---- */

static void an_ipv6_only_host_is_used(void **state)
{
	static const struct world_record zone[] = {
		SRV("_sips._tcp." POOL, 10, 0, 5061, "six.litware.test"),
		AAAA("six.litware.test", "2001:db8::6"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, 1);
	assert_true(r->rows[0].used);
	assert_int_equal(r->n_findings, 0);
}

static void a_machine_without_ipv6_is_not_the_servers_fault(void **state)
{
	static const struct world_row peers[] = {
		{ .at = "[", .peer = PEER_HERE },
		{ .at = "" },
	};
	static const struct world_record six[] = {
		SRV("_sips._tcp." POOL, 10, 0, 5061, "six.litware.test"),
		AAAA("six.litware.test", "2001:db8::6"),
	};
	static const struct world_row dead[] = {
		{ .at = "[", .peer = PEER_HERE },
		{ .at = "", .peer = PEER_REFUSES },
	};
	static const struct world_record both[] = {
		SRV("_sips._tcp." POOL, 10, 0, 5061, "six.litware.test"),
		AAAA("six.litware.test", "2001:db8::6"),
		A("six.litware.test", "192.0.2.6"),
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, full_pool, peers);
	assert_true(r->rows[0].used);
	assert_int_equal(r->n_of[SWEEP_NOTE], 2); /* TLS and TCP; a UDP socket is no proof */
	assert_int_equal(r->n_of[SWEEP_WARNING] + r->n_of[SWEEP_FAILURE], 0);
	assert_int_equal(sweep_exit_status(r, true), 0);

	r = SWEEP(&pool_cfg, six, peers);
	assert_int_equal(r->n_of[SWEEP_FAILURE], 1);
	assert_int_equal(sweep_exit_status(r, false), 3);

	/* What the other side must mend comes before what this one must. */
	r = SWEEP(&pool_cfg, both, dead);
	assert_int_equal(r->n_of[SWEEP_FAILURE], 2);
	assert_int_equal(sweep_exit_status(r, false), 1);
}

/* ---- TLS ---- */

static void every_fault_of_a_chain_is_noted_and_what_comes_behind_is_seen(void **state)
{
	static const struct world_row peers[] = {
		{ .at = "192.0.2.2:5223",
			.faults = TLS_FAULT_EXPIRED | TLS_FAULT_NAME,
			.days = -10 },
		{ .at = "" },
	};
	char text[2048];

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, full_partner, peers);
	const struct sweep_row *row = &r->rows[0];
	assert_int_equal(row->outcome, SWEEP_FAILED);
	assert_string_equal(world_reason(row), "tls_cert_expired");
	assert_non_null(strstr(world_text(&row->faults[0].message, text), "another name"));
	assert_int_equal(row->faults[0].step, SWEEP_TLS);
	assert_true(row->faults[0].evidence.has_tls);
	assert_int_equal(row->days_left, -10);
	assert_int_equal(row->features.mechanisms.n, 2);
	assert_int_equal(row->reached, SWEEP_ANSWER);
	assert_int_equal(r->findings[0].severity, SWEEP_FAILURE);
}

static void dialback_makes_up_for_a_servers_certificate(void **state)
{
	static const char dialback[] =
		"<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>";
	static const struct world_row with[] = {
		{ .at = "192.0.2.2:5269", .faults = TLS_FAULT_UNTRUSTED, .says = dialback },
		{ .at = "" },
	};
	static const struct world_row without[] = {
		{ .at = "192.0.2.2:5269", .faults = TLS_FAULT_UNTRUSTED },
		{ .at = "" },
	};

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, full_partner, with);
	assert_int_equal(r->findings[0].severity, SWEEP_WARNING);
	assert_string_equal(world_id(&r->findings[0]), "tls_untrusted_issuer");
	r = SWEEP(&partner_cfg, full_partner, without);
	assert_int_equal(r->findings[0].severity, SWEEP_FAILURE);
}

/* ---- federation alone ---- */

static void only_the_servers_for_servers_are_looked_at(void **state)
{
	struct sweep_cfg cfg = partner_cfg;

	(void)state;
	cfg.extent = SWEEP_FEDERATION;
	cfg.server = SLICE("192.0.2.8"); /* for clients: not looked at */
	const struct sweep_result *r = SWEEP(&cfg, full_partner, all_fine);
	assert_int_equal(r->n_rows, 2);
	assert_int_equal(r->rows[0].addr.port, 5269);
	assert_int_equal(r->rows[1].addr.port, 5270);
	assert_true(r->rows[0].used && r->rows[0].has_days);
	assert_int_equal(r->n_findings, 0);
	assert_int_equal(sweep_exit_status(r, true), 0);

	cfg.peer_server = SLICE("192.0.2.9:5299");
	r = SWEEP(&cfg, full_partner, all_fine);
	assert_int_equal(r->n_rows, 1);
	assert_int_equal(r->rows[0].addr.port, 5299);
	assert_int_equal(r->n_questions, 0);
}

static void nothing_makes_up_for_what_other_servers_miss(void **state)
{
	static const char dialback[] =
		"<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>";
	static const struct world_record record[] = {
		SRV("_xmpp-server._tcp." PARTNER, 0, 0, 5269, "xmpp.contoso.test"),
		A("xmpp.contoso.test", "192.0.2.2"),
	};
	static const struct world_record none[] = { A(PARTNER, "192.0.2.3") };
	static const struct world_record dot[] = { SRV("_xmpp-server._tcp." PARTNER, 0, 0, 0, "") };
	static const struct world_row refused[] = { { .at = "", .peer = PEER_REFUSES } };
	static const struct world_row untrusted[] = {
		{ .at = "", .faults = TLS_FAULT_UNTRUSTED, .says = dialback },
	};
	struct sweep_cfg cfg = partner_cfg;

	(void)state;
	cfg.extent = SWEEP_FEDERATION;
	const struct sweep_result *r = SWEEP(&cfg, record, untrusted);
	assert_string_equal(world_id(&r->findings[0]), "tls_untrusted_issuer");
	assert_int_equal(sweep_exit_status(r, false), 1);
	r = SWEEP(&cfg, none, refused);
	assert_string_equal(world_id(&r->findings[0]), "tcp_refused");
	assert_int_equal(sweep_exit_status(r, false), 1);
	r = SWEEP(&cfg, dot, all_fine);
	assert_string_equal(world_id(&r->findings[0]), "dns_srv_not_offered");
	assert_int_equal(sweep_exit_status(r, false), 1);
}

static void a_certificate_that_ends_soon_is_told_once(void **state)
{
	static const struct world_row peers[] = { { .at = "", .days = 5 } };

	(void)state;
	const struct sweep_result *r = SWEEP(&partner_cfg, full_partner, peers);
	assert_int_equal(r->n_findings, 1);
	assert_string_equal(world_id(&r->findings[0]), "certificate_ends_soon");
	assert_int_equal(r->findings[0].severity, SWEEP_WARNING);
	assert_int_equal(r->rows[0].days_left, 5);
}

/* ---- peers that are something else ---- */

static void every_misbehaviour_has_its_reason(void **state)
{
	static const struct {
		const char *at;
		enum world_peer peer;
		const char *says, *in_clear, *reason;
		enum sweep_step step;
	} rows[] = {
		{ "192.0.2.1:5061", PEER_DROPS, NULL, NULL, "tcp_timeout", SWEEP_CONNECT },
		{ "192.0.2.1:5061", PEER_NO_HELLO, NULL, NULL, "tls_no_answer", SWEEP_TLS },
		{ "192.0.2.1:5061", PEER_PLAIN, NULL, NULL, "tls_plain_peer", SWEEP_TLS },
		{ "192.0.2.1:5061", PEER_SILENT, NULL, NULL, "sip_no_answer", SWEEP_ANSWER },
		{ "192.0.2.1:5060", PEER_GARBAGE, NULL, NULL, "sip_unparsable", SWEEP_ANSWER },
		{ "192.0.2.1:5060", PEER_TLS_ALERT, NULL, NULL, "tls_expected", SWEEP_ANSWER },
		{ "192.0.2.1:5060", PEER_CLOSES, NULL, NULL, "tcp_reset", SWEEP_ANSWER },
		{ "192.0.2.2:5222", PEER_SILENT, NULL, NULL, "xmpp_no_answer", SWEEP_TLS },
		{ "192.0.2.2:5222", PEER_GARBAGE, NULL, NULL, "xmpp_unparsable", SWEEP_TLS },
		{ "192.0.2.2:5222", PEER_CLOSES, NULL, NULL, "xmpp_stream_closed", SWEEP_TLS },
		{ "192.0.2.2:5222", PEER_ANSWERS, NULL, "<stream:features/>", "tls_not_offered",
			SWEEP_TLS },
		{ "192.0.2.2:5222", PEER_ANSWERS, NULL,
			"<stream:error><host-unknown "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
			"xmpp_host_unknown", SWEEP_TLS },
		{ "192.0.2.2:5222", PEER_ANSWERS,
			"<stream:error><policy-violation "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text "
			"xmlns='urn:ietf:params:xml:ns:xmpp-streams'>go away</text></stream:error>",
			NULL, "xmpp_stream_error", SWEEP_ANSWER },
		{ "192.0.2.2:5222", PEER_ANSWERS, "<iq/>", NULL, "xmpp_protocol", SWEEP_ANSWER },
		{ "192.0.2.2:5222", PEER_ANSWERS, "<stream:features/>", NULL, "xmpp_no_mechanism",
			SWEEP_ANSWER },
		{ "192.0.2.2:5222", PEER_ANSWERS, "</stream:stream>", NULL, "xmpp_stream_closed",
			SWEEP_ANSWER },
		{ "192.0.2.2:5223", PEER_ANSWERS, "<features", NULL, "xmpp_no_answer",
			SWEEP_ANSWER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct world_row peers[] = {
			{ .at = rows[i].at,
				.peer = rows[i].peer,
				.says = rows[i].says,
				.in_clear = rows[i].in_clear },
			{ .at = "" },
		};
		const bool pool = strncmp(rows[i].at, "192.0.2.1", 9) == 0;

		const struct sweep_result *r = pool ? SWEEP(&pool_cfg, full_pool, peers)
						    : SWEEP(&partner_cfg, full_partner, peers);
		const struct sweep_row *row = world_row(r, rows[i].at);
		assert_int_equal(row->outcome, SWEEP_FAILED);
		assert_string_equal(world_reason(row), rows[i].reason);
		assert_int_equal(row->faults[0].step, rows[i].step);
		assert_true(addr_eq(&row->faults[0].evidence.address, &row->addr));
	}
}

static void an_options_over_udp_is_sent_again_and_given_up(void **state)
{
	static const struct world_record zone[] = {
		SRV("_sip._udp." POOL, 0, 0, 5060, "one.litware.test"),
		A("one.litware.test", "192.0.2.1"),
	};
	static const struct world_row silent[] = { { .at = "", .peer = PEER_SILENT } };
	static const struct world_row refuses[] = { { .at = "", .peer = PEER_REFUSES } };

	(void)state;
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, silent);
	assert_string_equal(world_reason(&r->rows[0]), "sip_no_answer");
	assert_int_equal(w.sockets[1].heard, 4); /* at 0, 0.5, 1.5 and 3.5 s */
	assert_non_null(strstr(w.last, "OPTIONS sip:" POOL " SIP/2.0\r\n"));
	/* Nothing says that nobody is there: a test would go no further. */
	assert_true(r->rows[0].used);
	assert_int_equal(r->findings[0].severity, SWEEP_FAILURE);
	r = SWEEP(&pool_cfg, zone, refuses);
	assert_string_equal(world_reason(&r->rows[0]), "udp_refused");
}

static void any_answer_shows_a_server_but_a_failure_of_its_own(void **state)
{
	static const struct {
		const char *says, *reason;
	} rows[] = {
		{ "404 Not Found", "" },
		{ "401 Unauthorized", "" },
		{ "483 Too Many Hops", "" },
		{ "501 Not Implemented", "" },
		{ "603 Decline", "" },
		{ "500 Server Internal Error", "sip_server_error" },
		{ "503 Service Unavailable\r\nRetry-After: 20", "sip_overloaded" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct world_row peers[] = { { .at = "", .says = rows[i].says } };

		const struct sweep_result *r = SWEEP(&pool_cfg, full_pool, peers);
		assert_string_equal(world_reason(&r->rows[0]), rows[i].reason);
		assert_int_equal(r->rows[0].sip_status, strtol(rows[i].says, NULL, 10));
	}
}

static void names_of_a_peer_are_bounded_and_clean(void **state)
{
	static char says[1900];
	const struct world_row peers[] = { { .at = "", .says = says } };
	int n = snprintf(says, sizeof(says),
		"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
		"<mechanism>a mechanism\nof &lt;many> words</mechanism><mechanism/>");

	(void)state;
	for (unsigned i = 0; i < 19; i++)
		n += snprintf(says + n, sizeof(says) - (size_t)n, "<mechanism>M-%u</mechanism>", i);
	snprintf(says + n, sizeof(says) - (size_t)n, "</mechanisms></stream:features>");
	const struct sweep_result *r = SWEEP(&partner_cfg, full_partner, peers);
	const struct feature_names *names = &r->rows[0].features.mechanisms;
	assert_int_equal(names->n, FEATURES_NAMES_MAX);
	assert_int_equal(names->left_out, 4);
	assert_string_equal(names->v[0], "a?mechanism?of??many??w");
	assert_string_equal(names->v[1], "M-0");
}

/* ---- limits ---- */

static void a_hostile_zone_is_cut_counted_and_said(void **state)
{
	enum { EACH = 64 };
	static struct world_record zone[EACH + EACH * EACH];
	static char targets[EACH][32], addresses[EACH * EACH][32];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < EACH; i++) {
		snprintf(targets[i], sizeof(targets[i]), "host%02u.litware.test", i);
		zone[n++] = (struct world_record)SRV("_sips._tcp." POOL, i, 0, 5061, targets[i]);
		for (unsigned k = 0; k < EACH; k++) {
			char *a = addresses[i * EACH + k];

			snprintf(a, sizeof(addresses[0]), "198.51.%u.%u", i, k + 1);
			zone[n++] = (struct world_record)A(targets[i], a);
		}
	}
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, SWEEP_SERVICE_ROWS_MAX);
	assert_int_equal(r->left_out_targets, EACH - TARGETS_RECORDS_MAX);
	assert_int_equal(
		r->left_out_addresses, TARGETS_RECORDS_MAX * EACH - SWEEP_SERVICE_ROWS_MAX);
	assert_true(w.most_open <= SWEEP_PARALLEL);
	/* What comes first is kept. */
	assert_string_equal(r->rows[0].host, "host00.litware.test");
	assert_true(r->rows[0].used);
	const struct sweep_finding *f = world_finding(r, "zone_cut");
	char text[2048];
	assert_non_null(f);
	assert_int_equal(f->severity, SWEEP_WARNING);
	assert_non_null(strstr(world_text(&f->message, text), "48 hosts and 992 addresses"));
}

static void a_flood_of_naptr_records_leaves_room_for_the_fallback(void **state)
{
	enum { N = 64 };
	static struct world_record zone[N + 1];
	static char names[N][40];

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "_sips._tcp.n%02u.litware.test", i);
		zone[i] = (struct world_record)NAPTR(POOL, i, "SIPS+D2T", names[i]);
	}
	zone[N] = (struct world_record)A(POOL, "192.0.2.1");
	const struct sweep_result *r = SWEEP(&pool_cfg, zone, all_fine);
	assert_int_equal(r->n_rows, 1);
	assert_int_equal(r->rows[0].source, TARGETS_FALLBACK);
	assert_int_equal(r->left_out_services, N - (TARGETS_SERVICES_MAX - 3 - 1));
	assert_non_null(world_finding(r, "zone_cut"));
}

static void the_deadline_ends_everything(void **state)
{
	enum { N = 32 };
	static struct world_record zone[2 * N];
	static char targets[N][32], addresses[N][32];
	static const struct world_row peers[] = { { .at = "", .peer = PEER_DROPS } };
	struct sweep_cfg cfg = pool_cfg;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		snprintf(targets[i], sizeof(targets[i]), "host%02u.litware.test", i % 16);
		snprintf(addresses[i], sizeof(addresses[i]), "192.0.2.%u", i + 1);
		zone[i] = (struct world_record)SRV("_sips._tcp." POOL, i, 0, 5061, targets[i]);
		zone[N + i] = (struct world_record)A(targets[i], addresses[i]);
	}
	cfg.timeout = TS_S(7);
	const struct sweep_result *r = SWEEP(&cfg, zone, peers);
	assert_int_equal(r->n_rows, 32);
	assert_int_equal(r->duration, TS_S(7));
	assert_int_equal(r->not_tried, 32 - 2 * SWEEP_PARALLEL);
	assert_int_equal(w.most_open, SWEEP_PARALLEL);
	assert_non_null(world_finding(r, "sweep_unfinished"));
	assert_int_equal(r->rows[31].outcome, SWEEP_NOT_TRIED);
	assert_int_equal(sweep_exit_status(r, false), 1);
}

static void an_interruption_ends_it_at_once(void **state)
{
	static const struct world_row peers[] = { { .at = "", .peer = PEER_DROPS } };
	const struct fact stop = { .type = FACT_STOP };

	(void)state;
	world_begin(&w, &pool_cfg, full_pool, COUNT(full_pool), peers, COUNT(peers));
	while (w.n_open == 0)
		assert_true(world_step(&w));
	w.e.ops->push(w.s, &stop, w.now);
	const struct sweep_result *r = world_run(&w);
	assert_true(r->interrupted);
	assert_int_equal(sweep_exit_status(r, false), 3);
}

/* ---- strays ---- */

static void push_datagram(const struct addr *peer, const char *text)
{
	world_add(&w, (struct fact){ .type = FACT_DATAGRAM, .listener = 1 }, peer)->in.bytes =
		slice_str(text);
	assert_true(world_step(&w));
}

static void answers_to_others_and_words_of_others_are_no_answer(void **state)
{
	static const struct world_record zone[] = {
		SRV("_sip._udp." POOL, 0, 0, 5060, "one.litware.test"),
		A("one.litware.test", "192.0.2.1"),
	};
	static const struct world_row silent[] = { { .at = "", .peer = PEER_SILENT } };
	static const struct addr stranger = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 66 } };
	const struct sweep_row *row;

	(void)state;
	world_begin(&w, &pool_cfg, zone, COUNT(zone), silent, COUNT(silent));
	while (w.sockets[1].heard == 0)
		assert_true(world_step(&w));
	push_datagram(&w.sockets[1].to,
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.99:40000;branch=z9hG4bKother\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	push_datagram(&stranger, "no SIP at all");
	assert_false(sweep_is_done(w.s));
	push_datagram(&w.sockets[1].to, "no SIP at all");
	row = &world_run(&w)->rows[0];
	assert_string_equal(world_reason(row), "sip_unparsable");
	assert_non_null(row->faults[0].evidence.what);
}

/* ---- the same again ---- */

static void the_same_world_gives_the_same_rows_in_any_order_of_records(void **state)
{
	static const struct world_record zone[] = {
		NAPTR(POOL, 10, "SIPS+D2T", "_sips._tcp." POOL),
		NAPTR(POOL, 10, "SIP+D2T", "_sip._tcp.b.litware.test"),
		NAPTR(POOL, 10, "SIP+D2T", "_sip._tcp.a.litware.test"),
		SRV("_sips._tcp." POOL, 10, 20, 5061, "z.litware.test"),
		SRV("_sips._tcp." POOL, 10, 10, 5061, "a.litware.test"),
		SRV("_sips._tcp." POOL, 10, 10, 5062, "a.litware.test"),
		SRV("_sip._tcp.a.litware.test", 0, 0, 5060, "a.litware.test"),
		SRV("_sip._tcp.b.litware.test", 0, 0, 5060, "z.litware.test"),
		A("z.litware.test", "192.0.2.7"),
		A("z.litware.test", "192.0.2.6"),
		A("a.litware.test", "192.0.2.1"),
		AAAA("a.litware.test", "2001:db8::1"),
	};
	static const char *const want[] = { "192.0.2.6:5061", "192.0.2.7:5061", "192.0.2.1:5061",
		"[2001:db8::1]:5061", "192.0.2.1:5062", "[2001:db8::1]:5062", "192.0.2.1:5060",
		"[2001:db8::1]:5060", "192.0.2.6:5060", "192.0.2.7:5060" };
	struct world_record turned[COUNT(zone)];

	(void)state;
	for (size_t turn = 0; turn < COUNT(zone); turn++) {

		for (size_t i = 0; i < COUNT(zone); i++)
			turned[i] = zone[turn % 2 ? (i + turn) % COUNT(zone)
						  : (COUNT(zone) - i + turn) % COUNT(zone)];
		const struct sweep_result *r = SWEEP(&pool_cfg, turned, all_fine);
		assert_int_equal(r->n_rows, COUNT(want));
		for (unsigned i = 0; i < r->n_rows; i++) {
			char text[ADDR_TEXT_MAX];

			assert_string_equal(addr_text(&r->rows[i].addr, text), want[i]);
			assert_int_equal(r->rows[i].used, i < 3 || i == 4);
		}
	}
}

/* ---- what cannot be swept ---- */

static void a_configuration_that_cannot_be_is_told(void **state)
{
	static const struct {
		enum sweep_side side;
		const char *name, *server, *from;
	} rows[] = {
		{ SWEEP_POOL, "", "", "" },
		{ SWEEP_POOL, "a b", "", "" },
		{ SWEEP_POOL, POOL, "sip:", "" },
		{ SWEEP_POOL, POOL, "sips:" POOL ";transport=udp", "" },
		{ SWEEP_POOL, POOL, "sip:" POOL ";transport=pigeon", "" },
		{ SWEEP_PARTNER, PARTNER, "host:port", "" },
		{ SWEEP_PARTNER, PARTNER, "", "a b" },
	};
	struct text why = { .id = NULL };
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sweep *s = NULL;
		const struct sweep_cfg cfg = { .side = rows[i].side,
			.name = slice_str(rows[i].name),
			.server = slice_str(rows[i].server),
			.from = slice_str(rows[i].from),
			.timeout = TS_S(1),
			.row_timeout = TS_S(1) };

		why.id = NULL;
		int err = sweep_new(&s, &cfg, &rng, 0, &why);
		if (err != ERR_CONFIG)
			fail_msg("%s %s %s: %d", rows[i].name, rows[i].server, rows[i].from, err);
		assert_null(s);
		assert_non_null(why.id);
	}
}

static void every_allocation_may_fail(void **state)
{
	struct rng rng;
	struct text why = { .id = NULL };
	int err = -ENOMEM;

	(void)state;
	rng_init_number(&rng, 1);
	for (long n = 1; err == -ENOMEM; n++) {
		struct sweep *s = NULL;

		mem_fail_after(n);
		err = sweep_new(&s, &pool_cfg, &rng, 0, &why);
		mem_fail_after(-1);
		assert_true(err == -ENOMEM || err == 0);
		sweep_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_address_of_every_transport_is_a_row),
		TEST(client_and_server_ports_are_each_one_set),
		TEST(a_dead_second_server_is_a_warning),
		TEST(a_dead_first_server_is_passed_over),
		TEST(when_all_are_dead_a_test_would_fail_by_each),
		TEST(a_dead_federation_port_is_for_information),
		TEST(weights_are_shares_of_those_that_can_be_connected_to),
		TEST(hosts_without_weights_are_as_likely_as_each_other),
		TEST(records_that_naptr_does_not_name_are_nobodys_way),
		TEST(the_order_of_naptr_comes_before_our_own_preference),
		TEST(without_naptr_tls_comes_first),
		TEST(without_records_the_name_itself_is_tried),
		TEST(a_server_port_that_nobody_announces_is_a_warning),
		TEST(a_server_that_is_named_by_hand_is_the_way),
		TEST(a_server_for_servers_that_is_named_by_hand_is_their_way),
		TEST(a_service_that_names_an_alias_is_a_warning),
		TEST(what_is_named_by_hand_needs_no_dns),
		TEST(a_transport_of_the_uri_is_the_only_way),
		TEST(every_status_of_the_dns_has_its_reason),
		TEST(a_question_that_nobody_answers_does_not_hold_up_the_rows),
		TEST(a_dot_says_no_and_there_is_no_fallback),
		TEST(a_dot_of_one_xmpp_service_forbids_the_fallback_only),
		TEST(direct_tls_that_is_not_offered_is_no_finding),
		TEST(a_host_without_an_address_is_a_row_that_failed),
		TEST(a_row_without_records_is_explained_by_its_own_plan),
		TEST(an_ipv6_only_host_is_used),
		TEST(a_machine_without_ipv6_is_not_the_servers_fault),
		TEST(every_fault_of_a_chain_is_noted_and_what_comes_behind_is_seen),
		TEST(dialback_makes_up_for_a_servers_certificate),
		TEST(only_the_servers_for_servers_are_looked_at),
		TEST(nothing_makes_up_for_what_other_servers_miss),
		TEST(a_certificate_that_ends_soon_is_told_once),
		TEST(every_misbehaviour_has_its_reason),
		TEST(an_options_over_udp_is_sent_again_and_given_up),
		TEST(any_answer_shows_a_server_but_a_failure_of_its_own),
		TEST(names_of_a_peer_are_bounded_and_clean),
		TEST(a_hostile_zone_is_cut_counted_and_said),
		TEST(a_flood_of_naptr_records_leaves_room_for_the_fallback),
		TEST(the_deadline_ends_everything),
		TEST(an_interruption_ends_it_at_once),
		TEST(answers_to_others_and_words_of_others_are_no_answer),
		TEST(the_same_world_gives_the_same_rows_in_any_order_of_records),
		TEST(a_configuration_that_cannot_be_is_told),
		TEST(every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
