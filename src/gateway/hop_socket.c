#include "gateway/hop_socket.h"

void hop_socket_init(struct hop_socket *s, const struct lent *lent, struct listeners *listeners)
{
	*s = (struct hop_socket){ .lent = lent, .listeners = listeners };
}

static unsigned ask_number(const struct hop_socket *s)
{
	return listeners_toward(s->listeners) + 1;
}

/* One at a time. */
static void ask(struct hop_socket *s)
{
	s->from.family = 0;
	if (s->asked.family)
		return;
	s->asked = s->peer;
	struct want *w = shell_want(s->lent->shell, WANT_LISTEN);
	w->listener = ask_number(s);
	w->transport = TRANSPORT_UDP;
	w->toward = true;
	w->addr = s->peer;
}

void hop_socket_need(struct hop_socket *s, const struct addr *peer)
{
	const unsigned i = listeners_find_udp(s->listeners, peer->family);

	s->peer = *peer;
	if (i) {
		if (addr_is_wildcard(&s->lent->cfg->listens[i - 1].addr))
			ask(s);
		return;
	}
	if (s->toward.family == peer->family)
		return;
	listeners_turn_toward(s->listeners, peer, s->toward.family != 0);
	s->toward = *peer;
}

const struct origin *hop_socket_origin(struct hop_socket *s)
{
	const unsigned i = listeners_find_bound_udp(s->listeners, s->peer.family);

	if (i == 0)
		return NULL;
	s->origin = (struct origin){ .listener = i,
		.transport = TRANSPORT_UDP,
		.peer = s->peer,
		.local = *listeners_local(s->listeners, i) };
	if (addr_is_wildcard(&s->origin.local)) {
		const uint16_t port = s->origin.local.port;

		s->origin.local = s->from;
		s->origin.local.port = port;
	}
	return s->origin.local.family ? &s->origin : NULL;
}

/* Where the peer is reached from is known, or that it is not.  False when the answer is about one
 * before this one. */
static bool end_ask(struct hop_socket *s)
{
	const bool current = s->peer.family && addr_eq(&s->asked, &s->peer);

	s->asked.family = 0;
	if (!current && s->peer.family)
		hop_socket_need(s, &s->peer);
	return current;
}

static enum hop_socket_fact asked(struct hop_socket *s, const struct fact *in, struct addr *toward)
{
	const bool failed = in->type == FACT_LISTEN_FAILED;

	*toward = s->peer;
	if (!failed)
		shell_want(s->lent->shell, WANT_UNLISTEN)->listener = in->listener;
	if (!end_ask(s))
		return HOP_SOCKET_NOTHING;
	if (failed)
		return HOP_SOCKET_FAILED;
	s->from = *in->local;
	return HOP_SOCKET_UP;
}

enum hop_socket_fact hop_socket_push(
	struct hop_socket *s, const struct fact *in, struct addr *toward)
{
	if (in->listener == ask_number(s))
		return asked(s, in, toward);
	if (in->listener != listeners_toward(s->listeners))
		return HOP_SOCKET_NOT_OURS;
	if (in->type == FACT_LISTEN_UP) {
		listeners_push_up(s->listeners, in);
		return HOP_SOCKET_UP;
	}
	*toward = s->toward;
	s->toward.family = 0;
	return HOP_SOCKET_FAILED;
}
