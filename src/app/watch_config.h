/* watch_config.h - what is wrong with the section `watch` beyond its syntax: reasons, windows, time
 * zones, addresses.  A check, a start and a reload of the watcher ask here, so that they refuse the
 * same.
 */
#pragma once

#include "conf/problems.h"
#include "watch/roles.h"
#include "watch/window.h"

/* Names of warnings, of a pool or a partner. */
void watch_config_check_accept(const struct conf_texts *names, struct problems *problems);
/* All else, of a configuration that has the section. */
void watch_config_check(const struct conf *c, struct problems *problems);
/* Of it, who may do what. */
void watch_config_check_roles(const struct conf *c, struct problems *problems);
bool watch_config_preset(const char *name, enum role_preset *ret); /* false: it is none */
/* What a role of the configuration may, 1 << enum role_command. */
unsigned watch_config_commands(const struct conf_role *r);
/* The zone and what is in its file, which *ret borrows; UTC needs none.  0, or ERR_CONFIG with a
 * sentence. */
int watch_config_read_zone(const char *name, struct buf *file, struct zone *ret, struct text *why);
