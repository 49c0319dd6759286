#include "sip/nist.h"

#include <assert.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

/* The head of a bucket: the place of its first entry, and above it one bit for each entry of the
 * chain, chosen by the key.  Nearly every request is new: most of them are known to be so without
 * a look at an entry, which would be far from any cache. */
enum { PLACE_BITS = 24 };
#define NONE ((UINT32_C(1) << PLACE_BITS) - 1)

/* 32 bytes; with its share of the index and of half-empty chunks it stays below 48. */
struct entry {
	struct nist_key key;
	ts_t until;
	uint16_t status, extra;
	uint32_t next; /* place of the next in its bucket, or NONE */
};
_Static_assert(sizeof(struct entry) == 32, "4,194,304 of them must fit their budget");

enum {
	CHUNK = 4096,   /* entries */
	SEGMENT = 4096, /* bucket heads */
	CHUNKS_MAX = NIST_DONE_MAX / CHUNK + 2,
	PLACES = CHUNKS_MAX * CHUNK,
	SEGMENTS_MAX = NIST_DONE_MAX / SEGMENT + 1,
	BUCKETS_MIN = 16,
};
_Static_assert(PLACES < NONE, "a place fits beside the bits of a head");

/* Entries leave in the order in which they came, since all linger equally long: a ring of chunks.
 * The index is a linear hash table: it grows and shrinks by one bucket an operation, so that no
 * message ever waits for a big table to be made anew. */
struct nist_done {
	size_t max;
	ts_t linger;
	uint64_t first, end; /* numbers of the oldest and behind the newest; % PLACES is where */
	struct entry *chunks[CHUNKS_MAX];
	uint32_t *segments[SEGMENTS_MAX];
	uint32_t n_buckets, level; /* level: the greatest power of two <= n_buckets */
	size_t n_chunks, n_segments;
};

/* ---- the key: RFC 3261 section 17.2.3 ---- */

enum {
	PARTS_MAX = 8,
	SHORT = 512, /* bytes that are hashed in one go, without a hash for each part */
};

/* Of the hashes of the parts: "ab" + "c" is not "a" + "bc", and nothing is ever too long. */
static void hash_parts(
	struct nist_key *ret, const uint8_t salt[16], const struct slice *parts, size_t n)
{
	uint64_t hashes[PARTS_MAX];

	for (size_t i = 0; i < n; i++)
		hashes[i] = siphash(salt, parts[i]);
	siphash128(salt, slice_of(hashes, n * sizeof(hashes[0])), ret->hash);
}

/* The same for few bytes, cheaper: joined, with the length of each part behind. */
static bool join_short(uint8_t *text, size_t *ret_n, const struct slice *parts, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		if (parts[i].n > 255 || at + parts[i].n + n > SHORT)
			return false;
		if (parts[i].n)
			memcpy(text + at, parts[i].p, parts[i].n);
		at += parts[i].n;
	}
	for (size_t i = 0; i < n; i++)
		text[at++] = (uint8_t)parts[i].n;
	*ret_n = at;
	return true;
}

void nist_key_make(struct nist_key *ret, const uint8_t salt[16], const struct sip_msg *req,
	struct slice method)
{
	uint8_t text[SHORT];
	const uint8_t port[2] = { (uint8_t)(req->via.port >> 8), (uint8_t)req->via.port };
	const struct slice parts[] = { req->via.branch, req->via.host, slice_of(port, 2), method };
	/* RFC 2543 peers have no magic cookie: the fields that they keep in a retransmission.  A
	 * cookie with nothing behind it names nothing either (RFC 4475 section 3.2.1). */
	const struct slice old[] = { req->ruri_text, req->to.tag, req->from.tag, req->call_id,
		slice_of(&req->cseq, sizeof(req->cseq)), req->via.text, method };
	const bool cookie =
		req->via.branch.n > 7 && slice_starts(req->via.branch, SLICE("z9hG4bK"));
	size_t n;

	if (cookie && join_short(text, &n, parts, COUNT(parts)))
		siphash128(salt, slice_of(text, n), ret->hash);
	else if (cookie)
		hash_parts(ret, salt, parts, COUNT(parts));
	else
		hash_parts(ret, salt, old, COUNT(old));
}

const char *nist_to_tag(const struct nist_key *key, const uint8_t salt[16], char tag[NIST_TAG_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t v = siphash(salt, slice_of(key, sizeof(*key)));

	for (int i = 0; i < NIST_TAG_MAX - 1; i++)
		tag[i] = digits[v >> (60 - 4 * i) & 15];
	tag[NIST_TAG_MAX - 1] = '\0';
	return tag;
}

/* ---- the index ---- */

static struct entry *entry_at(const struct nist_done *d, uint32_t place)
{
	return &d->chunks[place / CHUNK][place % CHUNK];
}

static uint32_t first_place(const struct nist_done *d)
{
	return (uint32_t)(d->first % PLACES);
}

static uint32_t *head_at(const struct nist_done *d, uint32_t bucket)
{
	return &d->segments[bucket / SEGMENT][bucket % SEGMENT];
}

static uint32_t bucket_of(const struct nist_done *d, const struct nist_key *key)
{
	uint32_t i = (uint32_t)key->hash[0] & (2 * d->level - 1);

	return i < d->n_buckets ? i : i - d->level;
}

static uint32_t sign_of(const struct nist_key *key)
{
	return UINT32_C(1) << (PLACE_BITS + (key->hash[1] & 7));
}

/* The entry becomes the first of its bucket. */
static void link_in(struct nist_done *d, uint32_t place)
{
	struct entry *e = entry_at(d, place);
	uint32_t *head = head_at(d, bucket_of(d, &e->key));

	e->next = *head & NONE;
	*head = (*head & ~NONE) | sign_of(&e->key) | place;
}

/* A whole chain, each entry to where it belongs now. */
static void relink(struct nist_done *d, uint32_t at)
{
	while (at != NONE) {
		uint32_t next = entry_at(d, at)->next;

		link_in(d, at);
		at = next;
	}
}

static void link_out(struct nist_done *d, uint32_t place)
{
	struct entry *e = entry_at(d, place);
	uint32_t *head = head_at(d, bucket_of(d, &e->key)), at = *head & NONE;

	if (at == place) {
		/* The bits of an entry that left stay until the chain is empty: no more than a
		 * look too many. */
		*head = e->next == NONE ? NONE : (*head & ~NONE) | e->next;
		return;
	}
	while (entry_at(d, at)->next != place)
		at = entry_at(d, at)->next;
	entry_at(d, at)->next = e->next;
}

static int add_bucket(struct nist_done *d)
{
	uint32_t bucket = d->n_buckets;

	if (bucket / SEGMENT == d->n_segments) {
		uint32_t *segment = mem_alloc0(SEGMENT * sizeof(*segment));

		if (!segment)
			return -ENOMEM;
		d->segments[d->n_segments++] = segment;
	}
	*head_at(d, bucket) = NONE;
	d->n_buckets++;
	if (d->n_buckets == 2 * d->level)
		d->level *= 2;
	return 0;
}

/* Splits the bucket whose turn it is.  Out of memory: chains grow longer, nothing else. */
static void grow(struct nist_done *d)
{
	uint32_t bucket = d->n_buckets, level = d->level;

	if (bucket == SEGMENTS_MAX * SEGMENT || add_bucket(d))
		return;
	uint32_t *from = head_at(d, bucket - level), at = *from & NONE;
	*from = NONE;
	relink(d, at);
}

static void shrink(struct nist_done *d)
{
	uint32_t last = d->n_buckets - 1;

	if (d->n_buckets <= BUCKETS_MIN)
		return;
	if (d->n_buckets == d->level)
		d->level /= 2;
	uint32_t at = *head_at(d, last) & NONE;
	d->n_buckets--; /* from here on its entries belong to the other half */
	relink(d, at);
	if (last % SEGMENT == 0)
		d->segments[--d->n_segments] = mem_free(d->segments[last / SEGMENT]);
}

/* ---- the ring ---- */

int nist_done_new(struct nist_done **ret, size_t max, ts_t linger)
{
	if (max == 0 || max > NIST_DONE_MAX)
		return -EINVAL;
	struct nist_done *d = mem_alloc0(sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->max = max;
	d->linger = linger;
	d->level = 1;
	for (unsigned i = 0; i < BUCKETS_MIN; i++)
		if (add_bucket(d)) {
			nist_done_free(d);
			return -ENOMEM;
		}
	*ret = d;
	return 0;
}

struct nist_done *nist_done_free(struct nist_done *d)
{
	if (!d)
		return NULL;
	for (size_t i = 0; i < CHUNKS_MAX; i++)
		mem_free(d->chunks[i]);
	for (size_t i = 0; i < d->n_segments; i++)
		mem_free(d->segments[i]);
	return mem_free(d);
}

static void drop_first(struct nist_done *d)
{
	const uint32_t place = first_place(d);
	const size_t chunk = place / CHUNK;

	link_out(d, place);
	d->first++;
	if (d->first % CHUNK == 0 || d->first == d->end) {
		d->chunks[chunk] = mem_free(d->chunks[chunk]);
		d->n_chunks--;
		/* An empty ring starts at a chunk's beginning again. */
		if (d->first == d->end)
			d->first = d->end = (d->end + CHUNK - 1) / CHUNK * CHUNK;
	}
	if (d->end - d->first < d->n_buckets)
		shrink(d);
}

void nist_done_push_time(struct nist_done *d, ts_t now)
{
	while (d->first != d->end && entry_at(d, first_place(d))->until <= now)
		drop_first(d);
}

int nist_done_add(
	struct nist_done *d, const struct nist_key *key, int status, uint16_t extra, ts_t now)
{
	nist_done_push_time(d, now);
	if (d->end - d->first == d->max)
		return ERR_LIMIT;
	const uint32_t place = (uint32_t)(d->end % PLACES);
	const size_t chunk = place / CHUNK;
	if (!d->chunks[chunk]) {
		d->chunks[chunk] = mem_alloc0(CHUNK * sizeof(struct entry));
		if (!d->chunks[chunk])
			return -ENOMEM;
		d->n_chunks++;
	}
	*entry_at(d, place) = (struct entry){ .key = *key,
		.until = ts_add(now, d->linger),
		.status = (uint16_t)status,
		.extra = extra };
	link_in(d, place);
	d->end++;
	if (d->end - d->first > d->n_buckets)
		grow(d);
	return 0;
}

bool nist_done_find(const struct nist_done *d, const struct nist_key *key, int *status,
	uint16_t *extra, ts_t now)
{
	const uint32_t head = *head_at(d, bucket_of(d, key));

	for (uint32_t at = head & sign_of(key) ? head & NONE : NONE; at != NONE;) {
		const struct entry *e = entry_at(d, at);

		if (e->key.hash[0] == key->hash[0] && e->key.hash[1] == key->hash[1] &&
			e->until > now) {
			*status = e->status;
			*extra = e->extra;
			return true;
		}
		at = e->next;
	}
	return false;
}

size_t nist_done_count(const struct nist_done *d)
{
	return (size_t)(d->end - d->first);
}

size_t nist_done_bytes(const struct nist_done *d)
{
	return sizeof(*d) + d->n_chunks * CHUNK * sizeof(struct entry) +
	       d->n_segments * SEGMENT * sizeof(uint32_t);
}

ts_t nist_done_deadline(const struct nist_done *d)
{
	return d->first == d->end ? TS_NEVER : entry_at(d, first_place(d))->until;
}
