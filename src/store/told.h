/* told.h - which receiver of alerts knows what of a test's newest incident: one row for each test
 * and receiver, so that a watcher that was killed tells what it had not told, and nothing twice.
 *
 * All of it within a transaction of the caller's.  0, or an error of db_next().
 */
#pragma once

#include "store/answer.h"
#include "store/db.h"
#include "store/store.h"

/* One of an older incident changes nothing. */
int told_write(struct db *db, const struct store_mark *mark);
/* Behind those that `ret` has, of its memory: the marks of one test. */
int told_read(struct db *db, int64_t test_id, struct store_answer *ret);
/* The test's newest incident; begin_at 0: it has none. */
int told_read_newest(struct db *db, int64_t test_id, struct incident *ret);
/* The tests that are disabled while an incident of theirs is open, or its end is not told, with
 * their marks. */
int told_read_left(struct db *db, struct store_answer *ret);
