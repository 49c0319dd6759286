/* Servers that are silent, the system's own files, memory that runs out, and how much is enough. */
#include "resolver_rig.h"

#include <ares.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/err.h"

#include "../clock.h"

/* ---- the files that c-ares reads ---- */

static const char *hosts, *resolv_conf; /* what stands there; NULL: nothing does */

static FILE *file_with(const char *text)
{
	FILE *f = text ? tmpfile() : NULL;

	if (f) {
		fputs(text, f);
		rewind(f);
	}
	return f;
}

FILE *fopen(const char *path, const char *mode)
{
	(void)mode;
	if (strcmp(path, "/etc/hosts") == 0)
		return file_with(hosts);
	if (strcmp(path, "/etc/resolv.conf") == 0)
		return file_with(resolv_conf);
	errno = ENOENT;
	return NULL;
}

/* ---- the memory that it takes ---- */

static long allocations_left; /* -1: no end */

static bool may_allocate(void)
{
	if (allocations_left == 0)
		return false;
	allocations_left -= allocations_left > 0;
	return true;
}

static void *allocate(size_t n)
{
	return may_allocate() ? malloc(n) : NULL;
}

static void *reallocate(void *p, size_t n)
{
	return may_allocate() ? realloc(p, n) : NULL;
}

static int begin(void **state)
{
	clock_reset();
	hosts = resolv_conf = NULL;
	allocations_left = -1;
	/* Who initialises first says whose memory it is. */
	assert_int_equal(ares_library_init_mem(ARES_LIB_INIT_ALL, allocate, free, reallocate), 0);
	return set_up(state);
}

static int end(void **state)
{
	allocations_left = -1;
	tear_down(state);
	ares_library_cleanup();
	return 0;
}

static void use(const struct addr *first, const struct addr *second)
{
	resolver_free(resolver);
	open_resolver(first, second);
}

/* ---- silence ---- */

static void turn_until_asked(unsigned first, unsigned second)
{
	ts_t give_up = loop_now(loop) + TS_S(5);

	while ((servers[0].asked < first || servers[1].asked < second) &&
		loop_now(loop) < give_up) {
		loop_wait(loop, 0);
		resolver_process(resolver);
	}
	assert_int_equal(servers[0].asked, first);
	assert_int_equal(servers[1].asked, second);
}

static void a_second_passes(void)
{
	assert_in_range(resolver_deadline(resolver) - loop_now(loop), TS_MS(500), TS_S(1));
	clock_ahead += TS_MS(1001);
	loop_wait(loop, 0);
	resolver_process(resolver);
}

static void each_server_has_a_second_twice_in_turn(void **state)
{
	(void)state;
	use(&servers[0].addr, &servers[1].addr);
	assert_int_equal(resolver_ask(resolver, 7, DNS_A, "silent.test", false), 0);
	turn_until_asked(1, 0);
	a_second_passes();
	turn_until_asked(1, 1);
	a_second_passes();
	turn_until_asked(2, 1);
	a_second_passes();
	turn_until_asked(2, 2);
	assert_int_equal(got.n, 0);
	a_second_passes();
	assert_int_equal(got.n, 1);
	assert_int_equal(got.status, DNS_TIMEOUT);
	assert_true(addr_eq(&got.server, &servers[1].addr));
	assert_true(resolver_deadline(resolver) == TS_NEVER);
}

/* Until it is answered; time passes as fast as it may. */
static void ask_quickly(enum dns_type type, const char *name)
{
	got.n = 0;
	assert_int_equal(resolver_ask(resolver, 7, type, name, false), 0);
	for (unsigned i = 0; got.n == 0 && i < 1000; i++) {
		loop_wait(loop, 0);
		resolver_process(resolver);
		clock_ahead += i < 10 ? 0 : TS_MS(100);
	}
	assert_int_equal(got.n, 1);
}

/* What one server said is worth more than another's silence, and a closed port more than none. */
static void what_is_told_of_two_servers_is_what_helps_most(void **state)
{
	enum what { NOTHING, CLOSED, SERVFAIL = 2, REFUSED = 5 };
	static const struct {
		enum what first, second;
		enum dns_status status;
		unsigned of;
	} rows[] = {
		{ NOTHING, CLOSED, DNS_UNREACHABLE, 1 },
		{ CLOSED, NOTHING, DNS_UNREACHABLE, 0 },
		{ NOTHING, NOTHING, DNS_TIMEOUT, 1 },
		{ SERVFAIL, NOTHING, DNS_SERVFAIL, 0 },
		{ NOTHING, REFUSED, DNS_REFUSED, 1 },
		{ SERVFAIL, CLOSED, DNS_SERVFAIL, 0 },
		{ CLOSED, REFUSED, DNS_REFUSED, 1 },
		{ SERVFAIL, REFUSED, DNS_SERVFAIL, 0 },
	};
	struct server closed;

	(void)state;
	open_server(&closed);
	close_server(&closed);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const enum what whats[] = { rows[i].first, rows[i].second };
		struct addr at[2];

		for (unsigned k = 0; k < 2; k++) {
			at[k] = whats[k] == CLOSED ? closed.addr : servers[k].addr;
			servers[k].rcode = whats[k] == CLOSED ? 0 : (int)whats[k];
			servers[k].silent = whats[k] == NOTHING;
		}
		use(&at[0], &at[1]);
		ask_quickly(DNS_A, "one.test");
		if (got.status != rows[i].status || !addr_eq(&got.server, &at[rows[i].of]))
			fail_msg("row %zu: %s", i, dns_status_name(got.status));
	}
}

static void a_question_dropped_in_silence_is_not_asked_again(void **state)
{
	(void)state;
	assert_int_equal(resolver_ask(resolver, 7, DNS_A, "silent.test", false), 0);
	turn_until_asked(1, 0);
	resolver_drop(resolver, 7);
	a_second_passes();
	turn_until_asked(1, 0);
	assert_true(resolver_deadline(resolver) == TS_NEVER);
	assert_int_equal(got.n, 0);
}

/* ---- the system's files ---- */

static void the_systems_servers_are_those_of_its_file(void **state)
{
	static const struct {
		const char *text, *server;
	} rows[] = {
		{ "nameserver 127.0.0.77\n", "127.0.0.77:53" },
		{ "nameserver ::1\n", "[::1]:53" },
		{ "nameserver 127.0.0.78\nnameserver 127.0.0.77\n", "127.0.0.77:53" },
		{ "", "127.0.0.1:53" },
	};
	const struct addr none = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[ADDR_TEXT_MAX];

		resolv_conf = rows[i].text;
		use(&none, NULL);
		ask_quickly(DNS_A, "one.test");
		assert_int_equal(got.status, DNS_UNREACHABLE);
		assert_string_equal(addr_text(&got.server, text), rows[i].server);
	}
}

/* As getent does it.  With `options ndots:2` a name with fewer is completed before it is asked as
 * it is. */
static void a_hosts_name_is_completed(void **state)
{
	static const struct {
		const char *name;
		bool is_host;
		enum dns_status status;
		unsigned asked;
		bool searched;
	} rows[] = {
		{ "here", true, DNS_OK, 2, true },
		{ "here", false, DNS_NXDOMAIN, 1, false },
		{ "here.", true, DNS_NXDOMAIN, 1, false },
		{ "nodata", true, DNS_NODATA, 3, true },
		{ "with.two.dots", true, DNS_OK, 1, true },
		{ "refused", true, DNS_REFUSED, 1, true },
	};

	(void)state;
	resolv_conf = "search a.test b.test\noptions ndots:2\nnameserver 127.0.0.77\n";
	searching = true;
	use(&servers[0].addr, NULL);
	searching = false;
	for (size_t i = 0; i < COUNT(rows); i++) {
		servers[0].asked = 0;
		got.n = 0;
		assert_int_equal(
			resolver_ask(resolver, 7, DNS_A, rows[i].name, rows[i].is_host), 0);
		for (unsigned k = 0; got.n == 0 && k < 1000; k++) {
			loop_wait(loop, 0);
			resolver_process(resolver);
		}
		if (got.status != rows[i].status || servers[0].asked != rows[i].asked ||
			got.searched != rows[i].searched)
			fail_msg("%s: %s, asked %u", rows[i].name, dns_status_name(got.status),
				servers[0].asked);
	}
	/* Of a server that was named a name is asked as it is. */
	searching = true;
	use(&servers[0].addr, NULL);
	searching = false;
	resolver_use(resolver, &servers[1].addr);
	assert_int_equal(resolver_ask(resolver, 7, DNS_A, "here", true), 0);
	got.n = 0;
	for (unsigned k = 0; got.n == 0 && k < 1000; k++) {
		loop_wait(loop, 0);
		resolver_process(resolver);
	}
	assert_int_equal(got.status, DNS_NXDOMAIN);
}

static void search(const char *conf, const char *name)
{
	resolv_conf = conf;
	searching = true;
	use(&servers[0].addr, NULL);
	searching = false;
	servers[0].asked = 0;
	got.n = 0;
	assert_int_equal(resolver_ask(resolver, 7, DNS_A, name, true), 0);
}

static void of_the_names_that_are_tried_each_counts_for_itself(void **state)
{
	static const struct {
		const char *conf, *name;
		enum dns_status status;
		unsigned asked;
	} rows[] = {
		/* Those that would be too long are left out, before it and behind it. */
		{ "search a.test b.test\noptions ndots:5\n", LONG_NAME, DNS_OK, 1 },
		{ "search a.test b.test\n", "x" LONG_NAME, DNS_NXDOMAIN, 1 },
		/* Silence for one is not what was said of the other. */
		{ "search a.test b.test\n", "mute", DNS_TIMEOUT, 3 },
		{ "search a.test\noptions ndots:0\n", "b", DNS_OK, 2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		search(rows[i].conf, rows[i].name);
		for (unsigned k = 0; got.n == 0 && k < 1000; k++) {
			loop_wait(loop, 0);
			resolver_process(resolver);
			clock_ahead += k < 10 ? 0 : TS_MS(100);
		}
		if (got.n != 1 || got.status != rows[i].status || servers[0].asked != rows[i].asked)
			fail_msg("%s: %s, asked %u", rows[i].name, dns_status_name(got.status),
				servers[0].asked);
	}
}

static void a_name_that_is_dropped_is_not_completed_further(void **state)
{
	(void)state;
	search("search a.test b.test\n", "here");
	resolver_drop(resolver, 7);
	for (unsigned k = 0; resolver_deadline(resolver) != TS_NEVER && k < 1000; k++) {
		loop_wait(loop, 0);
		resolver_process(resolver);
	}
	assert_int_equal(servers[0].asked, 1);
	assert_int_equal(got.n, 0);
}

/* A file may name one host many times. */
static void of_a_long_hosts_file_so_many_addresses_are_read(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	for (unsigned i = 0; i < 2 * DNS_RECORDS_MAX; i++)
		buf_printf(&b, "10.0.1.%u one.test\n", i);
	hosts = buf_cstr(&b);
	ask(DNS_A, "one.test");
	assert_int_equal(got.status, DNS_OK);
	assert_in_range(got.n_records, 1, DNS_RECORDS_MAX);
	buf_done(&b);
}

static void the_hosts_file_answers_first_for_addresses(void **state)
{
	static const struct {
		enum dns_type type;
		const char *name;
		enum dns_status status;
		bool from_file;
		size_t n;
		const char *first;
	} rows[] = {
		{ DNS_A, "one.test", DNS_OK, true, 1, "10.0.0.1" },
		{ DNS_AAAA, "one.test", DNS_NODATA, true, 0, NULL }, /* the other family only */
		{ DNS_AAAA, "six.test", DNS_OK, true, 1, "2001:db8::6" },
		{ DNS_A, "six.test", DNS_NODATA, true, 0, NULL },
		{ DNS_A, "both.test", DNS_OK, true, 1, "10.0.0.3" },
		{ DNS_AAAA, "both.test", DNS_OK, true, 1, "2001:db8::3" },
		{ DNS_A, "two.test", DNS_OK, false, 2, "192.0.2.1" }, /* not there */
		{ DNS_A, "localhost", DNS_OK, true, 1, "127.0.0.9" },
		{ DNS_SRV, "_sip._tcp.test", DNS_OK, false, 2, NULL },
	};

	(void)state;
	hosts = "10.0.0.1 one.test\n2001:db8::6 six.test\n10.0.0.3 both.test\n"
		"2001:db8::3 both.test\n127.0.0.9 localhost\n10.0.0.4 _sip._tcp.test\n";
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct addr first;

		ask(rows[i].type, rows[i].name);
		if (got.status != rows[i].status || got.hosts != rows[i].from_file ||
			got.n_records != rows[i].n)
			fail_msg("%s %s: %s, %zu", dns_type_name(rows[i].type), rows[i].name,
				dns_status_name(got.status), got.n_records);
		if (!rows[i].first)
			continue;
		assert_true(addr_decode_ip(slice_str(rows[i].first), &first));
		assert_int_equal(got.records[0].type, rows[i].type);
		assert_true(addr_eq(&got.records[0].addr, &first));
	}
	assert_int_equal(servers[0].asked, 2);
}

/* ---- how much is enough ---- */

static void of_a_long_answer_so_many_records_are_read(void **state)
{
	static const struct {
		enum dns_type type;
		const char *name;
	} rows[] = {
		{ DNS_A, "many.a.test" },
		{ DNS_AAAA, "many.aaaa.test" },
		{ DNS_SRV, "many.srv.test" },
		{ DNS_NAPTR, "many.naptr.test" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(rows[i].type, rows[i].name);
		assert_int_equal(got.status, DNS_OK);
		assert_int_equal(got.n_records, DNS_RECORDS_MAX);
		assert_int_equal(got.records[DNS_RECORDS_MAX - 1].type, rows[i].type);
	}
}

static void so_many_questions_may_be_open(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 2; k++) { /* what was answered makes room */
		for (unsigned i = 0; i < 32768; i++)
			assert_int_equal(resolver_ask(resolver, i, DNS_A, "192.0.2.1", false), 0);
		assert_int_equal(resolver_ask(resolver, 0, DNS_A, "192.0.2.1", false), ERR_LIMIT);
		got.n = 0;
		resolver_process(resolver);
		assert_int_equal(got.n, 32768);
	}
}

static void a_name_of_one_letter_is_a_name(void **state)
{
	(void)state;
	ask(DNS_A, "a");
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.records[0].addr.ip[3], 4);
}

static void a_name_too_long_is_none(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	ask(DNS_A, name);
	assert_int_equal(got.status, DNS_MALFORMED);
	assert_int_equal(servers[0].asked, 0);
}

/* ---- while it tells ---- */

static void ask_the_next(void)
{
	if (got.n < 3)
		assert_int_equal(resolver_ask(resolver, got.n, DNS_A, "192.0.2.1", false), 0);
	resolver_drop(resolver, 0);
}

static void whoever_is_told_may_ask_and_drop(void **state)
{
	(void)state;
	meanwhile = ask_the_next;
	assert_int_equal(resolver_ask(resolver, 0, DNS_A, "192.0.2.1", false), 0);
	resolver_process(resolver);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.id, 2);
}

static void one_that_is_dropped_leaves_the_others(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(resolver_ask(resolver, i, DNS_A, "192.0.2.1", false), 0);
	resolver_drop(resolver, 1);
	resolver_process(resolver);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.id, 2);
}

/* ---- out of memory ---- */

static void without_memory_for_its_library_each_question_ends(void **state)
{
	static const char *const names[] = { "one.test", "_sip._tcp.test", "naptr.test",
		"six.test" };
	static const enum dns_type types[] = { DNS_A, DNS_SRV, DNS_NAPTR, DNS_AAAA };
	const struct addr none = { 0 };

	(void)state;
	for (size_t k = 0; k < COUNT(names); k++) {
		enum dns_status status = DNS_CANCELLED;

		for (long n = 0; status != DNS_OK && n < 300; n++) {
			use(&servers[0].addr, NULL);
			got.n = 0;
			allocations_left = n;
			int err = resolver_ask(resolver, 7, types[k], names[k], false);
			for (unsigned i = 0; !err && !got.n && i < 200; i++) {
				loop_wait(loop, 0);
				resolver_process(resolver);
				clock_ahead += i < 10 ? 0 : TS_MS(100);
			}
			allocations_left = -1;
			resolver_process(resolver);
			assert_true(err == -ENOMEM ? got.n == 0 : got.n == 1);
			if (!err)
				status = got.status;
			assert_int_not_equal(status, DNS_TIMEOUT);
		}
		assert_int_equal(status, DNS_OK);
	}
	/* And where the system's servers have to be found. */
	resolv_conf = "nameserver 127.0.0.77\n";
	for (long n = 0; n < 10; n++) {
		use(&none, NULL);
		allocations_left = n;
		got.n = 0;
		int err = resolver_ask(resolver, 7, DNS_A, "one.test", false);
		allocations_left = -1;
		assert_true(err == -ENOMEM || err == 0);
		if (!err)
			continue;
		resolver_process(resolver);
		assert_int_equal(got.n, 0);
	}
}

static void without_memory_for_its_records_an_answer_is_cancelled(void **state)
{
	static const struct {
		const char *name;
		long nth; /* its own comes first; of a server's answer, those of the server */
	} rows[] = { { "host.test", 1 }, { "localhost", 1 }, { "one.test", 2 } };

	(void)state;
	hosts = "10.0.0.1 host.test\n";
	ask_quickly(DNS_A, "two.test"); /* what is made once is there */
	for (size_t i = 0; i < COUNT(rows); i++) {
		mem_fail_after(rows[i].nth);
		ask_quickly(DNS_A, rows[i].name);
		mem_fail_after(-1);
		if (got.status != DNS_CANCELLED)
			fail_msg("%s: %s", rows[i].name, dns_status_name(got.status));
		assert_int_equal(got.n_records, 0);
		ask_quickly(DNS_A, rows[i].name);
		assert_int_equal(got.status, DNS_OK);
	}
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_server_has_a_second_twice_in_turn),
		TEST(what_is_told_of_two_servers_is_what_helps_most),
		TEST(a_question_dropped_in_silence_is_not_asked_again),
		TEST(the_systems_servers_are_those_of_its_file),
		TEST(a_hosts_name_is_completed),
		TEST(of_the_names_that_are_tried_each_counts_for_itself),
		TEST(a_name_that_is_dropped_is_not_completed_further),
		TEST(of_a_long_hosts_file_so_many_addresses_are_read),
		TEST(the_hosts_file_answers_first_for_addresses),
		TEST(of_a_long_answer_so_many_records_are_read),
		TEST(so_many_questions_may_be_open),
		TEST(a_name_of_one_letter_is_a_name),
		TEST(a_name_too_long_is_none),
		TEST(whoever_is_told_may_ask_and_drop),
		TEST(one_that_is_dropped_leaves_the_others),
		TEST(without_memory_for_its_library_each_question_ends),
		TEST(without_memory_for_its_records_an_answer_is_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
