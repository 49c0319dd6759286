/* The result of a test as one JSON object; its schema is doc/stox.test.schema.json. */
#include "report/json.h"

static json_t *note(const struct report_run *run, const struct probe_note *n)
{
	return json_pack("{s:s, s:o}", "id", note_id(n->note), "message",
		report_json_sentence(&n->text, run->look_up));
}

/* All of them are warnings; those that explain the failure are its causes too. */
static json_t *notes(const struct report_run *run, bool causes_only)
{
	const struct probe_result *r = run->result;
	json_t *list = json_array();

	for (unsigned i = 0; i < r->n_notes; i++)
		if (!causes_only || r->notes[i].is_cause)
			json_array_append_new(list, note(run, &r->notes[i]));
	return list;
}

static json_t *error(const struct report_run *run)
{
	const struct probe_result *r = run->result;

	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "phase", phase_name(r->phase), "reason",
		reason_id(r->reason), "message", report_json_sentence(&r->message, run->look_up),
		"causes", notes(run, true), "evidence", report_json_evidence(run));
}

static json_t *other_error(const struct report_run *run)
{
	const struct probe_failure *f = &run->result->other;

	return json_pack("{s:s, s:s, s:o}", "phase", phase_name(f->phase), "reason",
		reason_id(f->reason), "message", report_json_sentence(&f->message, run->look_up));
}

static json_t *phases(const struct report_run *run)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		const struct probe_phase_result *p = &run->result->phases[i];

		if (p->outcome == PHASE_NOT_RUN)
			continue;
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o, s:s?, s:s, s:o}", "name",
				      phase_name((enum probe_phase)i), "started_seconds",
				      report_json_seconds(p->started), "duration_seconds",
				      report_json_seconds(p->duration), "address",
				      report_json_address(&p->address), "transport",
				      p->address.family ? transport_name(p->transport) : NULL,
				      "outcome", phase_outcome_name(p->outcome), "detail",
				      p->detail.id ? report_json_sentence(&p->detail, run->look_up)
						   : json_null()));
	}
	return list;
}

static json_t *stats(const struct probe_stats *s)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "n", (int)s->n, "min",
		report_json_seconds(s->min), "median", report_json_seconds(s->median), "p95",
		report_json_seconds(s->p95), "max", report_json_seconds(s->max));
}

static json_t *connections(const struct probe_result *r)
{
	static const char *const names[] = { [SIDE_SIP] = "sip", [SIDE_XMPP] = "xmpp" };
	json_t *o = json_object();

	for (unsigned i = 0; i < SIDES; i++)
		if (r->tls[i].version[0])
			report_json_set(o, names[i], report_json_tls(&r->tls[i]));
	return o;
}

static json_t *checks(const struct report_run *run)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < run->n_checks; i++)
		json_array_append_new(list, report_check_object(&run->checks[i]));
	return list;
}

static json_t *object(const struct report_run *run)
{
	const struct probe_result *r = run->result;
	json_t *o = json_object();

	report_json_set(o, "schema", json_string("stox.test/1"));
	report_json_set(o, "target_fqdn", report_json_string(r->target_fqdn));
	report_json_set(o, "user", report_json_string(r->user));
	report_json_set(o, "receiver", report_json_string(r->receiver));
	report_json_set(o, "direction", json_string(probe_direction_name(r->direction)));
	report_json_set(o, "started_at", report_json_time(run->started_at_us));
	report_json_set(o, "result", json_string(r->success ? "Success" : "Failure"));
	report_json_set(o, "exit_status", json_integer(report_exit_status(run)));
	report_json_set(o, "latency_seconds", report_json_seconds(r->latency));
	report_json_set(o, "max_latency_seconds",
		run->max_latency ? report_json_seconds(run->max_latency) : json_null());
	report_json_set(o, "proof", json_string(proof_name(r->proof)));
	report_json_set(o, "error", r->success ? json_null() : error(run));
	if (r->other.reason)
		report_json_set(o, "other_error", other_error(run));
	report_json_set(o, "diagnosis", r->success ? json_null() : report_json_diagnosis(run));
	report_json_set(o, "warnings", notes(run, false));
	report_json_set(o, "phases", phases(run));
	report_json_set(o, "tls", connections(r));
	report_json_set(o, "trace", report_json_string_or_null(run->trace));
	if (run->n_checks)
		report_json_set(o, "sweep", checks(run));
	if (r->round.n)
		report_json_set(o, "rounds",
			json_pack("{s:o, s:o, s:o, s:o}", "send", stats(&r->send), "deliver",
				stats(&r->deliver), "answer", stats(&r->answer), "round",
				stats(&r->round)));
	return o;
}

int report_json(struct buf *b, const struct report_run *run)
{
	int err = report_json_put(b, object(run), JSON_INDENT(2));

	buf_putc(b, '\n');
	return err ? err : buf_err(b);
}

int report_json_line(struct buf *b, const struct report_run *run)
{
	return report_json_put(b, object(run), JSON_COMPACT);
}
