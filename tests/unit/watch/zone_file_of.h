/* zone_file_of.h - time zones for tests: those of the fuzzer's corpus, and the machine's own. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "watch/zone.h"

#define ZONE_CORPUS TEST_DATA "/../fuzz/corpus/zone/"

static uint8_t zone_bytes[ZONE_FILE_MAX];

/* The last one that was loaded; false when there is no such file. */
static inline bool zone_load(struct zone *ret, const char *path)
{
	struct where where;
	FILE *f = fopen(path, "rb");

	if (!f)
		return false;
	const size_t n = fread(zone_bytes, 1, sizeof(zone_bytes), f);
	fclose(f);
	return zone_open(ret, slice_of(zone_bytes, n), &where) == 0;
}

static inline struct zone zone_of(const char *name)
{
	char path[512];
	struct zone z;

	snprintf(path, sizeof(path), ZONE_CORPUS "%s", name);
	if (!zone_load(&z, path))
		abort();
	return z;
}
