#include "base/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* In the order of the enum; the last line is the enum's last value. */
static const char *const dns_types[] = { "A", "AAAA", "SRV", "NAPTR" };
static const char *const dns_statuses[] = { "ok", "nxdomain", "nodata", "timeout", "refused",
	"servfail", "unreachable", "malformed", "tcp_refused", "cancelled" };
static const char *const tls_failures[] = { "none", "certificate", "plain-peer", "version", "alert",
	"closed", "client-certificate", "other" };
static const char *const facts[] = { "flow-up", "flow-accepted", "flow-bytes", "flow-eof",
	"flow-failed", "flow-blocked", "flow-ready", "tls-up", "listen-up", "listen-failed",
	"datagram", "datagram-failed", "dns", "clock", "stop" };
static const char *const wants[] = { "flow", "tls", "listen", "unlisten", "pause", "resume",
	"close-flow", "drop-flow", "dns", "drop-dns" };

static const char *dns_type(size_t i)
{
	return dns_type_name((enum dns_type)i);
}

static const char *dns_status(size_t i)
{
	return dns_status_name((enum dns_status)i);
}

static const char *tls_failure(size_t i)
{
	return tls_failure_name((enum tls_failure)i);
}

static const char *fact(size_t i)
{
	return fact_type_name((enum fact_type)i);
}

static const char *want(size_t i)
{
	return want_type_name((enum want_type)i);
}

static void every_value_has_its_name(void **state)
{
	static const struct {
		const char *what;
		const char *(*name)(size_t);
		const char *const *names;
		size_t n, last;
	} table[] = {
		{ "dns type", dns_type, dns_types, COUNT(dns_types), DNS_NAPTR },
		{ "dns status", dns_status, dns_statuses, COUNT(dns_statuses), DNS_CANCELLED },
		{ "tls failure", tls_failure, tls_failures, COUNT(tls_failures),
			TLS_FAILURE_OTHER },
		{ "fact", fact, facts, COUNT(facts), FACT_STOP },
		{ "want", want, wants, COUNT(wants), WANT_DROP_DNS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		if (table[i].n != table[i].last + 1)
			fail_msg("%s: %zu names, the last value is %zu", table[i].what, table[i].n,
				table[i].last);
		for (size_t k = 0; k < table[i].n; k++)
			if (strcmp(table[i].name(k), table[i].names[k]) != 0)
				fail_msg("%s %zu: want %s got %s", table[i].what, k,
					table[i].names[k], table[i].name(k));
	}
}

/* All that are named after a flow, and TLS_UP; but not of one that is only being accepted. */
static void a_fact_is_of_a_flow_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(facts); i++) {
		const bool want = strncmp(facts[i], "flow-", 5) == 0 ? i != FACT_FLOW_ACCEPTED
								     : i == FACT_TLS_UP;

		assert_int_equal(fact_is_of_flow((enum fact_type)i), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_has_its_name),
		cmocka_unit_test(a_fact_is_of_a_flow_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
