#include "gateway/events.h"

#include "base/mem.h"
#include "base/text.h"
#include "gateway/gateway.h"

static const struct event_row rows[] = {
	[EVENT_MESSAGE] = { "gateway", "message", LOG_LEVEL_DEBUG,
		"toward from to id call_id outcome [status] [cause] ms",
		N_("A message has ended: which way it went, who wrote to whom, its id in XMPP and "
		   "its Call-ID in SIP, what became of it (carried, refused or unanswered, whose "
		   "sender was gone), the status in SIP, why it was refused, and after how many "
		   "milliseconds."),
		NULL },
	[EVENT_STATE] = { "gateway", "state", LOG_LEVEL_INFO, "xmpp to_xmpp to_sip untold",
		N_("Asked for by SIGUSR1: the connection to the XMPP server, the messages in hand "
		   "each way, and the failures whose senders have not been told yet."),
		NULL },
	[EVENT_COUNTERS] = { "gateway", "counters", LOG_LEVEL_INFO, "COUNTERS",
		N_("Asked for by SIGUSR1: the counters that are not 0."), NULL },
	[EVENT_STOPPED] = { "gateway", "stopped", LOG_LEVEL_INFO, "COUNTERS",
		N_("The last line of an orderly stop: the counters that are not 0."), NULL },

	[EVENT_LISTENING] = { "sip", "listening", LOG_LEVEL_INFO, "transport address",
		N_("A listener of gateway.sip.listen is there."), NULL },
	[EVENT_CANNOT_LISTEN] = { "sip", "cannot-listen", LOG_LEVEL_ERROR, "address error",
		N_("A listener cannot be opened; the gateway ends with status 3."),
		N_("See who has that port (ss -lnp), or give another address in "
		   "gateway.sip.listen.") },
	[EVENT_CANNOT_ACCEPT] = { "sip", "cannot-accept", LOG_LEVEL_WARNING, "address error",
		N_("A connection cannot be taken now; it is tried again, and told once a minute."),
		N_("With \"too many open files\", raise LimitNOFILE of the unit.") },
	[EVENT_UDP_TRUST] = { "sip", "udp-peer-trusted-by-address", LOG_LEVEL_WARNING,
		"peer advice",
		N_("A trusted peer on another machine may write over UDP, where a source address "
		   "can be forged."),
		N_("Let it write over TCP, and listen on UDP for this machine only.") },
	[EVENT_SIP_REFUSED] = { "sip", "refused", LOG_LEVEL_INFO, "peer cause [status] n",
		N_("Requests of a SIP peer got an error: the reason phrase, or what the XMPP side "
		   "said. The first is told at once, those after it as one number a minute."),
		N_("`stox explain FROM TO` says by which line of the configuration a pair "
		   "passes.") },
	[EVENT_UNTRUSTED] = { "sip", "untrusted", LOG_LEVEL_WARNING, "peer cause [advice] [more]",
		N_("A peer that is not in trusted_peers sent a datagram or connected. The first is "
		   "told at once, those after it as a number a minute, more."),
		N_("If it is one of your proxies, name its address in gateway.sip.trusted_peers; "
		   "else keep it out with a packet filter.") },
	[EVENT_MALFORMED] = { "sip", "malformed", LOG_LEVEL_WARNING,
		"peer cause [field] [method] [offset] [answer] [more]",
		N_("What a trusted peer sent cannot be read: what is wrong, in which header field, "
		   "of which method, at which byte, and the status that it got if it could be "
		   "answered."),
		N_("Mend the peer; capture what it sends if the cause is not enough.") },
	[EVENT_STRAY_RESPONSE] = { "sip", "stray-response", LOG_LEVEL_INFO, "peer cause [more]",
		N_("A response that answers nothing that was asked of this peer."), NULL },
	[EVENT_LATE_RESPONSE] = { "sip", "late-response", LOG_LEVEL_DEBUG, "peer cause [more]",
		N_("A response to a request that is over."), NULL },
	[EVENT_CONN_DROPPED] = { "sip", "connection-dropped", LOG_LEVEL_WARNING,
		"peer cause [more]", N_("A connection of a trusted peer was ended by a limit."),
		N_("Let the peer keep fewer connections, or read what it is answered.") },
	[EVENT_CONN_CUT] = { "sip", "connection-cut", LOG_LEVEL_INFO, "peer cause [more]",
		N_("A connection ended within a message, which is lost."),
		N_("If it comes again and again, look at the peer and the network between.") },
	[EVENT_ANSWER_NOT_SENT] = { "sip", "answer-not-sent", LOG_LEVEL_INFO, "peer cause [more]",
		N_("A connection ended before a MESSAGE on it had its answer; the message itself "
		   "goes on."),
		N_("If it comes again and again, look at the peer's time limits.") },
	[EVENT_PARTS_LEFT_OUT] = { "sip", "parts-left-out", LOG_LEVEL_INFO, "from cause n",
		N_("The text of a message was carried, what was beside it was not."), NULL },
	[EVENT_SIP_DROPPED] = { "sip", "dropped", LOG_LEVEL_WARNING, "peer cause more",
		N_("More causes from SIP peers than are told apart: peer=many, cause=several."),
		N_("Look at the lines before it.") },
	[EVENT_NEXT_HOP_NOT_FOUND] = { "sip", "next-hop-not-found", LOG_LEVEL_WARNING,
		"name status",
		N_("The name in gateway.sip.next_hop cannot be resolved; messages to SIP wait up "
		   "to 38 s and fail then."),
		N_("Mend the name or the DNS: stox check pool shows what is asked.") },
	[EVENT_NEXT_HOP_NOT_REACHED] = { "sip", "next-hop-not-reached", LOG_LEVEL_WARNING,
		"address error", N_("The next hop does not take what is sent there."),
		N_("See whether the pool's proxy runs and listens at that address.") },
	[EVENT_NEXT_HOP_IS_US] = { "sip", "next-hop-is-this-gateway", LOG_LEVEL_WARNING, "address",
		N_("gateway.sip.next_hop leads to a listener of this gateway."),
		N_("Name the pool's proxy there.") },
	[EVENT_NEXT_HOP_REACHED] = { "sip", "next-hop-reached", LOG_LEVEL_INFO, "address",
		N_("The next hop answers again."), NULL },
	[EVENT_CIRCLE] = { "sip", "message-in-a-circle", LOG_LEVEL_WARNING, "from to advice",
		N_("A message came back that this gateway or another one had carried."),
		N_("The next hop of a gateway leads to another gateway: mend the pool's routes.") },
	[EVENT_TOO_MUCH_WAITS] = { "sip", "too-much-waits", LOG_LEVEL_WARNING,
		"of sender bytes refused",
		N_("Messages to SIP are refused because too much waits already: of one sender, of "
		   "his domain, or of all."),
		N_("See why the pool does not answer; a single sender may be a flood.") },

	[EVENT_UP] = { "xmpp", "up", LOG_LEVEL_INFO, "component",
		N_("The XMPP server has taken the component."), NULL },
	[EVENT_DOWN] = { "xmpp", "down", LOG_LEVEL_WARNING,
		"server port cause [text] [advice] [attempts]",
		N_("The connection to the XMPP server ended or was refused; it is tried again. "
		   "Once a cause and again every ten minutes; between them at level debug, and at "
		   "an orderly stop at info."),
		N_("With bad-credentials, put the secret of the server's configuration into the "
		   "file that gateway.xmpp.component.secret_file names; else see whether the "
		   "server runs and has a component port at that address.") },
	[EVENT_SHARED] = { "xmpp", "shared", LOG_LEVEL_WARNING, "text",
		N_("Another gateway is connected under the component's name."),
		N_("Stop one of them, or see DESCRIPTION for ejabberd's domain_balancing.") },
	[EVENT_PINGS_UNANSWERED] = { "xmpp", "pings-unanswered", LOG_LEVEL_WARNING,
		"domain messages",
		N_("A domain answers no pings (XEP-0199), so that it cannot be shown that messages "
		   "arrive there; they are accepted or refused by gateway.xmpp.unproven."),
		N_("See whether that server is up and has its ping module.") },
	[EVENT_XMPP_REFUSED] = { "xmpp", "refused", LOG_LEVEL_INFO, "peer cause [status] n",
		N_("Messages of users of an XMPP domain, peer, were refused with an error stanza: "
		   "why, with the pool's status if it is the one that refused. The first is told "
		   "at once, those after it as one number a minute."),
		N_("`stox explain FROM TO` says by which line of the configuration a pair "
		   "passes.") },
	[EVENT_XMPP_DROPPED] = { "xmpp", "dropped", LOG_LEVEL_INFO, "from [to] cause n",
		N_("Stanzas that cannot be carried and must not be answered."), NULL },
	[EVENT_WRONG_STANZA] = { "xmpp", "wrong-stanza", LOG_LEVEL_WARNING, "from [to] cause n",
		N_("A stanza that the XMPP server should not have handed over: its mistake, or an "
		   "attempt to forge."),
		N_("See which domains the server routes to this component.") },
	[EVENT_NOT_TOLD] = { "xmpp", "not-told", LOG_LEVEL_WARNING, "from [to] cause n",
		N_("A user was not told what became of his message, or got no answer: the stream "
		   "had no room or was gone."),
		N_("See whether the XMPP server reads fast enough.") },
	[EVENT_ATTRIBUTE_LEFT_OUT] = { "xmpp", "attribute-left-out", LOG_LEVEL_INFO, "from cause n",
		N_("An attribute stood twice in its tag, as jabberd2's router writes some, and the "
		   "second was left out; whose stanza it was is not known: from=many."),
		NULL },
	[EVENT_NEEDS_NO_ANSWER] = { "xmpp", "needs-no-answer", LOG_LEVEL_DEBUG, "from [to] cause n",
		N_("Chat states, receipts, presence: not carried, and nobody misses an answer."),
		NULL },
	[EVENT_LATE_ERROR] = { "xmpp", "acknowledged-then-refused", LOG_LEVEL_WARNING,
		"from [to] cause [reported] [reason] n",
		N_("An error came after the answer to its message. reported=yes: its sender had "
		   "asked for a report and gets it; else the reason: not-asked, reported-before, "
		   "too-late (after 300 s), no-memory, no-room (later messages took its place) or "
		   "forgotten (after some thousand messages)."),
		N_("Raise gateway.xmpp.settle if errors of this server often come late.") },
	[EVENT_UNANSWERED_ERROR] = { "xmpp", "unanswered-then-refused", LOG_LEVEL_INFO,
		"from [to] cause [reported] [reason] n",
		N_("An error of a message whose sender was gone before its answer."), NULL },
	[EVENT_REFUSED_AGAIN] = { "xmpp", "refused-again", LOG_LEVEL_DEBUG,
		"from [to] cause [reported] [reason] n",
		N_("One more error of a message that was refused already."), NULL },

	[EVENT_RELOADED] = { "config", "reloaded", LOG_LEVEL_INFO,
		"file pools partners trusted_peers",
		N_("The configuration was read again and is in force."), NULL },
	[EVENT_NOT_RELOADED] = { "config", "not-reloaded", LOG_LEVEL_WARNING, "cause advice",
		N_("The configuration was read again and has a fault; the one before stays in "
		   "force."),
		N_("Mend what the lines before it name, and reload.") },
	[EVENT_FAULT] = { "config", "fault", LOG_LEVEL_WARNING, "text",
		N_("A fault of the configuration that was read again: file, line and column, and "
		   "what is wrong."),
		N_("Mend it; stox gateway --check says whether all is well.") },
	[EVENT_NEEDS_RESTART] = { "config", "needs-restart", LOG_LEVEL_WARNING, "setting",
		N_("A setting differs from what runs, and a reload does not change it."),
		N_("Restart the gateway when it suits.") },
	[EVENT_SECRET_NOT_READ] = { "config", "secret-not-read", LOG_LEVEL_WARNING, "text",
		N_("The file of the component's secret cannot be read; the secret that was read "
		   "last is used."),
		N_("Mend the file or who may read it, as the text says.") },
	[EVENT_TRACE_NOT_WRITTEN] = { "config", "trace-not-written", LOG_LEVEL_WARNING, "text",
		N_("The file of --trace-engine takes no more."),
		N_("Make room on its disk, and restart.") },
	[EVENT_LEVEL_CHANGED] = { "log", "level-changed", LOG_LEVEL_INFO, "to",
		N_("The level of the log was changed by stox ctl log."), NULL },
	[EVENT_METRICS_LISTENING] = { "metrics", "listening", LOG_LEVEL_INFO, "address",
		N_("The HTTP listener of gateway.metrics is there."), NULL },
	[EVENT_LINES_DROPPED] = { "log", "lines-dropped", LOG_LEVEL_WARNING, "n",
		N_("Lines of the log found no room, since its reader is too slow."),
		N_("See who reads standard error; run it without -v.") },
};
_Static_assert(COUNT(rows) == EVENT_COUNT, "one row an event");

const struct event_row *event_row(enum log_event e)
{
	return &rows[e];
}

struct buf *event_begin(struct shell *shell, enum log_event e)
{
	return shell_log(shell, rows[e].subsystem, rows[e].name);
}

void event_tell(struct shell *shell, enum log_event e)
{
	shell_emit(shell, GATEWAY_EV_LOG, true, rows[e].level);
}
