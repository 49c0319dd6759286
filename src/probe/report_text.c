#include "probe/report.h"

#include <jansson.h>
#include <string.h>

#include "base/mem.h"

/* hh:mm:ss.fffffff, as .NET's TimeSpan prints it: the ancestor's tools read it. */
static void put_timespan(struct buf *b, ts_t t)
{
	const unsigned s = (unsigned)(t / TS_S(1));

	buf_printf(
		b, "%02u:%02u:%02u.%06u0", s / 3600, s / 60 % 60, s % 60, (unsigned)(t % TS_S(1)));
}

static void put_diagnosis(struct buf *b, const struct probe_result *r)
{
	const struct reason_info *info = reason_info(r->reason);

	buf_printf(b, "%s [%s in %s]\n", info->cause, reason_id(r->reason), phase_name(r->phase));
	for (unsigned i = 0; i < COUNT(info->next) && info->next[i]; i++)
		buf_printf(b, "                %u. %s\n", i + 1, info->next[i]);
}

static const char *outcome_name(enum phase_outcome o)
{
	static const char *const names[] = {
		[PHASE_NOT_RUN] = "not_run",
		[PHASE_RUNNING] = "running",
		[PHASE_OK] = "ok",
		[PHASE_FAILED] = "failed",
		[PHASE_SKIPPED] = "skipped",
	};

	return names[o];
}

static void put_phase(struct buf *b, enum probe_phase phase, const struct probe_phase_result *r)
{
	char text[ADDR_TEXT_MAX] = "";

	if (r->outcome == PHASE_NOT_RUN)
		return;
	if (r->address.family)
		addr_text(&r->address, text);
	buf_printf(b, "  %-13s %-8s %10.3f ms  at %8.3f ms  %s%s%s\n", phase_name(phase),
		outcome_name(r->outcome), (double)r->duration / 1e3, (double)r->started / 1e3,
		r->address.family ? transport_name(r->transport) : "", r->address.family ? " " : "",
		text);
	if (r->detail[0])
		buf_printf(b, "  %-13s %s\n", "", r->detail);
}

static void put_stats(struct buf *b, const char *name, const struct probe_stats *s)
{
	if (s->n)
		buf_printf(b, "  %-8s %6u  min %9.3f  median %9.3f  p95 %9.3f  max %9.3f ms\n",
			name, s->n, (double)s->min / 1e3, (double)s->median / 1e3,
			(double)s->p95 / 1e3, (double)s->max / 1e3);
}

void report_text(struct buf *b, const struct report_run *run, unsigned verbosity)
{
	const struct probe_result *r = run->result;

	buf_printf(b, "Target Fqdn   : %s\n", r->target_fqdn);
	buf_printf(b, "Result        : %s\n", r->success ? "Success" : "Failure");
	buf_puts(b, "Latency       : ");
	put_timespan(b, r->latency);
	buf_printf(b, "\nError Message :%s%s\n", r->message[0] ? " " : "", r->message);
	buf_puts(b, "Diagnosis     :");
	if (r->success) {
		buf_puts(b, "\n");
	} else {
		buf_puts(b, " ");
		put_diagnosis(b, r);
	}
	for (unsigned i = 0; i < r->n_warnings; i++)
		buf_printf(b, "Warning       : %s\n", r->warnings[i]);
	if (r->success && r->proof != PROOF_ANSWERED)
		buf_printf(b, "Proof         : %s\n", proof_name(r->proof));
	put_stats(b, "send", &r->send);
	put_stats(b, "deliver", &r->deliver);
	put_stats(b, "answer", &r->answer);
	put_stats(b, "round", &r->round);
	if (verbosity == 0)
		return;
	buf_printf(b, "\n%s -> %s, proof: %s\n", r->user, r->receiver, proof_name(r->proof));
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		put_phase(b, (enum probe_phase)i, &r->phases[i]);
}

/* ---- JSON ---- */

/* RFC 3339 in UTC.  Days to civil date by Howard Hinnant's method: gmtime() is not pure. */
static void put_rfc3339(struct buf *b, int64_t us)
{
	int64_t seconds = us / 1000000, days = seconds / 86400, of_day = seconds % 86400;
	int64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
	int64_t year = yoe + era * 400 + (month <= 2);

	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", (int)year, (int)month, (int)day,
		(int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60),
		(int)(us % 1000000));
}

static json_t *seconds(ts_t t)
{
	return json_real((double)t / 1e6);
}

static json_t *phases(const struct probe_result *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		const struct probe_phase_result *p = &r->phases[i];
		char text[ADDR_TEXT_MAX];

		if (p->outcome == PHASE_NOT_RUN)
			continue;
		json_array_append_new(list,
			json_pack("{s:s, s:o, s:o, s:s?, s:s?, s:s, s:s?}", "name",
				phase_name((enum probe_phase)i), "started_seconds",
				seconds(p->started), "duration_seconds", seconds(p->duration),
				"address", p->address.family ? addr_text(&p->address, text) : NULL,
				"transport",
				p->address.family ? transport_name(p->transport) : NULL, "outcome",
				outcome_name(p->outcome), "detail",
				p->detail[0] ? p->detail : NULL));
	}
	return list;
}

static json_t *diagnosis(const struct probe_result *r)
{
	const struct reason_info *info = reason_info(r->reason);
	json_t *next = json_array();

	for (unsigned i = 0; i < COUNT(info->next) && info->next[i]; i++)
		json_array_append_new(next, json_string(info->next[i]));
	return json_pack("{s:s, s:o}", "cause", info->cause, "next", next);
}

static json_t *stats(const struct probe_stats *s)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "n", (int)s->n, "min", seconds(s->min),
		"median", seconds(s->median), "p95", seconds(s->p95), "max", seconds(s->max));
}

static json_t *warnings(const struct probe_result *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < r->n_warnings; i++)
		json_array_append_new(list, json_string(r->warnings[i]));
	return list;
}

static json_t *error(const struct probe_result *r)
{
	return json_pack("{s:s, s:s, s:s}", "phase", phase_name(r->phase), "reason",
		reason_id(r->reason), "message", r->message);
}

static json_t *object(const struct report_run *run, const char *started)
{
	const struct probe_result *r = run->result;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:n}",
		"schema", "stox.test/1", "target_fqdn", r->target_fqdn, "user", r->user, "receiver",
		r->receiver, "started_at", started, "result", r->success ? "Success" : "Failure",
		"latency_seconds", seconds(r->latency), "proof", proof_name(r->proof), "error",
		r->success ? json_null() : error(r), "diagnosis",
		r->success ? json_null() : diagnosis(r), "warnings", warnings(r), "phases",
		phases(r), "trace");

	if (o && r->round.n)
		json_object_set_new(o, "rounds",
			json_pack("{s:o, s:o, s:o, s:o}", "send", stats(&r->send), "deliver",
				stats(&r->deliver), "answer", stats(&r->answer), "round",
				stats(&r->round)));
	return o;
}

int report_json(struct buf *b, const struct report_run *run)
{
	struct buf started;

	buf_init(&started, 64);
	put_rfc3339(&started, run->started_at_us);
	json_t *o = object(run, buf_cstr(&started));
	char *text = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
	if (text)
		buf_puts(b, text);
	buf_puts(b, "\n");
	mem_free(text);
	json_decref(o);
	buf_done(&started);
	return text ? buf_err(b) : -ENOMEM;
}

/* ---- the ladder ---- */

static void put_indented(struct buf *b, struct slice text)
{
	while (text.n) {
		struct slice line = slice_split(&text, '\n');

		if (line.n && line.p[line.n - 1] == '\r')
			line.n--;
		buf_puts(b, "    ");
		buf_put(b, line);
		buf_putc(b, '\n');
	}
}

void report_trace(struct buf *b, const struct probe_event *ev)
{
	char text[ADDR_TEXT_MAX];

	buf_printf(b, "%10.3f ms  %-4s %s %s\n", (double)ev->at / 1e3, ev->xmpp ? "XMPP" : "SIP",
		ev->outbound ? "-->" : "<--", addr_text(&ev->peer, text));
	put_indented(b, ev->text);
}

int report_exit_status(const struct probe_result *result)
{
	return result->success ? 0 : reason_info(result->reason)->exit_status;
}
