#include "lab/account.h"

#include "lab_rig.h"

/* Those of the rig's lab. */
static void begin(struct accounts *a, struct rig *r, const char *fault, unsigned iterations)
{
	rig_prepare(r, fault);
	r->cfg.scram_iterations = iterations;
	assert_int_equal(accounts_init(a, &r->cfg, &r->rng), 0);
}

static void accounts_are_found_by_their_user_part(void **state)
{
	static struct rig r;
	static struct accounts a;

	(void)state;
	begin(&a, &r, NULL, SASL_ITERATIONS_MIN);
	const struct sip_account *pilar = sip_account_find(&a, SLICE("pilar"));
	assert_non_null(pilar);
	assert_string_equal(pilar->user, "pilar");
	assert_true(pilar != sip_account_find(&a, SLICE("kenmyer")));
	assert_non_null(xmpp_account_find(&a, SLICE("adelany")));
	static const char *const nobody[] = { "", "Pilar", "pilar@litware.test", "adelany" };
	for (size_t i = 0; i < COUNT(nobody); i++)
		assert_null(sip_account_find(&a, slice_str(nobody[i])));
	assert_null(xmpp_account_find(&a, SLICE("pilar")));
	accounts_done(&a);
}

/* What is stored proves the password, and is not the password. */
static void secrets_are_made_of_the_passwords(void **state)
{
	struct digest_secret want;
	static struct rig r;
	static struct accounts a;

	(void)state;
	begin(&a, &r, NULL, SASL_ITERATIONS_MIN);
	assert_int_equal(digest_secret_make(
				 &want, SLICE("pilar"), SLICE("litware.test"), SLICE("sip secret")),
		0);
	assert_string_equal(sip_account_find(&a, SLICE("pilar"))->secret.sha256, want.sha256);
	assert_int_equal(
		xmpp_account_find(&a, SLICE("adelany"))->secret.iterations, SASL_ITERATIONS_MIN);
	accounts_done(&a);
	begin(&a, &r, NULL, 5000);
	assert_int_equal(xmpp_account_find(&a, SLICE("adelany"))->secret.iterations, 5000);
	accounts_done(&a);
}

static void a_fault_changes_the_secret_it_is_about(void **state)
{
	static const struct {
		const char *fault;
		bool sip, stored, server; /* what differs */
	} rows[] = {
		{ NULL, false, false, false },
		{ "wrong-password", true, false, false },
		{ "xmpp-wrong-password", false, true, true },
		{ "xmpp-impostor", false, false, true },
	};
	static struct rig r;
	static struct accounts a;
	struct digest_secret sip;
	struct sasl_secret xmpp;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&a, &r, rows[i].fault, SASL_ITERATIONS_MIN);
		const struct digest_secret *s = &sip_account_find(&a, SLICE("pilar"))->secret;
		const struct sasl_secret *x = &xmpp_account_find(&a, SLICE("adelany"))->secret;

		if (!rows[i].fault) {
			sip = *s;
			xmpp = *x;
		}
		assert_int_equal(strcmp(s->sha256, sip.sha256) != 0, rows[i].sip);
		assert_memory_equal(x->salt, xmpp.salt, sizeof(x->salt)); /* the same seed */
		assert_int_equal(
			memcmp(x->stored_sha256, xmpp.stored_sha256, 32) != 0, rows[i].stored);
		assert_int_equal(
			memcmp(x->server_sha256, xmpp.server_sha256, 32) != 0, rows[i].server);
		assert_int_equal(memcmp(x->server_sha1, xmpp.server_sha1, 20) != 0, rows[i].server);
		accounts_done(&a);
	}
}

static void long_names_fit_and_weak_secrets_are_refused(void **state)
{
	static struct rig r;

	(void)state;
	rig_prepare(&r, NULL);
	memset(r.sip_users[0].address, 'x', sizeof(r.sip_users[0].address) - 1);
	assert_int_equal(lab_new(&r.lab, &r.cfg, &r.rng, r.now), 0); /* 255 fit */
	lab_free(r.lab);
	rig_prepare(&r, NULL);
	r.cfg.scram_iterations = 1;
	assert_int_equal(lab_new(&r.lab, &r.cfg, &r.rng, r.now), ERR_LIMIT);
	rig_prepare(&r, NULL);
	r.cfg.n_sip_users = LAB_USERS_MAX + 1;
	assert_int_equal(lab_new(&r.lab, &r.cfg, &r.rng, r.now), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_are_found_by_their_user_part),
		cmocka_unit_test(secrets_are_made_of_the_passwords),
		cmocka_unit_test(a_fault_changes_the_secret_it_is_about),
		cmocka_unit_test(long_names_fit_and_weak_secrets_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
