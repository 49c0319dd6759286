/* features.h - what an XMPP server offers before anybody signs in, as values: stream header and
 * stream features, RFC 6120 section 4, of a stream that only looks (XSTREAM_LOOK_* of
 * xmpp/stream.h). */
#pragma once

#include "xmpp/stream.h"

#define FEATURES_NAMES_MAX 16

/* Names that a server lists.  What is not of a name's form is told as '?'. */
struct feature_names {
	unsigned n, left_out; /* left_out: over the limit */
	char v[FEATURES_NAMES_MAX][24];
};

struct feature_list {
	bool complete;                    /* as they are over TLS, or without it if there is none */
	bool starttls, starttls_required; /* seen in clear */
	struct feature_names mechanisms;  /* RFC 6120 section 6.3.3 */
	struct feature_names sasl2;       /* XEP-0388 */
	struct feature_names bindings;    /* XEP-0440 */
	bool bind2;                       /* XEP-0386: inline, in SASL2 */
	bool stream_management;           /* XEP-0198 */
	bool dialback, dialback_errors;   /* XEP-0220 section 2.4.2 */
	char version[12];                 /* of the stream header, "1.0" */
};

/* Of such a stream: features of the richest servers have 3 KiB. */
extern const struct xml_limits features_limits;

/* Reads OPENED and FEATURES; `secure`: over TLS.  The features of the last stream count: what is
 * offered in clear may differ. */
void features_read(struct feature_list *l, const struct xstream_event *ev, bool secure);
