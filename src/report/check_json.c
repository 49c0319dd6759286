/* A sweep as one JSON object; its schema is doc/stox.check.schema.json. */
#include "base/mem.h"
#include "report/check_private.h"
#include "report/json.h"

static json_t *integer_or_null(bool has, json_int_t value)
{
	return has ? json_integer(value) : json_null();
}

/* ---- the DNS ---- */

static json_t *question(const struct question *q)
{
	json_t *addresses = json_array();

	for (unsigned i = 0; i < q->n_addresses; i++) {
		struct buf b;

		buf_init(&b, ADDR_TEXT_MAX);
		addr_put_ip(&b, &q->addresses[i]);
		json_array_append_new(addresses, json_string(buf_cstr(&b)));
		buf_done(&b);
	}
	return json_pack("{s:o, s:s, s:s, s:i, s:i, s:b, s:b, s:o, s:o}", "name",
		report_json_string(q->name), "type", dns_type_name(q->type), "status",
		dns_status_name(q->status), "records", (int)q->n_records, "usable",
		(int)q->n_usable, "not_offered", q->says_no, "hosts_file", q->from_hosts_file,
		"addresses", addresses, "server", report_json_address(&q->server));
}

static json_t *questions(const struct sweep_result *r)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < r->n_questions; i++)
		json_array_append_new(list, question(&r->questions[i]));
	return list;
}

/* ---- rows ---- */

static json_t *names(const struct feature_names *n)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < n->n; i++)
		json_array_append_new(list, json_string(n->v[i]));
	return list;
}

static json_t *features(const struct sweep_row *row)
{
	const struct feature_list *l = &row->features;

	if (!sweep_kind_is_xmpp(row->kind) || (!l->complete && !l->starttls))
		return json_null();
	return json_pack("{s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "version",
		l->version, "complete", l->complete, "starttls", l->starttls, "starttls_required",
		l->starttls_required, "mechanisms", names(&l->mechanisms), "sasl2_mechanisms",
		names(&l->sasl2), "channel_bindings", names(&l->bindings), "bind2", l->bind2,
		"stream_management", l->stream_management, "dialback", l->dialback,
		"dialback_errors", l->dialback_errors);
}

static json_t *sip(const struct sweep_row *row)
{
	if (!row->sip_status)
		return json_null();
	return json_pack("{s:i, s:o, s:o}", "status", row->sip_status, "reason",
		report_json_string(row->sip_reason), "server",
		report_json_string_or_null(row->sip_server));
}

static json_t *why(const struct report_check *check, const struct sweep_row *row)
{
	struct buf b;

	if (!row->used)
		return json_null();
	buf_init(&b, 8192);
	report_check_put_why(&b, row, check->look_up);
	json_t *s = json_string(buf_cstr(&b));
	buf_done(&b);
	return s;
}

static json_t *durations(const struct sweep_row *row)
{
	json_t *o = json_object();
	ts_t all = 0;

	for (unsigned i = 0; i < SWEEP_STEPS; i++)
		all += row->took[i];
	for (unsigned i = SWEEP_CONNECT; i < SWEEP_STEPS; i++)
		report_json_set(
			o, sweep_step_name((enum sweep_step)i), report_json_seconds(row->took[i]));
	report_json_set(o, "all", report_json_seconds(all));
	return o;
}

static json_t *row(const struct report_check *check, const struct sweep_row *r)
{
	const bool has_srv = r->source == TARGETS_SRV || r->source == TARGETS_NAPTR;
	const bool has_tls = r->tls.version[0] || r->tls.failure;
	json_t *o = json_object();

	report_json_set(o, "service", json_string(sweep_kind_name(r->kind)));
	report_json_set(o, "source", json_string(sweep_source_name(r->source)));
	report_json_set(o, "plan",
		r->plan == SWEEP_PLAN_NONE ? json_null() : json_string(sweep_plan_name(r->plan)));
	report_json_set(o, "name", report_json_string_or_null(r->service));
	report_json_set(o, "order", integer_or_null(r->source == TARGETS_NAPTR, r->order));
	report_json_set(o, "priority", integer_or_null(has_srv, r->priority));
	report_json_set(o, "weight", integer_or_null(has_srv, r->weight));
	report_json_set(o, "host", report_json_string(r->host));
	report_json_set(o, "address", report_json_address(&r->addr));
	report_json_set(o, "transport", json_string(transport_name(r->transport)));
	report_json_set(o, "outcome", json_string(sweep_outcome_name(r->outcome)));
	report_json_set(o, "reached", json_string(sweep_step_name(r->reached)));
	report_json_set(o, "used", json_boolean(r->used));
	report_json_set(o, "share", json_real(r->share_permille / 1e3));
	report_json_set(o, "why", why(check, r));
	report_json_set(o, "seconds", durations(r));
	report_json_set(o, "tls", has_tls ? report_json_tls(&r->tls) : json_null());
	report_json_set(o, "days_left", integer_or_null(r->has_days, r->days_left));
	report_json_set(o, "sip", sip(r));
	report_json_set(o, "xmpp", features(r));
	return o;
}

static json_t *rows(const struct report_check *check)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < check->result->n_rows; i++)
		json_array_append_new(list, row(check, &check->result->rows[i]));
	return list;
}

/* ---- findings ---- */

static json_t *finding(struct report_fault *fault, const struct sweep_finding *f)
{
	const struct report_run *run = f->fault ? report_fault_run(fault, f->fault, f->row) : NULL;
	text_look_up *look_up = fault->check->look_up;
	json_t *o = json_object();

	report_json_set(o, "severity", json_string(sweep_severity_name(f->severity)));
	report_json_set(o, "id",
		json_string(f->fault ? reason_id(f->fault->reason) : sweep_remark_id(f->remark)));
	report_json_set(
		o, "step", f->fault ? json_string(sweep_step_name(f->fault->step)) : json_null());
	report_json_set(o, "message",
		report_json_sentence(f->fault ? &f->fault->message : &f->message, look_up));
	report_json_set(o, "row", integer_or_null(f->row >= 0, f->row));
	report_json_set(o, "more", json_integer(f->more));
	report_json_set(o, "evidence", run ? report_json_evidence(run) : json_null());
	report_json_set(o, "diagnosis", run ? report_json_diagnosis(run) : json_null());
	return o;
}

/* NULL: memory is out. */
static json_t *findings(const struct report_check *check)
{
	const struct sweep_result *r = check->result;
	struct report_fault fault;

	if (report_fault_init(&fault, check))
		return NULL;
	json_t *list = json_array();
	for (unsigned i = 0; i < r->n_findings; i++)
		json_array_append_new(list, finding(&fault, &r->findings[i]));
	report_fault_done(&fault);
	return list;
}

/* ---- the whole ---- */

json_t *report_check_object(const struct report_check *check)
{
	const struct sweep_result *r = check->result;
	const int status = sweep_exit_status(r, check->strict);
	json_t *found = findings(check), *o = found ? json_object() : NULL;

	report_json_set(o, "schema", json_string("stox.check/1"));
	report_json_set(o, "side", json_string(sweep_side_name(r->side)));
	report_json_set(o, "name", report_json_string(r->name));
	report_json_set(o, "started_at", report_json_time(check->started_at_us));
	report_json_set(o, "duration_seconds", report_json_seconds(r->duration));
	report_json_set(o, "result", json_string(status ? "Failure" : "Success"));
	report_json_set(o, "exit_status", json_integer(status));
	report_json_set(o, "strict", json_boolean(check->strict));
	report_json_set(o, "interrupted", json_boolean(r->interrupted));
	report_json_set(o, "failures", json_integer(r->n_of[SWEEP_FAILURE]));
	report_json_set(o, "warnings", json_integer(r->n_of[SWEEP_WARNING]));
	report_json_set(o, "notes", json_integer(r->n_of[SWEEP_NOTE]));
	report_json_set(o, "rows", rows(check));
	report_json_set(o, "findings", found);
	report_json_set(o, "dns", questions(r));
	report_json_set(o, "left_out",
		json_pack("{s:i, s:i, s:i, s:i}", "services", (int)r->left_out_services, "hosts",
			(int)r->left_out_targets, "addresses", (int)r->left_out_addresses,
			"not_tried", (int)r->not_tried));
	return o;
}

int report_check_json(struct buf *b, const struct report_check *check)
{
	int err = report_json_put(b, report_check_object(check), JSON_INDENT(2));

	buf_putc(b, '\n');
	return err ? err : buf_err(b);
}
