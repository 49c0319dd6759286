/* hops.h - all ways into SIP: listeners, connections, the transaction layer and, behind them, the
 * next hop.  What may not pass, or needs no message, is answered here; what is left is a MESSAGE
 * from whom we trust.
 */
#pragma once

#include "gateway/hop.h"

struct hops;

int hops_new(struct hops **ret, const struct lent *lent, ts_t now);
struct hops *hops_free(struct hops *hs);
struct hop *hops_next(struct hops *hs); /* the next hop of what goes to SIP */

/* Who is trusted has changed. */
void hops_set_trusted(struct hops *hs, const struct addr_net *before, unsigned n_before);
/* What those hear who ask whether requests can be carried on. */
void hops_set_options(struct hops *hs, enum answer answer);
void hops_push(struct hops *hs, const struct fact *in, ts_t now);
void hops_push_time(struct hops *hs, ts_t now);
/* Without `room` what may wait does: all but REQUEST and FINAL. */
bool hops_take_event(struct hops *hs, bool room, struct hop_event *ret, ts_t now);
ts_t hops_deadline(const struct hops *hs); /* now, while some wait for room */

/* The request of the event in hand is answered later: its place; 0: there is none. */
uint64_t hops_keep(struct hops *hs, uint64_t ref, ts_t now);
bool hops_is_answer_too_long(struct hops *hs);     /* see tl_is_answer_too_long() */
bool hops_can_remember(struct hops *hs, ts_t now); /* see tl_can_remember() */
/* Who sent the request of a place, or of TL_IN_HAND; valid until it is answered. */
const struct addr *hops_peer(struct hops *hs, uint64_t place);
/* A place, or TL_IN_HAND.  The answer to a repeated request will be the same. */
void hops_answer(struct hops *hs, uint64_t place, const struct verdict *v, ts_t now);
/* A 301's or 302's Contact for the answer of this place.  False: then none must be told, since a
 * repeated request could not hear it again. */
bool hops_keep_contact(struct hops *hs, uint64_t place, struct slice contact, ts_t now);
