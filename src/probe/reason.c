#include "probe/reason.h"

#include "base/mem.h"

static const char *const ids[] = { [REASON_NONE] = "",
#define REASON_ID(upper, lower) [REASON_##upper] = #lower,
	REASONS(REASON_ID)
#undef REASON_ID
};

static const char *const phases[] = {
	[PHASE_SIP_RESOLVE] = "sip.resolve",
	[PHASE_SIP_CONNECT] = "sip.connect",
	[PHASE_SIP_TLS] = "sip.tls",
	[PHASE_SIP_REGISTER] = "sip.register",
	[PHASE_SIP_SEND] = "sip.send",
	[PHASE_XMPP_RESOLVE] = "xmpp.resolve",
	[PHASE_XMPP_CONNECT] = "xmpp.connect",
	[PHASE_XMPP_TLS] = "xmpp.tls",
	[PHASE_XMPP_AUTH] = "xmpp.auth",
	[PHASE_XMPP_BIND] = "xmpp.bind",
	[PHASE_DELIVER] = "deliver",
	[PHASE_ANSWER] = "answer",
	[PHASE_CLEANUP] = "cleanup",
};
_Static_assert(COUNT(phases) == PHASE_COUNT, "one name a phase");

/* What it most likely is, and what to do, in order. */
static const struct reason_info infos[] = {
	[REASON_DNS_NXDOMAIN] = { .cause = "The name does not exist in the DNS that was asked.",
		.next = { "check the spelling of the name",
			"dig NAME: does your DNS server know the zone?" },
		.exit_status = 1 },
	[REASON_DNS_NO_RECORDS] = { .cause = "The name exists, but has no address or service "
					     "records of the kind that is needed.",
		.next = { "dig NAME A; dig NAME AAAA; dig _sip._tls.NAME SRV",
			"add the records, or name the server with --registrar or "
			"--receiver-server" },
		.exit_status = 1 },
	[REASON_DNS_TIMEOUT] = { .cause = "The DNS server did not answer.",
		.next = { "dig @SERVER NAME: is the server reachable from here?",
			"check /etc/resolv.conf and the firewall for port 53" },
		.exit_status = 1 },
	[REASON_DNS_REFUSED] = { .cause = "The DNS server refuses to answer this machine.",
		.next = { "check which clients the DNS server serves", "check /etc/resolv.conf" },
		.exit_status = 1 },
	[REASON_DNS_SERVER_FAILURE] = { .cause = "The DNS server failed, or nothing answers where "
						 "it should be.",
		.next = { "dig NAME: SERVFAIL often means broken DNSSEC or a dead authoritative "
			  "server" },
		.exit_status = 1 },
	[REASON_TCP_REFUSED] = { .cause = "Nothing listens on that port, or a firewall rejects the "
					  "connection.",
		.next = { "is the service running, and on this port?", "ss -ltn on the server" },
		.exit_status = 1 },
	[REASON_TCP_TIMEOUT] = { .cause = "Nothing answers at that address: a firewall drops the "
					  "packets, or the host is off.",
		.next = { "is this the right address and port?",
			"check the firewalls between here and there" },
		.exit_status = 1 },
	[REASON_TCP_UNREACHABLE] = { .cause = "There is no route to that address.",
		.next = { "ip route get ADDRESS", "is a VPN or a link down?" },
		.exit_status = 1 },
	[REASON_TCP_RESET] = { .cause = "The peer closed the connection in the middle.",
		.next = { "look into the server's log at this time",
			"does the port speak the protocol that was expected?" },
		.exit_status = 1 },
	[REASON_TLS_NOT_OFFERED] = { .cause = "The server does not offer encryption on this port.",
		.next = { "enable STARTTLS on the server", "is this the client port (5222)?" },
		.exit_status = 1 },
	[REASON_TLS_HANDSHAKE_FAILED] = { .cause = "The TLS handshake failed.",
		.next = { "openssl s_client -connect HOST:PORT",
			"compare the protocol versions and ciphers of both sides" },
		.exit_status = 1 },
	[REASON_TLS_CERT_EXPIRED] = { .cause = "The server's certificate has expired.",
		.next = { "renew the certificate and reload the server",
			"check this machine's clock" },
		.exit_status = 1 },
	[REASON_TLS_CERT_NOT_YET_VALID] = { .cause = "The server's certificate is not valid yet.",
		.next = { "check the clocks of both machines" },
		.exit_status = 1 },
	[REASON_TLS_NAME_MISMATCH] = { .cause = "The certificate is for another name than the one "
						"that was asked for.",
		.next = { "put the name among the certificate's DNS names",
			"check --target and the name in the configuration" },
		.exit_status = 1 },
	[REASON_TLS_UNTRUSTED_ISSUER] = { .cause = "The certificate's issuer is not trusted here, "
						   "or the chain is incomplete.",
		.next = { "give the issuer with --ca-file or ca_file",
			"does the server send its intermediate certificates?" },
		.exit_status = 1 },
	[REASON_TLS_PLAIN_PEER] = { .cause = "The port answers, but not with TLS.",
		.next = { "is this the TLS port (5061 for SIP)?",
			"try transport=tcp in --registrar" },
		.exit_status = 1 },
	[REASON_TLS_VERSION_UNSUPPORTED] = { .cause = "The server speaks only versions of TLS that "
						      "are too old.",
		.next = { "enable TLS 1.2 or 1.3 on the server" },
		.exit_status = 1 },
	[REASON_TLS_CERTIFICATE_WEAK] = { .cause =
						  "The certificate's key or signature is too weak.",
		.next = { "issue a new certificate with RSA 2048 or P-256 and SHA-256" },
		.exit_status = 1 },
	[REASON_TLS_CLIENT_CERTIFICATE_WANTED] = { .cause = "The server wants a certificate from "
							    "its clients.",
		.next = { "let the pool accept clients without a certificate on this port" },
		.exit_status = 1 },
	[REASON_TLS_CERTIFICATE_REVOKED] = { .cause = "The certificate was revoked by its issuer.",
		.next = { "issue and install a new certificate" },
		.exit_status = 1 },
	[REASON_UDP_REFUSED] = { .cause = "Nothing takes UDP datagrams on that port.",
		.next = { "is the SIP server running, and does it listen on UDP?",
			"try transport=tcp or tls in --registrar" },
		.exit_status = 1 },
	[REASON_SIP_NO_ANSWER] = { .cause = "The SIP server takes bytes, but answers nothing.",
		.next = { "is this port SIP's?",
			"look into the server's log: does it drop requests of this machine?" },
		.exit_status = 1 },
	[REASON_SIP_BAD_CREDENTIALS] = { .cause = "The pool refuses the test user's name or "
						  "password.",
		.next = { "check the file given with --password-file",
			"is the user name right (--auth-user)?",
			"has the account's password expired?" },
		.exit_status = 1 },
	[REASON_SIP_NO_MECHANISM] = { .cause = "The pool asks for an authentication scheme that "
					       "stox does not speak.",
		.next = { "enable Digest for the test user's port" },
		.exit_status = 1 },
	[REASON_SIP_USER_UNKNOWN] = { .cause = "The pool has no such user.",
		.next = { "check --user", "is the user enabled for SIP on this pool?" },
		.exit_status = 1 },
	[REASON_SIP_FORBIDDEN] = { .cause = "The pool or the gateway forbids this.",
		.next = { "is the test user allowed to write to other networks?",
			"look into the log of the server that answered" },
		.exit_status = 1 },
	[REASON_SIP_NOT_FOUND] = { .cause = "The receiver was not found.",
		.next = { "check the receiver's address",
			"does the pool route the partner's domain to the gateway?" },
		.exit_status = 1 },
	[REASON_SIP_RECEIVER_UNAVAILABLE] = { .cause = "The receiver exists, but cannot be reached "
						       "now.",
		.next = { "is the receiver signed in?" },
		.exit_status = 1 },
	[REASON_SIP_REJECTED] = { .cause = "The request was rejected.",
		.next = { "the status in the error tells why; look into the log of the server that "
			  "answered" },
		.exit_status = 1 },
	[REASON_SIP_NO_BINDING] = { .cause = "The pool accepted the sign-in, but does not list the "
					     "contact.",
		.next = { "does a load balancer spread one user over several registrars?" },
		.exit_status = 1 },
	[REASON_SIP_SERVER_ERROR] = { .cause = "A SIP server on the way failed.",
		.next = { "look into the log of the server that answered" },
		.exit_status = 1 },
	[REASON_SIP_GATEWAY_DOWN] = { .cause = "The pool cannot reach the XMPP gateway, or the "
					       "gateway is not connected.",
		.next = { "is the gateway running? systemctl status stox-gateway",
			"does the pool send the partner's domain to the gateway's address and "
			"port?",
			"is the XMPP server that the gateway connects to running?" },
		.exit_status = 1 },
	[REASON_SIP_GATEWAY_TIMEOUT] = { .cause = "The gateway or what is behind it did not answer "
						  "in time.",
		.next = { "is the gateway overloaded? look into its log",
			"raise --timeout to see how late the answer comes" },
		.exit_status = 1 },
	[REASON_SIP_PARTNER_NOT_ALLOWED] = { .cause = "The receiver's domain is not on the "
						      "gateway's list of allowed partners.",
		.next = { "add the domain under partners in stox.yaml and restart the gateway",
			"is it a subdomain? each one must be listed (additional_domains)" },
		.exit_status = 1 },
	[REASON_SIP_LOOP] = { .cause = "The message was sent in circles.",
		.next = { "do the pool and the gateway send the partner's domain to each other?" },
		.exit_status = 1 },
	[REASON_SIP_UNPARSABLE] = { .cause = "The pool sent something that is not SIP.",
		.next = { "is this port SIP's?" },
		.exit_status = 1 },
	[REASON_XMPP_HOST_UNKNOWN] = { .cause = "The XMPP server does not serve the receiver's "
						"domain.",
		.next = { "check the receiver's domain and --receiver-server",
			"is the domain configured on the XMPP server?" },
		.exit_status = 1 },
	[REASON_XMPP_BAD_CREDENTIALS] = { .cause = "The XMPP server refuses the receiver's name or "
						   "password.",
		.next = { "check the file given with --receiver-password-file",
			"does the account exist?" },
		.exit_status = 1 },
	[REASON_XMPP_SASL_FAILED] = { .cause = "The authentication at the XMPP server failed for "
					       "another reason than the password.",
		.next = { "the condition in the error tells why: account-disabled, "
			  "temporary-auth-failure ..." },
		.exit_status = 1 },
	[REASON_XMPP_CONFLICT] = { .cause =
					   "Another session with the same resource ended this one.",
		.next = { "is another test using this account at the same time?" },
		.exit_status = 1 },
	[REASON_XMPP_PROTOCOL] = { .cause = "The XMPP server broke the protocol.",
		.next = { "look at the messages with -vv" },
		.exit_status = 1 },
	[REASON_XMPP_NO_MECHANISM] = { .cause = "The XMPP server offers no SASL mechanism that can "
						"be used.",
		.next = { "enable SCRAM-SHA-256 or SCRAM-SHA-1 on the server" },
		.exit_status = 1 },
	[REASON_XMPP_DOWNGRADE] = { .cause = "Somebody tampered with the negotiation on the way.",
		.next = { "compare the server's certificate and offers from another network" },
		.exit_status = 1 },
	[REASON_XMPP_SERVER_UNPROVED] = { .cause = "The server could not prove that it knows the "
						   "password.",
		.next = { "is it the right server? check the DNS and its certificate" },
		.exit_status = 1 },
	[REASON_XMPP_NO_ANSWER] = { .cause = "The XMPP server takes bytes, but answers nothing.",
		.next = { "is this port XMPP's client port?", "look into the server's log" },
		.exit_status = 1 },
	[REASON_XMPP_STREAM_ERROR] = { .cause = "The XMPP server ended the stream with an error.",
		.next = { "the condition in the error tells why" },
		.exit_status = 1 },
	[REASON_XMPP_STREAM_CLOSED] = { .cause = "The XMPP server closed the stream in the middle.",
		.next = { "was it restarted? look into its log" },
		.exit_status = 1 },
	[REASON_XMPP_BIND_REFUSED] = { .cause = "The XMPP server gave the receiver no resource.",
		.next = { "does the account have too many sessions?" },
		.exit_status = 1 },
	[REASON_XMPP_REMOTE_SERVER_NOT_FOUND] = { .cause = "The XMPP network cannot find the other "
							   "domain's server.",
		.next = { "does the XMPP server know the gateway as its component?",
			"check the partner's DNS records" },
		.exit_status = 1 },
	[REASON_XMPP_REMOTE_SERVER_TIMEOUT] = { .cause = "The other domain's server does not "
							 "answer.",
		.next = { "is the partner's server running?", "is its port 5269 reachable?" },
		.exit_status = 1 },
	[REASON_XMPP_BOUNCED] = { .cause = "The XMPP side sent the message back.",
		.next = { "does the receiver exist, and is it signed in?",
			"does the partner's server block strangers or this domain?" },
		.exit_status = 1 },
	[REASON_XMPP_UNPARSABLE] = { .cause = "The XMPP server sent what is not well-formed XML.",
		.next = { "is this port XMPP's?" },
		.exit_status = 1 },
	[REASON_IM_NOT_DELIVERED] = { .cause = "The gateway accepted the message, and then it was "
					       "lost.",
		.next = { "look into the gateway's log for this message",
			"is the receiver's session the one that gets messages (priority, carbons)?",
			"raise --timeout: is it late rather than lost?" },
		.exit_status = 1 },
	[REASON_IM_LATE] = { .cause = "The message arrived, but too late.",
		.next = { "what on the way queues messages? look into the gateway's log",
			"raise --timeout to measure how late" },
		.exit_status = 1 },
	[REASON_IM_DUPLICATED] = { .cause = "The message arrived twice.",
		.next = { "are two gateways connected for the same domain?",
			"does the gateway absorb repeated requests?" },
		.exit_status = 1 },
	[REASON_IM_ALTERED] = { .cause = "The message's text was changed on the way.",
		.next = { "what on the way rewrites bodies: an antivirus, a disclaimer, a "
			  "character set?" },
		.exit_status = 1 },
	[REASON_IM_WRONG_SENDER] = { .cause = "The message arrived under another sender's name.",
		.next = { "compare the address mapping of the gateway with RFC 7247" },
		.exit_status = 1 },
	[REASON_IM_NO_ANSWER] = { .cause = "The message arrived, but the answer did not come back.",
		.next = { "can the gateway reach the pool (next_hop)?",
			"does the pool accept messages of the partner's domain from the gateway?" },
		.exit_status = 1 },
	[REASON_LOCAL_CONFIG] = { .cause = "The test cannot be run as it was asked for.",
		.next = { "see the error; stox test --help" },
		.exit_status = 2 },
	[REASON_LOCAL_SECRET] = { .cause = "A secret cannot be read, or others can read it.",
		.next = { "chmod 600 FILE" },
		.exit_status = 2 },
	[REASON_LOCAL_NETWORK] = { .cause = "This machine's own network refused.",
		.next = { "ip addr; ip route" },
		.exit_status = 3 },
	[REASON_LOCAL_INTERRUPTED] = { .cause = "The test was interrupted before it had a verdict.",
		.next = { "run it again" },
		.exit_status = 3 },
	[REASON_LOCAL_INTERNAL] = { .cause = "stox itself failed.",
		.next = { "report this with the output of -vv" },
		.exit_status = 3 },
};
_Static_assert(COUNT(infos) == REASON_COUNT, "one row a reason");

const struct reason_info *reason_info(enum reason r)
{
	return &infos[r];
}

const char *reason_id(enum reason r)
{
	return ids[r];
}

bool reason_find(struct slice id, enum reason *ret)
{
	for (size_t i = REASON_NONE + 1; i < COUNT(ids); i++) {
		if (!slice_eqs(id, ids[i]))
			continue;
		*ret = (enum reason)i;
		return true;
	}
	return false;
}

const char *phase_name(enum probe_phase p)
{
	return phases[p];
}
