/* feed.h - incidents as an Atom feed, RFC 4287: one entry each, which is updated when it is over.
 */
#pragma once

#include "page/model.h"

struct page_feed {
	struct slice base; /* "https://stox.litware.test": absolute, without a slash at its end */
	const struct page_set *set;
	const struct page_incident_row *rows; /* newest first */
	size_t n_rows;
};

/* application/atom+xml */
int page_feed(struct buf *b, const struct page_view *v, const struct page_feed *m);
