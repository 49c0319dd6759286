/* probe_target.h - what /probe is asked to look at, and whether it may.
 *
 * A probe that any page or program of this machine can ask for must not become a scanner of ports:
 * it may look at what a test has (a pool or partner by its name, a registrar at its own port), and
 * at any port of what `watch.probe.allow` names.
 *
 * Pure.
 */
#pragma once

#include "probe/sweep.h"
#include "watcher/plan.h"

/* Its slices are of its own text: it is not to be copied. */
struct probe_target {
	struct sweep_cfg cfg; /* side, names, servers; the rest is the caller's */
	const char *ca_file;  /* of the plan; NULL: the system's */
	char name[256], server[512];
};

/* 0; -EINVAL: it is none; -EACCES: it may not be looked at. */
/* "pool.litware.test" as its tests find it, or [sip:]HOST[:PORT][;transport=udp|tcp|tls]. */
int probe_target_read_sip(struct probe_target *ret, const struct plan *plan, struct slice text);
/* "contoso.test", or xmpp://HOST[:PORT]/contoso.test. */
int probe_target_read_xmpp(struct probe_target *ret, const struct plan *plan, struct slice text);
