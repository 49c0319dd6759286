#include "report/json.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/diagnostics.h"

json_t *report_json_seconds(ts_t t)
{
	return json_real((double)t / 1e6);
}

/* JSON is UTF-8; what a peer said, or what was cut in the middle, may be none. */
json_t *report_json_string(const char *raw)
{
	struct buf b;

	buf_init(&b, 8192);
	text_put_clean(&b, slice_str(raw));
	json_t *s = json_string(buf_cstr(&b));
	buf_done(&b);
	return s;
}

json_t *report_json_string_or_null(const char *raw)
{
	return raw && raw[0] ? report_json_string(raw) : json_null();
}

/* The text in the reader's language. */
json_t *report_json_sentence(const struct text *t, text_look_up *look_up)
{
	struct buf b;

	buf_init(&b, 8192);
	text_put(&b, t, look_up);
	json_t *s = json_string(buf_cstr(&b));
	buf_done(&b);
	return s;
}

json_t *report_json_address(const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	return a->family ? json_string(addr_text(a, text)) : json_null();
}

void report_json_set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(
		o, key, value); /* NULL, out of memory: seen at the end by its absence */
}

/* ---- evidence ---- */

static json_t *faults(unsigned bits)
{
	json_t *list = json_array();
	unsigned at = 0;

	for (const char *name; (name = report_fault_name(bits, &at));)
		json_array_append_new(list, json_string(name));
	return list;
}

json_t *report_json_time(int64_t us_since_1970)
{
	struct buf b;

	buf_init(&b, 64);
	rfc3339_put(&b, us_since_1970);
	json_t *s = json_string(buf_cstr(&b));
	buf_done(&b);
	return s;
}

static json_t *certificate(const struct tls_facts *t, unsigned i)
{
	const struct tls_cert *c = &t->certs[i];
	char names[TLS_NAMES_TEXT_MAX];

	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "depth", c->depth, "subject",
		report_json_string(c->subject), "issuer", report_json_string(c->issuer), "names",
		report_json_string(tls_names_text(t, c, names)), "not_before",
		report_json_time(c->not_before * 1000000), "not_after",
		report_json_time(c->not_after * 1000000), "faults", faults(c->faults), "error",
		report_json_string_or_null(c->error));
}

json_t *report_json_tls(const struct tls_facts *t)
{
	json_t *o = json_object(), *chain = json_array();

	for (unsigned i = 0; i < t->n_certs; i++)
		json_array_append_new(chain, certificate(t, i));
	if (t->version[0]) {
		report_json_set(o, "version", report_json_string(t->version));
		report_json_set(o, "cipher", report_json_string(t->cipher));
	}
	if (t->failure != TLS_FAILURE_NONE)
		report_json_set(o, "failure", json_string(tls_failure_name(t->failure)));
	if (t->failure == TLS_FAILURE_ALERT)
		report_json_set(o, "alert", json_integer(t->alert));
	if (t->detail[0])
		report_json_set(o, "detail", report_json_string(t->detail));
	report_json_set(o, "faults", faults(t->faults));
	report_json_set(o, "certificates", chain);
	return o;
}

static json_t *dns(const struct evidence *e)
{
	return json_pack("{s:o, s:s, s:s, s:o}", "name", report_json_string(e->dns_name), "type",
		dns_type_name(e->dns_type), "status", dns_status_name(e->dns_status), "server",
		report_json_address(&e->dns_server));
}

static json_t *diagnostics(const struct report_run *run, const struct evidence *e)
{
	const struct diagnostics_row *row = diagnostics_find(e->diagnostics_code);
	const char *range = diagnostics_range(e->diagnostics_code);

	return json_pack("{s:I, s:o, s:o, s:s?, s:s?}", "code", (json_int_t)e->diagnostics_code,
		"source", report_json_string(e->diagnostics_source), "reason",
		report_json_string(e->diagnostics_reason), "meaning",
		row ? report_look(run, row->meaning) : NULL, "range",
		range ? report_look(run, range) : NULL);
}

static json_t *sip(const struct report_run *run, const struct evidence *e)
{
	json_t *headers = json_array();
	json_t *o = json_pack("{s:i, s:o, s:o}", "status", e->sip_status, "reason",
		report_json_string(e->sip_reason), "headers", headers);

	for (unsigned i = 0; o && i < e->n_headers; i++)
		json_array_append_new(headers,
			json_pack("{s:o, s:o}", "name", report_json_string(e->headers[i].name),
				"value", report_json_string(e->headers[i].value)));
	if (e->has_retry_after)
		report_json_set(o, "retry_after_seconds", json_integer(e->retry_after_s));
	if (e->has_diagnostics)
		report_json_set(o, "diagnostics", diagnostics(run, e));
	return o;
}

json_t *report_json_evidence(const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const struct evidence *e = &r->evidence;
	json_t *o = json_object();

	if (e->address.family)
		report_json_set(o, "address", report_json_address(&e->address));
	if (e->err)
		report_json_set(o, "errno",
			json_pack("{s:i, s:s}", "code", e->err, "text",
				report_look(run, err_text(e->err))));
	if (e->has_dns)
		report_json_set(o, "dns", dns(e));
	if (e->has_tls)
		report_json_set(o, "tls", report_json_tls(&r->tls[e->tls_side]));
	if (e->sip_status)
		report_json_set(o, "sip", sip(run, e));
	if (e->xmpp_condition[0] || e->xmpp_text[0])
		report_json_set(o, "xmpp",
			json_pack("{s:o, s:o}", "condition",
				report_json_string_or_null(e->xmpp_condition), "text",
				report_json_string_or_null(e->xmpp_text)));
	if (e->what)
		report_json_set(o, "unparsable",
			json_pack("{s:I, s:s}", "offset", (json_int_t)e->offset, "what", e->what));
	return o;
}

/* ---- the verdict ---- */

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

json_t *report_json_diagnosis(const struct report_run *run)
{
	const struct reason_info *info = reason_info(run->result->reason);
	json_t *likely = json_array(), *next = json_array();
	struct buf b;

	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++)
		json_array_append_new(likely, json_string(report_look(run, info->causes[i])));
	buf_init(&b, 8192);
	for (unsigned i = 0; i < REASON_STEPS_MAX && info->next[i].what; i++) {
		buf_clear(&b);
		report_put_step(&b, run, &info->next[i]);
		json_array_append_new(next, json_string(buf_cstr(&b)));
	}
	buf_done(&b);
	return json_pack("{s:s, s:o, s:o}", "cause", report_look(run, info->meaning), "likely",
		likely, "next", next);
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
	report_json_set(o, "started_at", report_json_time(run->started_at_us));
	report_json_set(o, "result", json_string(r->success ? "Success" : "Failure"));
	report_json_set(o, "exit_status", json_integer(report_exit_status(run)));
	report_json_set(o, "latency_seconds", report_json_seconds(r->latency));
	report_json_set(o, "max_latency_seconds",
		run->max_latency ? report_json_seconds(run->max_latency) : json_null());
	report_json_set(o, "proof", json_string(proof_name(r->proof)));
	report_json_set(o, "error", r->success ? json_null() : error(run));
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

int report_json_put(struct buf *b, json_t *o, size_t flags)
{
	char *text = o ? json_dumps(o, flags | JSON_REAL_PRECISION(9)) : NULL;

	if (text)
		buf_puts(b, text);
	mem_free(text);
	json_decref(o);
	return text ? buf_err(b) : -ENOMEM;
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
