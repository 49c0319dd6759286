/* peer_text.h - what another process printed, as it may go to a terminal. */
#pragma once

#include "base/buf.h"

/* Of controls only line ends, tabs and colours (ECMA-48 section 8.3.117, SGR) stay: each other one,
 * and each byte that is no UTF-8, becomes "?". */
void peer_text_put(struct buf *b, struct slice raw);
