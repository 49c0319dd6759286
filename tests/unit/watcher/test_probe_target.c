/* What /probe may be asked to look at, and how it is read. */
#include <string.h>

#include "plan_rig.h"

#include "base/mem.h"
#include "watcher/probe_target.h"

#define CONF                                                                                       \
	"pools:\n"                                                                                 \
	"  - { fqdn: a.test, domains: [a.test], registrar: 'sip:192.0.2.1:5070;transport=tcp',"    \
	" test_users: [{ address: p@a.test, password_file: p }] }\n"                               \
	"partners:\n"                                                                              \
	"  - { domain: x.test, receiver: { address: r@x.test, password_file: r,"                   \
	" server: 'xmpp.x.test:5223' } }\n"                                                        \
	"watch: { probe: { allow: [b.test, 198.51.100.7] } }\n"

static const struct row {
	const char *name, *target;
	int err;
	const char *of, *server; /* "": none */
} sip_rows[] = {
	{ "a pool is found as its tests find it", "A.test", 0, "a.test",
		"sip:192.0.2.1:5070;transport=tcp" },
	{ "its registrar, whose certificate is the pool's", "192.0.2.1:5070", 0, "a.test",
		"192.0.2.1:5070" },
	{ "another port of it", "192.0.2.1:22", -EACCES, "", "" },
	{ "or without one", "sip:192.0.2.1", -EACCES, "", "" },
	{ "another port of a pool", "a.test:22", -EACCES, "", "" },
	{ "a stranger", "sip:192.0.2.9:5060", -EACCES, "", "" },
	{ "what is allowed, at any port", "sip:198.51.100.7:22;transport=tcp", 0, "198.51.100.7",
		"sip:198.51.100.7:22;transport=tcp" },
	{ "a domain that is allowed", "b.test", 0, "b.test", "b.test" },
	{ "and below it", "sips:SIP.b.test", 0, "SIP.b.test", "sips:SIP.b.test" },
	{ "no name that only ends like it", "evilb.test", -EACCES, "", "" },
	{ "nor the one above", "test", -EACCES, "", "" },
	{ "a user, whose host counts", "sip:b.test@192.0.2.9", -EACCES, "", "" },
	{ "nothing", "", -EINVAL, "", "" },
	{ "another scheme", "http://b.test/", -EINVAL, "", "" },
	{ "an unknown transport", "sip:b.test;transport=sctp", -EINVAL, "", "" },
}, xmpp_rows[] = {
	{ "a partner has its server", "x.test", 0, "x.test", "xmpp.x.test:5223" },
	{ "as a URI", "xmpp:X.test", 0, "X.test", "xmpp.x.test:5223" },
	{ "at another server", "xmpp://192.0.2.1:22/x.test", -EACCES, "", "" },
	{ "at one that is allowed", "xmpp://c.b.test:5222/x.test", 0, "x.test", "c.b.test:5222" },
	{ "a domain that is allowed", "b.test", 0, "b.test", "" },
	{ "one that is allowed at a stranger's", "xmpp://192.0.2.1/b.test", -EACCES, "", "" },
	{ "a stranger", "y.test", -EACCES, "", "" },
	{ "no domain", "xmpp://c.b.test", -EINVAL, "", "" },
	{ "no host", "xmpp:///b.test", -EINVAL, "", "" },
	{ "nothing", "", -EINVAL, "", "" },
};

typedef int read_fn(struct probe_target *ret, const struct plan *plan, struct slice text);

static void check(const struct row *row, read_fn *read, const struct plan *plan)
{
	struct probe_target t;

	print_message("%s\n", row->name);
	assert_int_equal(read(&t, plan, slice_str(row->target)), row->err);
	if (row->err)
		return;
	assert_true(slice_eqs(t.cfg.name, row->of));
	assert_true(slice_eqs(t.cfg.server, row->server));
	assert_int_equal(t.cfg.extent, SWEEP_NARROW);
}

static void targets_are_read(void **state)
{
	struct made m = make_with(CONF, "");

	(void)state;
	for (size_t i = 0; i < COUNT(sip_rows); i++)
		check(&sip_rows[i], probe_target_read_sip, m.plan);
	for (size_t i = 0; i < COUNT(xmpp_rows); i++)
		check(&xmpp_rows[i], probe_target_read_xmpp, m.plan);
	done(&m);
}

static void one_that_is_too_long_is_none(void **state)
{
	struct made m = make_with(CONF, "");
	struct probe_target t;
	char text[700];

	(void)state;
	memset(text, 'a', sizeof(text));
	const struct slice s = slice_of(text, sizeof(text));
	assert_int_equal(probe_target_read_sip(&t, m.plan, s), -EINVAL);
	assert_int_equal(probe_target_read_xmpp(&t, m.plan, s), -EINVAL);
	done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_read),
		cmocka_unit_test(one_that_is_too_long_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
