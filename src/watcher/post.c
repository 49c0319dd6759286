#include "watcher/post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "app/ctl_ask.h"
#include "app/secret.h"
#include "base/addr.h"
#include "base/mem.h"

enum { URL_MAX = 4096, CONNECT_S = 10, PATIENCE_S = 910 };

/* ---- to whom ---- */

static bool is_this_machine(struct slice host)
{
	struct addr a;

	return addr_decode_ip(host, &a) ? addr_is_loopback(&a) : slice_ieqs(host, "localhost");
}

static bool has_user(CURLU *u)
{
	static const CURLUPart parts[] = { CURLUPART_USER, CURLUPART_PASSWORD };
	bool ret = false;

	for (size_t i = 0; i < COUNT(parts); i++) {
		char *part = NULL;

		ret |= curl_url_get(u, parts[i], &part, 0) == CURLUE_OK;
		curl_free(part);
	}
	return ret;
}

/* As libcurl will read it; what over http:// would be read on the way does not go there.  NULL:
 * none.  The address is repeated only when no password can be in it. */
static const char *fault_of(const char *url)
{
	const char *ret = N_("`--via`: this is the path of no socket, and no address that begins "
			     "with https:// or http://");
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL;

	if (!u || curl_url_set(u, CURLUPART_URL, url, 0) ||
		curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
		curl_url_get(u, CURLUPART_HOST, &host, 0))
		goto out;
	const bool is_https = slice_ieqs(slice_str(scheme), "https");
	if (has_user(u))
		ret = N_("`--via`: a user and a password are not part of the address: give --user "
			 "and --password-file");
	else if (is_https ||
		 (slice_ieqs(slice_str(scheme), "http") && is_this_machine(slice_str(host))))
		ret = NULL;
	else if (slice_ieqs(slice_str(scheme), "http"))
		ret = N_("`--via {1}`: http:// is for this machine alone: elsewhere give https://");
out:
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return ret;
}

static bool put_url(const struct test_values *v, const char *query, char ret[URL_MAX])
{
	const size_t n = strlen(v->via);
	const bool has_slash = n && v->via[n - 1] == '/';

	return snprintf(ret, URL_MAX, "%s%s-/test?%s", v->via, has_slash ? "" : "/", query) <
	       URL_MAX;
}

/* ---- who asks ---- */

struct secrets {
	char password[SECRET_MAX + 1], token[SECRET_MAX + 1];
};

static int read_secrets(const struct test_values *v, struct secrets *ret, struct text *why)
{
	int err = v->password_file ? secret_read(v->password_file, NULL, ret->password, why) : 0;

	if (!err && v->token_file)
		err = secret_read(v->token_file, NULL, ret->token, why);
	return err;
}

static void set_who(CURL *c, const struct test_values *v, const struct secrets *s)
{
	if (v->password_file) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(c, CURLOPT_USERNAME, v->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, s->password);
	}
	if (v->token_file) {
		curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
		curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, s->token);
	}
	if (v->certificate_file) {
		curl_easy_setopt(c, CURLOPT_SSLCERT, v->certificate_file);
		curl_easy_setopt(c, CURLOPT_SSLKEY, v->key_file);
	}
	if (v->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, v->ca_file);
}

/* ---- the question ---- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_put(b, slice_of(p, size * n));
	return buf_err(b) ? 0 : size * n;
}

static void set_request(CURL *c, const char *url, struct curl_slist *fields, struct buf *ret)
{
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	/* A proxy would read what http:// sends to this machine. */
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, "");
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, 0L);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "stox/" STOX_VERSION);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)PATIENCE_S);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, ret);
}

static int judge(const struct opt_command *cmd, CURL *c, CURLcode code, const char *url)
{
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && (status == 200 || status == 403 || status == 409))
		return 0;
	if (code != CURLE_OK)
		opt_complain(cmd,
			TEXT(N_("{1}: {2}"), text_str(url), text_str(curl_easy_strerror(code))));
	else if (status == 401)
		opt_complain(
			cmd, TEXT(N_("{1}: the watcher does not know who you are: give --user "
				     "and --password-file, --token-file, or --certificate-file "
				     "and --key-file"),
				     text_str(url)));
	else
		opt_complain(cmd, TEXT(N_("{1}: what is there is no watcher that runs a test: it "
					  "answered {2}"),
					  text_str(url), text_u64((uint64_t)status)));
	return CTL_NOT_HERE;
}

static int perform(const struct opt_command *cmd, const struct test_values *v, const char *url,
	const struct secrets *s, struct buf *ret)
{
	CURL *c = curl_easy_init();
	struct curl_slist *fields = curl_slist_append(NULL, "Accept: application/json");
	int status = CTL_NOT_HERE;

	if (c && fields) {
		set_request(c, url, fields, ret);
		set_who(c, v, s);
		status = judge(cmd, c, curl_easy_perform(c), v->via);
	} else {
		opt_cannot_start(cmd, -ENOMEM);
	}
	curl_slist_free_all(fields);
	curl_easy_cleanup(c);
	return status;
}

int post_query(const struct opt_command *cmd, const struct test_values *v, const char *query,
	struct buf *ret)
{
	struct secrets s = { "", "" };
	char url[URL_MAX];
	struct text why;

	const char *fault = put_url(v, query, url) ? fault_of(url) : err_text(ERR_LIMIT);
	if (fault) {
		opt_complain(cmd, TEXT(fault, text_str(v->via)));
		return CTL_BAD;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		opt_cannot_start(cmd, -ENOMEM);
		return CTL_NOT_HERE;
	}
	int status = read_secrets(v, &s, &why) ? CTL_BAD : 0;
	if (status)
		opt_complain(cmd, why);
	else
		status = perform(cmd, v, url, &s, ret);
	mem_wipe(&s, sizeof(s));
	curl_global_cleanup();
	return status;
}
