/* draw_private.h - what the parts of the latency's chart share. */
#pragma once

#include "page/draw.h"

/* An attribute: where a bin begins, or how wide that many are. */
void draw_x(const struct html *h, const char *name, size_t bin, size_t n_bins);
int64_t draw_nice_top(int64_t us); /* a round number that is not below it */

/* draw_time.c */
void draw_time_axis(const struct html *h, const struct page_chart *c);
void draw_latency_table(const struct html *h, const struct page_chart *c);
