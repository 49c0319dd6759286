/* once.h - is this the first of its kind in a conversation?
 *
 * Whoever can send decides how often, so that what is kept is bounded: of two
 * conversations that fall into one place the later one takes it, and the other
 * begins anew.
 */
#pragma once

#include "base/rng.h"
#include "base/slice.h"
#include "base/ts.h"

enum {
	ONCE_PLACES = 1024,
};

struct once {
	uint8_t salt[16];
	struct once_place {
		uint64_t hash;
		ts_t until;
	} places[ONCE_PLACES];
};

void once_init(struct once *o, struct rng *rng);
bool once_is_first(struct once *o, struct slice from, struct slice to, struct slice what, ts_t now);
