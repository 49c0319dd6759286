/* Files with certificates: each is read once, and again when it has changed. */
#include "watcher/trusts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/authority.h"

static struct trust *trust;
static struct trusts trusts;
static uint64_t run;
static char folder[] = "/tmp/stox-test-trusts-XXXXXX";
static char path[64], other[64];

/* In its place, as a program that renews certificates does it: another file of that name. */
static void put_ca(const char *at)
{
	struct authority *a;
	struct buf pem;
	char new[80];

	buf_init(&pem, 1 << 20);
	assert_int_equal(authority_new(&a), 0);
	assert_int_equal(authority_put_ca(a, &pem), 0);
	snprintf(new, sizeof(new), "%s.new", at);
	FILE *f = fopen(new, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(buf_cstr(&pem), 1, buf_len(&pem), f), buf_len(&pem));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename(new, at), 0);
	buf_done(&pem);
	authority_free(a);
}

static unsigned find(const char *at)
{
	struct text why;
	unsigned n = 99;

	assert_int_equal(trusts_find(&trusts, at, ++run, &n, &why), 0);
	return n;
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || trust_new(&trust))
		return -1;
	snprintf(path, sizeof(path), "%s/a.pem", folder);
	snprintf(other, sizeof(other), "%s/b.pem", folder);
	trusts_init(&trusts, trust);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	trusts_done(&trusts);
	trust_free(trust);
	unlink(path);
	unlink(other);
	return rmdir(folder);
}

static void a_file_is_read_again_when_it_has_changed(void **state)
{
	struct text why;
	unsigned n;

	(void)state;
	assert_int_equal(find(NULL), TLS_TRUST_SYSTEM);
	put_ca(path);
	put_ca(other);
	assert_int_equal(find(path), 1);
	assert_int_equal(find(other), 2);
	assert_int_equal(find(path), 1);
	put_ca(path);
	assert_int_equal(find(path), 3);
	assert_int_equal(find(path), 3);
	assert_int_equal(find(other), 2);

	/* What cannot be used takes no number, and says so each time. */
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("no certificate\n", f);
	fclose(f);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_not_equal(trusts_find(&trusts, path, ++run, &n, &why), 0);
		assert_non_null(why.id);
	}
	unlink(path);
	assert_int_equal(trusts_find(&trusts, path, ++run, &n, &why), -ENOENT);
	put_ca(path);
	assert_int_equal(find(path), 4);
}

/* Nobody signs in with the one before once the runs that had it are over. */
static void what_was_replaced_goes(void **state)
{
	(void)state;
	put_ca(path);
	const unsigned first = find(path);
	const uint64_t its_run = run;
	for (unsigned i = 0; i < 20; i++) {
		put_ca(path);
		const unsigned next = find(path);
		assert_int_not_equal(next, first);
		trusts_forget(&trusts, its_run); /* it goes on */
		assert_true(trusts.files[first - 1].path != NULL);
	}
	const unsigned n = trusts.n;
	assert_true(trusts.n_replaced >= 1);
	trusts_forget(&trusts, run);
	assert_int_equal(trusts.n_replaced, 0);
	put_ca(path);
	find(path);
	assert_int_equal(trusts.n, n); /* a number that is free again */
}

/* Whoever asks for certificates of it goes on asking for those. */
static void what_is_held_stays(void **state)
{
	(void)state;
	put_ca(path);
	const unsigned first = find(path);
	trusts_hold(&trusts, first);
	put_ca(path);
	assert_int_not_equal(find(path), first);
	trusts_forget(&trusts, run);
	assert_non_null(trusts.files[first - 1].path);
	trusts_let_go(&trusts, first);
	trusts_forget(&trusts, run);
	assert_null(trusts.files[first - 1].path);
	trusts_hold(&trusts, TLS_TRUST_SYSTEM);
	trusts_let_go(&trusts, TLS_TRUST_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_again_when_it_has_changed),
		cmocka_unit_test(what_was_replaced_goes),
		cmocka_unit_test(what_is_held_stays),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
