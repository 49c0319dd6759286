/* A delivery by a program.  It shares nothing with this process but a pipe to its stdin and one
 * from its stderr. */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "deliver/private.h"

enum { ENVIRONMENT_MAX = 64 };

/* ---- its environment ---- */

/* Secrets may stand in ours (credentials of the service), so only these go over. */
static const char *const passed[] = { "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ" };

/* In `b`, each with a NUL behind it. */
static void put_passed(struct buf *b)
{
	for (size_t i = 0; i < COUNT(passed); i++) {
		const char *value = getenv(passed[i]);

		if (value)
			buf_printf(b, "%s=%s%c", passed[i], value, '\0');
	}
	if (!getenv("PATH"))
		buf_printf(b, "PATH=/usr/local/bin:/usr/bin:/bin%c", '\0');
}

static void split(struct buf *b, char *ret[ENVIRONMENT_MAX])
{
	char *p = (char *)b->p + b->head, *end = (char *)b->p + b->n;
	unsigned n = 0;

	for (; p < end && n + 1 < ENVIRONMENT_MAX; p += strlen(p) + 1)
		ret[n++] = p;
	ret[n] = NULL;
}

/* ---- its start ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Ours does not block; its end does, as programs expect. */
static int open_pipe(int *ours, int *its, bool is_to_it)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	*ours = fds[is_to_it ? 1 : 0];
	*its = fds[is_to_it ? 0 : 1];
	return fcntl(*ours, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* Nothing of what this process has open goes over, nor do blocked signals; it leads a process group
 * of its own, so that what it starts can be killed with it. */
static int spawn(struct job *j, int in_fd, int err_fd)
{
	enum { FIRST_OTHER = 3 };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	char *environment[ENVIRONMENT_MAX];
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	split(&j->environment, environment);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&files);
	err = posix_spawn_file_actions_adddup2(&files, in_fd, STDIN_FILENO);
	err = err ? err : posix_spawn_file_actions_adddup2(&files, err_fd, STDERR_FILENO);
	err = err ? err
		  : posix_spawn_file_actions_addopen(
			    &files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	err = err ? err : posix_spawn_file_actions_addclosefrom_np(&files, FIRST_OTHER);
	err = err ? err
		  : posix_spawn(&j->child.pid, j->argv[0], &files, &attr, j->argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	if (err)
		j->child.pid = 0;
	return -err;
}

int child_start(struct job *j)
{
	struct child *c = &j->child;
	int in_fd = -1, err_fd = -1, err;

	put_passed(&j->environment);
	err = buf_err(&j->environment);
	if (!err)
		err = open_pipe(&c->in_fd, &in_fd, true);
	if (!err)
		err = open_pipe(&c->err_fd, &err_fd, false);
	if (!err)
		err = spawn(j, in_fd, err_fd);
	close_fd(&in_fd);
	close_fd(&err_fd);
	if (!err) {
		c->pid_fd = pidfd_open(c->pid, 0);
		err = c->pid_fd < 0 ? -errno : 0;
	}
	if (err && c->pid > 0) { /* it runs, and its end would not be seen */
		kill(-c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
		c->pid = 0;
	}
	return err;
}

/* ---- its life ---- */

/* It may never read it, or only a part: that is its business. */
static void feed(struct job *j)
{
	struct child *c = &j->child;

	while (c->in_fd >= 0) {
		const struct slice s = slice_skip(buf_slice(&j->body), c->n_sent);
		const ssize_t n = s.n ? write(c->in_fd, s.p, s.n) : 0;

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			close_fd(&c->in_fd);
		else
			c->n_sent += (size_t)n;
	}
}

/* The first line is kept, the rest is read so that it does not wait for us. */
static void hear(struct job *j)
{
	enum { READS = 16 }; /* a turn: others wait */
	char room[4096];

	for (unsigned i = 0; i < READS && j->child.err_fd >= 0; i++) {
		const ssize_t n = read(j->child.err_fd, room, sizeof(room));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			close_fd(&j->child.err_fd);
			return;
		}
		for (ssize_t k = 0; k < n && !j->child.has_line; k++) {
			j->child.has_line =
				(room[k] == '\n' && j->n_said > 0) || j->n_said == sizeof(j->said);
			if (!j->child.has_line && room[k] != '\n')
				j->said[j->n_said++] = room[k];
		}
	}
}

static void judge(struct job *j, int status)
{
	const struct text_arg seconds = text_seconds(j->timeout), none = text_str(NULL);
	const bool has_said = j->n_said > 0;
	struct buf said;

	j->done.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	buf_init(&said, 4 * DELIVER_SAID_MAX);
	job_put_said(&said, j, slice_of(j->said, j->n_said));
	const struct text_arg line = text_slice(slice_cut(buf_slice(&said), 0, DELIVER_SAID_MAX));
	if (j->child.is_killed)
		job_say(j, false,
			has_said ? N_("{1} did not end within {2} s and was killed; it said: {3}")
				 : N_("{1} did not end within {2} s and was killed"),
			seconds, line);
	else if (WIFSIGNALED(status))
		job_say(j, false, N_("{1} was ended by signal {2}"),
			text_u64((uint64_t)WTERMSIG(status)), none);
	else
		job_say(j, j->done.status == 0,
			has_said ? N_("{1} ended with status {2}: {3}")
				 : N_("{1} ended with status {2}"),
			text_u64((uint64_t)j->done.status), line);
	buf_done(&said);
}

bool child_turn(struct job *j)
{
	int status = 0;

	feed(j);
	hear(j);
	if (waitpid(j->child.pid, &status, WNOHANG) != j->child.pid)
		return false;
	hear(j); /* what it said last */
	judge(j, status);
	j->child.pid = 0;
	return true;
}

void child_kill(struct job *j)
{
	if (j->child.pid > 0)
		kill(-j->child.pid, SIGKILL);
	j->child.is_killed = true;
}

void child_judge(struct job *j, int error)
{
	job_say(j, false, N_("{1} cannot be run: {2}"), text_errno(-error), text_str(NULL));
}

unsigned child_fds(const struct job *j, struct curl_waitfd ret[3])
{
	const struct child *c = &j->child;
	unsigned n = 0;

	if (c->pid_fd >= 0)
		ret[n++] = (struct curl_waitfd){ .fd = c->pid_fd, .events = CURL_WAIT_POLLIN };
	if (c->in_fd >= 0)
		ret[n++] = (struct curl_waitfd){ .fd = c->in_fd, .events = CURL_WAIT_POLLOUT };
	if (c->err_fd >= 0)
		ret[n++] = (struct curl_waitfd){ .fd = c->err_fd, .events = CURL_WAIT_POLLIN };
	return n;
}

void child_end(struct job *j)
{
	close_fd(&j->child.pid_fd);
	close_fd(&j->child.in_fd);
	close_fd(&j->child.err_fd);
}
