#include "base/mem.h"
#include "probe/sweep_private.h"

static const struct sweep_kind_info kinds[] = {
	[SWEEP_SIPS_TCP] = { "_sips._tcp", SWEEP_PLAN_SIP, TRANSPORT_TLS, 5061, false },
	[SWEEP_SIP_TCP] = { "_sip._tcp", SWEEP_PLAN_SIP, TRANSPORT_TCP, 5060, false },
	[SWEEP_SIP_UDP] = { "_sip._udp", SWEEP_PLAN_SIP, TRANSPORT_UDP, 5060, false },
	[SWEEP_SIP_FEDERATION] = { "_sipfederationtls._tcp", SWEEP_PLAN_NONE, TRANSPORT_TLS, 5061,
		false },
	[SWEEP_XMPPS_CLIENT] = { "_xmpps-client._tcp", SWEEP_PLAN_CLIENT, TRANSPORT_TLS, 5223,
		true },
	[SWEEP_XMPP_CLIENT] = { "_xmpp-client._tcp", SWEEP_PLAN_CLIENT, TRANSPORT_TCP, 5222, true },
	[SWEEP_XMPPS_SERVER] = { "_xmpps-server._tcp", SWEEP_PLAN_SERVER, TRANSPORT_TLS, 5270,
		true },
	[SWEEP_XMPP_SERVER] = { "_xmpp-server._tcp", SWEEP_PLAN_SERVER, TRANSPORT_TCP, 5269, true },
};
_Static_assert(COUNT(kinds) == SWEEP_KINDS, "one row a kind");

const char *sweep_kind_name(enum sweep_kind k)
{
	return kinds[k].name;
}

bool sweep_kind_is_xmpp(enum sweep_kind k)
{
	return kinds[k].is_xmpp;
}

const struct sweep_kind_info *sweep_kind_info(enum sweep_kind k)
{
	return &kinds[k];
}

enum sweep_kind sweep_kind_of(enum transport t)
{
	static const enum sweep_kind of[] = { [TRANSPORT_UDP] = SWEEP_SIP_UDP,
		[TRANSPORT_TCP] = SWEEP_SIP_TCP,
		[TRANSPORT_TLS] = SWEEP_SIPS_TCP };

	return of[t];
}

bool sweep_has_plan(const struct sweep *s, enum sweep_plan plan)
{
	if (plan == SWEEP_PLAN_SIP)
		return s->cfg.side == SWEEP_POOL;
	return s->cfg.side == SWEEP_PARTNER &&
	       s->cfg.extent != (plan == SWEEP_PLAN_CLIENT ? SWEEP_FEDERATION : SWEEP_NARROW);
}

const char *sweep_side_name(enum sweep_side s)
{
	static const char *const names[] = { [SWEEP_POOL] = "pool", [SWEEP_PARTNER] = "partner" };

	return names[s];
}

const char *sweep_source_name(enum targets_source s)
{
	static const char *const names[] = { [TARGETS_GIVEN] = "given",
		[TARGETS_NAPTR] = "naptr",
		[TARGETS_SRV] = "srv",
		[TARGETS_FALLBACK] = "fallback" };

	return names[s];
}

const char *sweep_plan_name(enum sweep_plan p)
{
	static const char *const names[] = { [SWEEP_PLAN_SIP] = "sip",
		[SWEEP_PLAN_CLIENT] = "client",
		[SWEEP_PLAN_SERVER] = "server",
		[SWEEP_PLAN_NONE] = "none" };

	return names[p];
}

const char *sweep_step_name(enum sweep_step s)
{
	static const char *const names[] = { [SWEEP_RESOLVE] = "resolve",
		[SWEEP_CONNECT] = "connect",
		[SWEEP_TLS] = "tls",
		[SWEEP_ANSWER] = "answer" };

	return names[s];
}

const char *sweep_outcome_name(enum sweep_outcome o)
{
	static const char *const names[] = { [SWEEP_NOT_TRIED] = "not_tried",
		[SWEEP_TRYING] = "trying",
		[SWEEP_OK] = "ok",
		[SWEEP_FAILED] = "failed" };

	return names[o];
}

const char *sweep_severity_name(enum sweep_severity s)
{
	static const char *const names[] = {
		[SWEEP_NOTE] = "note", [SWEEP_WARNING] = "warning", [SWEEP_FAILURE] = "failure"
	};

	return names[s];
}

const char *sweep_remark_id(enum sweep_remark r)
{
	static const char *const ids[] = { [SWEEP_REMARK_NONE] = "",
#define REMARK_ID(upper, lower) [SWEEP_REMARK_##upper] = #lower,
		SWEEP_REMARKS(REMARK_ID)
#undef REMARK_ID
	};

	return ids[r];
}
