/* binding.h - where one user is: a registrar's bindings, RFC 3261 section 10.3. */
#pragma once

#include "base/world.h"
#include "sip/msg.h"

#define BINDINGS_MAX 8 /* of one user; one more takes the place of the first that would expire */

struct binding {
	bool in_use;
	char contact[256];  /* the URI as registered */
	char instance[80];  /* "<urn:uuid:...>" with its quotes, RFC 5626 section 4.1; "": none */
	struct origin path; /* the way back: the connection, or the address it came from */
	ts_t expires;
};

struct bindings {
	struct binding all[BINDINGS_MAX];
};

/* Does what the REGISTER asks for, which came in on `path`: 200; 400; 423. */
int bindings_push(
	struct bindings *b, const struct sip_msg *req, const struct origin *path, ts_t now);
void bindings_flow_gone(struct bindings *b, flow_t flow);
/* The header fields of the answer with that status. */
void bindings_put(const struct bindings *b, struct buf *to, int status, ts_t now);
/* The one that lasts longest; NULL when there is none. */
const struct binding *bindings_latest(const struct bindings *b, ts_t now);
