/* page.h - lines for people on a stream, as wide as the terminal there.
 *
 * They are written into page.sheet (base/sheet.h) and printed as a whole by page_end().
 */
#pragma once

#include <stdio.h>

#include "base/sheet.h"
#include "base/text.h"

enum {
	PAGE_COLUMNS_IN_A_FILE = 80, /* where what is printed is text, and no table to be parsed */
};

struct page {
	FILE *to;
	struct buf text;
	struct sheet sheet;
};

/* `width` is that of a file or a pipe; 0: nothing is wrapped there. */
void page_begin(struct page *, FILE *to, unsigned width);
void page_end(struct page *);

/* A sentence in the reader's language as a line; what does not fit goes on from column `indent`. */
void page_say(struct page *, const struct text *t, unsigned indent);
/* "  NAME   WHAT", with `what` from column `column` on. */
void page_row(struct page *, const char *name, unsigned column, const char *what);
