#include "app/turn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PAUSE_MS = 10,
	NAME_ROOM =
		200, /* of an account in a file's name: two that are alike so far share a turn */
};

/* ---- the folder ---- */

/* Nobody else may write there: who can replace the file could make two tests run at once, or keep
 * ours waiting. */
static int check_own(int fd)
{
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() && !(st.st_mode & 022) ? 0 : -EPERM;
}

static int open_own(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err = check_own(fd);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int make_own(int at, const char *path)
{
	if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	return open_own(at, path);
}

/* All tests of a user come to the same one, whether or not it has a session: a timer has none. */
static int open_folder(void)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	const unsigned uid = (unsigned)geteuid();
	char path[64];

	snprintf(path, sizeof(path), "/run/user/%u", uid);
	int fd = xdg && xdg[0] == '/' ? open_own(AT_FDCWD, xdg) : -ENOENT;
	if (fd < 0)
		fd = open_own(AT_FDCWD, path);
	if (fd >= 0) {
		const int own = make_own(fd, "stox");

		close(fd);
		return own;
	}
	snprintf(path, sizeof(path), "/tmp/stox-%u", uid);
	return make_own(AT_FDCWD, path);
}

/* ---- the file ---- */

/* "sip-pilar@litware.test": what a name of a file cannot have, or begins with, is written in hex.
 */
static void write_name(enum turn_side side, const char *account, char *ret, size_t size)
{
	static const char *const names[] = { [TURN_SIP] = "sip", [TURN_XMPP] = "xmpp" };
	size_t n = (size_t)snprintf(ret, size, "%s-", names[side]);

	for (const char *p = account; *p && n < NAME_ROOM; p++) {
		const unsigned char c = (unsigned char)*p;
		const bool plain = c > ' ' && c != '/' && c != '%' && c < 0x7f;

		n += (size_t)snprintf(ret + n, size - n, plain ? "%c" : "%%%02X", c);
	}
}

static int open_file(enum turn_side side, const char *account)
{
	char name[NAME_ROOM + 16];
	int dir = open_folder();

	if (dir < 0)
		return dir;
	write_name(side, account, name, sizeof(name));
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	const int err = fd < 0 ? -errno : 0;
	close(dir);
	return err ? err : fd;
}

/* Who has it wrote its number there. */
static pid_t read_process(int fd)
{
	char text[16] = "";

	return pread(fd, text, sizeof(text) - 1, 0) > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static void write_process(int fd)
{
	char text[16];
	const int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* It is for people: without it the lock holds all the same. */
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) < 0)
		return;
}

int turn_try(struct turn *t, enum turn_side side, const char *account, pid_t *ret_process)
{
	*ret_process = 0;
	if (t->taken[side])
		return 0;
	int fd = open_file(side, account);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		write_process(fd);
		t->fds[side] = fd;
		t->taken[side] = true;
		return 0;
	}
	const int err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	*ret_process = read_process(fd);
	close(fd);
	return err;
}

void turn_pause(void)
{
	const struct timespec t = { .tv_nsec = PAUSE_MS * 1000000L };

	nanosleep(&t, NULL);
}

void turn_done(struct turn *t)
{
	for (unsigned i = 0; i < TURNS; i++) {
		if (t->taken[i])
			close(t->fds[i]);
		t->taken[i] = false;
	}
}
