#include "net/cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "named.h"

#define ON_SRV       "1.3.6.1.5.5.7.8.7" /* id-on-dnsSRV, RFC 4985 section 2 */
#define ON_XMPP_ADDR "1.3.6.1.5.5.7.8.5" /* id-on-xmppAddr, RFC 6120 section 13.7.1.4 */
#define ON_UPN       "1.3.6.1.4.1.311.20.2.3"

static EVP_PKEY *key;
static struct tls_facts f;

static int make_key(void **state)
{
	(void)state;
	key = EVP_EC_gen("P-256");
	return key ? 0 : -1;
}

static int free_key(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	f = (struct tls_facts){ 0 };
	return 0;
}

static struct tls_cert *read_at(int depth, const struct named *rows, size_t n)
{
	X509 *x = named_cert(rows, n, key, EVP_sha256());
	struct tls_cert *c = cert_at(&f, depth, x);

	X509_free(x);
	return c;
}

/* ---- names ---- */

#define V4 SLICE("\xc0\x00\x02\x01")
#define V6 SLICE("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01")

static const struct {
	struct named in;
	bool is_name;
	enum tls_name_kind kind;
	struct slice text;
} rows[] = {
	{ { GEN_DNS, NULL, 0, SLICE("a.test") }, true, TLS_NAME_DNS, SLICE("a.test") },
	{ { GEN_DNS, NULL, 0, SLICE("*.a.test") }, true, TLS_NAME_DNS, SLICE("*.a.test") },
	{ { GEN_DNS, NULL, 0, SLICE("a.test\0.evil.test") }, true, TLS_NAME_DNS,
		SLICE("a.test\0.evil.test") },
	{ { GEN_DNS, NULL, 0, SLICE("\x1b[2Ja.test\n") }, true, TLS_NAME_DNS,
		SLICE("\x1b[2Ja.test\n") },
	{ { GEN_URI, NULL, 0, SLICE("sip:a.test") }, true, TLS_NAME_URI, SLICE("sip:a.test") },
	{ { GEN_IPADD, NULL, 0, V4 }, true, TLS_NAME_IP, SLICE("192.0.2.1") },
	{ { GEN_IPADD, NULL, 0, V6 }, true, TLS_NAME_IP, SLICE("2001:db8::1") },
	{ { GEN_IPADD, NULL, 0, SLICE("\xc0\x00\x02") }, false, 0, SLICE("") },
	{ { GEN_IPADD, NULL, 0, SLICE("\xc0\x00\x02\x01\xff\xff\xff\xff") }, false, 0, SLICE("") },
	{ { GEN_OTHERNAME, ON_SRV, V_ASN1_IA5STRING, SLICE("_xmpp-server.a.test") }, true,
		TLS_NAME_SRV, SLICE("_xmpp-server.a.test") },
	{ { GEN_OTHERNAME, ON_XMPP_ADDR, V_ASN1_UTF8STRING, SLICE("b\xc3\xbc.test") }, true,
		TLS_NAME_XMPP_ADDR, SLICE("b\xc3\xbc.test") },
	{ { GEN_OTHERNAME, ON_XMPP_ADDR, V_ASN1_UTF8STRING, SLICE("a.test\0.evil.test") }, true,
		TLS_NAME_XMPP_ADDR, SLICE("a.test\0.evil.test") },
	/* Of another type than the standard says, or of a standard that is none of ours. */
	{ { GEN_OTHERNAME, ON_SRV, V_ASN1_UTF8STRING, SLICE("_xmpp-server.a.test") }, false, 0,
		SLICE("") },
	{ { GEN_OTHERNAME, ON_XMPP_ADDR, V_ASN1_IA5STRING, SLICE("a.test") }, false, 0, SLICE("") },
	{ { GEN_OTHERNAME, ON_UPN, V_ASN1_UTF8STRING, SLICE("a.test") }, false, 0, SLICE("") },
	{ { GEN_EMAIL, NULL, 0, SLICE("a@a.test") }, false, 0, SLICE("") },
};

static void is_name(const struct tls_cert *c, unsigned at, size_t row)
{
	const struct tls_name name = tls_get_name(&f, c, at);

	print_message("row %zu\n", row);
	assert_int_equal(name.kind, rows[row].kind);
	assert_int_equal(name.text.n, rows[row].text.n);
	assert_memory_equal(name.text.p, rows[row].text.p, name.text.n);
}

static void each_name_has_its_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		set_up(NULL);
		const struct tls_cert *c = read_at(0, &rows[i].in, 1);
		print_message("row %zu\n", i);
		assert_int_equal(c->n_names, rows[i].is_name);
		assert_int_equal(c->n_left_out, 0);
		if (rows[i].is_name)
			is_name(c, 0, i);
	}
}

static void names_are_in_the_certificates_order(void **state)
{
	struct named all[COUNT(rows)];
	unsigned at = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		all[i] = rows[i].in;
	const struct tls_cert *c = read_at(0, all, COUNT(all));
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].is_name)
			is_name(c, at++, i);
	assert_int_equal(c->n_names, at);
}

static void a_certificate_without_names_has_none(void **state)
{
	(void)state;
	const struct tls_cert *c = read_at(0, NULL, 0);
	assert_int_equal(c->n_names, 0);
	assert_int_equal(c->n_left_out, 0);
}

static void more_names_than_there_is_room_for_are_counted(void **state)
{
	struct named many[TLS_NAMES_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = rows[0].in;
	const struct tls_cert *c = read_at(0, many, COUNT(many));
	assert_int_equal(c->n_names, TLS_NAMES_MAX);
	assert_int_equal(c->n_left_out, 2);
}

/* ---- the chain ---- */

/* The library looks at the chain from its end. */
static void a_chain_is_ordered_and_each_has_its_own_names(void **state)
{
	static const struct named names[] = { { GEN_DNS, NULL, 0, SLICE("zero.test") },
		{ GEN_DNS, NULL, 0, SLICE("one.test") }, { GEN_DNS, NULL, 0, SLICE("two.test") } };
	static const int order[] = { 2, 0, 1, 0, 2 };

	(void)state;
	for (size_t i = 0; i < COUNT(order); i++)
		assert_int_equal(read_at(order[i], &names[order[i]], 1)->depth, order[i]);
	assert_int_equal(f.n_certs, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(f.certs[i].depth, i);
		assert_int_equal(f.certs[i].n_names, 1);
		assert_true(slice_eq(tls_get_name(&f, &f.certs[i], 0).text, names[i].bytes));
		assert_int_equal(f.certs[i].not_after - f.certs[i].not_before, 3660);
	}
}

static void a_chain_has_a_limit(void **state)
{
	(void)state;
	for (int i = 0; i < TLS_CHAIN_MAX; i++)
		assert_non_null(read_at(i, NULL, 0));
	assert_null(read_at(TLS_CHAIN_MAX, NULL, 0));
	assert_int_equal(f.n_certs, TLS_CHAIN_MAX);
	assert_ptr_equal(read_at(3, NULL, 0), &f.certs[3]);
	/* Those that are met last may be the lowest. */
	f = (struct tls_facts){ 0 };
	for (int i = TLS_CHAIN_MAX + 1; i >= 0; i--)
		assert_int_equal(read_at(i, NULL, 0)->depth, i);
	assert_int_equal(f.n_certs, TLS_CHAIN_MAX);
	for (int i = 0; i < TLS_CHAIN_MAX; i++)
		assert_int_equal(f.certs[i].depth, i);
}

#define DNS(x)                                                                                     \
	{                                                                                          \
		GEN_DNS, NULL, 0, SLICE(x)                                                         \
	}
#define URI(x)                                                                                     \
	{                                                                                          \
		GEN_URI, NULL, 0, SLICE(x)                                                         \
	}
#define SRV(x)                                                                                     \
	{                                                                                          \
		GEN_OTHERNAME, ON_SRV, V_ASN1_IA5STRING, SLICE(x)                                  \
	}
#define XMPP(x)                                                                                    \
	{                                                                                          \
		GEN_OTHERNAME, ON_XMPP_ADDR, V_ASN1_UTF8STRING, SLICE(x)                           \
	}

enum {
	HOST = 1 << TLS_NAMING_HOST,
	SIP = 1 << TLS_NAMING_SIP,
	CLIENT = 1 << TLS_NAMING_XMPP_CLIENT,
	SERVER = 1 << TLS_NAMING_XMPP_SERVER
};

/* Whether it is for a.b.test: RFC 6125, RFC 5922 section 7, RFC 6120 section 13.7.1.2. */
static const struct {
	struct named names[2];
	size_t n;
	unsigned good; /* by which rules */
} owners[] = {
	{ { DNS("a.b.test") }, 1, HOST | SIP | CLIENT | SERVER },
	{ { DNS("A.B.TEST") }, 1, HOST | SIP | CLIENT | SERVER },
	{ { DNS("*.b.test") }, 1, HOST | CLIENT | SERVER },
	{ { DNS("*.a.b.test") }, 1, 0 },
	{ { DNS(".b.test") }, 1, 0 },
	{ { DNS("b.a.b.test") }, 1, 0 },
	{ { DNS("a.b.test\0.evil") }, 1, 0 },
	{ { URI("sip:a.b.test") }, 1, SIP },
	{ { URI("SIP:A.B.test") }, 1, SIP },
	{ { URI("sip:a.b.test:5061;transport=tls?x=y") }, 1, SIP },
	{ { URI("sip:user@a.b.test") }, 1, 0 },
	{ { URI("sips:a.b.test") }, 1, 0 },
	{ { URI("xmpp:a.b.test") }, 1, 0 },
	{ { URI("sip:*.b.test") }, 1, 0 },
	{ { URI("sip:b.a.b.test") }, 1, 0 },
	{ { URI("sip:") }, 1, 0 },
	{ { URI("sip:b.test"), DNS("a.b.test") }, 2, HOST | CLIENT | SERVER },
	{ { DNS("b.test"), URI("sip:a.b.test") }, 2, SIP },
	{ { URI("sip:u@b.test"), DNS("a.b.test") }, 2, HOST | SIP | CLIENT | SERVER },
	{ { URI("http://b.test"), DNS("a.b.test") }, 2, HOST | SIP | CLIENT | SERVER },
	{ { SRV("_xmpp-client.a.b.test") }, 1, CLIENT },
	{ { SRV("_XMPP-Server.A.B.test") }, 1, SERVER },
	{ { SRV("_sip.a.b.test") }, 1, 0 },
	{ { SRV("a.b.test") }, 1, 0 },
	{ { SRV("_xmpp-client.b.test"), SRV("_xmpp-client.a.b.test") }, 2, CLIENT },
	{ { XMPP("a.b.test") }, 1, CLIENT | SERVER },
	{ { XMPP("u@a.b.test") }, 1, 0 },
	{ { { GEN_OTHERNAME, ON_UPN, V_ASN1_UTF8STRING, SLICE("a.b.test") } }, 1, 0 },
	{ { DNS("a.b.test") }, 0, 0 },
};

static void whom_it_is_for_is_the_protocols_to_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(owners); i++) {
		X509 *x = named_cert(owners[i].names, owners[i].n, key, EVP_sha256());

		for (unsigned naming = 0; naming < 4; naming++)
			if (cert_is_for(x, (enum tls_naming)naming, "a.b.test") !=
				((owners[i].good >> naming & 1) != 0))
				fail_msg("%s, %u names, naming %u",
					(const char *)owners[i].names[0].bytes.p,
					(unsigned)owners[i].n, naming);
		X509_free(x);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_name_has_its_kind),
		TEST(names_are_in_the_certificates_order),
		TEST(a_certificate_without_names_has_none),
		TEST(more_names_than_there_is_room_for_are_counted),
		TEST(a_chain_is_ordered_and_each_has_its_own_names),
		TEST(a_chain_has_a_limit),
		TEST(whom_it_is_for_is_the_protocols_to_say),
	};

	return cmocka_run_group_tests_name("cert", tests, make_key, free_key);
}
