/* A URI: what is decoded lies inside the input, says all of it, and is equal to itself. */
#include <assert.h>

#include "sip/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct slice part, struct slice in)
{
	assert(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

/* Unescaped and escaped again it means the same. */
static void check_user(const struct sip_uri *u)
{
	struct buf raw, again, back;
	struct where where;

	buf_init(&raw, SIP_URI_MAX);
	buf_init(&again, 3 * SIP_URI_MAX);
	buf_init(&back, SIP_URI_MAX);
	assert(sip_unescape(u->user, &raw, &where) == 0);
	sip_put_escaped_user(&again, buf_slice(&raw));
	assert(sip_unescape(buf_slice(&again), &back, &where) == 0);
	assert(slice_eq(buf_slice(&raw), buf_slice(&back)));
	buf_done(&raw);
	buf_done(&again);
	buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), value;
	struct sip_uri u;
	struct where where = { SIZE_MAX, NULL };

	if (sip_uri_decode(in, &u, &where)) {
		assert(where.what && where.offset <= size);
		return 0;
	}
	inside(u.user, in);
	inside(u.password, in);
	inside(u.host, in);
	inside(u.params, in);
	inside(u.headers, in);
	assert(slice_eq(u.text, in));
	size_t sum = u.scheme_text.n + 1 + u.user.n + u.host.n + u.params.n + u.headers.n;
	assert(sum <= size);
	assert(u.scheme == SIP_SCHEME_OTHER || u.host.n || u.scheme == SIP_SCHEME_TEL);
	assert(sip_uri_equal(&u, &u));
	sip_uri_param(&u, "transport", &value);
	check_user(&u);
	return 0;
}
