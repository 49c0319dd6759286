/* html.h - the text of text/html, for who reads text alone.
 *
 * One pass, no tree, no error: what is not understood is left out.  Elements
 * of block are lines, white space is one space (but in <pre>), scripts, styles
 * and comments go, and behind the words of a link stands its address.
 */
#pragma once

#include "base/buf.h"

/* `html` is UTF-8, and so is what is written: no longer than that. */
void html_put_text(struct buf *b, struct slice html);
