/* entrance.h - what lets somebody in over HTTP: the watcher's own certificate, and the files of
 * those who sign in.  They are read at the start and at each reload; with a fault in one nothing
 * changes.
 */
#pragma once

#include "base/tls.h"
#include "watcher/private.h"
#include "web/auth_list.h"

struct entrance {
	struct web_auth_list *list; /* nobody is in it where nobody signs in */
	struct tls_policy tls;      /* of https://; identity 0: none */
	struct trusts *trusts; /* that hold the certificates it asks for; NULL: it asks for none */
};

/* `w` NULL: only a check, the trust of nobody is filled.  0, or an error with a sentence. */
int entrance_open(
	struct entrance *ret, struct watcher *w, const struct watch_config *c, struct text *why);
void entrance_close(struct entrance *e); /* zeroed: also of what was never opened */
