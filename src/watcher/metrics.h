/* metrics.h - what a watcher says for Prometheus: of each test, and of itself. */
#pragma once

#include "watcher/access.h"
#include "web/answer.h"

/* Of the tests that ROLE_METRICS of `a` is for; of the watcher itself when that is for all. */
void metrics_put(const struct watcher *w, const struct web_request *r, const struct access *a,
	struct web_answer *ret);
