/* matrix.h - how each test stands: partners down, pools across, both ways in a cell. */
#pragma once

#include "page/html.h"

enum { MATRIX_CELLS_MAX = 200000 }; /* pools times partners; behind that there is none */

/* The table and its key; nothing where there is no test. */
void matrix_put(const struct html *h, const struct page_set *set);
/* The cell that a test stands in. */
void matrix_put_cell(const struct html *h, const struct page_set *set, size_t test);
