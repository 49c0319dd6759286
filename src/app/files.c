#include "app/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/file_in.h"
#include "base/mem.h"

static char *join(const char *a, const char *b)
{
	char *ret = NULL;

	return asprintf(&ret, "%s/%s", a, b) < 0 ? NULL : ret;
}

static char *find_config(const char *path)
{
	const char *named = path ? path : getenv("STOX_CONFIG");
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *found = NULL;

	if (named && named[0])
		return mem_strdup(named);
	if (xdg && xdg[0])
		found = join(xdg, "stox/stox.yaml");
	else if (home && home[0])
		found = join(home, ".config/stox/stox.yaml");
	if (found && access(found, F_OK) == 0)
		return found;
	free(found);
	return access("/etc/stox/stox.yaml", F_OK) == 0 ? mem_strdup("/etc/stox/stox.yaml") : NULL;
}

int config_read(const char *path, struct conf **ret, char **path_ret, text_look_up *look_up,
	struct buf *why)
{
	struct text unreadable;
	struct buf text;
	char *found = find_config(path);

	*ret = NULL;
	*path_ret = found;
	if (!found)
		return 0;
	buf_init(&text, CONF_TEXT_MAX + 8192);
	int err = file_in_read(found, CONF_TEXT_MAX, &text, &unreadable);
	if (err)
		text_put(why, &unreadable, look_up);
	else
		err = conf_load(ret, buf_slice(&text), found, look_up, why);
	buf_done(&text);
	return err;
}

/* What systemd names a file of a folder that LoadCredential= hands over: "secrets/component" of
 * "secrets" is "secrets_component" (systemd.exec(5)).  To be freed. */
static char *find_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char *ret = dir && dir[0] ? join(dir, path) : NULL;

	if (!ret)
		return NULL;
	for (char *p = ret + strlen(dir) + 1; *p; p++)
		if (*p == '/')
			*p = '_';
	if (access(ret, F_OK) == 0)
		return ret;
	free(ret);
	return NULL;
}

char *config_path(const char *config, const char *path)
{
	const char *slash = config ? strrchr(config, '/') : NULL;
	char *ret = path[0] != '/' ? find_credential(path) : NULL;

	if (ret)
		return ret;
	if (path[0] == '/' || !slash)
		return mem_strdup(path);
	return asprintf(&ret, "%.*s/%s", (int)(slash - config), config, path) < 0 ? NULL : ret;
}
