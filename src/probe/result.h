/* result.h - what a test found, as values: design, "the result of a test".
 *
 * No sentence in it is in a language yet (base/text.h); who shows it looks
 * them up.  Everything else in it is stable: names and numbers for machines.
 */
#pragma once

#include "base/dns.h"
#include "base/tls.h"
#include "probe/note.h"
#include "probe/reason.h"

/* Who writes first.  The phases are the same: sip.send is the SIP user's own MESSAGE until the pool
 * has answered it, deliver the first message's way there, answer the second one's way back. */
enum probe_direction {
	PROBE_TO,   /* the SIP user: to the partner */
	PROBE_FROM, /* the XMPP user: from the partner */
};
const char *probe_direction_name(enum probe_direction d); /* "to" */
bool probe_direction_find(struct slice name, enum probe_direction *ret);
/* The i-th of them as a word, and what it means; false behind the last. */
bool probe_direction_words(size_t i, const char **word, const char **what);

enum probe_proof {
	PROOF_NONE,
	PROOF_ACCEPTED,  /* the pool gave the message a 2xx; of XMPP's nobody says that */
	PROOF_DELIVERED, /* it arrived (we saw it, or a receipt says so) */
	PROOF_ANSWERED,  /* and the answer came back */
};
const char *proof_name(enum probe_proof p);

enum phase_outcome {
	PHASE_NOT_RUN,
	PHASE_RUNNING,
	PHASE_OK,
	PHASE_FAILED,
	PHASE_SKIPPED, /* not needed, e.g. no TLS on UDP, a numeric host */
	PHASE_STOPPED, /* the verdict came before its end */
};
const char *phase_outcome_name(enum phase_outcome o); /* "not_run" */

struct probe_phase_result {
	enum phase_outcome outcome;
	ts_t started, duration; /* started: since the run's start */
	struct addr address;    /* family 0 when there is none */
	enum transport transport;
	struct text detail; /* "NAPTR, SRV -> pool1.litware.test:5061", "SCRAM-SHA-256-PLUS" */
};

/* A header of a SIP response that tells more than its status. */
struct evidence_header {
	char name[32], value[256];
};

/* What backs the verdict up; each part is there when its flag, or its first field, says so. */
struct evidence {
	/* the connection */
	int err; /* errno, or 0 */
	struct addr address;
	/* the DNS */
	bool has_dns;
	char dns_name[DNS_NAME_MAX];
	enum dns_type dns_type;
	enum dns_status dns_status;
	struct addr dns_server; /* family 0 when not known */
	bool dns_searched;      /* a host's name, completed as resolv.conf(5) says */
	/* TLS: the facts themselves are in probe_result.tls */
	bool has_tls;
	enum probe_side tls_side;
	/* SIP */
	int sip_status; /* 0: no response */
	char sip_reason[128];
	unsigned n_headers;
	struct evidence_header headers[8]; /* Reason, Warning, ms-diagnostics, Retry-After, ... */
	bool has_diagnostics;              /* of ms-diagnostics or ms-diagnostics-public */
	uint32_t diagnostics_code;
	char diagnostics_source[128], diagnostics_reason[200];
	bool has_retry_after;
	uint32_t retry_after_s;
	/* XMPP */
	char xmpp_condition[48], xmpp_text[256];
	/* what could not be read */
	const char *what; /* a literal, or NULL */
	size_t offset;
};

#define PROBE_NOTES_MAX 12

struct probe_result;
/* Who wrote first, and who answered: addresses. */
const char *probe_writer(const struct probe_result *r);
const char *probe_reader(const struct probe_result *r);

struct probe_stats { /* of --count, microseconds */
	unsigned n;
	ts_t min, median, p95, max;
};

/* The other side had failed, too, before it was signed in. */
struct probe_failure {
	enum reason reason; /* NONE: it had not */
	enum probe_phase phase;
	struct text message;
};

struct probe_result {
	enum probe_direction direction;
	bool success;
	enum probe_proof proof;
	enum reason reason;     /* NONE on success */
	enum probe_phase phase; /* where it failed */
	struct text message;    /* what happened, where, on which evidence: one sentence */
	struct evidence evidence;
	struct probe_failure other; /* of both the SIP side's stands above */
	ts_t latency;               /* from the start to the verdict, cleanup not counted */
	struct probe_phase_result phases[PHASE_COUNT];
	struct tls_facts tls[SIDES]; /* version "" and no certificates: none */
	unsigned n_notes;            /* in the order in which they were made */
	struct probe_note notes[PROBE_NOTES_MAX];
	char target_fqdn[256], user[256], receiver[256]; /* as understood */
	unsigned rounds_done;                            /* of count */
	struct probe_stats send, deliver, answer, round; /* count > 1 */
};
