/* sync.h - the configured tests and those of the history, brought together. */
#pragma once

#include "store/db.h"
#include "store/entry.h"

/* In a transaction of the caller's; `e` is of kind SYNC, its `known` is filled in.  Nothing is
 * written where nothing changed: a watcher starts beside a full disk, too. */
int sync_tests(struct db *db, struct entry *e);
/* An answer of type SYNCED for `e`, with no mark in it: 0 or -ENOMEM. */
int sync_begin_marks(struct store_event *e);
/* All but its id, and its marks behind those that `told` has. */
int sync_read_known(struct db *db, struct store_known *k, struct store_answer *told);
/* Into another database: the same tests with the ids that they had, unless they are there. */
int sync_restore(
	struct db *db, const struct store_test *tests, const struct store_known *known, size_t n);
