/* files.h - what every command reads: its configuration. */
#pragma once

#include "base/text.h"
#include "conf/conf.h"

/* The configuration: `path`, or the first of $STOX_CONFIG, ~/.config/stox/stox.yaml (or below
 * $XDG_CONFIG_HOME), /etc/stox/stox.yaml.  *ret is NULL, with 0, when none was named and none is
 * there.  0, or an error whose lines, in the language of `look_up`, are in `why`.  *path_ret is
 * where it was found (to be freed).
 */
int config_read(const char *path, struct conf **ret, char **path_ret, text_look_up *look_up,
	struct buf *why);
/* A path of the configuration.  A relative one is that of a credential, where the service manager
 * hands one over by that name (with _ for each /), else it starts in the configuration's folder.
 * To be freed. */
char *config_path(const char *config, const char *path);
