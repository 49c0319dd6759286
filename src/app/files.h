/* files.h - what every command reads: its configuration, and secrets. */
#pragma once

#include "base/text.h"
#include "conf/conf.h"

#define SECRET_MAX 1024

/* One secret: a regular file of ours or root's that nobody else can read (files below
 * $CREDENTIALS_DIRECTORY have their own protection), without its last line end.  `-` asks on a
 * terminal.  0 or ERR_SECRET with a sentence in `why` that never holds the secret. */
int secret_read(const char *path, char ret[SECRET_MAX + 1], struct text *why);

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
