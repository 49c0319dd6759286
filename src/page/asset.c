#include "page/asset.h"

#include <string.h>

#include "page/asset_private.h"

const struct page_asset *page_asset_find(struct slice path)
{
	for (size_t i = 0; i < n_page_assets; i++)
		if (slice_eqs(path, page_assets[i].path))
			return &page_assets[i];
	return NULL;
}

const char *page_asset_href(const char *path)
{
	const struct page_asset *a = page_asset_find(slice_str(path));

	return a ? a->href : path;
}

const char *page_icon_path(enum watch_state s)
{
	switch (s) {
	case WATCH_OK: return "/assets/ok.svg";
	case WATCH_UNSTABLE: return "/assets/unstable.svg";
	case WATCH_FAILED: return "/assets/failed.svg";
	case WATCH_UNKNOWN: return "/assets/unknown.svg";
	case WATCH_MAINTENANCE: return "/assets/maintenance.svg";
	}
	return "/assets/unknown.svg";
}
