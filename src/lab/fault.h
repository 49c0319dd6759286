/* fault.h - what can be wrong in a lab: one table, a row a fault.
 *
 * A row says what a test must report of it, and then, as data, how it is made:
 * which answer to which request, which bytes to whoever connects, which edit
 * of what a stream says.  fault_case.h decides by that.  Where a row says
 * nothing the lab is healthy.  What is wrong outside the engine (certificates,
 * a port at which nothing listens, this machine's own side) is for who starts
 * the lab: set-up, certificate and way.
 */
#pragma once

#include "lab/lab.h"
#include "lab/nameserver.h"
#include "sip/msg.h"
#include "xmpp/stanza.h"

/* ---- for who starts the lab ---- */

enum fault_setup {
	FAULT_SETUP_NONE,
	FAULT_POOL_REFUSES,  /* nothing listens at the pool's TLS port */
	FAULT_POOL_FILTERED, /* what is sent to it is dropped */
	FAULT_DNS_DOWN,      /* nothing listens where the DNS server should be */
	FAULT_GATEWAY_DOWN,  /* nothing listens where the pool sends messages */
	FAULT_NO_PARTNER,    /* the gateway's list lacks the partner */
	FAULT_LOOSE_SECRET,  /* others can read the test user's password file */
	FAULT_CLOCK_JUMP,    /* this machine's clock is set while the test runs */
};

enum fault_certificate { /* the pool's */
	FAULT_CERTIFICATE_NONE,
	FAULT_CERTIFICATE_EXPIRED,
	FAULT_CERTIFICATE_NOT_YET_VALID,
	FAULT_CERTIFICATE_OTHER_NAME,
	FAULT_CERTIFICATE_UNKNOWN_ISSUER,
	FAULT_CERTIFICATE_WEAK,
	FAULT_CERTIFICATE_REVOKED,
};

enum fault_way { /* how the test is told to find the two sides */
	FAULT_WAY_NUMBERS,
	FAULT_WAY_POOL_BY_NAME,
	FAULT_WAY_PARTNER_BY_NAME,
	FAULT_WAY_UDP,     /* to the pool */
	FAULT_WAY_TCP,     /* to the pool's TLS port */
	FAULT_WAY_NOWHERE, /* to an address that this machine cannot connect to */
};

/* ---- for the engine ---- */

enum fault_zone {
	FAULT_ZONE_NONE,
	FAULT_ZONE_NO_POOL,    /* the name does not exist */
	FAULT_ZONE_EMPTY_POOL, /* it has nothing that leads to a pool */
	FAULT_ZONE_BARE_POOL,  /* it has an address alone, at which nothing listens */
	FAULT_ZONE_DEAD_FIRST, /* the first host of its service refuses */
	FAULT_ZONE_NO_CLIENTS, /* the partner's client service is "." */
};

enum fault_account {
	FAULT_ACCOUNT_NONE,
	FAULT_ACCOUNT_SIP_PASSWORD,
	FAULT_ACCOUNT_XMPP_PASSWORD,
	FAULT_ACCOUNT_XMPP_PROOF, /* the server cannot prove that it knows it */
};

/* What a connection to a listener meets. */
struct fault_conn {
	enum fault_conn_does {
		FAULT_CONN_NONE,
		FAULT_CONN_RESET, /* at its first byte */
		FAULT_CONN_MUTE,  /* it is accepted, and then neither read nor written */
		FAULT_CONN_REPLY, /* its first bytes get `reply`, then it is closed */
	} does;
	enum lab_listener at;
	struct slice reply;
};

struct fault_tls { /* of the pool */
	unsigned max_version;
	bool wants_certificate;
};

/* What the pool answers instead. */
struct fault_answer {
	enum fault_answer_does {
		FAULT_ANSWER_NONE,
		FAULT_ANSWER_STATUS,   /* `status` with the header rows in `text` */
		FAULT_ANSWER_STALE,    /* a challenge: stale=true and a new nonce */
		FAULT_ANSWER_NOTHING,  /* and it passes nothing on */
		FAULT_ANSWER_RAW,      /* `text` as it is */
		FAULT_ANSWER_REPEATED, /* the first copy of a datagram, whatever it is, is lost */
	} does;
	enum sip_method to; /* REGISTER, or the MESSAGE that goes to the gateway */
	int status;
	const char *text;
};

/* In all that the pool answers itself, and in all that the partner's server says to clients. */
struct fault_edit {
	const char *find, *with;
};

/* A client's stream at the partner's server. */
struct fault_stream {
	enum fault_moment {
		FAULT_AT_NONE,
		FAULT_AT_START,
		FAULT_AT_AUTH, /* the client has named its account */
		FAULT_AT_BIND,
		FAULT_AT_PRESENCE,
	} at;
	enum fault_stream_does {
		FAULT_STREAM_NO_TLS, /* start: no STARTTLS is offered */
		FAULT_STREAM_DOMAIN, /* start: only the domain in `text` is served */
		FAULT_STREAM_SAY,    /* `text` as it is, and then nothing more */
		FAULT_STREAM_ERROR,  /* the stream error in `text` */
		FAULT_STREAM_CLOSE,  /* the connection, without a word */
		FAULT_STREAM_REFUSE, /* bind */
		FAULT_STREAM_IGNORE,
	} does;
	const char *text;
};

/* A message on its way through the partner's server. */
struct fault_stanza {
	enum fault_stanza_does {
		FAULT_STANZA_NONE,
		FAULT_STANZA_DROP,
		FAULT_STANZA_ELSEWHERE, /* another session of its receiver, which presence shows,
					   has it */
		FAULT_STANZA_HOLD,      /* until its receiver leaves */
		FAULT_STANZA_TWICE,
		FAULT_STANZA_BOUNCE,   /* with `condition` */
		FAULT_STANZA_CONFLICT, /* it is lost, and its receiver's stream ends so */
		FAULT_STANZA_REPORT,   /* it is lost; its sender gets a failure report */
	} does;
	bool answer; /* the user's, else the gateway's */
	enum stanza_condition condition;
};

struct lab_fault {
	const char *name, *does; /* does: an id, looked up by who shows it */
	const char *reason;      /* that a test must report; with exit status 0 the warning */
	const char *phase;       /* "" with a warning */
	int exit_status;
	const char *cause; /* what must be named as explaining it, or NULL */

	enum fault_setup setup;
	enum fault_certificate certificate;
	enum fault_way way;

	enum nameserver_fault names;
	enum fault_zone zone;
	enum fault_account account;
	struct fault_conn conn;
	struct fault_tls tls;
	struct fault_answer answer;
	struct fault_edit edit;
	struct fault_stream stream;
	struct fault_stanza stanza;
};

extern const struct lab_fault lab_fault_none; /* nothing is wrong */

const struct lab_fault *lab_fault_at(size_t i);            /* NULL behind the last one */
const struct lab_fault *lab_fault_find(struct slice name); /* NULL when there is none */
