#include "app/file_out.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int complain(struct text *why, const char *path, int err)
{
	*why = TEXT(N_("{1}: {2}"), text_str(path), text_errno(err));
	return -err;
}

static int refuse(struct text *why, const char *path, const char *what)
{
	*why = TEXT(N_("{1}: {2}"), text_str(path), text_id(what));
	return -EINVAL;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "dir/" of "dir/name", "" of "name". */
static struct slice dir_of(const char *path)
{
	return slice_of(path, (size_t)(base_of(path) - path));
}

/* The temporary one does not end as the file does: a folder that is watched for *.prom is not
 * disturbed.  NULL: out of memory. */
static char *open_temporary(const char *path, int *ret_fd)
{
	char *name = NULL;

	if (asprintf(&name, "%.*s.%s.XXXXXX", SLICE_FMT(dir_of(path)), base_of(path)) < 0)
		return NULL;
	*ret_fd = mkostemp(name, O_CLOEXEC);
	return name;
}

static int check_folder(const char *path, struct text *why)
{
	int fd = -1;
	char *name = open_temporary(path, &fd);
	const int err = name ? errno : ENOMEM;

	if (fd >= 0) {
		unlink(name);
		close(fd);
	}
	free(name);
	return fd < 0 ? complain(why, path, err) : 0;
}

/* In a folder as /tmp only the owner of a file may replace it. */
static bool is_held_by_its_owner(const char *path, const struct stat *file)
{
	struct slice dir = dir_of(path);
	char *name = dir.n ? mem_strndup(dir.p, dir.n) : mem_strdup(".");
	struct stat st;
	const bool sticky = name && stat(name, &st) == 0 && (st.st_mode & S_ISVTX);
	const bool ours = file->st_uid == geteuid() || (sticky && st.st_uid == geteuid());

	free(name);
	return sticky && !ours && geteuid() != 0;
}

int file_out_check(const char *path, struct text *why)
{
	struct stat st;

	if (base_of(path)[0] == '\0')
		return refuse(why, path, N_("give the name of a file"));
	if (lstat(path, &st) < 0) {
		if (errno != ENOENT)
			return complain(why, path, errno);
		return check_folder(path, why);
	}
	if (S_ISLNK(st.st_mode))
		return refuse(why, path, N_("this is a link; name the file itself"));
	if (S_ISDIR(st.st_mode))
		return complain(why, path, EISDIR);
	if (!S_ISREG(st.st_mode))
		return refuse(why, path, N_("this is not a regular file"));
	if (access(path, W_OK) < 0)
		return complain(why, path, errno);
	if (is_held_by_its_owner(path, &st))
		return complain(why, path, EPERM);
	return check_folder(path, why);
}

int file_out_bytes(int fd, struct slice s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		s = slice_skip(s, (size_t)n);
	}
	return 0;
}

/* The umask cannot be asked for without being set. */
static mode_t mask(void)
{
	const mode_t ret = umask(077);

	umask(ret);
	return ret;
}

int file_out_write(const char *path, struct slice content, unsigned mode, struct text *why)
{
	int fd = -1;
	char *name = open_temporary(path, &fd);
	int err = name ? 0 : -ENOMEM;

	if (!err && fd < 0)
		err = -errno;
	if (err)
		goto out;
	err = file_out_bytes(fd, content);
	if (!err && fchmod(fd, mode & ~mask()) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(name, path) < 0)
		err = -errno;
	if (err)
		unlink(name);
out:
	free(name);
	return err ? complain(why, path, -err) : 0;
}

bool file_out_same(const char *a, const char *b)
{
	struct slice dir_a = dir_of(a), dir_b = dir_of(b);
	char *name_a = dir_a.n ? mem_strndup(dir_a.p, dir_a.n) : mem_strdup(".");
	char *name_b = dir_b.n ? mem_strndup(dir_b.p, dir_b.n) : mem_strdup(".");
	struct stat st_a, st_b;
	const bool same_folder = name_a && name_b && stat(name_a, &st_a) == 0 &&
				 stat(name_b, &st_b) == 0 && st_a.st_dev == st_b.st_dev &&
				 st_a.st_ino == st_b.st_ino;

	free(name_a);
	free(name_b);
	return same_folder && strcmp(base_of(a), base_of(b)) == 0;
}
