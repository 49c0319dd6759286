/* trusts.h - the files with certificates that tests trust, each read once, as numbers of the pump's
 * trust.
 *
 * A file that has changed since is read again and gets a number of its own.  What was read before
 * goes when no run that was given its number is in hand any more.
 */
#pragma once

#include <time.h>

#include "base/text.h"
#include "net/trust.h"

enum { TRUSTS_MAX = TRUST_MAX - 1 };

struct trusts {
	struct trust *trust;
	unsigned n, n_replaced;
	struct trusts_file {
		char *path; /* NULL: nothing has its number, which is the index + 1 */
		struct timespec changed;
		uint64_t inode, size;
		uint64_t replaced_by; /* the first run that had another one; 0: it is in use */
		unsigned held;        /* by others than runs */
	} * files;
};

void trusts_init(struct trusts *t, struct trust *trust); /* borrowed */
void trusts_done(struct trusts *t);
/* The number of the file as it is now, for the run of that number (they are counted up, from 1); of
 * NULL the system's.  0, or an error with a sentence: ERR_LIMIT (so many are in use), or it cannot
 * be used. */
int trusts_find(struct trusts *t, const char *path, uint64_t run, unsigned *ret, struct text *why);
/* What is held stays, whatever runs are over, until it is let go; 0 is fine. */
void trusts_hold(struct trusts *t, unsigned number);
void trusts_let_go(struct trusts *t, unsigned number);
/* All runs before this one are over. */
void trusts_forget(struct trusts *t, uint64_t oldest_run);
