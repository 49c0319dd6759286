/* samples.h - results made by hand, one of each kind: what the forms of a report are tried on. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "report/report.h"

static const struct addr sample_pool = { .family = 4, .port = 5061, .ip = { 192, 0, 2, 1 } };
static const struct addr sample_partner = {
	.family = 6, .port = 5222, .ip = { 0x20, 1, 0xd, 0xb8, [15] = 2 }
};
static const struct addr sample_dns = { .family = 4, .port = 53, .ip = { 192, 0, 2, 53 } };

#define SAMPLE_STARTED INT64_C(1795645740123456) /* 2026-11-25T22:29:00.123456Z */

static inline void sample_phase(struct probe_result *r, enum probe_phase phase,
	enum phase_outcome outcome, unsigned from_us, unsigned us)
{
	r->phases[phase].outcome = outcome;
	r->phases[phase].started = from_us;
	r->phases[phase].duration = us;
}

static inline void sample_at(
	struct probe_result *r, enum probe_phase phase, const struct addr *a, enum transport t)
{
	r->phases[phase].address = *a;
	r->phases[phase].transport = t;
}

static inline void sample_tls(struct tls_facts *t, unsigned faults)
{
	strcpy(t->version, "TLSv1.3");
	strcpy(t->cipher, "TLS_AES_256_GCM_SHA384");
	t->faults = faults;
	t->n_certs = 2;
	t->certs[0] = (struct tls_cert){ .subject = "CN=pool.litware.test",
		.issuer = "CN=Litware CA",
		.not_before = 1790000000,
		.not_after = 1800000000,
		.faults = faults };
	t->certs[1] = (struct tls_cert){ .depth = 1,
		.subject = "CN=Litware CA",
		.issuer = "CN=Litware CA",
		.not_before = 1700000000,
		.not_after = 1900000000 };
	tls_add_name(t, &t->certs[0], TLS_NAME_DNS, SLICE("pool.litware.test"));
	tls_add_name(t, &t->certs[0], TLS_NAME_DNS, SLICE("litware.test"));
	t->alert = -1;
}

static inline void sample_success(struct probe_result *r)
{
	strcpy(r->target_fqdn, "pool.litware.test");
	strcpy(r->user, "pilar@litware.test");
	strcpy(r->receiver, "adelany@contoso.test");
	r->success = true;
	r->proof = PROOF_ANSWERED;
	r->latency = 12536;
	r->rounds_done = 1;
	sample_phase(r, PHASE_SIP_RESOLVE, PHASE_OK, 0, 1500);
	r->phases[PHASE_SIP_RESOLVE].detail =
		TEXT("{1} -> {2}:{3};transport={4}", text_str("NAPTR, SRV"),
			text_str("pool1.litware.test"), text_u64(5061), text_str("tls"));
	sample_phase(r, PHASE_SIP_CONNECT, PHASE_OK, 1500, 250);
	sample_at(r, PHASE_SIP_CONNECT, &sample_pool, TRANSPORT_TLS);
	sample_phase(r, PHASE_SIP_TLS, PHASE_OK, 1750, 2250);
	sample_at(r, PHASE_SIP_TLS, &sample_pool, TRANSPORT_TLS);
	sample_phase(r, PHASE_SIP_REGISTER, PHASE_OK, 4000, 2600);
	sample_phase(r, PHASE_SIP_SEND, PHASE_OK, 9000, 1000);
	sample_phase(r, PHASE_XMPP_RESOLVE, PHASE_SKIPPED, 0, 0);
	sample_phase(r, PHASE_XMPP_CONNECT, PHASE_OK, 0, 300);
	sample_at(r, PHASE_XMPP_CONNECT, &sample_partner, TRANSPORT_TCP);
	sample_phase(r, PHASE_XMPP_TLS, PHASE_OK, 300, 4700);
	sample_phase(r, PHASE_XMPP_AUTH, PHASE_OK, 5000, 3500);
	r->phases[PHASE_XMPP_AUTH].detail = TEXT_PLAIN("SCRAM-SHA-256-PLUS tls-exporter");
	sample_phase(r, PHASE_XMPP_BIND, PHASE_OK, 8500, 200);
	sample_phase(r, PHASE_DELIVER, PHASE_OK, 9000, 2000);
	sample_phase(r, PHASE_ANSWER, PHASE_OK, 11000, 1536);
	sample_phase(r, PHASE_SETTLE, PHASE_OK, 12536, 0);
	sample_phase(r, PHASE_CLEANUP, PHASE_OK, 12536, 400);
	sample_tls(&r->tls[SIDE_SIP], 0);
	sample_tls(&r->tls[SIDE_XMPP], 0);
	strcpy(r->tls[SIDE_XMPP].version, "TLSv1.2");
}

/* Everything before `phase` went well, nothing behind it was reached. */
static inline void sample_fail(
	struct probe_result *r, enum probe_phase phase, enum reason reason, struct text message)
{
	sample_success(r);
	r->success = false;
	r->phase = phase;
	r->reason = reason;
	r->message = message;
	r->proof = phase >= PHASE_DELIVER ? PROOF_ACCEPTED : PROOF_NONE;
	r->phases[phase].outcome = PHASE_FAILED;
	for (unsigned i = phase + 1; i < PHASE_CLEANUP; i++)
		r->phases[i] = (struct probe_phase_result){ .outcome = PHASE_NOT_RUN };
	if (phase < PHASE_XMPP_RESOLVE)
		sample_phase(r, PHASE_XMPP_CONNECT, PHASE_STOPPED, 0, 300);
	if (phase < PHASE_SIP_TLS)
		memset(&r->tls[SIDE_SIP], 0, sizeof(r->tls[SIDE_SIP]));
	memset(&r->tls[SIDE_XMPP], 0, sizeof(r->tls[SIDE_XMPP]));
}

static inline void sample_refused(struct probe_result *r)
{
	struct evidence *e = &r->evidence;

	sample_fail(r, PHASE_SIP_SEND, REASON_SIP_PARTNER_NOT_ALLOWED,
		TEXT(N_("{1} is not an allowed partner of the gateway ({2} {3}, ms-diagnostics "
			"{4})."),
			text_str("contoso.test"), text_u64(403), text_str("Not An Allowed Partner"),
			text_u64(1005)));
	e->address = sample_pool;
	e->sip_status = 403;
	strcpy(e->sip_reason, "Not An Allowed Partner");
	e->n_headers = 2;
	strcpy(e->headers[0].name, "ms-diagnostics");
	strcpy(e->headers[0].value, "1005;reason=\"Cannot route\";source=\"gw.litware.test\"");
	strcpy(e->headers[1].name, "Retry-After");
	strcpy(e->headers[1].value, "30");
	e->has_diagnostics = true;
	e->diagnostics_code = 1005;
	strcpy(e->diagnostics_source, "gw.litware.test");
	strcpy(e->diagnostics_reason, "Cannot route");
	e->has_retry_after = true;
	e->retry_after_s = 30;
}

static inline void sample_no_name(struct probe_result *r)
{
	struct evidence *e = &r->evidence;

	sample_fail(r, PHASE_SIP_RESOLVE, REASON_DNS_TIMEOUT,
		TEXT(N_("{1} ({2}) could not be looked up: {3} does not answer."),
			text_str("pool.litware.test"), text_str("A"), text_addr(&sample_dns)));
	e->has_dns = true;
	strcpy(e->dns_name, "pool.litware.test");
	e->dns_type = DNS_A;
	e->dns_status = DNS_TIMEOUT;
	e->dns_server = sample_dns;
}

static inline void sample_no_connection(struct probe_result *r)
{
	sample_fail(r, PHASE_SIP_CONNECT, REASON_TCP_REFUSED,
		TEXT(N_("No connection to {1}: {2}."), text_addr(&sample_pool),
			text_errno(ECONNREFUSED)));
	r->evidence.address = sample_pool;
	r->evidence.err = ECONNREFUSED;
	r->n_notes = 1;
	r->notes[0] = (struct probe_note){ .note = NOTE_DNS_FALLBACK,
		.is_cause = true,
		.text = TEXT(N_("{1} has no NAPTR or SRV records: port {2} over {3} was taken"),
			text_str("pool.litware.test"), text_u64(5061), text_str("tls")) };
}

static inline void sample_expired(struct probe_result *r)
{
	sample_fail(r, PHASE_SIP_TLS, REASON_TLS_CERT_EXPIRED,
		TEXT(N_("The certificate of {1} expired on {2}."), text_str("pool.litware.test"),
			text_date(1800000000)));
	sample_tls(&r->tls[SIDE_SIP], TLS_FAULT_EXPIRED | TLS_FAULT_NAME);
	strcpy(r->tls[SIDE_SIP].certs[0].error, "certificate has expired");
	r->tls[SIDE_SIP].failure = TLS_FAILURE_CERTIFICATE;
	r->evidence.has_tls = true;
	r->evidence.tls_side = SIDE_SIP;
}

static inline void sample_alert(struct probe_result *r)
{
	sample_fail(r, PHASE_XMPP_TLS, REASON_TLS_VERSION_UNSUPPORTED,
		TEXT(N_("{1} speaks none of our TLS versions."), text_addr(&sample_partner)));
	r->tls[SIDE_XMPP].failure = TLS_FAILURE_ALERT;
	r->tls[SIDE_XMPP].alert = 70;
	strcpy(r->tls[SIDE_XMPP].detail, "tlsv1 alert protocol version");
	r->evidence.has_tls = true;
	r->evidence.tls_side = SIDE_XMPP;
}

static inline void sample_bounced(struct probe_result *r)
{
	sample_fail(r, PHASE_ANSWER, REASON_XMPP_ANSWER_BOUNCED,
		TEXT(N_("The answer to {1} came back as an error: {2}."),
			text_str("pilar@litware.test"), text_str("remote-server-timeout")));
	r->proof = PROOF_DELIVERED;
	strcpy(r->evidence.xmpp_condition, "remote-server-timeout");
	strcpy(r->evidence.xmpp_text, "The pool does not answer");
}

static inline void sample_unparsable(struct probe_result *r)
{
	sample_fail(r, PHASE_XMPP_AUTH, REASON_XMPP_UNPARSABLE,
		TEXT(N_("What the XMPP server {1} sent is no XML."), text_addr(&sample_partner)));
	r->evidence.what = "not well-formed (invalid token)";
	r->evidence.offset = 17;
}

static inline void sample_lost(struct probe_result *r)
{
	sample_fail(r, PHASE_DELIVER, REASON_IM_NOT_DELIVERED,
		TEXT(N_("The message was accepted, but did not arrive at {1} within {2} s."),
			text_str("adelany@contoso.test"), text_seconds(TS_S(10))));
	r->latency = TS_S(10);
	sample_phase(r, PHASE_CLEANUP, PHASE_FAILED, TS_S(10), TS_S(1));
}

static inline void sample_interrupted(struct probe_result *r)
{
	sample_fail(r, PHASE_SIP_REGISTER, REASON_LOCAL_INTERRUPTED,
		TEXT(N_("The test was interrupted in phase {1}."), text_str("sip.register")));
}

static inline void sample_unproved(struct probe_result *r)
{
	sample_success(r);
	r->proof = PROOF_ACCEPTED;
	for (unsigned i = PHASE_XMPP_RESOLVE; i < PHASE_CLEANUP; i++)
		r->phases[i] = (struct probe_phase_result){ .outcome = PHASE_NOT_RUN };
	memset(&r->tls[SIDE_XMPP], 0, sizeof(r->tls[SIDE_XMPP]));
	r->n_notes = NOTE_COUNT;
	for (unsigned i = 0; i < NOTE_COUNT; i++)
		r->notes[i] = (struct probe_note){ .note = (enum note)i,
			.text = TEXT(
				N_("what was noticed: {1}"), text_str(note_id((enum note)i))) };
}

static inline void sample_rounds(struct probe_result *r)
{
	const struct probe_stats s = {
		.n = 50, .min = 400, .median = 500, .p95 = 800, .max = 2000000
	};

	sample_success(r);
	r->latency = TS_S(4);
	r->rounds_done = 50;
	r->send = r->deliver = r->answer = r->round = s;
}

/* What ends a string, a line, an element, a label, a comment, a block in one form or another. */
#define SAMPLE_HOSTILE                                                                             \
	"\"'\\<&>]]>{}|,=#;:%\n...\nnot ok 1\n# TYPE x\t\r\x1b[31m\x01\x7f\xc3\x28\xed\xa0\x80"    \
	"\xef\xbf\xbf\xc3\xa9"

static inline void sample_hostile(struct probe_result *r)
{
	struct evidence *e = &r->evidence;

	sample_fail(r, PHASE_SIP_REGISTER, REASON_SIP_FORBIDDEN,
		TEXT(N_("The pool forbids {1} to sign in ({2} {3})."), text_str(SAMPLE_HOSTILE),
			text_u64(403), text_str(SAMPLE_HOSTILE)));
	strcpy(r->target_fqdn, SAMPLE_HOSTILE);
	strcpy(r->user, SAMPLE_HOSTILE);
	strcpy(r->receiver, "a@" SAMPLE_HOSTILE);
	strcpy(r->tls[SIDE_SIP].cipher, "cut in the middle \xc3");
	strcpy(r->tls[SIDE_SIP].certs[0].subject, SAMPLE_HOSTILE);
	tls_add_name(&r->tls[SIDE_SIP], &r->tls[SIDE_SIP].certs[0], TLS_NAME_DNS,
		SLICE(SAMPLE_HOSTILE "\0more"));
	r->phases[PHASE_SIP_CONNECT].detail = TEXT("{1}", text_str(SAMPLE_HOSTILE));
	r->n_notes = 1;
	r->notes[0] = (struct probe_note){ .note = NOTE_EARLIER_MESSAGE,
		.text = TEXT("{1}", text_str(SAMPLE_HOSTILE)) };
	e->sip_status = 403;
	strcpy(e->sip_reason, SAMPLE_HOSTILE);
	e->n_headers = 1;
	strcpy(e->headers[0].name, "Warning");
	strcpy(e->headers[0].value, SAMPLE_HOSTILE);
	e->has_diagnostics = true;
	e->diagnostics_code = 1;
	strcpy(e->diagnostics_reason, SAMPLE_HOSTILE);
	e->has_tls = true;
	e->has_dns = true;
	strcpy(e->dns_name, SAMPLE_HOSTILE);
	strcpy(e->xmpp_text, SAMPLE_HOSTILE);
}

struct sample {
	const char *name;
	void (*fill)(struct probe_result *r);
	ts_t max_latency; /* 0: none */
	int exit_status, plugin_status;
};

static const struct sample samples[] = {
	{ "success", sample_success, 0, 0, 0 },
	{ "under-the-limit", sample_success, TS_S(1), 0, 0 },
	{ "over-the-limit", sample_success, TS_MS(10), 4, 0 },
	{ "unproved", sample_unproved, 0, 0, 0 },
	{ "rounds", sample_rounds, TS_S(1), 4, 0 },
	{ "refused", sample_refused, 0, 1, 2 },
	{ "no-name", sample_no_name, 0, 1, 2 },
	{ "no-connection", sample_no_connection, TS_S(1), 1, 2 },
	{ "expired", sample_expired, 0, 1, 2 },
	{ "alert", sample_alert, 0, 1, 2 },
	{ "bounced", sample_bounced, 0, 1, 2 },
	{ "unparsable", sample_unparsable, 0, 1, 2 },
	{ "lost", sample_lost, 0, 1, 2 },
	{ "interrupted", sample_interrupted, 0, 3, 3 },
	{ "hostile", sample_hostile, 0, 1, 2 },
};

/* `r` is filled and must live as long as the run. */
static inline struct report_run sample_run(const struct sample *s, struct probe_result *r)
{
	*r = (struct probe_result){ 0 };
	s->fill(r);
	return (struct report_run){
		.result = r, .started_at_us = SAMPLE_STARTED, .max_latency = s->max_latency
	};
}

static inline const struct sample *sample_named(const char *name)
{
	for (size_t i = 0; i < COUNT(samples); i++)
		if (strcmp(samples[i].name, name) == 0)
			return &samples[i];
	return NULL;
}

enum { SAMPLE_TEXT = 256 << 10 };

/* One form of one sample, in a buffer of the caller. */
static inline int sample_put(const char *name, report_fn *put, struct buf *b)
{
	struct probe_result r;
	const struct report_run run = sample_run(sample_named(name), &r);

	buf_init(b, SAMPLE_TEXT);
	return put(b, &run);
}
