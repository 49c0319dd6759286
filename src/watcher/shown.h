/* shown.h - what the history has, in the structs of pages (page/model.h). */
#pragma once

#include "page/model.h"
#include "watcher/board.h"
#include "watcher/run_id.h"

#define SHOWN_DAY_US (INT64_C(86400) * 1000000)

static inline int64_t shown_span(int64_t us)
{
	return us == STORE_NONE ? PAGE_NO_SPAN : us;
}

struct page_share shown_share(const struct store_counts *c);
struct page_share shown_seen(const struct watched *t); /* by this process */
/* Its id is a text in `id`. */
struct page_run_row shown_run(const struct store_row *row, char id[RUN_ID_MAX]);
/* The same; `at` is its test's place on the board. */
struct page_incident_row shown_incident(
	const struct store_incident *from, const struct board *b, size_t at, char id[BOARD_ID_MAX]);
