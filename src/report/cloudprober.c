/* What cloudprober's EXTERNAL probe takes from standard output: one figure a line.  Its own labels
 * (ptype, probe, dst) say whose it is. */
#include "report/private.h"

static void begin(struct metric_sink *sink)
{
	(void)sink;
}

/* Its reader ends the labels at the first `}` and takes no escapes back. */
static void put_value(struct buf *b, const char *value)
{
	struct buf clean;

	buf_init(&clean, 8192);
	text_put_clean(&clean, slice_str(value));
	const struct slice s = buf_slice(&clean);
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		const bool is_safe = slice_chr(SLICE("{}\"\\"), s.p[i]) == 4;

		buf_putc(b, is_safe ? s.p[i] : '_');
	}
	buf_putc(b, '"');
	buf_done(&clean);
}

static void sample(
	struct metric_sink *sink, const struct metric_label *labels, size_t n_labels, double value)
{
	struct buf *b = sink->b;

	buf_puts(b, sink->family->name);
	for (size_t i = 0; i < n_labels; i++) {
		buf_printf(b, "%s%s=", i ? "," : "{", labels[i].name);
		put_value(b, labels[i].value);
	}
	buf_printf(b, "%s %.6f\n", n_labels ? "}" : "", value);
}

int report_cloudprober(struct buf *b, const struct report_run *run)
{
	struct metric_sink sink = { .b = b, .run = run, .begin = begin, .sample = sample };

	report_put_metrics(&sink);
	return buf_err(b);
}
