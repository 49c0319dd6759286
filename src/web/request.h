/* request.h - the head of an HTTP request that has no body, RFC 9112: what may be asked here is GET
 * and HEAD, and anything in which two readers could see two requests is refused.
 *
 * Pure: bytes in, one request or the status of a refusal out.
 */
#pragma once

#include "base/slice.h"

enum {
	WEB_HEAD_MAX = 8192,
	WEB_FIELDS_MAX = 100,
};

/* Slices of the bytes that were given. */
struct web_request {
	bool is_head;     /* HEAD: no body is sent */
	bool is_http_1_0; /* it knows no chunks */
	struct slice path, query;
	struct slice accept; /* the first of several; "": there is none, and all types are equal */
};

enum {
	WEB_MORE = 0, /* the head is not whole yet */
	WEB_DONE = 200,
};

/* WEB_MORE, WEB_DONE with *ret, or the status that refuses it: 400, 405, 413, 431, 501, 505.  What
 * is behind the head is not looked at. */
unsigned web_request_decode(struct web_request *ret, struct slice bytes);
const char *web_phrase(unsigned status);
/* How much the type is wanted by a field Accept (RFC 9110 section 12.5.1), 0 to 1000; `version` is
 * its parameter where one is asked for.  The closest range counts. */
unsigned web_accepts(
	struct slice accept, const char *type, const char *subtype, const char *version);
