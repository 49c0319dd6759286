/* cpim.h - message/cpim, RFC 3862: headers about a message around the MIME object that is its
 * content.
 *
 * Decoding copies nothing: every slice points into the input.  What its From
 * and To say carries no authority.
 */
#pragma once

#include "base/buf.h"

enum { CPIM_HEADERS_MAX = 64 };

#define CPIM_NS      "urn:ietf:params:cpim-headers:" /* of a header without a prefix */
#define CPIM_NS_IMDN "urn:ietf:params:imdn"          /* RFC 5438 section 6.1 */

struct cpim {
	struct slice headers; /* of the message, as they came */
	struct slice fields;  /* of the content: those of MIME, as they came */
	struct slice content;
};

/* Lines may end with a bare LF.  The blank line in front of `Content-type` may be missing, as in
 * the examples of RFC 5438.  0; ERR_SYNTAX: there is no content; ERR_LIMIT: too many headers. */
int cpim_decode(struct slice in, struct cpim *ret, struct where *where);

/* The next header of this namespace and name (case counts, section 3.1) at or behind *at, which
 * starts with 0.  False when there is none. */
bool cpim_find(
	const struct cpim *c, const char *ns, const char *name, size_t *at, struct slice *ret);
struct slice cpim_value(const struct cpim *c, const char *ns, const char *name); /* or "" */
/* A field of the content, whose case does not count; folded as it came; "" when absent. */
struct slice cpim_field(const struct cpim *c, const char *name);
