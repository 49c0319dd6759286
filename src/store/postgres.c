#include "store/postgres.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PASSWORD_MAX = 1000,
	LOOK_MS = 100,  /* how often a statement that runs is asked to stop */
	OID_BYTES = 17, /* of bytea, int8, text: PostgreSQL's pg_type.dat */
	OID_INT = 20,
	OID_TEXT = 25,
	SAID_MAX = 300,
};
#define CONNECT_S "5"

struct server_db {
	struct db db;
	PGconn *conn;
	ts_t deadline;
	const atomic_bool *stop;
	int64_t changed;
	bool is_lost;
	char said[SAID_MAX]; /* the server, last */
};

static struct server_db *own(const struct db_rows *rows)
{
	return (struct server_db *)rows->db;
}

/* ---- errors ---- */

/* By the first characters of SQLSTATE; PostgreSQL appendix A. */
static int error_of_state(const char *state)
{
	static const struct {
		const char *state;
		int err;
	} errors[] = {
		{ "08", -ECONNRESET },  /* pgbouncer's, too */
		{ "57P", -ECONNRESET }, /* it is shut down, or starts */
		{ "25006", -EROFS },    /* it has become a standby */
		{ "40", -EAGAIN },      /* serialisation, deadlock */
		{ "55P03", -EAGAIN },   /* a lock was not to be had in time */
		{ "23505", -EAGAIN },   /* two made the same at once */
		{ "42P07", -EEXIST },   /* a table */
		{ "23514", -ESTALE },   /* no partition for the row */
		{ "57014", -ETIMEDOUT },
		{ "53100", -ENOSPC },
		{ "53200", -ENOMEM },
		{ "53", -EBUSY }, /* too many connections */
		{ "42501", -EACCES },
		{ "28", -EACCES },
		{ "42P01", -ENOENT }, /* no such table */
		{ "22", -EINVAL },
		{ "23", -EINVAL },
		{ "54", -EINVAL },
	};

	for (size_t i = 0; state && i < COUNT(errors); i++)
		if (strncmp(state, errors[i].state, strlen(errors[i].state)) == 0)
			return errors[i].err;
	return -EIO;
}

/* The first line, without what ends it: libpq never puts a password into it. */
static void note(char said[SAID_MAX], const char *message)
{
	const size_t n = strcspn(message, "\n");

	snprintf(said, SAID_MAX, "%.*s", (int)(n < SAID_MAX ? n : SAID_MAX - 1), message);
}

static int lose(struct server_db *p, const char *message)
{
	if (message)
		note(p->said, message);
	p->is_lost = true;
	return -ECONNRESET;
}

struct text postgres_text(const struct store_cfg *cfg, const struct db *db, int err)
{
	static const struct {
		int err;
		const char *id;
	} texts[] = {
		{ -EROFS, N_("The history's database {1} takes no writes: its server is a standby. "
			     "Name the primary, or add target_session_attrs=read-write.") },
		{ -EACCES,
			N_("The history's database {1} refuses: {2}. Give the user the rights to "
			   "create tables there, and to use them.") },
		{ -ENOENT,
			N_("Tables are missing in the history's database {1}: {2}. Restore them, "
			   "or give the watcher an empty database.") },
		{ -ENOSPC, N_("The disk of the history's database {1} is full. Make room there.") },
	};
	const struct text_arg name = text_str(cfg->connection);
	const char *said = db && *db_error(db) ? db_error(db) : NULL;

	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].err == err)
			return TEXT(texts[i].id, name, text_str(said));
	return TEXT(
		N_("The history's database {1} cannot be used: {2}. Look at the server and at the "
		   "way to it."),
		name, said ? text_str(said) : text_id(err_text(err)));
}

/* ---- connecting ---- */

static int fail(struct text *why, struct text text, int err)
{
	*why = text;
	return err;
}

static int check_connection(const struct store_cfg *cfg, struct text *why)
{
	char *said = NULL;
	PQconninfoOption *options = PQconninfoParse(cfg->connection, &said);
	bool has_password = false;

	if (!options) {
		/* It may repeat the text, which may have a password in it. */
		PQfreemem(said);
		return fail(why,
			TEXT_PLAIN(N_("What watch.history.postgresql names is not a connection: "
				      "write \"host=... dbname=... user=...\" or "
				      "postgresql://user@host/dbname.")),
			ERR_SYNTAX);
	}
	for (const PQconninfoOption *o = options; o->keyword; o++)
		has_password |= o->val && (strcmp(o->keyword, "password") == 0 ||
						  strcmp(o->keyword, "sslpassword") == 0);
	PQconninfoFree(options);
	if (!has_password)
		return 0;
	return fail(why,
		TEXT_PLAIN(
			N_("There is a password in watch.history.postgresql. Put it into a file, "
			   "and name that in watch.history.password_file.")),
		ERR_SYNTAX);
}

/* The first line; the file is read at each connection, since it may be exchanged. */
static int read_password(const char *path, char ret[PASSWORD_MAX])
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	const ssize_t n = read(fd, ret, PASSWORD_MAX - 1);
	const int err = n < 0 ? -errno : 0;
	close(fd);
	ret[n > 0 ? n : 0] = '\0';
	ret[strcspn(ret, "\r\n")] = '\0';
	return err;
}

static int check_file(const char *path, struct text *why)
{
	if (!path || access(path, R_OK) == 0)
		return 0;
	const int err = -errno;
	return fail(why,
		TEXT(N_("The file {1} for the history's database cannot be read: {2}."),
			text_str(path), text_id(err_text(err))),
		err);
}

int postgres_check(const struct store_cfg *cfg, struct text *why)
{
	int err = check_connection(cfg, why);

	if (!err)
		err = check_file(cfg->password_file, why);
	return err ? err : check_file(cfg->ca_file, why);
}

/* What stands before `dbname` is a preset, which the text itself may say otherwise. */
static PGconn *connect_to(const struct store_cfg *cfg, const char *password)
{
	const char *keys[16], *values[16];
	const struct {
		const char *key, *value;
	} all[] = {
		{ "connect_timeout", CONNECT_S },
		{ "tcp_user_timeout", "15000" },
		{ "keepalives_idle", "30" },
		{ "keepalives_interval", "5" },
		{ "keepalives_count", "3" },
		{ "gssencmode", "disable" },
		{ "sslmode", cfg->ca_file ? "verify-full" : NULL },
		{ "sslrootcert", cfg->ca_file },
		{ "fallback_application_name", "stox-watch" },
		{ "dbname", cfg->connection },
		{ "client_encoding", "UTF8" },
		{ "password", *password ? password : NULL },
	};
	size_t n = 0;

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].value) {
			keys[n] = all[i].key;
			values[n++] = all[i].value;
		}
	keys[n] = values[n] = NULL;
	return PQconnectdbParams(keys, values, 1);
}

static void close_server(struct db *of)
{
	struct server_db *p = (struct server_db *)of;

	PQfinish(p->conn);
	mem_free(p);
}

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

/* ---- statements ---- */

static bool has_to_stop(const struct server_db *p)
{
	return (p->stop && atomic_load(p->stop)) || db_clock() >= p->deadline;
}

/* Until a result can be taken without a wait. */
static int await_result(struct server_db *p, ts_t until)
{
	while (PQisBusy(p->conn)) {
		const int flushed = PQflush(p->conn);
		struct pollfd fd = { .fd = PQsocket(p->conn),
			.events = (short)(POLLIN | (flushed > 0 ? POLLOUT : 0)) };

		if (flushed < 0 || fd.fd < 0)
			return lose(p, PQerrorMessage(p->conn));
		if (poll(&fd, 1, LOOK_MS) > 0 && !PQconsumeInput(p->conn))
			return lose(p, PQerrorMessage(p->conn));
		if (has_to_stop(p)) {
			lose(p, NULL);
			return -ETIMEDOUT;
		}
		if (db_clock() >= until)
			return lose(p, "no answer in time");
	}
	return 0;
}

static int error_of(struct server_db *p, const PGresult *result)
{
	const ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY)
		return 0;
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const int err = state ? error_of_state(state) : -ECONNRESET;
	note(p->said, message ? message : PQerrorMessage(p->conn));
	if (err == -ECONNRESET || err == -EROFS || PQstatus(p->conn) == CONNECTION_BAD)
		p->is_lost = true;
	return err;
}

/* All results of what was sent; the last one is the caller's, NULL with an error. */
static PGresult *take_results(struct server_db *p, int *ret)
{
	const ts_t until = ts_add(db_clock(), POSTGRES_TIME_MAX);
	PGresult *last = NULL, *next;
	int err = 0;

	for (;;) {
		const int waited = await_result(p, until);

		err = err ? err : waited;
		next = waited ? NULL : PQgetResult(p->conn);
		if (!next)
			break;
		PQclear(last);
		last = next;
		err = err ? err : error_of(p, next);
	}
	*ret = err;
	if (!err)
		return last;
	PQclear(last);
	return NULL;
}

static void put_big_endian(uint8_t ret[8], int64_t i)
{
	for (unsigned b = 0; b < 8; b++)
		ret[b] = (uint8_t)((uint64_t)i >> (56 - 8 * b));
}

static int send(struct server_db *p, const char *sql, const struct db_value *args, unsigned n)
{
	static const Oid oids[] = {
		[DB_INT] = OID_INT, [DB_TEXT] = OID_TEXT, [DB_BLOB] = OID_BYTES
	};
	uint8_t ints[DB_ARGS_MAX][8];
	const char *values[DB_ARGS_MAX];
	int lengths[DB_ARGS_MAX], formats[DB_ARGS_MAX];
	Oid types[DB_ARGS_MAX];

	assert(n <= DB_ARGS_MAX);
	for (unsigned i = 0; i < n; i++) {
		const struct db_value *v = &args[i];

		put_big_endian(ints[i], v->i);
		types[i] = oids[v->type]; /* of NULL it is what the place wants */
		formats[i] = 1;
		values[i] = v->type == DB_INT ? (const char *)ints[i]
			    : v->s.p          ? (const char *)v->s.p
					      : "";
		if (v->type == DB_NULL)
			values[i] = NULL;
		lengths[i] = v->type == DB_INT ? 8 : (int)v->s.n;
	}
	return PQsendQueryParams(
		p->conn, sql, (int)n, types, values, lengths, formats, 1 /* binary */);
}

static void begin(struct db_rows *rows, const char *sql, const struct db_value *args, unsigned n)
{
	struct server_db *p = own(rows);

	p->changed = 0;
	rows->row = -1;
	if (p->is_lost)
		rows->err = -ECONNRESET;
	else if (!send(p, sql, args, n))
		rows->err = lose(p, PQerrorMessage(p->conn));
	else
		rows->statement = take_results(p, &rows->err);
	if (rows->statement)
		p->changed = strtoll(PQcmdTuples(rows->statement), NULL, 10);
}

static int exec(struct db *db, const char *sql)
{
	struct server_db *p = (struct server_db *)db;
	int err = 0;

	if (p->is_lost)
		return -ECONNRESET;
	if (!PQsendQuery(p->conn, sql))
		return lose(p, PQerrorMessage(p->conn));
	PQclear(take_results(p, &err));
	return err;
}

static int next(struct db_rows *rows)
{
	return rows->statement && ++rows->row < PQntuples(rows->statement);
}

static struct slice get(const struct db_rows *rows, unsigned column)
{
	return slice_of(PQgetvalue(rows->statement, rows->row, (int)column),
		(size_t)PQgetlength(rows->statement, rows->row, (int)column));
}

/* smallint, integer or bigint. */
static int64_t get_int(const struct db_rows *rows, unsigned column)
{
	const struct slice s = get(rows, column);
	uint64_t u = s.n && (s.p[0] & 0x80) ? UINT64_MAX : 0;

	for (size_t i = 0; i < s.n && i < 8; i++)
		u = u << 8 | s.p[i];
	return (int64_t)u;
}

static bool is_null(const struct db_rows *rows, unsigned column)
{
	return PQgetisnull(rows->statement, rows->row, (int)column);
}

static void end(struct db_rows *rows)
{
	PQclear(rows->statement);
}

static int64_t changed(const struct db *db)
{
	return ((const struct server_db *)db)->changed;
}

static void limit(struct db *db, ts_t deadline, const atomic_bool *stop)
{
	struct server_db *p = (struct server_db *)db;

	p->deadline = deadline;
	p->stop = stop;
}

static void rollback(struct db *db)
{
	const struct server_db *p = (const struct server_db *)db;

	if (!p->is_lost && PQtransactionStatus(p->conn) != PQTRANS_IDLE)
		exec(db, "rollback");
}

static bool is_lost(const struct db *db)
{
	return ((const struct server_db *)db)->is_lost;
}

static const char *error(const struct db *db)
{
	return ((const struct server_db *)db)->said;
}

static const struct db_ops ops = {
	.kind = DB_POSTGRES,
	.close = close_server,
	.exec = exec,
	.begin = begin,
	.next = next,
	.get_int = get_int,
	.get = get,
	.is_null = is_null,
	.end = end,
	.changed = changed,
	.limit = limit,
	.rollback = rollback,
	.is_lost = is_lost,
	.error = error,
};

/* ---- opening ---- */

static int open_with(struct server_db *p, const struct store_cfg *cfg, struct text *why)
{
	char password[PASSWORD_MAX] = "";
	const int err = cfg->password_file ? read_password(cfg->password_file, password) : 0;

	if (err)
		return check_file(cfg->password_file, why)
			       ? err
			       : fail(why, TEXT_PLAIN(err_text(err)), err);
	p->conn = connect_to(cfg, password);
	explicit_bzero(password, sizeof(password));
	if (!p->conn)
		return -ENOMEM;
	if (PQstatus(p->conn) != CONNECTION_OK || PQsetnonblocking(p->conn, 1)) {
		lose(p, PQerrorMessage(p->conn));
		return fail(why, postgres_text(cfg, &p->db, -ECONNRESET), -ECONNRESET);
	}
	PQsetNoticeReceiver(p->conn, ignore_notice, NULL);
	return 0;
}

int postgres_open(struct db **ret, const struct store_cfg *cfg, struct text *why)
{
	struct server_db *p = mem_alloc0(sizeof(*p));

	if (!p)
		return fail(why, postgres_text(cfg, NULL, -ENOMEM), -ENOMEM);
	p->db.ops = &ops;
	p->deadline = TS_NEVER;
	const int err = open_with(p, cfg, why);
	if (err)
		close_server(&p->db);
	else
		*ret = &p->db;
	return err;
}
