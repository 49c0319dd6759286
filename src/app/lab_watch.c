/* `stox lab --watch`: a watcher of this lab, as a process of its own that ends with it. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/cmd_watch.h"
#include "app/file_in.h"
#include "app/lab_private.h"
#include "app/language.h"
#include "net/loop.h"
#include "net/sock.h"

enum {
	PATH_ROOM = 2048,
	END_MS = 8000, /* it closes its sessions and writes its history: five seconds */
	LOG_MAX = 1 << 20,
};

/* One that was free a moment ago: the watcher has to be told before it listens. */
int lab_find_watch_port(struct bench *b)
{
	const struct addr any = {
		.family = 4, .port = (uint16_t)b->v.watch_port, .ip = { 127, 0, 0, 1 }
	};
	const int fd = sock_open(&any, SOCK_STREAM);
	int err = fd < 0 ? fd : sock_bind(fd, &any);

	if (!err)
		err = sock_local(fd, &b->watch.at);
	if (fd >= 0)
		close(fd);
	return err;
}

static void path_of(const struct bench *b, const char *name, char ret[PATH_ROOM])
{
	snprintf(ret, PATH_ROOM, "%s/%s", b->files.dir, name);
}

/* ---- the process ---- */

/* Does not return. */
static void become(const struct bench *b, const char *program)
{
	char config[PATH_ROOM], log[PATH_ROOM];

	path_of(b, "stox.yaml", config);
	path_of(b, "watch.log", log);
	const int in = open("/dev/null", O_RDWR),
		  out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	const char *const argv[] = { program, "--config", config, b->v.verbose ? "-v" : NULL,
		NULL };

	prctl(PR_SET_PDEATHSIG, SIGTERM); /* however this process ends */
	if (in >= 0 && out >= 0 && dup2(in, STDIN_FILENO) >= 0 && dup2(in, STDOUT_FILENO) >= 0 &&
		dup2(out, STDERR_FILENO) >= 0)
		execv(program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void tell_log(const struct bench *b)
{
	char log[PATH_ROOM];
	struct text why;
	struct buf text;

	path_of(b, "watch.log", log);
	buf_init(&text, LOG_MAX + 1);
	if (file_in_read(log, LOG_MAX, &text, &why) == 0)
		fwrite(buf_cstr(&text), 1, buf_len(&text), stderr);
	buf_done(&text);
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct bench *b = arg;

	(void)fd;
	(void)what;
	if (!pump_was_interrupted(b->pump)) {
		tell_log(b);
		opt_complain(b->command, TEXT_PLAIN(N_("the watcher has ended by itself; what it "
						       "said stands above")));
		b->status = 3;
	}
	pump_stop(b->pump);
}

int lab_start_watch(struct bench *b)
{
	struct lab_watch *w = &b->watch;
	char program[PATH_ROOM];

	if (!watch_find_program(program, sizeof(program)))
		return -ENOENT;
	w->pid = fork();
	if (w->pid == 0)
		become(b, program);
	if (w->pid < 0)
		return -errno;
	w->fd = pidfd_open(w->pid, 0);
	if (w->fd < 0)
		return -errno;
	w->ended = event_new(loop_base(pump_loop(b->pump)), w->fd, EV_READ, on_ended, b);
	return w->ended && event_add(w->ended, NULL) == 0 ? 0 : -ENOMEM;
}

void lab_end_watch(struct bench *b)
{
	struct lab_watch *w = &b->watch;
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	if (w->ended)
		event_free(w->ended);
	if (w->pid <= 0)
		return;
	kill(w->pid, SIGTERM);
	if (w->fd < 0 || poll(&p, 1, END_MS) != 1)
		kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	if (w->fd >= 0)
		close(w->fd);
	*w = (struct lab_watch){ .fd = -1 };
}
