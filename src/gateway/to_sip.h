/* to_sip.h - messages from XMPP to SIP: a stanza becomes a MESSAGE, and its sender hears of a
 * failure (RFC 7572 section 4).
 */
#pragma once

#include "gateway/budget.h"
#include "gateway/contacts.h"
#include "gateway/hops.h"
#include "gateway/links.h"
#include "gateway/reports.h"
#include "gateway/route.h"

struct to_sip;

struct to_sip_cfg {
	const struct lent *lent; /* borrowed, as all of these */
	const struct routes *routes;
	const struct contacts *contacts;
	struct links *links;
	struct hops *hops;
};

int to_sip_new(struct to_sip **ret, const struct to_sip_cfg *cfg);
struct to_sip *to_sip_free(struct to_sip *t);
void to_sip_forget_idle(struct to_sip *t); /* budget_forget_idle() */

/* A message that came over that link. */
void to_sip_push_stanza(struct to_sip *t, unsigned link, const struct stanza *s, ts_t now);
/* That a message from SIP, which was acknowledged, has been refused: RFC 5438. */
void to_sip_push_report(struct to_sip *t, const struct report *r, ts_t now);
void to_sip_push_final(struct to_sip *t, uint64_t ref, const struct sip_msg *response, ts_t now);
void to_sip_push_failed(struct to_sip *t, uint64_t ref, enum answer why, ts_t now);
void to_sip_push_time(struct to_sip *t, ts_t now);
/* What was held back: failures of which their senders could not be told, and the messages whose
 * turn it is.  True when something happened. */
bool to_sip_go_on(struct to_sip *t, ts_t now);
/* Now, while to_sip_go_on() could do something. */
ts_t to_sip_deadline(const struct to_sip *t);
void to_sip_stop(struct to_sip *t); /* nothing new is taken */
/* What is not finished fails. */
void to_sip_give_up(struct to_sip *t, ts_t now);
uint32_t to_sip_count(const struct to_sip *t);
ts_t to_sip_oldest(const struct to_sip *t); /* when it came; TS_NEVER: there is none */
/* How many senders have not been told of their failures. */
uint32_t to_sip_untold(const struct to_sip *t);
