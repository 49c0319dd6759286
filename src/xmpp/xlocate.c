#include "xmpp/xlocate.h"

#include "base/mem.h"

enum { CLIENT_PORT = 5222 }; /* RFC 6120 section 3.2.2 */

struct xlocate {
	struct targets targets;
};

/* ---- life ---- */

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
	struct targets_service itself = { .source = TARGETS_GIVEN, .transport = TRANSPORT_TCP };
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

int xlocate_new(struct xlocate **ret, const struct xlocate_cfg *cfg, struct rng *rng)
{
	char name[DNS_NAME_MAX];
	struct xlocate *l = mem_alloc0(sizeof(*l));

	if (!l)
		return -ENOMEM;
	int err = copy_name(name, cfg->host.n ? cfg->host : cfg->domain);
	if (!err) {
		targets_init(&l->targets, name, cfg->family, true, rng);
		err = start(&l->targets, cfg);
	}
	if (err)
		xlocate_free(l);
	else
		*ret = l;
	return err;
}

struct xlocate *xlocate_free(struct xlocate *l)
{
	return mem_free(l);
}

/* ---- questions, answers, targets ---- */

bool xlocate_take_question(struct xlocate *l, struct targets_question *ret)
{
	return targets_take_question(&l->targets, ret);
}

void xlocate_push_answer(struct xlocate *l, uint32_t id, const struct dns_answer *answer)
{
	targets_push_answer(&l->targets, id, answer);
}

enum targets_state xlocate_state(const struct xlocate *l)
{
	return targets_state(&l->targets);
}

bool xlocate_take_target(struct xlocate *l, struct targets_target *ret)
{
	return targets_take_target(&l->targets, ret);
}

void xlocate_failure(const struct xlocate *l, struct targets_failure *ret)
{
	targets_failure(&l->targets, ret);
}
