/* ctl_ask.h - a running service is asked over its control socket (app/control.h): what `stox ctl`,
 * `stox roles` and `stox test --via` have in common. */
#pragma once

#include "app/opt.h"
#include "base/buf.h"

enum {
	CTL_REFUSED = 1,  /* it said no */
	CTL_BAD = 2,      /* the configuration has a fault */
	CTL_NOT_HERE = 3, /* there is none to ask, or it does not answer */
	CTL_PATIENCE_S = 10,
};

struct ctl_place {
	const char *socket; /* NULL: that of the configuration, else the service's */
	const char *config; /* NULL: where it is looked for */
	bool is_watch;      /* the watcher's, not the gateway's */
};

/* `request` is a line without its end.  0 with the answer, or an exit status behind a line that
 * says why. */
int ctl_ask(const struct opt_command *cmd, const struct ctl_place *place, const char *request,
	unsigned patience_s, struct buf *ret);
/* It answered an error, or (NULL) nothing that could be read: says so; the exit status. */
int ctl_refused(const struct opt_command *cmd, bool is_watch, const char *error);
