/* A delivery by SMTP, in a thread of its own.
 *
 * libcurl 7.88 waits for a mail server's word where it should come back: for the answer to the
 * whole mail, and to QUIT.  In a multi handle one server that hangs would hold up all others.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deliver/private.h"

/* ---- its sockets: who drops it breaks them ---- */

static int on_open(void *arg, curl_socket_t fd, curlsocktype type)
{
	struct job *j = arg;
	int ret = CURL_SOCKOPT_ERROR;

	(void)type;
	hub_lock(j->hub);
	for (unsigned i = 0; i < TRANSFER_FDS && ret != CURL_SOCKOPT_OK && !j->is_dropped; i++)
		if (j->transfer.fds[i] == CURL_SOCKET_BAD) {
			j->transfer.fds[i] = fd;
			ret = CURL_SOCKOPT_OK;
		}
	hub_unlock(j->hub);
	return ret;
}

static int on_close(void *arg, curl_socket_t fd)
{
	struct job *j = arg;

	hub_lock(j->hub);
	for (unsigned i = 0; i < TRANSFER_FDS; i++)
		if (j->transfer.fds[i] == fd)
			j->transfer.fds[i] = CURL_SOCKET_BAD;
	hub_unlock(j->hub);
	return close(fd);
}

static void shut(struct job *j, int how)
{
	for (unsigned i = 0; i < TRANSFER_FDS; i++)
		if (j->transfer.fds[i] != CURL_SOCKET_BAD)
			shutdown(j->transfer.fds[i], how);
}

void mail_break(struct job *j)
{
	j->is_dropped = true;
	shut(j, SHUT_RDWR);
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct job *j = arg;

	(void)a, (void)b, (void)c, (void)d;
	hub_lock(j->hub);
	const bool is_dropped = j->is_dropped;
	hub_unlock(j->hub);
	return is_dropped;
}

/* ---- what is said ---- */

static size_t on_read(char *p, size_t size, size_t n, void *arg)
{
	struct job *j = arg;
	const struct slice s =
		slice_cut(slice_skip(buf_slice(&j->body), j->transfer.n_sent), 0, size * n);

	memcpy(p, s.p, s.n);
	j->transfer.n_sent += s.n;
	return s.n;
}

/* The answer to QUIT is of no use, and some servers take their time for it: there will be none,
 * since nothing can be read any more.  And should QUIT not get out, it is not for long. */
static void say_goodbye(struct job *j)
{
	curl_easy_setopt(j->transfer.easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, 1L);
	shut(j, SHUT_RD);
}

/* The lines of SMTP: a receiver that is refused is seen nowhere else. */
static int on_talk(CURL *easy, curl_infotype type, char *p, size_t n, void *arg)
{
	struct job *j = arg;
	struct transfer *t = &j->transfer;
	const struct slice line = slice_of(p, n);

	(void)easy;
	if (type == CURLINFO_HEADER_OUT) {
		t->is_rcpt = slice_starts(line, SLICE("RCPT"));
		if (slice_starts(line, SLICE("QUIT")))
			say_goodbye(j);
	}
	if (type != CURLINFO_HEADER_IN || n == 0 || (p[0] != '4' && p[0] != '5'))
		return 0;
	if (j->n_said == 0)
		transfer_hear(j, p, n);
	if (t->is_rcpt && n > 3 && p[3] == ' ')
		t->n_refused++;
	return 0;
}

static void set_callbacks(struct job *j)
{
	CURL *c = j->transfer.easy;

	curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_open);
	curl_easy_setopt(c, CURLOPT_SOCKOPTDATA, j);
	curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, j);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, j);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c, CURLOPT_READDATA, j);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_talk);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, j);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
}

static int set(struct job *j)
{
	CURL *c = j->transfer.easy;

	for (char **to = j->to; *to; to++)
		if (!transfer_add(&j->transfer.to, *to))
			return -ENOMEM;
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(
		c, CURLOPT_USE_SSL, (long)(j->is_plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	curl_easy_setopt(c, CURLOPT_SASL_IR, 1L); /* RFC 4954 section 4: one answer less */
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, j->from);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, j->transfer.to);
	/* One address that is dead must not keep the others from knowing. */
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)buf_len(&j->body));
	set_callbacks(j);
	return 0;
}

/* ---- its thread ---- */

static void *run(void *arg)
{
	struct job *j = arg;
	int err = transfer_open(j);

	if (!err)
		err = set(j);
	if (err)
		job_say_unsent(j, err);
	else
		transfer_judge(j, curl_easy_perform(j->transfer.easy));
	transfer_close(j, NULL);
	hub_end_mail(j->hub, j);
	return NULL;
}

int mail_start(struct job *j)
{
	enum { STACK = 512 << 10 };
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int err;

	sigfillset(&all); /* as the worker's */
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, &attr, run, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}
