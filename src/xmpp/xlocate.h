/* xlocate.h - where a client finds its server: RFC 6120 section 3.2 and XEP-0368, as targets
 * (base/targets.h) that are closed.
 *
 * _xmpps-client (direct TLS: the target's transport is TLS) and _xmpp-client
 * are one set ordered by priority and weight (XEP-0368 section 3); no records
 * at all: the domain itself, port 5222.  A target "." under one of them leaves
 * the other and forbids that fallback (XEP-0368 section 5).
 */
#pragma once

#include "base/targets.h"

struct xlocate_cfg {
	struct slice domain; /* A-labels; an IP literal is asked nothing about */
	struct slice host;   /* not "": this host instead of SRV, with ... */
	uint16_t port;       /* ... this port (0: 5222) */
	uint8_t family;      /* 4 or 6: addresses of that kind only; 0: both */
};

/* 0, ERR_SYNTAX (no name), ERR_LIMIT (too long a name), -EAFNOSUPPORT (an address of the other
 * family), -ENOMEM.  `rng` is borrowed; mem_free(*ret). */
int xlocate_new(struct targets **ret, const struct xlocate_cfg *cfg, struct rng *rng);
