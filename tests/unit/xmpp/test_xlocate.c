#include "xmpp/xlocate.h"

#include "../base/zone.h"

enum { OPEN_MAX = 128 };

#define HOSTS                                                                                      \
	"a d 192.0.2.9\na x.d 192.0.2.1\na y.d 192.0.2.2\naaaa y.d 2001:db8::2\na z.d 192.0.2.3\n"

static void answer(struct targets *l, const struct targets_question *q, const char *zone)
{
	const struct dns_answer a = zone_answer(zone, q);

	targets_push_answer(l, q->id, &a);
}

/* ---- running it ---- */

struct asker {
	struct targets_question open[OPEN_MAX];
	unsigned n;
};

static void take_questions(struct targets *l, struct asker *a)
{
	while (targets_take_question(l, &a->open[a->n])) {
		for (unsigned i = 0; i < a->n; i++)
			assert_false(a->open[i].type == a->open[a->n].type &&
				     strcasecmp(a->open[i].name, a->open[a->n].name) == 0);
		a->n++;
		assert_true(a->n < OPEN_MAX);
	}
}

static void take_targets(struct targets *l, struct buf *b)
{
	struct targets_target t;

	while (targets_take_target(l, &t)) {
		buf_puts(b, buf_len(b) ? ", " : "");
		buf_puts(b, t.source == TARGETS_SRV ? "srv " : "host ");
		buf_puts(b, t.transport == TRANSPORT_TLS ? "tls " : "");
		addr_put(b, &t.addr);
	}
}

/* Answers everything, in the order that `shuffle` gives (NULL: as asked); takes targets as soon as
 * they are there, or at the end. */
static void run(struct targets *l, const char *zone, struct rng *shuffle, struct buf *early)
{
	struct asker a = { .n = 0 };

	for (;;) {
		take_questions(l, &a);
		if (early)
			take_targets(l, early);
		if (a.n == 0)
			return;
		const unsigned i = shuffle ? rng_below(shuffle, a.n) : 0;
		const struct targets_question q = a.open[i];

		memmove(&a.open[i], &a.open[i + 1], (--a.n - i) * sizeof(a.open[0]));
		answer(l, &q, zone);
	}
}

static struct targets *start(const struct xlocate_cfg *cfg, struct rng *rng, uint64_t seed)
{
	struct targets *l = NULL;

	rng_init_number(rng, seed);
	assert_int_equal(xlocate_new(&l, cfg, rng), 0);
	return l;
}

#define CLIENT "_xmpp-client._tcp.d"
#define DIRECT "_xmpps-client._tcp.d"
#define LONG   "a23456789.b23456789.c23456789.d23456789.e23456789.f23456789."

static const struct {
	const char *name;
	const char *domain, *host;
	uint16_t port;
	const char *zone, *want;
} cases[] = {
	{ "a numeric host asks nothing", "d", "192.0.2.7", 0, "", "host 192.0.2.7:5222" },
	{ "an IPv6 host with a port", "d", "2001:db8::1", 5333, "", "host [2001:db8::1]:5333" },
	{ "a numeric domain has no SRV", "192.0.2.7", NULL, 0, "", "host 192.0.2.7:5222" },
	{ "a host that was given has no SRV", "d", "x.d.", 5333,
		HOSTS "srv " CLIENT " 1 0 5222 y.d\n", "host 192.0.2.1:5333" },
	{ "no SRV: the domain itself", "d", NULL, 0, HOSTS, "host 192.0.2.9:5222" },
	{ "SRV, every address, IPv4 first", "d", NULL, 0, HOSTS "srv " CLIENT " 1 0 5224 y.d\n",
		"srv 192.0.2.2:5224, srv [2001:db8::2]:5224" },
	{ "both services are one set by priority", "d", NULL, 0,
		HOSTS "srv " CLIENT " 10 0 5222 x.d\nsrv " CLIENT " 30 0 5222 z.d\nsrv " DIRECT
		      " 20 0 5223 x.d\nsrv " DIRECT " 5 0 5223 z.d\n",
		"srv tls 192.0.2.3:5223, srv 192.0.2.1:5222, srv tls 192.0.2.1:5223, "
		"srv 192.0.2.3:5222" },
	{ "direct TLS only", "d", NULL, 0, HOSTS "srv " DIRECT " 1 0 443 x.d\n",
		"srv tls 192.0.2.1:443" },
	{ "\".\" for direct TLS forbids that only", "d", NULL, 0,
		HOSTS "srv " DIRECT " 0 0 0 .\nsrv " CLIENT " 1 0 5222 x.d\n",
		"srv 192.0.2.1:5222" },
	{ "\".\" for direct TLS and nothing else: no fallback, XEP-0368 section 5", "d", NULL, 0,
		HOSTS "srv " DIRECT " 0 0 0 .\n", "" },
	{ "\".\" for both", "d", NULL, 0, HOSTS "srv " DIRECT " 0 0 0 .\nsrv " CLIENT " 0 0 0 .\n",
		"" },
	{ "\".\" for direct TLS, and no answer about the other: no fallback", "d", NULL, 0,
		HOSTS "srv " DIRECT " 0 0 0 .\ntimeout srv " CLIENT "\n", "" },
	{ "\".\" for the service: direct TLS is still there", "d", NULL, 0,
		HOSTS "srv " DIRECT " 1 0 5223 x.d\nsrv " CLIENT " 0 0 0 .\n",
		"srv tls 192.0.2.1:5223" },
	{ "\".\" and nothing else: not offered, no fallback", "d", NULL, 0,
		HOSTS "srv " CLIENT " 0 0 0 .\n", "" },
	{ "no SRV answer in time: the domain itself", "d", NULL, 0,
		HOSTS "timeout srv " CLIENT "\nservfail srv " DIRECT "\n", "host 192.0.2.9:5222" },
	{ "a target without an address is passed over", "d", NULL, 0,
		HOSTS "srv " CLIENT " 1 0 5222 gone.d\nsrv " CLIENT " 2 0 5222 x.d\n",
		"srv 192.0.2.1:5222" },
	{ "the domain itself as a target", "d", NULL, 0, HOSTS "srv " CLIENT " 1 0 5299 D\n",
		"srv 192.0.2.9:5299" },
	{ "an address as a target", "d", NULL, 0, "srv " CLIENT " 1 0 5222 192.0.2.44\n",
		"srv 192.0.2.44:5222" },
	{ "port 0 is no target", "d", NULL, 0,
		HOSTS "srv " CLIENT " 1 0 0 x.d\nsrv " CLIENT " 2 0 5222 z.d\n",
		"srv 192.0.2.3:5222" },
	{ "one host, two ports", "d", NULL, 0,
		HOSTS "srv " DIRECT " 1 0 5223 x.d\nsrv " CLIENT " 2 0 5222 x.d\n",
		"srv tls 192.0.2.1:5223, srv 192.0.2.1:5222" },
	{ "equals without weights: direct TLS, then by port, then by name", "d", NULL, 0,
		HOSTS "srv " CLIENT " 1 0 5223 z.d\nsrv " CLIENT " 1 0 5223 x.d\nsrv " CLIENT
		      " 1 0 5222 z.d\nsrv " DIRECT " 1 0 5299 z.d\n",
		"srv tls 192.0.2.3:5299, srv 192.0.2.3:5222, srv 192.0.2.1:5223, "
		"srv 192.0.2.3:5223" },
	{ "nothing at all", "d", NULL, 0, "", "" },
	{ "a domain too long for SRV", LONG LONG LONG LONG "tld", NULL, 0,
		"a " LONG LONG LONG LONG "tld 192.0.2.1\n", "host 192.0.2.1:5222" },
};

static void targets_come_in_order_however_the_answers_come(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (unsigned seed = 0; seed < 60; seed++) {
			struct rng rng, shuffle;
			struct buf got;

			rng_init_number(&shuffle, seed);
			buf_init(&got, 2000);
			const struct xlocate_cfg cfg = { .domain = slice_str(cases[i].domain),
				.host = slice_str(cases[i].host),
				.port = cases[i].port };
			struct targets *l = start(&cfg, &rng, 1);
			run(l, cases[i].zone, seed ? &shuffle : NULL, seed % 2 ? &got : NULL);
			take_targets(l, &got);
			if (strcmp(buf_cstr(&got), cases[i].want) != 0)
				fail_msg("%s: %s", cases[i].name, buf_cstr(&got));
			assert_int_equal(targets_state(l),
				cases[i].want[0] ? TARGETS_EXHAUSTED : TARGETS_FAILED);
			mem_free(l);
			buf_done(&got);
		}
	}
}

static void everything_that_can_be_is_asked_at_once(void **state)
{
	const struct xlocate_cfg cfg = { .domain = SLICE("d") };
	struct targets_question q;
	struct rng rng;
	char asked[400] = "";

	(void)state;
	struct targets *l = start(&cfg, &rng, 1);
	assert_int_equal(targets_state(l), TARGETS_AWAIT_ANSWERS);
	while (targets_take_question(l, &q))
		snprintf(asked + strlen(asked), sizeof(asked) - strlen(asked), "%u %s %s\n",
			(unsigned)q.id, dns_type_name(q.type), q.name);
	assert_string_equal(asked, "1 SRV " DIRECT "\n2 SRV " CLIENT "\n3 A d\n4 AAAA d\n");
	mem_free(l);
}

static void the_first_target_does_not_wait_for_the_last_answer(void **state)
{
	const struct xlocate_cfg cfg = { .domain = SLICE("d") };
	const char *zone = HOSTS "srv " CLIENT " 1 0 5222 y.d\n";
	struct asker a = { .n = 0 };
	struct targets_target t;
	struct rng rng;

	(void)state;
	struct targets *l = start(&cfg, &rng, 1);
	take_questions(l, &a);
	for (unsigned i = 0; i < 4; i++)
		answer(l, &a.open[i], zone);
	a.n = 0;
	take_questions(l, &a);
	assert_int_equal(a.n, 2); /* A and AAAA of y.d */
	answer(l, &a.open[0], zone);
	assert_int_equal(targets_state(l), TARGETS_READY);
	assert_true(targets_take_target(l, &t));
	assert_string_equal(t.host, "y.d");
	assert_int_equal(targets_state(l), TARGETS_AWAIT_ANSWERS);
	assert_false(targets_take_target(l, &t));
	answer(l, &a.open[1], zone);
	assert_int_equal(targets_state(l), TARGETS_READY);
	mem_free(l);
}

/* RFC 2782: 1 in 4 and 3 in 4; without weight hardly ever, but sometimes. */
static void weights_are_chances(void **state)
{
	const struct xlocate_cfg cfg = { .domain = SLICE("d") };
	const char *zone = HOSTS "srv " CLIENT " 1 30 1 x.d\nsrv " DIRECT " 1 10 2 x.d\n"
				 "srv " CLIENT " 1 0 3 x.d\n";
	unsigned first[4] = { 0 };

	(void)state;
	for (unsigned seed = 0; seed < 4000; seed++) {
		struct targets_target t;
		struct rng rng;
		struct targets *l = start(&cfg, &rng, seed);

		run(l, zone, NULL, NULL);
		assert_true(targets_take_target(l, &t));
		first[t.addr.port]++;
		mem_free(l);
	}
	assert_in_range(first[1], 2750, 3050);
	assert_in_range(first[2], 850, 1100);
	assert_in_range(first[3], 60, 140);
}

static void a_failure_names_the_answer_that_decided(void **state)
{
	static const struct {
		const char *name, *zone;
		enum dns_status status;
		enum dns_type type;
		const char *about;
		bool says_no;
	} failing[] = {
		{ "no such domain", "", DNS_NXDOMAIN, DNS_A, "d", false },
		{ "a domain without addresses", "srv d 1 1 1 x\n", DNS_NODATA, DNS_A, "d", false },
		{ "the name server is silent",
			"timeout srv " CLIENT "\ntimeout srv " DIRECT
			"\ntimeout a d\ntimeout aaaa d\n",
			DNS_TIMEOUT, DNS_A, "d", false },
		{ "a silent server explains more than a no", "timeout srv " CLIENT "\n",
			DNS_TIMEOUT, DNS_SRV, CLIENT, false },
		{ "an SRV target that does not exist",
			"a d 192.0.2.9\nsrv " CLIENT " 1 0 1 gone.d\n", DNS_NXDOMAIN, DNS_A,
			"gone.d", false },
		{ "one that cannot be asked about",
			"servfail aaaa gone.d\nsrv " CLIENT " 1 0 1 gone.d\n", DNS_SERVFAIL,
			DNS_AAAA, "gone.d", false },
		{ "not offered", "srv " CLIENT " 0 0 0 .\na d 192.0.2.9\n", DNS_OK, DNS_SRV, CLIENT,
			true },
		{ "direct TLS is not offered, and there is nothing else",
			"srv " DIRECT " 0 0 0 .\na d 192.0.2.9\n", DNS_OK, DNS_SRV, DIRECT, true },
		{ "neither is offered", "srv " DIRECT " 0 0 0 .\nsrv " CLIENT " 0 0 0 .\n", DNS_OK,
			DNS_SRV, CLIENT, true },
		{ "direct TLS is not offered, and the other half is unknown",
			"srv " DIRECT " 0 0 0 .\ntimeout srv " CLIENT "\na d 192.0.2.9\n",
			DNS_TIMEOUT, DNS_SRV, CLIENT, false },
		{ "not offered, and half of it unknown",
			"srv " CLIENT " 0 0 0 .\nrefused srv " DIRECT "\n", DNS_REFUSED, DNS_SRV,
			DIRECT, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(failing); i++) {
		const struct xlocate_cfg cfg = { .domain = SLICE("d") };
		struct targets_failure f;
		struct rng rng;
		struct targets *l = start(&cfg, &rng, 1);

		run(l, failing[i].zone, NULL, NULL);
		print_message("case: %s\n", failing[i].name);
		assert_int_equal(targets_state(l), TARGETS_FAILED);
		targets_failure(l, &f);
		assert_string_equal(f.name, failing[i].about);
		assert_int_equal(f.type, failing[i].type);
		assert_int_equal(f.status, failing[i].status);
		assert_int_equal(f.srv_says_no, failing[i].says_no);
		assert_int_equal(f.server.port, 53);
		mem_free(l);
	}
}

static void one_family_is_asked_for_and_taken(void **state)
{
	static const struct {
		const char *name, *host, *zone, *want;
		uint8_t family;
	} rows[] = {
		{ "IPv4 only", NULL, HOSTS "srv " CLIENT " 1 0 5224 y.d\n", "srv 192.0.2.2:5224",
			4 },
		{ "IPv6 only", NULL, HOSTS "srv " CLIENT " 1 0 5224 y.d\n",
			"srv [2001:db8::2]:5224", 6 },
		{ "a literal of the family", "2001:db8::1", "", "host [2001:db8::1]:5222", 6 },
		{ "no IPv6 address", "x.d", HOSTS, "", 6 },
		{ "an SRV target that is a literal of the other", NULL,
			"srv " CLIENT " 1 0 5222 192.0.2.44\nsrv " DIRECT " 1 0 5223 192.0.2.44\n",
			"", 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct xlocate_cfg cfg = { .domain = SLICE("d"),
			.host = slice_str(rows[i].host),
			.family = rows[i].family };
		struct targets_failure f;
		struct rng rng;
		struct buf got;

		print_message("case: %s\n", rows[i].name);
		buf_init(&got, 500);
		struct targets *l = start(&cfg, &rng, 1);
		run(l, rows[i].zone, NULL, NULL);
		take_targets(l, &got);
		assert_string_equal(buf_cstr(&got), rows[i].want);
		if (rows[i].want[0] == '\0') {
			assert_int_equal(targets_state(l), TARGETS_FAILED);
			targets_failure(l, &f);
			assert_int_equal(f.status, DNS_NODATA);
			assert_int_equal(f.type, DNS_AAAA);
		}
		buf_done(&got);
		mem_free(l);
	}
}

static void a_literal_of_the_other_family_is_refused(void **state)
{
	struct xlocate_cfg cfg = { .domain = SLICE("d"), .host = SLICE("192.0.2.1"), .family = 6 };
	struct targets *l = NULL;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	assert_int_equal(xlocate_new(&l, &cfg, &rng), -EAFNOSUPPORT);
	cfg = (struct xlocate_cfg){ .domain = SLICE("2001:db8::1"), .family = 4 };
	assert_int_equal(xlocate_new(&l, &cfg, &rng), -EAFNOSUPPORT);
	assert_null(l);
}

static void too_many_records_are_cut(void **state)
{
	static struct dns_record records[DNS_RECORDS_MAX];
	const struct xlocate_cfg cfg = { .domain = SLICE("d") };
	struct targets_question q;
	struct targets_target t;
	struct rng rng;
	unsigned taken = 0;

	(void)state;
	struct targets *l = start(&cfg, &rng, 1);
	for (unsigned asked = 0; targets_take_question(l, &q); asked++) {
		struct dns_answer a = { .records = records, .n_records = DNS_RECORDS_MAX };

		assert_true(asked < 100);
		for (unsigned i = 0; i < DNS_RECORDS_MAX; i++) {
			records[i] = (struct dns_record){ .type = q.type };
			if (q.type == DNS_SRV) {
				records[i].srv.port = 5222;
				snprintf(
					records[i].srv.target, DNS_NAME_MAX, "h%u%.40s", i, q.name);
			} else {
				records[i].addr.family = 4;
			}
		}
		targets_push_answer(l, q.id, &a);
	}
	while (targets_take_target(l, &t))
		taken++;
	assert_int_equal(taken, TARGETS_MAX);
	assert_int_equal(targets_state(l), TARGETS_EXHAUSTED);
	mem_free(l);
}

static void answers_to_nothing_are_ignored(void **state)
{
	const struct xlocate_cfg cfg = { .domain = SLICE("d") };
	const struct dns_answer none = { .status = DNS_NXDOMAIN };
	struct rng rng;

	(void)state;
	struct targets *l = start(&cfg, &rng, 1);
	targets_push_answer(l, 0, &none);
	targets_push_answer(l, 99, &none);
	for (unsigned i = 0; i < 9; i++)
		targets_push_answer(l, 1, &none); /* eight times too often */
	assert_int_equal(targets_state(l), TARGETS_AWAIT_ANSWERS);
	mem_free(l);
}

static void names_that_are_none(void **state)
{
	static char name[400];
	static const struct slice bad[] = { { NULL, 0 }, { (const uint8_t *)".", 1 } };
	struct targets *l = NULL;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(xlocate_new(&l, &(struct xlocate_cfg){ .domain = bad[i] }, &rng),
			ERR_SYNTAX);
	memset(name, 'a', sizeof(name));
	const struct xlocate_cfg cfg = { .domain = { (const uint8_t *)name, sizeof(name) } };
	assert_int_equal(xlocate_new(&l, &cfg, &rng), ERR_LIMIT);
	mem_fail_after(0);
	assert_int_equal(
		xlocate_new(&l, &(struct xlocate_cfg){ .domain = SLICE("d") }, &rng), -ENOMEM);
	mem_fail_after(-1);
	assert_null(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_come_in_order_however_the_answers_come),
		cmocka_unit_test(everything_that_can_be_is_asked_at_once),
		cmocka_unit_test(the_first_target_does_not_wait_for_the_last_answer),
		cmocka_unit_test(weights_are_chances),
		cmocka_unit_test(a_failure_names_the_answer_that_decided),
		cmocka_unit_test(one_family_is_asked_for_and_taken),
		cmocka_unit_test(a_literal_of_the_other_family_is_refused),
		cmocka_unit_test(too_many_records_are_cut),
		cmocka_unit_test(answers_to_nothing_are_ignored),
		cmocka_unit_test(names_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
