#include "store/upkeep.h"

#include "store/sqlite.h"

int upkeep_init(struct upkeep *u, struct writes *writes, const struct store_cfg *cfg)
{
	const int err = roll_init(&u->roll, writes, cfg->zone_file);

	keep_init(&u->keep, &u->roll, cfg->raw_days, cfg->hour_days, cfg->size_max_bytes);
	return err;
}

void upkeep_done(struct upkeep *u)
{
	roll_done(&u->roll);
}

static int end(struct db *db, int err)
{
	if (err >= 0) {
		const int committed = db_simple(db, "commit");

		err = committed ? committed : err;
	}
	if (err < 0)
		db_rollback(db);
	return err;
}

int upkeep_begin(struct upkeep *u, struct db *db, const char *zone_name)
{
	int err = db_begin_write(db);

	u->db = db;
	if (!err)
		err = roll_begin(&u->roll, db, zone_name);
	keep_begin(&u->keep, db);
	return end(db, err);
}

/* Runs are rolled up before they go. */
static int step(struct upkeep *u, int64_t now_at)
{
	const int done = roll_step(&u->roll, now_at);

	return done == 0 ? keep_step(&u->keep, now_at) : done;
}

int upkeep_slice(struct upkeep *u, int64_t now_at, ts_t budget)
{
	const ts_t until = db_clock() + budget;
	int done = db_begin_write(u->db);

	if (done == 0)
		do
			done = step(u, now_at);
		while (done > 0 && db_clock() < until);
	return end(u->db, done);
}
