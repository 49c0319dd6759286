#include "bridge/partner.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "xmpp/jid.h"

struct entry {
	char *domain;
	const struct partner *partner; /* NULL: one of our own domains */
};

/* Sorted by domain: found by bisection, no salt and no rng needed. */
struct partners {
	struct entry *entries;
	size_t n_entries, entries_cap;
	struct partner **partners;
	size_t n_partners;
};

int partners_new(struct partners **ret)
{
	struct partners *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	*ret = p;
	return 0;
}

struct partners *partners_free(struct partners *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n_entries; i++)
		mem_free(p->entries[i].domain);
	for (size_t i = 0; i < p->n_partners; i++)
		mem_free(p->partners[i]);
	mem_free(p->entries);
	mem_free(p->partners);
	return mem_free(p);
}

/* The place of `domain`, or the place where it belongs. */
static size_t place_of(const struct partners *p, struct slice domain, bool *found)
{
	size_t low = 0, high = p->n_entries;

	*found = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = slice_cmp(slice_str(p->entries[mid].domain), domain);

		if (c == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct entry *find(const struct partners *p, struct slice domain)
{
	bool found;
	size_t at = place_of(p, domain, &found);

	return found ? &p->entries[at] : NULL;
}

static int insert(struct partners *p, const char *domain, const struct partner *partner)
{
	bool found;
	size_t at = place_of(p, slice_str(domain), &found);

	if (found)
		return -EEXIST;
	if (p->n_entries == PARTNER_DOMAINS_MAX)
		return ERR_LIMIT;
	if (p->n_entries == p->entries_cap) {
		size_t cap = p->entries_cap ? 2 * p->entries_cap : 64;
		struct entry *bigger = mem_realloc(p->entries, cap * sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		p->entries = bigger;
		p->entries_cap = cap;
	}
	char *copy = mem_strdup(domain);
	if (!copy)
		return -ENOMEM;
	memmove(&p->entries[at + 1], &p->entries[at], (p->n_entries - at) * sizeof(*p->entries));
	p->entries[at] = (struct entry){ copy, partner };
	p->n_entries++;
	return 0;
}

static int prepare(struct slice domain, char name[256])
{
	return jid_domain_unicode(domain, name, 256);
}

int partners_add(struct partners *p, struct slice domain, enum partner_type type)
{
	char name[256];
	int err = prepare(domain, name);

	if (err)
		return err;
	if (p->n_partners == PARTNERS_MAX)
		return ERR_LIMIT;
	struct partner **bigger =
		mem_realloc(p->partners, (p->n_partners + 1) * sizeof(struct partner *));
	if (!bigger)
		return -ENOMEM;
	p->partners = bigger;
	struct partner *partner = mem_alloc0(sizeof(*partner));
	if (!partner)
		return -ENOMEM;
	memcpy(partner->domain, name, sizeof(name));
	partner->type = type;
	partner->number = (unsigned)p->n_partners;
	err = insert(p, name, partner);
	if (err) {
		mem_free(partner);
		return err;
	}
	p->partners[p->n_partners++] = partner;
	return 0;
}

int partners_add_domain(struct partners *p, struct slice partner_domain, struct slice domain)
{
	char name[256], of[256];
	int err = prepare(partner_domain, of);

	if (err)
		return err;
	err = prepare(domain, name);
	if (err)
		return err;
	const struct partner *partner = partners_find(p, slice_str(of));
	return partner ? insert(p, name, partner) : -ENOENT;
}

int partners_add_own(struct partners *p, struct slice domain)
{
	char name[256];
	int err = prepare(domain, name);

	if (err || partners_is_own(p, slice_str(name)))
		return err;
	return insert(p, name, NULL);
}

bool partners_is_own(const struct partners *p, struct slice domain)
{
	const struct entry *e = find(p, domain);

	return e && !e->partner;
}

const struct partner *partners_find(const struct partners *p, struct slice domain)
{
	const struct entry *e = find(p, domain);

	return e ? e->partner : NULL;
}

size_t partners_count(const struct partners *p)
{
	return p->n_partners;
}

const struct partner *partners_at(const struct partners *p, size_t number)
{
	return p->partners[number];
}

bool partners_have(const struct partners *p, enum partner_type type)
{
	for (size_t i = 0; i < p->n_partners; i++)
		if (p->partners[i]->type == type)
			return true;
	return false;
}

enum partner_verdict partners_judge(
	const struct partners *p, struct slice own_domain, struct slice far_domain)
{
	if (!partners_is_own(p, own_domain))
		return PARTNER_NOT_OWN;
	if (partners_is_own(p, far_domain))
		return PARTNER_BOTH_OWN;
	return partners_find(p, far_domain) ? PARTNER_OK : PARTNER_NOT_ALLOWED;
}
