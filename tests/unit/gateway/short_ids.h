/* short_ids.h - in a test `p1` stands for the id of ping number 1, which has a word that nobody
 * knows before.  Included by one test program each. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "gateway/ids.h"

/* The id that `p1` or `r1` stands for; anything else as it is. */
static inline const char *long_id(const struct ids *ids, const char *id, char text[IDS_TEXT + 1])
{
	uint64_t n;

	if ((id[0] != 'p' && id[0] != 'r') || !slice_u64(slice_str(id + 1), UINT64_MAX, &n))
		return id;
	ids_text(ids, id[0], n, text);
	return text;
}

/* All id='...' of a text, the other way round. */
static inline void shorten_ids(const struct ids *ids, char *text)
{
	for (char *at = text; (at = strstr(at, "id='")); at++) {
		const char *end = strchr(at + 4, '\'');
		const struct slice id = slice_of(at + 4, end ? (size_t)(end - at - 4) : 0);
		char rest[8192];
		uint64_t n;

		if (!end || ids_read(ids, at[4], id, &n) != IDS_OURS)
			continue;
		snprintf(rest, sizeof(rest), "%s", end);
		sprintf(at + 5, "%u%s", (unsigned)n, rest);
	}
}
