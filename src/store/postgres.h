/* postgres.h - a connection to a server of PostgreSQL, by libpq.
 *
 * It blocks, and is for a thread of its own.  Each wait has an end: a host has CONNECT_S to take
 * the connection, and a statement has POSTGRES_TIME_MAX, whether the server thinks, the network is
 * gone or a pooler in between waits for a server that is away.  Who missed it is given up: the
 * connection is lost.
 *
 * A pooler (pgbouncer, pool_mode = transaction) gives each transaction another session.  So nothing
 * is left in one: no prepared statements, no SET but SET LOCAL, no advisory locks, no LISTEN.
 */
#pragma once

#include "base/text.h"
#include "store/db.h"
#include "store/store.h"

#define POSTGRES_TIME_MAX TS_S(10)

/* What can be said without asking the server: ERR_SYNTAX: `connection` is none, or has a password
 * in it; -EACCES, -ENOENT ...: a file cannot be read. */
int postgres_check(const struct store_cfg *cfg, struct text *why);
/* 0; -ECONNRESET: no server, or it refused; -ENOMEM; of postgres_check(). */
int postgres_open(struct db **ret, const struct store_cfg *cfg, struct text *why);
/* What people are told of an error of db_next().  `db` may be NULL. */
struct text postgres_text(const struct store_cfg *cfg, const struct db *db, int err);
