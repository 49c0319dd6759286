#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/schema.h"

enum {
	HEADER = 100, /* https://www.sqlite.org/fileformat.html section 1.3 */
	HEADER_USER_VERSION = 60,
	HEADER_APPLICATION = 68,
	PATH_ROOM = 4096,
	NAMES_MAX = 100, /* of files set aside in one second */
};

static const char mark[] = "the lock of a history of stox\n";

static int fail(struct text *why, struct text text, int err)
{
	*why = text;
	return err;
}

static bool path_of(const struct file *f, const char *end, char *ret, size_t size)
{
	const int n = snprintf(ret, size, "%s%s", f->path, end);

	return n > 0 && (size_t)n < size;
}

/* ---- what people are told ---- */

static const char not_ours[] =
	N_("{1} is not a history of stox, and was left as it is. Name another file.");
static const char is_later[] = N_(
	"The history {1} is of a later version of stox (format {2}; this one knows {3}), and was "
	"left as it is. Install that version, or name another file.");
static const char is_used[] = N_(
	"Another process has the history {1}. End that one, or give this one a file of its own.");

struct text file_text(const struct file *f, int err)
{
	static const struct {
		int err;
		const char *id;
	} texts[] = {
		{ -ENOSPC, N_("The disk of the history {1} is full. Make room there.") },
		{ -EFBIG, N_("The disk of the history {1} is full. Make room there.") },
		{ -EBUSY, N_("Another program has locked the history {1}. End what writes into it; "
			     "\"fuser -v {1}\" names it.") },
		{ -EROFS,
			N_("The history {1} cannot be written: it is read-only. Mount its disk for "
			   "writing.") },
		{ -EACCES, N_("The history {1} cannot be opened. Give its folder and itself to the "
			      "user that the watcher runs as.") },
		{ -ENOENT, N_("The folder of the history {1} is not there. Make it, and give it to "
			      "the user that the watcher runs as.") },
		{ -EBADMSG, N_("The history {1} is damaged.") },
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		if (texts[i].err == err)
			return TEXT(texts[i].id, text_str(f->path));
	return TEXT(N_("The history {1} cannot be used: {2}. Look at its disk and at the system's "
		       "log."),
		text_str(f->path), text_id(err_text(err)));
}

/* ---- the lock ---- */

int file_lock(struct file *f, const char *path, struct text *why)
{
	char name[PATH_ROOM], before[sizeof(mark)] = "";

	*f = (struct file){ .path = path, .lock = -1 };
	if (!path_of(f, ".lock", name, sizeof(name)))
		return fail(why, file_text(f, -ENAMETOOLONG), -ENAMETOOLONG);
	f->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->lock < 0) {
		const int err = -errno;
		return fail(why, file_text(f, err), err);
	}
	if (flock(f->lock, LOCK_EX | LOCK_NB)) {
		file_unlock(f);
		return fail(why, TEXT(is_used, text_str(path)), -EBUSY);
	}
	const ssize_t n = pread(f->lock, before, sizeof(before), 0);
	f->was_ours = n == sizeof(mark) - 1 && memcmp(before, mark, sizeof(mark) - 1) == 0;
	return 0;
}

void file_unlock(struct file *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
}

/* A full disk is no reason not to go on. */
static void put_mark(const struct file *f)
{
	if (!f->was_ours && pwrite(f->lock, mark, sizeof(mark) - 1, 0) < 0)
		return;
}

/* ---- looking ---- */

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int judge(const struct file *f, uint32_t application, uint32_t version, struct text *why)
{
	if (application != SCHEMA_APPLICATION)
		return fail(why, TEXT(not_ours, text_str(f->path)), ERR_SYNTAX);
	if (version > SCHEMA_VERSION)
		return fail(why,
			TEXT(is_later, text_str(f->path), text_u64(version),
				text_u64(SCHEMA_VERSION)),
			ERR_UNSUPPORTED);
	return 0;
}

/* The file as it lies there, before SQLite touches it.  1: it is empty, and new. */
static int look_at_header(const struct file *f, struct text *why)
{
	uint8_t header[HEADER];
	struct stat st;
	const int fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd < 0 || fstat(fd, &st)) {
		const int err = -errno;
		if (fd >= 0)
			close(fd);
		return fail(why, file_text(f, err), err);
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return fail(why, TEXT(not_ours, text_str(f->path)), ERR_SYNTAX);
	}
	const ssize_t n = pread(fd, header, sizeof(header), 0);
	if (n > 0 && (f->was_ours || (n == HEADER && be32(header + HEADER_APPLICATION) ==
							     SCHEMA_APPLICATION)))
		fchmod(fd, 0600); /* results name hosts and people */
	close(fd);
	if (n == 0)
		return 1;
	if (n < HEADER || memcmp(header, "SQLite format 3", 16) != 0) {
		if (f->was_ours)
			return fail(why, file_text(f, -EBADMSG), -EBADMSG);
		return fail(why, TEXT(not_ours, text_str(f->path)), ERR_SYNTAX);
	}
	return judge(f, be32(header + HEADER_APPLICATION), be32(header + HEADER_USER_VERSION), why);
}

struct look {
	int64_t application, version, is_open;
};

static int64_t look_in(struct db *db, struct look *ret)
{
	int64_t err = db_run(db, "pragma application_id", NULL, 0, &ret->application);

	if (err >= 0)
		err = db_run(db, "pragma user_version", NULL, 0, &ret->version);
	if (err >= 0)
		err = db_run(db, "select is_open from about", NULL, 0, &ret->is_open);
	return err;
}

/* With its log, which may be newer than the file itself. */
static int look_at_database(const struct file *f, struct look *ret, struct text *why)
{
	struct db *db = NULL;
	int64_t err = sqlite_open(&db, f->path, DB_LOOK);

	if (!err)
		err = look_in(db, ret);
	db_close(db);
	if (err == -EINVAL && ret->version == 0)
		err = 0; /* no table yet: it was not finished */
	if (err == -EINVAL)
		err = -EBADMSG;
	if (err < 0)
		return fail(why, file_text(f, (int)err), (int)err);
	return judge(f, (uint32_t)ret->application, (uint32_t)ret->version, why);
}

/* ---- opening ---- */

static int use_log(struct db *db)
{
	struct db_rows rows = db_begin(db, "pragma journal_mode = wal", NULL, 0);
	int err = db_next(&rows);

	if (err > 0)
		err = slice_ieqs(db_get(&rows, 0), "wal") ? 0 : ERR_UNSUPPORTED;
	db_end(&rows);
	return err;
}

static int open_to_write(const struct file *f, struct db **ret, unsigned version)
{
	struct db *db = NULL;
	int err = sqlite_open(&db, f->path, DB_WRITER);

	if (!err)
		err = schema_migrate(db, version);
	if (!err)
		err = use_log(db);
	if (err)
		db_close(db);
	else
		*ret = db;
	return err;
}

int file_open(const struct file *f, struct db **ret, bool *ret_was_open, struct text *why)
{
	struct look look = { 0 };
	int err = look_at_header(f, why);

	if (err == 0)
		err = look_at_database(f, &look, why);
	if (err < 0)
		return err;
	put_mark(f);
	err = open_to_write(f, ret, (unsigned)look.version);
	if (err)
		return fail(why, file_text(f, err), err);
	*ret_was_open = look.is_open;
	return 0;
}

/* ---- setting aside ---- */

static int move(const struct file *f, const char *name, const char *end)
{
	char from[PATH_ROOM], to[PATH_ROOM];
	const int n = snprintf(to, sizeof(to), "%s%s", name, end);

	if (!path_of(f, end, from, sizeof(from)) || n < 0 || (size_t)n >= sizeof(to))
		return -ENAMETOOLONG;
	return rename(from, to) && errno != ENOENT ? -errno : 0;
}

static bool find_name(const struct file *f, char *name, size_t size)
{
	char when[40];
	struct tm tm;
	const time_t now = time(NULL);

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	for (unsigned i = 1; i < NAMES_MAX; i++) {
		const int n = i == 1 ? snprintf(name, size, "%s.damaged-%s", f->path, when)
				     : snprintf(name, size, "%s.damaged-%s-%u", f->path, when, i);

		if (n < 0 || (size_t)n + 4 >= size)
			return false;
		if (access(name, F_OK) && errno == ENOENT)
			return true;
	}
	return false;
}

int file_set_aside(const struct file *f, struct buf *name)
{
	/* The file itself last: should this be cut short, it is found damaged once more. */
	static const char *const ends[] = { "-wal", "-shm", "" };
	char to[PATH_ROOM];
	int err = find_name(f, to, sizeof(to)) ? 0 : -EEXIST;

	for (size_t i = 0; i < COUNT(ends) && !err; i++)
		err = move(f, to, ends[i]);
	if (!err)
		buf_puts(name, to);
	return err ? err : buf_err(name);
}

static uint64_t bytes_of(const struct file *f, const char *end)
{
	char name[PATH_ROOM];
	struct stat st;

	return path_of(f, end, name, sizeof(name)) && stat(name, &st) == 0 ? (uint64_t)st.st_size
									   : 0;
}

uint64_t file_bytes(const struct file *f)
{
	return bytes_of(f, "") + bytes_of(f, "-wal");
}
