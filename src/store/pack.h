/* pack.h - the JSON of a run in few bytes: its length (watch/varint.h), then zlib's format. */
#pragma once

#include "base/buf.h"

enum { PACK_ZLIB = 1 }; /* evidence.codec */

/* An empty text is an empty pack.  0 or -ENOMEM. */
int pack(struct slice text, struct buf *ret);
/* At most `max` bytes into `ret`, which has room for them.  ERR_SYNTAX, ERR_LIMIT. */
int unpack(struct slice packed, size_t max, struct buf *ret);
