/* reason.h - the closed list of reasons, one table: what each means, why it comes about, what to
 * do.
 *
 * The program, doc/reasons.md and `stox explain` are all made from it.  Two
 * failures that a user would mend differently never share a reason.
 */
#pragma once

#include "base/text.h"
#include "probe/phase.h"

#define REASONS(X)                                                                                 \
	X(DNS_NXDOMAIN, dns_nxdomain)                                                              \
	X(DNS_NO_RECORDS, dns_no_records)                                                          \
	X(DNS_SRV_NOT_OFFERED, dns_srv_not_offered)                                                \
	X(DNS_TIMEOUT, dns_timeout)                                                                \
	X(DNS_REFUSED, dns_refused)                                                                \
	X(DNS_SERVER_FAILURE, dns_server_failure)                                                  \
	X(DNS_UNREACHABLE, dns_unreachable)                                                        \
	X(DNS_MALFORMED, dns_malformed)                                                            \
	X(DNS_DANGLING_ALIAS, dns_dangling_alias)                                                  \
	X(DNS_TCP_REFUSED, dns_tcp_refused)                                                        \
	X(TCP_REFUSED, tcp_refused)                                                                \
	X(TCP_TIMEOUT, tcp_timeout)                                                                \
	X(TCP_UNREACHABLE, tcp_unreachable)                                                        \
	X(TCP_RESET, tcp_reset)                                                                    \
	X(TLS_NOT_OFFERED, tls_not_offered)                                                        \
	X(TLS_HANDSHAKE_FAILED, tls_handshake_failed)                                              \
	X(TLS_NO_ANSWER, tls_no_answer)                                                            \
	X(TLS_CLOSED, tls_closed)                                                                  \
	X(TLS_CERT_EXPIRED, tls_cert_expired)                                                      \
	X(TLS_CERT_NOT_YET_VALID, tls_cert_not_yet_valid)                                          \
	X(TLS_NAME_MISMATCH, tls_name_mismatch)                                                    \
	X(TLS_UNTRUSTED_ISSUER, tls_untrusted_issuer)                                              \
	X(TLS_PLAIN_PEER, tls_plain_peer)                                                          \
	X(TLS_EXPECTED, tls_expected)                                                              \
	X(TLS_VERSION_UNSUPPORTED, tls_version_unsupported)                                        \
	X(TLS_CERTIFICATE_WEAK, tls_certificate_weak)                                              \
	X(TLS_CERTIFICATE_PURPOSE, tls_certificate_purpose)                                        \
	X(TLS_CLIENT_CERTIFICATE_WANTED, tls_client_certificate_wanted)                            \
	X(TLS_CERTIFICATE_REVOKED, tls_certificate_revoked)                                        \
	X(UDP_REFUSED, udp_refused)                                                                \
	X(SIP_NO_ANSWER, sip_no_answer)                                                            \
	X(SIP_WRONG_TRANSACTION, sip_wrong_transaction)                                            \
	X(SIP_BAD_CREDENTIALS, sip_bad_credentials)                                                \
	X(SIP_CHALLENGE_LOOP, sip_challenge_loop)                                                  \
	X(SIP_NO_MECHANISM, sip_no_mechanism)                                                      \
	X(SIP_USER_UNKNOWN, sip_user_unknown)                                                      \
	X(SIP_TOO_MANY_CONTACTS, sip_too_many_contacts)                                            \
	X(SIP_FORBIDDEN, sip_forbidden)                                                            \
	X(SIP_NOT_FOUND, sip_not_found)                                                            \
	X(SIP_RECEIVER_UNAVAILABLE, sip_receiver_unavailable)                                      \
	X(SIP_REJECTED, sip_rejected)                                                              \
	X(SIP_NO_BINDING, sip_no_binding)                                                          \
	X(SIP_SERVER_ERROR, sip_server_error)                                                      \
	X(SIP_OVERLOADED, sip_overloaded)                                                          \
	X(SIP_GATEWAY_DOWN, sip_gateway_down)                                                      \
	X(SIP_GATEWAY_TIMEOUT, sip_gateway_timeout)                                                \
	X(SIP_NO_ROUTE, sip_no_route)                                                              \
	X(SIP_PARTNER_NOT_ALLOWED, sip_partner_not_allowed)                                        \
	X(SIP_LOOP, sip_loop)                                                                      \
	X(SIP_UNPARSABLE, sip_unparsable)                                                          \
	X(XMPP_HOST_UNKNOWN, xmpp_host_unknown)                                                    \
	X(XMPP_BAD_CREDENTIALS, xmpp_bad_credentials)                                              \
	X(XMPP_SASL_FAILED, xmpp_sasl_failed)                                                      \
	X(XMPP_CONFLICT, xmpp_conflict)                                                            \
	X(XMPP_PROTOCOL, xmpp_protocol)                                                            \
	X(XMPP_NO_MECHANISM, xmpp_no_mechanism)                                                    \
	X(XMPP_DOWNGRADE, xmpp_downgrade)                                                          \
	X(XMPP_SERVER_UNPROVED, xmpp_server_unproved)                                              \
	X(XMPP_NO_ANSWER, xmpp_no_answer)                                                          \
	X(XMPP_STREAM_ERROR, xmpp_stream_error)                                                    \
	X(XMPP_STREAM_CLOSED, xmpp_stream_closed)                                                  \
	X(XMPP_BIND_REFUSED, xmpp_bind_refused)                                                    \
	X(XMPP_NO_PRESENCE, xmpp_no_presence)                                                      \
	X(XMPP_REMOTE_SERVER_NOT_FOUND, xmpp_remote_server_not_found)                              \
	X(XMPP_REMOTE_SERVER_TIMEOUT, xmpp_remote_server_timeout)                                  \
	X(XMPP_BOUNCED, xmpp_bounced)                                                              \
	X(XMPP_MESSAGE_BOUNCED, xmpp_message_bounced)                                              \
	X(XMPP_GATEWAY_NOT_FOUND, xmpp_gateway_not_found)                                          \
	X(XMPP_GATEWAY_TIMEOUT, xmpp_gateway_timeout)                                              \
	X(XMPP_USER_NOT_FOUND, xmpp_user_not_found)                                                \
	X(XMPP_USER_UNAVAILABLE, xmpp_user_unavailable)                                            \
	X(XMPP_PARTNER_NOT_ALLOWED, xmpp_partner_not_allowed)                                      \
	X(XMPP_FORBIDDEN, xmpp_forbidden)                                                          \
	X(XMPP_ANSWER_BOUNCED, xmpp_answer_bounced)                                                \
	X(XMPP_UNPARSABLE, xmpp_unparsable)                                                        \
	X(IM_NOT_DELIVERED, im_not_delivered)                                                      \
	X(IM_TAKEN_ELSEWHERE, im_taken_elsewhere)                                                  \
	X(IM_BOUNCED, im_bounced)                                                                  \
	X(IM_LATE, im_late)                                                                        \
	X(IM_DUPLICATED, im_duplicated)                                                            \
	X(IM_ALTERED, im_altered)                                                                  \
	X(IM_WRONG_SENDER, im_wrong_sender)                                                        \
	X(IM_NO_ANSWER, im_no_answer)                                                              \
	X(IM_NOT_RECEIVED, im_not_received)                                                        \
	X(IM_NOT_RELAYED, im_not_relayed)                                                          \
	X(LOCAL_CONFIG, local_config)                                                              \
	X(LOCAL_SECRET, local_secret)                                                              \
	X(LOCAL_NETWORK, local_network)                                                            \
	X(LOCAL_BUSY, local_busy)                                                                  \
	X(LOCAL_INTERRUPTED, local_interrupted)                                                    \
	X(LOCAL_INTERNAL, local_internal)

enum reason {
	REASON_NONE,
#define REASON_ENUM(upper, lower) REASON_##upper,
	REASONS(REASON_ENUM)
#undef REASON_ENUM
		REASON_COUNT,
};

#define REASON_CAUSES_MAX 4
#define REASON_STEPS_MAX  4

/* A step that helps in some cases only. */
enum reason_when {
	REASON_ALWAYS,
	REASON_OVER_UDP,     /* what failed went by datagrams */
	REASON_BY_DNS,       /* the name was asked as it stands */
	REASON_BY_RESOLVCONF /* it is a host's, which resolv.conf(5) may have completed */
};

/* Words in capitals stand for what the test knows: NAME, TARGET, ADDRESS ... */
struct reason_step {
	const char *what;    /* NULL ends the list */
	const char *command; /* to be typed; NULL when there is none */
	enum reason_when when;
};

struct reason_info {
	const char *meaning;                   /* one sentence */
	const char *causes[REASON_CAUSES_MAX]; /* likely ones, likeliest first; NULL ends */
	struct reason_step next[REASON_STEPS_MAX];
	unsigned phases; /* where it can come up: 1 << enum probe_phase */
	int exit_status; /* 1 the target's, 2 configuration, 3 could not run here */
};

const struct reason_info *reason_info(enum reason r); /* not for REASON_NONE */
const char *reason_id(enum reason r);                 /* "dns_nxdomain": stable, never translated */
bool reason_find(struct slice id, enum reason *ret);
