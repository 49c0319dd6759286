#include "app/file_in.h"

#include <fcntl.h>
#include <unistd.h>

static int complain(struct text *why, const char *path, int err)
{
	*why = TEXT(N_("{1}: {2}"), text_str(path), text_errno(err));
	return err;
}

int file_in_fd(int fd, size_t max, struct buf *ret)
{
	for (;;) {
		uint8_t *p = buf_reserve(ret, 4096);
		if (!p)
			return buf_err(ret);
		ssize_t n = read(fd, p, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf_commit(ret, (size_t)n);
		if (buf_len(ret) > max)
			return -EFBIG;
	}
}

int file_in_read(const char *path, size_t max, struct buf *ret, struct text *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return complain(why, path, -errno);
	int err = file_in_fd(fd, max, ret);
	close(fd);
	return err ? complain(why, path, err) : 0;
}
