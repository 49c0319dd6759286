#include "watch/roles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* Who may do what with the five: the manual has the same table, and the end-to-end test tries each
 * of its cells. */
static const struct {
	enum role_command command;
	const char *may; /* administrator, server-administrator, help-desk, view-only, machine */
} table[] = {
	{ ROLE_VIEW, "ASHVM" },
	{ ROLE_HISTORY, "ASHVM" },
	{ ROLE_REPORT, "ASHV-" },
	{ ROLE_METRICS, "AS--M" },
	{ ROLE_TEST, "ASH--" },
	{ ROLE_PROBE, "AS--M" },
	{ ROLE_ACKNOWLEDGE, "ASH--" },
	{ ROLE_STATUS, "AS---" },
	{ ROLE_TEST_ALERT, "AS---" },
	{ ROLE_RELOAD, "AS---" },
	{ ROLE_ROLES, "A----" },
	{ ROLE_AUDIT, "A----" },
};

static void test_table(void **state)
{
	struct role five[ROLE_PRESETS];
	const struct roles roles = { five, ROLE_PRESETS };
	const struct role_target some = { "a.test", "x.test" };

	(void)state;
	for (unsigned i = 0; i < ROLE_PRESETS; i++)
		five[i] = (struct role){ .name = role_preset_name((enum role_preset)i),
			.commands = role_preset_commands((enum role_preset)i) };
	assert_int_equal(COUNT(table), ROLE_COMMANDS);
	for (unsigned c = 0; c < COUNT(table); c++)
		for (unsigned i = 0; i < ROLE_PRESETS; i++) {
			const role_set mine = (role_set)1 << i;
			const bool want = table[c].may[i] != '-';

			if (roles_may(&roles, mine, table[c].command, &some) != want ||
				roles_may(&roles, mine, table[c].command, NULL) != want ||
				roles_may_some(&roles, mine, table[c].command) != want)
				fail_msg("%s, %s", five[i].name,
					role_command_name(table[c].command));
		}
	for (unsigned c = 0; c < COUNT(table); c++)
		assert_false(roles_may_some(&roles, 0, table[c].command));
}

static void test_words(void **state)
{
	enum role_command found;

	(void)state;
	for (unsigned i = 0; i < ROLE_COMMANDS; i++) {
		assert_true(role_command_find(
			slice_str(role_command_name((enum role_command)i)), &found));
		assert_int_equal(found, i);
	}
	assert_false(role_command_find(SLICE("View"), &found));
	assert_false(role_command_find(SLICE(""), &found));
}

static void test_members(void **state)
{
	static const struct {
		const char *text;
		int by; /* -1: none */
		const char *name;
	} rows[] = {
		{ "local:alice", ROLE_BY_LOCAL, "alice" },
		{ "group:help desk", ROLE_BY_GROUP, "help desk" },
		{ "user:a:b", ROLE_BY_USER, "a:b" },
		{ "token:t", ROLE_BY_TOKEN, "t" },
		{ "certificate:sip:pool.test", ROLE_BY_CERTIFICATE, "sip:pool.test" },
		{ "loopback", ROLE_BY_LOOPBACK, "" },
		{ "loopback:", -1, "" },
		{ "loopback:x", -1, "" },
		{ "local:", -1, "" },
		{ "local", -1, "" },
		{ "alice", -1, "" },
		{ "Local:alice", -1, "" },
		{ "", -1, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct role_member m;
		const bool is = role_member_read(slice_str(rows[i].text), &m);

		if (is != (rows[i].by >= 0) ||
			(is && ((int)m.by != rows[i].by || !slice_eqs(m.name, rows[i].name))))
			fail_msg("%s", rows[i].text);
	}
}

/* Somebody is who he is by one way: a token called as a user is not that user. */
static void test_who(void **state)
{
	const struct role_member members[] = {
		{ ROLE_BY_USER, SLICE("alice") },
		{ ROLE_BY_CERTIFICATE, SLICE("Host.Test") },
		{ ROLE_BY_GROUP, SLICE("desk") },
		{ ROLE_BY_LOOPBACK, SLICE_NONE },
	};
	const struct role v[] = {
		{ .name = "administrator", .commands = 1u << ROLE_VIEW },
		{ .name = "desk",
			.commands = 1u << ROLE_VIEW,
			.members = members,
			.n_members = COUNT(members) },
	};
	const struct roles roles = { v, COUNT(v) };
	const struct slice groups[] = { SLICE("wheel"), SLICE("desk") };
	const struct {
		const char *name;
		struct role_who who;
		role_set want;
	} rows[] = {
		{ "the user", { .by = ROLE_BY_USER, .name = SLICE("alice") }, 2 },
		{ "in another case", { .by = ROLE_BY_USER, .name = SLICE("Alice") }, 0 },
		{ "a token of the name", { .by = ROLE_BY_TOKEN, .name = SLICE("alice") }, 0 },
		{ "a local one of the name", { .by = ROLE_BY_LOCAL, .name = SLICE("alice") }, 0 },
		{ "a certificate", { .by = ROLE_BY_CERTIFICATE, .name = SLICE("host.test") }, 2 },
		{ "in the group",
			{ .by = ROLE_BY_LOCAL,
				.name = SLICE("bob"),
				.groups = groups,
				.n_groups = 2 },
			2 },
		{ "in another one",
			{ .by = ROLE_BY_LOCAL,
				.name = SLICE("bob"),
				.groups = groups,
				.n_groups = 1 },
			0 },
		{ "a user called as the group", { .by = ROLE_BY_USER, .name = SLICE("desk") }, 0 },
		{ "a group of nobody local",
			{ .by = ROLE_BY_USER, .name = SLICE("b"), .groups = groups, .n_groups = 2 },
			0 },
		{ "loopback", { .by = ROLE_BY_LOOPBACK }, 2 },
		{ "root", { .by = ROLE_BY_LOCAL, .name = SLICE("root"), .is_owner = true }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (roles_of(&roles, &rows[i].who) != rows[i].want)
			fail_msg("%s", rows[i].name);
}

static void test_scope(void **state)
{
	static const char *const pools[] = { "a.test" }, *const partners[] = { "x.test", "y.test" };
	enum { ALL, POOL, PARTNER, BOTH };
	const struct role v[] = {
		[ALL] = { .name = "all", .commands = ~0u },
		[POOL] = { .name = "pool", .commands = ~0u, .pools = pools, .n_pools = 1 },
		[PARTNER] = { .name = "partner",
			.commands = ~0u,
			.partners = partners,
			.n_partners = 2 },
		[BOTH] = { .name = "both",
			.commands = ~0u,
			.pools = pools,
			.n_pools = 1,
			.partners = partners,
			.n_partners = 2 },
	};
	const struct roles roles = { v, COUNT(v) };
	const struct {
		const char *pool, *partner;
		role_set want;
	} rows[] = {
		{ "a.test", "x.test", 15 },
		{ "A.test", "Y.TEST", 15 },
		{ "a.test", "z.test", 3 },
		{ "b.test", "x.test", 5 },
		{ "b.test", "z.test", 1 },
		{ "a.test", NULL, 3 },
		{ NULL, "x.test", 5 },
		{ NULL, NULL, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct role_target t = { rows[i].pool, rows[i].partner };

		if (roles_that_may(&roles, ROLE_TEST, &t) != rows[i].want)
			fail_msg("row %zu", i);
	}
	assert_int_equal(roles_that_may(&roles, ROLE_TEST, NULL), 1);
	/* What concerns all is not had with a scope, whatever is named beside it. */
	assert_int_equal(
		roles_that_may(&roles, ROLE_RELOAD, &(struct role_target){ "a.test", "x.test" }),
		1);
	assert_true(roles_may_some(&roles, 8, ROLE_TEST));
	assert_false(roles_may_some(&roles, 8, ROLE_RELOAD));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
