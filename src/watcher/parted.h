/* parted.h - of whom an alert speaks: a test of the roster, or one that is no longer tested while
 * somebody has not heard of its end.
 */
#pragma once

#include "watcher/roster.h"

/* Borrowed from where it was taken. */
struct subject {
	struct alert_test test;
	struct slice key, kind, pool, domain;
	enum sentence_direction direction;
	unsigned n_own_labels;  /* that stand first, and that every form has by itself */
	const struct text *why; /* what the last run said; NULL: nothing is known */
	const char *step;
};

struct subject subject_of(const struct watched *t);

/* What it says is its own. */
struct parted {
	struct subject subject;
	struct map_node node; /* by its id */
	char *text;
	struct alert_label *labels;
	struct text why;
	uint64_t id;
};

struct parted *parted_new(const struct subject *s);           /* NULL: no memory */
struct parted *parted_of_left(const struct store_left *left); /* the same */
struct parted *parted_free(struct parted *p);

/* What the history keeps of a test beside its name, so that its end can be told when no
 * configuration has it any more: key, severity and labels.  Freed with free(); NULL: no memory. */
char *parted_spec(const struct plan_test *p);
