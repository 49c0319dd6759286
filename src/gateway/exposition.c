#include "gateway/exposition.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "gateway/figures.h"

enum type {
	COUNTER,
	GAUGE,
	HISTOGRAM,
	INFO,
};

enum family {
	FAMILY_BUILD,
	FAMILY_START,
	FAMILY_READY,
	FAMILY_STREAM_UP,
	FAMILY_RECONNECTS,
	FAMILY_MESSAGES,
	FAMILY_SECONDS,
	FAMILY_IN_HAND,
	FAMILY_OLDEST,
	FAMILY_UNTOLD,
	FAMILY_FAILURES_LOST,
	FAMILY_LATE_ERRORS,
	FAMILY_STRAY_ERRORS,
	FAMILY_REPORTS,
	FAMILY_RELAYS,
	FAMILY_PINGS,
	FAMILY_PINGS_UNANSWERED,
	FAMILY_REFUSALS,
	FAMILY_OVERLOADS,
	FAMILY_REQUESTS,
	FAMILY_RETRANSMISSIONS,
	FAMILY_MALFORMED,
	FAMILY_RESPONSES_IGNORED,
	FAMILY_STANZAS_IGNORED,
	FAMILY_PARTS,
	FAMILY_ATTRIBUTES,
	FAMILY_ANSWERS_UNSENT,
	FAMILY_CONNECTIONS,
	FAMILY_LOG_LINES,
	FAMILY_RELOADS,
	FAMILY_RELOAD_SUCCESSFUL,
	FAMILY_RELOAD_TIME,
	FAMILY_COUNT,
};

struct source {
	const struct gateway *g;
	const struct exposition_facts *facts;
};

/* Names after Prometheus' conventions: the unit, and `total` of what only grows, at the end. */
static const struct {
	const char *name;
	enum type type;
	const char *labels, *help;
} families[] = {
	[FAMILY_BUILD] = { "stox_build", INFO, "version", N_("the version that runs") },
	[FAMILY_START] = { "process_start_time_seconds", GAUGE, "",
		N_("when it was started, in seconds since 1970") },
	[FAMILY_READY] = { "stox_gateway_ready", GAUGE, "",
		N_("1 while it can carry messages, as /-/ready says") },
	[FAMILY_STREAM_UP] = { "stox_gateway_stream_up", GAUGE, "component",
		N_("1 while the stream to the XMPP server is up") },
	[FAMILY_RECONNECTS] = { "stox_gateway_stream_reconnects", COUNTER, "",
		N_("how often the connection to the XMPP server was lost") },
	[FAMILY_MESSAGES] = { "stox_gateway_messages", COUNTER,
		"partner, direction, outcome, reason", N_("messages by what became of them") },
	[FAMILY_SECONDS] = { "stox_gateway_answer_seconds", HISTOGRAM, "direction",
		N_("the time from a message to what its sender was told, or to the pool's "
		   "answer") },
	[FAMILY_IN_HAND] = { "stox_gateway_messages_in_hand", GAUGE, "direction",
		N_("messages that have no outcome yet, or whose sender does not know it") },
	[FAMILY_OLDEST] = { "stox_gateway_oldest_message_age_seconds", GAUGE, "direction",
		N_("the age of the oldest message that has no outcome yet, or 0") },
	[FAMILY_UNTOLD] = { "stox_gateway_failures_untold", GAUGE, "",
		N_("messages to SIP that failed, and whose senders have not been told yet") },
	[FAMILY_FAILURES_LOST] = { "stox_gateway_failures_lost", COUNTER, "",
		N_("messages to SIP that failed, and whose senders could not be told") },
	[FAMILY_LATE_ERRORS] = { "stox_gateway_late_errors", COUNTER, "",
		N_("errors of messages whose senders had their answer already") },
	[FAMILY_STRAY_ERRORS] = { "stox_gateway_stray_errors", COUNTER, "",
		N_("errors that answer nothing of this gateway") },
	[FAMILY_REPORTS] = { "stox_gateway_reports", COUNTER, "",
		N_("late errors that were reported to the sender (RFC 5438)") },
	[FAMILY_RELAYS] = { "stox_gateway_relays", COUNTER, "outcome",
		N_("replies for another gateway of the same name") },
	[FAMILY_PINGS] = { "stox_gateway_pings", COUNTER, "",
		N_("pings to the domains of receivers") },
	[FAMILY_PINGS_UNANSWERED] = { "stox_gateway_pings_unanswered", COUNTER, "",
		N_("pings that were not answered in time") },
	[FAMILY_REFUSALS] = { "stox_gateway_refusals", COUNTER, "peer",
		N_("what the gateway itself refused: of trusted peers, of strangers, from XMPP") },
	[FAMILY_OVERLOADS] = { "stox_gateway_overloads", COUNTER, "direction",
		N_("messages refused for want of room") },
	[FAMILY_REQUESTS] = { "stox_gateway_sip_requests", COUNTER, "",
		N_("SIP requests, with those that came again") },
	[FAMILY_RETRANSMISSIONS] = { "stox_gateway_sip_retransmissions", COUNTER, "",
		N_("SIP requests that came again") },
	[FAMILY_MALFORMED] = { "stox_gateway_sip_malformed", COUNTER, "",
		N_("SIP messages that could not be read") },
	[FAMILY_RESPONSES_IGNORED] = { "stox_gateway_sip_responses_ignored", COUNTER, "cause",
		N_("SIP responses to what is over, or to nothing that was asked, and ACKs") },
	[FAMILY_STANZAS_IGNORED] = { "stox_gateway_stanzas_ignored", COUNTER, "cause",
		N_("stanzas that need no answer, or could not have one") },
	[FAMILY_PARTS] = { "stox_gateway_parts_left_out", COUNTER, "",
		N_("parts of SIP messages that are not text, and were left out") },
	[FAMILY_ATTRIBUTES] = { "stox_gateway_attributes_left_out", COUNTER, "",
		N_("attributes that stood twice in their tag, and were left out the second time") },
	[FAMILY_ANSWERS_UNSENT] = { "stox_gateway_answers_unsent", COUNTER, "",
		N_("messages whose connection ended before their answer") },
	[FAMILY_CONNECTIONS] = { "stox_gateway_sip_connections_dropped", COUNTER, "cause",
		N_("SIP connections that ended within a message, by a limit, or for want of a "
		   "place") },
	[FAMILY_LOG_LINES] = { "stox_gateway_log_lines_dropped", COUNTER, "",
		N_("lines of log that their reader was too slow for") },
	[FAMILY_RELOADS] = { "stox_gateway_config_reloads", COUNTER, "outcome",
		N_("how often the configuration was read again") },
	[FAMILY_RELOAD_SUCCESSFUL] = { "stox_gateway_config_last_reload_successful", GAUGE, "",
		N_("0 where the file was refused the last time: the one before is in force") },
	[FAMILY_RELOAD_TIME] = { "stox_gateway_config_last_reload_success_timestamp_seconds", GAUGE,
		"", N_("when the configuration in force was read, in seconds since 1970") },
};
_Static_assert(COUNT(families) == FAMILY_COUNT, "one row a family");

static const char *const type_names[] = {
	[COUNTER] = "counter",
	[GAUGE] = "gauge",
	[HISTOGRAM] = "histogram",
	[INFO] = "info",
};

static const char *const endings[] = {
	[COUNTER] = "_total",
	[GAUGE] = "",
	[HISTOGRAM] = "",
	[INFO] = "_info",
};

/* Counters of the engine, each a sample. */
#define STAT(member) offsetof(struct gateway_stats, member)
static const struct {
	enum family family;
	const char *labels;
	size_t at;
} counters[] = {
	{ FAMILY_RECONNECTS, "", STAT(reconnects) },
	{ FAMILY_FAILURES_LOST, "", STAT(failures_lost) },
	{ FAMILY_LATE_ERRORS, "", STAT(late_errors) },
	{ FAMILY_STRAY_ERRORS, "", STAT(stray_errors) },
	{ FAMILY_REPORTS, "", STAT(reports) },
	{ FAMILY_RELAYS, "{outcome=\"delivered\"}", STAT(relays) },
	{ FAMILY_RELAYS, "{outcome=\"lost\"}", STAT(relays_lost) },
	{ FAMILY_PINGS, "", STAT(pings) },
	{ FAMILY_PINGS_UNANSWERED, "", STAT(ping_timeouts) },
	{ FAMILY_REFUSALS, "{peer=\"trusted\"}", STAT(sip_refused) },
	{ FAMILY_REFUSALS, "{peer=\"stranger\"}", STAT(sip_untrusted) },
	{ FAMILY_REFUSALS, "{peer=\"xmpp\"}", STAT(xmpp_refused) },
	{ FAMILY_OVERLOADS, "{direction=\"to_xmpp\"}", STAT(overload_503) },
	{ FAMILY_OVERLOADS, "{direction=\"to_sip\"}", STAT(overload_wait) },
	{ FAMILY_REQUESTS, "", STAT(sip_requests) },
	{ FAMILY_RETRANSMISSIONS, "", STAT(sip_retransmissions) },
	{ FAMILY_MALFORMED, "", STAT(sip_malformed) },
	{ FAMILY_RESPONSES_IGNORED, "{cause=\"late\"}", STAT(sip_late) },
	{ FAMILY_RESPONSES_IGNORED, "{cause=\"stray\"}", STAT(sip_stray) },
	{ FAMILY_RESPONSES_IGNORED, "{cause=\"ack\"}", STAT(sip_acks) },
	{ FAMILY_STANZAS_IGNORED, "{cause=\"silent\"}", STAT(xmpp_silent) },
	{ FAMILY_STANZAS_IGNORED, "{cause=\"mistake\"}", STAT(xmpp_dropped) },
	{ FAMILY_PARTS, "", STAT(parts_left_out) },
	{ FAMILY_ATTRIBUTES, "", STAT(xmpp_attributes_left_out) },
	{ FAMILY_ANSWERS_UNSENT, "", STAT(sip_gone) },
	{ FAMILY_CONNECTIONS, "{cause=\"cut\"}", STAT(sip_cut) },
	{ FAMILY_CONNECTIONS, "{cause=\"limit\"}", STAT(conns_dropped) },
	{ FAMILY_CONNECTIONS, "{cause=\"full\"}", STAT(conns_full) },
};

static const char *const ways[] = {
	[GATEWAY_TO_XMPP] = "to_xmpp",
	[GATEWAY_TO_SIP] = "to_sip",
};

/* ---- lines ---- */

static void put_name(const struct exposition *x, struct buf *b)
{
	buf_puts(b, families[x->family].name);
	buf_puts(b, endings[families[x->family].type]);
}

/* 0.0.4 has no type `info`, and names a counter by its sample; OpenMetrics by its family. */
static void put_head(const struct exposition *x, struct buf *b)
{
	const enum type type = families[x->family].type;
	const bool is_open = x->format == EXPOSITION_OPENMETRICS;
	const char *ending = is_open ? "" : endings[type];
	const char *name = families[x->family].name;

	buf_printf(b, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, ending, families[x->family].help,
		name, ending, type_names[type == INFO && !is_open ? GAUGE : type]);
}

static void put_u64(const struct exposition *x, struct buf *b, const char *labels, uint64_t n)
{
	put_name(x, b);
	buf_puts(b, labels);
	buf_putc(b, ' ');
	buf_putu(b, n);
	buf_putc(b, '\n');
}

static void put_seconds(struct buf *b, uint64_t us)
{
	buf_printf(b, "%llu.%06llu", (unsigned long long)(us / 1000000),
		(unsigned long long)(us % 1000000));
}

static void put_time(const struct exposition *x, struct buf *b, const char *labels, uint64_t us)
{
	put_name(x, b);
	buf_puts(b, labels);
	buf_putc(b, ' ');
	put_seconds(b, us);
	buf_putc(b, '\n');
}

/* What a value may not hold as it is; the names here do not, and that is not to be relied upon. */
static void put_value(struct buf *b, const char *value)
{
	for (const char *p = value; *p; p++) {
		if (*p == '\\' || *p == '"')
			buf_putc(b, '\\');
		buf_putc(b, (uint8_t)(*p == '\n' ? ' ' : *p));
	}
}

static void put_with(
	const struct exposition *x, struct buf *b, const char *label, const char *value, uint64_t n)
{
	put_name(x, b);
	buf_printf(b, "{%s=\"", label);
	put_value(b, value);
	buf_puts(b, "\"} ");
	buf_putu(b, n);
	buf_putc(b, '\n');
}

/* ---- messages ---- */

static void put_cell(const struct exposition *x, struct buf *b, const char *partner,
	const struct figures_cell *c)
{
	put_name(x, b);
	buf_puts(b, "{partner=\"");
	put_value(b, partner);
	buf_puts(b, "\",direction=\"");
	buf_puts(b, ways[c->way]);
	buf_puts(b, "\",outcome=\"");
	buf_puts(b, c->outcome);
	buf_puts(b, "\",reason=\"");
	buf_puts(b, c->reason);
	buf_puts(b, "\"} ");
	buf_putu(b, c->n);
	buf_putc(b, '\n');
}

/* What is delivered is there from the start, so that a rate has where it begins. */
static bool is_shown(const struct figures_cell *c, size_t row)
{
	return c->n || row != FIGURES_OTHER;
}

static bool put_messages(
	struct exposition *x, const struct source *from, struct buf *b, size_t enough)
{
	const struct figures *f = gateway_figures(from->g);
	struct figures_cell cell;

	while (buf_len(b) < enough) {
		if (!x->is_in_row && !figures_take_row(f, &x->at, &x->row))
			return false;
		x->is_in_row = true;
		if (!figures_cell_at(f, x->row, x->cell, &cell)) {
			x->is_in_row = false;
			x->cell = 0;
			continue;
		}
		x->cell++;
		if (is_shown(&cell, x->row))
			put_cell(x, b, figures_partner(f, x->row), &cell);
	}
	return true;
}

static void put_way(const struct exposition *x, struct buf *b, const char *ending, unsigned way)
{
	buf_printf(b, "%s%s{direction=\"%s\"", families[x->family].name, ending, ways[way]);
}

static void put_times(
	const struct exposition *x, struct buf *b, unsigned way, const struct figures_times *t)
{
	uint64_t n = 0;

	for (unsigned i = 0; i <= FIGURES_BUCKETS; i++) {
		n += t->n[i];
		put_way(x, b, "_bucket", way);
		buf_printf(b, ",le=\"%s\"} %llu\n",
			i < FIGURES_BUCKETS ? figures_bucket_end(i) : "+Inf",
			(unsigned long long)n);
	}
	put_way(x, b, "_count", way);
	buf_printf(b, "} %llu\n", (unsigned long long)n);
	put_way(x, b, "_sum", way);
	buf_puts(b, "} ");
	put_seconds(b, t->sum);
	buf_putc(b, '\n');
}

/* ---- the families ---- */

static ts_t age(ts_t since, ts_t now)
{
	return since > now ? 0 : now - since;
}

static void put_load(const struct exposition *x, const struct source *from, struct buf *b)
{
	const struct gateway_load load = gateway_load(from->g);
	const ts_t now = from->facts->now;

	if (x->family == FAMILY_IN_HAND) {
		put_with(x, b, "direction", ways[GATEWAY_TO_XMPP], load.to_xmpp);
		put_with(x, b, "direction", ways[GATEWAY_TO_SIP], load.to_sip);
	} else if (x->family == FAMILY_OLDEST) {
		put_time(x, b, "{direction=\"to_xmpp\"}", age(load.oldest_to_xmpp, now));
		put_time(x, b, "{direction=\"to_sip\"}", age(load.oldest_to_sip, now));
	} else {
		put_u64(x, b, "", load.untold);
	}
}

static void put_counters(const struct exposition *x, const struct source *from, struct buf *b)
{
	const char *stats = (const char *)gateway_stats(from->g);
	uint64_t n;

	for (size_t i = 0; i < COUNT(counters); i++) {
		if (counters[i].family != x->family)
			continue;
		memcpy(&n, stats + counters[i].at, sizeof(n));
		put_u64(x, b, counters[i].labels, n);
	}
}

/* All but the messages: a few lines each. */
static void put_family(const struct exposition *x, const struct source *from, struct buf *b)
{
	const struct exposition_facts *facts = from->facts;

	switch ((enum family)x->family) {
	case FAMILY_BUILD: put_with(x, b, "version", facts->version, 1); break;
	case FAMILY_START: put_time(x, b, "", (uint64_t)facts->started); break;
	case FAMILY_READY: put_u64(x, b, "", facts->is_ready); break;
	case FAMILY_STREAM_UP:
		put_with(x, b, "component", facts->component, gateway_is_up(from->g));
		break;
	case FAMILY_SECONDS:
		for (unsigned way = 0; way < GATEWAY_WAYS; way++)
			put_times(x, b, way,
				figures_times(gateway_figures(from->g), (enum gateway_way)way));
		break;
	case FAMILY_IN_HAND:
	case FAMILY_OLDEST:
	case FAMILY_UNTOLD: put_load(x, from, b); break;
	case FAMILY_LOG_LINES: put_u64(x, b, "", facts->log_lines_dropped); break;
	case FAMILY_RELOADS:
		put_with(x, b, "outcome", "done", facts->reloads);
		put_with(x, b, "outcome", "refused", facts->reloads_refused);
		break;
	case FAMILY_RELOAD_SUCCESSFUL: put_u64(x, b, "", !facts->is_refused); break;
	case FAMILY_RELOAD_TIME: put_time(x, b, "", (uint64_t)facts->loaded); break;
	case FAMILY_RECONNECTS:
	case FAMILY_FAILURES_LOST:
	case FAMILY_LATE_ERRORS:
	case FAMILY_STRAY_ERRORS:
	case FAMILY_REPORTS:
	case FAMILY_RELAYS:
	case FAMILY_PINGS:
	case FAMILY_PINGS_UNANSWERED:
	case FAMILY_REFUSALS:
	case FAMILY_OVERLOADS:
	case FAMILY_REQUESTS:
	case FAMILY_RETRANSMISSIONS:
	case FAMILY_MALFORMED:
	case FAMILY_RESPONSES_IGNORED:
	case FAMILY_STANZAS_IGNORED:
	case FAMILY_PARTS:
	case FAMILY_ATTRIBUTES:
	case FAMILY_ANSWERS_UNSENT:
	case FAMILY_CONNECTIONS: put_counters(x, from, b); break;
	case FAMILY_MESSAGES: /* in parts */
	case FAMILY_COUNT: break;
	}
}

static void next_family(struct exposition *x)
{
	x->family++;
	x->at = x->row = x->cell = 0;
	x->is_begun = x->is_in_row = false;
}

bool exposition_put(struct exposition *x, const struct gateway *g,
	const struct exposition_facts *facts, struct buf *b, size_t enough)
{
	const struct source from = { g, facts };

	while (x->family < FAMILY_COUNT && buf_len(b) < enough && !buf_err(b)) {
		if (!x->is_begun)
			put_head(x, b);
		x->is_begun = true;
		if (x->family == FAMILY_MESSAGES && put_messages(x, &from, b, enough))
			return true;
		put_family(x, &from, b);
		next_family(x);
	}
	if (x->family < FAMILY_COUNT)
		return true;
	if (x->format == EXPOSITION_OPENMETRICS)
		buf_puts(b, "# EOF\n");
	return false;
}

bool exposition_family(size_t i, struct exposition_family *ret)
{
	if (i >= FAMILY_COUNT)
		return false;
	*ret = (struct exposition_family){ .name = families[i].name,
		.ending = endings[families[i].type],
		.labels = families[i].labels,
		.help = families[i].help };
	return true;
}
