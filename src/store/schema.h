/* schema.h - the tables of the history, and how they came about: numbered migrations.
 *
 * A migration is never changed once it was released; a new one is added behind it.  Texts are of
 * one engine; the queries elsewhere are of all.
 *
 *	result		each run, for raw_days.  Clustered by (test_id, scheduled_at): a test's
 *			runs stand together, and the pair is the run's id
 *	evidence	JSON of some runs.  Not clustered: a row over a quarter of a page would make
 *			the others slow
 *	roll_hour, roll_day, roll_day_hist, roll_day_reason
 *			what a test's hours (UTC) and days (of the zone) came to
 *	dirty_hour, dirty_day
 *			what of it is to be computed again, written with the run that makes it so
 *	test, test_state, incident, audit
 *	told		what each receiver of alerts knows of a test's newest incident
 *	about		one row: the zone of the days, from when on all runs are there, whether the
 *			file was left open, and from which damaged file is still being taken over
 */
#pragma once

#include "store/db.h"

enum {
	SCHEMA_VERSION = 2,
	SCHEMA_APPLICATION = 0x53746f78, /* "Stox", at byte 68 of a file of SQLite */
};

/* An empty file of SQLite, or one of an earlier version, becomes one of this one. Each migration is
 * one transaction.  0 or an error of db_next(). */
int schema_migrate(struct db *db, unsigned from_version);
