/* A head that is taken is one request for whoever reads it: its parts lie in it, and the bytes
 * behind it do not change what it is. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "web/credentials.h"
#include "web/fields.h"
#include "web/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice all, struct slice part)
{
	assert(!part.n || (part.p >= all.p && part.p + part.n <= all.p + all.n));
	for (size_t i = 0; i < part.n; i++)
		assert(part.p[i] != '\r' && part.p[i] != '\n' && part.p[i] != 0);
}

/* What is decoded is of no way up and of no control character. */
static void check_path(struct slice text)
{
	struct slice values[WEB_SEGMENTS_MAX];
	struct web_path path;

	if (!web_path_decode(&path, text))
		return;
	(void)web_route_match("/t/{pool}/{partner}/{dir}", &path, values);
	for (unsigned i = 0; i < path.n; i++) {
		const struct slice s = path.segments[i];
		assert(s.n && utf8_valid(s, NULL) && !slice_eqs(s, ".."));
		for (size_t k = 0; k < s.n; k++)
			assert(s.p[k] >= 0x20 && s.p[k] != '/' && s.p[k] != '\\');
	}
}

static void check_credentials(const struct web_request *r)
{
	struct web_credentials c;

	web_credentials_read(&c, r);
	for (size_t i = 0; i < c.password.n; i++)
		assert(c.password.p[i] >= 0x20);
	assert(c.type != WEB_CREDENTIAL_BASIC ||
		(c.user.n && c.password.n <= WEB_PASSWORD_MAX && utf8_valid(c.user, NULL)));
}

/* What is encoded is decoded to the same. */
static void check_query(struct slice text)
{
	struct buf b, again;

	buf_init(&b, 1 << 16);
	buf_init(&again, 1 << 20);
	if (web_query_find(text, "a", &b) == 0) {
		buf_puts(&again, "a=");
		web_uri_put(&again, buf_slice(&b));
		struct buf twice;
		buf_init(&twice, 1 << 16);
		assert(web_query_find(buf_slice(&again), "a", &twice) == 0);
		assert(slice_eq(buf_slice(&b), buf_slice(&twice)));
		buf_done(&twice);
	}
	buf_done(&b);
	buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "a", NULL };
	const struct slice all = slice_of(data, size);
	struct web_request r;
	const unsigned status = web_request_decode(&r, all);

	assert(status == WEB_MORE || web_phrase(status)[0]);
	check_path(all);
	check_query(all);
	assert(web_accepts(all, "a", "b", "1") <= 1000);
	if (status != WEB_DONE)
		return 0;
	check_inside(all, r.path);
	check_inside(all, r.query);
	check_inside(all, r.host);
	check_inside(all, web_field_find(&r, "Accept"));
	check_inside(all, web_cookie_find(&r, "a"));
	assert(r.path.n > 0 && r.path.p[0] == '/');
	assert(r.n_head <= size && r.n_body <= WEB_BODY_MAX && (r.is_post || !r.n_body));
	(void)web_has_etag(&r, SLICE("a"));
	(void)web_is_foreign(&r);
	check_credentials(&r);
	(void)web_host_is_own(r.host, names);
	check_path(r.path);
	check_query(r.query);
	return 0;
}
