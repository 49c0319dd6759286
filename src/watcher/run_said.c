#include "watcher/run_said.h"

#include <jansson.h>

#include "base/mem.h"

static struct slice text_of(const json_t *o, const char *key)
{
	const json_t *s = json_object_get(o, key);

	return json_is_string(s) ? slice_of(json_string_value(s), json_string_length(s))
				 : SLICE_NONE;
}

/* What comes with the message itself and behind it is in the phases from the sending on. */
static bool is_behind_sign_in(struct slice phase)
{
	static const enum probe_phase sends[] = { PHASE_SIP_SEND, PHASE_DELIVER, PHASE_ANSWER };

	for (size_t i = 0; i < COUNT(sends); i++)
		if (slice_eqs(phase, phase_name(sends[i])))
			return true;
	return false;
}

static struct page_said said_of(const json_t *o, bool was_behind)
{
	const struct slice text = text_of(o, "text");

	return (struct page_said){
		.at_us = (int64_t)(json_number_value(json_object_get(o, "at_seconds")) * 1e6),
		.is_xmpp = slice_eqs(text_of(o, "side"), "xmpp"),
		.is_out = slice_eqs(text_of(o, "direction"), "out"),
		.is_behind_sign_in = was_behind || is_behind_sign_in(text_of(o, "phase")),
		.label = text_of(o, "label"),
		.text = text.n ? text : text_of(o, "text_base64"),
	};
}

static void put_steps(struct run_said *s, const json_t *steps)
{
	uint32_t left_out = 0;
	size_t i;
	json_t *o;

	json_array_foreach(steps, i, o)
	{
		const struct slice type = text_of(o, "type");

		if (slice_eqs(type, "left_out"))
			left_out += (uint32_t)json_integer_value(json_object_get(o, "messages"));
		if (!slice_eqs(type, "message"))
			continue;
		if (s->n == PAGE_SAID_MAX)
			return;
		s->rows[s->n] = said_of(o, s->n && s->rows[s->n - 1].is_behind_sign_in);
		s->rows[s->n++].n_left_out = left_out;
		left_out = 0;
	}
}

void run_said_read(struct run_said *ret, struct slice trace_json)
{
	*ret = (struct run_said){ 0 };
	if (trace_json.n)
		ret->trace = json_loadb((const char *)trace_json.p, trace_json.n, 0, NULL);
	if (ret->trace)
		ret->rows = mem_alloc0(PAGE_SAID_MAX * sizeof(*ret->rows));
	if (ret->rows)
		put_steps(ret, json_object_get(ret->trace, "steps"));
}

void run_said_done(struct run_said *s)
{
	mem_free(s->rows);
	json_decref(s->trace);
}
