/* nist.h - SIP non-INVITE server transaction, RFC 3261 section 17.2.2 with RFC 4320.
 *
 * The live part only: from the request to its final answer.  What remains
 * until timer J (RFC 3261 table 4: 64*T1 over UDP, 0 over a stream) is
 * absorbed by struct nist_done below at 48 bytes a transaction.
 */
#pragma once

#include "base/ts.h"
#include "sip/msg.h"

/* The name of a server transaction (RFC 3261 section 17.2.3): a hash of branch, sent-by and method
 * under a salt.  A request without the magic cookie is hashed over the fields of RFC 2543.
 * `method`: the request's own, or of the request that a CANCEL is for (section 9.2). */
struct nist_key {
	uint64_t hash[2];
};
void nist_key_make(struct nist_key *ret, const uint8_t salt[16], const struct sip_msg *req,
	struct slice method);

/* Finished transactions: key -> status, until timer J.  A retransmitted request finds the status
 * and the answer is made again from that request (the To tag too: nist_to_tag). */
struct nist_done;

#define NIST_DONE_MAX 4194304u

/* At most `max` (1..NIST_DONE_MAX) entries of 48 bytes or less; memory grows with use and shrinks,
 * in steps of 4096 entries.  No call takes longer than its own entries need: nothing is made anew.
 */
int nist_done_new(struct nist_done **ret, size_t max, ts_t linger /* timer J */);
struct nist_done *nist_done_free(struct nist_done *d);
/* 0, ERR_LIMIT (full: so that it never comes to that, refuse a NEW request with 503 while
 * nist_done_count() and what is in hand leave no place) or -ENOMEM.  `extra` is 16 bits of the
 * caller's (which answer it was). */
int nist_done_add(
	struct nist_done *d, const struct nist_key *key, int status, uint16_t extra, ts_t now);
bool nist_done_find(const struct nist_done *d, const struct nist_key *key, int *status,
	uint16_t *extra, ts_t now);
size_t nist_done_count(const struct nist_done *d); /* right behind nist_done_push_time() */
size_t nist_done_bytes(const struct nist_done *d); /* memory held, for the bound in the tests */
/* Drops what is due; cheap when nothing is. */
void nist_done_push_time(struct nist_done *d, ts_t now);
ts_t nist_done_deadline(const struct nist_done *d);

/* The To tag of our answers to this transaction: made from the key, so it need not be kept. */
#define NIST_TAG_MAX 17
const char *nist_to_tag(const struct nist_key *key, const uint8_t salt[16], char tag[NIST_TAG_MAX]);
