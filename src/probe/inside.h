/* inside.h - one synthetic transaction between two users of one pool, as Lync's Test-CsIM: both
 * sign in, one writes, the other must get it and answers, and the answer must come back.
 *
 * A composite engine (base/world.h) of two probes, each of which is one user with a way and a
 * registration of its own; both say what the probe says of SIP.  What proves the message is the one
 * that got it, never the pool's answer.
 */
#pragma once

#include "probe/probe.h"

struct inside;

struct inside_cfg {
	struct probe_cfg probe;        /* its user writes to its receiver, by SIP; no XMPP */
	struct slice reader_auth_user; /* of the receiver; "" takes the address's user part */
	struct slice reader_password;  /* copied, wiped */
	uint64_t reader_device;
};

/* As probe_new(). */
int inside_new(struct inside **ret, const struct inside_cfg *cfg, struct rng *rng, ts_t now,
	struct text *why);
struct inside *inside_free(struct inside *in); /* NULL is fine */
struct engine inside_engine(struct inside *in);
/* Of the first user all, of the second one the trace. */
bool inside_take_event(struct inside *in, struct probe_event *ret);
/* The first user's; where the second one could not sign in, that one's verdict with its evidence.
 * True at any time. */
const struct probe_result *inside_result(const struct inside *in);
bool inside_is_done(const struct inside *in);
