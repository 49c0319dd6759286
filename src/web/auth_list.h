/* auth_list.h - who there is: users with the hash of their password, tokens by their hash, and
 * names in certificates.  Nothing in it opens a door by itself, but it is kept like a secret.
 *
 * Pure.
 */
#pragma once

#include "base/buf.h"
#include "base/tls.h"
#include "web/who.h"

enum {
	WEB_USERS_MAX = 1024, /* of each kind */
	WEB_HASH_MAX = 60,    /* crypt(5): "$2y$10$" and 53 characters */
	WEB_HASH_COST_MAX = 14,
	WEB_TOKEN_HASH = 32,
};

struct web_auth_list;

int web_auth_list_new(struct web_auth_list **ret); /* 0 or -ENOMEM */
struct web_auth_list *web_auth_list_free(struct web_auth_list *l);

/* Lines "NAME:$2y$COST$..." (htpasswd -B), cost 4 to 14: more would keep others waiting.  Those
 * with a # first, and empty ones, say nothing.  0; ERR_SYNTAX, ERR_LIMIT, -EEXIST (a name twice) or
 * -ENOMEM with the number of the line. */
int web_auth_list_add_users(struct web_auth_list *l, struct slice file, unsigned *ret_line);
/* Lines "NAME:SHA-256 of the token in hexadecimal", in the same way; a name may have several. */
int web_auth_list_add_tokens(struct web_auth_list *l, struct slice file, unsigned *ret_line);
/* A name in a certificate (DNS, URI, ...), and the user that it stands for. */
int web_auth_list_add_certificate(struct web_auth_list *l, const char *name, const char *user);

bool web_auth_list_has_users(const struct web_auth_list *l);
bool web_auth_list_has_tokens(const struct web_auth_list *l);
/* The hash of his password.  Of somebody who is not there it is another one's: asking for him
 * takes as long.  NULL: there is no user at all. */
const char *web_auth_list_get_hash(
	const struct web_auth_list *l, struct slice user, bool *ret_is_there);
/* The user of this SHA-256, compared in constant time; NULL: nobody. */
const char *web_auth_list_find_token(
	const struct web_auth_list *l, const uint8_t hash[WEB_TOKEN_HASH]);
/* The user of the peer's certificate, in which no fault was found; NULL: nobody. */
const char *web_auth_list_find_certificate(
	const struct web_auth_list *l, const struct tls_facts *tls);
