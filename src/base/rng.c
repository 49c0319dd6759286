#include "base/rng.h"

#include <string.h>

#include "base/mem.h"

static uint32_t rotl32(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static void quarter(uint32_t x[16], int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotl32(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotl32(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotl32(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotl32(x[b] ^ x[c], 7);
}

/* RFC 8439 section 2.3, with a 64-bit counter in words 12 and 13. */
static void refill(struct rng *r)
{
	uint32_t x[16];

	memcpy(x, r->state, sizeof(x));
	for (int i = 0; i < 10; i++) {
		for (int k = 0; k < 4; k++)
			quarter(x, k, 4 + k, 8 + k, 12 + k);
		for (int k = 0; k < 4; k++)
			quarter(x, k, 4 + (k + 1) % 4, 8 + (k + 2) % 4, 12 + (k + 3) % 4);
	}
	for (size_t i = 0; i < 16; i++) {
		uint32_t v = x[i] + r->state[i];

		for (size_t k = 0; k < 4; k++)
			r->block[4 * i + k] = (uint8_t)(v >> (8 * k));
	}
	if (++r->state[12] == 0)
		r->state[13]++;
	r->used = 0;
}

void rng_init(struct rng *r, const uint8_t seed[32])
{
	static const uint32_t sigma[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memset(r, 0, sizeof(*r));
	memcpy(r->state, sigma, sizeof(sigma));
	for (size_t i = 0; i < 8; i++)
		for (size_t k = 0; k < 4; k++)
			r->state[4 + i] |= (uint32_t)seed[4 * i + k] << (8 * k);
	r->used = sizeof(r->block);
}

void rng_init_number(struct rng *r, uint64_t seed)
{
	uint8_t bytes[32] = { 0 };

	for (size_t i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(seed >> (8 * i));
	rng_init(r, bytes);
}

void rng_bytes(struct rng *r, void *p, size_t n)
{
	uint8_t *out = p;

	while (n) {
		if (r->used == sizeof(r->block))
			refill(r);
		size_t part = sizeof(r->block) - r->used;
		part = part < n ? part : n;
		memcpy(out, r->block + r->used, part);
		memset(r->block + r->used, 0, part); /* what was given out is not kept */
		r->used += (unsigned)part;
		out += part;
		n -= part;
	}
}

uint64_t rng_u64(struct rng *r)
{
	uint64_t v;

	rng_bytes(r, &v, sizeof(v));
	return v;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
	uint32_t v, limit = UINT32_MAX - UINT32_MAX % n;

	do {
		rng_bytes(r, &v, sizeof(v));
	} while (v >= limit);
	return v % n;
}

void rng_token(struct rng *r, char *p, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

	rng_bytes(r, p, n);
	for (size_t i = 0; i < n; i++)
		p[i] = letters[p[i] & 31];
	p[n] = '\0';
}
