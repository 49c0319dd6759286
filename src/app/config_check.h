/* config_check.h - all that can be found wrong with stox.yaml without speaking to anybody: its own
 * contents, and the files, groups and addresses of this machine that it names.
 *
 * What a gateway would not start with is found by what its start asks (gateway_config.h).  Each
 * finding is a line "FILE:LINE:COLUMN: what is wrong and what to do".
 */
#pragma once

#include "app/gateway_config.h"
#include "conf/problems.h"
#include "net/cert_file.h"

enum config_severity {
	CONFIG_FAILURE, /* a command that needs it does not run */
	CONFIG_WARNING,
	CONFIG_NOTE,
	CONFIG_SEVERITIES,
};

/* Whom a set of files lets in, each name once. */
struct config_readers {
	struct buf names; /* "root, stox, the group monitoring" */
	unsigned n_files;
};

/* A file of issuers as it was read: many partners may name the same one. */
struct config_issuers {
	char *path; /* NULL: none was read yet */
	struct cert_file file;
	struct text why; /* with the id NULL: it was read */
};

struct config_check {
	text_look_up *look_up; /* the owner's; NULL: English */
	/* The owner's: a gateway's faults alone are failures, what only tests need is a warning. */
	bool for_gateway;

	bool found; /* the file is there and could be read */
	struct gateway_config config;
	struct problems findings[CONFIG_SEVERITIES];
	struct buf lines[CONFIG_SEVERITIES];
	struct config_readers secrets;
	struct config_issuers issuers; /* of the last one */
};

/* FILE, or NULL for where one is looked for.  0, or 3 (no memory). */
int config_check_run(struct config_check *c, const char *file, int64_t now_s);
void config_check_done(struct config_check *c);

const char *config_severity_name(enum config_severity s); /* "failure", ... */
/* As people read it: the lines, each with what it is; then, where there is no failure, one that
 * says what was understood.  `failures`: whether they are among the lines. */
void config_check_put_text(struct config_check *c, bool failures, struct buf *b);
/* One object, "schema": "stox.check-config/1", and a newline. */
int config_check_put_json(struct config_check *c, int exit_status, bool strict, struct buf *b);
