/* What all protocols have in common on the way from a name to addresses. */
#include "base/targets.h"

#include "zone.h"

enum { GIVEN_MAX = 4, RUNS = 4000 };

#define HOSTS "a d 192.0.2.9\na x 192.0.2.1\na y 192.0.2.2\naaaa y 2001:db8::2\na z 192.0.2.3\n"

/* A service as its owner adds it: by records where it has a prefix, else a host at a port. */
struct given {
	struct targets_service service;
	const char *prefix, *name;
	uint16_t port;
};

#define ONE                                                                                        \
	{                                                                                          \
		{ .source = TARGETS_SRV, .transport = TRANSPORT_TLS }, "_1", "d", 0                \
	}
#define TWO                                                                                        \
	{                                                                                          \
		{ .source = TARGETS_SRV, .kind = 1, .transport = TRANSPORT_TCP }, "_2", "d", 0     \
	}
#define NAPTR(kind_, order_, preference_, name_)                                                   \
	{                                                                                          \
		{ .source = TARGETS_NAPTR,                                                         \
			.kind = (kind_),                                                           \
			.order = (order_),                                                         \
			.preference = (preference_) },                                             \
			"", name_, 0                                                               \
	}
#define GIVEN(name_, port_)                                                                        \
	{                                                                                          \
		{ .source = TARGETS_GIVEN }, NULL, name_, port_                                    \
	}
#define FALLBACK                                                                                   \
	{                                                                                          \
		{ .source = TARGETS_FALLBACK }, NULL, "d", 7                                       \
	}
#define NOBODYS                                                                                    \
	{                                                                                          \
		{ .plan = TARGETS_NOBODY, .source = TARGETS_SRV }, "_n", "d", 0                    \
	}

static struct targets t;
static struct rng rng;
static struct buf got;

static int set_up(void **state)
{
	(void)state;
	rng_init_number(&rng, 2782);
	buf_init(&got, 4000);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&got);
	return 0;
}

static void start(const struct given given[GIVEN_MAX], bool one_set, uint8_t family, struct rng *r)
{
	memset(&t, 0, sizeof(t));
	targets_init(&t, "d", family, one_set, r);
	for (unsigned i = 0; i < GIVEN_MAX && given[i].name; i++) {
		const struct given *g = &given[i];

		if (g->prefix)
			targets_add_srv(&t, &g->service, g->prefix, g->name);
		else
			assert_int_equal(targets_add_host(&t, &g->service, g->name, g->port), 0);
	}
	if (r)
		targets_close(&t);
}

static void answer(const struct targets_question *q, const char *zone)
{
	const struct dns_answer a = zone_answer(zone, q);

	assert_non_null(targets_push_answer(&t, q->id, &a));
}

/* "SOURCE HOST ADDRESS", those that are there. */
static void take(void)
{
	static const char *const sources[] = {
		[TARGETS_GIVEN] = "given",
		[TARGETS_NAPTR] = "naptr",
		[TARGETS_SRV] = "srv",
		[TARGETS_FALLBACK] = "fallback",
	};
	struct targets_target target;
	char text[ADDR_TEXT_MAX];

	while (targets_take_target(&t, &target))
		buf_printf(&got, "%s%s%s %s %s", buf_len(&got) ? ", " : "",
			target.numeric ? "numeric " : "", sources[target.source], target.host,
			target.addr.family ? addr_text(&target.addr, text) : "-");
}

/* Answers one open question after the other, in the order that `shuffle` gives (NULL: as asked),
 * and takes what there is after each. */
static void run(const char *zone, struct rng *shuffle, bool early)
{
	struct targets_question open[TARGETS_QUESTIONS_MAX + 1];
	unsigned n = 0;

	for (;;) {
		while (targets_take_question(&t, &open[n]))
			n++;
		if (early)
			take();
		if (n == 0)
			return;
		const unsigned i = shuffle ? rng_below(shuffle, n) : 0;
		const struct targets_question q = open[i];

		memmove(&open[i], &open[i + 1], (--n - i) * sizeof(open[0]));
		answer(&q, zone);
	}
}

/* ---- order ---- */

static const struct {
	const char *name;
	bool one_set;
	uint8_t family;
	struct given given[GIVEN_MAX];
	const char *zone, *want;
	const char *list; /* NULL: the same */
} cases[] = {
	{ "a host at a port", false, 0, { GIVEN("x", 5) }, HOSTS, "given x 192.0.2.1:5", NULL },
	{ "an address asks nothing", false, 0, { GIVEN("192.0.2.7", 5) }, "",
		"numeric given 192.0.2.7 192.0.2.7:5", NULL },
	{ "IPv4 first", false, 0, { GIVEN("y", 5) }, HOSTS,
		"given y 192.0.2.2:5, given y [2001:db8::2]:5", NULL },
	{ "the lowest priority first, whatever the weight", false, 0, { ONE },
		HOSTS "srv _1.d 20 9 1 x\nsrv _1.d 10 1 2 y\nsrv _1.d 30 0 3 z\n",
		"srv y 192.0.2.2:2, srv y [2001:db8::2]:2, srv x 192.0.2.1:1, srv z 192.0.2.3:3",
		NULL },
	{ "services after each other, the lower kind first", false, 0, { TWO, ONE },
		HOSTS "srv _1.d 20 0 1 x\nsrv _2.d 10 0 2 z\n",
		"srv x 192.0.2.1:1, srv z 192.0.2.3:2", NULL },
	{ "services as one set, by priority", true, 0, { TWO, ONE },
		HOSTS "srv _1.d 20 0 1 x\nsrv _2.d 10 0 2 z\nsrv _2.d 30 0 3 z\n",
		"srv z 192.0.2.3:2, srv x 192.0.2.1:1, srv z 192.0.2.3:3", NULL },
	{ "equals of one set by kind, by port, by name", true, 0, { ONE, TWO },
		HOSTS "srv _2.d 1 0 3 z\nsrv _2.d 1 0 3 x\nsrv _2.d 1 0 2 z\nsrv _1.d 1 0 9 z\n",
		"srv z 192.0.2.3:9, srv z 192.0.2.3:2, srv x 192.0.2.1:3, srv z 192.0.2.3:3",
		NULL },
	{ "equals of one answer as it has them", false, 0, { ONE },
		HOSTS "srv _1.d 1 0 3 z\nsrv _1.d 1 0 2 x\nsrv _1.d 1 0 1 z\n",
		"srv z 192.0.2.3:3, srv x 192.0.2.1:2, srv z 192.0.2.3:1",
		"srv z 192.0.2.3:1, srv x 192.0.2.1:2, srv z 192.0.2.3:3" },
	{ "order, then preference, then kind", false, 0,
		{ NAPTR(0, 2, 1, "_1.d"), NAPTR(1, 1, 2, "_2.d"), NAPTR(1, 1, 1, "_3.d"),
			NAPTR(0, 1, 2, "_4.d") },
		HOSTS "srv _1.d 1 0 1 x\nsrv _2.d 1 0 2 x\nsrv _3.d 1 0 3 x\nsrv _4.d 1 0 4 x\n",
		"naptr x 192.0.2.1:3, naptr x 192.0.2.1:4, naptr x 192.0.2.1:2, naptr x "
		"192.0.2.1:1",
		NULL },
	{ "two services by the same records", false, 0,
		{ NAPTR(0, 1, 0, "_1.d"), NAPTR(1, 2, 0, "_1.D") }, HOSTS "srv _1.d 1 0 1 x\n",
		"naptr x 192.0.2.1:1, naptr x 192.0.2.1:1", NULL },
	{ "what is nobody's is only listed, and last", false, 0, { NOBODYS, TWO },
		HOSTS "srv _n.d 1 0 1 x\nsrv _2.d 9 0 2 z\n", "srv z 192.0.2.3:2",
		"srv z 192.0.2.3:2, srv x 192.0.2.1:1" },
	{ "no records: the fallback", false, 0, { ONE, FALLBACK }, HOSTS, "fallback d 192.0.2.9:7",
		NULL },
	{ "no answer about records: the fallback", true, 0, { ONE, TWO, FALLBACK },
		HOSTS "timeout srv _1.d\nservfail srv _2.d\n", "fallback d 192.0.2.9:7", NULL },
	{ "records of what is nobody's are none", false, 0, { NOBODYS, FALLBACK },
		HOSTS "srv _n.d 1 0 1 x\n", "fallback d 192.0.2.9:7",
		"fallback d 192.0.2.9:7, srv x 192.0.2.1:1" },
	{ "a record that leads nowhere is none", false, 0, { ONE, FALLBACK },
		HOSTS "srv _1.d 1 0 0 x\n", "fallback d 192.0.2.9:7", NULL },
	{ "a record whose host has no address is one", false, 0, { ONE, FALLBACK },
		HOSTS "srv _1.d 1 0 1 gone\n", "", "srv gone -" },
	{ "a host without an address is passed over", false, 0, { ONE, FALLBACK },
		HOSTS "srv _1.d 1 0 1 gone\nsrv _1.d 2 0 2 x\n", "srv x 192.0.2.1:2",
		"srv gone -, srv x 192.0.2.1:2" },
	{ "\".\" forbids the fallback", false, 0, { ONE, FALLBACK }, HOSTS "srv _1.d 0 0 0 .\n", "",
		NULL },
	{ "\".\" of one forbids the fallback of both", true, 0, { ONE, TWO, FALLBACK },
		HOSTS "srv _1.d 0 0 0 .\ntimeout srv _2.d\n", "", NULL },
	{ "\".\" leaves the other service", true, 0, { ONE, TWO, FALLBACK },
		HOSTS "srv _1.d 0 0 0 .\nsrv _2.d 1 0 2 x\n", "srv x 192.0.2.1:2", NULL },
	{ "a name too long for records has none", false, 0,
		{ { { .source = TARGETS_SRV }, HOSTS HOSTS HOSTS HOSTS, "d", 0 }, FALLBACK }, HOSTS,
		"fallback d 192.0.2.9:7", NULL },
	{ "the name itself as a target, in capitals", false, 0, { ONE, FALLBACK },
		HOSTS "srv _1.d 1 0 1 D\n", "srv d 192.0.2.9:1", NULL },
	{ "one host at two ports", false, 0, { ONE }, HOSTS "srv _1.d 1 0 1 x\nsrv _1.d 2 0 2 X\n",
		"srv x 192.0.2.1:1, srv x 192.0.2.1:2", NULL },
	{ "an address as a target", false, 0, { ONE }, "srv _1.d 1 0 1 192.0.2.44\n",
		"srv 192.0.2.44 192.0.2.44:1", NULL },
	{ "IPv4 only", false, 4, { GIVEN("y", 5) }, HOSTS, "given y 192.0.2.2:5", NULL },
	{ "IPv6 only", false, 6, { GIVEN("y", 5) }, HOSTS, "given y [2001:db8::2]:5", NULL },
	{ "an address of the other family as a target", false, 6, { ONE },
		HOSTS "srv _1.d 1 0 1 192.0.2.44\nsrv _1.d 2 0 2 y\n", "srv y [2001:db8::2]:2",
		"srv 192.0.2.44 -, srv y [2001:db8::2]:2" },
};

static void check(size_t i)
{
	if (strcmp(buf_cstr(&got), cases[i].want) != 0)
		fail_msg("%s: %s", cases[i].name, buf_cstr(&got));
	assert_int_equal(targets_state(&t), cases[i].want[0] ? TARGETS_EXHAUSTED : TARGETS_FAILED);
	buf_clear(&got);
}

static void targets_come_in_order_however_the_answers_come(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned seed = 0; seed < 20; seed++) {
			struct rng shuffle;

			rng_init_number(&shuffle, seed);
			start(cases[i].given, cases[i].one_set, cases[i].family, &rng);
			run(cases[i].zone, seed ? &shuffle : NULL, seed % 2);
			take();
			check(i);
		}
}

static void a_list_is_all_there_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *want = cases[i].list ? cases[i].list : cases[i].want;

		start(cases[i].given, cases[i].one_set, cases[i].family, NULL);
		run(cases[i].zone, NULL, false);
		assert_int_equal(targets_state(&t), TARGETS_AWAIT_ANSWERS);
		targets_close(&t);
		take();
		if (strcmp(buf_cstr(&got), want) != 0)
			fail_msg("%s: %s", cases[i].name, buf_cstr(&got));
		buf_clear(&got);
	}
}

/* What is not answered counts as nothing: there is a time at which a list is made. */
static void a_list_waits_for_nobody(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE, TWO, FALLBACK };
	struct targets_question q;

	(void)state;
	start(given, true, 0, NULL);
	while (targets_take_question(&t, &q))
		if (strcmp(q.name, "_1.d") != 0 && q.type != DNS_AAAA)
			answer(&q, HOSTS "srv _2.d 1 0 2 y\nsrv _2.d 2 0 2 gone\n");
	targets_close(&t);
	take();
	assert_string_equal(buf_cstr(&got), "srv y 192.0.2.2:2, srv gone -");
	assert_int_equal(targets_state(&t), TARGETS_EXHAUSTED);
}

/* ---- waiting ---- */

static const char *const waiting_zone =
	HOSTS "srv _1.d 5 0 1 y\nsrv _2.d 1 0 2 x\nsrv _2.d 9 0 3 z\n";

/* Answers those of that type and name that are open. */
static void answer_one(enum dns_type type, const char *name)
{
	for (uint32_t id = 1; id <= t.questions.n_taken; id++) {
		struct targets_question q = { .id = id, .type = t.asked[id - 1].type };

		memcpy(q.name, t.asked[id - 1].name, sizeof(q.name));
		if (q.type == type && strcmp(q.name, name) == 0)
			answer(&q, waiting_zone);
	}
}

static void taken(const char *want)
{
	struct targets_question q;

	while (targets_take_question(&t, &q))
		;
	take();
	assert_string_equal(buf_cstr(&got), want);
	buf_clear(&got);
}

static void nothing_overtakes_what_comes_before_it(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE, TWO, FALLBACK };

	(void)state;
	start(given, false, 0, &rng);
	taken("");
	answer_one(DNS_SRV, "_2.d");
	taken("");
	answer_one(DNS_A, "x");
	answer_one(DNS_SRV, "_1.d");
	taken("");
	answer_one(DNS_A, "y");
	taken("srv y 192.0.2.2:1");
	assert_int_equal(targets_state(&t), TARGETS_AWAIT_ANSWERS); /* y may have IPv6 */
	answer_one(DNS_A, "d");
	answer_one(DNS_AAAA, "x");
	taken("");
	answer_one(DNS_AAAA, "y");
	taken("srv y [2001:db8::2]:1, srv x 192.0.2.1:2");
	answer_one(DNS_A, "z");
	taken("srv z 192.0.2.3:3");
	answer_one(DNS_AAAA, "z");
	assert_int_equal(targets_state(&t), TARGETS_EXHAUSTED); /* whatever AAAA d is */
}

static void a_set_waits_for_all_its_records(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE, TWO };

	(void)state;
	start(given, true, 0, &rng);
	taken("");
	answer_one(DNS_SRV, "_1.d");
	taken("");
	answer_one(DNS_A, "y"); /* asked for already */
	answer_one(DNS_AAAA, "y");
	taken("");
	answer_one(DNS_SRV, "_2.d");
	taken("");
	answer_one(DNS_A, "x");
	taken("srv x 192.0.2.1:2");
	answer_one(DNS_AAAA, "x");
	taken("srv y 192.0.2.2:1, srv y [2001:db8::2]:1");
}

/* Services may come while answers do: here at the last moment, with the records of another. */
static void nothing_is_taken_before_there_are_no_more_services(void **state)
{
	static const struct given given[GIVEN_MAX] = { TWO };
	const struct targets_service first = { .source = TARGETS_NAPTR, .order = 0 };

	(void)state;
	memset(&t, 0, sizeof(t));
	targets_init(&t, "d", 4, false, &rng);
	targets_add_srv(&t, &given[0].service, "_2", "d");
	run(waiting_zone, NULL, true);
	assert_int_equal(buf_len(&got), 0);
	assert_int_equal(targets_state(&t), TARGETS_AWAIT_ANSWERS);
	targets_add_srv(&t, &first, "", "_2.d");
	targets_close(&t);
	taken("naptr x 192.0.2.1:2, naptr z 192.0.2.3:3, srv x 192.0.2.1:2, srv z 192.0.2.3:3");
}

static void only_what_was_asked_is_answered(void **state)
{
	static const struct given given[GIVEN_MAX] = { GIVEN("x", 5) };
	const struct dns_record r = { .type = DNS_A,
		.addr = { .family = 4, .ip = { 192, 0, 2, 1 } } };
	const struct dns_answer a = { .records = &r, .n_records = 1 };
	struct targets_question q;

	(void)state;
	start(given, false, 0, &rng);
	assert_null(targets_push_answer(&t, 1, &a)); /* nobody has taken it yet */
	assert_true(targets_take_question(&t, &q));
	assert_true(targets_take_question(&t, &q));
	assert_null(targets_push_answer(&t, 0, &a));
	assert_null(targets_push_answer(&t, 3, &a));
	assert_non_null(targets_push_answer(&t, 2, &a)); /* an A record about AAAA */
	assert_non_null(targets_push_answer(&t, 1, &a));
	assert_null(targets_push_answer(&t, 1, &a));
	taken("given x 192.0.2.1:5");
}

/* Records behind a CNAME have another owner, of which the answer says nothing: what was asked for
 * is what the host is called. */
static void an_alias_is_called_as_it_was_asked_for(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE };

	(void)state;
	start(given, false, 4, &rng);
	run("srv _1.d 1 0 1 alias\na alias 192.0.2.1\na canonical 192.0.2.1\n", NULL, true);
	assert_string_equal(buf_cstr(&got), "srv alias 192.0.2.1:1");
}

static void an_address_of_the_other_family_is_refused(void **state)
{
	const struct targets_service own = { .source = TARGETS_GIVEN };

	(void)state;
	memset(&t, 0, sizeof(t));
	targets_init(&t, "d", 6, false, &rng);
	assert_int_equal(targets_add_host(&t, &own, "192.0.2.1", 5), -EAFNOSUPPORT);
	assert_int_equal(targets_add_host(&t, &own, "2001:db8::1", 5), 0);
	assert_int_equal(t.n_services, 1);
}

/* ---- chance ---- */

#define WEIGHTS HOSTS "srv _1.d 1 30 1 x\nsrv _2.d 1 10 2 x\nsrv _2.d 1 0 3 x\nsrv _1.d 2 9 4 x\n"

/* RFC 2782: 0..40 is drawn among all of one priority, and weight 0 has the 0. */
static void weights_are_chances_in_the_whole_set(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE, TWO };
	unsigned first[5] = { 0 };

	(void)state;
	for (unsigned i = 0; i < RUNS; i++) {
		struct targets_target target;

		start(given, true, 4, &rng);
		run(WEIGHTS, NULL, false);
		assert_true(targets_take_target(&t, &target));
		first[target.addr.port]++;
	}
	assert_in_range(first[1], RUNS * 29 / 41, RUNS * 31 / 41);
	assert_in_range(first[2], RUNS * 9 / 41, RUNS * 11 / 41);
	assert_in_range(first[3], RUNS / 41 * 8 / 10, RUNS / 41 * 12 / 10);
	assert_int_equal(first[4], 0);
}

/* The order is drawn set by set, not as answers come. */
static void the_same_chance_gives_the_same_order(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE, TWO };
	char before[1000] = "";

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct rng same, shuffle;

		rng_init_number(&same, i / 20);
		rng_init_number(&shuffle, i);
		start(given, i / 20 % 2, 4, &same);
		run(WEIGHTS, &shuffle, i % 2);
		take();
		if (i % 20)
			assert_string_equal(buf_cstr(&got), before);
		snprintf(before, sizeof(before), "%s", buf_cstr(&got));
		buf_clear(&got);
	}
}

/* ---- what went wrong ---- */

static void a_failure_names_the_answer_that_decided(void **state)
{
	static const struct {
		const char *name, *zone;
		bool one_set;
		enum dns_status status;
		enum dns_type type;
		const char *about;
		bool says_no;
	} rows[] = {
		{ "no such name", "", true, DNS_NXDOMAIN, DNS_A, "d", false },
		{ "no addresses", "txt d x\n", true, DNS_NODATA, DNS_A, "d", false },
		{ "all are silent",
			"timeout srv _1.d\ntimeout srv _2.d\ntimeout a d\ntimeout aaaa d\n", true,
			DNS_TIMEOUT, DNS_A, "d", false },
		{ "silence about one family", "timeout aaaa d\n", false, DNS_TIMEOUT, DNS_AAAA, "d",
			false },
		{ "silence explains more than a no", "refused srv _2.d\n", true, DNS_REFUSED,
			DNS_SRV, "_2.d", false },
		{ "a host that is not there", HOSTS "srv _1.d 1 0 1 gone\n", false, DNS_NXDOMAIN,
			DNS_A, "gone", false },
		{ "the first of two that are not there",
			"srv _1.d 2 0 1 first\nsrv _1.d 3 0 1 second\n", false, DNS_NXDOMAIN, DNS_A,
			"first", false },
		{ "not offered", HOSTS "srv _2.d 0 0 0 .\n", false, DNS_OK, DNS_SRV, "_2.d", true },
		{ "neither is offered: the first", "srv _1.d 0 0 0 .\nsrv _2.d 0 0 0 .\n", false,
			DNS_OK, DNS_SRV, "_1.d", true },
		{ "neither of a set: the last", "srv _1.d 0 0 0 .\nsrv _2.d 0 0 0 .\n", true,
			DNS_OK, DNS_SRV, "_2.d", true },
		{ "half not offered, half unknown", "srv _1.d 0 0 0 .\nmalformed srv _2.d\n", true,
			DNS_MALFORMED, DNS_SRV, "_2.d", false },
		{ "half not offered, half not there", "srv _1.d 0 0 0 .\nsrv _2.d 1 0 1 gone\n",
			true, DNS_NXDOMAIN, DNS_A, "gone", false },
		{ "an address of the other family", "srv _1.d 1 0 1 2001:db8::1\n", true,
			DNS_NXDOMAIN, DNS_SRV, "_2.d", false },
	};
	static const struct given given[GIVEN_MAX] = { ONE, TWO, FALLBACK };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const bool other = strstr(rows[i].name, "other family");
		struct targets_failure f;

		print_message("case: %s\n", rows[i].name);
		start(given, rows[i].one_set, other ? 4 : 0, &rng);
		run(rows[i].zone, NULL, false);
		assert_int_equal(targets_state(&t), TARGETS_FAILED);
		targets_failure(&t, &f);
		assert_string_equal(f.name, rows[i].about);
		assert_int_equal(f.type, rows[i].type);
		assert_int_equal(f.status, rows[i].status);
		assert_int_equal(f.srv_says_no, rows[i].says_no);
		assert_int_equal(f.server.port, 53);
	}
}

/* Nothing was bad: what was found is of no use here. */
static void without_a_bad_answer_the_name_has_no_address(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE, FALLBACK };
	struct targets_failure f;

	(void)state;
	start(given, false, 6, &rng);
	run("srv _1.d 1 0 1 192.0.2.1\n", NULL, false);
	assert_null(targets_decisive(&t, 0));
	targets_failure(&t, &f);
	assert_string_equal(f.name, "d");
	assert_true(f.status == DNS_NODATA && f.type == DNS_AAAA && f.server.family == 0);
}

/* Each plan has its own reason. */
static void what_decided_is_of_one_plan(void **state)
{
	static const struct given given[GIVEN_MAX] = {
		ONE,
		{ { .plan = 1, .source = TARGETS_SRV }, "_2", "d", 0 },
		{ { .plan = 2, .source = TARGETS_GIVEN }, NULL, "x", 1 },
	};

	(void)state;
	start(given, true, 0, NULL);
	run(HOSTS "srv _1.d 0 0 0 .\nsrv _2.d 1 0 1 gone\n", NULL, false);
	targets_close(&t);
	assert_string_equal(targets_decisive(&t, 0)->name, "_1.d");
	assert_string_equal(targets_decisive(&t, 1)->name, "gone");
	assert_int_equal(targets_decisive(&t, 2)->type, DNS_AAAA); /* no IPv6 is a clear no */
	assert_null(targets_decisive(&t, TARGETS_NOBODY));
}

/* ---- limits ---- */

static void of_one_answer_what_is_tried_first_is_kept(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE };
	char zone[DNS_RECORDS_MAX * 40];
	struct targets_target target;
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < DNS_RECORDS_MAX; i++)
		n += (size_t)snprintf(zone + n, sizeof(zone) - n, "srv _1.d %u %u 1 192.0.2.%u\n",
			i < 8 ? 9 : 3, i, i);
	start(given, false, 0, NULL);
	run(zone, NULL, false);
	targets_close(&t);
	assert_int_equal(t.left_out_records, DNS_RECORDS_MAX - TARGETS_RECORDS_MAX);
	for (unsigned i = 0; i < TARGETS_RECORDS_MAX; i++) {
		assert_true(targets_take_target(&t, &target));
		assert_int_equal(target.priority, 3);
		assert_int_equal(target.weight, DNS_RECORDS_MAX - 1 - i);
	}
	assert_false(targets_take_target(&t, &target));
}

static void a_host_counts_once(void **state)
{
	static const struct given given[GIVEN_MAX] = { ONE, TWO, FALLBACK };

	(void)state;
	start(given, false, 0, &rng);
	run("srv _1.d 1 0 1 d\nsrv _1.d 2 0 2 x\nsrv _2.d 1 0 3 X\nsrv _2.d 1 0 4 192.0.2.1\n"
	    "srv _1.d 3 0 5 192.0.2.1\n",
		NULL, false);
	assert_int_equal(t.n_hosts, 3);
	assert_int_equal(t.n_records, 6); /* the fallback's too */
}

/* A zone in which everything leads to something else. */
static struct dns_answer flood(const struct targets_question *q)
{
	static struct dns_record records[DNS_RECORDS_MAX];

	for (unsigned i = 0; i < DNS_RECORDS_MAX; i++) {
		records[i] = (struct dns_record){ .type = q->type, .addr.family = 4 };
		if (q->type != DNS_SRV)
			continue;
		records[i].srv.port = 5;
		snprintf(records[i].srv.target, DNS_NAME_MAX, "h%u%.40s", i, q->name);
	}
	return (struct dns_answer){ .records = records, .n_records = DNS_RECORDS_MAX };
}

static void every_limit_holds(void **state)
{
	(void)state;
	for (unsigned list = 0; list < 2; list++) {
		struct targets_question q;
		struct targets_target target;
		unsigned taken = 0, asked = 0;

		memset(&t, 0, sizeof(t));
		targets_init(&t, "d", 0, false, list ? NULL : &rng);
		for (unsigned i = 0; i < TARGETS_SERVICES_MAX + 3; i++) {
			const struct targets_service s = { .source = TARGETS_SRV, .kind = i };
			char name[8];

			snprintf(name, sizeof(name), "_%u", i);
			targets_add_srv(&t, &s, name, "d");
		}
		for (; targets_take_question(&t, &q); asked++) {
			const struct dns_answer a = flood(&q);

			targets_push_answer(&t, q.id, &a);
		}
		targets_close(&t);
		for (; targets_take_target(&t, &target); taken++)
			assert_true(target.addr.family == 4 && target.addr.port == 5);
		assert_int_equal(t.left_out_services, 3);
		assert_int_equal(t.left_out_records,
			TARGETS_SERVICES_MAX * DNS_RECORDS_MAX - TARGETS_HOSTS_MAX);
		assert_int_equal(asked, TARGETS_SERVICES_MAX + 2 * TARGETS_HOSTS_MAX);
		assert_int_equal(
			taken, list ? 2 * TARGETS_HOSTS_MAX * QUESTION_ADDRESSES_MAX : TARGETS_MAX);
		assert_int_equal(targets_state(&t), TARGETS_EXHAUSTED);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(targets_come_in_order_however_the_answers_come),
		TEST(a_list_is_all_there_is),
		TEST(a_list_waits_for_nobody),
		TEST(nothing_overtakes_what_comes_before_it),
		TEST(a_set_waits_for_all_its_records),
		TEST(nothing_is_taken_before_there_are_no_more_services),
		TEST(only_what_was_asked_is_answered),
		TEST(an_alias_is_called_as_it_was_asked_for),
		TEST(an_address_of_the_other_family_is_refused),
		TEST(weights_are_chances_in_the_whole_set),
		TEST(the_same_chance_gives_the_same_order),
		TEST(a_failure_names_the_answer_that_decided),
		TEST(without_a_bad_answer_the_name_has_no_address),
		TEST(what_decided_is_of_one_plan),
		TEST(of_one_answer_what_is_tried_first_is_kept),
		TEST(a_host_counts_once),
		TEST(every_limit_holds),
	};

	return cmocka_run_group_tests_name("targets", tests, NULL, NULL);
}
