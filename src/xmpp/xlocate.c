#include "xmpp/xlocate.h"

#include "base/mem.h"

enum { CLIENT_PORT = 5222 }; /* RFC 6120 section 3.2.2 */

/* A name without its final dot: 0, ERR_SYNTAX or ERR_LIMIT. */
static int copy_name(char name[DNS_NAME_MAX], struct slice from)
{
	if (slice_ends(from, SLICE(".")))
		from.n--;
	if (from.n == 0)
		return ERR_SYNTAX;
	return slice_cstr(from, name, DNS_NAME_MAX) ? 0 : ERR_LIMIT;
}

static int start(struct targets *t, const struct xlocate_cfg *cfg)
{
	const struct targets_service direct = { .source = TARGETS_SRV, .transport = TRANSPORT_TLS };
	const struct targets_service starttls = {
		.kind = 1, .source = TARGETS_SRV, .transport = TRANSPORT_TCP
	};
	struct targets_service itself = {
		.source = TARGETS_GIVEN, .transport = TRANSPORT_TCP, .is_host = cfg->host.n > 0
	};
	struct addr ignored;

	/* RFC 6120 section 3.2.3: where the host or an address is given, there is no SRV. */
	if (cfg->host.n == 0 && !addr_decode_ip(slice_str(t->name), &ignored)) {
		targets_add_srv(t, &direct, "_xmpps-client._tcp", t->name);
		targets_add_srv(t, &starttls, "_xmpp-client._tcp", t->name);
		/* Asked beside the records, not after them: a round trip saved where there are
		 * none. */
		itself.source = TARGETS_FALLBACK;
	}
	int err = targets_add_host(
		t, &itself, t->name, cfg->host.n && cfg->port ? cfg->port : CLIENT_PORT);
	targets_close(t);
	return err;
}

int xlocate_new(struct targets **ret, const struct xlocate_cfg *cfg, struct rng *rng)
{
	char name[DNS_NAME_MAX];
	struct targets *t = mem_alloc0(sizeof(*t));

	if (!t)
		return -ENOMEM;
	int err = copy_name(name, cfg->host.n ? cfg->host : cfg->domain);
	if (!err) {
		targets_init(t, name, cfg->family, true, rng);
		err = start(t, cfg);
	}
	if (err)
		mem_free(t);
	else
		*ret = t;
	return err;
}
