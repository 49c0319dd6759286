#include "app/notify.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"

void notify_init(struct notify *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const size_t size = path ? strlen(path) : 0;

	*n = (struct notify){ .fd = -1, .to = { .sun_family = AF_UNIX } };
	if (size < 2 || size >= sizeof(n->to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(n->to.sun_path, path, size);
	if (path[0] == '@')
		n->to.sun_path[0] = '\0';
	n->to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
	n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void notify_done(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void notify_say(const struct notify *n, const char *assignments)
{
	if (n->fd >= 0)
		(void)sendto(n->fd, assignments, strlen(assignments), MSG_NOSIGNAL,
			(const struct sockaddr *)&n->to, n->to_size);
}

ts_t notify_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t each, whose;

	if (!usec || !slice_u64(slice_str(usec), UINT32_MAX * 1000ull, &each) || each < 2)
		return TS_NEVER;
	if (pid && (!slice_u64(slice_str(pid), INT32_MAX, &whose) || (pid_t)whose != getpid()))
		return TS_NEVER;
	return each / 2;
}
