/* asset.h - the files that pages name: the style, the script, the icons; built in. */
#pragma once

#include "base/slice.h"
#include "watch/judge.h"

struct page_asset {
	const char *path; /* "/assets/page.css" */
	const char *type; /* Content-Type */
	const char *etag; /* strong, RFC 9110 section 8.8.3, with its quotes: made from the bytes */
	const char *href; /* the path with a part of the tag: what it names may be kept for ever */
	struct slice bytes;
};

/* The path without a query.  NULL: there is none. */
const struct page_asset *page_asset_find(struct slice path);
const char *page_asset_href(const char *path);
const char *page_icon_path(enum watch_state s); /* of a favicon: it has the form of the state */
