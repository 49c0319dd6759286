/* post.h - `stox test --via URL`: the question to a watcher elsewhere, over HTTP by libcurl, which
 * is in this program and not in stox. */
#pragma once

#include "app/cmd_test.h"

test_post post_query;
