/* doc/stox.trace.schema.json says what each field is. */
#include <jansson.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/trace_private.h"

static const char *const sides[] = { [SIDE_SIP] = "sip", [SIDE_XMPP] = "xmpp" };

static json_t *seconds(ts_t t)
{
	return json_real((double)t / 1e6);
}

static json_t *address(const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	return a->family ? json_string(addr_text(a, text)) : json_null();
}

static json_t *label(const struct probe_event *ev)
{
	struct buf raw, b;

	buf_init(&raw, TRACE_BYTES);
	buf_init(&b, 8 * TRACE_BYTES);
	trace_put_label(&raw, ev);
	trace_put_plain(&b, buf_slice(&raw));
	trace_part_done(&raw, &b);
	json_t *s = buf_err(&b) ? NULL : json_string(buf_cstr(&b));
	buf_done(&b);
	return s;
}

/* What is no UTF-8 cannot stand in JSON, and is nothing that a reader could make out. */
static json_t *text(struct slice s)
{
	struct buf b;

	if (utf8_valid(s, NULL))
		return json_stringn((const char *)s.p, s.n);
	buf_init(&b, 2 * s.n + 8);
	base64_put(&b, s);
	json_t *o = buf_err(&b) ? NULL : json_string(buf_cstr(&b));
	buf_done(&b);
	return o;
}

static json_t *message(const struct probe_event *ev)
{
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:s, s:b, s:o, s:o}", "type",
		"message", "at_seconds", seconds(ev->at), "side", sides[ev->side], "direction",
		ev->outbound ? "out" : "in", "transport", transport_name(ev->transport), "local",
		address(&ev->local), "peer", address(&ev->peer), "phase", phase_name(ev->phase),
		"unfinished", ev->unfinished, "label", label(ev),
		utf8_valid(ev->text, NULL) ? "text" : "text_base64", text(ev->text));
}

static json_t *phase(const struct probe_event *ev)
{
	return json_pack("{s:s, s:o, s:s, s:s}", "type", "phase", "at_seconds", seconds(ev->at),
		"phase", phase_name(ev->phase), "outcome", phase_outcome_name(ev->outcome));
}

/* Behind a success a second copy was waited for: the verdict is later than its latency says. */
static json_t *verdict(const struct trace *t, size_t at, const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const ts_t before = at ? trace_get(t, at - 1)->ev.at : 0;

	return json_pack("{s:s, s:o, s:s, s:s?, s:s?}", "type", "verdict", "at_seconds",
		seconds(before > r->latency ? before : r->latency), "result",
		r->success ? "Success" : "Failure", "reason",
		r->success ? NULL : reason_id(r->reason), "phase",
		r->success ? NULL : phase_name(r->phase));
}

/* A step that could not be made is no trace any more. */
struct list {
	json_t *steps;
	bool failed;
};

static void append(struct list *l, json_t *step)
{
	l->failed |= json_array_append_new(l->steps, step) != 0;
}

static void append_gap(struct list *l, unsigned messages)
{
	if (messages)
		append(l, json_pack("{s:s, s:i}", "type", "left_out", "messages", (int)messages));
}

/* NULL when memory was out. */
static json_t *steps(const struct trace *t, const struct report_run *run)
{
	const size_t at = trace_verdict_at(t), n = trace_count(t);
	struct list l = { .steps = json_array() };

	for (size_t i = 0; i <= n; i++) {
		if (i == at)
			append(&l, verdict(t, at, run));
		if (i == n)
			break;
		const struct trace_step *s = trace_get(t, i);
		append_gap(&l, s->left_out);
		append(&l, s->ev.type == PROBE_EV_TRACE ? message(&s->ev) : phase(&s->ev));
	}
	append_gap(&l, trace_left_out_at_end(t));
	if (!l.failed)
		return l.steps;
	json_decref(l.steps);
	return NULL;
}

/* The result as `stox test --format json` gives it, but for where this file is. */
static json_t *result(const struct report_run *run)
{
	struct report_run plain = *run;
	struct buf b;

	plain.trace = NULL;
	buf_init(&b, TRACE_BYTES);
	struct slice s = report_json(&b, &plain) ? SLICE_NONE : buf_slice(&b);
	json_t *o = s.n ? json_loadb((const char *)s.p, s.n, 0, NULL) : NULL;
	buf_done(&b);
	return o;
}

/* A file is looked at in a terminal, too: what that would obey is escaped, though JSON allows it.
 * It stands in strings alone. */
static void put_escaped(struct buf *b, struct slice dump)
{
	unsigned code;

	while (dump.n) {
		struct slice c = trace_next_char(&dump, &code);

		if (c.n)
			buf_put(b, c);
		else
			buf_printf(b, "\\u%04X", code);
	}
}

int trace_json(struct buf *b, const struct trace *t, const struct report_run *run)
{
	json_t *o = json_pack("{s:s, s:o, s:i, s:o}", "schema", "stox.trace/1", "test", result(run),
		"messages_left_out", (int)trace_left_out(t), "steps", steps(t, run));
	char *dump = o ? json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;

	if (dump)
		put_escaped(b, slice_str(dump));
	buf_puts(b, "\n");
	mem_free(dump);
	json_decref(o);
	return dump ? buf_err(b) : -ENOMEM;
}
