#include "watcher/probe_figures.h"

#include <inttypes.h>

static void begin(struct buf *b, const char *name, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void put_seconds(struct buf *b, ts_t t)
{
	buf_printf(b, " %" PRIu64 ".%06u\n", t / 1000000, (unsigned)(t % 1000000));
}

static void put_time(struct buf *b, const char *name, const char *help, ts_t t)
{
	begin(b, name, help);
	buf_puts(b, name);
	put_seconds(b, t);
}

static void put_number(struct buf *b, const char *name, const char *help, int64_t n)
{
	begin(b, name, help);
	buf_printf(b, "%s %" PRId64 "\n", name, n);
}

/* ---- of a sweep ---- */

/* The one that a test would end up at; else the first one that was tried. */
static const struct sweep_row *row_of(const struct sweep_result *r)
{
	const struct sweep_row *tried = NULL;

	for (unsigned i = 0; i < r->n_rows; i++) {
		const struct sweep_row *row = &r->rows[i];

		if (row->used)
			return row;
		if (!tried && row->outcome != SWEEP_NOT_TRIED)
			tried = row;
	}
	return tried;
}

static void put_steps(struct buf *b, const struct sweep_row *row)
{
	const char *side = sweep_kind_is_xmpp(row->kind) ? "xmpp" : "sip";

	buf_printf(b,
		"# HELP probe_%s_duration_seconds Duration of each step.\n"
		"# TYPE probe_%s_duration_seconds gauge\n",
		side, side);
	for (unsigned i = 0; i <= row->reached && i < SWEEP_STEPS; i++) {
		if (i == SWEEP_TLS && !row->took[i])
			continue;
		buf_printf(b, "probe_%s_duration_seconds{phase=\"%s\"}", side,
			sweep_step_name((enum sweep_step)i));
		put_seconds(b, row->took[i]);
	}
}

static void put_tls(struct buf *b, const struct tls_facts *t)
{
	int64_t earliest = INT64_MAX;

	for (unsigned i = 0; i < t->n_certs; i++)
		if (t->certs[i].not_after < earliest)
			earliest = t->certs[i].not_after;
	if (t->n_certs)
		put_number(b, "probe_ssl_earliest_cert_expiry",
			"Earliest end of a certificate of the chain, in seconds since 1970.",
			earliest);
	if (!t->version[0])
		return;
	begin(b, "probe_tls_version_info", "TLS version of the connection.");
	buf_printf(b, "probe_tls_version_info{version=\"%s\"} 1\n", report_tls_version(t->version));
}

static void put_row(struct buf *b, const struct sweep_row *row)
{
	put_time(b, "probe_dns_lookup_time_seconds", "Time taken to find the server.",
		row->took[SWEEP_RESOLVE]);
	if (row->addr.family)
		put_number(b, "probe_ip_protocol", "IP version of the connection: 4 or 6.",
			row->addr.family);
	put_steps(b, row);
	if (row->sip_status)
		put_number(b, "probe_sip_status_code", "Status of the answer to the OPTIONS.",
			row->sip_status);
	put_tls(b, &row->tls);
}

/* ---- all ---- */

static void put_failure(struct buf *b, const struct probe_figures *f)
{
	const struct sweep_row *row = f->sweep ? row_of(f->sweep) : NULL;

	if (f->has_passed)
		return;
	begin(b, "probe_failure_info", "Where and why the probe failed.");
	buf_printf(b, "probe_failure_info{phase=\"%s\",reason=\"%s\"} 1\n",
		row ? sweep_step_name(row->reached) : "", reason_id(f->reason));
}

int probe_figures_put(struct buf *b, const struct probe_figures *f)
{
	put_time(b, "probe_timeout_seconds", "How long the probe was allowed to take.", f->timeout);
	if (f->test) {
		const struct report_run run = { .result = f->test };

		return report_probe(b, &run);
	}
	put_number(b, "probe_success", "Whether the probe succeeded.", f->has_passed);
	put_time(b, "probe_duration_seconds", "How long the probe took.", f->took);
	put_failure(b, f);
	const struct sweep_row *row = f->sweep ? row_of(f->sweep) : NULL;
	if (row)
		put_row(b, row);
	return buf_err(b);
}
