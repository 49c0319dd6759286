/* auth.h - who asks: a bearer token (RFC 6750), user and password (RFC 7617), or the names of a
 * client's certificate that the server's policy has found right.
 *
 * Tokens are compared as SHA-256, in constant time.  Passwords are compared by crypt(3) in a thread
 * of their own, since that takes 50 ms and more: a bounded queue, and what was right is known for a
 * minute by its HMAC.  Who is wrong too often from one address is not heard for a while.
 *
 * The server asks before it calls the handler, which finds the answer in request->user.  Without
 * credentials there is no user, and the handler says whether it wants one (401,
 * web_auth_ask_for()). What a user may do is not said here.
 */
#pragma once

#include "base/text.h"
#include "web/answer.h"

struct event_base;
struct web_auth;

enum {
	WEB_USER_MAX = 64,
	WEB_USERS_MAX = 1024,
	WEB_TOKENS_MAX = 1024,
};

int web_auth_new(struct web_auth **ret, struct event_base *base);
struct web_auth *web_auth_free(struct web_auth *a);

/* Begins anew: what is added next takes the place of all that was there, when it is kept.  So a
 * file that cannot be read changes nothing. */
void web_auth_begin(struct web_auth *a);
/* Lines "NAME:$2y$..." (htpasswd -B); empty ones and those with a # first are left out.  0, or
 * ERR_SYNTAX, ERR_LIMIT, -EEXIST (a name twice) with the number of the line. */
int web_auth_add_users(struct web_auth *a, struct slice file, unsigned *ret_line);
/* Lines "NAME:SHA-256 in hexadecimal", of the token's bytes. */
int web_auth_add_tokens(struct web_auth *a, struct slice file, unsigned *ret_line);
/* A name in a certificate (DNS, or its subject), and who that is. */
int web_auth_add_certificate(struct web_auth *a, const char *name, const char *user);
void web_auth_keep(struct web_auth *a);

/* WWW-Authenticate and 401. */
void web_auth_ask_for(const struct web_auth *a, struct web_answer *ret);
