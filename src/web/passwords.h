/* passwords.h - passwords against their hashes, in a thread of its own: bcrypt takes 50 ms and
 * more, on purpose.
 */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

struct web_passwords;

enum { WEB_PASSWORDS_MAX = 32 /* that wait, or whose answer was not taken */ };

int web_passwords_new(struct web_passwords **ret); /* 0, -ENOMEM or a -errno */
/* Waits for the one that is being compared. */
struct web_passwords *web_passwords_free(struct web_passwords *p);
/* To be watched: readable when there is an answer. */
int web_passwords_fd(const struct web_passwords *p);
/* Copied.  False: as many as may be are there. */
bool web_passwords_push(struct web_passwords *p, const char *hash, struct slice password);
/* The answers come in the order of the pushes; false: there is none. */
bool web_passwords_take(struct web_passwords *p, bool *ret_is_right);
