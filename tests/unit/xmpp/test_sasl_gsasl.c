/* GNU SASL as the other side: what two of ours agree on could still be wrong. */
#include <gsasl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "xmpp/sasl.h"

struct interop {
	const char *tls; /* version, or NULL */
	enum sasl_mechanism mechanism;
	bool other_channel; /* the two see different bindings */
	bool right;         /* the password */
};

static const struct interop cases[] = {
	{ NULL, SASL_PLAIN, false, true },
	{ NULL, SASL_PLAIN, false, false },
	{ NULL, SASL_SCRAM_SHA1, false, true },
	{ NULL, SASL_SCRAM_SHA1, false, false },
	{ NULL, SASL_SCRAM_SHA256, false, true },
	{ NULL, SASL_SCRAM_SHA256, false, false },
	{ "TLSv1.2", SASL_SCRAM_SHA1_PLUS, false, true },
	{ "TLSv1.2", SASL_SCRAM_SHA1_PLUS, false, false },
	{ "TLSv1.2", SASL_SCRAM_SHA1_PLUS, true, true },
	{ "TLSv1.3", SASL_SCRAM_SHA1_PLUS, false, true },
	{ "TLSv1.2", SASL_SCRAM_SHA256_PLUS, false, true },
	{ "TLSv1.2", SASL_SCRAM_SHA256_PLUS, false, false },
	{ "TLSv1.3", SASL_SCRAM_SHA256_PLUS, false, true },
	{ "TLSv1.3", SASL_SCRAM_SHA256_PLUS, false, false },
	{ "TLSv1.3", SASL_SCRAM_SHA256_PLUS, true, true },
};

#define USER     "pilar,=\u00E9"
#define PASSWORD "p\u00E4ssw\u00F6rd\u00A0\u00AA"

static struct tls_facts facts(const struct interop *t)
{
	struct tls_facts tls = { .n_exporter = 0 };

	if (!t->tls)
		return tls;
	snprintf(tls.version, sizeof(tls.version), "%s", t->tls);
	if (strcmp(t->tls, "TLSv1.3") == 0) {
		tls.n_exporter = sizeof(tls.exporter);
		memset(tls.exporter, 0xA5, sizeof(tls.exporter));
	} else {
		tls.n_unique = 12;
		memset(tls.unique, 0x5A, 12);
	}
	return tls;
}

static void set_binding(Gsasl_session *g, const struct interop *t, const struct tls_facts *tls)
{
	struct slice data = tls->n_exporter ? slice_of(tls->exporter, tls->n_exporter)
					    : slice_of(tls->unique, tls->n_unique);
	struct buf b;

	if (!t->tls)
		return;
	buf_init(&b, 256);
	base64_put(&b, data);
	if (t->other_channel)
		b.p[0] ^= 1;
	gsasl_property_set(
		g, tls->n_exporter ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE, buf_cstr(&b));
	buf_done(&b);
}

/* PLAIN's server forgets the password that was set, and asks. */
static int callback(Gsasl *ctx, Gsasl_session *g, Gsasl_property property)
{
	(void)ctx;
	if (property != GSASL_PASSWORD)
		return GSASL_NO_CALLBACK;
	return gsasl_property_set(g, GSASL_PASSWORD, PASSWORD);
}

static int step(Gsasl_session *g, struct slice in, struct buf *out)
{
	char *text = NULL;
	size_t n = 0;
	int rc = gsasl_step(g, (const char *)in.p, in.n, &text, &n);

	buf_clear(out);
	if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE) {
		buf_put(out, slice_of(text, n));
		gsasl_free(text);
	}
	return rc;
}

static bool client_against_gsasl(Gsasl *ctx, const struct interop *t)
{
	struct tls_facts tls = facts(t);
	struct sasl_client_cfg cfg = {
		.username = SLICE(USER),
		.password = t->right ? SLICE(PASSWORD) : SLICE("wrong"),
		.tls = t->tls ? &tls : NULL,
		.allow_plain = true,
	};
	struct sasl_client *c = NULL;
	enum sasl_result r;
	Gsasl_session *g;
	struct buf up, down;
	struct rng rng;

	buf_init(&up, 8192);
	buf_init(&down, 8192);
	rng_init_number(&rng, 1);
	cfg.offered[t->mechanism] = true;
	cfg.binding_offered[SASL_BINDING_TLS_EXPORTER] = tls.n_exporter > 0;
	assert_int_equal(sasl_client_new(&c, &cfg, &rng), 0);
	assert_int_equal(gsasl_server_start(ctx, sasl_mechanism_name(t->mechanism), &g), GSASL_OK);
	gsasl_property_set(g, GSASL_PASSWORD, PASSWORD);
	gsasl_property_set(g, GSASL_SCRAM_ITER, "4096");
	gsasl_property_set(g, GSASL_SCRAM_SALT, "W22ZaJ0SNY7soEsUEjb6gQ==");
	set_binding(g, t, &tls);

	r = sasl_client_first(c, &up);
	assert_int_equal(r, SASL_CONTINUE);
	int rc = step(g, buf_slice(&up), &down);
	for (int i = 0; i < 4 && r == SASL_CONTINUE && rc == GSASL_NEEDS_MORE; i++) {
		buf_clear(&up);
		r = sasl_client_push(c, buf_slice(&down), &up);
		rc = step(g, buf_slice(&up), &down);
	}
	if (rc == GSASL_OK && r == SASL_CONTINUE)
		r = sasl_client_push(c, buf_slice(&down), &up);
	gsasl_finish(g);
	sasl_client_free(c);
	buf_done(&up);
	buf_done(&down);
	return rc == GSASL_OK && r == SASL_DONE;
}

static bool gsasl_against_server(Gsasl *ctx, const struct interop *t)
{
	struct tls_facts tls = facts(t);
	struct sasl_server_cfg cfg = { .tls = t->tls ? &tls : NULL };
	struct sasl_server *s = NULL;
	struct sasl_secret secret;
	enum sasl_result r;
	Gsasl_session *g;
	struct buf up, down;
	struct rng rng;
	int rc;

	buf_init(&up, 8192);
	buf_init(&down, 8192);
	rng_init_number(&rng, 1);
	cfg.offer[t->mechanism] = true;
	assert_int_equal(sasl_secret_make(&secret, SLICE(PASSWORD), 4096, &rng), 0);
	assert_int_equal(sasl_server_new(&s, &cfg, &rng), 0);
	assert_int_equal(gsasl_client_start(ctx, sasl_mechanism_name(t->mechanism), &g), GSASL_OK);
	gsasl_property_set(g, GSASL_AUTHID, USER);
	gsasl_property_set(g, GSASL_PASSWORD, t->right ? PASSWORD : "wrong");
	set_binding(g, t, &tls);

	rc = step(g, SLICE(""), &up);
	assert_true(rc == GSASL_OK || rc == GSASL_NEEDS_MORE);
	(void)sasl_server_start(s, t->mechanism, buf_slice(&up), &down);
	assert_true(sasl_server_wants_account(s));
	assert_true(slice_eqs(sasl_server_username(s), USER));
	r = sasl_server_account(s, &secret, &down);
	for (int i = 0; i < 4 && rc == GSASL_NEEDS_MORE && r != SASL_FAIL_CREDENTIALS; i++) {
		rc = step(g, buf_slice(&down), &up);
		if (r != SASL_CONTINUE)
			break;
		buf_clear(&down);
		r = sasl_server_push(s, buf_slice(&up), &down);
	}
	gsasl_finish(g);
	sasl_server_free(s);
	buf_done(&up);
	buf_done(&down);
	return rc == GSASL_OK && r == SASL_DONE;
}

typedef bool (*exchange)(Gsasl *ctx, const struct interop *t);

static void run(exchange f)
{
	Gsasl *ctx;

	assert_int_equal(gsasl_init(&ctx), GSASL_OK);
	gsasl_callback_set(ctx, callback);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (f(ctx, &cases[i]) != (cases[i].right && !cases[i].other_channel))
			fail_msg("%s, %s, %s password, %s channel",
				sasl_mechanism_name(cases[i].mechanism),
				cases[i].tls ? cases[i].tls : "clear",
				cases[i].right ? "right" : "wrong",
				cases[i].other_channel ? "another" : "the same");
	gsasl_done(ctx);
}

static void our_client_signs_in_to_gnu_sasl(void **state)
{
	(void)state;
	run(client_against_gsasl);
}

static void gnu_sasl_signs_in_to_our_server(void **state)
{
	(void)state;
	run(gsasl_against_server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_client_signs_in_to_gnu_sasl),
		cmocka_unit_test(gnu_sasl_signs_in_to_our_server),
	};

	return cmocka_run_group_tests_name("sasl_gsasl", tests, NULL, NULL);
}
