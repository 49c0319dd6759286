#include "lab_rig.h"

static void accounts_are_found_by_their_user_part(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	const struct sip_account *pilar = lab_sip_account(r.lab, SLICE("pilar"));
	assert_non_null(pilar);
	assert_string_equal(pilar->user, "pilar");
	assert_true(pilar != lab_sip_account(r.lab, SLICE("kenmyer")));
	assert_non_null(lab_xmpp_account(r.lab, SLICE("adelany")));
	static const char *const nobody[] = { "", "Pilar", "pilar@litware.test", "adelany" };
	for (size_t i = 0; i < COUNT(nobody); i++)
		assert_null(lab_sip_account(r.lab, slice_str(nobody[i])));
	assert_null(lab_xmpp_account(r.lab, SLICE("pilar")));
	rig_end(&r);
}

/* What is stored proves the password, and is not the password. */
static void secrets_are_made_of_the_passwords(void **state)
{
	struct digest_secret want;
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	assert_int_equal(digest_secret_make(
				 &want, SLICE("pilar"), SLICE("litware.test"), SLICE("sip secret")),
		0);
	assert_string_equal(lab_sip_account(r.lab, SLICE("pilar"))->secret.sha256, want.sha256);
	assert_int_equal(
		lab_xmpp_account(r.lab, SLICE("adelany"))->secret.iterations, SASL_ITERATIONS_MIN);
	rig_end(&r);
	rig_prepare(&r, NULL);
	r.cfg.scram_iterations = 5000;
	rig_start(&r);
	assert_int_equal(lab_xmpp_account(r.lab, SLICE("adelany"))->secret.iterations, 5000);
	rig_end(&r);
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
	struct digest_secret sip;
	struct sasl_secret xmpp;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_begin(&r, rows[i].fault);
		const struct digest_secret *s = &lab_sip_account(r.lab, SLICE("pilar"))->secret;
		const struct sasl_secret *x = &lab_xmpp_account(r.lab, SLICE("adelany"))->secret;

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
		rig_end(&r);
	}
}

static void long_names_fit_and_weak_secrets_are_refused(void **state)
{
	static struct rig r;

	(void)state;
	rig_prepare(&r, NULL);
	memset(r.cfg.sip_users[0].address, 'x', sizeof(r.cfg.sip_users[0].address) - 1);
	assert_int_equal(lab_new(&r.lab, &r.cfg, &r.rng, r.now), 0); /* 255 fit */
	lab_free(r.lab);
	rig_prepare(&r, NULL);
	r.cfg.scram_iterations = 1;
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
