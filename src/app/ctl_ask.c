#include "app/ctl_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/control.h"
#include "app/files.h"
#include "app/language.h"
#include "base/mem.h"

/* What differs between the two. */
static const struct service {
	const char *socket;
	const char *no_one, *silent, *ended, *not_permitted, *no_answer, *says;
} services[] = {
	{ .socket = "/run/stox-gateway/control",
		.no_one = N_("no gateway listens at {1}: is it running, and with a control socket "
			     "(stox.yaml(5), `gateway.control`)?"),
		.silent = N_("{1}: the gateway has not answered within {2} s: its process is "
			     "stopped, or hangs"),
		.ended = N_("{1}: the gateway ended before it answered"),
		.not_permitted = N_("the gateway does not answer you; who may ask is root, its own "
				    "user and the group of `gateway.control`"),
		.no_answer = N_("what answered is not a gateway, or stopped in the middle of its "
				"answer"),
		.says = N_("the gateway says: {1}") },
	{ .socket = "/run/stox-watch/control",
		.no_one = N_("no watcher listens at {1}: is it running, and with a control socket "
			     "(stox.yaml(5), `watch.control`)?"),
		.silent = N_("{1}: the watcher has not answered within {2} s: its process is "
			     "stopped, or hangs"),
		.ended = N_("{1}: the watcher ended before it answered"),
		.not_permitted = N_("the watcher does not answer you; who may ask is root, its own "
				    "user and the group of `watch.control`"),
		.no_answer = N_("what answered is not a watcher, or stopped in the middle of its "
				"answer"),
		.says = N_("the watcher says: {1}") },
};

/* ---- where ---- */

static const struct conf_text *set_socket(const struct conf *conf, bool is_watch)
{
	return is_watch ? &conf->watch.control.socket : &conf->gateway.control.socket;
}

/* The socket of the configuration, else that of the service.  To be freed.  A configuration with a
 * fault is the service's affair: `why` is for when nobody listens there.  NULL where it was named,
 * and names no socket that can be read: another service than its own is not to be asked. */
static char *find_socket(const struct ctl_place *p, struct buf *why)
{
	struct conf *conf = NULL;
	char *config = NULL, *path = NULL;

	if (p->socket)
		return mem_strdup(p->socket);
	const int err = config_read(p->config, &conf, &config, language_look_up, why);
	if (conf && set_socket(conf, p->is_watch)->s)
		path = config_path(config, set_socket(conf, p->is_watch)->s);
	else if (!err || !p->config)
		path = mem_strdup(services[p->is_watch].socket);
	conf_free(conf);
	free(config);
	return path;
}

static int connect_to(const char *path, unsigned patience_s)
{
	const struct timeval patience = { .tv_sec = patience_s };
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	const int err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* ---- the question ---- */

static int read_all(int fd, struct buf *ret)
{
	uint8_t piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0 && !buf_err(ret))
		buf_put(ret, slice_of(piece, (size_t)n));
	return n < 0 ? -errno : 0;
}

static int send_line(int fd, const char *request)
{
	struct buf line;

	buf_init(&line, CONTROL_REQUEST_MAX);
	buf_printf(&line, "%s\n", request);
	int err = buf_err(&line);
	if (!err && send(fd, buf_slice(&line).p, buf_len(&line), MSG_NOSIGNAL) < 0)
		err = -errno;
	buf_done(&line);
	return err;
}

static int converse(const char *path, const char *request, unsigned patience_s, struct buf *ret)
{
	const int fd = connect_to(path, patience_s);
	int err = fd < 0 ? -errno : send_line(fd, request);

	/* Who is refused may be closed on before the request is written: the refusal is there all
	 * the same. */
	if (fd >= 0 && (!err || err == -EPIPE))
		err = read_all(fd, ret);
	if (fd >= 0)
		close(fd);
	/* It has said all, and did not want to hear more. */
	return err == -ECONNRESET || err == -EPIPE ? 0 : err;
}

static int tell(const struct opt_command *cmd, const struct service *s, const char *path,
	unsigned patience_s, int err)
{
	if (err == -ENOENT || err == -ECONNREFUSED)
		opt_complain(cmd, TEXT(s->no_one, text_str(path)));
	else if (err == -EAGAIN)
		opt_complain(cmd, TEXT(s->silent, text_str(path), text_u64(patience_s)));
	else if (err)
		opt_complain(cmd, TEXT(N_("{1}: {2}"), text_str(path), text_errno(-err)));
	else
		opt_complain(cmd, TEXT(s->ended, text_str(path)));
	return CTL_NOT_HERE;
}

/* Whose fault hid the socket that the configuration names. */
static void tell_configuration(
	const struct opt_command *cmd, const struct service *s, struct buf *why)
{
	if (buf_len(why) == 0)
		return;
	opt_complain_lines(cmd, buf_cstr(why));
	opt_complain(
		cmd, TEXT(N_("with that fault the configuration does not say which socket to ask "
			     "at: correct it, or give --socket FILE, such as --socket {1}"),
			     text_str(s->socket)));
}

int ctl_ask(const struct opt_command *cmd, const struct ctl_place *place, const char *request,
	unsigned patience_s, struct buf *ret)
{
	const struct service *s = &services[place->is_watch];
	struct buf why;

	buf_init(&why, 1 << 16);
	char *path = find_socket(place, &why);
	int status = path ? 0 : CTL_BAD;
	if (path) {
		const int err = converse(path, request, patience_s, ret);

		if (err || buf_slice(ret).n == 0)
			status = tell(cmd, s, path, patience_s, err);
	}
	if (status)
		tell_configuration(cmd, s, &why);
	buf_done(&why);
	mem_free(path);
	return status;
}

int ctl_refused(const struct opt_command *cmd, bool is_watch, const char *error)
{
	const struct service *s = &services[is_watch];

	if (error && strcmp(error, CONTROL_NOT_PERMITTED) == 0) {
		opt_complain(cmd, TEXT_PLAIN(s->not_permitted));
		return CTL_NOT_HERE;
	}
	opt_complain(cmd, error ? TEXT(s->says, text_str(error)) : TEXT_PLAIN(s->no_answer));
	return error ? CTL_REFUSED : CTL_NOT_HERE;
}
