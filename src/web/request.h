/* request.h - an HTTP/1 request, RFC 9112: GET and HEAD, and POST with a body of a known length.
 * Anything in which two readers could see two requests is refused.
 *
 * Pure: bytes in, one head or the status of a refusal out.
 */
#pragma once

#include "base/addr.h"
#include "base/tls.h"

enum {
	WEB_HEAD_MAX = 8192,
	WEB_FIELDS_MAX = 100,
	WEB_BODY_MAX = 64 << 10,
};

/* Slices of the bytes that were given. */
struct web_request {
	bool is_head;     /* HEAD: no body is sent */
	bool is_post;     /* neither of both: GET */
	bool is_http_1_0; /* it knows no chunks */
	bool is_close;    /* it wants no further request on its connection */
	bool is_awaiting; /* Expect: 100-continue: its body comes when it is asked for */
	struct slice path, query;
	struct slice host;   /* with its port, as the target or else Host has it; "" in 1.0 only */
	struct slice fields; /* all lines, for web_field_find() */
	size_t n_head, n_body;
	/* The server fills these in. */
	struct slice body;
	struct addr peer;
	const struct tls_facts *tls; /* NULL: a plain connection */
	const char
		*user; /* whose credentials were right ("user:NAME", who.h); NULL: there are none */
};

enum {
	WEB_MORE = 0, /* the head is not whole yet */
	WEB_DONE = 200,
};

/* WEB_MORE, WEB_DONE with *ret, or the status that refuses it: 400, 405, 413, 417, 431, 501, 505.
 * What is behind the head is not looked at. */
unsigned web_request_decode(struct web_request *ret, struct slice bytes);
const char *web_phrase(unsigned status);
/* The value of the first such field: "" when there is none.  Those that two readers could take
 * differently when they are there twice (Authorization, Origin, ...) are there once. */
struct slice web_field_find(const struct web_request *r, const char *name);
