#include "app/kept.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/file_out.h"
#include "app/state_folder.h"
#include "base/mem.h"
#include "base/str.h"

enum {
	NAMES_MAX = 1024, /* looked at in one go; what is over is left to the next */
	STALE_S = 3600,   /* a half-written file is a killed program's */
};

#define TEMPORARY ".stox-"

/* ---- one file ---- */

/* What no other has: the name is a secret until it is taken. */
static int make_temporary(int dir, char name[32])
{
	struct buf b;
	uint8_t random[10];

	if (getentropy(random, sizeof(random)) < 0)
		return -errno;
	buf_init(&b, 32);
	buf_puts(&b, TEMPORARY);
	hex_put(&b, slice_of(random, sizeof(random)));
	slice_cstr(buf_slice(&b), name, 32);
	buf_done(&b);
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* Not by a path, on which a link might come to be: in the folder that was looked at. */
static int replace(int dir, const char *name, struct slice text)
{
	char temporary[32];
	int fd = make_temporary(dir, temporary);

	if (fd < 0)
		return fd;
	int err = file_out_bytes(fd, text);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && renameat(dir, temporary, dir, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir, temporary, 0);
	return err;
}

/* ---- its bounds ---- */

struct names {
	char *name[NAMES_MAX];
	size_t n;
};

static bool is_kept(const char *name)
{
	return ascii_is_digit((uint8_t)name[0]);
}

static void drop_stale(int dir, const char *name)
{
	struct stat st;

	if (slice_starts(slice_str(name), SLICE(TEMPORARY)) &&
		fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		st.st_mtime < time(NULL) - STALE_S)
		unlinkat(dir, name, 0);
}

static void list(int dir, const char *but, struct names *ret)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (ret->n < NAMES_MAX && (e = readdir(d))) {
		drop_stale(dir, e->d_name);
		if (!is_kept(e->d_name) || strcmp(e->d_name, but) == 0)
			continue;
		ret->name[ret->n] = mem_strdup(e->d_name);
		ret->n += ret->name[ret->n] != NULL;
	}
	closedir(d);
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

/* Two tests may do this at once: each lets go of the oldest, and what is gone is gone. */
static void bound(int dir, const char *newest, size_t bytes)
{
	struct names *names = mem_alloc0(sizeof(*names));
	size_t n = 1;
	struct stat st;

	if (!names)
		return;
	list(dir, newest, names);
	qsort(names->name, names->n, sizeof(names->name[0]), newest_first);
	for (size_t i = 0; i < names->n; i++) {
		if (fstatat(dir, names->name[i], &st, AT_SYMLINK_NOFOLLOW) == 0) {
			bytes += (size_t)st.st_size;
			if (++n > KEPT_FILES || bytes > KEPT_BYTES)
				unlinkat(dir, names->name[i], 0);
		}
		mem_free(names->name[i]);
	}
	mem_free(names);
}

int kept_write(const char *name, struct slice text, struct buf *ret, struct text *why)
{
	int dir = state_folder_open("traces", ret);
	int err = dir < 0 ? dir : replace(dir, name, text);

	if (err)
		*why = TEXT(N_("{1}: {2}"), text_str(buf_cstr(ret)), text_errno(-err));
	else
		bound(dir, name, text.n);
	if (dir >= 0)
		close(dir);
	buf_printf(ret, "/%s", name);
	return err;
}
