#include "web/credentials.h"

#include "base/str.h"

/* RFC 7617 section 2: the password may have colons, the user none; section 2.1: UTF-8, and no
 * control characters, so that none ends it early for crypt(3). */
static bool read_basic(struct web_credentials *c, struct slice text)
{
	struct buf b;

	buf_init_in(&b, c->room, sizeof(c->room));
	if (base64_decode(&b, text) || !utf8_valid(buf_slice(&b), NULL))
		return false;
	const struct slice all = buf_slice(&b);
	for (size_t i = 0; i < all.n; i++)
		if (all.p[i] < 0x20 || all.p[i] == 0x7f)
			return false;
	const size_t colon = slice_chr(all, ':');
	c->user = slice_cut(all, 0, colon);
	c->password = slice_skip(all, colon + 1);
	return colon < all.n && c->user.n > 0 && c->password.n <= WEB_PASSWORD_MAX;
}

/* RFC 6750 section 2.1: b64token. */
static bool read_token(struct web_credentials *c, struct slice text)
{
	size_t n = text.n;

	while (n && text.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		if (!ascii_is_alpha(text.p[i]) && !ascii_is_digit(text.p[i]) &&
			slice_chr(SLICE("-._~+/"), text.p[i]) == 6)
			return false;
	c->token = text;
	return n > 0;
}

void web_credentials_read(struct web_credentials *ret, const struct web_request *r)
{
	struct slice text = web_field_find(r, "Authorization");
	enum web_credential type = WEB_CREDENTIAL_OTHER;

	*ret = (struct web_credentials){ .type = WEB_CREDENTIAL_NONE };
	if (!text.p)
		return;
	const struct slice scheme = slice_split(&text, ' ');
	text = slice_trim(text);
	if (slice_ieqs(scheme, "Basic") && read_basic(ret, text))
		type = WEB_CREDENTIAL_BASIC;
	else if (slice_ieqs(scheme, "Bearer") && read_token(ret, text))
		type = WEB_CREDENTIAL_BEARER;
	ret->type = type;
}
