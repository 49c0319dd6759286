/* Lists of users, tokens and certificates; and what a request says of who sends it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "web/auth_list.h"
#include "web/credentials.h"

#define SALT_AND_HASH "abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
#define HASH          "$2y$04$" SALT_AND_HASH
#define TOKEN         "1bf6e0dc6ae6dda41f377935b1c58a26bf1abcf4e07beac5fb0b32869da481e9"
#define OTHER_TOKEN   "00f6e0dc6ae6dda41f377935b1c58a26bf1abcf4e07beac5fb0b32869da481E9"
#define NAME_64       "0123456789012345678901234567890123456789012345678901234567890123"

static struct web_auth_list *list;

static int set_up(void **state)
{
	(void)state;
	return web_auth_list_new(&list);
}

static int tear_down(void **state)
{
	(void)state;
	list = web_auth_list_free(list);
	return 0;
}

struct file {
	const char *name, *text;
	int err;
	unsigned line;
};

static void read_all(const struct file *rows, size_t n,
	int (*add)(struct web_auth_list *, struct slice, unsigned *))
{
	for (size_t i = 0; i < n; i++) {
		unsigned line;

		list = web_auth_list_free(list);
		assert_int_equal(web_auth_list_new(&list), 0);
		const int err = add(list, slice_str(rows[i].text), &line);
		if (err != rows[i].err || (err && line != rows[i].line))
			fail_msg("%s: %d in %u", rows[i].name, err, line);
	}
}

static void user_files(void **state)
{
	static const struct file rows[] = {
		{ "nothing", "", 0, 0 },
		{ "two, a comment, an empty line",
			"# users\n\na:" HASH "\r\n  b:$2b$14$" SALT_AND_HASH "\n", 0, 0 },
		{ "a name of letters", "\xc3\xa9t\xc3\xa9@contoso.test:" HASH, 0, 0 },
		{ "the longest name", NAME_64 ":" HASH, 0, 0 },
		{ "a longer one", NAME_64 "4:" HASH, ERR_SYNTAX, 1 },
		{ "no name", "\n:" HASH, ERR_SYNTAX, 2 },
		{ "a space in it", "a b:" HASH, ERR_SYNTAX, 1 },
		{ "no text", "\xff:" HASH, ERR_SYNTAX, 1 },
		{ "no hash", "a", ERR_SYNTAX, 1 },
		{ "a password", "a:secret", ERR_SYNTAX, 1 },
		{ "another method", "a:$6$abc$0123456789012345678901234567890123456789", ERR_SYNTAX,
			1 },
		{ "the broken bcrypt", "a:$2a$04$" SALT_AND_HASH, ERR_SYNTAX, 1 },
		{ "for hours", "a:$2y$15$" SALT_AND_HASH, ERR_SYNTAX, 1 },
		{ "too cheap for crypt", "a:$2y$03$" SALT_AND_HASH, ERR_SYNTAX, 1 },
		{ "a short one", "a:$2y$04$abc", ERR_SYNTAX, 1 },
		{ "more behind it", "a:" HASH ":b", ERR_SYNTAX, 1 },
		{ "twice", "a:" HASH "\nb:" HASH "\n#\na:" HASH "\n", -EEXIST, 4 },
	};

	(void)state;
	read_all(rows, COUNT(rows), web_auth_list_add_users);
}

static void token_files(void **state)
{
	static const struct file rows[] = {
		{ "nothing", "\n\n", 0, 0 },
		{ "two of one", "a:" TOKEN "\na:" OTHER_TOKEN, 0, 0 },
		{ "a token itself", "a:token-of-prometheus", ERR_SYNTAX, 1 },
		{ "no hexadecimal", "#\na:x" TOKEN, ERR_SYNTAX, 2 },
		{ "a digit less", "a:" TOKEN "\nb:00f6", ERR_SYNTAX, 2 },
		{ "twice", "a:" TOKEN "\nb:" TOKEN, -EEXIST, 2 },
	};

	(void)state;
	read_all(rows, COUNT(rows), web_auth_list_add_tokens);
}

static void found(void **state)
{
	uint8_t hash[WEB_TOKEN_HASH] = { 0 };
	unsigned line;
	bool is_there;

	(void)state;
	assert_null(web_auth_list_get_hash(list, SLICE("a"), &is_there));
	assert_false(web_auth_list_has_users(list) || web_auth_list_has_tokens(list));
	assert_int_equal(
		web_auth_list_add_users(list, SLICE("a:" HASH "\nb:$2y$05$" SALT_AND_HASH), &line),
		0);
	assert_string_equal(
		web_auth_list_get_hash(list, SLICE("b"), &is_there), "$2y$05$" SALT_AND_HASH);
	assert_true(is_there);
	assert_string_equal(web_auth_list_get_hash(list, SLICE("B"), &is_there), HASH);
	assert_false(is_there);
	assert_int_equal(
		web_auth_list_add_tokens(list, SLICE("t:" TOKEN "\nu:" OTHER_TOKEN), &line), 0);
	assert_null(web_auth_list_find_token(list, hash));
	for (unsigned i = 0; i < WEB_TOKEN_HASH; i++)
		hash[i] = (uint8_t)(hex_digit((uint8_t)TOKEN[2 * i]) << 4 |
				    hex_digit((uint8_t)TOKEN[2 * i + 1]));
	assert_string_equal(web_auth_list_find_token(list, hash), "t");
	hash[0] = 0;
	assert_string_equal(web_auth_list_find_token(list, hash), "u");
	hash[WEB_TOKEN_HASH - 1] ^= 1;
	assert_null(web_auth_list_find_token(list, hash));
}

static void certificates(void **state)
{
	static struct tls_facts tls;
	struct tls_cert *own = &tls.certs[0], *issuer = &tls.certs[1];

	(void)state;
	assert_int_equal(web_auth_list_add_certificate(list, "desk.contoso.test", "desk"), 0);
	assert_int_equal(web_auth_list_add_certificate(list, "ca.contoso.test", "ca"), 0);
	assert_int_equal(web_auth_list_add_certificate(list, "Desk.contoso.test", "x"), -EEXIST);
	assert_int_equal(web_auth_list_add_certificate(list, "", "x"), ERR_SYNTAX);
	assert_int_equal(web_auth_list_add_certificate(list, "x", "a b"), ERR_SYNTAX);
	assert_null(web_auth_list_find_certificate(list, NULL));
	assert_null(web_auth_list_find_certificate(list, &tls));
	tls.n_certs = 2;
	issuer->depth = 1;
	tls_add_name(&tls, own, TLS_NAME_DNS, SLICE("other.contoso.test"));
	tls_add_name(&tls, own, TLS_NAME_DNS, SLICE("desk.contoso.test\0.evil.test"));
	assert_null(web_auth_list_find_certificate(list, &tls));
	tls_add_name(&tls, own, TLS_NAME_DNS, SLICE("DESK.contoso.test"));
	assert_string_equal(web_auth_list_find_certificate(list, &tls), "desk");
	tls.faults = TLS_FAULT_EXPIRED;
	assert_null(web_auth_list_find_certificate(list, &tls));
	/* Only its own names are its owner's. */
	tls = (struct tls_facts){ .n_certs = 2 };
	issuer->depth = 1;
	tls_add_name(&tls, issuer, TLS_NAME_DNS, SLICE("ca.contoso.test"));
	assert_null(web_auth_list_find_certificate(list, &tls));
}

static void limits(void **state)
{
	static char text[(WEB_USERS_MAX + 1) * 80];
	size_t n = 0;
	unsigned line;

	(void)state;
	for (unsigned i = 0; i <= WEB_USERS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "u%u:" HASH "\n", i);
	assert_int_equal(web_auth_list_add_users(list, slice_of(text, n), &line), ERR_LIMIT);
	assert_int_equal(line, WEB_USERS_MAX + 1);
	for (long i = 0; i < 2; i++) {
		struct web_auth_list *other;
		mem_fail_after(i);
		int err = web_auth_list_new(&other);
		if (!err)
			err = web_auth_list_add_users(other, SLICE("a:" HASH), &line);
		mem_fail_after(-1);
		assert_int_equal(err, -ENOMEM);
		if (i)
			web_auth_list_free(other);
	}
}

static void credentials(void **state)
{
	static const struct {
		const char *field;
		enum web_credential type;
		const char *user, *password, *token;
	} rows[] = {
		{ "X: y\r\n", WEB_CREDENTIAL_NONE, "", "", "" },
		{ "Authorization: Basic YTpi\r\n", WEB_CREDENTIAL_BASIC, "a", "b", "" },
		{ "authorization: bASIC  YTpiOmM=\r\n", WEB_CREDENTIAL_BASIC, "a", "b:c", "" },
		{ "Authorization: Basic YTo=\r\n", WEB_CREDENTIAL_BASIC, "a", "", "" },
		{ "Authorization: Basic w6k6w6k=\r\n", WEB_CREDENTIAL_BASIC, "\xc3\xa9", "\xc3\xa9",
			"" },
		{ "Authorization: Bearer abc-._~+/1==\r\n", WEB_CREDENTIAL_BEARER, "", "",
			"abc-._~+/1==" },
		{ "Authorization:\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Basic\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Basic YTpi!\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Basic YWI=\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Basic OmI=\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Basic YTpiAGM=\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Basic YTr/\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Bearer\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Bearer ==\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Bearer a=b\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Bearer a b\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
		{ "Authorization: Digest username=\"a\"\r\n", WEB_CREDENTIAL_OTHER, "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct web_credentials c;
		struct web_request r;
		char text[256];

		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].field);
		assert_int_equal(web_request_decode(&r, slice_str(text)), WEB_DONE);
		web_credentials_read(&c, &r);
		if (c.type != rows[i].type)
			fail_msg("%s", rows[i].field);
		if (c.type == WEB_CREDENTIAL_BASIC)
			assert_true(slice_eqs(c.user, rows[i].user) &&
				    slice_eqs(c.password, rows[i].password));
		if (c.type == WEB_CREDENTIAL_BEARER)
			assert_true(slice_eqs(c.token, rows[i].token));
	}
}

/* One byte more than fits. */
static void long_password(void **state)
{
	char text[1024], plain[512];
	struct web_credentials c;
	struct web_request r;
	struct buf b;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		memset(plain, 'p', sizeof(plain));
		plain[0] = 'a';
		plain[1] = ':';
		buf_init(&b, 800);
		base64_put(&b, slice_of(plain, 2 + WEB_PASSWORD_MAX + more));
		snprintf(text, sizeof(text),
			"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic %s\r\n\r\n",
			buf_cstr(&b));
		buf_done(&b);
		assert_int_equal(web_request_decode(&r, slice_str(text)), WEB_DONE);
		web_credentials_read(&c, &r);
		assert_int_equal(c.type, more ? WEB_CREDENTIAL_OTHER : WEB_CREDENTIAL_BASIC);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(user_files),
		TEST(token_files),
		TEST(found),
		TEST(certificates),
		TEST(limits),
		cmocka_unit_test(credentials),
		cmocka_unit_test(long_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
