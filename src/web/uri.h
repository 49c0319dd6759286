/* uri.h - paths, queries and forms, RFC 3986: what a request asks for, in words that are safe to
 * look up and to show.
 *
 * Percent signs are decoded once and strictly: two hexadecimal digits, then UTF-8 without control
 * characters.  A decoded slash, a backslash, "." and ".." are refused, so that no two readers see
 * two paths.
 *
 * Pure.
 */
#pragma once

#include "base/buf.h"
#include "web/request.h"

enum {
	WEB_SEGMENTS_MAX = 8,
	WEB_PATH_MAX = 1024,
	WEB_PARAMETERS_MAX = 256, /* of a query or form */
};

/* Its slices are of its own text: it is not to be copied. */
struct web_path {
	unsigned n; /* 0: "/" */
	struct slice segments[WEB_SEGMENTS_MAX];
	uint8_t text[WEB_PATH_MAX];
};

/* False: none that could be here, which is a 404 like any other.  A slash at the end is a path of
 * its own, and none. */
bool web_path_decode(struct web_path *ret, struct slice path);
/* "/t/{pool}/{partner}/{dir}": each {} takes a segment, and `values` gets those in their order
 * (they live as long as the path); the others are equal byte by byte. */
bool web_route_match(
	const char *pattern, const struct web_path *path, struct slice values[WEB_SEGMENTS_MAX]);

/* The parameter of that name, decoded ('+' is a space), into `ret`, which is cleared before.  Line
 * ends and TAB may be in it, other control characters not.  0; -ENOENT: there is none; ERR_SYNTAX:
 * it is there twice, or is no text; ERR_LIMIT: more parameters than are looked at; or the buffer's
 * error. */
int web_query_find(struct slice query, const char *name, struct buf *ret);
/* The same of a POST of application/x-www-form-urlencoded; another type has none. */
int web_form_find(const struct web_request *r, const char *name, struct buf *ret);

/* For a segment of a path or the value of a parameter: all but unreserved characters encoded. */
void web_uri_put(struct buf *b, struct slice text);
