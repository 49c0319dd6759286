/* phase.h - the parts of a test, in the order in which they are shown. */
#pragma once

#include "base/slice.h"

enum probe_phase {
	PHASE_SIP_RESOLVE,
	PHASE_SIP_CONNECT,
	PHASE_SIP_TLS,
	PHASE_SIP_REGISTER,
	PHASE_SIP_SEND,
	PHASE_XMPP_RESOLVE,
	PHASE_XMPP_CONNECT,
	PHASE_XMPP_TLS,
	PHASE_XMPP_AUTH,
	PHASE_XMPP_BIND,
	PHASE_DELIVER,
	PHASE_ANSWER,
	PHASE_SETTLE, /* no second copy may come */
	PHASE_CLEANUP,
	PHASE_COUNT,
};

const char *phase_name(enum probe_phase p); /* "sip.register": stable, never translated */
