#include "base/questions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

enum { MAX = 4 };

static struct question list[MAX];
static struct questions qs;

static int set_up(void **state)
{
	(void)state;
	memset(list, 0xa5, sizeof(list)); /* nobody cleared the room */
	questions_init(&qs, list, MAX);
	return 0;
}

static struct question *answer(
	uint32_t number, enum dns_status status, const struct dns_record *records, size_t n_records)
{
	const struct dns_answer a = { .status = status,
		.from_hosts_file = true,
		.server = { .family = 4, .port = 53, .ip = { 192, 0, 2, 53 } },
		.records = records,
		.n_records = n_records };

	return questions_answer(&qs, number, &a);
}

/* Asks that, takes it and answers. */
static const struct question *asked_and_answered(enum dns_type type, enum dns_status status,
	const struct dns_record *records, size_t n_records)
{
	uint32_t number;

	questions_init(&qs, list, MAX);
	questions_ask(&qs, type, "d.test");
	assert_non_null(questions_take(&qs, &number));
	return answer(number, status, records, n_records);
}

static void a_name_and_type_is_asked_once(void **state)
{
	(void)state;
	assert_int_equal(questions_ask(&qs, DNS_A, "d.test"), 1);
	assert_int_equal(questions_ask(&qs, DNS_AAAA, "d.test"), 2);
	assert_int_equal(questions_ask(&qs, DNS_A, "D.Test"), 1); /* RFC 4343 */
	assert_int_equal(questions_ask(&qs, DNS_A, "d.test.example"), 3);
	assert_int_equal(qs.n, 3);
	assert_int_equal(questions_find(&qs, DNS_AAAA, "D.TEST"), 2);
	assert_int_equal(questions_find(&qs, DNS_SRV, "d.test"), QUESTION_NONE);
	assert_int_equal(questions_find(&qs, DNS_A, "d.tes"), QUESTION_NONE);
	assert_int_equal(qs.n, 3);
	assert_string_equal(questions_at(&qs, 1)->name, "d.test");
	assert_null(questions_at(&qs, QUESTION_NONE));
}

static void beyond_the_room_nothing_is_asked(void **state)
{
	char name[DNS_NAME_MAX + 1];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[DNS_NAME_MAX] = '\0';
	assert_int_equal(questions_ask(&qs, DNS_A, name), QUESTION_NONE);
	assert_int_equal(qs.n, 0);
	name[DNS_NAME_MAX - 1] = '\0'; /* as long as a name can be */
	assert_int_equal(questions_ask(&qs, DNS_A, name), 1);
	for (uint32_t i = 1; i < MAX; i++) {
		snprintf(name, sizeof(name), "h%u", i);
		assert_int_equal(questions_ask(&qs, DNS_A, name), i + 1);
	}
	assert_int_equal(questions_ask(&qs, DNS_A, "one.more"), QUESTION_NONE);
	assert_int_equal(questions_ask(&qs, DNS_A, "H1"), 2); /* it is there already */
}

static void each_is_taken_once_in_the_order_of_asking(void **state)
{
	uint32_t number = 0;

	(void)state;
	assert_null(questions_take(&qs, &number));
	questions_ask(&qs, DNS_SRV, "one");
	questions_ask(&qs, DNS_A, "two");
	const struct question *q = questions_take(&qs, &number);
	assert_true(number == 1 && q->type == DNS_SRV && strcmp(q->name, "one") == 0);
	questions_ask(&qs, DNS_A, "three"); /* while the others are on their way */
	assert_string_equal(questions_take(&qs, &number)->name, "two");
	assert_string_equal(questions_take(&qs, &number)->name, "three");
	assert_int_equal(number, 3);
	assert_null(questions_take(&qs, &number));
	assert_int_equal(number, 3);
}

static void an_answer_is_kept_once(void **state)
{
	uint32_t number;

	(void)state;
	questions_ask(&qs, DNS_A, "d.test");
	assert_null(answer(1, DNS_OK, NULL, 0)); /* nobody has taken it */
	questions_take(&qs, &number);
	assert_int_equal(questions_at(&qs, 1)->status, DNS_CANCELLED);
	assert_false(questions_at(&qs, 1)->answered);
	assert_null(answer(QUESTION_NONE, DNS_OK, NULL, 0));
	assert_null(answer(2, DNS_OK, NULL, 0));
	assert_null(answer(UINT32_MAX, DNS_OK, NULL, 0));
	assert_int_equal(qs.n_answered, 0);
	const struct question *q = answer(1, DNS_REFUSED, NULL, 0);
	assert_ptr_equal(q, questions_at(&qs, 1));
	assert_true(q->answered && q->from_hosts_file && q->status == DNS_REFUSED);
	assert_int_equal(q->server.ip[3], 53);
	assert_null(answer(1, DNS_NXDOMAIN, NULL, 0));
	assert_int_equal(q->status, DNS_REFUSED);
	assert_int_equal(qs.n_answered, 1);
}

static void addresses_of_the_type_are_kept_as_many_as_fit(void **state)
{
	struct dns_record records[QUESTION_ADDRESSES_MAX + 3];

	(void)state;
	memset(records, 0, sizeof(records));
	for (size_t i = 0; i < COUNT(records); i++)
		records[i] = (struct dns_record){ .type = DNS_A,
			.addr = { .family = 4, .ip = { 192, 0, 2, (uint8_t)i } } };
	records[0].type = DNS_AAAA;
	const struct question *q = asked_and_answered(DNS_A, DNS_OK, records, COUNT(records));
	assert_int_equal(q->n_records, COUNT(records));
	assert_int_equal(q->n_usable, COUNT(records) - 1);
	assert_int_equal(q->n_addresses, QUESTION_ADDRESSES_MAX);
	for (unsigned i = 0; i < q->n_addresses; i++)
		assert_int_equal(q->addresses[i].ip[3], i + 1);
	assert_int_equal(q->status, DNS_OK);
}

static void srv_records_are_counted_and_a_dot_is_noted(void **state)
{
	static const struct dns_record records[] = {
		{ .type = DNS_SRV, .srv = { .port = 5060, .target = "h" } },
		{ .type = DNS_SRV, .srv = { .port = 0, .target = "no-port" } },
		{ .type = DNS_A },
		{ .type = DNS_SRV, .srv = { .port = 0, .target = "" } },
	};

	(void)state;
	const struct question *q = asked_and_answered(DNS_SRV, DNS_OK, records, 3);
	assert_true(q->n_records == 3 && q->n_usable == 1 && !q->says_no);
	q = asked_and_answered(DNS_SRV, DNS_OK, records, 4);
	assert_true(q->n_usable == 1 && q->says_no);
	q = asked_and_answered(DNS_SRV, DNS_OK, records + 3, 1); /* "." is an answer */
	assert_true(q->n_usable == 0 && q->says_no && q->status == DNS_OK);
	q = asked_and_answered(DNS_A, DNS_OK, records, 4); /* of no concern here */
	assert_true(q->n_usable == 1 && !q->says_no);
}

/* DNS_OK is for the type that was asked for, whatever the server says. */
static void nothing_of_the_type_is_no_data(void **state)
{
	static const struct dns_record no_port = { .type = DNS_SRV, .srv = { .target = "h" } };
	static const struct dns_record naptr = { .type = DNS_NAPTR };

	(void)state;
	assert_int_equal(asked_and_answered(DNS_A, DNS_OK, NULL, 0)->status, DNS_NODATA);
	assert_int_equal(asked_and_answered(DNS_AAAA, DNS_OK, &naptr, 1)->status, DNS_NODATA);
	assert_int_equal(asked_and_answered(DNS_SRV, DNS_OK, &no_port, 1)->status, DNS_NODATA);
	assert_int_equal(asked_and_answered(DNS_A, DNS_TIMEOUT, NULL, 0)->status, DNS_TIMEOUT);
	/* Which of these is of use is the owner's to say. */
	assert_int_equal(asked_and_answered(DNS_NAPTR, DNS_OK, &naptr, 1)->status, DNS_OK);
}

static void what_explains_a_failure_best(void **state)
{
	static const unsigned gravities[] = {
		[DNS_OK] = 0,
		[DNS_NXDOMAIN] = 1,
		[DNS_NODATA] = 1,
		[DNS_TIMEOUT] = 2,
		[DNS_REFUSED] = 2,
		[DNS_SERVFAIL] = 2,
		[DNS_UNREACHABLE] = 2,
		[DNS_MALFORMED] = 2,
		[DNS_TCP_REFUSED] = 2,
		[DNS_CANCELLED] = 2,
	};
	struct question a = { 0 }, b = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(gravities); i++)
		for (size_t k = 0; k < COUNT(gravities); k++) {
			a.status = (enum dns_status)i;
			b.status = (enum dns_status)k;
			assert_int_equal(question_gravity(&a), gravities[i]);
			assert_ptr_equal(
				question_graver(&a, &b), gravities[k] > gravities[i] ? &b : &a);
		}
	a.status = DNS_OK;
	b.status = DNS_NODATA;
	assert_ptr_equal(question_graver(NULL, &b), &b);
	assert_ptr_equal(question_graver(&b, NULL), &b);
	assert_null(question_graver(NULL, &a)); /* a good answer explains nothing */
	assert_null(question_graver(NULL, NULL));
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_name_and_type_is_asked_once),
		TEST(beyond_the_room_nothing_is_asked),
		TEST(each_is_taken_once_in_the_order_of_asking),
		TEST(an_answer_is_kept_once),
		TEST(addresses_of_the_type_are_kept_as_many_as_fit),
		TEST(srv_records_are_counted_and_a_dot_is_noted),
		TEST(nothing_of_the_type_is_no_data),
		TEST(what_explains_a_failure_best),
	};

	return cmocka_run_group_tests_name("questions", tests, NULL, NULL);
}
