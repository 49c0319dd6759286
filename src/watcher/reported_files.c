/* The report as CSV and as JSON. */
#include <errno.h>
#include <jansson.h>

#include "base/mem.h"
#include "page/format.h"
#include "watcher/reported.h"
#include "watcher/shown.h"

/* ---- CSV ---- */

/* RFC 4180 section 2: in quotes where it has to be. */
static void put_text(struct buf *b, const char *s)
{
	const struct slice text = slice_str(s);
	bool is_plain = true;

	for (size_t i = 0; i < text.n; i++)
		is_plain &= text.p[i] >= ' ' && text.p[i] != '"' && text.p[i] != ',';
	if (is_plain) {
		buf_put(b, text);
		return;
	}
	buf_putc(b, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"')
			buf_putc(b, '"');
		buf_putc(b, text.p[i]);
	}
	buf_putc(b, '"');
}

/* Empty where nothing was measured. */
static void put_seconds(struct buf *b, int64_t us)
{
	buf_putc(b, ',');
	if (us != STORE_NONE)
		buf_printf(b, "%lld.%06lld", (long long)(us / 1000000), (long long)(us % 1000000));
}

static void put_ratio(struct buf *b, uint64_t passed, uint64_t judged)
{
	buf_putc(b, ',');
	if (judged)
		buf_printf(b, "%.6f", (double)passed / (double)judged);
}

static uint64_t sum_of(const struct store_counts *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WATCH_STATES; i++)
		n += c->n[i];
	return n;
}

static int64_t repair_of(const struct store_report_test *t)
{
	return t->ended ? t->repair_us / t->ended : STORE_NONE;
}

static void put_row(struct buf *b, const struct store_name *n, const struct store_report_test *t)
{
	const struct page_share share = shown_share(&t->counts);
	const char *const texts[] = { n->kind, n->pool, n->partner, n->direction, n->location };
	const uint64_t counts[] = { sum_of(&t->counts), share.passed, t->counts.n[WATCH_FAILED],
		t->counts.n[WATCH_UNSTABLE], t->counts.n[WATCH_UNKNOWN],
		t->counts.n[WATCH_MAINTENANCE] };

	for (size_t i = 0; i < COUNT(texts); i++) {
		buf_puts(b, i ? "," : "");
		put_text(b, texts[i]);
	}
	for (size_t i = 0; i < COUNT(counts); i++) {
		buf_putc(b, ',');
		buf_putu(b, counts[i]);
	}
	put_ratio(b, share.passed, share.judged);
	put_ratio(b, share.passed, share.judged + t->counts.n[WATCH_MAINTENANCE]);
	buf_printf(b, ",%u", t->incidents);
	put_seconds(b, t->bad_us);
	put_seconds(b, repair_of(t));
	put_seconds(b, t->p50_us);
	put_seconds(b, t->p95_us);
	put_seconds(b, t->p99_us);
	buf_puts(b, "\r\n");
}

void reported_put_csv(struct buf *b, const struct reported_cfg *cfg)
{
	buf_puts(b, "kind,pool,partner,direction,location,runs,passed,failed,unstable,unknown,"
		    "maintenance,available,available_with_maintenance,incidents,down_seconds,"
		    "repair_mean_seconds,p50_seconds,p95_seconds,p99_seconds\r\n");
	for (size_t i = 0; i < cfg->report->n; i++) {
		const struct store_report_test *t = &cfg->report->tests[i];
		const struct store_name *n = reported_name(cfg->names, t->test_id);

		if (n)
			put_row(b, n, t);
	}
}

/* ---- JSON ---- */

static json_t *seconds(int64_t us)
{
	return us == STORE_NONE ? json_null() : json_real((double)us / 1e6);
}

static json_t *moment(int64_t at)
{
	uint8_t room[64];
	struct buf b;

	if (!at)
		return json_null();
	buf_init_in(&b, room, sizeof(room));
	format_utc(&b, at);
	return json_string(buf_cstr(&b));
}

static json_t *ratio(uint64_t passed, uint64_t judged)
{
	return judged ? json_real((double)passed / (double)judged) : json_null();
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *name(const struct store_name *n)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "kind", n->kind, "pool", n->pool, "partner",
		n->partner, "direction", n->direction, "location", n->location);
}

static json_t *test(const struct store_name *n, const struct store_report_test *t)
{
	const struct page_share share = shown_share(&t->counts);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, "
			 "s:o}",
		"test", name(n), "runs", number(sum_of(&t->counts)), "passed", number(share.passed),
		"failed", number(t->counts.n[WATCH_FAILED]), "unstable",
		number(t->counts.n[WATCH_UNSTABLE]), "unknown", number(t->counts.n[WATCH_UNKNOWN]),
		"maintenance", number(t->counts.n[WATCH_MAINTENANCE]), "available",
		ratio(share.passed, share.judged), "available_with_maintenance",
		ratio(share.passed, share.judged + t->counts.n[WATCH_MAINTENANCE]), "incidents",
		(int)t->incidents, "down_seconds", seconds(t->bad_us), "repair_mean_seconds",
		seconds(repair_of(t)), "p50_seconds", seconds(t->p50_us), "p95_seconds",
		seconds(t->p95_us), "p99_seconds", seconds(t->p99_us));
}

static json_t *tests(const struct reported_cfg *cfg)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cfg->report->n; i++) {
		const struct store_report_test *t = &cfg->report->tests[i];
		const struct store_name *n = reported_name(cfg->names, t->test_id);

		if (n)
			json_array_append_new(list, test(n, t));
	}
	return list;
}

static json_t *incidents(const struct reported_cfg *cfg)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cfg->report->n_worst; i++) {
		const struct store_incident *one = &cfg->report->worst[i];
		const struct store_name *n = reported_name(cfg->names, one->test_id);

		if (!n)
			continue;
		json_array_append_new(list,
			json_pack("{s:I, s:o, s:o, s:o, s:s, s:i, s:i}", "incident",
				(json_int_t)one->id, "test", name(n), "begin",
				moment(one->incident.begin_at), "end", moment(one->incident.end_at),
				"reason", reason_id(one->incident.reason), "runs",
				(int)one->incident.runs, "times", (int)one->incident.times));
	}
	return list;
}

static json_t *reasons(const struct reported_cfg *cfg)
{
	json_t *list = json_array();

	for (size_t i = 0; i < cfg->report->n_reasons; i++)
		json_array_append_new(list, json_pack("{s:s, s:o, s:i}", "reason",
						    reason_id(cfg->report->reasons[i].reason),
						    "runs", number(cfg->report->reasons[i].runs),
						    "tests", (int)cfg->report->reasons[i].tests));
	return list;
}

int reported_put_json(struct buf *b, const struct reported_cfg *cfg)
{
	json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "stox.report/1",
		"from", moment(cfg->span.begin), "to", moment(cfg->span.end), "covered_from",
		moment(cfg->report->covered_from), "covered_to", moment(cfg->report->covered_to),
		"tests", tests(cfg), "incidents", incidents(cfg), "reasons", reasons(cfg));
	char *dump = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;

	if (dump) {
		buf_puts(b, dump);
		buf_putc(b, '\n');
	}
	free(dump);
	json_decref(o);
	return dump ? buf_err(b) : -ENOMEM;
}
