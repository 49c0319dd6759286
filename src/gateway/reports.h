/* reports.h - acknowledged messages whose senders asked to hear of a failure (RFC 5438), for as
 * long as a refusal may still come.
 *
 * A message that is answered holds no place any more; what a report needs is
 * kept here, compact and bounded: when there is no room the oldest go.
 */
#pragma once

#include "base/ts.h"
#include "bridge/imdn.h"
#include "gateway/route.h"

struct reports;

enum {
	REPORTS_MAX = 4096,
	REPORTS_BYTES_MAX = 4 << 20,
	REPORTS_KEPT_S = 300, /* a server that cannot be reached is given up by then */
};

struct report {
	struct party party; /* of the message */
	struct imdn_ask ask;
};

int reports_new(struct reports **ret, struct rng *rng);
struct reports *reports_free(struct reports *r);
/* 0 or -ENOMEM.  `ref` is not used twice. */
int reports_keep(struct reports *r, uint64_t ref, const struct party *p, const struct imdn_ask *ask,
	ts_t now);
/* True with *ret, which lives until the next reports_keep(), or the next but one that is forgotten.
 */
bool reports_find(const struct reports *r, uint64_t ref, struct report *ret, ts_t now);
void reports_forget(struct reports *r, uint64_t ref); /* fine for any */
