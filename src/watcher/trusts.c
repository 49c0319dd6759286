#include "watcher/trusts.h"

#include <string.h>
#include <sys/stat.h>

#include "app/file_in.h"
#include "base/mem.h"

enum { PEM_MAX = 4 << 20 };

void trusts_init(struct trusts *t, struct trust *trust)
{
	*t = (struct trusts){ .trust = trust };
}

void trusts_done(struct trusts *t)
{
	for (unsigned i = 0; i < t->n; i++)
		mem_free(t->files[i].path);
	mem_free(t->files);
	*t = (struct trusts){ 0 };
}

static bool is_same(const struct trusts_file *f, const struct stat *st)
{
	return f->inode == st->st_ino && f->size == (uint64_t)st->st_size &&
	       f->changed.tv_sec == st->st_ctim.tv_sec && f->changed.tv_nsec == st->st_ctim.tv_nsec;
}

/* The newest reading of it. */
static unsigned find(const struct trusts *t, const char *path, const struct stat *st)
{
	for (unsigned i = t->n; i > 0; i--)
		if (strcmp(t->files[i - 1].path, path) == 0)
			return is_same(&t->files[i - 1], st) ? i : 0;
	return 0;
}

static int load(struct trusts *t, const char *path, struct text *why)
{
	struct buf pem;

	buf_init(&pem, PEM_MAX + 8192);
	int err = file_in_read(path, PEM_MAX, &pem, why);
	if (!err) {
		err = trust_add_ca(t->trust, t->n + 1, buf_slice(&pem));
		if (err == ERR_SYNTAX)
			*why = TEXT(N_("{1}: there is no certificate in it"), text_str(path));
	}
	buf_done(&pem);
	return err;
}

static int add(struct trusts *t, const char *path, const struct stat *st, struct text *why)
{
	struct trusts_file *more = mem_realloc(t->files, (t->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	t->files = more;
	char *copy = mem_strdup(path);
	int err = copy ? load(t, path, why) : -ENOMEM;
	if (err) {
		mem_free(copy);
		return err;
	}
	t->files[t->n++] = (struct trusts_file){ .path = copy,
		.changed = st->st_ctim,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size };
	return 0;
}

int trusts_find(struct trusts *t, const char *path, unsigned *ret, struct text *why)
{
	struct stat st;

	*ret = TLS_TRUST_SYSTEM;
	if (!path)
		return 0;
	*why = TEXT_PLAIN(err_text(-ENOMEM));
	if (stat(path, &st) < 0) {
		const int err = -errno;

		*why = TEXT(N_("{1}: {2}"), text_str(path), text_errno(-err));
		return err;
	}
	/* Who opens a pipe waits for its writer, and all tests with him. */
	if (!S_ISREG(st.st_mode)) {
		*why = TEXT(
			N_("{1}: {2}"), text_str(path), text_id(N_("this is not a regular file")));
		return -EINVAL;
	}
	*ret = find(t, path, &st);
	if (*ret)
		return 0;
	if (t->n == TRUSTS_MAX) {
		*why = TEXT(N_("{1}: so many files with certificates were read since the start "
			       "that there is no room for another; restart the watcher"),
			text_str(path));
		return ERR_LIMIT;
	}
	int err = add(t, path, &st, why);
	*ret = t->n;
	return err;
}
