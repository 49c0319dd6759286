/* trouble.h - what needs attention: worst first, with the next step and the run to look at. */
#pragma once

#include "page/html.h"

/* The list, or nothing when there is no trouble. */
void trouble_put_list(const struct html *h, const struct page_set *set);
