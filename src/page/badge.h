/* badge.h - one state as a small picture, and as the JSON of shields.io's endpoint badge.
 *
 * Form, word and colour, as on the pages.  Neither needs a page around it.
 */
#pragma once

#include "page/model.h"

struct page_badge {
	text_look_up *look_up;
	struct slice label; /* "Contoso", or the site's name */
	enum watch_state state;
	bool has_share; /* "OK, 99.97%" */
	struct page_share share;
};

/* image/svg+xml */
int page_badge_svg(struct buf *b, const struct page_badge *m);
/* application/json: schemaVersion 1 */
int page_badge_json(struct buf *b, const struct page_badge *m);
