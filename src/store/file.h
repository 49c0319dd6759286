/* file.h - the history's file: whose it is, of which version, whether it was left in order.
 *
 * A lock file beside it (PATH.lock) keeps a second process out and says that the file is ours: what
 * lies there and is no database is then a damaged history, and otherwise somebody else's file,
 * which is left as it is.
 */
#pragma once

#include "base/text.h"
#include "store/sqlite.h"

struct file {
	const char *path; /* borrowed */
	int lock;         /* -1: not locked */
	bool was_ours;    /* it had its lock file before */
};

/* -EBUSY: another process has it; errnos. */
int file_lock(struct file *f, const char *path, struct text *why);
void file_unlock(struct file *f);
/* Checks, migrates, or makes it.  ERR_UNSUPPORTED: of a later version; ERR_SYNTAX: not ours;
 * -EBADMSG: damaged.  Nothing was changed then.  *ret_was_open: its last user did not close it. */
int file_open(const struct file *f, struct db **ret, bool *ret_was_open, struct text *why);
/* The damaged file goes to another name, which is put into `name`, with its log; nobody has it open
 * any more.  0 or -errno. */
int file_set_aside(const struct file *f, struct buf *name);
/* What people are told of an error of db_next(); NULL's is that it works. */
struct text file_text(const struct file *f, int err);
uint64_t file_bytes(const struct file *f); /* with its log */
