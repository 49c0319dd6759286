/* secret.h - one secret, from a file or a terminal. */
#pragma once

#include "base/buf.h"
#include "base/text.h"

#define SECRET_MAX 1024

/* A regular file, its owner the running user or root, that others cannot read: its group only where
 * that is the running user's own, or `group` (a name or number, `secrets_group` of the
 * configuration; NULL: none).  Files below $CREDENTIALS_DIRECTORY are taken as they are: systemd
 * protects them.  The secret is without its last line end.  `-` asks on a terminal.  0 or
 * ERR_SECRET with a sentence in `why`, which says how to mend it and never holds the secret. */
int secret_read(const char *path, const char *group, char ret[SECRET_MAX + 1], struct text *why);
/* A file of several lines, such as a key or a list of hashes: the same of its owner and mode, at
 * most `max` bytes.  To be wiped by the caller. */
int secret_read_text(
	const char *path, const char *group, size_t max, struct buf *ret, struct text *why);
