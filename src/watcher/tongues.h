/* tongues.h - the languages that pages are read in: the reader's own choice (?lang= and the cookie
 * that it leaves), else what the browser asks for.
 */
#pragma once

#include "base/text.h"
#include "web/fields.h"

enum tongue { TONGUE_ENGLISH, TONGUE_FRENCH };
enum { TONGUES = 2 };

void tongues_open(void); /* what there is; once */
void tongues_close(void);
const char *tongue_name(enum tongue t); /* "en" */
text_look_up *tongue_look_up(enum tongue t);
/* *ret_chosen: by ?lang=, so that a cookie is to be set. */
enum tongue tongue_of(const struct web_request *r, bool *ret_chosen);
