/* A delivery by libcurl: what HTTP and mail share, and HTTP. */
#include <string.h>

#include "base/mem.h"
#include "deliver/private.h"

/* ---- what comes back ---- */

void transfer_hear(struct job *j, const char *p, size_t n)
{
	const size_t room = sizeof(j->said) - j->n_said;

	n = n < room ? n : room;
	memcpy(j->said + j->n_said, p, n);
	j->n_said += n;
}

/* Fewer bytes than there were end the transfer. */
static size_t count(struct job *j, size_t n)
{
	j->transfer.n_answer += n;
	return j->transfer.n_answer <= ANSWER_MAX ? n : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct job *j = arg;

	transfer_hear(j, p, size * n);
	return count(j, size * n);
}

static size_t on_head(char *p, size_t size, size_t n, void *arg)
{
	(void)p;
	return count(arg, size * n);
}

/* ---- what goes out ---- */

bool transfer_add(struct curl_slist **list, const char *s)
{
	struct curl_slist *more = curl_slist_append(*list, s);

	*list = more ? more : *list;
	return more;
}

static int set_http(struct job *j)
{
	struct transfer *t = &j->transfer;
	CURL *c = t->easy;
	const struct slice body = buf_slice(&j->body);

	if (!transfer_add(&t->headers, "Expect:") || /* 100-continue would cost a second */
		!transfer_add(&t->headers, j->form == DELIVER_PING
						   ? "Content-Type: text/plain; charset=utf-8"
						   : "Content-Type: application/json"))
		return -ENOMEM;
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.n ? (const char *)body.p : "");
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, j);
	if (j->token) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, j->token);
	} else {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
	}
	return 0;
}

static long left_ms(const struct job *j)
{
	const ts_t now = hub_now();

	return now < j->deadline ? (long)((j->deadline - now) / 1000 + 1) : 1;
}

static void set_common(struct job *j)
{
	const long system_kept = 600; /* s: it is large */
	CURL *c = j->transfer.easy;

	curl_easy_setopt(c, CURLOPT_PRIVATE, j);
	curl_easy_setopt(c, CURLOPT_URL, j->url);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, j->transfer.error);
	curl_easy_setopt(c, CURLOPT_USERAGENT, j->agent);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	/* A resolver that hangs is left behind, not waited for. */
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left_ms(j));
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, left_ms(j));
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* Alerts are rare: a connection that was kept would mostly turn out dead. */
	curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, j);
	if (j->ca_file) {
		curl_easy_setopt(c, CURLOPT_CAINFO, j->ca_file);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL); /* instead of, not beside */
	}
	/* libcurl would keep it for a day, whatever is in the file by then. */
	curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, j->ca_file ? 0L : system_kept);
	if (j->user) {
		curl_easy_setopt(c, CURLOPT_USERNAME, j->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, j->password);
	}
}

int transfer_open(struct job *j)
{
	j->transfer.easy = curl_easy_init();
	if (!j->transfer.easy)
		return -ENOMEM;
	set_common(j);
	return 0;
}

int transfer_start(struct job *j, CURLM *multi)
{
	int err = transfer_open(j);

	if (!err)
		err = set_http(j);
	if (!err && curl_multi_add_handle(multi, j->transfer.easy) != CURLM_OK)
		err = -ENOMEM;
	return err;
}

/* ---- what became of it ---- */

static long info(const struct job *j, CURLINFO what)
{
	long ret = 0;

	curl_easy_getinfo(j->transfer.easy, what, &ret);
	return ret;
}

static bool is_connected(const struct job *j)
{
	curl_off_t us = 0;

	curl_easy_getinfo(j->transfer.easy, CURLINFO_CONNECT_TIME_T, &us);
	return us > 0;
}

static const char *const failures[] = {
	[CURLE_COULDNT_RESOLVE_HOST] = N_("the name of {1} cannot be resolved"),
	[CURLE_COULDNT_RESOLVE_PROXY] = N_("the name of the proxy for {1} cannot be resolved"),
	[CURLE_SSL_CACERT_BADFILE] = N_("the file of authorities for {1} cannot be used"),
	[CURLE_USE_SSL_FAILED] = N_("{1} does not offer TLS, and nothing was sent"),
	[CURLE_GOT_NOTHING] = N_("{1} closed the connection without an answer"),
	[CURLE_RECV_ERROR] = N_("{1} broke the connection before it had answered"),
	[CURLE_SEND_ERROR] = N_("{1} broke the connection before it had answered"),
	[CURLE_PEER_FAILED_VERIFICATION] = N_("the certificate of {1} cannot be trusted: {2}"),
	[CURLE_SSL_CONNECT_ERROR] = N_("no TLS with {1}: {2}"),
	[CURLE_LOGIN_DENIED] = N_("{1} does not take user and password"),
};

/* It did not come to an answer that can be judged. */
static void judge_failure(struct job *j, CURLcode result)
{
	const struct text_arg seconds = text_seconds(j->timeout), none = text_str(NULL);
	const int os_error = (int)info(j, CURLINFO_OS_ERRNO);
	const char *error = j->transfer.error[0] ? j->transfer.error : curl_easy_strerror(result);
	const char *id = (size_t)result < COUNT(failures) ? failures[result] : NULL;
	struct buf said;

	buf_init(&said, 4 * DELIVER_SAID_MAX);
	job_put_said(&said, j, slice_str(error));
	if (result == CURLE_OPERATION_TIMEDOUT)
		job_say(j, false,
			is_connected(j) ? N_("{1} did not answer within {2} s")
					: N_("no connection to {1} within {2} s"),
			seconds, none);
	else if (result == CURLE_COULDNT_CONNECT && os_error)
		job_say(j, false, N_("no connection to {1}: {2}"), text_errno(os_error), none);
	else
		job_say(j, false, id ? id : N_("it cannot be sent to {1}: {2}"),
			text_slice(buf_slice(&said)), none);
	buf_done(&said);
}

static const char *answer_id(const struct job *j, bool is_success, bool has_said)
{
	enum { REDIRECTS = 300, ERRORS = 400 };

	if (j->form == DELIVER_MAIL && j->transfer.n_refused > 0 && is_success)
		return N_("{1} took the mail, but not for every receiver: {3}");
	if (j->form == DELIVER_MAIL)
		return is_success ? N_("{1} took the mail") : N_("{1} refused the mail: {3}");
	if (j->done.status >= REDIRECTS && j->done.status < ERRORS)
		return N_("{1} sends to another place ({2}), and that is not followed");
	return is_success || !has_said ? N_("{1} answered {2}") : N_("{1} answered {2}: {3}");
}

static void judge_answer(struct job *j, bool is_success)
{
	struct buf said;

	buf_init(&said, 4 * DELIVER_SAID_MAX);
	job_put_said(&said, j, slice_of(j->said, j->n_said));
	const struct slice s = slice_cut(buf_slice(&said), 0, DELIVER_SAID_MAX);
	job_say(j, is_success, answer_id(j, is_success, s.n > 0),
		text_u64((uint64_t)j->done.status), text_slice(s));
	buf_done(&said);
}

/* A head that says yes and a body that was too long for us is an answer; one that never ended is
 * none. */
void transfer_judge(struct job *j, CURLcode result)
{
	enum { SUCCESSES = 200, REDIRECTS = 300 };
	const bool is_cut = result == CURLE_WRITE_ERROR && j->transfer.n_answer > ANSWER_MAX;

	j->done.status = (int)info(j, CURLINFO_RESPONSE_CODE);
	const bool is_yes = j->done.status >= SUCCESSES && j->done.status < REDIRECTS;
	if (j->form == DELIVER_MAIL ? result == CURLE_OK : is_cut || result == CURLE_OK)
		judge_answer(j, is_yes);
	else if (j->form == DELIVER_MAIL && j->n_said > 0 && result != CURLE_OPERATION_TIMEDOUT &&
		 result != CURLE_LOGIN_DENIED)
		judge_answer(j, false);
	else
		judge_failure(j, result);
}

void transfer_close(struct job *j, CURLM *multi)
{
	struct transfer *t = &j->transfer;

	if (t->easy && multi)
		curl_multi_remove_handle(multi, t->easy);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->headers);
	curl_slist_free_all(t->to);
	t->easy = NULL;
	t->headers = t->to = NULL;
}
