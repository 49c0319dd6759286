/* auth.h - who asks: a bearer token (RFC 6750), user and password (RFC 7617), or the names of a
 * client's certificate in which no fault was found.
 *
 * Tokens are compared as SHA-256, in constant time.  Passwords are compared by crypt(3) in a thread
 * of their own, since that takes 50 ms and more: a bounded queue, and what was right is known for a
 * minute by its HMAC.  Who is wrong too often from one address is not heard for a while; what is
 * known to be right is.
 *
 * The server asks before it calls the handler, which finds the answer in request->user.  Without
 * credentials there is no user, and the handler says whether it wants one (web_auth_ask_for()).
 * What a user may do is not said here.
 */
#pragma once

#include "web/auth_list.h"
#include "web/who.h"

struct event_base;
struct web_auth;

enum { WEB_AUTH_KNOWN_S = 60 };

/* Nobody is known at first.  0, -ENOMEM or a -errno. */
int web_auth_new(struct web_auth **ret, struct event_base *base);
struct web_auth *web_auth_free(struct web_auth *a); /* after the servers that ask it */
/* Takes the list over, in the place of the one before.  So a file that could not be read changes
 * nothing, and a password that was changed is not known any more. */
void web_auth_use(struct web_auth *a, struct web_auth_list *list);

const struct web_who *web_auth_who(const struct web_auth *a); /* for the servers' cfg.who */
/* 401, and in which ways somebody can say who he is. */
void web_auth_ask_for(const struct web_auth *a, struct web_answer *ret);
