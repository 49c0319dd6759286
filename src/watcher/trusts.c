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

/* The reading of it that is in use; NULL: there is none. */
static struct trusts_file *find(const struct trusts *t, const char *path)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->files[i].path && !t->files[i].replaced_by &&
			strcmp(t->files[i].path, path) == 0)
			return &t->files[i];
	return NULL;
}

static int load(struct trusts *t, unsigned number, const char *path, struct text *why)
{
	struct buf pem;

	buf_init(&pem, PEM_MAX + 8192);
	int err = file_in_read(path, PEM_MAX, &pem, why);
	if (!err) {
		err = trust_add_ca(t->trust, number, buf_slice(&pem));
		if (err == ERR_SYNTAX)
			*why = TEXT(N_("{1}: there is no certificate in it"), text_str(path));
	}
	buf_done(&pem);
	return err;
}

/* A place that is free; NULL: there is no memory. */
static struct trusts_file *get_place(struct trusts *t)
{
	for (unsigned i = 0; i < t->n; i++)
		if (!t->files[i].path)
			return &t->files[i];
	struct trusts_file *more = mem_realloc(t->files, (t->n + 1) * sizeof(*more));
	if (!more)
		return NULL;
	t->files = more;
	more[t->n] = (struct trusts_file){ .path = NULL };
	return &more[t->n++];
}

static bool is_full(const struct trusts *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n; i++)
		n += t->files[i].path != NULL;
	return n == TRUSTS_MAX;
}

static unsigned number_of(const struct trusts *t, const struct trusts_file *f)
{
	return (unsigned)(f - t->files) + 1;
}

static int add(
	struct trusts *t, const char *path, const struct stat *st, unsigned *ret, struct text *why)
{
	struct trusts_file *f = get_place(t);
	char *copy = f ? mem_strdup(path) : NULL;
	int err = copy ? load(t, number_of(t, f), path, why) : -ENOMEM;

	if (err) {
		mem_free(copy);
		return err;
	}
	*f = (struct trusts_file){ .path = copy,
		.changed = st->st_ctim,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size };
	*ret = number_of(t, f);
	return 0;
}

/* The one before goes on until the runs that were given it are over. */
static void replace(struct trusts *t, const char *path, unsigned number, uint64_t run)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct trusts_file *f = &t->files[i];

		if (i + 1 == number || !f->path || f->replaced_by || strcmp(f->path, path) != 0)
			continue;
		f->replaced_by = run;
		t->n_replaced++;
	}
}

void trusts_hold(struct trusts *t, unsigned number)
{
	if (number)
		t->files[number - 1].held++;
}

void trusts_let_go(struct trusts *t, unsigned number)
{
	if (number)
		t->files[number - 1].held--;
}

void trusts_forget(struct trusts *t, uint64_t oldest_run)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct trusts_file *f = &t->files[i];

		if (!f->replaced_by || f->held || oldest_run < f->replaced_by)
			continue;
		trust_forget_ca(t->trust, i + 1);
		mem_free(f->path);
		*f = (struct trusts_file){ .path = NULL };
		t->n_replaced--;
	}
}

int trusts_find(struct trusts *t, const char *path, uint64_t run, unsigned *ret, struct text *why)
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
	const struct trusts_file *known = find(t, path);
	if (known && is_same(known, &st)) {
		*ret = number_of(t, known);
		return 0;
	}
	if (is_full(t)) {
		*why = TEXT(N_("{1}: so many files with certificates are in use that there is no "
			       "room for another; restart the watcher"),
			text_str(path));
		return ERR_LIMIT;
	}
	const int err = add(t, path, &st, ret, why);
	if (!err)
		replace(t, path, *ret, run);
	return err;
}
