/* fault_case.h - does a fault strike in this case, and with which part of its row?
 *
 * Pure: the row and the facts of a case go in, a decision comes out, and who
 * has asked acts on it.
 */
#pragma once

#include "base/tls.h"
#include "lab/fault.h"
#include "sip/nist.h"
#include "xmpp/stream.h"

/* ---- what strikes; NULL: nothing ---- */

/* A connection that was accepted at that listener: the fault has it to itself. */
const struct fault_conn *fault_of_conn(const struct lab_fault *f, enum lab_listener at);
/* A request that has just come, or (`leaves`) one whose sender was recognised and that goes to the
 * gateway now. */
const struct fault_answer *fault_of_request(
	const struct lab_fault *f, const struct sip_msg *req, bool leaves);
/* An event of a client's stream. */
const struct fault_stream *fault_of_event(
	const struct lab_fault *f, const struct xstream_event *ev);
/* A stanza with an address, of a user's own or of the gateway's. */
const struct fault_stanza *fault_of_stanza(
	const struct lab_fault *f, const struct stanza *s, bool is_users);

enum { FAULT_SEEN_MAX = 64 };
struct fault_seen { /* requests of which the first copy was lost */
	struct nist_key keys[FAULT_SEEN_MAX];
	unsigned n;
};
/* Is this datagram lost?  Over UDP each request comes again: RFC 3261 section 17.1.2.2. */
bool fault_loses(const struct lab_fault *f, struct fault_seen *seen, const struct nist_key *key);

/* ---- what is changed ---- */

void fault_edit_tls(const struct lab_fault *f, struct tls_policy *pools);
void fault_edit_stream(const struct lab_fault *f, struct xstream_cfg *clients);
/* Appends the text as it is said. */
void fault_put_edited(const struct lab_fault *f, struct buf *to, struct slice text);
