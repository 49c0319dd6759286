#include "web/passwords.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "web/auth_list.h"
#include "web/credentials.h"

struct job {
	char hash[WEB_HASH_MAX + 1];
	char password[WEB_PASSWORD_MAX + 1];
	bool is_right;
};

struct web_passwords {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t more;
	struct job jobs[WEB_PASSWORDS_MAX];
	unsigned taken, done, pushed; /* in this order; they wrap */
	bool is_ending, is_begun;
	int fd;
	struct crypt_data room; /* the thread's */
};

static struct job *job_at(struct web_passwords *p, unsigned number)
{
	return &p->jobs[number % WEB_PASSWORDS_MAX];
}

static bool is_right(struct web_passwords *p, const char *hash, const char *password)
{
	const char *made = crypt_r(password, hash, &p->room);
	const bool right = made && strlen(made) == strlen(hash) &&
			   CRYPTO_memcmp(made, hash, strlen(hash)) == 0;

	mem_wipe(&p->room, sizeof(p->room));
	return right;
}

static void *run(void *arg)
{
	struct web_passwords *p = arg;
	const uint64_t one = 1;

	pthread_mutex_lock(&p->mutex);
	while (!p->is_ending) {
		if (p->done == p->pushed) {
			pthread_cond_wait(&p->more, &p->mutex);
			continue;
		}
		/* It is nobody else's until it is done. */
		struct job *job = job_at(p, p->done);
		pthread_mutex_unlock(&p->mutex);
		job->is_right = is_right(p, job->hash, job->password);
		mem_wipe(job->password, sizeof(job->password));
		pthread_mutex_lock(&p->mutex);
		p->done++;
		(void)!write(p->fd, &one, sizeof(one)); /* full: it is readable then */
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

/* Signals are for the thread that has the loop. */
static int begin(struct web_passwords *p)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const int err = pthread_create(&p->thread, NULL, run, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->is_begun = !err;
	return -err;
}

int web_passwords_new(struct web_passwords **ret)
{
	struct web_passwords *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->more, NULL);
	p->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	const int err = p->fd < 0 ? -errno : begin(p);
	if (err)
		web_passwords_free(p);
	else
		*ret = p;
	return err;
}

struct web_passwords *web_passwords_free(struct web_passwords *p)
{
	if (!p)
		return NULL;
	if (p->is_begun) {
		pthread_mutex_lock(&p->mutex);
		p->is_ending = true;
		pthread_cond_signal(&p->more);
		pthread_mutex_unlock(&p->mutex);
		pthread_join(p->thread, NULL);
	}
	if (p->fd >= 0)
		close(p->fd);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->mutex);
	mem_wipe(p->jobs, sizeof(p->jobs));
	return mem_free(p);
}

int web_passwords_fd(const struct web_passwords *p)
{
	return p->fd;
}

bool web_passwords_push(struct web_passwords *p, const char *hash, struct slice password)
{
	bool has_room;

	pthread_mutex_lock(&p->mutex);
	has_room = p->pushed - p->taken < WEB_PASSWORDS_MAX;
	if (has_room) {
		struct job *job = job_at(p, p->pushed);
		has_room = slice_cstr(slice_str(hash), job->hash, sizeof(job->hash)) &&
			   slice_cstr(password, job->password, sizeof(job->password));
		p->pushed += has_room;
		pthread_cond_signal(&p->more);
	}
	pthread_mutex_unlock(&p->mutex);
	return has_room;
}

bool web_passwords_take(struct web_passwords *p, bool *ret_is_right)
{
	uint64_t count;
	bool is_there;

	(void)!read(p->fd, &count, sizeof(count)); /* what is behind it is looked at now */
	pthread_mutex_lock(&p->mutex);
	is_there = p->taken != p->done;
	if (is_there)
		*ret_is_right = job_at(p, p->taken++)->is_right;
	pthread_mutex_unlock(&p->mutex);
	return is_there;
}
