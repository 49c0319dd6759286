/* Prometheus' text format 0.0.4.  In a file nobody adds labels: each sample says whose it is, so
 * that files of several tests can lie in one folder of a textfile collector. */
#include "report/private.h"

static void begin(struct metric_sink *sink)
{
	buf_printf(sink->b, "# HELP %s %s\n# TYPE %s gauge\n", sink->family->name,
		sink->family->help, sink->family->name);
}

/* The value is in quotes: \, " and the line's end are escaped; the latter is never left. */
static void put_label(struct buf *b, const char *name, const char *value)
{
	struct buf clean;

	buf_init(&clean, 8192);
	text_put_clean(&clean, slice_str(value));
	const struct slice s = buf_slice(&clean);
	buf_printf(b, "%s=\"", name);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' || s.p[i] == '"')
			buf_putc(b, '\\');
		buf_putc(b, s.p[i]);
	}
	buf_putc(b, '"');
	buf_done(&clean);
}

static void put_value(struct buf *b, double value)
{
	buf_printf(b, " %.*f\n", value == (double)(int64_t)value ? 0 : 6, value);
}

static void sample(
	struct metric_sink *sink, const struct metric_label *labels, size_t n_labels, double value)
{
	const struct probe_result *r = sink->run->result;
	struct buf *b = sink->b;

	buf_printf(b, "%s{", sink->family->name);
	put_label(b, "target", r->target_fqdn);
	buf_putc(b, ',');
	put_label(b, "user", r->user);
	buf_putc(b, ',');
	put_label(b, "receiver", r->receiver);
	for (size_t i = 0; i < n_labels; i++) {
		buf_putc(b, ',');
		put_label(b, labels[i].name, labels[i].value);
	}
	buf_putc(b, '}');
	put_value(b, value);
}

static void bare_sample(
	struct metric_sink *sink, const struct metric_label *labels, size_t n_labels, double value)
{
	struct buf *b = sink->b;

	buf_puts(b, sink->family->name);
	for (size_t i = 0; i < n_labels; i++) {
		buf_putc(b, i ? ',' : '{');
		put_label(b, labels[i].name, labels[i].value);
	}
	buf_puts(b, n_labels ? "}" : "");
	put_value(b, value);
}

int report_prometheus(struct buf *b, const struct report_run *run)
{
	struct metric_sink sink = { .b = b, .run = run, .begin = begin, .sample = sample };

	report_put_metrics(&sink);
	return buf_err(b);
}

int report_probe(struct buf *b, const struct report_run *run)
{
	struct metric_sink sink = { .b = b, .run = run, .begin = begin, .sample = bare_sample };

	report_put_metrics(&sink);
	return buf_err(b);
}
