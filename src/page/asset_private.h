/* asset_private.h - the table that scripts/embed.cmake makes of src/page/assets. */
#pragma once

#include "page/asset.h"

extern const struct page_asset page_assets[];
extern const size_t n_page_assets;
