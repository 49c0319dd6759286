#include <curl/curl.h>
#include <string.h>

#include "deliver/deliver.h"
#include "deliver/form.h"

/* ---- pieces ---- */

static bool is_one_line(const char *s, size_t max)
{
	for (size_t i = 0; s[i]; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f || i >= max)
			return false;
	return true;
}

static bool has(CURLU *u, CURLUPart part)
{
	char *s = NULL;
	const bool ret = curl_url_get(u, part, &s, 0) == CURLUE_OK && s && s[0];

	curl_free(s);
	return ret;
}

static bool is_scheme(CURLU *u, const char *a, const char *b)
{
	char *s = NULL;
	const bool ret = curl_url_get(u, CURLUPART_SCHEME, &s, 0) == CURLUE_OK &&
			 (strcmp(s, a) == 0 || strcmp(s, b) == 0);

	curl_free(s);
	return ret;
}

static bool has_path(CURLU *u)
{
	char *s = NULL;
	const bool ret = curl_url_get(u, CURLUPART_PATH, &s, 0) == CURLUE_OK && strcmp(s, "/") != 0;

	curl_free(s);
	return ret || has(u, CURLUPART_QUERY);
}

/* ---- what is wrong: an id, or NULL ---- */

static const char *check_parts(const struct deliver_receiver *r, CURLU *u)
{
	const bool is_mail = r->form == DELIVER_MAIL;

	if (!has(u, CURLUPART_HOST))
		return N_("the URL has no host");
	if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
		return N_("the URL has a user or a password in it: they have places of their own");
	if (has(u, CURLUPART_FRAGMENT))
		return N_("the URL has a # in it: what is behind it would not be sent");
	if (!is_mail)
		return is_scheme(u, "http", "https")
			       ? NULL
			       : N_("the URL must begin with http:// or https://");
	if (!is_scheme(u, "smtp", "smtps"))
		return N_("the URL must begin with smtp:// or smtps://");
	if (has_path(u))
		return N_("the URL of a mail server ends with its host and port");
	if (r->is_plain && is_scheme(u, "smtps", "smtps"))
		return N_("smtps:// cannot be without TLS");
	return NULL;
}

/* libcurl takes one slash for two, and three. */
static bool has_two_slashes(const char *url)
{
	const char *at = strstr(url, "://");

	return at && strcspn(url, "/") == (size_t)(at - url) + 1 && at[3] != '/';
}

static const char *check_url(const struct deliver_receiver *r)
{
	const char *ret = N_("the URL is malformed");
	CURLU *u;

	if (!r->url)
		return N_("there is no URL");
	if (!is_one_line(r->url, DELIVER_URL_MAX) || !has_two_slashes(r->url))
		return ret;
	u = curl_url();
	if (u && curl_url_set(u, CURLUPART_URL, r->url, 0) == CURLUE_OK)
		ret = check_parts(r, u);
	curl_url_cleanup(u);
	return ret;
}

static const char *check_secrets(const struct deliver_receiver *r)
{
	const char *const all[] = { r->token, r->user, r->password };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] && !is_one_line(all[i], DELIVER_SECRET_MAX))
			return N_("the token, user or password is too long or has a line break");
	if (!r->user != !r->password)
		return N_("there must be a user and a password, or neither");
	if (r->token && (r->user || r->form == DELIVER_MAIL))
		return N_("a token goes without user and password, and not with mail");
	if (r->user && r->form != DELIVER_MAIL && strchr(r->user, ':'))
		return N_("the user has a colon in it"); /* RFC 7617 section 2 */
	return NULL;
}

static const char *check_mail(const struct deliver_receiver *r)
{
	if (r->is_plain && r->password)
		return N_("a password is not sent without TLS");
	if (!r->from || !form_is_address(r->from))
		return N_("the sender is not an address of mail, like stox@example.com");
	if (r->n_to == 0 || r->n_to > DELIVER_TO_MAX)
		return N_("there must be 1 to 64 receivers of a mail");
	for (unsigned i = 0; i < r->n_to; i++)
		if (!r->to[i] || !form_is_address(r->to[i]))
			return N_("a receiver is not an address of mail, like stox@example.com");
	return NULL;
}

static const char *check_exec(const struct deliver_receiver *r)
{
	unsigned n = 0;

	if (!r->argv || !r->argv[0] || r->argv[0][0] != '/')
		return N_("the program needs its whole path");
	while (r->argv[n])
		if (++n > DELIVER_ARGS_MAX)
			return N_("a program gets at most 63 arguments");
	return NULL;
}

static const char *check(const struct deliver_receiver *r)
{
	const char *ret = NULL;

	if (r->timeout < TS_MS(1) || r->timeout > TS_S(3600))
		return N_("the time-out must be 1 ms to 1 hour");
	if (r->form == DELIVER_EXEC)
		return check_exec(r);
	ret = check_url(r);
	if (!ret)
		ret = check_secrets(r);
	if (!ret && r->form == DELIVER_MAIL)
		ret = check_mail(r);
	if (!ret && r->form == DELIVER_ALERTMANAGER && r->valid_us <= 0)
		ret = N_("an alert must be valid for some time");
	return ret;
}

bool deliver_check(const struct deliver_receiver *r, struct text *ret)
{
	const char *what = check(r);

	if (what)
		*ret = TEXT_PLAIN(what);
	return !what;
}
