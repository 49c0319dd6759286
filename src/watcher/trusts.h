/* trusts.h - the files with certificates that tests trust, each read once, as numbers of the pump's
 * trust.
 *
 * A file that has changed since is read again and gets a number of its own; handshakes that use the
 * old one go on with it.
 */
#pragma once

#include <time.h>

#include "base/text.h"
#include "net/trust.h"

enum { TRUSTS_MAX = TRUST_MAX - 1 };

struct trusts {
	struct trust *trust;
	unsigned n;
	struct trusts_file {
		char *path;
		struct timespec changed;
		uint64_t inode, size;
	} * files; /* the number of each is its index + 1 */
};

void trusts_init(struct trusts *t, struct trust *trust); /* borrowed */
void trusts_done(struct trusts *t);
/* The number of the file as it is now; of NULL the system's.  0, or an error with a sentence:
 * ERR_LIMIT (so many were read since the start), or it cannot be used. */
int trusts_find(struct trusts *t, const char *path, unsigned *ret, struct text *why);
