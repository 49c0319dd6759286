/* metrics.h - what a watcher says for Prometheus: of each test, and of itself. */
#pragma once

#include "watcher/private.h"
#include "web/answer.h"

void metrics_put(const struct watcher *w, const struct web_request *r, struct web_answer *ret);
