/* questions.h - what was asked of the DNS, each name and type once, and what it answered.
 *
 * The owner gives the room and asks ahead; whoever drives it takes the
 * questions in the order of asking and pushes the answers in any order.
 * Answers are kept, so that no order of theirs needs to make a difference.
 * Questions go by number, from 1; QUESTION_NONE is one that nobody asks.
 */
#pragma once

#include "base/dns.h"

enum {
	QUESTION_NONE = 0,
	QUESTION_ADDRESSES_MAX = 8, /* of one name and family */
};

struct question {
	enum dns_type type;
	enum dns_status status; /* DNS_CANCELLED until it is answered */
	bool answered, from_hosts_file;
	bool is_host, searched; /* base/world.h, base/dns.h */
	bool says_no;           /* SRV: the target "." */
	/* Unusable: another type, an SRV record without port or target.  Which NAPTR record is of
	 * use is the owner's to count. */
	unsigned n_records, n_usable;
	unsigned n_addresses; /* A, AAAA: those that are kept */
	struct addr addresses[QUESTION_ADDRESSES_MAX];
	struct addr server; /* who answered, or who did not */
	char name[DNS_NAME_MAX];
	char alias[DNS_NAME_MAX]; /* of which host it is another name; "" for none */
};

struct questions {
	struct question *list; /* by number - 1 */
	uint32_t n, max, n_taken, n_answered;
};

/* `list` is borrowed and has room for `max`. */
void questions_init(struct questions *qs, struct question *list, uint32_t max);
/* The number of that question, a new one if nobody has asked it; QUESTION_NONE when there is no
 * room, or `name` is too long to be one. */
uint32_t questions_ask(struct questions *qs, enum dns_type type, const char *name);
/* The same of a host that a person configured. */
uint32_t questions_ask_host(struct questions *qs, enum dns_type type, const char *name);
uint32_t questions_find(const struct questions *qs, enum dns_type type, const char *name);
/* NULL for QUESTION_NONE. */
const struct question *questions_at(const struct questions *qs, uint32_t number);
/* The next one that is to be asked, and its number; NULL when there is none (yet). */
const struct question *questions_take(struct questions *qs, uint32_t *number);
/* Keeps the answer.  NULL, and nothing is kept, when it was not asked or is answered already. */
struct question *questions_answer(
	struct questions *qs, uint32_t number, const struct dns_answer *answer);

/* How much it explains that nothing was found: 0 nothing, 1 a clear no, 2 no answer or a refusal.
 */
unsigned question_gravity(const struct question *q);
/* The one that explains more; of equals `a`.  Both may be NULL. */
const struct question *question_graver(const struct question *a, const struct question *b);
