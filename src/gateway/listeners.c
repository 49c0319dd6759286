#include "gateway/listeners.h"

#include "base/mem.h"
#include "gateway/events.h"

enum { SAY_AGAIN_S = 60 };

static bool is_known(const struct addr_net *net, const struct addr_net *known, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (known[i].bits == net->bits && addr_ip_eq(&known[i].addr, &net->addr))
			return true;
	return false;
}

/* Source addresses of UDP can be forged: trusting one that is not on this machine deserves a word.
 */
static void warn_of_udp_trust(
	const struct lent *lent, const struct addr_net *known, unsigned n_known)
{
	const struct gateway_cfg *cfg = lent->cfg;
	bool udp = false;

	for (unsigned i = 0; i < cfg->n_listens; i++)
		udp |= cfg->listens[i].transport == TRANSPORT_UDP &&
		       !addr_is_loopback(&cfg->listens[i].addr);
	for (unsigned i = 0; udp && i < cfg->n_trusted; i++) {
		if (addr_is_loopback(&cfg->trusted[i].addr) ||
			is_known(&cfg->trusted[i], known, n_known))
			continue;
		struct buf *b = event_begin(lent->shell, EVENT_UDP_TRUST);
		buf_puts(b, " peer=");
		addr_net_put(b, &cfg->trusted[i]);
		log_str(b, "advice", SLICE("source addresses of UDP can be forged; use tcp"));
		event_tell(lent->shell, EVENT_UDP_TRUST);
	}
}

static void want_family(struct listeners *ls, uint8_t family)
{
	const struct gateway_cfg *cfg = ls->lent->cfg;

	for (unsigned i = 0; i < cfg->n_listens; i++) {
		if (cfg->listens[i].addr.family != family)
			continue;
		struct want *w = shell_want(ls->lent->shell, WANT_LISTEN);
		w->listener = i + 1;
		w->transport = cfg->listens[i].transport;
		w->addr = cfg->listens[i].addr;
		ls->list[i].transport = w->transport;
	}
}

void listeners_init(struct listeners *ls, const struct lent *lent)
{
	*ls = (struct listeners){ .lent = lent };
	/* IPv4 first: [::] then leaves that port to it. */
	for (uint8_t family = 4; family <= 6; family += 2)
		want_family(ls, family);
	warn_of_udp_trust(lent, NULL, 0);
}

void listeners_set_trusted(struct listeners *ls, const struct addr_net *before, unsigned n_before)
{
	warn_of_udp_trust(ls->lent, before, n_before);
}

void listeners_push_up(struct listeners *ls, const struct fact *in)
{
	struct listener *l = &ls->list[in->listener - 1];
	char text[ADDR_TEXT_MAX];

	l->local = *in->local;
	struct buf *b = event_begin(ls->lent->shell, EVENT_LISTENING);
	log_str(b, "transport", slice_str(transport_name(l->transport)));
	log_str(b, "address", slice_str(addr_text(&l->local, text)));
	struct shell_event *ev = shell_emit(
		ls->lent->shell, GATEWAY_EV_LISTENING, false, event_row(EVENT_LISTENING)->level);
	if (ev) {
		ev->transport = l->transport;
		ev->addr = l->local;
	}
}

void listeners_push_failed(struct listeners *ls, const struct fact *in)
{
	struct buf *b = event_begin(ls->lent->shell, EVENT_CANNOT_LISTEN);
	char text[ADDR_TEXT_MAX];

	log_str(b, "address",
		slice_str(addr_text(&ls->lent->cfg->listens[in->listener - 1].addr, text)));
	log_str(b, "error", slice_str(err_text(in->err)));
	shell_emit(
		ls->lent->shell, GATEWAY_EV_FAILED, false, event_row(EVENT_CANNOT_LISTEN)->level);
}

/* It is tried again in a moment; one line says so for all that come meanwhile. */
void listeners_push_accept_failed(struct listeners *ls, const struct fact *in, ts_t now)
{
	char text[ADDR_TEXT_MAX];

	if (now < ls->silent_until)
		return;
	ls->silent_until = ts_add(now, TS_S(SAY_AGAIN_S));
	struct buf *b = event_begin(ls->lent->shell, EVENT_CANNOT_ACCEPT);
	log_str(b, "address", slice_str(addr_text(in->local, text)));
	log_str(b, "error", slice_str(err_text(in->err)));
	event_tell(ls->lent->shell, EVENT_CANNOT_ACCEPT);
}

unsigned listeners_find_udp(const struct listeners *ls, uint8_t family)
{
	const struct gateway_cfg *cfg = ls->lent->cfg;

	for (unsigned i = 0; i < cfg->n_listens; i++)
		if (cfg->listens[i].transport == TRANSPORT_UDP &&
			cfg->listens[i].addr.family == family)
			return i + 1;
	return 0;
}

unsigned listeners_find_bound_udp(const struct listeners *ls, uint8_t family)
{
	for (unsigned i = 1; i <= listeners_toward(ls); i++)
		if (ls->list[i - 1].transport == TRANSPORT_UDP &&
			ls->list[i - 1].local.family == family)
			return i;
	return 0;
}

const struct addr *listeners_local(const struct listeners *ls, unsigned number)
{
	return &ls->list[number - 1].local;
}

bool listeners_are_at(const struct listeners *ls, enum transport transport, const struct addr *peer,
	const struct addr *local)
{
	for (unsigned i = 0; i < ls->lent->cfg->n_listens; i++) {
		const struct gateway_listen *l = &ls->lent->cfg->listens[i];

		if (l->transport != transport || l->addr.family != peer->family ||
			l->addr.port != peer->port)
			continue;
		if (addr_ip_eq(&l->addr, peer))
			return true;
		if (addr_is_wildcard(&l->addr) &&
			(addr_is_loopback(peer) || (local && addr_ip_eq(local, peer))))
			return true;
	}
	return false;
}

unsigned listeners_toward(const struct listeners *ls)
{
	return ls->lent->cfg->n_listens + 1;
}

void listeners_turn_toward(struct listeners *ls, const struct addr *peer, bool is_open)
{
	const unsigned number = listeners_toward(ls);

	if (is_open)
		shell_want(ls->lent->shell, WANT_UNLISTEN)->listener = number;
	ls->list[number - 1] = (struct listener){ .transport = TRANSPORT_UDP };
	struct want *w = shell_want(ls->lent->shell, WANT_LISTEN);
	w->listener = number;
	w->transport = TRANSPORT_UDP;
	w->toward = true;
	w->addr = *peer;
}
