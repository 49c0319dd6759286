/* private.h - a delivery, and what carries it.
 *
 *   notice.c, form_*.c  words and forms
 *   check.c             can a receiver be used
 *   job.c               a delivery with all that it needs, made by the caller's thread
 *   hub.c               what waits, what is on its way, what is done; the mutex
 *   deliver.c           the caller's side
 *   worker.c            a thread: starts deliveries, waits for them, ends them
 *   transfer.c          one by libcurl
 *   child.c             one by a program
 *   mail.c              one by SMTP, in a thread of its own
 */
#pragma once

#include <curl/curl.h>
#include <pthread.h>
#include <sys/types.h>

#include "base/list.h"
#include "deliver/deliver.h"

enum {
	SAID_ROOM = 1024,       /* of what a receiver said, its secrets not yet masked */
	ANSWER_MAX = 64 * 1024, /* bytes of an answer, head and body, that are read */
	CHILD_LINE_MAX = SAID_ROOM,
};

enum { TRANSFER_FDS = 4 }; /* libcurl tries two addresses at once */

struct transfer {
	CURL *easy; /* NULL: not begun */
	struct curl_slist *headers, *to;
	char error[CURL_ERROR_SIZE];
	size_t n_sent;                   /* of a mail */
	curl_socket_t fds[TRANSFER_FDS]; /* of a mail, open; what is free is CURL_SOCKET_BAD */
	size_t n_answer;
	bool is_rcpt; /* the last command of SMTP */
	unsigned n_refused;
};

struct child {
	pid_t pid; /* 0: not begun */
	int pid_fd, in_fd, err_fd;
	size_t n_sent;
	bool has_line, is_killed;
};

struct job {
	struct list node;
	struct hub *hub;
	uint64_t delivery;
	enum deliver_form form;
	ts_t timeout, deadline;
	bool is_started;
	bool is_dropped; /* under the mutex */

	char *place; /* for texts: scheme, host and port, or the program */
	char *url, *agent, *token, *user, *password, *basic, *ca_file, *from;
	char *to[DELIVER_TO_MAX + 1], *argv[DELIVER_ARGS_MAX + 1]; /* NULL ends them */
	bool is_plain;
	struct buf body, environment;

	char said[SAID_ROOM]; /* by the receiver */
	size_t n_said;
	struct transfer transfer;
	struct child child;
	struct deliver_done done;
};

/* Where the caller's thread and those that carry meet.  Lists, numbers and is_dropped of the jobs
 * are under the mutex; only the worker changes `running`. */
struct hub {
	pthread_mutex_t mutex;
	pthread_cond_t no_mail;
	struct list waiting, running, mails, done; /* mails: on their way */
	size_t n, n_mails; /* n: waiting, on their way, done and not taken; n_mails: threads */
	bool is_ending;
	int fd; /* readable while something is done */
};

ts_t hub_now(void);
int hub_init(struct hub *h); /* 0 or -EMFILE; hub_done() either way */
void hub_done(struct hub *h);
void hub_lock(struct hub *h);
void hub_unlock(struct hub *h);
/* It is on no list, and its text is made: taken over.  These under the mutex. */
void hub_push_done(struct hub *h, struct job *j);
struct job *hub_take_done(struct hub *h);
struct job *hub_take_resting(struct hub *h, uint64_t delivery); /* nobody carries it; or NULL */
/* NULL: none; a dropped one may still be on its way, and its number is another's by now. */
struct job *hub_find(struct list *l, uint64_t delivery);
void hub_end_mail(struct hub *h, struct job *j); /* the last that its thread does; locks */

/* Both: 0, -ENOMEM, -EMSGSIZE. */
int job_new_notice(struct job **ret, const struct deliver_cfg *cfg,
	const struct deliver_receiver *r, const struct deliver_notice *n);
int job_new_ping(struct job **ret, const struct deliver_cfg *cfg, const struct deliver_receiver *r,
	enum deliver_ping ping, struct slice text);
struct job *job_free(struct job *j); /* what it carries has ended */
/* What the receiver said, without our secrets and in one line. */
void job_put_said(struct buf *b, const struct job *j, struct slice said);
/* `id` has {1} the receiver, {2} and {3} free. */
void job_say(
	struct job *j, bool is_delivered, const char *id, struct text_arg a, struct text_arg b);

void job_say_unsent(struct job *j, int err); /* a negative code */

/* With all that HTTP and mail share.  0 or -ENOMEM. */
int transfer_open(struct job *j);
bool transfer_add(struct curl_slist **list, const char *s); /* false: memory is out */
void transfer_hear(struct job *j, const char *p, size_t n); /* what the receiver said */
int transfer_start(struct job *j, CURLM *multi);
void transfer_judge(struct job *j, CURLcode result);
void transfer_close(struct job *j, CURLM *multi /* or NULL */); /* also in the middle */

/* Begins its thread, which ends with hub_end_mail().  0 or a negative code. */
int mail_start(struct job *j);
void mail_break(struct job *j); /* it is dropped; under the mutex */

int child_start(struct job *j);
/* Feeds it and hears it; true when it is over. */
bool child_turn(struct job *j);
void child_kill(struct job *j);
void child_judge(struct job *j, int error);
unsigned child_fds(const struct job *j, struct curl_waitfd ret[3]);
void child_end(struct job *j); /* it is over, or is left */

struct worker;

int worker_new(struct worker **ret, struct hub *hub);
struct worker *worker_free(struct worker *w); /* joins it; the hub is ending */
void worker_wake(struct worker *w);
