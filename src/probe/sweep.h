/* sweep.h - every server, address and transport of one side, each alone.
 *
 * A composite engine (base/world.h) of its own beside the probe.  It asks the
 * DNS for all that leads to a pool (RFC 3263) or to a partner (RFC 6120 section
 * 3.2, XEP-0368), client and server ports, hides nothing of what it says, and
 * speaks to each address by itself: connect; TLS with the chain and all its
 * faults; an OPTIONS, or stream features.  Nobody signs in and no message is
 * sent, so no secret is needed.  Then it says which of them a test would have
 * used, and why: a service that is half up is a finding although a test would
 * succeed.
 *
 * Everything is bounded: what a zone has over the limits is counted and said.
 */
#pragma once

#include "base/targets.h"
#include "base/world.h"
#include "probe/features.h"
#include "probe/result.h"
#include "sip/locate.h"

enum {
	SWEEP_DOMAINS_MAX = 4,
	SWEEP_SERVICE_ROWS_MAX = 32, /* addresses of one service */
	SWEEP_ROWS_MAX = 128,
	SWEEP_PARALLEL = 12, /* rows that are tried at the same time */
	SWEEP_FINDINGS_MAX = 2 * SWEEP_ROWS_MAX + 32,
};

enum sweep_side {
	SWEEP_POOL,
	SWEEP_PARTNER,
};

enum sweep_kind {
	SWEEP_SIPS_TCP = LOCATE_SIPS_TCP,
	SWEEP_SIP_TCP = LOCATE_SIP_TCP,
	SWEEP_SIP_UDP = LOCATE_SIP_UDP,
	SWEEP_SIP_FEDERATION, /* _sipfederationtls: how others reach the pool; for information */
	SWEEP_XMPPS_CLIENT,
	SWEEP_XMPP_CLIENT,
	SWEEP_XMPPS_SERVER,
	SWEEP_XMPP_SERVER,
	SWEEP_KINDS,
};

/* In which order rows are tried by who wants to get somewhere. */
enum sweep_plan {
	SWEEP_PLAN_SIP,    /* the test's way to the pool */
	SWEEP_PLAN_CLIENT, /* the test's way to the partner */
	SWEEP_PLAN_SERVER, /* the way of other domains' servers to the partner */
	/* Nobody's: something else comes before it, whatever happens. */
	SWEEP_PLAN_NONE = TARGETS_NOBODY,
};

enum sweep_step {
	SWEEP_RESOLVE,
	SWEEP_CONNECT,
	SWEEP_TLS,
	SWEEP_ANSWER, /* to an OPTIONS, or to a stream header */
	SWEEP_STEPS,
};

enum sweep_outcome {
	SWEEP_NOT_TRIED, /* the time was up, or the sweep was interrupted */
	SWEEP_TRYING,
	SWEEP_OK,
	SWEEP_FAILED,
};

struct sweep_fault {
	enum sweep_step step;
	enum reason reason;
	struct text message;
	struct evidence evidence; /* its TLS facts are in the row */
};

/* One address of one host of one service. */
struct sweep_row {
	enum sweep_kind kind;
	enum targets_source source;
	enum sweep_plan plan;
	unsigned rank;              /* of its service in the plan: the lower is tried first */
	uint16_t order;             /* of the NAPTR record */
	uint16_t priority, weight;  /* of the SRV record */
	char service[DNS_NAME_MAX]; /* the name whose SRV records led here; "" for none */
	char host[DNS_NAME_MAX];
	struct addr addr; /* family 0: the host has no address; the fault says why */
	enum transport transport;

	enum sweep_outcome outcome;
	enum sweep_step reached; /* the last step that was begun */
	ts_t took[SWEEP_STEPS];  /* the duration of each; 0 when it was not begun */
	bool connected;          /* TCP; over UDP: a socket could be opened here */
	struct addr local;       /* family 0: not known */
	struct tls_facts tls;    /* version "" and no certificates: none */
	bool has_days;
	int days_left;  /* until the first certificate of the chain ends; below 0: it has */
	int sip_status; /* 0: no answer */
	char sip_reason[64], sip_server[96]; /* Server, or User-Agent */
	struct feature_list features;        /* XMPP */

	unsigned n_faults; /* what a strict client would stop at is the first */
	struct sweep_fault faults[2];

	bool used;               /* a test (plan server: another server) would end up here ... */
	unsigned share_permille; /* ... in so many of 1,000 cases */
	bool passed_over;        /* since those before it cannot be connected to */
	uint32_t weight_sum, n_equals; /* of the hosts among which chance decides; 1: none */
};

enum sweep_severity {
	SWEEP_NOTE,    /* for information; changes nothing */
	SWEEP_WARNING, /* a test would succeed in spite of it */
	SWEEP_FAILURE, /* a test would fail by it; FEDERATION: another server would */
};

/* Findings that are no reason of a failure. */
#define SWEEP_REMARKS(X)                                                                           \
	X(CERTIFICATE_ENDS_SOON, certificate_ends_soon)                                            \
	X(DNS_FALLBACK, dns_fallback)                                                              \
	X(SRV_ALIAS, srv_alias)                                                                    \
	X(ZONE_CUT, zone_cut)                                                                      \
	X(UNFINISHED, sweep_unfinished)

enum sweep_remark {
	SWEEP_REMARK_NONE,
#define SWEEP_REMARK_ENUM(upper, lower) SWEEP_REMARK_##upper,
	SWEEP_REMARKS(SWEEP_REMARK_ENUM)
#undef SWEEP_REMARK_ENUM
};

struct sweep_finding {
	enum sweep_severity severity;
	enum sweep_remark remark;        /* NONE: the fault says all */
	const struct sweep_fault *fault; /* NULL with a remark */
	struct text message;             /* of a remark */
	int row;                         /* -1: about none of them alone */
	unsigned more;                   /* the same of so many other names */
};

/* Sorted: rows as they are tried, by service where nobody would; findings by severity, then as
 * their rows.  The same zone and the same peers give the same order. */
struct sweep_result {
	enum sweep_side side;
	char name[256];
	ts_t duration;
	bool interrupted;
	unsigned n_questions, n_rows, n_findings;
	const struct question *questions;
	const struct sweep_row *rows;
	const struct sweep_finding *findings;
	unsigned n_of[SWEEP_FAILURE + 1]; /* findings, by severity */
	/* Over the limits. */
	unsigned left_out_services, left_out_targets, left_out_addresses;
	unsigned not_tried; /* rows */
};

/* A server may want a name of who opens a stream (RFC 6120 section 4.7.1), and refuses its own:
 * this one is nobody's, RFC 2606 section 2. */
#define SWEEP_NOBODY "stox.invalid"

enum sweep_extent {
	SWEEP_ALL,
	/* Nothing beside what a test would use: no other servers of who is named by hand, and none
	 * for other servers. */
	SWEEP_NARROW,
	/* Partner: only its servers for other servers, and nothing else makes up for them.  It
	 * fails also without records that say there are any, and by a certificate that dialback
	 * could do without. */
	SWEEP_FEDERATION,
};

struct sweep_cfg {
	enum sweep_side side;
	/* All strings are borrowed until sweep_new() returns. */
	struct slice name;   /* the pool's FQDN or the partner's domain: what certificates must be
				for */
	struct slice server; /* pool: the registrar's URI; partner: HOST[:PORT] for clients; ""
				takes what the DNS says */
	struct slice peer_server; /* partner: HOST[:PORT] for other servers, as above */
	uint16_t registrar_port;  /* pool, without `server`: its TLS port */
	struct slice domains[SWEEP_DOMAINS_MAX]; /* pool: whose federation records are looked at */
	unsigned n_domains;
	enum sweep_extent extent;
	struct slice from; /* partner: in whose name servers are spoken to; "" takes SWEEP_NOBODY */
	unsigned trust;
	ts_t timeout;     /* for everything */
	ts_t row_timeout; /* for one row */
};

struct sweep;

/* 0; ERR_CONFIG with a sentence in *why; -ENOMEM. */
int sweep_new(struct sweep **ret, const struct sweep_cfg *cfg, struct rng *rng, ts_t now,
	struct text *why);
struct sweep *sweep_free(struct sweep *s);
struct engine sweep_engine(struct sweep *s);
bool sweep_is_done(const struct sweep *s);
/* When it is done; owned by the sweep. */
const struct sweep_result *sweep_result(const struct sweep *s);

/* 0: all that would be used works; 1: a test would fail by a finding, or (strict) there is a
 * warning; 3: this machine stands in the way, or it was interrupted. */
int sweep_exit_status(const struct sweep_result *r, bool strict);

/* Stable, never translated. */
const char *sweep_side_name(enum sweep_side s);         /* "pool" */
const char *sweep_kind_name(enum sweep_kind k);         /* "_sips._tcp" */
const char *sweep_source_name(enum targets_source s);   /* "naptr" */
const char *sweep_plan_name(enum sweep_plan p);         /* "sip"; "none" */
const char *sweep_step_name(enum sweep_step s);         /* "connect" */
const char *sweep_outcome_name(enum sweep_outcome o);   /* "not_tried" */
const char *sweep_severity_name(enum sweep_severity s); /* "warning" */
const char *sweep_remark_id(enum sweep_remark r);       /* "zone_cut" */
bool sweep_kind_is_xmpp(enum sweep_kind k);
