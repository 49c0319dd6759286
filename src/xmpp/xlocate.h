/* xlocate.h - where a client finds its server: RFC 6120 section 3.2 and XEP-0368, as an engine over
 * DNS answers (base/targets.h).
 *
 * _xmpps-client (direct TLS: the target's transport is TLS) and _xmpp-client
 * are one set ordered by priority and weight (XEP-0368 section 3); no records
 * at all: the domain itself, port 5222.  A target "." under one of them leaves
 * the other and forbids that fallback (XEP-0368 section 5).
 */
#pragma once

#include "base/targets.h"

struct xlocate;

struct xlocate_cfg {
	struct slice domain; /* A-labels; an IP literal is asked nothing about */
	struct slice host;   /* not "": this host instead of SRV, with ... */
	uint16_t port;       /* ... this port (0: 5222) */
	uint8_t family;      /* 4 or 6: addresses of that kind only; 0: both */
};

/* 0, ERR_SYNTAX (no name), ERR_LIMIT (too long a name), -EAFNOSUPPORT (an address of the other
 * family), -ENOMEM.  `rng` is borrowed. */
int xlocate_new(struct xlocate **ret, const struct xlocate_cfg *cfg, struct rng *rng);
struct xlocate *xlocate_free(struct xlocate *l);
/* As in base/targets.h. */
bool xlocate_take_question(struct xlocate *l, struct targets_question *ret);
void xlocate_push_answer(struct xlocate *l, uint32_t id, const struct dns_answer *answer);
enum targets_state xlocate_state(const struct xlocate *l);
bool xlocate_take_target(struct xlocate *l, struct targets_target *ret);
void xlocate_failure(const struct xlocate *l, struct targets_failure *ret);
