#include "app/secret.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <termios.h>
#include <unistd.h>

#include "app/file_in.h"
#include "app/language.h"
#include "base/mem.h"

static int complain(struct text *why, const char *path, int err)
{
	*why = TEXT(N_("{1}: {2}"), text_str(path), text_errno(err));
	return -err;
}

static int refuse(struct text *why, struct text t)
{
	*why = t;
	return ERR_SECRET;
}

static int not_one_line(struct text *why, struct text_arg path)
{
	return refuse(why, TEXT(N_("{1}: a secret is one line of at most {2} bytes"), path,
				   text_u64(SECRET_MAX)));
}

static int take_secret(
	struct slice text, struct text_arg path, char ret[SECRET_MAX + 1], struct text *why)
{
	if (slice_ends(text, SLICE("\n")))
		text.n--;
	if (slice_ends(text, SLICE("\r")))
		text.n--;
	if (text.n == 0)
		return refuse(why, TEXT(N_("{1}: the secret is empty"), path));
	/* A second line, or an empty one at the end, would be part of the secret, and not seen. */
	if (slice_find(text, SLICE("\n")) != SIZE_MAX || !slice_cstr(text, ret, SECRET_MAX + 1))
		return not_one_line(why, path);
	return 0;
}

static volatile sig_atomic_t caught; /* the signal that came while a secret was asked for */

static void on_signal(int number)
{
	caught = number;
}

/* One line, with the terminal silent; a signal ends it, and must find the terminal as it was. */
static ssize_t read_line_silently(int tty, const struct termios *old, char *line, size_t size)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	const struct sigaction mine = { .sa_handler =
						on_signal }; /* no SA_RESTART: read() returns */
	struct sigaction before[COUNT(signals)];
	struct termios quiet = *old;

	caught = 0;
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &mine, &before[i]);
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(tty, TCSAFLUSH, &quiet);
	const char *prompt = language_look_up(N_("Password: "));
	ssize_t n = write(tty, prompt, strlen(prompt));
	while (n >= 0 && !caught) {
		n = read(tty, line, size);
		if (n >= 0 || errno != EINTR)
			break;
		n = 0;
	}
	tcsetattr(tty, TCSAFLUSH, old);
	if (write(tty, "\n", 1) < 0)
		n = -1;
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaction(signals[i], &before[i], NULL);
	if (caught)
		raise(caught);
	return n;
}

/* Not through stdio, whose buffer would keep the secret. */
static int ask(char ret[SECRET_MAX + 1], struct text *why)
{
	struct termios old;
	char line[SECRET_MAX + 2];
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0 || tcgetattr(tty, &old) < 0) {
		if (tty >= 0)
			close(tty);
		return refuse(why, TEXT_PLAIN(N_("a password can be asked for only on a terminal; "
						 "give a file instead")));
	}
	ssize_t n = read_line_silently(tty, &old, line, sizeof(line));
	close(tty);
	int err = take_secret(
		slice_of(line, n > 0 ? (size_t)n : 0), text_id(N_("the terminal")), ret, why);
	mem_wipe(line, sizeof(line));
	return err;
}

/* ---- who may read it ---- */

static bool is_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t n = dir ? strlen(dir) : 0;

	return n > 0 && strncmp(path, dir, n) == 0 && path[n] == '/' && !strstr(path, "/../");
}

/* Its members are the running user alone, or those whom an administrator named. */
static bool is_safe_group(gid_t gid, const char *named)
{
	const struct group *g = named ? getgrnam(named) : NULL;
	uint64_t number;

	if (gid == getegid() || (g && g->gr_gid == gid))
		return true;
	return named && slice_u64(slice_str(named), UINT32_MAX, &number) && (gid_t)number == gid;
}

/* What mends the mode, by who could: {1} the file, {2} its mode. */
static const char *remedy(int fd, const struct stat *st, bool others)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) == 0 && fs.f_flag & ST_RDONLY)
		return N_("{1}: others can read this secret (mode {2}), and its file system is "
			  "read-only: set the mode where that is made (Kubernetes: defaultMode "
			  "0400, or 0440 with fsGroup and `secrets_group`)");
	if (!others)
		return N_("{1}: the group {3} can read this secret (mode {2}): chmod 600 {1}, or "
			  "name the group in `secrets_group`");
	if (st->st_uid != geteuid() && geteuid() != 0)
		return N_("{1}: others can read this secret (mode {2}); as root: chmod 600 {1}");
	return N_("{1}: others can read this secret (mode {2}); chmod 600 {1}");
}

static int refuse_mode(int fd, const char *path, const struct stat *st, struct text *why)
{
	const struct group *g = getgrgid(st->st_gid);
	char mode[8], group[64];

	snprintf(mode, sizeof(mode), "%03o", (unsigned)st->st_mode & 0777);
	snprintf(group, sizeof(group), "%s", g ? g->gr_name : "");
	if (!g)
		snprintf(group, sizeof(group), "%u", (unsigned)st->st_gid);
	return refuse(why, TEXT(remedy(fd, st, st->st_mode & S_IRWXO), text_str(path),
				   text_str(mode), text_str(group)));
}

static int refuse_owner(const char *path, const struct stat *st, struct text *why)
{
	const struct passwd *me = getpwuid(geteuid());
	char name[64];

	snprintf(name, sizeof(name), "%u", (unsigned)geteuid());
	return refuse(why,
		TEXT(geteuid() == 0
				? N_("{1}: this secret belongs to another user ({2}): chown {3} "
				     "{1}")
				: N_("{1}: this secret belongs to another user ({2}); it must be "
				     "{3}'s or root's: as root, chown {3} {1}"),
			text_str(path), text_u64(st->st_uid), text_str(me ? me->pw_name : name)));
}

static int check_mode(int fd, const char *path, const char *group, struct text *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		complain(why, path, errno);
		return ERR_SECRET;
	}
	if (!S_ISREG(st.st_mode))
		return refuse(why, TEXT(N_("{1}: a secret is a regular file"), text_str(path)));
	if (is_credential(path))
		return 0;
	/* To write it is more than to read it. */
	const bool group_reads =
		(st.st_mode & S_IRWXG) == S_IRGRP && is_safe_group(st.st_gid, group);
	if (st.st_mode & S_IRWXO || (st.st_mode & S_IRWXG && !group_reads))
		return refuse_mode(fd, path, &st, why);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse_owner(path, &st, why);
	return 0;
}

int secret_read(const char *path, const char *group, char ret[SECRET_MAX + 1], struct text *why)
{
	struct buf text;

	if (strcmp(path, "-") == 0)
		return ask(ret, why);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		complain(why, path, errno);
		return ERR_SECRET;
	}
	buf_init(&text, 8192);
	int err = check_mode(fd, path, group, why);
	if (!err && file_in_fd(fd, SECRET_MAX + 2, &text))
		err = not_one_line(why, text_str(path));
	if (!err)
		err = take_secret(buf_slice(&text), text_str(path), ret, why);
	close(fd);
	mem_wipe(text.p, text.cap);
	buf_done(&text);
	return err;
}

int secret_read_text(
	const char *path, const char *group, size_t max, struct buf *ret, struct text *why)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		complain(why, path, errno);
		return ERR_SECRET;
	}
	int err = check_mode(fd, path, group, why);
	const int read = err ? 0 : file_in_fd(fd, max, ret);
	if (read) {
		complain(why, path, -read);
		err = ERR_SECRET;
	}
	close(fd);
	return err;
}
