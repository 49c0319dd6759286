/* watch_config.h - what is wrong with the section `watch` beyond its syntax: reasons, windows, time
 * zones, addresses.  A check, a start and a reload of the watcher ask here, so that they refuse the
 * same.
 */
#pragma once

#include "conf/problems.h"
#include "watch/window.h"

/* Names of warnings, of a pool or a partner. */
void watch_config_check_accept(const struct conf_texts *names, struct problems *problems);
/* All else, of a configuration that has the section. */
void watch_config_check(const struct conf *c, struct problems *problems);
/* The zone and what is in its file, which *ret borrows; UTC needs none.  0, or ERR_CONFIG with a
 * sentence. */
int watch_config_read_zone(const char *name, struct buf *file, struct zone *ret, struct text *why);
