#include "app/files.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "app/file_in.h"
#include "app/language.h"
#include "base/mem.h"
#include "base/str.h"

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

static int too_long(struct text *why, struct text_arg path)
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
	return slice_cstr(text, ret, SECRET_MAX + 1) ? 0 : too_long(why, path);
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
		return refuse(why, TEXT_PLAIN(N_("a secret can be asked for on a terminal only; "
						 "name a file instead")));
	}
	ssize_t n = read_line_silently(tty, &old, line, sizeof(line));
	close(tty);
	int err = take_secret(
		slice_of(line, n > 0 ? (size_t)n : 0), text_id(N_("the terminal")), ret, why);
	mem_wipe(line, sizeof(line));
	return err;
}

static bool is_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t n = dir ? strlen(dir) : 0;

	return n > 0 && strncmp(path, dir, n) == 0 && path[n] == '/' && !strstr(path, "/../");
}

static int check_mode(int fd, const char *path, struct text *why)
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
	if (st.st_mode & 077) {
		char mode[8];

		snprintf(mode, sizeof(mode), "%03o", (unsigned)st.st_mode & 0777);
		return refuse(why, TEXT(N_("{1}: others can read this secret (mode {2}); chmod 600 "
					   "{1}"),
					   text_str(path), text_str(mode)));
	}
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return refuse(why, TEXT(N_("{1}: this secret belongs to another user ({2})"),
					   text_str(path), text_u64(st.st_uid)));
	return 0;
}

int secret_read(const char *path, char ret[SECRET_MAX + 1], struct text *why)
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
	int err = check_mode(fd, path, why);
	if (!err && file_in_fd(fd, SECRET_MAX + 2, &text))
		err = too_long(why, text_str(path));
	if (!err)
		err = take_secret(buf_slice(&text), text_str(path), ret, why);
	close(fd);
	mem_wipe(text.p, text.cap);
	buf_done(&text);
	return err;
}

/* ---- the configuration ---- */

static char *join(const char *a, const char *b)
{
	char *ret = NULL;

	return asprintf(&ret, "%s/%s", a, b) < 0 ? NULL : ret;
}

static char *find_config(const char *path)
{
	const char *named = path ? path : getenv("STOX_CONFIG");
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *found = NULL;

	if (named && named[0])
		return mem_strdup(named);
	if (xdg && xdg[0])
		found = join(xdg, "stox/stox.yaml");
	else if (home && home[0])
		found = join(home, ".config/stox/stox.yaml");
	if (found && access(found, F_OK) == 0)
		return found;
	free(found);
	return access("/etc/stox/stox.yaml", F_OK) == 0 ? mem_strdup("/etc/stox/stox.yaml") : NULL;
}

int config_read(const char *path, struct conf **ret, char **path_ret, text_look_up *look_up,
	struct buf *why)
{
	struct text unreadable;
	struct buf text;
	char *found = find_config(path);

	*ret = NULL;
	*path_ret = found;
	if (!found)
		return 0;
	buf_init(&text, CONF_TEXT_MAX + 8192);
	int err = file_in_read(found, CONF_TEXT_MAX, &text, &unreadable);
	if (err) {
		text_put(why, &unreadable, look_up);
		buf_putc(why, '\n');
	} else
		err = conf_load(ret, buf_slice(&text), found, look_up, why);
	buf_done(&text);
	return err;
}

char *config_path(const char *config, const char *path)
{
	const char *slash = config ? strrchr(config, '/') : NULL;
	char *ret = NULL;

	if (path[0] == '/' || !slash)
		return mem_strdup(path);
	return asprintf(&ret, "%.*s/%s", (int)(slash - config), config, path) < 0 ? NULL : ret;
}
