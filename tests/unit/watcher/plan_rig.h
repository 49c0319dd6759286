/* plan_rig.h - plans for tests of what is made from them: two pools and a partner. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "watcher/plan.h"

#define WORLD_OF(user_of_b, receiver)                                                              \
	"pools:\n"                                                                                 \
	"  - { fqdn: a.test, domains: [a.test], test_users: [{ address: p@a.test, password_file: " \
	"p }] }\n"                                                                                 \
	"  - { fqdn: b.test, domains: [b.test], test_users: [{ address: " user_of_b                \
	", password_file: q }] }\n"                                                                \
	"partners:\n"                                                                              \
	"  - { domain: x.test, receiver: { address: " receiver " } }\n"                            \
	"watch:\n"
#define WORLD        WORLD_OF("q@b.test", "r@x.test")
#define OTHER_USER   WORLD_OF("other@b.test", "r@x.test")
#define BOTH_SIGN_IN WORLD_OF("q@b.test", "r@x.test, password_file: r")

struct made {
	struct conf *conf;
	struct plan *plan;
};

static inline struct made make_of(struct slice text)
{
	struct made m = { 0 };
	struct buf b;

	buf_init(&b, 1 << 16);
	struct problems problems = { .out = &b, .file_name = "f" };
	if (conf_load(&m.conf, text, "f", NULL, &b) ||
		plan_new(&m.plan, m.conf, "/etc/stox/stox.yaml", &problems))
		fail_msg("%s", buf_cstr(&b));
	buf_done(&b);
	return m;
}

static inline struct made make_with(const char *world, const char *watch)
{
	struct buf text;

	buf_init(&text, 1 << 16);
	buf_printf(&text, "%s%s", world, watch);
	const struct made m = make_of(buf_slice(&text));
	buf_done(&text);
	return m;
}

static inline struct made make(const char *watch)
{
	return make_with(WORLD, watch);
}

static inline void done(struct made *m)
{
	m->plan = plan_free(m->plan);
	m->conf = conf_free(m->conf);
}
