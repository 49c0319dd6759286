/* zone_file.h - the bytes of a TZif file, RFC 9636 section 3: checked once, then read in place. */
#pragma once

#include "watch/zone.h"

/* The table of the file, without its footer, which is *ret_footer (empty: there is none). */
int zone_file_open(
	struct zone *ret, struct slice file, struct slice *ret_footer, struct where *where);
int64_t zone_file_time(const struct zone *z, unsigned i); /* i < n_times; seconds, ascending */
/* What holds from that time on; -1: before the first. */
struct zone_change zone_file_change(const struct zone *z, int i);
