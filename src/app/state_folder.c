#include "app/state_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static int enter(int dir, const char *name, int flags)
{
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
	return fd < 0 ? -errno : fd;
}

/* A folder that is ours alone: no link, nobody else's, open to nobody else. */
static int enter_own(int dir, const char *name)
{
	struct stat st;
	int fd = enter(dir, name, O_NOFOLLOW);

	if (fd < 0)
		return fd;
	int err = fstat(fd, &st) < 0 ? -errno : st.st_uid != geteuid() ? -EPERM : 0;
	if (!err && (st.st_mode & 077) && fchmod(fd, 0700) < 0)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

struct step {
	const char *name;
	int (*enter)(int dir, const char *name);
};

static int enter_any(int dir, const char *name)
{
	return enter(dir, name, 0);
}

/* Down from `dir`, which is closed; `path` grows with each step. */
static int descend(int dir, const struct step *steps, size_t n, struct buf *path)
{
	for (size_t i = 0; i < n && dir >= 0; i++) {
		int next = steps[i].enter(dir, steps[i].name);

		buf_printf(path, "/%s", steps[i].name);
		close(dir);
		dir = next;
	}
	return dir;
}

/* A relative $XDG_STATE_HOME is to be ignored (XDG Base Directory Specification). */
static const char *absolute(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

bool state_folder_put(struct buf *path)
{
	const char *xdg = absolute("XDG_STATE_HOME"), *home = absolute("HOME");

	if (xdg)
		buf_printf(path, "%s/stox", xdg);
	else if (home)
		buf_printf(path, "%s/.local/state/stox", home);
	return xdg || home;
}

/* The home must be there: nobody wants one made. */
int state_folder_open(const char *below, struct buf *path)
{
	const struct step steps[] = { { ".local", enter_any }, { "state", enter_any },
		{ "stox", enter_own }, { below, enter_own } };
	const char *xdg = absolute("XDG_STATE_HOME"), *home = absolute("HOME");
	const size_t n = below ? COUNT(steps) : COUNT(steps) - 1;

	if (!xdg && !home) {
		buf_puts(path, "$HOME");
		return -ENOENT;
	}
	buf_puts(path, xdg ? xdg : home);
	if (xdg)
		mkdir(xdg, 0700); /* as that specification wants it */
	const int dir = open(xdg ? xdg : home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	return xdg ? descend(dir, steps + 2, n - 2, path) : descend(dir, steps, n, path);
}
