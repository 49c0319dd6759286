/* token.h - what the text of a test's message carries, so that it is known again.
 *
 *     stox test NONCE-RUN-ROUND-SENT-LIMIT
 *
 * NONCE is chance alone, and new in each message: only it counts as arrival.
 * The rest says whose a message is that is not awaited: a copy of this run's,
 * one of a run beside this one, or one that its own test awaits no longer.
 */
#pragma once

#include "base/buf.h"

enum {
	NONCE = 26,     /* 130 bits: nobody guesses one */
	TOKEN_RUN = 10, /* 50 bits: runs beside each other differ */
};

struct token {
	char nonce[NONCE + 1], run[TOKEN_RUN + 1];
	unsigned round;
	uint64_t sent_s;  /* since 1970; 0: the clock was not known */
	uint64_t limit_s; /* for so long its test awaited it */
};

#define TOKEN_TEST   "stox test "
#define TOKEN_ANSWER "stox answer "

void token_put(struct buf *b, const char *word, const struct token *t);
/* Anywhere in `body`.  False: there is none. */
bool token_find(struct slice body, const char *word, struct token *ret);
