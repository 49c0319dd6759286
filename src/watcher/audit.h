/* audit.h - who did what, from where, and what came of it: a row of the history's append-only table
 * and a line of log for each.
 *
 * What somebody could repeat without end (he is refused, or it runs already) is told once, and then
 * as one number a minute: nobody fills the table.
 */
#pragma once

#include "watcher/access.h"

#define AUDIT_NO_ROLE "refused: no role of theirs may"

struct audit;

struct audit *audit_new(void); /* NULL: no memory */
struct audit *audit_free(struct audit *a);

struct audit_act {
	const char *who;           /* as struct access has it */
	struct slice source;       /* "192.0.2.1:40000", "socket, process 17" */
	enum role_command command; /* what it was */
	struct slice object;       /* a test, a receiver; "" */
};

/* It was done; `result` in one sentence or word. */
void audit_push(struct watcher *w, const struct audit_act *act, struct slice result);
/* It was not, for a cause (static text) that he may bring about again and again. */
void audit_push_refusal(struct watcher *w, const struct audit_act *act, const char *cause);
void audit_push_time(struct watcher *w, ts_t now);
ts_t audit_deadline(const struct watcher *w);
