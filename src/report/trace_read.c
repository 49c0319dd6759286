#include "report/trace_read.h"

#include <jansson.h>

#include "base/mem.h"
#include "base/str.h"

static struct slice text_of(const json_t *o, const char *key)
{
	const json_t *s = json_object_get(o, key);

	return json_is_string(s) ? slice_of(json_string_value(s), json_string_length(s))
				 : SLICE_NONE;
}

static bool read_phase(struct slice name, enum probe_phase *ret)
{
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		if (slice_eqs(name, phase_name((enum probe_phase)i))) {
			*ret = (enum probe_phase)i;
			return true;
		}
	return false;
}

/* Where it was not known there is none. */
static void read_address(const json_t *o, const char *key, struct addr *ret)
{
	const struct slice text = text_of(o, key);

	if (!text.n || !addr_decode(text, ret))
		*ret = (struct addr){ 0 };
}

/* What was no UTF-8 is in base64; `room` has it then. */
static bool read_text(const json_t *o, struct buf *room, struct slice *ret)
{
	const struct slice coded = text_of(o, "text_base64");

	*ret = text_of(o, "text");
	if (!coded.n)
		return true;
	if (base64_decode(room, coded))
		return false;
	*ret = buf_slice(room);
	return true;
}

static void push_message(struct trace *t, const json_t *o, unsigned left_out)
{
	struct probe_event ev = { .type = PROBE_EV_TRACE,
		.at = (ts_t)(json_number_value(json_object_get(o, "at_seconds")) * 1e6 + 0.5),
		.side = slice_eqs(text_of(o, "side"), "xmpp") ? SIDE_XMPP : SIDE_SIP,
		.outbound = slice_eqs(text_of(o, "direction"), "out"),
		.unfinished = json_is_true(json_object_get(o, "unfinished")),
		.left_out = left_out };
	struct buf room;

	buf_init(&room, TRACE_BYTES);
	read_address(o, "local", &ev.local);
	read_address(o, "peer", &ev.peer);
	if (read_phase(text_of(o, "phase"), &ev.phase) &&
		transport_find(text_of(o, "transport"), &ev.transport) &&
		read_text(o, &room, &ev.text))
		trace_push(t, &ev);
	buf_done(&room);
}

static void push_steps(struct trace *t, const json_t *steps)
{
	unsigned left_out = 0;
	size_t i;
	json_t *o;

	json_array_foreach(steps, i, o)
	{
		const struct slice type = text_of(o, "type");

		if (slice_eqs(type, "left_out"))
			left_out += (unsigned)json_integer_value(json_object_get(o, "messages"));
		if (!slice_eqs(type, "message"))
			continue;
		push_message(t, o, left_out);
		left_out = 0;
	}
}

int trace_read(struct trace **ret, struct slice json)
{
	const struct trace_cfg cfg = { .strip_bodies = false };
	json_t *o;

	int err = trace_new(ret, &cfg);
	if (err)
		return err;
	o = json.n ? json_loadb((const char *)json.p, json.n, 0, NULL) : NULL;
	push_steps(*ret, json_object_get(o, "steps"));
	json_decref(o);
	return 0;
}
