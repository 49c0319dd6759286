#include "report/json.h"

#include "base/mem.h"
#include "base/str.h"
#include "probe/diagnostics.h"

json_t *report_json_seconds(ts_t t)
{
	return json_real((double)t / 1e6);
}

/* JSON is UTF-8; what a peer said, or what was cut in the middle, may be none. */
json_t *report_json_slice(struct slice raw)
{
	struct buf b;

	buf_init(&b, 8192);
	text_put_clean(&b, raw);
	json_t *s = json_string(buf_cstr(&b));
	buf_done(&b);
	return s;
}

json_t *report_json_string(const char *raw)
{
	return report_json_slice(slice_str(raw));
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

	for (const char *name; (name = tls_fault_name(bits, &at));)
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

/* ---- the diagnosis, and the whole ---- */

json_t *report_json_diagnosis(const struct report_run *run)
{
	const struct reason_info *info = reason_info(run->result->reason);
	json_t *likely = json_array(), *next = json_array();
	const struct reason_step *steps[REASON_STEPS_MAX];
	const unsigned n = report_steps(run, steps);
	struct buf b;

	for (unsigned i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++)
		json_array_append_new(likely, json_string(report_look(run, info->causes[i])));
	buf_init(&b, 8192);
	for (unsigned i = 0; i < n; i++) {
		buf_clear(&b);
		report_put_step(&b, run, steps[i]);
		json_array_append_new(next, json_string(buf_cstr(&b)));
	}
	buf_done(&b);
	return json_pack("{s:s, s:o, s:o}", "cause", report_look(run, info->meaning), "likely",
		likely, "next", next);
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
