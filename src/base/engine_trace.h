/* engine_trace.h - what passes between a composite engine (base/world.h) and its driver, each thing
 * as one line of text: for who wants to see what an engine was told, and what it did of that.
 *
 *   0.004711 gateway -> flow-bytes flow=1 bytes=231 element=message
 *   0.004711 gateway <- output listener=1 peer=127.0.0.1:5060 bytes=402 sip="SIP/2.0 200 OK"
 *
 * Seconds since the trace began, the engine's name, `->` for what it is told and `<-` for what was
 * taken from it; then pairs as base/log.h writes them.  A flow that was accepted is `a1`.
 *
 * Bytes are counted and not shown, for credentials, handshakes and bodies are in them.  Of bytes
 * that begin with the whole first line of a SIP message that line is there, its URI without
 * password, parameters and headers; of bytes that begin with an XML tag the name of that.
 */
#pragma once

#include "base/world.h"

enum {
	ENGINE_TRACE_LINE_MAX = 16384, /* no line is longer, its end included */
	ENGINE_TRACE_RECORDS = 8,      /* of one answer of the DNS are written out */
};

struct engine_trace {
	const char *engine; /* its name */
	ts_t began;
};

void engine_trace_fact(
	struct buf *b, const struct engine_trace *t, const struct fact *in, ts_t now);
void engine_trace_time(struct buf *b, const struct engine_trace *t, ts_t now);
void engine_trace_output(
	struct buf *b, const struct engine_trace *t, const struct output *out, ts_t now);
void engine_trace_want(struct buf *b, const struct engine_trace *t, const struct want *w, ts_t now);
/* When it wants to be woken, in seconds since the trace began too. */
void engine_trace_deadline(struct buf *b, const struct engine_trace *t, ts_t deadline, ts_t now);
