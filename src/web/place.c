#include "web/conn.h"
#include "web/limit.h"

void web_refuse(struct web_server *s, enum web_refusal why, const struct addr *peer)
{
	s->counts.refusals[why]++;
	if (s->cfg.refused)
		s->cfg.refused(s->cfg.arg, why, peer);
}

void web_conn_refuse(const struct web_conn *k, enum web_refusal why)
{
	web_refuse(k->server, why, &k->peer);
}

bool web_has_share(const struct web_server *s, const struct addr *peer, bool is_stream)
{
	const unsigned share = is_stream ? s->cfg.stream_share : s->cfg.share;
	struct list *n, *t;
	unsigned count = 0;

	if (!share)
		return true;
	LIST_EACH(n, t, &s->conns)
	{
		const struct web_conn *k = LIST_OWNER(n, struct web_conn, all);
		count += (k->state == WEB_CONN_STREAMING) == is_stream &&
			 web_peer_eq(&k->peer, peer);
	}
	return count < share;
}

struct web_conn *web_idle_find(const struct web_server *s, const struct addr *peer, ts_t now)
{
	struct list *n, *t;

	LIST_EACH(n, t, &s->idle)
	{
		struct web_conn *k = LIST_OWNER(n, struct web_conn, place);
		if (k->stays <= now && web_peer_eq(&k->peer, peer))
			return k;
	}
	return NULL;
}

const char *web_refusal_name(enum web_refusal r)
{
	static const char *const names[] = {
		[WEB_REFUSED_HEAD] = "bad-request",
		[WEB_REFUSED_LATE] = "late-request",
		[WEB_REFUSED_HOST] = "wrong-host",
		[WEB_REFUSED_FOREIGN] = "other-site",
		[WEB_REFUSED_CREDENTIAL] = "wrong-credential",
		[WEB_REFUSED_GUESSING] = "guessing",
		[WEB_REFUSED_PASSWORDS] = "many-passwords",
		[WEB_REFUSED_PLACES] = "many-connections",
		[WEB_REFUSED_SHARE] = "share",
		[WEB_REFUSED_CALLS] = "many-calls",
		[WEB_REFUSED_MEMORY] = "memory",
		[WEB_REFUSED_STREAMS] = "many-streams",
		[WEB_REFUSED_CALL_LATE] = "late-answer",
		[WEB_REFUSED_UNREAD] = "answer-not-read",
		[WEB_REFUSED_SLOW] = "events-not-read",
		[WEB_REFUSED_TLS] = "no-tls",
	};

	_Static_assert(sizeof(names) / sizeof(*names) == WEB_REFUSALS, "each has a name");
	return names[r];
}
