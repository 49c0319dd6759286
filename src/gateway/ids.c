#include "gateway/ids.h"

#include <string.h>

#include "base/map.h"
#include "base/slots.h"

void ids_init(struct ids *ids, struct rng *rng)
{
	rng_bytes(rng, ids->key, sizeof(ids->key));
}

static uint64_t word_of(const struct ids *ids, char kind, uint64_t n)
{
	uint8_t bytes[1 + sizeof(n)] = { (uint8_t)kind };

	memcpy(bytes + 1, &n, sizeof(n));
	return siphash(ids->key, slice_of(bytes, sizeof(bytes)));
}

struct slice ids_text(const struct ids *ids, char kind, uint64_t n, char text[IDS_TEXT + 1])
{
	text[0] = kind;
	slot_text(n, text + 1);
	slot_text(word_of(ids, kind, n), text + 1 + SLOT_TEXT);
	return slice_of(text, IDS_TEXT);
}

enum ids_whose ids_read(const struct ids *ids, char kind, struct slice text, uint64_t *ret)
{
	uint64_t n, word;

	if (text.n != IDS_TEXT || text.p[0] != (uint8_t)kind ||
		!slot_read(slice_cut(text, 1, 1 + SLOT_TEXT), &n) ||
		!slot_read(slice_skip(text, 1 + SLOT_TEXT), &word))
		return IDS_NONE;
	if (word != word_of(ids, kind, n))
		return IDS_ANOTHERS;
	*ret = n;
	return IDS_OURS;
}
