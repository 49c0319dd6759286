/* sheet.h - lines for people: of a certain width, in colour or not, on a terminal or in a file.
 *
 * A line is written into sheet.line with the functions of base/buf.h and ended
 * by sheet_end(), which wraps it between words.  Nothing else in it is looked
 * at, so what a peer said goes through text_put_clean() first.
 *
 * Colour is never the only sign of anything; who colours a word leaves it a
 * word, or a sign, that says the same.
 */
#pragma once

#include "base/buf.h"

/* All 0: lines of any length, of plain ASCII signs, as a file or a pipe gets them. */
struct sheet_style {
	unsigned width; /* columns; 0: nothing is wrapped */
	bool colour, unicode;
};

enum sheet_colour {
	SHEET_PLAIN,
	SHEET_GOOD,
	SHEET_WARNING,
	SHEET_BAD,
	SHEET_DIM,
	SHEET_COLOURS,
};

struct sheet {
	struct buf *out; /* borrowed; has the first error of all */
	struct sheet_style style;
	struct buf line;
};

/* A space at which no line is broken: between the words of a command that is to be copied. */
#define SHEET_SPACE '\x1f'

void sheet_init(
	struct sheet *p, struct buf *out, const struct sheet_style *style /* NULL: all 0 */);
void sheet_done(struct sheet *p);

/* What follows in the line has that colour, if the sheet has colours at all. */
void sheet_colour(struct sheet *p, enum sheet_colour colour);
/* A text whose spaces are SHEET_SPACE. */
void sheet_whole(struct sheet *p, struct slice text);
/* Spaces up to that column, counted from 0; none when the line is there already. */
void sheet_tab(struct sheet *p, unsigned column);
/* Ends the line.  What does not fit goes on in further lines, from column `indent`. */
void sheet_end(struct sheet *p, unsigned indent);
/* Columns that the line takes as far as it is written. */
unsigned sheet_column(const struct sheet *p);

/* Columns of a terminal that valid UTF-8 takes: two for ideographs, none for combining marks. */
unsigned sheet_width(struct slice text);
