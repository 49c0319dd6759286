/* hop.h - a way into a pool: where its proxy is (RFC 3263), the socket or connection to it, and the
 * requests that wait for that.
 *
 * A request is a draft: all of it but the topmost Via, which names the address that it leaves from
 * (RFC 3261 section 18.1.1) and is written when that is known.
 */
#pragma once

#include "base/list.h"
#include "gateway/conns.h"
#include "gateway/listeners.h"

struct hop;

/* Valid until its request is sent or withdrawn. */
struct sip_draft {
	struct slice line; /* with its CRLF */
	struct slice rest; /* behind the topmost Via */
	uint64_t mix;      /* becomes a part of the branch */
};

/* Part of whoever sends; zeroed before its first use. */
struct hop_item {
	uint64_t ref;
	struct sip_draft draft;
	struct list queue; /* of those that wait for the way, or that failed */
	uint64_t place;    /* of its transaction; 0 while it waits */
	unsigned turn;     /* of the target that it went to, or waits for */
	ts_t begun;
	bool has_failed;
};

int hop_new(struct hop **ret, const struct lent *lent, struct listeners *listeners,
	struct conns *conns, struct tl *tl, ts_t now);
struct hop *hop_free(struct hop *h);

/* Is there a target?  If not, a look-up begins, unless one failed just now. */
bool hop_is_known(struct hop *h, ts_t now);
/* Bytes of the longest Via that it may write. */
size_t hop_via_max(const struct hop *h);
/* It is sent at once or when the way is there; each ends in one event, unless it is withdrawn. */
void hop_request(struct hop *h, struct hop_item *item, uint64_t ref, const struct sip_draft *draft,
	ts_t now);
void hop_withdraw(struct hop *h, struct hop_item *item);
