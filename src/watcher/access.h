/* access.h - who asks, and what he may: the same for a page, for the API and for the control
 * socket.  Roles are those of the plan in force.
 *
 * A view sees only tests that ROLE_VIEW is for: board_new() leaves the others out, visit_test()
 * does not find them, so that what is out of scope is as what is not there (404).
 */
#pragma once

#include "base/buf.h"
#include "watch/roles.h"
#include "watcher/roster.h"

enum { ACCESS_WHO_MAX = 80 };

struct access {
	const struct roles *roles;
	role_set mine;
	char who[ACCESS_WHO_MAX + 1]; /* "user:alice", "loopback", for the audit log */
};

/* May he, with this test?  NULL: with all of them.  access NULL: nobody, who may nothing. */
bool access_may(const struct access *a, enum role_command c, const struct watched *t);
bool access_may_some(const struct access *a, enum role_command c);
/* The names of the roles that could, ", " between: for a 403. */
void access_put_roles(
	struct buf *b, const struct access *a, enum role_command c, const struct watched *t);
