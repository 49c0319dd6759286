/* The figures of a test as families of samples.  Where blackbox_exporter has a name it is taken, so
 * that dashboards and alerts written for that one find it; what is of a connection has the label
 * `side`, since a test has two. */
#include <string.h>

#include "base/mem.h"
#include "report/private.h"

static const char *const side_names[] = { [SIDE_SIP] = "sip", [SIDE_XMPP] = "xmpp" };

static void put(struct metric_sink *sink, const struct metric_label *labels, size_t n, double value)
{
	if (!sink->begun)
		sink->begin(sink);
	sink->begun = true;
	sink->sample(sink, labels, n, value);
}

static void put_plain(struct metric_sink *sink, double value)
{
	put(sink, NULL, 0, value);
}

static void put_one(struct metric_sink *sink, const char *name, const char *value, double v)
{
	put(sink, &(struct metric_label){ name, value }, 1, v);
}

static double seconds(ts_t t)
{
	return (double)t / 1e6;
}

/* ---- the whole ---- */

static void put_success(struct metric_sink *sink, const struct report_run *run)
{
	put_plain(sink, run->result->success);
}

static void put_duration(struct metric_sink *sink, const struct report_run *run)
{
	put_plain(sink, seconds(run->result->latency));
}

static void put_limit(struct metric_sink *sink, const struct report_run *run)
{
	if (run->max_latency)
		put_plain(sink, seconds(run->max_latency));
}

static void put_failure(struct metric_sink *sink, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	if (!r->success)
		put(sink,
			(const struct metric_label[]){ { "phase", phase_name(r->phase) },
				{ "reason", reason_id(r->reason) } },
			2, 1);
}

static void put_proof(struct metric_sink *sink, const struct report_run *run)
{
	put_plain(sink, run->result->proof);
}

static void put_notes(struct metric_sink *sink, const struct report_run *run)
{
	const struct probe_result *r = run->result;
	bool told[NOTE_COUNT] = { false };

	for (unsigned i = 0; i < r->n_notes; i++) {
		if (!told[r->notes[i].note])
			put_one(sink, "warning", note_id(r->notes[i].note), 1);
		told[r->notes[i].note] = true;
	}
}

static void put_sip_status(struct metric_sink *sink, const struct report_run *run)
{
	if (run->result->evidence.sip_status)
		put_plain(sink, run->result->evidence.sip_status);
}

/* ---- phases ---- */

static bool took_time(const struct probe_phase_result *p)
{
	return p->outcome != PHASE_NOT_RUN && p->outcome != PHASE_SKIPPED;
}

static void put_phases(struct metric_sink *sink, const struct report_run *run)
{
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		if (took_time(&run->result->phases[i]))
			put_one(sink, "phase", phase_name((enum probe_phase)i),
				seconds(run->result->phases[i].duration));
}

static void put_lookups(struct metric_sink *sink, const struct report_run *run)
{
	static const enum probe_phase phases[] = {
		[SIDE_SIP] = PHASE_SIP_RESOLVE, [SIDE_XMPP] = PHASE_XMPP_RESOLVE
	};

	for (unsigned i = 0; i < SIDES; i++)
		if (took_time(&run->result->phases[phases[i]]))
			put_one(sink, "side", side_names[i],
				seconds(run->result->phases[phases[i]].duration));
}

static void put_families(struct metric_sink *sink, const struct report_run *run)
{
	static const enum probe_phase phases[] = {
		[SIDE_SIP] = PHASE_SIP_CONNECT, [SIDE_XMPP] = PHASE_XMPP_CONNECT
	};

	for (unsigned i = 0; i < SIDES; i++)
		if (run->result->phases[phases[i]].address.family)
			put_one(sink, "side", side_names[i],
				run->result->phases[phases[i]].address.family);
}

/* ---- TLS ---- */

static void put_expiry(struct metric_sink *sink, const struct report_run *run)
{
	for (unsigned i = 0; i < SIDES; i++) {
		const struct tls_facts *t = &run->result->tls[i];
		int64_t earliest = INT64_MAX;

		for (unsigned k = 0; k < t->n_certs; k++)
			if (t->certs[k].not_after < earliest)
				earliest = t->certs[k].not_after;
		if (t->n_certs)
			put_one(sink, "side", side_names[i], (double)earliest);
	}
}

static void put_side_and(
	struct metric_sink *sink, enum probe_side side, const char *name, const char *value)
{
	put(sink, (const struct metric_label[]){ { "side", side_names[side] }, { name, value } }, 2,
		1);
}

/* OpenSSL's "TLSv1.3" in the words of blackbox_exporter. */
const char *report_tls_version(const char *openssl)
{
	static const struct {
		const char *openssl, *name;
	} names[] = {
		{ "TLSv1.3", "TLS 1.3" },
		{ "TLSv1.2", "TLS 1.2" },
		{ "TLSv1.1", "TLS 1.1" },
		{ "TLSv1", "TLS 1.0" },
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(names[i].openssl, openssl) == 0)
			return names[i].name;
	return openssl;
}

static void put_version(struct metric_sink *sink, const struct report_run *run)
{
	for (unsigned i = 0; i < SIDES; i++)
		if (run->result->tls[i].version[0])
			put_side_and(sink, (enum probe_side)i, "version",
				report_tls_version(run->result->tls[i].version));
}

static void put_cipher(struct metric_sink *sink, const struct report_run *run)
{
	for (unsigned i = 0; i < SIDES; i++)
		if (run->result->tls[i].cipher[0])
			put_side_and(
				sink, (enum probe_side)i, "cipher", run->result->tls[i].cipher);
}

/* ---- several round trips ---- */

static void put_rounds(struct metric_sink *sink, const struct report_run *run)
{
	if (run->result->round.n)
		put_plain(sink, run->result->rounds_done);
}

static void put_stats(struct metric_sink *sink, const char *part, const struct probe_stats *s)
{
	const struct {
		const char *name;
		ts_t value;
	} rows[] = { { "min", s->min }, { "median", s->median }, { "p95", s->p95 },
		{ "max", s->max } };

	for (size_t i = 0; s->n && i < COUNT(rows); i++)
		put(sink,
			(const struct metric_label[]){
				{ "part", part }, { "statistic", rows[i].name } },
			2, seconds(rows[i].value));
}

static void put_all_stats(struct metric_sink *sink, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	put_stats(sink, "send", &r->send);
	put_stats(sink, "deliver", &r->deliver);
	put_stats(sink, "answer", &r->answer);
	put_stats(sink, "round", &r->round);
}

/* ---- the list ---- */

static const struct metric_family families[] = {
	{ "probe_success", "Whether the message was carried across and back.", put_success },
	{ "probe_duration_seconds", "How long the test took, clean-up not counted.", put_duration },
	{ "probe_failure_info", "Where and why the test failed; not there when it did not.",
		put_failure },
	{ "probe_stox_proof_level",
		"What was proved: 0 nothing, 1 accepted, 2 delivered, 3 answered.", put_proof },
	{ "probe_stox_duration_seconds", "Duration of each phase that was run.", put_phases },
	{ "probe_stox_latency_limit_seconds", "The limit that was set.", put_limit },
	{ "probe_stox_warning_info", "What was noticed on the way.", put_notes },
	{ "probe_stox_rounds", "Round trips that were done.", put_rounds },
	{ "probe_stox_round_seconds", "Figures of several round trips.", put_all_stats },
	{ "probe_sip_status_code", "Status of the SIP response that the test failed with.",
		put_sip_status },
	{ "probe_dns_lookup_time_seconds", "Time taken to find a side's server.", put_lookups },
	{ "probe_ip_protocol", "IP version of the connection: 4 or 6.", put_families },
	{ "probe_ssl_earliest_cert_expiry",
		"Earliest end of a certificate of the chain, in seconds since 1970.", put_expiry },
	{ "probe_tls_version_info", "TLS version of the connection.", put_version },
	{ "probe_tls_cipher_info", "TLS cipher of the connection.", put_cipher },
};

void report_put_metrics(struct metric_sink *sink)
{
	for (size_t i = 0; i < COUNT(families); i++) {
		sink->family = &families[i];
		sink->begun = false;
		families[i].put(sink, sink->run);
	}
}
