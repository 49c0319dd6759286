/* draw.h - the charts: SVG whose x are per cent or stretched, and a text that says the same. */
#pragma once

#include "page/html.h"

/* 24 hours in a cell; for nobody who listens: the cell says it. */
void draw_spark(const struct html *h, const struct page_spark *s);
/* 90 days: what was not fine rises above the line. */
void draw_days(const struct html *h, const struct page_days *d);
void draw_days_words(const struct html *h, const struct page_days *d); /* the same in words */
/* As many days; for nobody who listens: the row says it. */
void draw_month(const struct html *h, const struct page_day *days, unsigned n);
bool draw_days_are_fine(const struct page_days *d);
/* Sign-in, there and back over time, states below it, and the table behind it. */
void draw_latency(const struct html *h, const struct page_test_model *m);
/* A run's phases, beside those of the last good one. */
void draw_waterfall(const struct html *h, const struct page_run_model *m);
/* What was said in a run, message by message. */
void draw_ladder(const struct html *h, const struct page_run_model *m);
