/* rng.h - randomness as an input.
 *
 * ChaCha20 keyed by 32 bytes: from the system in programs (unguessable), from
 * a number in tests (the same run again).  Not for threads.
 */
#pragma once

#include "base/slice.h"

struct rng {
	uint32_t state[16];
	uint8_t block[64];
	unsigned used; /* bytes of block that are spent */
};

void rng_init(struct rng *r, const uint8_t seed[32]);
void rng_init_number(struct rng *r, uint64_t seed); /* tests and simulations only */
void rng_bytes(struct rng *r, void *p, size_t n);
uint64_t rng_u64(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t n); /* 0..n-1 without bias; n > 0 */
/* n characters of [a-z2-7] and a NUL into p (n + 1 bytes): 5 bits of chance each. */
void rng_token(struct rng *r, char *p, size_t n);
