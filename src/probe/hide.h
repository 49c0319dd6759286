/* hide.h - what is known to be secret, in what a peer says: the password in an error's text, the
 * digest's proof in a header that sends the request back.
 *
 * mask.h hides what stands where secrets stand; this finds the values themselves, wherever they
 * are. Each byte of one becomes '*', so that no length changes.
 */
#pragma once

#include "base/slice.h"

enum {
	HIDE_MAX = 16, /* secrets; when there are more, the oldest proofs are forgotten */
	HIDE_TEXT_MAX = 384,
	/* A shorter one would be found in words that are none; who has such a password has none. */
	HIDE_MIN = 6,
};

struct hide {
	char secrets[HIDE_MAX][HIDE_TEXT_MAX];
	unsigned n, n_fixed; /* fixed: the passwords, which stay */
	unsigned next;       /* of the proofs */
};

/* As it is and in base64. */
void hide_add_password(struct hide *h, struct slice password);
/* The proofs in a request of ours: the parameters `response` (RFC 7616 section 3.4). */
void hide_add_proofs(struct hide *h, struct slice request);
/* In place.  Of a secret that `text` cuts off, what is there stays. */
void hide_in(const struct hide *h, void *text, size_t n);
