#include "probe/server.h"

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
	return slice_cstr(name, host, HOST_MAX);
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
	if (!slice_starts(registrar, SLICE("sip:")) && !slice_starts(registrar, SLICE("sips:")))
		buf_puts(b, "sip:");
	buf_put(b, registrar);
}
