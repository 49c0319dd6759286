#include "probe/server.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

/* What no name and no address has is refused before it is looked up. */
static bool is_host(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !strchr("-._:", c) && c < 0x80)
			return false;
	}
	return true;
}

bool server_read(struct slice text, char host[256], uint16_t *port)
{
	enum { HOST_MAX = 256 };
	size_t colon = text.n;
	uint64_t n;

	while (colon > 0 && text.p[colon - 1] != ':' && text.p[colon - 1] != ']')
		colon--;
	const bool has_port = colon > 0 && text.p[colon - 1] == ':';
	if (has_port && !slice_u64(slice_skip(text, colon), UINT16_MAX, &n))
		return false;
	if (has_port)
		*port = (uint16_t)n;
	struct slice name = has_port ? slice_cut(text, 0, colon - 1) : text;
	if (name.n > 2 && name.p[0] == '[')
		name = slice_cut(name, 1, name.n - 1);
	return is_host(name) && slice_cstr(name, host, HOST_MAX);
}

static struct slice without_scheme(struct slice uri)
{
	static const char *const schemes[] = { "sip:", "sips:" };

	for (size_t i = 0; i < COUNT(schemes); i++)
		if (slice_starts(uri, slice_str(schemes[i])))
			return slice_skip(uri, strlen(schemes[i]));
	return uri;
}

/* Host and port: all before the parameters. */
static size_t end_of_host(struct slice rest)
{
	return slice_chr(rest, ';');
}

/* Where `rest`, all that is behind the scheme, has its port: the colon, else the end of its host.
 */
static size_t end_of_name(struct slice rest)
{
	const size_t end = end_of_host(rest);
	size_t at = end;

	while (at && ascii_is_digit(rest.p[at - 1]))
		at--;
	const bool has =
		at > 1 && rest.p[at - 1] == ':' && (rest.p[0] != '[' || rest.p[at - 2] == ']');
	return has ? at - 1 : end;
}

bool server_names_port(struct slice registrar)
{
	const struct slice rest = without_scheme(registrar);

	return end_of_name(rest) < end_of_host(rest);
}

char *server_without_port(const char *registrar)
{
	char *uri = mem_strdup(registrar);

	if (!uri)
		return NULL;
	const struct slice rest = without_scheme(slice_str(uri));
	char *name = uri + strlen(uri) - rest.n;
	const char *behind = name + end_of_host(rest);
	memmove(name + end_of_name(rest), behind, strlen(behind) + 1);
	return uri;
}

void server_put_registrar(struct buf *b, struct slice registrar, struct slice pool, uint16_t port)
{
	if (registrar.n == 0) {
		buf_puts(b, "sip:");
		buf_put(b, pool);
		if (port)
			buf_printf(b, ":%u;transport=tls", port);
		return;
	}
	const struct slice rest = without_scheme(registrar);
	const size_t end = end_of_host(rest);

	if (rest.n == registrar.n)
		buf_puts(b, "sip:");
	buf_put(b, slice_cut(registrar, 0, registrar.n - rest.n + end));
	if (port && !server_names_port(registrar))
		buf_printf(b, ":%u", port);
	buf_put(b, slice_skip(rest, end));
}
