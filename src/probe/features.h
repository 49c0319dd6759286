/* features.h - what an XMPP server offers before anybody signs in: stream header, STARTTLS and
 * stream features, RFC 6120 sections 4 and 5, of a client's or a server's stream.
 *
 * The driver pushes bytes, TLS facts and the end, and takes output; then it
 * looks at the state.  TLS is the driver's, as in xmpp/stream.h: at
 * FEATURES_WANT_TLS it starts a handshake when all output is sent.  Nothing
 * secret is known here, and nothing but the ends of streams is ever negotiated.
 */
#pragma once

#include "base/rng.h"
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

struct features_cfg {
	bool server;       /* the content namespace jabber:server, else jabber:client */
	bool direct_tls;   /* XEP-0368: push_tls_up() comes first */
	struct slice to;   /* the domain that is asked for; copied, as the next */
	struct slice from; /* server: in whose name; "" leaves it out */
};

enum features_state {
	FEATURES_BUSY,     /* bytes are awaited */
	FEATURES_WANT_TLS, /* the handshake is the driver's */
	FEATURES_DONE,     /* features_list() is complete; drain the output, close the flow */
	FEATURES_FAILED,   /* features_failure() says why; what was seen is in the list */
};

struct features_failure {
	enum xstream_failure failure;
	struct where where; /* of XSTREAM_FAIL_UNPARSABLE */
	char condition[48]; /* the server's stream error, or "" */
	char text[160];     /* its words, or ours on what was awaited */
};

struct features;

/* 0, ERR_SYNTAX or ERR_LIMIT when a domain is none, -ENOMEM.  The rng is used here only. */
int features_new(struct features **ret, const struct features_cfg *cfg, struct rng *rng);
struct features *features_free(struct features *f);
void features_push_bytes(struct features *f, struct slice in);
void features_push_tls_up(struct features *f);
void features_push_closed(struct features *f); /* the flow has ended */
void features_push_timeout(struct features *f);
/* Valid until the next push or take. */
bool features_take_output(struct features *f, struct slice *ret);
enum features_state features_state(const struct features *f);
const struct feature_list *features_list(const struct features *f);
const struct features_failure *features_failure(const struct features *f);
