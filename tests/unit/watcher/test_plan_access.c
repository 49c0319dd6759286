/* Who may do what, as the configuration says it; and what it cannot say. */
#include <string.h>

#include "plan_rig.h"

#include "base/mem.h"
#include "watch/roles.h"

#define SIGN_IN                                                                                    \
	"  tls: { certificate_file: c, key_file: k }\n"                                            \
	"  listen: ['https://0.0.0.0:443', '127.0.0.1:1']\n"                                       \
	"  sign_in: { users_file: u, tokens_file: t, ca_file: ca }\n"

static void without_roles_this_machine_may_look_and_try(void **state)
{
	struct made m = make("  at_once: 1\n");
	const struct plan_access *a = &m.plan->access;
	const struct role_who loopback = { .by = ROLE_BY_LOOPBACK },
			      alice = { .by = ROLE_BY_USER, .name = SLICE("alice") };

	(void)state;
	assert_int_equal(a->roles.n, ROLE_PRESETS);
	assert_int_equal(roles_of(&a->roles, &loopback), 1 << ROLE_HELP_DESK | 1 << ROLE_MACHINE);
	assert_int_equal(roles_of(&a->roles, &alice), 0);
	assert_false(a->is_signed_in);
	assert_null(a->hosts[0]);
	done(&m);
}

static void roles_have_their_members_commands_and_scope(void **state)
{
	struct made m = make(SIGN_IN
		"  url: https://Watch.Test:8443/stox\n"
		"  roles:\n"
		"    - { name: help-desk, members: [user:bob, loopback], pools: [A.test] }\n"
		"    - { name: paris, template: view-only, members: [certificate:desk.test] }\n"
		"    - { name: bots, commands: [metrics, view], members: [token:p], partners: "
		"[x.test] "
		"}\n");
	const struct plan_access *a = &m.plan->access;
	const struct role *v = a->roles.v;

	(void)state;
	assert_int_equal(a->roles.n, ROLE_PRESETS + 2);
	assert_int_equal(v[ROLE_HELP_DESK].n_members, 2);
	assert_int_equal(v[ROLE_HELP_DESK].n_pools, 1);
	assert_int_equal(v[ROLE_HELP_DESK].commands, role_preset_commands(ROLE_HELP_DESK));
	assert_int_equal(v[ROLE_MACHINE].n_members, 0);
	assert_string_equal(v[5].name, "paris");
	assert_int_equal(v[5].commands, role_preset_commands(ROLE_VIEW_ONLY));
	assert_int_equal(v[6].commands, 1u << ROLE_METRICS | 1u << ROLE_VIEW);
	assert_string_equal(v[6].partners[0], "x.test");
	assert_true(a->is_signed_in);
	assert_string_equal(a->users_file, "/etc/stox/u");
	assert_string_equal(a->hosts[0], "watch.test");
	assert_true(m.plan->listen[0].is_tls);
	assert_int_equal(m.plan->listen[0].addr.port, 443);
	assert_false(m.plan->listen[1].is_tls);
	done(&m);
}

static void what_cannot_be_is_refused_at_its_place(void **state)
{
	static const struct {
		const char *roles, *problems;
	} rows[] = {
		{ "{ name: help-desk, commands: [view] }",
			"f:8:40: the commands of `help-desk` are fixed: give a role with others a "
			"name of its own\n" },
		{ "{ name: own }",
			"f:8:11: `own` is no predefined role: give it either `commands` or a "
			"`template`\n" },
		{ "{ name: own, template: desk }",
			"f:8:34: `desk` is not one of the predefined roles: administrator, "
			"server-administrator, help-desk, view-only, machine\n" },
		{ "{ name: own, commands: [veiw] }",
			"f:8:35: `veiw` is no command of a role; did you mean `view`?\n" },
		{ "{ name: own, commands: [reload], pools: [a.test] }",
			"f:8:35: `reload` concerns all pools and partners: a role with a scope "
			"cannot have it\n" },
		{ "{ name: view-only, members: [alice] }",
			"f:8:40: `alice` is nobody: a member is local:USER, group:GROUP, "
			"user:NAME, token:NAME, certificate:NAME or loopback\n" },
		{ "{ name: view-only, members: [user:alice] }",
			"f:8:40: `user:alice` can never sign in: name `users_file` in "
			"`sign_in`\n" },
		{ "{ name: view-only, pools: [z.test], partners: [z.test] }",
			"f:8:38: there is no pool `z.test`\n"
			"f:8:58: there is no partner `z.test`\n" },
		{ "{ name: view-only }, { name: View-only, commands: [view] }",
			"f:8:40: the name `View-only` is here twice (line 8)\n" },
	};
	struct conf *c;
	struct buf text, b;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct plan *plan = NULL;
		struct problems problems = { .out = &b, .file_name = "f" };

		buf_init(&text, 1 << 16);
		buf_init(&b, 1 << 16);
		buf_printf(&text, "%s  sign_in: { tokens_file: t }\n  roles: [%s]\n", WORLD,
			rows[i].roles);
		assert_int_equal(conf_load(&c, buf_slice(&text), "f", NULL, &b), 0);
		assert_int_equal(plan_new(&plan, c, "/etc/stox/stox.yaml", &problems), ERR_CONFIG);
		assert_string_equal(buf_cstr(&b), rows[i].problems);
		buf_done(&b);
		buf_done(&text);
		conf_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_roles_this_machine_may_look_and_try),
		cmocka_unit_test(roles_have_their_members_commands_and_scope),
		cmocka_unit_test(what_cannot_be_is_refused_at_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
