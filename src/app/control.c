#include "app/control.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "net/acceptor.h"
#include "net/loop.h"

enum {
	CLIENTS_MAX = 32, /* further ones wait in the kernel */
	BACKLOG = 8,
	PATIENCE_S = 5, /* for the request, and for each part of the answer to be taken */
};

#define ERROR(text) "{\"error\": \"" text "\"}\n"

struct client {
	struct control *control;
	struct bufferevent *io; /* NULL: the place is free */
	uint64_t id;
	struct control_peer peer;
	ts_t ask_by;
	bool asked, answered;
};

struct control {
	struct control_cfg cfg;
	struct event_base *base;
	struct sockaddr_un at;
	struct acceptor acceptor;
	bool is_bound;
	uint64_t last_id;
	struct client clients[CLIENTS_MAX];
};

/* ---- who ---- */

static bool find_peer(int fd, struct control_peer *ret)
{
	struct ucred peer;
	socklen_t size = sizeof(peer), groups = sizeof(*ret->groups) * CONTROL_GROUPS_MAX;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	ret->pid = peer.pid;
	ret->uid = peer.uid;
	ret->groups[0] = peer.gid;
	ret->n_groups = 1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ret->groups + 1, &groups) == 0)
		ret->n_groups += groups / sizeof(*ret->groups);
	return true;
}

static bool is_in_group(const struct control_peer *peer, gid_t wanted)
{
	for (size_t i = 0; i < peer->n_groups; i++)
		if (peer->groups[i] == wanted)
			return true;
	return false;
}

static bool may(const struct control *c, const struct control_peer *peer)
{
	return peer->uid == 0 || peer->uid == geteuid() ||
	       (c->cfg.has_group && is_in_group(peer, c->cfg.group));
}

/* ---- one connection ---- */

static void end(struct client *k)
{
	bufferevent_free(k->io);
	k->io = NULL;
	acceptor_go_on(&k->control->acceptor);
}

static void say(struct client *k, struct slice answer)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };

	k->answered = true;
	bufferevent_set_timeouts(k->io, NULL, &patience);
	if (bufferevent_write(k->io, answer.p, answer.n))
		end(k);
	else
		bufferevent_disable(k->io, EV_READ);
}

/* It is read on, so that we learn when he leaves. */
static void hear(struct client *k, struct slice request)
{
	const struct control_cfg *cfg = &k->control->cfg;
	struct buf b;
	bool is_now = true;

	k->asked = true;
	k->id = ++k->control->last_id;
	buf_init(&b, CONTROL_ANSWER_MAX);
	if (cfg->asked)
		is_now = cfg->asked(cfg->arg, k->id, &k->peer, request, &b);
	else
		cfg->handle(cfg->arg, request, &b);
	if (is_now)
		say(k, buf_err(&b) || buf_len(&b) == 0 ? SLICE(ERROR(CONTROL_NO_ROOM))
						       : buf_slice(&b));
	else
		bufferevent_set_timeouts(k->io, NULL, NULL);
	buf_done(&b);
}

void control_answer(struct control *c, uint64_t id, struct slice answer)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++) {
		struct client *k = &c->clients[i];

		if (k->io && k->asked && !k->answered && k->id == id) {
			say(k, answer);
			return;
		}
	}
}

/* Part of a request gives no further time: else who sends byte by byte keeps his place for ever. */
static void await_request(struct client *k)
{
	static const struct timeval patience = { .tv_sec = PATIENCE_S };
	const ts_t now = loop_clock(), left = k->ask_by > now ? k->ask_by - now : 1;
	const struct timeval wait = { (time_t)(left / 1000000), (suseconds_t)(left % 1000000) };

	bufferevent_set_timeouts(k->io, &wait, &patience);
}

static void on_read(struct bufferevent *io, void *arg)
{
	struct client *k = arg;
	struct evbuffer *in = bufferevent_get_input(io);
	size_t n;

	if (k->asked) { /* one is all that it has */
		evbuffer_drain(in, evbuffer_get_length(in));
		return;
	}
	char *line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF);
	if (line)
		hear(k, slice_of(line, n));
	else if (evbuffer_get_length(in) >= CONTROL_REQUEST_MAX)
		end(k);
	else
		await_request(k);
	free(line);
}

static void on_written(struct bufferevent *io, void *arg)
{
	struct client *k = arg;

	(void)io;
	if (k->answered)
		end(k);
}

static void on_end(struct bufferevent *io, short what, void *arg)
{
	(void)io;
	(void)what; /* it left, or took too long */
	end(arg);
}

static struct client *free_place(struct control *c)
{
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		if (!c->clients[i].io)
			return &c->clients[i];
	return NULL;
}

static void serve(struct client *k, int fd)
{
	const ts_t patience = k->control->cfg.patience;

	k->ask_by = ts_add(loop_clock(), patience ? patience : TS_S(PATIENCE_S));
	k->asked = k->answered = false;
	k->io = bufferevent_socket_new(k->control->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!k->io) {
		close(fd);
		return;
	}
	bufferevent_setcb(k->io, on_read, on_written, on_end, k);
	bufferevent_setwatermark(k->io, EV_READ, 0, CONTROL_REQUEST_MAX);
	await_request(k);
	bufferevent_enable(k->io, EV_READ | EV_WRITE);
}

static void on_ready(int listener, short what, void *arg)
{
	const struct slice refused = SLICE(ERROR(CONTROL_NOT_PERMITTED));
	struct control *c = arg;
	struct client *k = free_place(c);

	(void)listener;
	(void)what;
	if (!k) {
		acceptor_hold(&c->acceptor); /* end() goes on */
		return;
	}
	const int fd = acceptor_take(&c->acceptor, NULL);
	if (fd < 0)
		return;
	k->control = c;
	if (find_peer(fd, &k->peer) && may(c, &k->peer)) {
		serve(k, fd);
		return;
	}
	/* Its buffer is empty, and if it is not heard there is nothing to be done about it. */
	(void)send(fd, refused.p, refused.n, MSG_NOSIGNAL);
	close(fd);
}

/* ---- the socket ---- */

/* A file that nobody listens at is what is left of one that died. */
static bool is_left(const struct sockaddr_un *at)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat st;
	bool left = fd >= 0 && lstat(at->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
		    connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 &&
		    errno == ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return left;
}

static int bind_it(struct control *c, int fd)
{
	if (is_left(&c->at))
		unlink(c->at.sun_path);
	const mode_t before = umask(0177);
	const int done = bind(fd, (const struct sockaddr *)&c->at, sizeof(c->at));
	const int err = done < 0 ? -errno : 0;
	umask(before);
	c->is_bound = !err;
	return err;
}

/* Group first: until then the file is its owner's alone. */
static int share(const struct control *c)
{
	if (!c->cfg.has_group)
		return 0;
	if (chown(c->at.sun_path, (uid_t)-1, c->cfg.group) < 0 || chmod(c->at.sun_path, 0660) < 0)
		return -errno;
	return 0;
}

static int open_socket(struct control *c)
{
	const size_t n = strlen(c->cfg.path);

	if (n >= sizeof(c->at.sun_path))
		return -ENAMETOOLONG;
	c->at.sun_family = AF_UNIX;
	memcpy(c->at.sun_path, c->cfg.path, n);
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int err = bind_it(c, fd);
	if (!err)
		err = share(c);
	if (!err && listen(fd, BACKLOG) < 0)
		err = -errno;
	if (!err)
		return acceptor_init(&c->acceptor, c->base, fd, on_ready, c);
	close(fd);
	return err;
}

/* Who listens there, 0: nobody.  unix(7): the credentials are those of its listen(). */
static pid_t listener_at(const struct sockaddr_un *at)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	if (fd >= 0)
		close(fd);
	return peer.pid;
}

static struct text why_in_use(const struct control *c)
{
	const pid_t pid = listener_at(&c->at);

	if (pid > 0)
		return TEXT(N_("the control socket {1}: process {2} listens there, so another one "
			       "runs already; end it first, or give this one another path in "
			       "`{3}`"),
			text_str(c->cfg.path), text_u64((uint64_t)pid), text_str(c->cfg.setting));
	return TEXT(N_("the control socket {1}: there is a file that is no socket left behind by "
		       "one that died; take it away, or give another path in `{2}`"),
		text_str(c->cfg.path), text_str(c->cfg.setting));
}

int control_new(struct control **ret, struct event_base *base, const struct control_cfg *cfg,
	struct text *why)
{
	struct control *c = mem_alloc0(sizeof(*c));

	if (!c) {
		*why = TEXT_PLAIN(err_text(-ENOMEM));
		return -ENOMEM;
	}
	c->cfg = *cfg;
	c->base = base;
	c->acceptor.fd = -1;
	int err = open_socket(c);
	if (err) {
		*why = err == -EADDRINUSE ? why_in_use(c)
					  : TEXT(N_("the control socket {1}: {2}"),
						    text_str(cfg->path), text_errno(-err));
		control_free(c);
		return err;
	}
	c->cfg.path = NULL; /* the caller's */
	*ret = c;
	return 0;
}

struct control *control_free(struct control *c)
{
	if (!c)
		return NULL;
	for (unsigned i = 0; i < CLIENTS_MAX; i++)
		if (c->clients[i].io)
			bufferevent_free(c->clients[i].io);
	if (c->is_bound)
		unlink(c->at.sun_path);
	acceptor_done(&c->acceptor);
	return mem_free(c);
}

bool control_path(const char *set, char *ret, size_t size)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");

	if (set)
		return (size_t)snprintf(ret, size, "%s", set) < size;
	if (!folder || folder[0] != '/')
		return false;
	/* Several have colons between: systemd.exec(5). */
	return (size_t)snprintf(ret, size, "%.*s/control", (int)strcspn(folder, ":"), folder) <
	       size;
}
