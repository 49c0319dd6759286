/* budget.h - what waits towards SIP, in bytes.
 *
 * A next hop that is slow or silent makes every message wait, up to timer F;
 * whoever may write to our users decides how many there are and how large.
 * So all of them together have a bound, one domain half of it, and one sender
 * an eighth: nobody takes it all away from the others.  (Which address is
 * whose is the domain's affair: one that gives accounts to anybody is kept in
 * its half.)
 */
#pragma once

#include "base/map.h"
#include "gateway/answer.h"
#include "gateway/lent.h"
#include "xmpp/jid.h"

struct budget;
struct budget_domain;

/* What one message takes, and of whose share. */
struct budget_share {
	size_t bytes; /* 0: of none */
	uint32_t *sender;
	struct budget_domain *domain;
};

int budget_new(struct budget **ret, const struct lent *lent);
struct budget *budget_free(struct budget *b);
/* ANSWER_MAPPED, or what there is too much of: then nothing is taken. */
enum answer budget_take(struct budget *b, struct budget_share *share, const struct jid *from,
	size_t bytes, ts_t now);
/* Domains of which nothing waits take no place: they may be nobody's partners any more. */
void budget_forget_idle(struct budget *b);
void budget_give(struct budget *b, struct budget_share *share); /* nothing where none is taken */
