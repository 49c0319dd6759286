#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "app/language.h"
#include "watcher/past_private.h"

enum { TIME_S = 60, URL_MAX = 4096 };

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;

	buf_put(body, slice_of(bytes, size * n));
	return buf_err(body) ? 0 : size * n;
}

static void set_up(CURL *easy, const char *url, struct buf *body, char *error)
{
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* it is on this machine */
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)TIME_S);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
	/* What people read is in the language of the terminal, not of the configuration. */
	curl_easy_setopt(easy, CURLOPT_COOKIE,
		strcmp(language_look_up(N_("en")), "fr") == 0 ? "lang=fr" : "lang=en");
}

static int get(const struct addr *at, const char *path, struct buf *body, struct text *why)
{
	static char error[CURL_ERROR_SIZE], where[ADDR_TEXT_MAX];
	char url[URL_MAX];
	CURL *easy = curl_easy_init();
	long status = 0;

	*why = TEXT_PLAIN(err_text(-ENOMEM));
	if (!easy)
		return -ENOMEM;
	snprintf(url, sizeof(url), "http://%s%s", addr_text(at, where), path);
	set_up(easy, url, body, error);
	const CURLcode code = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(easy);
	if (code) {
		*why = TEXT(N_("a watcher has the history open, and does not answer at {1}: {2}"),
			text_str(where), text_str(error[0] ? error : curl_easy_strerror(code)));
		return -EIO;
	}
	if (status == 200)
		return 0;
	*why = TEXT(N_("the watcher at {1} answered with status {2}"), text_str(where),
		text_u64((uint64_t)status));
	return status == 400 || status == 404 ? -EINVAL : -EIO;
}

int past_web_get(struct past *p, const char *path, struct buf *body, struct text *why)
{
	const struct plan *plan = p->config.plan;

	for (unsigned i = 0; i < plan->n_listen; i++)
		if (plan->listen[i].addr.port)
			return get(&plan->listen[i].addr, path, body, why);
	*why = TEXT_PLAIN(N_("a watcher has the history open, and the configuration does not say "
			     "where it can be asked: give watch.listen an address with a port"));
	return -EINVAL;
}
