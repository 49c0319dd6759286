/* tally.h - what a peer could fill a log with: the first of its kind is told, those behind it are
 * counted and told as one number a minute.
 *
 * A kind is a cause and who it was.  Whoever finds no place, as the forged sources of a flood do,
 * is counted with all others of its cause, and at the very end with all others: memory is fixed.
 */
#pragma once

#include "base/slice.h"
#include "base/ts.h"

enum {
	TALLY_ROWS = 64,   /* kinds that are told apart */
	TALLY_CAUSES = 16, /* causes of those that are not */
	TALLY_WHO_MAX = 255,
};

struct tally_row {
	const char *cause; /* NULL: the row is free, or (the last one) it is of all causes */
	unsigned what;     /* the owner's */
	uint8_t n_who;
	uint8_t who[TALLY_WHO_MAX]; /* n_who 0: many */
	uint64_t count;             /* behind the one that was told */
	ts_t since;                 /* it, or the last number, was told */
};

/* Zeroed it is empty. */
struct tally {
	struct tally_row rows[TALLY_ROWS], causes[TALLY_CAUSES], all;
	ts_t next; /* when a number may be due; 0: none is */
};

struct tally_sum {
	unsigned what;
	const char *cause; /* NULL: several */
	struct slice who;  /* "" for many; valid until the next call */
	uint64_t count;
};

/* `cause` is static text; two texts are two causes.  True: it is the first of its kind, tell it
 * now. */
bool tally_add(struct tally *t, unsigned what, const char *cause, struct slice who, ts_t now);
/* A number that is due; with TS_NEVER as `now` all that are left. */
bool tally_take(struct tally *t, struct tally_sum *ret, ts_t now);
ts_t tally_deadline(const struct tally *t);
