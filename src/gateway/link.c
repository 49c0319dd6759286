#include "gateway/link.h"

enum link_take link_takes(const struct link *l)
{
	return l->ops->takes(l);
}

struct buf *link_begin(struct link *l)
{
	return link_takes(l) == LINK_TAKES ? l->ops->begin(l) : NULL;
}

int link_commit(struct link *l, ts_t now)
{
	return l->ops->commit(l, now);
}

int link_commit_message(
	struct link *l, struct proof_item *item, uint64_t ref, struct proof_domain *d, ts_t now)
{
	int err = link_commit(l, now);

	if (!err)
		proof_sent(l->ops->proof(l), item, ref, d, now);
	return err;
}

struct proof_domain *link_domain(struct link *l, struct slice name)
{
	return proof_domain_get(l->ops->proof(l), name);
}
