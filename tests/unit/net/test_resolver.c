#include "resolver_rig.h"

static void addresses_come_with_their_time_to_live(void **state)
{
	(void)state;
	ask(DNS_A, "two.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.n_records, 2);
	assert_int_equal(got.records[0].addr.family, 4);
	assert_int_equal(got.records[1].addr.ip[3], 2);
	assert_int_equal(got.records[0].ttl_s, 300);
	assert_true(addr_eq(&got.server, &servers[0].addr));
	assert_false(got.hosts);
	ask(DNS_AAAA, "six.test");
	assert_int_equal(got.n_records, 1);
	assert_int_equal(got.records[0].type, DNS_AAAA);
	assert_int_equal(got.records[0].ttl_s, 300);
	assert_int_equal(got.records[0].addr.family, 6);
	assert_int_equal(got.records[0].addr.ip[15], 1);
}

static void services_come_with_all_their_fields(void **state)
{
	(void)state;
	ask(DNS_SRV, "_sip._tcp.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.n_records, 2);
	assert_int_equal(got.records[0].type, DNS_SRV);
	assert_int_equal(got.records[0].srv.priority, 10);
	assert_int_equal(got.records[0].srv.weight, 20);
	assert_int_equal(got.records[0].srv.port, 5060);
	assert_string_equal(got.records[0].srv.target, "sip1.test");
	assert_int_equal(got.records[1].srv.port, 5061);
	ask(DNS_SRV, "_none._tcp.test");
	assert_int_equal(got.n_records, 1);
	assert_string_equal(got.records[0].srv.target, ""); /* "." : RFC 2782, not here */
}

static void naptr_comes_with_all_its_fields(void **state)
{
	(void)state;
	ask(DNS_NAPTR, "naptr.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.n_records, 1);
	assert_int_equal(got.records[0].naptr.order, 1);
	assert_int_equal(got.records[0].naptr.preference, 2);
	assert_string_equal(got.records[0].naptr.flags, "s");
	assert_string_equal(got.records[0].naptr.service, "SIP+D2T");
	assert_false(got.records[0].naptr.has_regexp);
	assert_string_equal(got.records[0].naptr.replacement, "sip1.test");
	ask(DNS_NAPTR, "regexp.test");
	assert_int_equal(got.records[0].type, DNS_NAPTR);
	assert_true(got.records[0].naptr.has_regexp);
	assert_string_equal(got.records[0].naptr.replacement, "");
}

static void each_failure_keeps_its_own_status(void **state)
{
	static const struct {
		enum dns_type type;
		const char *name;
		enum dns_status status;
	} rows[] = {
		{ DNS_A, "nxdomain.test", DNS_NXDOMAIN },
		{ DNS_SRV, "nxdomain.test", DNS_NXDOMAIN },
		{ DNS_A, "empty.test", DNS_NODATA },
		{ DNS_NAPTR, "empty.test", DNS_NODATA },
		{ DNS_AAAA, "one.test", DNS_NODATA },
		{ DNS_A, "alias.test", DNS_NODATA }, /* an alias of what has none */
		{ DNS_A, "servfail.test", DNS_SERVFAIL },
		{ DNS_A, "notimp.test", DNS_SERVFAIL },
		{ DNS_A, "refused.test", DNS_REFUSED },
		{ DNS_A, "formerr.test", DNS_MALFORMED },
		{ DNS_A, "yxdomain.test",
			DNS_SERVFAIL }, /* RFC 2136: the first that is not listed */
		{ DNS_SRV, "short.test", DNS_MALFORMED },
		{ DNS_A, "silent.test", DNS_TIMEOUT },
		{ DNS_A, "", DNS_MALFORMED },
		{ DNS_A, "a..b", DNS_MALFORMED },
		{ DNS_A, ".localhost", DNS_MALFORMED },
		{ DNS_NAPTR, "short.naptr.test", DNS_MALFORMED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(rows[i].type, rows[i].name);
		if (got.status != rows[i].status)
			fail_msg("%s %s: %s", dns_type_name(rows[i].type), rows[i].name,
				dns_status_name(got.status));
		assert_int_equal(got.n_records, 0);
	}
}

static void a_closed_port_is_not_a_timeout(void **state)
{
	struct server gone;

	(void)state;
	open_server(&gone);
	close_server(&gone);
	resolver_free(resolver);
	open_resolver(&gone.addr, NULL);
	ts_t start = loop_now(loop);
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_UNREACHABLE);
	assert_true(addr_eq(&got.server, &gone.addr));
	assert_true(loop_now(loop) - start < TS_MS(900));
}

static void a_truncated_answer_is_asked_for_by_tcp(void **state)
{
	(void)state;
	ask(DNS_A, "long.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.records[0].addr.ip[3], 3);
	assert_int_equal(servers[0].asked, 2);
}

static void a_server_that_fails_gives_way_to_the_next(void **state)
{
	static const int rcodes[] = { 2, 5 };

	(void)state;
	resolver_free(resolver);
	open_resolver(&servers[0].addr, &servers[1].addr);
	for (size_t i = 0; i < COUNT(rcodes); i++) {
		servers[0].rcode = rcodes[i];
		servers[0].asked = servers[1].asked = 0;
		ask(DNS_A, "one.test");
		assert_int_equal(got.status, DNS_OK);
		assert_true(addr_eq(&got.server, &servers[1].addr));
		assert_int_equal(servers[0].asked, 1);
		assert_int_equal(servers[1].asked, 1);
	}
	/* Nobody can: one that refuses is not asked again, one that fails is once more. */
	servers[1].rcode = 2;
	servers[0].asked = servers[1].asked = 0;
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_SERVFAIL);
	assert_int_equal(servers[0].asked, 1);
	assert_int_equal(servers[1].asked, 2);
}

static void a_first_failure_is_asked_once_more(void **state)
{
	(void)state;
	servers[0].fails = 1;
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(servers[0].asked, 2);
	servers[0].fails = 2;
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_SERVFAIL);
	assert_int_equal(servers[0].asked, 4);
}

/* It answers over UDP, so it is there; where the next one takes TCP, that one answers. */
static void a_cut_answer_without_tcp_is_no_silence(void **state)
{
	(void)state;
	event_del(&servers[0].on_tcp);
	close(servers[0].tcp);
	ask(DNS_A, "long.test");
	assert_int_equal(got.status, DNS_TCP_REFUSED);
	assert_true(addr_eq(&got.server, &servers[0].addr));
	resolver_free(resolver);
	open_resolver(&servers[0].addr, &servers[1].addr);
	ask(DNS_A, "long.test");
	assert_int_equal(got.status, DNS_OK);
	assert_true(addr_eq(&got.server, &servers[1].addr));
	servers[0].tcp = socket(AF_INET, SOCK_STREAM, 0); /* to be closed */
	event_add(&servers[0].on_tcp, NULL);
}

static void an_alias_is_told_where_it_leads(void **state)
{
	(void)state;
	ask(DNS_A, "dangling.test");
	assert_int_equal(got.status, DNS_NXDOMAIN);
	assert_string_equal(got.alias, "sip1.test");
	ask(DNS_A, "alias.test");
	assert_int_equal(got.status, DNS_NODATA);
	assert_string_equal(got.alias, "sip1.test");
	ask(DNS_A, "one.test");
	assert_string_equal(got.alias, "");
}

static void the_server_can_be_named_later(void **state)
{
	(void)state;
	resolver_use(resolver, &servers[1].addr);
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_OK);
	assert_true(addr_eq(&got.server, &servers[1].addr));
	assert_int_equal(servers[0].asked, 0);
}

/* The code counts: what stands beside "there is no such name" is no address of it. */
static void an_answer_that_denies_holds_nothing(void **state)
{
	(void)state;
	ask(DNS_A, "denied.test");
	assert_int_equal(got.status, DNS_NXDOMAIN);
	assert_int_equal(got.n_records, 0);
}

static void a_name_that_does_not_exist_is_not_asked_twice(void **state)
{
	(void)state;
	resolver_free(resolver);
	open_resolver(&servers[0].addr, &servers[1].addr);
	ask(DNS_A, "nxdomain.test");
	assert_int_equal(got.status, DNS_NXDOMAIN);
	ask(DNS_A, "empty.test");
	assert_int_equal(got.status, DNS_NODATA);
	assert_int_equal(servers[0].asked, 2);
	assert_int_equal(servers[1].asked, 0);
}

static void numbers_and_localhost_need_no_server(void **state)
{
	static const struct {
		enum dns_type type;
		const char *name;
		enum dns_status status;
		const char *address;
	} rows[] = {
		{ DNS_A, "192.0.2.1", DNS_OK, "192.0.2.1" },
		{ DNS_AAAA, "2001:db8::1", DNS_OK, "2001:db8::1" },
		{ DNS_AAAA, "192.0.2.1", DNS_NODATA, NULL },
		{ DNS_A, "2001:db8::1", DNS_NODATA, NULL },
		{ DNS_A, "localhost", DNS_OK, "127.0.0.1" },
		{ DNS_AAAA, "localhost", DNS_OK, "::1" },
		{ DNS_A, "pool.LOCALHOST", DNS_OK, "127.0.0.1" },
		{ DNS_AAAA, "pool.LOCALHOST", DNS_OK, "::1" },
		{ DNS_A, "192.0.2.1.", DNS_OK, "192.0.2.1" },
		{ DNS_A, "localhost.", DNS_OK, "127.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(rows[i].type, rows[i].name);
		assert_int_equal(got.status, rows[i].status);
		assert_int_equal(got.n_records, rows[i].status == DNS_OK);
		if (!got.n_records)
			continue;
		struct addr address;
		assert_true(addr_decode_ip(slice_str(rows[i].address), &address));
		assert_true(addr_eq(&got.records[0].addr, &address));
	}
	assert_int_equal(servers[0].asked, 0);
}

static void many_questions_run_at_once(void **state)
{
	ts_t end = loop_now(loop) + TS_S(5);

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(resolver_ask(resolver, i, DNS_A, "one.test", false), 0);
	while (got.n < 100 && loop_now(loop) < end)
		turn();
	assert_int_equal(got.n, 100);
}

static void a_dropped_question_has_no_answer(void **state)
{
	(void)state;
	assert_int_equal(resolver_ask(resolver, 1, DNS_A, "one.test", false), 0);
	assert_int_equal(resolver_ask(resolver, 2, DNS_A, "192.0.2.1", false), 0);
	resolver_drop(resolver, 1);
	resolver_drop(resolver, 2);
	resolver_drop(resolver, 3); /* never asked */
	while (resolver_deadline(resolver) != TS_NEVER)
		turn();
	assert_int_equal(got.n, 0);
}

static void questions_in_hand_end_with_the_resolver(void **state)
{
	(void)state;
	assert_int_equal(resolver_ask(resolver, 1, DNS_A, "silent.test", false), 0);
	assert_int_equal(resolver_ask(resolver, 2, DNS_A, "192.0.2.1", false), 0);
	resolver = resolver_free(resolver);
	assert_int_equal(got.n, 0);
	/* One whose server failed, and which is to be asked once more. */
	open_resolver(&servers[0].addr, NULL);
	assert_int_equal(resolver_ask(resolver, 1, DNS_A, "servfail.test", false), 0);
	for (unsigned i = 0; i < 20; i++)
		loop_wait(loop, loop_now(loop) + TS_MS(1));
	assert_in_range(servers[0].asked, 1, 2); /* the silent one's comes late */
	resolver = resolver_free(resolver);
	assert_int_equal(got.n, 0);
}

static void without_memory_the_caller_is_told(void **state)
{
	const struct resolver_cfg cfg = { .answer = answered };
	struct resolver *none = NULL;
	int err = -ENOMEM;

	(void)state;
	mem_fail_after(0);
	assert_int_equal(resolver_new(&none, loop, &cfg), -ENOMEM);
	mem_fail_after(-1);
	assert_null(none);
	for (long n = 0; err == -ENOMEM && n < 100; n++) {
		mem_fail_after(n);
		err = resolver_ask(resolver, 1, DNS_A, "192.0.2.1", false);
		mem_fail_after(-1);
		resolver_process(resolver);
	}
	assert_int_equal(err, 0);
	assert_int_equal(got.n, 1); /* without its records */
	assert_int_equal(got.status, DNS_CANCELLED);
	ask(DNS_A, "192.0.2.1");
	assert_int_equal(got.status, DNS_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(addresses_come_with_their_time_to_live),
		TEST(services_come_with_all_their_fields),
		TEST(naptr_comes_with_all_its_fields),
		TEST(each_failure_keeps_its_own_status),
		TEST(a_closed_port_is_not_a_timeout),
		TEST(a_truncated_answer_is_asked_for_by_tcp),
		TEST(a_server_that_fails_gives_way_to_the_next),
		TEST(a_first_failure_is_asked_once_more),
		TEST(a_cut_answer_without_tcp_is_no_silence),
		TEST(an_alias_is_told_where_it_leads),
		TEST(the_server_can_be_named_later),
		TEST(an_answer_that_denies_holds_nothing),
		TEST(a_name_that_does_not_exist_is_not_asked_twice),
		TEST(numbers_and_localhost_need_no_server),
		TEST(many_questions_run_at_once),
		TEST(a_dropped_question_has_no_answer),
		TEST(questions_in_hand_end_with_the_resolver),
		TEST(without_memory_the_caller_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
