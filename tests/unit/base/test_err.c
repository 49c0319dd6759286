#include "base/err.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* What our own functions return, and what a socket or a file gives the user to read. */
static const int codes[] = { 0, ERR_SYNTAX, ERR_LIMIT, ERR_UNSUPPORTED, ERR_CONFIG, ERR_SECRET,
	ERR_AUTH, ERR_LEGAL, -ENOMEM, -EINVAL, -EMSGSIZE, -ECONNREFUSED, -ECONNRESET, -ECONNABORTED,
	-ETIMEDOUT, -EHOSTUNREACH, -ENETUNREACH, -ENETDOWN, -EHOSTDOWN, -EPIPE, -EADDRINUSE,
	-EADDRNOTAVAIL, -EACCES, -EPERM, -ENOENT, -EISDIR, -EEXIST, -EMFILE, -ENFILE, -ENOBUFS,
	-EPROTO, -EFBIG, -EIO, -ENOTCONN, -EAFNOSUPPORT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -ENOSPC,
	-EDQUOT, -EROFS, -EBUSY, -ETXTBSY, -EAGAIN, -EINTR, -EBADF, -ENXIO };

static void every_code_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (strcmp(err_text(codes[i]), "unknown error") == 0)
			fail_msg("no text for %d", codes[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(err_text(codes[i]), err_text(codes[k])) == 0)
				fail_msg("%d and %d have one text", codes[i], codes[k]);
	}
}

static void the_sign_of_an_errno_does_not_matter(void **state)
{
	(void)state;
	assert_string_equal(err_text(ECONNREFUSED), "connection refused");
	assert_string_equal(err_text(-ECONNREFUSED), "connection refused");
	assert_string_equal(err_text(ERR_SYNTAX), "malformed");
}

static void an_unknown_code_has_a_text_too(void **state)
{
	static const int unknown[] = { 999, -999, -2000, INT_MAX, INT_MIN };

	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_string_equal(err_text(unknown[i]), "unknown error");
}

static void our_own_codes_are_no_errno(void **state)
{
	(void)state;
	assert_true(ERR_SYNTAX <= -1000);
	for (size_t i = 1; i < 8; i++)
		assert_true(codes[i] <= -1000 && codes[i] > -1100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_a_text_of_its_own),
		cmocka_unit_test(the_sign_of_an_errno_does_not_matter),
		cmocka_unit_test(an_unknown_code_has_a_text_too),
		cmocka_unit_test(our_own_codes_are_no_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
