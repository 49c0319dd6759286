#include "conf/schema.h"

#include "conf/schema_rows.h"

static const char *const types[] = {
	[CONF_FEDERATED] = "federated",
	[CONF_PUBLIC_VERIFIED] = "public-verified",
	[CONF_PUBLIC_UNVERIFIED] = "public-unverified",
};

static const char *const needs[] = {
	[CONF_REQUIRED] = "required",
	[CONF_OPTIONAL] = "optional",
	[CONF_NONE] = "none",
};

static const char *const unprovens[] = {
	[CONF_ACCEPT] = "accept",
	[CONF_REFUSE] = "refuse",
};

static const char *const options[] = {
	[CONF_OPTIONS_HEALTH] = "health",
	[CONF_OPTIONS_ALIVE] = "alive",
};

const char *conf_partner_type_name(unsigned type)
{
	return types[type];
}

const char *conf_need_name(unsigned need)
{
	return needs[need];
}

static const struct section test_user = {
	.size = sizeof(struct conf_test_user),
	.n_items = 3,
	.items = {
		{ AT(conf_test_user, address), .type = ITEM_TEXT, .required = true,
			.syntax = &syntax_sip_user,
			.doc = N_("The SIP address of a user who exists for tests; its domain is one of "
			       "the pool's.") },
		{ AT(conf_test_user, auth_user), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("The name to sign in with, if it is not the user part of the address.") },
		{ AT(conf_test_user, password_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The file with the password.  Left out, the user cannot sign in.") },
	},
};

static const struct section pool = {
	.size = sizeof(struct conf_pool),
	.n_items = 7,
	.items = {
		{ AT(conf_pool, fqdn), .type = ITEM_TEXT, .required = true, .syntax = &syntax_host,
			.doc = N_("The name of the pool, and the target of a test.") },
		{ AT(conf_pool, domains), .type = ITEM_TEXTS, .required = true, .syntax = &syntax_domain,
			.min = 1, .max = 256,
			.doc = N_("The SIP domains whose users live in the pool.") },
		{ AT(conf_pool, registrar), .type = ITEM_TEXT, .syntax = &syntax_sip_hop,
			.doc = N_("Where to sign in.  Left out, DNS says it (NAPTR and SRV, RFC 3263).") },
		{ AT(conf_pool, registrar_port), .type = ITEM_NUMBER, .min = 1, .max = 65535,
			.doc = N_("The port of the registrar, if its address does not say it.") },
		{ AT(conf_pool, ca_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The certificates, in PEM, that sign those of the pool, and lists of "
			       "revoked ones, if there are any.  Left out, the trust store of the "
			       "system.") },
		{ AT(conf_pool, accept), .type = ITEM_TEXTS, .syntax = &syntax_line, .max = 32,
			.doc = N_("Warnings to ignore when a test finds them on the side of the pool, by their names.") },
		{ ARRAY(conf_pool, test_users), .type = ITEM_SECTIONS, .section = &test_user, .max = 256,
			.doc = N_("The users that tests sign in as; the first one unless an option says "
			       "otherwise.") },
	},
};

#define NOT_ENFORCED                                                                               \
	N_("The gateway does not enforce it: the link to the partner is made by the XMPP server "  \
	   "whose component the gateway is, by that server's own settings.")

static const struct section partner = {
	.size = sizeof(struct conf_partner),
	.n_items = 10,
	.items = {
		{ AT(conf_partner, domain), .type = ITEM_TEXT, .required = true, .syntax = &syntax_domain,
			.doc = N_("The XMPP domain.  A domain that is no partner's is refused.") },
		{ AT(conf_partner, additional_domains), .type = ITEM_TEXTS, .syntax = &syntax_domain,
			.max = 256,
			.doc = N_("More domains of the same partner.  A subdomain has to be here too.") },
		{ AT(conf_partner, type), .type = ITEM_CHOICE, CHOICES(types), .preset = CONF_FEDERATED,
			.doc = N_("Who may speak first: with public-unverified only our users may, and "
			       "whom they wrote to may answer for 30 days, unless the gateway is "
			       "restarted.") },
		{ AT(conf_partner, tls), .type = ITEM_CHOICE, CHOICES(needs), .preset = CONF_REQUIRED,
			.doc = N_("Whether the link to the partner is encrypted."),
.doc_more = NOT_ENFORCED },
		{ AT(conf_partner, sasl), .type = ITEM_CHOICE, CHOICES(needs), .preset = CONF_REQUIRED,
			.doc = N_("Whether the partner proves its name by certificate."),
.doc_more = NOT_ENFORCED },
		{ AT(conf_partner, dialback), .type = ITEM_FLAG, .preset = false,
			.doc = N_("Whether a proof by server dialback is enough."),
.doc_more = NOT_ENFORCED },
		{ AT(conf_partner, ca_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The certificates, in PEM, that sign those of the partner, and lists of "
			       "revoked ones, if there are any.  Left out, the trust store of the "
			       "system.") },
		{ AT(conf_partner, accept), .type = ITEM_TEXTS, .syntax = &syntax_line, .max = 32,
			.doc = N_("Warnings to ignore when a test finds them on the side of the partner, by their names.") },
		{ AT(conf_partner, server), .type = ITEM_TEXT, .syntax = &syntax_server,
			.doc = N_("The server of the partner for the servers of other domains, for "
			       "checks and for tests of the kinds servers and partner: HOST or "
			       "HOST:PORT.  Left out, found by the SRV records of the domain.") },
		{ AT(conf_partner, receiver), .type = ITEM_SECTION, .section = &schema_receiver,
			.doc = N_("Whom the tests write to.") },
	},
};

static const struct section gateway_sip = {
	.size = sizeof(struct conf_gateway_sip),
	.n_items = 5,
	.items = {
		{ AT(conf_gateway_sip, listen), .type = ITEM_TEXTS, .required = true,
			.syntax = &syntax_listen, .min = 1, .max = 8,
			.doc = N_("Where the pool reaches the gateway.  [::] takes IPv4 too, unless "
			       "another listener has that at its port.") },
		{ AT(conf_gateway_sip, next_hop), .type = ITEM_TEXT, .required = true,
			.syntax = &syntax_sip_hop,
			.doc = N_("The proxy of the pool: messages to SIP users go there.") },
		{ AT(conf_gateway_sip, trusted_peers), .type = ITEM_TEXTS, .required = true,
			.syntax = &syntax_network, .min = 1, .max = 64,
			.doc = N_("The source addresses from which SIP requests are taken.  Over UDP a "
			       "source address can be forged.") },
		{ AT(conf_gateway_sip, transactions_max), .type = ITEM_NUMBER, .min = 1024,
			.max = CONF_TRANSACTIONS_MAX, .preset = CONF_TRANSACTIONS_MAX,
			.doc = N_("How many finished SIP transactions are kept, to absorb "
			       "retransmissions.  When full, new requests get 503.") },
		{ AT(conf_gateway_sip, options), .type = ITEM_CHOICE, CHOICES(options),
			.preset = CONF_OPTIONS_HEALTH,
			.doc = N_("What OPTIONS asks for.  With health the answer is 503 while the XMPP "
			       "server is not connected, so that a dispatcher sends elsewhere; with "
			       "alive it is 200 as long as the gateway runs.") },
	},
};

static const struct section component = {
	.size = sizeof(struct conf_component),
	.n_items = 3,
	.items = {
		{ AT(conf_component, name), .type = ITEM_TEXT, .required = true, .syntax = &syntax_domain,
			.doc = N_("The domain that the XMPP server hands to the gateway: the pool's "
			       "(XEP-0114).") },
		{ AT(conf_component, server), .type = ITEM_TEXT, .required = true,
			.syntax = &syntax_endpoint,
			.doc = N_("The XMPP server and its component port.") },
		{ AT(conf_component, secret_file), .type = ITEM_TEXT, .required = true,
			.syntax = &syntax_path,
			.doc = N_("The file with the secret that the XMPP server knows for the component.") },
	},
};

static const struct section gateway_xmpp = {
	.size = sizeof(struct conf_gateway_xmpp),
	.n_items = 3,
	.items = {
		{ AT(conf_gateway_xmpp, component), .type = ITEM_SECTION, .required = true,
			.section = &component, .doc = N_("The link to an XMPP server as its component.") },
		{ AT(conf_gateway_xmpp, settle), .type = ITEM_NUMBER, .max = CONF_SETTLE_MAX,
			.preset = CONF_SETTLE,
			.doc = N_("How many milliseconds the answer to a message waits for a refusal "
			       "once the server of the receiver has shown that it routed the "
			       "message: some refuse it a moment later, in the receiver's session "
			       "or by his client.  A refusal that comes later still is logged, and "
			       "reported to a sender that asked for reports (RFC 5438).  0 does not "
			       "wait.") },
		{ AT(conf_gateway_xmpp, unproven), .type = ITEM_CHOICE, CHOICES(unprovens),
			.preset = CONF_ACCEPT,
			.doc = N_("What is said of a message to a domain that answers no pings "
			       "(XEP-0199), so that nothing shows whether it arrived: the first one "
			       "is a line of log either way.  With refuse its sender gets 504, "
			       "though it may have arrived, and while the domain is silent nothing "
			       "more is sent to it but one message a minute.") },
	},
};

static const struct section control = {
	.size = sizeof(struct conf_control),
	.n_items = 2,
	.items = {
		{ AT(conf_control, socket), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("Its path.  Without it the socket is `control` in the folder that "
			       "systemd makes for the service (RuntimeDirectory=), and outside of "
			       "systemd there is none.") },
		{ AT(conf_control, group), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("A group whose members may use it, beside root and the user that the "
			       "gateway runs as.") },
	},
};

static const struct section metrics = {
	.size = sizeof(struct conf_metrics),
	.n_items = 2,
	.items = {
		{ AT(conf_metrics, listen), .type = ITEM_TEXT, .required = true,
			.syntax = &syntax_ip_port,
			.doc = N_("Where it listens.  Whoever reaches it reads which partners there are "
			       "and how much is written: 127.0.0.1 is for this machine alone, and "
			       "[::1] as well.") },
		{ AT(conf_metrics, names), .type = ITEM_TEXTS, .syntax = &syntax_host, .min = 1,
			.max = 64,
			.doc = N_("The names by which it may be asked for, beside addresses and "
			       "localhost.  Under another one it says nothing, not even to a web "
			       "page whose own name was moved to this machine.  Left out, any name "
			       "will do.") },
	},
};

static const struct section gateway = {
	.size = sizeof(struct conf_gateway),
	.n_items = 5,
	.items = {
		{ AT(conf_gateway, sip), .type = ITEM_SECTION, .required = true, .section = &gateway_sip,
			.doc = N_("The side of the pool.  Its domains are those of all pools.") },
		{ AT(conf_gateway, xmpp), .type = ITEM_SECTION, .required = true, .section = &gateway_xmpp,
			.doc = N_("The side of the XMPP network.") },
		{ AT(conf_gateway, control), .type = ITEM_SECTION, .section = &control,
			.doc = N_("The socket by which `stox ctl` asks a running gateway.") },
		{ AT(conf_gateway, metrics), .type = ITEM_SECTION, .section = &metrics,
			.doc = N_("An HTTP listener for Prometheus, see METRICS in stox-gateway(8).  "
			       "Without it there is none.") },
		{ AT(conf_gateway, log_users), .type = ITEM_FLAG, .preset = false,
			.doc = N_("Whether the lines of log that each message has with -v name its two "
			       "users, and not their domains alone.") },
	},
};

const struct section schema_root = {
	.size = sizeof(struct conf),
	.n_items = 5,
	.items = {
		{ ARRAY(conf, pools), .type = ITEM_SECTIONS, .section = &pool, .max = 64,
			.doc = N_("The SIP systems.  Tests use the first one unless an option says "
			       "otherwise.") },
		{ ARRAY(conf, partners), .type = ITEM_SECTIONS, .section = &partner, .max = 4096,
			.doc = N_("The XMPP systems that may be spoken with.") },
		{ AT(conf, gateway), .type = ITEM_SECTION, .section = &gateway,
			.doc = N_("The gateway between both; only stox gateway reads it.") },
		{ AT(conf, watch), .type = ITEM_SECTION, .section = &schema_watch,
			.doc = N_("What is tested on a schedule, kept and told; only stox watch reads "
			       "it.") },
		{ AT(conf, secrets_group), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("A group, by name or number, that may read the files with secrets "
			       "beside their owner, as SECRETS says below.") },
	},
};
