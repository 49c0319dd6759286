/* What a file of issuers holds. */
#include "net/cert_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "net/authority.h"

enum { DAY = 86400 };

struct fixture {
	struct authority *a;
	struct buf pem;
};

static void begin(struct fixture *f)
{
	assert_int_equal(authority_new(&f->a), 0);
	buf_init(&f->pem, 1 << 20);
}

static void end(struct fixture *f)
{
	authority_free(f->a);
	buf_done(&f->pem);
}

static void certificates_are_counted_by_their_end(void **state)
{
	const int64_t now = time(NULL);
	struct cert_file file;
	struct fixture f;

	(void)state;
	begin(&f);
	authority_put_ca(f.a, &f.pem);
	authority_put_identity(f.a, "soon.test", -DAY, 3 * DAY, &f.pem);
	authority_put_identity(f.a, "over.test", -9 * DAY, -2 * DAY, &f.pem);
	authority_put_identity(f.a, "long.test", -9 * DAY, -3 * DAY, &f.pem);
	assert_int_equal(cert_file_read(buf_slice(&f.pem), now, &file), 0);
	assert_int_equal(file.n_certs, 4);
	assert_int_equal(file.n_ended, 2);
	assert_int_equal(file.n_lists, 0);
	assert_non_null(strstr(file.next.name, "soon.test"));
	assert_true(file.next.at >= now + 3 * DAY - 5 && file.next.at <= now + 3 * DAY + 5);
	assert_non_null(strstr(file.ended.name, "long.test"));
	end(&f);
}

static void a_list_has_an_end_too(void **state)
{
	struct cert_file file;
	struct fixture f;

	(void)state;
	begin(&f);
	authority_put_ca(f.a, &f.pem);
	authority_put_identity(f.a, "a.test", -DAY, DAY, &f.pem);
	authority_put_revocation(f.a, &f.pem);
	assert_int_equal(cert_file_read(buf_slice(&f.pem), time(NULL), &file), 0);
	assert_int_equal(file.n_lists, 1);
	assert_true(file.list.at > time(NULL));
	end(&f);
}

static void what_is_no_certificate_is_told(void **state)
{
	static const char *const texts[] = { "", "no",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" };
	struct cert_file file;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_int_equal(cert_file_read(slice_str(texts[i]), 0, &file), ERR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_counted_by_their_end),
		cmocka_unit_test(a_list_has_an_end_too),
		cmocka_unit_test(what_is_no_certificate_is_told),
	};

	return cmocka_run_group_tests_name("cert_file", tests, NULL, NULL);
}
