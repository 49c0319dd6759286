/* xhost_find.h - the part of xmpp/xhost.h that asks the DNS: one xlocate a connecting, its
 * questions as wants in the owner's outbox, under a block of the owner's ids. */
#pragma once

#include "base/outbox.h"
#include "xmpp/xlocate.h"

struct xhost_find {
	struct outbox *out;
	struct targets *targets;       /* NULL: nothing is looked for */
	uint32_t before;               /* its question n is n behind it */
	struct targets_question asked; /* the latest one; id 0: it is answered */
};

/* As xlocate_new(): what is wrong with a name is found before anybody waits for it.  It does
 * nothing yet; a second call before the end changes nothing. */
int xhost_find_init(
	struct xhost_find *f, struct outbox *out, const struct xlocate_cfg *cfg, struct rng *rng);
void xhost_find_done(struct xhost_find *f); /* answers that come later are nobody's */

void xhost_find_begin(struct xhost_find *f, uint32_t *last_dns);
bool xhost_find_is_for(const struct xhost_find *f, uint32_t dns_id);
void xhost_find_push(struct xhost_find *f, const struct fact *in); /* a FACT_DNS that is for it */
