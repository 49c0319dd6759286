/* session.h - who is connected to the partner's server: the streams of users' clients and of the
 * component, each on its flow. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/shell.h"
#include "xmpp/jid.h"
#include "xmpp/xhost.h"

struct session {
	struct map_node node; /* by flow */
	struct list all;
	flow_t flow;
	struct addr peer;
	bool is_component;
	struct xhost *host;    /* its own */
	char user[256];        /* of a client that is logging in */
	char jid[JID_MAX + 1]; /* when it is ready: its full JID, or the component's name */
	bool available;
};

struct sessions {
	struct shell *shell; /* borrowed */
	struct map by_flow;
	struct list all;
	struct session *component; /* NULL: it is not here */
};

void sessions_init(struct sessions *all, struct shell *shell, struct rng *rng);
void sessions_done(struct sessions *all); /* with all that are in it */
/* NULL when LAB_CONNS_MAX are there, or without memory. */
struct session *session_new(
	struct sessions *all, flow_t flow, const struct addr *peer, bool is_component);
void session_free(struct sessions *all, struct session *s);
struct session *session_find(const struct sessions *all, flow_t flow); /* NULL */

/* Is it one of those that a stanza to this address reaches?  RFC 6121 section 8.5. */
bool session_is_for(const struct session *s, const struct jid *to);
bool session_is_bound(const struct sessions *all, const char *user, struct slice resource);

/* To write stanzas into; NULL when it is not ready or does not read: its limits end it. */
struct buf *session_begin(struct session *s);
void session_commit(struct sessions *all, struct session *s, ts_t now);
