/* access.h - who asks, and what he may: the same for a page, for the API and for the control
 * socket.  Roles are those of the plan in force.
 *
 * Whose page it is sees only tests that a role of his has for what the page shows (`sees`):
 * board_new() leaves the others out, visit_test() does not find them, so that what is out of scope
 * is as what is not there (404).
 */
#pragma once

#include "base/buf.h"
#include "watch/roles.h"
#include "watcher/private.h"
#include "web/who.h"

struct access {
	const struct roles *roles; /* NULL: no plan is in force yet, and nobody may anything */
	role_set mine;
	enum role_command sees;    /* as given: ROLE_VIEW */
	bool is_known;             /* he has said who he is */
	char who[WEB_WHO_MAX + 1]; /* "user:alice", "loopback", "anonymous": for the audit log */
};

void access_init(struct access *ret, const struct watcher *w, const struct role_who *who);
/* Of a request over HTTP; `is_loopback`: to an address of this machine alone. */
void access_of_request(
	struct access *ret, const struct watcher *w, const struct web_request *r, bool is_loopback);
/* Of nobody in particular, where a page is made of all and shows what anybody may see. */
void access_init_outside(struct access *ret);
/* The same one, who was known before another plan came. */
void access_renew(struct access *a, const struct watcher *w);

/* May he, with this test?  NULL: with all of them. */
bool access_may(const struct access *a, enum role_command c, const struct watched *t);
bool access_may_some(const struct access *a, enum role_command c);
/* Does he see it, by its number in the history?  Of one that is in no plan any more: when he sees
 * all. */
bool access_sees(const struct access *a, const struct watcher *w, int64_t test_id);
/* The names of the roles that could, ", " between: for a 403. */
void access_put_roles(
	struct buf *b, const struct access *a, enum role_command c, const struct watched *t);
