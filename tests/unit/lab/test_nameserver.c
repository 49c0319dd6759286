#include "lab/nameserver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#include "dns_text.h"

enum { A = 1, SOA = 6, AAAA = 28, SRV = 33, OPT = 41, NAPTR = 35, ANY = 255 };

static struct nameserver server;
static struct buf query, answer;

static struct dns_record a_record(uint8_t last)
{
	return (struct dns_record){
		.type = DNS_A, .ttl_s = 300, .addr = { .family = 4, .ip = { 192, 0, 2, last } }
	};
}

static struct dns_record srv_record(uint16_t port, const char *target)
{
	struct dns_record r = { .type = DNS_SRV, .ttl_s = 300 };

	r.srv.priority = 1;
	r.srv.weight = 2;
	r.srv.port = port;
	snprintf(r.srv.target, sizeof(r.srv.target), "%s", target);
	return r;
}

static void add(const char *name, const struct dns_record *r)
{
	assert_int_equal(nameserver_add(&server, name, r), 0);
}

static int set_up(void **state)
{
	const struct dns_record one = a_record(1), two = a_record(2);
	const struct dns_record six = { .type = DNS_AAAA,
		.ttl_s = 300,
		.addr = { .family = 6, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 } } };
	struct dns_record naptr = { .type = DNS_NAPTR,
		.ttl_s = 300,
		.naptr = { .order = 3, .preference = 4, .flags = "s", .service = "SIPS+D2T" } };

	(void)state;
	memset(&server, 0, sizeof(server));
	assert_int_equal(nameserver_add_zone(&server, "litware.test"), 0);
	assert_int_equal(nameserver_add_zone(&server, "contoso.test"), 0);
	add("pool.litware.test", &one);
	add("pool.litware.test", &six);
	add("two.litware.test", &one);
	add("two.litware.test", &two);
	const struct dns_record tls = srv_record(5061, "pool.litware.test");
	add("_sips._tcp.pool.litware.test", &tls);
	const struct dns_record no = srv_record(0, "");
	add("_xmpp-client._tcp.contoso.test", &no);
	snprintf(naptr.naptr.replacement, sizeof(naptr.naptr.replacement),
		"_sips._tcp.pool.litware.test");
	add("pool.litware.test", &naptr);
	buf_init(&query, 1 << 16);
	buf_init(&answer, 1 << 16);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&query);
	buf_done(&answer);
	return 0;
}

/* ---- questions ---- */

static void put16(unsigned v)
{
	buf_putc(&query, (uint8_t)(v >> 8));
	buf_putc(&query, (uint8_t)v);
}

static void put_head(unsigned flags, unsigned questions, unsigned more)
{
	buf_clear(&query);
	put16(7);
	put16(flags);
	put16(questions);
	put16(0);
	put16(0);
	put16(more);
}

static void put_name(const char *name)
{
	struct slice rest = slice_str(name);

	while (rest.n) {
		struct slice label = slice_split(&rest, '.');

		buf_putc(&query, (uint8_t)label.n);
		buf_put(&query, label);
	}
	buf_putc(&query, 0);
}

static void put_question(const char *name, unsigned type)
{
	put_head(0x0100, 1, 0);
	put_name(name);
	put16(type);
	put16(1);
}

static void put_opt(unsigned room, unsigned version)
{
	query.p[query.head + 11]++;
	buf_putc(&query, 0);
	put16(OPT);
	put16(room);
	put16(version);
	put16(0);
	put16(0);
}

/* What the question in hand gets, as text; "" is silence. */
static const char *ask_again(void)
{
	buf_clear(&answer);
	if (!nameserver_answer(&server, buf_slice(&query), &answer)) {
		assert_int_equal(buf_len(&answer), 0);
		return "";
	}
	const char *text = dns_text(buf_slice(&answer));
	return text ? text : "malformed";
}

static const char *ask(const char *name, unsigned type)
{
	put_question(name, type);
	return ask_again();
}

/* ---- what is there ---- */

static void each_type_is_answered_by_authority(void **state)
{
	static const struct {
		const char *name;
		unsigned type;
		const char *want;
	} rows[] = {
		{ "pool.litware.test", A,
			"id 7 flags 8500; ? pool.litware.test 1 1; "
			"answer pool.litware.test 1 1 300 c0000201" },
		{ "pool.litware.test", AAAA,
			"id 7 flags 8500; ? pool.litware.test 28 1; answer pool.litware.test 28 1 "
			"300 20010db8000000000000000000000001" },
		{ "_sips._tcp.pool.litware.test", SRV,
			"id 7 flags 8500; ? _sips._tcp.pool.litware.test 33 1; answer "
			"_sips._tcp.pool.litware.test 33 1 300 1 2 5061 pool.litware.test" },
		{ "_xmpp-client._tcp.contoso.test", SRV,
			"id 7 flags 8500; ? _xmpp-client._tcp.contoso.test 33 1; answer "
			"_xmpp-client._tcp.contoso.test 33 1 300 1 2 0 ." },
		{ "pool.litware.test", NAPTR,
			"id 7 flags 8500; ? pool.litware.test 35 1; answer pool.litware.test 35 1 "
			"300 3 4 's' 'SIPS+D2T' '' _sips._tcp.pool.litware.test" },
		{ "two.litware.test", A,
			"id 7 flags 8500; ? two.litware.test 1 1; answer two.litware.test 1 1 300 "
			"c0000201; answer two.litware.test 1 1 300 c0000202" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_string_equal(ask(rows[i].name, rows[i].type), rows[i].want);
}

/* A resolver may mix the case to be harder to fool: what it wrote comes back. */
static void case_does_not_matter_and_comes_back(void **state)
{
	(void)state;
	assert_string_equal(ask("pOOl.Litware.TEST", A),
		"id 7 flags 8500; ? pOOl.Litware.TEST 1 1; "
		"answer pOOl.Litware.TEST 1 1 300 c0000201");
}

/* ---- what is not ---- */

#define LITWARE_SOA                                                                                \
	"; authority litware.test 6 1 60 ns.litware.test hostmaster.litware.test 1 3600 600 "      \
	"86400 60"

static void a_no_says_how_long_it_is_good_for(void **state)
{
	(void)state;
	assert_string_equal(ask("nobody.litware.test", A),
		"id 7 flags 8503; ? nobody.litware.test 1 1" LITWARE_SOA);
	assert_string_equal(ask("two.litware.test", AAAA),
		"id 7 flags 8500; ? two.litware.test 28 1" LITWARE_SOA);
	assert_string_equal(ask("two.litware.test", ANY),
		"id 7 flags 8500; ? two.litware.test 255 1" LITWARE_SOA);
}

/* RFC 8020 and RFC 4592: there is something below them; a zone itself may be empty. */
static void names_between_exist(void **state)
{
	(void)state;
	assert_int_equal(nameserver_add_zone(&server, "empty.test"), 0);
	assert_non_null(strstr(ask("empty.test", A), "flags 8500"));
	assert_string_equal(ask("_tcp.pool.litware.test", SRV),
		"id 7 flags 8500; ? _tcp.pool.litware.test 33 1" LITWARE_SOA);
	assert_string_equal(
		ask("litware.test", A), "id 7 flags 8500; ? litware.test 1 1" LITWARE_SOA);
}

static void what_is_not_its_own_is_refused(void **state)
{
	static const char *const names[] = { "example.com", "test", "notlitware.test", "" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *text = ask(names[i], A);

		assert_non_null(strstr(text, "id 7 flags 8105; ? "));
		assert_null(strstr(text, "authority"));
	}
	put_head(0x0100, 1, 0);
	put_name("pool.litware.test");
	put16(A);
	put16(3); /* CHAOS */
	assert_string_equal(ask_again(), "id 7 flags 8105; ? pool.litware.test 1 3");
}

/* ---- EDNS0 and lengths ---- */

static void the_askers_opt_gets_one_back(void **state)
{
	(void)state;
	put_question("two.litware.test", A);
	put_opt(4096, 0);
	assert_string_equal(ask_again(),
		"id 7 flags 8500; ? two.litware.test 1 1; answer two.litware.test 1 1 300 "
		"c0000201; answer two.litware.test 1 1 300 c0000202; more . 41 1232 0 ");
	/* RFC 6891 section 6.1.3: BADVERS is 16, its upper bits stand in the OPT. */
	put_question("two.litware.test", A);
	put_opt(4096, 1);
	assert_string_equal(
		ask_again(), "id 7 flags 8100; ? two.litware.test 1 1; more . 41 1232 16777216 ");
	put_question("two.litware.test", A);
	put_opt(4096, 0);
	put_opt(4096, 0);
	assert_non_null(strstr(ask_again(), "flags 8101"));
}

/* Services of long names go over 512 bytes: not without EDNS0, and not over what it allows. */
static void the_room_is_what_the_asker_says(void **state)
{
	static const struct {
		unsigned room; /* 0: no EDNS0 */
		bool cut;
	} rows[] = { { 0, true }, { 100, true }, { 512, true }, { 1232, false }, { 65535, false } };
	struct dns_record r = srv_record(1, "");

	(void)state;
	memset(r.srv.target, 'x', 60);
	for (unsigned i = 0; i < 8; i++)
		add("big.litware.test", &r);
	for (size_t i = 0; i < COUNT(rows); i++) {
		put_question("big.litware.test", SRV);
		if (rows[i].room)
			put_opt(rows[i].room, 0);
		const char *text = ask_again();

		assert_int_equal(strstr(text, "flags 8700") != NULL, rows[i].cut);
		assert_int_equal(strstr(text, "answer") == NULL, rows[i].cut);
	}
	for (unsigned i = 0; i < 8; i++)
		add("big.litware.test", &r);
	put_question("big.litware.test", SRV);
	put_opt(65535, 0);
	assert_non_null(strstr(ask_again(), "flags 8700")); /* never a fragment */
}

/* ---- hostile questions ---- */

static void what_is_no_question_gets_nothing(void **state)
{
	(void)state;
	put_question("pool.litware.test", A);
	for (size_t n = 0; n < 12; n++)
		assert_false(
			nameserver_answer(&server, slice_cut(buf_slice(&query), 0, n), &answer));
	query.p[query.head + 2] |= 0x80; /* an answer: two servers would never end */
	assert_string_equal(ask_again(), "");
}

static void a_malformed_question_is_told_so(void **state)
{
	(void)state;
	put_question("pool.litware.test", A);
	const size_t whole = buf_len(&query);
	for (size_t n = 12; n < whole; n++) {
		buf_truncate(&query, whole);
		buf_clear(&answer);
		assert_true(
			nameserver_answer(&server, slice_cut(buf_slice(&query), 0, n), &answer));
		assert_string_equal(dns_text(buf_slice(&answer)), "id 7 flags 8101");
	}
	put_head(0, 0, 0);
	assert_string_equal(ask_again(), "id 7 flags 8001");
	put_head(0, 2, 0);
	put_name("pool.litware.test");
	assert_non_null(strstr(ask_again(), "8001"));
	put_head(0x2000, 1, 0); /* opcode 4: NOTIFY */
	assert_string_equal(ask_again(), "id 7 flags a004");
}

static void a_name_cannot_point_and_cannot_be_too_long(void **state)
{
	(void)state;
	put_head(0, 1, 0);
	put16(0xc00c); /* at itself */
	put16(A);
	put16(1);
	assert_string_equal(ask_again(), "id 7 flags 8001");
	put_head(0, 1, 0);
	for (int i = 0; i < 4; i++) { /* 4 * 64 + 1: one byte more than a name has */
		buf_putc(&query, 63);
		for (int k = 0; k < 63; k++)
			buf_putc(&query, 'x');
	}
	buf_putc(&query, 0);
	put16(A);
	put16(1);
	assert_string_equal(ask_again(), "id 7 flags 8001");
}

static void other_records_in_a_question_are_stepped_over(void **state)
{
	(void)state;
	put_question("two.litware.test", AAAA);
	query.p[query.head + 11] = 2;
	put16(0xc00c); /* a pointer is a whole name */
	put16(250);    /* TSIG */
	put16(ANY);
	put16(0);
	put16(0);
	put16(3);
	buf_puts(&query, "abc");
	put_name("two.litware.test");
	put16(A);
	put16(1);
	put16(0);
	put16(0);
	put16(0);
	assert_non_null(strstr(ask_again(), "flags 8500; ? two.litware.test 28 1; authority"));
	buf_truncate(&query, buf_len(&query) - 1);
	assert_non_null(strstr(ask_again(), "flags 8101"));
}

/* ---- its faults ---- */

static void each_fault_is_what_it_says(void **state)
{
	static const struct {
		enum nameserver_fault fault;
		const char *want;
	} rows[] = {
		{ NAMESERVER_SILENT, "" },
		{ NAMESERVER_REFUSES, "id 7 flags 8105; ? pool.litware.test 1 1" },
		{ NAMESERVER_FAILS, "id 7 flags 8102; ? pool.litware.test 1 1" },
		{ NAMESERVER_CUTS, "id 7 flags 8300; ? pool.litware.test 1 1" },
		{ NAMESERVER_GARBLES, "malformed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		server.fault = rows[i].fault;
		assert_string_equal(ask("pool.litware.test", A), rows[i].want);
	}
	/* Its head and its question are right: a resolver takes it for the answer. */
	assert_memory_equal(answer.p + answer.head, "\0\7\x81\0\0\1\0\1", 8);
	assert_memory_equal(answer.p + answer.head + 12, query.p + query.head + 12, 23);
}

/* ---- what can be added ---- */

static void what_is_no_name_is_not_added(void **state)
{
	static const char *const names[] = { "a..test", ".test", "test.", "." };
	const struct dns_record one = a_record(1);
	char label[80], name[300];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct dns_record srv = srv_record(1, names[i]);

		assert_int_equal(nameserver_add(&server, names[i], &one), ERR_SYNTAX);
		assert_int_equal(nameserver_add(&server, "s.test", &srv), ERR_SYNTAX);
		assert_int_equal(nameserver_add_zone(&server, names[i]), ERR_SYNTAX);
	}
	snprintf(label, sizeof(label), "%064d", 0);
	assert_int_equal(nameserver_add(&server, label, &one), ERR_SYNTAX);
	snprintf(name, sizeof(name), "%063d.%063d.%063d.%062d", 0, 0, 0, 0);
	assert_int_equal(nameserver_add(&server, name, &one), ERR_LIMIT);
	snprintf(name, sizeof(name), "%063d.%063d.%063d.%061d", 0, 0, 0, 0);
	assert_int_equal(nameserver_add(&server, name, &one), 0);
}

static void zones_and_rows_are_bounded(void **state)
{
	const struct dns_record one = a_record(1);

	(void)state;
	while (server.n_rows < NAMESERVER_ROWS_MAX)
		add("x.litware.test", &one);
	assert_int_equal(nameserver_add(&server, "x.litware.test", &one), ERR_LIMIT);
	while (server.n_zones < NAMESERVER_ZONES_MAX)
		assert_int_equal(nameserver_add_zone(&server, "x.test"), 0);
	assert_int_equal(nameserver_add_zone(&server, "x.test"), ERR_LIMIT);
}

static void without_memory_there_is_no_answer(void **state)
{
	bool ok = false;

	(void)state;
	put_question("pool.litware.test", A);
	for (long n = 0; !ok && n < 20; n++) {
		buf_done(&answer);
		mem_fail_after(n);
		ok = nameserver_answer(&server, buf_slice(&query), &answer);
		mem_fail_after(-1);
	}
	assert_true(ok);
	assert_non_null(strstr(dns_text(buf_slice(&answer)), "c0000201"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_type_is_answered_by_authority),
		TEST(case_does_not_matter_and_comes_back),
		TEST(a_no_says_how_long_it_is_good_for),
		TEST(names_between_exist),
		TEST(what_is_not_its_own_is_refused),
		TEST(the_askers_opt_gets_one_back),
		TEST(the_room_is_what_the_asker_says),
		TEST(what_is_no_question_gets_nothing),
		TEST(a_malformed_question_is_told_so),
		TEST(a_name_cannot_point_and_cannot_be_too_long),
		TEST(other_records_in_a_question_are_stepped_over),
		TEST(each_fault_is_what_it_says),
		TEST(what_is_no_name_is_not_added),
		TEST(zones_and_rows_are_bounded),
		TEST(without_memory_there_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
