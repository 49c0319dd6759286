/* asset.h - the files that pages name: the style, the script, the icons; built in. */
#pragma once

#include "base/slice.h"
#include "watch/judge.h"

struct page_asset {
	const char *path; /* "/assets/page.css" */
	const char *type; /* Content-Type */
	const char *etag; /* strong, RFC 9110 section 8.8.3, with its quotes: made from the bytes */
	struct slice bytes;
};

const struct page_asset *page_asset_find(struct slice path); /* NULL: there is none */
/* The address with which pages name it: has a part of its tag, so that it may be kept for ever.
 * page_asset_find() takes it without the query. */
const char *page_asset_href(const char *path);
const char *page_icon_path(enum watch_state s);
