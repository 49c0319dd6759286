/* tl_private.h - what the files of the transaction layer share.
 *
 *   tl.c         events, one message, one flow that is lost, time
 *   tl_client.c  requests of ours: each a nict
 *   tl_server.c  answers of ours: the requests that wait for one, and what was answered
 *   tl_flow.c    ways: flows with their unfinished messages, peers of datagrams
 *
 * tl.c calls the three others, and client and server ask for their way: no other direction.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/slots.h"
#include "base/timers.h"
#include "sip/frame.h"
#include "sip/nict.h"
#include "sip/nist.h"
#include "sip/tl.h"

/* RFC 3261 table 4. */
#define TL_T1 TS_MS(500)
#define TL_T2 TS_S(4)
#define TL_T4 TS_S(5)
#define TL_J  (64 * TL_T1)

enum {
	TL_COOKIE = 7, /* "z9hG4bK" */
	TL_BRANCH_MAX = TL_COOKIE + 2 * SLOT_TEXT + 1,
	/* Places that are not used keep their memory for the next user: so many, and so much. */
	TL_IDLE_MAX = 1024,
	TL_IDLE_CLIENT_BYTES = 4096,
	TL_IDLE_SERVER_BYTES = 2048,
	TL_IDLE_PEERS_MAX = 64,
};

/* What is lost as one. */
struct tl_way {
	struct map_node node; /* of tl.flows or tl.peers */
	struct list clients;
};

struct tl_flow {
	struct tl_way way;
	struct list servers;
	struct origin origin;
	struct sip_frame frame;
	bool is_refused, is_broken; /* and the owner knows */
};

struct tl_peer {
	struct tl_way way;
	uint8_t key[24]; /* an address without holes */
	struct addr addr;
	struct list idle; /* of tl.idle_peers, while it has no clients */
};

enum tl_client_state {
	TL_CLIENT_DRAFT,
	TL_CLIENT_RUNNING,
	TL_CLIENT_OVER, /* timed out or failed, and its owner is not told yet */
};

struct tl_client {
	struct slot slot;
	uint32_t before; /* the word of the one that had this place before */
	enum tl_client_state state;
	enum tl_event_type fate; /* TL_CLIENT_OVER */
	int err;
	enum sip_method method;
	unsigned sends;
	uint64_t ref, mix;
	struct origin to;
	struct tl_way *way;
	struct list list; /* of its way's clients; TL_CLIENT_OVER: of tl.failed */
	struct timer timer;
	struct nict tx;
	struct buf request;
};

enum tl_server_state {
	TL_SERVER_WAITING, /* for its answer */
	TL_SERVER_GONE,    /* its flow is, and its owner is not told yet */
	TL_SERVER_DONE,    /* its answer is kept whole until timer J */
};

struct tl_server {
	struct slot slot;
	enum tl_server_state state;
	struct nist_key key;
	struct map_node node; /* of tl.by_key, unless it is gone */
	uint64_t ref;
	struct origin origin;
	uint16_t back_port; /* where the answer to a datagram goes */
	/* The answer's head without its status line, and behind it what a 100 says of the request's
	 * Timestamp; TL_SERVER_DONE: all of the answer. */
	struct buf bytes;
	size_t head;
	size_t owed;      /* of tl.owed_bytes */
	ts_t until;       /* TL_SERVER_DONE */
	ts_t trying;      /* when 100 is due */
	bool is_tried;    /* 100 was sent */
	struct list list; /* of its flow's servers, of tl.gone, or of tl.finished */
	struct list waiting;
};

enum tl_hand {
	TL_HAND_EMPTY,
	TL_HAND_NEW,
	TL_HAND_REPEATED,
	TL_HAND_REFUSED, /* malformed, and can be answered */
};

struct tl_answering {
	struct tl_server *server; /* NULL: the request in hand */
	int status;
	bool is_whole;
	bool is_void; /* nobody is there to read it */
};

struct tl {
	struct tl_cfg cfg;
	struct rng *rng;
	uint8_t salt[16];

	/* tl.c: what is being read */
	struct slice datagram;
	bool has_datagram;
	struct tl_flow *reading; /* the flow whose messages are being taken */
	struct sip_frame left;   /* of a flow that went while its message was in hand */
	struct origin origin;    /* of the message in hand */
	struct sip_msg msg;
	struct sip_refusal refusal;

	/* tl_client.c */
	struct slots clients;
	struct timers timers;
	struct list failed; /* TL_CLIENT_OVER */
	struct tl_client *draft;
	char branch[TL_BRANCH_MAX]; /* of the draft */

	/* tl_server.c */
	enum tl_hand hand;
	struct nist_key key; /* of the request in hand */
	struct slots servers;
	struct map by_key;
	struct nist_done *done;
	struct list finished;      /* TL_SERVER_DONE; they linger equally long: the oldest first */
	struct list gone;          /* TL_SERVER_GONE */
	struct list waiting;       /* for 100: the oldest first */
	struct origin gone_origin; /* of the last one that was taken */
	size_t n_finished;
	size_t n_to_keep; /* that wait for an answer that will be remembered */
	size_t owed_bytes;
	struct tl_answering answering;

	/* tl_flow.c */
	struct map flows, peers;
	struct tl_flow *last_flow; /* looked up last; or NULL */
	struct tl_peer *last_peer;
	struct list idle_peers; /* the longest idle first */
	unsigned n_idle_peers;
};

/* tl_flow.c */
void tl_flows_init(struct tl *tl);
void tl_flows_done(struct tl *tl);
struct tl_flow *tl_flow_find(struct tl *tl, flow_t flow);
/* Its clients and servers have left it, and its frame was taken. */
void tl_flow_free(struct tl *tl, struct tl_flow *f);
/* The flow's, or the peer's: NULL when there is no such flow, or no memory. */
struct tl_way *tl_way_get(struct tl *tl, const struct origin *to);
/* A client has left it. */
void tl_way_left(struct tl *tl, const struct origin *to, struct tl_way *way);
struct tl_way *tl_peer_find(struct tl *tl, const struct addr *peer); /* NULL: there is none */
/* What stands in the outbox becomes one output to `o`.  False: it is lost as on the way, for it was
 * over a bound. */
bool tl_send(struct tl *tl, const struct origin *o);

/* tl_client.c */
int tl_clients_init(struct tl *tl);
void tl_clients_done(struct tl *tl);
/* The response in hand becomes an event. */
void tl_client_response(struct tl *tl, struct tl_event *ret, ts_t now);
void tl_clients_fail(struct tl *tl, struct tl_way *way, int err); /* all of that way */
void tl_clients_time(struct tl *tl, ts_t now);
bool tl_client_take(struct tl *tl, struct tl_event *ret); /* TIMEOUT or FAILED */

/* tl_server.c */
int tl_servers_init(struct tl *tl);
void tl_servers_done(struct tl *tl);
/* The request in hand becomes an event. */
void tl_server_request(struct tl *tl, struct tl_event *ret, ts_t now);
/* The malformed request in hand may be answered. */
void tl_server_refused(struct tl *tl);
void tl_servers_gone(struct tl *tl, struct list *servers);
void tl_servers_time(struct tl *tl, ts_t now);
void tl_servers_try(struct tl *tl, ts_t now); /* not within an answer */
ts_t tl_servers_deadline(const struct tl *tl);
bool tl_server_take(struct tl *tl, struct tl_event *ret); /* GONE */
