/* syntax.h - the basic syntax of the values in the configuration file.
 *
 * The real decoders of addresses live in sip and xmpp, which conf does not know: this finds typing
 * errors at their line, no more.
 */
#pragma once

#include "base/slice.h"

struct syntax {
	bool (*ok)(struct slice s);
	const char *name; /* for the documentation: "HOST" */
	const char *what; /* for an error, behind "must be", to be looked up: with an example */
};

extern const struct syntax syntax_line; /* any text on one line */
extern const struct syntax syntax_path;
extern const struct syntax syntax_host; /* a domain name, or an IP literal */
extern const struct syntax syntax_domain;
extern const struct syntax syntax_server;   /* HOST[:PORT] */
extern const struct syntax syntax_endpoint; /* HOST:PORT */
extern const struct syntax syntax_sip_hop;  /* sip:HOST[:PORT][;transport=...] */
extern const struct syntax syntax_sip_user;
extern const struct syntax syntax_im_user; /* an address of the XMPP side */
extern const struct syntax syntax_listen;
extern const struct syntax syntax_network;
extern const struct syntax syntax_ip_port;
extern const struct syntax syntax_word;   /* letters, digits, . _ - */
extern const struct syntax syntax_zone;   /* the name of a time zone, safe as a path */
extern const struct syntax syntax_window; /* any text on one line */
extern const struct syntax syntax_n_of_m;
extern const struct syntax syntax_label;       /* NAME=VALUE */
extern const struct syntax syntax_url;         /* of HTTP, without a user */
extern const struct syntax syntax_mail_server; /* smtp://HOST[:PORT] or smtps:// */
extern const struct syntax syntax_mail;
extern const struct syntax syntax_web_listen; /* [https://]IP:PORT */
extern const struct syntax syntax_role_member;
extern const struct syntax syntax_sha256;

/* What syntax_n_of_m accepts. */
void syntax_read_n_of_m(struct slice s, unsigned *ret_n, unsigned *ret_m);
/* The domain part of an address that the two `user` syntaxes accept. */
struct slice syntax_address_domain(struct slice address);
/* Without its scheme. */
struct slice syntax_address(struct slice address);
/* The host of what syntax_sip_hop accepts, without brackets; and its port, false without one. */
struct slice syntax_hop_host(struct slice hop);
bool syntax_hop_port(struct slice hop, uint16_t *ret);
