/* varint.h - the numbers in the blobs of the history: seven bits a byte, least significant first.
 *
 * One number has one form: what could have been written shorter is refused, so that two blobs that
 * say the same are the same.
 */
#pragma once

#include "base/buf.h"

enum { VARINT_MAX = 10 }; /* bytes of a number */

void varint_put(struct buf *b, uint64_t v);
/* The number at the front of *in, which is moved behind it.  0; ERR_SYNTAX when there is none: then
 * *in is as it was. */
int varint_take(struct slice *in, uint64_t *ret);
