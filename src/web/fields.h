/* fields.h - what the fields of a request say, RFC 9110: which form is wanted, what the reader has
 * already, and whether it was another site that made a browser ask.
 *
 * Pure.
 */
#pragma once

#include "web/request.h"

/* How much the type is wanted by a field Accept (RFC 9110 section 12.5.1), 0 to 1000; `version` is
 * its parameter where one is asked for.  The closest range counts. */
unsigned web_accepts(
	struct slice accept, const char *type, const char *subtype, const char *version);
/* Does If-None-Match (section 13.1.2) have this tag, given without its quotes?  Then 304 is the
 * answer: the server sees to that for answers with an etag; a handler that asks beforehand saves
 * the work. */
bool web_has_etag(const struct web_request *r, struct slice etag);
/* Is the host that was asked for an address, localhost, or one of these names (NULL is their end)?
 * Another one comes from a browser whose name server has just moved a stranger's name to this
 * machine, for its scripts to read what is here.  Its port is not looked at. */
bool web_host_is_own(struct slice host, const char *const *names);
/* Did a page of another site send it?  By Sec-Fetch-Site, which every browser of today sends, else
 * by Origin; what has neither is no browser. */
bool web_is_foreign(const struct web_request *r);
/* RFC 6265 section 4.2: the value of the first such cookie, "" when there is none. */
struct slice web_cookie_find(const struct web_request *r, const char *name);
