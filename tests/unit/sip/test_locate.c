#include "sip/locate.h"

#include "../base/zone.h"
#include "base/err.h"

#define ALL                                                                                        \
	{                                                                                          \
		true, true, true                                                                   \
	}
#define SRV3(d)                                                                                    \
	"srv _sips._tcp." d " 1 0 5061 tls." d "\n"                                                \
	"srv _sip._tcp." d " 1 0 5060 tcp." d "\n"                                                 \
	"srv _sip._udp." d " 1 0 5060 udp." d "\n"
#define HOSTS "a tls.d 192.0.2.1\na tcp.d 192.0.2.2\na udp.d 192.0.2.3\na d 192.0.2.9\n"

/* ---- running it ---- */

static void answer(struct locate *l, const struct targets_question *q, const char *zone)
{
	const struct dns_answer a = zone_answer(zone, q);

	locate_push_answer(l, q->id, &a);
}

static void put_target(struct buf *b, const struct targets_target *t)
{
	static const char *const sources[] = {
		[TARGETS_GIVEN] = "host",
		[TARGETS_NAPTR] = "naptr",
		[TARGETS_SRV] = "srv",
		[TARGETS_FALLBACK] = "fallback",
	};

	buf_puts(b, buf_len(b) ? ", " : "");
	buf_printf(b, "%s %s ", t->numeric ? "numeric" : sources[t->source],
		transport_name(t->transport));
	addr_put(b, &t->addr);
}

/* Answers all questions, those that are open in the order that rng gives (NULL: as asked). */
static void answer_all(struct locate *l, const char *zone, struct rng *rng)
{
	struct targets_question open[TARGETS_QUESTIONS_MAX];
	unsigned n = 0;

	for (;;) {
		while (locate_take_question(l, &open[n])) {
			for (unsigned i = 0; i < n; i++)
				assert_false(open[i].type == open[n].type &&
					     strcmp(open[i].name, open[n].name) == 0);
			n++;
			assert_true(n < TARGETS_QUESTIONS_MAX);
		}
		if (n == 0)
			return;
		const unsigned i = rng ? rng_below(rng, n) : 0;
		const struct targets_question q = open[i];
		memmove(&open[i], &open[i + 1], (--n - i) * sizeof(open[0]));
		answer(l, &q, zone);
	}
}

static void take_all(struct locate *l, struct buf *b)
{
	struct targets_target t;

	while (locate_take_target(l, &t))
		put_target(b, &t);
}

static struct locate *start(const struct locate_cfg *cfg, struct rng *rng)
{
	struct locate *l = NULL;

	assert_int_equal(locate_new(&l, cfg, rng), 0);
	return l;
}

struct locate_case {
	const char *name, *uri, *zone, *want;
	struct locate_cfg cfg;
};

static const struct locate_case cases[] = {
	{ "a numeric host asks nothing", "sip:192.0.2.7", "", "numeric udp 192.0.2.7:5060",
		{ .can = ALL } },
	{ "a numeric host with port and transport", "sip:u@192.0.2.7:5080;transport=tcp", "",
		"numeric tcp 192.0.2.7:5080", { .can = ALL } },
	{ "an IPv6 host", "sip:[2001:db8::1];transport=tls", "", "numeric tls [2001:db8::1]:5061",
		{ .can = ALL } },
	{ "sips to a number is TLS", "sips:192.0.2.7", "", "numeric tls 192.0.2.7:5061",
		{ .can = ALL } },
	{ "an explicit port: no SRV", "sip:d:5070", HOSTS SRV3("d"), "host udp 192.0.2.9:5070",
		{ .can = ALL } },
	{ "TLS only", "sip:d:5070", HOSTS, "host tls 192.0.2.9:5070",
		{ .can = ALL, .secure = true } },
	{ "NAPTR decides", "sip:d",
		"naptr d 20 1 s SIP+D2U _sip._udp.d\nnaptr d 10 2 s SIP+D2T _sip._tcp.d\n"
		"naptr d 10 1 s SIPS+D2T _sips._tcp.d\n" HOSTS SRV3("d"),
		"naptr tls 192.0.2.1:5061, naptr tcp 192.0.2.2:5060, naptr udp 192.0.2.3:5060",
		{ .can = ALL } },
	{ "NAPTR against our own preference", "sip:d",
		"naptr d 1 1 S sip+d2u _sip._udp.d\nnaptr d 2 1 s SIPS+D2T _sips._tcp.d\n" HOSTS
			SRV3("d"),
		"naptr udp 192.0.2.3:5060, naptr tls 192.0.2.1:5061", { .can = ALL } },
	{ "NAPTR that leads elsewhere", "sip:d",
		"naptr d 1 1 s SIP+D2T _sip._tcp.elsewhere\n"
		"srv _sip._tcp.elsewhere 1 0 5099 tcp.d\n" HOSTS SRV3("d"),
		"naptr tcp 192.0.2.2:5099", { .can = ALL } },
	{ "NAPTR records that are of no use are no NAPTR", "sip:d",
		"naptr d 1 1 u E2U+sip !.*!sip:x!\nnaptr d 1 1 s SIP+D2S _sip._sctp.d\n"
		"naptr d 1 1 a SIP+D2U d\n" HOSTS SRV3("d"),
		"srv tls 192.0.2.1:5061, srv tcp 192.0.2.2:5060, srv udp 192.0.2.3:5060",
		{ .can = ALL } },
	{ "only what we can speak", "sip:d",
		"naptr d 1 1 s SIPS+D2T _sips._tcp.d\nnaptr d 2 1 s SIP+D2U _sip._udp.d\n" HOSTS
			SRV3("d"),
		"naptr udp 192.0.2.3:5060", { .can = { true, false, false } } },
	{ "sips takes TLS only", "sips:d",
		"naptr d 1 1 s SIP+D2U _sip._udp.d\nnaptr d 2 1 s SIPS+D2T _sips._tcp.d\n" HOSTS
			SRV3("d"),
		"naptr tls 192.0.2.1:5061", { .can = ALL } },
	{ "no NAPTR: our own preference", "sip:d", HOSTS SRV3("d"),
		"srv tls 192.0.2.1:5061, srv tcp 192.0.2.2:5060, srv udp 192.0.2.3:5060",
		{ .can = ALL } },
	{ "a transport in the URI: no NAPTR", "sip:d;transport=tcp",
		"naptr d 1 1 s SIP+D2U _sip._udp.d\n" HOSTS SRV3("d"), "srv tcp 192.0.2.2:5060",
		{ .can = ALL } },
	{ "sips over TCP is TLS", "sips:d;transport=tcp", HOSTS SRV3("d"), "srv tls 192.0.2.1:5061",
		{ .can = ALL } },
	{ "priorities", "sip:d;transport=udp",
		"srv _sip._udp.d 20 0 5060 udp.d\nsrv _sip._udp.d 10 0 5062 tcp.d\n"
		"srv _sip._udp.d 30 0 5063 tls.d\n" HOSTS,
		"srv udp 192.0.2.2:5062, srv udp 192.0.2.3:5060, srv udp 192.0.2.1:5063",
		{ .can = ALL } },
	{ "every address of a host, IPv4 first", "sip:d;transport=udp",
		"srv _sip._udp.d 1 0 5060 m.d\naaaa m.d 2001:db8::2\na m.d 192.0.2.4\n"
		"a m.d 192.0.2.5\n",
		"srv udp 192.0.2.4:5060, srv udp 192.0.2.5:5060, srv udp [2001:db8::2]:5060",
		{ .can = ALL } },
	{ "several services on one host", "sip:d",
		"srv _sips._tcp.d 1 0 5061 m.d\nsrv _sip._tcp.d 1 0 5060 M.d\n"
		"srv _sip._udp.d 1 0 5060 m.d\na m.d 192.0.2.4\n",
		"srv tls 192.0.2.4:5061, srv tcp 192.0.2.4:5060, srv udp 192.0.2.4:5060",
		{ .can = ALL } },
	{ "the domain itself as a target", "sip:d;transport=udp",
		"srv _sip._udp.d 1 0 5066 d\n" HOSTS, "srv udp 192.0.2.9:5066", { .can = ALL } },
	{ "two services by the same SRV records", "sip:d",
		"naptr d 1 1 s SIPS+D2T _x.d\nnaptr d 2 1 s SIP+D2T _x.d\n"
		"srv _x.d 1 0 5060 tcp.d\n" HOSTS,
		"naptr tls 192.0.2.2:5060, naptr tcp 192.0.2.2:5060", { .can = ALL } },
	{ "a host without an address is passed over", "sip:d;transport=udp",
		"srv _sip._udp.d 1 0 5060 gone.d\nsrv _sip._udp.d 2 0 5060 udp.d\n" HOSTS,
		"srv udp 192.0.2.3:5060", { .can = ALL } },
	{ "an address as a target", "sip:d;transport=udp", "srv _sip._udp.d 1 0 5060 192.0.2.44\n",
		"srv udp 192.0.2.44:5060", { .can = ALL } },
	{ "port 0 is no target", "sip:d;transport=udp",
		"srv _sip._udp.d 1 0 0 udp.d\nsrv _sip._udp.d 2 0 5 udp.d\n" HOSTS,
		"srv udp 192.0.2.3:5", { .can = ALL } },
	{ "no SRV: the host itself", "sip:d", HOSTS, "fallback udp 192.0.2.9:5060",
		{ .can = ALL } },
	{ "no SRV: by the fallback transport", "sip:d.", "a d 192.0.2.9\naaaa d 2001:db8::9\n",
		"fallback tls 192.0.2.9:5061, fallback tls [2001:db8::9]:5061",
		{ .can = ALL, .fallback = TRANSPORT_TLS } },
	{ "no SRV: by the URI's transport", "sip:d;transport=tcp", HOSTS,
		"fallback tcp 192.0.2.9:5060", { .can = ALL } },
	{ "no SRV: at the port that was configured", "sips:d", HOSTS, "fallback tls 192.0.2.9:5099",
		{ .can = ALL, .default_port = 5099 } },
	{ "no SRV answer in time: the host itself", "sip:d;transport=udp",
		"timeout srv _sip._udp.d\n" HOSTS, "fallback udp 192.0.2.9:5060", { .can = ALL } },
	{ "\".\" forbids that service only", "sip:d",
		"srv _sips._tcp.d 0 0 0 .\nsrv _sip._udp.d 1 0 5060 udp.d\n" HOSTS,
		"srv udp 192.0.2.3:5060", { .can = ALL } },
	{ "\".\" and nothing else: no fallback", "sip:d", "srv _sip._udp.d 0 0 0 .\n" HOSTS, "",
		{ .can = ALL } },
};

static void targets_come_in_the_order_of_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct locate_cfg cfg = cases[i].cfg;
		struct rng rng;
		struct buf got;

		print_message("case: %s\n", cases[i].name);
		cfg.uri = slice_str(cases[i].uri);
		/* However the answers come: the targets are the same. */
		for (unsigned seed = 0; seed < 50; seed++) {
			struct rng shuffle;

			rng_init_number(&rng, 1);
			rng_init_number(&shuffle, seed);
			buf_init(&got, 2000);
			struct locate *l = start(&cfg, &rng);
			answer_all(l, cases[i].zone, seed ? &shuffle : NULL);
			assert_int_equal(
				locate_state(l), cases[i].want[0] ? TARGETS_READY : TARGETS_FAILED);
			take_all(l, &got);
			assert_string_equal(buf_cstr(&got), cases[i].want);
			assert_int_equal(locate_state(l),
				cases[i].want[0] ? TARGETS_EXHAUSTED : TARGETS_FAILED);
			locate_free(l);
			buf_done(&got);
		}
	}
}

/* Answers one open question after the other, and takes what there is after each. */
static void take_early(struct locate *l, const char *zone, struct rng *shuffle, struct buf *b)
{
	struct targets_question open[TARGETS_QUESTIONS_MAX];
	unsigned n = 0;

	do {
		while (locate_take_question(l, &open[n]))
			n++;
		if (n) {
			const unsigned k = rng_below(shuffle, n);

			answer(l, &open[k], zone);
			open[k] = open[--n];
		}
		take_all(l, b);
	} while (n || locate_state(l) == TARGETS_AWAIT_ANSWERS);
}

/* Taking as soon as there is something must give the same as taking at the end. */
static void an_early_taker_gets_the_same_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct locate_cfg cfg = cases[i].cfg;

		print_message("case: %s\n", cases[i].name);
		cfg.uri = slice_str(cases[i].uri);
		for (unsigned seed = 0; seed < 50; seed++) {
			struct rng rng, shuffle;
			struct buf got;

			rng_init_number(&rng, 1);
			rng_init_number(&shuffle, seed);
			buf_init(&got, 2000);
			struct locate *l = start(&cfg, &rng);
			take_early(l, cases[i].zone, &shuffle, &got);
			assert_string_equal(buf_cstr(&got), cases[i].want);
			locate_free(l);
			buf_done(&got);
		}
	}
}

static void all_is_asked_in_one_round(void **state)
{
	static const char *const want[] = { "NAPTR d", "SRV _sips._tcp.d", "SRV _sip._tcp.d",
		"SRV _sip._udp.d", "A d", "AAAA d" };
	const struct locate_cfg cfg = { .uri = SLICE("sip:pilar@d"), .can = ALL };
	struct targets_question q;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	struct locate *l = start(&cfg, &rng);
	for (size_t i = 0; i < COUNT(want); i++) {
		char text[300];

		assert_true(locate_take_question(l, &q));
		snprintf(text, sizeof(text), "%s %s", dns_type_name(q.type), q.name);
		assert_string_equal(text, want[i]);
		assert_int_equal(q.id, i + 1);
	}
	assert_false(locate_take_question(l, &q));
	assert_int_equal(locate_state(l), TARGETS_AWAIT_ANSWERS);
	locate_free(l);
}

/* A silent IPv6 or UDP question must not hold up what comes before it. */
static void the_first_target_waits_only_for_what_could_come_before_it(void **state)
{
	const struct locate_cfg cfg = { .uri = SLICE("sip:d"), .can = ALL };
	static const char zone[] = HOSTS SRV3("d");
	struct targets_question q;
	struct targets_target t;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	struct locate *l = start(&cfg, &rng);
	struct targets_question udp = { 0 };
	while (locate_take_question(l, &q)) {
		if (strcmp(q.name, "_sip._udp.d") == 0)
			udp = q;
		else if (q.type != DNS_AAAA)
			answer(l, &q, zone);
	}
	assert_int_equal(locate_state(l), TARGETS_READY);
	assert_true(locate_take_target(l, &t));
	assert_int_equal(t.transport, TRANSPORT_TLS);
	assert_string_equal(t.host, "tls.d");
	assert_int_equal(locate_state(l), TARGETS_AWAIT_ANSWERS); /* tls.d may have IPv6 */
	assert_false(locate_take_target(l, &t));
	answer(l, &udp, zone);
	assert_int_equal(locate_state(l), TARGETS_AWAIT_ANSWERS);
	locate_free(l);
}

static void weights_are_chances(void **state)
{
	static const char zone[] = "srv _sip._udp.d 1 0 1 h.d\nsrv _sip._udp.d 1 10 2 h.d\n"
				   "srv _sip._udp.d 1 30 3 h.d\nsrv _sip._udp.d 1 60 4 h.d\n"
				   "a h.d 192.0.2.1\n";
	const struct locate_cfg cfg = { .uri = SLICE("sip:d;transport=udp"), .can = ALL };
	enum { RUNS = 20000 };
	unsigned first[5] = { 0 };
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 11);
	for (unsigned run = 0; run < RUNS; run++) {
		struct locate *l = start(&cfg, &rng);
		struct targets_target t;
		unsigned seen = 0;

		answer_all(l, zone, NULL);
		for (unsigned i = 0; i < 4; i++) {
			assert_true(locate_take_target(l, &t));
			first[t.addr.port] += i == 0;
			seen |= 1u << t.addr.port;
		}
		assert_int_equal(seen, 0x1e); /* each of them, once */
		assert_false(locate_take_target(l, &t));
		locate_free(l);
	}
	/* RFC 2782: 0..100 is drawn, so weight 0 has one chance in 101. */
	assert_in_range(first[1], RUNS / 101 / 2, RUNS / 101 * 2);
	assert_in_range(first[2], RUNS * 9 / 101, RUNS * 11 / 101);
	assert_in_range(first[3], RUNS * 28 / 101, RUNS * 32 / 101);
	assert_in_range(first[4], RUNS * 57 / 101, RUNS * 63 / 101);
}

static void failures_name_the_answer_that_decided(void **state)
{
	static const struct {
		const char *name, *uri, *zone;
		enum dns_status status;
		enum dns_type type;
		const char *decisive;
		bool says_no;
	} failures[] = {
		{ "no such domain", "sip:d", "", DNS_NXDOMAIN, DNS_A, "d", false },
		{ "a domain without addresses", "sip:d", "txt d x\n", DNS_NODATA, DNS_A, "d",
			false },
		{ "no answer about the addresses", "sip:d", "timeout a d\n", DNS_TIMEOUT, DNS_A,
			"d", false },
		{ "no answer about IPv6 alone", "sip:d:5060", "timeout aaaa d\n", DNS_TIMEOUT,
			DNS_AAAA, "d", false },
		{ "a service that failed, and no such host", "sip:d", "servfail srv _sip._tcp.d\n",
			DNS_SERVFAIL, DNS_SRV, "_sip._tcp.d", false },
		{ "a NAPTR that failed, and no such host", "sip:d", "timeout naptr d\n",
			DNS_TIMEOUT, DNS_NAPTR, "d", false },
		{ "SRV leads to a host that is not there", "sip:d",
			"srv _sip._udp.d 1 0 5060 gone.d\na d 192.0.2.1\n", DNS_NXDOMAIN, DNS_A,
			"gone.d", false },
		{ "SRV leads to a host that does not answer", "sip:d",
			"srv _sip._udp.d 1 0 5060 gone.d\ntimeout a gone.d\n", DNS_TIMEOUT, DNS_A,
			"gone.d", false },
		{ "the service says no", "sip:d", "srv _sip._udp.d 0 0 0 .\na d 192.0.2.1\n",
			DNS_OK, DNS_SRV, "_sip._udp.d", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		const struct locate_cfg cfg = { .uri = slice_str(failures[i].uri), .can = ALL };
		struct targets_failure f;
		struct rng rng;

		print_message("case: %s\n", failures[i].name);
		rng_init_number(&rng, 1);
		struct locate *l = start(&cfg, &rng);
		answer_all(l, failures[i].zone, NULL);
		assert_int_equal(locate_state(l), TARGETS_FAILED);
		locate_failure(l, &f);
		assert_string_equal(f.name, failures[i].decisive);
		assert_int_equal(f.status, failures[i].status);
		assert_int_equal(f.type, failures[i].type);
		assert_int_equal(f.srv_says_no, failures[i].says_no);
		locate_free(l);
	}
}

static void one_family_is_asked_for_and_taken(void **state)
{
	static const struct {
		const char *name, *uri, *zone, *want;
		uint8_t family;
		enum dns_type type; /* of the failure, where nothing is wanted */
	} rows[] = {
		{ "IPv4 of a host with both", "sip:d:5060", "a d 192.0.2.1\naaaa d 2001:db8::1\n",
			"host udp 192.0.2.1:5060", 4, DNS_A },
		{ "IPv6 of a host with both", "sip:d:5060", "a d 192.0.2.1\naaaa d 2001:db8::1\n",
			"host udp [2001:db8::1]:5060", 6, DNS_A },
		{ "a literal of the family", "sip:[2001:db8::1]", "",
			"numeric udp [2001:db8::1]:5060", 6, DNS_A },
		{ "no IPv6 address", "sip:d:5060", "a d 192.0.2.1\n", "", 6, DNS_AAAA },
		{ "an SRV target that is a literal of the other", "sip:d",
			"srv _sip._udp.d 1 0 5060 192.0.2.7\nsrv _sip._tcp.d 1 0 5060 192.0.2.7\n"
			"srv _sips._tcp.d 1 0 5060 192.0.2.7\nnaptr d 1 1 s X x\n",
			"", 6, DNS_AAAA },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct locate_cfg cfg = {
			.uri = slice_str(rows[i].uri), .can = ALL, .family = rows[i].family
		};
		struct targets_failure f;
		struct rng rng;
		struct buf got;

		print_message("case: %s\n", rows[i].name);
		rng_init_number(&rng, 1);
		buf_init(&got, 500);
		struct locate *l = start(&cfg, &rng);
		answer_all(l, rows[i].zone, NULL);
		take_all(l, &got);
		assert_string_equal(buf_cstr(&got), rows[i].want);
		if (rows[i].want[0] == '\0') {
			assert_int_equal(locate_state(l), TARGETS_FAILED);
			locate_failure(l, &f);
			assert_int_equal(f.status, DNS_NODATA);
			assert_int_equal(f.type, rows[i].type);
			assert_string_equal(f.name, "d");
		}
		buf_done(&got);
		locate_free(l);
	}
}

static void a_literal_of_the_other_family_is_refused(void **state)
{
	struct locate_cfg cfg = { .uri = SLICE("sip:192.0.2.1"), .can = ALL, .family = 6 };
	struct locate *l = NULL;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	assert_int_equal(locate_new(&l, &cfg, &rng), -EAFNOSUPPORT);
	cfg.uri = SLICE("sip:[2001:db8::1]:5061");
	cfg.family = 4;
	assert_int_equal(locate_new(&l, &cfg, &rng), -EAFNOSUPPORT);
	assert_null(l);
}

static void what_cannot_be_reached_is_refused_at_once(void **state)
{
	static const struct {
		const char *name, *uri;
		bool can[3];
		int err;
	} refused[] = {
		{ "no SIP URI", "tel:+1555", ALL, ERR_UNSUPPORTED },
		{ "an unknown transport", "sip:d;transport=sctp", ALL, ERR_UNSUPPORTED },
		{ "sips over UDP", "sips:d;transport=udp", ALL, ERR_UNSUPPORTED },
		{ "a transport that we lack", "sip:d;transport=tls", { true, true, false },
			ERR_UNSUPPORTED },
		{ "sips without TLS", "sips:d:5061", { true, true, false }, ERR_UNSUPPORTED },
		{ "a number without the fallback's transport", "sip:192.0.2.1",
			{ false, true, false }, ERR_UNSUPPORTED },
		{ "no URI at all", "", ALL, ERR_SYNTAX },
		{ "a malformed URI", "sip:d:port", ALL, ERR_SYNTAX },
	};
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct locate_cfg cfg = { .uri = slice_str(refused[i].uri) };
		struct locate *l = NULL;

		print_message("case: %s\n", refused[i].name);
		memcpy(cfg.can, refused[i].can, sizeof(cfg.can));
		assert_int_equal(locate_new(&l, &cfg, &rng), refused[i].err);
		assert_null(l);
	}
}

static void no_answer_is_taken_that_was_not_asked_for(void **state)
{
	const struct locate_cfg cfg = { .uri = SLICE("sip:d:5060"), .can = ALL };
	const struct dns_record r = { .type = DNS_A,
		.addr = { .family = 4, .ip = { 192, 0, 2, 1 } } };
	const struct dns_answer a = { .status = DNS_OK, .records = &r, .n_records = 1 };
	struct targets_question q;
	struct targets_target t;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	struct locate *l = start(&cfg, &rng);
	locate_push_answer(l, 1, &a); /* nobody has taken that question yet */
	assert_false(locate_take_target(l, &t));
	while (locate_take_question(l, &q))
		assert_in_range(q.id, 1, 2);
	locate_push_answer(l, 0, &a);
	locate_push_answer(l, 99, &a);
	locate_push_answer(l, UINT32_MAX, &a);
	assert_int_equal(locate_state(l), TARGETS_AWAIT_ANSWERS);
	locate_push_answer(l, 2, &a); /* an A record in an answer about AAAA */
	locate_push_answer(l, 1, &a);
	locate_push_answer(l, 1, &a); /* the same again */
	assert_true(locate_take_target(l, &t));
	assert_false(locate_take_target(l, &t));
	locate_free(l);
}

static void every_limit_holds(void **state)
{
	static char zone[60000];
	const struct locate_cfg cfg = { .uri = SLICE("sip:d"), .can = ALL };
	size_t n = 0;
	struct rng rng;
	struct targets_target t;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		n += (size_t)snprintf(
			zone + n, sizeof(zone) - n, "naptr d %u 1 s SIP+D2U _n%u.d\n", i, i);
	for (unsigned i = 0; i < 30; i++)
		for (unsigned k = 0; k < 4; k++)
			n += (size_t)snprintf(zone + n, sizeof(zone) - n,
				"srv _n%u.d %u 0 5060 h%u-%u.d\n", i, k, i, k);
	for (unsigned i = 0; i < 30; i++)
		for (unsigned k = 0; k < 12; k++)
			n += (size_t)snprintf(
				zone + n, sizeof(zone) - n, "a h%u-0.d 192.0.%u.%u\n", i, i, k);
	assert_true(n < sizeof(zone));
	for (unsigned seed = 0; seed < 20; seed++) {
		rng_init_number(&rng, seed);
		struct locate *l = start(&cfg, &rng);
		answer_all(l, zone, &rng);
		for (taken = 0; locate_take_target(l, &t); taken++)
			assert_true(taken < TARGETS_MAX);
		assert_int_equal(taken, TARGETS_MAX);
		assert_int_equal(locate_state(l), TARGETS_EXHAUSTED);
		locate_free(l);
	}
}

static void out_of_memory_is_reported(void **state)
{
	const struct locate_cfg cfg = { .uri = SLICE("sip:d"), .can = ALL };
	struct locate *l = NULL;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	mem_fail_after(0);
	assert_int_equal(locate_new(&l, &cfg, &rng), -ENOMEM);
	mem_fail_after(-1);
	assert_null(l);
	assert_null(locate_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_come_in_the_order_of_the_rfc),
		cmocka_unit_test(an_early_taker_gets_the_same_targets),
		cmocka_unit_test(all_is_asked_in_one_round),
		cmocka_unit_test(the_first_target_waits_only_for_what_could_come_before_it),
		cmocka_unit_test(weights_are_chances),
		cmocka_unit_test(failures_name_the_answer_that_decided),
		cmocka_unit_test(one_family_is_asked_for_and_taken),
		cmocka_unit_test(a_literal_of_the_other_family_is_refused),
		cmocka_unit_test(what_cannot_be_reached_is_refused_at_once),
		cmocka_unit_test(no_answer_is_taken_that_was_not_asked_for),
		cmocka_unit_test(every_limit_holds),
		cmocka_unit_test(out_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
