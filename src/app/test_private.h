/* test_private.h - what the files of `stox test` share.
 *
 *   cmd_test.c     the options
 *   test_all.c     each pool with each partner
 *   test_run.c     one test
 *   test_via.c     one that a watcher runs
 *   test_config.c  what stox.yaml adds to the options
 *   test_turn.c    one test at a time for each account
 */
#pragma once

#include "app/cmd_test.h"
#include "app/files.h"
#include "app/runner.h"
#include "app/secret.h"
#include "app/sweeper.h"
#include "app/turn.h"
#include "sip/uri.h"

struct test {
	struct opt_command command;
	struct test_values v;
	struct conf *conf;
	char *conf_path;
	bool knows_pool; /* the configuration has the one that is tested */
	char *paths[5];  /* to be freed */
	unsigned n_paths;
	const char *sip_ca, *xmpp_ca;
	unsigned sip_trust, xmpp_trust;
	unsigned accept[SIDES]; /* as 1 << enum note */
	enum probe_direction direction;
	struct addr dns; /* family 0: the system's */
	char password[SECRET_MAX + 1], receiver_password[SECRET_MAX + 1];
	struct runner runner;
	struct sweeper sweeper;
	struct pump *pump;
	struct turn turn;
};

/* How one of several ended. */
struct test_end {
	bool ran, interrupted, success;
	enum reason reason; /* and phase: of a failure */
	enum probe_phase phase;
	ts_t latency;
};

/* As test_run(), which also says how it ended. */
int test_run_told(
	const struct opt_command *cmd, const struct test_values *values, struct test_end *ret);
/* By a watcher. */
int test_run_via(const struct opt_command *cmd, const struct test_values *values, test_post *post);
int test_run_all(const struct opt_command *cmd, const struct test_values *values);
/* One line that says what is wrong; 2. */
int test_refuse(const struct test *t, struct text why);
/* The warning of that name is none on that side (SIDES: on both).  False when there is none. */
bool test_accept(struct test *t, enum probe_side side, const char *name);
void test_put_warnings(struct buf *b); /* the names of all, "a, b" */
/* The address as all its spellings are one; false when it is none. */
bool test_read_address(const char *text, struct jid *ret);
bool test_is_same_address(const char *a, const char *b);
/* 0, or the exit status of what was told. */
int test_read_config(
	const struct opt_command *cmd, const char *path, struct conf **ret, char **ret_path);
int test_refuse_pool(const struct test *t);
int test_use_config(struct test *t);
int test_take_turns(struct test *t);
