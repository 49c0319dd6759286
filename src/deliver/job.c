#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "deliver/form.h"
#include "deliver/private.h"

enum { SECRET_MIN = 8 }; /* bytes of a part of a URL's path that may be one */

/* ---- places ---- */

/* "https://host:443" of a URL that was checked. */
static struct slice place_of(struct slice url)
{
	const size_t host = slice_find(url, SLICE("://")) + 3;
	size_t end = host;

	while (end < url.n && !strchr("/?", url.p[end]))
		end++;
	return slice_cut(url, 0, end);
}

static struct slice path_of(const struct job *j)
{
	const struct slice url = slice_str(j->url);

	return url.n ? slice_skip(url, place_of(url).n) : url;
}

/* `path` behind that of `base`, in front of its query. */
static char *join(const char *base, const char *path)
{
	struct slice query = slice_str(base), front = slice_split(&query, '?');
	struct buf b;

	while (slice_ends(front, SLICE("/")))
		front.n--;
	buf_init(&b, DELIVER_URL_MAX + 300);
	buf_put(&b, front);
	buf_puts(&b, path);
	if (strchr(base, '?'))
		buf_printf(&b, "?%.*s", SLICE_FMT(query));
	char *ret = buf_err(&b) ? NULL : mem_strdup(buf_cstr(&b));
	buf_done(&b);
	return ret;
}

/* ---- making one ---- */

static void wipe_free(char *secret)
{
	if (secret)
		mem_wipe(secret, strlen(secret));
	mem_free(secret);
}

struct job *job_free(struct job *j)
{
	if (!j)
		return NULL;
	for (char **p = j->to; *p; p++)
		mem_free(*p);
	for (char **p = j->argv; *p; p++)
		wipe_free(*p);
	wipe_free(j->url);
	wipe_free(j->token);
	wipe_free(j->password);
	wipe_free(j->basic);
	mem_free(j->place);
	mem_free(j->agent);
	mem_free(j->user);
	mem_free(j->ca_file);
	mem_free(j->from);
	buf_done(&j->body);
	buf_done(&j->environment);
	return mem_free(j);
}

/* False: memory is out.  NULL is copied as NULL. */
static bool copy(char **ret, const char *s)
{
	*ret = mem_strdup(s);
	return *ret || !s;
}

static bool copy_all(char **ret, const char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!copy(&ret[i], list[i]))
			return false;
	return true;
}

static bool copy_receiver(
	struct job *j, const struct deliver_cfg *cfg, const struct deliver_receiver *r)
{
	unsigned n_args = 0;

	while (r->form == DELIVER_EXEC && r->argv[n_args])
		n_args++;
	if (r->form == DELIVER_EXEC)
		return copy(&j->place, r->argv[0]) && copy_all(j->argv, r->argv, n_args);
	const struct slice place = place_of(slice_str(r->url));
	j->place = mem_strndup(place.p, place.n);
	return j->place && copy(&j->agent, cfg->agent) && copy(&j->token, r->token) &&
	       copy(&j->user, r->user) && copy(&j->password, r->password) &&
	       copy(&j->ca_file, r->ca_file) &&
	       (r->form != DELIVER_MAIL ||
		       (copy(&j->from, r->from) && copy_all(j->to, r->to, r->n_to)));
}

/* What stands in a head, so that it is known again when it is said back. */
static char *basic_of(const struct job *j)
{
	struct buf plain, text;
	char *ret;

	buf_init(&plain, 2 * DELIVER_SECRET_MAX + 2);
	buf_init(&text, 3 * DELIVER_SECRET_MAX);
	buf_printf(&plain, "%s:%s", j->user, j->password);
	base64_put(&text, buf_slice(&plain));
	ret = mem_strdup(buf_cstr(&text));
	mem_wipe(plain.p, plain.n);
	mem_wipe(text.p, text.n);
	buf_done(&plain);
	buf_done(&text);
	return ret;
}

/* Its URL is `path` behind the receiver's. */
static int new (struct job **ret, const struct deliver_cfg *cfg, const struct deliver_receiver *r,
	const char *path)
{
	struct job *j = mem_alloc0(sizeof(*j));

	if (!j)
		return -ENOMEM;
	list_init(&j->node);
	buf_init(&j->body, FORM_BYTES_MAX);
	buf_init(&j->environment, FORM_BYTES_MAX);
	j->form = r->form;
	j->timeout = r->timeout;
	j->is_plain = r->is_plain;
	for (unsigned i = 0; i < TRANSFER_FDS; i++)
		j->transfer.fds[i] = CURL_SOCKET_BAD;
	j->child = (struct child){ .pid_fd = -1, .in_fd = -1, .err_fd = -1 };
	j->url = path[0] ? join(r->url, path) : mem_strdup(r->url);
	if (!copy_receiver(j, cfg, r) || (r->url && !j->url) ||
		(j->user && !(j->basic = basic_of(j)))) {
		job_free(j);
		return -ENOMEM;
	}
	*ret = j;
	return 0;
}

static void put_body(struct job *j, const struct deliver_cfg *cfg, const struct deliver_receiver *r,
	const struct deliver_notice *n)
{
	const struct form_mail mail = {
		.from = r->from, .to = r->to, .n_to = r->n_to, .host = cfg->host
	};

	switch (r->form) {
	case DELIVER_WEBHOOK:
		form_put_webhook(
			&j->body, n, slice_str(r->name), slice_str(cfg->external_url), r->look_up);
		break;
	case DELIVER_ALERTMANAGER: form_put_alerts(&j->body, n, r->valid_us, r->look_up); break;
	case DELIVER_EXEC:
		notice_put_text(&j->body, n, r->look_up);
		form_put_environment(&j->environment, n, r->look_up);
		break;
	case DELIVER_MAIL: form_put_mail(&j->body, n, &mail, r->look_up); break;
	case DELIVER_PING: break;
	}
}

int job_new_notice(struct job **ret, const struct deliver_cfg *cfg,
	const struct deliver_receiver *r, const struct deliver_notice *n)
{
	char ehlo[300]; /* curl takes it from the URL's path */
	struct job *j = NULL;
	int err;

	snprintf(ehlo, sizeof(ehlo), "/%.255s", form_host(cfg->host));
	err = new (&j, cfg, r,
		r->form == DELIVER_ALERTMANAGER ? "/api/v2/alerts"
		: r->form == DELIVER_MAIL       ? ehlo
						: "");
	if (err)
		return err;
	put_body(j, cfg, r, n);
	err = buf_err(&j->body) ? buf_err(&j->body) : buf_err(&j->environment);
	if (err)
		job_free(j);
	else
		*ret = j;
	return err;
}

int job_new_ping(struct job **ret, const struct deliver_cfg *cfg, const struct deliver_receiver *r,
	enum deliver_ping ping, struct slice text)
{
	static const char *const paths[] = {
		[DELIVER_PING_OK] = "",
		[DELIVER_PING_FAIL] = "/fail",
		[DELIVER_PING_START] = "/start",
	};
	enum { TEXT_MAX = 10000 }; /* bytes that every healthchecks keeps */
	struct job *j = NULL;
	int err = new (&j, cfg, r, paths[ping]);

	if (err)
		return err;
	buf_put(&j->body, slice_cut(text, 0, TEXT_MAX));
	err = buf_err(&j->body);
	if (err)
		job_free(j);
	else
		*ret = j;
	return err;
}

/* ---- what it says ---- */

/* What was heard may end within a secret. */
static size_t longer(size_t n, struct slice s, struct slice secret)
{
	if (s.n < secret.n && s.n >= SECRET_MIN && slice_starts(secret, s))
		return s.n;
	return secret.n > n && slice_starts(s, secret) ? secret.n : n;
}

/* Bytes of the secret with which s begins; 0: it begins with none.  The path is one as a whole, and
 * so is each long part of it. */
static size_t secret_at(const struct job *j, struct slice s)
{
	struct slice path = path_of(j);
	size_t n = 0;

	if (j->form == DELIVER_MAIL)
		path = SLICE_NONE; /* it is the name that we say ourselves */
	n = longer(n, s, slice_str(j->token));
	n = longer(n, s, slice_str(j->password));
	n = longer(n, s, slice_str(j->basic));
	n = longer(n, s, path.n > 1 ? path : SLICE_NONE);
	while (path.n) {
		size_t end = 0;

		while (end < path.n && !strchr("/?&=", path.p[end]))
			end++;
		if (end >= SECRET_MIN)
			n = longer(n, s, slice_cut(path, 0, end));
		path = slice_skip(path, end + 1);
	}
	return n;
}

void job_put_said(struct buf *b, const struct job *j, struct slice said)
{
	struct slice s = slice_trim(said);
	size_t n;

	while (s.n && buf_len(b) < DELIVER_SAID_MAX) {
		n = secret_at(j, s);
		if (n > 0) {
			buf_puts(b, "***");
			s = slice_skip(s, n);
		} else {
			buf_putc(b, s.p[0]);
			s = slice_skip(s, 1);
		}
	}
}

void job_say(struct job *j, bool is_delivered, const char *id, struct text_arg a, struct text_arg b)
{
	j->done.delivery = j->delivery;
	j->done.is_delivered = is_delivered;
	j->done.text = TEXT(id, text_str(j->place), a, b);
}

void job_say_unsent(struct job *j, int err)
{
	job_say(j, false, N_("it cannot be sent to {1}: {2}"), text_errno(-err), text_str(NULL));
}
