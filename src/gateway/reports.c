#include "gateway/reports.h"

#include <errno.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

enum part {
	PART_FROM,
	PART_TO,
	PART_MESSAGE_ID,
	PART_DATE_TIME,
	PART_RECIPIENT,
	PART_ORIGINAL,
	PART_COUNT,
};

/* One allocation: its texts are behind it. */
struct kept {
	struct map_node node;
	struct list age;
	uint64_t ref;
	ts_t until;
	size_t bytes;
	uint16_t n[PART_COUNT];
	uint8_t text[];
};

struct reports {
	struct map map;     /* by ref */
	struct list oldest; /* first */
	size_t bytes;
	struct kept *forgotten; /* the last: whoever found it may still hold it */
};

static struct slice key_of(const uint64_t *ref)
{
	return slice_of(ref, sizeof(*ref));
}

static struct kept *find(const struct reports *r, uint64_t ref)
{
	return MAP_FIND(&r->map, key_of(&ref), struct kept, node);
}

static void detach(struct reports *r, struct kept *k)
{
	map_remove(&r->map, &k->node);
	list_remove(&k->age);
	r->bytes -= k->bytes;
}

static void drop(struct reports *r, struct kept *k)
{
	detach(r, k);
	mem_free(k);
}

static struct kept *first(const struct reports *r)
{
	return LIST_FIRST(&r->oldest, struct kept, age);
}

static struct slice part(const struct kept *k, enum part wanted)
{
	const uint8_t *p = k->text;

	for (unsigned i = 0; i < wanted; i++)
		p += k->n[i];
	return slice_of(p, k->n[wanted]);
}

/* ---- keeping ---- */

static struct kept *make(const struct slice parts[PART_COUNT])
{
	size_t n = 0;

	for (unsigned i = 0; i < PART_COUNT; i++)
		n += parts[i].n;
	struct kept *k = mem_alloc0(sizeof(*k) + n);
	if (!k)
		return NULL;
	k->bytes = sizeof(*k) + n;
	uint8_t *to = k->text;
	for (unsigned i = 0; i < PART_COUNT; i++) {
		if (parts[i].n)
			memcpy(to, parts[i].p, parts[i].n);
		to += parts[i].n;
		k->n[i] = (uint16_t)parts[i].n;
	}
	return k;
}

static void make_room(struct reports *r, size_t bytes, ts_t now)
{
	struct kept *k;

	while ((k = first(r)) && (k->until <= now || r->map.n >= REPORTS_MAX ||
					 r->bytes + bytes > REPORTS_BYTES_MAX))
		drop(r, k);
}

int reports_keep(struct reports *r, uint64_t ref, const struct party *p, const struct imdn_ask *ask,
	ts_t now)
{
	const struct slice parts[PART_COUNT] = {
		[PART_FROM] = jid_full(&p->from),
		[PART_TO] = jid_full(&p->to),
		[PART_MESSAGE_ID] = ask->message_id,
		[PART_DATE_TIME] = ask->date_time,
		[PART_RECIPIENT] = ask->recipient,
		[PART_ORIGINAL] = ask->original,
	};
	struct kept *k = make(parts);

	if (!k)
		return -ENOMEM;
	make_room(r, k->bytes, now);
	k->ref = ref;
	k->until = ts_add(now, TS_S(REPORTS_KEPT_S));
	if (map_insert(&r->map, &k->node, key_of(&k->ref))) {
		mem_free(k);
		return -ENOMEM;
	}
	list_init(&k->age);
	list_append(&r->oldest, &k->age);
	r->bytes += k->bytes;
	return 0;
}

void reports_forget(struct reports *r, uint64_t ref)
{
	struct kept *k = r->map.n ? find(r, ref) : NULL;

	if (!k)
		return;
	detach(r, k);
	mem_free(r->forgotten);
	r->forgotten = k;
}

/* ---- finding ---- */

bool reports_find(const struct reports *r, uint64_t ref, struct report *ret, ts_t now)
{
	const struct kept *k = find(r, ref);
	struct where where;

	if (!k || now >= k->until || jid_decode(part(k, PART_FROM), &ret->party.from, &where) ||
		jid_decode(part(k, PART_TO), &ret->party.to, &where))
		return false;
	ret->ask = (struct imdn_ask){ .message_id = part(k, PART_MESSAGE_ID),
		.date_time = part(k, PART_DATE_TIME),
		.recipient = part(k, PART_RECIPIENT),
		.original = part(k, PART_ORIGINAL) };
	return true;
}

/* ---- life ---- */

int reports_new(struct reports **ret, struct rng *rng)
{
	struct reports *r = mem_alloc0(sizeof(*r));

	if (!r)
		return -ENOMEM;
	map_init(&r->map, REPORTS_MAX, rng);
	list_init(&r->oldest);
	*ret = r;
	return 0;
}

struct reports *reports_free(struct reports *r)
{
	struct kept *k;

	if (!r)
		return NULL;
	while ((k = first(r)))
		drop(r, k);
	mem_free(r->forgotten);
	map_done(&r->map);
	return mem_free(r);
}
