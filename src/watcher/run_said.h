/* run_said.h - what a run's two sides said, from its kept trace (doc/stox.trace.schema.json), for
 * the ladder of its page.  A trace that cannot be read has none. */
#pragma once

#include "page/model.h"

struct json_t;

struct run_said {
	struct json_t *trace; /* whose texts the rows borrow */
	struct page_said *rows;
	size_t n;
};

void run_said_read(struct run_said *ret, struct slice trace_json);
void run_said_done(struct run_said *s);
