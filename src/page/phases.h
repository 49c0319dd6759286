/* phases.h - the phases of a test side by side, each in its own measure (?by=phase). */
#pragma once

#include "page/html.h"
#include "page/model.h"

void phases_put(const struct html *h, const struct page_phase_row *rows, size_t n);
