#include "lab/fault.h"

#include "base/mem.h"
#include "base/text.h"
#include "xmpp/stream.h"

const struct lab_fault lab_fault_none = { .name = "", .does = N_("nothing is wrong") };

/* TLS records: fatal alerts, RFC 8446 section 6. */
#define ALERT_HANDSHAKE_FAILURE SLICE("\x15\x03\x03\x00\x02\x02\x28")
#define ALERT_PROTOCOL_VERSION  SLICE("\x15\x03\x03\x00\x02\x02\x46")
#define TLS_1_1                 0x0302

/* How a row is made, in few words. */
#define TLS_PORT(does_)       .conn = { does_, LAB_LISTEN_SIP_TLS, SLICE_NONE }
#define TLS_PORT_SAYS(reply_) .conn = { FAULT_CONN_REPLY, LAB_LISTEN_SIP_TLS, reply_ }
#define XMPP_PORT(does_)      .conn = { does_, LAB_LISTEN_XMPP_CLIENT, SLICE_NONE }
#define REGISTER_GETS(...)    .answer = { FAULT_ANSWER_STATUS, SIP_METHOD_REGISTER, __VA_ARGS__ }
#define MESSAGE_GETS(...)     .answer = { FAULT_ANSWER_STATUS, SIP_METHOD_MESSAGE, __VA_ARGS__ }
#define TO_REGISTER(does_)    .answer = { does_, SIP_METHOD_REGISTER, 0, NULL }
#define TO_MESSAGE(does_)     .answer = { does_, SIP_METHOD_MESSAGE, 0, NULL }
#define AT_AUTH(does_, text_) .stream = { FAULT_AT_AUTH, does_, text_ }
#define MESSAGE_IS(does_)     .stanza = { .does = (does_) }
#define MESSAGE_BOUNCES(c)    .stanza = { FAULT_STANZA_BOUNCE, false, c }
#define ANSWER_BOUNCES(c)     .stanza = { FAULT_STANZA_BOUNCE, true, c }
#define SAYS_MS(number, text_)                                                                     \
	"ms-diagnostics: " number ";reason=\"" text_ "\";source=\"" LAB_POOL_FQDN "\"\r\n"

/* As Lync's pool without Digest: [MS-SIPAE]. */
#define LYNC_CHALLENGES                                                                            \
	"WWW-Authenticate: NTLM realm=\"SIP Communications Service\", "                            \
	"targetname=\"" LAB_POOL_FQDN "\", version=4\r\n"                                          \
	"WWW-Authenticate: Kerberos realm=\"SIP Communications Service\", "                        \
	"targetname=\"sip/" LAB_POOL_FQDN "\", version=4\r\n"

static const struct lab_fault faults[] = {
	/* ---- DNS ---- */
	{ "dns-nxdomain", N_("the pool's name does not exist"), "dns_nxdomain", "sip.resolve", 1,
		.way = FAULT_WAY_POOL_BY_NAME, .zone = FAULT_ZONE_NO_POOL },
	{ "dns-no-records", N_("the pool's name has neither service nor address"), "dns_no_records",
		"sip.resolve", 1, .way = FAULT_WAY_POOL_BY_NAME, .zone = FAULT_ZONE_EMPTY_POOL },
	{ "dns-silence", N_("the DNS server answers nothing"), "dns_timeout", "sip.resolve", 1,
		.way = FAULT_WAY_POOL_BY_NAME, .names = NAMESERVER_SILENT },
	{ "dns-refused", N_("the DNS server refuses"), "dns_refused", "sip.resolve", 1,
		.way = FAULT_WAY_POOL_BY_NAME, .names = NAMESERVER_REFUSES },
	{ "dns-server-failure", N_("the DNS server answers SERVFAIL"), "dns_server_failure",
		"sip.resolve", 1, .way = FAULT_WAY_POOL_BY_NAME, .names = NAMESERVER_FAILS },
	{ "dns-down", N_("nothing listens where the DNS server should be"), "dns_unreachable",
		"sip.resolve", 1, .way = FAULT_WAY_POOL_BY_NAME, .setup = FAULT_DNS_DOWN },
	{ "dns-malformed", N_("the DNS server answers garbage"), "dns_malformed", "sip.resolve", 1,
		.way = FAULT_WAY_POOL_BY_NAME, .names = NAMESERVER_GARBLES },
	{ "dns-dangling-alias", N_("the pool's name is an alias of one that does not exist"),
		"dns_dangling_alias", "sip.resolve", 1, .way = FAULT_WAY_POOL_BY_NAME,
		.names = NAMESERVER_DANGLES },
	{ "dns-no-tcp", N_("the DNS server cuts its answers and takes no TCP"), "dns_tcp_refused",
		"sip.resolve", 1, .way = FAULT_WAY_POOL_BY_NAME, .names = NAMESERVER_CUTS },
	{ "dns-dead-host-first",
		N_("the first host of the pool's service refuses, the second serves"),
		"server_unreachable", "", 0, .way = FAULT_WAY_POOL_BY_NAME,
		.zone = FAULT_ZONE_DEAD_FIRST },
	{ "dns-no-srv", N_("the pool's name has an address alone, and port 5061 there refuses"),
		"tcp_refused", "sip.connect", 1, .cause = "dns_fallback",
		.way = FAULT_WAY_POOL_BY_NAME, .zone = FAULT_ZONE_BARE_POOL },
	{ "dns-service-refused", N_("the partner's SRV record says that it serves no clients"),
		"dns_srv_not_offered", "xmpp.resolve", 1, .way = FAULT_WAY_PARTNER_BY_NAME,
		.zone = FAULT_ZONE_NO_CLIENTS },

	/* ---- TCP ---- */
	{ "tcp-refused", N_("nothing listens on the pool's port"), "tcp_refused", "sip.connect", 1,
		.setup = FAULT_POOL_REFUSES },
	{ "tcp-filtered", N_("what is sent to the pool's port is dropped"), "tcp_timeout",
		"sip.connect", 1, .setup = FAULT_POOL_FILTERED },
	{ "tcp-reset", N_("the pool resets each connection at its first byte"), "tcp_reset",
		"sip.tls", 1, TLS_PORT(FAULT_CONN_RESET) },
	{ "tcp-half-open", N_("the pool accepts a connection, then neither reads nor writes"),
		"tls_no_answer", "sip.tls", 1, TLS_PORT(FAULT_CONN_MUTE) },

	/* ---- TLS ---- */
	{ "tls-not-offered", N_("the partner offers no STARTTLS"), "tls_not_offered", "xmpp.tls", 1,
		.stream = { FAULT_AT_START, FAULT_STREAM_NO_TLS, NULL } },
	{ "expired-certificate", N_("the pool's certificate has expired"), "tls_cert_expired",
		"sip.tls", 1, .certificate = FAULT_CERTIFICATE_EXPIRED },
	{ "not-yet-valid-certificate", N_("the pool's certificate is valid from tomorrow on"),
		"tls_cert_not_yet_valid", "sip.tls", 1,
		.certificate = FAULT_CERTIFICATE_NOT_YET_VALID },
	{ "wrong-name-certificate", N_("the pool's certificate is for another host"),
		"tls_name_mismatch", "sip.tls", 1, .certificate = FAULT_CERTIFICATE_OTHER_NAME },
	{ "unknown-issuer", N_("the pool's certificate is from an authority that nobody knows"),
		"tls_untrusted_issuer", "sip.tls", 1,
		.certificate = FAULT_CERTIFICATE_UNKNOWN_ISSUER },
	{ "revoked-certificate", N_("the pool's certificate was revoked by its issuer"),
		"tls_certificate_revoked", "sip.tls", 1, .certificate = FAULT_CERTIFICATE_REVOKED },
	{ "weak-certificate", N_("the pool's certificate has an RSA key of 1,024 bits"),
		"tls_certificate_weak", "sip.tls", 1, .certificate = FAULT_CERTIFICATE_WEAK },
	{ "client-certificate-wanted", N_("the pool insists on a certificate of the client"),
		"tls_client_certificate_wanted", "sip.tls", 1, .tls = { 0, true } },
	{ "plain-on-tls-port", N_("the pool's TLS port speaks plain SIP"), "tls_plain_peer",
		"sip.tls", 1,
		TLS_PORT_SAYS(SLICE("SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) },
	{ "tls-on-plain-port", N_("the test is told TCP, and the port wants TLS"), "tls_expected",
		"sip.register", 1, TLS_PORT_SAYS(ALERT_PROTOCOL_VERSION), .way = FAULT_WAY_TCP },
	{ "tls-old-version", N_("the pool speaks TLS 1.1 at most"), "tls_version_unsupported",
		"sip.tls", 1, .tls = { TLS_1_1, false } },
	{ "tls-alert", N_("the pool refuses the handshake with an alert"), "tls_handshake_failed",
		"sip.tls", 1, TLS_PORT_SAYS(ALERT_HANDSHAKE_FAILURE) },

	/* ---- SIP: signing in ---- */
	{ "sip-silence", N_("the pool reads and answers nothing"), "sip_no_answer", "sip.register",
		1, TO_REGISTER(FAULT_ANSWER_NOTHING) },
	{ "sip-loses-datagrams", N_("over UDP the pool loses the first copy of every request"),
		"sip_retransmitted", "", 0, .answer = { .does = FAULT_ANSWER_REPEATED },
		.way = FAULT_WAY_UDP },
	{ "sip-challenge-loop", N_("the pool calls each nonce stale and gives a new one, for ever"),
		"sip_challenge_loop", "sip.register", 1, TO_REGISTER(FAULT_ANSWER_STALE) },
	{ "wrong-password", N_("the pool knows another password for the test user"),
		"sip_bad_credentials", "sip.register", 1, .account = FAULT_ACCOUNT_SIP_PASSWORD },
	{ "sip-unknown-user", N_("the pool does not know the test user"), "sip_user_unknown",
		"sip.register", 1, REGISTER_GETS(404, "") },
	{ "sip-no-mechanism", N_("the pool asks for NTLM or Kerberos"), "sip_no_mechanism",
		"sip.register", 1, REGISTER_GETS(401, LYNC_CHALLENGES) },
	{ "sip-no-binding", N_("the pool says 200, but does not list the test's contact"),
		"sip_no_binding", "sip.register", 1, REGISTER_GETS(200, "") },
	{ "sip-garbage", N_("what the pool answers is not SIP"), "sip_unparsable", "sip.register",
		1,
		.answer = { FAULT_ANSWER_RAW, SIP_METHOD_REGISTER, 0,
			"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" } },
	{ "sip-wrong-transaction", N_("the pool's answers are for another transaction"),
		"sip_wrong_transaction", "sip.register", 1,
		.edit = { "branch=z9hG4bK", "branch=z9hG4bKanother" } },
	{ "sip-too-many-contacts", N_("the test user has as many contacts as it may have"),
		"sip_too_many_contacts", "sip.register", 1,
		REGISTER_GETS(503, "P-Registrar-Error: Too many registered contacts\r\n") },
	{ "sip-overloaded", N_("the pool is overloaded: 503 with Retry-After"), "sip_overloaded",
		"sip.register", 1, REGISTER_GETS(503, "Retry-After: 30\r\n") },

	/* ---- SIP: the message ---- */
	{ "sip-forbidden", N_("the pool forbids the test user to write outside"), "sip_forbidden",
		"sip.send", 1,
		MESSAGE_GETS(403, SAYS_MS("1012", "From URI not authorized to communicate outside "
						  "the enterprise")) },
	{ "sip-not-found", N_("the pool does not find the receiver: 404"), "sip_not_found",
		"sip.send", 1, MESSAGE_GETS(404, "") },
	{ "sip-unavailable", N_("the receiver is not available: 480"), "sip_receiver_unavailable",
		"sip.send", 1, MESSAGE_GETS(480, "") },
	{ "sip-server-error", N_("the pool fails: 500"), "sip_server_error", "sip.send", 1,
		MESSAGE_GETS(500, "") },
	{ "sip-rejected", N_("the message is rejected: 606 with a Warning"), "sip_rejected",
		"sip.send", 1,
		MESSAGE_GETS(606,
			"Warning: 399 " LAB_POOL_FQDN " \"Content is blocked by policy\"\r\n") },
	{ "sip-loop", N_("the message goes in circles: 482"), "sip_loop", "sip.send", 1,
		MESSAGE_GETS(482, "") },
	{ "sip-lost-answer", N_("the message is neither passed on nor answered"),
		"sip_gateway_timeout", "sip.send", 1, TO_MESSAGE(FAULT_ANSWER_NOTHING) },

	/* ---- the gateway ---- */
	{ "gateway-down", N_("nothing listens where the pool sends messages"), "sip_gateway_down",
		"sip.send", 1, .setup = FAULT_GATEWAY_DOWN },
	{ "gateway-not-configured", N_("the pool has no route to the partner's domain"),
		"sip_no_route", "sip.send", 1,
		MESSAGE_GETS(404, SAYS_MS("1008", "Unable to resolve DNS SRV record")) },
	{ "partner-not-allowed", N_("the gateway's list lacks the partner"),
		"sip_partner_not_allowed", "sip.send", 1, .setup = FAULT_NO_PARTNER },
	{ "gateway-drops", N_("the gateway accepts the message and loses it"), "im_not_delivered",
		"deliver", 1, MESSAGE_IS(FAULT_STANZA_DROP) },
	{ "receiver-elsewhere", N_("another session of the receiver takes the message"),
		"im_taken_elsewhere", "deliver", 1, MESSAGE_IS(FAULT_STANZA_ELSEWHERE) },
	{ "gateway-delays", N_("the message arrives when the test has given up"), "im_late",
		"deliver", 1, MESSAGE_IS(FAULT_STANZA_HOLD) },
	{ "gateway-duplicates", N_("the message arrives twice"), "im_duplicated", "deliver", 1,
		MESSAGE_IS(FAULT_STANZA_TWICE) },
	{ "gateway-duplicates-answer", N_("the receiver's answer arrives twice"), "im_duplicated",
		"answer", 1, .stanza = { .does = FAULT_STANZA_TWICE, .answer = true } },
	{ "gateway-alters", N_("the message's text is altered"), "im_altered", "deliver", 1,
		.edit = { "</body>", " [scanned]</body>" } },
	{ "gateway-wrong-sender", N_("the message arrives under another sender's name"),
		"im_wrong_sender", "deliver", 1, .edit = { " from='pilar@", " from='kenmyer@" } },
	{ "gateway-bounces", N_("the message is accepted, and a failure report follows"),
		"im_bounced", "deliver", 1, MESSAGE_IS(FAULT_STANZA_REPORT) },
	{ "gateway-one-way", N_("the receiver's answer is lost"), "im_no_answer", "answer", 1,
		.stanza = { .does = FAULT_STANZA_DROP, .answer = true } },

	/* ---- XMPP: signing in ---- */
	{ "xmpp-host-unknown", N_("the server does not serve the partner's domain"),
		"xmpp_host_unknown", "xmpp.tls", 1,
		.stream = { FAULT_AT_START, FAULT_STREAM_DOMAIN, "fabrikam.test" } },
	{ "xmpp-wrong-password", N_("the partner knows another password for the receiver"),
		"xmpp_bad_credentials", "xmpp.auth", 1, .account = FAULT_ACCOUNT_XMPP_PASSWORD },
	{ "xmpp-account-disabled", N_("the receiver's account is disabled"), "xmpp_sasl_failed",
		"xmpp.auth", 1,
		AT_AUTH(FAULT_STREAM_SAY,
			"<failure xmlns='" NS_SASL "'><account-disabled/></failure>") },
	{ "xmpp-no-mechanism", N_("the partner offers only mechanisms that nobody speaks"),
		"xmpp_no_mechanism", "xmpp.auth", 1, .edit = { ">SCRAM-SHA-", ">X-TOKEN-" } },
	{ "xmpp-downgrade", N_("somebody takes the -PLUS mechanisms off the partner's list"),
		"xmpp_downgrade", "xmpp.auth", 1, .edit = { "-PLUS</mechanism>", "</mechanism>" } },
	{ "xmpp-impostor", N_("the server cannot prove that it knows the password"),
		"xmpp_server_unproved", "xmpp.auth", 1, .account = FAULT_ACCOUNT_XMPP_PROOF },
	{ "xmpp-bind-refused", N_("the partner gives the receiver no resource"),
		"xmpp_bind_refused", "xmpp.bind", 1,
		.stream = { FAULT_AT_BIND, FAULT_STREAM_REFUSE, NULL } },
	{ "xmpp-no-presence", N_("the receiver's presence is lost"), "xmpp_no_presence",
		"xmpp.bind", 1, .cause = "presence_unseen",
		.stream = { FAULT_AT_PRESENCE, FAULT_STREAM_IGNORE, NULL } },
	{ "xmpp-conflict", N_("another session takes the receiver's place"), "xmpp_conflict",
		"deliver", 1, MESSAGE_IS(FAULT_STANZA_CONFLICT) },
	{ "xmpp-stream-error", N_("the partner ends the stream: policy-violation"),
		"xmpp_stream_error", "xmpp.auth", 1,
		AT_AUTH(FAULT_STREAM_ERROR, "policy-violation") },
	{ "xmpp-stream-closed",
		N_("the partner closes the connection in the middle of the sign-in"),
		"xmpp_stream_closed", "xmpp.auth", 1, AT_AUTH(FAULT_STREAM_CLOSE, NULL) },
	{ "xmpp-silence", N_("the partner accepts connections and answers nothing"),
		"xmpp_no_answer", "xmpp.tls", 1, XMPP_PORT(FAULT_CONN_MUTE) },
	{ "xmpp-ill-formed", N_("the partner sends ill-formed XML"), "xmpp_unparsable", "xmpp.auth",
		1, AT_AUTH(FAULT_STREAM_SAY, "<challenge xmlns='" NS_SASL "'>c2F5</success>") },
	{ "xmpp-protocol", N_("the partner sends what may not come there"), "xmpp_protocol",
		"xmpp.auth", 1, AT_AUTH(FAULT_STREAM_SAY, "<proceed xmlns='" NS_TLS "'/>") },

	/* ---- XMPP: the message ---- */
	{ "partner-unknown-user", N_("the partner has no such receiver"), "xmpp_bounced", "deliver",
		1, MESSAGE_BOUNCES(COND_SERVICE_UNAVAILABLE) },
	{ "partner-server-not-found", N_("the partner's server cannot be found"),
		"xmpp_remote_server_not_found", "deliver", 1,
		MESSAGE_BOUNCES(COND_REMOTE_SERVER_NOT_FOUND) },
	{ "partner-server-timeout", N_("the partner's server does not answer"),
		"xmpp_remote_server_timeout", "deliver", 1,
		MESSAGE_BOUNCES(COND_REMOTE_SERVER_TIMEOUT) },
	{ "answer-bounces", N_("the receiver's answer comes back as an error"),
		"xmpp_answer_bounced", "answer", 1, ANSWER_BOUNCES(COND_REMOTE_SERVER_TIMEOUT) },

	/* ---- our own side ---- */
	{ "clock-jump", N_("this machine's clock is set while the test runs"), "clock_jumped", "",
		0, .setup = FAULT_CLOCK_JUMP },
	{ "unreadable-secret", N_("others can read the password file"), "local_secret",
		"sip.register", 2, .setup = FAULT_LOOSE_SECRET },
	{ "no-network", N_("this machine cannot connect to the pool's address"), "local_network",
		"sip.connect", 3, .way = FAULT_WAY_NOWHERE },
};

const struct lab_fault *lab_fault_at(size_t i)
{
	return i < COUNT(faults) ? &faults[i] : NULL;
}

const struct lab_fault *lab_fault_find(struct slice name)
{
	for (size_t i = 0; i < COUNT(faults); i++)
		if (slice_eqs(name, faults[i].name))
			return &faults[i];
	return NULL;
}
