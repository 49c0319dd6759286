/* register.h - one user's registration, RFC 3261 section 10.2: our own Contact and no other.
 *
 * Composes requests and reads responses; transactions (nict) and transport
 * are the caller's.  Bindings of the user's other devices are never touched:
 * no "*", no Contact but ours; a response's other Contacts are only counted, but for one that our
 * own instance left behind when it was killed: that goes with the next REGISTER.
 */
#pragma once

#include "base/addr.h"
#include "base/ts.h"
#include "sip/digest.h"

struct reg;

struct reg_cfg {
	struct slice registrar_uri; /* Request-URI, "sip:litware.test" */
	struct slice aor;           /* "sip:pilar@litware.test" */
	struct slice contact_uri;   /* "sip:pilar@127.0.0.1:40000": the real address and port */
	struct slice instance;      /* "urn:uuid:...", asks for a GRUU (RFC 5627); "": does not.
				       Nobody else has it at the same time */
	struct slice user_agent;
	unsigned expires_s;
	struct digest_client *digest; /* borrowed; may be NULL */
};

enum reg_state {
	REG_IDLE,
	REG_AWAIT_ANSWER, /* a request is out */
	REG_REGISTERED,
	REG_REMOVING,
	REG_REMOVED,
	REG_FAILED,
};

enum reg_outcome {
	REG_OK,
	REG_BAD_CREDENTIALS,  /* challenged again for fresh credentials */
	REG_CHALLENGE_LOOP,   /* challenged again and again, each time for a stale nonce */
	REG_NO_CREDENTIALS,   /* challenged, and there are none */
	REG_UNSUPPORTED_AUTH, /* no challenge that we can answer */
	REG_REJECTED,         /* `status` says */
	REG_NO_BINDING,       /* 200, but our Contact is not among the bindings */
	REG_TIMEOUT,
};

int reg_new(struct reg **ret, const struct reg_cfg *cfg, struct rng *rng);
struct reg *reg_free(struct reg *r);
/* Wants to send now?  Writes the whole request into b, with Via made of these.  False: nothing. */
bool reg_take_request(struct reg *r, struct buf *b, enum transport transport,
	const struct addr *sent_by, struct slice branch);
void reg_start(struct reg *r, ts_t now); /* first REGISTER is due */
/* A REGISTER is due from another Contact: the connection that the last one named is gone, and its
 * binding with it (section 10.2.2).  0, or -ENOMEM and nothing has changed. */
int reg_move(struct reg *r, struct slice contact_uri, ts_t now);
void reg_remove(struct reg *r, ts_t now); /* Expires: 0 for our own Contact is due */
void reg_push_response(struct reg *r, const struct sip_msg *response, ts_t now);
void reg_push_timeout(struct reg *r, ts_t now);
void reg_push_time(struct reg *r, ts_t now); /* refresh when due */
ts_t reg_deadline(const struct reg *r);
enum reg_state reg_state(const struct reg *r);
enum reg_outcome reg_outcome(const struct reg *r, int *status /* last final status, 0 if none */);
/* Value of the Route of what the user sends from here on, RFC 3608: "" when the registrar gave
 * none. Valid until the next response. */
struct slice reg_service_route(const struct reg *r);
/* The URI that leads to this Contact alone, RFC 5627 section 4.2: "" when the registrar gives none.
 * Valid until the next response. */
struct slice reg_gruu(const struct reg *r);
unsigned reg_expires_s(const struct reg *r);      /* what the registrar granted */
ts_t reg_bound_until(const struct reg *r);        /* the end of that; TS_NEVER: never bound */
unsigned reg_other_bindings(const struct reg *r); /* Contacts of others in the last 200 */
/* Hosts and ports of the first of them, "192.0.2.9:5060, 192.0.2.10"; "" without any. */
const char *reg_others(const struct reg *r);
const char *reg_state_name(enum reg_state state);
