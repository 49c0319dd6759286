#include "gateway/budget.h"

#include "base/list.h"
#include "base/mem.h"
#include "bridge/partner.h"
#include "gateway/events.h"

enum {
	PENDING_BYTES_MAX = 64 << 20, /* some 30,000 messages of a few words */
	DOMAIN_BYTES_MAX = PENDING_BYTES_MAX / 2,
	SENDER_BYTES_MAX = PENDING_BYTES_MAX / 8,
	SENDER_PLACES = 4096,
	SAY_AGAIN_S = 60, /* a flood is one line in the log every so often */
};

/* One that was ever written from: only partners are. */
struct budget_domain {
	struct map_node node;
	size_t bytes;
	char name[256];
};

struct budget {
	const struct lent *lent;
	uint8_t salt[16];
	size_t bytes;
	uint32_t senders[SENDER_PLACES]; /* by a hash of the bare address */
	struct map domains;
	uint64_t refused; /* since the last line of the log about it */
	ts_t silent_until;
};

int budget_new(struct budget **ret, const struct lent *lent)
{
	struct budget *b = mem_alloc0(sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->lent = lent;
	rng_bytes(lent->rng, b->salt, sizeof(b->salt));
	map_init(&b->domains, PARTNER_DOMAINS_MAX, lent->rng);
	*ret = b;
	return 0;
}

struct budget *budget_free(struct budget *b)
{
	if (!b)
		return NULL;
	for (struct map_node *n; (n = map_next(&b->domains, NULL));) {
		map_remove(&b->domains, n);
		mem_free(LIST_OWNER(n, struct budget_domain, node));
	}
	map_done(&b->domains);
	return mem_free(b);
}

static struct budget_domain *domain_get(struct budget *b, struct slice name)
{
	struct budget_domain *d = MAP_FIND(&b->domains, name, struct budget_domain, node);

	if (d)
		return d;
	d = mem_alloc0(sizeof(*d));
	if (!d)
		return NULL;
	if (!slice_cstr(name, d->name, sizeof(d->name)) ||
		map_insert(&b->domains, &d->node, slice_str(d->name)))
		return mem_free(d);
	return d;
}

/* The first refusal at once, then no more than the number of the others. */
static void say(struct budget *b, enum answer answer, const struct jid *from, ts_t now)
{
	static const char *const whose[ANSWER_COUNT] = {
		[ANSWER_MANY_OF_SENDER] = "sender",
		[ANSWER_MANY_OF_DOMAIN] = "domain",
		[ANSWER_MANY_OF_ALL] = "all",
	};

	b->refused++;
	if (now < b->silent_until)
		return;
	b->silent_until = ts_add(now, TS_S(SAY_AGAIN_S));
	struct buf *line = event_begin(b->lent->shell, EVENT_TOO_MUCH_WAITS);
	log_str(line, "of", slice_str(whose[answer]));
	log_str(line, "sender", jid_bare(from));
	log_u64(line, "bytes", b->bytes);
	log_u64(line, "refused", b->refused);
	b->refused = 0;
	event_tell(b->lent->shell, EVENT_TOO_MUCH_WAITS);
}

static enum answer judge(
	const struct budget *b, const struct budget_domain *d, uint32_t of_sender, size_t bytes)
{
	if (of_sender + bytes > SENDER_BYTES_MAX)
		return ANSWER_MANY_OF_SENDER;
	if (d->bytes + bytes > DOMAIN_BYTES_MAX)
		return ANSWER_MANY_OF_DOMAIN;
	return b->bytes + bytes > PENDING_BYTES_MAX ? ANSWER_MANY_OF_ALL : ANSWER_MAPPED;
}

/* Two senders may have one place, and then share what one of them may take.  The hash has a salt:
 * nobody can choose whose place he takes. */
enum answer budget_take(struct budget *b, struct budget_share *share, const struct jid *from,
	size_t bytes, ts_t now)
{
	uint32_t *sender = &b->senders[siphash(b->salt, jid_bare(from)) % SENDER_PLACES];
	struct budget_domain *d = domain_get(b, jid_domain(from));
	const enum answer answer = d ? judge(b, d, *sender, bytes) : ANSWER_MANY_OF_ALL;

	if (!d || answer != ANSWER_MAPPED) {
		say(b, answer, from, now);
		return answer;
	}
	*sender += (uint32_t)bytes;
	d->bytes += bytes;
	b->bytes += bytes;
	*share = (struct budget_share){ .bytes = bytes, .sender = sender, .domain = d };
	return ANSWER_MAPPED;
}

void budget_forget_idle(struct budget *b)
{
	for (struct map_node *n = map_next(&b->domains, NULL), *next; n; n = next) {
		struct budget_domain *d = LIST_OWNER(n, struct budget_domain, node);

		next = map_next(&b->domains, n);
		if (d->bytes)
			continue;
		map_remove(&b->domains, n);
		mem_free(d);
	}
}

void budget_give(struct budget *b, struct budget_share *share)
{
	if (share->bytes == 0)
		return;
	*share->sender -= (uint32_t)share->bytes;
	share->domain->bytes -= share->bytes;
	b->bytes -= share->bytes;
	share->bytes = 0;
}
