/* blame.h - what the world did to a connection, as a reason and the sentence that says it.
 *
 * Nothing of a test is known here: a test and a sweep say the same of the same
 * fault.  blame_stream() is in verdict_xmpp.c beside what else is said of streams,
 * evidence_*() of responses in evidence.c.
 */
#pragma once

#include "base/targets.h"
#include "probe/result.h"
#include "sip/msg.h"
#include "xmpp/stream.h"

struct blame {
	enum reason reason;
	struct text message;
};

struct blame blame_dns(const struct targets_failure *f);
/* No connection came about; `here`: this machine itself refused. */
struct blame blame_connect(const struct addr *peer, int err, bool here);
struct blame blame_broken(const struct addr *peer, int err); /* it stood, and broke */
struct blame blame_closed(const struct addr *peer);          /* the peer ended it */
struct blame blame_tls(const struct addr *peer, const struct tls_facts *tls);
/* The chain's faults, also of a handshake that went on in spite of them. */
struct blame blame_certificate(const struct addr *peer, const struct tls_facts *tls);
struct blame blame_stream(const struct addr *peer, enum xstream_failure failure, const char *words);
/* By how the stream ended, FAILED or CLOSED, which `e` keeps. */
struct blame blame_stream_end(
	const struct addr *peer, const struct xstream_event *ev, struct evidence *e);
/* Plain SIP was spoken to a port that wants TLS: the first bytes that came back say so. */
bool blame_is_tls_alert(struct slice bytes);
struct blame blame_tls_expected(const struct addr *peer);
struct blame blame_datagram(const struct addr *peer, int err); /* an ICMP error */
struct blame blame_unparsable(const struct addr *peer, const struct where *where); /* as SIP */
struct blame blame_overloaded(const struct addr *peer, const struct evidence *e);

void evidence_keep_dns(struct evidence *e, const struct targets_failure *f);
/* The status, the headers that tell more, and what they say. */
void evidence_keep_response(struct evidence *e, const struct sip_msg *response);
bool evidence_is_overload(const struct evidence *e);      /* the server itself has too much to do */
bool evidence_is_contact_limit(const struct evidence *e); /* of a registrar */
/* The value of a header's parameter without its quotes, cut to its place. */
void evidence_keep_param(struct slice params, const char *name, char *ret, size_t size);
/* The first value of a header that was kept, or NULL. */
const char *evidence_header(const struct evidence *e, const char *name);
/* Which hop spoke: a text to be translated and a name to go behind it, both may be "".  What the
 * pool's own Server header said before, "" when it said nothing. */
struct evidence_speaker {
	const char *how;
	struct slice name; /* borrowed from the evidence */
};
struct evidence_speaker evidence_speaker(const struct evidence *e, const char *pools_server);

enum { CERTIFICATE_ENDS_SOON_S = 14 * 86400 }; /* what certificate monitors warn at */
/* The certificate of the chain that ends first; NULL when there is none. */
const struct tls_cert *blame_first_to_end(const struct tls_facts *tls);
