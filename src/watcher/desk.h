/* desk.h - the control socket of a watcher: whoever reaches it is heard, and a role says what he
 *may.
 *
 * A request is a line of words, an answer a JSON object:
 *
 *	status                       stox.watch-status/1
 *	reload                       stox.reload/1
 *	roles [WHO]                  stox.roles/1: his own; of others and of all to ROLE_ROLES alone
 *	test KEY=VALUE...            stox.via/1 (via.h), when the run is over
 *
 * or {"error": "..."}.
 */
#pragma once

#include "watcher/private.h"

/* w->control, which stays NULL without a path.  0, or an error with a sentence. */
int desk_open(struct watcher *w, const struct plan_access *access, struct text *why);
