#include "watcher/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

static char *join(const char *folder, const char *name)
{
	char *ret = NULL;

	return asprintf(&ret, "%s/%s", folder, name) < 0 ? NULL : ret;
}

/* Of several that systemd made (with colons between) the first one. */
static char *in_state_directory(const char *folders)
{
	char *folder = strndup(folders, strcspn(folders, ":"));
	char *ret = folder ? join(folder, "history.db") : NULL;

	free(folder);
	return ret;
}

/* The folder and those above it, as mkdir -p makes them. */
static int make_folders(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		const int err = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
		*p = '/';
		if (err)
			return err;
	}
	return 0;
}

static char *own_folder(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (state && state[0] == '/')
		return join(state, "stox/history.db");
	return home && home[0] == '/' ? join(home, ".local/state/stox/history.db") : NULL;
}

char *place_of_history(struct text *why)
{
	const char *folders = getenv("STATE_DIRECTORY");

	*why = TEXT_PLAIN(N_("it is not known where the history is to be kept: set "
			     "watch.history.file"));
	if (folders && folders[0] == '/')
		return in_state_directory(folders);
	char *ret = own_folder();
	const int err = ret ? make_folders(ret) : 0;
	if (!err)
		return ret;
	*why = TEXT(N_("{1}: {2}"), text_str(ret), text_errno(-err));
	free(ret);
	return NULL;
}
