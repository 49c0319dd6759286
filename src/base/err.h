/* err.h - what our own functions return, and where a parser stopped.
 *
 * 0 or negative: -Exxx from errno.h, or one of the codes below.  What a peer
 * did wrong is an outcome, not an error (design: errors are for us).
 */
#pragma once

#include <errno.h>
#include <stddef.h>

enum {
	ERR_SYNTAX = -1000,      /* not of the grammar; struct where says which byte */
	ERR_LIMIT = -1001,       /* well-formed, but over one of our limits */
	ERR_UNSUPPORTED = -1002, /* legal, but we do not do it */
	ERR_CONFIG = -1003,      /* the configuration file is wrong; a message was made */
	ERR_SECRET = -1004,      /* a secret cannot be read or others can read it */
	ERR_AUTH = -1005,        /* a proof of identity did not verify */
	ERR_LEGAL = -1006,       /* legal there, has no equivalent on the other side */
};

/* The place and the reason of a refusal.  `what` is a literal. */
struct where {
	size_t offset;
	const char *what;
};

/* Text of any code above or of an errno, to be looked up (base/text.h); never NULL. */
const char *err_text(int err);
